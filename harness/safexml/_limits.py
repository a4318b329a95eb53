"""What a document may be at most, and the error for one that is more."""

from dataclasses import dataclass

from harness.errors import WireError


@dataclass(frozen=True, slots=True, kw_only=True)
class XmlLimits:
    """What a document may be at most; sizes in bytes, depth in elements, namespaces and attributes of one element.

    Namespaces count where they are in scope: engines look each one up for each name, so that many of them cost hours.
    `max_nodes` are elements and attributes of the whole document: a tree takes some 100 bytes for each. `max_markup_bytes` is
    one tag, comment or instruction. `max_name` are characters of a name or a namespace name: paths repeat both.
    """

    max_bytes: int = 128 * 1024 * 1024
    max_depth: int = 200
    max_namespaces: int = 1000
    max_attributes: int = 1000
    max_nodes: int = 2_000_000
    max_markup_bytes: int = 4 * 1024 * 1024
    max_name: int = 1000


DEFAULT_LIMITS = XmlLimits()
TOO_DEEP = "elements are nested too deeply"


@dataclass(frozen=True, slots=True, kw_only=True)
class Excess:
    """More than a limit allows: kind of the error, what is wrong, the limit in words, what was found, and where.

    `offset` counts bytes of the text that was scanned, in UTF-8.
    """

    kind: str
    problem: str
    expected: str
    found: str
    offset: int


def too_large(limits: XmlLimits, size: int) -> WireError:
    """The error for a document of `size` bytes."""
    wanted = f"at most {limits.max_bytes} bytes"
    return WireError(
        "document is too large", kind="too-large", expected=wanted, found=str(size), offset=limits.max_bytes
    )
