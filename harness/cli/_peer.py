"""`harness peer`: a simulated peer for hand-driven work, every exchange judged, printed and kept."""

import asyncio
import signal
import sys
from collections import deque
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from harness import checks
from harness.cli._library import bundled_library
from harness.cli._peer_vendor import curl_line, nobody, ready_request, vendor_of, write_vendor_files
from harness.cli._population import chosen_population
from harness.cli._shared import ERR, PASSED, sut_environment
from harness.cli._words import STYLES, word
from harness.errors import InputError, Problem, WireError
from harness.model import TRANSACTIONS, AuditRecord, Exchange, OurSide, Population, Sut, Temperament
from harness.packs import load_sut, load_temperament, packs_with_builtin
from harness.peers import (
    AuditRepository,
    Character,
    Incoming,
    MetadataServer,
    PeerServer,
    Pki,
    PlannedAnswer,
    Publisher,
    Refusal,
    RespondingGateway,
    SeededIds,
    TokenService,
    server_context,
)
from harness.runner import Judge, own_pki, run_id, utc_now
from harness.store import RunDirectory
from harness.validators import Validator
from harness.wire import codes, smp, x509

ACTORS = ("ncpeh-a",)
VENDOR = "vendor"
_EARLIER = 20
_POLL_S = 0.2
_FOREVER_S = 3600.0
_GRACE_S = 5.0


def peer_command(
    sut_path: Path | None, actor: str, lang: str, population_name: str | None, temperament_name: str | None
) -> int:
    """Answer whatever the system asks from the synthetic population until interrupted."""
    if actor not in ACTORS:
        raise InputError(
            Problem(
                code="E910",
                option="--actor",
                problem="unknown peer",
                expected=ACTORS,
                found=actor,
                hint="a peer of country B is driven by scenarios: harness run",
            )
        )
    sut = load_sut(sut_path, sut_environment()) if sut_path else nobody()
    temperament = chosen_temperament(temperament_name)
    return asyncio.run(_serve(sut, lang, chosen_population(population_name), temperament))


def chosen_temperament(given: str | None) -> Temperament | None:
    """The temperament `given`, the name of a bundled one or a file; None when none is given.

    Raises:
        InputError: neither.
        ScenarioError: its file is wrong.
    """
    if given is None:
        return None
    known = bundled_library().temperaments
    if given in known:
        return known[given]
    if Path(given).is_file():
        return load_temperament(Path(given), bundled_library())
    problem = "no such temperament"
    raise InputError(
        Problem(code="E910", option="--temperament", problem=problem, expected=tuple(sorted(known)), found=given)
    )


async def _serve(sut: Sut, lang: str, population: Population, temperament: Temperament | None) -> int:
    now = utc_now()
    pki = own_pki(Path(sut.ours.pki) if sut.ours.pki else None, sut, now)
    vendor = vendor_of(sut, now)
    sut = replace(sut, trust_authorities=sut.trust_authorities + vendor.pki.anchors)
    task = asyncio.current_task()
    assert task is not None
    for name in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(name, task.cancel)
    out = Path("runs") / f"peer-{run_id(now)}"
    with RunDirectory.create(out) as directory, Validator(packs_with_builtin(())) as validator:
        desk = Desk(sut, population, pki, directory, validator, lang, temperament)
        await desk.server.start(sut.ours.host, sut.ours.ports)
        desk.metadata = await _metadata(sut, pki, population, desk.server.endpoints)
        repository = await _repository(sut.ours, pki, sut.trust_authorities, directory, lang)
        request = ready_request(vendor, sut.ours, desk.server.endpoints["xcpd"], population)
        write_vendor_files(out / VENDOR, vendor, pki, request)
        _introduce(desk.server.endpoints, pki, population, temperament, lang)
        ERR.print(f"{'vendor':<9} {(out / VENDOR).resolve()}", markup=False)
        if request is not None:
            ERR.print(f"{word('try', lang):<9} {curl_line((out / VENDOR).resolve(), request)}", markup=False)
        try:
            await desk.work()
        except asyncio.CancelledError:
            task.uncancel()
        finally:
            await desk.close()
            if repository is not None:
                await repository.stop()
    ERR.print(word("kept", lang).format(count=desk.count, folder=out), markup=False)
    return PASSED


