"""The token service, judged: good exchanges in both directions give no finding, and each defect the one it is."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from harness import checks
from harness.model import Party, TlsFacts
from harness.wire import codes, saml, soap, wstrust, x509
from harness.wire.saml import SamlAssertion
from harness.wire.wstrust import TokenRequest
from harness.wire.xcpd import Ii
from tests.checks import checks_support as cs
from tests.checks.tokens import CLAIMS, GOOD, HCP, KIN, KIN_CLAIMS, NOK_WISH, TRC_WISH, Issue


def claims(**changes: object) -> Issue:
    return replace(GOOD, token=replace(CLAIMS, **changes))  # type: ignore[arg-type]


def kin_claims(**changes: object) -> Issue:
    return replace(KIN, token=replace(KIN_CLAIMS, **changes))  # type: ignore[arg-type]


def without(made: SamlAssertion, name: str) -> tuple[saml.SamlAttribute, ...]:
    return tuple(a for a in made.attributes if a.name != name)


def wish(**changes: object) -> TokenRequest:
    return TokenRequest(parameters=replace(TRC_WISH, **changes))  # type: ignore[arg-type]


ANSWERS: dict[str, tuple[Issue, set[str]]] = {
    "two tokens of one ID": (replace(GOOD, tokens=2), {"STS-005", "SAML-TRC-008"}),
    "no token": (replace(GOOD, tokens=0), {"STS-005"}),
    "no token type": (replace(GOOD, response=replace(GOOD.response, token_type=None)), {"STS-005"}),
    "four hours": (
        replace(GOOD, response=replace(GOOD.response, expires=saml.instant(cs.AT + timedelta(hours=4)))),
        {"STS-005"},
    ),
    "no lifetime": (replace(GOOD, response=replace(GOOD.response, created=None, expires=None)), {"STS-005"}),
    "another spelling of the lifetime": (
        replace(GOOD, response=replace(GOOD.response, lifetime_name="LifeTime")),
        {"STS-005"},
    ),
    "no collection": (replace(GOOD, collection=False), {"STS-005"}),
    "another request": (replace(GOOD, relates_to=cs.ANSWER_UUID), {"STS-006"}),
    "no request": (replace(GOOD, relates_to=None), {"STS-006"}),
    "a token of another qualifier": (claims(issuer_qualifier="urn:other"), {"SAML-TRC-001"}),
    "another HCP assertion": (claims(advice_ids=("_other",)), {"SAML-TRC-002"}),
    "another name": (claims(name_id="somebody.else@hospital.example"), {"SAML-TRC-003"}),
    "no patient": (claims(attributes=without(CLAIMS, saml.SUBJECT_ID)), {"SAML-TRC-004"}),
    "no purpose": (claims(attributes=without(CLAIMS, saml.PURPOSE_OF_USE)), {"SAML-TRC-005"}),
    "no previous session": (claims(authn_context_class=saml.SMARTCARD_PKI), {"SAML-TRC-006"}),
    "three hours": (claims(not_on_or_after=saml.instant(cs.AT + timedelta(hours=3))), {"SAML-TRC-007"}),
    "unsigned": (replace(GOOD, seal=None), {"SAML-TRC-008"}),
    "signed by nobody known": (replace(GOOD, seal=cs.pki().untrusted_seal), {"SAML-TRC-008"}),
    "no access code": (claims(attributes=without(CLAIMS, saml.DISPENSATION_PIN)), {"SAML-TRC-009"}),
    "a TRC qualifier on a next of kin": (kin_claims(issuer_qualifier=saml.TRC_QUALIFIER), {"SAML-NOK-001"}),
    "a next of kin without advice": (kin_claims(advice_ids=()), {"SAML-NOK-003"}),
    "a next of kin without name": (kin_claims(attributes=KIN_CLAIMS.attributes[:1]), {"SAML-NOK-004"}),
}
REQUESTS: dict[str, tuple[Issue, set[str]]] = {
    "no assertion": (replace(GOOD, shown=()), {"STS-001"}),
    "two assertions": (replace(GOOD, shown=(HCP, replace(HCP, id="_second"))), {"STS-001"}),
    "a TRC assertion beside": (replace(GOOD, shown=(HCP, cs.confirmation(HCP))), {"STS-001"}),
    "renewal": (replace(GOOD, request=replace(GOOD.request, request_type=wstrust.ISSUE + "d")), {"STS-002"}),
    "no token type": (replace(GOOD, request=replace(GOOD.request, token_type=None)), {"STS-002"}),
    "no parameters": (
        replace(GOOD, request=replace(GOOD.request, parameters=None), token=CLAIMS),
        {"STS-002"},
    ),
    "no patient": (replace(GOOD, request=wish(patient_id=None)), {"STS-003"}),
    "a patient that is no CX": (replace(GOOD, request=wish(patient_id="P-1")), {"STS-003"}),
    "no purpose": (replace(GOOD, request=wish(purpose_of_use=None)), {"STS-004"}),
    "an unknown purpose": (replace(GOOD, request=wish(purpose_of_use="CURIOSITY")), {"STS-004"}),
    "a next of kin for an unknown purpose": (
        replace(KIN, request=TokenRequest(parameters=replace(NOK_WISH, purpose_of_use=""))),
        {"STS-004"},
    ),
}


@pytest.mark.parametrize("made", [GOOD, KIN], ids=["trc", "nok"])
@pytest.mark.parametrize("by", [Party.PEER, Party.SUT], ids=["issues", "asks"])
def test_a_good_exchange_with_a_token_service_gives_no_finding(made: Issue, by: Party) -> None:
    assert made.judged(by) == set()


@pytest.mark.parametrize("name", ANSWERS)
def test_a_defect_of_a_token_service_is_told_as_what_it_is(name: str) -> None:
    made, wanted = ANSWERS[name]
    assert made.judged(Party.PEER) == wanted


@pytest.mark.parametrize("name", REQUESTS)
def test_a_defect_of_a_request_for_a_token_is_told_as_what_it_is(name: str) -> None:
    made, wanted = REQUESTS[name]
    assert made.judged(Party.SUT) == wanted


def test_another_message_is_no_token() -> None:
    answered = GOOD.exchange(Party.PEER)
    other = replace(answered, response=cs.http("HTTP/1.1 200 OK", soap.CONTENT_TYPE, answered.request.body))
    assert "STS-005" in cs.fired(checks.automatic(checks.view(other), cs.context("ncpeh-b")))


def test_a_token_service_is_judged_on_its_answer_and_who_asks_on_the_request() -> None:
    assert GOOD.applied(Party.PEER) >= {"STS-005", "STS-006", "SAML-TRC-001", "SAML-TRC-008"}
    assert GOOD.applied(Party.SUT) == {"STS-001", "STS-002", "STS-003", "STS-004"}


def test_what_is_for_two_countries_is_not_asked_inside_one() -> None:
    everything = GOOD.applied(Party.PEER) | GOOD.applied(Party.SUT) | KIN.applied(Party.PEER)
    assert not {r for r in everything if r.startswith(("TRN-", "XC", "SAML-HCP"))}


def test_an_assertion_that_our_own_service_gave_accuses_nobody() -> None:
    ours = replace(CLAIMS, issuer="urn:initgw:XX:countryB", not_on_or_after=saml.instant(cs.AT + timedelta(hours=5)))
    before = checks.view(replace(GOOD, token=ours).exchange(Party.SUT))
    listing = cs.find()
    made = replace(listing, tokens=(listing.token("hcp"), replace(ours, advice_ids=(listing.token("hcp").id,))))
    context = made.context("ncpeh-b")
    alone = cs.fired(checks.automatic(made.view(Party.SUT), context))
    given = cs.fired(checks.automatic(made.view(Party.SUT), replace(context, earlier=(*context.earlier, before))))
    assert "SAML-TRC-007" in alone
    assert not {r for r in given if r.startswith("SAML-TRC")}


def searched(*extensions: tuple[str, str]) -> checks.View:
    made = cs.identify()
    ids = tuple(Ii(root=root, extension=extension) for root, extension in extensions)
    return made.asked(ids=ids).view(Party.SUT)


GERMAN = codes.ACCESS_CODE_ROOTS[0]


@pytest.mark.parametrize(
    ("code", "ids", "fires"),
    [
        ("AB12CD", ((cs.PATIENT_ID.root, "P-0001"), (GERMAN, "AB12CD")), False),
        ("XX99XX", ((cs.PATIENT_ID.root, "P-0001"), (GERMAN, "AB12CD")), True),
        ("", ((cs.PATIENT_ID.root, "P-0001"), (GERMAN, "AB12CD")), True),
        ("P-0001", ((cs.PATIENT_ID.root, "P-0001"),), False),
        ("AB12CD", ((cs.PATIENT_ID.root, "P-0001"),), True),
        ("", ((cs.PATIENT_ID.root, "P-0001"),), False),
    ],
    ids=["the same", "another", "none", "an identifier", "no identifier", "no code at all"],
)
def test_the_access_code_is_that_of_the_search(code: str, ids: tuple[tuple[str, str], ...], fires: bool) -> None:
    listing = cs.find()
    made = listing.with_attribute("trc", saml.DISPENSATION_PIN, code) if code else listing
    context = replace(made.context("ncpeh-b"), earlier=(searched(*ids),))
    found = cs.fired(checks.automatic(made.view(Party.SUT), context))
    assert ("SAML-TRC-009" in found) is fires


GOOD_SUITE = "ECDHE-RSA-AES256-GCM-SHA384"


@pytest.mark.parametrize(
    ("version", "cipher", "fires"),
    [
        ("TLSv1.3", "TLS_AES_128_GCM_SHA256", False),
        ("TLSv1.2", GOOD_SUITE, False),
        ("TLSv1.2", "ECDHE-ECDSA-CHACHA20-POLY1305", False),
        ("TLSv1.2", "AES256-GCM-SHA384", True),
        ("TLSv1.2", "ECDHE-RSA-AES256-SHA", True),
        ("TLSv1.1", GOOD_SUITE, True),
        ("TLSv1", GOOD_SUITE, True),
        ("", "", True),
    ],
)
def test_only_recent_tls_with_a_safe_suite_may_be_negotiated(version: str, cipher: str, fires: bool) -> None:
    view = cs.identify().view(Party.PEER)
    seen = replace(view.exchange, tls=TlsFacts(version=version, cipher=cipher))
    found = cs.fired(checks.automatic(checks.view(seen), cs.context("ncpeh-a")))
    assert ("TRN-A-003" in found) is fires


def test_a_revoked_signer_is_not_trusted_when_the_list_is_given() -> None:
    made = cs.find()
    context = made.context("ncpeh-b")
    serial = cs.pki().seal.certificate.serial_number
    lists: Callable[[tuple[int, ...]], bytes] = lambda serials: x509.build_revocations(  # noqa: E731
        cs.pki().authority, serials, at=cs.AT - timedelta(days=1), until=cs.AT + timedelta(days=1)
    )
    for serials, fires in (((), False), ((serial,), True), ((serial + 1000,), False)):
        given = replace(context, sut=replace(context.sut, trust_revocations=lists(serials)))
        found = cs.fired(checks.automatic(made.view(Party.SUT), given))
        assert ({"SAML-HCP-014", "SAML-TRC-008"} <= found) is fires


def test_what_a_token_service_issued_is_an_outcome_and_a_fact() -> None:
    view = checks.view(GOOD.exchange(Party.PEER))
    facts = checks.facts(view)
    assert facts["tokens"] == ({"kind": "trc", "id": "_token-1", "name_id": HCP.name_id},)
    assert checks.describe(view) == "HTTP 200, 1 token, trc"
    assert checks.ordinary_answer(view) is None
    assert checks.ordinary_answer(checks.view(replace(GOOD, tokens=2).exchange(Party.PEER))) is not None
