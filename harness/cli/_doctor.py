"""`harness doctor`: the configuration looked at before any test, step by step, with who has to change what."""

import asyncio
import json
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.text import Text

from harness.cli._shared import ERR, sut_environment
from harness.cli._words import STYLES, labelled, word
from harness.errors import InputError, Problem
from harness.model import Verdict, in_language
from harness.packs import load_sut
from harness.runner import Diagnosis, diagnose, doctor_status, step_title

FORMATS = ("text", "json")
_STEP_WIDTH = 34


def doctor_command(sut_path: Path, format_: str, lang: str) -> int:
    """Print every step with its verdict; 0, 2 when a file of the operator is wrong, 3 when something else is."""
    if format_ not in FORMATS:
        raise InputError(
            Problem(code="E901", option="--format", problem="unknown format", expected=FORMATS, found=format_)
        )
    sut = load_sut(sut_path, sut_environment())
    diagnoses = asyncio.run(diagnose(sut, pki_dir=Path(sut.ours.pki) if sut.ours.pki else None))
    if format_ == "json":
        sys.stdout.write(json.dumps([_row(d, lang) for d in diagnoses], ensure_ascii=False, indent=1) + "\n")
        return doctor_status(diagnoses)
    console = Console(highlight=False, soft_wrap=True)
    target = ""
    for group in _grouped(diagnoses):
        if group[0].target != target:
            target = group[0].target
            console.print(Text(target, style="bold"))
        _print(console, group, lang)
    ERR.print(_summary(diagnoses, lang), markup=False)
    return doctor_status(diagnoses)


def _row(diagnosis: Diagnosis, lang: str) -> dict[str, str]:
    return {
        "step": diagnosis.step,
        "target": diagnosis.target,
        "verdict": diagnosis.verdict.value,
        "expected": in_language(diagnosis.expected, lang),
        "found": in_language(diagnosis.found, lang),
        "next": in_language(diagnosis.next, lang),
        "option": diagnosis.option,
    }


def _grouped(diagnoses: Sequence[Diagnosis]) -> list[list[Diagnosis]]:
    """Each by itself, but steps of one target that were skipped for the same reason together."""
    groups: list[list[Diagnosis]] = []
    for diagnosis in diagnoses:
        last = groups[-1][0] if groups else None
        same = last is not None and (last.target, last.found) == (diagnosis.target, diagnosis.found)
        if same and diagnosis.verdict is Verdict.SKIPPED:
            groups[-1].append(diagnosis)
        else:
            groups.append([diagnosis])
    return groups


def _print(console: Console, group: Sequence[Diagnosis], lang: str) -> None:
    """One line for what is well or was not asked; expected, found and next below it for the rest."""
    diagnosis = group[0]
    sign, style = STYLES[diagnosis.verdict]
    line = Text("  ")
    line.append(f"{sign} {word(diagnosis.verdict.value, lang):<9}", style=style)
    title = ", ".join(in_language(step_title(d.step), lang) for d in group)
    found = in_language(diagnosis.found, lang)
    if diagnosis.verdict in (Verdict.PASS, Verdict.SKIPPED):
        line.append(f" {title:<{_STEP_WIDTH}} ")
        line.append(f"({found})" if len(group) > 1 else found, style="dim")
        console.print(line)
        return
    line.append(f" {title}", style="bold")
    console.print(line)
    for key, text in (("expected", in_language(diagnosis.expected, lang)), ("found", found)):
        if text:
            console.print(Text(f"      {labelled(key, text, lang)}"))
    if diagnosis.next:
        console.print(Text(f"      {labelled('next', in_language(diagnosis.next, lang), lang)}"))


def _summary(diagnoses: Sequence[Diagnosis], lang: str) -> str:
    counts = Counter(d.verdict for d in diagnoses)
    return ", ".join(f"{word(v.value, lang)} {counts[v]}" for v in STYLES if counts[v])
