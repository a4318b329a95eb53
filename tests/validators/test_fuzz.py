"""Mutated documents never break the validator, and never pass where the plain engine refuses them."""

import copy
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from harness.model import Layer, ValidationReport, Verdict
from harness.packs import bundled_data
from harness.packs.artefacts import load_pack
from harness.safexml import text_of
from harness.store import to_json
from harness.validators import Validator

POPULATION = bundled_data() / "scenarios/populations/documents"
OWN = ("ep-nominal-1-3.xml", "ed-nominal-1-3.xml")
OFFICIAL = (
    "documents/ep/openncp/ePsample_stripped.xml",
    "documents/ep/openncp/signed_ePsample_UNK.xml",
    "documents/ed/openncp-older/eDispensation-friendly.xml",
    "documents/ep/openncp/ePsample_UNK.xml",
)
XSI_TYPE = "{http://www.w3.org/2001/XMLSchema-instance}type"
NASTY_BYTES = (
    b"\x00", b"\xff\xfe", b"\xef\xbb\xbf", b"\xc0\xaf", b"\xed\xa0\x80", b"<", b">", b"&", b"&#0;", b"&#xFFFE;", b"&x;",
    b"]]>", b"<![CDATA[", b"<!-- ", b" -->", b"<?x ?>", b"<!DOCTYPE r []>", b'"', b"'", b"=", b"/", b"xmlns:a=''", b"\r", b"\x85",
    b"<a/>" * 20, b"<a>" * 300, b'<?xml version="1.0" encoding="UTF-16"?>', b'encoding="ascii"', b"\xe2\x80\xa8", b"PK\x03\x04",
)  # fmt: skip
NASTY_TEXT = (
    "",
    " ",
    "\n",
    "\r",
    "\x85",
    "￼",
    "𝒳",
    "]]>",
    "<&",
    "1e400",
    "-0",
    "x" * 3000,
    "2.16.840.1",
    "20240101",
    "{urn:x}a",
)
SETTINGS = settings(
    derandomize=True, database=None, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)

type Edit = tuple[int, float, float, int]
"""Which change, at which part of the document, with which other part, and with which of the nasty values."""
EDITS = st.lists(
    st.tuples(st.integers(0, 11), st.floats(0, 1), st.floats(0, 1), st.integers(0, 99)), min_size=1, max_size=4
)
ENCODINGS = st.sampled_from(["UTF-8", "UTF-8", "UTF-8", "UTF-16", "UTF-16LE", "ISO-8859-1", "US-ASCII", "windows-1252"])


def bytes_changed(data: bytes, edits: list[Edit]) -> bytes:
    for change, here, there, which in edits:
        at = int(here * len(data))
        end = min(len(data), at + int(there * 40))
        nasty = NASTY_BYTES[which % len(NASTY_BYTES)]
        match change % 6:
            case 0:
                data = data[:at] + nasty + data[at:]
            case 1:
                data = data[:at] + data[end:]
            case 2:
                data = data[:at] + data[at:end] * 2 + data[end:]
            case 3:
                data = data[:at] + bytes([which + 100]) + data[at + 1 :]
            case 4:
                other = int(there * len(data))
                data = data[:at] + data[other : other + 60] + data[at:]
            case _:
                data = data[: max(1, at)] if which % 4 == 0 else data[:at] + nasty + data[end:]
    return data


def tree_changed(root: etree._Element, edits: list[Edit]) -> etree._Element:
    root = copy.deepcopy(root)
    for change, here, there, which in edits:
        every = list(root.iter("*"))
        element = every[min(int(here * len(every)), len(every) - 1)]
        other = every[min(int(there * len(every)), len(every) - 1)]
        CHANGES[change](element, other, NASTY_TEXT[which % len(NASTY_TEXT)])
    return root


def removed(element: etree._Element, *_: object) -> None:
    if (parent := element.getparent()) is not None:
        parent.remove(element)


def doubled(element: etree._Element, *_: object) -> None:
    if element.getparent() is not None:
        element.addnext(copy.deepcopy(element))


def brought(element: etree._Element, other: etree._Element, _: str) -> None:
    other.insert(0, copy.deepcopy(element))


def moved_up(element: etree._Element, *_: object) -> None:
    if (before := element.getprevious()) is not None:
        before.addprevious(element)


def renamed(element: etree._Element, other: etree._Element, _: str) -> None:
    element.tag = other.tag


def estranged(element: etree._Element, *_: object) -> None:
    element.tag = f"{{urn:strange}}{etree.QName(element).localname}"


def typed(element: etree._Element, other: etree._Element, text: str) -> None:
    if element.attrib.pop(XSI_TYPE, None) is None:
        element.set(XSI_TYPE, other.get(XSI_TYPE, "ST"))


def strangely_typed(element: etree._Element, _: etree._Element, text: str) -> None:
    element.set(XSI_TYPE, text)


def stripped(element: etree._Element, *_: object) -> None:
    element.attrib.clear()


def valued(element: etree._Element, _: etree._Element, text: str) -> None:
    for name in list(element.attrib)[:1] or ["new"]:
        element.set(name, text)


def filled(element: etree._Element, _: etree._Element, text: str) -> None:
    element.text = text


