"""Every package of the corpus is recognised and whole, or says exactly which file it lacks."""

import re
from pathlib import Path

import pytest
from lxml import etree

from harness.model import Layer
from harness.packs.artefacts import contents_of, load_pack

pytestmark = pytest.mark.corpus

ANS_LAYERS_NOT_COLLECTED = {
    "infrastructure/cda/CDA_extended.xsd",
    "schematrons/profils/terminologies/schematron/terminologie.sch",
}
"""Layers of the ANS tool that the corpus keeps elsewhere or not at all; the manifest lists only what was never published."""


def never_published(corpus: Path, name: str) -> set[str]:
    """What the manifest says about a Schematron set: files its schemas name and nobody published."""
    text = (corpus / "manifest.yaml").read_text(encoding="utf-8")
    found = re.search(rf'^  {re.escape(name)}: .*?"referenced_but_never_published": \[(.*?)\]', text, re.MULTILINE)
    assert found
    return set(re.findall(r'"([^"]+)"', found[1]))


@pytest.mark.parametrize("name", ["ehdsi-20240422", "ehdsi-20220131", "ans"])
def test_schematron_set_lacks_what_was_never_published_and_nothing_else(corpus: Path, name: str) -> None:
    pack = load_pack(corpus / "artefacts" / "schematron" / name)
    missing = {m for a in pack.artefacts for m in a.missing}
    assert missing - ANS_LAYERS_NOT_COLLECTED == never_published(corpus, name)
    assert pack.complete is not bool(missing)
    entries = re.findall(rf'"path": "artefacts/schematron/{name}/([^"]+)".*?"entry": true', manifest(corpus))
    assert {a.path.relative_to(pack.root).as_posix() for a in pack.artefacts if a.path.is_file()} == set(entries)


def manifest(corpus: Path) -> str:
    return (corpus / "manifest.yaml").read_text(encoding="utf-8")


def test_every_schema_set_is_recognised_whole_and_compiles(corpus: Path) -> None:
    folders = sorted((corpus / "artefacts" / "xsd").iterdir())
    assert len(folders) >= 20
    for folder in folders:
        pack = load_pack(folder)
        assert pack.complete, folder.name
        judging = [a for a in pack.artefacts if not a.lacking]
        assert judging, folder.name
        for artefact in judging[:3]:
            assert artefact.layer is Layer.XSD
            assert etree.XMLSchema(etree.parse(artefact.path)), artefact.id


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("audit-openncp", "message:AuditMessage"),
        ("audit-rfc3881", "message:AuditMessage"),
        ("cda-ips", "cda:other"),
        ("ebxml-epsos", "message:RegistryResponse"),
        ("ihe-xds-openncp", "message:AdhocQueryRequest"),
        ("ws-trust-1.3", "message:RequestSecurityToken"),
        ("xcpd-plq", "message:PatientLocationQueryRequest"),
    ],
)
def test_plain_schema_set_judges_the_messages_it_is_for(corpus: Path, name: str, kind: str) -> None:
    artefacts = load_pack(corpus / "artefacts" / "xsd" / name).artefacts
    fitting = [a for a in artefacts if any(kind == g or (g == "cda:*" and kind.startswith("cda:")) for g in a.applies)]
    assert len(fitting) == 1


def test_value_sets_are_a_pack_of_their_own(corpus: Path) -> None:
    pack = load_pack(corpus / "artefacts" / "valuesets" / "svs-openncp")
    assert [a.layer for a in pack.artefacts] == [Layer.TERMINOLOGY]
    assert contents_of(pack)["value-sets"].value_sets > 20
