"""X.509 certificates as MyHealth@EU uses them: TLS of a server or client, signature of assertions; chain and revocation.

The first certificate of a file is judged, the others stand above it. Trust is judged when authorities are given, revocation
when a list of its issuer is.

Sources: eHDSI X.509 certificate profile; RFC 5280, 4.1.2, 4.2.1, 5 and 6.1; ETSI TS 119 312 (algorithms and key sizes).
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from cryptography import x509 as cx509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from harness.checks.alone import AloneResult
from harness.checks.choosing import choose_certificate
from harness.errors import WireError
from harness.model import Choice, Finding, Location, Severity, say
from harness.wire import x509

SERVER, CLIENT, SIGNATURE = "cert-tls-server", "cert-tls-client", "cert-signature"
_PURPOSES: Mapping[str, str] = {SERVER: "serverAuth", CLIENT: "clientAuth"}
_MIN_RSA_BITS, _MIN_EC_BITS = 2048, 256
_WEAK_DIGESTS = ("md5", "sha1")
_SOURCE = "eHDSI X.509 certificate profile; RFC 5280"
_REQUIREMENTS: Mapping[tuple[str, str], str] = {
    ("country", CLIENT): "TRN-B-011",
    ("country", SIGNATURE): "SAML-HCP-015",
    ("validity", SIGNATURE): "SAML-HCP-014",
    ("chain", SIGNATURE): "SAML-HCP-014",
    ("revocation", SIGNATURE): "SAML-HCP-014",
}
"""The requirement of the catalogue that an aspect of a use decides; the others have a rule only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What a certificate is held against: `use` is one of the three, empty when it is not known which."""

    certificate: cx509.Certificate
    facts: x509.CertificateFacts
    use: str
    above: tuple[cx509.Certificate, ...]
    anchors: tuple[cx509.Certificate, ...]
    lists: tuple[cx509.CertificateRevocationList, ...]
    at: datetime

    def finding(self, expected: str, found: str, severity: Severity = Severity.ERROR) -> Finding:
        """A finding about the certificate."""
        return Finding(at=Location(line=1, column=1), expected=expected, found=found, severity=severity)


def read_revocation_lists(data: bytes) -> tuple[cx509.CertificateRevocationList, ...]:
    """The lists in `data`: each one of a PEM text, or the one of a DER.

    Raises:
        WireError: kind `certificate`, when there is none that can be read.
    """
    try:
        if b"-----BEGIN" not in data:
            return (cx509.load_der_x509_crl(data),)
        end = b"-----END X509 CRL-----"
        parts = [part + end for part in data.split(end)[:-1]]
        lists = tuple(cx509.load_pem_x509_crl(part[part.index(b"-----BEGIN X509 CRL-----") :]) for part in parts)
    except (ValueError, UnsupportedAlgorithm) as exc:
        raise WireError("not a readable X.509 revocation list", kind="certificate", expected="PEM or DER") from exc
    if not lists:
        raise WireError("not a readable X.509 revocation list", kind="certificate", expected="PEM or DER")
    return lists


def readable(data: bytes) -> tuple[cx509.Certificate, ...]:
    """The certificates in `data`, of which the first can be described.

    Raises:
        WireError: kind `certificate`, when they cannot be read, or the names of the first.
    """
    found = x509.parse_certificates(data)
    x509.describe_certificate(x509.certificate_der(found[0]))
    return found


def choice_for(certificate: cx509.Certificate) -> Choice:
    """What `certificate` is for."""
    facts = x509.describe_certificate(x509.certificate_der(certificate))
    signs = not facts.key_usage or bool({"digitalSignature", "nonRepudiation"} & set(facts.key_usage))
    return choose_certificate(facts.extended_key_usage, signs)


def judge_certificates(
    certificates: Sequence[cx509.Certificate],
    *,
    use: str,
    at: datetime,
    anchors: Sequence[cx509.Certificate] = (),
    lists: Sequence[cx509.CertificateRevocationList] = (),
) -> tuple[AloneResult, ...]:
    """What each aspect of the first of `certificates` came to; `use` as in `Judged`, `at` aware.

    The requirement of a result is that of the catalogue, or `certificate/ASPECT` where it has none.

    Raises:
        WireError: the names of the certificate cannot be read.
    """
    leaf = certificates[0]
    judged = Judged(
        certificate=leaf,
        facts=x509.describe_certificate(x509.certificate_der(leaf)),
        use=use,
        above=tuple(certificates[1:]),
        anchors=tuple(anchors),
        lists=tuple(lists),
        at=at,
    )
    results = [_result(aspect, check(judged), judged) for aspect, check in _ASPECTS.items()]
    lacks = {"chain": "" if anchors else "authorities", "revocation": "" if lists else "revocation"}
    for aspect, check in (("chain", _chain), ("revocation", _revocation)):
        found = () if lacks[aspect] else check(judged)
        results.append(replace(_result(aspect, iter(found), judged), lacks=lacks[aspect]))
    return tuple(results)


def _result(aspect: str, findings: Iterator[Finding], judged: Judged) -> AloneResult:
    requirement = _REQUIREMENTS.get((aspect, judged.use))
    made = tuple(
        replace(f, rule=f"certificate/{aspect}", requirement=requirement, source=_SOURCE, next=say("certificate.next"))
        for f in findings
    )
    return AloneResult(requirement=requirement or f"certificate/{aspect}", findings=made)


def _validity(judged: Judged) -> Iterator[Finding]:
    facts = judged.facts
    if not facts.not_before <= judged.at <= facts.not_after:
        window = f"{facts.not_before:%Y-%m-%dT%H:%M:%SZ} to {facts.not_after:%Y-%m-%dT%H:%M:%SZ}"
        yield judged.finding(f"a window that holds {judged.at:%Y-%m-%dT%H:%M:%SZ}", window)


def _key_usage(judged: Judged) -> Iterator[Finding]:
    usage = set(judged.facts.key_usage)
    wanted = ("digitalSignature", "nonRepudiation") if judged.use == SIGNATURE else ("digitalSignature",)
    shown = ", ".join(judged.facts.key_usage) or "nothing"
    if not usage & set(wanted):
        yield judged.finding("key usage " + " or ".join(wanted), shown)
    if usage & {"keyCertSign", "cRLSign"}:
        yield judged.finding("no key usage of an authority", shown)


def _extended_usage(judged: Judged) -> Iterator[Finding]:
    usage = judged.facts.extended_key_usage
    purpose = _PURPOSES.get(judged.use)
    if purpose is not None and purpose not in usage:
        yield judged.finding(f"extended key usage {purpose}", ", ".join(usage) or "nothing")
    if judged.use == SIGNATURE and usage and set(usage) <= set(_PURPOSES.values()):
        yield judged.finding("no extended key usage of TLS alone", ", ".join(usage))


def _country(judged: Judged) -> Iterator[Finding]:
    if judged.facts.country is None:
        yield judged.finding("a subject with C", judged.facts.subject or "nothing")


def _names(judged: Judged) -> Iterator[Finding]:
    facts = judged.facts
    if facts.common_name is None:
        yield judged.finding("a subject with CN", facts.subject or "nothing")
    if judged.use == SERVER and not facts.san:
        yield judged.finding("subjectAltName with the name of the host", "nothing")


def _constraints(judged: Judged) -> Iterator[Finding]:
    try:
        basic = judged.certificate.extensions.get_extension_for_class(cx509.BasicConstraints).value
    except cx509.ExtensionNotFound:
        return
    except ValueError:
        yield judged.finding("readable extensions", "others")
        return
    if basic.ca:
        yield judged.finding("a certificate that is no authority", "basicConstraints CA")


def _algorithms(judged: Judged) -> Iterator[Finding]:
    digest, key = judged.certificate.signature_hash_algorithm, judged.certificate.public_key()
    if digest is not None and digest.name in _WEAK_DIGESTS:
        yield judged.finding("a signature with SHA-256 or better", digest.name)
    if isinstance(key, rsa.RSAPublicKey) and key.key_size < _MIN_RSA_BITS:
        yield judged.finding(f"RSA with {_MIN_RSA_BITS} bits at least", f"RSA {key.key_size}")
    elif isinstance(key, ec.EllipticCurvePublicKey) and key.key_size < _MIN_EC_BITS:
        yield judged.finding(f"EC with {_MIN_EC_BITS} bits at least", f"EC {key.key_size}")


def _chain(judged: Judged) -> Iterator[Finding]:
    problem = x509.chain_problem(judged.certificate, judged.above, judged.anchors, judged.at)
    if problem is not None:
        yield judged.finding("a chain to the given authorities", problem)


def _revocation(judged: Judged) -> Iterator[Finding]:
    """Whether a list of the issuer names it; a list that is not its issuer's, or out of date, decides nothing."""
    leaf = judged.certificate
    own = [crl for crl in judged.lists if crl.issuer == leaf.issuer]
    if not own:
        found = ", ".join(crl.issuer.rfc4514_string() for crl in judged.lists)
        yield judged.finding("a revocation list of the issuer", found, Severity.UNDECIDABLE)
    issuers = [c for c in (*judged.anchors, *judged.above) if c.subject == leaf.issuer]
    for crl in own:
        if not any(_signed_by(crl, issuer) for issuer in issuers):
            yield judged.finding("a revocation list that its issuer signed", "another signature", Severity.UNDECIDABLE)
        elif crl.next_update_utc is not None and crl.next_update_utc < judged.at:
            found = f"next update {crl.next_update_utc:%Y-%m-%dT%H:%M:%SZ}"
            yield judged.finding("a revocation list in date", found, Severity.UNDECIDABLE)
        elif (since := _revoked(crl, leaf)) is not None and since <= judged.at:
            yield judged.finding("not revoked", f"revoked {since:%Y-%m-%dT%H:%M:%SZ}")


def _revoked(crl: cx509.CertificateRevocationList, certificate: cx509.Certificate) -> datetime | None:
    entry = crl.get_revoked_certificate_by_serial_number(certificate.serial_number)
    return entry.revocation_date_utc if entry is not None else None


def _signed_by(crl: cx509.CertificateRevocationList, issuer: cx509.Certificate) -> bool:
    key = issuer.public_key()
    try:
        return isinstance(key, rsa.RSAPublicKey | ec.EllipticCurvePublicKey) and crl.is_signature_valid(key)
    except (TypeError, ValueError, UnsupportedAlgorithm):
        return False


_ASPECTS: Mapping[str, Callable[[Judged], Iterator[Finding]]] = {
    "validity": _validity,
    "key-usage": _key_usage,
    "extended-key-usage": _extended_usage,
    "country": _country,
    "names": _names,
    "constraints": _constraints,
    "algorithms": _algorithms,
}
"""What every certificate is judged by."""
