"""ITI-39, retrieve: the answer of country A (XCAR-A) and the request of country B (XCAR-B).

Sources: IHE ITI TF-2, 3.39 and 3.43; eHDSI XCA profile.
"""

import re
from collections.abc import Iterator

from harness.checks._earlier import has_listing, listed
from harness.checks._places import accepted, of_error, one_of, place, said, unless_in, warning
from harness.checks._registry import Context, check
from harness.checks._view import View
from harness.checks.xcaq_entries import PDF, XML
from harness.errors import WireError
from harness.model import Finding, Location
from harness.wire import cda, codes, xds

PDF_MARK = b"%PDF"
_STATUSES = tuple(codes.RESPONSE_STATUSES.values())
_OID = re.compile(r"[0-2](\.(0|[1-9]\d*))+")
_FILE_NAME = re.compile(r".*\^\S+\.XML", re.IGNORECASE)


def _answered(view: View, _: Context) -> bool:
    return view.retrieve_answer is not None


def _has_documents(view: View, _: Context) -> bool:
    return bool(view.retrieved)


def _document_place(view: View, number: int, path: str = "") -> Location:
    return place(view, f"{xds.X_DOCUMENT}[{number}]/{path}")


@check("XCAR-A-001", actor="ncpeh-a", on="ITI-39", when=_answered)
def answer_has_a_status_and_the_documents(view: View, _: Context) -> Iterator[Finding]:
    """RegistryResponse has a status, and success brings each document asked for. Source: IHE ITI TF-2, 3.43.4.2.2."""
    answer = view.retrieve_answer
    if answer is None:
        return
    yield from unless_in(place(view, xds.X_RETRIEVE_STATUS), answer.status, _STATUSES)
    request = view.retrieve_request
    asked, came = len(request.documents) if request is not None else 0, len(answer.documents)
    if answer.status == codes.STATUS_SUCCESS and came < asked:
        at = place(view, xds.X_DOCUMENT)
        if came == 1:
            yield accepted(at, f"{asked} documents", "the first alone", "DEV-28")
        else:
            yield Finding(at=at, expected=f"{asked} documents", found=str(came))
    elif request is not None and came > asked:
        yield Finding(at=place(view, xds.X_DOCUMENT), expected=f"{asked} documents at most", found=str(came))


@check(
    "XCAR-A-002",
    actor="ncpeh-a",
    on="ITI-39",
    when=lambda v, c: _has_documents(v, c) and v.retrieve_request is not None,
)
def documents_repeat_what_was_asked(view: View, _: Context) -> Iterator[Finding]:
    """DocumentResponse names home community, repository and document of a request. Source: IHE ITI TF-2, 3.43.5."""
    request = view.retrieve_request
    asked = request.documents if request is not None else ()
    for number, document in enumerate(view.retrieved, start=1):
        match = next((a for a in asked if a.id == document.id), None)
        at = _document_place(view, number, "xds:DocumentUniqueId")
        if match is None:
            yield Finding(at=at, expected=one_of(tuple(said(a.id) for a in asked)), found=said(document.id))
            continue
        at = _document_place(view, number, "xds:RepositoryUniqueId")
        yield from unless_in(at, document.repository, (said(match.repository),))
        if match.home is not None:
            yield from unless_in(_document_place(view, number, "xds:HomeCommunityId"), document.home, (match.home,))


@check("XCAR-A-003", actor="ncpeh-a", on="ITI-39", when=_has_documents)
def document_mime_type_is_xml(view: View, _: Context) -> Iterator[Finding]:
    """mimeType is text/xml; application/pdf is met for level 1. Source: IHE ITI TF-2, 3.43.5; eHDSI XCA profile."""
    for number, document in enumerate(view.retrieved, start=1):
        at = _document_place(view, number, "xds:mimeType")
        if document.mime_type == PDF:
            yield warning(at, XML, PDF, "DEV-21")
        else:
            yield from unless_in(at, document.mime_type, (XML,))


@check("XCAR-A-004", actor="ncpeh-a", on="ITI-39", when=_has_documents)
def document_is_attached_or_inline(view: View, _: Context) -> Iterator[Finding]:
    """Document holds an xop:Include or base64. Source: IHE ITI TF-2, 3.43.4.2.2; W3C XOP."""
    for number, document in enumerate(view.retrieved, start=1):
        if document.form == "absent" or not document.content:
            found = "no Document" if document.form == "absent" else "an empty one"
            yield Finding(at=_document_place(view, number, "xds:Document"), expected="a document", found=found)


def _named(view: View) -> Iterator[tuple[int, xds.RetrievedDocument, cda.CdaHeader]]:
    for number, document in enumerate(view.retrieved, start=1):
        header = view.headers[number - 1]
        if not isinstance(header, WireError) and header.unique_id and document.id:
            yield number, document, header


@check("XCAR-A-005", actor="ncpeh-a", on="ITI-39", when=lambda v, _: next(_named(v), None) is not None)
def document_id_is_the_one_asked(view: View, _: Context) -> Iterator[Finding]:
    """The id of the CDA is DocumentUniqueId as root^extension. Source: IHE PCC TF-2, 4.1.1."""
    for number, document, header in _named(view):
        if header.unique_id != document.id:
            at = Location(message=f"response/document:{number - 1}", xpath=f"/hl7:ClinicalDocument/{cda.X_ID}")
            if _FILE_NAME.fullmatch(document.id or ""):
                yield warning(at, said(document.id), said(header.unique_id), "DEV-29")
            else:
                yield Finding(at=at, expected=said(document.id), found=said(header.unique_id))


