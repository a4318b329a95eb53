"""Audit records as this system writes them: its own table of events and its own XML, nothing of `wire`'s builders.

Source: eHDSI Audit Trail Profiles 2.1.0, event tables; DICOM PS3.15, A.5; RFC 5424 (header).
"""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from harness.reference._messages import element

SIDE_A, SIDE_B = "A", "B"
_MARK = "\ufeff"


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One event: code and name of EventTypeCode, IHE name, and by side the EventID and the action."""

    code: str
    name: str
    ihe_name: str
    event_ids: Mapping[str, tuple[str, str]]
    actions: Mapping[str, str]
    request_role: str = "24"


_QUERY, _EXPORT, _IMPORT = ("110112", "Query"), ("110106", "Export"), ("110107", "Import")
_BOTH_QUERY = {SIDE_A: _QUERY, SIDE_B: _QUERY}
_BOTH_EXECUTE = {SIDE_A: "E", SIDE_B: "E"}
_SERVICES = {
    "patient-summary": "PatientService",
    "eprescription": "OrderService",
    "orcd-laboratory": "OrCDService",
    "orcd-discharge": "OrCDService",
    "orcd-imaging-report": "OrCDService",
    "orcd-image": "OrCDService",
}

IDENTIFY = Event(
    code="ITI-55",
    name="IdentityService::FindIdentityByTraits",
    ihe_name="XCPD::CrossGatewayPatientDiscovery",
    event_ids=_BOTH_QUERY,
    actions=_BOTH_EXECUTE,
)
AUTHENTICATE = Event(
    code="ITI-40",
    name="identityProvider::HPAuthentication",
    ihe_name="XUA::ProvideX-UserAssertion",
    event_ids=_BOTH_QUERY,
    actions=_BOTH_EXECUTE,
)
CONFIRM_TREATMENT = Event(
    code="EHDSI-92",
    name="ncp::TrcAssertion",
    ihe_name="ncp::TrcAssertion",
    event_ids=_BOTH_QUERY,
    actions=_BOTH_EXECUTE,
)
CONFIRM_NEXT_OF_KIN = Event(
    code="EHDSI-96",
    name="ncp::NokAssertion",
    ihe_name="ncp::NokAssertion",
    event_ids=_BOTH_QUERY,
    actions=_BOTH_EXECUTE,
)
METADATA_LOOKED_UP = Event(
    code="EHDSI-193",
    name="SMP::Query",
    ihe_name="SMP::Query",
    event_ids={SIDE_B: ("SMP", "SMP::Query")},
    actions={SIDE_B: "E"},
)
COMMUNICATION_FAILED = Event(
    code="EHDSI-CF",
    name="CommunicationFailure",
    ihe_name="epsosCommunicationFailure",
    event_ids=_BOTH_QUERY,
    actions=_BOTH_EXECUTE,
)


def listing(kind: str) -> Event:
    """The event of ITI-38 for documents of `kind`."""
    return Event(
        code="ITI-38",
        name=f"{_SERVICES.get(kind, 'OrderService')}::List",
        ihe_name="XCA::CrossGatewayQuery",
        event_ids=_BOTH_QUERY,
        actions=_BOTH_EXECUTE,
    )


def provision(discards: bool) -> Event:
    """The event of ITI-41 for a dispensation, or for the discard of one."""
    return _submission(f"DispensationService::{'Discard' if discards else 'Initialize'}")


def consenting(withdrawn: bool) -> Event:
    """The event of ITI-41 for a consent, or for its withdrawal."""
    return _submission(f"ConsentService::{'Discard' if withdrawn else 'Put'}")


def _submission(name: str) -> Event:
    return Event(
        code="ITI-41",
        name=name,
        ihe_name="XDR::ProvideandRegisterDocumentSet-b",
        event_ids={SIDE_A: _IMPORT, SIDE_B: _EXPORT},
        actions={SIDE_A: "C", SIDE_B: "R"},
        request_role="3",
    )


def retrieval(kind: str) -> Event:
    """The event of ITI-39 for documents of `kind`."""
    return Event(
        code="ITI-39",
        name=f"{_SERVICES.get(kind, 'OrderService')}::Retrieve",
        ihe_name="XCA::CrossGatewayRetrieve",
        event_ids={SIDE_A: _EXPORT, SIDE_B: _IMPORT},
        actions={SIDE_A: "R", SIDE_B: "C"},
        request_role="3",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What is known of one event when it is logged. `place` is empty when the assertion names none.

    `outcome` is 0, 4, 8 or 12; `error` is code and text of a failure; `target` an assertion's kind and id.
    """

    side: str
    event: Event
    at: datetime
    outcome: str = "0"
    place: str = ""
    user_id: str = "unknown"
    user_name: str = "unknown"
    consumer: str = "unknown"
    provider: str = "unknown"
    patient: str = ""
    request_id: str = ""
    response_id: str = ""
    query: bytes = b""
    documents: tuple[str, ...] = ()
    error: tuple[str, str] | None = None
    target: tuple[str, str] | None = None


