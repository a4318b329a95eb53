"""Types of the scenario library that no other room needs below this one."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from harness.errors import Mark
from harness.model import Deviation, Localized, Population, Requirement, Temperament
from harness.packs._forms_clinical import NOTHING_CLINICAL, Clinical
from harness.packs._nodes import Fields


@dataclass(frozen=True, slots=True, kw_only=True)
class Alteration:
    """A named alteration of a message of ours: of a request (mutation) or of an answer (fault).

    `transactions` are those it may be used with; `conformant` is true when the message stays valid, so that a good
    system must accept it. `explains` says what we altered, `requirements` name the rules that it puts to the test: those
    the altered message breaks, and those on how the other side has to react.
    """

    name: str
    title: Localized
    explains: Localized
    transactions: tuple[str, ...]
    conformant: bool
    at: Mark
    requirements: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Fragment:
    """Shared steps: `inputs` are obligatory names, `outputs` the names it gives back; `source` the exact bytes."""

    name: str
    title: Localized
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    uses: tuple[str, ...]
    source: bytes
    tree: Fields

    @property
    def at(self) -> Mark:
        """Where the file begins."""
        return self.tree.at


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue:
    """Everything a scenario may name, by its name."""

    requirements: Mapping[str, Requirement] = field(default_factory=dict)
    groups: Mapping[str, Localized] = field(default_factory=dict)
    deviations: Mapping[str, Deviation] = field(default_factory=dict)
    mutations: Mapping[str, Alteration] = field(default_factory=dict)
    faults: Mapping[str, Alteration] = field(default_factory=dict)
    fragments: Mapping[str, Fragment] = field(default_factory=dict)
    populations: Mapping[str, Population] = field(default_factory=dict)
    temperaments: Mapping[str, Temperament] = field(default_factory=dict)
    clinical: Clinical = NOTHING_CLINICAL
