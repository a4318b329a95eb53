"""Driving a run: order of steps, time-outs, evidence, calling checks, rolling up verdicts, judging again.

The interpreter of steps is the same for a live run and for a recording: a world asks and answers, everything else is a
function of scenario, evidence and packs. Prints nothing, renders nothing, reads no environment.
"""

from harness.runner._claims import misfits, not_claimed
from harness.runner._judge import Judge
from harness.runner._plan import Row, plan_rows, untested
from harness.runner._trigger import AskPerson
from harness.runner.bundled import bundled_system
from harness.runner.doctor import Diagnosis, DoctorLimits, diagnose, doctor_status, step_title
from harness.runner.exit import FAILED, INTERRUPTED, OPERATOR, PASSED, UNDECIDED, exit_status
from harness.runner.rejudge import recorded_evidence, rejudge, rejudge_rows
from harness.runner.session import (
    Progress,
    RunSpec,
    Session,
    assemble,
    environment,
    merge_runs,
    own_pki,
    run_id,
    utc_now,
)

__all__ = [
    "FAILED",
    "INTERRUPTED",
    "OPERATOR",
    "PASSED",
    "UNDECIDED",
    "AskPerson",
    "Diagnosis",
    "DoctorLimits",
    "Judge",
    "Progress",
    "Row",
    "RunSpec",
    "Session",
    "assemble",
    "bundled_system",
    "diagnose",
    "doctor_status",
    "environment",
    "exit_status",
    "merge_runs",
    "misfits",
    "not_claimed",
    "own_pki",
    "plan_rows",
    "recorded_evidence",
    "rejudge",
    "rejudge_rows",
    "run_id",
    "step_title",
    "untested",
    "utc_now",
]
