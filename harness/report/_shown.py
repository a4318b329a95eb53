"""Bytes of a stranger made visible: decoding that never fails, and the lines of a message as they stand.

Nothing is parsed here, nothing is re-serialised: the text shown is the text received. Long lines are broken at tags for
reading only; each piece knows the line and column it came from.
"""

import codecs
import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby, islice
from typing import NamedTuple

MAX_SHOWN = 2 * 1024 * 1024
"""Characters of one body that are looked at for display; the rest is counted, not shown."""
MAX_LINES = 2000
HEAD_LINES, TAIL_LINES, CONTEXT_LINES = 400, 40, 40
MAX_PLACES = 25
LONG_LINE = 240
LONG_RUN = 400

_ENCODINGS = ("utf-8", "us-ascii", "iso-8859-1", "iso-8859-15", "windows-1252", "utf-16")
_DECLARED = re.compile(rb"""^\s*<\?xml[^>]{0,200}?encoding\s*=\s*["']([A-Za-z0-9._-]{1,40})["']""")
_TOKEN = re.compile(
    r"<!--.*?(?:-->|\Z)|<\?.*?(?:\?>|\Z)|<!\[CDATA\[.*?(?:\]\]>|\Z)|</?[^\W\d][^<>]*(?:>|\Z)|[^<]+|<", re.DOTALL
)
_ATTRIBUTE = re.compile(r"""([^\s=<>"'/]+)(\s*=\s*)("[^"]*"|'[^']*')|[^\s"'=]+|\s+|.""", re.DOTALL)
_BASE64_RUN = re.compile(rf"[A-Za-z0-9+/=\s]{{{LONG_RUN},}}")


def decoded(data: bytes) -> str:
    """`data` as text in the encoding it declares, UTF-8 otherwise; undecodable bytes appear as `\\xNN`."""
    name = "utf-8"
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        name = "utf-16"
    elif declared := _DECLARED.match(data[:300]):
        wanted = declared.group(1).decode("ascii").lower()
        name = wanted if wanted in _ENCODINGS and wanted != "utf-16" else "utf-8"
    return data.decode(name, errors="backslashreplace").removeprefix("\ufeff")


_ODD = re.compile("[\ufffd\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f]")


def looks_textual(data: bytes) -> bool:
    """Whether `data` is worth showing as text: no NUL in its head (UTF-16 with a mark excepted) and mostly decodable."""
    head = data[:4096]
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return True
    text = head.decode("utf-8", errors="replace")
    return not head or (len(_ODD.findall(text)) / len(text) < 0.1 and not head.startswith(b"%PDF"))


