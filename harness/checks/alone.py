"""Judging an object by itself, without the exchange it belongs to: what is not there is asked for, never assumed.

The checks are those of a run. Whatever an object alone does not hold (the request of an answer, the TLS connection, the
description of the system, earlier messages) is replaced by something that refuses every question. A check that asks it
was not decided, and is reported with what it lacked; what it had found before it asked is proven and stands.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from typing import NoReturn, cast

from lxml import etree

from harness.checks._audit_registry import AUDIT_CHECKS
from harness.checks._audit_view import AuditView
from harness.checks._registry import AUTOMATIC, CheckInfo, CheckResult, Context, advised, concerns
from harness.checks._view import View
from harness.errors import WireError
from harness.model import (
    AuditRecord,
    Exchange,
    Finding,
    HttpRecord,
    OurSide,
    Party,
    Patient,
    Sut,
    TlsFacts,
)
from harness.wire import http, saml, soap
from harness.wire.stored import Stored

REQUEST, RESPONSE = "request", "response"


class _LacksError(Exception):
    """A check asked for something that an object alone does not hold; the argument names it."""


class _Absent:
    """Stands for what is not known; every use of it raises."""

    def __init__(self, what: str) -> None:
        object.__setattr__(self, "_what", what)

    def _refuse(self, *_: object) -> NoReturn:
        raise _LacksError(object.__getattribute__(self, "_what"))

    __getattr__ = __setattr__ = __getitem__ = __contains__ = __lt__ = __le__ = __gt__ = __ge__ = _refuse
    __iter__ = __reversed__ = __len__ = __bool__ = __str__ = __format__ = __add__ = __radd__ = __sub__ = __rsub__ = (
        _refuse
    )
    __eq__ = __ne__ = __hash__ = _refuse


def _absent[T](kind: type[T], what: str) -> T:
    return cast(T, _Absent(what))


@dataclass(frozen=True, slots=True, kw_only=True)
class AloneResult:
    """What one check came to on an object alone; `lacks` names what it asked for and did not get, empty when it decided.

    Findings of a check that lacks something were proven before it asked.
    """

    requirement: str
    findings: tuple[Finding, ...] = ()
    lacks: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What is known beside the object: the other message, earlier ones of the conversation, authorities (PEM), an instant.

    `at` is when the object was used, aware UTC; None: when its assertions were issued.
    """

    other: soap.SoapMessage | None = None
    earlier: tuple["EarlierView", ...] = ()
    authorities: bytes = b""
    at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LoneMessage:
    """A message of one side of a transaction (empty: none we know), as kept."""

    message: soap.SoapMessage
    transaction: str
    side: str
    enveloped: bool
    stored: Stored


class LoneView(View):
    """A message alone: its counterpart is there only when it was given."""

    def __init__(self, lone: LoneMessage, known: Known) -> None:
        self._lone, self._known = lone, known
        record = _record(lone.stored)
        lacking = _absent(HttpRecord, REQUEST)
        asks = lone.side == REQUEST
        super().__init__(
            Exchange(
                id="",
                transaction=lone.transaction,
                initiator=Party.SUT if asks else Party.PEER,
                url=_absent(str, "connection"),
                started_at=known.at or moment_of(lone.message.assertions) or _absent(datetime, "time"),
                duration_s=0.0,
                request=record if asks else lacking,
                response=None if asks else record,
                tls=_absent(TlsFacts, "connection"),
            )
        )

    @cached_property
    def request(self) -> soap.SoapMessage | WireError | None:
        """The request, asked for where it is not this message and was not given."""
        return self._side(REQUEST)

    @cached_property
    def response(self) -> soap.SoapMessage | WireError | None:
        """The answer, asked for where it is not this message and was not given."""
        return self._side(RESPONSE)

    @property
    def counterpart(self) -> "LoneView | None":
        """The other message of the exchange, seen by itself; None when it was not given."""
        if self._known.other is None:
            return None
        other = LoneMessage(
            message=self._known.other,
            transaction=self._lone.transaction,
            side=RESPONSE if self._lone.side == REQUEST else REQUEST,
            enveloped=True,
            stored=self._lone.stored,
        )
        return LoneView(other, Known())

    @property
    def counterpart_root(self) -> str:
        """The local name of the other message's payload."""
        payload = self._known.other.payload if self._known.other is not None else None
        return "" if payload is None else etree.QName(payload).localname

    @property
    def conversation(self) -> tuple["EarlierView", ...]:
        """The earlier messages that were given."""
        return self._known.earlier

    def _side(self, side: str) -> soap.SoapMessage | None:
        if self._lone.side == side:
            return self._lone.message
        if self._known.other is None:
            raise _LacksError(side)
        return self._known.other


