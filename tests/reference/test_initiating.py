"""Country B's duties: what its requests say and what it shows for good and bad answers; and each declared fault of its."""

import dataclasses
import json
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta

import pytest

from harness.model import PatientId
from harness.reference import FAULTS, NCPEH_A, NCPEH_B, Identity, PeerSide, ReferenceConfig, make_identity
from harness.reference._initiating import InitiatingSystem
from harness.reference._responding import RespondingSystem
from harness.reference._server import HttpQuestion, HttpReply, Listener, server_context
from harness.wire import codes, mtom, saml, soap, xcpd, xds, xmldsig
from tests.reference import reference_support as rs

NO_CONNECTION = "ERROR_GENERIC_CONNECTION_NOT_POSSIBLE"
PRACTITIONER = {**dataclasses.asdict(rs.PHYSICIAN), "permissions": list(rs.PHYSICIAN.permissions)}
type Script = Callable[[HttpQuestion], HttpReply]


class Peer:
    """Country A on a socket: answers by its honest system unless a script is set, and keeps what it was asked."""

    def __init__(self, own: Identity, other: Identity) -> None:
        config = ReferenceConfig(
            actors=frozenset({NCPEH_A}),
            identity=own,
            trust_anchors=other.authority,
            population_path=rs.POPULATION,
            clock=lambda: datetime.now(UTC),
        )
        self.honest = RespondingSystem(config, rs.holdings())
        self.authority = own.authority
        self.script: Script | None = None
        self.seen: list[HttpQuestion] = []
        context = server_context(own.tls, other.authority)
        self.listener = Listener("127.0.0.1", 0, context, {"/xcpd": self._answer, "/xca": self._answer})
        self.listener.start()

    def reset(self, script: Script | None = None) -> None:
        self.script = script
        self.seen = []

    def messages(self) -> list[soap.SoapMessage]:
        return [soap.parse_message(q.content_type, q.body) for q in self.seen]

    def _answer(self, question: HttpQuestion) -> HttpReply:
        self.seen.append(question)
        return (self.script or self.honest.answer)(question)


@pytest.fixture(scope="module")
def live_be() -> Identity:
    return make_identity(country="BE", host="127.0.0.1", at=datetime.now(UTC), serial=500)


@pytest.fixture(scope="module")
def peer(live_be: Identity) -> Iterator[Peer]:
    own = make_identity(country="FR", host="127.0.0.1", at=datetime.now(UTC), serial=400)
    served = Peer(own, live_be)
    yield served
    served.listener.close()


def asker(
    peer: Peer, live_be: Identity, *faults: str, timeout_s: float = 5.0, port: int | None = None
) -> InitiatingSystem:
    base = f"https://127.0.0.1:{port or peer.listener.port}"
    return InitiatingSystem(
        ReferenceConfig(
            actors=frozenset({NCPEH_B}),
            identity=live_be,
            trust_anchors=peer.authority,
            population_path=rs.POPULATION,
            clock=lambda: datetime.now(UTC),
            country="BE",
            home_community="urn:oid:2.999.56.1",
            peer=PeerSide(home_community=rs.HOME, xcpd=f"{base}/xcpd", xca=f"{base}/xca"),
            faults=frozenset(faults),
            timeout_s=timeout_s,
        )
    )


def wish(
    system: InitiatingSystem, operation: str = "retrieve", patient: PatientId = rs.NOMINAL, level: int = 3
) -> dict[str, object]:
    body = {
        "operation": operation,
        "country": "FR",
        "patient": {
            "ids": [{"root": patient.root, "extension": patient.extension}],
            "family": "Exemplaire" if patient == rs.NOMINAL else "",
            "birth": "1979-03-14" if patient == rs.NOMINAL else "",
            "gender": "F" if patient == rs.NOMINAL else "",
        },
        "practitioner": PRACTITIONER,
        "kind": "patient-summary",
        "level": level,
    }
    reply = system.answer(
        HttpQuestion(path="/trigger", content_type="application/json", body=json.dumps(body).encode(), certificate=b"")
    )
    if reply.status != 200:
        return {"shown": f"HTTP {reply.status}"}
    shown: dict[str, object] = json.loads(reply.body)
    return shown


