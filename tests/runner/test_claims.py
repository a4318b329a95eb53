"""Which scenarios a statement makes obligatory, and what it may not say."""

from dataclasses import replace

import pytest

from harness.model import Applies, Claim, Scenario, Send, Statement, Sut, SutActor, SystemIdentity, Trigger, in_language
from harness.packs import bundled_data, load_library
from harness.runner import misfits, not_claimed, plan_rows, untested
from tests.runner import runner_bench as rb
from tests.runner.runner_bench import AT

SYSTEM = SystemIdentity(name="Exemple", version="1")
PLAIN = rb.row(rb.send(save="a")).scenario


def claims(*claimed: Claim) -> Statement:
    return Statement(system=SYSTEM, claims=claimed)


def claim(profile: str = "patient-summary", actor: str = "ncpeh-a", wave: int = 8, *options: str) -> Claim:
    return Claim(profile=profile, actor=actor, wave=wave, options=options)


def scenario(
    profile: str = "patient-summary", sut: str = "ncpeh-a", *steps: Send | Trigger, **more: object
) -> Scenario:
    applies = Applies(profile=profile, sut=sut, **more)  # type: ignore[arg-type]
    return replace(PLAIN, applies=applies, steps=steps or PLAIN.steps)


def asks(transaction: str = "ITI-38", **arguments: str) -> Send:
    return Send(path="1", at=AT, transaction=transaction, with_=dict(arguments))


OBLIGATORY = {
    "profile and actor": (scenario(), claims(claim())),
    "one of its waves": (scenario(wave=(7, 8)), claims(claim(wave=7))),
    "its options": (scenario(options=("level-1",)), claims(claim("patient-summary", "ncpeh-a", 8, "level-1"))),
    "security of any claim": (scenario("security", "ncpeh-a", asks("ITI-55")), claims(claim("consent"))),
    "security with its service": (scenario("security", "ncpeh-a", asks()), claims(claim())),
    "audit with its kind": (scenario("audit", "ncpeh-a", asks(kind="eprescription")), claims(claim("eprescription"))),
}


@pytest.mark.parametrize("name", OBLIGATORY)
def test_what_is_claimed_is_obligatory(name: str) -> None:
    assert not_claimed(*OBLIGATORY[name]) == ""


LEFT_OUT = {
    "other profile": (scenario("consent"), claims(claim()), "does not claim consent as ncpeh-a"),
    "other actor": (scenario(sut="ncpeh-b"), claims(claim()), "claims nothing as ncpeh-b"),
    "profile of the other actor": (
        scenario("consent", "ncpeh-b"),
        claims(claim("consent"), claim(actor="ncpeh-b")),
        "does not claim consent as ncpeh-b",
    ),
    "other wave": (scenario(wave=(7, 8)), claims(claim(wave=6)), "wave 6, this is for wave 7, 8"),
    "option missing": (scenario(options=("level-1",)), claims(claim()), "option level-1"),
    "service of security": (
        scenario("security", "ncpeh-a", asks()),
        claims(claim("eprescription")),
        "does not claim patient-summary",
    ),
    "service of a trigger": (
        scenario("audit", "ncpeh-b", Trigger(path="1", at=AT, operation="list", with_={"kind": "orcd-image"})),
        claims(claim(actor="ncpeh-b")),
        "does not claim orcd-image",
    ),
}


@pytest.mark.parametrize("name", LEFT_OUT)
def test_what_is_not_claimed_does_not_apply_and_says_why_in_both_languages(name: str) -> None:
    given, statement, why = LEFT_OUT[name]
    said = not_claimed(given, statement)
    assert why in said
    assert in_language(said, "fr") != said


def test_rows_that_are_not_claimed_are_blocked() -> None:
    sut = rb.SUT
    rows = plan_rows([scenario(), scenario("consent")], sut, claims(claim(wave=8)))
    assert [bool(r.blocked) for r in rows] == [False, True]


def test_a_statement_about_another_system_or_role_is_refused() -> None:
    actor = SutActor(actor="ncpeh-a", country="FR", home_community="urn:oid:2.999.1")
    sut: Sut = replace(rb.SUT, system=SYSTEM, actors={"ncpeh-a": actor})
    assert not list(misfits(claims(claim()), sut))
    found = list(misfits(replace(claims(claim(actor="ncpeh-b")), system=replace(SYSTEM, version="2")), sut))
    assert [(p.expected, p.found) for p in found] == [(("1",), "2"), (("ncpeh-a",), "ncpeh-b")]


def test_claims_without_a_scenario_are_found() -> None:
    statement = claims(claim(), claim("consent"))
    rows = plan_rows([scenario(), replace(scenario("consent"), id="X-2")], rb.SUT, statement)
    assert not list(untested(statement, rows))
    assert [p.problem for p in untested(statement, rows[:1])] == [
        "no scenario tests the claim consent as ncpeh-a, wave 8"
    ]


def test_claims_of_everything_make_every_bundled_scenario_obligatory() -> None:
    scenarios = load_library(bundled_data()).scenarios
    every = claims(*(claim(p, a) for p, a in {(s.applies.profile, s.applies.sut) for s in scenarios}))
    assert [s.id for s in scenarios if not_claimed(s, every)] == []
