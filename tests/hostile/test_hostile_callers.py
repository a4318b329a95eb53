"""Callers that mean ill: each is answered or refused in time, what came is kept, and others are served meanwhile."""

import asyncio
import contextlib
import gzip
import ssl
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from harness.model import Exchange
from harness.peers import (
    Incoming,
    ListenerLimits,
    PeerServer,
    PlannedAnswer,
    RespondingGateway,
    SeededIds,
    client_context,
    make_pki,
    server_context,
)
from tests.hostile.hostile_bench import Bench, discovery, now, post

LIMITS = ListenerLimits(
    handshake_s=0.5,
    head_s=0.5,
    body_s=0.5,
    send_s=0.5,
    linger_s=0.1,
    max_body_bytes=300_000,
    max_framing_bytes=20_000,
    max_refused_bytes=1000,
    max_refused_total_bytes=50_000,
    max_refusals=100,
)
HEAD = b"POST /xcpd HTTP/1.1\r\nHost: peer\r\nContent-Type: application/soap+xml\r\n"


class Listening:
    """Our country A on loopback, what it answered, and raw connections to it."""

    def __init__(self, bench: Bench, server: PeerServer, seen: list[Exchange]) -> None:
        self.bench, self.server, self.seen = bench, server, seen
        self.port = int(server.endpoints["xcpd"].rsplit(":", 1)[1].split("/")[0])
        self.context = client_context(bench.identity.tls, bench.pki.anchors)
        self.writers: list[asyncio.StreamWriter] = []

    async def opened(self, context: ssl.SSLContext | None) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """A raw connection, in clear without a context; it is dropped when the listener is closed."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port, ssl=context)
        self.writers.append(writer)
        return reader, writer

    async def said(self, raw: bytes, *, context: ssl.SSLContext | None = None, within_s: float = 20.0) -> bytes:
        """What comes back for `raw` until the connection ends; empty when it is refused."""
        async with asyncio.timeout(within_s):
            try:
                reader, writer = await self.opened(context or self.context)
                writer.write(raw)
                return await reader.read()
            except OSError:
                return b""

    async def is_well(self) -> bool:
        """Whether a good request is answered with a patient, long before the patience with slow callers ends."""
        async with asyncio.timeout(20):
            return b"PRPA_IN201306UV02" in await self.said(post(discovery(self.bench)))


@contextlib.asynccontextmanager
async def listening(bench: Bench, limits: ListenerLimits = LIMITS) -> AsyncIterator[Listening]:
    seen: list[Exchange] = []
    gateway = RespondingGateway(bench.ours, bench.library.populations["default"], now, SeededIds(1))

    def answer(incoming: Incoming) -> PlannedAnswer:
        return gateway.answer(incoming.request, incoming.transaction, {})

    server = PeerServer(
        server_context(bench.pki.tls, bench.identity.authority),
        now,
        limits=limits,
        autoreply=answer,
        on_exchange=seen.append,
    )
    await server.start("127.0.0.1", {"xcpd": 0, "xca": 0, "xdr": 0})
    peer = Listening(bench, server, seen)
    try:
        yield peer
    finally:
        for writer in peer.writers:
            writer.transport.abort()
        await server.aclose()


def chunk(data: bytes, extension: bytes = b"") -> bytes:
    return b"%x%s\r\n%s\r\n" % (len(data), extension, data)


CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n"
REFUSED: dict[str, tuple[bytes, int]] = {
    "a length and chunks": (CHUNKED + b"Content-Length: 4\r\n\r\n0\r\n\r\n", 400),
    "two lengths": (HEAD + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nab", 400),
    "a length with a sign": (HEAD + b"Content-Length: +1\r\n\r\na", 400),
    "a field name with a space": (HEAD + b"Content-Length : 1\r\n\r\na", 400),
    "chunks twice": (CHUNKED + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 501),
    "chunks that are not the last coding": (HEAD + b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n", 501),
    "chunks in HTTP/1.0": (CHUNKED.replace(b"HTTP/1.1", b"HTTP/1.0") + b"\r\n0\r\n\r\n", 400),
    "a chunk length that is no number": (CHUNKED + b"\r\nxyz\r\nabc\r\n0\r\n\r\n", 400),
    "a chunk length beyond all bounds": (CHUNKED + b"\r\n" + b"f" * 40 + b"\r\nabc", 400),
    "a flood of tiny chunks": (CHUNKED + b"\r\n" + chunk(b"x") * 30_000 + b"0\r\n\r\n", 413),
    "long chunk extensions": (CHUNKED + b"\r\n" + chunk(b"x", b";a=" + b"y" * 4000) * 30 + b"0\r\n\r\n", 413),
    "a trailer without end": (CHUNKED + b"\r\n0\r\n" + b"X: y\r\n" * 20_000, 431),
    "a body that is too large": (HEAD + b"Content-Length: 400000\r\n\r\n" + b"x" * 400_000, 413),
    "a length that is too large, and slow": (HEAD + b"Content-Length: 400000\r\n\r\nx", 408),
    "a gzip bomb": (
        post(gzip.compress(b" " * 50_000_000)).replace(b"\r\nHost", b"\r\nContent-Encoding: gzip\r\nHost"),
        413,
    ),
    "gzip that is none": (post(b"no gzip").replace(b"\r\nHost", b"\r\nContent-Encoding: gzip\r\nHost"), 400),
    "a coding nobody knows": (post(b"x").replace(b"\r\nHost", b"\r\nContent-Encoding: zz\r\nHost"), 415),
    "a head without end": (HEAD, 408),
    "a head that is too large": (HEAD + b"X: " + b"y" * 100_000, 431),
    "another method": (b"PROPFIND /xcpd HTTP/1.1\r\nHost: peer\r\n\r\n", 405),
    "another protocol": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
}


@pytest.mark.parametrize("name", REFUSED)
def test_bad_request_is_refused_and_what_came_is_kept(bench: Bench, name: str) -> None:
    raw, status = REFUSED[name]

    async def work() -> None:
        async with listening(bench) as peer:
            answer = await peer.said(raw)
            refusal = peer.server.take_refused()[0]

            assert answer.split(b" ")[1:2] == [str(status).encode()], (answer, refusal.detail)
            assert refusal.raw == raw[: len(refusal.raw)]
            assert len(refusal.raw) == min(len(raw), 1000)
            assert len(refusal.raw) <= refusal.received_bytes <= len(raw)
            assert refusal.tls is not None
            assert refusal.tls.peer_country == "FR"
            assert not peer.seen
            assert await peer.is_well()

    asyncio.run(work())


WRONG: dict[str, bytes] = {
    "garbage where XML is announced": post(b"\x00\xff<"),
    "a boundary that does not occur": post(b"--a\r\n\r\n<x/>\r\n--a--", content_type='multipart/related; boundary="b"'),
    "a multipart without boundary": post(b"--a\r\n\r\n<x/>\r\n--a--", content_type="multipart/related"),
    "a multipart that is not closed": post(b"--a\r\n\r\n<x/>", content_type='multipart/related; boundary="a"'),
    "an entity bomb": post(b'<!DOCTYPE a [<!ENTITY b "b"><!ENTITY c "&b;&b;">]><a>&c;</a>'),
    "deep nesting": post(b"<a>" * 40_000 + b"</a>" * 40_000),
    "nothing": post(b""),
}


@pytest.mark.parametrize("name", WRONG)
def test_message_that_cannot_be_read_gets_a_fault_and_is_an_exchange(bench: Bench, name: str) -> None:
    async def work() -> None:
        async with listening(bench) as peer:
            answer = await peer.said(WRONG[name])

            assert b"Fault" in answer
            assert b"Exemplaire" not in answer
            assert [x.request.raw for x in peer.seen] == [WRONG[name]]
            assert await peer.is_well()

    asyncio.run(work())


def test_repeated_message_id_is_answered_and_kept_twice(bench: Bench) -> None:
    request = post(discovery(bench))

    async def work() -> None:
        async with listening(bench) as peer:
            assert b"PRPA_IN201306UV02" in await peer.said(request)
            assert b"PRPA_IN201306UV02" in await peer.said(request)
            assert [x.request.raw for x in peer.seen] == [request, request]

    asyncio.run(work())


@pytest.mark.parametrize("which", ["no certificate", "a foreign certificate", "no TLS at all"])
def test_caller_without_our_trust_gets_no_patient(bench: Bench, which: str) -> None:
    foreign = make_pki("FR", "127.0.0.1", now())
    context = client_context(foreign.tls if which == "a foreign certificate" else None, bench.pki.anchors)
    request = post(discovery(bench))

    async def work() -> None:
        async with listening(bench) as peer:
            if which == "no TLS at all":
                reader, writer = await peer.opened(None)
                writer.write(request)
                answer = await reader.read()
            else:
                answer = await peer.said(request, context=context)
            (refusal,) = peer.server.take_refused()

            assert b"HTTP/1.1" not in answer
            assert (refusal.kind, bool(refusal.raw)) == ("tls", True)
            assert not peer.seen
            assert await peer.is_well()

    asyncio.run(work())


async def _cut(peer: Listening, sent: bytes, secured: bool) -> None:
    _, writer = await peer.opened(peer.context if secured else None)
    writer.write(sent)
    await writer.drain()
    await asyncio.sleep(0.02)
    writer.transport.abort()


ABORTS: dict[str, tuple[bytes, bool]] = {
    "before the handshake": (b"", False),
    "within the handshake": (b"\x16\x03\x01\x02\x00\x01\x00\x01", False),
    "after the handshake": (b"", True),
    "within the head": (HEAD[:30], True),
    "within the body": (HEAD + b"Content-Length: 900\r\n\r\n<a>", True),
    "within a chunk": (CHUNKED + b"\r\nff\r\nabc", True),
    "before the answer": (post(b"<a/>"), True),
}


@pytest.mark.parametrize("name", ABORTS)
def test_caller_who_goes_away_leaves_the_listener_well(bench: Bench, name: str) -> None:
    async def work() -> None:
        async with listening(bench) as peer:
            await asyncio.gather(*(_cut(peer, *ABORTS[name]) for _ in range(20)))
            assert await peer.is_well()

    asyncio.run(work())


def test_caller_who_does_not_read_is_given_up(bench: Bench) -> None:
    async def work() -> None:
        async with listening(bench, replace(LIMITS, send_s=0.3)) as peer:
            large = PlannedAnswer(status=200, headers=(), body=b"x" * 30_000_000)
            peer.server._autoreply = lambda _: large
            _, writer = await peer.opened(peer.context)
            writer.write(post(b"<a/>"))
            writer.transport.pause_reading()  # type: ignore[attr-defined]
            while not peer.seen:
                await asyncio.sleep(0.05)
            writer.transport.abort()
            failure = peer.seen[0].failure
            assert failure is not None
            assert "did not read" in failure.detail

    asyncio.run(work())


def test_five_hundred_slow_callers_do_not_keep_others_waiting(bench: Bench) -> None:
    async def slow(peer: Listening, number: int) -> None:
        secured = number % 5 != 0
        _, writer = await peer.opened(peer.context if secured else None)
        writer.write((b"\x16", b"", HEAD, HEAD + b"Content-Length: 9\r\n\r\n<", CHUNKED + b"\r\n9\r\n")[number % 5])
        await asyncio.sleep(90)

    async def work() -> None:
        patient = replace(LIMITS, handshake_s=90, head_s=90, body_s=90)
        async with listening(bench, patient) as peer:
            callers = [asyncio.create_task(slow(peer, number)) for number in range(500)]
            while len(peer.server._connections) < 500:
                await asyncio.sleep(0.05)
            assert await peer.is_well()
            for caller in callers:
                caller.cancel()
            await asyncio.gather(*callers, return_exceptions=True)

    asyncio.run(work())


def test_one_connection_too_many_is_closed_and_noted(bench: Bench) -> None:
    async def work() -> None:
        async with listening(bench, replace(LIMITS, max_connections=3, handshake_s=5)) as peer:
            held = [await peer.opened(None) for _ in range(3)]
            assert await peer.said(b"") == b""
            for _, writer in held:
                writer.close()
            assert "too many connections at once" in [r.detail for r in peer.server.refused]

    asyncio.run(work())


def test_requests_that_fill_the_memory_are_refused_and_room_is_given_back(bench: Bench) -> None:
    async def work() -> None:
        async with listening(bench, replace(LIMITS, max_held_bytes=200_000, body_s=2)) as peer:
            first = HEAD + b"Content-Length: 150000\r\n\r\n" + b"x" * 149_000
            _, writer = await peer.opened(peer.context)
            writer.write(first)
            await asyncio.sleep(0.3)
            assert (await peer.said(first)).startswith(b"HTTP/1.1 503")
            writer.transport.abort()
            await asyncio.sleep(0.1)
            assert await peer.is_well()

    asyncio.run(work())


def test_a_flood_of_refusals_is_counted_beyond_what_is_kept(bench: Bench) -> None:
    async def work() -> None:
        async with listening(bench, replace(LIMITS, max_refusals=5, max_refused_total_bytes=60)) as peer:
            for _ in range(8):
                await peer.said(b"garbage of twenty b.\r\n\r\n")
            taken = peer.server.take_refused()
            assert [len(r.raw) for r in taken] == [24, 24, 12, 0, 0, 0]
            assert taken[-1].detail == "3 more were refused and not kept one by one"
            assert peer.server.take_refused() == ()

    asyncio.run(work())


def test_peers_listen_on_loopback_unless_told_otherwise(bench: Bench) -> None:
    assert bench.ours.host == "127.0.0.1"
