"""Header facts of a CDA document: what it is, whose it is, in which language, and what its body holds.

Bytes in, values out. Values are kept as they stand in the document (absent is None), so that checks can compare them with
metadata and assertions. Nothing is validated here.

Sources: HL7 CDA Release 2; eHDSI CDA Implementation Guide, document templates and header.
"""

import base64
import binascii
import re
from dataclasses import dataclass

from lxml import etree

from harness import safexml
from harness.errors import WireError
from harness.wire import codes, ns
from harness.wire._hl7 import Ii as Ii
from harness.wire._hl7 import attribute, find, find_all, ii, iis, text, text_at

# --- where checks find a field, from the document element (prefix hl7 of `ns.PREFIXES`)
X_TEMPLATE_ID = "hl7:templateId"
X_ID = "hl7:id"
X_CODE = "hl7:code"
X_TITLE = "hl7:title"
X_EFFECTIVE_TIME = "hl7:effectiveTime/@value"
X_CONFIDENTIALITY = "hl7:confidentialityCode/@code"
X_LANGUAGE = "hl7:languageCode/@code"
X_PATIENT_ROLE = "hl7:recordTarget/hl7:patientRole"
X_PATIENT_ID = X_PATIENT_ROLE + "/hl7:id"
X_PATIENT_NAME = X_PATIENT_ROLE + "/hl7:patient/hl7:name"
X_PATIENT_GENDER = X_PATIENT_ROLE + "/hl7:patient/hl7:administrativeGenderCode/@code"
X_PATIENT_BIRTH = X_PATIENT_ROLE + "/hl7:patient/hl7:birthTime/@value"
X_CUSTODIAN_COUNTRY = "hl7:custodian/hl7:assignedCustodian/hl7:representedCustodianOrganization/hl7:addr/hl7:country"
X_RELATED_DOCUMENT = "hl7:relatedDocument"
X_STRUCTURED_BODY = "hl7:component/hl7:structuredBody"
X_NON_XML_BODY = "hl7:component/hl7:nonXMLBody"
X_NON_XML_TEXT = X_NON_XML_BODY + "/hl7:text"

_NOT_BASE64 = re.compile(rb"[^A-Za-z0-9+/=]")


@dataclass(frozen=True, slots=True, kw_only=True)
class RelatedDocument:
    """relatedDocument: its typeCode (XFRM, RPLC, APND) and the ids of the parent document."""

    type: str | None
    ids: tuple[Ii, ...]

    @property
    def id(self) -> Ii | None:
        """The first id of the parent document."""
        return self.ids[0] if self.ids else None


@dataclass(frozen=True, slots=True, kw_only=True)
class CdaHeader:
    """What a CDA document says of itself.

    `body` is structured, nonXML or none; `level` 3, 1 or None accordingly. `media_type` and `representation` are those of
    a nonXML body's text. `kind` is a document kind of `codes.KINDS`, None when no eHDSI document template is claimed: the
    LOINC code decides, and the template where the code is of no kind. `medication_extension` is pharm (wave 6 on), epsos
    (up to wave 5) or None (no medication extension used). Several family or given names are joined by a blank.
    """

    id: Ii | None
    template_ids: tuple[Ii, ...]
    code: str | None
    code_system: str | None
    title: str | None
    language: str | None
    effective_time: str | None
    confidentiality: str | None
    set_id: Ii | None
    patient_ids: tuple[Ii, ...]
    patient_family: str | None
    patient_given: str | None
    patient_birth: str | None
    patient_gender: str | None
    author_country: str | None
    custodian_country: str | None
    related_documents: tuple[RelatedDocument, ...]
    body: str
    media_type: str | None
    representation: str | None
    kind: str | None
    level: int | None
    medication_extension: str | None

    @property
    def country(self) -> str | None:
        """Country of the custodian, else of the author."""
        return self.custodian_country or self.author_country

    @property
    def unique_id(self) -> str | None:
        """The document id as an XDS unique id: `root^extension`, or the root alone. Source: IHE PCC TF-2, 4.1.1."""
        if self.id is None or self.id.root is None:
            return None
        return f"{self.id.root}^{self.id.extension}" if self.id.extension else self.id.root


def parse_header(content: bytes) -> CdaHeader:
    """The header facts of the CDA document in `content`.

    Raises:
        WireError: what `safexml.parse` raises, or `wrong-root` when the document element is no hl7:ClinicalDocument.
    """
    return header_of(safexml.parse(content))


