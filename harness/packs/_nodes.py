"""YAML text to a tree in which every node knows its file, line and column.

The tree is built from the parser's events, so that nothing is expanded, constructed or executed on the way: no anchors,
no tags, one document, text keys, bounded size and depth. Scalars follow the YAML 1.2 core schema, except that a number
with leading zeros stays text (identifiers are written like that) and that dates stay text.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

import yaml
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.reader import ReaderError
from yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from harness.errors import Mark, Problem

MAX_FILE_BYTES = 1_000_000
MAX_DEPTH = 32

_INTEGER = re.compile(r"-?(0|[1-9][0-9]{0,17})")
_FLOAT = re.compile(r"-?(0|[1-9][0-9]{0,17})\.[0-9]{1,30}([eE][-+]?[0-9]{1,3})?")
_WORDS: dict[str, bool | None] = {
    "": None,
    "~": None,
    "null": None,
    "Null": None,
    "NULL": None,
    "true": True,
    "True": True,
    "TRUE": True,
    "false": False,
    "False": False,
    "FALSE": False,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Scalar:
    """A leaf; `text` is what is written, `value` what it means."""

    at: Mark
    text: str
    value: str | int | float | bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Items:
    """A sequence."""

    at: Mark
    nodes: tuple["Node", ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One key of a mapping with its value."""

    at: Mark
    key: str
    node: "Node"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fields:
    """A mapping; keys are text and occur once."""

    at: Mark
    entries: tuple[Entry, ...]

    def entry(self, key: str) -> Entry | None:
        """The entry of `key`, or None."""
        return next((e for e in self.entries if e.key == key), None)

    def get(self, key: str) -> "Node | None":
        """The value of `key`, or None."""
        entry = self.entry(key)
        return entry.node if entry else None


type Node = Scalar | Items | Fields


class _Refused(Exception):
    """Carries the one problem after which a file cannot be read any further."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(str(problem))
        self.problem = problem


def parse_yaml(data: bytes, file: str) -> tuple[Node | None, tuple[Problem, ...]]:
    """The tree of `data` and all problems found; the tree is None when the text cannot be read as one document.

    `file` is only used in marks. Never raises on any input.
    """
    if len(data) > MAX_FILE_BYTES:
        return None, (
            Problem(
                code="E102",
                at=Mark(file=file, line=1, column=1),
                problem="file too large",
                expected=(f"at most {MAX_FILE_BYTES} bytes",),
                found=str(len(data)),
            ),
        )
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as exc:
        before = data[: exc.start]
        at = Mark(file=file, line=before.count(b"\n") + 1, column=exc.start - before.rfind(b"\n"))
        return None, (Problem(code="E101", at=at, problem="not UTF-8 text", hint="save the file as UTF-8"),)
    builder = _Builder(file)
    try:
        node = builder.document(_events(text, file))
    except _Refused as exc:
        return None, (*builder.problems, exc.problem)
    return node, tuple(builder.problems)


def plain(node: Node) -> object:
    """`node` as dict, list and scalars; numbers remember how they were written (see `Whole` and `Decimal`)."""
    match node:
        case Scalar(value=bool() | None):
            return node.value
        case Scalar(value=int() as whole):
            return Whole(whole, node.text)
        case Scalar(value=float() as decimal):
            return Decimal(decimal, node.text)
        case Scalar():
            return node.value
        case Items():
            return [plain(n) for n in node.nodes]
        case Fields():
            return {e.key: plain(e.node) for e in node.entries}


class Whole(int):
    """An int that keeps its spelling in `written`, for fields that are text whatever they look like."""

    written: str

    def __new__(cls, value: int, written: str) -> "Whole":
        self = super().__new__(cls, value)
        self.written = written
        return self


class Decimal(float):
    """A float that keeps its spelling in `written`: version 4.10 is not version 4.1."""

    written: str

    def __new__(cls, value: float, written: str) -> "Decimal":
        self = super().__new__(cls, value)
        self.written = written
        return self


def scalars(node: Node) -> Iterator[Scalar]:
    """All leaves of `node` in document order, keys excepted."""
    match node:
        case Scalar():
            yield node
        case Items():
            for item in node.nodes:
                yield from scalars(item)
        case Fields():
            for entry in node.entries:
                yield from scalars(entry.node)


_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""libyaml's parser: some twenty times faster than one in Python. Only its events are used, nothing is constructed."""


def _events(text: str, file: str) -> Iterator[Event]:
    try:
        yield from yaml.parse(text, Loader=_LOADER)
    except (yaml.YAMLError, ValueError, RecursionError) as exc:
        _explain(text, file)
        mark = getattr(exc, "problem_mark", None)
        at = Mark(file=file, line=mark.line + 1, column=mark.column + 1) if mark else Mark(file=file, line=1, column=1)
        why = getattr(exc, "problem", None) or "the text cannot be read"
        raise _Refused(Problem(code="E104", at=at, problem=f"not YAML: {why}")) from exc


