"""`harness validate`: documents and messages against the packs."""

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from rich.progress import Progress

from harness.cli._progress import STYLES, word
from harness.cli._shared import ERR
from harness.errors import InputError, Problem
from harness.model import Finding, Severity, ValidationReport, Verdict, roll_up
from harness.packs import packs_with_builtin
from harness.runner import FAILED, PASSED, UNDECIDED
from harness.store import to_json
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
    if options.output is not None and len(inputs) > 1:
        options.output.mkdir(parents=True, exist_ok=True)
    validator = Validator(packs_with_builtin(options.packs), engine=engine)
    verdicts: list[Verdict] = []
    try:
        with Progress(console=ERR, transient=True, disable=not ERR.is_terminal or len(inputs) < 3) as bar:
            task = bar.add_task("", total=len(inputs))
            for path in inputs:
                bar.update(task, description=path.name)
                content = sys.stdin.buffer.read() if path == STDIN else path.read_bytes()
                report = validator.validate(str(path), content, as_=options.as_, phase=options.phase)
                verdicts.append(report.verdict)
                _print(report, path, options, several=len(inputs) > 1)
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


def _print(report: ValidationReport, path: Path, options: ValidateOptions, *, several: bool) -> None:
    if options.format == "json":
        text = json.dumps(to_json(ValidationReport, report, lambda _: ""), ensure_ascii=False) + "\n"
    else:
        text = "".join(line + "\n" for line in _lines(report, options.lang))
    if options.output is None:
        sys.stdout.write(text)
    elif several:
        suffix = ".json" if options.format == "json" else ".txt"
        (options.output / (path.name + suffix)).write_text(text, encoding="utf-8")
    else:
        options.output.write_text(text, encoding="utf-8")


def _lines(report: ValidationReport, lang: str) -> Iterator[str]:
    sign = STYLES[report.verdict][0]
    yield f"{sign} {word(report.verdict.value, lang)}  {report.name}  ({report.kind}, {report.size} bytes)"
    if report.reason:
        yield f"    {report.reason}"
    for use in report.uses:
        rules = f", {use.rules_fired}/{use.rules_loaded} rules fired" if use.rules_loaded else ""
        reason = f": {use.reason}" if use.reason else ""
        name = f"{use.coordinate} {use.artefact}"
        yield f"    {STYLES[use.verdict][0]} {use.layer.value:<12} {name} {use.engine}{rules}{reason}"
    for finding in report.findings:
        yield from _finding(report.name, finding, lang)


def _finding(name: str, finding: Finding, lang: str) -> Iterator[str]:
    at = finding.at
    place = f"{name}:{at.line or '?'}:{at.column or '?'}"
    severity = (finding.severity or Severity.ERROR).value
    text = finding.message or f"{word('expected', lang)} {finding.expected}, {word('found', lang)} {finding.found}"
    requirement = f" [{finding.requirement}]" if finding.requirement else ""
    yield f"{place}: {severity} {finding.rule}: {text}{requirement}"
    if at.xpath:
        yield f"    {word('where', lang)}: {at.xpath}"
    if finding.message and finding.expected:
        yield f"    {word('expected', lang)}: {finding.expected}; {word('found', lang)}: {finding.found}"
