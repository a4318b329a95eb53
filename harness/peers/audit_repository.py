"""Our audit record repository: takes syslog over mutual TLS and over UDP, and keeps what came, byte by byte.

It answers nothing (syslog has no answers) and judges nothing. What a sender does wrong on the way (no certificate, too
many connections, a message without end) is a refusal with its reason; what it sends is kept even when the framing is
wrong. Source: IHE ITI TF-2, 3.20; RFC 5425 (TLS), RFC 5426 (UDP).
"""

import asyncio
import logging
import socket
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from harness.errors import PeerError
from harness.model import AuditRecord, TlsFacts
from harness.peers.answers import Refusal
from harness.peers.clock import Clock
from harness.peers.handshake import shake_hands
from harness.peers.network import SecureSocket, next_connection
from harness.peers.tls import tls_facts
from harness.wire import syslog

_log = logging.getLogger(__name__)
_GONE = (OSError, TimeoutError)
_ACCEPT_PAUSE_S = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class RepositoryLimits:
    """What senders may take: times in seconds, sizes in bytes.

    `idle_s` is how long a connection may say nothing, `partial_s` how long a begun message may pause and `message_s`
    how long it may take, `settle_s` how long we wait for more of a record that has all its octets and no end.
    """

    handshake_s: float = 10.0
    idle_s: float = 600.0
    partial_s: float = 10.0
    message_s: float = 30.0
    settle_s: float = 0.3
    max_message_bytes: int = syslog.MAX_MESSAGE_BYTES
    max_connections: int = 64
    max_records: int = 20_000
    max_total_bytes: int = 256 * 1024 * 1024
    max_refusals: int = 1000


