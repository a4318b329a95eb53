"""One run per process: made when the first scenario file is collected, its peers started with the first row."""

import asyncio
import fcntl
import os
import tempfile
import warnings
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest

from harness import report
from harness.errors import HarnessError, InputError, Problem
from harness.model import Audit, Check, RowResult, Run, State, walk
from harness.packs import Pack, bundled_data, load_library, load_sut, packs_with_builtin, select
from harness.reference import FAULTS
from harness.runner import Row, RunSpec, Session, assemble, bundled_system, merge_runs, plan_rows
from harness.store import PackStore, RunDirectory, cache_folder, load_run, merge_directories
from harness.validators import Validator

_RUNTIME = pytest.StashKey["Runtime"]()
_BROKEN = pytest.StashKey[str]()


def refuse_wrong_options(config: pytest.Config) -> None:
    """Nothing, when the options can be used.

    Raises:
        pytest.UsageError: with every problem of the SUT file and the other options.
    """
    sut, documents = config.getoption("--harness-sut"), config.getoption("--harness-documents")
    faults: list[str] = config.getoption("--harness-fault")
    problems = [
        Problem(option="--harness-fault", problem="unknown fault", found=name) for name in faults if name not in FAULTS
    ]
    if documents and not Path(documents).is_dir():
        problems.append(Problem(option="--harness-documents", problem="no such folder", found=documents))
    if sut and (faults or documents):
        name = "--harness-fault" if faults else "--harness-documents"
        problems.append(Problem(option=name, problem="only the bundled reference system can be told this"))
    loads: list[Callable[[], object]] = [partial(_packs, config)]
    if sut:
        loads.append(partial(load_sut, Path(sut), dict(os.environ)))
    for load in loads:
        try:
            load()
        except InputError as exc:
            problems += exc.problems
    if problems:
        raise pytest.UsageError("\n".join(str(p) for p in problems))


def _packs(config: pytest.Config) -> tuple[Pack, ...]:
    store = PackStore(cache_folder(os.environ, Path.home()) / "packs")
    return store.chosen([Path(p) for p in config.getoption("--harness-pack")], datetime.now(UTC).date())


def runtime_of(config: pytest.Config, out: Path) -> "Runtime":
    """The run of this process, made the first time.

    Raises:
        HarnessError: it cannot be made; said again, not tried again, for each further scenario file.
    """
    if _BROKEN in config.stash:
        raise HarnessError(config.stash[_BROKEN])
    if _RUNTIME not in config.stash:
        try:
            config.stash[_RUNTIME] = Runtime(config, out)
        except HarnessError as exc:
            config.stash[_BROKEN] = str(exc)
            raise
    return config.stash[_RUNTIME]


def finish(config: pytest.Config, *, interrupted: bool) -> None:
    """End the run of this process, when there is one."""
    runtime = config.stash.get(_RUNTIME, None)
    if runtime is not None:
        runtime.finish(State.ABORTED if interrupted else State.DONE)


def merge_workers(config: pytest.Config, out: Path) -> None:
    """Make one run directory at `out` of those that workers wrote below it; nothing to do without workers."""
    folders = [path.parent for path in sorted((out / "workers").glob("*/run.json"))]
    if not folders:
        return
    with RunDirectory.create(out) as directory:
        merge_directories(folders, directory)
        run = merge_runs([load_run(folder) for folder in folders], out.name)
        directory.write_run(run)
    _write_outputs(run, out, config.getoption("--harness-lang"))


def _write_outputs(run: Run, out: Path, lang: str) -> None:
    templates = bundled_data() / "reports"
    report.render_html(run, out / "report", templates=templates, lang=lang, blobs=out / "blobs")
    (out / "junit.xml").write_bytes(report.render_junit(run))


