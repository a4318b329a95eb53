"""The country B side: asks another country as its user wishes, and shows what comes back, whatever comes back.

Source: eHDSI XCPD, XCA and XDR Profiles, requester's duties; NCPeH Components Specification, error codes.
"""

import hashlib
import threading
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from urllib.parse import urlsplit

from lxml import etree

from harness.errors import WireError
from harness.model import PatientId
from harness.reference import _asking, _assertions, _facts, _messages, _papers, _submitting
from harness.reference._asking import DocumentKey
from harness.reference._calling import Caller, Sending, Trouble
from harness.reference._confirming import Confirming
from harness.reference._directory import Directory, missing_trait
from harness.reference._holdings import templates_of
from harness.reference._papers import Paper
from harness.reference._server import HttpQuestion, HttpReply, client_context
from harness.reference._shown import Json, Shown, Wish, parse_wish
from harness.reference._trail import Called, Trail
from harness.reference.config import PeerSide, ReferenceConfig
from harness.wire import cda, codes, mtom, soap, xcpd, xds

NO_ACKNOWLEDGEMENT = "ERROR_ED_EDISPENSATION_ACK_NOT_RECEIVED"
NO_CONNECTION = "ERROR_GENERIC_CONNECTION_NOT_POSSIBLE"
_NOT_FOUND = frozenset(
    {
        "1100",
        "1101",
        "1102",
        "1103",
        "1104",
        "ERROR_EP_NOT_FOUND",
        "ERROR_PS_NOT_FOUND",
        "ERROR_ORCD_NOT_FOUND",
        "ERROR_GENERIC_DOCUMENT_MISSING",
        "XDSMissingDocument",
    }
)
_REFUSING = frozenset({"1001", "1002", "4701", "4702", "4703", "4704"})
_REFUSING_REASONS = frozenset(
    {"InsufficientRights", "PrivacyViolation", "PolicyViolation", "DemographicsQueryNotAllowed"}
)
_CONSENTS = ("put-consent", "discard-consent")
_CALM_CODES = frozenset({"ERROR_PI_NO_MATCH"})


class Crash(Exception):
    """A declared fault makes the system fail before its user."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entry:
    """A listed document we can fetch."""

    key: DocumentKey
    level: int
    title: str
    format_code: str


@dataclass(slots=True)
class _Memory:
    """What is kept between wishes: by patient, the last dispensation, and whether its acknowledgement is missing."""

    dispensed: dict[str, Paper] = field(default_factory=dict)
    unacknowledged: set[str] = field(default_factory=set)
    lock: threading.Lock = field(default_factory=threading.Lock)


class InitiatingSystem:
    """Serves its user's wishes one by one; remembers dispensations, to take them back and to ask after lost answers."""

    def __init__(self, config: ReferenceConfig, trail: Trail | None = None) -> None:
        if config.peer is None:
            raise ValueError("peer: the B side needs the endpoints of the country to ask")
        self._config = config
        self._trail = trail or Trail(config, None, lambda _: "")
        self._peer: PeerSide = config.peer
        self._faults = config.faults
        self._memory = _Memory()
        context = client_context(config.identity.tls, config.trust_anchors)
        self._caller = Caller(context, config.timeout_s, insistent="retry.many" in config.faults)
        self._directory = Directory(config, config.peer, context, self._trail.looked_up) if config.peer.smp else None

    def answer(self, question: HttpQuestion) -> HttpReply:
        """The screen for one wish, as JSON; 400 when the wish cannot be understood."""
        try:
            wish = parse_wish(question.body)
        except ValueError as exc:
            return _json(400, Shown(shown="error", message=str(exc)))
        try:
            visit = _Visit(self._config, self._peer, self._caller, wish, self._trail, self._memory, self._directory)
            return _json(200, visit.go())
        except Crash:
            return HttpReply(status=500, content_type="text/plain; charset=utf-8", body=b"internal error")


