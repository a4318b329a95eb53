"""The lines of a listing as markup. Every text goes through `escape` here; a line costs a template ten times as much.

A run of some thousand messages has half a million lines, most of them the same few; what a line looks like is kept.
"""

from functools import lru_cache

from markupsafe import Markup, escape

from harness.report._shown import Line, Piece


def line_id(line: Line, prefix: str) -> str:
    """The anchor of `line` in a listing whose anchors begin with `prefix`."""
    suffix = "g" if line.skipped else "" if line.first else f"c{line.column}"
    return f"{prefix}{line.number}{suffix}"


def line_markup(line: Line, *, prefix: Markup, key: str = "", left_out: str = "") -> str:
    """One line with its anchor and, in the margin, its number or, for a continuation, `line:column`; `key` colours it.

    `left_out` says, for a gap, how many lines are missing, and otherwise how characters that are not shown are called.
    """
    names = f"l {escape(key)}" if key else "l"
    if line.skipped:
        names, gutter, content = f"{names} cut", "⋯", str(escape(left_out))
    else:
        gutter = f"{line.number}" if line.first else f"{line.number}:{line.column}"
        names, content = names if line.first else f"{names} more-l", _content(line.pieces, left_out)
    # the anchor is the escaped prefix and figures
    return f'<span class="{names}" id="{line_id(line, prefix)}" data-n="{gutter}" style="--d:{line.depth}">{content}</span>\n'


@lru_cache(maxsize=1 << 15)
def _content(pieces: tuple[Piece, ...], left_out: str) -> str:
    return "".join(_piece(p, left_out) for p in pieces)


def _piece(piece: Piece, left_out: str) -> str:
    text = escape(piece.text)
    if not piece.kind:
        return str(text)
    if piece.kind == "x":
        return f'<span class="x">… {text} {escape(left_out)} …</span>'
    return f'<span class="{escape(piece.kind)}">{text}</span>'


def joined(lines: list[str]) -> Markup:
    """Lines of `line_markup` as one."""
    return Markup("".join(lines))
