"""The populations of countries: everybody in them is invented, and their identifiers have the forms of the country."""

import re

import pytest

from tests.populations.population_support import COUNTRIES, HL7, NAMES, description, population, root_of

EXAMPLE_ARC = "2.999."
INS_TEST, INS_DEMO = "1.2.250.1.213.1.4.10", "1.2.250.1.213.1.4.11"
FRENCH_ACCESS_CODES = "2.999.250.33.5"
RPPS, FINESS = "1.2.250.1.71.4.2.1", "1.2.250.1.71.4.2.2"
ROLES = {"221", "2221", "2222", "2261", "2262", "2264", "2265", "2266", "2267", "2269", "3211", "3213", "44"}


def luhn_is_right(digits: str) -> bool:
    """Source: ISO/IEC 7812-1, annex B."""
    doubled = [int(d) * (1 + i % 2) for i, d in enumerate(reversed(digits))]
    return sum(d - 9 if d > 9 else d for d in doubled) % 10 == 0


def ids_of(name: str) -> set[tuple[str, str]]:
    """Identifiers of people and houses, in the population and in every document of it."""
    found = {(i.root, i.extension) for p in population(name).patients.values() for i in p.ids}
    form = description(name).population
    found |= {(p.id.root, p.id.extension) for p in form.professionals.values()}
    found |= {(o.id.root, o.id.extension) for o in form.organizations.values()}
    for held in population(name).documents:
        found |= {(i.get("root", ""), i.get("extension", "")) for i in root_of(held).iter("{urn:hl7-org:v3}id")}
    return found


@pytest.mark.parametrize("name", COUNTRIES)
def test_keys_are_those_of_the_default_population(name: str) -> None:
    default, own = population("default"), population(name)

    assert own.patients.keys() == default.patients.keys()
    assert own.practitioners.keys() >= default.practitioners.keys()
    assert [d.key for d in own.documents] == [d.key for d in default.documents]


@pytest.mark.parametrize("name", ["default", "portugal", "czechia"])
def test_every_identifier_outside_of_france_lies_under_the_example_arc(name: str) -> None:
    assert {i for i in ids_of(name) if not i[0].startswith(EXAMPLE_ARC)} == set()


def test_french_identifiers_lie_in_test_domains_or_under_the_example_arc() -> None:
    known = {INS_TEST, INS_DEMO, RPPS, FINESS}

    assert {i for i in ids_of("france") if i[0] not in known and not i[0].startswith(EXAMPLE_ARC)} == set()


def test_french_patients_have_an_ins_of_nobody_with_a_right_key() -> None:
    for patient in population("france").patients.values():
        for i in (i for i in patient.ids if i.root != FRENCH_ACCESS_CODES):
            assert patient.birth is not None
            sex = "2" if patient.gender == "F" else "1"
            # department 99 and a place code that is not given
            assert i.extension[:10] == f"{sex}{patient.birth:%y%m}99998", patient.key
            assert len(i.extension) == 15, patient.key
            assert int(i.extension[13:]) == 97 - int(i.extension[:13]) % 97, patient.key


def test_french_professionals_and_houses_have_numbers_of_the_test_range() -> None:
    numbers = {e for r, e in ids_of("france") if r == RPPS}
    numbers |= {p.name_id for p in population("france").practitioners.values()}
    houses = {e for r, e in ids_of("france") if r == FINESS}
    houses |= {p.organization_id.rpartition(":")[2] for p in population("france").practitioners.values()}

    assert [n for n in numbers if not (re.fullmatch(r"899700\d{6}", n) and luhn_is_right(n[1:]))] == []
    assert [h for h in houses if not (re.fullmatch(r"199\d{7}", h) and luhn_is_right(h[1:]))] == []


@pytest.mark.parametrize("name", NAMES)
def test_telephone_numbers_ring_nowhere(name: str) -> None:
    """Country codes nobody has, or the 99 and 990 that these countries have not given out."""
    pattern = re.compile(r"tel:(\+999-|\+33-1-99-|\+32-9-990-|\+351-990-|\+420-990-)")
    numbers = {
        t.get("value", "")
        for held in population(name).documents
        for t in root_of(held).iterfind(".//h:telecom", HL7)
        if t.get("value")
    }

    assert {n for n in numbers if not pattern.match(n)} == set()


@pytest.mark.parametrize("name", NAMES)
def test_patients_of_one_country_share_no_identifier(name: str) -> None:
    ids = [i for p in population(name).patients.values() for i in p.ids]

    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("name", COUNTRIES)
def test_roles_are_those_of_the_assertion_profile_but_for_the_clerk(name: str) -> None:
    roles = {k: p.role_code for k, p in population(name).practitioners.items()}

    assert {k for k, code in roles.items() if code not in ROLES} == {"administrative"}
    assert len({*roles.values()} & ROLES) >= 8


@pytest.mark.parametrize("name", NAMES)
def test_the_store_holds_every_state_that_scenarios_speak_of(name: str) -> None:
    states = {d.status for d in population(name).documents}
    new = {d.key: d.replaces for d in population(name).documents if d.replaces}

    assert states == {"shared", "deprecated", "hidden", "withdrawn", "outside"}
    assert new == {f"ps-versions-new-{n}": f"ps-versions-old-{n}" for n in (3, 1)}
