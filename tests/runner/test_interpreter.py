"""One row from its first step to its verdict, in a world in memory."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace

import pytest

from harness.errors import InputError, Mark, PeerError, Problem, ScenarioError, UnsupportedError, WireError
from harness.model import (
    Cause,
    Check,
    Datum,
    Exchange,
    FailureKind,
    Group,
    Localized,
    Note,
    Reply,
    SameAs,
    Send,
    SetValues,
    State,
    Stop,
    Validate,
    Verdict,
)
from harness.runner import Row
from tests.runner.runner_bench import (
    AT,
    AcceptingValidator,
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
    step_of,
    that,
    trigger,
)

OPERATOR = InputError(Problem(code="E702", option="actors.ncpeh-b.trigger", problem="a person is needed"))
ACCUSES_SUT = [FailureKind.TIMED_OUT, FailureKind.RESET, FailureKind.CUT, FailureKind.NOT_HTTP]
ENVIRONMENT = [FailureKind.NOT_REACHABLE, FailureKind.NAME_NOT_RESOLVED]


# --- send and expect


def test_expected_answer_passes() -> None:
    result = play(row(send(save="a"), expect("1", "a", {"acknowledgement": "AA"})), MemoryWorld({"0": asked()}))
    assert (result.verdict, result.cause, result.state) == (Verdict.PASS, None, State.DONE)
    assert [s.verb for s in result.steps] == ["send", "expect"]
    assert step_of(result, "1").exchanges == step_of(result, "0").exchanges == ("x0001",)
    assert [x.id for x in result.exchanges] == ["x0001"]


def test_tolerated_answer_is_a_warning() -> None:
    steps = expect("1", "a", {"soap_fault": "any"}, {"acknowledgement": "AA", "grade": "tolerated"})
    result = play(row(send(save="a"), steps), MemoryWorld({"0": asked()}))
    assert (result.verdict, result.cause) == (Verdict.WARNING, Cause.SUT)
    assert "tolerated" in step_of(result, "1").reason


def test_strict_alternative_is_taken_before_a_tolerated_one() -> None:
    steps = expect("1", "a", {"http_status": "2xx", "grade": "tolerated"}, {"acknowledgement": "AA"})
    assert play(row(send(save="a"), steps), MemoryWorld({"0": asked()})).verdict is Verdict.PASS


def test_unexpected_answer_fails_with_expected_and_found() -> None:
    steps = expect("1", "a", {"soap_fault": "security"}, covers=("T-1",))
    result = play(row(send(save="a"), steps), MemoryWorld({"0": asked()}))
    step = step_of(result, "1")
    (finding,) = step.findings
    assert (step.verdict, step.cause) == (Verdict.FAIL, Cause.SUT)
    assert finding.expected == step.expected == "soap_fault: security"
    assert finding.found == step.found
    assert "AA" in step.found
    assert (finding.requirement, finding.source) == ("T-1", "a document, T-1")
    assert [(r.id, r.verdict) for r in result.requirements] == [("T-1", Verdict.FAIL)]


def test_fault_meets_the_expectation_of_a_fault() -> None:
    steps = expect("1", "a", {"soap_fault": "sender"})
    assert play(row(send(save="a"), steps), MemoryWorld({"0": fault()})).verdict is Verdict.PASS


def test_send_that_nobody_looks_at_demands_an_ordinary_answer() -> None:
    result = play(row(send()), MemoryWorld({"0": fault()}))
    assert (result.verdict, result.cause) == (Verdict.FAIL, Cause.SUT)
    assert step_of(result, "0").findings[0].rule == "scenario/ordinary-answer"
    assert play(row(send()), MemoryWorld({"0": asked()})).verdict is Verdict.PASS


def test_altered_send_that_nobody_looks_at_demands_nothing() -> None:
    result = play(row(send()), MemoryWorld({"0": replace(fault(), altered=("saml.hcp.expired",))}))
    assert result.verdict is Verdict.PASS


def test_unreadable_answer_fails_where_it_stands() -> None:
    result = play(row(send()), MemoryWorld({"0": asked(b"<a>\n<b></a>")}))
    found = next(f for f in step_of(result, "0").findings if f.rule.startswith("wire/"))
    assert (result.verdict, result.cause) == (Verdict.FAIL, Cause.SUT)
    assert (found.at.message, found.at.line) == ("response", 2)


# --- transport


@pytest.mark.parametrize("kind", ENVIRONMENT)
@pytest.mark.parametrize("looked_at", [True, False], ids=["expected", "not looked at"])
def test_unreachable_system_is_the_environment(kind: FailureKind, looked_at: bool) -> None:
    steps = (expect("1", "a", {"acknowledgement": "AA"}),) if looked_at else ()
    result = play(row(send(save="a"), *steps), MemoryWorld({"0": failed(kind)}))
    assert (result.verdict, result.cause) == (Verdict.ERROR, Cause.ENVIRONMENT)
    assert all(s.verdict is not Verdict.FAIL for s in result.steps)


@pytest.mark.parametrize("kind", ACCUSES_SUT)
@pytest.mark.parametrize("looked_at", [True, False], ids=["expected", "not looked at"])
def test_accepted_and_then_broken_accuses_the_system(kind: FailureKind, looked_at: bool) -> None:
    steps = (expect("1", "a", {"acknowledgement": "AA"}),) if looked_at else ()
    result = play(row(send(save="a"), *steps), MemoryWorld({"0": failed(kind)}))
    assert (result.verdict, result.cause) == (Verdict.FAIL, Cause.SUT)
    rules = {f.rule for s in result.steps for f in s.findings}
    assert f"transport/{kind.value}" in rules


@pytest.mark.parametrize("kind", ACCUSES_SUT)
def test_no_answer_can_be_what_is_expected(kind: FailureKind) -> None:
    steps = expect("1", "a", {"no_answer": True})
    assert play(row(send(save="a"), steps), MemoryWorld({"0": failed(kind)})).verdict is Verdict.PASS


def test_refused_handshake_is_a_matter_of_configuration() -> None:
    result = play(row(send()), MemoryWorld({"0": failed(FailureKind.TLS_REFUSED)}))
    assert (result.verdict, result.cause) == (Verdict.ERROR, Cause.CONFIGURATION)


def test_refused_handshake_passes_where_it_is_expected() -> None:
    steps = expect("1", "a", {"tls_refused": True})
    result = play(row(send(save="a"), steps), MemoryWorld({"0": failed(FailureKind.TLS_REFUSED)}))
    assert result.verdict is Verdict.PASS


def test_accepted_handshake_fails_where_a_refusal_is_expected() -> None:
    result = play(row(send(save="a"), expect("1", "a", {"tls_refused": True})), MemoryWorld({"0": asked()}))
    assert (step_of(result, "1").verdict, result.cause) == (Verdict.FAIL, Cause.SUT)


# --- references


def test_step_after_a_failed_one_is_not_run_and_names_it() -> None:
    steps = (
        send(save="a"),
        expect("1", "a", {"patients": 1}),
        send("2", with_={"patient_id": ref("a.patients.0.id")}),
    )
    result = play(row(*steps), MemoryWorld({"0": fault()}))
    last = step_of(result, "2")
    assert (last.verdict, last.cause) == (Verdict.NOT_RUN, Cause.SUT)
    assert last.reason.startswith("depends on step 1: ${a.patients.0.id}")
    assert result.verdict is Verdict.FAIL


def test_value_that_a_good_answer_does_not_hold_is_inconclusive() -> None:
    steps = (send(save="a"), send("1", with_={"patient_id": ref("a.fault.code")}))
    world = MemoryWorld({"0": asked()})
    result = play(row(*steps), world)
    assert step_of(result, "1").verdict is Verdict.INCONCLUSIVE
    assert world.calls == ["0"]


@pytest.mark.parametrize("name", ["sut.data.absent", "row.absent", "given.absent"])
def test_value_that_the_operator_did_not_give_is_a_matter_of_configuration(name: str) -> None:
    result = play(row(that("0", ref(name), "equals", 1)), MemoryWorld())
    assert (result.verdict, result.cause) == (Verdict.ERROR, Cause.CONFIGURATION)


def test_given_that_cannot_be_resolved_blocks_the_row() -> None:
    result = play(row(send(), given={"patient": ref("sut.data.absent")}), MemoryWorld())
    assert (result.verdict, result.cause, result.steps) == (Verdict.ERROR, Cause.CONFIGURATION, ())
    assert "${sut.data.absent}" in result.reason


def test_values_flow_from_row_and_answer_into_arguments() -> None:
    steps = (
        send(save="a", with_={"patient": ref("row.patient")}),
        SetValues(path="1", at=AT, values={"found": ref("a.patients.0.id")}),
        send("2", with_={"patient_id": ref("found")}),
    )
    world = MemoryWorld({"0": asked(), "2": asked(id="x0002")})
    play(row(*steps, values={"patient": "pt-nominal"}), world)
    assert world.arguments["0"] == {"patient": "pt-nominal", "practitioner": "physician"}
    wanted: Datum = {"root": "2.999.1", "extension": "P-1", "cx": "P-1^^^&2.999.1&ISO"}
    assert world.arguments["2"]["patient_id"] == wanted
    assert "patient" not in world.arguments["2"]


def test_patient_and_practitioner_of_the_row_are_the_default() -> None:
    world = MemoryWorld({"0": asked()})
    play(row(send(), given={"patient": "pt-nominal", "practitioner": "nurse"}), world)
    assert world.arguments["0"] == {"patient": "pt-nominal", "practitioner": "nurse"}


# --- check


@pytest.mark.parametrize(
    ("level", "covers", "verdict"),
    [
        (None, (), Verdict.FAIL),
        (None, ("T-1",), Verdict.FAIL),
        (None, ("T-2",), Verdict.WARNING),
        (None, ("T-3",), Verdict.PASS),
        ("warning", ("T-1",), Verdict.WARNING),
        ("information", (), Verdict.PASS),
        ("error", ("T-2",), Verdict.FAIL),
    ],
    ids=["bare", "SHALL", "SHOULD", "MAY", "lowered", "information", "raised"],
)
def test_severity_of_a_check_is_its_level_or_its_requirements(
    level: str | None, covers: tuple[str, ...], verdict: Verdict
) -> None:
    result = play(row(that("0", 1, "equals", 2, level=level, covers=covers)), MemoryWorld())
    assert result.verdict is verdict
    assert [(r.id, r.verdict) for r in result.requirements] == [(c, verdict) for c in covers]
    (finding,) = result.steps[0].findings
    assert (finding.expected, finding.found) == ("2", "1")


def test_check_that_holds_passes() -> None:
    assert play(row(that("0", 1, "equals", "1", covers=("T-1",))), MemoryWorld()).verdict is Verdict.PASS


def test_two_values_are_compared() -> None:
    def same(left: str, right: str) -> Verdict:
        return play(row(Check(path="0", at=AT, test=SameAs(value=left, other=right))), MemoryWorld()).verdict

    assert same("a", "a") is Verdict.PASS
    assert same("a", "b") is Verdict.FAIL


@pytest.mark.parametrize(("operator", "operand"), [("exists", False), ("count", 0)])
def test_absent_part_of_an_answer_counts_as_nothing(operator: str, operand: Datum) -> None:
    steps = (send(save="a"), that("1", ref("a.fault"), operator, operand))
    assert play(row(*steps), MemoryWorld({"0": asked()})).verdict is Verdict.PASS


@pytest.mark.parametrize(("operator", "operand"), [("exists", False), ("count", 0)])
def test_nothing_is_said_about_an_answer_that_never_came(operator: str, operand: Datum) -> None:
    steps = (send(save="a"), that("1", ref("a.patients"), operator, operand, covers=("T-1",)))
    result = play(row(*steps), MemoryWorld({"0": PeerError("tls: no key")}))
    assert step_of(result, "1").verdict is Verdict.NOT_RUN
    assert [(r.id, r.verdict) for r in result.requirements] == [("T-1", Verdict.NOT_RUN)]


def test_message_is_validated_under_the_name_of_its_side() -> None:
    validator = AcceptingValidator()
    steps = (send(save="a"), Check(path="1", at=AT, test=Validate(of="a", what="message")))
    result = play(row(*steps), MemoryWorld({"0": asked()}), judge(validator))
    assert step_of(result, "1").verdict is Verdict.PASS
    assert [name for name, _ in validator.seen] == ["response", "response"]


def test_documents_that_did_not_come_are_not_run() -> None:
    steps = (send(save="a"), Check(path="1", at=AT, test=Validate(of="a")))
    assert step_of(play(row(*steps), MemoryWorld({"0": asked()})), "1").verdict is Verdict.NOT_RUN


# --- requirements


def test_covered_requirement_is_judged_by_the_steps_that_claim_nothing_else() -> None:
    steps = (send(save="a"), expect("1", "a", {"acknowledgement": "AA"}))
    result = play(row(*steps, covers=("T-1",)), MemoryWorld({"0": asked()}))
    assert [(r.id, r.verdict) for r in result.requirements] == [("T-1", Verdict.PASS)]


def test_covered_requirement_that_nothing_judges_is_inconclusive() -> None:
    result = play(row(send(), covers=("T-1",)), MemoryWorld({"0": asked()}))
    assert [(r.id, r.verdict) for r in result.requirements] == [("T-1", Verdict.INCONCLUSIVE)]
    assert result.verdict is Verdict.INCONCLUSIVE


# --- stop, note, set, group


def test_stop_ends_the_row_as_it_stands() -> None:
    stop = Stop(path="1", at=AT, reason=Localized(en="enough"))
    inner = fragment("3", send("3.0"), inputs={"x": ref("never.there")})
    result = play(row(send(), stop, send("2"), inner), world := MemoryWorld({"0": asked()}))
    assert result.verdict is Verdict.PASS
    assert world.calls == ["0"]
    assert [(s.path, s.verdict) for s in result.steps[1:]] == [(p, Verdict.NOT_APPLICABLE) for p in ("1", "2", "3.0")]
    assert {s.reason for s in result.steps[1:]} == {"enough"}


def test_note_and_set_judge_nothing() -> None:
    steps = (Note(path="0", at=AT, text=Localized(en="look")), SetValues(path="1", at=AT, values={"x": 1}))
    result = play(row(*steps), MemoryWorld())
    assert [s.verdict for s in result.steps] == [Verdict.NOT_APPLICABLE] * 2
    assert result.verdict is Verdict.NOT_APPLICABLE


def test_row_without_steps_is_not_run() -> None:
    assert play(row(), MemoryWorld()).verdict is Verdict.NOT_RUN


def test_requests_at_once_are_all_out_before_one_is_answered_and_judged_in_their_order() -> None:
    class Together(MemoryWorld):
        async def send(self, row: Row, step: Send, arguments: Mapping[str, Datum]) -> Exchange:
            found = await MemoryWorld.send(self, row, step, arguments)
            while len(self.calls) < 2:
                await asyncio.sleep(0)
            # the first to be asked is the last to answer
            await asyncio.sleep(0.02 if step.path == "0.0" else 0)
            return found

    group = Group(path="0", at=AT, steps=(send("0.0", save="a"), send("0.1", save="b")), at_once=True)
    steps = (group, expect("1", "a", {"patients": 1}), expect("2", "b", {"patients": 1}))
    result = play(row(*steps), Together({"0.0": asked(), "0.1": asked(id="x0002")}))
    assert [(s.path, s.verdict) for s in result.steps] == [(p, Verdict.PASS) for p in ("0.0", "0.1", "1", "2")]
    assert [x.id for x in result.exchanges] == ["x0001", "x0002"]


def test_a_request_at_once_that_breaks_takes_no_other_with_it() -> None:
    group = Group(path="0", at=AT, steps=(send("0.0", save="a"), send("0.1", save="b")), at_once=True)
    steps = (group, expect("1", "b", {"patients": 1}))
    result = play(row(*steps), MemoryWorld({"0.0": RuntimeError("oops"), "0.1": asked()}))
    assert [step_of(result, p).verdict for p in ("0.0", "0.1", "1")] == [Verdict.ERROR, Verdict.PASS, Verdict.PASS]


def test_steps_of_a_group_run_in_its_place() -> None:
    group = Group(path="1", at=AT, steps=(send("1.0", save="a"), expect("1.1", "a", {"patients": 1})))
    steps = (send(), group, that("2", ref("a.patients.0.family"), "equals", "Exemplaire"))
    result = play(row(*steps), MemoryWorld({"0": asked(), "1.0": asked(id="x0002")}))
    assert [s.path for s in result.steps] == ["0", "1.0", "1.1", "2"]
    assert result.verdict is Verdict.PASS


# --- fragments


def test_fragment_sees_its_inputs_and_gives_its_outputs() -> None:
    inner = fragment(
        "1",
        send("1.0", save="found", with_={"patient": ref("who")}),
        inputs={"who": ref("row.patient")},
        outputs={"id": ref("found.patients.0.id.extension")},
        save="used",
    )
    steps = (SetValues(path="0", at=AT, values={"secret": 1}), inner, that("2", ref("used.id"), "equals", "P-1"))
    world = MemoryWorld({"1.0": asked()})
    assert play(row(*steps, values={"patient": "p"}), world).verdict is Verdict.PASS
    assert world.arguments["1.0"]["patient"] == "p"


def test_fragment_does_not_see_the_names_outside_nor_the_other_way_round() -> None:
    inner = fragment("1", that("1.0", ref("outside"), "equals", 1), send("1.1", save="inside"))
    steps = (SetValues(path="0", at=AT, values={"outside": 1}), inner, that("2", ref("inside.id"), "equals", "x"))
    result = play(row(*steps), MemoryWorld({"1.1": asked()}))
    assert step_of(result, "1.0").verdict is Verdict.INCONCLUSIVE
    assert step_of(result, "2").verdict is Verdict.NOT_RUN


def test_same_name_in_a_fragment_is_another_exchange() -> None:
    inner = fragment("1", send("1.0", save="a"), expect("1.1", "a", {"soap_fault": "any"}))
    steps = (send(save="a"), inner, expect("2", "a", {"acknowledgement": "AA"}))
    result = play(row(*steps), MemoryWorld({"0": asked(), "1.0": replace(fault(), id="x0002")}))
    assert result.verdict is Verdict.PASS
    assert step_of(result, "2").exchanges == ("x0001",)


def test_expectation_outside_does_not_excuse_the_fragment() -> None:
    inner = fragment("1", send("1.0", save="a"))
    steps = (send(save="a"), inner, expect("2", "a", {"acknowledgement": "AA"}))
    result = play(row(*steps), MemoryWorld({"0": asked(), "1.0": replace(fault(), id="x0002")}))
    assert step_of(result, "1.0").verdict is Verdict.FAIL


def test_fragment_whose_input_has_no_value_is_not_run() -> None:
    inner = fragment("1", send("1.0"), that("1.1", 1, "equals", 1), inputs={"x": ref("a.patients.0.id")})
    result = play(row(send(save="a"), inner), world := MemoryWorld({"0": fault()}))
    assert [step_of(result, p).verdict for p in ("1.0", "1.1")] == [Verdict.NOT_RUN] * 2
    assert world.calls == ["0"]


def test_output_without_value_is_missed_only_where_it_is_used() -> None:
    inner = fragment("0", send("0.0", save="f"), outputs={"x": ref("f.fault.code"), "y": ref("f.id")}, save="used")
    steps = (inner, that("1", ref("used.y"), "equals", "x0001"), that("2", ref("used.x"), "equals", 1))
    result = play(row(*steps), MemoryWorld({"0.0": asked()}))
    assert [step_of(result, p).verdict for p in ("1", "2")] == [Verdict.PASS, Verdict.INCONCLUSIVE]


# --- receive and trigger


def test_request_that_comes_is_kept_and_can_be_looked_at() -> None:
    steps = (
        receive(save="r", reply=Reply(with_={"patient": ref("row.p")}, faults=("soap.envelope.cut",))),
        expect("1", "r", {"request_received": True}),
        that("2", ref("r.request.ids.0.extension"), "equals", "P-1"),
    )
    world = MemoryWorld({"0": received()})
    result = play(row(*steps, values={"p": "pt-2"}), world)
    assert result.verdict is Verdict.PASS
    assert world.arguments["0"] == {"patient": "pt-2"}


def test_request_that_does_not_come_accuses_the_system() -> None:
    result = play(row(receive(covers=("T-1",))), MemoryWorld({"0": None}))
    assert (result.verdict, result.cause) == (Verdict.FAIL, Cause.SUT)
    assert result.steps[0].findings[0].rule == "transport/no-request"
    assert [(r.id, r.verdict) for r in result.requirements] == [("T-1", Verdict.FAIL)]


def test_no_request_wanted_and_none_came_passes() -> None:
    assert play(row(receive(none=True)), MemoryWorld({"0": None})).verdict is Verdict.PASS


def test_request_where_none_was_wanted_fails() -> None:
    result = play(row(receive(none=True)), MemoryWorld({"0": received()}))
    assert (result.verdict, result.cause) == (Verdict.FAIL, Cause.SUT)
    assert result.steps[0].findings[0].rule == "scenario/unexpected-request"
    assert [x.id for x in result.exchanges] == ["x0001"]


def test_what_the_triggered_system_shows_is_awaited_and_judged() -> None:
    steps = (
        trigger(save="t"),
        receive("1"),
        expect("2", "t", {"shown": "patient"}),
        that("3", ref("t.patients.0.family"), "equals", "Exemplaire"),
    )
    world = MemoryWorld({"0": pulled(), "1": received()}, held={"0": "1"})
    result = play(row(*steps), world)
    assert result.verdict is Verdict.PASS
    assert [s.path for s in result.steps] == ["0", "1", "2", "3"]
    assert result.triggers == (pulled(),)
    assert step_of(result, "0").duration_s == pytest.approx(0.3)


def test_value_of_a_trigger_is_awaited_by_whatever_refers_to_it() -> None:
    steps = (trigger(save="t"), trigger("1", save="u", with_={"patient": ref("t.patients.0.family")}))
    world = MemoryWorld({"0": pulled(), "1": pulled()})
    assert play(row(*steps), world).verdict is Verdict.PASS
    assert world.arguments["1"]["patient"] == "Exemplaire"


def test_trigger_inside_a_fragment_gives_its_output() -> None:
    inner = fragment("0", trigger("0.0", save="t"), outputs={"who": ref("t.patients.0.family")}, save="used")
    steps = (inner, that("1", ref("used.who"), "equals", "Exemplaire"))
    assert play(row(*steps), MemoryWorld({"0.0": pulled()})).verdict is Verdict.PASS


def test_requests_are_served_while_the_last_step_waits_for_a_trigger() -> None:
    steps = (trigger(save="t"), expect("1", "t", {"shown": "patient"}))
    world = MemoryWorld({"0": pulled()}, after=[received()], held={"0": "after"})
    result = play(row(*steps), world)
    assert step_of(result, "1").verdict is Verdict.PASS
    assert [x.id for x in result.exchanges] == ["x0001"]


def test_request_that_no_step_asked_for_is_answered_recorded_and_judged() -> None:
    world = MemoryWorld({"0": pulled()}, after=[received(), received("x0002", "ITI-38")], held={"0": "after"})
    result = play(row(trigger()), world)
    first, second = result.steps[1:]
    assert [first.verb, second.verb] == ["receive", "receive"]
    assert [first.exchanges, second.exchanges] == [("x0001",), ("x0002",)]
    assert "no step asked for" in first.title.en
    assert first.path != second.path
    assert [x.id for x in result.exchanges] == ["x0001", "x0002"]


def test_unreadable_request_that_no_step_asked_for_fails() -> None:
    broken = received()
    world = MemoryWorld(after=[replace(broken, request=replace(broken.request, body=b"<a>", raw=b"<a>"))])
    result = play(row(), world)
    assert (result.verdict, result.cause) == (Verdict.FAIL, Cause.SUT)


@pytest.mark.parametrize(
    ("kind", "cause"),
    [
        (FailureKind.NOT_REACHABLE, Cause.ENVIRONMENT),
        (FailureKind.NAME_NOT_RESOLVED, Cause.ENVIRONMENT),
        (FailureKind.TLS_REFUSED, Cause.CONFIGURATION),
    ],
)
@pytest.mark.parametrize("late", [False, True], ids=["known at once", "known after the request was missed"])
def test_system_that_could_not_be_triggered_is_not_accused(kind: FailureKind, cause: Cause, late: bool) -> None:
    steps = (trigger(save="t"), receive("1", covers=("T-1",)), expect("2", "t", {"shown": "patient"}))
    world = MemoryWorld({"0": not_pulled(kind), "1": None}, held={"0": "1"} if late else {})
    result = play(row(*steps), world)
    assert (result.verdict, result.cause) == (Verdict.ERROR, cause)
    assert [step_of(result, p).verdict for p in ("1", "2")] == [Verdict.NOT_RUN] * 2
    assert [(r.id, r.verdict) for r in result.requirements] == [("T-1", Verdict.NOT_RUN)]


@pytest.mark.parametrize("kind", ACCUSES_SUT)
def test_trigger_that_was_accepted_and_then_broke_accuses_the_system(kind: FailureKind) -> None:
    result = play(row(trigger(save="t"), receive("1")), MemoryWorld({"0": not_pulled(kind), "1": None}))
    assert [(s.verdict, s.cause) for s in result.steps] == [(Verdict.FAIL, Cause.SUT)] * 2


@pytest.mark.parametrize("looked_at", [True, False], ids=["expected", "not looked at"])
def test_trigger_that_the_operator_must_change_is_a_matter_of_configuration(looked_at: bool) -> None:
    steps = (expect("2", "t", {"shown": "patient"}),) if looked_at else ()
    result = play(row(trigger(save="t"), receive("1"), *steps), MemoryWorld({"0": OPERATOR, "1": None}))
    assert (result.verdict, result.cause) == (Verdict.ERROR, Cause.CONFIGURATION)
    assert step_of(result, "0").verdict is Verdict.ERROR
    assert all(s.verdict is Verdict.NOT_RUN for s in result.steps[1:])


def test_no_request_wanted_is_judged_after_the_trigger_ended() -> None:
    world = MemoryWorld({"0": pulled(), "1": None})
    assert play(row(trigger(save="t"), receive("1", none=True)), world).verdict is Verdict.PASS
    assert world.calls == ["0", "1"]


# --- what goes wrong on our side


@pytest.mark.parametrize(
    ("exc", "verdict", "cause"),
    [
        (
            ScenarioError(Problem(problem="unknown patient", at=Mark(file="x", line=1, column=1))),
            Verdict.ERROR,
            "configuration",
        ),
        (UnsupportedError("a form we cannot read yet"), Verdict.INCONCLUSIVE, "harness"),
        (PeerError("tls: no key"), Verdict.ERROR, "peer"),
        (WireError("ours is broken", kind="not-soap"), Verdict.ERROR, "peer"),
        (KeyError("surprise"), Verdict.ERROR, "harness"),
        (AssertionError(), Verdict.ERROR, "harness"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else str(value),
)
def test_exception_becomes_a_verdict_that_never_accuses_the_system(
    exc: Exception, verdict: Verdict, cause: str
) -> None:
    world = MemoryWorld({"0": exc, "1": asked()})
    result = play(row(send(), send("1")), world)
    assert (result.steps[0].verdict, result.steps[0].cause) == (verdict, Cause(cause))
    assert result.steps[1].verdict is Verdict.PASS, "the row goes on"
    assert result.verdict is verdict


def test_fault_of_the_harness_keeps_its_traceback_without_saying_where_it_is_installed() -> None:
    result = play(row(send()), MemoryWorld({"0": KeyError("surprise")}))
    (finding,) = result.steps[0].findings
    assert finding.rule == "harness/exception"
    assert "runner/_interpreter.py:" in finding.excerpt
    assert finding.excerpt.endswith("KeyError: 'surprise'")
    assert "surprise" not in result.steps[0].reason, "what was said may be patient data"
    assert not any(line.startswith("/") for line in finding.excerpt.splitlines())


def test_fault_of_the_harness_in_a_trigger_stays_with_the_trigger() -> None:
    steps = (trigger(save="t"), receive("1"), expect("2", "t", {"shown": "patient"}), that("3", 1, "equals", 1))
    result = play(row(*steps), MemoryWorld({"0": RuntimeError("oops"), "1": None}))
    assert (step_of(result, "0").verdict, step_of(result, "0").cause) == (Verdict.ERROR, Cause.HARNESS)
    assert [step_of(result, p).verdict for p in ("1", "2", "3")] == [Verdict.NOT_RUN, Verdict.NOT_RUN, Verdict.PASS]


def test_fault_of_the_harness_in_judging_keeps_the_evidence() -> None:
    class Failing(AcceptingValidator):
        def validate(self, *_: object, **__: object) -> None:  # type: ignore[override]
            raise ZeroDivisionError

    result = play(row(send(save="a"), expect("1", "a", {"patients": 1})), MemoryWorld({"0": asked()}), judge(Failing()))
    assert (step_of(result, "0").verdict, step_of(result, "0").cause) == (Verdict.ERROR, Cause.HARNESS)
    assert step_of(result, "0").exchanges == ("x0001",)
    assert [x.id for x in result.exchanges] == ["x0001"]
    assert step_of(result, "1").verdict is Verdict.NOT_RUN


def test_fault_of_the_harness_in_serving_other_requests_is_told_once() -> None:
    world = MemoryWorld({"0": pulled(), "1": received()}, held={"0": "1"}, leftovers_fail=RuntimeError("oops"))
    result = play(row(trigger(), receive("1")), world)
    assert [s.verdict for s in result.steps] == [Verdict.PASS, Verdict.PASS, Verdict.ERROR]
    assert result.cause is Cause.HARNESS
