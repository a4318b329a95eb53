"""`harness packs`, and coordinates where --pack is given."""

import json
import shutil
from collections.abc import Mapping
from pathlib import Path

import jsonschema
import pytest

from harness.store import lock_schema
from tests.cli.cli_support import Invoke
from tests.packs.pack_samples import PATTERN, SCHEMA, SVS, ans_folder, declared, put

RULES = "org.example:rules:1"
VOCABULARY = "include/voc-1.2.3-DYNAMIC.xml"
DOCUMENT = '<ClinicalDocument xmlns="urn:hl7-org:v3"><code code="{}"/></ClinicalDocument>'


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return declared(tmp_path / "source")


def rules(folder: Path, test: str = "c:code/@code = 'A'", more: str = "") -> Path:
    return put(declared(folder, more=more), {"a.sch": SCHEMA.format(PATTERN.format(test))})


def added(invoke: Invoke, *arguments: object) -> str:
    result = invoke("packs", "add", *arguments)
    assert result.exit_code == 0, result.output
    return result.stdout.strip()


def test_added_pack_is_listed_and_its_coordinate_is_the_output(invoke: Invoke, source: Path) -> None:
    assert added(invoke, source) == RULES
    listed = invoke("packs", "list")
    assert listed.stdout.split() == [RULES, "valid", "Rules"]
    (row,) = json.loads(invoke("packs", "list", "--format", "json").stdout)
    assert (row["coordinate"], row["status"], row["complete"], row["source"]) == (RULES, "valid", True, "source")


def test_pack_under_a_coordinate_judges_like_its_folder(invoke: Invoke, tmp_path: Path) -> None:
    added(invoke, rules(tmp_path / "source"))
    for code, verdict in (("A", "✔"), ("B", "✘")):
        document = put(tmp_path, {"doc.xml": DOCUMENT.format(code)}) / "doc.xml"
        by_folder = invoke("validate", "--pack", tmp_path / "source", document)
        by_coordinate = invoke("validate", "--pack", RULES, document)
        assert (by_coordinate.exit_code, by_coordinate.stdout) == (by_folder.exit_code, by_folder.stdout)
        assert f"{verdict} schematron   {RULES} a saxon" in by_coordinate.stdout


def test_coordinate_that_was_not_added_ends_with_2_and_the_nearest(
    invoke: Invoke, source: Path, tmp_path: Path
) -> None:
    added(invoke, source)
    document = put(tmp_path, {"doc.xml": DOCUMENT.format("A")}) / "doc.xml"
    for arguments in (("validate", document), ("run",)):
        result = invoke(*arguments, "--pack", "org.example:rules:2")
        assert result.exit_code == 2
        assert f"org.example:rules:2: P110 no such pack was added; did you mean '{RULES}'?" in result.stderr


@pytest.mark.parametrize(
    ("words", "warning"),
    [
        (("--until", "2001-01-31"), "is expired (2001-01-31)"),
        (("--from", "2999-01-01"), "is not yet active (2999-01-01)"),
        (("--status", "deprecated"), "is deprecated"),
        ((), ""),
    ],
)
def test_pack_out_of_its_time_is_told_when_it_is_used(
    invoke: Invoke, tmp_path: Path, words: tuple[str, ...], warning: str
) -> None:
    added(invoke, rules(tmp_path / "source"), *words)
    document = put(tmp_path, {"doc.xml": DOCUMENT.format("A")}) / "doc.xml"
    stderr = invoke("validate", "--pack", RULES, document).stderr
    assert f"warning: {RULES} {warning}" in stderr if warning else "warning" not in stderr


def test_capitals_that_differ_are_told_when_the_pack_is_used(invoke: Invoke, tmp_path: Path) -> None:
    folder = rules(tmp_path / "source")
    put(folder, {"a.sch": SCHEMA.format('<include href="Part.sch"/>'), "part.sch": PATTERN.format("true()")})
    document = put(tmp_path, {"doc.xml": DOCUMENT.format("A")}) / "doc.xml"
    assert (
        "capitals differ from those of the file: Part.sch -> part.sch"
        in invoke("validate", "--pack", folder, document).stderr
    )


def test_incomplete_pack_is_added_and_every_missing_file_named(invoke: Invoke, tmp_path: Path) -> None:
    folder = ans_folder(tmp_path / "ans", "VSM_2023.01", without=("ans-xsd", "ans-terminology"))
    result = invoke("packs", "add", folder)
    assert (result.exit_code, result.stdout) == (0, "fr.ans:cda-content-tests:2023.01\n")
    assert "INCOMPLETE: files that are referred to and not there: 2" in result.stderr
    assert "  infrastructure/cda/CDA_extended.xsd  (ans-xsd)" in result.stderr


def test_show_tells_layers_what_they_judge_and_what_is_missing(invoke: Invoke, tmp_path: Path) -> None:
    folder = ans_folder(tmp_path / "ans", "VSM_2023.01", without=("ans-xsd",))
    text = invoke("packs", "show", folder).stdout
    assert "schematron   ans-header                         header (structuration minimale)" in text
    assert "judges cda:*, ci_sis_model=!none" in text
    assert "1 files, 1 rules, 0 value sets" in text
    assert text.endswith("  infrastructure/cda/CDA_extended.xsd  (ans-xsd)\n")
    french = invoke("packs", "show", folder, "--lang", "fr").stdout
    assert "en-tête (structuration minimale)" in french
    assert "INCOMPLET\u00a0: fichiers cités et absents\u00a0: 1" in french
    data = json.loads(invoke("packs", "show", folder, "--format", "json").stdout)
    assert [a["id"] for a in data["artefacts"] if a["missing_includes"]] == ["ans-xsd"]


