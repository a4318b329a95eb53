"""Commands that only look: lint, list, explain, schema, report."""

import difflib
import json
import sys
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

from harness import report
from harness.checks import AUDIT_CHECKS, AUTOMATIC
from harness.cli._library import bundled_library
from harness.cli._run import write_outputs
from harness.cli._shared import ERR, OPERATOR, PASSED, cannot_write
from harness.cli._words import labelled, word
from harness.errors import InputError, Problem
from harness.model import Requirement, Scenario, walk
from harness.packs import LINT_CODES, Library, bundled_data, json_schema, lint, packs_with_builtin, select
from harness.reference import FAULTS
from harness.runner import CODES_KNOWN, exit_status
from harness.store import load_run, lock_schema, run_schema, validation_schema

FORMATS = ("text", "json")


def lint_command(paths: tuple[Path, ...], format_: str) -> int:
    """Print every problem; 2 when one is an error."""
    _known_format(format_, FORMATS)
    root = bundled_data() / "scenarios"
    problems = lint(paths or (root,), bundled_library(), judged=judged_ids())
    if format_ == "json":
        rows = [
            {
                "code": p.code,
                "severity": p.severity,
                "file": p.at.file if p.at else None,
                "line": p.at.line if p.at else None,
                "column": p.at.column if p.at else None,
                "problem": p.problem,
                "expected": list(p.expected),
                "found": p.found,
                "hint": p.hint,
            }
            for p in problems
        ]
        sys.stdout.write(json.dumps(rows, ensure_ascii=False, indent=1) + "\n")
    else:
        for problem in problems:
            sys.stdout.write(f"{problem}\n")
        errors = sum(p.severity == "error" for p in problems)
        ERR.print(f"{errors} errors, {len(problems) - errors} warnings")
    return OPERATOR if any(p.severity == "error" for p in problems) else PASSED


def judged_ids() -> frozenset[str]:
    """Requirements that a run judges by itself: by an automatic check, an artefact of the built-in pack, or value sets."""
    by_pack = {a.requirement for pack in packs_with_builtin([]) for a in pack.artefacts if a.requirement}
    return frozenset({*AUTOMATIC, *AUDIT_CHECKS, *by_pack, CODES_KNOWN})


def covered_by(library: Library) -> Mapping[str, tuple[str, ...]]:
    """Requirement id -> ids of the scenarios that cover it."""
    out: dict[str, list[str]] = defaultdict(list)
    for scenario in library.scenarios:
        for name in scenario_covers(scenario):
            out[name].append(scenario.id)
    return {name: tuple(ids) for name, ids in out.items()}


def scenario_covers(scenario: Scenario) -> tuple[str, ...]:
    """Requirements a scenario speaks about, as a whole or in a step, sorted."""
    return tuple(sorted({*scenario.covers, *(c for s in walk(scenario.steps) for c in s.covers)}))


def list_command(targets: tuple[str, ...], requirements: bool, uncovered: bool, format_: str, lang: str) -> int:
    """Print scenarios, or requirements with what judges them."""
    _known_format(format_, FORMATS)
    library = bundled_library()
    if requirements:
        rows = _requirement_rows(library, uncovered, lang)
    else:
        rows = [
            {
                "id": s.id,
                "title": s.title.in_(lang),
                "profile": s.applies.profile,
                "sut": s.applies.sut,
                "covers": list(scenario_covers(s)),
                "tags": list(s.tags),
                "file": s.at.file,
            }
            for s in select(library, targets)
        ]
    if format_ == "json":
        sys.stdout.write(json.dumps(rows, ensure_ascii=False, indent=1) + "\n")
        return PASSED
    for row in rows:
        detail = row.get("level") or row.get("sut")
        sys.stdout.write(f"{row['id']:<18} {detail!s:<8} {row.get('text') or row.get('title')}\n")
        if requirements:
            by = [*([word("automatic", lang)] if row["automatic"] else []), *_texts(row["scenarios"])]
            sys.stdout.write(f"{'':<18} {'':<8} {', '.join(by) if by else row['unseen'] or '-'}\n")
        else:
            sys.stdout.write(f"{'':<18} {'':<8} {', '.join(_texts(row['covers']))}\n")
    ERR.print(f"{len(rows)} {word('requirements' if requirements else 'scenarios', lang)}")
    return PASSED


def _requirement_rows(library: Library, uncovered: bool, lang: str) -> list[dict[str, object]]:
    scenarios, judged = covered_by(library), judged_ids()
    rows: list[dict[str, object]] = []
    for requirement in library.requirements.values():
        by = scenarios.get(requirement.id, ())
        automatic = requirement.id in judged
        if uncovered and (by or automatic):
            continue
        rows.append(
            {
                "id": requirement.id,
                "level": requirement.level.value,
                "actor": requirement.actor,
                "text": requirement.text.in_(lang),
                "automatic": automatic,
                "scenarios": list(by),
                "unseen": requirement.unseen.in_(lang) if requirement.unseen else None,
                "sources": list(requirement.sources),
            }
        )
    return rows


