"""The library of scenarios: everything below one folder, read, checked and cross-referenced; choosing from it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from harness.errors import InputError, Mark, Problem, ScenarioError
from harness.model import Deviation, Level, Localized, Population, Requirement, Scenario
from harness.packs import _forms_catalogue as catalogue_forms
from harness.packs._catalogue import Alteration, Catalogue, Fragment
from harness.packs._convert import scenario_of
from harness.packs._fields import nearest
from harness.packs._files import FORMS, SourceFile, read_files, yaml_files
from harness.packs._forms import FragmentForm, ScenarioForm
from harness.packs._nodes import Items, Scalar
from harness.packs._references import follow_references, uses_of
from harness.packs._shape import mark_of, read_form
from harness.packs._sut import population_of
from harness.packs._walk import text, texts
from harness.packs._words import word_problems


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


def select(library: Library, arguments: Sequence[str]) -> tuple[Scenario, ...]:
    """The scenarios that `arguments` name, each once, in the order of the library; all of them without arguments.

    Each argument is tried as a path (a file or a folder, outside of the library too), then as a scenario id, then as a
    tag. Scenarios from outside come after those of the library, in the order of their paths.

    Raises:
        InputError: an argument names nothing, with the nearest id or tag as a hint.
        ScenarioError: a file from outside is wrong.
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
    return own + (load_scenarios(tuple(outside), library) if outside else ())


def load_scenarios(paths: Sequence[Path], library: Library) -> tuple[Scenario, ...]:
    """The scenarios in the files `paths`, which may use what the library offers and the fragments in their own folders.

    Raises:
        ScenarioError: with every problem of every file.
    """
    files, problems = read_files(_with_fragments(paths))
    catalogue, found = extend(library.catalogue, files)
    scenarios, more = scenarios_of(files, catalogue)
    again = scenarios_twice(scenarios, library)
    if problems or found or more or again:
        raise ScenarioError((*problems, *found, *more, *again))
    return scenarios


def _located(library: Library, scenario: Scenario) -> Path:
    return (library.root.parent / scenario.at.file).resolve()


def _scenario_paths(path: Path) -> tuple[Path, ...]:
    if path.is_file():
        return (path.resolve(),)
    if not path.is_dir():
        return ()
    return tuple(p.resolve() for p in yaml_files(path) if b"scenario:" in p.read_bytes())


def _with_fragments(paths: Sequence[Path]) -> tuple[Path, ...]:
    folders = dict.fromkeys(p.parent for p in paths)
    near = (p for folder in folders for p in (*folder.glob("fragments/*.yaml"), *folder.glob("*.yaml")))
    fragments = (p for p in near if b"fragment:" in p.read_bytes() and b"scenario:" not in p.read_bytes())
    return tuple(dict.fromkeys((*paths, *sorted(fragments))))


def scenarios_twice(scenarios: Iterable[Scenario], library: Library) -> tuple[Problem, ...]:
    """A problem for each of `scenarios` whose id the library has already."""
    known = {s.id: s.at for s in library.scenarios}
    return tuple(
        Problem(
            code="E211",
            at=s.at,
            problem=f"scenario {s.id!r} is given twice",
            hint=f"first given in {known[s.id].file}, line {known[s.id].line}",
        )
        for s in scenarios
        if s.id in known
    )


def scenarios_of(files: Sequence[SourceFile], catalogue: Catalogue) -> tuple[tuple[Scenario, ...], tuple[Problem, ...]]:
    """The scenarios among `files`, or none of them and all the problems of scenarios and fragments."""
    problems: list[Problem] = []
    found: list[tuple[ScenarioForm, SourceFile]] = []
    ids: dict[str, Mark] = {}
    for file in files:
        if file.kind not in ("scenario", "fragment"):
            continue
        form, shape = read_form(file.tree, ScenarioForm if file.kind == "scenario" else FragmentForm)
        problems.extend(shape)
        problems.extend(word_problems(file.tree, catalogue))
        problems.extend(follow_references(file.tree, catalogue).problems)
        if isinstance(form, ScenarioForm):
            found.append((form, file))
            problems.extend(_twice("scenario", form.scenario, mark_of(file.tree, "scenario"), ids))
    if problems:
        return (), tuple(problems)
    return tuple(scenario_of(form, f.tree, f.data, catalogue.fragments) for form, f in found), ()


def _twice(what: str, name: str, at: Mark, seen: dict[str, Mark]) -> tuple[Problem, ...]:
    first = seen.setdefault(name, at)
    if first is at:
        return ()
    hint = f"first given in {first.file}, line {first.line}"
    return (Problem(code="E211", at=at, problem=f"{what} {name!r} is given twice", hint=hint),)


