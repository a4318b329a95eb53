"""Certificates: a small PKI, its description, and what is wrong with a chain."""

import subprocess
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from shutil import which
from typing import Any

import pytest
from cryptography import x509 as cx509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.errors import PeerError, WireError
from harness.wire import x509
from harness.wire.x509 import Credentials

AT = datetime(2026, 1, 15, 12, tzinfo=UTC)
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Pki:
    root_key: rsa.RSAPrivateKey
    key: rsa.RSAPrivateKey
    root: Credentials

    def leaf(self, **changes: Any) -> Credentials:
        """A good seal certificate but for `changes`."""
        arguments: dict[str, Any] = {
            "common_name": "seal.example",
            "country": "BE",
            "organization": "Example",
            "usage": "seal",
            "issuer": self.root,
            "key": self.key,
            "serial": 7,
            "not_before": AT - DAY,
            "not_after": AT + DAY,
        }
        return x509.build_certificate(**{**arguments, **changes})

    def authority(self, name: str = "Example CA", key: rsa.RSAPrivateKey | None = None) -> Credentials:
        return x509.build_authority(
            common_name=name,
            country="BE",
            not_before=AT - 2 * DAY,
            not_after=AT + 2 * DAY,
            key=key or self.root_key,
            serial=1,
        )


@pytest.fixture(scope="module")
def pki() -> Pki:
    root_key, key = x509.new_key(), x509.new_key()
    root = x509.build_authority(
        common_name="Example CA",
        country="BE",
        not_before=AT - 2 * DAY,
        not_after=AT + 2 * DAY,
        key=root_key,
        serial=1,
    )
    return Pki(root_key=root_key, key=key, root=root)


def test_tls_certificate_says_what_it_was_built_for(pki: Pki) -> None:
    built = pki.leaf(usage="tls", dns_names=("localhost",), ip_addresses=("127.0.0.1", "::1"))

    facts = x509.describe_certificate(x509.certificate_der(built.certificate))

    assert facts.subject == "CN=seal.example,O=Example,C=BE"
    assert (facts.common_name, facts.country) == ("seal.example", "BE")
    assert facts.key_usage == ("digitalSignature", "keyEncipherment")
    assert facts.extended_key_usage == ("serverAuth", "clientAuth")
    assert facts.san == ("DNS:localhost", "IP:127.0.0.1", "IP:::1")
    assert (facts.not_before, facts.not_after) == (AT - DAY, AT + DAY)
    assert not facts.self_signed


def test_seal_certificate_has_no_tls_usage(pki: Pki) -> None:
    facts = x509.describe_certificate(x509.certificate_der(pki.leaf().certificate))

    assert facts.key_usage == ("digitalSignature", "nonRepudiation")
    assert facts.extended_key_usage == ()
    assert facts.san == ()


def test_authority_is_self_signed(pki: Pki) -> None:
    facts = x509.describe_certificate(x509.certificate_der(pki.root.certificate))

    assert facts.self_signed
    assert facts.key_usage == ("keyCertSign", "cRLSign")


def test_certificate_without_country_has_none(pki: Pki) -> None:
    facts = x509.describe_certificate(x509.certificate_der(pki.leaf(country=None).certificate))

    assert facts.country is None


def test_same_arguments_give_the_same_certificate(pki: Pki) -> None:
    assert pki.leaf().certificate == pki.leaf().certificate


def test_chain_to_an_anchor_has_no_problem(pki: Pki) -> None:
    leaf = pki.leaf()

    assert x509.chain_problem(leaf.certificate, leaf.chain, [pki.root.certificate], AT) is None


def test_leaf_that_is_itself_an_anchor_is_trusted(pki: Pki) -> None:
    leaf = pki.leaf().certificate

    assert x509.chain_problem(leaf, (), [leaf], AT) is None


@pytest.mark.parametrize(
    ("at", "words"),
    [
        pytest.param(AT + DAY + timedelta(seconds=1), "expired at 2026-01-16T12:00:00Z", id="expired"),
        pytest.param(AT - DAY - timedelta(seconds=1), "not valid before 2026-01-14T12:00:00Z", id="not yet valid"),
    ],
)
def test_dates_of_the_leaf_are_judged(pki: Pki, at: datetime, words: str) -> None:
    problem = x509.chain_problem(pki.leaf().certificate, (), [pki.root.certificate], at)

    assert problem is not None
    assert words in problem


