"""`harness population`: writes the documents that population files describe; and which population a command uses."""

import sys
from pathlib import Path

from harness.cli._library import bundled_library
from harness.cli._shared import OPERATOR, PASSED, cannot_write
from harness.errors import InputError, Problem
from harness.model import Population
from harness.packs import bundled_data, load_description, load_population, terms_near
from harness.synthesis import make_documents

DEFAULT = "default"
_FOLDER = Path("scenarios") / "populations"


def population_file(given: str | None) -> Path:
    """The file of the population `given`: a path, or the name of a bundled one; the default one for None.

    Raises:
        InputError: neither.
    """
    name = given or DEFAULT
    if Path(name).is_file():
        return Path(name)
    known = tuple(sorted(bundled_library().populations))
    if name not in known:
        problem = "no such population"
        raise InputError(Problem(code="E910", option="--population", problem=problem, expected=known, found=name))
    return bundled_data() / _FOLDER / f"{name}.yaml"


def chosen_population(given: str | None) -> Population:
    """The population `given`, as `population_file` finds it.

    Raises:
        InputError: there is none, or its file cannot be used.
    """
    if given is None or given in bundled_library().populations:
        return bundled_library().populations[given or DEFAULT]
    return load_population(population_file(given))


def population_command(files: tuple[Path, ...], check: bool) -> int:
    """Write the documents of `files` beside them and print one line for each; with `check`, only compare."""
    stale = 0
    for file in files:
        description = load_description(file, terms_near(file, bundled_data() / _FOLDER))
        people = {d.key: d for d in description.population.documents}
        for made in make_documents(description):
            path = file.parent / made.path
            same = path.is_file() and path.read_bytes() == made.content
            stale += check and not same
            if not check and not same:
                _write(path, made.content)
            what = people[made.key]
            state = "unchanged" if same else "differs" if check else "written"
            line = f"{state:<9} {what.kind:<19} {what.level}  {what.patient:<19} {what.status:<10} {path}"
            sys.stdout.write(line + "\n")
    return OPERATOR if stale else PASSED


def _write(path: Path, content: bytes) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    except OSError as exc:
        raise cannot_write("FILE", path, exc) from exc
