"""A hundred seeded mutants: the engine says the same with and without its rewrites, and our XML Schema verdict is libxml2's."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.comparison import ALL, PLAIN, SPARING, VARIANTS, Judgement, disagreement
from benchmarks.corpus import Corpus, Subject
from benchmarks.mutants import TREE_MUTATIONS, Codes, byte_mutant, load_codes, tree_mutant
from benchmarks.schematron_cases import (
    ALWAYS,
    RUN_TIMEOUT_S,
    SHARE,
    WHOLE,
    Case,
    allotted,
    cases_of,
    run_case,
    variants_for,
)
from benchmarks.xsd_cases import Judges, XsdCase, xsd_cases
from benchmarks.xsd_cases import run_case as run_xsd_case
from harness.validators.schematron import Pool

SEED = 1
MUTANTS: Mapping[str, int] = {
    "ehdsi-20240422/epsos-PatientSummary": 8,
    "ehdsi-20240422/epsos-ePrescription": 12,
    "ehdsi-20240422/epsos-eDispensation": 10,
    "ans/CI-SIS_eDISP-MED_2024.01": 20,
    "builtin/cda-header": 30,
    "builtin/xcpd-answer": 20,
}
SMALL_BYTES = 80_000
SMALL_DOCUMENTS = 8
COMPARED = (PLAIN, ALL, SPARING)


@pytest.fixture(scope="module")
def pool() -> Iterator[Pool]:
    pool = Pool(1, run_timeout_s=RUN_TIMEOUT_S)
    yield pool
    pool.close()


@pytest.fixture(scope="module")
def subjects(corpus: Path) -> Mapping[str, Subject]:
    return {s.key: s for s in Corpus(corpus).schematron()}


@pytest.fixture(scope="module")
def codes(corpus: Path) -> Codes:
    return load_codes(Corpus(corpus).vocabularies())


def small(subject: Subject, corpus: Corpus) -> Subject:
    paths = [p for p in subject.documents if corpus.inputs[p]["size"] <= SMALL_BYTES]
    return replace(subject, documents=tuple(paths[:SMALL_DOCUMENTS]))


@pytest.mark.corpus
@pytest.mark.parametrize("key", MUTANTS)
def test_plain_and_optimised_mode_say_the_same_of_seeded_mutants(
    corpus: Path, subjects: Mapping[str, Subject], codes: Codes, pool: Pool, key: str
) -> None:
    folder = Corpus(corpus)
    cases = [c for c in cases_of(small(subjects[key], folder), MUTANTS[key]) if c.number != WHOLE]
    engines = {name: VARIANTS[name](pool) for name in COMPARED}
    found = [run_case(case, folder, engines, seed=SEED, codes=codes) for case in cases]
    assert [(r.key, r.operations, r.disagreements) for r in found if r.disagreements] == []
    assert sum(r.counts["renamed"] for r in found) == 0
    assert sum(r.counts["rules_fired"] for r in found) > 3 * len(cases)
    assert len({r.digest for r in found}) > 1  # the mutants hit rules: not all of them are judged alike


def test_each_variant_judges_every_document_and_a_share_of_the_mutants(
    corpus: Path, subjects: Mapping[str, Subject]
) -> None:
    subject = next(iter(subjects.values()))
    names = list(VARIANTS)
    assert variants_for(Case(subject=subject, document="d"), names) == names
    turns = [variants_for(Case(subject=subject, document="d", number=n), names) for n in range(SHARE)]
    assert all(set(ALWAYS) <= set(turn) < set(names) for turn in turns)
    assert Counter(name for turn in turns for name in turn) == {n: SHARE if n in ALWAYS else 1 for n in names}


def test_the_sample_holds_a_hundred_mutants() -> None:
    assert sum(MUTANTS.values()) == 100


@pytest.mark.corpus
def test_our_schema_verdict_is_that_of_libxml2(corpus: Path, codes: Codes) -> None:
    folder = Corpus(corpus)
    paths = [p for p in folder.inputs if folder.inputs[p]["size"] <= SMALL_BYTES][::12]
    cases = [c for c in xsd_cases(folder, [(p, n) for p in paths for n in range(3)], 600) if c.document in paths]
    judges = Judges(corpus=folder)
    found = [run_xsd_case(replace(case, sampled=False), judges, seed=SEED, codes=codes) for case in cases]
    assert [(r.key, r.operations, r.disagreements) for r in found if r.disagreements] == []
    valid, verdicts = (sum(r.counts[name] for r in found) for name in ("valid", "verdicts"))
    assert 0 < valid < verdicts
    assert sum(r.counts["refused"] for r in found) > 0


DOCUMENT = b"""<?xml version='1.0'?><d xmlns="urn:hl7-org:v3" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
 xmlns:h="urn:hl7-org:v3"><templateId root="1.2.3"/><code code="a" codeSystem="1.2"/><time value="20240102"/>
