"""Audit records against the exchange they speak of: outcome, gateways, practitioner, patient, query, error, event id.

Source: requirements AUD-004, 007, 008, 010, 012, 013, XCAR-A-022 and neighbours; eHDSI Audit Trail Profiles 2.1.0.
"""

import base64
import re
from collections.abc import Iterator
from dataclasses import dataclass

from harness.checks._audit_registry import AuditApplies, audit_check
from harness.checks._audit_view import AuditView, error_codes, outcome_of, patients_of, side_of
from harness.checks._places import ABSENT, accepted, one_of, said, warning
from harness.checks._registry import Context
from harness.checks._view import View
from harness.checks.audit import known
from harness.model import Finding, Severity
from harness.wire import atna, audit_events, codes, saml, soap, x509
from harness.wire.saml import SamlAssertion

_EVENT = "EventIdentification"
_OBJECT = "ParticipantObjectIdentification"
_OUTCOMES = (atna.OUTCOME_SUCCESS, *atna.OUTCOME_FAILURES)


@audit_check("AUD-004", when=known)
def outcome_is_that_of_the_transaction(view: AuditView, context: Context) -> Iterator[Finding]:
    """0 on success; 4, 8 or 12 on failure, also of a refused request; a search without match may be either."""
    found, at = view.parsed.outcome, view.at(f"{_EVENT}/@EventOutcomeIndicator")
    if found not in _OUTCOMES:
        yield Finding(at=at, expected=one_of(_OUTCOMES), found=said(found))
        return
    if view.exchange is None:
        return
    ended = outcome_of(view.exchange)
    if ended == "failure" and found == atna.OUTCOME_SUCCESS:
        yield Finding(at=at, expected=f"{one_of(atna.OUTCOME_FAILURES)} for a failure", found=found)
    # what we answered wrongly on purpose, country B may rightly call a failure
    elif ended == "success" and found != atna.OUTCOME_SUCCESS and not _answered_wrongly(view.exchange):
        yield Finding(at=at, expected="0 for a success", found=found)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Gateway:
    """One end of the TLS connection: its row and the names its certificate bears."""

    row: str
    common_name: str | None


def _gateways(view: AuditView, context: Context) -> Iterator[_Gateway]:
    """The two ends, as far as known: the system's certificate is in the exchange, ours is told by the caller."""
    exchange = view.exchange
    tls = exchange.exchange.tls if exchange is not None else None
    theirs, own = ("ServiceProvider", "ServiceConsumer")
    if side_of(context) == "B":
        theirs, own = own, theirs
    yield _Gateway(
        row=theirs,
        common_name=tls.peer_common_name if tls else None,
    )
    swapped = exchange is not None and any(name.startswith("tls.") for name in exchange.exchange.altered)
    shown = x509.parse_certificates(context.our_certificate) if context.our_certificate and not swapped else ()
    facts = x509.describe_certificate(x509.certificate_der(shown[0])) if shown else None
    yield _Gateway(
        row=own,
        common_name=facts.common_name if facts and exchange is not None else None,
    )


@audit_check("AUD-007", when=lambda view, _: view.event is not None and "ServiceConsumer" in view.event.rows)
def gateways_are_those_of_the_tls_certificates(view: AuditView, context: Context) -> Iterator[Finding]:
    """ServiceConsumer (B) and ServiceProvider (A) name the subjects of the certificates: the CN, or a DN that holds it.

    The CN alone is what fielded systems write (DEV-45) and what the requirement asks, so it needs no word.
    """
    at = view.at("ActiveParticipant")
    for gateway in _gateways(view, context):
        rows = view.parsed.rows(gateway.row)
        if not rows:
            yield Finding(at=at, expected=f"a row {gateway.row}", found=ABSENT)
        elif gateway.common_name and not any(_names(r.user_id, gateway.common_name) for r in rows):
            wanted = f"{gateway.row} {gateway.common_name}"
            yield Finding(at=at, expected=wanted, found=said(rows[0].user_id))


