"""Documents that country B writes: dispensations and consents, as this system writes them.

Source: HL7 CDA R2; eHDSI CDA Implementation Guide, eDispensation; IHE ITI TF-3, 5.1 (consents).
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from lxml import etree

from harness import safexml
from harness.model import PatientId, Practitioner
from harness.reference import _facts
from harness.reference._asking import Criteria
from harness.reference._messages import element, text

_HL7 = {"h": "urn:hl7-org:v3", "p": "urn:hl7-org:pharm"}
_TEMPLATES = "1.3.6.1.4.1.12559.11.10.1.3.1"
_SECTION = "h:component/h:structuredBody/h:component/h:section"


@dataclass(frozen=True, slots=True, kw_only=True)
class Writing:
    """Who writes about whom: `community` is a bare OID, `patient` the id that country A gave."""

    practitioner: Practitioner
    criteria: Criteria
    patient: PatientId
    country: str
    community: str
    at: datetime
    faults: frozenset[str]

    @property
    def language(self) -> str:
        """What this system's documents are written in."""
        return f"fr-{self.country}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper:
    """A document ready to be submitted; `operation` is dispense, discard or consent, `event` a consent code."""

    operation: str
    id: tuple[str, str]
    content: bytes
    event: str = ""


def dispensation(writing: Writing, prescription: bytes) -> Paper:
    """An eDispensation of the first line of `prescription` (a CDA of level 3).

    Raises:
        WireError: the prescription is no XML.
        ValueError: it names nothing that can be dispensed.
    """
    root = safexml.parse(prescription)
    section = root.find(_SECTION, _HL7)
    order = section.find("h:id", _HL7) if section is not None else None
    order = order if order is not None else root.find("h:id", _HL7)
    product = root.find(f"{_SECTION}/h:entry/h:substanceAdministration/h:consumable/h:manufacturedProduct", _HL7)
    if order is None or product is None:
        raise ValueError("the prescription has no number or no product")
    own = (f"{writing.community}.7", uuid.uuid4().hex)
    wanted = element("id", root=order.get("root"), extension=order.get("extension"))
    given = etree.tostring(product, encoding="unicode")
    supply = (
        _templates(f"{_TEMPLATES}.3.3", "1.3.6.1.4.1.19376.1.5.3.1.4.7.3", "2.16.840.1.113883.10.20.1.34")
        + element("id", root=own[0], extension=f"{own[1]}.1")
        + element("quantity", value="1", unit="1")
        + element("product", given, typeCode="PRD")
        + ("" if "xdr.document.no-performer" in writing.faults else _performer(writing))
        + element(
            "entryRelationship",
            element(
                "substanceAdministration",
                wanted + element("consumable", given, typeCode="CSM"),
                classCode="SBADM",
                moodCode="INT",
            ),
            typeCode="REFR",
        )
    )
    code = "60593-1" if "xdr.document.invalid" not in writing.faults else "34133-9"
    section_template = () if "xdr.document.invalid" in writing.faults else (f"{_TEMPLATES}.2.2",)
    body = _section(
        (*section_template, "2.16.840.1.113883.10.20.1.8"),
        own,
        ("60590-7", "Medication dispensed.brief Document"),
        element("entry", element("supply", supply, classCode="SPLY", moodCode="EVN"), typeCode="COMP"),
    )
    fulfils = element("inFulfillmentOf", element("order", wanted, classCode="ACT", moodCode="RQO"), typeCode="FLFS")
    heading = (code, "Medication dispensed.extended Document", f"{_TEMPLATES}.1.2")
    return Paper(
        operation="dispense", id=own, content=_document(writing, own, heading, fulfils + _parent(writing, own) + body)
    )


def _performer(writing: Writing) -> str:
    return element("performer", element("time", value=_ts(writing.at)) + _entity(writing), typeCode="PRF")


def consent(writing: Writing, *, withdrawn: bool) -> Paper:
    """A consent, or its withdrawal."""
    own = (f"{writing.community}.7", uuid.uuid4().hex)
    code = _facts.OPT_OUT if withdrawn else _facts.OPT_IN
    name = "Opt-out" if withdrawn else "Opt-in"
    service = (
        _templates("1.3.6.1.4.1.19376.1.5.3.1.2.6")
        + element("id", root=code)
        + _coded("code", code, _facts.CONSENT_CODES, name)
        + element("effectiveTime", element("low", value=f"{writing.at:%Y%m%d}"))
    )
    event = element(
        "documentationOf", element("serviceEvent", service, classCode="ACT", moodCode="EVN"), typeCode="DOC"
    )
    body = _section((), own, ("57016-8", "Privacy policy acknowledgement Document"), "")
    heading = ("57016-8", "Privacy policy acknowledgement Document", "1.3.6.1.4.1.19376.1.5.3.1.1.7")
    return Paper(operation="consent", id=own, content=_document(writing, own, heading, event + body), event=code)


