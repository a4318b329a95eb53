"""`harness peer`: a simulated peer for hand-driven work, every exchange printed and kept."""

import asyncio
import signal
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from harness import checks
from harness.cli._population import chosen_population
from harness.cli._shared import ERR, PASSED, sut_environment
from harness.cli._words import word
from harness.errors import InputError, Problem, WireError
from harness.model import AuditRecord, Exchange, OurSide, Population, Sut
from harness.packs import load_sut
from harness.peers import (
    AuditRepository,
    MetadataServer,
    PeerServer,
    Pki,
    Publisher,
    RespondingGateway,
    SeededIds,
    TokenService,
    server_context,
)
from harness.runner import own_pki, run_id, utc_now
from harness.store import RunDirectory
from harness.wire import codes, smp

ACTORS = ("ncpeh-a",)


def peer_command(sut_path: Path, actor: str, lang: str, population_name: str | None) -> int:
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
    return asyncio.run(_serve(sut_path, lang, chosen_population(population_name)))


async def _serve(sut_path: Path, lang: str, population: Population) -> int:
    sut = load_sut(sut_path, sut_environment())
    now = utc_now()
    pki = own_pki(Path(sut.ours.pki) if sut.ours.pki else None, sut, now)
    server = PeerServer(server_context(pki.tls, sut.trust_authorities), clock=utc_now)
    gateway = RespondingGateway(ours=sut.ours, population=population, clock=utc_now, ids=SeededIds())
    tokens = TokenService(pki, sut.home_of_b, sut.trust_authorities, utc_now, SeededIds())
    task = asyncio.current_task()
    assert task is not None
    for name in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(name, task.cancel)
    out = Path("runs") / f"peer-{run_id(now)}"
    with RunDirectory.create(out) as directory:
        await server.start(sut.ours.host, sut.ours.ports)
        for key, url in server.endpoints.items():
            ERR.print(f"{key:<9} {url}", markup=False)
        metadata = await _metadata(sut, pki, population, server.endpoints)
        repository = await _repository(sut.ours, pki, sut.trust_authorities, directory, lang)
        ERR.print(f"{word('authority', lang):<9} {pki.authority.certificate.subject.rfc4514_string()}", markup=False)
        for patient in population.patients.values():
            ids = ", ".join(i.cx for i in patient.ids)
            traits = f"{patient.family} {patient.given} {patient.birth or ''}"
            ERR.print(f"{'patient':<9} {patient.key}  {ids}  {traits}", markup=False)
        count = 0

        def keep(exchange: Exchange) -> None:
            directory.append("exchange", utc_now(), {"exchange": directory.record(Exchange, exchange)})
            sys.stdout.write(f"{exchange.started_at:%H:%M:%S} {exchange.id} {checks.describe(checks.view(exchange))}\n")
            sys.stdout.flush()

        try:
            while True:
                await asyncio.sleep(0.02)
                for lookup in metadata.take_all() if metadata is not None else ():
                    count += 1
                    keep(replace(lookup, id=f"x{count:04d}"))
                for incoming in server.pending():
                    count += 1
                    if incoming.transaction in codes.TOKEN_SERVICE:
                        answer = await asyncio.to_thread(tokens.answer, incoming.request, incoming.transaction)
                    else:
                        answer = await asyncio.to_thread(gateway.answer, incoming.request, incoming.transaction, {}, ())
                    keep(await server.reply(incoming, answer, id=f"x{count:04d}", altered=()))
        except asyncio.CancelledError:
            task.uncancel()
        finally:
            await server.aclose()
            if metadata is not None:
                await metadata.aclose()
            if repository is not None:
                await repository.stop()
    ERR.print(word("kept", lang).format(count=count, folder=out), markup=False)
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
