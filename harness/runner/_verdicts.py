"""From findings to verdicts: severities from requirement levels, roll-up by step, row and run."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from harness.model import (
    Cause,
    Finding,
    Level,
    Requirement,
    RequirementResult,
    RowResult,
    Severity,
    StepResult,
    Verdict,
    roll_up,
    say,
)

_OF_LEVEL = {Level.SHALL: Severity.ERROR, Level.SHOULD: Severity.WARNING, Level.MAY: Severity.INFORMATION}
_OF_SEVERITY = {
    Severity.ERROR: Verdict.FAIL,
    Severity.WARNING: Verdict.WARNING,
    Severity.INFORMATION: Verdict.PASS,
    Severity.UNDECIDABLE: Verdict.INCONCLUSIVE,
}


def graded(finding: Finding, catalogue: Mapping[str, Requirement], requirement: str | None = None) -> Finding:
    """`finding` with requirement, severity, rule and source filled from the catalogue where it left them open."""
    name = finding.requirement or requirement
    known = catalogue.get(name) if name else None
    severity = finding.severity or (_OF_LEVEL[known.level] if known else Severity.ERROR)
    source = finding.source or (", ".join(known.sources) if known else "")
    return replace(finding, requirement=name, severity=severity, source=source, rule=finding.rule or (name or ""))


def verdict_of(findings: Iterable[Finding]) -> Verdict:
    """What `findings` (graded) of something that was judged come to; pass when there are none."""
    return roll_up([Verdict.PASS, *(_OF_SEVERITY[f.severity or Severity.ERROR] for f in findings)])


def merge_requirements(results: Iterable[RequirementResult]) -> tuple[RequirementResult, ...]:
    """One result per requirement id, sorted; findings joined, verdicts rolled up."""
    merged: dict[str, RequirementResult] = {}
    for result in results:
        known = merged.get(result.id)
        if known is None:
            merged[result.id] = result
            continue
        verdict = roll_up([known.verdict, result.verdict])
        merged[result.id] = RequirementResult(
            id=result.id,
            verdict=verdict,
            findings=(*known.findings, *result.findings),
            reason=known.reason if verdict is known.verdict else result.reason,
        )
    return tuple(merged[key] for key in sorted(merged))


def row_requirements(steps: Iterable[StepResult], covers: Iterable[str]) -> tuple[RequirementResult, ...]:
    """Every requirement judged in a row; one that is covered but was judged by nothing is `inconclusive`."""
    steps = tuple(steps)
    merged = {r.id: r for r in merge_requirements(r for step in steps for r in step.requirements)}
    claimed = [c for step in steps if step.verdict is not Verdict.NOT_APPLICABLE for c in step.covers]
    for name in (*covers, *claimed):
        if name not in merged:
            blocked = any(step.verdict is Verdict.NOT_RUN for step in steps)
            merged[name] = RequirementResult(
                id=name,
                verdict=Verdict.NOT_RUN if blocked else Verdict.INCONCLUSIVE,
                reason=say("not-reached" if blocked else "nothing-judged"),
            )
    return tuple(merged[key] for key in sorted(merged))


def row_verdict(
    steps: Iterable[StepResult], requirements: Iterable[RequirementResult]
) -> tuple[Verdict, Cause | None, str]:
    """Verdict, cause and reason of a row: the most decisive step, then requirements that no step decided."""
    steps = tuple(steps)
    requirements = tuple(requirements)
    verdict = roll_up([*(s.verdict for s in steps), *(r.verdict for r in requirements)])
    for step in steps:
        if step.verdict is verdict:
            return verdict, step.cause, step.reason
    deciding = next((r for r in requirements if r.verdict is verdict), None)
    if deciding is None or verdict is Verdict.PASS:
        return verdict, None, ""
    cause = Cause.SUT if verdict in (Verdict.FAIL, Verdict.WARNING) else None
    return verdict, cause, f"{deciding.id}: {deciding.reason}" if deciding.reason else deciding.id


def run_requirements(rows: Iterable[RowResult]) -> tuple[RequirementResult, ...]:
    """Every requirement over the whole run; one that only rows without any judgement cover is `not_run`."""
    rows = tuple(rows)
    judged = merge_requirements(r for row in rows for r in row.requirements)
    known = {r.id for r in judged}
    missing = {
        name: row.reason
        for row in rows
        if row.verdict is not Verdict.NOT_APPLICABLE
        for name in row.covers
        if name not in known
    }
    rest = (RequirementResult(id=name, verdict=Verdict.NOT_RUN, reason=why) for name, why in missing.items())
    return merge_requirements((*judged, *rest))
