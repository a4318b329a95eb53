"""What is kept beside the copy of an imported pack, and what of a pack is copied."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from pathlib import Path

from harness.errors import PackError, Problem
from harness.model import Localized
from harness.packs import Pack
from harness.packs.artefacts import COORDINATE, PACK_FILE, PACK_STATUSES, contents_of, name_in
from harness.store._complete import Completed

_NOTICES = re.compile(r"(?i)(readme|licen[cs]e|notice|copying)\b")


@dataclass(frozen=True, slots=True, kw_only=True)
class PackWords:
    """What an operator may say of a pack where its publisher says nothing; empty words change nothing."""

    coordinate: str = ""
    status: str = ""
    origin: str = ""
    licence: str = ""
    valid_from: date | None = None
    valid_until: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredPack:
    """The entry of an imported pack. `source` is the name it came under, `added_at` an aware UTC instant, `content` the
    digest that names the folder of its copy, `sha256` that of the artefacts, `files` the SHA-256 of each file copied."""

    coordinate: str
    title: Localized
    source: str
    added_at: datetime
    content: str
    sha256: str
    words: PackWords = field(default_factory=PackWords)
    completed: tuple[Completed, ...] = ()
    files: Mapping[str, str] = field(default_factory=dict)


def refuse_wrong(words: PackWords) -> None:
    """Raises PackError for every word that cannot be said of a pack."""
    problems = []
    if words.coordinate and not re.fullmatch(COORDINATE, words.coordinate):
        form = ("group:artefact:version[:classifier]",)
        problems.append(
            Problem(option="--coordinate", problem="not a coordinate", expected=form, found=words.coordinate)
        )
    if words.status and words.status not in PACK_STATUSES:
        problems.append(
            Problem(option="--status", problem="unknown status", expected=PACK_STATUSES, found=words.status)
        )
    if words.valid_from and words.valid_until and words.valid_until < words.valid_from:
        problems.append(Problem(option="--until", problem="ends before it begins", found=str(words.valid_until)))
    if problems:
        raise PackError(problems)


def files_to_keep(pack: Pack) -> dict[str, Path]:
    """What artefacts reach, the value sets beside those they reach, and what the publisher says about the whole."""
    reached = {path for content in contents_of(pack).values() for path in content.files}
    beside = {p for folder in {f.parent for f in reached if f.suffix == ".xml"} for p in folder.glob("*.xml")}
    said = {p for p in pack.root.iterdir() if p.name == PACK_FILE or _NOTICES.match(p.name)}
    kept = {p for p in reached | beside | said if p.is_file()}
    return {name_in(p, pack.root): p for p in sorted(kept)}


def digests(folder: Path) -> dict[str, str]:
    """SHA-256 of every file below `folder`, by path, sorted."""
    files = sorted((p.relative_to(folder).as_posix(), p) for p in folder.rglob("*") if p.is_file())
    return {name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in files}


def named(pack: Pack, coordinate: str) -> Pack:
    """`pack` under `coordinate`; sets of other publishers in a collection keep theirs."""
    artefacts = tuple(
        replace(a, coordinate=coordinate) if a.coordinate == pack.coordinate else a for a in pack.artefacts
    )
    return replace(pack, coordinate=coordinate, artefacts=artefacts)


def worded(pack: Pack, entry: StoredPack) -> Pack:
    """`pack` with the words its operator added; what its publisher says stands where there are none."""
    words = entry.words
    return replace(
        pack,
        title=entry.title,
        origin=words.origin or pack.origin,
        licence=words.licence or pack.licence,
        status=words.status or pack.status,
        valid_from=words.valid_from or pack.valid_from,
        valid_until=words.valid_until or pack.valid_until,
    )
