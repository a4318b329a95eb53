"""Submissions of country B as this system writes them: metadata of a document and the ITI-41 request.

Source: IHE ITI TF-2, 3.41; TF-3, 4.2; eHDSI XDR Profile.
"""

import base64
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime

from harness.reference import _facts
from harness.reference._messages import element, text
from harness.reference._papers import Paper, Writing

_XDS = {
    "xmlns:xdsb": "urn:ihe:iti:xds-b:2007",
    "xmlns:lcm": "urn:oasis:names:tc:ebxml-regrep:xsd:lcm:3.0",
    "xmlns:rim": "urn:oasis:names:tc:ebxml-regrep:xsd:rim:3.0",
}
_SET_NODE = "urn:uuid:a54d6aa5-d40d-43f9-88c5-b4633d873bdd"
_CODES = {
    "class": "urn:uuid:41a5887f-8865-4c09-adf7-e362475b143a",
    "type": "urn:uuid:f0306f51-975f-434e-a61c-c59651d33983",
    "format": "urn:uuid:a09d5840-386c-46f2-b5ad-9c3699a4309d",
    "confidentiality": "urn:uuid:f4f85eac-e6cb-4883-b524-f2705394840f",
    "facility": "urn:uuid:f33fb8ac-18af-42cc-ae0e-ed0b0bdb91e1",
    "practice": "urn:uuid:cccf5598-8b07-4b77-a05e-ae952c785ead",
    "event": "urn:uuid:2c6b8cb7-8b2a-4051-b291-b1ae6a575ef4",
}
_ENTRY_PATIENT = "urn:uuid:58a6f841-87b3-4a3e-92fd-a8ffeff98427"
_ENTRY_UNIQUE = "urn:uuid:2e82c1f6-a085-4c72-9da3-8640a32e42ab"
_SET_AUTHOR = "urn:uuid:a7058bb9-b4e4-4307-ba5b-e3f0ab85e12d"
_SET_CONTENT = "urn:uuid:aa543740-bdda-424e-8c96-df4873be8500"
_SET_UNIQUE = "urn:uuid:96fdda7c-d067-4183-912e-bf5ee74998a8"
_SET_PATIENT = "urn:uuid:6b5aea1a-874d-4603-a4bc-96a0a7b38446"
_SET_SOURCE = "urn:uuid:554ac39e-e3fe-47fe-b233-965d2a147832"


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """A payload and what it refers to, as (content id, media type, bytes)."""

    payload: str
    attachments: tuple[tuple[str, str, bytes], ...]


def submission(writing: Writing, paper: Paper) -> Submission:
    """xdsb:ProvideAndRegisterDocumentSetRequest for one document."""
    faults = writing.faults
    entry, package = f"urn:uuid:{uuid.uuid4()}", f"urn:uuid:{uuid.uuid4()}"
    objects = _entry(writing, paper, entry) + _package(writing, paper, package)
    objects += element("rim:Classification", id=_new(), classificationNode=_SET_NODE, classifiedObject=package)
    if "xdr.association.missing" not in faults:
        objects += element(
            "rim:Association",
            _slot("SubmissionSetStatus", "Original"),
            associationType=_facts.HAS_MEMBER,
            id=_new(),
            sourceObject=package,
            targetObject=entry,
        )
    name = _new() if "xdr.document-id.other" in faults else entry
    content_id = f"{uuid.uuid4()}@ncpeh.example"
    reference = element(
        "xop:Include", href=f"cid:{content_id}", **{"xmlns:xop": "http://www.w3.org/2004/08/xop/include"}
    )
    inline = "xdr.document.inline" in faults
    inside = base64.b64encode(paper.content).decode() if inline else reference
    request = element("lcm:SubmitObjectsRequest", element("rim:RegistryObjectList", objects))
    payload = element(
        "xdsb:ProvideAndRegisterDocumentSetRequest", request + element("xdsb:Document", inside, id=name), **_XDS
    )
    attachments = () if inline else ((content_id, "text/xml; charset=UTF-8", paper.content),)
    return Submission(payload=payload, attachments=attachments)


