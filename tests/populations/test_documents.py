"""Documents of every bundled population: complete, about their patients, and the same each time they are made."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from lxml import etree

from harness.model import PatientId, PopulationDocument
from harness.synthesis import make_document, make_documents
from tests.populations.population_support import (
    FOLDER,
    HL7,
    NAMES,
    description,
    document,
    is_friendly,
    population,
    root_of,
    text,
)

KINDS = {
    ("patient-summary", 3),
    ("patient-summary", 1),
    ("eprescription", 3),
    ("eprescription", 1),
    ("edispensation", 3),
    ("orcd-laboratory", 1),
    ("orcd-discharge", 1),
    ("orcd-imaging-report", 1),
    ("orcd-image", 1),
}
SECTIONS = {
    "10160-0", "48765-2", "47519-4", "11450-4", "46264-8", "11348-0", "11369-6", "29762-2", "8716-3", "30954-2",
}  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_there_is_a_document_of_every_kind_and_level(name: str) -> None:
    assert {(d.kind, d.level) for d in population(name).documents} == KINDS
    assert {d.kind for d in population(name).documents if is_friendly(d)} == {
        "patient-summary",
        "eprescription",
        "edispensation",
    }


@pytest.mark.parametrize("name", NAMES)
def test_documents_are_what_their_descriptions_make(name: str) -> None:
    made = {m.key: m.content for m in make_documents(description(name))}

    assert [d.key for d in population(name).documents if made[d.key] != d.content] == []
    assert len(made) == len(population(name).documents)


@pytest.mark.parametrize("name", NAMES)
def test_no_file_lies_beside_those_that_are_listed(name: str) -> None:
    folder = FOLDER / "documents" / ("" if name == "default" else name)
    listed = {Path(d.path).name for d in population(name).documents}

    assert {p.name for p in folder.glob("*.xml")} == listed


def test_another_seed_gives_other_identifiers_and_the_same_text() -> None:
    given = description("france")
    other = replace(given, population=given.population.model_copy(update={"seed": 4711}))
    form = next(d for d in given.population.documents if d.key == "ps-nominal-3")
    one, two = make_document(given, form), make_document(other, form)

    assert one != two
    assert make_document(other, form) == two
    assert one.count(b"displayName") == two.count(b"displayName")


def test_documents_without_content_or_of_no_such_level_are_refused() -> None:
    given = description("france")
    form = given.population.documents[0]

    with pytest.raises(ValueError, match="ps-nominal-3"):
        make_document(given, form.model_copy(update={"content": None}))
    with pytest.raises(ValueError, match="nothing to make at level 3 of orcd-image"):
        make_document(given, form.model_copy(update={"kind": "orcd-image"}))


@pytest.mark.parametrize("name", NAMES)
def test_unique_ids_are_those_of_the_documents_and_unique(name: str) -> None:
    held = population(name).documents
    ids = [i for d in held if (i := root_of(d).find("h:id", HL7)) is not None]

    assert ["^".join(filter(None, (i.get("root"), i.get("extension")))) for i in ids] == [d.unique_id for d in held]
    assert len({d.unique_id for d in held}) == len(held)


@pytest.mark.parametrize("name", NAMES)
def test_documents_are_about_their_patients(name: str) -> None:
    for held in population(name).documents:
        patient = population(name).patients[held.patient]
        role = root_of(held).find("h:recordTarget/h:patientRole", HL7)
        assert role is not None
        ids = tuple(
            PatientId(root=i.get("root", ""), extension=i.get("extension", "")) for i in role.findall("h:id", HL7)
        )
        names = [e.text for e in role.iterfind("h:patient/h:name/*", HL7)]
        birth, gender = role.find("h:patient/h:birthTime", HL7), role.find("h:patient/h:administrativeGenderCode", HL7)

        assert ids == patient.ids, held.key
        assert names == [*patient.given.split(), patient.family], held.key
        assert birth is not None
        assert gender is not None
        assert (birth.get("value"), gender.get("code")) == (f"{patient.birth:%Y%m%d}", patient.gender), held.key
        assert text(role, "h:addr/h:streetAddressLine") == patient.street, held.key


@pytest.mark.parametrize("name", NAMES)
def test_a_pair_is_one_original_in_two_levels(name: str) -> None:
    pairs: dict[str, list[PopulationDocument]] = {}
    for held in population(name).documents:
        if held.pair:
            pairs.setdefault(held.pair, []).append(held)
    parents: Mapping[str, set[tuple[str | None, ...]]] = {
        key: {_parent(d) for d in both} for key, both in pairs.items()
    }

    assert {tuple(sorted(d.level for d in both)) for both in pairs.values()} == {(1, 3)}
    assert {key: len(found) for key, found in parents.items()} == dict.fromkeys(pairs, 1)


def _parent(held: PopulationDocument) -> tuple[str | None, ...]:
    found = root_of(held).find("h:relatedDocument/h:parentDocument/h:id", HL7)
    assert found is not None
    return found.get("root"), found.get("extension")


@pytest.mark.parametrize("name", NAMES)
def test_a_rich_summary_has_ten_sections_and_a_pregnancy_stands_in_another(name: str) -> None:
    codes = "h:component/h:structuredBody/h:component/h:section/h:code"
    rich = {e.get("code") for e in root_of(document(name, "ps-nominal-3")).iterfind(codes, HL7)}
    pregnant = {e.get("code") for e in root_of(document(name, "ps-versions-new-3")).iterfind(codes, HL7)}

    assert rich == SECTIONS
    assert "10162-6" in pregnant


@pytest.mark.parametrize("name", NAMES)
def test_every_entry_points_at_a_line_of_its_section(name: str) -> None:
    for held in population(name).documents:
        root = root_of(held)
        lines = {e.get("ID") for e in root.iter("{urn:hl7-org:v3}item")}
        pointed = {(e.get("value") or "").removeprefix("#") for e in root.iter("{urn:hl7-org:v3}reference")}

        assert pointed <= lines, held.key


@pytest.mark.parametrize("name", NAMES)
def test_a_prescription_of_two_lines_is_two_documents_of_one_original(name: str) -> None:
    one, two = document(name, "ep-nominal-1-3"), document(name, "ep-nominal-2-3")

    assert _parent(one) == _parent(two)
    assert _substitution(one) == "G"
    assert _substitution(two) == "N"


def _substitution(held: PopulationDocument) -> str | None:
    found = root_of(held).find(".//h:substanceAdministration/h:entryRelationship/h:observation/h:value", HL7)
    return None if found is None else found.get("code")


@pytest.mark.parametrize("name", NAMES)
def test_every_prescription_but_those_left_to_scenarios_is_dispensed_once(name: str) -> None:
    left = {"pt-prescribed", "pt-strict", "pt-dispensed", "pt-ten-prescriptions"}
    prescriptions = [d for d in population(name).documents if (d.kind, d.level) == ("eprescription", 3)]
    prescribed = {d.unique_id for d in prescriptions if d.patient not in left}
    friendly = {d.unique_id for d in population(name).documents if is_friendly(d)}
    answered = []
    for held in population(name).documents:
        if held.kind == "edispensation" and not is_friendly(held):
            order = root_of(held).find("h:inFulfillmentOf/h:order/h:id", HL7)
            assert order is not None
            answered.append("^".join(filter(None, (order.get("root"), order.get("extension")))))

    assert sorted(answered) == sorted(prescribed - friendly)


@pytest.mark.parametrize("name", NAMES)
def test_a_generic_that_was_given_is_named_and_marked_as_an_exchange(name: str) -> None:
    root = root_of(document(name, "ed-nominal-1-3"))

    assert text(root, ".//h:supply/h:product//h:manufacturedMaterial/h:name") == "Ramipril Sansmarque 5"
    assert text(root, ".//h:substanceAdministration//h:manufacturedMaterial/h:name") == "Ramifictif 5"
    assert [c.get("code") for c in root.iterfind(".//h:supply/h:entryRelationship/h:act/h:code", HL7)] == ["SUBST"]


@pytest.mark.parametrize("name", NAMES)
def test_the_summary_of_a_minor_names_the_parent(name: str) -> None:
    guardian = "h:recordTarget/h:patientRole/h:patient/h:guardian"
    root = root_of(document(name, "ps-minor-3"))
    relation = root.find(f"{guardian}/h:code", HL7)

    assert relation is not None
    assert relation.get("code") == "MTH"
    assert text(root, f"{guardian}/h:guardianPerson/h:name")


@pytest.mark.parametrize("name", NAMES)
def test_a_friendly_document_keeps_codes_and_says_them_in_the_readers_language(name: str) -> None:
    pivot, friendly = root_of(document(name, "ps-nominal-3")), root_of(document(name, "ps-nominal-friendly-3"))
    plain = [(e.get("code"), e.get("displayName")) for e in pivot.iter() if e.get("displayName")]
    told = [e for e in friendly.iter() if e.get("displayName") and _depth(e) == 0]
    kept = [e.find("h:translation", HL7) for e in told]
    language = friendly.find("h:languageCode", HL7)

    national = {e.get("displayName") for e in pivot.iter("{urn:hl7-org:v3}translation")}
    assert [e.get("code") for e in told] == [code for code, display in plain if display not in national]
    assert [None if t is None else t.get("displayName") for t in kept] == [d for _, d in plain if d not in national]
    assert (
        sum(e.get("displayName") != t.get("displayName") for e, t in zip(told, kept, strict=True) if t is not None) > 40
    )
    assert language is not None
    assert language.get("code") == ("fr-FR" if name in ("portugal", "czechia") else "pt-PT")


def _depth(element: etree._Element) -> int:
    translation = "{urn:hl7-org:v3}translation"
    return sum(1 for _ in element.iterancestors(translation)) + (element.tag == translation)


def test_french_documents_carry_the_national_role_beside_the_common_one() -> None:
    role = root_of(document("france", "ps-nominal-3")).find("h:author/h:functionCode/h:translation", HL7)

    assert role is not None
    assert (role.get("codeSystem"), role.get("code")) == ("1.2.250.1.213.1.1.4.5", "G15_10/SM26")
