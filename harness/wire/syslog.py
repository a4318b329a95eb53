"""Syslog as audit messages travel in it: frames of a TLS stream, datagrams, and the header in front of the XML.

Strict when building (RFC 5424, 5425, 5426), tolerant when reading: what fielded senders do instead is read and named in
`Frame.problem` and `SyslogMessage.variants`, so that whoever judges can say what was seen.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime

from harness.errors import WireError

TLS = "tls"
UDP = "udp"

BOM = b"\xef\xbb\xbf"
FACILITY_SECURITY = 10
SEVERITY_NOTICE = 5
PRI_AUDIT = FACILITY_SECURITY * 8 + SEVERITY_NOTICE
"""Facility 10 (security), severity 5 (notice): 85. Source: IHE ITI TF-2, 3.20.4.1.1; RFC 5424, 6.2.1."""
PRI_MAX = 191
MSGID_AUDIT = "IHE+RFC-3881"
"""MSGID of an audit message. Source: IHE ITI TF-2, 3.20.4.1.1."""
MAX_MESSAGE_BYTES = 1024 * 1024
MAX_DATAGRAM_BYTES = 65_507
NIL = "-"

FRAMINGS = ("octet-counted", "newline", "none")
PROBLEMS = ("not-counted", "count-short", "count-long", "cut", "too-large", "no-frame")
"""What can be wrong with a frame of a TLS stream."""
VARIANTS = ("rfc3164", "nil-app-name", "nil-proc-id", "nil-msg-id", "no-bom", "utf-16", "no-space")
"""What fielded senders do instead of, or beside, what RFC 5424 and ITI-20 ask."""

_COUNT = re.compile(rb"([1-9][0-9]{0,9}) ")
_COUNT_SO_FAR = re.compile(rb"[1-9][0-9]{0,9}")
_NEXT_FRAME = re.compile(rb"[\r\n]*(?:[1-9][0-9]{0,9} )?<[0-9]{1,3}>")
_END = re.compile(rb"</(?:[A-Za-z_][\w.-]*:)?AuditMessage\s*>|</(?:[A-Za-z_][\w.-]*:)?IHEYr4\s*>")
_HEADER = re.compile(
    rb"<(?P<pri>[0-9]{1,3})>(?P<version>[0-9]{1,3}) (?P<time>\S+) (?P<host>\S+) (?P<app>\S+) (?P<proc>\S+) (?P<msg>\S+)"
    rb"(?P<space> ?)(?P<data>-|(?:\[(?:[^\]\\\"]|\"(?:[^\"\\]|\\.)*\")*\])+)(?: |(?=<)|(?=\xef\xbb\xbf)|$)",
    re.DOTALL,
)
_OLD_HEADER = re.compile(
    rb"<(?P<pri>[0-9]{1,3})>(?P<time>[A-Z][a-z]{2} [ 0-9][0-9] [0-9]{2}:[0-9]{2}:[0-9]{2}) (?P<host>\S+) "
    rb"(?P<tag>[^<\[:]{0,48})(?:\[(?P<proc>[^\]]*)\])?:? ?",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """One message as it came out of a TLS stream or a datagram.

    `raw` are its exact bytes with what delimits them, `message` those without; `announced` is the octet count that was
    sent. `framing` is one of FRAMINGS, `problem` one of PROBLEMS or empty.
    """

    raw: bytes
    message: bytes
    framing: str
    announced: int | None = None
    problem: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SyslogMessage:
    """Header and content of a syslog message; nil fields are None.

    `version` is None in the older form (RFC 3164). `timestamp` is as written. `variants` are words of VARIANTS.
    `content` are the bytes after the header, without byte order mark.
    """

    pri: int
    version: int | None
    timestamp: str | None
    host: str | None
    app_name: str | None
    proc_id: str | None
    msg_id: str | None
    structured_data: str | None
    bom: bool
    content: bytes
    variants: tuple[str, ...] = ()

    @property
    def facility(self) -> int:
        return self.pri // 8

    @property
    def severity(self) -> int:
        return self.pri % 8


def build_message(
    content: bytes,
    *,
    at: datetime,
    host: str,
    app_name: str | None = None,
    proc_id: str | None = None,
    msg_id: str | None = MSGID_AUDIT,
    pri: int = PRI_AUDIT,
    bom: bool = True,
) -> bytes:
    """A syslog message of RFC 5424 around `content` (XML in UTF-8); `at` is aware.

    Raises:
        ValueError: `pri` is not 0..191, `at` has no zone, or a field holds what the header cannot carry.
    """
    if not 0 <= pri <= PRI_MAX or at.tzinfo is None:
        raise ValueError("pri is 0..191 and at is aware")
    fields = [host or NIL, app_name or NIL, proc_id or NIL, msg_id or NIL]
    if any(not all("!" <= c <= "~" for c in f) for f in fields):
        raise ValueError("header fields are printable US-ASCII without blanks")
    stamp = at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    head = f"<{pri}>1 {stamp} {' '.join(fields)} {NIL} ".encode("ascii")
    return head + (BOM if bom else b"") + content


def frame(message: bytes) -> bytes:
    """`message` as it is written to a TLS stream. Source: RFC 5425, 4.3 (octet count, space, message)."""
    return str(len(message)).encode("ascii") + b" " + message


def take_frame(data: bytes, *, ended: bool, max_bytes: int = MAX_MESSAGE_BYTES) -> Frame | None:
    """The first frame of what came over a TLS stream so far, None while it is not whole; never raises.

    `ended` says that nothing more will come, so that what is there is taken as it is. A wrong octet count is mended by
    looking where the XML of the record ends; the frame says so. `data` without `frame.raw` is what follows.
    """
    if not data:
        return None
    counted = _COUNT.match(data)
    if counted is not None:
        return _counted(data, counted, ended=ended, max_bytes=max_bytes)
    if not ended and _COUNT_SO_FAR.fullmatch(data):
        return None
    return _uncounted(data, ended=ended, max_bytes=max_bytes)


def datagram(data: bytes) -> Frame:
    """A datagram as a frame: it is the message. Source: RFC 5426, 3.1 (one message a datagram, no framing)."""
    return Frame(raw=data, message=data, framing="none")


def read_frame(raw: bytes, transport: str, *, max_bytes: int = MAX_MESSAGE_BYTES) -> Frame:
    """The frame that was kept as `raw`: the same that was taken when it came."""
    taken = take_frame(raw, ended=True, max_bytes=max_bytes) if transport == TLS else None
    return taken or datagram(raw)


def parse_message(data: bytes) -> SyslogMessage:
    """The header and content of one message.

    Raises:
        WireError: kind `syslog`: there is no header of RFC 5424 or RFC 3164.
    """
    found = _HEADER.match(data)
    if found is None:
        return _parse_old(data)
    fields = {name: _field(found[name]) for name in ("time", "host", "app", "proc", "msg", "data")}
    content, bom = _content(data[found.end() :])
    said = (
        ("nil-app-name", fields["app"] is None),
        ("nil-proc-id", fields["proc"] is None),
        ("nil-msg-id", fields["msg"] is None),
        ("no-bom", not bom),
        ("no-space", not found["space"]),
        ("utf-16", content[:2] in (b"\xff\xfe", b"\xfe\xff")),
    )
    return SyslogMessage(
        pri=int(found["pri"]),
        version=int(found["version"]),
        timestamp=fields["time"],
        host=fields["host"],
        app_name=fields["app"],
        proc_id=fields["proc"],
        msg_id=fields["msg"],
        structured_data=fields["data"],
        bom=bom,
        content=content,
        variants=tuple(word for word, holds in said if holds),
    )


def _parse_old(data: bytes) -> SyslogMessage:
    found = _OLD_HEADER.match(data)
    if found is None:
        raise WireError(
            "no syslog header",
            kind="syslog",
            expected="<PRI>1 TIMESTAMP HOST APP-NAME PROCID MSGID SD",
            found=data[:60].decode("utf-8", "replace"),
            offset=0,
        )
    content, bom = _content(data[found.end() :])
    return SyslogMessage(
        pri=int(found["pri"]),
        version=None,
        timestamp=_field(found["time"]),
        host=_field(found["host"]),
        app_name=_field(found["tag"].strip()),
        proc_id=_field(found["proc"] or b""),
        msg_id=None,
        structured_data=None,
        bom=bom,
        content=content,
        variants=("rfc3164", *(() if bom else ("no-bom",))),
    )


def _field(value: bytes) -> str | None:
    text = value.decode("utf-8", "replace")
    return None if text in ("", NIL) else text


def _content(rest: bytes) -> tuple[bytes, bool]:
    """What follows the header without its byte order mark, and whether there was one; blanks around are dropped."""
    rest = rest.lstrip(b" \r\n\t")
    bom = rest.startswith(BOM)
    return (rest[len(BOM) :] if bom else rest).strip(b" \r\n\t\0"), bom


def _counted(data: bytes, counted: re.Match[bytes], *, ended: bool, max_bytes: int) -> Frame | None:
    announced, start = int(counted[1]), counted.end()
    if announced > max_bytes:
        return _framed(data[: start + max_bytes], start, announced, "too-large")
    end = _record_end(data, start, min(len(data), start + announced))
    if end is not None:  # another record begins within the octets that were announced
        return _framed(data[:end], start, announced, "count-long")
    if len(data) < start + announced:
        return _framed(data, start, announced, "cut") if ended else None
    body, rest = data[start : start + announced], data[start + announced :]
    if _END.search(body) or b"AuditMessage" not in body:
        return _framed(data[: start + announced], start, announced, "")
    return _lengthened(data, start, announced, rest, ended=ended, max_bytes=max_bytes)


def _lengthened(data: bytes, start: int, announced: int, rest: bytes, *, ended: bool, max_bytes: int) -> Frame | None:
    """The frame when its XML goes on after the octets announced: with its end, when that is not in another frame."""
    found = _END.search(data, start)
    beyond = start + announced
    if found and not _NEXT_FRAME.match(rest) and found.end() - start <= max_bytes:
        return _framed(data[: found.end()], start, announced, "count-short")
    undecided = not _NEXT_FRAME.match(rest) and len(data) - start <= max_bytes
    if undecided and not ended:
        return None
    return _framed(data[:beyond], start, announced, "")


def _record_end(data: bytes, start: int, stop: int) -> int | None:
    """Where an AuditMessage ends that is followed by another frame before `stop`."""
    found = _END.search(data, start, stop)
    if found is None or found.end() >= stop:
        return None
    return found.end() if _NEXT_FRAME.match(data, found.end(), len(data)) else None


def _framed(raw: bytes, start: int, announced: int, problem: str) -> Frame:
    return Frame(raw=raw, message=raw[start:], framing="octet-counted", announced=announced, problem=problem)


def _uncounted(data: bytes, *, ended: bool, max_bytes: int) -> Frame | None:
    """A message that is not counted: it ends with its XML (and the line), with the stream, or at the limit."""
    problem = "not-counted" if data.lstrip(b"\r\n").startswith(b"<") else "no-frame"
    found = _END.search(data)
    end = found.end() if found else None
    if end is not None:
        while end < len(data) and data[end : end + 1] in (b"\r", b"\n", b"\0"):
            end += 1
    elif len(data) > max_bytes:
        end, problem = max_bytes, "too-large"
    elif ended:
        end = len(data)
    if end is None:
        return None
    return Frame(raw=data[:end], message=data[:end].strip(b"\r\n\0"), framing="newline", problem=problem)


def is_all_there(data: bytes) -> bool:
    """Whether `data` holds at least the octets that its first frame announced, though it may go on."""
    counted = _COUNT.match(data)
    return counted is not None and len(data) >= counted.end() + int(counted[1])
