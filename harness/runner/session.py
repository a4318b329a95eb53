"""One run from its first row to its record: our side's set-up, rows in order, evidence first, verdicts after.

The same functions serve the command line and pytest.
"""

import asyncio
import platform
import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from types import TracebackType
from typing import Self

from harness import __version__
from harness.errors import InputError, PeerError, Problem
from harness.model import (
    AuditRecord,
    Cause,
    Environment,
    Exchange,
    PackUse,
    Population,
    Requirement,
    RowResult,
    Run,
    State,
    Statement,
    StepResult,
    Sut,
    TriggerOutcome,
    Verdict,
    roll_up,
)
from harness.peers import (
    AuditRepository,
    Caller,
    Clock,
    InitiatingGateway,
    PeerServer,
    Pki,
    RespondingGateway,
    SeededIds,
    client_context,
    make_pki,
    pki_from_files,
    pki_to_files,
    server_context,
)
from harness.runner._interpreter import RowRun
from harness.runner._judge import Judge
from harness.runner._live import LiveWorld
from harness.runner._plan import Row
from harness.runner._preflight import needed_endpoints, unreachable_endpoints
from harness.runner._steps import empty_result
from harness.runner._trigger import AskPerson
from harness.runner._verdicts import run_requirements
from harness.store import Json, RunDirectory, finished_rows, read_events, read_folder, write_folder
from harness.validators import Validator
from harness.wire import x509

TRUST_FILE, OURS_FILE, OUR_TLS_FILE = "trust-authorities.pem", "our-authority.pem", "our-tls.pem"
"""Certificates kept in a run directory: whom the run trusted on the SUT's side, our own authority, and what we show."""

LIBRARIES = ("lxml", "xmlschema", "saxonche", "pyschematron", "httpx", "httpcore", "h11", "cryptography", "signxml")

type Progress = Callable[[str, Row, RowResult | StepResult | None], None]
"""Told of `row-started`, `step-done` and `row-done` as they happen."""


def utc_now() -> datetime:
    """The present instant, aware UTC."""
    return datetime.now(UTC)


def run_id(now: datetime) -> str:
    """A fresh run id that sorts by time: `20260203-141500-1a2b`."""
    return f"{now:%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"


def no_progress(event: str, row: Row, result: RowResult | StepResult | None) -> None:
    """Tells nobody."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSpec:
    """Everything a run depends on. `out` is the run directory; `pki_dir` a folder kept between runs, or None."""

    id: str
    out: Path
    sut: Sut
    catalogue: Mapping[str, Requirement]
    population: Population
    kind: str = "trial"
    lang: str = "en"
    seed: int | None = None
    bundled_system: bool = False
    faults: tuple[str, ...] = ()
    statement: Statement | None = None
    pki_dir: Path | None = None
    exchange_prefix: str = "x"
    clock: Clock = field(default=utc_now)


def own_pki(spec_pki_dir: Path | None, sut: Sut, at: datetime) -> Pki:
    """Our side's key material: read from the folder, made and written there the first time, or made for this run only."""
    ours = sut.ours
    if spec_pki_dir is None:
        return make_pki(ours.country, ours.host, at)
    files = read_folder(spec_pki_dir)
    if files:
        return pki_from_files(files, at=at, host=ours.host)
    pki = make_pki(ours.country, ours.host, at)
    write_folder(spec_pki_dir, pki_to_files(pki))
    return pki


