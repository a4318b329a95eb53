"""What a clinical document is, with the reason of each trait; and where it contradicts itself.

Pivot and friendly differ by their labels: a code that was given a label of another language keeps the other label as a
`translation` of the same code. Which of the two is published, the value sets of the packs tell; without them nobody guesses.

Sources: MyHealth@EU CDA implementation guides, document templates, relatedDocument, translation; HL7 CDA R2, 4.2.3.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from lxml import etree

from harness.model import UNDETERMINED, DocumentProfile, Finding, Layer, Location, Severity, Trait, say
from harness.validators._kinds import (
    DOCUMENT_CODES,
    DOCUMENT_TEMPLATES,
    HL7,
    MEDICATION_EXTENSIONS,
    NON_XML_BODY,
    Part,
    document_code,
    extensions_of,
    kind_and_sign,
    path_of,
    template_roots,
)

IsLabel = Callable[[str, str, str], bool | None]
"""Whether the packs publish the label (third) for the code (second) of the system (first); None where they know no label."""

FRIENDLY, PIVOT, WRAPPED, NATIONAL = "friendly", "pivot", "wrapped-original", "national"
COUNTRY_A, COUNTRY_B = "country-a", "country-b"
_WRITTEN_IN_B = ("edispensation", "hcer")
"""Kinds that the country of treatment writes. Source: MyHealth@EU, workflows of dispensation and encounter report."""
_OTHER_SIDE = {COUNTRY_A: COUNTRY_B, COUNTRY_B: COUNTRY_A}
_WAVES = {"pharm": "from-6", "epsos": "up-to-5"}
_TRANSLATION = f"{{{HL7}}}translation"
_STRUCTURED_BODY = f"{{{HL7}}}component/{{{HL7}}}structuredBody"


def profile_of(root: etree._Element, is_label: IsLabel) -> DocumentProfile:
    """The profile of the CDA document `root`."""
    kind, sign = kind_and_sign(root)
    ehdsi = any(t in DOCUMENT_TEMPLATES for t in template_roots(root))
    form = _form(root, is_label) if ehdsi else Trait(value=NATIONAL, because=say("profile.form.national"))
    return DocumentProfile(
        kind=_kind(kind, sign),
        level=_level(root),
        form=form,
        wave=_wave(root) if ehdsi else Trait(value="not-applicable", because=say("profile.wave.national")),
        side=_side(kind, form) if ehdsi else Trait(value=UNDETERMINED, because=say("profile.side.national")),
    )


def _kind(kind: str, sign: str) -> Trait:
    if not sign:
        return Trait(value=kind, because=say("profile.kind.other"))
    if sign in DOCUMENT_CODES:
        return Trait(value=kind, because=say("profile.kind.code", code=sign))
    return Trait(value=kind, because=say("profile.kind.template", template=sign))


def _level(root: etree._Element) -> Trait:
    if root.find(NON_XML_BODY) is not None:
        return Trait(value="1", because=say("profile.level.file"))
    if root.find(_STRUCTURED_BODY) is not None:
        return Trait(value="3", because=say("profile.level.structured"))
    return Trait(value=UNDETERMINED, because=say("profile.level.none"))


@dataclass(slots=True)
class _Labels:
    """Coded elements by what their translations say."""

    pairs: int = 0
    first_published: int = 0
    second_published: int = 0
    transcoded: int = 0
    known: int = 0
    unpublished: int = 0


def _form(root: etree._Element, is_label: IsLabel) -> Trait:
    if root.find(NON_XML_BODY) is not None:
        return Trait(value=WRAPPED, because=say("profile.form.wrapped"))
    labels = _labels(root, is_label)
    first, second = labels.first_published, labels.second_published
    if labels.pairs and first > second:
        return Trait(value=PIVOT, because=say("profile.form.pivot", votes=first, pairs=labels.pairs))
    if labels.pairs and second > first:
        return Trait(value=FRIENDLY, because=say("profile.form.friendly", votes=second, pairs=labels.pairs))
    if labels.pairs:
        return Trait(value=UNDETERMINED, because=say("profile.form.pairs", pairs=labels.pairs))
    if labels.unpublished * 2 > labels.known:
        because = say("profile.form.unpublished", unpublished=labels.unpublished, known=labels.known)
        return Trait(value=UNDETERMINED, because=because)
    if any(r.get("typeCode") == "XFRM" for r in root.iterchildren(f"{{{HL7}}}relatedDocument")):
        return Trait(value=PIVOT, because=say("profile.form.made-from"))
    if labels.transcoded:
        return Trait(value=PIVOT, because=say("profile.form.transcoded", codes=labels.transcoded))
    return Trait(value=UNDETERMINED, because=say("profile.form.silent"))


def _labels(root: etree._Element, is_label: IsLabel) -> _Labels:
    found = _Labels()
    for element in root.iter(etree.Element):
        code, system, label = element.get("code"), element.get("codeSystem"), element.get("displayName")
        if code and system and label and element.tag != _TRANSLATION:
            published = is_label(system, code, label)
            found.known += published is not None
            found.unpublished += published is False
    for translation in root.iter(_TRANSLATION):
        coded = translation.getparent()
        if coded is None or coded.tag == _TRANSLATION:
            continue
        code, system, first = coded.get("code"), coded.get("codeSystem"), coded.get("displayName")
        second = translation.get("displayName")
        same = translation.get("code") in (None, code) and translation.get("codeSystem") in (None, system)
        if not code or not system:
            continue
        if not same:
            found.transcoded += 1
        elif first and second and first.split() != second.split():
            found.pairs += 1
            one, other = is_label(system, code, first), is_label(system, code, second)
            found.first_published += one is True and other is False
            found.second_published += one is False and other is True
    return found


def _wave(root: etree._Element) -> Trait:
    used = extensions_of(root)
    if len(used) > 1:
        return Trait(value=UNDETERMINED, because=say("profile.wave.both"))
    if not used:
        return Trait(value=UNDETERMINED, because=say("profile.wave.none"))
    because = say("profile.wave.extension", namespace=MEDICATION_EXTENSIONS[used[0]])
    return Trait(value=_WAVES[used[0]], because=because)


def _side(kind: str, form: Trait) -> Trait:
    writer = COUNTRY_B if kind in _WRITTEN_IN_B else COUNTRY_A
    if form.value == FRIENDLY:
        return Trait(value=_OTHER_SIDE[writer], because=say("profile.side.labels"))
    return Trait(value=writer, because=say("profile.side.kind"))


def contradictions(part: Part) -> Iterator[Finding]:
    """Where template, code, body and extension of a CDA document speak of different kinds, levels or waves."""
    root = part.element
    claimed = [t for t in template_roots(root) if t in DOCUMENT_TEMPLATES]
    kinds = sorted({DOCUMENT_TEMPLATES[t][0] for t in claimed})
    if len(kinds) > 1:
        yield _contradiction(part, "templateId", "kinds", kinds[0], ", ".join(kinds))
    by_code = DOCUMENT_CODES.get(document_code(root))
    if len(kinds) == 1 and by_code is not None and by_code != kinds[0]:
        yield _contradiction(part, "code", "kind-code", kinds[0], by_code)
    level = _level(root).value
    levels = {DOCUMENT_TEMPLATES[t][1] for t in claimed}
    if levels and level != UNDETERMINED and level not in levels:
        yield _contradiction(part, "templateId", "level", f"level {level}", f"level {min(levels)}")
    if len(extensions_of(root)) > 1:
        used = ", ".join(MEDICATION_EXTENSIONS[name] for name in extensions_of(root))
        yield _contradiction(part, "", "extensions", "1 medication extension", used, Severity.WARNING)


def _contradiction(
    part: Part, child: str, key: str, expected: str, found: str, severity: Severity = Severity.ERROR
) -> Finding:
    place = part.element.find(f"{{{HL7}}}{child}") if child else None
    return Finding(
        at=Location(xpath=part.path if place is None else path_of(place)),
        message=say(f"cross.{key}"),
        expected=expected,
        found=found,
        rule=f"document/{key}",
        requirement="CDA-001" if severity is Severity.ERROR else None,
        severity=severity,
        layer=Layer.CROSS,
        source="eHDSI CDA Implementation Guide, document templates",
        next=say("cross.next-template"),
    )
