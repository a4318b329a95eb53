"""Defects as libxml2 tells them: found at once and always, but only up to the first wrong child of an element."""

import re
from dataclasses import dataclass

from lxml import etree

from harness.validators._kinds import path_of

_ATTRIBUTE = re.compile(r"attribute '([^']+)'")
_EXPECTED = re.compile(r"Expected is (?:one of )?\( (.*?) \)")
_STEP = re.compile(r"(?:(?P<prefix>[\w.-]+):)?(?P<name>\*|[\w.-]+)(?:\[(?P<position>\d+)\])?$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Defect:
    """One violation: `path` as XPath's `path()` writes it, in the whole document."""

    path: str
    rule: str
    message: str
    expected: str = ""
    found: str = ""


def told_by_libxml2(entry: etree._LogEntry, top: etree._Element) -> tuple[etree._Element, Defect]:
    """The element at fault and the defect, for an entry of the error log of validating `top`."""
    element = _located(entry.path or "", top)
    message = " ".join((entry.message or "").split())
    path = path_of(element)
    attribute = _ATTRIBUTE.search(message)
    if attribute:
        namespace, _, local = attribute.group(1).lstrip("{").rpartition("}")
        if (f"{{{namespace}}}{local}" if namespace else local) in element.attrib:
            path += f"/@Q{{{namespace}}}{local}" if namespace else f"/@{local}"
    listed = _EXPECTED.search(message)
    expected = re.sub(r"\{[^}]*\}", "", listed.group(1)) if listed else ""
    return element, Defect(path=path, rule=entry.type_name or "xsd", message=message, expected=expected)


def _located(path: str, top: etree._Element) -> etree._Element:
    """The element that a path of libxml2 names, counted from `top`; as deep as it can be followed."""
    here = top
    for step in path.strip("/").split("/")[1:]:
        match = _STEP.match(step)
        if not match:
            break
        children = [c for c in here if isinstance(c.tag, str)]
        if match["name"] != "*":
            prefix = match["prefix"]
            children = [c for c in children if etree.QName(c).localname == match["name"] and c.prefix == prefix]
        position = int(match["position"] or 1) - 1
        if position >= len(children):
            break
        here = children[position]
    return here
