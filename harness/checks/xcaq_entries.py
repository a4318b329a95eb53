"""ITI-38, the document entries in the answer of country A (XCAQ-A-007 to 023).

Sources: IHE ITI TF-3, 4.2.3; eHDSI XCA profile.
"""

import hashlib
import re
from collections.abc import Iterator

from harness.checks._earlier import listed, own_home, treated
from harness.checks._places import accepted, one_of, place, said, unless_in, warning
from harness.checks._registry import Context, check
from harness.checks._view import View
from harness.model import Finding, Location
from harness.wire import codes, xds

PAIRED_KINDS = ("patient-summary", "eprescription")
XML, PDF = "text/xml", "application/pdf"
_OID = re.compile(r"[0-2](\.(0|[1-9]\d*))+")
_DTM = re.compile(r"\d{4}(\d\d){0,5}")
_LANGUAGE = re.compile(r"[a-z]{2}-[A-Z]{2}")
_COUNTRY = re.compile(r"[A-Z]{2}")
_DAY_LENGTH = 8


def _entries(view: View) -> Iterator[tuple[int, xds.DocumentEntry]]:
    yield from enumerate(view.query_answer.entries if view.query_answer is not None else (), start=1)


def _has_entries(view: View, _: Context) -> bool:
    return view.query_answer is not None and bool(view.query_answer.entries)


def _has_entries_of_a(view: View, context: Context) -> bool:
    return _has_entries(view, context) and own_home(context) is not None


def _at(view: View, number: int, path: str = "") -> Location:
    return place(view, f"{xds.X_ENTRY}[{number}]/{path}")


def _slot(name: str) -> str:
    return f"rim:Slot[@name='{name}']"


def _class(scheme: str) -> str:
    return f"rim:Classification[@classificationScheme='{scheme}']"


def _kind(entry: xds.DocumentEntry) -> codes.DocumentKind | None:
    return codes.kind_of_class_code(entry.class_code.code or "") if entry.class_code is not None else None


def _is_sample_entry(entry: xds.DocumentEntry) -> bool:
    """Whether this is the entry of DEV-20: no type code, no language, and a creation time that is a mere day."""
    return entry.type_code is None and entry.language is None and len(entry.creation_time or "") == _DAY_LENGTH


@check("XCAQ-A-007", actor="ncpeh-a", on="ITI-38", when=_has_entries_of_a)
def home_is_country_a(view: View, context: Context) -> Iterator[Finding]:
    """ExtrinsicObject/@home is the home community of A as urn:oid. Source: IHE ITI TF-2, 3.38.4.1.3."""
    wanted = f"urn:oid:{own_home(context)}"
    for number, entry in _entries(view):
        yield from unless_in(_at(view, number, "@home"), entry.home, (wanted,))


@check("XCAQ-A-008", actor="ncpeh-a", on="ITI-38", when=_has_entries)
def repository_is_an_oid(view: View, _: Context) -> Iterator[Finding]:
    """repositoryUniqueId is there and an OID. Source: IHE ITI TF-3, 4.2.3.2.18."""
    for number, entry in _entries(view):
        if not _OID.fullmatch(entry.repository_id or ""):
            at = _at(view, number, _slot("repositoryUniqueId"))
            yield Finding(at=at, expected="an OID", found=said(entry.repository_id))


@check("XCAQ-A-009", actor="ncpeh-a", on="ITI-38", when=_has_entries)
def entries_are_identified(view: View, _: Context) -> Iterator[Finding]:
    """uniqueId and patientId are there, uniqueId once. Source: IHE ITI TF-3, 4.2.3.2.16 and 4.2.3.2.26."""
    seen: set[str] = set()
    for number, entry in _entries(view):
        if entry.unique_id and entry.unique_id in seen:
            found = "the uniqueId of another entry"
            yield Finding(at=_at(view, number), expected="each document once", found=found)
        seen.add(entry.unique_id or "")
        for name, value in (("uniqueId", entry.unique_id), ("patientId", entry.patient_id)):
            if not value:
                at = _at(view, number, "rim:ExternalIdentifier")
                yield Finding(at=at, expected=f"an ExternalIdentifier for {name}", found="nothing")


