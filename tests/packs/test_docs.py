"""docs/scenario-language.md and its French version say what the code knows."""

from pathlib import Path

import pytest

from harness.model import (
    LATER_VERBS,
    OPERATORS,
    OUTCOMES,
    PROFILES,
    SUT_ACTORS,
    TRANSACTIONS,
    TRIGGER_ARGUMENTS,
    TRIGGER_OPERATIONS,
    VERBS,
)
from harness.packs import LINT_CODES, Library, lint
from harness.packs._fields import Form
from harness.packs._forms import FragmentForm, ScenarioForm
from harness.packs._forms_sut import SutForm
from harness.packs._nodes import parse_yaml
from harness.packs._shape import read_form

DOCS = Path(__file__).resolve().parents[2] / "docs"
LANGUAGES = {"en": "scenario-language.md", "fr": "scenario-language.fr.md"}


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_table_of_codes_is_that_of_the_code(lang: str) -> None:
    lines = (DOCS / LANGUAGES[lang]).read_text(encoding="utf-8").splitlines()
    table = [line for line in lines if line.startswith(("| E", "| W")) and line[3:6].isdigit()]
    assert table == [f"| {code} | {text.in_(lang)} |" for code, text in LINT_CODES.items()]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_word_of_the_closed_lists_is_explained(lang: str) -> None:
    text = (DOCS / LANGUAGES[lang]).read_text(encoding="utf-8")
    arguments = {a for t in TRANSACTIONS.values() for a in (*t.send_arguments, *t.reply_arguments)}
    values = {v for w in OUTCOMES.values() for v in w.values}
    words = {*VERBS, *LATER_VERBS, *OPERATORS, *OUTCOMES, *PROFILES, *SUT_ACTORS, *TRIGGER_OPERATIONS}
    missing = [w for w in sorted({*words, *arguments, *values, *TRIGGER_ARGUMENTS}) if f"`{w}`" not in text]
    assert missing == []


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_examples_are_files_that_can_be_read(lang: str) -> None:
    text = (DOCS / LANGUAGES[lang]).read_text(encoding="utf-8")
    examples = [part.split("```")[0] for part in text.split("```yaml\n")[1:]]
    assert len(examples) == 3
    forms: tuple[type[Form], ...] = (ScenarioForm, FragmentForm, SutForm)
    for example, form in zip(examples, forms, strict=True):
        tree, problems = parse_yaml(example.encode(), "example.yaml")
        assert tree is not None
        assert (problems, read_form(tree, form)[1]) == ((), ())


def test_the_first_example_is_the_one_that_is_linted(files: Path, library: Library) -> None:
    example = (files / "bundled" / "expired.yaml").read_text(encoding="utf-8")
    assert example in (DOCS / LANGUAGES["en"]).read_text(encoding="utf-8")
    assert {p.code for p in lint([files / "bundled"], library)} <= {"E501"}
