"""Packs of validation artefacts: what they hold, what each artefact judges, and the digest that names its exact content.

A pack is a folder with `pack.yaml`, or a folder as its publisher distributes it (see `harness.packs._recognise`).
Nothing is compiled here; `harness.validators` does that.
"""

import hashlib
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from pathlib import Path

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import MarkedYAMLError

from harness.errors import Mark, PackError, Problem
from harness.model import Layer, Localized
from harness.packs import _recognise

ARTEFACT_LAYERS = (Layer.XSD, Layer.SCHEMATRON, Layer.TERMINOLOGY)
PACK_STATUSES = ("not-yet-active", "valid", "deprecated", "expired")
_COORDINATE = re.compile(r"[A-Za-z0-9][\w.-]*:[A-Za-z0-9][\w.-]*:[A-Za-z0-9][\w.-]*(:[A-Za-z0-9][\w.-]*)?")
_PACK_KEYS = ("pack", "title", "origin", "licence", "status", "from", "until", "artefacts", "sources")
_ARTEFACT_KEYS = ("id", "layer", "path", "applies", "requirement", "sources", "when", "title")


@dataclass(frozen=True, slots=True, kw_only=True)
class Artefact:
    """One XSD, Schematron or value set, and what it judges.

    `applies` are globs over kinds (`cda:patient-summary:3`, `message:PRPA_IN201306UV02`); `when` narrows them by facts
    of the document (`medication_extension: pharm | epsos | none`, `template`: the document template's OID or `none`).
    `path` and `root` are absolute; nothing outside `root` is read. `sha256` covers the artefact, all files it includes
    or imports and the value sets it names. A missing include makes every verdict of it inconclusive, a missing
    vocabulary only those of the documents that reach the rule. With `whole` it judges inputs as a whole only, never a piece
    of a message.
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
    missing_includes: tuple[str, ...] = ()
    missing_vocabularies: tuple[str, ...] = ()
    whole: bool = False

    def fits(self, kind: str, facts: Mapping[str, str]) -> bool:
        """Whether it judges a document of `kind` with these `facts`; a fact it asks for and that is absent is a no."""
        if not any(fnmatchcase(kind, glob) for glob in self.applies):
            return False
        return all(facts.get(name, "none") in accepted for name, accepted in self.when.items())


@dataclass(frozen=True, slots=True, kw_only=True)
class Pack:
    """A versioned set of artefacts, named by its coordinate `group:artefact:version[:classifier]`."""

    coordinate: str
    root: Path
    artefacts: tuple[Artefact, ...]
    title: Localized
    origin: str = ""
    licence: str = ""
    status: str = "valid"

    @property
    def complete(self) -> bool:
        """Whether no file that an artefact refers to is missing."""
        return not any(a.missing_includes or a.missing_vocabularies for a in self.artefacts)

    @property
    def sha256(self) -> str:
        """Digest over the ids and digests of all artefacts, in order of id."""
        lines = sorted(f"{a.coordinate} {a.id} {a.sha256}" for a in self.artefacts)
        return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def load_pack(path: Path) -> Pack:
    """The pack in folder `path`: read from its `pack.yaml`, else recognised by a publisher's layout.

    Raises:
        PackError: no folder, no layout we know, or a wrong `pack.yaml` (every problem, with line and column).
    """
    folder = path.resolve()
    if not folder.is_dir():
        raise PackError(Problem(problem="not a folder", option=str(path), expected=("a pack folder",)))
    if (folder / "pack.yaml").is_file():
        return _load_declared(folder)
    return _load_recognised(folder)


def pack_of_files(paths: Sequence[Path]) -> Pack:
    """A pack of single `.xsd` and `.sch` files that judge everything they are given, for files the operator names.

    Its coordinate holds a digest of the content; nothing above the folder that holds all included files is read.

    Raises:
        PackError: a file is absent, or is neither a schema nor a Schematron by its name.
    """
    layers = {".xsd": Layer.XSD, ".sch": Layer.SCHEMATRON}
    problems = [
        Problem(
            problem="no such file" if not p.is_file() else "unknown kind of artefact",
            option=str(p),
            expected=(".xsd", ".sch"),
        )
        for p in paths
        if not p.is_file() or p.suffix.lower() not in layers
    ]
    if problems:
        raise PackError(problems)
    files = _Files()
    artefacts: list[Artefact] = []
    for path in (p.resolve() for p in paths):
        layer = layers[path.suffix.lower()]
        root = Path(os.path.commonpath([file.parent for file in files.closure(path, layer).present]))
        artefacts.append(
            _artefact(
                files,
                id=path.stem,
                layer=layer,
                path=path,
                root=root,
                coordinate="local:files:0",
                applies=("*",),
                when={},
                requirement=None,
                sources=(path.name,),
            )
        )
    digest = hashlib.sha256("\n".join(sorted(a.sha256 for a in artefacts)).encode()).hexdigest()
    coordinate = f"local:files:{digest[:12]}"
    return Pack(
        coordinate=coordinate,
        root=paths[0].resolve().parent if paths else Path(),
        artefacts=tuple(replace(a, coordinate=coordinate, whole=True) for a in artefacts),
        title=Localized(en="Files named by the operator", fr="Fichiers désignés par l'opérateur"),
        origin="the operator",
    )


_L3_RULES = "XCAR-A-006"
"""The requirement that official template rules of a structured document decide."""


def _structured(entry: _recognise.Entry) -> bool:
    """Whether the rules of `entry` are those of a structured (level 3) document, by the publisher's file names."""
    return entry.layer == Layer.SCHEMATRON and not re.search(r"L1|OrCD", entry.path.stem)


