"""Writes the synthetic patient summaries of scenarios/populations/documents; run as a script to write them again.

All people, places and numbers are invented; every OID of an instance lies under 2.999 (Rec. ITU-T X.660, example arc).
Source of the structure: HL7 CDA R2 (POCD_MT000040) and the eHDSI document templates 1.3.6.1.4.1.12559.11.10.1.3.1.1.3
(structured) and .1.7 (PDF) with their value sets.
"""

import base64
import textwrap
from dataclasses import dataclass
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

FOLDER = Path(__file__).resolve().parent.parent.parent / "scenarios" / "populations" / "documents"

EHDSI = "1.3.6.1.4.1.12559.11.10.1.3.1"
PCC = "1.3.6.1.4.1.19376.1.5.3.1"
CCD = "2.16.840.1.113883.10.20.1"
SYSTEMS = {
    "loinc": "2.16.840.1.113883.6.1",
    "snomed": "2.16.840.1.113883.6.96",
    "atc": "2.16.840.1.113883.6.73",
    "edqm": "0.4.0.127.0.16.1.1.2.1",
    "icd10": "1.3.6.1.4.1.12559.11.10.1.3.1.44.2",
    "emdn": "1.3.6.1.4.1.12559.11.10.1.3.1.44.6",
    "isco": "2.16.840.1.113883.2.9.6.2.7",
    "absent": "2.16.840.1.113883.5.1150.1",
    "gender": "2.16.840.1.113883.5.1",
    "confidentiality": "2.16.840.1.113883.5.25",
    "act-class": "2.16.840.1.113883.5.6",
    "act-code": "2.16.840.1.113883.5.4",
    "role": "2.16.840.1.113883.5.111",
    "participation": "2.16.840.1.113883.5.88",
    "criticality": "2.16.840.1.113883.4.642.4.130",
    "allergy-status": "2.16.840.1.113883.4.642.4.1373",
}
WRITTEN_AT = "20260302101500+0100"
ENTRY_ROOT = "2.999.250.10"


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    root: str
    extension: str
    family: str
    given: str
    birth: str
    gender: str
    street: str
    city: str
    postal_code: str
    telephone: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """One document: `id_extension` may be empty; `parent` names the national document it was made from."""

    id_root: str
    id_extension: str
    parent: str
    person: Person
    body: str


CAMILLE = Person(
    root="2.999.250.1",
    extension="P-0001",
    family="Exemplaire",
    given="Camille",
    birth="19790314",
    gender="F",
    street="12 rue des Essais",
    city="Villefictive",
    postal_code="99001",
    telephone="+33-1-99-00-00-01",
)
ROBIN = Person(
    root="2.999.250.1",
    extension="P-0004",
    family="Modèle",
    given="Robin",
    birth="19510922",
    gender="M",
    street="3 place du Prototype",
    city="Bourg-Témoin",
    postal_code="99002",
    telephone="+33-1-99-00-00-04",
)
ALIX = Person(
    root="2.999.250.1",
    extension="P-0003",
    family="Discret",
    given="Alix",
    birth="19960705",
    gender="UN",
    street="8 impasse Silencieuse",
    city="Villefictive",
    postal_code="99001",
    telephone="+33-1-99-00-00-03",
)
ZOE = Person(
    root="2.999.250.1",
    extension="P-0007",
    family="Łąkowska-Ñandú",
    given="Zoë Šárka",
    birth="20001231",
    gender="F",
    street="5 bis allée de l'Œuvre",
    city="Saint-Échantillon",
    postal_code="99003",
    telephone="+33-1-99-00-00-07",
)


def code(element: str, value: str, system: str, display: str, *, xsi_type: str = "", children: str = "") -> str:
    """One coded element; `system` is a key of SYSTEMS."""
    kind = f' xsi:type="{xsi_type}"' if xsi_type else ""
    start = f'<{element}{kind} code="{value}" codeSystem="{SYSTEMS[system]}" displayName={quoteattr(display)}'
    return f"{start}>{children}</{element}>" if children else f"{start}/>"


def templates(*roots: str) -> str:
    return "".join(f'<templateId root="{root}"/>' for root in roots)


