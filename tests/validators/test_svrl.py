"""Reports in SVRL: what stands in them, and that they are valid by our own schema of the language."""

from pathlib import Path

import pytest
from lxml import etree

from harness.packs.artefacts import Pack
from harness.validators import MemoryCache, Validator
from harness.validators.schematron import Pool, SaxonEngine, svrl
from tests.conftest import PROJECT
from tests.validators.conftest import SCHEMA, PackFactory

_S = "{http://purl.oclc.org/dsdl/svrl}"
BODY = """<title>Small rules</title>
<phase id="main"><active pattern="p1"/><active pattern="p2"/></phase>
<pattern id="p1"><title>First</title>
  <rule context="a" id="ra" role="info" flag="seen">
    <assert id="A1" test="@x" role="warning" flag="bad" see="urn:see" icon="urn:icon" fpi="-//X" xml:lang="en"
            diagnostics="d1" properties="p1">no x on <name/></assert>
    <report test="@y = 'b &lt; c'">y is <value-of select="@y"/></report></rule></pattern>
<pattern id="p2"><rule context="never"><assert test="false()">no</assert></rule></pattern>
<diagnostics><diagnostic id="d1" xml:lang="fr">valeur : <value-of select="string(@y)"/></diagnostic></diagnostics>
<properties><property id="p1" role="r" scheme="s"><value-of select="count(*)"/></property></properties>"""
DOCUMENT = "<r><a y='b &lt; c'/><a x='1'/></r>"


@pytest.fixture(scope="module")
def svrl_schema() -> etree.XMLSchema:
    return etree.XMLSchema(etree.parse(str(PROJECT / "schemas" / "xsd" / "svrl" / "svrl.xsd")))


def report_of(pool: Pool, pack_of: PackFactory, body: str, document: str, phase: str = "#DEFAULT") -> etree._Element:
    schema = SCHEMA.format(attributes='schemaVersion="1.2"', body=body)
    artefact = pack_of({"schema.sch": schema}).artefacts[0]
    engine = SaxonEngine(pool, MemoryCache())
    outcome = engine.judge(artefact, document, phase=phase)
    return etree.fromstring(svrl(engine.compiled(artefact, phase=phase), outcome, "document.xml"))


def test_report_is_valid_and_says_what_fired_and_what_failed(
    pool: Pool, pack_of: PackFactory, svrl_schema: etree.XMLSchema
) -> None:
    report = report_of(pool, pack_of, BODY, DOCUMENT, "main")
    svrl_schema.assertValid(report)
    assert dict(report.attrib) == {"title": "Small rules", "phase": "main", "schemaVersion": "1.2"}
    names = [etree.QName(e).localname for e in report]
    assert names == [
        "ns-prefix-in-attribute-values",
        "active-pattern",
        "fired-rule",
        "failed-assert",
        "successful-report",
        "fired-rule",
        "active-pattern",
    ]
    failed = report.find(_S + "failed-assert")
    assert failed is not None
    wanted = {"id": "A1", "role": "warning", "flag": "bad", "see": "urn:see", "icon": "urn:icon", "fpi": "-//X"}
    assert wanted.items() <= dict(failed.attrib).items()
    assert failed.get("location") == "/Q{}r[1]/Q{}a[1]"
    assert [("".join(e.itertext())) for e in failed] == ["valeur : b < c", "0", "no x on a"]


def test_report_without_findings_still_lists_its_patterns(
    pool: Pool, pack_of: PackFactory, svrl_schema: etree.XMLSchema
) -> None:
    report = report_of(pool, pack_of, BODY, "<r/>")
    svrl_schema.assertValid(report)
    assert [etree.QName(e).localname for e in report][-2:] == ["active-pattern", "active-pattern"]


def test_what_could_not_be_decided_stands_in_the_report(
    pool: Pool, pack_of: PackFactory, svrl_schema: etree.XMLSchema
) -> None:
    body = '<pattern><rule context="a"><assert test="xs:integer(@x) = 1">one</assert></rule></pattern>'
    body = '<ns prefix="xs" uri="http://www.w3.org/2001/XMLSchema"/>' + body
    report = report_of(pool, pack_of, body, "<a x='many'/>")
    svrl_schema.assertValid(report)
    comments = [c.text or "" for c in report if isinstance(c, etree._Comment)]
    assert len(comments) == 1
    assert "not decided" in comments[0]


def test_schema_of_the_language_refuses_a_finding_without_place(svrl_schema: etree.XMLSchema) -> None:
    xmlns = 'xmlns:svrl="http://purl.oclc.org/dsdl/svrl"'
    text = (
        f'<svrl:schematron-output {xmlns}><svrl:active-pattern/><svrl:fired-rule context="a"/>'
        '<svrl:failed-assert test="x"><svrl:text>t</svrl:text></svrl:failed-assert></svrl:schematron-output>'
    )
    assert not svrl_schema.validate(etree.fromstring(text))


def test_validator_gives_one_report_for_each_artefact(pack_of: PackFactory) -> None:
    schema = SCHEMA.format(
        attributes="", body='<pattern><rule context="a"><assert test="@x">x</assert></rule></pattern>'
    )
    pack: Pack = pack_of({"one.sch": schema, "two.sch": schema})
    with Validator([pack]) as validator:
        reports = validator.svrl("d.xml", b"<a/>")
    assert [name for name, _ in reports] == ["one", "two"]
    assert all(b"failed-assert" in text for _, text in reports)


@pytest.mark.corpus
def test_reports_on_real_documents_are_valid(corpus: Path, pool: Pool, svrl_schema: etree.XMLSchema) -> None:
    from harness.packs.artefacts import load_pack

    pack = load_pack(corpus / "artefacts" / "schematron" / "ehdsi-20240422")
    artefact = next(a for a in pack.artefacts if a.id == "epsos-ePrescription")
    engine = SaxonEngine(pool, MemoryCache())
    for path in sorted((corpus / "documents" / "ep").rglob("*.xml"))[:6]:
        outcome = engine.judge(artefact, path.read_text(encoding="utf-8-sig"))
        report = etree.fromstring(svrl(engine.compiled(artefact), outcome, path.name))
        svrl_schema.assertValid(report)
        found = len(report.findall(_S + "failed-assert")) + len(report.findall(_S + "successful-report"))
        assert found == len([r for r in outcome.results if not r.undecided]), path.name
