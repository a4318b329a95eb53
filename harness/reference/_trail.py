"""What this system logs: a record for each request it answers (country A), for each call and assertion (country B).

Refused requests are logged like others. What cannot be read as a transaction is no event of the profile.
Source: eHDSI Audit Trail Profiles 2.1.0; requirements XCPD-A-048, XCAQ-A-043, XCAR-A-022 and their counterparts at B.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from lxml import etree

from harness import safexml
from harness.errors import WireError
from harness.reference import _audit_record as audit
from harness.reference import _facts
from harness.reference._audit_record import SIDE_A, SIDE_B, Entry, Event
from harness.reference._audit_sending import Sender
from harness.reference._security import trc_patient
from harness.reference._server import HttpQuestion, HttpReply
from harness.reference.config import ReferenceConfig
from harness.wire import mtom, saml, soap, x509, xcpd, xdr, xds

_PREFIX = {SIDE_A: "audit.", SIDE_B: "audit-b."}
_NO_MATCH = "NF"
_ISSUED = {
    "IdA": (audit.AUTHENTICATE, "audit-b.authentication.absent"),
    "TrcA": (audit.CONFIRM_TREATMENT, "audit-b.confirmation.absent"),
    "NokA": (audit.CONFIRM_NEXT_OF_KIN, "audit-b.next-of-kin.absent"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Called:
    """One call of the B side: what was sent, and what came (None when nothing readable did, and then `trouble` says why).

    `certificate` is the other end's, in DER, empty when there was no connection.
    """

    action: str
    content: bytes
    answer: soap.SoapMessage | None
    trouble: str
    certificate: bytes
    host: str
    kind: str


class Trail:
    """The audit trail of one system; without a repository in the configuration it logs nothing."""

    def __init__(self, config: ReferenceConfig, sender: Sender | None, kind_of: Callable[[str], str]) -> None:
        self._config = config
        self._sender = sender
        self._kind_of = kind_of
        self._site = f"{config.country}-1"
        self._own_name = x509.describe_certificate(x509.certificate_der(config.identity.tls.certificate)).common_name

    def answered(self, question: HttpQuestion, reply: HttpReply) -> HttpReply:
        """Log what was answered; `reply` is given back, unless a declared fault lets the log decide on it."""
        at = self._config.clock()

        def written() -> bytes | None:
            entry = self._entry_a(question, reply, at)
            return self._bytes(entry) if entry is not None else None

        if self._sender is None:
            return reply
        if "audit.failure.breaks-answer" in self._config.faults and not self._sender.deliver_now(lambda: b""):
            return HttpReply(status=500, content_type="text/plain; charset=utf-8", body=b"audit trail not available")
        self._log(SIDE_A, written)
        return reply

    def called(self, call: Called) -> None:
        """Log one call, and the failure of the connection where there was one."""
        at = self._config.clock()

        def entry() -> Entry | None:
            return self._entry_b(call, at)

        self._log(SIDE_B, lambda: self._bytes(found) if (found := entry()) else None)
        if call.trouble in ("no-connection", "timeout", "transport"):
            failed = audit.COMMUNICATION_FAILED
            self._log(
                SIDE_B, lambda: self._bytes(replace(found, event=failed, query=b"")) if (found := entry()) else None
            )

    def issued(self, kind: str, assertion: bytes, at: datetime) -> None:
        """Log that an assertion was issued: `kind` is IdA, TrcA or NokA."""
        event, flaw = _ISSUED[kind]

        def written() -> bytes | None:
            parsed = saml.parse_assertion(safexml.parse(assertion))
            patient = trc_patient(parsed) if kind == "TrcA" else None
            entry = Entry(
                side=SIDE_B,
                event=event,
                at=at,
                consumer=self._own_name or "unknown",
                provider=self._own_name or "unknown",
                patient=patient.cx if patient else "",
                target=(kind, parsed.id),
            )
            return self._bytes(_with_person(entry, parsed) if kind == "IdA" else entry)

        if flaw not in self._config.faults:
            self._log(SIDE_B, written)

    def looked_up(self, document: str, problem: str, certificate: bytes) -> None:
        """Log that the metadata of a service were looked up; `problem` says why they were refused."""
        at = self._config.clock()

        def written() -> bytes | None:
            other = x509.describe_certificate(certificate).common_name if certificate else None
            entry = Entry(
                side=SIDE_B,
                event=audit.METADATA_LOOKED_UP,
                at=at,
                outcome="8" if problem else "0",
                consumer=self._own_name or "unknown",
                provider=other or "unknown",
                target=("SMP", document),
                error=("", problem) if problem else None,
            )
            return self._bytes(entry)

        if "audit-b.lookup.absent" not in self._config.faults:
            self._log(SIDE_B, written)

    def _log(self, side: str, written: Callable[[], bytes | None]) -> None:
        flaws = self._flaws(side)
        if self._sender is not None and "absent" not in flaws:
            self._sender.send(written, delay_s=self._config.slow_s if "late" in flaws else 0.0)

    def _flaws(self, side: str) -> frozenset[str]:
        prefix = _PREFIX[side]
        return frozenset(f.removeprefix(prefix) for f in self._config.faults if f.startswith(prefix))

    def _bytes(self, entry: Entry) -> bytes | None:
        flaws = self._flaws(entry.side)
        if "refusal.absent" in flaws and entry.outcome not in ("0", "4"):
            return None
        if "submission.absent" in flaws and entry.event.code == "ITI-41":
            return None
        if "consent.absent" in flaws and entry.event.name.startswith("ConsentService"):
            return None
        message = audit.syslog_message(audit.record(entry, self._site, flaws), entry.at, flaws)
        side = self._config.audit
        return message if side is not None and side.transport == "udp" else audit.framed(message, flaws)

    # --- country A

    def _entry_a(self, question: HttpQuestion, reply: HttpReply, at: datetime) -> Entry | None:
        try:
            asked = soap.parse_message(question.content_type, question.body)
            answer = soap.parse_message(reply.content_type, reply.body)
        except WireError:
            return None
        caller = x509.describe_certificate(question.certificate).common_name if question.certificate else None
        entry = self._entry(SIDE_A, asked, at, lambda ids: self._kind_of(next(iter(ids), "")))
        if entry is None:
            return None
        entry = replace(entry, consumer=caller or "unknown", provider=self._own_name or "unknown")
        return _ended(entry, answer)

    # --- country B

    def _entry_b(self, call: Called, at: datetime) -> Entry | None:
        asked = soap.parse_message("application/soap+xml", call.content)
        other = x509.describe_certificate(call.certificate).common_name if call.certificate else None
        entry = self._entry(SIDE_B, asked, at, lambda _: call.kind)
        if entry is None:
            return None
        entry = replace(entry, consumer=self._own_name or "unknown", provider=other or call.host)
        if call.answer is None:
            return replace(entry, outcome="8", error=("", call.trouble))
        return _ended(entry, call.answer)

    # --- both

    def _entry(
        self, side: str, asked: soap.SoapMessage, at: datetime, kind_of: Callable[[tuple[str, ...]], str]
    ) -> Entry | None:
        """What the request alone tells; None when it is no transaction of the profile."""
        payload = asked.payload
        found = _event_of(payload, kind_of)
        if found is None or payload is None:
            return None
        event, patient, documents = found
        entry = Entry(
            side=side,
            event=event,
            at=at,
            patient=patient,
            documents=documents,
            request_id=asked.addressing.message_id or "",
            query=_query(payload) if event is audit.IDENTIFY else b"",
        )
        for element in asked.assertions:
            try:
                assertion = saml.parse_assertion(element)
            except WireError:
                continue
            if assertion.kind == "hcp":
                entry = _with_person(entry, assertion)
            elif assertion.kind == "trc" and not entry.patient:
                treated = trc_patient(assertion)
                entry = replace(entry, patient=treated.cx if treated else "")
        return entry


def _event_of(
    payload: etree._Element | None, kind_of: Callable[[tuple[str, ...]], str]
) -> tuple[Event, str, tuple[str, ...]] | None:
    """Event, patient in CX form and document ids of a request body."""
    if payload is None:
        return None
    name = etree.QName(payload).localname
    try:
        if name == "PRPA_IN201305UV02":
            ids = xcpd.parse_query(payload).ids
            return audit.IDENTIFY, _cx(ids[0]) if ids else "", ()
        if name == "AdhocQueryRequest":
            query = xds.parse_query(payload)
            kinds = [_facts.kind_of_code(c.code or "") for c in query.class_codes.values]
            kind = next((k.name for k in kinds if k), "")
            return audit.listing(kind), query.patient_id or "", ()
        if name == "RetrieveDocumentSetRequest":
            wanted = tuple(d.id for d in xds.parse_retrieve_request(payload).documents if d.id)
            return audit.retrieval(kind_of(wanted)), "", wanted
        if name == "ProvideAndRegisterDocumentSetRequest":
            return _provision_of(payload)
    except WireError:
        return None
    return None


def _provision_of(payload: etree._Element) -> tuple[Event, str, tuple[str, ...]] | None:
    """As `_event_of`, for a submission; None for one that is about neither a dispensation nor a consent."""
    sent = xdr.parse_submission(payload, lambda node: mtom.BinaryContent(content=b"", form="xop"))
    formats = {(e.format_code.code or "").casefold() for e in sent.entries if e.format_code}
    if formats & {_facts.FORMAT_DISPENSATION, _facts.FORMAT_DISCARD}:
        event = audit.provision(_facts.FORMAT_DISCARD in formats)
    elif formats & _facts.FORMATS_CONSENT:
        event = audit.consenting(_facts.OPT_OUT in {c.code for e in sent.entries for c in e.event_codes})
    else:
        return None
    patient = next((e.patient_id for e in sent.entries if e.patient_id), "") or ""
    documents = tuple(e.unique_id for e in sent.entries if e.unique_id)
    return event, patient, documents


def _cx(value: xcpd.Ii) -> str:
    return f"{value.extension or ''}^^^&{value.root or ''}&ISO"


def _query(payload: etree._Element) -> bytes:
    found = next(payload.iter("{urn:hl7-org:v3}queryByParameter"), None)
    return etree.tostring(found, with_tail=False) if found is not None else b""


def _with_person(entry: Entry, hcp: saml.SamlAssertion) -> Entry:
    place = hcp.attribute(_facts.ORGANIZATION) or hcp.attribute(_facts.LOCALITY)
    name = hcp.attribute(_facts.SUBJECT_ID)
    return replace(
        entry,
        place=place.text if place else "",
        user_id=f"<{hcp.name_id}@{hcp.issuer}>",
        user_name=name.text if name else "unknown",
    )


def _ended(entry: Entry, answer: soap.SoapMessage) -> Entry:
    """`entry` with how the exchange ended, told from the answer."""
    entry = replace(entry, response_id=answer.addressing.message_id or "")
    if answer.fault is not None:
        return replace(entry, outcome="8", error=("", answer.fault.reason or "SOAP fault"))
    payload = answer.payload
    if payload is None:
        return replace(entry, outcome="8", error=("", "no content"))
    try:
        return _read(entry, payload, answer)
    except WireError:
        return replace(entry, outcome="8", error=("", "the answer cannot be read"))


def _read(entry: Entry, payload: etree._Element, answer: soap.SoapMessage) -> Entry:
    name = etree.QName(payload).localname
    if name == "PRPA_IN201306UV02":
        found = xcpd.parse_answer(payload)
        codes = [d.code for d in found.details if d.code] + list(found.reason_codes)
        if found.ack_code == "AA":
            return entry
        if found.query_response_code == _NO_MATCH:
            return replace(entry, outcome="4", error=(codes[0] if codes else "", "no match"))
        return replace(entry, outcome="8", error=(codes[0] if codes else "", "refused"))
    read: xds.QueryAnswer | xds.RetrieveAnswer | xds.RegistryResponse
    if name == "AdhocQueryResponse":
        read = xds.parse_query_answer(payload)
        entry = replace(entry, documents=tuple(e.unique_id for e in read.entries if e.unique_id))
    elif name == "RegistryResponse":
        read = xds.parse_registry_response(payload)
    else:
        read = xds.parse_retrieve_answer(payload, lambda node: mtom.resolve_xop(node, answer.parts))
    if read.status == _facts.SUCCESS and not read.errors:
        return entry
    first = next((e for e in read.errors), None)
    error = (first.code or "", first.context or "") if first else ("", "the registry reports a failure")
    outcome = "8" if read.status == _facts.FAILURE else "0" if read.status == _facts.SUCCESS else "4"
    return replace(entry, outcome=outcome, error=error)
