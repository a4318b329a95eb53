"""The one XML parser factory: no DTD, no entity expansion, no network, bounded depth and size.

Open to all rooms; imports nothing of ours but `errors`. Engines that parse for themselves (Saxon, xmlschema,
pyschematron) get only bytes that `parse` accepted.
"""

from dataclasses import dataclass

from lxml import etree

from harness.errors import WireError


@dataclass(frozen=True, slots=True, kw_only=True)
class XmlLimits:
    """What a document may be at most; sizes in bytes, depth in elements, namespaces and attributes of one element.

    Namespaces count where they are in scope: engines look each one up for each name, so that many of them cost hours.
    """

    max_bytes: int = 128 * 1024 * 1024
    max_depth: int = 200
    max_namespaces: int = 1000
    max_attributes: int = 1000


DEFAULT_LIMITS = XmlLimits()


def parse(data: bytes, *, limits: XmlLimits = DEFAULT_LIMITS) -> etree._Element:
    """The document element of `data`, comments and processing instructions kept, nothing expanded or fetched.

    Raises:
        WireError: kind `empty`, `too-large`, `too-deep`, `too-wide`, `doctype` (any document type declaration is refused: entity
            bombs and external entities need one), or `not-well-formed` with line and column.

    Source: XML 1.0 (fifth edition), 2.1; SOAP 1.2 part 1, section 5 (no DTD in a SOAP message).
    """
    if not data:
        raise WireError("no XML: the content is empty", kind="empty", offset=0)
    if len(data) > limits.max_bytes:
        raise WireError(
            "document is too large",
            kind="too-large",
            expected=f"at most {limits.max_bytes} bytes",
            found=str(len(data)),
        )
    # huge_tree lifts libxml2's 10 MB limit on one text node (a base64 image); depth is bounded by us below, and entity
    # amplification cannot happen because nothing is expanded and a DTD is refused.
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, dtd_validation=False, huge_tree=True, remove_pis=False
    )
    try:
        root = etree.fromstring(data, parser)
    except etree.XMLSyntaxError as exc:
        line, column = exc.position if exc.position else (0, 0)
        raise WireError(
            f"not well-formed XML: {_plain(exc.msg)}", kind="not-well-formed", line=line or 1, column=max(column, 1)
        ) from exc
    except ValueError as exc:
        raise WireError(f"not readable as XML: {exc}", kind="not-well-formed", offset=0) from exc
    if root.getroottree().docinfo.doctype or root.getroottree().docinfo.internalDTD is not None:
        raise WireError("a document type declaration is not allowed", kind="doctype", line=1, column=1)
    _refuse_unbounded(root, limits)
    return root


def _refuse_unbounded(root: etree._Element, limits: XmlLimits) -> None:
    depth = namespaces = 0
    for event, node in etree.iterwalk(root, events=("start", "end", "start-ns", "end-ns")):
        if event == "start" and isinstance(node, etree._Element):
            depth += 1
            if depth > limits.max_depth:
                raise _too("deep", "elements are nested too deeply", f"{limits.max_depth} levels", depth, node)
            if len(node.attrib) > limits.max_attributes:
                wanted = f"{limits.max_attributes} attributes"
                raise _too("wide", "an element has too many attributes", wanted, len(node.attrib), node)
        elif event == "end":
            depth -= 1
        elif event == "start-ns":
            namespaces += 1
            if namespaces > limits.max_namespaces:
                wanted = f"{limits.max_namespaces} namespaces in scope"
                raise _too("wide", "too many namespaces are declared", wanted, namespaces, root)
        else:
            namespaces -= 1


def _too(what: str, problem: str, wanted: str, found: int, node: etree._Element) -> WireError:
    line = node.sourceline or 1
    return WireError(problem, kind=f"too-{what}", expected=f"at most {wanted}", found=str(found), line=line, column=1)


def _plain(message: str | None) -> str:
    text = (message or "unknown error").strip()
    return text.split(", line ")[0]
