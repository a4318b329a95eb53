"""Where two XML trees differ, in words short enough for a golden file.

`~path` has another value, `-path` is gone, `+path` is new; of what is gone or new only the topmost element is told.
"""

from collections.abc import Iterator
from copy import deepcopy
from difflib import SequenceMatcher

from lxml import etree

from harness.wire import ns

_NAMING = ("name", "Name", "identificationScheme", "classificationScheme")
_WHOLE = (ns.clark(ns.DS, "Signature"),)
"""Elements told as one place, because all within follows from what they protect."""


_NUMBERED = (ns.clark(ns.RIM, "Classification"), ns.clark(ns.RIM, "ExternalIdentifier"))
"""Elements whose ids are numbers in the order of writing, which nobody refers to."""


def differences(first: etree._Element, second: etree._Element, path: str = "") -> Iterator[str]:
    """The places at which `second` is another tree than `first`, in document order."""
    here = f"{path}/{_step(first)}"
    if first.tag in _WHOLE:
        if _canonical(first) != _canonical(second):
            yield f"~{here}"
        return
    yield from _attributes(first, second, here)
    if _own_text(first) != _own_text(second):
        yield f"~{here}"
    yield from _children(list(first), list(second), here)


def _children(ours: list[etree._Element], theirs: list[etree._Element], path: str) -> Iterator[str]:
    matcher = SequenceMatcher(None, [_canonical(e) for e in ours], [_canonical(e) for e in theirs], autojunk=False)
    for operation, start, end, other_start, other_end in matcher.get_opcodes():
        if operation == "equal":
            continue
        left = theirs[other_start:other_end]
        for element in ours[start:end]:
            twin = next((e for e in left if _step(e) == _step(element)), None)
            if twin is None:
                yield f"-{path}/{_step(element)}"
            else:
                left.remove(twin)
                yield from differences(element, twin, path)
        yield from (f"+{path}/{_step(element)}" for element in left)


def _attributes(first: etree._Element, second: etree._Element, path: str) -> Iterator[str]:
    for name in sorted({*map(str, first.attrib), *map(str, second.attrib)}):
        if name == "id" and first.tag in _NUMBERED:
            continue
        one, other = first.get(name), second.get(name)
        if one != other:
            sign = "+" if one is None else "-" if other is None else "~"
            yield f"{sign}{path}/@{ns.qname(name)}"


def _own_text(element: etree._Element) -> str:
    # A node of a signature's or a body's indentation is no content.
    return "".join([element.text or "", *(child.tail or "" for child in element)]).strip()


def _step(element: etree._Element) -> str:
    if not isinstance(element.tag, str):
        return "comment()"
    named = next((element.get(n) for n in _NAMING if element.get(n)), None)
    short = (named or "").rpartition(":")[2][-24:]
    return ns.qname(element.tag) + (f"[{short}]" if named else "")


def _canonical(element: etree._Element) -> bytes:
    if not isinstance(element.tag, str):
        return etree.tostring(element, with_tail=False)
    if element.tag in _NUMBERED:
        element = deepcopy(element)
        element.attrib.pop("id", None)
    return etree.tostring(element, method="c14n", exclusive=True, with_comments=True)
