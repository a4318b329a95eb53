"""What the certificates say that a server sent: its chain, names, validity, country. No sockets."""

import ipaddress
from collections.abc import Iterator, Sequence
from datetime import datetime

from cryptography import x509 as crypto
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm

from harness.errors import WireError
from harness.model import Verdict, say
from harness.runner._diagnosis import WARN_DAYS, Diagnosis
from harness.wire import x509
from harness.wire.x509 import CertificateFacts

type Certificates = tuple[crypto.Certificate, ...]


def certificate_steps(
    target: str,
    sent: Sequence[bytes],
    anchors: Certificates,
    *,
    host: str,
    countries: Sequence[str],
    at: datetime,
) -> Iterator[Diagnosis]:
    """The four steps on the certificates `sent` (DER, the server's own first), each with its own verdict.

    `anchors` are those of trust.authorities, `countries` what the actors at this address claim, `at` aware UTC. A wrong
    country is a warning: the connection works, and whether it conforms is for a run to say.

    Source: RFC 5280, 6.1; RFC 9525, 6.3 (names); eHDSI X.509 certificate profile (country in the subject).
    """
    try:
        chain = tuple(certificate for der in sent for certificate in x509.parse_certificates(der))
        facts = x509.describe_certificate(x509.certificate_der(chain[0]))
    except (WireError, IndexError):
        yield Diagnosis(
            step="server-chain",
            target=target,
            verdict=Verdict.ERROR,
            expected=say("doctor.a-certificate"),
            found=say("doctor.no-certificate"),
            next=say("doctor.next.tls"),
        )
        return
    path, chain_step = _chain(target, chain, anchors, at)
    yield chain_step
    yield _names(target, facts, host)
    yield validity("server-validity", target, path, at)
    yield _country(target, facts, countries)


def validity(step: str, target: str, certificates: Certificates, at: datetime, *, option: str = "") -> Diagnosis:
    """Whether all `certificates` are valid at `at`: the one that ends first speaks for them, expired is an error."""
    late = next((c for c in certificates if at < c.not_valid_before_utc), None)
    first = min(certificates, key=lambda c: c.not_valid_after_utc)
    days = (first.not_valid_after_utc - at).days
    values = {"subject": name_of(first), "day": f"{first.not_valid_after_utc:%Y-%m-%d}"}
    verdict, advice = Verdict.PASS, ""
    if late is not None:
        found = say("doctor.not-yet", subject=name_of(late), instant=f"{late.not_valid_before_utc:%Y-%m-%dT%H:%M:%SZ}")
        verdict, advice = Verdict.ERROR, say("doctor.next.expired")
    elif first.not_valid_after_utc < at:
        found = say("doctor.expired", days=(at - first.not_valid_after_utc).days, **values)
        verdict, advice = Verdict.ERROR, say("doctor.next.expired")
    else:
        found = say("doctor.days-left", days=days, **values)
        if days < WARN_DAYS:
            verdict, advice = Verdict.WARNING, say("doctor.next.renew")
    return Diagnosis(
        step=step,
        target=target,
        verdict=verdict,
        expected=say("doctor.valid-now", days=WARN_DAYS),
        found=found,
        next=advice,
        option=option if verdict is Verdict.ERROR else "",
    )


def is_authority(certificate: crypto.Certificate) -> bool:
    """Whether `certificate` says that it may sign others. Source: RFC 5280, 4.2.1.9."""
    try:
        return certificate.extensions.get_extension_for_class(crypto.BasicConstraints).value.ca
    except (crypto.ExtensionNotFound, crypto.DuplicateExtension, ValueError):
        return False


def name_of(certificate: crypto.Certificate) -> str:
    """The subject in quotes."""
    return f"'{certificate.subject.rfc4514_string()}'"