class Runtime:
    """One run of one process."""

    def __init__(self, config: pytest.Config, out: Path) -> None:
        self.config = config
        self.out = out
        self.lang: str = config.getoption("--harness-lang")
        self._worker: str | None = (getattr(config, "workerinput", None) or {}).get("workerid")
        self._stack = ExitStack()
        self._rows: dict[str, Row] = {}
        self._results: dict[str, RowResult] = {}
        self._loop: asyncio.Runner | None = None
        self._session: Session | None = None
        with ExitStack() as undo:
            undo.callback(self._stack.close)
            self.library = load_library(bundled_data() / "scenarios")
            self._sut_path = self._find_sut()
            self.sut = load_sut(self._sut_path, dict(os.environ))
            undo.pop_all()
        fixed = any(self.sut.ours.ports.values())
        self._shares_ports = self._worker is not None and fixed and bool(config.getoption("--harness-sut"))

    def rows_of(self, path: Path) -> tuple[Row, ...]:
        """The rows of the scenarios in one file."""
        return plan_rows(select(self.library, [str(path)]), self.sut)

    def run(self, row: Row) -> RowResult:
        """The result of `row`; peers are started with the first one."""
        if self._loop is None or self._session is None:
            self._loop, self._session = self._start()
        self._rows[row.id] = row
        if self._shares_ports and _is_called(row):
            self._results[row.id] = self._loop.run(self._run_called(row))
        else:
            self._results[row.id] = self._loop.run(self._session.run_row(row))
        return self._results[row.id]

    def finish(self, state: State) -> None:
        """Write the record (and, in a session of one process, the report) and end what was started."""
        try:
            if self._loop is not None and self._session is not None:
                self._loop.run(self._session.__aexit__(None, None, None))
                run = self._session.finish(self._rows.values(), state)
                run = assemble(
                    self._spec, tuple(self._results.values()), run.packs, run.started_at, run.ended_at, state
                )
                self._directory.write_run(run)
                if self._worker is None:
                    _write_outputs(run, self.out, self.lang)
                self._loop.close()
        finally:
            self._stack.close()

    async def _run_called(self, row: Row) -> RowResult:
        """The result of a row in which the SUT calls us at ports that all workers share: one worker at a time has them."""
        with (self.out.parent / "ports.lock").open("w") as lock:
            await asyncio.to_thread(fcntl.flock, lock, fcntl.LOCK_EX)
            spec = replace(self._spec, sut=self.sut, exchange_prefix=f"{self._worker}b{len(self._rows)}x")
            async with Session(spec, self._directory, self._validator) as session:
                return await session.run_row(row)

    def _find_sut(self) -> Path:
        given = self.config.getoption("--harness-sut")
        if given:
            return Path(given)
        folder = Path(self._stack.enter_context(tempfile.TemporaryDirectory(prefix="harness-")))
        documents = self.config.getoption("--harness-documents")
        return self._stack.enter_context(
            bundled_system(
                folder,
                faults=self.config.getoption("--harness-fault"),
                documents=Path(documents) if documents else None,
            )
        )

    def _start(self) -> tuple[asyncio.Runner, Session]:
        self._directory = self._stack.enter_context(RunDirectory.create(self.out))
        self._directory.keep_input("sut.yaml", self._sut_path)
        packs = _packs(self.config)
        for pack in packs:
            if pack.status != "valid":
                warnings.warn(pytest.PytestWarning(f"{pack.coordinate} is {pack.status}"), stacklevel=1)
        self._validator = self._stack.enter_context(Validator(packs_with_builtin(packs)))
        bundled = not self.config.getoption("--harness-sut")
        # nobody calls us in other rows about country A, so workers need not fight over the ports that the SUT file fixes
        sut = replace(self.sut, ours=replace(self.sut.ours, ports={})) if self._shares_ports else self.sut
        self._spec = RunSpec(
            id=self.out.name,
            out=self.out,
            sut=sut,
            catalogue=self.library.requirements,
            population=self.library.populations["default"],
            lang=self.lang,
            bundled_system=bundled,
            faults=tuple(self.config.getoption("--harness-fault")),
            pki_dir=Path(sut.ours.pki) if sut.ours.pki else None,
            exchange_prefix=f"{self._worker}x" if self._worker else "x",
        )
        loop = asyncio.Runner()
        session = Session(self._spec, self._directory, self._validator)
        session.begin(())
        loop.run(session.__aenter__())
        return loop, session


def _is_called(row: Row) -> bool:
    """Whether the SUT calls us in `row`: with requests of country B, or with audit records that a step waits for."""
    steps = walk(row.scenario.steps)
    return row.scenario.applies.sut == "ncpeh-b" or any(
        isinstance(s, Check) and isinstance(s.test, Audit) for s in steps
    )
