"""Reading the files of a library: bytes, tree, kind; all problems of all files together."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from harness.errors import Mark, Problem
from harness.packs._fields import Form, nearest
from harness.packs._forms import FragmentForm, ScenarioForm
from harness.packs._forms_catalogue import DeviationsForm, FaultsForm, MutationsForm, RequirementsForm, SourcesForm
from harness.packs._forms_clinical import TermsForm
from harness.packs._forms_population import PopulationForm
from harness.packs._forms_statement import StatementForm
from harness.packs._forms_sut import SutForm
from harness.packs._nodes import MAX_FILE_BYTES, Fields, parse_yaml

FORMS: Mapping[str, type[Form]] = {
    "scenario": ScenarioForm,
    "fragment": FragmentForm,
    "population": PopulationForm,
    "terms": TermsForm,
    "requirements": RequirementsForm,
    "deviations": DeviationsForm,
    "sources": SourcesForm,
    "mutations": MutationsForm,
    "faults": FaultsForm,
    "claims": StatementForm,
    "system": SutForm,
}
"""The key that makes a file what it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceFile:
    """A YAML file that is a mapping; `kind` is a key of FORMS."""

    path: Path
    name: str
    data: bytes
    tree: Fields
    kind: str


def yaml_files(folder: Path) -> tuple[Path, ...]:
    """All `*.yaml` and `*.yml` files below `folder`, in stable order."""
    found = (p for p in folder.rglob("*") if p.suffix in (".yaml", ".yml") and p.is_file())
    return tuple(sorted(found, key=lambda p: p.relative_to(folder).as_posix()))


def read_files(
    paths: Iterable[Path], name_of: Callable[[Path], str] = str
) -> tuple[tuple[SourceFile, ...], tuple[Problem, ...]]:
    """What could be read, and the problems of what could not."""
    files: list[SourceFile] = []
    problems: list[Problem] = []
    for path in paths:
        file, found = read_file(path, name_of(path))
        problems.extend(found)
        if file is not None:
            files.append(file)
    return tuple(files), tuple(problems)


def read_file(path: Path, name: str) -> tuple[SourceFile | None, tuple[Problem, ...]]:
    """One file; `name` is used in marks. None when it is no mapping of a known kind."""
    start = Mark(file=name, line=1, column=1)
    try:
        with path.open("rb") as stream:
            data = stream.read(MAX_FILE_BYTES + 1)
    except OSError as exc:
        why = exc.strerror or "input/output error"
        return None, (Problem(code="E113", at=start, problem=f"cannot be read: {why.lower()}"),)
    tree, problems = parse_yaml(data, name)
    if tree is None:
        return None, problems
    if not isinstance(tree, Fields):
        return None, (*problems, Problem(code="E112", at=tree.at, problem="not a mapping", expected=tuple(FORMS)))
    keys = [e.key for e in tree.entries]
    # a statement names its system, too
    kind = next((k for k in keys if k in FORMS and (k != "system" or "claims" not in keys)), None)
    if kind is None:
        hint = next((h for k in keys if (h := nearest(k, tuple(FORMS)))), None)
        unknown = Problem(code="E112", at=start, problem="unknown kind of file", expected=tuple(FORMS), hint=hint)
        return None, (*problems, unknown)
    return SourceFile(path=path, name=name, data=data, tree=tree, kind=kind), problems