@check("XCAQ-A-010", actor="ncpeh-a", on="ITI-38", when=_has_entries)
def entries_are_of_one_patient(view: View, _: Context) -> Iterator[Finding]:
    """All entries have the same patientId. Source: IHE ITI TF-2, 3.18.4.1.2.3.1 (XDSResultNotSinglePatient)."""
    found = {entry.patient_id for _, entry in _entries(view) if entry.patient_id}
    if len(found) > 1:
        yield Finding(at=place(view, xds.X_OBJECTS), expected="1 patient", found=f"{len(found)} patients")


@check("XCAQ-A-011", actor="ncpeh-a", on="ITI-38", when=lambda v, c: _has_entries(v, c) and treated(v) is not None)
def patient_is_that_of_the_trc_assertion(view: View, _: Context) -> Iterator[Finding]:
    """patientId is the CX id of the TRC assertion. Source: eHDSI XCA profile; IHE ITI TF-3, 4.2.3.1.7."""
    wanted = treated(view)
    for number, entry in _entries(view):
        if entry.patient_id and wanted is not None and entry.patient != wanted:
            at = _at(view, number, f"rim:ExternalIdentifier[@identificationScheme='{codes.SCHEME_PATIENT_ID}']/@value")
            yield Finding(at=at, expected=wanted.cx, found=entry.patient_id)


@check("XCAQ-A-012", actor="ncpeh-a", on="ITI-38", when=_has_entries)
def creation_language_and_source_patient_are_given(view: View, _: Context) -> Iterator[Finding]:
    """creationTime, languageCode and sourcePatientId are there and well formed. Source: IHE ITI TF-3, 4.2.3.2."""
    for number, entry in _entries(view):
        sample = _is_sample_entry(entry)
        if not _DTM.fullmatch(entry.creation_time or ""):
            at = _at(view, number, _slot("creationTime"))
            yield Finding(at=at, expected="a time yyyyMMddHHmmss", found=said(entry.creation_time))
        if not entry.language:
            at = _at(view, number, _slot("languageCode"))
            expected, found = "a languageCode", "nothing"
            if sample:
                yield warning(at, expected, found, "DEV-20")
            else:
                yield Finding(at=at, expected=expected, found=found)
        if xds.parse_cx(entry.source_patient_id or "") is None:
            at = _at(view, number, _slot("sourcePatientId"))
            yield Finding(at=at, expected="an id in CX form", found=said(entry.source_patient_id))


@check("XCAQ-A-013", actor="ncpeh-a", on="ITI-38", when=_has_entries)
def class_and_type_are_the_code_of_the_kind(view: View, _: Context) -> Iterator[Finding]:
    """classCode and typeCode are the LOINC code of a document kind. Source: eHDSI XCA profile, class codes."""
    known = tuple(k.class_code for k in codes.KINDS.values())
    for number, entry in _entries(view):
        class_code = entry.class_code.code if entry.class_code else None
        type_code = entry.type_code.code if entry.type_code else None
        if class_code not in known:
            at = _at(view, number, _class(codes.SCHEME_CLASS_CODE))
            yield Finding(at=at, expected="the class code of a document kind", found=said(class_code))
        at, kind = _at(view, number, _class(codes.SCHEME_TYPE_CODE)), _kind(entry)
        if type_code is None and _is_sample_entry(entry):
            yield warning(at, said(class_code), "nothing", "DEV-20")
        elif type_code is None or (kind is not None and kind.kind in PAIRED_KINDS and type_code != class_code):
            # OrCD type codes come from value sets of many codes; one is all that can be asked here.
            yield Finding(at=at, expected=said(class_code), found=said(type_code))


@check("XCAQ-A-014", actor="ncpeh-a", on="ITI-38", when=lambda v, _: any(_kind(e) for _, e in _entries(v)))
def format_belongs_to_the_kind(view: View, _: Context) -> Iterator[Finding]:
    """formatCode is one of the kind's codes for a level, in any case. Source: eHDSI XCA profile, format codes."""
    for number, entry in _entries(view):
        kind, found = _kind(entry), entry.format_code.code if entry.format_code else None
        if kind is not None and kind.formats and codes.level_of_format(kind.kind, found or "") is None:
            wanted = tuple(f for formats in kind.formats.values() for f in formats)
            yield Finding(
                at=_at(view, number, _class(codes.SCHEME_FORMAT_CODE)), expected=one_of(wanted), found=said(found)
            )


