"""Starting the bundled reference system as a process of its own, reached only through the SUT file it writes."""

import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from harness.errors import HarnessError

START_TIMEOUT_S = 30.0


@contextmanager
def bundled_system(
    folder: Path, *, faults: Sequence[str] = (), documents: Path | None = None, population: str | None = None
) -> Iterator[Path]:
    """The path of the SUT file of a freshly started reference system that plays both roles; it ends with the block.

    The child ends by itself when this process dies, because its standard input closes.

    Raises:
        HarnessError: it did not start; the text holds what it said.
    """
    sut_file = folder / "sut.yaml"
    command = [sys.executable, "-m", "harness", "reference-system", "--actor", "ncpeh-a", "--actor", "ncpeh-b"]
    command += ["--write-sut", str(sut_file), "--attached"]
    for fault in faults:
        command += ["--fault", fault]
    if documents is not None:
        command += ["--documents", str(documents)]
    if population is not None:
        command += ["--population", population]
    log_path = folder / "reference-system.log"
    with log_path.open("wb") as log:
        child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=log, stderr=subprocess.STDOUT)
        try:
            _await_file(child, sut_file, log_path)
            yield sut_file
        finally:
            if child.stdin is not None:
                child.stdin.close()
            try:
                child.wait(timeout=5)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()


def _await_file(child: subprocess.Popen[bytes], sut_file: Path, log_path: Path) -> None:
    deadline = time.monotonic() + START_TIMEOUT_S
    while not sut_file.exists():
        if child.poll() is not None or time.monotonic() > deadline:
            said = log_path.read_text(encoding="utf-8", errors="replace").strip()
            raise HarnessError(f"the bundled reference system did not start: {said or 'no message'}")
        time.sleep(0.02)
