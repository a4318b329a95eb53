"""The official rules on real documents: the same counts as the published reference measurements, in both modes."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from harness import safexml
from harness.packs.artefacts import Pack, load_pack
from harness.validators import MemoryCache, kind_of
from harness.validators.schematron import NO_REWRITES, Pool, SaxonEngine, SchOutcome

SET = "ehdsi-20240422"
PER_SCHEMA = {
    "epsos-PatientSummary": 12,
    "epsos-ePrescription": 6,
    "epsos-eDispensation": 3,
    "epsos-OrCD_Laboratory_Result": 2,
    "epsos-OrCD_Medical_Images": 2,
}

pytestmark = pytest.mark.corpus


@pytest.fixture(scope="module")
def pack(corpus: Path) -> Pack:
    return load_pack(corpus / "artefacts" / "schematron" / SET)


@pytest.fixture(scope="module")
def rows(corpus: Path) -> Mapping[str, Mapping[str, Any]]:
    lines = (corpus / "manifest.yaml").read_text(encoding="utf-8").splitlines()
    return {row["path"]: row for line in lines if line.startswith("- {") and (row := json.loads(line[2:]))}


@pytest.fixture(scope="module")
def engine(pool: Pool) -> SaxonEngine:
    return SaxonEngine(pool, MemoryCache())


def judged(engine: SaxonEngine, pack: Pack, schema: str, path: Path) -> SchOutcome:
    artefact = next(a for a in pack.artefacts if a.id == schema)
    tree = safexml.parse(path.read_bytes()).getroottree()
    return engine.judge(artefact, etree.tostring(tree, encoding="unicode"))


def counts(outcome: SchOutcome, kind: str) -> dict[str, int]:
    return dict(Counter(r.role or "none" for r in outcome.results if r.kind == kind and not r.undecided))


def chosen(rows: Mapping[str, Mapping[str, Any]], schema: str, count: int) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Evenly spread over all documents of one schema that have a verdict."""
    key = f"{SET}/{schema}"
    found = [
        (path, row["expected"]["schematron"][key])
        for path, row in sorted(rows.items())
        if key in row.get("expected", {}).get("schematron", {})
    ]
    verdicts = [(path, expected) for path, expected in found if "error" not in expected]
    yield from verdicts[:: max(1, len(verdicts) // count)][:count]


@pytest.mark.parametrize(("schema", "count"), PER_SCHEMA.items(), ids=list(PER_SCHEMA))
def test_counts_equal_the_reference_measurement(
    corpus: Path, rows: Mapping[str, Mapping[str, Any]], pack: Pack, engine: SaxonEngine, schema: str, count: int
) -> None:
    for path, expected in chosen(rows, schema, count):
        outcome = judged(engine, pack, schema, corpus / path)
        found = (counts(outcome, "assert"), counts(outcome, "report"), outcome.fired_events)
        assert found == (expected["failed_asserts"], expected["reports"], expected["fired_rules"]), path
        assert (outcome.failure, outcome.problems) == ("", ()), path


def test_plain_and_optimised_mode_give_the_same_results(
    corpus: Path, rows: Mapping[str, Mapping[str, Any]], pack: Pack, engine: SaxonEngine, pool: Pool
) -> None:
    plain = SaxonEngine(pool, MemoryCache(), rewrites=NO_REWRITES)
    schema = "epsos-OrCD_Medical_Images"
    for path, _ in chosen(rows, schema, 2):
        fast, slow = (judged(e, pack, schema, corpus / path) for e in (engine, plain))
        assert fast.results == slow.results
        assert fast.fired == slow.fired


def test_undeclared_prefix_in_xsi_type_leaves_one_rule_undecided(corpus: Path, pack: Pack, engine: SaxonEngine) -> None:
    outcome = judged(engine, pack, "epsos-ePrescription", corpus / "documents/ep/openncp/1-1234-W1.xml")
    assert ["has not been declared" in r.undecided for r in outcome.results if r.undecided] == [True]
    assert len(outcome.results) > 1


def test_every_document_with_a_verdict_gets_the_schema_the_reference_used(
    corpus: Path, rows: Mapping[str, Mapping[str, Any]], pack: Pack
) -> None:
    from harness.validators import facts_of

    for path, row in rows.items():
        expected = [k.split("/")[1] for k in row.get("expected", {}).get("schematron", {}) if k.startswith(f"{SET}/")]
        if expected:
            root = safexml.parse((corpus / path).read_bytes())
            assert [a.id for a in pack.artefacts if a.fits(kind_of(root), facts_of(root))] == expected, path
