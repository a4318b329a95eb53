"""Every exchange of a run opened once for display, so that both languages and all pages share the work."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache

from lxml import etree

from harness.errors import WireError
from harness.model import AuditRecord, Exchange, Finding, HttpRecord, RowResult, Run, StepResult
from harness.report import _body, _shown
from harness.report._names import Site
from harness.report._tokens import Token, tokens
from harness.wire import syslog


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """Parts and assertions of both messages, documents of the response, and one line on each message."""

    request: tuple[_body.Part, ...]
    response: tuple[_body.Part, ...]
    documents: tuple[_body.Document, ...]
    request_tokens: tuple[Token, ...]
    response_tokens: tuple[Token, ...]
    request_gist: str
    response_gist: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a finding stands: which exchange, which message (`request`, `response`, or empty), and which bytes inside.

    `document` is the index of a document of the response, `part` a content id; neither for the SOAP part. `trail` says that
    it is about the audit trail and not about an exchange: about `record`, or about one that did not come.
    """

    exchange: str = ""
    record: str = ""
    trail: bool = False
    side: str = ""
    document: int | None = None
    part: str = ""
    other: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """A finding of a row with its anchor (`F1`, `F2`, ... in order of appearance) and its place."""

    anchor: str
    finding: Finding
    place: Place
    step: int | None


def framed(record: AuditRecord) -> syslog.Frame:
    """How `record` was framed."""
    return syslog.read_frame(record.raw, record.transport)


def header_of(record: AuditRecord) -> syslog.SyslogMessage | None:
    """The syslog message of `record`, None when its header cannot be read."""
    try:
        return syslog.parse_message(framed(record).message)
    except WireError:
        return None


@lru_cache(maxsize=64)
def audit_message(record: AuditRecord) -> bytes:
    """The audit message in `record`, in which the lines of findings count; as much as can be told of it otherwise."""
    header, message = header_of(record), framed(record).message
    if header is not None:
        return header.content
    return message[max(message.find(b"<AuditMessage"), 0) :]


def open_exchanges(run: Run) -> Mapping[tuple[int, str], Opened]:
    """All exchanges of `run`, by row index and exchange id."""
    return {(index, x.id): _open(x) for index, row in enumerate(run.rows) for x in row.exchanges}


def _open(exchange: Exchange) -> Opened:
    request = _body.parts(exchange.request)
    response = _body.parts(exchange.response) if exchange.response else ()
    asked = _body.parsed(_body.root_part(request).content)
    answered = _body.parsed(_body.root_part(response).content) if response else None
    return Opened(
        request=request,
        response=response,
        documents=_body.documents(response) if response else (),
        request_tokens=tokens(asked),
        response_tokens=tokens(answered),
        request_gist=_gist(exchange.request, asked),
        response_gist=_gist(exchange.response, answered),
    )


def _gist(record: HttpRecord | None, root: etree._Element | None) -> str:
    if record is None:
        return ""
    said = _body.gist(root)
    if record.status is not None and (not said or not 200 <= record.status < 300):
        return f"HTTP {record.status}" + (f", {said}" if said else "")
    return said


def document_page(site: Site, row: int, exchange: str, index: int) -> str:
    """Name of the page of a retrieved document."""
    return site.exchanges[row, exchange].replace("exchanges/", "documents/", 1) + f"-{index + 1}"


def place_findings(row: RowResult) -> tuple[Placed, ...]:
    """The findings of `row` in step order, each once a step; those of the row alone come last."""
    placed: list[Placed] = []
    for number, step in enumerate(row.steps, start=1):
        for finding in dict.fromkeys(_of_step(step)):
            place = _place(finding, step.exchanges, row)
            placed.append(Placed(anchor=f"F{len(placed) + 1}", finding=finding, place=place, step=number))
    known = {p.finding for p in placed}
    for finding in dict.fromkeys(f for r in row.requirements for f in r.findings if f not in known):
        place = _place(finding, (), row)
        placed.append(Placed(anchor=f"F{len(placed) + 1}", finding=finding, place=place, step=None))
    return tuple(placed)


def _of_step(step: StepResult) -> list[Finding]:
    found = list(step.findings)
    for report in step.validations:
        found.extend(report.findings)
    for requirement in step.requirements:
        found.extend(requirement.findings)
    return found


def _place(finding: Finding, exchanges: tuple[str, ...], row: RowResult) -> Place:
    """The exchange is the one named (`x0001/response`), else the only one of the step or of the row; never a guess."""
    known = {x.id for x in row.exchanges}
    text = finding.at.message
    if text.partition(":")[0] == "audit":
        record = text.partition(":")[2]
        return Place(record=record if record in {r.id for r in row.audits} else "", trail=True)
    first, _, rest = text.partition("/")
    exchange = ""
    if first in known:
        exchange, text = first, rest
    else:
        candidates = [x for x in exchanges if x in known] or sorted(known)
        exchange = candidates[0] if len(candidates) == 1 else ""
    side, _, inner = text.partition("/")
    if side not in ("request", "response"):
        return Place(exchange=exchange, other=text)
    word, _, value = inner.partition(":")
    document = int(value) if word == "document" and value.isascii() and value.isdigit() and len(value) < 6 else None
    return Place(exchange=exchange, side=side, document=document, part=value if word == "part" else "")


def shows_document(opened: Opened, place: Place) -> bool:
    """Whether the finding is about a document that has a page of its own."""
    return place.side == "response" and place.document is not None and place.document < len(opened.documents)


def bytes_at(opened: Opened, place: Place) -> bytes:
    """The bytes in which the lines of a finding at `place` count; empty when unknown."""
    if shows_document(opened, place):
        return opened.documents[place.document or 0].content
    parts = opened.request if place.side == "request" else opened.response if place.side == "response" else ()
    if place.part:
        return next((p.content for p in parts if p.content_id == place.part), b"")
    return _body.root_part(parts).content if parts and place.document is None else b""


def locate(placed: Placed, opened: Mapping[tuple[int, str], Opened], row: int) -> Placed:
    """`placed` with the line and column of its XPath where the finding itself does not say them."""
    at, place = placed.finding.at, placed.place
    if at.line or not at.xpath or not place.exchange or not place.side:
        return placed
    data = bytes_at(opened[row, place.exchange], place)
    number = _body.element_number(_body.parsed(data), at.xpath) if data else None
    start = _shown.start_of_element(_shown.decoded(data), number) if number is not None else None
    if start is None:
        return placed
    found = replace(placed.finding, at=replace(at, line=start[0], column=start[1]))
    return replace(placed, finding=found)
