"""Reads a Schematron schema from its files into `_schema.Schema`: includes, extensions and abstract patterns resolved.

Everything that could not be resolved is a problem of the schema with its place, never silently left out; what official
packages do beyond the standard is followed, with a warning.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from lxml import etree

from harness import safexml
from harness.errors import WireError
from harness.packs.artefacts import resolve_reference
from harness.validators.schematron._parts import (
    FOREIGN_DECLARATIONS,
    SCH,
    XPATH_1,
    XSL,
    check_of,
    foreign_problems,
    let_of,
    note_of,
    parameters_of,
    rich_of,
    substitute,
    text_of,
)
from harness.validators.schematron._schema import Extends, Let, Namespaces, Note, Pattern, Phase, Rule, SchCheck, Schema

_S = f"{{{SCH}}}"
_XML_ID = "{http://www.w3.org/XML/1998/namespace}id"
_MAX_INCLUDES = 40
_DATE_SUFFIX = re.compile(r"-\d{4}-\d{2}-\d{2}T\d{6}")


@dataclass(frozen=True, slots=True)
class _Node:
    """An element of the flattened schema, the file it stands in (the base of its own references), and its bindings."""

    element: etree._Element
    file: Path
    depth: int
    namespaces: Namespaces = ()

    @property
    def place(self) -> str:
        return f"{self.file.name}:{self.element.sourceline or 1}"


@dataclass(frozen=True, slots=True)
class _Abstract:
    """An abstract rule where it stands; `owner` is its pattern's element, None where it serves the whole schema."""

    key: str
    node: _Node
    owner: etree._Element | None


@dataclass(slots=True)
class _Reading:
    root: Path
    problems: dict[str, None] = field(default_factory=dict)
    warnings: dict[str, None] = field(default_factory=dict)
    parsed: dict[Path, etree._Element | None] = field(default_factory=dict)
    abstract_patterns: dict[str, _Node] = field(default_factory=dict)
    abstract_nodes: dict[str, list[_Abstract]] = field(default_factory=dict)
    abstract_rules: dict[str, Rule] = field(default_factory=dict)
    notes: dict[str, Note | _Node] = field(default_factory=dict)
    patterns: list[Pattern] = field(default_factory=list)
    phases: list[Phase] = field(default_factory=list)
    lets: list[Let] = field(default_factory=list)
    namespaces: dict[str, str] = field(default_factory=dict)
    declared: dict[str, str] = field(default_factory=dict)
    """Prefixes declared on elements only; official files use some of them without an `ns`."""
    foreign: list[str] = field(default_factory=list)
    borrowed: set[str] = field(default_factory=set)
    """Abstract rules that serve patterns other than their own."""
    lang: str = ""
    xpath_1: bool = False

    def problem(self, text: str) -> None:
        self.problems.setdefault(text)

    def warning(self, text: str) -> None:
        self.warnings.setdefault(text)


@dataclass(frozen=True, slots=True)
class _Scope:
    """The pattern a rule is read in: its element, and the parameters and name of an instance of an abstract one."""

    owner: etree._Element | None
    parameters: Mapping[str, str] = field(default_factory=dict)
    instance: str = ""


def read_schema(entry: Path, root: Path) -> Schema:
    """The schema in file `entry`; nothing outside folder `root` is read.

    Raises:
        WireError: the entry file is not well-formed XML or not a Schematron schema.
    """
    reading = _Reading(root=root)
    top = safexml.parse(entry.read_bytes())
    if top.tag != _S + "schema":
        raise WireError("not a Schematron schema", kind="wrong-root", expected=f"{{{SCH}}}schema", found=str(top.tag))
    reading.lang = rich_of(top).lang
    reading.xpath_1 = top.get("queryBinding", "xslt") in XPATH_1
    children = list(_children(reading, _Node(top, entry, 0)))
    _collect(reading, children)
    for name, candidates in reading.abstract_nodes.items():
        for abstract in candidates:
            reading.abstract_rules[abstract.key] = _rule(reading, abstract.node, _Scope(abstract.owner))
        if len({a.owner for a in candidates}) < len(candidates):
            reading.problem(f"abstract rule {name!r} is defined twice ({candidates[-1].node.place})")
    for node in children:
        _top_level(reading, node)
    _refuse_circles(reading)
    _check_phases(reading, top)
    _check_lets(reading)
    if reading.borrowed:
        reading.warning(
            f"abstract rules ({len(reading.borrowed)}) serve patterns other than their own (ISO 19757-3, 5.4.12)"
        )
    for prefix, uri in reading.declared.items():
        reading.namespaces.setdefault(prefix, uri)
    return Schema(
        stem=entry.stem,
        namespaces=tuple(reading.namespaces.items()),
        patterns=tuple(reading.patterns),
        abstract_rules=tuple(reading.abstract_rules.values()),
        lets=tuple(reading.lets),
        phases=tuple(reading.phases),
        default_phase=top.get("defaultPhase", ""),
        query_binding=top.get("queryBinding", "xslt"),
        version=top.get("schemaVersion", ""),
        title=next((text_of(n.element) for n in children if n.element.tag == _S + "title"), ""),
        foreign=tuple(reading.foreign),
        problems=tuple(reading.problems),
        warnings=tuple(reading.warnings),
    )


