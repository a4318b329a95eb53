"""State, verdict and cause: three axes that are never mixed, and the roll-up of verdicts."""

from collections.abc import Iterable
from enum import StrEnum


class State(StrEnum):
    """How far something has got; says nothing about conformity."""

    PLANNED = "planned"
    RUNNING = "running"
    WAITING = "waiting"
    DONE = "done"
    ABORTED = "aborted"


class Verdict(StrEnum):
    """What was found out about conformity."""

    PASS = "pass"
    WARNING = "warning"
    FAIL = "fail"
    INCONCLUSIVE = "inconclusive"
    ERROR = "error"
    REVIEW = "review"
    SKIPPED = "skipped"
    NOT_APPLICABLE = "not_applicable"
    NOT_RUN = "not_run"


class Cause(StrEnum):
    """Who has to act on a verdict that is not a pass."""

    SUT = "sut"
    PEER = "peer"
    HARNESS = "harness"
    ENVIRONMENT = "environment"
    CONFIGURATION = "configuration"


ROLL_UP_ORDER = (
    Verdict.FAIL,
    Verdict.ERROR,
    Verdict.INCONCLUSIVE,
    Verdict.REVIEW,
    Verdict.NOT_RUN,
    Verdict.SKIPPED,
    Verdict.WARNING,
    Verdict.PASS,
    Verdict.NOT_APPLICABLE,
)
"""Most decisive first: a fail is proven on evidence and stands, whatever else could not be judged."""

_RANK = {verdict: rank for rank, verdict in enumerate(ROLL_UP_ORDER)}


def roll_up(verdicts: Iterable[Verdict]) -> Verdict:
    """The most decisive of `verdicts` in ROLL_UP_ORDER; `not_run` when nothing was judged, never `pass`."""
    return min(verdicts, key=_RANK.__getitem__, default=Verdict.NOT_RUN)
