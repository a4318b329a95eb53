"""The picture writers: read back by small decoders of the tests' own."""

import struct
import zlib

import pytest

from harness.synthesis._image import Picture, drawn, write_jpeg, write_png


@pytest.fixture(scope="module")
def picture() -> Picture:
    return drawn(7, 24)


def test_the_same_seed_gives_the_same_picture_and_another_one_another(picture: Picture) -> None:
    assert drawn(7, 24) == picture
    assert drawn(8, 24) != picture


def test_picture_has_dark_and_bright_parts(picture: Picture) -> None:
    dots = b"".join(picture)
    assert min(dots) < 60
    assert max(dots) > 180


def test_png_holds_the_picture(picture: Picture) -> None:
    data = write_png(picture)
    assert data.startswith(b"\x89PNG\r\n\x1a\n")
    chunks, at = {}, 8
    while at < len(data):
        (length,) = struct.unpack(">I", data[at : at + 4])
        kind, body = data[at + 4 : at + 8], data[at + 8 : at + 8 + length]
        assert struct.unpack(">I", data[at + 8 + length : at + 12 + length]) == (zlib.crc32(kind + body),)
        chunks[kind] = body
        at += 12 + length
    raw = zlib.decompress(chunks[b"IDAT"])

    assert list(chunks) == [b"IHDR", b"IDAT", b"IEND"]
    assert struct.unpack(">IIBBBBB", chunks[b"IHDR"]) == (24, 24, 8, 0, 0, 0, 0)
    assert [raw[i : i + 25] for i in range(0, len(raw), 25)] == [b"\0" + row for row in picture]


def test_a_picture_of_more_than_one_block_is_whole() -> None:
    large = [bytes(range(256)) * 2] * 200
    data = write_png(large)
    body = data[data.index(b"IDAT") + 4 : data.index(b"IEND") - 8]

    assert zlib.decompress(body) == b"".join(b"\0" + row for row in large)


def test_jpeg_codes_the_mean_of_every_block(picture: Picture) -> None:
    data = write_jpeg(picture)
    frame = data.index(b"\xff\xc0")
    assert (data[:4], data[-2:]) == (b"\xff\xd8\xff\xe0", b"\xff\xd9")
    assert struct.unpack(">HBHH", data[frame + 2 : frame + 9]) == (11, 8, 192, 192)
    scan = data.index(b"\xff\xda")
    coded = data[scan + 10 : -2].replace(b"\xff\x00", b"\xff")

    assert levels(coded, 24 * 24) == list(b"".join(picture))


def levels(coded: bytes, count: int) -> list[int]:
    """The grey levels of `count` blocks that have a first coefficient only. Source: ITU-T T.81, F.1.2.1."""
    bits = "".join(f"{byte:08b}" for byte in coded)
    out: list[int] = []
    before, at = 0, 0
    for _ in range(count):
        size = int(bits[at : at + 4], 2)
        value = bits[at + 4 : at + 4 + size]
        step = 0 if not size else int(value, 2) if value[0] == "1" else int(value, 2) - (1 << size) + 1
        assert bits[at + 4 + size] == "0"
        before, at = before + step, at + 5 + size
        out.append(before + 128)
    return out
