"""Known field deviations are recognised, named and treated as the list of deviations says."""

from dataclasses import replace
from datetime import timedelta

import pytest

from harness.checks import CheckResult, automatic
from harness.model import Finding, Party, Severity
from harness.wire import codes, saml, soap, xcpd, xds, xmldsig
from harness.wire.xcpd import Ii
from tests.checks import checks_support as cs
from tests.checks import submissions as sub
from tests.checks.checks_support import Made
from tests.checks.test_defects import (
    FAILED,
    FETCH,
    IDENTIFY,
    LIST,
    NO_MATCH,
    REFUSED,
    SUBMIT,
    acknowledgement,
    actor_of,
    answered,
    asked,
    asking,
    attribute,
    documents,
    entries,
    issue,
    listed_as,
    request,
    slot,
    subject,
    token,
)

ACCEPTED, WARNED, FAILS = Severity.INFORMATION, Severity.WARNING, None
JOINED = "('11502-2^^2.16.840.1.113883.6.1,34105-7^^2.16.840.1.113883.6.1')"


def java_location(made: Made) -> Made:
    detail = xcpd.AckDetail(code="ERROR_PI_GENERIC", text="refused", location="org.example.ws.Impl.find(Impl.java:42)")
    return acknowledgement(details=(detail,))(made)


def two_asked_one_came(made: Made) -> Made:
    assert isinstance(made.answer, xds.RetrieveAnswer)
    return made.answered(documents=made.answer.documents[:1])


def pdf_entry(made: Made) -> Made:
    assert isinstance(made.answer, xds.QueryAnswer)
    structured, file = made.answer.entries
    return made.answered(entries=(structured, replace(file, mime_type="application/pdf")))


def bare_pdf(_: Made) -> Made:
    return replace(documents(content=b"%PDF-1.7\n%%EOF")(cs.fetch(1)), earlier=())


def old_qualifier(made: Made) -> Made:
    return made.with_token("hcp", issuer_qualifier="urn:epsos:wp34:assertions")


def file_name(_: Made) -> Made:
    made = cs.fetch(3)
    wanted = xds.DocumentRequest(home=f"urn:oid:{cs.HOME_A}", repository=cs.REPOSITORY, id="2.999.7^PS.XML")
    return documents(id="2.999.7^PS.XML")(made).asked(documents=(wanted,))


def requests(**changes: str | None) -> cs.Defect:
    def spoil(made: Made) -> Made:
        assert isinstance(made.query, xds.RetrieveRequest)
        return made.asked(documents=tuple(replace(d, **changes) for d in made.query.documents))

    return spoil


def detailed(code: str) -> cs.Defect:
    return acknowledgement(details=(xcpd.AckDetail(code=code, text="the request is refused"),))


def named_error(code: str) -> xds.RegistryError:
    return xds.RegistryError(code=code, context="x")


def inclusive_namespaces(made: Made) -> Made:
    xml = saml.build_assertion(made.token("hcp"))
    signed = xmldsig.sign(xml, cs.pki().seal, inclusive_prefixes=("xs", "saml"))
    return made.in_request(xmldsig.sign(xml, cs.pki().seal).decode(), signed.decode())


def author(person: str) -> xds.Author:
    return xds.Author(slots=(xds.Slot(name="authorPerson", values=(person,)),))


