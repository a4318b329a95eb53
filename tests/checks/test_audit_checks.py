"""Each requirement on audit records: a right record passes, one that is wrong in one place fails there and nowhere else."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from harness import checks
from harness.model import AuditRecord, Severity, hints
from harness.wire import atna, codes, syslog
from harness.wire.atna import Coded
from tests.checks import checks_support as cs
from tests.checks.audit_support import OURS, THEIRS, Logged, logged

IDENTIFIED = logged(cs.identify(), "ncpeh-a", "EHDSI-11")
LISTED = logged(cs.find(), "ncpeh-a", "EHDSI-21")
FETCHED = logged(cs.fetch(), "ncpeh-a", "EHDSI-22")
REFUSED = logged(cs.refused(), "ncpeh-a", "EHDSI-11", outcome="8", error="ERROR_PI_GENERIC")
FAILED = logged(cs.failed(), "ncpeh-a", "EHDSI-21", outcome="8", error=codes.ERROR_NO_CONSENT)
ASKED = logged(cs.identify(), "ncpeh-b", "EHDSI-11")
IMPORTED = logged(cs.fetch(), "ncpeh-b", "EHDSI-22")
PROVIDED = logged(cs.identify(), "ncpeh-a", "EHDSI-41")
SENT = logged(cs.identify(), "ncpeh-b", "EHDSI-41")
TRANSLATED = logged(cs.identify(), "ncpeh-a", "EHDSI-94")
AUTHENTICATED = logged(cs.identify(), "ncpeh-b", "EHDSI-91")

GOOD = {
    "identification at A": IDENTIFIED,
    "identification at B": ASKED,
    "list at A": LISTED,
    "retrieval at A": FETCHED,
    "retrieval at B": IMPORTED,
    "refused identification": REFUSED,
    "refused list": FAILED,
    "identification without match": logged(
        cs.no_match(), "ncpeh-a", "EHDSI-11", outcome="4", error="ERROR_PI_NO_MATCH"
    ),
    "fault": logged(cs.faulted(cs.identify()), "ncpeh-a", "EHDSI-11", outcome="12", error="refused"),
    "authentication at B": AUTHENTICATED,
    "distinguished names": IDENTIFIED.participant("ServiceConsumer", user_id=f"C=BE, O=x, CN={OURS}"),
    "datagram": replace(IDENTIFIED, transport=syslog.UDP, raw=bytes),
}


@pytest.mark.parametrize("name", GOOD)
def test_a_right_record_has_no_finding(name: str) -> None:
    results = GOOD[name].judged()
    assert [f for r in results for f in r.findings] == []
    assert len(results) >= 8


@dataclass(frozen=True, kw_only=True)
class Case:
    requirement: str
    what: str
    wrong: Logged
    also: frozenset[str] = frozenset()


def old_header(message: bytes) -> bytes:
    return syslog.frame(b"<85>Mar  2 10:00:00 host atna: " + message.partition(syslog.BOM)[2])


def swapped(old: bytes, new: bytes) -> Callable[[bytes], bytes]:
    return lambda message: syslog.frame(message.replace(old, new, 1))


CASES = [
    Case(requirement="AUD-001", what="not well-formed", wrong=replace(IDENTIFIED, content=lambda c: c[:-5])),
    Case(requirement="AUD-002", what="no octet count", wrong=replace(IDENTIFIED, raw=lambda m: m + b"\n")),
    Case(
        requirement="AUD-002",
        what="count in characters",
        wrong=replace(
            IDENTIFIED.participant("PointOfCare", user_id="hôpital"),
            raw=lambda m: f"{len(m.decode())} ".encode() + m,
        ),
    ),
    Case(requirement="AUD-003", what="RFC 3164", wrong=replace(IDENTIFIED, raw=old_header)),
    Case(requirement="AUD-003", what="version 2", wrong=replace(IDENTIFIED, raw=swapped(b"<85>1", b"<85>2"))),
    Case(
        requirement="AUD-003", what="priority out of range", wrong=replace(IDENTIFIED, raw=swapped(b"<85>", b"<192>"))
    ),
    Case(requirement="AUD-004", what="a refusal as success", wrong=REFUSED.changed(outcome="0")),
    Case(requirement="AUD-004", what="a success as failure", wrong=LISTED.changed(outcome="8")),
    Case(requirement="AUD-004", what="no known outcome", wrong=IDENTIFIED.changed(outcome="1")),
    Case(
        requirement="AUD-005",
        what="name of another service",
        wrong=LISTED.changed(types=(logged(cs.find(), "ncpeh-a", "EHDSI-31").message.types)),
    ),
    Case(
        requirement="AUD-005",
        what="name of no service",
        wrong=LISTED.changed(types=(Coded(code="ITI-38", system_name="IHE Transactions", display="Query"),)),
        also=frozenset({"AUD-006"}),
    ),
    Case(
        requirement="AUD-005",
        what="another code system",
        wrong=IDENTIFIED.changed(types=(replace(IDENTIFIED.message.types[0], system_name="eHDSI"),)),
    ),
    Case(
        requirement="AUD-005",
        what="another name beside the code",
        wrong=IDENTIFIED.changed(types=(replace(IDENTIFIED.message.types[0], display="Find"),)),
    ),
    Case(requirement="AUD-006", what="action of the other side", wrong=IDENTIFIED.changed(action="C")),
    Case(
        requirement="AUD-007", what="another consumer", wrong=IDENTIFIED.participant("ServiceConsumer", user_id="ncp")
    ),
    Case(
        requirement="AUD-007",
        what="the name inside another",
        wrong=IDENTIFIED.participant("ServiceProvider", user_id=f"x{THEIRS}"),
    ),
    Case(requirement="AUD-007", what="no provider", wrong=ASKED.without("ServiceProvider")),
    Case(requirement="AUD-008", what="no practitioner", wrong=IDENTIFIED.without("HumanRequestor")),
    Case(
        requirement="AUD-008",
        what="another practitioner",
        wrong=IDENTIFIED.participant("HumanRequestor", user_id="<x@y>"),
    ),
    Case(
        requirement="AUD-008",
        what="another name",
        wrong=ASKED.participant("HumanRequestor", alternative_user_id="Dr X"),
    ),
    Case(requirement="AUD-009", what="no point of care", wrong=IDENTIFIED.without("PointOfCare")),
    Case(requirement="AUD-009", what="blank point of care", wrong=ASKED.participant("PointOfCare", user_id=" ")),
    Case(requirement="AUD-009", what="translation by nobody", wrong=TRANSLATED),
    Case(requirement="AUD-010", what="no patient", wrong=IDENTIFIED.without_objects("2")),
    Case(requirement="AUD-010", what="another patient", wrong=LISTED.objects("2", id="P-9^^^&2.999.250.1&ISO")),
    Case(requirement="AUD-011", what="no site", wrong=IDENTIFIED.changed(sources=())),
    Case(
        requirement="AUD-011",
        what="site of another country",
        wrong=IDENTIFIED.changed(sources=(atna.AuditSource(id="DE-1"),)),
    ),
    Case(requirement="AUD-012", what="no base64", wrong=IDENTIFIED.objects("ITI-55", query="<query/>")),
    Case(requirement="AUD-012", what="base64 of something else", wrong=IDENTIFIED.objects("ITI-55", query="eA==")),
    Case(requirement="AUD-012", what="no query", wrong=IDENTIFIED.objects("ITI-55", query=None)),
    Case(requirement="AUD-012", what="another message", wrong=LISTED.objects("ITI-38", id="urn:uuid:1")),
    Case(requirement="AUD-012", what="no row of the request", wrong=LISTED.without_objects("ITI-38")),
    Case(requirement="AUD-013", what="no error row", wrong=REFUSED.without_objects("9")),
    Case(requirement="AUD-013", what="an empty error row", wrong=FAILED.objects("9", id="", details=())),
    Case(requirement="XCAR-A-022", what="as import", wrong=FETCHED.changed(event_id=Coded(code="110107"))),
    Case(requirement="XCAR-A-022", what="as creation", wrong=FETCHED.changed(action="C"), also=frozenset({"AUD-006"})),
    Case(requirement="XCAR-B-008", what="as export", wrong=IMPORTED.changed(event_id=Coded(code="110106"))),
    Case(
        requirement="XDR-A-026",
        what="as export",
        wrong=PROVIDED.changed(event_id=Coded(code="110106")),
        also=frozenset({"AUD-005"}),
    ),
    Case(
        requirement="XDR-B-013",
        what="as import",
        wrong=SENT.changed(event_id=Coded(code="110107")),
        also=frozenset({"AUD-005"}),
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda c: f"{c.requirement}: {c.what}")
def test_a_record_wrong_in_one_place_fails_there(case: Case) -> None:
    results = {r.requirement: r.findings for r in case.wrong.judged()}
    broken = {name for name, findings in results.items() if any(f.severity is None for f in findings)}
    assert case.requirement in broken
    assert broken <= {case.requirement, *case.also}
    for finding in results[case.requirement]:
        assert finding.expected
        assert finding.found
        assert finding.next in hints()
        assert finding.at.message == "audit:a0001"


def test_every_check_of_audit_records_has_a_case() -> None:
    assert {c.requirement for c in CASES} == set(checks.AUDIT_CHECKS)


@pytest.mark.parametrize(
    ("requirement", "deviation", "severity", "record"),
    [
        (
            "AUD-001",
            "DEV-42",
            Severity.WARNING,
            replace(IDENTIFIED, message=atna.in_spelling(IDENTIFIED.message, atna.RFC3881)),
        ),
        ("AUD-003", "DEV-43", Severity.WARNING, replace(IDENTIFIED, header={"pri": 132})),
        ("AUD-003", "DEV-43", Severity.WARNING, replace(IDENTIFIED, header={"msg_id": None})),
        (
            "AUD-006",
            "DEV-44",
            Severity.INFORMATION,
            logged(cs.identify(), "ncpeh-b", "EHDSI-CF").changed(action="R"),
        ),
        (
            "AUD-009",
            "DEV-47",
            Severity.INFORMATION,
            TRANSLATED.changed(
                participants=tuple(p for p in IDENTIFIED.message.participants if p.row == "ServiceConsumer")
            ),
        ),
        (
            "AUD-010",
            "DEV-48",
            Severity.INFORMATION,
            IDENTIFIED.objects("2", id_type=Coded(code="2", system_name="DCM")),
        ),
    ],
    ids=lambda v: v if isinstance(v, str) else "",
)
def test_a_known_deviation_is_named(requirement: str, deviation: str, severity: Severity, record: Logged) -> None:
    found = [f for r in record.judged() if r.requirement == requirement for f in r.findings]
    assert [(f.deviation, f.severity) for f in found] == [(deviation, severity)]


def test_a_provided_identifier_alone_is_a_known_deviation() -> None:
    made = cs.identify().with_token("hcp", name_id_sp_provided="P-77")
    record = logged(made, "ncpeh-a", "EHDSI-11").participant("HumanRequestor", user_id="P-77")
    found = [f for r in record.judged() if r.requirement == "AUD-008" for f in r.findings]
    assert [(f.deviation, f.severity) for f in found] == [("DEV-46", Severity.WARNING)]


def test_a_record_belongs_to_the_exchange_whose_message_it_names() -> None:
    first, second = IDENTIFIED.exchange(), LISTED.exchange()
    assert IDENTIFIED.view(first, second).exchange is first
    assert LISTED.view(first, second).exchange is second


def test_a_record_that_names_another_message_belongs_to_none() -> None:
    other = IDENTIFIED.objects("req", id="urn:uuid:99999999-0000-4000-8000-000000000000")
    assert other.view(IDENTIFIED.exchange()).exchange is None


def test_without_message_ids_transaction_and_time_decide() -> None:
    record = IDENTIFIED.without_objects("req").objects("2", id="P-9^^^&2.999.250.1&ISO")
    exchange = IDENTIFIED.exchange()
    assert record.view(exchange, LISTED.exchange()).exchange is exchange
    later = checks.view(replace(exchange.exchange, started_at=cs.AT.replace(hour=11)))
    assert record.view(later).exchange is None


def test_other_records_of_a_system_are_nobodys_business() -> None:
    start = atna.AuditMessage(
        event_id=Coded(code="110100", system_name="DCM"), types=(Coded(code="110120", system_name="DCM"),)
    )
    judged = {r.requirement for r in replace(IDENTIFIED, message=start).judged()}
    assert judged == {"AUD-001", "AUD-002", "AUD-003"}


def test_what_we_spoiled_ourselves_accuses_nobody() -> None:
    made = replace(cs.identify(), altered=("saml.hcp.expired",))
    record = logged(made, "ncpeh-a", "EHDSI-11").participant("HumanRequestor", user_id="unknown")
    assert [f for r in record.judged() if r.requirement == "AUD-008" for f in r.findings] == []


CORPUS = {
    "ipf/atna-record-1.xml": {"DEV-42"},
    "ipf/xcpd.xml": {"AUD-005", "AUD-007", "AUD-011"},
    "ipf/audit-message-iti55.xml": {"AUD-005", "AUD-007", "AUD-011"},
    "openncp/pivottranslationsauditmessage.xml": {"AUD-011"},
    "openncp/smpqueryauditmessage.xml": {"AUD-011"},
    "openncp/AuditTrail.xml": {"DEV-42"},
}


@pytest.mark.corpus
def test_foreign_samples_are_judged_and_what_is_wrong_in_them_is_known(corpus: Path) -> None:
    folder = corpus / "messages" / "audit"
    for sample in sorted(folder.rglob("*.xml")):
        message = syslog.build_message(sample.read_bytes(), at=cs.AT, host="h")
        record = AuditRecord(id="a1", transport=syslog.TLS, received_at=cs.AT, raw=syslog.frame(message))
        results = checks.judge_audit(checks.AuditView(record), IDENTIFIED.context())
        told = {f.deviation or r.requirement for r in results for f in r.findings}
        name = str(sample.relative_to(folder))
        if name in CORPUS:
            assert told == CORPUS[name], name
        assert told <= {*checks.AUDIT_CHECKS, "DEV-42", "DEV-47", "DEV-48"}, name


def test_a_record_of_an_unknown_exchange_need_not_name_a_patient() -> None:
    """It may be that of an earlier row, which asked by traits alone."""
    record = IDENTIFIED.without_objects("2").objects("req", id="urn:uuid:99999999-0000-4000-8000-000000000000")
    late = record.view(LISTED.exchange())
    assert late.exchange is None
    assert "AUD-010" not in {r.requirement for r in checks.judge_audit(late, record.context())}
