"""Good exchanges made with the builders of `wire` and a small PKI, and ways to spoil them in one place."""

import functools
import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from harness import checks
from harness.model import (
    Exchange,
    HttpRecord,
    OurSide,
    Party,
    Patient,
    PatientId,
    Practitioner,
    Severity,
    Sut,
    SutActor,
    SystemIdentity,
    TlsFacts,
)
from harness.peers import papers
from harness.wire import codes, dispensing, mtom, saml, soap, x509, xcpd, xdr, xds, xmldsig
from harness.wire.saml import CodedValue, SamlAssertion, SamlAttribute
from harness.wire.xcpd import Ii

DOCUMENTS = Path(__file__).resolve().parents[2] / "scenarios" / "populations" / "documents"
AT = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
HOME_A, HOME_B = "2.999.250", "2.999.56.1"
REPOSITORY = "2.999.250.2"
PATIENT_ID = PatientId(root="2.999.250.1", extension="P-0001")
PATIENT = Patient(
    key="pt-nominal", ids=(PATIENT_ID,), family="Exemplaire", given="Camille", birth=date(1979, 3, 14), gender="F"
)
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
PHARMACIST = replace(
    PHYSICIAN,
    key="pharmacist",
    name="Apr. Elise Artsenij",
    role_code="2262",
    role_display="Pharmacists",
    facility_type="Pharmacy",
    permissions=("PRD-004", "PRD-006", "PRD-010", "PPD-046", "PPD-032"),
)
EP_3, EP_1 = "2.999.250.9.43", "2.999.250.9.44"
PS_3, PS_1 = "2.999.250.9.1", "2.999.250.9.2"
REQUEST_UUID = "urn:uuid:0b6a2d1e-5f0c-4c52-9d0e-8a1f5e2b7c01"
ANSWER_UUID = "urn:uuid:0b6a2d1e-5f0c-4c52-9d0e-8a1f5e2b7c02"


@dataclass(frozen=True, kw_only=True)
class Pki:
    """An authority of country B with a seal and a TLS certificate, and certificates that are wrong in one way each."""

    authority: x509.Credentials
    seal: x509.Credentials
    no_country_seal: x509.Credentials
    other_country_seal: x509.Credentials
    untrusted_seal: x509.Credentials
    tls: bytes
    no_country_tls: bytes


@functools.cache
def pki() -> Pki:
    key, stranger = x509.new_key(), x509.new_key()
    start, end = AT - timedelta(days=30), AT + timedelta(days=300)
    authority = x509.build_authority(
        common_name="Test authority", country="BE", not_before=start, not_after=end, key=key, serial=1
    )
    unknown = x509.build_authority(
        common_name="Unknown authority", country="BE", not_before=start, not_after=end, key=stranger, serial=1
    )

    def leaf(usage: str, country: str | None, issuer: x509.Credentials = authority) -> x509.Credentials:
        return x509.build_certificate(
            common_name="ncp.example",
            country=country,
            organization="Test",
            usage=usage,
            issuer=issuer,
            key=key,
            serial=2,
            not_before=start,
            not_after=end,
            dns_names=("ncp.example",),
        )

    return Pki(
        authority=authority,
        seal=leaf("seal", "BE"),
        no_country_seal=leaf("seal", None),
        other_country_seal=leaf("seal", "NL"),
        untrusted_seal=leaf("seal", "BE", unknown),
        tls=x509.certificate_der(leaf("tls", "BE").certificate),
        no_country_tls=x509.certificate_der(leaf("tls", None).certificate),
    )


def identity(at: datetime = AT, who: Practitioner = PHYSICIAN) -> SamlAssertion:
    return saml.new_hcp_assertion(who, id="_hcp-1", country="BE", home_community=HOME_B, at=at)


def confirmation(hcp: SamlAssertion, patient: PatientId = PATIENT_ID) -> SamlAssertion:
    return saml.new_trc_assertion(hcp, patient.cx, id="_trc-1", country="BE", at=AT)


def kin(hcp: SamlAssertion) -> SamlAssertion:
    trc = confirmation(hcp)
    attribute = SamlAttribute(name="urn:ehdsi:names:subject:nextofkin:firstname", values=("Andrea",))
    return replace(trc, id="_nok-1", issuer_qualifier=saml.NOK_QUALIFIER, attributes=(attribute,))