def _chain(target: str, sent: Certificates, anchors: Certificates, at: datetime) -> tuple[Certificates, Diagnosis]:
    """The certificates on the way up, and whether it ends at a self-signed one of `anchors`."""
    path = _climbed(sent, anchors)
    last = path[-1]
    issuer, number = f"'{last.issuer.rfc4514_string()}'", len(path)
    expected = say("doctor.issuer-wanted", issuer=issuer)
    if last.subject != last.issuer:
        namesake = any(c.subject == last.issuer for c in (*anchors, *sent))
        key = "issuer-other-key" if namesake else "issuer-missing"
        found, advice = key, "other-key" if namesake else "issuer"
    elif last not in anchors:
        found, advice = "root-untrusted", "root"
        expected = say("doctor.anchor-wanted", issuer=issuer)
    else:
        return path, _whole_chain(target, path, sent, anchors, at)
    return path, Diagnosis(
        step="server-chain",
        target=target,
        verdict=Verdict.ERROR,
        expected=expected,
        found=say(f"doctor.{found}", number=number, subject=name_of(last)),
        next=say(f"doctor.next.{advice}"),
    )


def _whole_chain(target: str, path: Certificates, sent: Certificates, anchors: Certificates, at: datetime) -> Diagnosis:
    """The chain is whole: whether its members may sign. Judged within their validity, which is a step of its own."""
    start, end = max(c.not_valid_before_utc for c in path), min(c.not_valid_after_utc for c in path)
    # certificates that were never valid together fail their own step; no instant is left to judge the rest at
    problem = x509.chain_problem(path[0], sent[1:], anchors, min(max(at, start), end)) if start <= end else None
    return Diagnosis(
        step="server-chain",
        target=target,
        verdict=Verdict.ERROR if problem else Verdict.PASS,
        expected=say("doctor.anchor-wanted", issuer=name_of(path[-1])),
        found=problem or say("doctor.chain-found", count=len(path), subject=name_of(path[-1])),
        next=say("doctor.next.chain") if problem else "",
    )


def _climbed(sent: Certificates, anchors: Certificates) -> Certificates:
    """From the server's certificate up by names and signatures, as far as it goes; a trusted issuer before a sent one."""
    path = [sent[0]]
    while path[-1].subject != path[-1].issuer:
        above = next((c for c in (*anchors, *sent) if c not in path and _signed_by(path[-1], c)), None)
        if above is None:
            break
        path.append(above)
    return tuple(path)


def _signed_by(certificate: crypto.Certificate, issuer: crypto.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(issuer)
    except (InvalidSignature, UnsupportedAlgorithm, ValueError, TypeError):
        return False
    return True


def _names(target: str, facts: CertificateFacts, host: str) -> Diagnosis:
    good = _names_host(facts, host)
    names = ", ".join(facts.san) or (facts.common_name and f"CN={facts.common_name}") or ""
    return Diagnosis(
        step="server-name",
        target=target,
        verdict=Verdict.PASS if good else Verdict.ERROR,
        expected=say("doctor.names", host=host),
        found=say("doctor.named", names=names) if names else say("doctor.nameless"),
        next="" if good else say("doctor.next.names"),
    )


def _names_host(facts: CertificateFacts, host: str) -> bool:
    """As OpenSSL sees it: subjectAltName; the common name only for a host name, and only where no DNS name is given."""
    try:
        return f"IP:{ipaddress.ip_address(host)}" in facts.san
    except ValueError:
        pass
    names = [name.removeprefix("DNS:") for name in facts.san if name.startswith("DNS:")]
    wanted = host.rstrip(".").lower()
    return any(_matches(name.rstrip(".").lower(), wanted) for name in names or [facts.common_name or ""])


def _matches(pattern: str, host: str) -> bool:
    if not pattern.startswith("*."):
        return pattern == host
    first, dot, rest = host.partition(".")
    return bool(first and dot) and rest == pattern[2:]


def _country(target: str, facts: CertificateFacts, countries: Sequence[str]) -> Diagnosis:
    good = facts.country in countries
    subject = f"'{facts.subject}'"
    return Diagnosis(
        step="server-country",
        target=target,
        verdict=Verdict.PASS if good else Verdict.WARNING,
        expected=say("doctor.country-wanted", country=", ".join(countries)),
        found=say("doctor.country-found", country=facts.country, subject=subject)
        if facts.country
        else say("doctor.no-country", subject=subject),
        next="" if good else say("doctor.next.country"),
    )
