"""Defects as libxml2 tells them: found at once and always, but only up to the first wrong child of an element."""

import re
from collections import Counter
from dataclasses import dataclass

from lxml import etree

from harness.validators._kinds import path_of
from harness.validators._xsd_apart import Entry

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


class Places:
    """Elements by the paths that libxml2 writes, counted from `top`, and their paths as `path()` writes them.

    Children are listed once, since many errors may be among many siblings.
    """

    def __init__(self, top: etree._Element) -> None:
        self._top = top
        self._children: dict[etree._Element, dict[str, list[etree._Element]]] = {}
        self._steps: dict[etree._Element, str] = {}

    def element(self, path: str) -> etree._Element:
        """The element of a path, as deep as it can be followed."""
        here = self._top
        for step in path.strip("/").split("/")[1:]:
            match = _STEP.match(step)
            if not match:
                break
            named = self._listed(here).get(f"{match['prefix'] or ''}:{match['name']}", [])
            position = int(match["position"] or 1) - 1
            if position >= len(named):
                break
            here = named[position]
        return here

    def path(self, element: etree._Element) -> str:
        """The path of `element` in the whole document."""
        parent = element.getparent()
        if element is self._top or parent is None:
            return path_of(element)
        self._listed(parent)
        return f"{self.path(parent)}/{self._steps[element]}"

    def _listed(self, parent: etree._Element) -> dict[str, list[etree._Element]]:
        if parent not in self._children:
            named = self._children[parent] = {":*": []}
            counts: Counter[str] = Counter()
            for child in parent.iterchildren("*"):
                name = etree.QName(child)
                named[":*"].append(child)
                named.setdefault(f"{child.prefix or ''}:{name.localname}", []).append(child)
                counts[name.text] += 1
                self._steps[child] = f"Q{{{name.namespace or ''}}}{name.localname}[{counts[name.text]}]"
        return self._children[parent]


def told_by_libxml2(entry: Entry, places: Places) -> tuple[etree._Element, Defect]:
    """The element at fault and the defect, for an entry of the error log."""
    element = places.element(entry.path or "")
    message = " ".join((entry.message or "").split())
    path = places.path(element)
    attribute = _ATTRIBUTE.search(message)
    if attribute:
        namespace, _, local = attribute.group(1).lstrip("{").rpartition("}")
        if (f"{{{namespace}}}{local}" if namespace else local) in element.attrib:
            path += f"/@Q{{{namespace}}}{local}" if namespace else f"/@{local}"
    listed = _EXPECTED.search(message)
    expected = re.sub(r"\{[^}]*\}", "", listed.group(1)) if listed else ""
    return element, Defect(path=path, rule=entry.type_name, message=message, expected=expected)
