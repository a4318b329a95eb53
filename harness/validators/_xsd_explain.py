"""Why a document does not fit its schema: every defect once, at its cause, in words that say what to change.

xmlschema walks the whole document, where libxml2 stops at the first wrong child of an element; the content of an element is
then judged anew for its cause (`_xsd_model`). What follows from a cause is counted with it. Where libxml2 has looked and
found nothing wrong, xmlschema is not believed.
"""

import re
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, cast

import xmlschema
from lxml import etree

from harness.model import say
from harness.validators._kinds import path_of
from harness.validators._xsd_defects import Defect
from harness.validators._xsd_model import Change, Fault, Stop, faults

_XSI_TYPE = "{http://www.w3.org/2001/XMLSchema-instance}type"
_MAX_BYTES = 4 * 1024 * 1024
_MAX_CHILDREN = 1000
_MAX_LISTED = 12
_UNKNOWN_ATTRIBUTE = re.compile(r"'([^']+)' attribute not allowed")
_MISSING_ATTRIBUTE = re.compile(r"missing required attribute '([^']+)'")
_WRONG_ATTRIBUTE = re.compile(r"attribute (\S+?)='")
LAST_MISSING = "missing-last"
CHILD_RULES = frozenset({*Change, LAST_MISSING, "namespace", "children"})
"""Rules of defects that are about the children of an element: at one of them, or at the element when the last is missing."""
_STRANGERS = frozenset({Change.UNKNOWN, Change.INSTEAD, "namespace"})
"""Rules of children that should not be there at all, so that what is wrong inside them follows from that."""
OPAQUE_RULES = frozenset({*_STRANGERS, "no-type", "unknown-type"})
"""Rules of defects after which nothing can be said of what is at or below the element."""

type Elements = Mapping[etree._Element, etree._Element]
"""From the elements of the copy that xmlschema saw to those of the document."""
type Told = tuple[etree._Element, Defect]


class _OutOfTime(Exception):
    """Leaves xmlschema when the time is up."""


class Explanation:
    """The defects of `element` by `schema`, each with the element it is at, in the order of the document.

    Empty where it would take too long: then libxml2's words stand alone. `deadline` is an instant of `time.monotonic`.
    """

    def __init__(self, schema: xmlschema.XMLSchema10, element: etree._Element, deadline: float) -> None:
        self._schema = schema
        self._element = element
        self._deadline = deadline

    def defects(self) -> list[Told]:
        """The defects; a consequence is counted in the message of its cause."""
        if len(etree.tostring(self._element)) > _MAX_BYTES:
            return []
        if any(len(e) > _MAX_CHILDREN for e in self._element.iter("*")):
            return []  # what xmlschema takes grows with the square of the siblings
        copy, originals = _copy(self._element)
        types = list(self._wrong_types(copy, originals))
        try:
            errors = list(self._schema.iter_errors(copy, validation_hook=self._in_time))  # type: ignore[arg-type]
        except (_OutOfTime, xmlschema.XMLSchemaException, KeyError, RecursionError):
            return []
        order = {element: number for number, element in enumerate(self._element.iter("*"))}
        found = [*types, *self._by_element(errors, originals, {e for e, _ in types})]
        return list(_folded(sorted(found, key=lambda told: order[told[0]])))

    def _in_time(self, *_: object) -> bool:
        if time.monotonic() > self._deadline:
            raise _OutOfTime
        return False

    def _wrong_types(self, copy: etree._Element, originals: Elements) -> Iterator[Told]:
        """Types that xsi:type names and the schema has not; taken out of the copy, because xmlschema stops at them."""
        for element in copy.iter("*"):
            name = element.attrib.get(_XSI_TYPE)
            if name is None or _expanded(str(name), element) in self._schema.maps.types:
                continue
            del element.attrib[_XSI_TYPE]
            original = originals[element]
            message = say("xsd.unknown-type", type=name)
            path = f"{path_of(original)}/@Q{{http://www.w3.org/2001/XMLSchema-instance}}type"
            yield original, Defect(path=path, rule="unknown-type", message=message, found=str(name))

    def _by_element(self, errors: Sequence[Any], originals: Elements, told: set[etree._Element]) -> Iterator[Told]:
        grouped: dict[etree._Element, list[Any]] = {}
        for error in errors:
            grouped.setdefault(originals.get(error.elem, self._element), []).append(error)
        for element, its in grouped.items():
            abstract = next((e for e in its if _is_abstract(e)), None)
            if element in told or any(a in told for a in element.iterancestors()):
                continue  # nothing is known of what has no type
            if abstract is not None:
                told.add(element)
                yield element, _counted(self._untyped(element, abstract), len(its) - 1)
                continue
            for error in its:
                if not isinstance(error, xmlschema.XMLSchemaChildrenValidationError):
                    yield element, _of_value(error, element)
            children = [e for e in its if isinstance(e, xmlschema.XMLSchemaChildrenValidationError)]
            if children:
                yield from self._of_children(children, element)

    def _untyped(self, element: etree._Element, error: Any) -> Defect:
        kind = getattr(error.validator, "type", error.validator)  # of an element, or the type itself
        names = sorted(
            str(t.local_name)
            for t in self._schema.maps.types.values()
            if t.is_complex()
            and not t.abstract
            and t is not kind
            and t.is_derived(kind)
            and "." not in str(t.local_name)
        )
        message = say("xsd.no-type", type=kind.local_name)
        return Defect(
            path=path_of(element), rule="no-type", message=message, expected=_listed(names), found="no xsi:type"
        )

    def _of_children(self, errors: Sequence[Any], parent: etree._Element) -> Iterator[Told]:
        children = [c for c in parent if isinstance(c.tag, str)]
        model = _GroupModel(errors[0].validator)
        found = list(faults(model, [str(c.tag) for c in children], self._deadline))
        if not found:
            error = errors[0]
            child = children[error.index] if error.index < len(children) else parent
            rule = "children" if child is not parent else LAST_MISSING
            reason = " ".join(str(error.reason or "").split())
            yield child, Defect(path=path_of(child), rule=rule, message=reason, found=_shown(child))
        for fault in found:
            at_fault = children[fault.child] if fault.child < len(children) else parent
            yield at_fault, _of_fault(fault, children, parent)


