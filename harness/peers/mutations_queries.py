"""Alterations of what is asked: patient discovery (ITI-55), document query (ITI-38) and retrieve (ITI-39)."""

from collections.abc import Callable
from dataclasses import replace

from harness.peers.draft import Stage
from harness.peers.mutation import Q38, Q39, Q55, Change, Mutation, discovery, listing, one, requests
from harness.wire import codes, xcpd, xds
from harness.wire.xcpd import DiscoveryQuery, Ii

UNKNOWN_COMMUNITY = "2.999.404"
UNKNOWN_CLASS_CODE = "00000-0"
UNKNOWN_QUERY = "urn:uuid:00000000-0000-4000-8000-000000000404"
DEFERRED_ADDRESS = "https://deferred.invalid/"
_OTHER_KIND = codes.KINDS["eprescription"].class_code


def _deferred(query: DiscoveryQuery) -> DiscoveryQuery:
    return replace(query, response_priority_codes=("D",), respond_to=DEFERRED_ADDRESS)


def _other_community(query: DiscoveryQuery) -> DiscoveryQuery:
    return replace(query, receivers=(xcpd.device(UNKNOWN_COMMUNITY),))


def _without_extension(query: DiscoveryQuery) -> DiscoveryQuery:
    return replace(query, ids=tuple(replace(i, extension=None) for i in query.ids))


def _dashed(query: DiscoveryQuery) -> DiscoveryQuery:
    birth = query.birth or ""
    return replace(query, birth=f"{birth[:4]}-{birth[4:6]}-{birth[6:8]}")


def _other_interaction(query: DiscoveryQuery) -> DiscoveryQuery:
    return replace(query, interaction_id=Ii(root=codes.HL7_INTERACTIONS, extension=codes.INTERACTION_ANSWER))


def _slots(change: Callable[[xds.Slot], xds.Slot | None]) -> Change:
    def changed(query: xds.DocumentQuery) -> xds.DocumentQuery:
        kept = (change(slot) for slot in query.slots)
        return replace(query, slots=tuple(s for s in kept if s is not None))

    return listing(changed)


def _without(name: str) -> Change:
    return _slots(lambda slot: None if slot.name == name else slot)


def _with(name: str, change: Callable[[tuple[str, ...]], tuple[str, ...]]) -> Change:
    return _slots(lambda slot: replace(slot, values=change(slot.values)) if slot.name == name else slot)


def _class_codes(*class_codes: str) -> tuple[str, ...]:
    return (xds.stored_query_list(tuple(f"{code}^^{codes.LOINC}" for code in class_codes)),)


def _one_more_kind(values: tuple[str, ...]) -> tuple[str, ...]:
    """Both a patient summary and prescriptions are asked for, whichever of them was."""
    return _class_codes(codes.KINDS["patient-summary"].class_code, _OTHER_KIND)


def _unquoted(values: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(v for raw in values for v in xds.stored_query_values(raw))


def _of_other_patient(values: tuple[str, ...]) -> tuple[str, ...]:
    """Another patient than the TRC assertion speaks of."""
    return tuple(f"'{v.replace('^', '9^', 1)}'" for v in _unquoted(values))


def table() -> tuple[Mutation, ...]:
    """The alterations of this family."""
    query = Stage.QUERY
    return (
        one("xcpd.receiver.other-community", Q55, query, discovery(_other_community)),
        one("xcpd.query.no-identifier", Q55, query, discovery(lambda q: replace(q, ids=()))),
        one("xcpd.query.no-status-code", Q55, query, discovery(lambda q: replace(q, query_status_code=None))),
        one("xcpd.query.other-interaction", Q55, query, discovery(_other_interaction)),
        one("xcpd.query.no-acknowledgement", Q55, query, discovery(lambda q: replace(q, accept_ack_code="NE"))),
        one("xcpd.identifier.no-extension", Q55, query, discovery(_without_extension)),
        one("xcpd.birth-time.dashed", Q55, query, discovery(_dashed)),
        one("xcpd.priority.deferred", Q55, query, discovery(_deferred)),
        one("xcpd.processing-mode.wrong", Q55, query, discovery(lambda q: replace(q, processing_mode_code="A"))),
        one("xcaq.patient-id.missing", Q38, query, _without(xds.SLOT_PATIENT_ID)),
        one("xcaq.patient-id.unquoted", Q38, query, _with(xds.SLOT_PATIENT_ID, _unquoted)),
        one("xcaq.patient-id.other", Q38, query, _with(xds.SLOT_PATIENT_ID, _of_other_patient)),
        one("xcaq.status.missing", Q38, query, _without(xds.SLOT_STATUS)),
        one("xcaq.class-code.missing", Q38, query, _without(xds.SLOT_CLASS_CODE)),
        one(
            "xcaq.class-code.unknown",
            Q38,
            query,
            _with(xds.SLOT_CLASS_CODE, lambda _: _class_codes(UNKNOWN_CLASS_CODE)),
        ),
        one("xcaq.class-code.two-kinds", Q38, query, _with(xds.SLOT_CLASS_CODE, _one_more_kind)),
        one("xcaq.return-type.references", Q38, query, listing(lambda q: replace(q, return_type="ObjectRef"))),
        one("xcaq.query-id.unknown", Q38, query, listing(lambda q: replace(q, query_id=UNKNOWN_QUERY))),
        one("xcar.document-id.unknown", Q39, query, requests(lambda r: replace(r, id=f"{r.id}9"))),
        one("xcar.repository-id.unknown", Q39, query, requests(lambda r: replace(r, repository=UNKNOWN_COMMUNITY))),
        one("xcar.home.missing", Q39, query, requests(lambda r: replace(r, home=None))),
        one("xcar.home.other", Q39, query, requests(lambda r: replace(r, home=f"urn:oid:{UNKNOWN_COMMUNITY}"))),
    )
