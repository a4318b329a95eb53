"""Rewrites value-set look-ups in rules into look-ups in maps, which a worker builds once and hands to the style sheet.

Only forms whose meaning stays the same are rewritten; whatever is not recognised is left as it stands. Each look-up is a
general comparison of untyped attribute values with values of a fixed file, that is string equality, so a map keyed by
those strings answers the same. `optimise=False` in the compiler leaves all of this out and is the reference.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import product

MISSING = "\ue010"
"""Stands in a rewritten expression for a look-up in a value set that was never published."""

_DOC = r"(?:fn:)?(?:doc|document)\('(?P<file>[^']+)'\)"
_STEP = r"/{1,2}(?:@?[A-Za-z_][\w.-]*(?![\w.:-]|\s*\()|\*(?!:))(?:\[\d+\])?"
_TAIL = rf"(?P<tail>(?:{_STEP})+(?:/concat\(@\w+(?:,\s*@\w+)*\))?)(?!\s*[\[/(:])"
_KEY = r"(?P<key>(?<![\w/:\])@$])(?:concat\(@\w+(?:,\s*@\w+)*\)|@\w+))"
_SET = r"(?P<set>//valueSet\[1\]|/\*/valueSet)"
_OPERAND = r"\$[\w.-]+|'[^']*'"
_COMPARED = re.compile(rf"{_KEY}\s*=\s*(?P<open>\(\s*)?{_DOC}{_TAIL}(?(open)\s*\))")
_PAIR = re.compile(
    rf"exists\({_DOC}{_SET}\[conceptList/concept\[@code\s*=\s*(?P<code>{_OPERAND})\]"
    rf"\[@codeSystem\s*=\s*(?P<system>{_OPERAND})\]\]\)"
)
_UNIT = re.compile(rf"{_DOC}(?P<path>/\*/ucum)\[@unit\s*=\s*(?P<unit>\$[\w.-]+)\]/@message(?!\s*[\[/(])")
_DOCUMENT = re.compile(_DOC)
_BEFORE = re.compile(r"(?:^|[(\[,]|(?<![\w.:@$/-])(?:and|or|then|else|return|satisfies))\s*$")
_AFTER = re.compile(r"\s*(?:$|[)\],]|(?:and|or|then|else|return|satisfies)(?![\w.:-]))")
"""What may stand around a look-up that is rewritten: nothing that binds tighter than a comparison, and no step."""


_MOST_UNKNOWNS = 4


def assignments(expression: str) -> tuple[str, ...]:
    """`expression` under every way its look-ups in missing value sets might come out; empty when those are too many."""
    count = expression.count(MISSING)
    if count > _MOST_UNKNOWNS:
        return ()
    texts = []
    for values in product(("false()", "true()"), repeat=count):
        rest = iter(values)
        texts.append(re.sub(MISSING, lambda _, r=rest: next(r), expression))  # type: ignore[misc]
    return tuple(texts)


def surely(predicate: str) -> str:
    """A test that `predicate` holds however its unknown look-ups come out."""
    if MISSING not in predicate:
        return predicate
    return " and ".join(f"boolean({t})" for t in assignments(predicate)) or "false()"


def possibly(predicate: str) -> str:
    """A test that `predicate` holds for some way its unknown look-ups might come out."""
    if MISSING not in predicate:
        return predicate
    return " or ".join(f"boolean({t})" for t in assignments(predicate)) or "true()"


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """A value the worker computes from `file` once: `select` is an XPath with the document node of it as context.

    With `parts` it is a map of true values, with a key for each node that `select` finds: what the parts say of the node, one
    after the other, `@name` its attribute, `.` its text, anything else itself. `file` is the reference as written in the schema,
    relative to the entry schema; `name` is the style sheet parameter.
    """

    name: str
    file: str
    select: str
    parts: tuple[str, ...] = ()


@dataclass(slots=True)
class Rewriter:
    """Rewrites expressions and collects the parameters they need; `is_missing` tells which files are not there."""

    is_missing: Callable[[str], bool]
    parameters: dict[tuple[str, str, tuple[str, ...]], Parameter] = field(default_factory=dict)

    def rewrite(self, expression: str) -> str:
        """`expression` with look-ups in maps; `MISSING` stands for a comparison with a file that is not there."""
        if "doc" not in expression:
            return expression
        text = _PAIR.sub(self._pair, expression)
        text = _UNIT.sub(self._unit, text)
        text = _COMPARED.sub(self._compared, text)
        return _DOCUMENT.sub(self._document, text)

    def _parameter(self, file: str, select: str, parts: tuple[str, ...] = ()) -> str:
        key = (file, select, parts)
        if key not in self.parameters:
            name = f"vs{len(self.parameters) + 1}"
            self.parameters[key] = Parameter(name=name, file=file, select=select, parts=parts)
        return "$" + self.parameters[key].name

    def _compared(self, match: re.Match[str]) -> str:
        if not (_BEFORE.search(match.string[: match.start()]) and _AFTER.match(match.string, match.end())):
            return match.group()
        file, key = match["file"], match["key"]
        if self.is_missing(file):
            return MISSING
        nodes, _, joined = match["tail"].partition("/concat(")
        parts = tuple(part.strip() for part in joined.rstrip(")").split(",")) if joined else (".",)
        name = self._parameter(file, nodes, parts)
        if key.startswith("concat("):
            return f"map:contains({name}, {key})"
        return f"(exists({key}) and map:contains({name}, string({key})))"

    def _pair(self, match: re.Match[str]) -> str:
        file = match["file"]
        if self.is_missing(file):
            return MISSING
        concepts = f"{match['set']}/conceptList/concept[@code][@codeSystem]"
        name = self._parameter(file, concepts, ("@code", "\n", "@codeSystem"))
        return (
            f"(some $h-code in {match['code']}, $h-system in {match['system']} satisfies "
            f"map:contains({name}, concat($h-code, '\n', $h-system)))"
        )

    def _unit(self, match: re.Match[str]) -> str:
        if self.is_missing(match["file"]):
            return match.group()
        # a unit stands in the table more than once: the values of all its rows, in their order
        name = self._parameter(
            match["file"],
            f"map:merge({match['path']}[@unit] ! map:entry(string(@unit), @message), map{{'duplicates': 'combine'}})",
        )
        document, unit = self._parameter(match["file"], "/"), match["unit"]
        whole = f"{document}{match.group()[match.group().index(')') + 1 :]}"
        return f"(if (count({unit}) gt 1) then {whole} else {unit} ! map:get({name}, string(.)))"

    def _document(self, match: re.Match[str]) -> str:
        if self.is_missing(match["file"]):
            return match.group()
        return self._parameter(match["file"], "/")
