"""The audit record repository takes what senders send, keeps the bytes, bounds what they may take, and never hangs."""

import asyncio
import contextlib
import gc
import socket
import ssl
import warnings

import pytest

from harness.model import AuditRecord
from harness.peers import AuditRepository, RepositoryLimits
from harness.wire import syslog
from tests.peers.peer_bench import NOW, clock, run

RECORD = b"<AuditMessage>one</AuditMessage>"
MESSAGE = syslog.build_message(RECORD, at=NOW, host="ncp.example")
FRAME = syslog.frame(MESSAGE)
QUICK = RepositoryLimits(
    handshake_s=0.5,
    partial_s=0.3,
    message_s=1.0,
    settle_s=0.1,
    max_message_bytes=4096,
    max_connections=3,
    max_records=4,
)


async def after(
    *pieces: bytes, serving: ssl.SSLContext, calling: ssl.SSLContext | None, wanted: int = 1
) -> AuditRepository:
    """The repository after one connection sent `pieces`, stopped."""
    repository = AuditRepository(serving, clock, limits=QUICK)
    host, port = await repository.start("127.0.0.1")
    _, writer = await asyncio.open_connection(host, port, ssl=calling)
    for piece in pieces:
        writer.write(piece)
        await asyncio.sleep(0.05)
    await repository.next_record(wanted - 1, 2.0)
    writer.close()
    await repository.stop()
    return repository


def test_a_record_over_mutual_tls_is_kept_with_bytes_and_certificate(
    serving: ssl.SSLContext, calling: ssl.SSLContext
) -> None:
    repository = run(after(FRAME, serving=serving, calling=calling))
    (record,) = repository.records
    assert (record.id, record.transport, record.raw, record.connection, record.number) == ("a0001", "tls", FRAME, 1, 1)
    assert record.received_at == NOW
    assert record.tls is not None
    assert record.tls.peer_country == "BE"


@pytest.mark.parametrize(
    ("pieces", "raws"),
    [
        pytest.param((FRAME[:9], FRAME[9:] + FRAME), [FRAME, FRAME], id="split and glued"),
        pytest.param((MESSAGE + b"\n", FRAME), [MESSAGE + b"\n", FRAME], id="a line, then a frame"),
        pytest.param((b"17 " + MESSAGE[:17],), [b"17 " + MESSAGE[:17]], id="a record without its end"),
        pytest.param((b"999 " + MESSAGE,), [b"999 " + MESSAGE], id="more octets announced than sent"),
    ],
)
def test_what_was_sent_is_kept_however_it_is_framed(
    pieces: tuple[bytes, ...], raws: list[bytes], serving: ssl.SSLContext, calling: ssl.SSLContext
) -> None:
    repository = run(after(*pieces, serving=serving, calling=calling, wanted=len(raws)))
    assert [r.raw for r in repository.records] == raws


def test_a_datagram_is_kept_whole(serving: ssl.SSLContext) -> None:
    async def work() -> tuple[AuditRecord, ...]:
        repository = AuditRepository(serving, clock)
        address = await repository.start("127.0.0.1")
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            sender.sendto(MESSAGE, address)
        assert await repository.next_record(0, 2.0)
        await repository.stop()
        return repository.records

    (record,) = run(work())
    assert (record.transport, record.raw, record.tls) == ("udp", MESSAGE, None)


def test_a_sender_without_certificate_is_refused_and_told_why(serving: ssl.SSLContext, calling: ssl.SSLContext) -> None:
    async def work() -> AuditRepository:
        anonymous = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        anonymous.check_hostname, anonymous.verify_mode = False, ssl.CERT_NONE
        repository = AuditRepository(serving, clock, limits=QUICK)
        host, port = await repository.start("127.0.0.1")
        with contextlib.suppress(OSError):
            reader, writer = await asyncio.open_connection(host, port, ssl=anonymous)
            writer.write(FRAME)
            await reader.read()
        await asyncio.sleep(0.1)
        await repository.stop()
        return repository

    repository = run(work())
    assert repository.records == ()
    assert [(r.kind, "certificate" in r.detail) for r in repository.refused] == [("tls", True)]


@pytest.mark.parametrize(
    ("piece", "why"),
    [
        pytest.param(b"9999 " + b"x" * 5000, "larger", id="too large"),
        pytest.param(b"999 <85>1", "did not end", id="never ends"),
        pytest.param(FRAME * 6, "full", id="too many"),
    ],
)
def test_a_sender_that_takes_too_much_is_cut_off(
    piece: bytes, why: str, serving: ssl.SSLContext, calling: ssl.SSLContext
) -> None:
    async def work() -> AuditRepository:
        repository = AuditRepository(serving, clock, limits=QUICK)
        host, port = await repository.start("127.0.0.1")
        reader, writer = await asyncio.open_connection(host, port, ssl=calling)
        writer.write(piece)
        with contextlib.suppress(OSError):
            assert await reader.read() == b""  # the repository hangs up
        writer.close()
        await repository.stop()
        return repository

    repository = run(work())
    assert any(why in r.detail for r in repository.refused), repository.refused
    assert len(repository.records) <= 4


def test_connections_beyond_the_limit_do_not_disturb_others(serving: ssl.SSLContext, calling: ssl.SSLContext) -> None:
    async def work() -> AuditRepository:
        repository = AuditRepository(serving, clock, limits=QUICK)
        host, port = await repository.start("127.0.0.1")
        _, first = await asyncio.open_connection(host, port, ssl=calling)
        silent = [await asyncio.open_connection(host, port) for _ in range(8)]
        await asyncio.sleep(0.1)
        first.write(FRAME)
        assert await repository.next_record(0, 2.0)
        for writer in (first, *(w for _, w in silent)):
            writer.close()
        await repository.stop()
        return repository

    repository = run(work())
    assert any("too many" in r.detail for r in repository.refused)


def test_a_stopped_repository_refuses_and_comes_back(serving: ssl.SSLContext, calling: ssl.SSLContext) -> None:
    async def work() -> int:
        repository = AuditRepository(serving, clock)
        host, port = await repository.start("127.0.0.1")
        await repository.stop()
        with pytest.raises(OSError, match=r"refused|Connect"):
            await asyncio.open_connection(host, port)
        assert not await repository.next_record(0, 0.05)
        await repository.start(host, port)
        _, writer = await asyncio.open_connection(host, port, ssl=calling)
        writer.write(FRAME)
        assert await repository.next_record(0, 2.0)
        writer.close()
        await repository.stop()
        return len(repository.records)

    assert run(work()) == 1


def test_no_connection_is_left_open_when_the_repository_stops_as_it_comes(serving: ssl.SSLContext) -> None:
    async def work(turns: int) -> None:
        repository = AuditRepository(serving, clock)
        address = await repository.start("127.0.0.1")
        with contextlib.closing(socket.create_connection(address)):
            for _ in range(turns):  # of the event loop: the connection is waiting, taken, or being served
                await asyncio.sleep(0)
            await repository.stop()

    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        for turns in range(8):
            run(work(turns))
        gc.collect()
    assert [str(w.message) for w in told] == []