def address(street: str, city: str, postal_code: str) -> str:
    return (
        f"<addr><streetAddressLine>{escape(street)}</streetAddressLine><city>{escape(city)}</city>"
        f"<postalCode>{postal_code}</postalCode><country>FR</country></addr>"
    )


CLINIC_ADDRESS = address("1 avenue de la Maquette", "Villefictive", "99001")
CLINIC_TELECOM = '<telecom use="WP" value="tel:+33-1-99-00-01-00"/>'
CLINIC = (
    '<id root="2.999.250.3" extension="ORG-1"/><name>Clinique Imaginaire de Villefictive</name>'
    f"{CLINIC_TELECOM}{CLINIC_ADDRESS}"
)
DOCTOR = "<name><prefix>Dr</prefix><given>Dominique</given><family>Fictif</family></name>"


def header(summary: Summary, template: str, title: str) -> str:
    """Everything of a document before its body, without the document element's start tag."""
    person = summary.person
    extension = f' extension="{summary.id_extension}"' if summary.id_extension else ""
    return f"""
<typeId root="2.16.840.1.113883.1.3" extension="POCD_HD000040"/>
<templateId root="{template}"/>
<id root="{summary.id_root}"{extension}/>
{code("code", "60591-5", "loinc", "Patient summary Document")}
<title>{title}</title>
<effectiveTime value="{WRITTEN_AT}"/>
{code("confidentialityCode", "N", "confidentiality", "normal")}
<languageCode code="fr-FR"/>
<recordTarget typeCode="RCT" contextControlCode="OP"><patientRole classCode="PAT">
  <id root="{person.root}" extension="{person.extension}"/>
  {address(person.street, person.city, person.postal_code)}
  <telecom use="HP" value="tel:{person.telephone}"/>
  <patient classCode="PSN" determinerCode="INSTANCE">
    <name><given>{escape(person.given)}</given><family>{escape(person.family)}</family></name>
    {code("administrativeGenderCode", person.gender, "gender", _GENDERS[person.gender])}
    <birthTime value="{person.birth}"/>
  </patient>
</patientRole></recordTarget>
<author typeCode="AUT" contextControlCode="OP">
  {code("functionCode", "2211", "isco", "Generalist medical practitioners")}
  <time value="{WRITTEN_AT}"/>
  <assignedAuthor classCode="ASSIGNED"><id root="2.999.250.2" extension="HP-1"/>{CLINIC_ADDRESS}{CLINIC_TELECOM}
    <assignedPerson classCode="PSN" determinerCode="INSTANCE">{DOCTOR}</assignedPerson>
    <representedOrganization classCode="ORG" determinerCode="INSTANCE">{CLINIC}</representedOrganization>
  </assignedAuthor>
</author>
<custodian typeCode="CST"><assignedCustodian classCode="ASSIGNED">
  <representedCustodianOrganization classCode="ORG" determinerCode="INSTANCE">{CLINIC}</representedCustodianOrganization>
</assignedCustodian></custodian>
<legalAuthenticator typeCode="LA" contextControlCode="OP">
  <time value="{WRITTEN_AT}"/><signatureCode code="S"/>
  <assignedEntity classCode="ASSIGNED"><id root="2.999.250.2" extension="HP-1"/>{CLINIC_ADDRESS}{CLINIC_TELECOM}
    <assignedPerson classCode="PSN" determinerCode="INSTANCE">{DOCTOR}</assignedPerson>
    <representedOrganization classCode="ORG" determinerCode="INSTANCE">{CLINIC}</representedOrganization>
  </assignedEntity>
</legalAuthenticator>
<participant typeCode="IND" contextControlCode="OP">
  {templates(f"{PCC}.2.4")}
  {code("functionCode", "PCP", "participation", "primary care physician")}
  <associatedEntity classCode="PRS">{CLINIC_ADDRESS}{CLINIC_TELECOM}
    <associatedPerson classCode="PSN" determinerCode="INSTANCE">{DOCTOR}</associatedPerson>
  </associatedEntity>
</participant>
<documentationOf typeCode="DOC"><serviceEvent classCode="PCPR" moodCode="EVN">
  <effectiveTime><low value="20200101"/><high value="20260302"/></effectiveTime>
  <performer typeCode="PRF">
    {code("functionCode", "2211", "isco", "Generalist medical practitioners")}
    <assignedEntity classCode="ASSIGNED"><id root="2.999.250.2" extension="HP-1"/>{CLINIC_ADDRESS}{CLINIC_TELECOM}
      <assignedPerson classCode="PSN" determinerCode="INSTANCE">{DOCTOR}</assignedPerson>
      <representedOrganization classCode="ORG" determinerCode="INSTANCE">{CLINIC}</representedOrganization>
    </assignedEntity>
  </performer>
</serviceEvent></documentationOf>
<relatedDocument typeCode="XFRM"><parentDocument classCode="DOCCLIN" moodCode="EVN">
  <id root="2.999.250.8" extension="{summary.parent}"/>
</parentDocument></relatedDocument>"""


