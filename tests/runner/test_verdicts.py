"""From findings to severities, from severities to verdicts of steps, requirements, rows and runs."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.model import (
    Cause,
    Environment,
    Finding,
    Localized,
    RequirementResult,
    RowResult,
    Run,
    Severity,
    State,
    StepResult,
    SystemIdentity,
    Verdict,
    roll_up,
)
from harness.runner import exit_status
from harness.runner._steps import empty_result
from harness.runner._verdicts import (
    graded,
    merge_requirements,
    row_requirements,
    row_verdict,
    run_requirements,
    verdict_of,
)
from tests.runner.runner_bench import CATALOGUE, NOW, row


def step(verdict: Verdict, *covers: str, cause: Cause | None = None, reason: str = "") -> StepResult:
    return StepResult(
        path="0",
        verb="check",
        title=Localized(en="x"),
        state=State.DONE,
        verdict=verdict,
        cause=cause,
        reason=reason,
        covers=covers,
    )


def judged(id: str, verdict: Verdict, reason: str = "") -> RequirementResult:
    return RequirementResult(id=id, verdict=verdict, reason=reason)


# --- findings


@pytest.mark.parametrize(
    ("requirement", "severity"),
    [
        ("T-1", Severity.ERROR),
        ("T-2", Severity.WARNING),
        ("T-3", Severity.INFORMATION),
        ("unknown", Severity.ERROR),
        (None, Severity.ERROR),
    ],
    ids=["SHALL", "SHOULD", "MAY", "not in the catalogue", "none"],
)
def test_severity_comes_from_the_level_of_the_requirement(requirement: str | None, severity: Severity) -> None:
    finding = graded(Finding(), CATALOGUE, requirement)
    assert finding.severity is severity
    assert finding.requirement == requirement
    assert finding.rule == (requirement or "")


def test_severity_that_a_check_lowered_stays() -> None:
    assert graded(Finding(severity=Severity.INFORMATION), CATALOGUE, "T-1").severity is Severity.INFORMATION


def test_source_comes_from_the_catalogue_unless_the_finding_has_its_own() -> None:
    assert graded(Finding(), CATALOGUE, "T-1").source == "a document, T-1"
    assert graded(Finding(source="another"), CATALOGUE, "T-1").source == "another"


def test_requirement_of_the_finding_goes_before_the_one_of_its_place() -> None:
    assert graded(Finding(requirement="T-2"), CATALOGUE, "T-1").severity is Severity.WARNING


@pytest.mark.parametrize(
    ("severities", "verdict"),
    [
        ((), Verdict.PASS),
        ((Severity.INFORMATION,), Verdict.PASS),
        ((Severity.INFORMATION, Severity.WARNING), Verdict.WARNING),
        ((Severity.WARNING, Severity.UNDECIDABLE), Verdict.INCONCLUSIVE),
        ((Severity.UNDECIDABLE, Severity.ERROR), Verdict.FAIL),
        ((None,), Verdict.FAIL),
    ],
    ids=["none", "information", "warning", "undecidable", "error", "not graded"],
)
def test_most_severe_finding_makes_the_verdict(severities: tuple[Severity | None, ...], verdict: Verdict) -> None:
    assert verdict_of(Finding(severity=s) for s in severities) is verdict


# --- requirements


RESULTS = st.lists(
    st.builds(RequirementResult, id=st.sampled_from(["T-1", "T-2", "T-3"]), verdict=st.sampled_from(Verdict)),
    max_size=8,
)


@given(RESULTS)
def test_merging_gives_one_result_a_requirement_sorted_and_rolled_up(results: list[RequirementResult]) -> None:
    merged = merge_requirements(results)
    assert [r.id for r in merged] == sorted({r.id for r in results})
    for result in merged:
        assert result.verdict is roll_up(r.verdict for r in results if r.id == result.id)


@given(RESULTS, RESULTS)
def test_merging_parts_first_gives_the_same(left: list[RequirementResult], right: list[RequirementResult]) -> None:
    parts = merge_requirements([*merge_requirements(left), *merge_requirements(right)])
    assert parts == merge_requirements([*left, *right])


def test_merging_joins_findings_and_keeps_the_deciding_reason() -> None:
    one = RequirementResult(id="T-1", verdict=Verdict.PASS, findings=(Finding(found="a"),), reason="fine")
    two = RequirementResult(id="T-1", verdict=Verdict.FAIL, findings=(Finding(found="b"),), reason="broken")
    for order in ((one, two), (two, one)):
        (merged,) = merge_requirements(order)
        assert merged.reason == "broken"
        assert {f.found for f in merged.findings} == {"a", "b"}


def test_covered_requirement_that_nothing_judged_is_inconclusive() -> None:
    (result,) = row_requirements([step(Verdict.PASS)], ["T-1"])
    assert result.verdict is Verdict.INCONCLUSIVE
    assert result.reason


def test_covered_requirement_behind_a_step_that_was_not_reached_is_not_run() -> None:
    (result,) = row_requirements([step(Verdict.FAIL), step(Verdict.NOT_RUN)], ["T-1"])
    assert result.verdict is Verdict.NOT_RUN


def test_requirement_that_only_a_step_claims_is_not_lost_when_the_step_was_not_reached() -> None:
    (result,) = row_requirements([step(Verdict.NOT_RUN, "T-2")], [])
    assert (result.id, result.verdict) == ("T-2", Verdict.NOT_RUN)


def test_requirement_of_a_step_after_a_stop_is_left_out() -> None:
    assert row_requirements([step(Verdict.NOT_APPLICABLE, "T-2")], []) == ()


# --- rows and runs


def test_row_takes_cause_and_reason_of_its_deciding_step() -> None:
    steps = [step(Verdict.PASS), step(Verdict.FAIL, cause=Cause.SUT, reason="why"), step(Verdict.ERROR)]
    assert row_verdict(steps, []) == (Verdict.FAIL, Cause.SUT, "why")


def test_requirement_that_no_step_decided_decides_the_row() -> None:
    verdict, cause, reason = row_verdict([step(Verdict.PASS)], [judged("T-1", Verdict.INCONCLUSIVE, "nothing")])
    assert (verdict, cause, reason) == (Verdict.INCONCLUSIVE, None, "T-1: nothing")


def test_row_of_nothing_is_not_run() -> None:
    assert row_verdict([], []) == (Verdict.NOT_RUN, None, "")


def result(verdict: Verdict, *requirements: RequirementResult, covers: tuple[str, ...] = ()) -> RowResult:
    base = empty_result(row(covers=covers), None)
    return RowResult(
        **{name: getattr(base, name) for name in base.__slots__} | {"verdict": verdict, "requirements": requirements}
    )


def test_requirement_of_rows_that_were_never_judged_is_not_run_over_the_whole_run() -> None:
    rows = [result(Verdict.ERROR, covers=("T-1", "T-2")), result(Verdict.PASS, judged("T-2", Verdict.PASS))]
    assert [(r.id, r.verdict) for r in run_requirements(rows)] == [("T-1", Verdict.NOT_RUN), ("T-2", Verdict.PASS)]


def test_requirement_of_rows_that_do_not_apply_is_left_out() -> None:
    assert run_requirements([result(Verdict.NOT_APPLICABLE, covers=("T-1",))]) == ()


# --- exit status


def run(verdict: Verdict, state: State = State.DONE) -> Run:
    return Run(
        id="r",
        kind="trial",
        started_at=NOW,
        ended_at=NOW,
        state=state,
        verdict=verdict,
        system=SystemIdentity(name="x", version="1"),
        sut_actors=(),
        rows=(),
        requirements=(),
        catalogue={},
        packs=(),
        environment=Environment(harness="0", python="3", platform="x", libraries={}),
    )


STATUS = {
    Verdict.PASS: 0,
    Verdict.WARNING: 0,
    Verdict.NOT_APPLICABLE: 0,
    Verdict.FAIL: 1,
    Verdict.ERROR: 3,
    Verdict.INCONCLUSIVE: 3,
    Verdict.REVIEW: 3,
    Verdict.NOT_RUN: 3,
    Verdict.SKIPPED: 3,
}


@pytest.mark.parametrize("verdict", Verdict)
def test_exit_status_of_a_finished_run(verdict: Verdict) -> None:
    assert exit_status(run(verdict)) == STATUS[verdict]


@pytest.mark.parametrize("verdict", Verdict)
def test_exit_status_of_an_interrupted_run_says_that_it_can_be_resumed(verdict: Verdict) -> None:
    assert exit_status(run(verdict, State.ABORTED)) == 130
