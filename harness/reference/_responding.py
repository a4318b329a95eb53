"""The country A side up to SOAP: takes requests, refuses malformed ones, hands the others on, wraps the answers.

Error shapes are those the field agrees on first (see the codes beside each refusal); faults of `FAULTS` bend one
behaviour each. Source: eHDSI XCPD, XCA and XDR Profiles; NCPeH Components Specification, error codes.
"""

import codecs
import logging
import threading
import time
import uuid
from dataclasses import dataclass

from lxml import etree

from harness.errors import HarnessError, WireError
from harness.reference import _facts, _messages
from harness.reference._documents import Delivery, DocumentService
from harness.reference._holdings import Holdings
from harness.reference._messages import Fault
from harness.reference._patients import PatientService
from harness.reference._provision import ProvisionService
from harness.reference._refusing import SoapFaulted
from harness.reference._security import Surroundings
from harness.reference._server import HttpQuestion, HttpReply
from harness.reference._store import Store
from harness.reference._trail import Trail
from harness.reference.config import ReferenceConfig
from harness.wire import soap, x509

log = logging.getLogger(__name__)

_UNDERSTOOD = (
    "{http://www.w3.org/2005/08/addressing}",
    "{http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd}Security",
)
_OPERATIONS = {
    "/xcpd": {_facts.ACTION_55: "{urn:hl7-org:v3}PRPA_IN201305UV02"},
    "/xca": {
        _facts.ACTION_38: "{urn:oasis:names:tc:ebxml-regrep:xsd:query:3.0}AdhocQueryRequest",
        _facts.ACTION_39: "{urn:ihe:iti:xds-b:2007}RetrieveDocumentSetRequest",
    },
    "/xdr": {_facts.ACTION_41: "{urn:ihe:iti:xds-b:2007}ProvideAndRegisterDocumentSetRequest"},
}
_ANSWER_ACTIONS = {
    _facts.ACTION_55: (_facts.ACTION_55_ANSWER, "xcpd.action.wrong"),
    _facts.ACTION_38: (_facts.ACTION_38_ANSWER, "xcaq.action.wrong"),
    _facts.ACTION_39: (_facts.ACTION_39_ANSWER, "xcar.action.wrong"),
    _facts.ACTION_41: (_facts.ACTION_41_ANSWER, "xdr.action.wrong"),
}
_LARGE_BYTES = 5_000_000
_HELD_S = 0.3
_SOAP_TYPES = ("application/soap+xml", "multipart/related")
_TRACE = (
    'Traceback (most recent call last):\n  File "/opt/ncpeh/gateway/responder.py", line 218, in handle\n'
    "    at eu.example.ncpeh.Responder.handle(Responder.java:218)\nValueError: refused"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Request:
    """A request that is well addressed: its message, action, payload and the country of the TLS peer."""

    message: soap.SoapMessage
    action: str
    payload: etree._Element
    tls_country: str | None


class RespondingSystem:
    """Answers requests from what the country holds; what is submitted changes it."""

    def __init__(self, config: ReferenceConfig, holdings: Holdings, trail: Trail | None = None) -> None:
        self._config = config
        self._trail = trail or Trail(config, None, lambda _: "")
        store = Store(holdings)
        self._patients = PatientService(config, holdings, store)
        self._documents = DocumentService(config, holdings, store)
        self._provision = ProvisionService(config, holdings, store)
        self._faults = config.faults
        self._stuck = False
        self._busy = threading.Lock()
        self._anchors = x509.parse_certificates(config.trust_anchors)
        self._revocations = x509.parse_revocations(config.trust_revocations) if config.trust_revocations else ()

    def answer(self, question: HttpQuestion) -> HttpReply:
        """The reply to one request, bent by transport faults."""
        if "http.large.reset" in self._faults and len(question.body) > _LARGE_BYTES:
            return HttpReply(status=500, content_type="text/plain", body=b"", behaviour="reset")
        if "http.simultaneous.refused" not in self._faults:
            return self._answered(question)
        if not self._busy.acquire(blocking=False):
            return HttpReply(status=503, content_type="text/plain; charset=utf-8", body=b"busy")
        try:
            time.sleep(_HELD_S)
            return self._answered(question)
        finally:
            self._busy.release()

    def _answered(self, question: HttpQuestion) -> HttpReply:
        reply = self._trail.answered(question, self._answer(question))
        if "http.content-type.wrong" in self._faults:
            reply = _with(reply, content_type="text/html; charset=UTF-8")
        if "http.connection.reset" in self._faults:
            reply = _with(reply, behaviour="reset")
        elif "http.body.truncated" in self._faults:
            reply = _with(reply, behaviour="truncate")
        if "http.answer.slow" in self._faults:
            reply = _with(reply, delay_s=self._config.slow_s)
        return reply

    def _answer(self, question: HttpQuestion) -> HttpReply:
        relates_to = None
        if self._stuck:
            return self._fault(Fault(code="Receiver", reason="the request could not be processed"), None)
        try:
            message = soap.parse_message(question.content_type, question.body)
        except WireError as exc:
            return self._unreadable(exc)
        try:
            relates_to = message.addressing.message_id
            request = self._accepted(question, message)
            return self._operation(request)
        except SoapFaulted as exc:
            return self._fault(exc.fault, relates_to)
        except HarnessError:
            log.exception("a request could not be judged")
            return self._fault(Fault(code="Receiver", reason="the request could not be processed"), relates_to)

    def _unreadable(self, problem: WireError) -> HttpReply:
        self._stuck = "state.after-refusal.stuck" in self._faults
        reply = self._fault(Fault(code="Sender", reason="the message cannot be read"), None)
        if problem.kind == "content-type":
            return _with(reply, status=415)
        if "xml.malformed.hang" in self._faults:
            return _with(reply, delay_s=self._config.slow_s)
        if "xml.malformed.stack-trace" in self._faults:
            return self._fault(Fault(code="Sender", reason="the message cannot be read"), None, detail=_TRACE)
        return reply

    def _accepted(self, question: HttpQuestion, message: soap.SoapMessage) -> _Request:
        """The request, when SOAP and addressing are in order; a fault is raised otherwise."""
        if question.body.startswith(codecs.BOM_UTF8) and "xml.byte-order-mark.refused" in self._faults:
            raise SoapFaulted(Fault(code="Sender", reason="the message cannot be read"))
        if message.version != "1.2" and "soap.version.ignored" not in self._faults:
            raise SoapFaulted(Fault(code="VersionMismatch", reason="SOAP 1.2 is expected"))
        media_type = message.content_type.media_type if message.content_type else None
        if message.version == "1.2" and media_type not in _SOAP_TYPES:
            raise SoapFaulted(Fault(code="Sender", reason="the media type is not that of SOAP 1.2"))
        for block in message.header_blocks:
            unknown = block.must_understand and not block.name.startswith(_UNDERSTOOD)
            if unknown and "soap.must-understand.ignored" not in self._faults:
                raise SoapFaulted(Fault(code="MustUnderstand", reason="a header block is not understood"))
        operations = _OPERATIONS[question.path]
        payload = message.payload
        action = message.addressing.action
        if "soap.action.ignored" in self._faults and payload is not None:
            action = next((a for a, tag in operations.items() if tag == payload.tag), action)
        if not action or not message.addressing.message_id:
            raise SoapFaulted(_addressing_fault("MessageAddressingHeaderRequired", "Action and MessageID are required"))
        elsewhere = action == _facts.ACTION_39 and "xca.retrieve.elsewhere" in self._faults
        if action not in operations or elsewhere:
            raise SoapFaulted(_addressing_fault("ActionNotSupported", "the action is not served here"))
        if payload is None or payload.tag != operations[action] or message.body_count != 1:
            raise SoapFaulted(Fault(code="Sender", reason="the body is not the message that the action announces"))
        if "xml.comment.refused" in self._faults and any(True for _ in payload.iter(etree.Comment)):
            raise SoapFaulted(Fault(code="Sender", reason="comments are not taken"))
        country = x509.describe_certificate(question.certificate).country if question.certificate else None
        return _Request(message=message, action=action, payload=payload, tls_country=country)

    def _operation(self, request: _Request) -> HttpReply:
        try:
            around = self._surroundings(request)
            if request.action == _facts.ACTION_55:
                return self._reply(request, self._patients.answer(request.message, request.payload, around))
            if request.action == _facts.ACTION_38:
                return self._reply(request, self._documents.listing(request.message, request.payload, around))
            if request.action == _facts.ACTION_41:
                return self._reply(request, self._provision.submission(request.message, request.payload, around))
            return self._deliver(request, self._documents.retrieval(request.message, request.payload, around))
        except WireError as exc:
            raise SoapFaulted(Fault(code="Sender", reason="the body of the message cannot be read")) from exc

    # --- envelopes

    def _surroundings(self, request: _Request) -> Surroundings:
        return Surroundings(
            at=self._config.clock(),
            anchors=self._anchors,
            tls_country=request.tls_country,
            faults=self._faults,
            revocations=self._revocations,
        )

    def _header(self, action: str, relates_to: str | None) -> tuple[str, ...]:
        answer_action, fault = _ANSWER_ACTIONS.get(action, (action, ""))
        return self._addressed(action if fault and fault in self._faults else answer_action, relates_to)

    def _addressed(self, action: str, relates_to: str | None) -> tuple[str, ...]:
        if "soap.relates-to.missing" in self._faults:
            relates_to = None
        elif "soap.relates-to.wrong" in self._faults:
            relates_to = f"urn:uuid:{uuid.uuid4()}"
        own = None if "soap.message-id.missing" in self._faults else f"urn:uuid:{uuid.uuid4()}"
        return _messages.answer_header(action, own, relates_to)

    def _reply(self, request: _Request, body: bytes) -> HttpReply:
        header = self._header(request.action, request.message.addressing.message_id)
        content = _messages.envelope(header, body)
        return HttpReply(status=200, content_type=_messages.SOAP_TYPE, body=content)

    def _deliver(self, request: _Request, delivery: Delivery) -> HttpReply:
        if not delivery.packaged:
            return self._reply(request, delivery.body)
        header = self._header(request.action, request.message.addressing.message_id)
        envelope = _messages.envelope(header, delivery.body)
        boundary = f"MIMEBoundary_{uuid.uuid4().hex}"
        content_type, content = _messages.package(envelope, delivery.attachments, boundary)
        return HttpReply(status=200, content_type=content_type, body=content)

    def _fault(self, fault: Fault, relates_to: str | None, detail: str | None = None) -> HttpReply:
        if "fault.stack-trace" in self._faults:
            detail = _TRACE
        header = self._addressed(fault.action, relates_to)
        content = _messages.envelope(header, _messages.fault_body(fault, detail))
        return HttpReply(status=fault.status, content_type=_messages.SOAP_TYPE, body=content)


def _with(
    reply: HttpReply,
    *,
    status: int | None = None,
    content_type: str | None = None,
    behaviour: str | None = None,
    delay_s: float | None = None,
) -> HttpReply:
    return HttpReply(
        status=reply.status if status is None else status,
        content_type=content_type or reply.content_type,
        body=reply.body,
        behaviour=behaviour or reply.behaviour,
        delay_s=reply.delay_s if delay_s is None else delay_s,
    )


def _addressing_fault(subcode: str, reason: str) -> Fault:
    return Fault(code="Sender", reason=reason, subcode=f"wsa:{subcode}", action=_facts.ACTION_ADDRESSING_FAULT)
