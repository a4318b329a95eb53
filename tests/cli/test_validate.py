"""`harness validate`: exit status by what was found, in text and JSON, from files, folders and standard input."""

import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from harness.packs import bundled_data
from tests.cli.cli_support import Invoke

DOCUMENT = bundled_data() / "scenarios" / "populations" / "documents" / "ps-nominal-3.xml"


@pytest.fixture(scope="module")
def samples(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a valid, an invalid, a torn and an unknown document."""
    folder = tmp_path_factory.mktemp("samples")
    good = DOCUMENT.read_bytes()
    (folder / "deep").mkdir()
    (folder / "deep" / "good.xml").write_bytes(good)
    (folder / "invalid.xml").write_bytes(good.replace(b"<title>", b"<titel>", 1).replace(b"</title>", b"</titel>", 1))
    (folder / "torn.xml").write_bytes(good[:700])
    (folder / "unknown.xml").write_bytes(b'<a xmlns="urn:example"/>')
    return folder


def test_valid_document_ends_with_0(invoke: Invoke, samples: Path) -> None:
    result = invoke("validate", samples / "deep" / "good.xml")
    assert result.exit_code == 0, result.stdout
    assert "cda:patient-summary:3" in result.stdout
    assert result.stderr == ""


def test_invalid_document_ends_with_1_and_says_where(invoke: Invoke, samples: Path) -> None:
    result = invoke("validate", samples / "invalid.xml")
    assert result.exit_code == 1
    line = (samples / "invalid.xml").read_bytes().split(b"<titel>")[0].count(b"\n") + 1
    assert f"invalid.xml:{line}:" in result.stdout
    assert "titel" in result.stdout


def test_torn_document_ends_with_1(invoke: Invoke, samples: Path) -> None:
    result = invoke("validate", samples / "torn.xml")
    assert result.exit_code == 1
    assert "not well-formed" in result.stdout


def test_document_of_an_unknown_kind_is_not_decidable(invoke: Invoke, samples: Path) -> None:
    result = invoke("validate", samples / "unknown.xml")
    assert result.exit_code == 3
    assert "no artefact of the packs applies" in result.stdout


def test_standard_input_is_validated_and_json_follows_its_schema(invoke: Invoke) -> None:
    result = invoke("validate", "-", "--format", "json", input=DOCUMENT.read_bytes())
    assert result.exit_code == 0
    report = json.loads(result.stdout)
    assert report["verdict"] == "pass"
    schema = json.loads(invoke("schema", "validation").stdout)
    Draft202012Validator(schema).validate(report)


def test_folder_is_validated_whole_and_its_results_repeat_its_tree(
    invoke: Invoke, samples: Path, tmp_path: Path
) -> None:
    result = invoke("validate", samples, "--format", "json", "--output", tmp_path / "results")
    assert result.exit_code == 1
    assert result.stdout == ""
    verdicts = {
        p.relative_to(tmp_path / "results").as_posix(): json.loads(p.read_bytes())["verdict"]
        for p in (tmp_path / "results").rglob("*.json")
    }
    assert verdicts == {
        "deep/good.xml.json": "pass",
        "invalid.xml.json": "fail",
        "torn.xml.json": "fail",
        "unknown.xml.json": "inconclusive",
    }


def test_text_in_french_is_french(invoke: Invoke, samples: Path) -> None:
    result = invoke("validate", samples / "deep" / "good.xml", "--lang", "fr")
    assert "réussi" in result.stdout
    assert "règles déclenchées" in result.stdout
    assert "octets" in result.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("nowhere.xml",), "no such file"),
        (("empty",), "nothing to validate"),
        ((DOCUMENT, "--engine", "xalan"), "'saxon', 'pyschematron' or 'both'"),
        ((DOCUMENT, "--format", "pdf"), "unknown format"),
        ((DOCUMENT, "--as", "cda patient"), "unknown kind or coordinate"),
    ],
    ids=["file", "folder", "engine", "format", "kind"],
)
def test_wrong_choice_ends_with_2(invoke: Invoke, tmp_path: Path, arguments: tuple[object, ...], said: str) -> None:
    (tmp_path / "empty").mkdir()
    result = invoke("validate", *arguments)
    assert result.exit_code == 2, result.stdout
    assert said in result.stderr