# --- what requests say

type Facts = Callable[[list[soap.SoapMessage]], bool]


def _query(messages: list[soap.SoapMessage]) -> xcpd.DiscoveryQuery:
    assert messages[0].payload is not None
    return xcpd.parse_query(messages[0].payload)


def _listing(messages: list[soap.SoapMessage]) -> xds.DocumentQuery:
    assert messages[1].payload is not None
    return xds.parse_query(messages[1].payload)


def _fetching(messages: list[soap.SoapMessage]) -> xds.DocumentRequest:
    assert messages[2].payload is not None
    return xds.parse_retrieve_request(messages[2].payload).documents[0]


def _assertion(messages: list[soap.SoapMessage], kind: str) -> saml.SamlAssertion | None:
    at = 0 if kind == "hcp" else 1
    parsed = [saml.parse_assertion(a) for a in messages[at].assertions]
    others = [a for a in parsed if a.kind != "trc"]
    return next((a for a in parsed if a.kind == "trc"), None) if kind == "trc" else next(iter(others), None)


def _of(kind: str, holds: Callable[[saml.SamlAssertion], bool]) -> Facts:
    def check(messages: list[soap.SoapMessage]) -> bool:
        found = _assertion(messages, kind)
        return found is None or holds(found)

    return check


def _span(assertion: saml.SamlAssertion) -> timedelta:
    start, end = assertion.not_before, assertion.not_on_or_after
    assert start is not None
    assert start.at is not None
    assert end is not None
    assert end.at is not None
    return end.at - start.at


def _signed(kind: str) -> Facts:
    def check(messages: list[soap.SoapMessage]) -> bool:
        for message in messages:
            for element in message.assertions:
                is_trc = saml.parse_assertion(element).kind == "trc"
                if is_trc == (kind == "trc"):
                    try:
                        xmldsig.verify(element)
                    except rs.WireError:
                        return False
        return True

    return check


def _text(name: str, allowed: tuple[str, ...]) -> Callable[[saml.SamlAssertion], bool]:
    def check(assertion: saml.SamlAssertion) -> bool:
        found = assertion.attribute(name)
        return found is None or found.text in allowed

    return check


