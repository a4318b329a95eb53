"""X.509 certificates: building a small PKI, describing a certificate, and saying what is wrong with a chain.

Chains are checked by hand rather than with `cryptography.x509.verification`: that follows the web profile (TLS key usage,
subject alternative names, no trusted leaf), which seal certificates of this network do not fit, and gives one text for
every refusal, where an operator has to know whether a certificate is expired or its authority unknown.
"""

import hashlib
import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, ExtensionOID, NameOID

from harness.errors import PeerError, WireError

USAGES = ("tls", "tls-server", "seal", "encipher")
MAX_CHAIN = 8
_CRL_BEGIN = b"-----BEGIN X509 CRL-----"

_KEY_USAGES = {
    "digitalSignature": "digital_signature",
    "nonRepudiation": "content_commitment",
    "keyEncipherment": "key_encipherment",
    "dataEncipherment": "data_encipherment",
    "keyAgreement": "key_agreement",
    "keyCertSign": "key_cert_sign",
    "cRLSign": "crl_sign",
}
_EXTENDED_USAGES = {
    ExtendedKeyUsageOID.SERVER_AUTH: "serverAuth",
    ExtendedKeyUsageOID.CLIENT_AUTH: "clientAuth",
    ExtendedKeyUsageOID.EMAIL_PROTECTION: "emailProtection",
    ExtendedKeyUsageOID.CODE_SIGNING: "codeSigning",
    ExtendedKeyUsageOID.TIME_STAMPING: "timeStamping",
    ExtendedKeyUsageOID.OCSP_SIGNING: "OCSPSigning",
}
_UNREADABLE = (ValueError, x509.DuplicateExtension, x509.UnsupportedGeneralNameType)
_JUDGED_WHEN_CRITICAL = {
    ExtensionOID.BASIC_CONSTRAINTS,
    ExtensionOID.KEY_USAGE,
    ExtensionOID.EXTENDED_KEY_USAGE,
    ExtensionOID.SUBJECT_ALTERNATIVE_NAME,
    ExtensionOID.CERTIFICATE_POLICIES,
    ExtensionOID.CRL_DISTRIBUTION_POINTS,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """A certificate with its private key and the certificates above it, nearest first, the root last."""

    certificate: x509.Certificate
    key: rsa.RSAPrivateKey = field(repr=False)
    chain: tuple[x509.Certificate, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateFacts:
    """What a certificate says, as text; times are aware UTC, names RFC 4514, `sha256` the hexadecimal digest of the DER.

    `common_name` and `country` are the first CN and C of the subject. `san` holds `DNS:name` and `IP:address` entries.
    """

    subject: str
    issuer: str
    common_name: str | None
    country: str | None
    not_before: datetime
    not_after: datetime
    key_usage: tuple[str, ...]
    extended_key_usage: tuple[str, ...]
    san: tuple[str, ...]
    sha256: str
    self_signed: bool


def new_key(bits: int = 2048) -> rsa.RSAPrivateKey:
    """A fresh RSA key of `bits` bits; the one function here that draws randomness, because the library takes none."""
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)


def build_authority(
    *,
    common_name: str,
    country: str,
    not_before: datetime,
    not_after: datetime,
    key: rsa.RSAPrivateKey,
    serial: int,
    organization: str = "",
) -> Credentials:
    """A self-signed authority that may sign certificates and revocation lists, one level deep.

    Source: RFC 5280, 4.2.1.3 and 4.2.1.9.
    """
    name = _name(common_name, country, organization)
    builder = (
        _builder(name, name, key, serial, not_before, not_after)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage("key_cert_sign", "crl_sign"), critical=True)
    )
    return Credentials(certificate=builder.sign(key, hashes.SHA256()), key=key)


