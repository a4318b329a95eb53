"""XML Schema layer: libxml2 gives the verdict, xmlschema explains a failure as far as time allows.

libxml2 stops describing a content model after its first unexpected child, and xmlschema is a hundred times slower, so each
does what it is good at. One defect is one finding: what both say of an element is told once, at its cause.
"""

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

import xmlschema
from lxml import etree

from harness.model import say
from harness.packs.artefacts import Artefact
from harness.validators._xsd_apart import Apart, entries_of, is_wide, judged_apart
from harness.validators._xsd_catalog import compiled, explaining, packed, unpacked
from harness.validators._xsd_defects import Defect, Places, told_by_libxml2
from harness.validators._xsd_explain import CHILD_RULES, LAST_MISSING, OPAQUE_RULES, Explanation, Told
from harness.validators.schematron import CompileCache

_MAX_DEFECTS = 500
_WRONG_CHILD = "SCHEMAV_ELEMENT_CONTENT"
_NO_CHILDREN = "SCHEMAV_CVC_COMPLEX_TYPE_2_1"
_LACKING = "Missing child element"
_XOP_INCLUDE = "{http://www.w3.org/2004/08/xop/include}Include"


@dataclass(frozen=True, slots=True, kw_only=True)
class XsdOutcome:
    """`valid` is None when the schema itself could not be used, for `reason`."""

    valid: bool | None
    defects: tuple[Defect, ...] = ()
    reason: str = ""
    duration_s: float = 0.0


class XsdLayer:
    """Compiled schemas, by content. One thread at a time is inside; a verdict takes milliseconds.

    `cache` keeps what xmlschema made of a schema: making it takes up to seconds, fetching it a tenth. No explanation takes
    longer than `explain_s`, counted from the verdict and without that first time; no verdict longer than `judge_s`.
    """

    def __init__(self, cache: CompileCache, *, explain_s: float = 5.0, judge_s: float = 60.0) -> None:
        self._cache = cache
        self._judge_s = judge_s
        self._explain_s = explain_s
        self._lock = threading.Lock()
        self._compiled: dict[str, etree.XMLSchema | str] = {}
        self._explaining: dict[str, xmlschema.XMLSchema10 | None] = {}

    def judge(self, artefact: Artefact, element: etree._Element, *, explain: bool) -> XsdOutcome:
        """The verdict on `element` and the subtree below it, alone."""
        with self._lock:
            schema = self._schema(artefact)
            if isinstance(schema, str):
                return XsdOutcome(valid=None, reason=schema)
            started = time.perf_counter()
            with _as_inlined(element):
                said = self._said(schema, artefact, element)
                if said is None:
                    return XsdOutcome(valid=None, reason=say("xsd.too-long", seconds=f"{self._judge_s:g}"))
                if said.valid:
                    return XsdOutcome(valid=True, duration_s=time.perf_counter() - started)
                places = Places(element)
                told = [(entry.type_name, *told_by_libxml2(entry, places)) for entry in said.entries]
                defects = [defect for _, __, defect in told]
                if explain and (explaining_schema := self._explaining_schema(artefact)) is not None:
                    explanation = Explanation(explaining_schema, element, time.monotonic() + self._explain_s)
                    defects = _merged(told, explanation.defects())
        kept = tuple(dict.fromkeys(defects))[:_MAX_DEFECTS]
        return XsdOutcome(valid=False, defects=kept, duration_s=time.perf_counter() - started)

    def _said(self, schema: etree.XMLSchema, artefact: Artefact, element: etree._Element) -> Apart | None:
        """What libxml2 says; None when it takes too long."""
        if is_wide(element):
            return judged_apart(artefact, element, self._judge_s)
        valid = schema.validate(element)
        return Apart(valid=valid, entries=entries_of(schema.error_log))

    def _schema(self, artefact: Artefact) -> etree.XMLSchema | str:
        if artefact.sha256 not in self._compiled:
            self._compiled[artefact.sha256] = compiled(artefact)
        return self._compiled[artefact.sha256]

    def _explaining_schema(self, artefact: Artefact) -> xmlschema.XMLSchema10 | None:
        digest = artefact.sha256
        if digest not in self._explaining:
            key = f"xmlschema {xmlschema.__version__} {artefact.path} {digest}"
            self._explaining[digest] = _kept(self._cache.get(key)) or self._made(key, artefact)
        return self._explaining[digest]

    def _made(self, key: str, artefact: Artefact) -> xmlschema.XMLSchema10 | None:
        schema = explaining(artefact)
        if schema is not None:
            self._cache.put(key, packed(schema))
        return schema


def _kept(data: bytes | None) -> xmlschema.XMLSchema10 | None:
    if data is None:
        return None
    try:
        return unpacked(data)
    except ValueError:  # made by another Python, or damaged: made again
        return None


@contextmanager
def _as_inlined(element: etree._Element) -> Iterator[None]:
    """`element` as a schema is to see it: what xop:Include points at counts as inlined, here as no characters at all.

    A schema describes the infoset before optimisation, in which the element holds base64 characters. The Include elements
    are put back afterwards. Source: XOP 1.0, 2.2 and 4.2 (reconstituting the original infoset).
    """
    taken = [(parent, include) for include in element.iter(_XOP_INCLUDE) if (parent := include.getparent()) is not None]
    for parent, include in taken:
        parent.remove(include)
    try:
        yield
    finally:
        for parent, include in taken:
            parent.insert(0, include)


def _merged(libxml2: Sequence[tuple[str, etree._Element, Defect]], explained: Sequence[Told]) -> list[Defect]:
    """Each defect once: explained where it is, and where libxml2 has not looked and found nothing; else in its words."""
    if not explained:
        return [defect for _, __, defect in libxml2]
    unseen = _not_judged(libxml2)
    kept = [(element, defect) for element, defect in explained if element in unseen]
    of_children = {e if d.rule == LAST_MISSING else e.getparent() for e, d in kept if d.rule in CHILD_RULES}
    of_values = {e for e, d in kept if d.rule not in CHILD_RULES}
    opaque = {e for e, d in kept if d.rule in OPAQUE_RULES}
    expected = {d.path: d.expected for _, __, d in libxml2 if d.expected}
    better = [replace(d, expected=d.expected or expected.get(d.path, "")) for _, d in kept]
    rest = []
    for kind, element, defect in libxml2:
        known = of_children if kind in (_WRONG_CHILD, _NO_CHILDREN) else of_values
        at = _owner(element, defect) if kind == _WRONG_CHILD else element
        if at not in known and not any(e in opaque for e in (element, *element.iterancestors())):
            rest.append(defect)
    return [*better, *rest]


def _owner(element: etree._Element, defect: Defect) -> etree._Element | None:
    """The element whose content is wrong: of a wrong child the parent, of missing ones the element itself."""
    return element if defect.message.partition(": ")[2].startswith(_LACKING) else element.getparent()


def _not_judged(libxml2: Sequence[tuple[str, etree._Element, Defect]]) -> set[etree._Element]:
    """The elements on which libxml2 has not said that they are right: those it names, and what it left out after them."""
    found: set[etree._Element] = set()
    for kind, element, defect in libxml2:
        owner = _owner(element, defect) if kind == _WRONG_CHILD else None
        found |= {element, *([] if owner is None else [owner])}
        if owner is not element:  # nothing below a wrong child or an element without type is judged
            left_out = [element, *(element.itersiblings("*") if kind == _WRONG_CHILD else ())]
            found.update(below for top in left_out for below in top.iter("*"))
    return found
