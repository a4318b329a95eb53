"""`harness validate`: exit status by what was found, in text and JSON, from files, folders and standard input."""

import hashlib
import json
import os
import re
import threading
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
    assert result.stderr.startswith("1 document: 1 valid, 0 invalid, 0 undecided, in ")


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
    batch = json.loads(result.stdout)
    assert batch["verdict"] == "pass"
    assert [report["name"] for report in batch["reports"]] == ["-"]
    schema = json.loads(invoke("schema", "validation").stdout)
    Draft202012Validator(schema).validate(batch)


def test_folder_is_validated_whole_and_its_results_repeat_its_tree(
    invoke: Invoke, samples: Path, tmp_path: Path
) -> None:
    result = invoke("validate", samples, "--format", "json", "--output", tmp_path / "results")
    assert result.exit_code == 1
    assert result.stdout == ""
    verdicts = {
        p.relative_to(tmp_path / "results").as_posix(): json.loads(p.read_bytes())["reports"][0]["verdict"]
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
        ((DOCUMENT, "--as", "cda:patient-sumary:3"), "did you mean 'cda:patient-summary:3'"),
        ((), "nothing to validate"),
        ((DOCUMENT, "--jobs", "0"), "--jobs: E916 too small"),
        ((DOCUMENT, "--max-depth", "0"), "--max-depth: E916 too small"),
        ((DOCUMENT, DOCUMENT, "--format", "html"), "name a folder with --output"),
        ((DOCUMENT, "--output", DOCUMENT / "x" / "y"), "cannot be written"),
        ((DOCUMENT, DOCUMENT, "--output", DOCUMENT), "cannot be written"),
    ],
    ids=[
        "file",
        "folder",
        "engine",
        "format",
        "kind",
        "near kind",
        "nothing",
        "jobs",
        "depth",
        "pages",
        "in a file",
        "a file",
    ],
)
def test_wrong_choice_ends_with_2(invoke: Invoke, tmp_path: Path, arguments: tuple[object, ...], said: str) -> None:
    (tmp_path / "empty").mkdir()
    result = invoke("validate", *arguments)
    assert result.exit_code == 2, result.stdout
    assert said in result.stderr


def test_quiet_prints_only_what_fails(invoke: Invoke, samples: Path) -> None:
    result = invoke("validate", samples, "--quiet")
    assert result.exit_code == 1
    assert not re.search(r"^\S .*good\.xml", result.stdout, re.MULTILINE)
    assert "invalid.xml" in result.stdout
    assert "4 documents: 1 valid, 2 invalid, 1 undecided" in result.stderr
    silent = invoke("validate", samples / "deep", "--quiet")
    assert (silent.exit_code, silent.stdout, silent.stderr) == (0, "", "")


def test_kinds_and_coordinates_are_listed_on_request(invoke: Invoke) -> None:
    result = invoke("validate", "--as", "help", "--lang", "fr")
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert lines[0] == "Genres, ou motifs de genres :"
    assert "  cda:patient-summary:3" in lines
    assert any(line.startswith("  org.projectathon-harness:builtin:") for line in lines)


@pytest.mark.parametrize(
    ("option", "limit", "said"),
    [("--max-bytes", 1000, "document is too large"), ("--max-depth", 5, "nested too deeply")],
    ids=["bytes", "depth"],
)
def test_document_beyond_a_limit_is_refused_and_within_it_is_not(
    invoke: Invoke, option: str, limit: int, said: str
) -> None:
    result = invoke("validate", DOCUMENT, option, limit)
    assert result.exit_code == 1
    assert said in result.stdout
    assert str(limit) in result.stdout
    assert invoke("validate", DOCUMENT, option, DOCUMENT.stat().st_size).exit_code == 0


def test_what_is_too_large_keeps_its_size_and_digest(invoke: Invoke) -> None:
    result = invoke("validate", DOCUMENT, "--max-bytes", 1000, "--format", "json")
    (report,) = json.loads(result.stdout)["reports"]
    assert report["size"] == DOCUMENT.stat().st_size
    assert report["sha256"] == hashlib.sha256(DOCUMENT.read_bytes()).hexdigest()


def test_a_pipe_is_read_once_although_it_stands_beside_files(invoke: Invoke, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=lambda: pipe.write_bytes(DOCUMENT.read_bytes()))
    writer.start()
    result = invoke("validate", pipe, DOCUMENT)
    writer.join()
    assert result.exit_code == 0
    assert result.stdout.count("cda:patient-summary:3") == 2


def test_results_of_equal_names_are_numbered(invoke: Invoke, samples: Path, tmp_path: Path) -> None:
    good = samples / "deep" / "good.xml"
    invoke("validate", good, good, "--output", tmp_path / "results")
    assert sorted(p.name for p in (tmp_path / "results").iterdir()) == ["good.xml-2.txt", "good.xml.txt"]
