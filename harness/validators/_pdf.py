"""A small tolerant reader of PDF files: is it one, can its objects be found, is it encrypted, does it claim to be PDF/A.

It follows cross-reference tables and streams to the catalogue and its metadata, and reads nothing else. Bytes in, facts out;
no bytes make it fail, and it inflates at most `MAX_INFLATED` bytes of a file.

Sources: ISO 32000-1, 7.5 (file structure), 7.5.7 (object streams), 7.5.8 (cross-reference streams); ISO 19005-1, 6.7.11
(`pdfaid` of the metadata).
"""

import re
import zlib
from dataclasses import dataclass, field

MAX_INFLATED = 16 * 1024 * 1024
_MAX_SECTIONS = 64
_MAX_ENTRIES = 1_000_000
_MAX_DICTIONARY = 256 * 1024
_TAIL = 2048
_HEADER = re.compile(rb"%PDF-(\d\.\d)")
_START = re.compile(rb"startxref\s+(\d{1,10})")
_OBJECT = re.compile(rb"\s*(\d{1,10})\s+(\d{1,5})\s+obj\b")
_TABLE = re.compile(rb"\s*xref\s+")
_SUBSECTION = re.compile(rb"\s*(\d{1,10})\s+(\d{1,10})[ \t]*[\r\n]+")
_ENTRY = re.compile(rb"\s*(\d{10})\s(\d{5})\s([nf])")
_TRAILER = re.compile(rb"\s*trailer\s*")
_BRACKET = re.compile(rb"<<|>>|\((?:\\.|[^\\)])*\)", re.DOTALL)
_STREAM = re.compile(rb"\s*stream\r?\n")
_PART = re.compile(rb"pdfaid:part\s*(?:=\s*[\"']|>)\s*(\d)")
_CONFORMANCE = re.compile(rb"pdfaid:conformance\s*(?:=\s*[\"']|>)\s*([A-Za-z])")


@dataclass(frozen=True, slots=True, kw_only=True)
class PdfFacts:
    """What a file shows of itself.

    `version` is None when no header is found; `header_at` is the offset of the header (0 as it ought to be). `references`:
    the cross-reference table could be read; `catalogue`: the root object was found by it. `claim` is `1B`, `2U`, ..., empty
    without a claim, None when the metadata could not be reached.
    """

    version: str | None
    header_at: int
    ended: bool
    references: bool
    catalogue: bool
    encrypted: bool
    claim: str | None


def read_pdf(data: bytes) -> PdfFacts:
    """The facts of `data`, whatever it is."""
    header = _HEADER.search(data[:1024])
    file = _File(data=data, base=header.start() if header else 0)
    file.read()
    catalogue = file.object(file.root)
    return PdfFacts(
        version=header.group(1).decode() if header else None,
        header_at=header.start() if header else -1,
        ended=b"%%EOF" in data[-_TAIL:],
        references=file.readable,
        catalogue=catalogue is not None and b"/Catalog" in catalogue,
        encrypted=file.encrypted,
        claim=None if catalogue is None or file.encrypted else file.claim(catalogue),
    )


