"""The prescriptions behind our country A: what a submission (ITI-41) does to them, or to a consent, and what is wrong with it.

State is kept from one submission to the next until `reset`; answering threads share it. Nothing is judged here: an error is
what a good country A answers. Sources: eHDSI XDR Profile, failures; IHE ITI TF-2, 3.41.4.1.3.
"""

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

from harness.errors import WireError
from harness.model import Patient, PatientId, Population, PopulationDocument
from harness.peers.national import NationalStore
from harness.wire import codes, dispensing, xdr, xds
from harness.wire.dispensing import SUBSTITUTION_NONE, Dispensation, Prescription
from harness.wire.xds import RegistryError, RegistryResponse


@dataclass(frozen=True, slots=True, kw_only=True)
class _Held:
    """A prescription of the population and whose it is."""

    document: PopulationDocument
    said: Prescription


@dataclass(slots=True)
class _State:
    """`dispensed` maps the key of a prescription to the id of its dispensation."""

    dispensed: dict[str, str] = field(default_factory=dict)


class Dispensary:
    """Prescriptions of a population with their state; consents are kept in the national store."""

    def __init__(self, population: Population, store: NationalStore) -> None:
        self._population = population
        self._store = store
        self._held = tuple(_prescriptions(population))
        self._lock = threading.Lock()
        self._state = _State()

    def reset(self) -> None:
        """Forget what was submitted."""
        with self._lock:
            self._state = _State()

    def event_codes(self, document: PopulationDocument) -> tuple[xds.Coded, ...]:
        """What the entry of a prescription says: whether it can be dispensed, ATC, dose form, strength, substitution.

        Both levels of one prescription say the same. Source: eHDSI XCA Profile, event codes of ePrescription.
        """
        if document.kind != "eprescription":
            return ()
        held = next((h for h in self._held if _same_paper(h.document, document)), None)
        is_open = held is None or self._dispensable(held)
        state = codes.EVENT_DISPENSABLE if is_open else codes.EVENT_NOT_DISPENSABLE
        found = [xds.Coded(code=state, scheme=codes.XDW_EVENT)]
        if held is not None:
            product = held.said.product
            found += [
                xds.Coded(code=code, scheme=scheme, display=display)
                for code, scheme, display in (
                    (product.atc, codes.ATC, product.atc_display),
                    (product.form, codes.EDQM, product.form_display),
                    (product.strength, codes.STRENGTH, "Strength of medication"),
                    (held.said.substitution, codes.HL7_SUBSTITUTION, held.said.substitution),
                )
                if code
            ]
        return tuple(found)

    def submit(self, submission: xdr.Submission) -> RegistryResponse:
        """The answer to `submission`; what it asks is done as far as nothing is wrong with it."""
        problem = next(_malformed(submission), None)
        if problem is not None:
            return RegistryResponse(status=codes.STATUS_FAILURE, errors=(problem,))
        with self._lock:
            found = [
                self._one(entry, document.content)
                for entry in submission.entries
                if (document := submission.document(entry)) is not None
            ]
        errors = tuple(e for e in found if e is not None)
        partly = len(errors) < len(found)
        status = codes.STATUS_SUCCESS if not errors else codes.STATUS_FAILURE
        return RegistryResponse(status=codes.STATUS_PARTIAL_SUCCESS if errors and partly else status, errors=errors)

    def _one(self, entry: xds.DocumentEntry, content: bytes) -> RegistryError | None:
        kind = xdr.kind_of(entry)
        patient = self._identified(entry.patient)
        if kind not in ("edispensation", "edispensation-discard", "consent"):
            return _error(codes.ERROR_UNKNOWN_SIGNIFIER, "The format code is of no document that is taken here")
        if patient is None:
            return _error(codes.ERROR_UNKNOWN_PATIENT_IDENTIFIER, "The patient is not known")
        if kind == "consent":
            self._store.note_consent(patient, all(c.code != codes.CONSENT_OPT_OUT for c in entry.event_codes))
            return None
        if not self._store.consents(patient):
            return _error(codes.ERROR_NO_CONSENT, "The patient has given no consent")
        if kind == "edispensation-discard":
            return self._discard(entry)
        try:
            said = dispensing.parse_dispensation(content)
        except WireError:
            return _error(codes.ERROR_ED_GENERIC, "The document cannot be read")
        return self._dispense(entry, said, patient)

    def _dispense(self, entry: xds.DocumentEntry, said: Dispensation, patient: Patient) -> RegistryError | None:
        held = next((h for h in self._held if h.document.patient == patient.key and said.order in h.said.ids), None)
        if said.order is None or held is None:
            return _error(codes.ERROR_ED_NOT_IDENTIFIABLE, "The prescription cannot be identified")
        if held.document.key in self._state.dispensed:
            return _error(codes.ERROR_EP_ALREADY_DISPENSED, "The prescription has been dispensed already")
        if not held.document.dispensable:
            return _error(codes.ERROR_ED_NOT_DISPENSABLE, "The prescription cannot be dispensed")
        if said.substituted and held.said.substitution == SUBSTITUTION_NONE:
            return _error(codes.ERROR_ED_SUBSTITUTION, "The prescription forbids a substitution")
        self._state.dispensed[held.document.key] = entry.unique_id or ""
        return None

    def _discard(self, entry: xds.DocumentEntry) -> RegistryError | None:
        key = next((k for k, id in self._state.dispensed.items() if id == entry.unique_id), None)
        if key is None:
            return _error(codes.ERROR_ED_DISCARD_FAILED, "There is no such dispensation")
        del self._state.dispensed[key]
        return None

    def _dispensable(self, held: _Held) -> bool:
        return held.document.dispensable and held.document.key not in self._state.dispensed

    def _identified(self, identifier: PatientId | None) -> Patient | None:
        return next((p for p in self._population.patients.values() if identifier in p.ids), None)


