"""Kind, level, form, wave and side of a document, each with its reason; and documents that contradict themselves."""

from pathlib import Path

import pytest

from harness.model import DocumentProfile, in_language
from harness.validators import Validator
from tests.validators.cda_support import LOINC, TEMPLATE, content_of, document, pack_with, rules

XFRM = '<relatedDocument typeCode="XFRM"><parentDocument><id root="1.2.3"/></parentDocument></relatedDocument>'
PHARM, EPSOS = '<p:a xmlns:p="urn:hl7-org:pharm"/>', '<e:a xmlns:e="urn:epsos-org:ep:medication"/>'
VALUES = f"""<valueSets><valueSet id="1.2.3"><conceptList>
<concept code="1-1" codeSystem="{LOINC}" displayName="Temperature"/></conceptList></valueSet></valueSets>"""
PAIR = (
    f'<code code="1-1" codeSystem="{LOINC}" displayName="{{}}">'
    f'<translation code="1-1" codeSystem="{LOINC}" displayName="{{}}"/></code>'
)
TRANSCODED = f'<code code="1-1" codeSystem="{LOINC}"><translation code="37.0" codeSystem="1.9"/></code>'


def profile_of(data: bytes, pack: Path | None = None) -> DocumentProfile:
    profile = content_of(data, (pack_with(pack, voc=VALUES),) if pack else ()).profile
    assert profile is not None
    return profile


@pytest.mark.parametrize(
    ("data", "kind", "because"),
    [
        (document(template=1), "eprescription", f"template {TEMPLATE}1 stands for it"),
        (document('<code code="60593-1"/>', template=None), "edispensation", "document code 60593-1"),
        (document('<code code="DISCARD-60593-1"/>', template=None), "edispensation", "code DISCARD-60593-1"),
        (
            document('<templateId root="1.2.250.1.213.1.1.1.13"/><code code="60591-5"/>', template=None),
            "ans-vsm",
            "1.2.250.1.213.1.1.1.13 stands for it",
        ),
        (document('<templateId root="1.2.250.1.213.1.1.1.1"/>', template=None), "ans-other", "stands for it"),
        (document('<code code="11488-4"/>', template=None), "other", "neither a document template nor"),
    ],
    ids=["template", "code", "discard", "french-model-before-code", "french-header-alone", "generic"],
)
def test_kind_is_told_with_its_sign(data: bytes, kind: str, because: str) -> None:
    trait = profile_of(data).kind
    assert trait.value == kind
    assert because in trait.because


@pytest.mark.parametrize(
    ("body", "level"),
    [("<structuredBody/>", "3"), ("<nonXMLBody/>", "1"), ("", "undetermined")],
    ids=["sections", "file", "neither"],
)
def test_level_is_told_by_the_body(body: str, level: str) -> None:
    assert profile_of(document(body=body)).level.value == level


@pytest.mark.parametrize(
    ("head", "wave"),
    [(PHARM, "from-6"), (EPSOS, "up-to-5"), ("", "undetermined"), (PHARM + EPSOS, "undetermined")],
    ids=["pharm", "epsos", "none", "both"],
)
def test_wave_is_told_by_the_medication_extension(head: str, wave: str) -> None:
    assert profile_of(document(head)).wave.value == wave


def test_national_document_has_no_wave_and_tells_no_side() -> None:
    profile = profile_of(document(PHARM, template=None))

    assert (profile.form.value, profile.wave.value, profile.side.value) == (
        "national",
        "not-applicable",
        "undetermined",
    )


@pytest.mark.parametrize(
    ("head", "form"),
    [
        (PAIR.format("Temperature", "Température"), "pivot"),
        (PAIR.format("Température", "Temperature"), "friendly"),
        (PAIR.format("Température", "Temperatur"), "undetermined"),
        (XFRM + PAIR.format("Température", "Temperature"), "friendly"),
        (XFRM, "pivot"),
        (XFRM + f'<code code="1-1" codeSystem="{LOINC}" displayName="Température"/>', "undetermined"),
        (TRANSCODED, "pivot"),
        ("", "undetermined"),
    ],
    ids=[
        "published-label-first",
        "published-label-second",
        "neither-published",
        "labels-before-relation",
        "made-from",
        "label-of-another-language",
        "transcoded",
        "silent",
    ],
)
def test_form_is_told_by_labels_and_relations(tmp_path: Path, head: str, form: str) -> None:
    assert profile_of(document(head), tmp_path / "p").form.value == form


def test_without_value_sets_two_labels_leave_the_form_undetermined() -> None:
    form = profile_of(document(XFRM + PAIR.format("Température", "Temperature"))).form

    assert form.value == "undetermined"
    assert form.because == "1 codes carry two labels, and the packs do not tell which one is published"


def test_level_1_wraps_the_original() -> None:
    assert profile_of(document(body="<nonXMLBody/>", template=7)).form.value == "wrapped-original"


@pytest.mark.parametrize(
    ("template", "labels", "side"),
    [
        (3, ("Temperature", "Température"), "country-a"),
        (3, ("Température", "Temperature"), "country-b"),
        (2, ("Temperature", "Température"), "country-b"),
        (2, ("Température", "Temperature"), "country-a"),
    ],
    ids=["summary", "friendly-summary", "dispensation", "friendly-dispensation"],
)
def test_side_follows_kind_and_labels(tmp_path: Path, template: int, labels: tuple[str, str], side: str) -> None:
    assert profile_of(document(PAIR.format(*labels), template=template), tmp_path / "p").side.value == side


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (document('<code code="60591-5"/>'), []),
        (document('<code code="57833-6"/>'), ["document/kind-code error"]),
        (document('<code code="1-1"/>'), []),
        (document(f'<templateId root="{TEMPLATE}1"/>'), ["document/kinds error"]),
        (document(body="<nonXMLBody><text>x</text></nonXMLBody>"), ["document/level error"]),
        (document(template=7), ["document/level error"]),
        (document(PHARM + EPSOS), ["document/extensions warning"]),
        (document('<code code="57833-6"/>', template=None), []),
    ],
    ids=[
        "summary",
        "prescription-code",
        "code-of-no-kind",
        "two-kinds",
        "file-under-level-3",
        "sections-under-level-1",
        "both-extensions",
        "no-template",
    ],
)
def test_contradictions_are_findings(data: bytes, expected: list[str]) -> None:
    assert [r for r in rules(content_of(data).findings) if r.startswith("document/")] == expected


def test_contradiction_has_place_and_requirement() -> None:
    data = document('\n<code code="57833-6"/>')
    with Validator(()) as validator:
        report = validator.validate("d.xml", data)

    (finding,) = [f for f in report.findings if f.rule == "document/kind-code"]
    assert (finding.at.line, finding.at.column, finding.requirement) == (2, 1, "CDA-001")
    assert (finding.expected, finding.found) == ("patient-summary", "eprescription")
    assert report.verdict == "fail"


def test_document_that_claims_no_template_is_not_said_to_agree_with_itself() -> None:
    assert [u.artefact for u in content_of(document(template=None)).uses] == ["codes"]


@pytest.mark.parametrize("data", [document(XFRM + PHARM), document(template=None), document(body="")])
def test_every_reason_has_a_french_form(data: bytes) -> None:
    profile = profile_of(data)
    for trait in (profile.kind, profile.level, profile.form, profile.wave, profile.side):
        assert in_language(trait.because, "fr") != trait.because


def test_message_has_no_profile() -> None:
    with Validator(()) as validator:
        assert validator.validate("m.xml", b"<m xmlns='urn:m'/>").profile is None