_GENDERS = {"F": "Female", "M": "Male", "UN": "Undifferentiated"}


def section(roots: tuple[str, ...], loinc: str, display: str, title: str, lines: dict[str, str], entries: str) -> str:
    """One section; `lines` maps the ID of a narrative line to its text, so that entries can refer to it."""
    items = "".join(f'<item ID="{key}">{escape(text)}</item>' for key, text in lines.items())
    return f"""
<component typeCode="COMP"><section classCode="DOCSECT">
  {templates(*roots)}<id root="{ENTRY_ROOT}" extension="{loinc}"/>
  {code("code", loinc, "loinc", display)}
  <title>{escape(title)}</title>
  <text><list>{items}</list></text>{entries}
</section></component>"""


def entry(content: str) -> str:
    return f'\n  <entry typeCode="COMP">{content}\n  </entry>'


def pointer(key: str) -> str:
    return f'<text><reference value="#{key}"/></text>'


def medications(lines: dict[str, str], entries: str) -> str:
    roots = (f"{EHDSI}.2.3", f"{PCC}.3.19", f"{CCD}.8")
    return section(roots, "10160-0", "History of medication use", "Traitements en cours", lines, entries)


def allergies(lines: dict[str, str], entries: str) -> str:
    roots = (f"{EHDSI}.2.12", f"{PCC}.3.13", f"{CCD}.2")
    return section(roots, "48765-2", "Allergies and adverse reactions", "Allergies et intolérances", lines, entries)


def procedures(lines: dict[str, str], entries: str) -> str:
    roots = (f"{EHDSI}.2.11", f"{PCC}.3.12", f"{PCC}.3.11")
    return section(roots, "47519-4", "History of Procedures", "Interventions", lines, entries)


def problems(lines: dict[str, str], entries: str) -> str:
    roots = (f"{EHDSI}.2.9", f"{PCC}.3.6", f"{CCD}.11")
    return section(roots, "11450-4", "Problem list", "Problèmes actifs", lines, entries)


def devices(lines: dict[str, str], entries: str) -> str:
    roots = (f"{EHDSI}.2.4", f"{PCC}.1.5.3.5", f"{CCD}.7")
    return section(roots, "46264-8", "Medical device", "Dispositifs médicaux", lines, entries)