@dataclass(slots=True)
class _File:
    data: bytes
    base: int
    readable: bool = False
    encrypted: bool = False
    root: int = -1
    left: int = MAX_INFLATED
    entries: int = 0
    offsets: dict[int, int] = field(default_factory=dict)
    packed: dict[int, int] = field(default_factory=dict)  # object -> object stream that holds it

    def read(self) -> None:
        """Follows the sections of the cross-reference table from the newest to the oldest."""
        starts = _START.findall(self.data[-_TAIL:])
        waiting = [int(starts[-1])] if starts else []
        seen: set[int] = set()
        while waiting and len(seen) < _MAX_SECTIONS:
            offset = waiting.pop(0)
            if offset in seen:
                continue
            seen.add(offset)
            trailer = self._section(self.base + offset)
            if trailer is None:
                self.readable = False
                return
            self.readable = True
            self.encrypted |= b"/Encrypt" in trailer
            if self.root < 0:
                self.root = _number(trailer, b"Root")
            waiting += [n for key in (b"XRefStm", b"Prev") if (n := _number(trailer, key)) >= 0]

    def _section(self, at: int) -> bytes | None:
        """Notes the entries of the table or stream at `at`; its trailer dictionary, None when it cannot be read."""
        table = _TABLE.match(self.data, at)
        if table is None:
            return self._section_stream(at)
        position = table.end()
        while (head := _SUBSECTION.match(self.data, position)) is not None:
            first, count = int(head.group(1)), int(head.group(2))
            position = head.end()
            for number in range(first, first + count):
                entry = _ENTRY.match(self.data, position)
                self.entries += 1
                if entry is None or self.entries > _MAX_ENTRIES:
                    return None
                position = entry.end()
                if entry.group(3) == b"n":
                    self._note(number, int(entry.group(1)))
        trailer = _TRAILER.match(self.data, position)
        return None if trailer is None else _dictionary(self.data, trailer.end())

    def _note(self, number: int, offset: int) -> None:
        if number not in self.packed:
            self.offsets.setdefault(number, offset)

    def _section_stream(self, at: int) -> bytes | None:
        head = _OBJECT.match(self.data, at)
        trailer = None if head is None else _dictionary(self.data, head.end())
        if head is None or trailer is None or b"/XRef" not in trailer:
            return None
        rows = self._stream(trailer, head.end())
        widths = _numbers(trailer, b"W")
        if rows is None or len(widths) != 3 or not 0 < sum(widths) <= 64:
            return None
        index = _numbers(trailer, b"Index") or [0, _number(trailer, b"Size")]
        numbers = (
            n for first, count in zip(index[::2], index[1::2], strict=False) for n in range(first, first + count)
        )
        for number, start in zip(numbers, range(0, len(rows) - sum(widths) + 1, sum(widths)), strict=False):
            self._note_row(number, rows[start : start + sum(widths)], widths)
        return trailer

    def _note_row(self, number: int, row: bytes, widths: list[int]) -> None:
        kind = int.from_bytes(row[: widths[0]]) if widths[0] else 1
        value = int.from_bytes(row[widths[0] : widths[0] + widths[1]])
        if kind == 1:
            self._note(number, value)
        elif kind == 2 and number not in self.offsets:
            self.packed.setdefault(number, value)

    def object(self, number: int) -> bytes | None:
        """The dictionary of object `number`, None when it is not found."""
        if number in self.offsets:
            head = _OBJECT.match(self.data, self.base + self.offsets[number])
            if head is None or int(head.group(1)) != number:
                return None
            return _dictionary(self.data, head.end())
        return self._unpacked(number, self.packed[number]) if number in self.packed else None

    def _unpacked(self, number: int, holder: int) -> bytes | None:
        content = self.stream(holder)
        dictionary = self.object(holder) if holder in self.offsets else None
        if content is None or dictionary is None:
            return None
        first = _number(dictionary, b"First")
        pairs = [int(n) for n in re.findall(rb"\d{1,10}", content[: max(first, 0)])]
        places = dict(zip(pairs[::2], pairs[1::2], strict=False))
        return _dictionary(content, first + places[number]) if number in places else None

    def stream(self, number: int) -> bytes | None:
        """The content of stream object `number`, inflated; None when it cannot be read."""
        dictionary = self.object(number) if number in self.offsets else None
        if dictionary is None:
            return None
        head = _OBJECT.match(self.data, self.base + self.offsets[number])
        return None if head is None else self._stream(dictionary, head.end())

    def _stream(self, dictionary: bytes, at: int) -> bytes | None:
        mark = _STREAM.match(self.data, self.data.find(dictionary, at) + len(dictionary))
        if mark is None:
            return None
        end = self.data.find(b"endstream", mark.end())
        raw = self.data[mark.end() : end if end >= 0 else len(self.data)]
        if b"/Filter" not in dictionary:
            return raw.rstrip(b"\r\n")
        return self._inflated(raw, dictionary) if b"/FlateDecode" in dictionary else None

    def _inflated(self, raw: bytes, dictionary: bytes) -> bytes | None:
        if self.left <= 0:
            return None
        try:
            content = zlib.decompressobj().decompress(raw, self.left)
        except zlib.error:
            return None
        self.left -= len(content)
        if _number(dictionary, b"Predictor") < 10:
            return content
        return _unpredicted(content, max(_number(dictionary, b"Columns"), 1))

    def claim(self, catalogue: bytes) -> str | None:
        """The claim to be PDF/A in the metadata that `catalogue` names; empty without one, None when unreadable."""
        number = _number(catalogue, b"Metadata")
        if number < 0:
            return ""
        content = self.stream(number)
        if content is None:
            return None
        part, conformance = _PART.search(content), _CONFORMANCE.search(content)
        if part is None:
            return ""
        return (part.group(1) + (conformance.group(1).upper() if conformance else b"")).decode()


def _dictionary(data: bytes, at: int) -> bytes | None:
    """The dictionary that begins at or shortly after `at`, brackets included."""
    window = data[at : at + _MAX_DICTIONARY]
    begin = window.find(b"<<")
    if begin < 0 or window[:begin].strip():
        return None
    depth = 0
    for bracket in _BRACKET.finditer(window, begin):
        depth += {b"<<": 1, b">>": -1}.get(bracket.group(), 0)
        if depth == 0:
            return window[begin : bracket.end()]
    return None


def _number(dictionary: bytes, key: bytes) -> int:
    """The number, or the number of the referenced object, under `key`; -1 without one."""
    found = re.search(rb"/" + key + rb"\s+(\d{1,10})\b", dictionary)
    return int(found.group(1)) if found else -1


def _numbers(dictionary: bytes, key: bytes) -> list[int]:
    found = re.search(rb"/" + key + rb"\s*\[([\d\s]{0,10000})\]", dictionary)
    return [int(n) for n in re.findall(rb"\d{1,10}", found.group(1))] if found else []


def _unpredicted(content: bytes, columns: int) -> bytes | None:
    """`content` with the PNG prediction undone; None for the kinds no writer of such tables uses. Source: RFC 2083, 6."""
    rows, above = bytearray(), bytes(columns)
    for start in range(0, len(content) - columns, columns + 1):
        kind, row = content[start], bytearray(content[start + 1 : start + 1 + columns])
        if kind == 1:
            for i in range(1, len(row)):
                row[i] = (row[i] + row[i - 1]) & 0xFF
        elif kind == 2:
            row = bytearray((a + b) & 0xFF for a, b in zip(row, above, strict=False))
        elif kind != 0:
            return None
        rows += row
        above = bytes(row)
    return bytes(rows)
