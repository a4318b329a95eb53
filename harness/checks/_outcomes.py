"""The outcome words of `expect`: whether an exchange or trigger ended as a scenario accepts."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from harness.checks._compare import show, within
from harness.checks._facts import shown, status_word
from harness.checks._view import View
from harness.errors import WireError
from harness.model import (
    Alternative,
    Datum,
    FailureKind,
    Finding,
    Layer,
    Location,
    Reference,
    TriggerOutcome,
    Value,
    say,
)
from harness.wire import codes, ns, saml, smp, soap, xds


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpectResult:
    """`met` is the alternative that held (its `grade` beside it), None when none did; `expected` and `found` in one line."""

    met: Alternative | None
    grade: str | None
    expected: str
    found: str
    findings: tuple[Finding, ...]


type _Word = Callable[[View, Datum], bool]

_NO_ANSWER = frozenset({FailureKind.TIMED_OUT, FailureKind.RESET, FailureKind.CUT, FailureKind.NOT_HTTP})


def judge_expect(
    alternatives: Sequence[Alternative], view: View | None, outcome: TriggerOutcome | None
) -> ExpectResult:
    """Which of `alternatives` (resolved) the saved exchange or trigger met; strict ones are tried first."""
    found = describe(view if view is not None else outcome)
    expected = " or ".join(_words(a) for a in alternatives)
    for alternative in sorted(alternatives, key=lambda a: a.grade != "strict"):
        if all(_holds(word, _datum(wanted), view, outcome) for word, wanted in alternative.outcomes.items()):
            return ExpectResult(met=alternative, grade=alternative.grade, expected=expected, found=found, findings=())
    finding = Finding(
        at=_place(view),
        expected=expected,
        found=found,
        rule="scenario/expect",
        layer=Layer.SCENARIO,
        next=say("next.outcome"),
    )
    return ExpectResult(met=None, grade=None, expected=expected, found=found, findings=(finding,))


def describe(saved: View | TriggerOutcome | None) -> str:
    """One line of what came, in protocol words and without anybody's name."""
    if saved is None:
        return "nothing"
    if isinstance(saved, TriggerOutcome):
        return _describe_trigger(saved)
    if saved.asked_by_sut:
        return _describe_request(saved)
    exchange = saved.exchange
    if exchange.failure is not None:
        return f"no answer: {exchange.failure.kind.value}"
    parts = [f"HTTP {exchange.response.status if exchange.response else '?'}"]
    if saved.is_lookup:
        return ", ".join((*parts, _describe_metadata(saved)))
    response = saved.response
    if isinstance(response, WireError):
        return f"{parts[0]}, unreadable: {response.problem}"
    if response is not None and response.fault is not None:
        names = [ns.qname(response.fault.code), *(ns.qname(c) for c in response.fault.subcodes)]
        return f"{parts[0]}, fault {' / '.join(names)}"
    answer = saved.discovery_answer
    if answer is not None:
        parts += [a.type_code or "no acknowledgement code" for a in answer.acknowledgements]
        parts.append(answer.query_response_code or "no queryResponseCode")
        parts.append(_counted(len(answer.subjects), "patient"))
        parts += [i.code for i in answer.issues if i.code]
        parts += [d.code for a in answer.acknowledgements for d in a.details if d.code]
        return ", ".join(parts)
    registry = saved.registry_answer
    if registry is not None:
        parts.append(status_word(registry.status) or "no status")
        if isinstance(registry, xds.QueryAnswer):
            parts.append(_counted(len(registry.entries), "entry", "entries"))
        elif isinstance(registry, xds.RetrieveAnswer):
            parts.append(_counted(len(registry.documents), "document"))
        parts += [e.code or "error without code" for e in registry.errors]
        return ", ".join(parts)
    if saved.token_response is not None:
        kinds = [a.kind if isinstance(a, saml.SamlAssertion) else "unreadable" for _, a in saved.issued]
        return ", ".join((parts[0], _counted(len(kinds), "token"), *kinds))
    if saved.payload_problem is not None:
        return f"{parts[0]}, unreadable: {saved.payload_problem.problem}"
    payload = response.payload if response is not None else None
    parts.append(f"payload {ns.qname(str(payload.tag))}" if payload is not None else "no payload")
    return ", ".join(parts)


