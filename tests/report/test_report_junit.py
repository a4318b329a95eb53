"""The run as continuous integration reads it."""

from dataclasses import replace

import pytest
from lxml import etree

from harness import safexml
from harness.model import Run
from harness.report import render_junit
from tests.report.pages import find


@pytest.fixture(scope="module")
def suites(run: Run) -> etree._Element:
    return safexml.parse(render_junit(run))


def case(suites: etree._Element, name: str) -> etree._Element:
    (found,) = [c for c in suites.iter("testcase") if c.get("name") == name]
    return found


def test_there_is_a_suite_per_profile_and_a_case_per_row(suites: etree._Element, run: Run) -> None:
    assert [s.get("name") for s in suites] == ["patient-summary", "discovery"]
    assert sorted(c.get("name", "") for c in suites.iter("testcase")) == sorted(r.id for r in run.rows)


@pytest.mark.parametrize(
    ("name", "outcome"),
    [
        ("XCAQ-A-001", None),
        ("XCAQ-A-002", "failure"),
        ("XCAQ-A-004", None),
        ("XCAQ-A-005", "error"),
        ("XCAQ-A-006", "error"),
        ("XCAQ-A-007", "error"),
        ("XCAQ-A-008", "error"),
        ("XCAQ-A-009", "skipped"),
        ("XCAQ-A-010", "skipped"),
    ],
    ids=["pass", "fail", "warning", "error", "inconclusive", "review", "not-run", "skipped", "not-applicable"],
)
def test_each_verdict_has_its_outcome(suites: etree._Element, name: str, outcome: str | None) -> None:
    found = [e.tag for e in case(suites, name) if e.tag in ("failure", "error", "skipped")]
    assert found == ([outcome] if outcome else [])


def test_a_failure_tells_step_expected_found_requirement_and_place(suites: etree._Element) -> None:
    (failure,) = find(case(suites, "XCAQ-A-002"), "failure")
    told = failure.text or ""
    assert failure.get("type") == "fail/sut"
    assert "expect: A refusal" in told
    assert "expected: SOAP fault, or status Failure without ExtrinsicObject" in told
    assert "found: status Success, 2 ExtrinsicObject" in told
    assert "SAML-HCP-016 SHALL" in told
    assert "response, line 3, column 5" in told


def test_warnings_go_to_system_out(suites: etree._Element) -> None:
    (out,) = find(case(suites, "XCAQ-A-004"), "system-out")
    assert "found: 34.1 s" in (out.text or "")


def test_counts_agree_with_the_cases(suites: etree._Element, run: Run) -> None:
    assert [suites.get(k) for k in ("tests", "failures", "errors", "skipped")] == [str(len(run.rows)), "2", "4", "2"]


def test_properties_name_the_packs_and_the_bundled_system(suites: etree._Element, run: Run) -> None:
    named = {p.get("name"): p.get("value") for p in find(suites[0], "properties/property")}
    assert named["pack:org.example:rules:1.0.0"] == run.packs[0].digest
    assert named["bundled_system"] == "false"


def test_the_same_run_gives_the_same_bytes(run: Run) -> None:
    assert render_junit(run) == render_junit(replace(run))
