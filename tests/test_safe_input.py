"""Hostile bytes are refused by their kind, at their place, with the limit and the advice in both languages."""

import gzip
import io
import subprocess
import sys
import time
import zipfile

import pytest

from harness.errors import WireError
from harness.model import in_language
from harness.safexml import DEFAULT_LIMITS, XmlLimits, parse, text_of
from harness.validators import PositionIndex, Validator

KEPT = '<?xml version="1.0" encoding="{}"?>\n<r>\n <é>x</é></r>'
UTF8 = b"\xef\xbb\xbf"


def encoded(name: str, codec: str = "", text: str = KEPT) -> bytes:
    return text.format(name).encode(codec or name)


def zipped() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("a.xml", "<r/>")
    return file.getvalue()


def bomb(reference: bytes) -> bytes:
    entities = b"".join(b'<!ENTITY %c "%s">' % (98 + i, b"&%c;" % (97 + i) * 10) for i in range(9))
    return b'<!DOCTYPE r [<!ENTITY a "aaaaaaaaaa">' + entities + b"]>" + reference


ENTITY_BOMB = bomb(b"<r>&j;</r>")
PARAMETER_BOMB = b"<!DOCTYPE r [<!ENTITY % a 'x'><!ENTITY % b '%a;%a;'>%b;]><r/>"
NESTED_NAMESPACES = b"".join(
    b"<a " + b" ".join(b'xmlns:%c%d="u"' % (letter, level) for letter in b"abcdef") + b">" for level in range(190)
)
AT_1001 = NESTED_NAMESPACES.index(b"<a xmlns:a166")

