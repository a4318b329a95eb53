"""What is said of codes: value sets that elements name, labels, versions, retired codes; and the figure of coverage."""

from pathlib import Path

import pytest

from harness.model import Finding, in_language
from harness.validators import MemoryCache, Validator
from tests.validators.cda_support import content_of, document, pack_with, rules

SYSTEM, WHOLE = "2.999.1", "2.999.2"
VALUES = f"""<RetrieveMultipleValueSetsResponse xmlns="urn:ihe:iti:svs:2008">
<ValueSet id="2.999.5" version="1" displayName="Sites"><ConceptList xml:lang="en">
 <Concept code="A" codeSystem="{SYSTEM}" displayName="Arm" codeSystemVersion="7"/>
 <Concept code="B" codeSystem="{SYSTEM}" displayName="Back" dateFin="20230101"/></ConceptList>
<ConceptList xml:lang="fr"><Concept code="A" codeSystem="{SYSTEM}" displayName="Bras"/></ConceptList></ValueSet>
<ValueSet id="2.999.6" version="1" displayName="Legs"><ConceptList xml:lang="en">
 <Concept code="L" codeSystem="{SYSTEM}" displayName="Leg"/></ConceptList></ValueSet>
<ValueSet id="{WHOLE}" version="1" displayName="All"><ConceptList><Concept code="1" codeSystem="{WHOLE}"/></ConceptList>
</ValueSet></RetrieveMultipleValueSetsResponse>"""
XFRM = '<relatedDocument typeCode="XFRM"><parentDocument><id root="1.2.3"/></parentDocument></relatedDocument>'
SDTC = 'xmlns:sdtc="urn:hl7-org:sdtc"'


def code(value: str, system: str = SYSTEM, more: str = "", inner: str = "") -> str:
    return f'<code code="{value}" codeSystem="{system}" {more}>{inner}</code>'


def pair(first: str, second: str) -> str:
    """Code A with a label, and a translation of the same code with another one."""
    inner = f'<translation code="A" codeSystem="{SYSTEM}" displayName="{second}"/>'
    return code("A", more=f'displayName="{first}"', inner=inner)


def found(folder: Path, head: str, language: str = "en-GB", template: int | None = 3) -> tuple[Finding, ...]:
    pack = pack_with(folder / "p", svs=VALUES)
    return content_of(document(XFRM + head, language=language, template=template, more=SDTC), (pack,)).findings


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (code("A"), []),
        (code("A", more='displayName="Arm"'), []),
        (code("A", more='displayName=" aRM"'), []),
        (code("A", more='displayName="Hand"'), ["terminology/display-name warning"]),
        (code("Z"), []),
        (code("Z", more='displayName="Hand"'), []),
        (code("A", more='sdtc:valueSet="2.999.5"'), []),
        (code("A", more='sdtc:valueSet="2.999.6"'), ["terminology/bound warning"]),
        (code("A", more='valueSet="2.999.6" valueSetVersion="1"'), ["terminology/bound warning"]),
        (code("A", more='valueSet="2.999.6" valueSetVersion="9"'), []),
        (code("A", more='sdtc:valueSet="2.999.7"'), []),
        (code("1", WHOLE), []),
        (code("2", WHOLE), ["terminology/unknown information"]),
        (code("B"), ["terminology/retired information"]),
        (code("A", more='codeSystemVersion="7"'), []),
        (code("A", more='codeSystemVersion="6"'), ["terminology/version information"]),
        (code("L", more='codeSystemVersion="6"'), ["terminology/version information"]),
        (code("1", WHOLE, more='codeSystemVersion="6"'), []),
    ],
    ids=[
        "known",
        "label",
        "label-in-other-case",
        "other-label",
        "in-no-set",
        "in-no-set-labelled",
        "in-its-set",
        "not-in-its-set",
        "not-in-its-set-by-version",
        "version-we-lack",
        "set-we-lack",
        "in-whole-system",
        "not-in-whole-system",
        "retired",
        "version",
        "other-version",
        "other-version-of-the-system",
        "version-never-stated",
    ],
)
def test_code_is_judged_by_what_the_packs_hold(tmp_path: Path, head: str, expected: list[str]) -> None:
    assert rules(found(tmp_path, head)) == expected


