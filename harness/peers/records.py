"""HTTP messages as evidence: from the exact bytes that crossed the wire to a record. No sockets."""

from collections.abc import Iterable
from dataclasses import dataclass

import h11

from harness.errors import WireError
from harness.model import HttpRecord
from harness.wire import http

MAX_HEAD_BYTES = 64 * 1024
MAX_BODY_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadResponse:
    """A response read from raw bytes. `problem` says why it is not complete, `is_http` whether its head could be read;
    `trailing` counts the bytes that came after its end, `miscoded` says why its content coding cannot be undone."""

    record: HttpRecord
    is_http: bool
    trailing: int = 0
    problem: str = ""
    miscoded: str = ""


def read_response(raw: bytes, *, ended: bool, method: str = "POST") -> ReadResponse:
    """The final response in `raw` (interim 1xx responses are skipped), as far as it goes; never raises.

    `ended` says that the connection was closed after these bytes: a body without a length ends there.

    Source: RFC 9112, 6.3 (message body length).
    """
    connection = h11.Connection(h11.CLIENT, max_incomplete_event_size=MAX_HEAD_BYTES)
    # What we sent decides how an answer is framed; a bare request of the same method is enough for that.
    connection.send(h11.Request(method=method, target="/", headers=[("Host", "peer"), ("Content-Length", "0")]))
    connection.send(h11.EndOfMessage())
    body: list[bytes] = []
    seen = complete = False
    problem = ""
    try:
        connection.receive_data(raw)
        if ended:
            connection.receive_data(b"")
        while not complete:
            event = connection.next_event()
            if isinstance(event, h11.Response):
                seen = True
            elif isinstance(event, h11.Data):
                body.append(bytes(event.data))
            elif isinstance(event, h11.EndOfMessage):
                complete = True
            elif not isinstance(event, h11.InformationalResponse):
                problem = "the message is unfinished"
                break
    except h11.RemoteProtocolError as exc:
        problem = f"not readable as HTTP/1.1: {exc}" if not (ended and seen) else str(exc)
    start_line, headers = _final_head(raw) if seen else ("", ())
    content, miscoded = b"".join(body), ""
    if complete:
        problem, trailing = "", len(connection.trailing_data[0])
        content, miscoded = _decoded(content, headers)
    else:
        trailing = 0
    record = HttpRecord(
        raw=raw, body=content, start_line=start_line, headers=headers, complete=complete and not miscoded
    )
    return ReadResponse(record=record, is_http=seen, trailing=trailing, problem=miscoded or problem, miscoded=miscoded)


def coding_of(headers: Iterable[tuple[str, str]]) -> str:
    """All Content-Encoding fields as one. Source: RFC 9110, 5.3."""
    return ", ".join(value for name, value in headers if name.lower() == "content-encoding")


def _decoded(body: bytes, headers: Iterable[tuple[str, str]]) -> tuple[bytes, str]:
    """`body` without its content coding, and why that cannot be undone. One we do not know is left for who reads it."""
    try:
        return http.without_coding(body, coding_of(headers), max_bytes=MAX_BODY_BYTES), ""
    except WireError as exc:
        return body, "" if exc.kind == "content-coding-unknown" else exc.problem


def sent_record(raw: bytes, body: bytes, *, complete: bool) -> HttpRecord:
    """The record of a message we wrote: `raw` as far as it was written, its head read back from the bytes."""
    start_line, headers = _final_head(raw)
    return HttpRecord(raw=raw, body=body, start_line=start_line, headers=headers, complete=complete)


def _final_head(raw: bytes) -> tuple[str, tuple[tuple[str, str], ...]]:
    rest = raw
    while rest:
        try:
            head = http.parse_head(rest)
        except WireError:
            break
        words = head.start_line.split(" ")
        if not (words[0].startswith("HTTP/") and words[1].startswith("1")):
            return head.start_line, head.headers
        rest = rest[head.length :]
    return "", ()
