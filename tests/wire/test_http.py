"""The head of an HTTP message and its Content-Type."""

import gzip
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.errors import WireError
from harness.wire import http


@pytest.mark.parametrize(
    ("value", "media_type", "parameters"),
    [
        pytest.param("application/soap+xml", "application/soap+xml", {}, id="bare"),
        pytest.param("Text/XML; Charset=UTF-8", "text/xml", {"charset": "UTF-8"}, id="mixed case"),
        pytest.param('a/b; action="urn:x:y;z"', "a/b", {"action": "urn:x:y;z"}, id="semicolon in quotes"),
        pytest.param(
            "a/b;type=application/xop+xml ;x=1", "a/b", {"type": "application/xop+xml", "x": "1"}, id="unquoted"
        ),
        pytest.param(r'a/b; n="a\"b\\c"', "a/b", {"n": 'a"b\\c'}, id="escapes"),
        pytest.param("a/b;", "a/b", {}, id="trailing semicolon"),
        pytest.param("a/b; x=1; x=2", "a/b", {"x": "1"}, id="first of two counts"),
        pytest.param(
            'a/b; start="<r@x>"; start-info=""', "a/b", {"start": "<r@x>", "start-info": ""}, id="empty value"
        ),
    ],
)
def test_content_type_is_read_whatever_its_quoting(value: str, media_type: str, parameters: dict[str, str]) -> None:
    parsed = http.content_type(value)

    assert parsed.media_type == media_type
    assert dict(parsed.parameters) == parameters


@pytest.mark.parametrize("value", ["", "xml", "/xml", "a/b c", 'a/b; x="open', "a/b; =1", "a/b; x y"])
def test_unreadable_content_type_names_its_offset(value: str) -> None:
    with pytest.raises(WireError) as caught:
        http.content_type(value)

    assert caught.value.kind == "content-type"
    assert caught.value.offset is not None


def test_request_head_keeps_order_and_spelling_of_fields() -> None:
    raw = b"POST /xcpd HTTP/1.1\r\nHost: a\r\nX-b:  two \r\n words\r\nx-B: three\r\n\r\nbody"

    head = http.parse_head(raw)

    assert head.start_line == "POST /xcpd HTTP/1.1"
    assert head.headers == (("Host", "a"), ("X-b", "two words"), ("x-B", "three"))
    assert head.header("X-B") == "two words"
    assert head.header("absent") is None
    assert raw[head.length :] == b"body"


def test_status_line_with_bare_line_feeds_is_read() -> None:
    head = http.parse_head(b"HTTP/1.1 500 Internal Server Error\nContent-Type: a/b\n\n")

    assert head.start_line == "HTTP/1.1 500 Internal Server Error"
    assert head.header("content-type") == "a/b"


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"HTTP/1.1 200 OK\r\nA: b\r\n", id="no empty line"),
        pytest.param(b"SSH-2.0-x\r\n\r\n", id="another protocol"),
        pytest.param(b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n", id="no colon"),
        pytest.param(b"HTTP/1.1 200 OK\r\nbad name: x\r\n\r\n", id="space in a name"),
        pytest.param(b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 20_000 + b"\r\n", id="endless head"),
    ],
)
def test_what_is_no_http_head_is_refused(raw: bytes) -> None:
    with pytest.raises(WireError) as caught:
        http.parse_head(raw)

    assert caught.value.kind == "not-http"


@settings(deadline=None)
@given(st.text(max_size=80))
def test_arbitrary_content_type_gives_a_value_or_a_wire_error(value: str) -> None:
    try:
        parsed = http.content_type(value)
    except WireError:
        return
    assert "/" in parsed.media_type


@settings(deadline=None)
@given(st.binary(max_size=200), st.booleans())
def test_arbitrary_head_gives_a_value_or_a_wire_error(raw: bytes, prefixed: bool) -> None:
    try:
        head = http.parse_head(b"HTTP/1.1 200 OK\r\n" + raw if prefixed else raw)
    except WireError:
        return
    assert head.length > 0


@pytest.mark.parametrize(
    ("coding", "content"),
    [
        pytest.param(None, b"text", id="none"),
        pytest.param("identity", b"text", id="identity"),
        pytest.param("gzip", gzip.compress(b"text"), id="gzip"),
        pytest.param("X-GZIP", gzip.compress(b"te") + gzip.compress(b"xt"), id="members"),
        pytest.param("deflate", zlib.compress(b"text"), id="deflate"),
        pytest.param("deflate, gzip", gzip.compress(zlib.compress(b"text")), id="one in the other"),
    ],
)
def test_content_coding_is_undone(coding: str | None, content: bytes) -> None:
    assert http.without_coding(content, coding, max_bytes=20) == b"text"


@pytest.mark.parametrize(
    ("coding", "content", "kind"),
    [
        pytest.param("br", b"text", "content-coding-unknown", id="unknown"),
        pytest.param("gzip", b"text", "content-coding", id="not what it says"),
        pytest.param("gzip", gzip.compress(b"text")[:-9], "content-coding", id="cut"),
        pytest.param("gzip", gzip.compress(b"texts"), "too-large", id="larger than allowed"),
        pytest.param("gzip", gzip.compress(b"") * 100, "too-large", id="a flood of members"),
    ],
)
def test_content_coding_that_cannot_be_undone_is_told(coding: str, content: bytes, kind: str) -> None:
    with pytest.raises(WireError) as caught:
        http.without_coding(content, coding, max_bytes=4)
    assert caught.value.kind == kind