def _names(user_id: str | None, common_name: str) -> bool:
    text = (user_id or "").strip().casefold()
    wanted = common_name.casefold()
    return text == wanted or re.search(rf"(?:^|[,/+;\s])cn\s*=\s*{re.escape(wanted)}\s*(?:[,/+;]|$)", text) is not None


@audit_check("AUD-008", when=lambda view, _: view.event is not None and "HumanRequestor" in view.event.rows)
def requestor_is_the_practitioner(view: AuditView, context: Context) -> Iterator[Finding]:
    """HumanRequestor: UserID holds NameID and issuer of the identity assertion, AlternativeUserID its subject-id."""
    at = view.at("ActiveParticipant")
    rows = view.parsed.rows("HumanRequestor")
    if not rows:
        yield Finding(at=at, expected="a row HumanRequestor", found=ABSENT)
        return
    hcp = _practitioner(view)
    if hcp is None:
        return
    wanted = f"<{hcp.name_id}@{hcp.issuer}>"
    given = rows[0].user_id or ""
    if not any(_holds(r.user_id, hcp) for r in rows):
        provided = hcp.name_id_sp_provided
        if provided and given == provided:
            yield warning(at, wanted, given, "DEV-46")
        else:
            yield Finding(at=at, expected=wanted, found=said(given))
    subject = hcp.attribute(saml.SUBJECT_ID)
    if subject is not None and not any(subject.text in (r.alternative_user_id or "") for r in rows):
        yield Finding(at=at, expected="AlternativeUserID with the subject-id", found=said(rows[0].alternative_user_id))


def _practitioner(view: AuditView) -> SamlAssertion | None:
    """The identity assertion of the exchange, unless we spoiled it on purpose."""
    if view.exchange is None or any(n.startswith(("saml.", "soap.")) for n in view.exchange.exchange.altered):
        return None
    found = view.exchange.assertion("hcp")
    return found[1] if found is not None and found[1].name_id else None


def _holds(user_id: str | None, hcp: SamlAssertion) -> bool:
    text = (user_id or "").replace("<", "").replace(">", "")
    return f"{hcp.name_id}@{hcp.issuer}" in text


@audit_check("AUD-010", when=lambda view, _: view.event is not None and view.event.patient and _knows(view))
def patient_is_that_of_the_exchange(view: AuditView, context: Context) -> Iterator[Finding]:
    """A patient row whose id is the CX id of the exchange; further patient rows are allowed."""
    rows, at = view.parsed.patients, view.at(_OBJECT)
    wanted = patients_of(view.exchange) if view.exchange is not None else ()
    if not rows:
        yield Finding(at=at, expected=f"a patient row {one_of(wanted)}" if wanted else "a patient row", found=ABSENT)
        return
    if wanted and not {r.id for r in rows} & set(wanted):
        yield Finding(at=at, expected=one_of(wanted), found=said(rows[0].id))
    systems = {r.id_type.system_name for r in rows if r.id_type is not None}
    if "DCM" in systems:
        yield accepted(at, "codeSystemName RFC-3881", "DCM", "DEV-48")


def _knows(view: AuditView) -> bool:
    """Whether the exchange named any patient; a request without one cannot be logged with one.

    An exchange that is not known, such as one of an earlier row whose record comes late, may have been by traits alone, or
    without the assertion that names the patient.
    """
    if view.exchange is None:
        return bool(view.parsed.patients)
    return bool(patients_of(view.exchange))


@audit_check("AUD-012", when=lambda view, _: view.event is not None and view.event.query and view.exchange is not None)
def request_row_holds_query_or_message_id(view: AuditView, context: Context) -> Iterator[Finding]:
    """The row of the request carries the query in base64 (ITI-55), or names the request message (ITI-38, ITI-39)."""
    event, exchange, at = view.event, view.exchange, view.at(_OBJECT)
    if event is None or exchange is None:
        return
    rows = [o for o in view.parsed.of_kind(event.code) if o.type_code == "2"]
    if not rows:
        yield Finding(at=at, expected=f"a row of the request, id type {event.code}", found=ABSENT)
        return
    row, message_id = rows[0], _message_id(exchange)
    if row.query is not None:
        content = row.query_bytes
        if content is None:
            yield Finding(at=at, expected="base64", found=said(row.query))
        elif not _is_query(content) and message_id not in (content.decode("utf-8", "replace").strip(), None):
            yield Finding(at=at, expected="the query or the message id in base64", found="another content")
    elif event.code == codes.ITI_55:
        yield Finding(at=at, expected="the query in base64", found=ABSENT)
    elif message_id and row.id != message_id and row.id != _encoded(message_id):
        yield Finding(at=at, expected=message_id, found=said(row.id))


