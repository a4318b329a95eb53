"""View of the summary page: verdict first, then who has to act, figures, scenarios, packs, environment."""

from collections.abc import Iterable, Sequence

from harness.model import ROLL_UP_ORDER, Cause, PackUse, RowResult, Verdict
from harness.report import views
from harness.report._claims import claim_views
from harness.report._desk import CAUSE_WORDS, KIND_WORDS, VERDICT_WORDS, Desk
from harness.report._requirements import groups_view, requirement_lines
from harness.report._words import N_

_QUIET = (Verdict.PASS, Verdict.NOT_APPLICABLE)
_UNDECIDED = (Verdict.ERROR, Verdict.INCONCLUSIVE, Verdict.REVIEW, Verdict.NOT_RUN)
_ITEMS_PER_OWNER = 8

_HEADINGS = {
    Verdict.PASS: N_("%(system)s: no deviation found"),
    Verdict.WARNING: N_("%(system)s: no failure, with warnings"),
    Verdict.FAIL: N_("%(system)s: not conformant"),
    Verdict.ERROR: N_("%(system)s: not decided, the test bench or its environment failed"),
    Verdict.INCONCLUSIVE: N_("%(system)s: not decided, something could not be judged"),
    Verdict.REVIEW: N_("%(system)s: not decided, a person has to review"),
    Verdict.NOT_RUN: N_("%(system)s: not decided, scenarios were not reached"),
    Verdict.SKIPPED: N_("%(system)s: not decided, scenarios were left out"),
    Verdict.NOT_APPLICABLE: N_("%(system)s: nothing was applicable"),
}

_OWNERS = (
    ("vendor", N_("Vendor of the system")),
    ("operator", N_("Operator of this run")),
    ("reviewer", N_("Reviewer")),
    ("bench", N_("Maintainer of the test bench")),
)


def index_view(desk: Desk) -> views.IndexView:
    """Everything the summary page prints."""
    run, w = desk.run, desk.words
    lines = requirement_lines(desk)
    groups, totals = groups_view(desk, lines, page="requirements")
    actors = ", ".join(desk.actor(a) for a in run.sut_actors)
    return views.IndexView(
        mark=desk.verdict(run.verdict),
        eyebrow=w.say(
            "%(actors)s, %(kind)s run of %(date)s", actors=actors, kind=kind_word(desk), date=w.moment(run.started_at)
        ),
        heading=w.say(_HEADINGS[run.verdict], system=system_name(desk)),
        lede=tuple(_lede(desk, lines)),
        bundled=run.bundled_system,
        faults=run.faults,
        claims=claim_views(desk),
        owners=tuple(_owners(desk)),
        counts_note=w.count("%(n)s scenario row in this run.", "%(n)s scenario rows in this run.", len(run.rows)),
        bars=_bars(run.rows),
        causes=tuple(w.say(word) for word in CAUSE_WORDS.values()),
        counts=tuple(_count(desk, v, [r for r in run.rows if r.verdict is v]) for v in VERDICT_WORDS),
        totals=_count(desk, Verdict.NOT_APPLICABLE, run.rows),
        verdicts=tuple(desk.verdict(v) for v in VERDICT_WORDS),
        groups=groups,
        group_totals=totals,
        unsatisfied=_unsatisfied(lines),
        filters=tuple(
            _count(desk, v, present) for v in VERDICT_WORDS if (present := [r for r in run.rows if r.verdict is v])
        ),
        cause_options=tuple(
            views.Mark(key=c.value, word=w.say(word))
            for c, word in CAUSE_WORDS.items()
            if any(r.cause is c for r in run.rows)
        ),
        rows=tuple(_list_row(desk, i) for i in _by_severity(run.rows)),
        packs=tuple(pack_view(desk, p) for p in run.packs),
        coverage=tuple(_coverage(desk)),
        meter=_meter(run.packs),
        system=_system_facts(desk),
        run=_run_facts(desk),
        environment=_environment_facts(desk),
    )


