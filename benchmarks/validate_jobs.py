"""`harness validate` on many documents: the throughput of several jobs beside that of one, in the same run.

    python benchmarks/validate_jobs.py FOLDER... --pack PACK       # 2 jobs against 1, three rounds
    python benchmarks/validate_jobs.py FOLDER --jobs 4 --json

The rounds alternate, and the best of each counts: another process on the machine can only make a round slower. The
schemas are in the cache after a round that is not measured. `machine_ratio` is what the machine makes of as many
processes that only count, in the same rounds: no ratio can be better for long, and on shared processors it is often far
from their number. The processor seconds of all processes say what the second job costs beside time.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path


def main() -> int:
    """Print both throughputs and their ratio."""
    arguments = _arguments()
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "HARNESS_CACHE": folder, "LC_ALL": "C.UTF-8"}
        command = [sys.executable, "-m", "harness", "validate", *map(str, arguments.folders), "--format", "json"]
        command += [part for pack in arguments.pack for part in ("--pack", str(pack))]
        documents = len(json.loads(_run(command, 1, environment)[2])["reports"])
        best: dict[int, tuple[float, float]] = {}
        outputs: dict[int, str] = {}
        machine = 0.0
        for _ in range(arguments.rounds):
            for jobs in (1, arguments.jobs):
                seconds, processor, outputs[jobs] = _run(command, jobs, environment)
                best[jobs] = min(best.get(jobs, (seconds, processor)), (seconds, processor))
            machine = max(machine, _machine_ratio(arguments.jobs))
    result = {
        "documents": documents,
        "jobs": arguments.jobs,
        "processors": len(os.sched_getaffinity(0)),
        "load_before": os.getloadavg()[0],
        "one_s": round(best[1][0], 2),
        "several_s": round(best[arguments.jobs][0], 2),
        "ratio": round(best[1][0] / best[arguments.jobs][0], 2),
        "machine_ratio": round(machine, 2),
        "one_cpu_s": round(best[1][1], 2),
        "several_cpu_s": round(best[arguments.jobs][1], 2),
        "same_output": _without_durations(outputs[1]) == _without_durations(outputs[arguments.jobs]),
    }
    print(json.dumps(result) if arguments.json else "\n".join(f"{name:14} {value}" for name, value in result.items()))
    return 0 if result["same_output"] else 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="throughput of several jobs beside one")
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--pack", action="append", type=Path, default=[])
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    return parser.parse_args()


def _run(command: list[str], jobs: int, environment: dict[str, str]) -> tuple[float, float, str]:
    """Seconds, processor seconds of all processes, and output of one call."""
    before, started = _processor_s(), time.perf_counter()
    done = subprocess.run([*command, "--jobs", str(jobs)], env=environment, capture_output=True, text=True, check=False)
    if done.returncode not in (0, 1, 3):
        raise SystemExit(done.stderr)
    return time.perf_counter() - started, _processor_s() - before, done.stdout


def _machine_ratio(jobs: int) -> float:
    """How much more `jobs` processes count than one in the same time."""
    return jobs * _counting_s(1) / _counting_s(jobs)


def _counting_s(processes: int) -> float:
    started = time.perf_counter()
    children = [
        subprocess.Popen([sys.executable, "-c", "sum(i * i for i in range(10_000_000))"]) for _ in range(processes)
    ]
    for child in children:
        child.wait()
    return time.perf_counter() - started


def _processor_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _without_durations(text: str) -> object:
    data = json.loads(text)
    for report in data["reports"]:
        for use in report["uses"]:
            del use["duration_s"]
    return data


if __name__ == "__main__":
    sys.exit(main())