def medication(
    key: str, number: str, drug: tuple[str, str], brand: str, strength: str, start: str, every_h: str
) -> str:
    """A drug in use: film-coated tablets, by mouth, one every `every_h` hours since `start`."""
    return entry(f"""
    <substanceAdministration classCode="SBADM" moodCode="INT">
      {templates(f"{EHDSI}.3.4", f"{PCC}.4.7", f"{PCC}.4.7.1", f"{CCD}.24")}
      <id root="{ENTRY_ROOT}" extension="{number}"/>
      {pointer(key)}
      <statusCode code="active"/>
      <effectiveTime xsi:type="IVL_TS"><low value="{start}"/><high nullFlavor="UNK"/></effectiveTime>
      <effectiveTime xsi:type="PIVL_TS" operator="A"><period value="{every_h}" unit="h"/></effectiveTime>
      {code("routeCode", "20053000", "edqm", "Oral use")}
      <doseQuantity><low value="1" unit="1"/><high value="1" unit="1"/></doseQuantity>
      <consumable typeCode="CSM"><manufacturedProduct classCode="MANU">
        {templates(f"{EHDSI}.3.31", f"{PCC}.4.7.2", f"{CCD}.53")}
        <manufacturedMaterial classCode="MMAT" determinerCode="KIND">
          {templates(f"{EHDSI}.3.32")}
          <name>{escape(brand)}</name>
          {code("pharm:formCode", "10221000", "edqm", "Film-coated tablet")}
          <pharm:asSpecializedKind classCode="GRIC">
            <pharm:generalizedMaterialKind classCode="MMAT" determinerCode="KIND">
              {code("pharm:code", drug[0], "atc", drug[1])}
            </pharm:generalizedMaterialKind>
          </pharm:asSpecializedKind>
          <pharm:ingredient classCode="ACTI">
            <pharm:quantity>
              <numerator xsi:type="PQ" value="{strength}" unit="mg"/><denominator xsi:type="PQ" value="1" unit="1"/>
            </pharm:quantity>
            <pharm:ingredientSubstance classCode="MMAT" determinerCode="KIND">
              {code("pharm:code", drug[0], "atc", drug[1])}
            </pharm:ingredientSubstance>
          </pharm:ingredient>
        </manufacturedMaterial>
      </manufacturedProduct></consumable>
    </substanceAdministration>""")


def no_medication(key: str, number: str, value: str, display: str) -> str:
    """The statement that no drug is known, or that nothing is known about drugs."""
    return entry(f"""
    <substanceAdministration classCode="SBADM" moodCode="EVN">
      {templates(f"{EHDSI}.3.4", f"{PCC}.4.7", f"{PCC}.4.7.1", f"{CCD}.24")}
      <id root="{ENTRY_ROOT}" extension="{number}"/>
      {code("code", value, "absent", display)}
      {pointer(key)}
      <statusCode code="completed"/>
      <effectiveTime xsi:type="IVL_TS" nullFlavor="UNK"/>
      <effectiveTime nullFlavor="NI"/>
      <consumable typeCode="CSM"><manufacturedProduct classCode="MANU">
        {templates(f"{EHDSI}.3.31", f"{PCC}.4.7.2", f"{CCD}.53")}
        <manufacturedMaterial classCode="MMAT" determinerCode="KIND">
          {templates(f"{EHDSI}.3.32")}
        </manufacturedMaterial>
      </manufacturedProduct></consumable>
    </substanceAdministration>""")


def allergy_concern(number: str, observation: str) -> str:
    return entry(f"""
    <act classCode="ACT" moodCode="EVN">
      {templates(f"{EHDSI}.3.16", f"{PCC}.4.5.1", f"{PCC}.4.5.3", f"{CCD}.27")}
      <id root="{ENTRY_ROOT}" extension="{number}"/>
      {code("code", "CONC", "act-class", "Concern")}
      <statusCode code="active"/>
      <effectiveTime><low value="20100601"/></effectiveTime>
      <entryRelationship typeCode="SUBJ" inversionInd="false">{observation}</entryRelationship>
    </act>""")


