"""The report benchmark renders a run made larger, under identifiers of its own."""

from pathlib import Path

from benchmarks.report import enlarged, measured
from harness.model import Run
from harness.store import RunDirectory
from tests.report.sample_run import make_run


def messages(run: Run) -> int:
    return sum(1 + (x.response is not None) for row in run.rows for x in row.exchanges)


def test_an_enlarged_run_has_the_messages_asked_for_and_no_identifier_twice() -> None:
    run = make_run()
    large = enlarged(run, 5 * messages(run) - 1)
    assert messages(large) == 5 * messages(run)
    ids = [x.id for row in large.rows for x in row.exchanges]
    assert len(set(ids)) == len(ids)
    assert len({row.id for row in large.rows}) == len(large.rows)
    known = {x.id for row in large.rows for x in row.exchanges}
    assert {x for row in large.rows for s in row.steps for x in s.exchanges} <= known


def test_the_figures_are_those_of_the_rendered_report(tmp_path: Path) -> None:
    with RunDirectory.create(tmp_path / "run") as directory:
        directory.write_run(make_run())
    figures = measured(tmp_path / "run", 20)
    assert figures.messages >= 20
    assert figures.pages > 2 * figures.rows
    assert figures.index_bytes < figures.report_bytes
    assert figures.ratio > 1
