"""Prescriptions and dispensations of level 3: that they hold what a pharmacy needs (CDA-009, CDA-010).

Sources: HL7 CDA R2; eHDSI CDA Implementation Guide, ePrescription (…1.1.1, section …1.2.1) and eDispensation (…1.1.2,
section …1.2.2). Everything else about their content is the business of the Schematron in the packs.
"""

from collections.abc import Iterator

from lxml import etree

from harness.checks._places import said, under
from harness.checks._registry import Context, check
from harness.checks._view import View
from harness.errors import WireError
from harness.model import Finding
from harness.wire import cda, codes, dispensing, ns

_SECTION = cda.X_STRUCTURED_BODY + "/hl7:component/hl7:section"
_ORDER = "hl7:inFulfillmentOf/hl7:order"


def _of_kind(roots: tuple[etree._Element | WireError, ...], kind: str) -> Iterator[tuple[int, etree._Element]]:
    """The structured documents of `kind`, with their positions from 0."""
    code = codes.KINDS[kind].class_code
    for index, root in enumerate(roots):
        if isinstance(root, WireError) or root.find(cda.X_STRUCTURED_BODY, ns.PREFIXES) is None:
            continue
        named = root.find(cda.X_CODE, ns.PREFIXES)
        if named is not None and named.get("code") == code:
            yield index, root


def _sections(root: etree._Element, template: str) -> Iterator[etree._Element]:
    for section in root.iterfind(_SECTION, ns.PREFIXES):
        if any(t.get("root") == template for t in section.iterfind("hl7:templateId", ns.PREFIXES)):
            yield section


def _entries(
    root: etree._Element, message: str, template: str, entry: str, mood: str, parts: tuple[str, ...]
) -> Iterator[Finding]:
    """What is wrong with the section `template`: not there, without an `entry` in `mood`, or one that lacks `parts`."""
    sections = tuple(_sections(root, template))
    if not sections:
        at = under(root, cda.X_STRUCTURED_BODY, message)
        yield Finding(at=at, expected=f"a section {template}", found="nothing")
    for section in sections:
        found = section.findall(f"hl7:entry/hl7:{entry}", ns.PREFIXES)
        if not found:
            yield Finding(at=under(section, "hl7:entry", message), expected=f"a {entry}", found="nothing")
        for one in found:
            if one.get("moodCode") != mood:
                at = under(one, "@moodCode", message)
                yield Finding(at=at, expected=mood, found=said(one.get("moodCode")))
            for part in parts:
                if one.find(part, ns.PREFIXES) is None:
                    yield Finding(at=under(one, part, message), expected=part.replace("hl7:", ""), found="nothing")


def _prescribes(view: View, _: Context) -> bool:
    return next(_of_kind(view.documents, "eprescription"), None) is not None


@check("CDA-009", actor="ncpeh-a", on="ITI-39", when=_prescribes)
def prescription_says_what_is_prescribed(view: View, _: Context) -> Iterator[Finding]:
    """Section 2.1 with a substanceAdministration INT and its product. Source: eHDSI CDA Implementation Guide, …1.2.1."""
    product = "hl7:consumable/hl7:manufacturedProduct/hl7:manufacturedMaterial"
    for index, root in _of_kind(view.documents, "eprescription"):
        message = f"response/document:{index}"
        yield from _entries(
            root, message, dispensing.SECTION_PRESCRIPTION, "substanceAdministration", "INT", (product,)
        )


def _dispenses(view: View, _: Context) -> bool:
    return next(_of_kind(view.submitted, "edispensation"), None) is not None


@check("CDA-010", actor="ncpeh-b", on="ITI-41", when=_dispenses)
def dispensation_names_one_order_and_what_was_supplied(view: View, _: Context) -> Iterator[Finding]:
    """One order RQO, and section 2.2 with a supply EVN, product and performer. Source: eHDSI CDA IG, …1.1.2 and …1.2.2."""
    parts = ("hl7:product/hl7:manufacturedProduct/hl7:manufacturedMaterial", "hl7:performer")
    for index, root in _of_kind(view.submitted, "edispensation"):
        message = f"request/document:{index}"
        orders = root.findall(_ORDER, ns.PREFIXES)
        if len(orders) != 1:
            yield Finding(at=under(root, _ORDER, message), expected="1 order", found=str(len(orders)))
        for order in orders:
            if order.get("moodCode") != "RQO":
                at = under(order, "@moodCode", message)
                yield Finding(at=at, expected="RQO", found=said(order.get("moodCode")))
        yield from _entries(root, message, dispensing.SECTION_DISPENSATION, "supply", "EVN", parts)
