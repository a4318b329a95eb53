"""Cross Gateway Patient Discovery, ITI-55: PRPA_IN201305UV02 (query) and PRPA_IN201306UV02 (answer).

Values are kept as they stand on the wire, so that a check can judge them: absent is None, times are text, and a field
that the standard allows once and a message holds several times is a tuple. `parse_` functions raise WireError only when
the element is no such message; `build_` functions write what the value says, right or wrong.

Sources: IHE ITI TF-2, 3.55; eHDSI XCPD Profile; HL7 V3 PRPA_IN201305UV02, PRPA_IN201306UV02, MCCI_MT000100 and 300.
"""

from datetime import UTC, datetime

from lxml import etree

from harness import safexml
from harness.errors import WireError
from harness.wire import codes, ns
from harness.wire._hl7 import (
    Ii,
    attribute,
    canonical,
    children,
    find,
    find_all,
    ii,
    iis,
    local_name,
    local_type,
    text,
    text_at,
)
from harness.wire._xcpd_build import build_answer, build_query
from harness.wire._xcpd_types import (
    ACT_OF,
    AckDetail,
    Acknowledgement,
    Criteria,
    Device,
    DiscoveryAnswer,
    DiscoveryQuery,
    Issue,
    PersonName,
    Subject,
    device,
    mitigated_by,
    reason,
    trigger_for,
)

__all__ = [
    "FORBIDDEN_PATIENT_PARTS",
    "X_ACCEPT_ACK",
    "X_ACK",
    "X_ACK_DETAIL",
    "X_ACK_TARGET",
    "X_ACK_TYPE",
    "X_BIRTH",
    "X_CONTROL_ACT",
    "X_CONTROL_ACT_CODE",
    "X_CREATION_TIME",
    "X_CUSTODIAN_CODE",
    "X_CUSTODIAN_ID",
    "X_GENDER",
    "X_ID",
    "X_INTERACTION",
    "X_ITS_VERSION",
    "X_MATCH",
    "X_NAME",
    "X_PARAMETERS",
    "X_PARAMETER_ADDRESS",
    "X_PARAMETER_BIRTH",
    "X_PARAMETER_GENDER",
    "X_PARAMETER_ID",
    "X_PARAMETER_NAME",
    "X_PATIENT",
    "X_PATIENT_ID",
    "X_PERSON",
    "X_PROCESSING_CODE",
    "X_PROCESSING_MODE",
    "X_QUERY",
    "X_QUERY_ACK",
    "X_QUERY_ACK_ID",
    "X_QUERY_ACK_STATUS",
    "X_QUERY_ID",
    "X_QUERY_RESPONSE",
    "X_QUERY_STATUS",
    "X_REASON",
    "X_RECEIVER",
    "X_REGISTRATION",
    "X_RESPONSE_MODALITY",
    "X_RESPONSE_PRIORITY",
    "X_SENDER",
    "X_SENDER_ORGANIZATION",
    "X_SUBJECT",
    "AckDetail",
    "Acknowledgement",
    "Criteria",
    "Device",
    "DiscoveryAnswer",
    "DiscoveryQuery",
    "Ii",
    "Issue",
    "PersonName",
    "Subject",
    "build_answer",
    "build_query",
    "canonical_query",
    "device",
    "hl7_time",
    "mitigated_by",
    "parse_answer",
    "parse_query",
    "reason",
    "trigger_for",
]

