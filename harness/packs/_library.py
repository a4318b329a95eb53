"""The library of scenarios: everything below one folder, read, checked and cross-referenced; choosing from it."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.errors import InputError, Mark, Problem, ScenarioError
from harness.model import Population, Requirement, Scenario, Temperament
from harness.packs._assemble import extend, scenarios_of
from harness.packs._catalogue import Catalogue
from harness.packs._fields import nearest
from harness.packs._files import read_files, yaml_files
from harness.packs._forms_temperament import temperament_of
from harness.packs._populations import population_of

# cheaper than parsing every file of a folder to find the few fragments in it
_SHARED_KEY = re.compile(rb"^(fragment|temperament):", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Library:
    """All scenarios below `root`, in the order of their paths, and what they may name.

    `sources` holds the exact bytes of every scenario and fragment file by the name that marks give it.
    """

    root: Path
    scenarios: tuple[Scenario, ...]
    catalogue: Catalogue
    sources: Mapping[str, bytes]

    @property
    def requirements(self) -> Mapping[str, Requirement]:
        """The requirement catalogue by id."""
        return self.catalogue.requirements

    @property
    def populations(self) -> Mapping[str, Population]:
        """The synthetic populations by name."""
        return self.catalogue.populations

    @property
    def temperaments(self) -> Mapping[str, Temperament]:
        """The temperaments of our peers by name."""
        return self.catalogue.temperaments


def bundled_data() -> Path:
    """The folder that holds scenarios/, schemas/ and reports/: in the installed package, else the project's root."""
    package = Path(__file__).resolve().parent.parent
    installed = package / "_data"
    return installed if installed.is_dir() else package.parent


def load_library(root: Path) -> Library:
    """The library in `root` (a folder of YAML files, or one with a folder `scenarios` in it).

    Raises:
        ScenarioError: with every problem of every file.
    """
    folder = root / "scenarios" if (root / "scenarios").is_dir() else root
    files, problems = read_files(yaml_files(folder), lambda p: f"{folder.name}/{p.relative_to(folder).as_posix()}")
    catalogue, found = extend(Catalogue(), files)
    scenarios, more = scenarios_of(files, catalogue)
    if problems or found or more:
        raise ScenarioError((*problems, *found, *more))
    sources = {f.name: f.data for f in files if f.kind in ("scenario", "fragment")}
    return Library(root=folder, scenarios=scenarios, catalogue=catalogue, sources=sources)


def load_requirements(root: Path) -> Mapping[str, Requirement]:
    """The requirement catalogue in `root`, as `load_library` reads it, without the scenarios.

    Raises:
        ScenarioError: with every problem of every file.
    """
    folder = root / "scenarios" if (root / "scenarios").is_dir() else root
    paths = yaml_files(folder / "requirements")
    files, problems = read_files(paths, lambda p: f"{folder.name}/{p.relative_to(folder).as_posix()}")
    catalogue, found = extend(Catalogue(), files)
    if problems or found:
        raise ScenarioError((*problems, *found))
    return catalogue.requirements


def load_population(path: Path) -> Population:
    """The population file at `path`.

    Raises:
        ScenarioError: with every problem of the file.
    """
    files, problems = read_files([path])
    wrong = [
        Problem(code="E112", at=f.tree.at, problem="not a population file", expected=("population",), found=f.kind)
        for f in files
        if f.kind != "population"
    ]
    if problems or wrong:
        raise ScenarioError((*problems, *wrong))
    population, found = population_of(files[0])
    if population is None:
        raise ScenarioError(found)
    return population


def load_temperament(path: Path, library: Library) -> Temperament:
    """The temperament file at `path`, which may name the alterations of `library`.

    Raises:
        ScenarioError: with every problem of the file.
    """
    files, problems = read_files([path])
    problems += tuple(
        Problem(code="E112", at=f.tree.at, problem="not a temperament file", expected=("temperament",), found=f.kind)
        for f in files
        if f.kind != "temperament"
    )
    if problems:
        raise ScenarioError(problems)
    temperament, found = temperament_of(files[0].tree, files[0].data, library.catalogue)
    if temperament is None:
        raise ScenarioError(found)
    return temperament


