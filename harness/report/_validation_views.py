"""Views of one validation report that stands alone, without a run around it."""

from collections.abc import Sequence
from dataclasses import dataclass

from harness.model import Finding, PackIdentity, Severity, ValidationReport, Verdict
from harness.report import _shown, views
from harness.report._desk import LAYER_WORDS, verdict_mark
from harness.report._findings import grouped, mark_of, title_of, validation_view
from harness.report._listing import noted_listing
from harness.report._opened import Place, Placed
from harness.report._words import N_, Prose, Words

_NEXT = {
    Severity.ERROR: N_("Correct the document where this is produced, then validate it again."),
    Severity.WARNING: N_(
        "Correct the document, or write down why it may differ here; a warning does not make it invalid."
    ),
    Severity.INFORMATION: N_("Nothing has to be done."),
    Severity.UNDECIDABLE: N_("Add what could not be judged (artefact, value set) to a pack and validate it again."),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SaidView:
    """What a rule says of a document, once, with all its places."""

    anchor: str
    mark: views.Mark
    title: Prose
    layer: str
    times: str
    expected: Prose
    found: Prose
    message: Prose
    places: tuple[views.PlaceView, ...]
    requirement: str
    sources: str
    rule: str
    test: str
    see: str
    next: Prose


@dataclass(frozen=True, slots=True, kw_only=True)
class PackLine:
    """A pack with its digest and those of its artefacts."""

    coordinate: str
    title: str
    origin: str
    status: str
    mark: views.Mark
    digest: str
    problems: tuple[str, ...]
    artefacts: tuple[views.Fact, ...]
    summary: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportView:
    """Everything the page on one document prints."""

    mark: views.Mark
    name: str
    counts: tuple[str, ...]
    validation: views.ValidationView
    said: tuple[SaidView, ...]
    listing: views.ListingView | None
    loose: tuple[views.NoteView, ...]
    packs: tuple[PackLine, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexRow:
    """One document in the list of all."""

    mark: views.Mark
    name: str
    href: str
    kind: str
    errors: str
    warnings: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchView:
    """Everything the page on all documents prints."""

    mark: views.Mark
    counts: tuple[str, ...]
    complete: bool
    rows: tuple[IndexRow, ...]
    packs: tuple[PackLine, ...]


def report_view(w: Words, report: ValidationReport, content: bytes, packs: Sequence[PackIdentity]) -> ReportView:
    """The view of `report` on the bytes `content`."""
    placed = [
        Placed(anchor=f"n{number}", finding=finding, place=Place(), step=None)
        for number, finding in enumerate(report.findings, start=1)
    ]
    groups = grouped(placed)
    card = {p.anchor: f"f{number}" for number, group in enumerate(groups, start=1) for p in group}

    def notes(here: Sequence[Placed]) -> tuple[views.NoteView, ...]:
        return tuple(_note(w, p, card[p.anchor]) for p in here)

    listing: views.ListingView | None = None
    loose: tuple[Placed, ...] = tuple(placed)
    if content and _shown.looks_textual(content):
        listing, loose = noted_listing(w, content, placed, notes, label=w.say("Source"), prefix="L")
    shown = {p.anchor for p in placed} - {p.anchor for p in loose}
    return ReportView(
        mark=verdict_mark(w, report.verdict),
        name=report.name,
        counts=tuple(_counts(w, report)),
        validation=validation_view(w, report),
        said=tuple(_said(w, f"f{number}", group, shown) for number, group in enumerate(groups, start=1)),
        listing=listing,
        loose=notes(loose),
        packs=tuple(pack_line(w, pack) for pack in packs),
    )


def _counts(w: Words, report: ValidationReport) -> list[str]:
    severities = [f.severity or Severity.ERROR for f in report.findings]
    said = (
        (w.count("%(n)s error", "%(n)s errors", n := severities.count(Severity.ERROR)), n),
        (w.count("%(n)s warning", "%(n)s warnings", n := severities.count(Severity.WARNING)), n),
        (
            w.count(
                "%(n)s rule not decidable", "%(n)s rules not decidable", n := severities.count(Severity.UNDECIDABLE)
            ),
            n,
        ),
    )
    return [text for text, n in said if n]


def _said(w: Words, anchor: str, group: Sequence[Placed], shown: set[str]) -> SaidView:
    finding = group[0].finding
    severity = finding.severity or Severity.ERROR
    title = _title(w, finding)
    message = w.quote(finding.message)
    return SaidView(
        anchor=anchor,
        mark=mark_of(w, severity),
        title=title,
        layer=w.say(LAYER_WORDS[finding.layer]),
        times=w.count("%(n)s place", "%(n)s places", len(group)) if len(group) > 1 else "",
        expected=w.quote(finding.expected),
        found=w.quote(finding.found),
        message=message if message.text != title.text else Prose(text=""),
        places=tuple(_place(w, p, linked=p.anchor in shown) for p in group),
        requirement=finding.requirement or "",
        sources=finding.source,
        rule=finding.rule,
        test=finding.test,
        see=finding.see,
        next=w.quote(finding.next) if finding.next else Prose(text=w.say(_NEXT[severity])),
    )


def _title(w: Words, finding: Finding) -> Prose:
    return title_of(w, finding.message) if finding.message else Prose(text=finding.rule)


def _place(w: Words, placed: Placed, *, linked: bool) -> views.PlaceView:
    at = placed.finding.at
    words = [w.say("line %(n)s", n=at.line)] if at.line else []
    words += [w.say("column %(n)s", n=at.column)] if at.line and at.column else []
    text = ", ".join(words) or w.say("the document as a whole")
    link = views.Link(text=text, href=f"#{placed.anchor}" if linked else "")
    return views.PlaceView(anchor="", place=link, xpath=at.xpath or "")


def _note(w: Words, placed: Placed, card: str) -> views.NoteView:
    finding = placed.finding
    return views.NoteView(
        anchor=placed.anchor,
        more_anchors=(),
        mark=mark_of(w, finding.severity or Severity.ERROR),
        title=_title(w, finding),
        expected=w.quote(finding.expected),
        found=w.quote(finding.found),
        requirement=finding.requirement or finding.rule,
        level="",
        href=f"#{card}",
    )


def pack_line(w: Words, pack: PackIdentity) -> PackLine:
    """A pack with what it holds; the artefacts in order of name."""
    return PackLine(
        coordinate=pack.coordinate,
        title=pack.title,
        origin=pack.origin,
        status=pack.status,
        mark=views.Mark(key="pass", word=w.say("complete"))
        if pack.complete
        else views.Mark(key="inconclusive", word=w.say("incomplete")),
        digest=pack.digest,
        problems=pack.problems,
        artefacts=tuple(views.Fact(name=n, value=d, code=True) for n, d in sorted(pack.artefacts.items())),
        summary=w.count("%(n)s artefact", "%(n)s artefacts", len(pack.artefacts)),
    )


def batch_counts(w: Words, verdicts: Sequence[Verdict]) -> tuple[str, ...]:
    """How many documents there are of each verdict, in words; verdicts that do not occur are left out."""
    named = [(verdict_mark(w, v).word, verdicts.count(v)) for v in Verdict]
    return tuple(f"{w.figure(n)} {word}" for word, n in named if n)
