"""Every requirement can be met and can be missed: for each there is an exchange that passes, and one that fails at it.

What passes: good exchanges and records, and the bundled scenarios, which other tests hold to pass. What fails: defects of one
place each, and the declared faults of the bundled system, of which `test_declared_faults` proves each claim.
"""

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import CodeType

import pytest

from harness import checks
from harness.model import Level, Party, Scenario, walk
from harness.packs import Library, bundled_data, load_library, packs_with_builtin
from harness.reference import FAULTS
from harness.runner import CODES_KNOWN
from tests.checks import checks_support as cs
from tests.checks import test_all_deviations as deviations
from tests.checks import test_audit_checks as audit
from tests.checks import test_defects as defects
from tests.checks import test_discovery as discovery
from tests.checks import test_every_finding as every
from tests.checks import test_good_exchanges as good
from tests.checks import test_sts_checks as sts
from tests.checks.checks_support import Made
from tests.checks.submissions import REFUSED_SUBMISSIONS

TESTS = Path(__file__).parent
CHECKS = TESTS.parent / "harness" / "checks"
ELSEWHERE = {
    CODES_KNOWN: ("validators/test_code_findings.py", "test_code_is_judged_by_what_the_packs_hold"),
}
"""Requirement -> the test that shows it missed, where neither a defect nor a declared fault does."""


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """Requirements that something shows met, and those that something shows missed."""

    met: frozenset[str]
    missed: frozenset[str]


@pytest.fixture(scope="module")
def library() -> Library:
    return load_library(bundled_data())


@pytest.fixture(scope="module")
def evidence(library: Library) -> Evidence:
    exchanges = (made.judged(actor) for made in (*good.GOOD.values(), *refused()) for actor in good.ACTORS)
    records = (record.judged() for record in (*audit.GOOD.values(), *(c.wrong for c in audit.CASES)))
    clean = {r.requirement for results in (*exchanges, *records) for r in results if not r.findings}
    packs = {a.requirement for p in packs_with_builtin([]) for a in p.artefacts if a.requirement}
    covered = {c for s in library.scenarios for c in covers(s)}
    broken = {b for fault in FAULTS.values() for b in fault.breaks}
    return Evidence(
        met=frozenset(clean | packs | covered | {CODES_KNOWN}),
        missed=frozenset({*broken, *(c.requirement for c in defects.CASES), *(c.requirement for c in audit.CASES)}),
    )


def refused() -> Iterator[Made]:
    yield from REFUSED_SUBMISSIONS.values()


def covers(scenario: Scenario) -> set[str]:
    return {*scenario.covers, *(c for step in walk(scenario.steps) for c in step.covers)}


def test_every_requirement_is_shown_met_or_has_a_reason(library: Library, evidence: Evidence) -> None:
    left = {r.id for r in library.requirements.values() if not (r.unseen or r.id in evidence.met)}
    assert left == set()


def test_every_obligation_is_shown_missed_or_has_a_reason(library: Library, evidence: Evidence) -> None:
    # what may be left out cannot be missed: its findings inform
    binding = [r for r in library.requirements.values() if r.level is not Level.MAY]
    known = evidence.missed | set(ELSEWHERE)
    assert {r.id for r in binding if not (r.unseen or r.id in known)} == set()


@pytest.mark.parametrize("requirement", ELSEWHERE)
def test_the_tests_named_elsewhere_are_there(requirement: str) -> None:
    path, name = ELSEWHERE[requirement]
    assert f"def {name}(" in (TESTS / path).read_text("utf-8")


def test_a_requirement_that_is_judged_has_no_reason_for_not_being_seen(library: Library, evidence: Evidence) -> None:
    judged = evidence.met | evidence.missed | set(checks.AUTOMATIC) | set(checks.AUDIT_CHECKS)
    assert {r.id for r in library.requirements.values() if r.unseen and r.id in judged} == set()


def test_reasons_stand_in_both_languages(library: Library) -> None:
    reasons = [r.unseen for r in library.requirements.values() if r.unseen]
    assert all(len(reason.en) > 40 and reason.fr and reason.fr != reason.en for reason in reasons)


# --- every finding that a check can give is given once


def places_of_findings() -> set[tuple[str, int]]:
    """File and line of every statement of the checks that yields a finding."""
    found = set()
    for path in CHECKS.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_bytes())):
            if isinstance(node, ast.Expr) and isinstance(node.value, ast.Yield) and _gives_a_finding(node.value):
                found.add((path.name, node.lineno))
    return found


def _gives_a_finding(node: ast.Yield) -> bool:
    call = node.value
    return (
        isinstance(call, ast.Call)
        and isinstance(call.func, ast.Name)
        and call.func.id in ("Finding", "warning", "accepted", "of_error")
    )


def judge_everything() -> None:
    """Every defect, every deviation, every wrong record."""
    for case in defects.CASES:
        case.spoil(case.good).judged(defects.actor_of(case.requirement))
    for shown in deviations.SHOWN:
        shown.findings()
    for one in every.GIVEN:
        one.findings()
    for record in (*(c.wrong for c in audit.CASES), *(r for _, r in every.RECORDS.values())):
        record.judged()
    for frame in every.FRAMES.values():
        frame()
    for issue, _ in sts.ANSWERS.values():
        issue.judged(Party.PEER)
    for issue, _ in sts.REQUESTS.values():
        issue.judged(Party.SUT)
    sts.test_another_message_is_no_token()
    discovery.test_a_lookup_of_nothing_that_a_publisher_has_is_no_lookup_of_the_country()
    sts.test_only_recent_tls_with_a_safe_suite_may_be_negotiated("TLSv1.1", "", True)
    sts.test_only_recent_tls_with_a_safe_suite_may_be_negotiated("TLSv1.2", "AES256-GCM-SHA384", True)
    code = ((cs.PATIENT_ID.root, "P-0001"), (sts.GERMAN, "AB12CD"))
    sts.test_the_access_code_is_that_of_the_search("XX99XX", code, True)
    for what in discovery.PARTICIPANTS:
        discovery.test_a_lookup_names_the_participant_in_its_scheme(what)
    for what in discovery.MASKS:
        discovery.test_the_mask_of_country_a_has_to_be_readable(what)
    for what in discovery.QUERIES:
        discovery.test_a_query_follows_the_mask_that_was_published(what)


def lines_run() -> set[tuple[str, int]]:
    """The lines of the checks that run while everything is judged."""
    seen: set[tuple[str, int]] = set()
    tool, monitoring = 4, sys.monitoring

    def note(code: CodeType, line: int) -> object:
        path = Path(code.co_filename)
        if path.parent == CHECKS:
            seen.add((path.name, line))
        return monitoring.DISABLE

    monitoring.use_tool_id(tool, "evidence")
    try:
        monitoring.register_callback(tool, monitoring.events.LINE, note)
        monitoring.set_events(tool, monitoring.events.LINE)
        judge_everything()
    finally:
        monitoring.set_events(tool, 0)
        monitoring.free_tool_id(tool)
    return seen


def test_every_finding_of_a_check_is_given_by_some_defect() -> None:
    assert sorted(places_of_findings() - lines_run()) == []
