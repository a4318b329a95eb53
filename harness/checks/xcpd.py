"""ITI-55, the answer of country A (XCPD-A): message header, acknowledgement, query acknowledgement, reasons.

Sources: IHE ITI TF-2, 3.55; eHDSI XCPD profile. What an answer says of its subjects is judged in `xcpd_subjects`.
"""

import re
from collections.abc import Iterator

from harness.checks._earlier import bare_oid, own_home
from harness.checks._places import accepted, place, said, unless_in, warning
from harness.checks._registry import Context, check
from harness.checks._view import View
from harness.model import Finding
from harness.wire import codes, saml, xcpd

_CREATION_TIME = re.compile(r"\d{14}(\.\d+)?(?P<zone>[+-]\d{4})?")
_ACK_ERRORS = (codes.ACK_ERROR, codes.ACK_REJECT)
_QUERY_ERRORS = (codes.QUERY_APPLICATION_ERROR, codes.QUERY_PARAMETER_ERROR)
_CHILD_CODES = {"triggerFor": ("TRIG", "ACT", "RQO"), "mitigatedBy": ("MITGT", "ACT", "EVN")}
_ASSERTION_DETAILS = frozenset({codes.ERROR_PI_MISSING_REQUIRED_FIELDS, codes.ERROR_PI_INCORRECT_FORMATTING})
"""Details with which some systems call what an assertion lacks an internal error (DEV-13)."""
_SHORTEST_SECRET = 4
"""Identifiers shorter than this occur by chance in any text."""


def _answered(view: View, _: Context) -> bool:
    return view.discovery_answer is not None


def _answered_query(view: View, _: Context) -> bool:
    return view.discovery_answer is not None and view.discovery_query is not None


def _acknowledged(view: View, _: Context) -> bool:
    return view.discovery_answer is not None and bool(view.discovery_answer.acknowledgements)


def _answer(view: View) -> xcpd.DiscoveryAnswer:
    answer = view.discovery_answer
    assert answer is not None, "applies to readable answers only"
    return answer


def _query(view: View) -> xcpd.DiscoveryQuery:
    query = view.discovery_query
    assert query is not None, "applies to readable queries only"
    return query


@check("XCPD-A-001", actor="ncpeh-a", on="ITI-55", when=_answered)
def answer_names_its_its_version(view: View, _: Context) -> Iterator[Finding]:
    """PRPA_IN201306UV02 carries ITSVersion XML_1.0. Source: HL7 V3 XML ITS; IHE ITI TF-2, 3.55.4.2.2."""
    yield from unless_in(place(view, xcpd.X_ITS_VERSION), _answer(view).its_version, ("XML_1.0",))


@check("XCPD-A-002", actor="ncpeh-a", on="ITI-55", when=_answered)
def interaction_id_is_that_of_the_answer(view: View, _: Context) -> Iterator[Finding]:
    """interactionId is PRPA_IN201306UV02 of the HL7 interactions. Source: HL7 V3 MCCI_MT000300UV01."""
    found = _answer(view).interaction_id or xcpd.Ii()
    yield from unless_in(place(view, xcpd.X_INTERACTION + "/@extension"), found.extension, (codes.INTERACTION_ANSWER,))
    yield from unless_in(place(view, xcpd.X_INTERACTION + "/@root"), found.root, (codes.HL7_INTERACTIONS,))


@check("XCPD-A-003", actor="ncpeh-a", on="ITI-55", when=_answered)
def creation_time_is_exact_to_the_second(view: View, _: Context) -> Iterator[Finding]:
    """creationTime is given to the second, with a zone. Source: HL7 V3 data types, TS."""
    found, at = _answer(view).creation_time, place(view, xcpd.X_CREATION_TIME)
    read = _CREATION_TIME.fullmatch(found or "")
    if read is None:
        yield Finding(at=at, expected="yyyyMMddHHmmss with zone", found=said(found))
    elif read["zone"] is None:
        yield warning(at, "a time with zone", said(found), "DEV-06")


@check("XCPD-A-004", actor="ncpeh-a", on="ITI-55", when=_answered)
def processing_mode_is_t(view: View, _: Context) -> Iterator[Finding]:
    """processingModeCode is T. Source: IHE ITI TF-2, appendix O."""
    yield from unless_in(
        place(view, xcpd.X_PROCESSING_MODE), _answer(view).processing_mode_code, ("T",), absent="DEV-07"
    )


