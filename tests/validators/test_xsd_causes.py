"""Each schema defect is told once, at its cause, whatever follows from it."""

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from lxml import etree

from harness.model import ValidationReport, in_language
from harness.packs.artefacts import Pack, load_pack
from harness.validators import MemoryCache, Validator
from harness.validators._xsd import XsdLayer
from harness.validators._xsd_catalog import unpacked

PackFactory = Callable[[Mapping[str, str]], Pack]

SCHEMA = """<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="urn:x" xmlns="urn:x"
 elementFormDefault="qualified">
<xs:complexType name="Any" abstract="true"/>
<xs:complexType name="Code"><xs:complexContent><xs:extension base="Any"><xs:attribute name="code" type="xs:int"/>
</xs:extension></xs:complexContent></xs:complexType>
<xs:simpleType name="Colour"><xs:restriction base="xs:string"><xs:enumeration value="red"/><xs:enumeration value="blue"/>
</xs:restriction></xs:simpleType>
<xs:simpleType name="Zip"><xs:restriction base="xs:string"><xs:pattern value="[0-9]{5}"/></xs:restriction></xs:simpleType>
<xs:element name="r"><xs:complexType><xs:sequence>
 <xs:element name="a"/><xs:element name="b"/><xs:element name="c" minOccurs="0"/>
 <xs:choice><xs:element name="d"/><xs:element name="e"/></xs:choice>
 <xs:element name="f" minOccurs="0" maxOccurs="2" type="Colour"/><xs:element name="v" minOccurs="0" type="Any"/>
 <xs:element name="w" minOccurs="0"><xs:complexType><xs:attribute name="n" use="required"/>
 <xs:attribute name="zip" type="Zip"/></xs:complexType></xs:element>
 <xs:element name="z"/>
</xs:sequence></xs:complexType></xs:element></xs:schema>"""
SAFE = "<a/><b/><d/><z/>"

CASES: dict[str, tuple[str, list[tuple[str, str, str, str]]]] = {
    # name: children of r; of each finding the rule, the last step of its path, what was expected and found
    "one is missing in between": ("<a/><d/><z/>", [("missing", "d[1]", "b", "")]),
    "two are missing in a row": ("<c/><d/><z/>", [("missing", "c[1]", "a", ""), ("missing", "c[1]", "b", "")]),
    "one of two is missing": ("<a/><b/><z/>", [("missing", "z[1]", "d, e", "")]),
    "the last is missing": ("<a/><b/><d/>", [("missing-last", "r[1]", "z", "")]),
    "all are missing": ("", [
        ("missing-last", "r[1]", "a", ""), ("missing-last", "r[1]", "b", ""), ("missing-last", "r[1]", "d, e", ""),
        ("missing-last", "r[1]", "z", ""),
    ]),
    "an obligatory one stands too late": ("<a/><d/><b/><z/>", [("misplaced", "b[1]", "b", "b")]),
    "an optional one stands too late": ("<a/><b/><d/><c/><z/>", [("misplaced", "c[1]", "f, v, w, z", "c")]),
    "one is repeated": ("<a/><b/><b/><d/><z/>", [("repeated", "b[2]", "c, d, e", "b")]),
    "one more than allowed": ("<a/><b/><d/><f>red</f><f>red</f><f>red</f><z/>", [("repeated", "f[3]", "v, w, z", "f")]),
    "both of a choice": ("<a/><b/><d/><e/><z/>", [("unexpected", "e[1]", "f, v, w, z", "e")]),
    "a strange one": ("<a/><x><y/></x><b/><d/><z/>", [("unknown", "x[1]", "b", "x")]),
    "another name": ("<a/><x/><d/><z/>", [("instead", "x[1]", "b", "x")]),
    "another namespace": ("<a/><b xmlns='urn:y'/><d/><z/>", [("namespace", "Q{urn:y}b[1]", "urn:x", "urn:y")]),
    "two causes": ("<x/><a/><d/><z/>", [("unknown", "x[1]", "a", "x"), ("missing", "d[1]", "b", "")]),
    "a value behind a wrong child": ("<x/><a/><b/><d/><f>green</f><z/>", [
        ("unknown", "x[1]", "a", "x"), ("enumeration", "f[1]", "red, blue", "green"),
    ]),
    "no type": ("<a/><b/><d/><v code='1' display='x'/><z/>", [("no-type", "v[1]", "Code", "no xsi:type")]),
    "a strange type": ("<a/><b/><d/><v xsi:type='Quantity' code='1'/><z/>", [("unknown-type", "@type", "", "Quantity")]),
    "a missing attribute": ("<a/><b/><d/><w/><z/>", [("no-attribute", "w[1]", "n", "")]),
    "a strange attribute": ("<a/><b/><d/><w n='' m='1'/><z/>", [("attribute", "@m", "", "1")]),
    "a wrong form": ("<a/><b/><d/><w n='' zip='x'/><z/>", [("pattern", "@zip", "[0-9]{5}", "x")]),
    "a wrong number": ("<a/><b/><d/><v xsi:type='Code' code='x'/><z/>", [("Decode", "@code", "", "x")]),
}  # fmt: skip


