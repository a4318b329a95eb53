"""Bytes to a tree, or to an error that says what is wrong with them and where."""

import re
from functools import cache

from lxml import etree

from harness.safexml._diagnosis import diagnosed, no_xml, refused
from harness.safexml._encoding import Text
from harness.safexml._limits import DEFAULT_LIMITS, Excess, XmlLimits, too_large
from harness.safexml._scan import Scan

_SMALL = 4 * 1024 * 1024
_LIBXML2_DEPTH = 250
"""How deep libxml2 goes without `huge_tree`; it then stops by itself, in any version."""
_UNPLACED = Excess(
    kind="too-wide", problem="a limit is exceeded", expected="a document within the limits", found="more", offset=0
)
"""What is said when expat, which knows the names of an older edition of XML only, stops before the excess."""
_SCANNABLE = ("utf-8", "ascii", "iso8859-1")


def parse(data: bytes, *, limits: XmlLimits = DEFAULT_LIMITS) -> etree._Element:
    """The document element of `data`, comments and processing instructions kept, nothing expanded or fetched.

    Raises:
        WireError: kind `empty`; `not-xml` (bytes of another format); `encoding` and `character` (bytes or characters that XML
            has not); `too-large`, `too-deep`, `too-wide`, `too-many`; `doctype` (any document type declaration is refused:
            entity bombs and external entities need one); or `not-well-formed`. Each with line, column and byte offset.

    Source: XML 1.0 (fifth edition), 2.1; SOAP 1.2 part 1, section 5 (no DTD in a SOAP message).
    """
    if len(data) > limits.max_bytes:
        raise too_large(limits, len(data))
    if (other := no_xml(data)) is not None:
        raise other
    text = Text(data)
    huge = False
    if _must_be_scanned(data, text, limits):
        scan = Scan(text.utf8, limits)
        if scan.excess is not None:
            raise refused(scan.excess, text)
        huge = scan.complete
    # huge_tree lifts libxml2's own limits (10 MB of one text node, a base64 image): ours were kept before
    try:
        root = etree.fromstring(data, hardened(huge=huge))
    except etree.XMLSyntaxError as exc:
        raise diagnosed(exc, data, text, limits) from exc
    if not huge and _is_excessive(root, limits):
        raise refused(Scan(text.utf8, limits).excess or _UNPLACED, text)
    return root


def hardened(*, huge: bool) -> etree.XMLParser:
    """A parser that expands nothing, fetches nothing and loads no DTD."""
    return etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, dtd_validation=False, huge_tree=huge, remove_pis=False
    )


def _must_be_scanned(data: bytes, text: Text, limits: XmlLimits) -> bool:
    """Whether a tree of `data` might be more than the limits allow, as far as its bytes tell at a glance."""
    return (
        len(data) > min(_SMALL, limits.max_markup_bytes, 4 * limits.max_nodes)  # a node takes four bytes at least
        or limits.max_depth > _LIBXML2_DEPTH
        or text.encoding not in _SCANNABLE
        or b"<!DOCTYPE" in data
        or data.count(b"xmlns") > limits.max_namespaces
        or any(pattern.search(data) for pattern in _long_names(limits.max_name))
    )


@cache
def _long_names(limit: int) -> tuple[re.Pattern[bytes], ...]:
    # two patterns: together they would have no fixed first byte, and take three times as long
    n = limit + 1
    return re.compile(rb"<[^\s<>/!?]{%d}" % n), re.compile(rb"xmlns(?::[^\s=]*)?\s*=\s*[\"'][^\"'<]{%d}" % n)


def _is_excessive(root: etree._Element, limits: XmlLimits) -> bool:
    # a limit beyond libxml2's own was kept by the scan, or libxml2 has kept its own
    deep = limits.max_depth <= _LIBXML2_DEPTH and bool(_below(limits.max_depth)(root))
    return deep or bool(_wide(limits.max_attributes)(root))


@cache
def _below(depth: int) -> etree.XPath:
    return etree.XPath(f"boolean({'/*' * (depth + 1)})")


@cache
def _wide(attributes: int) -> etree.XPath:
    return etree.XPath(f"boolean(//@*[{attributes + 1}])")
