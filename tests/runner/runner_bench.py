"""A world in memory, steps and messages written by hand: what the tests of the interpreter are made of.

Scenarios here are for `practitioner-software`, an actor for which no check runs by itself: what a row comes to then depends
on its steps alone. All people and hosts are fictitious.
"""

import asyncio
import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from harness.errors import Mark
from harness.model import (
    Alternative,
    Applies,
    AuditRecord,
    Check,
    Datum,
    Exchange,
    Expect,
    FailureKind,
    Group,
    HttpRecord,
    Level,
    Localized,
    OurSide,
    Party,
    Patient,
    PatientId,
    Population,
    Receive,
    Reference,
    Requirement,
    RowResult,
    Scenario,
    Send,
    Step,
    StepResult,
    Sut,
    SutActor,
    SystemIdentity,
    That,
    TransportFailure,
    Trigger,
    TriggerOutcome,
    ValidationReport,
    Value,
    Verdict,
)
from harness.runner import Judge, Row
from harness.runner._interpreter import RowRun
from harness.validators import Validator
from harness.wire import codes, soap, xcpd

NOW = datetime(2026, 3, 14, 9, 0, tzinfo=UTC)
AT = Mark(file="scenarios/x.yaml", line=3, column=1)
PATIENT = Patient(key="pt-nominal", ids=(PatientId(root="2.999.1", extension="P-1"),), family="Exemplaire")
SUT = Sut(
    system=SystemIdentity(name="Exemple NCPeH", version="1.0"),
    actors={
        "ncpeh-a": SutActor(actor="ncpeh-a", country="FR", home_community="urn:oid:2.999.250"),
        "practitioner-software": SutActor(actor="practitioner-software", country="FR", home_community=""),
    },
    trust_authorities=b"",
    ours=OurSide(),
    patients={"pt-nominal": PATIENT},
    data={"documents": ({"row": "first", "id": "1"}, {"row": "second", "id": "2"}), "empty": ()},
)


def requirement(id: str, level: Level = Level.SHALL) -> Requirement:
    return Requirement(
        id=id, text=Localized(en=id), level=level, actor="ncpeh-a", group="t", sources=(f"a document, {id}",)
    )


CATALOGUE = {r.id: r for r in (requirement("T-1"), requirement("T-2", Level.SHOULD), requirement("T-3", Level.MAY))}


class AcceptingValidator(Validator):
    """Finds everything valid, so that verdicts speak of the steps; keeps what it was asked."""

    def __init__(self) -> None:
        super().__init__([])
        self.seen: list[tuple[str, bytes]] = []

    def validate(self, name: str, content: bytes, *, as_: str = "auto", phase: str | None = None) -> ValidationReport:
        self.seen.append((name, content))
        return ValidationReport(
            name=name, kind="any", sha256="0" * 64, size=len(content), verdict=Verdict.PASS, uses=(), findings=()
        )


def judge(validator: Validator | None = None, sut: Sut = SUT) -> Judge:
    return Judge(
        sut=sut,
        catalogue=CATALOGUE,
        population=Population(patients={}, practitioners={}),
        validator=validator or AcceptingValidator(),
        our_anchors=b"",
    )


# --- messages


def http(start_line: str, body: bytes, complete: bool = True) -> HttpRecord:
    headers = (("Content-Type", "application/soap+xml; charset=UTF-8"), ("Content-Length", str(len(body))))
    head = "\r\n".join([start_line, *(f"{k}: {v}" for k, v in headers)]) + "\r\n\r\n"
    return HttpRecord(raw=head.encode() + body, body=body, start_line=start_line, headers=headers, complete=complete)


@functools.cache
def query() -> bytes:
    """An ITI-55 request."""
    payload = xcpd.build_query(
        xcpd.DiscoveryQuery(
            message_id=xcpd.Ii(root="2.999.2.1"),
            creation_time="20260314090000",
            sender=xcpd.device("2.999.56.1"),
            receivers=(xcpd.device("2.999.250"),),
            query_id=xcpd.Ii(root="2.999.2.2"),
            ids=(xcpd.Ii(root="2.999.1", extension="P-1"),),
        )
    )
    return soap.build_envelope(addressing=soap.Addressing(action=codes.ACTION_XCPD_REQUEST), payload=payload)


