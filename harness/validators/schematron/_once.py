"""Judges checks that look at nothing but values of attributes once for each value, instead of at each node.

Rules on data types take the same few time stamps and identifiers apart hundreds of times, and that is what they spend their
time on. Of the items of a rule, those are found that depend on nothing of the node but attributes of it or of descendants a
plain path leads to. A function that remembers its answers says for their values whether any of these checks fails; where
none does, the checks are left out, else they run as they are written, at the node. So nothing but time depends on it.

Source: XSLT 3.0, 10.3.5 (`cache`: an answer may be given again for equal arguments).
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from xml.sax.saxutils import quoteattr

from harness.validators.schematron._patterns import MOST_CHARACTERS, on_platform
from harness.validators.schematron._rewrite import MISSING
from harness.validators.schematron._schema import Let, Rule, SchCheck
from harness.validators.schematron._variables import used_variables
from harness.validators.schematron._xpath import free_variables

FUNCTION = "h:q"
"""What the names of the functions begin with; a number follows."""

_NAME = r"[A-Za-z_][\w.-]*"
_PURE = frozenset(
    [
        "not",
        "boolean",
        "true",
        "false",
        "exists",
        "empty",
        "string",
        "string-length",
        "normalize-space",
        "concat",
        "substring",
        "substring-before",
        "substring-after",
        "contains",
        "starts-with",
        "ends-with",
        "matches",
        "replace",
        "tokenize",
        "translate",
        "upper-case",
        "lower-case",
        "number",
        "count",
        "distinct-values",
        "string-join",
        "head",
        "xs:integer",
        "xs:decimal",
        "xs:double",
        "xs:date",
        "xs:dateTime",
        "xs:time",
        "xs:string",
        "xs:boolean",
    ]
)
"""Functions whose value depends on their arguments alone."""
_TOKEN = re.compile(
    rf"""(?P<string>'[^']*'|"[^"]*")|(?P<number>\d+(?:\.\d+)?(?![\w.]))|@(?P<attribute>{_NAME})(?![\w.:-])"""
    rf"""|\$(?P<variable>{_NAME})(?![\w.:-])"""
    r"""|(?:and|or|then|else|eq|ne|lt|le|gt|ge|if(?=\s*\()|(?:castable|cast)\s+as\s+xs:[A-Za-z]+\??)(?![\w.:-])"""
    r"""|(?P<call>(?:xs:|(?:fn:)?)[a-z][A-Za-z-]*)(?=\s*\()(?!\s*\(\s*\))|(?:true|false)\s*\(\s*\)"""
    r"""|!=|<=|>=|[(),=]|<(?!<)|>(?!>)|[+-](?=\s)|\s+"""
)
_PATH = re.compile(rf"(?:(?:{_NAME}:)?{_NAME}/)+@(?P<attribute>{_NAME})")
_COSTLY = re.compile(r"(?<![\w.-])(?:matches|replace|tokenize|castable)(?![\w.-])")


