"""A small dot font of our own: every glyph is drawn from dots, so that a PDF can carry it whole.

A letter is 5 dots wide and 7 high; rows are listed from top to bottom, each as five bits. Accents are put above or below.
"""

import unicodedata
from collections.abc import Iterator, Mapping

WIDTH = 5
ADVANCE = 6
_BASE_ROWS = 7
# rows 0..6 stand on the base line; negative rows are above, 7 and more below
_TALL = -2

_ROWS: Mapping[str, str] = {
    " ": "00 00 00 00 00 00 00",
    "!": "04 04 04 04 04 00 04",
    '"': "0a 0a 0a 00 00 00 00",
    "#": "0a 0a 1f 0a 1f 0a 0a",
    "$": "04 0f 14 0e 05 1e 04",
    "%": "18 19 02 04 08 13 03",
    "&": "0c 12 14 08 15 12 0d",
    "'": "04 04 08 00 00 00 00",
    "(": "02 04 08 08 08 04 02",
    ")": "08 04 02 02 02 04 08",
    "*": "00 04 15 0e 15 04 00",
    "+": "00 04 04 1f 04 04 00",
    ",": "00 00 00 00 0c 04 08",
    "-": "00 00 00 1f 00 00 00",
    ".": "00 00 00 00 00 0c 0c",
    "/": "00 01 02 04 08 10 00",
    "0": "0e 11 13 15 19 11 0e",
    "1": "04 0c 04 04 04 04 0e",
    "2": "0e 11 01 02 04 08 1f",
    "3": "1f 02 04 02 01 11 0e",
    "4": "02 06 0a 12 1f 02 02",
    "5": "1f 10 1e 01 01 11 0e",
    "6": "06 08 10 1e 11 11 0e",
    "7": "1f 01 02 04 08 08 08",
    "8": "0e 11 11 0e 11 11 0e",
    "9": "0e 11 11 0f 01 02 0c",
    ":": "00 0c 0c 00 0c 0c 00",
    ";": "00 0c 0c 00 0c 04 08",
    "<": "02 04 08 10 08 04 02",
    "=": "00 00 1f 00 1f 00 00",
    ">": "08 04 02 01 02 04 08",
    "?": "0e 11 01 02 04 00 04",
    "@": "0e 11 01 0d 15 15 0e",
    "A": "0e 11 11 11 1f 11 11",
    "B": "1e 11 11 1e 11 11 1e",
    "C": "0e 11 10 10 10 11 0e",
    "D": "1c 12 11 11 11 12 1c",
    "E": "1f 10 10 1e 10 10 1f",
    "F": "1f 10 10 1e 10 10 10",
    "G": "0e 11 10 17 11 11 0f",
    "H": "11 11 11 1f 11 11 11",
    "I": "0e 04 04 04 04 04 0e",
    "J": "07 02 02 02 02 12 0c",
    "K": "11 12 14 18 14 12 11",
    "L": "10 10 10 10 10 10 1f",
    "M": "11 1b 15 15 11 11 11",
    "N": "11 11 19 15 13 11 11",
    "O": "0e 11 11 11 11 11 0e",
    "P": "1e 11 11 1e 10 10 10",
    "Q": "0e 11 11 11 15 12 0d",
    "R": "1e 11 11 1e 14 12 11",
    "S": "0f 10 10 0e 01 01 1e",
    "T": "1f 04 04 04 04 04 04",
    "U": "11 11 11 11 11 11 0e",
    "V": "11 11 11 11 11 0a 04",
    "W": "11 11 11 15 15 1b 11",
    "X": "11 11 0a 04 0a 11 11",
    "Y": "11 11 11 0a 04 04 04",
    "Z": "1f 01 02 04 08 10 1f",
    "[": "0e 08 08 08 08 08 0e",
    "\\": "00 10 08 04 02 01 00",
    "]": "0e 02 02 02 02 02 0e",
    "^": "04 0a 11 00 00 00 00",
    "_": "00 00 00 00 00 00 1f",
    "`": "08 04 02 00 00 00 00",
    "a": "00 00 0e 01 0f 11 0f",
    "b": "10 10 16 19 11 11 1e",
    "c": "00 00 0e 10 10 11 0e",
    "d": "01 01 0d 13 11 11 0f",
    "e": "00 00 0e 11 1f 10 0e",
    "f": "06 09 08 1c 08 08 08",
    "g": "00 0f 11 11 0f 01 0e",
    "h": "10 10 16 19 11 11 11",
    "i": "04 00 0c 04 04 04 0e",
    "j": "02 00 06 02 02 12 0c",
    "k": "10 10 12 14 18 14 12",
    "l": "0c 04 04 04 04 04 0e",
    "m": "00 00 1a 15 15 11 11",
    "n": "00 00 16 19 11 11 11",
    "o": "00 00 0e 11 11 11 0e",
    "p": "00 00 1e 11 1e 10 10",
    "q": "00 00 0d 13 0f 01 01",
    "r": "00 00 16 19 10 10 10",
    "s": "00 00 0e 10 0e 01 1e",
    "t": "08 08 1c 08 08 09 06",
    "u": "00 00 11 11 11 13 0d",
    "v": "00 00 11 11 11 0a 04",
    "w": "00 00 11 11 15 15 0a",
    "x": "00 00 11 0a 04 0a 11",
    "y": "00 00 11 11 0f 01 0e",
    "z": "00 00 1f 02 04 08 1f",
    "{": "02 04 04 08 04 04 02",
    "|": "04 04 04 04 04 04 04",
    "}": "08 04 04 02 04 04 08",
    "~": "00 00 08 15 02 00 00",
    "\u0131": "00 00 0c 04 04 04 0e",
    "\u0237": "00 00 06 02 02 12 0c",
    "ß": "0c 12 12 16 11 11 16",
    "æ": "00 00 1a 05 0f 14 0f",
    "œ": "00 00 0a 15 17 14 0b",
    "Œ": "0f 14 14 17 14 14 0f",
    "ø": "00 01 0e 13 15 19 0e",
    "ł": "0c 04 05 06 0c 04 0e",
    "Ł": "10 10 14 18 10 10 1f",
    "«": "00 05 0a 14 0a 05 00",
    "»": "00 14 0a 05 0a 14 00",
    "°": "0c 12 12 0c 00 00 00",
    "º": "0c 12 0c 00 1e 00 00",
    "ª": "0e 12 0e 00 1e 00 00",
    "µ": "00 00 11 11 13 1d 10",
    "×": "00 11 0a 04 0a 11 00",
    "–": "00 00 00 1f 00 00 00",
    "—": "00 00 00 1f 00 00 00",
    "’": "04 04 08 00 00 00 00",
    "…": "00 00 00 00 00 15 00",
    "€": "07 08 1e 08 1e 08 07",
}
_DOTLESS = {"i": "\u0131", "j": "\u0237"}
# combining mark -> (rows as five bits, first row for small letters, first row for capitals); below: row 7 for both
_MARKS: Mapping[str, tuple[str, int, int]] = {
    "\u0300": ("08 04", 0, _TALL),
    "\u0301": ("02 04", 0, _TALL),
    "\u0302": ("04 0a", 0, _TALL),
    "\u0303": ("0d 12", 0, _TALL),
    "\u0304": ("00 0e", 0, _TALL),
    "\u0306": ("0a 04", 0, _TALL),
    "\u0307": ("04 00", 0, _TALL),
    "\u0308": ("0a 00", 0, _TALL),
    "\u030a": ("0e 0a", -1, _TALL),
    "\u030b": ("05 0a", 0, _TALL),
    "\u030c": ("0a 04", 0, _TALL),
    "\u0327": ("04 0c", 7, 7),
    "\u0328": ("02 03", 7, 7),
}


