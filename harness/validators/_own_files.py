"""Whether the schemas an operator wrote can be used at all, and where they are wrong: file, line and column.

What a publisher's schema lacks makes a verdict inconclusive; what the operator's own lacks, the operator can mend.
"""

import re
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from urllib.parse import unquote, urlsplit
from xml.sax.saxutils import quoteattr

from lxml import etree

from harness import safexml
from harness.errors import Mark, Problem, UnsupportedError, WireError
from harness.model import Layer
from harness.packs.artefacts import Artefact
from harness.validators._kinds import path_of
from harness.validators._positions import PositionIndex
from harness.validators.schematron import (
    CompileCache,
    EngineRefused,
    Pool,
    SaxonEngine,
    WorkerDied,
    free_variables,
    read_schema,
)

_CODE = "E919"
_SCH = "{http://purl.oclc.org/dsdl/schematron}"
_XSL = "http://www.w3.org/1999/XSL/Transform"
_EXPRESSIONS = {
    "assert": "test",
    "report": "test",
    "rule": "context",
    "let": "value",
    "value-of": "select",
    "name": "path",
}
_MAX_PROBLEMS = 20


def problems_in(artefacts: Sequence[Artefact], *, phase: str | None, cache: CompileCache) -> tuple[Problem, ...]:
    """What keeps `artefacts` from being used, none when all compile. Starts an engine process for Schematron and ends it."""
    problems: list[Problem] = []
    with closing(Pool(1)) as pool:
        engine = SaxonEngine(pool, cache)
        for artefact in artefacts:
            found = _of_xsd(artefact) if artefact.layer is Layer.XSD else _of_schematron(artefact, phase, engine)
            problems += list(found)[:_MAX_PROBLEMS]
    return tuple(problems)


def _of_xsd(artefact: Artefact) -> Iterator[Problem]:
    try:
        root = safexml.parse(artefact.path.read_bytes())
    except WireError as exc:
        yield _unreadable(artefact.path, exc)
        return
    missing = [_quoted(artefact.path, name, f"{name!r} is missing") for name in artefact.missing_includes]
    if missing:
        yield from missing
        return
    root.getroottree().docinfo.URL = artefact.path.as_uri()
    try:
        etree.XMLSchema(root.getroottree())
    except etree.XMLSchemaParseError as exc:
        if not exc.error_log:
            yield _at(artefact.path, 1, 1, str(exc))
        for entry in exc.error_log:
            file = Path(unquote(urlsplit(entry.filename or "").path) or artefact.path)
            yield _at(file, entry.line, entry.column or _first_tag(file, entry.line), entry.message or "")


def _of_schematron(artefact: Artefact, phase: str | None, engine: SaxonEngine) -> Iterator[Problem]:
    try:
        problems = engine.compiled(artefact, phase=phase or "#DEFAULT").problems
        if problems:
            yield from (_quoted(artefact.path, _token(text), text) for text in problems)
            return
        engine.prepare(artefact, phase=phase or "#DEFAULT")
    except WireError as exc:
        yield _unreadable(artefact.path, exc)
    except UnsupportedError as exc:
        yield Problem(code=_CODE, option="--phase", problem=str(exc))
    except EngineRefused as exc:
        yield from list(_wrong_expressions(artefact)) or [_at(artefact.path, 1, 1, str(exc))]
    except WorkerDied as exc:
        yield _at(artefact.path, 1, 1, str(exc))


def _wrong_expressions(artefact: Artefact) -> Iterator[Problem]:
    """Each expression of the schema compiled alone: the place of those that Saxon refuses."""
    schema = read_schema(artefact.path, artefact.root)
    namespaces = "".join(f" xmlns:{prefix}={quoteattr(uri)}" for prefix, uri in schema.namespaces if prefix)
    with closing(Pool(1)) as alone:
        for file in _files(artefact.path, set()):
            content = file.read_bytes()
            index = PositionIndex(content)
            for element in safexml.parse(content).iter(f"{_SCH}*"):
                name = _EXPRESSIONS.get(etree.QName(element).localname)
                expression = element.get(name) if name else None
                if not expression or _is_abstract(element):
                    continue
                why = _refusal(alone, expression, namespaces, "".join(schema.foreign), pattern=name == "context")
                if why:
                    place = index.find(f"{path_of(element)}/@{name}")
                    yield _at(file, place.line if place else 1, place.column if place else 1, why)


def _refusal(pool: Pool, expression: str, namespaces: str, foreign: str, *, pattern: bool) -> str:
    declared = "".join(f'<xsl:param name="{name}"/>' for name in sorted(free_variables(expression)))
    used = (
        f"<xsl:template match={quoteattr(expression)}/>"
        if pattern
        else f'<xsl:template name="x"><xsl:sequence select={quoteattr(expression)}/></xsl:template>'
    )
    xslt = f'<xsl:stylesheet version="3.0" xmlns:xsl="{_XSL}"{namespaces}>{declared}{foreign}{used}</xsl:stylesheet>'
    worker = pool.borrow()
    try:
        worker.ask({"do": "compile", "key": xslt, "xslt": xslt, "parameters": []})
    except EngineRefused as exc:
        return _without_our_place(str(exc))
    finally:
        pool.give_back(worker)
    return ""


def _without_our_place(refused: str) -> str:
    """What Saxon says from its error code on; before it stands a place in the style sheet that we made around it."""
    code = re.search(r"\b[A-Z]{4}\d{4}\b", refused)
    return refused[code.start() :] if code else refused


def _is_abstract(element: etree._Element) -> bool:
    """Whether parameters will still be put into it as text, so that it means nothing by itself."""
    return any(e.tag == f"{_SCH}pattern" and e.get("abstract") == "true" for e in element.iterancestors())


def _files(file: Path, seen: set[Path]) -> Iterator[Path]:
    if file in seen or not file.is_file():
        return
    seen.add(file)
    yield file
    for element in safexml.parse(file.read_bytes()).iter(f"{_SCH}include", f"{_SCH}extends"):
        if href := element.get("href", "").partition("#")[0]:
            yield from _files((file.parent / href).resolve(), seen)


def _unreadable(file: Path, error: WireError) -> Problem:
    return _at(file, error.line or 1, error.column or 1, error.problem)


def _quoted(file: Path, token: str, problem: str) -> Problem:
    """`problem` at the first place in `file` where `token` stands in quotes."""
    lines = file.read_text(encoding="utf-8", errors="replace").splitlines()
    for number, line in enumerate(lines, start=1):
        for quoted in (f'"{token}"', f"'{token}'"):
            if token and quoted in line:
                return _at(file, number, line.index(quoted) + 2, problem)
    return _at(file, 1, 1, problem)


def _token(problem: str) -> str:
    parts = problem.split("'")
    return parts[1] if len(parts) > 2 else ""


def _first_tag(file: Path, line: int) -> int:
    lines = file.read_text(encoding="utf-8", errors="replace").splitlines() if file.is_file() else []
    return lines[line - 1].find("<") + 1 if 0 < line <= len(lines) and "<" in lines[line - 1] else 1


def _at(file: Path, line: int, column: int, problem: str) -> Problem:
    return Problem(
        code=_CODE,
        at=Mark(file=str(file), line=line, column=column),
        problem=f"does not compile: {' '.join(problem.split())}",
    )
