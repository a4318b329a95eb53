"""ITI-41, the answer of country A (XDR-A): its form, and what it has to say to each submission that cannot be taken.

A check that wants a refusal applies to what our peer really sent, whatever it meant to send. Which of several documented
codes a refusal gives is a warning at most. Sources: IHE ITI TF-2, 3.41; IHE ITI TF-3, 4.2.4; eHDSI XDR profile.
"""

from collections import Counter
from collections.abc import Iterator

from harness.checks._assertions import hcp
from harness.checks._earlier import confirmed
from harness.checks._places import place, said, unless_in, warning
from harness.checks._registry import Context, check
from harness.checks._submitted import (
    DISPENSATIONS,
    dispensed_before,
    of_kind,
    order_key,
    prescribed,
    refused,
    sent,
    stored,
)
from harness.checks._view import View
from harness.model import Finding
from harness.wire import codes, ns, saml, soap, xds
from harness.wire.dispensing import SUBSTITUTION_NONE

_STATUSES = tuple(codes.RESPONSE_STATUSES.values())
_ROOT = ns.clark(ns.RS, "RegistryResponse")
_DISPENSED_CODES = (
    *codes.ERROR_NAMES[codes.ERROR_EP_ALREADY_DISPENSED],
    codes.ERROR_EP_ALREADY_DISPENSED,
    codes.ERROR_ED_GENERIC,
    codes.ERROR_ED_NOT_DISPENSABLE,
    codes.ERROR_ED_NOT_IDENTIFIABLE,
)
_RIGHT = codes.PERMISSIONS_EDISPENSATION[0]


def _payload_came(view: View, _: Context) -> bool:
    response = view.response
    return isinstance(response, soap.SoapMessage) and response.fault is None and response.payload is not None


def _answered(view: View) -> bool:
    """Whether country A said anything to the submission that can be judged: a registry answer or a fault."""
    return view.registry_response is not None or refused(view)


def _came(view: View, context: Context) -> bool:
    return view.submission is not None and _answered(view)


def _refusal(view: View, wanted: tuple[str, ...]) -> Iterator[Finding]:
    """Findings unless the submission was refused as a whole, with one of the codes `wanted`."""
    expected = f"Failure with {' or '.join(wanted)}" if wanted else "Failure"
    answer = view.registry_response
    if not refused(view):
        status = answer.status if answer is not None else None
        yield Finding(at=place(view, xds.X_STATUS), expected=expected, found=said(status))
    elif answer is None:
        yield warning(place(view), expected, "a SOAP fault")
    elif wanted and not {e.code for e in answer.errors} & set(wanted):
        found = ", ".join(e.code or "no code" for e in answer.errors) or "no error"
        yield warning(place(view, xds.X_ERROR), expected, found)


@check("XDR-A-001", actor="ncpeh-a", on="ITI-41", when=_payload_came)
def answer_is_a_registry_response(view: View, _: Context) -> Iterator[Finding]:
    """The payload is rs:RegistryResponse with one of the three status URIs. Source: IHE ITI TF-2, 3.41.4.2."""
    message, answer = view.own, view.registry_response
    if message is None or message.payload is None:
        return
    if message.payload.tag != _ROOT:
        yield Finding(at=place(view), expected="rs:RegistryResponse", found=ns.qname(str(message.payload.tag)))
    elif answer is not None:
        yield from unless_in(place(view, xds.X_STATUS), answer.status, _STATUSES)


def _all_unknown(view: View, context: Context) -> bool:
    return _came(view, context) and bool(sent(view)) and all(s.kind is None for s in sent(view))


@check("XDR-A-004", actor="ncpeh-a", on="ITI-41", when=_all_unknown)
def unknown_format_is_refused(view: View, _: Context) -> Iterator[Finding]:
    """A format code of no known document gets Failure with 4202. Source: eHDSI NCPeH Components Specification, error codes."""
    yield from _refusal(view, (codes.ERROR_UNKNOWN_SIGNIFIER, *codes.ERROR_NAMES[codes.ERROR_UNKNOWN_SIGNIFIER]))


def _without_document(view: View, context: Context) -> bool:
    submission = view.submission
    return (
        _came(view, context) and submission is not None and any(not submission.document(e) for e in submission.entries)
    )


@check("XDR-A-005", actor="ncpeh-a", on="ITI-41", when=_without_document)
def entry_without_document_is_refused(view: View, context: Context) -> Iterator[Finding]:
    """An entry whose document is missing gets XDSMissingDocument. Source: IHE ITI TF-3, table 4.2.4.1-2."""
    # where both ends of the pair are loose, either code says so
    also = (codes.XDS_MISSING_DOCUMENT_METADATA,) if _without_entry(view, context) else ()
    yield from _refusal(view, (codes.XDS_MISSING_DOCUMENT, *also))


def _without_entry(view: View, context: Context) -> bool:
    submission = view.submission
    if not _came(view, context) or submission is None:
        return False
    known = {e.id for e in submission.entries}
    return any(d.id not in known for d in submission.documents)