# --- where checks find a field, from the message's root element (prefix hl7 of `ns.PREFIXES`)
X_ITS_VERSION = "@ITSVersion"
X_ID = "hl7:id"
X_CREATION_TIME = "hl7:creationTime/@value"
X_INTERACTION = "hl7:interactionId"
X_PROCESSING_CODE = "hl7:processingCode/@code"
X_PROCESSING_MODE = "hl7:processingModeCode/@code"
X_ACCEPT_ACK = "hl7:acceptAckCode/@code"
X_RECEIVER = "hl7:receiver/hl7:device/hl7:id/@root"
X_SENDER = "hl7:sender/hl7:device/hl7:id/@root"
X_SENDER_ORGANIZATION = "hl7:sender/hl7:device/hl7:asAgent/hl7:representedOrganization/hl7:id"
X_ACK = "hl7:acknowledgement"
X_ACK_TYPE = "hl7:acknowledgement/hl7:typeCode/@code"
X_ACK_TARGET = "hl7:acknowledgement/hl7:targetMessage/hl7:id"
X_ACK_DETAIL = "hl7:acknowledgement/hl7:acknowledgementDetail"
X_CONTROL_ACT = "hl7:controlActProcess"
X_CONTROL_ACT_CODE = "hl7:controlActProcess/hl7:code/@code"
X_SUBJECT = "hl7:controlActProcess/hl7:subject"
X_REGISTRATION = X_SUBJECT + "/hl7:registrationEvent"
X_PATIENT = X_REGISTRATION + "/hl7:subject1/hl7:patient"
X_PATIENT_ID = X_PATIENT + "/hl7:id"
X_PERSON = X_PATIENT + "/hl7:patientPerson"
X_NAME = X_PERSON + "/hl7:name"
X_GENDER = X_PERSON + "/hl7:administrativeGenderCode/@code"
X_BIRTH = X_PERSON + "/hl7:birthTime/@value"
X_MATCH = X_PATIENT + "/hl7:subjectOf1/hl7:queryMatchObservation"
X_CUSTODIAN_ID = X_REGISTRATION + "/hl7:custodian/hl7:assignedEntity/hl7:id"
X_CUSTODIAN_CODE = X_REGISTRATION + "/hl7:custodian/hl7:assignedEntity/hl7:code"
X_REASON = "hl7:controlActProcess/hl7:reasonOf/hl7:detectedIssueEvent"
X_QUERY_ACK = "hl7:controlActProcess/hl7:queryAck"
X_QUERY_ACK_ID = X_QUERY_ACK + "/hl7:queryId"
X_QUERY_ACK_STATUS = X_QUERY_ACK + "/hl7:statusCode/@code"
X_QUERY_RESPONSE = X_QUERY_ACK + "/hl7:queryResponseCode/@code"
X_QUERY = "hl7:controlActProcess/hl7:queryByParameter"
X_QUERY_ID = X_QUERY + "/hl7:queryId"
X_QUERY_STATUS = X_QUERY + "/hl7:statusCode/@code"
X_RESPONSE_MODALITY = X_QUERY + "/hl7:responseModalityCode/@code"
X_RESPONSE_PRIORITY = X_QUERY + "/hl7:responsePriorityCode/@code"
X_PARAMETERS = X_QUERY + "/hl7:parameterList"
X_PARAMETER_ID = X_PARAMETERS + "/hl7:livingSubjectId/hl7:value"
X_PARAMETER_NAME = X_PARAMETERS + "/hl7:livingSubjectName/hl7:value"
X_PARAMETER_BIRTH = X_PARAMETERS + "/hl7:livingSubjectBirthTime/hl7:value/@value"
X_PARAMETER_GENDER = X_PARAMETERS + "/hl7:livingSubjectAdministrativeGender/hl7:value/@code"
X_PARAMETER_ADDRESS = X_PARAMETERS + "/hl7:patientAddress"

FORBIDDEN_PATIENT_PARTS = ("coveredPartyOf", "subjectOf2", "guarantor", "contactParty", "guardian", "careGiver")
"""Parts of the PDQ model that an ITI-55 answer may not carry. Source: IHE ITI TF-2, 3.55.4.2.2.2."""


def hl7_time(at: datetime) -> str:
    """`at` as HL7 TS in UTC with milliseconds and zone: `yyyyMMddHHmmss.SSS+0000`.

    Raises:
        ValueError: `at` has no time zone.
    """
    if at.tzinfo is None:
        raise ValueError("hl7_time needs an aware datetime")
    utc = at.astimezone(UTC)
    return f"{utc:%Y%m%d%H%M%S}.{utc.microsecond // 1000:03d}+0000"


def parse_query(element: etree._Element) -> DiscoveryQuery:
    """The query that `element` (hl7:PRPA_IN201305UV02) is.

    Raises:
        WireError: `wrong-root`, or `missing-element` when it holds no controlActProcess.
    """
    act = _control_act(element, codes.INTERACTION_QUERY)
    query = find(act, "hl7:queryByParameter")
    criteria = _criteria(query)
    return DiscoveryQuery(
        message_id=ii(find(element, "hl7:id")),
        creation_time=attribute(element, "hl7:creationTime", "value"),
        sender=_device(find(element, "hl7:sender")),
        receivers=tuple(d for r in find_all(element, "hl7:receiver") if (d := _device(r)) is not None),
        query_id=criteria.query_id,
        its_version=element.get("ITSVersion"),
        version_code=attribute(element, "hl7:versionCode", "code"),
        interaction_id=ii(find(element, "hl7:interactionId")),
        processing_code=attribute(element, "hl7:processingCode", "code"),
        processing_mode_code=attribute(element, "hl7:processingModeCode", "code"),
        accept_ack_code=attribute(element, "hl7:acceptAckCode", "code"),
        respond_to=_respond_to(element),
        control_act_code=attribute(act, "hl7:code", "code"),
        control_act_code_system=attribute(act, "hl7:code", "codeSystem"),
        query_status_code=attribute(query, "hl7:statusCode", "code"),
        response_modality_codes=_codes(query, "hl7:responseModalityCode"),
        response_priority_codes=_codes(query, "hl7:responsePriorityCode"),
        minimum_degree_match=attribute(query, "hl7:matchCriterionList/hl7:minimumDegreeMatch/hl7:value", "value"),
        ids=criteria.ids,
        family=criteria.family,
        given=criteria.given,
        birth=criteria.birth,
        gender=criteria.gender,
        street=criteria.street,
        city=criteria.city,
        postal_code=criteria.postal_code,
        country=criteria.country,
        parameters=tuple(local_name(c) for c in children(find(query, "hl7:parameterList"))),
        query_parts=tuple(_query_parts(query)),
        canonical_query=b"" if query is None else canonical(query),
    )