def has_glyph(character: str) -> bool:
    """Whether the font can draw `character`."""
    base, marks = _parts(character)
    return base in _ROWS and all(m in _MARKS for m in marks)


def bars(character: str) -> Iterator[tuple[int, int, int]]:
    """The horizontal bars that make up the glyph: (x, y, length) in dots, y upwards from the base line.

    A character the font does not have is drawn as a question mark.
    """
    base, marks = _parts(character) if has_glyph(character) else ("?", "")
    rows = dict(enumerate(int(row, 16) for row in _ROWS[base].split()))
    for mark in marks:
        drawn, small, capital = _MARKS[mark]
        first = capital if base.isupper() or rows[0] else small
        for index, row in enumerate(drawn.split()):
            rows[first + index] = rows.get(first + index, 0) | int(row, 16)
    for index in sorted(rows):
        yield from ((x, _BASE_ROWS - 1 - index, length) for x, length in _runs(rows[index]))


def _parts(character: str) -> tuple[str, str]:
    if character in _ROWS:
        return character, ""
    decomposed = unicodedata.normalize("NFD", character)
    base, marks = decomposed[:1], decomposed[1:]
    above = any(_MARKS[m][1] < _BASE_ROWS for m in marks if m in _MARKS)
    return (_DOTLESS.get(base, base) if above else base), marks


def _runs(row: int) -> Iterator[tuple[int, int]]:
    start = None
    for x in range(WIDTH + 1):
        on = x < WIDTH and bool(row >> (WIDTH - 1 - x) & 1)
        if on and start is None:
            start = x
        elif not on and start is not None:
            yield start, x - start
            start = None
