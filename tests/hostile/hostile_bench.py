"""Systems under test that mean ill, and the bench on which bundled scenarios are run against them.

Country A answers with the bundled system's own reply, changed by whoever holds the connection; every listener is made of
`ssl` and `socket` alone. All people are those of the bundled population.
"""

import asyncio
import contextlib
import socket
import ssl
import threading
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from harness.model import OurSide, RowResult, Sut
from harness.packs import Library, bundled_data, load_library, load_sut, packs_with_builtin, select
from harness.peers import Pki, client_context, make_pki, pki_to_files, server_context
from harness.reference import Endpoints, Identity, ReferenceConfig, describe_sut, make_identity
from harness.reference._holdings import load_holdings
from harness.reference._responding import RespondingSystem
from harness.reference._server import HttpQuestion, HttpReply
from harness.runner import RunSpec, Session, plan_rows
from harness.store import RunDirectory, write_folder
from harness.validators import Validator
from harness.wire import codes, saml, soap, xcpd, xmldsig
from harness.wire.x509 import Credentials

POPULATION = bundled_data() / "scenarios" / "populations" / "default.yaml"
ANSWER_WITHIN_S = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One request the hostile system has read: raw bytes, what the honest system would answer, the line it goes out on."""

    raw: bytes
    reply: HttpReply
    connection: ssl.SSLSocket

    @property
    def transaction(self) -> str:
        for name, mark in (("ITI-55", b"PRPA_IN201305UV02"), ("ITI-38", b"AdhocQueryRequest")):
            if mark in self.raw:
                return name
        return "ITI-39"

    def send(
        self,
        body: bytes | None = None,
        *,
        status: str = "200 OK",
        content_type: str | None = "",
        headers: Sequence[str] = (),
        length: int | None = None,
        version: str = "HTTP/1.1",
    ) -> None:
        """The answer on the wire; what is not given is that of the honest reply. `content_type` None leaves the field out."""
        content = self.reply.body if body is None else body
        lines = [f"{version} {status}", f"Content-Length: {len(content) if length is None else length}"]
        if content_type is not None:
            lines.append(f"Content-Type: {content_type or self.reply.content_type}")
        lines += ["Connection: close", *headers]
        self.connection.sendall("\r\n".join(lines).encode() + b"\r\n\r\n" + content)


type Behaviour = Callable[[Asked], None]


def honest(asked: Asked) -> None:
    asked.send(status=f"{asked.reply.status} X")


def on(transaction: str, behaviour: Behaviour) -> Behaviour:
    """`behaviour` in answers of `transaction`, honesty elsewhere."""
    return lambda asked: behaviour(asked) if asked.transaction == transaction else honest(asked)


class HostileA:
    """Country A on a free loopback port while it is entered."""

    def __init__(self, system: RespondingSystem, context: ssl.SSLContext, behave: Behaviour) -> None:
        self._system = system
        self._context = context
        self._behave = behave
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listening.getsockname()[1])

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None) -> None:
        with contextlib.suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()

    def _accept(self) -> None:
        while True:
            try:
                raw, _ = self._listening.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(raw,), daemon=True).start()

    def _serve(self, raw: socket.socket) -> None:
        with raw, contextlib.suppress(OSError):
            raw.settimeout(20)
            with self._context.wrap_socket(raw, server_side=True) as connection:
                request = _read_request(connection)
                if request:
                    self._behave(Asked(raw=request, reply=self._honest(request, connection), connection=connection))

    def _honest(self, request: bytes, connection: ssl.SSLSocket) -> HttpReply:
        head, _, body = request.partition(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        fields = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
        return self._system.answer(
            HttpQuestion(
                path=lines[0].split(" ")[1],
                content_type=fields.get("content-type"),
                body=body,
                certificate=connection.getpeercert(binary_form=True) or b"",
            )
        )


def _read_request(connection: ssl.SSLSocket) -> bytes:
    data = b""
    while b"\r\n\r\n" not in data:
        more = connection.recv(65536)
        if not more:
            return b""
        data += more
    head, _, body = data.partition(b"\r\n\r\n")
    lengths = [line.split(b":")[1] for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")]
    missing = int(lengths[0]) - len(body)
    while missing > 0:
        more = connection.recv(missing)
        data, missing = data + more, missing - len(more)
    return data


class Bench:
    """Keys, library and validator that all tests share."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.library: Library = load_library(bundled_data())
        self.identity: Identity = make_identity(country="FR", host="127.0.0.1", at=now())
        self.pki: Pki = make_pki("BE", "127.0.0.1", now())
        self.ours = OurSide()
        self.validator = Validator(packs_with_builtin([]))
        self._count = 0
        write_folder(folder / "pki", pki_to_files(self.pki))
        write_folder(folder, {"authority.pem": self.identity.authority})
        self._config = ReferenceConfig(
            actors=frozenset({"ncpeh-a"}),
            identity=self.identity,
            trust_anchors=self.pki.anchors,
            population_path=POPULATION,
            clock=now,
        )
        self._system = RespondingSystem(self._config, load_holdings(POPULATION, None))

    def hostile_a(self, behave: Behaviour, tls: Credentials | None = None) -> HostileA:
        context = server_context(tls or self.identity.tls, self.pki.anchors)
        return HostileA(self._system, context, behave)

    def sut(self, port: int) -> Sut:
        """Country A at loopback port `port`."""
        base = f"https://127.0.0.1:{port}"
        endpoints = Endpoints(xcpd=f"{base}/xcpd", xca=f"{base}/xca")
        text = describe_sut(self._config, endpoints, authorities_path="authority.pem", ours=OurSide(pki="pki"))
        file = self.folder / f"sut-{port}.yaml"
        file.write_text(text, encoding="utf-8")
        return replace(load_sut(file), answer_within_s=ANSWER_WITHIN_S)

    def run(self, sut: Sut, *targets: str) -> Mapping[str, RowResult]:
        """The result of each row of `targets`, run in one session; the run directory is `self.last`."""
        return asyncio.run(self._run(sut, targets))

    async def _run(self, sut: Sut, targets: tuple[str, ...]) -> Mapping[str, RowResult]:
        rows = plan_rows(select(self.library, targets), sut)
        self._count += 1
        self.last = self.folder / f"run-{self._count}"
        results: dict[str, RowResult] = {}
        with RunDirectory.create(self.last) as directory:
            spec = RunSpec(
                id=self.last.name,
                out=self.last,
                sut=sut,
                catalogue=self.library.requirements,
                population=self.library.populations["default"],
                pki_dir=self.folder / "pki",
            )
            session = Session(spec, directory, self.validator)
            session.begin(rows)
            async with session:
                for row in rows:
                    results[row.id] = await session.run_row(row)
            session.finish(rows)
        return results

    def against(self, behave: Behaviour, *targets: str, tls: Credentials | None = None) -> Mapping[str, RowResult]:
        """As `run`, against a country A that behaves like this."""
        with self.hostile_a(behave, tls) as system:
            return self.run(self.sut(system.port), *targets)


