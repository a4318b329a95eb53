"""What one driven exchange costs beside a bare HTTPS call, and where the time goes.

A driven exchange is what `harness run` does for one `send` step: build and sign the request, send it and have it answered
over mutual TLS, parse and check the answer, validate it, and write the evidence to the disk. The bare call posts the same
bytes with httpx to an echo on the same listener, over the same mutual TLS, in the same process, turn and turn about; only
the ratio of the two means anything on another machine.
"""

import argparse
import asyncio
import json
import statistics
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path

import httpx

from harness.model import Datum, Exchange, OurSide, Sut, SutActor, SystemIdentity, ValidationReport
from harness.packs import Library, bundled_data, load_library, packs_with_builtin
from harness.peers import (
    Caller,
    Incoming,
    InitiatingGateway,
    PeerServer,
    PlannedAnswer,
    RespondingGateway,
    SeededIds,
    client_context,
    make_pki,
    server_context,
)
from harness.runner import Judge, utc_now
from harness.store import RunDirectory
from harness.validators import Validator

HOST = "127.0.0.1"
ARGUMENTS: Mapping[str, Datum] = {"patient": "pt-nominal", "practitioner": "physician"}
STAGES = ("build and sign", "network and answer", "parse and checks", "validation", "record")
WITHIN_S = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One pair: seconds of the bare call, and of each stage of the driven exchange; `answer` is a part of the network."""

    bare_s: float
    stages_s: tuple[float, ...]
    answer_s: float

    @property
    def driven_s(self) -> float:
        return sum(self.stages_s)


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What `measure` found; times in milliseconds, medians; `ratio` is the median of the ratios pair by pair."""

    exchanges: int
    request_bytes: int
    response_bytes: int
    driven_ms: float
    bare_ms: float
    ratio: float
    ratio_p10: float
    ratio_p90: float
    stages_ms: Mapping[str, float]
    answer_ms: float


class TimedValidator(Validator):
    """A validator that adds up the time spent in it, in seconds."""

    spent_s = 0.0

    def validate(self, name: str, content: bytes, *, as_: str = "auto", phase: str | None = None) -> ValidationReport:
        started = time.perf_counter()
        try:
            return super().validate(name, content, as_=as_, phase=phase)
        finally:
            self.spent_s += time.perf_counter() - started


ECHO = "?echo"


class Answerer:
    """Answers on one listener: an echo where the query says so, else the simulated country A; adds up the time it takes."""

    def __init__(self, gateway: RespondingGateway) -> None:
        self._gateway = gateway
        self.spent_s = 0.0

    def __call__(self, incoming: Incoming) -> PlannedAnswer:
        if incoming.url.endswith(ECHO):
            content_type = ("Content-Type", incoming.request.header("content-type") or "")
            return PlannedAnswer(status=200, headers=(content_type,), body=incoming.request.body)
        started = time.perf_counter()
        answer = self._gateway.answer(incoming.request, incoming.transaction, {}, ())
        self.spent_s += time.perf_counter() - started
        return answer


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; always 0."""
    parser = argparse.ArgumentParser(description="Cost of one driven exchange as a ratio to a bare HTTPS call.")
    parser.add_argument("--count", type=int, default=200, help="pairs that are measured (default 200)")
    parser.add_argument("--warm-up", type=int, default=20, help="pairs that are thrown away first (default 20)")
    parser.add_argument("--json", action="store_true", help="print JSON instead of text")
    options = parser.parse_args(arguments)
    if options.count < 1 or options.warm_up < 0:
        parser.error("--count must be at least 1 and --warm-up at least 0")
    result = asyncio.run(measure(options.count, options.warm_up))
    print(json.dumps(asdict(result), indent=1) if options.json else "\n".join(text_of(result)))
    return 0


async def measure(count: int, warm_up: int) -> Result:
    """Drive `warm_up` and then `count` pairs, and sum up the latter."""
    library = load_library(bundled_data() / "scenarios")
    ours_pki = make_pki("BE", HOST, utc_now())
    their_pki = make_pki("FR", HOST, utc_now())
    population = library.populations["default"]
    theirs = OurSide(country="FR", home_community="urn:oid:2.999.250")
    answerer = Answerer(RespondingGateway(theirs, population, utc_now, SeededIds(1)))
    server = PeerServer(server_context(their_pki.tls, ours_pki.anchors), clock=utc_now, autoreply=answerer)
    await server.start(HOST, {})
    caller = Caller(utc_now)
    context = client_context(ours_pki.tls, their_pki.anchors)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="harness-benchmark-")))
        directory = stack.enter_context(RunDirectory.create(folder / "run"))
        validator = TimedValidator(packs_with_builtin(()))
        stack.callback(validator.close)
        sut = _sut(server.endpoints, their_pki.anchors, theirs)
        driver = Driver(
            sut=sut,
            library=library,
            gateway=InitiatingGateway(ours_pki, sut.ours, their_pki.anchors, utc_now, SeededIds(2)),
            caller=caller,
            judge=Judge(
                sut=sut,
                catalogue=library.requirements,
                population=population,
                validator=validator,
                our_anchors=ours_pki.anchors,
            ),
            validator=validator,
            answerer=answerer,
            directory=directory,
        )
        try:
            async with httpx.AsyncClient(verify=context, timeout=WITHIN_S) as client:
                samples, last = await _pairs(driver, client, server.endpoints["xcpd"] + ECHO, warm_up + count)
        finally:
            await caller.aclose()
            await server.aclose()
    return _summed_up(samples[warm_up:], last)


@dataclass(frozen=True, slots=True, kw_only=True)
class Driver:
    """Everything one driven exchange needs."""

    sut: Sut
    library: Library
    gateway: InitiatingGateway
    caller: Caller
    judge: Judge
    validator: TimedValidator
    answerer: Answerer
    directory: RunDirectory

    async def exchange(self, number: int) -> tuple[Exchange, tuple[float, ...], float]:
        """One exchange, the seconds of its stages, and those of the answer within the second stage.

        A session of its own for each, as a row has, so that the assertion is signed anew.
        """
        population = self.library.populations["default"]
        marks = [time.perf_counter()]
        prepared = self.gateway.prepare(
            "ITI-55",
            ARGUMENTS,
            target=self.sut.actors["ncpeh-a"],
            patients=population.patients,
            practitioners=population.practitioners,
            session=self.gateway.new_session(),
        )
        marks.append(time.perf_counter())
        self.answerer.spent_s = 0.0
        exchange = await self.caller.exchange(
            prepared.request,
            id=f"x{number:04d}",
            transaction=prepared.transaction,
            context=prepared.context,
            within_s=WITHIN_S,
        )
        if exchange.failure is not None:
            raise RuntimeError(f"the exchange broke: {exchange.failure.kind.value}: {exchange.failure.detail}")
        marks.append(time.perf_counter())
        content = self.directory.record(Exchange, exchange)
        self.directory.append("exchange", utc_now(), {"row": "benchmark", "step": "0", "exchange": content})
        marks.append(time.perf_counter())
        self.validator.spent_s = 0.0
        self.judge.exchange(exchange, self.judge.context("ncpeh-a", (), "pt-nominal"))
        marks.append(time.perf_counter())
        build, network, record, judging = (b - a for a, b in pairwise(marks))
        validation = self.validator.spent_s
        return exchange, (build, network, judging - validation, validation, record), self.answerer.spent_s


async def _pairs(driver: Driver, client: httpx.AsyncClient, echo: str, count: int) -> tuple[list[Sample], Exchange]:
    """`count` pairs; which of the two goes first alternates, so that neither always finds the caches warm."""
    exchange, _, _ = await driver.exchange(0)
    samples = []
    for number in range(1, count + 1):
        bare_s = await _bare(client, echo, exchange) if number % 2 else 0.0
        exchange, stages_s, answer_s = await driver.exchange(number)
        if not number % 2:
            bare_s = await _bare(client, echo, exchange)
        samples.append(Sample(bare_s=bare_s, stages_s=stages_s, answer_s=answer_s))
    return samples, exchange


async def _bare(client: httpx.AsyncClient, url: str, exchange: Exchange) -> float:
    """Seconds of posting the bytes of `exchange`'s request to the echo and reading them back."""
    content_type = exchange.request.header("content-type") or ""
    started = time.perf_counter()
    answer = await client.post(url, content=exchange.request.body, headers={"Content-Type": content_type})
    spent_s = time.perf_counter() - started
    if answer.content != exchange.request.body:
        raise RuntimeError("the echo answered something else")
    return spent_s


