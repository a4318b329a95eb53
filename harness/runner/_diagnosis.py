"""One answer of `doctor`: what was looked at, what it should be, what it is, what to do."""

from dataclasses import dataclass

from harness.model import Verdict, say

WARN_DAYS = 30
"""A certificate that ends sooner is worth a warning."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    """The verdict of one step on one target: pass, warning, error, or skipped because an earlier step failed.

    `step` is one of STEPS; `target` an address, a URL or a key of the SUT file. `expected`, `found` and `next` are
    English sentences that `in_language` knows in French. `option` is the key of the SUT file when nothing but the
    operator's own files can be wrong; it is empty when the network or the other side may be.
    """

    step: str
    target: str
    verdict: Verdict
    expected: str = ""
    found: str = ""
    next: str = ""
    option: str = ""


OWN_STEPS = ("trust", "own-key", "own-validity", "listen")
SERVER_STEPS = (
    "address",
    "name",
    "tcp",
    "tls",
    "server-chain",
    "server-name",
    "server-validity",
    "server-country",
    "client-certificate",
    "http",
    "clock",
)
STEPS = (*OWN_STEPS, "discovery", *SERVER_STEPS)


def step_title(step: str) -> str:
    """What `step` looks at, in English words that `in_language` knows."""
    return say(f"doctor.{step}")


def skipped(step: str, target: str, because: str) -> Diagnosis:
    """`step` was not taken, because step `because` did not succeed."""
    return Diagnosis(
        step=step, target=target, verdict=Verdict.SKIPPED, found=say("doctor.after", step=step_title(because))
    )
