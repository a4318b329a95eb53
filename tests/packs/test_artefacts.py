"""Packs of artefacts: a pack.yaml with every problem placed, publishers' folders, digests over all that is reached."""

from pathlib import Path

import pytest

from harness.errors import PackError
from harness.model import Layer
from harness.packs.artefacts import load_pack, pack_of_files

SCHEMA = '<schema xmlns="http://purl.oclc.org/dsdl/schematron">{}</schema>'
PATTERN = "<pattern xmlns='http://purl.oclc.org/dsdl/schematron'>{}</pattern>"
DECLARED = """pack: org.example:test:1.2.0
title: {en: Test, fr: Essai}
origin: here
licence: none
status: valid
artefacts:
  - id: a
    layer: schematron
    path: a.sch
    applies: ["cda:patient-summary:3", "message:*"]
    requirement: X-1
    when: {medication_extension: [pharm, none]}
    sources: [one, two]
"""


def write(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        path = folder / name.replace("__", "/").replace("_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


def declared(folder: Path, text: str = DECLARED, schema: str = SCHEMA.format("")) -> Path:
    return write(folder, pack_yaml=text, a_sch=schema)


def test_declared_pack_is_loaded(tmp_path: Path) -> None:
    pack = load_pack(declared(tmp_path))
    assert (pack.coordinate, pack.title.fr, pack.licence, pack.complete) == (
        "org.example:test:1.2.0",
        "Essai",
        "none",
        True,
    )
    (artefact,) = pack.artefacts
    assert (artefact.id, artefact.layer, artefact.requirement) == ("a", Layer.SCHEMATRON, "X-1")
    assert artefact.sources == ("one", "two")
    assert artefact.path == tmp_path / "a.sch"


@pytest.mark.parametrize(
    ("kind", "facts", "fits"),
    [
        ("cda:patient-summary:3", {"medication_extension": "pharm"}, True),
        ("message:Envelope", {}, True),
        ("cda:patient-summary:3", {"medication_extension": "epsos"}, False),
        ("cda:patient-summary:1", {"medication_extension": "pharm"}, False),
    ],
)
def test_artefact_fits_by_kind_and_facts(tmp_path: Path, kind: str, facts: dict[str, str], fits: bool) -> None:
    assert load_pack(declared(tmp_path)).artefacts[0].fits(kind, facts) is fits


@pytest.mark.parametrize(
    ("before", "after", "line", "problem"),
    [
        ("layer: schematron", "layer: rng", 8, "unknown layer"),
        ("path: a.sch", "path: gone.sch", 9, "no such file"),
        ("path: a.sch", "path: ../a.sch", 9, "path leaves the pack"),
        ("    requirement: X-1\n", "    requirment: X-1\n", 11, "unknown key 'requirment'"),
        ("pack: org.example:test:1.2.0", "pack: test", 1, "not a coordinate"),
        ("status: valid", "status: new", 5, "unknown status"),
        ('applies: ["cda:patient-summary:3", "message:*"]', "applies: []", 10, "nothing to apply to"),
        ("title: {en", "title: {en: [", 2, "not readable as YAML"),
    ],
)
def test_wrong_pack_file_is_refused_with_its_place(
    tmp_path: Path, before: str, after: str, line: int, problem: str
) -> None:
    with pytest.raises(PackError) as caught:
        load_pack(declared(tmp_path, DECLARED.replace(before, after)))
    first = caught.value.problems[0]
    assert first.problem.startswith(problem)
    assert first.at is not None
    assert (first.at.file, first.at.line) == (str(tmp_path / "pack.yaml"), line)


def test_all_problems_of_a_pack_file_are_told_at_once(tmp_path: Path) -> None:
    text = DECLARED.replace("status: valid", "status: new").replace("path: a.sch", "path: gone.sch")
    with pytest.raises(PackError) as caught:
        load_pack(declared(tmp_path, text))
    assert [p.at.line for p in caught.value.problems if p.at] == [5, 9]


@pytest.mark.parametrize("changed", ["a.sch", "b.sch", "voc.xml"])
def test_digest_covers_the_artefact_and_all_it_reaches(tmp_path: Path, changed: str) -> None:
    declared(tmp_path, schema=SCHEMA.format('<include href="b.sch"/>'))
    test = "doc('voc.xml')//a"
    write(tmp_path, b_sch=PATTERN.format(f'<rule context="{test}"/>'), voc_xml="<a/>", other_xml="<a/>")
    before = load_pack(tmp_path).artefacts[0].sha256
    (tmp_path / "other.xml").write_text("<b/>")
    assert load_pack(tmp_path).artefacts[0].sha256 == before
    (tmp_path / changed).write_text((tmp_path / changed).read_text() + "\n")
    assert load_pack(tmp_path).artefacts[0].sha256 != before


def test_missing_include_and_missing_vocabulary_make_the_pack_incomplete(tmp_path: Path) -> None:
    body = '<!-- <include href="comment.sch"/> --><include href="gone.sch"/><let name="x" value="doc(\'gone.xml\')"/>'
    pack = load_pack(declared(tmp_path, schema=SCHEMA.format(body)))
    assert not pack.complete
    assert pack.artefacts[0].missing_includes == ("gone.sch",)
    assert pack.artefacts[0].missing_vocabularies == ("gone.xml",)


def test_folder_of_no_known_layout_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PackError, match=r"no pack\.yaml"):
        load_pack(write(tmp_path, a_txt="x"))
    with pytest.raises(PackError, match="not a folder"):
        load_pack(tmp_path / "gone")


def test_single_files_make_a_pack_that_judges_everything(tmp_path: Path) -> None:
    write(tmp_path, deep__a_sch=SCHEMA.format('<include href="../b.sch"/>'), b_sch=PATTERN.format(""), x_xsd="<a/>")
    pack = pack_of_files([tmp_path / "deep" / "a.sch", tmp_path / "x.xsd"])
    assert [(a.id, a.layer, a.root) for a in pack.artefacts] == [
        ("a", Layer.SCHEMATRON, tmp_path),
        ("x", Layer.XSD, tmp_path),
    ]
    assert pack.complete
    assert pack.artefacts[0].fits("message:anything", {})
    assert pack.coordinate.startswith("local:files:")


def test_single_file_that_is_absent_or_no_artefact_is_refused(tmp_path: Path) -> None:
    write(tmp_path, a_txt="x")
    with pytest.raises(PackError) as caught:
        pack_of_files([tmp_path / "a.txt", tmp_path / "gone.sch"])
    assert {p.problem for p in caught.value.problems} == {"unknown kind of artefact", "no such file"}


EHDSI = SCHEMA.format('<pattern see="https://x/epsos-html-{}T000000/tmp.html"/>')


def test_ehdsi_schematron_folder_is_recognised_and_its_swapped_names_are_put_right(tmp_path: Path) -> None:
    for name in ("PatientSummary", "HealthCareEncounterReport", "MedicationRelatedOverview"):
        (tmp_path / f"epsos-{name}.sch").write_text(EHDSI.format("20240422"))
    pack = load_pack(tmp_path)
    assert pack.coordinate == "eu.ehdsi:cda-schematron:8.0.0"
    assert {a.id: a.applies[0] for a in pack.artefacts} == {
        "epsos-PatientSummary": "cda:patient-summary:*",
        "epsos-HealthCareEncounterReport": "cda:mro:*",
        "epsos-MedicationRelatedOverview": "cda:hcer:*",
    }


def test_of_several_releases_in_a_collection_the_newest_is_taken(tmp_path: Path) -> None:
    for release in ("20220131", "20240422"):
        folder = tmp_path / "schematron" / release
        folder.mkdir(parents=True)
        (folder / "epsos-PatientSummary.sch").write_text(EHDSI.format(release))
    pack = load_pack(tmp_path)
    assert pack.coordinate == "eu.ehdsi:artefacts:8.0.0"
    assert [a.path.parent.name for a in pack.artefacts] == ["20240422"]


@pytest.mark.corpus
def test_official_artefacts_are_recognised_as_a_whole(corpus: Path) -> None:
    pack = load_pack(corpus / "artefacts")
    coordinates = {a.coordinate for a in pack.artefacts}
    assert {"eu.ehdsi:cda-schematron:8.0.0", "eu.ehdsi:cda-xsd-pharma:1", "org.w3:soap-envelope:1.2"} <= coordinates
    assert {"fr.ans:cda-content-tests:2024.01", "fr.ans:cda-xsd:1"} <= coordinates
    assert {a.id: a.missing_includes for a in pack.artefacts if a.missing_includes} == {
        "ans-terminology": ("schematrons/profils/terminologies/schematron/terminologie.sch",)
    }
    missing = {name.rsplit("/", 1)[-1] for a in pack.artefacts for name in a.missing_vocabularies}
    assert missing == {
        "voc-1.3.6.1.4.1.12559.11.10.1.3.1.42.61-DYNAMIC.xml",
        "voc-1.2.250.1.213.1.1.5.471-DYNAMIC.xml",
        "JDV_ClinicalStatusCodes_CISIS.xml",
    }
    assert not pack.complete
