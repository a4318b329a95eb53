"""ITI-38 and ITI-39 at country A: which documents there are, and handing them out.

Source: IHE ITI TF-2, 3.38 and 3.39; eHDSI XCA Profile.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from lxml import etree

from harness.model import Patient
from harness.reference import _facts, _registry
from harness.reference._holdings import Held, Holdings
from harness.reference._refusing import as_registry_error
from harness.reference._registry import RegistryError
from harness.reference._security import Caller, Denial, Surroundings, judge
from harness.reference._store import Event, Store
from harness.reference.config import ReferenceConfig
from harness.wire import soap, xds


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """The body of a retrieval's answer; `attachments` are (content id, media type, bytes), `packaged` calls for MTOM."""

    body: bytes
    attachments: tuple[tuple[str, str, bytes], ...] = ()
    packaged: bool = False


class DocumentService:
    """Lists and hands out the documents that the country holds."""

    def __init__(self, config: ReferenceConfig, holdings: Holdings, store: Store) -> None:
        self._config = config
        self._holdings = holdings
        self._store = store
        self._faults = config.faults

    def listing(self, message: soap.SoapMessage, payload: etree._Element, around: Surroundings) -> bytes:
        """The body that answers the stored query in `payload`.

        Raises:
            WireError: the payload cannot be read.
            SoapFaulted: a fault is the answer.
        """
        query = xds.parse_query(payload)
        cxs = query.values("$XDSDocumentEntryPatientId")
        asked = xds.parse_cx(cxs[0]) if len(cxs) == 1 else None
        caller = judge(message, around, trc=True)
        if isinstance(caller, Denial):
            return self._refused(
                as_registry_error(caller), self._holdings.patient(asked.root, asked.extension) if asked else None
            )
        error = self._query_error(query)
        if error:
            return self._listed(_facts.FAILURE, (error,), (), "")
        own = caller.patient() if caller.trc else asked
        if asked is None and "xcaq.patient-slot.ignored" in self._faults:
            asked = own
        if asked is None:
            error = RegistryError(code="XDSStoredQueryMissingParam", context="the patient id is not in CX form")
            return self._listed(_facts.FAILURE, (error,), (), "")
        patient = self._holdings.patient(asked.root, asked.extension)
        kinds, unserved = self._kinds(query)
        if unserved:
            code = "ERROR_GENERIC_SERVICE_SIGNIFIER_UNKNOWN"
            error = RegistryError(code=code, context="the class code is missing or not served")
            return self._listed(_facts.FAILURE, (error,), (), "")
        if asked != own and "trc.patient.ignored" not in self._faults:
            context = "the patient of the query is not the one of the TRC assertion"
            return self._refused(RegistryError(code=kinds[0].generic_code, context=context), patient)
        if not all(caller.may(k.permissions, self._faults) for k in kinds):
            return self._refused(RegistryError(code="4703", context="a permission is missing"), patient)
        if patient is not None and not self._store.agrees(patient) and "consent.ignored" not in self._faults:
            return self._refused(_no_consent(patient), patient)
        codes = {k.class_code for k in kinds}
        held = self._holdings.of(patient) if patient else ()
        everything = "xcaq.class-code.ignored" in self._faults
        statuses = (*query.values("$XDSDocumentEntryStatus"), _facts.APPROVED)
        old = "xcaq.old-version.listed" in self._faults
        visible = tuple(d for d in held if d.listed_as in statuses or (old and d.status == "deprecated"))
        documents = tuple(d for d in visible if d.kind and (everything or d.class_code in codes))
        if "xcaq.filters.ignored" not in self._faults:
            documents = tuple(d for d in documents if _passes(d, query))
        documents = self._cut_short(documents)
        if not documents:
            return self._none(kinds[0])
        return self._listed(_facts.SUCCESS, (), documents, asked.cx)

    def _query_error(self, query: xds.DocumentQuery) -> RegistryError | None:
        """What the stored query lacks. Source: IHE ITI TF-2, 3.18.4.1.2.3.7.1."""
        faults = self._faults
        if query.query_id != _facts.FIND_DOCUMENTS and "xcaq.query-id.ignored" not in faults:
            return RegistryError(code="XDSUnknownStoredQuery", context="only FindDocuments is served")
        if not query.values("$XDSDocumentEntryPatientId") and "xcaq.patient-slot.ignored" not in faults:
            return RegistryError(code="XDSStoredQueryMissingParam", context="the patient id is missing")
        statuses = query.values("$XDSDocumentEntryStatus")
        if _facts.APPROVED not in statuses and "xcaq.status-slot.ignored" not in faults:
            return RegistryError(code="XDSStoredQueryMissingParam", context="the status is missing or not served")
        return None

    def _kinds(self, query: xds.DocumentQuery) -> tuple[tuple[_facts.Kind, ...], bool]:
        """The kinds asked for, and whether one of them is not served or none is named."""
        if "xcaq.class-code.ignored" in self._faults:
            return (_facts.KINDS["patient-summary"],), False
        codes = [c.code for c in query.class_codes.values]
        kinds = [_facts.kind_of_code(code or "") for code in codes]
        known = tuple(k for k in kinds if k is not None)
        return known, not codes or len(known) < len(codes)

    def _none(self, kind: _facts.Kind) -> bytes:
        if "xcaq.no-document.silent" in self._faults:
            return self._listed(_facts.SUCCESS, (), (), "")
        status = _facts.FAILURE if kind.none_fails else _facts.SUCCESS
        severity = _facts.ERROR if kind.none_fails else _facts.WARNING
        error = RegistryError(code=kind.none_code, context=f"no {kind.display} is available", severity=severity)
        return self._listed(status, (error,), (), "")

    def _refused(self, error: RegistryError, patient: Patient | None) -> bytes:
        documents: tuple[Held, ...] = ()
        if patient is not None and "xcaq.refusal-with-documents" in self._faults:
            documents = tuple(d for d in self._holdings.of(patient) if d.kind)
        return self._listed(_facts.FAILURE, (error,), documents, patient.ids[0].cx if patient else "")

    def _listed(self, status: str, errors: Sequence[RegistryError], documents: Sequence[Held], cx: str) -> bytes:
        listed = _registry.Listed(
            home=self._config.home_community,
            repository=self._config.repository,
            country=self._config.country,
            patient_cx=cx,
            events=self._events,
        )
        body = _registry.query_answer(status, errors, documents, listed, self._faults)
        return body.encode()

    def _events(self, held: Held) -> tuple[Event, ...]:
        """The event codes of an entry: state and product of a prescription, nothing for other documents."""
        prescription = self._store.behind(held)
        if prescription is None:
            return ()
        code = _facts.EVENT_OPEN if self._store.is_open(prescription) else _facts.EVENT_CLOSED
        state = () if "xcaq.event-state.missing" in self._faults else (_state(code),)
        return (*state, *(() if "xcaq.event-product.missing" in self._faults else prescription.events))

    def _cut_short(self, documents: tuple[Held, ...]) -> tuple[Held, ...]:
        """`documents`, or what a declared fault leaves of them."""
        if "xcaq.listing.first-only" in self._faults:
            documents = tuple(d for d in documents if d.kind != "eprescription" or d.pair == documents[0].pair)
        return documents[:10] if "xcaq.listing.ten-entries" in self._faults else documents

    def retrieval(self, message: soap.SoapMessage, payload: etree._Element, around: Surroundings) -> Delivery:
        """The body that answers the retrieval in `payload`, with the documents it refers to.

        Raises:
            WireError: the payload cannot be read.
            SoapFaulted: a fault is the answer.
        """
        asked = xds.parse_retrieve_request(payload).documents
        if "xcar.first-only" in self._faults:
            asked = asked[:1]
        if "xcar.four-documents" in self._faults:
            asked = asked[:4]
        if "xcar.lookup.before-assertions" in self._faults and not self._any_known(asked):
            return self._delivered(tuple(_unknown() for _ in asked), ())
        caller = judge(message, around, trc=True)
        if isinstance(caller, Denial):
            return self._delivered((as_registry_error(caller),), ())
        if not any(caller.may(k.permissions, self._faults) for k in _facts.KINDS.values()):
            return self._delivered((RegistryError(code="4703", context="a permission is missing"),), ())
        own = caller.patient()
        patient = self._holdings.patient(own.root, own.extension) if own else None
        if patient is not None and not self._store.agrees(patient) and "consent.ignored" not in self._faults:
            error = _no_consent(patient)
            return self._delivered((error,), ())
        if not asked:
            error = RegistryError(code="XDSRepositoryError", context="no document is asked for")
            return self._delivered((error,), ())
        results = [self._fetched(one, patient, caller) for one in asked]
        errors = tuple(r for r in results if isinstance(r, RegistryError))
        found = tuple((one, r) for one, r in zip(asked, results, strict=True) if isinstance(r, Held))
        return self._delivered(errors, found)

    def _any_known(self, asked: Sequence[xds.DocumentRequest]) -> bool:
        known = {d.unique_id for d in self._holdings.documents}
        return any(one.id in known for one in asked)

    def _fetched(self, asked: xds.DocumentRequest, patient: Patient | None, caller: Caller) -> Held | RegistryError:
        faults = self._faults
        if asked.home and asked.home != self._config.home_community:
            return RegistryError(code="XDSUnknownCommunity", context="another community is addressed")
        if asked.repository != self._config.repository and "xcar.repository.ignored" not in faults:
            return RegistryError(code="ERROR_GENERIC_DOCUMENT_MISSING", context="the repository is not known")
        held = self._holdings.documents
        anyones = "xcar.other-patient.served" in faults or caller.trc is None
        mine = held if anyones else tuple(d for d in held if patient is not None and d.patient == patient.key)
        found = next((d for d in mine if d.unique_id == asked.id and d.retrievable), None)
        if found is None and "xcar.unknown-document.success" in faults and not self._any_known((asked,)):
            found = next(iter(mine), None)
        if found is None:
            return _unknown()
        kind = _facts.KINDS.get(found.kind or "")
        needed = kind.permissions if kind else _facts.OTHER_RIGHTS
        if not caller.may(needed, faults):
            return RegistryError(code="4703", context="a permission is missing")
        if "xcar.document.other" in faults:
            return next((d for d in mine if d.unique_id != found.unique_id and d.patient == found.patient), found)
        return found

    def _delivered(
        self,
        errors: Sequence[RegistryError],
        found: Sequence[tuple[xds.DocumentRequest, Held]],
    ) -> Delivery:
        status = _facts.SUCCESS if not errors else _facts.PARTIAL if found else _facts.FAILURE
        retrieved = [
            _registry.Retrieved(
                home=self._config.home_community,
                repository=asked.repository or self._config.repository,
                unique_id=asked.id or "",
                content_id=f"document-{index}.{uuid.uuid4()}@ncpeh.example",
            )
            for index, (asked, _) in enumerate(found, start=1)
        ]
        body = _registry.retrieve_answer(status, errors, retrieved, self._faults).encode()
        if not found:
            return Delivery(body=body)
        attachments = tuple(
            (one.content_id, "text/xml; charset=UTF-8", held.content)
            for one, (_, held) in zip(retrieved, found, strict=True)
        )
        missing = "xcar.attachment.missing" in self._faults
        return Delivery(body=body, attachments=() if missing else attachments, packaged=True)


