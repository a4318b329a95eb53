"""Requests of a foreign country for the bundled system, made with `wire`'s builders, and its replies in one word."""

import dataclasses
import functools
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography.hazmat.primitives import serialization

from harness.errors import WireError as WireError
from harness.model import PatientId, Practitioner
from harness.reference import NCPEH_A, Identity, ReferenceConfig
from harness.reference._holdings import Holdings, load_holdings
from harness.reference._responding import RespondingSystem
from harness.reference._server import HttpQuestion, HttpReply
from harness.wire import codes, mtom, saml, soap, xcpd, xds, xmldsig
from harness.wire.x509 import Credentials

PROJECT = Path(__file__).resolve().parents[2]
POPULATION = PROJECT / "scenarios" / "populations" / "default.yaml"
AT = datetime(2026, 3, 2, 10, 0, 0, tzinfo=UTC)
HOME = "urn:oid:2.999.250"
REPOSITORY = "2.999.250.2"
NOMINAL = PatientId(root="2.999.250.1", extension="P-0001")
NO_DOCUMENT = PatientId(root="2.999.250.1", extension="P-0002")
NO_CONSENT = PatientId(root="2.999.250.1", extension="P-0003")
SECOND = PatientId(root="2.999.250.1", extension="P-0004")
PENDING = PatientId(root="2.999.250.1", extension="P-0010")
MINOR = PatientId(root="2.999.250.1", extension="P-0011")
VERSIONS = PatientId(root="2.999.250.1", extension="P-0012")
HIDDEN = PatientId(root="2.999.250.1", extension="P-0013")
WITHDRAWN = PatientId(root="2.999.250.1", extension="P-0014")
UNKNOWN = PatientId(root="2.999.250.1", extension="P-0999")
PS_3, PS_1 = "2.999.250.9.1", "2.999.250.9.2"
SECOND_PS = "2.999.250.9^PS-0004-3"
PHYSICIAN = Practitioner(
    key="physician",
    name="Dr Ada Verzonnen",
    name_id="physician@hospital.example",
    role_code="221",
    role_display="Medical Doctors",
    facility_type="Hospital",
    organization="Denkbeeldig Ziekenhuis",
    organization_id="urn:oid:2.999.56.3.1",
    locality="Fictiegem",
    permissions=("PRD-003", "PRD-004", "PRD-005", "PRD-006", "PRD-010", "PRD-016"),
)
type Change[T] = Callable[[T], T]


def same[T](value: T) -> T:
    return value


@dataclass(frozen=True, kw_only=True)
class Country:
    """A country that asks: its keys, and keys that are wrong in one way each."""

    identity: Identity
    stranger: Identity
    other_country_seal: Credentials

    @property
    def certificate(self) -> bytes:
        return self.identity.tls.certificate.public_bytes(serialization.Encoding.DER)


@dataclass(frozen=True, kw_only=True)
class Ask:
    """One request with its alterations, each from one stage of its making."""

    hcp: Change[saml.SamlAssertion] = same
    trc: Change[saml.SamlAssertion] = same
    hcp_xml: Change[bytes] = same
    hcp_bytes: Change[bytes] = same
    trc_bytes: Change[bytes] = same
    hcp_signer: str = "own"
    trc_signer: str = "own"
    without: frozenset[str] = frozenset()
    at: datetime = AT
    query: Change[xcpd.DiscoveryQuery] = same
    documents: Change[xds.DocumentQuery] = same
    retrieve: tuple[tuple[str | None, str, str], ...] = ((HOME, REPOSITORY, PS_3),)
    patient: PatientId = NOMINAL
    trc_patient: PatientId | None = None
    class_codes: tuple[str, ...] = ("60591-5",)
    addressing: Change[soap.Addressing] = same
    extra_header: bytes = b""
    envelope: Change[bytes] = same
    content_type: str | None = soap.CONTENT_TYPE
    version: str = "1.2"


