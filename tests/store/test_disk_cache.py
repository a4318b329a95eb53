"""What is slow to make is kept between processes, and losing it is no error."""

from pathlib import Path

from harness.store import DiskCache


def test_what_was_put_is_found_again_by_another_cache_of_the_folder(tmp_path: Path) -> None:
    DiskCache(tmp_path / "c").put("key", b"\x00value")

    assert DiskCache(tmp_path / "c").get("key") == b"\x00value"
    assert DiskCache(tmp_path / "c").get("other") is None


def test_folder_that_cannot_be_written_costs_time_only(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    cache = DiskCache(tmp_path / "file")

    cache.put("key", b"value")

    assert cache.get("key") is None
