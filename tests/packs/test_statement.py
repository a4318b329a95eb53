"""Statement files: claims, contradictions, places of problems."""

import hashlib
from pathlib import Path

import pytest

from harness.errors import Problem, ScenarioError
from harness.packs import bundled_data, lint, load_library, load_statement

GOOD = """system: {name: Exemple NCPeH, version: 4.10}
claims:
  - {profile: eprescription, actor: ncpeh-a, wave: 8}
  - {profile: edispensation, actor: ncpeh-a, wave: 8, options: [next-of-kin, next-of-kin]}
"""


def written(folder: Path, content: str) -> Path:
    path = folder / "statement.yaml"
    path.write_text(content, encoding="utf-8")
    return path


def problems_of(folder: Path, content: str) -> tuple[Problem, ...]:
    with pytest.raises(ScenarioError) as caught:
        load_statement(written(folder, content))
    return tuple(caught.value.problems)


def test_a_statement_is_read_as_written(tmp_path: Path) -> None:
    statement = load_statement(written(tmp_path, GOOD))
    assert (statement.system.name, statement.system.version) == ("Exemple NCPeH", "4.10")
    assert [(c.profile, c.actor, c.wave, c.options) for c in statement.claims] == [
        ("eprescription", "ncpeh-a", 8, ()),
        ("edispensation", "ncpeh-a", 8, ("next-of-kin",)),
    ]
    assert statement.digest == hashlib.sha256(GOOD.encode()).hexdigest()


WRONG = {
    "unknown profile": ("profile: eprescription", "profile: eprescripton", "E301", 3, "did you mean 'eprescription'?"),
    "unknown actor": ("actor: ncpeh-a, wave: 8}", "actor: ncpeh-c, wave: 8}", "E301", 3, "did you mean"),
    "unknown option": ("[next-of-kin, next-of-kin]", "[next-of-keen]", "E301", 4, "did you mean 'next-of-kin'?"),
    "common profile": ("profile: eprescription", "profile: security", "E301", 3, "leave this claim out"),
    "unknown key": ("wave: 8}", "wave: 8, waves: 7}", "E201", 3, "did you mean"),
    "wave is a word": ("wave: 8}", "wave: eight}", "E203", 3, ""),
    "no wave": (", wave: 8}", "}", "E202", 3, ""),
    "claimed twice": ("profile: edispensation", "profile: eprescription", "E211", 4, "the first one is claim 1"),
    "dependency": ("profile: eprescription", "profile: patient-summary", "E212", 4, "add {profile: eprescription"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_mistake_is_named_where_it_stands(tmp_path: Path, name: str) -> None:
    before, after, code, line, hint = WRONG[name]
    found = problems_of(tmp_path, GOOD.replace(before, after, 1))
    (problem,) = [p for p in found if p.code == code]
    assert problem.at is not None
    assert problem.at.line == line
    assert hint in (problem.hint or "")


def test_a_statement_claims_something(tmp_path: Path) -> None:
    assert problems_of(tmp_path, "system: {name: X, version: 1}\nclaims: []\n")


def test_another_kind_of_file_is_no_statement(tmp_path: Path) -> None:
    (problem,) = problems_of(tmp_path, "system: {name: X, version: 1}\nactors: {}\n")
    assert (problem.code, problem.found) == ("E112", "system")


def test_lint_tells_each_problem_of_a_statement_once(tmp_path: Path) -> None:
    library = load_library(bundled_data())
    assert lint([written(tmp_path, GOOD)], library) == ()
    text = GOOD.replace("profile: eprescription", "profile: patient-summary").replace(
        "[next-of-kin, next-of-kin]", "[a]"
    )
    assert [p.code for p in lint([written(tmp_path, text)], library)] == ["E301"]
    text = GOOD.replace("profile: eprescription", "profile: patient-summary")
    assert [p.code for p in lint([written(tmp_path, text)], library)] == ["E212"]
