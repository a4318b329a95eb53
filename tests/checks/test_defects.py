"""Each requirement is broken in one place: its check fires, and no other but those named beside it."""

from dataclasses import dataclass, replace
from datetime import timedelta

import pytest

from harness import checks
from harness.model import PatientId, hints
from harness.wire import codes, ns, saml, xcpd, xds
from harness.wire.saml import CodedValue
from harness.wire.xcpd import Ii
from tests.checks import checks_support as cs
from tests.checks import submissions as sub
from tests.checks.checks_support import Defect, Made
from tests.checks.submissions import REFUSED_SUBMISSIONS
from tests.checks.test_discovery import DISCOVERY_REQUIREMENTS

IDENTIFY, NO_MATCH, REFUSED = cs.identify(), cs.no_match(), cs.refused()
LIST, PRESCRIPTIONS, FAILED, FETCH, KIN = (
    cs.find(),
    cs.find("eprescription"),
    cs.failed(),
    cs.fetch(),
    cs.with_kin(cs.identify()),
)
RX, SUBMIT, DISCARD = cs.fetch_prescription(), cs.submit(), cs.discard()
FILTERED = cs.find("orcd-laboratory", xds.Slot(name=xds.SLOT_MAXIMUM_SIZE, values=("1000000",)))
FAULT = cs.faulted(IDENTIFY)
DESCRIBED = cs.described()
OTHER = "2.999.404"


@dataclass(frozen=True, kw_only=True)
class Case:
    requirement: str
    good: Made
    spoil: Defect
    also: frozenset[str] = frozenset()
    what: str = ""


CASES: list[Case] = []


def case(requirement: str, good: Made, spoil: Defect, *also: str, what: str = "") -> None:
    CASES.append(Case(requirement=requirement, good=good, spoil=spoil, also=frozenset(also), what=what))


def answering(**changes: object) -> Defect:
    return lambda made: replace(made, answering=replace(made.answering, **changes))  # type: ignore[arg-type]


def asking(**changes: object) -> Defect:
    return lambda made: replace(made, asking=replace(made.asking, **changes))  # type: ignore[arg-type]


def answered(**changes: object) -> Defect:
    return lambda made: made.answered(**changes)


def asked(**changes: object) -> Defect:
    return lambda made: made.asked(**changes)


def subject(**changes: object) -> Defect:
    def spoil(made: Made) -> Made:
        assert isinstance(made.answer, xcpd.DiscoveryAnswer)
        return made.answered(subjects=(replace(made.answer.subjects[0], **changes),))  # type: ignore[arg-type]

    return spoil


def acknowledgement(**changes: object) -> Defect:
    def spoil(made: Made) -> Made:
        assert isinstance(made.answer, xcpd.DiscoveryAnswer)
        return made.answered(acknowledgements=(replace(made.answer.acknowledgements[0], **changes),))  # type: ignore[arg-type]

    return spoil


def issue(**changes: object) -> Defect:
    def spoil(made: Made) -> Made:
        assert isinstance(made.answer, xcpd.DiscoveryAnswer)
        return made.answered(issues=(replace(made.answer.issues[0], **changes),))  # type: ignore[arg-type]

    return spoil


def entries(**changes: object) -> Defect:
    def spoil(made: Made) -> Made:
        assert isinstance(made.answer, xds.QueryAnswer)
        return made.answered(entries=tuple(replace(e, **changes) for e in made.answer.entries))  # type: ignore[arg-type]

    return spoil


def first_entry(**changes: object) -> Defect:
    def spoil(made: Made) -> Made:
        assert isinstance(made.answer, xds.QueryAnswer)
        first, *rest = made.answer.entries
        return made.answered(entries=(replace(first, **changes), *rest))  # type: ignore[arg-type]

    return spoil


def documents(**changes: object) -> Defect:
    def spoil(made: Made) -> Made:
        assert isinstance(made.answer, xds.RetrieveAnswer)
        return made.answered(documents=tuple(replace(d, **changes) for d in made.answer.documents))  # type: ignore[arg-type]

    return spoil


def content(old: str, new: str, level: int = 3) -> Defect:
    """The document of that level, alone, with one text in place of another; listed with hash and size as it is."""

    def spoil(_: Made) -> Made:
        fetched = cs.fetch(level)
        changed = cs.edited(cs.content(level), ((old, new),))
        listing = cs.find()
        earlier = (listing.earlier[0], entries(hash=codes.EMPTY_SHA1, size="0")(listing))
        return replace(documents(content=changed)(fetched), earlier=earlier)

    return spoil


