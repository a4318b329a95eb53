"""Packs of validation artefacts: what they hold, what each artefact judges, and the digest that names their exact content.

A pack is a folder with `pack.yaml`, or a folder as its publisher distributes it (see `harness.packs._recognise`).
Nothing is compiled here; `harness.validators` does that.
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from harness.errors import PackError, Problem
from harness.model import Layer, Localized
from harness.packs._artefact import ARTEFACT_LAYERS, COORDINATE, PACK_STATUSES, Artefact, Pack, made, versioned
from harness.packs._closure import Files, Resolved, name_in, resolve_reference
from harness.packs._declared import PACK_FILE, load_declared
from harness.packs._layouts import Entry
from harness.packs._recognise import pack_folder, recognise

_LAYOUTS = ("pack.yaml", "eHDSI Schematron release", "ANS content tests", "XML Schema, Schematron or value set files")


@dataclass(frozen=True, slots=True, kw_only=True)
class ArtefactContent:
    """What an artefact is made of: all files it reaches, itself included, with their SHA-256, sorted by path; how many
    rules have a context of their own; how many of the files are value sets."""

    files: Mapping[Path, str]
    rules: int
    value_sets: int


def load_pack(path: Path) -> Pack:
    """The pack in folder `path`: read from its `pack.yaml`, else recognised by a publisher's layout or by its files.

    Raises:
        PackError: no folder, no layout we know, or a wrong `pack.yaml` (every problem, with line and column).
    """
    folder = path.resolve()
    if not folder.is_dir():
        hint = "add it first: harness packs add" if folder.is_file() else None
        raise PackError(Problem(problem="not a folder", option=str(path), expected=("a pack folder",), hint=hint))
    if (folder / PACK_FILE).is_file():
        return load_declared(folder)
    return _load_recognised(folder)


def _load_recognised(folder: Path) -> Pack:
    recognised = recognise(folder)
    if recognised is None:
        raise PackError(
            Problem(
                problem="no pack.yaml here and not a layout of a publisher we know",
                option=str(folder),
                expected=_LAYOUTS,
            )
        )
    files = Files()
    artefacts = tuple(_made(files, entry) for entry in recognised.entries)
    coordinate = versioned(recognised.coordinate, artefacts)
    if coordinate != recognised.coordinate:
        artefacts = tuple(replace(a, coordinate=coordinate) for a in artefacts)
    return Pack(
        coordinate=coordinate,
        root=folder,
        artefacts=artefacts,
        title=recognised.title,
        origin=recognised.origin,
        licence=recognised.licence,
    )


def _made(files: Files, entry: Entry) -> Artefact:
    return made(
        files,
        id=entry.id,
        layer=entry.layer,
        path=entry.path,
        root=entry.root,
        coordinate=entry.coordinate,
        applies=entry.applies,
        when=entry.when,
        requirement=entry.requirement,
        sources=entry.sources,
        title=entry.title,
        lacking=entry.lacking,
    )


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
    files = Files()
    artefacts: list[Artefact] = []
    for path in (p.resolve() for p in paths):
        layer = layers[path.suffix.lower()]
        present = files.closure(path, layer, Path(path.anchor)).present
        artefacts.append(
            made(
                files,
                id=path.stem,
                layer=layer,
                path=path,
                root=Path(os.path.commonpath([file.parent for file in present])),
                coordinate="local:files:0",
                applies=("*",),
                when={},
                requirement=None,
                sources=(path.name,),
            )
        )
    coordinate = versioned("local:files:0", artefacts)
    return Pack(
        coordinate=coordinate,
        root=paths[0].resolve().parent if paths else Path(),
        artefacts=tuple(replace(a, coordinate=coordinate, whole=True) for a in artefacts),
        title=Localized(en="Files named by the operator", fr="Fichiers désignés par l'opérateur"),
        origin="the operator",
    )


def contents_of(pack: Pack) -> Mapping[str, ArtefactContent]:
    """By artefact id, what each artefact of `pack` is made of. Reads all its files again."""
    files = Files()
    found = {}
    for artefact in pack.artefacts:
        if artefact.lacking:
            found[artefact.id] = ArtefactContent(files={}, rules=0, value_sets=0)
            continue
        reached = files.closure(artefact.path, artefact.layer, artefact.root)
        found[artefact.id] = ArtefactContent(
            files={path: files.digest(path) for path in sorted(reached.present)},
            rules=reached.rules,
            value_sets=len(reached.value_sets),
        )
    return found


__all__ = [
    "ARTEFACT_LAYERS",
    "COORDINATE",
    "PACK_FILE",
    "PACK_STATUSES",
    "Artefact",
    "ArtefactContent",
    "Pack",
    "Resolved",
    "contents_of",
    "load_pack",
    "name_in",
    "pack_folder",
    "pack_of_files",
    "resolve_reference",
]
