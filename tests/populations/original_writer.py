"""Writes the synthetic prescriptions and original clinical documents of the default population; run as a script to do so.

Small on purpose: what a listing, a retrieval and a dispensation need. All people, places and numbers are invented.
Source of the structure: eHDSI document templates 1.3.6.1.4.1.12559.11.10.1.3.1.1.1 (prescription), .6 (as PDF) and
.8 to .11 (original clinical documents).
"""

import base64
import struct
import textwrap
import zlib
from dataclasses import dataclass
from xml.sax.saxutils import escape

from tests.populations.summary_writer import (
    CLINIC,
    CLINIC_ADDRESS,
    CLINIC_TELECOM,
    DOCTOR,
    EHDSI,
    FOLDER,
    WRITTEN_AT,
    Person,
    Summary,
    address,
    code,
    document,
    pdf,
    stated_body,
    structured,
    templates,
    unstructured,
)

_GENDERS = {"F": "Female", "M": "Male"}
_IDS = "2.999.250.9"
_PRESCRIPTIONS = "2.999.250.11"

NOEL = Person(
    root="2.999.250.1",
    extension="P-0010",
    family="Ordonnance",
    given="Noël",
    birth="19660421",
    gender="M",
    street="7 rue de la Recette",
    city="Villefictive",
    postal_code="99001",
    telephone="+33-1-99-00-00-10",
)
IRIS = Person(
    root="2.999.250.1",
    extension="P-0011",
    family="Délivrée",
    given="Iris",
    birth="19830917",
    gender="F",
    street="2 impasse du Comptoir",
    city="Villefictive",
    postal_code="99001",
    telephone="+33-1-99-00-00-11",
)
PAUL = Person(
    root="2.999.250.1",
    extension="P-0012",
    family="Dossier",
    given="Paul",
    birth="19450502",
    gender="M",
    street="19 boulevard des Archives",
    city="Bourg-Témoin",
    postal_code="99002",
    telephone="+33-1-99-00-00-12",
)
INES = Person(
    root="2.999.250.1",
    extension="P-0014",
    family="Exact",
    given="Inès",
    birth="19740808",
    gender="F",
    street="9 rue de la Lettre",
    city="Villefictive",
    postal_code="99001",
    telephone="+33-1-99-00-00-14",
)
LEA = Person(
    root="2.999.250.1",
    extension="P-0013",
    family="Mandat",
    given="Léa",
    birth="19911130",
    gender="F",
    street="31 place de l'Accord",
    city="Bourg-Témoin",
    postal_code="99002",
    telephone="+33-1-99-00-00-13",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Drug:
    """What is prescribed: ATC code and name, trade name, strength as text and in mg, whether it may be substituted."""

    atc: tuple[str, str]
    brand: str
    strength: str
    substitution: tuple[str, str]


RAMIPRIL = Drug(atc=("C09AA05", "ramipril"), brand="Exemplopril 5 mg", strength="5", substitution=("G", "generic"))
METFORMIN = Drug(atc=("A10BA02", "metformin"), brand="Exemplomine 500 mg", strength="500", substitution=("N", "none"))


def _header(person: Person, id_: str, parent: str, heading: str, title: str, template: str) -> str:
    return f"""
<typeId root="2.16.840.1.113883.1.3" extension="POCD_HD000040"/>
<templateId root="{template}"/>
<id root="{_IDS}" extension="{id_}"/>
{heading}
<title>{escape(title)}</title>
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
<relatedDocument typeCode="XFRM"><parentDocument classCode="DOCCLIN" moodCode="EVN">
  <id root="2.999.250.8" extension="{parent}"/>
</parentDocument></relatedDocument>"""


def _prescription_header(person: Person, number: str, level: int) -> str:
    template = f"{EHDSI}.1.1" if level == 3 else f"{EHDSI}.1.6"
    heading = code("code", "57833-6", "loinc", "Prescription for medication")
    return _header(person, f"{number}-{level}", f"NAT-{number}", heading, "Ordonnance", template)


def prescription(person: Person, number: str, drug: Drug) -> bytes:
    """A prescription of one drug, structured; its number is that of the prescription section."""
    atc = code("pharm:code", drug.atc[0], "atc", drug.atc[1])
    value = (
        f'<value xsi:type="CE" code="{drug.substitution[0]}" codeSystem="2.16.840.1.113883.5.1070" '
        f'displayName="{drug.substitution[1]}"/>'
    )
    body = f"""
<component typeCode="COMP"><structuredBody classCode="DOCBODY" moodCode="EVN">
<component typeCode="COMP"><section classCode="DOCSECT">
  {templates(f"{EHDSI}.2.1")}<id root="{_PRESCRIPTIONS}" extension="{number}"/>
  {code("code", "57828-6", "loinc", "Prescription list")}
  <title>Prescriptions</title>
  <text><paragraph ID="line-1">{drug.brand}, un comprimé par jour</paragraph></text>
  <entry typeCode="COMP"><substanceAdministration classCode="SBADM" moodCode="INT">
    {templates(f"{EHDSI}.3.2", "2.16.840.1.113883.10.20.1.24", "1.3.6.1.4.1.19376.1.5.3.1.4.7.1")}
    <id root="{_PRESCRIPTIONS}" extension="{number}.1"/>
    <text><reference value="#line-1"/></text>
    <statusCode code="active"/>
    <effectiveTime xsi:type="IVL_TS"><low value="20260302"/><high value="20260601"/></effectiveTime>
    <effectiveTime xsi:type="PIVL_TS" operator="A"><period value="24" unit="h"/></effectiveTime>
    {code("routeCode", "20053000", "edqm", "Oral use")}
    <doseQuantity><low value="1" unit="1"/><high value="1" unit="1"/></doseQuantity>
    <consumable typeCode="CSM"><manufacturedProduct classCode="MANU">
      {templates(f"{EHDSI}.3.29")}
      <manufacturedMaterial classCode="MMAT" determinerCode="KIND">
        {templates(f"{EHDSI}.3.30")}
        <name>{drug.brand}</name>
        <pharm:desc>{drug.strength} mg</pharm:desc>
        {code("pharm:formCode", "10221000", "edqm", "Film-coated tablet")}
        <pharm:asContent classCode="CONT"><pharm:quantity value="30" unit="1"/>
          <pharm:containerPackagedProduct classCode="CONT" determinerCode="KIND">
            <pharm:name>{drug.brand}</pharm:name>{code("pharm:formCode", "30007000", "edqm", "Blister")}
          </pharm:containerPackagedProduct>
        </pharm:asContent>
        <pharm:asSpecializedKind classCode="GRIC">
          <pharm:generalizedMaterialKind classCode="MMAT" determinerCode="KIND">{atc}</pharm:generalizedMaterialKind>
        </pharm:asSpecializedKind>
        <pharm:ingredient classCode="ACTI">
          <pharm:quantity>
            <numerator xsi:type="PQ" value="{drug.strength}" unit="mg"/><denominator xsi:type="PQ" value="1" unit="1"/>
          </pharm:quantity>
          <pharm:ingredientSubstance classCode="MMAT" determinerCode="KIND">{atc}</pharm:ingredientSubstance>
        </pharm:ingredient>
      </manufacturedMaterial>
    </manufacturedProduct></consumable>
    <entryRelationship typeCode="COMP"><supply classCode="SPLY" moodCode="RQO">
      <independentInd value="false"/><quantity value="1" unit="1"/>
    </supply></entryRelationship>
    <entryRelationship typeCode="SUBJ" inversionInd="true"><observation classCode="OBS" moodCode="EVN">
      {code("code", "SUBST", "act-class", "Substitution")}
      {value}
    </observation></entryRelationship>
  </substanceAdministration></entry>
</section></component>
</structuredBody></component>"""
    return document(_prescription_header(person, number, 3) + body)


def prescription_file(person: Person, number: str, drug: Drug) -> bytes:
    """The same prescription as a PDF inside CDA."""
    lines = ("Prescription - synthetic document for conformance tests", f"Number: {number}", f"Product: {drug.brand}")
    return document(_prescription_header(person, number, 1) + _file("application/pdf", pdf(lines)))


def original(
    person: Person, number: str, kind: tuple[str, str, str], template: str, media: str, content: bytes
) -> bytes:
    """An original clinical document; `kind` is LOINC code, its name, and the title."""
    heading = code("code", kind[0], "loinc", kind[1])
    header = _header(person, number, f"NAT-{number}", heading, kind[2], f"{EHDSI}.1.{template}")
    return document(header + _file(media, content))


def _file(media: str, content: bytes) -> str:
    lines = "\n".join(textwrap.wrap(base64.b64encode(content).decode(), 76))
    return f"""
<component typeCode="COMP"><nonXMLBody classCode="DOCBODY" moodCode="EVN">
<text mediaType="{media}" representation="B64">{lines}</text>
</nonXMLBody></component>"""


def picture() -> bytes:
    """A grey square as PNG, 16 by 16. Source: ISO/IEC 15948, 5 and 11."""
    size = 16
    rows = b"".join(b"\0" + bytes((16 * (x ^ y)) % 256 for x in range(size)) for y in range(size))
    raw = (
        b"\x78\x01\x01"
        + struct.pack("<HH", len(rows), len(rows) ^ 0xFFFF)
        + rows
        + struct.pack(">I", zlib.adler32(rows))
    )
    header = struct.pack(">IIBBBBB", size, size, 8, 0, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", raw), (b"IEND", b""))
    body = b"".join(struct.pack(">I", len(c)) + n + c + struct.pack(">I", zlib.crc32(n + c)) for n, c in chunks)
    return b"\x89PNG\r\n\x1a\n" + body


def documents() -> dict[str, bytes]:
    """File name -> bytes of every document this module writes."""
    found: dict[str, bytes] = {}
    for name, person, number, drug in (
        ("rx-open", NOEL, "RX-0010", RAMIPRIL),
        ("rx-strict", INES, "RX-0011", METFORMIN),
        ("rx-closed", IRIS, "RX-0020", RAMIPRIL),
    ):
        found[f"{name}-3.xml"] = prescription(person, number, drug)
        found[f"{name}-1.xml"] = prescription_file(person, number, drug)
    found["ps-mandate-3.xml"] = structured(_summary(LEA, "2.999.250.9.13", "", "NAT-0013", stated_body(known=True)))
    found["ps-mandate-1.xml"] = unstructured(_summary(LEA, "2.999.250.9.14", "", "NAT-0013", ""))
    text = ("Synthetic document for conformance tests",)
    for name, kind, template, media, content in (
        (
            "orcd-laboratory",
            ("11502-2", "Laboratory report", "Compte rendu d'examens"),
            "8",
            "application/pdf",
            pdf((*text, "Laboratory")),
        ),
        (
            "orcd-discharge",
            ("34105-7", "Hospital Discharge summary", "Compte rendu de sortie"),
            "9",
            "application/pdf",
            pdf((*text, "Discharge")),
        ),
        (
            "orcd-imaging-report",
            ("18748-4", "Diagnostic imaging study", "Compte rendu d'imagerie"),
            "10",
            "application/pdf",
            pdf((*text, *("Imaging",) * 40)),
        ),
        ("orcd-image", ("x-clinical-image", "Medical images", "Image"), "11", "application/png", picture()),
    ):
        found[f"{name}.xml"] = original(PAUL, name.upper(), kind, template, media, content)
    return found


def _summary(person: Person, root: str, extension: str, parent: str, body: str) -> Summary:
    return Summary(id_root=root, id_extension=extension, parent=parent, person=person, body=body)


if __name__ == "__main__":
    for file, data in documents().items():
        (FOLDER / file).write_bytes(data)
