"""What prescriptions and dispensations say about each other: a prescription's id, product and substitution, an eD's order.

Bytes in, values out, and back; nothing is validated here. Sources: HL7 CDA R2; eHDSI CDA Implementation Guide,
ePrescription (…1.1.1) and eDispensation (…1.1.2); HL7 substanceAdminSubstitution.
"""

from dataclasses import dataclass

from lxml import etree

from harness import safexml
from harness.wire import codes
from harness.wire._hl7 import Ii, attribute, find, find_all, ii, iis, text_at

X_ORDER_ID = "hl7:inFulfillmentOf/hl7:order/hl7:id"
_SECTIONS = "hl7:component/hl7:structuredBody/hl7:component/hl7:section"
_SUBSTITUTION_CODE = "SUBST"
SECTION_PRESCRIPTION = "1.3.6.1.4.1.12559.11.10.1.3.1.2.1"
SECTION_DISPENSATION = "1.3.6.1.4.1.12559.11.10.1.3.1.2.2"
SUBSTITUTION_NONE = "N"


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """A medicinal product as far as both documents name it: ATC code, dose form (EDQM), name and strength text."""

    name: str | None = None
    atc: str | None = None
    atc_display: str | None = None
    form: str | None = None
    form_display: str | None = None
    strength: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Prescription:
    """What an ePrescription of level 3 says. `ids` are those of its prescription sections, in order, then that of the
    document; `item_id` is that of its first line; `substitution` is G, TE or N, None where nothing is said."""

    ids: tuple[Ii, ...]
    item_id: Ii | None
    product: Product
    substitution: str | None

    @property
    def id(self) -> Ii | None:
        """What a dispensation names as its order."""
        return self.ids[0] if self.ids else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Dispensation:
    """What an eDispensation says: its id, the ids of each order it fulfils, the product, whether it was a substitution."""

    id: Ii | None
    orders: tuple[tuple[Ii, ...], ...]
    product: Product
    substituted: bool
    language: str | None = None

    @property
    def order(self) -> Ii | None:
        """The id of the one order, None when there is none, are several, or it has no id."""
        return self.orders[0][0] if len(self.orders) == 1 and self.orders[0] else None


def prescription_of(root: etree._Element) -> Prescription:
    """What the ClinicalDocument `root` says as a prescription; empty where it is none."""
    sections = [s for s in find_all(root, _SECTIONS) if _has_template(s, SECTION_PRESCRIPTION)]
    line = find(sections[0], "hl7:entry/hl7:substanceAdministration") if sections else None
    ids = [i for s in sections for i in iis(s, "hl7:id")[:1] if i.root]
    own = ii(find(root, "hl7:id"))
    return Prescription(
        ids=(*ids, *((own,) if own is not None and own.root else ())),
        item_id=ii(find(line, "hl7:id")),
        product=_product(find(line, "hl7:consumable/hl7:manufacturedProduct/hl7:manufacturedMaterial")),
        substitution=next(
            (
                attribute(o, "hl7:value", "code")
                for o in find_all(line, "hl7:entryRelationship/hl7:observation")
                if attribute(o, "hl7:code", "code") == _SUBSTITUTION_CODE
            ),
            None,
        ),
    )


def parse_prescription(content: bytes) -> Prescription:
    """As `prescription_of`. Raises WireError when `content` is no XML."""
    return prescription_of(safexml.parse(content))


def dispensation_of(root: etree._Element) -> Dispensation:
    """What the ClinicalDocument `root` says as a dispensation; empty where it is none."""
    sections = [s for s in find_all(root, _SECTIONS) if _has_template(s, SECTION_DISPENSATION)]
    supply = find(sections[0], "hl7:entry/hl7:supply") if sections else None
    return Dispensation(
        id=ii(find(root, "hl7:id")),
        orders=tuple(iis(order, "hl7:id") for order in find_all(root, "hl7:inFulfillmentOf/hl7:order")),
        product=_product(find(supply, "hl7:product/hl7:manufacturedProduct/hl7:manufacturedMaterial")),
        substituted=any(
            attribute(act, "hl7:code", "code") == _SUBSTITUTION_CODE
            for act in find_all(supply, "hl7:entryRelationship/hl7:act")
        ),
        language=attribute(root, "hl7:languageCode", "code"),
    )


def parse_dispensation(content: bytes) -> Dispensation:
    """As `dispensation_of`. Raises WireError when `content` is no XML."""
    return dispensation_of(safexml.parse(content))


def _has_template(section: etree._Element, root: str) -> bool:
    return any(t.root == root for t in iis(section, "hl7:templateId"))


def _product(material: etree._Element | None) -> Product:
    # the medication extension has two namespaces: that of wave 6 on, and the one before
    prefix = next((p for p in ("pharm", "epsos") if find(material, f"{p}:*") is not None), "pharm")
    kinds = find_all(material, f"{prefix}:asSpecializedKind/*/{prefix}:code")
    atc = next((k for k in kinds if k.get("codeSystem") == codes.ATC), None)
    form = find(material, f"{prefix}:formCode")
    return Product(
        name=text_at(material, "hl7:name"),
        atc=attribute(atc, "", "code"),
        atc_display=attribute(atc, "", "displayName"),
        form=attribute(form, "", "code"),
        form_display=attribute(form, "", "displayName"),
        strength=text_at(material, f"{prefix}:desc"),
    )
