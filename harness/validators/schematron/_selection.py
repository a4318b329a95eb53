"""Finds the nodes of rules by walking from common places instead of asking each node for the rule it matches.

Contexts of all patterns that are plain paths become one tree of steps: a loop over the nodes of a step holds the rules
that fire there and the loops below. That at most one rule of a pattern fires for a node is kept by a test on each node that
some earlier rule of the pattern might have taken.

Source: ISO/IEC 19757-3:2016, 6.5 (first match); XSLT 3.0, 5.5.3 (what a pattern matches).
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from xml.sax.saxutils import quoteattr

from harness.validators.schematron._compiled import Piece
from harness.validators.schematron._context import Path, Step, overlap, templates_in
from harness.validators.schematron._rewrite import MISSING, possibly, surely

TEMPLATE_KEY = '<xsl:key name="h-t" match="*:templateId" use="@root"/>'


@dataclass(slots=True)
class _Branch:
    opening: str
    names: tuple[str, ...]
    templates: tuple[str, ...]
    bodies: list[str] = field(default_factory=list)
    below: "dict[str, _Branch]" = field(default_factory=dict)

    def piece(self) -> Piece:
        return Piece(
            opening=self.opening,
            names=self.names,
            templates=self.templates,
            bodies=tuple(self.bodies),
            below=tuple(b.piece() for b in self.below.values()),
        )


class SelectionTree:
    """Collects rules by their paths. `by_template`: nodes are looked up by the template their first step asks for."""

    def __init__(self, *, by_template: bool) -> None:
        self._by_template = by_template
        self._top: dict[str, _Branch] = {}

    def add(self, path: Path, raw: Path, body: str) -> None:
        """Puts `body` where `path` leads; `raw` are the same steps before anything in them was rewritten."""
        if not path.steps:
            self._top.setdefault("/", _Branch('<xsl:for-each select="/">', (), ())).bodies.append(body)
            return
        level, branch = self._top, None
        for number, (step, source) in enumerate(zip(path.steps, raw.steps, strict=True)):
            select = step.text if number else self._first(path.absolute, step, source)
            branch = level.get(select)
            if branch is None:
                names = (source.name,) if source.name and not source.is_attribute else ()
                templates = tuple(dict.fromkeys(t for p in source.predicates for _, t in templates_in(p)))
                opening = f"<xsl:for-each select={quoteattr(select)}>"
                branch = level[select] = _Branch(opening, names, templates)
            level = branch.below
        assert branch is not None
        branch.bodies.append(body)

    def pieces(self) -> tuple[Piece, ...]:
        """The tree, for the template of the document node."""
        return tuple(branch.piece() for branch in self._top.values())

    def _first(self, absolute: bool, step: Step, source: Step) -> str:
        """An expression for the nodes of the first step, with the document node as context."""
        if absolute:
            return f"/{step.text}"
        if step.is_attribute:
            return f"//{step.text}"
        found = [t for p in source.predicates for t in templates_in(p)] if self._by_template else []
        if not found:
            return f"/descendant::{step.text}"
        depth, template = min(found)
        quote = '"' if "'" in template else "'"
        return f"key('h-t', {quote}{template}{quote}){'/..' * (depth + 1)}/self::{step.text}"


@dataclass(frozen=True, slots=True)
class Taken:
    """What an earlier rule of a pattern takes: its path as written and as rewritten.

    `surely`: only the nodes it takes however look-ups in missing value sets come out, else all it might take.
    """

    raw: Path
    rewritten: Path
    surely: bool = False


def rewritten(path: Path, expression: Callable[[str], str]) -> Path:
    """`path` with every predicate rewritten."""
    steps = tuple(
        Step(test=s.test, predicates=tuple(expression(p) for p in s.predicates), by_position=s.by_position)
        for s in path.steps
    )
    return Path(steps, path.absolute)


def is_undecided(path: Path) -> bool:
    """Whether some predicate looks into a value set that is missing."""
    return any(MISSING in p for s in path.steps for p in s.predicates)


def guard(raw: Path, earlier: Iterable[Taken], *, selected_as_written: bool = True) -> str | None:
    """A test that some earlier rule takes the node or might, empty where none can; None where one always does.

    `selected_as_written` false: the node was selected by something wider than `raw`, so that no step is known to hold.
    """
    tests = []
    for taken in earlier:
        if not overlap(taken.raw, raw):
            continue
        shared = _shared(taken.raw, raw) if selected_as_written else 0
        if shared == len(raw.steps) and selected_as_written and not is_undecided(taken.rewritten):
            return None
        path = rewritten(taken.rewritten, surely if taken.surely else possibly)
        tests.append(path.reversed_test(min(shared, max(len(raw.steps) - 1, 0))))
    return " or ".join(f"exists({t})" for t in dict.fromkeys(tests))


def _shared(first: Path, second: Path) -> int:
    """How many leading steps two paths of one length have in common."""
    if len(first.steps) != len(second.steps) or first.absolute != second.absolute:
        return 0
    count = 0
    for a, b in zip(first.steps, second.steps, strict=True):
        if a.text != b.text:
            break
        count += 1
    return count
