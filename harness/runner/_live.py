"""The world as it is: real connections to the SUT and a listener for the ones it makes."""

import asyncio
import contextlib
import ssl
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime

from harness.errors import Problem, ScenarioError
from harness.model import (
    TRANSACTIONS,
    AuditRecord,
    Datum,
    Exchange,
    Patient,
    Population,
    Practitioner,
    Receive,
    Send,
    Sut,
    Trigger,
    TriggerOutcome,
)
from harness.peers import (
    AuditRepository,
    Caller,
    Character,
    Clock,
    Incoming,
    InitiatingGateway,
    MetadataServer,
    PeerServer,
    PlannedAnswer,
    RespondingGateway,
    TokenService,
)
from harness.runner._audit_clock import AuditClock
from harness.runner._plan import Row
from harness.runner._preflight import needs_publisher
from harness.runner._trigger import AskPerson, pull_trigger, trigger_content
from harness.wire import codes, x509

ASIDE = "aside"
"""The step path of lookups that are kept and not judged."""
LATE_S = 1.0
"""How long a row that missed a request waits for it once more before the next row starts."""

SETTLE_S = 0.5
"""How long after a row in which the SUT asked a further request is waited for, which would else reach the next row."""

type Record = Callable[[Row, str, Exchange | TriggerOutcome | AuditRecord], None]
"""Keeps a piece of evidence before anything is judged: (row, step path, what was observed)."""


