"""Temperaments: files that anybody can write, a country A that demands, and habits that take turns."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from harness.errors import ScenarioError
from harness.model import DEMANDS, HttpRecord, Localized, Temperament
from harness.packs import Library, bundled_data, load_library, load_temperament, select
from harness.peers import Character, Pki, RespondingGateway, SeededIds
from harness.wire import codes, soap
from tests.peers.peer_bench import NOW, OURS, POPULATION, prepared, record

ACTIONS = codes.CROSS_BORDER


@pytest.fixture(scope="module")
def library() -> Library:
    return load_library(bundled_data())


def temperament(**changes: object) -> Temperament:
    text = Localized(en="T")
    return Temperament(name="t", digest="", title=text, explains=text, **changes)  # type: ignore[arg-type]


def gateway(theirs: Pki, made: Temperament, *, later_s: float = 0.0) -> RespondingGateway:
    def clock() -> object:
        return NOW + timedelta(seconds=later_s)

    answering = RespondingGateway(OURS, POPULATION, clock, SeededIds(3), slow_s=1.0)  # type: ignore[arg-type]
    answering.character = Character(made, anchors=(theirs.authority.certificate,))
    return answering


def asked(ours: Pki, theirs: Pki, transaction: str, *mutate: str) -> HttpRecord:
    return record(prepared(ours, theirs.anchors, transaction, *mutate).request)


def reason(answering: RespondingGateway, request: HttpRecord, transaction: str) -> str:
    answer = answering.answer(request, transaction, {})
    fault = soap.parse_message(soap.CONTENT_TYPE, answer.body).fault
    return fault.reason if fault is not None else ""


UNMET: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "action": ("ITI-55", ("soap.action.unknown",)),
    "assertions": ("ITI-38", ("saml.trc.missing",)),
    "lifetime": ("ITI-55", ("saml.hcp.expired",)),
    "signatures": ("ITI-55", ("saml.hcp.untrusted-signer",)),
}


@pytest.mark.parametrize("demand", UNMET)
def test_demand_refuses_what_does_not_meet_it_and_takes_what_does(demand: str, ours: Pki, theirs: Pki) -> None:
    transaction, mutations = UNMET[demand]
    answering = gateway(ours, temperament(demands=(demand,)))

    assert reason(answering, asked(ours, theirs, transaction), transaction) == ""
    assert DEMANDS[demand].en in reason(answering, asked(ours, theirs, transaction, *mutations), transaction)


def test_media_type_has_to_be_that_of_soap_1_2(ours: Pki, theirs: Pki) -> None:
    answering = gateway(ours, temperament(demands=("media-type",)))
    good = asked(ours, theirs, "ITI-55")
    old = replace(good, headers=(("Content-Type", "text/xml; charset=UTF-8"),))

    assert reason(answering, good, "ITI-55") == ""
    assert DEMANDS["media-type"].en in reason(answering, old, "ITI-55")


def test_message_id_has_to_be_a_uuid(ours: Pki, theirs: Pki) -> None:
    answering = gateway(ours, temperament(demands=("message-id",)))
    good = asked(ours, theirs, "ITI-55")
    bad = replace(good, body=good.body.replace(b"MessageID>urn:uuid:", b"MessageID>"))

    assert bad.body != good.body
    assert reason(answering, good, "ITI-55") == ""
    assert reason(answering, bad, "ITI-55")


def test_repeated_message_id_is_refused_and_another_character_knows_nothing_of_it(ours: Pki, theirs: Pki) -> None:
    made = temperament(demands=("new-message-id",))
    request, answering = asked(ours, theirs, "ITI-55"), gateway(ours, made)

    assert reason(answering, request, "ITI-55") == ""
    assert reason(answering, request, "ITI-55")
    assert reason(gateway(ours, made), request, "ITI-55") == ""


def test_every_demand_is_made_above() -> None:
    assert set(DEMANDS) == {*UNMET, "media-type", "message-id", "new-message-id"}


def test_lifetime_has_a_minute_of_tolerance(ours: Pki, theirs: Pki) -> None:
    made, request = temperament(demands=("lifetime",)), asked(ours, theirs, "ITI-38")

    assert reason(gateway(ours, made, later_s=2 * 3600 + 50), request, "ITI-38") == ""
    assert reason(gateway(ours, made, later_s=2 * 3600 + 70), request, "ITI-38")


def test_habits_take_turns_and_begin_anew(ours: Pki, theirs: Pki) -> None:
    made = temperament(
        answers={"ITI-55": ("ordinary", "answer.gzip", "xcpd.no-match")}, delay_s=0.5, headers={"X-Name": "value"}
    )
    answering, request = gateway(ours, made), asked(ours, theirs, "ITI-55")

    turns = [answering.answer_in_character(request, "ITI-55", {}) for _ in range(4)]

    assert [altered for _, altered in turns] == [(), ("answer.gzip",), ("xcpd.no-match",), ()]
    assert all(("X-Name", "value") in answer.headers and answer.delay_s == 0.5 for answer, _ in turns)
    assert answering.answer_in_character(asked(ours, theirs, "ITI-38"), "ITI-38", {})[1] == ()


def test_habit_that_cannot_be_had_leaves_the_ordinary_answer(ours: Pki, theirs: Pki) -> None:
    answering = gateway(ours, temperament(answers={"ITI-55": ("xcpd.two-matches",)}))
    nobody = asked(ours, theirs, "ITI-55")
    nobody = replace(nobody, body=nobody.body.replace(b"P-1", b"P-99"))

    answer, altered = answering.answer_in_character(nobody, "ITI-55", {})

    assert altered == ()
    assert b"ERROR_PI_NO_MATCH" in answer.body


@pytest.mark.parametrize("name", ["lenient", "strict", "hostile"])
def test_bundled_temperament_answers_every_transaction_in_every_turn(
    name: str, library: Library, ours: Pki, theirs: Pki
) -> None:
    answering = gateway(ours, library.temperaments[name])
    for transaction in ACTIONS:
        for turn in range(1 + len(library.temperaments[name].answers.get(transaction, ()))):
            gateway_request = asked(ours, theirs, transaction)
            unique = gateway_request.body.replace(b"urn:uuid:", f"urn:uuid:{turn}".encode(), 1)
            answer, _ = answering.answer_in_character(replace(gateway_request, body=unique), transaction, {})
            assert answer.status in (200, 400, 500)


def test_strict_country_a_answers_a_right_request(library: Library, ours: Pki, theirs: Pki) -> None:
    answering = gateway(ours, library.temperaments["strict"])
    for transaction in ACTIONS:
        own = RespondingGateway(OURS, POPULATION, lambda: NOW, SeededIds(3))
        own.character = Character(library.temperaments["strict"], anchors=(ours.authority.certificate,))
        assert reason_or_empty(own, asked(ours, theirs, transaction), transaction) == ""
    assert answering.character is not None


def reason_or_empty(answering: RespondingGateway, request: HttpRecord, transaction: str) -> str:
    answer = answering.answer(request, transaction, {})
    content_type = dict(answer.headers)["Content-Type"]
    fault = soap.parse_message(content_type, answer.body).fault
    return fault.reason if fault is not None else ""


FILE = """temperament: mine
title: {en: Mine, fr: Le mien}
explains: {en: Answers in chunks, fr: Répond en morceaux}
country_a: {delay: 100ms, answers: {ITI-55: [ordinary, answer.chunked]}}
"""


def test_temperament_beside_a_scenario_is_found(library: Library, tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text(FILE, encoding="utf-8")
    file = tmp_path / "s.yaml"
    file.write_text(
        """scenario: T-MINE
