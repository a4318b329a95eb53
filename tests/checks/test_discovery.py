"""Lookups of service metadata and queries under a search mask: right ones give nothing, each wrong one its requirement."""

from dataclasses import replace

import pytest

from harness import checks
from harness.model import Exchange, HttpRecord, Party, PatientId, hints
from harness.wire import searchmask, smp, xcpd
from harness.wire.searchmask import Field, IdGroup, Search, SearchMask
from harness.wire.xcpd import Ii
from tests.checks import checks_support as cs

DISCOVERY_REQUIREMENTS = {"DSC-001", "DSC-006", "XCPD-B-013"}
CARD = Field(kind=searchmask.ID, label="card", domain="2.999.250.1", format="P-[0-9]{4}", mandatory=True)
PASSPORT = replace(CARD, domain="2.999.250.7", format="[0-9]+")
BIRTH = Field(kind=searchmask.BIRTH, label="label.ism.birthDate", format="[0-9]{4}-[0-9]{2}-[0-9]{2}")
OTHERS = (
    BIRTH,
    Field(kind=searchmask.GENDER, label="label.ism.gender"),
    Field(kind=searchmask.TEXT, label="label.ism.familyName"),
    Field(kind=searchmask.TEXT, label="label.ism.givenName"),
)
MASK = SearchMask(
    country="BE",
    patient=Search(identifier_type="CHOICE", groups=(IdGroup(ids=(CARD,)), IdGroup(ids=(PASSPORT,))), fields=OTHERS),
)


def record(start_line: str, body: bytes = b"") -> HttpRecord:
    raw = f"{start_line}\r\n\r\n".encode() + body
    return HttpRecord(raw=raw, body=body, start_line=start_line, headers=())


def lookup(
    mask: SearchMask | bytes | None = MASK,
    *,
    by: Party = Party.SUT,
    path: str | None = None,
    altered: tuple[str, ...] = (),
    status: int = 200,
) -> Exchange:
    """A lookup of the search mask: by country B at our publisher, or by us at the one of country A."""
    country = "BE" if by is Party.SUT else "FR"
    participant, document = smp.participant_of(country), smp.document_of("search-mask")
    extension = searchmask.build_mask(mask) if isinstance(mask, SearchMask) else mask or b""
    process = smp.Process(
        identifier=smp.Identifier(value="urn:x"), endpoints=(smp.Endpoint(transport="none", extension=extension),)
    )
    metadata = smp.ServiceMetadata(participant=participant, document=document, processes=(process,))
    target = path or "/smp" + smp.service_path(participant, document)
    return Exchange(
        id="x0001",
        transaction="SMP",
        initiator=by,
        url=f"https://smp.example{target}",
        started_at=cs.AT,
        duration_s=0.01,
        request=record(f"GET {target} HTTP/1.1"),
        response=record(f"HTTP/1.1 {status} OK", smp.build_metadata(metadata)),
        altered=altered,
    )


def judged(exchange: Exchange, actor: str, earlier: tuple[Exchange, ...] = ()) -> dict[str, int]:
    """Requirement to the number of findings, of the discovery checks that apply."""
    context = replace(cs.identify().context(actor), earlier=tuple(map(checks.view, earlier)))
    results = checks.automatic(checks.view(exchange), context)
    assert all(f.next in hints() for r in results for f in r.findings)
    return {r.requirement: len(r.findings) for r in results if r.requirement in DISCOVERY_REQUIREMENTS}


PARTICIPANTS = {
    "right": ("ehealth-participantid-qns::urn:ehealth:be:ncp-idp", 0),
    "in capitals": ("EHEALTH-PARTICIPANTID-QNS::urn:ehealth:BE:ncp-idp", 0),
    "percent-encoded": ("ehealth-participantid-qns%3A%3Aurn%3Aehealth%3Abe%3Ancp-idp", 0),
    "another country": ("ehealth-participantid-qns::urn:ehealth:fr:ncp-idp", 1),
    "another scheme": ("iso6523-actorid-upis::urn:ehealth:be:ncp-idp", 1),
    "another form": ("ehealth-participantid-qns::urn:ehealth:be:ncpb", 1),
    "no scheme": ("urn%3Aehealth%3Abe%3Ancp-idp", 1),
}


@pytest.mark.parametrize("what", PARTICIPANTS)
def test_a_lookup_names_the_participant_in_its_scheme(what: str) -> None:
    participant, findings = PARTICIPANTS[what]
    path = f"/smp/{participant}/services/ehealth-resid-qns::{smp.SERVICES['ITI-55'].document.replace('#', '%23')}"
    assert judged(lookup(path=path), "ncpeh-b")["DSC-001"] == findings


