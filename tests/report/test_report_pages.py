"""The pages as a reader gets them: complete, linked, in two languages, quiet about the network."""

from dataclasses import replace
from pathlib import Path

import pytest

from harness.model import Location, Run
from harness.report import render_html
from tests.report.pages import beside, by_id, classes, find, pages, raw_text, text, tree, values
from tests.report.sample_run import SHALL_FINDING, make_run


def test_every_page_has_a_sibling_in_the_other_language(rendered: Path) -> None:
    for page in pages(rendered):
        language = "fr" if page.name.endswith(".fr.html") else "en"
        root = tree(page)
        assert root.get("lang") == language
        sibling = page.parent / values(root, "//a[@class='lang']/@href")[0]
        assert sibling.is_file()
        assert tree(sibling).get("lang") != language


@pytest.mark.parametrize(("lang", "name"), [("en", "index.html"), ("fr", "index.fr.html")])
def test_pages_are_named_by_their_language_and_the_run_leads_to_its_own(
    run: Run, reports: Path, tmp_path: Path, lang: str, name: str
) -> None:
    index = render_html(run, tmp_path, templates=reports, lang=lang)
    assert index == tmp_path / name
    assert tree(index).get("lang") == lang
    assert {p.name for p in tmp_path.glob("index*")} == {"index.html", "index.fr.html"}


def test_an_unknown_language_is_a_programming_error(run: Run, reports: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="language"):
        render_html(run, tmp_path, templates=reports, lang="de")


def test_every_internal_link_leads_to_a_page_and_an_anchor_that_exist(rendered: Path) -> None:
    ids = {page.resolve(): set(values(tree(page), "//@id")) for page in pages(rendered)}
    for page in pages(rendered):
        for href in values(tree(page), "//a/@href"):
            file, _, anchor = href.partition("#")
            target = (page.parent / file).resolve() if file else page.resolve()
            assert target in ids, f"{page.name}: {href}"
            assert not anchor or anchor in ids[target], f"{page.name}: {href}"


def test_no_anchor_occurs_twice_on_a_page(rendered: Path) -> None:
    for page in pages(rendered):
        ids = values(tree(page), "//*[not(ancestor-or-self::*[local-name()='symbol'])]/@id")
        assert len(ids) == len(set(ids)), page.name


def test_nothing_is_fetched_from_anywhere(rendered: Path) -> None:
    for page in pages(rendered):
        for address in values(tree(page), "//@src | //link/@href | //a/@href | //*[local-name()='use']/@href"):
            assert "//" not in address, f"{page.name}: {address}"
            assert not address.startswith("/"), f"{page.name}: {address}"
    assert "url(" not in (rendered / "assets" / "report.css").read_text(encoding="utf-8")


def test_every_finding_shows_its_six_facts(rendered: Path) -> None:
    cards = [card for page in pages(rendered) for card in find(tree(page), "//article[contains(@class, 'finding')]")]
    assert len(cards) == 2 * 5
    for card in cards:
        facts = {e.get("data-fact"): text(e) for e in find(card, ".//*[@data-fact]")}
        assert set(facts) == {"expected", "found", "where", "requirement", "source", "next"}
        assert all(facts.values())


def test_a_finding_leads_to_its_line_in_the_message(rendered: Path) -> None:
    card = by_id(tree(rendered / "scenarios" / "XCAQ-A-002.html"), "F1")
    assert "line 3, column 5" in text(card)
    assert "SHALL" in text(card)
    assert "AdhocQueryResponse" in text(find(card, ".//*[contains(@class, 'hit')]")[0])
    href = values(card, ".//*[@data-fact='where']/a/@href")[0]
    assert href == "../exchanges/x0001.html#F1"
    message = tree(rendered / "exchanges" / "x0001.html")
    line = by_id(message, "R3")
    assert "fail" in classes(line)
    assert beside(line, 1).get("id") == "F1"


def test_a_finding_in_a_single_long_line_leads_to_the_piece_that_holds_its_column(rendered: Path) -> None:
    note = by_id(tree(rendered / "exchanges" / "x0001.html"), "F2")
    piece = beside(note, -1)
    assert piece.get("data-n") == "1:395"
    assert "NotOnOrAfter" in text(piece)


