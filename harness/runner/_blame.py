"""Whom an exception accuses: the one table from what was raised to verdict, cause and reason."""

import traceback
from dataclasses import dataclass
from pathlib import PurePath

from harness.errors import HarnessError, InputError, PeerError, UnsupportedError, WireError, cut
from harness.model import Cause, Finding, Layer, Severity, Verdict, say

MAX_FRAMES = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Blame:
    """What a step comes to that ended in an exception."""

    verdict: Verdict
    cause: Cause
    reason: str
    findings: tuple[Finding, ...] = ()


def blame(exc: Exception) -> Blame:
    """Verdict, cause and reason for `exc`; never a fail, because what the SUT did wrong is a finding before it gets here.

    What nobody foresaw is a fault of the harness: its traceback goes into a finding, which the events keep. A WireError
    that gets here is about bytes of ours.
    """
    if isinstance(exc, InputError):
        return Blame(verdict=Verdict.ERROR, cause=Cause.CONFIGURATION, reason=str(exc))
    if isinstance(exc, UnsupportedError):
        return Blame(verdict=Verdict.INCONCLUSIVE, cause=Cause.HARNESS, reason=str(exc))
    if isinstance(exc, HarnessError):
        cause = Cause.PEER if isinstance(exc, (PeerError, WireError)) else Cause.HARNESS
        return Blame(verdict=Verdict.ERROR, cause=cause, reason=f"{type(exc).__name__}: {exc}")
    reason = say("harness-fault", error=type(exc).__name__)
    finding = Finding(
        found=type(exc).__name__,
        message=reason,
        rule="harness/exception",
        severity=Severity.UNDECIDABLE,
        layer=Layer.SCENARIO,
        excerpt=frames(exc),
    )
    return Blame(verdict=Verdict.ERROR, cause=Cause.HARNESS, reason=reason, findings=(finding,))


def frames(exc: BaseException) -> str:
    """The innermost frames of `exc`, one a line: file (its last two parts, nothing of the machine), line, function; then
    what it said, cut."""
    found = traceback.extract_tb(exc.__traceback__)[-MAX_FRAMES:]
    lines = [f"{'/'.join(PurePath(f.filename).parts[-2:])}:{f.lineno} in {f.name}" for f in found]
    return "\n".join([*lines, f"{type(exc).__name__}: {cut(str(exc), 200)}"])
