"""Files inside documents: base64, media type, PDF structure, PDF/A claim, encryption, size, images; never a crash."""

import base64
import gzip
import time
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.validators import Validator
from harness.validators._pdf import MAX_INFLATED, read_pdf
from tests.validators.cda_support import carrying, claim, content_of, document, pdf, rules

SCANNED = '<templateId root="1.3.6.1.4.1.19376.1.2.20"/>'


def chunk(name: bytes, data: bytes) -> bytes:
    return len(data).to_bytes(4) + name + data + zlib.crc32(name + data).to_bytes(4)


PNG = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", bytes(13)) + chunk(b"IDAT", b"x") + chunk(b"IEND", b"")
JPEG = b"\xff\xd8\xff\xe0 pixels \xff\xd9"


def found(body: str, template: int = 7, head: str = "", limit: int = 1_000_000) -> list[str]:
    findings = content_of(document(head, body, template=template), limit=limit).findings
    return [r.removeprefix("embedded/") for r in rules(findings) if r.startswith("embedded/")]


@pytest.mark.parametrize(
    ("body", "template", "expected"),
    [
        (carrying(pdf()), 7, []),
        (carrying(pdf(), representation="TXT"), 7, ["representation error"]),
        (carrying("JVBERi0!"), 7, ["base64 error"]),
        (carrying("JVBER"), 7, ["base64 error"]),
        (carrying(""), 7, ["empty error"]),
        ("<nonXMLBody/>", 7, ["none error"]),
        (carrying('<reference value="http://x/y.pdf"/>'), 7, ["by-reference undecidable"]),
        (carrying(base64.b64encode(pdf())), 7, ["twice error"]),
        (carrying(b"plain words"), 7, ["pdf-header error"]),
        (carrying(PNG), 7, ["media-type error"]),
        (carrying(b"\n" + pdf()), 7, ["pdf-header error"]),
        (carrying(pdf(end=b"")), 7, ["pdf-end error"]),
        (carrying(pdf().replace(b"startxref\n", b"startxref\n9")), 7, ["pdf-xref error"]),
        (carrying(pdf().replace(b"/Catalog", b"/Nothing")), 7, ["pdf-root error"]),
        (carrying(pdf(trailer=b"/Encrypt 9 0 R")), 7, ["pdf-encrypted error"]),
        (carrying(PNG, media="image/png"), 7, ["media-kind error"]),
        (carrying(PNG, media="image/png"), 11, []),
        (carrying(PNG, media="application/png"), 11, []),
        (carrying(JPEG, media="application/jpeg"), 11, []),
        (carrying(JPEG, media="image/png"), 11, ["media-type error"]),
        (carrying(pdf()), 11, ["media-kind error"]),
        (carrying(PNG[:-8], media="image/png"), 11, ["image error"]),
        (carrying(PNG.replace(b"IDATx", b"IDATy"), media="image/png"), 11, ["image error"]),
        (carrying(JPEG[:-2], media="image/jpeg"), 11, ["image error"]),
        (carrying(b"{}", media="application/json"), 7, ["media-kind error", "media-unknown undecidable"]),
    ],
    ids=lambda value: value if isinstance(value, str) and len(value) < 20 else None,
)
def test_file_is_judged_by_its_bytes(body: str, template: int, expected: list[str]) -> None:
    assert found(body, template) == expected


@pytest.mark.parametrize(
    ("code", "content", "expected"),
    [
        ("ZL", zlib.compress(pdf()), []),
        ("GZ", gzip.compress(pdf()), []),
        ("DF", zlib.compress(pdf(), wbits=-15), []),
        ("ZL", pdf(), ["decompressed error"]),
        ("ZL", zlib.compress(pdf())[:-9], ["decompressed error"]),
        ("Z", pdf(), ["compression undecidable"]),
        ("ZL", zlib.compress(bytes(50_000_000)), ["size undecidable"]),
    ],
    ids=["zlib", "gzip", "deflate", "not-compressed", "cut", "unknown", "bomb"],
)
def test_compressed_file_is_inflated_up_to_the_limit(code: str, content: bytes, expected: list[str]) -> None:
    assert found(carrying(content, more=f'compression="{code}"')) == expected


@pytest.mark.parametrize(("limit", "expected"), [(len(pdf()), []), (100, ["size undecidable"])], ids=["within", "over"])
def test_size_has_a_limit(limit: int, expected: list[str]) -> None:
    assert found(carrying(pdf()), limit=limit) == expected