def listed_as(**changes: object) -> Defect:
    """The entries of the earlier listing changed."""
    return lambda made: replace(made, earlier=(made.earlier[0], entries(**changes)(made.earlier[1])))


def token(kind: str, **changes: object) -> Defect:
    return lambda made: made.with_token(kind, **changes)


def attribute(kind: str, name: str, *values: str | CodedValue) -> Defect:
    return lambda made: made.with_attribute(kind, name, *values)


def request(old: str, new: str) -> Defect:
    return lambda made: made.in_request(old, new)


def answer(old: str, new: str) -> Defect:
    return lambda made: made.in_answer(old, new)


def slot(name: str, *values: str) -> Defect:
    """The slot with these values, gone when there are none."""

    def spoil(made: Made) -> Made:
        assert isinstance(made.query, xds.DocumentQuery)
        kept = tuple(s for s in made.query.slots if s.name != name)
        return made.asked(slots=kept + ((xds.Slot(name=name, values=values),) if values else ()))

    return spoil


def role(**changes: str) -> CodedValue:
    right = CodedValue(code="221", code_system=saml.ROLE_SYSTEM, display="Medical Doctors")
    return replace(right, **changes)


def signed_by(kind: str, who: str) -> Defect:
    return lambda made: replace(made, signers={kind: getattr(cs.pki(), who) if who else None})


def queried_for(extension: str) -> Defect:
    """TRC assertion and query both name another patient than the one identified."""

    def spoil(made: Made) -> Made:
        cx = PatientId(root=cs.PATIENT_ID.root, extension=extension).cx
        return slot(xds.SLOT_PATIENT_ID, f"'{cx}'")(made.with_attribute("trc", saml.SUBJECT_ID, cx))

    return spoil


def retrieve_refused(subcode: str) -> Defect:
    """A fault with that subcode instead of the documents."""
    value = f'<soap:Subcode><soap:Value xmlns:wsa="{ns.WSA}">{subcode}</soap:Value></soap:Subcode></soap:Code>'
    return lambda made: cs.faulted(made).in_answer("</soap:Code>", value)


def document_edit(old: str, new: str) -> Defect:
    """What came back, with other content."""

    def spoil(made: Made) -> Made:
        assert isinstance(made.answer, xds.RetrieveAnswer)
        assert old.encode() in made.answer.documents[0].content
        content = made.answer.documents[0].content.replace(old.encode(), new.encode())
        return documents(content=content)(made)

    return spoil


def submitted_edit(old: str, new: str) -> Defect:
    def edit(content: bytes) -> bytes:
        assert old.encode() in content
        return content.replace(old.encode(), new.encode())

    return sub.content(edit)


HEADER = "TRN-A-005", "TRN-A-006", "TRN-A-007"

