"""The run directory: nothing that was answered is lost, nothing that was altered is believed."""

import hashlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from harness.errors import InputError
from harness.model import Exchange, RowResult, ValidationBatch
from harness.store import (
    BLOBS,
    EVENTS,
    RUN_FILE,
    VALIDATION_FORMAT_VERSION,
    Json,
    RunDirectory,
    fetch_blob,
    finished_rows,
    from_json,
    load_run,
    merge_directories,
    read_events,
    run_schema,
    to_json,
    validation_schema,
)
from tests.store.store_samples import NOW, broken_exchange, exchange, row, run


def codes(exc: InputError) -> list[str]:
    return [p.code for p in exc.problems]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "run"


# --- events


def test_events_come_back_in_order_with_their_time(folder: Path) -> None:
    with RunDirectory.create(folder) as directory:
        for number in range(3):
            directory.append("step-done", NOW, {"number": number, "text": "é\n"})
    events = list(read_events(folder))
    assert [e["number"] for e in events] == [0, 1, 2]
    assert events[0] == {"event": "step-done", "at": "2026-03-14T09:26:53.589793Z", "number": 0, "text": "é\n"}


def test_event_is_on_the_disk_before_append_returns(folder: Path) -> None:
    with RunDirectory.create(folder) as directory:
        directory.append("run-started", NOW, {})
        assert len(list(read_events(folder))) == 1


@pytest.mark.parametrize(
    "torn", [b'{"event":"x', b'{"event":"x"}', b"\xff\xfe", b"{"], ids=["cut", "whole", "garbage", "one byte"]
)
def test_torn_last_line_is_dropped(folder: Path, torn: bytes) -> None:
    with RunDirectory.create(folder) as directory:
        directory.append("run-started", NOW, {})
    with (folder / EVENTS).open("ab") as handle:
        handle.write(torn)
    assert [e["event"] for e in read_events(folder)] == ["run-started"]


def test_reopened_run_goes_on_after_the_last_whole_line(folder: Path) -> None:
    with RunDirectory.create(folder) as directory:
        directory.append("run-started", NOW, {})
    with (folder / EVENTS).open("ab") as handle:
        handle.write(b'{"event":"half')
    with RunDirectory.open_(folder) as directory:
        directory.append("run-resumed", NOW, {})
    assert [e["event"] for e in read_events(folder)] == ["run-started", "run-resumed"]


@pytest.mark.parametrize("broken", [b"{", b"", b"[1]", b'{"at":"x"}', b'{"event":1}', b"\xff"], ids=repr)
def test_broken_earlier_line_is_refused_by_its_number(folder: Path, broken: bytes) -> None:
    RunDirectory.create(folder).close()
    (folder / EVENTS).write_bytes(b'{"event":"a","at":"x"}\n' + broken + b'\n{"event":"b","at":"x"}\n')
    with pytest.raises(InputError) as caught:
        list(read_events(folder))
    assert codes(caught.value) == ["E806"]
    assert "line 2" in str(caught.value)


def test_folder_without_events_is_no_run(tmp_path: Path) -> None:
    with pytest.raises(InputError) as read:
        list(read_events(tmp_path))
    with pytest.raises(InputError) as opened:
        RunDirectory.open_(tmp_path)
    assert codes(read.value) == codes(opened.value) == ["E803"]


def test_folder_that_holds_a_run_is_not_overwritten(folder: Path) -> None:
    RunDirectory.create(folder).close()
    with pytest.raises(InputError) as caught:
        RunDirectory.create(folder)
    assert codes(caught.value) == ["E801"]


def test_folder_that_cannot_be_made_is_an_input_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(InputError) as caught:
        RunDirectory.create(tmp_path / "file" / "run")
    assert codes(caught.value) == ["E802"]


WRITER = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from harness.store import RunDirectory
with RunDirectory.create(Path(sys.argv[1])) as directory:
    for number in range(1_000_000):
        digest = directory.keep(str(number).encode() * 50)
        directory.append("exchange", datetime.now(UTC), {"number": number, "body": {"blob": digest, "size": 1}})
        print(number, flush=True)
