"""Imported packs: a copy of the files that matter, below a folder named by the digest of their content.

A copy is never changed. What an operator says of a pack (status, dates) stands in its entry beside it, not in the files.
"""

import difflib
import hashlib
import json
import re
import secrets
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

from pydantic import ValidationError

from harness.errors import PackError, Problem
from harness.packs import Pack, load_pack
from harness.packs.artefacts import COORDINATE, pack_folder
from harness.store._archive import ArchiveLimits, copy_within, unpack
from harness.store._codec import from_json, to_json
from harness.store._complete import Completed, complete
from harness.store._lock import Difference
from harness.store._pack_entries import PackWords, StoredPack, digests, files_to_keep, named, refuse_wrong, worded

_COMPLETED = "completed"


class PackStore:
    """The imported packs below `folder`, customarily `packs` in the cache folder.

    Several processes may use it at once; what one of them adds is seen by the others when it is whole.
    """

    def __init__(self, folder: Path, *, limits: ArchiveLimits | None = None) -> None:
        self._folder = folder
        self._limits = limits or ArchiveLimits()

    def entries(self) -> tuple[StoredPack, ...]:
        """All imported packs, by coordinate.

        Raises:
            PackError: an entry is damaged.
        """
        return tuple(self._read(path) for path in sorted(self._entries.glob("*.json")))

    def entry(self, coordinate: str) -> StoredPack:
        """The entry of `coordinate`.

        Raises:
            PackError: there is none, with the nearest as a hint; or it is damaged.
        """
        path = self._entry_path(coordinate)
        if path.is_file():
            return self._read(path)
        known = [e.coordinate for e in self.entries()]
        near = difflib.get_close_matches(coordinate, known, n=1, cutoff=0.4)
        hint = f"did you mean {near[0]!r}?" if near else "add it first: harness packs add"
        raise PackError(Problem(code="P110", problem="no such pack was added", option=coordinate, hint=hint))

    def load(self, coordinate: str) -> Pack:
        """The imported pack `coordinate`.

        Raises:
            PackError: there is none, or its copy is not what was added.
        """
        return self._load(self.entry(coordinate))

    def chosen(self, names: Sequence[Path], today: date) -> tuple[Pack, ...]:
        """The packs that `names` mean, a folder or the coordinate of an imported pack each, with their status of `today`.

        Raises:
            PackError: every name that means no usable pack.
        """
        packs: list[Pack] = []
        problems: list[Problem] = []
        for name in names:
            try:
                pack = self.load(str(name)) if is_coordinate(name) else load_pack(name)
                packs.append(replace(pack, status=pack.status_on(today)))
            except PackError as exc:
                problems += exc.problems
        if problems:
            raise PackError(problems)
        return tuple(packs)

    def add(
        self,
        source: Path,
        *,
        now: datetime,
        words: PackWords | None = None,
        complete_from: Sequence[Path] = (),
        replace_other: bool = False,
    ) -> StoredPack:
        """Import the folder or zip `source`; adding the same thing again changes nothing but the words.

        Args:
            complete_from: published value sets (files or folders) from which missing vocabulary files are rebuilt; what
                was rebuilt is no longer what the publisher distributes, so that the coordinate says `completed`.
            replace_other: let the new content take the place of another one under the same coordinate.

        Raises:
            PackError: nothing known is there, the archive is not safe, the words are wrong, or the coordinate is taken.
        """
        words = words or PackWords()
        refuse_wrong(words)
        incoming = self._folder / "incoming" / secrets.token_hex(8)
        try:
            incoming.mkdir(parents=True)
            pack = load_pack(self._opened(source, incoming))
            copy = incoming / "copy"
            copy_within(files_to_keep(pack), pack.root, copy, self._limits)
            completed = complete(copy, [m for a in pack.artefacts for m in a.missing_vocabularies], complete_from)
            entry = self._described(pack, copy, source.name, now, words, completed)
            self._keep(entry, copy, replace_other=replace_other)
        except OSError as exc:
            why = (exc.strerror or type(exc).__name__).lower()
            raise PackError(Problem(problem=f"cannot be added: {why}", option=str(source))) from exc
        finally:
            shutil.rmtree(incoming, ignore_errors=True)
        return entry

    def changes(self, coordinate: str) -> Iterator[Difference]:
        """What of the copy of `coordinate` is not as it was added.

        Raises:
            PackError: there is no such pack.
        """
        entry = self.entry(coordinate)
        now = digests(self._content(entry))
        for name in sorted(entry.files.keys() | now.keys()):
            old, new = entry.files.get(name, ""), now.get(name, "")
            if old != new:
                what = "gone" if not new else "new" if not old else "changed"
                yield Difference(coordinate=coordinate, what=what, kind="file", name=name, locked=old, found=new)

    @property
    def _entries(self) -> Path:
        return self._folder / "entries"

    def _entry_path(self, coordinate: str) -> Path:
        return self._entries / f"{coordinate.replace(':', '+')}.json"

    def _content(self, entry: StoredPack) -> Path:
        return self._folder / "content" / entry.content[:2] / entry.content

    def _opened(self, source: Path, incoming: Path) -> Path:
        if source.is_dir():
            return pack_folder(source.resolve())
        if not source.is_file():
            expected = ("a folder", "a zip archive")
            raise PackError(Problem(problem="no such file or folder", option=str(source), expected=expected))
        unpacked = incoming / source.stem
        unpacked.mkdir()
        unpack(source, unpacked, self._limits)
        return pack_folder(unpacked)

    def _described(
        self, pack: Pack, copy: Path, source: str, now: datetime, words: PackWords, completed: tuple[Completed, ...]
    ) -> StoredPack:
        copied = load_pack(copy)
        rebuilt = {c.file for c in completed}
        same = {(a.id, a.sha256) for a in pack.artefacts if not rebuilt.intersection(a.missing_vocabularies)}
        if not same <= {(a.id, a.sha256) for a in copied.artefacts}:
            raise PackError(
                Problem(problem="the copy is not what was to be added; it changed meanwhile", option=source)
            )
        coordinate = words.coordinate or pack.coordinate
        if completed and not words.coordinate:
            coordinate += f"-{_COMPLETED}" if coordinate.count(":") > 2 else f":{_COMPLETED}"
        files = digests(copy)
        digest = hashlib.sha256("\n".join(f"{name} {sha}" for name, sha in files.items()).encode()).hexdigest()
        return StoredPack(
            coordinate=coordinate,
            title=pack.title,
            source=source,
            added_at=now,
            content=digest,
            sha256=named(copied, coordinate).sha256,
            words=words,
            completed=completed,
            files=files,
        )

    def _keep(self, entry: StoredPack, copy: Path, *, replace_other: bool) -> None:
        path = self._entry_path(entry.coordinate)
        if path.is_file() and not replace_other and (before := self._read(path)).content != entry.content:
            raise PackError(
                Problem(
                    code="P111",
                    problem=f"another pack was added as {entry.coordinate!r}",
                    expected=(before.content[:12],),
                    found=entry.content[:12],
                    hint="give it another one with --coordinate, or take its place with --replace",
                )
            )
        target = self._content(entry)
        if digests(target) != entry.files:
            shutil.rmtree(target, ignore_errors=True)
            target.parent.mkdir(parents=True, exist_ok=True)
            copy.replace(target)
        self._entries.mkdir(parents=True, exist_ok=True)
        partial = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
        partial.write_text(json.dumps(to_json(StoredPack, entry, lambda _: ""), ensure_ascii=False, indent=1) + "\n")
        partial.replace(path)

    def _read(self, path: Path) -> StoredPack:
        try:
            return from_json(StoredPack, json.loads(path.read_bytes()), lambda _: b"")
        except (OSError, ValueError, ValidationError) as exc:
            problem = "the entry of an added pack is damaged"
            raise PackError(Problem(code="P112", problem=problem, option=str(path), hint="add the pack again")) from exc

    def _load(self, entry: StoredPack) -> Pack:
        folder = self._content(entry)
        hint = "add it again; `harness packs verify` names what changed"
        if not folder.is_dir():
            problem = "the copy of an added pack is gone"
            raise PackError(Problem(code="P112", problem=problem, found=entry.coordinate, hint="add it again"))
        pack = worded(named(load_pack(folder), entry.coordinate), entry)
        if pack.sha256 != entry.sha256:
            problem = "the copy of an added pack is not what was added"
            raise PackError(Problem(code="P112", problem=problem, found=entry.coordinate, hint=hint))
        return pack


def cache_folder(environment: Mapping[str, str], home: Path) -> Path:
    """Where what can be made or added again is kept: $HARNESS_CACHE, else `harness` in the user's cache folder."""
    own = environment.get("HARNESS_CACHE")
    base = environment.get("XDG_CACHE_HOME")
    return Path(own) if own else (Path(base) if base else home / ".cache") / "harness"


def is_coordinate(name: Path | str) -> bool:
    """Whether `name` is meant as the coordinate of a pack: it has the form of one, and no file has that name."""
    return re.fullmatch(COORDINATE, str(name)) is not None and not Path(name).exists()
