"""What `doctor` looks at on the system's side: from the name of an address to the clock behind it."""

import asyncio
import os
import socket
import ssl
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import SplitResult, urlsplit

from harness.model import Exchange, FailureKind, Sut, SutActor, Verdict, say
from harness.peers import Caller, Clock, OutgoingRequest, Pki
from harness.runner._diagnosis import SERVER_STEPS, Diagnosis, skipped
from harness.runner._doctor_certificates import Certificates, certificate_steps
from harness.runner._doctor_reading import Reading, unsafe_context, unsafe_reading
from harness.runner._preflight import TRIGGER
from harness.wire import smp

_GATEWAY_STATUSES = (401, 403, 407, 502, 503, 504)
_HOUR_S = 3600
_ZONE_TOLERANCE_S = 60
_RESOLUTION_S = 2
"""Nearer than this the Date field tells nothing about a clock."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DoctorLimits:
    """How long each step may take, in seconds."""

    connect_s: float = 5.0
    handshake_s: float = 10.0
    settle_s: float = 0.5
    answer_s: float = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """An address of the system, with all URLs that lead to it and the countries of the actors that give them."""

    host: str
    port: int
    tls: bool
    urls: tuple[str, ...]
    countries: tuple[str, ...]

    @property
    def address(self) -> str:
        """`host:port`."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True, kw_only=True)
class OurMeans:
    """What we bring to a connection. `context` verifies the server; None when our key material or trust is unusable,
    and then `lacking` names the step that said so."""

    anchors: Certificates
    pki: Pki | None
    context: ssl.SSLContext | None
    lacking: str
    caller: Caller
    clock: Clock
    limits: DoctorLimits


def targets_of(sut: Sut) -> tuple[tuple[Target, ...], tuple[Diagnosis, ...]]:
    """The addresses of `sut`, each once, and what is wrong with those that are none."""
    found: dict[tuple[str, int, bool], Target] = {}
    wrong: list[Diagnosis] = []
    for name, actor in sut.actors.items():
        for key, written in {**actor.endpoints, **_trigger(actor)}.items():
            url = _asked(key, written, actor.country)
            option = f"actors.{name}.{'trigger.http.url' if key == TRIGGER else f'endpoints.{key}'}"
            parts = _split(url)
            if parts is None or (
                parts.scheme == "http" and key not in (TRIGGER, "smp")
            ):  # what they serve is no secret
                wrong.append(_no_address(option, parts))
            if parts is None:
                continue
            tls = parts.scheme == "https"
            port = parts.port or (443 if tls else 80)
            place = (parts.hostname or "", port, tls)
            known = found.get(place)
            found[place] = Target(
                host=place[0],
                port=port,
                tls=tls,
                urls=tuple(dict.fromkeys((*(known.urls if known else ()), url))),
                countries=tuple(dict.fromkeys((*(known.countries if known else ()), actor.country))),
            )
    return tuple(found.values()), tuple(wrong)


async def server_steps(target: Target, ours: OurMeans, sut: Sut) -> tuple[Diagnosis, ...]:
    """All steps on one address in order; after one that failed, those that depend on it are skipped."""
    resolved, addresses = await _resolve(target, ours.limits)
    if not addresses:
        return (resolved, *_rest(target, "name", "tcp"))
    reached, raw = await _connect(target, addresses, ours.limits)
    if raw is None:
        return (resolved, reached, *_rest(target, "tcp", "tls"))
    if not target.tls:
        raw.close()
        return (resolved, reached, *await _http_steps(target, ours, sut))
    limits = ours.limits
    reading = await unsafe_reading(
        raw, target.host, unsafe_context(ours.pki), handshake_s=limits.handshake_s, settle_s=limits.settle_s
    )
    before = (resolved, reached, _tls(target, reading, limits))
    if reading.problem:
        return (*before, *_rest(target, "tls", "server-chain"))
    certificates = tuple(_server_certificate(target, ours, reading))
    accepted = _client_certificate(target, ours, reading)
    failed = [s.step for s in (*certificates, accepted) if s.verdict is Verdict.ERROR]
    because = failed[0] if failed else ours.lacking
    last = _rest(target, because, "http") if because else await _http_steps(target, ours, sut)
    return (*before, *certificates, accepted, *last)


def _asked(key: str, url: str, country: str) -> str:
    """What is asked at an address: at the root of a publisher, which need not serve itself, the list of the services."""
    return url.rstrip("/") + smp.group_path(smp.participant_of(country)) if key == "smp" else url


