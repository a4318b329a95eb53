"""The one XML parser factory: no DTD, no entity expansion, no network, bounded depth and size.

Open to all rooms; imports nothing of ours but `errors`. Engines that parse for themselves (Saxon, xmlschema,
pyschematron) get only bytes that `parse` accepted.
"""

from dataclasses import dataclass

from lxml import etree

from harness.errors import WireError


@dataclass(frozen=True, slots=True, kw_only=True)
class XmlLimits:
    """What a document may be at most; sizes in bytes, depth in elements."""

    max_bytes: int = 128 * 1024 * 1024
    max_depth: int = 200


DEFAULT_LIMITS = XmlLimits()


def parse(data: bytes, *, limits: XmlLimits = DEFAULT_LIMITS) -> etree._Element:
    """The document element of `data`, comments and processing instructions kept, nothing expanded or fetched.

    Raises:
        WireError: kind `empty`, `too-large`, `too-deep`, `doctype` (any document type declaration is refused: entity
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
    _refuse_deep(root, limits.max_depth)
    return root


def _refuse_deep(root: etree._Element, max_depth: int) -> None:
    depth = 0
    for event, node in etree.iterwalk(root, events=("start", "end")):
        if event == "start":
            depth += 1
            if depth > max_depth:
                raise WireError(
                    "elements are nested too deeply",
                    kind="too-deep",
                    expected=f"at most {max_depth} levels",
                    found=str(depth),
                    line=node.sourceline or 1,
                    column=1,
                )
        else:
            depth -= 1


def _plain(message: str | None) -> str:
    text = (message or "unknown error").strip()
    return text.split(", line ")[0]
