"""Imported packs: copied by content, found by coordinate, and never quietly another thing than what was added."""

import json
import shutil
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from harness.errors import PackError
from harness.packs.artefacts import load_pack
from harness.store import PackStore, PackWords, is_coordinate
from tests.packs.pack_samples import ANS_LAYERS, SVS, XSD, ans_folder, declared, put

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
RULES = "org.example:rules:1"
VOCABULARY = "include/voc-1.2.3-DYNAMIC.xml"


@pytest.fixture
def store(tmp_path: Path) -> PackStore:
    return PackStore(tmp_path / "store")


def test_added_folder_is_found_by_its_coordinate_when_the_source_is_gone(store: PackStore, tmp_path: Path) -> None:
    source = declared(tmp_path / "source")
    before = load_pack(source)
    entry = store.add(source, now=NOW)
    shutil.rmtree(source)
    pack = store.load(RULES)
    assert (entry.coordinate, pack.sha256, pack.title, pack.licence) == (RULES, before.sha256, before.title, "none")
    assert pack.artefacts[0].path.is_file()
    assert [(e.coordinate, e.source, e.added_at) for e in store.entries()] == [(RULES, "source", NOW)]
    assert set(entry.files) == {"pack.yaml", "a.sch", VOCABULARY}


def test_zip_gives_the_same_pack_as_its_folder(store: PackStore, tmp_path: Path) -> None:
    declared(tmp_path / "in" / "TheRules-main")
    archive = shutil.make_archive(str(tmp_path / "rules"), "zip", tmp_path / "in")
    entry = store.add(Path(archive), now=NOW)
    assert (entry.source, entry.content) == ("rules.zip", store.add(tmp_path / "in", now=NOW).content)


def test_files_that_nothing_reaches_stay_behind_but_value_sets_and_notices_come(
    store: PackStore, tmp_path: Path
) -> None:
    source = declared(tmp_path / "source")
    put(
        source,
        {"other.exe": "x", "samples/doc.xml": "<d/>", "include/voc-9-DYNAMIC.xml": "<v/>", "LICENCE.txt": "free"},
    )
    assert set(store.add(source, now=NOW).files) == {
        "LICENCE.txt",
        "a.sch",
        "pack.yaml",
        VOCABULARY,
        "include/voc-9-DYNAMIC.xml",
    }


def test_adding_the_same_again_changes_nothing_but_the_words(store: PackStore, tmp_path: Path) -> None:
    source = declared(tmp_path / "source")
    first = store.add(source, now=NOW)
    again = store.add(source, now=NOW, words=PackWords(status="deprecated", valid_until=date(2026, 12, 31)))
    assert (again.content, len(store.entries())) == (first.content, 1)
    assert store.load(RULES).status == "deprecated"
    assert not list((tmp_path / "store" / "incoming").iterdir())


def test_other_content_does_not_take_a_coordinate_unless_told(store: PackStore, tmp_path: Path) -> None:
    source = declared(tmp_path / "source")
    first = store.add(source, now=NOW)
    put(source, {VOCABULARY: "<valueSets/>"})
    with pytest.raises(PackError, match="another pack was added") as caught:
        store.add(source, now=NOW)
    assert "--replace" in str(caught.value.problems[0].hint)
    assert store.entry(RULES) == first
    assert store.add(source, now=NOW, replace_other=True).content != first.content
    assert (
        store.add(declared(tmp_path / "b"), now=NOW, words=PackWords(coordinate="org.example:b:1")).content
        == first.content
    )


def test_publishers_layout_keeps_its_layers_in_the_store(store: PackStore, tmp_path: Path) -> None:
    source = ans_folder(tmp_path / "TestContenuCDA", "VSM_2023.01", without=("ans-xsd",))
    put(source, {"schematrons/moteur/run.bat": "x"})
    pack = store.load(store.add(source, now=NOW).coordinate)
    assert [(a.id, a.sha256, a.missing) for a in pack.artefacts] == [
        (a.id, a.sha256, a.missing) for a in load_pack(source).artefacts
    ]
    assert pack.artefacts[0].missing == (ANS_LAYERS["ans-xsd"],)