def system_name(desk: Desk) -> str:
    return f"{desk.run.system.name} {desk.run.system.version}".strip()


def kind_word(desk: Desk) -> str:
    return desk.words.say(KIND_WORDS[desk.run.kind]) if desk.run.kind in KIND_WORDS else desk.run.kind


def _by_severity(rows: Sequence[RowResult]) -> list[int]:
    rank = {verdict: n for n, verdict in enumerate(ROLL_UP_ORDER)}
    return sorted(range(len(rows)), key=lambda i: (rank[rows[i].verdict], i))


def _lede(desk: Desk, lines: tuple[views.RequirementLine, ...]) -> Iterable[str]:
    w, rows = desk.words, desk.run.rows
    failed = sum(r.verdict is Verdict.FAIL for r in rows)
    contradicted = sum(line.mark.key == "fail" for line in lines)
    judged = sum(line.mark.key in ("pass", "warning", "fail") for line in lines)
    if failed or contradicted:
        yield w.count(
            "The system contradicts %(bad)s of %(n)s requirement judged, in %(failed)s of %(rows)s scenario rows.",
            "The system contradicts %(bad)s of %(n)s requirements judged, in %(failed)s of %(rows)s scenario rows.",
            judged,
            bad=w.figure(contradicted),
            failed=w.figure(failed),
            rows=w.figure(len(rows)),
        )
    else:
        yield w.count(
            "No scenario row contradicts a requirement; %(n)s requirement was judged in %(rows)s rows.",
            "No scenario row contradicts a requirement; %(n)s requirements were judged in %(rows)s rows.",
            judged,
            rows=w.figure(len(rows)),
        )
    if warned := sum(r.verdict is Verdict.WARNING for r in rows):
        yield w.count("%(n)s row ended with a warning.", "%(n)s rows ended with a warning.", warned)
    if undecided := sum(r.verdict in _UNDECIDED for r in rows):
        yield w.count(
            "%(n)s row could not be decided; it does not count against the system.",
            "%(n)s rows could not be decided; none of them counts against the system.",
            undecided,
        )
    if skipped := sum(r.verdict is Verdict.SKIPPED for r in rows):
        yield w.count("%(n)s row was left out on request.", "%(n)s rows were left out on request.", skipped)


def _owner(row: RowResult) -> str:
    if row.verdict is Verdict.REVIEW:
        return "reviewer"
    if row.cause is Cause.SUT or (row.cause is None and row.verdict in (Verdict.FAIL, Verdict.WARNING)):
        return "vendor"
    return "bench" if row.cause in (Cause.HARNESS, Cause.PEER) else "operator"


def _owners(desk: Desk) -> Iterable[views.OwnerView]:
    w = desk.words
    open_rows = [i for i in _by_severity(desk.run.rows) if desk.run.rows[i].verdict not in _QUIET]
    for key, title in _OWNERS:
        mine = [i for i in open_rows if _owner(desk.run.rows[i]) == key]
        if not mine:
            continue
        groups = _same_reason(desk.run.rows, mine)
        rest = sum(len(g) for g in groups[_ITEMS_PER_OWNER:])
        yield views.OwnerView(
            title=w.say("%(name)s: %(value)s", name=w.say(title), value=w.figure(len(mine))),
            items=tuple(_todo(desk, g) for g in groups[:_ITEMS_PER_OWNER]),
            more=w.count("and %(n)s more in the list below", "and %(n)s more in the list below", rest)
            if rest > 0
            else "",
        )


def _same_reason(rows: Sequence[RowResult], indexes: Sequence[int]) -> list[tuple[int, ...]]:
    """`indexes` with rows together that ended the same way for the same stated reason, in order of their first."""
    groups: dict[tuple[str, ...], list[int]] = {}
    for i in indexes:
        row = rows[i]
        key = (row.verdict.value, row.cause.value if row.cause else "", row.reason) if row.reason else (row.id, str(i))
        groups.setdefault(key, []).append(i)
    return [tuple(group) for group in groups.values()]


