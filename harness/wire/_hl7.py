"""Small readers and writers for HL7v3 elements, shared by `xcpd` and `cda`."""

from collections.abc import Iterator
from dataclasses import dataclass

from lxml import etree

from harness.wire import ns

_XSI_TYPE = f"{{{ns.XSI}}}type"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ii:
    """An HL7 instance identifier as it stands on the wire: an attribute that is absent is None."""

    root: str | None = None
    extension: str | None = None
    null_flavor: str | None = None

    @property
    def cx(self) -> str:
        """HL7 v2 CX form `ext^^^&root&ISO`, absent parts empty. Source: IHE ITI TF-3, 4.2.3.1.7."""
        return f"{self.extension or ''}^^^&{self.root or ''}&ISO"


def find(parent: etree._Element | None, path: str) -> etree._Element | None:
    """The first element at `path` (hl7: prefix known), None where there is none."""
    return None if parent is None else parent.find(path, ns.PREFIXES)


def find_all(parent: etree._Element | None, path: str) -> list[etree._Element]:
    """All elements at `path`, in document order."""
    return [] if parent is None else parent.findall(path, ns.PREFIXES)


def attribute(parent: etree._Element | None, path: str, name: str) -> str | None:
    """Attribute `name` of the first element at `path`; None where either is absent."""
    element = find(parent, path) if path else parent
    return None if element is None else element.get(name)


def text(element: etree._Element | None) -> str | None:
    """All text below `element` without surrounding blanks; None where there is no element or no text."""
    if element is None:
        return None
    return "".join(t for t in element.itertext(etree.Element) if isinstance(t, str)).strip() or None


def text_at(parent: etree._Element | None, path: str) -> str | None:
    """`text` of the first element at `path`."""
    return text(find(parent, path))


def ii(element: etree._Element | None) -> Ii | None:
    """The identifier that `element` carries, None where there is no element."""
    if element is None:
        return None
    return Ii(root=element.get("root"), extension=element.get("extension"), null_flavor=element.get("nullFlavor"))


def iis(parent: etree._Element | None, path: str) -> tuple[Ii, ...]:
    """The identifiers of all elements at `path`."""
    return tuple(found for element in find_all(parent, path) if (found := ii(element)) is not None)


def local_type(element: etree._Element | None) -> str | None:
    """Local part of `xsi:type`, whatever prefix stands for it; None where there is none."""
    value = None if element is None else element.get(_XSI_TYPE)
    return value.strip().rpartition(":")[2] if value else None


def children(parent: etree._Element | None) -> Iterator[etree._Element]:
    """The child elements of `parent`, comments and processing instructions left out."""
    if parent is not None:
        yield from parent.iterchildren(etree.Element)


def local_name(element: etree._Element) -> str:
    """Local part of the element's name; qualified in braces when it is not in the HL7 namespace."""
    name = etree.QName(element)
    return name.localname if name.namespace == ns.HL7 else name.text


def add(parent: etree._Element, name: str, value: str | None = None, /, **attributes: str | None) -> etree._Element:
    """A new last child `name` in the HL7 namespace with text `value`; attributes that are None are left out."""
    child: etree._Element = etree.SubElement(parent, f"{{{ns.HL7}}}{name}")
    for key, given in attributes.items():
        if given is not None:
            child.set(key, given)
    if value is not None:
        child.text = value
    return child


def add_optional(parent: etree._Element, name: str, attribute_name: str, value: str | None) -> None:
    """A child with one attribute, or nothing when `value` is None."""
    if value is not None:
        add(parent, name).set(attribute_name, value)


def add_ii(parent: etree._Element, name: str, value: Ii | None) -> None:
    """A child that carries the identifier, or nothing when it is None."""
    if value is not None:
        add(parent, name, root=value.root, extension=value.extension, nullFlavor=value.null_flavor)


def canonical(element: etree._Element) -> bytes:
    """`element` in a form in which equal content has equal bytes, whatever prefixes, blanks and comments were used.

    Elements keep their namespace and get a fixed prefix, also in `xsi:type`, text is trimmed (and dropped beside
    elements), and canonical XML orders the rest. The result can be put into another message; it is for comparing and
    echoing, never for signatures. Source: W3C Canonical XML 2.0.
    """
    # Version 2.0 and not exclusive 1.0, which refuses a relative namespace name instead of writing it.
    return etree.tostring(_with_fixed_prefix(element, None), method="c14n2", with_comments=False)


def _with_fixed_prefix(element: etree._Element, parent: etree._Element | None) -> etree._Element:
    name = etree.QName(element)
    # No default namespace, under which an element without namespace could not be told apart; the prefix is the one our
    # answers use, because lxml drops a repeated declaration when an element moves and knows nothing of xsi:type.
    nsmap = {"hl7" if name.namespace == ns.HL7 else "n": name.namespace} if name.namespace else None
    copy = etree.Element(name, nsmap=nsmap)
    if parent is not None:
        parent.append(copy)
    for key, value in element.attrib.items():
        copy.set(key, _type_with_fixed_prefix(value, element) if key == _XSI_TYPE else value)
    nested = list(children(element))
    for child in nested:
        _with_fixed_prefix(child, copy)
    if not nested:
        copy.text = text(element)
    return copy


def _type_with_fixed_prefix(value: str, element: etree._Element) -> str:
    prefix, _, local = value.strip().rpartition(":")
    return f"hl7:{local}" if element.nsmap.get(prefix or None) == ns.HL7 else local
