"""MTOM packages, byte for byte."""

from email import message_from_bytes
from email.policy import HTTP

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness import safexml
from harness.errors import WireError
from harness.wire import mtom, ns
from harness.wire.mtom import Part

ROOT = b"<soap/>"
BINARY = bytes(range(256)) + b"\r\n--\r\n\n\r\n\r\n--b\r\r\n"
TYPE = 'multipart/related; type="application/xop+xml"; start="<r@x>"; start-info="application/soap+xml"; boundary="b0"'
ROOT_HEAD = b'Content-Type: application/xop+xml; type="application/soap+xml"\r\nContent-ID: <r@x>\r\n\r\n'


def body(*parts: bytes, newline: bytes = b"\r\n") -> bytes:
    text = b"".join(b"--b0\r\n" + part + b"\r\n" for part in parts) + b"--b0--\r\n"
    return text.replace(b"\r\n", newline)


def refused(content_type: str, content: bytes) -> WireError:
    with pytest.raises(WireError) as caught:
        mtom.parse_multipart(content_type, content)
    return caught.value


def include(href: str) -> bytes:
    return f'<Document xmlns="{ns.XDSB}"><x:Include xmlns:x="{ns.XOP}" href="{href}"/></Document>'.encode()


def test_binary_content_survives_building_and_parsing() -> None:
    attachment = Part(content_id="d1@x", content_type="application/pdf", content=BINARY)

    content_type, content = mtom.build_multipart(ROOT, [attachment], "uuid:1234")
    root, others = mtom.parse_multipart(content_type, content)

    assert root.content == ROOT
    assert root.content_type.startswith("application/xop+xml")
    assert [(p.content_id, p.content_type, p.content) for p in others] == [("d1@x", "application/pdf", BINARY)]
    assert content[others[0].offset :].startswith(b"Content-Type: application/pdf")


@settings(deadline=None)
@given(st.binary(max_size=80), st.lists(st.binary(max_size=80), max_size=3))
def test_any_content_survives_building_and_parsing(xml: bytes, contents: list[bytes]) -> None:
    attachments = [Part(content_id=f"{n}@x", content_type="a/b", content=c) for n, c in enumerate(contents)]

    root, others = mtom.parse_multipart(*mtom.build_multipart(xml, attachments, "=_boundary_="))

    assert root.content == xml
    assert [part.content for part in others] == contents


def test_standard_library_reads_what_we_build() -> None:
    attachment = Part(content_id="d1@x", content_type="application/octet-stream", content=b"\x00\xff\r\n")
    content_type, content = mtom.build_multipart(ROOT, [attachment], "uuid:1234")

    message = message_from_bytes(b"Content-Type: " + content_type.encode() + b"\r\n\r\n" + content, policy=HTTP)

    first, second = message.iter_parts()
    assert first.get_payload(decode=True) == ROOT
    assert second["Content-ID"] == "<d1@x>"
    assert second.get_payload(decode=True) == b"\x00\xff\r\n"


def test_preamble_and_epilogue_are_ignored() -> None:
    content = b"This is a package\r\n--b0x is no delimiter\r\n" + body(ROOT_HEAD + ROOT) + b"rest\r\n--b0\r\n"

    root, others = mtom.parse_multipart(TYPE, content)

    assert (root.content, others) == (ROOT, ())


def test_package_with_bare_line_feeds_is_read_exactly() -> None:
    content = body(ROOT_HEAD + ROOT, b"Content-ID: <d>\r\n\r\nabc\r\n", newline=b"\n").replace(b"abc", b"a\rbc\r")

    root, others = mtom.parse_multipart(TYPE, content)

    assert root.content == ROOT
    assert others[0].content == b"a\rbc\r\n"


def test_root_part_is_the_one_that_start_names() -> None:
    root, others = mtom.parse_multipart(TYPE, body(b"Content-ID: <d@x>\r\n\r\nfirst", ROOT_HEAD + ROOT))

    assert root.content_id == "r@x"
    assert others[0].content == b"first"


def test_root_part_is_the_first_without_start() -> None:
    root, _ = mtom.parse_multipart(TYPE.replace('start="<r@x>"; ', ""), body(ROOT_HEAD + ROOT, b"\r\n"))

    assert root.content == ROOT


@pytest.mark.parametrize(
    ("encoding", "written", "content"),
    [
        ("base64", b"AAEC\r\n/w==", b"\x00\x01\x02\xff"),
        ("quoted-printable", b"a=3Db", b"a=b"),
        ("8BIT", b"\xe9", b"\xe9"),
    ],
)
def test_transfer_encoding_is_undone(encoding: str, written: bytes, content: bytes) -> None:
    part = f"Content-Transfer-Encoding: {encoding}\r\n\r\n".encode() + written

    _, others = mtom.parse_multipart(TYPE, body(ROOT_HEAD + ROOT, part))

    assert others[0].content == content