def _texts(value: object) -> list[str]:
    return [str(v) for v in value] if isinstance(value, list) else []


def explain_command(code: str, lang: str) -> int:
    """Print what `code` means, from the catalogue.

    Raises:
        InputError: nothing has that name; says the nearest that has.
    """
    library = bundled_library()
    catalogue = library.catalogue
    alterations = {**catalogue.mutations, **catalogue.faults}
    if code in catalogue.requirements:
        lines = _explained_requirement(catalogue.requirements[code], library, lang)
    elif code in catalogue.deviations:
        deviation = catalogue.deviations[code]
        head = f"{deviation.id}  {', '.join(deviation.requirements)}"
        lines = [head, f"{deviation.seen_in}: {deviation.text}", deviation.treatment]
    elif code in alterations:
        known = alterations[code]
        head = f"{known.name}  {', '.join(known.transactions)}"
        lines = [head, known.title.in_(lang), known.explains.in_(lang)]
        lines += [labelled("requirement", name, lang) for name in known.requirements]
    elif code in FAULTS:
        fault = FAULTS[code]
        lines = [f"{fault.name}  {fault.actor}  {', '.join(fault.breaks)}", fault.title.in_(lang)]
    elif code in LINT_CODES:
        lines = [f"{code}  {LINT_CODES[code].in_(lang)}"]
    else:
        names = (*catalogue.requirements, *catalogue.deviations, *alterations, *FAULTS, *LINT_CODES)
        near = difflib.get_close_matches(code, names, n=1) or difflib.get_close_matches(code.upper(), names, n=1)
        hint = f"did you mean {near[0]!r}?" if near else None
        raise InputError(Problem(code="E905", option=code, problem="nothing of that name to explain", hint=hint))
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    return PASSED


def _explained_requirement(requirement: Requirement, library: Library, lang: str) -> list[str]:
    code = requirement.id
    lines = [f"{code}  {requirement.level.value}  {requirement.actor}  {requirement.transaction}".rstrip()]
    lines += [requirement.text.in_(lang), ""]
    judged = [
        *([word("automatic", lang)] if code in judged_ids() else []),
        *covered_by(library).get(code, ()),
    ]
    lines.append(labelled("judged", ", ".join(judged) or "-", lang))
    if requirement.unseen is not None:
        lines.append(labelled("unseen", requirement.unseen.in_(lang), lang))
    if requirement.remedy is not None:
        lines.append(labelled("next", requirement.remedy.in_(lang), lang))
    lines += [
        f"{known.id} ({known.seen_in}): {known.text} -> {known.treatment}"
        for known in library.catalogue.deviations.values()
        if code in known.requirements
    ]
    lines += [labelled("source", source, lang) for source in requirement.sources]
    return lines


def schema_command(name: str) -> int:
    """Print the JSON Schema called `name`."""
    from_packs = ("scenario", "fragment", "population", "terms", "sut")
    if name == "run":
        schema: object = run_schema()
    elif name == "validation":
        schema = validation_schema()
    elif name == "lock":
        schema = lock_schema()
    elif name in from_packs:
        schema = json_schema(name)
    else:
        expected = (*from_packs, "run", "validation", "lock")
        raise InputError(Problem(code="E906", option="NAME", problem="unknown schema", expected=expected, found=name))
    sys.stdout.write(json.dumps(schema, ensure_ascii=False, indent=1, default=_plain) + "\n")
    return PASSED


def _plain(value: object) -> object:
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, tuple):
        return list(value)
    raise TypeError(type(value).__name__)


def report_command(folder: Path, format_: str, output: Path | None, lang: str | None) -> int:
    """Render a run again, in `lang` or else the language it had; the status is that of the run."""
    _known_format(format_, ("html", "junit", "json"))
    run = load_run(folder)
    lang = lang or run.lang
    if format_ == "html":
        if output is None:
            index = write_outputs(run, folder, lang)
        else:
            templates, blobs = bundled_data() / "reports", folder / "blobs"
            index = report.render_html(run, output, templates=templates, lang=lang, blobs=blobs).absolute()
        sys.stdout.write(f"{index}\n")
    else:
        content = report.render_junit(run) if format_ == "junit" else (folder / "run.json").read_bytes()
        if output is None:
            sys.stdout.buffer.write(content)
        else:
            try:
                output.write_bytes(content)
            except OSError as exc:
                raise cannot_write("--output", output, exc) from exc
    return exit_status(run)


def _known_format(given: str, known: tuple[str, ...]) -> None:
    if given not in known:
        raise InputError(Problem(code="E907", option="--format", problem="unknown format", expected=known, found=given))
