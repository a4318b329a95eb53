"""Systems under test that mean ill, and the bench on which bundled scenarios are run against them.

Country A answers with the bundled system's own reply, changed by whoever holds the connection; every listener is made of
`ssl` and `socket` alone. All people are those of the bundled population.
"""

import asyncio
import contextlib
import socket
import ssl
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from harness.model import OurSide, RowResult, Sut
from harness.packs import Library, bundled_data, load_library, load_sut, packs_with_builtin, select
from harness.peers import Pki, make_pki, pki_to_files, server_context
from harness.reference import Endpoints, Identity, ReferenceConfig, describe_sut, make_identity
from harness.reference._holdings import load_holdings
from harness.reference._responding import RespondingSystem
from harness.reference._server import HttpQuestion, HttpReply
from harness.runner import RunSpec, Session, plan_rows
from harness.store import RunDirectory, write_folder
from harness.validators import Validator
from harness.wire.x509 import Credentials

POPULATION = bundled_data() / "scenarios" / "populations" / "default.yaml"
ANSWER_WITHIN_S = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One request the hostile system has read: the raw bytes, what the honest system would answer, and the line it goes out on."""

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
