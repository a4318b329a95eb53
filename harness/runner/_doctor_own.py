"""What `doctor` looks at on our side: whom we trust, our key material, our ports."""

import asyncio
import errno
import socket
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from cryptography.x509 import Certificate

from harness.errors import PeerError, WireError
from harness.model import OurSide, Sut, Verdict, say
from harness.peers import Pki
from harness.runner._diagnosis import Diagnosis
from harness.runner._doctor_certificates import Certificates, is_authority, name_of, validity
from harness.runner.session import own_pki
from harness.store import read_folder
from harness.wire import x509
from harness.wire.x509 import Credentials

TRUST, PKI, LISTEN = "trust.authorities", "ours.pki", "ours.listen"
CREDENTIALS = ("ca", "tls", "seal")


def trust_steps(sut: Sut, at: datetime) -> tuple[Certificates, tuple[Diagnosis, ...]]:
    """The certificates of trust.authorities, and a verdict on each of them.

    One that is no authority is a warning as long as another one is: a server may be trusted by its own certificate.
    """
    try:
        anchors = x509.parse_certificates(sut.trust_authorities) if sut.trust_authorities else ()
    except WireError:
        anchors = ()
    expected = say("doctor.authority")
    if not anchors:
        return (), (
            Diagnosis(
                step="trust",
                target=TRUST,
                verdict=Verdict.ERROR,
                expected=expected,
                found=say("doctor.no-trust"),
                next=say("doctor.next.trust"),
                option=TRUST,
            ),
        )
    usable = any(is_authority(a) or a.subject == a.issuer for a in anchors)
    steps: list[Diagnosis] = []
    for anchor in anchors:
        if is_authority(anchor):
            steps.append(_lasting(anchor, at))
            continue
        steps.append(
            Diagnosis(
                step="trust",
                target=TRUST,
                verdict=Verdict.WARNING if usable else Verdict.ERROR,
                expected=expected,
                found=say("doctor.not-authority", subject=name_of(anchor)),
                next=say("doctor.next.trust"),
                option="" if usable else TRUST,
            )
        )
    return anchors, tuple(steps)


def own_steps(sut: Sut, pki_dir: Path | None, at: datetime) -> tuple[Pki | None, tuple[Diagnosis, ...]]:
    """Our key material and a verdict on each of its certificates; None when it cannot be used.

    As with a run, material that is not there yet is made and kept in `pki_dir`, so that it can be imported before.

    Raises:
        InputError: the folder cannot be read or written.
    """
    given = read_folder(pki_dir) if pki_dir is not None else {}
    try:
        pki = own_pki(pki_dir, sut, at)
    except PeerError as exc:
        steps = tuple(step for name in CREDENTIALS for step in _from_files(name, given, at))
        if any(step.verdict is Verdict.ERROR and step.step == "own-key" for step in steps):
            return None, steps
        return None, (*steps, _own(PKI, Verdict.ERROR, str(exc), say("doctor.next.own")))
    if given:
        loaded = zip(CREDENTIALS, (pki.authority, pki.tls, pki.seal), strict=True)
        return pki, tuple(step for name, credentials in loaded for step in _usable(name, credentials, at))
    if pki_dir is not None:
        return pki, (_own(PKI, Verdict.WARNING, say("doctor.own-made"), say("doctor.next.own-import")),)
    return pki, (
        Diagnosis(
            step="own-key",
            target=PKI,
            verdict=Verdict.WARNING,
            expected=say("doctor.own-kept"),
            found=say("doctor.own-temporary"),
            next=say("doctor.next.own-keep"),
        ),
    )


async def listen_steps(ours: OurSide) -> tuple[Diagnosis, ...]:
    """Whether we can listen where the SUT file says; each port once, and let go again at once."""
    wanted = tuple(dict.fromkeys(ours.ports.values()))
    if not wanted:
        return (_port(ours.host, 0, await _bind_problem(ours.host, 0)),)
    return tuple([_port(ours.host, port, await _bind_problem(ours.host, port)) for port in wanted])


def _lasting(anchor: Certificate, at: datetime) -> Diagnosis:
    step = validity("trust", TRUST, (anchor,), at)
    if step.verdict is not Verdict.ERROR:
        return step
    # whether a connection needs it is seen at the server's own certificate
    return Diagnosis(
        step="trust", target=TRUST, verdict=Verdict.WARNING, expected=step.expected, found=step.found, next=step.next
    )


def _from_files(name: str, files: Mapping[str, bytes], at: datetime) -> tuple[Diagnosis, ...]:
    """The verdicts on `name`.pem and its key, one of which cannot be used."""
    target, wanted = f"{PKI} {name}.pem", (f"{name}.pem", f"{name}.key.pem")
    absent = [file for file in wanted if file not in files]
    if absent:
        problem = say("doctor.own-absent", files=", ".join(absent))
        return (_own(target, Verdict.ERROR, problem, say("doctor.next.own")),)
    try:
        return _usable(name, x509.load_credentials(files[wanted[0]], files[wanted[1]]), at)
    except WireError:
        return (_own(target, Verdict.ERROR, say("doctor.own-certificate"), say("doctor.next.own")),)
    except PeerError as exc:
        return (_own(target, Verdict.ERROR, str(exc), say("doctor.next.own")),)


def _usable(name: str, credentials: Credentials, at: datetime) -> tuple[Diagnosis, ...]:
    target = f"{PKI} {name}.pem"
    return (
        _own(target, Verdict.PASS, say("doctor.own-good", subject=name_of(credentials.certificate)), ""),
        validity("own-validity", target, (credentials.certificate,), at, option=PKI),
    )


def _own(target: str, verdict: Verdict, found: str, advice: str) -> Diagnosis:
    return Diagnosis(
        step="own-key",
        target=target,
        verdict=verdict,
        expected=say("doctor.own-files"),
        found=found,
        next=advice,
        option=PKI if verdict is Verdict.ERROR else "",
    )


async def _bind_problem(host: str, port: int) -> OSError | UnicodeError | None:
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
        socket.create_server(found[0][4][:2], family=found[0][0]).close()
    except (OSError, UnicodeError) as exc:
        return exc
    return None


def _port(host: str, port: int, problem: OSError | UnicodeError | None) -> Diagnosis:
    shown = f"[{host}]" if ":" in host else host
    target = f"{shown}:{port}" if port else shown
    if problem is None:
        found = say("doctor.port-good" if port else "doctor.port-any")
        return Diagnosis(
            step="listen", target=target, verdict=Verdict.PASS, expected=say("doctor.port-free"), found=found
        )
    taken = isinstance(problem, OSError) and problem.errno == errno.EADDRINUSE
    reason = (getattr(problem, "strerror", None) or str(problem)).lower()
    return Diagnosis(
        step="listen",
        target=target,
        verdict=Verdict.ERROR,
        expected=say("doctor.port-free"),
        found=say("doctor.port-taken") if taken else reason,
        next=say("doctor.next.port" if taken else "doctor.next.listen"),
        option="" if taken else LISTEN,
    )
