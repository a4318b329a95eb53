"""Two ways to judge one document by one schema, and what they disagree on.

`VARIANTS` is the one table of ways to run the Schematron engine: a rewrite that gets a switch of its own becomes a row in
it, and the differential run and its test compare that row, too, with the plain mode.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

from lxml import etree

from harness import safexml
from harness.packs.artefacts import Artefact
from harness.validators import MemoryCache
from harness.validators._kinds import Part, parts_of
from harness.validators.schematron import (
    ALL_REWRITES,
    NO_REWRITES,
    Pool,
    Rewrite,
    SaxonEngine,
    SchOutcome,
    SchResult,
)
from harness.validators.schematron._compiled import CompiledSchema

type Factory = Callable[[Pool], SaxonEngine]


class PlainEngine(SaxonEngine):
    """The engine without rewrites, and every pattern tried on every node, attributes, comments and texts included.

    `NO_REWRITES` alone still leaves out nodes that no context seems to ask for. Abstract rules stay shared unless
    `rewrites` is empty: without that, compiling takes ten times as long.
    """

    def __init__(self, pool: Pool, rewrites: frozenset[Rewrite] = frozenset({Rewrite.SHARED_RULES})) -> None:
        super().__init__(pool, MemoryCache(), rewrites=rewrites)
        self._everywhere: dict[str, CompiledSchema] = {}

    def compiled(self, artefact: Artefact, *, phase: str = "#DEFAULT", careful: bool = False) -> CompiledSchema:
        """As `SaxonEngine` compiles it, with all nodes to start from.

        Raises:
            WireError, UnsupportedError: as there.
        """
        schema = super().compiled(artefact, phase=phase, careful=careful)
        if schema.key not in self._everywhere:
            pieces = tuple(replace(p, bodies=tuple(map(_everywhere, p.bodies))) for p in schema.pieces)
            self._everywhere[schema.key] = replace(schema, key=f"plain-{schema.key}", pieces=pieces)
        return self._everywhere[schema.key]


def _everywhere(body: str) -> str:
    changed = body.replace('select="/, $h-elements"', 'select="$h-all"')
    if "$h-elements" in changed or ('"$h-all"' not in changed and "h:sub(" not in changed):
        raise RuntimeError("a pattern without rewrites does not start as expected")
    return changed


def _engine(rewrites: frozenset[Rewrite], *, sparing: bool = False) -> Factory:
    return lambda pool: SaxonEngine(pool, MemoryCache(), rewrites=rewrites, sparing=sparing)


PLAIN, NONE, ALL, SPARING = "plain", "no rewrites", "all rewrites", "sparing"
VARIANTS: Mapping[str, Factory] = {
    PLAIN: PlainEngine,
    NONE: _engine(NO_REWRITES),
    **{f"all but {rewrite}": _engine(ALL_REWRITES - {rewrite}) for rewrite in Rewrite},
    ALL: _engine(ALL_REWRITES),
    SPARING: _engine(ALL_REWRITES, sparing=True),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What one engine says of one document, in an order that does not depend on the engine.

    `results` holds kind, path, rule id, role, test, message, and `undecided` where it could not be decided. Why it could
    not is left out: without rewrites, a value set that is not there is an error of the rule that asks for it, and the words
    of an error are those of an expression that a rewrite may have changed.
    """

    results: tuple[tuple[str, str, str, str, str, str, str], ...]
    fired: tuple[int, ...]
    fired_events: int
    failure: str
    problems: tuple[str, ...]

    @property
    def digest(self) -> str:
        """Sha-256 over everything compared but the rule ids."""
        results = sorted(self._unnamed())
        parts = [results, self.fired, self.fired_events, bool(self.failure), self.problems]
        return hashlib.sha256(json.dumps(parts, ensure_ascii=True).encode()).hexdigest()

    def _unnamed(self) -> Iterator[tuple[str, ...]]:
        return ((kind, path, *rest) for kind, path, _, *rest in self.results)

    def is_renamed(self, other: "Judgement") -> bool:
        """Whether `other` says the same and gives some check another rule id."""
        return self.digest == other.digest and self.results != other.results

    def counts(self, kind: str) -> dict[str, int]:
        """Decided results of `kind` (`assert` or `report`) by role, `none` where there is none."""
        return dict(sorted(Counter(r[3] or "none" for r in self.results if r[0] == kind and not r[6]).items()))

    @property
    def undecided(self) -> int:
        """Number of results that could not be decided."""
        return sum(1 for r in self.results if r[6])


def judgement(outcome: SchOutcome) -> Judgement:
    """`outcome` in a form that can be compared."""
    return Judgement(
        results=tuple(sorted(_row(r) for r in outcome.results)),
        fired=tuple(sorted(outcome.fired)),
        fired_events=outcome.fired_events,
        failure=outcome.failure,
        problems=outcome.problems,
    )


def _row(result: SchResult) -> tuple[str, str, str, str, str, str, str]:
    undecided = "undecided" if result.undecided else ""
    return (result.kind, result.path, result.rule_id, result.role, result.test, result.message, undecided)


def disagreement(reference: Judgement, other: Judgement) -> Mapping[str, object] | None:
    """What only one of the two says, None where they agree but for rule ids.

    An engine that died or refused agrees with nothing but its like.
    """
    if reference.digest == other.digest:
        return None
    ours, theirs = Counter(reference.results), Counter(other.results)
    return {
        "only_reference": sorted((ours - theirs).elements())[:20],
        "only_other": sorted((theirs - ours).elements())[:20],
        "fired_only_reference": sorted(set(reference.fired) - set(other.fired))[:20],
        "fired_only_other": sorted(set(other.fired) - set(reference.fired))[:20],
        "fired_events": [reference.fired_events, other.fired_events],
        "failures": [reference.failure[:300], other.failure[:300]],
    }


def serialised(part: Part) -> str:
    """The text an engine is given for `part`, as the validator does it: with what stands beside the root of a document."""
    if part.element.getparent() is None:
        return etree.tostring(part.element.getroottree(), encoding="unicode")
    return etree.tostring(part.element, encoding="unicode", with_tail=False)


def subjects(artefact: Artefact, content: bytes) -> Iterator[str]:
    """The texts in `content` that `artefact` is to judge: the parts it says it fits, else the whole.

    Raises:
        WireError: `content` is not well-formed.
    """
    root = safexml.parse(content)
    fitting = [p for p in parts_of(root) if artefact.fits(p.kind, p.facts)]
    yield from map(serialised, fitting or parts_of(root)[:1])
