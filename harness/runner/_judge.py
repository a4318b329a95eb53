"""Judging one recorded exchange: automatic checks, validation of message and documents, transport.

Nothing here talks to anybody: the same evidence gives the same result, live or years later.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from harness import checks
from harness.errors import WireError
from harness.model import (
    Cause,
    Exchange,
    FailureKind,
    Finding,
    HttpRecord,
    Layer,
    Location,
    Party,
    Population,
    Requirement,
    RequirementResult,
    Severity,
    Sut,
    ValidationReport,
    Verdict,
    roll_up,
    say,
)
from harness.runner._places import with_positions
from harness.runner._verdicts import graded, verdict_of
from harness.validators import NamedDocument, Validator, cross_check
from harness.wire import codes

ENVIRONMENT_FAILURES = frozenset({FailureKind.NAME_NOT_RESOLVED, FailureKind.NOT_REACHABLE})
"""Ways an exchange can break that say nothing about the SUT's behaviour."""

_ANSWERS, _IN_TIME = "TRN-A-001", "TRN-A-013"
"""The requirements that a broken answer and a late one miss. Source: conformance requirements, transport, responder."""

_TOKEN_ISSUED = "STS-005"
"""The requirement that a broken answer of a token service misses."""

_PAYLOAD = {
    ("response", "STS-TRC"): _TOKEN_ISSUED,
    ("response", "STS-NOK"): _TOKEN_ISSUED,
    ("request", "STS-TRC"): "STS-002",
    ("request", "STS-NOK"): "STS-002",
    ("response", "ITI-55"): "XCPD-A-001",
    ("response", "ITI-38"): "XCAQ-A-001",
    ("response", "ITI-39"): "XCAR-A-004",
    ("response", "ITI-41"): "XDR-A-001",
    ("request", "ITI-55"): "XCPD-B-001",
    ("request", "ITI-38"): "XCAQ-B-001",
    ("request", "ITI-39"): "XCAR-B-001",
    ("request", "ITI-41"): "XDR-B-001",
}
"""The requirement that an unreadable payload misses, by who wrote it and transaction."""

_RETRIEVED_DOCUMENT, _SUBMITTED_DOCUMENT = "XCAR-A-006", "XDR-B-008"
"""The requirement that the rules of a document's kind decide, by the direction in which it travels."""

_DISPENSATION = "cda:edispensation"

CODES_KNOWN = "CDA-011"
"""The requirement on value sets; it counts in rows that cover it, elsewhere the coverage figure tells what was looked up."""

_ECHO = "/hl7:queryByParameter"

