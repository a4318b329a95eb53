"""Commands that only look: lint, list, explain, schema, report; help and version."""

import json
import re
import shutil
from pathlib import Path
from xml.etree import ElementTree

import pytest
from jsonschema import Draft202012Validator
from typer.main import get_command

from harness import __version__
from harness.cli import app
from tests.cli.cli_support import PASSING, Finished, Invoke
from tests.cli.tiny_sut import write_scenario

SCHEMAS = ("scenario", "fragment", "population", "terms", "sut", "run", "validation")
COMMANDS = ("run", "validate", "reference-system", "peer", "lint", "list", "explain", "schema", "report")


def test_version_is_that_of_the_package(invoke: Invoke) -> None:
    assert invoke("--version").stdout == f"harness {__version__}\n"


@pytest.mark.parametrize("name", COMMANDS)
def test_help_of_a_command_mentions_its_options(invoke: Invoke, name: str) -> None:
    result = invoke(name, "--help")
    assert result.exit_code == 0
    command = get_command(app).commands[name]  # type: ignore[attr-defined]
    shown = [o for p in command.params if not getattr(p, "hidden", False) for o in p.opts if o.startswith("--")]
    assert [option for option in shown if option not in result.stdout] == []


def test_every_command_is_in_the_general_help(invoke: Invoke) -> None:
    said = invoke("--help").stdout
    assert [name for name in COMMANDS if name not in said] == []


def test_lint_of_a_right_file_ends_with_0(invoke: Invoke, tmp_path: Path) -> None:
    result = invoke("lint", write_scenario(tmp_path, "MY-A-001"))
    assert result.exit_code == 0
    assert "0 errors" in result.stderr


def test_lint_of_a_wrong_file_ends_with_2_and_says_code_and_place(invoke: Invoke, tmp_path: Path) -> None:
    path = write_scenario(tmp_path, "MY-A-001", expect="soap_fualt: any")
    text = invoke("lint", path)
    assert text.exit_code == 2
    assert f"{path}:8:" in text.stdout
    as_json = invoke("lint", path, "--format", "json")
    assert as_json.exit_code == 2
    (problem,) = [p for p in json.loads(as_json.stdout) if p["severity"] == "error"]
    assert problem["file"] == str(path)
    assert problem["line"] == 8
    assert problem["code"] in text.stdout
    assert "soap_fault" in problem["hint"]


def test_list_of_one_scenario_shows_it_and_what_it_covers(invoke: Invoke) -> None:
    result = invoke("list", PASSING)
    assert result.exit_code == 0
    assert result.stdout.startswith(PASSING)
    (row,) = json.loads(invoke("list", PASSING, "--format", "json").stdout)
    assert row["id"] == PASSING
    assert all(name in result.stdout for name in row["covers"])


def test_list_of_requirements_tells_covered_from_uncovered(invoke: Invoke) -> None:
    rows = json.loads(invoke("list", "--requirement", "--format", "json").stdout)
    bare = {r["id"] for r in rows if not r["scenarios"] and not r["automatic"]}
    uncovered = json.loads(invoke("list", "--uncovered", "--format", "json").stdout)
    assert {r["id"] for r in uncovered} == bare
    assert 0 < len(bare) < len(rows)
    assert all(r["text"] and r["level"] in ("SHALL", "SHOULD", "MAY") and r["sources"] for r in rows)


@pytest.mark.parametrize("page", ["README.md", "README.fr.md"])
def test_the_front_page_counts_what_is_judged(invoke: Invoke, page: str) -> None:
    every = len(json.loads(invoke("list", "--requirement", "--format", "json").stdout))
    left = len(json.loads(invoke("list", "--uncovered", "--format", "json").stdout))
    text = (Path(__file__).parents[2] / page).read_text(encoding="utf-8")
    found = re.search(
        r"(\d+) (?:of the|des) (\d+) (?:requirements|exigences)[^0-9]*?`harness list --uncovered`\D*(\d+)", text
    )
    assert found is not None
    assert [int(n) for n in found.groups()] == [every - left, every, left]