def allergy(key: str, number: str, agent: tuple[str, str, str], reaction: tuple[str, str], reaction_key: str) -> str:
    """An allergy to `agent` (code, key of SYSTEMS, name) that showed as `reaction` (SNOMED CT code, name)."""
    return allergy_concern(
        f"{number}-C",
        f"""
      <observation classCode="OBS" moodCode="EVN">
        {templates(f"{EHDSI}.3.17", f"{PCC}.4.5", f"{PCC}.4.6", f"{CCD}.18", f"{CCD}.28")}
        <id root="{ENTRY_ROOT}" extension="{number}"/>
        {code("code", "609328004", "snomed", "Allergic disposition")}
        {pointer(key)}
        <statusCode code="completed"/>
        <effectiveTime><low value="20100601"/></effectiveTime>
        <participant typeCode="CSM"><participantRole classCode="MANU">
          <playingEntity classCode="MMAT">{code("code", *agent)}<name>{escape(agent[2])}</name></playingEntity>
        </participantRole></participant>
        <entryRelationship typeCode="MFST" inversionInd="true"><observation classCode="OBS" moodCode="EVN">
          {templates(f"{EHDSI}.3.44", f"{PCC}.4.5", f"{CCD}.54")}
          <id root="{ENTRY_ROOT}" extension="{number}-R"/>
          {code("code", "404684003", "snomed", "Clinical finding")}
          {pointer(reaction_key)}
          <statusCode code="completed"/>
          <effectiveTime><low value="20100601"/></effectiveTime>
          {code("value", reaction[0], "snomed", reaction[1], xsi_type="CD")}
          <entryRelationship typeCode="SUBJ" inversionInd="true"><observation classCode="OBS" moodCode="EVN">
            {templates(f"{EHDSI}.3.8", f"{PCC}.4.1", f"{CCD}.55")}
            <id root="{ENTRY_ROOT}" extension="{number}-S"/>
            {code("code", "SEV", "act-code", "Severity")}
            {pointer(reaction_key)}
            <statusCode code="completed"/>
            {code("value", "6736007", "snomed", "Moderate", xsi_type="CD")}
          </observation></entryRelationship>
        </observation></entryRelationship>
        <entryRelationship typeCode="SUBJ" inversionInd="true"><observation classCode="OBS" moodCode="EVN">
          {templates(f"{EHDSI}.3.33")}
          {code("code", "82606-5", "loinc", "Allergy or intolerance criticality")}
          {pointer(key)}
          <statusCode code="completed"/>
          {code("value", "low", "criticality", "Low Risk", xsi_type="CE")}
        </observation></entryRelationship>
        <entryRelationship typeCode="REFR" inversionInd="false"><observation classCode="OBS" moodCode="EVN">
          {templates(f"{EHDSI}.3.34")}
          {code("code", "33999-4", "loinc", "Status")}
          {pointer(key)}
          <statusCode code="completed"/>
          {code("value", "active", "allergy-status", "Active", xsi_type="CE")}
        </observation></entryRelationship>
      </observation>""",
    )


def no_allergy(key: str, number: str, value: str, display: str) -> str:
    return allergy_concern(
        f"{number}-C",
        f"""
      <observation classCode="OBS" moodCode="EVN">
        {templates(f"{EHDSI}.3.17", f"{PCC}.4.5", f"{PCC}.4.6", f"{CCD}.18", f"{CCD}.28")}
        <id root="{ENTRY_ROOT}" extension="{number}"/>
        {code("code", "420134006", "snomed", "Propensity to adverse reaction")}
        {pointer(key)}
        <statusCode code="completed"/>
        <effectiveTime nullFlavor="UNK"/>
        {code("value", value, "absent", display, xsi_type="CD")}
      </observation>""",
    )


def problem(key: str, number: str, finding: tuple[str, str, str], since: str) -> str:
    """A problem concern; `finding` is code, key of SYSTEMS and name, `since` a date or empty when not known."""
    when = f'<effectiveTime><low value="{since}"/></effectiveTime>' if since else '<effectiveTime nullFlavor="UNK"/>'
    began = f'<effectiveTime><low value="{since}"/></effectiveTime>' if since else _SINCE_UNKNOWN
    value, system, display = finding
    return entry(f"""
    <act classCode="ACT" moodCode="EVN">
      {templates(f"{EHDSI}.3.15", f"{PCC}.4.5.1", f"{PCC}.4.5.2", f"{CCD}.27")}
      <id root="{ENTRY_ROOT}" extension="{number}-C"/>
      {code("code", "CONC", "act-class", "Concern")}
      {pointer(key)}
      <statusCode code="active"/>
      {began}
      <entryRelationship typeCode="SUBJ" inversionInd="false"><observation classCode="OBS" moodCode="EVN">
        {templates(f"{EHDSI}.3.7", f"{PCC}.4.5", f"{CCD}.28")}
        <id root="{ENTRY_ROOT}" extension="{number}"/>
        {code("code", "55607006", "snomed", "Problem")}
        {pointer(key)}
        <statusCode code="completed"/>
        {when}
        {code("value", value, system, display, xsi_type="CD")}
      </observation></entryRelationship>
    </act>""")


_SINCE_UNKNOWN = '<effectiveTime><low nullFlavor="UNK"/></effectiveTime>'


