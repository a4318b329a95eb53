"""Takes the context of a rule apart: alternatives, steps, predicates, and what a document must hold for it to match.

Only plain location paths are understood (child steps with predicates, from the root or from anywhere, an attribute at the
end); for anything else the answer is None and the rule is matched as XSLT patterns are.

Source: XSLT 3.0, 5.5.2 (syntax of patterns); XPath 3.1, 3.3 (path expressions).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache

_NAME = r"[A-Za-z_][\w.-]*"
_TEST = re.compile(rf"@?(?:{_NAME}:{_NAME}|{_NAME}:\*|\*:{_NAME}|{_NAME}|\*)(?![\w.:*(-])")
_STRING = re.compile(r"'[^']*'|\"[^\"]*\"")
_TEMPLATE = re.compile(
    rf"(?:\./)?{_NAME}:templateId(?:\[\s*@root\s*=\s*('[^']*'|\"[^\"]*\")\s*\]|/@root\s*=\s*('[^']*'|\"[^\"]*\"))"
)
_CHILD = re.compile(rf"(?:\./)?((?:{_NAME}:)?{_NAME})\s*\[")
_COMPARISON = re.compile(r"[\w)\]'\"*.]\s+(?:and|or|eq|ne|lt|le|gt|ge)(?=[\s(@$'\"])|!=|<=|>=|=|<|>")
_BOOLEAN_CALL = re.compile(
    r"(?:fn:)?(?:not|exists|empty|boolean|contains|starts-with|ends-with|matches|true|false)\s*\(\)"
)
_QUANTIFIED = re.compile(r"(?:some|every)\s+\$")
_PLAIN_PATH = re.compile(rf"(?:\.{{1,2}}/|@|{_NAME}|\*|/|:)+$")
_BY_POSITION = re.compile(r"(?<![\w.-])(?:position|last)\s*\(")
_CURRENT = re.compile(r"(?<![\w.-])(?:current|current-group|regex-group)\s*\(")


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step: node test as written (`hl7:code`, `*`, `@root`) and its predicates without brackets.

    `by_position`: a predicate may count siblings, so that the step means something only among them.
    """

    test: str
    predicates: tuple[str, ...] = ()
    by_position: bool = False

    @property
    def text(self) -> str:
        """The step as XPath."""
        return self.test + "".join(f"[{p}]" for p in self.predicates)

    @property
    def is_attribute(self) -> bool:
        """Whether it selects attributes."""
        return self.test.startswith("@")

    @property
    def name(self) -> str:
        """The local name it asks for, empty when any will do."""
        return _local_name(self.test)


@lru_cache(maxsize=2_000)
def _local_name(test: str) -> str:
    local = test.lstrip("@").rpartition(":")[2]
    return "" if local == "*" else local


@dataclass(frozen=True)
class Path:
    """One alternative of a context: `steps` from the root (`absolute`) or from anywhere; no steps: the document node."""

    steps: tuple[Step, ...]
    absolute: bool

    @cached_property
    def names(self) -> frozenset[str]:
        """Local names of elements without which nothing can match."""
        return frozenset(s.name for s in self.steps if s.name and not s.is_attribute)

    @cached_property
    def templates(self) -> frozenset[str]:
        """Values of templateId/@root without which nothing can match."""
        return frozenset(t[1] for s in self.steps for p in s.predicates for t in templates_in(p))

    def reversed_test(self, shared: int = 0) -> str:
        """An XPath that is true of a node when the path selects it; the first `shared` steps are known to hold."""
        if not self.steps:
            return "self::document-node()"
        parts = []
        for number, step in reversed(list(enumerate(self.steps))[shared:]):
            last = number == len(self.steps) - 1
            if step.by_position:
                parts.append(("" if last else "parent::*/") + f"(. intersect ../{step.text})")
            elif step.is_attribute:
                parts.append(f"(. intersect ../{step.text})")
            else:
                parts.append(("self::" if last else "parent::") + step.text)
        if self.absolute and not shared:
            parts[-1] += "[parent::document-node()]"
        return "/".join(parts)


@lru_cache(maxsize=20_000)
def paths_of(context: str) -> tuple[Path, ...] | None:
    """The alternatives of `context`, None when one of them is not a plain path whose predicates only say yes or no."""
    found = []
    for text in _split(context, "|"):
        path = _path(text.strip())
        if path is None:
            return None
        found.append(path)
    return tuple(found)


def templates_in(predicate: str) -> Iterator[tuple[int, str]]:
    """Levels below the node, and value, of each templateId/@root that `predicate` cannot do without.

    `hl7:section[hl7:templateId[@root='1.2']]` gives (1, '1.2').
    """
    text = predicate.strip()
    if text.startswith("(") and (inside := _parenthesised(text)) is not None:
        yield from templates_in(inside)
        return
    if len(list(_split(text, " or "))) > 1:
        return
    for part in _split(text, " and "):
        term = part.strip()
        match = _TEMPLATE.match(term)
        if match and _only_predicates(term[match.end() :]):
            yield 0, (match.group(1) or match.group(2))[1:-1]
            continue
        child = _CHILD.match(term)
        if child and not child.group(1).endswith("templateId"):
            inner, rest = _bracketed(term, child.end() - 1)
            if _only_predicates(rest):
                for depth, value in templates_in(inner):
                    yield depth + 1, value


