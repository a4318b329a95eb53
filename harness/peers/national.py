"""The national store behind our country A: the population, and what a scenario has changed of it.

A reply may set consent and documents (`STORE_ARGUMENTS` of the vocabulary); what it sets holds from that answer on, until
`reset`, so that something can happen between the query and the retrieval.
"""

from collections.abc import Mapping

from harness.model import CONSENTS, DOCUMENT_STATUSES, Patient, Population, PopulationDocument
from harness.peers import arguments as given
from harness.peers.arguments import Arguments, refuse
from harness.wire import codes

_CHANGES = tuple(s for s in DOCUMENT_STATUSES if s != "outside")
# what FindDocuments finds, by the status it asks for. Source: IHE ITI TF-2, 3.18.4.1.2.3.7.1.
_LISTED_AS = {
    "shared": codes.ENTRY_APPROVED,
    "withdrawn": codes.ENTRY_APPROVED,
    "deprecated": codes.ENTRY_DEPRECATED,
}
_RETRIEVABLE = ("shared", "deprecated")


class NationalStore:
    """Documents and consents of one country. Not thread-safe: one row runs at a time."""

    def __init__(self, population: Population) -> None:
        self._population = population
        self._consent: str | None = None
        self._documents: dict[str, str] = {}
        self._said: dict[str, bool] = {}

    def reset(self) -> None:
        """Back to what the population says."""
        self._consent = None
        self._documents = {}
        self._said = {}

    def change(self, arguments: Arguments) -> None:
        """What a reply sets: `consent` of everybody, `documents` as one status for all or a mapping from key to status.

        Raises:
            ScenarioError: an unknown word or document.
        """
        consent = given.text(arguments, "consent")
        if consent is not None:
            self._consent = _word("consent", "consent", consent, CONSENTS)
        changes = arguments.get("documents")
        if changes is None:
            return
        table = {d.key: d for d in self._population.documents}
        if not isinstance(changes, Mapping):
            changes = dict.fromkeys(table, given.text(arguments, "documents"))
        for key in changes:
            given.chosen(table, key, "documents", "document")
            status = _word(f"documents.{key}", "status", given.text(changes, key) or "", _CHANGES)
            if self.status(table[key]) != "outside":
                self._documents[key] = status

    def consents(self, patient: Patient) -> bool:
        """Whether `patient` lets data go; asked and not answered is no. What was submitted goes before what a reply set."""
        if patient.key in self._said:
            return self._said[patient.key]
        return patient.consent if self._consent is None else self._consent == "granted"

    def note_consent(self, patient: Patient, given_now: bool) -> None:
        """What `patient` says from now on."""
        self._said[patient.key] = given_now

    def status(self, document: PopulationDocument) -> str:
        """Where `document` stands, a word of DOCUMENT_STATUSES."""
        return self._documents.get(document.key, document.status)

    def listed(
        self, patient: Patient, kinds: tuple[str, ...], statuses: tuple[str, ...]
    ) -> tuple[tuple[PopulationDocument, str], ...]:
        """Documents of `patient` that a query for `kinds` and entry `statuses` (URIs) finds, each with its entry status."""
        found = (
            (d, _LISTED_AS.get(self.status(d)))
            for d in self._population.documents
            if d.patient == patient.key and d.kind in kinds
        )
        return tuple((d, status) for d, status in found if status is not None and status in statuses)

    def retrievable(self, unique_id: str) -> PopulationDocument | None:
        """The document with this id, None when there is none to hand out."""
        held = (d for d in self._population.documents if d.unique_id == unique_id)
        return next((d for d in held if self.status(d) in _RETRIEVABLE), None)


def _word(option: str, what: str, found: str, known: tuple[str, ...]) -> str:
    if found not in known:
        refuse(f"with.{option}", f"unknown {what}", expected=known, found=found)
    return found
