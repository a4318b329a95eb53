"""What the simulated NCPeH-A bears: requests per second and latencies, beside an echo on the same listener.

The peer answers ITI-55 with signatures, lifetimes and assertions verified. The echo takes the same bytes on the same
listener, over the same mutual TLS, in the same run, turn and turn about; only the ratio of the two means anything on another
machine. Load comes from a process of its own, so that it does not share an interpreter with what it measures.
"""

import argparse
import asyncio
import json
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from harness.model import Localized, OurSide, SutActor, Temperament
from harness.packs import bundled_data, load_library
from harness.peers import (
    Character,
    Incoming,
    InitiatingGateway,
    PeerServer,
    PlannedAnswer,
    RespondingGateway,
    SeededIds,
    client_context,
    make_pki,
    pki_from_files,
    pki_to_files,
    server_context,
)
from harness.runner import utc_now
from harness.store import read_folder, write_folder
from harness.wire import x509

HOST, ECHO = "127.0.0.1", "?echo"
CLIENTS = (1, 16, 128)
BODIES = 16
DEMANDS = ("assertions", "lifetime", "signatures")
MARK = b"PRPA_IN201306UV02"


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """One burst: whole requests per second, and latencies in milliseconds."""

    per_second: float
    p50_ms: float
    p95_ms: float
    p99_ms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """Peer and echo under one number of clients; `ratio` is how many echoes one answer is worth, by throughput."""

    clients: int
    requests: int
    peer: Load
    echo: Load
    ratio: float
    latency_ratio: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What `measure` found; `peak_mb` is the resident memory of the peer's process at its highest."""

    request_bytes: int
    levels: tuple[Level, ...]
    peak_mb: float


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; always 0."""
    parser = argparse.ArgumentParser(description="Load on the simulated country A as a ratio to an echo.")
    parser.add_argument("--count", type=int, default=1500, help="requests of each burst (default 1500)")
    parser.add_argument("--clients", type=int, nargs="+", default=list(CLIENTS), help="clients (default 1 16 128)")
    parser.add_argument("--rounds", type=int, default=3, help="bursts of each, turn and turn about (default 3)")
    parser.add_argument("--json", action="store_true", help="print JSON instead of text")
    parser.add_argument("--generate", metavar="FOLDER", help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if min(options.count, options.rounds, *options.clients) < 1:
        parser.error("--count, --clients and --rounds must be at least 1")
    if options.generate:
        return asyncio.run(generate(Path(options.generate)))
    result = asyncio.run(measure(options.count, options.clients, options.rounds))
    print(json.dumps(asdict(result), indent=1) if options.json else "\n".join(text_of(result)))
    return 0


async def measure(count: int, clients: Sequence[int], rounds: int) -> Result:
    """Load the peer and the echo with `count` requests from each number of `clients`, `rounds` times."""
    asking, answering = make_pki("FR", HOST, utc_now()), make_pki("BE", HOST, utc_now())
    population = load_library(bundled_data()).populations["default"]
    gateway = RespondingGateway(OurSide(), population, utc_now, SeededIds(1))
    text = Localized(en="benchmark")
    gateway.character = Character(
        Temperament(name="benchmark", digest="", title=text, explains=text, demands=DEMANDS),
        anchors=tuple(x509.parse_certificates(asking.anchors)),
    )

    def answer(incoming: Incoming) -> PlannedAnswer:
        if incoming.url.endswith(ECHO):
            kind = ("Content-Type", incoming.request.header("content-type") or "")
            return PlannedAnswer(status=200, headers=(kind,), body=incoming.request.body)
        return gateway.answer(incoming.request, incoming.transaction, {})

    server = PeerServer(server_context(answering.tls, asking.anchors), utc_now, autoreply=answer)
    await server.start(HOST, {})
    url = server.endpoints["xcpd"]
    asker = InitiatingGateway(
        asking,
        OurSide(country="FR", home_community="urn:oid:2.999.250"),
        answering.anchors,
        utc_now,
        SeededIds(2),
    )
    target = SutActor(actor="ncpeh-a", country="BE", home_community=OurSide().home_community, endpoints={"xcpd": url})
    bodies = [
        asker.prepare(
            "ITI-55",
            {"patient": "pt-nominal"},
            target=target,
            patients=population.patients,
            practitioners=population.practitioners,
            session=asker.new_session(),
        ).request.body
        for _ in range(BODIES)
    ]
    with tempfile.TemporaryDirectory(prefix="harness-benchmark-") as name:
        folder = Path(name)
        write_folder(folder / "pki", pki_to_files(asking))
        files = {f"{number}.xml": body for number, body in enumerate(bodies)}
        write_folder(folder, {"authority.pem": answering.anchors, **files})
        try:
            levels = [await _level(folder, url, n, count, rounds) for n in clients]
        finally:
            await server.aclose()
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return Result(request_bytes=len(bodies[0]), levels=tuple(levels), peak_mb=round(peak_mb, 1))


async def _level(folder: Path, url: str, clients: int, count: int, rounds: int) -> Level:
    """Both under `clients`; each burst is a new process, and which of the two is first alternates."""
    await _burst(folder, url, clients, min(count, 4 * clients))  # warm
    spent: dict[str, list[float]] = {url: [], url + ECHO: []}
    latencies: dict[str, list[float]] = {url: [], url + ECHO: []}
    for number in range(rounds):
        for one in (url, url + ECHO) if number % 2 else (url + ECHO, url):
            seconds, found = await _burst(folder, one, clients, count)
            spent[one].append(seconds)
            latencies[one] += found
    peer, echo = (_load(count, spent[one], latencies[one]) for one in (url, url + ECHO))
    return Level(
        clients=clients,
        requests=count * rounds,
        peer=peer,
        echo=echo,
        ratio=round(echo.per_second / peer.per_second, 2),
        latency_ratio=round(peer.p50_ms / echo.p50_ms, 2),
    )


def _load(count: int, seconds: Iterable[float], latencies: list[float]) -> Load:
    ordered = sorted(latencies)
    p50, p95, p99 = (round(ordered[int((len(ordered) - 1) * p)] * 1000, 2) for p in (0.5, 0.95, 0.99))
    return Load(per_second=round(count / statistics.median(seconds), 1), p50_ms=p50, p95_ms=p95, p99_ms=p99)


async def _burst(folder: Path, url: str, clients: int, count: int) -> tuple[float, list[float]]:
    """Seconds that `count` requests of `clients` took in a process of their own, and the latency of each, in seconds."""
    order = json.dumps({"url": url, "clients": clients, "count": count})
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        str(Path(__file__)),
        "--generate",
        str(folder),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    out, _ = await child.communicate(order.encode())
    if child.returncode:
        raise RuntimeError("the load generator failed")
    found = json.loads(out)
    return float(found["seconds"]), [float(s) for s in found["latencies"]]


async def generate(folder: Path) -> int:
    """The other process: read what to do from standard input, do it, print the times."""
    order = json.loads(sys.stdin.read())
    pki = pki_from_files(read_folder(folder / "pki"), at=utc_now(), host=HOST)
    context = client_context(pki.tls, (folder / "authority.pem").read_bytes())
    url, clients, left = str(order["url"]), int(order["clients"]), iter(range(int(order["count"])))
    path = "/" + url.split("/", 3)[3]
    requests = [_request(path, (folder / f"{n}.xml").read_bytes()) for n in range(BODIES)]
    port = int(url.split(":")[2].split("/")[0])
    lines = [await asyncio.open_connection(HOST, port, ssl=context) for _ in range(clients)]
    latencies: list[float] = []

    async def client(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for number in left:
            started = time.perf_counter()
            writer.write(requests[number % BODIES])
            body = await _answer(reader)
            latencies.append(time.perf_counter() - started)
            if MARK not in body and not path.endswith(ECHO):
                raise RuntimeError("the peer answered something else")

    started = time.perf_counter()
    await asyncio.gather(*(client(*line) for line in lines))
    print(json.dumps({"seconds": time.perf_counter() - started, "latencies": latencies}))
    for _, writer in lines:
        writer.transport.abort()
    return 0


def _request(path: str, body: bytes) -> bytes:
    head = f"POST {path} HTTP/1.1\r\nHost: {HOST}\r\nContent-Type: application/soap+xml; charset=UTF-8\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


async def _answer(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readuntil(b"\r\n\r\n")
    if not head.startswith(b"HTTP/1.1 200"):
        raise RuntimeError(f"the peer answered {head.splitlines()[0].decode()}")
    length = next(int(x.split(b":")[1]) for x in head.splitlines() if x.lower().startswith(b"content-length:"))
    return await reader.readexactly(length)


def text_of(result: Result) -> list[str]:
    """The lines that are printed."""
    lines = [
        f"ITI-55 of {result.request_bytes} bytes, signatures verified; peak memory of the peer {result.peak_mb} MB",
        f"{'clients':>8} {'':<5} {'per s':>8} {'p50 ms':>8} {'p95 ms':>8} {'p99 ms':>8} {'ratio':>7} {'latency ratio':>14}",
    ]
    for level in result.levels:
        for name, load in (("peer", level.peer), ("echo", level.echo)):
            figures = f"{load.per_second:8.1f} {load.p50_ms:8.2f} {load.p95_ms:8.2f} {load.p99_ms:8.2f}"
            ratios = f" {level.ratio:7.2f} {level.latency_ratio:14.2f}" if name == "peer" else ""
            lines.append(f"{level.clients if name == 'peer' else '':>8} {name:<5} {figures}{ratios}")
    return lines


if __name__ == "__main__":
    raise SystemExit(main())
