"""The built-in pack is complete: its files are reached, its references lead somewhere, its requirements exist."""

import re
from pathlib import Path

import pytest

from harness.packs.artefacts import Pack

PROJECT = Path(__file__).resolve().parent.parent.parent
SCHEMAS = PROJECT / "schemas"
REFERENCE = re.compile(r'schemaLocation="([^"]+)"')


def reached_from(entry: Path) -> set[Path]:
    """`entry` and every schema it includes or imports."""
    reached: set[Path] = set()
    waiting = [entry]
    while waiting:
        path = waiting.pop().resolve()
        if path not in reached:
            reached.add(path)
            waiting += [path.parent / name for name in REFERENCE.findall(path.read_text(encoding="utf-8"))]
    return reached


def test_pack_has_no_missing_file(builtin_pack: Pack) -> None:
    assert builtin_pack.complete
    assert builtin_pack.coordinate == "org.projectathon-harness:builtin:0.1.0"


def test_every_schema_file_belongs_to_an_artefact(builtin_pack: Pack) -> None:
    reached = {path for artefact in builtin_pack.artefacts for path in reached_from(artefact.path)}

    assert {p.resolve() for p in SCHEMAS.rglob("*.xsd")} | {p.resolve() for p in SCHEMAS.rglob("*.sch")} == reached


@pytest.mark.parametrize("language", ["en", "fr"])
def test_pack_has_a_title(builtin_pack: Pack, language: str) -> None:
    assert builtin_pack.title.in_(language)


def test_every_artefact_names_its_sources(builtin_pack: Pack) -> None:
    assert [a.id for a in builtin_pack.artefacts if not a.sources] == []


def test_requirements_of_artefacts_are_in_the_catalogue(builtin_pack: Pack) -> None:
    catalogue = "\n".join(
        p.read_text(encoding="utf-8") for p in (PROJECT / "scenarios" / "requirements").glob("*.yaml")
    )

    named = [a.requirement for a in builtin_pack.artefacts if a.requirement]
    assert [r for r in named if not re.search(rf"\b{r}\b", catalogue)] == []


@pytest.mark.parametrize(
    ("kind", "ids"),
    [
        ("cda:patient-summary:3", ["cda-header", "cda-xsd", "ps-l3"]),
        ("cda:patient-summary:1", ["cda-header", "cda-xsd", "ps-l1"]),
        ("cda:orcd-laboratory:1", ["cda-header", "cda-xsd", "orcd"]),
        ("cda:eprescription:3", ["cda-header", "cda-xsd", "ep-l3"]),
        ("cda:eprescription:1", ["cda-header", "cda-xsd", "ep-l1"]),
        ("cda:edispensation:3", ["cda-header", "cda-xsd", "ed-l3"]),
        ("cda:other", ["cda-xsd"]),
        ("message:ProvideAndRegisterDocumentSetRequest", ["xdr-submission", "xds-xsd"]),
        ("message:RegistryResponse", ["registry-response-xsd", "xdr-answer"]),
        ("message:Envelope", ["soap-xsd"]),
        ("message:PRPA_IN201306UV02", ["xcpd-answer", "xcpd-answer-xsd"]),
        ("message:AdhocQueryResponse", ["xca-answer", "xca-query-xsd"]),
        ("message:RetrieveDocumentSetResponse", ["xds-xsd"]),
        ("message:SignedServiceMetadata", ["smp-xsd"]),
    ],
)
def test_artefacts_for_a_kind(builtin_pack: Pack, kind: str, ids: list[str]) -> None:
    assert sorted(a.id for a in builtin_pack.artefacts if a.fits(kind, {})) == ids