@check("XCAQ-A-015", actor="ncpeh-a", on="ITI-38", when=_has_entries)
def confidentiality_is_n_r_or_v(view: View, _: Context) -> Iterator[Finding]:
    """confidentialityCode is N, R or V. Source: eHDSI XCA profile; HL7 Confidentiality."""
    for number, entry in _entries(view):
        at = _at(view, number, _class(codes.SCHEME_CONFIDENTIALITY))
        if not entry.confidentiality_codes:
            yield Finding(at=at, expected=one_of(codes.CONFIDENTIALITY_CODES), found="nothing")
        for coded in entry.confidentiality_codes:
            yield from unless_in(at, coded.code, codes.CONFIDENTIALITY_CODES)


@check("XCAQ-A-016", actor="ncpeh-a", on="ITI-38", when=_has_entries)
def facility_type_is_the_country(view: View, context: Context) -> Iterator[Finding]:
    """healthcareFacilityTypeCode is the country of the system, from ISO 3166-1. Source: eHDSI XCA profile."""
    country = context.sut.actors[context.actor].country if context.actor in context.sut.actors else ""
    for number, entry in _entries(view):
        found, at = entry.facility_type_code, _at(view, number, _class(codes.SCHEME_FACILITY_TYPE))
        if found is None or not _COUNTRY.fullmatch(found.code or ""):
            yield Finding(at=at, expected=country or "a country code", found=said(found.code if found else None))
        elif country and found.code != country:
            yield Finding(at=at, expected=country, found=said(found.code))
        elif found.scheme != codes.ISO_COUNTRIES:
            yield Finding(at=at, expected=codes.ISO_COUNTRIES, found=said(found.scheme))


@check("XCAQ-A-017", actor="ncpeh-a", on="ITI-38", when=_has_entries)
def practice_setting_is_given(view: View, _: Context) -> Iterator[Finding]:
    """practiceSettingCode is there, "Not Used" allowed. Source: IHE ITI TF-3, 4.2.3.2.17."""
    for number, entry in _entries(view):
        if entry.practice_setting_code is None or not entry.practice_setting_code.code:
            at = _at(view, number, _class(codes.SCHEME_PRACTICE_SETTING))
            yield Finding(at=at, expected="a practiceSettingCode", found="nothing")


@check("XCAQ-A-018", actor="ncpeh-a", on="ITI-38", when=lambda v, _: any(e.language for _, e in _entries(v)))
def language_has_a_country(view: View, _: Context) -> Iterator[Finding]:
    """languageCode has the form nn-CC. Source: eHDSI XCA profile; IETF BCP 47."""
    for number, entry in _entries(view):
        if entry.language and not _LANGUAGE.fullmatch(entry.language):
            yield Finding(at=_at(view, number, _slot("languageCode")), expected="nn-CC", found=entry.language)


def _paired(view: View, _: Context) -> bool:
    return any((k := _kind(e)) is not None and k.kind in PAIRED_KINDS for _, e in _entries(view))


def _of_level(view: View, kind: str, level: int) -> list[tuple[int, xds.DocumentEntry]]:
    return [(n, e) for n, e in _entries(view) if (k := _kind(e)) is not None and k.kind == kind and e.level == level]


@check("XCAQ-A-019", actor="ncpeh-a", on="ITI-38", when=_paired)
def documents_come_in_two_levels(view: View, _: Context) -> Iterator[Finding]:
    """Patient summaries and prescriptions have as many level 1 entries as level 3 ones. Source: eHDSI XCA profile."""
    for kind in PAIRED_KINDS:
        structured, files = len(_of_level(view, kind, 3)), len(_of_level(view, kind, 1))
        if structured != files:
            found = f"{structured} of level 3, {files} of level 1"
            yield Finding(at=place(view, xds.X_OBJECTS), expected=f"{kind} in pairs of level 3 and 1", found=found)


def _has_both_levels(view: View, _: Context) -> bool:
    return any(_of_level(view, kind, 1) and _of_level(view, kind, 3) for kind in PAIRED_KINDS)


