"""View of a statement: each claim with what the rows it makes obligatory came to."""

from collections import Counter

from harness.model import COMMON_PROFILES, Claim, RowResult, Verdict, roll_up
from harness.report import views
from harness.report._desk import Desk


def claim_views(desk: Desk) -> tuple[views.ClaimView, ...]:
    """The claims of the run's statement, then what every claim includes; empty for a run without statement."""
    statement = desk.run.statement
    if statement is None:
        return ()
    claims = tuple(_claim(desk, c) for c in statement.claims)
    actors = dict.fromkeys(c.actor for c in statement.claims)
    common = tuple(_common(desk, actor) for actor in actors)
    return (*claims, *common)


def _claim(desk: Desk, claim: Claim) -> views.ClaimView:
    w = desk.words
    said = [w.say("wave %(n)s", n=claim.wave)]
    if claim.options:
        said.append(w.say("declared options: %(options)s", options=", ".join(claim.options)))
    return _view(desk, desk.profile(claim.profile), claim.actor, " · ".join(said), (claim.profile,))


def _common(desk: Desk, actor: str) -> views.ClaimView:
    named = ", ".join(desk.profile(p) for p in COMMON_PROFILES)
    return _view(desk, named, actor, desk.words.say("part of every claim"), COMMON_PROFILES)


def _view(desk: Desk, name: str, actor: str, said: str, profiles: tuple[str, ...]) -> views.ClaimView:
    w = desk.words
    rows = [r for r in desk.run.rows if r.sut_actor == actor and r.profile in profiles and _obligatory(r)]
    counts = Counter(r.verdict for r in rows)
    return views.ClaimView(
        mark=desk.verdict(roll_up(counts)) if rows else views.Mark(key="not_run", word=w.say("not tested")),
        name=name,
        actor=desk.actor(actor),
        said=said,
        counts=", ".join(f"{w.figure(n)} {desk.verdict(v).word}" for v, n in counts.most_common())
        or w.say("no scenario of the catalogue tests this claim"),
    )


def _obligatory(row: RowResult) -> bool:
    return row.verdict is not Verdict.NOT_APPLICABLE
