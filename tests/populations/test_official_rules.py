"""No document of any population has a finding under our own artefacts, nor under the official ones of release 8.0.0."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from lxml import etree

from harness import safexml
from harness.model import Layer, Verdict
from harness.packs.artefacts import load_pack
from harness.validators import Validator
from tests.populations.population_support import NAMES, is_friendly, population, root_of

PROJECT = Path(__file__).resolve().parents[2]
type Findings = Mapping[str, list[str]]


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


def findings(validator: Validator, name: str) -> tuple[Findings, set[tuple[Layer, ...]]]:
    """What was found in each document of a population, warnings too, and the layers that were judged."""
    found: dict[str, list[str]] = {}
    layers: set[tuple[Layer, ...]] = set()
    for held in population(name).documents:
        report = validator.validate(held.path, held.content)
        said = [f"{f.rule} {f.at.xpath} {f.message}" for f in report.findings]
        found[held.key] = said if report.verdict is Verdict.PASS or said else [report.reason]
        layers.add(tuple(sorted({use.layer for use in report.uses if use.rules_fired or use.layer is Layer.XSD})))
    return {key: said for key, said in found.items() if said}, layers


@pytest.mark.parametrize("name", NAMES)
def test_no_document_has_a_finding_under_the_built_in_pack(builtin: Validator, name: str) -> None:
    found, layers = findings(builtin, name)

    assert found == {}
    assert layers == {tuple(sorted((Layer.XSD, Layer.SCHEMATRON)))}


@pytest.mark.corpus
@pytest.mark.parametrize("name", NAMES)
def test_no_document_has_an_error_or_warning_under_the_official_artefacts(official: Validator, name: str) -> None:
    found, layers = findings(official, name)

    assert found == {}
    assert layers == {tuple(sorted((Layer.XSD, Layer.SCHEMATRON)))}


@pytest.mark.corpus
@pytest.mark.parametrize("name", NAMES)
def test_pivot_designations_are_those_of_the_official_value_sets(corpus: Path, name: str) -> None:
    known = designations(corpus / "artefacts" / "schematron" / "ehdsi-20240422" / "include")
    systems = {system for system, _ in known}
    wrong = set()
    checked = 0
    for held in population(name).documents:
        if is_friendly(held):
            continue
        for element in root_of(held).iter():
            key = (element.get("codeSystem", ""), element.get("code", ""))
            if element.get("displayName") and key[0] in systems and key in known:
                checked += 1
                if _folded(element.get("displayName", "")) not in known[key]:
                    wrong.add((*key, element.get("displayName")))

    assert wrong == set()
    assert checked > 300


def designations(folder: Path) -> Mapping[tuple[str, str], set[str]]:
    """System and code to the designations that value sets give."""
    found: dict[tuple[str, str], set[str]] = {}
    for file in folder.glob("voc-*.xml"):
        root: etree._Element = safexml.parse(file.read_bytes())
        for concept in root.iter("concept"):
            key = (concept.get("codeSystem", "").strip(), concept.get("code", ""))
            found.setdefault(key, set()).add(_folded(concept.get("displayName", "")))
    return found


def _folded(display: str) -> str:
    return " ".join(display.split()).casefold()