def ordinary_answer(view: View) -> Finding | None:
    """None when the SUT gave the ordinary good answer of the transaction, else a finding that says what came instead.

    Good is: HTTP 200, readable, the right payload, no error expressed in it. For ITI-55 a clean "no match" is ordinary; of
    a token service, one assertion.
    """
    exchange = view.exchange
    answer, registry = view.discovery_answer, view.registry_answer
    ok = exchange.response is not None and exchange.response.status == 200
    if exchange.transaction == codes.ITI_55:
        ok = (
            ok and answer is not None and [a.type_code for a in answer.acknowledgements] == ["AA"] and not answer.issues
        )
        expected = "HTTP 200 with PRPA_IN201306UV02, AA"
    elif exchange.transaction in codes.TOKEN_SERVICE:
        ok = ok and len(view.issued) == 1
        expected = "HTTP 200 with 1 token"
    elif view.is_lookup:
        ok = ok and isinstance(view.metadata, (smp.ServiceMetadata, smp.ServiceGroup))
        expected = "HTTP 200 with service metadata"
    else:
        ok = ok and registry is not None and status_word(registry.status) == "success"
        ok = ok and not any(e.severity == codes.SEVERITY_ERROR for e in (registry.errors if registry else ()))
        expected = "HTTP 200 with a registry answer, success"
    if ok:
        return None
    return Finding(
        at=_place(view),
        expected=expected,
        found=describe(view),
        rule="scenario/ordinary-answer",
        layer=Layer.SCENARIO,
        next=say("next.served"),
    )


def _place(view: View | None) -> Location:
    if view is None:
        return Location(message="trigger")
    problem = view.response if isinstance(view.response, WireError) else None
    if problem is not None:
        return Location(message="response", line=problem.line, column=problem.column, xpath=problem.xpath)
    return Location(message=view.side)


def _holds(word: str, wanted: Datum, view: View | None, outcome: TriggerOutcome | None) -> bool:
    if word in ("shown", "shown_code"):
        if outcome is None or outcome.failure is not None:
            return False
        return _one_of(shown(outcome).get("shown" if word == "shown" else "code"), wanted)
    if word == "request_received":
        return (view is not None) is (wanted is not False)
    if view is None:
        return False
    if view.exchange.failure is not None and not view.asked_by_sut and word not in _TRANSPORT_WORDS:
        return False  # what came of a broken answer is no answer, however readable
    return _WORDS[word](view, wanted)


def _one_of(value: Datum, wanted: Datum) -> bool:
    if isinstance(wanted, tuple):
        return any(_one_of(value, item) for item in wanted)
    return value is not None and show(value) == show(wanted)


def _soap_fault(view: View, wanted: Datum) -> bool:
    response = view.response
    if not isinstance(response, soap.SoapMessage) or response.fault is None:
        return False
    fault = response.fault
    if isinstance(wanted, tuple):
        return any(_soap_fault(view, item) for item in wanted)
    local = fault.code.rpartition("}")[2].rpartition(":")[2]
    subs = [c.rpartition("}")[2].rpartition(":")[2] for c in fault.subcodes]
    match wanted:
        case "sender":
            return local in ("Sender", "Client")
        case "receiver":
            return local in ("Receiver", "Server")
        case "must-understand":
            return local == "MustUnderstand"
        case "version-mismatch":
            return local == "VersionMismatch"
        case "action-not-supported":
            return "ActionNotSupported" in subs or "ActionNotSupported" in fault.code
        case "security":
            return _is_security(fault)
        case _:
            return wanted in ("any", True)


def _is_security(fault: soap.SoapFault) -> bool:
    """Whether a fault speaks of security: by a subcode of WS-Security, or by naming the token in words.

    Source: WS-Security 1.1, 12; the German suite asks for the words `Invalid Security Token`, `HP Missing Attributes`.
    """
    if any(c.startswith("{" + ns.WSSE + "}") for c in (fault.code, *fault.subcodes)):
        return True
    text = " ".join((fault.reason, *fault.subcodes)).lower()
    return any(word in text for word in ("security", "assertion", "saml", "token", "missing attributes"))


def _http_status(view: View, wanted: Datum) -> bool:
    status = view.exchange.response.status if view.exchange.response is not None else None
    if status is None:
        return False
    if isinstance(wanted, tuple):
        return any(_http_status(view, item) for item in wanted)
    text = show(wanted)
    return str(status)[0] == text[0] if text.endswith("xx") else str(status) == text


def _failure_in(kinds: frozenset[FailureKind]) -> _Word:
    def holds(view: View, wanted: Datum) -> bool:
        failure = view.exchange.failure
        return (failure is not None and failure.kind in kinds) is (wanted is not False)

    return holds


def _acknowledgement(view: View, wanted: Datum) -> bool:
    answer = view.discovery_answer
    return (
        answer is not None
        and len(answer.acknowledgements) == 1
        and _one_of(answer.acknowledgements[0].type_code, wanted)
    )


