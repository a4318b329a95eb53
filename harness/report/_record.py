"""View of the page of one audit record: how it came, what it says, its message with findings between the lines."""

from functools import lru_cache

from harness.errors import WireError
from harness.model import AuditRecord
from harness.report import _body, views
from harness.report._desk import Desk
from harness.report._exchange import tls_facts
from harness.report._findings import gravest, note_views, validation_view
from harness.report._listing import code_listing
from harness.report._opened import audit_message, framed, header_of
from harness.report._words import N_
from harness.wire import atna, audit_events

_ABSENT = "–"

_OUTCOMES = {
    "0": N_("success"),
    "4": N_("minor failure"),
    "8": N_("serious failure"),
    "12": N_("major failure"),
}
"""Source: RFC 3881, 5.1.4."""


def record_view(desk: Desk, index: int, number: int) -> views.RecordView:
    """Everything the page of audit record `number` of row `index` prints."""
    row, w = desk.run.rows[index], desk.words
    record = row.audits[number]
    placed = tuple(p for p in desk.placed[index] if p.place.record == record.id)
    content = audit_message(record)
    listing, loose = code_listing(desk, index, content, placed, label=w.say("Audit message"), prefix="A")
    digest = _body.sha256(content)
    return views.RecordView(
        mark=gravest(desk, placed) or views.Mark(key="info", word=w.say("recorded")),
        heading=w.say("Audit record %(id)s: %(gist)s", id=record.id, gist=gist(desk, record)),
        eyebrow=w.say("ITI-20 Record Audit Event · received %(at)s", at=w.moment(record.received_at)),
        row=views.Link(text=row.id, href=desk.href(desk.site.rows[index])),
        steps=tuple(
            views.Link(text=w.say("step %(n)s", n=n), href=desk.href(desk.site.rows[index], f"step-{n}"))
            for n, s in enumerate(row.steps, start=1)
            if record.id in s.audits
        ),
        said=_said(desk, content),
        header=_header(desk, record),
        files=desk.raw(w.say("Whole message as it came"), _body.sha256(record.raw), f"{record.id}-syslog"),
        listing=listing,
        loose=note_views(desk, index, loose),
        validations=tuple(validation_view(w, v) for s in row.steps for v in s.validations if v.sha256 == digest),
        tls=tls_facts(desk, record.tls),
        previous=_neighbour(desk, index, number - 1),
        following=_neighbour(desk, index, number + 1),
    )


@lru_cache(maxsize=256)
def _parsed(content: bytes) -> atna.AuditMessage:
    return atna.parse(content)


def gist(desk: Desk, record: AuditRecord) -> str:
    """What the record says it is about, in a few words."""
    try:
        message = _parsed(audit_message(record))
    except WireError:
        return desk.words.say("no readable audit message")
    event = audit_events.event_of(message)
    named = event.id if event else next((c.code or c.display or "" for c in message.types), "")
    return f"{named or _ABSENT}, {_outcome(desk, message.outcome)}"


def _outcome(desk: Desk, outcome: str | None) -> str:
    return desk.words.say(_OUTCOMES[outcome]) if outcome in _OUTCOMES else outcome or desk.words.say("no outcome")


def _said(desk: Desk, content: bytes) -> tuple[views.Fact, ...]:
    """The message in words; empty when it cannot be read."""
    w = desk.words
    try:
        message = _parsed(content)
    except WireError:
        return ()
    facts = [
        views.Fact(name=w.say("Event"), value=_coded(message.event_id), code=True),
        views.Fact(name=w.say("Event type"), value=", ".join(map(_coded, message.types)) or _ABSENT, code=True),
        views.Fact(name=w.say("Action"), value=message.action or _ABSENT, code=True),
        views.Fact(name=w.say("Outcome"), value=f"{message.outcome or _ABSENT} ({_outcome(desk, message.outcome)})"),
        views.Fact(name=w.say("Happened"), value=message.date_time or _ABSENT, code=True),
        views.Fact(name=w.say("Spelling"), value=message.spelling, code=True),
    ]
    facts += [
        views.Fact(
            name=p.row or w.say("Participant"), value=_joined(p.user_id, p.user_name, p.access_point_id), code=True
        )
        for p in message.participants
    ]
    facts += [
        views.Fact(
            name=w.say("Patient") if o.is_patient else w.say("Object"),
            value=_joined(o.id, _coded(o.id_type), o.name),
            code=True,
        )
        for o in message.objects
    ]
    return tuple(facts)


def _coded(coded: atna.Coded | None) -> str:
    return _joined(coded.code, coded.display or coded.original_text) if coded else _ABSENT


def _joined(*values: str | None) -> str:
    return " · ".join(v for v in values if v) or _ABSENT


def _header(desk: Desk, record: AuditRecord) -> tuple[views.Fact, ...]:
    w = desk.words
    frame, header = framed(record), header_of(record)
    facts = [
        views.Fact(name=w.say("Transport"), value=record.transport, code=True),
        views.Fact(name=w.say("Framing"), value=_joined(frame.framing, frame.problem), code=True),
        views.Fact(name=w.say("Size"), value=w.size(len(record.raw))),
    ]
    if header is None:
        return (*facts, views.Fact(name=w.say("Syslog header"), value=w.say("not readable")))
    return (
        *facts,
        views.Fact(name=w.say("Priority"), value=str(header.pri), code=True),
        views.Fact(name=w.say("Time stamp"), value=header.timestamp or _ABSENT, code=True),
        views.Fact(name=w.say("Host"), value=header.host or _ABSENT, code=True),
        views.Fact(name=w.say("Application"), value=_joined(header.app_name, header.proc_id, header.msg_id), code=True),
    )


def _neighbour(desk: Desk, index: int, number: int) -> views.Link:
    audits = desk.run.rows[index].audits
    if not 0 <= number < len(audits):
        return views.Link(text="", href="")
    return views.Link(text=audits[number].id, href=desk.href(desk.site.records[index, audits[number].id]))
