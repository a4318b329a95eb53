"""ITI-41 at country A: taking dispensations, taking them back, and noting consents.

Order of work: the form of the submission, the assertions, rights, consent, then each document by itself.
Source: IHE ITI TF-2, 3.41; TF-3, 4.2.4 (errors); eHDSI XDR Profile; NCPeH Components Specification, error codes.
"""

from collections.abc import Callable, Iterator, Sequence

from lxml import etree

from harness.errors import WireError
from harness.model import Patient
from harness.reference import _facts, _registry
from harness.reference._holdings import Holdings
from harness.reference._refusing import as_registry_error
from harness.reference._registry import RegistryError
from harness.reference._security import Caller, Denial, Surroundings, judge
from harness.reference._store import Prescription, Store, read_dispensation
from harness.reference.config import ReferenceConfig
from harness.wire import mtom, soap, xdr, xds

_PRESCRIPTION_CODES = {
    "unknown": "ERROR_ED_EPRESCRIPTION_NOT_IDENTIFIABLE",
    "twice": "4106",
    "closed": "ERROR_ED_NOT_DISPENSABLE_EPRESCRIPTION",
    "substitution": "ERROR_ED_SUBSTITUTION_INFORMATION_NOT_ALLOWED",
}


class ProvisionService:
    """Takes what other countries submit."""

    def __init__(self, config: ReferenceConfig, holdings: Holdings, store: Store) -> None:
        self._config = config
        self._holdings = holdings
        self._store = store
        self._faults = config.faults

    def submission(self, message: soap.SoapMessage, payload: etree._Element, around: Surroundings) -> bytes:
        """The body that answers the submission in `payload`.

        Raises:
            WireError: the payload cannot be read, or an attachment is missing.
            SoapFaulted: a fault is the answer.
        """
        sent = xdr.parse_submission(payload, lambda e: mtom.resolve_xop(e, message.parts))
        problem = next(_form_problems(sent, self._faults), None)
        if problem is not None:
            return self._answer((problem,), taken=0)
        if not sent.entries:
            return self._answer((), taken=0)  # a declared fault let documents pass that nothing describes
        caller = judge(message, around, trc=True)
        problem = as_registry_error(caller) if isinstance(caller, Denial) else self._rights(sent, caller)
        if problem is not None:
            self._take_back_anyway(sent)
            return self._answer((problem,), taken=0)
        entries = sent.entries[:1] if "xdr.second.not-stored" in self._faults else sent.entries
        results = [self._one(entry, sent.document(entry)) for entry in entries]
        errors = tuple(r for r in results if r is not None)
        return self._answer(errors, taken=len(results) - len(errors))

    def _answer(self, errors: Sequence[RegistryError], *, taken: int) -> bytes:
        faults = self._faults
        status = _facts.SUCCESS if not errors else _facts.PARTIAL if taken else _facts.FAILURE
        if status == _facts.PARTIAL and "xdr.partial.as-failure" in faults:
            status = _facts.FAILURE
        if status == _facts.FAILURE and "xdr.success-with-error" in faults:
            status = _facts.SUCCESS
        if "xdr.status.unknown" in faults:
            status = "urn:oid:2.999.250.86"
        return _registry.registry_response(status, errors).encode()

    def _take_back_anyway(self, sent: xdr.Submission) -> None:
        if "xdr.discard.despite-refusal" in self._faults:
            for entry in sent.entries:
                if _format(entry) == _facts.FORMAT_DISCARD:
                    self._store.discard(entry.unique_id or "")

    def _rights(self, sent: xdr.Submission, caller: Caller) -> RegistryError | None:
        """Why this caller may not submit this, None when nothing speaks against it."""
        faults = self._faults
        own = caller.patient()
        stated = {e.source_patient_id for e in sent.entries} | {e.patient_id for e in sent.entries if not self._unequal}
        if own is not None and stated != {own.cx} and "xdr.source-patient.ignored" not in faults:
            context = "the patient of the submission is not the one of the TRC assertion"
            return RegistryError(code="ERROR_ED_GENERIC", context=context)
        formats = {_format(e) for e in sent.entries}
        needed = _facts.CONSENT_RIGHTS if formats <= _facts.FORMATS_CONSENT else _facts.DISPENSING_RIGHTS
        if not caller.may(needed, faults) and "xdr.permission.ignored" not in faults:
            return RegistryError(code="4703", context="a permission is missing")
        role = caller.hcp.attribute(_facts.ROLE) if caller.hcp else None
        dispenses = not formats <= _facts.FORMATS_CONSENT
        wrong_role = role is not None and role.text not in _facts.DISPENSING_ROLES
        if dispenses and wrong_role and "xdr.role.ignored" not in faults:
            return RegistryError(code="ERROR_ED_GENERIC", context="the role may not dispense")
        anonymous = caller.hcp is not None and caller.hcp.attribute(_facts.ORGANIZATION_ID) is None
        if _facts.FORMAT_DISCARD in formats and anonymous and "xdr.discard.anonymous" not in faults:
            return RegistryError(code="ERROR_ED_GENERIC", context="the organisation that discards is not named")
        patients = [self._patient(e) for e in sent.entries]
        refuses = any(p is not None and not self._store.agrees(p) for p in patients)
        if dispenses and refuses and "consent.ignored" not in faults:
            return RegistryError(code="4701", context="the patient has not consented")
        return None

    @property
    def _unequal(self) -> bool:
        return "xdr.patients.unequal-accepted" in self._faults

    def _patient(self, entry: xds.DocumentEntry) -> Patient | None:
        stated = xds.parse_cx(entry.source_patient_id or "") if self._unequal else entry.patient
        return self._holdings.patient(stated.root, stated.extension) if stated else None

    def _one(self, entry: xds.DocumentEntry, document: xdr.SubmittedDocument | None) -> RegistryError | None:
        known: dict[str, Callable[[xds.DocumentEntry, bytes, Patient], RegistryError | None]] = {
            _facts.FORMAT_DISPENSATION: self._dispense,
            _facts.FORMAT_DISCARD: self._dispense if "xdr.format.ignored" in self._faults else self._discard,
            **dict.fromkeys(_facts.FORMATS_CONSENT, self._consent),
        }
        work = known.get(_format(entry))
        if work is None:
            accepted = "xdr.format.unknown-accepted" in self._faults
            return None if accepted else RegistryError(code="4202", context="the format code is not known")
        patient = self._patient(entry)
        if patient is None:
            return RegistryError(code="4206", context="the patient is not known")
        if document is None:
            return None  # a declared fault let an entry pass whose document did not come
        return work(entry, document.content, patient)

    def _consent(self, entry: xds.DocumentEntry, _: bytes, patient: Patient) -> RegistryError | None:
        said = {c.code for c in entry.event_codes}
        if not said & {_facts.OPT_IN, _facts.OPT_OUT}:
            return RegistryError(code="4202", context="the consent code is not known")
        if "xdr.consent.not-noted" not in self._faults:
            self._store.consent(patient, _facts.OPT_OUT not in said)
        return None

    def _discard(self, entry: xds.DocumentEntry, _: bytes, __: Patient) -> RegistryError | None:
        if "xdr.discard.not-done" in self._faults:
            return None
        if self._store.discard(entry.unique_id or "") or "xdr.discard.unknown-accepted" in self._faults:
            return None
        return RegistryError(code="ERROR_ED_DISCARD_FAILED", context="there is no such dispensation")

    def _dispense(self, entry: xds.DocumentEntry, content: bytes, patient: Patient) -> RegistryError | None:
        faults = self._faults
        try:
            said = read_dispensation(content)
        except WireError:
            return RegistryError(code="ERROR_ED_GENERIC", context="the document cannot be read")
        orders = said.orders
        if len(orders) > 1 and "xdr.orders.first-taken" in faults:
            orders = orders[:1]
        prescription = self._store.ordered(patient, orders[0]) if len(orders) == 1 else None
        if prescription is None and "xdr.prescription.unknown-accepted" in faults:
            return None
        problem = self._why_not(prescription, said.substituted)
        if problem is not None:
            return RegistryError(code=_PRESCRIPTION_CODES[problem], context=f"the prescription: {problem}")
        if prescription is not None and "xdr.dispensation.not-stored" not in faults:
            self._store.dispense(prescription, entry.unique_id or "")
        return None

    def _why_not(self, prescription: Prescription | None, substituted: bool) -> str | None:
        faults = self._faults
        if prescription is None:
            return "unknown"
        if self._store.was_dispensed(prescription):
            return None if "xdr.twice.accepted" in faults else "twice"
        if not self._store.is_open(prescription) and "xdr.closed.accepted" not in faults:
            return "closed"
        if substituted and prescription.no_substitution and "xdr.substitution.ignored" not in faults:
            return "substitution"
        return None


