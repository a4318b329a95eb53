"""`harness run`: scenarios against a system, to a run directory with a report."""

import asyncio
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from harness import report
from harness.cli._progress import RunProgress, print_summary, word
from harness.cli._shared import ERR, sut_environment
from harness.errors import InputError, Problem
from harness.model import Run, State
from harness.packs import Pack, bundled_data, load_library, load_sut, packs_with_builtin, select
from harness.runner import Row, RunSpec, Session, bundled_system, exit_status, plan_rows, run_id, utc_now
from harness.store import RunDirectory
from harness.validators import Validator

KINDS = ("trial",)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOptions:
    """What the command line asked for."""

    targets: tuple[str, ...] = ()
    sut: Path | None = None
    packs: tuple[Path, ...] = ()
    kind: str = "trial"
    out: Path | None = None
    resume: Path | None = None
    seed: int | None = None
    lang: str = "en"
    documents: Path | None = None
    faults: tuple[str, ...] = ()
    verbose: bool = False


def run_command(options: RunOptions) -> int:
    """Run, write record and report, print the summary; the report's absolute path is the last line of stdout."""
    _refuse_contradictions(options)
    started = time.monotonic()
    library = load_library(bundled_data() / "scenarios")
    scenarios = select(library, options.targets)
    packs = packs_with_builtin(options.packs)
    now = utc_now()
    identifier = run_id(now)
    with ExitStack() as stack:
        out = (options.resume or options.out or Path("runs") / identifier).absolute()
        directory = stack.enter_context(RunDirectory.open_(out) if options.resume else RunDirectory.create(out))
        sut_path = options.sut
        if sut_path is None:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="harness-")))
            sut_path = stack.enter_context(bundled_system(folder, faults=options.faults, documents=options.documents))
        sut = load_sut(sut_path, sut_environment())
        directory.keep_input("sut.yaml", sut_path)
        spec = RunSpec(
            id=out.name,
            out=out,
            sut=sut,
            catalogue=library.requirements,
            population=library.populations["default"],
            kind=options.kind,
            lang=options.lang,
            seed=options.seed,
            bundled_system=options.sut is None,
            faults=options.faults,
            pki_dir=Path(sut.ours.pki) if sut.ours.pki else None,
        )
        rows = plan_rows(scenarios, sut)
        run = _drive(spec, directory, rows, packs, options)
    index = write_outputs(run, out, options.lang)
    print_summary(ERR, run, options.lang, started)
    if run.state is State.ABORTED:
        ERR.print(word("resume", options.lang).format(path=out), style="bold")
    sys.stdout.write(f"{index}\n")
    return exit_status(run)


def _refuse_contradictions(options: RunOptions) -> None:
    problems = []
    if options.sut is not None and (options.faults or options.documents):
        name = "--fault" if options.faults else "--documents"
        problems.append(
            Problem(
                code="E902",
                option=name,
                problem="only the bundled reference system can be told this",
                hint="leave --sut out, or give the option to `harness reference-system`",
            )
        )
    if options.resume is not None and options.out is not None:
        problems.append(Problem(code="E903", option="--out", problem="a resumed run goes on in its own folder"))
    if options.kind not in KINDS:
        problems.append(
            Problem(code="E904", option="--kind", problem="unknown kind of run", expected=KINDS, found=options.kind)
        )
    if problems:
        raise InputError(problems)


def _drive(
    spec: RunSpec, directory: RunDirectory, rows: tuple[Row, ...], packs: Sequence[Pack], options: RunOptions
) -> Run:
    validator = Validator(packs)
    try:
        with RunProgress(ERR, len(rows), options.lang, verbose=options.verbose) as progress:
            session = Session(spec, directory, validator, progress=progress, ask_person=_ask_person)
            return asyncio.run(_run_rows(session, rows, options.resume))
    finally:
        validator.close()


async def _run_rows(session: Session, rows: tuple[Row, ...], resumed: Path | None) -> Run:
    """Rows in order; Ctrl-C and SIGTERM end after what was observed is on the disk."""
    task = asyncio.current_task()
    assert task is not None
    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(name, task.cancel)
    state = State.DONE
    left = session.begin(rows, resumed=resumed)
    try:
        async with session:
            for row in left:
                await session.run_row(row)
    except asyncio.CancelledError:
        state = State.ABORTED
        task.uncancel()
    finally:
        for name in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(name)
    return session.finish(rows, state)


async def _ask_person(text: str) -> str:
    if not sys.stdin.isatty():
        raise InputError(
            Problem(code="E702", option="actors.ncpeh-b.trigger", problem="a person is needed and this is no terminal")
        )
    ERR.print(text)
    return await asyncio.to_thread(sys.stdin.readline)


def write_outputs(run: Run, out: Path, lang: str) -> Path:
    """Write report and junit.xml beside the record; returns the report's first page."""
    index = report.render_html(run, out / "report", templates=bundled_data() / "reports", lang=lang)
    (out / "junit.xml").write_bytes(report.render_junit(run))
    return index.absolute()
