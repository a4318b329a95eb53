"""Reads `pack.yaml`: what a pack says of itself, with every problem at its line and column."""

import hashlib
import re
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.constructor import RoundTripConstructor
from ruamel.yaml.error import MarkedYAMLError

from harness.errors import Mark, PackError, Problem
from harness.model import Layer, Localized
from harness.packs._artefact import ARTEFACT_LAYERS, COORDINATE, PACK_STATUSES, Artefact, Pack, made
from harness.packs._closure import Files

PACK_FILE = "pack.yaml"
_PACK_KEYS = ("pack", "title", "origin", "licence", "status", "from", "until", "artefacts", "sources")
_ARTEFACT_KEYS = ("id", "layer", "path", "applies", "requirement", "sources", "when", "title", "sha256")


def load_declared(folder: Path) -> Pack:
    """The pack that `pack.yaml` in `folder` describes.

    Raises:
        PackError: the file is wrong, or an artefact is not there or not the one it states; every problem with its place.
    """
    reader = _Reader(folder / PACK_FILE)
    top = reader.load()
    reader.known(top, _PACK_KEYS)
    coordinate = reader.text(top, "pack", required=True)
    if coordinate and not re.fullmatch(COORDINATE, coordinate):
        reader.wrong(top, "pack", "not a coordinate", ("group:artefact:version[:classifier]",), coordinate)
    status = reader.text(top, "status") or "valid"
    if status not in PACK_STATUSES:
        reader.wrong(top, "status", "unknown status", PACK_STATUSES, status)
    valid_from, valid_until = reader.day(top, "from"), reader.day(top, "until")
    if valid_from and valid_until and valid_until < valid_from:
        reader.wrong(top, "until", "ends before it begins", (f"a day from {valid_from} on",), str(valid_until))
    artefacts = _artefacts(reader, top, folder, coordinate)
    title = reader.localized(top, "title")
    reader.finish()
    return Pack(
        coordinate=coordinate,
        root=folder,
        artefacts=artefacts,
        title=title,
        origin=reader.text(top, "origin"),
        licence=reader.text(top, "licence"),
        status=status,
        valid_from=valid_from,
        valid_until=valid_until,
    )


def _artefacts(reader: "_Reader", top: CommentedMap, folder: Path, coordinate: str) -> tuple[Artefact, ...]:
    files = Files()
    artefacts: dict[str, Artefact] = {}
    for item in reader.mappings(top, "artefacts"):
        artefact = _declared_artefact(reader, files, folder, coordinate, item)
        if artefact and artefact.id in artefacts:
            reader.wrong(item, "id", "artefact id given twice", (), artefact.id)
        elif artefact:
            artefacts[artefact.id] = artefact
    return tuple(artefacts.values())


def _declared_artefact(
    reader: "_Reader", files: Files, folder: Path, coordinate: str, item: CommentedMap
) -> Artefact | None:
    reader.known(item, _ARTEFACT_KEYS)
    name = reader.text(item, "id", required=True)
    layer = reader.text(item, "layer", required=True)
    relative = reader.text(item, "path", required=True)
    if layer and layer not in ARTEFACT_LAYERS:
        reader.wrong(item, "layer", "unknown layer", tuple(ARTEFACT_LAYERS), layer)
    path = (folder / relative).resolve()
    _check_file(reader, item, folder, path)
    applies = reader.texts(item, "applies")
    if not applies and layer != Layer.TERMINOLOGY:
        reader.wrong(item, "applies", "nothing to apply to", ("a list of kinds such as 'cda:patient-summary:3'",), None)
    when = item.get("when") or {}
    if not isinstance(when, CommentedMap | dict):
        reader.wrong(item, "when", "not a mapping", ("fact: [values]",), str(when))
        when = {}
    if reader.problems:
        return None
    return made(
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
        title=reader.localized(item, "title"),
    )


def _check_file(reader: "_Reader", item: CommentedMap, folder: Path, path: Path) -> None:
    relative = str(item.get("path") or "")
    if not relative:
        return
    if not path.is_relative_to(folder):
        reader.wrong(item, "path", "path leaves the pack", ("a path inside the pack",), relative)
    elif not path.exists():
        reader.wrong(item, "path", "no such file", (), relative)
    elif "sha256" in item:
        stated = reader.text(item, "sha256").lower()
        found = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "a folder"
        if stated != found:
            reader.wrong(item, "sha256", "the file is not the one that is stated", (stated,), found)


class _Plain(RoundTripConstructor):
    """Leaves dates as they are written: YAML's own reading of one that does not exist has no place to name."""


_Plain.add_constructor("tag:yaml.org,2002:timestamp", lambda constructor, node: constructor.construct_scalar(node))


class _Reader:
    """Typed access to one YAML file that collects every problem with its place."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.problems: list[Problem] = []

    def load(self) -> CommentedMap:
        try:
            yaml = YAML(typ="rt")
            yaml.Constructor = _Plain
            data = yaml.load(self.path.read_text(encoding="utf-8"))
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

    def day(self, node: CommentedMap, key: str) -> date | None:
        """The date under `key`, None when there is none."""
        value = node.get(key)
        if value is None:
            return None
        try:
            return date.fromisoformat(str(value))
        except ValueError:
            self.wrong(node, key, f"{key} is not a date", ("a date like 2026-01-31",), str(value))
            return None

    def localized(self, node: CommentedMap, key: str) -> Localized:
        """A text, or a mapping `{en: ..., fr: ...}` of texts."""
        value = node.get(key)
        if isinstance(value, CommentedMap):
            return Localized(en=str(value.get("en", "")), fr=str(value.get("fr", "")))
        return Localized(en=self.text(node, key))

    def finish(self) -> None:
        if self.problems:
            raise PackError(self.problems)
