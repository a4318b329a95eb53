"""Every way a call can end, provoked by a server that misbehaves on real sockets."""

import asyncio
import socket
import ssl
import struct

import pytest

from harness.errors import InputError
from harness.model import Exchange, FailureKind
from harness.peers import Caller, Pki, client_context, server_context
from tests.peers.peer_bench import Misbehaviour, call, clock, raw_server, run

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nContent-Length: 4\r\n\r\n<b/>"


async def read_request(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readuntil(b"\r\n\r\n")
    length = next(
        (int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length")), 0
    )
    return head + await reader.readexactly(length)


def answering(raw: bytes, *, then_s: float = 0.0) -> Misbehaviour:
    """Answer each request with `raw`, stay silent for `then_s`, and close."""

    async def behave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(raw)
        await writer.drain()
        await asyncio.sleep(then_s)
        writer.close()
        await asyncio.sleep(0.05)

    return behave


async def resetting(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await read_request(reader)
    raw = writer.get_extra_info("socket")
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await asyncio.sleep(0.8)


async def trickling(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await read_request(reader)
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
    for _ in range(100):
        writer.write(b"x")
        await writer.drain()
        await asyncio.sleep(0.05)


def outcome(
    behave: Misbehaviour, serving: ssl.SSLContext | None, calling: ssl.SSLContext, **options: float
) -> Exchange:
    async def work() -> Exchange:
        server, port = await raw_server(behave, serving)
        async with server:
            return await call(f"https://127.0.0.1:{port}/xcpd", calling, **options)  # type: ignore[arg-type]

    return run(work())


def test_good_answer_is_recorded_byte_for_byte(serving: ssl.SSLContext, calling: ssl.SSLContext) -> None:
    exchange = outcome(answering(ANSWER), serving, calling)
    assert exchange.failure is None
    assert exchange.response is not None
    assert exchange.response.raw == ANSWER
    assert (exchange.response.status, exchange.response.body) == (200, b"<b/>")
    assert exchange.request.raw.startswith(b"POST /xcpd HTTP/1.1\r\nHost: 127.0.0.1:")
    assert exchange.request.raw.endswith(b"\r\n\r\n<a/>")
    assert exchange.request.complete
    assert exchange.tls is not None
    assert exchange.tls.peer_country == "FR"
    assert exchange.tls.version in ("TLSv1.2", "TLSv1.3")
    assert 0 <= exchange.duration_s < 5


CASES = {
    "reset before an answer": (resetting, FailureKind.RESET, {}),
    "accepted and silent": (silent, FailureKind.TIMED_OUT, {"within_s": 0.4}),
    "closed without an answer": (answering(b""), FailureKind.CUT, {}),
    "shorter than its content length": (answering(ANSWER[:-2]), FailureKind.CUT, {}),
    "cut within the head": (answering(b"HTTP/1.1 200 OK\r\nConte"), FailureKind.CUT, {}),
    "chunks without an end": (
        answering(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\n<b/>\r\n"),
        FailureKind.CUT,
        {},
    ),
    "chunk size that is no number": (
        answering(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n<b/>\r\n", then_s=0.5),
        FailureKind.NOT_HTTP,
        {},
    ),
    "garbage": (answering(b"\x00\x01garbage\r\n\r\n"), FailureKind.NOT_HTTP, {}),
    "garbage that never ends": (answering(b"220 mail.example", then_s=0.8), FailureKind.NOT_HTTP, {"within_s": 0.4}),
    "header bomb": (
        answering(b"HTTP/1.1 200 OK\r\n" + b"X: " + b"y" * 300_000, then_s=1),
        FailureKind.NOT_HTTP,
        {},
    ),
    "answer that trickles in": (trickling, FailureKind.TIMED_OUT, {"within_s": 0.4}),
}


@pytest.mark.parametrize("name", CASES)
def test_each_bad_ending_is_named(name: str, serving: ssl.SSLContext, calling: ssl.SSLContext) -> None:
    behave, kind, options = CASES[name]
    exchange = outcome(behave, serving, calling, **options)
    assert exchange.failure is not None
    assert exchange.failure.kind is kind, exchange.failure
    assert exchange.failure.after_s < 2.5
    assert exchange.response is None or not exchange.response.complete


def test_partial_answer_is_kept_as_evidence(serving: ssl.SSLContext, calling: ssl.SSLContext) -> None:
    exchange = outcome(answering(ANSWER[:-2]), serving, calling)
    assert exchange.response is not None
    assert exchange.response.body == b"<b"
    assert exchange.response.start_line == "HTTP/1.1 200 OK"


def test_body_without_length_ends_with_the_connection(serving: ssl.SSLContext, calling: ssl.SSLContext) -> None:
    exchange = outcome(answering(b"HTTP/1.1 200 OK\r\n\r\n<b/>"), serving, calling)
    assert exchange.failure is None
    assert exchange.response is not None
    assert exchange.response.body == b"<b/>"


def test_interim_response_is_skipped_but_recorded(serving: ssl.SSLContext, calling: ssl.SSLContext) -> None:
    exchange = outcome(answering(b"HTTP/1.1 100 Continue\r\n\r\n" + ANSWER), serving, calling)
    assert exchange.response is not None
    assert exchange.response.start_line == "HTTP/1.1 200 OK"
    assert exchange.response.raw.startswith(b"HTTP/1.1 100")


def test_closed_port_is_not_reachable(calling: ssl.SSLContext) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        exchange = run(call(f"https://127.0.0.1:{port}/xcpd", calling))
    assert exchange.failure is not None
    assert exchange.failure.kind is FailureKind.NOT_REACHABLE
    assert "refused" in exchange.failure.detail
    assert exchange.request.raw == b""
    assert exchange.request.header("content-length") == "4"


def test_unknown_name_is_not_resolved(calling: ssl.SSLContext) -> None:
    exchange = run(call("https://ncp.invalid/xcpd", calling))
    assert exchange.failure is not None
    assert exchange.failure.kind is FailureKind.NAME_NOT_RESOLVED


def test_silent_handshake_times_out(calling: ssl.SSLContext) -> None:
    exchange = outcome(silent, None, calling, connect_timeout_s=0.3)
    assert exchange.failure is not None
    assert exchange.failure.kind is FailureKind.TIMED_OUT
    assert "handshake" in exchange.failure.detail


def test_port_that_speaks_no_tls_refuses_tls(calling: ssl.SSLContext) -> None:
    async def plain(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(100)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        await writer.drain()

    exchange = outcome(plain, None, calling)
    assert exchange.failure is not None
    assert exchange.failure.kind is FailureKind.TLS_REFUSED


def test_server_we_do_not_trust_is_refused_by_us(serving: ssl.SSLContext, ours: Pki) -> None:
    exchange = outcome(answering(ANSWER), serving, client_context(ours.tls, ours.anchors))
    assert exchange.failure is not None
    assert exchange.failure.kind is FailureKind.TLS_REFUSED
    assert "certificate" in exchange.failure.detail


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
@pytest.mark.parametrize("which", ["missing", "untrusted"])
def test_client_certificate_refused_is_tls_refused_in_both_versions(
    version: ssl.TLSVersion, which: str, serving: ssl.SSLContext, ours: Pki, theirs: Pki
) -> None:
    serving.maximum_version = version
    context = client_context(None if which == "missing" else ours.untrusted_tls, theirs.anchors)
    # This server closes without an alert in TLS 1.3; that it does so before any request can only be seen by waiting.
    exchange = outcome(answering(ANSWER), serving, context, settle_s=0.2)
    assert exchange.failure is not None
    assert exchange.failure.kind is FailureKind.TLS_REFUSED, exchange.failure


def test_settling_does_not_disturb_a_server_that_agrees(serving: ssl.SSLContext, calling: ssl.SSLContext) -> None:
    assert outcome(answering(ANSWER), serving, calling, settle_s=0.1).failure is None


def test_server_without_client_certificate_demand_answers(ours: Pki, theirs: Pki, calling: ssl.SSLContext) -> None:
    lenient = server_context(theirs.tls, ours.anchors)
    lenient.verify_mode = ssl.CERT_NONE
    assert outcome(answering(ANSWER), lenient, calling).failure is None


def test_connections_are_kept_and_a_closed_one_is_replaced(serving: ssl.SSLContext, calling: ssl.SSLContext) -> None:
    connections = 0

    async def twice(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        for _ in range(2):
            await read_request(reader)
            writer.write(ANSWER)
            await writer.drain()
        # The third request on this connection is read and then dropped, as a server does that just ran out of patience.
        await read_request(reader)

    async def work() -> list[FailureKind | None]:
        server, port = await raw_server(twice, serving)
        caller = Caller(clock)
        async with server:
            done = [await call(f"https://127.0.0.1:{port}/xcpd", calling, caller=caller) for _ in range(3)]
            await caller.aclose()
        return [exchange.failure.kind if exchange.failure else None for exchange in done]

    assert run(work()) == [None, None, None]
    assert connections == 2


def test_bytes_after_the_end_are_recorded_and_spoil_the_connection(
    serving: ssl.SSLContext, calling: ssl.SSLContext
) -> None:
    connections = 0

    async def overlong(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        while True:
            await read_request(reader)
            writer.write(ANSWER + b"more")
            await writer.drain()

    async def work() -> list[Exchange]:
        server, port = await raw_server(overlong, serving)
        caller = Caller(clock)
        async with server:
            done = [await call(f"https://127.0.0.1:{port}/xcpd", calling, caller=caller) for _ in range(2)]
            await caller.aclose()
        return done

    first, second = run(work())
    assert first.response is not None
    assert first.response.raw == ANSWER + b"more"
    assert second.failure is None
    assert connections == 2


def test_early_answer_to_an_unread_body_is_seen(serving: ssl.SSLContext, calling: ssl.SSLContext) -> None:
    async def impatient(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        await writer.drain()
        await asyncio.sleep(0.3)

    async def work() -> Exchange:
        server, port = await raw_server(impatient, serving)
        async with server:
            return await call(f"https://127.0.0.1:{port}/xcpd", calling, body=b"x" * 20_000_000)

    exchange = run(work())
    assert exchange.response is not None
    assert exchange.response.status == 413


def test_cancelled_call_leaves_nothing_behind(serving: ssl.SSLContext, calling: ssl.SSLContext) -> None:
    async def work() -> int:
        server, port = await raw_server(silent, serving)
        caller = Caller(clock)
        async with server:
            task = asyncio.create_task(call(f"https://127.0.0.1:{port}/xcpd", calling, caller=caller))
            await asyncio.sleep(0.2)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            await caller.aclose()
        return len(asyncio.all_tasks())

    assert run(work()) <= 2


@pytest.mark.parametrize("url", ["ftp://host/x", "https:///x", "https://host:port/", "no address"])
def test_address_that_cannot_be_called_is_the_operators_to_change(url: str, calling: ssl.SSLContext) -> None:
    with pytest.raises(InputError):
        run(call(url, calling))
