"""What every view builder needs at hand: the run, the words for its verdicts and roles, and where pages lie."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from harness.model import Cause, Layer, RowResult, Run, State, Verdict
from harness.report import views
from harness.report._names import Site, page_file, slug
from harness.report._opened import Opened, Placed
from harness.report._words import N_, Words

VERDICT_WORDS: Mapping[Verdict, str] = {
    Verdict.PASS: N_("pass"),
    Verdict.WARNING: N_("warning"),
    Verdict.FAIL: N_("fail"),
    Verdict.ERROR: N_("error"),
    Verdict.INCONCLUSIVE: N_("inconclusive"),
    Verdict.REVIEW: N_("to review"),
    Verdict.NOT_RUN: N_("not run"),
    Verdict.SKIPPED: N_("skipped"),
    Verdict.NOT_APPLICABLE: N_("not applicable"),
}
"""In the order in which pages list them."""

CAUSE_WORDS: Mapping[Cause, str] = {
    Cause.SUT: N_("system under test"),
    Cause.PEER: N_("simulated peer"),
    Cause.HARNESS: N_("harness"),
    Cause.ENVIRONMENT: N_("environment"),
    Cause.CONFIGURATION: N_("configuration"),
}

STATE_WORDS: Mapping[State, str] = {
    State.PLANNED: N_("planned"),
    State.RUNNING: N_("running"),
    State.WAITING: N_("waiting"),
    State.DONE: N_("done"),
    State.ABORTED: N_("aborted"),
}

LAYER_WORDS: Mapping[Layer, str] = {
    Layer.TRANSPORT: N_("transport"),
    Layer.WELL_FORMED: N_("well-formedness"),
    Layer.XSD: N_("XML Schema"),
    Layer.SCHEMATRON: N_("Schematron"),
    Layer.TERMINOLOGY: N_("terminology"),
    Layer.EMBEDDED: N_("embedded file"),
    Layer.CROSS: N_("cross-checks"),
    Layer.REQUIREMENT: N_("requirement"),
    Layer.SCENARIO: N_("scenario"),
}

PROFILE_WORDS: Mapping[str, str] = {
    "patient-summary": N_("patient summary"),
    "eprescription": N_("ePrescription"),
    "edispensation": N_("eDispensation"),
    "orcd-laboratory": N_("laboratory result report"),
    "orcd-discharge": N_("hospital discharge report"),
    "orcd-imaging-report": N_("medical imaging report"),
    "orcd-image": N_("medical image"),
    "consent": N_("consent"),
    "security": N_("security"),
    "audit": N_("audit"),
    "discovery": N_("discovery"),
}

ACTOR_NAMES: Mapping[str, str] = {
    "ncpeh-a": "NCPeH-A",
    "ncpeh-b": "NCPeH-B",
    "practitioner-software": N_("practitioner's software"),
    "both": N_("NCPeH-A and NCPeH-B"),
}

KIND_WORDS: Mapping[str, str] = {
    "trial": N_("trial"),
    "acceptance": N_("acceptance"),
    "certification": N_("certification"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """The run, the words, and where pages lie. `root` leads from the page in hand to the report folder.

    `blobs` are the files beside the report that hold exact bytes: sha-256 to size.
    """

    run: Run
    words: Words
    site: Site
    opened: Mapping[tuple[int, str], Opened]
    placed: tuple[tuple[Placed, ...], ...]
    root: str = ""
    blobs: Mapping[str, int] = field(default_factory=dict)

    def href(self, page: str, anchor: str = "") -> str:
        """Link to `page` in the language of this page."""
        return self.root + page_file(page, self.words.lang) + (f"#{anchor}" if anchor else "")

    def verdict(self, verdict: Verdict) -> views.Mark:
        return verdict_mark(self.words, verdict)

    def cause(self, cause: Cause | None) -> str:
        return self.words.say(CAUSE_WORDS[cause]) if cause else ""

    def state(self, state: State) -> str:
        return "" if state is State.DONE else self.words.say(STATE_WORDS[state])

    def profile(self, profile: str) -> str:
        return self.words.say(PROFILE_WORDS[profile]) if profile in PROFILE_WORDS else profile

    def actor(self, actor: str) -> str:
        return self.words.say(ACTOR_NAMES[actor]) if actor in ACTOR_NAMES else actor

    def raw(self, name: str, digest: str, suggested: str) -> tuple[views.RawFile, ...]:
        """The file that holds the bytes of `digest`, when there is one beside the report."""
        if digest not in self.blobs:
            return ()
        size = self.words.size(self.blobs[digest])
        return (views.RawFile(text=name, size=size, href=f"{self.root}../blobs/{digest}", download=slug(suggested)),)

    def requirement_link(self, requirement_id: str) -> views.Link:
        return views.Link(text=requirement_id, href=self.href("requirements", requirement_anchor(requirement_id)))


def verdict_mark(words: Words, verdict: Verdict) -> views.Mark:
    return views.Mark(key=verdict.value, word=words.say(VERDICT_WORDS[verdict]))


def requirement_anchor(requirement_id: str) -> str:
    return f"r-{slug(requirement_id)}"


def row_link(desk: Desk, index: int, row: RowResult, verdict: Verdict) -> views.RowLink:
    return views.RowLink(mark=desk.verdict(verdict), id=row.id, href=desk.href(desk.site.rows[index]))
