"""Answers of the responding gateway: good ones from the population, and every fault of the catalogue."""

import gzip
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.errors import ScenarioError
from harness.model import Datum, HttpRecord, Population
from harness.peers import FAULTS, Pki, PlannedAnswer
from harness.peers.faults import OTHER_ENTRY
from harness.wire import cda, codes, mtom, soap, xcpd, xds
from harness.wire.soap import SoapMessage
from harness.wire.xcpd import DiscoveryAnswer
from harness.wire.xds import QueryAnswer, RegistryResponse, RetrieveAnswer
from tests.peers.peer_bench import HCID, OURS, POPULATION, prepared, record, responder


class Bench:
    """Asks the responder, through the initiating gateway's messages, and reads its answers."""

    def __init__(self, ours: Pki, theirs: Pki) -> None:
        self._pki, self._anchors = ours, theirs.anchors

    def ask(
        self,
        transaction: str,
        *faults: str,
        population: Population = POPULATION,
        reply: str = "",
        given: Mapping[str, Datum] | None = None,
    ) -> PlannedAnswer:
        request = record(prepared(self._pki, self._anchors, transaction, arguments=given).request)
        return responder(population).answer(request, transaction, {"patient": reply} if reply else {}, faults)

    def discover(self, *faults: str, reply: str = "", **given: Datum) -> DiscoveryAnswer:
        payload = message(self.ask("ITI-55", *faults, reply=reply, given=given)).payload
        assert payload is not None
        return xcpd.parse_answer(payload)

    def list(self, *faults: str, **given: Datum) -> QueryAnswer:
        payload = message(self.ask("ITI-38", *faults, given=given)).payload
        assert payload is not None
        return xds.parse_query_answer(payload)

    def store(self, *faults: str, **given: Datum) -> RegistryResponse:
        payload = message(self.ask("ITI-41", *faults, given=given)).payload
        assert payload is not None
        return xds.parse_registry_response(payload)

    def fetch(self, *faults: str, **given: Datum) -> RetrieveAnswer:
        return fetched(self.ask("ITI-39", *faults, given=given))


@pytest.fixture
def bench(ours: Pki, theirs: Pki) -> Bench:
    return Bench(ours, theirs)


def message(answer: PlannedAnswer) -> SoapMessage:
    return soap.parse_message(dict(answer.headers)["Content-Type"], answer.body)


def fetched(answer: PlannedAnswer) -> RetrieveAnswer:
    read = message(answer)
    assert read.payload is not None
    return xds.parse_retrieve_answer(read.payload, lambda document: mtom.resolve_xop(document, read.parts))


@pytest.mark.parametrize("transaction", codes.CROSS_BORDER)
def test_answer_is_addressed_to_its_request(transaction: str, bench: Bench, ours: Pki, theirs: Pki) -> None:
    addressing = message(bench.ask(transaction)).addressing
    assert addressing.action == codes.ACTIONS[transaction].response
    assert addressing.relates_to == prepared(ours, theirs.anchors, transaction).message_id
    assert addressing.message_id
    assert addressing.message_id != addressing.relates_to


# --- ITI-55


def test_match_has_the_shape_of_the_profile(bench: Bench) -> None:
    answer = bench.discover()
    assert (answer.ack_code, answer.query_response_code, len(answer.subjects)) == ("AA", "OK", 1)
    subject = answer.subjects[0]
    assert [(i.root, i.extension) for i in subject.ids] == [("2.999.1", "P-1")]
    assert (subject.family, subject.given, subject.birth, subject.gender) == ("Exemple", "nominal", "19790314", "F")
    assert [(i.root, i.extension) for i in subject.custodian_ids] == [(HCID, None)]
    assert (answer.sender_hcid, answer.receiver_hcid) == (HCID, HCID)


def test_answer_repeats_message_query_and_criteria(bench: Bench, ours: Pki, theirs: Pki) -> None:
    payload = soap.parse_message(None, prepared(ours, theirs.anchors, "ITI-55").request.body).payload
    assert payload is not None
    asked, answer = xcpd.parse_query(payload), bench.discover()
    assert answer.target_message_id == asked.message_id
    assert answer.query_ack_id == asked.query_id
    assert answer.query_echo == asked.canonical_query


def test_nobody_matching_is_no_error(bench: Bench) -> None:
    answer = bench.discover(traits={"extension": "P-404"})
    assert (answer.ack_code, answer.query_response_code, answer.subjects) == ("AA", "NF", ())
    assert answer.reason_codes == ("AnswerNotAvailable",)
    assert [d.code for d in answer.details] == ["ERROR_PI_NO_MATCH"]


