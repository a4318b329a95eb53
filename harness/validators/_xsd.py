"""XML Schema layer: libxml2 gives the verdict, xmlschema explains a failure where it can load the schema.

libxml2 stops describing a content model after its first unexpected child, and xmlschema is a hundred times slower, so each
does what it is good at. One defect is one finding: what both say of an element is told once, in xmlschema's words.
"""

import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import cast
from xml.etree.ElementTree import ParseError

import xmlschema
from lxml import etree

from harness import safexml
from harness.errors import WireError
from harness.packs.artefacts import Artefact
from harness.validators._kinds import path_of
from harness.validators.schematron import CompileCache

_MAX_EXPLAINED_BYTES = 4 * 1024 * 1024
_MAX_EXPLAINED_CHILDREN = 1000
_MAX_DEFECTS = 500
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


@dataclass(frozen=True, slots=True, kw_only=True)
class XsdOutcome:
    """`valid` is None when the schema itself could not be used, for `reason`."""

    valid: bool | None
    defects: tuple[Defect, ...] = ()
    reason: str = ""
    duration_s: float = 0.0


_XOP_INCLUDE = "{http://www.w3.org/2004/08/xop/include}Include"


class XsdLayer:
    """Compiled schemas, by content. One thread at a time is inside; a verdict takes milliseconds.

    `cache` remembers which schemas xmlschema cannot load: finding that out takes it seconds.
    """

    def __init__(self, cache: CompileCache) -> None:
        self._cache = cache
        self._lock = threading.Lock()
        self._compiled: dict[str, etree.XMLSchema | str] = {}
        self._explaining: dict[str, xmlschema.XMLSchema10 | None] = {}

    def judge(self, artefact: Artefact, element: etree._Element, *, explain: bool) -> XsdOutcome:
        """The verdict on `element` and the subtree below it, alone."""
        with self._lock:
            schema = self._schema(artefact)
            if isinstance(schema, str):
                return XsdOutcome(valid=None, reason=schema)
            started = time.perf_counter()
            with _as_inlined(element):
                if schema.validate(element):
                    return XsdOutcome(valid=True, duration_s=time.perf_counter() - started)
                defects = [_from_libxml(entry, element) for entry in schema.error_log]
                if explain:
                    defects = _merged(defects, self._explained(artefact, element))
        kept = tuple(dict.fromkeys(defects))[:_MAX_DEFECTS]
        return XsdOutcome(valid=False, defects=kept, duration_s=time.perf_counter() - started)

    def _schema(self, artefact: Artefact) -> etree.XMLSchema | str:
        if artefact.sha256 not in self._compiled:
            self._compiled[artefact.sha256] = _compile(artefact)
        return self._compiled[artefact.sha256]

    def _explained(self, artefact: Artefact, element: etree._Element) -> list[Defect]:
        schema = self._explaining_schema(artefact)
        if schema is None or len(etree.tostring(element)) > _MAX_EXPLAINED_BYTES:
            return []
        if any(len(e) > _MAX_EXPLAINED_CHILDREN for e in element.iter("*")):
            return []  # what it takes grows with the square of the siblings
        # a copy without comments: xmlschema takes them for children at some places
        copy, originals = _copy(element)
        found: list[Defect] = []
        try:
            for error in schema.iter_errors(copy):  # type: ignore[arg-type]  # takes lxml elements, too
                found.append(_from_xmlschema(error, originals, element))
                if len(found) >= _MAX_DEFECTS:
                    break
        except (xmlschema.XMLSchemaException, RecursionError):
            return []
        return found

    def _explaining_schema(self, artefact: Artefact) -> xmlschema.XMLSchema10 | None:
        digest = artefact.sha256
        if digest not in self._explaining:
            key = f"xmlschema-cannot-load-{xmlschema.__version__}-{digest}"
            self._explaining[digest] = None
            if self._cache.get(key) is None:
                try:
                    self._explaining[digest] = xmlschema.XMLSchema10(str(artefact.path), allow="local")
                except (xmlschema.XMLSchemaException, OSError, ParseError) as exc:
                    # libxml2 tolerates some published schemas that xmlschema does not
                    self._cache.put(key, str(exc)[:500].encode())
        return self._explaining[digest]


