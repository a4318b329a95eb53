"""Every scenario of the German suite has one of ours beside it, or the reason why it has none."""

import re
from pathlib import Path

import pytest

from harness.packs import bundled_data, load_library

DOCS = Path(__file__).resolve().parents[2] / "docs"
PAGES = ("german-scenarios.md", "german-scenarios.fr.md")
_ROW = re.compile(r"^\| (NCP[12]_\w+) \| (.*?) \| (.*?) ?\|$", re.MULTILINE)


def rows(page: str) -> list[tuple[str, tuple[str, ...], str]]:
    """Their id, our ids, remark."""
    text = (DOCS / page).read_text(encoding="utf-8")
    return [(theirs, tuple(re.findall(r"`([^`]+)`", ours)), remark) for theirs, ours, remark in _ROW.findall(text)]


@pytest.mark.parametrize("page", PAGES)
def test_each_of_the_117_stands_once_with_ours_or_a_reason(page: str) -> None:
    found = rows(page)
    assert len(found) == len({theirs for theirs, _, _ in found}) == 117
    assert [theirs for theirs, ours, remark in found if not ours and len(remark) < 40] == []


@pytest.mark.parametrize("page", PAGES)
def test_ours_are_scenarios_of_the_catalogue(page: str) -> None:
    known = {s.id for s in load_library(bundled_data()).scenarios}
    assert sorted({o for _, ours, _ in rows(page) for o in ours} - known) == []


def test_both_pages_say_the_same() -> None:
    en, fr = (rows(page) for page in PAGES)
    assert [r[:2] for r in en] == [r[:2] for r in fr]
    assert [bool(r[2]) for r in en] == [bool(r[2]) for r in fr]