def system(fr: Identity, be: Country, *faults: str, documents: Path | None = None) -> RespondingSystem:
    """Country A at the instant `AT`, trusting country B's authority."""
    config = ReferenceConfig(
        actors=frozenset({NCPEH_A}),
        identity=fr,
        trust_anchors=be.identity.authority,
        population_path=POPULATION,
        documents_dir=documents,
        clock=lambda: AT,
        faults=frozenset(faults),
    )
    altered = any(name.startswith(("xcar.document.", "xcar.pdf.")) for name in faults)
    plain = documents is None and not altered
    held = holdings() if plain else load_holdings(POPULATION, documents, faults=config.faults)
    return RespondingSystem(config, held)


@functools.cache
def holdings() -> Holdings:
    """The bundled population, read once."""
    return load_holdings(POPULATION, None)


def discover(to: RespondingSystem, be: Country, ask: Ask) -> HttpReply:
    query = ask.query(discovery_query(ask.patient))
    return _send(to, be, ask, "/xcpd", codes.ACTIONS["ITI-55"].request, xcpd.build_query(query), with_trc=False)


def list_documents(to: RespondingSystem, be: Country, ask: Ask) -> HttpReply:
    query = ask.documents(xds.find_documents(ask.patient.cx, ask.class_codes))
    return _send(to, be, ask, "/xca", codes.ACTIONS["ITI-38"].request, xds.build_query(query), with_trc=True)


def retrieve(to: RespondingSystem, be: Country, ask: Ask) -> HttpReply:
    wanted = tuple(xds.DocumentRequest(home=h, repository=r, id=i) for h, r, i in ask.retrieve)
    payload = xds.build_retrieve_request(xds.RetrieveRequest(documents=wanted))
    return _send(to, be, ask, "/xca", codes.ACTIONS["ITI-39"].request, payload, with_trc=True)


def discovery_query(patient: PatientId) -> xcpd.DiscoveryQuery:
    return xcpd.DiscoveryQuery(
        message_id=xcpd.Ii(root="7d0f3a9e-0000-4000-8000-000000000001", extension="0123456789"),
        creation_time=xcpd.hl7_time(AT),
        sender=xcpd.device("2.999.56.1"),
        receivers=(xcpd.device(HOME),),
        query_id=xcpd.Ii(root="7d0f3a9e-0000-4000-8000-000000000002"),
        ids=(xcpd.Ii(root=patient.root, extension=patient.extension),),
    )


def _send(
    to: RespondingSystem, be: Country, ask: Ask, path: str, action: str, payload: bytes, *, with_trc: bool
) -> HttpReply:
    addressing = ask.addressing(
        soap.Addressing(
            action=action, message_id="urn:uuid:7d0f3a9e-0000-4000-8000-000000000003", to="https://a.example/" + path
        )
    )
    assertions = _assertions(be, ask, with_trc=with_trc)
    header = ask.extra_header
    if not assertions and "security" not in ask.without:
        header += (
            b'<wsse:Security xmlns:wsse="http://docs.oasis-open.org/wss/2004/01/'
            b'oasis-200401-wss-wssecurity-secext-1.0.xsd"/>'
        )
    envelope = soap.build_envelope(
        addressing=addressing, payload=payload, assertions=assertions, extra_header=header, version=ask.version
    )
    return to.answer(
        HttpQuestion(path=path, content_type=ask.content_type, body=ask.envelope(envelope), certificate=be.certificate)
    )


def _assertions(be: Country, ask: Ask, *, with_trc: bool) -> list[bytes]:
    if "security" in ask.without:
        return []
    signers = {"own": be.identity.seal, "stranger": be.stranger.seal, "other-country": be.other_country_seal}
    base = saml.new_hcp_assertion(
        PHYSICIAN, id="_hcp", country="BE", home_community="urn:oid:2.999.56.1", at=ask.at, lifetime_s=3600 * 4
    )
    hcp = ask.hcp(base)
    found = []
    if "hcp" not in ask.without:
        found.append(_signed(ask.hcp_xml(saml.build_assertion(hcp)), signers.get(ask.hcp_signer), ask.hcp_bytes))
    if with_trc and "trc" not in ask.without:
        patient = ask.trc_patient or ask.patient
        trc = ask.trc(saml.new_trc_assertion(base, patient.cx, id="_trc", country="BE", at=ask.at))
        found.append(_signed(saml.build_assertion(trc), signers.get(ask.trc_signer), ask.trc_bytes))
    return found


