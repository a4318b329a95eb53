"""The benchmark of `harness validate --jobs` runs, and compares what both gave."""

import json
import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]


def test_both_numbers_of_jobs_give_the_same_and_are_measured() -> None:
    done = subprocess.run(
        [
            sys.executable,
            str(PROJECT / "benchmarks" / "validate_jobs.py"),
            str(PROJECT / "tests" / "schemas" / "golden" / "ok"),
            "--rounds=1",
            "--json",
        ],
        capture_output=True,
        text=True,
        check=True,
        cwd=PROJECT,
    )
    result = json.loads(done.stdout)
    assert result["same_output"] is True
    assert result["documents"] == len(list((PROJECT / "tests" / "schemas" / "golden" / "ok").glob("*.xml")))
    assert result["ratio"] > 0
    assert result["several_cpu_s"] > 0