def build_certificate(
    *,
    common_name: str,
    country: str | None,
    organization: str,
    usage: str,
    issuer: Credentials,
    key: rsa.RSAPrivateKey,
    serial: int,
    not_before: datetime,
    not_after: datetime,
    dns_names: Sequence[str] = (),
    ip_addresses: Sequence[str] = (),
) -> Credentials:
    """A certificate of `issuer` for TLS (`usage` "tls": server and client; "tls-server": server only) or for signing
    assertions ("seal"); "encipher" makes one whose key may not sign anything.

    Each broken certificate has one defect and is made by one argument: expired or not yet valid by the two times, wrong
    country by `country`, no country by None, unknown authority by an `issuer` nobody trusts, wrong use by `usage`.

    Raises:
        ValueError: `usage` is none of the words, or the times are naive or in the wrong order.

    Source: eHDSI X.509 certificate profile (TLS and seal certificates); RFC 5280, 4.2.1.
    """
    if usage not in USAGES:
        raise ValueError(f"usage must be one of {USAGES}, got {usage!r}")
    subject = _name(common_name, country, organization)
    builder = _builder(subject, issuer.certificate.subject, key, serial, not_before, not_after).add_extension(
        x509.BasicConstraints(ca=False, path_length=None), critical=True
    )
    builder = builder.add_extension(
        x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.key.public_key()), critical=False
    )
    if usage in ("tls", "tls-server"):
        builder = builder.add_extension(_key_usage("digital_signature", "key_encipherment"), critical=True)
        purposes = [ExtendedKeyUsageOID.SERVER_AUTH]
        purposes += [ExtendedKeyUsageOID.CLIENT_AUTH] if usage == "tls" else []
        builder = builder.add_extension(x509.ExtendedKeyUsage(purposes), critical=False)
    else:
        allowed = ("key_encipherment",) if usage == "encipher" else ("digital_signature", "content_commitment")
        builder = builder.add_extension(_key_usage(*allowed), critical=True)
    names: list[x509.GeneralName] = [x509.DNSName(name) for name in dns_names]
    names += [x509.IPAddress(ipaddress.ip_address(address)) for address in ip_addresses]
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    return Credentials(
        certificate=builder.sign(issuer.key, hashes.SHA256()), key=key, chain=(issuer.certificate, *issuer.chain)
    )


def certificate_pem(certificate: x509.Certificate) -> bytes:
    """`certificate` as PEM text."""
    return certificate.public_bytes(serialization.Encoding.PEM)


def certificate_der(certificate: x509.Certificate) -> bytes:
    """`certificate` as DER."""
    return certificate.public_bytes(serialization.Encoding.DER)


