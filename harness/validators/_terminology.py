"""How many codes of a document the packs can vouch for: the coverage figure of the terminology layer.

A code is verified when a value set of the packs holds it with its code system. One that no value set holds is neither right
nor wrong by that: big licensed vocabularies are not ours to ship, and a rule of the packs that binds an element to a value
set says for itself when it is broken. It is counted, so that nobody takes silence for a check.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

from lxml import etree

from harness import safexml
from harness.errors import WireError
from harness.model import ArtefactUse, Layer, Verdict, say
from harness.packs.artefacts import Pack
from harness.validators._kinds import Part
from harness.validators.schematron import CompileCache

CODES = "codes"
VALUE_SET_FILES = "voc-*.xml"
"""File names under which ART-DECOR publishes the value sets of a Schematron package."""


class Vocabularies:
    """The codes that the value sets of `packs` hold; read when the first document comes, kept in `cache`."""

    def __init__(self, packs: Sequence[Pack], cache: CompileCache) -> None:
        self._packs = packs
        self._cache = cache
        self._known: frozenset[str] | None = None

    def coverage(self, parts: Sequence[Part]) -> ArtefactUse | None:
        """How many codes of the document were found and how many could not be, None when it is no clinical document."""
        documents = [p for p in parts if p.kind.startswith("cda:")]
        if not documents:
            return None
        codes = [code for part in documents for code in codes_of(part.element)]
        known = self._codes()
        unverifiable = sum(code not in known for code in codes)
        reason = say("codes", unverifiable=unverifiable, total=len(codes)) if unverifiable else ""
        return ArtefactUse(
            coordinate="",
            artefact=CODES,
            layer=Layer.TERMINOLOGY,
            sha256="",
            verdict=Verdict.INCONCLUSIVE if unverifiable else Verdict.PASS,
            codes_checked=len(codes) - unverifiable,
            codes_unverifiable=unverifiable,
            reason=reason,
        )

    def _codes(self) -> frozenset[str]:
        if self._known is None:
            self._known = frozenset().union(*(self._of(pack) for pack in self._packs))
        return self._known

    def _of(self, pack: Pack) -> frozenset[str]:
        roots = {a.root for a in pack.artefacts if a.layer is Layer.SCHEMATRON}
        files = sorted(f for root in roots for f in root.rglob(VALUE_SET_FILES))
        if not files:
            return frozenset()
        key = f"codes-1 {pack.sha256}"
        kept = self._cache.get(key)
        if kept is None:
            kept = "\n".join(sorted({code for f in files for code in _listed(f)})).encode()
            self._cache.put(key, kept)
        return frozenset(kept.decode().split("\n"))


def codes_of(element: etree._Element) -> Iterator[str]:
    """`codeSystem code` of every coded value in the subtree."""
    for node in element.iter("*"):
        code, system = node.get("code"), node.get("codeSystem")
        if code and system:
            yield f"{system} {code}"


def _listed(file: Path) -> Iterator[str]:
    try:
        root = safexml.parse(file.read_bytes())
    except (OSError, WireError):
        return  # a broken value set vouches for nothing; the Schematron layer names it
    for concept in root.iter("concept"):
        code, system = concept.get("code"), concept.get("codeSystem")
        if code and system:
            yield f"{system} {code}"