@check("XCAQ-A-020", actor="ncpeh-a", on="ITI-38", when=_has_both_levels)
def an_association_links_pdf_to_xml(view: View, _: Context) -> Iterator[Finding]:
    """Each level 1 entry is the source of an XFRM association to a level 3 entry. Source: eHDSI XCA profile."""
    answer = view.query_answer
    links = answer.associations if answer is not None else ()
    at = place(view, xds.X_ASSOCIATION)
    transforms = [(a.source, a.target) for a in links if a.type == codes.ASSOCIATION_XFRM]
    for kind in PAIRED_KINDS:
        structured = {e.id for _, e in _of_level(view, kind, 3)}
        if not structured:
            continue
        forward = {source for source, target in transforms if target in structured}
        backward = {target for source, target in transforms if source in structured}
        for entry in [e for _, e in _of_level(view, kind, 1)]:
            if entry.id not in forward:
                reverse = entry.id in backward
                found = "the association in the other direction" if reverse else "no such association"
                yield Finding(at=at, expected="XFRM from the PDF entry to the XML entry", found=found)


@check("XCAQ-A-021", actor="ncpeh-a", on="ITI-38", when=_has_entries)
def mime_type_is_xml(view: View, _: Context) -> Iterator[Finding]:
    """mimeType is text/xml, also where the XML carries a PDF. Source: eHDSI XCA profile."""
    for number, entry in _entries(view):
        at = _at(view, number, "@mimeType")
        if entry.mime_type == PDF and entry.level == 1:
            yield warning(at, XML, PDF, "DEV-21")
        else:
            yield from unless_in(at, entry.mime_type, (XML,))


def _retrieved_listed(view: View, context: Context) -> Iterator[tuple[int, xds.RetrievedDocument, xds.DocumentEntry]]:
    for number, document in enumerate(view.retrieved, start=1):
        entry = listed(context, document.id)
        if entry is not None and document.form != "absent":
            yield number, document, entry


@check("XCAQ-A-022", actor="ncpeh-a", on="ITI-39", when=lambda v, c: next(_retrieved_listed(v, c), None) is not None)
def hash_and_size_are_those_of_the_document(view: View, context: Context) -> Iterator[Finding]:
    """hash and size of the entry fit the bytes retrieved, or mark an on-demand document. Source: IHE ITI TF-3, 4.2.3.2.9."""
    for number, document, entry in _retrieved_listed(view, context):
        at = place(view, f"{xds.X_DOCUMENT}[{number}]/xds:Document")
        if entry.object_type == codes.OBJECT_ON_DEMAND_DOCUMENT:
            continue
        if entry.size == "0" and entry.hash in (None, codes.EMPTY_SHA1):
            yield accepted(at, "hash and size of the document", "size 0 and hash of nothing", "DEV-22")
            continue
        sha1 = hashlib.sha1(document.content, usedforsecurity=False).hexdigest()
        if not entry.hash:
            yield warning(at, sha1, "no hash in the entry", "DEV-22")
        elif entry.hash.lower() != sha1:
            yield Finding(at=at, expected=f"hash {entry.hash} as listed", found=sha1)
        if entry.size is not None and entry.size != str(len(document.content)):
            yield Finding(at=at, expected=f"{entry.size} bytes as listed", found=f"{len(document.content)} bytes")


def _prescriptions(view: View) -> Iterator[tuple[int, xds.DocumentEntry]]:
    yield from ((n, e) for n, e in _entries(view) if (k := _kind(e)) is not None and k.kind == "eprescription")


@check("XCAQ-A-023", actor="ncpeh-a", on="ITI-38", when=lambda v, _: next(_prescriptions(v), None) is not None)
def prescriptions_say_whether_they_can_be_dispensed(view: View, _: Context) -> Iterator[Finding]:
    """An eP entry has the event code open or closed. Source: eHDSI XCA profile; IHE PHARM XDW event codes."""
    states = (codes.EVENT_DISPENSABLE, codes.EVENT_NOT_DISPENSABLE)
    for number, entry in _prescriptions(view):
        found = [c.code for c in entry.event_codes if c.code in states and c.scheme == codes.XDW_EVENT]
        if len(found) != 1:
            at = _at(view, number, _class(codes.SCHEME_EVENT_CODES))
            yield Finding(at=at, expected=one_of(states), found=f"{len(found)} of them")
