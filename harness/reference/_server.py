"""HTTPS with the standard library: keep-alive, chunked requests, client certificates, and bad behaviour on demand.

Made without the harness's own listener, so that one misreading of HTTP does not pass unnoticed on both sides.
"""

import contextlib
import logging
import socket
import ssl
import struct
import tempfile
import threading
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, cast

from cryptography.hazmat.primitives import serialization

from harness.errors import PeerError
from harness.wire.x509 import Credentials

log = logging.getLogger(__name__)

MAX_BODY_BYTES = 64 * 1024 * 1024
MAX_CHUNK_LINE_BYTES = 1024
IDLE_S = 60.0
HANDSHAKE_S = 10.0
_NO_CHECK_TIME = ssl.VerifyFlags(0x200000)  # X509_V_FLAG_NO_CHECK_TIME of OpenSSL, which ssl has no name for


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpQuestion:
    """A request as it came off the wire; `certificate` is the client's, in DER, empty when it sent none."""

    path: str
    content_type: str | None
    body: bytes
    certificate: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpReply:
    """What to answer and how: `behaviour` is whole, reset or truncate; `delay_s` passes before the first byte."""

    status: int
    content_type: str
    body: bytes
    behaviour: str = "whole"
    delay_s: float = 0.0


type Answerer = Callable[[HttpQuestion], HttpReply]


class BadFraming(Exception):
    """The request's body cannot be delimited; the text is fit for a 400 answer."""


