"""A cache on disk for what is slow to make and follows from content: flattened and generated schema sources."""

import hashlib
import os
from pathlib import Path


class DiskCache:
    """Bytes by key in a folder of its own; losing it costs time only. Several processes may share it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def get(self, key: str) -> bytes | None:
        """The bytes put under `key`, None when there are none or they cannot be read."""
        try:
            return self._path(key).read_bytes()
        except OSError:
            return None

    def put(self, key: str, data: bytes) -> None:
        """Keep `data` under `key`; a folder that cannot be written is no error, the work is only done again."""
        path = self._path(key)
        partial = path.with_name(f"{path.name}.{os.getpid()}")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            partial.write_bytes(data)
            partial.replace(path)
        except OSError:
            return

    def _path(self, key: str) -> Path:
        digest = hashlib.sha256(key.encode()).hexdigest()
        return self._folder / digest[:2] / digest
