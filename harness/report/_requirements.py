"""Views of the requirements: the matrix by group and verdict, and the page that lists each with text and source."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from harness.model import Requirement, RequirementResult, RowResult, Run, Verdict
from harness.report import views
from harness.report._desk import VERDICT_WORDS, Desk, requirement_anchor, row_link
from harness.report._names import slug
from harness.report._words import Prose

_COLD = (Verdict.PASS, Verdict.NOT_APPLICABLE)
_MAX_ROWS = 40


def requirements_view(desk: Desk) -> views.RequirementsView:
    """Everything the requirements page prints: those with a result first, then the rest of the catalogue."""
    groups, _ = groups_view(desk, requirement_lines(desk), page="")
    judged = {r.id for r in desk.run.requirements}
    rest = [r for key, r in sorted(desk.run.catalogue.items()) if key not in judged]
    said = desk.words.count(
        "%(n)s requirement of the catalogue is covered by no scenario of this run",
        "%(n)s requirements of the catalogue are covered by no scenario of this run",
        len(rest),
    )
    return views.RequirementsView(
        verdicts=tuple(desk.verdict(v) for v in VERDICT_WORDS),
        groups=groups,
        uncovered=tuple(_line(desk, RequirementResult(id=r.id, verdict=Verdict.NOT_RUN), {}) for r in rest),
        uncovered_summary=said,
    )


def requirement_lines(desk: Desk) -> tuple[views.RequirementLine, ...]:
    """One line per requirement with a result in this run, in order of id."""
    rows = rows_by_requirement(desk.run)
    return tuple(_line(desk, r, rows) for r in sorted(desk.run.requirements, key=lambda r: r.id))


def rows_by_requirement(run: Run) -> Mapping[str, Sequence[tuple[int, Verdict]]]:
    """For each requirement the rows that judged or cover it, with what they came to about it."""
    found: defaultdict[str, list[tuple[int, Verdict]]] = defaultdict(list)
    for index, row in enumerate(run.rows):
        for requirement_id, verdict in row_verdicts(row).items():
            found[requirement_id].append((index, verdict))
    return found


def row_verdicts(row: RowResult) -> Mapping[str, Verdict]:
    """Verdict of each requirement a row touches; one that is covered but has no result of its own has the row's."""
    return {**dict.fromkeys(row.covers, row.verdict), **{r.id: r.verdict for r in row.requirements}}


def _line(
    desk: Desk, result: RequirementResult, rows: Mapping[str, Sequence[tuple[int, Verdict]]]
) -> views.RequirementLine:
    requirement = desk.run.catalogue.get(result.id)
    links = tuple(row_link(desk, i, desk.run.rows[i], v) for i, v in rows.get(result.id, ())[:_MAX_ROWS])
    return line_view(desk, result, requirement, links)


def line_view(
    desk: Desk,
    result: RequirementResult,
    requirement: Requirement | None,
    rows: tuple[views.RowLink, ...],
    findings: tuple[views.Link, ...] = (),
) -> views.RequirementLine:
    w = desk.words
    group = requirement.group if requirement else ""
    return views.RequirementLine(
        anchor=requirement_anchor(result.id),
        id=result.id,
        short=result.id.removeprefix(group).lstrip("-") or result.id if group else result.id,
        href=desk.href("requirements", requirement_anchor(result.id)),
        mark=desk.verdict(result.verdict),
        text=w.localized(requirement.text) if requirement else Prose(text=""),
        level=requirement.level.value if requirement else "",
        actor=desk.actor(requirement.actor) if requirement else "",
        transaction=requirement.transaction if requirement else "",
        sources=requirement.sources if requirement else (),
        inferred=requirement.inferred if requirement else False,
        reason=w.quote(result.reason),
        remedy=w.localized(requirement.remedy) if requirement and requirement.remedy else Prose(text=""),
        rows=rows,
        findings=findings,
    )


def groups_view(
    desk: Desk, lines: tuple[views.RequirementLine, ...], *, page: str
) -> tuple[tuple[views.GroupView, ...], views.GroupView]:
    """The matrix: one row per group, and the row of totals. Anchors lead to `page` (empty: the page in hand)."""
    by_group: defaultdict[str, list[views.RequirementLine]] = defaultdict(list)
    for line in lines:
        requirement = desk.run.catalogue.get(line.id)
        by_group[requirement.group if requirement else line.id.rpartition("-")[0]].append(line)
    groups = tuple(_group(desk, name, by_group[name], page) for name in sorted(by_group))
    return groups, _group(desk, "", list(lines), page)


def _group(desk: Desk, name: str, lines: Sequence[views.RequirementLine], page: str) -> views.GroupView:
    w = desk.words
    cells = []
    for verdict in VERDICT_WORDS:
        n = sum(line.mark.key == verdict.value for line in lines)
        text = w.figure(n) if n else "·"
        cells.append(views.CellView(text=text, key=verdict.value if n else "", hot=bool(n) and verdict not in _COLD))
    open_count = sum(line.mark.key not in {v.value for v in _COLD} for line in lines)
    counted = w.count("%(n)s requirement", "%(n)s requirements", len(lines))
    look = w.count("%(n)s to look at", "%(n)s to look at", open_count)
    anchor = f"g-{slug(name)}"
    return views.GroupView(
        anchor=desk.href(page, anchor) if page else anchor,
        name=name,
        cells=tuple(cells),
        total=w.figure(len(lines)),
        summary=f"{counted} · {look}",
        lines=tuple(lines),
    )
