"""What an engine says of a document: the compact answer of the style sheet turned back into texts, places and order."""

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache

from harness.validators.schematron._compiled import COPIED, RECORD_END, UNIT_END, CompiledSchema, Scope


@dataclass(frozen=True, slots=True, kw_only=True)
class SchResult:
    """One failed assert or successful report, or one that could not be decided (`undecided` says why).

    `path` is as XPath's `path()` writes it, in the document that was judged, or in the subordinate one that `document`
    names; `kind` is `assert`, `report`, or `rule` where a rule's context could not be decided. `check` is its number in the
    compiled schema and `values` the dynamic parts of its texts.
    """

    rule_id: str
    kind: str
    role: str
    path: str
    message: str
    test: str
    see: str
    undecided: str = ""
    flag: str = ""
    document: str = ""
    check: int = field(default=-1, compare=False)
    values: tuple[str, ...] = field(default=(), compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class SchEvent:
    """One firing of a rule, by number, with what it found; `document` as in SchResult."""

    rule: int
    document: str = ""
    results: tuple[SchResult, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SchOutcome:
    """What one schema says of one document. With `problems` (a schema that is not whole, an engine that lost rules) no
    pass may be built on it; `failure` means that nothing was judged at all, `by_harness` that the engine's process died."""

    results: tuple[SchResult, ...] = ()
    events: tuple[SchEvent, ...] = ()
    rules_loaded: int = 0
    fired: frozenset[int] = frozenset()
    fired_events: int = 0
    problems: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    failure: str = ""
    by_harness: bool = False
    duration_s: float = 0.0
    engine: str = "saxon"


def read_records(schema: CompiledSchema, raw: str) -> tuple[tuple[SchEvent, ...], tuple[SchResult, ...]]:
    """Firings in the order of the schema's rules, and all results by place, then in the order of rules and checks."""
    events: list[tuple[int, str]] = []
    said: dict[int, list[SchResult]] = {}
    results: list[tuple[int, SchResult]] = []
    document = ""
    for record in raw.split(RECORD_END):
        what = record[:1]
        if what == "R":
            events.append((int(record[1:]), document))
        elif what == "D":
            document = record.split(UNIT_END)[1]
        elif what and what != "P":
            head, path, *values = record.split(UNIT_END)
            number = int(head[1:])
            if what == "C":
                what, number = "F", dict(schema.rules[events[-1][0]].shared)[number]
            result = _result(schema, what, number, path, values, document)
            results.append((number if what in "VX" else events[-1][0], result))
            if what == "F":
                said.setdefault(len(events) - 1, []).append(result)
    order = sorted(range(len(events)), key=lambda at: events[at][0])
    results.sort(key=lambda r: (r[1].document, natural(r[1].path), r[0]))
    found = tuple(
        SchEvent(rule=events[at][0], document=events[at][1], results=tuple(said[at]))
        if at in said
        else _quiet(*events[at])
        for at in order
    )
    return found, tuple(result for _, result in results)


@lru_cache(maxsize=20_000)
def _quiet(rule: int, document: str) -> SchEvent:
    """A firing that found nothing: most do, and one is like the other."""
    return SchEvent(rule=rule, document=document)


def natural(path: str) -> tuple[tuple[str, int], ...]:
    """A key that sorts paths of one document by their positions, `a[2]` before `a[10]`."""
    return tuple((name, int(number or 0)) for name, number in _POSITION.findall(path))


_POSITION = re.compile(r"([^\[\]]+)(?:\[(\d+)\])?")


def scope_of(text: str) -> Scope:
    """What the document `text` holds, read off its start tags; it may claim more than there is, never less."""
    names = frozenset(_NAME.findall(text))
    return Scope(names, frozenset(html.unescape(a or b) for a, b in _ROOT.findall(text)))


_NAME = re.compile(r"<(?:[^\s<>/:!?]+:)?([^\s<>/:!?]+)")
_ROOT = re.compile(r"\sroot\s*=\s*(?:\"([^\"]*)\"|'([^']*)')")


def _result(schema: CompiledSchema, what: str, number: int, path: str, values: list[str], document: str) -> SchResult:
    stopped = f"rule stops with an error: {values[0] if values else ''}"
    if what in "VX":
        rule = schema.rules[number]
        why = stopped if what == "X" else _missing(schema)
        return SchResult(
            rule_id=rule.name,
            kind="rule",
            role="",
            path=path,
            message="",
            test="",
            see="",
            undecided=why,
            document=document,
        )
    check = schema.checks[number]
    undecided = {"F": "", "U": _missing(schema), "E": stopped}[what]
    return SchResult(
        rule_id=check.rule_id,
        kind=check.kind,
        role=check.role,
        path=path,
        message="" if undecided else "".join(_texts(schema, number, values)),
        test=check.test,
        see=check.rich.see,
        undecided=undecided,
        flag=check.flag,
        document=document,
        check=number,
        values=tuple(values),
    )


def _missing(schema: CompiledSchema) -> str:
    return f"value set not in the pack: {', '.join(schema.missing_vocabularies)}"


def _texts(schema: CompiledSchema, number: int, values: list[str]) -> Iterator[str]:
    """The message with its diagnostics, white space folded."""
    check = schema.checks[number]
    yield readable_text(check.message, values)
    for note in check.notes:
        if note.kind == "diagnostic":
            yield " " + readable_text(note.message, values)


def readable_text(message: tuple[str | int, ...], values: list[str]) -> str:
    """A message with its values, copied nodes as their text, white space folded."""
    parts = [p if isinstance(p, str) else values[p] if p < len(values) else "" for p in message]
    return " ".join(_COPIED.sub(r"\1", "".join(parts)).split())


_COPIED = re.compile(f"{COPIED}[^=]*=([^{COPIED}]*){COPIED}")
