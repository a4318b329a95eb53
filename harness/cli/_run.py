"""`harness run`: scenarios against a system, to a run directory with a report."""

import asyncio
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from harness import report
from harness.cli._library import bundled_library
from harness.cli._packs import chosen_packs
from harness.cli._population import chosen_population
from harness.cli._progress import RunProgress, print_summary
from harness.cli._resume import RunOptions, keep_options, with_kept_options
from harness.cli._shared import ERR, absent_folder, cache_folder, sut_environment, unknown_faults
from harness.cli._words import word
from harness.errors import InputError, Problem
from harness.model import Run, Scenario, State, Statement, Sut
from harness.packs import Pack, bundled_data, load_statement, load_sut, select
from harness.reference import FAULTS
from harness.runner import (
    Row,
    RunSpec,
    Session,
    bundled_system,
    exit_status,
    misfits,
    plan_rows,
    run_id,
    untested,
    utc_now,
)
from harness.store import DiskCache, RunDirectory
from harness.validators import Validator

KINDS = ("trial", "acceptance")


def run_command(options: RunOptions) -> int:
    """Run, write record and report, print the summary; the report's absolute path is the last line of stdout.

    Everything the operator may have to change is looked at before the run directory is made, so that a mistake leaves
    none behind.
    """
    started = time.monotonic()
    _refuse_contradictions(options)
    with ExitStack() as stack:
        out = (options.resume or options.out or Path("runs") / run_id(utc_now())).absolute()
        resumed = stack.enter_context(RunDirectory.open_(out)) if options.resume else None
        if resumed is not None:
            options = with_kept_options(options)
        statement = load_statement(options.statement) if options.statement else None
        if options.sut is not None:
            load_sut(options.sut, sut_environment())
        packs = chosen_packs(options.packs, options.lang)
        library = bundled_library()
        population = chosen_population(options.population)
        scenarios = select(library, options.targets)
        if options.sut is not None:
            _refuse_claims(options, statement, scenarios, load_sut(options.sut, sut_environment()))
        directory = resumed or stack.enter_context(RunDirectory.create(out))
        keep_options(options, out)
        sut_path = options.sut
        if sut_path is None:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="harness-")))
            sut_path = stack.enter_context(
                bundled_system(
                    folder, faults=options.faults, documents=options.documents, population=options.population
                )
            )
        sut = load_sut(sut_path, sut_environment())
        if options.documents is not None and not sut.data.get("documents"):
            raise InputError(
                Problem(
                    code="E912",
                    option="--documents",
                    problem="no CDA document in this folder can be served",
                    found=str(options.documents),
                    hint="each file needs a recordTarget with a patient id and a name",
                )
            )
        _refuse_claims(options, statement, scenarios, sut)
        directory.keep_input("sut.yaml", sut_path)
        if options.statement is not None:
            directory.keep_input("statement.yaml", options.statement)
        spec = RunSpec(
            id=out.name,
            out=out,
            sut=sut,
            catalogue=library.requirements,
            population=population,
            kind=options.kind,
            lang=options.lang,
            seed=options.seed,
            bundled_system=options.sut is None,
            faults=options.faults,
            statement=statement,
            pki_dir=Path(sut.ours.pki) if sut.ours.pki else None,
        )
        run = _drive(spec, directory, plan_rows(scenarios, sut, statement), packs, options)
    index = write_outputs(run, out, options.lang)
    print_summary(ERR, run, options.lang, started)
    if run.state is State.ABORTED:
        ERR.print(word("resume", options.lang).format(path=out), style="bold", markup=False)
    sys.stdout.write(f"{index}\n")
    return exit_status(run)


def _refuse_claims(options: RunOptions, statement: Statement | None, scenarios: Sequence[Scenario], sut: Sut) -> None:
    """A statement fits the system; an acceptance says something of every claim, or does not begin."""
    if statement is None:
        return
    problems = list(misfits(statement, sut))
    if options.kind == "acceptance":
        rows = plan_rows(scenarios, sut, statement)
        problems += untested(statement, rows)
    if problems:
        raise InputError(problems)


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
    if options.kind == "acceptance":
        problems += [
            Problem(code="E921", option="--kind acceptance", problem=text, hint=hint)
            for wrong, text, hint in (
                (options.statement is None, "what is to be accepted is not said", "give --statement FILE"),
                (bool(options.targets), "the statement selects the scenarios", "leave the targets out, or run a trial"),
                (bool(options.faults), "a system with declared faults is not accepted", "leave --fault out"),
            )
            if wrong and options.resume is None
        ]
    problems += unknown_faults(options.faults, FAULTS)
    problems += absent_folder("--documents", options.documents)
    if problems:
        raise InputError(problems)


def _drive(
    spec: RunSpec, directory: RunDirectory, rows: tuple[Row, ...], packs: Sequence[Pack], options: RunOptions
) -> Run:
    validator = Validator(packs, cache=DiskCache(cache_folder()))
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
    ERR.print(text, markup=False)
    # waiting in the event loop, not in a thread that reads: Ctrl-C must end the wait
    typed = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_reader(sys.stdin.fileno(), typed.set)
    try:
        await typed.wait()
    finally:
        loop.remove_reader(sys.stdin.fileno())
    return sys.stdin.readline()


def write_outputs(run: Run, out: Path, lang: str) -> Path:
    """Write report and junit.xml beside the record; returns the report's first page."""
    templates = bundled_data() / "reports"
    index = report.render_html(run, out / "report", templates=templates, lang=lang, blobs=out / "blobs")
    (out / "junit.xml").write_bytes(report.render_junit(run))
    return index.absolute()