def test_missing_vocabulary_is_rebuilt_when_asked_and_shown(invoke: Invoke, source: Path, tmp_path: Path) -> None:
    (source / VOCABULARY).unlink()
    values = put(tmp_path / "values", {"v.xml": SVS.format("1.2.3")})
    coordinate = added(invoke, source, "--complete-from", values)
    assert coordinate == f"{RULES}:completed"
    assert f"rebuilt: {VOCABULARY} from v.xml" in invoke("packs", "show", coordinate).stdout


def test_lock_fits_its_schema_and_verifies(invoke: Invoke, source: Path, tmp_path: Path) -> None:
    added(invoke, source)
    other = declared(tmp_path / "other", "org.example:other:1")
    assert invoke("packs", "lock", RULES, other, "--output", "packs.lock.json").exit_code == 0
    schema = json.loads(invoke("schema", "lock").stdout)
    assert schema == lock_schema()
    jsonschema.validate(json.loads(Path("packs.lock.json").read_text(encoding="utf-8")), schema)
    result = invoke("packs", "verify", "packs.lock.json", "--pack", other)
    assert (result.exit_code, result.stdout) == (0, f"{RULES}: as it was\norg.example:other:1: as it was\n")


def test_lock_of_nothing_named_is_that_of_all_added_packs(invoke: Invoke, source: Path) -> None:
    assert invoke("packs", "lock").exit_code == 2
    added(invoke, source)
    assert [p["coordinate"] for p in json.loads(invoke("packs", "lock").stdout)["packs"]] == [RULES]


def test_difference_from_the_lock_is_named_and_ends_with_1(invoke: Invoke, source: Path) -> None:
    invoke("packs", "lock", source, "--output", "lock.json")
    put(source, {VOCABULARY: "<valueSets/>"})
    result = invoke("packs", "verify", "lock.json", "--pack", source)
    assert result.exit_code == 1
    assert f"{RULES}: 2 differences\n  file {VOCABULARY} changed: " in result.stdout
    french = invoke("packs", "verify", "lock.json", "--pack", source, "--lang", "fr").stdout
    assert f"  fichier {VOCABULARY} modifié\u00a0: " in french


def test_locked_pack_that_is_nowhere_ends_with_2(invoke: Invoke, source: Path) -> None:
    invoke("packs", "lock", source, "--output", "lock.json")
    result = invoke("packs", "verify", "lock.json")
    assert result.exit_code == 2
    assert "no such pack was added" in result.stderr


def test_added_pack_that_was_tampered_with_ends_with_1_and_is_listed_as_damaged(
    invoke: Invoke, source: Path, tmp_path: Path
) -> None:
    added(invoke, source)
    (copy,) = (tmp_path / "cache" / "packs" / "content").glob("*/*")
    put(copy, {"a.sch": SCHEMA.format("")})
    result = invoke("packs", "verify", RULES)
    assert result.exit_code == 1
    assert f"{RULES}: 1 differences\n  file a.sch changed: " in result.stdout
    assert invoke("packs", "list").stdout.split()[1] == "damaged"


def test_incomplete_pack_verifies_with_3_and_as_locked_with_0(invoke: Invoke, source: Path) -> None:
    (source / VOCABULARY).unlink()
    result = invoke("packs", "verify", source)
    assert result.exit_code == 3
    assert f"  {VOCABULARY}  (a)" in result.stdout
    invoke("packs", "lock", source, "--output", "lock.json")
    assert invoke("packs", "verify", "lock.json", "--pack", source).exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("add", "gone"), "gone: no such file or folder"),
        (("add", "source", "--from", "soon"), "--from: E915 not a date; expected 'a date like 2026-01-31'"),
        (("add", "source", "--coordinate", "x"), "--coordinate: not a coordinate"),
        (("show", "gone"), "gone: not a folder"),
        (("list", "--format", "xml"), "--format: E907 unknown format"),
    ],
)
def test_wrong_use_ends_with_2_and_says_what_to_change(
    invoke: Invoke, tmp_path: Path, arguments: tuple[str, ...], message: str
) -> None:
    declared(tmp_path / "source")
    result = invoke("packs", *arguments)
    assert result.exit_code == 2
    assert message in result.stderr


def test_zip_is_named_as_something_to_add_where_a_folder_is_wanted(
    invoke: Invoke, source: Path, tmp_path: Path
) -> None:
    archive = shutil.make_archive(str(tmp_path / "rules"), "zip", source)
    document = put(tmp_path, {"doc.xml": DOCUMENT.format("A")}) / "doc.xml"
    result = invoke("validate", "--pack", archive, document)
    assert result.exit_code == 2
    assert "add it first: harness packs add" in result.stderr
    assert added(invoke, archive) == RULES


def test_run_with_a_coordinate_locks_what_judged(invoke: Invoke, source: Path, system: Path) -> None:
    added(invoke, source, "--until", "2001-01-31")
    result = invoke("run", "--sut", system, "XCPD-A-NEG-005", "--pack", RULES, "--out", "run")
    assert result.exit_code == 0, result.output
    run: Mapping[str, list[dict[str, object]]] = json.loads(Path("run/run.json").read_text(encoding="utf-8"))
    first = run["packs"][0]
    assert (first["coordinate"], first["status"], list(first["artefacts"])) == (RULES, "expired", [f"{RULES}#a"])  # type: ignore[call-overload]
