"""The lock of packs: the exact files that judged, so that another day or machine can tell whether it has the same ones."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

from pydantic import ValidationError

from harness.errors import InputError, Problem
from harness.packs import Pack
from harness.packs.artefacts import contents_of, name_in
from harness.store._codec import Json, from_json, json_schema, to_json

LOCK_FORMAT = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class ArtefactLock:
    """One artefact: its digest covers all files it reaches; `missing` are the files it names and that are not there."""

    id: str
    coordinate: str
    layer: str
    sha256: str
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PackLock:
    """One pack: what it says of itself, its artefacts, and the SHA-256 of each file they reach, by path in the pack.

    `valid_from` and `valid_until` are days (`2026-01-31`) or empty; `sha256` is the digest over the artefacts.
    """

    coordinate: str
    title: str
    origin: str
    licence: str
    status: str
    valid_from: str
    valid_until: str
    sha256: str
    complete: bool
    artefacts: tuple[ArtefactLock, ...]
    files: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lock:
    """A lock file: the packs in the order in which they judge."""

    format_version: int
    packs: tuple[PackLock, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One thing that is not as it was locked: `what` is `changed`, `gone` or `new`; `name` a file of the pack, an
    artefact or a word the pack says of itself. Digests and words in `locked` and `found`; empty where there is none."""

    coordinate: str
    what: str
    kind: str
    name: str
    locked: str = ""
    found: str = ""


def lock_of(packs: Sequence[Pack]) -> Lock:
    """The lock of `packs` as their files are now; reads all of them."""
    return Lock(format_version=LOCK_FORMAT, packs=tuple(_locked(pack) for pack in packs))


def _locked(pack: Pack) -> PackLock:
    files = {name_in(p, pack.root): digest for c in contents_of(pack).values() for p, digest in c.files.items()}
    return PackLock(
        coordinate=pack.coordinate,
        title=pack.title.en,
        origin=pack.origin,
        licence=pack.licence,
        status=pack.status,
        valid_from=pack.valid_from.isoformat() if pack.valid_from else "",
        valid_until=pack.valid_until.isoformat() if pack.valid_until else "",
        sha256=pack.sha256,
        complete=pack.complete,
        artefacts=tuple(
            ArtefactLock(id=a.id, coordinate=a.coordinate, layer=a.layer.value, sha256=a.sha256, missing=a.missing)
            for a in pack.artefacts
        ),
        files=dict(sorted(files.items())),
    )


def differences(locked: PackLock, now: Pack) -> Iterator[Difference]:
    """What of `now` is not as `locked` says, in the order words, files, artefacts."""
    found = _locked(now)

    def compared(kind: str, before: Mapping[str, str], after: Mapping[str, str]) -> Iterator[Difference]:
        for name in sorted(before.keys() | after.keys()):
            old, new = before.get(name, ""), after.get(name, "")
            if old != new:
                what = "gone" if not new else "new" if not old else "changed"
                yield Difference(coordinate=locked.coordinate, what=what, kind=kind, name=name, locked=old, found=new)

    yield from compared("word", _words(locked), _words(found))
    yield from compared("file", locked.files, found.files)
    yield from compared("artefact", _artefacts(locked), _artefacts(found))


def _words(lock: PackLock) -> dict[str, str]:
    return {
        "status": lock.status,
        "from": lock.valid_from,
        "until": lock.valid_until,
        "licence": lock.licence,
        "origin": lock.origin,
    }


def _artefacts(lock: PackLock) -> dict[str, str]:
    return {a.id: a.sha256 for a in lock.artefacts}


def write_lock(path: Path, lock: Lock) -> None:
    """Write `lock` as JSON.

    Raises:
        InputError: the file cannot be written.
    """
    try:
        path.write_text(lock_text(lock), encoding="utf-8")
    except OSError as exc:
        why = (exc.strerror or type(exc).__name__).lower()
        raise InputError(Problem(code="E810", option=str(path), problem=f"cannot be written: {why}")) from exc


def lock_text(lock: Lock) -> str:
    """`lock` as JSON text: the same bytes for the same packs."""
    return json.dumps(to_json(Lock, lock, lambda _: ""), ensure_ascii=False, indent=1) + "\n"


def read_lock(path: Path) -> Lock:
    """The lock in file `path`.

    Raises:
        InputError: it cannot be read, is no lock, or is one of a later format.
    """
    try:
        data = json.loads(path.read_bytes())
    except OSError as exc:
        why = (exc.strerror or type(exc).__name__).lower()
        raise InputError(Problem(code="E813", option=str(path), problem=f"cannot be read: {why}")) from exc
    except ValueError as exc:
        raise InputError(Problem(code="E813", option=str(path), problem=f"not JSON: {exc}")) from exc
    version = data.get("format_version") if isinstance(data, dict) else None
    if version != LOCK_FORMAT:
        problem = "not a lock file of a format we know"
        expected = (f"format_version {LOCK_FORMAT}",)
        raise InputError(Problem(code="E813", option=str(path), problem=problem, expected=expected, found=str(version)))
    try:
        return from_json(Lock, cast(Json, data), lambda _: b"")
    except ValidationError as exc:
        first = exc.errors()[0]
        at = ".".join(str(part) for part in first["loc"])
        raise InputError(Problem(code="E813", option=str(path), problem=f"damaged at {at}: {first['msg']}")) from exc


def lock_schema() -> dict[str, Json]:
    """JSON Schema of a lock file."""
    schema = json_schema(Lock)
    cast(dict[str, Json], schema["properties"])["format_version"] = {"const": LOCK_FORMAT}
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["title"] = "harness lock of packs"
    return schema
