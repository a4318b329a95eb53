"""The load benchmark runs and prints what its README says; what it measures is not asserted."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parent.parent.parent


def measured(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, str(PROJECT / "benchmarks" / "peer_load.py"), "--rounds", "1", *arguments],
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


def test_peer_and_echo_are_loaded_by_one_and_by_several_clients() -> None:
    done = measured("--count", "6", "--clients", "1", "3", "--json")
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert [level["clients"] for level in result["levels"]] == [1, 3]
    assert result["request_bytes"] > 5000
    for level in result["levels"]:
        assert level["ratio"] > 0
        for side in ("peer", "echo"):
            load = level[side]
            assert load["per_second"] > 0
            assert 0 < load["p50_ms"] <= load["p95_ms"] <= load["p99_ms"]


@pytest.mark.parametrize("option", ["--count", "--clients", "--rounds"])
def test_nothing_to_do_is_refused(option: str) -> None:
    done = measured(option, "0")
    assert done.returncode == 2
    assert option in done.stderr
