"""View of the page of one scenario row: what happened, why it is so, what to do."""

from collections.abc import Mapping

from harness.model import ROLL_UP_ORDER, Finding, RowResult, StepResult, TriggerOutcome, Verdict
from harness.report import views
from harness.report._desk import Desk
from harness.report._findings import finding_title, finding_view, gravest, grouped, validation_view
from harness.report._listing import plain_lines
from harness.report._opened import Placed
from harness.report._record import gist
from harness.report._requirements import line_view
from harness.report._sequence import sequences
from harness.report._words import Prose

_QUIET = (Verdict.PASS, Verdict.NOT_APPLICABLE)


def row_view(desk: Desk, index: int) -> views.RowView:
    """Everything the page of row `index` prints."""
    row, w = desk.run.rows[index], desk.words
    mark = desk.verdict(row.verdict)
    said = [desk.profile(row.profile), desk.actor(row.sut_actor), w.say("priority %(n)s", n=row.priority)]
    if row.cause:
        said.append(w.say("cause: %(cause)s", cause=desk.cause(row.cause)))
    if desk.state(row.state):
        said.append(w.say("state: %(state)s", state=desk.state(row.state)))
    placed = desk.placed[index]
    first = _first_anchors(placed)
    steps = tuple(_step(desk, index, n, step, first) for n, step in enumerate(row.steps, start=1))
    loose = tuple(finding_view(desk, index, g) for g in grouped([p for p in placed if p.step is None]))
    return views.RowView(
        mark=mark,
        eyebrow_id=row.id,
        eyebrow=" · ".join(said),
        title=w.localized(row.title),
        lede=_lede(desk, row, placed),
        first_finding=placed[0].anchor if placed else "",
        home_href=desk.href("index", f"s-{desk.site.rows[index].removeprefix('scenarios/')}"),
        sequences=sequences(desk, index),
        steps=steps,
        steps_note=_steps_note(desk, row),
        findings=tuple(views.Link(text=_short(g), href=f"#{g[0].anchor}") for g in _groups(placed)),
        loose=loose,
        requirements=_requirements(desk, row, placed),
        altered=tuple(
            views.Fact(
                name=x.id, value=", ".join(x.altered), code=True, href=desk.href(desk.site.exchanges[index, x.id])
            )
            for x in row.exchanges
            if x.altered
        ),
        triggers=tuple(_trigger(desk, n, t) for n, t in enumerate(row.triggers, start=1)),
        records=_records(desk, index),
        facts=_facts(desk, row),
        command=f"harness run {row.scenario}",
        previous=_neighbour(desk, index - 1),
        following=_neighbour(desk, index + 1),
    )


def _lede(desk: Desk, row: RowResult, placed: tuple[Placed, ...]) -> Prose:
    w = desk.words
    if row.reason:
        return w.quote(row.reason)
    bad = next((s for s in row.steps if s.verdict is row.verdict and s.verdict not in _QUIET), None)
    if bad and bad.reason:
        return w.quote(bad.reason)
    if row.verdict is Verdict.PASS:
        return Prose(text=w.say("Every step met its expectation."))
    if placed:
        return finding_title(desk, placed[0].finding)
    return Prose(text="")


def _steps_note(desk: Desk, row: RowResult) -> str:
    w = desk.words
    exchanged = w.count("%(n)s exchange", "%(n)s exchanges", len(row.exchanges))
    return f"{w.seconds(row.duration_s)} · {exchanged}"


def _first_anchors(placed: tuple[Placed, ...]) -> Mapping[Finding, str]:
    """The anchor under which each finding of a row is told in full: that of the first step that made it."""
    first: dict[Finding, str] = {}
    for p in placed:
        first.setdefault(p.finding, p.anchor)
    return first


def _groups(placed: tuple[Placed, ...]) -> list[tuple[Placed, ...]]:
    """The findings of a row as its page groups them: step by step, equal ones together."""
    first = _first_anchors(placed)
    told = [p for p in placed if first[p.finding] == p.anchor]
    steps = dict.fromkeys(p.step for p in told)
    return [group for step in steps for group in grouped([p for p in told if p.step == step])]


def _short(group: tuple[Placed, ...]) -> str:
    finding = group[0].finding
    times = f" × {len(group)}" if len(group) > 1 else ""
    return f"{group[0].anchor} {finding.requirement or finding.rule}{times}".strip()


