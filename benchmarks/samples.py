"""Messages of third parties, judged one by one as a run would judge them, each in a conversation that fits it.

An answer is held against a request made from what it says of one, a request against none; so that what is found lies in the
message, not in the invented counterpart. Whatever the bytes are, judging them gives a `Judgement`.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path

from lxml import etree

from harness import checks, safexml
from harness.errors import WireError
from harness.model import (
    AuditRecord,
    Exchange,
    HttpRecord,
    Layer,
    OurSide,
    Party,
    PatientId,
    Population,
    Severity,
    Sut,
    SutActor,
    SystemIdentity,
    Verdict,
)
from harness.packs import bundled_data, load_library, packs_with_builtin
from harness.runner._judge import Judge, Judged, JudgedAudit
from harness.validators import Validator
from harness.wire import codes, mtom, ns, saml, soap, syslog, xcpd, xds

AT = datetime(2022, 3, 2, 10, 0, tzinfo=UTC)
TRANSACTIONS: Mapping[str, tuple[str, str]] = {
    "xcpd-request": ("ITI-55", "request"),
    "xcpd-response": ("ITI-55", "response"),
    "pdqv3-request": ("ITI-55", "request"),
    "pdqv3-response": ("ITI-55", "response"),
    "xca-query-request": ("ITI-38", "request"),
    "xca-query-response": ("ITI-38", "response"),
    "xca-retrieve-request": ("ITI-39", "request"),
    "xca-retrieve-response": ("ITI-39", "response"),
    "xdr-submit-request": ("ITI-41", "request"),
    "xdr-submit-response": ("ITI-41", "response"),
}
ASSERTIONS = ("saml-hcpa", "saml-trc", "saml-other")
HEADER = "soap-security-header"
AUDIT = "audit"
_OF_HEADER = frozenset({"TRN-B-006", "XCPD-B-014", "XCAQ-B-006"})
_OF_QUERY = frozenset({"XCAQ-B-006"})
HOME_A, HOME_B = "2.999.250", "2.999.56.1"
PATIENT = PatientId(root="2.999.250.1", extension="P-0001")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One file of the corpus, by its path there."""

    path: str
    kind: str
    content: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What judging came to: requirements and rules missed, deviations known of fielded products, why it is unreadable.

    `form_only`: no transaction of ours carries such a message and no schema of ours knows it; it was read as XML.
    """

    requirements: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    deviations: tuple[str, ...] = ()
    unreadable: tuple[str, ...] = ()
    form_only: bool = False

    @property
    def outcome(self) -> str:
        """`unreadable`, `findings` or `none`."""
        return "unreadable" if self.unreadable else "findings" if self.requirements or self.rules else "none"

    def __str__(self) -> str:
        parts = (self.unreadable, self.requirements, self.deviations, self.rules)
        found = "; ".join(" ".join(part) for part in parts if part)
        return found or ("form only" if self.form_only else "nothing")


def load_samples(corpus: Path) -> tuple[Sample, ...]:
    """Every message of the corpus, in the order of its manifest."""
    lines = (corpus / "manifest.yaml").read_text("utf-8").splitlines()
    rows = [json.loads(line[2:]) for line in lines if line.startswith('- {"path": "messages/')]
    return tuple(Sample(path=r["path"], kind=r["kind"], content=(corpus / r["path"]).read_bytes()) for r in rows)


class Bench:
    """Packs, catalogue and validator that all samples share; close it."""

    def __init__(self) -> None:
        self._catalogue = load_library(bundled_data()).requirements
        self.validator = Validator(packs_with_builtin([]), explain=False)

    def close(self) -> None:
        """Ends the validator's processes."""
        self.validator.close()

    def judge(self, kind: str, content: bytes) -> Judgement:
        """What is wrong with `content`, taken for a message of `kind`."""
        if kind in TRANSACTIONS:
            return self._exchanged(*TRANSACTIONS[kind], content)
        if kind == HEADER or kind in ASSERTIONS:
            whole = _with_header(content) if kind == HEADER else _with_assertion(content)
            said = self._exchanged("ITI-38", "request", whole)
            return replace(said, requirements=tuple(r for r in said.requirements if r not in _OF_QUERY))
        if kind == AUDIT:
            return self._logged(content)
        return self._alone(content)

    def _alone(self, content: bytes) -> Judgement:
        """A message that no transaction of ours carries: by its form, and as SOAP where it is SOAP."""
        report = self.validator.validate("message", content)
        rules = {f"{f.layer}:{f.rule}" for f in report.findings if f.severity is not Severity.INFORMATION}
        unreadable = {f.rule for f in report.findings if f.layer is Layer.WELL_FORMED}
        try:
            soap.parse_message(None, content)
        except WireError as exc:
            unreadable |= set() if exc.kind == "not-soap" else {f"wire/{exc.kind}"}
        return Judgement(
            rules=tuple(sorted(r for r in rules if not r.startswith("well-formed:"))),
            unreadable=tuple(sorted(unreadable)),
            form_only=all(u.layer is Layer.WELL_FORMED for u in report.uses),
        )

    def _exchanged(self, transaction: str, side: str, content: bytes) -> Judgement:
        talk = _Talk(transaction, side, content)
        actor = "ncpeh-b" if side == "request" else "ncpeh-a"
        judge = Judge(
            sut=talk.sut,
            catalogue=self._catalogue,
            population=Population(patients={}, practitioners={}),
            validator=self.validator,
            our_anchors=b"",
        )
        said = _said(judge.exchange(talk.exchange, judge.context(actor, (), None)))
        return replace(said, requirements=tuple(r for r in said.requirements if r not in talk.ours))

    def _logged(self, content: bytes) -> Judgement:
        raw = syslog.frame(syslog.build_message(content, at=AT, host="ncp.example", app_name="ncp"))
        record = AuditRecord(id="a0001", transport=syslog.TLS, received_at=AT, raw=raw)
        talk = _Talk("ITI-55", "request", b"")
        judge = Judge(
            sut=talk.sut,
            catalogue=self._catalogue,
            population=Population(patients={}, practitioners={}),
            validator=self.validator,
            our_anchors=b"",
        )
        view = checks.AuditView(record)
        said = _said(judge.audit(view, judge.context("ncpeh-a", (), None)))
        problem = view.message
        return replace(said, unreadable=(f"wire/{problem.kind}",)) if isinstance(problem, WireError) else said