def test_identifier_with_another_persons_traits_matches_nobody(bench: Bench) -> None:
    assert bench.discover(traits={"family": "Autre"}).query_response_code == "NF"


def test_missing_consent_is_insufficient_rights(bench: Bench) -> None:
    answer = bench.discover(patient="silent")
    assert (answer.ack_code, answer.query_response_code, answer.subjects) == ("AE", "AE", ())
    assert answer.reason_codes == ("InsufficientRights",)
    assert [i.kind for i in answer.issues] == ["mitigatedBy"]


def test_ambiguous_traits_give_one_subject_each(bench: Bench) -> None:
    assert len(bench.discover(patient="twin-1", by="traits").subjects) == 2


def test_too_few_traits_ask_for_more(bench: Bench) -> None:
    answer = bench.discover(patient=None, traits={"family": "Exemple"})
    assert answer.reason_codes == ("AdditionalDemographicsRequested",)
    assert [i.kind for i in answer.issues] == ["triggerFor"]


def test_reply_may_name_the_patient_to_answer_with(bench: Bench) -> None:
    assert bench.discover(reply="second", traits={"extension": "P-404"}).subjects[0].given == "second"


# --- ITI-38


def test_both_levels_are_listed_and_associated(bench: Bench) -> None:
    answer = bench.list()
    assert answer.status == codes.STATUS_SUCCESS
    by_level = {entry.level: entry for entry in answer.entries}
    assert set(by_level) == {1, 3}
    assert [(a.type, a.source, a.target) for a in answer.associations] == [
        (codes.ASSOCIATION_XFRM, by_level[1].id, by_level[3].id)
    ]


def test_entry_describes_the_document(bench: Bench) -> None:
    entry = bench.list().entries[0]
    held = POPULATION.documents[0]
    assert (entry.unique_id, entry.size) == (held.unique_id, str(len(held.content)))
    assert (entry.home, entry.repository_id) == (OURS.home_community, HCID)
    assert entry.creation_time == "20240301091500"
    assert (entry.language, entry.patient_id) == ("fr-FR", "P-1^^^&2.999.1&ISO")
    assert entry.facility_type_code is not None
    assert entry.facility_type_code.code == "BE"
    assert entry.hash is not None
    assert len(entry.hash) == 40


@pytest.mark.parametrize("given", [{"patient": "bare"}, {"kind": "eprescription"}], ids=["bare patient", "other kind"])
def test_nothing_to_list_is_a_success_with_a_warning(given: dict[str, Datum], bench: Bench) -> None:
    answer = bench.list(**given)
    assert (answer.status, answer.entries) == (codes.STATUS_SUCCESS, ())
    assert [e.severity for e in answer.errors] == [codes.SEVERITY_WARNING]
    assert answer.errors[0].code == ("1101" if "kind" in given else "1102")


def test_listing_without_consent_is_refused(bench: Bench) -> None:
    answer = bench.list(patient="silent")
    assert (answer.status, answer.entries) == (codes.STATUS_FAILURE, ())
    assert [e.code for e in answer.errors] == ["4701"]


# --- ITI-39


def test_documents_come_as_attachments_byte_for_byte(bench: Bench) -> None:
    answer = bench.fetch()
    assert answer.status == codes.STATUS_SUCCESS
    assert [d.content for d in answer.documents] == [d.content for d in POPULATION.documents[:2]]
    assert {d.form for d in answer.documents} == {"xop"}


def asked(*ids: str, repository: str = HCID) -> Datum:
    return tuple({"home": OURS.home_community, "repository": repository, "id": i} for i in ids)


def test_one_document_of_two_missing_is_a_partial_success(bench: Bench) -> None:
    answer = bench.fetch(documents=asked("2.999.9.1", "2.999.9.404"))
    assert (answer.status, len(answer.documents)) == (codes.STATUS_PARTIAL_SUCCESS, 1)
    assert [e.code for e in answer.errors] == ["XDSMissingDocument"]


@pytest.mark.parametrize("repository", [HCID, "2.999.404"], ids=["unknown document", "unknown repository"])
def test_nothing_found_is_a_failure(repository: str, bench: Bench) -> None:
    wanted = "2.999.9.404" if repository == HCID else "2.999.9.1"
    answer = bench.fetch(documents=asked(wanted, repository=repository))
    assert (answer.status, answer.documents) == (codes.STATUS_FAILURE, ())


def test_document_of_a_patient_without_consent_is_refused(bench: Bench) -> None:
    answer = bench.fetch(documents=asked("2.999.9.5"))
    assert (answer.status, [e.code for e in answer.errors]) == (codes.STATUS_FAILURE, ["4701"])