# --- transport
case("TRN-A-005", IDENTIFY, answering(action=codes.ACTION_XCPD_REQUEST))
case("TRN-A-005", FAULT, answering(action="urn:other"), what="fault")
case("TRN-A-006", IDENTIFY, answering(relates_to=cs.ANSWER_UUID))
case("TRN-A-006", IDENTIFY, answering(relates_to=None), what="absent")
case("TRN-A-007", IDENTIFY, answering(message_id=None))
case("TRN-A-007", IDENTIFY, answering(message_id=cs.REQUEST_UUID), what="the request's")
case("TRN-A-007", IDENTIFY, answering(message_id="http://ncp.example/7"), what="other URI")
case("TRN-A-010", IDENTIFY, lambda m: cs.faulted(m, "boom at org.example.Service.call(Service.java:12)"))
case("TRN-A-011", FETCH, retrieve_refused("wsa:ActionNotSupported"))
case("TRN-A-011", FETCH, lambda m: replace(cs.faulted(m), status=404), what="HTTP 404")
case("TRN-A-012", DESCRIBED, lambda m: replace(m, status=404))
case("TRN-A-012", DESCRIBED, lambda m: replace(m, raw_answer=b"no XML"), what="no XML")
case("TRN-A-012", DESCRIBED, lambda m: replace(m, raw_answer=b"<html/>"), what="another document")
case("TRN-A-013", IDENTIFY, lambda m: replace(m, took_s=31.0))
case("TRN-B-001", IDENTIFY, asking(message_id=None))
case("TRN-B-001", IDENTIFY, asking(action=None), what="no action")
case("TRN-B-001", IDENTIFY, asking(action_must_understand=False), what="need not be understood")
case("TRN-B-001", IDENTIFY, asking(to=None), what="no To")
case("TRN-B-002", LIST, asking(message_id=cs.REQUEST_UUID))
case("TRN-B-003", IDENTIFY, asking(message_id="http://ncp.example/7"))
case("TRN-B-004", IDENTIFY, asking(reply_to="https://ncp.example/reply"))
case(
    "TRN-B-005",
    IDENTIFY,
    lambda m: replace(m, extra_header=b'<o:To xmlns:o="http://schemas.xmlsoap.org/ws/2004/08/addressing">x</o:To>'),
)
case(
    "TRN-B-006",
    IDENTIFY,
    lambda m: replace(m, extra_header=f'<s:Security xmlns:s="{ns.WSSE}"/>'.encode()),
)
case("TRN-B-006", IDENTIFY, lambda m: replace(m, tokens=()), "XCPD-B-014", what="no assertion")
case("TRN-B-007", LIST, lambda m: replace(m, tokens=m.tokens[::-1]))
case("TRN-B-011", IDENTIFY, lambda m: replace(m, tls=cs.pki().no_country_tls))

# --- ITI-55, answer
case("XCPD-A-001", IDENTIFY, answered(its_version=None))
case("XCPD-A-002", IDENTIFY, answered(interaction_id=Ii(root=codes.HL7_INTERACTIONS, extension="PRPA_IN201305UV02")))
case("XCPD-A-003", IDENTIFY, answered(creation_time="20260302"))
case("XCPD-A-004", IDENTIFY, answered(processing_mode_code="A"))
case("XCPD-A-005", IDENTIFY, answered(processing_code="X"))
case("XCPD-A-006", IDENTIFY, answered(accept_ack_code="AL"))
case("XCPD-A-007", IDENTIFY, lambda m: m.answered(acknowledgements=m.answer.acknowledgements * 2))  # type: ignore[union-attr]
case("XCPD-A-008", IDENTIFY, acknowledgement(target_message_id=Ii(root="2.999.56.1.7", extension="m-other")))
case("XCPD-A-008", NO_MATCH, acknowledgement(target_message_id=None), what="absent")
case("XCPD-A-009", IDENTIFY, acknowledgement(type_code="CA"))
case("XCPD-A-009", REFUSED, acknowledgement(type_code="AR"), what="AR")
case("XCPD-A-010", IDENTIFY, answered(query_ack_id=Ii(root=OTHER)))
case("XCPD-A-011", IDENTIFY, answered(query_response_code="NF"))
case("XCPD-A-011", NO_MATCH, answered(query_response_code="OK"), what="no match as OK")
case("XCPD-A-011", REFUSED, answered(query_response_code="OK"), what="error as OK")
case(
    "XCPD-A-012",
    IDENTIFY,
    answer("<hl7:family>Exemplaire</hl7:family><hl7:given>Camille</hl7:given></hl7:value>", "</hl7:value>"),
)
case("XCPD-A-013", IDENTIFY, answered(receivers=(xcpd.device(OTHER),)))
case("XCPD-A-014", IDENTIFY, answered(sender=xcpd.device(OTHER)))
case("XCPD-A-015", IDENTIFY, lambda m: m.answered(subjects=m.answer.subjects * 2))  # type: ignore[union-attr]
case("XCPD-A-016", IDENTIFY, subject(registration_status_code="completed"))
case("XCPD-A-017", IDENTIFY, subject(patient_status_code=None))
case("XCPD-A-018", IDENTIFY, subject(ids=(Ii(root=cs.PATIENT_ID.root),)))
case("XCPD-A-019", IDENTIFY, subject(names=()))
case("XCPD-A-020", IDENTIFY, subject(names=(xcpd.PersonName(family="Exemplaire"),)))
case("XCPD-A-021", IDENTIFY, subject(birth=None))
case("XCPD-A-021", IDENTIFY, subject(gender="M"), what="other gender")
case("XCPD-A-022", IDENTIFY, answer("</hl7:patientPerson>", '</hl7:patientPerson><hl7:coveredPartyOf typeCode="COV"/>'))
case("XCPD-A-023", IDENTIFY, subject(match_type="REAL"))
case("XCPD-A-024", IDENTIFY, subject(custodian_ids=(Ii(root=OTHER),)))
case("XCPD-A-024", IDENTIFY, subject(custodian_ids=(Ii(root=cs.HOME_A, extension="1"),)), what="extension")
case("XCPD-A-025", IDENTIFY, subject(custodian_code="Other"))
case("XCPD-A-041", REFUSED, acknowledgement(details=()))
case("XCPD-A-041", REFUSED, acknowledgement(details=(xcpd.AckDetail(code="ERROR_PI_GENERIC"),)), what="no text")
case("XCPD-A-042", REFUSED, issue(code_system=OTHER))
case("XCPD-A-042", REFUSED, issue(detected_code="Other"), what="event code")
case("XCPD-A-042", REFUSED, issue(kind=None), what="no child")
case("XCPD-A-043", REFUSED, issue(mood_code="RQO"))
case("XCPD-A-043", REFUSED, issue(kind="triggerFor", type_code="TRIG", mood_code="RQO"), what="wrong child")
case("XCPD-A-049", IDENTIFY, lambda m: cs.faulted(m, "patient P-0001 is not known"))

