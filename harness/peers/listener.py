"""Being asked over HTTPS: listens, keeps each request until somebody answers it, and answers well or badly.

h11 on TLS streams rather than a web framework, because a peer has to record exact bytes and TLS facts and to misbehave
byte by byte. Requests and answers meet here: a `receive` step may come before or after the request it waits for.
"""

import asyncio
import logging
import socket
import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import h11

from harness.errors import PeerError
from harness.model import TRANSACTIONS, Exchange, FailureKind, Party, TransportFailure
from harness.peers.answers import Incoming, ListenerLimits, PlannedAnswer, Refusal
from harness.peers.clock import Clock
from harness.peers.handshake import shake_hands
from harness.peers.network import SecureSocket, next_connection
from harness.peers.records import sent_record
from harness.peers.refusals import RefusalLog
from harness.peers.requests import BrokenRequest, Connection, Memory, ReceivedRequest, read_request
from harness.peers.tls import tls_facts
from harness.peers.transactions import guess_transaction
from harness.wire import codes

_log = logging.getLogger(__name__)

ENDPOINTS = ("xcpd", "xca", "xdr", "sts", "sts_nok")
_ACCEPT_PAUSE_S = 0.05
_PEEK_S = 0.05
_WHOLE = ("whole", "chunked", "trickle")
_PIECES = 20
_LARGE_BYTES = 64 * 1024
_GONE = (OSError, h11.LocalProtocolError)  # ssl's errors are OSErrors


@dataclass(frozen=True, slots=True)
class _Sent:
    """What became of an answer: the bytes written, and why not all of them."""

    raw: bytes
    finished: float
    problem: str = ""


@dataclass(slots=True)
class _Held:
    """The rendezvous of one request: its answer, and then what became of the answer."""

    incoming: Incoming
    answer: asyncio.Future[PlannedAnswer]
    sent: asyncio.Future[_Sent]


