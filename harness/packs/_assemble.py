"""The files of a library put together: what may be named (the catalogue), and the scenarios that name it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from harness.errors import Mark, Problem
from harness.model import Deviation, Level, Localized, Requirement, Scenario, Temperament
from harness.packs import _forms_catalogue as catalogue_forms
from harness.packs._catalogue import Alteration, Catalogue, Fragment
from harness.packs._convert import scenario_of
from harness.packs._fields import nearest
from harness.packs._files import FORMS, SourceFile
from harness.packs._forms import FragmentForm, ScenarioForm
from harness.packs._forms_temperament import temperament_of
from harness.packs._nodes import Fields, Items
from harness.packs._populations import clinical_of, population_of
from harness.packs._references import follow_references, uses_of
from harness.packs._shape import mark_of, read_form
from harness.packs._walk import text, texts
from harness.packs._words import word_problems


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
    return tuple(scenario_of(form, f.tree, f.data, catalogue) for form, f in found), ()


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
    clinical, wrong = clinical_of(files, base.clinical)
    problems.extend(wrong)
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
            population, found = population_of(file, clinical)
            problems.extend(found)
            name = text(file.tree, "population")
            if population is not None and name is not None:
                problems.extend(_twice("population", name.text, name.at, seen))
                populations[name.text] = population
        elif file.kind in FORMS and file.kind not in ("scenario", "system", "sources", "terms", "temperament"):
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
        clinical=clinical,
    )
    # Last, because they name alterations of any file.
    extended = replace(extended, temperaments={**base.temperaments, **_temperaments(files, extended, seen, problems)})
    return extended, (*problems, *_dangling(files, extended))


def _temperaments(
    files: Sequence[SourceFile], known: Catalogue, seen: dict[str, Mark], problems: list[Problem]
) -> dict[str, Temperament]:
    temperaments: dict[str, Temperament] = {}
    for file in files:
        if file.kind != "temperament":
            continue
        temperament, found = temperament_of(file.tree, file.data, known)
        problems.extend(found)
        name = text(file.tree, "temperament")
        if temperament is not None and name is not None:
            problems.extend(_twice("temperament", name.text, name.at, seen))
            temperaments[name.text] = temperament
    return temperaments


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
    declared = tuple(e.key for e in outputs.entries) if isinstance(outputs, Fields) else ()
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
            unseen=item.unseen.localized() if item.unseen else None,
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
            requirements=item.requirements,
        )


def _dangling(files: Sequence[SourceFile], catalogue: Catalogue) -> Iterable[Problem]:
    for file in files:
        if file.kind not in ("deviations", "mutations", "faults"):
            continue
        listed = file.tree.get(file.kind)
        for node in listed.nodes if isinstance(listed, Items) else ():
            for leaf in texts(node, "requirements"):
                if leaf.text not in catalogue.requirements:
                    hint = nearest(leaf.text, tuple(catalogue.requirements))
                    yield Problem(code="E501", at=leaf.at, problem="unknown requirement", found=leaf.text, hint=hint)