NAMES = "urn:oasis:names:tc:"
HCP_NAMES = tuple(
    NAMES + n
    for n in ("xspa:1.0:subject:subject-id", "xacml:2.0:subject:role", "xspa:1.0:subject:purposeofuse",
              "xspa:1.0:environment:locality")
)  # fmt: skip
REQUEST_FACTS: Mapping[str, Facts] = {
    "TRN-B-001": lambda m: all(x.addressing.action_must_understand and x.addressing.to for x in m),
    "TRN-B-002": lambda m: len({x.addressing.message_id for x in m}) == len(m),
    "TRN-B-003": lambda m: all((x.addressing.message_id or "").startswith("urn:uuid:") for x in m),
    "TRN-B-004": lambda m: all(x.addressing.reply_to == soap.ANONYMOUS for x in m),
    "TRN-B-005": lambda m: not any(x.addressing.foreign_blocks for x in m),
    "TRN-B-006": lambda m: all(x.security_count == 1 for x in m),
    "TRN-B-007": lambda m: all([saml.parse_assertion(a).kind for a in x.assertions][-1:] == ["trc"] for x in m[1:]),
    "XCPD-B-001": lambda m: (_query(m).interaction_id or xcpd.Ii()).extension == "PRPA_IN201305UV02",
    "XCPD-B-002": lambda m: (_query(m).processing_mode_code, _query(m).accept_ack_code) == ("T", "AL"),
    "XCPD-B-003": lambda m: (_query(m).response_modality_codes, _query(m).response_priority_codes) == (("R",), ("I",)),
    "XCPD-B-004": lambda m: _query(m).query_status_code == "new",
    "XCPD-B-005": lambda m: (_query(m).sender or xcpd.Device()).organization_ids == (xcpd.Ii(root="2.999.56.1"),),
    "XCPD-B-006": lambda m: _query(m).receiver_hcid == "2.999.250",
    "XCPD-B-008": lambda m: all(i.root and i.extension for i in _query(m).ids),
    "XCPD-B-009": lambda m: len(_query(m).parameters) == len(set(_query(m).parameters)),
    "XCPD-B-010": lambda m: bool(_query(m).ids),
    "XCPD-B-011": lambda m: "sortControl" not in _query(m).query_parts,
    "XCPD-B-012": lambda m: bool(re.fullmatch(r"\d{8}", _query(m).birth or "19790314")),
    "XCPD-B-014": lambda m: len(m[0].assertions) == 1,
    "XCPD-B-018": lambda m: len(m) < 2 or _listing(m).values("$XDSDocumentEntryPatientId") == (rs.NOMINAL.cx,),
    "XCAQ-B-001": lambda m: len(m) < 2 or _listing(m).query_id == codes.QUERY_FIND_DOCUMENTS,
    "XCAQ-B-002": lambda m: len(m) < 2 or _listing(m).return_type == "LeafClass",
    "XCAQ-B-003": lambda m: len(m) < 2 or _listing(m).slots[0].values == (f"'{rs.NOMINAL.cx}'",),
    "XCAQ-B-004": lambda m: len(m) < 2 or _listing(m).values("$XDSDocumentEntryStatus") == (codes.ENTRY_APPROVED,),
    "XCAQ-B-005": lambda m: len(m) < 2 or [c.code for c in _listing(m).class_codes.values] == ["60591-5"],
    "XCAQ-B-006": _of("trc", _text(HCP_NAMES[0], (rs.NOMINAL.cx,))),
    "XCAR-B-001": lambda m: len(m) < 3 or _fetching(m) == xds.DocumentRequest(
        home=rs.HOME, repository=rs.REPOSITORY, id=rs.PS_3),
    "SAML-HCP-002": _of("hcp", lambda a: a.issuer_qualifier == "urn:ehdsi:assertions:hcp"),
    "SAML-HCP-003": _of("hcp", lambda a: bool(a.name_id_format)),
    "SAML-HCP-004": _of("hcp", lambda a: (a.confirmation_method or "").endswith("sender-vouches")),
    "SAML-HCP-005": _of("hcp", lambda a: _span(a) <= timedelta(hours=4)),
    "SAML-HCP-006": _of("hcp", lambda a: (a.authn_context_class or "").endswith("SmartcardPKI")),
    "SAML-HCP-007": _of("hcp", lambda a: all(a.attribute(n) for n in HCP_NAMES)),
    "SAML-HCP-008": _of("hcp", _text(HCP_NAMES[1], ("221",))),
    "SAML-HCP-009": _of("hcp", _text("urn:ehdsi:names:subject:healthcare-facility-type", ("Hospital",))),
    "SAML-HCP-010": _of("hcp", _text(HCP_NAMES[2], ("TREATMENT",))),
    "SAML-HCP-011": _of("hcp", lambda a: a.attribute(NAMES + "xspa:1.0:subject:hl7:permission") is not None),
    "SAML-HCP-013": _signed("hcp"),
    "SAML-TRC-002": lambda m: len(m) < 2 or all(
        t.advice_ids == (h.id,) for t, h in [(_assertion(m, "trc"), _assertion(m[1:], "hcp"))] if t and h),
    "SAML-TRC-003": lambda m: len(m) < 2 or all(
        (t.name_id, t.name_id_format) == (h.name_id, h.name_id_format)
        for t, h in [(_assertion(m, "trc"), _assertion(m[1:], "hcp"))] if t and h and h.name_id_format),
    "SAML-TRC-006": _of("trc", lambda a: (a.authn_context_class or "").endswith("PreviousSession")),
    "SAML-TRC-007": _of("trc", lambda a: _span(a) <= timedelta(hours=2)),
    "SAML-TRC-008": _signed("trc"),
}  # fmt: skip
REQUEST_FAULTS = tuple(
    n
    for n, f in FAULTS.items()
    if f.actor == "ncpeh-b"
    and set(f.breaks) <= set(REQUEST_FACTS)
    and n != "xcaq.patient-id.queried"
    and not n.startswith("sts.")  # of the token service, which is asked and asks nobody
)