# --- ITI-55, request
case("XCPD-B-001", IDENTIFY, asked(control_act_code="PRPA_TE201306UV02"))
case("XCPD-B-002", IDENTIFY, asked(accept_ack_code="NE"))
case("XCPD-B-003", IDENTIFY, asked(response_modality_codes=("R", "R")))
case("XCPD-B-004", IDENTIFY, asked(query_status_code=None))
case("XCPD-B-005", IDENTIFY, asked(sender=xcpd.Device(ids=(Ii(root=cs.HOME_B),))))
case("XCPD-B-006", IDENTIFY, asked(receivers=(xcpd.device(OTHER),)))
case("XCPD-B-007", IDENTIFY, lambda m: replace(asking(message_id=cs.ANSWER_UUID)(m), id="x0005", earlier=(m,)))
case("XCPD-B-008", IDENTIFY, asked(ids=(Ii(extension="P-0001"),)))
case("XCPD-B-009", IDENTIFY, request("<livingSubjectId>", "<livingSubjectBirthTime/><livingSubjectId>"))
case("XCPD-B-010", IDENTIFY, asked(ids=(), birth=None))
case("XCPD-B-011", IDENTIFY, request("<matchCriterionList/>", '<initialQuantity value="1"/><matchCriterionList/>'))
case("XCPD-B-012", IDENTIFY, asked(birth="1979-03-14"))
case("XCPD-B-014", LIST, lambda m: IDENTIFY.without_token("hcp"), "TRN-B-006")
case("XCPD-B-018", LIST, queried_for("P-0999"))

# --- ITI-38, answer
case("XCAQ-A-001", LIST, answered(status="Success"))
case("XCAQ-A-002", FAILED, answered(errors=()))
case("XCAQ-A-002", FAILED, answer('codeContext="no consent"', ""), what="no context")
case("XCAQ-A-003", FAILED, answered(errors=(xds.RegistryError(code="4701", context="x", severity="Error"),)))
case("XCAQ-A-004", LIST, answer("<rim:RegistryObjectList>", '<rim:RegistryObjectList><rim:ObjectRef id="urn:uuid:1"/>'))
case("XCAQ-A-005", LIST, slot(xds.SLOT_CLASS_CODE, "('57833-6^^2.16.840.1.113883.6.1')"))
case("XCAQ-A-006", LIST, entries(status=codes.ENTRY_DEPRECATED))
case("XCAQ-A-007", LIST, entries(home=cs.HOME_A))
case("XCAQ-A-008", LIST, entries(repository_id="repository"))
case("XCAQ-A-009", LIST, entries(unique_id=None))
case("XCAQ-A-010", LIST, first_entry(patient_id=f"P-0002^^^&{cs.PATIENT_ID.root}&ISO"), "XCAQ-A-011")
case("XCAQ-A-011", LIST, entries(patient_id=f"P-0002^^^&{cs.PATIENT_ID.root}&ISO"))
case("XCAQ-A-012", LIST, entries(language=None))
case("XCAQ-A-012", LIST, entries(creation_time="2 March 2026"), what="time")
case("XCAQ-A-013", LIST, entries(type_code=None))
case("XCAQ-A-014", LIST, first_entry(format_code=xds.Coded(code="urn:other")), "XCAQ-A-019")
case("XCAQ-A-015", LIST, entries(confidentiality_codes=(xds.Coded(code="U"),)))
case("XCAQ-A-016", LIST, entries(facility_type_code=xds.Coded(code="FR", scheme=OTHER)))
case("XCAQ-A-017", LIST, entries(practice_setting_code=None))
case("XCAQ-A-018", LIST, entries(language="fr"))
case("XCAQ-A-019", LIST, lambda m: m.answered(entries=m.answer.entries[:1]))  # type: ignore[union-attr]
case("XCAQ-A-020", LIST, answered(associations=()))
case("XCAQ-A-021", LIST, entries(mime_type="text/plain"))
case("XCAQ-A-022", FETCH, listed_as(hash="0" * 40))
case("XCAQ-A-022", FETCH, listed_as(size="7"), what="size")
case("XCAQ-A-023", PRESCRIPTIONS, entries(event_codes=()))
case("XCAQ-A-035", FAILED, lambda m: m.answered(entries=LIST.answer.entries), "XCAQ-A-020")  # type: ignore[union-attr]

