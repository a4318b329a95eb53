"""Our metadata publisher: what it publishes is taken by a careful country B, each fault of it refused for its own reason."""

from datetime import timedelta
from pathlib import Path

import pytest

from harness.errors import ScenarioError, WireError
from harness.model import HttpRecord, OurSide, Population, TlsFacts
from harness.packs import bundled_data, load_library
from harness.peers import FAULTS, Incoming, Pki, PlannedAnswer, Publisher
from harness.peers.discovery import take_endpoint
from harness.peers.publishing import AFTER_SIGNING, BEFORE_SIGNING
from harness.wire import searchmask, smp, x509
from tests.peers.peer_bench import NOW

ENDPOINTS = {key: f"https://peer.example/{key}" for key in ("xcpd", "xca", "xdr")}
CALLED = [key for key, service in smp.SERVICES.items() if service.endpoint]
SMP_FAULTS = {name for name, fault in FAULTS.items() if fault.transactions == ("SMP",)}

REFUSED = {
    "smp.signature.bad": "signature-digest",
    "smp.signature.missing": "wrong-root",
    "smp.signer.untrusted": "untrusted",
    "smp.signer.expired": "untrusted",
    "smp.certificate.missing": "certificate",
    "smp.endpoint.none": "endpoint-count",
    "smp.endpoint.two": "endpoint-count",
    "smp.endpoint.expired": "inactive",
    "smp.participant.other": "participant",
    "smp.answer.huge": "too-large",
}
"""Fault to the kind of error for which a careful country B refuses it."""


@pytest.fixture(scope="module")
def population() -> Population:
    return load_library(bundled_data()).populations["default"]


@pytest.fixture
def pki(ours: Pki) -> Pki:
    return ours


@pytest.fixture
def publisher(pki: Pki, population: Population) -> Publisher:
    return Publisher(
        ours=OurSide(),
        pki=pki,
        population=population,
        endpoints=ENDPOINTS,
        unserved="https://nobody.example/",
        clock=lambda: pki.at,
    )


def asked(path: str) -> Incoming:
    return Incoming(
        number=1,
        request=HttpRecord(raw=b"", body=b"", start_line=f"GET {path} HTTP/1.1", headers=()),
        tls=TlsFacts(version="TLSv1.3", cipher=""),
        url=f"https://peer.example:1/smp{path}",
        transaction="SMP",
        arrived_at=NOW,
        arrived=0.0,
    )


def path_of(service: str, country: str = "BE") -> str:
    return smp.service_path(smp.participant_of(country), smp.document_of(service))


def lookup(publisher: Publisher, service: str = "ITI-55") -> PlannedAnswer:
    return publisher.answer(asked(path_of(service)))[0]


def taken(pki: Pki, answer: PlannedAnswer, service: str = "ITI-55") -> smp.Endpoint | smp.Redirect:
    return take_endpoint(answer.body, country="BE", service=service, anchors=(pki.authority.certificate,), at=pki.at)


@pytest.mark.parametrize("service", CALLED)
def test_each_service_is_published_with_its_endpoint_and_our_certificate(
    service: str, publisher: Publisher, pki: Pki
) -> None:
    endpoint = taken(pki, lookup(publisher, service), service)
    assert isinstance(endpoint, smp.Endpoint)
    assert endpoint.uri == ENDPOINTS[smp.SERVICES[service].endpoint]
    assert endpoint.certificate == x509.certificate_der(pki.tls.certificate)


def test_the_services_are_listed_and_each_reference_leads_to_one(publisher: Publisher) -> None:
    answer, _ = publisher.answer(asked(smp.group_path(smp.participant_of("BE"))))
    group = smp.parse_group(answer.body)
    assert len(group.references) == len(smp.SERVICES)
    for reference in group.references:
        assert publisher.answer(asked(reference.removeprefix("https://peer.example:1/smp")))[0].status == 200


@pytest.mark.parametrize(
    ("path", "status"),
    [
        (path_of("ITI-55", "FR"), 404),
        (smp.service_path(smp.participant_of("BE"), smp.Identifier(scheme="x", value="y")), 404),
        ("/a/b/c/d", 400),
    ],
    ids=["another country", "an unknown service", "no path of metadata"],
)
def test_what_is_not_ours_is_not_published(path: str, status: int, publisher: Publisher) -> None:
    assert publisher.answer(asked(path))[0].status == status


