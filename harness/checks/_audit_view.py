"""One audit record, parsed at most once, with the exchange it speaks of: what audit checks look at.

Which exchange a record belongs to is told by what it names (the message id of the request), else by transaction, patient
and time of arrival; so that a record which names the wrong patient is still held against its exchange.
"""

from collections.abc import Iterator, Sequence
from functools import cached_property

from lxml import etree

from harness import safexml
from harness.checks._earlier import confirmed, kinds_asked
from harness.checks._registry import Context
from harness.checks._view import View
from harness.errors import WireError
from harness.model import AuditRecord, Location
from harness.wire import atna, audit_events, codes, ns, soap, syslog
from harness.wire.audit_events import EventSpec

SIDES = {"ncpeh-a": "A", "ncpeh-b": "B"}
"""Actor -> side in the tables of audit events. practitioner-software stands behind B."""
_NO_MATCH = frozenset({"NF"})


class AuditView:
    """`record` and all that can be read from it; `exchange` is the one it was matched with, None when with none."""

    def __init__(self, record: AuditRecord, exchange: View | None = None) -> None:
        self.record = record
        self.exchange = exchange

    def matched(self, exchange: View | None) -> "AuditView":
        """The same record, held against `exchange`."""
        return AuditView(self.record, exchange)

    @property
    def name(self) -> str:
        """What places in this record call it: `audit:a0001`."""
        return f"audit:{self.record.id}"

    @cached_property
    def frame(self) -> syslog.Frame:
        """How it was framed."""
        return syslog.read_frame(self.record.raw, self.record.transport)

    @cached_property
    def header(self) -> syslog.SyslogMessage | WireError:
        """The syslog message, or why it is none."""
        try:
            return syslog.parse_message(self.frame.message)
        except WireError as exc:
            return exc

    @property
    def content(self) -> bytes:
        """The bytes of the audit message, as far as they can be told from the header."""
        if isinstance(self.header, WireError):
            start = self.frame.message.find(b"<AuditMessage")
            return self.frame.message[start:] if start >= 0 else self.frame.message
        return self.header.content

    @cached_property
    def root(self) -> etree._Element | WireError:
        """The audit message as XML, or why it is none."""
        try:
            return safexml.parse(self.content)
        except WireError as exc:
            return exc

    @cached_property
    def message(self) -> atna.AuditMessage | WireError:
        """The audit message, or why it is none."""
        if isinstance(self.root, WireError):
            return self.root
        try:
            return atna.parse_element(self.root)
        except WireError as exc:
            return exc

    @cached_property
    def event(self) -> EventSpec | None:
        """The event it says it is."""
        return None if isinstance(self.message, WireError) else audit_events.event_of(self.message)

    @property
    def names_a_message(self) -> bool:
        """Whether it says by its id which request it is about."""
        if isinstance(self.message, WireError):
            return False
        return any(i.startswith(("urn:uuid:", "uuid:")) for i in self.message.request_ids)

    @property
    def is_of_a_transaction(self) -> bool:
        """Whether it is about something of ours: other records (start of an application, log-in) are nobody's business."""
        if isinstance(self.message, WireError):
            return False
        systems = {c.system_name for c in self.message.types}
        return self.event is not None or self.exchange is not None or audit_events.IHE_TRANSACTIONS in systems

    def at(self, path: str = "") -> Location:
        """Where `path` (steps below AuditMessage) lies; the line is that of the deepest element that is there."""
        if isinstance(self.root, WireError):
            return Location(message=self.name)
        element, steps = self.root, [s for s in path.split("/") if s]
        while steps and not steps[0].startswith("@"):
            found = element.find(steps[0])
            if found is None:
                break
            element = found
            del steps[0]
        return Location(message=self.name, xpath="/".join((ns.xpath_of(element), *steps)), line=element.sourceline)

    @property
    def parsed(self) -> atna.AuditMessage:
        """The audit message of a record that `is_of_a_transaction`."""
        if isinstance(self.message, WireError):
            raise RuntimeError("asked of a record that cannot be read")
        return self.message


