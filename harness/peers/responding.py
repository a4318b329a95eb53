"""The simulated responding gateway, NCPeH of country A: answers ITI-55, ITI-38, ITI-39 and ITI-41 from a population.

It looks up and answers. Who asks and with which assertions is recorded by the listener and judged elsewhere.
"""

import hashlib
import re
import uuid
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

from harness.errors import ScenarioError, WireError
from harness.model import DEMANDS, HttpRecord, OurSide, Patient, PatientId, Population, PopulationDocument
from harness.peers import arguments as given
from harness.peers.answers import PlannedAnswer
from harness.peers.arguments import Arguments, refuse
from harness.peers.clock import Clock, Ids
from harness.peers.dispensary import Dispensary
from harness.peers.fault import Fault, Scene
from harness.peers.faults import FAULTS, more_traits_wanted, no_match, rights_missing
from harness.peers.faults_documents import NO_CONSENT, missing
from harness.peers.faults_entries import no_documents
from harness.peers.national import NationalStore
from harness.peers.stated_errors import StatedError, StatedFault, stated_error
from harness.peers.temperament import Character
from harness.wire import cda, codes, mtom, ns, soap, xcpd, xdr, xds
from harness.wire.codes import KINDS
from harness.wire.soap import Addressing, SoapMessage
from harness.wire.xcpd import Acknowledgement, DiscoveryAnswer, DiscoveryQuery, Ii, PersonName, Subject
from harness.wire.xds import (
    Association,
    Author,
    Coded,
    DocumentEntry,
    QueryAnswer,
    RegistryResponse,
    RetrieveAnswer,
    RetrievedDocument,
    Slot,
)

SLOW_S = 25.0


