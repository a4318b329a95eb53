"""How the tests of the command line call it: in this process where that is equal, else as a process of its own."""

import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from harness.cli import app

type Invoke = Callable[..., Result]
PASSING = "XCPD-A-NEG-005"
"""A bundled scenario of one exchange that the bundled system passes."""


def command(*arguments: object) -> list[str]:
    """The command line of a subprocess."""
    return [sys.executable, "-m", "harness", *map(str, arguments)]


def environment() -> dict[str, str]:
    """The environment of a subprocess, English whatever the machine's locale."""
    return {**os.environ, "LC_ALL": "C.UTF-8", "PYTHONUNBUFFERED": "1"}


def invoke_command(*arguments: object, input: bytes | None = None) -> Result:
    """What the command does in this process."""
    return CliRunner(env={"LC_ALL": "C.UTF-8"}).invoke(app, [str(a) for a in arguments], input=input)


@dataclass(frozen=True, slots=True)
class Finished:
    """A run that is over: what the command printed, and where it wrote."""

    result: Result
    out: Path


def await_(ready: Callable[[], bool], what: str, within_s: float = 30.0) -> None:
    """Return once `ready` says so; fails the test after `within_s`."""
    deadline = time.monotonic() + within_s
    while not ready():
        if time.monotonic() > deadline:
            pytest.fail(f"{what} was not ready within {within_s:g} s")
        time.sleep(0.02)
