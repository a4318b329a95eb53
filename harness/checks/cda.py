"""Retrieved documents (CDA): header, levels, mandatory sections, whose they are.

Sources: HL7 CDA R2; eHDSI CDA Implementation Guide, document templates and header. Rules of the content proper are those of
the Schematron in the packs.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from lxml import etree

from harness.checks._earlier import asked_patient, listed
from harness.checks._places import of_error, one_of, said, under, unless_in, warning
from harness.checks._registry import Context, check
from harness.checks._view import View
from harness.checks.xcaq_entries import PAIRED_KINDS
from harness.checks.xcar import PDF_MARK
from harness.errors import WireError
from harness.model import Finding, Location, PatientId
from harness.wire import cda, codes, ns

SUMMARY_SECTIONS = {
    "1.3.6.1.4.1.12559.11.10.1.3.1.2.3": "medication summary",
    "1.3.6.1.4.1.12559.11.10.1.3.1.2.12": "allergies",
    "1.3.6.1.4.1.12559.11.10.1.3.1.2.11": "procedures",
    "1.3.6.1.4.1.12559.11.10.1.3.1.2.9": "active problems",
    "1.3.6.1.4.1.12559.11.10.1.3.1.2.4": "medical devices",
}
"""Section templates every patient summary has. Source: eHDSI CDA Implementation Guide, patient summary."""
_GENDERS = ("F", "M", "UN")
_LANGUAGE = re.compile(r"[a-z]{2}-[A-Z]{2}")
_SCHEMA_LOCATION = ns.clark(ns.XSI, "schemaLocation")
_UTF_8 = ("UTF-8", "US-ASCII", "ASCII")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Document:
    """A retrieved CDA: where findings place it, its document element, header, and the kind it is or ought to be."""

    message: str
    root: etree._Element
    header: cda.CdaHeader
    kind: codes.DocumentKind | None

    def at(self, path: str = "") -> Location:
        return under(self.root, path, self.message)


def _documents(view: View, context: Context) -> Iterator[_Document]:
    for index, (root, header) in enumerate(zip(view.documents, view.headers, strict=True)):
        if isinstance(root, WireError) or isinstance(header, WireError):
            continue
        kind = codes.KINDS.get(header.kind or "") or codes.kind_of_class_code(header.code or "")
        kind = kind or _listed_kind(context, view.retrieved[index].id)
        yield _Document(message=f"response/document:{index}", root=root, header=header, kind=kind)


def _listed_kind(context: Context, document_id: str | None) -> codes.DocumentKind | None:
    entry = listed(context, document_id)
    return codes.kind_of_class_code(entry.class_code.code or "") if entry is not None and entry.class_code else None


def _any(view: View, context: Context) -> bool:
    return next(_documents(view, context), None) is not None


def _in_pairs(document: _Document) -> bool:
    return document.kind is not None and document.kind.kind in PAIRED_KINDS


@check("CDA-001", actor="ncpeh-a", on="ITI-39", when=_any)
def template_fits_kind_and_level(view: View, context: Context) -> Iterator[Finding]:
    """One templateId is that of the document's kind and level. Source: eHDSI CDA Implementation Guide, document templates."""
    for document in _documents(view, context):
        kind, level = document.kind, document.header.level
        if kind is not None and level is not None and level in kind.templates:
            wanted: tuple[str, ...] = (kind.templates[level],)
        else:
            wanted = tuple(kind.templates.values()) if kind is not None else ()
        found = [t.root for t in document.header.template_ids if t.root]
        if not set(found) & set(wanted) or (kind is not None and level not in kind.templates):
            expected = one_of(wanted) if wanted else f"a document template below {codes.TEMPLATE_ROOT}"
            shown = (", ".join(found) or "none") + f" on a document of level {level or 'neither 1 nor 3'}"
            yield Finding(at=document.at(cda.X_TEMPLATE_ID), expected=expected, found=shown)


