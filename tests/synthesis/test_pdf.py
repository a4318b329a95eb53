"""The PDF writer: a file that holds all it needs, as PDF/A-1b wants it."""

import re
import xml.etree.ElementTree as ET

import pytest

from harness.synthesis._glyphs import bars, has_glyph
from harness.synthesis._pdf import columns, write_pdf

LINES = ("Résumé « patient »", "Žluťoučký kůň úpěl ďábelské ódy", "(parentheses) \\ and 5 µg", "")


def objects(data: bytes) -> dict[int, bytes]:
    found = re.finditer(rb"(?m)^(\d+) 0 obj\n(.*?)\nendobj\n", data, re.DOTALL)
    return {int(m[1]): m[2] for m in found}


def test_the_same_lines_give_the_same_bytes() -> None:
    assert write_pdf("T", LINES, "fr-FR") == write_pdf("T", LINES, "fr-FR")
    assert write_pdf("T", LINES, "fr-FR") != write_pdf("T", LINES[1:], "fr-FR")


def test_every_offset_of_the_table_is_where_its_object_begins() -> None:
    data = write_pdf("T", LINES, "fr-FR")
    table = int(data.split(b"startxref\n")[1].split(b"\n")[0])
    offsets = [int(o) for o in re.findall(rb"(\d{10}) 00000 n \n", data[table:])]

    assert data[table:].startswith(b"xref\n0 %d\n0000000000 65535 f \n" % (len(offsets) + 1))
    assert [data[o:].split(b" ", 1)[0] for o in offsets] == [b"%d" % (n + 1) for n in range(len(offsets))]
    assert data.endswith(b"%%EOF\n")


def test_stream_lengths_are_right() -> None:
    for content in objects(write_pdf("T", LINES, "fr-FR")).values():
        said = re.match(rb"<< /Length (\d+)[^>]*>>\nstream\n", content)
        if said:
            assert len(content) == said.end() + int(said[1]) + len(b"\nendstream")


@pytest.mark.parametrize(
    ("wanted", "why"),
    [
        (rb"^%PDF-1\.4\n%[\x80-\xff]{4}\n", "header and binary comment, 6.1.2"),
        (rb"/ID \[<[0-9a-f]{32}> <[0-9a-f]{32}>\]", "file identifier, 6.1.3"),
        (rb"/Metadata 3 0 R", "metadata of the document, 6.7.2"),
        (rb"/CalGray << /WhitePoint", "colour that depends on no device, 6.2.3"),
        (rb"/Subtype /Type3", "a font whose glyphs are in the file, 6.3.4"),
    ],
)
def test_file_has_what_archives_demand(wanted: bytes, why: str) -> None:
    assert re.search(wanted, write_pdf("T", LINES, "fr-FR")), why


@pytest.mark.parametrize(
    "forbidden", [b"/Encrypt", b"LZWDecode", b"/JavaScript", b"DeviceRGB", b"DeviceGray", b"/BaseFont"]
)
def test_file_has_nothing_that_archives_forbid(forbidden: bytes) -> None:
    assert forbidden not in write_pdf("T", LINES, "fr-FR")


def test_metadata_claim_part_1_level_b_and_the_title() -> None:
    packet = objects(write_pdf("Lettre <A> & B", LINES, "fr-FR"))[3].split(b"stream\n", 1)[1]
    root = ET.fromstring(packet[packet.index(b"<x:") : packet.index(b"<?xpacket end")])
    texts = {e.tag.rpartition("}")[2]: e.text for e in root.iter()}

    assert (texts["part"], texts["conformance"], texts["li"]) == ("1", "B", "Lettre <A> & B")


def test_text_can_be_taken_out_again() -> None:
    data = write_pdf("T", LINES, "fr-FR")
    mapped = dict(re.findall(rb"<([0-9a-f]{2})> <([0-9a-f]{4})>", data))
    shown = [
        "".join(chr(int(mapped[m], 16)) for m in re.findall(rb"..", line))
        for line in re.findall(rb"<([0-9a-f]*)> Tj", data)
    ]

    assert shown == list(LINES)


def test_widths_of_the_font_are_those_of_its_glyphs() -> None:
    data = write_pdf("T", LINES, "fr-FR")
    widths = re.search(rb"/Widths \[([\d ]+)\]", data)
    drawn = re.findall(rb"(?m)^(\d+) 0 0 -2 \d+ 9 d1$", data)

    assert widths is not None
    assert widths[1].split() == drawn


def test_long_texts_go_on_to_another_page() -> None:
    data = write_pdf("T", ["line"] * 100, "fr-FR")

    assert b"/Count 3" in data
    assert data.count(b"/Type /Page ") == 3


def test_more_characters_than_a_font_can_hold_are_refused() -> None:
    with pytest.raises(ValueError, match="more characters"):
        write_pdf("T", ["".join(map(chr, range(0x4E00, 0x4F00)))], "fr-FR")


@pytest.mark.parametrize("character", "AZaz09éÉçÇłŁœŒßůŮďĎřŘñÑãÃąĘ€µ«»°…’")
def test_letters_of_the_languages_have_glyphs(character: str) -> None:
    assert has_glyph(character)
    assert list(bars(character))


def test_letters_differ_from_each_other_and_unknown_ones_are_question_marks() -> None:
    drawn = {c: tuple(bars(c)) for c in "abcdefghijklmnopqrstuvwxyzéèêëěçčřšůúABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789?"}

    assert len(set(drawn.values())) == len(drawn)
    assert tuple(bars("漢")) == drawn["?"]
    assert not has_glyph("漢")


def test_a_line_of_the_columns_fits_on_the_page() -> None:
    assert columns() * 6 <= 595 - 2 * 56
