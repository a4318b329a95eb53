"""The characters of a document: which encoding its bytes are in, and where in the bytes a character stands.

Source: XML 1.0 (fifth edition), 2.11 (line ends) and 4.3.3 with appendix F (detection of encodings).
"""

import codecs
import re
from bisect import bisect_right
from functools import cached_property

_DECLARED = re.compile(rb"<\?xml\s[^>]{0,200}?encoding\s*=\s*[\"']([A-Za-z][\w.-]*)")
_LINE_END = re.compile(rb"\r\n|\n|\r")
# the four-byte marks first: that of UTF-32 begins with that of UTF-16
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_UNMARKED = (
    (b"<\x00\x00\x00", "utf-32-le"),
    (b"\x00\x00\x00<", "utf-32-be"),
    (b"<\x00", "utf-16-le"),
    (b"\x00<", "utf-16-be"),
)
EBCDIC = b"\x4c\x6f\xa7\x94"
"""The first characters of an XML declaration in any EBCDIC."""


class Text:
    """The text of a document in UTF-8 without byte order mark, and the way back to its bytes.

    `declared` is the encoding of the XML declaration as written; `encoding` the one the bytes are in, empty when nobody
    knows the declared one. Lines and columns count from 1, columns in characters; offsets count bytes from 0.
    """

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.encoding, self.mark, self.declared = _detected(data)

    @cached_property
    def utf8(self) -> bytes:
        """The text in UTF-8; what is no character of the encoding is U+FFFD, or as it is where the bytes are UTF-8."""
        if self._direct:
            return self._data[self.mark :] if self.mark else self._data
        return self._data[self.mark :].decode(self.encoding, "replace").encode("utf-8", "replace")

    @property
    def _direct(self) -> bool:
        return self.encoding in ("", "utf-8", "ascii")

    @cached_property
    def _lines(self) -> list[int]:
        return [0, *(m.end() for m in _LINE_END.finditer(self.utf8))]

    def line_and_column(self, offset: int) -> tuple[int, int]:
        """Of the place at `offset` in `utf8`."""
        line = bisect_right(self._lines, offset)
        return line, len(self.utf8[self._lines[line - 1] : offset].decode("utf-8", "replace")) + 1

    def line(self, number: int) -> str | None:
        """The line without its end, None beyond the last."""
        if not 1 <= number <= len(self._lines):
            return None
        end = self._lines[number] if number < len(self._lines) else len(self.utf8)
        return self.utf8[self._lines[number - 1] : end].decode("utf-8", "replace").rstrip("\r\n")

    def offset(self, line: int, column: int) -> int | None:
        """The offset in `utf8` of a line and column, None beyond the end."""
        text = self.line(line)
        return None if text is None else self._lines[line - 1] + len(text[: column - 1].encode("utf-8", "replace"))

    def in_bytes(self, offset: int) -> int:
        """Where in the bytes as received the place at `offset` in `utf8` stands."""
        if self._direct:
            return offset + self.mark
        before = self.utf8[:offset].decode("utf-8", "replace")
        return self.mark + len(before.encode(self.encoding, "replace"))


def text_of(data: bytes) -> Text:
    """The text of `data`, whatever its encoding; nothing is decoded before it is asked for."""
    return Text(data)


def _detected(data: bytes) -> tuple[str, int, str]:
    declared = _DECLARED.match(data)
    name = declared.group(1).decode() if declared else ""
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return encoding, len(mark), name
    for start, encoding in _UNMARKED:
        if data.startswith(start):
            return encoding, 0, name
    if data.startswith(EBCDIC):
        return "", 0, "EBCDIC"
    try:
        found = codecs.lookup(name or "utf-8")
    except LookupError:
        return "", 0, name
    # base64 and the like are codecs, too; a declaration that could be read bears witness against wide characters
    known = found._is_text_encoding and not found.name.startswith(("utf-16", "utf-32"))
    return found.name if known else "", 0, name
