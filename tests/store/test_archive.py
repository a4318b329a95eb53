"""Archives of strangers: nothing leaves the folder, nothing bursts, and what is refused is named."""

import stat
import zipfile
from pathlib import Path

import pytest

from harness.errors import PackError
from harness.store import ArchiveLimits
from harness.store._archive import unpack


def zipped(path: Path, entries: dict[str, bytes], *, mode: int = 0) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            info = zipfile.ZipInfo(name)
            info.external_attr = mode << 16
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, content)
    return path


def refused(tmp_path: Path, archive: Path, limits: ArchiveLimits | None = None) -> PackError:
    into = tmp_path / "into"
    into.mkdir()
    with pytest.raises(PackError) as caught:
        unpack(archive, into, limits)
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted({"into", archive.name})
    return caught.value


def test_files_and_folders_of_an_archive_are_written(tmp_path: Path) -> None:
    unpack(zipped(tmp_path / "a.zip", {"top/a.sch": b"1", "top/sub/b.xml": b"2", "top/empty/": b""}), tmp_path / "into")
    found = {p.relative_to(tmp_path / "into").as_posix() for p in (tmp_path / "into").rglob("*") if p.is_file()}
    assert found == {"top/a.sch", "top/sub/b.xml"}


@pytest.mark.parametrize(
    "name", ["../a", "x/../../a", "/a", "C:/a", "x\\..\\a", "..", "."], ids=lambda n: n.replace("\\", "|")
)
def test_entry_that_leaves_the_folder_is_refused(tmp_path: Path, name: str) -> None:
    error = refused(tmp_path, zipped(tmp_path / "a.zip", {"good": b"1", name: b"x"}))
    assert [(p.problem, p.found) for p in error.problems] == [("an entry leaves the folder", name)]
    assert not list((tmp_path / "into").iterdir())


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFIFO, stat.S_IFCHR], ids=["link", "pipe", "device"])
def test_link_or_device_is_refused(tmp_path: Path, kind: int) -> None:
    error = refused(tmp_path, zipped(tmp_path / "a.zip", {"x": b"/etc/passwd"}, mode=kind | 0o644))
    assert error.problems[0].problem == "an entry is a link or a device"


def test_entry_that_stands_twice_is_refused(tmp_path: Path) -> None:
    archive = tmp_path / "a.zip"
    with zipfile.ZipFile(archive, "w") as out:
        out.writestr("a", "1")
        with pytest.warns(UserWarning, match="Duplicate"):
            out.writestr("a", "2")
    assert refused(tmp_path, archive).problems[0].problem == "an entry stands twice"


@pytest.mark.parametrize(
    ("limits", "problem"),
    [
        (ArchiveLimits(max_files=1), "more than 1 files"),
        (ArchiveLimits(max_file_bytes=99_999), "a file is bigger than 99999 bytes"),
        (ArchiveLimits(max_total_bytes=150_000), "more than 150000 bytes in all"),
        (ArchiveLimits(max_ratio=50, ratio_from_bytes=1_000), "unpacks to more than 50 times its size"),
    ],
)
def test_limit_that_is_passed_is_named(tmp_path: Path, limits: ArchiveLimits, problem: str) -> None:
    archive = zipped(tmp_path / "a.zip", {"a": bytes(100_000), "b": bytes(100_000)})
    assert refused(tmp_path, archive, limits).problems[0].problem == problem


def test_size_that_an_archive_states_is_not_believed(tmp_path: Path) -> None:
    archive = zipped(tmp_path / "a.zip", {"a": bytes(100_000)})
    data = archive.read_bytes()
    archive.write_bytes(data.replace((100_000).to_bytes(4, "little"), (10).to_bytes(4, "little")))
    assert refused(tmp_path, archive).problems


@pytest.mark.parametrize(
    "content", [b"", b"PK\x03\x04", b"no zip", b"\x1f\x8b\x08\x00"], ids=["empty", "cut", "text", "gzip"]
)
def test_what_is_no_zip_is_refused(tmp_path: Path, content: bytes) -> None:
    archive = tmp_path / "a.zip"
    archive.write_bytes(content)
    assert refused(tmp_path, archive).problems[0].problem.startswith("cannot be unpacked")


def test_damaged_data_is_refused(tmp_path: Path) -> None:
    archive = zipped(tmp_path / "a.zip", {"a": bytes(range(256)) * 40})
    data = bytearray(archive.read_bytes())
    data[40:60] = b"\xff" * 20
    archive.write_bytes(data)
    assert refused(tmp_path, archive).problems[0].problem.startswith("cannot be unpacked")


def test_encrypted_entry_is_refused(tmp_path: Path) -> None:
    archive = zipped(tmp_path / "a.zip", {"a": b"1"})
    data = bytearray(archive.read_bytes())
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(signature) + offset] |= 1
    archive.write_bytes(data)
    assert refused(tmp_path, archive).problems[0].problem == "an entry is encrypted"
