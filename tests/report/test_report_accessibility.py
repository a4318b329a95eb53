"""Every kind of page under the accessibility rules of axe-core, where that package and a browser are at hand."""

import os
import re
import shutil
from pathlib import Path

import pytest

from tests.report.test_report_browser import browse

AXE = Path(
    os.environ.get("HARNESS_AXE") or Path(__file__).resolve().parents[2] / "node_modules" / "axe-core" / "axe.min.js"
)
RULES = "['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']"
RUN = f"""addEventListener("load", () => axe.run({{runOnly: {RULES}}}).then(r => {{
  const told = r.violations.map(v => v.id + ": " + v.nodes.map(n => n.html).join(" | "));
  document.body.textContent = "axe says [" + told.join("; ") + "] after " + r.passes.length; }}))"""
PAGES = (
    "index.html",
    "index.fr.html",
    "requirements.html",
    "scenarios/XCAQ-A-002.html",
    "scenarios/XCAR-A-001-fr.fr.html",
    "exchanges/x0001.html",
    "documents/x0002-1.html",
)

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(shutil.which("chromium") is None, reason="chromium is not installed"),
    pytest.mark.skipif(not AXE.is_file(), reason="axe-core is not installed (node_modules, or HARNESS_AXE)"),
]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_no_violation(name: str, scheme: str, rendered: Path, tmp_path: Path) -> None:
    folder = tmp_path / "report"
    shutil.copytree(rendered, folder)
    page = folder / name
    text = re.sub(r"<meta http-equiv=\"Content-Security-Policy\"[^>]*>", "", page.read_text(encoding="utf-8"))
    text = re.sub(r"<script src=[^>]*></script>", "", text).replace("<html ", f'<html data-theme="{scheme}" ', 1)
    axe = AXE.read_text(encoding="utf-8").replace("</script", "<\\/script")
    page.write_text(text.replace("</body>", f"<script>{axe}</script><script>{RUN}</script></body>"), encoding="utf-8")
    told = browse(page, tmp_path / "p", "--virtual-time-budget=60000", "--dump-dom")
    assert re.search(r"axe says \[\] after \d\d", told), told[-3000:]
