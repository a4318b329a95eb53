"""What the terminal shows of a run: a live line while it goes on, a summary when it is done, in French or English."""

import time
from collections import Counter
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from harness.cli._words import COLON, STYLES, TERMS
from harness.model import Cause, Finding, RowResult, Run, StepResult, Verdict, in_language
from harness.runner import Row

_MAX_FINDINGS = 3
_MAX_REQUIREMENTS = 12


class RunProgress:
    """Prints rows as they end (those that did not pass, or all with `verbose`) and a live bar on a terminal."""

    def __init__(self, console: Console, total: int, lang: str, *, verbose: bool = False) -> None:
        self._console = console
        self._t = TERMS[lang]
        self._lang = lang
        self._verbose = verbose
        self._counts: Counter[Verdict] = Counter()
        self._bar = Progress(
            TextColumn("[progress.description]{task.description}"),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("{task.fields[counts]}"),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )
        self._task = self._bar.add_task("", total=total, counts="")

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None) -> None:
        self._bar.stop()

    def __call__(self, event: str, row: Row, result: RowResult | StepResult | None) -> None:
        if event == "row-started":
            self._bar.update(self._task, description=row.id)
        elif event == "row-done" and isinstance(result, RowResult):
            self._counts[result.verdict] += 1
            counts = "  ".join(f"{STYLES[v][0]} {n}" for v, n in sorted(self._counts.items()))
            self._bar.update(self._task, advance=1, counts=counts)
            if self._verbose or result.verdict not in (Verdict.PASS, Verdict.NOT_APPLICABLE):
                print_row(self._console, result, self._lang)


def print_row(console: Console, row: RowResult, lang: str) -> None:
    """One row: verdict, id, title; for a row that did not pass, the step, expected, found, place and requirement."""
    t = TERMS[lang]
    sign, style = STYLES[row.verdict]
    head = Text()
    head.append(f"{sign} {t[row.verdict.value]:<14}", style=style)
    head.append(row.id, style="bold")
    head.append(f"  {row.title.in_(lang)}")
    if row.cause is not None and row.verdict is not Verdict.PASS:
        head.append(f"  [{t['cause']}{COLON[lang]} {t[row.cause.value]}]", style="dim")
    console.print(head)
    if row.verdict in (Verdict.PASS, Verdict.NOT_APPLICABLE):
        return
    if not row.steps and row.reason:
        console.print(Text(f"    {in_language(row.reason, lang)}"))
    printed = 0
    for step in row.steps:
        if step.verdict in (Verdict.PASS, Verdict.NOT_APPLICABLE):
            continue
        printed += 1
        if printed > _MAX_FINDINGS:
            break
        _print_step(console, step, lang)
    if printed == 0 and row.reason and row.steps:
        console.print(Text(f"    {in_language(row.reason, lang)}"))


def _print_step(console: Console, step: StepResult, lang: str) -> None:
    t, colon = TERMS[lang], COLON[lang]
    sign, style = STYLES[step.verdict]
    line = Text("    ")
    line.append(f"{sign} ", style=style)
    line.append(f"{t['step']} {step.path} ", style="dim")
    line.append(step.title.in_(lang))
    console.print(line)
    shown = [f for f in step.findings if f.severity and f.severity.value in ("error", "undecidable", "warning")]
    if not shown:
        if step.expected and step.verdict is not Verdict.NOT_RUN:
            console.print(Text(f"        {t['expected']}{colon} {in_language(step.expected, lang)}"))
            console.print(Text(f"        {t['found']}{colon} {in_language(step.found, lang)}"))
        elif step.reason:
            console.print(Text(f"        {in_language(step.reason, lang)}"))
    for finding in shown[:_MAX_FINDINGS]:
        _print_finding(console, finding, lang)
    if len(shown) > _MAX_FINDINGS:
        console.print(Text(f"        {t['more'].format(n=len(shown) - _MAX_FINDINGS)}", style="dim"))


