"""PDF/A-1b files with text, the same bytes for the same lines.

Everything a reader needs is in the file: the font is of type 3, colour is CalGray, and the metadata say part 1, level B.
Streams are not compressed, because compressors differ from one system to the next.

Source: ISO 19005-1, 6.1 (file structure), 6.2 (colour), 6.3 (fonts), 6.7 (metadata); PDF Reference 1.4.
"""

import hashlib
from collections.abc import Sequence
from xml.sax.saxutils import escape

from harness.synthesis import _glyphs

_PAGE = (595, 842)
_MARGIN = 56
_SIZE = 10
_LEADING = 15
_LINES_PER_PAGE = 48


def columns() -> int:
    """How many characters fit into one line."""
    return int((_PAGE[0] - 2 * _MARGIN) / (_glyphs.ADVANCE * _SIZE / 10))


def write_pdf(title: str, lines: Sequence[str], language: str) -> bytes:
    """A PDF/A-1b with `lines`, broken into pages; lines longer than `columns()` are cut by the page's edge.

    `language` is a tag like fr-FR. Characters the font lacks show as question marks.
    """
    pages = [lines[i : i + _LINES_PER_PAGE] for i in range(0, len(lines), _LINES_PER_PAGE)] or [()]
    characters = sorted({c for line in lines for c in line} | {" "})
    codes = {c: index for index, c in enumerate(characters, start=33)}
    if len(codes) > 222:
        raise ValueError("more characters than one font can encode")
    first_page = 5
    first_glyph = first_page + 2 * len(pages)
    kids = b" ".join(b"%d 0 R" % (first_page + 2 * i) for i in range(len(pages)))
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R /Metadata 3 0 R /Lang (%s) >>" % language.encode("ascii"),
        b"<< /Type /Pages /Kids [%s] /Count %d >>" % (kids, len(pages)),
        _stream(_metadata(title), b" /Type /Metadata /Subtype /XML"),
        _font(characters, codes, first_glyph),
    ]
    for index, page in enumerate(pages):
        objects += [_page(first_page + 2 * index + 1), _stream(_content(page, codes))]
    objects += [_stream(_procedure(c)) for c in characters]
    objects.append(_stream(_to_unicode(characters, codes)))
    return _assembled(objects)


def _page(content: int) -> bytes:
    # WhitePoint: D65. Source: PDF Reference 1.4, 4.5.4 (CalGray).
    gray = b"[/CalGray << /WhitePoint [0.9505 1 1.089] /Gamma 2.2 >>]"
    resources = b"<< /Font << /F1 4 0 R >> /ColorSpace << /C0 %s >> >>" % gray
    box = b"[0 0 %d %d]" % _PAGE
    return b"<< /Type /Page /Parent 2 0 R /MediaBox %s /Contents %d 0 R /Resources %s >>" % (box, content, resources)


def _content(lines: Sequence[str], codes: dict[str, int]) -> bytes:
    shown = b"".join(b"<%s> Tj T*\n" % bytes(codes[c] for c in line).hex().encode("ascii") for line in lines)
    top = _PAGE[1] - _MARGIN
    return b"/C0 cs 0 sc\nBT /F1 %d Tf %d TL %d %d Td\n%sET\n" % (_SIZE, _LEADING, _MARGIN, top, shown)


def _font(characters: Sequence[str], codes: dict[str, int], first_glyph: int) -> bytes:
    names = [f"g{codes[c]}" for c in characters]
    procedures = " ".join(f"/{name} {first_glyph + i} 0 R" for i, name in enumerate(names))
    differences = " ".join(f"/{name}" for name in names)
    width = _glyphs.ADVANCE
    # a glyph unit is a dot, and ten dots make the height of a line
    return (
        f"<< /Type /Font /Subtype /Type3 /Name /F1 /FontBBox [0 -2 {width} 9] /FontMatrix [0.1 0 0 0.1 0 0] "
        f"/CharProcs << {procedures} >> /Encoding << /Type /Encoding /Differences [33 {differences}] >> "
        f"/FirstChar 33 /LastChar {32 + len(names)} /Widths [{' '.join([str(width)] * len(names))}] "
        f"/Resources << >> /ToUnicode {first_glyph + len(names)} 0 R >>"
    ).encode("ascii")


def _procedure(character: str) -> bytes:
    width = _glyphs.ADVANCE
    drawn = "".join(f"{x} {y} {length} 1 re\n" for x, y, length in _glyphs.bars(character))
    return (f"{width} 0 0 -2 {width} 9 d1\n" + (drawn + "f\n" if drawn else "")).encode("ascii")


def _to_unicode(characters: Sequence[str], codes: dict[str, int]) -> bytes:
    rows = [f"<{codes[c]:02x}> <{c.encode('utf-16-be').hex()}>" for c in characters]
    blocks = [rows[i : i + 100] for i in range(0, len(rows), 100)]
    mapped = "\n".join(f"{len(b)} beginbfchar\n" + "\n".join(b) + "\nendbfchar" for b in blocks)
    return (
        "/CIDInit /ProcSet findresource begin\n12 dict begin\nbegincmap\n"
        "/CIDSystemInfo << /Registry (Adobe) /Ordering (UCS) /Supplement 0 >> def\n"
        "/CMapName /Adobe-Identity-UCS def\n/CMapType 2 def\n"
        f"1 begincodespacerange\n<00> <ff>\nendcodespacerange\n{mapped}\n"
        "endcmap\nCMapName currentdict /CMap defineresource pop\nend\nend\n"
    ).encode("ascii")


def _metadata(title: str) -> bytes:
    return (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>\n'
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">\n'
        '<rdf:Description rdf:about="" xmlns:pdfaid="http://www.aiim.org/pdfa/ns/id/">'
        "<pdfaid:part>1</pdfaid:part><pdfaid:conformance>B</pdfaid:conformance></rdf:Description>\n"
        '<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title><rdf:Alt>'
        f'<rdf:li xml:lang="x-default">{escape(title)}</rdf:li></rdf:Alt></dc:title></rdf:Description>\n'
        '</rdf:RDF></x:xmpmeta>\n<?xpacket end="w"?>'
    ).encode()


def _stream(content: bytes, entries: bytes = b"") -> bytes:
    return b"<< /Length %d%s >>\nstream\n%s\nendstream" % (len(content), entries, content)


def _assembled(objects: Sequence[bytes]) -> bytes:
    # the comment of four bytes above 127 says that the file is binary. Source: ISO 19005-1, 6.1.2.
    data = b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n"
    offsets = []
    for number, content in enumerate(objects, start=1):
        offsets.append(len(data))
        data += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    digest = hashlib.sha256(data).hexdigest()[:32].encode("ascii")
    size = len(objects) + 1
    trailer = b"trailer\n<< /Size %d /Root 1 0 R /ID [<%s> <%s>] >>\n" % (size, digest, digest)
    start = b"startxref\n%d\n%%%%EOF\n" % len(data)
    return data + b"xref\n0 %d\n0000000000 65535 f \n" % size + table + trailer + start
