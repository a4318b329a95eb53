"""What a recorded HTTP message holds, for display: its parts, its SOAP part, its documents.

Tolerant on purpose, and separate from the readers that judge: whatever the bytes are, the answer is a value.
"""

import base64
import binascii
import hashlib
import re
from dataclasses import dataclass

from lxml import etree

from harness import safexml
from harness.errors import WireError
from harness.model import HttpRecord
from harness.wire.ns import HL7, PREFIXES, RIM, RS, SOAP, SOAP11, XDSB, XOP

SOAP_VERSIONS = (SOAP, SOAP11)
MAX_PARTS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One MIME part of a message (the only one when it is not multipart)."""

    content_id: str
    content_type: str
    content: bytes
    root: bool

    @property
    def sha256(self) -> str:
        return sha256(self.content)


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A document carried by an ITI-39 response. `index` counts from 0, as locations name it."""

    index: int
    unique_id: str
    mime_type: str
    content: bytes

    @property
    def sha256(self) -> str:
        return sha256(self.content)


def parts(record: HttpRecord) -> tuple[Part, ...]:
    """The parts of `record`, the SOAP part (`start`, else the first) marked. Source: RFC 2387, 3.2; RFC 2046, 5.1."""
    kind = record.header("Content-Type") or ""
    boundary = _parameter(kind, "boundary")
    whole = Part(content_id="", content_type=kind, content=record.body, root=True)
    if not kind.strip().lower().startswith("multipart/") or not boundary:
        return (whole,)
    found = [_part(chunk) for chunk in _between(record.body, boundary.encode("utf-8", "replace"))]
    if not found:
        return (whole,)
    start = _plain_id(_parameter(kind, "start"))
    root = next((i for i, (cid, _, _) in enumerate(found) if start and cid == start), 0)
    return tuple(
        Part(content_id=cid, content_type=ctype, content=content, root=i == root)
        for i, (cid, ctype, content) in enumerate(found)
    )


def parsed(data: bytes) -> etree._Element | None:
    """The document element of `data`, None when it is not acceptable XML."""
    try:
        return safexml.parse(data)
    except WireError:
        return None


def documents(message: tuple[Part, ...]) -> tuple[Document, ...]:
    """The documents of an ITI-39 response, in order; those whose bytes cannot be had are empty.

    Source: IHE ITI TF-2, 3.43.5; XOP 1.0, 3.2.
    """
    root = parsed(root_part(message).content)
    if root is None:
        return ()
    by_id = {p.content_id: p.content for p in message if p.content_id}
    found = []
    for index, response in enumerate(root.iter(f"{{{XDSB}}}DocumentResponse")):
        holder = response.find(f"{{{XDSB}}}Document")
        content = b"" if holder is None else _content(holder, by_id)
        found.append(
            Document(
                index=index,
                unique_id=_text(response.find(f"{{{XDSB}}}DocumentUniqueId")),
                mime_type=_text(response.find(f"{{{XDSB}}}mimeType")),
                content=content,
            )
        )
    return tuple(found)


def gist(root: etree._Element | None) -> str:
    """One line in the protocol's own words on what a message says: acknowledgement, status, fault, counts."""
    payload = _payload(root)
    if payload is None:
        return ""
    name = etree.QName(payload)
    if name.namespace in SOAP_VERSIONS and name.localname == "Fault":
        return _fault(payload)
    if name.namespace == HL7:
        acknowledged = payload.find(f".//{{{HL7}}}acknowledgement/{{{HL7}}}typeCode")
        answered = payload.find(f".//{{{HL7}}}queryAck/{{{HL7}}}queryResponseCode")
        codes = [e.get("code", "") for e in (acknowledged, answered) if e is not None]
        return " ".join([name.localname, " / ".join(codes)]).strip()
    status = payload if payload.get("status") else payload.find(f".//{{{RS}}}RegistryResponse")
    if status is None or not status.get("status"):
        return name.localname
    entries = sum(1 for _ in payload.iter(f"{{{RIM}}}ExtrinsicObject"))
    carried = sum(1 for _ in payload.iter(f"{{{XDSB}}}DocumentResponse"))
    tail = f", {entries} ExtrinsicObject" if entries else f", {carried} DocumentResponse" if carried else ""
    return f"{status.get('status', '').rpartition(':')[2]}{tail}"


