"""Endpoints found by signed metadata: from files, from a publisher over TLS, by way of SML names; bad ones are refused."""

import asyncio
import ssl
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.errors import InputError
from harness.model import Discovery, OurSide
from harness.peers import (
    Caller,
    Finder,
    Found,
    MetadataServer,
    Pki,
    PlannedAnswer,
    Publisher,
    UnservedAddress,
    client_context,
    server_context,
)
from harness.peers import metadata_server as served
from harness.wire import smp
from tests.peers.peer_bench import NOW, POPULATION
from tests.peers.test_publishing import ENDPOINTS, asked, path_of

WANTED = {"xcpd": ENDPOINTS["xcpd"], "xca": ENDPOINTS["xca"], "xdr": ENDPOINTS["xdr"]}


def publisher_of(pki: Pki) -> Publisher:
    return Publisher(
        ours=OurSide(), pki=pki, population=POPULATION, endpoints=ENDPOINTS, unserved="", clock=lambda: NOW
    )


@pytest.fixture
def publisher(ours: Pki) -> Publisher:
    return publisher_of(ours)


def find(
    ours: Pki,
    theirs: Pki,
    publisher: Publisher,
    discovery: Callable[[str], Discovery],
    context: ssl.SSLContext | None = None,
) -> tuple[Found, int]:
    """What is found of Belgium while `publisher` is served, by somebody who trusts its authority; how many lookups came."""

    async def run() -> tuple[Found, int]:
        listening = server_context(ours.tls, theirs.anchors, certificate_required=False)
        server = MetadataServer(publisher, listening, lambda: NOW)
        await server.start("127.0.0.1", 0)
        caller = Caller(lambda: NOW)
        finder = Finder(
            caller=caller,
            context=context or client_context(theirs.tls, ours.anchors),
            clock=lambda: NOW,
            anchors=(ours.authority.certificate,),
        )
        try:
            found = await finder.find(discovery(server.endpoints["smp"]), "BE")
            return found, len(server.take_all())
        finally:
            await caller.aclose()
            await server.aclose()

    return asyncio.run(run())


def test_endpoints_are_found_at_a_publisher(ours: Pki, theirs: Pki, publisher: Publisher) -> None:
    found, lookups = find(ours, theirs, publisher, lambda root: Discovery(smp=root))
    assert (dict(found.endpoints), dict(found.problems)) == (WANTED, {})
    assert lookups == 4


def test_a_publisher_serves_callers_without_a_certificate(ours: Pki, theirs: Pki, publisher: Publisher) -> None:
    found, _ = find(ours, theirs, publisher, lambda root: Discovery(smp=root), client_context(None, ours.anchors))
    assert dict(found.endpoints) == WANTED


@pytest.mark.parametrize("which", [0, 1], ids=["NAPTR name", "CNAME name"])
def test_endpoints_are_found_by_the_names_of_the_sml(which: int, ours: Pki, theirs: Pki, publisher: Publisher) -> None:
    name = smp.sml_names(smp.participant_of("BE"), "zone.example")[which]

    def discovery(root: str) -> Discovery:
        return Discovery(zone="zone.example", names={f"{name.upper()}.": root})

    found, _ = find(ours, theirs, publisher, discovery)
    assert dict(found.endpoints) == WANTED
    assert name in found.names


def test_a_country_without_a_name_in_the_sml_is_not_found_and_both_names_are_told(
    ours: Pki, theirs: Pki, publisher: Publisher
) -> None:
    found, lookups = find(ours, theirs, publisher, lambda _: Discovery(zone="zone.example"))
    assert not found.endpoints
    assert lookups == 0
    assert all(name in found.problems["ITI-55"] for name in found.names)


FAULTS = {
    "smp.signature.bad": "changed after signing",
    "smp.signer.untrusted": "nobody vouches",
    "smp.certificate.missing": "no certificate",
    "smp.endpoint.two": "one endpoint",
    "smp.endpoint.expired": "no longer active",
    "smp.redirect.loop": "redirect",
    "smp.answer.huge": "too large",
}


