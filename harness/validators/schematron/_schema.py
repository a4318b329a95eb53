"""A Schematron schema as values, after includes, extensions and abstract patterns were resolved.

Source: ISO/IEC 19757-3:2016, clause 5. Where official packages rely on more than the standard says, the reader follows
them: abstract rules serve every pattern of the schema, and patterns inside a phase are patterns.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Let:
    """A variable; `value` is an XPath expression."""

    name: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Expression:
    """A dynamic part of a message: the string value of `xpath`."""

    xpath: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SchCheck:
    """One `assert` (`negative` false: it fails when the test is not met) or `report` (fails when the test is met)."""

    kind: str
    test: str
    message: tuple[str | Expression, ...]
    id: str = ""
    role: str = ""
    see: str = ""
    flag: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Extends:
    """The content of the abstract rule `rule` stands here."""

    rule: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """Checks over the nodes `context` matches, unless an earlier rule of the pattern matched them."""

    context: str
    items: tuple[Let | SchCheck | Extends, ...]
    id: str = ""
    role: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pattern:
    """Rules of which at most one fires for a node."""

    id: str
    rules: tuple[Rule, ...]
    lets: tuple[Let, ...] = ()
    title: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Phase:
    """A selection of patterns with variables of its own."""

    id: str
    active: tuple[str, ...]
    lets: tuple[Let, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Schema:
    """One schema, flat. `problems` say why its verdicts cannot be trusted; `foreign` are XSLT declarations as text."""

    stem: str
    namespaces: tuple[tuple[str, str], ...]
    patterns: tuple[Pattern, ...]
    abstract_rules: tuple[Rule, ...] = ()
    lets: tuple[Let, ...] = ()
    phases: tuple[Phase, ...] = ()
    default_phase: str = ""
    query_binding: str = ""
    title: str = ""
    foreign: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()

    def active_patterns(self, phase: str) -> tuple[Pattern, ...]:
        """The patterns of `phase` (`#ALL`, `#DEFAULT` or an id).

        Raises:
            KeyError: the schema has no such phase.
        """
        chosen = self.chosen_phase(phase)
        if chosen is None:
            return self.patterns
        return tuple(p for p in self.patterns if p.id in chosen.active)

    def chosen_phase(self, phase: str) -> Phase | None:
        """The phase that `phase` names, None for all patterns.

        Raises:
            KeyError: the schema has no such phase.
        """
        name = (self.default_phase or "#ALL") if phase == "#DEFAULT" else phase
        if name == "#ALL":
            return None
        return {p.id: p for p in self.phases}[name]
