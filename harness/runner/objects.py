"""An object by itself under a validator of the table: artefacts of the packs, and every check that it alone can decide.

What is kept of a conversation (the request of an answer, earlier messages) may be given along; what is lacking is listed
with the requirements that it leaves unjudged, and is never a pass.
"""

import hashlib
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from cryptography.x509 import Certificate

from harness import safexml
from harness.checks import alone, certificates, choosing
from harness.checks.opening import Opened, open_object
from harness.errors import UnsupportedError, WireError
from harness.model import (
    OBJECT_VALIDATORS,
    ArtefactUse,
    Choice,
    Company,
    Finding,
    HttpRecord,
    Layer,
    Location,
    ObjectValidator,
    Requirement,
    Severity,
    ValidationReport,
    Verdict,
    choice_of,
    choose_document,
    chosen,
    roll_up,
    say,
)
from harness.runner._judge import unreadable
from harness.runner._places import with_positions
from harness.runner._verdicts import graded, verdict_of
from harness.wire import x509

REQUIREMENTS = "requirements"
"""What the checks are called among the artefacts of a report."""

type Validate = Callable[[str, bytes], ValidationReport]


def decoded(record: HttpRecord) -> bytes:
    """`record` as a file keeps it: its body without transfer coding, the other fields as they were."""
    fields = (f"{n}: {v}\r\n" for n, v in record.headers if n.lower() not in ("transfer-encoding", "content-length"))
    return f"{record.start_line}\r\n{''.join(fields)}\r\n".encode("latin-1", "replace") + record.body


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectJudge:
    """Judges objects by `catalogue`, and by what `validate` (name and bytes to report) says of their XML."""

    catalogue: Callable[[], Mapping[str, Requirement]]
    validate: Validate
    limits: safexml.XmlLimits = safexml.DEFAULT_LIMITS

    def judge(self, name: str, content: bytes, company: Company, asked: str = "") -> tuple[ValidationReport, bytes]:
        """The report on `content`, and the bytes in which its lines are counted.

        `asked` is the coordinate it was asked to be judged by, empty to leave the choice to the object.

        Raises:
            WireError: something given beside the object cannot be read.
        """
        try:
            opened = open_object(content, limits=self.limits)
        except WireError as exc:
            # bare XML that cannot be read is told better by the validator
            if exc.kind in ("not-http", "multipart", "content-type", "empty"):
                return replace(unreadable(name, content, exc), name=name), content
            return self.validate(name, content), content
        except UnsupportedError as exc:
            return _unsupported(name, content, exc), content
        try:
            leaves = certificates.readable(opened.stored.body) if opened.certificates else ()
        except WireError as exc:
            return replace(unreadable(name, content, exc), name=name), content
        judged = self._judged(opened, leaves, company, OBJECT_VALIDATORS.get(asked))
        report = self._whole(name, content, opened, judged, asked)
        return report, opened.xml or content

    def _judged(
        self, opened: Opened, leaves: Sequence[Certificate], company: Company, asked: ObjectValidator | None
    ) -> "_Judged":
        if leaves:
            return self._certificates(leaves, company, asked)
        if opened.audit:
            return self._audit(opened, asked)
        if opened.assertion is not None:
            known = self._known(company)
            view = alone.LoneAssertion(*opened.assertion, opened.stored, known)
            choice = choosing.choose_assertion(view)
            wanted = _requirements(asked, choice)
            return _Judged(choice=choice, results=alone.judge_message(view, known, wanted), view=view)
        if opened.message is not None:
            known = self._known(company)
            message = alone.LoneView(opened.message, known)
            choice = choosing.choose_message(message, opened.root)
            wanted = () if opened.message.enveloped else _requirements(asked, choice)
            return _Judged(choice=choice, results=alone.judge_message(message, known, wanted), view=message)
        return _Judged(choice=choice_of((), "", opened.root))

    def _known(self, company: Company) -> alone.Known:
        other = open_object(company.request).message if company.request else None
        if company.request and other is None:
            raise WireError("no message of a transaction", kind="wrong-root", expected="a request")
        earlier = [open_object(content).message for content in company.earlier]
        nothing = alone.Known()
        return alone.Known(
            other=other.message if other is not None else None,
            earlier=tuple(alone.EarlierView(lone, nothing) for lone in earlier if lone is not None),
            authorities=company.authorities,
            at=company.at,
        )

    def _audit(self, opened: Opened, asked: ObjectValidator | None) -> "_Judged":
        view = alone.LoneAudit(opened.stored)
        choice = choosing.choose_audit(view)
        sides = {v.side for v in ((asked,) if asked is not None else choice.candidates) if v.side} or {"A", "B"}
        actors = {"A": "ncpeh-a", "B": "ncpeh-b"}
        by_side = [alone.judge_audit_alone(view, actors[side]) for side in sorted(sides)]
        # which side wrote it is not known: only what holds for both was found in it
        agreed = tuple(r for r in by_side[0] if all(r in other for other in by_side[1:]))
        return _Judged(choice=choice, results=agreed, audit=view)

    def _certificates(self, found: Sequence[Certificate], company: Company, asked: ObjectValidator | None) -> "_Judged":
        choice = certificates.choice_for(found[0])
        use = asked.coordinate if asked is not None else choice.coordinate
        results = certificates.judge_certificates(
            found,
            use=use.rpartition(":")[2],
            at=company.at or company.now,
            anchors=x509.parse_certificates(company.authorities) if company.authorities else (),
            lists=tuple(c for data in company.revocation_lists for c in certificates.read_revocation_lists(data)),
        )
        return _Judged(choice=choice, results=results)

    def _whole(self, name: str, content: bytes, opened: Opened, judged: "_Judged", asked: str) -> ValidationReport:
        """The reports on the XML and the documents in it, with what the checks found."""
        xml = judged.audit.content if judged.audit is not None else opened.xml
        reports = [self.validate(name, xml)] if xml else []
        if reports and reports[0].profile is not None:
            level, form = reports[0].profile.level.value, reports[0].profile.form.value
            judged = replace(judged, choice=choose_document(level, form))
        reports += [self.validate(f"{name}/document:{n}", data) for n, data in enumerate(judged.documents)]
        findings, uses, reasons = self._checked(name, xml, judged, asked)
        verdicts = [*(r.verdict for r in reports), verdict_of(findings), *(u.verdict for u in uses)]
        uses = (*(u for r in reports for u in r.uses), *uses)
        reasons = [*(r.reason for r in reports if r.reason), *reasons]
        return ValidationReport(
            name=name,
            kind=reports[0].kind if reports else "certificate",
            sha256=hashlib.sha256(content).hexdigest(),
            size=len(content),
            verdict=roll_up(verdicts),
            uses=uses,
            findings=(*(f for r in reports for f in r.findings), *findings),
            reason="; ".join(dict.fromkeys(reasons)),
            profile=reports[0].profile if reports else None,
            validator=chosen(judged.choice, asked),
        )

    def _checked(
        self, name: str, xml: bytes, judged: "_Judged", asked: str
    ) -> tuple[tuple[Finding, ...], tuple[ArtefactUse, ...], list[str]]:
        started = time.perf_counter()
        other = _not_of(judged.choice, asked, name)
        if not judged.results:
            return other, (), []
        found: list[Finding] = []
        for result in alone.as_results(judged.results):
            known = result.requirement if result.requirement in self.catalogue() else None
            found += [graded(_named(f, name), self.catalogue(), known) for f in result.findings]
        placed = tuple(with_positions(found, partial(judged.bytes_of, name, xml)))
        decided = [r for r in judged.results if not r.lacks or r.findings]
        verdict = verdict_of(placed) if decided else Verdict.NOT_APPLICABLE
        use = ArtefactUse(
            coordinate=asked or judged.choice.coordinate,
            artefact=REQUIREMENTS,
            layer=Layer.REQUIREMENT,
            sha256="",
            verdict=verdict,
            rules_loaded=len({r.requirement for r in judged.results}),
            rules_fired=len({r.requirement for r in decided}),
            duration_s=time.perf_counter() - started,
            reason="" if decided else say("alone.none-judged"),
            notes=tuple(_lacking(judged.results)),
        )
        return (*other, *placed), (use,), []


