"""One exchange, parsed at most once: what checks look at instead of bytes.

Parsing problems are values (`WireError`), never exceptions: a message that cannot be read is itself something to judge.
"""

from collections.abc import Callable
from functools import cached_property

from lxml import etree

from harness import safexml
from harness.errors import WireError
from harness.model import Exchange, HttpRecord, Party
from harness.wire import cda, codes, mtom, ns, saml, searchmask, smp, soap, wstrust, xcpd, xdr, xds

WSDL = "http.request.wsdl"
"""The alteration that asks an endpoint for its description: what comes is then no message."""


class View:
    """`exchange` and everything that can be read from it; all attributes are lazy, cached and without side effects."""

    def __init__(self, exchange: Exchange) -> None:
        self.exchange = exchange
        self.siblings = ns.Siblings()

    @property
    def asked_by_sut(self) -> bool:
        """Whether the system under test wrote the request (else it wrote the response)."""
        return self.exchange.initiator is Party.SUT

    @cached_property
    def request(self) -> soap.SoapMessage | WireError | None:
        """The request as SOAP, the reason why it is none, or None when none is due (a lookup of metadata)."""
        return None if self.is_lookup else _message(self.exchange.request)

    @cached_property
    def response(self) -> soap.SoapMessage | WireError | None:
        """The response as SOAP, the reason why it is none, or None when no response came or none is due."""
        return _message(self.exchange.response) if self.exchange.response is not None and not self.is_lookup else None

    @property
    def is_lookup(self) -> bool:
        """Whether this is a lookup of service metadata: plain HTTP, without SOAP."""
        return self.exchange.transaction == codes.SMP

    @cached_property
    def asked_metadata(self) -> tuple[smp.Identifier, smp.Identifier | None] | WireError | None:
        """Participant, and document unless the whole group is asked for, that a lookup names; None for other exchanges."""
        if not self.is_lookup:
            return None
        target = next(iter(self.exchange.request.start_line.split(" ")[1:2]), "")
        try:
            return smp.parse_path(smp.below_root(target))
        except WireError as exc:
            return exc

    @property
    def asked_service(self) -> str:
        """The service that a lookup asks for, empty for the whole group and for what is none of eHDSI's."""
        asked = self.asked_metadata
        document = asked[1] if isinstance(asked, tuple) else None
        return smp.service_of(document) if document is not None else ""

    @cached_property
    def metadata(self) -> smp.ServiceMetadata | smp.ServiceGroup | WireError | None:
        """What a lookup was answered with, or why it cannot be read; None for other exchanges and without an answer."""
        response = self.exchange.response
        if not self.is_lookup or response is None or response.status != 200:
            return None
        try:
            return smp.parse_any(response.body)
        except WireError as exc:
            return exc

    @cached_property
    def search_mask(self) -> searchmask.SearchMask | WireError | None:
        """The search mask that metadata carry, or why it cannot be read; None without one."""
        if not isinstance(self.metadata, smp.ServiceMetadata):
            return None
        held = next((e.extension for e in self.metadata.endpoints if e.extension), None)
        try:
            return searchmask.parse_mask(held) if held is not None else None
        except WireError as exc:
            return exc

    @property
    def speaks_soap(self) -> bool:
        """Whether request and answer have to be messages at all."""
        return WSDL not in self.exchange.altered

    @property
    def own(self) -> soap.SoapMessage | None:
        """The readable message that the SUT wrote, None when there is none."""
        return _readable(self.request if self.asked_by_sut else self.response)

    @property
    def side(self) -> str:
        """Which message the SUT wrote: `request` or `response`."""
        return "request" if self.asked_by_sut else "response"

    @cached_property
    def discovery_query(self) -> xcpd.DiscoveryQuery | None:
        """The PRPA_IN201305UV02 of the request."""
        return self._payload(self.request, ns.clark(ns.HL7, codes.INTERACTION_QUERY), xcpd.parse_query)

    @cached_property
    def discovery_answer(self) -> xcpd.DiscoveryAnswer | None:
        """The PRPA_IN201306UV02 of the response."""
        return self._payload(self.response, ns.clark(ns.HL7, codes.INTERACTION_ANSWER), xcpd.parse_answer)

    @cached_property
    def document_query(self) -> xds.DocumentQuery | None:
        """The AdhocQueryRequest of the request."""
        return self._payload(self.request, ns.clark(ns.QUERY, "AdhocQueryRequest"), xds.parse_query)

    @cached_property
    def query_answer(self) -> xds.QueryAnswer | None:
        """The AdhocQueryResponse of the response."""
        return self._payload(self.response, ns.clark(ns.QUERY, "AdhocQueryResponse"), xds.parse_query_answer)

    @cached_property
    def retrieve_request(self) -> xds.RetrieveRequest | None:
        """The RetrieveDocumentSetRequest of the request."""
        name = ns.clark(ns.XDSB, "RetrieveDocumentSetRequest")
        return self._payload(self.request, name, xds.parse_retrieve_request)

    @cached_property
    def retrieve_answer(self) -> xds.RetrieveAnswer | None:
        """The RetrieveDocumentSetResponse of the response, documents resolved from their MIME parts."""
        message = _readable(self.response)

        def parse(element: etree._Element) -> xds.RetrieveAnswer:
            parts = message.parts if message is not None else {}
            return xds.parse_retrieve_answer(element, lambda node: mtom.resolve_xop(node, parts))

        return self._payload(self.response, ns.clark(ns.XDSB, "RetrieveDocumentSetResponse"), parse)

    @cached_property
    def submission(self) -> xdr.Submission | None:
        """The ProvideAndRegisterDocumentSetRequest of the request, documents resolved from their MIME parts."""
        message = _readable(self.request)

        def parse(element: etree._Element) -> xdr.Submission:
            parts = message.parts if message is not None else {}
            return xdr.parse_submission(element, lambda node: mtom.resolve_xop(node, parts))

        return self._payload(self.request, ns.clark(ns.XDSB, "ProvideAndRegisterDocumentSetRequest"), parse)

    @cached_property
    def registry_response(self) -> xds.RegistryResponse | None:
        """The RegistryResponse that is the payload of the response."""
        return self._payload(self.response, ns.clark(ns.RS, "RegistryResponse"), xds.parse_registry_response)

    @cached_property
    def token_request(self) -> wstrust.TokenRequest | None:
        """The RequestSecurityToken of the request."""
        return self._payload(self.request, ns.clark(ns.WST, "RequestSecurityToken"), wstrust.parse_request)

    @cached_property
    def token_response(self) -> wstrust.TokenResponse | None:
        """The answer of a token service in the response, one response or a collection."""
        found = (self._payload(self.response, name, wstrust.parse_response) for name in _TOKEN_RESPONSES)
        return next((response for response in found if response is not None), None)

    @cached_property
    def issued(self) -> tuple[tuple[etree._Element, saml.SamlAssertion | WireError], ...]:
        """Each assertion that the response holds as a token, with its element, in order."""
        message = _readable(self.response)
        if message is None or message.payload is None or message.payload.tag not in _TOKEN_RESPONSES:
            return ()
        return tuple((e, _assertion(e)) for e in wstrust.issued_assertions(message.payload))

    @property
    def registry_answer(self) -> xds.QueryAnswer | xds.RetrieveAnswer | xds.RegistryResponse | None:
        """The status and errors of the response, whichever of the registry's answers it is."""
        return self.query_answer or self.retrieve_answer or self.registry_response

    @cached_property
    def submitted(self) -> tuple[etree._Element | WireError, ...]:
        """Each submitted document as XML, or why it is none."""
        submission = self.submission
        return tuple(_parsed(d.content) for d in submission.documents) if submission is not None else ()

    @cached_property
    def payload_problem(self) -> WireError | None:
        """Why the payload of the SUT's message cannot be read though the envelope can, or None."""
        message = self.own
        if message is None or message.payload is None:
            return None
        parse = _PARSERS.get(str(message.payload.tag))
        if parse is None:
            return None
        try:
            if parse is xds.parse_retrieve_answer or parse is xdr.parse_submission:
                parse(message.payload, lambda node: mtom.resolve_xop(node, message.parts))
            else:
                parse(message.payload)
        except WireError as exc:
            return exc
        return None

    @property
    def retrieved(self) -> tuple[xds.RetrievedDocument, ...]:
        """The documents that came back, empty when none can be read."""
        return self.retrieve_answer.documents if self.retrieve_answer is not None else ()

    @cached_property
    def documents(self) -> tuple[etree._Element | WireError, ...]:
        """Each retrieved document as XML, or why it is none."""
        return tuple(_parsed(document.content) for document in self.retrieved)

    @cached_property
    def headers(self) -> tuple[cda.CdaHeader | WireError, ...]:
        """The CDA header of each retrieved document, or why it has none."""
        return tuple(_header(root) for root in self.documents)

    @cached_property
    def assertions(self) -> tuple[tuple[etree._Element, saml.SamlAssertion | WireError], ...]:
        """Each assertion of the request with its element, in order."""
        message = _readable(self.request)
        return tuple((e, _assertion(e)) for e in message.assertions) if message is not None else ()

    def assertion(self, kind: str) -> tuple[etree._Element, saml.SamlAssertion] | None:
        """The first readable assertion of `kind` (hcp, trc, nok) in the request."""
        for element, parsed in self.assertions:
            if isinstance(parsed, saml.SamlAssertion) and parsed.kind == kind:
                return element, parsed
        return None

    @staticmethod
    def _payload[T](
        message: soap.SoapMessage | WireError | None, name: str, parse: Callable[[etree._Element], T]
    ) -> T | None:
        readable = _readable(message)
        if readable is None or readable.payload is None or readable.payload.tag != name:
            return None
        try:
            return parse(readable.payload)
        except WireError:
            return None


