"""Listings of bytes with findings between the lines."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from functools import lru_cache

from harness.report import _shown, views
from harness.report._desk import Desk
from harness.report._findings import note_views
from harness.report._opened import Placed
from harness.report._words import Words

type Note = Callable[[Sequence[Placed]], tuple[views.NoteView, ...]]


def code_listing(
    desk: Desk, row: int, data: bytes, placed: Sequence[Placed], *, label: str, prefix: str
) -> tuple[views.ListingView, tuple[Placed, ...]]:
    """The listing of `data` with notes for `placed`, and those of `placed` for which no line is shown."""
    return noted_listing(desk.words, data, placed, lambda here: note_views(desk, row, here), label=label, prefix=prefix)


def noted_listing(
    words: Words, data: bytes, placed: Sequence[Placed], note: Note, *, label: str, prefix: str
) -> tuple[views.ListingView, tuple[Placed, ...]]:
    """As `code_listing`, with `note` to say what stands under a line."""
    around = frozenset((p.finding.at.line, p.finding.at.column or 1) for p in placed if p.finding.at.line)
    listed = _listed(data, around)
    noted: defaultdict[int, list[Placed]] = defaultdict(list)
    homeless = []
    for p in placed:
        at = _shown.line_at(listed.lines, p.finding.at.line, p.finding.at.column) if p.finding.at.line else None
        if at is None:
            homeless.append(p)
        else:
            noted[at].append(p)
    notes = {at: note(here) for at, here in noted.items()}
    lines = tuple(_line(line, prefix, words, notes.get(i, ())) for i, line in enumerate(listed.lines))
    view = views.ListingView(
        label=label,
        lines=lines,
        summary=_summary(words, listed, data),
        notes=_notes(words, listed),
    )
    return view, tuple(homeless)


@lru_cache(maxsize=8)
def _listed(data: bytes, around: frozenset[tuple[int, int]]) -> _shown.Listing:
    """The lines of `data`; kept for the sibling page, which is made next."""
    return _shown.listing(_shown.decoded(data), around)


def plain_lines(text: str, prefix: str) -> tuple[views.ShownLine, ...]:
    """`text` as numbered lines without colours or findings."""
    listed = _shown.listing(text)
    return tuple(_line(line, prefix, None, ()) for line in listed.lines)


def _line(
    line: _shown.Line,
    prefix: str,
    words: Words | None,
    notes: tuple[views.NoteView, ...],
) -> views.ShownLine:
    note = ""
    if line.skipped and words:
        note = words.count("%(n)s line left out", "%(n)s lines left out", line.skipped)
    number = f"{line.number}" if line.first else f"{line.number}:{line.column}"
    suffix = "g" if line.skipped else "" if line.first else f"c{line.column}"
    return views.ShownLine(
        id=f"{prefix}{line.number}{suffix}",
        gutter="⋯" if line.skipped else number,
        line=line,
        key=notes[0].mark.key if notes else "",
        note=note,
        findings=notes,
    )


def _summary(w: Words, listed: _shown.Listing, data: bytes) -> str:
    return f"{w.count('%(n)s line', '%(n)s lines', listed.total_lines)} · {w.size(len(data))}"


def _notes(w: Words, listed: _shown.Listing) -> tuple[str, ...]:
    said = []
    if listed.broken:
        said.append(
            w.say(
                "Long lines are broken at tags for reading; the bytes have no line break there. "
                "In the margin, the figure after the colon is the column."
            )
        )
    if listed.unseen:
        said.append(
            w.count(
                "%(n)s character at the end is not shown; the bytes are in the run folder.",
                "%(n)s characters at the end are not shown; the bytes are in the run folder.",
                listed.unseen,
            )
        )
    return tuple(said)
