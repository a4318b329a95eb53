"""The catalogue that is shipped: complete, bilingual and consistent in itself."""

import re
from pathlib import Path

import pytest

from harness.model import TRANSACTIONS
from harness.packs import Library, bundled_data, lint, load_library

COUNTS = {
    "TRN-A": 15,
    "TRN-B": 11,
    "XCPD-A": 49,
    "XCPD-B": 21,
    "XCAQ-A": 43,
    "XCAQ-B": 14,
    "XCAR-A": 22,
    "XCAR-B": 8,
    "XDR-A": 26,
    "XDR-B": 13,
    "SAML-HCP": 17,
    "SAML-TRC": 10,
    "SAML-NOK": 6,
    "STS": 6,
    "AUD": 14,
    "DSC": 9,
    "CDA": 14,
    "GEN": 6,
}


@pytest.fixture(scope="module")
def bundled() -> Library:
    return load_library(bundled_data())


def test_there_are_304_requirements_in_their_groups_and_in_order(bundled: Library) -> None:
    expected = [f"{group}-{i:03d}" for group, count in COUNTS.items() for i in range(1, count + 1)]
    assert list(bundled.requirements) == expected
    assert len(expected) == 304
    assert list(bundled.catalogue.groups) == list(COUNTS)


def test_every_requirement_is_written_in_both_languages(bundled: Library) -> None:
    for requirement in bundled.requirements.values():
        assert requirement.text.en, requirement.id
        assert requirement.text.fr, requirement.id


def test_french_texts_keep_the_spaces_of_french_typography(bundled: Library) -> None:
    texts = [r.text.fr for r in bundled.requirements.values()]
    alterations = (*bundled.catalogue.mutations.values(), *bundled.catalogue.faults.values())
    texts += [t for a in alterations for t in (a.title.fr, a.explains.fr)]
    wrong = [t for t in texts if re.search(r" [:;?!»]|« |\w[?!;](?:\s|$)", t)]
    assert wrong == []


def test_words_of_the_protocol_are_the_same_in_both_languages(bundled: Library) -> None:
    for requirement in bundled.requirements.values():
        codes = re.findall(
            r"\b(?:ERROR_[A-Z_]+|PRPA_[A-Z0-9]+|EHDSI-[0-9]+|[0-9]+(?:\.[0-9]+){4,})", requirement.text.en
        )
        assert [c for c in codes if c not in requirement.text.fr] == [], requirement.id


def test_every_requirement_names_its_sources(bundled: Library) -> None:
    for requirement in bundled.requirements.values():
        assert requirement.sources, requirement.id
        assert all(len(source) > 12 for source in requirement.sources), requirement.id


def test_group_decides_actor_and_transaction(bundled: Library) -> None:
    for requirement in bundled.requirements.values():
        if requirement.group.endswith("-A"):
            assert requirement.actor == "ncpeh-a", requirement.id
        if requirement.group.endswith("-B"):
            assert requirement.actor == "ncpeh-b", requirement.id
    assert bundled.requirements["XCAR-B-003"].transaction == "ITI-39"
    assert bundled.requirements["SAML-HCP-016"].actor == "both"


def test_there_are_48_deviations_of_known_requirements(bundled: Library) -> None:
    assert list(bundled.catalogue.deviations) == [f"DEV-{i:02d}" for i in range(1, 49)]
    named = {r for d in bundled.catalogue.deviations.values() for r in d.requirements}
    assert named <= set(bundled.requirements)


def test_mutations_and_faults_are_named_for_known_transactions_and_explained(bundled: Library) -> None:
    assert len(bundled.catalogue.mutations) == 203
    assert len(bundled.catalogue.faults) == 110
    for alteration in (*bundled.catalogue.mutations.values(), *bundled.catalogue.faults.values()):
        assert set(alteration.transactions) <= set(TRANSACTIONS), alteration.name
        assert alteration.explains.en, alteration.name
        assert alteration.explains.fr, alteration.name
    assert {n for n, m in bundled.catalogue.mutations.items() if m.conformant} == {
        "saml.hcp.comment-in-name-id",
        "saml.hcp.comment-in-subject-id",
        "saml.hcp.within-tolerance",
        "saml.nok.last",
        "saml.trc.comment-in-name-id",
        "saml.trc.comment-in-subject-id",
        "tls.version.1-2-only",
        "http.body.chunked",
        "http.request.wsdl",
        "xdr.document.inline",
        "xml.comment.added",
        "xml.byte-order-mark.added",
        "tls.client-certificate.other-host",
    }


def test_the_shipped_files_give_no_warning(bundled: Library) -> None:
    folders = [bundled.root / "requirements", bundled.root / "catalogue"]
    assert lint(folders, bundled) == ()


def test_a_negative_security_scenario_is_right_against_the_shipped_catalogue(bundled: Library, files: Path) -> None:
    assert lint([files / "bundled"], bundled) == ()
