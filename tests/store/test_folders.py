"""Small folders kept between runs; key material is readable by its owner only."""

from pathlib import Path

import pytest

from harness.errors import InputError
from harness.store import read_folder, write_folder


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_files_come_back_as_they_were_written(tmp_path: Path) -> None:
    files = {"ca.pem": b"certificate", "ca.key.pem": b"key"}
    write_folder(tmp_path / "pki", files)
    assert read_folder(tmp_path / "pki") == files


def test_keys_are_readable_by_their_owner_only(tmp_path: Path) -> None:
    write_folder(tmp_path, {"tls.key.pem": b"key", "tls.pem": b"certificate"})
    assert mode(tmp_path / "tls.key.pem") == 0o600
    assert mode(tmp_path / "tls.pem") & 0o044


def test_key_file_that_was_open_to_others_is_closed(tmp_path: Path) -> None:
    (tmp_path / "tls.key.pem").write_bytes(b"old")
    (tmp_path / "tls.key.pem").chmod(0o644)
    write_folder(tmp_path, {"tls.key.pem": b"key"})
    assert mode(tmp_path / "tls.key.pem") == 0o600


def test_absent_folder_holds_nothing(tmp_path: Path) -> None:
    assert read_folder(tmp_path / "nowhere") == {}


def test_folder_that_cannot_be_written_is_an_input_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(InputError) as caught:
        write_folder(tmp_path / "file", {"a.pem": b""})
    assert caught.value.problems[0].code == "E810"