def _level_1(view: View, context: Context) -> Iterator[tuple[int, xds.RetrievedDocument, str | None]]:
    """Each document that is or ought to be of level 1: position from 0, document, kind."""
    for index, document in enumerate(view.retrieved):
        if not document.content:
            continue
        header, entry = view.headers[index], listed(context, document.id)
        kind = header.kind if not isinstance(header, WireError) else None
        if kind is None and entry is not None and entry.class_code is not None:
            known = codes.kind_of_class_code(entry.class_code.code or "")
            kind = known.kind if known is not None else None
        by_header = not isinstance(header, WireError) and header.level == 1
        by_entry = entry is not None and entry.level == 1
        if by_header or by_entry or document.content.startswith(PDF_MARK):
            yield index, document, kind


@check("XCAR-A-007", actor="ncpeh-a", on="ITI-39", when=lambda v, c: next(_level_1(v, c), None) is not None)
def level_1_carries_the_file_as_base64(view: View, context: Context) -> Iterator[Finding]:
    """A level 1 document is a CDA with the PDF as B64 in nonXMLBody. Source: eHDSI CDA Implementation Guide, level 1."""
    for index, document, kind in _level_1(view, context):
        at = Location(message=f"response/document:{index}")
        expected = "a CDA with the file in nonXMLBody"
        if document.content.startswith(PDF_MARK):
            yield Finding(at=at, expected=expected, found="a bare PDF", deviation="DEV-21")
            continue
        try:
            cda.embedded(document.content)
        except WireError as exc:
            yield of_error(exc, at, expected)
            continue
        header = view.headers[index]
        if not isinstance(header, WireError) and kind != "orcd-image":
            path = f"/hl7:ClinicalDocument/{cda.X_NON_XML_TEXT}/@mediaType"
            at = Location(message=at.message, xpath=path)
            yield from unless_in(at, header.media_type, (PDF,))


def _embedded(view: View, context: Context) -> Iterator[tuple[int, bytes]]:
    for index, document, kind in _level_1(view, context):
        if kind == "orcd-image" or document.content.startswith(PDF_MARK):
            continue
        try:
            yield index, cda.embedded(document.content)
        except WireError:
            continue


@check("XCAR-A-008", actor="ncpeh-a", on="ITI-39", when=lambda v, c: next(_embedded(v, c), None) is not None)
def embedded_file_is_a_pdf(view: View, context: Context) -> Iterator[Finding]:
    """The file in nonXMLBody begins with the mark of a PDF. Source: ISO 32000-1, 7.5.2."""
    for index, content in _embedded(view, context):
        if not content.startswith(PDF_MARK):
            at = Location(message=f"response/document:{index}", xpath=f"/hl7:ClinicalDocument/{cda.X_NON_XML_TEXT}")
            yield Finding(at=at, expected="%PDF", found=repr(content[:4]))


def _chained(view: View, context: Context) -> bool:
    return any(listed(context, d.id) is not None for d in view.retrieved)


@check("XCAR-A-021", actor="ncpeh-a", on="ITI-39", when=_chained)
def repository_is_the_one_listed(view: View, context: Context) -> Iterator[Finding]:
    """The document comes from the repository that the query listed for it. Source: IHE ITI TF-2, 3.39.4.1.3."""
    for number, document in enumerate(view.retrieved, start=1):
        entry = listed(context, document.id)
        if entry is not None and entry.repository_id:
            at = _document_place(view, number, "xds:RepositoryUniqueId")
            yield from unless_in(at, document.repository, (entry.repository_id,))


@check("XCAR-B-001", actor="ncpeh-b", on="ITI-39", when=lambda v, _: v.retrieve_request is not None)
def request_names_what_the_query_listed(view: View, context: Context) -> Iterator[Finding]:
    """Home community, repository and document are those of an entry listed before. Source: IHE ITI TF-2, 3.39.4.1.2."""
    request = view.retrieve_request
    documents = request.documents if request is not None else ()
    if not documents:
        yield Finding(at=place(view, xds.X_REQUEST), expected="a DocumentRequest", found="nothing")
    for number, asked in enumerate(documents, start=1):
        path = f"{xds.X_REQUEST}[{number}]/xds:"
        entry = listed(context, asked.id)
        at = place(view, path + "DocumentUniqueId")
        if not asked.id:
            yield Finding(at=at, expected="a DocumentUniqueId", found="nothing")
        elif entry is None and has_listing(context):
            yield Finding(at=at, expected="the uniqueId of an entry listed before", found=asked.id)
        yield from _repository(place(view, path + "RepositoryUniqueId"), asked, entry)
        at = place(view, path + "HomeCommunityId")
        if not asked.home:
            yield warning(at, "a HomeCommunityId", "nothing", "DEV-30")
        elif entry is not None and entry.home:
            yield from unless_in(at, asked.home, (entry.home,))


def _repository(at: Location, asked: xds.DocumentRequest, entry: xds.DocumentEntry | None) -> Iterator[Finding]:
    if not asked.repository:
        yield Finding(at=at, expected="a RepositoryUniqueId", found="nothing")
    elif not _OID.fullmatch(asked.repository):
        yield warning(at, "an OID", asked.repository, "DEV-31")
    elif entry is not None and entry.repository_id:
        yield from unless_in(at, asked.repository, (entry.repository_id,))