class Session:
    """An open run: `async with Session(...)`, `run_row` for each row, `finish` for the record."""

    def __init__(
        self,
        spec: RunSpec,
        directory: RunDirectory,
        validator: Validator,
        *,
        progress: Progress = no_progress,
        ask_person: AskPerson | None = None,
    ) -> None:
        self._spec = spec
        self._directory = directory
        self._validator = validator
        self._progress = progress
        self._ask_person = ask_person
        self._started_at = spec.clock()
        self._count = self._audits = self._refused = self._audits_refused = 0
        self._done: dict[str, RowResult] = {}
        self._unreachable: Mapping[tuple[str, str], str] = {}
        self._current: Row | None = None

    async def __aenter__(self) -> Self:
        spec, sut = self._spec, self._spec.sut
        try:
            pki = await asyncio.to_thread(own_pki, spec.pki_dir, sut, spec.clock())
        except PeerError as exc:
            raise InputError(Problem(code="E705", option="ours.pki", problem=str(exc))) from exc
        ids = SeededIds(spec.seed)
        our_certificate = x509.certificate_pem(pki.tls.certificate)
        self._judge = Judge(
            sut=sut,
            catalogue=spec.catalogue,
            population=spec.population,
            validator=self._validator,
            our_anchors=pki.anchors,
            our_certificate=our_certificate,
        )
        self._caller = Caller(spec.clock)
        try:
            context = client_context(pki.tls, sut.trust_authorities)
            self._server = PeerServer(server_context(pki.tls, sut.trust_authorities), clock=spec.clock)
        except PeerError as exc:
            raise InputError(Problem(code="E704", option="trust.authorities", problem=str(exc))) from exc
        await self._server.start(sut.ours.host, sut.ours.ports)
        self._repository = None
        if "audit" in sut.ours.ports:
            self._repository = AuditRepository(
                server_context(pki.tls, sut.trust_authorities), clock=spec.clock, new_id=self._new_audit_id
            )
            await self._repository.start(sut.ours.host, sut.ours.ports["audit"])
        self._world = LiveWorld(
            sut=sut,
            population=spec.population,
            initiating=InitiatingGateway(
                pki=pki, ours=sut.ours, sut_anchors=sut.trust_authorities, clock=spec.clock, ids=ids
            ),
            responding=RespondingGateway(ours=sut.ours, population=spec.population, clock=spec.clock, ids=ids),
            caller=self._caller,
            server=self._server,
            clock=spec.clock,
            record=self._record,
            new_id=self._new_id,
            context=context,
            ask_person=self._ask_person,
            repository=self._repository,
        )
        self._unreachable = await unreachable_endpoints(sut)
        self._directory.keep_file(TRUST_FILE, sut.trust_authorities)
        self._directory.keep_file(OURS_FILE, pki.anchors)
        self._directory.keep_file(OUR_TLS_FILE, our_certificate)
        problems: list[Json] = [f"{actor}: {text}" for (actor, _), text in sorted(self._unreachable.items())]
        self._event("preflight", {"endpoints": dict(self.endpoints), "unreachable": problems})
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None
    ) -> None:
        await self._server.aclose()
        if self._repository is not None:
            await self._repository.stop()
        await self._caller.aclose()

    @property
    def endpoints(self) -> Mapping[str, str]:
        """Where our own peers listen: endpoint key to URL."""
        return self._server.endpoints

    def begin(self, rows: Iterable[Row], *, resumed: Path | None = None) -> tuple[Row, ...]:
        """Write the plan and return the rows that remain to be run; rows finished before a resume are taken over."""
        rows = tuple(rows)
        if resumed is not None:
            known = {row.id: row for row in rows}
            for row_id, result in finished_rows(resumed).items():
                if row_id in known and result.digest == known[row_id].scenario.digest:
                    self._done[row_id] = result
            self._count = _highest_exchange(resumed)
            self._audits = _highest_audit(resumed)
        self._event(
            "run-resumed" if resumed else "run-started",
            {
                "run": self._spec.id,
                "kind": self._spec.kind,
                "system": {"name": self._spec.sut.system.name, "version": self._spec.sut.system.version},
                "seed": self._spec.seed,
                "rows": [{"id": row.id, "digest": row.scenario.digest} for row in rows],
                "done": list(self._done),
            },
        )
        return tuple(row for row in rows if row.id not in self._done)

    async def run_row(self, row: Row) -> RowResult:
        """Run one row and return its result; evidence is on the disk before anything is judged."""
        self._current = row
        self._event("row-started", {"row": row.id})
        self._progress("row-started", row, None)
        await self._world.clear(row)
        result = self._not_possible(row)
        if result is None:
            result = await RowRun(row, self._world, self._judge, self._step_done).run()
        self._done[row.id] = result
        for refusal in self._server.refused[self._refused :]:
            self._event("connection-refused", {"row": row.id, "kind": refusal.kind, "detail": refusal.detail})
        self._refused = len(self._server.refused)
        if self._repository is not None:
            for refusal in self._repository.refused[self._audits_refused :]:
                self._event("audit-refused", {"row": row.id, "kind": refusal.kind, "detail": refusal.detail})
            self._audits_refused = len(self._repository.refused)
        self._event("row-done", {"row": row.id, "result": self._directory.record(RowResult, result)})
        self._progress("row-done", row, result)
        self._current = None
        return result

    def finish(self, rows: Iterable[Row], state: State = State.DONE) -> Run:
        """The record of the run, written to run.json; rows that were not reached are `not_run`."""
        results = tuple(self._done.get(row.id) or empty_result(row, None) for row in rows)
        run = assemble(self._spec, results, self._validator.uses(), self._started_at, self._spec.clock(), state)
        self._directory.write_run(run)
        event = "run-done" if state is State.DONE else "run-interrupted"
        self._event(event, {"verdict": run.verdict.value})
        return run

    def _not_possible(self, row: Row) -> RowResult | None:
        """The result of a row that cannot be run at all: it does not apply, or its SUT is not reachable."""
        now = self._spec.clock()
        if row.blocked:
            return replace(empty_result(row, now), state=State.DONE, verdict=Verdict.NOT_APPLICABLE, reason=row.blocked)
        needed = sorted(needed_endpoints(row.scenario) & set(self._unreachable))
        problem = self._unreachable[needed[0]] if needed else ""
        if problem:
            return replace(
                empty_result(row, now),
                state=State.DONE,
                verdict=Verdict.ERROR,
                cause=Cause.ENVIRONMENT,
                reason=problem,
            )
        return None

    def _step_done(self, event: str, row: Row, result: StepResult) -> None:
        self._event(event, {"row": row.id, "step": result.path, "verdict": result.verdict.value})
        self._progress(event, row, result)

    def _record(self, row: Row, path: str, observed: Exchange | TriggerOutcome | AuditRecord) -> None:
        if isinstance(observed, Exchange):
            content: Json = self._directory.record(Exchange, observed)
            self._event("exchange", {"row": row.id, "step": path, "exchange": content})
        elif isinstance(observed, AuditRecord):
            content = self._directory.record(AuditRecord, observed)
            self._event("audit", {"row": row.id, "step": path, "record": content})
        else:
            content = self._directory.record(TriggerOutcome, observed)
            self._event("trigger", {"row": row.id, "step": path, "outcome": content})

    def _event(self, event: str, fields: Mapping[str, Json]) -> None:
        self._directory.append(event, self._spec.clock(), fields)

    def _new_id(self) -> str:
        self._count += 1
        return f"{self._spec.exchange_prefix}{self._count:04d}"

    def _new_audit_id(self) -> str:
        self._audits += 1
        return f"{self._spec.exchange_prefix.replace('x', 'a')}{self._audits:04d}"