# --- ITI-38, request
case("XCAQ-B-001", LIST, asked(query_id="urn:uuid:00000000-0000-4000-8000-000000000404"))
case("XCAQ-B-002", LIST, asked(return_type="ObjectRef"))
case("XCAQ-B-003", LIST, slot(xds.SLOT_PATIENT_ID, cs.PATIENT_ID.cx))
case("XCAQ-B-004", LIST, slot(xds.SLOT_STATUS, f"('{codes.ENTRY_DEPRECATED}')"))
case(
    "XCAQ-B-005", LIST, slot(xds.SLOT_CLASS_CODE, "('60591-5^^2.16.840.1.113883.6.1','11502-2^^2.16.840.1.113883.6.1')")
)
case("XCAQ-B-006", LIST, lambda m: m.without_token("trc"))
case("XCAQ-B-006", LIST, slot(xds.SLOT_PATIENT_ID, "'P-0002^^^&2.999.250.1&ISO'"), "XCPD-B-018", what="other patient")
case("XCAQ-B-007", LIST, token("trc", issue_instant=saml.instant(cs.AT - timedelta(hours=3))))

# --- ITI-39
case("XCAR-A-001", FETCH, answered(status=None))
case("XCAR-A-001", FETCH, answered(documents=()), what="success without documents")
case("XCAR-A-002", FETCH, documents(home="urn:oid:2.999.404"))
case("XCAR-A-003", FETCH, documents(mime_type=None))
case("XCAR-A-004", FETCH, documents(form="absent", content=b""))
case("XCAR-A-005", FETCH, content('<id root="2.999.250.9.1"/>', '<id root="2.999.250.9.77"/>'))
case("XCAR-A-007", FETCH, content('representation="B64"', 'representation="TXT"', 1))
case("XCAR-A-008", FETCH, content("JVBERi", "AAAARi", 1))
case("XCAR-A-021", FETCH, listed_as(repository_id="2.999.250.3"))
case("XCAR-B-001", FETCH, listed_as(unique_id="2.999.1"))
case("XCAR-B-001", FETCH, asked(documents=()), what="nothing asked")

# --- CDA
case("CDA-001", FETCH, content("1.3.6.1.4.1.12559.11.10.1.3.1.1.3", "1.3.6.1.4.1.12559.11.10.1.3.1.1.7"))
case("CDA-002", FETCH, content(' displayName="Patient summary Document"', ""))
case("CDA-003", FETCH, content('confidentialityCode code="N"', 'confidentialityCode code="U"'))
case("CDA-004", FETCH, content('languageCode code="fr-FR"', 'languageCode code="fr"'))
case("CDA-005", FETCH, content('<birthTime value="19790314"/>', ""))
case("CDA-006", FETCH, content("legalAuthenticator", "authenticator"))
case("CDA-007", FETCH, content('relatedDocument typeCode="XFRM"', 'relatedDocument typeCode="RPLC"'))
case("CDA-008", FETCH, content('<templateId root="1.3.6.1.4.1.12559.11.10.1.3.1.2.4"/>', ""))
case("CDA-012", FETCH, content("<ClinicalDocument ", '<ClinicalDocument xsi:schemaLocation="urn:hl7-org:v3 CDA.xsd" '))
case("CDA-014", FETCH, content('extension="P-0001"', 'extension="P-0002"'))
case("CDA-014", FETCH, content("</ClinicalDocument>", ""), what="not well-formed")