UNSIGNED = cs.refused(detail="ERROR_PI_MISSING_REQUIRED_FIELDS")
THREE_OF_FOUR = ("PID-3|P-0001^^^&2.999.250.1&ISO", "PID-5|Exemplaire^Camille", "PID-7|19790314")
AFTERNOON = sub.content(lambda c: c.replace(b"20260302100000+0000", b"20260302161730+0100"))(
    sub.entries(creation_time="20260302151730")(SUBMIT)
)
PERMISSIONS = tuple(saml.PERMISSION_PREFIX + p for p in ("PRD-006", "PRD-046"))
OTHER_PURPOSE = replace(saml.purpose("TREATMENT"), code_system="2.16.840.1.113883.3.18.7.1")
BROKEN_STATUS = f"('{codes.ENTRY_APPROVED[:20]} {codes.ENTRY_APPROVED[20:]}')"
NAMED_ERROR = xds.RegistryError(code="ERROR_PS_NO_CONSENT", context="x")
SAMPLE_ENTRY = entries(type_code=None, language=None, creation_time="20260302")
ANONYMOUS_BLOCK = f'<a:Action xmlns:a="{soap.ANONYMOUS}">urn:x</a:Action>'.encode()
TABLE: list[tuple[str, str, Made, cs.Defect, Severity | None]] = [
    ("DEV-02", "TRN-A-010", REFUSED, java_location, WARNED),
    ("DEV-03", "TRN-B-001", IDENTIFY, asking(to=None, reply_to=None), WARNED),
    ("DEV-04", "TRN-B-003", IDENTIFY, asking(message_id="uuid:" + cs.REQUEST_UUID[9:]), WARNED),
    ("DEV-05", "TRN-B-005", FETCH, lambda m: replace(m, extra_header=ANONYMOUS_BLOCK), WARNED),
    ("DEV-06", "XCPD-A-003", IDENTIFY, answered(creation_time="20260302100000"), WARNED),
    ("DEV-07", "XCPD-A-004", IDENTIFY, answered(processing_mode_code=None), FAILS),
    ("DEV-07", "XCPD-A-006", IDENTIFY, answered(accept_ack_code=None), FAILS),
    ("DEV-07", "XCPD-A-009", IDENTIFY, acknowledgement(type_code=None), FAILS),
    ("DEV-07", "XCPD-A-013", IDENTIFY, answered(receivers=()), FAILS),
    ("DEV-07", "XCPD-A-014", IDENTIFY, answered(sender=None), FAILS),
    ("DEV-07", "XCPD-A-018", IDENTIFY, subject(ids=(Ii(extension="P-0001"),)), FAILS),
    ("DEV-07", "XCPD-A-024", IDENTIFY, subject(custodian_ids=(Ii(root="HOME_COMM_ID"),)), FAILS),
    ("DEV-08", "XCPD-A-005", REFUSED, answered(processing_code="D"), ACCEPTED),
    ("DEV-09", "XCPD-A-011", IDENTIFY, answered(query_response_code="AE"), FAILS),
    ("DEV-09", "XCPD-A-011", NO_MATCH, answered(query_response_code="AE"), FAILS),
    ("DEV-10", "XCPD-A-011", REFUSED, answered(query_response_code="NF"), ACCEPTED),
    ("DEV-11", "XCPD-A-012", IDENTIFY, answered(query_echo=None), FAILS),
    ("DEV-12", "XCPD-A-018", IDENTIFY, subject(ids=(Ii(root="2.999.250.1", extension="P-0001|ABC"),)), ACCEPTED),
    ("DEV-13", "XCPD-A-042", UNSIGNED, answered(issues=(xcpd.reason("InternalError"),)), ACCEPTED),
    ("DEV-14", "XCPD-A-041", REFUSED, detailed("WARNING_PI_NO_CONSENT"), ACCEPTED),
    ("DEV-15", "XCPD-A-042", REFUSED, issue(detected_code=codes.ISSUE_EVENT_GEMATIK), ACCEPTED),
    ("DEV-16", "XCPD-B-006", IDENTIFY, asked(receivers=(xcpd.device("101"),)), FAILS),
    ("DEV-17", "XCPD-B-007", IDENTIFY, asked(query_id=Ii(root="1.263507841149", extension="1")), WARNED),
    ("DEV-18", "XCPD-B-008", IDENTIFY, asked(ids=(Ii(root="2.999.250.1"),)), FAILS),
    ("DEV-18", "XCPD-B-010", IDENTIFY, asked(ids=(), family=None, given=None, birth=None), FAILS),
    ("DEV-19", "XCAQ-A-001", LIST, answered(status=None, entries=(), associations=()), FAILS),
    ("DEV-20", "XCAQ-A-012", LIST, SAMPLE_ENTRY, WARNED),
    ("DEV-20", "XCAQ-A-013", LIST, SAMPLE_ENTRY, WARNED),
    ("DEV-21", "XCAQ-A-021", LIST, pdf_entry, WARNED),
    ("DEV-21", "XCAR-A-003", FETCH, documents(mime_type="application/pdf"), WARNED),
    ("DEV-21", "XCAR-A-007", FETCH, bare_pdf, FAILS),
    ("DEV-22", "XCAQ-A-022", FETCH, listed_as(hash=None), WARNED),
    ("DEV-22", "XCAQ-A-022", FETCH, listed_as(hash=codes.EMPTY_SHA1, size="0"), ACCEPTED),
    ("DEV-23", "XCAQ-A-002", FAILED, answered(errors=(named_error("ERROR_PS_NOT_FOUND"),)), ACCEPTED),
    ("DEV-23", "XCAQ-A-002", FAILED, answered(errors=(named_error("ERROR_EP_NOT_FOUND"),)), ACCEPTED),
    ("DEV-24", "XCAQ-A-002", FAILED, answered(errors=(NAMED_ERROR,)), ACCEPTED),
    ("DEV-25", "XCAQ-A-035", LIST, answered(errors=(xds.RegistryError(code="4703", context="x"),)), FAILS),
    ("DEV-26", "XCAQ-B-004", LIST, slot(xds.SLOT_STATUS, "('urn:oasis:names:tc:ebxml-regrep:StatusType:')"), FAILS),
    (
        "DEV-26",
        "XCAQ-B-004",
        LIST,
        slot(xds.SLOT_STATUS, BROKEN_STATUS),
        FAILS,
    ),
    ("DEV-27", "XCAQ-B-005", LIST, slot(xds.SLOT_CLASS_CODE, JOINED), WARNED),
    ("DEV-28", "XCAR-A-001", FETCH, two_asked_one_came, ACCEPTED),
    ("DEV-29", "XCAR-A-005", FETCH, file_name, WARNED),
    ("DEV-30", "XCAR-B-001", FETCH, requests(home=None), WARNED),
    ("DEV-31", "XCAR-B-001", FETCH, requests(repository="1234"), WARNED),
    ("DEV-32", "XDR-B-004", SUBMIT, sub.entries(unique_id="1234"), FAILS),
    ("DEV-32", "XDR-B-009", SUBMIT, sub.entries(language="en"), WARNED),
    (
        "DEV-33",
        "XDR-B-005",
        SUBMIT,
        sub.entries(slots=(xds.Slot(name="sourcePatientInfo", values=THREE_OF_FOUR),)),
        ACCEPTED,
    ),
    ("DEV-34", "XDR-B-006", AFTERNOON, sub.entries(creation_time="20260302031800"), FAILS),
    ("DEV-35", "XDR-B-007", SUBMIT, sub.sets(authors=(author("Elise Artsenij^^^&2.999.56.3&ISO"),)), WARNED),
    ("DEV-35", "XDR-B-007", SUBMIT, sub.sets(authors=(author("Elise&amp;2.999.56.3&amp;ISO"),)), WARNED),
    ("DEV-36", "SAML-HCP-002", IDENTIFY, old_qualifier, FAILS),
    (
        "DEV-37",
        "SAML-HCP-005",
        IDENTIFY,
        token("hcp", not_before=saml.parse_instant("2026-03-02T12:00:00+02:00")),
        WARNED,
    ),
    ("DEV-39", "SAML-HCP-011", IDENTIFY, attribute("hcp", saml.PERMISSION, *PERMISSIONS), ACCEPTED),
    ("DEV-40", "SAML-HCP-013", IDENTIFY, inclusive_namespaces, ACCEPTED),
    ("DEV-41", "SAML-TRC-001", LIST, token("trc", issuer="urn:tiani-spirit:sts"), WARNED),
]


