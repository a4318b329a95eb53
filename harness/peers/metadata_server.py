"""Our metadata publisher over HTTPS: answers lookups by itself and keeps each one until somebody takes it.

A registry answers whoever asks, as often as they ask; a scenario says what it publishes and looks at the lookups
afterwards. Nothing about patients is served, so a client certificate is not required.
"""

import asyncio
import socket
import ssl
from collections.abc import Mapping
from dataclasses import replace

from harness.errors import WireError
from harness.model import Exchange
from harness.peers.answers import Incoming, PlannedAnswer
from harness.peers.clock import Clock
from harness.peers.listener import PeerServer
from harness.peers.publishing import Publisher
from harness.wire import smp

ENDPOINT = "smp"


class UnservedAddress:
    """An https address where nobody listens and nobody else can; free it with `close`."""

    def __init__(self, host: str) -> None:
        self._socket = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
        self._socket.bind((host, 0))
        port = self._socket.getsockname()[1]
        self.url = f"https://[{host}]:{port}/moved" if ":" in host else f"https://{host}:{port}/moved"

    def close(self) -> None:
        self._socket.close()


class MetadataServer:
    """Serves what `publisher` publishes; one for a run."""

    def __init__(self, publisher: Publisher, context: ssl.SSLContext, clock: Clock) -> None:
        self._publisher = publisher
        self._altered: dict[str, tuple[str, ...]] = {}
        self._lookups: list[Exchange] = []
        self._changed = asyncio.Event()
        self._server = PeerServer(
            context, clock, autoreply=self._answer, on_exchange=self._answered, served=(ENDPOINT,)
        )

    @property
    def endpoints(self) -> Mapping[str, str]:
        """Endpoint key `smp` to the root URL of the publisher."""
        return self._server.endpoints

    async def start(self, host: str, port: int) -> None:
        """Listen on `host` and `port`; 0 is any free one.

        Raises:
            PeerError: the address cannot be listened on.
        """
        await self._server.start(host, {ENDPOINT: port})

    async def aclose(self) -> None:
        await self._server.aclose()

    def publish(self, alterations: tuple[str, ...]) -> None:
        """What is published from now on: our metadata, altered by the faults of these names."""
        self._publisher.publish(alterations)

    async def next_lookup(self, service: str, within_s: float) -> Exchange | None:
        """The oldest lookup of `service` (any when empty) that was not taken, which then is; None after `within_s`."""
        deadline = asyncio.get_running_loop().time() + within_s
        while True:
            found = next((e for e in self._lookups if not service or asked_service(e) == service), None)
            if found is not None:
                self._lookups.remove(found)
                return found
            self._changed.clear()
            try:
                async with asyncio.timeout_at(deadline):
                    await self._changed.wait()
            except TimeoutError:
                return None

    def take_all(self) -> tuple[Exchange, ...]:
        """Every lookup that was not taken, oldest first."""
        taken, self._lookups = tuple(self._lookups), []
        return taken

    def _answer(self, incoming: Incoming) -> PlannedAnswer:
        answer, names = self._publisher.answer(incoming)
        self._altered[f"x{incoming.number:04d}"] = names
        return answer

    def _answered(self, exchange: Exchange) -> None:
        self._lookups.append(replace(exchange, altered=self._altered.pop(exchange.id, ())))
        self._changed.set()


def asked_service(exchange: Exchange) -> str:
    """The service that a lookup asks for: a word of `METADATA_SERVICES`; empty for the whole group, or none that is known."""
    target = exchange.request.start_line.split(" ")[1] if exchange.request.start_line.count(" ") == 2 else ""
    try:
        _, document = smp.parse_path(smp.below_root(target))
    except WireError:
        return ""
    return smp.service_of(document) if document is not None else ""