def _highest_audit(folder: Path) -> int:
    records = (event["record"] for event in read_events(folder) if isinstance(event.get("record"), dict))
    ids = (str(record.get("id", "")).lstrip("a") for record in records if isinstance(record, dict))
    return max((int(i) for i in ids if i.isdigit()), default=0)


def assemble(
    spec: RunSpec,
    rows: tuple[RowResult, ...],
    packs: tuple[PackUse, ...],
    started_at: datetime,
    ended_at: datetime,
    state: State,
) -> Run:
    """The run record of `rows`: verdict, requirements over all rows, packs and environment."""
    requirements = run_requirements(rows)
    return Run(
        id=spec.id,
        kind=spec.kind,
        started_at=started_at,
        ended_at=ended_at,
        state=state,
        verdict=roll_up(row.verdict for row in rows),
        system=spec.sut.system,
        sut_actors=tuple(sorted(spec.sut.actors)),
        rows=rows,
        requirements=requirements,
        catalogue={r.id: spec.catalogue[r.id] for r in requirements if r.id in spec.catalogue},
        packs=packs,
        environment=environment(),
        bundled_system=spec.bundled_system,
        lang=spec.lang,
        faults=spec.faults,
        seed=spec.seed,
        statement=spec.statement,
    )


def merge_runs(runs: Sequence[Run], id: str) -> Run:
    """One record of several runs of the same kind against the same system, as parallel workers make them.

    Rows are sorted by id; figures of packs are added up.

    Raises:
        ValueError: there is nothing to merge.
    """
    if not runs:
        raise ValueError("no runs to merge")
    rows = tuple(sorted((row for run in runs for row in run.rows), key=lambda row: row.id))
    requirements = run_requirements(rows)
    return replace(
        runs[0],
        id=id,
        started_at=min(run.started_at for run in runs),
        ended_at=max(run.ended_at for run in runs),
        state=State.DONE if all(run.state is State.DONE for run in runs) else State.ABORTED,
        verdict=roll_up(row.verdict for row in rows),
        rows=rows,
        requirements=requirements,
        catalogue={name: text for run in runs for name, text in run.catalogue.items()},
        packs=_merged_packs(runs),
    )


def _merged_packs(runs: Sequence[Run]) -> tuple[PackUse, ...]:
    merged: dict[str, PackUse] = {}
    for pack in (pack for run in runs for pack in run.packs):
        known = merged.get(pack.coordinate)
        if known is None:
            merged[pack.coordinate] = pack
            continue
        merged[pack.coordinate] = replace(
            known,
            rules_loaded=max(known.rules_loaded, pack.rules_loaded),
            rules_fired=max(known.rules_fired, pack.rules_fired),
            codes_checked=known.codes_checked + pack.codes_checked,
            codes_unverifiable=known.codes_unverifiable + pack.codes_unverifiable,
        )
    return tuple(merged.values())


def environment() -> Environment:
    """Versions of what took part."""
    return Environment(
        harness=__version__,
        python=platform.python_version(),
        platform=f"{platform.system()} {platform.machine()}",
        libraries={name: metadata.version(name) for name in LIBRARIES},
    )


def _highest_exchange(folder: Path) -> int:
    highest = 0
    for event in read_events(folder):
        exchange = event.get("exchange")
        if isinstance(exchange, dict):
            digits = str(exchange.get("id", "x0")).lstrip("x")
            highest = max(highest, int(digits) if digits.isdigit() else 0)
    return highest