def test_plain_folder_keeps_its_name_and_digest_in_the_store(store: PackStore, tmp_path: Path) -> None:
    source = put(tmp_path / "orders", {"a.xsd": XSD.format("urn:o", '<xs:element name="O"/>')})
    before = load_pack(source)
    pack = store.load(store.add(source, now=NOW).coordinate)
    assert (pack.coordinate, pack.sha256, pack.title) == (before.coordinate, before.sha256, before.title)
    assert pack.coordinate.startswith("local:orders:")


@pytest.mark.parametrize(
    ("words", "option"),
    [
        (PackWords(coordinate="only-a-name"), "--coordinate"),
        (PackWords(status="new"), "--status"),
        (PackWords(valid_from=date(2026, 2, 1), valid_until=date(2026, 1, 1)), "--until"),
    ],
)
def test_wrong_words_are_refused_before_anything_is_copied(
    store: PackStore, tmp_path: Path, words: PackWords, option: str
) -> None:
    with pytest.raises(PackError) as caught:
        store.add(declared(tmp_path / "source"), now=NOW, words=words)
    assert [p.option for p in caught.value.problems] == [option]
    assert not (tmp_path / "store").exists()


def test_source_that_is_no_pack_or_not_there_is_refused_and_leaves_nothing(store: PackStore, tmp_path: Path) -> None:
    put(tmp_path / "empty", {"a.txt": "x"})
    for source, problem in ((tmp_path / "empty", r"no pack\.yaml"), (tmp_path / "gone", "no such file or folder")):
        with pytest.raises(PackError, match=problem):
            store.add(source, now=NOW)
    assert store.entries() == ()
    assert not list((tmp_path / "store" / "incoming").iterdir())


def test_link_that_leads_out_of_the_pack_is_refused(store: PackStore, tmp_path: Path) -> None:
    source = declared(tmp_path / "source")
    put(tmp_path, {"secret.xml": "<s/>"})
    (source / "include" / "voc-2-DYNAMIC.xml").symlink_to(tmp_path / "secret.xml")
    with pytest.raises(PackError, match="a link leads out of the pack"):
        store.add(source, now=NOW)


def test_unknown_coordinate_is_refused_with_the_nearest(store: PackStore, tmp_path: Path) -> None:
    store.add(declared(tmp_path / "source"), now=NOW)
    with pytest.raises(PackError, match="no such pack was added") as caught:
        store.load("org.example:rules:2")
    assert caught.value.problems[0].hint == "did you mean 'org.example:rules:1'?"


@pytest.mark.parametrize(
    ("change", "what", "name"),
    [
        (lambda folder: put(folder, {"a.sch": "<x/>"}), "changed", "a.sch"),
        (lambda folder: (folder / VOCABULARY).unlink(), "gone", VOCABULARY),
        (lambda folder: put(folder, {"extra.xml": "<x/>"}), "new", "extra.xml"),
    ],
    ids=["changed", "gone", "new"],
)
def test_copy_that_changed_is_told_file_by_file(
    store: PackStore, tmp_path: Path, change: Callable[[Path], object], what: str, name: str
) -> None:
    store.add(declared(tmp_path / "source"), now=NOW)
    assert list(store.changes(RULES)) == []
    change(store.load(RULES).root)
    assert [(d.what, d.name) for d in store.changes(RULES)] == [(what, name)]


def test_copy_that_changed_is_not_used(store: PackStore, tmp_path: Path) -> None:
    store.add(declared(tmp_path / "source"), now=NOW)
    root = store.load(RULES).root
    put(root, {VOCABULARY: "<x/>"})
    with pytest.raises(PackError, match="is not what was added"):
        store.load(RULES)
    shutil.rmtree(root)
    with pytest.raises(PackError, match="is gone"):
        store.load(RULES)
    store.add(declared(tmp_path / "source"), now=NOW)
    assert store.load(RULES).complete


