"""Asking over HTTPS: one call, its exact bytes both ways, and how it ended.

httpcore (which carries httpx) is used directly: httpx would add header fields of its own and decode contents, while
evidence is what really crossed the wire. Whatever happens on the way is a `TransportFailure` of the exchange, not an
exception; nothing is judged here.
"""

import asyncio
import logging
import os
import socket
import ssl
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass

import httpcore

from harness.errors import InputError, Problem
from harness.model import Exchange, FailureKind, HttpRecord, Party, TransportFailure
from harness.peers.clock import Clock
from harness.peers.recording import RECORDER, Recorder, RecordingBackend, TooLarge
from harness.peers.records import MAX_BODY_BYTES, MAX_HEAD_BYTES, read_response, sent_record

_log = logging.getLogger(__name__)

MAX_RAW_BYTES = MAX_BODY_BYTES + MAX_HEAD_BYTES
CONNECT_TIMEOUT_S = 10.0
CHUNK_BYTES = 8192
_KEEP_ALIVE_S = 15.0
_MAX_CONNECTIONS = 64
_ERRORS = (httpcore.NetworkError, httpcore.ProtocolError, httpcore.TimeoutException, TimeoutError)


@dataclass(frozen=True, slots=True, kw_only=True)
class OutgoingRequest:
    """What is to be posted to `url`. Host and the framing fields are added; `chunked` sends chunks of 8 KiB.

    `settle_s` waits that long between the TLS handshake and the first byte: in TLS 1.3 a server refuses a client
    certificate after the client's side of the handshake is done, and a request already under way may drown the alert.
    """

    url: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    chunked: bool = False
    settle_s: float = 0.0
    method: str = "POST"


