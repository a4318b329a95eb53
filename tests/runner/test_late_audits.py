"""An audit record of an earlier row that comes late is kept, and held against no exchange of the row in which it comes."""

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from harness.model import AuditRecord, OurSide
from harness.peers import (
    AuditRepository,
    Caller,
    InitiatingGateway,
    PeerServer,
    RespondingGateway,
    SeededIds,
    TokenService,
    client_context,
    server_context,
)
from harness.runner._audit_clock import AuditClock
from harness.runner._live import LiveWorld
from harness.wire import atna, syslog
from tests import alteration_bench as bench
from tests.runner import runner_bench as rb
from tests.runner.runner_bench import NOW, row, send
from tests.wire.test_atna import record as audit_message

SECOND = timedelta(seconds=1)
REQUEST = atna.ParticipantObject(
    id="urn:uuid:1", type_code="4", role="21", id_type=atna.Coded(code=atna.ID_TYPE_REQUEST)
)


def came(
    happened: datetime, after: timedelta, *, named: bool = False, id: str = "a0001", written: str = ""
) -> AuditRecord:
    """A record of an identification at `happened` by the clock of its writer; it came `after` that by the same clock."""
    message = audit_message("EHDSI-11")
    message = replace(
        message,
        objects=(*message.objects[:1], REQUEST) if named else message.objects[:1],
        date_time=written or happened.isoformat("T", "milliseconds"),
    )
    content = syslog.build_message(atna.build(message), at=happened, host="h", app_name="a", proc_id="1")
    return AuditRecord(id=id, transport="tls", received_at=happened + after, raw=syslog.frame(content))


@pytest.mark.parametrize("wrong_by_s", [0, -300, 300], ids=["right clock", "slow clock", "fast clock"])
def test_an_event_before_the_row_is_told_whatever_the_clock_says(wrong_by_s: int) -> None:
    clock, offset = AuditClock(), timedelta(seconds=wrong_by_s)
    prompt = replace(came(NOW + offset, SECOND * 0), received_at=NOW + SECOND / 100)
    late = replace(came(NOW + 2 * SECOND + offset, SECOND * 0), received_at=NOW + 6 * SECOND)
    assert not clock.is_of_before(prompt, NOW - SECOND)
    assert clock.is_of_before(late, NOW + 5 * SECOND)
    assert not clock.is_of_before(late, NOW + 2 * SECOND)


def test_the_first_record_is_never_of_before() -> None:
    late = came(NOW, 60 * SECOND)
    assert not AuditClock().is_of_before(late, NOW + 30 * SECOND)


def test_a_time_to_the_second_may_be_any_instant_within_it() -> None:
    clock = AuditClock()
    clock.is_of_before(came(NOW, SECOND * 0), NOW)
    coarse = came(NOW, 2 * SECOND, written=NOW.isoformat("T", "seconds"))
    assert not clock.is_of_before(coarse, NOW + SECOND)
    assert clock.is_of_before(coarse, NOW + SECOND + SECOND / 1000)


@pytest.mark.parametrize(
    "record",
    [
        came(NOW, 9 * SECOND, named=True),
        replace(came(NOW, 9 * SECOND), raw=b"nothing of ours"),
        came(NOW, 9 * SECOND, written="yesterday"),
    ],
    ids=["names its request", "no audit message", "no time"],
)
def test_of_what_names_its_request_or_has_no_time_nothing_is_said(record: AuditRecord) -> None:
    clock = AuditClock()
    clock.is_of_before(came(NOW, SECOND * 0), NOW)
    assert not clock.is_of_before(record, NOW + 5 * SECOND)


class Records(AuditRepository):
    """A repository that has what a test gives it."""

    held: tuple[AuditRecord, ...] = ()

    @property
    def records(self) -> tuple[AuditRecord, ...]:
        return self.held


def test_a_late_record_is_kept_and_given_to_no_row() -> None:
    kept: list[tuple[str, str]] = []
    now = [NOW]
    pki = bench.pki()
    ours, population = OurSide(country="BE", home_community="urn:oid:2.999.56"), bench.library().populations["default"]
    ids, clock = SeededIds(1), lambda: now[0]
    context = server_context(pki.tls, pki.anchors)
    repository = Records(context, clock=clock)
    world = LiveWorld(
        sut=replace(rb.SUT, ours=ours),
        population=population,
        initiating=InitiatingGateway(pki=pki, ours=ours, sut_anchors=pki.anchors, clock=clock, ids=ids),
        responding=RespondingGateway(ours=ours, population=population, clock=clock, ids=ids),
        tokens=TokenService(pki=pki, country="BE", sut_anchors=pki.anchors, clock=clock, ids=ids),
        caller=Caller(clock=clock),
        server=PeerServer(context, clock=clock),
        clock=clock,
        record=lambda _, path, what: kept.append((path, getattr(what, "id", ""))),
        new_id=lambda: "x0001",
        context=client_context(pki.tls, pki.anchors),
        repository=repository,
    )
    one = row(send())

    async def work() -> list[str]:
        await world.clear(one)
        repository.held = (came(NOW, SECOND / 100, id="a0001"),)
        first = await world.audits(one, "after", 0.0, lambda _: True)
        now[0] = NOW + 10 * SECOND
        await world.clear(one)
        late, fresh = came(NOW + SECOND, 10 * SECOND, id="a0002"), came(NOW + 11 * SECOND, SECOND / 10, id="a0003")
        repository.held = (*repository.held, late, fresh)
        second = await world.audits(one, "after", 0.0, lambda _: True)
        return [record.id for record in (*first, *second)]

    assert asyncio.run(work()) == ["a0001", "a0003"]
    assert kept == [("after", "a0001"), ("before", "a0002"), ("after", "a0003")]
