"""pyschematron behind a guard: it drops rules silently, so what it loaded is counted against what the source holds.

It runs in a worker process, because it may be slow without bound, and is never the engine of record.
"""

import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from lxml import etree

from harness import safexml
from harness.errors import WireError
from harness.packs.artefacts import Artefact
from harness.validators.schematron._outcome import SchOutcome, SchResult
from harness.validators.schematron._pool import EngineRefused, Pool, WorkerDied
from harness.validators.schematron._read import read_schema
from harness.validators.schematron._schema import Extends, Rule, SchCheck, Schema

if TYPE_CHECKING:
    from harness.validators.schematron._worker import Message

_SVRL = "{http://purl.oclc.org/dsdl/svrl}"


class PyschematronEngine:
    """Judges by pyschematron in a worker; an outcome with `problems` when it loaded less than the schema holds."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    def judge(self, artefact: Artefact, text: str, *, phase: str = "#DEFAULT") -> SchOutcome:
        """The outcome for the document `text`; `path` of its results is the location pyschematron gives."""
        started = time.perf_counter()
        try:
            schema = read_schema(artefact.path, artefact.root)
            wanted = source_counts(schema, phase)
        except (WireError, KeyError) as exc:
            return SchOutcome(failure=f"schema is not readable: {exc}", engine="pyschematron")
        worker = self._pool.borrow()
        try:
            request = {"do": "pyschematron", "path": str(artefact.path), "phase": phase, "text": text}
            answer = worker.ask(request)
        except WorkerDied as exc:
            return SchOutcome(failure=str(exc), by_harness=True, rules_loaded=wanted[1], engine="pyschematron")
        except EngineRefused as exc:
            return SchOutcome(failure=f"engine fails: {exc}", rules_loaded=wanted[1], engine="pyschematron")
        finally:
            self._pool.give_back(worker)
        rows, loaded, fired = answer["rows"], answer["loaded"], answer["fired"]
        assert isinstance(rows, list)
        assert isinstance(loaded, list)
        assert isinstance(fired, int)
        return SchOutcome(
            results=tuple(
                SchResult(rule_id=r[1] or r[3], kind=r[0], role=r[2], path=r[4], message=r[5], test=r[3], see="")
                for r in rows
            ),
            rules_loaded=wanted[1],
            fired=frozenset(range(fired)),
            fired_events=fired,
            problems=(*schema.problems, *_lost(wanted, [int(str(n)) for n in loaded])),
            duration_s=time.perf_counter() - started,
            engine="pyschematron",
        )


def source_counts(schema: Schema, phase: str) -> tuple[int, int, int]:
    """Patterns, rules and checks (those of extended rules counted where they are used) of a phase in the source.

    Raises:
        KeyError: the schema has no such phase.
    """
    abstract = {r.id: r for r in schema.abstract_rules}

    def checks(rule: Rule, seen: frozenset[str]) -> int:
        count = 0
        for item in rule.items:
            if isinstance(item, SchCheck):
                count += 1
            elif isinstance(item, Extends) and item.rule in abstract and item.rule not in seen:
                count += checks(abstract[item.rule], seen | {item.rule})
        return count

    patterns = schema.active_patterns(phase)
    rules = [r for p in patterns for r in p.rules]
    return len(patterns), len(rules), sum(checks(r, frozenset()) for r in rules)


def _lost(wanted: tuple[int, int, int], loaded: list[int]) -> Iterator[str]:
    for name, expected, found in zip(("patterns", "rules", "checks"), wanted, loaded, strict=True):
        if found < expected:
            yield f"pyschematron loaded {found} of {expected} {name}"


def serve(request: "Message") -> Mapping[str, object]:
    """In the worker: rows of (kind, id, role, test, location, message), rules fired, and what was loaded."""
    from pyschematron.direct_mode.api import DirectModeSchematronValidatorFactory
    from pyschematron.direct_mode.schematron.ast_visitors import (
        PhaseSelectionVisitor,
        ResolveAbstractPatternsVisitor,
        ResolveExtendsVisitor,
    )

    path, phase = Path(str(request["path"])), str(request["phase"])
    try:
        document = safexml.parse(str(request["text"]).encode()).getroottree()
        tree = safexml.parse(path.read_bytes()).getroottree()
        factory = DirectModeSchematronValidatorFactory(tree, phase, path.parent)
        validator = factory.build()
        schema = validator._schema
        schema = ResolveExtendsVisitor(schema).apply(schema)
        schema = ResolveAbstractPatternsVisitor(schema).apply(schema)
        schema = PhaseSelectionVisitor(schema, phase).apply(schema)
        report = validator.validate(document).get_svrl()
    except Exception as exc:  # noqa: BLE001 - a foreign library stops here, whatever it raises
        return {"ok": False, "error": f"{type(exc).__name__}: {' '.join(str(exc).split())[:500]}"}
    patterns = [p for p in schema.patterns if hasattr(p, "rules")]
    rules = [r for p in patterns for r in p.rules if getattr(r, "context", None) is not None]
    loaded = [len(patterns), len(rules), sum(len(r.checks) for r in rules)]
    fired = sum(1 for _ in report.iter(f"{_SVRL}fired-rule"))
    return {"ok": True, "rows": list(_rows(report)), "loaded": loaded, "fired": fired}


def _rows(report: etree._ElementTree) -> Iterator[list[str]]:
    for tag, kind in ((f"{_SVRL}failed-assert", "assert"), (f"{_SVRL}successful-report", "report")):
        for entry in report.iter(tag):
            text = " ".join("".join(entry.itertext()).split())
            names = ("id", "role", "test", "location")
            yield [kind, *(entry.get(name, "") for name in names), text]
