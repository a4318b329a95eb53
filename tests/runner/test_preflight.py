"""Whether the addresses of the system can be reached is asked once, before anything is sent."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace

from harness.model import Sut, SutActor, TriggerMeans
from harness.packs import bundled_data, load_library
from harness.runner._preflight import needed_endpoints, unreachable_endpoints
from tests.runner.runner_bench import SUT


def sut(endpoints: Mapping[str, str], trigger: str | None = None) -> Sut:
    actor = SutActor(
        actor="ncpeh-a",
        country="FR",
        home_community="urn:oid:2.999.250",
        endpoints=endpoints,
        trigger=TriggerMeans(url=trigger) if trigger else None,
    )
    return replace(SUT, actors={"ncpeh-a": actor})


def asked_of(endpoints: Mapping[str, str], trigger: str | None = None) -> tuple[Mapping[tuple[str, str], str], int]:
    """The problems of a SUT whose `{open}` port listens, and how often it was connected to."""
    connections: list[int] = []

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connections.append(1)
        await reader.read()
        writer.close()

    async def work() -> Mapping[tuple[str, str], str]:
        server = await asyncio.start_server(accept, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        filled = {key: url.format(open=port) for key, url in endpoints.items()}
        problems = await unreachable_endpoints(sut(filled, trigger.format(open=port) if trigger else None))
        server.close()
        await asyncio.sleep(0.02)
        return problems

    return asyncio.run(work()), len(connections)


def test_open_port_is_reachable() -> None:
    assert asked_of({"xcpd": "https://127.0.0.1:{open}/xcpd"})[0] == {}


def test_port_that_several_endpoints_share_is_asked_once() -> None:
    urls = {key: f"https://127.0.0.1:{{open}}/{key}" for key in ("xcpd", "xca", "xdr")}
    assert asked_of(urls) == ({}, 1)


def test_port_where_nothing_listens_is_named_with_its_endpoint(unused_port: int) -> None:
    problems, _ = asked_of({"xca": f"https://127.0.0.1:{unused_port}/xca"})
    assert f"xca endpoint 127.0.0.1:{unused_port}" in problems["ncpeh-a", "xca"]
    assert "nothing was sent" in problems["ncpeh-a", "xca"]


def test_trigger_where_nothing_listens_is_named(unused_port: int) -> None:
    problems, _ = asked_of({}, f"https://127.0.0.1:{unused_port}/trigger")
    assert f"trigger endpoint 127.0.0.1:{unused_port}" in problems["ncpeh-a", "trigger"]


def test_name_that_cannot_be_a_host_is_a_problem_and_no_crash() -> None:
    problems, _ = asked_of({"xcpd": f"https://{'a' * 70}.invalid/xcpd"})
    assert "xcpd endpoint" in problems["ncpeh-a", "xcpd"]


def test_system_without_addresses_has_no_problem() -> None:
    assert asked_of({}) == ({}, 0)


def test_only_the_addresses_a_scenario_calls_are_needed() -> None:
    scenarios = {s.id: s for s in load_library(bundled_data()).scenarios}

    assert needed_endpoints(scenarios["XCPD-A-POS-001"]) == {("ncpeh-a", "xcpd")}
    assert needed_endpoints(scenarios["XCAR-A-POS-001"]) == {("ncpeh-a", "xcpd"), ("ncpeh-a", "xca")}
    assert needed_endpoints(scenarios["XCPD-B-POS-001"]) == {("ncpeh-b", "trigger")}