def _step(desk: Desk, index: int, number: int, step: StepResult, first: Mapping[Finding, str]) -> views.StepView:
    w, row = desk.words, desk.run.rows[index]
    mine = [p for p in desk.placed[index] if p.step == number]
    offset, width = _bar(row, step)
    known = {x.id: x for x in row.exchanges}
    links = tuple(
        views.Link(text=f"{known[i].transaction} {i}", href=desk.href(desk.site.exchanges[index, i]))
        for i in step.exchanges
        if i in known
    )
    return views.StepView(
        anchor=f"step-{number}",
        number=number,
        depth=min(step.path.count(".") - min(s.path.count(".") for s in row.steps), 4),
        verb=step.verb,
        title=w.localized(step.title),
        duration=w.seconds(step.duration_s) if step.started_at else "",
        mark=desk.verdict(step.verdict),
        cause=desk.cause(step.cause),
        state=desk.state(step.state),
        reason=w.quote(step.reason),
        expected=w.quote(step.expected),
        found=w.quote(step.found),
        offset=offset,
        width=width,
        exchanges=links,
        records=tuple(views.Link(text=r, href=_record_href(desk, index, r)) for r in step.audits),
        findings=tuple(
            finding_view(desk, index, g) for g in grouped([p for p in mine if first[p.finding] == p.anchor])
        ),
        again=tuple(
            views.AgainView(anchor=p.anchor, first=views.Link(text=first[p.finding], href=f"#{first[p.finding]}"))
            for p in mine
            if first[p.finding] != p.anchor
        ),
        validations=tuple(validation_view(desk.words, v) for v in step.validations),
        open=step.verdict not in _QUIET,
    )


def _bar(row: RowResult, step: StepResult) -> tuple[str, str]:
    """Offset and width of the time bar in per cent of the row."""
    if not row.started_at or not step.started_at or row.duration_s <= 0:
        return "0", "0"
    offset = 100 * (step.started_at - row.started_at).total_seconds() / row.duration_s
    offset = min(max(offset, 0.0), 99.5)
    width = min(100 * step.duration_s / row.duration_s, 100 - offset)
    return f"{offset:.1f}", f"{max(width, 0.0):.1f}"


def _requirements(desk: Desk, row: RowResult, placed: tuple[Placed, ...]) -> tuple[views.RequirementLine, ...]:
    links: dict[str, list[views.Link]] = {}
    for p in placed:
        if p.finding.requirement:
            links.setdefault(p.finding.requirement, []).append(views.Link(text=p.anchor, href=f"#{p.anchor}"))
    order = sorted(row.requirements, key=lambda r: (ROLL_UP_ORDER.index(r.verdict), r.id))
    return tuple(line_view(desk, r, desk.run.catalogue.get(r.id), (), tuple(links.get(r.id, ()))) for r in order)


def _trigger(desk: Desk, number: int, outcome: TriggerOutcome) -> views.TriggerView:
    w = desk.words
    mark = (
        views.Mark(key="pass", word=w.say("made to act"))
        if outcome.ok
        else views.Mark(key="error", word=w.say("no effect"))
    )
    detail = outcome.detail or (outcome.failure.detail if outcome.failure else "")
    return views.TriggerView(
        mark=mark,
        kind=outcome.kind,
        detail=w.quote(detail),
        duration=w.seconds(outcome.duration_s),
        shown=plain_lines(w, outcome.shown, f"T{number}-") if outcome.shown else (),
    )


def _records(desk: Desk, index: int) -> tuple[views.RowLink, ...]:
    """The audit records that came during the row, each with what it says it is."""
    return tuple(
        views.RowLink(
            mark=gravest(desk, tuple(p for p in desk.placed[index] if p.place.record == record.id))
            or views.Mark(key="info", word=desk.words.say("recorded")),
            id=f"{record.id} {gist(desk, record)}",
            href=_record_href(desk, index, record.id),
        )
        for record in desk.run.rows[index].audits
    )


def _record_href(desk: Desk, index: int, record: str) -> str:
    return desk.href(desk.site.records[index, record]) if (index, record) in desk.site.records else ""


def _facts(desk: Desk, row: RowResult) -> tuple[views.Fact, ...]:
    w = desk.words
    facts = [views.Fact(name=w.say("Scenario"), value=row.scenario, code=True)]
    if row.row is not None:
        facts.append(views.Fact(name=w.say("Row"), value=row.row, code=True))
    if row.source:
        place = f"{row.source}:{row.source_line}" if row.source_line else row.source
        facts.append(views.Fact(name=w.say("File"), value=place, code=True))
    if row.digest:
        facts.append(views.Fact(name="sha-256", value=row.digest, code=True))
    if row.started_at:
        facts.append(views.Fact(name=w.say("Started"), value=w.moment(row.started_at)))
    if row.tags:
        facts.append(views.Fact(name=w.say("Tags"), value=", ".join(row.tags), code=True))
    return tuple(facts)


def _neighbour(desk: Desk, index: int) -> views.Link:
    if not 0 <= index < len(desk.run.rows):
        return views.Link(text="", href="")
    return views.Link(text=desk.run.rows[index].id, href=desk.href(desk.site.rows[index]))
