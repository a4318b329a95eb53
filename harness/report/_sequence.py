"""Geometry of the sequence diagram of a row, from the exchanges recorded, not from the script."""

from harness.errors import cut
from harness.model import Exchange, FailureKind, Party, RowResult, roll_up
from harness.report import views
from harness.report._desk import Desk
from harness.report._findings import gravest

_FAILURES_BEFORE_SENDING = (FailureKind.NAME_NOT_RESOLVED, FailureKind.NOT_REACHABLE, FailureKind.NO_REQUEST)
_MAX_ARROWS = 60


def sequences(desk: Desk, index: int) -> tuple[views.SequenceView, ...]:
    """The drawing twice, for wide and narrow screens; none when nothing was exchanged."""
    row = desk.run.rows[index]
    return (_draw(desk, index, row, wide=True), _draw(desk, index, row, wide=False)) if row.exchanges else ()


def _draw(desk: Desk, index: int, row: RowResult, *, wide: bool) -> views.SequenceView:
    w = desk.words
    width, left, right = (900, 190, 710) if wide else (392, 62, 330)
    shown = row.exchanges[:_MAX_ARROWS]
    arrows = tuple(_arrow(desk, index, row, x, n, left, right, wide=wide) for n, x in enumerate(shown))
    sut_left = row.sut_actor != "ncpeh-a"
    names = ("NCPeH-B", "NCPeH-A")
    if row.sut_actor == "practitioner-software":
        names = (desk.actor(row.sut_actor), "NCPeH-B")
    parties = tuple(
        _party(desk, x, names[i], sut=sut_left == (i == 0), width=184 if wide else 116)
        for i, x in enumerate((left, right))
    )
    return views.SequenceView(
        kind="wide" if wide else "narrow",
        width=width,
        height=80 + 92 * len(shown),
        title=w.count(
            "Sequence of %(n)s exchange; the same facts stand in the steps below",
            "Sequence of %(n)s exchanges; the same facts stand in the steps below",
            len(row.exchanges),
        ),
        parties=parties,
        arrows=arrows,
    )


def _party(desk: Desk, x: int, name: str, *, sut: bool, width: int) -> views.PartyView:
    role = desk.words.say("system under test") if sut else desk.words.say("simulated peer")
    return views.PartyView(x=x, box_x=x - width // 2, box_width=width, name=name, role=role, sut=sut)


def _arrow(
    desk: Desk, index: int, row: RowResult, x: Exchange, n: int, left: int, right: int, *, wide: bool
) -> views.ArrowView:
    opened = desk.opened[index, x.id]
    forward = (x.initiator is Party.SUT) == (row.sut_actor != "ncpeh-a")
    x_from, x_to = (left, right) if forward else (right, left)
    y = 106 + 92 * n
    mark = exchange_mark(desk, index, x)
    answered = x.response is not None
    start = min(e.started_at for e in row.exchanges)
    offset = (x.started_at - start).total_seconds()
    answer = opened.response_gist if answered else (x.failure.kind.value if x.failure else "–")
    sent = not (x.failure and x.failure.kind in _FAILURES_BEFORE_SENDING)
    return views.ArrowView(
        href=desk.href(desk.site.exchanges[index, x.id]),
        step=next((f"step-{i}" for i, s in enumerate(row.steps, start=1) if x.id in s.exchanges), ""),
        label=cut(x.id, 24),
        transaction=x.transaction,
        answer=cut(answer, 60 if wide else 24),
        request_key="warning" if x.altered and x.initiator is Party.PEER else "info" if sent else "not_run",
        answer_key=mark.key,
        answered=answered,
        y=y,
        y_answer=y + 40,
        label_y=y - 8,
        answer_label_y=y + 32,
        icon_y=y + 19,
        time_y=y + 4,
        time_answer_y=y + 44,
        altered_x=right + 16,
        x_from=x_from + (6 if forward else -6),
        x_to=x_to - (6 if forward else -6),
        head=_head(x_to - (6 if forward else -6), y, right_pointing=forward),
        answer_head=_head(x_from + (6 if forward else -6), y + 40, right_pointing=not forward),
        text_x=left + 16,
        icon_x=left + 16,
        answer_x=left + 38,
        left=left + 8,
        hit_y=y - 26,
        width=right - left - 16,
        time=f"+{desk.words.seconds(max(offset, 0.0))}" if wide else "",
        time_answer=f"+{desk.words.seconds(max(offset + x.duration_s, 0.0))}" if wide and answered else "",
        time_x=left - 14,
        time_anchor="end",
        altered=cut(", ".join(x.altered), 26 if wide else 0) if x.altered and wide else "",
    )


def _head(x: int, y: int, *, right_pointing: bool) -> str:
    back = -10 if right_pointing else 10
    return f"M{x} {y}l{back} -5v10z"


def exchange_mark(desk: Desk, index: int, x: Exchange) -> views.Mark:
    """Mark of an exchange: the gravest finding placed on it, else the verdict of its steps, else neutral.

    A step whose findings are about the audit trail says nothing of the exchange that the trail was held against.
    """
    found = gravest(desk, tuple(p for p in desk.placed[index] if p.place.exchange == x.id))
    if found and found.key != "info":
        return found
    of_trail = {p.step for p in desk.placed[index] if p.place.trail}
    verdicts = {
        s.verdict
        for n, s in enumerate(desk.run.rows[index].steps, start=1)
        if x.id in s.exchanges and n not in of_trail
    }
    if not verdicts:
        return views.Mark(key="info", word=desk.words.say("recorded"))
    return desk.verdict(roll_up(verdicts))
