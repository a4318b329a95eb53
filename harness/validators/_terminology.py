"""The codes of a document against the value sets of the packs: what could be looked up, and what is wrong with it.

A code is verified when a value set of the packs holds it with its code system. One that no value set holds is neither right
nor wrong by that: big licensed vocabularies are not ours to ship, and a rule of the packs that binds an element to a value
set says for itself when it is broken. It is counted, so that nobody takes silence for a check. Only where the packs hold a
code system whole, or the element names its value set, was an absent code looked up in what ought to hold it.

Sources: HL7 V3 data types R1, CD (displayName, codeSystemVersion); HL7 V3 data types R2, CD.valueSet, as CDA takes it over in
the namespace urn:hl7-org:sdtc.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from lxml import etree

from harness.model import ArtefactUse, DocumentProfile, Finding, Layer, Location, Severity, Verdict, say
from harness.packs.artefacts import Pack
from harness.validators._kinds import HL7, Part, path_of
from harness.validators._profile import FRIENDLY, NATIONAL, PIVOT
from harness.validators._valuesets import Designation, ValueSet, ValueSets, load_value_sets, plain
from harness.validators.schematron import CompileCache

CODES = "codes"
_SDTC = "urn:hl7-org:sdtc"
_TRANSLATION = f"{{{HL7}}}translation"
_SOURCE = "HL7 V3 data types R1, CD"
_CATALOGUE = "en"
"""Language of the common catalogue of MyHealth@EU, in which pivot documents are labelled."""
_MOST_LABELS = 5
"""So many published labels a finding quotes."""
_NEXT = {"display-name": "terminology.next-label", "bound": "terminology.next-code"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What the value sets say of one input: the coverage figure, and findings whose paths are those of `path()`."""

    use: ArtefactUse
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Manner:
    """How the labels of a document are to be read: its form, its language, the day it was made (YYYYMMDD)."""

    form: str
    language: str
    made: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Said:
    """What is wrong with a coded element, apart from where; equal ones become one finding."""

    key: str
    severity: Severity
    code: str
    expected: str
    found: str
    attribute: str


class Vocabularies:
    """The value sets of `packs`; read when the first document comes, kept in `cache`."""

    def __init__(self, packs: Sequence[Pack], cache: CompileCache) -> None:
        self._packs = packs
        self._cache = cache
        self._sets: ValueSets | None = None

    @property
    def sets(self) -> ValueSets:
        """The value sets, read now if they were not before."""
        if self._sets is None:
            self._sets = load_value_sets(self._packs, self._cache)
        return self._sets

    def judge(self, part: Part, profile: DocumentProfile) -> Terms:
        """The codes of the clinical document `part`."""
        sets = self.sets
        manner = _manner(part.element, profile.form.value)
        said: dict[_Said, list[etree._Element]] = {}
        seen = checked = 0
        for element in part.element.iter(etree.Element):
            code, system = element.get("code"), element.get("codeSystem")
            if not code or not system:
                continue
            seen += 1
            bound = _bound(element, sets)
            checked += bound is not None or sets.holds(system, code) or sets.is_whole(system)
            for one in _judged(element, system, code, bound, sets, manner):
                said.setdefault(one, []).append(element)
        findings = tuple(_finding(one, places) for one, places in said.items())
        return Terms(use=_use(seen, checked, findings), findings=findings)


def _manner(root: etree._Element, form: str) -> _Manner:
    language, time = root.find(f"{{{HL7}}}languageCode"), root.find(f"{{{HL7}}}effectiveTime")
    return _Manner(
        form=form,
        language="" if language is None else _primary(language.get("code", "")),
        made="" if time is None else time.get("value", "")[:8],
    )


