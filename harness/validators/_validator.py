"""One input against all artefacts of the packs that fit it: the layers in order, one report."""

import hashlib
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from lxml import etree

from harness import safexml
from harness.errors import InputError, Problem, UnsupportedError, WireError
from harness.model import (
    MAX_EMBEDDED_BYTES,
    ArtefactUse,
    Finding,
    Layer,
    Location,
    PackUse,
    Severity,
    ValidationReport,
    Verdict,
    choose_document,
    chosen,
    roll_up,
    say,
)
from harness.packs.artefacts import Artefact, Pack
from harness.validators._content import CdaContent, judge_content
from harness.validators._findings import (
    WELL_FORMED,
    Judged,
    differences,
    judged_schematron,
    not_well_formed,
    placed,
    use_of,
)
from harness.validators._kinds import Part, parts_of
from harness.validators._terminology import Vocabularies
from harness.validators._xsd import XsdLayer
from harness.validators.schematron import (
    ALL_REWRITES,
    NO_REWRITES,
    CompileCache,
    Engine,
    MemoryCache,
    Pool,
    PyschematronEngine,
    SaxonEngine,
    svrl,
)


@dataclass(slots=True)
class _Coverage:
    """Cumulative figures of one artefact; `fired` are numbers of rules, per phase and engine."""

    loaded: int = 0
    fired: set[int] = field(default_factory=set)


