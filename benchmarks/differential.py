"""Do two ways to the same verdict agree? Schematron with and without rewrites, XML Schema beside libxml2 and xmlschema.

Judges every document of the corpus that a schema applies to, and seeded mutants of them, and writes what was compared and
where it differs to `benchmarks/results/differential.json`, the same bytes for the same inputs. Interrupted, it goes on where
it was. With `--official` it compares the corpus documents with the verdicts their manifest records, and nothing else.
"""

import argparse
import hashlib
import json
import os
import re
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from importlib.metadata import version
from pathlib import Path
from typing import Any

from lxml import etree

from benchmarks import schematron_cases, xsd_cases
from benchmarks.comparison import VARIANTS
from benchmarks.corpus import Corpus, Subject
from benchmarks.mutants import load_codes
from benchmarks.official import differences
from benchmarks.records import Record, Records

PROJECT = Path(__file__).resolve().parent.parent
RESULT = PROJECT / "benchmarks" / "results" / "differential.json"
STATE = PROJECT / "runs" / "differential.jsonl"
LISTED = 200
OWN = (
    "byte_mutations",
    "comparison",
    "corpus",
    "differential",
    "mutants",
    "official",
    "records",
    "schematron_cases",
    "xsd_cases",
)
"""The modules of this run."""