@contextmanager
def _as_inlined(element: etree._Element) -> Iterator[None]:
    """`element` as a schema is to see it: what xop:Include points at counts as inlined, here as no characters at all.

    A schema describes the infoset before optimisation, in which the element holds base64 characters. The Include elements
    are put back afterwards. Source: XOP 1.0, 2.2 and 4.2 (reconstituting the original infoset).
    """
    taken = [(parent, include) for include in element.iter(_XOP_INCLUDE) if (parent := include.getparent()) is not None]
    for parent, include in taken:
        parent.remove(include)
    try:
        yield
    finally:
        for parent, include in taken:
            parent.insert(0, include)


def _compile(artefact: Artefact) -> etree.XMLSchema | str:
    if artefact.missing_includes:
        return f"schema incomplete: {artefact.missing_includes[0]!r} is missing"
    try:
        root = safexml.parse(artefact.path.read_bytes())
        root.getroottree().docinfo.URL = artefact.path.as_uri()
        return etree.XMLSchema(root.getroottree())
    except (WireError, etree.XMLSchemaParseError, OSError) as exc:
        return f"schema does not compile: {' '.join(str(exc).split())[:500]}"


def _copy(element: etree._Element) -> tuple[etree._Element, dict[etree._Element, etree._Element]]:
    """`element` as a tree of its own without comments and instructions, and the original of each element."""
    originals: dict[etree._Element, etree._Element] = {}

    def build(source: etree._Element, parent: etree._Element | None) -> None:
        if parent is None:
            target = etree.Element(source.tag, source.attrib, source.nsmap)
            tops.append(target)
        else:
            target = etree.SubElement(parent, source.tag, source.attrib, source.nsmap)
        originals[target] = source
        target.text = source.text
        last: etree._Element | None = None
        for child in source:
            if isinstance(child.tag, str):
                build(child, target)
                last = target[-1]
                last.tail = child.tail
            elif last is not None:
                last.tail = (last.tail or "") + (child.tail or "")
            else:
                target.text = (target.text or "") + (child.tail or "")

    tops: list[etree._Element] = []
    build(element, None)
    return tops[0], originals


def _from_libxml(entry: etree._LogEntry, top: etree._Element) -> Defect:
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
    return Defect(path=path, rule=entry.type_name or "xsd", message=message, expected=expected)


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


def _from_xmlschema(
    error: xmlschema.XMLSchemaValidationError,
    originals: dict[etree._Element, etree._Element],
    top: etree._Element,
) -> Defect:
    element = originals.get(cast(etree._Element, error.elem), top)
    rule = type(error).__name__.removeprefix("XMLSchema").removesuffix("Error")
    reason = " ".join(str(error.reason or error.message or "").split())
    path = path_of(element)
    expected = found = ""
    if isinstance(error, xmlschema.XMLSchemaChildrenValidationError):
        child = cast(etree._Element | None, error.invalid_child)
        if child is not None and child in originals:
            path = path_of(originals[child])
            found = etree.QName(child).localname
        expected = ", ".join(_names(error.expected))
    attribute = re.match(r"attribute (\S+?)[:=]", reason)
    name = attribute.group(1).strip("'") if attribute else ""
    if name and name in element.attrib:
        path += f"/@{name}"
        found = str(element.attrib[name])
    return Defect(path=path, rule=rule, message=reason, expected=expected, found=found)


def _names(expected: object) -> Iterator[str]:
    if isinstance(expected, str):
        yield expected
        return
    for particle in expected if isinstance(expected, list | tuple) else ():
        name = getattr(particle, "local_name", None) or (particle if isinstance(particle, str) else None)
        if name:
            yield str(name)


def _merged(libxml: list[Defect], explained: list[Defect]) -> list[Defect]:
    """Each element's defects once: xmlschema's where it has any for that element, libxml2's for the others."""
    told = {_element(d.path) for d in explained}
    expected = {d.path: d.expected for d in libxml if d.expected}
    better = [replace(d, expected=d.expected or expected.get(d.path, "")) for d in explained]
    return [*better, *(d for d in libxml if _element(d.path) not in told)]


def _element(path: str) -> str:
    return path.partition("/@")[0]
