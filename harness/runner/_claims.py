"""Which scenarios a statement makes obligatory, and whether it fits the system it is about."""

from collections.abc import Iterator, Mapping

from harness.errors import Problem
from harness.model import CLAIMABLE, COMMON_PROFILES, Claim, Scenario, Send, Statement, Sut, Trigger, say, walk

_OF_DOCUMENTS = ("ITI-38", "ITI-39")
_LISTS = ("list", "retrieve")


def not_claimed(scenario: Scenario, statement: Statement) -> str:
    """Why `scenario` is not obligatory by `statement`; empty when it is.

    A scenario of a profile that every claim includes is obligatory where the services it makes use of are claimed.
    """
    applies = scenario.applies
    of_actor = tuple(c for c in statement.claims if c.actor == applies.sut)
    if not of_actor:
        return say("claims-no-role", actor=applies.sut)
    wanted = _services(scenario) if applies.profile in COMMON_PROFILES else (applies.profile,)
    missing = next((p for p in wanted if p not in {c.profile for c in of_actor}), None)
    if missing is not None:
        return say("claims-no-profile", profile=missing, actor=applies.sut)
    concerned = tuple(c for c in of_actor if c.profile in wanted) or of_actor
    return _of_wave(concerned, applies.wave) or _of_options(concerned, applies.options)


def _of_wave(claims: tuple[Claim, ...], waves: tuple[int, ...]) -> str:
    if not waves or any(c.wave in waves for c in claims):
        return ""
    return say(
        "claims-other-wave",
        claimed=", ".join(str(w) for w in sorted({c.wave for c in claims})),
        waves=", ".join(map(str, waves)),
    )


def _of_options(claims: tuple[Claim, ...], options: tuple[str, ...]) -> str:
    missing = [o for o in options if not any(o in c.options for c in claims)]
    return say("claims-no-option", option=missing[0]) if missing else ""


def _services(scenario: Scenario) -> tuple[str, ...]:
    """The services a scenario about security or logging makes use of; none when it only identifies a patient."""
    steps = walk(scenario.steps)
    asked = [s.with_ for s in steps if isinstance(s, Send) and s.transaction in _OF_DOCUMENTS]
    triggered = [s.with_ for s in steps if isinstance(s, Trigger) and s.operation in _LISTS]
    return tuple(dict.fromkeys(kind for arguments in (*asked, *triggered) for kind in _kinds(arguments)))


def _kinds(arguments: Mapping[str, object]) -> tuple[str, ...]:
    kind = arguments.get("kind", "patient-summary")
    given = kind if isinstance(kind, tuple) else (kind,)
    return tuple(k for k in given if isinstance(k, str) and k in CLAIMABLE)


def misfits(statement: Statement, sut: Sut) -> Iterator[Problem]:
    """What contradicts the SUT file: another system, a role that it does not play."""
    for name in ("name", "version"):
        claimed, given = getattr(statement.system, name), getattr(sut.system, name)
        if claimed != given:
            yield Problem(
                code="E920",
                option="--statement",
                problem=f"is about another system: its {name} differs from that of the SUT file",
                expected=(given,),
                found=claimed,
            )
    for actor in dict.fromkeys(c.actor for c in statement.claims):
        if actor not in sut.actors:
            yield Problem(
                code="E920",
                option="--statement",
                problem="claims a role that the SUT file does not have",
                expected=tuple(sorted(sut.actors)),
                found=actor,
            )
