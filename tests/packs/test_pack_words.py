"""What a pack.yaml says of the pack as a whole: status, dates, digests."""

from datetime import date
from pathlib import Path

import pytest

from harness.errors import PackError
from harness.packs.artefacts import load_pack
from tests.packs.pack_samples import declared


@pytest.mark.parametrize(
    ("words", "day", "status"),
    [
        ("", "2026-01-01", "valid"),
        ("from: 2026-01-01\n", "2025-12-31", "not-yet-active"),
        ("from: 2026-01-01\n", "2026-01-01", "valid"),
        ("until: 2026-01-01\n", "2026-01-01", "valid"),
        ("until: 2026-01-01\n", "2026-01-02", "expired"),
        ("status: deprecated\nuntil: 2026-01-01\n", "2026-01-01", "deprecated"),
        ("status: deprecated\nuntil: 2026-01-01\n", "2026-01-02", "expired"),
        ("status: expired\n", "2026-01-01", "expired"),
        ("status: not-yet-active\n", "2026-01-01", "not-yet-active"),
        ("status: not-yet-active\nfrom: 2026-01-01\n", "2026-01-01", "valid"),
        ("status: not-yet-active\nfrom: 2026-01-01\nuntil: 2026-06-30\n", "2026-07-01", "expired"),
    ],
)
def test_status_on_a_day_follows_from_word_and_dates(tmp_path: Path, words: str, day: str, status: str) -> None:
    assert load_pack(declared(tmp_path, more=words)).status_on(date.fromisoformat(day)) == status


@pytest.mark.parametrize(
    ("words", "line", "problem"),
    [
        ("from: soon\n", 5, "from is not a date"),
        ("until: 2026-13-01\n", 5, "until is not a date"),
        ("from: 2026-02-01\nuntil: 2026-01-01\n", 6, "ends before it begins"),
    ],
)
def test_wrong_dates_are_refused_with_their_place(tmp_path: Path, words: str, line: int, problem: str) -> None:
    with pytest.raises(PackError) as caught:
        load_pack(declared(tmp_path, more=words))
    (found,) = caught.value.problems
    assert found.at is not None
    assert (found.at.line, found.problem) == (line, problem)


def test_artefact_that_is_not_the_one_stated_is_refused(tmp_path: Path) -> None:
    folder = declared(tmp_path)
    text = (folder / "pack.yaml").read_text(encoding="utf-8")
    digest = "1f" * 32
    (folder / "pack.yaml").write_text(text.replace("path: a.sch", f"path: a.sch, sha256: {digest}"), encoding="utf-8")
    with pytest.raises(PackError, match="the file is not the one that is stated") as caught:
        load_pack(folder)
    found = str(caught.value.problems[0].found)
    (folder / "pack.yaml").write_text(text.replace("path: a.sch", f"path: a.sch, sha256: {found}"), encoding="utf-8")
    assert load_pack(folder).complete
