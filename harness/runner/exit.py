"""Exit status of a run."""

from harness.model import Run, State, Verdict

PASSED, FAILED, OPERATOR, UNDECIDED, INTERRUPTED = 0, 1, 2, 3, 130


def exit_status(run: Run) -> int:
    """0 pass, warning or nothing applicable; 1 a fail; 3 not decidable; 130 interrupted and resumable."""
    if run.state is State.ABORTED:
        return INTERRUPTED
    match run.verdict:
        case Verdict.FAIL:
            return FAILED
        case Verdict.PASS | Verdict.WARNING | Verdict.NOT_APPLICABLE:
            return PASSED
        case _:
            return UNDECIDED
