"""TLS contexts from key material, and the facts read from a connection."""

import asyncio
import ssl

import pytest

from harness.errors import PeerError
from harness.model import Exchange
from harness.peers import Pki, client_context, server_context
from tests.peers.peer_bench import call, raw_server, run


def test_notes_between_certificates_do_no_harm(ours: Pki, theirs: Pki) -> None:
    anchors = "Autorité de test\n".encode() + theirs.anchors + "# é\n".encode() + ours.anchors
    assert len(client_context(ours.tls, anchors).get_ca_certs()) == 2


@pytest.mark.parametrize(
    "anchors", [b"", b"nothing", b"-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n"]
)
def test_unreadable_anchors_are_a_peer_error(anchors: bytes, ours: Pki) -> None:
    with pytest.raises(PeerError, match="trust anchors"):
        client_context(ours.tls, anchors)


def test_nothing_below_tls_1_2_is_offered_and_clients_must_show_a_certificate(ours: Pki, theirs: Pki) -> None:
    client, server = client_context(ours.tls, theirs.anchors), server_context(theirs.tls, ours.anchors)
    assert client.minimum_version == server.minimum_version == ssl.TLSVersion.TLSv1_2
    assert server.verify_mode == ssl.CERT_REQUIRED
    assert client.check_hostname


def test_facts_tell_the_server_and_what_we_showed(calling: ssl.SSLContext, serving: ssl.SSLContext) -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(10)

    async def work() -> Exchange:
        server, port = await raw_server(silent, serving)
        async with server:
            return await call(f"https://127.0.0.1:{port}/", calling)

    facts = run(work()).tls
    assert facts is not None
    assert (facts.peer_country, facts.peer_common_name) == ("FR", "127.0.0.1")
    assert facts.peer_not_before is not None
    assert facts.peer_not_before.tzinfo is not None
    assert facts.client_certificate_sent
    assert facts.cipher