def _is_query(content: bytes) -> bool:
    return b"queryByParameter" in content or b"AdhocQuery" in content or b"DocumentSetRequest" in content


def _encoded(message_id: str) -> str:
    return base64.b64encode(message_id.encode()).decode("ascii")


def _message_id(exchange: View) -> str | None:
    message = exchange.request
    return message.addressing.message_id if isinstance(message, soap.SoapMessage) else None


@audit_check("AUD-013", when=lambda view, _: view.exchange is not None and outcome_of(view.exchange) == "failure")
def failure_has_an_error_row(view: AuditView, context: Context) -> Iterator[Finding]:
    """A failed exchange adds a row with the error, which names the code of the answer where it has one."""
    exchange, at = view.exchange, view.at(_OBJECT)
    rows = [o for o in view.parsed.objects if o.is_error]
    if exchange is None:
        return
    if not rows:
        yield Finding(at=at, expected="an error row (id type 9)", found=ABSENT)
        return
    said_here = " ".join(
        [*(r.id or "" for r in rows), *((d.decoded or b"").decode("utf-8", "replace") for r in rows for d in r.details)]
    )
    wanted = error_codes(exchange)
    if not said_here.strip():
        yield Finding(at=at, expected="an error code or text", found=ABSENT)
    elif wanted and not any(code in said_here for code in wanted):
        yield warning(at, one_of(wanted), said(said_here), severity=Severity.INFORMATION)


def _answered_wrongly(exchange: View) -> bool:
    return exchange.asked_by_sut and bool(exchange.exchange.altered)


def _event_id(view: AuditView, wanted: str) -> Iterator[Finding]:
    found = view.parsed.event_id
    if found is None or found.code != wanted:
        shown = found.code if found is not None else None
        expected = f"EventID {wanted} {audit_events.EVENT_ID_NAMES[wanted]}"
        yield Finding(at=view.at(f"{_EVENT}/EventID"), expected=expected, found=said(shown))


def event_id_problems(view: AuditView, context: Context) -> Iterator[Finding]:
    """What is wrong with EventID of a record that says which event it is."""
    if view.event is not None:
        yield from _event_id(view, view.event.event_ids[side_of(context)])


def _of(code: str) -> AuditApplies:
    """Whether the record says that it is about that transaction."""
    return lambda view, _: view.event is not None and view.event.code == code


@audit_check("XCAR-A-022", actor="ncpeh-a", when=_of(codes.ITI_39))
def retrieval_is_logged_as_export(view: AuditView, context: Context) -> Iterator[Finding]:
    """EventID 110106 Export and action R at A."""
    yield from _event_id(view, audit_events.EXPORT)
    if view.parsed.action != "R":
        yield Finding(at=view.at(f"{_EVENT}/@EventActionCode"), expected="R", found=said(view.parsed.action))


@audit_check("XCAR-B-008", actor="ncpeh-b", when=_of(codes.ITI_39))
def retrieval_is_logged_as_import(view: AuditView, context: Context) -> Iterator[Finding]:
    """EventID 110107 Import at B."""
    yield from _event_id(view, audit_events.IMPORT)


@audit_check("XDR-A-026", actor="ncpeh-a", when=_of(codes.ITI_41))
def provision_is_logged_as_import(view: AuditView, context: Context) -> Iterator[Finding]:
    """EventID 110107 Import at A."""
    yield from _event_id(view, audit_events.IMPORT)


@audit_check("XDR-B-013", actor="ncpeh-b", when=_of(codes.ITI_41))
def provision_is_logged_as_export(view: AuditView, context: Context) -> Iterator[Finding]:
    """EventID 110106 Export at B."""
    yield from _event_id(view, audit_events.EXPORT)