@dataclass(frozen=True, kw_only=True)
class Made:
    """One exchange as values; `view` builds and signs it. The edits replace bytes in the finished envelopes."""

    transaction: str
    query: xcpd.DiscoveryQuery | xds.DocumentQuery | xds.RetrieveRequest | xdr.Submission
    answer: xcpd.DiscoveryAnswer | xds.QueryAnswer | xds.RetrieveAnswer | xds.RegistryResponse | None
    fault: tuple[str, str] | None = None
    tokens: tuple[SamlAssertion, ...] = ()
    signers: dict[str, x509.Credentials | None] = field(default_factory=dict)
    weak: tuple[str, ...] = ()
    asking: soap.Addressing = field(default_factory=soap.Addressing)
    answering: soap.Addressing = field(default_factory=soap.Addressing)
    request_edits: tuple[tuple[str, str], ...] = ()
    answer_edits: tuple[tuple[str, str], ...] = ()
    extra_header: bytes = b""
    altered: tuple[str, ...] = ()
    at: datetime = AT
    id: str = "x0009"
    took_s: float = 0.1
    status: int = 200
    raw_answer: bytes | None = None
    tls: bytes = field(default_factory=lambda: pki().tls)
    earlier: tuple["Made", ...] = ()
    patient: Patient | None = PATIENT

    def token(self, kind: str) -> SamlAssertion:
        return next(t for t in self.tokens if t.kind == kind)

    def with_token(self, kind: str, **changes: object) -> "Made":
        changed = tuple(replace(t, **changes) if t.kind == kind else t for t in self.tokens)  # type: ignore[arg-type]
        return replace(self, tokens=changed)

    def without_token(self, kind: str) -> "Made":
        return replace(self, tokens=tuple(t for t in self.tokens if t.kind != kind))

    def with_attribute(self, kind: str, name: str, *values: str | CodedValue) -> "Made":
        """The attribute `name` with these values, gone when there are none."""
        kept = tuple(a for a in self.token(kind).attributes if a.name != name)
        added = (SamlAttribute(name=name, values=values),) if values else ()
        return self.with_token(kind, attributes=kept + added)

    def asked(self, **changes: object) -> "Made":
        return replace(self, query=replace(self.query, **changes))  # type: ignore[arg-type]

    def answered(self, **changes: object) -> "Made":
        return replace(self, answer=replace(self.answer, **changes))  # type: ignore[type-var]

    def in_request(self, old: str, new: str) -> "Made":
        return replace(self, request_edits=(*self.request_edits, (old, new)))

    def in_answer(self, old: str, new: str) -> "Made":
        return replace(self, answer_edits=(*self.answer_edits, (old, new)))

    def view(self, by: Party) -> checks.View:
        response, kind = self._response()
        request, request_kind = self._request()
        tls = TlsFacts(version="TLSv1.3", cipher="TLS_AES_256_GCM_SHA384", peer_certificate=self.tls)
        return checks.view(
            Exchange(
                id=self.id,
                transaction=self.transaction,
                initiator=by,
                url="https://127.0.0.1/",
                started_at=self.at,
                duration_s=self.took_s,
                request=http("POST / HTTP/1.1", request_kind, request),
                response=http(f"HTTP/1.1 {self.status} Test", kind, response),
                tls=tls,
                altered=self.altered,
            )
        )

    def context(self, actor: str) -> checks.Context:
        by = Party.PEER if actor == "ncpeh-a" else Party.SUT
        return context(actor, tuple(m.view(by) for m in self.earlier), self.patient)

    def judged(self, actor: str) -> tuple[checks.CheckResult, ...]:
        return checks.automatic(self.view(Party.PEER if actor == "ncpeh-a" else Party.SUT), self.context(actor))

    def _request(self) -> tuple[bytes, str]:
        tokens = tuple(self._signed(t) for t in self.tokens)
        body, parts = (
            xdr.build_submission(self.query) if isinstance(self.query, xdr.Submission) else (payload(self.query), ())
        )
        envelope = soap.build_envelope(
            addressing=self.asking, payload=body, assertions=tokens, extra_header=self.extra_header
        )
        envelope = edited(envelope, self.request_edits)
        if not parts:
            return envelope, soap.CONTENT_TYPE
        kind, package = mtom.build_multipart(envelope, parts, "boundary-0001")
        return package, kind

    def _signed(self, token: SamlAssertion) -> bytes:
        xml, signer = saml.build_assertion(token), self.signers.get(token.kind, pki().seal)
        if signer is None:
            return xml
        if token.kind in self.weak:
            return xmldsig.sign(xml, signer, signature_algorithm=xmldsig.RSA_SHA1, digest_algorithm=xmldsig.SHA1)
        return xmldsig.sign(xml, signer)

    def _response(self) -> tuple[bytes, str]:
        if self.raw_answer is not None:
            return self.raw_answer, "text/xml"
        if self.fault is not None:
            fault = soap.build_fault(self.fault[0], self.fault[1], addressing=self.answering)
            return edited(fault, self.answer_edits), soap.CONTENT_TYPE
        parts: tuple[mtom.Part, ...] = ()
        if isinstance(self.answer, xds.RetrieveAnswer):
            body, parts = xds.build_retrieve_answer(self.answer)
        elif isinstance(self.answer, xds.QueryAnswer):
            body = xds.build_query_answer(self.answer)
        elif isinstance(self.answer, xds.RegistryResponse):
            body = xds.build_registry_response(self.answer)
        else:
            assert self.answer is not None
            body = xcpd.build_answer(self.answer)
        envelope = edited(soap.build_envelope(addressing=self.answering, payload=body), self.answer_edits)
        if not parts:
            return envelope, soap.CONTENT_TYPE
        kind, package = mtom.build_multipart(envelope, parts, "boundary-0001")
        return package, kind