class LiveWorld:
    """Asks and answers for real. One per process; rows run one after the other."""

    def __init__(
        self,
        *,
        sut: Sut,
        population: Population,
        initiating: InitiatingGateway,
        responding: RespondingGateway,
        tokens: TokenService,
        caller: Caller,
        server: PeerServer,
        clock: Clock,
        record: Record,
        new_id: Callable[[], str],
        context: ssl.SSLContext,
        ask_person: AskPerson | None = None,
        repository: AuditRepository | None = None,
        metadata: MetadataServer | None = None,
        settle_s: float = SETTLE_S,
    ) -> None:
        self._sut = sut
        self._population = population
        self._initiating = initiating
        self._responding = responding
        self._tokens = tokens
        self._caller = caller
        self._server = server
        self._clock = clock
        self._record = record
        self._new_id = new_id
        self._context = context
        self._ask_person = ask_person
        self._repository = repository
        self._metadata = metadata
        self._audits_taken = 0
        self._audit_clock = AuditClock()
        self._began = clock()
        self._patients = {**population.patients, **sut.patients}
        self._session = initiating.new_session()
        self._row: str | None = None
        self._settle_s = settle_s
        self._anchors = tuple(x509.parse_certificates(sut.trust_authorities)) if sut.trust_authorities else ()
        self._character: Character | None = None
        self._missed = self._asked = False

    def now(self) -> datetime:
        return self._clock()

    async def send(self, row: Row, step: Send, arguments: Mapping[str, Datum]) -> Exchange:
        if self._row != row.id:
            self._row, self._session = row.id, self._initiating.new_session()
        mutate = step.mutate or (self._character.request_habit(step.transaction) if self._character else ())
        prepared = self._initiating.prepare(
            step.transaction,
            arguments,
            mutate,
            target=self._sut.actors[TRANSACTIONS[step.transaction].responder],
            patients=self._patients,
            practitioners=self._population.practitioners,
            session=self._session,
        )
        exchange = await self._caller.exchange(
            prepared.request,
            id=self._new_id(),
            transaction=step.transaction,
            context=prepared.context,
            within_s=min(step.within_s, self._sut.answer_within_s),
            client_certificate=prepared.client_certificate,
            altered=mutate,
        )
        self._record(row, step.path, exchange)
        return exchange

    async def receive(self, row: Row, step: Receive, arguments: Mapping[str, Datum]) -> Exchange | None:
        if step.transaction == codes.SMP:
            return await self._looked_up(row, step)
        incoming = await self._server.next_request(step.transaction, step.within_s)
        if incoming is None:
            self._missed |= not (step.none or step.optional)
            return None
        self._asked = True
        faults = step.reply.faults if step.reply else ()
        answer, faults = await asyncio.to_thread(self._answer, incoming, arguments, faults)
        exchange = await self._server.reply(incoming, answer, id=self._new_id(), altered=faults)
        self._record(row, step.path, exchange)
        return exchange

    def _answer(
        self, incoming: Incoming, arguments: Mapping[str, Datum], faults: tuple[str, ...]
    ) -> tuple[PlannedAnswer, tuple[str, ...]]:
        """Our answer and what is wrong with it on purpose: what the row says, else what our character makes of it."""
        if incoming.transaction in codes.TOKEN_SERVICE:
            return self._tokens.answer(incoming.request, incoming.transaction), faults
        if faults:
            return self._responding.answer(incoming.request, incoming.transaction, arguments, faults), faults
        return self._responding.answer_in_character(incoming.request, incoming.transaction, arguments)

    def _plain_answer(self, incoming: Incoming) -> PlannedAnswer:
        """Our ordinary answer, to a request that no step waits for."""
        if incoming.transaction in codes.TOKEN_SERVICE:
            return self._tokens.answer(incoming.request, incoming.transaction)
        return self._responding.answer(incoming.request, incoming.transaction, {}, ())

    async def _looked_up(self, row: Row, step: Receive) -> Exchange | None:
        """The next lookup at our metadata publisher, which answered it as soon as it came."""
        if self._metadata is None:
            return None
        found = await self._metadata.next_lookup(step.service, step.within_s)
        return self._kept(row, step.path, found) if found is not None else None

    def _kept(self, row: Row, path: str, lookup: Exchange) -> Exchange:
        exchange = replace(lookup, id=self._new_id())
        self._record(row, path, exchange)
        return exchange

    async def trigger(self, row: Row, step: Trigger, arguments: Mapping[str, Datum]) -> TriggerOutcome:
        outcome = await pull_trigger(
            self._sut.actors["ncpeh-b"].trigger,
            trigger_content(
                step,
                arguments,
                self._sut.ours,
                self._patient(step, arguments),
                self._practitioner(step, arguments),
            ),
            within_s=step.within_s,
            context=self._context,
            ask_person=self._ask_person,
        )
        self._record(row, step.path, outcome)
        return outcome

    async def leftovers(self, row: Row, *, last: bool) -> tuple[Exchange, ...]:
        if last:
            # What comes too late for its own row, or once more, must not be taken for the request of the next one.
            await self._some_request(LATE_S if self._missed else self._settle_s if self._asked else 0.0)
        return await self._answer_pending(row, "after")

    async def clear(self, row: Row) -> None:
        """Answer and keep what came between two rows; it belongs to neither, and `row` must not take it for its own."""
        self._missed = self._asked = False
        self._responding.character = self._character = None
        await self._answer_pending(row, "before")
        self._responding.reset()
        if row.scenario.temperament is not None:
            self._character = Character(row.scenario.temperament, anchors=self._anchors)
            self._responding.character = self._character
        self._new_audits(row, "before")
        if self._metadata is not None:
            for lookup in self._metadata.take_all():
                self._kept(row, "before", lookup)
            published = (row.scenario.given or {}).get("smp", ())
            self._metadata.publish(tuple(map(str, published if isinstance(published, tuple) else (published,))))
        await self._set_repository(str((row.scenario.given or {}).get("audit_repository", "running")))
        self._began = self._clock()

    async def audits(
        self, row: Row, path: str, within_s: float, wanted: Callable[[AuditRecord], bool]
    ) -> tuple[AuditRecord, ...]:
        """The audit records that came and were not taken before; waits until one is `wanted`, for `within_s` at most."""
        if self._repository is None:
            return ()
        deadline = asyncio.get_running_loop().time() + min(within_s, self._sut.audit_within_s)
        taken = self._new_audits(row, path)
        while not any(wanted(record) for record in taken):
            left_s = deadline - asyncio.get_running_loop().time()
            if left_s <= 0 or not await self._repository.next_record(self._audits_taken, left_s):
                break
            taken += self._new_audits(row, path)
        return taken

    def _new_audits(self, row: Row, path: str) -> tuple[AuditRecord, ...]:
        """The records that came since; those of an earlier row, which came too late for it, are kept and not judged here."""
        records = self._repository.records[self._audits_taken :] if self._repository is not None else ()
        self._audits_taken += len(records)
        late = {record.id for record in records if self._audit_clock.is_of_before(record, self._began)}
        for record in records:
            self._record(row, "before" if record.id in late else path, record)
        return tuple(record for record in records if record.id not in late)

    async def _set_repository(self, state: str) -> None:
        """Let the repository be reached or not, as the row wants it."""
        repository = self._repository
        if repository is None or repository.address is None:
            return
        if state == "stopped":
            await repository.stop()
        elif not repository.is_listening:
            await repository.start(*repository.address)

    async def _some_request(self, within_s: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                while not self._server.pending():
                    await asyncio.sleep(0.05)

    async def _answer_pending(self, row: Row, path: str) -> tuple[Exchange, ...]:
        lookups = self._metadata.take_all() if self._metadata is not None and path == "after" else ()
        # whether a system looks us up in a row that is about something else depends on what it remembers of earlier rows
        place = path if needs_publisher(row.scenario) else ASIDE
        done = [exchange for lookup in lookups if (exchange := self._kept(row, place, lookup)) and place != ASIDE]
        for incoming in self._server.pending():
            answer = await asyncio.to_thread(self._plain_answer, incoming)
            exchange = await self._server.reply(incoming, answer, id=self._new_id(), altered=())
            self._record(row, path, exchange)
            done.append(exchange)
        return tuple(done)

    def _patient(self, step: Trigger, arguments: Mapping[str, Datum]) -> Patient:
        key = str(arguments.get("patient", ""))
        found = self._population.patients.get(key)
        if found is None:
            raise ScenarioError(
                Problem(
                    code="E410",
                    at=step.at,
                    problem="unknown patient",
                    found=key,
                    expected=tuple(sorted(self._population.patients)),
                )
            )
        return found

    def _practitioner(self, step: Trigger, arguments: Mapping[str, Datum]) -> Practitioner:
        key = str(arguments.get("practitioner", "physician"))
        found = self._population.practitioners.get(key)
        if found is None:
            raise ScenarioError(
                Problem(
                    code="E411",
                    at=step.at,
                    problem="unknown practitioner",
                    found=key,
                    expected=tuple(sorted(self._population.practitioners)),
                )
            )
        return found
