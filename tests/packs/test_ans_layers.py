"""The content tests of ANS, layer by layer, on the documents of ANS: the figures its own tool came to.

Figures are fired rules and failed assertions, measured with the publisher's tool chain (ISO skeleton, XSLT 2).
"""

import json
import shutil
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from harness import safexml
from harness.model import Verdict
from harness.packs import Pack, packs_with_builtin
from harness.packs.artefacts import load_pack
from harness.store import PackStore
from harness.validators import MemoryCache, Validator, facts_of, kind_of
from harness.validators.schematron import Pool, SaxonEngine, SchOutcome
from tests.packs.pack_samples import PATTERN, SCHEMA, put

pytestmark = pytest.mark.corpus

VSM = "ans-vsm/france-ans/VSM_1.4_2022.01.xml"
EDISP = "ans-edisp/france-ans/eDISP-MED_2024.01.xml"
BIO = "ans-bio-cr/france-ans/BIO-CR-BIO_2024.01_TSH_1.xml"
IMG = "ans-img/france-ans/IMG_CR_IMG_2024.01.xml"
LAYERS = ("ans-ihe", "ans-models-fr", "ans-models", "ans-header")
FIGURES = {
    VSM: ((44, 0), (43, 0), (5, 0), (221, 0), "ans-document-VSM_1.4-2022.01", (2, 0)),
    EDISP: ((18, 0), (22, 0), (0, 0), (210, 1), "ans-document-eDISP-MED-2024.01", (15, 0)),
    BIO: ((6, 0), (6, 0), (3, 0), (246, 0), "ans-document-BIO-CR-BIO-2024.01", (20, 0)),
    IMG: ((67, 0), (60, 0), (7, 0), (309, 0), "ans-document-IMG-CR-IMG-2024.01", (71, 0)),
}
TERMINOLOGY = "schematrons/profils/terminologies/schematron/terminologie.sch"
HEADER_FOLDER = "schematrons/profils/structurationMinimale/include"
DOCUMENT_TYPES = "1.2.250.1.213.1.1.5.471"
"""OID of the value set of document types (J07), which the header layer looks up and its publisher left out."""
MISSING = {
    "ans-xsd": ("infrastructure/cda/CDA_extended.xsd",),
    "ans-terminology": (TERMINOLOGY,),
    "ans-models-fr": ("jeuxDeValeurs/JDV_ClinicalStatusCodes_CISIS.xml",),
    "ans-header": (f"{HEADER_FOLDER}/voc-{DOCUMENT_TYPES}-DYNAMIC.xml",),
}


@pytest.fixture(scope="module")
def folder(corpus: Path) -> Path:
    return corpus / "artefacts" / "schematron" / "ans"


@pytest.fixture(scope="module")
def pack(folder: Path) -> Pack:
    return load_pack(folder)


