"""Codes that no value set of the packs holds are counted, and never taken for checked."""

from pathlib import Path

from harness.model import Layer, Verdict
from harness.packs import bundled_data, load_pack, packs_with_builtin
from harness.validators import MemoryCache, Validator

DOCUMENT = bundled_data() / "scenarios" / "populations" / "documents" / "ps-nominal-3.xml"
VALUES = """<valueSets><valueSet id="1.2.3"><conceptList>
<concept code="60591-5" codeSystem="2.16.840.1.113883.6.1"/></conceptList></valueSet></valueSets>"""
SCHEMA = '<schema xmlns="http://purl.oclc.org/dsdl/schematron" queryBinding="xslt2"><pattern/></schema>'


def figures(pack: Path | None) -> tuple[int, int, Verdict]:
    with Validator(packs_with_builtin([pack] if pack else []), cache=MemoryCache()) as validator:
        report = validator.validate("d.xml", DOCUMENT.read_bytes())
        (use,) = [u for u in report.uses if u.layer is Layer.TERMINOLOGY]
        assert report.verdict is Verdict.PASS  # the figure decides nothing by itself
        assert sum(p.codes_unverifiable for p in validator.uses()) == use.codes_unverifiable
        return use.codes_checked, use.codes_unverifiable, use.verdict


def own_pack(folder: Path, values: str) -> Path:
    (folder / "include").mkdir(parents=True)
    (folder / "include" / "voc-1.2.3-DYNAMIC.xml").write_text(values, encoding="utf-8")
    (folder / "s.sch").write_text(SCHEMA, encoding="utf-8")
    row = "  - {id: s, layer: schematron, path: s.sch, applies: ['cda:eprescription:*']}\n"
    (folder / "pack.yaml").write_text("pack: org.example:values:1\nartefacts:\n" + row, encoding="utf-8")
    assert load_pack(folder).artefacts
    return folder


def test_without_value_sets_no_code_counts_as_checked() -> None:
    checked, unverifiable, verdict = figures(None)

    assert (checked, verdict) == (0, Verdict.INCONCLUSIVE)
    assert unverifiable > 20


def test_code_that_a_value_set_holds_is_checked(tmp_path: Path) -> None:
    checked, unverifiable, _ = figures(own_pack(tmp_path / "p", VALUES))

    assert checked == 1
    assert checked + unverifiable == figures(None)[1]


def test_broken_value_set_vouches_for_nothing(tmp_path: Path) -> None:
    assert figures(own_pack(tmp_path / "p", VALUES[:-20]))[0] == 0


def test_message_that_is_no_document_has_no_figure() -> None:
    with Validator(packs_with_builtin([])) as validator:
        report = validator.validate("m.xml", b"<soap:Envelope xmlns:soap='http://www.w3.org/2003/05/soap-envelope'/>")

    assert not [u for u in report.uses if u.layer is Layer.TERMINOLOGY]
