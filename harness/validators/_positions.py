"""Where a node of a document stands in its bytes: line and column of elements and attributes, made only when needed.

lxml gives no column and stops counting lines at 65,535; Saxon gives paths only. So one pass of expat notes where each start
tag begins, and the paths that XPath's `path()` writes are walked down from the root when they are asked for: kept as texts
they would be many times larger than the document. The bytes were accepted by `safexml` before.

Source: XML 1.0 (fifth edition), 2.11 (line ends); XPath functions 3.1, 14.1 (`path`).
"""

import re
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from xml.parsers import expat

from harness.safexml import Text, text_of

EXCERPT_LENGTH = 200
_ATTRIBUTE = re.compile(rb"\s+([^\s=<>/]+)\s*=\s*(?:\"[^\"]*\"|'[^']*')")
_ATTRIBUTE_STEP = re.compile(r"/@(?:Q\{([^}]*)\})?([^/\[\]]+)$")
_NOT_ELEMENT = re.compile(r"/(?:text\(\)|comment\(\)|processing-instruction\([^)]*\))(?:\[\d+\])?$")
_STEP = re.compile(r"/Q\{([^}]*)\}([^/\[\]]+)\[(\d+)\]")
_SEPARATOR = "}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """Line and column from 1, counted in characters; offset in bytes from 0; `excerpt` is the source line, cut, and `caret`
    the index in it of the column."""

    line: int
    column: int
    offset: int
    excerpt: str
    caret: int


class PositionIndex:
    """Places of all start tags of one document, found by path (`/Q{urn:x}a[1]/Q{urn:x}b[2]`)."""

    def __init__(self, data: bytes) -> None:
        self._text = text_of(data)

    @cached_property
    def _tags(self) -> "_Tags":
        return _Tags(self._text.utf8)

    def find(self, path: str) -> Position | None:
        """Where the element or attribute at `path` begins; the parent element for text, the root element for `/`.

        None when the path is not of this document.
        """
        path = _NOT_ELEMENT.sub("", path)
        attribute = _ATTRIBUTE_STEP.search(path)
        if attribute:
            path = path[: attribute.start()]
        offset = self._tags.offset(path)
        if offset is None:
            return None
        if attribute:
            offset = self._attribute(offset, attribute.group(1) or "", attribute.group(2))
        line, column = self._text.line_and_column(offset)
        return _position(self._text, line, column, offset)

    def at(self, line: int, column: int) -> Position | None:
        """The position of a line and a column that a parser reported; None beyond the end."""
        offset = self._text.offset(line, column)
        return None if offset is None else _position(self._text, line, column, offset)

    def _attribute(self, offset: int, namespace: str, local: str) -> int:
        data = self._text.utf8
        name = re.compile(rb"<[^\s/>]+").match(data, offset)
        if name is None:
            return offset
        end = name.end()
        while match := _ATTRIBUTE.match(data, end):
            prefix, _, last = match.group(1).rpartition(b":")
            if last == local.encode() and bool(prefix) == bool(namespace):
                return match.start(1)
            end = match.end()
        return offset


def _position(text: Text, line: int, column: int, offset: int) -> Position:
    whole = text.line(line) or ""
    first = max(0, min(column - 1 - EXCERPT_LENGTH // 4, len(whole) - EXCERPT_LENGTH))
    excerpt = whole[first : first + EXCERPT_LENGTH]
    caret = column - 1 - first
    return Position(line=line, column=column, offset=text.in_bytes(offset), excerpt=excerpt, caret=caret)


class _Tags:
    """Offsets of start tags in document order; `children` lists them by number of the parent and name."""

    def __init__(self, utf8: bytes) -> None:
        self._offsets: list[int] = []
        self._children: dict[tuple[int, str], list[int]] = {}
        offsets, children, open_ = self._offsets, self._children, [-1]
        parser = expat.ParserCreate("utf-8", namespace_separator=_SEPARATOR)
        parser.ordered_attributes = True

        def start(name: str, _: list[str]) -> None:
            number = len(offsets)
            offsets.append(parser.CurrentByteIndex)
            children.setdefault((open_[-1], name), []).append(number)
            open_.append(number)

        def end(_: str) -> None:
            open_.pop()

        parser.StartElementHandler = start
        parser.EndElementHandler = end
        with suppress(expat.ExpatError):  # text that is not well-formed: what was read so far is right
            parser.Parse(utf8, True)

    def offset(self, path: str) -> int | None:
        here, end = -1, 0
        for step in _STEP.finditer(path):
            if step.start() != end:
                return None
            end = step.end()
            name = f"{step[1]}{_SEPARATOR}{step[2]}" if step[1] else step[2]
            same = self._children.get((here, name), [])
            if not 0 < int(step[3]) <= len(same):
                return None
            here = same[int(step[3]) - 1]
        if end != len(path.rstrip("/")):
            return None
        return self._offsets[max(here, 0)] if self._offsets else None
