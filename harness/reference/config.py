"""What the bundled system is told when it starts: who it plays, its keys, whom it trusts, what it holds."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from harness.wire.x509 import Credentials

NCPEH_A = "ncpeh-a"
NCPEH_B = "ncpeh-b"

type Clock = Callable[[], datetime]
"""Gives the present instant, aware UTC."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Keys of one country: `authority` in PEM, a TLS certificate (client and server use) and a seal certificate."""

    authority: bytes
    tls: Credentials = field(repr=False)
    seal: Credentials = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class PeerSide:
    """The country that the B side asks: its community and its endpoint URLs; without `xdr` nothing can be submitted to it.

    `sts` and `sts_nok` are token services of somebody else, which the B side asks when its user wants it so. With `smp`, the
    root URL of the publisher of `country`, the endpoints are looked up there instead.
    """

    home_community: str
    xcpd: str
    xca: str
    xdr: str = ""
    sts: str = ""
    sts_nok: str = ""
    smp: str = ""
    country: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditSide:
    """The repository that takes our audit records: `transport` is tls or udp."""

    host: str
    port: int
    transport: str = "tls"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferenceConfig:
    """All the bundled system needs to know.

    `trust_anchors` is PEM: authorities of the other countries; `trust_revocations` their revocation lists, empty for none.
    Ports 0 mean any free one. `peer` is needed for the B side only; without `audit` no audit record is sent. `faults` are
    names of `FAULTS`. `slow_s` is how long a fault that delays an answer or a record waits; `timeout_s` bounds every call
    of the B side.
    """

    actors: frozenset[str]
    identity: Identity
    trust_anchors: bytes
    population_path: Path
    clock: Clock
    country: str = "FR"
    home_community: str = "urn:oid:2.999.250"
    host: str = "127.0.0.1"
    port_a: int = 0
    port_b: int = 0
    documents_dir: Path | None = None
    peer: PeerSide | None = None
    audit: AuditSide | None = None
    faults: frozenset[str] = frozenset()
    trust_revocations: bytes = b""
    slow_s: float = 45.0
    timeout_s: float = 5.0

    def __post_init__(self) -> None:
        unknown = self.actors - {NCPEH_A, NCPEH_B}
        if unknown or not self.actors:
            raise ValueError(f"actors: unknown actor; expected 'ncpeh-a' or 'ncpeh-b', got {sorted(self.actors)}")

    @property
    def community(self) -> str:
        """The home community id as a bare OID, the form of HL7 v3."""
        return self.home_community.removeprefix("urn:oid:")

    @property
    def repository(self) -> str:
        """OID of the document repository behind the gateway."""
        return f"{self.community}.2"


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoints:
    """Where the system listens: https URLs, None for a role it does not play."""

    xcpd: str | None = None
    xca: str | None = None
    xdr: str | None = None
    smp: str | None = None
    trigger: str | None = None
    sts: str | None = None
    sts_nok: str | None = None
