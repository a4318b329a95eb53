"""ITI-38, the request of country B (XCAQ-B). Sources: IHE ITI TF-2, 3.18 and 3.38; eHDSI XCA and SAML profiles."""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta

from harness.checks._earlier import confirmed
from harness.checks._places import header_place, one_of, place, said, under, unless_in, warning
from harness.checks._registry import Context, check
from harness.checks._view import View
from harness.model import Finding
from harness.wire import codes, saml, xds

_QUOTED_CX = re.compile(r"'[^'^]+\^\^\^&[0-2](\.\d+)+&ISO'")


def _asked(view: View, _: Context) -> bool:
    return view.document_query is not None


def _query(view: View) -> xds.DocumentQuery:
    query = view.document_query
    assert query is not None, "applies to readable queries only"
    return query


def _slot(name: str) -> str:
    return f"{xds.X_QUERY_SLOT}[@name='{name}']"


@check("XCAQ-B-001", actor="ncpeh-b", on="ITI-38", when=_asked)
def query_is_find_documents(view: View, _: Context) -> Iterator[Finding]:
    """AdhocQuery/@id is FindDocuments. Source: IHE ITI TF-2, 3.18.4.1.2.4."""
    yield from unless_in(place(view, xds.X_QUERY_ID), _query(view).query_id, (codes.QUERY_FIND_DOCUMENTS,))


@check("XCAQ-B-002", actor="ncpeh-b", on="ITI-38", when=_asked)
def whole_objects_are_asked_for(view: View, _: Context) -> Iterator[Finding]:
    """ResponseOption is LeafClass with composed objects. Source: IHE ITI TF-2, 3.18.4.1.2.3.2."""
    query = _query(view)
    yield from unless_in(place(view, xds.X_RESPONSE_OPTION + "/@returnType"), query.return_type, ("LeafClass",))
    at = place(view, xds.X_RESPONSE_OPTION + "/@returnComposedObjects")
    yield from unless_in(at, query.return_composed_objects, ("true", "1"))


@check("XCAQ-B-003", actor="ncpeh-b", on="ITI-38", when=_asked)
def patient_id_is_a_quoted_cx(view: View, _: Context) -> Iterator[Finding]:
    """$XDSDocumentEntryPatientId holds one id in CX form and single quotes. Source: IHE ITI TF-2, 3.18.4.1.2.3.4 and 3.7.1."""
    raw = _query(view).raw(xds.SLOT_PATIENT_ID)
    if len(raw) != 1 or not _QUOTED_CX.fullmatch(raw[0]):
        found = " ".join(" ".join(raw).split())
        yield Finding(at=place(view, _slot(xds.SLOT_PATIENT_ID)), expected="'ext^^^&root&ISO'", found=found)


@check("XCAQ-B-004", actor="ncpeh-b", on="ITI-38", when=_asked)
def approved_documents_are_asked_for(view: View, _: Context) -> Iterator[Finding]:
    """$XDSDocumentEntryStatus holds the Approved URI. Source: IHE ITI TF-2, 3.18.4.1.2.3.6."""
    found = _query(view).statuses
    if codes.ENTRY_APPROVED not in found:
        # A URI that was cut off, or broken by a blank.
        broken = any(codes.ENTRY_APPROVED.startswith("".join(s.split())) for s in found if s)
        yield Finding(
            at=place(view, _slot(xds.SLOT_STATUS)),
            expected=codes.ENTRY_APPROVED,
            found=", ".join(found) or "nothing",
            deviation="DEV-26" if broken else None,
        )


@check("XCAQ-B-005", actor="ncpeh-b", on="ITI-38", when=_asked)
def class_codes_are_of_one_kind(view: View, _: Context) -> Iterator[Finding]:
    """One class code, or several of original clinical documents. Source: eHDSI XCA profile; IHE ITI TF-2, 3.18.4.1.2.3.5."""
    asked = _query(view).class_codes
    at = place(view, _slot(xds.SLOT_CLASS_CODE))
    found = [c.code or "" for c in asked.values]
    kinds = [k.kind for k in map(codes.kind_of_class_code, found) if k is not None]
    if not found:
        yield Finding(at=at, expected="a class code", found="nothing")
    elif len(found) > 1 and not (len(kinds) == len(found) and all(k in codes.ORCD_KINDS for k in kinds)):
        yield Finding(at=at, expected="one class code, or several of OrCD", found=", ".join(found))
    if asked.form == "joined":
        yield warning(at, "one quoted string for each code", "several codes in one", "DEV-27")
    elif asked.form == "bare":
        yield warning(at, "the code in single quotes", "a code without quotes")


