"""What validating one document or message against artefacts came to."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from harness.model.finding import Finding, Layer
from harness.model.verdict import Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class ArtefactUse:
    """One artefact applied to one input.

    Counts of rules: `loaded` as in the source, `fired` at least once on this input. `codes_checked` were looked up in a
    value set, `codes_unverifiable` could not be (no value set in the packs), `codes_seen` is their sum. `verdict` of this
    artefact alone; `requirement` is the one its pack says it decides. `notes` say where an artefact asks for more than its
    standard gives, and how that was read, or which rules were left unjudged and for want of what; they do not touch the
    verdict.
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
    codes_seen: int = 0
    duration_s: float = 0.0
    engine: str = ""
    reason: str = ""
    requirement: str | None = None
    notes: tuple[str, ...] = ()


MAX_EMBEDDED_BYTES = 64 * 1024 * 1024
"""Up to this size, after decoding and inflating, a file inside a document is looked at, unless told otherwise."""
UNDETERMINED = "undetermined"
"""What a trait is when the document does not tell it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trait:
    """One thing a document tells of itself: a value of a closed list, and the sentence that says from what it was told."""

    value: str
    because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentProfile:
    """What a clinical document is, told from its parsed tree; what it does not tell is `undetermined`, never a guess.

    `kind`: `patient-summary`, `eprescription`, ..., `ans-vsm`, ..., `other`. `level`: `1`, `3`. `form`: `pivot` (codes of the
    common catalogue), `friendly` (pivot under labels of another language), `wrapped-original` (a file in a CDA of level 1),
    `national`. `wave`: `up-to-5`, `from-6`, `not-applicable`. `side`, who wrote what it shows: `country-a`, `country-b`.
    """

    kind: Trait
    level: Trait
    form: Trait
    wave: Trait
    side: Trait


@dataclass(frozen=True, slots=True, kw_only=True)
class ValidationReport:
    """All layers for one input, in order. `kind` is what the input was taken for (e.g. `cda:patient-summary:3`,
    `message:PRPA_IN201306UV02`); `verdict` is the roll-up, inconclusive when no artefact of the packs applies. `profile` is
    there for a clinical document. `validator` is the coordinate of the table whose rules were applied, and why that one
    (`undetermined` when the object alone fits several); absent when the table has none for it."""

    name: str
    kind: str
    sha256: str
    size: int
    verdict: Verdict
    uses: tuple[ArtefactUse, ...]
    findings: tuple[Finding, ...]
    reason: str = ""
    profile: DocumentProfile | None = None
    validator: Trait | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PackIdentity:
    """A pack that judged, with the exact artefacts it holds (`coordinate#id` -> sha-256); `problems` are files it lacks."""

    coordinate: str
    title: str
    origin: str
    status: str
    digest: str
    complete: bool
    artefacts: Mapping[str, str] = field(default_factory=dict)
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ValidationBatch:
    """What one call of `harness validate` found, in the order of its inputs.

    `verdict` rolls up those of the reports; `complete` is false when it was interrupted before the last input.
    """

    format_version: str
    harness: str
    packs: tuple[PackIdentity, ...]
    reports: tuple[ValidationReport, ...]
    verdict: Verdict
    complete: bool = True