# --- HCP assertion
case("SAML-HCP-001", IDENTIFY, token("hcp", version="1.1"))
case("SAML-HCP-002", IDENTIFY, token("hcp", issuer_qualifier=None), "XCPD-B-014")
case("SAML-HCP-003", IDENTIFY, token("hcp", name_id_format=None))
case("SAML-HCP-004", IDENTIFY, token("hcp", confirmation_method="urn:oasis:names:tc:SAML:2.0:cm:bearer"))
case("SAML-HCP-005", IDENTIFY, token("hcp", not_on_or_after=saml.instant(cs.AT + timedelta(hours=4, minutes=1))))
case("SAML-HCP-005", IDENTIFY, lambda m: replace(m, at=cs.AT + timedelta(hours=4, minutes=2)), what="expired")
case("SAML-HCP-006", IDENTIFY, token("hcp", authn_context_class="urn:oasis:names:tc:SAML:2.0:ac:classes:Password"))
case("SAML-HCP-007", IDENTIFY, attribute("hcp", saml.LOCALITY))
case("SAML-HCP-008", IDENTIFY, attribute("hcp", saml.ROLE, role(code="9999")))
case("SAML-HCP-008", IDENTIFY, attribute("hcp", saml.ROLE, role(display="Dentists")), what="display name")
case("SAML-HCP-008", IDENTIFY, attribute("hcp", saml.ROLE, "physician"), what="text")
case("SAML-HCP-009", IDENTIFY, attribute("hcp", saml.FACILITY_TYPE, "Garage"))
case("SAML-HCP-010", IDENTIFY, attribute("hcp", saml.PURPOSE_OF_USE, saml.purpose("CURIOSITY")))
case("SAML-HCP-011", IDENTIFY, attribute("hcp", saml.PERMISSION, saml.PERMISSION_PREFIX + "PRD-010"))
case(
    "SAML-HCP-011",
    LIST,
    attribute("hcp", saml.PERMISSION, "PRD-003", "PRD-005", "PRD-010", "PRD-016"),
    what="no prefix",
)
case("SAML-HCP-011", FETCH, attribute("hcp", saml.PERMISSION), what="none")
case("SAML-HCP-012", IDENTIFY, attribute("hcp", saml.ORGANIZATION_ID, "2.999.56.3.1"))
case("SAML-HCP-013", IDENTIFY, signed_by("hcp", ""))
case("SAML-HCP-013", IDENTIFY, lambda m: replace(m, weak=("hcp",)), what="SHA-1")
case("SAML-HCP-013", IDENTIFY, request("Dr Ada Verzonnen", "Dr Ada Vervalst"), what="changed after signing")
case("SAML-HCP-014", IDENTIFY, signed_by("hcp", "untrusted_seal"))
case("SAML-HCP-015", IDENTIFY, signed_by("hcp", "no_country_seal"))

# --- TRC and next-of-kin assertion
case("XCAQ-A-024", RX, listed_as(event_codes=()))
case("XCAQ-A-042", FILTERED, entries(size="1000001"))

case("XCAQ-B-013", FILTERED, slot(xds.SLOT_MAXIMUM_SIZE, "small"))
case("XCAQ-B-013", FILTERED, slot(xds.SLOT_CREATED_BEFORE, "'2026'"), what="a year")
case("XCAQ-B-013", FILTERED, slot("$XDSDocumentEntryFilterColour", "'red'"), what="unknown filter")
case("XCAQ-B-013", LIST, slot(xds.SLOT_MAXIMUM_SIZE, "1000000"), what="of a summary")

