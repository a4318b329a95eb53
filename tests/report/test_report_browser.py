"""The pages in a real browser: style and script load from disk, nothing hangs, both themes."""

import shutil
import subprocess
from pathlib import Path

import pytest

CHROMIUM = shutil.which("chromium")
OPTIONS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--window-size=1280,1600",
)

pytestmark = [pytest.mark.browser, pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")]


def browse(page: Path, profile: Path, *options: str) -> str:
    command = [CHROMIUM or "chromium", *OPTIONS, f"--user-data-dir={profile}", *options, page.as_uri()]
    return subprocess.run(command, check=True, capture_output=True, timeout=60, text=True).stdout


@pytest.mark.parametrize("scheme", ["0", "1"], ids=["dark", "light"])
def test_a_screenshot_is_not_blank(rendered: Path, tmp_path: Path, scheme: str) -> None:
    picture = tmp_path / "page.png"
    browse(
        rendered / "index.fr.html",
        tmp_path / "p",
        f"--screenshot={picture}",
        f"--blink-settings=preferredColorScheme={scheme}",
    )
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert picture.stat().st_size > 40_000


def test_the_script_runs_from_disk_under_the_content_policy(rendered: Path, tmp_path: Path) -> None:
    page = browse(rendered / "index.html", tmp_path / "p", "--dump-dom")
    assert 'class="js"' in page
    assert "10 of 10 shown" in page
