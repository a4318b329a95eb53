"""Whether the SUT's addresses can be reached at all, asked once before the first row.

Only TCP: what comes after an accepted connection is evidence and belongs to the rows.
"""

import asyncio
from collections.abc import Mapping
from urllib.parse import urlsplit

from harness.model import Sut, say

CONNECT_TIMEOUT_S = 5.0


async def unreachable_endpoints(sut: Sut) -> Mapping[str, str]:
    """Actor -> what is wrong, for each actor of `sut` none of whose rows can be run."""
    problems: dict[str, str] = {}
    for name, actor in sut.actors.items():
        urls = dict(actor.endpoints)
        if actor.trigger and actor.trigger.url:
            urls["trigger"] = actor.trigger.url
        targets = {_target(url): key for key, url in urls.items()}
        results = await asyncio.gather(*(_reach(host, port) for host, port in targets))
        for (host, port), problem in zip(targets, results, strict=True):
            if problem:
                key = targets[host, port]
                problems[name] = say("unreachable", endpoint=key, host=host, port=port, what=problem)
    return problems


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
