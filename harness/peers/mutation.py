"""What a named alteration of a request is, and how a change of one layer becomes one of the draft."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from harness.peers.draft import Alteration, Draft, Stage
from harness.wire import codes, xdr, xds
from harness.wire.xcpd import DiscoveryQuery

ALL = (codes.ITI_55, codes.ITI_38, codes.ITI_39, codes.ITI_41)
WITH_TRC = (codes.ITI_38, codes.ITI_39, codes.ITI_41)
Q55, Q38, Q39, Q41 = (codes.ITI_55,), (codes.ITI_38,), (codes.ITI_39,), (codes.ITI_41,)

type Change = Callable[[Draft], Draft]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutation:
    """One alteration: where it is allowed, at which stage it takes hold, and the change. `positive` ones stay valid."""

    name: str
    transactions: tuple[str, ...]
    stage: Stage
    change: Change
    positive: bool = False

    @property
    def alteration(self) -> Alteration:
        """What `draft.complete` takes."""
        return self.stage, self.change


def one(name: str, transactions: tuple[str, ...], stage: Stage, change: Change, *, positive: bool = False) -> Mutation:
    """A row of a table of mutations."""
    return Mutation(name=name, transactions=transactions, stage=stage, change=change, positive=positive)


def discovery(change: Callable[[DiscoveryQuery], DiscoveryQuery]) -> Change:
    """A change of the query of ITI-55."""

    def apply(draft: Draft) -> Draft:
        assert isinstance(draft.query, DiscoveryQuery), "allowed for ITI-55 only"
        return replace(draft, query=change(draft.query))

    return apply


def listing(change: Callable[[xds.DocumentQuery], xds.DocumentQuery]) -> Change:
    """A change of the query of ITI-38."""

    def apply(draft: Draft) -> Draft:
        assert isinstance(draft.query, xds.DocumentQuery), "allowed for ITI-38 only"
        return replace(draft, query=change(draft.query))

    return apply


def requests(change: Callable[[xds.DocumentRequest], xds.DocumentRequest]) -> Change:
    """A change of each document asked for with ITI-39."""

    def apply(draft: Draft) -> Draft:
        assert isinstance(draft.query, xds.RetrieveRequest), "allowed for ITI-39 only"
        return replace(draft, query=xds.RetrieveRequest(documents=tuple(map(change, draft.query.documents))))

    return apply


def submissions(change: Callable[[xdr.Submission], xdr.Submission]) -> Change:
    """A change of what is submitted with ITI-41."""

    def apply(draft: Draft) -> Draft:
        assert isinstance(draft.query, xdr.Submission), "allowed for ITI-41 only"
        return replace(draft, query=change(draft.query))

    return apply


def addressing(**changes: str | None) -> Change:
    """The WS-Addressing properties with these instead."""
    return lambda draft: replace(draft, addressing=replace(draft.addressing, **changes))  # type: ignore[arg-type]
