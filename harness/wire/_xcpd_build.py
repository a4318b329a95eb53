"""Writes ITI-55 messages: one function an element, in the order of the HL7 schemas; `xcpd` is the front door."""

from lxml import etree

from harness import safexml
from harness.wire import codes, ns
from harness.wire._hl7 import add, add_ii, add_optional
from harness.wire._xcpd_types import ACT_OF, Acknowledgement, Device, DiscoveryAnswer, DiscoveryQuery, Issue, Subject


def build_query(query: DiscoveryQuery) -> bytes:
    """PRPA_IN201305UV02 in UTF-8 without XML declaration, ready for a SOAP body.

    Elements stand in the order of the HL7 schema; a value that is None leaves its element out.
    """
    root = _message(query, codes.INTERACTION_QUERY)
    for receiver in query.receivers:
        _add_device(root, "receiver", "RCV", receiver)
    if query.respond_to is not None:
        entity = add(add(root, "respondTo", typeCode="RSP"), "entityRsp", classCode="ENT", determinerCode="INSTANCE")
        add(entity, "id", nullFlavor="NI")
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


def _message(value: DiscoveryQuery | DiscoveryAnswer, interaction: str) -> etree._Element:
    # A default namespace would swallow elements without namespace that an answer has to echo.
    prefix = "hl7" if interaction == codes.INTERACTION_ANSWER else None
    root = etree.Element(f"{{{ns.HL7}}}{interaction}", nsmap={prefix: ns.HL7, "xsi": ns.XSI})
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
                degree.set(f"{{{ns.XSI}}}type", f"hl7:{value.match_type}")
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
    act_name = ACT_OF[value.kind]
    child = add(event, value.kind, typeCode=value.type_code)
    inner = add(child, act_name, classCode=value.class_code, moodCode=value.mood_code)
    if value.code is not None or value.code_system is not None:
        add(inner, "code", code=value.code, codeSystem=value.code_system)
