"""The front door: layers in order, verdicts that never pass unchecked, places in the bytes given."""

import os
import signal
import sys
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from harness.errors import InputError
from harness.model import Layer, Severity, ValidationReport, Verdict
from harness.packs.artefacts import Pack, load_pack
from harness.validators import Engine, Validator

PackFactory = Callable[[Mapping[str, str]], Pack]

XSD = """<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="urn:x" elementFormDefault="qualified">
<xs:element name="r"><xs:complexType><xs:sequence><xs:element name="a" maxOccurs="2"><xs:complexType>
<xs:attribute name="n" type="xs:int"/></xs:complexType></xs:element><xs:element name="b"/></xs:sequence>
</xs:complexType></xs:element></xs:schema>"""
SCH = """<schema xmlns="http://purl.oclc.org/dsdl/schematron" queryBinding="xslt2">
<ns prefix="x" uri="urn:x"/><pattern><rule context="x:a">
<assert id="E" test="@n">n is missing</assert><assert id="W" role="warn" test="@n != 1">n is one</assert>
<report id="I" role="info" test="@n = 2">n is two</report></rule></pattern></schema>"""


def run(pack: Pack, content: bytes, **options: object) -> ValidationReport:
    with Validator([pack], **options) as validator:  # type: ignore[arg-type]
        return validator.validate("d.xml", content)


def verdicts(report: ValidationReport) -> list[tuple[str, Verdict]]:
    return [(u.layer, u.verdict) for u in report.uses]


def test_valid_document_passes_every_layer_in_order(pack_of: PackFactory) -> None:
    report = run(pack_of({"s.sch": SCH, "x.xsd": XSD}), b"<r xmlns='urn:x'><a n='3'/><b/></r>")
    assert verdicts(report) == [(Layer.WELL_FORMED, "pass"), (Layer.XSD, "pass"), (Layer.SCHEMATRON, "pass")]
    assert (report.verdict, report.kind, report.findings) == ("pass", "message:r", ())
    assert (report.uses[2].rules_loaded, report.uses[2].rules_fired) == (1, 1)


def test_text_that_is_not_well_formed_fails_and_the_later_layers_are_not_run(pack_of: PackFactory) -> None:
    report = run(pack_of({"s.sch": SCH, "x.xsd": XSD}), b"<r>\n <a></b></r>")
    assert report.verdict == "fail"
    assert [u.verdict for u in report.uses] == ["fail", "not_run", "not_run", "not_run"]
    assert (report.findings[0].at.line, report.findings[0].rule) == (2, "xml/not-well-formed")
    assert report.findings[0].at.column


def test_no_artefact_that_applies_is_inconclusive(pack_of: PackFactory) -> None:
    pack = pack_of({"x.xsd": XSD})
    (pack.root / "pack.yaml").write_text(
        "pack: org.example:test:1\nartefacts:\n  - {id: x, layer: xsd, path: x.xsd, applies: ['message:other']}\n"
    )
    report = run(load_pack(pack.root), b"<r xmlns='urn:x'><a/><b/></r>")
    assert (report.verdict, report.reason) == ("inconclusive", "no artefact of the packs applies to message:r")


def test_xsd_defects_are_told_once_each_with_line_and_column(pack_of: PackFactory) -> None:
    content = b"<r xmlns='urn:x'>\r\n  <a n='x'/>\r\n <c/>\r\n</r>"
    report = run(pack_of({"x.xsd": XSD}), content)
    assert report.verdict == "fail"
    places = [(f.at.line, f.at.column, f.at.xpath) for f in report.findings]
    assert places == [(2, 6, "/Q{urn:x}r[1]/Q{urn:x}a[1]/@n"), (3, 2, "/Q{urn:x}r[1]/Q{urn:x}c[1]")]
    assert report.findings[0].found == "x"
    assert "b" in report.findings[1].expected
    assert report.findings[0].excerpt == "  <a n='x'/>"


def test_xsd_without_explanations_has_the_same_verdict_and_places(pack_of: PackFactory) -> None:
    report = run(pack_of({"x.xsd": XSD}), b"<r xmlns='urn:x'>\n<a n='x'/><b/></r>", explain=False)
    assert report.verdict == "fail"
    assert [(f.at.line, f.at.column) for f in report.findings] == [(2, 4)]


