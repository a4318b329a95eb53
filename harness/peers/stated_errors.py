"""An error that a reply is told to answer with, put where its transaction carries errors.

Source: eHDSI XCPD, XCA and XDR profiles, error handling; IHE ITI TF-2, 3.55.4.2.3 and TF-3, 4.2.4; SOAP 1.2 part 1, 5.4.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from harness.model import FAULT_SITUATIONS, error_code
from harness.peers import arguments as given
from harness.peers.arguments import Arguments, refuse
from harness.wire import codes, ns, xcpd
from harness.wire.xcpd import AckDetail, Acknowledgement, DiscoveryAnswer
from harness.wire.xds import QueryAnswer, RegistryError, RegistryResponse, RetrieveAnswer

SEVERITIES = {"error": codes.SEVERITY_ERROR, "warning": codes.SEVERITY_WARNING}
_FAULTS: Mapping[str, tuple[str, str | None]] = {
    "sender": ("Sender", None),
    "receiver": ("Receiver", None),
    "security": ("Sender", ns.clark(ns.WSSE, "InvalidSecurityToken")),
    "must-understand": ("MustUnderstand", None),
    "version-mismatch": ("VersionMismatch", None),
    "action-not-supported": ("Sender", ns.clark(ns.WSA, "ActionNotSupported")),
}
"""Family of a fault (a value of the outcome word soap_fault) to its code and subcode. Source: WS-Security 1.1, 12."""
_DENIED = (
    "ERROR_NOT_VALID_ASSERTION",
    "ERROR_WEAK_AUTHENTICATION",
    "ERROR_INSUFFICIENT_RIGHTS",
    "WARNING_PI_NO_CONSENT",
)
_REGISTRY_KEYS = ("code", "severity", "status", "context", "location")
_DISCOVERY_KEYS = ("code", "severity", "reason", "acknowledgement", "query_response", "context", "location")
_FAULT_KEYS = ("soap_fault", "context", "location")


@dataclass(frozen=True, slots=True, kw_only=True)
class StatedFault:
    """A SOAP fault: local name of its code, Clark name of its subcode, reason and detail."""

    code: str
    subcode: str | None
    reason: str
    detail: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class StatedError:
    """An error in the payload; `severity` is `error` or `warning`, `status` a word of codes.RESPONSE_STATUSES."""

    code: str
    severity: str
    status: str
    context: str
    location: str | None
    reason: str | None
    acknowledgement: str
    query_response: str

    def in_discovery(self, answer: DiscoveryAnswer) -> DiscoveryAnswer:
        """`answer` without a match, saying the error in acknowledgementDetail and, where there is one, its reason."""
        kind = "W" if self.severity == "warning" else "E"
        detail = AckDetail(code=self.code, text=self.context, location=self.location, type_code=kind)
        acknowledgement = Acknowledgement(
            type_code=self.acknowledgement, target_message_id=answer.target_message_id, details=(detail,)
        )
        return replace(
            answer,
            acknowledgements=(acknowledgement,),
            query_response_code=self.query_response,
            subjects=(),
            issues=(xcpd.reason(self.reason),) if self.reason else (),
        )

    def in_listing(self, answer: QueryAnswer) -> QueryAnswer:
        """`answer` with the error; what was found stays unless it is a failure."""
        kept = QueryAnswer(status=self._uri) if self.status == "failure" else replace(answer, status=self._uri)
        return replace(kept, errors=(*kept.errors, self._entry))

    def in_retrieval(self, answer: RetrieveAnswer) -> RetrieveAnswer:
        """As `in_listing`, for documents."""
        kept = RetrieveAnswer(status=self._uri) if self.status == "failure" else replace(answer, status=self._uri)
        return replace(kept, errors=(*kept.errors, self._entry))

    def in_storing(self, _: RegistryResponse) -> RegistryResponse:
        """The answer to a submission with the error."""
        return RegistryResponse(status=self._uri, errors=(self._entry,))

    @property
    def _uri(self) -> str:
        return codes.RESPONSE_STATUSES[self.status]

    @property
    def _entry(self) -> RegistryError:
        return RegistryError(
            code=self.code, context=self.context, severity=SEVERITIES[self.severity], location=self.location
        )


def stated_error(arguments: Arguments, transaction: str) -> StatedError | StatedFault | None:
    """What argument `error` of a reply to `transaction` says, None without it.

    Raises:
        ScenarioError: an unknown key, word or code, or a code that cannot be in an answer of this transaction.
    """
    value = arguments.get("error")
    if value is None:
        return None
    said: Arguments = value if isinstance(value, Mapping) else _short(given.text(arguments, "error") or "", transaction)
    if "soap_fault" in said:
        _known_keys(said, _FAULT_KEYS)
        return _fault(said)
    _known_keys(said, _DISCOVERY_KEYS if transaction == codes.ITI_55 else _REGISTRY_KEYS)
    return _error(said, transaction)


def _short(word: str, transaction: str) -> Arguments:
    """A single word: a code, or for ITI-55 a reason code."""
    return {"reason": word} if transaction == codes.ITI_55 and word in codes.REASONS else {"code": word}


def _known_keys(said: Arguments, known: tuple[str, ...]) -> None:
    for key in said:
        if key not in known:
            refuse("with.error", "unknown key", expected=known, found=key)


def _fault(said: Arguments) -> StatedFault:
    word = given.text(said, "soap_fault") or ""
    family, reason = FAULT_SITUATIONS.get(word, (word, "The request is refused"))
    if family not in _FAULTS:
        refuse("with.error.soap_fault", "unknown fault", expected=(*_FAULTS, *FAULT_SITUATIONS), found=word)
    code, subcode = _FAULTS[family]
    reason = given.text(said, "context") or reason
    return StatedFault(code=code, subcode=subcode, reason=reason, detail=given.text(said, "location"))


def _error(said: Arguments, transaction: str) -> StatedError:
    default = codes.ERROR_PI_GENERIC if "reason" in said else None
    word = given.text(said, "code", default) or ""
    known = error_code(word)
    if known is None:
        refuse("with.error", "unknown error code", expected=("a code or name of docs/error-codes.md",), found=word)
    if transaction not in known.transactions:
        refuse("with.error", f"{word!r} is not for this transaction", expected=known.transactions, found=transaction)
    severity = _word(said, "severity", "warning" if known.warning else "error", SEVERITIES)
    no_match = known.name == codes.ERROR_PI_NO_MATCH
    reason = given.text(said, "reason", _usual_reason(known.name)) if transaction == codes.ITI_55 else None
    if reason is not None and reason not in codes.REASONS:
        refuse("with.error.reason", "unknown reason", expected=tuple(codes.REASONS), found=reason)
    return StatedError(
        # The word is sent as it was given: some implementations send names where others send numbers.
        code=known.code if word == known.code else known.name,
        severity=severity,
        status=_word(said, "status", "success" if severity == "warning" else "failure", codes.RESPONSE_STATUSES),
        context=given.text(said, "context") or known.name.replace("_", " ").capitalize(),
        location=given.text(said, "location"),
        reason=reason,
        acknowledgement=_word(said, "acknowledgement", "AA" if no_match else "AE", ("AA", "AE", "AR")),
        query_response=_word(said, "query_response", "NF" if no_match else "AE", ("OK", "NF", "AE", "QE")),
    )


def _usual_reason(name: str) -> str:
    """The reason that goes with a code in ITI-55. Source: protocol facts 4.5."""
    if name == codes.ERROR_PI_NO_MATCH:
        return codes.REASON_ANSWER_NOT_AVAILABLE
    denied = name.startswith("ERROR_HPI_") or name in _DENIED
    return codes.REASON_INSUFFICIENT_RIGHTS if denied else codes.REASON_INTERNAL_ERROR


def _word(said: Arguments, name: str, default: str, known: Mapping[str, str] | tuple[str, ...]) -> str:
    word = given.text(said, name, default) or default
    if word not in known:
        refuse(f"with.error.{name}", f"unknown {name}", expected=tuple(known), found=word)
    return word