@check("XCAQ-B-006", actor="ncpeh-b", on="ITI-38", when=_asked)
def both_assertions_are_attached(view: View, _: Context) -> Iterator[Finding]:
    """HCP and TRC assertion are there, and the TRC names the queried patient. Source: eHDSI SAML profile."""
    for kind, name in (("hcp", "an HCP assertion"), ("trc", "a TRC assertion")):
        if view.assertion(kind) is None:
            at = header_place(view, "wsse:Security/saml:Assertion")
            yield Finding(at=at, expected=name, found="none of that kind")
    patient, asked = confirmed(view), _query(view).patient
    if patient is not None and asked is not None and patient != asked:
        yield Finding(
            at=place(view, _slot(xds.SLOT_PATIENT_ID)), expected=f"{patient.cx} of the TRC assertion", found=asked.cx
        )


@check("XCAQ-B-007", actor="ncpeh-b", on="ITI-38", when=lambda v, c: _asked(v, c) and v.assertion("trc") is not None)
def treatment_was_confirmed_recently(view: View, context: Context) -> Iterator[Finding]:
    """The TRC assertion was issued for this HCP within the last two hours. Source: eHDSI SAML profile, TRC assertion."""
    held, hcp = view.assertion("trc"), view.assertion("hcp")
    if held is None:
        return
    element, trc = held
    issued, now = trc.issue_instant.at if trc.issue_instant is not None else None, view.exchange.started_at
    at = under(element, "@IssueInstant", "request")
    oldest = now - timedelta(seconds=saml.TRC_MAX_S) - context.tolerance
    if issued is None or not oldest <= issued <= now + context.tolerance:
        shown = trc.issue_instant.text if trc.issue_instant is not None else None
        yield Finding(at=at, expected=f"within two hours before {now:%Y-%m-%dT%H:%M:%SZ}", found=said(shown))
    if hcp is not None and hcp[1].id not in trc.advice_ids:
        at = under(element, "saml:Advice/saml:AssertionIDRef", "request")
        yield Finding(at=at, expected=hcp[1].id, found=one_of(trc.advice_ids) if trc.advice_ids else "nothing")


_FILTER = "$XDSDocumentEntryFilter"


def _filters(view: View, _: Context) -> bool:
    query = view.document_query
    return query is not None and any(s.name and s.name.startswith(_FILTER) for s in query.slots)


@check("XCAQ-B-013", actor="ncpeh-b", on="ITI-38", when=_filters)
def filters_of_original_documents_can_be_read(view: View, _: Context) -> Iterator[Finding]:
    """Filters, where they are sent, are those of original documents, with a number or a time. Source: eHDSI XCA profile."""
    query = _query(view)
    kinds = [k.kind for c in query.class_codes.values if (k := codes.kind_of_class_code(c.code or "")) is not None]
    if not kinds or not set(kinds) <= set(codes.ORCD_KINDS):
        at = place(view, _slot(xds.SLOT_CLASS_CODE))
        yield Finding(
            at=at,
            expected="class codes of original documents",
            found=one_of(tuple(kinds)) if kinds else "nothing",
        )
    for name in (s.name for s in query.slots if s.name and s.name.startswith(_FILTER)):
        at, value = place(view, _slot(name)), next(iter(query.values(name)), "")
        if name == xds.SLOT_MAXIMUM_SIZE:
            if not value.isdigit():
                yield Finding(at=at, expected="a number of bytes", found=said(value))
        elif name not in (xds.SLOT_CREATED_BEFORE, xds.SLOT_CREATED_AFTER):
            yield Finding(at=at, expected="a filter of the profile", found=said(name))
        elif not _is_instant(value):
            yield Finding(at=at, expected="an xs:dateTime", found=said(value))


def _is_instant(value: str) -> bool:
    try:
        datetime.fromisoformat(value)
    except ValueError:
        return False
    return "T" in value
