"""The default population is synthetic, complete and valid, and its documents are what their writer writes."""

import base64
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from lxml import etree

from harness import safexml
from harness.model import PatientId, Population, PopulationDocument, Severity, ValidationReport, Verdict
from harness.packs import load_population
from harness.packs.artefacts import load_pack
from harness.validators import Validator
from tests.populations import original_writer, summary_writer

PROJECT = Path(__file__).resolve().parent.parent.parent
POPULATION = PROJECT / "scenarios" / "populations" / "default.yaml"
HL7 = {"h": "urn:hl7-org:v3"}
ROLES = {"221", "2221", "2222", "2261", "2262", "2264", "2265", "2266", "2267", "2269", "3211", "3213", "44"}
WRITTEN = {**summary_writer.documents(), **original_writer.documents()}
DOCUMENTS = tuple(sorted(WRITTEN))


@pytest.fixture(scope="module")
def population() -> Population:
    return load_population(POPULATION)


@pytest.fixture(scope="module")
def builtin() -> Iterator[Validator]:
    validator = Validator([load_pack(PROJECT / "schemas")])
    yield validator
    validator.close()


@pytest.fixture(scope="module")
def official(corpus: Path) -> Iterator[Validator]:
    validator = Validator([load_pack(corpus / "artefacts")])
    yield validator
    validator.close()


def document(population: Population, file: str) -> PopulationDocument:
    return next(d for d in population.documents if Path(d.path).name == file)


def root_of(document: PopulationDocument) -> etree._Element:
    return safexml.parse(document.content)


def text(root: etree._Element, path: str) -> str:
    found = root.find(path, HL7)
    assert found is not None, path
    return found.text or ""


def errors(report: ValidationReport) -> list[str]:
    return [f"{f.rule} {f.at.xpath} {f.message}" for f in report.findings if f.severity is not Severity.INFORMATION]


def test_population_holds_the_people_scenarios_speak_of(population: Population) -> None:
    assert set(population.patients) == {
        "pt-nominal",
        "pt-no-document",
        "pt-no-consent",
        "pt-second",
        "pt-twin-1",
        "pt-twin-2",
        "pt-accents",
        "pt-renumbered",
        "pt-renumbered-now",
        "pt-prescribed",
        "pt-dispensed",
        "pt-records",
        "pt-strict",
        "pt-mandate",
    }
    assert {"physician", "pharmacist", "nurse", "administrative"} <= set(population.practitioners)


def test_every_identifier_lies_under_the_example_arc(population: Population) -> None:
    roots = [i.root for p in population.patients.values() for i in p.ids]
    roots += [p.organization_id.removeprefix("urn:oid:") for p in population.practitioners.values()]
    roots += [d.unique_id for d in population.documents]

    assert all(root.startswith("2.999.") for root in roots)


@pytest.mark.parametrize("file", DOCUMENTS)
def test_instance_identifiers_of_a_document_lie_under_the_example_arc(population: Population, file: str) -> None:
    ids = root_of(document(population, file)).iter("{urn:hl7-org:v3}id")

    assert {i.get("root", "")[:6] for i in ids} == {"2.999."}


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


def test_only_the_refusing_patient_withholds_consent_and_has_a_document(population: Population) -> None:
    assert [k for k, p in population.patients.items() if not p.consent] == ["pt-no-consent"]
    assert any(d.patient == "pt-no-consent" for d in population.documents)


def test_patient_without_document_has_none(population: Population) -> None:
    assert not [d for d in population.documents if d.patient == "pt-no-document"]


def test_only_the_clerk_has_a_role_that_may_not_ask(population: Population) -> None:
    assert [k for k, p in population.practitioners.items() if p.role_code not in ROLES] == ["administrative"]


def test_one_physician_has_no_permissions(population: Population) -> None:
    assert population.practitioners["physician-without-permissions"].permissions == ()
    assert "PRD-006" in population.practitioners["physician"].permissions


