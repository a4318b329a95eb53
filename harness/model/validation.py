"""What validating one document or message against artefacts came to."""

from dataclasses import dataclass

from harness.model.finding import Finding, Layer
from harness.model.verdict import Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class ArtefactUse:
    """One artefact applied to one input.

    Counts of rules: `loaded` as in the source, `fired` at least once on this input. `codes_checked` were looked up in a
    value set, `codes_unverifiable` could not be (no value set in the packs). `verdict` of this artefact alone;
    `requirement` is the one its pack says it decides. `notes` say where an artefact asks for more than its standard gives,
    and how that was read; they do not touch the verdict.
    """

    coordinate: str
    artefact: str
    layer: Layer
    sha256: str
    verdict: Verdict
    rules_loaded: int = 0
    rules_fired: int = 0
    codes_checked: int = 0
    codes_unverifiable: int = 0
    duration_s: float = 0.0
    engine: str = ""
    reason: str = ""
    requirement: str | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ValidationReport:
    """All layers for one input, in order. `kind` is what the input was taken for (e.g. `cda:patient-summary:3`,
    `message:PRPA_IN201306UV02`); `verdict` is the roll-up, inconclusive when no artefact of the packs applies."""

    name: str
    kind: str
    sha256: str
    size: int
    verdict: Verdict
    uses: tuple[ArtefactUse, ...]
    findings: tuple[Finding, ...]
    reason: str = ""
