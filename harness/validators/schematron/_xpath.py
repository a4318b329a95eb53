"""Looks at XPath expressions as text: variables they use, function calls that read files. No parsing beyond tokens."""

import re
from collections.abc import Callable, Mapping
from functools import lru_cache

_TOKEN = re.compile(
    r"""(?P<string>"(?:[^"]|"")*"|'(?:[^']|'')*')"""
    r"""|(?P<comment>\(:.*?:\))"""
    r"""|(?P<variable>\$\s*(?:Q\{[^}]*\})?[\w.-]+(?::[\w.-]+)?)"""
    r"""|(?P<call>(?<![\w$@/.:-])(?:fn:)?[a-z][\w-]*(?=\s*\())""",
    re.DOTALL,
)
_BOUND = re.compile(r"(?:\b(?:for|some|every|let)\s+|,\s*)\$([\w.:-]+)\s+(?:in\b|:=)|\$([\w.:-]+)\s*:=")
_LITERAL_ARGUMENT = re.compile(r"\s*\(\s*('[^']*'|\"[^\"]*\")\s*\)")

READING = ("doc", "document", "doc-available")
FORBIDDEN = (
    "collection",
    "uri-collection",
    "unparsed-text",
    "unparsed-text-lines",
    "unparsed-text-available",
    "json-doc",
    "transform",
    "load-xquery-module",
    "environment-variable",
    "available-environment-variables",
)
_SUSPICIOUS = re.compile("|".join(map(re.escape, FORBIDDEN)))


@lru_cache(maxsize=20_000)
def free_variables(expression: str) -> frozenset[str]:
    """Names of variables used in `expression` and not bound anywhere inside it."""
    if "$" not in expression:
        return frozenset()
    names = {m.group().lstrip("$ \n\t") for m in _TOKEN.finditer(expression) if m.lastgroup == "variable"}
    plain = _TOKEN.sub(lambda m: " " if m.lastgroup in ("string", "comment") else m.group(), expression)
    bound = {match.group(1) or match.group(2) for match in _BOUND.finditer(plain)}
    return frozenset(names - bound)


def rename_variables(expression: str, names: Mapping[str, str]) -> str:
    """`expression` with `$name` written as `$names[name]`, outside string literals."""

    def renamed(match: re.Match[str]) -> str:
        if match.lastgroup != "variable":
            return match.group()
        name = match.group().lstrip("$ \n\t")
        return "$" + names.get(name, name)

    return _TOKEN.sub(renamed, expression) if names else expression


def literal_documents(expression: str) -> list[str]:
    """Arguments of `doc('…')` and `document('…')` with one literal argument, in order."""
    found = []
    for match in _TOKEN.finditer(expression):
        if match.lastgroup == "call" and match.group().removeprefix("fn:") in ("doc", "document"):
            argument = _LITERAL_ARGUMENT.match(expression, match.end())
            if argument:
                found.append(argument.group(1)[1:-1])
    return found


def forbidden_calls(expression: str) -> set[str]:
    """Functions called in `expression` that a rule may not call: they reach out of the pack or the document."""
    if not _SUSPICIOUS.search(expression):
        return set()
    calls = {m.group().removeprefix("fn:") for m in _TOKEN.finditer(expression) if m.lastgroup == "call"}
    return calls & set(FORBIDDEN)


def guard_documents(expression: str, guard: str, is_safe: Callable[[str], bool]) -> str:
    """`expression` in which `doc` and `document` are replaced by function `guard`, but for literal names that are safe.

    `doc-available` becomes `guard` with `-available` behind it.
    """

    def guarded(match: re.Match[str]) -> str:
        if match.lastgroup != "call" or match.group().removeprefix("fn:") not in READING:
            return match.group()
        argument = _LITERAL_ARGUMENT.match(expression, match.end())
        if argument and is_safe(argument.group(1)[1:-1]):
            return match.group()
        return f"{guard}-available" if match.group().endswith("-available") else guard

    return _TOKEN.sub(guarded, expression) if "doc" in expression else expression