def named(results: tuple[CheckResult, ...], requirement: str, deviation: str) -> list[Finding]:
    return [f for r in results if r.requirement == requirement for f in r.findings if f.deviation == deviation]


@pytest.mark.parametrize(
    ("deviation", "requirement", "good", "spoil", "severity"), TABLE, ids=lambda v: v if isinstance(v, str) else ""
)
def test_a_known_deviation_is_named_and_treated(
    deviation: str, requirement: str, good: Made, spoil: cs.Defect, severity: Severity | None
) -> None:
    found = named(spoil(good).judged(actor_of(requirement)), requirement, deviation)

    assert found
    assert {f.severity for f in found} == {severity}


@pytest.mark.parametrize(
    ("requirement", "good", "spoil"),
    [
        pytest.param(
            "SAML-HCP-010",
            IDENTIFY,
            attribute("hcp", saml.PURPOSE_OF_USE, OTHER_PURPOSE),
            id="DEV-38, purpose of the other code system",
        ),
        pytest.param(
            "XCAQ-A-002",
            FAILED,
            answered(errors=(NAMED_ERROR,)),
            id="DEV-24, an error name for a number",
        ),
        pytest.param("XCAQ-A-014", LIST, entries(), id="format as it is"),
    ],
)
def test_an_accepted_variant_gives_no_finding(requirement: str, good: Made, spoil: cs.Defect) -> None:
    assert cs.fired(spoil(good).judged(actor_of(requirement))) == set()