# prescriptions and dispensations: changed content no longer has the size and hash that were listed
CHANGED = "XCAQ-A-022"
case("CDA-009", RX, document_edit('12559.11.10.1.3.1.2.1"', '12559.11.10.1.3.1.2.9"'), CHANGED, what="no section")
case("CDA-009", RX, document_edit('"SBADM" moodCode="INT"', '"SBADM" moodCode="EVN"'), CHANGED, what="mood")
case("CDA-009", RX, document_edit("substanceAdministration", "observation"), CHANGED, what="no entry")
case(
    "CDA-009",
    RX,
    document_edit("manufacturedMaterial", "manufacturedLabeledDrug"),
    CHANGED,
    what="no product",
)
case(
    "CDA-010",
    SUBMIT,
    submitted_edit('<order classCode="ACT" moodCode="RQO">', '<order classCode="ACT" moodCode="EVN">'),
)
case(
    "CDA-010", SUBMIT, submitted_edit("</order>", '</order><order classCode="ACT" moodCode="RQO"/>'), what="two orders"
)
case("CDA-010", SUBMIT, submitted_edit("performer", "participant"), what="no performer")

# submissions, answer: what has to be refused is taken
TAKEN = answered(status=codes.STATUS_SUCCESS, errors=(), has_error_list=False)
for _requirement, _refused in REFUSED_SUBMISSIONS.items():
    # the document sent twice under one id dispenses one prescription twice, too
    case(_requirement, _refused, TAKEN, *(("XDR-A-014",) if _requirement == "XDR-A-008" else ()))
case("XDR-A-004", REFUSED_SUBMISSIONS["XDR-A-004"], answered(status=codes.STATUS_PARTIAL_SUCCESS), what="partly taken")
case("XDR-A-001", SUBMIT, answered(status="Success"))
case("XDR-A-001", SUBMIT, answer("RegistryResponse", "RegistryRequest"), what="another root")
case("XDR-A-014", cs.refusing(sub.twice(SUBMIT, "2.999.56.1.9^ED-9"), "4106"), TAKEN, what="twice at once")
case("XDR-A-017", DISCARD, lambda m: cs.refusing(m, "ERROR_ED_DISCARD_FAILED"))
case("XDR-A-025", SUBMIT, answered(errors=(xds.RegistryError(code="4106", context="x"),), has_error_list=True))

# submissions, request
case("XDR-B-001", SUBMIT, sub.sets(id="urn:uuid:0"))
case("XDR-B-001", SUBMIT, lambda m: m.asked(associations=()), what="no association")
case("XDR-B-002", SUBMIT, lambda m: m.asked(documents=tuple(replace(d, form="inline") for d in sub.sent(m).documents)))
case(
    "XDR-B-002",
    SUBMIT,
    lambda m: m.asked(documents=tuple(replace(d, id="urn:uuid:0") for d in sub.sent(m).documents)),
    what="another id",
)
case("XDR-B-003", SUBMIT, sub.entries(class_code=xds.Coded(code="60591-5", scheme=codes.LOINC)))
case("XDR-B-003", SUBMIT, sub.entries(type_code=None), what="no type")
case("XDR-B-004", SUBMIT, sub.entries(unique_id="2.999.404"))
case("XDR-B-005", SUBMIT, sub.entries(slots=()))
case("XDR-B-006", SUBMIT, sub.entries(creation_time="2026-03-02"))
case("XDR-B-007", SUBMIT, sub.sets(authors=(xds.Author(slots=(xds.Slot(name="authorPerson", values=("Elise",)),)),)))
case("XDR-B-007", SUBMIT, sub.sets(authors=()), what="no author")
case("XDR-B-009", SUBMIT, sub.entries(language="fr-FR"))
case("XDR-B-012", DISCARD, sub.sets(unique_id=None))
case(
    "XDR-B-012",
    DISCARD,
    sub.entries(format_code=xds.Coded(code="urn:epSOS:ep:dis:2010", scheme="x")),
    "XDR-B-003",
    what="the format of a dispensation",
)
case("SAML-TRC-001", LIST, token("trc", issuer=""))
case("SAML-TRC-001", LIST, token("trc", issuer_qualifier=None), "XCAQ-B-006", what="no qualifier")
case("SAML-TRC-002", LIST, token("trc", advice_ids=("_other", "_hcp-1")))
case("SAML-TRC-003", LIST, token("trc", name_id="somebody"))
case("SAML-TRC-004", LIST, attribute("trc", saml.SUBJECT_ID, "P-0001"))
case("SAML-TRC-005", LIST, attribute("trc", saml.PURPOSE_OF_USE, saml.purpose("CURIOSITY")))
case("SAML-TRC-006", LIST, token("trc", authn_context_class=saml.SMARTCARD_PKI))
case("SAML-TRC-007", LIST, token("trc", not_on_or_after=saml.instant(cs.AT + timedelta(hours=3))))
case("SAML-TRC-008", LIST, signed_by("trc", "other_country_seal"))
case("SAML-TRC-008", LIST, signed_by("trc", "untrusted_seal"), what="untrusted")
case("SAML-TRC-008", LIST, signed_by("trc", ""), what="unsigned")
case("SAML-NOK-001", KIN, token("nok", issuer_qualifier="urn:other"))
case("SAML-NOK-002", KIN, lambda m: replace(m, tokens=m.tokens[::-1]), "TRN-B-007")
case("SAML-NOK-003", KIN, token("nok", advice_ids=()))
case("SAML-NOK-004", KIN, attribute("nok", saml.SUBJECT_ID, "Andrea"))