@check("CDA-002", actor="ncpeh-a", on="ITI-39", when=_any)
def code_is_that_of_the_kind(view: View, context: Context) -> Iterator[Finding]:
    """code is the LOINC code of the kind and has a displayName. Source: eHDSI CDA Implementation Guide, header."""
    for document in _documents(view, context):
        header, kind, at = document.header, document.kind, document.at(cda.X_CODE)
        if not header.code or kind is None:
            yield Finding(at=at, expected="the LOINC code of a document kind", found=said(header.code))
        elif not kind.kind.startswith("orcd-"):
            # Value sets with many codes stand behind the OrCD kinds; looking those up is the packs' business.
            yield from unless_in(at, header.code, (kind.class_code,))
        if header.code:
            yield from unless_in(document.at(cda.X_CODE + "/@codeSystem"), header.code_system, (codes.LOINC,))
            element = document.root.find(cda.X_CODE, ns.PREFIXES)
            if element is not None and not element.get("displayName"):
                yield Finding(at=document.at(cda.X_CODE + "/@displayName"), expected="a displayName", found="nothing")


@check("CDA-003", actor="ncpeh-a", on="ITI-39", when=_any)
def document_confidentiality_is_n_r_or_v(view: View, context: Context) -> Iterator[Finding]:
    """confidentialityCode is N, R or V. Source: eHDSI CDA Implementation Guide, header."""
    for document in _documents(view, context):
        at = document.at(cda.X_CONFIDENTIALITY)
        yield from unless_in(at, document.header.confidentiality, codes.CONFIDENTIALITY_CODES)


@check("CDA-004", actor="ncpeh-a", on="ITI-39", when=_any)
def document_language_has_a_country(view: View, context: Context) -> Iterator[Finding]:
    """languageCode has the form nn-CC. Source: eHDSI CDA Implementation Guide, header."""
    for document in _documents(view, context):
        if not _LANGUAGE.fullmatch(document.header.language or ""):
            yield Finding(at=document.at(cda.X_LANGUAGE), expected="nn-CC", found=said(document.header.language))


@check("CDA-005", actor="ncpeh-a", on="ITI-39", when=_any)
def patient_is_described_in_full(view: View, context: Context) -> Iterator[Finding]:
    """patientRole has id, addr, telecom, name, gender and birth time. Source: eHDSI CDA Implementation Guide, recordTarget."""
    name = "hl7:patient/hl7:name/hl7:"
    for document in _documents(view, context):
        for part in ("hl7:id", "hl7:addr", "hl7:telecom", name + "family", name + "given", "hl7:patient/hl7:birthTime"):
            path = f"{cda.X_PATIENT_ROLE}/{part}"
            if document.root.find(path, ns.PREFIXES) is None:
                yield Finding(at=document.at(path), expected=part.replace("hl7:", ""), found="nothing")
        at, found = document.at(cda.X_PATIENT_GENDER), document.header.patient_gender
        gender = document.root.find(cda.X_PATIENT_GENDER.rpartition("/")[0], ns.PREFIXES)
        if found is None and gender is not None and gender.get("nullFlavor"):
            yield warning(at, one_of(_GENDERS), f"nullFlavor {gender.get('nullFlavor')}")
        else:
            yield from unless_in(at, found, _GENDERS)


@check("CDA-006", actor="ncpeh-a", on="ITI-39", when=_any)
def custodian_and_authenticator_are_named(view: View, context: Context) -> Iterator[Finding]:
    """One custodian with its country, one legalAuthenticator. Source: eHDSI CDA Implementation Guide, header."""
    for document in _documents(view, context):
        names = ["custodian"]
        if document.kind is None or document.kind.kind != "orcd-laboratory":
            names.append("legalAuthenticator")
        for name in names:
            count = len(document.root.findall(f"hl7:{name}", ns.PREFIXES))
            if count != 1:
                yield Finding(at=document.at(f"hl7:{name}"), expected=f"1 {name}", found=str(count))
        if not document.header.custodian_country:
            yield Finding(at=document.at(cda.X_CUSTODIAN_COUNTRY), expected="a country", found="nothing")


def _any_pair(view: View, context: Context) -> bool:
    return any(_in_pairs(d) for d in _documents(view, context))


@check("CDA-007", actor="ncpeh-a", on="ITI-39", when=_any_pair)
def document_names_what_it_was_made_from(view: View, context: Context) -> Iterator[Finding]:
    """relatedDocument XFRM names the parent document. Source: eHDSI CDA Implementation Guide, relatedDocument."""
    for document in _documents(view, context):
        if not _in_pairs(document):
            continue
        related = document.header.related_documents
        if not any(r.type == "XFRM" and r.id is not None for r in related):
            found = ", ".join(said(r.type) for r in related) or "nothing"
            yield Finding(at=document.at(cda.X_RELATED_DOCUMENT), expected="XFRM with the parent's id", found=found)


