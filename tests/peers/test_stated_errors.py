"""Every error code that can be on the wire is produced by our country A and recognised by the outcome words of `expect`."""

from collections import Counter
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from harness import checks
from harness.errors import ScenarioError
from harness.model import (
    ERROR_CODES,
    FAULT_SITUATIONS,
    Alternative,
    Datum,
    ErrorCode,
    Exchange,
    HttpRecord,
    Party,
    Value,
    error_code,
)
from harness.peers import Pki
from harness.wire import codes
from tests.peers.peer_bench import NOW, prepared, record, responder

DOCS = Path(__file__).resolve().parents[2] / "docs"
SENT = [(code, transaction) for code in ERROR_CODES for transaction in code.transactions]
SEVERITY = {True: "Warning", False: "Error"}


def named(value: object) -> str:
    return f"{value.family}.{value.name}" if isinstance(value, ErrorCode) else str(value)


def answered(ours: Pki, theirs: Pki, transaction: str, error: Datum) -> checks.View:
    """The exchange in which our country A was told to answer with `error`."""
    request = prepared(ours, theirs.anchors, transaction).request
    answer = responder().answer(record(request), transaction, {"error": error})
    return checks.view(
        Exchange(
            id="x0001",
            transaction=transaction,
            initiator=Party.PEER,
            url=request.url,
            started_at=NOW,
            duration_s=0.1,
            request=record(request),
            response=HttpRecord(
                raw=answer.body, body=answer.body, start_line=f"HTTP/1.1 {answer.status} X", headers=answer.headers
            ),
        )
    )


def met(view: checks.View, **outcomes: Value) -> bool:
    return checks.judge_expect([Alternative(outcomes=outcomes)], view, None).met is not None


@pytest.mark.parametrize(("code", "transaction"), SENT, ids=named)
def test_code_on_the_wire_is_produced_and_recognised(code: ErrorCode, transaction: str, ours: Pki, theirs: Pki) -> None:
    spoken = error_code(code.code)
    assert spoken is not None
    view = answered(ours, theirs, transaction, {"code": code.code, "context": "Why", "location": "Where"})
    facts = checks.facts(view)
    other = "ERROR_GENERIC" if code.code != "ERROR_GENERIC" else "WARNING_GENERIC"

    if transaction == codes.ITI_55:
        assert met(view, detail_code=code.code, patients=0)
        assert not met(view, detail_code=other)
        assert facts["details"] == ({"code": code.code, "text": "Why", "location": "Where"},)
        return
    failed = "success" if spoken.warning else "failure"
    assert met(view, registry_error=code.code, registry_status=failed)
    assert not met(view, registry_error=other)
    severity = SEVERITY[spoken.warning]
    said = {"code": code.code, "severity": severity, "context": "Why", "location": "Where"}
    assert facts["errors"] == (said,)


@pytest.mark.parametrize(
    "code", [c for c in ERROR_CODES if c.code != c.name and c.family == "network"], ids=lambda c: c.name
)
def test_name_is_sent_where_the_name_is_asked_for(code: ErrorCode, ours: Pki, theirs: Pki) -> None:
    view = answered(ours, theirs, code.transactions[0], code.name)

    key = "detail_code" if code.transactions[0] == codes.ITI_55 else "registry_error"
    assert met(view, **{key: code.name})
    assert not met(view, **{key: code.code})


@pytest.mark.parametrize("reason", codes.REASONS)
def test_reason_of_a_refused_identification_is_produced_and_recognised(reason: str, ours: Pki, theirs: Pki) -> None:
    view = answered(ours, theirs, codes.ITI_55, reason)
    known = codes.REASONS[reason]

    assert met(view, reason=reason, detail_code="ERROR_PI_GENERIC", acknowledgement="AE", query_response="AE")
    assert not met(view, reason=next(r for r in codes.REASONS if r != reason))
    answer = view.discovery_answer
    assert answer is not None
    assert [(i.kind, i.code_system) for i in answer.issues] == [(known.element, known.code_system)]


@pytest.mark.parametrize("acknowledgement", ["AA", "AE", "AR"])
@pytest.mark.parametrize("response", ["OK", "NF", "AE", "QE"])
def test_acknowledgement_and_query_response_are_those_asked_for(
    acknowledgement: str, response: str, ours: Pki, theirs: Pki
) -> None:
    error = {"code": "ERROR_PI_NO_MATCH", "acknowledgement": acknowledgement, "query_response": response}

    assert met(answered(ours, theirs, codes.ITI_55, error), acknowledgement=acknowledgement, query_response=response)


