"""The alterations of TLS: each handshake is refused for its one reason, or accepted where a good server accepts it."""

import ssl

import pytest

from harness.peers import MUTATIONS, Pki, server_context
from harness.wire import x509
from tests.peers.peer_bench import prepared

# Why the server refuses, as OpenSSL says it; None where it does not.
REFUSED = {
    "tls.client-certificate.missing": "peer did not return a certificate",
    "tls.client-certificate.untrusted": "self-signed certificate in certificate chain",
    "tls.client-certificate.expired": "certificate has expired",
    "tls.client-certificate.not-yet-valid": "certificate is not yet valid",
    "tls.client-certificate.wrong-use": "unsuitable certificate purpose",
    "tls.client-certificate.revoked": "certificate revoked",
    "tls.client-certificate.other-host": None,
    "tls.client-certificate.country-not-agreed": None,  # a good certificate: who has no agreement, the gateway knows
    "tls.version.1-0-only": "unsupported protocol",
    "tls.version.1-1-only": "unsupported protocol",
    "tls.version.1-2-only": None,
    "tls.cipher.weak": "no shared cipher",
}


def shaken(client: ssl.SSLContext, server: ssl.SSLContext) -> ssl.SSLObject:
    """The server's end after a handshake in memory."""
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    asking = client.wrap_bio(to_client, to_server, server_hostname="127.0.0.1")
    answering = server.wrap_bio(to_server, to_client, server_side=True)
    waiting = [asking, answering]
    while waiting:
        for end in tuple(waiting):
            try:
                end.do_handshake()
            except ssl.SSLWantReadError:
                continue
            waiting.remove(end)
    return answering


def test_every_alteration_of_tls_has_a_row() -> None:
    assert set(REFUSED) == {name for name in MUTATIONS if name.startswith("tls.")}


def test_a_server_that_looks_up_revocations_accepts_what_is_not_altered(ours: Pki, theirs: Pki) -> None:
    server = server_context(theirs.tls, ours.anchors, revocations=ours.revocations)
    shown = shaken(prepared(ours, theirs.anchors, "ITI-55").context, server).getpeercert(binary_form=True)
    assert shown == x509.certificate_der(ours.tls.certificate)


@pytest.mark.parametrize(("name", "why"), REFUSED.items(), ids=REFUSED)
def test_a_handshake_fails_for_its_one_reason(name: str, why: str | None, ours: Pki, theirs: Pki) -> None:
    server = server_context(theirs.tls, ours.anchors, revocations=ours.revocations)
    client = prepared(ours, theirs.anchors, "ITI-55", name).context
    if why is None:
        shaken(client, server)
        return
    with pytest.raises(ssl.SSLError) as caught:
        shaken(client, server)
    assert why in str(caught.value).replace("_", " ").lower()
