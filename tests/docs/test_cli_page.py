"""docs/cli.md holds the help texts the command line really prints. Written anew with HARNESS_UPDATE_GOLDEN=1."""

import os
from collections.abc import Iterator
from pathlib import Path

import typer
from typer.testing import CliRunner

from harness.cli import app

PAGE = Path(__file__).resolve().parents[2] / "docs" / "cli.md"
WIDTH = 100
HEAD = """# Command line

What `harness` and its commands print with `--help`. Results go to standard output or `--output`, progress and messages to
standard error; the exit status is explained in the [user guide](user-guide.md). This page is compared with the
real output by a test.
"""


def help_of(*command: str) -> str:
    """What `harness COMMAND --help` prints, at a fixed width."""
    result = CliRunner().invoke(app, [*command, "--help"], prog_name="harness", terminal_width=WIDTH)
    assert result.exit_code == 0, result.output
    return "\n".join(line.rstrip() for line in result.output.strip().splitlines())


def commands(group: typer.core.TyperGroup) -> Iterator[tuple[str, ...]]:
    """Every command as its words, a group before its own."""
    for name, command in group.commands.items():
        yield (name,)
        if isinstance(command, typer.core.TyperGroup):
            yield from ((name, *words) for words in commands(command))


def page() -> str:
    """The whole page as it should be."""
    group = typer.main.get_command(app)
    assert isinstance(group, typer.core.TyperGroup)
    parts = [HEAD, f"## harness\n\n```\n{help_of()}\n```\n"]
    parts += [f"## harness {' '.join(words)}\n\n```\n{help_of(*words)}\n```\n" for words in commands(group)]
    return "\n".join(parts)


def test_the_command_line_page_is_what_the_commands_print() -> None:
    if os.environ.get("HARNESS_UPDATE_GOLDEN") == "1":
        PAGE.write_text(page(), encoding="utf-8")
    assert PAGE.read_text(encoding="utf-8") == page(), "docs/cli.md is old; write it anew with HARNESS_UPDATE_GOLDEN=1"


def test_every_command_says_what_it_does() -> None:
    text = page()
    assert text.count("\n## harness ") >= 9
    assert "Run scenarios against a system" in text
