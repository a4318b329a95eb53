"""docs/mutations.md and .fr.md are what `harness list --alterations --format markdown` prints."""

import json
import os
from pathlib import Path

import pytest
from typer.testing import CliRunner

from harness.cli import app
from harness.peers import FAULTS, MUTATIONS

DOCS = Path(__file__).resolve().parents[2] / "docs"
PAGES = {"en": "mutations.md", "fr": "mutations.fr.md"}


def listed(*options: str) -> str:
    result = CliRunner().invoke(app, ["list", "--alterations", *options], prog_name="harness")
    assert result.exit_code == 0
    return result.stdout


@pytest.mark.parametrize("lang", PAGES)
def test_page_is_what_the_command_prints(lang: str) -> None:
    page, printed = DOCS / PAGES[lang], listed("--format", "markdown", "--lang", lang)
    if os.environ.get("HARNESS_UPDATE_GOLDEN") == "1":
        page.write_text(printed, encoding="utf-8")
    assert page.read_text("utf-8") == printed, "the page is old; write it anew with HARNESS_UPDATE_GOLDEN=1"


def test_every_alteration_is_listed_once() -> None:
    names = [row["name"] for row in json.loads(listed("--format", "json"))]
    assert sorted(names) == sorted([*MUTATIONS, *FAULTS])
    text = listed("--lang", "fr")
    assert all(f"{name}  " in text for name in names)


def test_an_unknown_format_is_refused() -> None:
    result = CliRunner().invoke(app, ["list", "--alterations", "--format", "svg"], prog_name="harness")
    assert result.exit_code == 2