class PeerServer:
    """Our listening side. Every request waits in `pending` until `next_request` takes it and `reply` answers it.

    With `autoreply` every request is answered by it at once, for work by hand; `on_exchange` sees each answered one.
    `served` are the endpoint keys; only a server of `smp` takes GET.
    """

    def __init__(
        self,
        context: ssl.SSLContext,
        clock: Clock,
        *,
        limits: ListenerLimits | None = None,
        autoreply: Callable[[Incoming], PlannedAnswer] | None = None,
        on_exchange: Callable[[Exchange], None] | None = None,
        served: tuple[str, ...] = ENDPOINTS,
    ) -> None:
        self._served = served
        self._context = context
        self._clock = clock
        self._limits = limits or ListenerLimits()
        self._autoreply = autoreply
        self._on_exchange = on_exchange
        self._endpoints: dict[str, str] = {}
        self._host = ""
        self._accepting: list[asyncio.Task[None]] = []
        self._connections: set[asyncio.Task[None]] = set()
        self._bug: BaseException | None = None
        self._count = 0
        self._held: dict[int, _Held] = {}
        self._unclaimed: list[Incoming] = []
        self._changed = asyncio.Condition()
        self._refusals = RefusalLog(clock, self._limits)
        self._memory = Memory(self._limits.max_held_bytes)
        self._answering = asyncio.Lock()

    @property
    def endpoints(self) -> Mapping[str, str]:
        """Endpoint key (xcpd, xca, xdr, sts, sts_nok) to the URL it is served at."""
        return dict(self._endpoints)

    @property
    def refused(self) -> tuple[Refusal, ...]:
        """Connections that failed in TLS or never became a request, oldest first, that nobody has taken yet."""
        return self._refusals.kept

    def take_refused(self) -> tuple[Refusal, ...]:
        """As `refused`, which is then empty; where there were more than are kept, the last one says how many."""
        return self._refusals.take()

    def pending(self) -> tuple[Incoming, ...]:
        """Requests nobody has taken yet, oldest first."""
        return tuple(self._unclaimed)

    async def start(self, host: str, ports: Mapping[str, int]) -> None:
        """Listen on `host`; a port of 0 (or none given) is any free one, equal ports are one listener.

        Raises:
            PeerError: an address cannot be listened on.
        """
        self._host = f"[{host}]" if ":" in host else host
        bound: dict[int, int] = {}
        for endpoint in self._served:
            wanted = ports.get(endpoint, 0)
            if wanted not in bound:
                bound[wanted] = await self._listen(host, wanted)
            self._endpoints[endpoint] = f"https://{self._host}:{bound[wanted]}/{endpoint}"

    async def next_request(self, transaction: str, within_s: float) -> Incoming | None:
        """The oldest waiting request of `transaction`, which is then the caller's to answer; None after `within_s`."""
        try:
            async with asyncio.timeout(within_s), self._changed:
                while True:
                    self._raise_if_dead()
                    for incoming in self._unclaimed:
                        if incoming.transaction == transaction:
                            self._unclaimed.remove(incoming)
                            return incoming
                    await self._changed.wait()
        except TimeoutError:
            return None

    async def reply(
        self, incoming: Incoming, answer: PlannedAnswer, *, id: str, altered: tuple[str, ...] = ()
    ) -> Exchange:
        """Answer `incoming`, and the exchange that became of it once the answer is out (for `never`: at once).

        A caller who had gone is a `RESET` failure of the exchange, not an error.

        Raises:
            RuntimeError: it was answered before.
        """
        held = self._held.get(incoming.number)
        if held is None:
            return self._exchange(incoming, answer, None, id, altered)
        if held.answer.done():
            raise RuntimeError(f"request {incoming.number} was answered before")
        if incoming in self._unclaimed:
            self._unclaimed.remove(incoming)
        held.answer.set_result(answer)
        sent = await asyncio.shield(held.sent)
        return self._exchange(incoming, answer, sent, id, altered)

    async def aclose(self) -> None:
        """Stop listening and drop every connection; requests still waiting stay unanswered."""
        tasks = (*self._accepting, *self._connections)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._accepting.clear()

    def _raise_if_dead(self) -> None:
        for task in self._accepting:
            if task.done():
                raise PeerError("listener: stopped listening") from (None if task.cancelled() else task.exception())
        if self._bug is not None:
            raise PeerError("listener: serving a connection failed") from self._bug

    async def _listen(self, host: str, port: int) -> int:
        try:
            found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
            listening = socket.create_server(found[0][4][:2], family=found[0][0], backlog=1024)
        except OSError as exc:
            raise PeerError(f"listener: cannot listen on {host}:{port}: {(exc.strerror or str(exc)).lower()}") from exc
        listening.setblocking(False)
        bound = int(listening.getsockname()[1])
        task = asyncio.create_task(self._accept(listening, bound), name=f"listener {bound}")
        task.add_done_callback(lambda _: listening.close())  # also when it was cancelled before it began
        self._accepting.append(task)
        return bound

    async def _accept(self, listening: socket.socket, port: int) -> None:
        with listening:
            while True:
                try:
                    stream = await next_connection(listening)
                except OSError as exc:  # out of descriptors, or the caller was gone before we looked
                    _log.debug("not accepted: %s", exc.strerror)
                    await asyncio.sleep(_ACCEPT_PAUSE_S)
                    continue
                task = asyncio.create_task(self._serve_connection(stream, port))
                self._connections.add(task)
                task.add_done_callback(partial(self._connection_ended, stream))

    def _connection_ended(self, stream: SecureSocket, task: asyncio.Task[None]) -> None:
        stream.close()  # a task that is cancelled before it began has closed nothing
        self._connections.discard(task)
        if not task.cancelled() and task.exception() is not None:
            self._bug = task.exception()

    async def _serve_connection(self, stream: SecureSocket, port: int) -> None:
        try:
            if len(self._connections) > self._limits.max_connections:
                self._refusals.add("http", "too many connections at once")
            elif await self._is_secured(stream):
                await self._serve_requests(stream, port)
        except _GONE as exc:
            _log.debug("a connection ended: %s", type(exc).__name__)

    async def _is_secured(self, stream: SecureSocket) -> bool:
        problem = await shake_hands(stream, self._context, within_s=self._limits.handshake_s, other="caller")
        if problem:
            self._refusals.add("tls", problem, stream.heard)
        return not problem

    async def _serve_requests(self, stream: SecureSocket, port: int) -> None:
        ssl_object = stream.ssl_object
        assert ssl_object is not None, "requests are served after the handshake"
        facts = tls_facts(ssl_object, client_certificate_sent=bool(ssl_object.getpeercert(binary_form=True)))
        connection = Connection(stream=stream, facts=facts, port=port, limits=self._limits, memory=self._memory)
        try:
            while (incoming := await self._next_incoming(connection)) is not None:
                if not await self._answer_request(connection, incoming):
                    return
                connection.start_next_cycle()
        finally:
            connection.release()

    async def _next_incoming(self, connection: Connection) -> Incoming | None:
        """The next request, None when there is none to answer: the caller has gone, or was refused."""
        try:
            received = await read_request(connection)
            return None if received is None else await self._incoming(connection, received)
        except BrokenRequest as broken:
            self._refusals.add("http", broken.detail, connection.raw, connection.facts)
            await _send(connection, _plain(broken.status, broken.detail), self._limits.send_s)
            # Closing on unread bytes would be a reset, and the caller would never see this answer.
            await _until_gone(connection, self._limits.linger_s)
            return None

    async def _incoming(self, connection: Connection, received: ReceivedRequest) -> Incoming:
        request, target = received.record, received.target
        arrived_at, arrived = self._clock(), time.monotonic()
        if received.method == "GET" and "smp" in self._served:
            transaction = codes.SMP
        elif received.method == "POST":
            guess = partial(guess_transaction, request.header("content-type"), request.body, target)
            # A large body takes long to parse, and other connections must not wait for it.
            transaction = await asyncio.to_thread(guess) if len(request.body) > _LARGE_BYTES else guess()
        else:
            raise BrokenRequest(405, "only POST is served here")
        if not transaction or not _is_served_at(target, transaction):
            raise BrokenRequest(404, "nothing is served at this path")
        self._count += 1
        return Incoming(
            number=self._count,
            request=request,
            tls=connection.facts,
            url=f"https://{self._host}:{connection.port}{target}" if target.startswith("/") else target,
            transaction=transaction,
            arrived_at=arrived_at,
            arrived=arrived,
        )

    async def _answer_request(self, connection: Connection, incoming: Incoming) -> bool:
        """Wait for the answer and write it; whether the connection can go on."""
        loop = asyncio.get_running_loop()
        held = _Held(incoming, loop.create_future(), loop.create_future())
        self._held[incoming.number] = held
        if self._autoreply is not None:
            async with self._answering:  # one at a time: who answers may keep a state
                held.answer.set_result(await asyncio.to_thread(self._autoreply, incoming))
        else:
            async with self._changed:
                self._unclaimed.append(incoming)
                self._changed.notify_all()
        try:
            async with asyncio.timeout(self._limits.hold_s):
                answer = await held.answer
            sent, open_ = await self._write_answer(connection, answer)
            held.sent.set_result(sent)
            if self._autoreply is not None and self._on_exchange is not None:
                self._on_exchange(self._exchange(incoming, answer, sent, f"x{incoming.number:04d}", ()))
            if answer.behaviour == "never":
                await _until_gone(connection, self._limits.hold_s)
            return open_
        except TimeoutError:
            self._refusals.add("http", "nobody answered a request", incoming.request.raw, incoming.tls)
            return False
        finally:
            self._held.pop(incoming.number, None)
            if incoming in self._unclaimed:
                self._unclaimed.remove(incoming)
            if not held.sent.done():
                held.sent.set_result(_Sent(b"", time.monotonic(), "the connection was closed"))

    async def _write_answer(self, connection: Connection, answer: PlannedAnswer) -> tuple[_Sent, bool]:
        await asyncio.sleep(answer.delay_s)
        if answer.behaviour == "never":
            return _Sent(b"", time.monotonic()), False
        if answer.behaviour == "reset":
            connection.stream.reset()
            return _Sent(b"", time.monotonic()), False
        if await _has_gone(connection):
            return _Sent(b"", time.monotonic(), "the caller had closed the connection"), False
        sent = await _send(connection, answer, self._limits.send_s)
        done = connection.http.our_state is h11.DONE and connection.http.their_state is h11.DONE
        return sent, done and not sent.problem

    def _exchange(
        self, incoming: Incoming, answer: PlannedAnswer, sent: _Sent | None, id: str, altered: tuple[str, ...]
    ) -> Exchange:
        response, failure = None, None
        end = sent.finished if sent else time.monotonic()
        if sent and sent.raw:
            response = sent_record(sent.raw, answer.body, complete=answer.behaviour in _WHOLE and not sent.problem)
        if sent is None or sent.problem:
            detail = f"our answer could not be delivered: {sent.problem if sent else 'the caller had gone'}"
            failure = TransportFailure(kind=FailureKind.RESET, detail=detail, after_s=end - incoming.arrived)
        return Exchange(
            id=id,
            transaction=incoming.transaction,
            initiator=Party.SUT,
            url=incoming.url,
            started_at=incoming.arrived_at,
            duration_s=max(0.0, end - incoming.arrived),
            request=incoming.request,
            response=response,
            tls=incoming.tls,
            failure=failure,
            altered=altered,
        )