def header_of(root: etree._Element) -> CdaHeader:
    """The header facts of a CDA document that is parsed already.

    Raises:
        WireError: `wrong-root`.
    """
    _expect_cda(root)
    templates = iis(root, X_TEMPLATE_ID)
    code = attribute(root, X_CODE, "code")
    role = find(root, X_PATIENT_ROLE)
    body, level = _body(root)
    embedded_text = find(root, X_NON_XML_TEXT)
    return CdaHeader(
        id=ii(find(root, X_ID)),
        template_ids=templates,
        code=code,
        code_system=attribute(root, X_CODE, "codeSystem"),
        title=text_at(root, X_TITLE),
        language=attribute(root, "hl7:languageCode", "code"),
        effective_time=attribute(root, "hl7:effectiveTime", "value"),
        confidentiality=attribute(root, "hl7:confidentialityCode", "code"),
        set_id=ii(find(root, "hl7:setId")),
        patient_ids=iis(role, "hl7:id"),
        patient_family=_joined(role, "hl7:patient/hl7:name[1]/hl7:family"),
        patient_given=_joined(role, "hl7:patient/hl7:name[1]/hl7:given"),
        patient_birth=attribute(role, "hl7:patient/hl7:birthTime", "value"),
        patient_gender=attribute(role, "hl7:patient/hl7:administrativeGenderCode", "code"),
        author_country=_author_country(root),
        custodian_country=text_at(root, X_CUSTODIAN_COUNTRY),
        related_documents=tuple(
            RelatedDocument(type=r.get("typeCode"), ids=iis(r, "hl7:parentDocument/hl7:id"))
            for r in find_all(root, X_RELATED_DOCUMENT)
        ),
        body=body,
        media_type=None if embedded_text is None else embedded_text.get("mediaType"),
        representation=None if embedded_text is None else embedded_text.get("representation"),
        kind=_kind(code, templates),
        level=level,
        medication_extension=_medication_extension(root),
    )


def embedded(content: bytes) -> bytes:
    """The file that the level 1 document in `content` carries as base64 in nonXMLBody/text.

    Raises:
        WireError: no CDA; `missing-element` without nonXMLBody/text; `bad-value` when the text is marked as anything but
            B64, or is no base64.
    """
    root = safexml.parse(content)
    _expect_cda(root)
    holder = find(root, X_NON_XML_TEXT)
    where = "/hl7:ClinicalDocument/" + X_NON_XML_TEXT
    if holder is None:
        raise WireError("no embedded file", kind="missing-element", expected="a nonXMLBody with text", xpath=where)
    representation = holder.get("representation")
    if representation != "B64":
        raise WireError(
            "the embedded file is not marked as base64",
            kind="bad-value",
            expected="'B64'",
            found=representation or "no representation",
            xpath=where + "/@representation",
        )
    raw = "".join((text(holder) or "").split()).encode()
    try:
        if _NOT_BASE64.search(raw):
            raise binascii.Error("a character outside the base64 alphabet")
        return base64.b64decode(raw, validate=True)
    except binascii.Error as exc:
        raise WireError(f"the embedded file is no base64: {exc}", kind="bad-value", xpath=where) from exc


def _expect_cda(root: etree._Element) -> None:
    if root.tag != ns.clark(ns.HL7, "ClinicalDocument"):
        raise WireError(
            "not a CDA document",
            kind="wrong-root",
            expected="hl7:ClinicalDocument",
            found=ns.qname(root.tag) if isinstance(root.tag, str) else "no element",
            xpath="/*",
        )


def _joined(parent: etree._Element | None, path: str) -> str | None:
    return " ".join(t for e in find_all(parent, path) if (t := text(e))) or None


def _author_country(root: etree._Element) -> str | None:
    for author in find_all(root, "hl7:author/hl7:assignedAuthor"):
        for path in ("hl7:representedOrganization/hl7:addr/hl7:country", "hl7:addr/hl7:country"):
            country = text_at(author, path)
            if country:
                return country
    return None


def _body(root: etree._Element) -> tuple[str, int | None]:
    if find(root, X_STRUCTURED_BODY) is not None:
        return "structured", 3
    if find(root, X_NON_XML_BODY) is not None:
        return "nonXML", 1
    return "none", None


def _kind(code: str | None, templates: tuple[Ii, ...]) -> str | None:
    roots = [t.root for t in templates if t.root]
    if not any(r.startswith(codes.TEMPLATE_ROOT + ".") for r in roots):
        return None
    by_code = codes.kind_of_class_code(code or "")
    if by_code is not None:
        return by_code.kind
    by_template = next((known for r in roots if (known := codes.kind_of_template(r)) is not None), None)
    return by_template[0].kind if by_template else None


def _medication_extension(root: etree._Element) -> str | None:
    for namespace, name in ((ns.PHARM, "pharm"), (ns.EPSOS_MEDICATION, "epsos")):
        if next(root.iter(ns.clark(namespace, "*")), None) is not None:
            return name
    return None
