"""What the documents say exists: links, commands, options, codes, fields, tables."""

import ast
import dataclasses
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import pytest
import typer

from harness.cli import app
from harness.model import (
    ROLL_UP_ORDER,
    TRIGGER_OPERATIONS,
    Cause,
    Environment,
    Exchange,
    FailureKind,
    Finding,
    OurSide,
    Patient,
    Practitioner,
    RowResult,
    Run,
    State,
    StepResult,
    SystemIdentity,
    Trigger,
    TriggerOutcome,
    Verdict,
)
from harness.packs import LINT_CODES, Library, bundled_data, load_library
from harness.packs._forms_sut import SutForm
from harness.packs._nodes import parse_yaml
from harness.packs._shape import read_form
from harness.reference import FAULTS
from harness.runner import INTERRUPTED, exit_status
from harness.runner._trigger import trigger_content
from harness.store import run_schema

PROJECT = Path(__file__).resolve().parents[2]
PAGES = sorted([*PROJECT.glob("*.md"), *PROJECT.glob("docs/**/*.md")])
OWN = [p for p in PAGES if not p.name.startswith("scenario-language")]
"""Pages whose every id is a real one; the language page has made-up examples and tests of its own."""
PAIRS = [(p, p.with_name(p.name.replace(".fr.md", ".md"))) for p in PAGES if p.name.endswith(".fr.md")]
WITH_STATUS = ["README.md", "README.fr.md", "docs/user-guide.md", "docs/user-guide.fr.md"]
OPTIONS_OF_OTHERS = ("--stdin",)
"""Of the made-up command in the pages about the trigger."""
WITH_SUT = ["README.md", "README.fr.md", "docs/user-guide.md", "docs/user-guide.fr.md"]
NOW = datetime(2026, 2, 3, 14, 15, tzinfo=UTC)

