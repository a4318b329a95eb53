"""MTOM packages: multipart/related with an XOP root, read and built byte for byte, and the binary content of elements."""

import base64
import binascii
import quopri
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import unquote

from lxml import etree

from harness.errors import WireError
from harness.wire import http, ns
from harness.wire.http import ContentType

MULTIPART = "multipart/related"
XOP = "application/xop+xml"
SOAP = "application/soap+xml"
ROOT_ID = "root@harness.invalid"
MAX_PARTS = 10_000

_ROOT_TYPES = (XOP, SOAP, "text/xml", "application/xml")
_BOUNDARY = re.compile(r"[0-9A-Za-z'()+_,./:=? -]{0,199}[0-9A-Za-z'()+_,./:=?-]")
_INCLUDE = ns.clark(ns.XOP, "Include")


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One body part.

    `content_id` is without angle brackets, empty when the part has none; `content` is decoded from its transfer encoding
    (binary: exactly the bytes between header and delimiter); `offset` is where the part starts in the body.
    """

    content_id: str
    content_type: str
    content: bytes
    headers: tuple[tuple[str, str], ...] = ()
    offset: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class BinaryContent:
    """The bytes an element stands for. `form` is `inline` (base64 text) or `xop` (an xop:Include of `part`)."""

    content: bytes
    form: str
    part: Part | None = None


def parse_multipart(content_type: ContentType | str, body: bytes) -> tuple[Part, tuple[Part, ...]]:
    """The root part and the other parts, in order, of a multipart/related body.

    Preamble and epilogue are ignored. Line ends are CRLF, or LF when the first delimiter line ends so. The root part is
    the one `start` names, else the first. `type` must be there and agree with the root part; `start-info` may be left
    out but, if given, must agree with the `type` parameter of the root part.

    Raises:
        WireError: kind `multipart`, with the offset: boundary missing, unusable or not found; no closing delimiter; a
            part without header, with an unknown transfer encoding or a Content-ID given twice; no root part; or kind
            `content-type`, when that is not multipart/related at all or cannot be read.

    Source: RFC 2046, 5.1; RFC 2387, 3; XOP 1.0, 4.1.
    """
    kind = http.content_type(content_type) if isinstance(content_type, str) else content_type
    if kind.media_type != MULTIPART:
        raise WireError("not a package", kind="content-type", expected=MULTIPART, found=kind.media_type, offset=0)
    boundary = kind.parameter("boundary")
    if not boundary or not _BOUNDARY.fullmatch(boundary):
        raise _error("the boundary parameter is missing or unusable", 0, found=boundary)
    stated = (kind.parameter("type") or "").lower()
    if stated not in _ROOT_TYPES:
        raise _error("the type parameter is wrong", 0, expected=" or ".join(_ROOT_TYPES[:2]), found=stated)
    parts = _parts(body, boundary.encode())
    seen: set[str] = set()
    for part in parts:
        if part.content_id and part.content_id in seen:
            raise _error("two parts have one Content-ID", part.offset, found=part.content_id)
        seen.add(part.content_id)
    root = _root(kind, parts)
    _check_root(kind, root, stated)
    return root, tuple(part for part in parts if part is not root)


def build_multipart(
    root_xml: bytes, attachments: Sequence[Part], boundary: str, *, soap_type: str = SOAP
) -> tuple[str, bytes]:
    """The Content-Type value and the body of an MTOM package: `root_xml`, then the attachments as binary.

    `soap_type` is the media type of the envelope, that of SOAP 1.2 unless told otherwise.

    Raises:
        ValueError: `boundary` is not a legal one or occurs in the content, or an attachment has no Content-ID.

    Source: XOP 1.0, 4.1; SOAP MTOM 1.0, 3.2.
    """
    delimiter = b"--" + boundary.encode()
    if not _BOUNDARY.fullmatch(boundary) or len(boundary) > 70:
        raise ValueError("a boundary has 1 to 70 characters of RFC 2046")
    if any(delimiter in content for content in (root_xml, *(a.content for a in attachments))):
        raise ValueError("the boundary occurs in the content")
    if any(not attachment.content_id for attachment in attachments):
        raise ValueError("an attachment needs a Content-ID")
    root = Part(content_id=ROOT_ID, content_type=f'{XOP}; charset=UTF-8; type="{soap_type}"', content=root_xml)
    chunks = []
    for part in (root, *attachments):
        head = (
            f"\r\nContent-Type: {part.content_type}\r\nContent-Transfer-Encoding: binary\r\n"
            f"Content-ID: <{part.content_id}>\r\n\r\n"
        )
        chunks += [delimiter, head.encode(), part.content, b"\r\n"]
    # one line, no folding
    value = f'{MULTIPART}; type="{XOP}"; start="<{ROOT_ID}>"; start-info="{soap_type}"; boundary="{boundary}"'
    return value, b"".join((*chunks, delimiter, b"--\r\n"))


def resolve_xop(element: etree._Element, parts: Mapping[str, Part]) -> BinaryContent:
    """The bytes `element` holds, whether base64 text or a reference to one of `parts` (by Content-ID).

    Raises:
        WireError: kind `xop` (the reference is no cid URL, or names no part) or `bad-value` (the text is not base64, or
            other elements stand there); with the XPath.

    Source: XOP 1.0, 3.2; RFC 2392 (cid URLs, percent-encoded).
    """
    children = list(element.iterchildren("*"))
    if not children:
        text = "".join([element.text or "", *(child.tail or "" for child in element)])
        return BinaryContent(content=_base64(text, element), form="inline")
    if len(children) > 1 or children[0].tag != _INCLUDE:
        found = ns.qname(str(children[0].tag))
        raise WireError(
            "neither base64 text nor one xop:Include", kind="bad-value", xpath=ns.xpath_of(element), found=found
        )
    href = children[0].get("href") or ""
    if not href.lower().startswith("cid:"):
        raise WireError(
            "href is no cid URL", kind="xop", xpath=ns.xpath_of(children[0]), expected="cid:<content id>", found=href
        )
    part = parts.get(unquote(href[4:])) or parts.get(href[4:])
    if part is None:
        raise WireError(
            "no part of the package has this Content-ID", kind="xop", xpath=ns.xpath_of(children[0]), found=href[4:]
        )
    return BinaryContent(content=part.content, form="xop", part=part)


def put_content(
    holder: etree._Element, content: bytes, form: str, content_id: str, media_type: str = "text/xml"
) -> Part | None:
    """Makes `holder` stand for `content`: base64 inside it (`inline`), or a reference to the part returned (`xop`).

    Source: XOP 1.0, 3.1.
    """
    if form == "inline":
        holder.text = base64.b64encode(content).decode("ascii")
        return None
    include = etree.SubElement(holder, _INCLUDE, nsmap={"xop": ns.XOP})
    include.set("href", "cid:" + content_id)
    return Part(content_id=content_id, content_type=media_type, content=content)


def _parts(body: bytes, boundary: bytes) -> list[Part]:
    delimiter = b"--" + boundary
    start, first_end, last, newline = _first_delimiter(body, delimiter)
    parts: list[Part] = []
    position = first_end
    while not last:
        if len(parts) >= MAX_PARTS:
            raise _error(f"more than {MAX_PARTS} parts", position)
        start, end, last = _next_delimiter(body, delimiter, position, newline)
        parts.append(_part(body[position:start], position, newline))
        position = end
    if not parts:
        raise _error("the package has no part", start)
    return parts


def _first_delimiter(body: bytes, delimiter: bytes) -> tuple[int, int, bool, bytes]:
    at = body.find(delimiter)
    while at >= 0:
        line = _delimiter_line(body, at + len(delimiter))
        if line is not None and (at == 0 or body[at - 1 : at] == b"\n"):
            end, last = line
            return (
                at,
                end,
                last,
                b"\n" if body[end - 1 : end] == b"\n" and body[end - 2 : end - 1] != b"\r" else b"\r\n",
            )
        at = body.find(delimiter, at + 1)
    raise _error("the boundary does not occur in the body", 0)


def _next_delimiter(body: bytes, delimiter: bytes, position: int, newline: bytes) -> tuple[int, int, bool]:
    """Where the content before the next delimiter ends, where the delimiter line ends, and whether it closes."""
    at = body.find(delimiter, position)
    while at >= 0:
        before = at - len(newline)
        line = _delimiter_line(body, at + len(delimiter))
        if line is not None and at == position:
            return at, *line
        if line is not None and before >= position and body[before:at] == newline:
            return before, *line
        at = body.find(delimiter, at + 1)
    raise _error("the closing delimiter is missing", len(body))


def _delimiter_line(body: bytes, at: int) -> tuple[int, bool] | None:
    """The end of a delimiter line whose boundary ended at `at` and whether it closes; None when it is no delimiter."""
    last = body[at : at + 2] == b"--"
    at += 2 if last else 0
    while body[at : at + 1] in (b" ", b"\t"):
        at += 1
    if body[at : at + 2] == b"\r\n":
        return at + 2, last
    if body[at : at + 1] == b"\n":
        return at + 1, last
    return (at, last) if last and at >= len(body) else None


def _part(raw: bytes, offset: int, newline: bytes) -> Part:
    if raw.startswith(newline):
        head, content = b"", raw[len(newline) :]
    else:
        head, found, content = raw.partition(newline * 2)
        if not found:
            raise _error("a part has no empty line after its header", offset)
    try:
        fields = http.parse_fields(head.decode("latin-1").split("\n"), offset=offset) if head else ()
    except WireError as exc:
        raise _error("a part has an unreadable header", exc.offset or offset) from exc
    named = {name.lower(): value for name, value in reversed(fields)}
    identifier = named.get("content-id", "").strip()
    if identifier.startswith("<") and identifier.endswith(">"):
        identifier = identifier[1:-1]
    return Part(
        content_id=identifier,
        content_type=named.get("content-type", ""),
        content=_decoded(content, named.get("content-transfer-encoding", "binary").lower(), offset),
        headers=fields,
        offset=offset,
    )


def _decoded(content: bytes, encoding: str, offset: int) -> bytes:
    if encoding in ("binary", "8bit", "7bit"):
        return content
    if encoding == "quoted-printable":
        return quopri.decodestring(content)
    if encoding == "base64":
        try:
            return base64.b64decode(re.sub(rb"\s", b"", content), validate=True)
        except binascii.Error as exc:
            raise _error("a part says base64 and is not", offset) from exc
    raise _error("a part has an unknown transfer encoding", offset, expected="binary, 8bit, 7bit", found=encoding)


def _root(kind: ContentType, parts: list[Part]) -> Part:
    start = kind.parameter("start")
    if start is None:
        return parts[0]
    wanted = start.strip().removeprefix("<").removesuffix(">")
    root = next((part for part in parts if part.content_id == wanted), None)
    if root is None:
        raise _error("no part has the Content-ID that the start parameter names", 0, found=start)
    return root


def _check_root(kind: ContentType, root: Part, stated: str) -> None:
    try:
        own = http.content_type(root.content_type)
    except WireError as exc:
        raise _error("the root part has no readable content type", root.offset, found=root.content_type) from exc
    if own.media_type != stated:
        raise _error("type parameter and root part disagree", root.offset, expected=stated, found=own.media_type)
    info, inner = kind.parameter("start-info"), own.parameter("type")
    if stated == XOP and info and inner and _media_type(info) != _media_type(inner):
        raise _error("start-info and the root part's type disagree", root.offset, expected=info, found=inner)


def _media_type(value: str) -> str:
    return value.partition(";")[0].strip().lower()


def _base64(text: str, element: etree._Element) -> bytes:
    try:
        return base64.b64decode(re.sub(r"[ \t\r\n]", "", text), validate=True)
    except (binascii.Error, ValueError) as exc:
        raise WireError("content is not base64", kind="bad-value", xpath=ns.xpath_of(element)) from exc


def _error(problem: str, offset: int, *, expected: str | None = None, found: str | None = None) -> WireError:
    return WireError(problem, kind="multipart", offset=offset, expected=expected, found=found)