class RespondingGateway:
    """NCPeH-A as a peer. Source: IHE ITI TF-2, 3.38, 3.39, 3.41, 3.55; eHDSI XCPD, XCA and XDR profiles.

    What is submitted changes the state of prescriptions and consents until `reset` is called.
    """

    def __init__(
        self, ours: OurSide, population: Population, clock: Clock, ids: Ids, *, slow_s: float = SLOW_S
    ) -> None:
        self._ours = ours
        self._hcid = ours.home_community.removeprefix("urn:oid:")
        self._population = population
        self._clock = clock
        self._ids = ids
        self._slow_s = slow_s
        self._store = NationalStore(population)
        self._dispensary = Dispensary(population, self._store)
        self.character: Character | None = None

    def reset(self) -> None:
        """Forget what was submitted, and what replies have set in the national store: another row starts."""
        self._store.reset()
        self._dispensary.reset()

    def answer_in_character(
        self, request: HttpRecord, transaction: str, arguments: Arguments
    ) -> tuple[PlannedAnswer, tuple[str, ...]]:
        """As `answer`, worsened by the fault whose turn it is for our temperament, which is named beside it.

        A fault that cannot be made from what was found leaves the ordinary answer.
        """
        habit = self.character.answer_habit(transaction) if self.character else ()
        try:
            return self.answer(request, transaction, arguments, habit), habit
        except ScenarioError:
            if not habit:
                raise
            return self.answer(request, transaction, arguments), ()

    def answer(
        self, request: HttpRecord, transaction: str, arguments: Arguments, faults: tuple[str, ...] = ()
    ) -> PlannedAnswer:
        """The answer to `request`, worsened by `faults`; a request that cannot be read gets a SOAP fault.

        Raises:
            ScenarioError: an argument or fault is unknown, or a fault is not for this transaction or cannot be made
                from this population; says which.
        """
        chosen = tuple(_fault(name, transaction) for name in faults)
        stated = stated_error(arguments, transaction)
        patient = self._chosen_patient(arguments)
        self._store.change(arguments)
        try:
            message = soap.parse_message(request.header("content-type"), request.body)
        except WireError as exc:
            return self._worsened(self._faulted(None, _plain_reason(exc)), None, chosen)
        try:
            unmet = self.character.unmet(message, transaction, self._clock()) if self.character else ""
            if unmet:
                answer = self._stated_fault(message.addressing, _demanded(unmet))
            elif isinstance(stated, StatedFault):
                answer = self._stated_fault(message.addressing, stated)
            else:
                answer = self._answered(message, transaction, patient, chosen, stated)
        except WireError as exc:
            answer = self._faulted(message.addressing, _plain_reason(exc))
        return self._worsened(answer, message.addressing, chosen)

    def _answered(
        self,
        message: SoapMessage,
        transaction: str,
        patient: Patient | None,
        faults: Sequence[Fault],
        stated: StatedError | None,
    ) -> PlannedAnswer:
        if message.payload is None:
            raise WireError("the body is empty", kind="no-body")
        scene = self._scene(message.addressing)
        addressing = self._addressing(codes.ACTIONS[transaction].response, message.addressing)
        if transaction == codes.ITI_55:
            found = self._discovered(xcpd.parse_query(message.payload), patient)
            found = stated.in_discovery(found) if stated else found
            for fault in faults:
                found = fault.discovery(found, scene) if fault.discovery else found
            return _ok(soap.build_envelope(addressing=addressing, payload=xcpd.build_answer(found)))
        if transaction == codes.ITI_38:
            listed = self._listed(xds.parse_query(message.payload))
            listed = stated.in_listing(listed) if stated else listed
            for fault in faults:
                listed = fault.listing(listed, scene) if fault.listing else listed
            return _ok(soap.build_envelope(addressing=addressing, payload=xds.build_query_answer(listed)))
        if transaction == codes.ITI_41:
            # What is refused is not stored: a later request must not find it.
            refused = stated is not None and stated.status == "failure"
            stored = RegistryResponse(status=codes.STATUS_SUCCESS) if refused else self._stored(message)
            stored = stated.in_storing(stored) if stated else stored
            for fault in faults:
                stored = fault.storing(stored, scene) if fault.storing else stored
            return _ok(soap.build_envelope(addressing=addressing, payload=xds.build_registry_response(stored)))
        fetched = self._fetched(xds.parse_retrieve_request(message.payload))
        fetched = stated.in_retrieval(fetched) if stated else fetched
        for fault in faults:
            fetched = fault.retrieval(fetched, scene) if fault.retrieval else fetched
        payload, parts = xds.build_retrieve_answer(fetched)
        envelope = soap.build_envelope(addressing=addressing, payload=payload)
        if not parts:
            return _ok(envelope)
        content_type, body = mtom.build_multipart(envelope, parts, f"MIMEBoundary_{self._ids.uuid()}")
        return PlannedAnswer(status=200, headers=(("Content-Type", content_type),), body=body)

    # --- ITI-55

    def _discovered(self, query: DiscoveryQuery, patient: Patient | None) -> DiscoveryAnswer:
        answer = DiscoveryAnswer(
            message_id=Ii(root=self._ids.uuid(), extension=self._ids.digits(10)),
            creation_time=xcpd.hl7_time(self._clock()),
            sender=xcpd.device(self._hcid),
            receivers=(query.sender,) if query.sender else (),
            acknowledgements=(Acknowledgement(type_code=codes.ACK_ACCEPT, target_message_id=query.message_id),),
            query_ack_id=query.query_id,
            query_response_code=codes.QUERY_OK,
            query_echo=query.canonical_query or None,
        )
        if patient is None and not (query.ids or (query.family and query.birth)):
            return more_traits_wanted(answer)
        matches = (patient,) if patient else tuple(p for p in self._population.patients.values() if _matches(p, query))
        if not matches:
            return no_match(answer)
        if not all(self._store.consents(match) for match in matches):
            return rights_missing(answer)
        return replace(answer, subjects=tuple(self._subject(match) for match in matches))

    def _subject(self, patient: Patient) -> Subject:
        first = patient.ids[:1]
        return Subject(
            ids=tuple(Ii(root=i.root, extension=i.extension) for i in first),
            names=(PersonName(family=patient.family or None, given=patient.given or None),),
            gender=patient.gender or None,
            birth=f"{patient.birth:%Y%m%d}" if patient.birth else None,
            street=patient.street or None,
            city=patient.city or None,
            postal_code=patient.postal_code or None,
            country=patient.country or None,
            custodian_ids=(Ii(root=self._hcid, extension=None),),
        )

    # --- ITI-38

    def _listed(self, query: xds.DocumentQuery) -> QueryAnswer:
        wanted = [code.code for code in query.class_codes.values if code.code]
        kinds = tuple(k.kind for k in (codes.kind_of_class_code(code) for code in wanted) if k is not None)
        if not kinds:
            unknown = xds.RegistryError(
                code=codes.ERROR_GENERIC_SERVICE_SIGNIFIER_UNKNOWN, context="No known class code was asked for"
            )
            return QueryAnswer(status=codes.STATUS_FAILURE, errors=(unknown,))
        patient = self._identified(query.patient)
        if patient is not None and not self._store.consents(patient):
            return QueryAnswer(status=codes.STATUS_FAILURE, errors=(NO_CONSENT,))
        statuses = query.statuses or (codes.ENTRY_APPROVED,)
        held = self._store.listed(patient, kinds, statuses) if patient else ()
        if patient is None or not held:
            return no_documents(kinds)
        documents = [document for document, _ in held]
        return QueryAnswer(
            status=codes.STATUS_SUCCESS,
            entries=tuple(self._entry(document, patient, status) for document, status in held),
            associations=(*self._transformations(documents), *self._replacements(documents)),
        )

    def _entry(self, document: PopulationDocument, patient: Patient, status: str) -> DocumentEntry:
        kind = KINDS[document.kind]
        header = _header(document)
        created = header.effective_time if header and header.effective_time else f"{self._clock():%Y%m%d%H%M%S}"
        language = header.language if header and header.language else f"en-{self._ours.country}"
        cx = patient.ids[0].cx if patient.ids else None
        coded = Coded(code=kind.class_code, scheme=kind.class_scheme, display=kind.display)
        return DocumentEntry(
            id=_entry_id(document),
            lid=_entry_id(document),
            status=status,
            unique_id=document.unique_id,
            patient_id=cx,
            source_patient_id=cx,
            home=f"urn:oid:{self._hcid}",
            repository_id=self._hcid,
            creation_time=_dtm(created),
            language=language,
            size=str(len(document.content)),
            hash=hashlib.sha1(document.content, usedforsecurity=False).hexdigest(),
            title=document.title or kind.display,
            description=f"{document.title or kind.display}, level {document.level}",
            version="1.1",
            class_code=coded,
            type_code=coded,
            format_code=Coded(
                code=_format_code(kind.formats.get(document.level, ()), header),
                scheme=kind.format_scheme.get(document.level),
                display=f"{kind.display}, level {document.level}",
            ),
            confidentiality_codes=(
                Coded(code=(header.confidentiality if header else None) or "N", scheme=codes.HL7_CONFIDENTIALITY),
            ),
            facility_type_code=Coded(code=self._ours.country, scheme=codes.ISO_COUNTRIES, display=self._ours.country),
            practice_setting_code=Coded(
                code=codes.PRACTICE_SETTING_NOT_USED,
                scheme=codes.PRACTICE_SETTING_SCHEME,
                display=codes.PRACTICE_SETTING_NOT_USED,
            ),
            event_codes=self._dispensary.event_codes(document),
            authors=(Author(slots=(Slot(name="authorPerson", values=("Harness peer",)),)),),
        )

    def _transformations(self, documents: Sequence[PopulationDocument]) -> list[Association]:
        """Source the level 1 entry, target the level 3 entry of each pair. Source: protocol facts 5.5."""
        return [
            Association(
                type=codes.ASSOCIATION_XFRM,
                source=_entry_id(pdf),
                target=_entry_id(xml),
                id=f"urn:uuid:{self._ids.uuid()}",
            )
            for pdf in documents
            for xml in documents
            if pdf.pair and (pdf.pair, pdf.level, xml.level) == (xml.pair, 1, 3)
        ]

    def _replacements(self, documents: Sequence[PopulationDocument]) -> list[Association]:
        """Source the new version, target the one it replaces. Source: IHE ITI TF-3, 4.2.2.2."""
        return [
            Association(
                type=codes.ASSOCIATION_RPLC,
                source=_entry_id(new),
                target=_entry_id(old),
                id=f"urn:uuid:{self._ids.uuid()}",
            )
            for new in documents
            for old in documents
            if new.replaces and new.replaces == old.key
        ]

    # --- ITI-39

    def _fetched(self, request: xds.RetrieveRequest) -> RetrieveAnswer:
        found: list[RetrievedDocument] = []
        errors: list[xds.RegistryError] = []
        for wanted in request.documents:
            document = self._store.retrievable(wanted.id or "")
            if document is None or wanted.repository != self._hcid:
                errors.append(missing(wanted.id))
            elif not self._store.consents(self._population.patients[document.patient]):
                return RetrieveAnswer(status=codes.STATUS_FAILURE, errors=(NO_CONSENT,))
            else:
                found.append(
                    RetrievedDocument(
                        home=f"urn:oid:{self._hcid}",
                        repository=self._hcid,
                        id=document.unique_id,
                        mime_type="text/xml",
                        content=document.content,
                    )
                )
        status = codes.STATUS_SUCCESS if not errors else codes.STATUS_PARTIAL_SUCCESS if found else codes.STATUS_FAILURE
        return RetrieveAnswer(status=status, errors=tuple(errors), documents=tuple(found))

    # --- ITI-41

    def _stored(self, message: SoapMessage) -> xds.RegistryResponse:
        assert message.payload is not None, "asked for a message with a payload"
        parts = message.parts
        return self._dispensary.submit(
            xdr.parse_submission(message.payload, lambda node: mtom.resolve_xop(node, parts))
        )

    # --- common

    def _chosen_patient(self, arguments: Arguments) -> Patient | None:
        key = given.text(arguments, "patient")
        return given.chosen(self._population.patients, key, "patient", "patient") if key else None

    def _identified(self, identifier: PatientId | None) -> Patient | None:
        return next((p for p in self._population.patients.values() if identifier in p.ids), None)

    def _addressing(self, action: str, request: Addressing | None) -> Addressing:
        return Addressing(
            action=action,
            message_id=f"urn:uuid:{self._ids.uuid()}",
            to=soap.ANONYMOUS,
            relates_to=request.message_id if request else None,
            action_must_understand=True,
        )

    def _faulted(self, request: Addressing | None, why: str, code: str = "Sender", status: int = 400) -> PlannedAnswer:
        addressing = self._addressing(soap.FAULT_ACTION, request)
        return replace(_ok(soap.build_fault(code, why, addressing=addressing)), status=status)

    def _stated_fault(self, request: Addressing | None, stated: StatedFault) -> PlannedAnswer:
        """A SOAP fault with the HTTP status of its code. Source: SOAP 1.2 part 2, 7.5.2.2."""
        fault = soap.build_fault(
            stated.code,
            stated.reason,
            addressing=self._addressing(soap.FAULT_ACTION, request),
            subcode=stated.subcode,
            detail=stated.detail,
        )
        return replace(_ok(fault), status=400 if stated.code == "Sender" else 500)

    def _scene(self, request: Addressing | None) -> Scene:
        def fault(code: str, why: str) -> bytes:
            return soap.build_fault(code, why, addressing=self._addressing(soap.FAULT_ACTION, request))

        return Scene(population=self._population, slow_s=self._slow_s, soap_fault=fault)

    def _worsened(self, answer: PlannedAnswer, request: Addressing | None, faults: Sequence[Fault]) -> PlannedAnswer:
        scene = self._scene(request)
        for fault in faults:
            answer = fault.http(answer, scene) if fault.http else answer
        if self.character is None:
            return answer
        temperament = self.character.temperament
        return replace(
            answer,
            delay_s=answer.delay_s + temperament.delay_s,
            headers=(*answer.headers, *temperament.headers.items()),
        )


