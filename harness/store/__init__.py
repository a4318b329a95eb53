"""What we write and keep: run directories with their events, blobs and run record.

May import model and packs. Touches files and nothing else: no network, no judging. Everything written here can be read
again by another process, another Python and another machine.
"""

from harness.store._cache import DiskCache
from harness.store._codec import Json, from_json, to_json
from harness.store._folders import read_folder, write_folder
from harness.store.rundir import (
    BLOBS,
    EVENTS,
    FORMAT_VERSION,
    RUN_FILE,
    VALIDATION_FORMAT_VERSION,
    RunDirectory,
    fetch_blob,
    finished_rows,
    load_run,
    merge_directories,
    read_events,
    run_schema,
    run_to_json,
    validation_schema,
)

__all__ = [
    "BLOBS",
    "EVENTS",
    "FORMAT_VERSION",
    "RUN_FILE",
    "VALIDATION_FORMAT_VERSION",
    "DiskCache",
    "Json",
    "RunDirectory",
    "fetch_blob",
    "finished_rows",
    "from_json",
    "load_run",
    "merge_directories",
    "read_events",
    "read_folder",
    "run_schema",
    "run_to_json",
    "to_json",
    "validation_schema",
    "write_folder",
]