class _Visit:
    """One wish being served: its assertions are made once and used in every call."""

    def __init__(
        self,
        config: ReferenceConfig,
        peer: PeerSide,
        caller: Caller,
        wish: Wish,
        trail: Trail,
        memory: _Memory,
        directory: Directory | None,
    ) -> None:
        self._directory = directory
        self._trail = trail
        self._config = config
        self._peer = peer
        self._caller = caller
        self._wish = wish
        self._memory = memory
        self._fetched = b""
        self._faults = config.faults
        self._issuing = _assertions.Issuing(
            practitioner=wish.practitioner,
            country=config.country,
            home_community=config.home_community,
            at=config.clock(),
            seal=config.identity.seal,
            faults=config.faults,
        )
        self._hcp_id = f"_{uuid.uuid4()}"
        self._hcp = _assertions.identity_assertion(self._issuing, self._hcp_id)
        trail.issued("IdA", self._hcp, config.clock())
        confirming = Confirming(
            config=config,
            peer=peer,
            caller=caller,
            trail=trail,
            issuing=self._issuing,
            hcp=self._hcp,
            hcp_id=self._hcp_id,
        )
        self._confirming = confirming
        self._relative = confirming.next_of_kin(wish.next_of_kin, wish.token_service)

    def go(self) -> Shown:
        if self._wish.operation == "discover":
            return self._discover()
        missing = self._missing_trait()
        if missing:
            return Shown(shown="error", message=missing)
        identified, patient = self._identify()
        if identified.shown != "patient" and "xcaq.after-refusal" in self._faults and self._wish.criteria.ids:
            self._list(self._wish.criteria.ids[0])
        if self._wish.operation == "identify" or identified.shown != "patient" or patient is None:
            return identified
        if self._wish.operation in _CONSENTS:
            withdrawn = self._wish.operation == "discard-consent"
            writing = self._writing(patient)
            return self._submit(_papers.consent(writing, withdrawn=withdrawn), writing, patient)
        if self._wish.operation == "discard-dispensation":
            return self._discard(patient)
        if "xcaq.patient-id.queried" in self._faults and self._wish.criteria.ids:
            patient = self._wish.criteria.ids[0]
        if self._wish.kind == "eprescription" and self._misses_acknowledgement():
            message = "the acknowledgement of the last dispensation was not received"
            return Shown(shown="error", code=NO_ACKNOWLEDGEMENT, message=message)
        listed, entries, trc = self._list(patient)
        if self._wish.operation == "list" or listed.shown != "documents":
            return listed
        wanted = [e for e in entries if e.level == self._wish.level]
        if not wanted:
            return Shown(shown="no-document", message="the document is not offered at the level wanted")
        fetched = self._retrieve(wanted[0], patient, trc)
        if self._wish.operation != "dispense" or fetched.shown != "document":
            return fetched
        return self._dispense(patient)

    # --- discovery

    def _discover(self) -> Shown:
        if self._directory is None:
            return Shown(shown="error", message="the endpoints are written in the configuration")
        problems = self._directory.discover()
        return Shown(shown="error" if problems else "endpoints", message=problems)

    def _missing_trait(self) -> str:
        """What the search mask of the country asks for and the user did not enter; a mask kept may be out of date."""
        if self._directory is None or "search-mask.ignored" in self._faults:
            return ""
        mask = self._directory.mask()
        if mask is not None and missing_trait(mask, self._wish.criteria):
            mask = self._directory.mask(again=True)
        return missing_trait(mask, self._wish.criteria) if mask is not None else ""

    def _endpoint(self, service: str) -> str | Trouble:
        if self._directory is not None:
            return self._directory.endpoint(service)
        return {codes.ITI_55: self._peer.xcpd, codes.ITI_41: self._peer.xdr}.get(service, self._peer.xca)

    # --- ITI-55

    def _identify(self) -> tuple[Shown, PatientId | None]:
        sent: list[str] = []

        def payload() -> str:
            message_id = (str(uuid.uuid4()), str(uuid.uuid4().int % 10**10).zfill(10))
            sent.append(message_id[0])
            return _asking.discovery(
                self._wish.criteria,
                message_id=message_id,
                query_id=str(uuid.uuid4()),
                sender=self._config.community,
                receiver=self._peer.home_community.removeprefix("urn:oid:"),
                at=self._config.clock(),
                faults=self._faults,
            )

        assertions = () if "xcpd.no-assertion" in self._faults else self._assertions()
        message = self._call(codes.ITI_55, _facts.ACTION_55, assertions, payload)
        if isinstance(message, Trouble):
            return self._trouble(message, "no-patient"), None
        try:
            answer = xcpd.parse_answer(_payload(message))
        except WireError:
            return _unreadable(), None
        target = answer.target_message_id
        if (target is None or target.root != sent[-1]) and "shown.target-message.ignored" not in self._faults:
            return Shown(shown="error", code=NO_CONNECTION, message="the answer belongs to another query"), None
        return self._identified(answer)

    def _identified(self, answer: xcpd.DiscoveryAnswer) -> tuple[Shown, PatientId | None]:
        people = tuple(_person(s) for s in answer.subjects)
        details = tuple(d.code for d in answer.details if d.code)
        code = next(iter((*details, *answer.reason_codes)), "")
        failed = answer.ack_code != "AA" or answer.query_response_code not in ("OK", "NF")
        if people and failed and "shown.error-with-subject-hidden" not in self._faults:
            message = "anomaly: the other country reports an error together with a patient"
            return Shown(shown="error", code=code, message=message), None
        if not people:
            return self._nobody(answer, code), None
        usable = [
            PatientId(root=s.ids[0].root or "", extension=s.ids[0].extension or "")
            for s in answer.subjects
            if s.ids and s.ids[0].root and s.ids[0].extension
        ]
        if len(usable) < len(people):
            return Shown(shown="error", code=NO_CONNECTION, message="a patient came without identifier"), None
        if len(people) > 1 and "shown.first-of-several" not in self._faults:
            return Shown(shown="patient", message="several patients match: choose one", patients=people), None
        return Shown(shown="patient", patients=people[:1]), usable[0]

    def _nobody(self, answer: xcpd.DiscoveryAnswer, code: str) -> Shown:
        if "shown.no-patient-hidden" in self._faults:
            asked = self._wish.criteria
            return Shown(shown="patient", patients=({"family": asked.family, "given": asked.given},))
        reasons = ", ".join(answer.reason_codes)
        known = {d.code for d in answer.details} & _CALM_CODES
        if known or (answer.query_response_code == "NF" and answer.ack_code == "AA"):
            return Shown(shown="no-patient", code=code, message=f"no patient was found ({reasons})")
        if set(answer.reason_codes) & _REFUSING_REASONS:
            return Shown(shown="refusal", code=code, message=f"the other country refuses to answer ({reasons})")
        return Shown(shown="error", code=code, message=f"the other country could not answer ({reasons})")

    # --- ITI-38

    def _list(self, patient: PatientId) -> tuple[Shown, tuple[_Entry, ...], bytes]:
        trc = self._treatment(patient)
        if not trc:
            return Shown(shown="error", message="the treatment could not be confirmed"), (), trc
        kind = _facts.KINDS.get(self._wish.kind)
        if kind is None:
            return Shown(shown="error", message="this kind of document is not served"), (), trc
        payload = _asking.document_query(patient.cx, kind.class_code, self._faults)
        message = self._call(codes.ITI_38, _facts.ACTION_38, self._assertions(trc), lambda: payload)
        if isinstance(message, Trouble):
            return self._trouble(message, "no-document"), (), trc
        try:
            answer = xds.parse_query_answer(_payload(message))
        except WireError:
            return _unreadable(), (), trc
        failing = [e for e in answer.errors if not (e.severity or "").endswith(":Warning")]
        notes = "; ".join(e.context or e.code or "" for e in answer.errors)
        code = next((e.code or "" for e in (*failing, *answer.errors)), "")
        hides = "shown.warning-hides-list" in self._faults and answer.errors
        if failing or answer.status not in (_facts.SUCCESS, _facts.PARTIAL) or hides:
            return self._not_listed(code, notes), (), trc
        entries = self._entries(answer, kind)
        skipped = len(answer.entries) - len(entries)
        if skipped:
            notes = f"{notes}; {skipped} entries in an unknown format are left out".strip("; ")
        if not entries:
            shown = "error" if "shown.no-document-as-error" in self._faults else "no-document"
            return Shown(shown=shown, code=code, message=notes or "there is no document"), (), trc
        rows = tuple(_row(e) for e in entries)
        lines = self._lines(answer, entries)
        return Shown(shown="documents", code=code, message=notes, documents=rows, lines=lines), entries, trc

    def _lines(self, answer: xds.QueryAnswer, entries: Sequence[_Entry]) -> int:
        """How many lines the user sees: the levels of a document, tied by a transformation, share one."""
        if "shown.levels-apart" in self._faults:
            return len(entries)
        listed = {e.id for e in answer.entries if e.unique_id in {one.key.id for one in entries}}
        tied = [a for a in answer.associations if (a.type or "").endswith(":XFRM") and a.source != a.target]
        return len(entries) - sum(a.source in listed and a.target in listed for a in tied)

    def _not_listed(self, code: str, notes: str) -> Shown:
        if code in _NOT_FOUND:
            shown = "error" if "shown.no-document-as-error" in self._faults else "no-document"
            return Shown(shown=shown, code=code, message=notes)
        if "shown.refusal-hidden" in self._faults:
            return Shown(shown="no-document", message="there is no document")
        return self._refused(code, notes)

    def _entries(self, answer: xds.QueryAnswer, kind: _facts.Kind) -> tuple[_Entry, ...]:
        levels = {code.casefold(): level for level, (code, _) in kind.formats.items()}
        if kind.name == "orcd-image":
            levels[_facts.ORCD_PNG[0].casefold()] = 1
        found: list[_Entry] = []
        for entry in answer.entries:
            form = (entry.format_code.code if entry.format_code else None) or ""
            level = levels.get(form.casefold())
            if level is None and "shown.unknown-format-crash" in self._faults:
                raise Crash
            if level is None or not (entry.home and entry.repository_id and entry.unique_id):
                continue
            key = DocumentKey(home=entry.home, repository=entry.repository_id, id=entry.unique_id)
            found.append(_Entry(key=key, level=level, title=entry.title or "", format_code=form))
        return tuple(found)

    # --- ITI-39

    def _retrieve(self, entry: _Entry, patient: PatientId, trc: bytes) -> Shown:
        payload = _asking.retrieval(entry.key, self._faults)
        message = self._call(codes.ITI_39, _facts.ACTION_39, self._assertions(trc), lambda: payload)
        if isinstance(message, Trouble):
            return self._trouble(message, "no-document")
        try:
            answer = xds.parse_retrieve_answer(_payload(message), lambda e: mtom.resolve_xop(e, message.parts))
        except WireError:
            return _unreadable()
        code = next((e.code or "" for e in answer.errors), "")
        notes = "; ".join(e.context or e.code or "" for e in answer.errors)
        partial = answer.status == _facts.PARTIAL and "shown.partial-dropped" not in self._faults
        document = next((d for d in answer.documents if d.id == entry.key.id), None)
        if answer.status != _facts.SUCCESS and not partial:
            shown = self._not_listed(code, notes or "the document cannot be had")
            return replace(shown, code="") if "shown.document-code.hidden" in self._faults else shown
        if document is None or not document.content:
            return self._not_listed(code, notes) if code else Shown(shown="no-document", message="no document came")
        if document.form == "xop" and "shown.attachment-refused" in self._faults:
            return Shown(shown="error", code=NO_CONNECTION, message="the document is an attachment")
        if document.form == "inline" and "shown.inline-refused" in self._faults:
            return Shown(shown="error", code=NO_CONNECTION, message="the document is not an attachment")
        return self._document(document, entry, patient, code, notes)

    def _document(
        self, document: xds.RetrievedDocument, entry: _Entry, patient: PatientId, code: str, notes: str
    ) -> Shown:
        try:
            header = cda.parse_header(document.content)
            self._fetched = document.content
        except WireError:
            if entry.level == 1 and document.content.startswith(b"%PDF"):
                notes = f"{notes}; a bare PDF came instead of CDA".strip("; ")
                return Shown(shown="document", code=code, message=notes, documents=(_row(entry),))
            return Shown(shown="error", code=code, message="the document cannot be read")
        theirs = {(i.root, i.extension) for i in header.patient_ids}
        if (patient.root, patient.extension) not in theirs and "xcar.other-patient-shown" not in self._faults:
            return Shown(shown="error", code=code, message="the document is about another patient")
        if not self._is_wished(header) and "shown.template-ignored" not in self._faults:
            return Shown(shown="error", code=code, message="the document is of another kind than asked for")
        facts: Json = {
            **_row(entry),
            "kind": header.kind,
            "size": len(document.content),
            "sha1": hashlib.sha1(document.content, usedforsecurity=False).hexdigest(),
        }
        return Shown(shown="document", code=code, message=notes, documents=(facts,))

    def _is_wished(self, header: cda.CdaHeader) -> bool:
        """Whether the document is of the kind asked for by its code, and by its template where the kind has some."""
        known = templates_of(self._wish.kind)
        return header.kind == self._wish.kind and (not known or any(t.root in known for t in header.template_ids))

    # --- ITI-41

    @property
    def _key(self) -> str:
        """Under which dispensations of this patient are remembered."""
        return "|".join(i.cx for i in self._wish.criteria.ids) or self._wish.criteria.family

    def _misses_acknowledgement(self) -> bool:
        """Whether the answer to the last dispensation never came; the user is told once."""
        with self._memory.lock:
            missing = self._key in self._memory.unacknowledged
            self._memory.unacknowledged.discard(self._key)
        return missing and "shown.acknowledgement.hidden" not in self._faults

    def _writing(self, patient: PatientId) -> _papers.Writing:
        return _papers.Writing(
            practitioner=self._wish.practitioner,
            criteria=self._wish.criteria,
            patient=patient,
            country=self._config.country,
            community=self._config.community,
            at=self._config.clock(),
            faults=self._faults,
        )

    def _dispense(self, patient: PatientId) -> Shown:
        writing = self._writing(patient)
        try:
            paper = _papers.dispensation(writing, self._fetched)
        except (WireError, ValueError) as exc:
            return Shown(shown="error", message=f"the prescription cannot be dispensed: {exc}")
        shown = self._submit(paper, writing, patient)
        if shown.shown == "stored":
            with self._memory.lock:
                self._memory.dispensed[self._key] = paper
        return shown

    def _discard(self, patient: PatientId) -> Shown:
        with self._memory.lock:
            paper = self._memory.dispensed.pop(self._key, None)
        if paper is None:
            return Shown(shown="error", message="no dispensation of this patient is known")
        return self._submit(replace(paper, operation="discard"), self._writing(patient), patient)

    def _submit(self, paper: Paper, writing: _papers.Writing, patient: PatientId) -> Shown:
        trc = self._treatment(patient)
        if not trc:
            return Shown(shown="error", message="the treatment could not be confirmed")
        sent = _submitting.submission(writing, paper)
        message = self._call(
            codes.ITI_41, _facts.ACTION_41, self._assertions(trc), lambda: sent.payload, sent.attachments
        )
        if isinstance(message, Trouble):
            return self._unanswered(message, paper)
        try:
            answer = xds.parse_registry_response(_payload(message))
        except WireError:
            return _unreadable()
        failing = [e for e in answer.errors if not (e.severity or "").endswith(":Warning")]
        notes = "; ".join(e.context or e.code or "" for e in answer.errors)
        code = next((e.code or "" for e in (*failing, *answer.errors)), "")
        if (failing or answer.status != _facts.SUCCESS) and "shown.submission-refusal.hidden" not in self._faults:
            return self._refused(code, notes or "the other country did not take the document")
        return Shown(shown="stored", code=code, message=notes)

    def _unanswered(self, trouble: Trouble, paper: Paper) -> Shown:
        """Nobody knows whether the other country took it."""
        if "shown.acknowledgement.hidden" in self._faults and trouble.kind in ("timeout", "transport"):
            return Shown(shown="stored")
        if paper.operation == "dispense" and trouble.kind in ("timeout", "transport"):
            with self._memory.lock:
                self._memory.unacknowledged.add(self._key)
        return self._trouble(trouble, "no-document")

    def _refused(self, code: str, notes: str) -> Shown:
        refused = code in _REFUSING or code.endswith("_NO_CONSENT") or code.startswith("ERROR_HPI_")
        return Shown(shown="refusal" if refused else "error", code=code, message=notes)

    # --- assertions

    def _assertions(self, *more: bytes) -> tuple[bytes, ...]:
        """What stands in the security header of one call, in order."""
        relative = (self._relative,) if self._relative else ()
        if "saml.nok.after-hcp" in self._faults:
            return (self._hcp, *relative, *more)
        return (*relative, self._hcp, *more)

    def _treatment(self, patient: PatientId) -> bytes:
        return self._confirming.treatment(patient, self._wish.access_code, self._wish.token_service)

    # --- calls

    def _call(
        self,
        service: str,
        action: str,
        assertions: Sequence[bytes],
        payload: Callable[[], str],
        attachments: Sequence[tuple[str, str, bytes]] = (),
    ) -> soap.SoapMessage | Trouble:
        """The answer of the endpoint that serves `service`; where it cannot be reached, of the one it has moved to."""
        url = self._endpoint(service)
        if isinstance(url, Trouble):
            return url
        result = self._call_at(url, action, assertions, payload, attachments)
        unreached = isinstance(result, Trouble) and result.kind == "no-connection"
        if not unreached or self._directory is None or "discovery.move.ignored" in self._faults:
            return result
        moved = self._directory.refreshed(service)
        return moved if isinstance(moved, Trouble) else self._call_at(moved, action, assertions, payload, attachments)

    def _call_at(
        self,
        url: str,
        action: str,
        assertions: Sequence[bytes],
        payload: Callable[[], str],
        attachments: Sequence[tuple[str, str, bytes]],
    ) -> soap.SoapMessage | Trouble:
        def build() -> Sending:
            message_id = str(uuid.uuid4())
            content = _asking.request_envelope(
                to=url,
                action=action,
                message_id=message_id,
                assertions=assertions,
                payload=payload(),
                faults=self._faults,
            )
            sent.append(content)
            full = _asking.full_message_id(message_id, self._faults)
            if not attachments:
                return Sending(message_id=full, content=content)
            boundary = f"MIMEBoundary_{uuid.uuid4().hex}"
            content_type, content = _messages.package(content, attachments, boundary)
            return Sending(message_id=full, content=content, content_type=content_type)

        sent: list[bytes] = []
        seen: list[bytes] = [b""]
        result = self._caller.call(url, build, seen.append)
        self._trail.called(
            Called(
                action=action,
                content=sent[-1],
                answer=None if isinstance(result, Trouble) else result,
                trouble=result.kind if isinstance(result, Trouble) else "",
                certificate=seen[-1],
                host=urlsplit(url).hostname or "",
                kind=self._wish.kind,
            )
        )
        return result

    def _trouble(self, trouble: Trouble, hidden_as: str) -> Shown:
        if trouble.kind == "fault" and "shown.fault.crash" in self._faults:
            raise Crash
        if trouble.kind == "timeout" and "shown.timeout.hidden" in self._faults:
            return Shown(shown=hidden_as)
        return Shown(shown="error", code=NO_CONNECTION, message=trouble.text)


def _payload(message: soap.SoapMessage) -> etree._Element:
    if message.payload is None:
        raise WireError("the body is empty", kind="missing-element")
    return message.payload


def _unreadable() -> Shown:
    return Shown(shown="error", code=NO_CONNECTION, message="the answer is not the message expected")


def _person(subject: xcpd.Subject) -> Json:
    first = subject.ids[0] if subject.ids else None
    return {
        "root": first.root if first else None,
        "extension": first.extension if first else None,
        "family": subject.family,
        "given": subject.given,
        "birth": subject.birth,
        "gender": subject.gender,
    }


def _row(entry: _Entry) -> Json:
    return {
        "home": entry.key.home,
        "repository": entry.key.repository,
        "id": entry.key.id,
        "level": entry.level,
        "title": entry.title,
        "format_code": entry.format_code,
    }


def _json(status: int, shown: Shown) -> HttpReply:
    return HttpReply(status=status, content_type="application/json", body=shown.as_json())
