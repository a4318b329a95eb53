"""What submissions do to the prescriptions and consents of the simulated country A, and what it says to bad ones."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from harness.model import Datum, Population
from harness.packs import load_population
from harness.peers import MUTATIONS, InitiatingGateway, OutgoingRequest, Pki, RespondingGateway, SeededIds
from harness.wire import codes, dispensing, mtom, soap, xdr, xds
from tests.peers.peer_bench import OURS, TARGET, clock, record

BUNDLED = Path(__file__).resolve().parents[2] / "scenarios" / "populations" / "default.yaml"


class Pharmacy:
    """One row: the initiating gateway asks our country A, and reads its answers."""

    def __init__(self, held: Population, ours: Pki, theirs: Pki) -> None:
        self.population = held
        self._asking = InitiatingGateway(ours, OURS, theirs.anchors, clock, SeededIds(7))
        self._session = self._asking.new_session()
        self.country = RespondingGateway(OURS, held, clock, SeededIds(11))

    def ask(self, transaction: str, arguments: Mapping[str, Datum], *mutate: str) -> soap.SoapMessage:
        request = self._request(transaction, arguments, *mutate)
        answer = self.country.answer(record(request), transaction, {})
        return soap.parse_message(dict(answer.headers)["Content-Type"], answer.body)

    def _request(self, transaction: str, arguments: Mapping[str, Datum], *mutate: str) -> OutgoingRequest:
        return self._asking.prepare(
            transaction,
            {"practitioner": "pharmacist", **arguments},
            mutate,
            target=TARGET,
            patients=self.population.patients,
            practitioners=self.population.practitioners,
            session=self._session,
        ).request

    def submit(self, arguments: Mapping[str, Datum], *mutate: str) -> tuple[str, list[str | None]]:
        """The status word and the error codes."""
        payload = self.ask("ITI-41", arguments, *mutate).payload
        assert payload is not None
        answer = xds.parse_registry_response(payload)
        return (answer.status or "").rpartition(":")[2], [e.code for e in answer.errors]

    def dispensed(self, arguments: Mapping[str, Datum]) -> str:
        """The id of the dispensation that is submitted."""
        request = self._request("ITI-41", arguments)
        message = soap.parse_message(dict(request.headers)["Content-Type"], request.body)
        assert message.payload is not None
        sent = xdr.parse_submission(message.payload, lambda node: mtom.resolve_xop(node, message.parts))
        assert self.country.answer(record(request), "ITI-41", {}).status == 200
        return sent.entries[0].unique_id or ""

    def states(self, patient: str) -> set[str | None]:
        payload = self.ask("ITI-38", {"patient": patient, "kind": "eprescription"}).payload
        assert payload is not None
        entries = xds.parse_query_answer(payload).entries
        return {c.code for e in entries for c in e.event_codes if c.scheme == codes.XDW_EVENT}

    def prescription(self, key: str) -> dict[str, Datum]:
        held = next(d for d in self.population.documents if d.key == key)
        said = dispensing.parse_prescription(held.content)
        assert said.id is not None
        return {"root": said.id.root, "extension": said.id.extension}


@pytest.fixture(scope="module")
def bundled() -> Population:
    return load_population(BUNDLED)


@pytest.fixture
def pharmacy(bundled: Population, ours: Pki, theirs: Pki) -> Pharmacy:
    return Pharmacy(bundled, ours, theirs)


def order(pharmacy: Pharmacy, key: str = "ep-open-3", patient: str = "pt-prescribed") -> dict[str, Datum]:
    return {"patient": patient, "prescription": pharmacy.prescription(key)}


def test_a_dispensation_closes_the_prescription_and_a_discard_opens_it_again(pharmacy: Pharmacy) -> None:
    assert pharmacy.states("pt-prescribed") == {codes.EVENT_DISPENSABLE}
    dispensation = pharmacy.dispensed(order(pharmacy))
    assert pharmacy.states("pt-prescribed") == {codes.EVENT_NOT_DISPENSABLE}
    discard: dict[str, Datum] = {
        "operation": "discard-dispensation",
        "patient": "pt-prescribed",
        "dispensation": dispensation,
    }
    assert pharmacy.submit(discard) == ("Success", [])
    assert pharmacy.states("pt-prescribed") == {codes.EVENT_DISPENSABLE}


def test_a_row_that_ends_takes_every_dispensation_back(pharmacy: Pharmacy) -> None:
    pharmacy.dispensed(order(pharmacy))
    pharmacy.country.reset()

    assert pharmacy.states("pt-prescribed") == {codes.EVENT_DISPENSABLE}


def test_a_second_dispensation_is_refused(pharmacy: Pharmacy) -> None:
    assert pharmacy.submit(order(pharmacy)) == ("Success", [])
    assert pharmacy.submit(order(pharmacy)) == ("Failure", ["4106"])


def test_a_closed_prescription_is_refused(pharmacy: Pharmacy) -> None:
    found = pharmacy.submit(order(pharmacy, "ep-closed-3", "pt-dispensed"))

    assert found == ("Failure", ["ERROR_ED_NOT_DISPENSABLE_EPRESCRIPTION"])


@pytest.mark.parametrize(
    ("key", "patient", "wanted"),
    [
        ("ep-open-3", "pt-prescribed", ("Success", [])),
        ("ep-strict-3", "pt-strict", ("Failure", ["ERROR_ED_SUBSTITUTION_INFORMATION_NOT_ALLOWED"])),
    ],
    ids=["allowed", "forbidden"],
)
def test_a_substitution_depends_on_the_prescription(
    key: str, patient: str, wanted: tuple[str, list[str]], pharmacy: Pharmacy
) -> None:
    assert pharmacy.submit({**order(pharmacy, key, patient), "substitute": True}) == wanted


def test_an_unknown_dispensation_cannot_be_discarded(pharmacy: Pharmacy) -> None:
    found = pharmacy.submit({"operation": "discard-dispensation", "patient": "pt-prescribed"})

    assert found == ("Failure", ["ERROR_ED_DISCARD_FAILED"])


def test_nothing_is_taken_for_a_patient_without_consent(pharmacy: Pharmacy) -> None:
    assert pharmacy.submit({"patient": "pt-no-consent"}) == ("Failure", ["4701"])


def test_a_withdrawn_consent_holds_until_it_is_given_again(pharmacy: Pharmacy) -> None:
    patient: dict[str, Datum] = {"patient": "pt-prescribed", "practitioner": "physician"}
    assert pharmacy.submit({"operation": "discard-consent", **patient}) == ("Success", [])
    assert pharmacy.submit(order(pharmacy)) == ("Failure", ["4701"])
    assert pharmacy.submit({"operation": "put-consent", **patient}) == ("Success", [])
    assert pharmacy.submit(order(pharmacy)) == ("Success", [])


def test_of_two_prescriptions_the_good_one_is_dispensed(pharmacy: Pharmacy) -> None:
    good = pharmacy.prescription("ep-open-3")
    both: dict[str, Datum] = {
        "patient": "pt-prescribed",
        "prescription": (good, {"root": "2.999.404", "extension": "1"}),
    }

    assert pharmacy.submit(both) == ("PartialSuccess", ["ERROR_ED_EPRESCRIPTION_NOT_IDENTIFIABLE"])
    assert pharmacy.states("pt-prescribed") == {codes.EVENT_NOT_DISPENSABLE}


MALFORMED = {
    "xdr.format-code.unknown": "4202",
    "xdr.document.missing": "XDSMissingDocument",
    "xdr.metadata.missing": "XDSMissingDocumentMetadata",
    "xdr.patient-id.differs": "XDSPatientIdDoesNotMatch",
    "xdr.unique-id.twice": "XDSRepositoryDuplicateUniqueIdInMessage",
    "xdr.submission-set.twice": "XDSRepositoryMetadataError",
    "xdr.submission-set.missing": "XDSRepositoryMetadataError",
    "xdr.association.missing": "XDSRepositoryMetadataError",
    "xdr.order.missing": "ERROR_ED_EPRESCRIPTION_NOT_IDENTIFIABLE",
    "xdr.order.two": "ERROR_ED_EPRESCRIPTION_NOT_IDENTIFIABLE",
    "xdr.order.unknown": "ERROR_ED_EPRESCRIPTION_NOT_IDENTIFIABLE",
}


@pytest.mark.parametrize("name", MALFORMED)
def test_a_malformed_submission_is_refused_with_its_code_and_changes_nothing(name: str, pharmacy: Pharmacy) -> None:
    assert pharmacy.submit(order(pharmacy), name) == ("Failure", [MALFORMED[name]])
    assert pharmacy.states("pt-prescribed") == {codes.EVENT_DISPENSABLE}


def test_a_document_inside_the_message_is_taken_like_an_attachment(pharmacy: Pharmacy) -> None:
    assert MUTATIONS["xdr.document.inline"].positive
    assert pharmacy.submit(order(pharmacy), "xdr.document.inline") == ("Success", [])


def test_a_missing_attachment_is_answered_by_a_fault(pharmacy: Pharmacy) -> None:
    assert pharmacy.ask("ITI-41", order(pharmacy), "xdr.attachment.missing").fault is not None


def test_a_prescription_that_cannot_be_read_is_passed_over(bundled: Population, ours: Pki, theirs: Pki) -> None:
    broken = tuple(replace(d, content=b"no XML") if d.key == "ep-open-3" else d for d in bundled.documents)
    pharmacy = Pharmacy(replace(bundled, documents=broken), ours, theirs)

    found = pharmacy.submit({"patient": "pt-prescribed", "prescription": {"root": "2.999.1", "extension": "1"}})

    assert found == ("Failure", ["ERROR_ED_EPRESCRIPTION_NOT_IDENTIFIABLE"])
