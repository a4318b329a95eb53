"""TLS contexts made from key material in memory, and what was negotiated on a connection."""

import ssl
import tempfile
import warnings
from collections.abc import Mapping
from pathlib import Path

from harness.errors import PeerError, WireError
from harness.model import TlsFacts
from harness.wire import x509
from harness.wire.x509 import Credentials

SPEAKING: Mapping[str, tuple[ssl.TLSVersion, ssl.TLSVersion, str]] = {
    "modern": (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.MAXIMUM_SUPPORTED, ""),
    "1.0": (ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1, "ALL:@SECLEVEL=0"),
    "1.1": (ssl.TLSVersion.TLSv1_1, ssl.TLSVersion.TLSv1_1, "ALL:@SECLEVEL=0"),
    "1.2": (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_2, ""),
    "weak": (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_2, "eNULL:@SECLEVEL=0"),
}
"""Oldest and newest protocol version and cipher list of OpenSSL (empty for its own): as it should be, one version alone (those
before 1.2 are withdrawn, RFC 8996, and OpenSSL 3 speaks them at security level 0 only), or ciphers that do not encrypt."""


def client_context(
    credentials: Credentials | None,
    anchors: bytes,
    *,
    check_host: bool = True,
    speaking: str = "modern",
    revocations: bytes = b"",
) -> ssl.SSLContext:
    """A context for calling: TLS 1.2 or newer, the server verified against `anchors` (PEM) and nothing else.

    With `credentials` None no client certificate is offered. Another `speaking` (a key of `SPEAKING`) than "modern" offers
    nothing else, to see whether it is refused. `revocations` are as `server_context` takes them.

    Raises:
        PeerError: the anchors or the credentials cannot be used.

    Source: protocol facts 2.2 (mutual TLS); BSI TR-02102-2 and RFC 8996 (nothing below TLS 1.2).
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = check_host
    return unsafe_speaking(_completed(context, credentials, anchors, revocations), speaking)


def server_context(
    credentials: Credentials, anchors: bytes, *, certificate_required: bool = True, revocations: bytes = b""
) -> ssl.SSLContext:
    """A context for listening: TLS 1.2 or newer, a client certificate issued under `anchors` (PEM) is required.

    `revocations` are revocation lists in PEM, empty for none. A certificate that is in one is refused, provided that each of
    the anchors has a list: OpenSSL would otherwise refuse those of the others too.

    Where it is not (nothing about patients is served there), one that is shown must still be issued under them.

    Raises:
        PeerError: the anchors or the credentials cannot be used.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.verify_mode = ssl.CERT_REQUIRED if certificate_required else ssl.CERT_OPTIONAL
    return _completed(context, credentials, anchors, revocations)


def unsafe_speaking(context: ssl.SSLContext, how: str) -> ssl.SSLContext:
    """`context` that speaks as the key `how` of `SPEAKING` says, old protocols included; for tests of refusals alone."""
    oldest, newest, ciphers = SPEAKING[how]
    if ciphers:
        context.set_ciphers(ciphers)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # that these versions are old is why they are offered
        context.minimum_version, context.maximum_version = oldest, newest
    return context


def tls_facts(ssl_object: ssl.SSLObject | ssl.SSLSocket, *, client_certificate_sent: bool) -> TlsFacts:
    """What was negotiated, and the other end's certificate as text; fields that cannot be read stay empty.

    `client_certificate_sent` cannot be read from our end when we are the client: there it says what we offered.
    """
    der = ssl_object.getpeercert(binary_form=True) or b""
    cipher = ssl_object.cipher()
    plain = TlsFacts(
        version=ssl_object.version() or "",
        cipher=cipher[0] if cipher else "",
        peer_certificate=der,
        client_certificate_sent=client_certificate_sent,
    )
    if not der:
        return plain
    try:
        facts = x509.describe_certificate(der)
    except WireError:
        return plain
    return TlsFacts(
        version=plain.version,
        cipher=plain.cipher,
        peer_certificate=der,
        peer_subject=facts.subject,
        peer_issuer=facts.issuer,
        peer_country=facts.country,
        peer_common_name=facts.common_name,
        peer_not_before=facts.not_before,
        peer_not_after=facts.not_after,
        client_certificate_sent=client_certificate_sent,
    )


def _completed(
    context: ssl.SSLContext, credentials: Credentials | None, anchors: bytes, revocations: bytes
) -> ssl.SSLContext:
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        # By way of the parser, because PEM files carry notes between the certificates that the ssl module refuses.
        found = x509.parse_certificates(anchors)
        context.load_verify_locations(cadata=b"".join(map(x509.certificate_der, found)))
        listed = {one.issuer for one in x509.parse_revocations(revocations)} if revocations else set()
    except (WireError, ssl.SSLError, ValueError) as exc:
        raise PeerError("tls: the trust anchors are not readable; expected PEM certificates") from exc
    if listed and listed >= {anchor.subject for anchor in found}:
        _load_revocations(context, revocations)
    if credentials is not None:
        _load(context, credentials)
    return context


def _load_revocations(context: ssl.SSLContext, revocations: bytes) -> None:
    # The ssl module reads revocation lists from files only.
    try:
        with tempfile.TemporaryDirectory(prefix="harness-") as folder:
            path = Path(folder) / "revocations.pem"
            path.write_bytes(revocations)
            context.load_verify_locations(cafile=path)
    except (ssl.SSLError, OSError) as exc:
        raise PeerError("tls: the revocation lists cannot be loaded") from exc
    context.verify_flags |= ssl.VERIFY_CRL_CHECK_LEAF


def _load(context: ssl.SSLContext, credentials: Credentials) -> None:
    # The ssl module reads a chain and key from files only; the folder is private to this user and gone at once.
    certificates = (credentials.certificate, *credentials.chain)
    pem = b"".join(x509.certificate_pem(certificate) for certificate in certificates) + x509.key_pem(credentials.key)
    try:
        with tempfile.TemporaryDirectory(prefix="harness-") as folder:
            path = Path(folder) / "credentials.pem"
            path.write_bytes(pem)
            context.load_cert_chain(path)
    except (ssl.SSLError, OSError) as exc:
        raise PeerError("tls: our certificate and key cannot be loaded") from exc
