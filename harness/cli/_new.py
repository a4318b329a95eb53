"""`harness new scenario`: a first draft from answers, given as options or asked for on a terminal."""

import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from harness.cli._library import bundled_library
from harness.cli._look import judged_ids
from harness.cli._shared import ERR, OPERATOR, PASSED, cannot_write
from harness.cli._words import word
from harness.errors import InputError, Problem
from harness.model import TRANSACTIONS
from harness.packs import Alteration, Answers, Library, draft, lint

ACTORS = ("ncpeh-a", "ncpeh-b")
_ID = re.compile(r"[A-Z][A-Z0-9]*(?:-[A-Z0-9]+)*")
_DRAFTED = ("ITI-55", "ITI-38", "ITI-39", "ITI-41")


@dataclass(frozen=True, slots=True, kw_only=True)
class NewOptions:
    """What the command line said; None was not said."""

    id: str | None = None
    sut: str | None = None
    transaction: str | None = None
    alteration: str | None = None
    covers: tuple[str, ...] = ()
    title_en: str | None = None
    title_fr: str | None = None
    folder: Path = Path("scenarios")
    lang: str = "en"


def new_command(options: NewOptions) -> int:
    """Write the draft, print its path; 2 when something is missing or lint finds an error in it."""
    library = bundled_library()
    answers = _answers(options if _complete(options) or not sys.stdin.isatty() else _asked(options), library)
    path = options.folder / f"{answers.id.lower()}.yaml"
    if path.exists():
        raise InputError(Problem(code="E923", option="ID", problem="there is a file of this name", found=str(path)))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(draft(answers), encoding="utf-8")
    except OSError as exc:
        raise cannot_write("--folder", path, exc) from exc
    problems = lint([path], library, judged=judged_ids())
    for problem in problems:
        ERR.print(str(problem), markup=False, soft_wrap=True)
    sys.stdout.write(f"{path}\n")
    return OPERATOR if any(p.severity == "error" for p in problems) else PASSED


def _complete(options: NewOptions) -> bool:
    return None not in (options.id, options.sut, options.transaction, options.title_en, options.title_fr)


def _asked(options: NewOptions) -> NewOptions:
    """`options` with what is missing asked for."""

    def ask(name: str, given: str | None) -> str:
        if given is not None:
            return given
        ERR.print(f"{word(f'new-{name}', options.lang)} ", end="", markup=False)
        return sys.stdin.readline().strip()

    return replace(
        options,
        id=ask("id", options.id),
        sut=ask("sut", options.sut),
        transaction=ask("transaction", options.transaction),
        alteration=ask("alteration", options.alteration),
        covers=options.covers or tuple(ask("covers", None).replace(",", " ").split()),
        title_en=ask("title-en", options.title_en),
        title_fr=ask("title-fr", options.title_fr),
    )


def _answers(options: NewOptions, library: Library) -> Answers:
    """The answers, each one known to the library.

    Raises:
        InputError: with every answer that is missing or unknown.
    """
    problems: list[Problem] = []

    def of(option: str, value: str | None, known: tuple[str, ...] = ()) -> str:
        if not value:
            problems.append(Problem(code="E923", option=option, problem="is missing", expected=known))
        elif known and value not in known:
            problems.append(Problem(code="E923", option=option, problem="unknown", expected=known, found=value))
        return value or ""

    if options.id and not _ID.fullmatch(options.id):
        form = "upper-case words and digits joined by -, like MY-A-NEG-001"
        problems.append(Problem(code="E923", option="ID", problem="badly formed", expected=(form,), found=options.id))
    if any(s.id == options.id for s in library.scenarios):
        problems.append(Problem(code="E923", option="ID", problem="is taken by a bundled scenario", found=options.id))
    sut = of("--sut", options.sut, ACTORS)
    transaction = of("--transaction", options.transaction, _DRAFTED)
    found = _alteration(options, library, sut, transaction, problems.append)
    for requirement in options.covers:
        if requirement not in library.requirements:
            problems.append(Problem(code="E923", option="--cover", problem="unknown requirement", found=requirement))
    answers = Answers(
        id=of("ID", options.id),
        title_en=of("--title-en", options.title_en),
        title_fr=of("--title-fr", options.title_fr),
        sut=sut,
        transaction=transaction,
        alteration=found.name if found else "",
        conformant=found is None or found.conformant,
        covers=options.covers,
    )
    if problems:
        raise InputError(problems)
    return answers


def _alteration(
    options: NewOptions, library: Library, sut: str, transaction: str, wrong: Callable[[Problem], None]
) -> Alteration | None:
    if not options.alteration:
        return None
    catalogue = library.catalogue
    known: Mapping[str, Alteration] = catalogue.mutations if sut == "ncpeh-a" else catalogue.faults
    found = known.get(options.alteration)
    if found is None or (transaction in TRANSACTIONS and transaction not in found.transactions):
        fitting = tuple(sorted(name for name, a in known.items() if transaction in a.transactions))
        wrong(
            Problem(
                code="E923",
                option="--alter",
                problem=f"no alteration of {transaction or 'this transaction'} of this name",
                expected=fitting[:12],
                found=options.alteration,
                hint=f"harness explain shows each; {len(fitting)} are known here",
            )
        )
    return found
