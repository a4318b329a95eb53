"""Compiles a Schematron schema to XSLT 3.0: the style sheet returns only check numbers and places, all texts stay here.

A style sheet is fast, or careful: one that catches dynamic errors check by check, for the few documents on which a rule
itself stops with an error. Source: ISO/IEC 19757-3:2016, clause 5 and annex H (XSLT 2 binding).
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from xml.sax.saxutils import quoteattr

from lxml import etree

from harness.errors import WireError
from harness.safexml import parse
from harness.validators.schematron._body import Bodies, namespace_attributes
from harness.validators.schematron._compiled import (
    COPIED,
    RECORD_END,
    UNIT_END,
    CompiledSchema,
    PatternInfo,
    Piece,
    RuleInfo,
)
from harness.validators.schematron._context import Path as ContextPath
from harness.validators.schematron._context import paths_of, without_brackets
from harness.validators.schematron._parts import XPATH_1, XSL
from harness.validators.schematron._read import stable_pattern_name
from harness.validators.schematron._rewrite import MISSING, Rewriter, assignments, possibly, surely
from harness.validators.schematron._rewrites import Rewrite
from harness.validators.schematron._schema import Expression, Let, Pattern, Phase, Rule, SchCheck, Schema
from harness.validators.schematron._selection import (
    TEMPLATE_KEY,
    SelectionTree,
    Taken,
    guard,
    is_undecided,
    rewritten,
)
from harness.validators.schematron._variables import global_lets, sharing, undefined_variables
from harness.validators.schematron._xpath import (
    forbidden_calls,
    guard_documents,
    literal_documents,
    rename_variables,
)

_H = "urn:harness:schematron"
BINDINGS = (*XPATH_1, "xslt2", "xslt3", "xpath2", "xpath3", "xpath31")
"""Query language bindings a schema may name; those of XPath 1 run under the rules of XPath 1."""


@dataclass(slots=True)
class _Compiling:
    schema: Schema
    entry: Path
    root: Path
    rewriter: Rewriter | None
    rewrites: frozenset[Rewrite]
    careful: bool
    version: str = ""
    rules: list[RuleInfo] = field(default_factory=list)
    problems: dict[str, None] = field(default_factory=dict)
    renamed: Mapping[str, str] = field(default_factory=dict)

    def expression(self, text: str) -> str:
        for name in sorted(forbidden_calls(text)):
            self.problems.setdefault(f"function {name}() is not allowed in a rule")
        text = rename_variables(text, self.renamed)
        if self.rewriter:
            text = self.rewriter.rewrite(text)
        return guard_documents(text, "h:doc", lambda name: _inside(name, self.entry, self.root))


def compile_schema(
    schema: Schema, entry: Path, root: Path, *, phase: str, rewrites: frozenset[Rewrite], careful: bool, key: str
) -> CompiledSchema:
    """The style sheet and the table of checks of `schema` for one phase.

    Raises:
        KeyError: the schema has no such phase.
    """
    patterns, chosen = schema.active_patterns(phase), schema.chosen_phase(phase)
    missing, problems = _vocabularies(schema, entry, root)
    if schema.query_binding not in BINDINGS:
        problems.append(f"query binding {schema.query_binding!r} is not supported")
    rewriter = Rewriter(is_missing=lambda name: name in missing or not _inside(name, entry, root))
    c = _Compiling(
        schema=schema,
        entry=entry,
        root=root,
        rewriter=rewriter if Rewrite.VALUE_SETS in rewrites else None,
        rewrites=rewrites,
        careful=careful,
        version=' version="1.0"' if schema.query_binding in XPATH_1 else "",
    )
    lets, renames = global_lets(schema, chosen)
    known = {let.name for let in lets}
    problems += undefined_variables(schema, patterns, known)
    bodies = Bodies(
        schema=schema,
        rewrites=rewrites,
        careful=careful,
        expression=c.expression,
        version=c.version,
        shared=sharing(schema, known),
        global_names=frozenset(known),
    )
    pieces, tail = _rules(c, bodies, patterns, renames, chosen)
    c.renamed = {}
    templates = bodies.templates()
    variables = "".join(
        f"<xsl:variable{c.version}{namespace_attributes(schema, let.namespaces)} name={quoteattr(let.name)} "
        f"select={quoteattr(c.expression(let.value))}/>\n"
        for let in lets
    )
    return CompiledSchema(
        key=key,
        head=_head(c) + variables,
        tail=tail + "\n</xsl:stylesheet>",
        pieces=pieces,
        templates=templates,
        base=entry.parent.as_uri() + "/",
        parameters=tuple(c.rewriter.parameters.values()) if c.rewriter else (),
        checks=tuple(bodies.checks),
        rules=tuple(c.rules),
        patterns=tuple(PatternInfo(id=p.id if p.named else "", title=p.title) for p in patterns),
        namespaces=schema.namespaces,
        phase=chosen.id if chosen else "",
        title=schema.title,
        version=schema.version,
        subordinate=any(p.documents for p in patterns),
        problems=tuple(dict.fromkeys((*schema.problems, *problems, *c.problems))),
        warnings=schema.warnings,
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
                parts = [*item.message, *(p for note in item.notes for p in note.message)]
                yield from (part.xpath for part in parts if isinstance(part, Expression))


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


def _rules(
    c: _Compiling,
    bodies: Bodies,
    patterns: tuple[Pattern, ...],
    renames: Mapping[str, Mapping[str, str]],
    phase: Phase | None,
) -> tuple[tuple[Piece, ...], str]:
    """The pieces of the main template, and the template rules of the patterns that are matched node by node."""
    tree = SelectionTree(by_template=Rewrite.TEMPLATE_INDEX in c.rewrites)
    starts: list[str] = []
    tail: list[str] = []
    start = phase.start if phase else ""
    for number, pattern in enumerate(patterns):
        c.renamed = renames.get(pattern.id, {})
        if _is_selectable(c, pattern, start):
            _select(c, bodies, tree, number, pattern)
        elif pattern.rules:
            tail.append(_matched(c, bodies, number, pattern))
            starts.append(_start(c, number, pattern, start))
    whole = Piece(opening='<xsl:for-each select="/">', bodies=tuple(starts))
    return (*tree.pieces(), *((whole,) if starts else ())), "\n".join(tail)


def _is_selectable(c: _Compiling, pattern: Pattern, start: str) -> bool:
    """Whether nodes of the pattern can be selected; a careful style sheet matches, because errors in a match are none."""
    if Rewrite.SELECTION not in c.rewrites or c.careful or c.version or pattern.documents or start:
        return False
    return bool(pattern.rules) and all(
        not r.namespaces and not r.visit_each and _is_plain(paths_of(r.context)) for r in pattern.rules
    )


def _is_plain(paths: tuple[ContextPath, ...] | None) -> bool:
    """Whether nodes may be selected by `paths`: where siblings are counted, a value set that is missing changes the count."""
    return paths is not None and not any(
        step.by_position and any("doc" in p for p in step.predicates) for path in paths for step in path.steps
    )


def _numbered(c: _Compiling, number: int, pattern: Pattern, index: int, rule: Rule) -> int:
    name = rule.id or f"{stable_pattern_name(pattern.id)}/{index + 1}"
    c.rules.append(
        RuleInfo(name=name, pattern=number, context=rule.context, id=rule.id, role=rule.role, flag=rule.flag)
    )
    return len(c.rules) - 1


def _select(c: _Compiling, bodies: Bodies, tree: SelectionTree, number: int, pattern: Pattern) -> None:
    owner = stable_pattern_name(pattern.id)
    earlier: list[Taken] = []
    for index, rule in enumerate(pattern.rules):
        rule_no = _numbered(c, number, pattern, index, rule)
        body = f"<xsl:text>R{rule_no}{RECORD_END}</xsl:text>" + _body(c, bodies, rule_no, rule, owner)
        ways = [(raw, rewritten(raw, c.expression)) for raw in paths_of(rule.context) or ()]
        sure = [Taken(raw, path, surely=True) for raw, path in ways]
        for number_of, (raw, path) in enumerate(ways):
            taken = guard(raw, [*earlier, *sure[:number_of]])
            if taken is not None:
                tree.add(rewritten(path, surely), raw, _unless(taken, body))
            if is_undecided(path):
                # undecidable where the rule might take the node and does not for certain; said once
                might = [Taken(r, p) for r, p in ways[:number_of]]
                others = guard(raw, [*earlier, *sure, *might], selected_as_written=False) or ""
                record = f"<xsl:value-of select=\"h:record(., 'V{rule_no}', ())\"/>"
                tree.add(rewritten(path, possibly), raw, _unless(others, record))
        earlier += [Taken(raw, path) for raw, path in ways]


def _body(c: _Compiling, bodies: Bodies, rule_no: int, rule: Rule, owner: str) -> str:
    text, shared = bodies.rule(rule, owner)
    c.rules[rule_no] = replace(c.rules[rule_no], shared=shared)
    return text


def _unless(taken: str, body: str) -> str:
    """`body` in a scope of its own, so that its variables end with it."""
    return f"<xsl:if test={quoteattr(f'not({taken})' if taken else 'true()')}>{body}</xsl:if>"


def _matched(c: _Compiling, bodies: Bodies, number: int, pattern: Pattern) -> str:
    """Template rules in a mode of the pattern, in the order of precedence of its rules."""
    out = [f'<xsl:template match="/ | node() | @* | namespace-node()" mode="m{number}" priority="-1"/>']
    owner = stable_pattern_name(pattern.id)
    for index, rule in enumerate(pattern.rules):
        rule_no = _numbered(c, number, pattern, index, rule)
        context = c.expression(rule.context)
        priority = 2 * (len(pattern.rules) - index)
        attributes = f'{c.version}{namespace_attributes(c.schema, rule.namespaces)} mode="m{number}"'
        body = _body(c, bodies, rule_no, rule, owner)
        if rule.visit_each:
            visited = quoteattr(c.expression(rule.visit_each))
            body = f'<xsl:variable name="h-at" select="."/><xsl:for-each select={visited}>{body}</xsl:for-each>'
        if c.careful:
            place = "$h-at" if rule.visit_each else "."
            caught = f"<xsl:value-of select=\"h:record({place}, 'X{rule_no}', ($err:description))\"/>"
            body = f"<xsl:try>{body}<xsl:catch>{caught}</xsl:catch></xsl:try>"
        fired = f"<xsl:text>R{rule_no}{RECORD_END}</xsl:text>"
        if MISSING in context:
            # decided where the rule matches however the look-ups come out; undecidable where it might, and then neither
            # this rule nor a later one may speak of the node
            ways = assignments(context)
            if not ways:
                c.problems.setdefault(f"too many look-ups in missing value sets (rule {c.rules[rule_no].name})")
                continue
            possible = quoteattr(" | ".join(f"({w})" for w in ways))
            out.append(
                f'<xsl:template match={possible} {attributes} priority="{priority - 1}">'
                f"<xsl:value-of select=\"h:record(., 'V{rule_no}', ())\"/></xsl:template>"
            )
            context = " intersect ".join(f"({w})" for w in ways)
        match = quoteattr(context)
        out.append(f'<xsl:template match={match} {attributes} priority="{priority}">{fired}{body}</xsl:template>')
    return "\n".join(out)


def _start(c: _Compiling, number: int, pattern: Pattern, start: str) -> str:
    """What sets the mode of a pattern going: on the whole document, on a phase's part of it, on subordinate documents."""
    select = "$h-all"
    if start:
        where = c.expression(start)
        where = where if where.startswith("/") else f"//({where})"
        select = f"({where})/descendant-or-self::node()/(. | @*)"
    elif not any(
        re.search(r"namespace(-node)?\b|@|\(|attribute", re.sub(r"\[.*\]", "", r.context)) for r in pattern.rules
    ):
        select = "/, $h-elements"
    apply = f'<xsl:apply-templates select="{{select}}" mode="m{number}"/>'
    if not pattern.documents:
        return apply.format(select=select.replace('"', "&quot;"))
    namespaces = namespace_attributes(c.schema, pattern.namespaces)
    every = apply.format(select=".//node() | .//@* | .")
    return (
        f"<xsl:for-each{c.version}{namespaces} select={quoteattr(c.expression(pattern.documents))}>"
        f'<xsl:variable name="h-uri" select="string(.)"/>'
        f"<xsl:value-of select=\"concat('D{number}', '{UNIT_END}', $h-uri, '{RECORD_END}')\"/>"
        f'<xsl:for-each select="h:sub($h-uri)">{every}</xsl:for-each></xsl:for-each>'
        f"<xsl:text>D{number}{UNIT_END}{RECORD_END}</xsl:text>"
    )