def procedure(key: str, number: str, what: tuple[str, str, str], when: str) -> str:
    """A past procedure; `what` is code, key of SYSTEMS and name, `when` a date or empty when not known."""
    time = f'<effectiveTime value="{when}"/>' if when else '<effectiveTime nullFlavor="UNK"/>'
    return entry(f"""
    <procedure classCode="PROC" moodCode="EVN">
      {templates(f"{EHDSI}.3.26", f"{PCC}.4.19", f"{CCD}.29")}
      <id root="{ENTRY_ROOT}" extension="{number}"/>
      {code("code", *what)}
      {pointer(key)}
      <statusCode code="completed"/>
      {time}
    </procedure>""")


def device(key: str, number: str, what: tuple[str, str, str], since: str) -> str:
    """A device in or on the patient; `what` is code, key of SYSTEMS and name, `since` a date or empty when not known."""
    low = f'<low value="{since}"/>' if since else '<low nullFlavor="UNK"/>'
    return entry(f"""
    <supply classCode="SPLY" moodCode="EVN">
      {templates(f"{EHDSI}.3.5", f"{CCD}.34")}
      <id root="{ENTRY_ROOT}" extension="{number}"/>
      {pointer(key)}
      <effectiveTime xsi:type="IVL_TS">{low}</effectiveTime>
      <participant typeCode="DEV"><participantRole classCode="MANU">
        <playingDevice classCode="DEV" determinerCode="INSTANCE">{code("code", *what)}</playingDevice>
      </participantRole></participant>
    </supply>""")


def rich_body() -> str:
    """Sections with content: two drugs, an allergy with reaction, two problems, a procedure, a device."""
    return "".join(
        (
            medications(
                {
                    "med-1": "Ramipril 5 mg, un comprimé toutes les 24 heures",
                    "med-2": "Metformine 500 mg, un comprimé toutes les 12 heures",
                },
                medication("med-1", "M-1", ("C09AA05", "ramipril"), "Ramifictif 5", "5", "20210115", "24")
                + medication("med-2", "M-2", ("A10BA02", "metformin"), "Metfictif 500", "500", "20220401", "12"),
            ),
            allergies(
                {"all-1": "Allergie aux arachides", "all-1-r": "Urticaire modérée en juin 2010"},
                allergy("all-1", "A-1", ("762952008", "snomed", "Peanut"), ("126485001", "Urticaria"), "all-1-r"),
            ),
            procedures(
                {"pro-1": "Appendicectomie en urgence, le 18 novembre 2003"},
                procedure("pro-1", "P-1", ("174036004", "snomed", "Emergency appendectomy"), "20031118"),
            ),
            problems(
                {"pbl-1": "Hypertension artérielle essentielle", "pbl-2": "Diabète de type 2 sans complication"},
                problem("pbl-1", "D-1", ("I10", "icd10", "Essential (primary) hypertension"), "20201210")
                + problem(
                    "pbl-2", "D-2", ("E11.9", "icd10", "Type 2 diabetes mellitus; Without complications"), "20220301"
                ),
            ),
            devices(
                {"dev-1": "Stimulateur cardiaque double chambre, posé le 5 mai 2024"},
                device("dev-1", "V-1", ("J010103", "emdn", "Implantable dual chamber pacemakers"), "20240505"),
            ),
        )
    )


def stated_body(known: bool) -> str:
    """Sections without content: known to be empty (`known`), or nothing known."""
    prefix, text = ("no-known", "Aucun élément connu") if known else ("no", "Pas d'information disponible")
    named = {
        kind: (f"{prefix}-{many}", f"No known {label}")
        if known
        else (f"no-{one}-info", f"No information about {label}")
        for kind, one, many, label in (
            ("medication", "medication", "medications", "medications"),
            ("allergy", "allergy", "allergies", "allergies"),
            ("procedure", "procedure", "procedures", "procedures"),
            ("problem", "problem", "problems", "problems"),
            ("device", "device", "devices", "devices"),
        )
    }
    return "".join(
        (
            medications({"med-1": text}, no_medication("med-1", "M-1", *named["medication"])),
            allergies({"all-1": text}, no_allergy("all-1", "A-1", *named["allergy"])),
            procedures({"pro-1": text}, procedure("pro-1", "P-1", _absent(named["procedure"]), "")),
            problems({"pbl-1": text}, problem("pbl-1", "D-1", _absent(named["problem"]), "")),
            devices({"dev-1": text}, device("dev-1", "V-1", _absent(named["device"]), "")),
        )
    )