def payload(query: xcpd.DiscoveryQuery | xds.DocumentQuery | xds.RetrieveRequest | xdr.Submission) -> bytes:
    if isinstance(query, xdr.Submission):
        return xdr.build_submission(query)[0]
    if isinstance(query, xcpd.DiscoveryQuery):
        return xcpd.build_query(query)
    return xds.build_query(query) if isinstance(query, xds.DocumentQuery) else xds.build_retrieve_request(query)


def edited(data: bytes, edits: tuple[tuple[str, str], ...]) -> bytes:
    for old, new in edits:
        assert old.encode() in data, f"nothing to replace: {old}"
        data = data.replace(old.encode(), new.encode())
    return data


def http(start_line: str, content_type: str, body: bytes) -> HttpRecord:
    return HttpRecord(raw=body, body=body, start_line=start_line, headers=(("Content-Type", content_type),))


def context(actor: str, earlier: tuple[checks.View, ...] = (), patient: Patient | None = PATIENT) -> checks.Context:
    actors = {
        "ncpeh-a": SutActor(actor="ncpeh-a", country="FR", home_community=f"urn:oid:{HOME_A}"),
        "ncpeh-b": SutActor(actor="ncpeh-b", country="BE", home_community=f"urn:oid:{HOME_B}"),
    }
    # Whichever side is ours has the home community of the country the SUT is not.
    ours = OurSide(country="BE", home_community=f"urn:oid:{HOME_B if actor == 'ncpeh-a' else HOME_A}")
    anchor = x509.certificate_pem(pki().authority.certificate)
    sut = Sut(
        system=SystemIdentity(name="Exemple", version="1"),
        actors=actors,
        trust_authorities=anchor,
        ours=ours,
        patients={},
        data={},
    )
    return checks.Context(sut=sut, actor=actor, ours=ours, our_anchors=anchor, earlier=earlier, patient=patient)


def addressing(transaction: str) -> tuple[soap.Addressing, soap.Addressing]:
    actions = codes.ACTIONS[transaction]
    asking = soap.Addressing(
        action=actions.request, message_id=REQUEST_UUID, to="https://ncp.example/", reply_to=soap.ANONYMOUS
    )
    return asking, soap.Addressing(action=actions.response, message_id=ANSWER_UUID, relates_to=REQUEST_UUID)


