"""Seeded mutants of all messages of the corpus, each read and judged: no crash, no hang, bounded memory.

Whatever the bytes are, what comes of them is a judgement (nothing, findings, or why they are unreadable). Anything else, an
exception or silence, is a defect of ours and is told with the mutant that showed it, which its number makes again.

Run it with `make fuzz`; it goes on where it was interrupted, as long as neither the code nor the corpus changed.
"""

import argparse
import hashlib
import json
import multiprocessing
import os
import resource
import sys
import time
import traceback
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path

from benchmarks.mutants import Codes, Mutant, byte_mutant, tree_mutant
from benchmarks.records import Record, Records
from benchmarks.samples import Bench, Sample, load_samples
from harness import safexml
from harness.errors import WireError

PROJECT = Path(__file__).resolve().parents[1]
STATE = PROJECT / "runs" / "fuzz.jsonl"
RESULT = PROJECT / "benchmarks" / "results" / "fuzz.json"
HANG_S = 30.0
MEMORY_BYTES = 3 * 1024**3
"""Address space of a process; one mutant that asks for more is a MemoryError, and a defect."""
GROWTH_BYTES = 512 * 1024**2
"""By how much a process may have grown at the end over what it had after its first hundred mutants."""
_WARM = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Fate:
    """What became of one mutant. `outcome` is nothing, findings, unreadable, crash or hang; `detail` of the last two."""

    number: int
    path: str
    operations: tuple[str, ...]
    outcome: str
    detail: str = ""

    @property
    def is_defect(self) -> bool:
        """Whether it is ours to mend."""
        return self.outcome in ("crash", "hang")


def mutant_of(samples: Sequence[Sample], number: int, seed: int) -> tuple[Sample, Mutant]:
    """Mutant `number`: the samples in turn, their tree altered in one round and their bytes in the next."""
    sample = samples[number % len(samples)]
    turn = number // len(samples)
    if turn % 2 == 0 and _is_xml(sample.content):
        return sample, tree_mutant(sample.content, seed=seed, number=turn, codes=Codes())
    return sample, byte_mutant(sample.content, seed=seed, number=turn)


def _is_xml(content: bytes) -> bool:
    try:
        safexml.parse(content)
    except WireError:
        return False
    return True


def fate_of(bench: Bench, samples: Sequence[Sample], number: int, seed: int) -> Fate:
    """What becomes of mutant `number`."""
    sample, mutant = mutant_of(samples, number, seed)
    told = tuple(f"{o.name} at {o.at}" for o in mutant.operations)
    try:
        outcome, detail = bench.judge(sample.kind, mutant.content).outcome, ""
    except Exception:  # noqa: BLE001  a crash is what is looked for
        outcome, detail = "crash", "".join(traceback.format_exc().splitlines(keepends=True)[-6:])
    return Fate(number=number, path=sample.path, operations=told, outcome=outcome, detail=detail)


def _work(samples: Sequence[Sample], numbers: Sequence[int], seed: int, out: Connection) -> None:
    """Judge `numbers` in turn, telling each before and after; a process of its own."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    bench = Bench()
    warm = 0
    for done, number in enumerate(numbers, start=1):
        out.send(number)
        out.send(fate_of(bench, samples, number, seed))
        if done == _WARM:
            warm = _peak_bytes()
    bench.close()
    out.send(max(0, _peak_bytes() - warm) if warm else 0)


def _peak_bytes() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


@dataclass(slots=True)
class _Worker:
    process: BaseProcess
    inbox: Connection
    left: list[int]
    at: int | None = None
    heard: float = 0.0


def fates(samples: Sequence[Sample], numbers: Sequence[int], *, seed: int, jobs: int) -> Iterator[Fate | int]:
    """The fate of each mutant as it becomes known; then, once a process, by how many bytes it grew."""
    workers = [_started(samples, list(numbers[at::jobs]), seed) for at in range(jobs)]
    try:
        while workers:
            ready = wait([w.inbox for w in workers], timeout=1.0)
            for worker in tuple(workers):
                if worker.inbox in ready:
                    yield from _heard(worker, workers)
                elif worker.at is not None and time.monotonic() - worker.heard > HANG_S:
                    yield from _given_up(worker, workers, samples, seed, "hang", f"no answer within {HANG_S:.0f} s")
    finally:
        for worker in workers:
            worker.process.kill()


def _started(samples: Sequence[Sample], numbers: list[int], seed: int) -> _Worker:
    inbox, out = multiprocessing.get_context("spawn").Pipe(duplex=False)
    process = multiprocessing.get_context("spawn").Process(target=_work, args=(samples, numbers, seed, out))
    process.start()
    out.close()
    return _Worker(process=process, inbox=inbox, left=numbers)


def _heard(worker: _Worker, workers: list[_Worker]) -> Iterator[Fate | int]:
    try:
        said = worker.inbox.recv()
    except EOFError:
        workers.remove(worker)
        if worker.at is not None:
            raise RuntimeError(f"a process died at mutant {worker.at}") from None
        return
    worker.heard = time.monotonic()
    if isinstance(said, Fate):
        worker.left.remove(said.number)
        worker.at = None
        yield said
    elif worker.left:
        worker.at = said
    else:
        workers.remove(worker)
        worker.process.join()
        yield said


def _given_up(
    worker: _Worker, workers: list[_Worker], samples: Sequence[Sample], seed: int, outcome: str, detail: str
) -> Iterator[Fate]:
    """End a process that does not answer, and go on behind the mutant that holds it."""
    number = worker.at
    assert number is not None
    worker.process.kill()
    workers.remove(worker)
    sample, mutant = mutant_of(samples, number, seed)
    told = tuple(f"{o.name} at {o.at}" for o in mutant.operations)
    yield Fate(number=number, path=sample.path, operations=told, outcome=outcome, detail=detail)
    left = [n for n in worker.left if n != number]
    if left:
        workers.append(_started(samples, left, seed))


def main(arguments: Sequence[str] | None = None) -> int:
    """0 where nothing crashed, hung or grew, 1 where something did, 2 for a wrong option, 130 when interrupted."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.fuzz", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--count", type=int, default=10_000, help="mutants in all (default 10,000)")
    parser.add_argument("--seed", type=int, default=1, help="seed of the mutants (default 1)")
    parser.add_argument("--jobs", type=int, default=2, help="processes (default 2)")
    parser.add_argument("--only", type=int, help="this mutant alone; tells what comes of it, and writes no file")
    parser.add_argument(
        "--corpus", type=Path, help="folder of the corpus (default HARNESS_CORPUS, else ../shared/corpus)"
    )
    parser.add_argument(
        "--output", type=Path, default=RESULT, help="result file (default benchmarks/results/fuzz.json)"
    )
    parser.add_argument("--state", type=Path, default=STATE, help="what is known so far (default runs/fuzz.jsonl)")
    options = parser.parse_args(arguments)
    folder = options.corpus or Path(os.environ.get("HARNESS_CORPUS") or PROJECT.parent / "shared" / "corpus")
    if options.count < 1 or options.jobs < 1:
        parser.error("--count and --jobs must be at least 1")
    if not (folder / "manifest.yaml").is_file():
        parser.error(f"--corpus: {folder} holds no manifest.yaml; name the folder of the corpus")
    samples = load_samples(folder)
    if options.only is not None:
        return _show(samples, options.only, options.seed)
    try:
        return _run(samples, options)
    except KeyboardInterrupt:
        print("interrupted; the same command goes on from here", file=sys.stderr)
        return 130


