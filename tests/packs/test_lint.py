"""Golden files: `ok/*.yaml` give nothing, each of `err/*.yaml` gives what its sibling `.out` says.

With HARNESS_UPDATE_GOLDEN=1 in the environment the `.out` files are written anew, to be reviewed as a diff.
"""

import os
import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.errors import Problem
from harness.packs import LINT_CODES, Library, lint

FILES = Path(__file__).parent / "files"
BAD = sorted(p.name for p in (FILES / "err").glob("*.yaml"))
GOOD = sorted(p.name for p in (FILES / "ok").glob("*.yaml"))
JUDGED = frozenset({"XCPD-A-001", "XCPD-B-001", "SAML-HCP-001"})
MADE_BY_THE_TEST = {"E102", "E113"}


@pytest.mark.parametrize("name", GOOD)
def test_a_good_file_gives_no_problem(name: str, library: Library) -> None:
    problems = lint([FILES / "ok" / name], library)
    assert [str(p) for p in problems] == []


@pytest.mark.parametrize("name", BAD)
def test_a_bad_file_gives_the_problems_written_beside_it(
    name: str, library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(FILES / "err")
    problems = lint([Path(name)], library, judged=JUDGED)
    text = "".join(f"{p}\n" for p in problems)
    golden = FILES / "err" / Path(name).with_suffix(".out")
    if os.environ.get("HARNESS_UPDATE_GOLDEN"):
        golden.write_text(text, encoding="utf-8")
    assert text == golden.read_text(encoding="utf-8")
    code = re.match(r"[EW][0-9]{3}", name)
    assert code is None or code[0] in {p.code for p in problems}


def test_every_code_has_a_bad_file_and_every_problem_a_known_code(library: Library) -> None:
    named = {match[0] for name in BAD if (match := re.match(r"[EW][0-9]{3}", name))}
    assert named | MADE_BY_THE_TEST == set(LINT_CODES)
    said = {p.code for name in BAD for p in lint([FILES / "err" / name], library, judged=JUDGED)}
    assert said <= set(LINT_CODES)


def test_three_mistakes_give_three_problems_with_line_and_column(library: Library) -> None:
    problems = lint([FILES / "err" / "three-mistakes.yaml"], library)
    errors = [p for p in problems if p.severity == "error"]
    assert [(p.code, p.at.line, p.at.column) for p in errors if p.at] == [
        ("E201", 6, 33),
        ("E402", 7, 18),
        ("E502", 8, 42),
    ]


def test_warnings_have_the_severity_warning_and_errors_have_not(library: Library) -> None:
    problems = lint([FILES / "err"], library, judged=JUDGED)
    assert {p.severity for p in problems if p.code.startswith("W")} == {"warning"}
    assert {p.severity for p in problems if p.code.startswith("E")} == {"error"}


def test_no_problem_of_a_secret_repeats_the_secret(library: Library) -> None:
    problems = lint([FILES / "err" / "E309-secret.yaml"], library)
    assert problems
    assert "hunter2" not in "".join(str(p) for p in problems)


def test_a_file_of_more_than_a_megabyte_is_refused(library: Library, tmp_path: Path) -> None:
    path = tmp_path / "large.yaml"
    path.write_bytes(b"a: " + b"x" * 1_000_001)
    assert _codes(lint([path], library)) == ["E102"]


def test_a_file_that_is_not_there_is_a_problem_and_no_traceback(library: Library, tmp_path: Path) -> None:
    assert _codes(lint([tmp_path / "nowhere.yaml"], library)) == ["E113"]


def test_a_folder_is_linted_file_by_file_in_order_of_position(library: Library) -> None:
    problems = lint([FILES / "err"], library)
    places = [(p.at.file, p.at.line, p.at.column) for p in problems if p.at]
    assert places == sorted(places)
    assert len({file for file, _, _ in places}) > 40


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    name=st.sampled_from(GOOD),
    cuts=st.lists(
        st.tuples(
            st.floats(0, 1), st.integers(0, 9), st.sampled_from(["", "{", "]", ": ", "- ", "\n  ", "null", "${a.b}"])
        ),
        min_size=1,
        max_size=4,
    ),
)
def test_a_mutilated_file_gives_problems_and_no_traceback(
    name: str, cuts: list[tuple[float, int, str]], library: Library, tmp_path: Path
) -> None:
    text = (FILES / "ok" / name).read_text(encoding="utf-8")
    for place, length, new in cuts:
        start = int(place * len(text))
        text = text[:start] + new + text[start + length :]
    path = tmp_path / "mutilated.yaml"
    path.write_text(text, encoding="utf-8")
    assert {p.code for p in lint([path], library, judged=JUDGED)} <= set(LINT_CODES)


def _codes(problems: tuple[Problem, ...]) -> list[str]:
    return [p.code for p in problems]
