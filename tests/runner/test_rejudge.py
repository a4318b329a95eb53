"""A recording judged again comes to the same, without the system under test; an altered one is refused."""

from dataclasses import replace
from pathlib import Path

import pytest

from harness.errors import InputError
from harness.model import AuditRecord, Cause, Exchange, FailureKind, RowResult, State, TriggerOutcome, Verdict
from harness.runner import Row, recorded_evidence, rejudge
from harness.runner._steps import empty_result
from harness.store import BLOBS, EVENTS, RunDirectory
from tests.runner.runner_bench import (
    NOW,
    MemoryWorld,
    asked,
    expect,
    failed,
    fault,
    fragment,
    judge,
    not_pulled,
    play,
    pulled,
    receive,
    received,
    ref,
    row,
    send,
    that,
    trigger,
)


def recorded(folder: Path, row_: Row, world: MemoryWorld) -> RowResult:
    """Play `row_` and keep its evidence as a run does."""
    with RunDirectory.create(folder) as directory:

        def keep(row: Row, path: str, observed: Exchange | TriggerOutcome | AuditRecord) -> None:
            fields = {"row": row.id, "step": path}
            if isinstance(observed, Exchange):
                directory.append("exchange", NOW, fields | {"exchange": directory.record(Exchange, observed)})
            elif isinstance(observed, AuditRecord):
                directory.append("audit", NOW, fields | {"record": directory.record(AuditRecord, observed)})
            else:
                directory.append("trigger", NOW, fields | {"outcome": directory.record(TriggerOutcome, observed)})

        directory.append("row-started", NOW, {"row": row_.id})
        world.record = keep
        result = play(row_, world)
        directory.append("row-done", NOW, {"row": row_.id, "result": directory.record(RowResult, result)})
    return result


def bare(result: RowResult) -> RowResult:
    """`result` without the times of judging, which are not part of what is judged."""
    steps = tuple(replace(s, started_at=None, duration_s=0.0) for s in result.steps)
    return replace(result, started_at=None, duration_s=0.0, steps=steps)


PASSING = row(send(save="a"), expect("1", "a", {"acknowledgement": "AA"}, covers=("T-1",)))
CASES: dict[str, tuple[Row, MemoryWorld]] = {
    "pass": (PASSING, MemoryWorld({"0": asked()})),
    "fail": (PASSING, MemoryWorld({"0": fault()})),
    "cut": (PASSING, MemoryWorld({"0": failed(FailureKind.CUT)})),
    "not reachable": (PASSING, MemoryWorld({"0": failed(FailureKind.NOT_REACHABLE)})),
    "request missed": (row(receive(covers=("T-1",))), MemoryWorld({"0": None})),
    "not triggered": (
        row(trigger(save="t"), receive("1", covers=("T-1",)), expect("2", "t", {"shown": "patient"})),
        MemoryWorld({"0": not_pulled(FailureKind.NOT_REACHABLE), "1": None}, held={"0": "1"}),
    ),
    "triggered, with requests nobody asked for": (
        row(trigger(save="t"), receive("1"), expect("2", "t", {"shown": "patient"})),
        MemoryWorld({"0": pulled(), "1": received()}, after=[received("x0002", "ITI-38")], held={"0": "after"}),
    ),
    "fragment": (
        row(
            fragment("0", send("0.0", save="a"), outputs={"x": ref("a.patients")}, save="u"),
            that("1", ref("u.x"), "count", 1),
        ),
        MemoryWorld({"0.0": asked()}),
    ),
    "fault of ours": (row(send()), MemoryWorld({"0": RuntimeError("oops")})),
}


@pytest.mark.parametrize("name", CASES)
def test_recording_comes_to_the_same_verdicts(tmp_path: Path, name: str) -> None:
    row_, world = CASES[name]
    live = recorded(tmp_path / "run", row_, replace(world, after=list(world.after), done=set()))
    (again,) = rejudge(tmp_path / "run", [row_], judge())
    assert again.verdict is live.verdict
    assert [(s.path, s.verdict) for s in again.steps] == [(s.path, s.verdict) for s in live.steps]
    assert again.requirements == live.requirements
    if name != "fault of ours":  # nothing was observed: the reason is that nothing was recorded
        assert bare(again) == bare(live)


def test_judging_twice_gives_the_same_record(tmp_path: Path) -> None:
    recorded(tmp_path / "run", PASSING, MemoryWorld({"0": fault()}))
    once, twice = (rejudge(tmp_path / "run", [PASSING], judge()) for _ in range(2))
    assert once == twice


def test_altered_message_is_refused(tmp_path: Path) -> None:
    recorded(tmp_path / "run", PASSING, MemoryWorld({"0": fault()}))
    for blob in (tmp_path / "run" / BLOBS).iterdir():
        blob.write_bytes(blob.read_bytes() + b" ")
    with pytest.raises(InputError) as caught:
        rejudge(tmp_path / "run", [PASSING], judge())
    assert caught.value.problems[0].code == "E805"


def test_verdict_written_into_the_events_is_not_believed(tmp_path: Path) -> None:
    recorded(tmp_path / "run", PASSING, MemoryWorld({"0": fault()}))
    events = tmp_path / "run" / EVENTS
    events.write_text(events.read_text().replace('"verdict":"fail"', '"verdict":"pass"'))
    (again,) = rejudge(tmp_path / "run", [PASSING], judge())
    assert again.verdict is Verdict.FAIL


def test_row_that_was_started_twice_rests_on_its_last_start(tmp_path: Path) -> None:
    with RunDirectory.create(tmp_path / "run") as directory:
        for exchange in (asked(id="x0001"), fault()):
            directory.append("row-started", NOW, {"row": PASSING.id})
            content = directory.record(Exchange, exchange)
            directory.append("exchange", NOW, {"row": PASSING.id, "step": "0", "exchange": content})
    assert recorded_evidence(tmp_path / "run") == {PASSING.id: {"0": (fault(),)}}


def test_row_in_which_the_run_was_killed_is_not_judged(tmp_path: Path) -> None:
    with RunDirectory.create(tmp_path / "run") as directory:
        directory.append("row-started", NOW, {"row": PASSING.id})
    with pytest.raises(InputError) as caught:
        rejudge(tmp_path / "run", [PASSING], judge())
    assert caught.value.problems[0].code == "E811"


def test_row_that_could_not_be_started_keeps_its_result(tmp_path: Path) -> None:
    row_ = row(receive())
    result = replace(
        empty_result(row_, NOW),
        state=State.DONE,
        verdict=Verdict.ERROR,
        cause=Cause.ENVIRONMENT,
        reason="nothing was sent",
    )
    with RunDirectory.create(tmp_path / "run") as directory:
        directory.append("row-started", NOW, {"row": row_.id})
        directory.append("row-done", NOW, {"row": row_.id, "result": directory.record(RowResult, result)})
    assert rejudge(tmp_path / "run", [row_], judge()) == (result,)


@pytest.mark.parametrize(
    "event", ['{"event":"exchange","row":"A","step":"0"}', '{"event":"trigger","outcome":{"kind":1}}']
)
def test_damaged_evidence_is_an_input_error(tmp_path: Path, event: str) -> None:
    RunDirectory.create(tmp_path / "run").close()
    (tmp_path / "run" / EVENTS).write_text(event + "\n")
    with pytest.raises(InputError) as caught:
        recorded_evidence(tmp_path / "run")
    assert caught.value.problems[0].code == "E812"


def test_folder_without_a_run_is_an_input_error(tmp_path: Path) -> None:
    with pytest.raises(InputError):
        rejudge(tmp_path, [PASSING], judge())
