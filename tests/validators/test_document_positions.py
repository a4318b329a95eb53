"""Line and column are exact in the bytes as received, whatever their encoding and line ends."""

import pytest

from harness.validators import PositionIndex

TEXT = """<?xml version="1.0" encoding="{encoding}"?>
<!-- <a> is not here -->
<r xmlns="urn:é"><![CDATA[<a/>
<b/>]]>é<a
   x = "1" p:x='2' xmlns:p="urn:p"/>
  <b/>é<a y=">"/></r>"""
A1, A2 = "/Q{urn:é}r[1]/Q{urn:é}a[1]", "/Q{urn:é}r[1]/Q{urn:é}a[2]"


def variants() -> dict[str, bytes]:
    plain = TEXT.format(encoding="UTF-8")
    return {
        "utf-8": plain.encode(),
        "utf-8 with mark": b"\xef\xbb\xbf" + plain.encode(),
        "CRLF": plain.replace("\n", "\r\n").encode(),
        "CR": plain.replace("\n", "\r").encode(),
        "utf-16 le": TEXT.format(encoding="UTF-16").encode("utf-16"),
        "utf-16 be": b"\xfe\xff" + TEXT.format(encoding="UTF-16").encode("utf-16-be"),
        "latin 1": TEXT.format(encoding="ISO-8859-1").encode("iso-8859-1"),
    }


@pytest.mark.parametrize("data", variants().values(), ids=list(variants()))
@pytest.mark.parametrize(
    ("path", "line", "column"),
    [
        ("/", 3, 1),
        ("/Q{urn:é}r[1]", 3, 1),
        (A1, 4, 9),
        (f"{A1}/@x", 5, 4),
        (f"{A1}/@Q{{urn:p}}x", 5, 12),
        ("/Q{urn:é}r[1]/Q{urn:é}b[1]", 6, 3),
        (A2, 6, 8),
        (f"{A2}/@y", 6, 11),
        (f"{A2}/@absent", 6, 8),
        ("/Q{urn:é}r[1]/text()[1]", 3, 1),
    ],
)
def test_node_is_found_at_its_line_and_column(data: bytes, path: str, line: int, column: int) -> None:
    position = PositionIndex(data).find(path)
    assert position is not None
    assert (position.line, position.column) == (line, column)


def test_offset_points_at_the_tag_in_the_bytes() -> None:
    data = variants()["CRLF"]
    position = PositionIndex(data).find(A2)
    assert position is not None
    assert data[position.offset :].startswith(b'<a y=">"/>')
    assert position.excerpt == '  <b/>é<a y=">"/></r>'


def test_path_that_is_not_in_the_document_has_no_position() -> None:
    assert PositionIndex(b"<r/>").find("/Q{}r[1]/Q{}gone[1]") is None


def test_excerpt_of_a_long_line_is_cut_around_the_place() -> None:
    data = b"<r>" + b"x" * 5000 + b"<a/>" + b"y" * 5000 + b"</r>"
    position = PositionIndex(data).find("/Q{}r[1]/Q{}a[1]")
    assert position is not None
    assert position.column == 5004
    assert len(position.excerpt) == 200
    assert "<a/>" in position.excerpt


def test_bytes_that_break_off_still_have_the_positions_read_before() -> None:
    assert PositionIndex(b"<r>\n <a><").find("/Q{}r[1]/Q{}a[1]") is not None