def identify() -> Made:
    """ITI-55 with one match."""
    query = xcpd.DiscoveryQuery(
        message_id=Ii(root="2.999.56.1.7", extension="m-1"),
        creation_time=xcpd.hl7_time(AT),
        sender=xcpd.device(HOME_B),
        receivers=(xcpd.device(HOME_A),),
        query_id=Ii(root="2.999.56.1.8", extension="q-1"),
        ids=(Ii(root=PATIENT_ID.root, extension=PATIENT_ID.extension),),
        family="Exemplaire",
        given="Camille",
        birth="19790314",
    )
    subject = xcpd.Subject(
        ids=(Ii(root=PATIENT_ID.root, extension=PATIENT_ID.extension),),
        names=(xcpd.PersonName(family="Exemplaire", given="Camille"),),
        gender="F",
        birth="19790314",
        custodian_ids=(Ii(root=HOME_A),),
    )
    answer = xcpd.DiscoveryAnswer(
        message_id=Ii(root="2.999.250.7", extension="m-2"),
        creation_time=xcpd.hl7_time(AT),
        sender=xcpd.device(HOME_A),
        receivers=(xcpd.device(HOME_B),),
        acknowledgements=(xcpd.Acknowledgement(type_code="AA", target_message_id=query.message_id),),
        query_ack_id=query.query_id,
        query_response_code="OK",
        subjects=(subject,),
        query_echo=xcpd.canonical_query(query),
    )
    asking, answering = addressing(codes.ITI_55)
    return Made(
        transaction=codes.ITI_55,
        query=query,
        answer=answer,
        tokens=(identity(),),
        asking=asking,
        answering=answering,
        id="x0001",
    )


def described() -> Made:
    """GET ?wsdl, answered by a WSDL."""
    wsdl = b'<definitions xmlns="http://schemas.xmlsoap.org/wsdl/" name="XCPD"/>'
    return replace(identify(), altered=("http.request.wsdl",), raw_answer=wsdl)


def refused(type_code: str = "AE", query_code: str = "AE", detail: str = "ERROR_PI_GENERIC") -> Made:
    """ITI-55 with an error and a reason instead of a match."""
    made = identify()
    assert isinstance(made.query, xcpd.DiscoveryQuery)
    acknowledgement = xcpd.Acknowledgement(
        type_code=type_code,
        target_message_id=made.query.message_id,
        details=(xcpd.AckDetail(code=detail, text="the request is refused"),),
    )
    return made.answered(
        acknowledgements=(acknowledgement,),
        query_response_code=query_code,
        subjects=(),
        issues=(xcpd.reason("InsufficientRights"),),
    )


def no_match() -> Made:
    """ITI-55 without a match."""
    made = refused("AA", "NF", codes.ERROR_PI_NO_MATCH)
    return made.answered(issues=(xcpd.reason("AnswerNotAvailable"),))


def faulted(made: Made, reason: str = "not authorised") -> Made:
    """`made` answered by a fault."""
    answering = replace(made.answering, action=soap.FAULT_ACTION)
    return replace(made, answer=None, fault=("Sender", reason), answering=answering)


def content(level: int) -> bytes:
    return (DOCUMENTS / f"ps-nominal-{level}.xml").read_bytes()


def entry(level: int, kind: str = "patient-summary") -> xds.DocumentEntry:
    known, document = codes.KINDS[kind], content(level)
    coded = xds.Coded(code=known.class_code, scheme=codes.LOINC)
    events = (xds.Coded(code=codes.EVENT_DISPENSABLE, scheme=codes.XDW_EVENT),) if kind == "eprescription" else ()
    return xds.DocumentEntry(
        id=f"urn:uuid:0b6a2d1e-5f0c-4c52-9d0e-8a1f5e2b7c0{level}",
        unique_id=PS_3 if level == 3 else PS_1,
        patient_id=PATIENT_ID.cx,
        home=f"urn:oid:{HOME_A}",
        creation_time="20260302091500",
        language="fr-FR",
        source_patient_id=PATIENT_ID.cx,
        repository_id=REPOSITORY,
        size=str(len(document)),
        hash=hashlib.sha1(document, usedforsecurity=False).hexdigest(),
        class_code=coded,
        type_code=coded,
        format_code=xds.Coded(code=known.formats[level][0], scheme=known.format_scheme[level]),
        confidentiality_codes=(xds.Coded(code="N", scheme=codes.HL7_CONFIDENTIALITY),),
        facility_type_code=xds.Coded(code="FR", scheme=codes.ISO_COUNTRIES),
        practice_setting_code=xds.Coded(code="Not Used", scheme=codes.PRACTICE_SETTING_SCHEME),
        event_codes=events,
    )


