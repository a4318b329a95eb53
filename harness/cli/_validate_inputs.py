"""What `harness validate` is given: which documents, where their results go, which kinds can be asked for."""

import difflib
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase
from pathlib import Path, PurePath

from harness.cli._validate_judge import Source, Task, read_file, read_stream
from harness.errors import InputError, Problem
from harness.model import OBJECT_VALIDATORS
from harness.packs.artefacts import Pack
from harness.validators import CDA_KINDS

STDIN = Path("-")


def absent_files(files: Sequence[Path]) -> list[Problem]:
    """A problem for each of `files` that is neither there nor `-`."""
    return [
        Problem(code="E909", option="FILE", problem="no such file or folder", found=str(path))
        for path in files
        if path != STDIN and not path.exists()
    ]


def tasks_of(files: Sequence[Path], output: Path | None, max_bytes: int) -> tuple[Task, ...]:
    """The documents of `files` in order, folders searched for `*.xml`, each with the name of its result.

    Standard input and pipes are read here, once. Results of a folder repeat its tree; equal names are numbered.

    Raises:
        InputError: there is none.
    """
    found = list(_found(files))
    if not found:
        raise InputError(
            Problem(code="E914", option="FILE", problem="nothing to validate", expected=("*.xml files in the folder",))
        )
    tasks = [Task(number=number, path=path, held=_held(path, max_bytes)) for number, (path, _) in enumerate(found)]
    if output is None:
        return tuple(tasks)
    if not is_folder(files, output):
        return (replace(tasks[0], page=output.stem, first_page=output.name),)
    pages = _distinct([page for _, page in found])
    return tuple(replace(task, page=page) for task, page in zip(tasks, pages, strict=True))


def _held(path: Path, max_bytes: int) -> Source | None:
    """What can be read only once, and by this process only; None for a file."""
    if path == STDIN:
        return read_stream(sys.stdin.buffer, max_bytes)
    return None if path.is_file() else read_file(path, max_bytes)


def is_folder(files: Sequence[Path], output: Path) -> bool:
    """Whether `output` is to be a folder with a file for each input: more than one file, or any folder, was given."""
    return len(files) > 1 or any(path.is_dir() for path in files) or output.is_dir()


def _found(files: Sequence[Path]) -> Iterator[tuple[Path, PurePath]]:
    """Each document with the path of its result below the output folder."""
    folders = [path for path in files if path.is_dir()]
    for path in files:
        if path == STDIN:
            yield path, PurePath("stdin")
        elif path.is_dir():
            top = PurePath(path.resolve().name) if len(folders) > 1 else PurePath()
            for file in sorted(p for p in path.rglob("*.xml") if p.is_file()):
                yield file, top / file.relative_to(path)
        else:
            yield path, PurePath(path.name)


def _distinct(pages: Sequence[PurePath]) -> list[str]:
    taken: Counter[str] = Counter()
    names = {page.as_posix() for page in pages}
    distinct = []
    for page in (p.as_posix() for p in pages):
        taken[page] += 1
        name = page
        while taken[page] > 1 and (name := f"{page}-{taken[page]}") in names:
            taken[page] += 1
        distinct.append(name)
    return distinct


def unknown_choice(as_: str, packs: Sequence[Pack]) -> list[Problem]:
    """A problem when `as_` is neither `auto`, nor a kind that an artefact judges, nor a coordinate."""
    kinds, coordinates = choices(packs)
    if as_ == "auto" or as_ in coordinates or as_ in OBJECT_VALIDATORS:
        return []
    if as_ in kinds or (as_.startswith("message:") and any(fnmatchcase(as_, kind) for kind in kinds)):
        return []
    near = difflib.get_close_matches(as_, [*kinds, *coordinates, *OBJECT_VALIDATORS], n=1, cutoff=0.5)
    hint = (f"did you mean {near[0]!r}? " if near else "") + "`--as help` lists all"
    return [
        Problem(
            code="E915",
            option="--as",
            problem="unknown kind or coordinate",
            expected=("auto", "a kind", "a coordinate"),
            found=as_,
            hint=hint,
        )
    ]


def choices(packs: Sequence[Pack]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Kinds that the artefacts of `packs` judge (of messages also patterns, since any root may be one), and coordinates."""
    artefacts = [a for pack in packs for a in pack.artefacts]
    globs = {glob for a in artefacts for glob in a.applies}
    kinds = {kind for kind in CDA_KINDS if any(fnmatchcase(kind, glob) for glob in globs)}
    kinds |= {glob for glob in globs if not glob.startswith("cda:")}
    coordinates = {pack.coordinate for pack in packs} | {a.coordinate for a in artefacts}
    return tuple(sorted(kinds)), tuple(sorted(coordinates))