@functools.cache
def answer(ack: str = "AA", patients: int = 1) -> bytes:
    """An ITI-55 answer with so many subjects."""
    subject = xcpd.Subject(
        ids=(xcpd.Ii(root="2.999.1", extension="P-1"),), names=(xcpd.PersonName(family="Exemplaire", given="Camille"),)
    )
    payload = xcpd.build_answer(
        xcpd.DiscoveryAnswer(
            message_id=xcpd.Ii(root="2.999.2.3"),
            creation_time="20260314090001",
            sender=xcpd.device("2.999.250"),
            receivers=(xcpd.device("2.999.56.1"),),
            acknowledgements=(xcpd.Acknowledgement(type_code=ack, target_message_id=xcpd.Ii(root="2.999.2.1")),),
            query_ack_id=xcpd.Ii(root="2.999.2.2"),
            query_response_code="OK" if patients else "NF",
            subjects=(subject,) * patients,
        )
    )
    return soap.build_envelope(addressing=soap.Addressing(action=codes.ACTION_XCPD_RESPONSE), payload=payload)


def asked(body: bytes | None = None, *, id: str = "x0001", status: str = "200 OK", **more: object) -> Exchange:
    """We asked ITI-55 and the SUT answered `body` (a match when none is given)."""
    made = Exchange(
        id=id,
        transaction="ITI-55",
        initiator=Party.PEER,
        url="https://sut.example/xcpd",
        started_at=NOW,
        duration_s=0.1,
        request=http("POST /xcpd HTTP/1.1", query()),
        response=http(f"HTTP/1.1 {status}", answer() if body is None else body),
    )
    return replace(made, **more)  # type: ignore[arg-type]


def fault(code: str = "Sender", reason: str = "no") -> Exchange:
    """We asked ITI-55 and the SUT answered a SOAP fault."""
    body = soap.build_fault(code, reason, addressing=soap.Addressing(action="urn:fault"))
    return asked(body, status="500 Internal Server Error")


def failed(kind: FailureKind) -> Exchange:
    """We asked ITI-55 and the exchange broke."""
    return asked(response=None, failure=TransportFailure(kind=kind, detail="as it was seen", after_s=0.2))


def received(id: str = "x0001", transaction: str = "ITI-55") -> Exchange:
    """The SUT asked and we answered."""
    return asked(id=id, initiator=Party.SUT, transaction=transaction, url="https://127.0.0.1/xcpd")


def pulled(said: str = '{"shown": "patient", "patients": [{"family": "Exemplaire"}]}') -> TriggerOutcome:
    return TriggerOutcome(kind="http", ok=True, shown=said, duration_s=0.3)


def not_pulled(kind: FailureKind) -> TriggerOutcome:
    failure = TransportFailure(kind=kind, detail="as it was seen", after_s=0.1)
    return TriggerOutcome(kind="http", ok=False, detail="as it was seen", failure=failure)


# --- steps


def ref(dotted: str) -> Reference:
    return Reference(tuple(dotted.split(".")))


def send(path: str = "0", save: str | None = None, **more: object) -> Send:
    made = Send(path=path, at=AT, transaction="ITI-55", with_={}, save=save)
    return replace(made, **more)  # type: ignore[arg-type]


def receive(path: str = "0", save: str | None = None, **more: object) -> Receive:
    made = Receive(path=path, at=AT, transaction="ITI-55", within_s=1, save=save)
    return replace(made, **more)  # type: ignore[arg-type]


def trigger(path: str = "0", save: str | None = None, **more: object) -> Trigger:
    made = Trigger(path=path, at=AT, operation="identify", with_={}, save=save)
    return replace(made, **more)  # type: ignore[arg-type]


def expect(path: str, of: str, *any_: Mapping[str, Value], covers: tuple[str, ...] = ()) -> Expect:
    """Each of `any_` is an alternative; its key `grade` is its grade."""
    alternatives = tuple(
        Alternative(outcomes={k: v for k, v in a.items() if k != "grade"}, grade=str(a.get("grade", "strict")))
        for a in any_
    )
    return Expect(path=path, at=AT, of=of, any=alternatives, covers=covers)


def that(path: str, value: Value, operator: str, operand: Value, **more: object) -> Check:
    made = Check(path=path, at=AT, test=That(value=value, operator=operator, operand=operand))
    return replace(made, **more)  # type: ignore[arg-type]


