"""The listening side on real sockets: rendezvous, bad behaviour on purpose, and what it takes from callers."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.errors import PeerError
from harness.model import Exchange, FailureKind, Party
from harness.peers import Caller, ListenerLimits, PeerServer, Pki, PlannedAnswer, client_context
from tests.peers.peer_bench import call, clock, run

PATIENCE = ListenerLimits(handshake_s=0.5, idle_s=2, head_s=0.4, body_s=0.4, linger_s=0.2, max_body_bytes=100_000)
GOOD = PlannedAnswer(status=200, headers=(("Content-Type", "application/soap+xml"),), body=b"<answer/>")


@contextlib.asynccontextmanager
async def listening(context: ssl.SSLContext, limits: ListenerLimits = PATIENCE) -> AsyncIterator[PeerServer]:
    server = PeerServer(context, clock, limits=limits)
    await server.start("127.0.0.1", {"xcpd": 0, "xca": 0})
    try:
        yield server
    finally:
        await server.aclose()


async def answered(
    server: PeerServer, answer: PlannedAnswer, context: ssl.SSLContext, **options: object
) -> tuple[Exchange, Exchange]:
    """What the caller saw, and what the listener recorded."""
    asking = asyncio.create_task(call(server.endpoints["xcpd"], context, **options))  # type: ignore[arg-type]
    incoming = await server.next_request("ITI-55", 5)
    assert incoming is not None
    ours = await server.reply(incoming, answer, id="x0002", altered=("named",))
    return await asking, ours


def both(
    serving: ssl.SSLContext, calling: ssl.SSLContext, answer: PlannedAnswer, **options: object
) -> tuple[Exchange, Exchange]:
    async def work() -> tuple[Exchange, Exchange]:
        async with listening(serving) as server:
            return await answered(server, answer, calling, **options)

    return run(work())


@pytest.mark.parametrize("chunked", [False, True], ids=["with a length", "in chunks"])
def test_both_ends_record_the_same_bytes(serving: ssl.SSLContext, calling: ssl.SSLContext, chunked: bool) -> None:
    theirs, ours = both(serving, calling, GOOD, body=b"<a>" + b"x" * 20_000 + b"</a>", chunked=chunked)
    assert theirs.response is not None
    assert ours.response is not None
    assert theirs.request.raw == ours.request.raw
    assert theirs.request.body == ours.request.body
    assert theirs.response == ours.response
    assert ours.initiator is Party.SUT
    assert ours.altered == ("named",)
    assert ours.tls is not None
    assert (ours.tls.peer_country, ours.tls.client_certificate_sent) == ("BE", True)
    assert ours.url.endswith("/xcpd")


def test_truncated_answer_arrives_half(serving: ssl.SSLContext, calling: ssl.SSLContext) -> None:
    theirs, ours = both(serving, calling, replace(GOOD, behaviour="truncate"))
    assert theirs.failure is not None
    assert theirs.failure.kind is FailureKind.CUT
    assert ours.response is not None
    assert not ours.response.complete


@pytest.mark.parametrize(("behaviour", "least_s"), [("chunked", 0.0), ("trickle", 0.25)])
def test_answer_in_pieces_arrives_whole(
    behaviour: str, least_s: float, serving: ssl.SSLContext, calling: ssl.SSLContext
) -> None:
    answer = replace(GOOD, behaviour=behaviour, trickle_s=least_s, body=b"<answer>" + b"x" * 999 + b"</answer>")
    theirs, ours = both(serving, calling, answer)
    assert theirs.response is not None
    assert theirs.response == ours.response
    assert theirs.response.body == answer.body
    assert (theirs.response.header("Transfer-Encoding") == "chunked") is (behaviour == "chunked")
    assert theirs.duration_s >= least_s * 0.9


def test_reset_answer_is_a_reset(serving: ssl.SSLContext, calling: ssl.SSLContext) -> None:
    theirs, ours = both(serving, calling, replace(GOOD, behaviour="reset"))
    assert theirs.failure is not None
    assert theirs.failure.kind is FailureKind.RESET
    assert (ours.response, ours.failure) == (None, None)


def test_answer_that_never_comes_lets_the_caller_run_out_of_time(
    serving: ssl.SSLContext, calling: ssl.SSLContext
) -> None:
    theirs, ours = both(serving, calling, replace(GOOD, behaviour="never"), within_s=0.5)
    assert theirs.failure is not None
    assert theirs.failure.kind is FailureKind.TIMED_OUT
    assert ours.response is None


def test_late_answer_to_a_caller_who_has_gone_is_recorded_as_such(
    serving: ssl.SSLContext, calling: ssl.SSLContext
) -> None:
    late = replace(GOOD, delay_s=0.6)
    theirs, ours = both(serving, calling, late, within_s=0.3)
    assert theirs.failure is not None
    assert theirs.failure.kind is FailureKind.TIMED_OUT
    assert ours.failure is not None
    assert ours.failure.kind is FailureKind.RESET


def test_requests_wait_and_are_answered_in_any_order(serving: ssl.SSLContext, calling: ssl.SSLContext) -> None:
    async def work() -> list[bytes]:
        async with listening(serving) as server:
            url = server.endpoints["xcpd"]
            asking = [asyncio.create_task(call(url, calling, body=f"<n{n}/>".encode())) for n in range(5)]
            while len(server.pending()) < 5:
                await asyncio.sleep(0.01)
            taken = [await server.next_request("ITI-55", 1) for _ in range(5)]
            assert await server.next_request("ITI-55", 0.05) is None
            for number, incoming in enumerate(reversed(taken)):
                assert incoming is not None
                await server.reply(incoming, replace(GOOD, body=incoming.request.body), id=f"x{number}")
            return [e.response.body if e.response else b"" for e in await asyncio.gather(*asking)]

    assert run(work()) == [f"<n{n}/>".encode() for n in range(5)]


def test_requests_sent_ahead_are_answered_in_turn(serving: ssl.SSLContext, calling: ssl.SSLContext) -> None:
    async def work() -> bytes:
        async with listening(serving) as server:
            one = b"POST /xcpd HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\n"
            asking = asyncio.create_task(said(server, calling, one + b"1" + one + b"2", wait_s=0.5))
            for number in (1, 2):
                incoming = await server.next_request("ITI-55", 2)
                assert incoming is not None
                assert incoming.request.raw == one + str(number).encode()
                answer = replace(GOOD, delay_s=0.1, body=incoming.request.body)
                await server.reply(incoming, answer, id=f"x{number}")
            return await asking

    assert run(work()) == b""  # the connection stays open, so reading to its end is cut short


def test_connection_is_kept_between_requests(serving: ssl.SSLContext, calling: ssl.SSLContext) -> None:
    async def work() -> None:
        caller = Caller(clock)
        async with listening(serving) as server:
            for _ in range(3):
                theirs, _ = await answered(server, GOOD, calling, caller=caller)
                assert theirs.failure is None
            await caller.aclose()

    run(work())


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
@pytest.mark.parametrize("which", ["missing", "untrusted"])
@pytest.mark.parametrize("settle_s", [0.0, 0.2])
def test_client_certificate_that_is_refused_is_told_in_both_versions(
    version: ssl.TLSVersion, which: str, settle_s: float, serving: ssl.SSLContext, ours: Pki, theirs: Pki
) -> None:
    serving.maximum_version = version
    context = client_context(None if which == "missing" else ours.untrusted_tls, theirs.anchors)

    async def work() -> tuple[Exchange, PeerServer]:
        async with listening(serving) as server:
            return await call(server.endpoints["xca"], context, settle_s=settle_s), server

    exchange, server = run(work())
    assert exchange.failure is not None
    assert exchange.failure.kind is FailureKind.TLS_REFUSED, exchange.failure
    assert [refusal.kind for refusal in server.refused] == ["tls"]


def test_second_reply_to_one_request_is_a_programmers_mistake(serving: ssl.SSLContext, calling: ssl.SSLContext) -> None:
    async def work() -> None:
        async with listening(serving) as server:
            asking = asyncio.create_task(call(server.endpoints["xcpd"], calling))
            incoming = await server.next_request("ITI-55", 5)
            assert incoming is not None
            first = asyncio.create_task(server.reply(incoming, replace(GOOD, delay_s=0.2), id="x1"))
            await asyncio.sleep(0.05)
            with pytest.raises(RuntimeError):
                await server.reply(incoming, GOOD, id="x2")
            await asyncio.gather(first, asking)

    run(work())


def test_autoreply_answers_at_once_and_tells_each_exchange(serving: ssl.SSLContext, calling: ssl.SSLContext) -> None:
    seen: list[Exchange] = []

    async def work() -> Exchange:
        server = PeerServer(serving, clock, autoreply=lambda _: GOOD, on_exchange=seen.append)
        await server.start("127.0.0.1", {})
        try:
            return await call(server.endpoints["xca"], calling)
        finally:
            await server.aclose()

    exchange = run(work())
    assert exchange.response is not None
    assert exchange.response.body == b"<answer/>"
    assert [e.transaction for e in seen] == ["ITI-38"]


def test_taken_port_is_a_peer_error(serving: ssl.SSLContext) -> None:
    async def work() -> None:
        async with listening(serving) as server:
            port = int(server.endpoints["xca"].rsplit(":", 1)[1].split("/")[0])
            second = PeerServer(serving, clock)
            with pytest.raises(PeerError, match="listen"):
                await second.start("127.0.0.1", {"xcpd": port, "xca": port})
            await second.aclose()

    run(work())


async def said(server: PeerServer, context: ssl.SSLContext, raw: bytes, *, wait_s: float = 2.0) -> bytes:
    """What the listener answers to bytes that no HTTP client would send."""
    port = int(server.endpoints["xca"].rsplit(":", 1)[1].split("/")[0])
    reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context)
    try:
        writer.write(raw)
        with contextlib.suppress(OSError):
            await writer.drain()
        async with asyncio.timeout(wait_s):
            return await reader.read()
    except (TimeoutError, ConnectionError):
        return b""
    finally:
        writer.transport.abort()


BAD = {
    "garbage": (b"\x00\xff garbage\r\n\r\n", b"400"),
    "header bomb": (b"POST /xca HTTP/1.1\r\nHost: x\r\nX: " + b"y" * 100_000, b"431"),
    "many headers": (b"POST /xca HTTP/1.1\r\n" + b"X: y\r\n" * 20_000, b"431"),
    "body that is too large": (
        b"POST /xca HTTP/1.1\r\nHost: x\r\nContent-Length: 200000\r\n\r\n" + b"x" * 200_000,
        b"413",
    ),
    "two lengths": (b"POST /xca HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", b"400"),
    "no host": (b"POST /xca HTTP/1.1\r\n\r\n", b"400"),
    "reading instead of posting": (b"GET /xca?wsdl HTTP/1.1\r\nHost: x\r\n\r\n", b"405"),
    "unknown path": (b"POST /other HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\nx", b"404"),
    "head that never ends": (b"POST /xca HTTP/1.1\r\nHost: x\r\n", b"408"),
    "body that never ends": (b"POST /xca HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nx", b"408"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_request_gets_its_status_and_the_listener_goes_on(
    name: str, serving: ssl.SSLContext, calling: ssl.SSLContext
) -> None:
    raw, status = BAD[name]

    async def work() -> bytes:
        async with listening(serving) as server:
            answer = await said(server, calling, raw)
            assert [refusal.kind for refusal in server.refused] == ["http"]
            theirs, _ = await answered(server, GOOD, calling)
            assert theirs.failure is None
            return answer

    assert run(work()).split(b" ")[1:2] == [status]


def test_caller_who_never_shakes_hands_is_dropped(serving: ssl.SSLContext) -> None:
    async def work() -> PeerServer:
        async with listening(serving) as server:
            port = int(server.endpoints["xca"].rsplit(":", 1)[1].split("/")[0])
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            assert await reader.read() == b""
            writer.close()
            return server

    assert "did not end in time" in run(work()).refused[0].detail


def test_continue_is_said_to_a_caller_who_waits_for_it(serving: ssl.SSLContext, calling: ssl.SSLContext) -> None:
    async def work() -> bytes:
        async with listening(serving) as server:
            raw = b"POST /xca HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n"
            return await said(server, calling, raw)

    assert run(work()).startswith(b"HTTP/1.1 100")


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(pieces=st.lists(st.binary(min_size=1, max_size=60), min_size=1, max_size=10))
def test_arbitrary_bytes_never_stop_the_listener(
    pieces: list[bytes], serving: ssl.SSLContext, calling: ssl.SSLContext
) -> None:
    async def work() -> None:
        limits = replace(PATIENCE, head_s=0.05, body_s=0.05, idle_s=0.1, linger_s=0.05)
        async with listening(serving, limits) as server:
            await said(server, calling, b"\r\n".join(pieces), wait_s=0.3)
            assert await server.next_request("ITI-55", 0.001) is None

    run(work())
