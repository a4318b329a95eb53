"""View of the page of one exchange: request and response as received, with findings between the lines."""

from collections.abc import Sequence

from harness.model import Exchange, FailureKind, HttpRecord, Party, TlsFacts
from harness.report import _body, _shown, views
from harness.report._assertions import assertion_views
from harness.report._desk import Desk
from harness.report._findings import note_views, place_link
from harness.report._listing import code_listing
from harness.report._opened import Placed, document_page, shows_document
from harness.report._sequence import exchange_mark
from harness.report._words import N_

_FAILURES = {
    FailureKind.NAME_NOT_RESOLVED: N_("The name of the host could not be resolved."),
    FailureKind.NOT_REACHABLE: N_("The port could not be reached."),
    FailureKind.TLS_REFUSED: N_("The TLS handshake was refused."),
    FailureKind.TIMED_OUT: N_("The connection was accepted; no complete answer came in time."),
    FailureKind.RESET: N_("The connection was accepted, then reset."),
    FailureKind.CUT: N_("The message ended before it was complete."),
    FailureKind.NOT_HTTP: N_("What came was not HTTP."),
    FailureKind.NO_REQUEST: N_("No request came."),
}
_MAX_PLACES = 12
_NAMES = {
    "ITI-55": "Cross Gateway Patient Discovery",
    "ITI-38": "Cross Gateway Query",
    "ITI-39": "Cross Gateway Retrieve",
}


def exchange_view(desk: Desk, index: int, number: int) -> views.ExchangeView:
    """Everything the page of exchange `number` of row `index` prints."""
    row, w = desk.run.rows[index], desk.words
    x = row.exchanges[number]
    opened = desk.opened[index, x.id]
    placed = tuple(p for p in desk.placed[index] if p.place.exchange == x.id and not shows_document(opened, p.place))
    request, homeless = _message(desk, index, x, x.request, opened.request, placed, "request")
    messages = [request]
    loose = [*homeless, *(p for p in placed if p.place.side not in ("request", "response"))]
    if x.response:
        response, homeless = _message(desk, index, x, x.response, opened.response, placed, "response")
        messages.append(response)
        loose.extend(homeless)
    else:
        loose.extend(p for p in placed if p.place.side == "response")
    ours = x.initiator is Party.PEER
    mine = [p for p in desk.placed[index] if p.place.exchange == x.id]
    return views.ExchangeView(
        mark=exchange_mark(desk, index, x),
        id=x.id,
        eyebrow=_eyebrow(desk, x),
        heading=_heading(desk, x, opened.response_gist),
        row=views.Link(text=row.id, href=desk.href(desk.site.rows[index])),
        steps=tuple(
            views.Link(text=w.say("step %(n)s", n=n), href=desk.href(desk.site.rows[index], f"step-{n}"))
            for n, s in enumerate(row.steps, start=1)
            if x.id in s.exchanges
        ),
        places=_places(desk, index, mine),
        more_places=w.count("and %(n)s more in the scenario", "and %(n)s more in the scenario", len(mine) - _MAX_PLACES)
        if len(mine) > _MAX_PLACES
        else "",
        altered=x.altered,
        altered_by=w.say("The request was altered on purpose.")
        if ours
        else w.say("The answer was altered on purpose."),
        failure=w.say(_FAILURES[x.failure.kind]) if x.failure else "",
        failure_detail=x.failure.detail if x.failure else "",
        loose=note_views(desk, index, loose),
        messages=tuple(reversed(messages)) if x.response and ours else tuple(messages),
        tls=tls_facts(desk, x.tls),
        previous=_neighbour(desk, index, number - 1),
        following=_neighbour(desk, index, number + 1),
    )


def _eyebrow(desk: Desk, x: Exchange) -> str:
    w = desk.words
    who = w.say("peer to system") if x.initiator is Party.PEER else w.say("system to peer")
    named = f"{x.transaction} {_NAMES.get(x.transaction, '')}".strip()
    when = w.say("sent %(at)s", at=w.moment(x.started_at))
    return " · ".join([named, who, when, w.say("took %(time)s", time=w.seconds(x.duration_s))])


def _heading(desk: Desk, x: Exchange, gist: str) -> str:
    w = desk.words
    if gist:
        return w.say("Exchange %(id)s: %(gist)s", id=x.id, gist=gist)
    if x.failure:
        return w.say("Exchange %(id)s: %(gist)s", id=x.id, gist=x.failure.kind.value)
    return w.say("Exchange %(id)s", id=x.id)


def _places(desk: Desk, index: int, mine: Sequence[Placed]) -> tuple[views.Link, ...]:
    """Findings of this exchange, those on its documents too, each linked to its line."""
    return tuple(
        views.Link(text=desk.words.say("%(name)s: %(value)s", name=_named(p), value=link.text), href=link.href)
        for p in mine[:_MAX_PLACES]
        if (link := place_link(desk, index, p))
    )


def _named(placed: Placed) -> str:
    return placed.finding.requirement or placed.finding.rule or placed.anchor


