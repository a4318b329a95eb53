"""The bundled populations, their descriptions and their documents, for tests."""

import functools
from pathlib import Path

from lxml import etree

from harness import safexml
from harness.model import Population, PopulationDocument
from harness.packs import Description, load_description, load_population

FOLDER = Path(__file__).resolve().parents[2] / "scenarios" / "populations"
NAMES = ("default", "france", "portugal", "czechia")
COUNTRIES = NAMES[1:]
HL7 = {"h": "urn:hl7-org:v3"}


@functools.cache
def population(name: str) -> Population:
    return load_population(FOLDER / f"{name}.yaml")


@functools.cache
def description(name: str) -> Description:
    return load_description(FOLDER / f"{name}.yaml", (FOLDER / "terms.yaml",))


def document(name: str, key: str) -> PopulationDocument:
    return next(d for d in population(name).documents if d.key == key)


def root_of(held: PopulationDocument) -> etree._Element:
    return safexml.parse(held.content)


def text(root: etree._Element, path: str) -> str:
    found = root.find(path, HL7)
    assert found is not None, path
    return " ".join(("".join(found.itertext("*")) or "").split())


def is_friendly(held: PopulationDocument) -> bool:
    return "friendly" in held.key