def _absent(coded: tuple[str, str]) -> tuple[str, str, str]:
    return coded[0], "absent", coded[1]


def structured(summary: Summary) -> bytes:
    """The structured (level 3) document."""
    content = (
        header(summary, f"{EHDSI}.1.3", "Résumé patient")
        + '\n<component typeCode="COMP"><structuredBody classCode="DOCBODY">'
        + summary.body
        + "\n</structuredBody></component>"
    )
    return document(content)


def unstructured(summary: Summary) -> bytes:
    """The level 1 document: the same header around a PDF."""
    person = summary.person
    lines = (
        "Patient summary - synthetic document for conformance tests",
        f"Patient: {person.given} {person.family}",
        f"Born: {person.birth[:4]}-{person.birth[4:6]}-{person.birth[6:]}",
        f"Identifier: {person.extension}",
    )
    encoded = "\n".join(textwrap.wrap(base64.b64encode(pdf(lines)).decode("ascii"), 76))
    content = (
        header(summary, f"{EHDSI}.1.7", "Résumé patient (original)")
        + '\n<component typeCode="COMP"><nonXMLBody classCode="DOCBODY" moodCode="EVN">\n'
        + f'<text mediaType="application/pdf" representation="B64">{encoded}</text>\n'
        + "</nonXMLBody></component>"
    )
    return document(content)


def document(content: str) -> bytes:
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<ClinicalDocument xmlns="urn:hl7-org:v3" xmlns:pharm="urn:hl7-org:pharm"\n'
        '    xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" classCode="DOCCLIN" moodCode="EVN">'
        f"{content}\n</ClinicalDocument>\n"
    ).encode()


def pdf(lines: tuple[str, ...]) -> bytes:
    """A one-page PDF 1.4 with `lines` as text. Source: ISO 32000-1, 7.5 (file structure) and 9.4 (text)."""
    shown = b"".join(b"(" + _pdf_text(line) + b") Tj T*\n" for line in lines)
    stream = b"BT /F1 12 Tf 16 TL 72 770 Td\n" + shown + b"ET\n"
    objects = (
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Length %d >>\nstream\n%sendstream" % (len(stream), stream),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
    )
    data = b"%PDF-1.4\n"
    offsets = []
    for number, content in enumerate(objects, start=1):
        offsets.append(len(data))
        data += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    trailer = b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, len(data))
    return data + b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1) + table + trailer


def _pdf_text(line: str) -> bytes:
    raw = line.encode("cp1252")
    return raw.replace(b"\\", b"\\\\").replace(b"(", b"\\(").replace(b")", b"\\)")


def documents() -> dict[str, bytes]:
    """File name -> bytes of every document of the default population."""
    return {
        "ps-nominal-3.xml": structured(_summary(CAMILLE, "2.999.250.9.1", "", "NAT-0001", rich_body())),
        "ps-nominal-1.xml": unstructured(_summary(CAMILLE, "2.999.250.9.2", "", "NAT-0001", "")),
        "ps-second-3.xml": structured(_summary(ROBIN, "2.999.250.9", "PS-0004-3", "NAT-0004", stated_body(known=True))),
        "ps-second-1.xml": unstructured(_summary(ROBIN, "2.999.250.9", "PS-0004-1", "NAT-0004", "")),
        "ps-no-consent-3.xml": structured(_summary(ALIX, "2.999.250.9.3", "", "NAT-0003", stated_body(known=True))),
        "ps-accents-3.xml": structured(_summary(ZOE, "2.999.250.9.7", "", "NAT-0007", stated_body(known=False))),
    }


def _summary(person: Person, root: str, extension: str, parent: str, body: str) -> Summary:
    return Summary(id_root=root, id_extension=extension, parent=parent, person=person, body=body)


if __name__ == "__main__":
    for name, content in documents().items():
        (FOLDER / name).write_bytes(content)
