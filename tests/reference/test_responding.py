"""Country A's duties, each with what it accepts and what it refuses; and each declared fault that drops such a duty."""

import dataclasses
from collections.abc import Callable
from datetime import timedelta

import pytest

from harness.reference import Identity
from harness.reference._responding import RespondingSystem
from harness.reference._server import HttpReply
from harness.wire import saml, soap, xcpd, xds
from tests.reference import reference_support as rs
from tests.reference.reference_support import AT, HOME, REPOSITORY, Ask, Country

PREFIX = "urn:oasis:names:tc:xspa:1.0:subject:hl7:permission"
LOCALITY = "urn:oasis:names:tc:xspa:1.0:environment:locality"
ROLE = "urn:oasis:names:tc:xacml:2.0:subject:role"
FACILITY = "urn:ehdsi:names:subject:healthcare-facility-type"
PURPOSE = "urn:oasis:names:tc:xspa:1.0:subject:purposeofuse"
SUBJECT = "urn:oasis:names:tc:xspa:1.0:subject:subject-id"
BEARER = "urn:oasis:names:tc:SAML:2.0:cm:bearer"
PASSWORD = "urn:oasis:names:tc:SAML:2.0:ac:classes:Password"

HPI = "AE/AE/InsufficientRights/ERROR_HPI_GENERIC"
RIGHTS = "AE/AE/InsufficientRights/4703"
SCHEMA = "AE/AE/InsufficientRights/ERROR_SEC_DATA_INTEGRITY_NOT_ENSURED"
INTERNAL = "AE/AE/InternalError/ERROR_PI_GENERIC"
NO_MATCH = "AA/NF/AnswerNotAvailable/ERROR_PI_NO_MATCH"
NOT_MINE = "AE/AE/AnswerNotAvailable/ERROR_PI_GENERIC"
TOKEN = "fault Sender/InvalidSecurityToken"
CHECK = "fault Sender/FailedCheck"
SENDER = "fault Sender"


def replaced(**values: object) -> Callable[[saml.SamlAssertion], saml.SamlAssertion]:
    return lambda a: dataclasses.replace(a, **values)  # type: ignore[arg-type]


def asking(**values: object) -> Callable[[xcpd.DiscoveryQuery], xcpd.DiscoveryQuery]:
    return lambda q: dataclasses.replace(q, **values)  # type: ignore[arg-type]


def addressed(**values: object) -> Callable[[soap.Addressing], soap.Addressing]:
    return lambda a: dataclasses.replace(a, **values)  # type: ignore[arg-type]


def slotless(name: str) -> Callable[[xds.DocumentQuery], xds.DocumentQuery]:
    return lambda q: dataclasses.replace(q, slots=tuple(s for s in q.slots if s.name != name))


BROKEN_DIGEST = rs.replacing(b"DigestValue>", b"DigestValue>AAAA")
UNKNOWN_ELEMENT = rs.replacing(b"<saml:Conditions", b"<saml:Novelty/><saml:Conditions")
TWINS = (xcpd.Ii(root="2.999.250.1", extension="P-0005"), xcpd.Ii(root="2.999.250.1", extension="P-0006"))
UNKNOWN_ROLE = saml.CodedValue(code="4110", display="General office clerks")

