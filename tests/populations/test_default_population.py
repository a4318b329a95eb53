"""The default population holds the people that the bundled scenarios speak of, under identifiers of the example arc."""

from pathlib import Path

import pytest

from harness.model import Population
from harness.packs import load_population

PROJECT = Path(__file__).resolve().parent.parent.parent
POPULATION = PROJECT / "scenarios" / "populations" / "default.yaml"
ROLES = {"221", "2221", "2222", "2261", "2262", "2264", "2265", "2266", "2267", "2269", "3211", "3213", "44"}


@pytest.fixture(scope="module")
def population() -> Population:
    return load_population(POPULATION)


def test_population_holds_the_people_scenarios_speak_of(population: Population) -> None:
    assert set(population.patients) == {
        "pt-nominal",
        "pt-no-document",
        "pt-no-consent",
        "pt-consent-pending",
        "pt-minor",
        "pt-versions",
        "pt-hidden",
        "pt-withdrawn",
        "pt-ten-prescriptions",
        "pt-second",
        "pt-twin-1",
        "pt-twin-2",
        "pt-accents",
        "pt-renumbered",
        "pt-renumbered-now",
        "pt-prescribed",
        "pt-strict",
        "pt-dispensed",
        "pt-records",
        "pt-mandate",
    }
    assert {"physician", "pharmacist", "nurse", "administrative"} <= set(population.practitioners)


def test_every_identifier_lies_under_the_example_arc(population: Population) -> None:
    roots = [i.root for p in population.patients.values() for i in p.ids]
    roots += [p.organization_id.removeprefix("urn:oid:") for p in population.practitioners.values()]
    roots += [d.unique_id for d in population.documents]

    assert all(root.startswith("2.999.") for root in roots)


def test_no_two_patients_share_an_identifier(population: Population) -> None:
    ids = [i for p in population.patients.values() for i in p.ids]

    assert len(ids) == len(set(ids))


def test_twins_have_the_same_traits(population: Population) -> None:
    one, two = population.patients["pt-twin-1"], population.patients["pt-twin-2"]

    assert (one.family, one.given, one.birth, one.gender) == (two.family, two.given, two.birth, two.gender)


def test_second_patient_has_two_identifiers_of_two_authorities(population: Population) -> None:
    assert len({i.root for i in population.patients["pt-second"].ids}) == 2


def test_accented_patient_goes_beyond_latin_1(population: Population) -> None:
    with pytest.raises(UnicodeEncodeError):
        population.patients["pt-accents"].family.encode("latin-1")


def test_two_patients_withhold_consent_and_have_documents(population: Population) -> None:
    without = {k: p.consent_awaited for k, p in population.patients.items() if not p.consent}

    assert without == {"pt-no-consent": False, "pt-consent-pending": True}
    assert without.keys() <= {d.patient for d in population.documents}


def test_patient_without_document_has_none(population: Population) -> None:
    assert not [d for d in population.documents if d.patient == "pt-no-document"]


def test_only_the_clerk_has_a_role_that_may_not_ask(population: Population) -> None:
    assert [k for k, p in population.practitioners.items() if p.role_code not in ROLES] == ["administrative"]


def test_one_physician_has_no_permissions(population: Population) -> None:
    assert population.practitioners["physician-without-permissions"].permissions == ()
    assert "PRD-006" in population.practitioners["physician"].permissions
