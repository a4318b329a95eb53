"""The smallest system under test: a TLS listener that answers every request the way it is told to, for transport tests."""

import contextlib
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from harness.peers import make_pki, server_context
from harness.runner import utc_now

FAULT = (
    b'<soap:Envelope xmlns:soap="http://www.w3.org/2003/05/soap-envelope"><soap:Body><soap:Fault><soap:Code>'
    b'<soap:Value>soap:Sender</soap:Value></soap:Code><soap:Reason><soap:Text xml:lang="en">no</soap:Text></soap:Reason>'
    b"</soap:Fault></soap:Body></soap:Envelope>"
)

type Behaviour = Callable[[ssl.SSLSocket], None]


def answer(body: bytes = FAULT, status: str = "500 Internal Server Error", length: int | None = None) -> bytes:
    """An HTTP answer that announces `length` bytes, those of `body` by default."""
    head = f"HTTP/1.1 {status}\r\nContent-Type: application/soap+xml; charset=UTF-8\r\nContent-Length: "
    return (
        head.encode() + str(len(body) if length is None else length).encode() + b"\r\nConnection: close\r\n\r\n" + body
    )


def fault(connection: ssl.SSLSocket) -> None:
    connection.sendall(answer())


def reset(connection: ssl.SSLSocket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def cut(connection: ssl.SSLSocket) -> None:
    connection.sendall(answer(FAULT[: len(FAULT) // 2], length=len(FAULT)))


def garbage(connection: ssl.SSLSocket) -> None:
    connection.sendall(b"\x00\x01 this is no HTTP\r\n\r\n")


def late(connection: ssl.SSLSocket) -> None:
    time.sleep(3)
    with contextlib.suppress(OSError):
        connection.sendall(answer())


class TinySut:
    """Listens on a free loopback port while it is entered. `asked` counts the requests it has read.

    `behave` may be changed at any time; `asked_for` is set by each request.
    """

    def __init__(self, behave: Behaviour) -> None:
        self.behave = behave
        self.asked = 0
        self.asked_for = threading.Event()
        self._pki = make_pki("FR", "127.0.0.1", utc_now())
        self._context = server_context(self._pki.tls, self._pki.anchors)
        self._context.verify_mode = ssl.CERT_NONE
        self._listening = socket.create_server(("127.0.0.1", 0))

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None) -> None:
        with contextlib.suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()

    def write_sut(self, folder: Path, answer_within: str = "2s") -> Path:
        """The SUT file that leads to it, with its authority beside it."""
        (folder / "ca.pem").write_bytes(self._pki.anchors)
        return write_sut(folder, int(self._listening.getsockname()[1]), "ca.pem", answer_within)

    def _accept(self) -> None:
        while True:
            try:
                raw, _ = self._listening.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(raw,), daemon=True).start()

    def _serve(self, raw: socket.socket) -> None:
        with raw, contextlib.suppress(OSError), self._context.wrap_socket(raw, server_side=True) as connection:
            connection.settimeout(20)
            if _read_request(connection):
                self.asked += 1
                self.asked_for.set()
                self.behave(connection)


def _read_request(connection: ssl.SSLSocket) -> bool:
    data = b""
    while b"\r\n\r\n" not in data:
        more = connection.recv(65536)
        if not more:
            return False
        data += more
    head, _, body = data.partition(b"\r\n\r\n")
    lengths = [line.split(b":")[1] for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")]
    missing = int(lengths[0]) - len(body)
    while missing > 0:
        missing -= len(connection.recv(missing))
    return True


def write_sut(folder: Path, port: int, authority: str, answer_within: str = "2s") -> Path:
    """A SUT file for country A on loopback port `port`."""
    path = folder / "sut.yaml"
    path.write_text(
        f"""system: {{name: Tiny, version: "1"}}
actors:
  ncpeh-a:
    country: FR
    home_community: urn:oid:2.999.250
    endpoints: {{xcpd: "https://127.0.0.1:{port}/xcpd", xca: "https://127.0.0.1:{port}/xca"}}
trust: {{authorities: {authority}}}
ours: {{pki: pki}}
limits: {{answer_within: {answer_within}}}
""",
        encoding="utf-8",
    )
    return path


def write_scenario(folder: Path, id: str, *, tags: str = "tiny", expect: str = "soap_fault: any") -> Path:
    """A scenario that asks for one patient and wants a SOAP fault."""
    path = folder / f"{id.lower()}.yaml"
    path.write_text(
        f"""scenario: {id}
title: {{en: "One request of {id}", fr: "Une requête de {id}"}}
applies: {{profile: patient-summary, sut: ncpeh-a, wave: [8]}}
tags: [{tags}]
given: {{patient: pt-nominal, practitioner: physician}}
steps:
  - send: {{transaction: ITI-55, with: {{patient: "${{given.patient}}"}}, save: answer}}
  - expect: {{of: answer, any: [{{{expect}, grade: strict}}]}}
""",
        encoding="utf-8",
    )
    return path