def extend(base: Catalogue, files: Sequence[SourceFile]) -> tuple[Catalogue, tuple[Problem, ...]]:
    """`base` with what the catalogue, population and fragment files among `files` add, and their problems."""
    problems: list[Problem] = []
    seen: dict[str, Mark] = {}
    sources = _sources(files, problems)
    requirements = dict(base.requirements)
    groups = dict(base.groups)
    deviations = dict(base.deviations)
    alterations = {"mutations": dict(base.mutations), "faults": dict(base.faults)}
    fragments = dict(base.fragments)
    populations = dict(base.populations)
    for file in files:
        if file.kind == "fragment":
            _add_fragment(file, fragments, seen, problems)
        elif file.kind == "population":
            population, found = population_of(file)
            problems.extend(found)
            name = text(file.tree, "population")
            if population is not None and name is not None:
                problems.extend(_twice("population", name.text, name.at, seen))
                populations[name.text] = population
        elif file.kind in FORMS and file.kind not in ("scenario", "system", "sources"):
            form, found = read_form(file.tree, FORMS[file.kind])
            problems.extend(found)
            match form:
                case catalogue_forms.RequirementsForm():
                    groups[form.prefix] = form.title.localized()
                    _add_requirements(form, file, sources, requirements, seen, problems)
                case catalogue_forms.DeviationsForm():
                    for d in form.deviations:
                        deviations[d.id] = Deviation(
                            id=d.id,
                            requirements=d.requirements,
                            seen_in=d.seen_in,
                            text=d.text,
                            treatment=d.treatment,
                        )
                case catalogue_forms.MutationsForm():
                    _add_alterations(form.mutations, file, alterations["mutations"], seen, problems)
                case catalogue_forms.FaultsForm():
                    _add_alterations(form.faults, file, alterations["faults"], seen, problems)
    extended = replace(
        base,
        requirements=requirements,
        groups=groups,
        deviations=deviations,
        mutations=alterations["mutations"],
        faults=alterations["faults"],
        fragments=fragments,
        populations=populations,
    )
    return extended, (*problems, *_dangling(files, extended))


def _sources(files: Sequence[SourceFile], problems: list[Problem]) -> dict[str, str]:
    sources: dict[str, str] = {}
    for file in files:
        if file.kind == "sources":
            form, found = read_form(file.tree, catalogue_forms.SourcesForm)
            problems.extend(found)
            sources.update(form.sources if form else {})
    return sources


def _add_fragment(
    file: SourceFile, fragments: dict[str, Fragment], seen: dict[str, Mark], problems: list[Problem]
) -> None:
    name = text(file.tree, "fragment")
    if name is None:
        return
    problems.extend(_twice("fragment", name.text, name.at, seen))
    form, _ = read_form(file.tree, FragmentForm)
    outputs = file.tree.get("outputs")
    declared = (
        tuple(e.key for e in outputs.entries) if outputs is not None and not isinstance(outputs, Items | Scalar) else ()
    )
    fragments[name.text] = Fragment(
        name=name.text,
        title=form.title.localized() if form else Localized(en=name.text),
        inputs=tuple(leaf.text for leaf in texts(file.tree, "inputs")),
        outputs=declared,
        uses=uses_of(file.tree),
        source=file.data,
        tree=file.tree,
    )


def _add_requirements(
    form: catalogue_forms.RequirementsForm,
    file: SourceFile,
    sources: Mapping[str, str],
    requirements: dict[str, Requirement],
    seen: dict[str, Mark],
    problems: list[Problem],
) -> None:
    for i, item in enumerate(form.items):
        problems.extend(_twice("requirement", item.id, mark_of(file.tree, "items", i, "id"), seen))
        for j, key in enumerate(item.sources):
            if key not in sources:
                at = mark_of(file.tree, "items", i, "sources", j)
                hint = nearest(key, tuple(sources))
                problems.append(Problem(code="E505", at=at, problem="unknown source key", found=key, hint=hint))
        requirements[item.id] = Requirement(
            id=item.id,
            text=item.text.localized(),
            level=Level(item.level),
            actor=item.actor,
            group=form.prefix,
            transaction=item.transaction,
            sources=tuple(sources.get(key, key) for key in item.sources),
            inferred=item.inferred,
            check=item.check,
            negative=item.negative,
        )


def _add_alterations(
    items: Iterable[catalogue_forms.AlterationForm],
    file: SourceFile,
    known: dict[str, Alteration],
    seen: dict[str, Mark],
    problems: list[Problem],
) -> None:
    for i, item in enumerate(items):
        at = mark_of(file.tree, file.kind, i, "name")
        problems.extend(_twice("alteration", item.name, at, seen))
        known[item.name] = Alteration(
            name=item.name,
            title=item.title.localized(),
            explains=item.explains.localized(),
            transactions=item.transactions,
            conformant=item.conformant,
            at=at,
        )


def _dangling(files: Sequence[SourceFile], catalogue: Catalogue) -> Iterable[Problem]:
    for file in files:
        if file.kind != "deviations":
            continue
        listed = file.tree.get("deviations")
        for node in listed.nodes if isinstance(listed, Items) else ():
            for leaf in texts(node, "requirements"):
                if leaf.text not in catalogue.requirements:
                    hint = nearest(leaf.text, tuple(catalogue.requirements))
                    yield Problem(code="E501", at=leaf.at, problem="unknown requirement", found=leaf.text, hint=hint)
