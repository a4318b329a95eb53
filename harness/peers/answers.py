"""What passes between the listener and whoever answers: requests that came, answers that are planned, limits."""

from dataclasses import dataclass
from datetime import datetime

from harness.model import HttpRecord, TlsFacts
from harness.peers.records import MAX_BODY_BYTES, MAX_HEAD_BYTES

BEHAVIOURS = ("whole", "reset", "truncate", "never")


@dataclass(frozen=True, slots=True, kw_only=True)
class ListenerLimits:
    """What a caller may take: times in seconds, sizes in bytes."""

    handshake_s: float = 10.0
    idle_s: float = 75.0
    head_s: float = 20.0
    body_s: float = 120.0
    hold_s: float = 600.0
    linger_s: float = 1.0
    max_head_bytes: int = MAX_HEAD_BYTES
    max_body_bytes: int = MAX_BODY_BYTES
    max_connections: int = 256


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
    """What to answer: after `delay_s`, the whole of it, half of it (`truncate`), a reset connection, or never.

    Content-Length is added. `never` keeps the connection open without a byte until the caller gives up.
    """

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    delay_s: float = 0.0
    behaviour: str = "whole"

    def __post_init__(self) -> None:
        if self.behaviour not in BEHAVIOURS:
            raise ValueError(f"unknown behaviour {self.behaviour!r}; expected one of {', '.join(BEHAVIOURS)}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A connection that never became a request for us: `kind` is `tls` or `http`, `detail` why, without content."""

    kind: str
    detail: str
    at: datetime