def document(children: str) -> bytes:
    return f'<r xmlns="urn:x" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">{children}</r>'.encode()


def judged(pack: Pack, children: str) -> ValidationReport:
    with Validator([pack]) as validator:
        return validator.validate("d.xml", document(children))


@pytest.mark.parametrize("name", CASES)
def test_defect_is_told_once_at_its_cause(pack_of: PackFactory, name: str) -> None:
    children, expected = CASES[name]
    report = judged(pack_of({"x.xsd": SCHEMA}), children)

    told = [(f.rule.removeprefix("x/"), _step(f.at.xpath or ""), f.expected, f.found) for f in report.findings]
    assert report.verdict == "fail"
    assert told == expected
    assert all(f.at.line == 1 and f.at.column for f in report.findings)


def _step(path: str) -> str:
    return path.rpartition("/")[2].replace("Q{urn:x}", "").replace("@xsi:", "@")


@pytest.mark.parametrize("name", CASES)
def test_defect_is_told_in_both_languages(pack_of: PackFactory, name: str) -> None:
    for finding in judged(pack_of({"x.xsd": SCHEMA}), CASES[name][0]).findings:
        if finding.rule != "x/Decode":
            assert in_language(finding.message, "fr") != finding.message


def test_document_without_defect_passes(pack_of: PackFactory) -> None:
    assert judged(pack_of({"x.xsd": SCHEMA}), SAFE).verdict == "pass"


def test_what_follows_from_a_cause_is_counted_with_it(pack_of: PackFactory) -> None:
    pack = pack_of({"x.xsd": SCHEMA})
    (strange,) = judged(pack, "<a/><b xmlns='urn:y'><v xsi:type='Gone'/></b><d/><z/>").findings
    (untyped,) = judged(pack, "<a/><b/><d/><v code='1' display='x'/><z/>").findings
    assert strange.message == "b in r has the wrong namespace (the cause of 1 further errors here)"
    assert untyped.message == "xsi:type is missing: the type Any is abstract (the cause of 2 further errors here)"


def test_explanation_out_of_time_leaves_the_words_of_the_judge(pack_of: PackFactory) -> None:
    artefact = pack_of({"x.xsd": SCHEMA}).artefacts[0]
    root = etree.fromstring(document("<a/><d/><z/>"))
    outcome = XsdLayer(MemoryCache(), explain_s=0.0).judge(artefact, root, explain=True)
    assert (outcome.valid, [d.rule for d in outcome.defects]) == (False, ["SCHEMAV_ELEMENT_CONTENT"])


def test_what_was_made_of_a_schema_is_kept_and_used_again(pack_of: PackFactory) -> None:
    artefact, cache = pack_of({"x.xsd": SCHEMA}).artefacts[0], MemoryCache()
    first, second = (
        XsdLayer(cache).judge(artefact, etree.fromstring(document("<a/><d/><z/>")), explain=True) for _ in range(2)
    )
    assert first.defects == second.defects
    assert [d.rule for d in second.defects] == ["missing"]


class _Damaged(MemoryCache):
    def get(self, key: str) -> bytes | None:
        return b"\x80\x04cposix\nsystem\n."


