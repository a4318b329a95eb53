"""One pass of expat over a document that may be hostile: stops at the first excess, and keeps no tree.

The bytes come in pieces, so that no more than one piece is read beyond the excess, and a tag that never ends is noticed by
its length. Expat itself holds no more than the tag it is in and the names that are open.
"""

import re
from xml.parsers import expat

from harness.safexml._limits import TOO_DEEP, Excess, XmlLimits

_PIECE = 64 * 1024
_XMLNS = re.compile(r"xmlns(?::|$)")
TRUNCATED = frozenset(
    expat.errors.codes[message]
    for message in (
        expat.errors.XML_ERROR_NO_ELEMENTS,
        expat.errors.XML_ERROR_UNCLOSED_TOKEN,
        expat.errors.XML_ERROR_PARTIAL_CHAR,
        expat.errors.XML_ERROR_UNCLOSED_CDATA_SECTION,
    )
)


class _Found(Exception):
    """Leaves expat's callbacks with what was found."""

    def __init__(self, excess: Excess) -> None:
        super().__init__(excess.problem)
        self.excess = excess


class Scan:
    """What a pass found: the first excess; else whether the text breaks off, and which elements were open then.

    `open` are names with their offsets, outermost first; `complete` says that expat read the whole text without a fault.
    """

    def __init__(self, utf8: bytes, limits: XmlLimits) -> None:
        self._limits = limits
        self._utf8 = utf8
        self._parser = parser = expat.ParserCreate("utf-8")
        parser.ordered_attributes = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.StartDoctypeDeclHandler = self._doctype
        self._nodes = 0
        self._at: int | None = None
        self._namespaces: list[int] = [0]
        self.open: list[tuple[str, int]] = []
        self.excess: Excess | None = None
        self.truncated = False
        self.complete = False
        try:
            self._feed()
        except _Found as found:
            self.excess = found.excess
        except expat.ExpatError as exc:
            self.truncated = exc.code in TRUNCATED and parser.ErrorByteIndex >= 0

    def _feed(self) -> None:
        view = memoryview(self._utf8)
        for start in range(0, len(view), _PIECE):
            self._parser.Parse(view[start : start + _PIECE], False)
            done = max(self._parser.CurrentByteIndex, 0)
            if min(start + _PIECE, len(view)) - done > self._limits.max_markup_bytes + _PIECE:
                # expat is still at what it told last; what it waits for the end of begins behind that
                behind = self._utf8.find(b"<", done + 1, start + _PIECE)
                self._at = done if behind < 0 else behind
                self._refuse(
                    "wide", "a tag, comment or instruction is too long", f"{self._limits.max_markup_bytes} bytes"
                )
        self._parser.Parse(b"", True)
        self.complete = True

    def _start(self, name: str, attributes: list[str]) -> None:
        limits = self._limits
        self.open.append((name, self._parser.CurrentByteIndex))
        count = len(attributes) // 2
        self._nodes += 1 + count
        declared = sum(1 for n in attributes[::2] if n.startswith("xmlns")) if count else 0
        self._namespaces.append(self._namespaces[-1] + declared)
        if len(self.open) > limits.max_depth:
            self._refuse("deep", TOO_DEEP, f"{limits.max_depth} levels")
        if self._namespaces[-1] > limits.max_namespaces:
            self._refuse("wide", "too many namespaces are declared", f"{limits.max_namespaces} namespaces in scope")
        if count - declared > limits.max_attributes:
            wanted = f"{limits.max_attributes} attributes"
            self._refuse("wide", "an element has too many attributes", wanted, str(count - declared))
        if self._nodes > limits.max_nodes:
            self._refuse("many", "too many elements and attributes", f"{limits.max_nodes} elements and attributes")
        if len(name) > limits.max_name or (count and self._has_long_name(attributes)):
            self._refuse("wide", "a name is too long", f"{limits.max_name} characters in a name")

    def _has_long_name(self, attributes: list[str]) -> bool:
        longest = self._limits.max_name
        pairs = zip(attributes[::2], attributes[1::2], strict=True)
        return any(len(n) > longest or (len(v) > longest and _XMLNS.match(n) is not None) for n, v in pairs)

    def _end(self, _: str) -> None:
        self.open.pop()
        self._namespaces.pop()

    def _doctype(self, name: str, *_: object) -> None:
        problem = "a document type declaration is not allowed"
        # expat tells of it when its name has been read
        offset = max(self._utf8.rfind(b"<!DOCTYPE", 0, self._parser.CurrentByteIndex + 9), 0)
        raise _Found(Excess(kind="doctype", problem=problem, expected="none", found=f"<!DOCTYPE {name}", offset=offset))

    def _refuse(self, what: str, problem: str, wanted: str, found: str = "more") -> None:
        offset = self._parser.CurrentByteIndex if self._at is None else self._at
        raise _Found(
            Excess(kind=f"too-{what}", problem=problem, expected=f"at most {wanted}", found=found, offset=offset)
        )