def _query_response(view: View, wanted: Datum) -> bool:
    return view.discovery_answer is not None and _one_of(view.discovery_answer.query_response_code, wanted)


def _reason(view: View, wanted: Datum) -> bool:
    answer = view.discovery_answer
    return answer is not None and any(_one_of(i.code, wanted) for i in answer.issues)


def _detail_code(view: View, wanted: Datum) -> bool:
    answer = view.discovery_answer
    return answer is not None and any(_one_of(d.code, wanted) for a in answer.acknowledgements for d in a.details)


def _patients(view: View, wanted: Datum) -> bool:
    return view.discovery_answer is not None and within(len(view.discovery_answer.subjects), wanted)


def _registry_status(view: View, wanted: Datum) -> bool:
    answer = view.registry_answer
    return answer is not None and _one_of(status_word(answer.status), wanted)


def _registry_error(view: View, wanted: Datum) -> bool:
    answer = view.registry_answer
    if answer is None:
        return False
    if wanted == "any":
        return bool(answer.errors)
    return any(_one_of(e.code, wanted) for e in answer.errors)


def _entries(view: View, wanted: Datum) -> bool:
    return view.query_answer is not None and within(len(view.query_answer.entries), wanted)


def _documents(view: View, wanted: Datum) -> bool:
    return view.retrieve_answer is not None and within(len(view.retrieve_answer.documents), wanted)


def _token(view: View, wanted: Datum) -> bool:
    kinds = [a.kind if isinstance(a, saml.SamlAssertion) else "unreadable" for _, a in view.issued]
    return len(kinds) == 1 and _one_of(kinds[0], wanted)


_WORDS: Mapping[str, _Word] = {
    "soap_fault": _soap_fault,
    "http_status": _http_status,
    "tls_refused": _failure_in(frozenset({FailureKind.TLS_REFUSED})),
    "no_answer": _failure_in(_NO_ANSWER),
    "acknowledgement": _acknowledgement,
    "query_response": _query_response,
    "reason": _reason,
    "detail_code": _detail_code,
    "patients": _patients,
    "registry_status": _registry_status,
    "registry_error": _registry_error,
    "entries": _entries,
    "documents": _documents,
    "token": _token,
}
OUTCOME_WORDS = frozenset(_WORDS) | {"shown", "shown_code", "request_received"}
"""Every word this module can judge; a test holds it against the vocabulary of the scenario language."""


_TRANSPORT_WORDS = frozenset({"tls_refused", "no_answer"})


def _words(alternative: Alternative) -> str:
    text = ", ".join(f"{word}: {show(_datum(value))}" for word, value in alternative.outcomes.items())
    return text if alternative.grade == "strict" else f"{text} ({alternative.grade})"


def _datum(value: Value) -> Datum:
    if isinstance(value, Reference):
        raise ValueError(f"unresolved reference {value}")
    if isinstance(value, Mapping):
        return {k: _datum(v) for k, v in value.items()}
    return tuple(_datum(v) for v in value) if isinstance(value, tuple) else value


def _describe_trigger(outcome: TriggerOutcome) -> str:
    if outcome.failure is not None:
        return f"trigger: {outcome.failure.kind.value}"
    if not outcome.ok:
        return f"trigger: {outcome.detail}"
    said = shown(outcome)
    what = said.get("shown")
    code = said.get("code")
    text = f"shown: {show(what)}" if what else "the trigger answered without saying what was shown"
    return f"{text} ({show(code)})" if code else text


def _describe_request(view: View) -> str:
    name = view.exchange.transaction
    if view.is_lookup:
        return f"{name} request for {view.asked_service or 'no service that is known'}"
    request = view.request
    if isinstance(request, WireError):
        return f"{name} request, unreadable: {request.problem}"
    if view.payload_problem is not None:
        return f"{name} request, unreadable: {view.payload_problem.problem}"
    kinds = [a.kind if not isinstance(a, WireError) else "unreadable" for _, a in view.assertions]
    return f"{name} request with {_counted(len(kinds), 'assertion')}" + (f" ({', '.join(kinds)})" if kinds else "")


def _describe_metadata(view: View) -> str:
    metadata = view.metadata
    if isinstance(metadata, WireError):
        return f"unreadable: {metadata.problem}"
    if isinstance(metadata, smp.ServiceGroup):
        return _counted(len(metadata.references), "service")
    if metadata is None:
        return "no metadata"
    return "redirect" if metadata.redirect is not None else _counted(len(metadata.endpoints), "endpoint")


def _counted(number: int, one: str, many: str = "") -> str:
    return f"{number} {one if number == 1 else many or one + 's'}"
