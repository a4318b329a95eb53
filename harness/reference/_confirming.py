"""Where the B side gets its TRC and next-of-kin assertions from: made here, or asked of somebody else's token service.

Source: eHDSI SAML Profile, token service of country B; OASIS WS-Trust 1.3, 4.1.
"""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass

from lxml import etree

from harness.model import PatientId
from harness.reference import _assertions, _facts
from harness.reference._asking import full_message_id
from harness.reference._calling import Caller, Sending, Trouble
from harness.reference._messages import WSA_ANONYMOUS, element, envelope, text
from harness.reference._trail import Trail
from harness.reference.config import PeerSide, ReferenceConfig

_NOK_NAMES = {
    "id": "NextOfKinId",
    "first_name": "FirstName",
    "family_name": "FamilyName",
    "gender": "Gender",
    "birth_date": "BirthDate",
    "street": "AddressStreet",
    "city": "AddressCity",
    "postal_code": "AddressPostalCode",
    "country": "AddressCountry",
}
_TOKEN = f"{{{_facts.TRUST}}}RequestedSecurityToken/{{urn:oasis:names:tc:SAML:2.0:assertion}}Assertion"


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirming:
    """Assertions for one visit, all of them resting on its identity assertion."""

    config: ReferenceConfig
    peer: PeerSide
    caller: Caller
    trail: Trail
    issuing: _assertions.Issuing
    hcp: bytes
    hcp_id: str

    def treatment(self, patient: PatientId, access_code: str, service: str) -> bytes:
        """The TRC assertion for `patient`, empty when the token service of the other side gave none."""
        if service == "peer":
            return self._asked(self.peer.sts, self._trc_parameters(patient, access_code))
        own = f"_{uuid.uuid4()}"
        trc = _assertions.treatment_assertion(self.issuing, own, self.hcp_id, patient.cx, access_code=access_code)
        self.trail.issued("TrcA", trc, self.config.clock())
        return trc

    def next_of_kin(self, person: Mapping[str, str], service: str) -> bytes:
        """The assertion about who accompanies the patient, empty for nobody and when none could be had."""
        if not person:
            return b""
        if service == "peer":
            return self._asked(self.peer.sts_nok, self._nok_parameters(person))
        nok = _assertions.next_of_kin_assertion(self.issuing, f"_{uuid.uuid4()}", self.hcp_id, person)
        self.trail.issued("NokA", nok, self.config.clock())
        return nok

    def _trc_parameters(self, patient: PatientId, access_code: str) -> str:
        named = "" if "sts-client.patient.absent" in self.config.faults else element("trc:PatientId", text(patient.cx))
        pin = element("trc:DispensationPinCode", text(access_code)) if access_code else ""
        inside = element("trc:PurposeOfUse", self._purpose()) + named + pin
        return element("trc:TRCParameters", inside, **{"xmlns:trc": _facts.TRC_PARAMETERS})

    def _nok_parameters(self, person: Mapping[str, str]) -> str:
        fields = "".join(element(f"nok:{tag}", text(person[n])) for n, tag in _NOK_NAMES.items() if person.get(n))
        inside = element("nok:PurposeOfUse", self._purpose()) + fields
        return element("nok:NoKParameters", inside, **{"xmlns:nok": _facts.NOK_PARAMETERS})

    def _purpose(self) -> str:
        unknown = "sts-client.purpose.unknown" in self.config.faults
        return "CURIOSITY" if unknown else text(self.issuing.practitioner.purpose_of_use)

    def _asked(self, url: str, parameters: str) -> bytes:
        """The assertion that the token service at `url` issues for `parameters`, as it stands in the answer."""
        faults = self.config.faults
        wanted = _facts.REQUEST_ISSUE.replace(
            "Issue", "Renew" if "sts-client.request-type.renew" in faults else "Issue"
        )
        payload = element(
            "wst:RequestSecurityToken",
            element("wst:RequestType", wanted) + element("wst:TokenType", _facts.TOKEN_TYPE) + parameters,
        )
        shown = {"sts-client.hcp.absent": (), "sts-client.hcp.twice": (self.hcp, self.hcp)}
        hcps = next((given for fault, given in shown.items() if fault in faults), (self.hcp,))

        def build() -> Sending:
            own = full_message_id(str(uuid.uuid4()), faults)
            header: list[str | bytes] = [
                element("wsa:To", text(url), **{"env:mustUnderstand": "true"}),
                element("wsa:Action", _facts.ACTION_ISSUE, **{"env:mustUnderstand": "true"}),
                element("wsa:MessageID", own),
                element("wsa:ReplyTo", element("wsa:Address", WSA_ANONYMOUS)),
                '<wsse:Security env:mustUnderstand="true">',
                *hcps,
                "</wsse:Security>",
            ]
            return Sending(message_id=own, content=envelope(header, payload))

        answer = self.caller.call(url, build)
        if isinstance(answer, Trouble) or answer.payload is None:
            return b""
        token = next((t for r in answer.payload.iter("*") for t in r.findall(_TOKEN)), None)
        # exclusive canonical form, so that the signature holds wherever the assertion is put
        return b"" if token is None else etree.tostring(token, method="c14n", exclusive=True)