def _entry(writing: Writing, paper: Paper, entry: str) -> str:
    faults, cx = writing.faults, writing.patient.cx
    class_code, format_code, scheme = _kind(paper, faults)
    created = f"{writing.at:%Y-%m-%d}" if "xdr.creation-time.malformed" in faults else _dtm(writing.at)
    language = "en-GB" if "xdr.language.other" in faults else writing.language
    unique = "^".join(paper.id) + ("-1" if "xdr.unique-id.other" in faults else "")
    codes = [
        ("class", "34133-9" if "xdr.class-code.other" in faults else class_code, _facts.LOINC, class_code),
        ("type", class_code, _facts.LOINC, class_code),
        ("format", format_code, scheme, format_code),
        ("confidentiality", "N", "2.16.840.1.113883.5.25", "Normal"),
        ("facility", writing.country, "1.0.3166.1", writing.country),
        ("practice", "Not Used", "eHDSI Practice Setting Codes-Not Used", "Not Used"),
    ]
    if paper.event:
        codes.append(("event", paper.event, _facts.CONSENT_CODES, paper.event))
    content = (
        _slot("creationTime", created)
        + _slot("languageCode", language)
        + _slot("sourcePatientId", cx)
        + _slot("sourcePatientInfo", *_patient_info(writing))
        + "".join(_classification(entry, _CODES[k], code, system, name) for k, code, system, name in codes)
        + _external(entry, _ENTRY_PATIENT, cx, "XDSDocumentEntry.patientId")
        + _external(entry, _ENTRY_UNIQUE, unique, "XDSDocumentEntry.uniqueId")
    )
    return element(
        "rim:ExtrinsicObject",
        content,
        id=entry,
        mimeType="text/xml",
        objectType="urn:uuid:7edca82f-054d-47f2-a032-9b2a5b5186c1",
        status=_facts.APPROVED,
    )


def _kind(paper: Paper, faults: frozenset[str]) -> tuple[str, str, str]:
    """Class code, format code and its scheme. Source: eHDSI XDR Profile."""
    if paper.operation == "consent":
        return "57016-8", "urn:ihe:iti:bppc:2007", "IHE PCC"
    if paper.operation == "discard" and "xdr.discard.format-wrong" not in faults:
        return "DISCARD-60593-1", "urn:eHDSI:ed:discard:2020", "eHDSI formatCodes"
    class_code = "DISCARD-60593-1" if paper.operation == "discard" else "60593-1"
    return class_code, "urn:epSOS:ep:dis:2010", "eHDSI formatCodes"


def _patient_info(writing: Writing) -> list[str]:
    asked = writing.criteria
    found = [f"PID-3|{writing.patient.cx}", f"PID-5|{asked.family}^{asked.given}"]
    if asked.birth and "xdr.source-patient-info.incomplete" not in writing.faults:
        found.append(f"PID-7|{asked.birth}")
    return [*found, f"PID-8|{asked.gender}"] if asked.gender else found


def _package(writing: Writing, paper: Paper, package: str) -> str:
    title = {"dispense": "eDispensation", "discard": "Medication Dispensation Discard", "consent": "Consent"}
    class_code, _, _ = _kind(paper, frozenset())
    author = writing.practitioner
    institution = f"{author.organization}^^^^^^^^^{author.organization_id.removeprefix('urn:oid:')}"
    given, _, family = author.name.rpartition(" ")
    person = f"{author.name_id}^{family}^{given}^^^^^^&{writing.community}.4&ISO"
    if "xdr.author.malformed" in writing.faults:
        person = author.name
    slots = _slot("authorInstitution", institution) + _slot("authorPerson", person)
    content = (
        _slot("submissionTime", _dtm(writing.at))
        + element("rim:Name", element("rim:LocalizedString", value=title[paper.operation]))
        + element(
            "rim:Classification",
            slots,
            id=_new(),
            classificationScheme=_SET_AUTHOR,
            classifiedObject=package,
            nodeRepresentation="",
        )
        + _classification(package, _SET_CONTENT, class_code, _facts.LOINC, class_code)
        + _external(
            package, _SET_UNIQUE, f"{writing.community}.5.{uuid.uuid4().int % 10**12}", "XDSSubmissionSet.uniqueId"
        )
        + _external(package, _SET_PATIENT, writing.patient.cx, "XDSSubmissionSet.patientId")
        + _external(package, _SET_SOURCE, writing.community, "XDSSubmissionSet.sourceId")
    )
    return element("rim:RegistryPackage", content, id=package, objectType=_SET_NODE)


def _dtm(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y%m%d%H%M%S}"


def _new() -> str:
    return f"urn:uuid:{uuid.uuid4()}"


def _slot(name: str, *values: str) -> str:
    listed = "".join(element("rim:Value", text(v)) for v in values)
    return element("rim:Slot", element("rim:ValueList", listed), name=name)


def _classification(owner: str, scheme: str, code: str, system: str, name: str) -> str:
    return element(
        "rim:Classification",
        _slot("codingScheme", system) + element("rim:Name", element("rim:LocalizedString", value=name)),
        id=_new(),
        classificationScheme=scheme,
        classifiedObject=owner,
        nodeRepresentation=code,
    )


def _external(owner: str, scheme: str, value: str, name: str) -> str:
    return element(
        "rim:ExternalIdentifier",
        element("rim:Name", element("rim:LocalizedString", value=name)),
        id=_new(),
        registryObject=owner,
        identificationScheme=scheme,
        value=value,
    )
