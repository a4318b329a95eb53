"""The simulated initiating gateway, NCPeH of country B: makes signed ITI-55, ITI-38, ITI-39 and ITI-41 requests.

It is also the application behind the gateway that asks a token service of country B for TRC and next-of-kin assertions.
"""

import ssl
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from harness.model import TRANSACTIONS, OurSide, Patient, PatientId, Practitioner, SutActor
from harness.peers import arguments as given
from harness.peers.arguments import Arguments, refuse
from harness.peers.client import OutgoingRequest
from harness.peers.clock import Clock, Ids
from harness.peers.draft import Draft, Query, Token, complete
from harness.peers.mutation import Mutation
from harness.peers.mutations import MUTATIONS
from harness.peers.pki import Pki
from harness.peers.submitting import Desk, submission
from harness.peers.tls import client_context
from harness.peers.tokens import next_of_kin, token_request
from harness.wire import codes, issuing, saml, smp, soap, wstrust, xcpd, xds
from harness.wire.codes import KINDS
from harness.wire.xcpd import Ii

DEFAULT_PRACTITIONER = "physician"
DEFAULT_KIND = "patient-summary"
CRITERIA = ("id", "traits", "both")
SETTLE_S = 0.5


@dataclass(slots=True)
class Session:
    """One row: a practitioner logs in once, and confirms treatment of a patient once; `dispensed` are our dispensations by id."""

    hcp: dict[str, saml.SamlAssertion] = field(default_factory=dict)
    trc: dict[tuple[str, ...], saml.SamlAssertion] = field(default_factory=dict)
    dispensed: dict[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class PreparedRequest:
    """A request ready to be sent: hand its parts to `Caller.exchange`. `altered` names the mutations applied."""

    transaction: str
    request: OutgoingRequest
    context: ssl.SSLContext
    client_certificate: bool
    altered: tuple[str, ...]
    message_id: str


class InitiatingGateway:
    """NCPeH-B as a peer. Source: IHE ITI TF-2, 3.38, 3.39, 3.40, 3.55; eHDSI SAML, XCPD and XCA profiles."""

    def __init__(
        self, pki: Pki, ours: OurSide, sut_anchors: bytes, clock: Clock, ids: Ids, *, sut_revocations: bytes = b""
    ) -> None:
        self._pki = pki
        self._ours = ours
        self._anchors = sut_anchors
        self._revocations = sut_revocations
        self._clock = clock
        self._ids = ids
        self._contexts: dict[tuple[str, str], ssl.SSLContext] = {}

    def new_session(self) -> Session:
        """A session in which nobody has logged in yet; make one for each row."""
        return Session()

    def prepare(
        self,
        transaction: str,
        arguments: Arguments,
        mutate: tuple[str, ...] = (),
        *,
        target: SutActor,
        patients: Mapping[str, Patient],
        practitioners: Mapping[str, Practitioner],
        session: Session,
    ) -> PreparedRequest:
        """The request that `arguments` describe (see `TRANSACTIONS[...].send_arguments`), altered by `mutate`.

        Raises:
            ScenarioError: an argument is missing or names nothing known, or a mutation is unknown or not for this
                transaction; says which.
        """
        if transaction not in TRANSACTIONS:
            refuse("transaction", "unknown transaction", expected=tuple(TRANSACTIONS), found=transaction)
        endpoint = TRANSACTIONS[transaction].endpoint
        url = target.endpoints.get(endpoint)
        if not url:
            refuse(f"actors.{target.actor}.endpoints.{endpoint}", "the SUT file gives no address for this transaction")
        mutations = tuple(_mutation(name, transaction) for name in mutate)
        if transaction == codes.SMP:
            return self._lookup(url, given.text(arguments, "service", codes.ITI_55) or codes.ITI_55, target.country)
        message_id = f"urn:uuid:{self._ids.uuid()}"
        query: Query
        confirmed: PatientId | None
        if transaction == codes.ITI_41:
            query, confirmed = self._submission(arguments, patients, practitioners, session)
        elif transaction in codes.TOKEN_SERVICE:
            query, confirmed = token_request(transaction, arguments, patients, _who(arguments, practitioners)), None
        else:
            query, confirmed = self._query(transaction, arguments, target, patients)
        hcp, trc = self._tokens(arguments, practitioners, session, confirmed)
        nok = self._next_of_kin(arguments, hcp.claims) if transaction in codes.CROSS_BORDER else None
        draft = Draft(
            pki=self._pki,
            query=query,
            addressing=soap.Addressing(
                action=codes.ACTIONS[transaction].request,
                message_id=message_id,
                to=url,
                reply_to=soap.ANONYMOUS,
                action_must_understand=True,
                to_must_understand=True,
            ),
            hcp=hcp,
            trc=trc,
            nok=nok,
            security_must_understand=transaction in codes.TOKEN_SERVICE,
            boundary=f"MIMEBoundary_{message_id.rpartition(':')[2]}",
        )
        draft = complete(draft, (mutation.alteration for mutation in mutations))
        return PreparedRequest(
            transaction=transaction,
            request=OutgoingRequest(
                url=f"{url}?{draft.query_string}" if draft.query_string else url,
                headers=draft.headers,
                body=draft.body,
                chunked=draft.chunked,
                method=draft.method,
                settle_s=SETTLE_S if draft.certificate != "ours" else 0.0,
            ),
            context=self._context(draft.certificate, draft.tls),
            client_certificate=draft.certificate != "none",
            altered=mutate,
            message_id=message_id,
        )

    def _lookup(self, root: str, service: str, country: str) -> PreparedRequest:
        """A lookup of the metadata of one service, or of the list of all, of the SUT's country at its publisher."""
        if service != "all" and service not in smp.SERVICES:
            refuse("service", "unknown service", expected=("all", *smp.SERVICES), found=service)
        who = smp.participant_of(country)
        path = smp.group_path(who) if service == "all" else smp.service_path(who, smp.document_of(service))
        request = OutgoingRequest(
            url=root.rstrip("/") + path, headers=(("Accept", smp.MEDIA_TYPE),), body=b"", method="GET"
        )
        return PreparedRequest(
            transaction=codes.SMP,
            request=request,
            context=self._context("ours", "modern"),
            client_certificate=True,
            altered=(),
            message_id="",
        )

    def _context(self, certificate: str, speaking: str) -> ssl.SSLContext:
        known = self._contexts.get((certificate, speaking))
        if known is None:
            known = client_context(
                self._pki.shown(certificate), self._anchors, speaking=speaking, revocations=self._revocations
            )
            self._contexts[certificate, speaking] = known
        return known

    def _tokens(
        self,
        arguments: Arguments,
        practitioners: Mapping[str, Practitioner],
        session: Session,
        confirmed: PatientId | None,
    ) -> tuple[Token, Token | None]:
        practitioner = _who(arguments, practitioners)
        key = practitioner.key
        if key not in session.hcp:
            session.hcp[key] = saml.new_hcp_assertion(
                practitioner,
                id=self._assertion_id(),
                country=self._ours.country,
                home_community=self._ours.home_community,
                at=self._clock(),
            )
        hcp = session.hcp[key]
        if confirmed is None:
            return Token(claims=hcp, signer=self._pki.seal), None
        wanted = wstrust.TrcParameters(
            purpose_of_use=practitioner.purpose_of_use,
            patient_id=confirmed.cx,
            dispensation_pin=given.text(arguments, "access_code"),
            prescription_id=given.text(arguments, "prescription_id"),
        )
        same = (key, confirmed.cx, wanted.dispensation_pin or "", wanted.prescription_id or "")
        if same not in session.trc:
            session.trc[same] = self._issued(wanted, hcp)
        return Token(claims=hcp, signer=self._pki.seal), Token(claims=session.trc[same], signer=self._pki.seal)

    def _next_of_kin(self, arguments: Arguments, hcp: saml.SamlAssertion) -> Token | None:
        stated = hcp.attribute(saml.PURPOSE_OF_USE)
        wanted = next_of_kin(arguments, stated.text if stated is not None else "")
        return Token(claims=self._issued(wanted, hcp), signer=self._pki.seal) if wanted is not None else None

    def _issued(self, wanted: wstrust.Parameters, hcp: saml.SamlAssertion) -> saml.SamlAssertion:
        return issuing.new_assertion(wanted, hcp, id=self._assertion_id(), country=self._ours.country, at=self._clock())

    def _assertion_id(self) -> str:
        return f"_{self._ids.uuid()}"

    def _query(
        self, transaction: str, arguments: Arguments, target: SutActor, patients: Mapping[str, Patient]
    ) -> tuple[Query, PatientId | None]:
        """The query, and the patient a TRC assertion has to name (None where there is none)."""
        if transaction == codes.ITI_55:
            return self._discovery(arguments, target, patients), None
        patient = given.patient_id(arguments, "patient_id") or _first_id(arguments, patients)
        if transaction == codes.ITI_39:
            return xds.RetrieveRequest(documents=given.documents(arguments, "documents")), patient
        kinds = given.texts(arguments, "kind", DEFAULT_KIND)
        class_codes = [given.chosen(KINDS, kind, "kind", "document kind").class_code for kind in kinds]
        query = xds.find_documents(patient.cx, class_codes, extra=tuple(_filters(arguments)))
        return query, given.patient_id(arguments, "trc_patient_id") or patient

    def _submission(
        self,
        arguments: Arguments,
        patients: Mapping[str, Patient],
        practitioners: Mapping[str, Practitioner],
        session: Session,
    ) -> tuple[Query, PatientId]:
        patient = _patient(arguments, patients)
        identifier = given.patient_id(arguments, "patient_id") or _first_id(arguments, patients)
        desk = Desk(ours=self._ours, at=self._clock(), ids=self._ids, dispensed=session.dispensed)
        query = submission(
            arguments,
            desk,
            patient=patient,
            patient_id=identifier,
            practitioner=_who(arguments, practitioners),
        )
        return query, given.patient_id(arguments, "trc_patient_id") or identifier

    def _discovery(
        self, arguments: Arguments, target: SutActor, patients: Mapping[str, Patient]
    ) -> xcpd.DiscoveryQuery:
        by = given.text(arguments, "by", "both")
        if by not in CRITERIA:
            refuse("with.by", "unknown choice of criteria", expected=CRITERIA, found=by)
        query = xcpd.DiscoveryQuery(
            message_id=Ii(root=self._ids.uuid(), extension=self._ids.digits(10)),
            creation_time=xcpd.hl7_time(self._clock()),
            sender=xcpd.device(self._ours.home_community),
            receivers=(xcpd.device(given.text(arguments, "receiver", target.home_community) or ""),),
            query_id=Ii(root=self._ids.uuid(), extension=self._ids.digits(10)),
        )
        override = given.mapping(arguments, "traits")
        if arguments.get("patient") is None and not override:
            refuse("with.patient", "nobody to look for", expected=("the key of a patient",))
        if arguments.get("patient") is not None:
            query = _with_criteria(query, _patient(arguments, patients), by)
        return _overridden(query, override)


def _filters(arguments: Arguments) -> Iterator[xds.Slot]:
    """The filter slots of a query for original clinical documents. Source: eHDSI XCA Profile, OrCD filters."""
    for argument, slot in (
        ("maximum_size", xds.SLOT_MAXIMUM_SIZE),
        ("created_before", xds.SLOT_CREATED_BEFORE),
        ("created_after", xds.SLOT_CREATED_AFTER),
    ):
        value = given.text(arguments, argument)
        if value is not None:
            yield xds.Slot(name=slot, values=(value,))


def _mutation(name: str, transaction: str) -> Mutation:
    if name not in MUTATIONS:
        refuse("mutate", "unknown mutation", expected=tuple(MUTATIONS), found=name)
    mutation = MUTATIONS[name]
    if transaction not in mutation.transactions:
        refuse("mutate", f"{name!r} is not for this transaction", expected=mutation.transactions, found=transaction)
    return mutation


def _who(arguments: Arguments, practitioners: Mapping[str, Practitioner]) -> Practitioner:
    key = given.text(arguments, "practitioner", DEFAULT_PRACTITIONER) or DEFAULT_PRACTITIONER
    return given.chosen(practitioners, key, "practitioner", "practitioner")


def _patient(arguments: Arguments, patients: Mapping[str, Patient]) -> Patient:
    key = given.text(arguments, "patient")
    if not key:
        refuse("with.patient", "no patient is named", expected=("the key of a patient",))
    return given.chosen(patients, key, "patient", "patient")


def _first_id(arguments: Arguments, patients: Mapping[str, Patient]) -> PatientId:
    patient = _patient(arguments, patients)
    if not patient.ids:
        refuse("with.patient", f"patient {patient.key!r} has no identifier")
    return patient.ids[0]


def _with_criteria(query: xcpd.DiscoveryQuery, patient: Patient, by: str) -> xcpd.DiscoveryQuery:
    if by in ("id", "both"):
        query = replace(query, ids=tuple(Ii(root=i.root, extension=i.extension) for i in patient.ids))
    if by in ("traits", "both"):
        query = replace(
            query,
            family=patient.family or None,
            given=patient.given or None,
            birth=f"{patient.birth:%Y%m%d}" if patient.birth else None,
            gender=patient.gender or None,
        )
    return query


def _overridden(query: xcpd.DiscoveryQuery, override: Arguments) -> xcpd.DiscoveryQuery:
    known = ("family", "given", "birth", "gender", "root", "extension")
    for name in override:
        if name not in known:
            refuse("with.traits", "unknown search criterion", expected=known, found=name)
    if "root" in override or "extension" in override:
        first = query.ids[0] if query.ids else Ii(root=None, extension=None)
        root, extension = given.text(override, "root", first.root), given.text(override, "extension", first.extension)
        query = replace(query, ids=(Ii(root=root, extension=extension), *query.ids[1:]))
    birth = given.text(override, "birth")
    return replace(
        query,
        family=given.text(override, "family", query.family),
        given=given.text(override, "given", query.given),
        birth=birth.replace("-", "") if birth else query.birth,
        gender=given.text(override, "gender", query.gender),
    )