def lenient() -> Script:
    """Answers whatever is asked as if by the book, so that a whole visit takes place."""
    patient = rs.holdings().patients["pt-nominal"]
    document = next(d for d in rs.holdings().documents if d.unique_id == rs.PS_3)

    def answer(question: HttpQuestion) -> HttpReply:
        message = soap.parse_message(question.content_type, question.body)
        assert message.payload is not None
        action = message.addressing.action
        if action == codes.ACTIONS["ITI-55"].request:
            query = xcpd.parse_query(message.payload)
            return _soap(message, "ITI-55", xcpd.build_answer(found(query, [patient.ids[0]])))
        if action == codes.ACTIONS["ITI-38"].request:
            return _soap(message, "ITI-38", xds.build_query_answer(listed()))
        return _soap(message, "ITI-39", xds.build_retrieve_answer(fetched(document.content))[0])

    return answer


def found(query: xcpd.DiscoveryQuery, ids: list[PatientId]) -> xcpd.DiscoveryAnswer:
    subjects = tuple(
        xcpd.Subject(
            ids=(xcpd.Ii(root=i.root, extension=i.extension),),
            names=(xcpd.PersonName(family="Exemplaire", given="Camille"),),
            custodian_ids=(xcpd.Ii(root="2.999.250"),),
        )
        for i in ids
    )
    return xcpd.DiscoveryAnswer(
        message_id=xcpd.Ii(root="7d0f3a9e-0000-4000-8000-00000000000a"),
        creation_time="20260302100000+0000",
        sender=xcpd.device(rs.HOME),
        receivers=(xcpd.device("2.999.56.1"),),
        acknowledgements=(xcpd.Acknowledgement(type_code="AA", target_message_id=query.message_id),),
        query_ack_id=query.query_id,
        query_response_code="OK",
        subjects=subjects,
    )


def listed(form: str = "urn:epSOS:ps:ps:2010", errors: tuple[xds.RegistryError, ...] = ()) -> xds.QueryAnswer:
    entry = xds.DocumentEntry(
        id="urn:uuid:7d0f3a9e-0000-4000-8000-00000000000b",
        unique_id=rs.PS_3,
        patient_id=rs.NOMINAL.cx,
        home=rs.HOME,
        repository_id=rs.REPOSITORY,
        class_code=xds.Coded(code="60591-5"),
        format_code=xds.Coded(code=form),
    )
    return xds.QueryAnswer(status=codes.STATUS_SUCCESS, errors=errors, entries=(entry,))


def fetched(
    content: bytes, status: str = codes.STATUS_SUCCESS, errors: tuple[xds.RegistryError, ...] = ()
) -> xds.RetrieveAnswer:
    document = xds.RetrievedDocument(
        home=rs.HOME, repository=rs.REPOSITORY, id=rs.PS_3, mime_type="text/xml", content=content, form="inline"
    )
    return xds.RetrieveAnswer(status=status, errors=errors, documents=(document,) if content else ())