def test_inclusive_namespaces_in_the_transform_are_accepted() -> None:
    # DEV-40: the prefix list is allowed, the signature verifies with it.
    assert cs.fired(inclusive_namespaces(IDENTIFY).judged("ncpeh-b")) == set()


def test_times_within_the_tolerance_are_accepted_and_beyond_it_are_not() -> None:
    early, late = (replace(IDENTIFY, at=cs.AT - timedelta(seconds=s)) for s in (59, 61))

    assert "SAML-HCP-005" not in cs.fired(early.judged("ncpeh-b"))
    assert "SAML-HCP-005" in cs.fired(late.judged("ncpeh-b"))


@pytest.mark.parametrize(("skew_s", "fires"), [(61, True), (121, False)], ids=["smaller", "larger"])
def test_the_tolerance_is_that_of_the_sut_file(skew_s: float, fires: bool) -> None:
    early = replace(IDENTIFY, at=cs.AT - timedelta(seconds=120))
    context = early.context("ncpeh-b")

    judged = automatic(early.view(Party.SUT), replace(context, sut=replace(context.sut, clock_skew_s=skew_s)))

    assert ("SAML-HCP-005" in cs.fired(judged)) is fires


def test_a_request_with_two_ids_of_one_assertion_is_told_apart() -> None:
    made = replace(LIST, tokens=(LIST.tokens[0], replace(LIST.tokens[1], id="_hcp-1")))

    assert "SAML-HCP-001" in cs.fired(made.judged("ncpeh-b"))


def test_the_patient_with_an_access_code_is_the_patient() -> None:
    made = attribute("trc", saml.SUBJECT_ID, "P-0001|ABC^^^&2.999.250.1&ISO")(FETCH)

    assert "CDA-014" not in cs.fired(made.judged("ncpeh-a"))


def test_a_birth_parameter_twice_is_one_finding_whatever_its_content() -> None:
    made = request("<livingSubjectId>", "<patientAddress/><patientAddress/><livingSubjectId>")(IDENTIFY)

    assert cs.fired(made.judged("ncpeh-b")) == {"XCPD-B-009"}


def test_an_afternoon_time_in_24_hours_is_no_deviation() -> None:
    assert cs.fired(AFTERNOON.judged("ncpeh-b")) == set()
