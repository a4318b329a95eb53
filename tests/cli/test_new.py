"""`harness new scenario`: drafts that lint and run, answers that are refused; and the guide that uses it, command by command."""

import json
import re
import shlex
from pathlib import Path

import pytest
from typer.testing import Result

from tests.cli.cli_support import Invoke

DOCS = Path(__file__).resolve().parents[2] / "docs"
GUIDES = ("write-scenarios.md", "write-scenarios.fr.md")
DRAFTS = {
    "we ask, altered": ("ncpeh-a", "ITI-55", "saml.hcp.expired", "XCPD-A-039"),
    "we list, altered": ("ncpeh-a", "ITI-38", "xcaq.status.missing", "XCAQ-A-032"),
    "we fetch, altered": ("ncpeh-a", "ITI-39", "xcar.repository-id.unknown", "XCAR-A-010"),
    "we dispense, altered": ("ncpeh-a", "ITI-41", "xdr.document.missing", "XDR-A-005"),
    "we ask plainly": ("ncpeh-a", "ITI-39", "", "XCAR-A-001"),
    "it asks, we fail": ("ncpeh-b", "ITI-38", "xcaq.no-consent", "XCAQ-B-008"),
    "it fetches": ("ncpeh-b", "ITI-39", "", "XCAR-B-001"),
    "it dispenses, we fail": ("ncpeh-b", "ITI-41", "xdr.not-identifiable", "XDR-B-010"),
}


def new(invoke: Invoke, sut: str, transaction: str, alteration: str, requirement: str, id: str = "MY-001") -> Result:
    altered = ("--alter", alteration) if alteration else ()
    titles = ("--title-en", 'A "draft": one', "--title-fr", "Un brouillon : un")
    options = (
        "--sut",
        sut,
        "--transaction",
        transaction,
        *altered,
        "--cover",
        requirement,
        *titles,
        "--folder",
        "mine",
    )
    return invoke("new", "scenario", id, *options)


@pytest.mark.parametrize("name", DRAFTS)
def test_a_draft_has_nothing_for_lint_to_say(invoke: Invoke, name: str) -> None:
    result = new(invoke, *DRAFTS[name])
    assert result.exit_code == 0, result.stderr
    assert Path("mine/my-001.yaml").is_file()
    linted = invoke("lint", "mine")
    assert linted.exit_code == 0
    assert linted.stdout == ""


def test_drafts_run_and_the_bundled_system_passes_them(invoke: Invoke, system: Path) -> None:
    for n, answers in enumerate(DRAFTS.values()):
        new(invoke, *answers, id=f"MY-{n}")
    result = invoke("run", "mine", "--sut", system, "--out", "run")
    assert result.exit_code == 0, result.stderr
    assert len(json.loads(Path("run/run.json").read_bytes())["scenarios"]) == len(DRAFTS)


REFUSED = {
    "no system": (("--transaction", "ITI-55"), "--sut"),
    "unknown transaction": (("--sut", "ncpeh-a", "--transaction", "ITI-99"), "'ITI-99'"),
    "alteration of another transaction": (
        ("--sut", "ncpeh-a", "--transaction", "ITI-38", "--alter", "xcpd.receiver.other-community"),
        "no alteration of ITI-38 of this name",
    ),
    "fault where a mutation is wanted": (
        ("--sut", "ncpeh-a", "--transaction", "ITI-38", "--alter", "xcaq.no-consent"),
        "no alteration of ITI-38 of this name",
    ),
    "unknown requirement": (("--sut", "ncpeh-a", "--transaction", "ITI-55", "--cover", "NO-1"), "unknown requirement"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_wrong_answer_is_named_and_no_file_is_written(invoke: Invoke, name: str) -> None:
    options, said = REFUSED[name]
    result = invoke("new", "scenario", "MY-1", *options, "--title-en", "a", "--title-fr", "b", "--folder", "mine")
    assert result.exit_code == 2
    assert said in result.stderr
    assert not Path("mine").exists()


@pytest.mark.parametrize("id", ["my-1", "XCPD-A-NEG-002", "../X"], ids=["lower case", "taken", "path"])
def test_an_id_that_cannot_be_used_is_refused(invoke: Invoke, id: str) -> None:
    result = new(invoke, "ncpeh-a", "ITI-55", "", "XCPD-A-001", id=id)
    assert result.exit_code == 2
    assert not Path("mine").exists()


def test_a_file_that_exists_is_left_alone(invoke: Invoke) -> None:
    new(invoke, *DRAFTS["we ask plainly"])
    before = Path("mine/my-001.yaml").read_bytes()
    result = new(invoke, *DRAFTS["it fetches"])
    assert result.exit_code == 2
    assert Path("mine/my-001.yaml").read_bytes() == before


@pytest.mark.parametrize("name", GUIDES)
def test_the_guide_leads_to_a_scenario_that_bites(invoke: Invoke, name: str) -> None:
    page = (DOCS / name).read_text(encoding="utf-8")
    commands = re.findall(r"^```\nharness (.*)\n```$", page, re.MULTILINE)
    draft, more = re.findall(r"^```yaml\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    statuses = {}
    for command in commands:
        if "--sut sut.yaml" in command:
            continue
        result = invoke(*shlex.split(command))
        statuses[command] = result.exit_code
        if command.startswith("new "):
            file = Path("mine/my-a-neg-001.yaml")
            assert file.read_text(encoding="utf-8") == draft
            file.write_text(draft + more, encoding="utf-8")
        assert result.exit_code == (1 if "--fault" in command else 0), (command, result.stderr)
    assert [s for s in statuses.values() if s == 1] == [1]
    wrong = json.loads(Path("wrong/run.json").read_bytes())["scenarios"]
    assert [s["verdict"] for s in wrong] == ["fail"]
    accused = {r["id"] for s in wrong for r in s["requirements"] if r["verdict"] == "fail"}
    assert "XCPD-A-039" in accused