def _load_recognised(folder: Path) -> Pack:
    recognised = _recognise.recognise(folder)
    if recognised is None:
        raise PackError(
            Problem(
                problem="no pack.yaml here and not a layout of a publisher we know",
                option=str(folder),
                expected=("pack.yaml", "a folder of eHDSI Schematron files or of XML Schemas of CDA, HL7v3, XDS, SOAP"),
            )
        )
    files = _Files()
    artefacts = tuple(
        _artefact(
            files,
            id=entry.id,
            layer=Layer(entry.layer),
            path=entry.path,
            root=entry.root,
            coordinate=entry.coordinate,
            applies=entry.applies,
            when=entry.when,
            requirement=_L3_RULES if _structured(entry) else None,
            sources=entry.sources,
        )
        for entry in recognised.entries
    )
    return Pack(
        coordinate=recognised.coordinate,
        root=folder,
        artefacts=artefacts,
        title=Localized(en=recognised.title),
        origin=recognised.origin,
        licence=recognised.licence,
    )


def _load_declared(folder: Path) -> Pack:
    reader = _Reader(folder / "pack.yaml")
    top = reader.load()
    reader.known(top, _PACK_KEYS)
    coordinate = reader.text(top, "pack", required=True)
    if coordinate and not _COORDINATE.fullmatch(coordinate):
        reader.wrong(top, "pack", "not a coordinate", ("group:artefact:version[:classifier]",), coordinate)
    status = reader.text(top, "status") or "valid"
    if status not in PACK_STATUSES:
        reader.wrong(top, "status", "unknown status", PACK_STATUSES, status)
    files = _Files()
    artefacts: list[Artefact] = []
    for item in reader.mappings(top, "artefacts"):
        artefact = _declared_artefact(reader, files, folder, coordinate, item)
        if artefact and any(a.id == artefact.id for a in artefacts):
            reader.wrong(item, "id", "artefact id given twice", (), artefact.id)
        if artefact:
            artefacts.append(artefact)
    title = top.get("title")
    en, fr = (str(title.get("en", "")), str(title.get("fr", ""))) if isinstance(title, dict) else (str(title or ""), "")
    reader.finish()
    return Pack(
        coordinate=coordinate,
        root=folder,
        artefacts=tuple(artefacts),
        title=Localized(en=en, fr=fr),
        origin=reader.text(top, "origin"),
        licence=reader.text(top, "licence"),
        status=status,
    )


