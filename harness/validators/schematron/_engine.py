"""Runs compiled schemas over documents and turns the compact results back into texts and places."""

import hashlib
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from harness.errors import UnsupportedError, WireError
from harness.packs.artefacts import Artefact
from harness.validators.schematron._compile import compile_schema
from harness.validators.schematron._compiled import FORMAT, RECORD_END, UNIT_END, CheckInfo, CompiledSchema
from harness.validators.schematron._pool import EngineRefused, Pool, WorkerDied
from harness.validators.schematron._read import read_schema


class Engine(StrEnum):
    """Which engine judges Schematron: ours on Saxon (of record), pyschematron behind a guard, or both compared."""

    SAXON = "saxon"
    PYSCHEMATRON = "pyschematron"
    BOTH = "both"


class CompileCache(Protocol):
    """Keeps compiled schemas between processes, by a key that changes with their content."""

    def get(self, key: str) -> bytes | None:
        """What was put under `key`, or None."""

    def put(self, key: str, data: bytes) -> None:
        """Keeps `data` under `key`."""


class MemoryCache:
    """A CompileCache that lives as long as its process."""

    def __init__(self) -> None:
        self._kept: dict[str, bytes] = {}

    def get(self, key: str) -> bytes | None:
        """What was put under `key`, or None."""
        return self._kept.get(key)

    def put(self, key: str, data: bytes) -> None:
        """Keeps `data` under `key`."""
        self._kept[key] = data


@dataclass(frozen=True, slots=True, kw_only=True)
class SchResult:
    """One failed assert or successful report, or one that could not be decided (`undecided` says why).

    `path` is as XPath's `path()` writes it, in the document that was judged; `kind` is `assert`, `report`, or `rule`
    where a rule's context could not be decided.
    """

    rule_id: str
    kind: str
    role: str
    path: str
    message: str
    test: str
    see: str
    undecided: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SchOutcome:
    """What one schema says of one document. With `problems` (a schema that is not whole, an engine that lost rules) no
    pass may be built on it; `failure` means that nothing was judged at all, `by_harness` that the engine's process died."""

    results: tuple[SchResult, ...] = ()
    rules_loaded: int = 0
    fired: frozenset[int] = frozenset()
    fired_events: int = 0
    problems: tuple[str, ...] = ()
    failure: str = ""
    by_harness: bool = False
    duration_s: float = 0.0
    engine: str = "saxon"


class SaxonEngine:
    """Our compiler with Saxon in worker processes. Safe for as many threads as the pool has workers."""

    def __init__(self, pool: Pool, cache: CompileCache, *, optimise: bool = True) -> None:
        self._pool = pool
        self._cache = cache
        self._optimise = optimise
        self._compiled: dict[str, CompiledSchema] = {}

    def judge(self, artefact: Artefact, text: str, *, phase: str = "#DEFAULT") -> SchOutcome:
        """The outcome for the document `text`, serialised from a tree that `safexml` accepted.

        Raises:
            UnsupportedError: the schema has no phase of that name.
        """
        started = time.perf_counter()
        try:
            schema = self.compiled(artefact, phase=phase)
        except WireError as exc:
            return SchOutcome(failure=f"schema is not readable: {exc}")
        rules_loaded = len(schema.rules)
        worker = self._pool.borrow()
        try:
            try:
                raw = worker.run(schema, text)
            except EngineRefused:
                # a rule stops on this document: judge again check by check, so that only that rule is undecided
                schema = self.compiled(artefact, phase=phase, careful=True)
                raw = worker.run(schema, text)
        except WorkerDied as exc:
            return SchOutcome(
                failure=str(exc), by_harness=True, rules_loaded=rules_loaded, duration_s=time.perf_counter() - started
            )
        except EngineRefused as exc:
            return SchOutcome(
                failure=f"schema stops with an error: {exc}",
                rules_loaded=rules_loaded,
                problems=schema.problems,
                duration_s=time.perf_counter() - started,
            )
        finally:
            self._pool.give_back(worker)
        records = [r.split(UNIT_END) for r in raw.split(RECORD_END) if r]
        fired = [int(r[0][1:]) for r in records if r[0][0] == "R"]
        return SchOutcome(
            results=tuple(_results(schema, records)),
            rules_loaded=rules_loaded,
            fired=frozenset(fired),
            fired_events=len(fired),
            problems=schema.problems,
            duration_s=time.perf_counter() - started,
        )

    def compiled(self, artefact: Artefact, *, phase: str, careful: bool = False) -> CompiledSchema:
        """The compiled schema, from memory, from the cache, or made now.

        Raises:
            WireError: the schema file is not readable.
            UnsupportedError: the schema has no phase of that name.
        """
        mode = ("optimised" if self._optimise else "plain") + ("-careful" if careful else "")
        text = f"{FORMAT} {artefact.sha256} {artefact.path} {phase} {mode}"
        key = hashlib.sha256(text.encode()).hexdigest()
        if key in self._compiled:
            return self._compiled[key]
        kept = self._cache.get(key)
        schema = CompiledSchema.from_bytes(kept) if kept else None
        if schema is None:
            try:
                schema = compile_schema(
                    read_schema(artefact.path, artefact.root),
                    artefact.path,
                    artefact.root,
                    phase=phase,
                    optimise=self._optimise,
                    careful=careful,
                    key=key,
                )
            except KeyError as exc:
                raise UnsupportedError(f"schema {artefact.id} has no phase {exc.args[0]!r}") from exc
            self._cache.put(key, schema.to_bytes())
        self._compiled[key] = schema
        return schema


def _results(schema: CompiledSchema, records: list[list[str]]) -> Iterator[SchResult]:
    for record in records:
        what, number = record[0][0], int(record[0][1:])
        if what == "R":
            continue
        path, values = record[1], record[2:]
        if what in "VX":
            why = f"rule stops with an error: {values[0]}" if what == "X" else _missing(schema)
            yield SchResult(
                rule_id=schema.rules[number],
                kind="rule",
                role="",
                path=path,
                message="",
                test="",
                see="",
                undecided=why,
            )
            continue
        check = schema.checks[number]
        undecided = {"F": "", "U": _missing(schema), "E": f"rule stops with an error: {values[0] if values else ''}"}[
            what
        ]
        yield SchResult(
            rule_id=check.rule_id,
            kind=check.kind,
            role=check.role,
            path=path,
            message="" if undecided else _text(check, values),
            test=check.test,
            see=check.see,
            undecided=undecided,
        )


def _missing(schema: CompiledSchema) -> str:
    return f"value set not in the pack: {', '.join(schema.missing_vocabularies)}"


def _text(check: CheckInfo, values: list[str]) -> str:
    parts = [p if isinstance(p, str) else values[p] if p < len(values) else "" for p in check.message]
    return re.sub(r"\s+", " ", "".join(parts)).strip()