def _message(
    desk: Desk,
    index: int,
    x: Exchange,
    record: HttpRecord,
    parts: tuple[_body.Part, ...],
    placed: Sequence[Placed],
    side: str,
) -> tuple[views.MessageView, tuple[Placed, ...]]:
    w = desk.words
    mine = [p for p in placed if p.place.side == side]
    on_root = [p for p in mine if not p.place.part and p.place.document is None]
    elsewhere = [p for p in mine if p not in on_root]
    prefix = "Q" if side == "request" else "R"
    root = _body.root_part(parts)
    body: views.ListingView | None = None
    homeless: tuple[Placed, ...] = tuple(on_root)
    if root.content and _shown.looks_textual(root.content):
        label = w.say("Request as received") if side == "request" else w.say("Response as received")
        body, homeless = code_listing(desk, index, root.content, on_root, label=label, prefix=prefix)
    others = []
    for n, part in enumerate((p for p in parts if not p.root), start=1):
        shown, left = _part(desk, index, x, part, n, [p for p in elsewhere if p.place.part == part.content_id], prefix)
        others.append(shown)
        elsewhere = [p for p in elsewhere if p.place.part != part.content_id or p in left]
    title = w.say("Request") if side == "request" else w.say("Response")
    sender = x.sent_by_sut() is record
    view = views.MessageView(
        anchor=side,
        title=title,
        who=w.say("written by the system under test") if sender else w.say("written by our peer"),
        summary=body.summary if body else w.size(len(record.body)),
        incomplete=not record.complete,
        head=(record.start_line, *(f"{name}: {value}" for name, value in record.headers)),
        body=body,
        facts=_record_facts(desk, record, root, parts),
        parts=tuple(others),
        files=_files(desk, x, record, side),
        assertions=assertion_views(
            desk,
            desk.opened[index, x.id].request_tokens if side == "request" else desk.opened[index, x.id].response_tokens,
            x.started_at,
        ),
    )
    return view, (*homeless, *elsewhere)


def _record_facts(
    desk: Desk, record: HttpRecord, root: _body.Part, parts: tuple[_body.Part, ...]
) -> tuple[views.Fact, ...]:
    w = desk.words
    facts = [
        views.Fact(name=w.say("On the wire"), value=w.size(len(record.raw))),
        views.Fact(name=w.say("Body"), value=w.size(len(record.body))),
        views.Fact(name="sha-256", value=_body.sha256(record.body), code=True),
    ]
    if len(parts) > 1:
        facts.append(views.Fact(name=w.say("SOAP part"), value=w.size(len(root.content))))
        facts.append(views.Fact(name=w.say("MIME parts"), value=w.figure(len(parts))))
    return tuple(facts)


def _files(desk: Desk, x: Exchange, record: HttpRecord, side: str) -> tuple[views.RawFile, ...]:
    w = desk.words
    whole = desk.raw(w.say("Whole message, head and body"), _body.sha256(record.raw), f"{x.id}-{side}-http")
    return whole + desk.raw(w.say("Body"), _body.sha256(record.body), f"{x.id}-{side}-body") if record.body else whole


def _part(
    desk: Desk, index: int, x: Exchange, part: _body.Part, n: int, placed: Sequence[Placed], prefix: str
) -> tuple[views.PartView, tuple[Placed, ...]]:
    """A part that is not the SOAP part: as text when it is XML and not a document with its own page, else as facts."""
    w, opened = desk.words, desk.opened[index, x.id]
    title = w.say("Part %(n)s", n=n + 1)
    document = next((d for d in opened.documents if d.content and d.content == part.content), None)
    link = views.Link(text="", href="")
    listing: views.ListingView | None = None
    left = tuple(placed)
    if document:
        page = document_page(desk.site, index, x.id, document.index)
        link = views.Link(text=w.say("Document %(n)s", n=document.index + 1), href=desk.href(page))
    elif part.content.lstrip()[:1] == b"<" and _shown.looks_textual(part.content):
        listing, left = code_listing(desk, index, part.content, placed, label=title, prefix=f"{prefix}{n}-")
    facts = (
        views.Fact(name="Content-ID", value=part.content_id or "–", code=True),
        views.Fact(name="Content-Type", value=part.content_type or "–", code=True),
        views.Fact(name=w.say("Size"), value=w.size(len(part.content))),
        views.Fact(name="sha-256", value=part.sha256, code=True),
    )
    return views.PartView(title=title, facts=facts, listing=listing, document=link), left


def tls_facts(desk: Desk, tls: TlsFacts | None) -> tuple[views.Fact, ...]:
    """What was agreed in the handshake and who was at the other end; empty without TLS."""
    if tls is None:
        return ()
    w = desk.words
    facts = [
        views.Fact(name=w.say("Version"), value=tls.version, code=True),
        views.Fact(name=w.say("Cipher suite"), value=tls.cipher, code=True),
        views.Fact(
            name=w.say("Client certificate sent"), value=w.say("yes") if tls.client_certificate_sent else w.say("no")
        ),
    ]
    if tls.peer_certificate:
        until = f"{w.moment(tls.peer_not_before)} – {w.moment(tls.peer_not_after)}"
        facts += [
            views.Fact(name=w.say("Certificate of the other end"), value=tls.peer_subject, code=True),
            views.Fact(name=w.say("Issued by"), value=tls.peer_issuer, code=True),
            views.Fact(name=w.say("Valid"), value=until),
            views.Fact(name="sha-256", value=_body.sha256(tls.peer_certificate), code=True),
        ]
    else:
        facts.append(views.Fact(name=w.say("Certificate of the other end"), value=w.say("none")))
    return tuple(facts)


def _neighbour(desk: Desk, index: int, number: int) -> views.Link:
    exchanges = desk.run.rows[index].exchanges
    if not 0 <= number < len(exchanges):
        return views.Link(text="", href="")
    x = exchanges[number]
    return views.Link(text=f"{x.transaction} {x.id}", href=desk.href(desk.site.exchanges[index, x.id]))
