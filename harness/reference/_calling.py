"""One call of the B side over HTTPS: bounded in time and size, repeated once when no connection came about, read as SOAP."""

import logging
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass

import httpx

from harness.errors import WireError
from harness.reference._messages import SOAP_TYPE
from harness.wire import soap

log = logging.getLogger(__name__)

MAX_ANSWER_BYTES = 64 * 1024 * 1024
_MEDIA_TYPES = ("application/soap+xml", "multipart/related")


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """Why there is no answer to read; `text` is fit for a user.

    `kind` is no-connection, transport (it broke on the way), timeout, unreadable, fault or discovery (no endpoint to call).
    """

    kind: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sending:
    """A request ready to go; `message_id` is its full addressing id."""

    message_id: str
    content: bytes
    content_type: str = SOAP_TYPE


class Caller:
    """Calls the services of the other country; one TLS context, bounded by `timeout_s` for each whole call.

    With `insistent` a call is repeated after any transport error, again and again: a declared fault.
    """

    def __init__(self, context: ssl.SSLContext, timeout_s: float, *, insistent: bool = False) -> None:
        self._context = context
        self._timeout_s = timeout_s
        self._attempts = 5 if insistent else 2
        self._repeats_after = ("no-connection", "transport") if insistent else ("no-connection",)

    def call(
        self, url: str, build: Callable[[], Sending], saw: Callable[[bytes], None] = lambda _: None
    ) -> soap.SoapMessage | Trouble:
        """The answer to a request that `build` makes anew for each attempt, so that message ids stay unique.

        `saw` is given the certificate of the other end (DER) once there is a connection.

        A call that was heard by the other side is not repeated: it may have worked on it.
        """
        outcome: soap.SoapMessage | Trouble = Trouble(kind="no-connection", text="no attempt was made")
        for _ in range(self._attempts):
            outcome = self._once(url, build(), saw)
            if not isinstance(outcome, Trouble) or outcome.kind not in self._repeats_after:
                return outcome
        return outcome

    def _once(self, url: str, sending: Sending, saw: Callable[[bytes], None]) -> soap.SoapMessage | Trouble:
        deadline = time.monotonic() + self._timeout_s
        try:
            with (
                httpx.Client(verify=self._context, timeout=self._timeout_s, trust_env=False) as client,
                client.stream(
                    "POST", url, content=sending.content, headers={"Content-Type": sending.content_type}
                ) as response,
            ):
                saw(_certificate(response))
                content = bytearray()
                for piece in response.iter_bytes():
                    content += piece
                    if time.monotonic() > deadline:
                        return Trouble(kind="timeout", text="the other country did not answer in time")
                    if len(content) > MAX_ANSWER_BYTES:
                        return Trouble(kind="unreadable", text="the answer is too large")
                return _read(response, bytes(content), sending)
        except httpx.TimeoutException:
            return Trouble(kind="timeout", text="the other country did not answer in time")
        except (httpx.ConnectError, httpx.InvalidURL):
            return Trouble(kind="no-connection", text="the other country cannot be reached")
        except (httpx.HTTPError, OSError) as exc:
            log.info("call failed: %s", type(exc).__name__)
            return Trouble(kind="transport", text="the connection to the other country broke")


def _certificate(response: httpx.Response) -> bytes:
    stream = response.extensions.get("network_stream")
    secured = stream.get_extra_info("ssl_object") if stream is not None else None
    return (secured.getpeercert(True) or b"") if secured is not None else b""


def _read(response: httpx.Response, content: bytes, sending: Sending) -> soap.SoapMessage | Trouble:
    try:
        message = soap.parse_message(response.headers.get("Content-Type"), content)
    except WireError:
        return Trouble(kind="unreadable", text=f"the answer (HTTP {response.status_code}) is no SOAP message")
    if message.fault is not None:
        return Trouble(kind="fault", text="the other country refused the message with a SOAP fault")
    if message.content_type is None or message.content_type.media_type not in _MEDIA_TYPES:
        return Trouble(kind="unreadable", text="the answer has a media type that is not SOAP's")
    if response.status_code != 200 or message.payload is None:
        return Trouble(kind="unreadable", text=f"the answer (HTTP {response.status_code}) holds no message")
    if message.addressing.relates_to not in (None, sending.message_id):
        return Trouble(kind="unreadable", text="the answer belongs to another request")
    return message