def _said(judged: Judged | JudgedAudit) -> Judgement:
    bad = (Verdict.FAIL, Verdict.WARNING)
    findings = [f for f in judged.findings if f.severity is not Severity.INFORMATION]
    known = [f.deviation for f in judged.findings if f.deviation]
    known += [f.deviation for r in judged.requirements for f in r.findings if f.deviation]
    return Judgement(
        requirements=tuple(sorted({r.id for r in judged.requirements if r.verdict in bad})),
        rules=tuple(
            sorted({f"{f.layer}:{f.rule}" for f in findings if not f.requirement and f.layer is not Layer.WELL_FORMED})
        ),
        deviations=tuple(sorted(set(known))),
        unreadable=tuple(sorted({f.rule for f in findings if f.layer is Layer.WELL_FORMED and not f.requirement})),
    )


def _envelope(transaction: str, side: str, payload: bytes, head: bytes = b"") -> bytes:
    actions = codes.ACTIONS[transaction]
    addressing = soap.Addressing(
        action=actions.request if side == "request" else actions.response,
        message_id=f"urn:uuid:0b6a2d1e-5f0c-4c52-9d0e-8a1f5e2b7c0{1 if side == 'request' else 2}",
        to="https://ncp.example/" if side == "request" else soap.ANONYMOUS,
        reply_to=soap.ANONYMOUS if side == "request" else None,
        relates_to=None if side == "request" else "urn:uuid:0b6a2d1e-5f0c-4c52-9d0e-8a1f5e2b7c01",
    )
    return soap.build_envelope(addressing=addressing, payload=payload, extra_header=head)


_QUERY = xds.build_query(xds.find_documents(PATIENT.cx, (codes.KINDS["patient-summary"].class_code,)))