def find(kind: str = "patient-summary", *extra: xds.Slot) -> Made:
    """ITI-38 with one document in its levels, after `identify`; `extra` slots in the query."""
    file = entry(1, kind)
    structured = entry(3, kind) if 3 in codes.KINDS[kind].formats else None
    link = xds.Association(
        type=codes.ASSOCIATION_XFRM,
        source=file.id,
        target=structured.id if structured else None,
        id="urn:uuid:0b6a2d1e-5f0c-4c52-9d0e-8a1f5e2b7c09",
    )
    asking, answering = addressing(codes.ITI_38)
    hcp = identity()
    return Made(
        transaction=codes.ITI_38,
        query=xds.find_documents(PATIENT_ID.cx, (codes.KINDS[kind].class_code,), extra=extra),
        answer=xds.QueryAnswer(
            status=codes.STATUS_SUCCESS,
            entries=(structured, file) if structured else (file,),
            associations=(link,) if structured else (),
        ),
        tokens=(hcp, confirmation(hcp)),
        asking=replace(asking, message_id=REQUEST_UUID.replace("7c01", "7c11")),
        answering=replace(answering, relates_to=REQUEST_UUID.replace("7c01", "7c11")),
        id="x0002",
        earlier=(identify(),),
    )


def failed() -> Made:
    """ITI-38 with an error instead of documents."""
    error = xds.RegistryError(code=codes.ERROR_NO_CONSENT, context="no consent")
    return find().answered(status=codes.STATUS_FAILURE, errors=(error,), entries=(), associations=())


def fetch(*levels: int) -> Made:
    """ITI-39 with documents of these levels (both when none is named), after `find`."""
    wanted = levels or (3, 1)
    asking, answering = addressing(codes.ITI_39)
    ids = {3: PS_3, 1: PS_1}
    home = f"urn:oid:{HOME_A}"
    documents = tuple(
        xds.RetrievedDocument(
            home=home, repository=REPOSITORY, id=ids[level], mime_type="text/xml", content=content(level)
        )
        for level in wanted
    )
    listing = find()
    return Made(
        transaction=codes.ITI_39,
        query=xds.RetrieveRequest(
            documents=tuple(xds.DocumentRequest(home=home, repository=REPOSITORY, id=ids[level]) for level in wanted)
        ),
        answer=xds.RetrieveAnswer(status=codes.STATUS_SUCCESS, documents=documents),
        tokens=listing.tokens,
        asking=replace(asking, message_id=REQUEST_UUID.replace("7c01", "7c21")),
        answering=replace(answering, relates_to=REQUEST_UUID.replace("7c01", "7c21")),
        id="x0003",
        earlier=(identify(), listing),
    )


def prescription() -> bytes:
    """A prescription that forbids a substitution."""
    return (DOCUMENTS / "ep-nominal-2-3.xml").read_bytes()


def fetch_prescription(state: str = codes.EVENT_DISPENSABLE) -> Made:
    """ITI-39 with a prescription of level 3, listed with all it says, in `state`."""
    said = dispensing.parse_prescription(prescription())
    product = said.product
    events = tuple(
        xds.Coded(code=code, scheme=scheme)
        for code, scheme in (
            (state, codes.XDW_EVENT),
            (product.atc, codes.ATC),
            (product.form, codes.EDQM),
            (product.strength, codes.STRENGTH),
            (said.substitution, codes.HL7_SUBSTITUTION),
        )
    )
    listing = find("eprescription")
    assert isinstance(listing.answer, xds.QueryAnswer)
    content = prescription()
    sha1 = hashlib.sha1(content, usedforsecurity=False).hexdigest()
    listed = tuple(
        replace(e, unique_id=EP_3 if e.level == 3 else EP_1, event_codes=events, hash=sha1, size=str(len(content)))
        for e in listing.answer.entries
    )
    listing = listing.answered(entries=listed)
    made, home = fetch(3), f"urn:oid:{HOME_A}"
    document = xds.RetrievedDocument(home=home, repository=REPOSITORY, id=EP_3, mime_type="text/xml", content=content)
    asked = xds.DocumentRequest(home=home, repository=REPOSITORY, id=EP_3)
    return replace(
        made,
        query=xds.RetrieveRequest(documents=(asked,)),
        answer=xds.RetrieveAnswer(status=codes.STATUS_SUCCESS, documents=(document,)),
        earlier=(identify(), listing),
    )


def dispensation(*, substituted: bool = False, number: str = "ED-1") -> bytes:
    """An eDispensation of `prescription`, written by our country B."""
    said = dispensing.parse_prescription(prescription())
    assert said.id is not None
    scene = papers.Scene(
        patient=PATIENT, patient_id=PATIENT_ID, practitioner=PHARMACIST, country="BE", home=HOME_B, at=AT
    )
    return papers.write_dispensation(
        scene,
        id=Ii(root=f"{HOME_B}.9", extension=number),
        orders=(said.id,),
        product=said.product,
        substituted=substituted,
    )


