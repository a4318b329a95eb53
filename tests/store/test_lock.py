"""The lock of packs: the same bytes for the same files, and every difference by its name."""

import json
from pathlib import Path

import jsonschema
import pytest

from harness.errors import InputError
from harness.packs.artefacts import load_pack
from harness.store import Difference, differences, lock_of, lock_schema, lock_text, read_lock, write_lock
from tests.packs.pack_samples import PATTERN, SCHEMA, ans_folder, declared, put


def told(found: list[Difference]) -> list[tuple[str, str, str]]:
    return [(d.what, d.kind, d.name) for d in found]


def test_lock_is_read_as_it_was_written_and_fits_its_schema(tmp_path: Path) -> None:
    packs = [load_pack(declared(tmp_path / "a", more="until: 2026-12-31\n")), load_pack(ans_folder(tmp_path / "b"))]
    lock = lock_of(packs)
    write_lock(tmp_path / "packs.lock.json", lock)
    assert read_lock(tmp_path / "packs.lock.json") == lock
    jsonschema.validate(json.loads(lock_text(lock)), lock_schema())
    assert lock_text(lock) == lock_text(lock_of(packs))
    first = lock.packs[0]
    assert (first.valid_until, first.sha256, sorted(first.files)) == (
        "2026-12-31",
        packs[0].sha256,
        ["a.sch", "include/voc-1.2.3-DYNAMIC.xml"],
    )


def test_pack_that_is_as_it_was_locked_has_no_difference(tmp_path: Path) -> None:
    pack = load_pack(declared(tmp_path))
    assert list(differences(lock_of([pack]).packs[0], load_pack(tmp_path))) == []


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        (
            {"a.sch": SCHEMA.format(PATTERN.format("true()"))},
            [
                ("changed", "file", "a.sch"),
                ("gone", "file", "include/voc-1.2.3-DYNAMIC.xml"),
                ("changed", "artefact", "a"),
            ],
        ),
        (
            {"include/voc-1.2.3-DYNAMIC.xml": "<x/>"},
            [
                ("changed", "file", "include/voc-1.2.3-DYNAMIC.xml"),
                ("changed", "artefact", "a"),
            ],
        ),
    ],
    ids=["rules", "value set"],
)
def test_changed_files_are_named_with_the_artefact_they_belong_to(
    tmp_path: Path, files: dict[str, str], expected: list[tuple[str, str, str]]
) -> None:
    locked = lock_of([load_pack(declared(tmp_path))]).packs[0]
    put(tmp_path, files)
    assert told(list(differences(locked, load_pack(tmp_path)))) == expected


def test_new_artefact_and_changed_words_are_named(tmp_path: Path) -> None:
    locked = lock_of([load_pack(declared(tmp_path))]).packs[0]
    declared(tmp_path, more="status: deprecated\nuntil: 2026-12-31\n")
    text = (tmp_path / "pack.yaml").read_text(encoding="utf-8")
    more = '  - {id: b, layer: schematron, path: b.sch, applies: ["cda:*"]}\n'
    put(tmp_path, {"pack.yaml": text + more, "b.sch": SCHEMA.format("")})
    found = list(differences(locked, load_pack(tmp_path)))
    assert told(found) == [
        ("changed", "word", "status"),
        ("new", "word", "until"),
        ("new", "file", "b.sch"),
        ("new", "artefact", "b"),
    ]
    assert (found[0].locked, found[0].found) == ("valid", "deprecated")


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("{", "not JSON"),
        ("[]", "not a lock file of a format we know"),
        ('{"format_version": 99, "packs": []}', "not a lock file of a format we know"),
        ('{"format_version": 1}', "damaged at packs"),
        ('{"format_version": 1, "packs": [{"coordinate": 5}]}', "damaged at packs.0"),
    ],
)
def test_what_is_no_lock_is_refused(tmp_path: Path, content: str, problem: str) -> None:
    path = tmp_path / "lock.json"
    path.write_text(content)
    with pytest.raises(InputError) as caught:
        read_lock(path)
    assert caught.value.problems[0].problem.startswith(problem)
    assert caught.value.problems[0].option == str(path)


def test_lock_that_cannot_be_written_or_read_is_an_error_of_the_operator(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be written"):
        write_lock(tmp_path / "gone" / "lock.json", lock_of([]))
    with pytest.raises(InputError, match="cannot be read"):
        read_lock(tmp_path / "gone.json")