def _soap(request: soap.SoapMessage, transaction: str, payload: bytes) -> HttpReply:
    addressing = soap.Addressing(
        action=codes.ACTIONS[transaction].response,
        message_id="urn:uuid:7d0f3a9e-0000-4000-8000-00000000000c",
        relates_to=request.addressing.message_id,
    )
    envelope = soap.build_envelope(addressing=addressing, payload=payload)
    return HttpReply(status=200, content_type=soap.CONTENT_TYPE, body=envelope)


def test_good_requests_have_all_their_facts_and_are_accepted(peer: Peer, live_be: Identity) -> None:
    peer.reset()
    assert wish(asker(peer, live_be))["shown"] == "document"
    messages = peer.messages()
    assert len(messages) == 3
    assert {r for r, holds in REQUEST_FACTS.items() if not holds(messages)} == set()


@pytest.mark.parametrize("fault", REQUEST_FAULTS)
def test_a_request_fault_breaks_its_facts_and_no_other(peer: Peer, live_be: Identity, fault: str) -> None:
    peer.reset(lenient())
    wish(asker(peer, live_be, fault))
    messages = peer.messages()
    assert len(messages) == 3
    assert {r for r, holds in REQUEST_FACTS.items() if not holds(messages)} == set(FAULTS[fault].breaks)


def test_query_ids_are_new_for_every_query_unless_the_fault_makes_them_constant(peer: Peer, live_be: Identity) -> None:
    ids = {}
    for faults in ((), ("xcpd.query-id.constant",)):
        system = asker(peer, live_be, *faults)
        peer.reset()
        wish(system, "identify")
        wish(system, "identify")
        ids[faults] = len({_query([m]).query_id for m in peer.messages()})
    assert list(ids.values()) == [2, 1]


# --- what is shown


def discovery(
    change: Callable[[xcpd.DiscoveryAnswer], xcpd.DiscoveryAnswer], ids: tuple[PatientId, ...] = ()
) -> Script:
    def answer(question: HttpQuestion) -> HttpReply:
        message = soap.parse_message(question.content_type, question.body)
        assert message.payload is not None
        if question.path == "/xca":
            return _soap(message, "ITI-38", xds.build_query_answer(listed()))
        return _soap(message, "ITI-55", xcpd.build_answer(change(found(xcpd.parse_query(message.payload), list(ids)))))

    return answer


def after_identification(
    listing: xds.QueryAnswer, retrieval: xds.RetrieveAnswer | None = None, form: str = "inline"
) -> Script:
    def answer(question: HttpQuestion) -> HttpReply:
        message = soap.parse_message(question.content_type, question.body)
        assert message.payload is not None
        if question.path == "/xcpd":
            query = xcpd.parse_query(message.payload)
            return _soap(message, "ITI-55", xcpd.build_answer(found(query, [rs.NOMINAL])))
        if message.addressing.action == codes.ACTIONS["ITI-38"].request or retrieval is None:
            return _soap(message, "ITI-38", xds.build_query_answer(listing))
        documents = tuple(dataclasses.replace(d, form=form) for d in retrieval.documents)
        payload, parts = xds.build_retrieve_answer(dataclasses.replace(retrieval, documents=documents))
        reply = _soap(message, "ITI-39", payload)
        if not parts:
            return reply
        content_type, body = mtom.build_multipart(reply.body, parts, "boundary-1")
        return HttpReply(status=200, content_type=content_type, body=body)

    return answer


def nobody(response: str, ack: str, reason: str, detail: str) -> Script:
    def change(answer: xcpd.DiscoveryAnswer) -> xcpd.DiscoveryAnswer:
        acknowledgement = dataclasses.replace(
            answer.acknowledgements[0], type_code=ack, details=(xcpd.AckDetail(code=detail, text="x"),)
        )
        return dataclasses.replace(
            answer,
            subjects=(),
            acknowledgements=(acknowledgement,),
            query_response_code=response,
            issues=(xcpd.reason(reason),),
        )

    return discovery(change)


