"""What a listener did not take, kept within limits: a flood of bad requests must not fill memory or disk."""

import logging
from dataclasses import replace

from harness.model import TlsFacts
from harness.peers.answers import ListenerLimits, Refusal
from harness.peers.clock import Clock

_log = logging.getLogger(__name__)


class RefusalLog:
    """Refusals, oldest first, each with the bytes that came, as far as `limits` allow; what is over is counted."""

    def __init__(self, clock: Clock, limits: ListenerLimits) -> None:
        self._clock = clock
        self._limits = limits
        self._kept: list[Refusal] = []
        self._bytes = 0
        self._left_out = 0

    @property
    def kept(self) -> tuple[Refusal, ...]:
        """Those not taken yet."""
        return tuple(self._kept)

    def add(self, kind: str, detail: str, raw: bytes | bytearray = b"", tls: TlsFacts | None = None) -> None:
        """Note a refusal; `raw` are the bytes that came, of which the first `max_refused_bytes` are kept."""
        _log.debug("refused (%s): %s", kind, detail)
        if len(self._kept) >= self._limits.max_refusals:
            self._left_out += 1
            return
        room = max(0, self._limits.max_refused_total_bytes - self._bytes)
        held = bytes(raw[: min(self._limits.max_refused_bytes, room)])
        self._bytes += len(held)
        self._kept.append(
            Refusal(kind=kind, detail=detail, at=self._clock(), raw=held, received_bytes=len(raw), tls=tls)
        )

    def take(self) -> tuple[Refusal, ...]:
        """All of them, which are then the caller's; the last one says how many more there were."""
        taken = self._kept
        if self._left_out:
            more = f"{self._left_out} more were refused and not kept one by one"
            taken = [*taken, replace(taken[-1], detail=more, raw=b"", received_bytes=0, tls=None)]
        self._kept, self._bytes, self._left_out = [], 0, 0
        return tuple(taken)
