"""A Schematron schema as values, after includes, extensions and abstract patterns were resolved.

Source: ISO/IEC 19757-3:2016 and :2020, clause 5; `visit_each` and `Phase.start` are of the 2025 edition. Where official
packages rely on more than the standard says, the reader follows them with a warning: abstract rules serve every pattern
of the schema, variables of a pattern are seen in the others, and patterns inside a phase are patterns.
"""

from dataclasses import dataclass

type Namespaces = tuple[tuple[str, str], ...]
"""Prefix and URI, where an included part brings other bindings than the schema that includes it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Let:
    """A variable; `value` is an XPath expression."""

    name: str
    value: str
    namespaces: Namespaces = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Expression:
    """A dynamic part of a message: the string value of `xpath`, or with `copy` the nodes themselves."""

    xpath: str
    copy: bool = False


type Message = tuple[str | Expression, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rich:
    """The attributes that Schematron's "rich" group allows, as written; `lang` is the one in force."""

    lang: str = ""
    see: str = ""
    icon: str = ""
    fpi: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """A `diagnostic` or `property` that a check names; `role` and `scheme` are a property's."""

    id: str
    kind: str
    message: Message
    rich: Rich = Rich()
    role: str = ""
    scheme: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SchCheck:
    """One `assert` (it fails when the test is not met) or `report` (it speaks when the test is met)."""

    kind: str
    test: str
    message: Message
    id: str = ""
    role: str = ""
    flag: str = ""
    subject: str = ""
    rich: Rich = Rich()
    notes: tuple[Note, ...] = ()
    namespaces: Namespaces = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Extends:
    """The content of the abstract rule `rule` stands here."""

    rule: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """Checks over the nodes `context` matches, unless an earlier rule of the pattern matched them.

    `visit_each`, where given, selects what the checks look at, once for each item.
    """

    context: str
    items: tuple[Let | SchCheck | Extends, ...]
    id: str = ""
    role: str = ""
    flag: str = ""
    subject: str = ""
    visit_each: str = ""
    rich: Rich = Rich()
    namespaces: Namespaces = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Pattern:
    """Rules of which at most one fires for a node. `documents` selects the URIs of subordinate documents they look at.

    `id` is made up where the schema gives none, and then `named` is false.
    """

    id: str
    rules: tuple[Rule, ...]
    lets: tuple[Let, ...] = ()
    title: str = ""
    documents: str = ""
    named: bool = True
    namespaces: Namespaces = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Phase:
    """A selection of patterns with variables of its own; `start` selects the subtrees they look at, empty for all."""

    id: str
    active: tuple[str, ...]
    lets: tuple[Let, ...] = ()
    start: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Schema:
    """One schema, flat. `problems` say why its verdicts cannot be trusted, `warnings` where it asks for more than ISO gives.

    `foreign` are XSLT declarations as text.
    """

    stem: str
    namespaces: tuple[tuple[str, str], ...]
    patterns: tuple[Pattern, ...]
    abstract_rules: tuple[Rule, ...] = ()
    lets: tuple[Let, ...] = ()
    phases: tuple[Phase, ...] = ()
    default_phase: str = ""
    query_binding: str = ""
    version: str = ""
    title: str = ""
    foreign: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

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