class _GroupModel:
    """A content model of xmlschema."""

    def __init__(self, group: Any) -> None:
        self._group = group
        named = (e for e in group.iter_elements() if e.name)
        every = (s.name for e in named for s in (e, *e.iter_substitutes()) if not s.abstract)
        self._elements = tuple(dict.fromkeys(every))

    def elements(self) -> Sequence[str]:
        return self._elements

    def stop(self, names: Sequence[str]) -> Stop | None:
        visitor = self._group.get_model_visitor()
        for number, name in enumerate(names):
            while visitor.element is not None:
                matches = visitor.match_element(name) is not None
                for error in visitor.advance(matches):
                    return Stop(number, _lacking(error))
                if matches:
                    break
            else:
                return Stop(number)
        if visitor.element is not None:
            for error in visitor.stop():
                return Stop(len(names), _lacking(error))
        return None


def _lacking(error: tuple[Any, int, Sequence[Any] | None]) -> tuple[str, ...]:
    """The obligatory elements that an error tuple of xmlschema names."""
    return tuple(str(e.name) for e in error[2] or () if e.name and not e.abstract)


def _of_fault(fault: Fault, children: Sequence[etree._Element], parent: etree._Element) -> Defect:
    child = children[fault.child] if fault.child < len(children) else None
    names = [_name(n, parent) for n in fault.names]
    values = {
        "element": _shown(child) if child is not None else "",
        "parent": _shown(parent),
        "before": _shown(children[fault.before]) if fault.before is not None else "",
        "wanted": " | ".join(names[:_MAX_LISTED]),
    }
    key = f"xsd.{fault.change}"
    if fault.change is Change.MISSING and child is None:
        key = f"xsd.{LAST_MISSING}"
    found = values["element"] if fault.change is not Change.MISSING else ""
    expected = _listed(names)
    if fault.change is Change.INSTEAD and child is not None:
        same = [n for n in fault.names if etree.QName(n).localname == etree.QName(child).localname]
        if same:
            key, expected = "xsd.namespace", etree.QName(same[0]).namespace or ""
            found = etree.QName(child).namespace or ""
    at = child if child is not None else parent
    return Defect(
        path=path_of(at), rule=key.removeprefix("xsd."), message=say(key, **values), expected=expected, found=found
    )


