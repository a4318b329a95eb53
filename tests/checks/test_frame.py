"""Outcome words, operators, facts and descriptions: each holds for one thing and not for another."""

import time
from collections.abc import Mapping
from dataclasses import replace

import pytest

from harness import checks
from harness.errors import ScenarioError
from harness.model import HINTS as NEXT
from harness.model import (
    OPERATORS,
    OUTCOMES,
    Alternative,
    Datum,
    Exchange,
    FailureKind,
    Party,
    TransportFailure,
    TriggerOutcome,
    Value,
    hints,
)
from harness.wire import codes, ns
from tests.checks import checks_support as cs
from tests.checks import tokens
from tests.checks.checks_support import Made

IDENTIFY, NO_MATCH, REFUSED, LIST, FETCH = cs.identify(), cs.no_match(), cs.refused(), cs.find(), cs.fetch()
FAILED, FAULT = cs.failed(), cs.faulted(cs.identify())


def broken(kind: FailureKind) -> checks.View:
    exchange = replace(IDENTIFY.view(Party.PEER).exchange, response=None)
    return checks.view(replace(exchange, failure=TransportFailure(kind=kind, detail="gone", after_s=1.0)))


def triggered(shown: str, ok: bool = True) -> TriggerOutcome:
    return TriggerOutcome(kind="http", ok=ok, shown=shown)


type Saved = checks.View | TriggerOutcome | None


def met(saved: Saved, outcomes: Mapping[str, Value]) -> bool:
    view = saved if isinstance(saved, checks.View) else None
    outcome = saved if isinstance(saved, TriggerOutcome) else None
    result = checks.judge_expect((Alternative(outcomes=outcomes),), view, outcome)
    assert (result.met is None) == bool(result.findings)
    return result.met is not None


def asked(made: Made) -> checks.View:
    return made.view(Party.PEER)


def fault_with(code: str, subcode: str = "") -> checks.View:
    made = replace(FAULT, fault=(code, "no"))
    if subcode:
        value = f'<soap:Subcode><soap:Value xmlns:s="{ns.WSSE}">s:{subcode}</soap:Value></soap:Subcode></soap:Code>'
        made = made.in_answer("</soap:Code>", value)
    return asked(made)


WORDS: list[tuple[str, Value, Saved, Saved]] = [
    ("soap_fault", "any", asked(FAULT), asked(IDENTIFY)),
    ("soap_fault", "sender", fault_with("Sender"), fault_with("Receiver")),
    ("soap_fault", "receiver", fault_with("Receiver"), fault_with("Sender")),
    ("soap_fault", "security", fault_with("Sender", "InvalidSecurity"), fault_with("Sender")),
    ("soap_fault", "must-understand", fault_with("MustUnderstand"), fault_with("Sender")),
    ("soap_fault", "version-mismatch", fault_with("VersionMismatch"), fault_with("Sender")),
    ("soap_fault", "action-not-supported", fault_with("Sender", "ActionNotSupported"), fault_with("Sender")),
    ("soap_fault", ("sender", "security"), fault_with("Sender"), fault_with("Receiver")),
    ("http_status", 200, asked(IDENTIFY), broken(FailureKind.CUT)),
    ("http_status", ("4xx", "2xx"), asked(IDENTIFY), broken(FailureKind.CUT)),
    ("tls_refused", True, broken(FailureKind.TLS_REFUSED), asked(IDENTIFY)),
    ("no_answer", True, broken(FailureKind.TIMED_OUT), broken(FailureKind.TLS_REFUSED)),
    ("acknowledgement", "AA", asked(IDENTIFY), asked(REFUSED)),
    ("query_response", "NF", asked(NO_MATCH), asked(IDENTIFY)),
    ("reason", ("InsufficientRights", "PolicyViolation"), asked(REFUSED), asked(NO_MATCH)),
    ("detail_code", "ERROR_PI_NO_MATCH", asked(NO_MATCH), asked(REFUSED)),
    ("patients", 1, asked(IDENTIFY), asked(NO_MATCH)),
    ("patients", {"min": 1}, asked(IDENTIFY), asked(NO_MATCH)),
    ("registry_status", "failure", asked(FAILED), asked(LIST)),
    ("registry_error", "4701", asked(FAILED), asked(LIST)),
    ("registry_error", "any", asked(FAILED), asked(LIST)),
    ("entries", {"max": 0}, asked(FAILED), asked(LIST)),
    ("documents", 2, asked(FETCH), asked(LIST)),
    ("token", "trc", checks.view(tokens.GOOD.exchange(Party.PEER)), asked(LIST)),
    ("token", "nok", checks.view(tokens.KIN.exchange(Party.PEER)), checks.view(tokens.GOOD.exchange(Party.PEER))),
    ("shown", "document", triggered('{"shown": "document"}'), triggered('{"shown": "error"}')),
    ("shown_code", ("4701", "1"), triggered('{"shown": "refusal", "code": "4701"}'), triggered("{}")),
    ("request_received", True, IDENTIFY.view(Party.SUT), None),
]


