"""Folders of plain schemas, Schematron files or value sets that no publisher's layout fits.

What an artefact judges is read off itself: an XML Schema judges the roots it declares, Schematron rules the documents
their contexts name. Where that cannot be told nothing is guessed.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from harness.errors import PackError, Problem
from harness.model import Layer, Localized, say
from harness.packs._closure import Files, without_comments
from harness.packs._layouts import BY_PUBLISHER, Entry, Recognised

MAX_FILES = 5_000
"""More schema files than any publisher's set has; a folder with more is somebody's disk, not a pack."""

_TARGET = re.compile(rb"<(?:[\w.-]+:)?schema\s[^<>]*?targetNamespace\s*=\s*[\"']([^\"']*)")
_GLOBAL_ELEMENT = re.compile(
    rb"<(?P<p>(?:[\w.-]+:)?)(?P<kind>element|complexType|group|simpleType|attributeGroup|annotation)\b(?P<attributes>[^<>]*)>"
    rb"|</(?P<q>(?:[\w.-]+:)?)(?P<end>element|complexType|group|simpleType|attributeGroup|annotation)\s*>"
)
_NAME = re.compile(rb"\bname\s*=\s*[\"']([\w.-]+)[\"']")
_SCH_SCHEMA = re.compile(rb"<(?:[\w.-]+:)?schema\b")
_ABSOLUTE = re.compile(rb"\bcontext\s*=\s*[\"']\s*/(?:[\w.-]+:)?([A-Za-z_][\w.-]*)")
_CDA_ROOT = b"ClinicalDocument"
_HL7 = "urn:hl7-org:v3"
_VALUE_SET = re.compile(rb"<(?:[\w.-]+:)?(?:RetrieveValueSetResponse|RetrieveMultipleValueSetsResponse|valueSets?)\b")


def plain(folder: Path) -> Recognised | None:
    """What the files in `folder` make together, None when there is no artefact among them.

    Raises:
        PackError: too many files, or Schematron files that do not tell what they judge.
    """
    schemas = _files(folder, "*.xsd")
    rules = [p for p in _files(folder, "*.sch") if _SCH_SCHEMA.search(without_comments(p.read_bytes()))]
    coordinate = f"local:{_slug(folder.name)}:0"
    files = Files()
    entries = [*_xsd_entries(files, folder, coordinate, schemas), *_sch_entries(files, folder, coordinate, rules)]
    if not entries and (values := _value_sets(folder, coordinate)):
        entries = [values]
    if not entries:
        return None
    return Recognised(
        coordinate=coordinate,
        title=Localized(en=f"Files of the folder {folder.name}", fr=f"Fichiers du dossier {folder.name}"),
        origin="local files",
        licence=BY_PUBLISHER,
        entries=tuple(entries),
    )


def _files(folder: Path, pattern: str) -> list[Path]:
    found = []
    for path in folder.rglob(pattern):
        if path.is_file() and not any(part.startswith(".") for part in path.relative_to(folder).parts):
            found.append(path)
        if len(found) > MAX_FILES:
            problem = f"more than {MAX_FILES} files {pattern}"
            raise PackError(Problem(problem=problem, option=str(folder), hint="name the folder of one schema set"))
    return sorted(found)


def _slug(name: str) -> str:
    return re.sub(r"[^\w.-]+", "-", name).strip("-.") or "folder"


def _included(files: Files, paths: Sequence[Path], layer: Layer, root: Path) -> set[Path]:
    """Files that another one of `paths` includes or imports: no entries of their own."""
    return {target for path in paths for target in files.includes(path, layer, root) if target != path}


def _xsd_entries(files: Files, folder: Path, coordinate: str, paths: Sequence[Path]) -> Iterator[Entry]:
    inner = _included(files, paths, Layer.XSD, folder)
    roots = {path: declared for path in paths if path not in inner and (declared := declared_roots(path))}
    count = Counter(root for declared in roots.values() for root in declared)
    taken = set(count)
    for path, declared in roots.items():
        # what a schema imports it can judge too, unless a schema of its own is there for it
        reached = files.closure(path, Layer.XSD, folder).present - {path}
        more = {root for file in reached for root in declared_roots(file)} - taken
        taken |= more
        judged = {root for root in declared if count[root] == 1} | more
        if judged:
            namespaces = tuple(sorted({namespace or "none" for namespace, _ in judged}))
            kinds = sorted({_kind(root) for root in judged})
            yield _entry(folder, coordinate, path, Layer.XSD, kinds, namespaces)
    for namespace, name in sorted(root for root, schemas in count.items() if schemas > 1):
        named = sorted(
            p.relative_to(folder).as_posix() for p, declared in roots.items() if (namespace, name) in declared
        )
        yield Entry(
            id=f"{name}-undecided",
            layer=Layer.XSD,
            path=folder,
            root=folder,
            coordinate=coordinate,
            applies=(_kind((namespace, name)),),
            when={"namespace": (namespace or "none",)},
            lacking=say("several-schemas", name=name, files=", ".join(named)),
        )


def _kind(root: tuple[str, str]) -> str:
    return "cda:*" if root == (_HL7, _CDA_ROOT.decode()) else f"message:{root[1]}"


def declared_roots(path: Path) -> frozenset[tuple[str, str]]:
    """(namespace, name) of the elements that an XML Schema declares at its top level, by its own file alone."""
    data = without_comments(path.read_bytes())
    target = _TARGET.search(data)
    namespace = target.group(1).decode(errors="replace") if target else ""
    found = set()
    depth = 0
    for tag in _GLOBAL_ELEMENT.finditer(data):
        if tag["end"]:
            depth -= 1
            continue
        name = _NAME.search(tag["attributes"])
        if tag["kind"] == b"element" and depth == 0 and name:
            found.add((namespace, name.group(1).decode()))
        if not tag["attributes"].endswith(b"/"):
            depth += 1
    return frozenset(found)


def _sch_entries(files: Files, folder: Path, coordinate: str, paths: Sequence[Path]) -> Iterator[Entry]:
    inner = _included(files, paths, Layer.SCHEMATRON, folder)
    entries = [path for path in paths if path not in inner]
    judged = {path: _judged_kinds(files.closure(path, Layer.SCHEMATRON, folder).present) for path in entries}
    problems = [
        Problem(
            problem="what these rules judge cannot be told from their contexts",
            option=str(path),
            hint="write a pack.yaml with `applies` beside them, or name the file with `validate --schematron`",
        )
        for path, kinds in judged.items()
        if not kinds
    ]
    if problems:
        raise PackError(problems)
    for path, kinds in judged.items():
        yield _entry(folder, coordinate, path, Layer.SCHEMATRON, kinds, ())


def _judged_kinds(paths: Iterable[Path]) -> list[str]:
    data = b"".join(without_comments(p.read_bytes()) for p in paths if p.suffix == ".sch")
    if _CDA_ROOT in data:
        return ["cda:*"]
    return sorted({f"message:{m.group(1).decode()}" for m in _ABSOLUTE.finditer(data)})


def _entry(
    folder: Path, coordinate: str, path: Path, layer: Layer, kinds: Sequence[str], namespaces: tuple[str, ...]
) -> Entry:
    relative = path.relative_to(folder)
    return Entry(
        id=_slug("-".join(relative.with_suffix("").parts)),
        layer=layer,
        path=path,
        root=folder,
        coordinate=coordinate,
        applies=tuple(kinds),
        when={"namespace": namespaces} if namespaces else {},
        sources=(relative.as_posix(),),
    )


def _value_sets(folder: Path, coordinate: str) -> Entry | None:
    """The folder itself as terminology, when all its XML files are value sets (IHE SVS or ART-DECOR)."""
    files = [p for p in folder.glob("*.xml") if p.is_file()]
    if not files or len(files) > MAX_FILES or not all(_VALUE_SET.search(_head(p)) for p in files):
        return None
    return Entry(
        id="value-sets",
        layer=Layer.TERMINOLOGY,
        path=folder,
        root=folder,
        coordinate=coordinate,
        applies=(),
        title=Localized(en="value sets", fr="jeux de valeurs"),
    )


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(4096)
