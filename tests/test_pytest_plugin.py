"""Scenarios as pytest items: outcomes, names, what is printed, workers, Allure; and silence where there are none."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from typer.testing import CliRunner

from harness.cli import app
from harness.model import Finding, Location
from harness.packs import bundled_data
from harness.pytest_plugin._lines import finding_lines
from harness.runner import bundled_system

PASSING, FAILING = "XCPD-A-NEG-005", "XCPD-A-POS-001"
SCENARIOS = bundled_data() / "scenarios"
CALLED = ("XCPD-B-NEG-001", "XCPD-B-NEG-003")
"""Scenarios in which the system calls us."""
CHOSEN = (PASSING, *CALLED, FAILING)
HEAD = """scenario: {id}
title: {{en: "{title}", fr: "{title}"}}
applies: {{profile: patient-summary, sut: {sut}, wave: [8]}}
"""
STEPS = """given: {patient: pt-nominal, practitioner: physician}
steps:
  - send: {transaction: ITI-55, with: {patient: "${given.patient}"}, save: answer}
"""
ERROR = HEAD.format(id="MY-ERROR-001", title="No value", sut="ncpeh-a") + STEPS.replace(
    "pt-nominal", '"${sut.data.no}"'
)
SKIPPED = HEAD.format(id="MY-SKIP-001", title="No rows", sut="ncpeh-a") + "matrix: {from: sut.data.nothing}\n" + STEPS
ROWS = (
    HEAD.format(id="MY-ROWS-001", title="Two rows", sut="ncpeh-a")
    + "tags: [mine]\nmatrix: [{row: first, patient: pt-nominal}, {row: second, patient: pt-second}]\n"
    + STEPS.replace("${given.patient}", "${row.patient}")
)


@dataclass(frozen=True, slots=True)
class Session:
    """A pytest session that is over."""

    status: int
    output: str
    folder: Path

    @property
    def outcomes(self) -> dict[str, str]:
        """Item id to outcome, from the lines of `-v`."""
        found = re.findall(r"::(\S+) (PASSED|FAILED|ERROR|SKIPPED)", self.output)
        found += [(b, a) for a, b in re.findall(r"\[gw\d\] \[ *\d+%\] (\w+) \S+::(\S+)", self.output)]
        return {name: outcome.lower() for name, outcome in found}


def pytest_in(folder: Path, *arguments: object) -> Session:
    """A session of its own in `folder`, with warnings as errors as a user's project may have them."""
    (folder / "pytest.ini").write_text(
        "[pytest]\nfilterwarnings = error\naddopts = --strict-markers -p no:cacheprovider\n"
    )
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *map(str, arguments)],
        cwd=folder,
        env={**os.environ, "LC_ALL": "C.UTF-8", "COLUMNS": "160", "PYTEST_ADDOPTS": ""},
        capture_output=True,
        timeout=100,
        check=False,
    )
    return Session(done.returncode, (done.stdout + done.stderr).decode(), folder)


def bundled(*ids: str) -> list[Path]:
    return [SCENARIOS / ("country-b" if "-B-" in name else "xcpd") / f"{name.lower()}.yaml" for name in ids]


@pytest.fixture(scope="module")
def mixed(tmp_path_factory: pytest.TempPathFactory) -> Session:
    """One session with every outcome, against the bundled system with a fault."""
    folder = tmp_path_factory.mktemp("mixed")
    mine = folder / "mine"
    mine.mkdir()
    for name, text in (("error", ERROR), ("skipped", SKIPPED), ("rows", ROWS)):
        (mine / f"{name}.yaml").write_text(text, encoding="utf-8")
    (mine / "other.yaml").write_text("some: thing\n", encoding="utf-8")
    fault = "--harness-fault=xcpd.target-message.wrong"
    return pytest_in(folder, "-v", "-rs", fault, "--harness-out=run", "mine", *bundled(PASSING, FAILING))


