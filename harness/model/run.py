"""The record of a run: what was planned, done, found and decided."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from harness.model.evidence import AuditRecord, Exchange, TriggerOutcome
from harness.model.finding import Finding
from harness.model.requirement import Requirement
from harness.model.statement import Statement
from harness.model.sut import SystemIdentity
from harness.model.text import Localized
from harness.model.validation import ValidationReport
from harness.model.verdict import Cause, State, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class RequirementResult:
    """One requirement in one place (step, row or run): its verdict and the findings that made it."""

    id: str
    verdict: Verdict
    findings: tuple[Finding, ...] = ()
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepResult:
    """One step. `verb` is send, receive, expect, ...; `exchanges` and `audits` are ids. `expected`/`found` say in one line
    what the step asked and what came."""

    path: str
    verb: str
    title: Localized
    state: State
    verdict: Verdict
    cause: Cause | None = None
    reason: str = ""
    started_at: datetime | None = None
    duration_s: float = 0.0
    expected: str = ""
    found: str = ""
    covers: tuple[str, ...] = ()
    exchanges: tuple[str, ...] = ()
    audits: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()
    requirements: tuple[RequirementResult, ...] = ()
    validations: tuple[ValidationReport, ...] = ()
    line: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class RowResult:
    """One scenario row. `id` is `SCENARIO` or `SCENARIO[row]`."""

    id: str
    scenario: str
    row: str | None
    title: Localized
    profile: str
    sut_actor: str
    state: State
    verdict: Verdict
    cause: Cause | None = None
    reason: str = ""
    tags: tuple[str, ...] = ()
    priority: int = 2
    covers: tuple[str, ...] = ()
    started_at: datetime | None = None
    duration_s: float = 0.0
    steps: tuple[StepResult, ...] = ()
    requirements: tuple[RequirementResult, ...] = ()
    exchanges: tuple[Exchange, ...] = ()
    triggers: tuple[TriggerOutcome, ...] = ()
    audits: tuple[AuditRecord, ...] = ()
    source: str = ""
    source_line: int = 0
    digest: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PackUse:
    """A pack that took part in a run, with its lock (artefact path -> sha-256) and its coverage figures."""

    coordinate: str
    title: str
    origin: str
    status: str
    digest: str
    complete: bool
    artefacts: Mapping[str, str] = field(default_factory=dict)
    rules_loaded: int = 0
    rules_fired: int = 0
    codes_checked: int = 0
    codes_unverifiable: int = 0
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """Where the run took place; names of versions only, nothing that identifies a machine."""

    harness: str
    python: str
    platform: str
    libraries: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A whole run, complete enough to print every output from it. Times aware UTC."""

    id: str
    kind: str
    started_at: datetime
    ended_at: datetime
    state: State
    verdict: Verdict
    system: SystemIdentity
    sut_actors: tuple[str, ...]
    rows: tuple[RowResult, ...]
    requirements: tuple[RequirementResult, ...]
    catalogue: Mapping[str, Requirement]
    packs: tuple[PackUse, ...]
    environment: Environment
    bundled_system: bool = False
    lang: str = "en"
    faults: tuple[str, ...] = ()
    seed: int | None = None
    statement: Statement | None = None
