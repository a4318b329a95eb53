"""Audit records have pages of their own, and what is wrong with one accuses no exchange."""

from dataclasses import replace
from pathlib import Path

import pytest

from harness.model import AuditRecord, Cause, Finding, Layer, Location, Run, Severity, Verdict
from harness.report import render_html
from harness.wire import syslog
from tests.report.pages import by_id, find, text, tree, values
from tests.report.sample_run import START, make_run

MESSAGE = b"""<AuditMessage>
  <EventIdentification EventActionCode="E" EventDateTime="2026-11-21T09:14:02Z" EventOutcomeIndicator="8">
    <EventID csd-code="110112" codeSystemName="DCM" originalText="Query"/>
    <EventTypeCode csd-code="ITI-38" codeSystemName="IHE Transactions" displayName="patient:list"/>
  </EventIdentification>
  <ActiveParticipant UserID="ncp-a" UserIsRequestor="false"/>
</AuditMessage>"""


def record(raw: bytes | None = None) -> AuditRecord:
    content = syslog.build_message(MESSAGE, at=START, host="ncp-a", app_name="audit", proc_id="1")
    return AuditRecord(id="a0001", transport="tls", received_at=START, raw=raw or syslog.frame(content))


def with_record(run: Run, at: Location, kept: AuditRecord) -> Run:
    """The first row that exchanged something, failing for one finding at `at` alone."""
    row = next(r for r in run.rows if r.exchanges and r.verdict is Verdict.PASS)
    finding = Finding(
        at=at,
        expected="outcome 0",
        found="outcome 8",
        rule="audit/outcome",
        severity=Severity.ERROR,
        layer=Layer.SCENARIO,
    )
    step = replace(
        row.steps[0],
        verdict=Verdict.FAIL,
        cause=Cause.SUT,
        exchanges=(row.exchanges[0].id,),
        audits=(kept.id,),
        findings=(finding,),
    )
    changed = replace(row, verdict=Verdict.FAIL, cause=Cause.SUT, steps=(step,), requirements=(), audits=(kept,))
    return replace(run, rows=(changed,))


@pytest.fixture(scope="module")
def folder(reports: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("records")
    at = Location(message="audit:a0001", xpath="/AuditMessage/EventIdentification", line=2)
    render_html(with_record(make_run(), at, record()), made, templates=reports, lang="en")
    return made


def test_a_finding_stands_at_its_line_of_the_record(folder: Path) -> None:
    page = tree(folder / "records" / "a0001.html")
    assert "F1" in values(page, "//@id")
    said = text(by_id(page, "main"))
    assert "serious failure" in said
    assert "patient:list" in said
    assert "tls" in said


def test_the_card_of_the_finding_leads_to_the_record_and_quotes_it(folder: Path) -> None:
    (scenario,) = (p for p in (folder / "scenarios").glob("*.html") if not p.name.endswith(".fr.html"))
    card = by_id(tree(scenario), "F1")
    assert "../records/a0001.html#F1" in values(card, ".//a/@href")
    assert "EventOutcomeIndicator" in text(card)


def test_the_exchange_that_a_record_was_held_against_is_not_accused(folder: Path) -> None:
    (scenario,) = (p for p in (folder / "scenarios").glob("*.html") if not p.name.endswith(".fr.html"))
    assert not find(tree(scenario), "//*[local-name()='svg']//*[contains(@class, 'fail')]")
    for page in (folder / "exchanges").glob("*.html"):
        assert not find(tree(page), "//section[contains(@class, 'hero') and contains(@class, 'fail')]")


def test_a_record_that_did_not_come_accuses_no_exchange_either(reports: Path, tmp_path: Path) -> None:
    render_html(with_record(make_run(), Location(message="audit"), record()), tmp_path, templates=reports, lang="fr")
    (scenario,) = (tmp_path / "scenarios").glob("*.fr.html")
    page = tree(scenario)
    assert not find(page, "//*[local-name()='svg']//*[contains(@class, 'fail')]")
    assert "Piste d’audit" in text(by_id(page, "F1"))


@pytest.mark.parametrize("raw", [b"17 <13>no audit here", b"\xff\x00garbage", b"9999 <13>cut"], ids=repr)
def test_a_record_that_cannot_be_read_still_has_a_page(reports: Path, tmp_path: Path, raw: bytes) -> None:
    run = with_record(make_run(), Location(message="audit:a0001", offset=0), record(raw))
    render_html(run, tmp_path, templates=reports, lang="en")
    assert "no readable audit message" in text(tree(tmp_path / "records" / "a0001.html"))