def test_damaged_cache_costs_time_only_and_runs_nothing(pack_of: PackFactory) -> None:
    artefact = pack_of({"x.xsd": SCHEMA}).artefacts[0]
    outcome = XsdLayer(_Damaged()).judge(artefact, etree.fromstring(document("<a/><d/><z/>")), explain=True)
    assert [d.rule for d in outcome.defects] == ["missing"]
    for data in (b"", b"x", b"\x80\x04cposix\nsystem\n.", b"\x80\x04]."):
        with pytest.raises(ValueError, match="not a packed schema"):
            unpacked(data)


LEADING_OUT = {
    "a file above the pack": '<xs:include schemaLocation="../outside.xsd"/>',
    "an absolute path": '<xs:include schemaLocation="{folder}/../outside.xsd"/>',
    "a file URL": '<xs:import namespace="urn:y" schemaLocation="file://{folder}/../outside.xsd"/>',
    "an include by HTTP": '<xs:include schemaLocation="http://127.0.0.1:9/y.xsd"/>',
    "a written character reference": '<xs:include schemaLocation="&#46;./outside.xsd"/>',
}


@pytest.mark.parametrize("reference", LEADING_OUT.values(), ids=list(LEADING_OUT))
def test_schema_that_leads_out_of_its_pack_is_not_used(tmp_path: Path, reference: str) -> None:
    folder = tmp_path / "pack"
    folder.mkdir()
    (tmp_path / "outside.xsd").write_text(SCHEMA, encoding="utf-8")
    own = SCHEMA.replace('"qualified">', f'"qualified">{reference.format(folder=folder)}')
    (folder / "x.xsd").write_text(own, encoding="utf-8")
    (folder / "pack.yaml").write_text(
        "pack: org.example:test:1\nartefacts:\n  - {id: x, layer: xsd, path: x.xsd, applies: ['*']}\n", encoding="utf-8"
    )

    report = judged(load_pack(folder), SAFE)

    assert report.verdict == "inconclusive"
    assert "outside" in report.reason or "missing" in report.reason


def test_import_by_url_is_as_if_offline_for_both_engines(pack_of: PackFactory) -> None:
    by_url = '<xs:import namespace="urn:y" schemaLocation="http://127.0.0.1:9/y.xsd"/>'
    pack = pack_of({"x.xsd": SCHEMA.replace('"qualified">', f'"qualified">{by_url}')})
    assert judged(pack, SAFE).verdict == "pass"
    assert [f.rule for f in judged(pack, "<a/><d/><z/>").findings] == ["x/missing"]


def test_hint_of_a_document_is_not_followed(pack_of: PackFactory, tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "y.xsd").write_text(SCHEMA.replace("urn:x", "urn:y"), encoding="utf-8")
    hint = f'xsi:schemaLocation="urn:y file://{tmp_path}/sub/y.xsd urn:z http://127.0.0.1:9/z.xsd"'
    report = judged(pack_of({"x.xsd": SCHEMA}), f"<a/><b {hint}><y:r xmlns:y='urn:y'/></b><d/><q/>")
    assert [f.rule for f in report.findings] == ["x/instead"]


WIDE = """<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="urn:x" elementFormDefault="qualified">
<xs:element name="r"><xs:complexType><xs:sequence><xs:element name="a" maxOccurs="unbounded"><xs:complexType>
<xs:attribute name="n" type="xs:int"/></xs:complexType></xs:element></xs:sequence></xs:complexType></xs:element></xs:schema>"""


def test_document_with_many_siblings_is_judged_apart_and_alike(pack_of: PackFactory) -> None:
    pack = pack_of({"x.xsd": WIDE})
    right = judged(pack, "<a n='1'/>" * 3500)
    wrong = judged(pack, "<a n='1'/>" * 3400 + "<a n='x'/>" * 100)
    assert right.verdict == "pass"
    assert (wrong.verdict, len(wrong.findings)) == ("fail", 100)
    assert wrong.findings[0].at.xpath == "/Q{urn:x}r[1]/Q{urn:x}a[3401]/@n"


def test_schema_that_takes_too_long_has_no_verdict(pack_of: PackFactory) -> None:
    artefact = pack_of({"x.xsd": WIDE}).artefacts[0]
    root = etree.fromstring(document("<a z='1'/>" * 100_000))
    outcome = XsdLayer(MemoryCache(), judge_s=1.0).judge(artefact, root, explain=True)
    assert (outcome.valid, outcome.reason) == (None, "the schema gave no verdict within 1 s")
