"""English and French say the same, and French obeys its typography."""

import re
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po

from harness.errors import HarnessError
from harness.report._words import Words, load_words
from tests.report.catalogue import extracted
from tests.report.pages import find, pages, text, tree


@pytest.fixture(scope="module")
def source(reports: Path) -> Catalog:
    return extracted(reports.parent)


@pytest.fixture(scope="module")
def french(reports: Path) -> Catalog:
    with (reports / "translations" / "fr" / "LC_MESSAGES" / "report.po").open("rb") as file:
        return read_po(file, locale="fr", abort_invalid=True)


def forms(message: Message) -> tuple[str, ...]:
    return (message.string,) if isinstance(message.string, str) else tuple(message.string or ())


def test_every_text_is_translated_and_none_is_left_over(source: Catalog, french: Catalog) -> None:
    wanted = {m.id for m in source if m.id}
    assert len(wanted) > 200
    assert {m.id for m in french if m.id} == wanted


def test_no_translation_is_empty_fuzzy_or_loses_a_place_holder(french: Catalog) -> None:
    for message in french:
        if not message.id:
            continue
        assert not message.fuzzy, message.id
        ids = (message.id,) if isinstance(message.id, str) else tuple(message.id)
        for form in forms(message):
            assert form.strip(), message.id
            assert set(re.findall(r"%\(\w+\)s|\{\w+\}", form)) == set(re.findall(r"%\(\w+\)s|\{\w+\}", ids[-1])), (
                message.id
            )


def test_french_texts_use_no_break_spaces(french: Catalog) -> None:
    for message in french:
        for form in forms(message) if message.id else ():
            assert not re.search(r"[ \w»)%]:(?!\w)(?<!\u00a0:)", form), form
            assert not re.search(r"(?<!\u202f)[;?!]", form), form
            assert not re.search(r"«(?!\u00a0)|(?<!\u00a0)»|'", form), form


def test_french_pages_show_no_english_sentence_of_ours(source: Catalog, french: Catalog, rendered: Path) -> None:
    same = {m.id for m in french if isinstance(m.id, str) and m.string == m.id}
    english = {m.id for m in source if isinstance(m.id, str) and " " in m.id and "%" not in m.id} - same
    for page in pages(rendered):
        if page.name.endswith(".fr.html"):
            ours = {text(e) for e in find(tree(page), "//*[not(@lang) or @lang='fr'][not(*)]")}
            assert not ours & english, page.name


def test_figures_and_durations_follow_the_language(reports: Path) -> None:
    fr, en = load_words(reports, "fr"), load_words(reports, "en")
    assert fr.seconds(0.724) == "0,72\u00a0s"
    assert en.seconds(0.724) == "0.72\u00a0s"
    assert fr.figure(48210) == "48\u202f210"
    assert fr.count("%(n)s line", "%(n)s lines", 0) == "0 ligne"
    assert en.count("%(n)s line", "%(n)s lines", 0) == "0 lines"


def test_quoted_evidence_keeps_its_language(reports: Path) -> None:
    fr = load_words(reports, "fr")
    assert fr.quote("status Success").lang == "en"
    assert fr.quote("not stated").text == "non précisé"
    assert Words(lang="en").quote("status Success").lang is None


def test_a_missing_catalogue_is_an_error_of_ours(tmp_path: Path) -> None:
    with pytest.raises(HarnessError, match="catalogue"):
        load_words(tmp_path, "fr")
