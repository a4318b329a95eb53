"""Compiles a Schematron schema to XSLT 3.0: the style sheet returns only check numbers and places, all texts stay here.

A style sheet is fast, or careful: one that catches dynamic errors check by check, for the few documents on which a rule
itself stops with an error. Source: ISO/IEC 19757-3:2016, clause 5 and annex H (XSLT 2 binding).
"""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from xml.sax.saxutils import quoteattr

from harness.errors import WireError
from harness.safexml import parse
from harness.validators.schematron._compiled import RECORD_END, UNIT_END, CheckInfo, CompiledSchema
from harness.validators.schematron._read import stable_pattern_name
from harness.validators.schematron._rewrite import MISSING, Rewriter
from harness.validators.schematron._schema import Expression, Extends, Let, Pattern, Rule, SchCheck, Schema
from harness.validators.schematron._selection import main_template
from harness.validators.schematron._xpath import (
    forbidden_calls,
    free_variables,
    guard_documents,
    literal_documents,
    rename_variables,
)

_H = "urn:harness:schematron"


@dataclass(slots=True)
class _Compiling:
    schema: Schema
    entry: Path
    root: Path
    rewriter: Rewriter | None
    careful: bool
    global_names: set[str] = field(default_factory=set)
    checks: list[CheckInfo] = field(default_factory=list)
    rules: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    rule_ids: dict[str, int] = field(default_factory=dict)
    abstract: dict[str, Rule] = field(default_factory=dict)
    shared: dict[str, bool] = field(default_factory=dict)
    called: set[str] = field(default_factory=set)
    renamed: dict[str, str] = field(default_factory=dict)

    def problem(self, text: str) -> None:
        if text not in self.problems:
            self.problems.append(text)

    def expression(self, text: str) -> str:
        for name in sorted(forbidden_calls(text)):
            self.problem(f"function {name}() is not allowed in a rule")
        text = rename_variables(text, self.renamed)
        if self.rewriter:
            text = self.rewriter.rewrite(text)
        return guard_documents(text, "h:doc", lambda name: _inside(name, self.entry, self.root))


def compile_schema(
    schema: Schema, entry: Path, root: Path, *, phase: str, optimise: bool, careful: bool, key: str
) -> CompiledSchema:
    """The style sheet and the table of checks of `schema` for one phase.

    Raises:
        KeyError: the schema has no such phase.
    """
    missing, problems = _vocabularies(schema, entry, root)

    def is_missing(name: str) -> bool:
        return name in missing or not _inside(name, entry, root)

    rewriter = Rewriter(is_missing=is_missing) if optimise else None
    c = _Compiling(schema=schema, entry=entry, root=root, rewriter=rewriter, careful=careful)
    c.abstract = {r.id: r for r in schema.abstract_rules}
    xslt = _stylesheet(c, phase)
    return CompiledSchema(
        key=key,
        xslt=xslt,
        base=entry.parent.as_uri() + "/",
        parameters=tuple(rewriter.parameters.values()) if rewriter else (),
        checks=tuple(c.checks),
        rules=tuple(c.rules),
        problems=tuple(dict.fromkeys((*schema.problems, *problems, *c.problems))),
        missing_vocabularies=tuple(sorted(missing)),
    )


def _expressions(schema: Schema) -> Iterator[str]:
    yield from (let.value for let in schema.lets)
    for phase in schema.phases:
        yield from (let.value for let in phase.lets)
    rules = list(schema.abstract_rules)
    for pattern in schema.patterns:
        yield from (let.value for let in pattern.lets)
        rules += pattern.rules
    for rule in rules:
        yield rule.context
        for item in rule.items:
            if isinstance(item, Let):
                yield item.value
            elif isinstance(item, SchCheck):
                yield item.test
                yield from (part.xpath for part in item.message if isinstance(part, Expression))


