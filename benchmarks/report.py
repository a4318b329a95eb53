"""What the report of a large run costs: time, memory, size of the first page.

A real run is repeated until it has the wanted number of messages, each repetition with identifiers of its own, and rendered in a
process of its own. Beside it, in the same process, every message is escaped and written as the plainest page there is.
"""

import argparse
import html
import json
import multiprocessing
import resource
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import islice
from pathlib import Path

from harness.model import Exchange, RowResult, Run
from harness.packs import bundled_data
from harness.report import render_html
from harness.store import load_run


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """`seconds` and `bare_seconds` are processor time; `ratio` is the one by the other."""

    messages: int
    rows: int
    pages: int
    seconds: float
    bare_seconds: float
    ratio: float
    index_bytes: int
    report_bytes: int
    peak_mib: float
    run_mib: float


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints the figures; 2 for a wrong option or a run that cannot be read."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.report", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("run", type=Path, help="directory of a run, as `harness run --out` leaves it")
    parser.add_argument("--messages", type=int, default=4500, help="messages of the enlarged run (default 4500)")
    parser.add_argument("--json", action="store_true", help="the figures for a program")
    options = parser.parse_args(arguments)
    if not (options.run / "run.json").is_file():
        parser.error(f"{options.run} holds no run.json")
    figures = measured(options.run, options.messages)
    if options.json:
        print(json.dumps(asdict(figures)))
        return 0
    print(
        f"{figures.messages} messages in {figures.rows} rows: {figures.pages} pages, {figures.report_bytes / 1e6:.0f} MB, "
        f"first page {figures.index_bytes / 1e6:.2f} MB"
    )
    print(f"rendered in {figures.seconds:.1f} s of processor time, {figures.ratio:.1f} times the plainest pages")
    print(f"memory: {figures.peak_mib:.0f} MiB at most, {figures.run_mib:.0f} MiB of it the run itself")
    return 0


def measured(folder: Path, messages: int) -> Figures:
    """The figures for the run in `folder`, enlarged to at least `messages`, taken in a fresh process."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(_measure, (folder, messages))


def _measure(folder: Path, messages: int) -> Figures:
    run = enlarged(load_run(folder), messages)
    loaded = _peak_mib()
    with tempfile.TemporaryDirectory(prefix="report-") as made:
        out = Path(made)
        started = time.process_time()
        index = render_html(run, out / "report", templates=bundled_data() / "reports", lang="en")
        seconds = time.process_time() - started
        peak = _peak_mib()
        pages = [p for p in (out / "report").rglob("*") if p.is_file()]
        started = time.process_time()
        _plainest(run, out / "plain")
        bare = time.process_time() - started
        return Figures(
            messages=sum(1 + (x.response is not None) for row in run.rows for x in row.exchanges),
            rows=len(run.rows),
            pages=len(pages),
            seconds=round(seconds, 2),
            bare_seconds=round(bare, 2),
            ratio=round(seconds / bare, 1),
            index_bytes=index.stat().st_size,
            report_bytes=sum(p.stat().st_size for p in pages),
            peak_mib=round(peak, 1),
            run_mib=round(loaded, 1),
        )


def enlarged(run: Run, messages: int) -> Run:
    """`run` with its rows repeated until they hold at least `messages`, under identifiers of their own."""
    own = sum(1 + (x.response is not None) for row in run.rows for x in row.exchanges)
    if not own:
        raise ValueError("the run has no messages")
    return replace(run, rows=tuple(islice(_repeated(run), len(run.rows) * -(-messages // own))))


def _repeated(run: Run) -> Iterator[RowResult]:
    turn = 0
    while True:
        for row in run.rows:
            yield _renamed(row, f"{turn}-") if turn else row
        turn += 1


def _renamed(row: RowResult, prefix: str) -> RowResult:
    return replace(
        row,
        id=prefix + row.id,
        exchanges=tuple(replace(x, id=prefix + x.id) for x in row.exchanges),
        audits=tuple(replace(a, id=prefix + a.id) for a in row.audits),
        steps=tuple(
            replace(s, exchanges=tuple(prefix + x for x in s.exchanges), audits=tuple(prefix + a for a in s.audits))
            for s in row.steps
        ),
    )


def _plainest(run: Run, folder: Path) -> None:
    """Each exchange as one page: its bytes, escaped."""
    folder.mkdir()
    for row in run.rows:
        for x in row.exchanges:
            (folder / f"{x.id}.html").write_text(_page(x), encoding="utf-8", errors="backslashreplace")


def _page(x: Exchange) -> str:
    shown = [x.request.raw, x.response.raw if x.response else b""]
    return "".join(f"<pre>{html.escape(data.decode('utf-8', 'backslashreplace'))}</pre>" for data in shown)


def _peak_mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    sys.exit(main())
