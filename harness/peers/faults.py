"""Named ways in which our peer answers badly, as data: each changes one thing of an otherwise good answer.

Titles and explanations for readers stand in the catalogue; the names there and here are the same.
"""

import gzip
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from harness.model import Population, PopulationDocument
from harness.peers.answers import PlannedAnswer
from harness.peers.arguments import refuse
from harness.peers.publishing import AFTER_SIGNING, BEFORE_SIGNING, Publication
from harness.wire import codes, soap
from harness.wire.codes import KINDS
from harness.wire.xcpd import AckDetail, Acknowledgement, DiscoveryAnswer, Ii, reason
from harness.wire.xds import Coded, QueryAnswer, RegistryError, RegistryResponse, RetrieveAnswer

ALL = (codes.ITI_55, codes.ITI_38, codes.ITI_39, codes.ITI_41)
UNKNOWN_FORMAT = "urn:example:unknown:2099"
TRANSFORMATION_WARNING = "2502"  # a code could not be translated; the documents are there (XCAQ-B-010)
OTHER_ENTRY = "urn:uuid:00000000-0000-4000-8000-000000000404"
OVERSIZE = 32 * 1024 * 1024
_RELATES_TO = re.compile(rb"(<(?:[\w.-]+:)?RelatesTo[^>]*>)[^<]*")
OTHER_MESSAGE = Ii(root="00000000-0000-4000-8000-000000000404", extension="4040404040")


NO_CONSENT = RegistryError(code=codes.ERROR_NO_CONSENT, context="The patient has given no consent")
REASON_TEXTS: Mapping[str, str] = {
    codes.ERROR_PI_NO_MATCH: "No patient matches the search criteria",
    codes.ERROR_PI_GENERIC: "The patient cannot be identified",
}
"""What our peer says beside a code; no patient data."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """What a fault may draw on: who else lives in country A, and for how long to keep a caller waiting, in seconds.

    `soap_fault` (code, reason) makes the bytes of a SOAP fault in reply to the request.
    """

    population: Population
    slow_s: float
    soap_fault: Callable[[str, str], bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One bad answer: of its changes exactly one is set, by what it works on.

    A `publication` stands for the whole row instead of one answer, as a registry does.
    """

    name: str
    transactions: tuple[str, ...]
    discovery: Callable[[DiscoveryAnswer, Scene], DiscoveryAnswer] | None = None
    listing: Callable[[QueryAnswer, Scene], QueryAnswer] | None = None
    retrieval: Callable[[RetrieveAnswer, Scene], RetrieveAnswer] | None = None
    storing: Callable[[RegistryResponse, Scene], RegistryResponse] | None = None
    http: Callable[[PlannedAnswer, Scene], PlannedAnswer] | None = None
    publication: Callable[[Publication], Publication] | None = None


def _refused(answer: DiscoveryAnswer, *, ack: str, response: str, code: str, detail: str) -> DiscoveryAnswer:
    target = answer.target_message_id
    acknowledgement = Acknowledgement(
        type_code=ack, target_message_id=target, details=(AckDetail(code=detail, text=REASON_TEXTS[detail]),)
    )
    return replace(
        answer,
        acknowledgements=(acknowledgement,),
        query_response_code=response,
        subjects=(),
        issues=(reason(code),),
    )


def no_match(answer: DiscoveryAnswer) -> DiscoveryAnswer:
    """The good answer when nobody matches. Source: protocol facts 4.5, row no match."""
    return _refused(
        answer,
        ack=codes.ACK_ACCEPT,
        response=codes.QUERY_NO_MATCH,
        code=codes.REASON_ANSWER_NOT_AVAILABLE,
        detail=codes.ERROR_PI_NO_MATCH,
    )


def rights_missing(answer: DiscoveryAnswer) -> DiscoveryAnswer:
    """The good answer when consent or policy forbids one. Source: protocol facts 4.5, row consent or policy refusal."""
    return _refused(
        answer,
        ack=codes.ACK_ERROR,
        response=codes.QUERY_APPLICATION_ERROR,
        code=codes.REASON_INSUFFICIENT_RIGHTS,
        detail=codes.ERROR_PI_GENERIC,
    )


