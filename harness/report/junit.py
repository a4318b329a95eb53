"""The run as JUnit XML, for continuous integration: a suite per profile, a case per scenario row."""

from collections import defaultdict

from lxml import etree

from harness.model import Finding, RowResult, Run, Severity, StepResult, Verdict, visible
from harness.report._opened import place_findings

_ERRORS = (Verdict.ERROR, Verdict.INCONCLUSIVE, Verdict.REVIEW, Verdict.NOT_RUN)
_SKIPPED = (Verdict.SKIPPED, Verdict.NOT_APPLICABLE)
_MAX_FINDINGS = 50


def render_junit(run: Run) -> bytes:
    """JUnit XML of `run`, UTF-8 with declaration; the same run gives the same bytes.

    fail is a failure; error, inconclusive, review and not_run are errors; skipped and not_applicable are skipped. Warnings go
    to system-out.
    """
    suites = etree.Element("testsuites", _totals(run.rows))
    suites.set("name", _safe(f"{run.system.name} {run.system.version}"))
    by_profile: defaultdict[str, list[RowResult]] = defaultdict(list)
    for row in run.rows:
        by_profile[row.profile].append(row)
    for profile, rows in by_profile.items():
        suite = etree.SubElement(suites, "testsuite", _totals(tuple(rows)))
        suite.set("name", _safe(profile))
        suite.set(
            "timestamp",
            f"{min((r.started_at for r in rows if r.started_at), default=run.started_at):%Y-%m-%dT%H:%M:%S}",
        )
        properties = etree.SubElement(suite, "properties")
        for name, value in _run_properties(run):
            etree.SubElement(properties, "property", name=name, value=_safe(value))
        for row in rows:
            suite.append(_case(run, row))
    return bytes(etree.tostring(suites, xml_declaration=True, encoding="UTF-8", pretty_print=True))


def _totals(rows: tuple[RowResult, ...]) -> dict[str, str]:
    return {
        "tests": str(len(rows)),
        "failures": str(sum(r.verdict is Verdict.FAIL for r in rows)),
        "errors": str(sum(r.verdict in _ERRORS for r in rows)),
        "skipped": str(sum(r.verdict in _SKIPPED for r in rows)),
        "time": f"{sum(r.duration_s for r in rows):.3f}",
    }


def _run_properties(run: Run) -> tuple[tuple[str, str], ...]:
    facts = [
        ("run", run.id),
        ("kind", run.kind),
        ("system", f"{run.system.name} {run.system.version}"),
        ("bundled_system", "true" if run.bundled_system else "false"),
        ("harness", run.environment.harness),
        ("python", run.environment.python),
    ]
    if run.statement is not None:
        facts.append(("statement", run.statement.digest))
        facts += [(f"claim:{c.actor}:{c.profile}", " ".join((str(c.wave), *c.options))) for c in run.statement.claims]
    if run.seed is not None:
        facts.append(("seed", str(run.seed)))
    facts += [(f"pack:{p.coordinate}", p.digest) for p in run.packs]
    return tuple(facts)


def _case(run: Run, row: RowResult) -> etree._Element:
    case = etree.Element(
        "testcase", name=_safe(row.id), classname=_safe(f"{row.profile}.{row.sut_actor}"), time=f"{row.duration_s:.3f}"
    )
    properties = etree.SubElement(case, "properties")
    facts = {
        "verdict": row.verdict.value,
        "cause": row.cause.value if row.cause else "",
        "title": row.title.en,
        "covers": " ".join(row.covers),
        "tags": " ".join(row.tags),
        "priority": str(row.priority),
        "source": f"{row.source}:{row.source_line}" if row.source else "",
    }
    for name, value in facts.items():
        if value:
            etree.SubElement(properties, "property", name=name, value=_safe(value))
    findings = tuple(p.finding for p in place_findings(row))
    if row.verdict is Verdict.FAIL:
        _outcome(case, "failure", run, row, _of(findings, Severity.ERROR, None))
    elif row.verdict in _ERRORS:
        _outcome(case, "error", run, row, findings)
    elif row.verdict in _SKIPPED:
        etree.SubElement(case, "skipped", message=_safe(row.reason or row.verdict.value))
    if warnings := _of(findings, Severity.WARNING):
        out = etree.SubElement(case, "system-out")
        out.text = _safe("\n\n".join(_told(run, f, "warning") for f in warnings[:_MAX_FINDINGS]))
    return case


def _of(findings: tuple[Finding, ...], *severities: Severity | None) -> tuple[Finding, ...]:
    return tuple(f for f in findings if f.severity in severities)


def _outcome(case: etree._Element, kind: str, run: Run, row: RowResult, findings: tuple[Finding, ...]) -> None:
    step = next((s for s in row.steps if s.verdict is row.verdict), None)
    first = findings[0] if findings else None
    message = row.reason or (step.reason if step else "")
    if not message and first:
        message = f"expected {first.expected}, found {first.found}"
    cause = f"/{row.cause.value}" if row.cause else ""
    element = etree.SubElement(
        case, kind, message=_safe(message or row.verdict.value), type=_safe(f"{row.verdict.value}{cause}")
    )
    told = [_step(step)] if step else []
    told += [_told(run, f, (f.severity or Severity.ERROR).value) for f in findings[:_MAX_FINDINGS]]
    if len(findings) > _MAX_FINDINGS:
        told.append(f"and {len(findings) - _MAX_FINDINGS} more findings")
    element.text = _safe("\n\n".join(told))


def _step(step: StepResult) -> str:
    lines = [f"step {step.path} {step.verb}: {step.title.en}"]
    lines += [f"  {name}: {value}" for name, value in (("expected", step.expected), ("found", step.found)) if value]
    if step.exchanges:
        lines.append(f"  exchanges: {', '.join(step.exchanges)}")
    return "\n".join(lines)


def _told(run: Run, finding: Finding, severity: str) -> str:
    requirement = run.catalogue.get(finding.requirement) if finding.requirement else None
    place = ", ".join(
        v
        for v in (
            finding.at.message,
            f"line {finding.at.line}" if finding.at.line else "",
            f"column {finding.at.column}" if finding.at.column else "",
            finding.at.xpath or "",
        )
        if v
    )
    named = (
        f"{requirement.id} {requirement.level.value} {requirement.text.en}"
        if requirement
        else finding.requirement or ""
    )
    source = finding.source or ("; ".join(requirement.sources) if requirement else "")
    facts = (
        ("expected", finding.expected),
        ("found", finding.found),
        ("message", finding.message),
        ("where", place),
        ("requirement", named),
        ("rule", finding.rule),
        ("source", source),
        ("next", finding.next),
    )
    return "\n".join([f"finding ({severity})", *(f"  {name}: {value}" for name, value in facts if value)])


def _safe(text: str) -> str:
    return visible(text)