def test_long_lines_are_broken_for_the_eye_only(rendered: Path, run: Run) -> None:
    message = tree(rendered / "exchanges" / "x0001.html")
    code = find(message, "//section[@aria-labelledby='request']//div[contains(@class, 'code')]")[0]
    shown = "".join(raw_text(line) for line in find(code, "./span"))
    assert shown.encode() == run.rows[1].exchanges[0].request.body


def test_a_finding_in_a_document_leads_to_the_document(rendered: Path) -> None:
    card = by_id(tree(rendered / "scenarios" / "XCAR-A-001-fr.html"), "F1")
    assert values(card, ".//*[@data-fact='where']/a/@href")[0] == "../documents/x0002-1.html#F1"
    document = tree(rendered / "documents" / "x0002-1.html")
    assert "NOT-IN-VALUE-SET" in text(beside(by_id(document, "F1"), -1))
    assert "Pénicilline" in text(find(document, "//div[@class='cda']")[0])
    assert values(document, "//h1/span/@lang")[0] == "fr-FR"


def test_an_embedded_pdf_is_given_as_facts(rendered: Path) -> None:
    page = text(tree(rendered / "documents" / "x0002-2.html"))
    assert "%PDF-1.7" in page
    assert "application/pdf" in page


def test_the_verdict_comes_before_everything_else(rendered: Path) -> None:
    main = by_id(tree(rendered / "index.html"), "main")
    assert "not conformant" in text(find(main, ".//h1")[0])
    assert classes(main[0]) == ["hero", "fail"]


def test_every_report_says_that_it_is_a_self_run(rendered: Path) -> None:
    index = tree(rendered / "index.html")
    assert "not a certification" in text(by_id(index, "self-run"))
    assert not find(index, "//*[@id='bundled']")


def test_a_run_of_the_bundled_system_says_that_it_proves_nothing(reports: Path, tmp_path: Path) -> None:
    run = make_run(bundled_system=True, faults=("xcpd.no-match.lies",))
    banner = by_id(tree(render_html(run, tmp_path, templates=reports, lang="en")), "bundled")
    assert "never evidence of the conformity" in text(banner)
    assert "xcpd.no-match.lies" in text(banner)


def test_packs_are_listed_with_hash_and_with_what_could_not_be_verified(rendered: Path, run: Run) -> None:
    index = text(tree(rendered / "index.html"))
    assert run.packs[0].coordinate in index
    assert "3 codes could not be verified" in index
    assert "Rules loaded: 1,480, of which fired at least once: 512." in index
    assert run.packs[0].digest in (rendered / "index.html").read_text(encoding="utf-8")


def test_counts_by_verdict_and_cause_add_up(rendered: Path, run: Run) -> None:
    table = find(tree(rendered / "index.html"), "//table[contains(@class, 'counts')]")[0]
    totals = [int(text(find(row, "./td")[0])) for row in find(table, "./tbody/tr")]
    assert sum(totals) == len(run.rows) == int(text(find(table, "./tfoot/tr/td")[0]))
    fail = next(r for r in find(table, "./tbody/tr") if text(r).startswith("fail"))
    assert [text(c) for c in find(fail, "./td")] == ["2", "2", "·", "·", "·", "·"]


def test_what_the_vendor_has_to_do_stands_apart_from_what_others_have_to(rendered: Path) -> None:
    cards = {
        text(find(c, "./h3")[0]): text(c)
        for c in find(tree(rendered / "index.html"), "//*[@aria-labelledby='todo']//div[h3]")
    }
    assert "error" not in cards["Vendor of the system: 3"]
    assert "could not be reached" in cards["Operator of this run: 4"]


def test_requirements_are_listed_with_level_source_and_rows(rendered: Path) -> None:
    page = tree(rendered / "requirements.html")
    item = text(by_id(page, "r-SAML-HCP-016"))
    assert "SHALL" in item
    assert "SAML 2.0 Core, 2.5.1.2" in item
    assert "XCAQ-A-002" in item
    assert "Only in English" in text(by_id(page, "r-AUD-001"))


