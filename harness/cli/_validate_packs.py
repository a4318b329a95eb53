"""Which packs judge, when files of the operator's own are named beside packs or instead of them."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from harness.cli._packs import chosen_packs
from harness.errors import InputError, Problem
from harness.packs.artefacts import Pack, pack_of_files
from harness.store import DiskCache
from harness.validators import problems_in


def packs_of(
    packs: Sequence[Path], *, xsd: Sequence[Path], schematron: Sequence[Path], phase: str | None, cache: Path, lang: str
) -> tuple[Pack, ...]:
    """The packs in order of precedence.

    Files alone judge alone. With packs they stand in for these and the built-in one in their layer, and leave them the
    other layers.

    Raises:
        InputError: a pack is wrong, or a file does not compile, with every problem of the files.
    """
    files = [*xsd, *schematron]
    if not files:
        return chosen_packs(packs, lang)
    problems = [
        Problem(code="E918", option=option, problem="not a file of this kind", expected=(suffix,), found=str(path))
        for option, paths, suffix in (("--xsd", xsd, ".xsd"), ("--schematron", schematron, ".sch"))
        for path in paths
        if path.suffix.lower() != suffix
    ]
    if problems:
        raise InputError(problems)
    own = pack_of_files(files)
    if wrong := problems_in(own.artefacts, phase=phase, cache=DiskCache(cache)):
        raise InputError([_as_named(problem) for problem in wrong])
    return (own, *chosen_packs(packs, lang)) if packs else (own,)


def _as_named(problem: Problem) -> Problem:
    """`problem` with its file as seen from here, which is how the operator named it."""
    here = Path.cwd()
    if problem.at is None or not Path(problem.at.file).is_relative_to(here):
        return problem
    return replace(problem, at=replace(problem.at, file=str(Path(problem.at.file).relative_to(here))))
