"""SOAP envelopes, faults and MTOM packages as this system writes them: own text builders, nothing of `wire`'s builders."""

from collections.abc import Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape, quoteattr

from harness.reference import _facts

SOAP_TYPE = "application/soap+xml; charset=UTF-8"
WSA_ANONYMOUS = "http://www.w3.org/2005/08/addressing/anonymous"
WSU = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd"
_DECLARED = (
    'xmlns:env="http://www.w3.org/2003/05/soap-envelope" xmlns:wsa="http://www.w3.org/2005/08/addressing" '
    'xmlns:wsse="http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd" '
    'xmlns:wst="http://docs.oasis-open.org/ws-sx/ws-trust/200512"'
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """A SOAP fault to be sent: `code` is Sender, Receiver, MustUnderstand or VersionMismatch; `subcode` a QName text."""

    code: str
    reason: str
    subcode: str | None = None
    action: str = _facts.ACTION_SOAP_FAULT

    @property
    def status(self) -> int:
        """HTTP status. Source: SOAP 1.2 part 2, table 20 (Sender is 400, the others are 500)."""
        return 400 if self.code == "Sender" else 500


def element(name: str, content: str | None = None, /, **attributes: str | None) -> str:
    """One element as text; `content` is XML already, attribute values are escaped here and None leaves one out."""
    given = "".join(f" {key}={quoteattr(value)}" for key, value in attributes.items() if value is not None)
    return f"<{name}{given}/>" if content is None else f"<{name}{given}>{content}</{name}>"


def text(value: str) -> str:
    """`value` as character data."""
    return escape(value)


def envelope(header: Sequence[str | bytes], body: str | bytes) -> bytes:
    """A SOAP 1.2 message; header blocks and body go in as they are, so that signed bytes stay signed bytes."""
    blocks = b"".join(_bytes(b) for b in header)
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<env:Envelope {_DECLARED}><env:Header>'.encode()
        + blocks
        + b"</env:Header><env:Body>"
        + _bytes(body)
        + b"</env:Body></env:Envelope>"
    )


def answer_header(action: str, message_id: str | None, relates_to: str | None) -> tuple[str, ...]:
    """Addressing blocks of an answer. Source: WS-Addressing 1.0 Core, 3.4."""
    blocks = [element("wsa:Action", text(action), **{"env:mustUnderstand": "true"})]
    if message_id is not None:
        blocks.append(element("wsa:MessageID", text(message_id)))
    if relates_to is not None:
        blocks.append(element("wsa:RelatesTo", text(relates_to)))
    return tuple(blocks)


def fault_body(fault: Fault, detail: str | None = None) -> str:
    """The env:Fault of SOAP 1.2; `detail` is plain text."""
    subcode = element("env:Subcode", element("env:Value", text(fault.subcode))) if fault.subcode else ""
    code = element("env:Code", element("env:Value", f"env:{fault.code}") + subcode)
    reason = element("env:Reason", element("env:Text", text(fault.reason), **{"xml:lang": "en"}))
    more = element("env:Detail", f'<info xmlns="urn:oid:2.999.250.90">{text(detail)}</info>') if detail else ""
    return element("env:Fault", code + reason + more)


def package(root: bytes, attachments: Sequence[tuple[str, str, bytes]], boundary: str) -> tuple[str, bytes]:
    """Content type and body of an MTOM message; an attachment is (content id, media type, bytes).

    Source: XML-binary Optimized Packaging, 4.1; SOAP MTOM, 3.1; RFC 2387.
    """
    start = "root.message@ncpeh.example"
    content_type = (
        f'multipart/related; boundary="{boundary}"; type="application/xop+xml"; start="<{start}>"; '
        'start-info="application/soap+xml"'
    )
    parts = [
        _part(
            boundary,
            start,
            'application/xop+xml; charset=UTF-8; type="application/soap+xml"',
            root,
        )
    ]
    parts.extend(_part(boundary, cid, media_type, content) for cid, media_type, content in attachments)
    return content_type, b"".join(parts) + f"--{boundary}--\r\n".encode("ascii")


def _part(boundary: str, content_id: str, content_type: str, content: bytes) -> bytes:
    head = (
        f"--{boundary}\r\nContent-Type: {content_type}\r\nContent-Transfer-Encoding: binary\r\n"
        f"Content-ID: <{content_id}>\r\n\r\n"
    )
    return head.encode("ascii") + content + b"\r\n"


def _bytes(value: str | bytes) -> bytes:
    return value if isinstance(value, bytes) else value.encode()
