"""What a file holds is told by its first line."""

import pytest

from harness.errors import UnsupportedError, WireError
from harness.wire import soap
from harness.wire.stored import read_stored

PACKAGE = b'--b-1\r\nContent-Type: application/xop+xml; type="application/soap+xml"\r\n\r\n<a/>\r\n--b-1--\r\n'


@pytest.mark.parametrize(
    ("content", "form", "content_type"),
    [
        (b"<a/>", "bare", None),
        (b"\xef\xbb\xbf<a/>", "bare", None),
        (b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\n\r\n<a/>", "http", "text/xml"),
        (b"POST /xca HTTP/1.1\nContent-Type: text/xml\n\n<a/>", "http", "text/xml"),
        (b"MIME-Version: 1.0\r\nContent-Type: text/xml\r\n\r\n<a/>", "http", "text/xml"),
        (PACKAGE, "package", 'multipart/related; type="application/xop+xml"; boundary="b-1"'),
        (b"<85>1 2026-03-02T10:00:00Z h a - - - <AuditMessage/>", "syslog", None),
        (b"42 <85>1 2026-03-02T10:00:00Z h a - - - <AuditMessage/>", "syslog", None),
        (b"-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n", "pem", None),
        (b"", "bare", None),
    ],
    ids=[
        "xml",
        "byte order mark",
        "answer",
        "request",
        "fields",
        "package",
        "datagram",
        "frame",
        "certificate",
        "empty",
    ],
)
def test_form_is_told_by_the_first_line(content: bytes, form: str, content_type: str | None) -> None:
    stored = read_stored(content)

    assert (stored.form, stored.content_type) == (form, content_type)


def test_body_is_what_follows_the_head() -> None:
    assert read_stored(b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\n\r\n<a/>").body == b"<a/>"
    assert read_stored(b"Content-Type: text/xml\r\n\r\n<a/>").body == b"<a/>"


def test_package_without_header_is_read_as_one() -> None:
    envelope = soap.build_envelope(addressing=soap.Addressing(action="urn:x", message_id="uuid:1"), payload=b"<a/>")
    stored = read_stored(PACKAGE.replace(b"<a/>", envelope))

    assert soap.parse_message(stored.content_type, stored.body).envelope == envelope


@pytest.mark.parametrize("field", [b"Transfer-Encoding: chunked", b"Content-Encoding: gzip"], ids=["chunked", "gzip"])
def test_coded_body_is_left_to_its_keeper(field: bytes) -> None:
    with pytest.raises(UnsupportedError, match="keep its body decoded"):
        read_stored(b"HTTP/1.1 200 OK\r\n" + field + b"\r\n\r\nabc")


def test_head_without_end_is_no_message() -> None:
    with pytest.raises(WireError) as exc:
        read_stored(b"HTTP/1.1 200 OK\r\nContent-Type: text/xml")
    assert exc.value.kind == "not-http"