async def _metadata(sut: Sut, pki: Pki, population: Population, endpoints: Mapping[str, str]) -> MetadataServer | None:
    """Our metadata publisher, when the SUT file gives it a port; where it is and what the SML would call it is printed."""
    if "smp" not in sut.ours.ports:
        return None
    publisher = Publisher(
        ours=sut.ours, pki=pki, population=population, endpoints=endpoints, unserved="", clock=utc_now
    )
    context = server_context(pki.tls, sut.trust_authorities, certificate_required=False)
    server = MetadataServer(publisher, context, utc_now)
    await server.start(sut.ours.host, sut.ours.ports["smp"])
    participant = smp.participant_of(sut.ours.country)
    ERR.print(f"{'smp':<9} {server.endpoints['smp']}  {participant.text}", markup=False)
    zone = sut.discovery.zone if sut.discovery is not None and sut.discovery.zone else smp.TRAINING_ZONE
    for kind, name in zip(("NAPTR", "CNAME"), smp.sml_names(participant, zone), strict=True):
        ERR.print(f"{'sml':<9} {kind} {name}", markup=False)
    return server


def _introduce(
    endpoints: Mapping[str, str], pki: Pki, population: Population, temperament: Temperament | None, lang: str
) -> None:
    for key, url in endpoints.items():
        ERR.print(f"{key:<9} {url}", markup=False)
    ERR.print(f"{word('authority', lang):<9} {pki.authority.certificate.subject.rfc4514_string()}", markup=False)
    if temperament is not None:
        text = temperament.explains
        ERR.print(f"{word('temper', lang):<9} {temperament.name}: {text.fr if lang == 'fr' else text.en}", markup=False)
    for patient in population.patients.values():
        ids = ", ".join(i.cx for i in patient.ids)
        traits = f"{patient.family} {patient.given} {patient.birth or ''}"
        ERR.print(f"{'patient':<9} {patient.key}  {ids}  {traits}", markup=False)