@pytest.mark.parametrize(
    ("head", "language", "template", "expected"),
    [
        (code("A", more='displayName="Bras"'), "fr-FR", None, 0),
        (code("A", more='displayName="Arm"'), "fr-FR", None, 1),
        (code("L", more='displayName="Jambe"'), "fr-FR", None, 0),
        (code("L", more='displayName="Jambe"'), "en-GB", None, 1),
        (pair("Arm", "Käsi"), "fi-FI", 3, 0),
        (pair("Käsi", "Arm"), "fi-FI", 3, 0),
        (pair("Käsi", "Arm"), "fr-FR", 3, 1),
    ],
    ids=[
        "national-in-its-language",
        "national-not-in-its-language",
        "national-in-a-language-we-lack",
        "national-english",
        "pivot-with-the-original-label",
        "friendly-in-a-language-we-lack",
        "friendly-not-in-its-language",
    ],
)
def test_labels_are_compared_in_their_language(
    tmp_path: Path, head: str, language: str, template: int | None, expected: int
) -> None:
    assert rules(found(tmp_path, head, language, template)).count("terminology/display-name warning") == expected


@pytest.mark.parametrize(("template", "expected"), [(None, 1), (3, 0)], ids=["national", "cross-border"])
def test_national_labels_are_asked_of_national_documents(tmp_path: Path, template: int | None, expected: int) -> None:
    values = VALUES.replace('displayName="Legs"', 'displayName="JDV_Legs"').replace(
        '<ConceptList xml:lang="en">\n <Concept code="L"', '<ConceptList>\n <Concept code="L"'
    )
    pack = pack_with(tmp_path / "p", svs=values)
    data = document(code("L", more='displayName="Bein"'), language="fr-FR", template=template)
    assert len(content_of(data, (pack,)).findings) == expected


def test_code_retired_after_the_document_was_made_is_not_named(tmp_path: Path) -> None:
    pack = pack_with(tmp_path / "p", svs=VALUES.replace("20230101", "20250101"))
    assert content_of(document(code("B")), (pack,)).findings == ()


def test_equal_findings_become_one_that_counts_the_places(tmp_path: Path) -> None:
    (finding,) = found(tmp_path, code("A", more='displayName="Hand"') * 3)

    assert finding.message == "the label of code A is not a published one; so at 3 places"
    assert in_language(finding.message, "fr") == "l'intitulé du code A n'est pas publié ; de même en 3 endroits"
    assert (finding.expected, finding.found) == ("'Arm'", "'Hand'")
    assert in_language(finding.next, "fr") != finding.next


def test_finding_points_to_the_attribute(tmp_path: Path) -> None:
    head = f'\n<code code="A" codeSystem="{SYSTEM}"\n displayName="Hand"/>'
    with Validator((pack_with(tmp_path / "p", svs=VALUES),), cache=MemoryCache()) as validator:
        report = validator.validate("d.xml", document(XFRM + head))
    (finding,) = [f for f in report.findings if f.rule == "terminology/display-name"]

    assert (finding.at.line, finding.at.column) == (3, 2)
    assert finding.at.xpath == "/hl7:ClinicalDocument[1]/hl7:code[1]/@displayName"


@pytest.mark.parametrize(
    ("head", "figures", "verdict"),
    [
        (code("A") + code("L"), (2, 2, 0), "pass"),
        (code("A") + code("Z") + code("9", "2.999.77"), (3, 1, 2), "inconclusive"),
        (code("2", WHOLE), (1, 1, 0), "pass"),
        (code("Z", more='sdtc:valueSet="2.999.6"'), (1, 1, 0), "warning"),
        (code("Z", more='sdtc:valueSet="2.999.7"'), (1, 0, 1), "inconclusive"),
        ('<code code="A"/><code nullFlavor="UNK"/>', (0, 0, 0), "pass"),
    ],
    ids=["all-found", "some-not", "whole-system", "named-set", "named-set-we-lack", "no-codes"],
)
def test_what_was_looked_up_is_counted(tmp_path: Path, head: str, figures: tuple[int, int, int], verdict: str) -> None:
    content = content_of(document(head, more=SDTC), (pack_with(tmp_path / "p", svs=VALUES),))
    use = content.uses[-1]
    assert (use.codes_seen, use.codes_checked, use.codes_unverifiable) == figures
    assert use.verdict == verdict


def test_codes_that_could_not_be_looked_up_decide_nothing_by_themselves(tmp_path: Path) -> None:
    assert content_of(document(code("Z")), (pack_with(tmp_path / "p", svs=VALUES),)).verdict == "pass"
