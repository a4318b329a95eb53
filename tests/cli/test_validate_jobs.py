"""`harness validate` with several processes: same output, first results first, and nothing lost when one ends."""

import json
import multiprocessing
import os
import re
import signal
import subprocess
import time
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from harness.cli._validate_formats import FORMATS
from harness.cli._validate_inputs import tasks_of
from harness.cli._validate_jobs import Crew
from harness.cli._validate_judge import Settings
from harness.model import Company, Verdict
from harness.packs import bundled_data, packs_with_builtin
from harness.safexml import DEFAULT_LIMITS
from harness.validators import Engine
from tests.cli.cli_support import Invoke, command, environment

DOCUMENTS = bundled_data() / "scenarios" / "populations" / "documents"
GOOD = DOCUMENTS / "ps-nominal-3.xml"


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with documents of several kinds, good and bad, in an order that mixes them."""
    folder = tmp_path_factory.mktemp("many")
    good = GOOD.read_bytes()
    for number in range(6):
        (folder / f"{number}-good.xml").write_bytes(good)
        (folder / f"{number}-invalid.xml").write_bytes(good.replace(b"<title>", b"<titel>", 1))
        (folder / f"{number}-other.xml").write_bytes(b'<a xmlns="urn:example"/>')
    return folder


def settings(cache: Path) -> Settings:
    return Settings(
        packs=packs_with_builtin(()),
        engine=Engine.SAXON,
        as_="auto",
        phase=None,
        sparing=False,
        limits=DEFAULT_LIMITS,
        cache=cache,
        format="text",
        lang="en",
        colour=False,
        quiet=False,
        templates=bundled_data() / "reports",
        scenarios=bundled_data() / "scenarios",
        company=Company(now=datetime(2026, 3, 2, 10, 0, tzinfo=UTC)),
    )


def without_durations(text: str) -> str:
    return re.sub(r'"duration_s": [0-9.e-]+|time="[0-9.]+"', "", text)


@pytest.mark.parametrize("form", [name for name, form in FORMATS.items() if not form.one])
def test_output_is_the_same_whatever_the_number_of_jobs(invoke: Invoke, many: Path, form: str) -> None:
    one, two = (invoke("validate", many, "--format", form, "--jobs", jobs) for jobs in (1, 2))
    assert one.exit_code == two.exit_code == 1
    assert without_durations(one.stdout) == without_durations(two.stdout)
    places = [one.stdout.find(path.name) for path in sorted(many.iterdir())]
    assert -1 not in places
    assert places == sorted(places)


def test_process_that_ends_costs_its_document_and_nothing_else(many: Path, tmp_path: Path) -> None:
    tasks = tasks_of((many,), None, DEFAULT_LIMITS.max_bytes)
    with closing(Crew(1)) as crew:
        results = crew.judged(tasks, settings(tmp_path))
        verdicts = [next(results).verdict]
        (process,) = multiprocessing.active_children()
        assert process.pid is not None
        os.kill(process.pid, signal.SIGKILL)
        rest = list(results)
    verdicts += [done.verdict for done in rest]
    assert len(verdicts) == len(tasks)
    assert verdicts.count(Verdict.ERROR) == 1
    (lost,) = [done for done in rest if done.verdict is Verdict.ERROR]
    assert b"the process that judged it ended (status -9)" in lost.files[0][1]
    assert {Verdict.PASS, Verdict.FAIL, Verdict.INCONCLUSIVE} <= set(verdicts)


def test_processes_end_when_nobody_wants_the_rest(many: Path, tmp_path: Path) -> None:
    crew = Crew(2)
    next(crew.judged(tasks_of((many,), None, DEFAULT_LIMITS.max_bytes), settings(tmp_path)))
    assert len(multiprocessing.active_children()) == 2
    crew.close()
    assert not multiprocessing.active_children()


def test_interrupt_ends_soon_and_keeps_what_was_done(tmp_path: Path) -> None:
    folder = tmp_path / "long"
    folder.mkdir()
    for number in range(400):
        (folder / f"{number:03}.xml").write_bytes(GOOD.read_bytes())
    child = subprocess.Popen(
        command("validate", folder, "--format", "json"),
        bufsize=0,  # what is read ahead by line would be lost to `communicate`
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**environment(), "HARNESS_CACHE": str(tmp_path / "cache")},
    )
    assert child.stdout is not None
    begun = child.stdout.readline() + child.stdout.readline()  # the first result is out while the last is not begun
    child.send_signal(signal.SIGINT)
    sent = time.monotonic()
    rest, told = child.communicate(timeout=20)
    assert time.monotonic() - sent < 5
    assert child.returncode == 130
    batch = json.loads(begun + rest)
    assert batch["complete"] is False
    assert 0 < len(batch["reports"]) < 400
    assert f"{len(batch['reports'])} documents" in told.decode()
    assert not running_with(str(tmp_path / "cache"))


def running_with(text: str) -> list[str]:
    """Processes that have `text` in their environment."""
    found = []
    for folder in Path("/proc").iterdir():
        try:
            if folder.name.isdigit() and text.encode() in (folder / "environ").read_bytes():
                found.append((folder / "cmdline").read_text())
        except OSError:
            continue
    return [line for line in found if line]