_TOKEN_RESPONSES = (
    ns.clark(ns.WST, "RequestSecurityTokenResponseCollection"),
    ns.clark(ns.WST, "RequestSecurityTokenResponse"),
)
_PARSERS: dict[str, Callable[..., object]] = {
    ns.clark(ns.HL7, codes.INTERACTION_QUERY): xcpd.parse_query,
    ns.clark(ns.HL7, codes.INTERACTION_ANSWER): xcpd.parse_answer,
    ns.clark(ns.QUERY, "AdhocQueryRequest"): xds.parse_query,
    ns.clark(ns.QUERY, "AdhocQueryResponse"): xds.parse_query_answer,
    ns.clark(ns.XDSB, "RetrieveDocumentSetRequest"): xds.parse_retrieve_request,
    ns.clark(ns.XDSB, "RetrieveDocumentSetResponse"): xds.parse_retrieve_answer,
    ns.clark(ns.XDSB, "ProvideAndRegisterDocumentSetRequest"): xdr.parse_submission,
    ns.clark(ns.RS, "RegistryResponse"): xds.parse_registry_response,
}


def view(exchange: Exchange) -> View:
    """A view of `exchange`; nothing is parsed before it is asked for."""
    return View(exchange)


def _readable(message: soap.SoapMessage | WireError | None) -> soap.SoapMessage | None:
    return message if isinstance(message, soap.SoapMessage) else None


def _message(record: HttpRecord) -> soap.SoapMessage | WireError | None:
    if not record.raw:
        return None
    try:
        return soap.parse_message(record.header("content-type"), record.body)
    except WireError as exc:
        return exc


def _parsed(content: bytes) -> etree._Element | WireError:
    try:
        return safexml.parse(content)
    except WireError as exc:
        return exc


def _header(root: etree._Element | WireError) -> cda.CdaHeader | WireError:
    if isinstance(root, WireError):
        return root
    try:
        return cda.header_of(root)
    except WireError as exc:
        return exc


def _assertion(element: etree._Element) -> saml.SamlAssertion | WireError:
    try:
        return saml.parse_assertion(element)
    except WireError as exc:
        return exc
