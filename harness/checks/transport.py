"""SOAP and WS-Addressing of every transaction (TRN).

Sources: WS-Addressing 1.0 core and SOAP binding; IHE ITI TF-2, appendix V.
"""

import re
from collections.abc import Iterator

from harness import safexml
from harness.checks._places import header_place, of_error, place, said, under, unless_in, warning
from harness.checks._registry import Context, check
from harness.checks._view import View
from harness.errors import WireError
from harness.model import Finding, Location
from harness.wire import codes, ns, soap, x509, xcpd, xds

WSA_FAULT_ACTION = "http://www.w3.org/2005/08/addressing/fault"  # WS-Addressing 1.0 core binding, 4 (fault action)
TLS_VERSIONS = ("TLSv1.2", "TLSv1.3")
"""Versions that may be negotiated, as OpenSSL names them."""
_UUID_URN = re.compile(r"urn:uuid:[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_ABSOLUTE_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:\S+")
_TRACE = re.compile(
    r"\bat [\w.$<>]+\([\w$ ]+(\.(java|kt|scala|groovy):\d+)?\)|\bTraceback \(most recent call last\)|\.(cs|java|py):line \d+"
    r"|\b(?:[a-z_][\w$]*\.){2,}[A-Z][\w$]*(?:Exception|Error)\b|\bin \S+\.cs:line \d+"
)
_JAVA_PLACE = re.compile(r"(?:[a-z_][\w$]*\.){2,}[A-Z][\w$]*")
SLOW_S = 30.0
"""How long an answer may take without a word about it. Source: requirement TRN-A-013."""
_NOT_SERVED = (404, 405, 501)
_SOAP_12_TYPES = ("application/soap+xml", "multipart/related")
# Alterations after which a receiver may be unable to tell which message it answers, or with which action.
_UNREADABLE_HEADERS = ("soap.action.", "soap.header.", "soap.version.", "soap.body.", "http.content-type.")


def _answers_headers(view: View, _: Context) -> bool:
    response, request = view.response, view.request
    if not isinstance(response, soap.SoapMessage) or not isinstance(request, soap.SoapMessage):
        return False
    spoiled = any(name.startswith(_UNREADABLE_HEADERS) for name in view.exchange.altered)
    return not spoiled or response.fault is None


def _answers_operation(view: View, context: Context) -> bool:
    return "soap.action.unknown" not in view.exchange.altered and _answers_headers(view, context)


def _answers_named(view: View, context: Context) -> bool:
    request = view.request
    return (
        _answers_headers(view, context)
        and isinstance(request, soap.SoapMessage)
        and bool(request.addressing.message_id)
    )


def _readable(view: View, _: Context) -> bool:
    return view.own is not None


_GOOD_SUITE = re.compile(r"(?:ECDHE|DHE)-.*(?:GCM|CCM|CHACHA20).*")
"""Forward secrecy and authenticated encryption, in the names of OpenSSL; those of TLS 1.3 have both."""


@check("TRN-A-003", actor="ncpeh-a", when=lambda view, _: view.own is not None and view.exchange.tls is not None)
def tls_is_recent(view: View, _: Context) -> Iterator[Finding]:
    """TLS 1.2 or newer was negotiated, whatever the client offered, and not with a suite that TLS 1.2 users shall not choose.

    Source: RFC 8996, 5 and 6; RFC 9325, 4.1 and 4.2 (suites); BSI TR-02102-2.
    """
    tls = view.exchange.tls
    found = tls.version if tls is not None else ""
    yield from unless_in(Location(message=view.side), found, TLS_VERSIONS)
    if tls is not None and found == "TLSv1.2" and not _GOOD_SUITE.fullmatch(tls.cipher):
        yield warning(Location(message=view.side), "ECDHE with AES-GCM, AES-CCM or ChaCha20-Poly1305", said(tls.cipher))


@check("TRN-A-005", actor="ncpeh-a", when=_answers_operation)
def response_action_belongs_to_the_operation(view: View, _: Context) -> Iterator[Finding]:
    """The answer's Action is the one of its operation; a fault may carry a fault action. Source: WS-Addressing 1.0, 3.4."""
    message = view.own
    actions = codes.ACTIONS.get(view.exchange.transaction)
    if message is None or actions is None:
        return
    found = message.addressing.action
    if message.fault is None:
        yield from unless_in(header_place(view, "wsa:Action"), found, (actions.response,))
    elif found not in (actions.response, soap.FAULT_ACTION, WSA_FAULT_ACTION):
        # Which action a fault carries differs between SOAP stacks, and no profile of the network fixes it.
        yield warning(header_place(view, "wsa:Action"), soap.FAULT_ACTION, said(found))


