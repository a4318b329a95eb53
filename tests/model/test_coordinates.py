"""The table of validators and the labels they had elsewhere."""

import pytest

from harness.model import OBJECT_VALIDATORS, choose_document, old_label
from harness.model.coordinates import _CURRENT, _OLD

FAMILIES = {"saml": 3, "cda": 3, "xcpd": 2, "audit": 13, "xdr": 8, "xca": 16, "certificate": 3}


def test_the_table_is_whole() -> None:
    found = [v.family for v in OBJECT_VALIDATORS.values()]
    assert {f: found.count(f) for f in set(found)} == FAMILIES


def test_every_validator_is_named_in_both_languages() -> None:
    assert all(v.title.en and v.title.fr and v.title.en != v.title.fr for v in OBJECT_VALIDATORS.values())


def test_every_label_leads_to_a_validator_and_every_validator_had_one() -> None:
    named = {f"eu.ehdsi:{name}" for name in (*_CURRENT.values(), *_OLD.values()) if name}
    assert named <= set(OBJECT_VALIDATORS)
    assert {v.coordinate for v in OBJECT_VALIDATORS.values() if v.family != "certificate"} <= named


@pytest.mark.parametrize(
    ("label", "coordinate"),
    [
        ("eHDSI - FRIENDLY CDA (L3) validation - Wave 7 (V7.2.0)", "eu.ehdsi:cda-friendly-l3"),
        ("eHDSI - PIVOT CDA (L1) validation - Wave 9 (V9.1.0)", "eu.ehdsi:cda-pivot-l1"),
        ("epSOS-2 - Fetch Document Service (Service Provider)", "eu.ehdsi:audit-fetch-sp"),
        ("epSOS - Patient Service Audit (Service Consumer)", "eu.ehdsi:audit-fetch-sc"),
        ("epSOS-2 - Import of an epSOS NCP Trusted Service List", "eu.ehdsi:audit-tsl-import"),
        ("epSOS OrderService : list - request (V1 XCA)", "eu.ehdsi:xca-ep-list-request"),
        ("epSOS PatientService:list - response(V2.2 XCF)", "eu.ehdsi:xca-ps-list-response"),
        ("epSOS-2 FetchDocumentService QUERY - request", "eu.ehdsi:xca-fetch-query-request"),
        ("epSOS ConsentService:put - response", "eu.ehdsi:xdr-consent-put-response"),
        ("epSOS ConsentService:discard - request", ""),
        ("epSOS - Patient ID Mapping Audit", ""),
    ],
    ids=lambda value: value or "none",
)
def test_label_is_known_whatever_its_wave(label: str, coordinate: str) -> None:
    found = old_label(label)

    assert found is not None
    assert found.coordinate == coordinate


@pytest.mark.parametrize("text", ["auto", "eu.ehdsi:saml-hcp", "cda:patient-summary:3", "epSOS - something else"])
def test_other_text_is_no_label(text: str) -> None:
    assert old_label(text) is None


@pytest.mark.parametrize(
    ("level", "form", "coordinates"),
    [
        ("3", "pivot", ["eu.ehdsi:cda-pivot-l3"]),
        ("3", "friendly", ["eu.ehdsi:cda-friendly-l3"]),
        ("3", "undetermined", ["eu.ehdsi:cda-pivot-l3", "eu.ehdsi:cda-friendly-l3"]),
        ("3", "national", []),
        ("1", "wrapped-original", ["eu.ehdsi:cda-pivot-l1"]),
        ("1", "national", []),
    ],
)
def test_document_is_chosen_by_level_and_form(level: str, form: str, coordinates: list[str]) -> None:
    assert [v.coordinate for v in choose_document(level, form).candidates] == coordinates
