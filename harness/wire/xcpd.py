"""Cross Gateway Patient Discovery, ITI-55: PRPA_IN201305UV02 (query) and PRPA_IN201306UV02 (answer).

Values are kept as they stand on the wire, so that a check can judge them: absent is None, times are text, and a field
that the standard allows once and a message holds several times is a tuple. `parse_` functions raise WireError only when
the element is no such message; `build_` functions write what the value says, right or wrong.

Sources: IHE ITI TF-2, 3.55; eHDSI XCPD Profile; HL7 V3 PRPA_IN201305UV02, PRPA_IN201306UV02, MCCI_MT000100 and 300.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime

from lxml import etree

from harness import safexml
from harness.errors import WireError
from harness.wire import codes, ns
from harness.wire._hl7 import (
    Ii as Ii,
)
from harness.wire._hl7 import (
    add,
    add_ii,
    add_optional,
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

_QUERY_INTERACTION = Ii(root=codes.HL7_INTERACTIONS, extension=codes.INTERACTION_QUERY)
_ANSWER_INTERACTION = Ii(root=codes.HL7_INTERACTIONS, extension=codes.INTERACTION_ANSWER)
FORBIDDEN_PATIENT_PARTS = ("coveredPartyOf", "subjectOf2", "guarantor", "contactParty", "guardian", "careGiver")
"""Parts of the PDQ model that an ITI-55 answer may not carry. Source: IHE ITI TF-2, 3.55.4.2.2.2."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """Sender or receiver: identifiers of the device and of the organization it stands for."""

    ids: tuple[Ii, ...] = ()
    organization_ids: tuple[Ii, ...] = ()

    @property
    def hcid(self) -> str | None:
        """Home community id, a bare OID: the root of the organization's id, else of the device's."""
        return next((i.root for i in (*self.organization_ids, *self.ids) if i.root), None)


def device(hcid: str) -> Device:
    """A device that stands for home community `hcid` (bare or `urn:oid:` form), as eHDSI wants it: both ids, root only."""
    root = Ii(root=hcid.removeprefix("urn:oid:"))
    return Device(ids=(root,), organization_ids=(root,))


@dataclass(frozen=True, slots=True, kw_only=True)
class Criteria:
    """What a query asks for, for comparing a request with its echo."""

    query_id: Ii | None = None
    ids: tuple[Ii, ...] = ()
    family: str | None = None
    given: str | None = None
    birth: str | None = None
    gender: str | None = None
    street: str | None = None
    city: str | None = None
    postal_code: str | None = None
    country: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DiscoveryQuery:
    """PRPA_IN201305UV02. Defaults are those of a valid eHDSI query; `birth` is yyyyMMdd, `creation_time` HL7 TS.

    Several given names are joined by a blank. `respond_to` is the telecom of a deferred query's respondTo. Filled by the
    parser only, and left out when two values are compared: `parameters` (names of all children of parameterList, in
    order), `query_parts` (names of all children of queryByParameter and, as `matchCriterionList/x`, of its criteria) and
    `canonical_query` (queryByParameter for an echo).
    """

    message_id: Ii | None
    creation_time: str | None
    sender: Device | None
    receivers: tuple[Device, ...]
    query_id: Ii | None
    its_version: str | None = "XML_1.0"
    version_code: str | None = "V3PR1"
    interaction_id: Ii | None = _QUERY_INTERACTION
    processing_code: str | None = "P"
    processing_mode_code: str | None = "T"
    accept_ack_code: str | None = "AL"
    respond_to: str | None = None
    control_act_code: str | None = codes.TRIGGER_QUERY
    control_act_code_system: str | None = codes.HL7_INTERACTIONS
    query_status_code: str | None = "new"
    response_modality_codes: tuple[str, ...] = ("R",)
    response_priority_codes: tuple[str, ...] = ("I",)
    minimum_degree_match: str | None = None
    ids: tuple[Ii, ...] = ()
    family: str | None = None
    given: str | None = None
    birth: str | None = None
    gender: str | None = None
    street: str | None = None
    city: str | None = None
    postal_code: str | None = None
    country: str | None = None
    parameters: tuple[str, ...] = field(default=(), compare=False)
    query_parts: tuple[str, ...] = field(default=(), compare=False)
    canonical_query: bytes = field(default=b"", compare=False, repr=False)

    @property
    def sender_hcid(self) -> str | None:
        """Home community id of country B, a bare OID."""
        return self.sender.hcid if self.sender else None

    @property
    def receiver_hcid(self) -> str | None:
        """Home community id of country A that the query addresses, a bare OID."""
        return self.receivers[0].hcid if self.receivers else None

    @property
    def criteria(self) -> Criteria:
        """What is asked for."""
        return Criteria(
            query_id=self.query_id,
            ids=self.ids,
            family=self.family,
            given=self.given,
            birth=self.birth,
            gender=self.gender,
            street=self.street,
            city=self.city,
            postal_code=self.postal_code,
            country=self.country,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class AckDetail:
    """One acknowledgementDetail: what went wrong, as code, text (context) and location (technical detail)."""

    code: str | None
    text: str | None = None
    location: str | None = None
    code_system: str | None = None
    type_code: str | None = "E"


@dataclass(frozen=True, slots=True, kw_only=True)
class Acknowledgement:
    """One acknowledgement; a valid answer has exactly one."""

    type_code: str | None
    target_message_id: Ii | None
    details: tuple[AckDetail, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Issue:
    """One detectedIssueEvent and what hangs under it; make one with `trigger_for` or `mitigated_by`.

    `kind` is None when the event has no child. `type_code`, `class_code` and `mood_code` are those of the child and its act.
    """

    detected_code: str | None = codes.ISSUE_EVENT
    detected_code_system: str | None = codes.HL7_ACT_CODE
    kind: str | None = None
    code: str | None = None
    code_system: str | None = None
    type_code: str | None = None
    class_code: str | None = None
    mood_code: str | None = None


def trigger_for(code: str, code_system: str = codes.REASONS_EHDSI) -> Issue:
    """An issue that asks for more or other traits: triggerFor/actOrderRequired with `code`."""
    return Issue(
        kind="triggerFor", code=code, code_system=code_system, type_code="TRIG", class_code="ACT", mood_code="RQO"
    )


def mitigated_by(code: str, code_system: str = codes.REASONS_EHDSI) -> Issue:
    """An issue that says why there is no answer: mitigatedBy/detectedIssueManagement with `code`."""
    return Issue(
        kind="mitigatedBy", code=code, code_system=code_system, type_code="MITGT", class_code="ACT", mood_code="EVN"
    )


def reason(code: str) -> Issue:
    """The issue for a reason code of `codes.REASONS`, with the child and code system that belong to it.

    Raises:
        KeyError: no such reason code.
    """
    known = codes.REASONS[code]
    return (trigger_for if known.element == "triggerFor" else mitigated_by)(known.code, known.code_system)


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonName:
    """One name; several given names are joined by a blank."""

    family: str | None = None
    given: str | None = None
    prefix: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """One match of an answer. `forbidden_parts` is filled by the parser (names out of FORBIDDEN_PATIENT_PARTS)."""

    ids: tuple[Ii, ...]
    names: tuple[PersonName, ...]
    gender: str | None = None
    birth: str | None = None
    street: str | None = None
    city: str | None = None
    postal_code: str | None = None
    country: str | None = None
    match_degree: str | None = "100"
    match_type: str | None = "INT"
    match_code: str | None = codes.MATCH_CODE
    match_code_system: str | None = codes.MATCH_CODE_SYSTEM
    custodian_ids: tuple[Ii, ...] = ()
    custodian_code: str | None = codes.LOCATOR_NO
    custodian_code_system: str | None = codes.LOCATOR_CODE_SYSTEM
    registration_class_code: str | None = "REG"
    registration_status_code: str | None = "active"
    patient_class_code: str | None = "PAT"
    patient_status_code: str | None = "active"
    person_class_code: str | None = "PSN"
    person_determiner_code: str | None = "INSTANCE"
    forbidden_parts: tuple[str, ...] = field(default=(), compare=False)

    @property
    def family(self) -> str | None:
        """Family name of the first name."""
        return self.names[0].family if self.names else None

    @property
    def given(self) -> str | None:
        """Given names of the first name."""
        return self.names[0].given if self.names else None


@dataclass(frozen=True, slots=True, kw_only=True)
class DiscoveryAnswer:
    """PRPA_IN201306UV02. Defaults are those of a valid eHDSI answer.

    `query_echo` is queryByParameter in the form of `canonical_query`, None when the answer holds none;
    `echo_criteria` is the same, read (filled by the parser, left out when two values are compared).
    """

    message_id: Ii | None
    creation_time: str | None
    sender: Device | None
    receivers: tuple[Device, ...]
    acknowledgements: tuple[Acknowledgement, ...]
    query_ack_id: Ii | None
    query_response_code: str | None
    subjects: tuple[Subject, ...] = ()
    issues: tuple[Issue, ...] = ()
    query_echo: bytes | None = field(default=None, repr=False)
    its_version: str | None = "XML_1.0"
    version_code: str | None = "V3PR1"
    interaction_id: Ii | None = _ANSWER_INTERACTION
    processing_code: str | None = "P"
    processing_mode_code: str | None = "T"
    accept_ack_code: str | None = "NE"
    control_act_code: str | None = codes.TRIGGER_ANSWER
    control_act_code_system: str | None = codes.HL7_INTERACTIONS
    query_ack_status: str | None = "completed"
    echo_criteria: Criteria | None = field(default=None, compare=False)

    @property
    def ack_code(self) -> str | None:
        """Type code of the first acknowledgement."""
        return self.acknowledgements[0].type_code if self.acknowledgements else None

    @property
    def target_message_id(self) -> Ii | None:
        """Id of the message that the first acknowledgement answers."""
        return self.acknowledgements[0].target_message_id if self.acknowledgements else None

    @property
    def details(self) -> tuple[AckDetail, ...]:
        """The details of all acknowledgements."""
        return tuple(d for a in self.acknowledgements for d in a.details)

    @property
    def reason_codes(self) -> tuple[str, ...]:
        """The reason codes under reasonOf, those of triggerFor and mitigatedBy alike."""
        return tuple(i.code for i in self.issues if i.code)

    @property
    def sender_hcid(self) -> str | None:
        """Home community id of country A, a bare OID."""
        return self.sender.hcid if self.sender else None

    @property
    def receiver_hcid(self) -> str | None:
        """Home community id of country B that the answer addresses, a bare OID."""
        return self.receivers[0].hcid if self.receivers else None


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


def build_query(query: DiscoveryQuery) -> bytes:
    """PRPA_IN201305UV02 in UTF-8 without XML declaration, ready for a SOAP body.

    Elements stand in the order of the HL7 schema; a value that is None leaves its element out.
    """
    root = _message(query, codes.INTERACTION_QUERY)
    for receiver in query.receivers:
        _add_device(root, "receiver", "RCV", receiver)
    if query.respond_to is not None:
        entity = add(add(root, "respondTo", typeCode="RSP"), "entityRsp", classCode="ENT", determinerCode="INSTANCE")
        add(entity, "telecom", value=query.respond_to)
    if query.sender is not None:
        _add_device(root, "sender", "SND", query.sender)
    act = add(root, "controlActProcess", classCode="CACT", moodCode="EVN")
    if query.control_act_code is not None or query.control_act_code_system is not None:
        add(act, "code", code=query.control_act_code, codeSystem=query.control_act_code_system)
    add(add(act, "authorOrPerformer", typeCode="AUT"), "assignedPerson", classCode="ASSIGNED")
    body = add(act, "queryByParameter")
    add_ii(body, "queryId", query.query_id)
    add_optional(body, "statusCode", "code", query.query_status_code)
    for code in query.response_modality_codes:
        add(body, "responseModalityCode", code=code)
    for code in query.response_priority_codes:
        add(body, "responsePriorityCode", code=code)
    criteria = add(body, "matchCriterionList")
    if query.minimum_degree_match is not None:
        minimum = add(criteria, "minimumDegreeMatch")
        degree = add(minimum, "value")
        degree.set(f"{{{ns.XSI}}}type", "INT")
        degree.set("value", query.minimum_degree_match)
        add(minimum, "semanticsText", "MatchCriterionList.minimumDegreeMatch")
    _add_parameters(add(body, "parameterList"), query)
    return etree.tostring(root, encoding="UTF-8", xml_declaration=False)


def build_answer(answer: DiscoveryAnswer) -> bytes:
    """PRPA_IN201306UV02 in UTF-8 without XML declaration, ready for a SOAP body.

    Elements stand in the order of the HL7 schema; a value that is None leaves its element out.

    Raises:
        WireError: `answer.query_echo` is not well-formed.
    """
    root = _message(answer, codes.INTERACTION_ANSWER)
    for receiver in answer.receivers:
        _add_device(root, "receiver", "RCV", receiver)
    if answer.sender is not None:
        _add_device(root, "sender", "SND", answer.sender)
    for acknowledgement in answer.acknowledgements:
        _add_acknowledgement(root, acknowledgement)
    act = add(root, "controlActProcess", classCode="CACT", moodCode="EVN")
    if answer.control_act_code is not None or answer.control_act_code_system is not None:
        add(act, "code", code=answer.control_act_code, codeSystem=answer.control_act_code_system)
    for subject in answer.subjects:
        _add_subject(act, subject)
    for issue in answer.issues:
        _add_issue(act, issue)
    if (answer.query_ack_id, answer.query_ack_status, answer.query_response_code) != (None, None, None):
        ack = add(act, "queryAck")
        add_ii(ack, "queryId", answer.query_ack_id)
        add_optional(ack, "statusCode", "code", answer.query_ack_status)
        add_optional(ack, "queryResponseCode", "code", answer.query_response_code)
    if answer.query_echo is not None:
        act.append(safexml.parse(answer.query_echo))
    return etree.tostring(root, encoding="UTF-8", xml_declaration=False)


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
        act_name = _ACT_OF.get(local_name(child))
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


_ACT_OF = {"triggerFor": "actOrderRequired", "mitigatedBy": "detectedIssueManagement"}


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


def _message(value: DiscoveryQuery | DiscoveryAnswer, interaction: str) -> etree._Element:
    root = etree.Element(f"{{{ns.HL7}}}{interaction}", nsmap={None: ns.HL7, "xsi": ns.XSI})
    if value.its_version is not None:
        root.set("ITSVersion", value.its_version)
    add_ii(root, "id", value.message_id)
    add_optional(root, "creationTime", "value", value.creation_time)
    add_optional(root, "versionCode", "code", value.version_code)
    add_ii(root, "interactionId", value.interaction_id)
    add_optional(root, "processingCode", "code", value.processing_code)
    add_optional(root, "processingModeCode", "code", value.processing_mode_code)
    add_optional(root, "acceptAckCode", "code", value.accept_ack_code)
    return root


def _add_device(root: etree._Element, name: str, type_code: str, value: Device) -> None:
    box = add(add(root, name, typeCode=type_code), "device", classCode="DEV", determinerCode="INSTANCE")
    for identifier in value.ids:
        add_ii(box, "id", identifier)
    if value.organization_ids:
        agent = add(box, "asAgent", classCode="AGNT")
        organization = add(agent, "representedOrganization", classCode="ORG", determinerCode="INSTANCE")
        for identifier in value.organization_ids:
            add_ii(organization, "id", identifier)


def _add_parameters(box: etree._Element, query: DiscoveryQuery) -> None:
    if query.gender is not None:
        _add_parameter(box, "livingSubjectAdministrativeGender", "LivingSubject.administrativeGender").set(
            "code", query.gender
        )
    if query.birth is not None:
        _add_parameter(box, "livingSubjectBirthTime", "LivingSubject.birthTime").set("value", query.birth)
    for identifier in query.ids:
        value = _add_parameter(box, "livingSubjectId", "LivingSubject.id")
        for name, given in (
            ("root", identifier.root),
            ("extension", identifier.extension),
            ("nullFlavor", identifier.null_flavor),
        ):
            if given is not None:
                value.set(name, given)
    if query.family is not None or query.given is not None:
        value = _add_parameter(box, "livingSubjectName", "LivingSubject.name")
        _add_texts(value, (("family", query.family), ("given", query.given)))
    address = (
        ("streetName", query.street),
        ("city", query.city),
        ("country", query.country),
        ("postalCode", query.postal_code),
    )
    if any(given is not None for _, given in address):
        _add_texts(_add_parameter(box, "patientAddress", "Patient.addr"), address)


def _add_parameter(box: etree._Element, name: str, semantics: str) -> etree._Element:
    parameter = add(box, name)
    value = add(parameter, "value")
    add(parameter, "semanticsText", semantics)
    return value


def _add_texts(parent: etree._Element, parts: tuple[tuple[str, str | None], ...]) -> None:
    for name, given in parts:
        if given is not None:
            add(parent, name, given)


def _add_acknowledgement(root: etree._Element, value: Acknowledgement) -> None:
    box = add(root, "acknowledgement")
    add_optional(box, "typeCode", "code", value.type_code)
    if value.target_message_id is not None:
        add_ii(add(box, "targetMessage"), "id", value.target_message_id)
    for detail in value.details:
        part = add(box, "acknowledgementDetail", typeCode=detail.type_code)
        if detail.code is not None or detail.code_system is not None:
            add(part, "code", code=detail.code, codeSystem=detail.code_system)
        _add_texts(part, (("text", detail.text), ("location", detail.location)))


def _add_subject(act: etree._Element, value: Subject) -> None:
    box = add(act, "subject", typeCode="SUBJ", contextConductionInd="false")
    event = add(box, "registrationEvent", classCode=value.registration_class_code, moodCode="EVN")
    add(event, "id", nullFlavor="NA")
    add_optional(event, "statusCode", "code", value.registration_status_code)
    patient = add(add(event, "subject1", typeCode="SBJ"), "patient", classCode=value.patient_class_code)
    for identifier in value.ids:
        add_ii(patient, "id", identifier)
    add_optional(patient, "statusCode", "code", value.patient_status_code)
    _add_person(patient, value)
    if (value.match_code, value.match_code_system, value.match_degree, value.match_type) != (None, None, None, None):
        match = add(add(patient, "subjectOf1"), "queryMatchObservation", classCode="OBS", moodCode="EVN")
        if value.match_code is not None or value.match_code_system is not None:
            add(match, "code", code=value.match_code, codeSystem=value.match_code_system)
        if value.match_degree is not None or value.match_type is not None:
            degree = add(match, "value")
            if value.match_type is not None:
                degree.set(f"{{{ns.XSI}}}type", value.match_type)
            if value.match_degree is not None:
                degree.set("value", value.match_degree)
    if value.custodian_ids or value.custodian_code is not None or value.custodian_code_system is not None:
        entity = add(add(event, "custodian", typeCode="CST"), "assignedEntity", classCode="ASSIGNED")
        for identifier in value.custodian_ids:
            add_ii(entity, "id", identifier)
        if value.custodian_code is not None or value.custodian_code_system is not None:
            add(entity, "code", code=value.custodian_code, codeSystem=value.custodian_code_system)


def _add_person(patient: etree._Element, value: Subject) -> None:
    person = add(
        patient, "patientPerson", classCode=value.person_class_code, determinerCode=value.person_determiner_code
    )
    for name in value.names:
        _add_texts(add(person, "name"), (("prefix", name.prefix), ("family", name.family), ("given", name.given)))
    add_optional(person, "administrativeGenderCode", "code", value.gender)
    add_optional(person, "birthTime", "value", value.birth)
    address = (
        ("streetAddressLine", value.street),
        ("city", value.city),
        ("postalCode", value.postal_code),
        ("country", value.country),
    )
    if any(given is not None for _, given in address):
        _add_texts(add(person, "addr"), address)


def _add_issue(act: etree._Element, value: Issue) -> None:
    box = add(act, "reasonOf", typeCode="RSON")
    event = add(box, "detectedIssueEvent", classCode="ALRT", moodCode="EVN")
    if value.detected_code is not None or value.detected_code_system is not None:
        add(event, "code", code=value.detected_code, codeSystem=value.detected_code_system)
    if value.kind is None:
        return
    act_name = _ACT_OF[value.kind]
    child = add(event, value.kind, typeCode=value.type_code)
    inner = add(child, act_name, classCode=value.class_code, moodCode=value.mood_code)
    if value.code is not None or value.code_system is not None:
        add(inner, "code", code=value.code, codeSystem=value.code_system)
