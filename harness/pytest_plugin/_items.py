"""Scenario files as pytest sees them: collectors, items, and what is printed when a row is no pass."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from harness.errors import HarnessError, InputError
from harness.model import RowResult, Verdict, in_language
from harness.pytest_plugin._allure import ERRORS, tell_allure
from harness.pytest_plugin._lines import failure_lines
from harness.pytest_plugin._runtime import runtime_of
from harness.runner import Row

_SKIPS = frozenset({Verdict.SKIPPED, Verdict.NOT_APPLICABLE})


class ScenarioFile(pytest.File):
    """One scenario file; its rows are its items. `out` is the run directory of the session."""

    def __init__(self, *, out: Path, **rest: Any) -> None:
        super().__init__(**rest)
        self.out = out

    def collect(self) -> Iterable[pytest.Item]:
        try:
            rows = runtime_of(self.config, self.out).rows_of(self.path)
        except InputError as exc:
            raise self.CollectError("\n".join(str(p) for p in exc.problems)) from exc
        except HarnessError as exc:
            raise self.CollectError(str(exc)) from exc
        for row in rows:
            yield ScenarioItem.from_parent(self, name=row.id, row=row, out=self.out)


class RowNotPassed(Exception):
    """A row that is no pass; carries its result for printing."""

    def __init__(self, result: RowResult) -> None:
        self.result = result
        super().__init__(f"{result.id}: {result.verdict.value}: {result.reason}")


class ScenarioItem(pytest.Item):
    """One row."""

    def __init__(self, *, row: Row, out: Path, **rest: Any) -> None:
        super().__init__(**rest)
        self.row = row
        self.out = out
        self.result: RowResult | None = None
        scenario = row.scenario
        for tag in dict.fromkeys((*scenario.tags, scenario.applies.profile, scenario.applies.sut)):
            # registered as it is met, because --strict-markers knows no tag of a scenario
            self.config.addinivalue_line("markers", f"{tag}: scenario tag")
            self.add_marker(tag)

    def setup(self) -> None:
        super().setup()
        runtime = runtime_of(self.config, self.out)
        self.result = runtime.run(self.row)
        tell_allure(self.result, runtime.lang)
        if self.result.verdict in _SKIPS:
            pytest.skip(in_language(self.result.reason, runtime.lang) or self.result.verdict.value)
        if self.result.verdict in ERRORS:
            raise RowNotPassed(self.result)

    def runtest(self) -> None:
        assert self.result is not None
        if self.result.verdict is Verdict.FAIL:
            raise RowNotPassed(self.result)
        if self.result.verdict is Verdict.WARNING:
            self.add_report_section("call", "warnings", "\n".join(failure_lines(self.result, self._lang)))

    @property
    def _lang(self) -> str:
        return str(self.config.getoption("--harness-lang"))

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """What is printed: the finding for a verdict, the traceback only for a fault of ours."""
        if isinstance(excinfo.value, RowNotPassed):
            return "\n".join([*failure_lines(excinfo.value.result, self._lang), f"  evidence: {self.out}"])
        if isinstance(excinfo.value, HarnessError):
            return f"{self.row.id}: {excinfo.value}"
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int, str]:
        return self.path, self.row.scenario.at.line - 1, f"{self.row.id}: {self.row.scenario.title.in_(self._lang)}"


def said_by(item: ScenarioItem, excinfo: pytest.ExceptionInfo[BaseException], report: pytest.TestReport) -> Any:
    """What `report` is to print for a row that ended while it was set up: a skip with the place of its scenario, an error
    in the words of its result."""
    if isinstance(excinfo.value, pytest.skip.Exception):
        path, line, _ = item.reportinfo()
        return (str(path), line + 1, f"Skipped: {excinfo.value.msg}")
    if isinstance(excinfo.value, RowNotPassed | HarnessError):
        return item.repr_failure(excinfo)
    return report.longrepr