def _vocabularies(schema: Schema, entry: Path, root: Path) -> tuple[set[str], list[str]]:
    """Value-set files the rules name and that are not there; and what is wrong with those that are."""
    missing: set[str] = set()
    problems: list[str] = []
    for name in sorted({n for e in set(_expressions(schema)) if "doc" in e for n in literal_documents(e)}):
        target = entry.parent / name
        if not _inside(name, entry, root):
            problems.append(f"value set {name!r} leaves the pack")
        elif not target.is_file():
            missing.add(name)
        else:
            try:
                parse(target.read_bytes())
            except WireError as exc:
                problems.append(f"value set {name!r}: {exc}")
    return missing, problems


def _inside(name: str, entry: Path, root: Path) -> bool:
    """Whether the reference `name` in schema `entry` is a relative one that stays in `root`."""
    return not re.match(r"[A-Za-z][\w+.-]*:|/", name) and (entry.parent / name).resolve().is_relative_to(root)


def _stylesheet(c: _Compiling, phase: str) -> str:
    patterns = c.schema.active_patterns(phase)
    chosen = c.schema.chosen_phase(phase)
    lets = [*c.schema.lets, *(chosen.lets if chosen else ())]
    out: list[str] = []
    global_lets, renames = _global_lets(lets, c.schema.patterns)
    c.global_names = {let.name for let in global_lets}
    _decide_sharing(c)
    body: list[str] = []
    for number, pattern in enumerate(patterns, start=1):
        c.renamed = renames.get(pattern.id, {})
        body.append(_pattern(c, number, pattern))
    c.renamed = {}
    written: set[str] = set()
    while waiting := sorted(c.called - written):
        for name in waiting:
            written.add(name)
            body.append(f"<xsl:template name={quoteattr(_template(name))}>{_items(c, c.abstract[name], name)}")
            body.append("</xsl:template>")
    out.append(_head(c))
    for let in global_lets:
        out.append(f"<xsl:variable name={quoteattr(let.name)} select={quoteattr(c.expression(let.value))}/>")
    modes = " ".join(f"m{n}" for n in range(1, len(patterns) + 1))
    if modes:
        out.append(f'<xsl:template match="/ | node() | @*" mode="{modes}" priority="-1"/>')
    out += [main_template(patterns), *body, "</xsl:stylesheet>"]
    if c.rewriter:  # parameters are known only now
        declared = [f'<xsl:param name="{p.name}" as="item()*" required="yes"/>' for p in c.rewriter.parameters.values()]
        out.insert(1, "".join(declared))
    return "\n".join(out)


def _global_lets(lets: list[Let], patterns: tuple[Pattern, ...]) -> tuple[list[Let], dict[str, dict[str, str]]]:
    """Variables of schema, phase and patterns as globals, and by pattern the ones that had to be renamed.

    A pattern's variable is visible in other patterns too, which ANS schemas rely on; where two patterns give one name
    different values, each keeps its own.
    """
    known: dict[str, str] = {let.name: let.value for let in lets}
    result = list({let.name: let for let in lets}.values())
    renames: dict[str, dict[str, str]] = {}
    for number, pattern in enumerate(patterns, start=1):
        for let in pattern.lets:
            own = rename_variables(let.value, renames.get(pattern.id, {}))
            if let.name not in known:
                known[let.name] = own
                result.append(Let(name=let.name, value=own))
            elif known[let.name] != own:
                name = f"h-p{number}-{let.name}"
                renames.setdefault(pattern.id, {})[let.name] = name
                result.append(Let(name=name, value=own))
    return result, renames


def _decide_sharing(c: _Compiling) -> None:
    """An abstract rule becomes a named template unless it needs variables of the rules that extend it."""

    def needed(rule: Rule, seen: frozenset[str]) -> set[str]:
        bound: set[str] = set(c.global_names)
        free: set[str] = set()
        for item in rule.items:
            if isinstance(item, Extends):
                inner = c.abstract.get(item.rule)
                if inner and item.rule not in seen:
                    free |= needed(inner, seen | {item.rule}) - bound
            else:
                free |= _used(item) - bound
                if isinstance(item, Let):
                    bound.add(item.name)
        return free

    for rule in c.schema.abstract_rules:
        c.shared[rule.id] = not needed(rule, frozenset({rule.id}))