def main(arguments: Sequence[str] | None = None) -> int:
    """0 where everything agrees, 1 where something differs, 2 for a wrong option, 130 when interrupted."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.differential", description=(__doc__ or "").split("\n")[0]
    )
    parser.add_argument("--count", type=int, default=2000, help="seeded mutants in all (default 2000)")
    parser.add_argument("--seed", type=int, default=1, help="seed of the mutants (default 1)")
    parser.add_argument("--jobs", type=int, default=2, help="engine processes (default 2)")
    parser.add_argument("--official", action="store_true", help="only compare with the verdicts of the manifest")
    parser.add_argument(
        "--only", default="", help="only schemas whose SET/ENTRY matches this regular expression; no file"
    )
    parser.add_argument(
        "--corpus", type=Path, help="folder of the corpus (default HARNESS_CORPUS, else ../shared/corpus)"
    )
    parser.add_argument("--output", type=Path, help="result file (default benchmarks/results/differential.json)")
    parser.add_argument(
        "--state", type=Path, default=STATE, help="what is known so far (default runs/differential.jsonl)"
    )
    options = parser.parse_args(arguments)
    folder = options.corpus or Path(os.environ.get("HARNESS_CORPUS") or PROJECT.parent / "shared" / "corpus")
    if options.count < 0 or options.jobs < 1:
        parser.error("--count must not be negative, --jobs at least 1")
    if not (folder / "manifest.yaml").is_file():
        parser.error(f"--corpus: {folder} holds no manifest.yaml; name the folder of the corpus")
    try:
        return _run(options, Corpus(folder.resolve()))
    except KeyboardInterrupt:
        print("interrupted; the same command goes on from here", file=sys.stderr)
        return 130


def _run(options: argparse.Namespace, corpus: Corpus) -> int:
    every = list(corpus.schematron())
    codes = load_codes(corpus.vocabularies())
    count = 0 if options.official else options.count
    allotted = schematron_cases.allotted([s.key for s in every], count)
    subjects = [s for s in every if re.search(options.only, s.key) and (s.expected or not options.official)]
    cases = {s.key: list(schematron_cases.cases_of(s, allotted[s.key])) for s in subjects}
    depends_on = _identity(every, corpus, options.seed)
    with closing(Records(options.state, depends_on)) as records:
        for at, subject in enumerate(subjects, start=1):
            started = time.perf_counter()
            schematron_cases.run_subject(
                subject, cases[subject.key], corpus, records, seed=options.seed, codes=codes, jobs=options.jobs
            )
            spent = f"{time.perf_counter() - started:.0f} s"
            _say(f"{at}/{len(subjects)} {subject.key}: {len(cases[subject.key])} cases, {spent}")
        inputs = [] if options.official or options.only else _xsd_inputs(corpus, cases.values(), count)
        for left in xsd_cases.run_all(inputs, corpus, records, seed=options.seed, codes=codes, jobs=options.jobs):
            if left % 500 < 25:
                _say(f"XML Schema: {left} inputs left")
        result = {
            **depends_on,
            "count": count,
            "documents": {path: row["sha256"] for path, row in corpus.inputs.items()},
            "schematron": {s.key: _summary(_found(records, cases[s.key])) for s in subjects},
            "xsd": _summary(_found(records, inputs)),
            "official": {s.key: differences(s, records) for s in subjects if s.expected},
        }
    return _tell(result, options)


def _xsd_inputs(
    corpus: Corpus, cases: Iterable[Sequence[schematron_cases.Case]], count: int
) -> list[xsd_cases.XsdCase]:
    tree = [(c.document, c.number) for row in cases for c in row if c.number != schematron_cases.WHOLE]
    return xsd_cases.xsd_cases(corpus, tree, count)


def _identity(subjects: Sequence[Subject], corpus: Corpus, seed: int) -> dict[str, object]:
    """What all records depend on; a change of any of it makes the earlier ones worthless."""
    code = [p for room in ("validators", "safexml") for p in sorted((PROJECT / "harness" / room).rglob("*.py"))]
    code += [*(PROJECT / "benchmarks" / f"{name}.py" for name in OWN)]
    return {
        "format": 1,
        "seed": seed,
        "variants": sorted(VARIANTS),
        "code": _digest(p.read_bytes() for p in code),
        "manifest": hashlib.sha256(corpus.read("manifest.yaml")).hexdigest(),
        "artefacts": {s.key: s.artefact.sha256 for s in subjects},
        "engines": {
            "saxonche": version("saxonche"),
            "lxml": version("lxml"),
            "libxml2": ".".join(map(str, etree.LIBXML_VERSION)),
            "xmlschema": version("xmlschema"),
        },
    }


def _digest(pieces: Iterable[bytes]) -> str:
    digest = hashlib.sha256()
    for piece in pieces:
        digest.update(hashlib.sha256(piece).digest())
    return digest.hexdigest()


def _found(records: Records, cases: Iterable[schematron_cases.Case | xsd_cases.XsdCase]) -> Iterator[Record]:
    for case in cases:
        record = records.get(case.key)
        if record is None:
            raise RuntimeError(f"no record of {case.key}")
        yield record


def _summary(found: Iterable[Record]) -> dict[str, Any]:
    """Counts over the cases of one schema, one digest of all judgements, and every disagreement."""
    rows = list(found)
    totals: Counter[str] = Counter()
    operations: Counter[str] = Counter()
    for row in rows:
        totals.update(row.counts)
        operations.update(text.split(" at ", 1)[0] for text in row.operations)
    wrong = [{"case": r.key, "operations": r.operations, "found": r.disagreements} for r in rows if r.disagreements]
    return {
        "cases": len(rows),
        "mutants": sum(1 for r in rows if r.operations),
        **dict(sorted(totals.items())),
        "operations": dict(sorted(operations.items())),
        "judgements": _digest(r.digest.encode() for r in rows),
        "disagreements": len(wrong),
        "disagreeing": wrong[:LISTED],
    }


def _tell(result: dict[str, Any], options: argparse.Namespace) -> int:
    text = json.dumps(result, indent=1, sort_keys=True, ensure_ascii=False) + "\n"
    partial = options.official or options.only
    if options.output or not partial:
        path = options.output or RESULT
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    differing = {key: row["disagreements"] for key, row in result["schematron"].items() if row["disagreements"]}
    if result["xsd"]["disagreements"]:
        differing["XML Schema"] = result["xsd"]["disagreements"]
    for key, number in differing.items():
        print(f"{key}: {number} disagreements")
    unexplained = 0
    for key, rows in result["official"].items():
        reasons = Counter(row["why"] for row in rows["differing"])
        unexplained += reasons.pop("", 0)
        print(f"{key}: {rows['equal']} of {rows['documents']} documents as the manifest records")
        for why, number in sorted(reasons.items()):
            print(f"  {number} differ: {why}")
        for row in rows["differing"]:
            if not row["why"]:
                print(f"  {row['document']}: measured {row['measured']}, found {row['found']}")
    if renamed := sum(row["renamed"] for row in result["schematron"].values()):
        print(f"{renamed} judgements give a check another rule id, and agree otherwise")
    cases = sum(row["cases"] for row in result["schematron"].values())
    print(
        f"{cases} Schematron cases, {result['xsd']['cases']} XML Schema inputs: {sum(differing.values())} disagreements"
    )
    return int(bool(differing or unexplained))


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
