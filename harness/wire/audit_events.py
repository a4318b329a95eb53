"""The 17 audit events of MyHealth@EU: codes, actions by side and obligatory rows, as one table.

Side A is the country of affiliation (responds), side B the country of treatment (asks).
Source: eHDSI Audit Trail Profiles 2.1.0, event tables; OpenNCP EventType and its message builders.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from harness.wire import codes
from harness.wire.atna import AuditMessage, Coded

IHE_TRANSACTIONS = "IHE Transactions"
DCM = "DCM"
QUERY, EXPORT, IMPORT = "110112", "110106", "110107"
"""Codes of EventID. Source: DICOM PS3.16, CID 400."""
EVENT_ID_NAMES: Mapping[str, str] = {QUERY: "Query", EXPORT: "Export", IMPORT: "Import", "SMP": "SMP"}

POINT_OF_CARE, HUMAN, CONSUMER, PROVIDER = "PointOfCare", "HumanRequestor", "ServiceConsumer", "ServiceProvider"
_GATEWAYS = (CONSUMER, PROVIDER)
_ALL_ROWS = (POINT_OF_CARE, HUMAN, *_GATEWAYS)


@dataclass(frozen=True, slots=True, kw_only=True)
class EventSpec:
    """One event. `actions` and `event_ids` map a side (A, B) to the code; `sides` say who logs it.

    `rows` are the active participants it must have, `patient` whether it names a patient, `query` whether its request row
    holds the query or names the message. `transaction` is the IHE id of an exchange it belongs to, empty when none.
    """

    id: str
    code: str
    name: str
    ihe_name: str
    sides: tuple[str, ...]
    actions: Mapping[str, tuple[str, ...]]
    event_ids: Mapping[str, str]
    rows: tuple[str, ...] = _ALL_ROWS
    patient: bool = True
    query: bool = False
    transaction: str = ""
    kinds: tuple[str, ...] = field(default=())
    older: tuple[str, ...] = ()

    @property
    def type_code(self) -> Coded:
        """EventTypeCode as OpenNCP writes it."""
        return Coded(code=self.code, system_name=IHE_TRANSACTIONS, display=self.name, original_text=self.ihe_name)


_ORCD = ("orcd-laboratory", "orcd-discharge", "orcd-imaging-report", "orcd-image")


def _list(number: str, service: str, *kinds: str) -> EventSpec:
    return EventSpec(
        id=f"EHDSI-{number}",
        code=codes.ITI_38,
        name=f"{service}::List",
        ihe_name="XCA::CrossGatewayQuery",
        sides=("A", "B"),
        actions={"A": ("E",), "B": ("E",)},
        event_ids={"A": QUERY, "B": QUERY},
        query=True,
        transaction=codes.ITI_38,
        kinds=kinds,
        older=(f"epsos-{number}",),
    )


def _retrieve(number: str, service: str, *kinds: str) -> EventSpec:
    return EventSpec(
        id=f"EHDSI-{number}",
        code=codes.ITI_39,
        name=f"{service}::Retrieve",
        ihe_name="XCA::CrossGatewayRetrieve",
        sides=("A", "B"),
        actions={"A": ("R",), "B": ("C",)},
        event_ids={"A": EXPORT, "B": IMPORT},
        query=True,
        transaction=codes.ITI_39,
        kinds=kinds,
        older=(f"epsos-{number}",),
    )


def _provide(id: str, name: str, kind: str) -> EventSpec:
    return EventSpec(
        id=id,
        code=codes.ITI_41,
        name=name,
        ihe_name="XDR::ProvideandRegisterDocumentSet-b",
        sides=("A", "B"),
        actions={"A": ("C",), "B": ("R",)},
        event_ids={"A": IMPORT, "B": EXPORT},
        transaction=codes.ITI_41,
        kinds=(kind,),
        older=(id.replace("EHDSI", "epsos"),),
    )


def _own(
    id: str,
    name: str,
    ihe_name: str = "",
    *,
    sides: tuple[str, ...] = ("B",),
    rows: tuple[str, ...] = _ALL_ROWS,
    code: str = "",
    event_id: str = QUERY,
    actions: tuple[str, ...] = ("E",),
    patient: bool = False,
) -> EventSpec:
    return EventSpec(
        id=id,
        code=code or id,
        name=name,
        ihe_name=ihe_name or name,
        sides=sides,
        actions=dict.fromkeys(("A", "B"), actions),
        event_ids=dict.fromkeys(("A", "B"), event_id),
        rows=rows,
        patient=patient,
        older=(id.replace("EHDSI", "epsos").lower(),),
    )


EVENTS: Mapping[str, EventSpec] = {
    e.id: e
    for e in (
        EventSpec(
            id="EHDSI-11",
            code=codes.ITI_55,
            name="IdentityService::FindIdentityByTraits",
            ihe_name="XCPD::CrossGatewayPatientDiscovery",
            sides=("A", "B"),
            actions={"A": ("E",), "B": ("E",)},
            event_ids={"A": QUERY, "B": QUERY},
            query=True,
            transaction=codes.ITI_55,
            older=("epsos-11", "epsos-1"),
        ),
        _list("21", "PatientService", "patient-summary"),
        _retrieve("22", "PatientService", "patient-summary"),
        _list("31", "OrderService", "eprescription"),
        _retrieve("32", "OrderService", "eprescription"),
        _provide("EHDSI-41", "DispensationService::Initialize", "edispensation"),
        _provide("EHDSI-42", "DispensationService::Discard", "edispensation-discard"),
        _list("61", "OrCDService", *_ORCD),
        _retrieve("62", "OrCDService", *_ORCD),
        _own("EHDSI-91", "identityProvider::HPAuthentication", "XUA::ProvideX-UserAssertion", code="ITI-40"),
        _own("EHDSI-92", "ncp::TrcAssertion", patient=True),
        _own("EHDSI-96", "ncp::NokAssertion"),
        _own("EHDSI-93", "ncpConfigurationManager::ImportNSL", sides=("A", "B"), rows=_GATEWAYS),
        _own("EHDSI-94", "ncpTransformationMgr::Translate", sides=("A", "B"), rows=()),
        _own("EHDSI-193", "SMP::Query", rows=_GATEWAYS, event_id="SMP"),
        _own("EHDSI-194", "SMP::Push", sides=("A", "B"), rows=_GATEWAYS, event_id="SMP"),
        _own(
            "EHDSI-CF",
            "CommunicationFailure",
            "epsosCommunicationFailure",
            sides=("A", "B"),
            rows=(HUMAN, *_GATEWAYS),
            actions=("E", "R"),
            patient=True,
        ),
    )
}
"""Every event by its eHDSI id."""

CONSENT_EVENTS: Mapping[str, EventSpec] = {
    e.id: e
    for e in (
        _provide("epsos-51", "ConsentService::Put", "consent"),
        _provide("epsos-52", "ConsentService::Discard", "consent"),
    )
}
"""What a submission of consent is logged as. eHDSI gave these events of epSOS no number of its own, their names are still known.

