"""Judging a stored run again, from its bytes alone."""

import asyncio
from collections.abc import Iterable, Mapping
from pathlib import Path

from pydantic import ValidationError

from harness.errors import InputError, Problem
from harness.model import AuditRecord, Exchange, RowResult, TriggerOutcome
from harness.runner._interpreter import RowRun
from harness.runner._judge import Judge
from harness.runner._plan import Row
from harness.runner._replay import Evidence as Piece
from harness.runner._replay import RecordedWorld
from harness.store import Json, fetch_blob, finished_rows, from_json, read_events

type Evidence = Mapping[str, tuple[Piece, ...]]


def recorded_evidence(folder: Path) -> Mapping[str, Evidence]:
    """What the run at `folder` observed: row id -> step path -> exchanges, trigger outcomes and audit records in order.

    A row that was started twice (the run was killed and resumed) keeps the evidence of its last start only, which is what
    its verdict rests on; the earlier bytes stay in the events.
    """
    rows: dict[str, dict[str, list[Piece]]] = {}
    for event in read_events(folder):
        name, step = str(event.get("row", "")), str(event.get("step", ""))
        if event["event"] == "row-started":
            rows[name] = {}
        elif event["event"] == "exchange":
            observed: Piece = _read(Exchange, event.get("exchange"), folder)
            rows.setdefault(name, {}).setdefault(step, []).append(observed)
        elif event["event"] == "trigger":
            observed = _read(TriggerOutcome, event.get("outcome"), folder)
            rows.setdefault(name, {}).setdefault(step, []).append(observed)
        elif event["event"] == "audit":
            observed = _read(AuditRecord, event.get("record"), folder)
            rows.setdefault(name, {}).setdefault(step, []).append(observed)
    return {row: {path: tuple(items) for path, items in steps.items()} for row, steps in rows.items()}


async def rejudge_rows(folder: Path, rows: Iterable[Row], judge: Judge) -> tuple[RowResult, ...]:
    """The result of each of `rows` that the run at `folder` finished, judged anew from its evidence.

    A row that ended before its first step (the SUT was not reachable) has no evidence to judge; its result stands. A row
    in which the run was killed has none at all.

    Raises:
        InputError: none of the rows is in the recording, or the recording is damaged.
    """
    evidence = recorded_evidence(folder)
    done = finished_rows(folder)
    results = [
        await RowRun(row, RecordedWorld(evidence.get(row.id, {})), judge, lambda *_: None).run()
        if done[row.id].steps
        else done[row.id]
        for row in rows
        if row.id in done and not row.blocked
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
    try:
        return from_json(type_, data, lambda digest: fetch_blob(folder, digest))
    except ValidationError as exc:
        raise InputError(
            Problem(code="E812", option=folder.name, problem=f"a recorded {type_.__name__} is damaged")
        ) from exc
