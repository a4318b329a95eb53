"""The key material of our side: one authority, a TLS and a seal certificate, and broken ones for negative tests.

Builds and reads bytes; files are the caller's business. MyHealth@EU knows two certificate purposes, TLS (client and
server use) and SEAL (signs assertions), both with the country in the subject.
"""

import ipaddress
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property

from cryptography.hazmat.primitives.asymmetric import rsa

from harness.errors import PeerError, WireError
from harness.wire import x509
from harness.wire.x509 import Credentials

ORGANIZATION = "Harness peer"
AUTHORITY_DAYS = 3650
LEAF_DAYS = 1825
NOT_AGREED = "ZZ"
"""A country that no exchange is agreed with. Source: ISO 3166-1, 8.1.3 (codes for users, given to no country)."""
_LEAD = timedelta(days=1)
_FILES = ("ca", "tls", "seal")
REVOKED_SERIAL = 906
REVOCATIONS_FILE = "ca.crl.pem"


@dataclass(frozen=True, kw_only=True)
class Pki:
    """Our side's key material. `tls` serves as client and as server certificate; `seal` signs assertions.

    `at` is the instant it was made for (aware UTC). The broken material is made when first asked for (a key takes some
    50 ms) and then kept.
    """

    country: str
    host: str
    at: datetime
    authority: Credentials = field(repr=False)
    tls: Credentials = field(repr=False)
    seal: Credentials = field(repr=False)

    @property
    def anchors(self) -> bytes:
        """Our authority's certificate as PEM: what the other side has to trust."""
        return x509.certificate_pem(self.authority.certificate)

    @cached_property
    def unknown_authority(self) -> Credentials:
        """An authority that nobody was told of; its only defect."""
        return _authority("Unknown Authority", self.country, self.at, serial=901)

    @cached_property
    def untrusted_seal(self) -> Credentials:
        """A seal certificate whose one defect is that an unknown authority issued it."""
        return _leaf("seal", self, self.unknown_authority, serial=902)

    @cached_property
    def untrusted_tls(self) -> Credentials:
        """A TLS certificate whose one defect is that an unknown authority issued it."""
        return _leaf("tls", self, self.unknown_authority, serial=903)

    @cached_property
    def expired_seal(self) -> Credentials:
        """A seal certificate of our authority whose one defect is that it ended an hour before `at`."""
        return _leaf("seal", self, self.authority, serial=904, not_after=self.at - timedelta(hours=1))

    @cached_property
    def other_country_seal(self) -> Credentials:
        """A seal certificate of our authority whose one defect is a country that is not ours in its subject."""
        return _leaf("seal", self, self.authority, serial=905, country=other_country(self.country))

    @cached_property
    def revoked_seal(self) -> Credentials:
        """A seal certificate of our authority whose one defect is that `revocations` lists it."""
        return _leaf("seal", self, self.authority, serial=REVOKED_SERIAL)

    @cached_property
    def countryless_seal(self) -> Credentials:
        """A seal certificate of our authority whose one defect is a subject without country."""
        return _leaf("seal", self, self.authority, serial=907, country="")

    @cached_property
    def enciphering_seal(self) -> Credentials:
        """A certificate of our authority whose one defect is that its key may not sign."""
        return _leaf("encipher", self, self.authority, serial=908)

    @property
    def revocations(self) -> bytes:
        """The revocation list of our authority as PEM: what the other side has to honour. It lists `revoked_seal`."""
        return x509.build_revocations(
            self.authority, (REVOKED_SERIAL,), at=self.at - _LEAD, until=self.at + timedelta(days=LEAF_DAYS)
        )

    @cached_property
    def not_agreed_seal(self) -> Credentials:
        """A seal certificate of our authority whose one defect is a country that has no agreement with anybody."""
        return _leaf("seal", self, self.authority, serial=911, country=NOT_AGREED)

    @cached_property
    def not_agreed_tls(self) -> Credentials:
        """A TLS certificate of our authority whose one defect is a country that has no agreement with anybody."""
        return _leaf("tls", self, self.authority, serial=912, country=NOT_AGREED)


def other_country(country: str) -> str:
    """A country code that is not `country`."""
    return "AT" if country != "AT" else "DE"


