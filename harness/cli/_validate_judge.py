"""One document judged and rendered: what a process of `harness validate` does, whichever process that is."""

import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

from harness.cli._validate_objects import judge_object
from harness.errors import InputError, Problem
from harness.model import (
    MAX_EMBEDDED_BYTES,
    OBJECT_VALIDATORS,
    ArtefactUse,
    Company,
    Finding,
    Layer,
    PackIdentity,
    Severity,
    ValidationReport,
    Verdict,
    roll_up,
    visible,
)
from harness.packs.artefacts import Pack
from harness.safexml import XmlLimits
from harness.store import DiskCache
from harness.validators import Engine, Validator, given_up, too_large, verdict_of

_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How every document of one call is judged and shown; sent to each process.

    `objects` is false when artefacts of the operator's own judge alone; `company` is what was given beside the documents.
    """

    packs: tuple[Pack, ...]
    engine: Engine
    as_: str
    phase: str | None
    sparing: bool
    limits: XmlLimits
    cache: Path
    format: str
    lang: str
    colour: bool
    quiet: bool
    templates: Path
    scenarios: Path
    company: Company
    objects: bool = True
    max_embedded_bytes: int = MAX_EMBEDDED_BYTES

    @property
    def artefacts_as(self) -> str:
        """What artefacts are told to take a document for: a coordinate of the table is none of theirs."""
        return "auto" if self.as_ in OBJECT_VALIDATORS else self.as_

    @property
    def by_object(self) -> bool:
        """Whether objects are judged by the checks too: asked for by coordinate, or left to the object."""
        return self.as_ in OBJECT_VALIDATORS or (self.as_ == "auto" and self.objects)


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """The bytes of a document with their digest; `content` is None when there are more than may be read."""

    content: bytes | None
    sha256: str
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One document: its number, the file (or what it `held`, when it can be read only once), and the name of its result.

    `page` is the file name of the result without what the format appends, `first_page` the whole name of the first
    file when the operator chose it; both empty for standard output. `cross` is what comparing it with other documents
    found, None when it was compared with none; `request` is the message among the others that it answers.
    """

    number: int
    path: Path
    held: Source | None = None
    page: str = ""
    first_page: str = ""
    cross: tuple[Finding, ...] | None = None
    request: bytes = b""

    @property
    def name(self) -> str:
        """What findings call the document."""
        return visible(str(self.path))


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What became of a document: figures for the summary, and the files its format makes of it (suffix, content)."""

    number: int
    name: str
    kind: str
    verdict: Verdict
    size: int
    errors: int
    warnings: int
    duration_s: float
    files: tuple[tuple[str, bytes], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What a format renders: the report with the bytes it is about. A format may ask the validator for more."""

    task: Task
    report: ValidationReport
    content: bytes
    duration_s: float
    validator: Validator | None


def identity_of(pack: Pack) -> PackIdentity:
    """What is printed of `pack`, so that a verdict can be traced to exact bytes."""
    problems = {f"{a.id}: {n} is missing" for a in pack.artefacts for n in a.missing}
    problems |= {f"{a.id}: capitals differ: {d}" for a in pack.artefacts for d in a.differs_in_case}
    return PackIdentity(
        coordinate=pack.coordinate,
        title=pack.title.en,
        origin=pack.origin,
        status=pack.status,
        digest=pack.sha256,
        complete=pack.complete,
        artefacts={f"{a.coordinate}#{a.id}": a.sha256 for a in pack.artefacts},
        problems=tuple(sorted(problems)),
    )


OTHERS = "other-documents"
"""What the documents of the call are called among the artefacts of a report."""


def _with_cross(report: ValidationReport, cross: tuple[Finding, ...] | None) -> ValidationReport:
    """`report` with what comparing its document with others found."""
    if cross is None:
        return report
    verdict = verdict_of(cross)
    use = ArtefactUse(coordinate="", artefact=OTHERS, layer=Layer.CROSS, sha256="", verdict=verdict)
    return replace(
        report,
        uses=(*report.uses, use),
        findings=(*report.findings, *cross),
        verdict=roll_up([report.verdict, verdict]),
    )


