"""Alterations of a document's bytes, blind to its structure: what a broken writer, a cut connection or an editor leaves."""

import random
from collections.abc import Callable, Mapping

_FRAGMENTS = (
    b"<",
    b">",
    b"&",
    b"&amp;",
    b"&undefined;",
    b"&#0;",
    b"&#x41;",
    b"&#xFFFF;",
    b"]]>",
    b"<![CDATA[ ]]>",
    b"<!-- c -->",
    b"<!-- a--b -->",
    b"<?pi x?>",
    b"<?xml version='1.0'?>",
    b"<x xmlns=''/>",
    b"<a:b/>",
    b" a='1' a='2'",
    b" xml:lang='en'",
    b" xmlns:q='urn:q'",
    b"\x00",
    b"\x0b",
    b"\xff\xfe",
    b"\xc3",
    b"\xed\xa0\x80",
    b"\xe2\x80\xa8",
    b"\r\n",
)
type ByteMutation = Callable[[random.Random, bytes], tuple[bytes, int]]


def _flip(rng: random.Random, data: bytes) -> tuple[bytes, int]:
    at = rng.randrange(max(1, len(data)))
    return data[:at] + bytes([rng.randrange(256)]) + data[at + 1 :], at


def _drop(rng: random.Random, data: bytes) -> tuple[bytes, int]:
    at = rng.randrange(max(1, len(data)))
    return data[:at] + data[at + rng.choice((1, 1, 2, 8, 100)) :], at


def _repeat(rng: random.Random, data: bytes) -> tuple[bytes, int]:
    at = rng.randrange(max(1, len(data)))
    end = at + rng.choice((1, 2, 8, 200))
    return data[:end] + data[at:], at


def _cut(rng: random.Random, data: bytes) -> tuple[bytes, int]:
    at = rng.randrange(max(1, len(data)))
    return data[:at], at


def _insert(rng: random.Random, data: bytes) -> tuple[bytes, int]:
    spots = [i for i in (data.find(b">", rng.randrange(max(1, len(data)))) + 1, rng.randrange(len(data) + 1)) if i]
    at = rng.choice(spots or [0])
    return data[:at] + rng.choice(_FRAGMENTS) + data[at:], at


def _change_letter(rng: random.Random, data: bytes) -> tuple[bytes, int]:
    """One character of a name or a value for another: mostly stays well-formed, so that the schema has to see it."""
    start = rng.randrange(max(1, len(data)))
    at = next((i for i in range(start, len(data)) if chr(data[i]).isalnum() and data[i] < 128), start)
    return data[:at] + rng.choice(b"aAxZ019.-_".decode()).encode() + data[at + 1 :], at


def _byte_order_mark(rng: random.Random, data: bytes) -> tuple[bytes, int]:
    return rng.choice((b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf\xef\xbb\xbf")) + data, 0


def _leading(rng: random.Random, data: bytes) -> tuple[bytes, int]:
    return rng.choice((b" ", b"\n", b"\t", b"<!-- first -->")) + data, 0


def _trailing(rng: random.Random, data: bytes) -> tuple[bytes, int]:
    return data + rng.choice((b"\n", b"x", b"<x/>", b"<!-- last -->", b"\x00")), len(data)


def _encoding(rng: random.Random, data: bytes) -> tuple[bytes, int]:
    """Claims another encoding, or writes it in another one; the two need not agree."""
    text = data.decode("utf-8", "replace")
    claimed = rng.choice(("UTF-16", "ISO-8859-1", "US-ASCII", "UTF-8"))
    body = text[text.index("?>") + 2 :] if text.startswith("<?xml") and "?>" in text else text
    written = rng.choice(("utf-8", "utf-16", "latin-1", "utf-16-be"))
    return f"<?xml version='1.0' encoding='{claimed}'?>{body}".encode(written, "replace"), 0


def _document_type(rng: random.Random, data: bytes) -> tuple[bytes, int]:
    at = data.find(b"?>") + 2 if data.startswith(b"<?xml") else 0
    declared = rng.choice((b"<!DOCTYPE x>", b"<!DOCTYPE x [<!ENTITY e 'v'>]>", b"<!DOCTYPE x SYSTEM 'x.dtd'>"))
    return data[:at] + declared + data[at:], at


def _line_ends(rng: random.Random, data: bytes) -> tuple[bytes, int]:
    return data.replace(b"\r\n", b"\n").replace(b"\n", rng.choice((b"\r\n", b"\r"))), 0


BYTE_MUTATIONS: Mapping[str, ByteMutation] = {
    "flip byte": _flip,
    "drop bytes": _drop,
    "repeat bytes": _repeat,
    "cut": _cut,
    "insert fragment": _insert,
    "change letter": _change_letter,
    "byte order mark": _byte_order_mark,
    "leading bytes": _leading,
    "trailing bytes": _trailing,
    "encoding": _encoding,
    "document type": _document_type,
    "line ends": _line_ends,
}