def _used(item: Let | SchCheck) -> set[str] | frozenset[str]:
    if isinstance(item, Let):
        return free_variables(item.value)
    used = set(free_variables(item.test))
    for part in item.message:
        if isinstance(part, Expression):
            used |= free_variables(part.xpath)
    return used


def _head(c: _Compiling) -> str:
    declared = {"xsl": "http://www.w3.org/1999/XSL/Transform", "h": _H}
    declared |= {"map": "http://www.w3.org/2005/xpath-functions/map", "xs": "http://www.w3.org/2001/XMLSchema"}
    declared |= {"err": "http://www.w3.org/2005/xqt-errors", **dict(c.schema.namespaces)}
    names = " ".join(f"xmlns:{p}={quoteattr(u)}" for p, u in declared.items() if p not in ("", "xml"))
    base = c.entry.parent.as_uri() + "/"
    root = c.root.as_uri() + "/"
    function = f"""<xsl:output method="text"/>
<xsl:key name="h-by-name" match="*" use="local-name()"/>
<xsl:variable name="h-elements" select="//*"/>
<xsl:variable name="h-all" select="//node() | //@*"/>
<xsl:variable name="h-templates" select="distinct-values(//*:templateId/@root/string(.))"/>
<xsl:function name="h:record"><xsl:param name="at"/><xsl:param name="what"/><xsl:param name="values"/>
<xsl:sequence select="concat($what, '{UNIT_END}', path($at), '{UNIT_END}',
  string-join($values ! translate(., '{RECORD_END}{UNIT_END}', ''), '{UNIT_END}'), '{RECORD_END}')"/></xsl:function>
<xsl:function name="h:doc"><xsl:param name="names"/>
<xsl:for-each select="$names"><xsl:variable name="uri"
  select="replace(resolve-uri(string(.), {quoteattr(base)[1:-1]!r}), '^file:/+', 'file:///')"/>
<xsl:sequence select="if (starts-with($uri, {quoteattr(root)[1:-1]!r}) and not(contains($uri, '..')))
  then doc($uri) else error((), 'a rule may read files of its pack only')"/></xsl:for-each></xsl:function>"""
    foreign = "\n".join(c.schema.foreign)
    return (
        f'<xsl:stylesheet version="3.0" {names} xml:base={quoteattr(base)} exclude-result-prefixes="#all">'
        f"\n{function}\n{foreign}"
    )


def _pattern(c: _Compiling, number: int, pattern: Pattern) -> str:
    out = []
    name = stable_pattern_name(pattern.id)
    for index, rule in enumerate(pattern.rules):
        rule_no = len(c.rules)
        c.rules.append(rule.id or f"{name}/{index + 1}")
        context = c.expression(rule.context)
        priority = 2 * (len(pattern.rules) - index)
        mode = f'mode="m{number}"'
        body = _items(c, rule, name)
        if c.careful:
            body = (
                f"<xsl:try>{body}<xsl:catch>"
                f"<xsl:value-of select=\"h:record(., 'X{rule_no}', ($err:description))\"/></xsl:catch></xsl:try>"
            )
        fired = f"<xsl:text>R{rule_no}{RECORD_END}</xsl:text>"
        if MISSING in context:
            # decided without the missing value set: matches; matches only if the code were in it: undecidable, and
            # the later rules of the pattern have their turn
            possible = quoteattr(context.replace(MISSING, "true()"))
            out.append(
                f'<xsl:template match={possible} {mode} priority="{priority - 1}">'
                f"<xsl:value-of select=\"h:record(., 'V{rule_no}', ())\"/><xsl:next-match/></xsl:template>"
            )
            context = context.replace(MISSING, "false()")
        out.append(
            f'<xsl:template match={quoteattr(context)} {mode} priority="{priority}">{fired}{body}</xsl:template>'
        )
    return "\n".join(out)