def _top_level(reading: _Reading, node: _Node) -> None:
    element = node.element
    name = etree.QName(element)
    if element.tag == _S + "ns":
        reading.namespaces[element.get("prefix", "")] = element.get("uri", "")
    elif element.tag == _S + "let":
        _add_let(reading, reading.lets, node, {})
    elif element.tag == _S + "pattern":
        _pattern(reading, node)
    elif element.tag == _S + "phase":
        _phase(reading, node)
    elif name.namespace == XSL:
        if name.localname not in FOREIGN_DECLARATIONS:
            reading.problem(f"xsl:{name.localname} is not allowed in a schema ({node.place})")
            return
        for problem in foreign_problems(element):
            reading.problem(f"{problem} ({node.place})")
        reading.foreign.append(etree.tostring(element, encoding="unicode", with_tail=False))
    else:
        _refuse_unknown(reading, node, ("title", "p", "diagnostics", "properties", "rules", "param"))


def _refuse_unknown(reading: _Reading, node: _Node, allowed: tuple[str, ...]) -> None:
    """An element of Schematron that means nothing where it stands would be a check lost without a word."""
    name = etree.QName(node.element)
    if name.namespace == SCH and name.localname not in allowed:
        reading.problem(f"element {name.localname!r} is not allowed here ({node.place})")


def _children(reading: _Reading, node: _Node) -> Iterator[_Node]:
    """Child elements of `node` with `include` and `extends/@href` replaced by what they name."""
    for prefix, uri in node.element.nsmap.items():
        if prefix and uri not in (SCH, XSL):
            reading.declared.setdefault(prefix, uri)
    for child in node.element:
        if not isinstance(child.tag, str):
            continue
        here = _Node(child, node.file, node.depth, node.namespaces)
        included = _resolved(reading, here)
        if included is None:
            continue
        if child.tag == _S + "extends" and child.get("href") is not None:
            yield from _children(reading, included)
        else:
            yield included


def _resolved(reading: _Reading, node: _Node) -> _Node | None:
    """`node`, or what stands in its place: an included file may hold nothing but another include."""
    while (href := node.element.get("href")) is not None and node.element.tag in (_S + "include", _S + "extends"):
        included = _included(reading, node, href)
        if included is None:
            return None
        if etree.QName(included.element).namespace not in (SCH, XSL):
            reading.problem(f"include {href!r}: not an element of Schematron ({included.place})")
            return None
        node = included
    return node


def _included(reading: _Reading, node: _Node, href: str) -> _Node | None:
    name, _, fragment = href.partition("#")
    target = _target(reading, node, name) if name else node.file
    if target is None:
        return None
    if node.depth >= _MAX_INCLUDES:
        reading.problem(f"include {href!r} goes in a circle")
        return None
    if target not in reading.parsed:
        reading.parsed[target] = _parsed(reading, target, href)
    element = reading.parsed[target]
    namespaces = node.namespaces
    if element is not None and fragment:
        namespaces = tuple((n.get("prefix", ""), n.get("uri", "")) for n in element.iterchildren(_S + "ns"))
        element = next((e for e in element.iter() if e.get("id") == fragment or e.get(_XML_ID) == fragment), None)
        if element is None:
            reading.problem(f"include {href!r}: no element with that id")
    return _Node(element, target, node.depth + 1, namespaces) if element is not None else None


def _target(reading: _Reading, node: _Node, name: str) -> Path | None:
    if not (node.file.parent / name).resolve().is_relative_to(reading.root):
        reading.problem(f"include {name!r} leaves the pack")
        return None
    found = resolve_reference(node.file, name, reading.root)
    if found.path is None:
        reading.problem(f"include {name!r}: no such file")
    elif found.differs_in_case:
        reading.warning(f"include {name!r} names a file that is spelt {found.path.name!r}")
    return found.path


