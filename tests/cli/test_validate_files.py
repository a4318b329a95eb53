"""`harness validate` by files of the operator's own: they judge everything, and a wrong one is told with its place."""

import subprocess
import sys
from pathlib import Path

import pytest

from harness.packs import bundled_data
from tests.cli.cli_support import Invoke

DOCUMENT = bundled_data() / "scenarios" / "populations" / "documents" / "ps-nominal-3.xml"
ENVELOPE = Path(__file__).parents[1] / "schemas" / "golden" / "ok" / "envelope.xml"
XS = 'xmlns:xs="http://www.w3.org/2001/XMLSchema"'
SCH = 'xmlns="http://purl.oclc.org/dsdl/schematron" queryBinding="xslt2"'


def schematron(path: Path, test: str) -> Path:
    path.write_text(
        f'<schema {SCH}>\n <ns prefix="h" uri="urn:hl7-org:v3"/>\n <pattern>\n  <rule context="/h:*">\n'
        f'   <assert id="own" test="{test}">own rule</assert>\n  </rule>\n </pattern>\n</schema>\n',
        encoding="utf-8",
    )
    return path


@pytest.mark.parametrize(("test", "status"), [("h:code", 0), ("not(h:code)", 1)], ids=["met", "not met"])
def test_own_schematron_judges_alone(invoke: Invoke, tmp_path: Path, test: str, status: int) -> None:
    result = invoke("validate", DOCUMENT, "--schematron", schematron(tmp_path / "own.sch", test))
    assert result.exit_code == status
    assert "local:files:" in result.stdout
    assert "builtin" not in result.stdout
    assert ("own: own rule" in result.stdout) == bool(status)


def test_own_schematron_beside_a_pack_leaves_it_the_other_layers(invoke: Invoke, tmp_path: Path) -> None:
    own = schematron(tmp_path / "own.sch", "h:code")
    result = invoke("validate", DOCUMENT, "--schematron", own, "--pack", bundled_data() / "schemas")
    assert result.exit_code == 0
    assert "own saxon, 1/1 rules fired" in result.stdout
    assert "cda-xsd libxml2" in result.stdout
    assert "ps-l3" not in result.stdout


@pytest.mark.parametrize(("name", "status"), [("Envelope", 0), ("Other", 1)], ids=["declared", "not declared"])
def test_own_xsd_judges_the_whole_of_a_message_and_nothing_inside(
    invoke: Invoke, tmp_path: Path, name: str, status: int
) -> None:
    own = tmp_path / "own.xsd"
    own.write_text(
        f'<xs:schema {XS} targetNamespace="http://www.w3.org/2003/05/soap-envelope"><xs:element name="{name}"><xs:complexType>'
        '<xs:sequence><xs:any processContents="skip" maxOccurs="unbounded"/></xs:sequence>'
        '<xs:anyAttribute processContents="skip"/></xs:complexType></xs:element></xs:schema>',
        encoding="utf-8",
    )
    result = invoke("validate", ENVELOPE, "--xsd", own)
    assert result.exit_code == status, result.stdout


@pytest.mark.parametrize(
    ("text", "place", "said"),
    [
        (f'<xs:schema {XS}>\n  <xs:element name="a" typ="b"/>\n</xs:schema>', ":2:3:", "'typ' is not allowed"),
        (
            f'<xs:schema {XS}>\n <xs:include schemaLocation="gone.xsd"/>\n</xs:schema>',
            ":2:30:",
            "'gone.xsd' is missing",
        ),
        (f'<xs:schema {XS}>\n <xs:element name="a" \n</xs:schema>', ":3:1:", "not well-formed"),
    ],
    ids=["attribute", "include", "torn"],
)
def test_own_xsd_that_does_not_compile_ends_with_2(
    invoke: Invoke, tmp_path: Path, text: str, place: str, said: str
) -> None:
    own = tmp_path / "own.xsd"
    own.write_text(text, encoding="utf-8")
    result = invoke("validate", DOCUMENT, "--xsd", own)
    assert result.exit_code == 2
    assert f"{own.name}{place} E919" in result.stderr
    assert said in result.stderr


