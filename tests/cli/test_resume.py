"""A run that is interrupted or killed loses nothing that had been answered, and is continued."""

import json
import os
import signal
import ssl
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.store import read_events
from tests.cli.cli_support import Invoke, await_, command, environment
from tests.cli.tiny_sut import TinySut, fault, garbage, write_scenario


class Held:
    """A SUT that answers the first request, and holds each later one until it may answer."""

    def __init__(self) -> None:
        self.holding = threading.Event()
        self.may_answer = threading.Event()
        self.sut = TinySut(self)

    def __call__(self, connection: ssl.SSLSocket) -> None:
        if self.sut.asked > 1:
            self.holding.set()
            self.may_answer.wait(20)
        (garbage if self.sut.asked % 2 else fault)(connection)


@pytest.fixture
def held() -> Iterator[Held]:
    held = Held()
    with held.sut:
        yield held
        held.may_answer.set()


def start(folder: Path, held: Held) -> "subprocess.Popen[bytes]":
    """A run of three scenarios that hangs in the second; in a process group of its own, like a terminal's job."""
    scenarios = folder / "mine"
    scenarios.mkdir()
    for number in (1, 2, 3):
        write_scenario(scenarios, f"MY-A-00{number}")
    sut = held.sut.write_sut(folder, answer_within="30s")
    child = subprocess.Popen(
        command("run", "mine", "--sut", sut.name, "--out", "run"),
        cwd=folder,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    await_(held.holding.is_set, "the second row")
    return child


def rows(folder: Path) -> dict[str, tuple[str, str]]:
    record = json.loads((folder / "run" / "run.json").read_bytes())
    return {row["id"]: (row["state"], row["verdict"]) for row in record["scenarios"]}


def test_ctrl_c_ends_with_130_and_the_run_is_continued(invoke: Invoke, tmp_path: Path, held: Held) -> None:
    child = start(tmp_path, held)
    os.killpg(child.pid, signal.SIGINT)
    output, _ = child.communicate(timeout=20)
    said = output.decode()
    assert child.returncode == 130, said
    assert "Traceback" not in said
    assert f"harness run --resume {tmp_path / 'run'}" in said
    assert Path(said.splitlines()[-1]).is_file()
    assert json.loads((tmp_path / "run" / "run.json").read_bytes())["state"] == "aborted"
    before = rows(tmp_path)
    assert {name: verdict for name, (_, verdict) in before.items()} == {
        "MY-A-001": "fail",
        "MY-A-002": "not_run",
        "MY-A-003": "not_run",
    }

    held.may_answer.set()
    result = invoke("run", "--resume", "run")
    assert result.exit_code == 1, result.stderr
    assert json.loads((tmp_path / "run" / "run.json").read_bytes())["state"] == "done"
    after = rows(tmp_path)
    assert after["MY-A-001"] == before["MY-A-001"]
    assert {state for state, _ in after.values()} == {"done"}
    assert held.sut.asked == 4, "the first row is not asked again, the second is"


def test_killed_run_keeps_what_was_answered_and_is_continued(invoke: Invoke, tmp_path: Path, held: Held) -> None:
    child = start(tmp_path, held)
    os.killpg(child.pid, signal.SIGKILL)
    child.communicate(timeout=20)
    assert not (tmp_path / "run" / "run.json").exists()
    done = [e["row"] for e in read_events(tmp_path / "run") if e["event"] == "row-done"]
    assert done == ["MY-A-001"]
    refused = invoke("report", "run")
    assert refused.exit_code == 2
    assert "--resume" in refused.stderr

    held.may_answer.set()
    result = invoke("run", "--resume", "run")
    assert result.exit_code == 1, result.stderr
    assert {state for state, _ in rows(tmp_path).values()} == {"done"}
    assert held.sut.asked == 4


def test_resumed_run_may_not_change_its_system(invoke: Invoke, tmp_path: Path) -> None:
    with TinySut(garbage) as sut:
        scenario = write_scenario(tmp_path, "MY-A-001")
        assert invoke("run", scenario, "--sut", sut.write_sut(tmp_path), "--out", "run").exit_code == 1
    result = invoke("run", "--resume", "run", "--fault", "xcpd.target-message.wrong")
    assert result.exit_code == 2
    assert "--fault" in result.stderr