_ELEMENT_STEPS = re.compile(r"(?:(?:[A-Za-z_*][\w.-]*:)?(?:[A-Za-z_][\w.-]*|\*)|/|\||\s)+")


def _only_elements(context: str) -> bool:
    """Whether a context can match nothing but elements and the document node, by its form."""
    return bool(_ELEMENT_STEPS.fullmatch(without_brackets(context)))


def _head(c: _Compiling) -> str:
    declared = {"xsl": XSL, "h": _H}
    declared |= {"map": "http://www.w3.org/2005/xpath-functions/map", "xs": "http://www.w3.org/2001/XMLSchema"}
    declared |= {"err": "http://www.w3.org/2005/xqt-errors", **dict(c.schema.namespaces)}
    names = " ".join(f"xmlns:{p}={quoteattr(u)}" for p, u in declared.items() if p not in ("", "xml"))
    base, root = (uri.replace("'", "''") for uri in (c.entry.parent.as_uri() + "/", c.root.as_uri() + "/"))
    functions = _FUNCTIONS.format(record_end=RECORD_END, unit_end=UNIT_END, copied=COPIED, base=base, root=root)
    foreign = "\n".join(_guarded(c, text) for text in c.schema.foreign)
    return (
        f'<xsl:stylesheet version="3.0" {names} xml:base={quoteattr(c.entry.parent.as_uri() + "/")} '
        f'exclude-result-prefixes="#all">\n{functions}{TEMPLATE_KEY}\n{foreign}\n'
    )


