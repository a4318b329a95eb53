"""Reading requests off one secured connection, within limits: bytes as they came, and the one way they can be read.

A request that two programs could read differently (RFC 9112, 11.2) is refused rather than guessed.
"""

import asyncio
from dataclasses import dataclass

import h11

from harness.errors import WireError
from harness.model import HttpRecord, TlsFacts
from harness.peers.answers import ListenerLimits
from harness.peers.network import SecureSocket
from harness.peers.records import coding_of
from harness.wire import http

_STATUS = {"content-coding-unknown": 415, "too-large": 413}
_ENDED = "the connection was closed within the {} of a request"


class BrokenRequest(Exception):
    """The caller sent something that is no request for us; `status` is what it gets."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail


class Memory:
    """How many bytes of requests all connections of a listener may hold together."""

    def __init__(self, limit: int) -> None:
        self._left = limit

    def take(self, count: int) -> None:
        """Hold `count` bytes more.

        Raises:
            BrokenRequest: that is more than there is room for.
        """
        if count > self._left:
            raise BrokenRequest(503, "too many bytes are being received at once")
        self._left -= count

    def give_back(self, count: int) -> None:
        """Hold `count` bytes less."""
        self._left += count


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivedRequest:
    """One whole request; `target` as on the request line."""

    method: str
    target: str
    record: HttpRecord


class Connection:
    """One TLS connection with its HTTP state. `raw` holds the bytes of the request being read."""

    def __init__(
        self, *, stream: SecureSocket, facts: TlsFacts, port: int, limits: ListenerLimits, memory: Memory
    ) -> None:
        self.stream = stream
        self.facts = facts
        self.port = port
        self.limits = limits
        self.http = h11.Connection(h11.SERVER, max_incomplete_event_size=limits.max_head_bytes)
        self.raw = bytearray()
        self._memory = memory
        self._held = 0

    async def receive(self) -> bool:
        """Read once; False at the end of the connection.

        Raises:
            BrokenRequest: there is no room for what came.
        """
        data = await self.stream.receive()
        self._memory.take(len(data))
        self._held += len(data)
        self.raw += data
        self.http.receive_data(data)
        return bool(data)

    async def next_event(self) -> object:
        """The next event of h11, reading until there is one."""
        while (event := self.http.next_event()) is h11.NEED_DATA:
            await self.receive()
        return event

    def start_next_cycle(self) -> None:
        """Let go of the request that was answered; what the caller sent ahead stays."""
        self.http.start_next_cycle()
        self.raw = bytearray(self.http.trailing_data[0])
        self._memory.give_back(self._held - len(self.raw))
        self._held = len(self.raw)

    def release(self) -> None:
        """Hold nothing any more."""
        self._memory.give_back(self._held)
        self._held = 0


async def read_request(connection: Connection) -> ReceivedRequest | None:
    """The next request on the connection, None when the caller closed it between requests.

    Raises:
        BrokenRequest: late, too large, or not readable in one way only.
    """
    limits = connection.limits
    try:
        async with asyncio.timeout(limits.idle_s):
            if not connection.raw and not await connection.receive():
                return None
        async with asyncio.timeout(limits.head_s):
            head = await connection.next_event()
        if not isinstance(head, h11.Request):
            raise BrokenRequest(400, _ENDED.format("head"))
        _one_framing(head)
        async with asyncio.timeout(limits.body_s):
            body = await _read_body(connection)
    except TimeoutError:
        if not connection.raw:
            return None
        raise BrokenRequest(408, "the request did not end in time") from None
    except h11.RemoteProtocolError as exc:
        raise BrokenRequest(exc.error_status_hint, f"not readable as HTTP/1.1: {exc}") from exc
    return _received(connection, head, body)


def _one_framing(head: h11.Request) -> None:
    """Refuse a head from which two readers could tell two ends of the body. Source: RFC 9112, 2.3, 6.1 and 6.3."""
    if bytes(head.http_version) not in (b"1.0", b"1.1"):
        raise BrokenRequest(505, "only HTTP/1.0 and HTTP/1.1 are spoken here")
    names = [bytes(name) for name, _ in head.headers]
    if b"transfer-encoding" not in names:
        return
    if b"content-length" in names:
        raise BrokenRequest(400, "the request has both a Content-Length and a Transfer-Encoding")
    if bytes(head.http_version) < b"1.1":
        raise BrokenRequest(400, "a request of HTTP/1.0 has no Transfer-Encoding")


async def _read_body(connection: Connection) -> bytes:
    limits = connection.limits
    if connection.http.they_are_waiting_for_100_continue:
        interim = connection.http.send(h11.InformationalResponse(status_code=100, headers=[]))
        await connection.stream.send(interim or b"")
    body = bytearray()
    while True:
        event = await connection.next_event()
        if isinstance(event, h11.Data):
            body += event.data
            if len(body) > limits.max_body_bytes:
                raise BrokenRequest(413, f"the body is larger than {limits.max_body_bytes} bytes")
            # What is read ahead of h11 is at most one read, so that this cannot take a body for framing.
            if len(connection.raw) - len(body) > limits.max_head_bytes + limits.max_framing_bytes:
                raise BrokenRequest(413, f"the chunks of the body add more than {limits.max_framing_bytes} bytes to it")
        elif isinstance(event, h11.EndOfMessage):
            return bytes(body)
        else:
            raise BrokenRequest(400, _ENDED.format("body"))


def _received(connection: Connection, head: h11.Request, body: bytes) -> ReceivedRequest:
    trailing = len(connection.http.trailing_data[0])
    raw = bytes(connection.raw[: len(connection.raw) - trailing])
    try:
        parsed = http.parse_head(raw)
    except WireError as exc:
        raise BrokenRequest(400, "the head of the request is not readable") from exc
    try:
        content = http.without_coding(body, coding_of(parsed.headers), max_bytes=connection.limits.max_body_bytes)
    except WireError as exc:
        raise BrokenRequest(_STATUS.get(exc.kind, 400), exc.problem) from exc
    record = HttpRecord(raw=raw, body=content, start_line=parsed.start_line, headers=parsed.headers)
    return ReceivedRequest(method=head.method.decode("ascii"), target=head.target.decode("ascii"), record=record)
