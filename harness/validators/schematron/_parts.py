"""The smaller parts of a Schematron schema, each read from its element alone."""

import re
from collections.abc import Iterator, Mapping

from lxml import etree

from harness.validators.schematron._schema import Expression, Let, Namespaces, Note, Rich, SchCheck
from harness.validators.schematron._xpath import forbidden_calls

SCH = "http://purl.oclc.org/dsdl/schematron"
XSL = "http://www.w3.org/1999/XSL/Transform"
_S = f"{{{SCH}}}"
_XML = "{http://www.w3.org/XML/1998/namespace}"
XPATH_1 = ("xslt", "xslt1", "xpath", "xpath1")
"""Query language bindings under the rules of XPath 1; `xslt` is meant where a schema names none."""
FOREIGN_DECLARATIONS = ("accumulator", "decimal-format", "function", "key")
"""XSLT declarations a schema may bring. Others could read or write files, or change how the rules are run."""
_FORBIDDEN_INSTRUCTIONS = ("result-document", "source-document", "evaluate", "import-schema", "message", "assert")


def rich_of(element: etree._Element, lang: str = "") -> Rich:
    """The attributes of the "rich" group; the language is the nearest one above, else `lang`."""
    here: etree._Element | None = element
    while here is not None and here.get(_XML + "lang") is None:
        here = here.getparent()
    return Rich(
        lang=here.get(_XML + "lang", "") if here is not None else lang,
        see=element.get("see", ""),
        icon=element.get("icon", ""),
        fpi=element.get("fpi", ""),
    )


def check_of(
    element: etree._Element,
    rule: etree._Element,
    parameters: Mapping[str, str],
    notes: tuple[Note, ...],
    lang: str,
    namespaces: Namespaces,
) -> SchCheck:
    """An `assert` or `report` of `rule`, whose role it takes where it has none."""
    return SchCheck(
        kind="assert" if element.tag == _S + "assert" else "report",
        test=substitute(element.get("test", ""), parameters),
        message=tuple(message_of(element, parameters)),
        id=element.get("id", ""),
        role=element.get("role") or rule.get("role") or "",
        flag=element.get("flag", ""),
        subject=substitute(element.get("subject") or rule.get("subject") or "", parameters),
        rich=rich_of(element, lang),
        notes=notes,
        namespaces=namespaces,
    )


def note_of(element: etree._Element, kind: str, parameters: Mapping[str, str], lang: str) -> Note:
    """A `diagnostic` or `property` as one check uses it: parameters of an abstract pattern reach into it."""
    return Note(
        id=element.get("id", ""),
        kind=kind,
        message=tuple(message_of(element, parameters)),
        rich=rich_of(element, lang),
        role=element.get("role", ""),
        scheme=element.get("scheme", ""),
    )


def message_of(element: etree._Element, parameters: Mapping[str, str]) -> Iterator[str | Expression]:
    """The mixed content of a message: texts, and expressions for `value-of`, `name` and xsl:copy-of."""
    if element.text:
        yield substitute(element.text, parameters)
    for child in element:
        if child.tag == _S + "value-of":
            yield Expression(xpath=substitute(child.get("select", "."), parameters))
        elif child.tag == _S + "name":
            # the value of @path, not the name of what it selects. Source: ISO/IEC 19757-3:2016, annex H, clause 4
            yield Expression(xpath=substitute(child.get("path", "name()"), parameters))
        elif child.tag == f"{{{XSL}}}copy-of":
            yield Expression(xpath=substitute(child.get("select", "."), parameters), copy=True)
        elif child.tag == f"{{{XSL}}}value-of":
            yield Expression(xpath=substitute(child.get("select", "."), parameters))
        elif isinstance(child.tag, str):
            yield from message_of(child, parameters)
        if child.tail:
            yield substitute(child.tail, parameters)


def parameters_of(pattern: etree._Element) -> dict[str, str]:
    """The `param` children by name; those of an abstract pattern are defaults."""
    return {p.get("name", ""): p.get("value", "") for p in pattern.iterchildren(_S + "param")}


def let_of(element: etree._Element, parameters: Mapping[str, str], *, as_fragment: bool) -> Let:
    """A variable; element content becomes the nodes it is, or with `as_fragment` (XSLT 1) a document around them."""
    value = element.get("value")
    if value is None and not len(element) and not (element.text or "").strip():
        value = "''"
    elif value is None:
        text = (element.text or "") + "".join(etree.tostring(c, encoding="unicode") for c in element)
        nodes = f"parse-xml-fragment({_literal(text)})" + ("" if as_fragment else "/node()")
        value = nodes if len(element) else _literal(text)
    else:
        value = substitute(value, parameters)
    return Let(name=element.get("name", ""), value=value)


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def substitute(text: str, parameters: Mapping[str, str]) -> str:
    """`text` with `$name` replaced by the parameter of an abstract pattern, longest names first (ISO 19757-3, 6.3)."""
    for name in sorted(parameters, key=len, reverse=True):
        text = re.sub(rf"\${re.escape(name)}(?![\w.-])", lambda _, n=name: parameters[n], text)  # type: ignore[misc]
    return text


def foreign_problems(declaration: etree._Element) -> Iterator[str]:
    """What an XSLT declaration of a schema may not do: reach files, write, or stop the run."""
    for node in declaration.iter(etree.Element):
        name = etree.QName(node)
        if name.namespace == XSL and name.localname in _FORBIDDEN_INSTRUCTIONS:
            yield f"xsl:{name.localname} is not allowed in a schema"
        for value in node.attrib.values():
            for call in sorted(forbidden_calls(str(value))):
                yield f"function {call}() is not allowed in a schema"


def text_of(element: etree._Element) -> str:
    """All text below, white space folded."""
    return " ".join("".join(element.itertext()).split())
