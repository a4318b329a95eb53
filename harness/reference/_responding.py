"""The country A side: answers ITI-55, ITI-38 and ITI-39, and refuses what it has to refuse.

Error shapes are those the field agrees on first (see the codes beside each refusal); faults of `FAULTS` bend one
behaviour each. Source: eHDSI XCPD and XCA Profiles; NCPeH Components Specification, error codes.
"""

import logging
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from lxml import etree

from harness.errors import WireError
from harness.model import Patient
from harness.reference import _discovery, _facts, _messages, _registry
from harness.reference._discovery import Refusal
from harness.reference._holdings import Held, Holdings
from harness.reference._messages import Fault
from harness.reference._registry import RegistryError
from harness.reference._security import Caller, Denial, Surroundings, judge
from harness.reference._server import HttpQuestion, HttpReply
from harness.reference.config import ReferenceConfig
from harness.wire import soap, x509, xcpd, xds

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
}
_ANSWER_ACTIONS = {
    _facts.ACTION_55: (_facts.ACTION_55_ANSWER, "xcpd.action.wrong"),
    _facts.ACTION_38: (_facts.ACTION_38_ANSWER, "xcaq.action.wrong"),
    _facts.ACTION_39: (_facts.ACTION_39_ANSWER, "xcar.action.wrong"),
}
_SOAP_TYPES = ("application/soap+xml", "multipart/related")
_TRACE = (
    'Traceback (most recent call last):\n  File "/opt/ncpeh/gateway/responder.py", line 218, in handle\n'
    "    at eu.example.ncpeh.Responder.handle(Responder.java:218)\nValueError: refused"
)
_GENERIC_DENIALS = {
    # denial -> (XCPD reason, XCPD detail, XCA code); None as XCA code means a SOAP fault there
    "no-security": ("InsufficientRights", "1001", "1001"),
    "no-hcp": (
        "InsufficientRights",
        "ERROR_HPI_AUTHENTICATION_NOT_RECEIVED",
        "ERROR_HPI_AUTHENTICATION_NOT_RECEIVED",
    ),
    "schema": ("InsufficientRights", "ERROR_SEC_DATA_INTEGRITY_NOT_ENSURED", "4703"),
    "hcp": ("InsufficientRights", "ERROR_HPI_GENERIC", "ERROR_HPI_GENERIC"),
    "rights": ("InsufficientRights", "4703", "4703"),
    "signature": ("InternalError", "ERROR_PI_GENERIC", None),
    "trc": ("InsufficientRights", "1001", "1001"),
    "advice": ("InsufficientRights", "4703", "4703"),
}


