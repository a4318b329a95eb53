"""What recognising a publisher's folder comes to, before any digest is taken."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from harness.model import Layer, Localized, say

CI_SIS = {"ci_sis_model": ("!none",)}
"""Documents that claim the French content models (CI-SIS), for `when`."""
NOT_CI_SIS = {"ci_sis_model": ("none",)}
"""All other documents: French ones are not judged by schemas of another programme only because their code is the same."""
BY_PUBLISHER = say("licence.publisher")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One artefact of a recognised folder. `path` need not exist where the layout says that it belongs there."""

    id: str
    layer: Layer
    path: Path
    root: Path
    coordinate: str
    applies: tuple[str, ...]
    when: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    requirement: str | None = None
    sources: tuple[str, ...] = ()
    title: Localized = field(default_factory=lambda: Localized(en=""))
    lacking: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recognised:
    """A publisher's folder: coordinate, where it is from, and its entry files.

    A coordinate that ends with `:0` has no version of its own; the digest of the content takes its place.
    """

    coordinate: str
    title: Localized
    origin: str
    licence: str
    entries: tuple[Entry, ...]
