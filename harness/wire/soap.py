"""SOAP envelopes: reading what came with everything worth judging exposed, and building by bytes so that signatures hold.

Reading tolerates what a check can judge (SOAP 1.1, no header, two Security blocks, addressing in a wrong namespace) and
refuses only what has no message in it. Building never parses what it is given: signed assertions go in as they are.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from xml.sax.saxutils import escape, quoteattr

from lxml import etree

from harness import safexml
from harness.errors import WireError
from harness.wire import http, mtom, ns
from harness.wire.http import ContentType
from harness.wire.mtom import Part

CONTENT_TYPE = "application/soap+xml; charset=UTF-8"
CONTENT_TYPE_11 = "text/xml; charset=UTF-8"
ANONYMOUS = "http://www.w3.org/2005/08/addressing/anonymous"  # WS-Addressing 1.0 core, 2.1
FAULT_ACTION = "http://www.w3.org/2005/08/addressing/soap/fault"  # WS-Addressing 1.0 SOAP binding, 6

VERSIONS: Mapping[str, str] = MappingProxyType({"1.2": ns.SOAP, "1.1": ns.SOAP11})

SECURITY_FAULTS = tuple(
    ns.clark(ns.WSSE, name)
    for name in (
        "UnsupportedSecurityToken",
        "UnsupportedAlgorithm",
        "InvalidSecurity",
        "InvalidSecurityToken",
        "FailedAuthentication",
        "FailedCheck",
        "SecurityTokenUnavailable",
        "MessageExpired",
    )
)
"""Clark names of the fault (sub)codes that WS-Security defines. Source: WS-Security 1.1, 12."""

_XML_TYPES = ("application/soap+xml", "text/xml", "application/xml", "application/xop+xml")
_ADDRESSING = ("To", "Action", "MessageID", "ReplyTo", "RelatesTo", "From", "FaultTo")
_DECLARATION = re.compile(rb"\A(?:\xef\xbb\xbf)?\s*<\?xml[^>]*\?>\s*")


@dataclass(frozen=True, slots=True, kw_only=True)
class HeaderBlock:
    """One child of the SOAP header: Clark name, whether it must be understood, the role (1.1: actor) it is for."""

    name: str
    must_understand: bool = False
    role: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Addressing:
    """WS-Addressing properties of a message, None where the block is absent.

    `foreign_blocks` are Clark names of header blocks that are called like addressing blocks but lie in another
    namespace; `repeated` are local names that occur more than once (the first one counts). Both are only ever read.
    """

    action: str | None = None
    message_id: str | None = None
    to: str | None = None
    reply_to: str | None = None
    relates_to: str | None = None
    action_must_understand: bool = True
    to_must_understand: bool = False
    foreign_blocks: tuple[str, ...] = ()
    repeated: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SoapFault:
    """A fault. `code` and `subcodes` are Clark names, outermost first (the raw text where a prefix is undeclared).

    `reason` is the first reason text, `detail` all text of the detail, `node` the Node URI (1.1: faultactor).
    """

    code: str
    subcodes: tuple[str, ...] = ()
    reason: str = ""
    detail: str = ""
    node: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SoapMessage:
    """One SOAP message as it came.

    `envelope` holds the exact bytes of the XML (the root part of a package), `root` its parsed document element;
    `assertions` are the saml:Assertion children of all wsse:Security blocks in order; `body_count` counts the elements
    in the body and `payload` is the first of them; `parts` maps Content-ID to the other parts of a package.
    """

    envelope: bytes
    root: etree._Element
    version: str
    addressing: Addressing
    header_blocks: tuple[HeaderBlock, ...]
    security_count: int
    assertions: tuple[etree._Element, ...]
    body_count: int
    payload: etree._Element | None
    fault: SoapFault | None
    content_type: ContentType | None
    parts: Mapping[str, Part] = field(default_factory=dict)


def parse_message(content_type: str | None, body: bytes) -> SoapMessage:
    """The SOAP message in an HTTP body, plain or in an MTOM package.

    A missing Content-Type is tolerated (`content_type` is then None); which type a version wants is for checks.

    Raises:
        WireError: kind `empty`; `content-type` (unreadable, or no XML type); `multipart`; those of `safexml`; `not-soap`
            (the document element is no SOAP envelope); `no-body`; `bad-value` (a fault without a code).

    Source: SOAP 1.2 part 1, 5; SOAP 1.1, 4; SOAP 1.2 part 2, 7.1.4 (media type).
    """
    if not body:
        raise WireError("no message: the body is empty", kind="empty", offset=0)
    kind = http.content_type(content_type) if content_type is not None else None
    envelope, parts = body, {}
    if kind is not None and kind.media_type == mtom.MULTIPART:
        root_part, others = mtom.parse_multipart(kind, body)
        envelope, parts = root_part.content, {part.content_id: part for part in others if part.content_id}
    elif kind is not None and kind.media_type not in _XML_TYPES:
        raise WireError(
            "not a SOAP media type", kind="content-type", expected=_XML_TYPES[0], found=kind.media_type, offset=0
        )
    root = safexml.parse(envelope)
    version = next((v for v, uri in VERSIONS.items() if root.tag == ns.clark(uri, "Envelope")), None)
    if version is None:
        raise WireError(
            "not a SOAP message",
            kind="not-soap",
            xpath=ns.xpath_of(root),
            expected="soap:Envelope",
            found=ns.qname(str(root.tag)),
        )
    uri = VERSIONS[version]
    soap_body = root.find(ns.clark(uri, "Body"))
    if soap_body is None:
        raise WireError("the envelope has no body", kind="no-body", xpath=ns.xpath_of(root), expected="soap:Body")
    blocks = [block for header in root.iterfind(ns.clark(uri, "Header")) for block in header.iterchildren("*")]
    securities = [block for block in blocks if block.tag == ns.clark(ns.WSSE, "Security")]
    contents = list(soap_body.iterchildren("*"))
    payload = contents[0] if contents else None
    return SoapMessage(
        envelope=envelope,
        root=root,
        version=version,
        addressing=_addressing(blocks, uri),
        header_blocks=tuple(_header_block(block, uri) for block in blocks),
        security_count=len(securities),
        assertions=tuple(a for s in securities for a in s.iterchildren(ns.clark(ns.SAML, "Assertion"))),
        body_count=len(contents),
        payload=payload,
        fault=_fault(payload, uri) if payload is not None and payload.tag == ns.clark(uri, "Fault") else None,
        content_type=kind,
        parts=MappingProxyType(parts),
    )


def build_envelope(
    *,
    addressing: Addressing,
    payload: bytes,
    assertions: Sequence[bytes] = (),
    extra_header: bytes = b"",
    version: str = "1.2",
    security_must_understand: bool = False,
    timestamp: tuple[str, str] | None = None,
) -> bytes:
    """An envelope in UTF-8: addressing blocks, one wsse:Security with `assertions` when there are any, then the payload.

    `payload`, each of `assertions` and `extra_header` (header blocks) are inserted byte for byte, less an XML
    declaration; they must be well-formed UTF-8 that declares the prefixes it uses. `foreign_blocks` and `repeated` of
    the addressing are not written. `timestamp` is Created and Expires of a wsu:Timestamp in the security block.

    Source: SOAP 1.2 part 1, 5; WS-Addressing 1.0 SOAP binding; WS-Security 1.0, 5 and 10.
    """
    return b"".join(
        (
            f'<soap:Envelope xmlns:soap="{VERSIONS[version]}" xmlns:wsa="{ns.WSA}">\n<soap:Header>'.encode(),
            _addressing_xml(addressing),
            extra_header,
            *_security_xml(assertions, security_must_understand, timestamp),
            b"</soap:Header>\n<soap:Body>",
            _without_declaration(payload),
            b"</soap:Body>\n</soap:Envelope>",
        )
    )


def build_fault(
    code: str,
    reason: str,
    *,
    addressing: Addressing,
    subcode: str | None = None,
    detail: str | None = None,
    version: str = "1.2",
) -> bytes:
    """An envelope with a fault. `code` is a local name of the SOAP namespace (`Sender`, `Receiver`, `MustUnderstand`).

    `subcode` is a Clark name (not written in SOAP 1.1); `detail` becomes the text of an element in the detail.

    Source: SOAP 1.2 part 1, 5.4; SOAP 1.1, 4.4.
    """
    if version == "1.1":
        inner = f"<faultcode>soap:{code}</faultcode><faultstring>{escape(reason)}</faultstring>"
        inner += f"<detail><text>{escape(detail)}</text></detail>" if detail is not None else ""
    else:
        inner = f"<soap:Code><soap:Value>soap:{code}</soap:Value>{_subcode_xml(subcode)}</soap:Code>"
        inner += f'<soap:Reason><soap:Text xml:lang="en">{escape(reason)}</soap:Text></soap:Reason>'
        inner += f"<soap:Detail><text>{escape(detail)}</text></soap:Detail>" if detail is not None else ""
    return build_envelope(addressing=addressing, payload=f"<soap:Fault>{inner}</soap:Fault>".encode(), version=version)


def _addressing(blocks: Sequence[etree._Element], uri: str) -> Addressing:
    first: dict[str, etree._Element] = {}
    foreign, repeated = [], []
    for block in blocks:
        name = etree.QName(block)
        if name.localname not in _ADDRESSING:
            continue
        if name.namespace != ns.WSA:
            foreign.append(name.text)
        elif name.localname in first:
            repeated.append(name.localname)
        else:
            first[name.localname] = block
    reply_to = first.get("ReplyTo")
    return Addressing(
        action=_text(first.get("Action")),
        message_id=_text(first.get("MessageID")),
        to=_text(first.get("To")),
        reply_to=_text(reply_to.find(ns.clark(ns.WSA, "Address"))) if reply_to is not None else None,
        relates_to=_text(first.get("RelatesTo")),
        action_must_understand=_must_understand(first.get("Action"), uri),
        to_must_understand=_must_understand(first.get("To"), uri),
        foreign_blocks=tuple(foreign),
        repeated=tuple(dict.fromkeys(repeated)),
    )


def _header_block(block: etree._Element, uri: str) -> HeaderBlock:
    role = block.get(ns.clark(uri, "role" if uri == ns.SOAP else "actor"))
    return HeaderBlock(name=str(block.tag), must_understand=_must_understand(block, uri), role=role)


def _must_understand(block: etree._Element | None, uri: str) -> bool:
    return block is not None and (block.get(ns.clark(uri, "mustUnderstand")) or "").strip() in ("1", "true")


def _fault(fault: etree._Element, uri: str) -> SoapFault:
    if uri == ns.SOAP11:
        codes = [_resolved(fault.find("faultcode"))]
        reason, detail, node = fault.find("faultstring"), fault.find("detail"), fault.find("faultactor")
    else:
        codes = [_resolved(value) for value in _code_values(fault.find(ns.clark(uri, "Code")), uri)]
        reason = fault.find(f"{ns.clark(uri, 'Reason')}/{ns.clark(uri, 'Text')}")
        detail, node = fault.find(ns.clark(uri, "Detail")), fault.find(ns.clark(uri, "Node"))
    if not codes or not codes[0]:
        raise WireError("the fault has no code", kind="bad-value", xpath=ns.xpath_of(fault), expected="a QName")
    return SoapFault(
        code=codes[0],
        subcodes=tuple(codes[1:]),
        reason=_text(reason) or "",
        detail=_all_text(detail) if detail is not None else "",
        node=_text(node),
    )


def _code_values(code: etree._Element | None, uri: str) -> Iterator[etree._Element | None]:
    while code is not None:
        yield code.find(ns.clark(uri, "Value"))
        code = code.find(ns.clark(uri, "Subcode"))


def _resolved(value: etree._Element | None) -> str:
    """The QName in `value` as a Clark name; the text itself when it has no prefix or an undeclared one."""
    text = _text(value) or ""
    prefix, colon, local = text.partition(":")
    uri = value.nsmap.get(prefix) if value is not None and colon else None
    return ns.clark(uri, local) if uri else text


def _text(node: etree._Element | None) -> str | None:
    """The text of `node` across comments, stripped; None for no node."""
    if node is None:
        return None
    return "".join([node.text or "", *(child.tail or "" for child in node)]).strip()


def _all_text(node: etree._Element) -> str:
    texts = ((part.text or "", *(child.tail or "" for child in part)) for part in node.iter("*"))
    return " ".join(" ".join("".join(pieces).split()) for pieces in texts if "".join(pieces).strip())


def _addressing_xml(addressing: Addressing) -> bytes:
    mark = ' soap:mustUnderstand="1"'
    chunks = []
    for name, value, must in (
        ("To", addressing.to, addressing.to_must_understand),
        ("Action", addressing.action, addressing.action_must_understand),
        ("MessageID", addressing.message_id, False),
        ("RelatesTo", addressing.relates_to, False),
    ):
        if value is not None:
            chunks.append(f"<wsa:{name}{mark if must else ''}>{escape(value)}</wsa:{name}>")
    if addressing.reply_to is not None:
        chunks.append(f"<wsa:ReplyTo><wsa:Address>{escape(addressing.reply_to)}</wsa:Address></wsa:ReplyTo>")
    return "".join(chunks).encode()


def _security_xml(
    assertions: Sequence[bytes], must_understand: bool, timestamp: tuple[str, str] | None
) -> tuple[bytes, ...]:
    if not assertions and timestamp is None:
        return ()
    mark = ' soap:mustUnderstand="1"' if must_understand else ""
    stamp = ""
    if timestamp is not None:
        created, expires = map(escape, timestamp)
        stamp = f'<wsu:Timestamp xmlns:wsu="{ns.WSU}"><wsu:Created>{created}</wsu:Created>'
        stamp += f"<wsu:Expires>{expires}</wsu:Expires></wsu:Timestamp>"
    inside = (_without_declaration(assertion) for assertion in assertions)
    head = f'<wsse:Security xmlns:wsse="{ns.WSSE}"{mark}>{stamp}'
    return (head.encode(), *inside, b"</wsse:Security>")


def _subcode_xml(subcode: str | None) -> str:
    if subcode is None:
        return ""
    uri, _, local = subcode.removeprefix("{").partition("}")
    value = f"<soap:Value xmlns:sub={quoteattr(uri)}>sub:{escape(local)}</soap:Value>"
    return f"<soap:Subcode>{value}</soap:Subcode>"


def _without_declaration(xml: bytes) -> bytes:
    return _DECLARATION.sub(b"", xml, count=1)