def make_pki(
    country: str,
    host: str,
    at: datetime,
    *,
    first_serial: int = 1,
    new_key: Callable[[], rsa.RSAPrivateKey] = x509.new_key,
) -> Pki:
    """A fresh authority with one TLS and one seal certificate, valid from a day before `at` for years.

    The TLS certificate names 127.0.0.1, ::1, localhost and `host` (a name or an IP address). Serial numbers count from
    `first_serial`.

    Raises:
        PeerError: the country or the host cannot stand in a certificate.
    """
    try:
        authority = _authority(f"Harness test authority {country}", country, at, serial=first_serial, key=new_key())
        base = Pki(country=country, host=host, at=at, authority=authority, tls=authority, seal=authority)
        return Pki(
            country=country,
            host=host,
            at=at,
            authority=authority,
            tls=_leaf("tls", base, authority, serial=first_serial + 1, key=new_key()),
            seal=_leaf("seal", base, authority, serial=first_serial + 2, key=new_key()),
        )
    except ValueError as exc:
        raise PeerError(f"pki: no certificate can be made for country {country!r} and host {host!r}: {exc}") from exc


def pki_to_files(pki: Pki) -> Mapping[str, bytes]:
    """File name to PEM content: certificates `ca.pem`, `tls.pem`, `seal.pem`, and a `.key.pem` for each (secret); the
    revocation list `ca.crl.pem`, which is for the other side like `ca.pem`."""
    files: dict[str, bytes] = {}
    for name, credentials in zip(_FILES, (pki.authority, pki.tls, pki.seal), strict=True):
        files[f"{name}.pem"] = x509.certificate_pem(credentials.certificate)
        files[f"{name}.key.pem"] = x509.key_pem(credentials.key)
    files[REVOCATIONS_FILE] = pki.revocations
    return files


def pki_from_files(files: Mapping[str, bytes], *, at: datetime, host: str = "127.0.0.1") -> Pki:
    """The key material that `pki_to_files` wrote (or an operator put there in the same form), to be used at `at`.

    Raises:
        PeerError: a file is missing or unreadable, or the TLS certificate names no country; names every missing file.
    """
    wanted = [f"{name}{suffix}" for name in _FILES for suffix in (".pem", ".key.pem")]
    missing = [name for name in wanted if name not in files]
    if missing:
        raise PeerError(f"pki: files are missing; expected {', '.join(wanted)}, missing {', '.join(missing)}")
    authority, tls, seal = (_load(name, files) for name in _FILES)
    country = x509.describe_certificate(x509.certificate_der(tls.certificate)).country
    if not country:
        raise PeerError("pki: tls.pem: the subject names no country; expected a C attribute")
    return Pki(country=country, host=host, at=at, authority=authority, tls=tls, seal=seal)


def _load(name: str, files: Mapping[str, bytes]) -> Credentials:
    try:
        return x509.load_credentials(files[f"{name}.pem"], files[f"{name}.key.pem"])
    except (WireError, PeerError, ValueError) as exc:
        raise PeerError(f"pki: {name}.pem and {name}.key.pem: not a usable certificate with its key") from exc


def _authority(
    common_name: str, country: str, at: datetime, *, serial: int, key: rsa.RSAPrivateKey | None = None
) -> Credentials:
    return x509.build_authority(
        common_name=common_name,
        country=country,
        not_before=at - _LEAD,
        not_after=at + timedelta(days=AUTHORITY_DAYS),
        key=key or x509.new_key(),
        serial=serial,
    )


def _leaf(
    usage: str,
    pki: Pki,
    issuer: Credentials,
    *,
    serial: int,
    key: rsa.RSAPrivateKey | None = None,
    country: str | None = None,
    not_after: datetime | None = None,
) -> Credentials:
    names, addresses = _subject_names(pki.host) if usage == "tls" else ((), ())
    return x509.build_certificate(
        common_name=pki.host if usage == "tls" else f"{ORGANIZATION} seal",
        country=pki.country if country is None else country,
        organization=ORGANIZATION,
        usage=usage,
        issuer=issuer,
        key=key or x509.new_key(),
        serial=serial,
        not_before=pki.at - _LEAD,
        not_after=not_after or pki.at + timedelta(days=LEAF_DAYS),
        dns_names=names,
        ip_addresses=addresses,
    )


def _subject_names(host: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    names, addresses = ["localhost"], ["127.0.0.1", "::1"]
    try:
        addresses.append(str(ipaddress.ip_address(host)))
    except ValueError:
        names.append(host)
    return tuple(dict.fromkeys(names)), tuple(dict.fromkeys(addresses))