def _trigger(actor: SutActor) -> Mapping[str, str]:
    return {TRIGGER: actor.trigger.url} if actor.trigger and actor.trigger.url else {}


def _split(url: str) -> SplitResult | None:
    try:
        parts = urlsplit(url)
        known = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        return None
    return parts if known else None


def _no_address(option: str, parts: SplitResult | None) -> Diagnosis:
    return Diagnosis(
        step="address",
        target=option,
        verdict=Verdict.ERROR,
        expected=say("doctor.url"),
        found=say("doctor.no-tls") if parts else "",
        next=say("doctor.next.url"),
        option=option,
    )


def _rest(target: Target, because: str, first: str) -> tuple[Diagnosis, ...]:
    """The steps from `first` on, skipped because of step `because`."""
    steps = SERVER_STEPS[SERVER_STEPS.index(first) :]
    wanted = steps if target.tls else tuple(s for s in steps if s in ("name", "tcp", "http", "clock"))
    return tuple(skipped(step, target.address, because) for step in wanted)


type _Found = tuple[
    socket.AddressFamily, socket.SocketKind, int, str, tuple[str, int] | tuple[str, int, int, int] | tuple[int, bytes]
]


async def _resolve(target: Target, limits: DoctorLimits) -> tuple[Diagnosis, Sequence[_Found]]:
    found: Sequence[_Found] = ()
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(limits.connect_s):
            found = await loop.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        pass  # also a label that no name system can carry, and no answer in time
    addresses = ", ".join(dict.fromkeys(str(f[4][0]) for f in found))
    return Diagnosis(
        step="name",
        target=target.address,
        verdict=Verdict.PASS if found else Verdict.ERROR,
        expected=say("doctor.resolves"),
        found=addresses if found else say("doctor.unresolved"),
        next="" if found else say("next.name"),
    ), found


async def _connect(
    target: Target, addresses: Sequence[_Found], limits: DoctorLimits
) -> tuple[Diagnosis, socket.socket | None]:
    seconds = f"{limits.connect_s:g}"
    found, raw = "", None
    for family, kind, protocol, _, address in addresses:
        try:
            raw = await _opened(family, kind, protocol, address, limits.connect_s)
        except TimeoutError:
            found = say("no-answer-within", seconds=seconds)
        except ConnectionRefusedError:
            found = say("refused")
        except OSError as exc:
            found = say("doctor.no-connection", reason=os.strerror(exc.errno or 0).lower())
        else:
            found = say("doctor.connected", address=address[0])
            break
    return Diagnosis(
        step="tcp",
        target=target.address,
        verdict=Verdict.PASS if raw else Verdict.ERROR,
        expected=say("doctor.connects", seconds=seconds),
        found=found,
        next="" if raw else say("doctor.next.tcp"),
    ), raw


async def _opened(
    family: socket.AddressFamily, kind: socket.SocketKind, protocol: int, address: object, within_s: float
) -> socket.socket:
    raw = socket.socket(family, kind, protocol)
    try:
        raw.setblocking(False)
        async with asyncio.timeout(within_s):
            await asyncio.get_running_loop().sock_connect(raw, address)  # type: ignore[arg-type]
    except BaseException:
        raw.close()
        raise
    return raw


def _tls(target: Target, reading: Reading, limits: DoctorLimits) -> Diagnosis:
    verdict, found = Verdict.PASS, f"{reading.version}, {reading.cipher}"
    if reading.problem:
        verdict, found = Verdict.ERROR, reading.problem
    elif not reading.version:
        verdict, found = Verdict.SKIPPED, say("doctor.tls-unfinished")
    return Diagnosis(
        step="tls",
        target=target.address,
        verdict=verdict,
        expected=say("doctor.tls-wanted", seconds=f"{limits.handshake_s:g}"),
        found=found,
        next=say("doctor.next.tls") if reading.problem else "",
    )


def _server_certificate(target: Target, ours: OurMeans, reading: Reading) -> Iterator[Diagnosis]:
    if not reading.chain and not reading.version:
        # refused before a certificate could be read
        yield from (skipped(s, target.address, "client-certificate") for s in SERVER_STEPS[4:8])
        return
    steps = certificate_steps(
        target.address, reading.chain, ours.anchors, host=target.host, countries=target.countries, at=ours.clock()
    )
    for step in steps:
        yield skipped(step.step, step.target, "trust") if step.step == "server-chain" and not ours.anchors else step