def _declared_artefact(
    reader: "_Reader", files: "_Files", folder: Path, coordinate: str, item: CommentedMap
) -> Artefact | None:
    reader.known(item, _ARTEFACT_KEYS)
    name = reader.text(item, "id", required=True)
    layer = reader.text(item, "layer", required=True)
    relative = reader.text(item, "path", required=True)
    if layer and layer not in ARTEFACT_LAYERS:
        reader.wrong(item, "layer", "unknown layer", tuple(ARTEFACT_LAYERS), layer)
    path = (folder / relative).resolve()
    if relative and not path.is_relative_to(folder):
        reader.wrong(item, "path", "path leaves the pack", ("a path inside the pack",), relative)
    elif relative and not path.exists():
        reader.wrong(item, "path", "no such file", (), relative)
    applies = reader.texts(item, "applies")
    if not applies and layer != Layer.TERMINOLOGY:
        reader.wrong(item, "applies", "nothing to apply to", ("a list of kinds such as 'cda:patient-summary:3'",), None)
    when = item.get("when") or {}
    if not isinstance(when, CommentedMap | dict):
        reader.wrong(item, "when", "not a mapping", ("fact: [values]",), str(when))
        when = {}
    if reader.problems:
        return None
    return _artefact(
        files,
        id=name,
        layer=Layer(layer),
        path=path,
        root=folder,
        coordinate=coordinate,
        applies=applies,
        when={str(k): tuple(str(x) for x in v) if isinstance(v, list) else (str(v),) for k, v in when.items()},
        requirement=reader.text(item, "requirement") or None,
        sources=reader.texts(item, "sources"),
    )


def _artefact(
    files: "_Files",
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
) -> Artefact:
    reached = files.closure(path, layer)
    lines = [f"{_name(file, root)} {files.digest(file)}" for file in sorted(reached.present)]
    lines += [f"{name} missing" for name in sorted(reached.includes | reached.vocabularies)]
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
        sha256=hashlib.sha256("\n".join(lines).encode()).hexdigest(),
        missing_includes=tuple(sorted(reached.includes)),
        missing_vocabularies=tuple(sorted(reached.vocabularies)),
    )


def _name(path: Path, root: Path) -> str:
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else path.name


@dataclass(slots=True)
class _Reached:
    present: set[Path] = field(default_factory=set)
    includes: set[str] = field(default_factory=set)
    vocabularies: set[str] = field(default_factory=set)


_COMMENT = re.compile(rb"<!--.*?-->", re.DOTALL)
_XSD_REFERENCE = re.compile(
    rb"<(?:[\w.-]+:)?(?:include|import|redefine|override)\s[^>]*?schemaLocation\s*=\s*[\"']([^\"']+)"
)
_SCH_REFERENCE = re.compile(rb"<(?:[\w.-]+:)?(?:include|extends)\s[^>]*?href\s*=\s*[\"']([^\"'#]+)")
_VOCABULARY = re.compile(rb"\bdoc(?:ument)?\(\s*(?:'|&apos;|\"|&quot;)([^'\"&]+)(?:'|&apos;|\"|&quot;)\s*\)")


class _Files:
    """Digests and references of files, each read once while a pack is loaded."""

    def __init__(self) -> None:
        self._digests: dict[Path, str] = {}
        self._references: dict[Path, tuple[tuple[str, ...], tuple[str, ...]]] = {}

    def digest(self, path: Path) -> str:
        if path not in self._digests:
            self._digests[path] = hashlib.sha256(path.read_bytes()).hexdigest()
        return self._digests[path]

    def closure(self, entry: Path, layer: Layer) -> _Reached:
        """All files `entry` reaches, and the names of those that are not there."""
        reached = _Reached()
        if entry.is_dir():
            reached.present.update(p for p in entry.rglob("*") if p.is_file())
            return reached
        waiting = [entry]
        while waiting:
            file = waiting.pop()
            if file in reached.present:
                continue
            reached.present.add(file)
            if layer is Layer.TERMINOLOGY:
                continue
            includes, vocabularies = self._referred(file, layer)
            for name in includes:
                target = (file.parent / name).resolve()
                if target.is_file():
                    waiting.append(target)
                else:
                    reached.includes.add(name)
            for name in vocabularies:
                # a relative reference is resolved against the entry schema, as the compiled style sheet does
                target = (entry.parent / name).resolve()
                if target.is_file():
                    reached.present.add(target)
                else:
                    reached.vocabularies.add(name)
        return reached

    def _referred(self, file: Path, layer: Layer) -> tuple[tuple[str, ...], tuple[str, ...]]:
        if file not in self._references:
            data = _COMMENT.sub(b"", file.read_bytes())
            if layer is Layer.XSD:
                found = (m.group(1).decode() for m in _XSD_REFERENCE.finditer(data))
                self._references[file] = (tuple(n for n in found if "://" not in n), ())
            elif file.suffix == ".xml":
                self._references[file] = ((), ())
            else:
                includes = tuple(m.group(1).decode() for m in _SCH_REFERENCE.finditer(data))
                self._references[file] = (includes, tuple({m.group(1).decode() for m in _VOCABULARY.finditer(data)}))
        return self._references[file]


