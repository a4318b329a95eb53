"""The formats of `harness validate`: what each makes of one document, and how documents become one output.

A format is an entry of `FORMATS`. `files` runs where the document was judged, `whole` where the output is written; it is
given the results one by one, so that what is done is written before the last document is judged.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from harness import __version__
from harness.cli._validate_judge import Done, Render, Seen, Settings, identity_of
from harness.cli._validate_text import Text
from harness.model import PackIdentity, ValidationReport, Verdict, roll_up
from harness.store import VALIDATION_FORMAT_VERSION, to_json

type Files = tuple[tuple[str, bytes], ...]


@dataclass(slots=True)
class Batch:
    """What is known beside the single documents. The verdicts grow while results come in; `complete` is set false by an
    interrupt."""

    packs: tuple[PackIdentity, ...]
    settings: Settings
    verdicts: Counter[Verdict] = field(default_factory=Counter)
    complete: bool = True

    @property
    def verdict(self) -> Verdict:
        """The roll-up of the verdicts so far."""
        return roll_up(self.verdicts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """`index` makes files of their own beside those of the documents when the output is a folder.

    `one` formats hold one document in an output.
    """

    files: Render
    whole: Callable[[Iterable[Done], Batch], Iterator[bytes]]
    index: Callable[[Iterable[tuple[Done, str]], Batch], Files] | None = None
    one: bool = False


def _first(seen: Iterable[Done], _: Batch) -> Iterator[bytes]:
    for done in seen:
        yield done.files[0][1]


def _text(seen: Seen, settings: Settings) -> Files:
    text = Text(seen.report, seen.content, lang=settings.lang, colour=settings.colour, quiet=settings.quiet)
    return ((".txt", text.render().encode()),)


def _json(seen: Seen, _: Settings) -> Files:
    data = to_json(ValidationReport, seen.report, lambda _: "")
    return ((".json", json.dumps(data, ensure_ascii=False).encode()),)


def _svrl(seen: Seen, settings: Settings) -> Files:
    """A report for each Schematron artefact, none where nothing could be judged; the first one goes to standard output."""
    if seen.validator is None or not seen.content or seen.report.uses[0].verdict is not Verdict.PASS:
        return ((".svrl", b""),)
    reports = seen.validator.svrl(seen.report.name, seen.content, as_=settings.artefacts_as, phase=settings.phase)
    if len(reports) < 2:
        return ((".svrl", reports[0][1] if reports else b""),)
    return tuple((f".{artefact}.svrl", report) for artefact, report in reports)


def _each(seen: Iterable[Done], _: Batch) -> Iterator[bytes]:
    for done in seen:
        for _suffix, content in done.files:
            yield content + b"\n"


def _json_document(seen: Iterable[Done], batch: Batch) -> Iterator[bytes]:
    """One object; the members that are known at the end stand at the end."""
    packs = [to_json(PackIdentity, pack, lambda _: "") for pack in batch.packs]
    head = {"format_version": VALIDATION_FORMAT_VERSION, "harness": __version__, "packs": packs}
    yield json.dumps(head, ensure_ascii=False).encode()[:-1] + b', "reports": ['
    separator = b"\n"
    for done in seen:
        yield separator + done.files[0][1]
        separator = b",\n"
    tail = {"verdict": batch.verdict.value, "complete": batch.complete}
    yield b"\n], " + json.dumps(tail).encode()[1:] + b"\n"


def _junit(seen: Seen, _: Settings) -> Files:
    from harness.report import junit_case  # pages and their catalogues take as long to import as all the rest

    return ((".junit.xml", junit_case(seen.report, seen.duration_s)),)


def _junit_document(seen: Iterable[Done], batch: Batch) -> Iterator[bytes]:
    from harness.report import JunitCase, junit_document

    cases = [JunitCase(verdict=d.verdict, duration_s=d.duration_s, element=d.files[0][1]) for d in seen]
    yield junit_document(cases, batch.packs, __version__)


def _html(seen: Seen, settings: Settings) -> Files:
    from harness.report import render_validation

    return render_validation(
        seen.report,
        seen.content,
        packs=tuple(identity_of(p) for p in settings.packs),
        templates=settings.templates,
        lang=settings.lang,
        page=seen.task.page,
        first_page=seen.task.first_page,
        version=__version__,
    )


def _html_index(seen: Iterable[tuple[Done, str]], batch: Batch) -> Files:
    from harness.report import render_validation_index

    rows = tuple((d.verdict, d.name, d.kind, d.errors, d.warnings, page) for d, page in seen)
    return render_validation_index(
        rows,
        batch.packs,
        templates=batch.settings.templates,
        lang=batch.settings.lang,
        version=__version__,
        complete=batch.complete,
    )


FORMATS: Mapping[str, Format] = {
    "text": Format(files=_text, whole=_first),
    "json": Format(files=_json, whole=_json_document),
    "junit": Format(files=_junit, whole=_junit_document),
    "svrl": Format(files=_svrl, whole=_each, one=True),
    "html": Format(files=_html, whole=_first, index=_html_index, one=True),
}
