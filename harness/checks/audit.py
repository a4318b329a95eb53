"""Audit records by themselves: transport, header, spelling, event, action, obligatory rows (AUD-001 to 009, 011).

Source: requirements AUD; eHDSI Audit Trail Profiles 2.1.0; IHE ITI TF-2, 3.20; RFC 5424 and 5425.
"""

import re
from collections.abc import Iterator

from harness.checks._audit_registry import audit_check
from harness.checks._audit_view import AuditView, events_of, side_of
from harness.checks._places import ABSENT, accepted, of_error, one_of, said, warning
from harness.checks._registry import Context
from harness.errors import WireError
from harness.model import Finding, Location
from harness.wire import atna, audit_events, syslog

_SITE = re.compile(r"[A-Z]{2}-[0-9A-Za-z][0-9A-Za-z_-]*")
_EVENT = "EventIdentification"
_JOINED_PRI = frozenset({1, 132})
"""Priorities that come from joining two numbers instead of computing one (DEV-43)."""


def always(view: AuditView, context: Context) -> bool:
    """Whatever came can be judged."""
    return True


def ours(view: AuditView, context: Context) -> bool:
    """The record can be read and is about a transaction or event of MyHealth@EU."""
    return view.is_of_a_transaction


def known(view: AuditView, context: Context) -> bool:
    """The record says which event it is."""
    return view.event is not None


@audit_check("AUD-001", when=always)
def message_is_an_audit_message(view: AuditView, context: Context) -> Iterator[Finding]:
    """AuditMessage in XML; the older attribute `code` is read and warned about. Its schema is judged by the packs."""
    if isinstance(view.message, WireError):
        yield of_error(view.message, Location(message=view.name), "an AuditMessage")
    elif view.message.spelling != atna.DICOM:
        yield warning(view.at(f"{_EVENT}/EventID/@code"), "attribute csd-code", "attribute code", "DEV-42")


@audit_check("AUD-002", when=lambda view, _: view.record.transport == syslog.TLS)
def frame_is_octet_counted(view: AuditView, context: Context) -> Iterator[Finding]:
    """MSG-LEN SP SYSLOG-MSG with the length in octets. Source: RFC 5425, 4.3."""
    frame = view.frame
    if not frame.problem:
        return
    at = Location(message=view.name, offset=0)
    if frame.announced is None:
        yield Finding(at=at, expected="an octet count before the message", found=frame.problem)
    else:
        found = f"{len(frame.message)} octets before the next record ({frame.problem})"
        yield Finding(at=at, expected=f"{frame.announced} octets as announced", found=found)


@audit_check("AUD-003", when=always)
def header_is_that_of_the_profile(view: AuditView, context: Context) -> Iterator[Finding]:
    """RFC 5424, version 1, PRI 0..191; facility 10 and MSGID IHE+RFC-3881 are asked of senders, any is taken."""
    header, at = view.header, Location(message=view.name, offset=0)
    if isinstance(header, WireError):
        yield of_error(header, at, "a syslog header")
        return
    if header.version != 1:
        yield Finding(at=at, expected="syslog version 1", found=said(str(header.version or "RFC 3164")))
    if header.pri > syslog.PRI_MAX:
        yield Finding(at=at, expected=f"PRI 0 to {syslog.PRI_MAX}", found=str(header.pri))
    elif header.facility != syslog.FACILITY_SECURITY:
        deviation = "DEV-43" if header.pri in _JOINED_PRI else None
        yield warning(at, "PRI 84 or 85", str(header.pri), deviation)
    if header.version == 1 and header.msg_id != syslog.MSGID_AUDIT:
        deviation = "DEV-43" if header.msg_id is None else None
        yield warning(at, f"MSGID {syslog.MSGID_AUDIT}", header.msg_id or ABSENT, deviation)


@audit_check("AUD-005", when=ours)
def event_type_is_that_of_the_transaction(view: AuditView, context: Context) -> Iterator[Finding]:
    """EventTypeCode of the table, with the transaction name that tells the services apart, and of this exchange."""
    message, at = view.parsed, view.at(f"{_EVENT}/EventTypeCode")
    seen = ", ".join(f"{c.code or ABSENT} {c.display or ABSENT}" for c in message.types) or ABSENT
    fitting = events_of(view.exchange, context) if view.exchange is not None else ()
    wanted = one_of(tuple(f"{e.code} {e.name}" for e in fitting)) if fitting else "an event of the table"
    event = view.event
    if event is None or (event.transaction and fitting and event not in fitting):
        yield Finding(at=at, expected=wanted, found=said(seen))
        return
    coded = next((c for c in message.types if c.code == event.code), None)
    if coded is None:
        yield warning(at, f"{event.code} {event.name}", said(seen))
    elif coded.system_name != audit_events.IHE_TRANSACTIONS:
        yield Finding(at=at, expected=audit_events.IHE_TRANSACTIONS, found=said(coded.system_name))
    elif coded.display != event.name:
        yield Finding(at=at, expected=event.name, found=said(coded.display))


@audit_check("AUD-006", when=known)
def action_is_that_of_the_event(view: AuditView, context: Context) -> Iterator[Finding]:
    """EventActionCode of the event on the side that logs it."""
    event, action = view.event, view.parsed.action
    if event is None:
        return
    allowed = event.actions[side_of(context)]
    at = view.at(f"{_EVENT}/@EventActionCode")
    if action not in allowed:
        yield Finding(at=at, expected=one_of(allowed), found=said(action))
    elif action == "R" and event.id == "EHDSI-CF":
        yield accepted(at, "E", "R", "DEV-44")


@audit_check("AUD-009", when=lambda view, _: view.event is not None and _has_place(view))
def point_of_care_is_there(view: AuditView, context: Context) -> Iterator[Finding]:
    """A row PointOfCare with a user id; the translator's record has one row of a gateway instead."""
    event, message, at = view.event, view.parsed, view.at("ActiveParticipant")
    if event is not None and event.id == "EHDSI-94":
        if message.rows("ServiceConsumer"):
            yield accepted(at, "ServiceProvider", "ServiceConsumer", "DEV-47")
        elif not message.rows("ServiceProvider"):
            yield Finding(at=at, expected="a row ServiceProvider", found=ABSENT)
        return
    rows = message.rows(audit_events.POINT_OF_CARE)
    if not rows:
        yield Finding(at=at, expected="a row PointOfCare", found=ABSENT)
    elif not any((r.user_id or "").strip() for r in rows):
        yield Finding(at=at, expected="a row PointOfCare with UserID", found="no UserID")


def _has_place(view: AuditView) -> bool:
    event = view.event
    return event is not None and (audit_events.POINT_OF_CARE in event.rows or event.id == "EHDSI-94")


@audit_check("AUD-011", when=lambda view, _: view.event is not None and view.event.id != "EHDSI-CF")
def source_is_the_site(view: AuditView, context: Context) -> Iterator[Finding]:
    """AuditSourceID and AuditEnterpriseSiteID: country and subdivision, like PT-1, of the system's country."""
    actor = context.sut.actors.get(context.actor)
    country = actor.country if actor else ""
    at = view.at("AuditSourceIdentification")
    ids = [i for s in view.parsed.sources for i in (s.id, s.site) if i]
    wanted = f"a site identifier like {country or 'PT'}-1"
    if not ids:
        yield Finding(at=at, expected=wanted, found=ABSENT)
        return
    for found in dict.fromkeys(ids):
        if not _SITE.fullmatch(found) or (country and not found.startswith(f"{country}-")):
            yield Finding(at=at, expected=wanted, found=said(found))
