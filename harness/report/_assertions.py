"""Views of SAML assertions: what they say, their validity as a time line with the exchange on it, their signature."""

from collections.abc import Sequence
from datetime import datetime

from harness.report import views
from harness.report._desk import Desk
from harness.report._tokens import Token
from harness.report._words import N_

_TITLES = {
    "hcp": N_("Identity assertion of the professional (HCP)"),
    "trc": N_("Treatment relationship assertion (TRC)"),
    "nok": N_("Next-of-kin assertion"),
    "other": N_("Assertion of another kind"),
}
_MARGIN = 6.0


def assertion_views(desk: Desk, decoded: Sequence[Token], at: datetime) -> tuple[views.AssertionView, ...]:
    """`decoded` for a message exchanged at `at`."""
    return tuple(_view(desk, n, token, at) for n, token in enumerate(decoded, start=1))


def _view(desk: Desk, number: int, token: Token, at: datetime) -> views.AssertionView:
    w, said = desk.words, token.said
    title = w.say("%(n)s. %(kind)s, line %(line)s", n=number, kind=w.say(_TITLES[said.kind]), line=token.line)
    facts = (
        views.Fact(name="Issuer", value=said.issuer, code=True),
        views.Fact(name="NameID", value=said.name_id or "", code=True),
        views.Fact(name="NotBefore", value=said.not_before.text if said.not_before else "", code=True),
        views.Fact(name="NotOnOrAfter", value=said.not_on_or_after.text if said.not_on_or_after else "", code=True),
        views.Fact(name="AuthnContext", value=(said.authn_context_class or "").rpartition(":")[2], code=True),
        views.Fact(name="ID", value=said.id, code=True),
    )
    return views.AssertionView(
        title=title,
        facts=tuple(_or_absent(desk, f) for f in facts),
        window=_window(desk, token, at),
        signature=_signature(desk, token),
        attributes=tuple(_or_absent(desk, views.Fact(name=k, value=v)) for k, v in token.attributes),
    )


def _or_absent(desk: Desk, fact: views.Fact) -> views.Fact:
    return fact if fact.value else views.Fact(name=fact.name, value=desk.words.say("absent"))


def _signature(desk: Desk, token: Token) -> tuple[views.Fact, ...]:
    w = desk.words
    if token.unsigned:
        return (views.Fact(name=w.say("Signature"), value=w.say("none")),)
    if token.signature_problem:
        fit = w.say("does not fit the content (%(kind)s)", kind=token.signature_problem)
    else:
        fit = w.say("fits the content")
    until = w.say("%(subject)s, until %(at)s", subject=token.signer, at=w.moment(token.signer_until))
    facts = (
        views.Fact(name=w.say("Signature"), value=fit),
        views.Fact(name=w.say("Signer"), value=until if token.signer else "", code=bool(token.signer)),
        views.Fact(name="SignatureMethod", value=token.signature_algorithm, code=True),
        views.Fact(name="DigestMethod", value=token.digest_algorithm, code=True),
    )
    return tuple(_or_absent(desk, f) for f in facts)


def _window(desk: Desk, token: Token, at: datetime) -> views.WindowView | None:
    """The time line; None when the assertion does not say both ends as times, or says them in the wrong order."""
    begins = token.said.not_before.at if token.said.not_before else None
    ends = token.said.not_on_or_after.at if token.said.not_on_or_after else None
    if begins is None or ends is None or ends <= begins:
        return None
    first, last = min(begins, at), max(ends, at)
    length = (last - first).total_seconds()

    def place(moment: datetime) -> float:
        return _MARGIN + (100 - 2 * _MARGIN) * (moment - first).total_seconds() / length

    return views.WindowView(
        key="info" if begins <= at < ends else "warning",
        x=f"{place(begins):.1f}",
        width=f"{max(place(ends) - place(begins), 0.4):.1f}",
        at_x=f"{place(at):.1f}",
        said=_said(desk, begins, ends, at),
        instant=desk.words.say("Exchange at %(at)s", at=desk.words.moment(at)),
    )


def _said(desk: Desk, begins: datetime, ends: datetime, at: datetime) -> str:
    w = desk.words
    span = w.lasting((ends - begins).total_seconds())
    if at < begins:
        gap = w.lasting((begins - at).total_seconds())
        return w.say("Valid for %(span)s; the exchange came %(gap)s before.", span=span, gap=gap)
    if at >= ends:
        gap = w.lasting((at - ends).total_seconds())
        return w.say("Valid for %(span)s; the exchange came %(gap)s after.", span=span, gap=gap)
    return w.say("Valid for %(span)s; the exchange lies inside.", span=span)