@check("XCPD-A-005", actor="ncpeh-a", on="ITI-55", when=_answered)
def processing_code_is_p(view: View, _: Context) -> Iterator[Finding]:
    """processingCode is P, or D from a system in debugging. Source: HL7 V3 ProcessingID."""
    found, at = _answer(view).processing_code, place(view, xcpd.X_PROCESSING_CODE)
    if found == "D":
        yield accepted(at, "P", "D", "DEV-08")
    else:
        yield from unless_in(at, found, ("P",))


@check("XCPD-A-006", actor="ncpeh-a", on="ITI-55", when=_answered)
def answer_asks_for_no_acknowledgement(view: View, _: Context) -> Iterator[Finding]:
    """acceptAckCode is NE. Source: IHE ITI TF-2, appendix O."""
    yield from unless_in(place(view, xcpd.X_ACCEPT_ACK), _answer(view).accept_ack_code, ("NE",), absent="DEV-07")


@check("XCPD-A-007", actor="ncpeh-a", on="ITI-55", when=_answered)
def there_is_one_acknowledgement(view: View, _: Context) -> Iterator[Finding]:
    """Exactly one acknowledgement. Source: HL7 V3 MCCI_MT000300UV01; IHE ITI TF-2, 3.55.4.2.2."""
    count = len(_answer(view).acknowledgements)
    if count != 1:
        yield Finding(at=place(view, xcpd.X_ACK), expected="1 acknowledgement", found=str(count))


@check("XCPD-A-008", actor="ncpeh-a", on="ITI-55", when=_answered_query)
def target_message_repeats_the_request_id(view: View, _: Context) -> Iterator[Finding]:
    """acknowledgement/targetMessage/id has root and extension of the request's id. Source: IHE ITI TF-2, 3.55.4.2.2."""
    yield from _same_id(view, xcpd.X_ACK_TARGET, _answer(view).target_message_id, _query(view).message_id)


def _same_id(view: View, path: str, found: xcpd.Ii | None, wanted: xcpd.Ii | None) -> Iterator[Finding]:
    if wanted is None:
        return
    if found is None or (found.root, found.extension) != (wanted.root, wanted.extension):
        yield Finding(at=place(view, path), expected=_shown(wanted), found=_shown(found))


def _shown(value: xcpd.Ii | None) -> str:
    return "nothing" if value is None else f"root {said(value.root)}, extension {said(value.extension)}"


@check(
    "XCPD-A-009",
    actor="ncpeh-a",
    on="ITI-55",
    when=_acknowledged,
)
def acknowledgement_code_is_known(view: View, _: Context) -> Iterator[Finding]:
    """typeCode is AA or AE; AR is tolerated. Source: IHE ITI TF-2, 3.55.4.2.2."""
    found, at = _answer(view).acknowledgements[0].type_code, place(view, xcpd.X_ACK_TYPE)
    if found == codes.ACK_REJECT:
        yield warning(at, "AA or AE", found)
    else:
        yield from unless_in(at, found, (codes.ACK_ACCEPT, codes.ACK_ERROR), absent="DEV-07")


@check("XCPD-A-010", actor="ncpeh-a", on="ITI-55", when=_answered_query)
def query_acknowledgement_repeats_the_query_id(view: View, _: Context) -> Iterator[Finding]:
    """queryAck/queryId has root and extension of the request's queryId. Source: HL7 V3 QUQI_MT120001UV01."""
    yield from _same_id(view, xcpd.X_QUERY_ACK_ID, _answer(view).query_ack_id, _query(view).query_id)


