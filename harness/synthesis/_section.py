"""A section of a structured document, and the entries that several sections share."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from xml.sax.saxutils import escape

from harness.packs import ProblemForm
from harness.synthesis._coding import CCD, EHDSI, PCC, Pen, pointer, templates
from harness.synthesis._words import WORDS


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """`term` names its code and title; `lines` maps the ID of a narrative line to its text; `entries` is XML."""

    term: str
    roots: tuple[str, ...]
    lines: Mapping[str, str]
    entries: str
    title: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One thing a section states: its narrative lines by ID, and its XML."""

    lines: Mapping[str, str]
    xml: str


def section_of(term: str, roots: Iterable[str], entries: Iterable[Entry]) -> Section:
    """The section that holds `entries`."""
    made = tuple(entries)
    lines = {key: text for entry in made for key, text in entry.lines.items()}
    xml = "".join(f'<entry typeCode="COMP">{entry.xml}</entry>\n' for entry in made)
    return Section(term=term, roots=tuple(roots), lines=lines, entries=xml)


def render(section: Section, pen: Pen) -> str:
    """The component element of `section`."""
    items = "".join(f'<item ID="{key}">{escape(text)}</item>' for key, text in section.lines.items())
    title = section.title if section.title is not None else pen.title(section.term)
    return (
        '<component typeCode="COMP"><section classCode="DOCSECT">'
        f"{templates(*section.roots)}{pen.id(section.term)}{pen.code('code', section.term)}<title>{title}</title>\n"
        f"<text><list>{items}</list></text>\n{section.entries}</section></component>"
    )


def day(value: date) -> str:
    """A date as an HL7 time stamp."""
    return f"{value:%Y%m%d}"


def span(since: date, until: date | None, *, kind: str = "") -> str:
    """effectiveTime as an interval that may be open."""
    xsi = f' xsi:type="{kind}"' if kind else ""
    high = f'<high value="{day(until)}"/>' if until else ""
    return f'<effectiveTime{xsi}><low value="{day(since)}"/>{high}</effectiveTime>'


def period(pen: Pen, since: date, until: date | None) -> str:
    """Since when and until when, for readers."""
    words = WORDS[pen.own]
    return f"{words['since']} {since}" + (f" {words['until']} {until}" if until else "")


def problem(pen: Pen, key: str, form: ProblemForm, *, active: bool) -> Entry:
    """A problem concern. Source: eHDSI templates 3.15 (concern) and 3.7 (problem)."""
    xml = concern(pen, key, _observation(pen, key, pen.code("value", form.finding, kind="CD"), form), form, active)
    return Entry(lines={key: f"{pen.said(form.finding)}, {period(pen, form.since, form.until)}"}, xml=xml)


def absent_problem(pen: Pen, key: str, term: str) -> Entry:
    """The statement that there is no problem, or none known of."""
    value = pen.code("value", term, kind="CD")
    xml = concern(pen, key, _observation(pen, key, value, None), None, True)
    return Entry(lines={key: pen.said(term)}, xml=xml)


def concern(pen: Pen, key: str, observation: str, form: ProblemForm | None, active: bool) -> str:
    """The act around a problem's observation."""
    began = span(form.since, form.until) if form else '<effectiveTime><low nullFlavor="UNK"/></effectiveTime>'
    return (
        f'<act classCode="ACT" moodCode="EVN">'
        f"{templates(f'{EHDSI}.3.15', f'{PCC}.4.5.1', f'{PCC}.4.5.2', f'{CCD}.27')}{pen.id(key + '-concern')}"
        f"{pen.code('code', 'concern')}{pointer(key)}"
        f'<statusCode code="{"active" if active else "completed"}"/>{began}'
        f'<entryRelationship typeCode="SUBJ" inversionInd="false">{observation}</entryRelationship></act>'
    )


def _observation(pen: Pen, key: str, value: str, form: ProblemForm | None) -> str:
    when = span(form.since, form.until) if form else '<effectiveTime nullFlavor="UNK"/>'
    return (
        '<observation classCode="OBS" moodCode="EVN">'
        f"{templates(f'{EHDSI}.3.7', f'{PCC}.4.5', f'{CCD}.28')}{pen.id(key)}"
        f'{pen.code("code", "problem")}{pointer(key)}<statusCode code="completed"/>{when}{value}</observation>'
    )