@dataclass(frozen=True, slots=True, kw_only=True)
class _Judged:
    """What the checks came to, and the view in which places are looked up."""

    choice: Choice
    results: tuple[alone.AloneResult, ...] = ()
    view: alone.LoneView | None = None
    audit: alone.LoneAudit | None = None

    @property
    def documents(self) -> tuple[bytes, ...]:
        """The documents that a message carries."""
        if self.view is None or isinstance(self.view, alone.LoneAssertion):
            return ()
        if self.view.asked_by_sut:
            submission = self.view.submission
            return tuple(d.content for d in submission.documents) if submission is not None else ()
        return tuple(d.content for d in self.view.retrieved if d.content)

    def bytes_of(self, name: str, xml: bytes, message: str) -> bytes | None:
        """The bytes in which places of `message` count lines and columns."""
        prefix, _, number = message.partition("/document:")
        if number:
            held = self.documents
            return held[int(number)] if number.isdigit() and int(number) < len(held) else None
        return xml if prefix == name else None


def _named(finding: Finding, name: str) -> Finding:
    """`finding` at the name of the file instead of `request`, `response` or the name of a record."""
    document = finding.at.message.partition("/document:")[2]
    message = f"{name}/document:{document}" if document else name
    return replace(finding, at=replace(finding.at, message=message))


def _requirements(asked: ObjectValidator | None, choice: Choice) -> tuple[str, ...]:
    """The prefixes of the requirements that are about the object itself."""
    chosen = (asked,) if asked is not None else choice.candidates
    return tuple(dict.fromkeys(p for v in chosen for p in v.requirements))


def _not_of(choice: Choice, asked: str, name: str) -> tuple[Finding, ...]:
    """A finding when the object is not what the validator that was asked for is for."""
    if not asked or any(v.coordinate == asked for v in choice.candidates):
        return ()
    found = ", ".join(v.coordinate for v in choice.candidates) or choice.because
    return (
        Finding(
            at=Location(message=name),
            expected=asked,
            found=found,
            message=say("choice.other", coordinate=asked),
            rule="validator/other-object",
            severity=Severity.ERROR,
            layer=Layer.REQUIREMENT,
            next=say("choice.next"),
        ),
    )


def _lacking(results: Sequence[alone.AloneResult]) -> list[str]:
    return [
        say("alone.lacks", what=say(f"alone.{what}"), requirements=", ".join(names))
        for what, names in alone.lacking(results).items()
    ]


def _unsupported(name: str, content: bytes, exc: UnsupportedError) -> ValidationReport:
    return ValidationReport(
        name=name,
        kind="unreadable",
        sha256=hashlib.sha256(content).hexdigest(),
        size=len(content),
        verdict=Verdict.INCONCLUSIVE,
        uses=(),
        findings=(),
        reason=str(exc),
    )
