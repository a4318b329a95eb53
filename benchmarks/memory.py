"""Does a worker of the Schematron engine keep what it should let go? Its resident memory over many documents.

One worker judges the documents of the corpus again and again; after a warm-up, in which style sheets are compiled and
templates made ready, the memory of later documents is compared with that of earlier ones.
"""

import argparse
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path
from statistics import median

from benchmarks.comparison import subjects
from benchmarks.corpus import Corpus, Subject
from harness.validators import MemoryCache
from harness.validators.schematron import Pool, SaxonEngine

PROJECT = Path(__file__).resolve().parent.parent
SCHEMAS = (
    "ehdsi-20240422/epsos-PatientSummary",
    "ehdsi-20240422/epsos-ePrescription",
    "ans/IHE",
    "builtin/xcpd-answer",
)
POINTS = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """Resident memory of one worker in MiB, after each of evenly spread numbers of documents."""

    points: tuple[tuple[int, float], ...]

    def _quarter(self, number: int) -> list[float]:
        size = max(1, len(self.points) // 4)
        return [mib for _, mib in self.points[number * size : (number + 1) * size]]

    @property
    def growth_mib(self) -> float:
        """Median of the last quarter less that of the second one; the first is for warming up."""
        return median(self._quarter(3)) - median(self._quarter(1))

    @property
    def noise_mib(self) -> float:
        """How far apart the points of the last quarter lie."""
        return max(self._quarter(3)) - min(self._quarter(3))

    @property
    def grows(self) -> bool:
        """Whether the growth is more than a twentieth of all and more than the noise."""
        return self.growth_mib > max(0.05 * max(mib for _, mib in self.points), self.noise_mib)


def resident_mib(pid: int) -> float:
    """Resident memory of a process.

    Source: proc(5), /proc/PID/status, VmRSS in kB.
    """
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace")
    return int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1]) / 1024


def measured(corpus: Corpus, count: int, *, schemas: Sequence[str] = SCHEMAS, max_bytes: int = 200_000) -> Curve:
    """The curve over `count` documents through one worker, `schemas` turn and turn about.

    Raises:
        RuntimeError: the worker ended on the way.
    """
    known = {s.key: s for s in corpus.schematron()}
    chosen = [known[key] for key in schemas]
    texts = {s.key: list(_texts(corpus, s, max_bytes)) for s in chosen}
    step = max(1, count // POINTS)
    points: list[tuple[int, float]] = []
    with closing(Pool(1)) as pool:
        engine = SaxonEngine(pool, MemoryCache())
        for number, (subject, text) in enumerate(islice(_turns(chosen, texts), count), start=1):
            outcome = engine.judge(subject.artefact, text)
            if outcome.by_harness or len(pool.pids) != 1:
                raise RuntimeError(f"the worker ended at document {number}: {outcome.failure}")
            if number % step == 0:
                points.append((number, resident_mib(pool.pids[0])))
    return Curve(points=tuple(points))


def _texts(corpus: Corpus, subject: Subject, max_bytes: int) -> Iterator[str]:
    for path in subject.documents:
        if corpus.inputs[path]["size"] <= max_bytes:
            yield from subjects(subject.artefact, corpus.read(path))


def _turns(chosen: Sequence[Subject], texts: Mapping[str, Sequence[str]]) -> Iterator[tuple[Subject, str]]:
    documents = {s.key: cycle(texts[s.key]) for s in chosen}
    for subject in cycle(chosen):
        yield subject, next(documents[subject.key])


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints the curve; 1 where memory grows by more than 5 % and more than its noise."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.memory", description="Memory of one worker over many documents."
    )
    parser.add_argument("--count", type=int, default=2000, help="documents (default 2000)")
    parser.add_argument(
        "--corpus", type=Path, help="folder of the corpus (default HARNESS_CORPUS, else ../shared/corpus)"
    )
    options = parser.parse_args(arguments)
    folder = options.corpus or Path(os.environ.get("HARNESS_CORPUS") or PROJECT.parent / "shared" / "corpus")
    if not (folder / "manifest.yaml").is_file() or options.count < 4:
        parser.error("--corpus must name the folder of the corpus, --count at least 4 documents")
    curve = measured(Corpus(folder.resolve()), options.count)
    most = max(mib for _, mib in curve.points)
    for number, mib in curve.points:
        print(f"{number:6d} {mib:8.1f} MiB {'#' * round(60 * mib / most)}")
    print(f"growth {curve.growth_mib:+.1f} MiB from the second quarter to the last, noise {curve.noise_mib:.1f} MiB")
    return int(curve.grows)


if __name__ == "__main__":
    sys.exit(main())