class Piece(NamedTuple):
    """A stretch of one kind: `t` tag, `a` attribute name, `s` value, `r` comment, `x` left out, empty for plain text."""

    kind: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line for display. `number` and `column` say where it starts in the source, from 1; `first` is False for a
    continuation that only the display made. `depth` is for indentation, in characters. With `skipped` > 0 it stands for
    that many source lines left out and has no pieces."""

    number: int
    column: int
    depth: int
    pieces: tuple[Piece, ...]
    first: bool = True
    skipped: int = 0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Listing:
    """The lines of a text; `broken` when long lines were broken, `unseen` characters beyond what is shown."""

    lines: tuple[Line, ...]
    total_lines: int
    broken: bool
    unseen: int = 0


def listing(text: str, around: frozenset[tuple[int, int]] = frozenset()) -> Listing:
    """`text` as numbered lines; those near a (line, column) of `around` are kept where a long text is cut."""
    unseen = max(0, len(text) - MAX_SHOWN)
    source = text[:MAX_SHOWN].replace("\r\n", "\n").split("\n")
    if len(source) > 1 and not source[-1]:
        source.pop()
    rough = list(_chunks(source))
    kept = _kept(rough, around)
    lines: list[Line] = []
    skipped = 0
    for index, chunk in enumerate(rough):
        if index not in kept:
            skipped += 1
            continue
        if skipped:
            lines.append(_gap(rough[index - skipped], skipped))
            skipped = 0
        pieces = _coloured(chunk.text, inside_tag=chunk.inside_tag)
        lines.append(
            Line(number=chunk.number, column=chunk.column, depth=chunk.depth, pieces=pieces, first=chunk.column == 1)
        )
    return Listing(lines=tuple(lines), total_lines=len(source), broken=len(rough) > len(source), unseen=unseen)


def start_of_element(text: str, number: int) -> tuple[int, int] | None:
    """Line and column, from 1, at which element `number` (from 0, in document order) of well-formed XML starts.

    Exact because start tags stand in document order and `<` cannot occur inside one. Source: XML 1.0 (fifth edition), 2.4.
    """
    starts = (m.start() for m in _TOKEN.finditer(text) if re.match(r"<[^/!?]", m.group()))
    offset = next(islice(starts, number, None), None)
    if offset is None:
        return None
    return text.count("\n", 0, offset) + 1, offset - text.rfind("\n", 0, offset)


def line_at(lines: tuple[Line, ...], number: int, column: int | None) -> int | None:
    """Index of the displayed line that holds `number`:`column`, None when it is left out or does not exist."""
    found = None
    for index, line in enumerate(lines):
        if line.skipped or line.number > number:
            continue
        if line.number == number and (found is None or (column is not None and line.column <= column)):
            found = index
    return found


@dataclass(frozen=True, slots=True)
class _Chunk:
    number: int
    column: int
    depth: int
    text: str
    inside_tag: bool = False


def _gap(chunk: _Chunk, skipped: int) -> Line:
    return Line(number=chunk.number, column=chunk.column, depth=0, pieces=(), skipped=skipped)


def _kept(rough: list[_Chunk], around: frozenset[tuple[int, int]]) -> frozenset[int] | range:
    total = len(rough)
    if total <= MAX_LINES:
        return range(total)
    kept = set(range(HEAD_LINES)) | set(range(total - TAIL_LINES, total))
    for place in sorted(around)[:MAX_PLACES]:
        index = max(0, bisect_right(rough, place, key=lambda c: (c.number, c.column)) - 1)
        kept |= set(range(max(0, index - CONTEXT_LINES), min(total, index + CONTEXT_LINES + 1)))
    return frozenset(kept)


def _chunks(source: list[str]) -> Iterator[_Chunk]:
    """The lines, long ones in pieces; `inside_tag` when a tag that began on an earlier line is still open."""
    inside = False
    for number, line in enumerate(source, start=1):
        if len(line) <= LONG_LINE or line.count("<") < 4:
            depth = min(len(line) - len(line.lstrip(" \t")), 60)
            yield _Chunk(number, 1, depth, line, inside)
        else:
            column = 1
            for text, level in _broken(line):
                yield _Chunk(number, column, min(max(0, level) * 2, 60), text)
                column += len(text)
        opened, closed = line.rfind("<"), line.rfind(">")
        inside = opened > closed or (inside and closed < 0)


def _broken(line: str) -> Iterator[tuple[str, int]]:
    """Pieces of one long line with their nesting level: an opening tag starts a piece, text and its closing tag stay
    with it."""
    level = 0
    pending, pending_level, only_text = "", 0, False
    for match in _TOKEN.finditer(line):
        token = match.group()
        closing = token.startswith("</")
        opening = token.startswith("<") and len(token) > 1 and token[1] not in "/!?" and not token.endswith("/>")
        if closing:
            level -= 1
        if token.startswith("<") and not (closing and only_text):
            if pending:
                yield pending, pending_level
            pending, pending_level = token, level
            only_text = opening
        else:
            pending += token
            only_text = only_text and not closing
        if opening:
            level += 1
    if pending:
        yield pending, pending_level


@lru_cache(maxsize=1 << 15)
def _coloured(text: str, *, inside_tag: bool) -> tuple[Piece, ...]:
    """`text` in pieces of one kind, neighbours of the same kind as one.

    Kept, because the messages of a run say most of their lines many times.
    """
    pieces = groupby(_pieces(text, inside_tag=inside_tag), key=lambda piece: piece.kind)
    return tuple(Piece(kind, "".join(piece.text for piece in same)) for kind, same in pieces)


def _pieces(text: str, *, inside_tag: bool) -> Iterator[Piece]:
    if inside_tag:
        end = text.find(">") + 1 or len(text)
        yield from _attributes(text[:end].removesuffix(">").removesuffix("/"))
        closing = text[:end][len(text[:end].removesuffix(">").removesuffix("/")) :]
        if closing:
            yield Piece("t", closing)
        text = text[end:]
    for match in _TOKEN.finditer(text):
        token = match.group()
        if token.startswith(("<!--", "<?")):
            yield Piece("r", token)
        elif token.startswith("<") and len(token) > 1 and not token.startswith("<!"):
            yield from _tag(token)
        else:
            yield from _shortened("", token)


def _tag(token: str) -> Iterator[Piece]:
    head = re.match(r"</?[^\s>/]+", token)
    name = head.group() if head else "<"
    tail = "/>" if token.endswith("/>") and len(token) > len(name) + 1 else ">" if token.endswith(">") else ""
    yield Piece("t", name)
    yield from _attributes(token[len(name) : len(token) - len(tail)])
    if tail:
        yield Piece("t", tail)


def _attributes(text: str) -> Iterator[Piece]:
    for match in _ATTRIBUTE.finditer(text):
        if match.group(1):
            yield Piece("a", match.group(1))
            yield Piece("", match.group(2) + match.group(3)[0])
            yield from _shortened("s", match.group(3)[1:-1])
            yield Piece("", match.group(3)[-1])
        else:
            yield Piece("", match.group())


def _shortened(kind: str, text: str) -> Iterator[Piece]:
    """Base64 and other very long runs as head, count and tail: nobody reads them, and they freeze browsers."""
    limit = LONG_RUN if _BASE64_RUN.fullmatch(text) else 20_000
    if len(text) <= limit:
        yield Piece(kind, text)
        return
    yield Piece(kind, text[:72])
    yield Piece("x", str(len(text) - 96))
    yield Piece(kind, text[-24:])