class SoapFaulted(Exception):
    """Ends the work on a request; the carrier of the fault that is sent."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.reason)
        self.fault = fault


@dataclass(frozen=True, slots=True, kw_only=True)
class _Request:
    """A request that is well addressed: its message, action, payload and the country of the TLS peer."""

    message: soap.SoapMessage
    action: str
    payload: etree._Element
    tls_country: str | None


class RespondingSystem:
    """Answers requests from what the country holds; keeps no state between them."""

    def __init__(self, config: ReferenceConfig, holdings: Holdings) -> None:
        self._config = config
        self._holdings = holdings
        self._faults = config.faults
        self._anchors = x509.parse_certificates(config.trust_anchors)

    def answer(self, question: HttpQuestion) -> HttpReply:
        """The reply to one request, bent by transport faults."""
        reply = self._answer(question)
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

    def _unreadable(self, problem: WireError) -> HttpReply:
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
        if action not in operations:
            raise SoapFaulted(_addressing_fault("ActionNotSupported", "the action is not served here"))
        if payload is None or payload.tag != operations[action] or message.body_count != 1:
            raise SoapFaulted(Fault(code="Sender", reason="the body is not the message that the action announces"))
        country = x509.describe_certificate(question.certificate).country if question.certificate else None
        return _Request(message=message, action=action, payload=payload, tls_country=country)

    def _operation(self, request: _Request) -> HttpReply:
        try:
            if request.action == _facts.ACTION_55:
                return self._discover(request)
            if request.action == _facts.ACTION_38:
                return self._query(request)
            return self._retrieve(request)
        except WireError as exc:
            raise SoapFaulted(Fault(code="Sender", reason="the body of the message cannot be read")) from exc

    # --- ITI-55

    def _discover(self, request: _Request) -> HttpReply:
        query = xcpd.parse_query(request.payload)
        caller = judge(request.message, self._surroundings(request), trc=False)
        if isinstance(caller, Denial):
            outcome: Refusal | tuple[Patient, ...] = self._discovery_denial(caller)
        elif not caller.may(_facts.XCPD_PERMISSIONS, self._faults):
            outcome = Refusal(reason="InsufficientRights", detail="4703", explanation="a permission is missing")
        else:
            outcome = self._form_refusal(query) or self._found(query)
        if isinstance(outcome, Refusal) and "xcpd.fault.echoes-identifier" in self._faults and query.ids:
            quoted = f"{outcome.explanation} ({query.ids[0].extension})"
            outcome = Refusal(
                reason=outcome.reason,
                detail=outcome.detail,
                explanation=quoted,
                ack=outcome.ack,
                response=outcome.response,
            )
        body = _discovery.answer(
            self._asked(query, request.payload),
            community=self._config.community,
            message_id=(str(uuid.uuid4()), str(uuid.uuid4().int % 10**10).zfill(10)),
            at=self._config.clock(),
            patients=() if isinstance(outcome, Refusal) else outcome,
            refusal=outcome if isinstance(outcome, Refusal) else None,
            faults=self._faults,
        )
        return self._reply(request, body)

    def _asked(self, query: xcpd.DiscoveryQuery, payload: etree._Element) -> _discovery.Asked:
        parameters = payload.find(".//{urn:hl7-org:v3}queryByParameter")
        echo = b"" if parameters is None else _as_received(parameters)
        return _discovery.Asked(
            message_id=(query.message_id.root, query.message_id.extension) if query.message_id else (None, None),
            query_id=(query.query_id.root, query.query_id.extension) if query.query_id else (None, None),
            sender=query.sender_hcid or "",
            version_code=query.version_code,
            parameters=echo,
        )

    def _discovery_denial(self, denial: Denial) -> Refusal:
        if denial.kind == "token":
            raise SoapFaulted(_token_fault(denial.text))
        reason, detail, _ = _GENERIC_DENIALS[denial.kind]
        return Refusal(reason=reason, detail=detail, explanation=denial.text)

    def _form_refusal(self, query: xcpd.DiscoveryQuery) -> Refusal | None:
        """What the message itself does wrong, whoever asks for whomever."""
        faults = self._faults

        def broken(explanation: str) -> Refusal:
            return Refusal(reason="InternalError", detail="ERROR_PI_GENERIC", explanation=explanation)

        interaction = query.interaction_id.extension if query.interaction_id else None
        if interaction != "PRPA_IN201305UV02":
            return broken("interactionId is not that of the message")
        if query.processing_mode_code != "T" and "xcpd.processing-mode.ignored" not in faults:
            return broken("the processing mode is not served")
        if not query.message_id or not query.query_id or not query.sender_hcid or not query.creation_time:
            return broken("message id, creation time, sender or query id is missing")
        if query.query_status_code != "new" and "xcpd.status-code.ignored" not in faults:
            return broken("the status of the query is missing or not 'new'")
        if query.response_priority_codes != ("I",) and "xcpd.deferred.accepted" not in faults:
            return Refusal(reason="AnswerNotAvailable", detail="NS250", explanation="only immediate answers are served")
        receiver = query.receiver_hcid
        if receiver != self._config.community and "xcpd.receiver-community.ignored" not in faults:
            return Refusal(
                reason="AnswerNotAvailable", detail="ERROR_PI_GENERIC", explanation="another community is addressed"
            )
        if not any(i.root and i.extension for i in query.ids) and "xcpd.traits-only.accepted" not in faults:
            return Refusal(
                reason="DemographicsQueryNotAllowed",
                detail="ERROR_PI_GENERIC",
                explanation="an identifier of the patient is required",
            )
        return None

    def _found(self, query: xcpd.DiscoveryQuery) -> tuple[Patient, ...] | Refusal:
        people = self._holdings.patients
        by_id = {p.key: p for i in query.ids if (p := self._holdings.patient(i.root, i.extension)) is not None}
        named = any(i.root and i.extension for i in query.ids)
        unknown = [i for i in query.ids if i.extension and self._holdings.patient(i.root, i.extension) is None]
        candidates = tuple(by_id.values()) if named else tuple(people.values())
        matches = tuple(p for p in candidates if _traits_agree(p, query)) if not unknown else ()
        if not matches and "xcpd.match.on-unknown-patient" in self._faults:
            return tuple(people.values())[:1]
        if not matches:
            return Refusal(
                reason="AnswerNotAvailable",
                detail="ERROR_PI_NO_MATCH",
                explanation="no patient matches",
                ack="AA",
                response="NF",
            )
        if len(matches) > 1 and named:
            return Refusal(
                reason="AdditionalDemographicsRequested",
                detail="ERROR_PI_MULTIPLE_MATCHES",
                explanation="the identifiers belong to different patients",
            )
        if not all(p.consent for p in matches) and "consent.ignored" not in self._faults:
            return self._no_consent()
        return matches

    def _no_consent(self) -> Refusal:
        if "xcpd.consent.as-no-match" in self._faults:
            return Refusal(
                reason="AnswerNotAvailable",
                detail="ERROR_PI_NO_MATCH",
                explanation="no patient matches",
                ack="AA",
                response="NF",
            )
        return Refusal(
            reason="InsufficientRights", detail="ERROR_PI_GENERIC", explanation="the patient has not consented"
        )

    # --- ITI-38

    def _query(self, request: _Request) -> HttpReply:
        query = xds.parse_query(request.payload)
        cxs = query.values("$XDSDocumentEntryPatientId")
        asked = xds.parse_cx(cxs[0]) if len(cxs) == 1 else None
        caller = judge(request.message, self._surroundings(request), trc=True)
        if isinstance(caller, Denial):
            return self._refused(
                request, self._denied(caller), self._holdings.patient(asked.root, asked.extension) if asked else None
            )
        error = self._query_error(query)
        if error:
            return self._listed(request, _facts.FAILURE, (error,), (), "")
        own = caller.patient() if caller.trc else asked
        if asked is None and "xcaq.patient-slot.ignored" in self._faults:
            asked = own
        if asked is None:
            error = RegistryError(code="XDSStoredQueryMissingParam", context="the patient id is not in CX form")
            return self._listed(request, _facts.FAILURE, (error,), (), "")
        patient = self._holdings.patient(asked.root, asked.extension)
        kinds, unserved = self._kinds(query)
        if unserved:
            code = "ERROR_GENERIC_SERVICE_SIGNIFIER_UNKNOWN"
            error = RegistryError(code=code, context="the class code is missing or not served")
            return self._listed(request, _facts.FAILURE, (error,), (), "")
        if asked != own and "trc.patient.ignored" not in self._faults:
            context = "the patient of the query is not the one of the TRC assertion"
            return self._refused(request, RegistryError(code=kinds[0].generic_code, context=context), patient)
        if not all(caller.may(k.permissions, self._faults) for k in kinds):
            return self._refused(request, RegistryError(code="4703", context="a permission is missing"), patient)
        if patient is not None and not patient.consent and "consent.ignored" not in self._faults:
            return self._refused(request, RegistryError(code="4701", context="the patient has not consented"), patient)
        codes = {k.class_code for k in kinds}
        held = self._holdings.of(patient) if patient else ()
        everything = "xcaq.class-code.ignored" in self._faults
        documents = tuple(d for d in held if d.kind and (everything or d.class_code in codes))
        if not documents:
            return self._none(request, kinds[0])
        return self._listed(request, _facts.SUCCESS, (), documents, asked.cx)

    def _query_error(self, query: xds.DocumentQuery) -> RegistryError | None:
        """What the stored query lacks. Source: IHE ITI TF-2, 3.18.4.1.2.3.7.1."""
        faults = self._faults
        if query.query_id != _facts.FIND_DOCUMENTS and "xcaq.query-id.ignored" not in faults:
            return RegistryError(code="XDSUnknownStoredQuery", context="only FindDocuments is served")
        if not query.values("$XDSDocumentEntryPatientId") and "xcaq.patient-slot.ignored" not in faults:
            return RegistryError(code="XDSStoredQueryMissingParam", context="the patient id is missing")
        statuses = query.values("$XDSDocumentEntryStatus")
        if _facts.APPROVED not in statuses and "xcaq.status-slot.ignored" not in faults:
            return RegistryError(code="XDSStoredQueryMissingParam", context="the status is missing or not served")
        return None

    def _kinds(self, query: xds.DocumentQuery) -> tuple[tuple[_facts.Kind, ...], bool]:
        """The kinds asked for, and whether one of them is not served or none is named."""
        if "xcaq.class-code.ignored" in self._faults:
            return (_facts.KINDS["patient-summary"],), False
        codes = [c.code for c in query.class_codes.values]
        kinds = [_facts.kind_of_code(code or "") for code in codes]
        known = tuple(k for k in kinds if k is not None)
        return known, not codes or len(known) < len(codes)

    def _none(self, request: _Request, kind: _facts.Kind) -> HttpReply:
        if "xcaq.no-document.silent" in self._faults:
            return self._listed(request, _facts.SUCCESS, (), (), "")
        status = _facts.FAILURE if kind.none_fails else _facts.SUCCESS
        severity = _facts.ERROR if kind.none_fails else _facts.WARNING
        error = RegistryError(code=kind.none_code, context=f"no {kind.display} is available", severity=severity)
        return self._listed(request, status, (error,), (), "")

    def _denied(self, denial: Denial) -> RegistryError:
        code = _GENERIC_DENIALS[denial.kind][2] if denial.kind in _GENERIC_DENIALS else None
        if code is None:
            raise SoapFaulted(_token_fault(denial.text) if denial.kind == "token" else _signature_fault(denial.text))
        return RegistryError(code=code, context=denial.text)

    def _refused(self, request: _Request, error: RegistryError, patient: Patient | None) -> HttpReply:
        documents: tuple[Held, ...] = ()
        if patient is not None and "xcaq.refusal-with-documents" in self._faults:
            documents = tuple(d for d in self._holdings.of(patient) if d.kind)
        return self._listed(request, _facts.FAILURE, (error,), documents, patient.ids[0].cx if patient else "")

    def _listed(
        self, request: _Request, status: str, errors: Sequence[RegistryError], documents: Sequence[Held], cx: str
    ) -> HttpReply:
        listed = _registry.Listed(
            home=self._config.home_community,
            repository=self._config.repository,
            country=self._config.country,
            patient_cx=cx,
        )
        body = _registry.query_answer(status, errors, documents, listed, self._faults)
        return self._reply(request, body.encode())

    # --- ITI-39

    def _retrieve(self, request: _Request) -> HttpReply:
        asked = xds.parse_retrieve_request(request.payload).documents
        if "xcar.first-only" in self._faults:
            asked = asked[:1]
        if "xcar.lookup.before-assertions" in self._faults and not self._any_known(asked):
            return self._delivered(request, tuple(_unknown() for _ in asked), ())
        caller = judge(request.message, self._surroundings(request), trc=True)
        if isinstance(caller, Denial):
            return self._delivered(request, (self._denied(caller),), ())
        if not any(caller.may(k.permissions, self._faults) for k in _facts.KINDS.values()):
            return self._delivered(request, (RegistryError(code="4703", context="a permission is missing"),), ())
        own = caller.patient()
        patient = self._holdings.patient(own.root, own.extension) if own else None
        if patient is not None and not patient.consent and "consent.ignored" not in self._faults:
            error = RegistryError(code="4701", context="the patient has not consented")
            return self._delivered(request, (error,), ())
        if not asked:
            error = RegistryError(code="XDSRepositoryError", context="no document is asked for")
            return self._delivered(request, (error,), ())
        results = [self._fetched(one, patient, caller) for one in asked]
        errors = tuple(r for r in results if isinstance(r, RegistryError))
        found = tuple((one, r) for one, r in zip(asked, results, strict=True) if isinstance(r, Held))
        return self._delivered(request, errors, found)

    def _any_known(self, asked: Sequence[xds.DocumentRequest]) -> bool:
        known = {d.unique_id for d in self._holdings.documents}
        return any(one.id in known for one in asked)

    def _fetched(self, asked: xds.DocumentRequest, patient: Patient | None, caller: Caller) -> Held | RegistryError:
        faults = self._faults
        if asked.home and asked.home != self._config.home_community:
            return RegistryError(code="XDSUnknownCommunity", context="another community is addressed")
        if asked.repository != self._config.repository and "xcar.repository.ignored" not in faults:
            return RegistryError(code="ERROR_GENERIC_DOCUMENT_MISSING", context="the repository is not known")
        held = self._holdings.documents
        anyones = "xcar.other-patient.served" in faults or caller.trc is None
        mine = held if anyones else tuple(d for d in held if patient is not None and d.patient == patient.key)
        found = next((d for d in mine if d.unique_id == asked.id), None)
        if found is None and "xcar.unknown-document.success" in faults and not self._any_known((asked,)):
            found = next(iter(mine), None)
        if found is None:
            return _unknown()
        kind = _facts.KINDS.get(found.kind or "")
        needed = kind.permissions if kind else _facts.OTHER_RIGHTS
        if not caller.may(needed, faults):
            return RegistryError(code="4703", context="a permission is missing")
        if "xcar.document.other" in faults:
            return next((d for d in mine if d.unique_id != found.unique_id and d.patient == found.patient), found)
        return found

    def _delivered(
        self,
        request: _Request,
        errors: Sequence[RegistryError],
        found: Sequence[tuple[xds.DocumentRequest, Held]],
    ) -> HttpReply:
        status = _facts.SUCCESS if not errors else _facts.PARTIAL if found else _facts.FAILURE
        retrieved = [
            _registry.Retrieved(
                home=self._config.home_community,
                repository=asked.repository or self._config.repository,
                unique_id=asked.id or "",
                content_id=f"document-{index}.{uuid.uuid4()}@ncpeh.example",
            )
            for index, (asked, _) in enumerate(found, start=1)
        ]
        body = _registry.retrieve_answer(status, errors, retrieved, self._faults).encode()
        if not found:
            return self._reply(request, body)
        attachments = [
            (one.content_id, "text/xml; charset=UTF-8", held.content)
            for one, (_, held) in zip(retrieved, found, strict=True)
        ]
        if "xcar.attachment.missing" in self._faults:
            attachments = []
        envelope = _messages.envelope(self._header(request.action, request.message.addressing.message_id), body)
        content_type, content = _messages.package(envelope, attachments, f"MIMEBoundary_{uuid.uuid4().hex}")
        return HttpReply(status=200, content_type=content_type, body=content)

    # --- envelopes

    def _surroundings(self, request: _Request) -> Surroundings:
        return Surroundings(
            at=self._config.clock(), anchors=self._anchors, tls_country=request.tls_country, faults=self._faults
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


def _token_fault(text: str) -> Fault:
    return Fault(code="Sender", reason=f"invalid security token: {text}", subcode="wsse:InvalidSecurityToken")


def _signature_fault(text: str) -> Fault:
    return Fault(code="Sender", reason=text, subcode="wsse:FailedCheck")


def _unknown() -> RegistryError:
    return RegistryError(
        code="XDSMissingDocument", context="ERROR_GENERIC_DOCUMENT_MISSING : no such document for this patient"
    )


def _as_received(element: etree._Element) -> bytes:
    """`element` with the namespace declarations it needs, without an XML declaration and what follows it."""
    return etree.tostring(element, encoding="UTF-8", xml_declaration=False, with_tail=False)


def _traits_agree(patient: Patient, query: xcpd.DiscoveryQuery) -> bool:
    """Whether no trait that is given and known contradicts the patient."""
    birth = f"{patient.birth:%Y%m%d}" if patient.birth else ""
    pairs = (
        (patient.family, query.family),
        (patient.given, query.given),
        (birth, (query.birth or "")[:8]),
        (patient.gender, query.gender),
    )
    return all(not own or not asked or own.casefold() == asked.strip().casefold() for own, asked in pairs)
