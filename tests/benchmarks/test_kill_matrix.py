"""The kill matrix tells survivors and false alarms, and its pages are those of the faults that are declared."""

from dataclasses import replace

import pytest

from benchmarks import kill_matrix
from benchmarks.kill_matrix import PAGES
from benchmarks.kill_pages import Kill, Matrix, page
from benchmarks.records import Record
from harness.reference import FAULTS

FAULT = next(f for f in FAULTS.values() if not f.advisory)
ADVISORY = next(f for f in FAULTS.values() if f.advisory)


def outcome(verdict: str, accused: tuple[str, ...], fault: str = FAULT.name) -> Kill:
    rows = (("ROW-1", "pass", (), ""), ("ROW-2", verdict, accused, "why"))
    found = {f"fault:{fault}": Record(key=f"fault:{fault}", digest="", counts={}, figures=rows)}
    return kill_matrix._matrix(found, full=False).kills[0]


def test_a_fault_is_killed_by_a_fail_at_a_requirement_it_breaks() -> None:
    kill = outcome("fail", ("OTHER-1", FAULT.breaks[0]))
    assert (kill.row, kill.requirements) == ("ROW-2", (FAULT.breaks[0],))


@pytest.mark.parametrize(
    ("verdict", "accused"),
    [("fail", ("OTHER-1",)), ("warning", FAULT.breaks), ("error", FAULT.breaks), ("pass", ())],
    ids=["elsewhere", "warning", "error", "pass"],
)
def test_a_fault_survives_what_is_no_fail_at_a_requirement_it_breaks(verdict: str, accused: tuple[str, ...]) -> None:
    assert outcome(verdict, accused).row == ""


def test_an_advisory_fault_is_killed_by_a_warning() -> None:
    assert outcome("warning", ADVISORY.breaks, ADVISORY.name).row == "ROW-2"
    assert outcome("fail", ADVISORY.breaks, ADVISORY.name).row == ""


def test_survivors_and_false_alarms_end_the_command_with_1(capsys: pytest.CaptureFixture[str]) -> None:
    good = Matrix(kills=(outcome("fail", FAULT.breaks),), rows=("ROW-1",), alarms=(), full=False)
    assert kill_matrix._tell(good, 1) == 0
    assert kill_matrix._tell(replace(good, kills=(outcome("pass", ()),)), 1) == 1
    assert kill_matrix._tell(replace(good, alarms=(("ROW-1", "fail", "why"),)), 1) == 1
    said = capsys.readouterr().out
    assert f"survived: {FAULT.name}" in said
    assert "false alarm: ROW-1 fail: why" in said


@pytest.mark.parametrize("lang", ["en", "fr"])
def test_the_page_names_survivors_alarms_and_silent_rows(lang: str) -> None:
    kills = (outcome("pass", ()), outcome("fail", FAULT.breaks))
    text = page(Matrix(kills=kills, rows=("ROW-2", "ROW-9"), alarms=(("ROW-9", "error", "why"),), full=True), lang)
    assert {"en": "**survived**", "fr": "**non décelée**"}[lang] in text
    assert "`ROW-9` error: why" in text
    assert text.rstrip().endswith("`ROW-9`")
    table = [line for line in text.splitlines() if line.startswith("|")]
    assert {line.replace("\\|", "").count("|") for line in table} == {8}


@pytest.mark.parametrize("lang", ["en", "fr"])
def test_the_written_page_is_that_of_the_declared_faults_and_none_survived(lang: str) -> None:
    text = PAGES[lang].read_text(encoding="utf-8")
    listed = [line.split("`")[1] for line in text.splitlines() if line.startswith("| `")]
    assert listed == sorted(FAULTS)
    assert "**" not in text
