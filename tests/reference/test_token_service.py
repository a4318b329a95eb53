"""The bundled system's token service: what it issues, with what its own country A makes of it, and what it refuses."""

from dataclasses import replace
from datetime import timedelta

import pytest

from harness import safexml
from harness.reference import NCPEH_B, Identity, ReferenceConfig
from harness.reference._server import HttpQuestion
from harness.reference._token_service import NOK_PATH, TRC_PATH, TokenService
from harness.reference._trail import Trail
from harness.wire import codes, saml, soap, wstrust, x509, xmldsig
from harness.wire.saml import SamlAssertion
from harness.wire.wstrust import NokParameters, TokenRequest, TrcParameters
from tests.reference.reference_support import AT, HOME, NOMINAL, PHYSICIAN, POPULATION, Country

HCP = saml.new_hcp_assertion(PHYSICIAN, id="_hcp-1", country="BE", home_community=HOME, at=AT)
TRC = TokenRequest(parameters=TrcParameters(purpose_of_use="TREATMENT", patient_id=NOMINAL.cx))
NOK = TokenRequest(
    parameters=NokParameters(purpose_of_use="EMERGENCY", family_name="Exemplaire", birth_date="1950-01-02")
)


def service(fr: Identity, be: Country, *faults: str) -> TokenService:
    config = ReferenceConfig(
        actors=frozenset({NCPEH_B}),
        identity=fr,
        trust_anchors=be.identity.authority,
        population_path=POPULATION,
        clock=lambda: AT,
        faults=frozenset(faults),
    )
    return TokenService(config, Trail(config, None, lambda _: ""))


def ask(
    service: TokenService, be: Country, request: TokenRequest, *shown: SamlAssertion, path: str = TRC_PATH
) -> soap.SoapMessage:
    signed = [xmldsig.sign(saml.build_assertion(one), be.identity.seal) for one in shown]
    addressing = soap.Addressing(action=codes.ACTION_STS_REQUEST, message_id="urn:uuid:1")
    body = soap.build_envelope(addressing=addressing, payload=wstrust.build_request(request), assertions=signed)
    question = HttpQuestion(path=path, content_type=soap.CONTENT_TYPE, body=body, certificate=be.certificate)
    reply = service.answer(question)
    return soap.parse_message(reply.content_type, reply.body)


def issued(message: soap.SoapMessage) -> SamlAssertion:
    assert message.payload is not None
    (element,) = wstrust.issued_assertions(message.payload)
    return saml.parse_assertion(element)


def test_a_trc_assertion_rests_on_the_identity_shown(fr: Identity, be: Country) -> None:
    message = ask(service(fr, be), be, TRC, HCP)
    said = issued(message)
    assert (said.kind, said.name_id, said.advice_ids) == ("trc", HCP.name_id, ("_hcp-1",))
    assert [a.text for a in said.attributes] == [NOMINAL.cx, "TREATMENT"]
    assert message.addressing.relates_to == "urn:uuid:1"
    assert message.payload is not None
    (response,) = wstrust.parse_response(message.payload).responses
    assert (response.created, response.expires) == (saml.instant(AT), saml.instant(AT + timedelta(hours=2)))


def test_the_signature_holds_where_the_token_stands_and_where_it_is_put(fr: Identity, be: Country) -> None:
    message = ask(service(fr, be), be, TRC, HCP)
    assert message.payload is not None
    (element,) = wstrust.issued_assertions(message.payload)
    (token,) = wstrust.parse_response(message.payload).responses[0].assertions
    anchors = x509.parse_certificates(fr.authority)
    for place in (element, safexml.parse(token)):
        assert xmldsig.verify(place, anchors=anchors, at=AT).chain_problem is None


def test_a_next_of_kin_assertion_says_what_is_known(fr: Identity, be: Country) -> None:
    said = issued(ask(service(fr, be), be, NOK, HCP, path=NOK_PATH))
    assert said.kind == "nok"
    assert {a.name.rpartition(":")[2]: a.text for a in said.attributes} == {
        "familyname": "Exemplaire",
        "birthdate": "1950-01-02",
    }


REFUSED: dict[str, tuple[TokenRequest, tuple[SamlAssertion, ...], str]] = {
    "no assertion": (TRC, (), "InvalidSecurityToken"),
    "two assertions": (TRC, (HCP, replace(HCP, id="_hcp-2")), "InvalidSecurityToken"),
    "expired": (TRC, (replace(HCP, not_on_or_after=saml.instant(AT - timedelta(minutes=2))),), "FailedAuthentication"),
    "no identity": (
        TRC,
        (saml.new_trc_assertion(HCP, NOMINAL.cx, id="_t", country="BE", at=AT),),
        "FailedAuthentication",
    ),
    "renewal": (replace(TRC, request_type="urn:renew"), (HCP,), "BadRequest"),
    "no token type": (replace(TRC, token_type=None), (HCP,), "BadRequest"),
    "parameters of a next of kin": (NOK, (HCP,), "BadRequest"),
    "no patient": (TokenRequest(parameters=TrcParameters(purpose_of_use="TREATMENT")), (HCP,), "InvalidRequest"),
    "no purpose": (TokenRequest(parameters=TrcParameters(patient_id=NOMINAL.cx)), (HCP,), "InvalidRequest"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_wrong_request_is_refused_with_the_fault_it_calls_for(name: str, fr: Identity, be: Country) -> None:
    request, shown, code = REFUSED[name]
    message = ask(service(fr, be), be, request, *shown)
    assert message.fault is not None
    assert [c.rpartition("}")[2] for c in message.fault.subcodes] == [code]
    assert message.addressing.relates_to == "urn:uuid:1"


@pytest.mark.parametrize("body", [b"", b"<a/>", b"\x00"], ids=["empty", "no-soap", "no-xml"])
def test_what_is_no_message_gets_a_fault(body: bytes, fr: Identity, be: Country) -> None:
    question = HttpQuestion(path=TRC_PATH, content_type=soap.CONTENT_TYPE, body=body, certificate=be.certificate)
    reply = service(fr, be).answer(question)
    assert soap.parse_message(reply.content_type, reply.body).fault is not None


def test_a_fault_of_the_service_changes_its_one_thing(fr: Identity, be: Country) -> None:
    nobody = TokenRequest(parameters=TrcParameters(purpose_of_use="TREATMENT"))
    assert issued(ask(service(fr, be, "sts.patient.ignored"), be, nobody, HCP)).kind == "trc"
    assert ask(service(fr, be, "sts.relates-to.absent"), be, TRC, HCP).addressing.relates_to is None
    message = ask(service(fr, be, "sts.token.twice"), be, TRC, HCP)
    assert message.payload is not None
    assert len(wstrust.issued_assertions(message.payload)) == 2
