"""One input against all artefacts of the packs that fit it: the layers in order, one report."""

import hashlib
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from lxml import etree

from harness import safexml
from harness.errors import InputError, Problem, UnsupportedError, WireError
from harness.model import (
    ArtefactUse,
    Finding,
    Layer,
    Location,
    PackUse,
    Severity,
    ValidationReport,
    Verdict,
    roll_up,
)
from harness.packs.artefacts import Artefact, Pack
from harness.validators._kinds import Part, parts_of
from harness.validators._paths import joined, readable
from harness.validators._positions import PositionIndex
from harness.validators._xsd import XsdLayer
from harness.validators.schematron import (
    CompileCache,
    Engine,
    MemoryCache,
    Pool,
    PyschematronEngine,
    SaxonEngine,
    SchOutcome,
    SchResult,
)

WELL_FORMED = "well-formed"
_ROLES = {
    "": Severity.ERROR,
    "error": Severity.ERROR,
    "fatal": Severity.ERROR,
    "warning": Severity.WARNING,
    "warn": Severity.WARNING,
    "information": Severity.INFORMATION,
    "info": Severity.INFORMATION,
    "hint": Severity.INFORMATION,
}
_VERDICTS = {
    Severity.ERROR: Verdict.FAIL,
    Severity.UNDECIDABLE: Verdict.INCONCLUSIVE,
    Severity.WARNING: Verdict.WARNING,
    Severity.INFORMATION: Verdict.PASS,
}
_NEXT_UNDECIDED = "add the missing artefact to the pack, or judge this rule by hand"


@dataclass(slots=True)
class _Coverage:
    """Cumulative figures of one artefact; `fired` are numbers of rules, per phase and engine."""

    loaded: int = 0
    fired: set[int] = field(default_factory=set)
    codes_checked: int = 0
    codes_unverifiable: int = 0


@dataclass(slots=True)
class _Judged:
    """What one artefact says of one part; paths of findings are still those of `path()`."""

    verdict: Verdict
    findings: list[Finding] = field(default_factory=list)
    reason: str = ""
    loaded: int = 0
    fired: frozenset[int] = frozenset()
    duration_s: float = 0.0
    engine: str = ""