def test_expired_authority_is_told(pki: Pki) -> None:
    leaf = pki.leaf(not_after=AT + 9 * DAY).certificate

    problem = x509.chain_problem(leaf, (), [pki.root.certificate], AT + 5 * DAY)

    assert problem is not None
    assert "Example CA" in problem
    assert "expired" in problem


def test_unknown_authority_is_told(pki: Pki) -> None:
    stranger = pki.authority("Strange CA", pki.key)

    problem = x509.chain_problem(pki.leaf(issuer=stranger).certificate, (), [pki.root.certificate], AT)

    assert problem is not None
    assert "not a known authority" in problem


def test_authority_of_the_same_name_with_another_key_is_not_the_authority(pki: Pki) -> None:
    impostor = pki.authority(key=pki.key)

    problem = x509.chain_problem(
        pki.leaf(issuer=impostor).certificate, [impostor.certificate], [pki.root.certificate], AT
    )

    assert problem is not None


def test_leaf_cannot_sign_another_leaf(pki: Pki) -> None:
    middle = pki.leaf(common_name="middle")
    leaf = pki.leaf(issuer=middle)

    problem = x509.chain_problem(leaf.certificate, leaf.chain, [pki.root.certificate], AT)

    assert problem is not None
    assert "not an authority" in problem


def subordinate(pki: Pki, *extensions: tuple[cx509.ExtensionType, bool]) -> Credentials:
    """An authority below the root, with `extensions` (each with whether it is critical)."""
    name = cx509.Name([cx509.NameAttribute(NameOID.COMMON_NAME, "Middle CA")])
    root = pki.root.certificate
    builder = cx509.CertificateBuilder(root.subject, name, pki.key.public_key(), 9, AT - DAY, AT + DAY)
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical)
    signed = builder.sign(pki.root_key, hashes.SHA256())
    return Credentials(certificate=signed, key=pki.key, chain=(root,))


AUTHORITY = (cx509.BasicConstraints(ca=True, path_length=None), True)


@pytest.mark.parametrize(
    ("extensions", "words"),
    [
        pytest.param((AUTHORITY,), "at most 0 authorities below", id="path too long"),
        pytest.param((), "not an authority", id="no basic constraints"),
        pytest.param(
            (AUTHORITY, (cx509.UnrecognizedExtension(cx509.ObjectIdentifier("2.999.1"), b""), True)),
            "unknown critical extension 2.999.1",
            id="unknown critical extension",
        ),
        pytest.param(
            (
                AUTHORITY,
                (cx509.KeyUsage(True, False, False, False, False, False, False, False, False), True),
            ),
            "may not sign certificates",
            id="key usage",
        ),
    ],
)
def test_authority_in_between_is_judged(
    pki: Pki, extensions: tuple[tuple[cx509.ExtensionType, bool], ...], words: str
) -> None:
    leaf = pki.leaf(issuer=subordinate(pki, *extensions))

    problem = x509.chain_problem(leaf.certificate, leaf.chain, [pki.root.certificate], AT)

    assert problem is not None
    assert words in problem


def test_authority_in_between_is_a_good_anchor_itself(pki: Pki) -> None:
    middle = subordinate(pki, AUTHORITY)

    assert x509.chain_problem(pki.leaf(issuer=middle).certificate, (), [middle.certificate], AT) is None


def test_crowd_of_namesakes_does_not_stall_the_search(pki: Pki) -> None:
    namesakes = [pki.authority(key=pki.key).certificate for _ in range(30)]

    assert x509.chain_problem(pki.leaf().certificate, namesakes, (), AT) is not None


def test_self_signed_stranger_is_not_trusted(pki: Pki) -> None:
    stranger = pki.authority("Strange CA", pki.key).certificate

    assert x509.chain_problem(stranger, [stranger], [pki.root.certificate], AT) is not None


def test_chain_without_a_time_zone_is_a_programming_error(pki: Pki) -> None:
    with pytest.raises(ValueError, match="time zone"):
        x509.chain_problem(pki.leaf().certificate, (), (), AT.replace(tzinfo=None))


@pytest.mark.parametrize("change", [{"usage": "mail"}, {"not_before": AT.replace(tzinfo=None)}], ids=["usage", "time"])
def test_wrong_use_of_the_builder_is_a_value_error(pki: Pki, change: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"usage|time zone"):
        pki.leaf(**change)


def test_credentials_survive_pem(pki: Pki) -> None:
    built = pki.leaf()
    pem = x509.certificate_pem(built.certificate) + x509.certificate_pem(pki.root.certificate)

    loaded = x509.load_credentials(pem, x509.key_pem(pki.key))

    assert loaded.certificate == built.certificate
    assert loaded.chain == (pki.root.certificate,)
    assert loaded.key.private_numbers() == pki.key.private_numbers()


