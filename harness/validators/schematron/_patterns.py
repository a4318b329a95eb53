"""Hands regular expressions to the regular expressions of the platform Saxon runs on, which are several times faster.

Only expressions of a small language are, for which both say the same: characters, classes, groups, alternatives, counts,
anchors. What the platform reads otherwise is written out: `\\d` stands for every decimal digit there is, `\\s` for four
characters, `.` for all but the two ends of a line, `$` for the end of the text and nothing before it.

Source: XPath functions 3.1, 5.6.1 (syntax, flags); Saxon documentation, "Regular expressions" (the flag `;j`).
"""

import re
from collections.abc import Callable, Iterator

MOST_CHARACTERS = 2_000
"""How long a text may be that the platform is asked about: it needs stack for each round of a group."""

_ESCAPE = r"\\[.\-()\[\]{}?*+|^$\\]"
_IN_CLASS = rf"(?:[A-Za-z0-9]-[A-Za-z0-9]|\\[dsnrt]|{_ESCAPE}|[A-Za-z0-9_.,:;/+*()?!%=@ ])"
_TOKEN = re.compile(
    rf"(?P<class>\[\^?-?{_IN_CLASS}*-?\])|(?P<escape>{_ESCAPE})|(?P<short>\\[ds])|(?P<dot>\.)|(?P<end>\$)"
    r"|(?P<count>(?:[*+?]|\{\d{1,3}(?:,\d{0,3})?\})(?![*+?{]))|\((?!\?)|[)|^]|[A-Za-z0-9_,:;/@=%! -]"
)
_SHORT = {"\\d": "\\p{Nd}", "\\s": " \\t\\n\\r"}
_STRING = re.compile(r"'[^']*'|\"[^\"]*\"")
_CALL = re.compile(r"(?<![\w.:$@-])(?:fn:)?(?P<name>matches|replace)\s*\(")
_REPLACEMENT = re.compile(r"'(?:\$[1-9]|[^\\$'])*'")


def platform_pattern(pattern: str) -> str | None:
    """`pattern` as the platform writes it, None where it may mean something else there."""
    out: list[str] = []
    position = 0
    while position < len(pattern):
        token = _TOKEN.match(pattern, position)
        if token is None or token["class"] in ("[]", "[^]", "[-]", "[^-]", "[--]", "[^--]"):
            return None
        out.append(_written(token))
        position = token.end()
    try:
        re.compile(pattern)
    except re.error:
        return None
    return "".join(out)


def _written(token: re.Match[str]) -> str:
    text = token.group()
    if token["class"]:
        return re.sub(r"\\[ds]", lambda m: _SHORT[m.group()], text)
    if token["short"]:
        return f"[{_SHORT[text]}]"
    if token["dot"]:
        return "[^\\n\\r]"
    return "\\z" if token["end"] else text


def on_platform(expression: str, literal_of: Callable[[str], str | None]) -> str:
    """`expression` with its matches and replacements done by the platform, where both say the same.

    `literal_of` gives the text, quoted, of a variable that holds a fixed one.
    """
    out, position = "", 0
    while call := _CALL.search(expression, position):
        spans = list(_arguments(expression, call.end()))
        out += expression[position : call.end()]
        position = call.end()
        texts = [expression[a:b].strip() for a, b in spans]
        pattern = _platform(call["name"], texts, literal_of)
        if pattern is not None and expression[: call.start()].count("'") % 2 == 0:
            first, last = spans[0], spans[-1]
            rest = "".join(f", {text}" for text in texts[2:])
            out += on_platform(expression[slice(*first)], literal_of) + f", {pattern}{rest}, ';j'"
            position = last[1]
    return out + expression[position:]


def _platform(name: str, arguments: list[str], literal_of: Callable[[str], str | None]) -> str | None:
    """The pattern of a call as a quoted text for the platform, None where the call stays as it is."""
    if len(arguments) != (2 if name == "matches" else 3):
        return None
    if name == "replace" and not _REPLACEMENT.fullmatch(arguments[2]):
        return None
    quoted = literal_of(arguments[1][1:]) if arguments[1].startswith("$") else arguments[1]
    if quoted is None or not re.fullmatch(r"'[^']*'", quoted):
        return None
    pattern = platform_pattern(quoted[1:-1])
    if pattern is None or (name == "replace" and re.search(quoted[1:-1], "")):
        return None  # a pattern that matches nothing at all is an error of `replace`
    return f"'{pattern}'"


def _arguments(text: str, start: int) -> Iterator[tuple[int, int]]:
    """Where the arguments of a call stand, the first of which begins at `start`."""
    depth, position, begun = 0, start, start
    while position < len(text):
        string = _STRING.match(text, position)
        if string:
            position = string.end()
            continue
        char = text[position]
        if char == ")" and not depth:
            yield begun, position
            return
        if char == "," and not depth:
            yield begun, position
            begun = position + 1
        depth += (char in "([{") - (char in ")]}")
        position += 1
