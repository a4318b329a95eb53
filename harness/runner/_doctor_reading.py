"""One connection that is made only to see which certificates a server sends and whether it refuses ours.

It verifies nothing, so nothing is sent on it and nothing that is read is believed: a handshake that fails under
verification does not show the chain that it failed on.
"""

import asyncio
import logging
import socket
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from harness.model import say
from harness.peers import Pki, client_context
from harness.peers.network import SecureSocket

_log = logging.getLogger(__name__)

_NOT_TLS = ("WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE", "HTTP_REQUEST", "PACKET_LENGTH_TOO_LONG", "BAD_RECORD_TYPE")
_OF_CERTIFICATE = ("CERTIFICATE", "UNKNOWN_CA", "ACCESS_DENIED", "DECRYPT_ERROR")
"""What alerts about a client certificate have in their names. Source: RFC 8446, 6.2; RFC 5246, 7.2.2."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What a connection showed. `chain` is DER, the server's own first. `problem` says why there was no handshake,
    `refusal` what the server said to our certificate, in the middle of the handshake or right after it."""

    version: str = ""
    cipher: str = ""
    chain: tuple[bytes, ...] = ()
    problem: str = ""
    refusal: str = ""


def unsafe_context(pki: Pki | None) -> ssl.SSLContext:
    """A context that offers our certificate, when there is one, and accepts whatever the server shows."""
    if pki is None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.check_hostname = False
    else:
        context = client_context(pki.tls, pki.anchors, check_host=False)
    context.verify_mode = ssl.CERT_NONE
    return context


async def unsafe_reading(
    raw: socket.socket, host: str, context: ssl.SSLContext, *, handshake_s: float, settle_s: float
) -> Reading:
    """What the server at the other end of `raw` shows; takes `raw` over and closes it.

    After the handshake it listens for `settle_s`: in TLS 1.3 a client certificate is refused only then.
    """
    _log.info("%s: reading the certificates of the server without verifying them", host)
    stream = SecureSocket(raw)
    try:
        try:
            async with asyncio.timeout(handshake_s):
                await stream.shake_hands(context, server_hostname=host)
        except TimeoutError:
            return Reading(problem=say("doctor.tls-late"))
        except OSError as exc:
            return _unfinished(exc, _chain_of(stream.ssl_object))
        made = stream.ssl_object
        assert made is not None  # shake_hands made it
        cipher = made.cipher()
        return Reading(
            version=made.version() or "",
            cipher=cipher[0] if cipher else "",
            chain=_chain_of(made),
            refusal=await _late_refusal(stream, settle_s),
        )
    finally:
        stream.close()


def _unfinished(error: OSError, chain: tuple[bytes, ...]) -> Reading:
    reason = getattr(error, "reason", None) or ""
    words = reason.replace("_", " ").lower()
    if reason in _NOT_TLS:
        return Reading(problem=say("doctor.not-tls"))
    alert = "ALERT" in reason
    if alert and (any(word in reason for word in _OF_CERTIFICATE) or chain):
        return Reading(chain=chain, refusal=words)
    if not isinstance(error, ssl.SSLError) or isinstance(error, ssl.SSLEOFError) or "EOF" in reason:
        closed = say("doctor.tls-closed")
        return Reading(chain=chain, refusal=closed) if chain else Reading(problem=closed)
    return Reading(problem=say("doctor.tls-failed", reason=words or "no reason given"))


async def _late_refusal(stream: SecureSocket, settle_s: float) -> str:
    """What the server says right after the handshake when it is a refusal; silence is consent."""
    try:
        async with asyncio.timeout(settle_s):
            return "" if await stream.receive() else say("doctor.tls-closed")
    except TimeoutError:
        return ""
    except ssl.SSLError as exc:
        return (exc.reason or "").replace("_", " ").lower() or say("doctor.tls-closed")
    except OSError:
        return say("doctor.tls-closed")


def _chain_of(ssl_object: ssl.SSLObject | None) -> tuple[bytes, ...]:
    """The certificates as the server sent them, as far as they came.

    Python has the public method from 3.13 on; 3.12 keeps it on the object below.
    """
    if ssl_object is None:
        return ()
    public: Any = getattr(ssl_object, "get_unverified_chain", None)
    if public is not None:
        return tuple(public() or ())
    below: Any = getattr(ssl_object, "_sslobj", None)
    sent: Sequence[Any] = (below.get_unverified_chain() if below is not None else None) or ()
    return tuple(ssl.PEM_cert_to_DER_cert(certificate.public_bytes()) for certificate in sent)
