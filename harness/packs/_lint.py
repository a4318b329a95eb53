"""What `harness lint` says: all problems of files, and warnings about what is legal but probably not meant."""

from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

from harness.errors import Problem
from harness.packs._assemble import extend, scenarios_of
from harness.packs._catalogue import Catalogue
from harness.packs._fields import REFERENCE, nearest
from harness.packs._files import FORMS, SourceFile, read_files, yaml_files
from harness.packs._library import Library, scenario_twice, with_fragments
from harness.packs._nodes import Fields, Items, Node, Scalar
from harness.packs._references import follow_references
from harness.packs._shape import read_form
from harness.packs._statement import statement_form
from harness.packs._walk import all_steps, covers_of, field, text, texts

_READ_TEXTS = ("title", "description", "note", "stop", "explains", "text")


def lint(paths: Sequence[Path], library: Library, *, judged: Collection[str] | None = None) -> tuple[Problem, ...]:
    """All problems and warnings of the files (or of all YAML files of the folders) `paths`, sorted by position.

    `judged` are the ids of the requirements that some check can judge automatically; None leaves that warning out.
    Only problems of severity `error` make a file unusable. Never raises for what a file contains.
    """
    wanted = [p for path in paths for p in (yaml_files(path) if path.is_dir() else (path,))]
    files, problems = read_files(dict.fromkeys(wanted))
    # the files of the library are in its catalogue already and were found right when it was loaded
    outside = [f for f in files if not f.path.resolve().is_relative_to(library.root.resolve())]
    near = [p for p in with_fragments([f.path for f in outside]) if p not in wanted]
    catalogue, more = extend(library.catalogue, [*outside, *read_files(near)[0]])
    names = {f.name for f in files}
    _, wrong = scenarios_of(files, catalogue)
    found = [*problems, *(p for p in more if p.at and p.at.file in names), *wrong]
    for file in files:
        if file.kind == "system":
            found.extend(read_form(file.tree, FORMS["system"])[1])
        if file.kind == "claims":
            found.extend(p for p in statement_form(file)[1] if p not in found)
        if file in outside and file.kind == "scenario":
            found.extend(_known_elsewhere(file, library))
        found.extend(_warnings(file, catalogue, judged))
    return tuple(sorted(found, key=_position))


def _known_elsewhere(file: SourceFile, library: Library) -> Iterator[Problem]:
    leaf = text(file.tree, "scenario")
    first = next((s for s in library.scenarios if leaf and s.id == leaf.text), None)
    if leaf and first:
        yield scenario_twice(first, leaf.at)


def _position(problem: Problem) -> tuple[str, int, int, str, str]:
    at = problem.at
    place = (at.file, at.line, at.column) if at else ("", 0, 0)
    return (*place, problem.code, problem.problem)


def _warning(code: str, node: Node, text_: str, *, found: str | None = None, hint: str | None = None) -> Problem:
    return Problem(code=code, at=node.at, problem=text_, found=found, hint=hint, severity="warning")


def _warnings(file: SourceFile, catalogue: Catalogue, judged: Collection[str] | None) -> Iterator[Problem]:
    if file.kind not in ("population", "terms", "system", "claims", "sources", "deviations"):
        yield from _french(file.tree)
    if file.kind in ("scenario", "fragment"):
        yield from _unused(file, catalogue)
        yield from _requirements(file, catalogue, judged)
    if file.kind == "scenario":
        yield from _patient(file.tree, catalogue)


def _french(node: Node) -> Iterator[Problem]:
    if isinstance(node, Items):
        for item in node.nodes:
            yield from _french(item)
    for entry in node.entries if isinstance(node, Fields) else ():
        value = entry.node
        if entry.key in _READ_TEXTS and isinstance(value, Fields) and value.get("en") and not text(value, "fr"):
            yield _warning("W601", value, f"{entry.key!r} has no French text", hint="add fr: beside en:")
        elif entry.key in ("title", "description", "note", "stop") and isinstance(value, Scalar) and value.text:
            yield _warning("W601", value, f"{entry.key!r} has no French text", hint="write it as {en: …, fr: …}")
        elif entry.key not in ("with", "set", "given", "data"):
            yield from _french(value)


def _unused(file: SourceFile, catalogue: Catalogue) -> Iterator[Problem]:
    scope = follow_references(file.tree, catalogue)
    for name, at in scope.saved.items():
        if name not in scope.used:
            yield Problem(
                code="W603",
                at=at,
                problem=f"{name!r} is saved and never used",
                hint="use it or leave `save` out",
                severity="warning",
            )
    for leaf in texts(file.tree, "inputs"):
        if leaf.text not in scope.used:
            yield _warning("W607", leaf, f"input {leaf.text!r} is never used")


_DECIDING = frozenset({"expect", "check", "receive"})
"""Verbs whose own outcome decides the requirements they name."""


def _requirements(file: SourceFile, catalogue: Catalogue, judged: Collection[str] | None) -> Iterator[Problem]:
    steps = tuple(all_steps(file.tree.get("steps")))
    lists = [(texts(file.tree, "covers"), False), *((covers_of(s), s.verb in _DECIDING) for s in steps)]
    sut = text(field(file.tree, "applies"), "sut")
    role = "ncpeh-b" if sut and sut.text == "practitioner-software" else sut.text if sut else None
    for leaves, decided in lists:
        seen: set[str] = set()
        for leaf in leaves:
            requirement = catalogue.requirements.get(leaf.text)
            if leaf.text in seen:
                yield _warning("W608", leaf, f"{leaf.text} is named twice in one list")
            seen.add(leaf.text)
            if requirement is None:
                continue
            if role in ("ncpeh-a", "ncpeh-b") and requirement.actor not in (role, "both"):
                text_ = f"{leaf.text} is a requirement on {requirement.actor}, not on the system under test"
                yield _warning("W604", leaf, text_, found=role)
            if judged is not None and leaf.text not in judged and not decided:
                hint = "name it in `covers` of the `expect` or `check` that decides it"
                yield _warning("W602", leaf, f"no automatic check judges {leaf.text}", hint=hint)
    if file.kind == "scenario" and not any(leaves for leaves, _ in lists):
        yield _warning("W606", file.tree, "the scenario covers no requirement", hint="name them in `covers`")


def _patient(tree: Fields, catalogue: Catalogue) -> Iterator[Problem]:
    leaf = text(tree.get("given"), "patient")
    known = tuple(k for p in catalogue.populations.values() for k in p.patients)
    if leaf is not None and known and leaf.text not in known and not REFERENCE.fullmatch(leaf.text):
        hint = nearest(leaf.text, known) or "the SUT file has to name it"
        yield _warning("W605", leaf, "patient is in no population", found=leaf.text, hint=hint)