@check("TRN-A-006", actor="ncpeh-a", when=_answers_named)
def answer_relates_to_the_request(view: View, _: Context) -> Iterator[Finding]:
    """RelatesTo is the request's MessageID. Source: WS-Addressing 1.0 core, 3.4."""
    message, request = view.own, view.request
    if message is None or not isinstance(request, soap.SoapMessage):
        return
    wanted = request.addressing.message_id or ""
    yield from unless_in(header_place(view, "wsa:RelatesTo"), message.addressing.relates_to, (wanted,))


@check("TRN-A-007", actor="ncpeh-a", when=_answers_headers)
def answer_has_a_message_id_of_its_own(view: View, _: Context) -> Iterator[Finding]:
    """MessageID is an absolute URI, best a urn:uuid, and not the request's. Source: WS-Addressing 1.0 core, 3.2."""
    message, request = view.own, view.request
    if message is None:
        return
    found, at = message.addressing.message_id, header_place(view, "wsa:MessageID")
    if not found or not _ABSOLUTE_URI.fullmatch(found):
        yield Finding(at=at, expected="an absolute URI, urn:uuid:…", found=said(found))
    elif isinstance(request, soap.SoapMessage) and found == request.addressing.message_id:
        yield Finding(at=at, expected="an id of its own", found="the MessageID of the request")
    elif not _UUID_URN.fullmatch(found):
        yield warning(at, "urn:uuid:…", found)


def _retrieves_where_it_listed(view: View, context: Context) -> bool:
    return view.exchange.response is not None and any(
        e.exchange.transaction == codes.ITI_38
        and e.exchange.url == view.exchange.url
        and isinstance(e.response, soap.SoapMessage)
        and e.response.fault is None
        for e in context.earlier
    )


@check("TRN-A-011", actor="ncpeh-a", on="ITI-39", when=_retrieves_where_it_listed)
def retrieve_is_served_where_the_query_is(view: View, _: Context) -> Iterator[Finding]:
    """The path that served ITI-38 takes ITI-39, too. Source: eHDSI XCA profile; WS-Addressing 1.0 SOAP binding, 6.4.1."""
    record, message = view.exchange.response, view.own
    fault = message.fault if message is not None else None
    named = (fault.code, *fault.subcodes) if fault is not None else ()
    if any("ActionNotSupported" in name for name in named):
        yield Finding(at=place(view), expected="an answer to ITI-39", found="a fault ActionNotSupported")
    elif record is not None and record.status in _NOT_SERVED:
        at = Location(message="response")
        yield Finding(at=at, expected="an answer to ITI-39", found=f"HTTP {record.status}")


_DESCRIPTIONS = (
    "{http://schemas.xmlsoap.org/wsdl/}definitions",  # WSDL 1.1, 2.1
    "{http://www.w3.org/ns/wsdl}description",  # WSDL 2.0 part 1, 2.1
)


@check("TRN-A-012", actor="ncpeh-a", when=lambda view, _: not view.speaks_soap)
def service_describes_itself(view: View, _: Context) -> Iterator[Finding]:
    """GET ?wsdl is answered by a WSDL. Source: WSDL 1.1, 2.1; WSDL 2.0 part 1, 2.1."""
    record, at = view.exchange.response, Location(message="response")
    if record is None or record.status != 200:
        found = f"HTTP {record.status}" if record is not None else "nothing"
        yield Finding(at=at, expected="a WSDL", found=found)
        return
    try:
        root = safexml.parse(record.body)
    except WireError as exc:
        yield of_error(exc, at, "a WSDL")
        return
    yield from unless_in(at, str(root.tag), _DESCRIPTIONS)


@check("TRN-A-013", actor="ncpeh-a", when=_readable)
def answer_comes_in_time(view: View, _: Context) -> Iterator[Finding]:
    """The answer is complete within 30 s. Source: OpenNCP, client configuration, whose own limit is 180 s."""
    took = view.exchange.duration_s
    if took > SLOW_S:
        at = Location(message="response")
        yield Finding(at=at, expected=f"an answer within {SLOW_S:.0f} s", found=f"an answer after {took:.0f} s")


