"""Audit messages: every event in both spellings goes and comes back, foreign samples are read, bytes never surprise."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import WireError
from harness.wire import atna, audit_events
from harness.wire.atna import ActiveParticipant, AuditMessage, AuditSource, Coded, Detail, ParticipantObject

ROLES = {
    "PointOfCare": "110152",
    "HumanRequestor": "110153",
    "ServiceConsumer": "ServiceConsumer",
    "ServiceProvider": "ServiceProvider",
}


def record(event: str, spelling: str = atna.DICOM, side: str = "B") -> AuditMessage:
    spec = audit_events.EVENTS[event]
    message = AuditMessage(
        event_id=Coded(code=spec.event_ids[side], system_name="DCM", display=spec.name),
        types=(spec.type_code,),
        action=spec.actions[side][0],
        date_time="2026-03-02T10:00:00.000Z",
        outcome="0",
        participants=tuple(
            ActiveParticipant(
                user_id=f"{row} é", is_requestor="false", roles=(Coded(code=ROLES[row], system_name="DCM"),)
            )
            for row in spec.rows
        ),
        sources=(AuditSource(id="FR-1", site="FR-1", types=(Coded(code="4"),)),),
        objects=(
            ParticipantObject(
                id="P^^^&2.999.1&ISO", type_code="1", role="1", id_type=Coded(code="2", system_name="RFC-3881")
            ),
            ParticipantObject(
                id="urn:uuid:1",
                type_code="2",
                role="24",
                id_type=Coded(code=spec.code, system_name="IHE Transactions"),
                query="PGEvPg==",
                details=(Detail(type="t", value="dg=="),),
            ),
        ),
    )
    return atna.in_spelling(message, spelling)


@pytest.mark.parametrize("spelling", [atna.DICOM, atna.RFC3881])
@pytest.mark.parametrize("event", audit_events.EVENTS)
def test_every_event_comes_back_as_it_was_built(event: str, spelling: str) -> None:
    message = record(event, spelling)
    assert atna.parse(atna.build(message)) == message
    assert message.spelling == spelling
    found = audit_events.event_of(message)
    assert found is not None
    assert found.id == event


def test_there_are_seventeen_events() -> None:
    assert len(audit_events.EVENTS) == 17


def test_a_record_of_both_spellings_is_mixed() -> None:
    message = record("EHDSI-11")
    assert replace(message, event_id=Coded(code="110112", spelling=atna.RFC3881)).spelling == atna.MIXED


def test_values_behind_base64_are_decoded_and_others_are_none() -> None:
    entry = record("EHDSI-11").objects[1]
    assert (entry.query_bytes, entry.details[0].decoded) == (b"<a/>", b"v")
    assert replace(entry, query="not base64!").query_bytes is None


@pytest.mark.parametrize(
    ("transaction", "kinds", "ids"),
    [
        ("ITI-55", (), ["EHDSI-11"]),
        ("ITI-38", ("patient-summary",), ["EHDSI-21"]),
        ("ITI-39", ("eprescription",), ["EHDSI-32"]),
        ("ITI-38", (), ["EHDSI-21", "EHDSI-31", "EHDSI-61"]),
        ("ITI-39", ("hcer",), ["EHDSI-22", "EHDSI-32", "EHDSI-62"]),
    ],
)
def test_an_exchange_leads_to_its_events(transaction: str, kinds: tuple[str, ...], ids: list[str]) -> None:
    assert [e.id for e in audit_events.events_for(transaction, kinds)] == ids


@pytest.mark.parametrize("wrong", [b"", b"<a/>", b"<AuditMessage", b'<AuditMessage xmlns="urn:x"/>'], ids=repr)
def test_what_is_no_audit_message_is_refused(wrong: bytes) -> None:
    with pytest.raises(WireError):
        atna.parse(wrong)


@given(st.binary(max_size=300) | st.text(alphabet='<>/="AuditMessage EventID', max_size=200).map(str.encode))
def test_arbitrary_bytes_give_a_message_or_a_wire_error(data: bytes) -> None:
    try:
        atna.parse(data)
    except WireError:
        return


@pytest.mark.corpus
def test_every_foreign_sample_is_read_and_comes_back(corpus: Path) -> None:
    samples = sorted((corpus / "messages" / "audit").rglob("*.xml"))
    assert len(samples) == 19
    spellings = {}
    for sample in samples:
        message = atna.parse(sample.read_bytes())
        assert atna.parse(atna.build(message)) == message, sample.name
        spellings[sample.name] = message.spelling
    assert sum(s == atna.DICOM for s in spellings.values()) == 10
    assert spellings["AuditTrail.xml"] == atna.RFC3881
