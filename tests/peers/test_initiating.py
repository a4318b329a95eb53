"""Requests of the initiating gateway: what a good one says, and what its author may get wrong."""

from dataclasses import replace

import pytest

from harness.errors import ScenarioError
from harness.model import Datum
from harness.peers import InitiatingGateway, Pki, PreparedRequest, SeededIds
from harness.wire import codes, saml, soap, xcpd, xds, xmldsig
from harness.wire.soap import SoapMessage
from tests.peers.peer_bench import HCID, NOMINAL, NOW, OURS, POPULATION, TARGET, clock, prepared, record


def message(request: PreparedRequest) -> SoapMessage:
    sent = record(request.request)
    return soap.parse_message(sent.header("content-type"), sent.body)


def query(request: PreparedRequest) -> xcpd.DiscoveryQuery:
    payload = message(request).payload
    assert payload is not None
    return xcpd.parse_query(payload)


@pytest.mark.parametrize("transaction", NOMINAL)
def test_good_request_is_addressed_and_signed(transaction: str, ours: Pki, theirs: Pki) -> None:
    request = prepared(ours, theirs.anchors, transaction)
    sent = message(request)
    assert sent.addressing.action == codes.ACTIONS[transaction].request
    assert sent.addressing.message_id == request.message_id
    assert sent.addressing.to == request.request.url
    assert sent.addressing.reply_to == soap.ANONYMOUS
    assert sent.security_count == 1
    kinds = [saml.parse_assertion(a).kind for a in sent.assertions]
    assert kinds == (["hcp"] if transaction in ("ITI-55", *codes.TOKEN_SERVICE) else ["hcp", "trc"])
    for assertion in sent.assertions:
        facts = xmldsig.verify(assertion, anchors=(ours.authority.certificate,), at=NOW)
        assert facts.chain_problem is None


def test_treatment_confirmation_names_the_hcp_assertion_and_the_patient(ours: Pki, theirs: Pki) -> None:
    hcp, trc = (saml.parse_assertion(a) for a in message(prepared(ours, theirs.anchors, "ITI-38")).assertions)
    assert trc.advice_ids == (hcp.id,)
    assert trc.name_id == hcp.name_id
    subject = trc.attribute(saml.SUBJECT_ID)
    assert subject is not None
    assert subject.text == POPULATION.patients["nominal"].ids[0].cx


def test_session_reuses_its_assertions_and_a_new_one_does_not(ours: Pki, theirs: Pki) -> None:
    gateway = InitiatingGateway(ours, OURS, theirs.anchors, clock, SeededIds(1))

    def hcp_id(session: object) -> str:
        request = gateway.prepare(
            "ITI-38",
            {"patient": "nominal"},
            target=TARGET,
            patients=POPULATION.patients,
            practitioners=POPULATION.practitioners,
            session=session,  # type: ignore[arg-type]
        )
        return saml.parse_assertion(message(request).assertions[0]).id

    first, second = gateway.new_session(), gateway.new_session()
    assert hcp_id(first) == hcp_id(first) != hcp_id(second)


@pytest.mark.parametrize(
    ("by", "has_id", "has_name"), [("id", True, False), ("traits", False, True), ("both", True, True)]
)
def test_criteria_are_chosen(by: str, has_id: bool, has_name: bool, ours: Pki, theirs: Pki) -> None:
    asked = query(prepared(ours, theirs.anchors, "ITI-55", arguments={"by": by}))
    assert (bool(asked.ids), bool(asked.family)) == (has_id, has_name)
    assert asked.receiver_hcid == "2.999.250"
    assert asked.sender_hcid == HCID


def test_traits_override_the_patient(ours: Pki, theirs: Pki) -> None:
    asked = query(
        prepared(
            ours,
            theirs.anchors,
            "ITI-55",
            arguments={"traits": {"family": "Autre", "birth": "2001-02-03", "extension": "X"}},
        )
    )
    assert (asked.family, asked.birth, asked.ids[0].extension, asked.ids[0].root) == (
        "Autre",
        "20010203",
        "X",
        "2.999.1",
    )


def test_patient_id_of_an_earlier_answer_goes_before_the_patient(ours: Pki, theirs: Pki) -> None:
    request = prepared(
        ours,
        theirs.anchors,
        "ITI-38",
        arguments={
            "patient_id": {"root": "2.999.5", "extension": "A"},
            "trc_patient_id": {"root": "2.999.5", "extension": "B"},
            "kind": ("orcd-laboratory", "orcd-discharge"),
        },
    )
    sent = message(request)
    assert sent.payload is not None
    asked = xds.parse_query(sent.payload)
    assert asked.patient_id == "A^^^&2.999.5&ISO"
    assert [code.code for code in asked.class_codes.values] == ["11502-2", "34105-7"]
    subject = saml.parse_assertion(sent.assertions[1]).attribute(saml.SUBJECT_ID)
    assert subject is not None
    assert subject.text == "B^^^&2.999.5&ISO"


WRONG: dict[str, tuple[str, dict[str, Datum], tuple[str, ...], str]] = {
    "unknown patient": ("ITI-55", {"patient": "nominel"}, (), "with.patient"),
    "no patient": ("ITI-38", {"patient": None}, (), "with.patient"),
    "nobody to look for": ("ITI-55", {"patient": None}, (), "with.patient"),
    "unknown practitioner": ("ITI-55", {"practitioner": "nobody"}, (), "with.practitioner"),
    "unknown kind": ("ITI-38", {"kind": "patient-sumary"}, (), "with.kind"),
    "criteria of no kind": ("ITI-55", {"by": "name"}, (), "with.by"),
    "unknown trait": ("ITI-55", {"traits": {"shoe_size": 42}}, (), "with.traits"),
    "traits that are no mapping": ("ITI-55", {"traits": "x"}, (), "with.traits"),
    "half an identifier": ("ITI-38", {"patient_id": {"root": "2.999"}}, (), "with.patient_id"),
    "no documents": ("ITI-39", {"documents": ()}, (), "with.documents"),
    "document without an id": ("ITI-39", {"documents": {"home": "x"}}, (), "with.documents"),
    "list in place of a text": ("ITI-55", {"by": ("id",)}, (), "with.by"),
    "unknown mutation": ("ITI-55", {}, ("saml.hcp.expird",), "mutate"),
    "mutation of another transaction": ("ITI-55", {}, ("saml.trc.expired",), "mutate"),
    "mutations that exclude each other": ("ITI-55", {}, ("saml.hcp.unsigned", "saml.hcp.digest-corrupted"), "mutate"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_the_author_got_wrong_is_named(name: str, ours: Pki, theirs: Pki) -> None:
    transaction, arguments, mutate, option = WRONG[name]
    with pytest.raises(ScenarioError) as caught:
        prepared(ours, theirs.anchors, transaction, *mutate, arguments=arguments)
    assert caught.value.problems[0].option == option


def test_sut_without_an_address_is_the_operators_to_change(ours: Pki, theirs: Pki) -> None:
    with pytest.raises(ScenarioError, match=r"endpoints\.xca"):
        prepared(ours, theirs.anchors, "ITI-38", target=replace(TARGET, endpoints={}))


def test_same_seed_makes_the_same_bytes(ours: Pki, theirs: Pki) -> None:
    first, second = (prepared(ours, theirs.anchors, "ITI-39").request for _ in range(2))
    assert first.body == second.body
