"""From a population file to the bytes of its documents."""

import base64
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass

from harness.packs import ContentForm, Description, DocumentForm, RecordForm
from harness.synthesis._coding import Pen
from harness.synthesis._header import TEMPLATES, Frame, frame_of, header
from harness.synthesis._image import drawn, write_jpeg, write_png
from harness.synthesis._observed import optional
from harness.synthesis._pdf import columns, write_pdf
from harness.synthesis._prescription import dispensation, prescription
from harness.synthesis._section import Section, render
from harness.synthesis._summary import obligatory
from harness.synthesis._words import WORDS

_START = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<ClinicalDocument xmlns="urn:hl7-org:v3" xmlns:pharm="urn:hl7-org:pharm"\n'
    '    xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" classCode="DOCCLIN" moodCode="EVN">\n'
)
_PNG_DOTS = 96
_JPEG_BLOCKS = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A document that was made: `path` is where the population file has it, relative to that file."""

    key: str
    path: str
    content: bytes


def make_documents(description: Description) -> Iterator[Made]:
    """Every document of the population that has a `content`, in the order of the file.

    Raises:
        ValueError: a kind has no document of that level.
    """
    for document, _ in description.documents():
        yield Made(key=document.key, path=document.path, content=make_document(description, document))


def make_document(description: Description, document: DocumentForm) -> bytes:
    """The CDA document that `document` describes, UTF-8.

    Raises:
        ValueError: it has no `content`, or its kind has no document of that level.
    """
    content = document.content
    if content is None or (document.kind, document.level) not in TEMPLATES:
        raise ValueError(f"document {document.key!r}: nothing to make at level {document.level} of {document.kind}")
    population = description.population
    prescriptions = {d.key: d for d in population.documents if d.kind == "eprescription"}
    parent = content.parent or f"NAT-{document.pair or document.key}".upper()
    frame = frame_of(population, document, content.author, parent, prescriptions.get(content.of or ""))
    pen = Pen(
        clinical=description.clinical,
        own=(population.language or "en")[:2],
        reader=frame.language[:2] if content.form == "friendly" else None,
        root=population.root or "",
        seed=population.seed,
        document=document.key,
    )
    record = description.clinical.records[content.record]
    body = _structured(pen, frame, record, content) if document.level == 3 else _wrapped(pen, frame, record, content)
    return f"{_START}{header(frame, pen)}\n{body}\n</ClinicalDocument>\n".encode()


def _sections(pen: Pen, frame: Frame, record: RecordForm, content: ContentForm) -> tuple[Section, ...]:
    kind = frame.document.kind
    if kind == "eprescription":
        return (prescription(pen, frame, record.lines[content.line or ""]),)
    if kind == "edispensation":
        return (dispensation(pen, frame, record.lines[content.line or ""], content.given),)
    sections = (*obligatory(pen, record), *optional(pen, record))
    wanted = _REPORTED.get(kind)
    return tuple(s for s in sections if wanted is None or s.term in wanted)


_REPORTED = {
    "orcd-laboratory": ("sec-results",),
    "orcd-discharge": ("sec-problems", "sec-procedures", "sec-medications"),
    "orcd-imaging-report": (),
}


def _structured(pen: Pen, frame: Frame, record: RecordForm, content: ContentForm) -> str:
    sections = "\n".join(render(s, pen) for s in _sections(pen, frame, record, content))
    return f'<component typeCode="COMP"><structuredBody classCode="DOCBODY">\n{sections}\n</structuredBody></component>'


def _wrapped(pen: Pen, frame: Frame, record: RecordForm, content: ContentForm) -> str:
    if frame.document.kind == "orcd-image":
        # the media types are those of the document template, which are not the registered ones
        media, data = f"application/{content.picture}", _picture(pen, content)
    else:
        media, data = "application/pdf", _pdf(pen, frame, record, content)
    encoded = "\n".join(textwrap.wrap(base64.b64encode(data).decode("ascii"), 76))
    return (
        '<component typeCode="COMP"><nonXMLBody classCode="DOCBODY" moodCode="EVN">\n'
        f'<text mediaType="{media}" representation="B64">{encoded}</text>\n</nonXMLBody></component>'
    )


def _picture(pen: Pen, content: ContentForm) -> bytes:
    seed = int(pen.token("picture"), 16)
    if content.picture == "jpeg":
        return write_jpeg(drawn(seed, _JPEG_BLOCKS))
    return write_png(drawn(seed, _PNG_DOTS))


def _pdf(pen: Pen, frame: Frame, record: RecordForm, content: ContentForm) -> bytes:
    title = pen.said(f"doc-{frame.document.kind}")
    lines = [title.upper(), "", *_who(pen, frame), ""]
    for section in _sections(pen, frame, record, content):
        lines += [pen.said(section.term).upper(), *(f"- {text}" for text in section.lines.values()), ""]
    if frame.document.kind == "orcd-imaging-report":
        lines += [WORDS[pen.own]["nothing-abnormal"], ""]
    lines.append(WORDS[pen.own]["synthetic"])
    wrapped = [part for line in lines for part in textwrap.wrap(line, columns(), subsequent_indent="  ") or [""]]
    return write_pdf(title, wrapped, frame.language)


def _who(pen: Pen, frame: Frame) -> list[str]:
    words = WORDS[pen.own]
    patient, author = frame.patient, frame.author
    name = " ".join(n for n in (author.prefix, author.given, author.family) if n)
    return [
        f"{words['patient']}: {patient.given} {patient.family}",
        f"{words['born']}: {patient.birth or '-'}",
        *(f"{words['identifier']}: {i.extension}" for i in patient.ids),
        f"{words['author']}: {name}, {frame.organization.name}",
        f"{words['written']}: {frame.at}",
    ]