# name, request, outcome, declared fault that drops this duty (or ""), outcome then
DISCOVERY: tuple[tuple[str, Ask, str, str, str], ...] = (
    ("a known identifier", Ask(), "found 1", "", ""),
    ("an identifier and traits that agree", Ask(query=asking(family="EXEMPLAIRE", birth="19790314")), "found 1", "", ""),
    ("an identifier and another birth date", Ask(query=asking(birth="19790315")), NO_MATCH, "", ""),
    ("an unknown identifier", Ask(patient=rs.UNKNOWN), NO_MATCH, "xcpd.match.on-unknown-patient", "found 1"),
    ("an identifier of another authority", Ask(query=asking(ids=(xcpd.Ii(root="2.999.404", extension="P-0001"),))),
     NO_MATCH, "xcpd.identifier.authority-ignored", "found 1"),
    ("no consent", Ask(patient=rs.NO_CONSENT), "AE/AE/InsufficientRights/ERROR_PI_GENERIC", "consent.ignored", "found 1"),
    ("no consent, hidden", Ask(patient=rs.NO_CONSENT), "AE/AE/InsufficientRights/ERROR_PI_GENERIC",
     "xcpd.consent.as-no-match", NO_MATCH),
    ("identifiers of two people", Ask(query=asking(ids=TWINS)),
     "AE/AE/AdditionalDemographicsRequested/ERROR_PI_MULTIPLE_MATCHES", "", ""),
    ("traits only", Ask(query=asking(ids=(), family="Exemplaire", birth="19790314")),
     "AE/AE/DemographicsQueryNotAllowed/ERROR_PI_GENERIC", "xcpd.traits-only.accepted", "found 1"),
    ("an identifier without value", Ask(query=asking(ids=(xcpd.Ii(root="2.999.250.1"),))),
     "AE/AE/DemographicsQueryNotAllowed/ERROR_PI_GENERIC", "", ""),
    ("another community", Ask(query=asking(receivers=(xcpd.device("2.999.249"),))), NOT_MINE,
     "xcpd.receiver-community.ignored", "found 1"),
    ("a deferred query", Ask(query=asking(response_priority_codes=("D",), respond_to="https://b.example")),
     "AE/AE/AnswerNotAvailable/NS250", "xcpd.deferred.accepted", "found 1"),
    ("another processing mode", Ask(query=asking(processing_mode_code="R")), INTERNAL,
     "xcpd.processing-mode.ignored", "found 1"),
    ("no status code", Ask(query=asking(query_status_code=None)), INTERNAL, "xcpd.status-code.ignored", "found 1"),
    ("no query id", Ask(query=asking(query_id=None)), INTERNAL, "", ""),
    ("another interaction", Ask(query=asking(interaction_id=xcpd.Ii(root="2.16.840.1.113883.1.6", extension="X"))),
     INTERNAL, "", ""),
    ("no security header", Ask(without=frozenset({"security"})), "AE/AE/InsufficientRights/1001",
     "security.absence.ignored", "found 1"),
    ("an empty security header", Ask(without=frozenset({"hcp"})),
     "AE/AE/InsufficientRights/ERROR_HPI_AUTHENTICATION_NOT_RECEIVED", "hcp.absence.ignored", "found 1"),
    ("another qualifier", Ask(hcp=replaced(issuer_qualifier="urn:other")),
     "AE/AE/InsufficientRights/ERROR_HPI_AUTHENTICATION_NOT_RECEIVED", "", ""),
    ("an unknown element in the assertion", Ask(hcp_xml=UNKNOWN_ELEMENT), SCHEMA, "hcp.schema.ignored", "found 1"),
    ("expired two minutes ago", Ask(at=AT - timedelta(hours=4, minutes=2)), HPI, "hcp.expiry.ignored", "found 1"),
    ("expired half a minute ago", Ask(at=AT - timedelta(hours=4, seconds=30)), "found 1", "hcp.tolerance.missing", HPI),
    ("valid in two minutes", Ask(at=AT + timedelta(minutes=2)), HPI, "hcp.not-before.ignored", "found 1"),
    ("valid in 50 s", Ask(at=AT + timedelta(seconds=50)), "found 1", "", ""),
    ("lives 5 h", Ask(hcp=rs.lasting(5)), HPI, "hcp.lifetime.ignored", "found 1"),
    ("a broken digest", Ask(hcp_bytes=BROKEN_DIGEST), INTERNAL, "hcp.signature.ignored", "found 1"),
    ("changed after signing", Ask(hcp_bytes=rs.replacing(b"Fictiegem", b"Elsewhere")), INTERNAL,
     "hcp.signature.ignored", "found 1"),
    ("no signature", Ask(hcp_signer="nobody"), INTERNAL, "hcp.unsigned.accepted", "found 1"),
    ("an unknown signer", Ask(hcp_signer="stranger"), INTERNAL, "hcp.chain.ignored", "found 1"),
    ("a signer of another country", Ask(hcp_signer="other-country"), TOKEN, "hcp.country.ignored", "found 1"),
    ("a password", Ask(hcp=replaced(authn_context_class=PASSWORD)), HPI, "hcp.context.ignored", "found 1"),
    ("a bearer", Ask(hcp=replaced(confirmation_method=BEARER)), HPI, "", ""),
    ("no format of the name id", Ask(hcp=replaced(name_id_format=None)), HPI, "", ""),
    ("no locality", Ask(hcp=rs.without_attribute(LOCALITY)), HPI, "hcp.attributes.ignored", "found 1"),
    ("an unknown role", Ask(hcp=rs.with_attribute(ROLE, UNKNOWN_ROLE)), HPI, "hcp.role.ignored", "found 1"),
    ("another name of the role",
     Ask(hcp=rs.with_attribute(ROLE, saml.CodedValue(code="221", display="Dentists"))), RIGHTS, "", ""),
    ("an unknown facility", Ask(hcp=rs.with_attribute(FACILITY, "Spaceship")), HPI, "", ""),
    ("research", Ask(hcp=rs.with_attribute(PURPOSE, saml.CodedValue(code="RESEARCH", element="PurposeOfUse"))), RIGHTS,
     "hcp.purpose.ignored", "found 1"),
    ("no permissions", Ask(hcp=rs.without_attribute(PREFIX)), RIGHTS, "hcp.permissions.ignored", "found 1"),
    ("another permission", Ask(hcp=rs.with_attribute(PREFIX, PREFIX + ":PRD-004")), RIGHTS, "", ""),
    ("an unknown action", Ask(addressing=addressed(action="urn:none")), "fault Sender/ActionNotSupported",
     "soap.action.ignored", "found 1"),
    ("an XCA action", Ask(addressing=addressed(action="urn:ihe:iti:2007:CrossGatewayQuery")),
     "fault Sender/ActionNotSupported", "", ""),
    ("no message id", Ask(addressing=addressed(message_id=None)), "fault Sender/MessageAddressingHeaderRequired", "", ""),
    ("an unknown block to be understood",
     Ask(extra_header=b'<x:new xmlns:x="urn:x" soap:mustUnderstand="true"/>'), "fault MustUnderstand",
     "soap.must-understand.ignored", "found 1"),
    ("an unknown block", Ask(extra_header=b'<x:new xmlns:x="urn:x"/>'), "found 1", "", ""),
    ("SOAP 1.1", Ask(version="1.1", content_type="text/xml; charset=utf-8"), "fault VersionMismatch",
     "soap.version.ignored", "found 1"),
    ("text/plain", Ask(content_type="text/plain"), SENDER, "", ""),
    ("no content type", Ask(content_type=None), SENDER, "", ""),
    ("truncated XML", Ask(envelope=lambda e: e[: len(e) // 2]), SENDER, "", ""),
    ("a document type", Ask(envelope=lambda e: b"<!DOCTYPE x>" + e), SENDER, "", ""),
    ("a byte order mark", Ask(envelope=lambda e: b"\xef\xbb\xbf" + e), "found 1", "xml.byte-order-mark.refused", SENDER),
    ("a comment", Ask(envelope=rs.replacing(b"<soap:Body>", b"<soap:Body><!-- here -->")), "found 1", "", ""),
)  # fmt: skip

OTHER_NAME = "other@hospital.example"
TRC_FORMLESS = rs.with_attribute(SUBJECT, "P-0001")
LISTING: tuple[tuple[str, Ask, str, str, str], ...] = (
    ("a patient summary", Ask(), "success//2", "", ""),
    ("a patient without summary", Ask(patient=rs.NO_DOCUMENT), "success/1102/0", "xcaq.no-document.silent", "success//0"),
    ("an unknown patient", Ask(patient=rs.UNKNOWN), "success/1102/0", "", ""),
    ("no prescription", Ask(patient=rs.MINOR, class_codes=("57833-6",)), "failure/1101/0",
     "xcaq.class-code.ignored", "success//2"),
    ("no laboratory report", Ask(patient=rs.MINOR, class_codes=("11502-2", "34105-7")), "success/1104/0", "", ""),
    ("two prescriptions, each in both forms", Ask(class_codes=("57833-6",)), "success//4", "", ""),
    ("a laboratory report and a discharge report", Ask(class_codes=("11502-2", "34105-7")), "success//2", "", ""),
    ("two versions of a summary", Ask(patient=rs.VERSIONS), "success//2", "xcaq.old-version.listed", "success//4"),
    ("a hidden summary", Ask(patient=rs.HIDDEN), "success/1102/0", "", ""),
    ("a summary that is about to be withdrawn", Ask(patient=rs.WITHDRAWN), "success//2", "", ""),
    ("a consent that is awaited", Ask(patient=rs.PENDING), "failure/4701/0", "consent.ignored", "success//2"),
    ("no consent", Ask(patient=rs.NO_CONSENT), "failure/4701/0", "consent.ignored", "success//2"),
    ("no consent, with documents", Ask(patient=rs.NO_CONSENT), "failure/4701/0", "xcaq.refusal-with-documents",
     "failure/4701/2"),
    ("no class code", Ask(class_codes=()), "failure/ERROR_GENERIC_SERVICE_SIGNIFIER_UNKNOWN/0",
     "xcaq.class-code.ignored", "success//10"),
    ("an unserved class code", Ask(class_codes=("56445-0",)), "failure/ERROR_GENERIC_SERVICE_SIGNIFIER_UNKNOWN/0",
     "", ""),
    ("no patient id", Ask(documents=slotless("$XDSDocumentEntryPatientId")), "failure/XDSStoredQueryMissingParam/0",
     "xcaq.patient-slot.ignored", "success//2"),
    ("no status", Ask(documents=slotless("$XDSDocumentEntryStatus")), "failure/XDSStoredQueryMissingParam/0",
     "xcaq.status-slot.ignored", "success//2"),
    ("an unknown stored query", Ask(documents=lambda q: dataclasses.replace(q, query_id="urn:uuid:none")),
     "failure/XDSUnknownStoredQuery/0", "xcaq.query-id.ignored", "success//2"),
    ("the TRC assertion of another patient", Ask(trc_patient=rs.SECOND), "failure/ERROR_PS_GENERIC/0",
     "trc.patient.ignored", "success//2"),
    ("no TRC assertion", Ask(without=frozenset({"trc"})), "failure/1001/0", "trc.absence.ignored", "success//2"),
    ("no identity assertion", Ask(without=frozenset({"hcp"})), "failure/ERROR_HPI_AUTHENTICATION_NOT_RECEIVED/0", "", ""),
    ("no security header", Ask(without=frozenset({"security"})), "failure/1001/0", "", ""),
    ("another identity assertion in the advice", Ask(trc=replaced(advice_ids=("_x",))), "failure/4703/0",
     "trc.advice.ignored", "success//2"),
    ("no advice", Ask(trc=replaced(advice_ids=())), "failure/4703/0", "trc.advice.ignored", "success//2"),
    ("another name id", Ask(trc=replaced(name_id=OTHER_NAME)), TOKEN, "trc.name-id.ignored", "success//2"),
    ("a TRC signer of another country", Ask(trc_signer="other-country"), TOKEN, "trc.country.ignored", "success//2"),
    ("an unknown TRC signer", Ask(trc_signer="stranger"), CHECK, "", ""),
    ("a broken TRC digest", Ask(trc_bytes=BROKEN_DIGEST), CHECK, "trc.signature.ignored", "success//2"),
    ("an unsigned TRC assertion", Ask(trc_signer="nobody"), CHECK, "trc.unsigned.accepted", "success//2"),
    ("an unsigned identity assertion", Ask(hcp_signer="nobody"), CHECK, "hcp.unsigned.accepted", "success//2"),
    ("a TRC assertion of 3 h", Ask(trc=rs.lasting(3)), "failure/1001/0", "trc.lifetime.ignored", "success//2"),
    ("a TRC assertion that expired",
     Ask(trc=replaced(not_before=saml.instant(AT - timedelta(hours=2)),
                      not_on_or_after=saml.instant(AT - timedelta(minutes=2)))),
     "failure/1001/0", "trc.expiry.ignored", "success//2"),
    ("another context of the TRC assertion", Ask(trc=replaced(authn_context_class=PASSWORD)), "failure/1001/0", "", ""),
    ("a TRC assertion without patient", Ask(trc=rs.without_attribute(SUBJECT)), "failure/1001/0", "", ""),
    ("a patient id that is no CX", Ask(trc=TRC_FORMLESS), "failure/1001/0", "", ""),
    ("no purpose in the TRC assertion", Ask(trc=rs.without_attribute(PURPOSE)), "failure/1001/0", "", ""),
    ("a missing permission", Ask(hcp=rs.with_attribute(PREFIX, PREFIX + ":PRD-006")), "failure/4703/0",
     "hcp.permissions.ignored", "success//2"),
    ("an unknown element in the TRC assertion", Ask(trc_bytes=UNKNOWN_ELEMENT), "failure/4703/0", "", ""),
    ("an expired identity assertion", Ask(hcp=replaced(
        not_before=saml.instant(AT - timedelta(hours=4)), not_on_or_after=saml.instant(AT - timedelta(minutes=2)))),
     "failure/ERROR_HPI_GENERIC/0", "hcp.expiry.ignored", "success//2"),
    ("an XCPD action", Ask(addressing=addressed(action="urn:hl7-org:v3:PRPA_IN201305UV02:CrossGatewayPatientDiscovery")),
     "fault Sender/ActionNotSupported", "soap.action.ignored", "success//2"),
)  # fmt: skip

OTHERS_DOCUMENT = ((HOME, REPOSITORY, rs.SECOND_PS),)
UNKNOWN_DOCUMENT = ((HOME, REPOSITORY, "2.999.250.9.77"),)
ONE_AND_UNKNOWN = ((HOME, REPOSITORY, rs.PS_3), *UNKNOWN_DOCUMENT)
RETRIEVAL: tuple[tuple[str, Ask, str, str, str], ...] = (
    ("a structured document", Ask(), "success//1", "", ""),
    ("both forms", Ask(retrieve=((HOME, REPOSITORY, rs.PS_3), (HOME, REPOSITORY, rs.PS_1))), "success//2",
     "xcar.first-only", "success//1"),
    ("an unknown document", Ask(retrieve=UNKNOWN_DOCUMENT), "failure/XDSMissingDocument/0",
     "xcar.unknown-document.success", "success//1"),
    ("one known, one not", Ask(retrieve=ONE_AND_UNKNOWN), "partial-success/XDSMissingDocument/1", "", ""),
    ("another patient's document", Ask(retrieve=OTHERS_DOCUMENT), "failure/XDSMissingDocument/0",
     "xcar.other-patient.served", "success//1"),
    ("another repository", Ask(retrieve=((HOME, "2.999.250.3", rs.PS_3),)), "failure/ERROR_GENERIC_DOCUMENT_MISSING/0",
     "xcar.repository.ignored", "success//1"),
    ("another community", Ask(retrieve=(("urn:oid:2.999.249", REPOSITORY, rs.PS_3),)), "failure/XDSUnknownCommunity/0",
     "", ""),
    ("no community", Ask(retrieve=((None, REPOSITORY, rs.PS_3),)), "success//1", "", ""),
    ("no document at all", Ask(retrieve=()), "failure/XDSRepositoryError/0", "", ""),
    ("no consent", Ask(patient=rs.NO_CONSENT, retrieve=((HOME, REPOSITORY, "2.999.250.9.3"),)), "failure/4701/0",
     "consent.ignored", "success//1"),
    ("an earlier version", Ask(patient=rs.VERSIONS, retrieve=((HOME, REPOSITORY, "2.999.250.9.33"),)), "success//1",
     "", ""),
    ("a hidden document", Ask(patient=rs.HIDDEN, retrieve=((HOME, REPOSITORY, "2.999.250.9.37"),)),
     "failure/XDSMissingDocument/0", "", ""),
    ("a document withdrawn since", Ask(patient=rs.WITHDRAWN, retrieve=((HOME, REPOSITORY, "2.999.250.9.39"),)),
     "failure/XDSMissingDocument/0", "", ""),
    ("no TRC assertion", Ask(without=frozenset({"trc"})), "failure/1001/0", "trc.absence.ignored", "success//1"),
    ("no permission, unknown document",
     Ask(retrieve=UNKNOWN_DOCUMENT, hcp=rs.without_attribute(PREFIX)), "failure/4703/0",
     "xcar.lookup.before-assertions", "failure/XDSMissingDocument/0"),
    ("permissions for prescriptions only", Ask(hcp=rs.with_attribute(PREFIX, PREFIX + ":PRD-004", PREFIX + ":PRD-010")),
     "failure/4703/0", "hcp.permissions.ignored", "success//1"),
    ("a broken TRC digest", Ask(trc_bytes=BROKEN_DIGEST), CHECK, "trc.signature.ignored", "success//1"),
)  # fmt: skip

type Send = Callable[[RespondingSystem, Country, Ask], HttpReply]
GROUPS: tuple[tuple[str, Send, Callable[[HttpReply], str], tuple[tuple[str, Ask, str, str, str], ...]], ...] = (
    ("ITI-55", rs.discover, rs.discovery_outcome, DISCOVERY),
    ("ITI-38", rs.list_documents, rs.list_outcome, LISTING),
    ("ITI-39", rs.retrieve, rs.retrieve_outcome, RETRIEVAL),
)
DUTIES = [
    pytest.param(send, outcome, ask, expected, id=f"{group}: {name}")
    for group, send, outcome, rows in GROUPS
    for name, ask, expected, _, _ in rows
]
DROPPED = [
    pytest.param(send, outcome, ask, fault, expected, id=f"{fault}: {group}: {name}")
    for group, send, outcome, rows in GROUPS
    for name, ask, _, fault, expected in rows
    if fault
]
FAULTS_HERE = {row[3] for _, _, _, rows in GROUPS for row in rows if row[3]}


@pytest.fixture(scope="module")
def honest(fr: Identity, be: Country) -> RespondingSystem:
    return rs.system(fr, be)


@pytest.mark.parametrize(("send", "outcome", "ask", "expected"), DUTIES)
def test_an_honest_system_answers_as_agreed(
    honest: RespondingSystem, be: Country, send: Send, outcome: Callable[[HttpReply], str], ask: Ask, expected: str
) -> None:
    assert outcome(send(honest, be, ask)) == expected


@pytest.mark.parametrize(("send", "outcome", "ask", "fault", "expected"), DROPPED)
def test_a_fault_drops_the_duty_it_names(
    fr: Identity,
    be: Country,
    send: Send,
    outcome: Callable[[HttpReply], str],
    ask: Ask,
    fault: str,
    expected: str,
) -> None:
    faulty = rs.system(fr, be, fault)
    assert outcome(send(faulty, be, ask)) == expected


@pytest.mark.parametrize("fault", sorted(FAULTS_HERE - {"hcp.tolerance.missing"}))
def test_a_fault_of_judgement_leaves_good_requests_alone(fr: Identity, be: Country, fault: str) -> None:
    faulty = rs.system(fr, be, fault)
    assert rs.discovery_outcome(rs.discover(faulty, be, Ask())) == "found 1"
    # a patient who has nothing but the two forms of a summary
    assert rs.list_outcome(rs.list_documents(faulty, be, Ask(patient=rs.MINOR))) == "success//2"
    assert rs.retrieve_outcome(rs.retrieve(faulty, be, Ask())) == "success//1"


@pytest.mark.parametrize(("send", "content_type"), [(rs.discover, "text/plain"), (rs.list_documents, "image/png")])
def test_a_wrong_media_type_is_answered_with_415(
    honest: RespondingSystem, be: Country, send: Send, content_type: str
) -> None:
    assert send(honest, be, Ask(content_type=content_type)).status == 415


def test_malformed_xml_is_answered_with_a_sender_fault_and_400(honest: RespondingSystem, be: Country) -> None:
    reply = rs.discover(honest, be, Ask(envelope=lambda e: e[:200]))
    assert (reply.status, rs.discovery_outcome(reply)) == (400, SENDER)


def test_a_fault_says_which_request_it_answers(honest: RespondingSystem, be: Country) -> None:
    message = rs.message_of(rs.discover(honest, be, Ask(addressing=addressed(action="urn:none"))))
    assert message.addressing.relates_to == "urn:uuid:7d0f3a9e-0000-4000-8000-000000000003"
    assert message.addressing.action == "http://www.w3.org/2005/08/addressing/fault"