def _print_finding(console: Console, finding: Finding, lang: str) -> None:
    t, colon = TERMS[lang], COLON[lang]
    name = finding.requirement or finding.rule
    if finding.deviation:
        name += f" ({finding.deviation})"
    console.print(Text(f"        {t['requirement']}{colon} {name}", style="bold"))
    if finding.message and not finding.expected:
        console.print(Text(f"        {in_language(finding.message, lang)}"))
    if finding.expected or finding.found:
        console.print(Text(f"        {t['expected']}{colon} {in_language(finding.expected, lang)}"))
        console.print(Text(f"        {t['found']}{colon} {in_language(finding.found, lang)}"))
    place = finding.at.message
    if finding.at.line:
        place += f":{finding.at.line}" + (f":{finding.at.column}" if finding.at.column else "")
    if finding.at.xpath:
        place += f"  {finding.at.xpath}"
    if place:
        console.print(Text(f"        {t['where']}{colon} {place}", style="dim"))
    if finding.next:
        console.print(Text(f"        {t['next']}{colon} {in_language(finding.next, lang)}", style="dim"))


def _print_broken(console: Console, run: Run, lang: str) -> None:
    """The requirements that were not met, each once, with its sentence and the number of scenarios that say so."""
    broken = [r for r in run.requirements if r.verdict is Verdict.FAIL]
    for result in broken[:_MAX_REQUIREMENTS]:
        known = run.catalogue.get(result.id)
        rows = sum(any(q.id == result.id and q.verdict is Verdict.FAIL for q in row.requirements) for row in run.rows)
        line = Text()
        line.append(f"{STYLES[Verdict.FAIL][0]} {result.id}", style=STYLES[Verdict.FAIL][1])
        line.append(f"  {known.text.in_(lang)}" if known else "")
        line.append(f"  ({rows})", style="dim")
        console.print(line)
    if len(broken) > _MAX_REQUIREMENTS:
        console.print(Text(TERMS[lang]["more"].format(n=len(broken) - _MAX_REQUIREMENTS), style="dim"))


def print_summary(console: Console, run: Run, lang: str, started: float) -> None:
    """Counts by verdict, requirements, packs with their coverage, the overall verdict and what it is worth."""
    t = TERMS[lang]
    console.print()
    table = Table(show_header=True, header_style="dim", box=None, padding=(0, 2, 0, 0))
    table.add_column("")
    table.add_column(t["scenarios"], justify="right")
    table.add_column(t["requirements"], justify="right")
    rows = Counter(r.verdict for r in run.rows)
    requirements = Counter(r.verdict for r in run.requirements)
    for verdict, (sign, style) in STYLES.items():
        if rows[verdict] or requirements[verdict]:
            table.add_row(
                Text(f"{sign} {t[verdict.value]}", style=style),
                str(rows[verdict] or ""),
                str(requirements[verdict] or ""),
            )
    console.print(table)
    exchanges = sum(len(r.exchanges) for r in run.rows)
    messages = sum(1 + (x.response is not None) for r in run.rows for x in r.exchanges)
    console.print(
        Text(
            f"{exchanges} {t['exchanges']}, {messages} {t['messages']} "
            + _decimal(t["duration"].format(s=time.monotonic() - started), lang)
        )
    )
    for pack in run.packs:
        rules = t["rules"].format(loaded=pack.rules_loaded, fired=pack.rules_fired)
        codes = t["codes"].format(checked=pack.codes_checked, unverifiable=pack.codes_unverifiable)
        note = "" if pack.complete else f" ({t['incomplete']})"
        console.print(Text(f"{pack.coordinate}{note}: {rules}; {codes}", style="dim"))
    _print_broken(console, run, lang)
    sign, style = STYLES[run.verdict]
    console.print(Text(f"{t['verdict']}{COLON[lang]} {sign} {t[run.verdict.value]}", style=style))
    causes = Counter(r.cause for r in run.rows if r.cause is not None and r.verdict is not Verdict.PASS)
    if causes and run.verdict not in (Verdict.PASS, Verdict.NOT_APPLICABLE):
        parts = [f"{t[cause.value]} ({n})" for cause, n in sorted(causes.items(), key=lambda i: _order(i[0]))]
        console.print(Text(f"{t['cause']}{COLON[lang]} {', '.join(parts)}"))
    console.print(Text(t["bundled"] if run.bundled_system else t["self"], style="dim italic"))


def _decimal(text: str, lang: str) -> str:
    return text.replace(".", ",") if lang == "fr" else text


def _order(cause: Cause | None) -> int:
    return list(Cause).index(cause) if cause is not None else -1