def _judged(
    element: etree._Element, system: str, code: str, bound: ValueSet | None, sets: ValueSets, manner: _Manner
) -> Iterator[_Said]:
    def said(key: str, severity: Severity, expected: str, found: str, attribute: str = "code") -> _Said:
        return _Said(key=key, severity=severity, code=code, expected=expected, found=found, attribute=attribute)

    if bound is not None and not bound.holds(system, code):
        expected = " ".join(part for part in (bound.name, bound.oid, bound.version) if part)
        yield said("bound", Severity.WARNING, expected, f"{code} ({system})")
    elif not sets.holds(system, code) and sets.is_whole(system):
        yield said("unknown", Severity.INFORMATION, system, f"{code} ({system})")
    gone = sets.retired(system, code)
    if gone is not None and (not gone or not manner.made or gone <= manner.made):
        yield said("retired", Severity.INFORMATION, "", f"{code} ({system}) {gone}".strip())
    version, published = element.get("codeSystemVersion"), sets.published_versions(system)
    if version and published and version not in published:
        yield said("version", Severity.INFORMATION, ", ".join(sorted(published)), version, "codeSystemVersion")
    label = element.get("displayName")
    comparable = _comparable(element, sets.designations(system, code), manner) if label else []
    if label and comparable and plain(label) not in {plain(d.text) for d in comparable}:
        yield said("display-name", Severity.WARNING, _quoted(comparable), repr(label), "displayName")


def _comparable(element: etree._Element, designations: Sequence[Designation], manner: _Manner) -> Sequence[Designation]:
    """The designations that the label of `element` has to be one of; none where they do not speak its language.

    A pivot document has the label of the common catalogue, and the one it was made from below it, in a `translation` of the
    same code; a friendly document has them the other way round. National documents speak their own language, and so may any
    document of which nobody can tell. What a country publishes for its own documents says nothing about cross-border ones.
    """
    if manner.form == NATIONAL:
        return [d for d in designations if _primary(d.language) in ("", manner.language)]
    common = [d for d in designations if not d.national]
    own = [d for d in common if _primary(d.language) == manner.language]
    catalogue = [d for d in common if _primary(d.language) in ("", _CATALOGUE)]
    if manner.form in (PIVOT, FRIENDLY):
        parent = element.getparent()
        below = element.tag == _TRANSLATION and parent is not None and parent.get("code") == element.get("code")
        return catalogue if below == (manner.form == FRIENDLY) else own
    speaks = own or any(not d.language for d in common)
    return [d for d in common if d in own or d in catalogue] if speaks else []


def _primary(language: str) -> str:
    return language.partition("-")[0].lower()


def _bound(element: etree._Element, sets: ValueSets) -> ValueSet | None:
    """The value set that the element itself names, where the packs hold it; without a version the newest one."""
    for prefix in (f"{{{_SDTC}}}", ""):
        oid = element.get(f"{prefix}valueSet")
        if oid:
            return sets.value_set(oid, element.get(f"{prefix}valueSetVersion"))
    return None


def _quoted(designations: Sequence[Designation]) -> str:
    texts = list({plain(d.text): d.text for d in designations}.values())
    return "; ".join([*(repr(t) for t in texts[:_MOST_LABELS]), *(["…"] if len(texts) > _MOST_LABELS else [])])


def _finding(one: _Said, places: Sequence[etree._Element]) -> Finding:
    message = say(f"terminology.{one.key}", code=one.code)
    if len(places) > 1:
        message = say("terminology.times", what=message, places=len(places))
    return Finding(
        at=Location(xpath=f"{path_of(places[0])}/@{one.attribute}"),
        message=message,
        expected=one.expected,
        found=one.found,
        rule=f"terminology/{one.key}",
        severity=one.severity,
        layer=Layer.TERMINOLOGY,
        source=_SOURCE,
        next=say(_NEXT[one.key]) if one.key in _NEXT else "",
    )


def _use(seen: int, checked: int, findings: Sequence[Finding]) -> ArtefactUse:
    unverifiable = seen - checked
    verdict = Verdict.WARNING if any(f.severity is Severity.WARNING for f in findings) else Verdict.PASS
    return ArtefactUse(
        coordinate="",
        artefact=CODES,
        layer=Layer.TERMINOLOGY,
        sha256="",
        verdict=Verdict.INCONCLUSIVE if unverifiable else verdict,
        codes_seen=seen,
        codes_checked=checked,
        codes_unverifiable=unverifiable,
        reason=say("codes", unverifiable=unverifiable, total=seen) if unverifiable else "",
    )
