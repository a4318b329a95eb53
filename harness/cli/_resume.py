"""What a run was asked for, kept in its directory so that `--resume DIR` alone continues it."""

import json
from dataclasses import dataclass, replace
from pathlib import Path

from harness.cli._shared import cannot_write
from harness.errors import InputError, Problem

OPTIONS_FILE = "options.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOptions:
    """What the command line asked for."""

    targets: tuple[str, ...] = ()
    sut: Path | None = None
    statement: Path | None = None
    packs: tuple[Path, ...] = ()
    kind: str = "trial"
    out: Path | None = None
    resume: Path | None = None
    seed: int | None = None
    lang: str = "en"
    population: str | None = None
    documents: Path | None = None
    faults: tuple[str, ...] = ()
    verbose: bool = False


def keep_options(options: RunOptions, folder: Path) -> None:
    """Write what decides over the rows and the system into `folder`; paths become absolute."""
    content = {
        "targets": [_settled(target) for target in options.targets],
        "sut": _absolute(options.sut),
        "statement": _absolute(options.statement),
        "packs": [_settled(str(pack)) for pack in options.packs],
        "kind": options.kind,
        "seed": options.seed,
        "population": options.population and _settled(options.population),
        "documents": _absolute(options.documents),
        "faults": list(options.faults),
    }
    target = folder / OPTIONS_FILE
    try:
        target.write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    except OSError as exc:
        raise cannot_write("--out", target, exc) from exc


def with_kept_options(options: RunOptions) -> RunOptions:
    """`options` completed by what the run in `options.resume` was started with.

    Targets and packs that are given now win; the system and its faults may not change in the middle of a run.

    Raises:
        InputError: another system, other faults or documents are given than the run was started with; what was kept is
            damaged.
    """
    assert options.resume is not None
    path = options.resume / OPTIONS_FILE
    if not path.is_file():
        return options
    try:
        kept = json.loads(path.read_bytes())
        known = RunOptions(
            targets=tuple(kept["targets"]),
            sut=_path(kept["sut"]),
            statement=_path(kept.get("statement")),
            packs=tuple(Path(p) for p in kept["packs"]),
            kind=kept["kind"],
            seed=kept["seed"],
            population=kept.get("population"),
            documents=_path(kept["documents"]),
            faults=tuple(kept["faults"]),
        )
    except (ValueError, KeyError, TypeError) as exc:
        raise InputError(
            Problem(code="E913", option=str(path), problem="what the run was asked for is damaged")
        ) from exc
    _refuse_changes(options, known)
    return replace(
        options,
        targets=options.targets or known.targets,
        sut=known.sut,
        statement=known.statement,
        packs=options.packs or known.packs,
        kind=known.kind,
        seed=known.seed if options.seed is None else options.seed,
        population=known.population,
        documents=known.documents,
        faults=known.faults,
    )


def _refuse_changes(given: RunOptions, known: RunOptions) -> None:
    pairs = (
        ("--sut", _absolute(given.sut), _absolute(known.sut) or "the bundled reference system"),
        ("--statement", _absolute(given.statement), _absolute(known.statement) or "none"),
        ("--population", given.population and _settled(given.population), known.population or "default"),
        ("--documents", _absolute(given.documents), _absolute(known.documents) or "none"),
        ("--fault", ", ".join(given.faults) or None, ", ".join(known.faults) or "none"),
    )
    problems = [
        Problem(
            code="E903",
            option=option,
            problem="a resumed run goes on against what it was started with",
            expected=(before,),
            found=now,
        )
        for option, now, before in pairs
        if now is not None and now != before
    ]
    if problems:
        raise InputError(problems)


def _settled(target: str) -> str:
    return str(Path(target).absolute()) if Path(target).exists() else target


def _absolute(path: Path | None) -> str | None:
    return str(path.absolute()) if path is not None else None


def _path(text: str | None) -> Path | None:
    return Path(text) if text is not None else None
