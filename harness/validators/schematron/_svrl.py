"""Writes what an engine found as a report in the Schematron Validation Report Language.

Source: ISO/IEC 19757-3:2020, annex D (SVRL); the schema of our own is `svrl.xsd` of the built-in pack.
"""

import re
from collections.abc import Iterator

from lxml import etree

from harness.validators.schematron._compiled import COPIED, CheckInfo, CompiledSchema, NoteInfo
from harness.validators.schematron._outcome import SchOutcome, SchResult

SVRL = "http://purl.oclc.org/dsdl/svrl"
_S = f"{{{SVRL}}}"
_XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
_PART = re.compile(f"{COPIED}([^=]*)=([^{COPIED}]*){COPIED}")


def svrl(schema: CompiledSchema, outcome: SchOutcome, document: str) -> bytes:
    """The report on the document of that name or URI, UTF-8.

    What could not be decided stands in a comment at its rule: the language has no word for it, and leaving it out would let
    the report look like a pass. A schema that is not whole says so in a comment at the top.
    """
    prefixes = {p: u for p, u in schema.namespaces if p not in ("", "xml", "svrl")}
    root = etree.Element(_S + "schematron-output", nsmap={"svrl": SVRL, **prefixes})
    _set(root, title=schema.title, phase=schema.phase, schemaVersion=schema.version)
    for reason in (outcome.failure, *outcome.problems):
        if reason:
            root.append(etree.Comment(f" not decided: {_comment(reason)} "))
    for prefix, uri in schema.namespaces:
        etree.SubElement(root, _S + "ns-prefix-in-attribute-values", prefix=prefix, uri=uri)
    for number, pattern in enumerate(schema.patterns):
        events = [e for e in outcome.events if schema.rules[e.rule].pattern == number]
        documents = dict.fromkeys(e.document or document for e in events) or {document: None}
        active = etree.SubElement(root, _S + "active-pattern")
        _set(active, id=pattern.id, name=pattern.title, documents=" ".join(_uri(d) for d in documents))
        for event in events:
            rule = schema.rules[event.rule]
            fired = etree.SubElement(root, _S + "fired-rule", context=rule.context)
            _set(fired, id=rule.id, role=rule.role, flag=rule.flag, document=_uri(event.document or document))
            for result in event.results:
                root.append(_found(schema, result))
    for result in outcome.results:
        if result.undecided:
            where = f"{result.rule_id} at {result.path}: {result.undecided}"
            root.append(etree.Comment(f" not decided: {_comment(where)} "))
    data: bytes = etree.tostring(root, encoding="UTF-8", xml_declaration=True, pretty_print=False)
    return data


def _found(schema: CompiledSchema, result: SchResult) -> etree._Element:
    check = schema.checks[result.check]
    name = "failed-assert" if check.kind == "assert" else "successful-report"
    found = etree.Element(_S + name, location=result.path, test=check.test)
    _set(found, id=check.id or result.rule_id, role=check.role, flag=check.flag)
    _rich(found, check)
    for note in check.notes:
        if note.kind == "diagnostic":
            reference = etree.SubElement(found, _S + "diagnostic-reference", diagnostic=note.id)
            _fill(_text_of(reference, note), note.message, result.values)
    for note in check.notes:
        if note.kind == "property":
            reference = etree.SubElement(found, _S + "property-reference", property=note.id)
            _set(reference, role=note.role, scheme=note.scheme)
            _fill(_text_of(reference, note), note.message, result.values)
    _fill(etree.SubElement(found, _S + "text"), check.message, result.values)
    return found


def _text_of(parent: etree._Element, note: NoteInfo) -> etree._Element:
    text = etree.SubElement(parent, _S + "text")
    _rich(text, note)
    return text


def _rich(element: etree._Element, source: CheckInfo | NoteInfo) -> None:
    rich = source.rich
    _set(element, see=rich.see, icon=rich.icon, fpi=rich.fpi)
    if rich.lang:
        element.set(_XML_LANG, rich.lang)


def _fill(element: etree._Element, message: tuple[str | int, ...], values: tuple[str, ...]) -> None:
    """Puts texts, values and copied nodes into `element`, in their order; copied attributes become its own.

    White space that only lays out the schema, at both ends, is left out.
    """
    blank = [isinstance(part, str) and not part.strip() for part in message]
    for part in message[blank[:1] == [True] : len(message) - (blank[-1:] == [True])]:
        if isinstance(part, str):
            _append(element, part)
            continue
        value = values[part] if part < len(values) else ""
        for name, text in _PART.findall(value):
            if ":" not in name:
                element.set(name, text)
        for piece in _nodes(_PART.sub("", value)):
            if isinstance(piece, str):
                _append(element, piece)
            else:
                element.append(piece)


def _nodes(value: str) -> Iterator[str | etree._Element]:
    """`value` as text, or as the elements it is the markup of, which only copies are."""
    if not value.startswith("<"):
        yield value
        return
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, recover=False)
    try:
        wrapped = etree.fromstring(f"<w>{value}</w>", parser)
    except etree.XMLSyntaxError:
        yield value
        return
    yield wrapped.text or ""
    yield from wrapped


def _append(element: etree._Element, text: str) -> None:
    if not text:
        return
    if len(element):
        element[-1].tail = (element[-1].tail or "") + text
    else:
        element.text = (element.text or "") + text


def _set(element: etree._Element, **attributes: str) -> None:
    for name, value in attributes.items():
        if value:
            element.set(name, " ".join(value.split()))


def _uri(name: str) -> str:
    return name.replace(" ", "%20")


def _comment(text: str) -> str:
    return re.sub(r"-(?=-)|-$", "- ", text)