@check("XDR-A-006", actor="ncpeh-a", on="ITI-41", when=_without_entry)
def document_without_entry_is_refused(view: View, context: Context) -> Iterator[Finding]:
    """A document without metadata gets XDSMissingDocumentMetadata. Source: IHE ITI TF-3, table 4.2.4.1-2."""
    also = (codes.XDS_MISSING_DOCUMENT,) if _without_document(view, context) else ()
    yield from _refusal(view, (codes.XDS_MISSING_DOCUMENT_METADATA, *also))


def _patients_differ(view: View, context: Context) -> bool:
    submission = view.submission
    if not _came(view, context) or submission is None or len(submission.sets) != 1:
        return False
    return any(e.patient_id != submission.sets[0].patient_id for e in submission.entries)


@check("XDR-A-007", actor="ncpeh-a", on="ITI-41", when=_patients_differ)
def submission_of_two_patients_is_refused(view: View, _: Context) -> Iterator[Finding]:
    """Entry and submission set of different patients get XDSPatientIdDoesNotMatch. Source: IHE ITI TF-3, table 4.2.4.1-2."""
    yield from _refusal(view, (codes.XDS_PATIENT_ID_DOES_NOT_MATCH,))


def _ids_repeated(view: View, context: Context) -> bool:
    submission = view.submission
    if not _came(view, context) or submission is None:
        return False
    return any(n > 1 for n in Counter(e.unique_id for e in submission.entries).values())


@check("XDR-A-008", actor="ncpeh-a", on="ITI-41", when=_ids_repeated)
def repeated_unique_id_is_refused(view: View, _: Context) -> Iterator[Finding]:
    """Two entries with one uniqueId get a duplicate error. Source: IHE ITI TF-3, table 4.2.4.1-2."""
    yield from _refusal(view, (codes.XDS_DUPLICATE_IN_REPOSITORY, codes.XDS_DUPLICATE_IN_REGISTRY))


@check(
    "XDR-A-009",
    actor="ncpeh-a",
    on="ITI-41",
    when=lambda v, c: _came(v, c) and v.submission is not None and len(v.submission.sets) != 1,
)
def other_number_of_submission_sets_is_refused(view: View, _: Context) -> Iterator[Finding]:
    """No submission set, or more than one, is refused. Source: IHE ITI TF-2, 3.41.4.1.2."""
    yield from _refusal(view, ())


def _not_the_patient(view: View, context: Context) -> bool:
    patient = confirmed(view)
    if not _came(view, context) or patient is None or view.submission is None:
        return False
    stated = [i for e in view.submission.entries for i in (e.patient_id, e.source_patient_id)]
    return any(xds.parse_cx(i or "") != patient for i in stated)


@check("XDR-A-010", actor="ncpeh-a", on="ITI-41", when=_not_the_patient)
def other_patient_than_that_of_the_trc_is_refused(view: View, _: Context) -> Iterator[Finding]:
    """A patient id that differs from the TRC assertion's is refused. Source: eHDSI XDR and SAML profiles."""
    yield from _refusal(view, ())


def _orders_wrong(view: View, context: Context) -> bool:
    found = of_kind(view, "edispensation")
    return _came(view, context) and bool(found) and all(s.said is not None and len(s.said.orders) != 1 for s in found)


@check("XDR-A-011", actor="ncpeh-a", on="ITI-41", when=_orders_wrong)
def dispensation_of_no_or_several_orders_is_refused(view: View, _: Context) -> Iterator[Finding]:
    """A dispensation names one prescription, or is refused. Source: eHDSI CDA Implementation Guide, inFulfillmentOf."""
    yield from _refusal(view, (codes.ERROR_ED_NOT_IDENTIFIABLE, codes.ERROR_ED_GENERIC))


def _dispensed_already(view: View, context: Context) -> bool:
    before = dispensed_before(context)
    found = of_kind(view, "edispensation")
    return _came(view, context) and bool(found) and all(order_key(s) in before for s in found)


def _dispensed_twice(view: View, context: Context) -> bool:
    keys = [k for s in of_kind(view, "edispensation") if (k := order_key(s)) is not None]
    return _came(view, context) and len(keys) != len(set(keys))


@check(
    "XDR-A-014",
    actor="ncpeh-a",
    on="ITI-41",
    when=lambda v, c: _dispensed_already(v, c) or _dispensed_twice(v, c),
)
def prescription_is_dispensed_once(view: View, context: Context) -> Iterator[Finding]:
    """A second dispensation of one prescription is refused. Source: eHDSI NCPeH Components Specification, error codes."""
    if _dispensed_already(view, context):
        yield from _refusal(view, _DISPENSED_CODES)
    elif stored(view):
        expected = "Failure or PartialSuccess"
        yield Finding(at=place(view, xds.X_STATUS), expected=expected, found=codes.STATUS_SUCCESS)


def _closed(view: View, context: Context) -> bool:
    """Whether all of it dispenses prescriptions that were listed as closed, though nothing was dispensed by us."""
    found, before = of_kind(view, "edispensation"), dispensed_before(context)
    if not found or not _came(view, context) or any(order_key(s) in before for s in found):
        return False
    entries = [p[1] for s in found if (p := prescribed(s, context)) is not None]
    closed = [e for e in entries if e is not None and _states(e) == {codes.EVENT_NOT_DISPENSABLE}]
    return len(closed) == len(found)


