"""The pytest plugin: every YAML file with a `scenario:` key is a test file, every row an item.

`fail` is a failure; `error`, `inconclusive`, `review` and `not_run` are errors (raised while the item is set up, because
nothing was proven about the system); `skipped` and `not_applicable` are skips. Without --harness-sut each worker tests a
bundled reference system of its own. What is printed for a failure is the step, what was expected and found, the
requirement and where the evidence lies, never a traceback, unless the harness itself broke. Workers of pytest-xdist write
run directories of their own, which the controller merges into one with record, report and junit.xml.

This module is loaded by every pytest session of an environment where the package is installed, so it holds the hooks alone
and loads the rooms below when the first scenario file is met.
"""

import re
from collections.abc import Generator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

_SCENARIO = re.compile(rb"^scenario:", re.MULTILINE)
_OUT = pytest.StashKey[Path]()
_MET_SCENARIOS = pytest.StashKey[bool]()
_HARNESS_OPTIONS = ("--harness-sut", "--harness-pack", "--harness-documents", "--harness-fault")


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("harness", "MyHealth@EU conformance scenarios")
    group.addoption("--harness-sut", metavar="FILE", help="SUT file; without it the bundled reference system is tested")
    group.addoption(
        "--harness-pack",
        metavar="PACK",
        action="append",
        default=[],
        help="folder of artefacts, or coordinate of an added pack",
    )
    group.addoption("--harness-out", metavar="DIR", help="run directory (default runs/<time>-<id>)")
    group.addoption("--harness-lang", metavar="LANG", default="en", choices=("en", "fr"), help="en or fr")
    group.addoption("--harness-documents", metavar="DIR", help="CDA files the bundled system is to serve")
    group.addoption(
        "--harness-fault", metavar="NAME", action="append", default=[], help="fault of the bundled system; repeatable"
    )


def pytest_configure(config: pytest.Config) -> None:
    """Settle where the run directory is, and refuse options that cannot be used before anything is collected."""
    worker: Mapping[str, str] | None = getattr(config, "workerinput", None)
    if worker is not None and "harness_out" in worker:
        config.stash[_OUT] = Path(worker["harness_out"]) / "workers" / worker["workerid"]
        return
    given = config.getoption("--harness-out")
    config.stash[_OUT] = Path(given or Path("runs") / f"{datetime.now(UTC):%Y%m%d-%H%M%S-%f}").absolute()
    if any(config.getoption(name) for name in _HARNESS_OPTIONS):
        from harness.pytest_plugin._runtime import refuse_wrong_options

        refuse_wrong_options(config)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell a worker of pytest-xdist where the run directory of this session is."""
    node.workerinput["harness_out"] = str(node.config.stash[_OUT])


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """A collector for a scenario file; other YAML files are none of our business."""
    if file_path.suffix not in (".yaml", ".yml") or not _is_scenario(file_path):
        return None
    from harness.pytest_plugin._items import ScenarioFile

    parent.config.stash[_MET_SCENARIOS] = True
    collector: ScenarioFile = ScenarioFile.from_parent(parent, path=file_path, out=parent.config.stash[_OUT])
    return collector


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Let a scenario say in its own words why it is an error or a skip; pytest asks items for failures only."""
    report = yield
    if item.config.stash.get(_MET_SCENARIOS, False) and call.excinfo is not None and call.when == "setup":
        from harness.pytest_plugin._items import ScenarioItem, said_by

        if isinstance(item, ScenarioItem):
            report.longrepr = said_by(item, call.excinfo, report)
    return report


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """End what was started, write the record, and merge those of the workers."""
    config = session.config
    out = config.stash[_OUT]
    is_worker = hasattr(config, "workerinput")
    if not config.stash.get(_MET_SCENARIOS, False) and (is_worker or not (out / "workers").is_dir()):
        return
    from harness.pytest_plugin._runtime import finish, merge_workers

    finish(config, interrupted=exitstatus == pytest.ExitCode.INTERRUPTED)
    if not is_worker:
        merge_workers(config, out)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Name the report when one was written."""
    # named as the report names the first page of each language; the room itself is imported by who runs scenarios only
    page = "index.fr.html" if config.getoption("--harness-lang") == "fr" else "index.html"
    index = config.stash[_OUT] / "report" / page
    if index.is_file():
        terminalreporter.write_line(f"harness report: {index}")


def _is_scenario(path: Path) -> bool:
    try:
        return _SCENARIO.search(path.read_bytes()) is not None
    except OSError:
        return False
