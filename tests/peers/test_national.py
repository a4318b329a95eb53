"""The store behind the simulated country A: states of the population, and what replies set for the rest of a row."""

from dataclasses import replace
from pathlib import Path

import pytest

from harness.errors import ScenarioError
from harness.model import HttpRecord, Population
from harness.packs import load_population
from harness.peers import Pki, RespondingGateway
from harness.peers.national import NationalStore
from harness.wire import codes, soap, xds
from tests.peers.peer_bench import POPULATION, prepared, record, responder

APPROVED, DEPRECATED = codes.ENTRY_APPROVED, codes.ENTRY_DEPRECATED
BUNDLED = Path(__file__).resolve().parents[2] / "scenarios" / "populations" / "default.yaml"


@pytest.fixture(scope="module")
def bundled() -> Population:
    return load_population(BUNDLED)


def listed(store: NationalStore, held: Population, patient: str, *statuses: str) -> list[str]:
    found = store.listed(held.patients[patient], ("patient-summary",), statuses or (APPROVED,))
    return [d.key for d, _ in found]


def test_only_the_current_version_is_found_among_approved_entries(bundled: Population) -> None:
    store = NationalStore(bundled)

    assert listed(store, bundled, "pt-versions") == ["ps-versions-new-3", "ps-versions-new-1"]
    assert listed(store, bundled, "pt-versions", DEPRECATED) == ["ps-versions-old-3", "ps-versions-old-1"]
    assert len(listed(store, bundled, "pt-versions", APPROVED, DEPRECATED)) == 4


def test_hidden_documents_are_neither_listed_nor_handed_out(bundled: Population) -> None:
    store = NationalStore(bundled)
    hidden = next(d for d in bundled.documents if d.status == "hidden")

    assert listed(store, bundled, "pt-hidden", APPROVED, DEPRECATED) == []
    assert store.retrievable(hidden.unique_id) is None


def test_withdrawn_documents_are_listed_and_gone(bundled: Population) -> None:
    store = NationalStore(bundled)
    gone = next(d for d in bundled.documents if d.status == "withdrawn")

    assert listed(store, bundled, "pt-withdrawn")
    assert store.retrievable(gone.unique_id) is None


def test_what_lies_outside_is_never_in_the_store(bundled: Population) -> None:
    store = NationalStore(bundled)
    outside = next(d for d in bundled.documents if d.status == "outside")
    store.change({"documents": "shared"})

    assert store.retrievable(outside.unique_id) is None


def test_a_change_holds_until_the_reset(bundled: Population) -> None:
    store = NationalStore(bundled)
    nominal = bundled.patients["pt-nominal"]
    store.change({"consent": "pending", "documents": {"ps-nominal-3": "hidden"}})
    store.change({})

    assert not store.consents(nominal)
    assert listed(store, bundled, "pt-nominal") == ["ps-nominal-1"]
    store.reset()
    assert store.consents(nominal)
    assert listed(store, bundled, "pt-nominal") == ["ps-nominal-3", "ps-nominal-1"]


def test_consent_can_be_given_to_who_refuses(bundled: Population) -> None:
    store = NationalStore(bundled)
    store.change({"consent": "granted"})

    assert store.consents(bundled.patients["pt-no-consent"])


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"consent": "refusd"}, "unknown consent.*did you mean 'refused'"),
        ({"documents": "hiden"}, "unknown status.*did you mean 'hidden'"),
        ({"documents": "outside"}, "unknown status"),
        ({"documents": {"ps-nominal": "hidden"}}, "unknown document.*did you mean 'ps-nominal-3'"),
        ({"documents": {"ps-nominal-3": "gone"}}, "unknown status"),
    ],
    ids=["consent", "status", "outside", "key", "status-of-key"],
)
def test_wrong_words_are_the_authors_to_change(bundled: Population, arguments: dict[str, object], words: str) -> None:
    with pytest.raises(ScenarioError, match=words):
        NationalStore(bundled).change(arguments)  # type: ignore[arg-type]


# --- through the gateway


def listing(gateway: RespondingGateway, request: HttpRecord, **reply: str) -> xds.QueryAnswer:
    answer = gateway.answer(request, "ITI-38", reply, ())
    payload = soap.parse_message(dict(answer.headers)["Content-Type"], answer.body).payload
    assert payload is not None
    return xds.parse_query_answer(payload)


def test_versions_are_linked_when_both_are_asked_for(ours: Pki, theirs: Pki) -> None:
    first, *others = POPULATION.documents
    old = replace(first, key="old", unique_id="2.999.9.77", status="deprecated")
    held = replace(POPULATION, documents=(replace(first, replaces="old"), old, *others))
    request = record(prepared(ours, theirs.anchors, "ITI-38").request)
    both = replace(request, body=request.body.replace(APPROVED.encode(), f"{APPROVED}','{DEPRECATED}".encode()))
    alone = listing(responder(held), request)
    together = listing(responder(held), both)

    assert DEPRECATED not in {e.status for e in alone.entries}
    assert DEPRECATED in {e.status for e in together.entries}
    assert codes.ASSOCIATION_RPLC not in {a.type for a in alone.associations}
    assert codes.ASSOCIATION_RPLC in {a.type for a in together.associations}


def test_a_reply_changes_the_store_for_the_answers_that_follow(ours: Pki, theirs: Pki) -> None:
    gateway = responder(POPULATION)
    request = record(prepared(ours, theirs.anchors, "ITI-38").request)

    assert [e.code for e in listing(gateway, request, consent="refused").errors] == ["4701"]
    assert [e.code for e in listing(gateway, request).errors] == ["4701"]
    gateway.reset()
    assert listing(gateway, request).entries
    assert [e.code for e in listing(gateway, request, documents="hidden").errors] == ["1102"]
