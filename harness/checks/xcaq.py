"""ITI-38, the answer of country A (XCAQ-A-001 to 006, 035): status, errors, what is listed at all.

Sources: IHE ITI TF-2, 3.18 and 3.38; OASIS ebRS 3.0; eHDSI XCA profile. Single entries are judged in `xcaq_entries`.
"""

from collections.abc import Iterator

from harness.checks._places import accepted, one_of, place, said, unless_in
from harness.checks._registry import Context, check
from harness.checks._view import View
from harness.model import Finding
from harness.wire import codes, ns, soap, xds

_NAMES_OF_CODES = {
    "ERROR_PS_NOT_FOUND": (codes.ERROR_PS_NOT_FOUND, "DEV-23"),
    "ERROR_EP_NOT_FOUND": (codes.ERROR_EP_NOT_FOUND, "DEV-23"),
    "ERROR_PS_NO_CONSENT": (codes.ERROR_NO_CONSENT, "DEV-24"),
}
"""Names that some systems write for the numbers of error codes: the number, and the known deviation that this is."""
LEAF_CLASS = "LeafClass"
_STATUSES = tuple(codes.RESPONSE_STATUSES.values())


def answered(view: View, _: Context) -> bool:
    """Whether there is a readable answer to judge."""
    return view.query_answer is not None


def _answer(view: View) -> xds.QueryAnswer:
    answer = view.query_answer
    assert answer is not None, "applies to readable answers only"
    return answer


@check("XCAQ-A-001", actor="ncpeh-a", on="ITI-38", when=answered)
def status_is_a_registered_value(view: View, _: Context) -> Iterator[Finding]:
    """AdhocQueryResponse/@status is one of the three URIs. Source: IHE ITI TF-3, 4.2.4.2."""
    answer = _answer(view)
    if answer.status not in _STATUSES:
        bare = answer.status is None and not answer.has_error_list and not answer.entries
        yield Finding(
            at=place(view, xds.X_STATUS),
            expected=one_of(_STATUSES),
            found=said(answer.status),
            deviation="DEV-19" if bare else None,
        )


def _failed(view: View, _: Context) -> bool:
    answer = view.query_answer
    return answer is not None and (bool(answer.errors) or answer.status == codes.STATUS_FAILURE)


@check("XCAQ-A-002", actor="ncpeh-a", on="ITI-38", when=_failed)
def errors_are_listed_in_full(view: View, _: Context) -> Iterator[Finding]:
    """Each RegistryError has errorCode, codeContext and severity; a failure lists one. Source: IHE ITI TF-3, 4.2.4.1."""
    answer = _answer(view)
    if not answer.errors:
        yield Finding(at=place(view, xds.X_ERROR), expected="a RegistryError", found="nothing")
    for number, error in enumerate(answer.errors, start=1):
        for name, value in (("errorCode", error.code), ("codeContext", error.context), ("severity", error.severity)):
            if not value:
                at = place(view, f"{xds.X_ERROR}[{number}]/@{name}")
                yield Finding(at=at, expected=f"a value of {name}", found="nothing")
        named = _NAMES_OF_CODES.get(error.code or "")
        if named is not None:
            at = place(view, f"{xds.X_ERROR}[{number}]/@errorCode")
            yield accepted(at, named[0], error.code or "", named[1])


def _lists_errors(view: View, _: Context) -> bool:
    return view.query_answer is not None and bool(view.query_answer.errors)


@check("XCAQ-A-003", actor="ncpeh-a", on="ITI-38", when=_lists_errors)
def severity_is_error_or_warning(view: View, _: Context) -> Iterator[Finding]:
    """RegistryError/@severity is one of the two URIs of ebRS. Source: OASIS ebRS 3.0, 2.1.6."""
    for number, error in enumerate(_answer(view).errors, start=1):
        yield from unless_in(place(view, f"{xds.X_ERROR}[{number}]/@severity"), error.severity, codes.SEVERITIES)


def _leaf_objects(view: View, _: Context) -> bool:
    answer, query = view.query_answer, view.document_query
    if answer is None or query is None or query.return_type != LEAF_CLASS:
        return False
    return bool(answer.entries or answer.associations or answer.other_objects)


@check("XCAQ-A-004", actor="ncpeh-a", on="ITI-38", when=_leaf_objects)
def results_are_whole_objects(view: View, _: Context) -> Iterator[Finding]:
    """LeafClass gives ExtrinsicObjects and associations, no references. Source: IHE ITI TF-2, 3.18.4.1.2.3.2."""
    for name in _answer(view).other_objects:
        at = place(view, xds.X_OBJECTS)
        yield Finding(at=at, expected="rim:ExtrinsicObject or rim:Association", found=ns.qname(name))


def _limited(view: View, _: Context) -> bool:
    answer, query = view.query_answer, view.document_query
    return answer is not None and query is not None and bool(answer.entries) and bool(query.class_codes.values)


@check("XCAQ-A-005", actor="ncpeh-a", on="ITI-38", when=_limited)
def only_the_asked_class_codes_are_listed(view: View, _: Context) -> Iterator[Finding]:
    """Each entry has a class code that was asked for. Source: IHE ITI TF-2, 3.18.4.1.2.3.7.1."""
    query = view.document_query
    asked = tuple(c.code for c in query.class_codes.values if c.code) if query is not None else ()
    for number, entry in enumerate(_answer(view).entries, start=1):
        found = entry.class_code.code if entry.class_code else None
        if found and found not in asked:
            at = place(
                view, f"{xds.X_ENTRY}[{number}]/rim:Classification[@classificationScheme='{codes.SCHEME_CLASS_CODE}']"
            )
            yield Finding(at=at, expected=one_of(asked), found=found)


def _approved_only(view: View, _: Context) -> bool:
    answer, query = view.query_answer, view.document_query
    return bool(answer and answer.entries and query and query.statuses == (codes.ENTRY_APPROVED,))


@check("XCAQ-A-006", actor="ncpeh-a", on="ITI-38", when=_approved_only)
def only_approved_entries_are_listed(view: View, _: Context) -> Iterator[Finding]:
    """Each entry has the status Approved that was asked for. Source: IHE ITI TF-2, 3.18.4.1.2.3.7.1."""
    for number, entry in enumerate(_answer(view).entries, start=1):
        yield from unless_in(place(view, f"{xds.X_ENTRY}[{number}]/@status"), entry.status, (codes.ENTRY_APPROVED,))


def _refused(view: View, _: Context) -> bool:
    response, answer = view.response, view.query_answer
    if isinstance(response, soap.SoapMessage) and response.fault is not None:
        return True
    return answer is not None and any(e.severity == codes.SEVERITY_ERROR for e in answer.errors)


@check("XCAQ-A-035", actor="ncpeh-a", on="ITI-38", when=_refused)
def a_refusal_lists_no_document(view: View, _: Context) -> Iterator[Finding]:
    """An answer with an error of severity Error has no entries. Source: IHE ITI TF-2, 3.18.4.1.3."""
    answer = view.query_answer
    if answer is not None and answer.entries:
        at, count = place(view, xds.X_ENTRY), len(answer.entries)
        yield Finding(at=at, expected="no entry beside an error", found=f"{count} entries", deviation="DEV-25")
