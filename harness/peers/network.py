"""A socket with TLS on it that goes on reading after a failed write, and tells the other end why it refuses.

A server that refuses early (a TLS alert after its side of the handshake, an error answer to a body it does not want)
closes while we are still writing. asyncio's transports drop what has arrived by then, and with it the reason; they
also close without sending our own alert. Here the socket is read to its end, and alerts go out.
"""

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Callable

READ_BYTES = 64 * 1024
MAX_HEARD_BYTES = 16 * 1024


async def next_connection(listening: socket.socket) -> "SecureSocket":
    """The next connection that comes to a listening, non-blocking socket.

    Nothing lies between taking it and returning it: a caller that is cancelled has not taken one, whereas
    `loop.sock_accept` then loses one that it had taken.

    Raises:
        OSError: out of descriptors, or the other end was gone before we looked.
    """
    loop = asyncio.get_running_loop()
    while True:
        try:
            return SecureSocket(listening.accept()[0])
        except BlockingIOError:
            waiting: asyncio.Future[None] = loop.create_future()
            loop.add_reader(listening, _come, waiting)
            try:
                await waiting
            finally:
                loop.remove_reader(listening)


def _come(waiting: asyncio.Future[None]) -> None:
    if not waiting.done():
        waiting.set_result(None)


class SecureSocket:
    """One connected, non-blocking socket, in clear until `shake_hands`; errors are those of `socket` and `ssl`.

    `heard` holds what came, in cipher text, until the handshake was done: the evidence of one that failed.
    """

    def __init__(self, raw: socket.socket) -> None:
        raw.setblocking(False)
        self.heard = bytearray()
        self._shaken = False
        self._socket = raw
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self.ssl_object: ssl.SSLObject | None = None

    async def shake_hands(
        self, context: ssl.SSLContext, *, server_side: bool = False, server_hostname: str | None = None
    ) -> ssl.SSLObject:
        """Negotiate TLS; what was negotiated is in the result.

        Raises:
            ssl.SSLError, OSError: refused by one of the two ends, or closed.
        """
        self.ssl_object = context.wrap_bio(
            self._incoming, self._outgoing, server_side=server_side, server_hostname=server_hostname
        )
        await self._pump(self.ssl_object.do_handshake)
        self._shaken = True
        self.heard.clear()
        return self.ssl_object

    async def receive(self, max_bytes: int = READ_BYTES) -> bytes:
        """At most `max_bytes` that have come, at least one; empty at the end, with or without a closing alert."""
        if self.ssl_object is None:
            return await asyncio.get_running_loop().sock_recv(self._socket, max_bytes)
        try:
            return await self._pump(self.ssl_object.read, max_bytes)
        except (ssl.SSLEOFError, ssl.SSLZeroReturnError):
            return b""

    async def send(self, data: bytes) -> None:
        """Write all of `data`."""
        if self.ssl_object is None:
            await asyncio.get_running_loop().sock_sendall(self._socket, data)
        elif data:
            await self._pump(self.ssl_object.write, data)

    def is_readable(self) -> bool:
        """Whether something waits to be read: on an idle connection its end, or bytes nobody asked for."""
        try:
            self._socket.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return False
        except OSError:
            return True
        return True

    def close(self) -> None:
        """Close at once; the closing alert is a courtesy that is offered to the socket once, without waiting."""
        if self.ssl_object is not None and self._socket.fileno() >= 0:
            with contextlib.suppress(OSError):
                self.ssl_object.unwrap()
            with contextlib.suppress(OSError):
                self._socket.send(self._outgoing.read())
        self._socket.close()

    def reset(self) -> None:
        """Close so that the other end sees a reset. Source: SO_LINGER with time 0; RFC 9293, 3.10.5."""
        with contextlib.suppress(OSError):
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
        self._socket.close()

    async def _pump[*A, T](self, step: Callable[[*A], T], *arguments: *A) -> T:
        """The result of one step of the TLS engine, carrying bytes to and from the socket as it asks for them."""
        loop = asyncio.get_running_loop()
        while True:
            try:
                result = step(*arguments)
            except ssl.SSLWantReadError:
                pass
            except ssl.SSLError:
                with contextlib.suppress(OSError):
                    await self._flush()  # our own alert
                raise
            else:
                await self._flush()
                return result
            await self._flush()
            data = await loop.sock_recv(self._socket, READ_BYTES)
            if data:
                if not self._shaken and len(self.heard) < MAX_HEARD_BYTES:
                    self.heard += data
                self._incoming.write(data)
            else:
                self._incoming.write_eof()

    async def _flush(self) -> None:
        data = self._outgoing.read()
        if data:
            await asyncio.get_running_loop().sock_sendall(self._socket, data)
