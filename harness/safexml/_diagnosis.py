"""What is wrong with bytes that are no XML: the cause by its name, with line, column and byte offset."""

import re

from lxml import etree

from harness.errors import WireError, cut
from harness.safexml._encoding import EBCDIC, Text
from harness.safexml._limits import TOO_DEEP, Excess, XmlLimits
from harness.safexml._scan import Scan

_BLANK = re.compile(rb"[\s\x00]*")
_FORMATS = (
    (re.compile(rb"\x1f\x8b"), "gzip"),
    (re.compile(rb"PK(?:\x03\x04|\x05\x06)"), "ZIP"),
    (re.compile(rb"\s*%PDF-"), "PDF"),
    (re.compile(rb"BZh[1-9]"), "bzip2"),
    (re.compile(rb"\xfd7zXZ\x00"), "xz"),
    (re.compile(rb"\x28\xb5\x2f\xfd"), "Zstandard"),
    (re.compile(rb"7z\xbc\xaf\x27\x1c"), "7-Zip"),
    (re.compile(rb"\x89PNG\r\n"), "PNG"),
    (re.compile(rb"\xff\xd8\xff"), "JPEG"),
    (re.compile(rb"\{\\rtf"), "RTF"),
    (re.compile(rb"(?:\xef\xbb\xbf)?\s*(?:<!--[^>]*-->\s*)*(?:<!doctype\s+html|<html[\s>])", re.I), "HTML"),
    (re.compile(rb"(?:\xef\xbb\xbf)?\s*[\[{]"), "JSON"),
    (re.compile(rb"\s*--[^\r\n]+\r?\n(?:[\w-]+: [^\r\n]*\r?\n)+", re.I), "MIME multipart"),
    (re.compile(rb"HTTP/\d|(?:GET|POST|PUT) \S+ HTTP/"), "HTTP"),
    (re.compile(rb"-----BEGIN "), "PEM"),
    (re.compile(rb"\s*PD94[A-Za-z0-9+/\s]+={0,2}\s*"), "base64"),
)
_XHTML = re.compile(rb"http://www\.w3\.org/1999/xhtml")
# Char of XML 1.0, 2.2, turned round
_NO_CHARACTER = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_CHARACTER_REFERENCE = re.compile(r"xmlParseCharRef: invalid xmlChar value (\d+)")
_INVALID_BYTES = 81
"""libxml2's error code XML_ERR_INVALID_ENCODING; its place is the piece of text in which the bytes are."""
_DEPTH = re.compile(r"Excessive depth in document: (\d+)")
_SECOND_ROOT = 5
"""libxml2's error code XML_ERR_DOCUMENT_END: something stands behind the document element."""


def no_xml(data: bytes) -> WireError | None:
    """The error for bytes that are empty or of another format, recognised by their first bytes; None for what may be XML."""
    if data[:1] == b"<" and data[:2] != b"<h" and data[:2] != b"<H" and data[:3] not in (b"<!d", b"<!D", b"<!-"):
        return None
    if _BLANK.fullmatch(data.removeprefix(b"\xef\xbb\xbf")):
        problem = "no XML: the content is empty" if not data else "no XML: the content is blank"
        return WireError(problem, kind="empty", offset=0, line=1, column=1)
    if data.startswith(EBCDIC):
        return _foreign("encoding", "the encoding cannot be read", "UTF-8", "EBCDIC")
    for pattern, name in _FORMATS:
        if pattern.match(data) and not (name == "HTML" and _XHTML.search(data, 0, 1000)):
            return _foreign("not-xml", "no XML: the content is of another format", "an XML document", name)
    return None


def _foreign(kind: str, problem: str, expected: str, found: str) -> WireError:
    return WireError(problem, kind=kind, expected=expected, found=found, offset=0, line=1, column=1)


def refused(excess: Excess, text: Text) -> WireError:
    """The error for what exceeds a limit."""
    return _at(
        text,
        excess.offset,
        kind=excess.kind,
        problem=excess.problem,
        expected=excess.expected,
        found=excess.found,
    )