@pytest.mark.parametrize(
    ("content_type", "content"),
    [
        pytest.param(TYPE.replace('; boundary="b0"', ""), body(ROOT_HEAD + ROOT), id="no boundary"),
        pytest.param(TYPE.replace('"b0"', '"b 0 "'), body(ROOT_HEAD + ROOT), id="unusable boundary"),
        pytest.param(TYPE.replace('"b0"', '"other"'), body(ROOT_HEAD + ROOT), id="boundary not in the body"),
        pytest.param(TYPE.replace('type="application/xop+xml"; ', ""), body(ROOT_HEAD + ROOT), id="no type"),
        pytest.param(TYPE.replace("xop+xml", "pdf"), body(ROOT_HEAD + ROOT), id="another type"),
        pytest.param(TYPE.replace("r@x", "q@x"), body(ROOT_HEAD + ROOT), id="start names no part"),
        pytest.param(TYPE.replace("soap+xml", "json"), body(ROOT_HEAD + ROOT), id="start-info disagrees"),
        pytest.param(TYPE, body(ROOT_HEAD.replace(b"xop+xml", b"xml") + ROOT), id="root of another type"),
        pytest.param(TYPE, body(b"Content-ID: <r@x>\r\n\r\n" + ROOT), id="root without type"),
        pytest.param(TYPE, body(ROOT_HEAD + ROOT)[:-8], id="no closing delimiter"),
        pytest.param(TYPE, b"--b0--\r\n", id="no part"),
        pytest.param(TYPE, body(ROOT_HEAD + ROOT, b"Content-ID: <r@x>\r\n\r\n"), id="Content-ID twice"),
        pytest.param(TYPE, body(ROOT_HEAD + ROOT, b"Content-ID: <d>"), id="no empty line"),
        pytest.param(TYPE, body(ROOT_HEAD + ROOT, b"no field\r\n\r\n"), id="no header field"),
        pytest.param(
            TYPE, body(ROOT_HEAD + ROOT, b"Content-Transfer-Encoding: gzip\r\n\r\n"), id="unknown transfer encoding"
        ),
        pytest.param(
            TYPE, body(ROOT_HEAD + ROOT, b"Content-Transfer-Encoding: base64\r\n\r\n%"), id="base64 that is none"
        ),
        pytest.param(TYPE, b"", id="empty body"),
    ],
)
def test_broken_package_is_refused_with_its_offset(content_type: str, content: bytes) -> None:
    error = refused(content_type, content)

    assert error.kind == "multipart"
    assert error.offset is not None


def test_offset_points_at_the_part_that_is_wrong() -> None:
    content = body(ROOT_HEAD + ROOT, b"Content-ID: <r@x>\r\n\r\n")

    assert content[refused(TYPE, content).offset :].startswith(b"Content-ID: <r@x>\r\n\r\n\r\n--b0--")


def test_other_content_type_is_no_package() -> None:
    assert refused("application/soap+xml", b"x").kind == "content-type"


def test_inline_base64_is_resolved() -> None:
    element = safexml.parse(b"<d> AAEC<!-- x -->\n /w== </d>")

    assert mtom.resolve_xop(element, {}) == mtom.BinaryContent(content=b"\x00\x01\x02\xff", form="inline")


@pytest.mark.parametrize(
    ("href", "content_id"),
    [("cid:d1@x", "d1@x"), ("cid:d%201%40x", "d 1@x"), ("CID:d1%40x", "d1@x"), ("cid:d1%40x", "d1%40x")],
)
def test_include_is_resolved_whatever_its_escapes(href: str, content_id: str) -> None:
    part = Part(content_id=content_id, content_type="text/xml", content=b"x")

    found = mtom.resolve_xop(safexml.parse(include(href)), {content_id: part})

    assert found == mtom.BinaryContent(content=b"x", form="xop", part=part)


@pytest.mark.parametrize(
    ("xml", "kind"),
    [
        (include("cid:absent"), "xop"),
        (include("http://example.org/a"), "xop"),
        (b"<d>not base64!</d>", "bad-value"),
        (b"<d><x/></d>", "bad-value"),
    ],
    ids=["no such part", "no cid", "text", "element"],
)
def test_content_that_cannot_be_resolved_is_refused_with_its_path(xml: bytes, kind: str) -> None:
    with pytest.raises(WireError) as caught:
        mtom.resolve_xop(safexml.parse(xml), {})

    assert caught.value.kind == kind
    assert caught.value.xpath


@pytest.mark.parametrize(
    ("xml", "content_id", "boundary"),
    [(b"--b0", "d", "b0"), (b"", "d", ""), (b"", "d", "x" * 71), (b"", "", "b0")],
    ids=["boundary in the content", "no boundary", "long boundary", "no Content-ID"],
)
def test_impossible_package_is_a_programming_error(xml: bytes, content_id: str, boundary: str) -> None:
    with pytest.raises(ValueError, match=r"boundary|Content-ID"):
        mtom.build_multipart(xml, [Part(content_id=content_id, content_type="a/b", content=b"")], boundary)


@settings(deadline=None)
@given(st.binary(max_size=120), st.booleans(), st.integers(0, 300), st.integers(0, 40))
def test_arbitrary_bytes_give_parts_or_a_wire_error(noise: bytes, alone: bool, at: int, length: int) -> None:
    good = body(ROOT_HEAD + ROOT, b"Content-ID: <d>\r\n\r\n" + BINARY[:40])
    try:
        root, _ = mtom.parse_multipart(TYPE, noise if alone else good[:at] + noise + good[at + length :])
    except WireError:
        return
    assert root.content_id == "r@x"
