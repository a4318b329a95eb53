"""Listings of bytes with findings between the lines."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache

from markupsafe import escape

from harness.report import _shown, views
from harness.report._desk import Desk
from harness.report._findings import note_views
from harness.report._markup import joined, line_id, line_markup
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
    view = views.ListingView(
        label=label,
        lines=_shown_lines(listed, prefix, words, notes),
        ids=frozenset(line_id(line, prefix) for line in listed.lines),
        summary=_summary(words, listed, data),
        notes=_notes(words, listed),
    )
    return view, tuple(homeless)


@lru_cache(maxsize=8)
def _listed(data: bytes, around: frozenset[tuple[int, int]]) -> _shown.Listing:
    """The lines of `data`; kept for the sibling page, which is made next."""
    return _shown.listing(_shown.decoded(data), around)


def plain_lines(words: Words, text: str, prefix: str) -> tuple[views.ShownLines, ...]:
    """`text` as numbered lines without findings."""
    return _shown_lines(_shown.listing(text), prefix, words, {})


def _shown_lines(
    listed: _shown.Listing, prefix: str, words: Words, notes: Mapping[int, tuple[views.NoteView, ...]]
) -> tuple[views.ShownLines, ...]:
    """The lines in as few stretches as there are places where something stands between them."""
    shown: list[views.ShownLines] = []
    made: list[str] = []
    unseen, anchors = words.say("characters left out"), escape(prefix)
    for index, (line, plain) in enumerate(zip(listed.lines, _plain(listed, prefix), strict=True)):
        here = notes.get(index, ())
        if plain and not here:
            made.append(plain)
            continue
        left_out = words.count("%(n)s line left out", "%(n)s lines left out", line.skipped) if line.skipped else unseen
        key = here[0].mark.key if here else ""
        made.append(line_markup(line, prefix=anchors, key=key, left_out=left_out))
        if here:
            shown.append(views.ShownLines(markup=joined(made), findings=here))
            made = []
    if made:
        shown.append(views.ShownLines(markup=joined(made)))
    return tuple(shown)


@lru_cache(maxsize=8)
def _plain(listed: _shown.Listing, prefix: str) -> tuple[str, ...]:
    """The markup of each line that reads the same in every language, else nothing; kept for the sibling page."""
    anchors = escape(prefix)
    return tuple(
        "" if line.skipped or any(p.kind == "x" for p in line.pieces) else line_markup(line, prefix=anchors)
        for line in listed.lines
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
