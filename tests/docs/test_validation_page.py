"""The examples in docs/validation.md are what the command prints. Written anew with HARNESS_UPDATE_GOLDEN=1."""

import os
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from harness.cli import app
from harness.cli._validate_formats import FORMATS
from harness.packs import bundled_data

DOCS = Path(__file__).resolve().parents[2] / "docs"
PAGES = {"validation.md": "C.UTF-8", "validation.fr.md": "fr_FR.UTF-8"}
DOCUMENT = bundled_data() / "scenarios" / "populations" / "documents" / "ps-nominal-3.xml"
OWN = """<schema xmlns="http://purl.oclc.org/dsdl/schematron" queryBinding="xslt2">
  <ns prefix="hl7" uri="urn:hl7-org:v3"/>
  <pattern>
    <rule context="hl7:ClinicalDocument">
      <assert id="our-language" test="hl7:languageCode/@code = 'pt-PT'">This one is in <value-of
        select="hl7:languageCode/@code"/>.</assert>
    </rule>
  </pattern>
</schema>
"""
_EXAMPLE = re.compile(r"^```\n\$ harness (validate .*)\n(?:.*\n)*?```$", re.MULTILINE)
_DURATION = re.compile(r"(in|en) \d+[.,]\d s")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The files of the examples."""
    good = DOCUMENT.read_bytes()
    (tmp_path / "inbox").mkdir()
    for name in ("summary.xml", "inbox/monday.xml"):
        (tmp_path / name).write_bytes(good)
    wrong = re.sub(rb'<languageCode code="[^"]*"/>', b'<languageCode kode="fr-FR"/>', good, count=1)
    assert wrong != good
    for name in ("wrong.xml", "inbox/tuesday.xml"):
        (tmp_path / name).write_bytes(wrong)
    (tmp_path / "own.sch").write_text(OWN, encoding="utf-8")
    (tmp_path / "torn.sch").write_text(OWN.replace("= 'pt-PT'", "="), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def shown(command: str, locale: str) -> str:
    """The block of an example: the command, what it prints, and the last line of standard error."""
    result = CliRunner(env={"LC_ALL": locale}).invoke(app, command.split())
    assert isinstance(result.exception, SystemExit | None), result.exception
    assert result.exit_code in (0, 1, 2), result.output
    return f"```\n$ harness {command}\n{result.stdout}{_DURATION.sub(r'\1 0.1 s', result.stderr)}```"


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(("name", "locale"), PAGES.items(), ids=["en", "fr"])
def test_examples_are_what_the_command_prints(name: str, locale: str) -> None:
    page = (DOCS / name).read_text(encoding="utf-8")
    assert len(_EXAMPLE.findall(page)) >= 5
    real = _EXAMPLE.sub(lambda m: shown(m.group(1), locale), page)
    if os.environ.get("HARNESS_UPDATE_GOLDEN") == "1":
        (DOCS / name).write_text(real, encoding="utf-8")
        page = real
    assert page == real, f"docs/{name} is old; write it anew with HARNESS_UPDATE_GOLDEN=1"


@pytest.mark.parametrize("name", PAGES)
def test_every_format_is_in_the_table(name: str) -> None:
    rows = re.findall(r"^\| `(\w+)` \|", (DOCS / name).read_text(encoding="utf-8"), re.MULTILINE)
    assert set(rows) == set(FORMATS)
