"""Named ways in which our peer answers badly, as data: each changes one thing of an otherwise good answer.

This is the registry, with the faults of ITI-55, of ITI-41 and of transport. Titles, explanations and requirements stand in
the catalogue (scenarios/catalogue/reply-faults.yaml); the names there and here are the same.
"""

import codecs
import gzip
import re
from collections.abc import Callable, Mapping
from dataclasses import replace

from harness.peers import faults_documents, faults_entries
from harness.peers.answers import PlannedAnswer
from harness.peers.arguments import refuse
from harness.peers.fault import ALL, Q38, Q41, Q55, Fault, Scene
from harness.peers.publishing import AFTER_SIGNING, BEFORE_SIGNING
from harness.wire import codes, soap
from harness.wire.xcpd import AckDetail, Acknowledgement, DiscoveryAnswer, Ii, reason
from harness.wire.xds import RegistryError, RegistryResponse

IN_ENVELOPES = (*Q55, *Q38, *Q41)  # the answers that begin with XML, not with a boundary
OVERSIZE = 32 * 1024 * 1024
OTHER_ENTRY = "urn:uuid:00000000-0000-4000-8000-000000000404"
_RELATES_TO = re.compile(rb"(<(?:[\w.-]+:)?RelatesTo[^>]*>)[^<]*")
OTHER_MESSAGE = Ii(root="00000000-0000-4000-8000-000000000404", extension="4040404040")


REASON_TEXTS: Mapping[str, str] = {
    codes.ERROR_PI_NO_MATCH: "No patient matches the search criteria",
    codes.ERROR_PI_GENERIC: "The patient cannot be identified",
}
"""What our peer says beside a code; no patient data."""


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
    return replace(answer, body=codecs.BOM_UTF8 + answer.body)


def _elsewhere(answer: PlannedAnswer, _: Scene) -> PlannedAnswer:
    return _with_type(answer, 'multipart/related; type="application/xop+xml"; boundary="not-in-the-body"')


def _relates_to_other(answer: PlannedAnswer, _: Scene) -> PlannedAnswer:
    return replace(answer, body=_RELATES_TO.sub(rb"\g<1>" + OTHER_ENTRY.encode(), answer.body, count=1))


def _table() -> tuple[Fault, ...]:
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
        Fault(name="answer.byte-order-mark", transactions=IN_ENVELOPES, http=_marked),
        Fault(
            name="answer.trickled",
            transactions=ALL,
            http=lambda a, s: replace(a, behaviour="trickle", trickle_s=s.slow_s),
        ),
        Fault(name="answer.oversized", transactions=ALL, http=lambda a, s: replace(a, body=a.body + b" " * OVERSIZE)),
        Fault(name="answer.boundary.wrong", transactions=ALL, http=_elsewhere),
        Fault(name="answer.relates-to.other", transactions=ALL, http=_relates_to_other),
        Fault(name="xcpd.no-match", transactions=Q55, discovery=lambda a, s: no_match(a)),
        Fault(name="xcpd.no-match.ae", transactions=Q55, discovery=_no_match_as_error),
        Fault(name="xcpd.insufficient-rights", transactions=Q55, discovery=lambda a, s: rights_missing(a)),
        Fault(name="xcpd.two-matches", transactions=Q55, discovery=_two_matches),
        Fault(name="xcpd.other-target-message", transactions=Q55, discovery=_other_target),
        Fault(name="xcpd.match-with-ae", transactions=Q55, discovery=_match_with_error),
        *faults_entries.table(),
        *faults_documents.table(),
        *(Fault(name=name, transactions=Q41, storing=_refusing(code, why)) for name, code, why in _STORING_FAULTS),
        Fault(
            name="xdr.partial",
            transactions=Q41,
            storing=_refusing(codes.ERROR_ED_NOT_IDENTIFIABLE, "A prescription cannot be identified", partly=True),
        ),
        Fault(name="xdr.warning", transactions=Q41, storing=_stored_with(codes.SEVERITY_WARNING)),
        Fault(name="xdr.success-with-error", transactions=Q41, storing=_stored_with(codes.SEVERITY_ERROR)),
        Fault(
            name="xdr.failure-without-error",
            transactions=Q41,
            storing=lambda a, s: RegistryResponse(status=codes.STATUS_FAILURE),
        ),
        *(Fault(name=n, transactions=(codes.SMP,), publication=change) for n, change in BEFORE_SIGNING.items()),
        *(Fault(name=n, transactions=(codes.SMP,), http=_unseen(change)) for n, change in AFTER_SIGNING.items()),
    )


FAULTS: Mapping[str, Fault] = {fault.name: fault for fault in _table()}
"""Name to fault, in the order of the catalogue."""
