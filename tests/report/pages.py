"""Reading rendered pages in tests."""

from pathlib import Path

from lxml import etree


def pages(folder: Path) -> list[Path]:
    """Every page below `folder`, sorted."""
    return sorted(folder.rglob("*.html"))


def tree(path: Path) -> etree._Element:
    """The document element of a page."""
    return etree.HTML(path.read_bytes())


def raw_text(element: etree._Element) -> str:
    """All text in `element`, untouched."""
    return "".join(str(t) for t in element.itertext())


def text(element: etree._Element) -> str:
    """All text in `element`, white space folded."""
    return " ".join(raw_text(element).split())


def find(element: etree._Element, path: str) -> list[etree._Element]:
    """The elements that an XPath selects."""
    found = element.xpath(path)
    assert isinstance(found, list)
    return [e for e in found if isinstance(e, etree._Element)]


def values(element: etree._Element, path: str) -> list[str]:
    """The attribute values that an XPath selects."""
    found = element.xpath(path)
    assert isinstance(found, list)
    return [str(v) for v in found]


def by_id(element: etree._Element, anchor: str) -> etree._Element:
    """The one element with that id."""
    (found,) = find(element, f"//*[@id='{anchor}']")
    return found


def classes(element: etree._Element) -> list[str]:
    """The classes of an element."""
    return (element.get("class") or "").split()


def beside(element: etree._Element, step: int) -> etree._Element:
    """The sibling `step` places on: 1 the next, -1 the one before."""
    parent = element.getparent()
    assert parent is not None
    return parent[parent.index(element) + step]
