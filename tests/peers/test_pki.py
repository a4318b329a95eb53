"""Key material: what the certificates say, and that files carry it whole."""

from datetime import timedelta

import pytest

from harness.errors import PeerError
from harness.peers import Pki, make_pki, pki_from_files, pki_to_files
from harness.wire import x509
from harness.wire.x509 import CertificateFacts, Credentials
from tests.peers.peer_bench import NOW


def facts(credentials: Credentials) -> CertificateFacts:
    return x509.describe_certificate(x509.certificate_der(credentials.certificate))


def problem(pki: Pki, credentials: Credentials) -> str | None:
    return x509.chain_problem(credentials.certificate, (), (pki.authority.certificate,), NOW)


def test_tls_certificate_serves_both_ends_and_names_country_and_host(ours: Pki) -> None:
    tls = facts(ours.tls)
    assert tls.country == "BE"
    assert {"127.0.0.1", "localhost"} <= {name.split(":")[-1] for name in tls.san}
    assert {"clientAuth", "serverAuth"} <= set(tls.extended_key_usage)


def test_seal_certificate_chains_to_our_authority(ours: Pki) -> None:
    assert facts(ours.seal).country == "BE"
    assert problem(ours, ours.seal) is None
    assert problem(ours, ours.tls) is None


def test_broken_material_has_its_one_defect(ours: Pki) -> None:
    assert problem(ours, ours.untrusted_seal)
    assert problem(ours, ours.untrusted_tls)
    assert facts(ours.expired_seal).not_after < NOW
    assert (
        x509.chain_problem(ours.expired_seal.certificate, (), (ours.authority.certificate,), NOW - timedelta(hours=2))
        is None
    )
    lists = x509.parse_revocations(ours.revocations)
    anchors = (ours.authority.certificate,)
    assert "revoked" in (x509.chain_problem(ours.revoked_seal.certificate, (), anchors, NOW, lists) or "")
    assert problem(ours, ours.revoked_seal) is None, "without the list nobody knows"
    assert x509.chain_problem(ours.seal.certificate, (), anchors, NOW, lists) is None
    assert facts(ours.countryless_seal).country is None
    assert problem(ours, ours.countryless_seal) is None
    assert x509.signing_problem(ours.enciphering_seal.certificate)
    assert problem(ours, ours.enciphering_seal) is None
    assert facts(ours.other_country_seal).country != "BE"
    assert problem(ours, ours.other_country_seal) is None


def test_broken_material_is_made_once(ours: Pki) -> None:
    assert ours.expired_seal is ours.expired_seal


def test_files_carry_the_key_material_whole(ours: Pki) -> None:
    again = pki_from_files(pki_to_files(ours), at=NOW)
    assert pki_to_files(again) == pki_to_files(ours)
    assert again.country == "BE"


def test_missing_files_are_all_named(ours: Pki) -> None:
    files = {name: data for name, data in pki_to_files(ours).items() if not name.startswith("seal")}
    with pytest.raises(PeerError, match=r"seal\.pem, seal\.key\.pem"):
        pki_from_files(files, at=NOW)


def test_unreadable_key_is_a_peer_error_without_key_material(ours: Pki) -> None:
    files = {**pki_to_files(ours), "tls.key.pem": b"secret"}
    with pytest.raises(PeerError) as caught:
        pki_from_files(files, at=NOW)
    assert "secret" not in str(caught.value)


def test_host_names_and_addresses_both_stand_in_the_certificate() -> None:
    assert "ncp.example" in " ".join(facts(make_pki("BE", "ncp.example", NOW).tls).san)


def test_country_that_is_no_code_is_refused() -> None:
    with pytest.raises(PeerError, match="country"):
        make_pki("Belgium", "localhost", NOW)


def test_keys_stay_out_of_the_representation(ours: Pki) -> None:
    assert "key" not in repr(ours).lower()
