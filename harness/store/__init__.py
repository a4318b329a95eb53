"""What we write and keep: imported packs and their locks, run directories with their events, blobs and run record.

May import model and packs. Touches files and nothing else: no network, no judging. Everything written here can be read
again by another process, another Python and another machine.
"""

from harness.store._archive import ArchiveLimits
from harness.store._cache import DiskCache
from harness.store._codec import Json, from_json, to_json
from harness.store._complete import Completed
from harness.store._folders import read_folder, write_folder
from harness.store._lock import (
    Difference,
    Lock,
    PackLock,
    differences,
    lock_of,
    lock_schema,
    lock_text,
    read_lock,
    write_lock,
)
from harness.store._pack_entries import PackWords, StoredPack
from harness.store._packs import PackStore, cache_folder, is_coordinate
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
    "ArchiveLimits",
    "Completed",
    "Difference",
    "DiskCache",
    "Json",
    "Lock",
    "PackLock",
    "PackStore",
    "PackWords",
    "RunDirectory",
    "StoredPack",
    "cache_folder",
    "differences",
    "fetch_blob",
    "finished_rows",
    "from_json",
    "is_coordinate",
    "load_run",
    "lock_of",
    "lock_schema",
    "lock_text",
    "merge_directories",
    "read_events",
    "read_folder",
    "read_lock",
    "run_schema",
    "run_to_json",
    "to_json",
    "validation_schema",
    "write_folder",
    "write_lock",
]
