"""What Allure is told of a row: labels, a step for each step of the scenario, the messages as attachments."""

from collections.abc import Mapping

import allure

from harness.model import Exchange, RowResult, StepResult, Verdict
from harness.pytest_plugin._lines import finding_lines

ERRORS = frozenset({Verdict.ERROR, Verdict.INCONCLUSIVE, Verdict.REVIEW, Verdict.NOT_RUN})
"""Verdicts that prove nothing about the system: errors for pytest and Allure."""


class _StepNotPassed(Exception):
    """Marks a step of an Allure report."""


def tell_allure(result: RowResult, lang: str) -> None:
    """Labels, links, steps and attachments of the row; without --alluredir these calls do nothing."""
    allure.dynamic.title(f"{result.id} {result.title.in_(lang)}")
    allure.dynamic.epic(result.profile)
    allure.dynamic.feature(result.sut_actor)
    allure.dynamic.story(result.scenario)
    for name, value in (("profile", result.profile), ("actor", result.sut_actor), ("scenario", result.scenario)):
        allure.dynamic.label(name, value)
    for tag in result.tags:
        allure.dynamic.tag(tag)
    for requirement in result.covers:
        allure.dynamic.label("requirement", requirement)
    if result.row is not None:
        allure.dynamic.parameter("row", result.row)
    allure.dynamic.severity({1: "critical", 2: "normal", 3: "minor"}.get(result.priority, "normal"))
    exchanges = {x.id: x for x in result.exchanges}
    for step in result.steps:
        _allure_step(step, exchanges, result, lang)


def _allure_step(step: StepResult, exchanges: Mapping[str, Exchange], result: RowResult, lang: str) -> None:
    try:
        with allure.step(f"{step.path} {step.title.in_(lang)}: {step.verdict.value}"):
            if step.verb in ("send", "receive"):
                for name in step.exchanges:
                    _attach(exchanges[name])
            if step.findings:
                text = "\n".join(line for f in step.findings for line in finding_lines(f, lang))
                allure.attach(text, "findings", allure.attachment_type.TEXT)
            if step.verdict is Verdict.FAIL:
                raise AssertionError(step.reason or step.found)
            if step.verdict in ERRORS:
                raise _StepNotPassed(step.reason or step.verdict.value)
    except (AssertionError, _StepNotPassed):
        return


def _attach(exchange: Exchange) -> None:
    allure.attach(exchange.request.raw, f"{exchange.id} request", allure.attachment_type.TEXT)
    if exchange.response is not None:
        allure.attach(exchange.response.raw, f"{exchange.id} response", allure.attachment_type.TEXT)
