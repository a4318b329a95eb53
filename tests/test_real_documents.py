"""The bundled system serves real patient summaries; what the run says of them is what the official artefacts say.

The figures in the corpus manifest were measured with other tools (see its head): XML Schema verdicts have to be equal, and
so has the number of failed assertions without warnings.
"""

import json
import shutil
from collections import Counter
from pathlib import Path

import pytest
from typer.testing import CliRunner

from harness.cli import app
from harness.model import Layer, RowResult, Severity, ValidationReport, Verdict
from harness.store import load_run

pytestmark = pytest.mark.corpus

FOLDERS = ("denmark", "gematik-simulation", "gematik-tiger", "openncp-older")
SCHEMATRON = "ehdsi-20240422/epsos-PatientSummary"
XSD_SETS = {"pharma": "cda-ehdsi-pharma", "epsos": "cda-epsos-extended"}
"""A word in the name of the artefact that judged -> the schema set of the manifest."""


@pytest.fixture(scope="module")
def rows(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, RowResult]:
    """Row of each document by its sha-256, from one run of the command line with the official artefacts."""
    served, out = tmp_path_factory.mktemp("served"), tmp_path_factory.mktemp("runs") / "real"
    for folder in FOLDERS:
        shutil.copytree(corpus / "documents" / "ps" / folder, served / folder)
    result = CliRunner().invoke(
        app,
        ["run", "XCAR-A-DOC-001", "--documents", str(served), "--pack", str(corpus / "artefacts"), "--out", str(out)],
    )
    assert result.exit_code == 1, result.output  # most real documents are older than the rules
    found = {}
    for row in load_run(out).rows:
        report = document_report(row)
        if report is not None:
            found[report.sha256] = row
    return found


@pytest.fixture(scope="module")
def manifest(corpus: Path) -> dict[str, dict[str, object]]:
    lines = (corpus / "manifest.yaml").read_text(encoding="utf-8").splitlines()
    rows = [json.loads(line[2:]) for line in lines if line.startswith('- {"path": "documents/ps/')]
    return {row["sha256"]: row for row in rows}


def document_report(row: RowResult) -> ValidationReport | None:
    """The report on the document a row retrieved."""
    reports = [v for s in row.steps for v in s.validations if v.name.startswith("response/document:")]
    return reports[0] if reports else None


def test_every_document_that_can_be_served_was_retrieved_and_validated(
    rows: dict[str, RowResult], manifest: dict[str, dict[str, object]]
) -> None:
    of_folders = [r for r in manifest.values() if str(r["path"]).split("/")[2] in FOLDERS]

    assert len(rows) >= len(of_folders) - 3  # files without a patient identifier cannot be served; the run names them
    assert all(digest in manifest for digest in rows)


def test_xsd_verdicts_are_those_of_the_manifest(
    rows: dict[str, RowResult], manifest: dict[str, dict[str, object]]
) -> None:
    compared = Counter[str]()
    for digest, row in rows.items():
        report = document_report(row)
        assert report is not None
        (use,) = [u for u in report.uses if u.layer is Layer.XSD]
        expected = manifest[digest]["expected"]
        assert isinstance(expected, dict)
        name = next((name for word, name in XSD_SETS.items() if word in f"{use.coordinate} {use.artefact}"), None)
        assert name, (use.coordinate, use.artefact)
        wanted = str(expected["xsd"][name])
        assert (use.verdict is Verdict.PASS) is (wanted == "valid"), manifest[digest]["path"]
        compared[wanted.split("(")[0]] += 1
    assert compared["valid"] > 5
    assert compared["invalid"] > 0


def test_failed_rules_are_as_many_as_in_the_manifest(
    rows: dict[str, RowResult], manifest: dict[str, dict[str, object]]
) -> None:
    compared = 0
    for digest, row in rows.items():
        expected = manifest[digest]["expected"]
        assert isinstance(expected, dict)
        counted = expected.get("schematron", {}).get(SCHEMATRON)
        report = document_report(row)
        assert report is not None
        used = [u for u in report.uses if u.layer is Layer.SCHEMATRON and "PatientSummary" in u.artefact]
        if not used or counted is None or "error" in counted:
            continue  # another schema judges it, or the official one stops at it
        ours = Counter(f.severity for f in report.findings if f.layer is Layer.SCHEMATRON)
        for severity, role in ((Severity.ERROR, "error"), (Severity.WARNING, "warning")):
            wanted = counted["failed_asserts"].get(role, 0) + counted["reports"].get(role, 0)
            assert ours[severity] == wanted, (manifest[digest]["path"], role)
        compared += 1
    assert compared > 10


def test_each_failed_document_names_rule_place_and_message(rows: dict[str, RowResult]) -> None:
    failed = [r for r in rows.values() if r.verdict is Verdict.FAIL]
    assert failed
    for row in failed:
        report = document_report(row)
        assert report is not None
        for finding in report.findings:
            assert finding.rule
            assert finding.message or finding.expected
            assert finding.at.line, finding.rule
            assert finding.at.column, finding.rule
