"""Small CDA documents, value sets and PDF files that tests of the content layers put together."""

import base64
import zlib
from pathlib import Path

from harness import safexml
from harness.model import Finding
from harness.packs.artefacts import Pack, load_pack
from harness.validators import MemoryCache
from harness.validators._content import CdaContent, judge_content
from harness.validators._kinds import parts_of
from harness.validators._terminology import Vocabularies

TEMPLATE = "1.3.6.1.4.1.12559.11.10.1.3.1.1."
SCHEMA = '<schema xmlns="http://purl.oclc.org/dsdl/schematron" queryBinding="xslt2"><pattern/></schema>'
LOINC = "2.16.840.1.113883.6.1"


def document(
    head: str = "",
    body: str = "<structuredBody/>",
    *,
    template: int | None = 3,
    more: str = "",
    language: str = "en-GB",
) -> bytes:
    """A CDA document with this eHDSI document template (None: none), header part and body."""
    claimed = f'<templateId root="{TEMPLATE}{template}"/>' if template else ""
    return (
        f'<ClinicalDocument xmlns="urn:hl7-org:v3" {more}>{claimed}<languageCode code="{language}"/>'
        f'<effectiveTime value="20240315"/>{head}<component>{body}</component></ClinicalDocument>'
    ).encode()


def carrying(
    content: bytes | str, *, media: str = "application/pdf", representation: str = "B64", more: str = ""
) -> str:
    """A nonXMLBody with a file; bytes are put into base64, text stands as it is."""
    text = base64.b64encode(content).decode() if isinstance(content, bytes) else content
    return f'<nonXMLBody><text mediaType="{media}" representation="{representation}" {more}>{text}</text></nonXMLBody>'


def content_of(data: bytes, packs: tuple[Pack, ...] = (), limit: int = 1_000_000) -> CdaContent:
    """The content layers on `data`."""
    return judge_content(parts_of(safexml.parse(data))[0], Vocabularies(packs, MemoryCache()), limit)


def rules(findings: tuple[Finding, ...]) -> list[str]:
    return [f"{f.rule} {f.severity}" for f in findings]


def pack_with(folder: Path, **files: str) -> Pack:
    """A pack with one schema and these value set files; `voc_a="..."` becomes `voc_a.xml`."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "s.sch").write_text(SCHEMA, encoding="utf-8")
    for name, text in files.items():
        (folder / f"{name}.xml").write_text(text, encoding="utf-8")
    row = "  - {id: s, layer: schematron, path: s.sch, applies: ['cda:nothing']}\n"
    (folder / "pack.yaml").write_text("pack: org.example:values:1\nartefacts:\n" + row, encoding="utf-8")
    return load_pack(folder)


def pdf(
    *,
    header: bytes = b"%PDF-1.4\n",
    end: bytes = b"%%EOF\n",
    trailer: bytes = b"",
    xmp: bytes | None = None,
    compressed: bool = False,
) -> bytes:
    """A small PDF with a correct cross-reference table; each argument makes one thing other than usual."""
    metadata = b"" if xmp is None else b"/Metadata 2 0 R"
    objects = [b"<</Type /Catalog " + metadata + b">>"]
    if xmp is not None:
        body = zlib.compress(xmp) if compressed else xmp
        filter_ = b"/Filter /FlateDecode" if compressed else b""
        objects.append(b"<</Type /Metadata /Length %d %s>>\nstream\n%s\nendstream" % (len(body), filter_, body))
    out, places = bytearray(header), []
    for number, text in enumerate(objects, start=1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, text)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    out += b"trailer\n<</Size %d /Root 1 0 R %s>>\nstartxref\n%d\n%s" % (len(objects) + 1, trailer, start, end)
    return bytes(out)


def claim(part: int, conformance: str) -> bytes:
    """XMP metadata that claim PDF/A."""
    return f"<x:xmpmeta><rdf pdfaid:part='{part}' pdfaid:conformance='{conformance}'/></x:xmpmeta>".encode()
