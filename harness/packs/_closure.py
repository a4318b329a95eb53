"""Which files an artefact reaches, and which of those it names are not there. Nothing is compiled, nothing outside read.

References are read off the bytes, without an XML parser: a digest is wanted of a broken file, too.
"""

import hashlib
import os
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from harness.model import Layer

# a tag ends at the next angle bracket, whichever it is: nothing here may search a hostile file more than once
_TAG = re.compile(rb"<(?:[\w.-]+:)?(?P<name>include|import|redefine|override|extends|let|rule)\s(?P<attributes>[^<>]*)")
_LOCATION = re.compile(rb"\bschemaLocation\s*=\s*[\"']([^\"']+)")
_HREF = re.compile(rb"\bhref\s*=\s*[\"']([^\"'#]+)")
_LET_PATH = re.compile(rb"\bvalue\s*=\s*(?:\"'([^'\"]+)'\"|'\"([^'\"]+)\"')")
_CONTEXT = re.compile(rb"\bcontext\s*=")
_VOCABULARY = re.compile(rb"\bdoc(?:ument)?\(\s*(?:'|&apos;|\"|&quot;)([^'\"&]+)(?:'|&apos;|\"|&quot;)\s*\)")
_ELSEWHERE = re.compile(r"[A-Za-z][\w+.-]*:|/")


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolved:
    """Where a reference leads: `path` is None when there is no such file, or when it lies outside the pack.

    `differs_in_case` tells that the file there is spelt with other capitals than the reference: a publisher's slip that
    some file systems hide. The file is the one meant all the same, and whoever uses it says so.
    """

    path: Path | None
    differs_in_case: bool = False


def resolve_reference(base: Path, href: str, root: Path) -> Resolved:
    """The file that the relative reference `href` in `base` (a file, or the folder it stands in) means inside `root`.

    Absolute references, URLs and those that leave `root` lead nowhere. Of several files that differ from the reference
    in case only, none is taken. `href` has no fragment.
    """
    if not href or _ELSEWHERE.match(href):
        return Resolved(path=None)
    folder = base if base.is_dir() else base.parent
    target = Path(os.path.normpath(folder / href))
    if not target.is_relative_to(root):
        return Resolved(path=None)
    if target.is_file():
        return Resolved(path=target) if target.resolve().is_relative_to(root.resolve()) else Resolved(path=None)
    found = _in_any_case(target, root)
    if found is None or not found.resolve().is_relative_to(root.resolve()):
        return Resolved(path=None)
    return Resolved(path=found, differs_in_case=True)


def _in_any_case(target: Path, root: Path) -> Path | None:
    here = root
    for name in target.relative_to(root).parts:
        exact = here / name
        if exact.exists():
            here = exact
            continue
        try:
            alike = [p for p in here.iterdir() if p.name.casefold() == name.casefold()]
        except OSError:
            return None
        if len(alike) != 1:
            return None
        here = alike[0]
    return here if here.is_file() else None


@dataclass(slots=True)
class Reached:
    """What an artefact reaches: files that are there, names (relative to the root) of those that are not, figures."""

    present: set[Path] = field(default_factory=set)
    includes: set[str] = field(default_factory=set)
    vocabularies: set[str] = field(default_factory=set)
    differs_in_case: set[str] = field(default_factory=set)
    value_sets: set[Path] = field(default_factory=set)
    rules: int = 0

    def digest(self, files: "Files", root: Path) -> str:
        """SHA-256 over the names and digests of all files reached and the names of those that are missing."""
        lines = [f"{name_in(file, root)} {files.digest(file)}" for file in sorted(self.present)]
        lines += [f"{name} missing" for name in sorted(self.includes | self.vocabularies)]
        return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def name_in(path: Path, root: Path) -> str:
    """`path` as it is called inside `root`, with slashes."""
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else path.name


@dataclass(frozen=True, slots=True)
class _References:
    includes: tuple[str, ...] = ()
    vocabularies: tuple[str, ...] = ()
    rules: int = 0