<section><title>t</title><entry typeCode="X"><value xsi:type="h:CD" nullFlavor="NI"/></entry></section></d>"""
CODES = Codes(sets=[[("a", "1.2"), ("b", "1.2")]], member_of={("a", "1.2"): [0]})


def test_a_mutant_can_be_made_again_alone() -> None:
    made = [tree_mutant(DOCUMENT, seed=SEED, number=n, codes=CODES) for n in range(50)]
    assert tree_mutant(DOCUMENT, seed=SEED, number=31, codes=CODES) == made[31]
    assert byte_mutant(DOCUMENT, seed=SEED, number=7) == byte_mutant(DOCUMENT, seed=SEED, number=7)
    assert tree_mutant(DOCUMENT, seed=SEED + 1, number=31, codes=CODES).content != made[31].content


def test_every_kind_of_mutation_occurs_and_says_what_it_did() -> None:
    made = [tree_mutant(DOCUMENT, seed=SEED, number=n, codes=CODES) for n in range(400)]
    seen = {o.name for m in made for o in m.operations}
    assert seen >= set(TREE_MUTATIONS)
    assert all(o.at.startswith("/") for m in made for o in m.operations)
    assert sum(m.content == DOCUMENT for m in made) == 0


def test_mutants_are_shared_out_to_the_last_one(subjects: Mapping[str, Subject]) -> None:
    shares = allotted(list(subjects), 2000)
    assert sum(shares.values()) == 2000
    assert min(shares.values()) > 0


def judged(*results: tuple[str, str, str, str, str, str, str], fired: tuple[int, ...] = (1,)) -> Judgement:
    return Judgement(results=results, fired=fired, fired_events=len(fired), failure="", problems=())


FAILED = ("assert", "/a", "rule", "error", "t", "no", "")


@pytest.mark.parametrize(
    "other",
    [
        judged(),
        judged(FAILED, FAILED),
        judged(("assert", "/b", "rule", "error", "t", "no", "")),
        judged(("assert", "/a", "rule", "error", "t", "yes", "")),
        judged(("assert", "/a", "rule", "error", "t", "no", "undecided")),
        judged(FAILED, fired=(1, 2)),
    ],
    ids=["result lost", "result twice", "other place", "other message", "undecided", "other rules fired"],
)
def test_whatever_differs_is_a_disagreement(other: Judgement) -> None:
    assert disagreement(judged(FAILED), other) is not None
    assert disagreement(other, other) is None


def test_another_rule_id_alone_is_told_apart() -> None:
    other = judged(("assert", "/a", "another", "error", "t", "no", ""))
    assert disagreement(judged(FAILED), other) is None
    assert judged(FAILED).is_renamed(other)
    assert not judged(FAILED).is_renamed(judged())


def test_a_case_is_named_by_schema_document_and_number(subjects: Mapping[str, Subject]) -> None:
    cases: list[Case | XsdCase] = list(cases_of(next(iter(subjects.values())), 5))
    assert len({c.key for c in cases}) == len(cases)
    assert PLAIN in VARIANTS