def record(entry: Entry, site: str, flaws: frozenset[str]) -> str:
    """`entry` as AuditMessage; `flaws` are declared faults without their prefix."""
    event = entry.event
    number, meaning = event.event_ids[entry.side]
    system = event.code if number == "SMP" else "DCM"  # the profile gives this event an id of its own
    if "event-id.wrong" in flaws:
        number, meaning = _IMPORT if number == "110106" else _EXPORT
    action = "U" if "action.wrong" in flaws else event.actions[entry.side]
    outcome = "0" if "outcome.always-success" in flaws else entry.outcome
    name = "ConsentService::PIN" if "event-type.wrong" in flaws else event.name
    head = element(
        "EventIdentification",
        _coded("EventID", number, system, event.ihe_name, meaning)
        + _coded("EventTypeCode", event.code, "IHE Transactions", name, event.ihe_name),
        EventActionCode=action,
        EventDateTime=_instant(entry.at),
        EventOutcomeIndicator=outcome,
    )
    source = "gateway" if "source.wrong" in flaws else site
    origin = element(
        "AuditSourceIdentification",
        element("AuditSourceTypeCode", **{"csd-code": "4"}),
        AuditEnterpriseSiteID=source,
        AuditSourceID=source,
    )
    if "schema.broken" in flaws:
        origin = ""
    body = head + _participants(entry, flaws) + origin + _objects(entry, flaws)
    if "bad-xml" in flaws:
        return f"<AuditMessage>{body}"
    text = element("AuditMessage", body)
    return text.replace(" csd-code=", " code=") if "spelling.old" in flaws else text


def syslog_message(content: str, at: datetime, flaws: frozenset[str]) -> bytes:
    """`content` behind a header of RFC 5424 as ITI-20 asks for it."""
    priority, version, message_id = "85", "1", "IHE+RFC-3881"
    if "header.priority-joined" in flaws:
        priority, message_id = "132", "-"
    if "header.version-missing" in flaws:
        return f"<{priority}>{at.astimezone(UTC):%b %e %H:%M:%S} ncpeh atna: {content}".encode()
    header = f"<{priority}>{version} {_instant(at)} ncpeh.example exemple-ncpeh 1 {message_id} - "
    return (header + _MARK + content).encode()


def framed(message: bytes, flaws: frozenset[str]) -> bytes:
    """`message` with its octet count. Source: RFC 5425, 4.3."""
    if "framing.newline" in flaws:
        return message + b"\n"
    count = len(message.decode()) if "framing.characters" in flaws else len(message)
    return f"{count} ".encode("ascii") + message