_LINK = re.compile(r"\[[^\]]+\]\(([^)\s]+)\)")
_FENCE = re.compile(r"^```\w*\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_SPAN = re.compile(r"`([^`\n]+)`")
_OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]*")
_REQUIREMENT = re.compile(r"(?<![\w-])(?:TRN|XCPD|XCAQ|XCAR|XDR|SAML|CDA|STS|AUD|DSC|GEN)(?:-[A-Z]{1,3})?-\d{3}\b")
_SCENARIO = re.compile(r"\b[A-Z]{3,4}(?:-[A-Z]{1,3})+-(?:POS|NEG|DOC)-\d{3}\b")
_NAME = re.compile(r"\b[a-z][a-z-]*(?:\.[a-z0-9][a-z0-9-]*){2,}\b")


def text_of(page: Path | str) -> str:
    return (PROJECT / page).read_text(encoding="utf-8")


def name_of(page: Path) -> str:
    return page.relative_to(PROJECT).as_posix()


@cache
def library() -> Library:
    return load_library(bundled_data() / "scenarios")


@cache
def options() -> dict[str, frozenset[str]]:
    """Command -> its options."""
    group = typer.main.get_command(app)
    assert isinstance(group, typer.core.TyperGroup)
    found = dict(group.commands)
    for name, command in group.commands.items():
        if isinstance(command, typer.core.TyperGroup):
            found |= {f"{name} {inner}": c for inner, c in command.commands.items()}
    return {name: frozenset({*(o for p in c.params for o in p.opts), "--help"}) for name, c in found.items()}


def quoted(text: str) -> Iterator[str]:
    """Code in the text: lines of blocks, then spans."""
    for block in _FENCE.findall(text):
        yield from block.splitlines()
    yield from _SPAN.findall(_FENCE.sub("", text))


def calls(text: str) -> Iterator[list[str]]:
    """Every `harness ...` a reader may type, as words."""
    for code in quoted(text):
        words = code.removeprefix("$ ").removeprefix(".venv/bin/").split()
        if words[:1] == ["harness"] and len(words) > 1:
            yield words[1:]


def row_of(page: str, number: int) -> str:
    """The row of the table of exit statuses for `number`."""
    rows = [line for line in text_of(page).splitlines() if re.match(rf"\| {number} \|", line)]
    assert len(rows) == 1, (page, number, rows)
    return rows[0]


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_lead_somewhere(page: Path) -> None:
    targets = [t for t in _LINK.findall(_FENCE.sub("", text_of(page))) if "://" not in t]
    missing = [t for t in targets if not (page.parent / t.partition("#")[0]).exists()]
    assert missing == []


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_commands_and_options_exist(page: Path) -> None:
    wrong = []
    for words in calls(text_of(page)):
        command = next((" ".join(words[:n]) for n in (2, 1) if " ".join(words[:n]) in options()), words[0])
        if command == "packs" and len(words) > 1:
            command = " ".join(words[:2])  # of a group the second word is one, too
        if command.startswith("--"):
            wrong += [] if command in ("--help", "--version") else [command]
        elif command not in options():
            wrong.append(command)
        else:
            used = {o for w in words[1:] for o in _OPTION.findall(w)}
            wrong += [f"{command} {o}" for o in sorted(used - options()[command])]
    assert wrong == []


@pytest.mark.parametrize("page", OWN, ids=name_of)
def test_options_mentioned_alone_exist(page: Path, pytestconfig: pytest.Config) -> None:
    known = frozenset().union(*options().values()) | {"--version", *OPTIONS_OF_OTHERS}
    used = {o for code in quoted(text_of(page)) for o in _OPTION.findall(code)}
    assert [o for o in sorted(used - known) if not is_known_to_pytest(pytestconfig, o)] == []


def is_known_to_pytest(config: pytest.Config, option: str) -> bool:
    try:
        config.getoption(option)
    except ValueError:
        return False
    return True


@pytest.mark.parametrize("page", OWN, ids=name_of)
def test_ids_codes_and_names_exist(page: Path) -> None:
    text = text_of(page)
    catalogue = library().catalogue
    scenarios = {s.id for s in library().scenarios}
    names = {*catalogue.mutations, *catalogue.faults, *FAULTS}
    areas = {name.partition(".")[0] for name in names}
    wrong = sorted(set(_REQUIREMENT.findall(text)) - set(library().requirements))
    wrong += sorted(set(_SCENARIO.findall(text)) - scenarios)
    wrong += sorted(set(re.findall(r"\bDEV-\d+\b", text)) - set(catalogue.deviations))
    wrong += sorted(set(re.findall(r"\b[EW][1-6]\d\d\b", text)) - set(LINT_CODES))
    wrong += sorted(n for n in set(_NAME.findall(text)) - names if n.partition(".")[0] in areas)
    assert wrong == []


@pytest.mark.parametrize("page", OWN, ids=name_of)
def test_paths_in_the_repository_exist(page: Path) -> None:
    roots = ("harness/", "scenarios/", "schemas/", "tests/", "docs/", "reports/", "benchmarks/")
    spans = {s for s in _SPAN.findall(_FENCE.sub("", text_of(page))) if s.startswith(roots) and " " not in s}
    assert [s for s in sorted(spans) if not any(PROJECT.glob(s.rstrip("/")))] == []


def test_a_wrong_command_or_option_would_be_seen() -> None:
    assert list(calls("`harness rum --sut x`\n```\n$ harness run --sott x\n```\n")) == [
        ["run", "--sott", "x"],
        ["rum", "--sut", "x"],
    ]
    assert "rum" not in options()
    assert "--sott" not in options()["run"]


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_pages_name_no_machine_and_no_registry(page: Path) -> None:
    assert re.findall(r"(?<![\w.])/(?:work|root|home|tmp|usr|opt)/\S*|pypi|pythonhosted", text_of(page)) == []


@pytest.mark.parametrize(("french", "english"), PAIRS, ids=[name_of(p) for p, _ in PAIRS])
def test_both_languages_have_the_same_build(french: Path, english: Path) -> None:
    def build(page: Path) -> list[str]:
        text = text_of(page)
        headings = [line.split(" ", 1)[0] for line in _FENCE.sub("", text).splitlines() if line.startswith("#")]
        tables = [str(len(line.split("|"))) for line in text.splitlines() if line.startswith("|---")]
        return [*headings, *tables]

    assert build(french) == build(english)


@pytest.mark.parametrize("page", ["docs/user-guide.md", "docs/trigger.md"])
def test_both_languages_show_the_same_data(page: str) -> None:
    def blocks(name: str) -> list[str]:
        found = [b for b in _FENCE.findall(text_of(name)) if b.lstrip().startswith(("{", "system:", "data:"))]
        return [re.sub(r"#.*", "", b) for b in found]

    assert blocks(page)
    assert blocks(page) == blocks(page.replace(".md", ".fr.md"))


def a_run(verdict: Verdict, state: State = State.DONE) -> Run:
    nothing = Environment(harness="", python="", platform="", libraries={})
    system = SystemIdentity(name="x", version="1")
    return Run(
        id="r", kind="trial", started_at=NOW, ended_at=NOW, state=state, verdict=verdict, system=system,
        sut_actors=(), rows=(), requirements=(), catalogue={}, packs=(), environment=nothing,
    )  # fmt: skip


STATUS_WORDS = {
    Verdict.PASS: ("pass", "réussi"),
    Verdict.WARNING: ("warning", "réserve"),
    Verdict.NOT_APPLICABLE: ("nothing applicable", "rien d'applicable"),
    Verdict.FAIL: ("a fail", "un échec"),
    Verdict.ERROR: ("harness fault", "défaut de l'outil"),
    Verdict.INCONCLUSIVE: ("inconclusive", "non concluant"),
    Verdict.REVIEW: ("review pending", "revue en attente"),
    Verdict.SKIPPED: ("skipped", "écartées"),
    Verdict.NOT_RUN: ("not run", "non exécutées"),
}


@pytest.mark.parametrize("verdict", Verdict, ids=str)
def test_the_guides_give_each_verdict_its_exit_status(verdict: Verdict) -> None:
    english, french = STATUS_WORDS[verdict]
    status = exit_status(a_run(verdict))
    assert english in row_of("docs/user-guide.md", status)
    assert french in row_of("docs/user-guide.fr.md", status)


@pytest.mark.parametrize("page", WITH_STATUS)
def test_the_table_of_exit_statuses_is_complete(page: str) -> None:
    table = {int(n) for n in re.findall(r"^\| (\d+) \|", text_of(page), re.MULTILINE)}
    assert table == {exit_status(a_run(v)) for v in Verdict} | {2, INTERRUPTED}
    assert "--resume" in text_of(page)
    assert exit_status(a_run(Verdict.PASS, State.ABORTED)) == INTERRUPTED


@pytest.mark.parametrize("page", WITH_STATUS)
def test_every_verdict_is_explained(page: str) -> None:
    first = [line.split("|")[1] for line in text_of(page).splitlines() if line.startswith("| ")]
    assert [v for v in Verdict if not any(re.search(rf"\b{v.value}\b", cell) for cell in first)] == []


@pytest.mark.parametrize("page", WITH_SUT)
def test_the_sut_examples_can_be_read(page: str) -> None:
    examples = [b for b in _FENCE.findall(text_of(page)) if b.startswith("system:")]
    assert examples
    for example in examples:
        tree, problems = parse_yaml(example.encode(), "sut.yaml")
        assert tree is not None
        assert (problems, read_form(tree, SutForm)[1]) == ((), ())


@pytest.mark.parametrize("page", ["docs/user-guide.md", "docs/user-guide.fr.md"])
def test_every_top_field_of_a_sut_file_is_explained(page: str) -> None:
    cells = [line.split("|")[1] for line in text_of(page).splitlines() if line.startswith("| `")]
    for name in SutForm.model_fields:
        assert any(f"`{name}" in cell for cell in cells), name


