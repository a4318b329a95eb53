"""What was observed on the wire: immutable records, bytes as received."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Party(StrEnum):
    """Who did something: the system under test, or a peer of ours."""

    SUT = "sut"
    PEER = "peer"


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsFacts:
    """What was negotiated on one connection, seen from our end. Times are aware UTC.

    `peer_certificate` is the other end's certificate in DER, empty when it sent none; the texts are read from it.
    `peer_country` is the C of its subject.
    """

    version: str
    cipher: str
    peer_certificate: bytes = b""
    peer_subject: str = ""
    peer_issuer: str = ""
    peer_country: str | None = None
    peer_common_name: str | None = None
    peer_not_before: datetime | None = None
    peer_not_after: datetime | None = None
    client_certificate_sent: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpRecord:
    """One HTTP message.

    `raw` is exactly what crossed the wire (start line, header fields, framing, body); `body` is the content without
    transfer and content coding (chunks; gzip, deflate). `start_line` is without CRLF; `headers` keep order and spelling of
    names. `complete` is False when the message ended early. For a message that never became HTTP, `start_line` is empty.
    """

    raw: bytes
    body: bytes
    start_line: str
    headers: tuple[tuple[str, str], ...]
    complete: bool = True

    def header(self, name: str) -> str | None:
        """The first value of field `name` (any case), or None."""
        wanted = name.lower()
        return next((value for key, value in self.headers if key.lower() == wanted), None)

    @property
    def status(self) -> int | None:
        """Status code of a response, None for a request or a broken status line."""
        parts = self.start_line.split(" ", 2)
        if len(parts) >= 2 and parts[0].startswith("HTTP/") and parts[1].isdigit():
            return int(parts[1])
        return None


class FailureKind(StrEnum):
    """How an exchange broke; the first three accuse the environment or configuration, the others the other end."""

    NAME_NOT_RESOLVED = "name-not-resolved"
    NOT_REACHABLE = "not-reachable"
    TLS_REFUSED = "tls-refused"
    TIMED_OUT = "timed-out"
    RESET = "reset"
    CUT = "cut"
    NOT_HTTP = "not-http"
    NO_REQUEST = "no-request"


@dataclass(frozen=True, slots=True, kw_only=True)
class TransportFailure:
    """What ended an exchange early; `detail` is a technical text without message content."""

    kind: FailureKind
    detail: str
    after_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """One request with its response, as bytes.

    `id` is unique in a run (`x0001`). `initiator` says who asked. `altered` lists mutation names (when we asked) or reply
    fault names (when we answered) that were applied on purpose: what is wrong by our own hand accuses nobody.
    `response` is None when none came (see `failure`). Times are aware UTC; `duration_s` runs from the first byte sent to
    the last received.
    """

    id: str
    transaction: str
    initiator: Party
    url: str
    started_at: datetime
    duration_s: float
    request: HttpRecord
    response: HttpRecord | None = None
    tls: TlsFacts | None = None
    failure: TransportFailure | None = None
    altered: tuple[str, ...] = ()

    def sent_by_sut(self) -> HttpRecord | None:
        """The message of this exchange that the system under test wrote, None when it wrote none."""
        return self.request if self.initiator is Party.SUT else self.response


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditRecord:
    """One syslog message that reached our audit record repository (ITI-20), as bytes.

    `id` is unique in a run (`a0001`). `raw` is exactly what crossed the wire: the frame with its octet count over `tls`, the
    datagram over `udp`. `connection` counts the connections of the run from 1 (0 for datagrams), `number` the messages on
    it. `received_at` is by our clock, aware UTC.
    """

    id: str
    transport: str
    received_at: datetime
    raw: bytes
    connection: int = 0
    number: int = 1
    tls: TlsFacts | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TriggerOutcome:
    """What came of making the SUT act: `shown` is the JSON text it answered to its user side, when it did."""

    kind: str
    ok: bool
    shown: str = ""
    detail: str = ""
    duration_s: float = 0.0
    failure: TransportFailure | None = None