def now() -> datetime:
    return datetime.now(UTC)


# --- country B


class HostileB:
    """A country B whose trigger answers at once or late, and which asks what and when a test tells it to.

    `acts` is called in a thread of its own for each pull of the trigger, with the endpoint to ask; `answers` gives what the
    trigger says and after how many seconds.
    """

    def __init__(self, bench: "Bench", acts: Callable[["Caller"], None], answers: tuple[float, bytes]) -> None:
        self._bench, self._acts, self._answers = bench, acts, answers
        self._context = server_context(bench.identity.tls, bench.pki.anchors)
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listening.getsockname()[1])
        self.peer_port = free_port()

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None) -> None:
        with contextlib.suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()

    def sut(self) -> Sut:
        text = f"""system: {{name: Hostile, version: "1"}}
actors:
  ncpeh-b: {{country: FR, home_community: "urn:oid:2.999.250", trigger: {{http: {{url: "https://127.0.0.1:{self.port}/t"}}}}}}
trust: {{authorities: authority.pem}}
ours: {{pki: pki, listen: {{host: 127.0.0.1, xcpd: {self.peer_port}, xca: {self.peer_port}}}}}
"""
        file = self._bench.folder / f"sut-b-{self.port}.yaml"
        file.write_text(text, encoding="utf-8")
        return load_sut(file)

    def _accept(self) -> None:
        while True:
            try:
                raw, _ = self._listening.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(raw,), daemon=True).start()

    def _serve(self, raw: socket.socket) -> None:
        with raw, contextlib.suppress(OSError):
            raw.settimeout(20)
            with self._context.wrap_socket(raw, server_side=True) as connection:
                if not _read_request(connection):
                    return
                caller = Caller(self._bench.identity.tls, self._bench.pki.anchors, self.peer_port)
                threading.Thread(target=self._acts, args=(caller,), daemon=True).start()
                delay_s, said = self._answers
                time.sleep(delay_s)
                head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(said)}\r\n\r\n"
                connection.sendall(head.encode() + said)


