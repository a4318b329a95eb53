"""The simulated token service: issues to exactly one good HCP assertion, and refuses the rest with the right fault."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

import pytest

from harness.model import Datum, HttpRecord
from harness.peers import Pki, SeededIds, TokenService
from harness.wire import issuing, ns, saml, soap, wstrust, xmldsig
from tests.peers.peer_bench import NOW, clock, prepared, record

PATIENT: Mapping[str, Datum] = {"patient": "nominal"}


def service(ours: Pki, theirs: Pki) -> TokenService:
    return TokenService(ours, "FR", theirs.anchors, clock, SeededIds(3))


def asked(ours: Pki, theirs: Pki, transaction: str, *mutate: str, **more: Datum) -> HttpRecord:
    arguments = {**PATIENT, **more}
    request = prepared(ours, theirs.anchors, transaction, *mutate, arguments=arguments).request
    return record(request)


def answered(ours: Pki, theirs: Pki, transaction: str, *mutate: str, **more: Datum) -> soap.SoapMessage:
    request = asked(ours, theirs, transaction, *mutate, **more)
    planned = service(ours, theirs).answer(request, transaction)
    return soap.parse_message(dict(planned.headers)["Content-Type"], planned.body)


def test_a_trc_assertion_is_issued_for_two_hours(ours: Pki, theirs: Pki) -> None:
    more: dict[str, Datum] = {"access_code": "AB12", "prescription_id": "RX-1", "purpose": "EMERGENCY"}
    request = asked(ours, theirs, "STS-TRC", **more)
    message = answered(ours, theirs, "STS-TRC", **more)

    assert message.payload is not None
    (token,) = wstrust.issued_assertions(message.payload)
    facts = xmldsig.verify(token, anchors=(ours.authority.certificate,), at=NOW)
    said = saml.parse_assertion(token)
    hcp = saml.parse_assertion(soap.parse_message(soap.CONTENT_TYPE, request.body).assertions[0])
    (response,) = wstrust.parse_response(message.payload).responses
    assert facts.chain_problem is None
    assert (said.kind, said.name_id, said.advice_ids) == ("trc", hcp.name_id, (hcp.id,))
    assert [a.text for a in said.attributes] == ["P-1^^^&2.999.1&ISO", "EMERGENCY", "AB12", "RX-1"]
    assert (response.created, response.expires) == (saml.instant(NOW), saml.instant(NOW + timedelta(hours=2)))
    assert message.addressing.relates_to == soap.parse_message(soap.CONTENT_TYPE, request.body).addressing.message_id


def test_a_next_of_kin_assertion_has_an_attribute_for_every_field(ours: Pki, theirs: Pki) -> None:
    message = answered(ours, theirs, "STS-NOK")
    assert message.payload is not None
    said = saml.parse_assertion(wstrust.issued_assertions(message.payload)[0])
    assert said.kind == "nok"
    assert [a.name for a in said.attributes] == [issuing.NOK_PREFIX + end for end, _ in issuing.NOK_ATTRIBUTES.values()]
    assert all(a.text for a in said.attributes)


def test_of_a_next_of_kin_only_what_is_said_is_confirmed(ours: Pki, theirs: Pki) -> None:
    message = answered(ours, theirs, "STS-NOK", next_of_kin={"family_name": "Exemple"})
    assert message.payload is not None
    said = saml.parse_assertion(wstrust.issued_assertions(message.payload)[0])
    assert [(a.name, a.text) for a in said.attributes] == [(issuing.NOK_PREFIX + "familyname", "Exemple")]


@pytest.mark.parametrize(
    ("mutation", "code"),
    [
        ("saml.hcp.missing", "FailedAuthentication"),
        ("saml.hcp.second", "InvalidSecurityToken"),
        ("saml.hcp.expired", "InvalidSecurityToken"),
        ("saml.hcp.unsigned", "InvalidSecurityToken"),
        ("saml.hcp.tampered", "InvalidSecurityToken"),
        ("saml.hcp.untrusted-signer", "InvalidSecurityToken"),
        ("sts.request-type.renew", "BadRequest"),
        ("sts.token-type.saml-1-1", "BadRequest"),
        ("sts.parameters.missing", "BadRequest"),
        ("sts.patient.missing", "InvalidRequest"),
        ("sts.purpose.unknown", "InvalidRequest"),
        ("sts.purpose.missing", "InvalidRequest"),
    ],
)
def test_a_request_that_is_wrong_gets_the_fault_it_calls_for(mutation: str, code: str, ours: Pki, theirs: Pki) -> None:
    message = answered(ours, theirs, "STS-TRC", mutation)
    assert message.fault is not None
    assert message.fault.subcodes == (ns.clark(ns.WST, code),)


def test_parameters_of_the_other_kind_are_not_understood(ours: Pki, theirs: Pki) -> None:
    planned = service(ours, theirs).answer(asked(ours, theirs, "STS-TRC"), "STS-NOK")
    assert planned.status == 400


@pytest.mark.parametrize("body", [b"", b"<a/>", b"\x00\xff", b"<soap"], ids=["empty", "no-soap", "no-xml", "cut"])
def test_bytes_that_are_no_request_get_a_fault(body: bytes, ours: Pki, theirs: Pki) -> None:
    request = replace(asked(ours, theirs, "STS-TRC"), body=body)
    planned = service(ours, theirs).answer(request, "STS-TRC")
    assert soap.parse_message(soap.CONTENT_TYPE, planned.body).fault is not None