@check("XCPD-A-011", actor="ncpeh-a", on="ITI-55", when=_answered)
def query_response_code_fits_the_outcome(view: View, _: Context) -> Iterator[Finding]:
    """OK with a match, NF without one, AE with an error. Source: IHE ITI TF-2, 3.55.4.2.2.6; eHDSI XCPD profile."""
    answer = _answer(view)
    found, at = answer.query_response_code, place(view, xcpd.X_QUERY_RESPONSE)
    details = {d.code for d in answer.details if d.code}
    reasons = set(answer.reason_codes)
    if answer.subjects:
        allowed: tuple[str, ...] = (codes.QUERY_OK,)
    elif codes.ERROR_PI_NO_MATCH in details or not (details or reasons or answer.ack_code in _ACK_ERRORS):
        allowed = (codes.QUERY_NO_MATCH,)
    elif not details and reasons <= {codes.REASON_ANSWER_NOT_AVAILABLE}:
        allowed = (codes.QUERY_NO_MATCH, *_QUERY_ERRORS)
    else:
        allowed = _QUERY_ERRORS
    if found in allowed:
        return
    if found == codes.QUERY_NO_MATCH and not answer.subjects and codes.ERROR_PI_GENERIC in details:
        yield accepted(at, codes.QUERY_APPLICATION_ERROR, f"{found} with {codes.ERROR_PI_GENERIC}", "DEV-10")
        return
    known = found == codes.QUERY_APPLICATION_ERROR
    expected = " or ".join(allowed)
    yield Finding(at=at, expected=expected, found=said(found), deviation="DEV-09" if known else None)


@check("XCPD-A-012", actor="ncpeh-a", on="ITI-55", when=_answered_query)
def query_is_echoed(view: View, _: Context) -> Iterator[Finding]:
    """queryByParameter of the request stands in the answer with the same criteria. Source: IHE ITI TF-2, 3.55.4.2.2."""
    echo, asked, at = _answer(view).echo_criteria, _query(view).criteria, place(view, xcpd.X_PARAMETERS)
    if echo is None:
        yield Finding(at=at, expected="queryByParameter of the request", found="nothing", deviation="DEV-11")
    elif echo != asked:
        names = ("query_id", "ids", "family", "given", "birth", "gender", "street", "city", "postal_code", "country")
        other = [n.replace("_", " ") for n in names if getattr(echo, n) != getattr(asked, n)]
        yield Finding(at=at, expected="the criteria of the request", found="other values of " + ", ".join(other))


@check("XCPD-A-013", actor="ncpeh-a", on="ITI-55", when=_answered_query)
def receiver_is_who_asked(view: View, _: Context) -> Iterator[Finding]:
    """The receiver of the answer is the home community that sent the request. Source: eHDSI XCPD profile."""
    answer, wanted = _answer(view), _query(view).sender_hcid
    if wanted is None:
        return
    receiver = answer.receivers[0] if answer.receivers else None
    yield from unless_in(place(view, xcpd.X_RECEIVER), _device_root(receiver), (bare_oid(wanted),), absent="DEV-07")


@check("XCPD-A-014", actor="ncpeh-a", on="ITI-55", when=lambda v, c: _answered(v, c) and own_home(c) is not None)
def sender_is_country_a(view: View, context: Context) -> Iterator[Finding]:
    """The sender of the answer is the home community of country A. Source: eHDSI XCPD profile."""
    found = _device_root(_answer(view).sender)
    yield from unless_in(place(view, xcpd.X_SENDER), found, (own_home(context) or "",), absent="DEV-07")


def _device_root(device: xcpd.Device | None) -> str | None:
    if device is None:
        return None
    return next((bare_oid(i.root) for i in device.ids if i.root), device.hcid)


def _explains_failure(view: View, _: Context) -> bool:
    answer = view.discovery_answer
    return answer is not None and (bool(answer.details) or answer.ack_code in _ACK_ERRORS)


@check("XCPD-A-041", actor="ncpeh-a", on="ITI-55", when=_explains_failure)
def failure_is_explained_by_code_and_text(view: View, _: Context) -> Iterator[Finding]:
    """Each acknowledgementDetail has a code and a text, and a failure has one. Source: HL7 V3 MCCI_MT000300UV01."""
    answer = _answer(view)
    if not answer.details:
        yield Finding(at=place(view, xcpd.X_ACK_DETAIL), expected="an acknowledgementDetail", found="nothing")
    for number, detail in enumerate(answer.details, start=1):
        path = f"{xcpd.X_ACK_DETAIL}[{number}]"
        if not detail.code:
            yield Finding(at=place(view, path + "/hl7:code/@code"), expected="a code", found="nothing")
        if not detail.text:
            yield Finding(at=place(view, path + "/hl7:text"), expected="a text", found="nothing")
        if detail.code == codes.WARNING_PI_NO_CONSENT and answer.ack_code in _ACK_ERRORS:
            yield accepted(place(view, path + "/hl7:code/@code"), codes.ERROR_PI_GENERIC, detail.code, "DEV-14")


