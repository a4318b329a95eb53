"""A temperament at work: what our country A demands of a request, and whose turn it is among its habits.

Receiver duties only, each by itself and named in a file: nothing here decides what a scenario's verdict is.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from cryptography.x509 import Certificate

from harness.errors import WireError
from harness.model import ORDINARY, Temperament
from harness.wire import codes, saml, xmldsig
from harness.wire.soap import SoapMessage

_TOLERANCE = timedelta(seconds=60)
_MEDIA_TYPES = ("application/soap+xml", "multipart/related")
_REMEMBERED = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class _Question:
    message: SoapMessage
    transaction: str
    at: datetime
    anchors: tuple[Certificate, ...]
    repeated: bool

    def claims(self) -> list[saml.SamlAssertion]:
        return [saml.parse_assertion(element) for element in self.message.assertions]


@dataclass(slots=True)
class Character:
    """One temperament with its memory. `anchors` are the authorities that signatures have to lead to."""

    temperament: Temperament
    anchors: tuple[Certificate, ...] = ()
    _turns: Counter[str] = field(default_factory=Counter)
    _seen: dict[str, None] = field(default_factory=dict)

    def answer_habit(self, transaction: str) -> tuple[str, ...]:
        """The reply fault whose turn it is, none for an ordinary answer."""
        return self._next("answers", self.temperament.answers, transaction)

    def request_habit(self, transaction: str) -> tuple[str, ...]:
        """The mutation whose turn it is, none for an ordinary request."""
        return self._next("requests", self.temperament.requests, transaction)

    def unmet(self, message: SoapMessage, transaction: str, at: datetime) -> str:
        """The first demand that a request does not meet, a word of DEMANDS; empty when it meets all."""
        message_id = message.addressing.message_id
        question = _Question(
            message=message,
            transaction=transaction,
            at=at,
            anchors=self.anchors,
            repeated=message_id in self._seen,
        )
        if message_id:
            self._seen[message_id] = None
            if len(self._seen) > _REMEMBERED:
                del self._seen[next(iter(self._seen))]
        return next((word for word in self.temperament.demands if not _met(_DEMANDS[word], question)), "")

    def _next(self, side: str, habits: Mapping[str, tuple[str, ...]], transaction: str) -> tuple[str, ...]:
        names = habits.get(transaction, ())
        if not names:
            return ()
        turn = self._turns[f"{side} {transaction}"]
        self._turns[f"{side} {transaction}"] += 1
        name = names[turn % len(names)]
        return () if name == ORDINARY else (name,)


def _met(demand: Callable[[_Question], bool], question: _Question) -> bool:
    try:
        return demand(question)
    except WireError:
        return False  # an assertion that cannot be read or verified


def _media_type(q: _Question) -> bool:
    return q.message.content_type is not None and q.message.content_type.media_type in _MEDIA_TYPES


def _action(q: _Question) -> bool:
    addressing = q.message.addressing
    return addressing.action == codes.ACTIONS[q.transaction].request and addressing.action_must_understand


def _message_id(q: _Question) -> bool:
    return (q.message.addressing.message_id or "").startswith("urn:uuid:")


def _assertions(q: _Question) -> bool:
    wanted = {"hcp"} if q.transaction == codes.ITI_55 else {"hcp", "trc"}
    return q.message.security_count == 1 and wanted <= {claim.kind for claim in q.claims()}


def _lifetime(q: _Question) -> bool:
    for claim in q.claims():
        start = claim.not_before.at if claim.not_before else None
        end = claim.not_on_or_after.at if claim.not_on_or_after else None
        if start is None or end is None or not start - _TOLERANCE <= q.at < end + _TOLERANCE:
            return False
    return True


def _signatures(q: _Question) -> bool:
    facts = (xmldsig.verify(element, anchors=q.anchors, at=q.at) for element in q.message.assertions)
    return all(one.chain_problem is None for one in facts)


_DEMANDS: Mapping[str, Callable[[_Question], bool]] = {
    "media-type": _media_type,
    "action": _action,
    "message-id": _message_id,
    "new-message-id": lambda q: not q.repeated,
    "assertions": _assertions,
    "lifetime": _lifetime,
    "signatures": _signatures,
}
"""The words of DEMANDS, as questions to a request."""
