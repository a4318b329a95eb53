"""Whether the SUT's addresses can be reached at all, asked once before the first row.

Only TCP: what comes after an accepted connection is evidence and belongs to the rows.
"""

import asyncio
from collections.abc import Mapping
from urllib.parse import urlsplit

from harness.model import TRANSACTIONS, Receive, Scenario, Send, Sut, SutActor, Trigger, say, walk

CONNECT_TIMEOUT_S = 5.0
TRIGGER = "trigger"


async def unreachable_endpoints(sut: Sut) -> Mapping[tuple[str, str], str]:
    """(actor, endpoint key or `trigger`) -> what is wrong, for every address of `sut` that cannot be reached."""
    addresses = {
        (name, key): _target(url)
        for name, actor in sut.actors.items()
        for key, url in {**actor.endpoints, **_trigger(actor)}.items()
    }
    targets = tuple(dict.fromkeys(addresses.values()))
    results = dict(zip(targets, await asyncio.gather(*(_reach(host, port) for host, port in targets)), strict=True))
    return {
        place: say("unreachable", endpoint=place[1], host=host, port=port, what=results[host, port])
        for place, (host, port) in addresses.items()
        if results[host, port]
    }


def needed_endpoints(scenario: Scenario) -> frozenset[tuple[str, str]]:
    """(actor, endpoint key or `trigger`) of every address that the steps of `scenario` call."""
    steps = walk(scenario.steps)
    asked = {
        (TRANSACTIONS[s.transaction].responder, TRANSACTIONS[s.transaction].endpoint)
        for s in steps
        if isinstance(s, Send)
    }
    made = {("ncpeh-b", TRIGGER) for s in steps if isinstance(s, Trigger)}
    return frozenset(asked | made)


def needs_publisher(scenario: Scenario) -> bool:
    """Whether the steps of `scenario` wait for lookups of our service metadata."""
    return any(isinstance(s, Receive) and s.transaction == "SMP" for s in walk(scenario.steps))


def _trigger(actor: SutActor) -> Mapping[str, str]:
    return {TRIGGER: actor.trigger.url} if actor.trigger and actor.trigger.url else {}


def _target(url: str) -> tuple[str, int]:
    parts = urlsplit(url)
    return parts.hostname or "", parts.port or (80 if parts.scheme == "http" else 443)


async def _reach(host: str, port: int) -> str:
    try:
        async with asyncio.timeout(CONNECT_TIMEOUT_S):
            _, writer = await asyncio.open_connection(host, port)
    except TimeoutError:
        return say("no-answer-within", seconds=f"{CONNECT_TIMEOUT_S:g}")
    except ConnectionRefusedError:
        return say("refused")
    except (OSError, UnicodeError) as exc:
        # UnicodeError: a label of the host name that no name system can carry
        return (getattr(exc, "strerror", None) or str(exc)).lower()
    writer.close()
    return ""