def _inner(content: bytes) -> bytes:
    """`content` without its XML declaration, so that it can stand inside an envelope."""
    start = content.find(b"?>") + 2 if content.lstrip(b"\xef\xbb\xbf \r\n\t").startswith(b"<?xml") else 0
    return content[start:].removeprefix(b"\xef\xbb\xbf")


def _with_assertion(content: bytes) -> bytes:
    head = f'<wsse:Security xmlns:wsse="{ns.WSSE}">'.encode() + _inner(content) + b"</wsse:Security>"
    return _envelope("ITI-38", "request", _QUERY, head)


def _with_header(content: bytes) -> bytes:
    """The Security block of a header in an envelope of ours; the content itself where it has none."""
    try:
        security = next(safexml.parse(content).iter(ns.clark(ns.WSSE, "Security")), None)
    except WireError:
        security = None
    return content if security is None else _envelope("ITI-38", "request", _QUERY, etree.tostring(security))


class _Talk:
    """The exchange that a message stands in, with a counterpart that fits what it says."""

    def __init__(self, transaction: str, side: str, content: bytes) -> None:
        self._transaction, self._side, self._content = transaction, side, content

    @cached_property
    def _bare(self) -> bool:
        """Whether the message is a payload without an envelope."""
        try:
            soap.parse_message(None, self._content)
        except WireError as exc:
            return exc.kind == "not-soap"
        return False

    @cached_property
    def _own(self) -> bytes:
        """The message as an envelope: as it is, or wrapped in one."""
        return _envelope(self._transaction, self._side, _inner(self._content)) if self._bare else self._content

    @property
    def ours(self) -> frozenset[str]:
        """Requirements on what was not in the sample, but put around it."""
        return _OF_HEADER if self._bare else frozenset()

    @cached_property
    def _payload(self) -> etree._Element | None:
        try:
            return soap.parse_message(None, self._own).payload
        except WireError:
            return None

    @cached_property
    def _homes(self) -> tuple[str, str]:
        """Home community of A and of B, as the message has them."""
        if self._payload is None:
            return HOME_A, HOME_B
        return self._read(_HOMES.get(str(self._payload.tag)), (HOME_A, HOME_B))

    def _read[T](self, read: Callable[[etree._Element], T] | None, otherwise: T) -> T:
        if read is None or self._payload is None:
            return otherwise
        try:
            return read(self._payload)
        except WireError:
            return otherwise

    @cached_property
    def sut(self) -> Sut:
        """Both roles, and our side as the other of the two."""
        home_a, home_b = self._homes
        actors = {
            "ncpeh-a": SutActor(actor="ncpeh-a", country="", home_community=f"urn:oid:{home_a}"),
            "ncpeh-b": SutActor(actor="ncpeh-b", country="", home_community=f"urn:oid:{home_b}"),
        }
        ours = OurSide(home_community=f"urn:oid:{home_b if self._side == 'response' else home_a}")
        return Sut(
            system=SystemIdentity(name="sample", version="1"),
            actors=actors,
            trust_authorities=b"",
            ours=ours,
            patients={},
            data={},
        )

    @cached_property
    def exchange(self) -> Exchange:
        """The exchange, recorded when its last assertion began to hold, at `AT` where it has none."""
        asked = self._side == "request"
        own = _record("POST / HTTP/1.1" if asked else "HTTP/1.1 200 OK", self._own)
        counterpart = _record("POST / HTTP/1.1", self._counterpart)
        return Exchange(
            id="x0001",
            transaction=self._transaction,
            initiator=Party.SUT if asked else Party.PEER,
            url="https://ncp.example/",
            started_at=self._at,
            duration_s=0.0,
            request=own if asked else counterpart,
            response=None if asked else own,
        )

    @cached_property
    def _at(self) -> datetime:
        found = []
        try:
            for assertion in soap.parse_message(None, self._own).assertions:
                start = saml.parse_assertion(assertion).not_before
                found += [start.at] if start is not None and start.at is not None else []
        except WireError:
            return AT
        return max(found, default=AT)

    @cached_property
    def _counterpart(self) -> bytes:
        """The request that this answer could answer."""
        if self._side == "request":
            return b""
        made = self._read(_QUESTIONS.get(str(self._payload.tag) if self._payload is not None else ""), b"")
        message = soap.parse_message(None, _envelope(self._transaction, "request", made or _QUERY))
        return message.envelope


