"""One reference system and one finished run for all tests of the command line."""

import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.cli_support import PASSING, Finished, Invoke, await_, command, environment, invoke_command


@pytest.fixture
def invoke(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Invoke:
    """Runs the command in this process, in an empty folder."""
    monkeypatch.chdir(tmp_path)
    return invoke_command


@pytest.fixture(scope="session")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The SUT file of a reference system that runs as long as the tests."""
    folder = tmp_path_factory.mktemp("system")
    sut = folder / "sut.yaml"
    with (folder / "log").open("wb") as log:
        child = subprocess.Popen(
            command("reference-system", "--write-sut", sut), stdout=log, stderr=log, env=environment()
        )
        try:
            await_(sut.exists, "the reference system")
            yield sut
        finally:
            child.send_signal(signal.SIGINT)
            assert child.wait(timeout=20) == 0, (folder / "log").read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def finished(system: Path, tmp_path_factory: pytest.TempPathFactory) -> Finished:
    """One small run against the reference system; read it, do not change it."""
    out = tmp_path_factory.mktemp("finished") / "run"
    return Finished(invoke_command("run", "--sut", system, PASSING, "--out", out, "--verbose"), out)
