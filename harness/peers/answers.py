"""What passes between the listener and whoever answers: requests that came, answers that are planned, limits."""

from dataclasses import dataclass
from datetime import datetime

from harness.model import HttpRecord, TlsFacts
from harness.peers.records import MAX_BODY_BYTES, MAX_HEAD_BYTES

BEHAVIOURS = ("whole", "chunked", "trickle", "reset", "truncate", "never")


@dataclass(frozen=True, slots=True, kw_only=True)
class ListenerLimits:
    """What a caller may take: times in seconds, sizes in bytes.

    `send_s` is for a caller who does not read our answer. `max_framing_bytes` bounds what chunks add to a body,
    `max_held_bytes` the requests of all connections together. The last three bound what is kept of refusals between two
    looks: how many, of each, of all.
    """

    handshake_s: float = 10.0
    idle_s: float = 75.0
    head_s: float = 20.0
    body_s: float = 120.0
    hold_s: float = 600.0
    send_s: float = 60.0
    linger_s: float = 1.0
    max_head_bytes: int = MAX_HEAD_BYTES
    max_body_bytes: int = MAX_BODY_BYTES
    max_framing_bytes: int = 1024 * 1024
    max_held_bytes: int = 256 * 1024 * 1024
    max_connections: int = 1024
    max_refusals: int = 1000
    max_refused_bytes: int = 64 * 1024
    max_refused_total_bytes: int = 8 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Incoming:
    """A request that has come and waits for its answer. `arrived` is on the monotonic clock, in seconds."""

    number: int
    request: HttpRecord
    tls: TlsFacts
    url: str
    transaction: str
    arrived_at: datetime
    arrived: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedAnswer:
    """What to answer: after `delay_s`, the whole of it (`chunked`: in chunks; `trickle`: in pieces over `trickle_s`), half of
    it (`truncate`), a reset connection, or never.

    Content-Length or Transfer-Encoding is added. `never` keeps the connection open without a byte until the caller gives up.
    """

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    delay_s: float = 0.0
    behaviour: str = "whole"
    trickle_s: float = 0.0

    def __post_init__(self) -> None:
        if self.behaviour not in BEHAVIOURS:
            raise ValueError(f"unknown behaviour {self.behaviour!r}; expected one of {', '.join(BEHAVIOURS)}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A connection that never became a request for us: `kind` is `tls` or `http`, `detail` why, without content.

    `raw` is what came, from the first byte on and perhaps cut, of `received_bytes` altogether: on a connection that is not
    secured as it crossed the wire, else as decrypted.
    """

    kind: str
    detail: str
    at: datetime
    raw: bytes = b""
    received_bytes: int = 0
    tls: TlsFacts | None = None
