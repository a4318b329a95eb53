"""Documents that country B writes and submits: the dispensation of a medicine, and a consent with its withdrawal.

Everybody in them is synthetic. The structure is that of the document templates; what is inside is as little as they allow.

Sources: HL7 CDA R2; eHDSI CDA Implementation Guide, eDispensation 1.3.6.1.4.1.12559.11.10.1.3.1.1.2; IHE ITI TF-3, 5.1
(BPPC).
"""

from dataclasses import dataclass
from datetime import datetime
from xml.sax.saxutils import escape, quoteattr

from harness.model import Patient, PatientId, Practitioner
from harness.wire import codes
from harness.wire.dispensing import Product
from harness.wire.xcpd import Ii

_EHDSI = "1.3.6.1.4.1.12559.11.10.1.3.1"
_ISCO = "2.16.840.1.113883.2.9.6.2.7"
_GENDER = "2.16.840.1.113883.5.1"
_ACT_CLASS = "2.16.840.1.113883.5.6"
_BPPC = "1.3.6.1.4.1.19376.1.5.3.1.1.7"
_GENDERS = {"F": "Female", "M": "Male", "UN": "Undifferentiated"}
_UNKNOWN_PRODUCT = Product(
    name="Exemplol 20 mg",
    atc="C09AA05",
    atc_display="ramipril",
    form="10219000",
    form_display="Tablet",
    strength="20 mg",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """Who writes about whom, where and when: `home` is a bare OID under which B's numbers lie, `patient_id` names the
    patient to country A."""

    patient: Patient
    patient_id: PatientId
    practitioner: Practitioner
    country: str
    home: str
    at: datetime

    @property
    def written_at(self) -> str:
        """The time as an HL7 TS with zone."""
        return f"{self.at:%Y%m%d%H%M%S}+0000"

    @property
    def language(self) -> str:
        """Language and country of what B writes."""
        return f"{_LANGUAGES.get(self.country, 'en')}-{self.country}"


_LANGUAGES = {"BE": "nl", "FR": "fr", "PT": "pt", "CZ": "cs", "NL": "nl", "DE": "de"}


def write_dispensation(
    scene: Scene, *, id: Ii, orders: tuple[Ii, ...], product: Product, substituted: bool = False
) -> bytes:
    """An eDispensation of level 3 with id `id` that fulfils each of `orders`."""
    filled = _filled(product)
    given = "".join(f'<order classCode="ACT" moodCode="RQO">{_ii("id", o)}</order>' for o in orders)
    fulfils = f'<inFulfillmentOf typeCode="FLFS">{given}</inFulfillmentOf>' if orders else ""
    body = f"""<component typeCode="COMP"><structuredBody classCode="DOCBODY" moodCode="EVN">
<component typeCode="COMP"><section classCode="DOCSECT">
  <templateId root="{_EHDSI}.2.2"/><templateId root="2.16.840.1.113883.10.20.1.8"/>
  {_ii("id", Ii(root=id.root, extension=f"D-{id.extension or ''}"))}
  {_code("code", "60590-7", codes.LOINC, "Medication dispensed.brief Document")}
  <title>Medication dispensed</title>
  <text><paragraph ID="product-1">{escape(filled.name or "")}</paragraph></text>
  <entry typeCode="COMP">{_supply(scene, id, orders, filled, substituted)}</entry>
</section></component>
</structuredBody></component>"""
    heading = _code(
        "code", codes.KINDS["edispensation"].class_code, codes.LOINC, "Medication dispensed.extended Document"
    )
    parent = (
        '<relatedDocument typeCode="XFRM"><parentDocument classCode="DOCCLIN" moodCode="EVN">'
        f"{_ii('id', Ii(root=f'{scene.home}.8', extension=id.extension))}</parentDocument></relatedDocument>"
    )
    template = codes.KINDS["edispensation"].templates[3]
    return _document(scene, template, id, heading, "Medication dispensed", fulfils + parent + body)


def write_consent(scene: Scene, *, id: Ii, opt_out: bool) -> bytes:
    """An acknowledgement of a privacy policy: consent given, or withdrawn when `opt_out`."""
    value = codes.CONSENT_OPT_OUT if opt_out else codes.CONSENT_OPT_IN
    word = "Opt-out" if opt_out else "Opt-in"
    event = (
        '<documentationOf typeCode="DOC"><serviceEvent classCode="ACT" moodCode="EVN">'
        f'<templateId root="1.3.6.1.4.1.19376.1.5.3.1.2.6"/>{_ii("id", Ii(root=value))}'
        f"{_code('code', value, codes.CONSENT_SCHEME, word)}"
        f'<effectiveTime><low value="{scene.at:%Y%m%d}"/></effectiveTime></serviceEvent></documentationOf>'
    )
    body = f"""<component typeCode="COMP"><structuredBody classCode="DOCBODY" moodCode="EVN">
<component typeCode="COMP"><section classCode="DOCSECT">
  {_code("code", codes.KINDS["consent"].class_code, codes.LOINC, "Privacy policy acknowledgement Document")}
  <title>Consent</title><text><paragraph>{word}</paragraph></text>
</section></component></structuredBody></component>"""
    heading = _code("code", codes.KINDS["consent"].class_code, codes.LOINC, "Privacy policy acknowledgement Document")
    return _document(scene, _BPPC, id, heading, f"Consent: {word}", event + body)


def _document(scene: Scene, template: str, id: Ii, heading: str, title: str, rest: str) -> bytes:
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<ClinicalDocument xmlns="urn:hl7-org:v3" xmlns:pharm="urn:hl7-org:pharm"
    xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" classCode="DOCCLIN" moodCode="EVN">
<typeId root="2.16.840.1.113883.1.3" extension="POCD_HD000040"/>
<templateId root="{template}"/>
{_ii("id", id)}
{heading}
<title>{escape(title)}</title>
<effectiveTime value="{scene.written_at}"/>
{_code("confidentialityCode", "N", codes.HL7_CONFIDENTIALITY, "normal")}
<languageCode code="{scene.language}"/>
{_record_target(scene)}
<author typeCode="AUT" contextControlCode="OP">
  {_code("functionCode", scene.practitioner.role_code, _ISCO, scene.practitioner.role_display)}
  <time value="{scene.written_at}"/>
  <assignedAuthor classCode="ASSIGNED">{_somebody(scene)}</assignedAuthor>
</author>
<custodian typeCode="CST"><assignedCustodian classCode="ASSIGNED">
  <representedCustodianOrganization classCode="ORG" determinerCode="INSTANCE">{_place(scene)}</representedCustodianOrganization>
</assignedCustodian></custodian>
<legalAuthenticator typeCode="LA" contextControlCode="OP">
  <time value="{scene.written_at}"/><signatureCode code="S"/>
  <assignedEntity classCode="ASSIGNED">{_somebody(scene)}</assignedEntity>
</legalAuthenticator>
{rest}
</ClinicalDocument>
""".encode()


def _record_target(scene: Scene) -> str:
    patient = scene.patient
    birth = f'<birthTime value="{patient.birth:%Y%m%d}"/>' if patient.birth else '<birthTime nullFlavor="UNK"/>'
    gender = (
        _code("administrativeGenderCode", patient.gender, _GENDER, _GENDERS[patient.gender])
        if patient.gender in _GENDERS
        else '<administrativeGenderCode nullFlavor="UNK"/>'
    )
    address = "".join(
        f"<{name}>{escape(value)}</{name}>" if value else f'<{name} nullFlavor="UNK"/>'
        for name, value in (
            ("streetAddressLine", patient.street),
            ("city", patient.city),
            ("postalCode", patient.postal_code),
            ("country", patient.country),
        )
    )
    return f"""<recordTarget typeCode="RCT" contextControlCode="OP"><patientRole classCode="PAT">
  {_ii("id", Ii(root=scene.patient_id.root, extension=scene.patient_id.extension))}
  <addr>{address}</addr>
  <telecom nullFlavor="NI"/>
  <patient classCode="PSN" determinerCode="INSTANCE">
    <name><given>{escape(patient.given)}</given><family>{escape(patient.family)}</family></name>
    {gender}
    {birth}
  </patient>
</patientRole></recordTarget>"""


def _somebody(scene: Scene) -> str:
    """The practitioner as an assigned entity: id, address, telecom, person, organisation."""
    given, _, family = scene.practitioner.name.rpartition(" ")
    return f"""{_ii("id", Ii(root=f"{scene.home}.4", extension=scene.practitioner.key))}{_address(scene)}{_TELECOM}
    <assignedPerson classCode="PSN" determinerCode="INSTANCE">
      <name><given>{escape(given)}</given><family>{escape(family)}</family></name>
    </assignedPerson>
    <representedOrganization classCode="ORG" determinerCode="INSTANCE">{_place(scene)}</representedOrganization>"""


def _place(scene: Scene) -> str:
    root, _, extension = (
        scene.practitioner.organization_id.removeprefix("urn:oid:").removeprefix("urn:hl7ii:").partition(":")
    )
    name = f"<name>{escape(scene.practitioner.organization)}</name>"
    return f"{_ii('id', Ii(root=root, extension=extension or None))}{name}{_TELECOM}{_address(scene)}"


_TELECOM = '<telecom use="WP" value="mailto:desk@pharmacy.example"/>'


def _address(scene: Scene) -> str:
    return (
        f"<addr><streetAddressLine>Voorbeeldstraat 1</streetAddressLine><city>{escape(scene.practitioner.locality)}</city>"
        f"<postalCode>1000</postalCode><country>{scene.country}</country></addr>"
    )


def _filled(product: Product) -> Product:
    """`product`, each part that it does not name taken from an invented one."""
    return Product(
        name=product.name or _UNKNOWN_PRODUCT.name,
        atc=product.atc or _UNKNOWN_PRODUCT.atc,
        atc_display=product.atc_display or product.name if product.atc else _UNKNOWN_PRODUCT.atc_display,
        form=product.form or _UNKNOWN_PRODUCT.form,
        form_display=product.form_display or product.form if product.form else _UNKNOWN_PRODUCT.form_display,
        strength=product.strength or _UNKNOWN_PRODUCT.strength,
    )


def _supply(scene: Scene, id: Ii, orders: tuple[Ii, ...], product: Product, substituted: bool) -> str:
    swap = (
        '<entryRelationship typeCode="COMP"><act classCode="ACT" moodCode="EVN">'
        f"{_code('code', 'SUBST', _ACT_CLASS, 'Substitution')}</act></entryRelationship>"
        if substituted
        else ""
    )
    order = _ii("id", orders[0]) if orders else '<id nullFlavor="UNK"/>'
    return f"""<supply classCode="SPLY" moodCode="EVN">
    <templateId root="{_EHDSI}.3.3"/><templateId root="1.3.6.1.4.1.19376.1.5.3.1.4.7.3"/>
    <templateId root="2.16.840.1.113883.10.20.1.34"/>
    {_ii("id", Ii(root=id.root, extension=f"S-{id.extension or ''}"))}
    <quantity value="1" unit="1"/>
    <product typeCode="PRD">{_manufactured(product, packaged=True)}</product>
    <performer typeCode="PRF"><time value="{scene.written_at}"/>
      <assignedEntity classCode="ASSIGNED">{_somebody(scene)}</assignedEntity>
    </performer>
    <entryRelationship typeCode="REFR"><substanceAdministration classCode="SBADM" moodCode="INT">
      {order}
      <consumable typeCode="CSM">{_manufactured(product, packaged=True)}</consumable>
    </substanceAdministration></entryRelationship>{swap}
  </supply>"""


def _manufactured(product: Product, *, packaged: bool) -> str:
    name = escape(product.name or "")
    content = (
        '<pharm:asContent classCode="CONT"><pharm:quantity value="30" unit="1"/>'
        '<pharm:containerPackagedProduct classCode="CONT" determinerCode="KIND">'
        f"<pharm:name>{name}</pharm:name>{_code('pharm:formCode', '30007000', codes.EDQM, 'Blister')}"
        "</pharm:containerPackagedProduct></pharm:asContent>"
        if packaged
        else ""
    )
    atc = _code("pharm:code", product.atc or "", codes.ATC, product.atc_display or "")
    return f"""<manufacturedProduct classCode="MANU"><templateId root="{_EHDSI}.3.29"/>
      <manufacturedMaterial classCode="MMAT" determinerCode="KIND"><templateId root="{_EHDSI}.3.30"/>
        <name>{name}</name>
        <pharm:desc>{escape(product.strength or "")}</pharm:desc>
        {_code("pharm:formCode", product.form or "", codes.EDQM, product.form_display or "")}
        {content}
        <pharm:asSpecializedKind classCode="GRIC">
          <pharm:generalizedMaterialKind classCode="MMAT" determinerCode="KIND">{atc}</pharm:generalizedMaterialKind>
        </pharm:asSpecializedKind>
        <pharm:ingredient classCode="ACTI">
          <pharm:quantity>
            <numerator xsi:type="PQ" value="1" unit="mg"/><denominator xsi:type="PQ" value="1" unit="1"/>
          </pharm:quantity>
          <pharm:ingredientSubstance classCode="MMAT" determinerCode="KIND">{atc}</pharm:ingredientSubstance>
        </pharm:ingredient>
      </manufacturedMaterial></manufacturedProduct>"""


def _ii(element: str, value: Ii) -> str:
    extension = f" extension={quoteattr(value.extension)}" if value.extension else ""
    return f"<{element} root={quoteattr(value.root or '')}{extension}/>"


def _code(element: str, code: str, system: str, display: str) -> str:
    return f'<{element} code={quoteattr(code)} codeSystem="{system}" displayName={quoteattr(display)}/>'
