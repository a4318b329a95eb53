"""Judging a stored run again, from its bytes alone."""

import asyncio
from collections.abc import Iterable, Mapping
from pathlib import Path

from harness.errors import InputError, Problem
from harness.model import Exchange, RowResult, TriggerOutcome
from harness.runner._interpreter import RowRun
from harness.runner._judge import Judge
from harness.runner._plan import Row
from harness.runner._replay import RecordedWorld
from harness.store import Json, fetch_blob, from_json, read_events

type Evidence = Mapping[str, tuple[Exchange | TriggerOutcome, ...]]


def recorded_evidence(folder: Path) -> Mapping[str, Evidence]:
    """What the run at `folder` observed: row id -> step path -> exchanges and trigger outcomes in order.

    A row that was started twice (the run was killed and resumed) keeps the evidence of its last start only, which is what
    its verdict rests on; the earlier bytes stay in the events.
    """
    rows: dict[str, dict[str, list[Exchange | TriggerOutcome]]] = {}
    for event in read_events(folder):
        name = str(event.get("row", ""))
        if event["event"] == "row-started":
            rows[name] = {}
        elif event["event"] == "exchange":
            rows[name].setdefault(str(event["step"]), []).append(_read(Exchange, event["exchange"], folder))
        elif event["event"] == "trigger":
            rows[name].setdefault(str(event["step"]), []).append(_read(TriggerOutcome, event["outcome"], folder))
    return {row: {path: tuple(items) for path, items in steps.items()} for row, steps in rows.items()}


async def rejudge_rows(folder: Path, rows: Iterable[Row], judge: Judge) -> tuple[RowResult, ...]:
    """The result of each of `rows` that the run at `folder` reached, judged anew from its evidence.

    Raises:
        InputError: none of the rows is in the recording.
    """
    evidence = recorded_evidence(folder)
    results = [
        await RowRun(row, RecordedWorld(evidence[row.id]), judge, lambda *_: None).run()
        for row in rows
        if row.id in evidence and not row.blocked
    ]
    if not results:
        raise InputError(
            Problem(code="E811", option=str(folder), problem="the recording holds none of these scenarios")
        )
    return tuple(results)


def rejudge(folder: Path, rows: Iterable[Row], judge: Judge) -> tuple[RowResult, ...]:
    """As `rejudge_rows`, for callers without an event loop."""
    return asyncio.run(rejudge_rows(folder, rows, judge))


def _read[T](type_: type[T], data: Json, folder: Path) -> T:
    return from_json(type_, data, lambda digest: fetch_blob(folder, digest))