@pytest.mark.parametrize("page", ["docs/user-guide.md", "docs/user-guide.fr.md"])
def test_every_person_that_country_a_must_know_is_in_the_table(page: str) -> None:
    given = [s.given or {} for s in library().scenarios if s.applies.sut == "ncpeh-a"]
    wanted = {str(g.get("patient")) for g in given} & set(library().populations["default"].patients)
    assert wanted
    assert [p for p in sorted(wanted) if f"| `{p}` |" not in text_of(page)] == []


def test_the_table_of_rooms_is_the_one_the_tests_hold() -> None:
    tree = ast.parse((PROJECT / "tests" / "test_rooms.py").read_text(encoding="utf-8"))
    table = next(
        ast.literal_eval(node.value)
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(t := node.targets[0], ast.Name) and t.id == "MAY_IMPORT"
    )
    rows = {
        m[1]: set(m[2].split(", "))
        for m in re.finditer(r"^\| `(\w+)` \| [^|]+ \| ([^|]+) \|$", text_of("docs/architecture.md"), re.MULTILINE)
    }
    assert rows.pop("model") == {"-"}
    assert len(rows) > 7
    for room, allowed in rows.items():
        assert allowed == table[room], room


def test_roll_up_order_and_causes_are_those_of_the_code() -> None:
    text = " ".join(text_of("docs/architecture.md").split())
    assert ", ".join(v.value for v in ROLL_UP_ORDER) in text
    assert [c for c in Cause if f"| {c.value}" not in text] == []