def _parsed(reading: _Reading, target: Path, href: str) -> etree._Element | None:
    try:
        return safexml.parse(target.read_bytes())
    except WireError as exc:
        reading.problem(f"include {href!r}: {exc}")
        return None


def _collect(reading: _Reading, nodes: list[_Node]) -> None:
    """First pass over the whole schema: abstract patterns and rules, diagnostics and properties are used before they stand."""
    for node in nodes:
        element = node.element
        if element.tag == _S + "pattern":
            _collect_pattern(reading, node)
        elif element.tag == _S + "phase":
            for child in _children(reading, node):
                if child.element.tag == _S + "pattern":
                    _collect_pattern(reading, child)
        elif element.tag == _S + "rules":
            for child in _children(reading, node):
                _collect_rule(reading, child, None)
        elif element.tag in (_S + "diagnostics", _S + "properties"):
            for child in _children(reading, node):
                reading.notes[child.element.get("id", "")] = child


def _collect_pattern(reading: _Reading, node: _Node) -> None:
    if node.element.get("abstract") == "true":
        reading.abstract_patterns[node.element.get("id", "")] = node
    for child in _children(reading, node):
        _collect_rule(reading, child, node.element)


def _collect_rule(reading: _Reading, node: _Node, owner: etree._Element | None) -> None:
    if node.element.tag == _S + "rule" and node.element.get("abstract") == "true":
        name = node.element.get("id", "")
        others = reading.abstract_nodes.setdefault(name, [])
        others.append(_Abstract(f"{name}#{len(others) + 1}" if others else name, node, owner))


def _pattern(reading: _Reading, node: _Node) -> None:
    element = node.element
    if element.get("abstract") == "true":
        return
    is_a = element.get("is-a")
    name = element.get("id") or f"pattern-{len(reading.patterns) + 1}"
    source = node
    parameters: Mapping[str, str] = {}
    if is_a is not None:
        if is_a not in reading.abstract_patterns:
            reading.problem(f"unknown abstract pattern {is_a!r} ({node.place})")
            return
        source = reading.abstract_patterns[is_a]
        parameters = {**parameters_of(source.element), **parameters_of(element)}
    scope = _Scope(source.element, parameters, name if parameters else "")
    rules: list[Rule] = []
    lets: list[Let] = []
    title = ""
    for child in _children(reading, source):
        tag = child.element.tag
        if tag == _S + "rule" and child.element.get("abstract") != "true":
            rules.append(_rule(reading, child, scope))
        elif tag == _S + "let":
            _add_let(reading, lets, child, parameters)
        elif tag == _S + "title":
            title = text_of(child.element)
        else:
            _refuse_unknown(reading, child, ("rule", "p", "param"))
    documents = element.get("documents") or source.element.get("documents") or ""
    reading.patterns.append(
        Pattern(
            id=name,
            rules=tuple(rules),
            lets=tuple(lets),
            title=title,
            documents=substitute(documents, parameters),
            named=element.get("id") is not None,
            namespaces=source.namespaces,
        )
    )


def _phase(reading: _Reading, node: _Node) -> None:
    active: list[str] = []
    lets: list[Let] = []
    for child in _children(reading, node):
        tag = child.element.tag
        if tag == _S + "active":
            active.append(child.element.get("pattern", ""))
        elif tag == _S + "let":
            _add_let(reading, lets, child, {})
        elif tag == _S + "pattern":
            reading.warning("patterns stand inside a phase; ISO 19757-3 has them beside it")
            before = len(reading.patterns)
            _pattern(reading, child)
            active.extend(p.id for p in reading.patterns[before:])
    phase = node.element
    reading.phases.append(
        Phase(id=phase.get("id", ""), active=tuple(active), lets=tuple(lets), start=phase.get("from", ""))
    )


def _rule(reading: _Reading, node: _Node, scope: _Scope) -> Rule:
    items: list[Let | SchCheck | Extends] = []
    element = node.element
    lets: list[Let] = []
    for child in _children(reading, node):
        if child.element.tag == _S + "let":
            if _add_let(reading, lets, child, scope.parameters):
                items.append(lets[-1])
        elif child.element.tag in (_S + "assert", _S + "report"):
            notes = tuple(_notes(reading, child, scope.parameters))
            items.append(check_of(child.element, element, scope.parameters, notes, reading.lang, child.namespaces))
        elif child.element.tag == _S + "extends":
            key = _extended(reading, child, scope)
            if key:
                items.append(Extends(rule=key))
        else:
            _refuse_unknown(reading, child, ("p",))
    return Rule(
        context=substitute(element.get("context", ""), scope.parameters),
        items=tuple(items),
        id=element.get("id", ""),
        role=element.get("role", ""),
        flag=element.get("flag", ""),
        subject=substitute(element.get("subject", ""), scope.parameters),
        visit_each=substitute(element.get("visit-each", ""), scope.parameters),
        rich=rich_of(element, reading.lang),
        namespaces=node.namespaces,
    )


