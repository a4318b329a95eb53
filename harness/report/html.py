"""The report as a folder of linked static pages in two languages.

Two places escape: the Jinja environment made here, for everything it prints, and `_markup`, for the lines of listings. Control
and direction characters are made visible in the finished page. Nothing is fetched, no page needs a script.
"""

import re
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from harness.model import Run, visible
from harness.report import views
from harness.report._desk import Desk
from harness.report._document import document_view
from harness.report._exchange import exchange_view
from harness.report._index import index_view, kind_word, system_name
from harness.report._names import page_file, plan_site, slug
from harness.report._opened import document_page, locate, open_exchanges, place_findings
from harness.report._record import record_view
from harness.report._requirements import requirements_view
from harness.report._row import row_view
from harness.report._words import LANGUAGES, load_words

_FOLDERS = ("scenarios", "exchanges", "records", "documents", "assets")
_ASSETS = ("report.css", "report.js")

_DIGEST = re.compile(r"[0-9a-f]{64}")

type Page = tuple[str, str, str, object, tuple[views.Link, ...]]
"""Name, template, title, view, links of the rail."""


def render_html(run: Run, folder: Path, *, templates: Path, lang: str, blobs: Path | None = None) -> Path:
    """Writes the report of `run` into `folder` and returns its first page; the same run gives the same bytes.

    Args:
        folder: made if absent; pages of the same name in it are replaced, nothing is deleted.
        templates: the `reports/` folder (templates, static, translations).
        lang: `en` or `fr`, whose first page is returned: `index.html` or `index.fr.html`. Both are always written.
        blobs: folder of exact bytes by sha-256. Pages link to its files only when it is `blobs` beside `folder`, so that
            both can be moved together.

    Raises:
        HarnessError: a template or catalogue is missing or broken.
        ValueError: `lang` is neither language.
    """
    if lang not in LANGUAGES:
        raise ValueError(f"language must be one of {LANGUAGES}, got {lang!r}")
    folder.mkdir(parents=True, exist_ok=True)
    for name in _FOLDERS:
        (folder / name).mkdir(exist_ok=True)
    for name in _ASSETS:
        shutil.copyfile(templates / "static" / name, folder / "assets" / name)
    site = plan_site(run)
    opened = open_exchanges(run)
    placed = tuple(tuple(locate(p, opened, index) for p in place_findings(row)) for index, row in enumerate(run.rows))
    environment = page_environment(templates)
    files = _files(blobs, folder)
    desks = [
        Desk(
            run=run,
            words=load_words(templates, language),
            site=site,
            opened=opened,
            placed=placed,
            blobs=files,
        )
        for language in LANGUAGES
    ]
    # side by side, so that both languages of a page share what is decoded for it
    for pages in zip(*(_pages(desk) for desk in desks), strict=True):
        for desk, page in zip(desks, pages, strict=True):
            _write(folder, environment, desk, page)
    return folder / page_file("index", lang)


def _files(blobs: Path | None, folder: Path) -> Mapping[str, int]:
    """The files beside the report that hold exact bytes: sha-256 to size."""
    if blobs is None or not blobs.is_dir() or blobs.resolve() != folder.resolve().parent / "blobs":
        return {}
    return {path.name: path.stat().st_size for path in blobs.iterdir() if _DIGEST.fullmatch(path.name)}