def test_verdicts_become_the_outcomes_of_pytest(mixed: Session) -> None:
    assert mixed.status == 1, mixed.output
    assert mixed.outcomes == {
        "MY-ERROR-001": "error",
        "MY-SKIP-001": "skipped",
        "MY-ROWS-001[first]": "failed",
        "MY-ROWS-001[second]": "failed",
        PASSING: "failed",
        FAILING: "failed",
    }


def test_failure_prints_step_expected_found_requirement_and_evidence_and_no_traceback(mixed: Session) -> None:
    section = mixed.output.partition(f"_ {FAILING}: ")[2].partition("\n____")[0]
    for part in ("step 0 (", "requirement: XCPD-A-008", "expected: ", "found: ", "where: ", "evidence: "):
        assert part in section, mixed.output
    assert str(mixed.folder / "run") in section
    assert "Traceback" not in mixed.output
    assert "RowNotPassed" not in section


def test_reasons_of_an_error_and_a_skip_are_said(mixed: Session) -> None:
    assert "sut.data.no" in mixed.output
    assert re.search(
        r"SKIPPED \[1\] .*skipped\.yaml:1: the SUT file gives no rows at \$\{sut\.data\.nothing\}", mixed.output
    )


def test_session_writes_run_directory_and_names_its_report(mixed: Session) -> None:
    run = mixed.folder / "run"
    assert f"harness report: {run / 'report' / 'index.html'}" in mixed.output
    assert {"run.json", "events.jsonl", "junit.xml", "report", "blobs"} <= {p.name for p in run.iterdir()}
    record = json.loads((run / "run.json").read_bytes())
    assert record["bundled_system"] is True
    assert len(record["scenarios"]) == 6