@pytest.fixture(scope="module")
def whole(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Pack:
    """The set as it would be on a file system that does not tell capitals apart."""
    copy = tmp_path_factory.mktemp("ans") / "ans"
    shutil.copytree(folder, copy)
    entries = copy / "schematrons/include/entrees"
    shutil.copy(entries / "E_directiveanticipee_int.sch", entries / "E_directiveAnticipee_int.sch")
    return load_pack(copy)


@pytest.fixture(scope="module")
def engine() -> Iterator[SaxonEngine]:
    pool = Pool(1)
    yield SaxonEngine(pool, MemoryCache())
    pool.close()


def tree(corpus: Path, document: str) -> etree._Element:
    return safexml.parse((corpus / "documents" / document).read_bytes())


def fitting(pack: Pack, root: etree._Element) -> list[str]:
    return [a.id for a in pack.artefacts if a.fits(kind_of(root), facts_of(root))]


def judged(engine: SaxonEngine, pack: Pack, artefact: str, root: etree._Element) -> SchOutcome:
    found = next(a for a in pack.artefacts if a.id == artefact)
    return engine.judge(found, etree.tostring(root.getroottree(), encoding="unicode"))


def figures(outcome: SchOutcome) -> tuple[int, int]:
    return outcome.fired_events, sum(r.kind == "assert" and not r.undecided for r in outcome.results)


@pytest.mark.parametrize("document", FIGURES, ids=lambda d: Path(d).stem)
def test_layers_come_to_the_figures_of_the_publishers_tool(
    corpus: Path, whole: Pack, engine: SaxonEngine, document: str
) -> None:
    *body, model, on_model = FIGURES[document]
    root = tree(corpus, document)
    assert fitting(whole, root)[-1] == model
    expected = dict(zip((*LAYERS, model), (*body, on_model), strict=True))
    outcomes = {name: judged(engine, whole, name, root) for name in expected}
    assert {name: figures(outcome) for name, outcome in outcomes.items()} == expected
    assert {outcome.problems for outcome in outcomes.values()} == {()}


def test_later_model_of_the_medical_synthesis_comes_to_the_same_figures(
    corpus: Path, pack: Pack, engine: SaxonEngine
) -> None:
    assert figures(judged(engine, pack, "ans-document-VSM-2023.01", tree(corpus, VSM))) == (2, 0)


def test_every_document_gets_the_model_its_publisher_judged_it_with(corpus: Path, pack: Pack) -> None:
    lines = (corpus / "manifest.yaml").read_text(encoding="utf-8").splitlines()
    rows = [row for line in lines if line.startswith('- {"path": "documents/ans-') and (row := json.loads(line[2:]))]
    compared = 0
    for row in rows:
        fits = fitting(pack, safexml.parse((corpus / row["path"]).read_bytes()))
        models = [k[11:] for k in row["expected"]["schematron"] if k.startswith("ans/CI-SIS_") and "Modeles" not in k]
        if row["path"].endswith("01_Modeles_contenus_CDA.xml"):
            models = [
                "VSM_2023.01"
            ]  # claims the template of the medical synthesis; its publisher chose no model for it
        wanted = {f"ans-document-{'-'.join(name.rsplit('_', 1))}" for name in models}
        structured = row["cda_level"] == 3
        assert set(fits[6:]) == (wanted or ({"ans-document"} if structured else set())), row["path"]
        compared += bool(wanted)
    assert len(rows) > 50
    assert compared >= 12


def test_layers_are_named_incomplete_with_the_exact_missing_file(pack: Pack) -> None:
    assert {a.id: a.missing for a in pack.artefacts if a.missing} == MISSING


def test_include_of_other_capitals_is_found_and_named(pack: Pack) -> None:
    differing = {text for a in pack.artefacts for text in a.differs_in_case}
    name = "schematrons/include/entrees/E_directive{}nticipee_int.sch"
    assert differing == {f"{name.format('A')} -> {name.format('a')}"}


def test_incomplete_layers_leave_a_document_undecided_layer_by_layer(corpus: Path, folder: Path) -> None:
    with Validator(packs_with_builtin([folder, corpus / "artefacts/xsd/cda-ans"]), explain=False) as validator:
        report = validator.validate("vsm", (corpus / "documents" / VSM).read_bytes())
        told = validator.uses()[0].problems
    assert f"ans-terminology: {TERMINOLOGY} is missing" in told
    assert sum("capitals differ" in problem for problem in told) == 1
    verdicts = {u.artefact: u.verdict for u in report.uses}
    assert report.verdict is Verdict.INCONCLUSIVE
    assert verdicts["ans-xsd"] is Verdict.PASS
    assert {verdicts[n] for n in ("ans-models-fr", "ans-models", "ans-document-VSM_1.4-2022.01")} == {Verdict.PASS}
    assert {verdicts[n] for n in ("ans-terminology", "ans-header")} == {Verdict.INCONCLUSIVE}
    reasons = {u.artefact: u.reason for u in report.uses}
    assert reasons["ans-terminology"] == f"ans-terminology: {TERMINOLOGY} is missing"
    assert f"voc-{DOCUMENT_TYPES}-DYNAMIC.xml" in reasons["ans-header"]


def published(corpus: Path, folder: Path, *, without: str = "") -> Path:
    """The document types of the corpus in the form in which ANS publishes a value set."""
    codes = set()
    for path in sorted((corpus / "documents").glob("ans-*/*/*.xml")):
        code = safexml.parse(path.read_bytes()).find("{urn:hl7-org:v3}code")
        if code is not None and code.get("code") != without:
            codes.add((code.get("code", ""), code.get("codeSystem", "")))
    concepts = "".join(f'<Concept code="{code}" codeSystem="{system}"/>' for code, system in sorted(codes))
    text = f'<ValueSet id="{DOCUMENT_TYPES}"><ConceptList>{concepts}</ConceptList></ValueSet>'
    response = f'<RetrieveValueSetResponse xmlns="urn:ihe:iti:svs:2008">{text}</RetrieveValueSetResponse>'
    return put(folder, {"J07.xml": response})


def completed(folder: Path, values: Path, into: Path) -> Pack:
    store = PackStore(into)
    return store.load(store.add(folder, now=datetime(2026, 1, 1, tzinfo=UTC), complete_from=[values]).coordinate)


def test_header_layer_judges_once_the_missing_value_set_is_rebuilt(
    corpus: Path, folder: Path, engine: SaxonEngine, tmp_path: Path
) -> None:
    pack = completed(folder, published(corpus, tmp_path / "jdv"), tmp_path / "store")
    assert pack.coordinate == "fr.ans:cda-content-tests:2024.01:completed"
    assert {a.id for a in pack.artefacts if a.missing} == MISSING.keys() - {"ans-header"}
    for document, row in FIGURES.items():
        outcome = judged(engine, pack, "ans-header", tree(corpus, document))
        assert (figures(outcome), outcome.problems, outcome.failure) == (row[3], (), "")
        assert not [r for r in outcome.results if r.undecided]


def test_document_type_that_the_rebuilt_value_set_does_not_hold_fails(
    corpus: Path, folder: Path, engine: SaxonEngine, tmp_path: Path
) -> None:
    pack = completed(folder, published(corpus, tmp_path / "jdv", without="SYNTH"), tmp_path / "store")
    outcome = judged(engine, pack, "ans-header", tree(corpus, VSM))
    assert figures(outcome) == (221, 1)
    assert DOCUMENT_TYPES in outcome.results[0].message


@pytest.mark.parametrize(
    ("oid", "name"),
    [
        ("1.2.250.1.213.1.1.5.461", "JDV_J01_XdsAuthorSpecialty_CISIS.xml"),
        ("1.2.250.1.213.1.1.5.590", "JDV_J143_AdministrativeGender_CISIS.xml"),
    ],
)
def test_rebuilt_vocabulary_holds_the_codes_of_the_one_its_publisher_generated(
    folder: Path, tmp_path: Path, oid: str, name: str
) -> None:
    file = f"{HEADER_FOLDER}/voc-{oid}-DYNAMIC.xml"
    copy = tmp_path / "ans"
    shutil.copytree(folder, copy)
    (copy / file).unlink()
    assert file in {m for a in load_pack(copy).artefacts for m in a.missing}
    rebuilt = completed(copy, copy / "jeuxDeValeurs" / name, tmp_path / "store")
    assert codes(rebuilt.root / file) == codes(folder / file)


def codes(file: Path) -> set[tuple[str | None, str | None]]:
    concepts = safexml.parse(file.read_bytes()).iterfind("valueSet/conceptList/concept")
    return {(c.get("code"), c.get("codeSystem")) for c in concepts}


@pytest.mark.parametrize(("test", "verdict"), [("true()", Verdict.PASS), ("false()", Verdict.FAIL)])
def test_terminology_layer_judges_once_its_rules_are_there(
    corpus: Path, folder: Path, tmp_path: Path, test: str, verdict: Verdict
) -> None:
    copy = tmp_path / "ans"
    shutil.copytree(folder, copy)
    put(copy, {TERMINOLOGY: SCHEMA.format(PATTERN.format(test))})
    pack = load_pack(copy)
    assert "ans-terminology" not in {a.id for a in pack.artefacts if a.missing}
    with Validator([pack], explain=False) as validator:
        report = validator.validate("vsm", (corpus / "documents" / VSM).read_bytes())
    assert next(u.verdict for u in report.uses if u.artefact == "ans-terminology") is verdict


def test_figures_of_the_manifest_hold_for_the_layers_of_other_documents(
    corpus: Path, whole: Pack, engine: SaxonEngine
) -> None:
    names = {"ans-ihe": "IHE", "ans-models-fr": "CI-SIS_ModelesDeContenusCDA", "ans-models": "CI-SIS_Modeles_ANS"}
    lines = (corpus / "manifest.yaml").read_text(encoding="utf-8").splitlines()
    rows: list[Mapping[str, Any]] = [
        json.loads(line[2:]) for line in lines if line.startswith('- {"path": "documents/ans-')
    ]
    for row in rows[::6]:
        root = safexml.parse((corpus / row["path"]).read_bytes())
        for artefact, name in names.items():
            expected = row["expected"]["schematron"][f"ans/{name}"]
            failed = sum(expected["failed_asserts"].values())
            assert figures(judged(engine, whole, artefact, root)) == (expected["fired_rules"], failed), row["path"]