@dataclass(frozen=True, slots=True)
class _Seen:
    """What a pure expression depends on: attributes of the node, and variables."""

    attributes: frozenset[str]
    variables: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How the items of a rule are written, by their place in it.

    `inner`: variables that only guarded checks use; they are written where those are. `guards`: for a guarded check, the
    call that tells whether it may fail. `needs`: for a guarded check, the inner variables it uses, in order.
    """

    inner: frozenset[int] = frozenset()
    guards: Mapping[int, str] = field(default_factory=dict)
    needs: Mapping[int, tuple[int, ...]] = field(default_factory=dict)


@dataclass(slots=True)
class Once:
    """Plans rules and collects the functions their style sheet needs; `patterns`: regular expressions go to the platform."""

    patterns: bool = True
    _names: dict[str, str] = field(default_factory=dict)

    def functions(self) -> Iterable[tuple[str, str]]:
        """Name and text of each function."""
        return ((name, text.replace("\0", name)) for text, name in self._names.items())

    def plan(self, rule: Rule, expression: Callable[[str], str]) -> Plan:
        """Which checks of `rule`, whose variables nothing outside it sees, are guarded by what."""
        reading = _Reading(rule, expression, patterns=self.patterns)
        groups: dict[frozenset[str], list[int]] = {}
        for number in reading.checks:
            groups.setdefault(reading.sources(number), []).append(number)
        worth = {s: m for s, m in groups.items() if any(reading.is_costly(n) for n in m)}
        guards = {n: call for sources, m in worth.items() for call in (self._call(reading, sources, m),) for n in m}
        inner = reading.inner(guards)
        needs = {n: tuple(i for i in reading.lets_of(n, used_variables(rule.items[n])) if i in inner) for n in guards}  # type: ignore[arg-type]
        return Plan(inner=inner, guards=guards, needs=needs)

    def _call(self, reading: "_Reading", sources: frozenset[str], members: Sequence[int]) -> str:
        """The call of the function for `members`, with the values of `sources` in order."""
        ordered = sorted(sources)
        text = reading.function(ordered, members)
        name = self._names.setdefault(text, f"{FUNCTION}{len(self._names) + 1}")
        return f"{name}({', '.join(f'{source} ! string(.)' for source in ordered)})"


class _Reading:
    """The items of one rule, as far as they depend on values of attributes alone."""

    def __init__(self, rule: Rule, expression: Callable[[str], str], *, patterns: bool) -> None:
        self._items = rule.items
        self._patterns = patterns
        self._text: dict[int, str] = {}
        self._seen: dict[int, _Seen] = {}
        self._let: dict[str, int] = {}
        self._path: dict[int, re.Match[str]] = {}
        names = [item.name for item in rule.items if isinstance(item, Let)]
        for number, item in enumerate(rule.items):
            if isinstance(item, Let) and names.count(item.name) == 1 and not item.namespaces:
                self._read(number, expression(item.value))
                if number in self._text:
                    self._let[item.name] = number
            elif isinstance(item, SchCheck) and not item.namespaces:
                self._read(number, expression(item.test))
        self.checks = [n for n in self._seen if isinstance(rule.items[n], SchCheck) and self.sources(n)]

    def _read(self, number: int, text: str) -> None:
        if MISSING in text:
            return
        is_let = isinstance(self._items[number], Let)
        if is_let and (path := _PATH.fullmatch(text.strip())):
            self._path[number] = path
            self._text[number] = text
            self._seen[number] = _Seen(frozenset(), frozenset())
        elif (seen := seen_by(text)) is not None and seen.variables <= self._let.keys():
            self._text[number] = text
            self._seen[number] = seen

    def lets_of(self, number: int, names: Iterable[str] = ()) -> list[int]:
        """The variables an item uses, those in `names`, and those they use, in the order of the rule."""
        found: set[int] = set()
        waiting = [*self._seen[number].variables, *names]
        while waiting:
            let = self._let.get(waiting.pop())
            if let is not None and let not in found:
                found.add(let)
                waiting += self._seen[let].variables
        return sorted(found)

    def sources(self, number: int) -> frozenset[str]:
        """The XPaths of the attributes an item depends on."""
        every = [number, *self.lets_of(number)]
        direct = {f"@{name}" for n in every for name in self._seen[n].attributes}
        return frozenset(direct | {self._path[n].group() for n in every if n in self._path})

    def is_costly(self, number: int) -> bool:
        """Whether an item takes longer than asking whether it was judged before."""
        return any(_COSTLY.search(self._text[n]) for n in (number, *self.lets_of(number)))

    def inner(self, guarded: Iterable[int]) -> frozenset[int]:
        """The variables that nothing but `guarded` checks uses, directly or through others."""
        known, judged = set(self._let.values()), set(guarded)
        outside: set[str] = set()
        for number, item in reversed(list(enumerate(self._items))):
            if (isinstance(item, SchCheck) and number not in judged) or (
                isinstance(item, Let) and (number not in known or item.name in outside)
            ):
                outside |= used_variables(item)
        return frozenset(number for name, number in self._let.items() if name not in outside)

    def function(self, sources: Sequence[str], members: Sequence[int]) -> str:
        """The function that tells for values of `sources` whether one of `members` fails; `\\0` stands for its name."""
        lets = sorted({n for m in members for n in self.lets_of(m)})
        numbers = count(1)
        parameters, variables = "", ""
        for source in sources:
            parameter, name = f"h-{next(numbers)}", source.rpartition("@")[2]
            parameters += f'<xsl:param name="{parameter}" as="xs:string*"/>'
            holders = [f"h-a-{name}"] if source.startswith("@") else []
            holders += [self._items[n].name for n in lets if n in self._path and self._path[n].group() == source]  # type: ignore[union-attr]
            variables += "".join(_attributes(holder, name, parameter) for holder in holders)
        for n in lets:
            if n not in self._path:
                name = self._items[n].name  # type: ignore[union-attr]
                variables += f"<xsl:variable name={quoteattr(name)} select={quoteattr(self._held(n))}/>"
        tests = " or ".join(self._failed(m) for m in members)
        if self._patterns:
            values = ", ".join(f"$h-{n}" for n, _ in enumerate(sources, start=1))
            tests = f"(some $h-value in ({values}) satisfies string-length($h-value) gt {MOST_CHARACTERS}) or {tests}"
        return (
            f'<xsl:function name="\0" as="xs:boolean" cache="yes">{parameters}{variables}'
            f"<xsl:sequence select={quoteattr(tests)}/></xsl:function>\n"
        )

    def _failed(self, number: int) -> str:
        item, test = self._items[number], self._held(number)
        return f"not({test})" if isinstance(item, SchCheck) and item.kind == "assert" else f"boolean({test})"

    def _held(self, number: int) -> str:
        """An item with variables in the place of the attributes of the node."""
        text = _TOKEN.sub(lambda m: f"$h-a-{m['attribute']}" if m["attribute"] else m.group(), self._text[number])
        return on_platform(text, self._literal) if self._patterns else text

    def _literal(self, variable: str) -> str | None:
        """The text, quoted, of a variable that holds a fixed one."""
        number = self._let.get(variable)
        return self._text[number].strip() if number is not None and number not in self._path else None


def _attributes(variable: str, name: str, parameter: str) -> str:
    """A variable that holds an attribute for each value, which is to its check what an attribute of the document is."""
    return (
        f'<xsl:variable name={quoteattr(variable)} as="attribute()*"><xsl:for-each select="${parameter}">'
        f'<xsl:attribute name="{name}" select="."/></xsl:for-each></xsl:variable>'
    )


def seen_by(expression: str) -> _Seen | None:
    """What `expression` depends on, None where that may be more than attributes of the node and variables."""
    attributes: set[str] = set()
    position = 0
    while position < len(expression):
        token = _TOKEN.match(expression, position)
        if token is None or (token["call"] and token["call"].removeprefix("fn:") not in _PURE):
            return None
        if token["attribute"]:
            attributes.add(token["attribute"])
        position = token.end()
    return _Seen(frozenset(attributes), free_variables(expression))
