"""The Schematron half of the differential run: every corpus document and the seeded mutants, by each variant of the engine."""

import hashlib
import itertools
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from functools import partial

from benchmarks.comparison import ALL, PLAIN, SPARING, VARIANTS, Judgement, disagreement, judgement, subjects
from benchmarks.corpus import Corpus, Subject
from benchmarks.mutants import Codes, tree_mutant
from benchmarks.records import Record, Records
from harness.validators.schematron import Pool, SaxonEngine

RUN_TIMEOUT_S = 900.0
ALWAYS = (PLAIN, ALL, SPARING)
SHARE = 4
"""A mutant is judged by these, and by one in so many of the other variants, in turn."""
WHOLE = -1
"""Stands for the number of a mutant where the document itself is meant."""

_WEIGHTS: Mapping[str, int] = {
    # out of every count of mutants; schemas that take seconds without rewrites get many all the same, of small documents
    "ehdsi-20240422/epsos-PatientSummary": 16,
    "ehdsi-20220131/epsos-PatientSummary": 10,
    "ehdsi-20240422/epsos-ePrescription": 10,
    "ehdsi-20220131/epsos-ePrescription": 6,
    "ehdsi-20240422/epsos-eDispensation": 8,
    "ehdsi-20220131/epsos-eDispensation": 4,
    "ehdsi-20240422/epsos-HealthCareEncounterReport": 5,
    "ehdsi-20220131/epsos-HealthCareEncounterReport": 3,
    "ans/IHE": 5,
    "ans/CI-SIS_ModelesDeContenusCDA": 5,
    "ans/ASIP-STRUCT-MIN-StrucMin": 3,
}
_OTHER_WEIGHT = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One document, or one mutant of it, to be judged by one schema."""

    subject: Subject
    document: str
    number: int = WHOLE

    @property
    def key(self) -> str:
        """What names this case among all of one run."""
        return f"schematron {self.subject.key} {self.document} {self.number}"


def allotted(keys: Sequence[str], count: int) -> Mapping[str, int]:
    """How many of `count` mutants each schema gets; the sum is `count`, and from 40 mutants a schema on each gets some."""
    weights = [_WEIGHTS.get(key, _OTHER_WEIGHT) for key in keys]
    bounds = [round(count * part / sum(weights)) for part in itertools.accumulate(weights)]
    return dict(zip(keys, (b - a for a, b in itertools.pairwise([0, *bounds])), strict=True))


def cases_of(subject: Subject, mutants: int) -> Iterator[Case]:
    """All documents of `subject`, then `mutants` mutants: small documents more often, none twice under one number."""
    yield from (Case(subject=subject, document=path) for path in subject.documents)
    last = len(subject.documents)
    for number in range(mutants):
        place = (number * 0.618034) % 1.0  # evenly over the documents; the square leans towards the small ones
        yield Case(subject=subject, document=subject.documents[int(last * place**2)], number=number)


def judged_content(case: Case, corpus: Corpus, *, seed: int, codes: Codes) -> tuple[bytes, list[str]]:
    """The bytes a case is about, and the names of what was done to them."""
    content = corpus.read(case.document)
    if case.number == WHOLE:
        return content, []
    mutant = tree_mutant(content, seed=seed, number=case.number, codes=codes)
    return mutant.content, [f"{o.name} at {o.at}: {o.detail}" for o in mutant.operations]


def variants_for(case: Case, names: Sequence[str]) -> list[str]:
    """Which variants judge a case: all of them a document of the corpus; a mutant, those in `ALWAYS` and a share of the others.

    Those that look codes up as written take nearly all of the time. A variant leaves one rewrite out or makes a smaller style
    sheet, so that what it would find and the whole would not is a property of the schema rather than of one document.
    """
    if case.number == WHOLE:
        return list(names)
    others = [name for name in names if name not in ALWAYS]
    turn = [name for at, name in enumerate(others) if (at + case.number) % SHARE == 0]
    return [name for name in names if name in ALWAYS or name in turn]


def run_case(case: Case, corpus: Corpus, engines: Mapping[str, SaxonEngine], *, seed: int, codes: Codes) -> Record:
    """What the variants say of one case, and where one of them says something else than the plain mode."""
    content, operations = judged_content(case, corpus, seed=seed, codes=codes)
    variants = variants_for(case, list(engines))
    wrong: list[Mapping[str, object]] = []
    found: list[Judgement] = []
    renamed = 0
    for text in subjects(case.subject.artefact, content):
        said = {name: judgement(engines[name].judge(case.subject.artefact, text)) for name in variants}
        for name, other in said.items():
            if difference := disagreement(said[PLAIN], other):
                wrong.append({"variant": name, **difference})
        renamed += sum(said[PLAIN].is_renamed(other) for other in said.values())
        found.append(said[PLAIN])
    return Record(
        key=case.key,
        digest=hashlib.sha256("".join(j.digest for j in found).encode()).hexdigest(),
        counts=dict(
            Counter(
                results=sum(len(j.results) for j in found),
                rules_fired=sum(j.fired_events for j in found),
                undecided=sum(j.undecided for j in found),
                renamed=renamed,
                failures=sum(bool(j.failure) for j in found),
                **{f"by {name}": len(found) for name in variants},
            )
        ),
        operations=tuple(operations),
        disagreements=tuple(wrong),
        figures=tuple((j.counts("assert"), j.counts("report"), j.fired_events, j.undecided, j.failure) for j in found),
    )


def run_subject(
    subject: Subject, cases: Sequence[Case], corpus: Corpus, records: Records, *, seed: int, codes: Codes, jobs: int
) -> None:
    """Judges the cases of one schema that are not yet in `records`, by `jobs` engine processes made for it alone."""
    waiting = [case for case in cases if case.key not in records]
    if not waiting:
        return
    with closing(Pool(jobs, run_timeout_s=RUN_TIMEOUT_S)) as pool, ThreadPoolExecutor(jobs) as threads:
        engines = {name: make(pool) for name, make in VARIANTS.items()}
        for engine in engines.values():
            engine.compiled(subject.artefact, phase="#DEFAULT")
        run = partial(run_case, corpus=corpus, engines=engines, seed=seed, codes=codes)
        futures = [threads.submit(run, case) for case in waiting]
        try:
            for future in futures:
                records.add(future.result())
        finally:
            for future in futures:
                future.cancel()