class Validator:
    """Judges documents and messages by the artefacts of `packs`. Close it, or use it in a `with` block.

    `workers` is the number of engine processes, started when first needed (0: one); as many threads may call
    `validate` at the same time. `explain` adds xmlschema's words to a failed XSD validation, which costs seconds at the
    first failure of a schema and a few hundred milliseconds at each. `optimise=False` runs Schematron without rewrites,
    as the reference for differential tests.
    """

    def __init__(
        self,
        packs: Sequence[Pack],
        *,
        engine: Engine = Engine.SAXON,
        workers: int = 0,
        cache: CompileCache | None = None,
        explain: bool = True,
        optimise: bool = True,
        run_timeout_s: float = 60.0,
    ) -> None:
        self._packs = tuple(packs)
        self._engine = engine
        self._explain = explain
        self._pool = Pool(workers, run_timeout_s=run_timeout_s)
        cache = MemoryCache() if cache is None else cache
        self._xsd = XsdLayer(cache)
        self._saxon = SaxonEngine(self._pool, cache, optimise=optimise)
        self._pyschematron = PyschematronEngine(self._pool)
        self._lock = threading.Lock()
        self._coverage: dict[tuple[str, str], _Coverage] = {}

    def __enter__(self) -> "Validator":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Ends the engine processes."""
        self._pool.close()

    @property
    def worker_pids(self) -> tuple[int, ...]:
        """Process ids of the engine processes that run now."""
        return self._pool.pids

    def validate(self, name: str, content: bytes, *, as_: str = "auto", phase: str | None = None) -> ValidationReport:
        """The report on `content`; `name` is its label in the findings.

        Args:
            as_: `auto`; a kind (`cda:patient-summary:3`, `message:Envelope`) to take it for; or the coordinate of a pack
                or of a set in it, whose artefacts alone are applied.
            phase: Schematron phase id, `#ALL` or `#DEFAULT` (the default).

        Raises:
            InputError: `as_` is neither a kind nor a coordinate of the packs.
        """
        digest = hashlib.sha256(content).hexdigest()
        artefacts, kind = self._chosen(as_)
        started = time.perf_counter()
        try:
            root = safexml.parse(content)
        except WireError as exc:
            return _not_well_formed(name, content, digest, exc, time.perf_counter() - started)
        parts = parts_of(root)
        if kind:
            parts = (replace(parts[0], kind=kind), *parts[1:])
        well_formed = ArtefactUse(
            coordinate="",
            artefact=WELL_FORMED,
            layer=Layer.WELL_FORMED,
            sha256="",
            verdict=Verdict.PASS,
            duration_s=time.perf_counter() - started,
        )
        uses, findings, reasons = self._judge_parts(parts, artefacts, phase or "#DEFAULT")
        verdicts = [u.verdict for u in uses] + [Verdict.INCONCLUSIVE] * len(reasons)
        return ValidationReport(
            name=name,
            kind=parts[0].kind,
            sha256=digest,
            size=len(content),
            verdict=roll_up(verdicts),
            uses=(well_formed, *uses),
            findings=tuple(_placed(findings, name, content)),
            reason="; ".join(dict.fromkeys([*reasons, *(u.reason for u in uses if u.reason)])),
        )

    def uses(self) -> tuple[PackUse, ...]:
        """The packs with the exact artefacts they hold, and what they came to in all validations so far."""
        result = []
        with self._lock:
            for pack in self._packs:
                seen = [c for a in pack.artefacts if (c := self._coverage.get((a.coordinate, a.id)))]
                problems = sorted(
                    {
                        f"{a.id}: {n} is missing"
                        for a in pack.artefacts
                        for n in (*a.missing_includes, *a.missing_vocabularies)
                    }
                )
                result.append(
                    PackUse(
                        coordinate=pack.coordinate,
                        title=pack.title.en,
                        origin=pack.origin,
                        status=pack.status,
                        digest=pack.sha256,
                        complete=pack.complete,
                        artefacts={f"{a.coordinate}#{a.id}": a.sha256 for a in pack.artefacts},
                        rules_loaded=sum(c.loaded for c in seen),
                        rules_fired=sum(len(c.fired) for c in seen),
                        codes_checked=sum(c.codes_checked for c in seen),
                        codes_unverifiable=sum(c.codes_unverifiable for c in seen),
                        problems=tuple(problems),
                    )
                )
        return tuple(result)

    def coverage(self) -> tuple[tuple[str, int, int], ...]:
        """Per Schematron artefact used so far: `coordinate#id`, rules loaded, rules fired at least once."""
        with self._lock:
            return tuple((f"{c}#{a}", v.loaded, len(v.fired)) for (c, a), v in sorted(self._coverage.items()))

    def _chosen(self, as_: str) -> tuple[tuple[Artefact, ...], str]:
        every = tuple(a for p in self._packs for a in p.artefacts)
        if as_ == "auto":
            return every, ""
        if as_.startswith(("cda:", "message:")):
            return every, as_
        chosen = tuple(a for p in self._packs for a in p.artefacts if as_ in (p.coordinate, a.coordinate))
        if not chosen:
            known = sorted({p.coordinate for p in self._packs} | {a.coordinate for a in every})
            raise InputError(
                Problem(problem="unknown kind or coordinate", option="as", expected=("auto", *known), found=as_)
            )
        return chosen, ""

    def _judge_parts(
        self, parts: Sequence[Part], artefacts: Sequence[Artefact], phase: str
    ) -> tuple[list[ArtefactUse], list[Finding], list[str]]:
        uses: list[ArtefactUse] = []
        findings: list[Finding] = []
        covered: set[int] = set()
        for layer in (Layer.XSD, Layer.SCHEMATRON):
            for artefact in artefacts:
                fitting = [p for p in parts if artefact.layer is layer and artefact.fits(p.kind, p.facts)]
                if not fitting:
                    continue
                covered.update(id(p) for p in fitting)
                judged = [self._judge(artefact, part, phase) for part in fitting]
                uses.append(_use(artefact, judged))
                findings += [f for j in judged for f in j.findings]
        reasons = [f"no artefact of the packs applies to {p.kind}" for p in parts if p.needed and id(p) not in covered]
        return uses, findings, list(dict.fromkeys(reasons))

    def _judge(self, artefact: Artefact, part: Part, phase: str) -> _Judged:
        if artefact.layer is Layer.XSD:
            return self._judge_xsd(artefact, part)
        judged = self._judge_schematron(artefact, part, phase)
        with self._lock:
            figures = self._coverage.setdefault((artefact.coordinate, artefact.id), _Coverage())
            figures.loaded = max(figures.loaded, judged.loaded)
            figures.fired |= judged.fired
        return judged

    def _judge_xsd(self, artefact: Artefact, part: Part) -> _Judged:
        outcome = self._xsd.judge(artefact, part.element, explain=self._explain)
        if outcome.valid is None:
            return _Judged(verdict=Verdict.INCONCLUSIVE, reason=f"{artefact.id}: {outcome.reason}", engine="libxml2")
        findings = [
            Finding(
                at=Location(xpath=defect.path),
                expected=defect.expected,
                found=defect.found,
                message=defect.message,
                rule=f"{artefact.id}/{defect.rule}",
                requirement=artefact.requirement,
                severity=Severity.ERROR,
                layer=Layer.XSD,
                source=", ".join(artefact.sources),
            )
            for defect in outcome.defects
        ]
        verdict = Verdict.PASS if outcome.valid else Verdict.FAIL
        return _Judged(verdict=verdict, findings=findings, duration_s=outcome.duration_s, engine="libxml2")

    def _judge_schematron(self, artefact: Artefact, part: Part, phase: str) -> _Judged:
        text = _serialised(part)
        try:
            if self._engine is Engine.PYSCHEMATRON:
                return _judged(artefact, part, self._pyschematron.judge(artefact, text, phase=phase))
            judged = _judged(artefact, part, outcome := self._saxon.judge(artefact, text, phase=phase))
        except UnsupportedError as exc:
            return _Judged(verdict=Verdict.INCONCLUSIVE, reason=str(exc), engine=self._engine)
        if self._engine is Engine.BOTH:
            other = self._pyschematron.judge(artefact, text, phase=phase)
            judged.findings += _differences(artefact, part, outcome, other)
            judged.engine = Engine.BOTH
        return judged


def _serialised(part: Part) -> str:
    if part.element.getparent() is None:  # comments and instructions beside the root belong to the document
        return etree.tostring(part.element.getroottree(), encoding="unicode")
    return etree.tostring(part.element, encoding="unicode", with_tail=False)


def _judged(artefact: Artefact, part: Part, outcome: SchOutcome) -> _Judged:
    findings = [_finding(artefact, part, result) for result in outcome.results]
    verdict = roll_up([Verdict.PASS, *(_VERDICTS[f.severity or Severity.ERROR] for f in findings)])
    if verdict is Verdict.WARNING or (all(f.severity is Severity.WARNING for f in findings) and findings):
        verdict = Verdict.WARNING
    reasons = [f"{artefact.id}: {r}" for r in (outcome.failure, *outcome.problems[:5]) if r]
    if outcome.failure:
        verdict = Verdict.ERROR if outcome.by_harness else Verdict.INCONCLUSIVE
    elif outcome.problems or artefact.missing_includes:
        verdict = Verdict.INCONCLUSIVE
    elif verdict is Verdict.INCONCLUSIVE:
        reasons += [f"{artefact.id}: {f.message}" for f in findings if f.severity is Severity.UNDECIDABLE][:3]
    return _Judged(
        verdict=verdict,
        findings=findings,
        reason="; ".join(dict.fromkeys(reasons)),
        loaded=outcome.rules_loaded,
        fired=outcome.fired,
        duration_s=outcome.duration_s,
        engine=outcome.engine,
    )


def _finding(artefact: Artefact, part: Part, result: SchResult) -> Finding:
    severity = _ROLES.get(result.role.strip().lower(), Severity.ERROR)
    return Finding(
        at=Location(xpath=joined(part.path, result.path)),
        message=result.undecided or result.message,
        rule=result.rule_id,
        requirement=artefact.requirement,
        severity=Severity.UNDECIDABLE if result.undecided else severity,
        layer=Layer.SCHEMATRON,
        source=", ".join(artefact.sources),
        test=result.test,
        see=result.see,
        next=_NEXT_UNDECIDED if result.undecided else "",
    )


def _differences(artefact: Artefact, part: Part, ours: SchOutcome, other: SchOutcome) -> Iterator[Finding]:
    def told(message: str, rule: str = "") -> Finding:
        return Finding(
            at=Location(xpath=part.path),
            message=message,
            rule=rule or f"{artefact.id}/engines",
            severity=Severity.INFORMATION,
            layer=Layer.SCHEMATRON,
        )

    for reason in (other.failure, *other.problems):
        if reason:
            yield told(f"second engine: {reason}")
    if other.failure:
        return
    mine = sorted((r.kind, r.test) for r in ours.results if not r.undecided)
    theirs = sorted((r.kind, r.test) for r in other.results)
    for kind, test in sorted(set(mine) | set(theirs)):
        a, b = mine.count((kind, test)), theirs.count((kind, test))
        if a != b:
            yield told(f"engines differ: saxon {a}, pyschematron {b} times {kind} {test}")


def _use(artefact: Artefact, judged: Sequence[_Judged]) -> ArtefactUse:
    return ArtefactUse(
        coordinate=artefact.coordinate,
        artefact=artefact.id,
        layer=artefact.layer,
        sha256=artefact.sha256,
        verdict=roll_up(j.verdict for j in judged),
        rules_loaded=max(j.loaded for j in judged),
        rules_fired=len(frozenset().union(*(j.fired for j in judged))),
        duration_s=sum(j.duration_s for j in judged),
        engine=judged[0].engine,
        reason="; ".join(dict.fromkeys(j.reason for j in judged if j.reason)),
    )


def _placed(findings: Sequence[Finding], name: str, content: bytes) -> Iterator[Finding]:
    """The findings with readable paths, lines and columns of the bytes given, and the source line."""
    if not findings:
        return
    index = PositionIndex(content)
    for finding in findings:
        path = finding.at.xpath or ""
        position = index.find(path)
        if position is None:
            yield replace(finding, at=Location(message=name, xpath=readable(path)))
            continue
        at = Location(
            message=name,
            xpath=readable(path),
            line=position.line,
            column=position.column,
            offset=position.offset,
        )
        yield replace(finding, at=at, excerpt=position.excerpt)


def _not_well_formed(name: str, content: bytes, digest: str, error: WireError, duration_s: float) -> ValidationReport:
    line, column = error.line, error.column
    position = PositionIndex(content).at(line, column or 1) if line else None
    finding = Finding(
        at=Location(message=name, line=line, column=column, offset=position.offset if position else error.offset),
        message=error.problem,
        expected=error.expected or "",
        found=error.found or "",
        rule=f"xml/{error.kind}",
        severity=Severity.ERROR,
        layer=Layer.WELL_FORMED,
        source="XML 1.0 (fifth edition), 2.1",
        excerpt=position.excerpt if position else "",
    )
    reason = "not judged: the content is not well-formed XML"
    failed = ArtefactUse(
        coordinate="",
        artefact=WELL_FORMED,
        layer=Layer.WELL_FORMED,
        sha256="",
        verdict=Verdict.FAIL,
        duration_s=duration_s,
    )
    later = tuple(
        ArtefactUse(coordinate="", artefact="", layer=layer, sha256="", verdict=Verdict.NOT_RUN, reason=reason)
        for layer in (Layer.XSD, Layer.SCHEMATRON, Layer.TERMINOLOGY)
    )
    return ValidationReport(
        name=name,
        kind="unknown",
        sha256=digest,
        size=len(content),
        verdict=Verdict.FAIL,
        uses=(failed, *later),
        findings=(finding,),
        reason=error.problem,
    )