def test_the_mask_asks_for_one_of_the_identifiers_of_the_population(
    publisher: Publisher, population: Population
) -> None:
    held = smp.parse_metadata(lookup(publisher, "search-mask").body).endpoints[0].extension
    mask = searchmask.parse_mask(held)
    assert not list(searchmask.unreadable_fields(mask))
    fields = {f.domain: f for g in searchmask.wanted_ids(mask) for f in g.ids}
    for patient in population.patients.values():
        assert all(searchmask.accepts(fields[i.root], i.extension, mask.form) for i in patient.ids)


def test_every_fault_of_metadata_is_tested() -> None:
    conformant = {"smp.endpoint.moved", "search-mask.birth-date.mandatory", "search-mask.format.other"}
    assert {*BEFORE_SIGNING, *AFTER_SIGNING} == SMP_FAULTS == {*REFUSED, *conformant, "smp.redirect.loop"}


@pytest.mark.parametrize("name", REFUSED)
def test_a_fault_is_refused_for_its_own_reason_alone(name: str, publisher: Publisher, pki: Pki) -> None:
    publisher.publish((name,))
    answer, altered = publisher.answer(asked(path_of("ITI-55")))
    assert altered == (name,)
    with pytest.raises(WireError) as caught:
        taken(pki, answer)
    assert caught.value.kind == REFUSED[name]


UNSIGNED = {
    "smp.certificate.missing",
    "smp.endpoint.none",
    "smp.endpoint.two",
    "smp.endpoint.expired",
    "smp.participant.other",
}


@pytest.mark.parametrize("name", sorted(UNSIGNED | {"smp.redirect.loop", "search-mask.format.other"}))
def test_a_fault_of_the_content_is_signed_as_ever(name: str, publisher: Publisher, pki: Pki) -> None:
    publisher.publish((name,))
    for service in ("ITI-55", "search-mask"):
        signed = smp.verify_metadata(lookup(publisher, service).body, anchors=(pki.authority.certificate,), at=pki.at)
        assert signed.facts.chain_problem is None


def test_a_moved_endpoint_is_right_at_the_second_lookup_of_each_row(publisher: Publisher, pki: Pki) -> None:
    for _ in range(2):
        publisher.publish(("smp.endpoint.moved",))
        first, second = publisher.answer(asked(path_of("ITI-55"))), publisher.answer(asked(path_of("ITI-55")))
        assert first[1] == ("smp.endpoint.moved",)
        assert second[1] == ()
        assert [getattr(taken(pki, a), "uri", "") for a, _ in (first, second)] == [
            "https://nobody.example/",
            ENDPOINTS["xcpd"],
        ]


def test_a_redirect_leads_to_itself(publisher: Publisher, pki: Pki) -> None:
    publisher.publish(("smp.redirect.loop",))
    found = taken(pki, lookup(publisher))
    assert isinstance(found, smp.Redirect)
    assert found.href == asked(path_of("ITI-55")).url


def test_the_mask_changes_where_its_fault_says_and_nothing_else(publisher: Publisher) -> None:
    def fields() -> list[searchmask.Field]:
        held = smp.parse_metadata(lookup(publisher, "search-mask").body).endpoints[0].extension
        patient = searchmask.parse_mask(held).patient
        assert patient is not None
        return list(patient.all_fields)

    plain = fields()
    for name, kind in (
        ("search-mask.birth-date.mandatory", searchmask.BIRTH),
        ("search-mask.format.other", searchmask.ID),
    ):
        publisher.publish((name,))
        changed = [old for old, new in zip(plain, fields(), strict=True) if old != new]
        assert {f.kind for f in changed} == {kind}


def test_an_unknown_fault_is_an_error_of_the_scenario(publisher: Publisher) -> None:
    with pytest.raises(ScenarioError, match="unknown fault"):
        publisher.publish(("smp.signature.wrong",))


def test_metadata_before_their_time_are_refused(publisher: Publisher, pki: Pki) -> None:
    early = pki.at - timedelta(hours=30)
    with pytest.raises(WireError):
        take_endpoint(
            lookup(publisher).body, country="BE", service="ITI-55", anchors=(pki.authority.certificate,), at=early
        )


def test_the_catalogue_tells_about_every_fault_in_both_languages() -> None:
    known = load_library(bundled_data()).catalogue.faults
    for name in SMP_FAULTS:
        assert known[name].explains.en != known[name].explains.fr
    assert Path(known["smp.signature.bad"].at.file).name == "reply-faults.yaml"
