"""The header of a synthetic CDA document, from its patient, its author and its kind.

Source: HL7 CDA R2, 4.2; eHDSI document templates 1.3.6.1.4.1.12559.11.10.1.3.1.1.1 to .11, release 8.0.0.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from xml.sax.saxutils import escape, quoteattr

from harness.packs import DocumentForm, OrganizationForm, PatientForm, PopulationForm, ProfessionalForm
from harness.synthesis._coding import EHDSI, PCC, Pen, templates

TEMPLATES: Mapping[tuple[str, int], str] = {
    ("eprescription", 3): f"{EHDSI}.1.1",
    ("edispensation", 3): f"{EHDSI}.1.2",
    ("patient-summary", 3): f"{EHDSI}.1.3",
    ("eprescription", 1): f"{EHDSI}.1.6",
    ("patient-summary", 1): f"{EHDSI}.1.7",
    ("orcd-laboratory", 1): f"{EHDSI}.1.8",
    ("orcd-discharge", 1): f"{EHDSI}.1.9",
    ("orcd-imaging-report", 1): f"{EHDSI}.1.10",
    ("orcd-image", 1): f"{EHDSI}.1.11",
}
"""Kind and level to document template."""
_GENDERS = {"F": "female", "M": "male", "UN": "undifferentiated"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """What the header is made from. `language` is that of the document, `at` the day it was written."""

    document: DocumentForm
    patient: PatientForm
    author: ProfessionalForm
    organization: OrganizationForm
    parent: tuple[str, str]
    fulfils: tuple[str, str] | None
    language: str
    at: date

    @property
    def instant(self) -> str:
        """The moment of writing as an HL7 time stamp with zone."""
        return f"{self.at:%Y%m%d}101500+0100"


def frame_of(
    population: PopulationForm, document: DocumentForm, author: str, parent: str, prescription: DocumentForm | None
) -> Frame:
    """The frame of `document`; what it names in the population is known to be there."""
    content = document.content
    professional = population.professionals[author]
    written = population.written
    if content is None or written is None:
        raise ValueError(f"document {document.key!r} is not described")
    return Frame(
        document=document,
        patient=population.patients[document.patient],
        author=professional,
        organization=population.organizations[professional.organization],
        parent=(f"{population.root}.8", parent),
        fulfils=_id_of(prescription.unique_id) if prescription else None,
        language=content.language or population.language or "",
        at=content.at or written,
    )


def _id_of(unique_id: str) -> tuple[str, str]:
    root, _, extension = unique_id.partition("^")
    return root, extension


def instance(element: str, root: str, extension: str) -> str:
    """An identifier; without an extension the root alone."""
    more = f" extension={quoteattr(extension)}" if extension else ""
    return f'<{element} root="{root}"{more}/>'


def header(frame: Frame, pen: Pen) -> str:
    """Everything of the document before its component, without the start tag of the document element."""
    document, kind = frame.document, frame.document.kind
    parts = [
        '<typeId root="2.16.840.1.113883.1.3" extension="POCD_HD000040"/>',
        templates(TEMPLATES[kind, document.level]),
        instance("id", *_id_of(document.unique_id)),
        pen.code("code", f"doc-{kind}"),
        f"<title>{pen.title(f'doc-{kind}')}</title>",
        f'<effectiveTime value="{frame.instant}"/>',
        pen.code("confidentialityCode", "normal"),
        f'<languageCode code="{frame.language}"/>',
        _record_target(frame.patient, pen),
        _author(frame, pen),
        _custodian(frame.organization),
        _authenticator(frame),
    ]
    if kind == "patient-summary":
        parts.append(_primary_care(frame, pen))
    if frame.fulfils is not None:
        parts.append(
            '<inFulfillmentOf typeCode="FLFS"><order classCode="ACT" moodCode="RQO">'
            f"{instance('id', *frame.fulfils)}</order></inFulfillmentOf>"
        )
    if kind != "eprescription" and kind != "edispensation":
        parts.append(_event(frame, pen))
    parts.append(
        '<relatedDocument typeCode="XFRM"><parentDocument classCode="DOCCLIN" moodCode="EVN">'
        f"{instance('id', *frame.parent)}</parentDocument></relatedDocument>"
    )
    return "\n".join(parts)


def _custodian(house: OrganizationForm) -> str:
    inner = _organization(house, "representedCustodianOrganization")
    return f'<custodian typeCode="CST"><assignedCustodian classCode="ASSIGNED">{inner}</assignedCustodian></custodian>'


def _record_target(patient: PatientForm, pen: Pen) -> str:
    ids = "".join(instance("id", i.root, i.extension) for i in patient.ids)
    where = address(patient.street, patient.city, patient.postal_code, patient.country or "")
    telecom = _telecom("HP", patient.telephone or pen.telephone("patient"))
    birth = f'<birthTime value="{patient.birth:%Y%m%d}"/>' if patient.birth else '<birthTime nullFlavor="UNK"/>'
    return (
        '<recordTarget typeCode="RCT" contextControlCode="OP"><patientRole classCode="PAT">'
        f"{ids}{where}{telecom}"
        f'<patient classCode="PSN" determinerCode="INSTANCE">{_person(patient.given, patient.family)}'
        f"{pen.code('administrativeGenderCode', _GENDERS[patient.gender or 'UN'])}{birth}{_guardian(patient, pen)}"
        "</patient></patientRole></recordTarget>"
    )


def _guardian(patient: PatientForm, pen: Pen) -> str:
    guardian = patient.guardian
    if guardian is None:
        return ""
    where = address(patient.street, patient.city, patient.postal_code, patient.country or "")
    return (
        f'<guardian classCode="GUARD">{templates(f"{PCC}.2.4")}{pen.code("code", guardian.relationship)}{where}'
        f"{_telecom('HP', guardian.telephone or pen.telephone('guardian'))}"
        f"<guardianPerson>{_person(guardian.given, guardian.family)}</guardianPerson></guardian>"
    )


def function_code(author: ProfessionalForm, pen: Pen) -> str:
    """The role of `author`, with the national code as a translation."""
    national = author.national
    translation = (
        f'<translation code={quoteattr(national.code)} codeSystem="{national.system}" '
        f"displayName={quoteattr(national.display)}/>"
        if national
        else ""
    )
    return pen.code("functionCode", author.role, national=translation)


def _author(frame: Frame, pen: Pen) -> str:
    return (
        '<author typeCode="AUT" contextControlCode="OP">'
        f'{function_code(frame.author, pen)}<time value="{frame.instant}"/>'
        f"{assigned(frame, 'assignedAuthor')}</author>"
    )


def assigned(frame: Frame, element: str) -> str:
    """The author in an assigned role, with his house."""
    house = frame.organization
    return (
        f'<{element} classCode="ASSIGNED">{instance("id", frame.author.id.root, frame.author.id.extension)}'
        f"{_house_address(house)}{_telecom('WP', house.telephone)}"
        f'<assignedPerson classCode="PSN" determinerCode="INSTANCE">{_doctor(frame.author)}</assignedPerson>'
        f"{_organization(house, 'representedOrganization')}</{element}>"
    )


def _authenticator(frame: Frame) -> str:
    return (
        f'<legalAuthenticator typeCode="LA" contextControlCode="OP"><time value="{frame.instant}"/>'
        f'<signatureCode code="S"/>{assigned(frame, "assignedEntity")}</legalAuthenticator>'
    )


def _primary_care(frame: Frame, pen: Pen) -> str:
    house = frame.organization
    return (
        f'<participant typeCode="IND" contextControlCode="OP">{templates(f"{PCC}.2.4")}'
        f'{pen.code("functionCode", "primary-care")}<associatedEntity classCode="PRS">{_house_address(house)}'
        f"{_telecom('WP', house.telephone)}"
        f'<associatedPerson classCode="PSN" determinerCode="INSTANCE">{_doctor(frame.author)}</associatedPerson>'
        "</associatedEntity></participant>"
    )


def _event(frame: Frame, pen: Pen) -> str:
    summary = frame.document.kind == "patient-summary"
    performer = (
        f'<performer typeCode="PRF">{function_code(frame.author, pen)}{assigned(frame, "assignedEntity")}</performer>'
        if summary
        else ""
    )
    return (
        f'<documentationOf typeCode="DOC"><serviceEvent classCode="{"PCPR" if summary else "ACT"}" moodCode="EVN">'
        f'<effectiveTime><low value="20200101"/><high value="{frame.at:%Y%m%d}"/></effectiveTime>{performer}'
        "</serviceEvent></documentationOf>"
    )


def _doctor(author: ProfessionalForm) -> str:
    return _person(author.given, author.family, author.prefix)


def _person(given: str, family: str, prefix: str = "") -> str:
    before = f"<prefix>{escape(prefix)}</prefix>" if prefix else ""
    names = "".join(f"<given>{escape(one)}</given>" for one in given.split())
    return f"<name>{before}{names}<family>{escape(family)}</family></name>"


def _organization(house: OrganizationForm, element: str) -> str:
    return (
        f'<{element} classCode="ORG" determinerCode="INSTANCE">{instance("id", house.id.root, house.id.extension)}'
        f"<name>{escape(house.name)}</name>{_telecom('WP', house.telephone)}{_house_address(house)}</{element}>"
    )


def _house_address(house: OrganizationForm) -> str:
    return address(house.street, house.city, house.postal_code, house.country)


def address(street: str, city: str, postal_code: str, country: str) -> str:
    """An address; parts that are not known are left out."""
    parts = (("streetAddressLine", street), ("city", city), ("postalCode", postal_code), ("country", country))
    inner = "".join(f"<{name}>{escape(value)}</{name}>" for name, value in parts if value)
    return f"<addr>{inner}</addr>" if inner else '<addr nullFlavor="NI"/>'


def _telecom(use: str, number: str) -> str:
    return f'<telecom use="{use}" value="tel:{number}"/>' if number else '<telecom nullFlavor="NI"/>'