def _of_value(error: Any, element: etree._Element) -> Defect:
    """A wrong attribute, or wrong characters in an element."""
    reason = " ".join(str(error.reason or error.message or "").split())
    path = path_of(element)
    if unknown := _UNKNOWN_ATTRIBUTE.search(reason):
        message = say("xsd.attribute", name=unknown[1], parent=_shown(element))
        value = str(element.attrib.get(unknown[1], ""))
        return Defect(path=_at(path, unknown[1], element), rule="attribute", message=message, found=value)
    if missing := _MISSING_ATTRIBUTE.search(reason):
        message = say("xsd.no-attribute", name=missing[1], parent=_shown(element))
        return Defect(path=path, rule="no-attribute", message=message, expected=missing[1])
    attribute = _WRONG_ATTRIBUTE.match(reason)
    name = attribute[1] if attribute else ""
    found = str(element.attrib.get(name, "")) if name else (element.text or "").strip()
    key, expected = _facet(error.validator)
    if key:
        reason = say(key)
    rule = key.removeprefix("xsd.") or type(error).__name__.removeprefix("XMLSchema").removesuffix("Error")
    return Defect(path=_at(path, name, element), rule=rule, message=reason, expected=expected, found=found)


def _facet(validator: Any) -> tuple[str, str]:
    """The sentence for the facet that refused a value, and what it allows."""
    if isinstance(validator, xmlschema.validators.XsdEnumerationFacets):
        return "xsd.enumeration", _listed([str(v) for v in validator.enumeration])
    if isinstance(validator, xmlschema.validators.XsdPatternFacets):
        return "xsd.pattern", " | ".join(validator.regexps)
    return "", ""


def _at(path: str, name: str, element: etree._Element) -> str:
    if not name or name not in element.attrib:
        return path
    namespace, _, local = name.lstrip("{").rpartition("}")
    return f"{path}/@Q{{{namespace}}}{local}" if namespace else f"{path}/@{local}"


def _folded(found: Sequence[Told]) -> Iterator[Told]:
    """`found`, in the order of the document, without what lies below an element that should not be there."""
    causes = {element for element, defect in found if defect.rule in _STRANGERS}
    below: dict[etree._Element, int] = dict.fromkeys(causes, 0)
    kept = []
    for element, defect in found:
        cause = next((a for a in element.iterancestors() if a in causes), None)
        if cause is None:
            kept.append((element, defect))
        else:
            below[cause] += 1
    for element, defect in kept:
        yield element, _counted(defect, below[element]) if defect.rule in _STRANGERS else defect


def _counted(defect: Defect, consequences: int) -> Defect:
    if consequences < 1:
        return defect
    return replace(defect, message=say("xsd.consequences", message=defect.message, number=consequences))


def _is_abstract(error: Any) -> bool:
    return str(error.reason).endswith("is abstract") and getattr(error.validator, "local_name", None) is not None


def _expanded(name: str, element: etree._Element) -> str:
    prefix, _, local = name.strip().rpartition(":")
    namespace = element.nsmap.get(prefix or None)
    return f"{{{namespace}}}{local}" if namespace else local


def _shown(element: etree._Element) -> str:
    local = etree.QName(element).localname
    return f"{element.prefix}:{local}" if element.prefix else local


def _name(expanded: str, near: etree._Element) -> str:
    """An expanded name as one would write it at `near`."""
    name = etree.QName(expanded)
    prefix = next((p for p, namespace in near.nsmap.items() if namespace == name.namespace), None)
    return f"{prefix}:{name.localname}" if prefix else name.localname


def _listed(names: Sequence[str]) -> str:
    more = f", … ({len(names)})" if len(names) > _MAX_LISTED else ""
    return ", ".join(names[:_MAX_LISTED]) + more


def _copy(element: etree._Element) -> tuple[etree._Element, Elements]:
    """`element` as a tree of its own without comments and instructions, and the original of each element.

    xmlschema takes comments for children at some places.
    """
    top = etree.Element(element.tag, element.attrib, element.nsmap)
    originals = {top: element}
    waiting = [(element, top)]
    while waiting:
        source, target = waiting.pop()
        target.text = source.text
        for child in source:
            if isinstance(child.tag, str):
                made = etree.SubElement(target, child.tag, child.attrib, child.nsmap)
                made.tail = child.tail
                originals[made] = child
                waiting.append((child, made))
            elif len(target):
                target[-1].tail = (target[-1].tail or "") + (child.tail or "")
            else:
                target.text = (target.text or "") + (child.tail or "")
    return top, cast(Elements, originals)
