"""The pytest plugin: every YAML file with a `scenario:` key is a test file, every row an item.

`fail` is a failure; `error`, `inconclusive`, `review` and `not_run` are errors (raised while the item is set up, because
nothing was proven about the system); `skipped` and `not_applicable` are skips. Without --harness-sut each worker tests a
bundled reference system of its own. What is printed for a failure is the step, what was expected and found, the
requirement and where the evidence lies, never a traceback, unless the harness itself broke. Workers of pytest-xdist write
run directories of their own, which the controller merges into one with record, report and junit.xml.
"""

import asyncio
import os
import re
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import allure
import pytest

from harness import report
from harness.errors import HarnessError, InputError
from harness.model import Exchange, Finding, RowResult, Run, Severity, StepResult, Verdict
from harness.packs import Library, bundled_data, load_library, load_sut, packs_with_builtin, select
from harness.runner import Row, RunSpec, Session, bundled_system, merge_runs, plan_rows, run_id, utc_now
from harness.store import RunDirectory, load_run, merge_directories
from harness.validators import Validator

_SCENARIO = re.compile(rb"^scenario:", re.MULTILINE)
_ERRORS = frozenset({Verdict.ERROR, Verdict.INCONCLUSIVE, Verdict.REVIEW, Verdict.NOT_RUN})
_SKIPS = frozenset({Verdict.SKIPPED, Verdict.NOT_APPLICABLE})
_RUNTIME = pytest.StashKey["Runtime"]()
_OUT = pytest.StashKey[Path]()


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("harness", "MyHealth@EU conformance scenarios")
    group.addoption("--harness-sut", metavar="FILE", help="SUT file; without it the bundled reference system is tested")
    group.addoption(
        "--harness-pack", metavar="DIR", action="append", default=[], help="folder of artefacts; repeatable"
    )
    group.addoption("--harness-out", metavar="DIR", help="run directory (default runs/<time>-<id>)")
    group.addoption("--harness-lang", metavar="LANG", default="en", choices=("en", "fr"), help="en or fr")
    group.addoption("--harness-documents", metavar="DIR", help="CDA files the bundled system is to serve")
    group.addoption(
        "--harness-fault", metavar="NAME", action="append", default=[], help="fault of the bundled system; repeatable"
    )