def select(library: Library, arguments: Sequence[str]) -> tuple[Scenario, ...]:
    """The scenarios that `arguments` name, each once, in the order of the library; all of them without arguments.

    Each argument is tried as a path (a file or a folder, outside of the library too), then as a scenario id, then as a
    tag. Scenarios from outside come after those of the library, in the order of their paths. A copy of a library scenario
    may keep its id as long as both are not asked for at once.

    Raises:
        InputError: an argument names nothing, with the nearest id or tag as a hint.
        ScenarioError: a file from outside is wrong, or an id is asked for twice.
    """
    if not arguments:
        return library.scenarios
    inside = {_located(library, s): s for s in library.scenarios}
    by_id = {s.id: s for s in library.scenarios}
    tags = {t for s in library.scenarios for t in s.tags}
    chosen: set[str] = set()
    outside: dict[Path, None] = {}
    problems: list[Problem] = []
    for argument in arguments:
        paths = _scenario_paths(Path(argument))
        if paths:
            chosen.update(inside[p].id for p in paths if p in inside)
            outside.update(dict.fromkeys(p for p in paths if p not in inside))
        elif argument in by_id:
            chosen.add(argument)
        elif argument in tags:
            chosen.update(s.id for s in library.scenarios if argument in s.tags)
        else:
            hint = nearest(argument, (*by_id, *sorted(tags)))
            expected = ("a path, a scenario id or a tag",)
            problems.append(Problem(option=argument, problem="names no scenario", expected=expected, hint=hint))
    if problems:
        raise InputError(problems)
    own = tuple(s for s in library.scenarios if s.id in chosen)
    others = load_scenarios(tuple(outside), library) if outside else ()
    again = [scenario_twice(by_id[s.id], s.at) for s in others if s.id in chosen]
    if again:
        raise ScenarioError(again)
    return own + others


def load_scenarios(paths: Sequence[Path], library: Library) -> tuple[Scenario, ...]:
    """The scenarios in the files `paths`, which may use what the library offers and the fragments in their own folders.

    Raises:
        ScenarioError: with every problem of every file.
    """
    files, problems = read_files(with_fragments(paths))
    others = [f for f in files if f.path in paths and f.kind != "scenario"]
    problems += tuple(
        Problem(code="E112", at=f.tree.at, problem="not a scenario file", expected=("scenario",), found=f.kind)
        for f in others
    )
    if others:
        raise ScenarioError(problems)
    catalogue, found = extend(library.catalogue, files)
    scenarios, more = scenarios_of(files, catalogue)
    if problems or found or more:
        raise ScenarioError((*problems, *found, *more))
    return scenarios


def _located(library: Library, scenario: Scenario) -> Path:
    return (library.root.parent / scenario.at.file).resolve()


def _scenario_paths(path: Path) -> tuple[Path, ...]:
    try:
        if path.is_file():
            return (path.resolve(),)
        if not path.is_dir():
            return ()
        return tuple(p.resolve() for p in yaml_files(path) if b"scenario:" in p.read_bytes())
    except OSError:  # a name too long to be a path, or a file that may not be read
        return ()


def with_fragments(paths: Sequence[Path]) -> tuple[Path, ...]:
    """`paths` and the fragments and temperaments near them: in the same folder, or in `fragments/` beside it or a level up."""
    folders = dict.fromkeys(p.parent for p in paths)
    near = dict.fromkeys(
        p
        for folder in folders
        for p in (*folder.glob("*.yaml"), *folder.glob("fragments/*.yaml"), *folder.parent.glob("fragments/*.yaml"))
    )
    return (*dict.fromkeys(paths), *(p for p in sorted(near) if p not in paths and _is_shared(p)))


def _is_shared(path: Path) -> bool:
    try:
        return _SHARED_KEY.search(path.read_bytes()) is not None
    except OSError:
        return False


def scenario_twice(first: Scenario, at: Mark) -> Problem:
    """The id of `first` is taken again at `at`."""
    hint = f"first given in {first.at.file}, line {first.at.line}"
    return Problem(code="E211", at=at, problem=f"scenario {first.id!r} is given twice", hint=hint)
