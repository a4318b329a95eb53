"""The national store behind country A: prescriptions with their state, dispensations, consents; it changes by ITI-41.

Prescriptions and dispensations are read here with own code, as headers are in `_holdings`.
Source: eHDSI CDA Implementation Guide, ePrescription and eDispensation; NCPeH Components Specification, error codes.
"""

import threading
from dataclasses import dataclass

from lxml import etree

from harness import safexml
from harness.model import Patient
from harness.reference._holdings import Held, Holdings

_NS = {"h": "urn:hl7-org:v3", "p": "urn:hl7-org:pharm"}
_PRESCRIPTION_SECTION = "1.3.6.1.4.1.12559.11.10.1.3.1.2.1"
_SECTIONS = "h:component/h:structuredBody/h:component/h:section"
_LINE = "h:entry/h:substanceAdministration"
_MATERIAL = "h:consumable/h:manufacturedProduct/h:manufacturedMaterial"
ATC = "2.16.840.1.113883.6.73"
EDQM = "0.4.0.127.0.16.1.1.2.1"
SUBSTITUTION = "2.16.840.1.113883.5.1070"

type Key = tuple[str, str]
"""Root and extension of an instance identifier, the extension empty when there is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One code of an entry's event code list: scheme, code, name."""

    scheme: str
    code: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Prescription:
    """A prescription: what names it, whose it is, what is prescribed, and whether it forbids a substitution."""

    name: str
    patient: str
    ids: frozenset[Key]
    events: tuple[Event, ...]
    no_substitution: bool
    used_up: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Dispensation:
    """What an eDispensation says: the ids of each order it fulfils, and whether another product was given."""

    orders: tuple[frozenset[Key], ...]
    substituted: bool


class Store:
    """What was dispensed and consented so far; shared by all threads that answer."""

    def __init__(self, holdings: Holdings) -> None:
        read = [_prescription(d) for d in holdings.documents if (d.kind, d.level) == ("eprescription", 3)]
        self._prescriptions = {p.name: p for p in read}
        self._papers = {d.unique_id: _name(d) for d in holdings.documents if d.kind == "eprescription"}
        self._dispensed: dict[str, str] = {}
        self._consents: dict[str, bool] = {}
        self._lock = threading.Lock()

    def agrees(self, patient: Patient) -> bool:
        """Whether the patient consents now."""
        return self._consents.get(patient.key, patient.consent)

    def consent(self, patient: Patient, given: bool) -> None:
        """Note what the patient said."""
        with self._lock:
            self._consents[patient.key] = given

    def behind(self, held: Held) -> Prescription | None:
        """The prescription that the paper `held` is a form of."""
        return self._prescriptions.get(self._papers.get(held.unique_id, ""))

    def is_open(self, prescription: Prescription) -> bool:
        """Whether it can be dispensed."""
        return not prescription.used_up and prescription.name not in self._dispensed

    def was_dispensed(self, prescription: Prescription) -> bool:
        """Whether a dispensation of it stands."""
        return prescription.name in self._dispensed

    def ordered(self, patient: Patient, ids: frozenset[Key]) -> Prescription | None:
        """The patient's prescription that one of `ids` names."""
        mine = (p for p in self._prescriptions.values() if p.patient == patient.key)
        return next((p for p in mine if p.ids & ids), None)

    def first(self, patient: Patient) -> Prescription | None:
        """Some prescription of the patient."""
        return next((p for p in self._prescriptions.values() if p.patient == patient.key), None)

    def dispense(self, prescription: Prescription, dispensation_id: str) -> None:
        """Close `prescription`."""
        with self._lock:
            self._dispensed[prescription.name] = dispensation_id

    def discard(self, dispensation_id: str) -> bool:
        """Take a dispensation back; False when there is none of that id."""
        with self._lock:
            name = next((n for n, i in self._dispensed.items() if i == dispensation_id), None)
            return name is not None and self._dispensed.pop(name) is not None


def read_dispensation(content: bytes) -> Dispensation:
    """What the eDispensation in `content` says. Raises WireError when it is no XML."""
    root = safexml.parse(content)
    acts = root.iterfind(f"{_SECTIONS}/h:entry/h:supply/h:entryRelationship/h:act/h:code", _NS)
    return Dispensation(
        orders=tuple(_keys(order) for order in root.iterfind("h:inFulfillmentOf/h:order", _NS)),
        substituted=any(a.get("code") == "SUBST" for a in acts),
    )


def _name(held: Held) -> str:
    return held.pair or held.unique_id


def _keys(parent: etree._Element) -> frozenset[Key]:
    return frozenset((i.get("root", ""), i.get("extension", "")) for i in parent.findall("h:id", _NS) if i.get("root"))


def _prescription(held: Held) -> Prescription:
    root = safexml.parse(held.content)
    sections = [
        s
        for s in root.iterfind(_SECTIONS, _NS)
        if any(t.get("root") == _PRESCRIPTION_SECTION for t in s.findall("h:templateId", _NS))
    ]
    line = sections[0].find(_LINE, _NS) if sections else None
    events = tuple(_events(line)) if line is not None else ()
    return Prescription(
        name=_name(held),
        patient=held.patient,
        ids=_keys(root).union(*(_keys(s) for s in sections)),
        events=events,
        no_substitution=any((e.scheme, e.code) == (SUBSTITUTION, "N") for e in events),
        used_up=held.used_up,
    )


def _events(line: etree._Element) -> list[Event]:
    material = line.find(_MATERIAL, _NS)
    found: list[Event] = []
    if material is not None:
        kinds = [e for e in material.iterfind("p:asSpecializedKind/*/p:code", _NS) if e.get("codeSystem") == ATC]
        form, strength = material.find("p:formCode", _NS), material.find("p:desc", _NS)
        found += [_event(ATC, e) for e in kinds[:1]]
        found += [_event(EDQM, form)] if form is not None and form.get("code") else []
        if strength is not None and strength.text:
            found.append(Event(scheme="eHDSI_Strength_CodeSystem", code=strength.text, name="Strength of medication"))
    for observation in line.iterfind("h:entryRelationship/h:observation", _NS):
        code, value = observation.find("h:code", _NS), observation.find("h:value", _NS)
        if code is not None and code.get("code") == "SUBST" and value is not None and value.get("code"):
            found.append(_event(SUBSTITUTION, value))
    return found


def _event(scheme: str, element: etree._Element) -> Event:
    code = element.get("code", "")
    return Event(scheme=scheme, code=code, name=element.get("displayName", code))