def side_of(context: Context) -> str:
    """A or B, as the tables of events call the role of the system under test."""
    return SIDES.get(context.actor, "B")


def matching_exchange(view: AuditView, exchanges: Sequence[View]) -> View | None:
    """The exchange of the row that the record speaks of, None when it speaks of none of them.

    A message id decides; else the latest exchange of the record's transaction that began before the record came, one about
    the same patient before others.
    """
    message = view.message
    if isinstance(message, WireError):
        return None
    for exchange in reversed(exchanges):
        if _request_id(exchange) in message.request_ids:
            return exchange
    if view.names_a_message:
        return None  # another one, of another row
    transactions = audit_events.transactions_of(message)
    possible = [
        e
        for e in exchanges
        if e.exchange.transaction in transactions and e.exchange.started_at <= view.record.received_at
    ]
    named = {o.id for o in message.patients}
    same = [e for e in possible if named & set(patients_of(e))]
    return next(reversed(same or possible), None)


def _request_id(exchange: View) -> str | None:
    message = exchange.request
    return message.addressing.message_id if isinstance(message, soap.SoapMessage) else None


def patients_of(exchange: View) -> tuple[str, ...]:
    """The patients an exchange is about, in CX form: asked for, found, or confirmed by the TRC assertion."""
    return tuple(dict.fromkeys(_patients(exchange)))


def _patients(exchange: View) -> Iterator[str]:
    if exchange.discovery_query is not None:
        yield from (f"{i.extension or ''}^^^&{i.root or ''}&ISO" for i in exchange.discovery_query.ids)
    if exchange.discovery_answer is not None:
        for subject in exchange.discovery_answer.subjects:
            yield from (f"{i.extension or ''}^^^&{i.root or ''}&ISO" for i in subject.ids)
    if exchange.document_query is not None and exchange.document_query.patient_id:
        yield exchange.document_query.patient_id
    if exchange.submission is not None:
        yield from (e.patient_id for e in exchange.submission.entries if e.patient_id)
    treated = confirmed(exchange)
    if treated is not None:
        yield treated.cx


def events_of(exchange: View, context: Context) -> tuple[EventSpec, ...]:
    """The events that `exchange` may be logged as, told by transaction and kind of documents."""
    return audit_events.events_for(exchange.exchange.transaction, tuple(kinds_asked(exchange, context)))


def outcome_of(exchange: View) -> str:
    """How an exchange ended: success, partial, failure, no-match (clean or not), or unknown."""
    response = exchange.response
    if exchange.exchange.failure is not None or response is None or isinstance(response, WireError):
        return "unknown"
    if response.fault is not None:
        return "failure"
    answer = exchange.discovery_answer
    if answer is not None:
        if answer.query_response_code in _NO_MATCH or (answer.ack_code == "AA" and not answer.subjects):
            return "no-match"
        return "success" if answer.ack_code == "AA" and answer.subjects else "failure"
    registry = exchange.registry_answer
    status = registry.status if registry is not None else None
    if registry is None or status not in codes.RESPONSE_STATUSES.values():
        return "unknown"
    if status == codes.RESPONSE_STATUSES["failure"]:
        return "failure"
    return "success" if status == codes.RESPONSE_STATUSES["success"] and not registry.errors else "partial"


def error_codes(exchange: View) -> tuple[str, ...]:
    """The error codes that the answer carries."""
    found: list[str | None] = []
    if exchange.discovery_answer is not None:
        found += [d.code for a in exchange.discovery_answer.acknowledgements for d in a.details]
        found += [i.code for i in exchange.discovery_answer.issues]
    registry = exchange.registry_answer
    if registry is not None:
        found += [e.code for e in registry.errors]
    return tuple(dict.fromkeys(c for c in found if c))
