"""What several commands need: language, environment, how problems are printed."""

import difflib
import os
import sys
from collections.abc import Collection, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO

from rich.console import Console

from harness.errors import InputError, Problem

PASSED, FAILED, OPERATOR, UNDECIDED, INTERRUPTED = 0, 1, 2, 3, 130
"""Exit status of every command; the same numbers as those of a run (`harness.runner.exit_status`)."""

ERR = Console(stderr=True, highlight=False, soft_wrap=True)
"""Progress and messages; stdout is for results that other programs read."""


def language(given: str | None) -> str:
    """`en` or `fr`: the one asked for, else the one of the locale, else English.

    Raises:
        InputError: another language was asked for.
    """
    if given is not None:
        if given not in ("en", "fr"):
            raise InputError(
                Problem(code="E901", option="--lang", problem="unknown language", expected=("en", "fr"), found=given)
            )
        return given
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        value = os.environ.get(name, "")
        if value:
            return "fr" if value.lower().startswith("fr") else "en"
    return "en"


def utc_now() -> datetime:
    """The present instant, aware UTC."""
    return datetime.now(UTC)


def cache_folder() -> Path:
    """Where compiled schemas and added packs are kept between runs."""
    from harness import store  # --help needs none of the rooms below

    return store.cache_folder(os.environ, Path.home())


def sut_environment() -> dict[str, str]:
    """Variables that `env:NAME` in a SUT file may name."""
    return dict(os.environ)


def unknown_faults(given: Iterable[str], known: Collection[str]) -> list[Problem]:
    """A problem for each of `given` that is no declared fault of the bundled system, with the nearest as a hint."""
    problems = []
    for name in given:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f"did you mean {near[0]!r}?" if near else "see `harness reference-system --list-faults`"
            problems.append(Problem(code="E911", option="--fault", problem="unknown fault", found=name, hint=hint))
    return problems


def absent_folder(option: str, folder: Path | None) -> list[Problem]:
    """A problem when `folder` is given and is none."""
    if folder is None or folder.is_dir():
        return []
    return [Problem(code="E909", option=option, problem="no such folder", found=str(folder))]


def cannot_write(option: str, path: Path, exc: OSError) -> InputError:
    """What to raise when a file the operator asked for cannot be written."""
    why = (exc.strerror or type(exc).__name__).lower()
    return InputError(Problem(code="E912", option=option, problem=f"cannot be written: {why}", found=str(path)))


def colour_wanted(stream: TextIO) -> bool:
    """Whether `stream` is a terminal that shows colours, and the user has not declined them. Source: no-color.org."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def print_problems(problems: Iterable[Problem]) -> None:
    """Every problem on a line of its own, on stderr."""
    for problem in problems:
        sys.stderr.write(f"{problem}\n")