def plain(status: int, content_type: str, body: bytes, behaviour: str = "whole", delay_s: float = 0.0) -> Script:
    reply = HttpReply(status=status, content_type=content_type, body=body, behaviour=behaviour, delay_s=delay_s)
    return lambda question: reply


def _content(unique_id: str) -> bytes:
    return next(d.content for d in rs.holdings().documents if d.unique_id == unique_id)


def _error(code: str, severity: str = codes.SEVERITY_ERROR) -> tuple[xds.RegistryError, ...]:
    return (xds.RegistryError(code=code, context="because", severity=severity),)


FAULTED = soap.build_fault("Sender", "no", addressing=soap.Addressing(action="urn:x"))
UNEXPECTED = soap.build_envelope(addressing=soap.Addressing(action="urn:x"), payload=b"<a/>")
EMPTY = xds.QueryAnswer(status=codes.STATUS_SUCCESS)
REFUSED = xds.QueryAnswer(status=codes.STATUS_FAILURE, errors=_error("4701"))
NONE = xds.QueryAnswer(status=codes.STATUS_SUCCESS, errors=_error("1102", codes.SEVERITY_WARNING))
WARNED = listed(errors=_error("2502", codes.SEVERITY_WARNING))
ODD = listed(form="urn:odd:format")
OTHER_TEMPLATE = _content(rs.PS_3).replace(b'"60591-5"', b'"60593-1"', 1)
same = rs.same
OTHER_TARGET: Callable[[xcpd.DiscoveryAnswer], xcpd.DiscoveryAnswer] = lambda a: dataclasses.replace(  # noqa: E731
    a, acknowledgements=(xcpd.Acknowledgement(type_code="AA", target_message_id=xcpd.Ii(root="2.999", extension="9")),)
)
ANOMALY: Callable[[xcpd.DiscoveryAnswer], xcpd.DiscoveryAnswer] = lambda a: dataclasses.replace(  # noqa: E731
    a, query_response_code="AE"
)
PARTIAL = fetched(_content(rs.PS_3), codes.STATUS_PARTIAL_SUCCESS, _error("XDSMissingDocument"))
WHOLE = fetched(_content(rs.PS_3))

