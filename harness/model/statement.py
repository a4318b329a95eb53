"""What a vendor claims of a system: profiles, roles, wave and options. It selects the obligatory scenarios."""

from dataclasses import dataclass

from harness.model.sut import SystemIdentity
from harness.model.vocabulary import PROFILES

COMMON_PROFILES = ("security", "audit")
"""Part of every claim: whoever exchanges documents has to secure and to log the exchange."""
CLAIMABLE = tuple(p for p in PROFILES if p not in COMMON_PROFILES)
CLAIM_OPTIONS = ("level-1", "next-of-kin")
DEPENDENCIES = {"edispensation": ("eprescription",)}
"""What a claim presupposes of the same role. Source: MyHealth@EU services, ePrescription and eDispensation are one service."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """One line of a statement: `actor` plays its part of `profile` as `wave` defines it, with `options`."""

    profile: str
    actor: str
    wave: int
    options: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """A `statement.yaml`, read and checked. `digest` is the sha-256 of the file in hexadecimal."""

    system: SystemIdentity
    claims: tuple[Claim, ...]
    source: str = ""
    digest: str = ""