def _demanded(word: str) -> StatedFault:
    """The fault that refuses a request without what `word` demands. Source: WS-Security 1.1, 12."""
    subcode = ns.clark(ns.WSSE, "InvalidSecurity") if word in ("assertions", "lifetime", "signatures") else None
    return StatedFault(code="Sender", subcode=subcode, reason=f"Demanded here: {DEMANDS[word].en}", detail=None)


def _ok(body: bytes) -> PlannedAnswer:
    return PlannedAnswer(status=200, headers=(("Content-Type", soap.CONTENT_TYPE),), body=body)


def _fault(name: str, transaction: str) -> Fault:
    if name not in FAULTS:
        refuse("faults", "unknown fault", expected=tuple(FAULTS), found=name)
    if transaction not in FAULTS[name].transactions:
        refuse("faults", f"{name!r} is not for this transaction", expected=FAULTS[name].transactions, found=transaction)
    return FAULTS[name]


def _plain_reason(error: WireError) -> str:
    """Why a request cannot be read, without any of its content."""
    return f"The request cannot be read: {error.kind}"


def _matches(patient: Patient, query: DiscoveryQuery) -> bool:
    """Whether all that is asked for fits: one of the identifiers, and each of the traits given."""
    asked = {PatientId(root=i.root or "", extension=i.extension or "") for i in query.ids}
    if asked and not asked & set(patient.ids):
        return False
    traits = (
        (query.family, patient.family),
        (query.given, patient.given),
        (query.birth, f"{patient.birth:%Y%m%d}" if patient.birth else ""),
        (query.gender, patient.gender),
    )
    return all(not wanted or wanted.strip().casefold() == held.casefold() for wanted, held in traits)


def _format_code(known: Sequence[str], header: cda.CdaHeader | None) -> str | None:
    """The first of the format codes, or the one for the kind of picture that the document holds."""
    media = ((header.media_type if header else None) or "").rpartition("/")[2]
    return next((code for code in known if f":{media}:" in code), next(iter(known), None))


def _entry_id(document: PopulationDocument) -> str:
    # The same document keeps its entry id from answer to answer.
    return f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_OID, document.unique_id)}"


def _header(document: PopulationDocument) -> cda.CdaHeader | None:
    try:
        return cda.parse_header(document.content)
    except WireError:
        return None


def _dtm(hl7_time: str) -> str:
    """An HL7 time stamp as XDS writes it: in UTC, no fraction, no zone. Source: IHE ITI TF-3, 4.2.3.1.7 (DTM)."""
    found = re.match(r"(\d+)(?:\.\d+)?([+-]\d{4})?", hl7_time)
    if found is None:
        return ""
    digits, zone = found.groups()
    try:
        at = datetime.strptime(f"{digits}{zone or '+0000'}", "%Y%m%d%H%M%S%z")
    except ValueError:
        return str(digits)  # a day or a month only
    return f"{at.astimezone(UTC):%Y%m%d%H%M%S}"
