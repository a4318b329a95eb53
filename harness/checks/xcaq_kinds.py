"""ITI-38, what is particular to prescriptions and original clinical documents (XCAQ-A-024, 042).

Sources: eHDSI XCA profile, event codes of ePrescription and filters of OrCD; IHE ITI TF-2, 3.18.4.1.2.3.7.1.
"""

from collections.abc import Iterator
from datetime import UTC, datetime

from harness.checks._earlier import listed
from harness.checks._places import place, said
from harness.checks._registry import Context, check
from harness.checks._view import View
from harness.errors import WireError
from harness.model import Finding
from harness.wire import codes, dispensing, xds

_EVENTS = f"rim:Classification[@classificationScheme='{codes.SCHEME_EVENT_CODES}']"


def _prescriptions(view: View, context: Context) -> Iterator[tuple[int, dispensing.Prescription, xds.DocumentEntry]]:
    """Each retrieved prescription of level 3 that was listed: position from 1, what it says, its entry."""
    for index, document in enumerate(view.retrieved):
        header, root, entry = view.headers[index], view.documents[index], listed(context, document.id)
        if isinstance(header, WireError) or isinstance(root, WireError) or entry is None:
            continue
        if (header.kind, header.level) == ("eprescription", 3):
            yield index + 1, dispensing.prescription_of(root), entry


@check("XCAQ-A-024", actor="ncpeh-a", on="ITI-39", when=lambda v, c: next(_prescriptions(v, c), None) is not None)
def entry_says_what_is_prescribed(view: View, context: Context) -> Iterator[Finding]:
    """What the prescription says of ATC, dose form and substitution stands in its entry. Source: eHDSI XCA profile."""
    for number, said_there, entry in _prescriptions(view, context):
        at = place(view, f"{xds.X_DOCUMENT}[{number}]")
        given = {(c.scheme, c.code) for c in entry.event_codes}
        for name, scheme, code in (
            ("ATC", codes.ATC, said_there.product.atc),
            ("dose form", codes.EDQM, said_there.product.form),
            ("substitution", codes.HL7_SUBSTITUTION, said_there.substitution),
        ):
            if code and (scheme, code) not in given:
                found = next((c.code for c in entry.event_codes if c.scheme == scheme), None)
                yield Finding(at=at, expected=f"event code {code} of the {name} as listed", found=said(found))
        if said_there.product.strength and not any(c.scheme == codes.STRENGTH for c in entry.event_codes):
            yield Finding(at=at, expected="an event code of the strength as listed", found="nothing")


def _filters(query: xds.DocumentQuery) -> Iterator[tuple[str, str]]:
    for slot in (xds.SLOT_MAXIMUM_SIZE, xds.SLOT_CREATED_BEFORE, xds.SLOT_CREATED_AFTER):
        for value in query.values(slot)[:1]:
            yield slot, value


def _filtered(view: View, _: Context) -> bool:
    query, answer = view.document_query, view.query_answer
    return query is not None and answer is not None and next(_filters(query), None) is not None


@check("XCAQ-A-042", actor="ncpeh-a", on="ITI-38", when=_filtered)
def filters_are_honoured(view: View, _: Context) -> Iterator[Finding]:
    """Entries keep to the greatest size and the times of creation asked for. Source: eHDSI XCA profile, OrCD filters."""
    query, answer = view.document_query, view.query_answer
    if query is None or answer is None:
        return
    for slot, value in _filters(query):
        for number, entry in enumerate(answer.entries, start=1):
            name = "size" if slot == xds.SLOT_MAXIMUM_SIZE else "creationTime"
            found = entry.size if name == "size" else entry.creation_time
            if found is not None and not _keeps(slot, value, found):
                at = place(view, f"{xds.X_ENTRY}[{number}]/rim:Slot[@name='{name}']")
                yield Finding(at=at, expected=f"{slot} {value}", found=found)


def _keeps(slot: str, wanted: str, found: str) -> bool:
    if slot == xds.SLOT_MAXIMUM_SIZE:
        return not (wanted.isdigit() and found.isdigit()) or int(found) <= int(wanted)
    limit, created = _instant(wanted), _instant(found)
    if limit is None or created is None:
        return True
    return created <= limit if slot == xds.SLOT_CREATED_BEFORE else created >= limit


def _instant(text: str) -> datetime | None:
    """A time of a filter (ISO 8601) or of an entry (DTM, in UTC), None when it is neither."""
    try:
        if text.isdigit():
            padded = text + "00000101000000"[len(text) :]
            return datetime.strptime(padded, "%Y%m%d%H%M%S").replace(tzinfo=UTC)
        read = datetime.fromisoformat(text)
    except ValueError:
        return None
    return read if read.tzinfo else read.replace(tzinfo=UTC)