# --- requests that cannot be read


def test_unreadable_request_gets_a_fault_that_names_no_content(bench: Bench) -> None:
    request = HttpRecord(raw=b"", body=b"<secret>", start_line="", headers=(("Content-Type", "text/xml"),))
    answer = responder().answer(request, "ITI-55", {})
    fault = message(answer).fault
    assert answer.status == 400
    assert fault is not None
    assert fault.code.endswith("}Sender")
    assert "secret" not in fault.reason


def test_request_of_another_transaction_gets_a_fault_that_relates_to_it(ours: Pki, theirs: Pki) -> None:
    sent = prepared(ours, theirs.anchors, "ITI-38")
    read = message(responder().answer(record(sent.request), "ITI-55", {}))
    assert read.fault is not None
    assert read.addressing.relates_to == sent.message_id
    assert read.addressing.action == soap.FAULT_ACTION


@settings(max_examples=60, deadline=None)
@given(body=st.binary(max_size=200), content_type=st.sampled_from([None, "text/xml", "multipart/related", "x"]))
def test_arbitrary_bytes_are_answered(body: bytes, content_type: str | None) -> None:
    headers = (("Content-Type", content_type),) if content_type else ()
    request = HttpRecord(raw=b"", body=body, start_line="", headers=headers)
    assert responder().answer(request, "ITI-39", {}).status in (200, 400)


FOREIGN = {
    "ITI-55": ("xcpd-request", 9),
    "ITI-38": ("xca-query-request", 7),
    "ITI-39": ("xca-retrieve-request", 9),
    "ITI-41": ("xdr-submit-request", 8),
}


@pytest.mark.corpus
@pytest.mark.parametrize("transaction", FOREIGN)
def test_requests_of_other_implementations_are_answered(transaction: str, corpus: Path) -> None:
    folder, least = FOREIGN[transaction]
    samples = sorted((corpus / "messages" / folder).rglob("*.xml"))
    assert len(samples) >= least
    for sample in samples:
        body = sample.read_bytes()
        if b"Envelope" not in body:
            body = soap.build_envelope(addressing=soap.Addressing(message_id="urn:uuid:1"), payload=body)
        request = HttpRecord(raw=b"", body=body, start_line="", headers=(("Content-Type", "application/xml"),))
        answer = responder().answer(request, transaction, {})
        assert (answer.status, message(answer).fault) == (200, None), sample.name


# --- faults

EXPECTED_HTTP: dict[str, Callable[[PlannedAnswer], PlannedAnswer]] = {
    "answer.slow": lambda good: replace(good, delay_s=1.5),
    "answer.never": lambda good: replace(good, behaviour="never"),
    "answer.reset": lambda good: replace(good, behaviour="reset"),
    "answer.truncated": lambda good: replace(good, behaviour="truncate"),
    "answer.content-type.wrong": lambda good: replace(good, headers=(("Content-Type", "text/html"),)),
    "answer.chunked": lambda a: replace(a, behaviour="chunked"),
    "answer.trickled": lambda a: replace(a, behaviour="trickle", trickle_s=1.5),
    "answer.oversized": lambda a: replace(a, body=a.body + b" " * 32 * 1024 * 1024),
    "answer.gzip": lambda a: replace(
        a, headers=(*a.headers, ("Content-Encoding", "gzip")), body=gzip.compress(a.body, mtime=0)
    ),
    "answer.byte-order-mark": lambda a: replace(a, body=b"\xef\xbb\xbf" + a.body),
}


OF_TRANSPORT = [(name, transaction) for name in EXPECTED_HTTP for transaction in FAULTS[name].transactions]


@pytest.mark.parametrize(("name", "transaction"), OF_TRANSPORT, ids=["-".join(case) for case in OF_TRANSPORT])
def test_fault_of_transport_changes_nothing_else(name: str, transaction: str, bench: Bench) -> None:
    assert bench.ask(transaction, name) == EXPECTED_HTTP[name](bench.ask(transaction))


@pytest.mark.parametrize("transaction", codes.CROSS_BORDER)
def test_fault_of_content_replaces_the_answer(transaction: str, bench: Bench) -> None:
    fault = message(bench.ask(transaction, "answer.soap-fault")).fault
    assert fault is not None
    assert fault.code.endswith("}Receiver")
    assert b"<" not in bench.ask(transaction, "answer.not-xml").body
    assert bench.ask(transaction, "answer.http-500").status == 500


