"""Do the scenarios bite? Every declared fault of the reference system, and the right system, against the catalogue.

First every row against the right system: none may fail. Then each fault against the rows that cover what it breaks, then the
others of its transaction, until one of them fails at a requirement the fault breaks. With `--full` each fault meets every row
of its role, which also tells which rows notice nothing. Writes `docs/kill-matrix.md` and its French sibling; interrupted, the
same command goes on from there.
"""

import argparse
import asyncio
import hashlib
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import closing
from pathlib import Path

from benchmarks.kill_pages import Kill, Matrix, page
from benchmarks.records import Record, Records
from harness.model import RowResult, Sut, Verdict
from harness.packs import bundled_data, load_library
from harness.reference import FAULTS, Fault
from harness.runner import Row, plan_rows
from tests.test_declared_faults import Bench, named

PROJECT = Path(__file__).resolve().parent.parent
PAGES = {"en": PROJECT / "docs" / "kill-matrix.md", "fr": PROJECT / "docs" / "kill-matrix.fr.md"}
STATE = PROJECT / "runs" / "kill-matrix.jsonl"
CHUNK = 24
"""Rows the right system is asked in one go."""

_bench: Bench | None = None


def main(arguments: Sequence[str] | None = None) -> int:
    """0 where all faults are killed and the right system passes, 1 otherwise, 2 for a wrong option, 130 when interrupted."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.kill_matrix", description=(__doc__ or "").split("\n")[0]
    )
    parser.add_argument("--full", action="store_true", help="each fault against every row of its role")
    parser.add_argument("--jobs", type=int, default=2, help="processes (default 2)")
    parser.add_argument("--fault", action="append", default=[], help="only this fault (repeatable); writes no page")
    parser.add_argument(
        "--state", type=Path, default=STATE, help="what is known so far (default runs/kill-matrix.jsonl)"
    )
    options = parser.parse_args(arguments)
    if options.jobs < 1:
        parser.error("--jobs must be at least 1")
    unknown = sorted(set(options.fault) - set(FAULTS))
    if unknown:
        parser.error(f"no such fault: {', '.join(unknown)}")
    try:
        return _run(options)
    except KeyboardInterrupt:
        print("interrupted; the same command goes on from here", file=sys.stderr)
        return 130


def _run(options: argparse.Namespace) -> int:
    started = time.monotonic()
    tasks = [*_right_tasks(), *((f"fault:{name}", (name,)) for name in options.fault or sorted(FAULTS))]
    if options.fault:
        tasks = [t for t in tasks if t[0].startswith("fault:")]
    depends_on: dict[str, object] = {"code": _code(), "full": options.full}
    with closing(Records(options.state, depends_on)) as records:
        left = [t for t in tasks if t[0] not in records]
        with (
            tempfile.TemporaryDirectory(prefix="kill-matrix-") as folder,
            ProcessPoolExecutor(max_workers=options.jobs) as pool,
        ):
            waiting = [pool.submit(_judge, key, given, options.full, folder) for key, given in left]
            for n, done in enumerate(as_completed(waiting), start=1):
                records.add(done.result())
                if n % 20 == 0 or n == len(left):
                    print(f"{n} of {len(left)}, {time.monotonic() - started:.0f} s", file=sys.stderr, flush=True)
        found = {key: record for key, _ in tasks if (record := records.get(key)) is not None}
    matrix = _matrix(found, full=options.full)
    if not options.fault:
        for lang, path in PAGES.items():
            path.write_text(page(matrix, lang), encoding="utf-8")
    return _tell(matrix, time.monotonic() - started)


def _right_tasks() -> Iterator[tuple[str, tuple[str, ...]]]:
    """The rows of each role in portions, so that all processes have work."""
    scenarios = load_library(bundled_data()).scenarios
    for actor in ("ncpeh-a", "ncpeh-b"):
        ids = [s.id for s in scenarios if s.applies.sut == actor]
        for at in range(0, len(ids), CHUNK):
            yield f"right:{actor}:{at:04d}", tuple(ids[at : at + CHUNK])


def _code() -> str:
    """What all outcomes depend on: the code and data of the project."""
    digest = hashlib.sha256()
    folders = (PROJECT / name for name in ("harness", "scenarios", "schemas", "benchmarks"))
    for path in sorted(p for folder in folders for p in folder.rglob("*") if p.suffix in _SOURCES):
        digest.update(path.relative_to(PROJECT).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


_SOURCES = (".py", ".yaml", ".xsd", ".sch", ".xml")


def _judge(key: str, given: tuple[str, ...], full: bool, folder: str) -> Record:
    global _bench  # one bench for all tasks of a process: keys, compiled rules, library
    if _bench is None:
        _bench = Bench(Path(tempfile.mkdtemp(dir=folder)))
    rows = _right(_bench, given) if key.startswith("right:") else _wrong(_bench, FAULTS[given[0]], full=full)
    return Record(key=key, digest=key, counts={"rows": len(rows)}, figures=tuple(rows))


type Seen = tuple[str, str, tuple[str, ...], str]
"""Row, verdict, requirements it accuses, reason."""


def _right(bench: Bench, ids: Sequence[str]) -> list[Seen]:
    return _against(bench, "", lambda _sut: ids, lambda _row: False)


def _wrong(bench: Bench, fault: Fault, *, full: bool) -> list[Seen]:
    def enough(row: RowResult) -> bool:
        return not full and _kills(_seen(row), fault)

    def chosen(sut: Sut) -> Sequence[str]:
        own = [s.id for s in bench.library.scenarios if s.applies.sut == fault.actor]
        if full:
            return own
        first = [r.scenario.id for r in bench.rows_for(fault, sut)]
        return list(dict.fromkeys([*first, *own]))

    return _against(bench, fault.name, chosen, enough)


def _against(
    bench: Bench, fault: str, chosen: Callable[[Sut], Sequence[str]], enough: Callable[[RowResult], bool]
) -> list[Seen]:
    sut, stop, thread = bench.system(frozenset({fault} if fault else ()))
    try:
        scenarios = {s.id: s for s in bench.library.scenarios}
        rows: tuple[Row, ...] = plan_rows([scenarios[i] for i in dict.fromkeys(chosen(sut))], sut)
        name = f"run-{time.monotonic_ns()}"
        return [_seen(r) for r in asyncio.run(bench.run_rows(sut, rows, name, enough))]
    finally:
        stop.set()
        thread.join(10)


def _seen(row: RowResult) -> Seen:
    return (row.id, row.verdict.value, tuple(sorted(named(row))), row.reason)


def _kills(seen: Seen, fault: Fault) -> bool:
    wanted = Verdict.WARNING if fault.advisory else Verdict.FAIL
    return seen[1] == wanted.value and bool(set(seen[2]) & set(fault.breaks))


def _matrix(found: Mapping[str, Record], *, full: bool) -> Matrix:
    right = [_row(r) for key, record in found.items() if key.startswith("right:") for r in record.figures]
    kills = tuple(
        _kill(FAULTS[key.removeprefix("fault:")], [_row(r) for r in record.figures])
        for key, record in sorted(found.items())
        if key.startswith("fault:")
    )
    return Matrix(
        kills=kills,
        rows=tuple(r[0] for r in right if r[1] != Verdict.NOT_APPLICABLE.value),
        alarms=tuple((r[0], r[1], r[3]) for r in right if r[1] not in _QUIET),
        full=full,
    )


_QUIET = (Verdict.PASS.value, Verdict.NOT_APPLICABLE.value)


def _row(raw: Iterable[object]) -> Seen:
    name, verdict, accused, reason = raw
    return str(name), str(verdict), tuple(map(str, accused)), str(reason)  # type: ignore[call-overload]


def _kill(fault: Fault, rows: Sequence[Seen]) -> Kill:
    telling = [r for r in rows if _kills(r, fault)]
    first = telling[0] if telling else None
    return Kill(
        fault=fault,
        row=first[0] if first else "",
        verdict=first[1] if first else "",
        requirements=tuple(sorted(set(first[2]) & set(fault.breaks))) if first else (),
        killing=tuple(r[0] for r in telling),
        met=len(rows),
    )


def _tell(matrix: Matrix, seconds: float) -> int:
    survivors = [k.fault.name for k in matrix.kills if not k.row]
    for name in survivors:
        print(f"survived: {name}")
    for row, verdict, reason in matrix.alarms:
        print(f"false alarm: {row} {verdict}: {reason}")
    print(
        f"{len(matrix.kills) - len(survivors)} of {len(matrix.kills)} faults killed, "
        f"{len(matrix.alarms)} false alarms in {len(matrix.rows)} rows, {seconds:.0f} s"
    )
    return int(bool(survivors or matrix.alarms))


if __name__ == "__main__":
    sys.exit(main())
