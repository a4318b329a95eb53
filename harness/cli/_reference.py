"""`harness reference-system`: the bundled system under test, with the SUT file that leads to it."""

import os
import signal
import socket
import sys
import tempfile
import threading
from contextlib import ExitStack
from pathlib import Path

from harness.cli._population import population_file
from harness.cli._shared import ERR, PASSED, absent_folder, cannot_write, unknown_faults, utc_now
from harness.cli._words import word
from harness.errors import InputError, PeerError, Problem
from harness.model import OurSide
from harness.peers import make_pki, pki_from_files, pki_to_files
from harness.reference import (
    FAULTS,
    NCPEH_A,
    NCPEH_B,
    AuditSide,
    Endpoints,
    PeerSide,
    ReferenceConfig,
    describe_sut,
    make_identity,
    serve,
)
from harness.store import read_folder, write_folder

AUTHORITY_FILE = "reference-authority.pem"
PKI_FOLDER = "pki"
SERVICES = ("xcpd", "xca", "xdr", "sts", "sts_nok")
"""What the harness listens for, at one port: the services that the bundled system asks."""


def list_faults_command(lang: str, *, departures: bool = False) -> int:
    """Print every declared fault (a run fails for it), or every departure (a run warns): name, role, requirements, title."""
    for fault in FAULTS.values():
        if fault.advisory is departures:
            breaks = ", ".join(fault.breaks)
            sys.stdout.write(f"{fault.name:<40} {fault.actor}  {breaks:<24} {fault.title.in_(lang)}\n")
    return PASSED


def reference_command(
    *,
    actors: tuple[str, ...],
    faults: tuple[str, ...],
    population: str | None,
    documents: Path | None,
    write_sut: Path | None,
    attached: bool,
    lang: str,
) -> int:
    """Serve until interrupted (attached: until standard input closes); prints where.

    Beside the SUT file lie the system's authority and, under `pki/`, the key material of the harness's side, which is kept
    when it is there, so that both know each other before the first run.
    """
    _refuse_wrong(actors, faults, documents)
    with ExitStack() as stack:
        if write_sut is not None:
            folder = write_sut.absolute().parent
        else:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="harness-reference-")))
        now = utc_now()
        shared = free_port("127.0.0.1")
        services = dict.fromkeys(SERVICES, shared)
        ours = OurSide(
            pki=PKI_FOLDER,
            ports={**services, "audit": free_port("127.0.0.1", both=True), "smp": free_port("127.0.0.1")},
        )
        files = read_folder(folder / PKI_FOLDER)
        if files:
            pki = pki_from_files(files, at=now, host=ours.host)
        else:
            pki = make_pki(ours.country, ours.host, now)
            write_folder(folder / PKI_FOLDER, pki_to_files(pki))
        identity = make_identity(country="FR", host=ours.host, at=now)
        write_folder(folder, {AUTHORITY_FILE: identity.authority})
        config = ReferenceConfig(
            actors=frozenset(actors),
            identity=identity,
            trust_anchors=pki.anchors,
            trust_revocations=pki.revocations,
            population_path=population_file(population),
            clock=utc_now,
            documents_dir=documents,
            peer=PeerSide(
                home_community=ours.home_community,
                **{name: f"https://{ours.host}:{shared}/{name}" for name in SERVICES},
                smp=f"https://{ours.host}:{ours.ports['smp']}/smp",
                country=ours.country,
            ),
            audit=AuditSide(host=ours.host, port=ours.ports["audit"]),
            faults=frozenset(faults),
        )
        stop = threading.Event()
        for name in (signal.SIGINT, signal.SIGTERM):
            signal.signal(name, lambda *_: stop.set())
        if attached:
            # Ctrl-C reaches the whole process group; the run that owns this system ends it when it has kept its evidence
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            threading.Thread(target=_stop_with_parent, args=(stop,), daemon=True).start()

        def ready(endpoints: Endpoints) -> None:
            if write_sut is not None:
                text = describe_sut(config, endpoints, authorities_path=AUTHORITY_FILE, ours=ours)
                partial = write_sut.with_name(write_sut.name + ".partial")
                try:
                    partial.write_text(text, encoding="utf-8")
                    partial.replace(write_sut)
                except OSError as exc:
                    raise cannot_write("--write-sut", write_sut, exc) from exc
            for key in (*SERVICES, "smp", "trigger"):
                url = getattr(endpoints, key)
                if url:
                    ERR.print(f"{key:<8} {url}", markup=False)
            if write_sut is not None:
                ERR.print(f"{word('try', lang):<8} harness run --sut {write_sut}", markup=False)

        serve(config, ready=ready, stop=stop)
    return PASSED


def free_port(host: str, *, both: bool = False) -> int:
    """A TCP port that was free a moment ago, for the side that has to be known before it listens.

    With `both` it was free for UDP too.
    """
    for _ in range(50):
        with socket.socket() as probe, socket.socket(type=socket.SOCK_DGRAM) as datagrams:
            probe.bind((host, 0))
            port = int(probe.getsockname()[1])
            if not both:
                return port
            try:
                datagrams.bind((host, port))
            except OSError:
                continue
            return port
    raise PeerError(f"{host}: no port is free for both TCP and UDP")


def _stop_with_parent(stop: threading.Event) -> None:
    while os.read(sys.stdin.fileno(), 1024):
        pass
    stop.set()


def _refuse_wrong(actors: tuple[str, ...], faults: tuple[str, ...], documents: Path | None) -> None:
    known = (NCPEH_A, NCPEH_B)
    problems = [
        Problem(code="E910", option="--actor", problem="unknown actor", expected=known, found=actor)
        for actor in actors
        if actor not in known
    ]
    problems += unknown_faults(faults, FAULTS)
    problems += absent_folder("--documents", documents)
    if problems:
        raise InputError(problems)