def _same_paper(one: PopulationDocument, other: PopulationDocument) -> bool:
    return one.key == other.key or bool(one.pair and one.pair == other.pair)


def _prescriptions(population: Population) -> Iterator[_Held]:
    for document in population.documents:
        if (document.kind, document.level) == ("eprescription", 3) and document.status != "outside":
            try:
                said = dispensing.parse_prescription(document.content)
            except WireError:
                continue
            yield _Held(document=document, said=said)


def _error(code: str, context: str) -> RegistryError:
    return RegistryError(code=code, context=context)


def _malformed(submission: xdr.Submission) -> Iterator[RegistryError]:
    """What is wrong with the submission as such. Source: IHE ITI TF-3, table 4.2.4.1-2."""
    entries = submission.entries
    if len(submission.sets) != 1:
        yield _error(codes.XDS_REPOSITORY_METADATA_ERROR, "There has to be one submission set")
        return
    known = {e.id for e in entries}
    if any(d.id not in known for d in submission.documents):
        yield _error(codes.XDS_MISSING_DOCUMENT_METADATA, "A document has no entry")
    if not entries or any(submission.document(e) is None for e in entries):
        yield _error(codes.XDS_MISSING_DOCUMENT, "An entry has no document")
    ids = [e.unique_id for e in entries]
    if len(ids) != len(set(ids)):
        yield _error(codes.XDS_DUPLICATE_IN_REPOSITORY, "Two entries have one unique id")
    package = submission.sets[0]
    if any(e.patient_id != package.patient_id for e in entries):
        yield _error(codes.XDS_PATIENT_ID_DOES_NOT_MATCH, "Entries and submission set are of different patients")
    members = {a.target for a in submission.associations if a.type == codes.ASSOCIATION_HAS_MEMBER}
    if not known <= members:
        yield _error(codes.XDS_REPOSITORY_METADATA_ERROR, "An entry is in no submission set")