def diagnosed(error: etree.XMLSyntaxError, data: bytes, text: Text, limits: XmlLimits) -> WireError:
    """The error for bytes that libxml2 could not read: an excess, else the first wrong byte or character, else its words."""
    line, column = error.position if error.position and error.position[0] else (1, 1)
    if not text.encoding:
        return _undecodable(text)
    scan = Scan(text.utf8, limits)
    if scan.excess is not None:
        return refused(scan.excess, text)
    reached = text.offset(line + 1, 1) or len(text.utf8)  # libxml2's columns are not always exact, its lines are
    wrong = _wrong_byte(data, text) or _wrong_character(text)
    if wrong is not None and (error.code == _INVALID_BYTES or (wrong.offset or 0) <= text.in_bytes(reached)):
        return wrong
    if reference := _CHARACTER_REFERENCE.search(error.msg or ""):
        return _wrong_reference(text, line, column, int(reference.group(1)))
    if scan.truncated and scan.open:
        return _truncated(text, scan)
    if depth := _DEPTH.search(error.msg or ""):
        wanted = f"at most {depth.group(1)} levels"
        return _at(
            text, text.offset(line, column) or 0, kind="too-deep", problem=TOO_DEEP, expected=wanted, found="more"
        )
    if error.code == _SECOND_ROOT:
        return _second_root(text, line, column)
    offset = text.offset(line, column)
    return WireError(
        f"not well-formed XML: {_plain(error.msg)}",
        kind="not-well-formed",
        line=line,
        column=max(column, 1),
        offset=text.in_bytes(offset) if offset is not None else None,
    )


def _undecodable(text: Text) -> WireError:
    wide = text.declared.lower().startswith(("utf-16", "utf16", "utf-32", "utf32", "iso-10646"))
    problem = "the bytes are not in the declared encoding" if wide else "the encoding cannot be read"
    at = text.utf8.find(text.declared.encode())
    return _at(text, max(at, 0), kind="encoding", problem=problem, expected="UTF-8", found=text.declared)


def _wrong_byte(data: bytes, text: Text) -> WireError | None:
    """The first bytes that are no character of the encoding."""
    try:
        data[text.mark :].decode(text.encoding)
    except UnicodeDecodeError as exc:
        start = text.mark + exc.start
        before = data[text.mark : start].decode(text.encoding, "replace").encode("utf-8", "replace")
        found = " ".join(f"{byte:02X}" for byte in data[start : start + 4][: max(exc.end - exc.start, 1)])
        line, column = text.line_and_column(len(before))
        name = text.declared or text.encoding
        return WireError(
            "bytes that are no character of the encoding",
            kind="encoding",
            expected=f"characters in {name.upper()}",
            found=found,
            line=line,
            column=column,
            offset=start,
        )
    return None


def _wrong_character(text: Text) -> WireError | None:
    """The first character that XML does not allow, written as such; as a reference libxml2 names it."""
    match = _NO_CHARACTER.search(text.utf8.decode("utf-8", "replace"))
    if match is None:
        return None
    offset = len(match.string[: match.start()].encode())
    wanted = "characters that XML allows"
    found = f"U+{ord(match.group()):04X}"
    problem = "a character that XML does not allow"
    return _at(text, offset, kind="character", problem=problem, expected=wanted, found=found)


def _wrong_reference(text: Text, line: int, column: int, number: int) -> WireError:
    end = text.offset(line, column) or 0
    start = max(text.utf8.rfind(b"&#", 0, end), 0)  # libxml2 names the place behind the reference
    wanted = "characters that XML allows"
    problem = "a character that XML does not allow"
    return _at(text, start, kind="character", problem=problem, expected=wanted, found=f"&#{number};")


def _truncated(text: Text, scan: Scan) -> WireError:
    name, start = scan.open[-1]
    line, _ = text.line_and_column(start)
    wanted = f"</{cut(name)}> for the element that begins on line {line}"
    problem = "not well-formed XML: the content breaks off"
    end = len(text.utf8)
    return _at(text, end, kind="not-well-formed", problem=problem, expected=wanted, found="the end of the content")


def _second_root(text: Text, line: int, column: int) -> WireError:
    offset = text.offset(line, column) or 0
    found = text.utf8[offset : offset + 40].decode("utf-8", "replace")
    problem = "not well-formed XML: something stands behind the document element"
    return _at(text, offset, kind="not-well-formed", problem=problem, expected="the end of the content", found=found)


def _at(text: Text, offset: int, *, kind: str, problem: str, expected: str, found: str) -> WireError:
    line, column = text.line_and_column(offset)
    where = text.in_bytes(offset)
    return WireError(problem, kind=kind, expected=expected, found=found, line=line, column=column, offset=where)


def _plain(message: str | None) -> str:
    text = (message or "unknown error").strip()
    return text.split(", line ")[0].strip()