def _only_predicates(text: str) -> bool:
    """Whether `text` is nothing, or predicates and nothing behind them."""
    rest = text.lstrip()
    while rest.startswith("["):
        rest = _bracketed(rest, 0)[1].lstrip()
    return not rest


def overlap(first: Path, second: Path) -> bool:
    """Whether some node might be selected by both, as far as names and depth tell."""
    if not first.steps or not second.steps:
        return not first.steps and not second.steps
    if first.absolute and second.absolute and len(first.steps) != len(second.steps):
        return False
    for one, other in ((first, second), (second, first)):
        if one.absolute and len(other.steps) > len(one.steps):
            return False
    pairs = zip(reversed(first.steps), reversed(second.steps), strict=False)
    return all(_may_be_same(a, b) for a, b in pairs)


def _may_be_same(first: Step, second: Step) -> bool:
    return first.is_attribute == second.is_attribute and (
        not first.name or not second.name or first.name == second.name
    )


def _path(text: str) -> Path | None:
    if text == "/":
        return Path((), True)
    absolute = text.startswith("/") and not text.startswith("//")
    body = text[2:] if text.startswith("//") else text[1:] if absolute else text
    steps = []
    parts = list(_split(body, "/"))
    for number, part in enumerate(parts):
        step = _step(part.strip())
        if step is None or (step.is_attribute and number < len(parts) - 1):
            return None
        if step.by_position and not number and not absolute:
            return None  # the siblings it counts among are not known
        steps.append(step)
    return Path(tuple(steps), absolute)


def _step(text: str) -> Step | None:
    match = _TEST.match(text)
    if not match:
        return None
    predicates: list[str] = []
    by_position = False
    rest = text[match.end() :].lstrip()
    while rest:
        if not rest.startswith("["):
            return None
        inner, rest = _bracketed(rest, 0)
        rest = rest.lstrip()
        if "(:" in inner or _CURRENT.search(_STRING.sub("''", inner)):
            return None
        by_position |= not _only_says_yes_or_no(inner)
        predicates.append(inner)
    return Step(test=match.group(), predicates=tuple(predicates), by_position=by_position)


def _only_says_yes_or_no(predicate: str) -> bool:
    """Whether a predicate filters by truth for certain, never by position."""
    text = predicate.strip()
    while text.startswith("("):
        inner = _parenthesised(text)
        if inner is None:
            break
        text = inner.strip()
    if _BY_POSITION.search(without_brackets(text)):
        return False
    top = _top_level(text).strip()
    if _COMPARISON.search(top) or _BOOLEAN_CALL.fullmatch(top) or _QUANTIFIED.match(top):
        return not top.startswith(("if ", "if(", "for ", "let ")) and "," not in top
    return bool(_PLAIN_PATH.fullmatch(top))


def _parenthesised(text: str) -> str | None:
    """What stands in the one pair of parentheses that `text` is, None when it is more than that."""
    depth = position = 0
    while position < len(text):
        char = text[position]
        if char in "'\"":
            end = text.find(char, position + 1)
            position = len(text) if end < 0 else end
        depth += {"(": 1, ")": -1}.get(char, 0)
        if not depth:
            return text[1:position] if not text[position + 1 :].strip() else None
        position += 1
    return None


def without_brackets(text: str) -> str:
    """`text` without strings and without what stands in square brackets."""
    plain = _STRING.sub("''", text)
    while (shorter := re.sub(r"\[[^\[\]]*\]", "", plain)) != plain:
        plain = shorter
    return plain


def _top_level(text: str) -> str:
    """`text` without strings and without what stands in brackets of any kind, the round pairs themselves kept."""
    plain = without_brackets(text)
    while (shorter := re.sub(r"\((?!\))(?:[^()]|\(\))*\)", "()", plain)) != plain:
        plain = shorter
    return plain


def _split(text: str, separator: str) -> Iterator[str]:
    """Parts of `text` between separators that stand outside strings, brackets and parentheses."""
    word = separator.strip()
    if word not in text:
        yield text
        return
    depth = start = 0
    for match in _MARKS[word].finditer(text):
        found = match.group()
        if found == word:
            if depth == 0 and (separator == word or _is_word(text, match.start(), word)):
                yield text[start : match.start()]
                start = match.end()
        elif found in "[(":
            depth += 1
        elif found in "])":
            depth -= 1
    yield text[start:]


_MARKS = {w: re.compile(rf"'[^']*'|\"[^\"]*\"|[\[\]()]|{re.escape(w)}") for w in ("|", "/", "or", "and")}


def _is_word(text: str, position: int, word: str) -> bool:
    before = text[position - 1] if position else " "
    after = text[position + len(word)] if position + len(word) < len(text) else " "
    return not re.match(r"[\w.:@$-]", before) and not re.match(r"[\w.:-]", after)


def _bracketed(text: str, position: int) -> tuple[str, str]:
    """What stands in the brackets that open at `position`, and what follows them."""
    depth, start = 0, position
    while position < len(text):
        char = text[position]
        if char in "'\"":
            end = text.find(char, position + 1)
            position = len(text) if end < 0 else end
        elif char in "[]":
            depth += 1 if char == "[" else -1
            if not depth:
                return text[start + 1 : position], text[position + 1 :]
        position += 1
    # never closed: what follows must not look like the next predicate, or a caller that goes on would not come to an end
    return text[start + 1 :], "?"