def _show(samples: Sequence[Sample], number: int, seed: int) -> int:
    with closing(Bench()) as bench:
        fate = fate_of(bench, samples, number, seed)
    print(json.dumps({"path": fate.path, "operations": fate.operations, "outcome": fate.outcome}, indent=1))
    print(fate.detail)
    return 1 if fate.is_defect else 0


def _run(samples: Sequence[Sample], options: argparse.Namespace) -> int:
    depends_on = _identity(samples, options.seed)
    with closing(Records(options.state, depends_on)) as records:
        left = [n for n in range(options.count) if str(n) not in records]
        grown: list[int] = []
        for done, said in enumerate(fates(samples, left, seed=options.seed, jobs=options.jobs), start=1):
            if isinstance(said, int):
                grown.append(said)
                continue
            records.add(_record(said))
            if done % 500 == 0:
                print(f"{options.count - len(left) + done} of {options.count}", file=sys.stderr)
        found = [r for r in records if int(r.key) < options.count]
    result = {**depends_on, **_summary(samples, found)}
    options.output.parent.mkdir(parents=True, exist_ok=True)
    options.output.write_text(json.dumps(result, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    too_large = [n for n in grown if n > GROWTH_BYTES]
    for number in too_large:
        print(f"a process grew by {number // 1024**2} MiB, more than {GROWTH_BYTES // 1024**2}", file=sys.stderr)
    defects = result["defects"]
    print(f"{len(found)} mutants: {result['outcomes']}; defects: {len(defects) if isinstance(defects, list) else 0}")
    return 1 if defects or too_large else 0


def _record(fate: Fate) -> Record:
    defect = ({"outcome": fate.outcome, "detail": fate.detail, "path": fate.path},) if fate.is_defect else ()
    return Record(
        key=str(fate.number),
        digest=f"{fate.path} {fate.outcome}",
        counts={fate.outcome: 1},
        operations=fate.operations,
        disagreements=defect,
    )


def _summary(samples: Sequence[Sample], found: Sequence[Record]) -> Mapping[str, object]:
    kinds = {s.path: s.kind for s in samples}
    outcomes: Counter[str] = Counter()
    by_kind: dict[str, Counter[str]] = {}
    operations: Counter[str] = Counter()
    for record in found:
        path, _, outcome = record.digest.partition(" ")
        outcomes[outcome] += 1
        by_kind.setdefault(kinds[path], Counter())[outcome] += 1
        operations.update(text.partition(" at ")[0] for text in record.operations)
    return {
        "count": len(found),
        "outcomes": dict(sorted(outcomes.items())),
        "by_kind": {kind: dict(sorted(counted.items())) for kind, counted in sorted(by_kind.items())},
        "operations": dict(sorted(operations.items())),
        "defects": [{"mutant": r.key, **r.disagreements[0]} for r in found if r.disagreements],
    }


def _identity(samples: Sequence[Sample], seed: int) -> dict[str, object]:
    """What all records depend on; a change of any of it makes the earlier ones worthless."""
    rooms = ("wire", "checks", "validators", "runner", "packs", "model")
    code = sorted(p for room in rooms for p in (PROJECT / "harness" / room).rglob("*.py"))
    code += [PROJECT / "benchmarks" / f"{name}.py" for name in ("fuzz", "samples", "mutants", "byte_mutations")]
    code += sorted((PROJECT / "schemas").rglob("*.*"))
    digest = hashlib.sha256()
    for path in code:
        if path.is_file():
            digest.update(hashlib.sha256(path.read_bytes()).digest())
    messages = hashlib.sha256(b"".join(hashlib.sha256(s.content).digest() for s in samples))
    return {"format": 1, "seed": seed, "code": digest.hexdigest(), "messages": messages.hexdigest()}


if __name__ == "__main__":
    sys.exit(main())