def pytest_configure(config: pytest.Config) -> None:
    given = config.getoption("--harness-out")
    worker: Mapping[str, str] | None = getattr(config, "workerinput", None)
    if worker is not None and "harness_out" in worker:
        config.stash[_OUT] = Path(worker["harness_out"]) / "workers" / worker["workerid"]
    else:
        config.stash[_OUT] = Path(given or Path("runs") / run_id(utc_now())).absolute()


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell a worker of pytest-xdist where the run directory of this session is."""
    node.workerinput["harness_out"] = str(node.config.stash[_OUT])


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    if file_path.suffix not in (".yaml", ".yml") or not _SCENARIO.search(file_path.read_bytes()):
        return None
    collector: ScenarioFile = ScenarioFile.from_parent(parent, path=file_path)
    return collector


def pytest_sessionfinish(session: pytest.Session) -> None:
    runtime = session.config.stash.get(_RUNTIME, None)
    if runtime is not None:
        runtime.finish()
    if not hasattr(session.config, "workerinput"):
        _merge_workers(session.config)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    index = config.stash[_OUT] / "report" / "index.html"
    if index.is_file():
        terminalreporter.write_line(f"harness report: {index}")


def _merge_workers(config: pytest.Config) -> None:
    out = config.stash[_OUT]
    folders = sorted((out / "workers").glob("*/run.json"))
    if not folders:
        return
    with RunDirectory.create(out) as directory:
        merge_directories([f.parent for f in folders], directory)
        run = merge_runs([load_run(f.parent) for f in folders], out.name)
        directory.write_run(run)
    _write_outputs(run, out, config.getoption("--harness-lang"))


def _write_outputs(run: Run, out: Path, lang: str) -> None:
    report.render_html(run, out / "report", templates=bundled_data() / "reports", lang=lang)
    (out / "junit.xml").write_bytes(report.render_junit(run))


class Runtime:
    """One run per process, made when the first scenario is collected."""

    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        self.out = config.stash[_OUT]
        self.lang: str = config.getoption("--harness-lang")
        self._stack = ExitStack()
        self.library: Library = load_library(bundled_data() / "scenarios")
        sut_option = config.getoption("--harness-sut")
        if sut_option:
            self._sut_path = Path(sut_option)
        else:
            folder = Path(self._stack.enter_context(tempfile.TemporaryDirectory(prefix="harness-")))
            documents = config.getoption("--harness-documents")
            self._sut_path = self._stack.enter_context(
                bundled_system(
                    folder,
                    faults=config.getoption("--harness-fault"),
                    documents=Path(documents) if documents else None,
                )
            )
        self.sut = load_sut(self._sut_path, dict(os.environ))
        self._bundled = not sut_option
        self._rows: dict[str, Row] = {}
        self._loop: asyncio.Runner | None = None
        self._session: Session | None = None

    def rows_of(self, path: Path) -> tuple[Row, ...]:
        """The rows of the scenarios in one file."""
        return plan_rows(select(self.library, [str(path)]), self.sut)

    def run(self, row: Row) -> RowResult:
        """The result of `row`; peers are started with the first one."""
        if self._loop is None:
            self._start()
        assert self._loop is not None
        assert self._session is not None
        self._rows[row.id] = row
        return self._loop.run(self._session.run_row(row))

    def _start(self) -> None:
        directory = self._stack.enter_context(RunDirectory.create(self.out))
        directory.keep_input("sut.yaml", self._sut_path)
        self._validator = Validator(packs_with_builtin([Path(p) for p in self.config.getoption("--harness-pack")]))
        self._stack.callback(self._validator.close)
        worker = os.environ.get("PYTEST_XDIST_WORKER", "")
        spec = RunSpec(
            id=self.out.name,
            out=self.out,
            sut=self.sut,
            catalogue=self.library.requirements,
            population=self.library.populations["default"],
            lang=self.lang,
            bundled_system=self._bundled,
            faults=tuple(self.config.getoption("--harness-fault")),
            pki_dir=Path(self.sut.ours.pki) if self.sut.ours.pki else None,
            exchange_prefix=f"{worker}x" if worker else "x",
        )
        self._loop = asyncio.Runner()
        self._session = Session(spec, directory, self._validator)
        self._session.begin(())
        self._loop.run(self._session.__aenter__())

    def finish(self) -> None:
        """Write the record (and, in a session of one process, the report) and end what was started."""
        try:
            if self._loop is not None and self._session is not None:
                self._loop.run(self._session.__aexit__(None, None, None))
                run = self._session.finish(self._rows.values())
                if not hasattr(self.config, "workerinput"):
                    _write_outputs(run, self.out, self.lang)
                self._loop.close()
        finally:
            self._stack.close()


def _runtime(config: pytest.Config) -> Runtime:
    if _RUNTIME not in config.stash:
        try:
            config.stash[_RUNTIME] = Runtime(config)
        except HarnessError as exc:
            raise pytest.UsageError(str(exc)) from exc
    return config.stash[_RUNTIME]


class ScenarioFile(pytest.File):
    """One scenario file; its rows are its items."""

    def collect(self) -> Iterable[pytest.Item]:
        runtime = _runtime(self.config)
        try:
            rows = runtime.rows_of(self.path)
        except InputError as exc:
            raise self.CollectError("\n".join(str(p) for p in exc.problems)) from exc
        for row in rows:
            yield ScenarioItem.from_parent(self, name=row.id, row=row)


class RowNotPassed(Exception):
    """A row that is no pass; carries its result for printing."""

    def __init__(self, result: RowResult) -> None:
        self.result = result
        super().__init__(f"{result.id}: {result.verdict.value}: {result.reason}")


class ScenarioItem(pytest.Item):
    """One row."""

    def __init__(self, *, row: Row, **rest: Any) -> None:
        super().__init__(**rest)
        self.row = row
        self.result: RowResult | None = None
        scenario = row.scenario
        for tag in (*scenario.tags, scenario.applies.profile, scenario.applies.sut):
            self.config.addinivalue_line("markers", f"{tag}: scenario tag")
            self.add_marker(tag)

    def setup(self) -> None:
        super().setup()
        runtime = _runtime(self.config)
        self.result = runtime.run(self.row)
        _tell_allure(self.result, runtime.lang)
        if self.result.verdict in _SKIPS:
            pytest.skip(self.result.reason or self.result.verdict.value)
        if self.result.verdict in _ERRORS:
            raise RowNotPassed(self.result)

    def runtest(self) -> None:
        assert self.result is not None
        if self.result.verdict is Verdict.FAIL:
            raise RowNotPassed(self.result)
        if self.result.verdict is Verdict.WARNING:
            self.add_report_section("call", "warnings", "\n".join(failure_lines(self.result, self._lang)))

    @property
    def _lang(self) -> str:
        return str(self.config.getoption("--harness-lang"))

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """What is printed: the finding for a verdict, the traceback only for a fault of ours."""
        if isinstance(excinfo.value, RowNotPassed):
            out = _runtime(self.config).out
            return "\n".join([*failure_lines(excinfo.value.result, self._lang), f"evidence: {out}"])
        if isinstance(excinfo.value, InputError):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int, str]:
        return self.path, self.row.scenario.at.line - 1, f"{self.row.id}: {self.row.scenario.title.in_(self._lang)}"


def failure_lines(result: RowResult, lang: str) -> Iterator[str]:
    """The lines that tell why a row is no pass: step, expected, found, requirement, place, what to do."""
    cause = f" ({result.cause.value})" if result.cause else ""
    yield f"{result.id}: {result.verdict.value}{cause}: {result.title.in_(lang)}"
    told = False
    for step in result.steps:
        if step.verdict in (Verdict.PASS, Verdict.NOT_APPLICABLE):
            continue
        told = True
        yield f"  step {step.path} ({result.source}:{step.line}): {step.title.in_(lang)}: {step.verdict.value}"
        findings = [f for f in step.findings if f.severity is not Severity.INFORMATION]
        if not findings:
            yield f"    expected: {step.expected or '-'}"
            yield f"    found:    {step.found or step.reason or '-'}"
        for finding in findings:
            yield from _finding_lines(finding)
    if not told and result.reason:
        yield f"  {result.reason}"


def _finding_lines(finding: Finding) -> Iterator[str]:
    yield f"    requirement: {finding.requirement or finding.rule}"
    if finding.message:
        yield f"    message:  {finding.message}"
    yield f"    expected: {finding.expected or '-'}"
    yield f"    found:    {finding.found or '-'}"
    place = finding.at.message + (f":{finding.at.line}:{finding.at.column or '?'}" if finding.at.line else "")
    yield f"    where:    {place} {finding.at.xpath or ''}".rstrip()
    if finding.next:
        yield f"    next:     {finding.next}"


class _StepNotPassed(Exception):
    """Marks a step of an Allure report."""


def _tell_allure(result: RowResult, lang: str) -> None:
    """Labels, links, steps and attachments of the row; without --alluredir these calls do nothing."""
    allure.dynamic.title(f"{result.id} {result.title.in_(lang)}")
    allure.dynamic.epic(result.profile)
    allure.dynamic.feature(result.sut_actor)
    allure.dynamic.story(result.scenario)
    for name, value in (("profile", result.profile), ("actor", result.sut_actor), ("scenario", result.scenario)):
        allure.dynamic.label(name, value)
    for tag in result.tags:
        allure.dynamic.tag(tag)
    for requirement in result.covers:
        allure.dynamic.label("requirement", requirement)
    if result.row is not None:
        allure.dynamic.parameter("row", result.row)
    allure.dynamic.severity({1: "critical", 2: "normal", 3: "minor"}.get(result.priority, "normal"))
    exchanges = {x.id: x for x in result.exchanges}
    for step in result.steps:
        _allure_step(step, exchanges, result, lang)


def _allure_step(step: StepResult, exchanges: Mapping[str, Exchange], result: RowResult, lang: str) -> None:
    try:
        with allure.step(f"{step.path} {step.title.in_(lang)}: {step.verdict.value}"):
            if step.verb in ("send", "receive"):
                for name in step.exchanges:
                    _attach(exchanges[name])
            if step.findings:
                text = "\n".join(line for f in step.findings for line in _finding_lines(f))
                allure.attach(text, "findings", allure.attachment_type.TEXT)
            if step.verdict is Verdict.FAIL:
                raise AssertionError(step.reason or step.found)
            if step.verdict in _ERRORS:
                raise _StepNotPassed(step.reason or step.verdict.value)
    except (AssertionError, _StepNotPassed):
        return


def _attach(exchange: Exchange) -> None:
    allure.attach(exchange.request.raw, f"{exchange.id} request", allure.attachment_type.TEXT)
    if exchange.response is not None:
        allure.attach(exchange.response.raw, f"{exchange.id} response", allure.attachment_type.TEXT)


__all__ = ["RowNotPassed", "ScenarioFile", "ScenarioItem", "failure_lines"]
