"""What the bundled system logs, read from the datagrams it sends; each declared fault of the trail bends one thing."""

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from harness.errors import WireError
from harness.reference import FAULTS, AuditSide, Identity, ReferenceConfig
from harness.reference._audit_sending import Sender
from harness.reference._responding import RespondingSystem
from harness.reference._server import client_context
from harness.reference._trail import Trail
from harness.reference.config import NCPEH_A
from harness.wire import atna, audit_events, syslog
from tests.reference import reference_support as rs
from tests.reference.reference_support import Ask, Country

type Datagrams = Callable[[int], list[bytes]]


@contextmanager
def logging_system(fr: Identity, be: Country, *faults: str) -> Iterator[tuple[RespondingSystem, Datagrams]]:
    """Country A with a repository that takes datagrams; the second value waits for that many."""
    with socket.socket(type=socket.SOCK_DGRAM) as receiving:
        receiving.bind(("127.0.0.1", 0))
        receiving.settimeout(5)
        side = AuditSide(host="127.0.0.1", port=receiving.getsockname()[1], transport="udp")
        config = ReferenceConfig(
            actors=frozenset({NCPEH_A}),
            identity=fr,
            trust_anchors=be.identity.authority,
            population_path=rs.POPULATION,
            clock=lambda: rs.AT,
            faults=frozenset(faults),
            audit=side,
        )
        sender = Sender(side, client_context(fr.tls, be.identity.authority))
        held = rs.holdings()
        kinds = {d.unique_id: d.kind or "" for d in held.documents}
        trail = Trail(config, sender, lambda document: kinds.get(document, ""))
        try:
            yield RespondingSystem(config, held, trail), lambda n: [receiving.recv(65_535) for _ in range(n)]
        finally:
            sender.close()


def logged(fr: Identity, be: Country, ask: Ask, what: str = "discover", *faults: str) -> bytes:
    with logging_system(fr, be, *faults) as (system, datagrams):
        getattr(rs, what)(system, be, ask)
        return datagrams(1)[0]


def read(datagram: bytes) -> atna.AuditMessage:
    return atna.parse(syslog.parse_message(datagram).content)


@pytest.mark.parametrize(
    ("what", "event"),
    [("discover", "EHDSI-11"), ("list_documents", "EHDSI-21"), ("retrieve", "EHDSI-22")],
)
def test_each_answer_is_logged_as_its_event(fr: Identity, be: Country, what: str, event: str) -> None:
    message = read(logged(fr, be, Ask(), what))
    spec = audit_events.event_of(message)
    assert spec is not None
    assert spec.id == event
    assert message.outcome == "0"
    assert message.action in spec.actions["A"]
    assert message.event_id is not None
    assert message.event_id.code == spec.event_ids["A"]
    assert [p.id for p in message.patients] == [rs.NOMINAL.cx]
    assert {p.row for p in message.participants} == set(spec.rows)
    assert message.sources[0].id == "FR-1"
    assert len(message.request_ids) == 1


def test_a_refusal_is_logged_as_a_failure_with_its_error(fr: Identity, be: Country) -> None:
    message = read(logged(fr, be, Ask(hcp_signer="other-country")))
    assert message.outcome in atna.OUTCOME_FAILURES
    assert [o.is_error for o in message.objects].count(True) == 1
    assert [p.id for p in message.patients] == [rs.NOMINAL.cx]


def test_what_is_no_transaction_is_not_logged(fr: Identity, be: Country) -> None:
    with logging_system(fr, be) as (system, datagrams):
        rs.discover(system, be, Ask(envelope=lambda e: e[:100]))
        rs.list_documents(system, be, Ask())
        assert audit_events.transactions_of(read(datagrams(1)[0])) == {"ITI-38"}


def test_the_header_is_that_of_the_profile(fr: Identity, be: Country) -> None:
    header = syslog.parse_message(logged(fr, be, Ask()))
    assert (header.pri, header.version, header.msg_id, header.variants) == (85, 1, "IHE+RFC-3881", ())


def unreadable(datagram: bytes) -> bool:
    try:
        read(datagram)
    except WireError:
        return True
    return False


REFUSAL = Ask(hcp_signer="other-country")
BENT: dict[str, tuple[Ask, Callable[[bytes], bool]]] = {
    "audit.bad-xml": (Ask(), unreadable),
    "audit.schema.broken": (Ask(), lambda d: not read(d).sources),
    "audit.spelling.old": (Ask(), lambda d: read(d).spelling == atna.RFC3881),
    "audit.header.version-missing": (Ask(), lambda d: syslog.parse_message(d).version is None),
    "audit.header.priority-joined": (Ask(), lambda d: syslog.parse_message(d).pri == 132),
    "audit.outcome.always-success": (REFUSAL, lambda d: read(d).outcome == "0"),
    "audit.event-type.wrong": (Ask(), lambda d: "Consent" in (read(d).types[0].display or "")),
    "audit.action.wrong": (Ask(), lambda d: read(d).action == "U"),
    "audit.event-id.wrong": (Ask(), lambda d: b'EventID csd-code="110106"' in d),
    "audit.participant.wrong": (Ask(), lambda d: "elsewhere" in (read(d).rows("ServiceConsumer")[0].user_id or "")),
    "audit.requestor.missing": (Ask(), lambda d: not read(d).rows("HumanRequestor")),
    "audit.point-of-care.missing": (Ask(), lambda d: not read(d).rows("PointOfCare")),
    "audit.patient.missing": (Ask(), lambda d: not read(d).patients),
    "audit.patient.other": (Ask(), lambda d: read(d).patients[0].id != rs.NOMINAL.cx),
    "audit.source.wrong": (Ask(), lambda d: read(d).sources[0].id == "gateway"),
    "audit.query.plain": (Ask(), lambda d: read(d).of_kind("ITI-55")[0].query_bytes is None),
    "audit.error-row.missing": (REFUSAL, lambda d: not any(o.is_error for o in read(d).objects)),
}


@pytest.mark.parametrize("fault", BENT)
def test_a_fault_of_the_trail_bends_what_it_says(fr: Identity, be: Country, fault: str) -> None:
    ask, bent = BENT[fault]
    assert not bent(logged(fr, be, ask))
    assert bent(logged(fr, be, ask, "discover", fault))


SILENT = {"audit.absent": Ask(), "audit.refusal.absent": REFUSAL}


@pytest.mark.parametrize("fault", SILENT)
def test_a_silent_system_logs_nothing(fr: Identity, be: Country, fault: str) -> None:
    with logging_system(fr, be, fault) as (system, datagrams):
        rs.discover(system, be, SILENT[fault])
        if fault == "audit.refusal.absent":
            rs.discover(system, be, Ask())
            assert read(datagrams(1)[0]).outcome == "0"


def test_without_a_repository_a_system_answers_all_the_same(fr: Identity, be: Country) -> None:
    side = AuditSide(host="127.0.0.1", port=1)
    sender = Sender(side, client_context(fr.tls, be.identity.authority))
    assert sender.deliver_now(lambda: b"") is False
    assert sender.deliver_now(lambda: None) is True
    sender.close()


def test_every_fault_of_the_trail_has_a_place_where_it_is_tested() -> None:
    over_tls = {n for n in FAULTS if n.startswith("audit.framing.")} | {"audit.late", "audit.failure.breaks-answer"}
    ours = {n for n in FAULTS if n.startswith("audit.")}
    submissions = {"audit.submission.absent", "audit.consent.absent"}  # tests/test_declared_faults.py
    assert ours == {*BENT, *SILENT, *over_tls, *submissions}