def more_traits_wanted(answer: DiscoveryAnswer) -> DiscoveryAnswer:
    """The good answer to too few search criteria. Source: protocol facts 4.4."""
    return _refused(
        answer,
        ack=codes.ACK_ERROR,
        response=codes.QUERY_APPLICATION_ERROR,
        code=codes.REASON_ADDITIONAL_DEMOGRAPHICS,
        detail=codes.ERROR_PI_GENERIC,
    )


def _no_match_as_error(answer: DiscoveryAnswer, _: Scene) -> DiscoveryAnswer:
    return _refused(
        answer,
        ack=codes.ACK_ERROR,
        response=codes.QUERY_APPLICATION_ERROR,
        code=codes.REASON_ANSWER_NOT_AVAILABLE,
        detail=codes.ERROR_PI_NO_MATCH,
    )


def _two_matches(answer: DiscoveryAnswer, _: Scene) -> DiscoveryAnswer:
    if not answer.subjects:
        refuse("faults", "nobody matched, so there is no match to repeat")
    first = answer.subjects[0]
    second = replace(first, ids=tuple(replace(i, extension=f"{i.extension}-2") for i in first.ids))
    return replace(answer, subjects=(first, second))


def _other_target(answer: DiscoveryAnswer, _: Scene) -> DiscoveryAnswer:
    changed = tuple(replace(a, target_message_id=OTHER_MESSAGE) for a in answer.acknowledgements)
    return replace(answer, acknowledgements=changed)


def _match_with_error(answer: DiscoveryAnswer, _: Scene) -> DiscoveryAnswer:
    return replace(
        answer, query_response_code=codes.QUERY_APPLICATION_ERROR, query_ack_status=codes.QUERY_APPLICATION_ERROR
    )


def no_documents(kinds: tuple[str, ...]) -> QueryAnswer:
    """The good answer when there is nothing of `kinds`: Success with a warning. Source: protocol facts 5.6."""
    code = codes.NOT_FOUND_BY_KIND.get(kinds[0] if kinds else "", codes.ERROR_DOCUMENT_NOT_FOUND)
    return QueryAnswer(
        status=codes.STATUS_SUCCESS,
        errors=(RegistryError(code=code, context="No document was found", severity=codes.SEVERITY_WARNING),),
    )


def missing(identifier: str | None) -> RegistryError:
    """The error for a document that is not there. Source: protocol facts 6.3, row document not found."""
    context = f"{codes.ERROR_GENERIC_DOCUMENT_MISSING} : no document {identifier or ''}".rstrip()
    return RegistryError(code=codes.XDS_MISSING_DOCUMENT, context=context)


def _nothing_listed(answer: QueryAnswer, _: Scene) -> QueryAnswer:
    codes_listed = tuple(e.class_code.code for e in answer.entries if e.class_code and e.class_code.code)
    kinds = tuple(k.kind for k in map(codes.kind_of_class_code, codes_listed) if k)
    return no_documents(kinds or ("patient-summary",))


def _listing_refused(answer: QueryAnswer, _: Scene) -> QueryAnswer:
    return QueryAnswer(status=codes.STATUS_FAILURE, errors=(NO_CONSENT,))


def _listing_with_warning(answer: QueryAnswer, _: Scene) -> QueryAnswer:
    warning = RegistryError(
        code=TRANSFORMATION_WARNING, context="A code could not be translated", severity=codes.SEVERITY_WARNING
    )
    return replace(answer, errors=(*answer.errors, warning))


def _odd_format(answer: QueryAnswer, _: Scene) -> QueryAnswer:
    """One more entry, of a document that does not exist, in a format nobody knows."""
    if not answer.entries:
        refuse("faults", "nothing is listed, so there is no entry to repeat in another format")
    first = answer.entries[0]
    odd = replace(
        first,
        id=OTHER_ENTRY,
        lid=OTHER_ENTRY,
        unique_id=f"{first.unique_id}.404",
        format_code=Coded(code=UNKNOWN_FORMAT, scheme=codes.FORMAT_SCHEME_EHDSI, display="Unknown format"),
    )
    return replace(answer, entries=(*answer.entries, odd))