class Caller:
    """Makes calls and keeps connections between them, one pool for each TLS context; close it with `aclose`."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        # By identity of the context; the context is kept so that its identity cannot be given to another one.
        self._pools: dict[int, tuple[ssl.SSLContext | None, httpcore.AsyncConnectionPool]] = {}

    async def exchange(
        self,
        request: OutgoingRequest,
        *,
        id: str,
        transaction: str,
        context: ssl.SSLContext | None,
        within_s: float,
        connect_timeout_s: float = CONNECT_TIMEOUT_S,
        client_certificate: bool = True,
        altered: tuple[str, ...] = (),
    ) -> Exchange:
        """The call of `request` and what came of it, after `within_s` at the latest.

        `within_s` bounds everything together: connecting, sending, and an answer that trickles in. `client_certificate`
        says whether `context` offers one (recorded with the TLS facts). A kept connection that the other end had closed
        in the meantime is replaced by a new one, since that is no answer to this request.

        Raises:
            InputError: the URL cannot be called (no http or https address).
        """
        target = _target(request.url)
        pool = self._pool(context)
        started_at, start = self._clock(), time.monotonic()
        while True:
            recorder = Recorder(
                settle_s=request.settle_s, client_certificate=client_certificate, max_bytes=MAX_RAW_BYTES
            )
            token = RECORDER.set(recorder)
            problem: BaseException | None = None
            try:
                async with asyncio.timeout(within_s - (time.monotonic() - start)):
                    await _call(pool, target, request, connect_timeout_s)
            except (*_ERRORS, TooLarge) as exc:
                problem = exc
            finally:
                RECORDER.reset(token)
            if not _was_stale(recorder, problem):
                break
            _log.debug("%s: a kept connection had gone away, calling again on a new one", id)
        after_s = time.monotonic() - start
        response, failure = _outcome(recorder, problem, after_s)
        return Exchange(
            id=id,
            transaction=transaction,
            initiator=Party.PEER,
            url=request.url,
            started_at=started_at,
            duration_s=_duration(recorder, after_s),
            request=_request_record(request, target, recorder),
            response=response,
            tls=recorder.tls,
            failure=failure,
            altered=altered,
        )

    async def aclose(self) -> None:
        """Close all kept connections."""
        for _, pool in self._pools.values():
            await pool.aclose()
        self._pools.clear()

    def _pool(self, context: ssl.SSLContext | None) -> httpcore.AsyncConnectionPool:
        known = self._pools.get(id(context))
        if known is not None:
            return known[1]
        pool = httpcore.AsyncConnectionPool(
            ssl_context=context,
            max_connections=_MAX_CONNECTIONS,
            keepalive_expiry=_KEEP_ALIVE_S,
            network_backend=RecordingBackend(),
        )
        self._pools[id(context)] = (context, pool)
        return pool


async def _call(
    pool: httpcore.AsyncConnectionPool, target: httpcore.URL, request: OutgoingRequest, connect_timeout_s: float
) -> None:
    response = await pool.handle_async_request(
        httpcore.Request(
            method=request.method,
            url=target,
            headers=[(name.encode("ascii"), value.encode("latin-1")) for name, value in _fields(target, request)],
            content=_chunks(request.body) if request.chunked else request.body,
            extensions={"timeout": {"connect": connect_timeout_s}},
        )
    )
    try:
        async for _ in response.aiter_stream():
            pass  # the recorder has the bytes
    finally:
        await response.aclose()


async def _chunks(body: bytes) -> AsyncIterator[bytes]:
    for at in range(0, len(body), CHUNK_BYTES):
        yield body[at : at + CHUNK_BYTES]


def _fields(target: httpcore.URL, request: OutgoingRequest) -> tuple[tuple[str, str], ...]:
    host = target.host.decode("ascii")
    host = f"[{host}]" if ":" in host else host
    authority = f"{host}:{target.port}" if target.port else host
    framing = ("Transfer-Encoding", "chunked") if request.chunked else ("Content-Length", str(len(request.body)))
    return (("Host", authority), *request.headers, framing)


def _target(url: str) -> httpcore.URL:
    try:
        target = httpcore.URL(url)
    except (ValueError, UnicodeError) as exc:
        raise InputError(_not_callable(url)) from exc
    if target.scheme not in (b"http", b"https") or not target.host:
        raise InputError(_not_callable(url))
    return target


def _not_callable(url: str) -> Problem:
    return Problem(
        problem="not an address that can be called", option="endpoints", expected=("https://host:port/path",), found=url
    )


def _request_record(request: OutgoingRequest, target: httpcore.URL, recorder: Recorder) -> HttpRecord:
    raw = bytes(recorder.sent)
    if raw:
        unfinished = recorder.write_problem is not None or recorder.phase == "sending"
        return sent_record(raw, request.body, complete=not unfinished)
    start_line = f"{request.method} {target.target.decode('ascii')} HTTP/1.1"
    return HttpRecord(
        raw=b"", body=request.body, start_line=start_line, headers=_fields(target, request), complete=False
    )


def _duration(recorder: Recorder, after_s: float) -> float:
    if recorder.first_sent is None:
        return after_s
    return (recorder.last_received or time.monotonic()) - recorder.first_sent


def _was_stale(recorder: Recorder, problem: BaseException | None) -> bool:
    """Whether a kept connection turned out to be closed: nothing came back, and it was not for lack of time."""
    if problem is None or isinstance(problem, TimeoutError | TooLarge):
        return False
    return not recorder.fresh and recorder.first_sent is not None and not recorder.received


def _outcome(
    recorder: Recorder, problem: BaseException | None, after_s: float
) -> tuple[HttpRecord | None, TransportFailure | None]:
    """The response, as far as there is one, and why it is not a whole one."""
    raw = bytes(recorder.received)
    if not raw:
        kind, detail = _silent_failure(recorder, problem)
        return None, TransportFailure(kind=kind, detail=detail, after_s=after_s)
    read = read_response(raw, ended=recorder.ended)
    if read.trailing and recorder.stream is not None:
        recorder.stream.spoil()
    if read.record.complete:
        return read.record, None
    kind, detail = FailureKind.CUT, read.problem
    if read.miscoded:
        kind = FailureKind.NOT_HTTP
    elif not read.is_http and not _may_be_http(raw):
        kind, detail = FailureKind.NOT_HTTP, "the answer does not begin with an HTTP status line"
    elif isinstance(problem, TooLarge):
        detail = f"the answer is larger than {MAX_RAW_BYTES} bytes"
    elif isinstance(problem, TimeoutError):
        kind, detail = FailureKind.TIMED_OUT, "the answer began and did not end in time"
    elif isinstance(problem, httpcore.RemoteProtocolError) and not recorder.ended:
        kind = FailureKind.NOT_HTTP
    elif _find(problem, ConnectionError):
        kind, detail = FailureKind.RESET, "the connection was reset within the answer"
    return read.record, TransportFailure(kind=kind, detail=detail, after_s=after_s)


def _may_be_http(raw: bytes) -> bool:
    return raw[:5] == b"HTTP/"[: len(raw[:5])]


def _silent_failure(recorder: Recorder, problem: BaseException | None) -> tuple[FailureKind, str]:
    """What happened when no byte of an answer came."""
    late = isinstance(problem, TimeoutError | httpcore.TimeoutException)
    if _find(problem, socket.gaierror):
        return FailureKind.NAME_NOT_RESOLVED, "the host name cannot be resolved"
    if recorder.phase in ("resolving", "connecting"):
        cause = _find(problem, OSError)
        reason = "not accepted in time" if late or cause is None else os.strerror(cause.errno or 0).lower()
        return FailureKind.NOT_REACHABLE, f"no connection: {reason}"
    refusal = _find(problem, ssl.SSLError) or _find(recorder.write_problem, ssl.SSLError)
    if refusal is not None:
        return FailureKind.TLS_REFUSED, f"TLS: {_tls_reason(refusal)}"
    if recorder.phase in ("connected", "handshake"):
        if late:
            return FailureKind.TIMED_OUT, "connected, but the TLS handshake did not end in time"
        return FailureKind.TLS_REFUSED, "TLS: the connection was closed during or right after the handshake"
    if late:
        return FailureKind.TIMED_OUT, "connected, but no answer came in time"
    if _find(problem, ConnectionError) or recorder.write_problem is not None:
        return FailureKind.RESET, "the connection was reset before any answer"
    return FailureKind.CUT, "the connection was closed before any answer"


def _tls_reason(error: ssl.SSLError) -> str:
    """The library's words for a TLS failure, without its source file position."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"we do not accept the server's certificate ({error.verify_message})"
    return (error.reason or error.strerror or "failed").replace("_", " ").lower()


def _find[E: BaseException](problem: BaseException | None, kind: type[E]) -> E | None:
    """The first error of `kind` among `problem` and what it came from."""
    while problem is not None:
        # A read that has to wait is told by an exception too; where a call was cut short, it says nothing about why.
        if isinstance(problem, kind) and not isinstance(problem, ssl.SSLWantReadError):
            return problem
        problem = problem.__context__  # not the cause: the pool clears that when it raises again
    return None