def _items(c: _Compiling, rule: Rule, owner: str) -> str:
    out: list[str] = []
    inline = _must_inline(c, rule)
    for item in rule.items:
        if isinstance(item, Let):
            value = c.expression(item.value).replace(MISSING, "false()")
            out.append(f"<xsl:variable name={quoteattr(item.name)} select={quoteattr(value)}/>")
        elif isinstance(item, Extends):
            extended = c.abstract.get(item.rule)
            if extended is None:
                continue
            if c.shared[item.rule] and not inline:
                c.called.add(item.rule)
                out.append(f"<xsl:call-template name={quoteattr(_template(item.rule))}/>")
            else:
                out.append(_items(c, extended, owner))
        else:
            out.append(_check(c, rule, item, owner))
    return "".join(out)


def _must_inline(c: _Compiling, rule: Rule) -> bool:
    """Whether `rule` uses variables that it has only from an abstract rule it extends."""
    bound = set(c.global_names)
    for item in rule.items:
        if not isinstance(item, Extends):
            if _used(item) - bound - set(c.renamed):
                return True
            if isinstance(item, Let):
                bound.add(item.name)
    return False


def _template(rule_id: str) -> str:
    return "h:" + re.sub(r"[^\w.-]", "_", f"rule-{rule_id}")


def _check(c: _Compiling, rule: Rule, check: SchCheck, owner: str) -> str:
    number = len(c.checks)
    dynamic: list[str] = []
    message: list[str | int] = []
    for part in check.message:
        if isinstance(part, Expression):
            message.append(len(dynamic))
            value = c.expression(part.xpath).replace(MISSING, "false()")
            dynamic.append(f"string-join(({value}) ! string(.), ' ')")
        else:
            message.append(part)
    c.checks.append(
        CheckInfo(
            rule_id=_rule_id(c, owner, rule, check),
            kind=check.kind,
            role=check.role,
            test=check.test,
            see=check.see,
            context=rule.context,
            message=tuple(message),
        )
    )
    test = c.expression(check.test)
    values = f"({', '.join(dynamic)})"
    decided = test.replace(MISSING, "false()")
    failed = f"not({decided})" if check.kind == "assert" else decided
    record = f"<xsl:value-of select={quoteattr(f"h:record(., 'F{number}', {values})")}/>"
    text = f"<xsl:if test={quoteattr(failed)}>{record}</xsl:if>"
    if MISSING in test:
        agree = f"boolean({decided}) = boolean({test.replace(MISSING, 'true()')})"
        text = (
            f"<xsl:choose><xsl:when test={quoteattr(agree)}>{text}</xsl:when><xsl:otherwise>"
            f"<xsl:value-of select=\"h:record(., 'U{number}', ())\"/></xsl:otherwise></xsl:choose>"
        )
    if c.careful:
        text = (
            f"<xsl:try>{text}<xsl:catch>"
            f"<xsl:value-of select=\"h:record(., 'E{number}', ($err:description))\"/></xsl:catch></xsl:try>"
        )
    return text


def _rule_id(c: _Compiling, owner: str, rule: Rule, check: SchCheck) -> str:
    """The check's own id, else one made of schema, pattern and what it tests: the same in the next release."""
    if check.id:
        return check.id
    digest = hashlib.sha256("\0".join((check.kind, " ".join(rule.context.split()), check.test)).encode()).hexdigest()
    name = f"{c.schema.stem}/{owner}/{digest[:8]}"
    count = c.rule_ids[name] = c.rule_ids.get(name, 0) + 1
    return name if count == 1 else f"{name}-{count}"
