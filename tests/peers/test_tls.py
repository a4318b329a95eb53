"""TLS contexts from key material, and the facts read from a connection."""

import asyncio
import ssl
from datetime import timedelta

import pytest

from harness.errors import PeerError
from harness.model import Exchange
from harness.peers import Pki, client_context, server_context
from harness.peers.tls import unsafe_speaking
from harness.wire import x509
from tests.peers.peer_bench import NOW, call, raw_server, run


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


def handshake(client: ssl.SSLContext, server: ssl.SSLContext) -> str:
    """The version that the two agree on in memory.

    Raises:
        ssl.SSLError: one of them refuses.
    """
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = (
        client.wrap_bio(to_client, to_server, server_hostname="127.0.0.1"),
        server.wrap_bio(to_server, to_client, server_side=True),
    )
    for _ in range(6):
        for end in ends:
            try:
                end.do_handshake()
            except ssl.SSLWantReadError:
                continue
    return ends[1].version() or ""


@pytest.mark.parametrize("version", ["1.0", "1.1"])
def test_old_tls_is_refused_and_spoken_where_the_other_end_allows_it(version: str, ours: Pki, theirs: Pki) -> None:
    old = client_context(ours.tls, theirs.anchors, speaking=version)
    with pytest.raises(ssl.SSLError, match=r"PROTOCOL_VERSION|UNSUPPORTED_PROTOCOL"):
        handshake(old, server_context(theirs.tls, ours.anchors))
    lax = unsafe_speaking(server_context(theirs.tls, ours.anchors), version)
    assert handshake(old, lax) == {"1.0": "TLSv1", "1.1": "TLSv1.1"}[version]


def test_tls_1_2_alone_is_enough(ours: Pki, theirs: Pki) -> None:
    client = client_context(ours.tls, theirs.anchors, speaking="1.2")
    assert handshake(client, server_context(theirs.tls, ours.anchors)) == "TLSv1.2"


def revocations(pki: Pki, *serials: int) -> bytes:
    return x509.build_revocations(pki.authority, serials, at=NOW - timedelta(hours=1), until=NOW + timedelta(days=1))


def test_a_revoked_certificate_is_refused_in_both_directions(ours: Pki, theirs: Pki) -> None:
    mine, yours = (revocations(p, p.tls.certificate.serial_number) for p in (ours, theirs))
    with pytest.raises(ssl.SSLError, match=r"(?i)revoked"):
        handshake(client_context(ours.tls, theirs.anchors), server_context(theirs.tls, ours.anchors, revocations=mine))
    with pytest.raises(ssl.SSLError, match=r"(?i)revoked"):
        handshake(client_context(ours.tls, theirs.anchors, revocations=yours), server_context(theirs.tls, ours.anchors))


def test_a_list_that_names_others_lets_a_certificate_pass(ours: Pki, theirs: Pki) -> None:
    server = server_context(theirs.tls, ours.anchors, revocations=revocations(ours, 4711))
    assert handshake(client_context(ours.tls, theirs.anchors), server) == "TLSv1.3"


def test_an_authority_without_a_list_is_not_refused_for_it(ours: Pki, theirs: Pki) -> None:
    both = ours.anchors + theirs.anchors
    server = server_context(theirs.tls, both, revocations=revocations(theirs, 4711))
    assert handshake(client_context(ours.tls, theirs.anchors), server) == "TLSv1.3"


def test_unreadable_revocation_lists_are_a_peer_error(ours: Pki, theirs: Pki) -> None:
    with pytest.raises(PeerError):
        server_context(theirs.tls, ours.anchors, revocations=b"nothing")
