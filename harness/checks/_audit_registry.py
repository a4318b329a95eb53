"""The table of audit checks: which function judges which requirement on an audit record of the system under test."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from harness.checks._audit_view import AuditView
from harness.checks._registry import CheckResult, Context
from harness.model import HINTS, Finding

type AuditFunction = Callable[[AuditView, Context], Iterator[Finding]]
type AuditApplies = Callable[[AuditView, Context], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditCheckInfo:
    """One audit check: its requirement, the roles of the SUT it is for (empty = both), when there is something to judge."""

    requirement: str
    actor: str
    when: AuditApplies
    function: AuditFunction


AUDIT_CHECKS: dict[str, AuditCheckInfo] = {}
"""Requirement id -> the check that judges it on every audit record, without being asked."""


def audit_check(requirement: str, *, when: AuditApplies, actor: str = "") -> Callable[[AuditFunction], AuditFunction]:
    """Register a function that judges `requirement` on an audit record; `when` as for checks of exchanges."""

    def register(function: AuditFunction) -> AuditFunction:
        if requirement in AUDIT_CHECKS:
            raise RuntimeError(f"{requirement} has two audit checks")
        AUDIT_CHECKS[requirement] = AuditCheckInfo(requirement=requirement, actor=actor, when=when, function=function)
        return function

    return register


def judge_audit(view: AuditView, context: Context) -> tuple[CheckResult, ...]:
    """The result of every check that applies to this record, sorted by requirement."""
    results: list[CheckResult] = []
    for requirement, info in sorted(AUDIT_CHECKS.items()):
        if info.actor in ("", context.actor) and info.when(view, context):
            findings = tuple(_advised(f, requirement) for f in info.function(view, context))
            results.append(CheckResult(requirement=requirement, findings=findings))
    return tuple(results)


def _advised(finding: Finding, requirement: str) -> Finding:
    return finding if finding.next else replace(finding, next=HINTS[requirement].en)