def build_revocations(issuer: Credentials, serials: Sequence[int], *, at: datetime, until: datetime) -> bytes:
    """The revocation list of `issuer` as PEM: `serials` revoked at the aware instant `at`, the next list due at `until`.

    Source: RFC 5280, 5.1.
    """
    builder = x509.CertificateRevocationListBuilder(issuer.certificate.subject, at, until)
    for serial in serials:
        entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(at).build()
        builder = builder.add_revoked_certificate(entry)
    return builder.sign(issuer.key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def parse_revocations(data: bytes) -> tuple[x509.CertificateRevocationList, ...]:
    """The revocation lists in `data`: every one of a PEM text, or the one of a DER.

    Raises:
        WireError: kind `revocations`, when there is none or one cannot be read.
    """
    try:
        if data[:1] == b"\x30":
            return (x509.load_der_x509_crl(data),)
        blocks = [_CRL_BEGIN + block for block in data.split(_CRL_BEGIN)[1:]]
        found = tuple(x509.load_pem_x509_crl(block) for block in blocks)
    except (ValueError, UnsupportedAlgorithm) as exc:
        raise WireError("not a readable revocation list", kind="revocations", expected="PEM") from exc
    if not found:
        raise WireError("no revocation list", kind="revocations", expected="PEM")
    return found


def current_revocations(data: bytes, at: datetime) -> bytes:
    """Those revocation lists of the PEM text `data` that hold at the aware instant `at`, as PEM; empty for none.

    Raises:
        WireError: as `parse_revocations`.
    """
    lists = parse_revocations(data) if data else ()
    held = [one for one in lists if one.next_update_utc is None or at <= one.next_update_utc]
    return b"".join(one.public_bytes(serialization.Encoding.PEM) for one in held)


def key_pem(key: rsa.RSAPrivateKey) -> bytes:
    """`key` as unencrypted PKCS #8 PEM; for files that only their owner can read."""
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def parse_certificates(data: bytes) -> tuple[x509.Certificate, ...]:
    """The certificates in `data`: every one of a PEM text, or the one of a DER (which begins with the octet 30).

    Raises:
        WireError: kind `certificate`, when `data` is neither.
    """
    if b"-----BEGIN" not in data or data[:1] == b"\x30":
        return (_from_der(data),)
    try:
        return tuple(x509.load_pem_x509_certificates(data))
    except (ValueError, UnsupportedAlgorithm) as exc:
        raise WireError("not a readable X.509 certificate", kind="certificate", expected="PEM") from exc


def load_credentials(certificates: bytes, key: bytes) -> Credentials:
    """Credentials from PEM texts: the leaf first, then its chain; and an unencrypted private key that belongs to it.

    Raises:
        WireError: kind `certificate`, when the certificates are unreadable.
        PeerError: the key is unreadable, not RSA, or belongs to another certificate.
    """
    leaf, *chain = parse_certificates(certificates)
    try:
        loaded = serialization.load_pem_private_key(key, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as exc:
        raise PeerError("private key: not readable; expected an unencrypted PEM key") from exc
    if not isinstance(loaded, rsa.RSAPrivateKey):
        raise PeerError("private key: not usable here; expected an RSA key")
    if loaded.public_key() != leaf.public_key():
        raise PeerError("private key: it does not belong to the certificate")
    return Credentials(certificate=leaf, key=loaded, chain=tuple(chain))


def describe_certificate(der: bytes) -> CertificateFacts:
    """The facts of the certificate in `der`; extensions that cannot be read count as absent.

    Raises:
        WireError: kind `certificate`, when `der` is not a certificate or its names cannot be read.
    """
    certificate = _from_der(der)
    try:
        subject, issuer = certificate.subject, certificate.issuer
        return CertificateFacts(
            subject=subject.rfc4514_string(),
            issuer=issuer.rfc4514_string(),
            common_name=_first(subject, NameOID.COMMON_NAME),
            country=_first(subject, NameOID.COUNTRY_NAME),
            not_before=certificate.not_valid_before_utc,
            not_after=certificate.not_valid_after_utc,
            key_usage=_key_usages(certificate),
            extended_key_usage=_extended_usages(certificate),
            san=_alternative_names(certificate),
            sha256=hashlib.sha256(certificate_der(certificate)).hexdigest(),
            self_signed=subject == issuer and _signature_problem(certificate, certificate) is None,
        )
    except ValueError as exc:
        raise WireError("X.509 certificate has unreadable fields", kind="certificate") from exc


def chain_problem(
    leaf: x509.Certificate,
    intermediates: Sequence[x509.Certificate],
    anchors: Sequence[x509.Certificate],
    at: datetime,
    revocations: Sequence[x509.CertificateRevocationList] = (),
) -> str | None:
    """Why `leaf` cannot be trusted at the aware instant `at`, or None when it leads to one of `anchors`.

    Checked: dates of every certificate, names, signatures, basicConstraints with path length, keyCertSign, unknown
    critical extensions, and the entries of those `revocations` that the issuer signed, however old the list is. A leaf
    that is itself an anchor is trusted once its dates hold. No list is fetched.

    Source: RFC 5280, 6.1 (without policies and name constraints), 6.3.3 (entries of complete lists).
    """
    if at.tzinfo is None:
        raise ValueError("the instant needs a time zone")
    given = _Given(tuple(intermediates), tuple(anchors), at.astimezone(UTC), tuple(revocations))
    return _path_problem(leaf, given, 0, set())


@dataclass(frozen=True, slots=True)
class _Given:
    intermediates: tuple[x509.Certificate, ...]
    anchors: tuple[x509.Certificate, ...]
    at: datetime
    revocations: tuple[x509.CertificateRevocationList, ...] = ()


def signing_problem(certificate: x509.Certificate) -> str | None:
    """Why the key of `certificate` may not sign data, None when it may: keyUsage, where there is one, allows it.

    Source: RFC 5280, 4.2.1.3 (digitalSignature, nonRepudiation).
    """
    usage = _extension(certificate, x509.KeyUsage)
    if usage is None or usage.digital_signature or usage.content_commitment:
        return None
    return f"the key of certificate {certificate.subject.rfc4514_string()!r} may not sign (keyUsage)"


def _revocation_problem(certificate: x509.Certificate, issuer: x509.Certificate, given: _Given) -> str | None:
    for listed in given.revocations:
        if listed.issuer != issuer.subject or not _signed_list(listed, issuer):
            continue
        entry = listed.get_revoked_certificate_by_serial_number(certificate.serial_number)
        if entry is not None and entry.revocation_date_utc <= given.at:
            name = certificate.subject.rfc4514_string()
            return f"certificate {name!r} was revoked at {entry.revocation_date_utc:%Y-%m-%dT%H:%M:%SZ}"
    return None


def _signed_list(listed: x509.CertificateRevocationList, issuer: x509.Certificate) -> bool:
    key = issuer.public_key()
    if not isinstance(key, (rsa.RSAPublicKey, ec.EllipticCurvePublicKey)):
        return False
    try:
        return listed.is_signature_valid(key)
    except (TypeError, UnsupportedAlgorithm, ValueError):
        return False


def _path_problem(certificate: x509.Certificate, given: _Given, depth: int, seen: set[bytes]) -> str | None:
    """Why no path goes up from `certificate`; each certificate is tried once, so that a crowd of them costs nothing."""
    seen.add(certificate.fingerprint(hashes.SHA256()))
    problem = _own_problem(certificate, given.at, depth)
    if problem or certificate in given.anchors:
        return problem
    if depth >= MAX_CHAIN:
        return f"chain is longer than {MAX_CHAIN} certificates"
    for issuer in (*given.anchors, *given.intermediates):
        if issuer.subject != certificate.issuer or issuer.fingerprint(hashes.SHA256()) in seen:
            continue
        found = (
            _signature_problem(certificate, issuer)
            or _revocation_problem(certificate, issuer, given)
            or _path_problem(issuer, given, depth + 1, seen)
        )
        if found is None:
            return None
        problem = problem or found
    return problem or f"issuer {certificate.issuer.rfc4514_string()!r} is not a known authority"


def _own_problem(certificate: x509.Certificate, at: datetime, depth: int) -> str | None:
    name = certificate.subject.rfc4514_string()
    if at < certificate.not_valid_before_utc:
        return f"certificate {name!r} is not valid before {certificate.not_valid_before_utc:%Y-%m-%dT%H:%M:%SZ}"
    if at > certificate.not_valid_after_utc:
        return f"certificate {name!r} expired at {certificate.not_valid_after_utc:%Y-%m-%dT%H:%M:%SZ}"
    try:
        extensions = certificate.extensions
    except _UNREADABLE:
        return f"certificate {name!r} has unreadable extensions"
    unknown = [e.oid.dotted_string for e in extensions if e.critical and e.oid not in _JUDGED_WHEN_CRITICAL]
    if unknown:
        return f"certificate {name!r} has the unknown critical extension {unknown[0]}"
    return _authority_problem(certificate, name, depth) if depth else None


def _authority_problem(certificate: x509.Certificate, name: str, depth: int) -> str | None:
    basic = _extension(certificate, x509.BasicConstraints)
    if basic is None or not basic.ca:
        return f"certificate {name!r} is not an authority"
    if basic.path_length is not None and depth - 1 > basic.path_length:
        return f"authority {name!r} allows at most {basic.path_length} authorities below it"
    usage = _extension(certificate, x509.KeyUsage)
    if usage is not None and not usage.key_cert_sign:
        return f"authority {name!r} may not sign certificates"
    return None


def _signature_problem(certificate: x509.Certificate, issuer: x509.Certificate) -> str | None:
    try:
        certificate.verify_directly_issued_by(issuer)
    except (InvalidSignature, UnsupportedAlgorithm, ValueError, TypeError):
        return (
            f"certificate {certificate.subject.rfc4514_string()!r} was not signed by "
            f"the authority {issuer.subject.rfc4514_string()!r}"
        )
    return None


def _from_der(data: bytes) -> x509.Certificate:
    try:
        return x509.load_der_x509_certificate(data)
    except (ValueError, UnsupportedAlgorithm) as exc:
        raise WireError("not a readable X.509 certificate", kind="certificate", expected="DER") from exc


def _extension[T: x509.ExtensionType](certificate: x509.Certificate, kind: type[T]) -> T | None:
    try:
        return certificate.extensions.get_extension_for_class(kind).value
    except (x509.ExtensionNotFound, *_UNREADABLE):
        return None


def _key_usages(certificate: x509.Certificate) -> tuple[str, ...]:
    usage = _extension(certificate, x509.KeyUsage)
    return () if usage is None else tuple(name for name, field_ in _KEY_USAGES.items() if getattr(usage, field_))


def _extended_usages(certificate: x509.Certificate) -> tuple[str, ...]:
    usage = _extension(certificate, x509.ExtendedKeyUsage)
    return () if usage is None else tuple(_EXTENDED_USAGES.get(oid, oid.dotted_string) for oid in usage)


def _alternative_names(certificate: x509.Certificate) -> tuple[str, ...]:
    names = _extension(certificate, x509.SubjectAlternativeName)
    if names is None:
        return ()
    hosts = [f"DNS:{value}" for value in names.get_values_for_type(x509.DNSName)]
    return (*hosts, *(f"IP:{value}" for value in names.get_values_for_type(x509.IPAddress)))


def _first(name: x509.Name, oid: x509.ObjectIdentifier) -> str | None:
    found = name.get_attributes_for_oid(oid)
    if not found:
        return None
    value = found[0].value
    return value if isinstance(value, str) else value.hex()


def _name(common_name: str, country: str | None, organization: str) -> x509.Name:
    parts = [(NameOID.COUNTRY_NAME, country), (NameOID.ORGANIZATION_NAME, organization)]
    given = [x509.NameAttribute(oid, value) for oid, value in parts if value]
    return x509.Name([*given, x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    key: rsa.RSAPrivateKey,
    serial: int,
    not_before: datetime,
    not_after: datetime,
) -> x509.CertificateBuilder:
    if not_before.tzinfo is None or not_after.tzinfo is None:
        raise ValueError("certificate times need a time zone")
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(serial)
        .not_valid_before(not_before.astimezone(UTC))
        .not_valid_after(not_after.astimezone(UTC))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _key_usage(*allowed: str) -> x509.KeyUsage:
    return x509.KeyUsage(
        **{name: name in allowed for name in _KEY_USAGES.values()}, encipher_only=False, decipher_only=False
    )
