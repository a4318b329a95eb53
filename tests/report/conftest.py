"""The sample run, rendered once for all tests that only read pages."""

from pathlib import Path

import pytest

from harness.model import Run
from harness.report import render_html
from tests.report.sample_run import make_run


@pytest.fixture(scope="session")
def reports() -> Path:
    """The `reports/` folder of the project: templates, static files, translations."""
    return Path(__file__).resolve().parents[2] / "reports"


@pytest.fixture(scope="session")
def run() -> Run:
    return make_run()


@pytest.fixture(scope="session")
def rendered(run: Run, reports: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of the report of the sample run, English without suffix."""
    folder = tmp_path_factory.mktemp("report")
    render_html(run, folder, templates=reports, lang="en")
    return folder