def _retrieval_missing(answer: RetrieveAnswer, _: Scene) -> RetrieveAnswer:
    errors = (RegistryError(code=codes.ERROR_GENERIC_DOCUMENT_MISSING, context="The document is not available"),)
    return RetrieveAnswer(status=codes.STATUS_FAILURE, errors=errors)


def _retrieval_partial(answer: RetrieveAnswer, _: Scene) -> RetrieveAnswer:
    """The last of several documents is missing; a single one stays, and an error speaks of another."""
    kept = answer.documents[:-1] if len(answer.documents) > 1 else answer.documents
    lost = answer.documents[-1].id if len(answer.documents) > 1 else None
    return RetrieveAnswer(status=codes.STATUS_PARTIAL_SUCCESS, errors=(*answer.errors, missing(lost)), documents=kept)


def _retrieval_refused(answer: RetrieveAnswer, _: Scene) -> RetrieveAnswer:
    return RetrieveAnswer(status=codes.STATUS_FAILURE, errors=(NO_CONSENT,))


def _inline(answer: RetrieveAnswer, _: Scene) -> RetrieveAnswer:
    return replace(answer, documents=tuple(replace(d, form="inline") for d in answer.documents))


def _other_patient(answer: RetrieveAnswer, scene: Scene) -> RetrieveAnswer:
    held = {d.unique_id: d for d in scene.population.documents}
    return replace(
        answer,
        documents=tuple(
            replace(d, content=_of_somebody_else(held[d.id], scene.population).content) if d.id in held else d
            for d in answer.documents
        ),
    )


def _of_somebody_else(asked: PopulationDocument, population: Population) -> PopulationDocument:
    others = (
        other
        for other in population.documents
        if (other.kind, other.level) == (asked.kind, asked.level) and other.patient != asked.patient
    )
    found = next(others, None)
    if found is None:
        refuse("faults", f"the population holds no {asked.kind} of level {asked.level} of another patient")
    return found


def _other_template(answer: RetrieveAnswer, _: Scene) -> RetrieveAnswer:
    """Each document claims to be of another kind: an eDispensation, or a patient summary where it was one."""
    return replace(answer, documents=tuple(replace(d, content=_relabelled(d.content)) for d in answer.documents))


def _relabelled(content: bytes) -> bytes:
    dispensation, summary = KINDS["edispensation"], KINDS["patient-summary"]
    for kind in KINDS.values():
        other = summary if kind.class_code == dispensation.class_code else dispensation
        for template in kind.templates.values():
            if f'"{template}"'.encode() in content:
                content = content.replace(f'"{template}"'.encode(), f'"{other.templates[3]}"'.encode())
                return content.replace(f'"{kind.class_code}"'.encode(), f'"{other.class_code}"'.encode(), 1)
    return content


def _refusing(
    code: str, context: str, *, partly: bool = False
) -> Callable[[RegistryResponse, Scene], RegistryResponse]:
    """Failure (or PartialSuccess) with one error. Source: protocol facts 7.2."""
    status = codes.STATUS_PARTIAL_SUCCESS if partly else codes.STATUS_FAILURE
    return lambda answer, scene: RegistryResponse(status=status, errors=(RegistryError(code=code, context=context),))


def _stored_with(severity: str) -> Callable[[RegistryResponse, Scene], RegistryResponse]:
    entry = RegistryError(
        code=codes.WARNING_ED_BASIC_DATA, context="Basic data of the dispensation are incomplete", severity=severity
    )
    return lambda answer, scene: RegistryResponse(status=codes.STATUS_SUCCESS, errors=(entry,))