def _signed(xml: bytes, signer: Credentials | None, change: Change[bytes]) -> bytes:
    return change(xmldsig.sign(xml, signer) if signer else xml)


# --- replies in one word


def message_of(reply: HttpReply) -> soap.SoapMessage:
    return soap.parse_message(reply.content_type, reply.body)


def discovery_outcome(reply: HttpReply) -> str:
    """`found n`, `fault ...`, or `ack/response/reason/detail`."""
    message = message_of(reply)
    if message.fault is not None:
        return _fault(message.fault)
    answer = discovery_answer(reply)
    if answer.subjects:
        return f"found {len(answer.subjects)}"
    reason = ",".join(answer.reason_codes)
    return f"{answer.ack_code}/{answer.query_response_code}/{reason}/{','.join(d.code or '' for d in answer.details)}"


def list_outcome(reply: HttpReply) -> str:
    """`fault ...`, or status, codes and number of entries."""
    message = message_of(reply)
    if message.fault is not None:
        return _fault(message.fault)
    answer = query_answer(reply)
    found = ",".join(e.code or "" for e in answer.errors)
    return f"{_status(answer.status)}/{found}/{len(answer.entries)}"


def retrieve_outcome(reply: HttpReply) -> str:
    """`fault ...`, or status, codes and number of documents."""
    message = message_of(reply)
    if message.fault is not None:
        return _fault(message.fault)
    answer = retrieve_answer(reply)
    return f"{_status(answer.status)}/{','.join(e.code or '' for e in answer.errors)}/{len(answer.documents)}"


def discovery_answer(reply: HttpReply) -> xcpd.DiscoveryAnswer:
    payload = message_of(reply).payload
    assert payload is not None
    return xcpd.parse_answer(payload)


def query_answer(reply: HttpReply) -> xds.QueryAnswer:
    payload = message_of(reply).payload
    assert payload is not None
    return xds.parse_query_answer(payload)


def retrieve_answer(reply: HttpReply) -> xds.RetrieveAnswer:
    message = message_of(reply)
    assert message.payload is not None
    return xds.parse_retrieve_answer(message.payload, lambda e: mtom.resolve_xop(e, message.parts))


def _status(uri: str | None) -> str:
    return next((word for word, known in codes.RESPONSE_STATUSES.items() if known == uri), uri or "none")


def _fault(fault: soap.SoapFault) -> str:
    names = [name.rpartition("}")[2] for name in (fault.code, *fault.subcodes)]
    return "fault " + "/".join(names)


# --- alterations


def without_attribute(name: str) -> Change[saml.SamlAssertion]:
    return lambda a: dataclasses.replace(a, attributes=tuple(x for x in a.attributes if x.name != name))


def with_attribute(name: str, *values: str | saml.CodedValue) -> Change[saml.SamlAssertion]:
    def change(a: saml.SamlAssertion) -> saml.SamlAssertion:
        changed = (dataclasses.replace(x, values=values) if x.name == name else x for x in a.attributes)
        return dataclasses.replace(a, attributes=tuple(changed))

    return change


def lasting(hours: float) -> Change[saml.SamlAssertion]:
    def change(a: saml.SamlAssertion) -> saml.SamlAssertion:
        start = a.not_before.at if a.not_before else None
        assert start is not None
        return dataclasses.replace(a, not_on_or_after=saml.instant(start + timedelta(hours=hours)))

    return change


def replacing(old: bytes, new: bytes) -> Change[bytes]:
    def change(data: bytes) -> bytes:
        assert old in data
        return data.replace(old, new)

    return change
