"""Hypothesis strategies for message values and for trees that look like messages."""

from collections.abc import Callable

from hypothesis import strategies as st
from lxml import etree

from harness.errors import WireError
from harness.wire import codes, ns, xcpd, xds

CHARACTERS = st.characters(codec="utf-8", exclude_categories=("Cc", "Cs"), exclude_characters="\ufffe\uffff")
VALUES = st.text(CHARACTERS, max_size=12).map(str.strip)
TEXTS = VALUES.filter(bool)
MAYBE = st.none() | VALUES
MAYBE_TEXT = st.none() | TEXTS
IIS = st.builds(xcpd.Ii, root=MAYBE, extension=MAYBE, null_flavor=st.none() | st.just("NI"))
DEVICES = st.builds(
    xcpd.Device, ids=st.lists(IIS, max_size=2).map(tuple), organization_ids=st.lists(IIS, max_size=2).map(tuple)
)
PLACE = dict.fromkeys(("street", "city", "postal_code", "country"), MAYBE_TEXT)
HEAD = {
    "message_id": st.none() | IIS,
    "creation_time": MAYBE,
    "sender": st.none() | DEVICES,
    "receivers": st.lists(DEVICES, max_size=2).map(tuple),
    "its_version": MAYBE,
    "version_code": MAYBE,
    "interaction_id": st.none() | IIS,
    "processing_code": MAYBE,
    "processing_mode_code": MAYBE,
    "accept_ack_code": MAYBE,
    "control_act_code": MAYBE,
    "control_act_code_system": MAYBE,
}
QUERIES = st.builds(
    xcpd.DiscoveryQuery,
    **HEAD,
    query_id=st.none() | IIS,
    respond_to=MAYBE,
    query_status_code=MAYBE,
    response_modality_codes=st.lists(VALUES, max_size=2).map(tuple),
    response_priority_codes=st.lists(VALUES, max_size=2).map(tuple),
    minimum_degree_match=MAYBE,
    ids=st.lists(IIS, max_size=2).map(tuple),
    family=MAYBE_TEXT,
    given=MAYBE_TEXT,
    birth=MAYBE,
    gender=MAYBE,
    **PLACE,
    parameters=st.just(()),
    query_parts=st.just(()),
    canonical_query=st.just(b""),
)
DETAILS = st.builds(
    xcpd.AckDetail, code=MAYBE, text=MAYBE_TEXT, location=MAYBE_TEXT, code_system=MAYBE, type_code=MAYBE
)
ACKS = st.builds(
    xcpd.Acknowledgement,
    type_code=MAYBE,
    target_message_id=st.none() | IIS,
    details=st.lists(DETAILS, max_size=2).map(tuple),
)
NAMES = st.builds(xcpd.PersonName, family=MAYBE_TEXT, given=MAYBE_TEXT, prefix=MAYBE_TEXT)
SUBJECTS = st.builds(
    xcpd.Subject,
    ids=st.lists(IIS, max_size=2).map(tuple),
    names=st.lists(NAMES, max_size=2).map(tuple),
    gender=MAYBE,
    birth=MAYBE,
    **PLACE,
    match_degree=MAYBE,
    match_type=st.sampled_from((None, "INT", "REAL")),
    match_code=MAYBE,
    match_code_system=MAYBE,
    custodian_ids=st.lists(IIS, max_size=2).map(tuple),
    custodian_code=MAYBE,
    custodian_code_system=MAYBE,
    registration_class_code=MAYBE,
    registration_status_code=MAYBE,
    patient_class_code=MAYBE,
    patient_status_code=MAYBE,
    person_class_code=MAYBE,
    person_determiner_code=MAYBE,
    forbidden_parts=st.just(()),
)
ISSUES = st.builds(xcpd.Issue, detected_code=MAYBE, detected_code_system=MAYBE) | st.builds(
    xcpd.Issue,
    detected_code=MAYBE,
    detected_code_system=MAYBE,
    kind=st.sampled_from(("triggerFor", "mitigatedBy")),
    code=MAYBE,
    code_system=MAYBE,
    type_code=MAYBE,
    class_code=MAYBE,
    mood_code=MAYBE,
)
ANSWERS = st.builds(
    xcpd.DiscoveryAnswer,
    **HEAD,
    acknowledgements=st.lists(ACKS, max_size=2).map(tuple),
    query_ack_id=st.none() | IIS,
    query_response_code=MAYBE,
    query_ack_status=MAYBE,
    subjects=st.lists(SUBJECTS, max_size=2).map(tuple),
    issues=st.lists(ISSUES, max_size=2).map(tuple),
    query_echo=st.none() | QUERIES.map(xcpd.canonical_query),
    echo_criteria=st.none(),
)