class Listener:
    """One HTTPS port; `answerers` maps a path to the function that answers POST on it, `readers` the first segment of a
    path to the one that answers GET below it.

    Without `chunks`, a declared fault, requests in chunks are turned away.
    """

    def __init__(
        self,
        host: str,
        port: int,
        context: ssl.SSLContext,
        answerers: dict[str, Answerer],
        readers: dict[str, Answerer] | None = None,
        *,
        chunks: bool = True,
    ) -> None:
        try:
            self._server = _Server((host, port), _Handler)
        except OSError as exc:
            raise PeerError(f"{host}:{port}: cannot listen; {exc.strerror or exc}") from exc
        self._server.context = context
        self._server.answerers = answerers
        self._server.readers = readers or {}
        self._server.chunks = chunks
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        """Stops listening and ends every open connection."""
        self._server.stopping.set()
        self._server.shutdown()
        self._server.server_close()
        self._server.end_connections()
        self._thread.join(timeout=5)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 64
    context: ssl.SSLContext
    answerers: dict[str, Answerer]
    readers: dict[str, Answerer]
    chunks: bool

    def __init__(self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler]) -> None:
        self.stopping = threading.Event()
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        super().__init__(address, handler)

    def finish_request(self, request: Any, client_address: Any) -> None:
        """Does the handshake in the connection's own thread, so that a slow client holds up nobody."""
        request.settimeout(HANDSHAKE_S)
        try:
            secured = self.context.wrap_socket(request, server_side=True)
        except (OSError, ValueError) as exc:
            log.info("TLS handshake refused: %s", exc)
            request.close()
            return
        with self._lock:
            self._open.add(secured)
        try:
            super().finish_request(secured, client_address)
        except (OSError, ValueError) as exc:
            log.info("connection ended: %s", exc)
        finally:
            with self._lock:
                self._open.discard(secured)
            _end(secured)

    def shutdown_request(self, request: Any) -> None:
        with contextlib.suppress(OSError):
            request.close()

    def handle_error(self, request: Any, client_address: Any) -> None:
        log.exception("a request could not be answered")

    def end_connections(self) -> None:
        with self._lock:
            held = list(self._open)
        for connection in held:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "ExempleNCPeH"
    sys_version = ""
    timeout = IDLE_S
    wbufsize = -1
    disable_nagle_algorithm = True

    def do_POST(self) -> None:
        server = cast("_Server", self.server)
        try:
            body = self._read_body()
        except BadFraming as exc:
            self.close_connection = True
            self._send(HttpReply(status=400, content_type="text/plain; charset=utf-8", body=str(exc).encode()))
            return
        path = self.path.partition("?")[0]
        answer = server.answerers.get(path)
        if answer is None:
            self._send(HttpReply(status=404, content_type="text/plain; charset=utf-8", body=b"no such service"))
            return
        connection = cast("ssl.SSLSocket", self.connection)
        reply = answer(
            HttpQuestion(
                path=path,
                content_type=self.headers.get("Content-Type"),
                body=body,
                certificate=connection.getpeercert(binary_form=True) or b"",
            )
        )
        if reply.delay_s and server.stopping.wait(reply.delay_s):
            self.close_connection = True
            return
        self._send(reply)

    def do_GET(self) -> None:
        path, _, wish = self.path.partition("?")
        server = cast("_Server", self.server)
        reader = server.readers.get("/" + path.split("/")[1] if path.startswith("/") else "")
        if reader is not None:
            self._send(reader(HttpQuestion(path=path, content_type=None, body=b"", certificate=b"")))
            return
        if wish.lower() == "wsdl" and path in server.answerers and path != "/trigger":
            self._send(HttpReply(status=200, content_type="text/xml; charset=UTF-8", body=_description(path)))
            return
        self._send(HttpReply(status=405, content_type="text/plain; charset=utf-8", body=b"this service takes POST"))

    def log_message(self, format: str, *args: Any) -> None:
        log.info(format, *args)

    def _read_body(self) -> bytes:
        coding = self.headers.get("Transfer-Encoding", "").strip().lower()
        if coding == "chunked" and cast("_Server", self.server).chunks:
            return self._read_chunks()
        if coding:
            raise BadFraming("transfer coding not known; expected 'chunked'")
        text = self.headers.get("Content-Length", "0").strip()
        if not text.isascii() or not text.isdigit() or int(text) > MAX_BODY_BYTES:
            raise BadFraming(f"Content-Length: not a length up to {MAX_BODY_BYTES}")
        body = self.rfile.read(int(text))
        if len(body) < int(text):
            raise BadFraming("the body ended early")
        return body

    def _read_chunks(self) -> bytes:
        parts: list[bytes] = []
        total = 0
        while True:
            line = self.rfile.readline(MAX_CHUNK_LINE_BYTES)
            size_text = line.partition(b";")[0].strip()
            try:
                size = int(size_text, 16)
            except ValueError as exc:
                raise BadFraming("a chunk without a size") from exc
            total += size
            if size < 0 or total > MAX_BODY_BYTES:
                raise BadFraming(f"the body is larger than {MAX_BODY_BYTES} bytes")
            if size == 0:
                break
            data = self.rfile.read(size)
            if len(data) < size or self.rfile.readline(3) not in (b"\r\n", b"\n"):
                raise BadFraming("a chunk of another length than it says")
            parts.append(data)
        while self.rfile.readline(MAX_CHUNK_LINE_BYTES) not in (b"\r\n", b"\n", b""):
            pass
        return b"".join(parts)

    def _send(self, reply: HttpReply) -> None:
        if reply.behaviour == "reset":
            self.close_connection = True
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()
            return
        self.send_response(reply.status)
        self.send_header("Content-Type", reply.content_type)
        self.send_header("Content-Length", str(len(reply.body)))
        if self.close_connection or reply.behaviour == "truncate":
            self.close_connection = True
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(reply.body[: len(reply.body) // 2] if reply.behaviour == "truncate" else reply.body)


def _description(path: str) -> bytes:
    """The least WSDL of the service at `path`: its name, no operation spelled out. Source: WSDL 1.1, 2.1."""
    name = path.strip("/").upper()
    content = (
        f'<definitions xmlns="http://schemas.xmlsoap.org/wsdl/" name="{name}"><service name="{name}"/></definitions>'
    )
    return content.encode()


def server_context(credentials: Credentials, anchors: bytes, faults: frozenset[str] = frozenset()) -> ssl.SSLContext:
    """A server context for TLS 1.2 and newer that asks the client for a certificate under `anchors` (PEM).

    Declared `faults` of TLS weaken it: fewer demands on the certificate, or old protocols and weak ciphers spoken too.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.verify_mode = ssl.CERT_REQUIRED
    _load(context, credentials, anchors)
    _weaken(context, faults)
    return context


def _weaken(context: ssl.SSLContext, faults: frozenset[str]) -> None:
    if "tls.client-certificate.untrusted-accepted" in faults:
        context.verify_mode = ssl.CERT_NONE
    elif "tls.client-certificate.not-required" in faults:
        context.verify_mode = ssl.CERT_OPTIONAL
    if "tls.client-certificate.dates-ignored" in faults:
        context.verify_flags |= _NO_CHECK_TIME
    if "tls.cipher.weak-accepted" in faults:
        context.set_ciphers("ALL:eNULL:@SECLEVEL=0")
    if "tls.version.old" in faults:
        context.set_ciphers("ALL:@SECLEVEL=0")  # the only level at which OpenSSL 3 still speaks them
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # of versions that a fault asks for
            context.minimum_version = ssl.TLSVersion.TLSv1


def client_context(credentials: Credentials, anchors: bytes) -> ssl.SSLContext:
    """A client context for TLS 1.2 and newer that shows our certificate and trusts `anchors` (PEM) alone."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    _load(context, credentials, anchors)
    return context


def _load(context: ssl.SSLContext, credentials: Credentials, anchors: bytes) -> None:
    # ssl reads certificates of its own side from files only; they live for the length of this call
    pem = serialization.Encoding.PEM
    chain = b"".join(c.public_bytes(pem) for c in (credentials.certificate, *credentials.chain))
    key = credentials.key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    try:
        context.load_verify_locations(cadata=anchors.decode("ascii"))
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "own.pem"
            file.touch(mode=0o600)
            file.write_bytes(key + chain)
            context.load_cert_chain(file)
    except (ssl.SSLError, ValueError) as exc:
        raise PeerError("TLS: certificate, key or trust anchors cannot be used") from exc


def _end(connection: ssl.SSLSocket) -> None:
    with contextlib.suppress(OSError, ValueError):
        connection.shutdown(socket.SHUT_RDWR)
    with contextlib.suppress(OSError):
        connection.close()
