"""`harness validate`: documents and messages against the packs."""

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from rich.progress import Progress

from harness.cli._packs import chosen_packs
from harness.cli._progress import STYLES, labelled, word
from harness.cli._shared import ERR, FAILED, PASSED, UNDECIDED, cache_folder, cannot_write
from harness.errors import InputError, Problem
from harness.model import Finding, Severity, ValidationReport, Verdict, in_language, roll_up
from harness.store import DiskCache, to_json
from harness.validators import Engine, Validator

FORMATS = ("text", "json")
STDIN = Path("-")


@dataclass(frozen=True, slots=True, kw_only=True)
class ValidateOptions:
    files: tuple[Path, ...]
    as_: str
    packs: tuple[Path, ...]
    engine: str
    phase: str | None
    format: str
    output: Path | None
    lang: str


def validate_command(options: ValidateOptions) -> int:
    """Print one report per input; 0 valid, 1 invalid or not well-formed, 3 not decidable."""
    engine = _refuse_wrong(options)
    inputs = list(_inputs(options.files))
    if not inputs:
        raise InputError(
            Problem(code="E914", option="FILE", problem="nothing to validate", expected=("*.xml files in the folder",))
        )
    validator = Validator(chosen_packs(options.packs, options.lang), engine=engine, cache=DiskCache(cache_folder()))
    verdicts: list[Verdict] = []
    try:
        with Progress(console=ERR, transient=True, disable=not ERR.is_terminal or len(inputs) < 3) as bar:
            task = bar.add_task("", total=len(inputs))
            for path in inputs:
                bar.update(task, description=path.name)
                content = _content(path)
                report = validator.validate(str(path), content, as_=options.as_, phase=options.phase)
                verdicts.append(report.verdict)
                _print(report, options, _target(path, options, several=len(inputs) > 1))
                bar.advance(task)
    finally:
        validator.close()
    match roll_up(verdicts):
        case Verdict.FAIL:
            return FAILED
        case Verdict.PASS | Verdict.WARNING:
            return PASSED
        case _:
            return UNDECIDED


def _refuse_wrong(options: ValidateOptions) -> Engine:
    problems = []
    if options.format not in FORMATS:
        problems.append(
            Problem(code="E907", option="--format", problem="unknown format", expected=FORMATS, found=options.format)
        )
    names = tuple(e.value for e in Engine)
    if options.engine not in names:
        problems.append(
            Problem(code="E908", option="--engine", problem="unknown engine", expected=names, found=options.engine)
        )
    problems += [
        Problem(code="E909", option="FILE", problem="no such file or folder", found=str(path))
        for path in options.files
        if path != STDIN and not path.exists()
    ]
    if problems:
        raise InputError(problems)
    return Engine(options.engine)


def _inputs(files: tuple[Path, ...]) -> Iterator[Path]:
    for path in files:
        if path.is_dir():
            yield from sorted(p for p in path.rglob("*.xml") if p.is_file())
        else:
            yield path


def _content(path: Path) -> bytes:
    if path == STDIN:
        return sys.stdin.buffer.read()
    try:
        return path.read_bytes()
    except OSError as exc:
        why = (exc.strerror or type(exc).__name__).lower()
        raise InputError(
            Problem(code="E909", option="FILE", problem=f"cannot be read: {why}", found=str(path))
        ) from exc


def _target(path: Path, options: ValidateOptions, *, several: bool) -> Path | None:
    """Where the result of `path` goes; a folder of results repeats the tree of the folder it came from."""
    if options.output is None or not several:
        return options.output
    base = next((f for f in options.files if f.is_dir() and path.is_relative_to(f)), path.parent)
    suffix = ".json" if options.format == "json" else ".txt"
    inside = path.relative_to(base)
    return options.output / inside.with_name(inside.name + suffix)


def _print(report: ValidationReport, options: ValidateOptions, target: Path | None) -> None:
    if options.format == "json":
        text = json.dumps(to_json(ValidationReport, report, lambda _: ""), ensure_ascii=False) + "\n"
    else:
        text = "".join(line + "\n" for line in _lines(report, options.lang))
    if target is None:
        sys.stdout.write(text)
        return
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
    except OSError as exc:
        raise cannot_write("--output", target, exc) from exc


def _lines(report: ValidationReport, lang: str) -> Iterator[str]:
    sign = STYLES[report.verdict][0]
    yield f"{sign} {word(report.verdict.value, lang)}  {report.name}  ({report.kind}, {report.size} {word('bytes', lang)})"
    if report.reason:
        yield f"    {in_language(report.reason, lang)}"
    for use in report.uses:
        fired = word("fired", lang).format(fired=use.rules_fired, loaded=use.rules_loaded)
        rules = f", {fired}" if use.rules_loaded else ""
        name = " ".join(part for part in (use.coordinate, use.artefact, use.engine) if part)
        reason = f": {in_language(use.reason, lang)}" if use.reason else ""
        yield f"    {STYLES[use.verdict][0]} {use.layer.value:<12} {name}{rules}{reason}".rstrip()
    for finding in report.findings:
        yield from _finding(report.name, finding, lang)


def _finding(name: str, finding: Finding, lang: str) -> Iterator[str]:
    at = finding.at
    place = f"{name}:{at.line or '?'}:{at.column or '?'}"
    severity = word((finding.severity or Severity.ERROR).value, lang)
    text = finding.message or f"{word('expected', lang)} {finding.expected}, {word('found', lang)} {finding.found}"
    requirement = f" [{finding.requirement}]" if finding.requirement else ""
    yield f"{place}: {severity} {finding.rule}: {text}{requirement}"
    if at.xpath:
        yield f"    {labelled('where', at.xpath, lang)}"
    if finding.message and finding.expected:
        yield f"    {labelled('expected', finding.expected, lang)}; {labelled('found', finding.found, lang)}"