def test_the_sequence_shows_each_exchange_with_its_answer(rendered: Path) -> None:
    drawings = find(
        tree(rendered / "scenarios" / "XCAQ-A-002.html"), "//*[local-name()='svg'][contains(@class, 'seq')]"
    )
    assert len(drawings) == 2
    assert all("Success" in text(d) for d in drawings)


def test_an_exchange_that_failed_names_the_failure(rendered: Path) -> None:
    assert "The port could not be reached." in text(tree(rendered / "exchanges" / "x0004.html"))


def test_assertions_are_decoded(rendered: Path) -> None:
    page = text(tree(rendered / "exchanges" / "x0001.html"))
    assert "2026-11-21T09:10:00Z" in page
    assert "Dr Ada Fictive" in page


def test_a_body_that_is_not_text_is_given_as_facts(rendered: Path) -> None:
    assert "facts only" in text(tree(rendered / "exchanges" / "x0005.html"))


def test_the_same_run_gives_the_same_bytes(rendered: Path, run: Run, reports: Path, tmp_path: Path) -> None:
    render_html(run, tmp_path, templates=reports, lang="en")
    assert [p.relative_to(tmp_path) for p in pages(tmp_path)] == [p.relative_to(rendered) for p in pages(rendered)]
    for page in pages(rendered):
        assert (tmp_path / page.relative_to(rendered)).read_bytes() == page.read_bytes(), page.name


def test_rows_whose_ids_look_alike_have_pages_of_their_own(run: Run, reports: Path, tmp_path: Path) -> None:
    twins = (replace(run.rows[0], id="A/b"), replace(run.rows[0], id="a/B"), replace(run.rows[0], id="../../etc/x"))
    render_html(replace(run, rows=twins), tmp_path, templates=reports, lang="en")
    assert len(list((tmp_path / "scenarios").glob("*.fr.html"))) == 3
    assert not list(tmp_path.glob("*etc*"))


def test_a_run_without_rows_still_gives_a_page(run: Run, reports: Path, tmp_path: Path) -> None:
    empty = replace(run, rows=(), requirements=(), packs=(), catalogue={})
    assert "0 scenario rows" in text(tree(render_html(empty, tmp_path, templates=reports, lang="en")))


def test_every_image_of_a_verdict_has_its_word(rendered: Path) -> None:
    for page in pages(rendered):
        for mark in find(tree(page), "//span[contains(concat(' ', @class, ' '), ' v ')]"):
            assert text(mark), page.name


def test_a_finding_with_nothing_but_an_xpath_still_leads_to_its_line(run: Run, reports: Path, tmp_path: Path) -> None:
    at = Location(message="response", xpath="//rim:ExtrinsicObject[2]/@mimeType")
    failed = run.rows[1]
    bare = replace(failed.steps[1], findings=(replace(SHALL_FINDING, at=at),))
    render_html(replace(run, rows=(replace(failed, steps=(bare,)),)), tmp_path, templates=reports, lang="en")
    note = by_id(tree(tmp_path / "exchanges" / "x0001.html"), "F1")
    assert "d4735e3a" in text(beside(note, -1))


@pytest.mark.parametrize(
    "xpath", ["//nothing:here", "///", "count(//*)", "//rim:Absent"], ids=["prefix", "syntax", "number", "none"]
)
def test_an_xpath_that_leads_nowhere_leaves_the_finding_without_a_line(
    xpath: str, run: Run, reports: Path, tmp_path: Path
) -> None:
    failed = run.rows[1]
    bare = replace(failed.steps[1], findings=(replace(SHALL_FINDING, at=Location(message="response", xpath=xpath)),))
    render_html(replace(run, rows=(replace(failed, steps=(bare,)),)), tmp_path, templates=reports, lang="en")
    page = tree(tmp_path / "exchanges" / "x0001.html")
    assert find(page, "//section[@aria-labelledby='loose']//*[@id='F1']")
