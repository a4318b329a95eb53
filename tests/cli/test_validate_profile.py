"""What `harness validate` says a document is: the lines as they are printed, in both languages, and as JSON."""

import json
import os
from pathlib import Path

import pytest

from harness.packs import bundled_data
from tests.cli.cli_support import Invoke

DOCUMENTS = bundled_data() / "scenarios" / "populations" / "documents"
GOLDEN = Path(__file__).parent / "golden"


@pytest.mark.parametrize("lang", ["en", "fr"])
@pytest.mark.parametrize("name", ["ps-nominal-3", "ps-nominal-1"])
def test_profile_and_files_are_printed(invoke: Invoke, monkeypatch: pytest.MonkeyPatch, name: str, lang: str) -> None:
    monkeypatch.chdir(DOCUMENTS)
    text = invoke("validate", f"{name}.xml", "--lang", lang).stdout
    golden = GOLDEN / f"validate-{name}.{lang}.txt"
    if os.environ.get("HARNESS_UPDATE_GOLDEN"):
        golden.write_text(text, encoding="utf-8")
    assert text == golden.read_text(encoding="utf-8")


def test_profile_is_in_the_json_report(invoke: Invoke) -> None:
    report = json.loads(invoke("validate", DOCUMENTS / "ps-nominal-3.xml", "--format", "json").stdout)["reports"][0]

    assert report["profile"]["level"] == {"value": "3", "because": "the body is a structuredBody"}
    assert set(report["profile"]) == {"kind", "level", "form", "wave", "side"}


def test_message_has_no_profile_lines(invoke: Invoke, tmp_path: Path) -> None:
    (tmp_path / "m.xml").write_bytes(b'<a xmlns="urn:example"/>')
    result = invoke("validate", tmp_path / "m.xml", "--lang", "en")
    assert "level" not in result.stdout