def _states(entry: xds.DocumentEntry) -> set[str | None]:
    known = (codes.EVENT_DISPENSABLE, codes.EVENT_NOT_DISPENSABLE)
    return {c.code for c in entry.event_codes if c.code in known}


@check("XDR-A-015", actor="ncpeh-a", on="ITI-41", when=_closed)
def closed_prescription_is_not_dispensed(view: View, _: Context) -> Iterator[Finding]:
    """A prescription listed as closed is not dispensed. Source: eHDSI NCPeH Components Specification, error codes."""
    yield from _refusal(view, (codes.ERROR_ED_NOT_DISPENSABLE, *_DISPENSED_CODES))


def _forbidden_swap(view: View, context: Context) -> bool:
    found = of_kind(view, "edispensation")
    if not found or not _came(view, context):
        return False
    known = [(s, prescribed(s, context)) for s in found]
    return all(
        s.said is not None and s.said.substituted and p is not None and p[0].substitution == SUBSTITUTION_NONE
        for s, p in known
    )


@check("XDR-A-016", actor="ncpeh-a", on="ITI-41", when=_forbidden_swap)
def forbidden_substitution_is_refused(view: View, _: Context) -> Iterator[Finding]:
    """A substitution that the prescription forbids is refused. Source: eHDSI NCPeH Components Specification, error codes."""
    yield from _refusal(view, (codes.ERROR_ED_SUBSTITUTION, codes.ERROR_ED_GENERIC))


def _discards_known(view: View, context: Context) -> bool:
    found = of_kind(view, "edispensation-discard")
    if not found or not _came(view, context) or view.exchange.altered:
        return False
    held = hcp(view)
    allowed = held is not None and held.said.attribute(saml.ORGANIZATION_ID) is not None and _may_dispense(view)
    known = set(dispensed_before(context).values())
    return allowed and all(s.entry.unique_id in known for s in found)


@check("XDR-A-017", actor="ncpeh-a", on="ITI-41", when=_discards_known)
def known_dispensation_is_discarded(view: View, _: Context) -> Iterator[Finding]:
    """A dispensation that was taken before can be discarded. Source: eHDSI XDR profile, discard."""
    if not stored(view):
        answer = view.registry_response
        found = said(answer.status) if answer is not None else "a SOAP fault"
        yield Finding(at=place(view, xds.X_STATUS), expected=codes.STATUS_SUCCESS, found=found)


def _discards_anonymously(view: View, context: Context) -> bool:
    held = hcp(view)
    anonymous = held is not None and held.said.attribute(saml.ORGANIZATION_ID) is None
    return _came(view, context) and bool(of_kind(view, "edispensation-discard")) and anonymous


@check("XDR-A-019", actor="ncpeh-a", on="ITI-41", when=_discards_anonymously)
def discard_without_organisation_is_refused(view: View, _: Context) -> Iterator[Finding]:
    """A discard needs organization-id in the HCP assertion. Source: eHDSI XDR profile, discard."""
    yield from _refusal(view, ())


def _may_dispense(view: View) -> bool:
    held = hcp(view)
    granted = held.said.attribute(saml.PERMISSION) if held is not None else None
    return granted is not None and any(str(v) == _RIGHT for v in granted.values)


def _lacks_right(view: View, context: Context) -> bool:
    found = sent(view)
    about_dispensing = bool(found) and all(s.kind in DISPENSATIONS for s in found)
    return _came(view, context) and about_dispensing and hcp(view) is not None and not _may_dispense(view)


@check("XDR-A-022", actor="ncpeh-a", on="ITI-41", when=_lacks_right)
def dispensing_needs_its_permission(view: View, _: Context) -> Iterator[Finding]:
    """Without PPD-046 nothing is taken. Source: eHDSI SAML profile, permission table."""
    yield from _refusal(view, (codes.ERROR_INSUFFICIENT_RIGHTS, "ERROR_INSUFFICIENT_RIGHTS", codes.ERROR_ED_GENERIC))


@check("XDR-A-025", actor="ncpeh-a", on="ITI-41", when=lambda v, _: v.registry_response is not None)
def success_comes_without_errors(view: View, _: Context) -> Iterator[Finding]:
    """Success has no error of severity Error; a failure names one. Source: IHE ITI TF-3, 4.2.4.2."""
    answer = view.registry_response
    if answer is None:
        return
    for number, error in enumerate(answer.errors, start=1):
        if answer.status == codes.STATUS_SUCCESS and error.severity != codes.SEVERITY_WARNING:
            at = place(view, f"{xds.X_ERROR}[{number}]/@severity")
            yield Finding(at=at, expected=codes.SEVERITY_WARNING, found=said(error.severity))
    if answer.status == codes.STATUS_FAILURE and not answer.errors:
        yield warning(place(view, xds.X_ERROR), "a RegistryError", "nothing")