_NEXT = {
    FailureKind.NAME_NOT_RESOLVED: say("next.name"),
    FailureKind.NOT_REACHABLE: say("next.start"),
    FailureKind.TLS_REFUSED: say("next.trust"),
    FailureKind.TIMED_OUT: say("next.late"),
    FailureKind.RESET: say("next.reset"),
    FailureKind.CUT: say("next.cut"),
    FailureKind.NOT_HTTP: say("next.http"),
    FailureKind.NO_REQUEST: say("next.triggered"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What judging one exchange came to."""

    view: checks.View
    verdict: Verdict
    cause: Cause | None
    reason: str
    findings: tuple[Finding, ...]
    requirements: tuple[RequirementResult, ...]
    validations: tuple[ValidationReport, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedAudit:
    """What judging one audit record came to."""

    findings: tuple[Finding, ...]
    requirements: tuple[RequirementResult, ...]
    validations: tuple[ValidationReport, ...]

    @property
    def verdict(self) -> Verdict:
        return roll_up([verdict_of(self.findings), *(r.verdict for r in self.validations)])


@dataclass(frozen=True, slots=True, kw_only=True)
class Judge:
    """Everything a verdict depends on besides scenario and evidence."""

    sut: Sut
    catalogue: Mapping[str, Requirement]
    population: Population
    validator: Validator
    our_anchors: bytes
    our_certificate: bytes = b""

    def context(self, actor: str, earlier: Sequence[checks.View], patient: str | None) -> checks.Context:
        """What the checks may know about the row."""
        known = self.sut.patients.get(patient or "") or self.population.patients.get(patient or "")
        return checks.Context(
            sut=self.sut,
            actor=actor,
            ours=self.sut.ours,
            our_anchors=self.our_anchors,
            earlier=tuple(earlier),
            patient=known,
            our_certificate=self.our_certificate,
        )

    def exchange(self, exchange: Exchange, context: checks.Context) -> Judged:
        """Judge what the SUT wrote in `exchange`; a transport failure is left to whoever knows what was expected."""
        view = checks.view(exchange)
        findings: list[Finding] = []
        requirements: list[RequirementResult] = []
        try:
            results = checks.automatic(view, context)
        except WireError as exc:
            results = ()
            findings.append(wire_finding(exc, view.side))
        for result in results:
            graded_ones = (graded(f, self.catalogue, result.requirement) for f in result.findings)
            own = with_positions(graded_ones, partial(bytes_of, view))
            findings.extend(own)
            requirements.append(RequirementResult(id=result.requirement, verdict=verdict_of(own), findings=own))
        missed = _answering(exchange) if not view.asked_by_sut else _PAYLOAD.get((view.side, exchange.transaction))
        frame = tuple(graded(f, self.catalogue, missed) for f in checks.frame_problems(view))
        findings.extend(frame)
        if frame and missed:
            requirements.append(RequirementResult(id=missed, verdict=verdict_of(frame), findings=frame))
        validations = self._validate(exchange, view)
        for report in validations:
            findings.extend(graded(f, self.catalogue) for f in report.findings)
            requirements.extend(self._decided_by(report))
        findings.extend(_crossed(view, context.earlier))
        verdict = roll_up([verdict_of(findings), *(r.verdict for r in validations)])
        cause = Cause.SUT if verdict in (Verdict.FAIL, Verdict.WARNING) else None
        if verdict is Verdict.INCONCLUSIVE:
            cause = Cause.CONFIGURATION
        return Judged(
            view=view,
            verdict=verdict,
            cause=cause,
            reason=first_reason(findings, validations, verdict),
            findings=tuple(findings),
            requirements=tuple(requirements),
            validations=validations,
        )

    def audit(self, view: checks.AuditView, context: checks.Context) -> JudgedAudit:
        """Judge one audit record, against the exchange it was matched with where it was."""
        findings: list[Finding] = []
        requirements: list[RequirementResult] = []
        for result in checks.judge_audit(view, context):
            graded_ones = (graded(f, self.catalogue, result.requirement) for f in result.findings)
            own = with_positions(graded_ones, lambda name: view.content if name == view.name else None)
            findings.extend(own)
            requirements.append(RequirementResult(id=result.requirement, verdict=verdict_of(own), findings=own))
        validations: tuple[ValidationReport, ...] = ()
        if not isinstance(view.message, WireError):
            validations = (self.validator.validate(view.name, view.content),)
        for report in validations:
            findings.extend(graded(f, self.catalogue) for f in report.findings)
            requirements.extend(self._decided_by(report))
        return JudgedAudit(findings=tuple(findings), requirements=tuple(requirements), validations=validations)

    def validate(self, name: str, content: bytes, as_: str = "auto") -> ValidationReport:
        """Validate one piece of content against the packs."""
        return self.validator.validate(name, content, as_=as_)

    def _validate(self, exchange: Exchange, view: checks.View) -> tuple[ValidationReport, ...]:
        record = exchange.sent_by_sut()
        if record is None or not record.complete or not view.speaks_soap:
            return ()
        side = "request" if exchange.initiator is Party.SUT else "response"
        if exchange.transaction == codes.SMP:
            return self._validate_metadata(view, record)
        reports: list[ValidationReport] = []
        try:
            message = view.request if exchange.initiator is Party.SUT else view.response
        except WireError as exc:
            return (unreadable(side, record.body, exc),)
        if isinstance(message, WireError):
            return (unreadable(side, record.body, message, _answering(exchange) if side == "response" else None),)
        if message is not None:
            report = self.validator.validate(side, message.envelope)
            reports.append(without_echo(report) if exchange.altered else report)
        if view.payload_problem is not None:
            reports.append(
                unreadable(side, record.body, view.payload_problem, _PAYLOAD.get((side, exchange.transaction)))
            )
        if exchange.initiator is Party.PEER:
            for index, document in enumerate(view.retrieved):
                report = self.validator.validate(f"{side}/document:{index}", document.content)
                reports.append(_attributed(report, _SUBMITTED_DOCUMENT, _RETRIEVED_DOCUMENT))
        elif view.submission is not None:
            for index, submitted in enumerate(view.submission.documents):
                report = self.validator.validate(f"{side}/document:{index}", submitted.content)
                reports.append(_attributed(_as_dispensation(report), _RETRIEVED_DOCUMENT, _SUBMITTED_DOCUMENT))
        return tuple(reports)

    def _validate_metadata(self, view: checks.View, record: HttpRecord) -> tuple[ValidationReport, ...]:
        """A lookup is a GET without content; what a country publishes is judged, the search mask inside it too."""
        if view.asked_by_sut or record.status != 200:
            return ()
        if isinstance(view.metadata, WireError):
            return (unreadable("response", record.body, view.metadata),)
        return (self.validator.validate("response", record.body),)

    def _decided_by(self, report: ValidationReport) -> list[RequirementResult]:
        out: list[RequirementResult] = []
        for use in report.uses:
            if use.layer is Layer.TERMINOLOGY:
                out.append(RequirementResult(id=CODES_KNOWN, verdict=use.verdict, reason=use.reason))
            if use.requirement:
                own = tuple(graded(f, self.catalogue) for f in report.findings if f.requirement == use.requirement)
                out.append(RequirementResult(id=use.requirement, verdict=use.verdict, findings=own, reason=use.reason))
        named = {u.requirement for u in report.uses}
        for finding in report.findings:
            if finding.requirement and finding.requirement not in named:
                own = (graded(finding, self.catalogue),)
                out.append(RequirementResult(id=finding.requirement, verdict=verdict_of(own), findings=own))
        return out


def _crossed(view: checks.View, earlier: Sequence[checks.View]) -> tuple[Finding, ...]:
    """Where the documents that came back differ from those of the same event that came in this row."""
    if view.asked_by_sut or not view.retrieved:
        return ()
    before = [
        NamedDocument(name=f"{v.exchange.id}/document:{n}", content=d.content)
        for v in earlier
        if v.exchange.transaction == view.exchange.transaction and not v.asked_by_sut
        for n, d in enumerate(v.retrieved)
        if d.content
    ]
    here = [
        NamedDocument(name=f"response/document:{n}", content=d.content)
        for n, d in enumerate(view.retrieved)
        if d.content
    ]
    own = {document.name for document in here}
    return tuple(f for f in cross_check((*before, *here)) if f.at.message in own)


def bytes_of(view: checks.View, message: str) -> bytes | None:
    """The bytes in which places of `message` (request, response, response/document:N) count lines and columns."""
    if view.metadata is not None and message == "response":
        return view.exchange.response.body if view.exchange.response is not None else None
    side, _, document = message.partition("/document:")
    if document:
        index = int(document) if document.isdigit() else -1
        sent = view.submission.documents if side == "request" and view.submission is not None else ()
        held = [d.content for d in (sent or view.retrieved)]
        return held[index] if 0 <= index < len(held) else None
    read = {"request": view.request, "response": view.response}.get(side)
    return read.envelope if read is not None and not isinstance(read, WireError) else None


def without_echo(report: ValidationReport) -> ValidationReport:
    """`report` without what is wrong inside an echoed query: an answer repeats our query, defects made by us included.

    Source: IHE ITI TF-2, 3.55.4.2.3 (the response carries queryByParameter of the request).
    """
    mine = tuple(f for f in report.findings if _ECHO in (f.at.xpath or ""))
    if not mine:
        return report
    left = tuple(f for f in report.findings if f not in mine)
    touched = {f.rule.partition("/")[0] for f in mine}
    uses = tuple(
        replace(use, verdict=verdict_of(f for f in left if f.rule.startswith(f"{use.artefact}/")))
        if use.artefact in touched and use.verdict in (Verdict.FAIL, Verdict.WARNING)
        else use
        for use in report.uses
    )
    return replace(report, findings=left, uses=uses, verdict=roll_up(use.verdict for use in uses))


def _attributed(report: ValidationReport, of: str, to: str) -> ValidationReport:
    """`report` with what is said of requirement `of` said of `to` instead."""
    return replace(
        report,
        findings=tuple(replace(f, requirement=to) if f.requirement == of else f for f in report.findings),
        uses=tuple(replace(u, requirement=to) if u.requirement == of else u for u in report.uses),
    )


def _as_dispensation(report: ValidationReport) -> ValidationReport:
    """`report` of a submitted dispensation with the rules of its header counted among those of its kind."""
    if not report.kind.startswith(_DISPENSATION):
        return report
    ours = [u.artefact for u in report.uses if u.layer is Layer.SCHEMATRON and u.requirement is None]
    return replace(
        report,
        findings=tuple(
            replace(f, requirement=_SUBMITTED_DOCUMENT) if f.layer is Layer.SCHEMATRON and not f.requirement else f
            for f in report.findings
        ),
        uses=tuple(replace(u, requirement=_SUBMITTED_DOCUMENT) if u.artefact in ours else u for u in report.uses),
    )


def unreadable(side: str, body: bytes, error: WireError, requirement: str | None = None) -> ValidationReport:
    """A report for a message of the SUT that is not what it claims to be: a fail, with its place."""
    return ValidationReport(
        name=side,
        kind="unreadable",
        sha256=hashlib.sha256(body).hexdigest(),
        size=len(body),
        verdict=Verdict.FAIL,
        uses=(),
        findings=(replace(wire_finding(error, side), requirement=requirement),),
        reason=error.problem,
    )


def wire_finding(error: WireError, message: str) -> Finding:
    """A WireError on bytes the SUT wrote, as a finding against it."""
    return Finding(
        at=Location(message=message, xpath=error.xpath, line=error.line, column=error.column, offset=error.offset),
        expected=error.expected or say("readable"),
        found=error.found or error.problem,
        message=error.problem,
        rule=f"wire/{error.kind}",
        severity=Severity.ERROR,
        layer=Layer.WELL_FORMED,
        next=say("next.bytes"),
    )


def transport_finding(exchange: Exchange) -> Finding:
    """What broke an exchange, as a finding with its place and what to do."""
    failure = exchange.failure
    assert failure is not None
    side = "response" if exchange.initiator is Party.PEER else "request"
    return Finding(
        at=Location(message=side),
        expected=say("complete-answer"),
        found=say("broken-after", kind=failure.kind.value, seconds=f"{failure.after_s:.1f}", detail=failure.detail),
        rule=f"transport/{failure.kind.value}",
        requirement=_requirement(exchange, failure.kind),
        severity=Severity.ERROR,
        layer=Layer.TRANSPORT,
        next=_NEXT[failure.kind],
    )


def _requirement(exchange: Exchange, kind: FailureKind) -> str | None:
    if exchange.initiator is Party.SUT or kind in ENVIRONMENT_FAILURES or kind is FailureKind.TLS_REFUSED:
        return None
    if exchange.transaction in codes.TOKEN_SERVICE:
        return _TOKEN_ISSUED
    return _IN_TIME if kind is FailureKind.TIMED_OUT else _ANSWERS


def _answering(exchange: Exchange) -> str:
    """The requirement that an answer which is no proper message misses."""
    return _TOKEN_ISSUED if exchange.transaction in codes.TOKEN_SERVICE else _ANSWERS


def transport_verdict(exchange: Exchange) -> tuple[Verdict, Cause]:
    """Whom a broken exchange accuses when the scenario did not expect it.

    Not reachable is the environment's; a refused handshake a matter of configuration; once the connection was accepted,
    late, cut, reset and unreadable answers are the SUT's.
    """
    assert exchange.failure is not None
    return failure_verdict(exchange.failure.kind)


def failure_verdict(kind: FailureKind) -> tuple[Verdict, Cause]:
    """As `transport_verdict`, for what happened alone."""
    if kind in ENVIRONMENT_FAILURES:
        return Verdict.ERROR, Cause.ENVIRONMENT
    if kind is FailureKind.TLS_REFUSED:
        return Verdict.ERROR, Cause.CONFIGURATION
    return Verdict.FAIL, Cause.SUT


def audit_absent(expected: str, found: str, next_: str) -> Finding:
    """An audit record that was wanted is not there; severity and requirement are the caller's."""
    return Finding(
        at=Location(message="audit"),
        expected=expected,
        found=found,
        rule="audit/no-record",
        severity=Severity.ERROR,
        layer=Layer.SCENARIO,
        next=next_,
    )


def audits_left(count: int) -> tuple[Finding, ...]:
    """That `count` audit records were not judged, as a finding that is no pass; empty when none was left out."""
    if count <= 0:
        return ()
    return (
        Finding(
            at=Location(message="audit"),
            expected=say("audits-right"),
            found=say("audits-left", count=count),
            rule="audit/too-many",
            severity=Severity.UNDECIDABLE,
            layer=Layer.SCENARIO,
        ),
    )


def audit_cause(verdict: Verdict) -> Cause | None:
    """Whom the verdict on a record accuses: the system wrote it, an incomplete pack is a matter of configuration."""
    if verdict in (Verdict.FAIL, Verdict.WARNING):
        return Cause.SUT
    return Cause.CONFIGURATION if verdict is Verdict.INCONCLUSIVE else None


def first_reason(findings: Sequence[Finding], validations: Sequence[ValidationReport], verdict: Verdict) -> str:
    """The sentence of the first finding that makes `verdict`, else of the first validation that does."""
    wanted = {
        Verdict.FAIL: Severity.ERROR,
        Verdict.WARNING: Severity.WARNING,
        Verdict.INCONCLUSIVE: Severity.UNDECIDABLE,
    }
    for finding in findings:
        if finding.severity is wanted.get(verdict):
            text = finding.message or say("instead", expected=finding.expected, found=finding.found)
            return f"{finding.requirement or finding.rule}: {text}"
    return next((r.reason for r in validations if r.verdict is verdict and r.reason), "")
