"""Tries a regular expression once on each value that an attribute has in the document, instead of at each node.

Rules on data types match the same few identifiers hundreds of times, and matching is what they spend their time on. Only
`matches(@name, P)` with a fixed P is rewritten; a value that is not among the document's (a subordinate document, an absent
attribute) is matched as the rule says. Source: XPath functions 3.1, 5.6.3 (`matches`: an empty value counts as '').
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from xml.sax.saxutils import quoteattr

_STRING = re.compile(r"'[^']*'")
_MATCHES = re.compile(
    r"(?<![\w.:$@-])(?:fn:)?matches\(\s*@(?P<name>[A-Za-z_][\w.-]*)\s*,\s*(?P<pattern>'[^']*'|\$[\w.-]+)\s*\)"
)


@dataclass(slots=True)
class Matching:
    """Rewrites tests and collects the variables of the style sheet they need."""

    _variables: dict[tuple[str, str], str] = field(default_factory=dict)

    def rewrite(self, test: str, literals: Mapping[str, str]) -> str:
        """`test` with its matches looked up; `literals` are the variables in scope that hold a fixed text, quoted."""
        if "matches" not in test or '"' in test:
            return test

        def looked_up(found: re.Match[str]) -> str:
            pattern = found["pattern"]
            pattern = literals.get(pattern[1:], "") if pattern.startswith("$") else pattern
            before = test[: found.start()]
            if not pattern or before.count("'") % 2 or _is_bound(test, found["pattern"]) or not _compiles(pattern):
                return found.group()
            number = len(self._variables) + 1
            variable = self._variables.setdefault((found["name"], pattern), f"h-m{number}")
            name = found["name"]
            return f"head((map:get(${variable}, string(@{name})), matches(@{name}, {pattern})))"

        return _MATCHES.sub(looked_up, test)

    def declarations(self) -> str:
        """The variables, each a map from the values of an attribute to whether they match."""
        names = dict.fromkeys(name for name, _ in self._variables)
        values = {name: f"h-v{number}" for number, name in enumerate(names, start=1)}
        out = [
            f'<xsl:variable name="{variable}" select="distinct-values(//@{name} ! string(.))"/>\n'
            for name, variable in values.items()
        ]
        for (name, pattern), variable in self._variables.items():
            select = f"map:merge(${values[name]} ! map:entry(., matches(., {pattern})))"
            out.append(f'<xsl:variable name="{variable}" select={quoteattr(select)}/>\n')
        return "".join(out)


def _is_bound(test: str, name: str) -> bool:
    """Whether the expression itself binds a variable of that name, which then is not the rule's."""
    return name.startswith("$") and bool(re.search(rf"{re.escape(name)}\s+(?:in\b|:=)|{re.escape(name)}\s*:=", test))


def _compiles(pattern: str) -> bool:
    """Whether the quoted `pattern` looks like a regular expression: a wrong one is an error only where it is reached."""
    try:
        re.compile(pattern[1:-1])
    except re.error:
        return False
    return True


def is_literal(value: str) -> bool:
    """Whether an expression is a text in single quotes and nothing else."""
    return bool(_STRING.fullmatch(value))