def remarked(element: etree._Element, *_: object) -> None:
    element.insert(len(element) // 2, etree.Comment("c"))
    element.append(etree.ProcessingInstruction("p", "i"))


CHANGES: tuple[Callable[[etree._Element, etree._Element, str], None], ...] = (
    removed, doubled, brought, moved_up, renamed, estranged, typed, strangely_typed, stripped, valued, filled, remarked,
)  # fmt: skip


def plain_verdict(schema: etree.XMLSchema, data: bytes) -> bool:
    """What libxml2 alone says: well-formed, without a DTD, and valid."""
    try:
        root = etree.fromstring(data, etree.XMLParser(resolve_entities=False, no_network=True))
    except etree.XMLSyntaxError:
        return False
    return root.getroottree().docinfo.internalDTD is None and schema.validate(root)


def holds(report: ValidationReport, data: bytes) -> None:
    """What is true of every report, whatever the bytes were."""
    json.loads(json.dumps(to_json(ValidationReport, report, lambda _: "")))
    text = text_of(data)
    assert report.verdict is not Verdict.ERROR, report.reason
    for finding in report.findings:
        assert finding.message or finding.expected
        if finding.at.line is not None:
            assert text.line(finding.at.line) is not None
            assert 0 <= (finding.at.offset or 0) <= len(data)
    if report.verdict is Verdict.FAIL:
        assert report.findings


@pytest.fixture(scope="module")
def official(corpus: Path) -> Iterator["Setting"]:
    pack = load_pack(corpus / "artefacts/xsd/cda-ehdsi-pharma")
    schema = etree.XMLSchema(etree.parse(pack.artefacts[0].path))
    with Validator([pack]) as validator:
        yield validator, schema, tuple((corpus / name).read_bytes() for name in OFFICIAL)


@pytest.fixture(scope="module")
def own() -> Iterator["Setting"]:
    pack = load_pack(bundled_data() / "schemas")
    path = next(a.path for a in pack.artefacts if a.id == "cda-xsd")
    with Validator([pack]) as validator:
        yield validator, etree.XMLSchema(etree.parse(path)), tuple((POPULATION / n).read_bytes() for n in OWN)


type Setting = tuple[Validator, etree.XMLSchema, tuple[bytes, ...]]


def judged(setting: Setting, data: bytes) -> tuple[Verdict, Verdict | None, bool]:
    """Our verdict on `data`, that of our XSD layer (None where it did not judge it as a CDA), and what libxml2 alone says."""
    validator, schema, _ = setting
    report = validator.validate("d.xml", data)
    holds(report, data)
    layers = [u.verdict for u in report.uses if u.layer is Layer.XSD and u.verdict is not Verdict.NOT_RUN]
    return report.verdict, layers[0] if layers and report.kind.startswith("cda:") else None, plain_verdict(schema, data)


def agree(ours: Verdict, layer: Verdict | None, right: bool) -> bool:
    """Nothing passes that libxml2 refuses, and our XSD layer says what libxml2 says."""
    return (right or ours not in (Verdict.PASS, Verdict.WARNING)) and layer in (
        None,
        Verdict.PASS if right else Verdict.FAIL,
    )


@pytest.mark.parametrize(
    "seen",
    [
        (Verdict.PASS, None, False),
        (Verdict.WARNING, Verdict.FAIL, False),
        (Verdict.FAIL, Verdict.PASS, False),
        (Verdict.PASS, Verdict.FAIL, True),
        (Verdict.INCONCLUSIVE, Verdict.INCONCLUSIVE, True),
    ],
)
def test_what_differs_from_libxml2_would_be_noticed(seen: tuple[Verdict, Verdict | None, bool]) -> None:
    assert not agree(*seen)


@pytest.mark.corpus
@pytest.mark.parametrize("number", range(len(OFFICIAL)), ids=[Path(n).stem for n in OFFICIAL])
def test_unchanged_documents_are_judged_by_the_official_schema(official: Setting, number: int) -> None:
    ours, layer, right = judged(official, official[2][number])
    assert layer is not None
    assert agree(ours, layer, right)


@pytest.mark.parametrize("number", range(len(OWN)), ids=OWN)
def test_unchanged_documents_of_ours_pass_their_schema(own: Setting, number: int) -> None:
    _, layer, right = judged(own, own[2][number])
    assert (layer, right) == (Verdict.PASS, True)


@pytest.mark.corpus
@settings(SETTINGS, max_examples=150)
@given(number=st.integers(0, 3), edits=EDITS)
def test_changed_bytes_are_judged_as_the_official_schema_judges_them(
    official: Setting, number: int, edits: list[Edit]
) -> None:
    assert agree(*judged(official, bytes_changed(official[2][number], edits)))


@pytest.mark.corpus
@settings(SETTINGS, max_examples=120)
@given(number=st.integers(0, 3), edits=EDITS, encoding=ENCODINGS)
def test_changed_trees_are_judged_as_the_official_schema_judges_them(
    official: Setting, number: int, edits: list[Edit], encoding: str
) -> None:
    root = tree_changed(etree.fromstring(official[2][number]), edits)
    assert agree(*judged(official, etree.tostring(root, encoding=encoding, xml_declaration=True)))


@settings(SETTINGS, max_examples=60)
@given(number=st.integers(0, 1), edits=EDITS, encoding=ENCODINGS)
def test_changed_documents_of_ours_go_through_every_layer(
    own: Setting, number: int, edits: list[Edit], encoding: str
) -> None:
    root = tree_changed(etree.fromstring(own[2][number]), edits)
    assert agree(*judged(own, etree.tostring(root, encoding=encoding, xml_declaration=True)))


@settings(SETTINGS, max_examples=300)
@given(data=st.binary(max_size=40) | st.lists(st.sampled_from(NASTY_BYTES), max_size=12).map(b"".join))
def test_any_bytes_are_refused_or_read(data: bytes) -> None:
    with Validator([]) as validator:
        report = validator.validate("d.xml", data)
    holds(report, data)
    assert report.verdict in (Verdict.FAIL, Verdict.INCONCLUSIVE)