def _state(code: str) -> Event:
    return Event(scheme=_facts.XDW_EVENTS, code=code, name=code.rpartition(":")[2])


def _passes(held: Held, query: xds.DocumentQuery) -> bool:
    """Whether the document keeps to the filters of the query. Source: eHDSI XCA Profile, filters of original documents."""

    def asked(name: str) -> str:
        return next(iter(query.values(f"$XDSDocumentEntryFilter{name}")), "")

    largest = asked("MaximumSize")
    if largest.isdigit() and len(held.content) > int(largest):
        return False
    created = datetime.strptime(held.created, "%Y%m%d%H%M%S").replace(tzinfo=UTC)
    before, after = _instant(asked("CreatedBefore")), _instant(asked("CreatedAfter"))
    return (before is None or created <= before) and (after is None or created >= after)


def _instant(value: str) -> datetime | None:
    try:
        read = datetime.fromisoformat(value)
    except ValueError:
        return None
    return read if read.tzinfo else read.replace(tzinfo=UTC)


def _no_consent(patient: Patient) -> RegistryError:
    context = "the patient has been asked for consent" if patient.consent_awaited else "the patient has not consented"
    return RegistryError(code="4701", context=context)


def _unknown() -> RegistryError:
    return RegistryError(
        code="XDSMissingDocument", context="ERROR_GENERIC_DOCUMENT_MISSING : no such document for this patient"
    )