@pytest.fixture(scope="module")
def sut(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The SUT file of a reference system that plays both roles; it fixes the ports where our side is called."""
    folder = tmp_path_factory.mktemp("sut")
    with bundled_system(folder) as path:
        yield path


@pytest.fixture(scope="module")
def parallel(sut: Path, tmp_path_factory: pytest.TempPathFactory) -> Session:
    """Both roles of one system, on two workers, with Allure."""
    folder = tmp_path_factory.mktemp("parallel")
    options = ("-v", "-n2", "--alluredir=allure", "--harness-out=run", f"--harness-sut={sut}")
    return pytest_in(folder, *options, *bundled(*CHOSEN))


def test_workers_come_to_the_verdicts_of_harness_run(parallel: Session, sut: Path, tmp_path: Path) -> None:
    assert set(parallel.outcomes) == set(CHOSEN), parallel.output
    out = tmp_path / "alone"
    CliRunner().invoke(app, ["run", "--sut", str(sut), "--out", str(out), *CHOSEN])
    alone, merged = (
        {
            # workers share the one port for audit records, so those that nobody waits for may miss a row
            row["id"]: (
                row["verdict"],
                row["cause"],
                {r["id"]: r["verdict"] for r in row["requirements"] if not r["id"].startswith("AUD-")},
            )
            for row in json.loads((folder / "run.json").read_bytes())["scenarios"]
        }
        for folder in (out, parallel.folder / "run")
    )
    assert merged == alone
    assert {verdict for verdict, _, _ in merged.values()} <= {"pass", "warning"}, parallel.output


def test_workers_leave_one_merged_run_directory(parallel: Session) -> None:
    run = parallel.folder / "run"
    assert f"harness report: {run / 'report' / 'index.html'}" in parallel.output
    assert (run / "junit.xml").read_bytes().count(b"<testcase ") == len(CHOSEN)
    record = json.loads((run / "run.json").read_bytes())
    exchanges = [x["id"] for row in record["scenarios"] for x in row["exchanges"]]
    assert len(exchanges) == len(set(exchanges)) == len(CHOSEN)
    assert CliRunner().invoke(app, ["report", str(run), "--format", "json"]).exit_code in (0, 1, 3)


def test_allure_gets_labels_steps_and_messages(parallel: Session) -> None:
    results = [json.loads(p.read_bytes()) for p in (parallel.folder / "allure").glob("*-result.json")]
    assert len(results) == len(CHOSEN)
    containers = [json.loads(p.read_bytes()) for p in (parallel.folder / "allure").glob("*-container.json")]
    assert containers == [] or all("befores" in c for c in containers)
    for result in results:
        labels = {(label["name"], label["value"]) for label in result["labels"]}
        assert ("profile", "patient-summary") in labels
        assert {value for name, value in labels if name == "actor"} <= {"ncpeh-a", "ncpeh-b"}
        assert {value for name, value in labels if name == "scenario"} <= set(CHOSEN)
        steps = result["steps"]
        assert len(steps) >= 2
        names = [a["name"] for step in steps for a in step.get("attachments", ())]
        assert any(name.endswith(" request") for name in names)
        assert any(name.endswith(" response") for name in names)
        sources = [a["source"] for step in steps for a in step.get("attachments", ())]
        assert all((parallel.folder / "allure" / source).is_file() for source in sources)


@pytest.fixture(scope="module")
def collected(tmp_path_factory: pytest.TempPathFactory) -> Session:
    """What is collected at the project's root from its scenarios, a user's own and a broken one; nothing is run."""
    folder = tmp_path_factory.mktemp("collected")
    (folder / "mine.yaml").write_text(ROWS, encoding="utf-8")
    (folder / "broken.yaml").write_text(ROWS.replace("steps:", "stepps:"), encoding="utf-8")
    chosen = ("-k", "second or NEG-005", "-m", "mine or negative")
    arguments = ("scenarios/xcpd", folder / "mine.yaml", folder / "broken.yaml", f"--harness-out={folder / 'run'}")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "--collect-only", "-q", *chosen, *map(str, arguments)],
        cwd=bundled_data(),
        capture_output=True,
        timeout=100,
        check=False,
    )
    return Session(done.returncode, (done.stdout + done.stderr).decode(), folder)


def test_items_are_chosen_by_name_and_by_tag(collected: Session) -> None:
    assert re.findall(r"::(\S+)", collected.output) == [PASSING, "MY-ROWS-001[second]"]
    assert f"scenarios/xcpd/{PASSING.lower()}.yaml::{PASSING}" in collected.output
    assert not (collected.folder / "run").exists()


def test_broken_scenario_is_a_collection_error_with_its_place(collected: Session) -> None:
    assert collected.status == pytest.ExitCode.INTERRUPTED
    assert re.search(r"broken\.yaml:\d+:\d+: E201 unknown key 'stepps'", collected.output)
    assert "Traceback" not in collected.output


def test_options_that_cannot_be_used_are_refused_before_anything_is_collected(tmp_path: Path) -> None:
    wrong = ("--harness-sut=nowhere.yaml", "--harness-fault=no.such.fault", "--harness-pack=nowhere")
    session = pytest_in(tmp_path, *wrong, *bundled(PASSING))
    assert session.status == pytest.ExitCode.USAGE_ERROR
    for said in ("nowhere.yaml:1:1", "unknown fault", "only the bundled reference system", "cannot be read"):
        assert said in session.output
    assert "Traceback" not in session.output


def test_project_without_scenarios_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "compose.yaml").write_text("services: {scenario: {image: x}}\n", encoding="utf-8")
    (tmp_path / "test_plain.py").write_text(
        "import sys\n\ndef test_plain():\n    assert not [m for m in sys.modules if m.startswith('harness.runner')]\n",
        encoding="utf-8",
    )
    session = pytest_in(tmp_path)
    assert session.status == 0, session.output
    assert "1 passed" in session.output
    assert "harness report" not in session.output
    assert not (tmp_path / "runs").exists()


def test_lines_of_a_failure_speak_french_when_asked() -> None:
    finding = Finding(at=Location(message="response", line=3), expected="a", found="b", requirement="XCPD-A-008")
    assert list(finding_lines(finding, "fr")) == [
        "    exigence\u00a0: XCPD-A-008",
        "    attendu\u00a0: a",
        "    obtenu\u00a0: b",
        "    où\u00a0: response:3",
    ]
    assert next(iter(finding_lines(finding, "en"))) == "    requirement: XCPD-A-008"