def parse_answer(element: etree._Element) -> DiscoveryAnswer:
    """The answer that `element` (hl7:PRPA_IN201306UV02) is.

    Raises:
        WireError: `wrong-root`, or `missing-element` when it holds no controlActProcess.
    """
    act = _control_act(element, codes.INTERACTION_ANSWER)
    echo = find(act, "hl7:queryByParameter")
    return DiscoveryAnswer(
        message_id=ii(find(element, "hl7:id")),
        creation_time=attribute(element, "hl7:creationTime", "value"),
        sender=_device(find(element, "hl7:sender")),
        receivers=tuple(d for r in find_all(element, "hl7:receiver") if (d := _device(r)) is not None),
        acknowledgements=tuple(_acknowledgement(a) for a in find_all(element, "hl7:acknowledgement")),
        query_ack_id=ii(find(act, "hl7:queryAck/hl7:queryId")),
        query_response_code=attribute(act, "hl7:queryAck/hl7:queryResponseCode", "code"),
        subjects=tuple(_subject(s) for s in find_all(act, "hl7:subject")),
        issues=tuple(i for e in find_all(act, "hl7:reasonOf/hl7:detectedIssueEvent") for i in _issues(e)),
        query_echo=None if echo is None else canonical(echo),
        its_version=element.get("ITSVersion"),
        version_code=attribute(element, "hl7:versionCode", "code"),
        interaction_id=ii(find(element, "hl7:interactionId")),
        processing_code=attribute(element, "hl7:processingCode", "code"),
        processing_mode_code=attribute(element, "hl7:processingModeCode", "code"),
        accept_ack_code=attribute(element, "hl7:acceptAckCode", "code"),
        control_act_code=attribute(act, "hl7:code", "code"),
        control_act_code_system=attribute(act, "hl7:code", "codeSystem"),
        query_ack_status=attribute(act, "hl7:queryAck/hl7:statusCode", "code"),
        echo_criteria=None if echo is None else _criteria(echo),
    )


def canonical_query(query: DiscoveryQuery) -> bytes:
    """queryByParameter of `query` for an answer's `query_echo`: as received when it was parsed, else as we would send it."""
    return query.canonical_query or parse_query(safexml.parse(build_query(query))).canonical_query


def _control_act(element: etree._Element, interaction: str) -> etree._Element:
    if element.tag != f"{{{ns.HL7}}}{interaction}":
        raise WireError(
            "not the HL7v3 message that is due here",
            kind="wrong-root",
            expected=f"hl7:{interaction}",
            found=ns.qname(element.tag) if isinstance(element.tag, str) else "no element",
            xpath="/*",
        )
    act = find(element, "hl7:controlActProcess")
    if act is None:
        raise WireError(
            "the message has no content",
            kind="missing-element",
            expected="hl7:controlActProcess",
            xpath=f"/hl7:{interaction}",
        )
    return act


def _codes(parent: etree._Element | None, path: str) -> tuple[str, ...]:
    return tuple(e.get("code") or "" for e in find_all(parent, path))


def _device(participant: etree._Element | None) -> Device | None:
    if participant is None:
        return None
    return Device(
        ids=iis(participant, "hl7:device/hl7:id"),
        organization_ids=iis(participant, "hl7:device/hl7:asAgent/hl7:representedOrganization/hl7:id"),
    )


def _respond_to(element: etree._Element) -> str | None:
    target = find(element, "hl7:respondTo")
    if target is None:
        return None
    return attribute(target, "hl7:entityRsp/hl7:telecom", "value") or ""


def _query_parts(query: etree._Element | None) -> list[str]:
    parts = []
    for child in children(query):
        name = local_name(child)
        parts.append(name)
        if name == "matchCriterionList":
            parts += [f"{name}/{local_name(c)}" for c in children(child)]
    return parts


def _joined(elements: list[etree._Element]) -> str | None:
    return " ".join(t for e in elements if (t := text(e))) or None