Source: OpenNCP TransactionName (ConsentService::Put, ConsentService::Discard); epSOS audit events 51 and 52.
"""
ALL_EVENTS: Mapping[str, EventSpec] = {**EVENTS, **CONSENT_EVENTS}
"""Every event that a record may be about, by its id."""


def event_of(message: AuditMessage) -> EventSpec | None:
    """The event that a record says it is: by code and display name of EventTypeCode, as a collector tells them apart.

    Where several events share a code and the name is none of theirs, None.
    """
    for coded in message.types:
        named = [e for e in ALL_EVENTS.values() if coded.code == e.code and coded.display == e.name]
        own = [e for e in ALL_EVENTS.values() if coded.code == e.code and not e.transaction]
        single = [e for e in ALL_EVENTS.values() if coded.code == e.code] if coded.code == codes.ITI_55 else []
        older = [e for e in ALL_EVENTS.values() if coded.code in (e.id, *e.older)]
        for found in (named, own, single, older):
            if found:
                return found[0]
    return None


def transactions_of(message: AuditMessage) -> frozenset[str]:
    """IHE ids of the exchanges that the codes of EventTypeCode speak of."""
    known = {e.code: e.transaction for e in ALL_EVENTS.values() if e.transaction}
    byname = {e.name: e.transaction for e in ALL_EVENTS.values() if e.transaction}
    found = {known.get(c.code or "") or byname.get(c.display or "") for c in message.types}
    named = event_of(message)
    return frozenset(t for t in (*found, named.transaction if named else "") if t)


def events_for(transaction: str, kinds: tuple[str, ...] = ()) -> tuple[EventSpec, ...]:
    """The events that an exchange of `transaction` about documents of `kinds` may be logged as."""
    of_it = tuple(e for e in ALL_EVENTS.values() if e.transaction == transaction)
    fitting = tuple(e for e in of_it if not e.kinds or set(e.kinds) & set(kinds))
    return fitting if kinds and fitting else of_it