def test_roles_make_severities_and_verdicts(pack_of: PackFactory) -> None:
    pack = pack_of({"s.sch": SCH})
    with Validator([pack]) as validator:
        told = {
            n: validator.validate("d", f"<r xmlns='urn:x'><a{f' n="{n}"' if n else ''}/></r>".encode())
            for n in ("", "1", "2", "3")
        }
        coverage = validator.coverage()
        use = validator.uses()[0]
    assert [told[n].verdict for n in ("", "1", "2", "3")] == ["fail", "warning", "pass", "pass"]
    assert [f.severity for f in told["1"].findings] == [Severity.WARNING]
    assert [f.severity for f in told["2"].findings] == [Severity.INFORMATION]
    assert coverage == (("org.example:test:1#s", 1, 1),)
    assert (use.coordinate, use.rules_loaded, use.rules_fired, use.complete) == ("org.example:test:1", 1, 1, True)


def test_places_in_a_payload_are_places_in_the_whole_message(pack_of: PackFactory) -> None:
    soap = """<?xml version="1.0"?>
<!-- é --><s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns="urn:x"><s:Body>
  <r><a n="3"/><a/></r></s:Body></s:Envelope>"""
    sch = SCH.replace('context="x:a"', 'context="/x:r/x:a"')
    report = run(pack_of({"s.sch": sch}), soap.encode("utf-16"))
    finding = report.findings[0]
    assert (finding.rule, finding.at.line, finding.at.column) == ("E", 3, 16)
    assert finding.at.xpath == "/soap:Envelope[1]/soap:Body[1]/Q{urn:x}r[1]/Q{urn:x}a[2]"


def test_payload_that_nothing_judges_leaves_the_message_undecided(pack_of: PackFactory) -> None:
    pack = pack_of({"s.sch": SCH})
    (pack.root / "pack.yaml").write_text(
        "pack: o:t:1\nartefacts:\n  - {id: s, layer: schematron, path: s.sch, applies: ['message:Envelope']}\n"
    )
    soap = b"<s:Envelope xmlns:s='http://www.w3.org/2003/05/soap-envelope'><s:Body><m/></s:Body></s:Envelope>"
    report = run(load_pack(pack.root), soap)
    assert (report.verdict, report.reason) == ("inconclusive", "no artefact of the packs applies to message:m")


def test_incomplete_schema_is_inconclusive_whatever_it_says(pack_of: PackFactory) -> None:
    broken = SCH.replace("<pattern>", '<include href="gone.sch"/><pattern>')
    pack = pack_of({"s.sch": broken})
    assert not pack.complete
    for content in (b"<r xmlns='urn:x'><a n='3'/></r>", b"<r xmlns='urn:x'><a/></r>"):
        report = run(pack, content)
        assert report.verdict == "inconclusive"
        assert "gone.sch" in report.reason


def test_schema_that_does_not_compile_is_inconclusive(pack_of: PackFactory) -> None:
    report = run(pack_of({"s.sch": SCH.replace('test="@n"', 'test="((("')}), b"<r xmlns='urn:x'><a/></r>")
    assert (report.verdict, report.findings) == ("inconclusive", ())
    report = run(pack_of({"x.xsd": XSD.replace("xs:int", "gone")}), b"<r xmlns='urn:x'><a/></r>")
    assert report.verdict == "inconclusive"


def test_kind_may_be_forced_and_a_coordinate_chosen(pack_of: PackFactory) -> None:
    with Validator([pack_of({"s.sch": SCH})]) as validator:
        assert validator.validate("d", b"<r/>", as_="cda:mro:3").kind == "cda:mro:3"
        assert validator.validate("d", b"<r/>", as_="org.example:test:1").verdict == "pass"
        with pytest.raises(InputError) as caught:
            validator.validate("d", b"<r/>", as_="org.example:gone:1")
    assert caught.value.problems[0].found == "org.example:gone:1"


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_worker_that_died_is_an_error_for_its_document_only(pack_of: PackFactory) -> None:
    content = b"<r xmlns='urn:x'><a n='3'/></r>"
    with Validator([pack_of({"s.sch": SCH})]) as validator:
        assert validator.validate("d", content).verdict == "pass"
        (pid,) = validator.worker_pids
        os.kill(pid, signal.SIGKILL)
        report = validator.validate("d", content)
        assert report.verdict == "error"
        assert "process ended" in report.reason
        assert validator.validate("d", content).verdict == "pass"
        assert validator.worker_pids != (pid,)


def test_document_that_takes_too_long_is_an_error_and_the_worker_is_ended(pack_of: PackFactory) -> None:
    slow = SCH.replace('test="@n"', 'test="count(for $i in 1 to 1000000000 return $i[. = 7]) = 1"')
    with Validator([pack_of({"s.sch": slow})], run_timeout_s=1.0) as validator:
        report = validator.validate("d", b"<r xmlns='urn:x'><a n='3'/></r>")
        assert report.verdict == "error"
        assert validator.worker_pids == ()