def _todo(desk: Desk, group: tuple[int, ...]) -> views.TodoView:
    row, w, others = desk.run.rows[group[0]], desk.words, len(group) - 1
    told = [desk.cause(row.cause), ", ".join(_told_requirements(row))]
    return views.TodoView(
        mark=desk.verdict(row.verdict),
        text=w.localized(row.title),
        href=desk.href(desk.site.rows[group[0]]),
        why=" · ".join(t for t in told if t),
        detail=w.quote(row.reason),
        also=w.count("and %(n)s other row for the same reason", "and %(n)s other rows for the same reason", others)
        if others
        else "",
    )


def _told_requirements(row: RowResult) -> tuple[str, ...]:
    judged = tuple(r.id for r in row.requirements if r.verdict not in _QUIET)
    return (judged or row.covers)[:4]


def _bars(rows: Sequence[RowResult]) -> tuple[views.BarView, ...]:
    counts = [(v.value, sum(r.verdict is v for r in rows)) for v in VERDICT_WORDS]
    return bars([(key, n) for key, n in counts if n])


def bars(counts: Sequence[tuple[str, int]]) -> tuple[views.BarView, ...]:
    """A stacked bar 1000 units wide, with a gap of 2 between its parts."""
    total = sum(n for _, n in counts)
    made, x = [], 0.0
    for key, n in counts:
        width = 1000 * n / total
        made.append(views.BarView(key=key, x=f"{x:.1f}", width=f"{max(width - 2, 1):.1f}"))
        x += width
    return tuple(made)


def _count(desk: Desk, verdict: Verdict, rows: Sequence[RowResult]) -> views.CountRow:
    cells = []
    for cause in CAUSE_WORDS:
        n = sum(r.cause is cause for r in rows)
        cells.append(views.CellView(text=desk.words.figure(n) if n else "·", key=verdict.value if n else "", hot=False))
    return views.CountRow(mark=desk.verdict(verdict), total=desk.words.figure(len(rows)), cells=tuple(cells))


def _unsatisfied(lines: tuple[views.RequirementLine, ...]) -> tuple[views.RequirementLine, ...]:
    rank = {verdict.value: n for n, verdict in enumerate(ROLL_UP_ORDER)}
    quiet = {v.value for v in _QUIET}
    return tuple(sorted((x for x in lines if x.mark.key not in quiet), key=lambda x: rank[x.mark.key]))


def _list_row(desk: Desk, index: int) -> views.ListRow:
    w, row = desk.words, desk.run.rows[index]
    return views.ListRow(
        anchor=f"s-{desk.site.rows[index].removeprefix('scenarios/')}",
        mark=desk.verdict(row.verdict),
        id=row.id,
        title=w.localized(row.title),
        href=desk.href(desk.site.rows[index]),
        why=w.quote(row.reason),
        covers=tuple(
            desk.requirement_link(r) if r in desk.run.catalogue else views.Link(text=r, href="") for r in row.covers
        ),
        cause=desk.cause(row.cause),
        cause_key=row.cause.value if row.cause else "",
        duration=w.seconds(row.duration_s) if row.started_at else "",
        exchanges=w.figure(len(row.exchanges)) if row.exchanges else "",
    )


def pack_view(desk: Desk, pack: PackUse) -> views.PackView:
    """A pack with its hashes and its coverage figures; an incomplete one is never shown as good."""
    w = desk.words
    mark = (
        views.Mark(key="pass", word=w.say("complete"))
        if pack.complete
        else views.Mark(key="inconclusive", word=w.say("incomplete"))
    )
    artefacts = sorted(pack.artefacts.items())
    return views.PackView(
        coordinate=pack.coordinate,
        title=pack.title,
        origin=pack.origin,
        mark=mark,
        status=pack.status,
        digest=pack.digest,
        digest_short=f"{pack.digest[:12]}…{pack.digest[-4:]}" if len(pack.digest) > 20 else pack.digest,
        loaded=w.figure(pack.rules_loaded),
        fired=w.figure(pack.rules_fired),
        checked=w.figure(pack.codes_checked),
        unverifiable=w.figure(pack.codes_unverifiable),
        unverifiable_any=pack.codes_unverifiable > 0,
        problems=pack.problems,
        artefacts=tuple(views.Fact(name=path, value=digest, code=True) for path, digest in artefacts),
        artefacts_summary=w.count("%(n)s artefact", "%(n)s artefacts", len(artefacts)),
    )


