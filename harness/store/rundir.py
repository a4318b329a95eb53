"""A run directory: append-only events, content-addressed blobs, and the run record at the end.

`events.jsonl` is written line by line and forced to the disk after each, so that a run killed at any moment keeps
everything that had been answered. A torn last line (the machine stopped in the middle of a write) is dropped on reading.
Layout: design of the run directory in docs/run-directory.md.
"""

import hashlib
import json
import os
import re
import shutil
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Self, cast

from pydantic import ValidationError

from harness.errors import InputError, Problem
from harness.model import RowResult, Run, ValidationBatch, Verdict
from harness.store._codec import Json, from_json, json_schema, to_json

FORMAT_VERSION = "1.1"
VALIDATION_FORMAT_VERSION = "1.0"
EVENTS = "events.jsonl"
RUN_FILE = "run.json"
BLOBS = "blobs"
_DIGEST = re.compile(r"[0-9a-f]{64}")


class RunDirectory:
    """One `runs/<id>/`; use `create` or `open_` rather than the constructor."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._events = (path / EVENTS).open("ab")
        self._seen: set[str] = set()

    @classmethod
    def create(cls, path: Path) -> Self:
        """A fresh run directory at `path`.

        Raises:
            InputError: there is a run at `path` already, or it cannot be written.
        """
        if (path / EVENTS).exists():
            raise InputError(
                Problem(
                    code="E801",
                    option="--out",
                    problem="the folder holds a run already",
                    found=path.name,
                    hint="choose another folder, or continue that run with --resume",
                )
            )
        try:
            (path / BLOBS).mkdir(parents=True, exist_ok=True)
            return cls(path)
        except OSError as exc:
            raise InputError(
                Problem(
                    code="E802", option="--out", problem=f"cannot write the run folder: {exc.strerror}", found=str(path)
                )
            ) from exc

    @classmethod
    def open_(cls, path: Path) -> Self:
        """The existing run at `path`, to go on with; a torn last line is cut off first.

        Raises:
            InputError: no run is there.
        """
        events = path / EVENTS
        if not events.is_file():
            raise InputError(
                Problem(
                    code="E803",
                    option="--resume",
                    problem="no run in this folder",
                    found=str(path),
                    expected=(f"a folder with {EVENTS}",),
                )
            )
        data = events.read_bytes()
        if data and not data.endswith(b"\n"):
            with events.open("r+b") as handle:
                handle.truncate(data.rfind(b"\n") + 1)
        (path / BLOBS).mkdir(exist_ok=True)
        return cls(path)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        self._events.close()

    def keep(self, data: bytes) -> str:
        """The sha-256 of `data` in hexadecimal, after the bytes are safely in `blobs/`."""
        digest = hashlib.sha256(data).hexdigest()
        if digest in self._seen:
            return digest
        target = self.path / BLOBS / digest
        if not target.exists():
            partial = target.with_name(f".{digest}.{os.getpid()}")
            partial.write_bytes(data)
            partial.replace(target)
        self._seen.add(digest)
        return digest

    def fetch(self, digest: str) -> bytes:
        """The bytes kept under `digest`.

        Raises:
            InputError: the blob is missing, or its content no longer has that digest.
        """
        return fetch_blob(self.path, digest)

    def keep_input(self, name: str, source: Path) -> None:
        """Copy a file the run was told (it may hold references to secrets, never secrets) beside the events, once."""
        target = self.path / name
        if not target.exists():
            shutil.copyfile(source, target)

    def keep_file(self, name: str, content: bytes) -> None:
        """Write `content` beside the events under `name`, unless a file of that name is there already."""
        target = self.path / name
        if not target.exists():
            target.write_bytes(content)

    def append(self, event: str, at: datetime, fields: Mapping[str, Json]) -> None:
        """Write one event line and force it to the disk before returning."""
        line = {"event": event, "at": at.isoformat().replace("+00:00", "Z"), **fields}
        self._events.write(json.dumps(line, ensure_ascii=False, separators=(",", ":")).encode() + b"\n")
        self._events.flush()
        os.fsync(self._events.fileno())

    def record[T](self, type_: type[T], value: T) -> Json:
        """`value` as JSON data, its bytes kept as blobs."""
        return to_json(type_, value, self.keep)

    def write_run(self, run: Run) -> Path:
        """Write `run.json` whole (never a half one) and return its path."""
        target = self.path / RUN_FILE
        partial = target.with_suffix(".json.partial")
        partial.write_text(json.dumps(run_to_json(run, self), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
        partial.replace(target)
        return target


def fetch_blob(folder: Path, digest: str) -> bytes:
    """The bytes kept under `digest` in the run at `folder`; InputError when missing or altered."""
    if not _DIGEST.fullmatch(digest):
        raise InputError(
            Problem(code="E804", option=folder.name, problem="not a blob", expected=("a sha-256",), found=digest)
        )
    target = folder / BLOBS / digest
    try:
        data = target.read_bytes()
    except OSError as exc:
        raise InputError(
            Problem(code="E804", option=str(folder.name), problem="a blob is missing", found=digest)
        ) from exc
    if hashlib.sha256(data).hexdigest() != digest:
        raise InputError(
            Problem(code="E805", option=str(folder.name), problem="a blob was altered", expected=(digest,))
        )
    return data


def read_events(folder: Path) -> Iterable[dict[str, Json]]:
    """The events of the run at `folder` in order; a torn last line is left out.

    Raises:
        InputError: there are no events, or a whole line is not an event.
    """
    try:
        data = (folder / EVENTS).read_bytes()
    except OSError as exc:
        raise InputError(
            Problem(code="E803", option=str(folder), problem="no run in this folder", expected=(EVENTS,))
        ) from exc
    for number, line in enumerate(data.split(b"\n")[:-1], 1):
        try:
            event = json.loads(line)
        except ValueError as exc:
            raise InputError(
                Problem(code="E806", option=folder.name, problem=f"{EVENTS} line {number} is not JSON")
            ) from exc
        if not isinstance(event, dict) or not isinstance(event.get("event"), str):
            raise InputError(Problem(code="E806", option=folder.name, problem=f"{EVENTS} line {number} is no event"))
        yield cast(dict[str, Json], event)


def merge_directories(sources: Iterable[Path], target: RunDirectory) -> None:
    """Copy the events (source by source) and blobs of the runs at `sources` into `target`.

    Raises:
        InputError: events of a source are damaged, or a blob was altered.
    """
    for source in sources:
        for blob in sorted((source / BLOBS).glob("*")):
            if not blob.name.startswith("."):
                target.keep(fetch_blob(source, blob.name))
        for event in read_events(source):
            fields = {key: value for key, value in event.items() if key not in ("event", "at")}
            target.append(str(event["event"]), datetime.fromisoformat(str(event["at"])), fields)


def finished_rows(folder: Path) -> dict[str, RowResult]:
    """Rows that were done when the run at `folder` ended or was killed, by row id."""
    rows: dict[str, RowResult] = {}
    for event in read_events(folder):
        if event["event"] == "row-done":
            try:
                row = from_json(RowResult, event.get("result"), lambda digest: fetch_blob(folder, digest))
            except ValidationError as exc:
                raise InputError(
                    Problem(code="E809", option=str(folder), problem=f"{EVENTS} holds a damaged row result")
                ) from exc
            rows[row.id] = row
    return rows


def run_to_json(run: Run, directory: RunDirectory) -> dict[str, Json]:
    """The content of `run.json`: stable top-level keys, rows under `scenarios`."""
    data = cast(dict[str, Json], directory.record(Run, run))
    rows = data.pop("rows")
    counts: dict[str, Json] = {
        "scenarios": len(run.rows),
        "exchanges": sum(len(row.exchanges) for row in run.rows),
        "messages": sum(1 + (x.response is not None) for row in run.rows for x in row.exchanges),
        "findings": sum(len(step.findings) for row in run.rows for step in row.steps),
        "verdicts": {v.value: sum(row.verdict is v for row in run.rows) for v in Verdict},
    }
    return {"format_version": FORMAT_VERSION, **data, "counts": counts, "scenarios": rows}


def load_run(folder: Path) -> Run:
    """The run record of the run at `folder`, with the bytes of its exchanges.

    Raises:
        InputError: there is no run.json, it has another format, or a blob is missing or altered.
    """
    path = folder / RUN_FILE
    try:
        data = json.loads(path.read_bytes())
        if not isinstance(data, dict) or "scenarios" not in data:
            raise ValueError("not a run record")
    except (OSError, ValueError) as exc:
        raise InputError(
            Problem(
                code="E807",
                option=str(folder),
                problem=f"cannot read {RUN_FILE}: {type(exc).__name__}",
                hint="a run that was interrupted is continued with `harness run --resume`",
            )
        ) from exc
    if data.get("format_version") != FORMAT_VERSION:
        raise InputError(
            Problem(
                code="E808",
                option=str(path),
                problem="run record of another format",
                expected=(FORMAT_VERSION,),
                found=str(data.get("format_version")),
            )
        )
    data["rows"] = data.pop("scenarios")
    for key in ("format_version", "counts"):
        data.pop(key, None)
    try:
        return from_json(Run, data, lambda digest: fetch_blob(folder, digest))
    except ValidationError as exc:
        first = exc.errors()[0]
        raise InputError(
            Problem(
                code="E809", option=str(path), problem=f"run record is damaged at {'.'.join(map(str, first['loc']))}"
            )
        ) from exc


def run_schema() -> dict[str, Json]:
    """JSON Schema of `run.json`."""
    schema = json_schema(Run)
    properties = cast(dict[str, Json], schema["properties"])
    properties["scenarios"] = properties.pop("rows")
    properties["format_version"] = {"const": FORMAT_VERSION}
    number: dict[str, Json] = {"type": "integer", "minimum": 0}
    properties["counts"] = {
        "type": "object",
        "properties": {
            "scenarios": number,
            "exchanges": number,
            "messages": number,
            "findings": number,
            "verdicts": {"type": "object", "additionalProperties": number},
        },
        "required": ["scenarios", "exchanges", "messages", "findings", "verdicts"],
        "additionalProperties": False,
    }
    schema["required"] = list[Json](sorted(properties))
    schema["additionalProperties"] = False
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["title"] = "harness run record"
    return schema


def validation_schema() -> dict[str, Json]:
    """JSON Schema of what `harness validate --format json` writes."""
    schema = json_schema(ValidationBatch)
    cast(dict[str, Json], schema["properties"])["format_version"] = {"const": VALIDATION_FORMAT_VERSION}
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["title"] = "harness validation reports"
    return schema