REFUSED: dict[str, tuple[bytes, str, int | None, int | None, int]] = {
    # name: bytes, kind, line, column, byte offset
    "empty": (b"", "empty", 1, 1, 0),
    "blank": (b" \n\t\r\n", "empty", 1, 1, 0),
    "a byte order mark alone": (UTF8, "empty", 1, 1, 0),
    "gzip": (gzip.compress(b"<r/>"), "not-xml", 1, 1, 0),
    "ZIP": (zipped(), "not-xml", 1, 1, 0),
    "PDF": (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3", "not-xml", 1, 1, 0),
    "HTML": (b"<!DOCTYPE html>\n<html><br></html>", "not-xml", 1, 1, 0),
    "JSON": (b'{"resourceType": "Bundle"}', "not-xml", 1, 1, 0),
    "MIME multipart": (b"--b\r\nContent-Type: text/xml\r\n\r\n<r/>\r\n--b--", "not-xml", 1, 1, 0),
    "base64": (b"PD94bWwgdmVyc2lvbj0iMS4wIj8+PHIvPg==", "not-xml", 1, 1, 0),
    "EBCDIC": (encoded("IBM037", "cp037"), "encoding", 1, 1, 0),
    "plain text": (b"hello", "not-well-formed", 1, 1, 0),
    "internal entity bomb": (ENTITY_BOMB, "doctype", 1, 1, 0),
    "entity bomb in an attribute": (bomb(b"<r x='&j;'/>"), "doctype", 1, 1, 0),
    "parameter entity bomb": (PARAMETER_BOMB, "doctype", 1, 1, 0),
    "external entity": (b"<!DOCTYPE r [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><r>&x;</r>", "doctype", 1, 1, 0),
    "external subset": (b"<?xml version='1.0'?>\n<!DOCTYPE r SYSTEM 'http://127.0.0.1:9/x.dtd'><r/>", "doctype", 2, 1, 22),
    "harmless DTD": (b"<!DOCTYPE r><r/>", "doctype", 1, 1, 0),
    "DTD in UTF-16": ("<!DOCTYPE r><r/>".encode("utf-16"), "doctype", 1, 1, 2),
    "DTD after a comment": (b"<!-- c -->\n<!DOCTYPE r><r/>", "doctype", 2, 1, 11),
    "100,000 levels": (b"<a>" * 100_000 + b"</a>" * 100_000, "too-deep", 1, 601, 600),
    "100,000 levels in UTF-16": (("<a>" * 100_000).encode("utf-16"), "too-deep", 1, 601, 1202),
    "201 levels": (b"<a>" * 201 + b"</a>" * 201, "too-deep", 1, 601, 600),
    "a million attributes": (
        b"<r>\n<a " + b" ".join(b'a%d=""' % i for i in range(1_000_000)) + b"/></r>", "too-wide", 2, 1, 4,
    ),
    "1001 attributes": (b"<r>\n<a " + b" ".join(b'a%d=""' % i for i in range(1001)) + b"/></r>", "too-wide", 2, 1, 4),
    "1001 namespaces": (b"<r " + b" ".join(b'xmlns:a%d="u"' % i for i in range(1001)) + b"/>", "too-wide", 1, 1, 0),
    "1001 namespaces, six a level": (NESTED_NAMESPACES, "too-wide", 1, AT_1001 + 1, AT_1001),
    "a very long attribute": (b'<r x="' + b"y" * 5_000_000 + b'"/>', "too-wide", 1, 1, 0),
    "a tag that never ends": (b"<r " + b"y" * 5_000_000, "too-wide", 1, 1, 0),
    "a very long name": (b"<r><" + b"x" * 2000 + b"/></r>", "too-wide", 1, 4, 3),
    "a very long namespace name": (b'<r xmlns="' + b"u" * 2000 + b'"/>', "too-wide", 1, 1, 0),
    "invalid UTF-8": (encoded("UTF-8", "latin-1"), "encoding", 3, 3, 45),
    "overlong UTF-8": (b"<r>\n \xc0\xaf</r>", "encoding", 2, 2, 5),
    "a surrogate in UTF-8": (b"<r>\n \xed\xa0\x80</r>", "encoding", 2, 2, 5),
    "a lone surrogate in UTF-16": (
        "<r>\n x".encode("utf-16") + b"\x00\xd8" + "</r>".encode("utf-16-le"), "encoding", 2, 3, 14,
    ),
    "bytes above ASCII, declared ASCII": (encoded("US-ASCII", "utf-8"), "encoding", 3, 3, 48),
    "declared UTF-16, but single bytes": (encoded("UTF-16", "utf-8"), "encoding", 1, 31, 30),
    "an unknown encoding": (encoded("x-foo", "utf-8"), "encoding", 1, 31, 30),
    "a codec that is no encoding": (encoded("base64", "utf-8"), "encoding", 1, 31, 30),
    "NUL": (b"<r>\n a\x00b</r>", "character", 2, 3, 6),
    "NUL after the end": (b"<r/>\x00\x00", "character", 1, 5, 4),
    "a control character": (b"<r>\n a\x01b</r>", "character", 2, 3, 6),
    "a control character by reference": (b"<r>\n a&#1;b</r>", "character", 2, 3, 6),
    "U+FFFE": ("<r>\n\ufffe</r>".encode(), "character", 2, 1, 4),
    "U+FFFE by reference": (b"<r>&#xFFFE;</r>", "character", 1, 4, 3),
    "a control character that XML 1.1 has": (b"<?xml version='1.1'?><r>&#1;</r>", "character", 1, 25, 24),
    "cut in the text": (b"<r>\n <a>x", "not-well-formed", 2, 6, 9),
    "cut in a tag": (b"<r>\n <a x='", "not-well-formed", 2, 8, 11),
    "cut in a comment": (b"<r>\n <!-- ", "not-well-formed", 2, 7, 10),
    "two roots": (b"<r/>\n<r/>", "not-well-formed", 2, 1, 5),
    "text behind the root": (b"<r/>\nabc", "not-well-formed", 2, 1, 5),
    "blanks before the declaration": (b"\n<?xml version='1.0'?><r/>", "not-well-formed", 2, 6, 6),
    "an undeclared prefix": (b"<r><p:a/></r>", "not-well-formed", 1, 8, 7),
    "an undefined entity": (b"<r>&nbsp;</r>", "not-well-formed", 1, 10, 9),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_hostile_bytes_are_refused_by_kind_at_their_place(name: str) -> None:
    data, kind, line, column, offset = REFUSED[name]
    started = time.perf_counter()

    with pytest.raises(WireError) as caught:
        parse(data)

    error = caught.value
    assert (error.kind, error.line, error.column, error.offset) == (kind, line, column, offset)
    assert time.perf_counter() - started < 20


@pytest.mark.parametrize("name", REFUSED)
def test_refusal_is_a_finding_with_advice_in_both_languages(name: str) -> None:
    data, kind, line, *_ = REFUSED[name]
    with Validator([]) as validator:
        report = validator.validate("d.xml", data)

    (finding,) = report.findings
    assert (report.verdict, finding.rule, finding.at.line) == ("fail", f"xml/{kind}", line)
    for text in (finding.message, finding.next, report.uses[1].reason):
        assert text
        assert in_language(text, "fr") != text


ACCEPTED = {
    "UTF-16 with a mark": encoded("UTF-16"),
    "UTF-16 LE without a mark": encoded("UTF-16", "utf-16-le"),
    "UTF-16 BE without a mark": encoded("UTF-16", "utf-16-be"),
    "UTF-16 with a mark, declared UTF-8": encoded("UTF-8", "utf-16"),
    "UTF-8 with a mark": UTF8 + encoded("UTF-8"),
    "UTF-8 with a mark, declared ISO-8859-1": UTF8 + encoded("ISO-8859-1", "utf-8"),
    "UTF-32": encoded("UTF-32"),
    "ISO-8859-1": encoded("ISO-8859-1"),
    "windows-1252": encoded("windows-1252"),
    "GB18030": encoded("GB18030"),
    "XML 1.1": KEPT.replace("1.0", "1.1").format("UTF-8").encode(),
    "a text that speaks of a DTD": b"<r><![CDATA[<!DOCTYPE r>]]></r>",
    "200 levels": b"<a>" * 200 + b"</a>" * 200,
    "1000 attributes": b"<a " + b" ".join(b'a%d=""' % i for i in range(1000)) + b"/>",
    "a namespace declared at 1500 siblings": b"<r>" + b'<a xmlns:p="u"/>' * 1500 + b"</r>",
    "a 12 MB text": b"<r>" + b"x" * 12_000_000 + b"</r>",
}


@pytest.mark.parametrize("data", ACCEPTED.values(), ids=list(ACCEPTED))
def test_unusual_but_right_bytes_are_read(data: bytes) -> None:
    assert parse(data).tag in ("r", "a")


LIMITS: dict[str, tuple[XmlLimits, bytes, bytes, str, str]] = {
    # name: limits, bytes within them, bytes beyond them, kind, number that is told
    "bytes": (XmlLimits(max_bytes=10), b"<r>123</r>", b"<r>1234</r>", "too-large", "10 bytes"),
    "depth": (XmlLimits(max_depth=2), b"<a><b/></a>", b"<a><b><c/></b></a>", "too-deep", "2 levels"),
    "depth beyond libxml2's": (
        XmlLimits(max_depth=1000), b"<a>" * 1000 + b"</a>" * 1000, b"<a>" * 1001 + b"</a>" * 1001, "too-deep", "1000",
    ),
    "depth beyond what libxml2 can": (
        XmlLimits(max_depth=10_000), b"<a>" * 2000 + b"</a>" * 2000, b"<a>" * 2100 + b"</a>" * 2100, "too-deep", "2048",
    ),
    "attributes": (XmlLimits(max_attributes=1), b"<a b='' xmlns='u'/>", b"<a b='' c=''/>", "too-wide", "1 attributes"),
    "namespaces": (XmlLimits(max_namespaces=1), b"<a xmlns='u'/>", b"<a xmlns='u'><b xmlns:p='u'/></a>", "too-wide", "1 na"),
    "nodes": (XmlLimits(max_nodes=3), b"<a b=''><c/></a>", b"<a b=''><c d=''/></a>", "too-many", "3 elements"),
    "markup": (XmlLimits(max_markup_bytes=8), b"<a b=''/>", b"<a b='" + b"x" * 70_000 + b"'/>", "too-wide", "8 bytes"),
    "name": (XmlLimits(max_name=3), b"<abc xmlns='urn'/>", b"<abc><abcd/></abc>", "too-wide", "3 characters"),
}  # fmt: skip


@pytest.mark.parametrize("name", LIMITS)
def test_each_limit_can_be_set_and_is_told_when_hit(name: str) -> None:
    limits, within, beyond, kind, told = LIMITS[name]
    parse(within, limits=limits)

    with pytest.raises(WireError) as caught:
        parse(beyond, limits=limits)

    assert caught.value.kind == kind
    assert told in (caught.value.expected or "")
    assert in_language(caught.value.expected or "", "fr") != caught.value.expected


DOCUMENT = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<!-- é --><r xmlns="urn:x" xmlns:p="urn:p">\n'
    "<a p:b='1 &lt; 2'/>é<![CDATA[<&]]>&#233;<?pi x?></r>\n<!-- end -->"
).encode()


def test_document_cut_at_any_byte_is_refused_inside_itself_until_its_root_is_closed() -> None:
    closed = DOCUMENT.index(b"</r>") + 4
    for length in range(closed):
        with pytest.raises(WireError) as caught:
            parse(DOCUMENT[:length])
        assert caught.value.kind in ("empty", "not-well-formed", "encoding"), length
        assert 0 <= (caught.value.offset or 0) <= length
    assert parse(DOCUMENT[:closed]).tag == "{urn:x}r"


def test_place_in_any_encoding_is_the_place_in_its_bytes() -> None:
    for codec in ("utf-8", "utf-16", "utf-16-be", "utf-32", "cp1252", "gb18030"):
        data = encoded(codec.upper() if codec != "utf-16-be" else "UTF-16", codec)
        text = text_of(data)
        offset = text.offset(3, 3)
        assert offset is not None
        assert text.line_and_column(offset) == (3, 3)
        assert data[text.in_bytes(offset) :].startswith("é".encode(text.encoding))


MEASURED = """
import resource, sys
from harness.errors import WireError
from harness.safexml import parse
make = {
    "text": lambda: b"<r>" + b"x" * 200_000_000 + b"</r>",
    "siblings": lambda: b"<r>" + b"<a/>" * 31_000_000 + b"</r>",
    "attributes": lambda: b"<r>" + b"<a b='' c=''/>" * 9_000_000 + b"</r>",
    "levels": lambda: b"<a>" * 40_000_000,
    "tag": lambda: b"<r " + b"a='' " * 25_000_000,
}[sys.argv[1]]()
resource.setrlimit(resource.RLIMIT_AS, (900_000_000, 900_000_000))
try:
    parse(make)
except WireError as exc:
    print(exc.kind)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="address space can be limited on Linux only")
@pytest.mark.parametrize(
    ("what", "kind"),
    [
        ("text", "too-large"),
        ("siblings", "too-many"),
        ("attributes", "too-many"),
        ("levels", "too-deep"),
        ("tag", "too-wide"),
    ],
)
def test_documents_as_large_as_allowed_are_refused_in_bounded_memory_and_time(what: str, kind: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", MEASURED, what], capture_output=True, text=True, timeout=30, check=False
    )
    assert (done.stdout.strip(), done.stderr) == (kind, "")


def test_positions_of_long_names_take_no_more_than_the_document_is_worth() -> None:
    name = "x" * 900
    data = f"<{name}>".encode() * 150 + b"<a/>" * 50_000 + f"</{name}>".encode() * 150
    path = f"/Q{{}}{name}[1]" * 150 + "/Q{}a[50000]"
    position = PositionIndex(data).find(path)
    assert position is not None
    assert data[position.offset :].startswith(b"<a/></x")
    assert DEFAULT_LIMITS.max_name == 1000