class Desk:
    """Where requests are answered, kept, judged and printed; `work` until cancelled, then `close`."""

    def __init__(
        self,
        sut: Sut,
        population: Population,
        pki: Pki,
        directory: RunDirectory,
        validator: Validator,
        lang: str,
        temperament: Temperament | None,
    ) -> None:
        self.count = 0
        self.server = PeerServer(server_context(pki.tls, sut.trust_authorities), clock=utc_now)
        self.metadata: MetadataServer | None = None
        self._tokens = TokenService(pki, sut.home_of_b, sut.trust_authorities, utc_now, SeededIds())
        self._gateway = RespondingGateway(ours=sut.ours, population=population, clock=utc_now, ids=SeededIds())
        if temperament is not None:
            anchors = tuple(x509.parse_certificates(sut.trust_authorities))
            self._gateway.character = Character(temperament, anchors=anchors)
        self._judge = Judge(
            sut=sut,
            catalogue=bundled_library().requirements,
            population=population,
            validator=validator,
            our_anchors=pki.anchors,
            our_certificate=x509.certificate_pem(pki.tls.certificate),
        )
        self._directory, self._lang = directory, lang
        self._earlier: deque[checks.View] = deque(maxlen=_EARLIER)
        self._answering, self._judging = asyncio.Lock(), asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()

    async def work(self) -> None:
        """Take every request as it comes; answers that wait do not keep the others waiting."""
        async with asyncio.TaskGroup() as group:
            for transaction in TRANSACTIONS:
                group.create_task(self._take(transaction))
            group.create_task(self._watch_refusals())
            group.create_task(self._watch_lookups())

    async def close(self) -> None:
        """Let what has been asked be answered and judged, for a few seconds, then stop listening."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=_GRACE_S)
        await self.server.aclose()
        self._keep_lookups()
        if self.metadata is not None:
            await self.metadata.aclose()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._keep_refusals()

    async def _take(self, transaction: str) -> None:
        while True:
            incoming = await self.server.next_request(transaction, _FOREVER_S)
            if incoming is not None:
                self.count += 1
                task = asyncio.create_task(self._handle(incoming, f"x{self.count:04d}"))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)

    async def _handle(self, incoming: Incoming, id: str) -> None:
        async with self._answering:  # one at a time: what is submitted changes what is answered next
            answer, altered = await asyncio.to_thread(self._answer, incoming)
        exchange = await self.server.reply(incoming, answer, id=id, altered=altered)
        self._directory.append("exchange", utc_now(), {"exchange": self._directory.record(Exchange, exchange)})
        async with self._judging:
            context = self._judge.context("ncpeh-b", tuple(self._earlier), None)
            judged = await asyncio.to_thread(self._judge.exchange, exchange, context)
            self._earlier.append(judged.view)
        self._directory.append(
            "judged", utc_now(), {"exchange": id, "verdict": judged.verdict.value, "reason": judged.reason}
        )
        sign, _ = STYLES[judged.verdict]
        verdict = word(judged.verdict.value, self._lang)
        lines = [f"{exchange.started_at:%H:%M:%S} {id} {sign} {verdict}  {checks.describe(judged.view)}"]
        if altered:
            lines[0] += f"  [{', '.join(altered)}]"
        lines += [
            f"         {f.requirement or f.rule}: {word('expected', self._lang)} {f.expected}, "
            f"{word('found', self._lang)} {f.found}"
            for f in judged.findings
        ]
        _say(lines)

    def _answer(self, incoming: Incoming) -> tuple[PlannedAnswer, tuple[str, ...]]:
        if incoming.transaction in codes.TOKEN_SERVICE:
            return self._tokens.answer(incoming.request, incoming.transaction), ()
        return self._gateway.answer_in_character(incoming.request, incoming.transaction, {})

    async def _watch_lookups(self) -> None:
        while True:
            await asyncio.sleep(_POLL_S)
            self._keep_lookups()

    def _keep_lookups(self) -> None:
        """What was looked up at our metadata publisher, which answered it as soon as it came."""
        for lookup in self.metadata.take_all() if self.metadata is not None else ():
            self.count += 1
            exchange = replace(lookup, id=f"x{self.count:04d}")
            self._directory.append("exchange", utc_now(), {"exchange": self._directory.record(Exchange, exchange)})
            _say([f"{exchange.started_at:%H:%M:%S} {exchange.id} {checks.describe(checks.view(exchange))}"])

    async def _watch_refusals(self) -> None:
        while True:
            await asyncio.sleep(_POLL_S)
            self._keep_refusals()

    def _keep_refusals(self) -> None:
        for refusal in self.server.take_refused():
            kept = self._directory.record(Refusal, refusal)
            assert isinstance(kept, dict), "a record is an object"
            kept["refused_at"] = kept.pop("at")
            self._directory.append("connection-refused", utc_now(), kept)
            _say([f"{refusal.at:%H:%M:%S} - {word('refused', self._lang)} ({refusal.kind}): {refusal.detail}"])


def _say(lines: list[str]) -> None:
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    sys.stdout.flush()


async def _repository(
    ours: OurSide, pki: Pki, trusted: bytes, directory: RunDirectory, lang: str
) -> AuditRepository | None:
    """The audit record repository, when the SUT file gives it a port; each record is kept and printed as it comes."""
    if "audit" not in ours.ports:
        return None

    def came(record: AuditRecord) -> None:
        directory.append("audit", utc_now(), {"record": directory.record(AuditRecord, record)})
        sys.stdout.write(f"{record.received_at:%H:%M:%S} {record.id} {audit_line(record, lang)}\n")
        sys.stdout.flush()

    repository = AuditRepository(server_context(pki.tls, trusted), clock=utc_now, on_record=came)
    host, port = await repository.start(ours.host, ours.ports["audit"])
    shown = f"[{host}]" if ":" in host else host
    ERR.print(f"{'audit':<9} syslog-tls://{shown}:{port}, syslog-udp://{shown}:{port}", markup=False)
    return repository


def audit_line(record: AuditRecord, lang: str) -> str:
    """One line about a record, without anybody's name: event, spelling and transport, or why it cannot be read."""
    view = checks.AuditView(record)
    if isinstance(view.message, WireError):
        return f"{view.message.problem} ({record.transport})"
    event = view.event.id if view.event is not None else "?"
    return word("audit-line", lang).format(event=event, spelling=view.message.spelling, transport=record.transport)
