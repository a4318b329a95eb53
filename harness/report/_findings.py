"""Views of findings and validations, which several pages share."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from harness.model import Finding, Layer, Location, Requirement, Severity, ValidationReport
from harness.report import _shown, views
from harness.report._desk import LAYER_WORDS, Desk, verdict_mark
from harness.report._opened import Place, Placed, audit_message, bytes_at, document_page, shows_document
from harness.report._words import N_, Prose, Words

_SEVERITY_KEYS: Mapping[Severity, tuple[str, str]] = {
    Severity.ERROR: ("fail", N_("fail")),
    Severity.WARNING: ("warning", N_("warning")),
    Severity.INFORMATION: ("info", N_("information")),
    Severity.UNDECIDABLE: ("inconclusive", N_("inconclusive")),
}
_SEVERITY_ORDER = (Severity.ERROR, Severity.UNDECIDABLE, Severity.WARNING, Severity.INFORMATION)

_BY_RULE = (Layer.WELL_FORMED, Layer.XSD, Layer.SCHEMATRON, Layer.TERMINOLOGY, Layer.EMBEDDED, Layer.CROSS)
"""Layers whose findings speak with the rule's own sentence."""
_TITLE_LENGTH = 240

_NEXT: Mapping[Severity, str] = {
    Severity.ERROR: N_("Correct the system where this is produced, then run the scenario again."),
    Severity.WARNING: N_("Correct the system, or write down why it may differ here; a warning does not fail the run."),
    Severity.INFORMATION: N_("Nothing has to be done."),
    Severity.UNDECIDABLE: N_(
        "Add what could not be judged (artefact, value set, configuration) and run again; it does not count against the system."
    ),
}


def severity_of(finding: Finding, requirement: Requirement | None) -> Severity:
    """The severity set by the runner; without one, what the level of the requirement says."""
    if finding.severity is not None:
        return finding.severity
    by_level = {"SHALL": Severity.ERROR, "SHOULD": Severity.WARNING, "MAY": Severity.INFORMATION}
    return by_level[requirement.level.value] if requirement else Severity.ERROR


def severity_mark(desk: Desk, finding: Finding) -> views.Mark:
    return mark_of(desk.words, severity_of(finding, _requirement(desk, finding)))


def mark_of(w: Words, severity: Severity) -> views.Mark:
    key, word = _SEVERITY_KEYS[severity]
    return views.Mark(key=key, word=w.say(word))


def gravest(desk: Desk, findings: tuple[Placed, ...]) -> views.Mark | None:
    """Mark of the gravest of `findings`, None when there are none."""
    severities = {severity_of(p.finding, _requirement(desk, p.finding)) for p in findings}
    worst = next((s for s in _SEVERITY_ORDER if s in severities), None)
    return views.Mark(key=_SEVERITY_KEYS[worst][0], word=desk.words.say(_SEVERITY_KEYS[worst][1])) if worst else None


def _requirement(desk: Desk, finding: Finding) -> Requirement | None:
    return desk.run.catalogue.get(finding.requirement) if finding.requirement else None


def finding_title(desk: Desk, finding: Finding) -> Prose:
    """What a rule says of itself, else the requirement, else the message; one line of bounded length."""
    requirement = _requirement(desk, finding)
    if finding.message and (finding.layer in _BY_RULE or not requirement):
        return title_of(desk.words, finding.message)
    if requirement:
        return desk.words.localized(requirement.text)
    return Prose(text=desk.words.say("The expectation of the scenario is not met"))


def title_of(w: Words, message: str) -> Prose:
    """`message` on one line of bounded length."""
    said = w.quote(" ".join(message.split()))
    cut = said.text if len(said.text) <= _TITLE_LENGTH else said.text[:_TITLE_LENGTH].rstrip() + "…"
    return Prose(text=cut, lang=said.lang)


def grouped(placed: Sequence[Placed]) -> tuple[tuple[Placed, ...], ...]:
    """`placed` with those together that say the same of several places, in order of their first."""
    groups: dict[Finding, list[Placed]] = {}
    for p in placed:
        groups.setdefault(replace(p.finding, at=Location(), excerpt=""), []).append(p)
    return tuple(tuple(group) for group in groups.values())


