"""What only reading a clinical document tells: its profile, its files, its codes, and where these contradict each other."""

from dataclasses import dataclass

from harness.model import ArtefactUse, DocumentProfile, Finding, Layer, Severity, Verdict
from harness.validators._embedded import judge_embedded
from harness.validators._findings import verdict_of
from harness.validators._kinds import Part
from harness.validators._profile import NATIONAL, contradictions, profile_of
from harness.validators._terminology import Vocabularies

DOCUMENT_KIND = "document-kind"


@dataclass(frozen=True, slots=True, kw_only=True)
class CdaContent:
    """The layers beyond the artefacts, for one input; empty when it is no clinical document.

    `verdict` leaves out codes that could not be looked up: they are counted, and decide nothing by themselves. `reasons` say
    what was undecidable. Paths of findings are those of `path()`.
    """

    profile: DocumentProfile | None = None
    uses: tuple[ArtefactUse, ...] = ()
    findings: tuple[Finding, ...] = ()
    verdict: Verdict = Verdict.PASS
    reasons: tuple[str, ...] = ()


def judge_content(part: Part, vocabularies: Vocabularies, limit: int) -> CdaContent:
    """The content of `part`, files inside it up to `limit` bytes each."""
    if not part.kind.startswith("cda:"):
        return CdaContent()
    profile = profile_of(part.element, vocabularies.sets.is_label)
    against_itself = tuple(contradictions(part))
    files = judge_embedded(part, limit=limit)
    terms = vocabularies.judge(part, profile)
    findings = (*against_itself, *(files.findings if files else ()), *terms.findings)
    # a document that claims no template of ours has nothing that could contradict itself
    kind = (_kind_use(verdict_of(against_itself)),) if profile.form.value != NATIONAL else ()
    return CdaContent(
        profile=profile,
        uses=(*kind, *((files.use,) if files else ()), terms.use),
        findings=findings,
        verdict=verdict_of(findings),
        reasons=tuple(dict.fromkeys(f.message for f in findings if f.severity is Severity.UNDECIDABLE)),
    )


def _kind_use(verdict: Verdict) -> ArtefactUse:
    return ArtefactUse(coordinate="", artefact=DOCUMENT_KIND, layer=Layer.CROSS, sha256="", verdict=verdict)