def page_environment(templates: Path) -> Environment:
    """The Jinja environment of all pages: everything printed is escaped, a name that is not there is an error."""
    return Environment(
        loader=FileSystemLoader([templates / "templates", templates / "static"], encoding="utf-8"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=False,
    )


def _pages(desk: Desk) -> Iterator[Page]:
    w, run = desk.words, desk.run
    summary = index_view(desk)
    yield "index", "index.html", summary.heading, summary, _rail_of_index(desk)
    yield "requirements", "requirements.html", w.say("Requirements"), requirements_view(desk), ()
    inner = replace(desk, root="../")
    for index, row in enumerate(run.rows):
        shown = row_view(inner, index)
        title = w.say("%(verdict)s: %(id)s, %(title)s", verdict=shown.mark.word, id=row.id, title=shown.title.text)
        yield desk.site.rows[index], "scenario.html", title, shown, _rail_of_row(inner, shown)
        for number, x in enumerate(row.exchanges):
            exchange = exchange_view(inner, index, number)
            yield (
                desk.site.exchanges[index, x.id],
                "exchange.html",
                exchange.heading,
                exchange,
                _rail_of_exchange(inner, exchange),
            )
            for document in desk.opened[index, x.id].documents:
                page = document_page(desk.site, index, x.id, document.index)
                paper = document_view(inner, index, x.id, document.index)
                yield page, "document.html", paper.heading, paper, ()
        for number, record in enumerate(row.audits):
            kept = record_view(inner, index, number)
            yield desk.site.records[index, record.id], "record.html", kept.heading, kept, ()


def _rail_of_index(desk: Desk) -> tuple[views.Link, ...]:
    w = desk.words
    return (
        views.Link(text=w.say("Who has to act"), href="#todo"),
        views.Link(text=w.say("By verdict and cause"), href="#counts"),
        views.Link(text=w.say("Requirements"), href="#matrix"),
        views.Link(text=w.say("Scenarios"), href="#list"),
        views.Link(text=w.say("Packs"), href="#packs"),
        views.Link(text=w.say("System and run"), href="#run"),
    )


def _rail_of_row(desk: Desk, row: views.RowView) -> tuple[views.Link, ...]:
    w = desk.words
    links = [views.Link(text=w.say("Sequence"), href="#seq")] if row.sequences else []
    links.append(views.Link(text=w.say("Steps"), href="#steps"))
    links += [views.Link(text=w.say("Finding %(n)s", n=f.text), href=f.href) for f in row.findings[:12]]
    if row.requirements:
        links.append(views.Link(text=w.say("Requirements"), href="#reqs"))
    return (*links, views.Link(text=w.say("Run it again"), href="#again"))


def _rail_of_exchange(desk: Desk, x: views.ExchangeView) -> tuple[views.Link, ...]:
    w = desk.words
    links = [views.Link(text=m.title, href=f"#{m.anchor}") for m in x.messages]
    if x.tls:
        links.append(views.Link(text="TLS", href="#tls"))
    if any(m.assertions for m in x.messages):
        links.insert(0, views.Link(text=w.say("SAML assertions"), href="#saml"))
    return tuple(links)


def _shell(desk: Desk, name: str, template: str, title: str, rail: tuple[views.Link, ...]) -> views.Shell:
    w, run = desk.words, desk.run
    other = next(language for language in LANGUAGES if language != w.lang)
    root = "../" if "/" in name else ""
    return views.Shell(
        lang=w.lang,
        other_lang=other,
        other_href=root + page_file(name, other),
        root=root,
        home=root + page_file("index", w.lang),
        requirements=root + page_file("requirements", w.lang),
        title=title,
        current=template.removesuffix(".html"),
        identity=(
            views.Fact(name=w.say("System"), value=system_name(desk)),
            views.Fact(name=w.say("Role"), value=", ".join(desk.actor(a) for a in run.sut_actors)),
            views.Fact(name=w.say("Run"), value=run.id, code=True),
            views.Fact(name=w.say("Kind"), value=kind_word(desk)),
        ),
        rail=rail,
        # Stands inside a style sheet, where HTML escaping does not protect: letters, digits and hyphens only.
        print_foot=slug(run.id),
        version=run.environment.harness,
    )


def _write(folder: Path, environment: Environment, desk: Desk, page: Page) -> None:
    name, template, title, view, rail = page
    shell = _shell(desk, name, template, title, rail)
    text = environment.get_template(template).render(shell=shell, v=view, _=desk.words.say)
    path = folder / page_file(name, desk.words.lang)
    path.write_bytes(visible(text).encode("utf-8", "backslashreplace") + b"\n")
