"""Validation reports as JUnit XML, for continuous integration: a case per document, its class name is the kind."""

from collections.abc import Sequence
from dataclasses import dataclass

from lxml import etree

from harness.model import Finding, PackIdentity, Severity, ValidationReport, Verdict, visible

_ERRORS = (Verdict.ERROR, Verdict.INCONCLUSIVE, Verdict.REVIEW, Verdict.NOT_RUN)
_SKIPPED = (Verdict.SKIPPED, Verdict.NOT_APPLICABLE)
_MAX_FINDINGS = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class JunitCase:
    """A document's case, as XML, with what the suite counts."""

    verdict: Verdict
    duration_s: float
    element: bytes


def junit_case(report: ValidationReport, duration_s: float) -> bytes:
    """The `testcase` element of one document. fail is a failure, what could not be decided an error; warnings go to
    system-out."""
    case = etree.Element("testcase", name=visible(report.name), classname=report.kind, time=f"{duration_s:.3f}")
    properties = etree.SubElement(case, "properties")
    facts = [("verdict", report.verdict.value), ("sha256", report.sha256), ("size", str(report.size))]
    for use in report.uses:
        judged_by = " ".join(part for part in (use.verdict.value, use.coordinate, use.artefact, use.engine) if part)
        facts.append((f"layer:{use.layer.value}", judged_by))
    for name, value in facts:
        etree.SubElement(properties, "property", name=name, value=visible(value))
    if report.verdict is Verdict.FAIL:
        _outcome(case, "failure", report, (Severity.ERROR, None))
    elif report.verdict in _ERRORS:
        _outcome(case, "error", report, tuple(Severity))
    elif report.verdict in _SKIPPED:
        etree.SubElement(case, "skipped", message=visible(report.reason or report.verdict.value))
    warnings = [f for f in report.findings if f.severity is Severity.WARNING]
    if warnings and report.verdict not in _ERRORS:
        out = etree.SubElement(case, "system-out")
        out.text = visible(_told(warnings))
    return bytes(etree.tostring(case))


def junit_document(cases: Sequence[JunitCase], packs: Sequence[PackIdentity], version: str) -> bytes:
    """All `cases` as one suite, UTF-8 with declaration; the packs with their digests are its properties."""
    suite = etree.Element("testsuite", _totals(cases))
    properties = etree.SubElement(suite, "properties")
    etree.SubElement(properties, "property", name="harness", value=version)
    for pack in packs:
        etree.SubElement(properties, "property", name=f"pack:{pack.coordinate}", value=pack.digest)
    suites = etree.Element("testsuites", _totals(cases))
    suites.append(suite)
    whole = etree.tostring(suites, xml_declaration=True, encoding="UTF-8")
    # the cases are XML already, made by the processes that judged
    head, end = whole.split(b"</testsuite></testsuites>")[0], b"</testsuite></testsuites>\n"
    return head + b"".join(b"\n" + case.element for case in cases) + b"\n" + end


def _totals(cases: Sequence[JunitCase]) -> dict[str, str]:
    return {
        "name": "harness validate",
        "tests": str(len(cases)),
        "failures": str(sum(c.verdict is Verdict.FAIL for c in cases)),
        "errors": str(sum(c.verdict in _ERRORS for c in cases)),
        "skipped": str(sum(c.verdict in _SKIPPED for c in cases)),
        "time": f"{sum(c.duration_s for c in cases):.3f}",
    }


def _outcome(case: etree._Element, kind: str, report: ValidationReport, severities: Sequence[Severity | None]) -> None:
    findings = [f for f in report.findings if f.severity in severities]
    message = report.reason or (findings[0].message or findings[0].rule if findings else report.verdict.value)
    outcome = etree.SubElement(case, kind, message=visible(" ".join(message.split())), type=report.verdict.value)
    outcome.text = visible(_told(findings) or report.reason)


def _told(findings: Sequence[Finding]) -> str:
    told = [_one(finding) for finding in findings[:_MAX_FINDINGS]]
    if len(findings) > _MAX_FINDINGS:
        told.append(f"and {len(findings) - _MAX_FINDINGS} more findings")
    return "\n\n".join(told)


def _one(finding: Finding) -> str:
    at = finding.at
    severity = (finding.severity or Severity.ERROR).value
    facts = (
        ("message", " ".join(finding.message.split())),
        ("expected", finding.expected),
        ("found", finding.found),
        ("where", at.xpath or ""),
        ("requirement", finding.requirement or ""),
        ("source", finding.source),
        ("next", finding.next),
    )
    head = f"{at.message}:{at.line or '?'}:{at.column or '?'}: {severity} {finding.rule}"
    return "\n".join([head, *(f"  {name}: {value}" for name, value in facts if value)])