def _client_certificate(target: Target, ours: OurMeans, reading: Reading) -> Diagnosis:
    if ours.pki is None:
        return skipped("client-certificate", target.address, "own-key")
    expected = say("doctor.accepts", seconds=f"{ours.limits.settle_s:g}")
    refused = bool(reading.refusal)
    return Diagnosis(
        step="client-certificate",
        target=target.address,
        verdict=Verdict.ERROR if refused else Verdict.PASS,
        expected=expected,
        found=say("doctor.refuses", reason=reading.refusal) if refused else expected,
        next=say("doctor.next.refuses") if refused else "",
    )


async def _http_steps(target: Target, ours: OurMeans, sut: Sut) -> tuple[Diagnosis, ...]:
    """An answer at each URL, and the clock of the first that answers.

    The question is a GET: it starts nothing, and any status shows that HTTP is spoken.
    """
    steps: list[Diagnosis] = []
    clock: Diagnosis | None = None
    within_s = min(ours.limits.answer_s, sut.answer_within_s)
    for url in target.urls:
        request = OutgoingRequest(
            url=url, headers=(("Accept", "*/*"),), body=b"", method="GET", settle_s=ours.limits.settle_s * target.tls
        )
        exchange = await ours.caller.exchange(
            request,
            id="doctor",
            transaction="",
            context=ours.context if target.tls else None,
            within_s=within_s,
            connect_timeout_s=ours.limits.connect_s,
        )
        steps.append(_answer(target, url, exchange, within_s))
        if clock is None and exchange.response is not None and exchange.response.status is not None:
            clock = _clock(target, exchange.response.header("Date"), ours.clock(), sut.clock_skew_s)
    return (*steps, clock or skipped("clock", target.address, "http"))


def _answer(target: Target, url: str, exchange: Exchange, within_s: float) -> Diagnosis:
    path = urlsplit(url).path or "/"
    status = exchange.response.status if exchange.response is not None else None
    verdict, advice = Verdict.PASS, ""
    if status is None:
        verdict, advice = Verdict.ERROR, say("doctor.next.silent")
        found = _failure(exchange, within_s)
    else:
        found = say("doctor.status", status=status)
        if status in _GATEWAY_STATUSES or status == 404:
            verdict = Verdict.WARNING
            advice = say("doctor.next.path" if status == 404 else "doctor.next.front")
    return Diagnosis(
        step="http",
        # without a query or a user, which may be secret
        target=f"{'https' if target.tls else 'http'}://{target.address}{path}",
        verdict=verdict,
        expected=say("doctor.any-answer", path=path, seconds=f"{within_s:g}"),
        found=found,
        next=advice,
    )


def _failure(exchange: Exchange, within_s: float) -> str:
    failure = exchange.failure
    if failure is None:
        return say("doctor.not-http")
    match failure.kind:
        case FailureKind.TIMED_OUT:
            return say("no-answer-within", seconds=f"{within_s:g}")
        case FailureKind.NOT_HTTP:
            return say("doctor.not-http")
        case FailureKind.RESET | FailureKind.CUT:
            return say("doctor.closed")
        case _:
            return failure.detail


def _clock(target: Target, date: str | None, now: datetime, allowed_s: float) -> Diagnosis:
    """The system's clock against ours. Source: RFC 9110, 6.6.1 (Date, in whole seconds)."""
    try:
        theirs = parsedate_to_datetime(date or "")
    except ValueError:
        theirs = None
    expected = say("doctor.skew-wanted", seconds=f"{allowed_s:g}")
    if theirs is None:
        return Diagnosis(
            step="clock",
            target=target.address,
            verdict=Verdict.WARNING,
            expected=expected,
            found=say("doctor.no-date"),
            next=say("doctor.next.no-date"),
        )
    # a clock that shows whole seconds is half of one behind on average
    skew_s = ((theirs if theirs.tzinfo else theirs.replace(tzinfo=UTC)) - now).total_seconds() + 0.5
    good = abs(skew_s) <= max(allowed_s, _RESOLUTION_S)
    hours = round(skew_s / _HOUR_S)
    zone = hours != 0 and abs(skew_s - hours * _HOUR_S) <= _ZONE_TOLERANCE_S
    return Diagnosis(
        step="clock",
        target=target.address,
        verdict=Verdict.PASS if good else Verdict.ERROR,
        expected=expected,
        found=_apart(skew_s),
        next="" if good else say("doctor.next.zone" if zone else "doctor.next.clock"),
    )


def _apart(skew_s: float) -> str:
    if abs(skew_s) <= _RESOLUTION_S:
        return say("doctor.together", seconds=_RESOLUTION_S)
    return say("doctor.ahead" if skew_s > 0 else "doctor.behind", seconds=round(abs(skew_s)))