@pytest.mark.parametrize("transaction", codes.CROSS_BORDER)
def test_fault_of_labels_misleads_about_the_answer(transaction: str, bench: Bench) -> None:
    wrong, good = bench.ask(transaction, "answer.boundary.wrong"), bench.ask(transaction)
    assert wrong.body == good.body
    assert b"not-in-the-body" not in wrong.body
    assert 'boundary="not-in-the-body"' in dict(wrong.headers)["Content-Type"]

    other = message(bench.ask(transaction, "answer.relates-to.other")).addressing
    assert other.relates_to == OTHER_ENTRY
    assert replace(other, relates_to=None) == replace(message(good).addressing, relates_to=None)


def changed(good: object, bad: object) -> set[str]:
    """The fields of two answers that differ."""
    return {name for name in type(good).__slots__ if getattr(good, name) != getattr(bad, name)}  # type: ignore[attr-defined]


DISCOVERY = {
    "xcpd.no-match": {"query_response_code", "subjects", "issues", "acknowledgements"},
    "xcpd.no-match.ae": {"query_response_code", "subjects", "issues", "acknowledgements"},
    "xcpd.insufficient-rights": {"query_response_code", "subjects", "issues", "acknowledgements"},
    "xcpd.two-matches": {"subjects"},
    "xcpd.other-target-message": {"acknowledgements"},
    "xcpd.match-with-ae": {"query_response_code", "query_ack_status"},
}
LISTING = {
    "xcaq.no-documents": {"errors", "has_error_list", "entries", "associations"},
    "xcaq.no-consent": {"status", "errors", "has_error_list", "entries", "associations"},
    "xcaq.warning-with-entries": {"errors", "has_error_list"},
    "xcaq.unknown-format": {"entries"},
}
RETRIEVAL = {
    "xcar.document-missing": {"status", "errors", "has_error_list", "documents"},
    "xcar.partial": {"status", "errors", "has_error_list", "documents"},
    "xcar.no-consent": {"status", "errors", "has_error_list", "documents"},
    "xcar.inline": {"documents"},
    "xcar.other-patient": {"documents"},
    "xcar.other-template": {"documents"},
}


STORING = {
    "xdr.not-identifiable": ("failure", "ERROR_ED_EPRESCRIPTION_NOT_IDENTIFIABLE", "Error"),
    "xdr.already-dispensed": ("failure", "4106", "Error"),
    "xdr.not-dispensable": ("failure", "ERROR_ED_NOT_DISPENSABLE_EPRESCRIPTION", "Error"),
    "xdr.substitution-refused": ("failure", "ERROR_ED_SUBSTITUTION_INFORMATION_NOT_ALLOWED", "Error"),
    "xdr.no-consent": ("failure", "4701", "Error"),
    "xdr.rights-missing": ("failure", "4703", "Error"),
    "xdr.format-refused": ("failure", "4202", "Error"),
    "xdr.discard-failed": ("failure", "ERROR_ED_DISCARD_FAILED", "Error"),
    "xdr.not-stored": ("failure", "ERROR_ED_EDISPENSATION_NOT_STORED", "Error"),
    "xdr.not-updated": ("failure", "ERROR_ED_EPRESCRIPTION_NOT_UPDATED", "Error"),
    "xdr.code-missing": ("failure", "ERROR_ED_MISSING_EXPECTED_MAPPING", "Error"),
    "xdr.generic-error": ("failure", "ERROR_ED_GENERIC", "Error"),
    "xdr.partial": ("partial-success", "ERROR_ED_EPRESCRIPTION_NOT_IDENTIFIABLE", "Error"),
    "xdr.warning": ("success", "WARNING_ED_MISSING_BASIC_DATA", "Warning"),
    "xdr.success-with-error": ("success", "WARNING_ED_MISSING_BASIC_DATA", "Error"),
    "xdr.failure-without-error": ("failure", None, None),
}


@pytest.mark.parametrize("name", STORING)
def test_submission_fault_answers_with_its_status_and_code(name: str, bench: Bench) -> None:
    answer = bench.store(name)
    found = [(e.code, (e.severity or "").rpartition(":")[2]) for e in answer.errors]

    status, code, severity = STORING[name]
    assert answer.status == codes.RESPONSE_STATUSES[status]
    assert found == ([(code, severity)] if code else [])


@pytest.mark.parametrize("name", DISCOVERY)
def test_discovery_fault_changes_its_fields_only(name: str, bench: Bench) -> None:
    assert changed(bench.discover(), bench.discover(name)) == DISCOVERY[name]


@pytest.mark.parametrize("name", LISTING)
def test_listing_fault_changes_its_fields_only(name: str, bench: Bench) -> None:
    assert changed(bench.list(), bench.list(name)) == LISTING[name]