type Render = Callable[[Seen, Settings], tuple[tuple[str, bytes], ...]]


def read_file(path: Path, max_bytes: int) -> Source:
    """The document in file `path`; of more than `max_bytes` only digest and size are kept.

    Raises:
        InputError: the file cannot be read.
    """
    try:
        with path.open("rb") as file:
            return read_stream(file, max_bytes)
    except OSError as exc:
        why = (exc.strerror or type(exc).__name__).lower()
        raise InputError(
            Problem(code="E909", option="FILE", problem=f"cannot be read: {why}", found=visible(str(path)))
        ) from exc


def read_stream(file: BinaryIO, max_bytes: int) -> Source:
    """What is left in `file`; of more than `max_bytes` only digest and size are kept."""
    digest, size, chunks = hashlib.sha256(), 0, []
    while chunk := file.read(_CHUNK):
        digest.update(chunk)
        size += len(chunk)
        if size <= max_bytes:
            chunks.append(chunk)
        else:
            chunks.clear()
    content = b"".join(chunks) if size <= max_bytes else None
    return Source(content=content, sha256=digest.hexdigest(), size=size)


class Judge:
    """Judges one document after the other by the same packs. Close it, so that its engine process ends."""

    def __init__(self, settings: Settings, render: Render) -> None:
        self._settings = settings
        self._render = render
        self._validator = Validator(
            settings.packs,
            engine=settings.engine,
            workers=1,
            cache=DiskCache(settings.cache),
            sparing=settings.sparing,
            limits=settings.limits,
            max_embedded_bytes=settings.max_embedded_bytes,
        )

    def __call__(self, task: Task) -> Done:
        """The verdict on the document of `task`, and its files.

        Raises:
            InputError: the file cannot be read.
        """
        started = time.perf_counter()
        source = task.held or read_file(task.path, self._settings.limits.max_bytes)
        if source.content is None:
            report = too_large(
                task.name, sha256=source.sha256, size=source.size, max_bytes=self._settings.limits.max_bytes
            )
            return self._done(task, report, b"", time.perf_counter() - started, self._validator)
        report, content = self._judged(task, source.content)
        report = _with_cross(report, task.cross)
        return self._done(task, report, content, time.perf_counter() - started, self._validator)

    def _judged(self, task: Task, content: bytes) -> tuple[ValidationReport, bytes]:
        """The report on `content`, and the bytes in which its lines are counted."""
        settings, name = self._settings, task.name
        company = replace(settings.company, request=settings.company.request or task.request)
        if not settings.by_object:
            return self._artefacts(name, content), content
        return judge_object(name, content, settings.as_, company, settings.limits, settings.scenarios, self._artefacts)

    def _artefacts(self, name: str, content: bytes) -> ValidationReport:
        settings = self._settings
        return self._validator.validate(name, content, as_=settings.artefacts_as, phase=settings.phase)

    def gave_up(self, task: Task, status: int | None) -> Done:
        """What is said of the document of `task` after the process that judged it ended with `status`."""
        source = task.held or read_file(task.path, self._settings.limits.max_bytes)
        report = given_up(task.name, sha256=source.sha256, size=source.size, status=status)
        return self._done(task, report, source.content or b"", 0.0, None)

    def _done(
        self, task: Task, report: ValidationReport, content: bytes, duration_s: float, validator: Validator | None
    ) -> Done:
        seen = Seen(task=task, report=report, content=content, duration_s=duration_s, validator=validator)
        severities = [f.severity for f in report.findings]
        return Done(
            number=task.number,
            name=report.name,
            kind=report.kind,
            verdict=report.verdict,
            size=report.size,
            errors=severities.count(Severity.ERROR),
            warnings=severities.count(Severity.WARNING),
            duration_s=duration_s,
            files=self._render(seen, self._settings),
        )

    def close(self) -> None:
        """Ends the engine process."""
        self._validator.close()