def _sut(endpoints: Mapping[str, str], anchors: bytes, theirs: OurSide) -> Sut:
    actor = SutActor(actor="ncpeh-a", country=theirs.country, home_community=theirs.home_community, endpoints=endpoints)
    return Sut(
        system=SystemIdentity(name="benchmark", version="1"),
        actors={"ncpeh-a": actor},
        trust_authorities=anchors,
        ours=OurSide(),
        patients={},
        data={},
    )


def _summed_up(samples: Sequence[Sample], last: Exchange) -> Result:
    ratios = sorted(s.driven_s / s.bare_s for s in samples)
    stages = zip(STAGES, zip(*(s.stages_s for s in samples), strict=True), strict=True)
    assert last.response is not None
    return Result(
        exchanges=len(samples),
        request_bytes=len(last.request.raw),
        response_bytes=len(last.response.raw),
        driven_ms=_median_ms([s.driven_s for s in samples]),
        bare_ms=_median_ms([s.bare_s for s in samples]),
        ratio=round(statistics.median(ratios), 2),
        ratio_p10=round(ratios[len(ratios) // 10], 2),
        ratio_p90=round(ratios[len(ratios) * 9 // 10], 2),
        stages_ms={name: _median_ms(values) for name, values in stages},
        answer_ms=_median_ms([s.answer_s for s in samples]),
    )


def _median_ms(values_s: Sequence[float]) -> float:
    return round(statistics.median(values_s) * 1000, 3)


def text_of(result: Result) -> list[str]:
    """The lines that are printed."""
    total = sum(result.stages_ms.values())
    sizes = f"{result.request_bytes} bytes (answer of {result.response_bytes} bytes)"
    spread = f"median of the pairs; 10 % below {result.ratio_p10}, 10 % above {result.ratio_p90}"
    lines = [
        f"{result.exchanges} pairs of a driven ITI-55 and a bare POST of the same {sizes}",
        f"driven   {result.driven_ms:8.2f} ms",
        f"bare     {result.bare_ms:8.2f} ms",
        f"ratio    {result.ratio:8.2f}     {spread}",
        "where the time of a driven exchange goes (medians):",
    ]
    lines += [f"  {name:<19} {ms:8.2f} ms {ms / total:6.1%}" for name, ms in result.stages_ms.items()]
    lines.append(f"  (of network and answer, {result.answer_ms:.2f} ms are the simulated system making its answer)")
    return lines


if __name__ == "__main__":
    raise SystemExit(main())
