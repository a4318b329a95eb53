"""Which nodes a pattern is tried on, and which documents it can be skipped for."""

import re

from harness.validators.schematron._schema import Pattern

_GUARD = re.compile(r":templateId\[@root\s*=\s*'([^']+)'\]")


def _template_needed(context: str) -> str:
    """The template OID a document must carry for `context` to match anything, empty when that cannot be told."""
    match = _GUARD.search(context)
    if not match or "|" in re.sub(r"'[^']*'", "", context):
        return ""
    start, depth = match.start(), 0
    while start > 0:  # the outermost predicate the template test stands in
        start -= 1
        depth += {"]": 1, "[": -1}.get(context[start], 0)
        if depth < 0 and _depth(context[:start]) == 0:
            break
    else:
        return ""
    end, depth = start, 0
    for end in range(start, len(context)):
        depth += {"[": 1, "]": -1}.get(context[end], 0)
        if depth == 0:
            break
    predicate = context[start : end + 1]
    return "" if re.search(r"\bor\b|\bnot\s*\(|!=|\bif\b|\b(?:every|empty|count)\b", predicate) else match.group(1)


def _depth(text: str) -> int:
    plain = re.sub(r"'[^']*'", "", text)
    return plain.count("[") - plain.count("]")


def main_template(patterns: tuple[Pattern, ...]) -> str:
    """The template that starts each pattern's mode, unless the document lacks the template all its rules ask for."""
    lines = ['<xsl:template match="/">']
    for number, pattern in enumerate(patterns, start=1):
        contexts = [r.context for r in pattern.rules]
        if not contexts:
            continue
        select = _candidates(contexts)
        outside = [re.sub(r"\[[^\[\]]*\]", "", _without_predicates(x)) for x in contexts]
        if any(re.search(r"@|\(|attribute::|processing-instruction|namespace::", x) for x in outside):
            select = "/, $h-all"
        call = f'<xsl:apply-templates select="{select}" mode="m{number}"/>'
        guards = {_template_needed(x) for x in contexts}
        if "" not in guards:
            wanted = ", ".join(f"'{g}'" for g in sorted(guards))
            call = f'<xsl:if test="$h-templates = ({wanted})">{call}</xsl:if>'
        lines.append(call)
    return "\n".join([*lines, "</xsl:template>"])


def _without_predicates(context: str) -> str:
    plain = re.sub(r"'[^']*'|\"[^\"]*\"", "", context)
    while "[" in plain:
        shorter = re.sub(r"\[[^\[\]]*\]", "", plain)
        if shorter == plain:
            break
        plain = shorter
    return plain


_NAME = re.compile(r"(?:[\w.-]+:)?([\w.-]+)")


def _candidates(contexts: list[str]) -> str:
    """An expression for nodes among which are all that one of `contexts` may match: by element name, where that is plain."""
    own: set[str] = set()
    parents: set[str] = set()
    for context in contexts:
        plain = _without_predicates(context).strip()
        last = _NAME.fullmatch(plain.rsplit("/", 1)[-1].strip())
        child = _NAME.fullmatch(_without_predicates(context.strip()[2:-1]).strip()) if plain == "*" else None
        if last and "|" not in plain:
            own.add(last.group(1))
        elif child and _depth(context.strip()[2:-1]) == 0:
            parents.add(child.group(1))
        elif plain != "/":
            return "/, $h-elements"
    parts = ["/"]
    for names, step in ((own, ""), (parents, "/..")):
        if names:
            listed = ", ".join(f"'{name}'" for name in sorted(names))
            parts.append(f"key('h-by-name', ({listed})){step}")
    return " | ".join(parts)