@pytest.mark.parametrize(("word", "wanted", "good", "bad"), WORDS, ids=lambda v: v if isinstance(v, str) else "")
def test_an_outcome_word_holds_for_one_outcome_and_not_for_another(
    word: str, wanted: Value, good: Saved, bad: Saved
) -> None:
    assert met(good, {word: wanted})
    assert not met(bad, {word: wanted})


def test_the_outcome_words_are_those_of_the_scenario_language() -> None:
    assert set(OUTCOMES) == checks.OUTCOME_WORDS
    assert {word for word, *_ in WORDS} == set(OUTCOMES)


def test_every_value_of_the_fault_families_is_judged() -> None:
    assert {w for word, w, *_ in WORDS if word == "soap_fault" and isinstance(w, str)} == set(
        OUTCOMES["soap_fault"].values
    )


def test_a_strict_alternative_is_preferred_to_a_tolerated_one() -> None:
    tolerated = Alternative(outcomes={"patients": 1}, grade="tolerated")
    strict = Alternative(outcomes={"acknowledgement": "AA"}, grade="strict")

    result = checks.judge_expect((tolerated, strict), asked(IDENTIFY), None)

    assert result.met is strict
    assert result.grade == "strict"


def test_all_words_of_an_alternative_must_hold() -> None:
    assert not met(asked(IDENTIFY), {"acknowledgement": "AA", "patients": 0})


OPERANDS: list[tuple[str, Datum, Datum, Datum]] = [
    ("equals", "1", 1, 2),
    ("in", "a", ("a", "b"), ("b",)),
    ("matches", "P-0001", r"P-\d+", r"P-\d"),
    ("exists", "a", True, False),
    ("count", ("a", "b"), {"min": 2}, 1),
    ("before", "20260302100000+0000", "2026-03-02T10:00:01Z", "2026-03-02T09:00:00Z"),
    ("after", "2026-03-02T10:00:01Z", "20260302", "20270302"),
    ("contains", ("a", "b"), "b", "c"),
]


@pytest.mark.parametrize(
    ("operator", "value", "right", "wrong"), OPERANDS, ids=lambda v: v if isinstance(v, str) else ""
)
def test_an_operator_holds_for_one_operand_and_not_for_another(
    operator: str, value: Datum, right: Datum, wrong: Datum
) -> None:
    assert checks.compare(operator, value, right) is None
    finding = checks.compare(operator, value, wrong)
    assert finding is not None
    assert finding.expected
    assert finding.found


def test_the_operators_are_those_of_the_scenario_language() -> None:
    assert {operator for operator, *_ in OPERANDS} == set(OPERATORS)


@pytest.mark.parametrize(("operator", "operand"), [("in", "a"), ("matches", "("), ("before", "soon")])
def test_an_operand_that_does_not_fit_is_the_scenarios_fault(operator: str, operand: Datum) -> None:
    with pytest.raises(ScenarioError) as caught:
        checks.compare(operator, "20260302", operand)

    assert caught.value.problems[0].code == "E310"


@pytest.mark.parametrize("pattern", [r"(a+)+b", r"(a|a)*b", r"(.*a){20}b"])
def test_no_expression_takes_longer_than_its_text_allows(pattern: str) -> None:
    started = time.monotonic()

    assert checks.compare("matches", "a" * 5000, pattern) is not None
    assert time.monotonic() - started < 1