def test_every_document_file_is_listed_once(population: Population) -> None:
    assert sorted(Path(d.path).name for d in population.documents) == list(DOCUMENTS)


@pytest.mark.parametrize("file", DOCUMENTS)
def test_document_is_what_its_writer_writes(population: Population, file: str) -> None:
    assert document(population, file).content == WRITTEN[file]


@pytest.mark.parametrize("file", DOCUMENTS)
def test_unique_id_is_the_id_of_the_document(population: Population, file: str) -> None:
    entry = document(population, file)
    found = root_of(entry).find("h:id", HL7)

    assert found is not None
    assert "^".join(filter(None, (found.get("root"), found.get("extension")))) == entry.unique_id


@pytest.mark.parametrize("file", DOCUMENTS)
def test_document_is_about_the_patient_of_the_population(population: Population, file: str) -> None:
    entry = document(population, file)
    patient = population.patients[entry.patient]
    role = root_of(entry).find("h:recordTarget/h:patientRole", HL7)
    assert role is not None
    ids = [PatientId(root=i.get("root", ""), extension=i.get("extension", "")) for i in role.findall("h:id", HL7)]
    gender, birth = role.find("h:patient/h:administrativeGenderCode", HL7), role.find("h:patient/h:birthTime", HL7)
    assert gender is not None
    assert birth is not None
    assert patient.birth is not None

    assert set(ids) <= set(patient.ids)
    assert (text(role, "h:patient/h:name/h:family"), text(role, "h:patient/h:name/h:given")) == (
        patient.family,
        patient.given,
    )
    assert (gender.get("code"), birth.get("value")) == (patient.gender, patient.birth.strftime("%Y%m%d"))
    assert text(role, "h:addr/h:streetAddressLine") == patient.street


@pytest.mark.parametrize("pair", ["ps-nominal", "ps-second", "ps-mandate", "rx-open", "rx-strict", "rx-closed"])
def test_pair_is_one_original_in_two_levels(population: Population, pair: str) -> None:
    both = [d for d in population.documents if d.pair == pair]
    parents = [root_of(d).find("h:relatedDocument/h:parentDocument/h:id", HL7) for d in both]

    assert sorted(d.level for d in both) == [1, 3]
    assert len({None if p is None else (p.get("root"), p.get("extension")) for p in parents}) == 1


@pytest.mark.parametrize(
    "file", ["ps-nominal-1.xml", "ps-second-1.xml", "ps-mandate-1.xml", "rx-open-1.xml", "orcd-laboratory.xml"]
)
def test_pdf_of_a_level_1_document_is_whole(population: Population, file: str) -> None:
    data = base64.b64decode(text(root_of(document(population, file)), "h:component/h:nonXMLBody/h:text"))
    table = data.index(b"xref\n")
    offsets = [int(m) for m in re.findall(rb"(\d{10}) 00000 n", data)]

    assert data.startswith(b"%PDF-1.4")
    assert data.rstrip().endswith(b"%%EOF")
    assert int(data.split(b"startxref\n")[1].split(b"\n")[0]) == table
    assert [data[o:].split(b" ", 1)[0] for o in offsets] == [str(n + 1).encode() for n in range(len(offsets))]


@pytest.mark.parametrize("file", DOCUMENTS)
def test_document_gives_no_finding_under_the_built_in_pack(
    population: Population, builtin: Validator, file: str
) -> None:
    report = builtin.validate(file, document(population, file).content)

    assert errors(report) == []
    assert report.verdict is Verdict.PASS


@pytest.mark.corpus
@pytest.mark.parametrize("file", DOCUMENTS)
def test_document_gives_no_finding_under_the_official_artefacts(
    population: Population, official: Validator, file: str
) -> None:
    report = official.validate(file, document(population, file).content)

    assert errors(report) == []
    assert report.verdict is Verdict.PASS