# name, operation, script, shown and code, declared fault (or ""), shown then
SHOWN: tuple[tuple[str, str, Script, tuple[str, str], str, str], ...] = (
    ("no match", "retrieve", nobody("NF", "AA", "AnswerNotAvailable", "ERROR_PI_NO_MATCH"),
     ("no-patient", "ERROR_PI_NO_MATCH"), "shown.no-patient-hidden", "patient"),
    ("no match as AE", "identify", nobody("AE", "AE", "AnswerNotAvailable", "ERROR_PI_NO_MATCH"),
     ("no-patient", "ERROR_PI_NO_MATCH"), "", ""),
    ("a refusal", "list", nobody("AE", "AE", "InsufficientRights", "4703"), ("refusal", "4703"), "", ""),
    ("an error", "list", nobody("AE", "AE", "InternalError", "ERROR_PI_GENERIC"), ("error", "ERROR_PI_GENERIC"), "", ""),
    ("two patients", "list", discovery(same, (rs.NOMINAL, rs.SECOND)), ("patient", ""), "shown.first-of-several",
     "documents"),
    ("a patient with an error", "identify", discovery(ANOMALY, (rs.NOMINAL,)), ("error", ""),
     "shown.error-with-subject-hidden", "patient"),
    ("another target message", "identify", discovery(OTHER_TARGET, (rs.NOMINAL,)), ("error", NO_CONNECTION),
     "shown.target-message.ignored", "patient"),
    ("a SOAP fault", "identify", plain(500, soap.CONTENT_TYPE, FAULTED), ("error", NO_CONNECTION), "shown.fault.crash",
     "HTTP 500"),
    ("no XML", "identify", plain(200, soap.CONTENT_TYPE, b"hello"), ("error", NO_CONNECTION), "", ""),
    ("HTML", "identify", plain(200, "text/html", b"<html/>"), ("error", NO_CONNECTION), "", ""),
    ("HTTP 500", "identify", plain(500, "text/plain", b"oops"), ("error", NO_CONNECTION), "", ""),
    ("a reset", "identify", plain(200, soap.CONTENT_TYPE, b"", "reset"), ("error", NO_CONNECTION), "", ""),
    ("a truncated answer", "identify", plain(200, soap.CONTENT_TYPE, FAULTED, "truncate"), ("error", NO_CONNECTION), "",
     ""),
    ("another message", "identify", plain(200, soap.CONTENT_TYPE, UNEXPECTED),
     ("error", NO_CONNECTION), "", ""),
    ("no document", "list", after_identification(NONE), ("no-document", "1102"), "shown.no-document-as-error", "error"),
    ("an empty list", "list", after_identification(EMPTY), ("no-document", ""), "shown.no-document-as-error", "error"),
    ("no consent", "list", after_identification(REFUSED), ("refusal", "4701"), "shown.refusal-hidden", "no-document"),
    ("a warning with entries", "list", after_identification(WARNED), ("documents", "2502"), "shown.warning-hides-list",
     "error"),
    ("an unknown format", "list", after_identification(ODD), ("no-document", ""), "shown.unknown-format-crash", "HTTP 500"),
    ("a document inside", "retrieve", after_identification(listed(), WHOLE), ("document", ""), "shown.inline-refused",
     "error"),
    ("a document attached", "retrieve", after_identification(listed(), WHOLE, "xop"), ("document", ""), "", ""),
    ("partial success", "retrieve", after_identification(listed(), PARTIAL), ("document", "XDSMissingDocument"),
     "shown.partial-dropped", "no-document"),
    ("another patient's document", "retrieve", after_identification(listed(), fetched(_content(rs.SECOND_PS))),
     ("error", ""), "xcar.other-patient-shown", "document"),
    ("another kind of document", "retrieve", after_identification(listed(), fetched(OTHER_TEMPLATE)), ("error", ""),
     "shown.template-ignored", "document"),
    ("no CDA", "retrieve", after_identification(listed(), fetched(b"not a document")), ("error", ""), "", ""),
    ("a missing document", "retrieve",
     after_identification(listed(), fetched(b"", codes.STATUS_FAILURE, _error("XDSMissingDocument"))),
     ("no-document", "XDSMissingDocument"), "", ""),
    ("consent withdrawn", "retrieve", after_identification(listed(), fetched(b"", codes.STATUS_FAILURE, _error("4701"))),
     ("refusal", "4701"), "shown.refusal-hidden", "no-document"),
)  # fmt: skip


@pytest.mark.parametrize(("operation", "script", "expected"), [pytest.param(r[1], r[2], r[3], id=r[0]) for r in SHOWN])
def test_an_honest_system_shows_what_came(
    peer: Peer, live_be: Identity, operation: str, script: Script, expected: tuple[str, str]
) -> None:
    peer.reset(script)
    shown = wish(asker(peer, live_be), operation)
    assert (shown["shown"], shown["code"]) == expected


@pytest.mark.parametrize(
    ("operation", "script", "fault", "expected"),
    [
        pytest.param(r[1] if r[0] != "no match" else "identify", r[2], r[4], r[5], id=f"{r[4]}: {r[0]}")
        for r in SHOWN
        if r[4]
    ],
)
def test_a_fault_shows_something_else(
    peer: Peer, live_be: Identity, operation: str, script: Script, fault: str, expected: str
) -> None:
    peer.reset(script)
    assert wish(asker(peer, live_be, fault), operation)["shown"] == expected