def _coverage(desk: Desk) -> Iterable[str]:
    w, packs = desk.words, desk.run.packs
    loaded, fired = sum(p.rules_loaded for p in packs), sum(p.rules_fired for p in packs)
    checked, blind = sum(p.codes_checked for p in packs), sum(p.codes_unverifiable for p in packs)
    yield w.say(
        "Rules loaded: %(loaded)s, of which fired at least once: %(fired)s.",
        loaded=w.figure(loaded),
        fired=w.figure(fired),
    )
    yield w.count("%(n)s code looked up in a value set.", "%(n)s codes looked up in a value set.", checked)
    yield w.count(
        "%(n)s code could not be verified: no pack holds its value set. Not checked is never a pass.",
        "%(n)s codes could not be verified: no pack holds their value set. Not checked is never a pass.",
        blind,
    )


def _meter(packs: Sequence[PackUse]) -> tuple[views.BarView, ...]:
    checked, blind = sum(p.codes_checked for p in packs), sum(p.codes_unverifiable for p in packs)
    return bars([(key, n) for key, n in (("pass", checked), ("inconclusive", blind)) if n])


def _system_facts(desk: Desk) -> tuple[views.Fact, ...]:
    w, system = desk.words, desk.run.system
    facts = [views.Fact(name=w.say("Product"), value=system_name(desk))]
    if system.vendor:
        facts.append(views.Fact(name=w.say("Vendor"), value=system.vendor))
    facts.append(views.Fact(name=w.say("Role"), value=", ".join(desk.actor(a) for a in desk.run.sut_actors)))
    profiles = dict.fromkeys(r.profile for r in desk.run.rows)
    facts.append(views.Fact(name=w.say("Profiles"), value=", ".join(desk.profile(p) for p in profiles)))
    return tuple(facts)


def _run_facts(desk: Desk) -> tuple[views.Fact, ...]:
    w, run = desk.words, desk.run
    lasted = (run.ended_at - run.started_at).total_seconds()
    facts = [
        views.Fact(name=w.say("Run"), value=run.id, code=True),
        views.Fact(name=w.say("Kind"), value=kind_word(desk)),
        views.Fact(name=w.say("Started"), value=w.moment(run.started_at)),
        views.Fact(name=w.say("Lasted"), value=w.seconds(max(lasted, 0.0))),
        views.Fact(name=w.say("Exchanges kept"), value=w.figure(sum(len(r.exchanges) for r in run.rows))),
    ]
    if desk.state(run.state):
        facts.append(views.Fact(name=w.say("State"), value=desk.state(run.state)))
    if run.statement is not None:
        facts.append(views.Fact(name=w.say("Statement, sha-256"), value=run.statement.digest, code=True))
    if run.seed is not None:
        facts.append(views.Fact(name=w.say("Seed"), value=str(run.seed), code=True))
    return tuple(facts)


def _environment_facts(desk: Desk) -> tuple[views.Fact, ...]:
    env, w = desk.run.environment, desk.words
    facts = [
        views.Fact(name="harness", value=env.harness, code=True),
        views.Fact(name="Python", value=env.python, code=True),
        views.Fact(name=w.say("Platform"), value=env.platform, code=True),
    ]
    return (*facts, *(views.Fact(name=k, value=v, code=True) for k, v in sorted(env.libraries.items())))
