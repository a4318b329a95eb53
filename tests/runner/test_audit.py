"""What a row comes to by the audit records that came, or did not come."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace

import pytest

from harness.model import (
    Audit,
    AuditRecord,
    Cause,
    Check,
    Exchange,
    Level,
    OurSide,
    RowResult,
    Severity,
    StepResult,
    Sut,
    Verdict,
)
from harness.packs import bundled_data
from harness.runner import Judge, Row, plan_rows, recorded_evidence, rejudge
from harness.runner._interpreter import MAX_AUDITS_JUDGED
from harness.store import EVENTS
from harness.wire import atna, syslog, x509
from tests.runner import runner_bench as rb
from tests.runner.runner_bench import AT, NOW, MemoryWorld, asked, play, row, send, step_of
from tests.test_declared_faults import Bench
from tests.wire.test_atna import record as audit_message

SUT = replace(rb.SUT, ours=OurSide(ports={"audit": 6514}))


def audit(path: str = "1", event: str = "identification") -> Check:
    return Check(path=path, at=AT, test=Audit(event=event, of="practitioner-software", within_s=7))


def came(event: str = "EHDSI-11", id: str = "a0001", **changes: object) -> AuditRecord:
    message = replace(audit_message(event), objects=audit_message(event).objects[:1], **changes)  # type: ignore[arg-type]
    content = syslog.build_message(atna.build(message), at=NOW, host="h", app_name="a", proc_id="1")
    return AuditRecord(id=id, transport="tls", received_at=NOW.replace(hour=10), raw=syslog.frame(content))


def played(*records: AuditRecord, sut: Sut = SUT, **more: object) -> tuple[RowResult, StepResult, MemoryWorld]:
    world = MemoryWorld({"0": asked()}, audit={"1": records})
    step = replace(audit(), **more)  # type: ignore[arg-type]
    result = play(row(send(save="a"), step), world, rb.judge(sut=sut))
    return result, step_of(result, "1"), world


def test_a_record_that_came_is_judged_and_kept() -> None:
    result, step, world = played(came(), covers=("T-1",))
    assert step.audits == ("a0001",)
    assert step.exchanges == ("x0001",)
    assert world.waited == {"1": 7, "after": 0.0}
    assert [r.id for r in result.audits] == ["a0001"]
    covered = next(r for r in result.requirements if r.id == "T-1")
    assert covered.verdict is Verdict.PASS


@pytest.mark.parametrize(
    ("records", "found"),
    [
        pytest.param((), "no audit record at all", id="nothing"),
        pytest.param((came("EHDSI-22"),), "no audit record about this exchange", id="another transaction"),
    ],
)
def test_a_record_that_did_not_come_is_a_fail_with_what_to_do(records: tuple[AuditRecord, ...], found: str) -> None:
    _, step, _ = played(*records, covers=("T-1",))
    assert (step.verdict, step.cause) == (Verdict.FAIL, Cause.SUT)
    assert found in step.found
    assert "ours.listen.audit" in step.findings[0].next


@pytest.mark.parametrize(
    ("level", "covers", "verdict"),
    [("warning", (), Verdict.WARNING), (None, ("T-2",), Verdict.WARNING), ("information", (), Verdict.PASS)],
)
def test_the_level_decides_what_absence_comes_to(level: str | None, covers: tuple[str, ...], verdict: Verdict) -> None:
    _, step, _ = played(level=level, covers=covers)
    assert step.verdict is verdict
    assert step.findings


def test_without_a_repository_nothing_can_be_decided() -> None:
    result, step, world = played(sut=rb.SUT, covers=("T-1",))
    assert (step.verdict, step.cause) == (Verdict.INCONCLUSIVE, Cause.CONFIGURATION)
    assert step.findings[0].severity is Severity.UNDECIDABLE
    assert result.verdict is Verdict.INCONCLUSIVE
    assert "1" not in world.waited


def test_a_record_with_another_event_id_is_not_the_one_wanted() -> None:
    wrong = came(event_id=atna.Coded(code="110106", system_name="DCM"))
    result, _, _ = played(wrong, covers=("T-1",))
    assert next(r for r in result.requirements if r.id == "T-1").verdict is Verdict.FAIL


def test_an_exchange_that_was_not_made_leaves_the_check_undecided() -> None:
    result = play(row(audit("0", "patient-summary-list")), MemoryWorld({}), rb.judge(sut=SUT))
    assert step_of(result, "0").verdict is Verdict.INCONCLUSIVE


def test_records_nobody_asked_for_are_judged_against_their_exchange() -> None:
    catalogue = {**rb.CATALOGUE, "AUD-004": rb.requirement("AUD-004", Level.SHALL)}
    judge = replace(rb.judge(sut=SUT), catalogue=catalogue)
    result = play(row(send()), MemoryWorld({"0": asked()}, audit={"after": (came(outcome="8"),)}), judge)
    (step,) = (s for s in result.steps if s.path.startswith("after"))
    assert step.verdict is Verdict.FAIL
    assert "AUD-004" in {f.requirement for f in step.findings}


def test_records_beyond_what_one_row_can_judge_are_no_pass() -> None:
    flood = tuple(came(id=f"a{n:04d}") for n in range(MAX_AUDITS_JUDGED + 2))
    result = play(row(send()), MemoryWorld({"0": asked()}, audit={"after": flood}), rb.judge(sut=SUT))
    left = [f for s in result.steps for f in s.findings if f.rule == "audit/too-many"]
    assert [f.found for f in left] == ["2 further audit records were not judged"]


def test_a_row_without_records_has_no_step_for_them() -> None:
    result = play(row(send()), MemoryWorld({"0": asked()}), rb.judge(sut=SUT))
    assert [s.path for s in result.steps] == ["0"]


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    made = Bench(tmp_path_factory.mktemp("audit"))
    yield made
    made.validator.close()


def test_a_run_with_audit_records_is_judged_again_without_anybody(bench: Bench) -> None:
    sut, stop, thread = bench.system(frozenset())
    wanted = {s.id: s for s in bench.library.scenarios}
    rows: tuple[Row, ...] = plan_rows([wanted["AUD-A-POS-001"], wanted["AUD-B-POS-002"], wanted["AUD-A-NEG-003"]], sut)
    try:
        live = asyncio.run(bench.run_rows(sut, rows, "again", lambda _: False))
    finally:
        stop.set()
        thread.join(10)
    assert [(r.id, r.verdict, r.reason) for r in live] == [(r.id, Verdict.PASS, "") for r in rows]
    assert [len(r.audits) >= n for r, n in zip(live, (1, 4, 0), strict=True)] == [True, True, True]
    folder = bench.folder / "again"
    judge = Judge(
        sut=sut,
        catalogue=bench.library.requirements,
        population=bench.library.populations["default"],
        validator=bench.validator,
        our_anchors=bench.pki.anchors,
        our_certificate=x509.certificate_pem(bench.pki.tls.certificate),
    )
    again = rejudge(folder, rows, judge)
    assert [[(s.path, s.verdict, s.found) for s in r.steps] for r in again] == [
        [(s.path, s.verdict, s.found) for s in r.steps] for r in live
    ]
    kept = [i for steps in recorded_evidence(folder).values() for items in steps.values() for i in items]
    assert any(isinstance(i, AuditRecord) for i in kept)
    assert any(isinstance(i, Exchange) for i in kept)
    assert b'"event":"audit"' in (folder / EVENTS).read_bytes()


def test_the_bundled_scenarios_ask_for_audit_after_each_main_transaction(bench: Bench) -> None:
    asked_for = {
        (s.applies.sut, step.test.event)
        for s in bench.library.scenarios
        for step in s.steps
        if isinstance(step, Check) and isinstance(step.test, Audit)
    }
    wanted = {"identification", "patient-summary-list", "patient-summary-retrieve"}
    assert {e for sut, e in asked_for if sut == "ncpeh-a"} >= wanted
    assert {e for sut, e in asked_for if sut == "ncpeh-b"} >= wanted
    assert (bundled_data() / "scenarios" / "audit").is_dir()
