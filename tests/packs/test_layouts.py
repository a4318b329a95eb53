"""Folders without a pack.yaml: the content tests of ANS, plain schemas, rules and value sets."""

from pathlib import Path

import pytest

from harness.errors import PackError
from harness.model import Layer, in_language
from harness.packs import Pack, packs_with_builtin
from harness.packs.artefacts import load_pack, pack_folder
from tests.packs.pack_samples import ANS_LAYERS, PATTERN, SCH, SCHEMA, SVS, XSD, ans_folder, put

VSM = "1.2.250.1.213.1.1.1.13"
BIO = "1.2.250.1.213.1.1.1.55"


def fitting(pack: Pack, model: str) -> list[str]:
    """The artefacts that judge a French document of `model`."""
    return [a.id for a in pack.artefacts if a.fits("cda:other", {"ci_sis_model": model})]


def test_ans_folder_has_seven_layers_in_the_order_of_its_tool(tmp_path: Path) -> None:
    pack = load_pack(ans_folder(tmp_path, "VSM_2023.01"))
    assert pack.coordinate == "fr.ans:cda-content-tests:2023.01"
    assert [a.id for a in pack.artefacts] == [*ANS_LAYERS, "ans-document-VSM-2023.01", "ans-document"]
    assert [a.layer for a in pack.artefacts][:2] == [Layer.XSD, Layer.SCHEMATRON]
    assert all(a.title.en and a.title.fr for a in pack.artefacts)
    assert pack.complete
    assert not [a.id for a in pack.artefacts if a.requirement]


@pytest.mark.parametrize(
    ("model", "document"),
    [
        (f"{VSM}^201310", "ans-document-VSM_1.4-2022.01"),
        (f"{VSM}^2023.01", "ans-document-VSM-2023.01"),
        (VSM, "ans-document-VSM-2023.01"),
        (f"{BIO}^2021.01", "ans-document-BIO-CR-BIO-2021.01"),
        (f"{BIO}^2024.01", "ans-document-BIO-CR-BIO-2024.01"),
        (BIO, "ans-document-BIO-CR-BIO-2024.01"),
        (f"{BIO}^2023.01", "ans-document"),
        ("unspecified", "ans-document"),
    ],
)
def test_document_model_follows_from_template_and_version(tmp_path: Path, model: str, document: str) -> None:
    folder = ans_folder(tmp_path, "VSM_1.4_2022.01", "VSM_2023.01", "BIO-CR-BIO_2021.01", "BIO-CR-BIO_2024.01")
    assert fitting(load_pack(folder), model) == [*ANS_LAYERS, document]


def test_unstructured_document_has_no_document_model_and_other_documents_no_layer(tmp_path: Path) -> None:
    pack = load_pack(ans_folder(tmp_path, "VSM_2023.01"))
    assert fitting(pack, "unstructured") == list(ANS_LAYERS)
    assert fitting(pack, "none") == []


def test_layer_without_its_file_is_named_missing_and_not_left_out(tmp_path: Path) -> None:
    pack = load_pack(ans_folder(tmp_path, without=("ans-terminology", "ans-xsd")))
    assert {a.id: a.missing for a in pack.artefacts if a.missing} == {
        name: (ANS_LAYERS[name],) for name in ("ans-xsd", "ans-terminology")
    }
    assert not any(a.usable for a in pack.artefacts if a.missing or a.lacking)


def test_model_that_is_not_in_the_pack_says_so_in_both_languages(tmp_path: Path) -> None:
    last = load_pack(ans_folder(tmp_path)).artefacts[-1]
    assert "no document model" in last.lacking
    assert "pas de modèle de document" in in_language(last.lacking, "fr")


def test_missing_schema_gives_way_to_the_one_of_another_pack(tmp_path: Path) -> None:
    rules = ans_folder(tmp_path / "rules", without=("ans-xsd",))
    schema = XSD.format("urn:hl7-org:v3", "")
    schemas = put(tmp_path / "xsd", {"CDA_extended.xsd": schema, "POCD_MT000040_extended_pharmacy.xsd": schema})
    both = [a for p in packs_with_builtin([rules, schemas]) for a in p.artefacts if a.id == "ans-xsd"]
    assert [a.coordinate for a in both] == ["fr.ans:cda-xsd:1"]
    alone = [a for p in packs_with_builtin([rules]) for a in p.artefacts if a.id == "ans-xsd"]
    assert [a.missing for a in alone] == [(ANS_LAYERS["ans-xsd"],)]