class EarlierView(LoneView):
    """A message given as an earlier one of the conversation: the other side of its exchange counts as not seen."""

    def _side(self, side: str) -> soap.SoapMessage | None:
        return self._lone.message if self._lone.side == side else None


def moment_of(assertions: Sequence[etree._Element]) -> datetime | None:
    """When the latest of `assertions` was issued, or became valid: the first instant at which all could be used together.

    None when none of them says it, or when nobody knows which assertions there are.
    """
    try:
        said = [parsed for element in assertions if (parsed := _parsed(element)) is not None]
    except _LacksError:
        return None
    stated = [i.at for a in said for i in (a.issue_instant, a.not_before) if i is not None and i.at is not None]
    return max(stated, default=None)


def _parsed(element: etree._Element) -> saml.SamlAssertion | None:
    try:
        return saml.parse_assertion(element)
    except WireError:
        return None


class LoneAssertion(LoneView):
    """An assertion that travels in no message: the message and the assertions beside it are lacking."""

    def __init__(self, element: etree._Element, said: saml.SamlAssertion, stored: Stored, known: Known) -> None:
        message = replace(bare_message(element, stored.body), assertions=(element,))
        lone = LoneMessage(message=message, transaction="", side=REQUEST, enveloped=False, stored=stored)
        super().__init__(lone, known)
        self._only = ((element, said),)

    @cached_property
    def request(self) -> soap.SoapMessage | WireError | None:
        """Lacking."""
        raise _LacksError("message")

    @cached_property
    def assertions(self) -> tuple[tuple[etree._Element, saml.SamlAssertion | WireError], ...]:
        """The one assertion."""
        return self._only


_OF_TWO = frozenset({"SAML-TRC-002", "SAML-TRC-003", "SAML-NOK-002", "SAML-NOK-003"})
"""Requirements on an assertion and the identity assertion beside it."""


def bare_message(payload: etree._Element, content: bytes) -> soap.SoapMessage:
    """`payload` as the content of a message whose envelope was not kept."""
    envelope = "envelope"
    return soap.SoapMessage(
        envelope=content,
        root=payload,
        version=_absent(str, envelope),
        addressing=_absent(soap.Addressing, envelope),
        header_blocks=_absent(tuple[soap.HeaderBlock, ...], envelope),
        security_count=_absent(int, envelope),
        assertions=_absent(tuple[etree._Element, ...], envelope),
        body_count=1,
        payload=payload,
        fault=None,
        content_type=_absent(http.ContentType, envelope),
    )


def judge_message(view: LoneView, known: Known, prefixes: Sequence[str]) -> tuple[AloneResult, ...]:
    """What the checks say of a message alone, sorted by requirement; those of `prefixes` only when there are any.

    Without an envelope, what is asked of envelopes is left out altogether unless `prefixes` ask for it.
    """
    actor = "ncpeh-b" if view.asked_by_sut else "ncpeh-a"
    context = _context(known, actor)
    results = []
    for requirement, infos in sorted(AUTOMATIC.items()):
        if prefixes and not requirement.startswith(tuple(prefixes)):
            continue
        results += [r for i in infos if concerns(i, view, context) and (r := _judged(i, view, context)) is not None]
    return tuple(results)


def _judged(info: CheckInfo, view: LoneView, context: Context) -> AloneResult | None:
    if isinstance(view, LoneAssertion) and info.requirement in _OF_TWO:
        return AloneResult(requirement=info.requirement, lacks="message")
    try:
        if not info.when(view, context):
            return None
    except _LacksError as exc:
        return AloneResult(requirement=info.requirement, lacks=str(exc))
    return _collected(info.requirement, info.function(view, context))


