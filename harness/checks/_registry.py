"""The table of checks: which function judges which requirement, in which transactions, on which side."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

from harness.checks._view import View
from harness.model import HINTS, Finding, OurSide, Patient, Sut
from harness.wire import codes


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What a check may know besides the exchange.

    `actor` is the role of the SUT in this row; `earlier` are the views of the row's previous exchanges, in order;
    `our_anchors` is our authority in PEM, `our_certificate` what we show in TLS (PEM, empty when not known);
    `patient` is the one the row is about, when it names one.
    """

    sut: Sut
    actor: str
    ours: OurSide
    our_anchors: bytes
    earlier: tuple[View, ...] = ()
    patient: Patient | None = None
    our_certificate: bytes = b""

    @property
    def tolerance(self) -> timedelta:
        """How far the clocks of the two sides may differ: `limits.clock_skew` of the SUT file."""
        return timedelta(seconds=self.sut.clock_skew_s)


type CheckFunction = Callable[[View, Context], Iterator[Finding]]
type Applies = Callable[[View, Context], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckInfo:
    """One check: its requirement, transactions (empty = all between countries), the SUT's role, when there is something
    to judge."""

    requirement: str
    transactions: tuple[str, ...]
    actor: str
    when: Applies
    function: CheckFunction


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckResult:
    """What one applicable check came to; no finding means that the requirement was met here."""

    requirement: str
    findings: tuple[Finding, ...]


AUTOMATIC: dict[str, tuple[CheckInfo, ...]] = {}
"""Requirement id -> the checks that judge it without being asked."""


def check(
    requirement: str, *, actor: str, on: str | tuple[str, ...] = (), when: Applies
) -> Callable[[CheckFunction], CheckFunction]:
    """Register a function that judges `requirement` on what the SUT (as `actor`) wrote in an exchange of `on`.

    `when` says whether this exchange holds anything to judge; where it does not, the requirement is neither met nor
    broken here.
    """
    transactions = (on,) if isinstance(on, str) else on

    def register(function: CheckFunction) -> CheckFunction:
        info = CheckInfo(requirement=requirement, transactions=transactions, actor=actor, when=when, function=function)
        AUTOMATIC[requirement] = (*AUTOMATIC.get(requirement, ()), info)
        return function

    return register


def automatic(view: View, context: Context) -> tuple[CheckResult, ...]:
    """The result of every check that applies to what the SUT wrote in this exchange, sorted by requirement."""
    results: list[CheckResult] = []
    for requirement, infos in sorted(AUTOMATIC.items()):
        for info in infos:
            if concerns(info, view, context) and info.when(view, context):
                findings = tuple(advised(f, requirement) for f in info.function(view, context))
                results.append(CheckResult(requirement=requirement, findings=findings))
    return tuple(results)


def advised(finding: Finding, requirement: str) -> Finding:
    """`finding` with the hint of its requirement, unless the check gave a better one."""
    return finding if finding.next else replace(finding, next=HINTS[requirement].en)


def concerns(info: CheckInfo, view: View, context: Context) -> bool:
    """Whether `info` judges what the SUT wrote in this exchange, by transaction and role."""
    transaction = view.exchange.transaction
    internal = transaction in codes.TOKEN_SERVICE  # both ends of it stand in country B
    wrote = "ncpeh-b" if view.asked_by_sut or internal else "ncpeh-a"
    return (
        info.actor == wrote == context.actor
        and (_speaks_of(info, transaction) if info.transactions else not internal)
        and view.exchange.sent_by_sut() is not None
    )


def _speaks_of(info: CheckInfo, transaction: str) -> bool:
    """An object without its exchange (transaction empty) is judged by what holds for it in all exchanges between countries."""
    return transaction in info.transactions if transaction else {*codes.CROSS_BORDER} <= {*info.transactions}


def automatic_ids(actor: str | None = None) -> Mapping[str, frozenset[str]]:
    """Requirement id -> transactions in which a check judges it by itself (empty set = all); only those of a SUT that is
    `actor` when one is named."""
    chosen = {r: [i for i in infos if actor in (None, i.actor)] for r, infos in AUTOMATIC.items()}
    return {r: frozenset(t for i in infos for t in i.transactions) for r, infos in chosen.items() if infos}