@pytest.mark.parametrize(
    ("file", "said"),
    [
        (pdf(), "no claim to be PDF/A"),
        (pdf(xmp=b"<x:xmpmeta/>"), "no claim to be PDF/A"),
        (pdf(xmp=claim(1, "b")), "claims to be PDF/A-1B"),
        (pdf(xmp=claim(3, "U"), compressed=True), "claims to be PDF/A-3U"),
        (
            pdf(xmp=claim(1, "B")).replace(b"/Type /Metadata", b"/Filter /LZWDecode"),
            "a claim to be PDF/A could not be looked up",
        ),
    ],
    ids=["no-metadata", "metadata-without", "plain", "compressed", "unknown-filter"],
)
def test_claim_to_be_pdf_a_is_told(file: bytes, said: str) -> None:
    content = content_of(document(body=carrying(file), template=7))
    (use,) = [u for u in content.uses if u.layer == "embedded"]
    assert use.reason == f"application/pdf, {len(file)} bytes (limit 1000000), {said}"


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        (pdf(), ["pdf-a-absent warning"]),
        (pdf(xmp=claim(1, "B")), []),
        (pdf(xmp=claim(2, "B")), ["pdf-a-absent warning"]),
    ],
    ids=["no-claim", "part-1", "part-2"],
)
def test_document_that_claims_to_be_scanned_has_a_pdf_a_1(file: bytes, expected: list[str]) -> None:
    assert found(carrying(file), head=SCANNED) == expected


def test_text_that_stands_as_text_is_no_file() -> None:
    body = "<nonXMLBody><text>Dear colleague</text></nonXMLBody>"
    assert rules(content_of(document(body=body, template=None)).findings) == []


def test_file_in_a_section_is_judged_too() -> None:
    value = base64.b64encode(PNG).decode()
    media = f'<observationMedia><value mediaType="image/jpeg" representation="B64">{value}</value></observationMedia>'
    assert found(f"<structuredBody><component>{media}</component></structuredBody>", template=3) == ["media-type error"]


def test_finding_has_place_requirement_and_source() -> None:
    with Validator((), max_embedded_bytes=10_000) as validator:
        report = validator.validate("d.xml", document("\n", carrying("%PDF-1.4"), template=7))
    (finding,) = [f for f in report.findings if f.layer == "embedded"]
    assert (finding.rule, finding.requirement, finding.at.line) == ("embedded/base64", "XCAR-A-007", 2)
    assert finding.at.column
    assert finding.source
    assert finding.found == "character '%'"
    assert report.verdict == "fail"


def test_what_could_not_be_looked_at_leaves_the_report_undecided() -> None:
    with Validator((), max_embedded_bytes=10) as validator:
        report = validator.validate("d.xml", document(body=carrying(pdf()), template=7))
    assert report.verdict == "inconclusive"
    assert "the embedded file is larger than the limit" in report.reason


def test_cross_reference_stream_and_object_stream_are_followed() -> None:
    packed = b"1 0 <</Type /Catalog>>"
    stream = zlib.compress(packed)
    out = bytearray(b"%PDF-1.5\n")
    holder = len(out)
    head = b"2 0 obj\n<</Type /ObjStm /N 1 /First 4 /Filter /FlateDecode>>\nstream\n"
    out += head + stream + b"\nendstream\nendobj\n"
    start = len(out)
    rows = b"".join(
        bytes([kind, *value.to_bytes(2), index]) for kind, value, index in ((0, 0, 0), (2, 2, 0), (1, holder, 0))
    )
    above, predicted = bytes(4), bytearray()
    for at in range(0, len(rows), 4):
        row = rows[at : at + 4]
        predicted += b"\x02" + bytes((a - b) & 255 for a, b in zip(row, above, strict=True))
        above = row
    table = zlib.compress(bytes(predicted))
    dictionary = (
        b"<</Type /XRef /Size 3 /W [1 2 1] /Root 1 0 R /Filter /FlateDecode /DecodeParms <</Predictor 12 /Columns 4>>>>"
    )
    out += b"3 0 obj\n" + dictionary + b"\nstream\n" + table + b"\nendstream\nendobj\nstartxref\n%d\n%%%%EOF" % start
    facts = read_pdf(bytes(out))
    assert (facts.references, facts.catalogue, facts.claim) == (True, True, "")


def test_pdf_that_inflates_without_end_is_left_in_time() -> None:
    bomb = zlib.compress(bytes(8 * MAX_INFLATED), 9)
    started = time.perf_counter()
    facts = read_pdf(
        pdf(xmp=b"\x00")
        .replace(b"stream\n\x00", b"stream\n" + bomb)
        .replace(b"/Length", b"/Filter /FlateDecode /Length")
    )
    assert not facts.claim
    assert time.perf_counter() - started < 2


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_no_bytes_make_the_reader_fail(data: st.DataObject) -> None:
    content = bytearray(pdf(xmp=claim(1, "B"), compressed=data.draw(st.booleans())))
    for _ in range(data.draw(st.integers(1, 8))):
        at = data.draw(st.integers(0, len(content)))
        cut = data.draw(st.integers(0, 30))
        content[at : at + cut] = data.draw(st.binary(max_size=20))
    facts = read_pdf(bytes(content))
    assert facts.claim in ("", None) or facts.catalogue
    read_pdf(data.draw(st.binary(max_size=200)))