def submit(kind: str = "edispensation", content: bytes | None = None) -> Made:
    """ITI-41 that country A takes, after `fetch_prescription`."""
    known = codes.KINDS[kind]
    document = dispensation() if content is None else content
    coded = xds.Coded(code=known.class_code, scheme=codes.LOINC)
    number, package = "urn:uuid:0b6a2d1e-5f0c-4c52-9d0e-8a1f5e2b7c31", "urn:uuid:0b6a2d1e-5f0c-4c52-9d0e-8a1f5e2b7c32"
    info = (f"PID-3|{PATIENT_ID.cx}", "PID-5|Exemplaire^Camille", "PID-7|19790314", "PID-8|F")
    said = dispensing.parse_dispensation(document)
    assert said.id is not None
    entry_ = xds.DocumentEntry(
        id=number,
        unique_id=f"{said.id.root}^{said.id.extension}",
        patient_id=PATIENT_ID.cx,
        source_patient_id=PATIENT_ID.cx,
        creation_time=f"{AT:%Y%m%d%H%M%S}",
        language=said.language,
        slots=(xds.Slot(name="sourcePatientInfo", values=info),),
        class_code=coded,
        type_code=coded,
        format_code=xds.Coded(code=known.formats[3][0], scheme=codes.FORMAT_SCHEME_EHDSI),
        confidentiality_codes=(xds.Coded(code="N", scheme=codes.HL7_CONFIDENTIALITY),),
        facility_type_code=xds.Coded(code="BE", scheme=codes.ISO_COUNTRIES),
        practice_setting_code=xds.Coded(code="Not Used", scheme=codes.PRACTICE_SETTING_SCHEME),
    )
    author = xds.Author(
        slots=(
            xds.Slot(name="authorInstitution", values=("Apotheek^^^^^^^^^2.999.56.3.2",)),
            xds.Slot(name="authorPerson", values=("1^Artsenij^Elise^^^^^^&2.999.56.1.4&ISO",)),
        )
    )
    set_ = xdr.SubmissionSet(
        id=package,
        unique_id=f"{HOME_B}.5.1",
        patient_id=PATIENT_ID.cx,
        source_id=HOME_B,
        submission_time=f"{AT:%Y%m%d%H%M%S}",
        content_type=coded,
        authors=(author,),
    )
    hcp = identity(who=PHARMACIST)
    asking, answering = addressing(codes.ITI_41)
    return Made(
        transaction=codes.ITI_41,
        query=xdr.Submission(
            sets=(set_,),
            nodes=(package,),
            entries=(entry_,),
            associations=(xdr.has_member(package, number, f"{number}-member"),),
            documents=(xdr.SubmittedDocument(id=number, content=document),),
        ),
        answer=xds.RegistryResponse(status=codes.STATUS_SUCCESS),
        tokens=(hcp, confirmation(hcp)),
        asking=replace(asking, message_id=REQUEST_UUID.replace("7c01", "7c41")),
        answering=replace(answering, relates_to=REQUEST_UUID.replace("7c01", "7c41")),
        id="x0004",
        earlier=(*fetch_prescription().earlier, fetch_prescription()),
    )


def refusing(made: Made, code: str = "ERROR_ED_GENERIC") -> Made:
    """`made` answered by Failure with `code`."""
    error = xds.RegistryError(code=code, context="refused")
    return made.answered(status=codes.STATUS_FAILURE, errors=(error,), has_error_list=True)


def discard() -> Made:
    """ITI-41 that takes the dispensation of `submit` back."""
    first = submit()
    made = submit("edispensation-discard")
    asking = replace(made.asking, message_id=REQUEST_UUID.replace("7c01", "7c51"))
    answering = replace(made.answering, relates_to=asking.message_id)
    return replace(made, earlier=(*first.earlier, first), asking=asking, answering=answering, id="x0005")


def with_kin(made: Made) -> Made:
    """`made` with a next-of-kin assertion in front."""
    return replace(made, tokens=(kin(made.token("hcp")), *made.tokens))


def fired(results: tuple[checks.CheckResult, ...]) -> set[str]:
    """Requirements with a finding that counts."""
    return {r.requirement for r in results for f in r.findings if f.severity is not Severity.INFORMATION}


def deviations(results: tuple[checks.CheckResult, ...]) -> set[str]:
    """The known deviations that are named."""
    return {f.deviation for r in results for f in r.findings if f.deviation is not None}


type Defect = Callable[[Made], Made]