def _record(start_line: str, body: bytes) -> HttpRecord:
    kind = soap.CONTENT_TYPE_11 if ns.SOAP11.encode() in body[:2000] else soap.CONTENT_TYPE
    return HttpRecord(raw=body, body=body, start_line=start_line, headers=(("Content-Type", kind),))


def _nothing(_: etree._Element) -> mtom.BinaryContent:
    return mtom.BinaryContent(content=b"", form="xop")


def _homes_of_query(element: etree._Element) -> tuple[str, str]:
    query = xcpd.parse_query(element)
    return query.receiver_hcid or HOME_A, query.sender_hcid or HOME_B


def _homes_of_answer(element: etree._Element) -> tuple[str, str]:
    answer = xcpd.parse_answer(element)
    sender = answer.sender.hcid if answer.sender else None
    return sender or HOME_A, (answer.receivers[0].hcid if answer.receivers else None) or HOME_B


def _home_of_list(element: etree._Element) -> tuple[str, str]:
    homes = [e.home for e in xds.parse_query_answer(element).entries if e.home]
    return (homes[0].removeprefix("urn:oid:") if homes else HOME_A), HOME_B


def _home_of_documents(element: etree._Element) -> tuple[str, str]:
    homes = [d.home for d in xds.parse_retrieve_answer(element, _nothing).documents if d.home]
    return (homes[0].removeprefix("urn:oid:") if homes else HOME_A), HOME_B


_HOMES: Mapping[str, Callable[[etree._Element], tuple[str, str]]] = {
    ns.clark(ns.HL7, codes.INTERACTION_QUERY): _homes_of_query,
    ns.clark(ns.HL7, codes.INTERACTION_ANSWER): _homes_of_answer,
    ns.clark(ns.QUERY, "AdhocQueryResponse"): _home_of_list,
    ns.clark(ns.XDSB, "RetrieveDocumentSetResponse"): _home_of_documents,
}


def _question_of_answer(element: etree._Element) -> bytes:
    """The query that is answered, with the parameters echoed; else one for the ids the answer names."""
    answer = xcpd.parse_answer(element)
    acknowledged = answer.acknowledgements[0].target_message_id if answer.acknowledgements else None
    query = xcpd.DiscoveryQuery(
        message_id=acknowledged,
        creation_time=xcpd.hl7_time(AT),
        sender=answer.receivers[0] if answer.receivers else None,
        receivers=(answer.sender,) if answer.sender else (),
        query_id=answer.query_ack_id,
        ids=tuple(i for s in answer.subjects for i in s.ids),
    )
    built = safexml.parse(xcpd.build_query(query))
    if answer.query_echo:
        asked = built.find(xcpd.X_QUERY, ns.PREFIXES)
        assert asked is not None, "our queries have parameters"
        act = asked.getparent()
        assert act is not None, "below the control act"
        act.replace(asked, safexml.parse(answer.query_echo))
    return etree.tostring(built)


def _question_of_list(element: etree._Element) -> bytes:
    entries = xds.parse_query_answer(element).entries
    found = [e.class_code.code for e in entries if e.class_code and e.class_code.code]
    patient = next((e.patient_id for e in entries if e.patient_id), PATIENT.cx)
    wanted = tuple(dict.fromkeys(found)) or (codes.KINDS["patient-summary"].class_code,)
    return xds.build_query(xds.find_documents(patient, wanted))


def _question_of_documents(element: etree._Element) -> bytes:
    documents = xds.parse_retrieve_answer(element, _nothing).documents
    wanted = tuple(xds.DocumentRequest(home=d.home, repository=d.repository, id=d.id) for d in documents)
    return xds.build_retrieve_request(xds.RetrieveRequest(documents=wanted))


_QUESTIONS: Mapping[str, Callable[[etree._Element], bytes]] = {
    ns.clark(ns.HL7, codes.INTERACTION_ANSWER): _question_of_answer,
    ns.clark(ns.QUERY, "AdhocQueryResponse"): _question_of_list,
    ns.clark(ns.XDSB, "RetrieveDocumentSetResponse"): _question_of_documents,
}
