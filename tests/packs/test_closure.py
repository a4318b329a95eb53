"""Where a reference leads, and what is said when it leads nowhere."""

import time
from pathlib import Path

import pytest

from harness.packs._layout_plain import declared_roots
from harness.packs.artefacts import contents_of, load_pack, pack_of_files, resolve_reference
from tests.packs.pack_samples import PATTERN, SCHEMA, put


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    put(tmp_path, {"outside.sch": "<x/>", "pack/a.sch": "<x/>", "pack/Sub/File.sch": "<x/>", "pack/sub2/B.sch": "<x/>"})
    return tmp_path / "pack"


@pytest.mark.parametrize(
    ("href", "found", "differs"),
    [
        ("a.sch", "a.sch", False),
        ("Sub/../a.sch", "a.sch", False),
        ("Sub/File.sch", "Sub/File.sch", False),
        ("sub/file.SCH", "Sub/File.sch", True),
        ("SUB2/b.sch", "sub2/B.sch", True),
        ("gone.sch", None, False),
        ("", None, False),
        ("Sub", None, False),
        ("../outside.sch", None, False),
        ("/etc/hosts", None, False),
        ("file:///etc/hosts", None, False),
        ("http://example.org/a.sch", None, False),
    ],
)
def test_reference_leads_to_a_file_of_the_pack_or_nowhere(
    folder: Path, href: str, found: str | None, differs: bool
) -> None:
    resolved = resolve_reference(folder, href, folder)
    assert (resolved.path, resolved.differs_in_case) == (folder / found if found else None, differs)


def test_base_may_be_the_file_that_holds_the_reference(folder: Path) -> None:
    assert resolve_reference(folder / "Sub" / "File.sch", "../a.sch", folder).path == folder / "a.sch"


def test_of_two_files_that_differ_in_case_only_none_is_guessed(folder: Path) -> None:
    put(folder, {"Sub/FILE.sch": "<x/>"})
    if len(list((folder / "Sub").iterdir())) == 1:
        pytest.skip("this file system does not tell the two names apart")
    assert resolve_reference(folder, "Sub/file.sch", folder).path is None


def test_link_that_leaves_the_pack_leads_nowhere(folder: Path) -> None:
    (folder / "link.sch").symlink_to(folder.parent / "outside.sch")
    (folder / "LINK2.sch").symlink_to(folder.parent / "outside.sch")
    assert resolve_reference(folder, "link.sch", folder).path is None
    assert resolve_reference(folder, "link2.sch", folder).path is None


def pack(folder: Path, body: str, **files: str) -> Path:
    text = 'pack: org.example:t:1\nartefacts:\n  - {id: a, layer: schematron, path: s/a.sch, applies: ["*"]}\n'
    return put(folder, {"pack.yaml": text, "s/a.sch": SCHEMA.format(body), **files})


def test_include_that_differs_in_case_is_reached_and_named(tmp_path: Path) -> None:
    put(tmp_path, {"s/inc/Rule.sch": PATTERN.format("true()")})
    (artefact,) = load_pack(pack(tmp_path, '<include href="inc/rule.sch"/>')).artefacts
    assert artefact.differs_in_case == ("s/inc/rule.sch -> s/inc/Rule.sch",)
    assert artefact.missing == ()
    content = contents_of(load_pack(tmp_path))["a"]
    assert (content.rules, len(content.files)) == (1, 2)


def test_schema_import_that_differs_in_case_is_missing_because_the_schema_processor_will_not_find_it(
    tmp_path: Path,
) -> None:
    text = 'pack: org.example:t:1\nartefacts:\n  - {id: x, layer: xsd, path: x.xsd, applies: ["*"]}\n'
    body = '<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema"><xs:include schemaLocation="y.xsd"/></xs:schema>'
    put(tmp_path, {"pack.yaml": text, "x.xsd": body, "Y.xsd": body})
    (artefact,) = load_pack(tmp_path).artefacts
    assert (artefact.missing_includes, artefact.differs_in_case) == (("y.xsd",), ("y.xsd -> Y.xsd",))


@pytest.mark.parametrize(
    ("value", "missing"),
    [
        ("'../voc/here.xml'", ()),
        ("'../voc/gone.xml'", ("voc/gone.xml",)),
        ("'../voc/'", ()),
        ("'no path'", ()),
    ],
)
def test_value_set_named_by_a_variable_belongs_to_the_artefact(
    tmp_path: Path, value: str, missing: tuple[str, ...]
) -> None:
    put(tmp_path, {"voc/here.xml": "<a/>"})
    loaded = load_pack(pack(tmp_path, f'<let name="v" value="{value}"/>'))
    assert loaded.artefacts[0].missing_vocabularies == missing
    assert contents_of(loaded)["a"].value_sets == (not missing and "voc" in value)


def test_commented_references_count_for_nothing(tmp_path: Path) -> None:
    body = "<!-- <include href='x.sch'/> <let name='v' value=\"'gone.xml'\"/> <rule context='a'/> -->"
    loaded = load_pack(pack(tmp_path, body))
    assert loaded.complete
    assert contents_of(loaded)["a"].rules == 0


@pytest.mark.parametrize(
    "unit", ["<!-- ", "<rule ", "<include href='x' ", "<let value=\"'a/", "doc('", "<x:", "context = "], ids=str.strip
)
def test_hostile_file_is_read_in_time_that_grows_with_its_size_only(tmp_path: Path, unit: str) -> None:
    put(tmp_path, {"a.sch": unit * (2_000_000 // len(unit)), "a.xsd": unit * (2_000_000 // len(unit))})
    started = time.process_time()
    for name in ("a.sch", "a.xsd"):
        pack_of_files([tmp_path / name])
    declared_roots(tmp_path / "a.xsd")
    assert time.process_time() - started < 5