def _participants(entry: Entry, flaws: frozenset[str]) -> str:
    here = {"NetworkAccessPointID": "127.0.0.1", "NetworkAccessPointTypeCode": "2"}
    place = entry.place or "SP"
    rows: list[str] = []
    if entry.event is METADATA_LOOKED_UP:
        flaws |= {"point-of-care.missing", "requestor.missing"}
    if "point-of-care.missing" not in flaws and entry.event is not COMMUNICATION_FAILED:
        rows.append(_row(place, place, "110152", "DCM", "1.3.6.1.4.1.12559.11.10.1.3.2.2.2", False, here))
    if "requestor.missing" not in flaws:
        rows.append(_row(entry.user_id, entry.user_name, "110153", "DCM", "Source Role ID", False, here))
    consumer = "ncpeh.elsewhere.example" if "participant.wrong" in flaws else entry.consumer
    rows.append(_row(consumer, consumer, "ServiceConsumer", "eHealth DSI", "Service Consumer", True, {}))
    rows.append(_row(entry.provider, entry.provider, "ServiceProvider", "eHealth DSI", "Service Provider", False, {}))
    return "".join(rows)


def _row(user: str, other: str, role: str, system: str, text: str, requestor: bool, more: Mapping[str, str]) -> str:
    return element(
        "ActiveParticipant",
        _coded("RoleIDCode", role, system, text, text),
        UserID=user,
        AlternativeUserID=other,
        UserIsRequestor="true" if requestor else "false",
        **more,
    )


def _objects(entry: Entry, flaws: frozenset[str]) -> str:
    rows: list[str] = []
    if entry.patient and "patient.missing" not in flaws:
        patient = "X-0000^^^&2.999.250.1&ISO" if "patient.other" in flaws else entry.patient
        rows.append(_object(patient, "1", "1", ("2", "RFC-3881", "Patient Number")))
    if entry.event.code in ("ITI-55", "ITI-38", "ITI-39"):
        query = ""
        if entry.query:
            encoded = entry.query.decode() if "query.plain" in flaws else base64.b64encode(entry.query).decode("ascii")
            query = f"<ParticipantObjectQuery>{_escaped(encoded)}</ParticipantObjectQuery>"
        name = entry.event.ihe_name
        request = "unknown" if "query.plain" in flaws else entry.request_id
        kind = (entry.event.code, "IHE Transactions", name)
        rows.append(_object(request, "2", entry.event.request_role, kind, query))
    rows += [_object(d, "2", "4", ("12", "DCM", "URI")) for d in entry.documents]
    if entry.target is not None:
        code, identifier = entry.target
        what = "SignedServiceMetadata" if code == "SMP" else "Assertion"
        rows.append(_object(identifier, "2", None, (code, "eHealth DSI Security", what)))
    if entry.error is not None and "error-row.missing" not in flaws:
        code, text = entry.error
        value = base64.b64encode(text.encode()).decode("ascii")
        detail = element("ParticipantObjectDetail", type="errormsg", value=value)
        rows.append(_object(code or text, "2", "3", ("9", "eHealth DSI Security", "error message"), detail))
    if entry.request_id:
        rows.append(_object(entry.request_id, "4", None, ("req", "eHealth DSI Msg", "Request Message")))
    if entry.response_id:
        rows.append(_object(entry.response_id, "4", None, ("rsp", "eHealth DSI Msg", "Response Message")))
    return "".join(rows)


def _object(identifier: str, type_: str, role: str | None, kind: tuple[str, str, str], more: str = "") -> str:
    return element(
        "ParticipantObjectIdentification",
        _coded("ParticipantObjectIDTypeCode", kind[0], kind[1], kind[2], kind[2]) + more,
        ParticipantObjectID=identifier,
        ParticipantObjectTypeCode=type_,
        ParticipantObjectTypeCodeRole=role,
    )


def _coded(name: str, code: str, system: str, display: str, text: str) -> str:
    return element(name, **{"csd-code": code, "codeSystemName": system, "displayName": display, "originalText": text})


def _escaped(value: str) -> str:
    return value.replace("&", "&amp;").replace("<", "&lt;")


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