@pytest.mark.parametrize("name", FAULTS)
def test_bad_metadata_give_no_endpoint_and_a_reason(name: str, ours: Pki, theirs: Pki, publisher: Publisher) -> None:
    publisher.publish((name,))
    found, _ = find(ours, theirs, publisher, lambda root: Discovery(smp=root))
    assert not found.endpoints
    assert FAULTS[name] in found.problems["ITI-55"]


def test_a_publisher_that_is_not_there_is_a_reason(ours: Pki, theirs: Pki, publisher: Publisher) -> None:
    nobody = UnservedAddress("127.0.0.1")
    try:
        found, _ = find(ours, theirs, publisher, lambda _: Discovery(smp=nobody.url))
        assert "not-reachable" in found.problems["ITI-55"]
    finally:
        nobody.close()
    found, _ = find(ours, theirs, publisher, lambda root: Discovery(smp=f"{root}/other"))
    assert "404" in found.problems["ITI-55"] or "400" in found.problems["ITI-55"]


def written(publisher: Publisher, folder: Path, *services: str) -> None:
    for number, service in enumerate(services):
        answer: PlannedAnswer = publisher.answer(asked(path_of(service)))[0]
        (folder / f"{number}-{service}.xml").write_bytes(answer.body)


def test_endpoints_are_found_in_files(ours: Pki, theirs: Pki, publisher: Publisher, tmp_path: Path) -> None:
    written(publisher, tmp_path, "ITI-55", "ITI-38", "ITI-39", "ITI-41", "search-mask")
    (tmp_path / "notes.xml").write_text("<notes/>")
    (tmp_path / "readme.txt").write_text("no metadata")
    found, lookups = find(ours, theirs, publisher, lambda _: Discovery(files=str(tmp_path)))
    assert (dict(found.endpoints), dict(found.problems), lookups) == (WANTED, {}, 0)


def test_a_service_in_no_file_or_in_two_is_not_found(
    ours: Pki, theirs: Pki, publisher: Publisher, tmp_path: Path
) -> None:
    written(publisher, tmp_path, "ITI-55", "ITI-55", "ITI-38", "ITI-39")
    found, _ = find(ours, theirs, publisher, lambda _: Discovery(files=str(tmp_path)))
    assert dict(found.endpoints) == {"xca": ENDPOINTS["xca"]}
    assert "2 of 4 files" in found.problems["ITI-55"]
    assert "0 of 4 files" in found.problems["ITI-41"]


def test_a_folder_that_is_none_is_the_operators_to_change(ours: Pki, theirs: Pki, publisher: Publisher) -> None:
    with pytest.raises(InputError) as caught:
        find(ours, theirs, publisher, lambda _: Discovery(files="/nowhere/at/all"))
    assert caught.value.problems[0].option == "discovery.files"


def test_lookups_are_kept_with_what_was_altered_and_taken_by_service(
    ours: Pki, theirs: Pki, publisher: Publisher
) -> None:
    publisher.publish(("smp.certificate.missing",))

    async def run() -> None:
        listening = server_context(ours.tls, theirs.anchors, certificate_required=False)
        server = MetadataServer(publisher, listening, lambda: NOW)
        await server.start("127.0.0.1", 0)
        caller = Caller(lambda: NOW)
        context = client_context(theirs.tls, ours.anchors)
        try:
            finder = Finder(caller=caller, context=context, clock=lambda: NOW, anchors=(ours.authority.certificate,))
            await finder.find(Discovery(smp=server.endpoints["smp"]), "BE")
            retrieve = await server.next_lookup("ITI-39", 0.2)
            assert retrieve is not None
            assert served.asked_service(retrieve) == "ITI-39"
            assert retrieve.altered == ("smp.certificate.missing",)
            assert await server.next_lookup("ITI-39", 0.05) is None
            first = await server.next_lookup("", 0.2)
            assert first is not None
            assert served.asked_service(first) == "ITI-55"
            assert server.take_all()
        finally:
            await caller.aclose()
            await server.aclose()

    asyncio.run(run())


def test_only_a_publisher_takes_get_and_only_below_its_path(ours: Pki, theirs: Pki, publisher: Publisher) -> None:
    found, lookups = find(ours, theirs, publisher, lambda root: Discovery(smp=root.replace("/smp", "/xcpd")))
    assert "404" in found.problems["ITI-55"]
    assert lookups == 0