def frame_problems(view: View) -> Iterator[Finding]:
    """What keeps a readable message from being the one SOAP 1.2 message of its exchange; in an answer against TRN-A-001.

    No check of the table, because that requirement also needs refused connections: this can break it and never meets it.
    A missing or foreign media type is a warning only, since the envelope says by itself what it is.

    Source: SOAP 1.2 part 2, 7.5.1 (status codes) and part 1, 5.3; IHE ITI TF-2, appendix V.3 (one payload); RFC 3902.
    """
    message, record = view.own, view.exchange.response
    if message is not None and message.body_count > 1:
        yield Finding(at=place(view), expected="1 element in soap:Body", found=str(message.body_count))
    if view.asked_by_sut or message is None or record is None:
        return
    at = Location(message="response")
    if message.fault is None and record.status != 200:
        yield Finding(at=at, expected="HTTP 200 with a message that is no fault", found=f"HTTP {record.status}")
    if not record.start_line.startswith("HTTP/1."):
        yield Finding(at=at, expected="HTTP/1.1", found=said(record.start_line.partition(" ")[0]))
    if message.version != "1.2":
        yield Finding(at=at, expected="a SOAP 1.2 envelope", found=f"SOAP {message.version}", deviation="DEV-01")
    found = message.content_type.media_type if message.content_type is not None else None
    if message.version == "1.2" and found not in _SOAP_12_TYPES:
        yield warning(at, _SOAP_12_TYPES[0], said(found))


def _error_texts(view: View) -> Iterator[tuple[Location, str, bool]]:
    """Every text in which the answer explains an error: where it stands, the text, whether it is a technical location."""
    message = view.own
    if message is not None and message.fault is not None:
        yield place(view), f"{message.fault.reason}\n{message.fault.detail}", False
    if view.discovery_answer is not None:
        for detail in view.discovery_answer.details:
            yield place(view, xcpd.X_ACK_DETAIL), detail.text or "", False
            yield place(view, xcpd.X_ACK_DETAIL + "/hl7:location"), detail.location or "", True
    for registry, path in ((view.query_answer, xds.X_ERROR), (view.retrieve_answer, xds.X_RETRIEVE_ERROR)):
        for number, error in enumerate(registry.errors if registry is not None else (), start=1):
            yield place(view, f"{path}[{number}]/@codeContext"), error.context or "", False
            yield place(view, f"{path}[{number}]/@location"), error.location or "", True


def _explains_an_error(view: View, _: Context) -> bool:
    return next(_error_texts(view), None) is not None


@check("TRN-A-010", actor="ncpeh-a", when=_explains_an_error)
def errors_do_not_disclose_a_stack_trace(view: View, _: Context) -> Iterator[Finding]:
    """No fault or error text holds a stack trace or the name of a program class. Source: OWASP ASVS 7.4.1."""
    for at, text, technical in _error_texts(view):
        trace = _TRACE.search(text)
        if technical and (trace or _JAVA_PLACE.search(text)):
            yield warning(at, "no program internals", "a class name of the program", "DEV-02")
        elif trace:
            yield Finding(at=at, expected="no stack trace", found=f"program internals ({len(text)} characters of text)")


@check("TRN-B-001", actor="ncpeh-b", when=_readable)
def request_carries_action_and_message_id(view: View, _: Context) -> Iterator[Finding]:
    """Action of the operation, to be understood, and MessageID are there; To is expected. Source: IHE ITI TF-2, appendix V.3."""
    message = view.own
    if message is None:
        return
    addressing, actions = message.addressing, codes.ACTIONS.get(view.exchange.transaction)
    if actions is not None:
        allowed = (actions.request,)
        if view.exchange.transaction == codes.ITI_55 and addressing.action == codes.ACTION_XCPD_DEFERRED_REQUEST:
            allowed = (codes.ACTION_XCPD_DEFERRED_REQUEST,)
        yield from unless_in(header_place(view, "wsa:Action"), addressing.action, allowed)
    if addressing.action and not addressing.action_must_understand:
        yield Finding(at=header_place(view, "wsa:Action"), expected="mustUnderstand true", found="no such mark")
    if not addressing.message_id:
        yield Finding(at=header_place(view, "wsa:MessageID"), expected="a MessageID", found=said(None))
    if addressing.to is None:
        deviation = "DEV-03" if addressing.reply_to is None else None
        yield warning(header_place(view, "wsa:To"), "the address of the receiver", said(None), deviation)


def _has_message_id(view: View, _: Context) -> bool:
    return view.own is not None and bool(view.own.addressing.message_id)


