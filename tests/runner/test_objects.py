"""Objects by themselves: each validator of the table has one that passes and one that fails at a named requirement."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest
from cryptography import x509 as cx509
from cryptography.hazmat.primitives import hashes, serialization

from harness.model import OBJECT_VALIDATORS, UNDETERMINED, Company, Layer, Party, Severity, ValidationReport, Verdict
from harness.packs import bundled_data, load_requirements, packs_with_builtin
from harness.runner.objects import ObjectJudge
from harness.validators import Validator
from harness.wire import atna, codes, saml, x509, xdr, xds
from tests.checks import audit_support as audits
from tests.checks import checks_support as cs
from tests.checks.checks_support import Made

NOW = Company(now=cs.AT)


@pytest.fixture(scope="module")
def judge() -> Iterator[ObjectJudge]:
    catalogue = load_requirements(bundled_data() / "scenarios")
    with Validator(packs_with_builtin(()), explain=False) as validator:
        yield ObjectJudge(catalogue=lambda: catalogue, validate=validator.validate)


def kept(made: Made, side: str) -> bytes:
    """The message of `made` as a file holds it: head and body."""
    exchange = made.view(Party.SUT).exchange
    record = exchange.request if side == "request" else exchange.response
    assert record is not None
    fields = "".join(f"{name}: {value}\r\n" for name, value in record.headers)
    return f"{record.start_line}\r\n{fields}\r\n".encode() + record.body


@dataclass(frozen=True)
class Case:
    """A message that passes, one that fails at `requirement`, and whether its request and an earlier list are given."""

    good: Made
    side: str
    bad: Made
    requirement: str
    request: bool = False
    earlier: bool = False

    def company(self) -> Company:
        return given(
            request=self.good if self.request else None, earlier=self.good.earlier[-1] if self.earlier else None
        )


def given(*, request: Made | None = None, earlier: Made | None = None) -> Company:
    return replace(
        NOW,
        request=kept(request, "request") if request is not None else b"",
        earlier=(kept(earlier, "response"),) if earlier is not None else (),
    )


def listing(kind: str) -> Made:
    """A list of documents of `kind`; one of which we serve none is that of summaries under the other class code."""
    if 1 in codes.KINDS[kind].formats:
        return cs.find(kind)
    made, known = cs.find(), codes.KINDS[kind]
    assert isinstance(made.answer, xds.QueryAnswer)
    coded = xds.Coded(code=known.class_code, scheme=codes.LOINC)
    formatted = xds.Coded(code=known.formats[3][0], scheme=codes.FORMAT_SCHEME_EHDSI)
    entry = replace(made.answer.entries[0], class_code=coded, type_code=coded, format_code=formatted)
    query = xds.find_documents(cs.PATIENT_ID.cx, (known.class_code,))
    allowed = made.with_attribute("hcp", saml.PERMISSION, *known.permissions)
    return replace(allowed, query=query).answered(entries=(entry,), associations=())


def holding(content: bytes, kind: str) -> Made:
    """A retrieval of one document, listed before as `kind`."""
    made, listed = cs.fetch(3), cs.find()
    coded = xds.Coded(code=codes.KINDS[kind].class_code, scheme=codes.LOINC)
    assert isinstance(listed.answer, xds.QueryAnswer)
    entries = tuple(replace(e, class_code=coded) for e in listed.answer.entries)
    (document,) = made.answer.documents  # type: ignore[union-attr]
    changed = made.answered(documents=(replace(document, content=content),))
    changed = changed.with_attribute("hcp", saml.PERMISSION, *codes.KINDS[kind].permissions)
    return replace(changed, earlier=(cs.identify(), listed.answered(entries=entries)))


def retrieval(short: str) -> Made:
    match short:
        case "ps":
            return cs.fetch()
        case "ep":
            return cs.fetch_prescription()
        case "orcd":
            return holding(document("lab-nominal-1.xml"), "orcd-laboratory")
        case _:
            return holding(document("ed-nominal-1-3.xml"), "hcer")


def submission(short: str) -> Made:
    kinds = {"ed-init": "edispensation", "consent-put": "consent", "provide": "hcer"}
    return cs.discard() if short == "ed-discard" else cs.submit(kinds[short])


def undescribed(made: Made) -> Made:
    """`made` with entries that say nothing of the patient."""
    assert isinstance(made.query, xdr.Submission)
    return made.asked(entries=tuple(replace(e, slots=()) for e in made.query.entries))


def signed(kind: str, **changes: object) -> bytes:
    made = cs.with_kin(cs.find())
    token = next(t for t in made.tokens if t.id == f"_{kind}-1")
    return made._signed(replace(token, **changes))  # type: ignore[arg-type]


def recorded(actor: str, event: str, **changes: object) -> bytes:
    logged = audits.logged(cs.find(), actor, event)
    if event == "EHDSI-94":  # written by the one gateway that translates
        role = atna.Coded(code=atna.ROLE_PROVIDER, system_name="DCM")
        logged = logged.changed(participants=(atna.ActiveParticipant(user_id="ncp.example", roles=(role,)),))
    return atna.build(logged.changed(**changes).message)


def pem(usage: str, *, country: str | None = "BE", expired: bool = False) -> bytes:
    authority = cs.pki().authority
    made = x509.build_certificate(
        common_name="ncp.example",
        country=country,
        organization="Test",
        usage=usage,
        issuer=authority,
        key=authority.key,
        serial=7,
        not_before=cs.AT - timedelta(days=20),
        not_after=cs.AT + timedelta(days=-1 if expired else 200),
        dns_names=("ncp.example",),
    )
    return x509.certificate_pem(made.certificate)


def document(name: str, *edits: tuple[bytes, bytes]) -> bytes:
    content = (cs.DOCUMENTS / name).read_bytes()
    for old, new in edits:
        assert old in content
        content = content.replace(old, new, 1)
    return content


def _protocol() -> Iterator[tuple[str, Case]]:
    found = cs.identify()
    yield "xcpd-request", Case(found, "request", found.asked(birth="1979"), "XCPD-B-012")
    yield "xcpd-response", Case(found, "response", found.answered(query_response_code="XX"), "XCPD-A-011", request=True)
    lists = {"ps": "patient-summary", "ep": "eprescription", "orcd": "orcd-laboratory", "fetch": "hcer"}
    for short, kind in lists.items():
        listed, came = listing(kind), retrieval(short)
        name = f"xca-{short}-{'query' if short == 'fetch' else 'list'}"
        yield f"{name}-request", Case(listed, "request", listed.asked(return_type="ObjectRef"), "XCAQ-B-002")
        failed = listed.answered(status="urn:other")
        yield f"{name}-response", Case(listed, "response", failed, "XCAQ-A-001", request=True)
        assert isinstance(came.query, xds.RetrieveRequest)
        homeless = came.asked(documents=tuple(replace(d, home="2.999") for d in came.query.documents))
        yield f"xca-{short}-retrieve-request", Case(came, "request", homeless, "XCAR-B-001", earlier=True)
        failed = came.answered(status="urn:other")
        yield f"xca-{short}-retrieve-response", Case(came, "response", failed, "XCAR-A-001", request=True, earlier=True)
    for short in ("ed-init", "ed-discard", "consent-put", "provide"):
        made = submission(short)
        yield f"xdr-{short}-request", Case(made, "request", undescribed(made), "XDR-B-005")
        failed = made.answered(status="urn:other")
        yield f"xdr-{short}-response", Case(made, "response", failed, "XDR-A-001", request=True)


PROTOCOL = dict(_protocol())
ASSERTIONS = {
    "saml-hcp": ("hcp", {"version": "1.1"}, "SAML-HCP-001"),
    "saml-trc": ("trc", {"authn_context_class": saml.SMARTCARD_PKI}, "SAML-TRC-006"),
    "saml-nok": ("nok", {"issuer_qualifier": "urn:other"}, "SAML-NOK-001"),
}
AUDITS = {
    "audit-fetch-sc": ("ncpeh-b", "EHDSI-22"),
    "audit-fetch-sp": ("ncpeh-a", "EHDSI-22"),
    "audit-hcp-assurance": ("ncpeh-b", "EHDSI-11"),
    "audit-ident-sp": ("ncpeh-a", "EHDSI-11"),
    "audit-tsl-import": ("ncpeh-b", "EHDSI-93"),
    "audit-hcp-issue": ("ncpeh-b", "EHDSI-91"),
    "audit-nok-issue": ("ncpeh-b", "EHDSI-96"),
    "audit-trc-issue": ("ncpeh-b", "EHDSI-92"),
    "audit-translate": ("ncpeh-b", "EHDSI-94"),
    "audit-provide-sc": ("ncpeh-b", "EHDSI-41"),
    "audit-provide-sp": ("ncpeh-a", "EHDSI-41"),
    "audit-smp-query": ("ncpeh-b", "EHDSI-193"),
    "audit-smp-push": ("ncpeh-b", "EHDSI-194"),
}
DOCUMENTS = {
    "cda-pivot-l3": "ps-nominal-3.xml",
    "cda-friendly-l3": "ps-nominal-friendly-3.xml",
    "cda-pivot-l1": "ps-nominal-1.xml",
}
CERTIFICATES = {
    "cert-tls-server": ("tls", {"expired": True}, "certificate/validity"),
    "cert-tls-client": ("tls", {"country": None}, "TRN-B-011"),
    "cert-signature": ("seal", {"country": None}, "SAML-HCP-015"),
}


def errors(report: ValidationReport) -> set[str]:
    """Requirements, or else rules, that checks found broken."""
    return {
        f.requirement or f.rule
        for f in report.findings
        if f.severity is Severity.ERROR and f.layer is Layer.REQUIREMENT
    }


def test_every_validator_of_the_table_has_its_case() -> None:
    cases = {*PROTOCOL, *ASSERTIONS, *AUDITS, *DOCUMENTS, *CERTIFICATES}
    assert {f"eu.ehdsi:{name}" for name in cases} == set(OBJECT_VALIDATORS)


@pytest.mark.parametrize("name", PROTOCOL)
def test_message_is_chosen_and_judged(judge: ObjectJudge, name: str) -> None:
    case = PROTOCOL[name]
    good, _ = judge.judge("good", kept(case.good, case.side), case.company())
    bad, _ = judge.judge("bad", kept(case.bad, case.side), case.company(), f"eu.ehdsi:{name}")

    assert good.validator is not None
    assert good.validator.value == f"eu.ehdsi:{name}", good.validator.because
    assert errors(good) == set()
    assert case.requirement in errors(bad)
    assert bad.verdict is Verdict.FAIL


@pytest.mark.parametrize("name", ASSERTIONS)
def test_assertion_is_chosen_and_judged(judge: ObjectJudge, name: str) -> None:
    kind, changes, requirement = ASSERTIONS[name]
    good, _ = judge.judge("good", signed(kind), NOW)
    bad, _ = judge.judge("bad", signed(kind, **changes), NOW)

    assert good.validator is not None
    assert (good.validator.value, errors(good)) == (f"eu.ehdsi:{name}", set())
    assert requirement in errors(bad)


@pytest.mark.parametrize("name", AUDITS)
def test_audit_record_is_judged_for_its_side(judge: ObjectJudge, name: str) -> None:
    actor, event = AUDITS[name]
    good, _ = judge.judge("good", recorded(actor, event), NOW, f"eu.ehdsi:{name}")
    bad, _ = judge.judge("bad", recorded(actor, event, outcome="7"), NOW, f"eu.ehdsi:{name}")

    assert errors(good) == set()
    assert errors(bad) == {"AUD-004"}


@pytest.mark.parametrize(
    ("actor", "event", "chosen"),
    [
        ("ncpeh-a", "EHDSI-22", "eu.ehdsi:audit-fetch-sp"),
        ("ncpeh-b", "EHDSI-41", "eu.ehdsi:audit-provide-sc"),
        ("ncpeh-b", "EHDSI-92", "eu.ehdsi:audit-trc-issue"),
        ("ncpeh-a", "EHDSI-11", UNDETERMINED),
    ],
)
def test_audit_record_tells_its_side_only_where_the_sides_differ(
    judge: ObjectJudge, actor: str, event: str, chosen: str
) -> None:
    report, _ = judge.judge("record", recorded(actor, event), NOW)

    assert report.validator is not None
    assert report.validator.value == chosen


@pytest.mark.parametrize("name", DOCUMENTS)
def test_document_is_chosen_by_level_and_form(judge: ObjectJudge, name: str) -> None:
    content = document(DOCUMENTS[name])
    wrong = document(DOCUMENTS[name], (b"<typeId ", b"<typeIdent "))
    good, _ = judge.judge("good", content, NOW, f"eu.ehdsi:{name}")
    bad, _ = judge.judge("bad", wrong, NOW, f"eu.ehdsi:{name}")

    assert (good.verdict in (Verdict.PASS, Verdict.WARNING), errors(good)) == (True, set())
    assert bad.verdict is Verdict.FAIL
    assert any(f.layer is Layer.XSD for f in bad.findings)


@pytest.mark.parametrize("name", CERTIFICATES)
def test_certificate_is_judged_for_its_use(judge: ObjectJudge, name: str) -> None:
    usage, changes, requirement = CERTIFICATES[name]
    company = replace(NOW, authorities=x509.certificate_pem(cs.pki().authority.certificate))
    good, _ = judge.judge("good", pem(usage), company, f"eu.ehdsi:{name}")
    bad, _ = judge.judge("bad", pem(usage, **changes), company, f"eu.ehdsi:{name}")  # type: ignore[arg-type]

    assert (good.verdict, errors(good)) == (Verdict.PASS, set())
    assert requirement in errors(bad)


def test_certificate_for_both_ends_of_tls_is_not_guessed(judge: ObjectJudge) -> None:
    report, _ = judge.judge("certificate", pem("tls"), NOW)

    assert report.validator is not None
    assert report.validator.value == UNDETERMINED
    assert any("revocation" in note for note in report.uses[-1].notes)


def test_object_of_another_validator_is_told_so(judge: ObjectJudge) -> None:
    report, _ = judge.judge("summary", kept(cs.find(), "response"), NOW, "eu.ehdsi:xca-ep-list-response")

    assert "validator/other-object" in errors(report)


def test_answer_alone_says_what_it_cannot_tell(judge: ObjectJudge) -> None:
    report, _ = judge.judge("answer", kept(cs.submit(), "response"), NOW)

    assert report.validator is not None
    assert report.validator.value == UNDETERMINED
    assert "xdr-ed-init-response" in report.validator.because
    assert "xdr-consent-put-response" in report.validator.because


def test_what_only_the_request_tells_is_listed_and_not_passed(judge: ObjectJudge) -> None:
    alone, _ = judge.judge("answer", kept(cs.identify(), "response"), NOW)
    along, _ = judge.judge("answer", kept(cs.identify(), "response"), given(request=cs.identify()))

    assert any(note.startswith("not judged without the request: ") for note in alone.uses[-1].notes)
    assert not any(note.startswith("not judged without the request: ") for note in along.uses[-1].notes)
    assert along.uses[-1].rules_fired > alone.uses[-1].rules_fired


def test_documents_in_a_message_are_judged_too(judge: ObjectJudge) -> None:
    made = cs.fetch(3)
    (one,) = made.answer.documents  # type: ignore[union-attr]
    wrong = made.answered(documents=(replace(one, content=one.content.replace(b"<typeId ", b"<typeIdent ")),))
    report, _ = judge.judge("answer", kept(wrong, "response"), NOW)

    assert {f.at.message for f in report.findings if f.layer is Layer.XSD} == {"answer/document:0"}


@pytest.mark.parametrize(
    "content",
    [b"HTTP/1.1 200 OK\r\nno head", b"--x\r\nContent-Type: text/xml\r\n\r\n<a/>", b"-----BEGIN CERTIFICATE-----\nAA"],
    ids=["head", "package", "pem"],
)
def test_what_is_not_what_it_begins_as_is_a_fail(judge: ObjectJudge, content: bytes) -> None:
    report, _ = judge.judge("torn", content, NOW)

    assert report.verdict is Verdict.FAIL


def test_revoked_certificate_is_found_in_a_list_of_its_issuer(judge: ObjectJudge) -> None:
    authority = cs.pki().authority
    crl = revocation_list(authority, 7)
    anchors = x509.certificate_pem(authority.certificate)
    company = replace(NOW, authorities=anchors, revocation_lists=(crl,))
    revoked, _ = judge.judge("seal", pem("seal"), company)
    other, _ = judge.judge("seal", pem("seal"), replace(company, revocation_lists=(revocation_list(authority, 8),)))

    assert errors(revoked) == {"SAML-HCP-014"}
    assert errors(other) == set()


def revocation_list(issuer: x509.Credentials, serial: int) -> bytes:
    revoked = cx509.RevokedCertificateBuilder().serial_number(serial).revocation_date(cs.AT - timedelta(days=1)).build()
    builder = (
        cx509.CertificateRevocationListBuilder()
        .issuer_name(issuer.certificate.subject)
        .last_update(cs.AT - timedelta(days=1))
        .next_update(cs.AT + timedelta(days=30))
        .add_revoked_certificate(revoked)
    )
    return builder.sign(issuer.key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
