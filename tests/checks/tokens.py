"""Exchanges with a token service as values, good ones and the parts to spoil them with."""

from dataclasses import dataclass, field, replace
from datetime import timedelta

from harness import checks
from harness.model import Exchange, Party
from harness.wire import codes, issuing, saml, soap, wstrust, x509, xmldsig
from harness.wire.saml import SamlAssertion
from harness.wire.wstrust import IssuedToken, NokParameters, TokenRequest, TokenResponse, TrcParameters
from tests.checks import checks_support as cs

HCP = cs.identity()
TRC_WISH = TrcParameters(
    purpose_of_use="TREATMENT", patient_id=cs.PATIENT_ID.cx, dispensation_pin="AB12CD", prescription_id="RX-1"
)
NOK_WISH = NokParameters(purpose_of_use="TREATMENT", id="N-1", first_name="Sacha", family_name="Exemplaire")


@dataclass(frozen=True, kw_only=True)
class Issue:
    """One exchange with a token service, as values."""

    transaction: str = codes.STS_TRC
    request: TokenRequest = field(default_factory=lambda: TokenRequest(parameters=TRC_WISH))
    shown: tuple[SamlAssertion, ...] = (HCP,)
    token: SamlAssertion | None = None
    tokens: int = 1
    response: IssuedToken = field(
        default_factory=lambda: IssuedToken(
            created=saml.instant(cs.AT), expires=saml.instant(cs.AT + timedelta(hours=2))
        )
    )
    collection: bool = True
    relates_to: str | None = cs.REQUEST_UUID
    seal: x509.Credentials | None = field(default_factory=lambda: cs.pki().seal)

    def judged(self, by: Party) -> set[str]:
        """Requirements whose checks fired on what `by`, the system under test, wrote."""
        return cs.fired(checks.automatic(checks.view(self.exchange(by)), cs.context("ncpeh-b")))

    def applied(self, by: Party) -> set[str]:
        results = checks.automatic(checks.view(self.exchange(by)), cs.context("ncpeh-b"))
        return {r.requirement for r in results}

    def exchange(self, by: Party) -> Exchange:
        """The exchange in which the system under test asks (SUT) or issues (PEER asks)."""
        return Exchange(
            id="x0001",
            transaction=self.transaction,
            initiator=by,
            url="https://127.0.0.1/sts",
            request=cs.http("POST /sts HTTP/1.1", soap.CONTENT_TYPE, self._request()),
            response=cs.http("HTTP/1.1 200 OK", soap.CONTENT_TYPE, self._response()),
            started_at=cs.AT,
            duration_s=0.1,
        )

    def _request(self) -> bytes:
        signed = tuple(xmldsig.sign(saml.build_assertion(a), cs.pki().seal) for a in self.shown)
        asking, _ = cs.addressing(self.transaction)
        return soap.build_envelope(addressing=asking, payload=wstrust.build_request(self.request), assertions=signed)

    def _response(self) -> bytes:
        assert self.request.parameters is not None or self.token is not None
        claims = self.token or issued(self.request)
        xml = saml.build_assertion(claims)
        signed = xmldsig.sign(xml, self.seal) if self.seal is not None else xml
        answer = TokenResponse(
            responses=(replace(self.response, assertions=(signed,) * self.tokens),), collection=self.collection
        )
        _, answering = cs.addressing(self.transaction)
        answering = replace(answering, relates_to=self.relates_to)
        return soap.build_envelope(addressing=answering, payload=wstrust.build_response(answer))


def issued(request: TokenRequest) -> SamlAssertion:
    assert request.parameters is not None
    return issuing.new_assertion(request.parameters, HCP, id="_token-1", country="BE", at=cs.AT)


GOOD = Issue()
KIN = Issue(transaction=codes.STS_NOK, request=TokenRequest(parameters=NOK_WISH))
CLAIMS, KIN_CLAIMS = issued(GOOD.request), issued(KIN.request)
