"""What the pages print, as frozen types: templates walk them and compute nothing.

All texts are plain and escaped when a template prints them, but for the lines of listings, which come escaped. Links are
relative to the page that shows them.
"""

from dataclasses import dataclass

from markupsafe import Markup

from harness.report._words import Prose


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A verdict or a severity: `key` chooses shape and colour, `word` says it."""

    key: str
    word: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    text: str
    href: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """A name and a value; `code` for values in the protocol's own words, `mark` when it is judged."""

    name: str
    value: str
    code: bool = False
    href: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shell:
    """What every page has around its content. `root` leads to the report folder (`""` or `../`)."""

    lang: str
    other_lang: str
    other_href: str
    root: str
    home: str
    requirements: str
    title: str
    current: str
    identity: tuple[Fact, ...]
    rail: tuple[Link, ...]
    print_foot: str
    version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownLines:
    """Lines of a listing as markup, and what stands under the last of them."""

    markup: Markup
    findings: tuple["NoteView", ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteView:
    """A finding in short, between the lines of a message; `anchor` is the same as that of its full card.

    `more_anchors` are those of equal findings that other steps made at the same place.
    """

    anchor: str
    more_anchors: tuple[str, ...]
    mark: Mark
    title: Prose
    expected: Prose
    found: Prose
    requirement: str
    level: str
    href: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ExcerptLine:
    """A source line around a finding; `hit` is the line itself, `number` is empty when not known."""

    number: str
    text: str
    hit: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceView:
    """A further place of a finding; `anchor` is that of the finding made there."""

    anchor: str
    place: Link
    xpath: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RawFile:
    """A file beside the report that holds exact bytes; `download` is a name for a copy."""

    text: str
    size: str
    href: str
    download: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingView:
    """A finding in full: the six facts, place, excerpt, and what to do next; `others` are places with the same to say."""

    anchor: str
    mark: Mark
    title: Prose
    layer: str
    times: str
    expected: Prose
    found: Prose
    message: Prose
    place: Link
    xpath: str
    excerpt: tuple[ExcerptLine, ...]
    others: tuple[PlaceView, ...]
    requirement: Link
    requirement_text: Prose
    level: str
    sources: tuple[str, ...]
    rule: str
    test: str
    see: str
    deviation: str
    next: tuple[Prose, ...]
    copy: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UseView:
    """One artefact applied to one input, in figures."""

    mark: Mark
    layer: str
    artefact: str
    coordinate: str
    engine: str
    loaded: str
    fired: str
    checked: str
    unverifiable: str
    unverifiable_any: bool
    reason: Prose


@dataclass(frozen=True, slots=True, kw_only=True)
class ValidationView:
    """All layers applied to one input."""

    mark: Mark
    name: str
    kind: str
    size: str
    sha256: str
    reason: Prose
    uses: tuple[UseView, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AgainView:
    """A finding that an earlier step of the row made too, with a link to that one."""

    anchor: str
    first: Link


@dataclass(frozen=True, slots=True, kw_only=True)
class StepView:
    anchor: str
    number: int
    depth: int
    verb: str
    title: Prose
    duration: str
    mark: Mark
    cause: str
    state: str
    reason: Prose
    expected: Prose
    found: Prose
    offset: str
    width: str
    exchanges: tuple[Link, ...]
    records: tuple[Link, ...]
    findings: tuple[FindingView, ...]
    again: tuple[AgainView, ...]
    validations: tuple[ValidationView, ...]
    open: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ArrowView:
    """One exchange in a sequence diagram, with coordinates in the units of its drawing."""

    href: str
    step: str
    label: str
    transaction: str
    answer: str
    request_key: str
    answer_key: str
    answered: bool
    y: int
    y_answer: int
    label_y: int
    answer_label_y: int
    icon_y: int
    time_y: int
    time_answer_y: int
    altered_x: int
    x_from: int
    x_to: int
    head: str
    answer_head: str
    text_x: int
    icon_x: int
    answer_x: int
    left: int
    hit_y: int
    width: int
    time: str
    time_answer: str
    time_x: int
    time_anchor: str
    altered: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PartyView:
    x: int
    box_x: int
    box_width: int
    name: str
    role: str
    sut: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SequenceView:
    """A drawing of the exchanges; `kind` is `wide` or `narrow`."""

    kind: str
    width: int
    height: int
    title: str
    parties: tuple[PartyView, ...]
    arrows: tuple[ArrowView, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RequirementLine:
    """One requirement with its verdict and where it was judged."""

    anchor: str
    id: str
    short: str
    href: str
    mark: Mark
    text: Prose
    level: str
    actor: str
    transaction: str
    sources: tuple[str, ...]
    inferred: bool
    reason: Prose
    remedy: Prose
    rows: tuple["RowLink", ...]
    findings: tuple[Link, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RowLink:
    mark: Mark
    id: str
    href: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CellView:
    """A figure of a matrix; `key` is empty for nothing, `hot` for what wants looking at."""

    text: str
    key: str
    hot: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupView:
    anchor: str
    name: str
    cells: tuple[CellView, ...]
    total: str
    summary: str
    lines: tuple[RequirementLine, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CountRow:
    """One verdict: how many rows, and how they fall to the causes."""

    mark: Mark
    total: str
    cells: tuple[CellView, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class BarView:
    key: str
    x: str
    width: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ListRow:
    """A scenario row in the list of the summary."""

    anchor: str
    mark: Mark
    id: str
    title: Prose
    href: str
    why: Prose
    covers: tuple[Link, ...]
    cause: str
    cause_key: str
    duration: str
    exchanges: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TodoView:
    mark: Mark
    text: Prose
    href: str
    why: str
    detail: Prose
    also: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnerView:
    """What one party has to do."""

    title: str
    items: tuple[TodoView, ...]
    more: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PackView:
    coordinate: str
    title: str
    origin: str
    mark: Mark
    status: str
    digest: str
    digest_short: str
    loaded: str
    fired: str
    checked: str
    unverifiable: str
    unverifiable_any: bool
    problems: tuple[str, ...]
    artefacts: tuple[Fact, ...]
    artefacts_summary: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimView:
    """A claim of the statement: what it says, and what its obligatory rows came to."""

    mark: Mark
    name: str
    actor: str
    said: str
    counts: str


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexView:
    mark: Mark
    eyebrow: str
    heading: str
    lede: tuple[str, ...]
    bundled: bool
    faults: tuple[str, ...]
    claims: tuple[ClaimView, ...]
    owners: tuple[OwnerView, ...]
    counts_note: str
    bars: tuple[BarView, ...]
    causes: tuple[str, ...]
    counts: tuple[CountRow, ...]
    totals: CountRow
    verdicts: tuple[Mark, ...]
    groups: tuple[GroupView, ...]
    group_totals: GroupView
    unsatisfied: tuple[RequirementLine, ...]
    filters: tuple[CountRow, ...]
    cause_options: tuple[Mark, ...]
    rows: tuple[ListRow, ...]
    packs: tuple[PackView, ...]
    coverage: tuple[str, ...]
    meter: tuple[BarView, ...]
    system: tuple[Fact, ...]
    run: tuple[Fact, ...]
    environment: tuple[Fact, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RequirementsView:
    verdicts: tuple[Mark, ...]
    groups: tuple[GroupView, ...]
    uncovered: tuple[RequirementLine, ...]
    uncovered_summary: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TriggerView:
    mark: Mark
    kind: str
    detail: Prose
    duration: str
    shown: tuple[ShownLines, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RowView:
    mark: Mark
    eyebrow_id: str
    eyebrow: str
    title: Prose
    lede: Prose
    first_finding: str
    home_href: str
    sequences: tuple[SequenceView, ...]
    steps: tuple[StepView, ...]
    steps_note: str
    findings: tuple[Link, ...]
    loose: tuple[FindingView, ...]
    requirements: tuple[RequirementLine, ...]
    altered: tuple[Fact, ...]
    triggers: tuple[TriggerView, ...]
    records: tuple[RowLink, ...]
    facts: tuple[Fact, ...]
    command: str
    previous: Link
    following: Link


@dataclass(frozen=True, slots=True, kw_only=True)
class ListingView:
    """A text with numbered lines; `notes` say what the display did to it. `ids` are the anchors of its lines."""

    label: str
    lines: tuple[ShownLines, ...]
    ids: frozenset[str]
    summary: str
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PartView:
    """A part that is not shown as text: facts only."""

    title: str
    facts: tuple[Fact, ...]
    listing: ListingView | None
    document: Link


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowView:
    """A validity window as a time line: from `x` over `width`, the exchange at `at_x`, all in per cent."""

    key: str
    x: str
    width: str
    at_x: str
    said: str
    instant: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AssertionView:
    title: str
    facts: tuple[Fact, ...]
    window: WindowView | None
    signature: tuple[Fact, ...]
    attributes: tuple[Fact, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageView:
    """A request or a response: head, SOAP part, other parts, assertions."""

    anchor: str
    title: str
    who: str
    summary: str
    incomplete: bool
    head: tuple[str, ...]
    body: ListingView | None
    facts: tuple[Fact, ...]
    parts: tuple[PartView, ...]
    files: tuple[RawFile, ...]
    assertions: tuple[AssertionView, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExchangeView:
    mark: Mark
    id: str
    eyebrow: str
    heading: str
    row: Link
    steps: tuple[Link, ...]
    places: tuple[Link, ...]
    more_places: str
    altered: tuple[str, ...]
    altered_by: str
    failure: str
    failure_detail: str
    loose: tuple[NoteView, ...]
    messages: tuple[MessageView, ...]
    tls: tuple[Fact, ...]
    previous: Link
    following: Link


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordView:
    """An audit record: what it says, its message with findings, how it came."""

    mark: Mark
    heading: str
    eyebrow: str
    row: Link
    steps: tuple[Link, ...]
    said: tuple[Fact, ...]
    header: tuple[Fact, ...]
    files: tuple[RawFile, ...]
    listing: ListingView
    loose: tuple[NoteView, ...]
    validations: tuple[ValidationView, ...]
    tls: tuple[Fact, ...]
    previous: Link
    following: Link


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A block of narrative: `kind` is paragraph, list, table or media. Rows of a list or table hold cells."""

    kind: str
    text: str = ""
    head: tuple[tuple[str, ...], ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    caption: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SectionView:
    title: str
    code: str
    line_href: str
    coded: str
    blocks: tuple[Block, ...]
    sections: tuple["SectionView", ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupedView:
    """What is said of a document, once, with every line it is said of."""

    mark: Mark
    title: Prose
    times: str
    places: tuple[Link, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentView:
    """A retrieved document, readable beside its source."""

    mark: Mark
    heading: str
    eyebrow: str
    lang: str
    exchange: Link
    facts: tuple[Fact, ...]
    files: tuple[RawFile, ...]
    said: tuple[GroupedView, ...]
    header: tuple[Fact, ...]
    sections: tuple[SectionView, ...]
    embedded: tuple[Fact, ...]
    listing: ListingView | None
    loose: tuple[NoteView, ...]
    validations: tuple[ValidationView, ...]