def test_the_run_directory_page_names_every_field() -> None:
    text = text_of("docs/run-directory.md")
    fields = {f.name for t in (RowResult, StepResult, Finding, Exchange, TriggerOutcome) for f in dataclasses.fields(t)}
    properties = run_schema()["properties"]
    assert isinstance(properties, dict)
    missing = sorted(n for n in {*fields, *properties} if f"`{n}`" not in text)
    assert missing == []
    assert [k.value for k in FailureKind if f"`{k.value}`" not in text] == []


def test_the_run_directory_page_names_every_event() -> None:
    source = "".join(
        (PROJECT / "harness" / "runner" / name).read_text(encoding="utf-8")
        for name in ("session.py", "_interpreter.py")
    )
    table = set(re.findall(r"^\| `([a-z-]+)` \|", text_of("docs/run-directory.md").split("### An exchange")[0], re.M))
    written = set(re.findall(r'_event\(\s*"([a-z-]+)"', source)) | {
        "run-started",
        "run-resumed",
        "run-done",
        "run-interrupted",
    }
    assert table == written | {"step-done"}
    assert [name for name in sorted(table) if f'"{name}"' not in source] == []


@pytest.mark.parametrize("page", ["docs/trigger.md", "docs/trigger.fr.md"])
def test_the_trigger_page_shows_what_is_sent_and_answered(page: str) -> None:
    sent, answered = (json.loads(b) for b in _FENCE.findall(text_of(page)) if b.startswith("{"))
    population = library().populations["default"]
    patient: Patient = population.patients["pt-nominal"]
    practitioner: Practitioner = population.practitioners["physician"]
    step = next(s for scenario in library().scenarios for s in scenario.steps if isinstance(s, Trigger) and s.operation)
    real = json.loads(json.dumps(trigger_content(step, {}, OurSide(), patient, practitioner)))
    assert sent.keys() == real.keys()
    assert sent["patient"] == real["patient"]
    assert sent["practitioner"].keys() == real["practitioner"].keys()
    assert {k: sent[k] for k in ("country", "home_community", "kind", "level")} == {
        k: real[k] for k in ("country", "home_community", "kind", "level")
    }
    assert set(answered) == {"shown", "code", "message", "patients", "documents"}
    assert sent["operation"] in TRIGGER_OPERATIONS


def test_every_decision_is_in_the_index_once() -> None:
    index = text_of("docs/decisions/README.md")
    records = sorted(p.name for p in (PROJECT / "docs" / "decisions").glob("0*.md"))
    assert [r for r in records if index.count(f"({r})") != 1] == []
    assert [r[:4] for r in records] == [f"{n:04d}" for n in range(1, len(records) + 1)]
    for record in records:
        assert text_of(f"docs/decisions/{record}").startswith(f"# {record[:4]} ")
