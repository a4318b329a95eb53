"""The benchmark of an exchange runs and prints what its README says; what it measures is not asserted."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.exchange import Result, text_of

PROJECT = Path(__file__).resolve().parent.parent.parent
STAGES = ["build and sign", "network and answer", "parse and checks", "validation", "record"]


def measured(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, str(PROJECT / "benchmarks" / "exchange.py"), "--count", "3", "--warm-up", "1", *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.fixture(scope="module")
def result() -> dict[str, object]:
    done = measured("--json")
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


def test_json_names_ratio_and_stages(result: dict[str, object]) -> None:
    assert result["exchanges"] == 3
    stages = result["stages_ms"]
    assert isinstance(stages, dict)
    assert list(stages) == STAGES
    assert all(isinstance(ms, float) and ms > 0 for ms in stages.values())
    for name in ("ratio", "ratio_p10", "ratio_p90", "driven_ms", "bare_ms", "answer_ms"):
        value = result[name]
        assert isinstance(value, float)
        assert value > 0


def test_both_ways_carry_a_real_message(result: dict[str, object]) -> None:
    sizes = result["request_bytes"], result["response_bytes"]
    assert all(isinstance(size, int) and size > 2000 for size in sizes)


def test_text_shows_ratio_and_every_stage() -> None:
    shown = "\n".join(
        text_of(
            Result(
                exchanges=3,
                request_bytes=9000,
                response_bytes=4000,
                driven_ms=20.0,
                bare_ms=5.0,
                ratio=4.0,
                ratio_p10=3.5,
                ratio_p90=4.5,
                stages_ms=dict.fromkeys(STAGES, 4.0),
                answer_ms=1.0,
            )
        )
    )
    assert "ratio        4.00" in shown
    assert all(f"{name:<19}     4.00 ms  20.0%" in shown for name in STAGES)


def test_count_of_nothing_is_refused() -> None:
    done = measured("--count", "0")
    assert done.returncode == 2
    assert "--count" in done.stderr
