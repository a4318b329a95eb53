"""Syslog frames and headers: built strictly, read tolerantly, deviations named."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import WireError
from harness.wire import syslog

AT = datetime(2026, 3, 2, 10, 0, 0, 123000, tzinfo=UTC)
RECORD = "<AuditMessage>état</AuditMessage>".encode()
MESSAGE = syslog.build_message(RECORD, at=AT, host="ncp.example", app_name="ncp", proc_id="7")
FRAME = syslog.frame(MESSAGE)
IN_CHARACTERS = f"{len(MESSAGE.decode())} ".encode() + MESSAGE


def test_a_built_message_is_what_the_profile_asks() -> None:
    read = syslog.parse_message(MESSAGE)
    assert (read.pri, read.version, read.msg_id) == (85, 1, "IHE+RFC-3881")
    assert (read.facility, read.severity) == (10, 5)
    assert (read.host, read.app_name, read.proc_id, read.timestamp) == (
        "ncp.example",
        "ncp",
        "7",
        "2026-03-02T10:00:00.123Z",
    )
    assert read.content == RECORD
    assert read.variants == ()


def test_a_frame_is_taken_as_soon_as_it_is_whole() -> None:
    assert syslog.take_frame(FRAME[:-1], ended=False) is None
    taken = syslog.take_frame(FRAME + FRAME, ended=False)
    assert taken is not None
    assert (taken.raw, taken.message, taken.problem) == (FRAME, MESSAGE, "")


@pytest.mark.parametrize(
    ("stream", "ended", "problem", "message"),
    [
        pytest.param(IN_CHARACTERS, False, "count-short", MESSAGE, id="octets counted as characters"),
        pytest.param(b"999 " + MESSAGE + FRAME, False, "count-long", MESSAGE, id="count that reaches into the next"),
        pytest.param(b"999 " + MESSAGE, True, "cut", MESSAGE, id="stream ends before the count"),
        pytest.param(MESSAGE + b"\n" + MESSAGE, False, "not-counted", MESSAGE, id="a line instead of a count"),
        pytest.param(b"99999999 " + MESSAGE, False, "too-large", MESSAGE, id="count above the limit"),
        pytest.param(b"GET / HTTP/1.1\r\n\r\n", True, "no-frame", b"GET / HTTP/1.1", id="no syslog at all"),
    ],
)
def test_a_wrong_frame_is_read_and_named(stream: bytes, ended: bool, problem: str, message: bytes) -> None:
    taken = syslog.take_frame(stream, ended=ended)
    assert taken is not None
    assert (taken.problem, taken.message) == (problem, message)
    assert syslog.read_frame(taken.raw, syslog.TLS).message == taken.message


def test_after_a_short_count_the_next_frame_is_found() -> None:
    taken = syslog.take_frame(IN_CHARACTERS + FRAME, ended=False)
    assert taken is not None
    assert (IN_CHARACTERS + FRAME)[len(taken.raw) :] == FRAME


def test_a_record_without_its_end_tag_keeps_the_octets_announced() -> None:
    broken = syslog.frame(MESSAGE.removesuffix(b"</AuditMessage>"))
    assert syslog.is_all_there(broken)
    taken = syslog.take_frame(broken, ended=True)
    assert taken is not None
    assert (taken.raw, taken.problem) == (broken, "")
    assert syslog.take_frame(broken + FRAME, ended=False) == taken


@pytest.mark.parametrize(
    ("data", "variants"),
    [
        pytest.param(
            b"<132>1 2026-03-02T10:00:00.000Z host - - - - \xef\xbb\xbf<a/>",
            ("nil-app-name", "nil-proc-id", "nil-msg-id"),
            id="nil fields",
        ),
        pytest.param(b"<85>Mar  2 10:00:00 host atna[7]: <a/>", ("rfc3164", "no-bom"), id="the older header"),
        pytest.param(b"<85>1 2026-03-02T10:00:00Z host app 7 IHE+RFC-3881 - <a/>", ("no-bom",), id="no mark"),
    ],
)
def test_variants_of_the_field_are_read_and_named(data: bytes, variants: tuple[str, ...]) -> None:
    read = syslog.parse_message(data)
    assert read.content == b"<a/>"
    assert read.variants == variants


def test_a_header_with_structured_data_is_read() -> None:
    read = syslog.parse_message(b'<85>1 2026-03-02T10:00:00Z h a 7 m [x@1 k="a\\"]b"] \xef\xbb\xbf<a/>')
    assert (read.structured_data, read.content) == ('[x@1 k="a\\"]b"]', b"<a/>")


@pytest.mark.parametrize("wrong", [{"pri": 192}, {"host": "a b"}, {"at": datetime(2026, 1, 1)}], ids=str)  # noqa: DTZ001
def test_what_a_header_cannot_carry_is_refused(wrong: dict[str, object]) -> None:
    given_: dict[str, object] = {"at": AT, "host": "h", **wrong}
    with pytest.raises(ValueError, match=r"pri|header"):
        syslog.build_message(RECORD, **given_)  # type: ignore[arg-type]


@given(
    st.binary(max_size=400) | st.builds(lambda a, b: FRAME[:a] + b, st.integers(0, len(FRAME)), st.binary(max_size=99))
)
def test_arbitrary_bytes_give_frames_or_nothing_and_are_used_up(data: bytes) -> None:
    rest, seen = data, b""
    while rest:
        taken = syslog.take_frame(rest, ended=True)
        assert taken is not None
        assert taken.raw
        assert rest.startswith(taken.raw)
        seen, rest = seen + taken.raw, rest[len(taken.raw) :]
        try:
            syslog.parse_message(taken.message)
        except WireError:
            continue
    assert seen == data