def _document(writing: Writing, own: tuple[str, str], heading: tuple[str, str, str], rest: str) -> bytes:
    code, name, template = heading
    asked = writing.criteria
    patient = (
        element("name", element("given", text(asked.given)) + element("family", text(asked.family)))
        + (
            _coded("administrativeGenderCode", asked.gender, "2.16.840.1.113883.5.1", asked.gender)
            if asked.gender
            else element("administrativeGenderCode", nullFlavor="UNK")
        )
        + (element("birthTime", value=asked.birth) if asked.birth else element("birthTime", nullFlavor="UNK"))
    )
    role = (
        element("id", root=writing.patient.root, extension=writing.patient.extension)
        + element("addr", element("country", nullFlavor="UNK"))
        + element("telecom", nullFlavor="NI")
        + element("patient", patient, classCode="PSN", determinerCode="INSTANCE")
    )
    author = (
        _coded(
            "functionCode",
            writing.practitioner.role_code,
            "2.16.840.1.113883.2.9.6.2.7",
            writing.practitioner.role_display,
        )
        + element("time", value=_ts(writing.at))
        + element("assignedAuthor", _somebody(writing), classCode="ASSIGNED")
    )
    keeper = element("representedCustodianOrganization", _place(writing), classCode="ORG", determinerCode="INSTANCE")
    content = (
        element("typeId", root="2.16.840.1.113883.1.3", extension="POCD_HD000040")
        + element("templateId", root=template)
        + element("id", root=own[0], extension=own[1])
        + _coded("code", code, _facts.LOINC, name)
        + element("title", text(name))
        + element("effectiveTime", value=_ts(writing.at))
        + _coded("confidentialityCode", "N", "2.16.840.1.113883.5.25", "normal")
        + element("languageCode", code=writing.language)
        + element("recordTarget", element("patientRole", role, classCode="PAT"))
        + element("author", author)
        + element("custodian", element("assignedCustodian", keeper, classCode="ASSIGNED"))
        + element(
            "legalAuthenticator",
            element("time", value=_ts(writing.at)) + element("signatureCode", code="S") + _entity(writing),
        )
        + rest
    )
    document = element(
        "ClinicalDocument",
        content,
        **{
            "xmlns": "urn:hl7-org:v3",
            "xmlns:pharm": "urn:hl7-org:pharm",
            "xmlns:xsi": "http://www.w3.org/2001/XMLSchema-instance",
        },
    )
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{document}\n'.encode()


def _section(templates: Sequence[str], own: tuple[str, str], code: tuple[str, str], entry: str) -> str:
    content = (
        _templates(*templates)
        + element("id", root=own[0], extension=f"{own[1]}.0")
        + _coded("code", code[0], _facts.LOINC, code[1])
        + element("title", text(code[1]))
        + element("text", element("paragraph", text(code[1])))
        + entry
    )
    component = element("component", element("section", content, classCode="DOCSECT"), typeCode="COMP")
    return element(
        "component", element("structuredBody", component, classCode="DOCBODY", moodCode="EVN"), typeCode="COMP"
    )


def _parent(writing: Writing, own: tuple[str, str]) -> str:
    original = element("id", root=f"{writing.community}.8", extension=own[1])
    return element(
        "relatedDocument",
        element("parentDocument", original, classCode="DOCCLIN", moodCode="EVN"),
        typeCode="XFRM",
    )


def _entity(writing: Writing) -> str:
    return element("assignedEntity", _somebody(writing), classCode="ASSIGNED")


def _somebody(writing: Writing) -> str:
    given, _, family = writing.practitioner.name.rpartition(" ")
    name = element("name", element("given", text(given)) + element("family", text(family)))
    return (
        element("id", root=f"{writing.community}.4", extension=writing.practitioner.name_id)
        + _address(writing)
        + _telecom()
        + element("assignedPerson", name, classCode="PSN", determinerCode="INSTANCE")
        + element("representedOrganization", _place(writing), classCode="ORG", determinerCode="INSTANCE")
    )


def _place(writing: Writing) -> str:
    organization = writing.practitioner.organization_id.removeprefix("urn:oid:")
    named = element("id", root=organization) + element("name", text(writing.practitioner.organization))
    return named + _telecom() + _address(writing)


def _address(writing: Writing) -> str:
    inside = (
        element("streetAddressLine", "1 rue du Patron")
        + element("city", text(writing.practitioner.locality))
        + element("postalCode", "99001")
        + element("country", writing.country)
    )
    return element("addr", inside)


def _telecom() -> str:
    return element("telecom", use="WP", value="tel:+33-1-99-00-02-00")


def _templates(*roots: str) -> str:
    return "".join(element("templateId", root=root) for root in roots)


def _coded(name: str, code: str, system: str, display: str) -> str:
    return element(name, code=code, codeSystem=system, displayName=display)


def _ts(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y%m%d%H%M%S}+0000"