@pytest.mark.parametrize("operand", ["(?=a)a", r"(a)\1"], ids=["look-around", "back reference"])
def test_an_expression_that_needs_more_than_linear_time_is_refused(operand: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        checks.compare("matches", "aa", operand)

    assert "without look-around" in caught.value.problems[0].expected[0]


def test_a_long_value_is_compared_whole() -> None:
    text = "a" * 1000 + "b"

    assert checks.compare("matches", text, "a+b") is None
    assert checks.compare("contains", text, "a" * 999 + "c") is not None


def test_the_same_is_the_same_whatever_its_type() -> None:
    assert checks.same_as({"a": 1}, {"a": "1"}) is None
    assert checks.same_as("a", "b") is not None


def test_a_value_is_shown_on_one_line() -> None:
    assert checks.show({"a": (1, None, True)}) == "{a: [1, nothing, true]}"
    assert len(checks.show("x" * 500)) == 200


def at(facts: Mapping[str, Datum], path: str) -> Datum:
    value: Datum = facts
    for step in path.split("."):
        value = value[int(step)] if isinstance(value, tuple) else value[step] if isinstance(value, Mapping) else None
    return value


@pytest.mark.parametrize(
    ("made", "path", "wanted"),
    [
        (IDENTIFY, "acknowledgement", "AA"),
        (IDENTIFY, "query_response", "OK"),
        (IDENTIFY, "patients.0.id.cx", cs.PATIENT_ID.cx),
        (IDENTIFY, "patients.0.birth", "19790314"),
        (IDENTIFY, "http.status", 200),
        (IDENTIFY, "relates_to", cs.REQUEST_UUID),
        (IDENTIFY, "request.ids.0.extension", "P-0001"),
        (IDENTIFY, "request.assertions.0.kind", "hcp"),
        (IDENTIFY, "tls.version", "TLSv1.3"),
        (REFUSED, "reasons.0.code", "InsufficientRights"),
        (REFUSED, "details.0.code", "ERROR_PI_GENERIC"),
        (FAULT, "fault.reason", "not authorised"),
        (LIST, "registry_status", "success"),
        (LIST, "entries.0.level", 3),
        (LIST, "entries.0.kind", "patient-summary"),
        (LIST, "associations.0.type", codes.ASSOCIATION_XFRM),
        (LIST, "request.patient_id", cs.PATIENT_ID.cx),
        (FAILED, "errors.0.severity", "Error"),
        (FETCH, "documents.1.level", 1),
        (FETCH, "documents.0.patient_ids.0", cs.PATIENT_ID.cx),
        (FETCH, "documents.0.form", "xop"),
        (FETCH, "request.documents.0.id", cs.PS_3),
    ],
)
def test_a_saved_exchange_offers_its_facts(made: Made, path: str, wanted: Datum) -> None:
    assert at(checks.facts(asked(made)), path) == wanted


def test_a_trigger_offers_what_the_system_showed() -> None:
    facts = checks.facts(triggered('{"shown": "patient", "patients": [{"family": "X"}]}'))

    assert facts["ok"] is True
    assert at(facts, "patients.0.family") == "X"
    assert checks.facts(triggered("not json"))["documents"] == ()


@pytest.mark.parametrize(
    ("saved", "words"),
    [
        (None, "nothing"),
        (asked(IDENTIFY), "HTTP 200, AA, OK, 1 patient"),
        (asked(REFUSED), "HTTP 200, AE, AE, 0 patients, InsufficientRights, ERROR_PI_GENERIC"),
        (asked(FAULT), "HTTP 200, fault soap:Sender"),
        (asked(LIST), "HTTP 200, success, 2 entries"),
        (asked(FAILED), "HTTP 200, failure, 0 entries, 4701"),
        (asked(FETCH), "HTTP 200, success, 2 documents"),
        (broken(FailureKind.TIMED_OUT), "no answer: timed-out"),
        (LIST.view(Party.SUT), "ITI-38 request with 2 assertions (hcp, trc)"),
        (triggered('{"shown": "refusal", "code": "4701"}'), "shown: refusal (4701)"),
    ],
    ids=lambda v: v if isinstance(v, str) else "",
)
def test_what_came_is_described_in_protocol_words(saved: Saved, words: str) -> None:
    assert checks.describe(saved) == words


def test_the_ordinary_answer_is_told_from_others() -> None:
    for made in (IDENTIFY, LIST, FETCH):
        assert checks.ordinary_answer(asked(made)) is None
    for made in (REFUSED, NO_MATCH, FAILED, FAULT):
        assert checks.ordinary_answer(asked(made)) is not None


def test_an_unreadable_answer_is_described_by_its_problem() -> None:
    exchange: Exchange = asked(IDENTIFY).exchange
    view = checks.view(replace(exchange, response=cs.http("HTTP/1.1 200 OK", "text/plain", b"hello")))

    assert checks.describe(view).startswith("HTTP 200, unreadable: ")
    assert checks.automatic(view, IDENTIFY.context("ncpeh-a")) == ()


def test_the_advice_of_every_check_exists_in_both_languages() -> None:
    assert set(NEXT) - {"expect", "ordinary-answer"} == {*checks.AUTOMATIC, *checks.AUDIT_CHECKS}
    for text in NEXT.values():
        assert text.en.endswith(".")
        assert text.fr.endswith(".")
        assert text.en != text.fr
    assert len(hints()) == len({t.en for t in NEXT.values()})


def test_the_automatic_requirements_are_those_of_the_catalogue_and_but_one_of_one_actor() -> None:
    a, b = checks.automatic_ids("ncpeh-a"), checks.automatic_ids("ncpeh-b")

    assert set(a) | set(b) == set(checks.automatic_ids()) == set(checks.AUTOMATIC)
    assert set(a) & set(b) == {"CDA-014"}  # whose a document is: of what A delivers, and of what B submits
    assert a["XCPD-A-008"] == frozenset({codes.ITI_55})
    assert b["SAML-HCP-001"] == frozenset()


def test_every_check_says_what_it_asserts_and_whence_it_comes() -> None:
    for infos in checks.AUTOMATIC.values():
        for info in infos:
            assert info.function.__doc__ is not None
            assert "Source: " in info.function.__doc__


def test_an_answer_that_broke_off_meets_no_outcome_of_content_however_readable() -> None:
    whole = asked(FAULT)
    cut = checks.view(
        replace(whole.exchange, failure=TransportFailure(kind=FailureKind.CUT, detail="gone", after_s=1.0))
    )

    assert met(whole, {"soap_fault": "any"})
    assert not met(cut, {"soap_fault": "any"})
    assert not met(cut, {"http_status": "2xx"})
    assert met(cut, {"no_answer": True})
