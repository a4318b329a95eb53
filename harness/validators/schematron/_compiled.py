"""What compiling a schema gives: the style sheet for a worker, and the table that turns its answer back into texts.

The style sheet is kept in pieces that know what a document must hold to need them, so that one for a single document can
be put together without reading the schema again.
"""

import hashlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache

from pydantic import TypeAdapter, ValidationError

from harness.validators.schematron._rewrite import Parameter
from harness.validators.schematron._schema import Expression, Message, Note, Rich

FORMAT = 9
"""Raised whenever compiled schemas of an older version may no longer be used."""


RECORD_END, UNIT_END, COPIED = "\ue001", "\ue002", "\ue003"
"""Separators of the compact result, taken out of every value that comes from a document; mark of a copied attribute."""

_CALLED = re.compile(r'<xsl:call-template name="([^"]+)"|(?<=[" ])(h:q\d+)(?=\()')
_PARAMETER = re.compile(r"\$(vs\d+)\b")


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteInfo:
    """A diagnostic or property of a check; `message` as in CheckInfo."""

    id: str
    kind: str
    message: tuple[str | int, ...]
    rich: Rich
    role: str = ""
    scheme: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckInfo:
    """What is fixed about one assert or report; `message` holds texts and numbers of dynamic parts."""

    rule_id: str
    kind: str
    role: str
    test: str
    context: str
    message: tuple[str | int, ...]
    id: str = ""
    flag: str = ""
    rich: Rich
    notes: tuple[NoteInfo, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleInfo:
    """What is fixed about one rule; `name` is made up where it has no id; `pattern` is a number.

    `shared`: of checks that several rules have, their number among those and the number of the check in this rule.
    """

    name: str
    pattern: int
    context: str
    id: str = ""
    role: str = ""
    flag: str = ""
    shared: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PatternInfo:
    """What is fixed about one active pattern."""

    id: str
    title: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A loop over the nodes of one step, with the rules that fire there and the steps below.

    `names` and `templates`: what a document must hold, or the loop has nothing to go over.
    """

    opening: str
    names: tuple[str, ...] = ()
    templates: tuple[str, ...] = ()
    bodies: tuple[str, ...] = ()
    below: "tuple[Piece, ...]" = ()


@dataclass(frozen=True, slots=True)
class Scope:
    """What a document holds: local names of its elements, and values of templateId/@root."""

    names: frozenset[str]
    templates: frozenset[str]

    def covers(self, other: "Scope") -> bool:
        """Whether a style sheet made for this scope serves a document of the other."""
        return other.names <= self.names and other.templates <= self.templates

    def joined(self, other: "Scope") -> "Scope":
        """A scope that covers both."""
        return Scope(self.names | other.names, self.templates | other.templates)

    @property
    def digest(self) -> str:
        """The same for the same scope, in any process."""
        text = "\n".join([*sorted(self.names), "", *sorted(self.templates)])
        return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class CompiledSchema:
    """A schema ready for a worker. `problems` make every verdict of it inconclusive, `warnings` do not."""

    key: str
    head: str
    tail: str
    pieces: tuple[Piece, ...]
    templates: tuple[tuple[str, str], ...]
    base: str
    parameters: tuple[Parameter, ...]
    checks: tuple[CheckInfo, ...]
    rules: tuple[RuleInfo, ...]
    patterns: tuple[PatternInfo, ...]
    namespaces: tuple[tuple[str, str], ...] = ()
    phase: str = ""
    title: str = ""
    version: str = ""
    subordinate: bool = False
    problems: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    missing_vocabularies: tuple[str, ...] = ()

    def stylesheet(self, scope: Scope | None = None) -> tuple[str, tuple[Parameter, ...]]:
        """The style sheet and the parameters it needs, for all documents or for those that `scope` covers."""
        loops = "".join(_loops(self.pieces, scope))
        known = dict(self.templates)
        written: dict[str, str] = {}
        waiting = _called(loops + self.tail)
        while waiting:
            name = waiting.pop()
            if name not in written:
                written[name] = known[name]
                waiting |= _called(known[name]) - written.keys()
        body = loops + "</xsl:template>" + "".join(text for name, text in sorted(written.items())) + self.tail
        used = set(_PARAMETER.findall(self.head + body))
        parameters = tuple(p for p in self.parameters if p.name in used)
        declared = "".join(f'<xsl:param name="{p.name}" as="item()*" required="yes"/>' for p in parameters)
        return self.head + declared + '\n<xsl:template match="/">' + body, parameters

    def to_bytes(self) -> bytes:
        """The compiled schema as JSON, for a cache."""
        return _adapter().dump_json(self)

    @classmethod
    def from_bytes(cls, data: bytes) -> "CompiledSchema | None":
        """The schema `to_bytes` wrote, None when it is damaged or was written in another form."""
        try:
            return _adapter().validate_json(data)
        except ValidationError:
            return None


@cache
def _adapter() -> TypeAdapter[CompiledSchema]:
    return TypeAdapter(CompiledSchema)


def numbered(message: Message, expressions: list[Expression]) -> tuple[str | int, ...]:
    """`message` with a number for each dynamic part, which is added to `expressions`."""
    result: list[str | int] = []
    for part in message:
        if isinstance(part, Expression):
            result.append(len(expressions))
            expressions.append(part)
        else:
            result.append(part)
    return tuple(result)


def note_info(note: Note, expressions: list[Expression]) -> NoteInfo:
    """`note` with its dynamic parts numbered on."""
    return NoteInfo(
        id=note.id,
        kind=note.kind,
        message=numbered(note.message, expressions),
        rich=note.rich,
        role=note.role,
        scheme=note.scheme,
    )


def _loops(pieces: Iterable[Piece], scope: Scope | None) -> Iterator[str]:
    for piece in pieces:
        if scope and not (scope.names.issuperset(piece.names) and scope.templates.issuperset(piece.templates)):
            continue
        below = list(_loops(piece.below, scope))
        if piece.bodies or below:
            yield from (piece.opening, *piece.bodies, *below, "</xsl:for-each>")


def _called(text: str) -> set[str]:
    return {template or function for template, function in _CALLED.findall(text)}
