"""`harness validate`: documents and messages against the packs."""

import os
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from harness.cli._shared import ERR, FAILED, INTERRUPTED, PASSED, UNDECIDED, cache_folder, colour_wanted
from harness.cli._validate_cross import crossed
from harness.cli._validate_formats import FORMATS, Batch
from harness.cli._validate_inputs import absent_files, choices, tasks_of, unknown_choice
from harness.cli._validate_jobs import Crew
from harness.cli._validate_judge import Settings, Task, identity_of
from harness.cli._validate_objects import coordinate_of, read_beside
from harness.cli._validate_output import counted, write
from harness.cli._validate_packs import packs_of
from harness.cli._words import word
from harness.errors import InputError, Problem
from harness.model import MAX_EMBEDDED_BYTES, OBJECT_VALIDATORS, Company, Verdict
from harness.packs import bundled_data
from harness.packs.artefacts import Pack
from harness.safexml import XmlLimits
from harness.validators import Engine

HELP = "help"
_LONG = 3
"""As many documents are worth a progress bar."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ValidateOptions:
    files: tuple[Path, ...]
    as_: str
    packs: tuple[Path, ...]
    xsd: tuple[Path, ...]
    schematron: tuple[Path, ...]
    engine: str
    phase: str | None
    format: str
    output: Path | None
    jobs: int | None
    max_bytes: int
    max_depth: int
    max_embedded: int | None
    request: Path | None
    earlier: tuple[Path, ...]
    trust: tuple[Path, ...]
    crl: tuple[Path, ...]
    at: str | None
    quiet: bool
    lang: str


def validate_command(options: ValidateOptions) -> int:
    """Print one report per input; 0 valid, 1 invalid or not well-formed, 3 not decidable, 130 interrupted."""
    started = time.monotonic()
    as_, note = coordinate_of(options.as_, options.lang)
    options = replace(options, as_=as_)
    _refuse_wrong(options)
    if options.as_ == HELP:
        return _print_choices(_packs(options), options.lang)
    company = read_beside(
        request=options.request, earlier=options.earlier, trust=options.trust, crl=options.crl, at=options.at
    )
    if note:
        ERR.print(note, markup=False)
    tasks = tasks_of(options.files, options.output, options.max_bytes)
    _refuse_shapeless(options, tasks)
    # one document here and now; several in processes of their own, which may end without ending us
    with closing(Crew(min(options.jobs or _processors(), len(tasks)) if len(tasks) > 1 else 0)) as crew:
        packs = _packs(options)
        if problems := unknown_choice(options.as_, packs):
            raise InputError(problems)
        settings = _settings(options, packs, company, sparing=len(tasks) == 1)
        if settings.objects:
            tasks = crossed(tasks, settings.limits)
        batch = Batch(packs=tuple(identity_of(p) for p in packs), settings=settings)
        with _bar(len(tasks)) as bar:
            results = counted(crew.judged(tasks, settings), batch, bar, len(tasks))
            write(results, tasks, batch, options.files, options.output)
    code = _status(batch)
    if not (options.quiet and code == PASSED):
        ERR.print(_summary(batch, time.monotonic() - started, options.lang), markup=False)
    return code


def _packs(options: ValidateOptions) -> tuple[Pack, ...]:
    return packs_of(
        options.packs,
        xsd=options.xsd,
        schematron=options.schematron,
        phase=options.phase,
        cache=cache_folder(),
        lang=options.lang,
    )


def _settings(options: ValidateOptions, packs: tuple[Pack, ...], company: Company, *, sparing: bool) -> Settings:
    return Settings(
        packs=packs,
        engine=Engine(options.engine),
        as_=options.as_,
        phase=options.phase,
        sparing=sparing,
        limits=_limits(options),
        cache=cache_folder(),
        format=options.format,
        lang=options.lang,
        colour=options.output is None and colour_wanted(sys.stdout),
        quiet=options.quiet,
        templates=bundled_data() / "reports",
        scenarios=bundled_data() / "scenarios",
        company=company,
        objects=not (options.xsd or options.schematron),
        max_embedded_bytes=options.max_embedded or MAX_EMBEDDED_BYTES,
    )


def _limits(options: ValidateOptions) -> XmlLimits:
    return XmlLimits(max_bytes=options.max_bytes, max_depth=options.max_depth)


def _refuse_wrong(options: ValidateOptions) -> None:
    problems = absent_files(options.files)
    if not options.files and options.as_ != HELP:
        problems.append(Problem(code="E914", option="FILE", problem="nothing to validate", expected=("a file",)))
    if options.format not in FORMATS:
        known = tuple(FORMATS)
        problems.append(
            Problem(code="E907", option="--format", problem="unknown format", expected=known, found=options.format)
        )
    engines = tuple(e.value for e in Engine)
    if options.engine not in engines:
        problems.append(
            Problem(code="E908", option="--engine", problem="unknown engine", expected=engines, found=options.engine)
        )
    for option, value in (
        ("--jobs", options.jobs),
        ("--max-bytes", options.max_bytes),
        ("--max-depth", options.max_depth),
        ("--max-embedded", options.max_embedded),
    ):
        if value is not None and value < 1:
            problems.append(
                Problem(code="E916", option=option, problem="too small", expected=("at least 1",), found=str(value))
            )
    if problems:
        raise InputError(problems)


def _refuse_shapeless(options: ValidateOptions, tasks: Sequence[Task]) -> None:
    """Some formats hold one document in a file, so that several need a folder."""
    if FORMATS[options.format].one and len(tasks) > 1 and options.output is None:
        raise InputError(
            Problem(
                code="E917",
                option="--format",
                problem=f"{options.format} holds one document a file",
                found=f"{len(tasks)} documents",
                hint="name a folder with --output",
            )
        )


def _processors() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _status(batch: Batch) -> int:
    if not batch.complete:
        return INTERRUPTED
    match batch.verdict:
        case Verdict.FAIL:
            return FAILED
        case Verdict.PASS | Verdict.WARNING:
            return PASSED
        case _:
            return UNDECIDED


def _bar(total: int) -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=ERR,
        transient=True,
        disable=not ERR.is_terminal or total < _LONG,
    )


def _summary(batch: Batch, seconds: float, lang: str) -> str:
    """`12 documents: 9 valid, 2 invalid, 1 undecided, in 1.2 s`."""
    total = sum(batch.verdicts.values())
    valid = batch.verdicts[Verdict.PASS] + batch.verdicts[Verdict.WARNING]
    invalid = batch.verdicts[Verdict.FAIL]
    time_ = word("duration", lang).format(s=seconds)
    said = word("validated" if total != 1 else "validated-one", lang).format(
        total=total, valid=valid, invalid=invalid, undecided=total - valid - invalid
    )
    cut = "" if batch.complete else f"; {word('cut-short', lang)}"
    return f"{said}, {time_.replace('.', ',') if lang == 'fr' else time_}{cut}"


def _print_choices(packs: Iterable[Pack], lang: str) -> int:
    say: Callable[[str], object] = lambda line: sys.stdout.write(f"{line}\n")  # noqa: E731
    kinds, coordinates = choices(tuple(packs))
    for title, values in (("kinds", kinds), ("coordinates", coordinates)):
        say(word(title, lang))
        for value in values:
            say(f"  {value}")
    say(word("validators", lang))
    for validator in OBJECT_VALIDATORS.values():
        say(f"  {validator.coordinate:<36} {validator.title.in_(lang)}")
    return PASSED
