"""Sends audit records to the repository in a thread of its own, so that no answer waits for it and none is lost at once.

A record that cannot be delivered is tried again for a while: a repository that is away must not break a transaction, and
its absence must not lose what happened. Source: RFC 5425 (TLS), RFC 5426 (UDP); IHE ITI TF-2, 3.20.
"""

import contextlib
import logging
import queue
import socket
import ssl
import threading
import time
from collections.abc import Callable

from harness.reference.config import AuditSide

log = logging.getLogger(__name__)

MAX_WAITING = 10_000
CONNECT_S = 3.0
PAUSE_S = 0.5
GIVE_UP_S = 60.0

type Written = Callable[[], bytes | None]
"""Makes the bytes of one record, framed for the transport; None when there is nothing to log after all."""


class Sender:
    """One connection to the repository, opened when first needed; `context` is ours as a TLS client."""

    def __init__(self, side: AuditSide, context: ssl.SSLContext) -> None:
        self._side = side
        self._context = context
        self._waiting: queue.Queue[tuple[float, Written]] = queue.Queue(MAX_WAITING)
        self._connection: ssl.SSLSocket | None = None
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._work, name="audit sender", daemon=True)
        self._thread.start()

    def send(self, written: Written, *, delay_s: float = 0.0) -> None:
        """Log what `written` makes, `delay_s` from now; returns at once. Beyond the limit records are dropped."""
        try:
            self._waiting.put_nowait((time.monotonic() + delay_s, written))
        except queue.Full:
            log.warning("audit record dropped: too many wait for the repository")

    def deliver_now(self, written: Written) -> bool:
        """Deliver in the caller's thread; False when the repository cannot be reached (a declared fault waits for this)."""
        content = written()
        if content is None:
            return True
        with contextlib.suppress(OSError), contextlib.closing(self._connected()) as connection:
            connection.sendall(content)
            return True
        return False

    def close(self) -> None:
        self._stopping.set()
        self._thread.join(timeout=2)

    def _work(self) -> None:
        while not self._stopping.is_set():
            try:
                due, written = self._waiting.get(timeout=0.1)
            except queue.Empty:
                continue
            self._stopping.wait(max(0.0, due - time.monotonic()))
            content = None if self._stopping.is_set() else written()
            if content is not None:
                self._persist(content)
        self._drop()

    def _persist(self, content: bytes) -> None:
        until = time.monotonic() + GIVE_UP_S
        while not self._stopping.is_set() and time.monotonic() < until:
            try:
                self._deliver(content)
            except OSError as exc:
                log.info("audit record not delivered: %s", exc)
                self._drop()
                self._stopping.wait(PAUSE_S)
            else:
                return

    def _deliver(self, content: bytes) -> None:
        if self._side.transport == "udp":
            family = socket.AF_INET6 if ":" in self._side.host else socket.AF_INET
            with socket.socket(family, socket.SOCK_DGRAM) as datagrams:
                datagrams.sendto(content, (self._side.host, self._side.port))
            return
        if self._connection is None or _is_closed(self._connection):
            self._drop()
            self._connection = self._connected()
        self._connection.sendall(content)

    def _connected(self) -> ssl.SSLSocket:
        raw = socket.create_connection((self._side.host, self._side.port), timeout=CONNECT_S)
        try:
            return self._context.wrap_socket(raw, server_hostname=self._side.host)
        except OSError:
            raw.close()
            raise

    def _drop(self) -> None:
        if self._connection is not None:
            with contextlib.suppress(OSError):
                self._connection.close()
            self._connection = None


def _is_closed(connection: ssl.SSLSocket) -> bool:
    """Whether the repository has ended the connection; syslog has no answers, so reading tells nothing else."""
    connection.settimeout(0.0)
    try:
        return connection.recv(1) == b""
    except (ssl.SSLWantReadError, BlockingIOError):
        return False
    except OSError:
        return True
    finally:
        connection.settimeout(CONNECT_S)
