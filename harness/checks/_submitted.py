"""What a submission of ITI-41 says, and what became of earlier ones of the row: common to the XDR checks of both sides."""

from collections.abc import Iterator
from dataclasses import dataclass

from harness.checks._earlier import listed
from harness.checks._registry import Context
from harness.checks._view import View
from harness.errors import WireError
from harness.wire import codes, dispensing, soap, xdr, xds
from harness.wire.dispensing import Dispensation
from harness.wire.xcpd import Ii

DISPENSATIONS = ("edispensation", "edispensation-discard")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """One entry with its document: position of the entry from 1, kind by format code, what the document says if readable."""

    number: int
    entry: xds.DocumentEntry
    kind: str | None
    said: Dispensation | None


def sent(view: View) -> tuple[Sent, ...]:
    """The entries of the submission in this exchange."""
    submission = view.submission
    if submission is None:
        return ()
    roots = {d.id: root for d, root in zip(submission.documents, view.submitted, strict=True)}
    out = []
    for number, (entry, kind) in enumerate(zip(submission.entries, submission.kinds, strict=True), start=1):
        root = roots.get(entry.id)
        readable = root is not None and not isinstance(root, WireError)
        said = (
            dispensing.dispensation_of(root)
            if readable and root is not None and not isinstance(root, WireError)
            else None
        )
        out.append(Sent(number=number, entry=entry, kind=kind, said=said))
    return tuple(out)


def of_kind(view: View, kind: str) -> tuple[Sent, ...]:
    """The entries of `kind` in the submission, empty unless all entries are of it."""
    found = sent(view)
    return found if found and all(s.kind == kind for s in found) else ()


def refused(view: View) -> bool:
    """Whether country A refused the submission as a whole: Failure, or a SOAP fault."""
    response = view.response
    if isinstance(response, soap.SoapMessage) and response.fault is not None:
        return True
    answer = view.registry_response
    return answer is not None and answer.status == codes.STATUS_FAILURE


def stored(view: View) -> bool:
    """Whether country A took the whole submission."""
    answer = view.registry_response
    return answer is not None and answer.status == codes.STATUS_SUCCESS


def dispensed_before(context: Context) -> dict[tuple[str | None, str | None], str]:
    """Prescriptions (root, extension) that stand dispensed by earlier exchanges of the row, with the dispensation's id."""
    found: dict[tuple[str | None, str | None], str] = {}
    for earlier in context.earlier:
        if not stored(earlier):
            continue
        for one in sent(earlier):
            if one.kind == "edispensation" and one.said is not None and one.said.order is not None:
                found[_key(one.said.order)] = one.entry.unique_id or ""
            elif one.kind == "edispensation-discard":
                found = {k: v for k, v in found.items() if v != one.entry.unique_id}
    return found


def order_key(one: Sent) -> tuple[str | None, str | None] | None:
    """The prescription that `one` dispenses, None when it names not exactly one."""
    return _key(one.said.order) if one.said is not None and one.said.order is not None else None


def _key(order: Ii) -> tuple[str | None, str | None]:
    return order.root, order.extension


def prescriptions(context: Context) -> Iterator[tuple[dispensing.Prescription, xds.DocumentEntry | None]]:
    """Prescriptions of level 3 that the row retrieved, each with its latest entry when one was listed."""
    for earlier in context.earlier:
        for index, document in enumerate(earlier.retrieved):
            header, root = earlier.headers[index], earlier.documents[index]
            if isinstance(header, WireError) or isinstance(root, WireError) or header.kind != "eprescription":
                continue
            if header.level == 3:
                yield dispensing.prescription_of(root), listed(context, document.id)


def prescribed(one: Sent, context: Context) -> tuple[dispensing.Prescription, xds.DocumentEntry | None] | None:
    """The retrieved prescription that `one` dispenses."""
    key = order_key(one)
    return next((p for p in prescriptions(context) if any(_key(i) == key for i in p[0].ids)), None) if key else None


def member_ids(submission: xdr.Submission) -> set[str | None]:
    """Ids of the entries that an association puts into one of the submission sets."""
    packages = {s.id for s in submission.sets}
    return {
        a.target for a in submission.associations if a.type == codes.ASSOCIATION_HAS_MEMBER and a.source in packages
    }
