"""Runs compiled schemas over documents and turns the compact results back into texts and places."""

import hashlib
import time
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from harness.errors import UnsupportedError, WireError
from harness.packs.artefacts import Artefact
from harness.validators.schematron._compile import compile_schema
from harness.validators.schematron._compiled import FORMAT, CompiledSchema, Scope
from harness.validators.schematron._outcome import SchOutcome, read_records, scope_of
from harness.validators.schematron._pool import EngineRefused, Pool, StyleSheet, Worker, WorkerDied
from harness.validators.schematron._read import read_schema
from harness.validators.schematron._rewrites import ALL_REWRITES, Rewrite


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


class SaxonEngine:
    """Our compiler with Saxon in worker processes. Safe for as many threads as the pool has workers.

    `rewrites` are those the compiler may use (none: the plain mode, reference for differential tests). With `sparing` a
    style sheet holds what the documents seen so far can trigger, which compiles faster; the third kind of document gets
    the whole.
    """

    def __init__(
        self,
        pool: Pool,
        cache: CompileCache,
        *,
        rewrites: frozenset[Rewrite] = ALL_REWRITES,
        sparing: bool = False,
    ) -> None:
        self._pool = pool
        self._cache = cache
        self._rewrites = rewrites
        self._sparing = sparing
        self._compiled: dict[str, CompiledSchema] = {}
        self._sheets: dict[str, tuple[StyleSheet, Scope | None, int]] = {}

    def judge(
        self, artefact: Artefact, text: str, *, phase: str = "#DEFAULT", folder: Path | None = None
    ) -> SchOutcome:
        """The outcome for the document `text`, serialised from a tree that `safexml` accepted.

        `folder` is where the document stands: subordinate documents that a schema asks for are read from there only.

        Raises:
            UnsupportedError: the schema has no phase of that name.
        """
        started = time.perf_counter()
        try:
            schema = self.compiled(artefact, phase=phase)
        except WireError as exc:
            return SchOutcome(failure=f"schema is not readable: {exc}")
        where = folder.resolve().as_uri() + "/" if folder else ""
        worker = self._pool.borrow()
        try:
            try:
                raw = worker.run(self._sheet(worker, schema, text), text, where)
            except EngineRefused:
                # a rule stops on this document: judge again check by check, so that only that rule is undecided
                schema = self.compiled(artefact, phase=phase, careful=True)
                raw = worker.run(self._sheet(worker, schema, text), text, where)
        except WorkerDied as exc:
            return self._failed(schema, str(exc), started, by_harness=True)
        except EngineRefused as exc:
            return self._failed(schema, f"schema stops with an error: {exc}", started)
        finally:
            self._pool.give_back(worker)
        events, results = read_records(schema, raw)
        return SchOutcome(
            results=results,
            events=events,
            rules_loaded=len(schema.rules),
            fired=frozenset(e.rule for e in events),
            fired_events=len(events),
            problems=schema.problems,
            warnings=schema.warnings,
            duration_s=time.perf_counter() - started,
        )

    def _failed(self, schema: CompiledSchema, why: str, started: float, *, by_harness: bool = False) -> SchOutcome:
        return SchOutcome(
            failure=why,
            by_harness=by_harness,
            rules_loaded=len(schema.rules),
            problems=schema.problems,
            warnings=schema.warnings,
            duration_s=time.perf_counter() - started,
        )

    def compiled(self, artefact: Artefact, *, phase: str = "#DEFAULT", careful: bool = False) -> CompiledSchema:
        """The compiled schema, from memory, from the cache, or made now.

        Raises:
            WireError: the schema file is not readable.
            UnsupportedError: the schema has no phase of that name.
        """
        mode = " ".join(sorted(self._rewrites)) + (" careful" if careful else "")
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
                    rewrites=self._rewrites,
                    careful=careful,
                    key=key,
                )
            except KeyError as exc:
                raise UnsupportedError(f"schema {artefact.id} has no phase {exc.args[0]!r}") from exc
            self._cache.put(key, schema.to_bytes())
        self._compiled[key] = schema
        return schema

    def prepare(self, artefact: Artefact, *, phase: str = "#DEFAULT") -> CompiledSchema:
        """The compiled schema, after a worker has compiled the whole of its style sheet.

        Raises:
            WireError, UnsupportedError: as for `compiled`.
            EngineRefused: the style sheet does not compile.
            WorkerDied: the engine's process ended.
        """
        schema = self.compiled(artefact, phase=phase)
        xslt, parameters = schema.stylesheet(None)
        worker = self._pool.borrow()
        try:
            worker.compile(StyleSheet(key=schema.key, xslt=xslt, base=schema.base, parameters=parameters))
        finally:
            self._pool.give_back(worker)
        return schema

    def _sheet(self, worker: Worker, schema: CompiledSchema, text: str) -> StyleSheet:
        """The style sheet for a document: the one there is, where it serves, else a wider one."""
        known = self._sheets.get(schema.key)
        if known is not None and known[1] is None:
            return known[0]
        scope = scope_of(text) if self._sparing else None
        made = 0
        if known is not None and scope is not None:
            sheet, before, made = known
            assert before is not None
            if before.covers(scope):
                return sheet
            scope = before.joined(scope) if made < _SPARED else None
        if known is not None:
            worker.forget(known[0].key)
        xslt, parameters = schema.stylesheet(scope)
        key = schema.key + (scope.digest if scope else "")
        sheet = StyleSheet(key=key, xslt=xslt, base=schema.base, parameters=parameters)
        self._sheets[schema.key] = (sheet, scope, made + 1)
        return sheet


_SPARED = 2
"""How many style sheets of a schema are made for single documents before the whole one is."""