def finding_view(desk: Desk, row: int, group: tuple[Placed, ...]) -> views.FindingView:
    """The first of `group` with its six facts and the places of the others; what is not said is said to be missing."""
    w, placed = desk.words, group[0]
    finding = placed.finding
    requirement = _requirement(desk, finding)
    missing = Prose(text=w.say("not stated"))
    title = finding_title(desk, finding)
    place = place_link(desk, row, placed)
    message = w.quote(finding.message)
    expected, found = w.quote(finding.expected), w.quote(finding.found)
    if not finding.expected and not finding.found and finding.layer in _BY_RULE:
        expected, found = Prose(text=w.say("that the rule holds")), Prose(text=w.say("it does not hold here"))
    return views.FindingView(
        anchor=placed.anchor,
        mark=severity_mark(desk, finding),
        title=title,
        layer=w.say(LAYER_WORDS[finding.layer]),
        times=w.count("%(n)s place", "%(n)s places", len(group)) if len(group) > 1 else "",
        expected=expected if expected.text else missing,
        found=found if found.text else missing,
        message=message if message.text != title.text else Prose(text=""),
        place=place,
        xpath=finding.at.xpath or "",
        excerpt=excerpt(desk, row, placed),
        others=tuple(
            views.PlaceView(
                anchor=p.anchor,
                place=place_link(desk, row, p, line_only=p.place == placed.place),
                xpath=p.finding.at.xpath or "",
            )
            for p in group[1:]
        ),
        requirement=desk.requirement_link(requirement.id) if requirement else _bare_link(finding.requirement or "", w),
        requirement_text=w.localized(requirement.text) if requirement else Prose(text=""),
        level=requirement.level.value if requirement else "",
        sources=_sources(finding, requirement) or (missing.text,),
        rule=finding.rule,
        test=finding.test,
        see=finding.see,
        deviation=finding.deviation or "",
        next=_next(desk, finding, requirement),
        copy=_copy(desk.run.rows[row].id, finding, place.text),
    )


def _sources(finding: Finding, requirement: Requirement | None) -> tuple[str, ...]:
    """Each source once; a finding often repeats those of its requirement as one text."""
    known = requirement.sources if requirement else ()
    own = finding.source if finding.source and finding.source not in (", ".join(known), "; ".join(known)) else ""
    return tuple(dict.fromkeys(s for s in (own, *known) if s))


def _bare_link(requirement_id: str, w: Words) -> views.Link:
    return views.Link(text=requirement_id or w.say("none: this is the scenario's own expectation"), href="")


def _next(desk: Desk, finding: Finding, requirement: Requirement | None) -> tuple[Prose, ...]:
    said = []
    if finding.next:
        said.append(desk.words.quote(finding.next))
    if requirement and requirement.remedy and requirement.remedy.en != finding.next:
        said.append(desk.words.localized(requirement.remedy))
    return tuple(said) or (Prose(text=desk.words.say(_NEXT[severity_of(finding, requirement)])),)


def _copy(row_id: str, finding: Finding, place: str) -> str:
    facts = (
        row_id,
        finding.requirement or finding.rule,
        finding.expected,
        finding.found,
        place,
        finding.at.xpath or "",
    )
    return " | ".join(f for f in facts if f)


def place_link(desk: Desk, row: int, placed: Placed, *, line_only: bool = False) -> views.Link:
    """Where a finding stands, in words, with a link to the line when the bytes are known.

    With `line_only` the message is not named again, for a list of places in one message.
    """
    w, at = desk.words, placed.finding.at
    said = [] if line_only and at.line else _message_words(w, placed.place)
    if at.line:
        said.append(w.say("line %(n)s", n=at.line))
        if at.column:
            said.append(w.say("column %(n)s", n=at.column))
    elif at.offset is not None:
        said.append(w.say("offset %(n)s", n=at.offset))
    text = ", ".join(said) or w.say("in the course of the scenario, not in one message")
    return views.Link(text=text[:1].upper() + text[1:], href=_place_href(desk, row, placed))


def _message_words(w: Words, place: Place) -> list[str]:
    said = []
    if place.trail:
        said.append(w.say("audit record %(id)s", id=place.record) if place.record else w.say("audit trail"))
    if place.exchange:
        said.append(w.say("exchange %(id)s", id=place.exchange))
    if place.side:
        said.append(w.say("request") if place.side == "request" else w.say("response"))
    if place.document is not None:
        said.append(w.say("document %(n)s", n=place.document + 1))
    if place.part:
        said.append(w.say("part %(id)s", id=place.part))
    if place.other:
        said.append(place.other)
    return said


