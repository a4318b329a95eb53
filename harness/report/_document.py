"""View of a retrieved document: what a clinician would read, beside what a rule sees.

The narrative is taken as text and rebuilt from a few block kinds. Nothing of the document's own styling, links or images is
used: a document is a stranger's bytes.
"""

import base64
import binascii
import re
from dataclasses import replace

from lxml import etree

from harness.model import Finding, ValidationReport
from harness.report import _body, _shown, views
from harness.report._desk import Desk
from harness.report._findings import finding_title, gravest, grouped, note_views, severity_mark, validation_view
from harness.report._listing import code_listing
from harness.report._opened import Placed, shows_document
from harness.wire.ns import HL7

_MAX_BLOCKS = 300
_MAX_ROWS = 500
_MAX_SECTION_DEPTH = 4


def document_view(desk: Desk, row: int, exchange: str, number: int) -> views.DocumentView:
    """Everything the page of document `number` of an exchange prints."""
    w = desk.words
    opened = desk.opened[row, exchange]
    document = opened.documents[number]
    placed = [
        p
        for p in desk.placed[row]
        if p.place.exchange == exchange and p.place.document == number and shows_document(opened, p.place)
    ]
    listing: views.ListingView | None = None
    loose = tuple(placed)
    if document.content and _shown.looks_textual(document.content):
        listing, loose = code_listing(desk, row, document.content, placed, label=w.say("Source"), prefix="D")
    root = _body.parsed(document.content) if document.content else None
    title = _text(root, f"{{{HL7}}}title")
    spoken = _code(root, f"{{{HL7}}}languageCode")
    lines = listing.ids if listing else frozenset[str]()
    return views.DocumentView(
        mark=gravest(desk, tuple(placed)) or views.Mark(key="info", word=w.say("recorded")),
        heading=title or w.say("Document %(n)s", n=number + 1),
        eyebrow=w.say("Document %(n)s of exchange %(id)s", n=number + 1, id=exchange),
        lang=spoken if re.fullmatch(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*", spoken) else "",
        exchange=views.Link(text=exchange, href=desk.href(desk.site.exchanges[row, exchange])),
        facts=(
            views.Fact(name=w.say("Identifier"), value=document.unique_id or w.say("absent"), code=True),
            views.Fact(name=w.say("Media type"), value=document.mime_type or w.say("absent"), code=True),
            views.Fact(name=w.say("Size"), value=w.size(len(document.content))),
            views.Fact(name="sha-256", value=document.sha256, code=True),
        ),
        files=desk.raw(w.say("Document, exact bytes"), document.sha256, f"{exchange}-document-{number + 1}"),
        said=_said(desk, placed),
        header=_header(desk, root),
        sections=_sections(desk, root, 0, lines),
        embedded=_embedded(desk, root),
        listing=listing,
        loose=note_views(desk, row, loose),
        validations=tuple(validation_view(w, v) for v in _validations(desk, row, document.sha256)),
    )


def _validations(desk: Desk, row: int, sha256: str) -> tuple[ValidationReport, ...]:
    """What validated these bytes; steps that ask for the same show the same, which is told once."""
    reports = [v for s in desk.run.rows[row].steps for v in s.validations if v.sha256 == sha256]
    kept: list[ValidationReport] = []
    for report in reports:
        if not any(_told(report) == _told(k) for k in kept):
            kept.append(report)
    return tuple(kept)


def _told(report: ValidationReport) -> ValidationReport:
    return replace(report, uses=tuple(replace(use, duration_s=0.0) for use in report.uses))


def _said(desk: Desk, placed: list[Placed]) -> tuple[views.GroupedView, ...]:
    """Each thing said of the document with its lines; what several steps found alike counts once."""
    w = desk.words
    first: dict[Finding, Placed] = {}
    for p in placed:
        first.setdefault(p.finding, p)
    return tuple(
        views.GroupedView(
            mark=severity_mark(desk, group[0].finding),
            title=finding_title(desk, group[0].finding),
            times=w.count("%(n)s place", "%(n)s places", len(group)),
            places=tuple(views.Link(text=_line_of(desk, p), href=f"#{p.anchor}") for p in group),
        )
        for group in grouped(tuple(first.values()))
    )


def _line_of(desk: Desk, placed: Placed) -> str:
    line = placed.finding.at.line
    return desk.words.say("line %(n)s", n=line) if line else placed.anchor


def _header(desk: Desk, root: etree._Element | None) -> tuple[views.Fact, ...]:
    """Who and when, from the CDA header. Source: HL7 CDA R2, 4.2."""
    if root is None:
        return ()
    w = desk.words
    patient = f"{{{HL7}}}recordTarget/{{{HL7}}}patientRole"
    person = root.find(f"{patient}/{{{HL7}}}patient")
    code = root.find(f"{{{HL7}}}code")
    named = " ".join(v for v in ((code.get("code"), code.get("displayName")) if code is not None else ()) if v)
    ids = [
        " ".join(v for v in (e.get("extension"), e.get("root")) if v) for e in root.findall(f"{patient}/{{{HL7}}}id")
    ]
    author = root.find(f"{{{HL7}}}author/{{{HL7}}}assignedAuthor/{{{HL7}}}assignedPerson")
    custodian = root.find(f".//{{{HL7}}}representedCustodianOrganization")
    facts = (
        (w.say("Type"), named),
        (w.say("Patient"), _name(person)),
        (w.say("Identifiers"), ", ".join(ids[:5])),
        (w.say("Born"), _value(person, "birthTime")),
        (w.say("Gender"), _code(person, f"{{{HL7}}}administrativeGenderCode")),
        (w.say("Written"), _value(root, "effectiveTime")),
        (w.say("Author"), _name(author)),
        (w.say("Custodian"), _name(custodian)),
    )
    return tuple(views.Fact(name=name, value=value) for name, value in facts if value)


def _sections(
    desk: Desk, parent: etree._Element | None, depth: int, lines: frozenset[str]
) -> tuple[views.SectionView, ...]:
    if parent is None or depth > _MAX_SECTION_DEPTH:
        return ()
    path = f"{{{HL7}}}component/{{{HL7}}}section"
    if depth == 0:
        path = f"{{{HL7}}}component/{{{HL7}}}structuredBody/{path}"
    w = desk.words
    made = []
    for section in parent.findall(path):
        entries = len(section.findall(f"{{{HL7}}}entry"))
        code = section.find(f"{{{HL7}}}code")
        made.append(
            views.SectionView(
                title=_text(section, f"{{{HL7}}}title") or w.say("Section without title"),
                code=" ".join(v for v in (code.get("code"), code.get("displayName")) if v) if code is not None else "",
                line_href=f"#{anchor}" if (anchor := f"D{section.sourceline}") in lines else "",
                coded=w.count("%(n)s coded entry", "%(n)s coded entries", entries),
                blocks=_blocks(section.find(f"{{{HL7}}}text")),
                sections=_sections(desk, section, depth + 1, lines),
            )
        )
    return tuple(made)


def _blocks(text: etree._Element | None) -> tuple[views.Block, ...]:
    """Narrative as paragraphs, lists and tables. Source: HL7 CDA R2, 4.3.5 (section narrative block)."""
    if text is None:
        return ()
    blocks: list[views.Block] = []
    if (text.text or "").strip():
        blocks.append(_paragraph(text.text or ""))
    for child in text:
        if len(blocks) >= _MAX_BLOCKS:
            break
        if isinstance(child.tag, str):
            blocks.append(_block(child))
        if (child.tail or "").strip():
            blocks.append(_paragraph(child.tail or ""))
    return tuple(blocks)


def _block(element: etree._Element) -> views.Block:
    tag = etree.QName(element).localname
    if tag == "table":
        head = [_cells(r) for r in element.iterfind(f"{{{HL7}}}thead/{{{HL7}}}tr")]
        rows = [_cells(r) for r in element.iter(f"{{{HL7}}}tr") if not _is_head(r)]
        return views.Block(
            kind="table", head=tuple(head), rows=tuple(rows[:_MAX_ROWS]), caption=_text(element, f"{{{HL7}}}caption")
        )
    if tag == "list":
        items = [(_flat(i),) for i in element.findall(f"{{{HL7}}}item")]
        return views.Block(kind="list", rows=tuple(items[:_MAX_ROWS]), caption=_text(element, f"{{{HL7}}}caption"))
    return _paragraph(_flat(element))


def _is_head(row: etree._Element) -> bool:
    parent = row.getparent()
    return parent is not None and parent.tag == f"{{{HL7}}}thead"


def _cells(row: etree._Element) -> tuple[str, ...]:
    return tuple(_flat(c) for c in row if isinstance(c.tag, str))


def _paragraph(text: str) -> views.Block:
    return views.Block(kind="paragraph", text=" ".join(text.split()))


def _flat(element: etree._Element) -> str:
    """Text of `element` and all in it, comments excepted, white space folded."""
    return " ".join(str(element.xpath("string()")).split())


def _embedded(desk: Desk, root: etree._Element | None) -> tuple[views.Fact, ...]:
    """Facts on an embedded file (level 1); its bytes are never shown. Source: HL7 CDA R2, 4.3.1.2 (nonXMLBody)."""
    held = None if root is None else root.find(f"{{{HL7}}}component/{{{HL7}}}nonXMLBody/{{{HL7}}}text")
    if held is None:
        return ()
    w = desk.words
    facts = [views.Fact(name=w.say("Media type"), value=held.get("mediaType", "") or w.say("absent"), code=True)]
    try:
        data = base64.b64decode("".join((held.text or "").split()), validate=True)
    except (binascii.Error, ValueError):
        return (*facts, views.Fact(name=w.say("Content"), value=w.say("not readable as base64")))
    starts = data[:8].decode("ascii", "replace")
    return (
        *facts,
        views.Fact(name=w.say("Size"), value=w.size(len(data))),
        views.Fact(name="sha-256", value=_body.sha256(data), code=True),
        views.Fact(name=w.say("Begins with"), value=starts, code=True),
        views.Fact(name=w.say("End marker"), value="%%EOF" if b"%%EOF" in data[-1024:] else w.say("absent"), code=True),
    )


def _name(holder: etree._Element | None) -> str:
    name = None if holder is None else holder.find(f"{{{HL7}}}name")
    return (
        ""
        if name is None
        else _flat(name)
        if not len(name)
        else " ".join(_flat(e) for e in name if isinstance(e.tag, str))
    )


def _text(parent: etree._Element | None, path: str) -> str:
    found = None if parent is None else parent.find(path)
    return "" if found is None else _flat(found)


def _code(parent: etree._Element | None, path: str) -> str:
    found = None if parent is None else parent.find(path)
    return "" if found is None else found.get("code", "")


def _value(parent: etree._Element | None, name: str) -> str:
    """A CDA time `20260314` as `2026-03-14`; as written when it is not of that form."""
    found = None if parent is None else parent.find(f"{{{HL7}}}{name}")
    value = "" if found is None else found.get("value", "")
    day = re.match(r"(\d{4})(\d{2})(\d{2})(?:(\d{2})(\d{2}))?", value)
    if not day:
        return value
    date = f"{day.group(1)}-{day.group(2)}-{day.group(3)}"
    return f"{date} {day.group(4)}:{day.group(5)}" if day.group(4) else date