def _extended(reading: _Reading, node: _Node, scope: _Scope) -> str:
    """The key of the abstract rule an `extends` means: of its own pattern first, else of the schema."""
    name = node.element.get("rule", "")
    candidates = reading.abstract_nodes.get(name, [])
    if not candidates:
        reading.problem(f"unknown abstract rule {name!r} ({node.place})")
        return ""
    chosen = next((a for a in candidates if a.owner is scope.owner), None)
    if chosen is None:
        chosen = next((a for a in candidates if a.owner is None), candidates[0])
        if chosen.owner is not None:
            reading.borrowed.add(name)
        return chosen.key
    if not scope.instance:
        return chosen.key
    key = f"{chosen.key}@{scope.instance}"  # the abstract pattern's own rule, with the parameters of this instance
    if key not in reading.abstract_rules:
        reading.abstract_rules[key] = Rule(
            context="", items=(), id=key
        )  # stands while it is read: rules may go in circles
        reading.abstract_rules[key] = replace(_rule(reading, chosen.node, scope), id=key)
    return key


def _notes(reading: _Reading, node: _Node, parameters: Mapping[str, str]) -> Iterator[Note]:
    for kind, attribute in (("diagnostic", "diagnostics"), ("property", "properties")):
        for name in node.element.get(attribute, "").split():
            found = reading.notes.get(name)
            if isinstance(found, _Node):
                yield note_of(found.element, kind, parameters, reading.lang)
            else:
                reading.problem(f"unknown {kind} {name!r} ({node.place})")


def _add_let(reading: _Reading, lets: list[Let], node: _Node, parameters: Mapping[str, str]) -> bool:
    """Adds the variable unless the same scope has one of that name, which is a problem."""
    let = replace(let_of(node.element, parameters, as_fragment=reading.xpath_1), namespaces=node.namespaces)
    if any(other.name == let.name for other in lets):
        reading.problem(f"variable ${let.name} is defined twice ({node.place})")
        return False
    lets.append(let)
    return True


def _check_lets(reading: _Reading) -> None:
    """A pattern's variable that hides the schema's: ISO forbids it, schemas do it, and the nearer one is meant."""
    schema = {let.name for let in reading.lets}
    for pattern in reading.patterns:
        for let in pattern.lets:
            if let.name in schema:
                reading.warning(
                    f"variable ${let.name} of pattern {pattern.id!r} hides the schema's (ISO 19757-3, 5.4.5)"
                )


def _check_phases(reading: _Reading, top: etree._Element) -> None:
    known = {p.id for p in reading.patterns}
    for phase in reading.phases:
        for name in phase.active:
            if name not in known:
                reading.problem(f"phase {phase.id!r} names pattern {name!r}, which is not there")
    default = top.get("defaultPhase", "#ALL")
    if default not in ("#ALL", "#DEFAULT") and default not in {p.id for p in reading.phases}:
        reading.problem(f"the default phase {default!r} is not there")


def _refuse_circles(reading: _Reading) -> None:
    for key, rule in list(reading.abstract_rules.items()):
        if _reaches(reading, key, key, set()):
            reading.problem(f"abstract rule {key!r} extends itself")
            kept = tuple(item for item in rule.items if not isinstance(item, Extends))
            reading.abstract_rules[key] = replace(rule, items=kept)
    for key, rule in reading.abstract_rules.items():
        reading.abstract_rules[key] = replace(rule, id=key)


def _reaches(reading: _Reading, start: str, goal: str, seen: set[str]) -> bool:
    rule = reading.abstract_rules.get(start)
    for item in rule.items if rule else ():
        if isinstance(item, Extends) and item.rule not in seen:
            seen.add(item.rule)
            if item.rule == goal or _reaches(reading, item.rule, goal, seen):
                return True
    return False


def stable_pattern_name(pattern_id: str) -> str:
    """`pattern_id` without the publication date that ART-DECOR puts into it, so that it survives a release."""
    return _DATE_SUFFIX.sub("", pattern_id)
