"""Requests of country B as this system writes them: envelope, PRPA_IN201305UV02, AdhocQueryRequest, retrieval.

Source: IHE ITI TF-2, 3.55, 3.38 and 3.39; eHDSI XCPD and XCA Profiles; WS-Addressing 1.0.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from harness.model import PatientId
from harness.reference import _facts
from harness.reference._discovery import FOREIGN_COMMUNITY, INTERACTIONS, hl7_time
from harness.reference._messages import WSA_ANONYMOUS, element, envelope, text

CONSTANT_ID = "6f3d4f0e-30c3-4a53-8f6e-5a4e4be7a001"


@dataclass(frozen=True, slots=True, kw_only=True)
class Criteria:
    """What the user typed in; empty when left blank. `birth` is yyyyMMdd."""

    ids: tuple[PatientId, ...]
    family: str = ""
    given: str = ""
    birth: str = ""
    gender: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentKey:
    """What names a document for ITI-39, as an ITI-38 answer gave it."""

    home: str
    repository: str
    id: str


def request_envelope(
    *,
    to: str,
    action: str,
    message_id: str,
    assertions: Sequence[bytes],
    payload: str,
    faults: frozenset[str],
) -> bytes:
    """A request with addressing and security header; `message_id` is a bare UUID."""
    must = {} if "soap.action.no-must-understand" in faults else {"env:mustUnderstand": "true"}
    own = full_message_id(message_id, faults)
    reply_to = "https://ncpeh.example/replies" if "soap.reply-to.other" in faults else WSA_ANONYMOUS
    header: list[str | bytes] = [
        element("wsa:To", text(to), **{"env:mustUnderstand": "true"}),
        element("wsa:Action", text(action), **must),
        element("wsa:MessageID", own),
        element("wsa:ReplyTo", element("wsa:Address", reply_to)),
    ]
    if "soap.addressing.foreign-namespace" in faults:
        header.append(element("other:MessageID", own, **{"xmlns:other": WSA_ANONYMOUS}))
    ordered = list(assertions)
    if "soap.assertions.reversed" in faults:
        ordered.reverse()
    if "soap.two-security-headers" in faults:
        header += [*_security(ordered[:1]), *_security(ordered[1:])]
    else:
        header += _security(ordered)
    return envelope(header, payload)


def full_message_id(message_id: str, faults: frozenset[str]) -> str:
    """What MessageID reads for the UUID `message_id`."""
    own = CONSTANT_ID if "soap.message-id.repeated" in faults else message_id
    return ("uuid:" if "soap.message-id.no-urn" in faults else "urn:uuid:") + own


def discovery(
    criteria: Criteria,
    *,
    message_id: tuple[str, str],
    query_id: str,
    sender: str,
    receiver: str,
    at: datetime,
    faults: frozenset[str],
) -> str:
    """PRPA_IN201305UV02; communities are bare OIDs, `query_id` is a UUID."""
    interaction = "PRPA_IN201304UV02" if "xcpd.interaction-id.wrong" in faults else "PRPA_IN201305UV02"
    asked = FOREIGN_COMMUNITY if "xcpd.receiver.other" in faults else receiver
    two_senders = "xcpd.sender.two-ids" in faults
    body = (
        element("id", root=message_id[0], extension=message_id[1]),
        element("creationTime", value=hl7_time(at)),
        element("versionCode", code="V3PR1"),
        element("interactionId", root=INTERACTIONS, extension=interaction),
        element("processingCode", code="P"),
        element("processingModeCode", code="T"),
        element("acceptAckCode", code="NE" if "xcpd.accept-ack.never" in faults else "AL"),
        _device("receiver", "RCV", asked),
        _device("sender", "SND", sender, *((FOREIGN_COMMUNITY,) if two_senders else ())),
        element(
            "controlActProcess",
            element("code", code="PRPA_TE201305UV02", codeSystem=INTERACTIONS)
            + element("authorOrPerformer", element("assignedPerson", classCode="ASSIGNED"), typeCode="AUT")
            + _query(criteria, query_id, faults),
            classCode="CACT",
            moodCode="EVN",
        ),
    )
    return element("PRPA_IN201305UV02", "".join(body), xmlns="urn:hl7-org:v3", ITSVersion="XML_1.0")


def document_query(patient_cx: str, class_code: str, faults: frozenset[str]) -> str:
    """query:AdhocQueryRequest of FindDocuments for one class code."""
    quoted = patient_cx if "xcaq.patient-id.unquoted" in faults else "'" + patient_cx.replace("'", "''") + "'"
    codes = f"'{class_code}^^{_facts.LOINC}'"
    if "xcaq.class-code.two" in faults:
        codes += f",'34133-9^^{_facts.LOINC}'"
    slots = [_slot("$XDSDocumentEntryPatientId", quoted)]
    if "xcaq.status-slot.missing" not in faults:
        slots.append(_slot("$XDSDocumentEntryStatus", f"('{_facts.APPROVED}')"))
    slots.append(_slot("$XDSDocumentEntryClassCode", f"({codes})"))
    # GetAll instead of FindDocuments
    other = "urn:uuid:10b545ea-725c-446d-9b95-8aeb444eddf3"
    query_id = other if "xcaq.query-id.other" in faults else _facts.FIND_DOCUMENTS
    kind = "ObjectRef" if "xcaq.return-type.references" in faults else "LeafClass"
    return element(
        "query:AdhocQueryRequest",
        element("query:ResponseOption", returnComposedObjects="true", returnType=kind)
        + element("rim:AdhocQuery", "".join(slots), id=query_id),
        **{
            "xmlns:query": "urn:oasis:names:tc:ebxml-regrep:xsd:query:3.0",
            "xmlns:rim": "urn:oasis:names:tc:ebxml-regrep:xsd:rim:3.0",
        },
    )


def retrieval(key: DocumentKey, faults: frozenset[str]) -> str:
    """xdsb:RetrieveDocumentSetRequest for one document."""
    home = "" if "xcar.home.missing" in faults else element("xdsb:HomeCommunityId", text(key.home))
    repository = "2.999.250.85" if "xcar.repository.other" in faults else key.repository
    inside = (
        home + element("xdsb:RepositoryUniqueId", text(repository)) + element("xdsb:DocumentUniqueId", text(key.id))
    )
    return element(
        "xdsb:RetrieveDocumentSetRequest",
        element("xdsb:DocumentRequest", inside),
        **{"xmlns:xdsb": "urn:ihe:iti:xds-b:2007"},
    )


def _query(criteria: Criteria, query_id: str, faults: frozenset[str]) -> str:
    own = CONSTANT_ID if "xcpd.query-id.constant" in faults else query_id
    status = "" if "xcpd.status-code.missing" in faults else element("statusCode", code="new")
    priority = "" if "xcpd.priority.missing" in faults else element("responsePriorityCode", code="I")
    sorting = element("sortControl", element("sequenceNumber", value="1")) if "xcpd.sort-control.sent" in faults else ""
    parameters = "" if "xcpd.query.no-criteria" in faults else "".join(_parameters(criteria, faults))
    return element(
        "queryByParameter",
        element("queryId", root=own)
        + status
        + element("responseModalityCode", code="R")
        + priority
        + element("parameterList", parameters)
        + sorting,
    )


def _parameters(criteria: Criteria, faults: frozenset[str]) -> list[str]:
    found: list[str] = []
    if criteria.gender:
        value = element("value", code=criteria.gender, codeSystem="2.16.840.1.113883.5.1")
        gender = _parameter("livingSubjectAdministrativeGender", value, "LivingSubject.administrativeGender")
        found += [gender, gender] if "xcpd.gender.twice" in faults else [gender]
    if criteria.birth:
        day = criteria.birth
        if "xcpd.birth-time.dashed" in faults:
            day = f"{day[:4]}-{day[4:6]}-{day[6:]}"
        found.append(_parameter("livingSubjectBirthTime", element("value", value=day), "LivingSubject.birthTime"))
    for identifier in criteria.ids:
        extension = None if "xcpd.identifier.no-extension" in faults else identifier.extension
        root = "2.999.250.84" if "search-mask.root.other" in faults else identifier.root
        value = element("value", root=root, extension=extension)
        found.append(_parameter("livingSubjectId", value, "LivingSubject.id"))
    names = "".join(
        element(tag, text(value)) for tag, value in (("family", criteria.family), ("given", criteria.given)) if value
    )
    if names:
        found.append(_parameter("livingSubjectName", element("value", names), "LivingSubject.name"))
    return found


def _parameter(name: str, value: str, semantics: str) -> str:
    return element(name, value + element("semanticsText", semantics))


def _device(name: str, type_code: str, *communities: str) -> str:
    organization = element(
        "representedOrganization",
        "".join(element("id", root=c) for c in communities),
        classCode="ORG",
        determinerCode="INSTANCE",
    )
    inside = element("id", root=communities[0]) + element("asAgent", organization, classCode="AGNT")
    return element(name, element("device", inside, classCode="DEV", determinerCode="INSTANCE"), typeCode=type_code)


def _security(assertions: Sequence[bytes]) -> list[str | bytes]:
    return ["<wsse:Security>", *assertions, "</wsse:Security>"]


def _slot(name: str, value: str) -> str:
    return element("rim:Slot", element("rim:ValueList", element("rim:Value", text(value))), name=name)