def test_certificate_is_read_from_der_and_from_pem_with_text_before_it(pki: Pki) -> None:
    certificate = pki.root.certificate

    assert x509.parse_certificates(x509.certificate_der(certificate)) == (certificate,)
    assert x509.parse_certificates(b"subject=CN\n" + x509.certificate_pem(certificate) * 2) == (
        certificate,
        certificate,
    )


def test_credentials_never_show_their_key(pki: Pki) -> None:
    assert "key" not in repr(pki.leaf()).replace("keyUsage", "")


def test_key_of_another_certificate_is_refused(pki: Pki) -> None:
    with pytest.raises(PeerError, match="belong"):
        x509.load_credentials(x509.certificate_pem(pki.leaf().certificate), x509.key_pem(pki.root_key))


def test_unreadable_key_is_refused_without_quoting_it(pki: Pki) -> None:
    with pytest.raises(PeerError) as caught:
        x509.load_credentials(x509.certificate_pem(pki.leaf().certificate), b"geheim")

    assert "geheim" not in str(caught.value)


@settings(deadline=None)
@given(st.binary(max_size=100))
def test_arbitrary_bytes_are_no_certificate(data: bytes) -> None:
    with pytest.raises(WireError) as caught:
        x509.describe_certificate(data)

    assert caught.value.kind == "certificate"


@pytest.mark.skipif(which("openssl") is None, reason="openssl is not installed")
@pytest.mark.parametrize("usage", ["tls", "seal"])
def test_openssl_accepts_our_chain(pki: Pki, usage: str, tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_bytes(x509.certificate_pem(pki.root.certificate))
    (tmp_path / "leaf.pem").write_bytes(x509.certificate_pem(pki.leaf(usage=usage).certificate))
    command = ["openssl", "verify", "-x509_strict", "-attime", str(int(AT.timestamp())), "-CAfile"]

    done = subprocess.run([*command, tmp_path / "ca.pem", tmp_path / "leaf.pem"], capture_output=True, check=False)

    assert done.returncode == 0, done.stderr


def test_a_certificate_in_a_revocation_list_of_its_issuer_is_not_trusted(pki: Pki) -> None:
    leaf = pki.leaf()
    serial = leaf.certificate.serial_number

    def problem(issuer: x509.Credentials, serials: tuple[int, ...], at: datetime = AT) -> str | None:
        text = x509.build_revocations(issuer, serials, at=at, until=AT + 5 * DAY)
        lists = x509.parse_revocations(text)
        return x509.chain_problem(leaf.certificate, leaf.chain, [pki.root.certificate], AT, lists)

    assert "was revoked at" in (problem(pki.root, (serial,)) or "")
    assert problem(pki.root, (serial + 99,)) is None
    assert problem(pki.root, (serial,), at=AT + DAY) is None, "revoked later"


def test_a_revocation_list_that_another_authority_signed_says_nothing(pki: Pki) -> None:
    leaf = pki.leaf()
    impostor = replace(pki.root, key=x509.new_key())
    text = x509.build_revocations(impostor, (leaf.certificate.serial_number,), at=AT, until=AT + DAY)
    lists = x509.parse_revocations(text)
    assert x509.chain_problem(leaf.certificate, leaf.chain, [pki.root.certificate], AT, lists) is None


def test_only_lists_that_hold_now_are_current(pki: Pki) -> None:
    old = x509.build_revocations(pki.root, (1,), at=AT - 2 * DAY, until=AT - DAY)
    new = x509.build_revocations(pki.root, (2,), at=AT - DAY, until=AT + DAY)
    assert x509.current_revocations(old + new, AT) == new
    assert x509.current_revocations(b"", AT) == b""


@pytest.mark.parametrize(
    "data", [b"", b"nothing", b"-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n", b"\x30\x00"]
)
def test_what_is_no_revocation_list_is_refused(data: bytes) -> None:
    with pytest.raises(WireError) as caught:
        x509.parse_revocations(data)
    assert caught.value.kind == "revocations"


def test_a_key_for_enciphering_may_not_sign(pki: Pki) -> None:
    assert x509.signing_problem(pki.leaf().certificate) is None
    assert x509.signing_problem(pki.root.certificate) is not None, "it signs certificates and lists only"
    assert "may not sign" in (x509.signing_problem(pki.leaf(usage="encipher").certificate) or "")