def _summaries(view: View, context: Context) -> Iterator[_Document]:
    for document in _documents(view, context):
        if document.kind is not None and document.kind.kind == "patient-summary" and document.header.level == 3:
            yield document


@check("CDA-008", actor="ncpeh-a", on="ITI-39", when=lambda v, c: next(_summaries(v, c), None) is not None)
def summary_has_the_mandatory_sections(view: View, context: Context) -> Iterator[Finding]:
    """A patient summary has its five sections. Source: eHDSI CDA Implementation Guide, patient summary."""
    path = cda.X_STRUCTURED_BODY + "/hl7:component/hl7:section/hl7:templateId"
    for document in _summaries(view, context):
        found = {t.get("root") for t in document.root.findall(path, ns.PREFIXES)}
        for template, name in SUMMARY_SECTIONS.items():
            if template not in found:
                at = document.at(cda.X_STRUCTURED_BODY)
                yield Finding(at=at, expected=f"section {name} ({template})", found="nothing")


@check("CDA-012", actor="ncpeh-a", on="ITI-39", when=_any)
def schema_location_is_left_out(view: View, context: Context) -> Iterator[Finding]:
    """No element has xsi:schemaLocation. Source: eHDSI CDA Implementation Guide; HL7 CDA R2 schema notes."""
    for document in _documents(view, context):
        holder = next((e for e in document.root.iter("*") if e.get(_SCHEMA_LOCATION) is not None), None)
        if holder is not None:
            at = under(holder, "@xsi:schemaLocation", document.message)
            yield Finding(at=at, expected="no xsi:schemaLocation", found="one")


def _documents_to_own(view: View, _: Context) -> bool:
    return any(d.content and not d.content.startswith(PDF_MARK) for d in view.retrieved)


@check("CDA-014", actor="ncpeh-a", on="ITI-39", when=_documents_to_own)
def document_is_of_the_patient_asked_for(view: View, context: Context) -> Iterator[Finding]:
    """The document is well-formed UTF-8, and its patient is the one of the request. Source: XML 1.0; eHDSI XCA profile."""
    patient = asked_patient(view, context)
    for index, root in enumerate(view.documents):
        content, message = view.retrieved[index].content, f"response/document:{index}"
        if not content or content.startswith(PDF_MARK):
            continue
        if isinstance(root, WireError):
            yield of_error(root, Location(message=message), "well-formed XML")
            continue
        encoding = (root.getroottree().docinfo.encoding or "UTF-8").upper()
        yield from unless_in(Location(message=message, line=1), encoding, _UTF_8)
        header = view.headers[index]
        if patient is None or isinstance(header, WireError):
            continue
        yield from _of_patient(root, header, patient, message)


def _of_patient(root: etree._Element, header: cda.CdaHeader, patient: PatientId, message: str) -> Iterator[Finding]:
    known = {(i.root, (i.extension or "")) for i in header.patient_ids}
    # An extension may carry the access code after a bar (DEV-12).
    wanted = {(patient.root, patient.extension), (patient.root, patient.extension.partition("|")[0])}
    if not known & wanted:
        found = ", ".join(i.cx for i in header.patient_ids) or "no patient id"
        yield Finding(at=under(root, cda.X_PATIENT_ID, message), expected=patient.cx, found=found)


def _submitted_papers(view: View) -> Iterator[tuple[str, etree._Element, cda.CdaHeader, PatientId]]:
    """Each readable document submitted, with the patient its entry names."""
    submission = view.submission
    if submission is None:
        return
    patients = {e.id: e.patient for e in submission.entries}
    for index, (document, root) in enumerate(zip(submission.documents, view.submitted, strict=True)):
        patient = patients.get(document.id)
        if patient is None or isinstance(root, WireError):
            continue
        try:
            yield f"request/document:{index}", root, cda.header_of(root), patient
        except WireError:
            continue


@check("CDA-014", actor="ncpeh-b", on="ITI-41", when=lambda v, _: next(_submitted_papers(v), None) is not None)
def submitted_document_is_of_the_patient_of_its_entry(view: View, _: Context) -> Iterator[Finding]:
    """The patient of a submitted document is the one its entry names. Source: eHDSI XDR profile; IHE PCC TF-2, 4.1.1."""
    for message, root, header, patient in _submitted_papers(view):
        yield from _of_patient(root, header, patient, message)
