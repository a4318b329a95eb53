"""A scenario about value sets is not decided by a pack that has none; the others only count what was not looked up."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from harness.cli import app

SCENARIO = """scenario: CODES-ONE
title: {en: Codes come from the listed value sets, fr: Les codes viennent des jeux de valeurs prévus}
covers: [CDA-011]
applies: {profile: patient-summary, sut: ncpeh-a}
given: {patient: pt-nominal, practitioner: physician}
steps:
  - use:
      fragment: identify-and-list
      with: {patient: "${given.patient}", practitioner: "${given.practitioner}"}
      save: chart
  - send:
      transaction: ITI-39
      with: {patient_id: "${chart.patient_id}", documents: "${chart.entries.0}"}
"""


@pytest.fixture(scope="module")
def record(tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    folder = tmp_path_factory.mktemp("codes")
    (folder / "codes.yaml").write_text(SCENARIO, encoding="utf-8")
    result = CliRunner().invoke(
        app, ["run", str(folder / "codes.yaml"), "XCAR-A-POS-001", "--out", str(folder / "out"), "--lang", "en"]
    )
    assert result.exit_code == 3, result.output
    content: dict[str, object] = json.loads(Path(folder / "out" / "run.json").read_text(encoding="utf-8"))
    return content


def test_scenario_that_covers_the_requirement_is_inconclusive(record: dict[str, object]) -> None:
    rows = {row["id"]: row for row in record["scenarios"]}  # type: ignore[attr-defined]

    assert rows["CODES-ONE"]["verdict"] == "inconclusive"
    (requirement,) = [r for r in rows["CODES-ONE"]["requirements"] if r["id"] == "CDA-011"]
    assert "are in no value set of the packs" in requirement["reason"]


def test_scenario_about_something_else_passes_and_counts(record: dict[str, object]) -> None:
    rows = {row["id"]: row for row in record["scenarios"]}  # type: ignore[attr-defined]

    assert rows["XCAR-A-POS-001"]["verdict"] == "pass"
    assert all(r["id"] != "CDA-011" for r in rows["XCAR-A-POS-001"]["requirements"])
    assert sum(pack["codes_unverifiable"] for pack in record["packs"]) > 20  # type: ignore[attr-defined]