title: {en: T, fr: T}
applies: {profile: patient-summary, sut: ncpeh-b}
given: {patient: pt-nominal, temperament: mine}
steps:
  - receive: {transaction: ITI-55, within: 1s}
""",
        encoding="utf-8",
    )
    (scenario,) = select(library, [str(file)])
    assert scenario.temperament is not None
    assert scenario.temperament.answers == {"ITI-55": ("ordinary", "answer.chunked")}

    (tmp_path / "mine.yaml").write_text(FILE.replace("100ms", "200ms"), encoding="utf-8")
    assert select(library, [str(file)])[0].digest != scenario.digest


WRONG = {
    "E503": FILE.replace("answer.chunked", "answer.chunk"),
    "E504": FILE.replace("answer.chunked", "xcaq.no-documents"),
    "E302": FILE.replace("ITI-55", "ITI-56"),
    "E305": FILE.replace("delay: 100ms", "demands: [politeness]"),
    "E201": FILE.replace("delay", "delays"),
    "E209": FILE.replace("delay: 100ms", "headers: {Content-Length: '1'}"),
    "E502": FILE + "country_b: {requests: {ITI-55: saml.hcp.exprired}}\n",
}


@pytest.mark.parametrize("code", WRONG)
def test_mistake_in_a_temperament_is_told_with_its_place(code: str, library: Library, tmp_path: Path) -> None:
    file = tmp_path / "wrong.yaml"
    file.write_text(WRONG[code], encoding="utf-8")
    with pytest.raises(ScenarioError) as caught:
        load_temperament(file, library)
    assert [(p.code, p.at is not None) for p in caught.value.problems] == [(code, True)]