def _criteria(query: etree._Element | None) -> Criteria:
    parameters = find(query, "hl7:parameterList")
    name = find(parameters, "hl7:livingSubjectName/hl7:value")
    address = find(parameters, "hl7:patientAddress/hl7:value")
    return Criteria(
        query_id=ii(find(query, "hl7:queryId")),
        ids=iis(parameters, "hl7:livingSubjectId/hl7:value"),
        family=_joined(find_all(name, "hl7:family")),
        given=_joined(find_all(name, "hl7:given")),
        birth=attribute(parameters, "hl7:livingSubjectBirthTime/hl7:value", "value"),
        gender=attribute(parameters, "hl7:livingSubjectAdministrativeGender/hl7:value", "code"),
        street=text_at(address, "hl7:streetName") or text_at(address, "hl7:streetAddressLine"),
        city=text_at(address, "hl7:city"),
        postal_code=text_at(address, "hl7:postalCode"),
        country=text_at(address, "hl7:country"),
    )


def _acknowledgement(element: etree._Element) -> Acknowledgement:
    return Acknowledgement(
        type_code=attribute(element, "hl7:typeCode", "code"),
        target_message_id=ii(find(element, "hl7:targetMessage/hl7:id")),
        details=tuple(
            AckDetail(
                type_code=detail.get("typeCode"),
                code=attribute(detail, "hl7:code", "code"),
                code_system=attribute(detail, "hl7:code", "codeSystem"),
                text=text_at(detail, "hl7:text"),
                location=text_at(detail, "hl7:location"),
            )
            for detail in find_all(element, "hl7:acknowledgementDetail")
        ),
    )


def _issues(event: etree._Element) -> list[Issue]:
    detected = attribute(event, "hl7:code", "code")
    system = attribute(event, "hl7:code", "codeSystem")
    found = []
    for child in children(event):
        act_name = ACT_OF.get(local_name(child))
        if act_name is None:
            continue
        act = find(child, f"hl7:{act_name}")
        found.append(
            Issue(
                detected_code=detected,
                detected_code_system=system,
                kind=local_name(child),
                code=attribute(act, "hl7:code", "code"),
                code_system=attribute(act, "hl7:code", "codeSystem"),
                type_code=child.get("typeCode"),
                class_code=None if act is None else act.get("classCode"),
                mood_code=None if act is None else act.get("moodCode"),
            )
        )
    return found or [Issue(detected_code=detected, detected_code_system=system)]


def _subject(element: etree._Element) -> Subject:
    event = find(element, "hl7:registrationEvent")
    patient = find(event, "hl7:subject1/hl7:patient")
    person = find(patient, "hl7:patientPerson")
    address = find(person, "hl7:addr")
    match = find(patient, "hl7:subjectOf1/hl7:queryMatchObservation")
    custodian = find(event, "hl7:custodian/hl7:assignedEntity")
    present = {local_name(c) for part in (patient, person) for c in children(part)}
    return Subject(
        ids=iis(patient, "hl7:id"),
        names=tuple(
            PersonName(
                family=_joined(find_all(name, "hl7:family")),
                given=_joined(find_all(name, "hl7:given")),
                prefix=_joined(find_all(name, "hl7:prefix")),
            )
            for name in find_all(person, "hl7:name")
        ),
        gender=attribute(person, "hl7:administrativeGenderCode", "code"),
        birth=attribute(person, "hl7:birthTime", "value"),
        street=text_at(address, "hl7:streetAddressLine") or text_at(address, "hl7:streetName"),
        city=text_at(address, "hl7:city"),
        postal_code=text_at(address, "hl7:postalCode"),
        country=text_at(address, "hl7:country"),
        match_degree=attribute(match, "hl7:value", "value"),
        match_type=local_type(find(match, "hl7:value")),
        match_code=attribute(match, "hl7:code", "code"),
        match_code_system=attribute(match, "hl7:code", "codeSystem"),
        custodian_ids=iis(custodian, "hl7:id"),
        custodian_code=attribute(custodian, "hl7:code", "code"),
        custodian_code_system=attribute(custodian, "hl7:code", "codeSystem"),
        registration_class_code=None if event is None else event.get("classCode"),
        registration_status_code=attribute(event, "hl7:statusCode", "code"),
        patient_class_code=None if patient is None else patient.get("classCode"),
        patient_status_code=attribute(patient, "hl7:statusCode", "code"),
        person_class_code=None if person is None else person.get("classCode"),
        person_determiner_code=None if person is None else person.get("determinerCode"),
        forbidden_parts=tuple(p for p in FORBIDDEN_PATIENT_PARTS if p in present),
    )