@pytest.mark.parametrize("status", codes.RESPONSE_STATUSES)
@pytest.mark.parametrize("severity", ["error", "warning"])
@pytest.mark.parametrize("transaction", [codes.ITI_38, codes.ITI_39, codes.ITI_41])
def test_status_and_severity_are_those_asked_for(
    status: str, severity: str, transaction: str, ours: Pki, theirs: Pki
) -> None:
    view = answered(ours, theirs, transaction, {"code": "ERROR_SEC_GENERIC", "status": status, "severity": severity})

    assert met(view, registry_status=status)
    assert view.registry_answer is not None
    assert [e.severity for e in view.registry_answer.errors] == [
        codes.SEVERITY_ERROR if severity == "error" else codes.SEVERITY_WARNING
    ]
    found = len(view.query_answer.entries) if view.query_answer else len(view.retrieved)
    assert (found > 0) is (status != "failure" and transaction != codes.ITI_41)


FAMILIES = ("sender", "receiver", "security", "must-understand", "version-mismatch", "action-not-supported")


@pytest.mark.parametrize("word", [*FAMILIES, *FAULT_SITUATIONS])
@pytest.mark.parametrize("transaction", codes.ACTIONS)
def test_soap_fault_is_produced_and_recognised(word: str, transaction: str, ours: Pki, theirs: Pki) -> None:
    family, words = FAULT_SITUATIONS.get(word, (word, ""))
    view = answered(ours, theirs, transaction, {"soap_fault": word, "location": "FR and BE"})

    assert met(view, soap_fault=family)
    assert not met(view, soap_fault="receiver" if family != "receiver" else "sender")
    assert view.own is not None
    assert view.own.fault is not None
    assert words in view.own.fault.reason
    assert "FR and BE" in view.own.fault.detail


@pytest.mark.parametrize(
    ("transaction", "error"),
    [
        (codes.ITI_38, "ERROR_NOBODY_KNOWS"),
        (codes.ITI_38, "ERROR_PI_NO_MATCH"),
        (codes.ITI_38, {"code": "4701", "reason": "InternalError"}),
        (codes.ITI_38, {"code": "4701", "severity": "fatal"}),
        (codes.ITI_38, {"code": "4701", "status": "maybe"}),
        (codes.ITI_55, {"code": "ERROR_PI_GENERIC", "reason": "Mood"}),
        (codes.ITI_55, {"soap_fault": "tired"}),
        (codes.ITI_55, "ERROR_UI_TRANSFORMATION"),
    ],
    ids=str,
)
def test_error_that_cannot_be_said_is_the_authors_to_change(
    transaction: str, error: Datum, ours: Pki, theirs: Pki
) -> None:
    with pytest.raises(ScenarioError) as caught:
        answered(ours, theirs, transaction, error)
    assert (caught.value.problems[0].option or "").startswith("with.error")


@pytest.mark.parametrize(("error", "found"), [("ERROR_ED_GENERIC", True), (None, False)], ids=["refused", "stored"])
def test_refused_submission_changes_nothing(error: str | None, found: bool, ours: Pki, theirs: Pki) -> None:
    gateway = responder()
    withdrawal = prepared(ours, theirs.anchors, codes.ITI_41, arguments={"operation": "discard-consent"}).request
    gateway.answer(record(withdrawal), codes.ITI_41, {"error": error})

    query = prepared(ours, theirs.anchors, codes.ITI_55).request
    assert (b"InsufficientRights" not in gateway.answer(record(query), codes.ITI_55, {}).body) is found


def test_code_without_a_transaction_says_why_and_no_other() -> None:
    assert {c.name for c in ERROR_CODES if not c.transactions} == {c.name for c in ERROR_CODES if c.why_not}


def test_family_and_name_are_unique() -> None:
    assert max(Counter((c.family, c.name) for c in ERROR_CODES).values()) == 1


@pytest.mark.parametrize("page", ["error-codes.md", "error-codes.fr.md"])
def test_page_lists_every_code_as_it_is(page: str) -> None:
    lines = (DOCS / page).read_text("utf-8").splitlines()
    for code in ERROR_CODES:
        where = ", ".join(code.transactions) or "-"
        assert any(line.startswith(f"| `{code.name}` | `{code.code}` | {where} |") for line in lines), code.name
    for word in (*codes.REASONS, *FAULT_SITUATIONS):
        assert any(f"`{word}`" in line for line in lines), word


@pytest.mark.corpus
def test_table_holds_the_codes_of_the_reference_data(corpus: Path) -> None:
    file = corpus.parent / "reference" / "error-codes.yaml"
    if not file.is_file():
        pytest.skip("the reference data is not beside the corpus")
    read = YAML(typ="safe").load(file)
    tables = {
        "network": read["openncp_ehdsi_codes"],
        "transformation": [
            *read["transformation_manager_codes"]["entries"],
            *read["terminology_access_codes"]["entries"],
        ],
        "ihe": read["ihe_xds_codes"]["entries"],
    }
    for family, entries in tables.items():
        theirs = {(e.get("name", e["code"]), e["code"]) for e in entries}
        assert {(c.name, c.code) for c in ERROR_CODES if c.family == family} == theirs
    assert set(codes.REASONS) == {e["code"] for e in read["xcpd_reason_codes"]["entries"]}
    assert len(FAULT_SITUATIONS) == len(read["soap_faults"]["entries"])
