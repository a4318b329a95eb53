"""From what the engines say to findings, verdicts and figures of use."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from harness.errors import WireError
from harness.model import ArtefactUse, Finding, Layer, Location, Severity, ValidationReport, Verdict, roll_up, say
from harness.packs.artefacts import Artefact
from harness.validators._kinds import Part
from harness.validators._paths import joined, readable
from harness.validators._positions import PositionIndex
from harness.validators.schematron import SchOutcome, SchResult

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
VERDICTS = {
    Severity.ERROR: Verdict.FAIL,
    Severity.UNDECIDABLE: Verdict.INCONCLUSIVE,
    Severity.WARNING: Verdict.WARNING,
    Severity.INFORMATION: Verdict.PASS,
}
_NEXT = dict.fromkeys(("too-large", "too-deep", "too-wide", "too-many"), "limit")
"""Which kinds of error share their advice."""


def verdict_of(findings: Iterable[Finding]) -> Verdict:
    """What `findings` of something that was judged come to; pass when there are none."""
    return roll_up([Verdict.PASS, *(VERDICTS[f.severity or Severity.ERROR] for f in findings)])


_NEXT_UNDECIDED = "add the missing artefact to the pack, or judge this rule by hand"


@dataclass(slots=True)
class Judged:
    """What one artefact says of one part; paths of findings are still those of `path()`."""

    verdict: Verdict
    findings: list[Finding] = field(default_factory=list)
    reason: str = ""
    loaded: int = 0
    fired: frozenset[int] = frozenset()
    duration_s: float = 0.0
    engine: str = ""
    notes: tuple[str, ...] = ()


def judged_schematron(artefact: Artefact, part: Part, outcome: SchOutcome) -> Judged:
    """The outcome as findings and a verdict: inconclusive when the schema is not whole, error when the engine died."""
    findings = [_finding(artefact, part, result) for result in outcome.results]
    verdict = roll_up([Verdict.PASS, *(VERDICTS[f.severity or Severity.ERROR] for f in findings)])
    reasons = [f"{artefact.id}: {r}" for r in (outcome.failure, *outcome.problems[:5]) if r]
    if outcome.failure:
        verdict = Verdict.ERROR if outcome.by_harness else Verdict.INCONCLUSIVE
    elif outcome.problems or artefact.missing_includes:
        verdict = Verdict.INCONCLUSIVE
    elif verdict is Verdict.INCONCLUSIVE:
        reasons += [f"{artefact.id}: {f.message}" for f in findings if f.severity is Severity.UNDECIDABLE][:3]
    return Judged(
        verdict=verdict,
        findings=findings,
        reason="; ".join(dict.fromkeys(reasons)),
        loaded=outcome.rules_loaded,
        fired=outcome.fired,
        duration_s=outcome.duration_s,
        engine=outcome.engine,
        notes=outcome.warnings,
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


def differences(artefact: Artefact, part: Part, ours: SchOutcome, other: SchOutcome) -> Iterator[Finding]:
    """What the second engine says otherwise, as information: it never changes the verdict."""

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


def use_of(artefact: Artefact, judged: Sequence[Judged]) -> ArtefactUse:
    """The figures of one artefact over all the parts it judged."""
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
        notes=tuple(dict.fromkeys(n for j in judged for n in j.notes)),
        requirement=artefact.requirement,
    )


def placed(findings: Sequence[Finding], name: str, content: bytes) -> Iterator[Finding]:
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


def not_well_formed(name: str, content: bytes, digest: str, error: WireError, duration_s: float) -> ValidationReport:
    """The report on bytes that are no XML: a fail, and no later layer was run."""
    line, column = error.line, error.column
    position = PositionIndex(content).at(line, column or 1) if line else None
    offset = position.offset if position and error.offset is None else error.offset
    finding = Finding(
        at=Location(message=name, line=line, column=column, offset=offset),
        message=error.problem,
        expected=error.expected or "",
        found=error.found or "",
        rule=f"xml/{error.kind}",
        severity=Severity.ERROR,
        layer=Layer.WELL_FORMED,
        source="XML 1.0 (fifth edition), 2.1",
        next=say(f"xml.next.{_NEXT.get(error.kind, error.kind)}"),
        excerpt=position.excerpt if position else "",
    )
    reason = say("xml.not-judged")
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