def _gives_reasons(view: View, _: Context) -> bool:
    return view.discovery_answer is not None and bool(view.discovery_answer.issues)


@check("XCPD-A-042", actor="ncpeh-a", on="ITI-55", when=_gives_reasons)
def reasons_come_from_the_code_systems(view: View, _: Context) -> Iterator[Finding]:
    """detectedIssueEvent has a known code, its child a code of the XCPD systems. Source: IHE ITI TF-2, 3.55.4.2.2.7."""
    at = place(view, xcpd.X_REASON)
    for issue in _answer(view).issues:
        if issue.detected_code == codes.ISSUE_EVENT_GEMATIK:
            yield accepted(at, codes.ISSUE_EVENT, codes.ISSUE_EVENT_GEMATIK, "DEV-15")
        else:
            yield from unless_in(at, issue.detected_code, codes.ISSUE_EVENTS)
        if issue.kind is None:
            yield Finding(at=at, expected="triggerFor or mitigatedBy with a reason code", found="neither")
            continue
        known = codes.REASONS.get(issue.code or "")
        told = _ASSERTION_DETAILS & {d.code for d in _answer(view).details}
        if issue.code == codes.REASON_INTERNAL_ERROR and told:
            found = f"{issue.code} with {next(iter(sorted(told)))}"
            yield accepted(at, codes.REASON_INSUFFICIENT_RIGHTS, found, "DEV-13")
        if known is not None:
            yield from unless_in(at, issue.code_system, (known.code_system,))
        elif issue.code_system not in codes.REASON_SYSTEMS or not issue.code:
            yield Finding(at=at, expected="a code of the XCPD reason systems", found=said(issue.code_system))
        else:
            yield warning(at, "a reason code of the profile", said(issue.code))


@check("XCPD-A-043", actor="ncpeh-a", on="ITI-55", when=_gives_reasons)
def reasons_have_the_right_kind_of_child(view: View, _: Context) -> Iterator[Finding]:
    """triggerFor is TRIG/ACT/RQO, mitigatedBy MITGT/ACT/EVN. Source: IHE ITI TF-2, 3.55.4.2.2.7."""
    for issue in _answer(view).issues:
        if issue.kind is None:
            continue
        at, wanted = place(view, f"{xcpd.X_REASON}/hl7:{issue.kind}"), _CHILD_CODES[issue.kind]
        found = tuple(said(c) for c in (issue.type_code, issue.class_code, issue.mood_code))
        if found != wanted:
            yield Finding(at=at, expected="/".join(wanted), found="/".join(found))
        known = codes.REASONS.get(issue.code or "")
        if known is not None and known.element != issue.kind:
            yield Finding(at=at, expected=f"{known.element} for {known.code}", found=issue.kind)


def _explained(view: View) -> str:
    """The words in which the system refused: reason and detail of a fault, text and location of acknowledgement details."""
    message, answer = view.own, view.discovery_answer
    if message is not None and message.fault is not None:
        return f"{message.fault.reason}\n{message.fault.detail}"
    details = answer.details if answer is not None else ()
    return "\n".join(f"{d.text or ''}\n{d.location or ''}" for d in details)


def _faulted(view: View, _: Context) -> bool:
    return bool(_explained(view)) and bool(_secrets(view))


def _secrets(view: View) -> tuple[str, ...]:
    """What the request gave away about the patient: identifiers and the access code."""
    query = view.discovery_query
    values = [i.extension or "" for i in query.ids] if query is not None else []
    for kind in ("hcp", "trc"):
        held = view.assertion(kind)
        pin = held[1].attribute(saml.DISPENSATION_PIN) if held is not None else None
        values.append(pin.text if pin is not None else "")
    return tuple(v for v in values if len(v) >= _SHORTEST_SECRET)


@check("XCPD-A-049", actor="ncpeh-a", on="ITI-55", when=_faulted)
def faults_do_not_echo_identifiers(view: View, _: Context) -> Iterator[Finding]:
    """Neither identifiers nor access codes of the request stand in a refusal. Source: GDPR, article 5 (data minimisation)."""
    text = _explained(view)
    if any(secret in text for secret in _secrets(view)):
        yield Finding(at=place(view), expected="no identifier of the request", found="one of them")