def fragment(path: str, *steps: Step, **more: object) -> Group:
    made = Group(path=path, at=AT, steps=steps, fragment="f", inputs={}, outputs={})
    return replace(made, **more)  # type: ignore[arg-type]


def scenario(*steps: Step, **more: object) -> Scenario:
    made = Scenario(
        id="T-SCENARIO",
        title=Localized(en="A scenario"),
        at=AT,
        digest="0" * 64,
        applies=Applies(profile="discovery", sut="practitioner-software"),
        covers=(),
        steps=steps,
    )
    return replace(made, **more)  # type: ignore[arg-type]


def row(*steps: Step, values: Mapping[str, Datum] | None = None, **more: object) -> Row:
    return Row(id="T-SCENARIO", scenario=scenario(*steps, **more), row=None, values=values or {})


# --- the world


type Record = Callable[[Row, str, Exchange | TriggerOutcome | AuditRecord], None]


@dataclass(slots=True)
class MemoryWorld:
    """Answers by step path with what it was given; an exception among it is raised.

    `held` are paths of triggers that end only when a leftover was served (`after`) or the receive at that path was done.
    """

    does: Mapping[str, Exchange | TriggerOutcome | Exception | None] = field(default_factory=dict)
    after: list[Exchange] = field(default_factory=list)
    audit: dict[str, tuple[AuditRecord, ...]] = field(default_factory=dict)
    waited: dict[str, float] = field(default_factory=dict)
    held: Mapping[str, str] = field(default_factory=dict)
    record: Record = lambda row, path, observed: None
    leftovers_fail: Exception | None = None
    arguments: dict[str, Mapping[str, Datum]] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    done: set[str] = field(default_factory=set)
    ticks: int = 0

    def now(self) -> datetime:
        self.ticks += 1
        return NOW + timedelta(seconds=self.ticks)

    async def send(self, row: Row, step: Send, arguments: Mapping[str, Datum]) -> Exchange:
        found = self._did(row, step.path, arguments)
        assert isinstance(found, Exchange)
        return found

    async def receive(self, row: Row, step: Receive, arguments: Mapping[str, Datum]) -> Exchange | None:
        await asyncio.sleep(0)
        found = self._did(row, step.path, arguments)
        assert not isinstance(found, TriggerOutcome)
        return found

    async def trigger(self, row: Row, step: Trigger, arguments: Mapping[str, Datum]) -> TriggerOutcome:
        while step.path in self.held and self.held[step.path] not in self.done:
            await asyncio.sleep(0.005)
        found = self._did(row, step.path, arguments)
        assert isinstance(found, TriggerOutcome)
        return found

    async def leftovers(self, row: Row, *, last: bool) -> tuple[Exchange, ...]:
        if self.leftovers_fail is not None:
            raise self.leftovers_fail
        found, self.after = tuple(self.after), []
        for exchange in found:
            self.record(row, "after", exchange)
        if found:
            self.done.add("after")
        return found

    async def audits(
        self, row: Row, path: str, within_s: float, wanted: Callable[[AuditRecord], bool]
    ) -> tuple[AuditRecord, ...]:
        self.waited[path] = within_s
        found = self.audit.pop(path, ())
        for record in found:
            self.record(row, path, record)
        return found

    def _did(self, row: Row, path: str, arguments: Mapping[str, Datum]) -> Exchange | TriggerOutcome | None:
        self.calls.append(path)
        self.arguments[path] = arguments
        self.done.add(path)
        found = self.does[path]
        if isinstance(found, Exception):
            raise found
        if found is not None:
            self.record(row, path, found)
        return found


def play(row_: Row, world: MemoryWorld, judge_: Judge | None = None) -> RowResult:
    """The result of `row_` in `world`, within 10 s."""
    told: list[StepResult] = []

    async def bounded() -> RowResult:
        async with asyncio.timeout(10):
            return await RowRun(row_, world, judge_ or judge(), lambda event, row, step: told.append(step)).run()

    result = asyncio.run(bounded())
    assert {s.path for s in told} == {s.path for s in result.steps}, "every step is told as it ends"
    return result


def step_of(result: RowResult, path: str) -> StepResult:
    (found,) = (s for s in result.steps if s.path == path)
    return found