def test_closed_validator_is_a_mistake_of_the_caller(pack_of: PackFactory) -> None:
    validator = Validator([pack_of({"s.sch": SCH})])
    validator.close()
    with pytest.raises(RuntimeError):
        validator.validate("d", b"<r/>")


def test_pyschematron_judges_a_schema_it_loads_whole(pack_of: PackFactory) -> None:
    pack = pack_of({"s.sch": SCH})
    good = run(pack, b"<r xmlns='urn:x'><a n='3'/></r>", engine=Engine.PYSCHEMATRON)
    bad = run(pack, b"<r xmlns='urn:x'><a/></r>", engine=Engine.PYSCHEMATRON)
    assert (good.verdict, good.reason, good.uses[-1].engine) == ("pass", "", "pyschematron")
    assert bad.verdict == "fail"
    assert "n is missing" in [f.message for f in bad.findings]


def test_pyschematron_is_never_believed_when_it_lost_rules(pack_of: PackFactory) -> None:
    pack = pack_of({"s.sch": "<!-- before the root -->\n" + SCH})
    report = run(pack, b"<r xmlns='urn:x'><a/></r>", engine=Engine.PYSCHEMATRON)
    assert report.verdict == "inconclusive"
    assert "pyschematron loaded 0 of 1" in report.reason


def test_both_engines_are_compared(pack_of: PackFactory) -> None:
    pack = pack_of({"s.sch": "<!-- before the root -->\n" + SCH})
    report = run(pack, b"<r xmlns='urn:x'><a n='3'/></r>", engine=Engine.BOTH)
    assert report.verdict == "pass"
    assert [f.severity for f in report.findings] == [Severity.INFORMATION] * len(report.findings)
    assert "second engine: pyschematron loaded 0 of 1 patterns" in [f.message for f in report.findings]
    same = run(pack_of({"s.sch": SCH}), b"<r xmlns='urn:x'><a/></r>", engine=Engine.BOTH)
    assert [f.rule for f in same.findings if f.severity is Severity.INFORMATION] == []


def test_threads_validate_at_the_same_time_on_workers_of_their_own(pack_of: PackFactory) -> None:
    documents = [f"<r xmlns='urn:x'><a n='{n}'/></r>".encode() for n in range(8)]
    with Validator([pack_of({"s.sch": SCH})], workers=2) as validator, ThreadPoolExecutor(2) as threads:
        reports = list(threads.map(lambda content: validator.validate("d", content), documents))
        assert [r.verdict for r in reports] == ["pass", "warning", *["pass"] * 6]
        assert len(validator.worker_pids) in (1, 2)


INCLUDING = (
    b"<r xmlns='urn:x' xmlns:xop='http://www.w3.org/2004/08/xop/include'><a n='3'/><b>"
    b"<xop:Include href='cid:1'/></b></r>"
)
BINARY = XSD.replace('<xs:element name="b"/>', '<xs:element name="b" type="xs:base64Binary"/>')


def test_include_of_an_attachment_counts_as_the_characters_it_stands_for(pack_of: PackFactory) -> None:
    pack = pack_of({"x.xsd": BINARY})

    assert run(pack, INCLUDING).verdict == "pass"
    assert run(pack, INCLUDING.replace(b"<xop:Include href='cid:1'/>", b"<x/>")).verdict == "fail"


def test_first_pack_that_has_an_artefact_of_a_layer_judges_it_alone(tmp_path: Path) -> None:
    lax = '<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="urn:x"><xs:element name="r"/></xs:schema>'
    packs = []
    for name, files in {"official": {"x.xsd": lax}, "own": {"x.xsd": XSD, "s.sch": SCH}}.items():
        folder = tmp_path / name
        folder.mkdir()
        layers = {"x.xsd": "xsd", "s.sch": "schematron"}
        rows = [f"  - {{id: {name}-{layers[f]}, layer: {layers[f]}, path: {f}, applies: ['*']}}" for f in files]
        for file, text in files.items():
            (folder / file).write_text(text, encoding="utf-8")
        (folder / "pack.yaml").write_text(
            "\n".join([f"pack: org.example:{name}:1", "artefacts:", *rows]) + "\n", encoding="utf-8"
        )
        packs.append(load_pack(folder))

    with Validator(packs) as validator:
        report = validator.validate("d.xml", b"<r xmlns='urn:x'><a n='3'/></r>")

    assert [(u.layer, u.artefact, u.verdict) for u in report.uses[1:]] == [
        (Layer.XSD, "official-xsd", "pass"),
        (Layer.SCHEMATRON, "own-schematron", "pass"),
    ]
    with Validator(packs[::-1]) as validator:
        assert validator.validate("d.xml", b"<r xmlns='urn:x'><a n='3'/></r>").verdict == "fail"
