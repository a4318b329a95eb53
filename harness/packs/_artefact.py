"""What a pack is: artefacts with what each judges, and the coordinate, status and digest that name them."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from fnmatch import fnmatchcase
from pathlib import Path

from harness.model import Layer, Localized
from harness.packs._closure import Files

ARTEFACT_LAYERS = (Layer.XSD, Layer.SCHEMATRON, Layer.TERMINOLOGY)
PACK_STATUSES = ("not-yet-active", "valid", "deprecated", "expired")
COORDINATE = r"[A-Za-z0-9][\w.-]*:[A-Za-z0-9][\w.-]*:[A-Za-z0-9][\w.-]*(:[A-Za-z0-9][\w.-]*)?"
"""`group:artefact:version[:classifier]`, as a regular expression."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Artefact:
    """One XSD, Schematron or value set, and what it judges.

    `applies` are globs over kinds (`cda:patient-summary:3`, `message:PRPA_IN201306UV02`); `when` narrows them by facts
    of the document (`medication_extension: pharm | epsos | none`, `template`: the document template's OID or `none`,
    `ci_sis_model`: the French document model or `none`, `namespace` of the root). Its values are globs; one that starts
    with `!` takes documents out again.
    `path` and `root` are absolute; nothing outside `root` is read. `sha256` covers the artefact, all files it includes
    or imports and the value sets it names. A missing include makes every verdict of it inconclusive, a missing
    vocabulary only those of the documents that reach the rule; both are named as paths below `root`. An artefact that
    is itself missing is listed by its publisher's layout and is its own missing include. `lacking` says why documents
    that fit cannot be judged although no file of the publisher's is missing. `differs_in_case` lists references whose
    capitals are not those of the file (`named -> file`). With `whole` it judges inputs as a whole only, never a piece of a
    message.
    """

    id: str
    layer: Layer
    path: Path
    root: Path
    coordinate: str
    applies: tuple[str, ...]
    sha256: str
    when: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    requirement: str | None = None
    sources: tuple[str, ...] = ()
    title: Localized = field(default_factory=lambda: Localized(en=""))
    missing_includes: tuple[str, ...] = ()
    missing_vocabularies: tuple[str, ...] = ()
    differs_in_case: tuple[str, ...] = ()
    lacking: str = ""
    whole: bool = False

    @property
    def missing(self) -> tuple[str, ...]:
        """Files it refers to and that are not in the pack."""
        return (*self.missing_includes, *self.missing_vocabularies)

    @property
    def usable(self) -> bool:
        """Whether there is anything to judge with: the file itself, and a model for the document."""
        return not self.lacking and self.path.exists()

    def fits(self, kind: str, facts: Mapping[str, str]) -> bool:
        """Whether it judges a document of `kind` with these `facts`; a fact that is absent counts as `none`."""
        if not any(fnmatchcase(kind, glob) for glob in self.applies):
            return False
        return all(_accepts(accepted, facts.get(name, "none")) for name, accepted in self.when.items())


def _accepts(accepted: Sequence[str], value: str) -> bool:
    wanted = [glob for glob in accepted if not glob.startswith("!")] or ["*"]
    refused = [glob[1:] for glob in accepted if glob.startswith("!")]
    return any(fnmatchcase(value, g) for g in wanted) and not any(fnmatchcase(value, g) for g in refused)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pack:
    """A versioned set of artefacts, named by its coordinate `group:artefact:version[:classifier]`.

    `valid_from` and `valid_until` are the first and the last day on which its publisher wants it used.
    """

    coordinate: str
    root: Path
    artefacts: tuple[Artefact, ...]
    title: Localized
    origin: str = ""
    licence: str = ""
    status: str = "valid"
    valid_from: date | None = None
    valid_until: date | None = None

    @property
    def complete(self) -> bool:
        """Whether no file that an artefact refers to is missing."""
        return not any(a.missing for a in self.artefacts)

    @property
    def sha256(self) -> str:
        """Digest over the ids and digests of all artefacts, in order of id."""
        lines = sorted(f"{a.coordinate} {a.id} {a.sha256}" for a in self.artefacts)
        return hashlib.sha256("\n".join(lines).encode()).hexdigest()

    def status_on(self, day: date) -> str:
        """Its status on `day`: the dates win over the stated word, but a stated end stays an end."""
        if self.status == "expired" or (self.valid_until and day > self.valid_until):
            return "expired"
        if self.valid_from is None:
            return self.status
        if day < self.valid_from:
            return "not-yet-active"
        return "valid" if self.status == "not-yet-active" else self.status


def made(
    files: Files,
    *,
    id: str,
    layer: Layer,
    path: Path,
    root: Path,
    coordinate: str,
    applies: Sequence[str],
    when: Mapping[str, tuple[str, ...]],
    requirement: str | None,
    sources: Sequence[str],
    title: Localized | None = None,
    lacking: str = "",
) -> Artefact:
    """The artefact with its digest and what it misses, from the files it reaches; none are read where it is `lacking`."""
    reached = None if lacking else files.closure(path, layer, root)
    return Artefact(
        id=id,
        layer=layer,
        path=path,
        root=root,
        coordinate=coordinate,
        applies=tuple(applies),
        when=when,
        requirement=requirement,
        sources=tuple(sources),
        title=title or Localized(en=""),
        sha256=reached.digest(files, root) if reached else hashlib.sha256(lacking.encode()).hexdigest(),
        missing_includes=tuple(sorted(reached.includes)) if reached else (),
        missing_vocabularies=tuple(sorted(reached.vocabularies)) if reached else (),
        differs_in_case=tuple(sorted(reached.differs_in_case)) if reached else (),
        lacking=lacking,
    )


def versioned(coordinate: str, artefacts: Sequence[Artefact]) -> str:
    """`coordinate`, with the start of a digest over `artefacts` for a version that is `0`: one its publisher gave none."""
    if not coordinate.endswith(":0"):
        return coordinate
    digest = hashlib.sha256("\n".join(sorted(a.sha256 for a in artefacts)).encode()).hexdigest()
    return f"{coordinate.removesuffix(':0')}:{digest[:12]}"
