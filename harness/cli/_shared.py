"""What several commands need: language, environment, how problems are printed."""

import os
import sys
from collections.abc import Iterable

from rich.console import Console

from harness.errors import InputError, Problem

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


def sut_environment() -> dict[str, str]:
    """Variables that `env:NAME` in a SUT file may name."""
    return dict(os.environ)


def print_problems(problems: Iterable[Problem]) -> None:
    """Every problem on a line of its own, on stderr."""
    for problem in problems:
        sys.stderr.write(f"{problem}\n")
