"""Value sets as their publishers write them, by OID and version; kept in the cache; looked up by system and code."""

from pathlib import Path

import pytest

from harness.validators import Designation, MemoryCache, ValueSets, load_value_sets
from tests.validators.cda_support import pack_with

SYSTEM = "2.999.1"
ART_DECOR = f"""<valueSets>
<valueSet id="2.999.5" name="sites" displayName="Sites" effectiveDate="2023-01-01T00:00:00" versionLabel="202301">
 <desc language="en-US">Where.</desc>
 <sourceCodeSystem id="{SYSTEM}" version="7"/>
 <conceptList><concept code="A" codeSystem="{SYSTEM}" displayName="Arm" level="0" type="L">
   <designation language="fr-FR" displayName="Bras"/></concept></conceptList></valueSet>
<valueSet id="2.999.5" name="sites" effectiveDate="2024-01-01T00:00:00" versionLabel="202401">
 <conceptList><concept code="L" codeSystem="{SYSTEM}" displayName="Leg" level="0" type="L"/>
  <concept code="X" codeSystem="{SYSTEM}" displayName="Wing" level="0" type="D"/></conceptList></valueSet>
</valueSets>"""
SVS = """<RetrieveValueSetResponse xmlns="urn:ihe:iti:svs:2008">
<ValueSet id="{oid}" version="20240101" displayName="Things"><ConceptList xml:lang="en-US">{concepts}</ConceptList>
<ConceptList xml:lang="de-DE"><Concept code="1" codeSystem="2.999.2" displayName="Ding"/></ConceptList>
</ValueSet></RetrieveValueSetResponse>"""
MULTIPLE = """<s:RetrieveMultipleValueSetsResponse xmlns:s="urn:ihe:iti:svs:2008">
<s:DescribedValueSet ID="2.999.6" displayName="One" version="1"><s:ConceptList>
<s:Concept code="1" codeSystem="2.999.2" displayName="one" codeSystemVersion="3"/></s:ConceptList></s:DescribedValueSet>
<s:DescribedValueSet ID="2.999.7" displayName="Two" version="1"><s:ConceptList>
<s:Concept code="2" codeSystem="2.999.2" displayName="two"/></s:ConceptList></s:DescribedValueSet>
</s:RetrieveMultipleValueSetsResponse>"""
ANS = """<RetrieveValueSetResponse xmlns="urn:ihe:iti:svs:2008"><ValueSet id="1.2.250.9" version="test" displayName="JDV_X">
<ConceptList><Concept code="1" codeSystem="2.999.3" displayName="légère" dateFin="" dateValid="20200101000000"/>
<Concept code="2" codeSystem="2.999.3" displayName="grave" dateFin="20220630000000" dateValid="20200101000000"/>
</ConceptList></ValueSet></RetrieveValueSetResponse>"""
CONCEPT = '<Concept code="1" codeSystem="2.999.2" displayName="thing"/>'


@pytest.fixture
def sets(tmp_path: Path) -> ValueSets:
    svs = SVS.format(oid="2.999.4", concepts=CONCEPT)
    pack = pack_with(
        tmp_path / "p", voc=ART_DECOR, svs=svs, many=MULTIPLE, JDV_X=ANS, other="<a/>", broken="<valueSets>"
    )
    return load_value_sets([pack], MemoryCache())


def test_every_layout_is_read_by_oid_and_version(sets: ValueSets) -> None:
    assert sets.keys == (
        ("1.2.250.9", "test"),
        ("2.999.4", "20240101"),
        ("2.999.5", "202301"),
        ("2.999.5", "202401"),
        ("2.999.6", "1"),
        ("2.999.7", "1"),
    )


@pytest.mark.parametrize(
    ("version", "code"), [("202301", "A"), ("202401", "L"), (None, "L")], ids=["old", "new", "dynamic"]
)
def test_version_is_the_one_asked_for_or_the_newest(sets: ValueSets, version: str | None, code: str) -> None:
    found = sets.value_set("2.999.5", version)
    assert found is not None
    assert [found.holds(SYSTEM, c) for c in ("A", "L")] == [code == "A", code == "L"]


@pytest.mark.parametrize(("oid", "version"), [("2.999.5", "202001"), ("2.999.99", None)], ids=["version", "set"])
def test_value_set_that_is_not_there_is_none(sets: ValueSets, oid: str, version: str | None) -> None:
    assert sets.value_set(oid, version) is None


