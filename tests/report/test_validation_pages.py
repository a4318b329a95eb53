"""Validation reports as pages that stand alone, and as JUnit."""

import re
from pathlib import Path

import pytest
from lxml import etree

from harness import safexml
from harness.model import PackIdentity, ValidationReport, Verdict
from harness.packs import bundled_data, packs_with_builtin
from harness.report import JunitCase, junit_case, junit_document, render_validation, render_validation_index
from harness.validators import Validator
from tests.report.pages import by_id, find, text, values

GOOD = (bundled_data() / "scenarios" / "populations" / "documents" / "ps-nominal-3.xml").read_bytes()
BAD = GOOD.replace(b"<title>", b"<titel>&lt;script&gt;", 1).replace(b"</title>", b"</titel>", 1)
TORN = GOOD[:700] + b"\x1b[2J"
CONTENTS = {"good": GOOD, "bad": BAD, "torn": TORN, "empty": b"", "other": b"<a/>", "binary": bytes(range(256))}
PACK = PackIdentity(
    coordinate="a:b:1", title="T", origin="O", status="valid", digest="d" * 64, complete=False, artefacts={"x": "e" * 64},
    problems=("x: y.xml is missing",),
)  # fmt: skip


@pytest.fixture(scope="module")
def reports_on() -> dict[str, ValidationReport]:
    with Validator(packs_with_builtin(())) as validator:
        return {name: validator.validate(f"{name}.xml", content) for name, content in CONTENTS.items()}


def pages_of(reports: Path, report: ValidationReport, content: bytes, lang: str = "en") -> dict[str, etree._Element]:
    files = render_validation(report, content, packs=[PACK], templates=reports, lang=lang, version="0", page="d.xml")
    return {suffix: etree.HTML(page) for suffix, page in files}


@pytest.mark.parametrize("name", CONTENTS)
def test_page_stands_alone_without_script_in_both_languages(
    reports: Path, reports_on: dict[str, ValidationReport], name: str
) -> None:
    made = pages_of(reports, reports_on[name], CONTENTS[name])
    assert list(made) == [".html", ".fr.html"]
    for suffix, page in made.items():
        assert not find(page, "//script | //link[@rel='stylesheet'] | //img | //iframe | //object")
        assert len(text(find(page, "//style")[0])) > 1000
        links = values(page, "//@href")
        assert {h for h in links if not h.startswith("#")} == {"d.xml.fr.html" if suffix == ".html" else "d.xml.html"}
        ids = values(page, "//@id")
        assert len(ids) == len(set(ids))
        assert {h[1:] for h in links if h.startswith("#")} <= set(ids)
        assert len(find(page, "//h1")) == 1
        assert find(page, "//main")
        (language,) = values(page, "/html/@lang")
        assert language == ("en" if suffix == ".html" else "fr")


def test_finding_stands_at_its_line_and_leads_to_its_rule(
    reports: Path, reports_on: dict[str, ValidationReport]
) -> None:
    report = reports_on["bad"]
    page = pages_of(reports, report, BAD)[".html"]
    finding = report.findings[0]
    note = by_id(page, "n1")
    line = note.getprevious()
    assert line is not None
    assert line.get("data-n", "").split(":")[0] == str(finding.at.line)
    (link,) = values(note, ".//a/@href")
    card = by_id(page, link[1:])
    assert finding.rule in text(card)
    assert f"line {finding.at.line}" in text(card)
    assert (finding.at.xpath or "-") in text(card)
    assert report.verdict.value in text(find(page, "//h1/following-sibling::p")[0])


def test_text_of_a_document_is_never_markup(reports: Path, reports_on: dict[str, ValidationReport]) -> None:
    for name in ("bad", "torn", "binary"):
        files = render_validation(reports_on[name], CONTENTS[name], packs=[], templates=reports, lang="fr", version="0")
        for _, page in files:
            assert b"<script" not in page
            assert not re.search(rb"[\x00-\x08\x0b-\x1f]", page)


def test_pack_is_named_with_digests_and_what_it_lacks(reports: Path, reports_on: dict[str, ValidationReport]) -> None:
    told = text(pages_of(reports, reports_on["good"], GOOD)[".html"])
    for part in (PACK.coordinate, PACK.digest, "e" * 64, "x: y.xml is missing", "incomplete"):
        assert part in told


def test_layers_of_a_valid_document_are_listed(reports: Path, reports_on: dict[str, ValidationReport]) -> None:
    french = text(pages_of(reports, reports_on["good"], GOOD, lang="fr")[".fr.html"])
    for use in reports_on["good"].uses:
        assert use.artefact in french
    assert "conforme" in french
    assert "Rapport de validation" in french


def test_index_lists_every_document_with_a_link_to_its_page(reports: Path) -> None:
    rows = [(Verdict.FAIL, "a b.xml", "k", 2, 1, "x/a b.xml"), (Verdict.PASS, "c.xml", "k", 0, 0, "c.xml")]
    (en, fr) = render_validation_index(rows, [PACK], templates=reports, lang="en", version="0", complete=False)
    assert (en[0], fr[0]) == ("index.html", "index.fr.html")
    page = etree.HTML(en[1])
    assert values(page, "//tbody//a/@href") == ["x/a%20b.xml.html", "c.xml.html"]
    assert values(etree.HTML(fr[1]), "//tbody//a/@href") == ["x/a%20b.xml.fr.html", "c.xml.fr.html"]
    assert "1 pass" in text(page)
    assert "1 fail" in text(page)
    assert "Interrupted" in text(page)
    whole = render_validation_index(rows, [PACK], templates=reports, lang="en", version="0", complete=True)[0][1]
    assert b"Interrupted" not in whole


@pytest.mark.parametrize(
    ("name", "outcome"),
    [("good", []), ("bad", ["failure"]), ("torn", ["failure"]), ("other", ["error"])],
    ids=["valid", "invalid", "not well-formed", "undecided"],
)
def test_junit_case_has_the_outcome_of_its_document(
    reports_on: dict[str, ValidationReport], name: str, outcome: list[str]
) -> None:
    report = reports_on[name]
    case = safexml.parse(junit_case(report, 0.25))
    assert [e.tag for e in case if e.tag in ("failure", "error", "skipped")] == outcome
    assert (case.get("name"), case.get("classname"), case.get("time")) == (f"{name}.xml", report.kind, "0.250")
    if outcome and report.findings:
        told = case.findtext(outcome[0]) or ""
        assert f"{name}.xml:{report.findings[0].at.line}:" in told


def test_junit_document_counts_its_cases_and_names_the_packs(reports_on: dict[str, ValidationReport]) -> None:
    cases = [JunitCase(verdict=r.verdict, duration_s=0.5, element=junit_case(r, 0.5)) for r in reports_on.values()]
    suites = safexml.parse(junit_document(cases, [PACK], "0"))
    (suite,) = suites
    verdicts = [r.verdict for r in reports_on.values()]
    assert suite.get("tests") == str(len(cases)) == str(len(suite.findall("testcase")))
    assert suite.get("failures") == str(verdicts.count(Verdict.FAIL))
    assert suite.get("errors") == str(verdicts.count(Verdict.INCONCLUSIVE))
    assert {p.get("name"): p.get("value") for p in find(suite, "properties/property")}["pack:a:b:1"] == PACK.digest
