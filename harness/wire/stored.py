"""A message as somebody kept it in a file: a whole HTTP message, its body alone (also a MIME package), or bare XML.

Which of these it is, the first line tells; nothing is searched for in the text.
Source: RFC 9112, 2.1; RFC 2046, 5.1.1; RFC 5424, 6; RFC 5425, 4.3; RFC 7468, 2.
"""

import re
from dataclasses import dataclass

from harness.errors import UnsupportedError
from harness.wire import http, mtom

_HTTP = re.compile(rb"(?:HTTP/1\.[01] \d{3}|[A-Z]+ \S+ HTTP/1\.[01])[ \r\n]")
_FIELD = re.compile(rb"(?:MIME-Version|Content-[A-Za-z-]+):", re.IGNORECASE)
_DELIMITER = re.compile(rb"--([^\r\n]{1,200}?)[ \t]*\r?\n")
_TYPE = re.compile(rb"^Content-Type:\s*([^\r\n;]+)", re.IGNORECASE | re.MULTILINE)
_SYSLOG = re.compile(rb"(?:\d{1,10} )?<\d{1,3}>")
_PEM = re.compile(rb"\s*-----BEGIN [A-Z0-9 ]+-----")


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """What a file holds. `body` is the HTTP body; `start_line` and `headers` are empty where only the body was kept.

    `content_type` is that of the body, None when nothing says it. `form` is one of `http`, `package`, `syslog`, `pem`,
    `bare`.
    """

    form: str
    body: bytes
    start_line: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    content_type: str | None = None


def read_stored(content: bytes) -> Stored:
    """What `content` of a file is.

    Raises:
        WireError: kind `not-http`, when it begins as an HTTP message or with header fields and is none.
        UnsupportedError: an HTTP message in a transfer or content coding, which has to be undone by whoever keeps it.
    """
    if _HTTP.match(content):
        head = http.parse_head(content)
        return _http(head.start_line, head.headers, content[head.length :])
    if _FIELD.match(content):
        head = http.parse_head(b"POST / HTTP/1.1\r\n" + content)
        return _http("", head.headers, content[head.length - len("POST / HTTP/1.1\r\n") :])
    if _PEM.match(content):  # its dashes would pass for those of a package
        return Stored(form="pem", body=content)
    if delimiter := _DELIMITER.match(content):
        return Stored(form="package", body=content, content_type=_package_type(content, delimiter))
    if _SYSLOG.match(content):
        return Stored(form="syslog", body=content)
    return Stored(form="bare", body=content)


def _http(start_line: str, headers: tuple[tuple[str, str], ...], body: bytes) -> Stored:
    named = {name.lower(): value for name, value in reversed(headers)}
    for name in ("transfer-encoding", "content-encoding"):
        if named.get(name, "identity").strip().lower() not in ("identity", "binary"):
            raise UnsupportedError(f"HTTP message with {name}: keep its body decoded, without that field")
    return Stored(
        form="http", body=body, start_line=start_line, headers=headers, content_type=named.get("content-type")
    )


def _package_type(content: bytes, delimiter: re.Match[bytes]) -> str | None:
    """The Content-Type that a package without header must have had; its root is the first part."""
    head = content[delimiter.end() :].partition(b"\r\n\r\n" if b"\r\n\r\n" in content else b"\n\n")[0]
    stated = _TYPE.search(head)
    if stated is None:
        return None
    boundary = delimiter[1].decode("latin-1").replace("\\", "\\\\").replace('"', '\\"')
    return f'{mtom.MULTIPART}; type="{stated[1].decode("latin-1").strip()}"; boundary="{boundary}"'
