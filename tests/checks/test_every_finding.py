"""The findings that no defect of `test_defects` gives: each has an exchange of its own that gives it.

Other requirements may be missed along with the one that is meant; here it matters that the finding can come at all.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest

from harness import checks
from harness.model import Party
from harness.wire import codes, ns, saml, xcpd, xds, xmldsig
from harness.wire.atna import Coded
from harness.wire.xcpd import Ii
from tests.checks import checks_support as cs
from tests.checks import submissions as sub
from tests.checks.checks_support import Defect, Made
from tests.checks.submissions import REFUSED_SUBMISSIONS
from tests.checks.test_audit_checks import FAILED as LOGGED_FAILED
from tests.checks.test_audit_checks import IDENTIFIED
from tests.checks.test_defects import (
    FETCH,
    IDENTIFY,
    LIST,
    REFUSED,
    RX,
    SUBMIT,
    acknowledgement,
    actor_of,
    answered,
    asked,
    attribute,
    document_edit,
    entries,
    first_entry,
    issue,
    slot,
    subject,
    token,
)

_EMPTY = f'<wsse:Security xmlns:wsse="{ns.WSSE}"/>'.encode()
NOWHEN = saml.Instant(text="yesterday", at=None)


@dataclass(frozen=True, kw_only=True)
class Given:
    """What `spoil` makes of `good` gives a finding of `requirement` that expects something with `expected` in it."""

    requirement: str
    expected: str
    good: Made
    spoil: Defect

    def findings(self) -> list[str]:
        results = self.spoil(self.good).judged(actor_of(self.requirement))
        return [f.expected for r in results if r.requirement == self.requirement for f in r.findings]


def re_signed(change: Callable[[bytes], bytes]) -> Defect:
    """The HCP assertion as it is signed, then changed by `change`."""

    def spoil(made: Made) -> Made:
        signed = xmldsig.sign(saml.build_assertion(made.token("hcp")), cs.pki().seal)
        return made.in_request(signed.decode(), change(signed).decode())

    return spoil


def two_certificates(_: bytes) -> bytes:
    return xmldsig.sign(
        saml.build_assertion(cs.identity()), cs.pki().seal, extra_certificates=(cs.pki().authority.certificate,)
    )


def signature_last(signed: bytes) -> bytes:
    """ds:Signature moved to the end; the digest leaves it out, so that it verifies all the same."""
    start, end = signed.index(b"<ds:Signature"), signed.index(b"</ds:Signature>") + len(b"</ds:Signature>")
    close = signed.rindex(b"</saml:Assertion>")
    return signed[:start] + signed[end:close] + signed[start:end] + signed[close:]


def twice_the_same_id(made: Made) -> Made:
    return made.with_token("trc", id=made.token("hcp").id)


def no_hcp(made: Made) -> Made:
    return made.without_token("hcp")


def listing(spoil: Defect) -> Defect:
    """The listing before a retrieval spoiled."""
    return lambda made: replace(made, earlier=(*made.earlier[:-1], spoil(made.earlier[-1])))


def without_strength(made: Made) -> Made:
    assert isinstance(made.answer, xds.QueryAnswer)
    kept = tuple(
        replace(e, event_codes=tuple(c for c in e.event_codes if c.scheme != codes.STRENGTH))
        for e in made.answer.entries
    )
    return made.answered(entries=kept)


def with_strength(made: Made) -> Made:
    """A prescription that says the strength of its product, listed without."""
    name = "<name>Metfictif 500</name>"
    return document_edit(name, f"{name}<pharm:desc>500 mg</pharm:desc>")(listing(without_strength)(made))


def other_advice(made: Made) -> Made:
    return made.with_token("trc", advice_ids=())


def requests(**changes: str | None) -> Defect:
    def spoil(made: Made) -> Made:
        assert isinstance(made.query, xds.RetrieveRequest)
        return made.asked(documents=tuple(replace(d, **changes) for d in made.query.documents))

    return spoil


def documents_twice(made: Made) -> Made:
    assert isinstance(made.answer, xds.RetrieveAnswer)
    return made.answered(documents=made.answer.documents * 2)


def documents_of(**changes: object) -> Defect:
    def spoil(made: Made) -> Made:
        assert isinstance(made.answer, xds.RetrieveAnswer)
        return made.answered(documents=tuple(replace(d, **changes) for d in made.answer.documents))  # type: ignore[arg-type]

    return spoil


def many_subjects(made: Made) -> Made:
    assert isinstance(made.answer, xcpd.DiscoveryAnswer)
    first = made.answer.subjects[0]
    return made.answered(
        subjects=tuple(replace(first, ids=(Ii(root="2.999.250.1", extension=f"P-{n}"),)) for n in range(201))
    )


def sender_with(*ids: Ii) -> Defect:
    def spoil(made: Made) -> Made:
        assert isinstance(made.query, xcpd.DiscoveryQuery)
        assert made.query.sender is not None
        return made.asked(sender=replace(made.query.sender, organization_ids=ids))

    return spoil


def status_of_membership(made: Made) -> Made:
    query = sub.sent(made)
    return made.asked(associations=tuple(replace(a, slots=()) for a in query.associations))


def no_custodian_country(made: Made) -> Made:
    """No country in any address: that of the custodian is among them."""
    return document_edit("<country>FR</country>", "")(made)


def given(requirement: str, expected: str, good: Made, spoil: Defect) -> Given:
    return Given(requirement=requirement, expected=expected, good=good, spoil=spoil)


BAD_CERTIFICATE = b"0\x03\x02\x01\x01"
GIVEN = [
    # assertions
    given("SAML-HCP-005", "an xs:dateTime", IDENTIFY, token("hcp", not_before=NOWHEN)),
    given(
        "SAML-HCP-005",
        "NotOnOrAfter after NotBefore",
        IDENTIFY,
        token("hcp", not_on_or_after=saml.instant(cs.AT - timedelta(hours=9))),
    ),
    given("SAML-HCP-013", "1 certificate", IDENTIFY, re_signed(two_certificates)),
    given("SAML-HCP-013", "directly after saml:Issuer", IDENTIFY, re_signed(signature_last)),
    given("SAML-HCP-001", "an xs:ID", IDENTIFY, token("hcp", id="1 2")),
    given("SAML-HCP-001", "an ID used once", LIST, twice_the_same_id),
    given("SAML-HCP-001", "an xs:dateTime", IDENTIFY, token("hcp", issue_instant=NOWHEN)),
    given("SAML-HCP-002", saml.HCP_QUALIFIER, LIST, no_hcp),
    given("SAML-HCP-003", "a NameID", IDENTIFY, token("hcp", name_id=None)),
    given("SAML-HCP-003", "one of", IDENTIFY, token("hcp", name_id_format="urn:other")),
    given("SAML-HCP-006", "an xs:dateTime", IDENTIFY, token("hcp", authn_instant=NOWHEN)),
    given(
        "SAML-HCP-006",
        saml.SMARTCARD_PKI,
        IDENTIFY,
        token("hcp", authn_context_class="urn:oasis:names:tc:SAML:2.0:ac:classes:Smartcard"),
    ),
    given("SAML-HCP-007", "a value of", IDENTIFY, attribute("hcp", saml.LOCALITY, " ")),
    given("SAML-TRC-003", "nameid-format", LIST, token("trc", name_id_format="urn:other")),
    given("SAML-TRC-005", "TREATMENT", LIST, attribute("trc", saml.PURPOSE_OF_USE)),
    given("SAML-TRC-005", "TREATMENT", LIST, attribute("trc", saml.PURPOSE_OF_USE, "")),
    # transport
    given("TRN-B-006", "saml:Assertion children", IDENTIFY, lambda m: replace(m, tokens=(), extra_header=_EMPTY)),
    given("TRN-B-011", "a readable certificate", IDENTIFY, lambda m: replace(m, tls=BAD_CERTIFICATE)),
    # listing
    given("XCAQ-A-009", "each document once", LIST, entries(unique_id="2.999.7")),
    given("XCAQ-A-012", "an id in CX form", LIST, entries(source_patient_id="P-0001")),
    given("XCAQ-A-013", "the class code", LIST, entries(class_code=xds.Coded(code="0", scheme=codes.LOINC))),
    given("XCAQ-A-015", "one of", LIST, first_entry(confidentiality_codes=())),
    given("XCAQ-A-016", "FR", LIST, first_entry(facility_type_code=None)),
    given("XCAQ-A-016", "FR", LIST, first_entry(facility_type_code=xds.Coded(code="DE", scheme=codes.ISO_COUNTRIES))),
    given("XCAQ-A-024", "the strength as listed", RX, with_strength),
    given("XCAQ-B-005", "a class code", LIST, slot(xds.SLOT_CLASS_CODE)),
    given("XCAQ-B-005", "in single quotes", LIST, slot(xds.SLOT_CLASS_CODE, "60591-5^^2.16.840.1.113883.6.1")),
    given("XCAQ-B-007", "_hcp-1", LIST, other_advice),
    # retrieval
    given("XCAR-A-001", "2 documents at most", FETCH, documents_twice),
    given("XCAR-A-002", cs.PS_3, FETCH, documents_of(id="2.999.7")),
    given("XCAR-B-001", "a DocumentUniqueId", FETCH, requests(id=None)),
    given("XCAR-B-001", "a RepositoryUniqueId", FETCH, requests(repository=None)),
    given("CDA-002", "the LOINC code", FETCH, document_edit('<code code="60591-5"', '<code code=""')),
    given(
        "CDA-005",
        "one of F, M, UN",
        FETCH,
        document_edit('GenderCode code="F"', 'GenderCode nullFlavor="UNK"'),
    ),
    given("CDA-006", "a country", FETCH, no_custodian_country),
    # discovery
    given("XCPD-A-041", "a code", REFUSED, acknowledgement(details=(xcpd.AckDetail(code=None, text="no"),))),
    given("XCPD-A-042", "a code of the XCPD reason systems", REFUSED, issue(code="Other", code_system="2.999")),
    given("XCPD-A-042", "a reason code of the profile", REFUSED, issue(code="Other", code_system=codes.REASONS_EHDSI)),
    given("XCPD-B-005", "a root alone", IDENTIFY, sender_with(Ii(root="2.999.56.1", extension="x"))),
    given("XCPD-B-007", "a queryId with root", IDENTIFY, asked(query_id=Ii(extension="1"))),
    given("XCPD-A-015", "at most", IDENTIFY, many_subjects),
    given(
        "XCPD-A-015",
        "the patient whose identifier",
        IDENTIFY,
        subject(ids=(Ii(root="2.999.250.1", extension="P-7"),), birth="20010101"),
    ),
    given("XCPD-A-017", "1 id", IDENTIFY, subject(ids=())),
    given("XCPD-A-023", "an integer", IDENTIFY, subject(match_degree="much")),
    given("XCPD-A-024", "1 id", IDENTIFY, subject(custodian_ids=())),
    # submissions
    given("XDR-A-011", "Failure with", REFUSED_SUBMISSIONS["XDR-A-011"], cs.faulted),
    given("XDR-A-015", "Failure with", REFUSED_SUBMISSIONS["XDR-A-015"], lambda m: cs.refusing(m, "4000")),
    given("XDR-A-025", "a RegistryError", SUBMIT, answered(status=codes.STATUS_FAILURE)),
    given("XDR-B-001", "1 submission set", SUBMIT, lambda m: m.asked(sets=sub.sent(m).sets * 2)),
    given("XDR-B-001", "an ExtrinsicObject", SUBMIT, lambda m: m.asked(entries=())),
    given("XDR-B-001", codes.SET_STATUS_ORIGINAL, SUBMIT, status_of_membership),
    given("XDR-B-003", "one of", SUBMIT, sub.entries(format_code=xds.Coded(code="urn:x", scheme="x"))),
]


@pytest.mark.parametrize("one", GIVEN, ids=lambda g: f"{g.requirement} {g.expected}")
def test_the_finding_is_given(one: Given) -> None:
    assert [e for e in one.findings() if one.expected in e], one.findings()


# --- frames of answers, which no requirement of the table decides alone


def framed(start: str = "HTTP/1.1 200 OK", kind: str = "application/soap+xml", body: bytes | None = None) -> list[str]:
    """What a good answer is told in another frame."""
    exchange = IDENTIFY.view(Party.PEER).exchange
    assert exchange.response is not None
    response = cs.http(start, kind, exchange.response.body if body is None else body)
    return [f.expected for f in checks.frame_problems(checks.view(replace(exchange, response=response)))]


def two_payloads() -> bytes:
    exchange = IDENTIFY.view(Party.PEER).exchange
    assert exchange.response is not None
    return exchange.response.body.replace(b"</soap:Body>", b"<x/></soap:Body>")


FRAMES: dict[str, Callable[[], list[str]]] = {
    "1 element in soap:Body": lambda: framed(body=two_payloads()),
    "HTTP 200 with a message that is no fault": lambda: framed("HTTP/1.1 202 Accepted"),
    "HTTP/1.1": lambda: framed("HTTP/2 200"),
    "application/soap+xml": lambda: framed(kind="text/xml"),
}


@pytest.mark.parametrize("expected", FRAMES)
def test_the_frame_of_an_answer_is_judged(expected: str) -> None:
    assert framed() == []
    assert FRAMES[expected]() == [expected]


# --- audit records

RECORDS = {
    "AUD-003 TIMESTAMP": ("AUD-003", replace(IDENTIFIED, raw=lambda m: b"7 no <85>")),
    "AUD-003 MSGID": ("AUD-003", replace(IDENTIFIED, header={"msg_id": "OTHER"})),
    "AUD-005 ITI-55": (
        "AUD-005",
        IDENTIFIED.changed(types=(Coded(code="EHDSI-11", system_name="IHE Transactions", display="x"),)),
    ),
    "AUD-013 4701": ("AUD-013", LOGGED_FAILED.objects("9", id="9999")),
}


@pytest.mark.parametrize("name", RECORDS)
def test_the_finding_of_a_record_is_given(name: str) -> None:
    requirement, record = RECORDS[name]
    found = [f.expected for r in record.judged() if r.requirement == requirement for f in r.findings]
    assert [e for e in found if name.partition(" ")[2] in e], found
