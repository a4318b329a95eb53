"""Keys for the tests of the bundled system: made once a session, since RSA keys take their time."""

import pytest

from harness.reference import Identity, make_identity
from harness.wire import x509
from tests.reference.reference_support import AT, Country


@pytest.fixture(scope="session")
def fr() -> Identity:
    """Country A, the bundled system's own."""
    return make_identity(country="FR", host="127.0.0.1", at=AT)


@pytest.fixture(scope="session")
def be() -> Country:
    """Country B, which asks, and a seal of the same authority that says another country."""
    identity = make_identity(country="BE", host="127.0.0.1", at=AT, serial=100)
    authority_key = x509.new_key()
    since = identity.seal.certificate.not_valid_before_utc
    until = identity.seal.certificate.not_valid_after_utc
    authority = x509.build_authority(
        common_name="second", country="BE", key=authority_key, serial=200, not_before=since, not_after=until
    )
    other = x509.build_certificate(
        common_name="other seal",
        country="LU",
        organization="Elsewhere",
        usage="seal",
        issuer=authority,
        key=x509.new_key(),
        serial=201,
        not_before=since,
        not_after=until,
    )
    both = Identity(
        authority=identity.authority + x509.certificate_pem(authority.certificate),
        tls=identity.tls,
        seal=identity.seal,
    )
    stranger = make_identity(country="BE", host="127.0.0.1", at=AT, serial=300)
    return Country(identity=both, stranger=stranger, other_country_seal=other)
