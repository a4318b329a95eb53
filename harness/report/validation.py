"""Reports on single documents as self-contained HTML pages in two languages: style sheet inside, no script, no other file."""

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

from jinja2 import Environment

from harness.model import PackIdentity, ValidationReport, Verdict, roll_up, visible
from harness.report._desk import verdict_mark
from harness.report._validation_views import BatchView, IndexRow, batch_counts, pack_line, report_view
from harness.report._words import LANGUAGES, load_words
from harness.report.html import page_environment

type Listed = tuple[Verdict, str, str, int, int, str]
"""Verdict, name, kind, errors, warnings, page of a document."""


def render_validation(
    report: ValidationReport,
    content: bytes,
    *,
    packs: Sequence[PackIdentity],
    templates: Path,
    lang: str,
    version: str,
    page: str = "",
    first_page: str = "",
) -> tuple[tuple[str, bytes], ...]:
    """The pages on one document: suffix of the file name and content, first in `lang`, then in the other language.

    English pages have no suffix, French ones `.fr`; but a first page whose whole name is given is `lang`'s, and then the
    other language has the suffix.

    Args:
        content: the bytes that were judged; they are shown with the findings at their lines.
        templates: the `reports/` folder.
        page: file name without suffix, for the link between the languages; empty where there will be no file.
        first_page: whole file name of the first page, when it is not `page` and its suffix.

    Raises:
        HarnessError: a template or catalogue is missing or broken.
    """
    files = []
    bare = lang if first_page or not page else "en"
    for language in _ordered(lang):
        view = report_view(load_words(templates, language), report, content, packs)
        text = _page(templates, "validation.html", language, bare, page, first_page, version, view)
        files.append((_suffix(language, bare), text))
    return tuple(files)


def render_validation_index(
    rows: Sequence[Listed],
    packs: Sequence[PackIdentity],
    *,
    templates: Path,
    lang: str,
    version: str,
    complete: bool,
) -> tuple[tuple[str, bytes], ...]:
    """`index.html` and its sibling in the other language: all documents with verdict and link to their page."""
    files = []
    verdicts = [verdict for verdict, *_ in rows]
    for language in _ordered(lang):
        w = load_words(templates, language)
        view = BatchView(
            mark=verdict_mark(w, roll_up(verdicts)),
            counts=batch_counts(w, verdicts),
            complete=complete,
            rows=tuple(
                IndexRow(
                    mark=verdict_mark(w, verdict),
                    name=name,
                    href=page + _suffix(language, "en"),
                    kind=kind,
                    errors=w.figure(errors),
                    warnings=w.figure(warnings),
                )
                for verdict, name, kind, errors, warnings, page in rows
            ),
            packs=tuple(pack_line(w, pack) for pack in packs),
        )
        text = _page(templates, "validation-index.html", language, "en", "index", "", version, view)
        files.append(("index" + _suffix(language, "en"), text))
    return tuple(files)


def _ordered(lang: str) -> tuple[str, ...]:
    return (lang, *(language for language in LANGUAGES if language != lang))


def _suffix(language: str, bare: str) -> str:
    return ".html" if language == bare else f".{language}.html"


@lru_cache(maxsize=2)
def _environment(templates: Path) -> Environment:
    return page_environment(templates)


def _page(
    templates: Path, template: str, language: str, bare: str, page: str, first_page: str, version: str, view: object
) -> bytes:
    other = next(known for known in LANGUAGES if known != language)
    name = page.rpartition("/")[2]
    sibling = first_page if first_page and other == bare else name + _suffix(other, bare)
    w = load_words(templates, language)
    text = (
        _environment(templates)
        .get_template(template)
        .render(v=view, _=w.say, lang=language, other=other, other_href=sibling if page else "", version=version)
    )
    return visible(text).encode("utf-8", "backslashreplace") + b"\n"