def _collected(requirement: str, made: Iterator[Finding]) -> AloneResult:
    findings: list[Finding] = []
    lacks = ""
    try:
        for finding in made:
            findings.append(advised(finding, requirement))
    except _LacksError as exc:
        lacks = str(exc)
    return AloneResult(requirement=requirement, findings=tuple(findings), lacks=lacks)


def _context(known: Known, actor: str) -> Context:
    system = "system"
    sut = _absent(Sut, system)
    if known.authorities:
        sut = cast(Sut, _Trusting(known.authorities))
    return Context(
        sut=sut,
        actor=actor,
        ours=_absent(OurSide, system),
        our_anchors=_absent(bytes, system),
        earlier=known.earlier or _absent(tuple[View, ...], "earlier"),
        patient=_absent(Patient, "patient"),
        our_certificate=_absent(bytes, system),
    )


class _Trusting(_Absent):
    """A system of which only the authorities it trusts are known."""

    def __init__(self, authorities: bytes) -> None:
        super().__init__("system")
        object.__setattr__(self, "trust_authorities", authorities)


def _record(stored: Stored) -> HttpRecord:
    """The HTTP message of a file; lacking where only the body was kept."""
    if not stored.start_line:
        return _absent(HttpRecord, "connection")
    return HttpRecord(raw=stored.body, body=stored.body, start_line=stored.start_line, headers=stored.headers)


class LoneAudit(AuditView):
    """An audit record alone: no exchange, and no frame or header unless they were kept."""

    def __init__(self, stored: Stored, exchange: View | None = None) -> None:
        framed = stored.form == "syslog"
        counted = stored.body[:1].isdigit()
        record = AuditRecord(
            id="",
            transport="tls" if counted else "udp" if framed else _absent(str, "frame"),
            received_at=_absent(datetime, "time"),
            raw=stored.body if framed else _absent(bytes, "frame"),
        )
        super().__init__(record, exchange)
        self._stored, self._framed = stored, framed

    def matched(self, exchange: View | None) -> "LoneAudit":
        """The same record, held against `exchange`."""
        return LoneAudit(self._stored, exchange)

    @property
    def content(self) -> bytes:
        """The bytes of the audit message."""
        return super().content if self._framed else self._stored.body


def judge_audit_alone(view: LoneAudit, actor: str) -> tuple[AloneResult, ...]:
    """What the checks say of an audit record alone, written by a system that is `actor`.

    A check that compares with the exchange is run once more without: what it says of the record by itself is kept, and it
    is reported as lacking the exchange.
    """
    context = _context(Known(), actor)
    results = []
    for requirement, info in sorted(AUDIT_CHECKS.items()):
        if info.actor not in ("", actor):
            continue
        alone = _judged_audit(requirement, view, context)
        held = _judged_audit(requirement, view.matched(_absent(View, "exchange")), context)
        if alone is None and held is not None and held.lacks:
            results.append(AloneResult(requirement=requirement, lacks=held.lacks))
        elif alone is not None:
            lacks = alone.lacks or (held.lacks if held is not None else "")
            results.append(AloneResult(requirement=requirement, findings=alone.findings, lacks=lacks))
    return tuple(results)


def _judged_audit(requirement: str, view: AuditView, context: Context) -> AloneResult | None:
    info = AUDIT_CHECKS[requirement]
    try:
        if not info.when(view, context):
            return None
    except _LacksError as exc:
        return AloneResult(requirement=requirement, lacks=str(exc))
    return _collected(requirement, info.function(view, context))


def as_results(results: Sequence[AloneResult]) -> tuple[CheckResult, ...]:
    """Those that were decided or proven, as results of checks."""
    return tuple(
        CheckResult(requirement=r.requirement, findings=r.findings) for r in results if r.findings or not r.lacks
    )


def lacking(results: Sequence[AloneResult]) -> Mapping[str, tuple[str, ...]]:
    """What was lacking -> the requirements that were not decided for want of it."""
    found: dict[str, list[str]] = {}
    for result in results:
        if result.lacks:
            found.setdefault(result.lacks, []).append(result.requirement)
    return {what: tuple(sorted(set(names))) for what, names in sorted(found.items())}
