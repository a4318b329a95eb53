"""From scenarios and a SUT to the rows that will be run, in a stable order."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from harness.errors import Problem
from harness.model import Datum, Scenario, Statement, Sut, say
from harness.runner._claims import not_claimed
from harness.runner._scope import Scope, UnresolvedError


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row of a scenario. `blocked` says why it does not apply to this SUT, empty when it does."""

    id: str
    scenario: Scenario
    row: str | None
    values: Mapping[str, Datum]
    blocked: str = ""


def plan_rows(scenarios: Iterable[Scenario], sut: Sut, statement: Statement | None = None) -> tuple[Row, ...]:
    """The rows of `scenarios` for `sut`; a scenario that does not apply keeps one row that says why.

    With a `statement`, what it does not claim does not apply.
    """
    rows: list[Row] = []
    for scenario in scenarios:
        unclaimed = not_claimed(scenario, statement) if statement else ""
        if unclaimed:
            rows.append(_blocked(scenario, unclaimed))
        elif scenario.applies.sut not in sut.actors:
            rows.append(_blocked(scenario, say("sut-role", actor=scenario.applies.sut)))
        elif scenario.matrix is None:
            rows.append(Row(id=scenario.id, scenario=scenario, row=None, values={}))
        else:
            rows.extend(_matrix_rows(scenario, sut))
    return tuple(rows)


def untested(statement: Statement, rows: Iterable[Row]) -> Iterator[Problem]:
    """The claims that no row of a plan tests."""
    tested = {(r.scenario.applies.profile, r.scenario.applies.sut) for r in rows if not r.blocked}
    for claim in statement.claims:
        if (claim.profile, claim.actor) not in tested:
            yield Problem(
                code="E922",
                option="--kind acceptance",
                problem=f"no scenario tests the claim {claim.profile} as {claim.actor}, wave {claim.wave}",
                hint="leave the claim out, give the SUT file the data its scenarios need, or run a trial",
            )


def _matrix_rows(scenario: Scenario, sut: Sut) -> Iterable[Row]:
    matrix = scenario.matrix
    assert matrix is not None
    if matrix.source is None:
        try:
            given: list[Datum] = [Scope({"sut": sut_datum(sut)}).resolve(dict(row)) for row in matrix.rows]
        except UnresolvedError as exc:
            yield _blocked(scenario, str(exc))
            return
    else:
        try:
            found = Scope({"sut": sut_datum(sut)}).look_up(matrix.source)
        except UnresolvedError:
            found = ()
        given = list(found) if isinstance(found, tuple) else []
        if not given:
            yield _blocked(scenario, say("no-rows", reference=matrix.source))
            return
    names: set[str] = set()
    for index, values in enumerate(given):
        mapping = values if isinstance(values, Mapping) else {"value": values}
        name = str(mapping.get("row", index + 1))
        if name in names:
            # two rows of the SUT file may carry one name; each still needs a verdict of its own
            name = f"{name}-{index + 1}"
        names.add(name)
        yield Row(id=f"{scenario.id}[{name}]", scenario=scenario, row=name, values=mapping)


def _blocked(scenario: Scenario, why: str) -> Row:
    return Row(id=scenario.id, scenario=scenario, row=None, values={}, blocked=why)


def sut_datum(sut: Sut) -> Mapping[str, Datum]:
    """What `${sut...}` offers: identity, actors, patients and the free `data` of the SUT file."""
    return {
        "system": {"name": sut.system.name, "version": sut.system.version, "vendor": sut.system.vendor},
        "actors": {
            key: {"country": actor.country, "home_community": actor.home_community, "endpoints": dict(actor.endpoints)}
            for key, actor in sut.actors.items()
        },
        "ours": {"country": sut.ours.country, "home_community": sut.ours.home_community},
        "data": dict(sut.data),
        "patients": {
            key: {
                "ids": tuple({"root": i.root, "extension": i.extension, "cx": i.cx} for i in patient.ids),
                "family": patient.family,
                "given": patient.given,
                "birth": patient.birth.isoformat() if patient.birth else None,
                "gender": patient.gender,
            }
            for key, patient in sut.patients.items()
        },
    }