_FUNCTIONS = """<xsl:output method="text"/>
<xsl:param name="h-folder" select="''"/>
<xsl:variable name="h-elements" select="//*"/>
<xsl:variable name="h-all" select="/ | //node() | //@*"/>
<xsl:function name="h:record"><xsl:param name="at"/><xsl:param name="what"/><xsl:param name="values"/>
<xsl:sequence select="concat($what, '{unit_end}', path($at), '{unit_end}',
  string-join($values ! translate(., '{record_end}{unit_end}', ''), '{unit_end}'), '{record_end}')"/></xsl:function>
<xsl:function name="h:copy"><xsl:param name="items"/><xsl:sequence select="string-join($items ! (
  if (. instance of attribute()) then concat('{copied}', name(.), '=', ., '{copied}')
  else serialize(., map{{'method': 'xml', 'omit-xml-declaration': true()}})), '')"/></xsl:function>
<xsl:function name="h:doc"><xsl:param name="names"/>
<xsl:for-each select="$names"><xsl:variable name="uri"
  select="replace(resolve-uri(string(.), '{base}'), '^file:/+', 'file:///')"/>
<xsl:sequence select="if (starts-with($uri, '{root}') and not(contains($uri, '..')))
  then doc($uri) else error((), 'a rule may read files of its pack only')"/></xsl:for-each></xsl:function>
<xsl:function name="h:doc-available"><xsl:param name="name"/><xsl:variable name="uri"
  select="replace(resolve-uri(string($name), '{base}'), '^file:/+', 'file:///')"/>
<xsl:sequence select="if (starts-with($uri, '{root}') and not(contains($uri, '..')))
  then doc-available($uri) else error((), 'a rule may read files of its pack only')"/></xsl:function>
<xsl:function name="h:sub"><xsl:param name="name"/><xsl:variable name="uri"
  select="if ($h-folder = '') then error((), 'where the document stands is not known, so that ' || $name || ' cannot be read')
  else replace(resolve-uri($name, $h-folder), '^file:/+', 'file:///')"/>
<xsl:sequence select="if (starts-with($uri, $h-folder) and not(contains($uri, '..')))
  then doc($uri) else error((), 'a subordinate document stands beside the document or below')"/></xsl:function>
"""


def _guarded(c: _Compiling, declaration: str) -> str:
    """An XSLT declaration of the schema with its reads of files guarded as those of the rules are."""
    if "doc" not in declaration:
        return declaration
    top = parse(declaration.encode())
    for node in top.iter(etree.Element):
        if etree.QName(node).namespace == XSL:
            for name, value in node.attrib.items():
                node.set(name, guard_documents(str(value), "h:doc", lambda n: _inside(n, c.entry, c.root)))
    return etree.tostring(top, encoding="unicode")
