"""`harness run --statement`: what is claimed decides what is run; a statement that cannot be met is refused before anything."""

import json
from pathlib import Path

import pytest

from tests.cli.cli_support import PASSING, Invoke
from tests.cli.tiny_sut import TinySut, fault, write_scenario


def statement(folder: Path, *claims: str, version: str = "1") -> Path:
    path = folder / "statement.yaml"
    lines = [f"system: {{name: Tiny, version: {version}}}", "claims:", *(f"  - {{{c}}}" for c in claims)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


PS = "profile: patient-summary, actor: ncpeh-a, wave: 8"
CONSENT = "profile: consent, actor: ncpeh-a, wave: 8"


@pytest.mark.parametrize(
    ("claim", "verdict", "status"), [(PS, "fail", 1), (CONSENT, "not_applicable", 0)], ids=["claimed", "not claimed"]
)
def test_what_is_not_claimed_is_not_applicable(
    invoke: Invoke, tmp_path: Path, claim: str, verdict: str, status: int
) -> None:
    with TinySut(fault) as sut:
        file = statement(tmp_path, claim)
        scenario = write_scenario(tmp_path, "MY-A-001", expect="soap_fault: any")
        result = invoke(
            "run", "--sut", sut.write_sut(tmp_path), "--statement", file, scenario, "--out", tmp_path / "run"
        )
    assert result.exit_code == status, result.stderr
    record = json.loads((tmp_path / "run" / "run.json").read_bytes())
    assert [s["verdict"] for s in record["scenarios"]] == [verdict]
    assert record["statement"]["claims"][0]["actor"] == "ncpeh-a"
    assert (tmp_path / "run" / "statement.yaml").read_bytes() == file.read_bytes()


REFUSED = {
    "acceptance without statement": ((), False, "E921"),
    "acceptance of chosen scenarios": ((PS,), True, "E921"),
    "acceptance of what no scenario tests": (("profile: discovery, actor: ncpeh-b, wave: 1",), False, "E920"),
    "wave that no scenario is for": (("profile: patient-summary, actor: ncpeh-a, wave: 1",), False, "E922"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_an_acceptance_that_would_not_say_all_is_refused_before_a_folder_is_made(
    invoke: Invoke, tmp_path: Path, name: str
) -> None:
    claimed, targets, code = REFUSED[name]
    with TinySut(fault) as sut:
        options = ["--statement", statement(tmp_path, *claimed)] if claimed else []
        chosen = [PASSING] if targets else []
        out = tmp_path / "run"
        result = invoke(
            "run", "--sut", sut.write_sut(tmp_path), "--kind", "acceptance", *options, *chosen, "--out", out
        )
    assert result.exit_code == 2
    assert code in result.stderr
    assert not out.exists()


def test_a_statement_about_another_version_is_refused(invoke: Invoke, tmp_path: Path) -> None:
    with TinySut(fault) as sut:
        file = statement(tmp_path, PS, version="2")
        result = invoke(
            "run", "--sut", sut.write_sut(tmp_path), "--statement", file, PASSING, "--out", tmp_path / "run"
        )
    assert result.exit_code == 2
    assert "E920" in result.stderr
    assert "version" in result.stderr
    assert not (tmp_path / "run").exists()