def _fault(fault: etree._Element) -> str:
    values = [_text(e) for e in fault.iter(f"{{{SOAP}}}Value", "faultcode")]
    return " ".join(["SOAP fault", *(v for v in values[:2] if v)])


def _payload(root: etree._Element | None) -> etree._Element | None:
    if root is None:
        return None
    for space in SOAP_VERSIONS:
        if root.tag == f"{{{space}}}Envelope":
            body = root.find(f"{{{space}}}Body")
            return None if body is None else next((e for e in body if isinstance(e.tag, str)), None)
    return root


def _text(element: etree._Element | None) -> str:
    return (element.text or "").strip() if element is not None else ""


def _content(holder: etree._Element, by_id: dict[str, bytes]) -> bytes:
    include = holder.find(f"{{{XOP}}}Include")
    if include is not None:
        return by_id.get(_plain_id(include.get("href", "").removeprefix("cid:")), b"")
    try:
        return base64.b64decode("".join((holder.text or "").split()), validate=True)
    except (binascii.Error, ValueError):
        return b""


def _parameter(content_type: str, name: str) -> str:
    """Parameter `name` of a Content-Type value, without quotes. Source: RFC 2045, 5.1."""
    found = re.search(rf';\s*{name}\s*=\s*(?:"([^"]*)"|([^;\s]+))', content_type, re.IGNORECASE)
    return (found.group(1) or found.group(2) or "") if found else ""


def _between(body: bytes, boundary: bytes) -> list[bytes]:
    marker = b"--" + boundary
    chunks = (b"\r\n" + body).split(b"\r\n" + marker)[1 : MAX_PARTS + 1]
    if not chunks:
        chunks = (b"\n" + body).split(b"\n" + marker)[1 : MAX_PARTS + 1]
    return [c for c in chunks if not c.startswith(b"--")]


def _part(chunk: bytes) -> tuple[str, str, bytes]:
    """(content id, content type, content) of what stands between two boundaries."""
    chunk = re.sub(rb"\A[ \t]*\r?\n", b"", chunk, count=1)
    head, blank, content = chunk.partition(b"\r\n\r\n")
    if not blank:
        head, _, content = chunk.partition(b"\n\n")
    names: dict[str, str] = {}
    for line in head.decode("latin-1").splitlines():
        name, colon, value = line.partition(":")
        if colon:
            names.setdefault(name.strip().lower(), value.strip())
    encoding = names.get("content-transfer-encoding", "").lower()
    if encoding == "base64":
        try:
            content = base64.b64decode(content)
        except (binascii.Error, ValueError):
            content = bytes(content)
    return _plain_id(names.get("content-id", "")), names.get("content-type", ""), content


def _plain_id(text: str) -> str:
    return re.sub(r"%40", "@", text.strip().removeprefix("<").removesuffix(">"))


def root_part(message: tuple[Part, ...]) -> Part:
    """The SOAP part of `message`."""
    return next(p for p in message if p.root)


def sha256(data: bytes) -> str:
    """SHA-256 of `data` in lower-case hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def element_number(root: etree._Element | None, xpath: str) -> int | None:
    """How many elements start before the one that `xpath` (customary prefixes) selects or belongs to; None without one."""
    if root is None:
        return None
    try:
        found = root.xpath(xpath, namespaces=dict(PREFIXES))
    except etree.XPathError:
        return None
    first = found[0] if isinstance(found, list) and found else None
    element = first if isinstance(first, etree._Element) else getattr(first, "getparent", lambda: None)()
    if element is None:
        return None
    return next((n for n, e in enumerate(root.iter(etree.Element)) if e is element), None)