def _explain(text: str, file: str) -> None:
    """Raise what the parser in Python has to say against `text`: its words are clearer than libyaml's."""
    reader = YAML(typ="safe", pure=True)
    try:
        for _ in reader.parse(text):
            pass
    except MarkedYAMLError as exc:
        mark = exc.problem_mark or exc.context_mark
        at = Mark(file=file, line=mark.line + 1, column=mark.column + 1) if mark else Mark(file=file, line=1, column=1)
        line = text.split("\n")[at.line - 1] if at.line <= text.count("\n") + 1 else ""
        if line[: at.column].strip(" ") == "\t" or "'\\t'" in str(exc.problem):
            raise _Refused(
                Problem(code="E105", at=at, problem="tab used for indentation", hint="indent with spaces")
            ) from exc
        why = " ".join(str(w) for w in (exc.problem, exc.context) if w)
        raise _Refused(Problem(code="E104", at=at, problem=f"not YAML: {why}")) from exc
    except ReaderError as exc:
        before = text[: exc.position]
        at = Mark(file=file, line=before.count("\n") + 1, column=exc.position - before.rfind("\n"))
        raise _Refused(Problem(code="E104", at=at, problem="not YAML: control character in the text")) from exc
    except (YAMLError, ValueError, IndexError, RecursionError) as exc:
        # the scanner is not ours: malformed escapes and directives have been seen to leave it with plain ValueErrors
        at = Mark(file=file, line=1, column=1)
        raise _Refused(Problem(code="E104", at=at, problem="not YAML: the text cannot be read")) from exc


class _Builder:
    """Turns the events of one text into a tree, collecting what can be passed over."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.problems: list[Problem] = []

    def document(self, events: Iterator[Event]) -> Node:
        node: Node | None = None
        for event in events:
            if isinstance(event, DocumentStartEvent):
                if node is not None:
                    raise _Refused(
                        Problem(
                            code="E108",
                            at=self._mark(event),
                            problem="several documents in one file",
                            hint="split the file; one file holds one document",
                        )
                    )
                node = self._node(next(events), events, 1)
        if node is None or (isinstance(node, Scalar) and node.value is None):
            at = Mark(file=self.file, line=1, column=1)
            raise _Refused(Problem(code="E103", at=at, problem="empty file", expected=("a YAML mapping",)))
        return node

    def _mark(self, event: Event) -> Mark:
        start = event.start_mark
        assert start is not None  # libyaml marks every event
        return Mark(file=self.file, line=start.line + 1, column=start.column + 1)

    def _node(self, event: Event, events: Iterator[Event], depth: int) -> Node:
        at = self._mark(event)
        if depth > MAX_DEPTH:
            raise _Refused(Problem(code="E109", at=at, problem=f"nested deeper than {MAX_DEPTH} levels"))
        if isinstance(event, AliasEvent) or getattr(event, "anchor", None) is not None:
            raise _Refused(
                Problem(
                    code="E107",
                    at=at,
                    problem="anchors and aliases are not part of the scenario language",
                    hint="write the value out, or use a fragment or `set`",
                )
            )
        tag = getattr(event, "tag", None)
        if tag is not None and str(tag) != "!":
            self.problems.append(Problem(code="E110", at=at, problem="tags are not allowed", found=str(tag)))
        if isinstance(event, ScalarEvent):
            return Scalar(at=at, text=event.value, value=_meaning(event))
        if isinstance(event, SequenceStartEvent):
            nodes: list[Node] = []
            while not isinstance(inner := next(events), SequenceEndEvent):
                nodes.append(self._node(inner, events, depth + 1))
            return Items(at=at, nodes=tuple(nodes))
        if isinstance(event, MappingStartEvent):
            return self._fields(at, events, depth)
        raise RuntimeError(f"unexpected YAML event {event!r}")

    def _fields(self, at: Mark, events: Iterator[Event], depth: int) -> Fields:
        entries: dict[str, Entry] = {}
        while not isinstance(inner := next(events), MappingEndEvent):
            key = self._node(inner, events, depth + 1)
            node = self._node(next(events), events, depth + 1)
            if not isinstance(key, Scalar):
                self.problems.append(Problem(code="E111", at=key.at, problem="a key must be a word"))
            elif key.text in entries:
                first = entries[key.text].at
                self.problems.append(
                    Problem(
                        code="E106",
                        at=key.at,
                        problem=f"key {key.text!r} is given twice",
                        hint=f"first given on line {first.line}",
                    )
                )
            else:
                entries[key.text] = Entry(at=key.at, key=key.text, node=node)
        return Fields(at=at, entries=tuple(entries.values()))


def _meaning(event: ScalarEvent) -> str | int | float | bool | None:
    text: str = event.value
    if event.style in ("'", '"', "|", ">"):
        return text
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    if _FLOAT.fullmatch(text):
        return float(text)
    return text