def test_damaged_entry_is_refused_by_name(store: PackStore, tmp_path: Path) -> None:
    store.add(declared(tmp_path / "source"), now=NOW)
    (path,) = (tmp_path / "store" / "entries").iterdir()
    for text in ("{", "{}", json.dumps({"coordinate": 1})):
        path.write_text(text)
        with pytest.raises(PackError, match="the entry of an added pack is damaged") as caught:
            store.load(RULES)
        assert caught.value.problems[0].option == str(path)


def test_folders_and_coordinates_are_chosen_in_their_order_with_the_status_of_the_day(
    store: PackStore, tmp_path: Path
) -> None:
    store.add(declared(tmp_path / "source"), now=NOW, words=PackWords(valid_until=date(2026, 6, 30)))
    other = declared(tmp_path / "other", "org.example:other:1")
    chosen = store.chosen([other, Path(RULES)], date(2026, 7, 1))
    assert [(p.coordinate, p.status) for p in chosen] == [("org.example:other:1", "valid"), (RULES, "expired")]
    assert [p.status for p in store.chosen([Path(RULES)], date(2026, 6, 30))] == ["valid"]


def test_every_name_that_means_no_pack_is_told(store: PackStore, tmp_path: Path) -> None:
    with pytest.raises(PackError) as caught:
        store.chosen([tmp_path / "gone", Path("a:b:1")], date(2026, 1, 1))
    assert {p.problem for p in caught.value.problems} == {"not a folder", "no such pack was added"}


def test_file_of_the_form_of_a_coordinate_is_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert is_coordinate("a:b:1")
    (tmp_path / "a:b:1").mkdir()
    assert not is_coordinate("a:b:1")
    assert not is_coordinate("a/b")


def test_missing_vocabulary_is_rebuilt_from_the_value_set_of_its_oid(store: PackStore, tmp_path: Path) -> None:
    source = declared(tmp_path / "source")
    (source / VOCABULARY).unlink()
    values = put(
        tmp_path / "published", {"other.xml": SVS.format("9.9"), "mine.xml": SVS.format("1.2.3"), "x.xml": "<"}
    )
    entry = store.add(source, now=NOW, complete_from=[values])
    pack = store.load(entry.coordinate)
    assert entry.coordinate == f"{RULES}:completed"
    assert [(c.file, c.source) for c in entry.completed] == [(VOCABULARY, "mine.xml")]
    assert pack.complete
    text = (pack.root / VOCABULARY).read_text(encoding="utf-8")
    assert 'code="A" codeSystem="1.2" displayName="un &lt; deux"' in text
    assert text.count("<concept ") == 2


def test_vocabulary_without_its_value_set_stays_missing_under_the_publishers_coordinate(
    store: PackStore, tmp_path: Path
) -> None:
    source = declared(tmp_path / "source")
    (source / VOCABULARY).unlink()
    values = put(tmp_path / "published", {"other.xml": SVS.format("9.9")})
    entry = store.add(source, now=NOW, complete_from=[values])
    assert (entry.coordinate, entry.completed) == (RULES, ())
    assert store.load(RULES).artefacts[0].missing == (VOCABULARY,)


def test_value_set_without_codes_and_source_that_is_not_there_are_refused(store: PackStore, tmp_path: Path) -> None:
    source = declared(tmp_path / "source")
    (source / VOCABULARY).unlink()
    empty = SVS.format("1.2.3").replace("<Concept ", "<Nothing ")
    values = put(tmp_path / "published", {"mine.xml": empty})
    with pytest.raises(PackError, match="holds no code"):
        store.add(source, now=NOW, complete_from=[values])
    with pytest.raises(PackError, match="no such file or folder"):
        store.add(source, now=NOW, complete_from=[tmp_path / "gone"])