@pytest.mark.parametrize("name", RETRIEVAL)
def test_retrieval_fault_changes_its_fields_only(name: str, bench: Bench) -> None:
    assert changed(bench.fetch(), bench.fetch(name)) == RETRIEVAL[name]


def test_every_fault_is_tested() -> None:
    others = {"answer.soap-fault", "answer.not-xml", "answer.http-500"}
    metadata = {
        name for name, fault in FAULTS.items() if fault.transactions == ("SMP",)
    }  # tests/peers/test_publishing.py
    others |= {"answer.boundary.wrong", "answer.relates-to.other"}
    # one thing of an entry or a document: tests/test_alterations.py holds each to the places it changes
    one_thing = ("xcaq.entry.", "xcaq.level-1.", "xcaq.association.", "xcar.cda.", "xcar.pdf.")
    others |= {name for name in FAULTS if name.startswith(one_thing)}
    others |= {"xcar.level-1-of-other-patient", "xcar.mime-type.octets", "xcar.repository.other"}
    assert set(FAULTS) == {*EXPECTED_HTTP, *others, *metadata, *DISCOVERY, *LISTING, *RETRIEVAL, *STORING}


def test_no_match_and_rights_faults_carry_the_codes_of_the_profile(bench: Bench) -> None:
    refused = [bench.discover(n) for n in ("xcpd.no-match", "xcpd.no-match.ae", "xcpd.insufficient-rights")]
    assert [(a.ack_code, a.query_response_code, a.reason_codes[0]) for a in refused] == [
        ("AA", "NF", "AnswerNotAvailable"),
        ("AE", "AE", "AnswerNotAvailable"),
        ("AE", "AE", "InsufficientRights"),
    ]


def test_unknown_format_is_one_more_entry(bench: Bench) -> None:
    *known, odd = bench.list("xcaq.unknown-format").entries
    assert tuple(known) == bench.list().entries
    assert odd.level is None
    assert odd.id not in {entry.id for entry in known}


@pytest.mark.parametrize(
    ("transaction", "fault"),
    [("ITI-55", "xcpd.two-matches"), ("ITI-38", "xcaq.unknown-format")],
)
def test_fault_that_needs_a_find_says_when_there_is_none(transaction: str, fault: str, bench: Bench) -> None:
    given: dict[str, Datum] = {"patient": "bare"} if transaction == "ITI-38" else {"traits": {"extension": "P-404"}}
    with pytest.raises(ScenarioError, match="faults"):
        bench.ask(transaction, fault, given=given)


def test_partial_keeps_a_single_document(bench: Bench) -> None:
    answer = bench.fetch("xcar.partial", documents=asked("2.999.9.1"))
    assert (answer.status, len(answer.documents), len(answer.errors)) == (codes.STATUS_PARTIAL_SUCCESS, 1, 1)


def test_document_of_another_patient_comes_under_the_name_asked_for(bench: Bench) -> None:
    document = bench.fetch("xcar.other-patient").documents[0]
    assert document.id == "2.999.9.1"
    assert cda.parse_header(document.content).patient_ids[0].extension == "second"


def test_document_of_another_template_claims_another_kind(bench: Bench) -> None:
    document = bench.fetch("xcar.other-template", documents=asked("2.999.9.1")).documents[0]
    assert cda.parse_header(document.content).kind == "edispensation"


def test_inline_answer_is_no_package(bench: Bench) -> None:
    answer = bench.ask("ITI-39", "xcar.inline")
    assert dict(answer.headers)["Content-Type"] == soap.CONTENT_TYPE
    assert {d.form for d in fetched(answer).documents} == {"inline"}


@pytest.mark.parametrize(
    ("fault", "words"),
    [("xcpd.no-mach", "did you mean 'xcpd.no-match'"), ("xcar.inline", "not for this transaction")],
    ids=["unknown", "of another transaction"],
)
def test_fault_that_cannot_be_is_the_authors_to_change(fault: str, words: str, bench: Bench) -> None:
    with pytest.raises(ScenarioError, match=words):
        bench.ask("ITI-55", fault)


def test_fault_the_population_cannot_show_is_named(bench: Bench) -> None:
    alone = replace(POPULATION, documents=POPULATION.documents[:2])
    with pytest.raises(ScenarioError, match="another patient"):
        bench.ask("ITI-39", "xcar.other-patient", population=alone)


def test_unknown_patient_to_answer_with_is_named(bench: Bench) -> None:
    with pytest.raises(ScenarioError, match="unknown patient"):
        bench.discover(reply="nobody")