def _place_href(desk: Desk, row: int, placed: Placed) -> str:
    place = placed.place
    if place.record:
        return desk.href(desk.site.records[row, place.record], placed.anchor)
    if not place.exchange:
        return ""
    if shows_document(desk.opened[row, place.exchange], place):
        return desk.href(document_page(desk.site, row, place.exchange, place.document or 0), placed.anchor)
    return desk.href(desk.site.exchanges[row, place.exchange], placed.anchor)


def excerpt(desk: Desk, row: int, placed: Placed) -> tuple[views.ExcerptLine, ...]:
    """The source lines around a finding: two on either side, else as the finding quotes them; at most 7."""
    shown = _around(desk, row, placed)
    if shown or not placed.finding.excerpt:
        return shown
    quoted = placed.finding.excerpt.splitlines()[:7]
    return tuple(views.ExcerptLine(number="", text=_cut_line(t, None)) for t in quoted)


def _around(desk: Desk, row: int, placed: Placed) -> tuple[views.ExcerptLine, ...]:
    line, column = placed.finding.at.line, placed.finding.at.column
    data = _bytes_of(desk, row, placed.place) if line else b""
    if not line or not data:
        return ()
    lines = _shown.decoded(data[: _shown.MAX_SHOWN]).split("\n")
    at = line - 1
    if not 0 <= at < len(lines):
        return ()
    if len(lines[at]) > _shown.LONG_LINE:
        return (views.ExcerptLine(number=f"{at + 1}", text=_cut_line(lines[at], column), hit=True),)
    return tuple(
        views.ExcerptLine(number=f"{n + 1}", text=_cut_line(lines[n].rstrip("\r"), None), hit=n == at)
        for n in range(max(0, at - 2), min(len(lines), at + 3))
    )


def _bytes_of(desk: Desk, row: int, place: Place) -> bytes:
    """The bytes in which the lines of a finding at `place` count; empty when unknown."""
    if place.record:
        return next(audit_message(r) for r in desk.run.rows[row].audits if r.id == place.record)
    return bytes_at(desk.opened[row, place.exchange], place) if place.exchange else b""


def _cut_line(line: str, column: int | None) -> str:
    if len(line) <= _shown.LONG_LINE:
        return line
    start = max(0, (column or 1) - 61)
    return ("…" if start else "") + line[start : start + 180] + "…"


def note_views(desk: Desk, row: int, placed: Sequence[Placed]) -> tuple[views.NoteView, ...]:
    """`placed` in short, equal findings of several steps as one."""
    groups: dict[Finding, list[Placed]] = {}
    for p in placed:
        groups.setdefault(p.finding, []).append(p)
    return tuple(_note(desk, row, same) for same in groups.values())


def _note(desk: Desk, row: int, same: Sequence[Placed]) -> views.NoteView:
    """A finding in short, linked back to its full card in the scenario."""
    placed, finding = same[0], same[0].finding
    requirement = _requirement(desk, finding)
    return views.NoteView(
        anchor=placed.anchor,
        more_anchors=tuple(p.anchor for p in same[1:]),
        mark=severity_mark(desk, finding),
        title=finding_title(desk, finding),
        expected=desk.words.quote(finding.expected),
        found=desk.words.quote(finding.found),
        requirement=finding.requirement or finding.rule,
        level=requirement.level.value if requirement else "",
        href=desk.href(desk.site.rows[row], placed.anchor),
    )


def validation_view(w: Words, report: ValidationReport) -> views.ValidationView:
    """All layers applied to one input, in figures."""
    uses = tuple(
        views.UseView(
            mark=verdict_mark(w, use.verdict),
            layer=w.say(LAYER_WORDS[use.layer]),
            artefact=use.artefact,
            coordinate=use.coordinate,
            engine=use.engine,
            loaded=w.figure(use.rules_loaded),
            fired=w.figure(use.rules_fired),
            checked=w.figure(use.codes_checked),
            unverifiable=w.figure(use.codes_unverifiable),
            unverifiable_any=use.codes_unverifiable > 0,
            reason=w.quote_all(use.reason),
        )
        for use in report.uses
    )
    return views.ValidationView(
        mark=verdict_mark(w, report.verdict),
        name=report.name,
        kind=report.kind,
        size=w.size(report.size),
        sha256=report.sha256,
        reason=w.quote_all(report.reason),
        uses=uses,
    )
