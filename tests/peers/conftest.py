"""Key material of both sides, made once, and small helpers to run a peer on loopback."""

import asyncio
import ssl
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime

import pytest

from harness.model import Exchange
from harness.peers import Caller, OutgoingRequest, Pki, client_context, make_pki, server_context

NOW = datetime.now(UTC).replace(microsecond=0)


def clock() -> datetime:
    return NOW


def run[T](work: Coroutine[object, object, T]) -> T:
    """Run `work` to its end, for 20 s at most."""

    async def bounded() -> T:
        async with asyncio.timeout(20):
            return await work

    return asyncio.run(bounded())


@pytest.fixture(scope="session")
def ours() -> Pki:
    return make_pki("BE", "127.0.0.1", NOW)


@pytest.fixture(scope="session")
def theirs() -> Pki:
    return make_pki("FR", "127.0.0.1", NOW)


@pytest.fixture
def calling(ours: Pki, theirs: Pki) -> ssl.SSLContext:
    return client_context(ours.tls, theirs.anchors)


@pytest.fixture
def serving(ours: Pki, theirs: Pki) -> ssl.SSLContext:
    return server_context(theirs.tls, ours.anchors)


async def call(
    url: str,
    context: ssl.SSLContext | None,
    *,
    body: bytes = b"<a/>",
    within_s: float = 5.0,
    connect_timeout_s: float = 2.0,
    chunked: bool = False,
    settle_s: float = 0.0,
    caller: Caller | None = None,
) -> Exchange:
    """One call of its own, unless `caller` is given."""
    request = OutgoingRequest(
        url=url,
        headers=(("Content-Type", "application/soap+xml; charset=UTF-8"),),
        body=body,
        chunked=chunked,
        settle_s=settle_s,
    )
    used = caller or Caller(clock)
    try:
        return await used.exchange(
            request,
            id="x0001",
            transaction="ITI-55",
            context=context,
            within_s=within_s,
            connect_timeout_s=connect_timeout_s,
        )
    finally:
        if caller is None:
            await used.aclose()


type Misbehaviour = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Coroutine[object, object, None]]


async def raw_server(behave: Misbehaviour, context: ssl.SSLContext | None) -> tuple[asyncio.Server, int]:
    """A server that does with each connection what `behave` does."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await behave(reader, writer)
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.transport.abort()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    return server, server.sockets[0].getsockname()[1]
