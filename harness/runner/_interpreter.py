"""Runs the steps of one row, in order, against a world that is either live or a recording."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

from harness import checks
from harness.errors import WireError
from harness.model import (
    AUDIT_EVENTS,
    OBJECT_VALIDATORS,
    TRANSACTIONS,
    Alternative,
    Audit,
    AuditRecord,
    Cause,
    Check,
    Company,
    Datum,
    Exchange,
    Expect,
    Finding,
    Group,
    HttpRecord,
    Layer,
    Level,
    Localized,
    Location,
    Note,
    Party,
    Receive,
    Reference,
    RequirementResult,
    RowResult,
    SameAs,
    Send,
    SetValues,
    Severity,
    State,
    Step,
    StepResult,
    Stop,
    That,
    Trigger,
    TriggerOutcome,
    Validate,
    ValidationReport,
    Value,
    Verdict,
    roll_up,
    say,
    walk,
)
from harness.runner._blame import blame
from harness.runner._judge import (
    CODES_KNOWN,
    ENVIRONMENT_FAILURES,
    Judge,
    audit_absent,
    audit_cause,
    audits_left,
    failure_verdict,
    first_reason,
    transport_finding,
    transport_verdict,
)
from harness.runner._plan import Row, sut_datum
from harness.runner._scope import Scope, UnresolvedError, scope_key
from harness.runner._steps import VERB_OF, default_title, empty_result, names_in, reference, text_of, under
from harness.runner._verdicts import graded, merge_requirements, row_requirements, row_verdict, verdict_of
from harness.runner.objects import ObjectJudge, decoded
from harness.wire import audit_events

MAX_AUDITS_JUDGED = 500
"""How many audit records that no step asked for are judged in one row; more are told as not judged."""
POLL_S = 0.25
"""How long after the end of a trigger a further request of the system is waited for."""


class World(Protocol):
    """What steps do to the outside: a live one asks and answers, a recorded one repeats what was kept."""

    async def send(self, row: Row, step: Send, arguments: Mapping[str, Datum]) -> Exchange:
        """Ask the SUT and return the exchange, however it ended."""

    async def receive(self, row: Row, step: Receive, arguments: Mapping[str, Datum]) -> Exchange | None:
        """Wait for the SUT's request and answer it; None when none came in time."""

    async def trigger(self, row: Row, step: Trigger, arguments: Mapping[str, Datum]) -> TriggerOutcome:
        """Make the SUT act and return what it showed."""

    async def leftovers(self, row: Row, *, last: bool) -> tuple[Exchange, ...]:
        """Requests of the SUT that no step asked for, answered in the ordinary way so that nobody hangs; `last` when the
        row ends, so that a late one is worth waiting for."""

    async def audits(
        self, row: Row, path: str, within_s: float, wanted: Callable[[AuditRecord], bool]
    ) -> tuple[AuditRecord, ...]:
        """Audit records not handed out before, waiting up to `within_s` for one that is `wanted`."""

    def now(self) -> datetime:
        """The time of the step that starts now, aware UTC."""


type Saved = checks.View | TriggerOutcome
type Notify = Callable[[str, Row, StepResult], None]


@dataclass(slots=True)
class _Pending:
    step: Trigger
    slot: int
    scope: Scope
    task: asyncio.Task[TriggerOutcome]


