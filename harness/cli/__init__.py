"""The command `harness`: arguments, environment and exit codes. Thin: everything it does, a room below does.

Exit status everywhere: 0 pass, warning or nothing applicable; 1 a fail; 2 the operator must change a file or option;
3 not decidable; 130 interrupted. Results go to stdout or --output alone, progress and messages to stderr.
"""

import os
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from harness import __version__
from harness.cli._packs_app import packs_app
from harness.cli._shared import ERR, INTERRUPTED, OPERATOR, PASSED, UNDECIDED, language, print_problems
from harness.errors import HarnessError, InputError
from harness.safexml import DEFAULT_LIMITS

app = typer.Typer(
    name="harness",
    help="Conformance testing of MyHealth@EU national contact points: scenarios, simulated peers, validation, evidence, report.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

# plain aliases: typer does not look through those of a `type` statement, and --pack would take one value only
Lang = Annotated[str | None, typer.Option("--lang", metavar="en|fr", help="Language; default: the locale's.")]
Packs = Annotated[
    list[Path] | None, typer.Option("--pack", help="Folder of artefacts, or coordinate of an added pack; repeatable.")
]

PopulationName = Annotated[
    str | None, typer.Option("--population", help="Population: the name of a bundled one, or a file; default: default.")
]


def main() -> None:
    """Entry point of the console script.

    The commands import what they need when they are called, because --help and --version need none of it and the rooms
    below take a second to load.
    """
    try:
        app()
    except Exception:  # noqa: BLE001 - a fault of ours must not end as 1, which accuses the system
        traceback.print_exc()
        sys.exit(UNDECIDED)


def _end(command: Callable[[], int]) -> None:
    """Run `command` and end the process with its status; our own errors become messages and a status."""
    try:
        code = command()
        sys.stdout.flush()
    except InputError as exc:
        print_problems(exc.problems)
        code = OPERATOR
    except HarnessError as exc:
        ERR.print(f"{type(exc).__name__}: {exc}", markup=False)
        code = UNDECIDED
    except KeyboardInterrupt:
        code = INTERRUPTED
    except BrokenPipeError:
        # the reader has seen enough; what is still buffered must have somewhere to go when the interpreter ends
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = PASSED
    raise typer.Exit(code)


def _version(wanted: bool) -> None:
    if wanted:
        sys.stdout.write(f"harness {__version__}\n")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Options of the command itself."""


@app.command()
def run(
    targets: Annotated[
        list[str] | None, typer.Argument(metavar="[PATH|ID|TAG]...", help="Scenarios to run; all of them without any.")
    ] = None,
    sut: Annotated[
        Path | None, typer.Option(help="SUT file; without it the bundled reference system is tested.")
    ] = None,
    statement: Annotated[
        Path | None, typer.Option(help="Statement file: what is claimed; it selects the obligatory scenarios.")
    ] = None,
    pack: Packs = None,
    kind: Annotated[str, typer.Option(help="Kind of run: trial or acceptance.")] = "trial",
    out: Annotated[Path | None, typer.Option(help="Run directory; default runs/<time>-<id>.")] = None,
    resume: Annotated[Path | None, typer.Option(help="Continue the interrupted run in this directory.")] = None,
    seed: Annotated[int | None, typer.Option(help="Makes the identifiers of our side repeat.")] = None,
    population: PopulationName = None,
    documents: Annotated[
        Path | None, typer.Option(help="CDA files the bundled system is to serve, flat or nested.")
    ] = None,
    fault: Annotated[
        list[str] | None, typer.Option(help="Declared fault of the bundled system to switch on; repeatable.")
    ] = None,
    lang: Lang = None,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Print rows that pass, too.")] = False,
) -> None:
    """Run scenarios against a system; the last line of stdout is the path of the report."""

    def command() -> int:
        from harness.cli._resume import RunOptions
        from harness.cli._run import run_command

        return run_command(
            RunOptions(
                targets=tuple(targets or ()),
                sut=sut,
                statement=statement,
                packs=tuple(pack or ()),
                kind=kind,
                out=out,
                resume=resume,
                seed=seed,
                lang=language(lang),
                population=population,
                documents=documents,
                faults=tuple(fault or ()),
                verbose=verbose,
            )
        )

    _end(command)


@app.command()
def validate(
    files: Annotated[
        list[Path] | None,
        typer.Argument(metavar="FILE...", help="Files, folders (recursive, *.xml) or - for stdin."),
    ] = None,
    as_: Annotated[
        str,
        typer.Option("--as", help="Kind (cda:patient-summary:3) or coordinate to validate as; help lists them."),
    ] = "auto",
    pack: Packs = None,
    xsd: Annotated[list[Path] | None, typer.Option(help="XML Schema that judges everything given; repeatable.")] = None,
    schematron: Annotated[
        list[Path] | None, typer.Option(help="Schematron that judges everything given; repeatable.")
    ] = None,
    engine: Annotated[str, typer.Option(help="Schematron engine: saxon, pyschematron or both.")] = "saxon",
    phase: Annotated[str | None, typer.Option(help="Schematron phase: an id, #DEFAULT or #ALL.")] = None,
    format_: Annotated[str, typer.Option("--format", help="text, json, junit, html or svrl.")] = "text",
    output: Annotated[Path | None, typer.Option(help="File (one input) or folder (several) for the results.")] = None,
    jobs: Annotated[int | None, typer.Option(help="Documents at the same time; default: one a processor.")] = None,
    max_bytes: Annotated[int, typer.Option(help="Size above which a document is refused.")] = DEFAULT_LIMITS.max_bytes,
    max_depth: Annotated[int, typer.Option(help="Nesting above which it is refused.")] = DEFAULT_LIMITS.max_depth,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print only what fails.")] = False,
    lang: Lang = None,
) -> None:
    """Validate documents and messages against the packs: well-formed, XML Schema, Schematron."""

    def command() -> int:
        from harness.cli._validate import ValidateOptions, validate_command

        return validate_command(
            ValidateOptions(
                files=tuple(files or ()),
                as_=as_,
                packs=tuple(pack or ()),
                xsd=tuple(xsd or ()),
                schematron=tuple(schematron or ()),
                engine=engine,
                phase=phase,
                format=format_,
                output=output,
                jobs=jobs,
                max_bytes=max_bytes,
                max_depth=max_depth,
                quiet=quiet,
                lang=language(lang),
            )
        )

    _end(command)


@app.command("reference-system")
def reference_system(
    actor: Annotated[list[str] | None, typer.Option(help="ncpeh-a or ncpeh-b; repeatable.")] = None,
    fault: Annotated[list[str] | None, typer.Option(help="Declared fault to switch on; repeatable.")] = None,
    list_faults: Annotated[bool, typer.Option("--list-faults", help="Print the declared faults and end.")] = False,
    list_departures: Annotated[
        bool, typer.Option("--list-departures", help="Print what --fault knows that only earns a warning, and end.")
    ] = False,
    population: PopulationName = None,
    documents: Annotated[Path | None, typer.Option(help="CDA files to serve, flat or nested.")] = None,
    write_sut: Annotated[Path | None, typer.Option(help="Write the SUT file that leads to this system.")] = None,
    attached: Annotated[bool, typer.Option("--attached", hidden=True)] = False,
    lang: Lang = None,
) -> None:
    """Serve the bundled system under test in its own process, right or with declared faults."""

    def command() -> int:
        from harness.cli._reference import list_faults_command, reference_command

        if list_faults or list_departures:
            return list_faults_command(language(lang), departures=list_departures)
        return reference_command(
            actors=tuple(actor or ("ncpeh-a", "ncpeh-b")),
            faults=tuple(fault or ()),
            population=population,
            documents=documents,
            write_sut=write_sut,
            attached=attached,
            lang=language(lang),
        )

    _end(command)


@app.command()
def peer(
    sut: Annotated[Path, typer.Option(help="SUT file: whom to trust, how the SUT sees us.")],
    actor: Annotated[str, typer.Option(help="Which peer to serve: ncpeh-a.")] = "ncpeh-a",
    population: PopulationName = None,
    lang: Lang = None,
) -> None:
    """Serve a simulated peer for hand-driven work and print every exchange as it happens."""

    def command() -> int:
        from harness.cli._peer import peer_command

        return peer_command(sut, actor, language(lang), population)

    _end(command)


@app.command("population")
def population_(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Population files.")],
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; end with 2 when a document differs from its description.")
    ] = False,
) -> None:
    """Write the synthetic documents that population files describe, and list them."""

    def command() -> int:
        from harness.cli._population import population_command

        return population_command(tuple(files), check)

    _end(command)


@app.command()
def doctor(
    sut: Annotated[Path, typer.Option(help="SUT file to check before any test.")],
    format_: Annotated[str, typer.Option("--format", help="text or json.")] = "text",
    lang: Lang = None,
) -> None:
    """Check names, ports, TLS, certificates, HTTP, clocks and our side; says who has to change what."""

    def command() -> int:
        from harness.cli._doctor import doctor_command

        return doctor_command(sut, format_, language(lang))

    _end(command)


@app.command()
def lint(
    paths: Annotated[
        list[Path] | None, typer.Argument(metavar="[PATH]...", help="Scenarios; the bundled ones without any.")
    ] = None,
    format_: Annotated[str, typer.Option("--format", help="text or json.")] = "text",
) -> None:
    """Check scenario files: code, file, line, column, hint; an error ends with 2. Never contacts a system."""

    def command() -> int:
        from harness.cli._look import lint_command

        return lint_command(tuple(paths or ()), format_)

    _end(command)


@app.command("list")
def list_(
    targets: Annotated[list[str] | None, typer.Argument(metavar="[PATH|ID|TAG]...")] = None,
    requirement: Annotated[
        bool, typer.Option("--requirement", help="List requirements with what covers them.")
    ] = False,
    uncovered: Annotated[bool, typer.Option("--uncovered", help="Only requirements that nothing covers.")] = False,
    format_: Annotated[str, typer.Option("--format", help="text or json.")] = "text",
    lang: Lang = None,
) -> None:
    """List scenarios, or requirements with the scenarios and checks that judge them."""

    def command() -> int:
        from harness.cli._look import list_command

        return list_command(tuple(targets or ()), requirement or uncovered, uncovered, format_, language(lang))

    _end(command)


@app.command()
def explain(
    code: Annotated[str, typer.Argument(help="Requirement id, deviation (DEV-nn), fault, mutation or lint code.")],
    lang: Lang = None,
) -> None:
    """Explain a requirement, a known deviation, an alteration or a lint code."""

    def command() -> int:
        from harness.cli._look import explain_command

        return explain_command(code, language(lang))

    _end(command)


@app.command()
def schema(
    name: Annotated[
        str, typer.Argument(help="scenario, fragment, population, terms, sut, statement, run, validation or lock.")
    ],
) -> None:
    """Print the JSON Schema of a file format."""

    def command() -> int:
        from harness.cli._look import schema_command

        return schema_command(name)

    _end(command)


@app.command("report")
def report_(
    run_folder: Annotated[Path, typer.Argument(metavar="RUN", help="Run directory.")],
    format_: Annotated[str, typer.Option("--format", help="html, junit or json.")] = "html",
    output: Annotated[Path | None, typer.Option(help="Folder (html) or file; default: in the run directory.")] = None,
    lang: Lang = None,
) -> None:
    """Render the outputs of a run again from its record; in the language of the run unless told otherwise."""

    def command() -> int:
        from harness.cli._look import report_command

        return report_command(run_folder, format_, output, language(lang) if lang else None)

    _end(command)


new_app = typer.Typer(name="new", help="Start a file from a few answers.", no_args_is_help=True, rich_markup_mode=None)


@new_app.command("scenario")
def new_scenario(
    id_: Annotated[str | None, typer.Argument(metavar="[ID]", help="Id of the scenario, like MY-A-NEG-001.")] = None,
    sut: Annotated[str | None, typer.Option(help="Who is tested: ncpeh-a (we ask) or ncpeh-b (it asks).")] = None,
    transaction: Annotated[str | None, typer.Option(help="ITI-55, ITI-38, ITI-39 or ITI-41.")] = None,
    alter: Annotated[str | None, typer.Option(help="Mutation of our request, or fault of our answer.")] = None,
    cover: Annotated[list[str] | None, typer.Option(help="Requirement it covers; repeatable.")] = None,
    title_en: Annotated[str | None, typer.Option(help="Title in English.")] = None,
    title_fr: Annotated[str | None, typer.Option(help="Title in French.")] = None,
    folder: Annotated[Path, typer.Option(help="Where the file is written.")] = Path("scenarios"),
    lang: Lang = None,
) -> None:
    """Write the first draft of a scenario; on a terminal, what is missing is asked for."""

    def command() -> int:
        from harness.cli._new import NewOptions, new_command

        return new_command(
            NewOptions(
                id=id_,
                sut=sut,
                transaction=transaction,
                alteration=alter,
                covers=tuple(cover or ()),
                title_en=title_en,
                title_fr=title_fr,
                folder=folder,
                lang=language(lang),
            )
        )

    _end(command)


app.add_typer(new_app)
app.add_typer(packs_app(_end), name="packs")

__all__ = ["app", "main"]