def test_included_xsd_that_does_not_compile_is_the_one_named(invoke: Invoke, tmp_path: Path) -> None:
    own, part = tmp_path / "own.xsd", tmp_path / "part.xsd"
    own.write_text(f'<xs:schema {XS}><xs:include schemaLocation="part.xsd"/></xs:schema>', encoding="utf-8")
    part.write_text(f'<xs:schema {XS}>\n\n <xs:element nam="a"/>\n</xs:schema>', encoding="utf-8")
    result = invoke("validate", DOCUMENT, "--xsd", own)
    assert result.exit_code == 2
    assert f"{part.name}:3:2: E919" in result.stderr


@pytest.mark.parametrize(
    ("wrong", "right", "place", "said"),
    [
        ('test="h:code"', 'test="h:code ["', ":5:21:", "XPST0003"),
        ('test="h:code"', 'test="h:none(.)"', ":5:21:", "XPST0017"),
        ('context="/h:*"', 'context="/h:*["', ":4:9:", "XTSE0340"),
        ("<assert", '<extends rule="gone"/><assert', ":5:19:", "unknown abstract rule 'gone'"),
        ("</schema>", "</schemas>", ":8:", "not well-formed"),
        ("schema xmlns", "rules xmlns", ":8:", "not well-formed"),
    ],
    ids=["test", "function", "context", "abstract rule", "torn", "mismatched"],
)
def test_own_schematron_that_does_not_compile_ends_with_2(
    invoke: Invoke, tmp_path: Path, wrong: str, right: str, place: str, said: str
) -> None:
    own = schematron(tmp_path / "own.sch", "h:code")
    own.write_text(own.read_text(encoding="utf-8").replace(wrong, right, 1), encoding="utf-8")
    result = invoke("validate", DOCUMENT, "--schematron", own)
    assert result.exit_code == 2, result.stdout
    assert result.stderr.startswith(f"{own.name}{place}")
    assert said in result.stderr


def test_rule_that_stops_on_a_document_is_no_fault_of_compilation(invoke: Invoke, tmp_path: Path) -> None:
    own = schematron(tmp_path / "own.sch", "number(h:code/@code) idiv 0 eq 1")
    result = invoke("validate", DOCUMENT, "--schematron", own)
    assert result.exit_code == 3
    assert "rule stops with an error" in result.stdout


@pytest.mark.parametrize("option", ["--xsd", "--schematron"])
def test_own_file_of_another_kind_ends_with_2(invoke: Invoke, tmp_path: Path, option: str) -> None:
    (tmp_path / "own.txt").write_text("x", encoding="utf-8")
    for name in ("own.txt", "gone.txt"):
        result = invoke("validate", DOCUMENT, option, tmp_path / name)
        assert result.exit_code == 2
        assert option in result.stderr


def test_phase_that_the_own_schematron_lacks_ends_with_2(invoke: Invoke, tmp_path: Path) -> None:
    own = schematron(tmp_path / "own.sch", "h:code")
    result = invoke("validate", DOCUMENT, "--schematron", own, "--phase", "none")
    assert result.exit_code == 2
    assert "--phase" in result.stderr


def test_svrl_is_a_file_for_each_artefact(tmp_path: Path) -> None:
    rule = '<pattern><rule context="/*"><assert test="{}">said</assert></rule></pattern>'
    schema = '<schema xmlns="http://purl.oclc.org/dsdl/schematron" queryBinding="xslt3">{}</schema>'
    for name, test in (("one", "false()"), ("two", "true()")):
        (tmp_path / f"{name}.sch").write_text(schema.format(rule.format(test)), encoding="utf-8")
    (tmp_path / "d.xml").write_text("<a/>", encoding="utf-8")
    command = ["validate", str(tmp_path / "d.xml"), "--format", "svrl", "--output", str(tmp_path / "out.svrl")]
    for name in ("one", "two"):
        command += ["--schematron", str(tmp_path / f"{name}.sch")]
    done = subprocess.run([sys.executable, "-m", "harness", *command], capture_output=True, check=False)
    assert done.returncode == 1, done.stderr
    found = {p.name: p.read_bytes().count(b"<svrl:failed-assert") for p in tmp_path.glob("out*")}
    assert sorted(found.values()) == [0, 1], found