@pytest.mark.parametrize(
    ("system", "code", "labels"),
    [
        (SYSTEM, "A", [("Arm", "en"), ("Bras", "fr-FR")]),
        ("2.999.2", "1", [("one", "en"), ("thing", "en-US"), ("Ding", "de-DE")]),
        (SYSTEM, "Z", []),
    ],
    ids=["project-language", "list-language", "unknown"],
)
def test_labels_come_with_their_language(
    sets: ValueSets, system: str, code: str, labels: list[tuple[str, str]]
) -> None:
    assert sorted(sets.designations(system, code), key=repr) == sorted(
        (Designation(text=text, language=language) for text, language in labels), key=repr
    )


@pytest.mark.parametrize(
    ("label", "known"),
    [("Arm", True), ("  ARM ", True), ("bras", True), ("Hand", False)],
    ids=["same", "case", "other", "no"],
)
def test_label_is_compared_without_case_and_blanks(sets: ValueSets, label: str, known: bool) -> None:
    assert sets.is_label(SYSTEM, "A", label) is known


def test_labels_of_a_national_publisher_are_marked(sets: ValueSets) -> None:
    assert sets.designations("2.999.3", "1") == (Designation(text="légère", language="fr", national=True),)
    assert sets.is_label("2.999.3", "1", "légère") is None


def test_label_of_an_unknown_code_is_not_judged(sets: ValueSets) -> None:
    assert sets.is_label(SYSTEM, "Z", "Arm") is None


def test_retired_codes_are_known_with_their_date(sets: ValueSets) -> None:
    assert [sets.retired("2.999.3", c) for c in ("1", "2")] == [None, "20220630"]
    assert [sets.retired(SYSTEM, c) for c in ("L", "X")] == [None, ""]


def test_code_is_not_retired_where_another_value_set_still_lists_it(tmp_path: Path) -> None:
    active = ANS.replace("1.2.250.9", "1.2.250.8").replace("20220630000000", "")
    for names in (("JDV_A", "JDV_B"), ("JDV_B", "JDV_A")):
        pack = pack_with(tmp_path / names[0], **dict(zip(names, (ANS, active), strict=True)))
        assert load_value_sets([pack], MemoryCache()).retired("2.999.3", "2") is None


def test_versions_of_code_systems_are_those_stated(sets: ValueSets) -> None:
    assert sets.published_versions(SYSTEM) == {"7"}
    assert sets.published_versions("2.999.2") == {"3"}
    assert sets.published_versions("2.999.3") == frozenset()


@pytest.mark.parametrize(
    ("oid", "concepts", "whole"),
    [("2.999.2", CONCEPT, True), ("2.999.4", CONCEPT, False), ("2.999.2", "", True)],
    ids=["set-is-the-system", "set-of-some", "german-list-only"],
)
def test_system_is_whole_when_a_value_set_is_the_system(tmp_path: Path, oid: str, concepts: str, whole: bool) -> None:
    pack = pack_with(tmp_path / "p", svs=SVS.format(oid=oid, concepts=concepts))
    assert load_value_sets([pack], MemoryCache()).is_whole("2.999.2") is whole


def test_announced_system_without_codes_is_not_whole(tmp_path: Path) -> None:
    empty = '<valueSets><valueSet id="2.999.2"><completeCodeSystem codeSystem="2.999.2"/><conceptList/></valueSet></valueSets>'
    sets = load_value_sets([pack_with(tmp_path / "p", voc=empty)], MemoryCache())
    assert not sets.is_whole("2.999.2")


def test_cache_gives_the_same_and_changed_files_are_read_again(tmp_path: Path) -> None:
    cache, folder = MemoryCache(), tmp_path / "p"
    first = load_value_sets([pack_with(folder, voc=ART_DECOR)], cache)
    again = load_value_sets([pack_with(folder, voc=ART_DECOR)], cache)
    changed = load_value_sets([pack_with(folder, voc=ART_DECOR.replace("Arm", "Leg"))], cache)

    assert again.keys == first.keys
    assert again.designations(SYSTEM, "A") == first.designations(SYSTEM, "A")
    assert changed.is_label(SYSTEM, "A", "Leg")


def test_of_the_same_version_the_first_pack_counts(tmp_path: Path) -> None:
    packs = [
        pack_with(
            tmp_path / name, svs=SVS.format(oid="2.999.4", concepts=CONCEPT.replace('code="1"', f'code="{code}"'))
        )
        for name, code in (("a", "7"), ("b", "8"))
    ]
    found = load_value_sets(packs, MemoryCache()).value_set("2.999.4")
    assert found is not None
    assert found.holds("2.999.2", "7")
    assert not found.holds("2.999.2", "8")
