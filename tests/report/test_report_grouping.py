"""Findings that say the same are told once with all their places, and raw bytes are linked when they lie beside."""

import hashlib
from dataclasses import replace
from pathlib import Path

import pytest

from harness.model import Cause, Finding, Layer, Location, Party, RowResult, Run, Severity, Verdict, say
from harness.report import render_html
from tests.report.pages import by_id, find, text, tree, values
from tests.report.sample_run import CDA

RULE = Finding(
    message="element hl7:code is required [min 1x]. " + "Long explanation of the rule. " * 12,
    rule="rules/template-1/abc",
    requirement="CDA-011",
    severity=Severity.ERROR,
    layer=Layer.SCHEMATRON,
    test="count(hl7:code) >= 1",
    see="https://rules.example/template-1",
)


def at(line: int) -> Finding:
    return replace(RULE, at=Location(message="response/document:0", line=line, column=3))


@pytest.fixture(scope="module")
def repeated(run: Run) -> Run:
    """Three places of one rule, found by two steps; beside it a rule of its own."""
    base = run.rows[2]
    again = (at(5), at(7), at(9))
    other = replace(at(10), rule="rules/template-2/def", message="another rule")
    first = replace(base.steps[0], validations=(), findings=(*again, other))
    row: RowResult = replace(base, steps=(first, replace(first, path="steps.1", findings=again)), requirements=())
    return replace(run, rows=(row,))


@pytest.fixture(scope="module")
def folder(repeated: Run, reports: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("grouped")
    render_html(repeated, made, templates=reports, lang="en")
    return made


def scenario(folder: Path) -> Path:
    return folder / "scenarios" / "XCAR-A-001-fr.html"


def test_equal_findings_share_a_card_that_lists_every_place(folder: Path) -> None:
    page = tree(scenario(folder))
    assert len(find(page, "//article[contains(@class, 'finding')]")) == 2
    card = by_id(page, "F1")
    assert "3 places" in text(card)
    assert [text(e) for e in find(card, ".//ul[@class='others']/li")] == ["Line 7, column 3", "Line 9, column 3"]
    assert values(card, ".//ul[@class='others']/li/@id") == ["F2", "F3"]


def test_what_an_earlier_step_found_too_is_named_and_not_told_again(folder: Path) -> None:
    page = tree(scenario(folder))
    links = [by_id(page, a) for a in ("F5", "F6", "F7")]
    assert [e.get("href") for e in links] == ["#F1", "#F2", "#F3"]


def test_a_rule_speaks_with_its_own_sentence_and_shows_itself_on_demand(folder: Path) -> None:
    card = by_id(tree(scenario(folder)), "F1")
    title = text(find(card, ".//h3")[0])
    assert title.startswith("element hl7:code is required")
    assert title.endswith("…")
    assert RULE.message.strip() in text(card)
    rule = text(find(card, ".//details")[0])
    assert "count(hl7:code) >= 1" in rule
    assert "https://rules.example/template-1" in rule
    assert "not stated" not in text(card)


def test_the_document_page_lists_what_was_found_once_with_its_lines(folder: Path) -> None:
    page = tree(folder / "documents" / "x0002-1.html")
    items = find(page, "//ul[@class='said']/li")
    assert [[text(a) for a in find(i, ".//a")] for i in items] == [["line 5", "line 7", "line 9"], ["line 10"]]
    notes = find(page, "//div[contains(@class, 'ann')]")
    assert len(notes) == 4
    assert values(notes[0], "./span/@id") == ["F5"]


def test_rows_that_ended_for_one_reason_are_one_thing_to_do(run: Run, reports: Path, tmp_path: Path) -> None:
    reason = say("unreachable", endpoint="xca", host="127.0.0.1", port="1", what=say("refused"))
    rows = tuple(
        replace(run.rows[4], id=f"X-{n}", verdict=Verdict.ERROR, cause=Cause.ENVIRONMENT, reason=reason)
        for n in range(5)
    )
    index = render_html(replace(run, rows=rows), tmp_path, templates=reports, lang="fr")
    todo = find(tree(index), "//ul[@class='todo']/li")
    assert len(todo) == 1
    assert "et 4 autres lignes pour la même raison" in text(todo[0])
    assert "connexion refusée" in text(todo[0])


def blobs_of(run: Run, folder: Path) -> Path:
    folder.mkdir()
    for data in (run.rows[1].exchanges[0].request.raw, CDA.encode()):
        (folder / hashlib.sha256(data).hexdigest()).write_bytes(data)
    return folder


def test_raw_bytes_are_linked_where_their_file_lies_beside_the_report(run: Run, reports: Path, tmp_path: Path) -> None:
    blobs = blobs_of(run, tmp_path / "blobs")
    render_html(run, tmp_path / "report", templates=reports, lang="en", blobs=blobs)
    linked: set[str] = set()
    for page in (tmp_path / "report").rglob("*.html"):
        for href in values(tree(page), "//a[@download]/@href"):
            target = (page.parent / href).resolve()
            assert target.parent == blobs.resolve()
            assert target.is_file()
            linked.add(target.name)
    assert linked == {p.name for p in blobs.iterdir()}
    exchange = tree(tmp_path / "report" / "exchanges" / "x0001.html")
    assert text(find(exchange, "//p[@class='files']")[0]).startswith("Exact bytes: Whole message, head and body (")


def test_raw_bytes_elsewhere_are_not_linked(run: Run, reports: Path, tmp_path: Path) -> None:
    (tmp_path / "far").mkdir()
    blobs = blobs_of(run, tmp_path / "far" / "blobs")
    render_html(run, tmp_path / "report", templates=reports, lang="en", blobs=blobs)
    assert not any(values(tree(p), "//a[@download]") for p in (tmp_path / "report").rglob("*.html"))


def test_a_row_lists_what_is_not_satisfied_first(rendered: Path, run: Run, reports: Path, tmp_path: Path) -> None:
    requirements = (*run.rows[1].requirements, replace(run.rows[1].requirements[0], id="AAA-1", verdict=Verdict.PASS))
    row = replace(run.rows[1], requirements=requirements[::-1])
    render_html(replace(run, rows=(row,)), tmp_path, templates=reports, lang="en")
    page = tree(tmp_path / "scenarios" / "XCAQ-A-002.html")
    assert [text(e) for e in find(page, "//section[@aria-labelledby='reqs']//th/a")] == ["SAML-HCP-016", "AAA-1"]


def test_expected_and_found_are_french_on_french_pages(run: Run, reports: Path, tmp_path: Path) -> None:
    finding = replace(
        RULE,
        layer=Layer.REQUIREMENT,
        expected="XFRM from the PDF entry to the XML entry",
        found="HTTP 200, success, 2 entries",
        next="",
    )
    row = replace(run.rows[1], steps=(replace(run.rows[1].steps[0], findings=(finding,)),), requirements=())
    assert row.exchanges[0].initiator is Party.PEER
    render_html(replace(run, rows=(row,)), tmp_path, templates=reports, lang="fr")
    card = by_id(tree(tmp_path / "scenarios" / "XCAQ-A-002.fr.html"), "F1")
    facts = {e.get("data-fact"): text(e) for e in find(card, ".//*[@data-fact]")}
    assert facts["expected"] == "XFRM de l'entrée PDF vers l'entrée XML"
    assert facts["found"] == "HTTP 200, success, 2 entrées"