def _format(entry: xds.DocumentEntry) -> str:
    """The format code in small letters: both generations of it differ in nothing else."""
    return (entry.format_code.code or "").casefold() if entry.format_code else ""


def _form_problems(sent: xdr.Submission, faults: frozenset[str]) -> Iterator[RegistryError]:
    ids = {e.id for e in sent.entries}
    if len(sent.sets) != 1 and "xdr.submission-sets.ignored" not in faults:
        yield RegistryError(code="XDSRepositoryMetadataError", context="exactly one submission set is expected")
    if any(d.id not in ids for d in sent.documents) and "xdr.metadata-missing.accepted" not in faults:
        yield RegistryError(code="XDSMissingDocumentMetadata", context="a document is not described")
    lost = any(sent.document(e) is None for e in sent.entries) or not (sent.entries or sent.documents)
    if lost and "xdr.document-missing.accepted" not in faults:
        yield RegistryError(code="XDSMissingDocument", context="a document is missing")
    unique = [e.unique_id for e in sent.entries]
    if len(set(unique)) < len(unique) and "xdr.duplicate-ids.accepted" not in faults:
        yield RegistryError(code="XDSRepositoryDuplicateUniqueIdInMessage", context="two documents have one id")
    patients = {s.patient_id for s in sent.sets}
    unequal = bool(sent.sets) and any(e.patient_id not in patients for e in sent.entries)
    if unequal and "xdr.patients.unequal-accepted" not in faults:
        yield RegistryError(code="XDSPatientIdDoesNotMatch", context="entry and set are of different patients")
    members = {a.target for a in sent.associations if a.type == _facts.HAS_MEMBER}
    if sent.sets and not ids <= members and "xdr.submission-sets.ignored" not in faults:
        yield RegistryError(code="XDSRepositoryMetadataError", context="an entry is in no submission set")
