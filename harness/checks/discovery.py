"""Discovery of endpoints and the search mask (DSC), and what a query owes to the mask (XCPD-B-013).

Sources: OASIS BDXR SMP 1.0; eHDSI dynamic discovery; International Search Mask.
"""

from collections.abc import Iterator

from harness.checks._places import place, said, warning
from harness.checks._registry import Context, check
from harness.checks._view import View
from harness.errors import WireError
from harness.model import Finding, Location
from harness.wire import codes, searchmask, smp, xcpd
from harness.wire.searchmask import Field, SearchMask


@check("DSC-001", actor="ncpeh-b", on=codes.SMP, when=lambda view, _: view.asked_by_sut)
def participant_is_the_ncp_of_the_country(view: View, context: Context) -> Iterator[Finding]:
    """The participant is urn:ehealth:<cc>:ncp-idp in its scheme, in any case. Source: OASIS BDXR SMP 1.0, 2.2 and 3.3."""
    wanted = smp.participant_of(context.ours.country)
    asked, at = view.asked_metadata, Location(message="request")
    if isinstance(asked, WireError):
        yield Finding(at=at, expected="/PARTICIPANT or /PARTICIPANT/services/DOCUMENT", found=asked.found or said(None))
    elif asked is not None and not asked[0].is_same_as(wanted):
        yield Finding(at=at, expected=wanted.text, found=asked[0].text)


def _holds_a_mask(view: View, _: Context) -> bool:
    return view.search_mask is not None or (
        view.asked_service == "search-mask" and isinstance(view.metadata, smp.ServiceMetadata)
    )


@check("DSC-006", actor="ncpeh-a", on=codes.SMP, when=_holds_a_mask)
def search_mask_is_readable(view: View, _: Context) -> Iterator[Finding]:
    """Identifier fields are there, each with a domain and a format that can be used. Source: International Search Mask."""
    mask, at = view.search_mask, Location(message="response")
    if mask is None:
        yield Finding(at=at, expected="a search mask in smp:Extension", found="none")
    elif isinstance(mask, WireError):
        yield Finding(at=at, expected=mask.expected or "a readable search mask", found=mask.found or mask.problem)
    else:
        if not any(group.ids for group in searchmask.wanted_ids(mask)):
            yield Finding(at=at, expected="identifier fields", found="none")
        for field, what in searchmask.unreadable_fields(mask):
            wanted = "a domain (OID)" if what == "domain" else "a regular expression"
            yield Finding(at=at, expected=wanted, found=said(getattr(field, what)))


# --- XCPD-B-013


def _mask(context: Context) -> SearchMask | None:
    """The mask that the SUT was given last in this row, and had no reason to refuse."""
    good = [v for v in context.earlier if v.asked_by_sut and not any(n.startswith("smp.") for n in v.exchange.altered)]
    masks = [v.search_mask for v in good]
    return next((m for m in reversed(masks) if isinstance(m, SearchMask)), None)


def _masked(view: View, context: Context) -> bool:
    return view.discovery_query is not None and _mask(context) is not None


@check("XCPD-B-013", actor="ncpeh-b", on="ITI-55", when=_masked)
def query_follows_the_search_mask(view: View, context: Context) -> Iterator[Finding]:
    """What the mask asks for is sent, roots and formats respected; a trait nobody asked for is only a warning.

    Source: International Search Mask; requirement XCPD-B-013.
    """
    query, mask = view.discovery_query, _mask(context)
    if query is None or mask is None:
        return
    yield from _identifiers(view, query, mask)
    yield from _traits(view, query, mask)


def _identifiers(view: View, query: xcpd.DiscoveryQuery, mask: SearchMask) -> Iterator[Finding]:
    at = place(view, xcpd.X_PARAMETER_ID)
    groups = searchmask.wanted_ids(mask)
    sent = [(i.root or "", i.extension or "") for i in query.ids if i.root or i.extension]
    for root, extension in sent:
        fields = [f for g in groups for f in g.ids if f.domain == root]
        if not fields:
            domains = ", ".join(sorted({f.domain for g in groups for f in g.ids}))
            yield Finding(at=at, expected=f"one of {domains}", found=said(root))
        elif not any(searchmask.accepts(f, extension, mask.form) for f in fields):
            yield Finding(at=at, expected=f"a match of {fields[0].format}", found=said(extension))
    roots = {root for root, _ in sent}
    if groups and not any(_is_filled(group, roots) for group in groups):
        missing = ", ".join(f.domain for f in groups[0].ids)
        yield Finding(at=at, expected=f"one of {missing}", found="none")


def _is_filled(group: searchmask.IdGroup, roots: set[str]) -> bool:
    mandatory = {f.domain for f in group.ids if f.mandatory}
    return mandatory <= roots if mandatory else bool(roots & {f.domain for f in group.ids})


def _traits(view: View, query: xcpd.DiscoveryQuery, mask: SearchMask) -> Iterator[Finding]:
    fields = mask.patient.fields if mask.patient is not None else ()
    for trait, value in (
        ("birth", query.birth),
        ("gender", query.gender),
        ("family", query.family),
        ("given", query.given),
    ):
        asked = [f for f in fields if _trait_of(f) == trait]
        at = place(view, _WHERE[trait])
        if value and not asked:
            yield warning(at, "no trait that the mask does not ask for", trait)
        elif not value and any(f.mandatory for f in asked):
            yield Finding(at=at, expected=said(asked[0].label), found="nothing")
        elif value and trait == "birth" and not any(_accepts_day(f, value, mask.form) for f in asked):
            yield Finding(at=at, expected=f"a match of {asked[0].format}", found=value)


_WHERE = {
    "birth": xcpd.X_PARAMETER_BIRTH,
    "gender": xcpd.X_PARAMETER_GENDER,
    "family": xcpd.X_PARAMETER_NAME,
    "given": xcpd.X_PARAMETER_NAME,
}
_NAMES = {"family": ("familyname", "surname"), "given": ("givenname", "firstname")}


def _trait_of(field: Field) -> str:
    """The trait of a query that `field` stands for, empty when nobody can tell."""
    if field.kind in (searchmask.BIRTH, searchmask.GENDER):
        return "birth" if field.kind == searchmask.BIRTH else "gender"
    label = field.label.lower()
    return next((trait for trait, words in _NAMES.items() if label.endswith(words)), "")


def _accepts_day(field: Field, value: str, form: str) -> bool:
    """A mask describes the day as users write it; the message writes yyyyMMdd (XCPD-B-012)."""
    written = (value, f"{value[:4]}-{value[4:6]}-{value[6:8]}", f"{value[6:8]}/{value[4:6]}/{value[:4]}")
    return any(searchmask.accepts(field, text, form) for text in written)
