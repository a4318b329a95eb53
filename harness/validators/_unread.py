"""Reports on inputs that no layer could read to the end: larger than allowed, or given up by the process that judged them."""

from dataclasses import replace

from harness.errors import WireError
from harness.model import ArtefactUse, Layer, ValidationReport, Verdict, say
from harness.validators._findings import WELL_FORMED, not_well_formed


def too_large(name: str, *, sha256: str, size: int, max_bytes: int) -> ValidationReport:
    """The report on an input of `size` bytes that was not kept, because it is larger than `max_bytes`: a fail."""
    error = WireError(
        "document is too large", kind="too-large", expected=f"at most {max_bytes} bytes", found=str(size), offset=0
    )
    return replace(not_well_formed(name, b"", sha256, error, 0.0), size=size)


def given_up(name: str, *, sha256: str, size: int, status: int | None) -> ValidationReport:
    """The report on an input whose judging process ended with `status`: an error, which accuses nobody but us."""
    reason = say("process-ended", status=status)
    use = ArtefactUse(
        coordinate="",
        artefact=WELL_FORMED,
        layer=Layer.WELL_FORMED,
        sha256="",
        verdict=Verdict.ERROR,
        reason=reason,
    )
    return ValidationReport(
        name=name,
        kind="unknown",
        sha256=sha256,
        size=size,
        verdict=Verdict.ERROR,
        uses=(use,),
        findings=(),
        reason=reason,
    )
