"""Which validator of the table an object belongs to, from what was parsed and from the request it answers; never a guess.

Where the object tells no more than its root, every validator of that root is a candidate, and the choice says so.
"""

from collections.abc import Iterator, Sequence

from harness.checks._assertions import hcp, nok, trc
from harness.checks.alone import LoneAssertion, LoneAudit, LoneView
from harness.errors import WireError
from harness.model import OBJECT_VALIDATORS, Choice, choice_of, say, validators_of
from harness.wire import codes, xds
from harness.wire.audit_events import EventSpec


def choose_assertion(view: LoneAssertion) -> Choice:
    """The validator of an assertion that travels alone."""
    kinds = [kind for kind, there in (("hcp", hcp(view)), ("trc", trc(view)), ("nok", nok(view))) if there is not None]
    found = (v for v in validators_of("Assertion") if set(v.kinds) & set(kinds))
    return choice_of(found, say("choice.assertion", kind=", ".join(kinds)), "Assertion")


def choose_audit(view: LoneAudit) -> Choice:
    """The validator of an audit record: by event, and by side where event id or action differ between the sides."""
    event = view.event
    if event is None or isinstance(view.message, WireError):
        return choice_of((), "", "AuditMessage")
    sides = _sides(event, view.message.action, view.message.event_id.code if view.message.event_id else None)
    of_event = [v for v in validators_of("AuditMessage") if event.id in v.kinds]
    fitting = [v for v in of_event if not v.side or v.side in sides]
    told = len(fitting) < len(of_event)
    because = say("choice.event-side", event=event.id, side=sides[0]) if told else say("choice.event", event=event.id)
    return choice_of(fitting or of_event, because, f"AuditMessage {event.id}")


def _sides(event: EventSpec, action: str | None, event_id: str | None) -> tuple[str, ...]:
    """The sides that write event id and action so; both when neither tells."""
    by_id = [s for s in event.sides if event.event_ids.get(s) == event_id]
    by_both = [s for s in by_id if action in event.actions.get(s, ())]
    return tuple(by_both or by_id or event.sides)


def choose_message(view: LoneView, root: str) -> Choice:
    """The validator of a message of a transaction."""
    of_root = validators_of(root)
    if len(of_root) < 2:
        return choice_of(of_root, say("choice.root", root=root), root)
    kinds, because = _kinds_of(view, root)
    found = tuple(v for v in of_root if set(v.kinds) & set(kinds))
    return choice_of(found or of_root, because if found else say("choice.unknown-kinds", root=root), root)


def _kinds_of(view: LoneView, root: str) -> tuple[tuple[str, ...], str]:
    """The kinds of documents that a message is about, and from what they were told."""
    own = tuple(dict.fromkeys(_own_kinds(view)))
    if own:
        key = "choice.asks" if view.asked_by_sut else "choice.holds"
        return own, say(key, root=root, kinds=", ".join(own))
    listed = tuple(dict.fromkeys(_listed_kinds(view)))
    if listed:
        return listed, say("choice.listed", kinds=", ".join(listed))
    if view.asked_by_sut or view.counterpart is None:
        return (), ""
    asked = tuple(dict.fromkeys(_asked_kinds(view.counterpart)))
    name = view.counterpart_root
    return asked, say("choice.answers", because=say("choice.asks", root=name, kinds=", ".join(asked))) if asked else ""


def _own_kinds(view: LoneView) -> Iterator[str]:
    if view.asked_by_sut:
        yield from _asked_kinds(view)
        return
    if view.query_answer is not None:
        yield from _of_entries(view.query_answer.entries)
    for header in view.headers if view.retrieve_answer is not None else ():
        if not isinstance(header, WireError):
            kind = header.kind or (header.code and _kind(header.code))
            yield kind or "other"


def _asked_kinds(view: LoneView) -> Iterator[str]:
    if view.document_query is not None:
        yield from (_kind(c.code) for c in view.document_query.class_codes.values if c.code)
    if view.submission is not None:
        for entry, kind in zip(view.submission.entries, view.submission.kinds, strict=True):
            yield kind or _kind(entry.class_code.code if entry.class_code is not None else None)


def _listed_kinds(view: LoneView) -> Iterator[str]:
    """The kinds that earlier lists give to the documents of a retrieval."""
    asked = view if view.asked_by_sut else view.counterpart
    request = asked.retrieve_request if asked is not None else None
    wanted = {d.id for d in request.documents} if request is not None else set()
    for earlier in view.conversation:
        if earlier.query_answer is not None:
            yield from _of_entries([e for e in earlier.query_answer.entries if e.unique_id in wanted])


def _of_entries(entries: Sequence[xds.DocumentEntry]) -> Iterator[str]:
    yield from (_kind(e.class_code.code if e.class_code is not None else None) for e in entries)


def _kind(class_code: str | None) -> str:
    known = codes.kind_of_class_code(class_code or "")
    return known.kind if known is not None else "other"


def choose_certificate(extended: Sequence[str], signs: bool) -> Choice:
    """The validator of a certificate, by its extended key usage; one without may be there to sign."""
    of_use = [v for v in OBJECT_VALIDATORS.values() if v.family == "certificate"]
    found = [v for v in of_use if set(v.kinds) & set(extended)]
    if found:
        return choice_of(found, say("choice.usage", usage=", ".join(extended)), "certificate")
    return choice_of([v for v in of_use if signs and "signature" in v.kinds], say("choice.no-usage"), "certificate")