class RowRun:
    """One row in progress; `run` is called once."""

    def __init__(self, row: Row, world: World, judge: Judge, notify: Notify) -> None:
        self._row = row
        self._scenario = row.scenario
        self._actor = row.scenario.applies.sut
        self._world = world
        self._judge = judge
        self._notify = notify
        self._results: list[StepResult | None] = []
        self._views: list[checks.View] = []
        self._exchanges: list[Exchange] = []
        self._triggers: list[TriggerOutcome] = []
        self._audits: list[AuditRecord] = []
        self._audits_judged: set[str] = set()
        self._saved: dict[str, Saved] = {}
        self._pending: dict[str, _Pending] = {}
        self._missed: list[tuple[int, Receive]] = []
        self._trigger_broken = False
        self._leftovers_broken = False
        self._stopped: str | None = None
        self._patient: str | None = None
        steps = walk(self._scenario.steps)
        self._receives_left = sum(isinstance(s, Receive) for s in steps)
        self._expected_later = frozenset(_expected(self._scenario.steps, ""))
        self._own_covers = {c for s in steps if not isinstance(s, Group) for c in s.covers}

    async def run(self) -> RowResult:
        """The result of the row; never raises for anything the SUT or the scenario did."""
        started = self._world.now()
        scope = Scope({"row": self._row.values, "sut": sut_datum(self._judge.sut), "given": {}})
        try:
            given = scope.resolve(dict(self._scenario.given or {}))
        except UnresolvedError as exc:
            return self._blocked(started, Verdict.ERROR, Cause.CONFIGURATION, str(exc))
        scope.set("given", given)
        if isinstance(given, Mapping):
            self._patient = str(given["patient"]) if "patient" in given else None
        await self._steps(self._scenario.steps, scope)
        await self._finish_triggers()
        await self._leftovers(last=True)
        await self._unasked_audits()
        steps = tuple(r for r in self._results if r is not None)
        requirements = row_requirements(steps, (*self._scenario.covers, *sorted(self._own_covers)))
        verdict, cause, reason = row_verdict(steps, requirements)
        ended = self._world.now()
        return replace(
            self._empty(started),
            state=State.DONE,
            verdict=verdict,
            cause=cause,
            reason=reason,
            duration_s=max(0.0, (ended - started).total_seconds()),
            steps=steps,
            requirements=requirements,
            exchanges=tuple(self._exchanges),
            triggers=tuple(self._triggers),
            audits=tuple(self._audits),
        )

    def _empty(self, started: datetime | None) -> RowResult:
        return empty_result(self._row, started)

    def _blocked(self, started: datetime, verdict: Verdict, cause: Cause, reason: str) -> RowResult:
        return replace(self._empty(started), state=State.DONE, verdict=verdict, cause=cause, reason=reason)

    async def _steps(self, steps: tuple[Step, ...], scope: Scope) -> None:
        for step in steps:
            if isinstance(step, Group):
                await self._group(step, scope)
                continue
            slot = len(self._results)
            self._results.append(None)
            if self._stopped is not None:
                self._put(slot, self._skeleton(step, Verdict.NOT_APPLICABLE, reason=self._stopped))
                continue
            await self._one(step, slot, scope)

    async def _group(self, group: Group, scope: Scope) -> None:
        inside = scope
        if group.fragment is not None and self._stopped is None:
            await self._settle_names(names_in(group.inputs), scope)
            try:
                inside = scope.inner(scope.resolve_mapping(group.inputs or {}), group.path)
            except UnresolvedError as exc:
                for step in walk(group.steps):
                    if not isinstance(step, Group):
                        self._results.append(None)
                        self._put(len(self._results) - 1, self._unreached(step, exc))
                return
        if group.at_once and self._stopped is None:
            await self._at_once(group.steps, inside)
        else:
            await self._steps(group.steps, inside)
        if group.save and group.outputs:
            await self._settle_names(names_in(group.outputs), inside)
            outputs: dict[str, Datum] = {}
            for name, value in group.outputs.items():
                try:
                    outputs[name] = inside.resolve(value)
                except UnresolvedError:
                    continue
            scope.set(group.save, outputs)

    async def _at_once(self, steps: tuple[Step, ...], scope: Scope) -> None:
        """Send all of `steps` together, then judge the exchanges in the order of the steps, whichever ended first."""
        sends = tuple(step for step in steps if isinstance(step, Send))
        for step in sends:
            await self._settle(step, scope)
        asked = [asyncio.ensure_future(self._asked(step, scope)) for step in sends]
        await asyncio.wait(asked)
        for step, exchange in zip(sends, asked, strict=True):
            slot, started = len(self._results), self._world.now()
            self._results.append(None)
            result = await self._attempt(step, self._sent(step, exchange, scope))
            if result is not None:
                self._put(slot, replace(result, started_at=started))

    async def _asked(self, step: Send, scope: Scope) -> Exchange:
        return await self._world.send(self._row, step, self._arguments(step, scope))

    async def _sent(self, step: Send, exchange: Awaitable[Exchange], scope: Scope) -> StepResult:
        return await self._exchange_result(step, await exchange, scope)

    async def _one(self, step: Step, slot: int, scope: Scope) -> None:
        started = self._world.now()
        await self._settle(step, scope)
        result = await self._attempt(step, self._perform(step, slot, scope))
        if isinstance(step, Receive):
            self._receives_left -= 1
        if result is not None:
            duration = max(0.0, (self._world.now() - started).total_seconds())
            self._put(slot, replace(result, started_at=started, duration_s=duration))

    async def _attempt(self, step: Step, work: Awaitable[StepResult | None]) -> StepResult | None:
        """The result of `work`, or what an exception in it makes of `step`; the run goes on."""
        known = len(self._exchanges)
        try:
            return await work
        except UnresolvedError as exc:
            return self._unreached(step, exc)
        except Exception as exc:  # noqa: BLE001  the one place where whatever went wrong becomes a verdict
            what = blame(exc)
            result = self._skeleton(step, what.verdict, what.cause, reason=what.reason)
            taken = tuple(exchange.id for exchange in self._exchanges[known:])
            return replace(result, findings=what.findings, exchanges=taken)

    async def _perform(self, step: Step, slot: int, scope: Scope) -> StepResult | None:
        match step:
            case Send():
                return await self._send(step, scope)
            case Receive():
                return await self._receive(step, slot, scope)
            case Trigger():
                arguments = self._arguments(step, scope)
                task = asyncio.ensure_future(self._world.trigger(self._row, step, arguments))
                self._pending[scope.key(step.save or step.path)] = _Pending(step, slot, scope, task)
                await asyncio.sleep(0)
                return None
            case Expect():
                return self._expect(step, scope)
            case Check(test=Audit() as audit):
                return await self._audit(step, audit, scope)
            case Check():
                return self._check(step, scope)
            case SetValues():
                for name, value in step.values.items():
                    scope.set(name, scope.resolve(value))
                return self._skeleton(step, Verdict.NOT_APPLICABLE)
            case Note():
                return self._skeleton(step, Verdict.NOT_APPLICABLE, reason=step.text.en)
            case Stop():
                self._stopped = step.reason.en
                return self._skeleton(step, Verdict.NOT_APPLICABLE, reason=step.reason.en)
            case Group():
                raise RuntimeError("groups are entered, not performed")

    async def _send(self, step: Send, scope: Scope) -> StepResult:
        return await self._sent(step, self._asked(step, scope), scope)

    async def _receive(self, step: Receive, slot: int, scope: Scope) -> StepResult:
        arguments = scope.resolve_mapping(step.reply.with_) if step.reply else {}
        if step.none or step.optional:
            exchange = await self._receive_while_acting(step, arguments)
        else:
            exchange = await self._world.receive(self._row, step, arguments)
        if step.none:
            return self._nothing_wanted(step, exchange)
        if exchange is None and step.optional:
            return replace(self._skeleton(step, Verdict.NOT_APPLICABLE), found=say("none-came"))
        if exchange is None:
            await self._settle_done()
            self._missed.append((slot, step))
            return self._nothing_came(step)
        return await self._exchange_result(step, exchange, scope)

    async def _receive_while_acting(self, step: Receive, arguments: Mapping[str, Datum]) -> Exchange | None:
        """What `receive` gives, or None once the system has ended what it was triggered to do and asks nothing more."""
        left_s = step.within_s
        while left_s > 0:
            acting = any(not pending.task.done() for pending in self._pending.values())
            wait_s = min(left_s, POLL_S if acting or self._pending else left_s)
            exchange = await self._world.receive(self._row, replace(step, within_s=wait_s), arguments)
            if exchange is not None or not acting:
                return exchange
            left_s -= wait_s
        return None

    def _nothing_came(self, step: Receive) -> StepResult:
        """A missed request: the SUT's fault, unless it could not be made to act at all."""
        finding = Finding(
            at=Location(message="request"),
            expected=say("within", transaction=step.transaction, seconds=f"{step.within_s:g}"),
            found=say("no-request"),
            rule="transport/no-request",
            severity=Severity.ERROR,
            layer=Layer.TRANSPORT,
            next=say("next.triggered"),
        )
        if self._trigger_broken:
            reason = say("not-triggered")
            return replace(
                self._skeleton(step, Verdict.NOT_RUN, Cause.ENVIRONMENT, reason=reason),
                expected=finding.expected,
                found=finding.found,
            )
        reason = say("instead", expected=finding.expected, found=finding.found)
        return self._judged(
            step, Verdict.FAIL, Cause.SUT, (finding,), expected=finding.expected, found=finding.found, reason=reason
        )

    def _nothing_wanted(self, step: Receive, exchange: Exchange | None) -> StepResult:
        expected = say("no-such-request", transaction=step.transaction)
        if exchange is None:
            return self._judged(step, Verdict.PASS, None, (), expected=expected, found=say("none-came"))
        self._keep(exchange)
        finding = Finding(
            at=Location(message="request"),
            expected=expected,
            found=say("was-sent", transaction=step.transaction),
            rule="scenario/unexpected-request",
            severity=Severity.ERROR,
            layer=Layer.SCENARIO,
            next=say("next.stop"),
        )
        findings = self._at_level(step, (finding,))
        result = self._judged(step, verdict_of(findings), Cause.SUT, findings, expected=expected, found=finding.found)
        return replace(result, exchanges=(exchange.id,))

    async def _exchange_result(self, step: Send | Receive, exchange: Exchange, scope: Scope) -> StepResult:
        self._keep(exchange)
        context = self._judge.context(self._actor, self._views, self._patient)
        judged = await asyncio.to_thread(self._judge.exchange, exchange, context)
        self._views.append(judged.view)
        if step.save:
            self._saved[scope.key(step.save)] = judged.view
            scope.set(step.save, checks.facts(judged.view))
        verdict, cause, reason, findings = judged.verdict, judged.cause, judged.reason, judged.findings
        awaited = step.save is not None and scope.key(step.save) in self._expected_later
        broken = exchange.failure is not None and exchange.initiator is Party.PEER
        if broken and not awaited:
            finding = transport_finding(exchange)
            findings = (finding, *findings)
            verdict, cause = transport_verdict(exchange)
            reason = finding.found
        elif not awaited and exchange.initiator is Party.PEER and not exchange.altered:
            # a send that nobody expects anything of still demands an ordinary answer
            problem = checks.ordinary_answer(judged.view)
            if problem is not None:
                problem = replace(graded(problem, self._judge.catalogue), severity=Severity.ERROR)
                findings = (*findings, problem)
                verdict, cause, reason = (
                    Verdict.FAIL,
                    Cause.SUT,
                    say("instead", expected=problem.expected, found=problem.found),
                )
        hung_up = _hung_up(exchange)
        if hung_up is not None:
            findings, verdict, cause = (hung_up, *findings), Verdict.FAIL, Cause.SUT
            reason = say("instead", expected=hung_up.expected, found=hung_up.found)
        if broken and awaited and exchange.failure is not None and exchange.failure.kind in ENVIRONMENT_FAILURES:
            verdict, cause = transport_verdict(exchange)
            reason = transport_finding(exchange).found
        elif broken and awaited and verdict is Verdict.PASS:
            verdict = Verdict.NOT_APPLICABLE  # nothing came that could be judged; the step that awaits it decides
        result = self._judged(
            step,
            verdict,
            cause,
            findings,
            expected=f"{step.transaction} {TRANSACTIONS[step.transaction].name}",
            found=checks.describe(judged.view),
            reason=reason,
            requirements=self._counted(judged.requirements),
            validations=judged.validations,
        )
        return replace(result, exchanges=(exchange.id,))

    def _expect(self, step: Expect, scope: Scope) -> StepResult:
        saved = self._saved.get(scope.key(step.of))
        if saved is None:
            raise UnresolvedError(reference(step.of), step.of)
        alternatives = tuple(Alternative(outcomes=scope.resolve_mapping(a.outcomes), grade=a.grade) for a in step.any)
        view = saved if isinstance(saved, checks.View) else None
        outcome = saved if isinstance(saved, TriggerOutcome) else None
        result = checks.judge_expect(alternatives, view, outcome)
        findings = tuple(graded(f, self._judge.catalogue) for f in result.findings)
        if result.met is not None:
            verdict = Verdict.PASS if result.grade == "strict" else Verdict.WARNING
            cause = None if verdict is Verdict.PASS else Cause.SUT
            reason = "" if verdict is Verdict.PASS else say("tolerated", found=result.found)
        elif view is not None and view.exchange.failure is not None and view.exchange.initiator is Party.PEER:
            verdict, cause = transport_verdict(view.exchange)
            findings = (transport_finding(view.exchange), *findings)
            reason = say("instead", expected=result.expected, found=result.found)
        elif outcome is not None and _not_triggered(outcome):
            verdict, cause, reason = Verdict.NOT_RUN, Cause.ENVIRONMENT, say("not-triggered")
        else:
            findings = self._at_level(step, findings)
            verdict = verdict_of(findings)
            cause = None if verdict is Verdict.PASS else Cause.SUT
            reason = say("instead", expected=result.expected, found=result.found)
        out = self._judged(step, verdict, cause, findings, expected=result.expected, found=result.found, reason=reason)
        return replace(out, exchanges=(view.exchange.id,) if view is not None else ())

    def _at_level(self, step: Step, findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
        """`findings` of an outcome that was not met, as severe as the strictest requirement the step covers."""
        levels = [self._judge.catalogue[c].level for c in self._covered(step) if c in self._judge.catalogue]
        if not levels or Level.SHALL in levels:
            return findings
        severity = Severity.WARNING if Level.SHOULD in levels else Severity.INFORMATION
        return tuple(replace(f, severity=severity) for f in findings)

    def _check(self, step: Check, scope: Scope) -> StepResult:
        match step.test:
            case That(value=value, operator=operator, operand=operand):
                self._refuse_unreadable(value, scope)
                try:
                    actual = scope.resolve(value)
                except UnresolvedError as exc:
                    # Only a part of something that came may be absent; what never came is not judged.
                    if operator not in ("exists", "count") or exc.missing == exc.reference.path[0]:
                        raise
                    actual = None
                wanted = scope.resolve(operand)
                finding = checks.compare(operator, actual, wanted)
                expected = f"{text_of(value)} {operator} {text_of(wanted)}"
                return self._compared(step, finding, expected, text_of(actual))
            case SameAs(value=value, other=other):
                left, right = scope.resolve(value), scope.resolve(other)
                finding = checks.same_as(left, right)
                return self._compared(step, finding, f"{text_of(value)} same as {text_of(right)}", text_of(left))
            case Validate():
                return self._validate(step, step.test, scope)
            case Audit():
                raise RuntimeError("audit records are waited for")

    async def _audit(self, step: Check, test: Audit, scope: Scope) -> StepResult:
        """Wait for the record of `test`, then judge it; what is not there is a finding, and never a pass."""
        spec = audit_events.ALL_EVENTS[AUDIT_EVENTS[test.event]]
        expected = say("audit-within", event=spec.id, name=spec.name, seconds=f"{test.within_s:g}")
        if not self._judge.sut.ours.ports.get("audit"):
            finding = audit_absent(expected, say("no-repository"), say("next.repository"))
            found = replace(finding, severity=Severity.UNDECIDABLE)
            return self._judged(
                step,
                Verdict.INCONCLUSIVE,
                Cause.CONFIGURATION,
                (found,),
                expected=expected,
                found=finding.found,
                reason=finding.found,
            )
        if self._receives_left == 0:
            await self._finish_triggers()
        about = self._audited(test, spec, scope)

        def fits(record: AuditRecord) -> bool:
            view = self._audit_view(record)
            return view.event is spec and (about is None or view.exchange is about)

        if not any(map(fits, self._audits)):
            self._audits += await self._world.audits(self._row, step.path, test.within_s, fits)
        taken = next(filter(fits, self._audits), None)
        if taken is None:
            return self._no_record(step, expected, about)
        return self._record_judged(step, self._audit_view(taken), expected)

    def _audited(self, test: Audit, spec: audit_events.EventSpec, scope: Scope) -> checks.View | None:
        """The exchange whose record is wanted; None for events that belong to no exchange of ours."""
        if test.about is not None:
            saved = self._saved.get(scope.key(test.about))
            if not isinstance(saved, checks.View):
                raise UnresolvedError(reference(test.about), test.about)
            return saved
        if not spec.transaction:
            return None
        found = next((v for v in reversed(self._views) if v.exchange.transaction == spec.transaction), None)
        if found is None:
            raise UnresolvedError(reference("exchange"), spec.transaction)
        return found

    def _no_record(self, step: Check, expected: str, about: checks.View | None) -> StepResult:
        views = [self._audit_view(r) for r in self._audits]
        mine = [v for v in views if about is None or v.exchange is about]
        seen = ", ".join(dict.fromkeys(v.event.id if v.event else "?" for v in mine))
        found = say("other-audits", seen=seen) if seen else say("no-audit" if not views else "no-audit-about")
        finding = audit_absent(expected, found, say("next.audit"))
        findings = self._at_level(step, (finding,))
        if step.level:
            findings = tuple(replace(f, severity=Severity(step.level)) for f in findings)
        verdict = verdict_of(findings)
        result = self._judged(
            step,
            verdict,
            None if verdict is Verdict.PASS else Cause.SUT,
            findings,
            expected=expected,
            found=found,
            reason=say("instead", expected=expected, found=found),
        )
        return replace(result, exchanges=(about.exchange.id,) if about else ())

    def _record_judged(self, step: Check, view: checks.AuditView, expected: str) -> StepResult:
        context = self._judge.context(self._actor, self._views, self._patient)
        judged = self._judge.audit(view, context)
        self._audits_judged.add(view.record.id)
        presence = tuple(graded(f, self._judge.catalogue) for f in checks.event_id_problems(view, context))
        presence = self._at_level(step, presence)
        result = self._judged(
            step,
            verdict_of(presence),
            None,
            presence,
            expected=expected,
            found=say("audit-came", id=view.record.id, transport=view.record.transport),
            requirements=judged.requirements,
            validations=judged.validations,
        )
        verdict = roll_up((result.verdict, judged.verdict))
        findings = (*result.findings, *judged.findings)
        exchange = view.exchange
        return replace(
            result,
            verdict=verdict,
            cause=audit_cause(verdict),
            reason=first_reason(findings, judged.validations, verdict),
            findings=findings,
            exchanges=(exchange.exchange.id,) if exchange is not None else (),
            audits=(view.record.id,),
        )

    def _audit_view(self, record: AuditRecord) -> checks.AuditView:
        view = checks.AuditView(record)
        return view.matched(checks.matching_exchange(view, self._views))

    async def _unasked_audits(self) -> None:
        """Judge the audit records that came in this row and that no step asked for, each against its exchange."""
        title = Localized(en="Audit records that no step asked for", fr="Messages d'audit qu'aucune étape n'attendait")
        at = replace(self._scenario.at, line=1, column=1)
        step = Receive(path=f"after.{len(self._results)}", at=at, title=title, transaction="ITI-20")
        result = await self._attempt(step, self._judge_audits(step))
        if result is not None:
            self._append(result)

    async def _judge_audits(self, step: Receive) -> StepResult | None:
        self._audits += await self._world.audits(self._row, "after", 0.0, lambda _: True)
        views = [self._audit_view(r) for r in self._audits if r.id not in self._audits_judged]
        if not views:
            return None
        context = self._judge.context(self._actor, self._views, self._patient)
        judged = [await asyncio.to_thread(self._judge.audit, view, context) for view in views[:MAX_AUDITS_JUDGED]]
        left = audits_left(len(views) - MAX_AUDITS_JUDGED)
        findings = (*(f for j in judged for f in j.findings), *left)
        verdict = roll_up([*(j.verdict for j in judged), verdict_of(left)])
        validations = tuple(v for j in judged for v in j.validations)
        return replace(
            self._skeleton(step, verdict, audit_cause(verdict), reason=first_reason(findings, validations, verdict)),
            verb="check",
            expected=say("audits-right"),
            found=", ".join(f"{v.record.id} {v.event.id if v.event else '?'}" for v in views[:MAX_AUDITS_JUDGED]),
            findings=findings,
            requirements=merge_requirements(r for j in judged for r in j.requirements),
            validations=validations,
            exchanges=tuple(dict.fromkeys(v.exchange.exchange.id for v in views if v.exchange is not None)),
            audits=tuple(v.record.id for v in views),
        )

    def _refuse_unreadable(self, value: Value, scope: Scope) -> None:
        """What an answer that cannot be read does not hold is unknown, and no proof that nothing was disclosed."""
        saved = (
            self._saved.get(scope.key(value.path[0])) if isinstance(value, Reference) and len(value.path) > 1 else None
        )
        if isinstance(value, Reference) and isinstance(saved, checks.View) and value.path[1] in _READ_FROM_ANSWERS:
            unread = isinstance(saved.response, WireError) and saved.response.kind != "empty"
            if not saved.asked_by_sut and (unread or saved.payload_problem is not None):
                raise UnresolvedError(value, value.path[1])

    def _compared(self, step: Check, finding: Finding | None, expected: str, found: str) -> StepResult:
        if finding is None:
            return self._judged(step, Verdict.PASS, None, (), expected=expected, found=found)
        severity = Severity(step.level) if step.level else None
        wanted = replace(
            finding,
            rule=finding.rule or "scenario/check",
            layer=Layer.SCENARIO,
            severity=severity,
            requirement=step.covers[0] if step.covers else None,
        )
        findings = (graded(wanted, self._judge.catalogue),)
        verdict = verdict_of(findings)
        return self._judged(
            step,
            verdict,
            None if verdict is Verdict.PASS else Cause.SUT,
            findings,
            expected=expected,
            found=found,
            reason=say("instead", expected=expected, found=found),
        )

    def _validate(self, step: Check, test: Validate, scope: Scope) -> StepResult:
        saved = self._saved.get(scope.key(test.of))
        if not isinstance(saved, checks.View):
            raise UnresolvedError(reference(test.of), test.of)
        wanted = scope.resolve(test.document)
        reports: list[ValidationReport] = []
        if test.what == "message":
            record = saved.exchange.sent_by_sut()
            message = saved.request if saved.exchange.initiator is Party.SUT else saved.response
            if record is None or message is None or isinstance(message, WireError):
                return self._judged(
                    step, Verdict.NOT_RUN, None, (), expected="a message to validate", found="none that can be read"
                )
            reports.append(self._validated(saved, saved.side, record, message.envelope, test.as_))
        else:
            for index, document in enumerate(saved.retrieved):
                if wanted is None or wanted == index:
                    name = f"response/document:{index}"
                    reports.append(self._validated(saved, name, None, document.content, test.as_))
        if not reports:
            return self._judged(
                step, Verdict.NOT_RUN, None, (), expected="a document to validate", found=say("none-came")
            )
        findings = tuple(graded(f, self._judge.catalogue) for r in reports for f in r.findings)
        verdict = verdict_of(findings)
        for report in reports:
            verdict = roll_up((verdict, report.verdict))
        cause = Cause.SUT if verdict in (Verdict.FAIL, Verdict.WARNING) else None
        return self._judged(
            step,
            verdict,
            cause or (Cause.CONFIGURATION if verdict is Verdict.INCONCLUSIVE else None),
            findings,
            expected=say("valid"),
            found=", ".join(f"{r.kind}: {r.verdict.value}" for r in reports),
            reason=next((r.reason for r in reports if r.reason), ""),
            validations=tuple(reports),
        )

    def _validated(
        self, view: checks.View, name: str, record: HttpRecord | None, content: bytes, as_: str
    ) -> ValidationReport:
        """The report on `content`, or on the whole message `record`, by artefacts or by a validator of the table."""
        if as_ not in OBJECT_VALIDATORS:
            return self._judge.validate(name, content, as_)
        exchange = view.exchange
        company = Company(
            now=exchange.started_at,
            at=exchange.started_at,
            request=decoded(exchange.request) if record is not None and record is not exchange.request else b"",
            authorities=self._judge.sut.trust_authorities,
        )
        judge = ObjectJudge(catalogue=lambda: self._judge.catalogue, validate=self._judge.validator.validate)
        report, _ = judge.judge(name, decoded(record) if record is not None else content, company, as_)
        return report

    async def _settle(self, step: Step, scope: Scope) -> None:
        """Wait for the outcome of triggers that `step` is about to look at."""
        if isinstance(step, Expect):
            await self._settle_names({step.of}, scope)
        else:
            await self._settle_names(names_in(step), scope)

    async def _settle_names(self, names: Iterable[str], scope: Scope) -> None:
        for key in sorted({scope.key(name) for name in names} & set(self._pending)):
            if self._receives_left == 0:
                await self._serve_until_done(self._pending[key])
            await self._finish_trigger(key)

    async def _settle_done(self) -> None:
        """Take the outcome of the triggers that have ended already."""
        for key in [key for key, pending in self._pending.items() if pending.task.done()]:
            await self._finish_trigger(key)

    async def _finish_trigger(self, key: str) -> None:
        pending = self._pending.pop(key)
        result = await self._attempt(pending.step, self._triggered(pending, key))
        if result is not None:
            if key not in self._saved:
                self._trigger_broken = True
            self._put(pending.slot, replace(result, covers=(), requirements=()))
        if self._trigger_broken:
            for slot, step in self._missed:
                self._put(slot, self._nothing_came(step))
            self._missed.clear()

    async def _triggered(self, pending: _Pending, key: str) -> StepResult:
        outcome = await pending.task
        self._triggers.append(outcome)
        self._saved[key] = outcome
        self._trigger_broken |= _not_triggered(outcome)
        step = pending.step
        pending.scope.set(step.save or step.path, checks.facts(outcome))
        expected = say("done-by-sut", operation=step.operation)
        if outcome.failure is not None:
            verdict, cause = failure_verdict(outcome.failure.kind)
            finding = Finding(
                at=Location(message="trigger"),
                expected=say("trigger-answer"),
                found=f"{outcome.failure.kind.value}: {outcome.failure.detail}",
                rule=f"transport/{outcome.failure.kind.value}",
                severity=Severity.ERROR,
                layer=Layer.TRANSPORT,
                next=say("next.trigger"),
            )
            result = self._judged(
                step, verdict, cause, (finding,), expected=expected, found=finding.found, reason=finding.found
            )
        elif not outcome.ok:
            result = self._judged(
                step, Verdict.FAIL, Cause.SUT, (), expected=expected, found=outcome.detail, reason=outcome.detail
            )
        else:
            result = self._judged(step, Verdict.PASS, None, (), expected=expected, found=checks.describe(outcome))
        return replace(result, duration_s=outcome.duration_s)

    async def _finish_triggers(self) -> None:
        """Answer what the SUT still asks while a trigger runs, then take the outcome of every trigger."""
        for key in list(self._pending):
            await self._serve_until_done(self._pending[key])
            await self._finish_trigger(key)

    async def _serve_until_done(self, pending: _Pending) -> None:
        while not pending.task.done():
            await asyncio.wait({pending.task}, timeout=0.05)
            if not pending.task.done():
                await self._leftovers()

    async def _leftovers(self, *, last: bool = False) -> None:
        if self._leftovers_broken:
            return
        result = await self._attempt(self._unasked("request"), self._judge_leftovers(last))
        if result is not None:
            self._leftovers_broken = True
            self._append(result)

    async def _judge_leftovers(self, last: bool) -> None:
        for exchange in await self._world.leftovers(self._row, last=last):
            step = self._unasked(exchange.transaction)
            result = await self._attempt(step, self._leftover(step, exchange))
            if result is not None:
                self._append(replace(result, started_at=exchange.started_at, duration_s=exchange.duration_s))

    async def _leftover(self, step: Receive, exchange: Exchange) -> StepResult:
        self._keep(exchange)
        context = self._judge.context(self._actor, self._views, self._patient)
        judged = await asyncio.to_thread(self._judge.exchange, exchange, context)
        self._views.append(judged.view)
        name = TRANSACTIONS[exchange.transaction].name if exchange.transaction in TRANSACTIONS else "request"
        return replace(
            self._skeleton(step, judged.verdict, judged.cause, reason=judged.reason),
            expected=f"{exchange.transaction} {name}",
            found=checks.describe(judged.view),
            exchanges=(exchange.id,),
            findings=judged.findings,
            requirements=self._counted(judged.requirements),
            validations=judged.validations,
        )

    def _unasked(self, transaction: str) -> Receive:
        """The step that a request which no step asked for is shown as."""
        title = Localized(en=f"{transaction} that no step asked for", fr=f"{transaction} qu'aucune étape n'attendait")
        at = replace(self._scenario.at, line=1, column=1)
        return Receive(path=f"after.{len(self._results)}", at=at, title=title, transaction=transaction)

    def _append(self, result: StepResult) -> None:
        self._results.append(None)
        self._put(len(self._results) - 1, result)

    def _counted(self, results: tuple[RequirementResult, ...]) -> tuple[RequirementResult, ...]:
        """`results` without the one on value sets, unless the scenario is about it."""
        covered = {*self._scenario.covers, *self._own_covers}
        return tuple(r for r in results if r.id != CODES_KNOWN or r.id in covered)

    def _keep(self, exchange: Exchange) -> None:
        if all(known.id != exchange.id for known in self._exchanges):
            self._exchanges.append(exchange)

    def _put(self, slot: int, result: StepResult) -> None:
        self._results[slot] = result
        self._notify("step-done", self._row, result)

    def _arguments(self, step: Send | Trigger, scope: Scope) -> dict[str, Datum]:
        """The arguments of `step`, patient and practitioner filled from `given` where it names none."""
        arguments = scope.resolve_mapping(step.with_)
        if "patient" not in arguments and self._patient:
            arguments["patient"] = self._patient
        arguments.setdefault("practitioner", self._given(scope, "practitioner", "physician"))
        return arguments

    def _given(self, scope: Scope, key: str, default: str) -> Datum:
        try:
            return scope.look_up(reference(f"given.{key}"))
        except UnresolvedError:
            return default

    def _covered(self, step: Step) -> tuple[str, ...]:
        """Requirements this step decides: its own, else those of the scenario that no other step claims."""
        if step.covers or not isinstance(step, (Expect, Check)):
            return step.covers
        return tuple(
            c
            for c in self._scenario.covers
            if c not in self._own_covers and c not in checks.automatic_ids(self._actor) and c not in checks.AUDIT_CHECKS
        )

    def _judged(
        self,
        step: Step,
        verdict: Verdict,
        cause: Cause | None,
        findings: tuple[Finding, ...],
        *,
        expected: str = "",
        found: str = "",
        reason: str = "",
        requirements: tuple[RequirementResult, ...] = (),
        validations: tuple[ValidationReport, ...] = (),
    ) -> StepResult:
        covered = self._covered(step)
        if covered:
            findings = tuple(f if f.requirement else under(f, covered[0], self._judge.catalogue) for f in findings)
        own = tuple(
            RequirementResult(
                id=name,
                verdict=verdict,
                findings=tuple(f for f in findings if f.requirement in (None, name)),
                reason=reason,
            )
            for name in covered
        )
        return replace(
            self._skeleton(step, verdict, cause, reason=reason),
            expected=expected,
            found=found,
            covers=covered,
            findings=findings,
            requirements=merge_requirements((*requirements, *own)),
            validations=validations,
        )

    def _unreached(self, step: Step, exc: UnresolvedError) -> StepResult:
        if exc.reference.path[0] in ("given", "row", "sut"):
            return self._skeleton(step, Verdict.ERROR, Cause.CONFIGURATION, reason=str(exc))
        earlier = [r for r in self._results if r is not None and r.verdict not in _HARMLESS]
        if earlier:
            return self._skeleton(
                step, Verdict.NOT_RUN, earlier[0].cause, reason=say("depends", step=earlier[0].path, what=exc)
            )
        return self._skeleton(step, Verdict.INCONCLUSIVE, Cause.SUT, reason=str(exc))

    def _skeleton(self, step: Step, verdict: Verdict, cause: Cause | None = None, *, reason: str = "") -> StepResult:
        return StepResult(
            path=step.path,
            verb=VERB_OF[type(step)],
            title=step.title or default_title(step),
            state=State.DONE,
            verdict=verdict,
            cause=cause,
            reason=reason,
            covers=step.covers,
            line=step.at.line,
        )


_READ_FROM_ANSWERS = frozenset({"patients", "entries", "documents", "associations", "errors", "details", "reasons"})
_HARMLESS = frozenset({Verdict.PASS, Verdict.NOT_APPLICABLE, Verdict.WARNING})


def _hung_up(exchange: Exchange) -> Finding | None:
    """What is wrong with a SUT that asked and did not wait for our ordinary answer, however it then goes on."""
    failure = exchange.failure
    if exchange.initiator is Party.PEER or failure is None or exchange.altered or failure.after_s > _PATIENCE_S:
        return None
    return Finding(
        at=Location(message="request"),
        expected=say("answer-read"),
        found=failure.detail,
        rule=f"transport/{failure.kind.value}",
        severity=Severity.ERROR,
        layer=Layer.TRANSPORT,
    )


_PATIENCE_S = 5.0
"""A caller that hangs up after more than this may have waited for us longer than it could."""


def _not_triggered(outcome: TriggerOutcome) -> bool:
    """Whether the SUT was never told to act, for a reason that says nothing about it."""
    return outcome.failure is not None and failure_verdict(outcome.failure.kind)[1] is not Cause.SUT


def _expected(steps: tuple[Step, ...], scope: str) -> Iterable[str]:
    """Keys of what some `expect` looks at, each in the scope where it was saved."""
    for step in steps:
        if isinstance(step, Expect):
            yield scope_key(scope, step.of)
        elif isinstance(step, Group):
            yield from _expected(step.steps, step.path if step.fragment is not None else scope)