SLOTS = st.builds(xds.Slot, name=VALUES, values=st.lists(VALUES, max_size=3).map(tuple))
CODED = st.builds(xds.Coded, code=MAYBE, scheme=MAYBE, display=MAYBE)
ERRORS = st.builds(xds.RegistryError, code=MAYBE, context=MAYBE, severity=MAYBE, location=MAYBE)
RESULT = {"status": MAYBE, "errors": st.lists(ERRORS, max_size=2).map(tuple), "has_error_list": st.booleans()}
DOCUMENT_QUERIES = st.builds(
    xds.DocumentQuery,
    query_id=MAYBE,
    slots=st.lists(SLOTS, max_size=3).map(tuple),
    home=MAYBE,
    return_type=MAYBE,
    return_composed_objects=MAYBE,
)
AUTHORS = st.builds(xds.Author, slots=st.lists(SLOTS, max_size=2).map(tuple))
ENTRIES = st.builds(
    xds.DocumentEntry,
    **dict.fromkeys(
        (
            *("id", "unique_id", "patient_id", "home", "lid", "mime_type", "status", "object_type", "creation_time"),
            *("language", "source_patient_id", "repository_id", "size", "hash", "title", "description", "version"),
        ),
        MAYBE,
    ),
    **{
        name: st.none() | CODED
        for name in ("class_code", "type_code", "format_code", "facility_type_code", "practice_setting_code")
    },
    slots=st.lists(SLOTS, max_size=2).map(tuple),
    confidentiality_codes=st.lists(CODED, max_size=2).map(tuple),
    event_codes=st.lists(CODED, max_size=2).map(tuple),
    authors=st.lists(AUTHORS, max_size=1).map(tuple),
    classifications=st.just(()),
    identifiers=st.just(()),
)
ASSOCIATIONS = st.builds(
    xds.Association, type=MAYBE, source=MAYBE, target=MAYBE, id=MAYBE, slots=st.lists(SLOTS, max_size=1).map(tuple)
)
QUERY_ANSWERS = st.builds(
    xds.QueryAnswer,
    **RESULT,
    entries=st.lists(ENTRIES, max_size=2).map(tuple),
    associations=st.lists(ASSOCIATIONS, max_size=2).map(tuple),
    has_object_list=st.booleans(),
    other_objects=st.just(()),
)
IDENTITY = {"home": MAYBE_TEXT, "repository": MAYBE_TEXT, "id": MAYBE_TEXT}
RETRIEVE_REQUESTS = st.builds(
    xds.RetrieveRequest, documents=st.lists(st.builds(xds.DocumentRequest, **IDENTITY), max_size=3).map(tuple)
)
DOCUMENTS = st.builds(
    xds.RetrievedDocument,
    **IDENTITY,
    mime_type=MAYBE_TEXT,
    content=st.binary(max_size=50),
    form=st.sampled_from(("xop", "inline")),
) | st.builds(xds.RetrievedDocument, **IDENTITY, mime_type=MAYBE_TEXT, content=st.just(b""), form=st.just("absent"))
RETRIEVE_ANSWERS = st.builds(xds.RetrieveAnswer, **RESULT, documents=st.lists(DOCUMENTS, max_size=3).map(tuple))


def outcome[T](read: Callable[[T], object], given: T) -> object:
    """What `read` makes of `given`: its value, or the kind of the WireError it raises."""
    try:
        return read(given)
    except WireError as error:
        return error.kind


def tree_of(root: str, names: tuple[str, ...], attributes: tuple[str, ...]) -> st.SearchStrategy[etree._Element]:
    """Elements called `root` with children drawn from `names` (Clark names), comments and processing instructions."""
    attribute = st.dictionaries(st.sampled_from(attributes), VALUES, max_size=3)
    leaf = st.tuples(st.sampled_from(names), attribute, MAYBE, st.just(()))
    nested = st.recursive(
        leaf,
        lambda inner: st.tuples(st.sampled_from(names), attribute, MAYBE, st.lists(inner, max_size=4).map(tuple)),
        max_leaves=25,
    )
    return st.lists(nested, max_size=5).map(lambda found: _element((root, {}, None, tuple(found))))


def _element(
    node: tuple[str, dict[str, str], str | None, tuple[tuple[object, ...], ...]],
) -> etree._Element:
    name, attributes, text, below = node
    element = etree.Element(name)
    for key, value in attributes.items():
        element.set(key, value)
    element.text = text
    element.append(etree.Comment("a comment"))
    element.append(etree.ProcessingInstruction("target", "data"))
    for child in below:
        element.append(_element(child))  # type: ignore[arg-type]
    return element


_HL7_LOCAL = (
    *("controlActProcess", "queryByParameter", "parameterList", "livingSubjectId", "livingSubjectName", "value"),
    *("subject", "registrationEvent", "subject1", "patient", "patientPerson", "name", "family", "given", "id"),
    *("acknowledgement", "acknowledgementDetail", "typeCode", "code", "reasonOf", "detectedIssueEvent"),
    *("triggerFor", "actOrderRequired", "mitigatedBy", "queryAck", "queryId", "sender", "receiver", "device"),
    *("matchCriterionList", "custodian", "assignedEntity", "patientAddress", "semanticsText"),
    *("recordTarget", "patientRole", "templateId", "component", "nonXMLBody", "text", "relatedDocument"),
)
HL7_NAMES = (*(ns.clark(ns.HL7, n) for n in _HL7_LOCAL), "{urn:x}foreign", "plain")
HL7_ATTRIBUTES = ("root", "extension", "code", "value", "nullFlavor", "classCode", ns.clark(ns.XSI, "type"))
EBXML_NAMES = (
    *(ns.clark(ns.RIM, n) for n in ("AdhocQuery", "Slot", "ValueList", "Value", "RegistryObjectList", "Name")),
    *(ns.clark(ns.RIM, n) for n in ("ExtrinsicObject", "Classification", "ExternalIdentifier", "Association")),
    *(ns.clark(ns.RS, n) for n in ("RegistryResponse", "RegistryErrorList", "RegistryError")),
    *(ns.clark(ns.XDSB, n) for n in ("DocumentRequest", "DocumentResponse", "Document", "HomeCommunityId", "mimeType")),
    ns.clark(ns.XOP, "Include"),
    "plain",
)
EBXML_ATTRIBUTES = ("id", "name", "status", "href", "classificationScheme", "nodeRepresentation", "value")
KNOWN_KINDS = tuple(codes.KINDS)