ACTOR_B = ("TRN-B", "XCPD-B", "XCAQ-B", "XCAR-B", "SAML")


def actor_of(requirement: str) -> str:
    return checks.AUTOMATIC[requirement][0].actor


@pytest.mark.parametrize("broken", CASES, ids=lambda c: f"{c.requirement} {c.what}".strip())
def test_a_defect_fires_its_requirement_and_only_the_named_others(broken: Case) -> None:
    results = broken.spoil(broken.good).judged(actor_of(broken.requirement))

    assert cs.fired(results) == {broken.requirement} | broken.also


@pytest.mark.parametrize("broken", CASES, ids=lambda c: f"{c.requirement} {c.what}".strip())
def test_a_finding_says_where_what_and_what_to_do(broken: Case) -> None:
    for result in broken.spoil(broken.good).judged(actor_of(broken.requirement)):
        for finding in result.findings:
            assert finding.at.message
            assert finding.expected
            assert finding.found
            assert finding.next in hints()


def test_a_submitted_document_of_another_patient_than_its_entry_fires() -> None:
    spoiled = sub.content(lambda b: b.replace(b'extension="P-0001"', b'extension="P-0002"', 1))(SUBMIT)

    assert cs.fired(SUBMIT.judged("ncpeh-b")) == set()
    assert cs.fired(spoiled.judged("ncpeh-b")) == {"CDA-014"}


def test_every_check_has_a_defect_that_fires_it() -> None:
    elsewhere = {"TRN-A-003", "SAML-TRC-009"} | {f"STS-00{n}" for n in range(1, 7)}  # test_sts_checks.py
    elsewhere |= DISCOVERY_REQUIREMENTS
    assert {c.requirement for c in CASES} | elsewhere == set(checks.AUTOMATIC)
    assert not {c.requirement for c in CASES} & elsewhere


def test_a_place_has_path_and_line_in_the_message() -> None:
    made = subject(patient_status_code=None)(IDENTIFY)

    (finding,) = next(r for r in made.judged("ncpeh-a") if r.requirement == "XCPD-A-017").findings

    assert finding.at.xpath is not None
    assert finding.at.xpath.startswith(
        "/soap:Envelope/soap:Body/hl7:PRPA_IN201306UV02/hl7:controlActProcess/hl7:subject"
    )
    assert finding.at.xpath.endswith("/hl7:statusCode/@code")
    assert finding.at.line == 3


def test_soap_faults_of_our_spoiled_headers_are_not_asked_to_relate() -> None:
    spoiled = replace(answering(relates_to=None, action=None, message_id=None)(FAULT), altered=("soap.action.unknown",))

    assert not cs.fired(spoiled.judged("ncpeh-a")) & set(HEADER)


def test_a_trc_assertion_altered_by_us_names_no_patient_to_compare_with() -> None:
    spoiled = replace(
        attribute("trc", saml.SUBJECT_ID, "P-0002^^^&2.999.250.1&ISO")(LIST), altered=("saml.trc.tampered",)
    )

    assert cs.fired(spoiled.judged("ncpeh-a")) == set()


def test_an_unreadable_answer_is_judged_by_nobody() -> None:
    spoiled = answer("</hl7:acknowledgement>", "")(IDENTIFY)

    assert spoiled.judged("ncpeh-a") == ()


def test_our_spoiled_query_still_gets_its_answer_judged() -> None:
    spoiled = replace(acknowledgement(target_message_id=None)(REFUSED), altered=("xcpd.receiver.other-community",))

    assert cs.fired(spoiled.judged("ncpeh-a")) == {"XCPD-A-008"}
