"""Good inputs of the built-in pack, and small alterations that break one thing in them.

An alteration takes the root and changes it in place; XPaths use the prefixes of `NAMESPACES`. The inputs are the
messages of golden/ok and the documents of the default population.
"""

from collections.abc import Callable
from pathlib import Path

from lxml import etree

from harness import safexml

GOLDEN = Path(__file__).resolve().parent / "golden" / "ok"
DOCUMENTS = Path(__file__).resolve().parent.parent.parent / "scenarios" / "populations" / "documents"
NAMESPACES = {
    "h": "urn:hl7-org:v3",
    "xsi": "http://www.w3.org/2001/XMLSchema-instance",
    "rim": "urn:oasis:names:tc:ebxml-regrep:xsd:rim:3.0",
    "rs": "urn:oasis:names:tc:ebxml-regrep:xsd:rs:3.0",
    "query": "urn:oasis:names:tc:ebxml-regrep:xsd:query:3.0",
    "xds": "urn:ihe:iti:xds-b:2007",
    "saml": "urn:oasis:names:tc:SAML:2.0:assertion",
    "soap": "http://www.w3.org/2003/05/soap-envelope",
    "wsa": "http://www.w3.org/2005/08/addressing",
    "wsu": "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd",
    "pharm": "urn:hl7-org:pharm",
    "smp": "http://docs.oasis-open.org/bdxr/ns/SMP/2016/05",
    "ism": "http://ec.europa.eu/sante/ehncp/ism",
    "xml": "http://www.w3.org/XML/1998/namespace",
}

Alteration = Callable[[etree._Element], None]


def load(file: str) -> etree._Element:
    """The root of golden/ok/`file`, else of the population document of that name."""
    path = GOLDEN / file
    return safexml.parse((path if path.is_file() else DOCUMENTS / file).read_bytes())


def altered(file: str, *alterations: Alteration) -> bytes:
    """`file` with `alterations` applied, serialised."""
    root = load(file)
    for alter in alterations:
        alter(root)
    return etree.tostring(root, encoding="UTF-8", xml_declaration=True)


def find(root: etree._Element, path: str) -> etree._Element:
    found = root.xpath(path, namespaces=NAMESPACES)
    assert isinstance(found, list)
    assert found, f"nothing at {path}"
    first = found[0]
    assert isinstance(first, etree._Element)
    return first


def drop(path: str) -> Alteration:
    """Takes the first element at `path` out."""

    def alter(root: etree._Element) -> None:
        element = find(root, path)
        parent = element.getparent()
        assert parent is not None
        parent.remove(element)

    return alter


def drop_all(path: str) -> Alteration:
    """Takes every element at `path` out."""

    def alter(root: etree._Element) -> None:
        while root.xpath(path, namespaces=NAMESPACES):
            drop(path)(root)

    return alter


def put(path: str, name: str, value: str | None) -> Alteration:
    """Gives the first element at `path` attribute `name` with `value`; None takes the attribute away."""

    def alter(root: etree._Element) -> None:
        element = find(root, path)
        prefix, _, local = name.rpartition(":")
        key = f"{{{NAMESPACES[prefix]}}}{local}" if prefix else local
        if value is None:
            del element.attrib[key]
        else:
            element.set(key, value)

    return alter


def write(path: str, text: str) -> Alteration:
    """Makes `text` the only content of the first element at `path`."""

    def alter(root: etree._Element) -> None:
        element = find(root, path)
        for child in list(element):
            element.remove(child)
        element.text = text

    return alter


def double(path: str) -> Alteration:
    """Repeats the first element at `path` right behind itself."""

    def alter(root: etree._Element) -> None:
        element = find(root, path)
        element.addnext(etree.fromstring(etree.tostring(element, with_tail=False)))

    return alter


def first(path: str) -> Alteration:
    """Moves the first element at `path` before all its siblings."""

    def alter(root: etree._Element) -> None:
        element = find(root, path)
        parent = element.getparent()
        assert parent is not None
        parent.insert(0, element)

    return alter


def add(path: str, xml: str, at: int | None = None) -> Alteration:
    """Adds `xml` (HL7 by default) to the first element at `path`, as child number `at`, else as the last one."""

    def alter(root: etree._Element) -> None:
        declared = "".join(f' xmlns:{k}="{v}"' for k, v in NAMESPACES.items() if k != "xml")
        new = etree.fromstring(f'<x xmlns="{NAMESPACES["h"]}"{declared}>{xml}</x>')[0]
        element = find(root, path)
        element.insert(len(element) if at is None else at, new)

    return alter