class Files:
    """Digests and references of files, each read once while a pack is loaded."""

    def __init__(self) -> None:
        self._digests: dict[Path, str] = {}
        self._references: dict[tuple[Path, Layer], _References] = {}
        self._resolve = cache(resolve_reference)

    def digest(self, path: Path) -> str:
        """SHA-256 of the bytes of `path`."""
        if path not in self._digests:
            self._digests[path] = hashlib.sha256(path.read_bytes()).hexdigest()
        return self._digests[path]

    def closure(self, entry: Path, layer: Layer, root: Path) -> Reached:
        """All files `entry` reaches inside `root`; an entry that is not there is the one thing missing."""
        reached = Reached()
        if entry.is_dir():
            reached.present.update(p for p in entry.rglob("*") if p.is_file())
            reached.value_sets = set(reached.present)
            return reached
        if not entry.is_file():
            reached.includes.add(name_in(entry, root))
            return reached
        waiting = [entry]
        while waiting:
            file = waiting.pop()
            if file in reached.present:
                continue
            reached.present.add(file)
            references = self._referred(file, layer)
            reached.rules += references.rules
            waiting += self._included(reached, file, references.includes, layer, root)
            # a relative reference is resolved against the entry schema, as the compiled style sheet does
            self._add_vocabularies(reached, entry, references.vocabularies, root)
        reached.present |= reached.value_sets
        return reached

    def includes(self, file: Path, layer: Layer, root: Path) -> tuple[Path, ...]:
        """The files that `file` itself includes or imports."""
        return tuple(self._included(Reached(), file, self._referred(file, layer).includes, layer, root))

    def _included(self, reached: Reached, file: Path, names: Iterable[str], layer: Layer, root: Path) -> Iterable[Path]:
        for name in names:
            found = self._resolve(file.parent, name, root)
            shown = _shown(file.parent, name, root)
            if found.differs_in_case and found.path:
                reached.differs_in_case.add(f"{shown} -> {name_in(found.path, root)}")
            # the XML Schema processor looks files up by itself, and by their exact names
            if found.path is None or (found.differs_in_case and layer is Layer.XSD):
                reached.includes.add(shown)
            else:
                yield found.path

    def _add_vocabularies(self, reached: Reached, entry: Path, names: Iterable[str], root: Path) -> None:
        for name in names:
            folder = (entry.parent / name).resolve()
            if name.endswith("/"):
                if folder.is_dir() and folder.is_relative_to(root):
                    reached.value_sets.update(p for p in folder.iterdir() if p.is_file())
                continue
            found = self._resolve(entry.parent, name, root)
            shown = _shown(entry.parent, name, root)
            if found.path is None:
                reached.vocabularies.add(shown)
                continue
            reached.value_sets.add(found.path)
            if found.differs_in_case:
                reached.differs_in_case.add(f"{shown} -> {name_in(found.path, root)}")

    def _referred(self, file: Path, layer: Layer) -> _References:
        key = (file, layer)
        if key not in self._references:
            self._references[key] = _references(file, layer)
        return self._references[key]


def _references(file: Path, layer: Layer) -> _References:
    if layer is Layer.TERMINOLOGY or file.suffix == ".xml":
        return _References()
    data = without_comments(file.read_bytes())
    tags = [(m["name"], m["attributes"]) for m in _TAG.finditer(data)]
    if layer is Layer.XSD:
        named = [m[1].decode(errors="replace") for _, attributes in tags for m in _LOCATION.finditer(attributes)]
        return _References(includes=tuple(dict.fromkeys(n for n in named if "://" not in n)))
    paths = {m[1] for m in _VOCABULARY.finditer(data)}
    paths |= {
        path
        for name, attributes in tags
        if name == b"let" and (m := _LET_PATH.search(attributes)) and (path := m[1] or m[2]).endswith((b".xml", b"/"))
    }
    included = [
        m[1] for name, attributes in tags if name in (b"include", b"extends") for m in _HREF.finditer(attributes)
    ]
    return _References(
        includes=tuple(dict.fromkeys(n.decode(errors="replace") for n in included)),
        vocabularies=tuple(sorted(n.decode(errors="replace") for n in paths)),
        rules=sum(name == b"rule" and _CONTEXT.search(attributes) is not None for name, attributes in tags),
    )


def without_comments(data: bytes) -> bytes:
    """`data` without its XML comments; one that does not end is left as it is."""
    parts, at = [], 0
    while (start := data.find(b"<!--", at)) >= 0 and (end := data.find(b"-->", start + 4)) >= 0:
        parts.append(data[at:start])
        at = end + 3
    return b"".join([*parts, data[at:]])


def _shown(folder: Path, name: str, root: Path) -> str:
    target = Path(os.path.normpath(folder / name))
    return target.relative_to(root).as_posix() if target.is_relative_to(root) else name
