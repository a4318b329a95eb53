"""Alterations of clinical documents, of those our peer delivers and of those it submits: each changes one thing in the tree.

A change says so (`ScenarioError`) where the document has nothing it could alter, so that nothing goes out unaltered under its
name. Bytes between the parts that change stay what they are in the tree; the XML declaration is written anew.
"""

import base64
import re
from collections.abc import Callable

from lxml import etree

from harness import safexml
from harness.peers.arguments import refuse
from harness.wire import cda, codes, ns

UNKNOWN_TEMPLATE = f"{codes.TEMPLATE_ROOT}.404"
UNKNOWN_CODE = "404-unknown"
UNKNOWN_CONFIDENTIALITY = "X"
OTHER_LANGUAGE = "hu-HU"
OTHER_ID = "2.999.404.9"
_SCHEMA_LOCATION = ns.clark(ns.XSI, "schemaLocation")
_XSI_TYPE = ns.clark(ns.XSI, "type")
_CODED = ("CE", "CD", "CV")
_PDF_TRAILER = re.compile(rb"trailer\s*<<")
_PDF_A_PART = re.compile(rb"(pdfaid:(?:part|conformance))")
_NO_PDF = b"This is plain text, not a PDF.\n"

type DocumentChange = Callable[[etree._Element], None]


def changed(content: bytes, change: DocumentChange) -> bytes:
    """The document in `content` after `change`.

    Raises:
        WireError: it is no XML.
        ScenarioError: it has not what is to be altered.
    """
    root = safexml.parse(content)
    change(root)
    return etree.tostring(root.getroottree(), encoding="UTF-8", xml_declaration=True)


def level_of(content: bytes) -> int | None:
    """CDA level of the document: 3, 1, or None where it has no body."""
    return cda.parse_header(content).level


def _only(root: etree._Element, path: str) -> etree._Element:
    found = root.find(path, ns.PREFIXES)
    if found is None:
        refuse("faults", f"the document has no {path.replace('hl7:', '')} to alter")
    return found


def _removed(path: str) -> DocumentChange:
    def change(root: etree._Element) -> None:
        element = _only(root, path)
        parent = element.getparent()
        assert parent is not None, "below the document element"
        parent.remove(element)

    return change


def _attribute(path: str, name: str, value: str) -> DocumentChange:
    return lambda root: _only(root, path).set(name, value)


def section_missing(root: etree._Element) -> None:
    """The first section of the body is taken out; the kinds begin with one that is mandatory."""
    _only(root, cda.X_STRUCTURED_BODY + "/hl7:component/hl7:section")
    _removed(cda.X_STRUCTURED_BODY + "/hl7:component")(root)


def template_unknown(root: etree._Element) -> None:
    """The template of the document is one that nobody publishes; others, of IHE say, stay."""
    for template in root.findall(cda.X_TEMPLATE_ID, ns.PREFIXES):
        if template.get("root", "").startswith(codes.TEMPLATE_ROOT):
            template.set("root", UNKNOWN_TEMPLATE)
            return
    refuse("faults", "the document claims no eHDSI template to alter")


def code_outside_value_set(root: etree._Element) -> None:
    """The first coded value of an entry has a code that its code system does not know."""
    body = _only(root, cda.X_STRUCTURED_BODY)
    for value in body.iter(ns.clark(ns.HL7, "value")):
        if (value.get(_XSI_TYPE) or "").rpartition(":")[2] in _CODED and value.get("code"):
            value.set("code", UNKNOWN_CODE)
            return
    refuse("faults", "the document has no coded value to alter")


def translations_missing(root: etree._Element) -> None:
    """No code says any more what it was translated from."""
    found = [t for t in root.iter(ns.clark(ns.HL7, "translation")) if t.get("code")]
    if not found:
        refuse("faults", "the document has no translated code to alter")
    for translation in found:
        parent = translation.getparent()
        assert parent is not None, "a translation lies in a code"
        parent.remove(translation)


def schema_location_added(root: etree._Element) -> None:
    """The document element names a schema file, as authoring tools like to."""
    root.set(_SCHEMA_LOCATION, f"{ns.HL7} CDA.xsd")


def text_missing(root: etree._Element) -> None:
    """The body of a level 1 document holds no file."""
    _only(root, cda.X_NON_XML_TEXT).text = None


def _file(change: Callable[[bytes], bytes]) -> DocumentChange:
    """The file embedded in a level 1 document changed."""

    def apply(root: etree._Element) -> None:
        holder = _only(root, cda.X_NON_XML_TEXT)
        holder.text = base64.b64encode(change(base64.b64decode(holder.text or ""))).decode("ascii")

    return apply


def _encrypted(pdf: bytes) -> bytes:
    """The trailer names an encryption dictionary, so that no reader opens the file without a password."""
    if not _PDF_TRAILER.search(pdf):
        refuse("faults", "the embedded file is no PDF with a trailer")
    return _PDF_TRAILER.sub(rb"trailer\n<< /Encrypt << /Filter /Standard /V 1 /R 2 /P -4 >>", pdf)


def _no_archive(pdf: bytes) -> bytes:
    """The metadata do not claim PDF/A; as long as before, so that no offset moves."""
    if not _PDF_A_PART.search(pdf):
        refuse("faults", "the embedded file does not claim PDF/A")
    return _PDF_A_PART.sub(lambda found: found[1].replace(b"pdfaid", b"nopdfa"), pdf).replace(
        b"xmlns:pdfaid", b"xmlns:nopdfa"
    )


not_a_pdf = _file(lambda _: _NO_PDF)
pdf_encrypted = _file(_encrypted)
pdf_not_archival = _file(_no_archive)
representation_missing = _attribute(cda.X_NON_XML_TEXT, "representation", "TXT")
code_wrong = _attribute(cda.X_CODE, "code", "00000-0")
confidentiality_unknown = _attribute("hl7:confidentialityCode", "code", UNKNOWN_CONFIDENTIALITY)
language_without_country = _attribute("hl7:languageCode", "code", OTHER_LANGUAGE.partition("-")[0])
language_other = _attribute("hl7:languageCode", "code", OTHER_LANGUAGE)
custodian_country_missing = _removed(cda.X_CUSTODIAN_COUNTRY)
authenticator_missing = _removed("hl7:legalAuthenticator")
parent_missing = _removed(cda.X_RELATED_DOCUMENT)
family_missing = _removed(cda.X_PATIENT_NAME + "/hl7:family")
birth_missing = _removed("hl7:recordTarget/hl7:patientRole/hl7:patient/hl7:birthTime")
patient_other = _attribute(cda.X_PATIENT_ID, "extension", "P-404404")
id_other = _attribute(cda.X_ID, "root", OTHER_ID)