def _is_served_at(target: str, transaction: str) -> bool:
    """Whether the path ends in the word of the transaction's endpoint: a good message to the wrong address is not taken."""
    path = target.split("?")[0].rstrip("/").lower()
    if transaction == codes.SMP:
        return path.startswith("/smp/")
    return path.endswith(f"/{TRANSACTIONS[transaction].endpoint}")


async def _send(connection: Connection, answer: PlannedAnswer, within_s: float) -> _Sent:
    """Write `answer`, half of its body when it is to be truncated; a caller who has gone or does not read is told in the
    result."""
    chunked = answer.behaviour == "chunked"
    framing = ("Transfer-Encoding", "chunked") if chunked else ("Content-Length", str(len(answer.body)))
    reply = h11.Response(
        status_code=answer.status,
        headers=[(name.encode("ascii"), value.encode("latin-1")) for name, value in (*answer.headers, framing)],
        reason=b"",
    )
    body = answer.body[: len(answer.body) // 2] if answer.behaviour == "truncate" else answer.body
    # At least 1, so that a chunk of nothing does not end the message.
    step = max(1, -(-len(body) // _PIECES)) if chunked else max(1, len(body))
    raw = connection.http.send(reply) or b""
    for at in range(0, len(body), step):
        raw += connection.http.send(h11.Data(data=body[at : at + step])) or b""
    if answer.behaviour != "truncate":
        raw += connection.http.send(h11.EndOfMessage()) or b""
    try:
        async with asyncio.timeout(within_s + answer.trickle_s):
            await _write(connection, raw, answer.trickle_s)
    except TimeoutError:
        return _Sent(b"", time.monotonic(), "the caller did not read it in time")
    except _GONE as exc:
        return _Sent(b"", time.monotonic(), type(exc).__name__)
    return _Sent(raw, time.monotonic())


async def _write(connection: Connection, raw: bytes, over_s: float) -> None:
    """Write `raw` at once, or in pieces spread over that many seconds."""
    step = max(1, -(-len(raw) // _PIECES)) if over_s else len(raw)
    for at in range(0, len(raw), step):
        await asyncio.sleep(over_s / _PIECES if at else 0)
        await connection.stream.send(raw[at : at + step])


async def _has_gone(connection: Connection) -> bool:
    """Whether the caller closed while it waited: a first write into a closed connection may well succeed."""
    if not connection.stream.is_readable():
        return False
    try:
        async with asyncio.timeout(_PEEK_S):
            return not await connection.receive()
    except TimeoutError:
        return False
    except OSError:
        return True


async def _until_gone(connection: Connection, hold_s: float) -> None:
    try:
        async with asyncio.timeout(hold_s):
            while await connection.stream.receive():
                pass
    except OSError:  # time-outs are OSErrors too
        return


def _plain(status: int, text: str) -> PlannedAnswer:
    return PlannedAnswer(
        status=status,
        headers=(("Content-Type", "text/plain; charset=UTF-8"), ("Connection", "close")),
        body=f"{text}\n".encode(),
    )