_STORING_FAULTS = (
    ("xdr.not-identifiable", codes.ERROR_ED_NOT_IDENTIFIABLE, "The prescription cannot be identified"),
    ("xdr.already-dispensed", codes.ERROR_EP_ALREADY_DISPENSED, "The prescription has been dispensed already"),
    ("xdr.not-dispensable", codes.ERROR_ED_NOT_DISPENSABLE, "The prescription cannot be dispensed"),
    ("xdr.substitution-refused", codes.ERROR_ED_SUBSTITUTION, "The prescription forbids a substitution"),
    ("xdr.no-consent", codes.ERROR_NO_CONSENT, "The patient has given no consent"),
    ("xdr.rights-missing", codes.ERROR_INSUFFICIENT_RIGHTS, "A permission is missing"),
    ("xdr.format-refused", codes.ERROR_UNKNOWN_SIGNIFIER, "The format code is of no document that is taken here"),
    ("xdr.discard-failed", codes.ERROR_ED_DISCARD_FAILED, "There is no such dispensation"),
    ("xdr.not-stored", codes.ERROR_ED_NOT_STORED, "The dispensation could not be stored"),
    ("xdr.not-updated", codes.ERROR_ED_NOT_UPDATED, "The prescription could not be updated"),
    ("xdr.code-missing", codes.ERROR_ED_MISSING_MAPPING, "An expected code is missing"),
    ("xdr.generic-error", codes.ERROR_ED_GENERIC, "The dispensation failed"),
)
"""Refusals that differ in code and words only: fault, code, context."""


def _with_type(answer: PlannedAnswer, media_type: str) -> PlannedAnswer:
    others = tuple(field for field in answer.headers if field[0].lower() != "content-type")
    return replace(answer, headers=(*others, ("Content-Type", media_type)))


def _soap_fault(answer: PlannedAnswer, scene: Scene) -> PlannedAnswer:
    body = scene.soap_fault("Receiver", "The request cannot be answered at present")
    return replace(_with_type(answer, soap.CONTENT_TYPE), status=500, body=body)


def _not_xml(answer: PlannedAnswer, _: Scene) -> PlannedAnswer:
    return replace(_with_type(answer, soap.CONTENT_TYPE), body=b"This is no XML, whatever the content type says.\n")


def _http_500(answer: PlannedAnswer, _: Scene) -> PlannedAnswer:
    page = b'<!DOCTYPE html>\n<html lang="en"><title>Error</title><h1>Internal Server Error</h1></html>\n'
    return replace(_with_type(answer, "text/html; charset=UTF-8"), status=500, body=page)


def _unseen(change: Callable[[PlannedAnswer], PlannedAnswer]) -> Callable[[PlannedAnswer, Scene], PlannedAnswer]:
    return lambda answer, _: change(answer)


def _coded(answer: PlannedAnswer, _: Scene) -> PlannedAnswer:
    # mtime 0: the same answer gives the same bytes
    return replace(
        answer, headers=(*answer.headers, ("Content-Encoding", "gzip")), body=gzip.compress(answer.body, mtime=0)
    )


def _marked(answer: PlannedAnswer, _: Scene) -> PlannedAnswer:
    """A byte order mark before the XML; a multipart answer begins with its boundary and stays as it is."""
    return answer if answer.body.startswith(b"--") else replace(answer, body=b"\xef\xbb\xbf" + answer.body)


def _elsewhere(answer: PlannedAnswer, _: Scene) -> PlannedAnswer:
    return _with_type(answer, 'multipart/related; type="application/xop+xml"; boundary="not-in-the-body"')


def _relates_to_other(answer: PlannedAnswer, _: Scene) -> PlannedAnswer:
    return replace(answer, body=_RELATES_TO.sub(rb"\g<1>" + OTHER_ENTRY.encode(), answer.body, count=1))