def test_a_late_answer_is_an_error_and_not_asked_for_again(peer: Peer, live_be: Identity) -> None:
    peer.reset(plain(200, soap.CONTENT_TYPE, b"", delay_s=1.0))
    shown = wish(asker(peer, live_be, timeout_s=0.3), "identify")
    assert (shown["shown"], shown["code"], len(peer.seen)) == ("error", NO_CONNECTION, 1)
    hidden = wish(asker(peer, live_be, "shown.timeout.hidden", timeout_s=0.3), "identify")
    assert hidden["shown"] == "no-patient"


def test_a_refused_connection_is_an_error(peer: Peer, live_be: Identity) -> None:
    shown = wish(asker(peer, live_be, port=1), "identify")
    assert (shown["shown"], shown["code"]) == ("error", NO_CONNECTION)


def test_a_broken_call_is_made_once_unless_the_fault_insists(peer: Peer, live_be: Identity) -> None:
    calls = []
    for faults in ((), ("retry.many",)):
        peer.reset(plain(200, soap.CONTENT_TYPE, b"", "reset"))
        wish(asker(peer, live_be, *faults), "identify")
        calls.append(len(peer.seen))
    assert calls == [1, 5]


def test_no_documents_are_asked_for_after_a_refusal_unless_by_fault(peer: Peer, live_be: Identity) -> None:
    paths = []
    for faults in ((), ("xcaq.after-refusal",)):
        peer.reset(nobody("AE", "AE", "InsufficientRights", "4703"))
        assert wish(asker(peer, live_be, *faults), "list")["shown"] == "refusal"
        paths.append([q.path for q in peer.seen])
    assert paths == [["/xcpd"], ["/xcpd", "/xca"]]


def test_documents_are_asked_for_the_id_that_was_found_unless_by_fault(peer: Peer, live_be: Identity) -> None:
    asked = []
    for faults in ((), ("xcaq.patient-id.queried",)):
        peer.reset(discovery(same, (rs.SECOND,)))
        wish(asker(peer, live_be, *faults), "list")
        asked.append(_listing(peer.messages()).values("$XDSDocumentEntryPatientId"))
    assert asked == [(rs.SECOND.cx,), (rs.NOMINAL.cx,)]


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{}", b'{"operation": "identify"}', b'{"operation": "drop", "level": 2}']
)
def test_a_wish_that_cannot_be_understood_is_answered_with_400(peer: Peer, live_be: Identity, body: bytes) -> None:
    reply = asker(peer, live_be).answer(
        HttpQuestion(path="/trigger", content_type="application/json", body=body, certificate=b"")
    )
    assert (reply.status, json.loads(reply.body)["shown"]) == (400, "error")


def test_every_fault_of_country_b_is_tested_somewhere() -> None:
    singly = {
        "xcpd.query-id.constant",
        "shown.timeout.hidden",
        "retry.many",
        "xcaq.after-refusal",
        "xcaq.patient-id.queried",
    }
    trail = {n for n in FAULTS if n.startswith("audit-b.")}  # tests/test_declared_faults.py
    submissions = {n for n, f in FAULTS.items() if f.transaction == "ITI-41"}  # tests/test_declared_faults.py
    discovery = {n for n in FAULTS if n.startswith(("discovery.", "search-mask."))}  # tests/test_declared_faults.py
    # the token service, and what shows only with a next of kin or an access code: tests/test_declared_faults.py
    tokens = {n for n in FAULTS if n.startswith(("sts.", "sts-client.", "saml.nok."))} | {"saml.trc.access-code-other"}
    # what only whole scenarios show: tests/test_declared_faults.py
    screens = {"shown.levels-apart", "shown.attachment-refused", "shown.document-code.hidden"}
    tested = {*trail, *discovery, *submissions, *tokens, *screens, *REQUEST_FAULTS, *singly, *(row[4] for row in SHOWN)}
    assert {n for n, f in FAULTS.items() if f.actor == "ncpeh-b"} - tested == set()
