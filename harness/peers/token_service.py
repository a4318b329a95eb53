"""The simulated token service of country B: issues a TRC or next-of-kin assertion for exactly one good HCP assertion.

It refuses what WS-Trust and the rules refuse, with the fault each calls for. Who asks for what is recorded by the listener
and judged elsewhere. Source: OASIS WS-Trust 1.3, 4 and 11; eHDSI SAML profile, token service of country B.
"""

from collections.abc import Iterator
from datetime import timedelta

from cryptography import x509 as certificates
from lxml import etree

from harness.errors import WireError
from harness.model import HttpRecord
from harness.peers.answers import PlannedAnswer
from harness.peers.clock import Clock, Ids
from harness.peers.pki import Pki
from harness.wire import codes, issuing, ns, saml, soap, wstrust, x509, xmldsig
from harness.wire.saml import SamlAssertion
from harness.wire.wstrust import IssuedToken, TokenRequest, TokenResponse, TrcParameters

PURPOSES = ("TREATMENT", "EMERGENCY")
TOLERANCE = timedelta(seconds=60)
TIMESTAMP_S = 300.0
_KINDS = {codes.STS_TRC: "trc", codes.STS_NOK: "nok"}


class Refused(Exception):
    """Ends the work on a request; `code` is a local name of the fault codes of WS-Trust."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


class TokenService:
    """Answers STS-TRC and STS-NOK of `country`, the SUT's own; identity assertions are trusted when they lead to the anchors
    of the SUT or to ours (PEM)."""

    def __init__(self, pki: Pki, country: str, sut_anchors: bytes, clock: Clock, ids: Ids) -> None:
        self._pki = pki
        self._country = country
        self._anchors = (*x509.parse_certificates(sut_anchors), *x509.parse_certificates(pki.anchors))
        self._clock = clock
        self._ids = ids

    def answer(self, request: HttpRecord, transaction: str) -> PlannedAnswer:
        """The token asked for, or a SOAP fault."""
        relates_to = None
        try:
            message = soap.parse_message(request.header("content-type"), request.body)
            relates_to = message.addressing.message_id
            response = self._issued(message, transaction)
        except WireError as exc:
            return self._fault("BadRequest", f"The request cannot be read: {exc.kind}", relates_to)
        except Refused as exc:
            return self._fault(exc.code, exc.reason, relates_to)
        addressing = self._addressing(codes.ACTION_STS_RESPONSE, relates_to)
        payload = wstrust.build_response(response)
        return _planned(200, soap.build_envelope(addressing=addressing, payload=payload, timestamp=self._timestamp()))

    def _issued(self, message: soap.SoapMessage, transaction: str) -> TokenResponse:
        if message.payload is None:
            raise Refused("BadRequest", "a request for a token is expected")
        request = wstrust.parse_request(message.payload)
        hcp = self._identity(message)
        for refusal in _refusals(request, _KINDS[transaction]):
            raise refusal
        assert request.parameters is not None, "refused above"
        at = self._clock()
        claims = issuing.new_assertion(request.parameters, hcp, id=f"_{self._ids.uuid()}", country=self._country, at=at)
        signed = xmldsig.sign(saml.build_assertion(claims), self._pki.seal)
        token = IssuedToken(
            assertions=(signed,),
            created=saml.instant(at),
            expires=saml.instant(at + timedelta(seconds=wstrust.LIFETIME_S)),
            context=request.context,
        )
        return TokenResponse(responses=(token,))

    def _identity(self, message: soap.SoapMessage) -> SamlAssertion:
        parsed = [(element, saml.parse_assertion(element)) for element in message.assertions]
        hcps = [pair for pair in parsed if pair[1].kind == "hcp"]
        if not hcps:
            raise Refused("FailedAuthentication", "an identity assertion is expected")
        if len(parsed) > 1:
            raise Refused("InvalidSecurityToken", "exactly one identity assertion is expected")
        element, hcp = hcps[0]
        problem = self._signature_problem(element) or self._window_problem(hcp)
        if problem:
            raise Refused("InvalidSecurityToken", problem)
        return hcp

    def _signature_problem(self, element: etree._Element) -> str | None:
        anchors: tuple[certificates.Certificate, ...] = self._anchors
        try:
            facts = xmldsig.verify(element, anchors=anchors, at=self._clock())
        except WireError:
            return "the signature of the identity assertion is not valid"
        if facts.weak or facts.certificate_count != 1:
            return "the signature of the identity assertion is not of the form agreed"
        return "the signer of the identity assertion is not trusted" if facts.chain_problem else None

    def _window_problem(self, hcp: SamlAssertion) -> str | None:
        start = hcp.not_before.at if hcp.not_before else None
        end = hcp.not_on_or_after.at if hcp.not_on_or_after else None
        if start is None or end is None:
            return "the identity assertion has no validity"
        now = self._clock()
        if not start - TOLERANCE <= now < end + TOLERANCE:
            return "the identity assertion has expired or is not valid yet"
        return None

    def _timestamp(self) -> tuple[str, str]:
        now = self._clock()
        return saml.instant(now).text, saml.instant(now + timedelta(seconds=TIMESTAMP_S)).text

    def _addressing(self, action: str, relates_to: str | None) -> soap.Addressing:
        return soap.Addressing(
            action=action,
            message_id=f"urn:uuid:{self._ids.uuid()}",
            to=soap.ANONYMOUS,
            relates_to=relates_to,
            action_must_understand=True,
        )

    def _fault(self, code: str, reason: str, relates_to: str | None) -> PlannedAnswer:
        addressing = self._addressing(soap.FAULT_ACTION, relates_to)
        text = f"{wstrust.REASONS[code]}: {reason}"
        return _planned(400, soap.build_fault("Sender", text, addressing=addressing, subcode=ns.clark(ns.WST, code)))


def _refusals(request: TokenRequest, kind: str) -> Iterator[Refused]:
    if request.request_type != wstrust.ISSUE:
        yield Refused("BadRequest", "only the issue of a token is served")
    if request.token_type != wstrust.SAML_TOKEN:
        yield Refused("BadRequest", "only SAML 2.0 assertions are issued")
    parameters = request.parameters
    if parameters is None or request.kind != kind:
        yield Refused("BadRequest", "the parameters of the assertion are missing")
    elif isinstance(parameters, TrcParameters) and not parameters.patient_id:
        yield Refused("InvalidRequest", "PatientId is missing")
    elif parameters.purpose_of_use not in PURPOSES:
        yield Refused("InvalidRequest", "PurposeOfUse is not allowed")


def _planned(status: int, body: bytes) -> PlannedAnswer:
    return PlannedAnswer(status=status, headers=(("Content-Type", soap.CONTENT_TYPE),), body=body)