class Caller:
    """Raw TLS calls of country B to our peer."""

    def __init__(self, tls: Credentials, anchors: bytes, port: int) -> None:
        self._context = client_context(tls, anchors)
        self._port = port

    def send(self, data: bytes, *, wait: bool = True, context: ssl.SSLContext | None = None) -> bytes:
        """Write `data`; all that comes back when `wait`, nothing when the line is cut at once."""
        used = context or self._context
        with (
            contextlib.suppress(OSError),
            socket.create_connection(("127.0.0.1", self._port), timeout=10) as raw,
            used.wrap_socket(raw, server_hostname="127.0.0.1") as line,
        ):
            line.sendall(data)
            got = b""
            while wait and (more := line.recv(65536)):
                got += more
            return got
        return b""


def post(body: bytes, path: str = "/xcpd", content_type: str = soap.CONTENT_TYPE) -> bytes:
    """An HTTP request that closes its connection."""
    head = f"POST {path} HTTP/1.1\r\nHost: peer\r\nContent-Type: {content_type}\r\nContent-Length: {len(body)}"
    return head.encode() + b"\r\nConnection: close\r\n\r\n" + body


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def discovery(bench: Bench, *, alter: Callable[[list[bytes]], list[bytes]] = list) -> bytes:
    """A good ITI-55 envelope of the bundled B system's country; `alter` changes its signed assertions."""
    at = now()
    practitioner = bench.library.populations["default"].practitioners["physician"]
    patient = bench.library.populations["default"].patients["pt-nominal"]
    assertion = saml.new_hcp_assertion(
        practitioner, id=f"_{uuid.uuid4()}", country="FR", home_community="urn:oid:2.999.250", at=at
    )
    signed = xmldsig.sign(saml.build_assertion(assertion), bench.identity.seal)
    query = xcpd.DiscoveryQuery(
        message_id=xcpd.Ii(root=str(uuid.uuid4()), extension="1"),
        creation_time=xcpd.hl7_time(at),
        sender=xcpd.device("2.999.250"),
        receivers=(xcpd.device("2.999.56.1"),),
        query_id=xcpd.Ii(root=str(uuid.uuid4()), extension="2"),
        ids=tuple(xcpd.Ii(root=i.root, extension=i.extension) for i in patient.ids),
    )
    addressing = soap.Addressing(
        action=codes.ACTIONS["ITI-55"].request, message_id=f"urn:uuid:{uuid.uuid4()}", to="https://peer/xcpd"
    )
    return soap.build_envelope(addressing=addressing, payload=xcpd.build_query(query), assertions=alter([signed]))
