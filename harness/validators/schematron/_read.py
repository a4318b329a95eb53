"""Reads a Schematron schema from its files into `_schema.Schema`: includes, extensions and abstract patterns resolved.

Everything that could not be resolved is a problem of the schema, never silently left out.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from lxml import etree

from harness import safexml
from harness.errors import WireError
from harness.validators.schematron._schema import Expression, Extends, Let, Pattern, Phase, Rule, SchCheck, Schema

SCH = "http://purl.oclc.org/dsdl/schematron"
XSL = "http://www.w3.org/1999/XSL/Transform"
_S = f"{{{SCH}}}"
_MAX_INCLUDES = 40
_DATE_SUFFIX = re.compile(r"-\d{4}-\d{2}-\d{2}T\d{6}")


@dataclass(slots=True)
class _Reading:
    entry: Path
    root: Path
    problems: list[str] = field(default_factory=list)
    parsed: dict[Path, etree._Element | None] = field(default_factory=dict)
    abstract_patterns: dict[str, tuple[etree._Element, Path]] = field(default_factory=dict)
    abstract_rules: dict[str, Rule] = field(default_factory=dict)
    diagnostics: dict[str, etree._Element] = field(default_factory=dict)
    patterns: list[Pattern] = field(default_factory=list)
    phases: list[Phase] = field(default_factory=list)
    lets: list[Let] = field(default_factory=list)
    namespaces: dict[str, str] = field(default_factory=dict)
    declared: dict[str, str] = field(default_factory=dict)
    """Prefixes declared on elements only; official files use some of them without an `ns`."""
    foreign: list[str] = field(default_factory=list)

    def problem(self, text: str) -> None:
        if text not in self.problems:
            self.problems.append(text)


@dataclass(frozen=True, slots=True)
class _Node:
    """An element of the flattened schema and the file it stands in (the base of its own references)."""

    element: etree._Element
    file: Path
    depth: int


def read_schema(entry: Path, root: Path) -> Schema:
    """The schema in file `entry`; nothing outside folder `root` is read.

    Raises:
        WireError: the entry file is not well-formed XML or not a Schematron schema.
    """
    reading = _Reading(entry=entry, root=root)
    top = safexml.parse(entry.read_bytes())
    if top.tag != _S + "schema":
        raise WireError("not a Schematron schema", kind="wrong-root", expected=f"{{{SCH}}}schema", found=str(top.tag))
    children = list(_children(reading, _Node(top, entry, 0)))
    _collect_abstract(reading, children)
    for node in children:
        _top_level(reading, node)
    _check_extends(reading)
    for prefix, uri in reading.declared.items():
        reading.namespaces.setdefault(prefix, uri)
    title = next((_text(n.element) for n in children if n.element.tag == _S + "title"), "")
    return Schema(
        stem=entry.stem,
        namespaces=tuple(reading.namespaces.items()),
        patterns=tuple(reading.patterns),
        abstract_rules=tuple(reading.abstract_rules.values()),
        lets=tuple(reading.lets),
        phases=tuple(reading.phases),
        default_phase=top.get("defaultPhase", ""),
        query_binding=top.get("queryBinding", "xslt"),
        title=title,
        foreign=tuple(reading.foreign),
        problems=tuple(reading.problems),
    )


def _top_level(reading: _Reading, node: _Node) -> None:
    element = node.element
    if element.tag == _S + "ns":
        reading.namespaces[element.get("prefix", "")] = element.get("uri", "")
    elif element.tag == _S + "let":
        reading.lets.append(_let(element))
    elif element.tag == _S + "pattern":
        _pattern(reading, node)
    elif element.tag == _S + "phase":
        _phase(reading, node)
    elif etree.QName(element).namespace == XSL:
        reading.foreign.append(etree.tostring(element, encoding="unicode", with_tail=False))


def _children(reading: _Reading, node: _Node) -> Iterator[_Node]:
    """Child elements of `node` with `include` and `extends/@href` replaced by what they name."""
    for prefix, uri in node.element.nsmap.items():
        if prefix and uri not in (SCH, XSL):
            reading.declared.setdefault(prefix, uri)
    for child in node.element:
        if not isinstance(child.tag, str):
            continue
        href = child.get("href")
        if child.tag == _S + "include" and href is not None:
            included = _included(reading, node, href)
            if included is not None:
                yield included
        elif child.tag == _S + "extends" and href is not None:
            included = _included(reading, node, href)
            if included is not None:
                yield from _children(reading, included)
        else:
            yield _Node(child, node.file, node.depth)


def _included(reading: _Reading, node: _Node, href: str) -> _Node | None:
    name, _, fragment = href.partition("#")
    target = (node.file.parent / name).resolve() if name else node.file
    if not target.is_relative_to(reading.root):
        reading.problem(f"include {href!r} leaves the pack")
        return None
    if node.depth >= _MAX_INCLUDES:
        reading.problem(f"include {href!r} goes in a circle")
        return None
    if target not in reading.parsed:
        reading.parsed[target] = _parsed(reading, target, href)
    element = reading.parsed[target]
    if element is not None and fragment:
        element = next((e for e in element.iter() if e.get("id") == fragment or e.get(_XML_ID) == fragment), None)
        if element is None:
            reading.problem(f"include {href!r}: no element with that id")
    return _Node(element, target, node.depth + 1) if element is not None else None


_XML_ID = "{http://www.w3.org/XML/1998/namespace}id"


def _parsed(reading: _Reading, target: Path, href: str) -> etree._Element | None:
    if not target.is_file():
        reading.problem(f"include {href!r}: no such file")
        return None
    try:
        return safexml.parse(target.read_bytes())
    except WireError as exc:
        reading.problem(f"include {href!r}: {exc}")
        return None


def _collect_abstract(reading: _Reading, nodes: list[_Node]) -> None:
    """First pass over the whole schema: abstract patterns, abstract rules and diagnostics may be used before they stand."""
    for node in nodes:
        element = node.element
        if element.tag == _S + "pattern":
            if element.get("abstract") == "true":
                reading.abstract_patterns[element.get("id", "")] = (element, node.file)
            _collect_rules(reading, node)
        elif element.tag in (_S + "rules", _S + "phase", _S + "diagnostics"):
            for child in _children(reading, node):
                if child.element.tag == _S + "diagnostic":
                    reading.diagnostics[child.element.get("id", "")] = child.element
                elif child.element.tag == _S + "pattern":
                    _collect_rules(reading, child)
                elif child.element.tag == _S + "rule" and child.element.get("abstract") == "true":
                    _abstract_rule(reading, child)


def _collect_rules(reading: _Reading, pattern: _Node) -> None:
    for child in _children(reading, pattern):
        if child.element.tag == _S + "rule" and child.element.get("abstract") == "true":
            _abstract_rule(reading, child)


def _abstract_rule(reading: _Reading, node: _Node) -> None:
    name = node.element.get("id", "")
    reading.abstract_rules.setdefault(name, _rule(reading, node, {}))


def _pattern(reading: _Reading, node: _Node) -> None:
    element = node.element
    if element.get("abstract") == "true":
        return
    is_a = element.get("is-a")
    parameters: dict[str, str] = {}
    source = node
    if is_a is not None:
        if is_a not in reading.abstract_patterns:
            reading.problem(f"unknown abstract pattern {is_a!r}")
            return
        parameters = {
            c.element.get("name", ""): c.element.get("value", "")
            for c in _children(reading, node)
            if c.element.tag == _S + "param"
        }
        body, file = reading.abstract_patterns[is_a]
        source = _Node(body, file, node.depth)
    rules: list[Rule] = []
    lets: list[Let] = []
    title = ""
    for child in _children(reading, source):
        tag = child.element.tag
        if tag == _S + "rule" and child.element.get("abstract") != "true":
            rules.append(_rule(reading, child, parameters))
        elif tag == _S + "let":
            lets.append(_substituted_let(_let(child.element), parameters))
        elif tag == _S + "title":
            title = _text(child.element)
    name = element.get("id") or f"pattern-{len(reading.patterns) + 1}"
    reading.patterns.append(Pattern(id=name, rules=tuple(rules), lets=tuple(lets), title=title))


def _phase(reading: _Reading, node: _Node) -> None:
    active: list[str] = []
    lets: list[Let] = []
    for child in _children(reading, node):
        tag = child.element.tag
        if tag == _S + "active":
            active.append(child.element.get("pattern", ""))
        elif tag == _S + "let":
            lets.append(_let(child.element))
        elif tag == _S + "pattern":
            before = len(reading.patterns)
            _pattern(reading, child)
            active.extend(p.id for p in reading.patterns[before:])
    reading.phases.append(Phase(id=node.element.get("id", ""), active=tuple(active), lets=tuple(lets)))


def _rule(reading: _Reading, node: _Node, parameters: Mapping[str, str]) -> Rule:
    items: list[Let | SchCheck | Extends] = []
    for child in _children(reading, node):
        element = child.element
        if element.tag == _S + "let":
            items.append(_substituted_let(_let(element), parameters))
        elif element.tag in (_S + "assert", _S + "report"):
            items.append(_check(reading, element, node.element, parameters))
        elif element.tag == _S + "extends":
            items.append(Extends(rule=element.get("rule", "")))
    context = _substitute(node.element.get("context", ""), parameters)
    return Rule(context=context, items=tuple(items), id=node.element.get("id", ""), role=node.element.get("role", ""))


def _check(reading: _Reading, element: etree._Element, rule: etree._Element, parameters: Mapping[str, str]) -> SchCheck:
    message = list(_message(element, parameters))
    for name in element.get("diagnostics", "").split():
        if name in reading.diagnostics:
            message += [" ", *_message(reading.diagnostics[name], parameters)]
        else:
            reading.problem(f"unknown diagnostic {name!r}")
    return SchCheck(
        kind="assert" if element.tag == _S + "assert" else "report",
        test=_substitute(element.get("test", ""), parameters),
        message=tuple(message),
        id=element.get("id", ""),
        role=element.get("role") or rule.get("role") or "",
        see=element.get("see", ""),
        flag=element.get("flag", ""),
    )


def _message(element: etree._Element, parameters: Mapping[str, str]) -> Iterator[str | Expression]:
    if element.text:
        yield _substitute(element.text, parameters)
    for child in element:
        if child.tag == _S + "value-of":
            yield Expression(xpath=_substitute(child.get("select", "."), parameters))
        elif child.tag == _S + "name":
            yield Expression(xpath=f"name({_substitute(child.get('path', '.'), parameters)})")
        elif isinstance(child.tag, str):
            yield from _message(child, parameters)
        if child.tail:
            yield _substitute(child.tail, parameters)


def _check_extends(reading: _Reading) -> None:
    rules = [r for p in reading.patterns for r in p.rules] + list(reading.abstract_rules.values())
    for rule in rules:
        for item in rule.items:
            if isinstance(item, Extends) and item.rule not in reading.abstract_rules:
                reading.problem(f"unknown abstract rule {item.rule!r}")
    for name, rule in list(reading.abstract_rules.items()):
        if _reaches(reading, name, name, set()):
            reading.problem(f"abstract rule {name!r} extends itself")
            kept = tuple(item for item in rule.items if not isinstance(item, Extends))
            reading.abstract_rules[name] = replace(rule, items=kept)


def _reaches(reading: _Reading, start: str, goal: str, seen: set[str]) -> bool:
    rule = reading.abstract_rules.get(start)
    for item in rule.items if rule else ():
        if isinstance(item, Extends) and item.rule not in seen:
            seen.add(item.rule)
            if item.rule == goal or _reaches(reading, item.rule, goal, seen):
                return True
    return False


def _let(element: etree._Element) -> Let:
    value = element.get("value")
    if value is None:
        text = (element.text or "").replace("'", "''")
        value = f"'{text}'"
    return Let(name=element.get("name", ""), value=value)


def _substituted_let(let: Let, parameters: Mapping[str, str]) -> Let:
    return replace(let, value=_substitute(let.value, parameters)) if parameters else let


def _substitute(text: str, parameters: Mapping[str, str]) -> str:
    """`text` with `$name` replaced by the parameter of an abstract pattern, longest names first (ISO 19757-3, 6.3)."""
    for name in sorted(parameters, key=len, reverse=True):
        text = re.sub(rf"\${re.escape(name)}(?![\w.-])", lambda _, n=name: parameters[n], text)  # type: ignore[misc]
    return text


def _text(element: etree._Element) -> str:
    return " ".join("".join(element.itertext()).split())


def stable_pattern_name(pattern_id: str) -> str:
    """`pattern_id` without the publication date that ART-DECOR puts into it, so that it survives a release."""
    return _DATE_SUFFIX.sub("", pattern_id)
