"""Small folders of files that are kept between runs, such as our side's key material."""

import os
from collections.abc import Mapping
from pathlib import Path

from harness.errors import InputError, Problem


def read_folder(path: Path) -> Mapping[str, bytes]:
    """Name to content of the plain files in `path`; empty when the folder is not there.

    Raises:
        InputError: a file cannot be read.
    """
    if not path.is_dir():
        return {}
    try:
        return {p.name: p.read_bytes() for p in sorted(path.iterdir()) if p.is_file()}
    except OSError as exc:
        raise InputError(
            Problem(code="E813", option=str(path), problem=f"cannot read the folder: {exc.strerror}")
        ) from exc


def write_folder(path: Path, files: Mapping[str, bytes]) -> None:
    """Write `files` into `path`; names that end in `.key.pem` are readable by their owner only.

    Raises:
        InputError: the folder cannot be written.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
        for name, content in files.items():
            secret = name.endswith(".key.pem")
            handle = os.open(path / name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600 if secret else 0o644)
            with os.fdopen(handle, "wb") as out:
                if secret:
                    os.fchmod(handle, 0o600)  # the file may have been there before, open to others
                out.write(content)
    except OSError as exc:
        raise InputError(
            Problem(code="E810", option=str(path), problem=f"cannot write the folder: {exc.strerror}")
        ) from exc
