"""Numbered, testable statements, each with its source."""

from dataclasses import dataclass
from enum import StrEnum

from harness.model.text import Localized


class Level(StrEnum):
    """How binding a requirement is (RFC 2119)."""

    SHALL = "SHALL"
    SHOULD = "SHOULD"
    MAY = "MAY"


@dataclass(frozen=True, slots=True, kw_only=True)
class Requirement:
    """One statement about one actor.

    `actor` is `ncpeh-a`, `ncpeh-b` or `both`; `transaction` like `ITI-55`, or empty for cross-cutting ones. `sources`
    name document and section or the public code the fact was read in. `causes` and `remedy` feed `harness explain`.
    `check` says how a good system shows itself, `negative` what is sent wrongly and which answers are then accepted.
    `unseen` is the reason why a peer, which sees only messages, cannot judge it; None for all that can be judged.
    """

    id: str
    text: Localized
    level: Level
    actor: str
    group: str
    transaction: str = ""
    sources: tuple[str, ...] = ()
    inferred: bool = False
    remedy: Localized | None = None
    check: str = ""
    negative: str = ""
    unseen: Localized | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Deviation:
    """A known way in which fielded products differ from a requirement (DEV-nn)."""

    id: str
    requirements: tuple[str, ...]
    seen_in: str
    text: str
    treatment: str