class AuditRepository:
    """The listening side of ITI-20 on one port number, TCP and UDP; `records` grow as they come.

    `new_id` names each record; `on_record` sees each as it comes, for work by hand.
    """

    def __init__(
        self,
        context: ssl.SSLContext,
        clock: Clock,
        *,
        new_id: Callable[[], str] | None = None,
        limits: RepositoryLimits | None = None,
        on_record: Callable[[AuditRecord], None] | None = None,
    ) -> None:
        self._context = context
        self._clock = clock
        self._new_id = new_id or self._counted_id
        self._limits = limits or RepositoryLimits()
        self._on_record = on_record
        self._records: list[AuditRecord] = []
        self._total_bytes = 0
        self._refused: list[Refusal] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._accepting: asyncio.Task[None] | None = None
        self._listening: socket.socket | None = None
        self._datagrams: asyncio.DatagramTransport | None = None
        self._changed = asyncio.Event()
        self._address: tuple[str, int] | None = None
        self._connections = 0
        self._bug: BaseException | None = None

    @property
    def address(self) -> tuple[str, int] | None:
        """Host and port of both transports; None before the start."""
        return self._address

    @property
    def is_listening(self) -> bool:
        """Whether senders can reach it now."""
        return self._accepting is not None

    @property
    def records(self) -> tuple[AuditRecord, ...]:
        """What came so far, oldest first."""
        return tuple(self._records)

    @property
    def refused(self) -> tuple[Refusal, ...]:
        """Connections and messages that were not taken, oldest first; `kind` is `tls` or `syslog`."""
        return tuple(self._refused)

    async def start(self, host: str, port: int = 0) -> tuple[str, int]:
        """Listen on `host`; 0 is any port that is free for both TCP and UDP. The address that senders use.

        Raises:
            PeerError: the address cannot be listened on.
        """
        try:
            listening = socket.create_server((host, port), family=_family(host), backlog=64)
            bound = int(listening.getsockname()[1])
            loop = asyncio.get_running_loop()
            try:
                transport, _ = await loop.create_datagram_endpoint(
                    lambda: _Datagrams(self._take_datagram), local_addr=(host, bound)
                )
            except OSError:
                listening.close()
                raise
        except OSError as exc:
            what = (exc.strerror or str(exc)).lower()
            raise PeerError(f"audit repository: cannot listen on {host}:{port}: {what}") from exc
        listening.setblocking(False)
        self._listening = listening
        self._datagrams = transport
        self._accepting = asyncio.create_task(self._accept(listening), name=f"audit {bound}")
        self._address = (host, bound)
        return self._address

    async def stop(self) -> None:
        """Stop listening and drop every connection, as a repository does that is down; `start` brings it back."""
        if self._datagrams is not None:
            self._datagrams.close()
            self._datagrams = None
        tasks = [*self._tasks, *([self._accepting] if self._accepting else [])]
        self._accepting = None
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._listening is not None:
            self._listening.close()

    async def next_record(self, after: int, within_s: float) -> bool:
        """Wait until more than `after` records have come; False when none did in time.

        Raises:
            PeerError: serving a connection failed by our own fault.
        """
        try:
            async with asyncio.timeout(within_s):
                while len(self._records) <= after:
                    if self._bug is not None:
                        raise PeerError("audit repository: serving a connection failed") from self._bug
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            return False
        return True

    async def _accept(self, listening: socket.socket) -> None:
        while True:
            try:
                stream = await next_connection(listening)
            except OSError as exc:  # out of descriptors, or the sender was gone before we looked
                _log.debug("not accepted: %s", exc.strerror)
                await asyncio.sleep(_ACCEPT_PAUSE_S)
                continue
            task = asyncio.create_task(self._serve(stream))
            self._tasks.add(task)
            task.add_done_callback(partial(self._ended, stream))

    def _ended(self, stream: SecureSocket, task: asyncio.Task[None]) -> None:
        stream.close()  # a task that is cancelled before it began has closed nothing
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            self._bug = task.exception()
            self._changed.set()

    async def _serve(self, stream: SecureSocket) -> None:
        try:
            if len(self._tasks) > self._limits.max_connections:
                self._refuse("syslog", "too many connections at once")
            elif await self._is_secured(stream):
                await self._read_frames(stream)
        except _GONE as exc:
            _log.debug("a connection ended: %s", type(exc).__name__)

    async def _is_secured(self, stream: SecureSocket) -> bool:
        problem = await shake_hands(stream, self._context, within_s=self._limits.handshake_s, other="sender")
        if problem:
            self._refuse("tls", problem)
        return not problem

    async def _read_frames(self, stream: SecureSocket) -> None:
        ssl_object = stream.ssl_object
        assert ssl_object is not None, "messages are read after the handshake"
        facts = tls_facts(ssl_object, client_certificate_sent=bool(ssl_object.getpeercert(binary_form=True)))
        self._connections += 1
        connection, number, buffer, begun = self._connections, 0, b"", time.monotonic()
        while True:
            whole = syslog.is_all_there(buffer)
            data = await self._more(stream, buffer, whole, begun)
            begun = begun if buffer else time.monotonic()
            buffer += data or b""
            while frame := syslog.take_frame(buffer, ended=not data, max_bytes=self._limits.max_message_bytes):
                number += 1
                buffer = buffer[len(frame.raw) :]
                if not self._keep(syslog.TLS, frame.raw, connection, number, facts):
                    return
                if frame.problem == "too-large":
                    self._refuse("syslog", f"a message is larger than {self._limits.max_message_bytes} bytes")
                    return
            if data is None and not whole:
                self._refuse("syslog", "a message did not end in time")
            if data == b"" or (data is None and not whole):
                return

    async def _more(self, stream: SecureSocket, buffer: bytes, whole: bool, begun: float) -> bytes | None:
        """What comes next; empty at the end, None when the rest of a begun message does not come in time."""
        limits = self._limits
        wait_s = limits.idle_s
        if buffer:
            left_s = begun + limits.message_s - time.monotonic()
            wait_s = max(0.0, min(limits.settle_s if whole else limits.partial_s, left_s))
        try:
            async with asyncio.timeout(wait_s):
                return await stream.receive()
        except TimeoutError:
            if not buffer:
                return b""
            return None

    def _take_datagram(self, data: bytes) -> None:
        self._keep(syslog.UDP, data, 0, 1, None)

    def _keep(self, transport: str, raw: bytes, connection: int, number: int, tls: TlsFacts | None) -> bool:
        limits = self._limits
        if len(self._records) >= limits.max_records or self._total_bytes + len(raw) > limits.max_total_bytes:
            self._refuse("syslog", "the repository is full")
            return False
        record = AuditRecord(
            id=self._new_id(),
            transport=transport,
            received_at=self._clock(),
            raw=raw,
            connection=connection,
            number=number,
            tls=tls,
        )
        self._records.append(record)
        self._total_bytes += len(raw)
        self._changed.set()
        if self._on_record is not None:
            self._on_record(record)
        return True

    def _counted_id(self) -> str:
        return f"a{len(self._records) + 1:04d}"

    def _refuse(self, kind: str, detail: str) -> None:
        _log.info("audit %s: %s", kind, detail)
        if len(self._refused) < self._limits.max_refusals:
            self._refused.append(Refusal(kind=kind, detail=detail, at=self._clock()))


class _Datagrams(asyncio.DatagramProtocol):
    """Hands each datagram on."""

    def __init__(self, take: Callable[[bytes], None]) -> None:
        self._take = take

    def datagram_received(self, data: bytes, addr: tuple[str | int, ...]) -> None:
        self._take(data)

    def error_received(self, exc: Exception) -> None:
        _log.debug("datagram error: %s", type(exc).__name__)


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET
