"""`harness population` writes documents and notices stale ones; `--population` takes another country."""

import json
import shutil
from pathlib import Path

import pytest

from harness.packs import bundled_data
from tests.cli.cli_support import Invoke

FOLDER = bundled_data() / "scenarios" / "populations"


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A population file alone, without its documents and terms."""
    return Path(shutil.copy(FOLDER / "portugal.yaml", tmp_path / "portugal.yaml"))


def test_documents_are_written_once_and_then_unchanged(invoke: Invoke, copy: Path) -> None:
    first, second = invoke("population", copy), invoke("population", copy)
    words = {line.split()[0] for line in first.stdout.splitlines()}, {s.split()[0] for s in second.stdout.splitlines()}

    assert (first.exit_code, second.exit_code, words) == (0, 0, ({"written"}, {"unchanged"}))
    for file in (FOLDER / "documents" / "portugal").iterdir():
        assert (copy.parent / "documents" / "portugal" / file.name).read_bytes() == file.read_bytes()


def test_check_notices_a_document_that_is_stale_or_missing_and_writes_nothing(invoke: Invoke, copy: Path) -> None:
    invoke("population", copy)
    stale = copy.parent / "documents" / "portugal" / "ps-nominal-3.xml"
    stale.write_bytes(stale.read_bytes() + b"\n")
    (stale.parent / "ps-nominal-1.xml").unlink()
    result = invoke("population", copy, "--check")

    assert result.exit_code == 2
    assert [
        line.split()[-1].rpartition("/")[2] for line in result.stdout.splitlines() if line.startswith("differs")
    ] == [
        "ps-nominal-3.xml",
        "ps-nominal-1.xml",
    ]
    assert not (stale.parent / "ps-nominal-1.xml").exists()


def test_mistakes_of_a_population_are_told_with_their_places(invoke: Invoke, copy: Path) -> None:
    copy.write_text(copy.read_text(encoding="utf-8").replace("record: rich", "record: richest", 1), encoding="utf-8")
    result = invoke("population", copy)

    assert result.exit_code == 2
    assert "E402 unknown record; got 'richest'; did you mean 'rich'?" in result.stderr


def test_a_file_of_another_kind_is_refused(invoke: Invoke) -> None:
    result = invoke("population", FOLDER / "terms.yaml")

    assert result.exit_code == 2
    assert "E112 wrong kind of file; expected 'population', got 'terms'" in result.stderr


@pytest.mark.parametrize("command", ["run", "reference-system"])
def test_population_that_does_not_exist_is_answered_with_the_known_ones(invoke: Invoke, command: str) -> None:
    result = invoke(command, "--population", "frence")

    assert result.exit_code == 2
    assert "no such population; expected 'czechia', 'default', 'france' or 'portugal', got 'frence'" in result.stderr


def test_a_run_with_the_people_of_another_country_passes(invoke: Invoke, tmp_path: Path) -> None:
    result = invoke("run", "XCPD-A-POS-001", "XCAQ-B-POS-003", "--population", "france", "--out", tmp_path / "run")

    assert result.exit_code == 0, result.stderr
    events = (tmp_path / "run" / "run.json").read_text(encoding="utf-8")
    assert {s["verdict"] for s in json.loads(events)["scenarios"]} == {"pass"}