class Validator:
    """Judges documents and messages by the artefacts of `packs`. Close it, or use it in a `with` block.

    The order of `packs` is one of precedence: of each layer, a document is judged by the first pack that has something for
    it, so that an official pack stands in for the built-in one where it reaches.

    `workers` is the number of engine processes, started when first needed (0: one); as many threads may call
    `validate` at the same time. `explain` adds xmlschema's words to a failed XSD validation, which costs seconds at the
    first failure of a schema and a few hundred milliseconds at each. `optimise=False` runs Schematron without rewrites,
    as the reference for differential tests. `sparing` compiles of a schema only what the first documents can trigger:
    quicker for one document, slower for many. `limits` bound what an input may be, `max_embedded_bytes` the file inside a
    document up to which it is looked at.
    """

    def __init__(
        self,
        packs: Sequence[Pack],
        *,
        engine: Engine = Engine.SAXON,
        workers: int = 0,
        cache: CompileCache | None = None,
        explain: bool = True,
        optimise: bool = True,
        sparing: bool = False,
        run_timeout_s: float = 60.0,
        limits: safexml.XmlLimits = safexml.DEFAULT_LIMITS,
        max_embedded_bytes: int = MAX_EMBEDDED_BYTES,
    ) -> None:
        self._packs = tuple(packs)
        self._pack_of = {id(a): number for number, pack in enumerate(self._packs) for a in pack.artefacts}
        self._engine = engine
        self._explain = explain
        self._limits = limits
        self._pool = Pool(workers, run_timeout_s=run_timeout_s)
        cache = MemoryCache() if cache is None else cache
        self._xsd = XsdLayer(cache, judge_s=run_timeout_s)
        self._saxon = SaxonEngine(
            self._pool, cache, rewrites=ALL_REWRITES if optimise else NO_REWRITES, sparing=sparing
        )
        self._pyschematron = PyschematronEngine(self._pool)
        self._vocabularies = Vocabularies(self._packs, cache)
        self._max_embedded_bytes = max_embedded_bytes
        self._codes_checked = self._codes_unverifiable = 0
        self._lock = threading.Lock()
        self._coverage: dict[tuple[str, str], _Coverage] = {}

    def __enter__(self) -> "Validator":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Ends the engine processes."""
        self._pool.close()

    @property
    def worker_pids(self) -> tuple[int, ...]:
        """Process ids of the engine processes that run now."""
        return self._pool.pids

    def validate(self, name: str, content: bytes, *, as_: str = "auto", phase: str | None = None) -> ValidationReport:
        """The report on `content`; `name` is its label in the findings.

        Args:
            as_: `auto`; a kind (`cda:patient-summary:3`, `message:Envelope`) to take it for; or the coordinate of a pack
                or of a set in it, whose artefacts alone are applied.
            phase: Schematron phase id, `#ALL` or `#DEFAULT` (the default).

        Raises:
            InputError: `as_` is neither a kind nor a coordinate of the packs.
        """
        digest = hashlib.sha256(content).hexdigest()
        artefacts, kind = self._chosen(as_)
        started = time.perf_counter()
        try:
            root = safexml.parse(content, limits=self._limits)
        except WireError as exc:
            return not_well_formed(name, content, digest, exc, time.perf_counter() - started)
        parts = parts_of(root)
        if kind:
            parts = (replace(parts[0], kind=kind), *parts[1:])
        well_formed = ArtefactUse(
            coordinate="",
            artefact=WELL_FORMED,
            layer=Layer.WELL_FORMED,
            sha256="",
            verdict=Verdict.PASS,
            duration_s=time.perf_counter() - started,
        )
        uses, findings, reasons = self._judge_parts(parts, artefacts, phase or "#DEFAULT")
        content_of = self._content(parts[0])
        findings += content_of.findings
        verdicts = [*(u.verdict for u in uses), *(Verdict.INCONCLUSIVE for _ in reasons), content_of.verdict]
        whys = [*reasons, *(u.reason for u in uses if u.reason), *content_of.reasons]
        return ValidationReport(
            name=name,
            kind=parts[0].kind,
            sha256=digest,
            size=len(content),
            verdict=roll_up(verdicts),
            uses=(well_formed, *uses, *content_of.uses),
            findings=tuple(placed(findings, name, content)),
            reason="; ".join(dict.fromkeys(whys)),
            profile=content_of.profile,
            validator=chosen(choose_document(of.level.value, of.form.value)) if (of := content_of.profile) else None,
        )

    def _content(self, part: Part) -> CdaContent:
        judged = judge_content(part, self._vocabularies, self._max_embedded_bytes)
        with self._lock:
            self._codes_checked += sum(u.codes_checked for u in judged.uses)
            self._codes_unverifiable += sum(u.codes_unverifiable for u in judged.uses)
        return judged

    def svrl(
        self, name: str, content: bytes, *, as_: str = "auto", phase: str | None = None
    ) -> tuple[tuple[str, bytes], ...]:
        """What each Schematron artefact says of `content`, in its own reporting language: artefact id and SVRL document.

        Locations are those of the part that was judged. Arguments as for `validate`.

        Raises:
            WireError: the content is not well-formed XML.
            InputError: as for `validate`.
            UnsupportedError: an artefact has no phase of that name.
        """
        artefacts, kind = self._chosen(as_)
        parts = parts_of(safexml.parse(content))
        if kind:
            parts = (replace(parts[0], kind=kind), *parts[1:])
        phase = phase or "#DEFAULT"
        reports = []
        for artefact, fitting in self._fitting(parts, artefacts, Layer.SCHEMATRON):
            for part in fitting:
                outcome = self._saxon.judge(artefact, _serialised(part), phase=phase)
                reports.append((artefact.id, svrl(self._saxon.compiled(artefact, phase=phase), outcome, name)))
        return tuple(reports)

    def uses(self) -> tuple[PackUse, ...]:
        """The packs with the exact artefacts they hold, and what they came to in all validations so far."""
        result = []
        with self._lock:
            for number, pack in enumerate(self._packs):
                seen = [c for a in pack.artefacts if (c := self._coverage.get((a.coordinate, a.id)))]
                problems = {f"{a.id}: {n} is missing" for a in pack.artefacts for n in a.missing}
                problems |= {f"{a.id}: capitals differ: {d}" for a in pack.artefacts for d in a.differs_in_case}
                result.append(
                    PackUse(
                        coordinate=pack.coordinate,
                        title=pack.title.en,
                        origin=pack.origin,
                        status=pack.status,
                        digest=pack.sha256,
                        complete=pack.complete,
                        artefacts={f"{a.coordinate}#{a.id}": a.sha256 for a in pack.artefacts},
                        rules_loaded=sum(c.loaded for c in seen),
                        rules_fired=sum(len(c.fired) for c in seen),
                        # codes are looked up in all packs at once; the first one stands for them
                        codes_checked=0 if number else self._codes_checked,
                        codes_unverifiable=0 if number else self._codes_unverifiable,
                        problems=tuple(sorted(problems)),
                    )
                )
        return tuple(result)

    def coverage(self) -> tuple[tuple[str, int, int], ...]:
        """Per Schematron artefact used so far: `coordinate#id`, rules loaded, rules fired at least once."""
        with self._lock:
            return tuple((f"{c}#{a}", v.loaded, len(v.fired)) for (c, a), v in sorted(self._coverage.items()))

    def _chosen(self, as_: str) -> tuple[tuple[Artefact, ...], str]:
        every = tuple(a for p in self._packs for a in p.artefacts)
        if as_ == "auto":
            return every, ""
        if as_.startswith(("cda:", "message:")):
            return every, as_
        chosen = tuple(a for p in self._packs for a in p.artefacts if as_ in (p.coordinate, a.coordinate))
        if not chosen:
            known = sorted({p.coordinate for p in self._packs} | {a.coordinate for a in every})
            raise InputError(
                Problem(problem="unknown kind or coordinate", option="--as", expected=("auto", *known), found=as_)
            )
        return chosen, ""

    def _judge_parts(
        self, parts: Sequence[Part], artefacts: Sequence[Artefact], phase: str
    ) -> tuple[list[ArtefactUse], list[Finding], list[str]]:
        uses: list[ArtefactUse] = []
        findings: list[Finding] = []
        covered: set[int] = set()
        for layer in (Layer.XSD, Layer.SCHEMATRON):
            for artefact, fitting in self._fitting(parts, artefacts, layer):
                # who names a file for the input as a whole asks nothing of the pieces inside
                covered.update(id(p) for p in (parts if artefact.whole else fitting))
                judged = [self._judge(artefact, part, phase) for part in fitting]
                uses.append(use_of(artefact, judged))
                findings += [f for j in judged for f in j.findings]
        reasons = [f"no artefact of the packs applies to {p.kind}" for p in parts if p.needed and id(p) not in covered]
        return uses, findings, list(dict.fromkeys(reasons))

    def _fitting(
        self, parts: Sequence[Part], artefacts: Sequence[Artefact], layer: Layer
    ) -> Iterator[tuple[Artefact, list[Part]]]:
        """The artefacts of a layer that have something to judge, each with the parts it judges."""
        first = {id(p): self._first_pack(artefacts, layer, p, parts) for p in parts}
        for artefact in artefacts:
            fitting = [
                p
                for p in parts
                if artefact.layer is layer
                and _judges(artefact, p, parts)
                and self._pack_of[id(artefact)] == first[id(p)]
            ]
            if fitting:
                yield artefact, fitting

    def _first_pack(self, artefacts: Sequence[Artefact], layer: Layer, part: Part, parts: Sequence[Part]) -> int:
        """The number of the first pack that has an artefact of `layer` for `part`; the later ones stand back."""
        fitting = (a for a in artefacts if a.layer is layer and _judges(a, part, parts))
        return min((self._pack_of[id(a)] for a in fitting), default=-1)

    def _judge(self, artefact: Artefact, part: Part, phase: str) -> Judged:
        if not artefact.usable:
            missing = (say("artefact-missing", artefact=artefact.id, file=name) for name in artefact.missing[:1])
            return Judged(verdict=Verdict.INCONCLUSIVE, reason=artefact.lacking or "".join(missing))
        if artefact.layer is Layer.XSD:
            return self._judge_xsd(artefact, part)
        judged = self._judge_schematron(artefact, part, phase)
        with self._lock:
            figures = self._coverage.setdefault((artefact.coordinate, artefact.id), _Coverage())
            figures.loaded = max(figures.loaded, judged.loaded)
            figures.fired |= judged.fired
        return judged

    def _judge_xsd(self, artefact: Artefact, part: Part) -> Judged:
        outcome = self._xsd.judge(artefact, part.element, explain=self._explain)
        if outcome.valid is None:
            return Judged(verdict=Verdict.INCONCLUSIVE, reason=f"{artefact.id}: {outcome.reason}", engine="libxml2")
        findings = [
            Finding(
                at=Location(xpath=defect.path),
                expected=defect.expected,
                found=defect.found,
                message=defect.message,
                rule=f"{artefact.id}/{defect.rule}",
                requirement=artefact.requirement,
                severity=Severity.ERROR,
                layer=Layer.XSD,
                source=", ".join(artefact.sources),
            )
            for defect in outcome.defects
        ]
        verdict = Verdict.PASS if outcome.valid else Verdict.FAIL
        return Judged(verdict=verdict, findings=findings, duration_s=outcome.duration_s, engine="libxml2")

    def _judge_schematron(self, artefact: Artefact, part: Part, phase: str) -> Judged:
        text = _serialised(part)
        try:
            if self._engine is Engine.PYSCHEMATRON:
                return judged_schematron(artefact, part, self._pyschematron.judge(artefact, text, phase=phase))
            judged = judged_schematron(artefact, part, outcome := self._saxon.judge(artefact, text, phase=phase))
        except UnsupportedError as exc:
            return Judged(verdict=Verdict.INCONCLUSIVE, reason=str(exc), engine=self._engine)
        if self._engine is Engine.BOTH:
            other = self._pyschematron.judge(artefact, text, phase=phase)
            judged.findings += differences(artefact, part, outcome, other)
            judged.engine = Engine.BOTH
        return judged


def _judges(artefact: Artefact, part: Part, parts: Sequence[Part]) -> bool:
    """Whether `artefact` has something to say on `part`, one of `parts`, of which the first is the whole input."""
    return artefact.fits(part.kind, part.facts) and (part is parts[0] or not artefact.whole)


def _serialised(part: Part) -> str:
    if part.element.getparent() is None:  # comments and instructions beside the root belong to the document
        return etree.tostring(part.element.getroottree(), encoding="unicode")
    return etree.tostring(part.element, encoding="unicode", with_tail=False)