class _Reader:
    """Typed access to one YAML file that collects every problem with its place."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.problems: list[Problem] = []

    def load(self) -> CommentedMap:
        try:
            data = YAML(typ="rt").load(self.path.read_text(encoding="utf-8"))
        except MarkedYAMLError as exc:
            mark = exc.problem_mark
            at = Mark(file=str(self.path), line=mark.line + 1 if mark else 1, column=mark.column + 1 if mark else 1)
            raise PackError(Problem(code="P101", at=at, problem=f"not readable as YAML: {exc.problem}")) from exc
        except UnicodeDecodeError as exc:
            at = Mark(file=str(self.path), line=1, column=1)
            raise PackError(Problem(code="P101", at=at, problem="not UTF-8 text")) from exc
        if not isinstance(data, CommentedMap):
            at = Mark(file=str(self.path), line=1, column=1)
            raise PackError(Problem(code="P102", at=at, problem="not a mapping", expected=("pack: ...",)))
        return data

    def known(self, node: CommentedMap, keys: Sequence[str]) -> None:
        for key in node:
            if key not in keys:
                self.wrong(node, str(key), f"unknown key {key!r}", tuple(keys), None)

    def text(self, node: CommentedMap, key: str, *, required: bool = False) -> str:
        value = node.get(key)
        if isinstance(value, CommentedMap | CommentedSeq):
            self.wrong(node, key, f"{key} is not a text", (), None)
            return ""
        if required and value in (None, ""):
            self.wrong(node, key, f"{key} is missing", (), None)
        return "" if value is None else str(value)

    def texts(self, node: CommentedMap, key: str) -> tuple[str, ...]:
        value = node.get(key)
        if value is None:
            return ()
        if not isinstance(value, CommentedSeq):
            self.wrong(node, key, f"{key} is not a list", ("a list",), str(value))
            return ()
        return tuple(str(v) for v in value)

    def mappings(self, node: CommentedMap, key: str) -> Iterator[CommentedMap]:
        value = node.get(key)
        if not isinstance(value, CommentedSeq):
            self.wrong(node, key, f"{key} is missing or not a list", ("a list of artefacts",), None)
            return
        for index, item in enumerate(value):
            if isinstance(item, CommentedMap):
                yield item
            else:
                line, column = value.lc.item(index)
                self._add(
                    line, column, "an artefact is not a mapping", ("{id: ..., layer: ..., path: ...}",), str(item)
                )

    def wrong(self, node: CommentedMap, key: str, problem: str, expected: tuple[str, ...], found: str | None) -> None:
        line, column = node.lc.value(key) if key in node else (node.lc.line, node.lc.col)
        self._add(line, column, problem, expected, found)

    def _add(self, line: int, column: int, problem: str, expected: tuple[str, ...], found: str | None) -> None:
        at = Mark(file=str(self.path), line=line + 1, column=column + 1)
        self.problems.append(Problem(code="P103", at=at, problem=problem, expected=expected, found=found))

    def finish(self) -> None:
        if self.problems:
            raise PackError(self.problems)
