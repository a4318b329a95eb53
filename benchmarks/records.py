"""What a long run has found so far, kept line by line, so that an interrupted one goes on where it was."""

import json
import threading
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What one case came to. `figures` are for the comparison with the manifest: one row a judged part."""

    key: str
    digest: str
    counts: Mapping[str, int]
    operations: tuple[str, ...] = ()
    disagreements: tuple[Mapping[str, object], ...] = ()
    figures: tuple[tuple[object, ...], ...] = ()


class Records:
    """Records by key, in a file of JSON lines whose first line says what they depend on.

    A file that depends on something else (another seed, other code, other schemas) is started anew.
    """

    def __init__(self, path: Path, depends_on: Mapping[str, object]) -> None:
        self._kept: dict[str, Record] = {}
        self._lock = threading.Lock()
        head = json.dumps(depends_on, sort_keys=True)
        lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
        if lines and lines[0] == head:
            for line in lines[1:]:
                self._remember(line)
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(head + "\n", encoding="utf-8")
        self._file = path.open("a", encoding="utf-8")
        if not path.read_text(encoding="utf-8").endswith("\n"):
            self._file.write("\n")

    def _remember(self, line: str) -> None:
        try:
            raw = json.loads(line)
        except ValueError:
            return  # the last line of a run that was killed while it wrote
        for name in ("operations", "disagreements", "figures"):
            raw[name] = tuple(raw[name])
        record = Record(**raw)
        self._kept[record.key] = record

    def __contains__(self, key: str) -> bool:
        return key in self._kept

    def __len__(self) -> int:
        return len(self._kept)

    def __iter__(self) -> Iterator[Record]:
        return iter(sorted(self._kept.values(), key=lambda r: r.key))

    def get(self, key: str) -> Record | None:
        """The record of that key, None where there is none yet."""
        return self._kept.get(key)

    def add(self, record: Record) -> None:
        """Keeps `record`, on the disk before anything else happens."""
        line = json.dumps(asdict(record), sort_keys=True)
        with self._lock:
            self._file.write(line + "\n")
            self._file.flush()
            self._remember(line)  # as a later run would read it

    def close(self) -> None:
        """Closes the file."""
        self._file.close()
