"""The token service of country B: issues TRC and next-of-kin assertions to whoever shows a good identity assertion.

Own reading and own answers; the wire room lends SOAP reading and signatures alone. Faults of `FAULTS` bend one duty each.
Source: OASIS WS-Trust 1.3, 4 and 11; eHDSI SAML Profile, token service of country B.
"""

import logging
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from lxml import etree

from harness.errors import HarnessError, WireError
from harness.model import Practitioner
from harness.reference import _assertions, _facts, _messages
from harness.reference._messages import Fault, element
from harness.reference._refusing import SoapFaulted
from harness.reference._security import TRC_SPAN, Denial, Surroundings, judge
from harness.reference._server import HttpQuestion, HttpReply
from harness.reference._trail import Trail
from harness.reference.config import ReferenceConfig
from harness.wire import saml, soap, x509

log = logging.getLogger(__name__)

TRC_PATH, NOK_PATH = "/sts", "/sts_nok"
_TRC_FIELDS = {
    "purpose": "PurposeOfUse",
    "patient": "PatientId",
    "pin": "DispensationPinCode",
    "prescription": "PrescriptionId",
}
_NOK_FIELDS = {
    "purpose": ("PurposeOfUse",),
    "id": ("NextOfKinId",),
    "first_name": ("FirstName",),
    "family_name": ("FamilyName",),
    "gender": ("Gender",),
    "birth_date": ("BirthDate",),
    "street": ("AddressStreet",),
    "city": ("AddressCity",),
    "postal_code": ("AddressPostalCode", "NextOfKinPostalCode"),
    "country": ("AddressCountry",),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Order:
    """What is asked for by whom: the fields of the parameters, the identity assertion, the id of the request."""

    kind: str
    fields: Mapping[str, str]
    hcp: saml.SamlAssertion
    message_id: str


class TokenService:
    """Answers at `/sts` (TRC) and `/sts_nok` (next of kin)."""

    def __init__(self, config: ReferenceConfig, trail: Trail) -> None:
        self._config = config
        self._trail = trail
        self._faults = config.faults
        self._anchors = x509.parse_certificates(config.trust_anchors)
        self._revocations = x509.parse_revocations(config.trust_revocations) if config.trust_revocations else ()

    def answer(self, question: HttpQuestion) -> HttpReply:
        """The token asked for, or the fault that says why there is none."""
        relates_to = None
        try:
            message = soap.parse_message(question.content_type, question.body)
            relates_to = message.addressing.message_id
            order = self._order(question, message)
            return self._issued(order)
        except WireError:
            return self._fault(Fault(code="Sender", reason="the message cannot be read"), relates_to)
        except SoapFaulted as exc:
            return self._fault(exc.fault, relates_to)
        except HarnessError:
            log.exception("a request for a token could not be judged")
            return self._fault(Fault(code="Receiver", reason="the request could not be processed"), relates_to)

    # --- the request

    def _order(self, question: HttpQuestion, message: soap.SoapMessage) -> _Order:
        if message.version != "1.2":
            raise SoapFaulted(Fault(code="VersionMismatch", reason="SOAP 1.2 is expected"))
        payload = message.payload
        if payload is None or payload.tag != f"{{{_facts.TRUST}}}RequestSecurityToken":
            raise _refusal("BadRequest", "a request for a security token is expected")
        hcp = self._identity(question, message)
        self._demand(payload, "RequestType", _facts.REQUEST_ISSUE, "sts.request-type.ignored")
        self._demand(payload, "TokenType", _facts.TOKEN_TYPE, "sts.token-type.ignored")
        kind = "trc" if question.path == TRC_PATH else "nok"
        fields = _trc_fields(payload) if kind == "trc" else _nok_fields(payload)
        if fields is None:
            raise _refusal("BadRequest", "the parameters of the assertion are missing")
        if kind == "trc" and not fields["patient"] and "sts.patient.ignored" not in self._faults:
            raise _refusal("InvalidRequest", "no patient is named")
        if fields["purpose"] not in _facts.PURPOSES and "sts.purpose.ignored" not in self._faults:
            raise _refusal("InvalidRequest", "the purpose of use is not allowed")
        return _Order(kind=kind, fields=fields, hcp=hcp, message_id=message.addressing.message_id or "")

    def _identity(self, question: HttpQuestion, message: soap.SoapMessage) -> saml.SamlAssertion:
        """The one identity assertion of the request, judged as a country A judges it."""
        if not message.assertions and "sts.hcp.absence-ignored" in self._faults:
            return saml.SamlAssertion(id=f"_{uuid.uuid4()}", name_id="nobody", name_id_format=saml.UNSPECIFIED_NAME)
        if len(message.assertions) != 1 and "sts.hcp.two-accepted" not in self._faults:
            raise _refusal("InvalidSecurityToken", "exactly one identity assertion is expected")
        country = x509.describe_certificate(question.certificate).country if question.certificate else None
        around = Surroundings(
            at=self._config.clock(),
            anchors=self._anchors,
            tls_country=country,
            faults=self._lenience(),
            revocations=self._revocations,
        )
        caller = judge(replace(message, assertions=message.assertions[:1]), around, trc=False)
        if isinstance(caller, Denial):
            raise _refusal("FailedAuthentication", caller.text)
        if caller.hcp is None:
            raise _refusal("FailedAuthentication", "no identity assertion")
        return caller.hcp

    def _lenience(self) -> frozenset[str]:
        """The duties of a receiver of identity assertions that this service forgets by a declared fault."""
        forgotten = {"sts.signature.ignored": "hcp.signature.ignored", "sts.expiry.ignored": "hcp.expiry.ignored"}
        return frozenset(name for fault, name in forgotten.items() if fault in self._faults)

    def _demand(self, payload: etree._Element, name: str, wanted: str, fault: str) -> None:
        found = payload.findtext(f"{{{_facts.TRUST}}}{name}")
        if (found or "").strip() != wanted and fault not in self._faults:
            raise _refusal("BadRequest", f"{name} is not the one that is served")

    # --- the answer

    def _issued(self, order: _Order) -> HttpReply:
        at = self._config.clock()
        token = self._token(order, at)
        body = element(
            "wst:RequestSecurityTokenResponseCollection",
            element("wst:RequestSecurityTokenResponse", self._response(token, at)),
        )
        self._trail.issued("TrcA" if order.kind == "trc" else "NokA", token, at)
        return self._reply(200, _facts.ACTION_ISSUE_ANSWER, order.message_id or None, body, at)

    def _token(self, order: _Order, at: datetime) -> bytes:
        hcp, fields = order.hcp, order.fields
        issuing = _assertions.Issuing(
            practitioner=_person(hcp, fields["purpose"]),
            country=self._config.country,
            home_community=self._config.home_community,
            at=at,
            seal=self._config.identity.seal,
            faults=self._faults,
        )
        own = f"_{uuid.uuid4()}"
        form = hcp.name_id_format
        if order.kind == "nok":
            return _assertions.next_of_kin_assertion(issuing, own, hcp.id, fields, name_format=form)
        patient = "X-9999^^^&2.999.250.1&ISO" if "sts.patient.other" in self._faults else fields["patient"]
        return _assertions.treatment_assertion(
            issuing,
            own,
            hcp.id,
            patient,
            name_format=form,
            access_code="" if "sts.access-code.dropped" in self._faults else fields["pin"],
            prescription=fields["prescription"],
        )

    def _response(self, token: bytes, at: datetime) -> str:
        faults = self._faults
        kind = element("wst:TokenType", _facts.TOKEN_TYPE)
        if "sts.token-type.absent" in faults:
            kind = ""
        one = element("wst:RequestedSecurityToken", token.decode())
        if "sts.token.twice" in faults:
            one = element("wst:RequestedSecurityToken", token.decode() * 2)
        span = timedelta(hours=4) if "sts.lifetime.too-long" in faults else TRC_SPAN
        bounds = element("wsu:Created", _instant(at)) + element("wsu:Expires", _instant(at + span))
        lifetime = element("wst:Lifetime", bounds, **{"xmlns:wsu": _messages.WSU})
        return kind + one + ("" if "sts.lifetime.absent" in faults else lifetime)

    def _reply(self, status: int, action: str, relates_to: str | None, body: str, at: datetime) -> HttpReply:
        if "sts.relates-to.absent" in self._faults:
            relates_to = None
        elif "sts.relates-to.other" in self._faults and relates_to:
            relates_to = f"urn:uuid:{uuid.uuid4()}"
        stamp = element("wsu:Created", _instant(at)) + element("wsu:Expires", _instant(at + timedelta(minutes=5)))
        security = element("wsse:Security", element("wsu:Timestamp", stamp, **{"xmlns:wsu": _messages.WSU}))
        header = (*_messages.answer_header(action, f"urn:uuid:{uuid.uuid4()}", relates_to), security)
        content = _messages.envelope(header, body)
        return HttpReply(status=status, content_type=_messages.SOAP_TYPE, body=content)

    def _fault(self, fault: Fault, relates_to: str | None) -> HttpReply:
        return self._reply(fault.status, fault.action, relates_to, _messages.fault_body(fault), self._config.clock())


def _refusal(subcode: str, reason: str) -> SoapFaulted:
    return SoapFaulted(Fault(code="Sender", reason=reason, subcode=f"wst:{subcode}"))


def _trc_fields(payload: etree._Element) -> dict[str, str] | None:
    parameters = payload.find(f"{{{_facts.TRC_PARAMETERS}}}TRCParameters")
    if parameters is None:
        return None
    named = {name: f"{{{_facts.TRC_PARAMETERS}}}{tag}" for name, tag in _TRC_FIELDS.items()}
    return {name: (parameters.findtext(tag) or "").strip() for name, tag in named.items()}


def _nok_fields(payload: etree._Element) -> dict[str, str] | None:
    parameters = payload.find(f"{{{_facts.NOK_PARAMETERS}}}NoKParameters")
    if parameters is None:
        return None
    found = {}
    for name, tags in _NOK_FIELDS.items():
        texts = (parameters.findtext(f"{{{_facts.NOK_PARAMETERS}}}{tag}") for tag in tags)
        found[name] = next((t.strip() for t in texts if t), "")
    return found


def _person(hcp: saml.SamlAssertion, purpose: str) -> Practitioner:
    """As much of the practitioner as an assertion that rests on `hcp` repeats."""
    return Practitioner(
        key="practitioner",
        name="",
        name_id=hcp.name_id or "",
        role_code="",
        role_display="",
        facility_type="",
        organization="",
        organization_id="",
        locality="",
        purpose_of_use=purpose,
    )


def _instant(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03d}Z"
