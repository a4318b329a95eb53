"""Connections under httpcore that record every byte of a call."""

import asyncio
import contextlib
import socket
import ssl
import time
from collections.abc import AsyncIterator, Iterable, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field

import httpcore

from harness.model import TlsFacts
from harness.peers.network import SecureSocket
from harness.peers.tls import tls_facts


class TooLarge(Exception):
    """The answer outgrew the recorder's limit; ends the reading of it."""


@dataclass(slots=True)
class Recorder:
    """What one call saw. `phase` is what it was doing last: resolving, connecting, handshake, sending, receiving.

    `fresh` says that the call opened its connection itself, `ended` that the other end closed it. Times are monotonic,
    in seconds.
    """

    settle_s: float
    client_certificate: bool
    max_bytes: int
    phase: str = "resolving"
    fresh: bool = False
    ended: bool = False
    sent: bytearray = field(default_factory=bytearray)
    received: bytearray = field(default_factory=bytearray)
    first_sent: float | None = None
    last_received: float | None = None
    tls: TlsFacts | None = None
    stream: "RecordingStream | None" = None
    write_problem: Exception | None = None


RECORDER: ContextVar[Recorder] = ContextVar("recorder")
"""The recorder of the call that the running task is making; a kept connection serves one call after another."""


class RecordingStream(httpcore.AsyncNetworkStream):
    """A connection, with or without TLS, that writes every byte into the recorder of the call that is using it."""

    def __init__(self, raw: socket.socket) -> None:
        self._socket = SecureSocket(raw)
        self._facts: TlsFacts | None = None
        self._spoiled = False

    def spoil(self) -> None:
        """Make the pool drop this connection instead of using it again."""
        self._spoiled = True

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        recorder = self._joined("receiving")
        async with _bounded(timeout, httpcore.ReadTimeout, httpcore.ReadError):
            data = await self._socket.receive(max_bytes)
        recorder.last_received = time.monotonic()
        recorder.received += data
        recorder.ended = recorder.ended or not data
        if len(recorder.received) > recorder.max_bytes:
            raise TooLarge
        return data

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        recorder = self._joined("sending")
        if recorder.first_sent is None:
            recorder.first_sent = time.monotonic()
        try:
            async with _bounded(timeout, httpcore.WriteTimeout, httpcore.WriteError):
                await self._socket.send(buffer)
        except httpcore.WriteError as exc:
            # The pool reads on after this, because an early answer may be waiting; kept in case there is none.
            recorder.write_problem = exc
            raise
        recorder.sent += buffer

    async def aclose(self) -> None:
        self._socket.close()

    async def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.AsyncNetworkStream:
        recorder = self._joined("handshake")
        try:
            async with _bounded(timeout, httpcore.ConnectTimeout, httpcore.ConnectError):
                ssl_object = await self._socket.shake_hands(ssl_context, server_hostname=server_hostname)
            self._facts = tls_facts(ssl_object, client_certificate_sent=recorder.client_certificate)
            recorder.tls = self._facts
            if recorder.settle_s:
                await self._hear_refusal(recorder)
        except BaseException:
            self._socket.close()
            raise
        return self

    def get_extra_info(self, info: str) -> object:
        if info == "ssl_object":
            return self._socket.ssl_object
        return self._spoiled or self._socket.is_readable() if info == "is_readable" else None

    def _joined(self, phase: str) -> Recorder:
        recorder = RECORDER.get()
        recorder.phase, recorder.stream, recorder.tls = phase, self, self._facts
        return recorder

    async def _hear_refusal(self, recorder: Recorder) -> None:
        """Raise what the server says right after the handshake, when it is a refusal; silence is consent."""
        try:
            async with _bounded(recorder.settle_s, httpcore.ReadTimeout, httpcore.ConnectError):
                recorder.received += await self._socket.receive()
        except httpcore.ReadTimeout:
            return
        raise httpcore.ConnectError("the server ended the connection right after the handshake")


class RecordingBackend(httpcore.AsyncNetworkBackend):
    """Opens recorded connections; the addresses of a name are tried in turn."""

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        recorder = RECORDER.get()
        recorder.fresh = True
        recorder.phase = "resolving"
        async with _bounded(timeout, httpcore.ConnectTimeout, httpcore.ConnectError):
            found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
            recorder.phase = "connecting"
            stream = RecordingStream(await _connected(found))
        recorder.phase = "connected"
        return stream

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


type _Address = tuple[str, int] | tuple[str, int, int, int] | tuple[int, bytes]


async def _connected(
    found: Sequence[tuple[socket.AddressFamily, socket.SocketKind, int, str, _Address]],
) -> socket.socket:
    problem: OSError = OSError("the name has no address")
    for family, kind, protocol, _, address in found:
        try:
            # Not every address of a name need be of a family this machine has.
            raw = socket.socket(family, kind, protocol)
        except OSError as exc:
            problem = exc
            continue
        try:
            raw.setblocking(False)
            raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            await asyncio.get_running_loop().sock_connect(raw, address)
        except OSError as exc:
            raw.close()
            problem = exc
        except BaseException:
            raw.close()
            raise
        else:
            return raw
    raise problem


@contextlib.asynccontextmanager
async def _bounded(
    timeout_s: float | None, late: type[httpcore.TimeoutException], failed: type[httpcore.NetworkError]
) -> AsyncIterator[None]:
    """What goes wrong inside, as one of httpcore's two errors with the socket's own error as its cause."""
    try:
        async with asyncio.timeout(timeout_s):
            yield
    except TimeoutError as exc:
        raise late("not in time") from exc
    except OSError as exc:
        raise failed(exc.strerror or str(exc)) from exc