def test_a_lookup_of_nothing_that_a_publisher_has_is_no_lookup_of_the_country() -> None:
    assert judged(lookup(path="/"), "ncpeh-b")["DSC-001"] == 1


def test_a_lookup_is_judged_on_what_the_system_wrote_only() -> None:
    assert judged(lookup(), "ncpeh-b") == {"DSC-001": 0}
    assert judged(lookup(by=Party.PEER), "ncpeh-a") == {"DSC-006": 0}
    assert judged(lookup(), "ncpeh-a") == {}


MASKS: dict[str, tuple[SearchMask | bytes | None, int]] = {
    "right": (MASK, 0),
    "older form": (replace(MASK, form=searchmask.OLDER, patient=Search(ids=(replace(CARD, format="LL"),))), 0),
    "no mask": (None, 1),
    "no search mask at all": (b"<other/>", 1),
    "no identifier": (replace(MASK, patient=Search(fields=OTHERS)), 1),
    "identifier without domain": (replace(MASK, patient=Search(ids=(replace(CARD, domain=""),))), 1),
    "broken format": (replace(MASK, patient=Search(ids=(CARD, replace(PASSPORT, format="([")))), 1),
}


@pytest.mark.parametrize("what", MASKS)
def test_the_mask_of_country_a_has_to_be_readable(what: str) -> None:
    mask, findings = MASKS[what]
    assert judged(lookup(mask, by=Party.PEER), "ncpeh-a")["DSC-006"] == findings


def test_an_answer_without_metadata_says_nothing_about_the_mask() -> None:
    assert "DSC-006" not in judged(lookup(by=Party.PEER, status=404), "ncpeh-a")


def query(**changes: object) -> Exchange:
    made = cs.identify()
    return made.asked(**changes).view(Party.SUT).exchange


def ids(root: str, extension: str) -> tuple[Ii, ...]:
    return (Ii(root=root, extension=extension),)


def only(*fields: Field) -> SearchMask:
    return replace(MASK, patient=Search(ids=(CARD,), fields=fields))


QUERIES: dict[str, tuple[dict[str, object], SearchMask, int]] = {
    "right": ({}, MASK, 0),
    "another of the identifiers": ({"ids": ids("2.999.250.7", "123")}, MASK, 0),
    "an unknown root": ({"ids": ids("2.999.250.9", "123")}, MASK, 2),
    "another format": ({"ids": ids("2.999.250.1", "123")}, MASK, 1),
    "no identifier": ({"ids": ()}, MASK, 1),
    "mandatory birth date is sent": ({}, only(replace(BIRTH, mandatory=True), *OTHERS[1:]), 0),
    "mandatory birth date is missing": (
        {"birth": None},
        only(replace(BIRTH, mandatory=True), *OTHERS[1:]),
        1,
    ),
    "birth date of another form": ({}, only(replace(BIRTH, format="[0-9]{4}"), *OTHERS[1:]), 1),
    "traits nobody asked for": ({"gender": None}, only(), 3),
}


@pytest.mark.parametrize("what", QUERIES)
def test_a_query_follows_the_mask_that_was_published(what: str) -> None:
    changes, mask, findings = QUERIES[what]
    assert judged(query(**changes), "ncpeh-b", (lookup(mask),))["XCPD-B-013"] == findings


def test_a_query_is_not_held_against_a_mask_the_system_never_got_or_had_to_refuse() -> None:
    assert "XCPD-B-013" not in judged(query(), "ncpeh-b")
    refused = lookup(replace(MASK, patient=Search(ids=(PASSPORT,))), altered=("smp.signature.bad",))
    assert "XCPD-B-013" not in judged(query(), "ncpeh-b", (refused,))


def test_a_lookup_is_described_without_soap() -> None:
    assert checks.describe(checks.view(lookup())) == "SMP request for search-mask"
    assert checks.describe(checks.view(lookup(by=Party.PEER))) == "HTTP 200, 1 endpoint"
    assert checks.ordinary_answer(checks.view(lookup(by=Party.PEER))) is None
    assert checks.ordinary_answer(checks.view(lookup(by=Party.PEER, status=500))) is not None
    facts = checks.facts(checks.view(lookup(by=Party.PEER)))["metadata"]
    assert isinstance(facts, dict)
    assert (facts["service"], facts["signature"]) == ("search-mask", "wrong-root")


def test_identifiers_of_the_sample_patient_fit_the_mask() -> None:
    assert PatientId(root=CARD.domain, extension="P-0001") == cs.PATIENT_ID
    assert isinstance(cs.identify().query, xcpd.DiscoveryQuery)
