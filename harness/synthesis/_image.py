"""Pictures in shades of grey that show nobody: PNG and JPEG, the same bytes for the same seed.

Sources: PNG (ISO/IEC 15948), 5 and 11; DEFLATE (RFC 1951), 3.2.4 (stored blocks); JPEG (ITU-T T.81), annexes B and F.
"""

import math
import random
import struct
import zlib
from collections.abc import Iterator, Sequence

type Picture = Sequence[bytes]
"""Rows from top to bottom, one byte a dot: 0 black, 255 white."""


def drawn(seed: int, size: int) -> Picture:
    """A square of `size` dots: a bright ring with a few spots at places that `seed` decides, on a dark ground."""
    chance = random.Random(seed)
    spots = [(chance.uniform(0.25, 0.75), chance.uniform(0.25, 0.75), chance.uniform(0.03, 0.09)) for _ in range(5)]

    def shade(x: float, y: float) -> int:
        # sums, products and roots only: what exp gives differs in the last bit from one system to the next
        away = math.sqrt((x - 0.5) * (x - 0.5) + (y - 0.5) * (y - 0.5)) - 0.36
        ring = max(0.0, 1 - away * away / 0.008)
        light = sum(r * r / (r * r + (x - a) * (x - a) + (y - b) * (y - b)) for a, b, r in spots)
        return int(min(255.0, 16 + 180 * ring + 60 * light))

    steps = [(i + 0.5) / size for i in range(size)]
    return [bytes(shade(x, y) for x in steps) for y in steps]


def write_png(picture: Picture) -> bytes:
    """`picture` as PNG, 8 bits of grey a dot."""
    height, width = len(picture), len(picture[0])
    raw = b"".join(b"\0" + row for row in picture)
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"IDAT", _stored(raw)) + _chunk(b"IEND", b"")


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def _stored(raw: bytes) -> bytes:
    """A zlib stream of stored blocks: compressors differ, this does not."""
    blocks = [raw[i : i + 65535] for i in range(0, len(raw), 65535)] or [b""]
    body = b"".join(
        struct.pack("<BHH", index == len(blocks) - 1, len(block), len(block) ^ 0xFFFF) + block
        for index, block in enumerate(blocks)
    )
    return b"\x78\x01" + body + struct.pack(">I", zlib.adler32(raw))


def write_jpeg(picture: Picture) -> bytes:
    """A baseline JPEG in which every dot of `picture` is a square of 8 by 8: only the mean of a block is coded."""
    height, width = len(picture) * 8, len(picture[0]) * 8
    lengths = bytes([0, 0, 0, 12, *[0] * 12])
    tables = b"\x00" + lengths + bytes(range(12)) + b"\x10" + bytes([1, *[0] * 15]) + b"\x00"
    return b"".join(
        (
            b"\xff\xd8",
            _segment(0xE0, b"JFIF\0\x01\x01\0\0\x01\0\x01\0\0"),
            _segment(0xDB, b"\0" + bytes([8] * 64)),
            _segment(0xC0, struct.pack(">BHHB", 8, height, width, 1) + b"\x01\x11\x00"),
            _segment(0xC4, tables),
            _segment(0xDA, b"\x01\x01\x00\x00\x3f\x00"),
            _packed(_bits(picture)).replace(b"\xff", b"\xff\x00"),
            b"\xff\xd9",
        )
    )


def _segment(marker: int, content: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(content) + 2) + content


def _bits(picture: Picture) -> Iterator[str]:
    """The coded blocks: with a quantiser of 8, the first coefficient is the level of the block less 128."""
    before = 0
    for row in picture:
        for dot in row:
            step = (dot - 128) - before
            before += step
            size = abs(step).bit_length()
            value = step if step > 0 else step + (1 << size) - 1
            # category in four bits (the code of category n is n), the value, then `end of block` in one
            yield f"{size:04b}" + (f"{value:0{size}b}" if size else "") + "0"


def _packed(bits: Iterator[str]) -> bytes:
    text = "".join(bits)
    text += "1" * (-len(text) % 8)
    return bytes(int(text[i : i + 8], 2) for i in range(0, len(text), 8))
