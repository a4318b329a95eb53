"""Where a node of a document stands in its bytes: line and column of elements and attributes, made only when needed.

lxml gives no column and stops counting lines at 65,535; Saxon gives paths only. So one pass of expat notes the byte offset
of each start tag under the same path that XPath's `path()` writes. The bytes were accepted by `safexml` before.

Source: XML 1.0 (fifth edition), 2.11 (line ends) and 4.3.3 with appendix F (encodings); XPath functions 3.1, 14.1 (`path`).
"""

import codecs
import re
from bisect import bisect_right
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from xml.parsers import expat

EXCERPT_LENGTH = 200
_WINDOW = 256 * 1024
_DECLARED = re.compile(rb"<\?xml[^>]*?encoding\s*=\s*[\"']([A-Za-z][\w.-]*)")
_ATTRIBUTE = re.compile(r"\s+([^\s=<>/]+)\s*=\s*(?:\"[^\"]*\"|'[^']*')")
_ATTRIBUTE_STEP = re.compile(r"/@(?:Q\{([^}]*)\})?([^/\[\]]+)$")
_NOT_ELEMENT = re.compile(r"/(?:text\(\)|comment\(\)|processing-instruction\([^)]*\))(?:\[\d+\])?$")


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
    """Byte offsets of all start tags of one document, by path (`/Q{urn:x}a[1]/Q{urn:x}b[2]`)."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._encoding, self._start = _encoding(data)
        self._offsets = _offsets(data)
        self._lines = _line_starts(data, self._encoding, self._start)

    def find(self, path: str) -> Position | None:
        """Where the element or attribute at `path` begins; the parent element for text, the root element for `/`.

        None when the path is not of this document.
        """
        path = _NOT_ELEMENT.sub("", path)
        attribute = _ATTRIBUTE_STEP.search(path)
        if attribute:
            path = path[: attribute.start()]
        offset = self._offsets.get(path) if path.strip("/") else min(self._offsets.values(), default=None)
        if offset is None:
            return None
        if attribute:
            offset = self._attribute(offset, attribute.group(1) or "", attribute.group(2))
        return self._at(offset)

    def at(self, line: int, column: int) -> Position | None:
        """The position of a line and a column that a parser reported; None beyond the end."""
        if not 1 <= line <= len(self._lines):
            return None
        start = self._lines[line - 1]
        before = self._line_text(line)[: column - 1].encode(self._encoding, "replace")
        return self._position(line, column, start + len(before))

    def _attribute(self, offset: int, namespace: str, local: str) -> int:
        text = self._data[offset : offset + _WINDOW].decode(self._encoding, "ignore")
        position = re.match(r"<[^\s/>]+", text)
        if position is None:
            return offset
        end = position.end()
        while match := _ATTRIBUTE.match(text, end):
            prefix, _, name = match.group(1).rpartition(":")
            if name == local and bool(prefix) == bool(namespace):
                return offset + len(text[: match.start(1)].encode(self._encoding))
            end = match.end()
        return offset

    def _at(self, offset: int) -> Position:
        line = bisect_right(self._lines, offset)
        before = self._data[self._lines[line - 1] : offset].decode(self._encoding, "replace")
        return self._position(line, len(before) + 1, offset)

    def _line_text(self, line: int) -> str:
        start = self._lines[line - 1]
        end = self._lines[line] if line < len(self._lines) else len(self._data)
        return self._data[start:end].decode(self._encoding, "replace").rstrip("\r\n")

    def _position(self, line: int, column: int, offset: int) -> Position:
        text = self._line_text(line)
        first = max(0, min(column - 1 - EXCERPT_LENGTH // 4, len(text) - EXCERPT_LENGTH))
        excerpt = text[first : first + EXCERPT_LENGTH]
        return Position(line=line, column=column, offset=offset, excerpt=excerpt, caret=column - 1 - first)


def _offsets(data: bytes) -> dict[str, int]:
    offsets: dict[str, int] = {}
    parser = expat.ParserCreate(namespace_separator="}")
    path: list[str] = [""]
    counts: list[Counter[str]] = [Counter()]

    def start(name: str, _: dict[str, str]) -> None:
        namespace, __, local = name.rpartition("}")
        step = f"Q{{{namespace}}}{local}"
        counts[-1][step] += 1
        here = f"{path[-1]}/{step}[{counts[-1][step]}]"
        offsets[here] = parser.CurrentByteIndex
        path.append(here)
        counts.append(Counter())

    def end(_: str) -> None:
        path.pop()
        counts.pop()

    parser.StartElementHandler = start
    parser.EndElementHandler = end
    # an encoding that expat lacks (of several bytes, ValueError; of no known name, LookupError), or text that is not
    # well-formed: what was read so far is right
    with suppress(expat.ExpatError, LookupError, ValueError):
        parser.Parse(data, True)
    return offsets


def _encoding(data: bytes) -> tuple[str, int]:
    """Encoding of `data` without byte order mark, and the length of that mark."""
    for mark, name in (
        (codecs.BOM_UTF8, "utf-8"),
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
    ):
        if data.startswith(mark):
            return name, len(mark)
    if data.startswith(b"<\x00"):
        return "utf-16-le", 0
    if data.startswith(b"\x00<"):
        return "utf-16-be", 0
    declared = _DECLARED.match(data)
    name = declared.group(1).decode() if declared else "utf-8"
    try:
        return codecs.lookup(name).name, 0
    except LookupError:
        return "utf-8", 0


def _line_starts(data: bytes, encoding: str, start: int) -> list[int]:
    starts = [start]
    if encoding.startswith("utf-16"):
        offset = start
        for line in re.split(r"(?<=\n)|(?<=\r)(?!\n)", data[start:].decode(encoding, "replace")):
            offset += len(line.encode(encoding))
            starts.append(offset)
        return starts[:-1]
    starts.extend(m.end() for m in re.finditer(rb"\r\n|\n|\r", data))
    return starts