def _table() -> tuple[Fault, ...]:
    q55, q38, q39, q41 = (codes.ITI_55,), (codes.ITI_38,), (codes.ITI_39,), (codes.ITI_41,)
    return (
        Fault(name="answer.slow", transactions=ALL, http=lambda a, s: replace(a, delay_s=s.slow_s)),
        Fault(name="answer.never", transactions=ALL, http=lambda a, s: replace(a, behaviour="never")),
        Fault(name="answer.reset", transactions=ALL, http=lambda a, s: replace(a, behaviour="reset")),
        Fault(name="answer.truncated", transactions=ALL, http=lambda a, s: replace(a, behaviour="truncate")),
        Fault(name="answer.soap-fault", transactions=ALL, http=_soap_fault),
        Fault(name="answer.content-type.wrong", transactions=ALL, http=lambda a, s: _with_type(a, "text/html")),
        Fault(name="answer.not-xml", transactions=ALL, http=_not_xml),
        Fault(name="answer.http-500", transactions=ALL, http=_http_500),
        Fault(name="answer.chunked", transactions=ALL, http=lambda a, s: replace(a, behaviour="chunked")),
        Fault(name="answer.gzip", transactions=ALL, http=_coded),
        Fault(name="answer.byte-order-mark", transactions=ALL, http=_marked),
        Fault(
            name="answer.trickled",
            transactions=ALL,
            http=lambda a, s: replace(a, behaviour="trickle", trickle_s=s.slow_s),
        ),
        Fault(name="answer.oversized", transactions=ALL, http=lambda a, s: replace(a, body=a.body + b" " * OVERSIZE)),
        Fault(name="answer.boundary.wrong", transactions=ALL, http=_elsewhere),
        Fault(name="answer.relates-to.other", transactions=ALL, http=_relates_to_other),
        Fault(name="xcpd.no-match", transactions=q55, discovery=lambda a, s: no_match(a)),
        Fault(name="xcpd.no-match.ae", transactions=q55, discovery=_no_match_as_error),
        Fault(name="xcpd.insufficient-rights", transactions=q55, discovery=lambda a, s: rights_missing(a)),
        Fault(name="xcpd.two-matches", transactions=q55, discovery=_two_matches),
        Fault(name="xcpd.other-target-message", transactions=q55, discovery=_other_target),
        Fault(name="xcpd.match-with-ae", transactions=q55, discovery=_match_with_error),
        Fault(name="xcaq.no-documents", transactions=q38, listing=_nothing_listed),
        Fault(name="xcaq.no-consent", transactions=q38, listing=_listing_refused),
        Fault(name="xcaq.warning-with-entries", transactions=q38, listing=_listing_with_warning),
        Fault(name="xcaq.unknown-format", transactions=q38, listing=_odd_format),
        Fault(name="xcar.document-missing", transactions=q39, retrieval=_retrieval_missing),
        Fault(name="xcar.partial", transactions=q39, retrieval=_retrieval_partial),
        Fault(name="xcar.no-consent", transactions=q39, retrieval=_retrieval_refused),
        Fault(name="xcar.inline", transactions=q39, retrieval=_inline),
        Fault(name="xcar.other-patient", transactions=q39, retrieval=_other_patient),
        Fault(name="xcar.other-template", transactions=q39, retrieval=_other_template),
        *(Fault(name=name, transactions=q41, storing=_refusing(code, why)) for name, code, why in _STORING_FAULTS),
        Fault(
            name="xdr.partial",
            transactions=q41,
            storing=_refusing(codes.ERROR_ED_NOT_IDENTIFIABLE, "A prescription cannot be identified", partly=True),
        ),
        Fault(name="xdr.warning", transactions=q41, storing=_stored_with(codes.SEVERITY_WARNING)),
        Fault(name="xdr.success-with-error", transactions=q41, storing=_stored_with(codes.SEVERITY_ERROR)),
        Fault(
            name="xdr.failure-without-error",
            transactions=q41,
            storing=lambda a, s: RegistryResponse(status=codes.STATUS_FAILURE),
        ),
        *(Fault(name=n, transactions=(codes.SMP,), publication=change) for n, change in BEFORE_SIGNING.items()),
        *(Fault(name=n, transactions=(codes.SMP,), http=_unseen(change)) for n, change in AFTER_SIGNING.items()),
    )


FAULTS: Mapping[str, Fault] = {fault.name: fault for fault in _table()}
"""Name to fault, in the order of the catalogue."""
