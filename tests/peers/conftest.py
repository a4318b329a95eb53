"""Key material of both sides, made once."""

import ssl

import pytest

from harness.peers import Pki, client_context, make_pki, server_context
from tests.peers.peer_bench import NOW


@pytest.fixture(scope="session")
def ours() -> Pki:
    return make_pki("BE", "127.0.0.1", NOW)


@pytest.fixture(scope="session")
def theirs() -> Pki:
    return make_pki("FR", "127.0.0.1", NOW)


@pytest.fixture
def calling(ours: Pki, theirs: Pki) -> ssl.SSLContext:
    return client_context(ours.tls, theirs.anchors)


@pytest.fixture
def serving(ours: Pki, theirs: Pki) -> ssl.SSLContext:
    return server_context(theirs.tls, ours.anchors)
