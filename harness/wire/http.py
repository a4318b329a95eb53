"""The head of an HTTP/1.1 message, its Content-Type field and its content coding, read from bytes; no sockets."""

import re
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from harness.errors import WireError

MAX_HEAD_BYTES = 64 * 1024

_TOKEN = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_MEDIA_TYPE = re.compile(rf"\s*({_TOKEN}/{_TOKEN})\s*")
_PARAMETER = re.compile(rf';\s*(?:({_TOKEN})\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^";]*?)))?\s*(?=;|$)', re.DOTALL)
_REQUEST_LINE = re.compile(rf"{_TOKEN} \S+ HTTP/\d\.\d")
_STATUS_LINE = re.compile(r"HTTP/\d\.\d \d{3}(?: .*)?")
_FIELD_NAME = re.compile(_TOKEN)


@dataclass(frozen=True, slots=True, kw_only=True)
class ContentType:
    """A media type (lower case) with its parameters (names lower case, values as written, quotes removed)."""

    media_type: str
    parameters: Mapping[str, str] = field(default_factory=dict)

    def parameter(self, name: str) -> str | None:
        """The value of parameter `name` (any case), or None."""
        return self.parameters.get(name.lower())


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpHead:
    """Start line and header fields; `length` counts the bytes up to and including the empty line."""

    start_line: str
    headers: tuple[tuple[str, str], ...]
    length: int

    def header(self, name: str) -> str | None:
        """The first value of field `name` (any case), or None."""
        wanted = name.lower()
        return next((value for key, value in self.headers if key.lower() == wanted), None)


def content_type(value: str) -> ContentType:
    """The parsed value of a Content-Type field, quoted or unquoted parameters alike.

    An unquoted value may hold characters that the grammar wants quoted (`type=application/xop+xml`): that is common
    and unambiguous. The first of two parameters with one name counts.

    Raises:
        WireError: kind `content-type`, with the offset where reading stopped.

    Source: RFC 9110, 8.3.1 and 5.6.6.
    """
    found = _MEDIA_TYPE.match(value)
    if found is None:
        raise WireError(
            "not a media type", kind="content-type", expected="type/subtype with parameters", found=value, offset=0
        )
    parameters: dict[str, str] = {}
    at = found.end()
    while at < len(value):
        part = _PARAMETER.match(value, at)
        if part is None:
            raise WireError(
                "content type has an unreadable parameter",
                kind="content-type",
                expected=";name=value",
                found=value[at:],
                offset=at,
            )
        name, quoted, plain = part.groups()
        if name:
            text = re.sub(r"\\(.)", r"\1", quoted, flags=re.DOTALL) if quoted is not None else plain.strip()
            parameters.setdefault(name.lower(), text)
        at = part.end()
    return ContentType(media_type=found[1].lower(), parameters=MappingProxyType(parameters))


def parse_head(raw: bytes) -> HttpHead:
    """The head at the start of `raw`; lines may end in CRLF or LF, obsolete folding is undone.

    Raises:
        WireError: kind `not-http`, when there is no start line of HTTP/1.x, no empty line within 64 KiB, or a line that
            is not a field; with the offset.

    Source: RFC 9112, 2.1 and 5.
    """
    end = re.search(rb"\r?\n\r?\n", raw[: MAX_HEAD_BYTES + 4])
    if end is None:
        raise WireError("no HTTP head: the empty line after the header fields is missing", kind="not-http", offset=0)
    lines = raw[: end.start()].decode("latin-1").split("\n")
    start_line = lines[0].removesuffix("\r")
    if not (_REQUEST_LINE.fullmatch(start_line) or _STATUS_LINE.fullmatch(start_line)):
        raise WireError(
            "not an HTTP start line",
            kind="not-http",
            expected="a request or status line of HTTP/1.x",
            found=start_line,
            offset=0,
        )
    return HttpHead(start_line=start_line, headers=parse_fields(lines[1:], offset=len(lines[0]) + 1), length=end.end())


def parse_fields(lines: list[str], *, offset: int = 0) -> tuple[tuple[str, str], ...]:
    """Header fields in their order, names as spelled, values stripped; `offset` is that of the first line.

    Raises:
        WireError: kind `not-http`, for a line without a field name.

    Source: RFC 9112, 5; RFC 5322, 2.2.3 (folding).
    """
    fields: list[tuple[str, str]] = []
    at = offset
    for line in lines:
        text = line.removesuffix("\r")
        if text[:1] in (" ", "\t") and fields:
            name, value = fields[-1]
            fields[-1] = (name, f"{value} {text.strip()}".strip())
        else:
            name, colon, value = text.partition(":")
            if not colon or not _FIELD_NAME.fullmatch(name):
                raise WireError("not a header field", kind="not-http", expected="name: value", offset=at)
            fields.append((name, value.strip(" \t")))
        at += len(line) + 1
    return tuple(fields)


_GZIP, _ZLIB = 16 + zlib.MAX_WBITS, zlib.MAX_WBITS
_MAX_MEMBERS = 64  # each is copied to be read, so that many small ones would take quadratic time
_CODINGS = {"gzip": _GZIP, "x-gzip": _GZIP, "deflate": _ZLIB}


def without_coding(content: bytes, coding: str | None, *, max_bytes: int) -> bytes:
    """`content` with the codings of a Content-Encoding field undone, the last one first.

    Raises:
        WireError: kind `content-coding-unknown`, for one other than gzip, deflate and identity; kind `content-coding`, when
            the bytes are not what the field says; kind `too-large`, when more than `max_bytes` come out of them.

    Source: RFC 9110, 8.4 (codings), 12.5.3 (a request without Accept-Encoding accepts any); RFC 1950, RFC 1952.
    """
    for name in reversed([c.strip().lower() for c in (coding or "").split(",") if c.strip()]):
        if name == "identity":
            continue
        if name not in _CODINGS:
            raise WireError(
                "a content coding that cannot be undone",
                kind="content-coding-unknown",
                expected="gzip, deflate or identity",
                found=name,
            )
        content = _inflated(content, name, max_bytes)
    return content


def _inflated(content: bytes, coding: str, max_bytes: int) -> bytes:
    out = bytearray()
    for _ in range(_MAX_MEMBERS):  # a gzip body may be several members one after the other (RFC 1952, 2.2)
        member = zlib.decompressobj(_CODINGS[coding])
        try:
            out += member.decompress(content, max_bytes - len(out) + 1)
        except zlib.error as exc:
            raise WireError(f"the content is not {coding}", kind="content-coding", expected=coding) from exc
        if len(out) > max_bytes:
            raise WireError(
                "too much comes out of a coded body", kind="too-large", expected=f"at most {max_bytes} bytes"
            )
        if not member.eof:
            raise WireError(f"the content ends within its {coding}", kind="content-coding", expected=coding)
        content = member.unused_data
        if not content or coding == "deflate":
            return bytes(out)
    raise WireError("too many members in a coded body", kind="too-large", expected=f"at most {_MAX_MEMBERS} members")