@check("TRN-B-002", actor="ncpeh-b", when=_has_message_id)
def message_id_was_not_used_before(view: View, context: Context) -> Iterator[Finding]:
    """No earlier request of the row carried this MessageID. Source: WS-Addressing 1.0 core, 3.2."""
    message = view.own
    if message is None:
        return
    for earlier in context.earlier:
        before = earlier.own
        if (
            before is not None
            and earlier.asked_by_sut
            and earlier.exchange.id != view.exchange.id
            and before.addressing.message_id == message.addressing.message_id
        ):
            yield Finding(
                at=header_place(view, "wsa:MessageID"),
                expected="an id used once",
                found=f"the MessageID of exchange {earlier.exchange.id}",
            )


@check("TRN-B-003", actor="ncpeh-b", when=_has_message_id)
def message_id_is_a_uuid_urn(view: View, _: Context) -> Iterator[Finding]:
    """MessageID has the form urn:uuid. Source: RFC 4122, 3."""
    found = (view.own.addressing.message_id or "") if view.own is not None else ""
    if not _UUID_URN.fullmatch(found):
        deviation = "DEV-04" if found.startswith("uuid:") else None
        yield warning(header_place(view, "wsa:MessageID"), "urn:uuid:…", found, deviation)


@check(
    "TRN-B-004",
    actor="ncpeh-b",
    when=lambda view, _: view.own is not None and view.own.addressing.reply_to is not None,
)
def reply_to_is_anonymous(view: View, _: Context) -> Iterator[Finding]:
    """ReplyTo, when sent, is the anonymous address. Source: WS-Addressing 1.0 core, 2.1."""
    found = view.own.addressing.reply_to if view.own is not None else None
    yield from unless_in(header_place(view, "wsa:ReplyTo/wsa:Address"), found, (soap.ANONYMOUS,))


@check("TRN-B-005", actor="ncpeh-b", when=_readable)
def addressing_blocks_lie_in_one_namespace(view: View, _: Context) -> Iterator[Finding]:
    """No header block is called like an addressing block but lies in another namespace. Source: WS-Addressing 1.0 core, 1.2."""
    message = view.own
    for name in message.addressing.foreign_blocks if message is not None else ():
        block = next(message.root.iter(name), None) if message is not None else None
        at = under(block, "", view.side) if block is not None else header_place(view)
        if name.startswith(f"{{{soap.ANONYMOUS}}}"):
            yield warning(at, f"blocks of {ns.WSA} only", name, "DEV-05")
        else:
            yield Finding(at=at, expected=f"blocks of {ns.WSA} only", found=name)


@check("TRN-B-006", actor="ncpeh-b", when=_readable)
def one_security_header_holds_the_assertions(view: View, _: Context) -> Iterator[Finding]:
    """Exactly one wsse:Security is there, with SAML assertions as its children. Source: eHDSI SAML profile."""
    message = view.own
    if message is None:
        return
    if message.security_count != 1:
        yield Finding(
            at=header_place(view, "wsse:Security"), expected="1 wsse:Security", found=str(message.security_count)
        )
    elif not message.assertions:
        yield Finding(
            at=header_place(view, "wsse:Security"), expected="saml:Assertion children of wsse:Security", found="none"
        )


_ORDER = ("nok", "hcp", "trc")


@check("TRN-B-007", actor="ncpeh-b", when=lambda view, _: len(view.assertions) > 1)
def assertions_stand_in_order(view: View, _: Context) -> Iterator[Finding]:
    """Next of kin, then HCP, then TRC assertion. Source: eHDSI SAML profile."""
    kinds = [a.kind for _, a in view.assertions if not isinstance(a, WireError) and a.kind in _ORDER]
    if kinds != sorted(kinds, key=_ORDER.index):
        yield Finding(at=header_place(view, "wsse:Security"), expected=", ".join(_ORDER), found=", ".join(kinds))


@check(
    "TRN-B-011",
    actor="ncpeh-b",
    when=lambda view, _: view.exchange.tls is not None and bool(view.exchange.tls.peer_certificate),
)
def tls_certificate_names_a_country(view: View, _: Context) -> Iterator[Finding]:
    """The subject of the TLS client certificate has a C. Source: eHDSI X.509 certificate profile."""
    tls = view.exchange.tls
    if tls is None:
        return
    try:
        country = x509.describe_certificate(tls.peer_certificate).country
    except WireError as exc:
        yield Finding(at=Location(message="request"), expected="a readable certificate", found=exc.problem)
        return
    if not country:
        yield Finding(at=Location(message="request"), expected="a subject with C", found=said(tls.peer_subject))