def test_reasons_are_printed_in_the_language_asked_for(invoke: Invoke) -> None:
    english, french = (invoke("list", "--uncovered", "--lang", lang).stdout for lang in ("en", "fr"))
    assert "A duty of whoever tests" in english
    assert "Un devoir de qui teste" in french


def test_list_in_french_is_french(invoke: Invoke) -> None:
    english, french = invoke("list", PASSING, "--lang", "en"), invoke("list", PASSING, "--lang", "fr")
    assert english.stdout != french.stdout
    assert "scénarios" in french.stderr


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("XCPD-A-008", "source:"),
        ("DEV-02", "TRN-A-010"),
        ("xcpd.processing-mode.wrong", "ITI-55"),
        ("xcpd.target-message.wrong", "XCPD-A-008"),
        ("E201", "unknown key"),
    ],
    ids=["requirement", "deviation", "mutation", "fault", "lint code"],
)
def test_explain_knows(invoke: Invoke, code: str, said: str) -> None:
    result = invoke("explain", code)
    assert result.exit_code == 0
    assert result.stdout.startswith(code)
    assert said in result.stdout


def test_explain_of_an_unknown_code_names_the_nearest(invoke: Invoke) -> None:
    result = invoke("explain", "xcpd.target-message.wrnog")
    assert result.exit_code == 2
    assert "did you mean 'xcpd.target-message.wrong'?" in result.stderr


@pytest.mark.parametrize("name", SCHEMAS)
def test_schema_is_a_json_schema(invoke: Invoke, name: str) -> None:
    result = invoke("schema", name)
    assert result.exit_code == 0
    Draft202012Validator.check_schema(json.loads(result.stdout))


def test_unknown_schema_ends_with_2_and_the_known_names(invoke: Invoke) -> None:
    result = invoke("schema", "rnu")
    assert result.exit_code == 2
    assert all(f"'{name}'" in result.stderr for name in SCHEMAS)


def test_record_of_a_run_is_valid_by_its_schema(invoke: Invoke, finished: Finished) -> None:
    schema = Draft202012Validator(json.loads(invoke("schema", "run").stdout))
    record = json.loads((finished.out / "run.json").read_bytes())
    assert list(schema.iter_errors(record)) == []
    assert not schema.is_valid({name: value for name, value in record.items() if name != "scenarios"})
    assert not schema.is_valid({**record, "more": 1})


def test_report_is_rendered_again_to_the_same_bytes(invoke: Invoke, finished: Finished, tmp_path: Path) -> None:
    # beside the blobs, as the first one was: elsewhere the links to exact bytes are left out
    run = shutil.copytree(finished.out, tmp_path / "run")
    result = invoke("report", run, "--output", run / "again")
    assert result.exit_code == 0
    assert Path(result.stdout.strip()) == run / "again" / "index.html"
    first = {p.relative_to(run / "report"): p.read_bytes() for p in (run / "report").rglob("*.html")}
    again = {p.relative_to(run / "again"): p.read_bytes() for p in (run / "again").rglob("*.html")}
    assert again == first


def test_report_gives_junit_and_the_record(invoke: Invoke, finished: Finished, tmp_path: Path) -> None:
    junit = invoke("report", finished.out, "--format", "junit")
    assert junit.exit_code == 0
    assert junit.stdout_bytes == (finished.out / "junit.xml").read_bytes()
    assert [c.get("name") for c in ElementTree.fromstring(junit.stdout).iter("testcase")] == [PASSING]
    assert invoke("report", finished.out, "--format", "json", "--output", tmp_path / "copy.json").exit_code == 0
    assert (tmp_path / "copy.json").read_bytes() == (finished.out / "run.json").read_bytes()


@pytest.mark.parametrize(("arguments", "said"), [(("nowhere",), "run.json"), ((".", "--format", "pdf"), "'junit'")])
def test_report_that_cannot_be_made_ends_with_2(invoke: Invoke, arguments: tuple[str, ...], said: str) -> None:
    result = invoke("report", *arguments)
    assert result.exit_code == 2
    assert said in result.stderr
