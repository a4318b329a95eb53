"""What earlier exchanges of the row said that a later one is held against."""

from collections.abc import Iterator

from harness.checks._registry import Context
from harness.checks._view import View
from harness.model import PatientId
from harness.wire import codes, saml, xds
from harness.wire.xcpd import Ii


def bare_oid(home: str) -> str:
    """A home community id without `urn:oid:`."""
    return home.removeprefix("urn:oid:")


def own_home(context: Context) -> str | None:
    """Home community id of the SUT in its role here, a bare OID; None when its file gives none."""
    actor = context.sut.actors.get(context.actor)
    return bare_oid(actor.home_community) if actor and actor.home_community else None


def listed(context: Context, document_id: str | None) -> xds.DocumentEntry | None:
    """The entry of that document in the latest ITI-38 answer of the row that lists it."""
    for earlier in reversed(context.earlier):
        if earlier.query_answer is not None and document_id:
            for entry in earlier.query_answer.entries:
                if entry.unique_id == document_id:
                    return entry
    return None


def has_listing(context: Context) -> bool:
    """Whether the row holds an ITI-38 answer with entries."""
    return any(v.query_answer is not None and v.query_answer.entries for v in context.earlier)


def identified(context: Context) -> tuple[Ii, ...]:
    """The patient ids that ITI-55 answers of the row returned."""
    return tuple(
        i for v in context.earlier if v.discovery_answer is not None for s in v.discovery_answer.subjects for i in s.ids
    )


def treated(view: View) -> PatientId | None:
    """The patient that the TRC assertion of this request names, when it is there and was not altered on purpose."""
    if any(name.startswith("saml.trc.") for name in view.exchange.altered):
        return None
    return confirmed(view)


def confirmed(view: View) -> PatientId | None:
    """The patient that the TRC assertion of this request names; None without one, or when it names none in CX form."""
    trc = view.assertion("trc")
    stated = trc[1].attribute(saml.SUBJECT_ID) if trc is not None else None
    return xds.parse_cx(stated.text) if stated is not None else None


def asked_patient(view: View, context: Context) -> PatientId | None:
    """Whose documents this request is about: the patient of its TRC assertion, else of its query or of the last one."""
    patient = treated(view)
    if patient is not None:
        return patient
    for known in (view, *reversed(context.earlier)):
        if known.document_query is not None:
            return known.document_query.patient
    return None


def kinds_asked(view: View, context: Context) -> Iterator[str]:
    """The document kinds that a request of ITI-38, ITI-39 or ITI-41 is about, as far as class and format codes tell."""
    if view.document_query is not None:
        class_codes = [c.code for c in view.document_query.class_codes.values]
    elif view.retrieve_request is not None:
        entries = (listed(context, d.id) for d in view.retrieve_request.documents)
        class_codes = [e.class_code.code for e in entries if e is not None and e.class_code is not None]
    elif view.submission is not None:
        yield from (kind for kind in view.submission.kinds if kind is not None)
        return
    else:
        class_codes = []
    for code in class_codes:
        kind = codes.kind_of_class_code(code or "")
        if kind is not None:
            yield kind.kind