def test_schemas_of_other_programmes_leave_french_documents_alone(tmp_path: Path) -> None:
    put(tmp_path, {"CDA_Pharma.xsd": XSD.format("urn:hl7-org:v3", "")})
    (pharma,) = load_pack(tmp_path).artefacts
    facts = {"medication_extension": "none", "template": "none"}
    assert pharma.fits("cda:orcd-laboratory:3", facts)
    assert not pharma.fits("cda:orcd-laboratory:3", {**facts, "ci_sis_model": BIO})


def test_plain_schema_judges_the_roots_it_declares(tmp_path: Path) -> None:
    types = '<xs:complexType name="T"><xs:sequence><xs:element name="Inner"/></xs:sequence></xs:complexType>'
    body = f'<xs:include schemaLocation="t.xsd"/>{types}<xs:element name="Order" type="T"/>'
    put(
        tmp_path / "mine",
        {"a.xsd": XSD.format("urn:o", body), "t.xsd": XSD.format("urn:o", '<xs:element name="Part"/>')},
    )
    pack = load_pack(tmp_path / "mine")
    (artefact,) = pack.artefacts
    assert (artefact.id, artefact.applies) == ("a", ("message:Order", "message:Part"))
    assert artefact.fits("message:Order", {"namespace": "urn:o"})
    assert not artefact.fits("message:Order", {"namespace": "urn:other"})
    assert pack.coordinate.startswith("local:mine:")
    assert pack.coordinate == artefact.coordinate


def test_root_that_two_plain_schemas_declare_is_left_undecided(tmp_path: Path) -> None:
    element = '<xs:element name="Order"/>'
    put(tmp_path, {f"{n}.xsd": XSD.format("urn:o", f'{element}<xs:element name="{n}"/>') for n in ("A", "B")})
    artefacts = {a.id: a for a in load_pack(tmp_path).artefacts}
    assert {a.applies for a in artefacts.values()} == {("message:A",), ("message:B",), ("message:Order",)}
    assert artefacts["Order-undecided"].lacking.endswith("A.xsd, B.xsd; name one of them")
    assert not artefacts["Order-undecided"].usable


def test_plain_rules_judge_what_their_contexts_name(tmp_path: Path) -> None:
    message = f'<pattern xmlns="{SCH}"><rule context="/x:Order"/></pattern>'
    included = PATTERN.format("true()")
    files = {"a.sch": SCHEMA.format('<include href="p.sch"/>'), "p.sch": included, "b.sch": SCHEMA.format(message)}
    assert {a.id: a.applies for a in load_pack(put(tmp_path, files)).artefacts} == {
        "a": ("cda:*",),
        "b": ("message:Order",),
    }


def test_plain_rules_that_do_not_tell_what_they_judge_are_refused(tmp_path: Path) -> None:
    put(tmp_path, {"a.sch": SCHEMA.format(f'<pattern xmlns="{SCH}"><rule context="*"/></pattern>')})
    with pytest.raises(PackError, match="what these rules judge cannot be told") as caught:
        load_pack(tmp_path)
    assert "pack.yaml" in str(caught.value.problems[0].hint)


def test_folder_of_value_sets_is_terminology(tmp_path: Path) -> None:
    put(tmp_path, {"a.xml": SVS.format("1.2"), "b.xml": SVS.format("1.3")})
    (artefact,) = load_pack(tmp_path).artefacts
    assert (artefact.layer, artefact.id, artefact.path) == (Layer.TERMINOLOGY, "value-sets", tmp_path)


def test_folder_of_other_xml_is_no_pack(tmp_path: Path) -> None:
    put(tmp_path, {"a.xml": SVS.format("1.2"), "b.xml": "<other/>"})
    with pytest.raises(PackError, match=r"no pack\.yaml"):
        load_pack(tmp_path)


def test_folder_around_the_distribution_is_looked_through(tmp_path: Path) -> None:
    inner = ans_folder(tmp_path / "download" / "TestContenuCDA-main")
    assert pack_folder(tmp_path / "download") == inner
    assert pack_folder(inner) == inner
    plain = put(tmp_path / "plain" / "top", {"a.xsd": XSD.format("urn:o", '<xs:element name="O"/>'), "b/c.txt": ""})
    assert pack_folder(tmp_path / "plain") == plain