"""


@pytest.mark.parametrize("after_s", [0.0, 0.013, 0.081, 0.2], ids=lambda s: f"after {s} s")
def test_killed_process_loses_nothing_it_had_acknowledged(folder: Path, after_s: float) -> None:
    child = subprocess.Popen([sys.executable, "-c", WRITER, str(folder)], stdout=subprocess.PIPE)
    assert child.stdout is not None
    first = child.stdout.readline()
    time.sleep(after_s)
    os.kill(child.pid, signal.SIGKILL)
    rest = child.stdout.read()
    child.stdout.close()
    child.wait()
    acknowledged = int((first + rest).rstrip().split(b"\n")[-1])
    events = list(read_events(folder))
    assert [e["number"] for e in events] == list(range(len(events)))
    assert len(events) > acknowledged
    for event in events:
        body = event["body"]
        assert isinstance(body, dict)
        assert fetch_blob(folder, str(body["blob"]))
    with RunDirectory.open_(folder) as directory:
        directory.append("run-resumed", NOW, {})
    assert len(list(read_events(folder))) == len(events) + 1


# --- blobs


@settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.lists(st.binary(max_size=200), max_size=6))
def test_bytes_come_back_exactly_under_their_digest(contents: list[bytes]) -> None:
    with tempfile.TemporaryDirectory() as name, RunDirectory.create(Path(name)) as directory:
        digests = [directory.keep(data) for data in contents]
        assert digests == [hashlib.sha256(data).hexdigest() for data in contents]
        assert [directory.fetch(d) for d in digests] == contents
        assert sorted(p.name for p in (Path(name) / BLOBS).iterdir()) == sorted(set(digests))


def test_altered_blob_is_refused(folder: Path) -> None:
    with RunDirectory.create(folder) as directory:
        digest = directory.keep(b"as received")
    (folder / BLOBS / digest).write_bytes(b"as wished")
    with pytest.raises(InputError) as caught:
        fetch_blob(folder, digest)
    assert codes(caught.value) == ["E805"]


@pytest.mark.parametrize("digest", ["0" * 64, "", "../events.jsonl", "/etc/hostname", "A" * 64], ids=repr)
def test_blob_that_is_not_there_is_refused(folder: Path, digest: str) -> None:
    RunDirectory.create(folder).close()
    with pytest.raises(InputError) as caught:
        fetch_blob(folder, digest)
    assert codes(caught.value) == ["E804"]


# --- records


@settings(max_examples=40, deadline=None)
@given(body=st.binary(max_size=64), text=st.text(st.characters(codec="utf-8"), max_size=20))
def test_exchange_survives_json(body: bytes, text: str) -> None:
    kept: dict[str, bytes] = {}

    def keep(data: bytes) -> str:
        digest = hashlib.sha256(data).hexdigest()
        kept[digest] = data
        return digest

    original = exchange(id=text, body=body)
    written: Json = json.loads(json.dumps(to_json(Exchange, original, keep), ensure_ascii=False))
    assert from_json(Exchange, written, kept.__getitem__) == original


def test_finished_rows_are_those_that_were_done(folder: Path) -> None:
    with RunDirectory.create(folder) as directory:
        directory.append("row-started", NOW, {"row": "A"})
        directory.append("row-done", NOW, {"row": "A", "result": directory.record(RowResult, row("A"))})
        directory.append("row-started", NOW, {"row": "B"})
    assert finished_rows(folder) == {"A": row("A")}


def test_damaged_row_result_is_refused(folder: Path) -> None:
    with RunDirectory.create(folder) as directory:
        directory.append("row-done", NOW, {"row": "A", "result": {"id": "A"}})
    with pytest.raises(InputError) as caught:
        finished_rows(folder)
    assert codes(caught.value) == ["E809"]


def test_run_record_comes_back_equal(folder: Path) -> None:
    original = run(row("A"), row("B", (broken_exchange("x0003"),)))
    with RunDirectory.create(folder) as directory:
        directory.write_run(original)
    assert load_run(folder) == original


def test_run_record_counts_what_is_in_it(folder: Path) -> None:
    with RunDirectory.create(folder) as directory:
        data = json.loads(directory.write_run(run(row("A"), row("B"))).read_bytes())
    counts = data["counts"]
    assert (counts["scenarios"], counts["exchanges"], counts["messages"], counts["findings"]) == (2, 4, 6, 2)
    assert counts["verdicts"]["fail"] == 2
    assert counts["verdicts"]["pass"] == 0


@pytest.fixture
def written(folder: Path) -> dict[str, Json]:
    with RunDirectory.create(folder) as directory:
        data: dict[str, Json] = json.loads(directory.write_run(run()).read_bytes())
    return data


def test_run_record_fits_its_schema(written: dict[str, Json]) -> None:
    Draft202012Validator.check_schema(run_schema())
    Draft202012Validator(run_schema()).validate(written)


def _without(data: dict[str, Json], *path: str | int) -> None:
    *parents, last = path
    node: object = data
    for key in parents:
        node = node[key]  # type: ignore[index]
    del node[last]  # type: ignore[attr-defined]


def _put(data: dict[str, Json], value: Json, *path: str | int) -> None:
    *parents, last = path
    node: object = data
    for key in parents:
        node = node[key]  # type: ignore[index]
    node[last] = value  # type: ignore[index]


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("surplus",), 1),
        (("scenarios", 0, "surplus"), 1),
        (("scenarios", 0, "steps", 0, "findings", 0, "surplus"), 1),
        (("verdict",), "certified"),
        (("seed",), "seven"),
        (("scenarios", 0, "steps"), {}),
        (("scenarios", 0, "exchanges", 0, "request", "body"), "<q/>"),
        (("scenarios", 0, "exchanges", 0, "request", "body", "blob"), "short"),
        (("format_version",), "0.9"),
        (("counts", "verdicts", "fail"), -1),
    ],
    ids=lambda value: ".".join(map(str, value)) if isinstance(value, tuple) else "",
)
def test_altered_run_record_does_not_fit_the_schema(
    written: dict[str, Json], path: tuple[str | int, ...], value: Json
) -> None:
    _put(written, value, *path)
    assert not Draft202012Validator(run_schema()).is_valid(written)


@pytest.mark.parametrize(
    "path",
    [("counts",), ("scenarios", 0, "verdict"), ("scenarios", 0, "cause"), ("environment", "libraries")],
    ids=lambda path: ".".join(map(str, path)),
)
def test_run_record_without_a_field_does_not_fit_the_schema(
    written: dict[str, Json], path: tuple[str | int, ...]
) -> None:
    _without(written, *path)
    assert not Draft202012Validator(run_schema()).is_valid(written)


def test_validation_report_fits_its_schema() -> None:
    (report,) = row().steps[0].validations
    schema = validation_schema()
    Draft202012Validator.check_schema(schema)
    batch = ValidationBatch(
        format_version=VALIDATION_FORMAT_VERSION, harness="0", packs=(), reports=(report,), verdict=report.verdict
    )
    data = to_json(ValidationBatch, batch, lambda _: "")
    Draft202012Validator(schema).validate(data)
    assert not Draft202012Validator(schema).is_valid({**data, "surplus": 1} if isinstance(data, dict) else {})


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (None, "E807"),
        (b"{", "E807"),
        (b"[]", "E807"),
        (b"{}", "E807"),
        (b'{"format_version": "0.1", "scenarios": []}', "E808"),
        (b'{"format_version": "1.1", "scenarios": []}', "E809"),
    ],
    ids=["absent", "not JSON", "a list", "empty", "another format", "damaged"],
)
def test_unusable_run_record_is_an_input_error(folder: Path, content: bytes | None, code: str) -> None:
    RunDirectory.create(folder).close()
    if content is not None:
        (folder / RUN_FILE).write_bytes(content)
    with pytest.raises(InputError) as caught:
        load_run(folder)
    assert codes(caught.value) == [code]


def test_run_record_with_an_altered_message_is_refused(folder: Path) -> None:
    with RunDirectory.create(folder) as directory:
        directory.write_run(run())
    response = exchange().response
    assert response is not None
    (folder / BLOBS / hashlib.sha256(response.raw).hexdigest()).write_bytes(b"HTTP/1.1 200 OK\r\n\r\n")
    with pytest.raises(InputError) as caught:
        load_run(folder)
    assert codes(caught.value) == ["E805"]


# --- several


def test_merged_directory_holds_all_events_and_blobs(tmp_path: Path) -> None:
    for name in ("one", "two"):
        with RunDirectory.create(tmp_path / name) as source:
            source.append("row-started", NOW, {"row": name})
            source.append("row-done", NOW, {"row": name, "result": source.record(RowResult, row(name))})
    with RunDirectory.create(tmp_path / "all") as target:
        merge_directories([tmp_path / "one", tmp_path / "two"], target)
    assert finished_rows(tmp_path / "all") == {"one": row("one"), "two": row("two")}
    both = [*read_events(tmp_path / "one"), *read_events(tmp_path / "two")]
    assert list(read_events(tmp_path / "all")) == both


def test_merging_refuses_an_altered_blob(tmp_path: Path) -> None:
    with RunDirectory.create(tmp_path / "one") as source:
        digest = source.keep(b"as received")
    (tmp_path / "one" / BLOBS / digest).write_bytes(b"as wished")
    with RunDirectory.create(tmp_path / "all") as target, pytest.raises(InputError) as caught:
        merge_directories([tmp_path / "one"], target)
    assert codes(caught.value) == ["E805"]


def test_input_file_is_copied_once(folder: Path, tmp_path: Path) -> None:
    source = tmp_path / "my.yaml"
    source.write_text("a: 1")
    with RunDirectory.create(folder) as directory:
        directory.keep_input("sut.yaml", source)
        source.write_text("a: 2")
        directory.keep_input("sut.yaml", source)
    assert (folder / "sut.yaml").read_text() == "a: 1"
