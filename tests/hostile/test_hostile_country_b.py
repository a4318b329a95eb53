"""A country B that asks badly, late, twice or the wrong place is judged for what it did, in its own row."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.model import Cause, RowResult, Verdict
from harness.store import fetch_blob, read_events
from tests.hostile.hostile_bench import Bench, Caller, HostileB, discovery, post

SHOWN = b'{"shown": "patient", "patients": []}'


def scenario(folder: Path, name: str) -> str:
    file = folder / f"{name}.yaml"
    file.write_text(
        f"""scenario: {name}
title: {{en: It asks, fr: Il demande}}
applies: {{profile: patient-summary, sut: ncpeh-b}}
given: {{patient: pt-nominal, practitioner: physician}}
steps:
  - trigger: {{operation: identify, within: 2s, save: shown}}
  - receive: {{transaction: ITI-55, within: 1s, save: asked}}
  - expect: {{of: asked, request_received: true}}
""",
        encoding="utf-8",
    )
    return str(file)


def one(bench: Bench, folder: Path, acts: Callable[[Caller], object], delay_s: float = 0.0) -> RowResult:
    with HostileB(bench, lambda c: void(acts(c)), (delay_s, SHOWN)) as system:
        return bench.run(system.sut(), scenario(folder, "B-ONE"))["B-ONE"]


def void(_: object) -> None:
    return None


def twice_the_payload(envelope: bytes) -> bytes:
    before, mark, rest = envelope.partition(b"<soap:Body>")
    payload, end, after = rest.partition(b"</soap:Body>")
    return before + mark + payload * 2 + end + after


def test_good_request_passes(bench: Bench, tmp_path: Path) -> None:
    row = one(bench, tmp_path, lambda c: c.send(post(discovery(bench))))
    assert row.verdict is Verdict.PASS, row.reason


FAILING: dict[str, Callable[[Bench, Caller], object]] = {
    "no request": lambda b, c: None,
    "garbage": lambda b, c: c.send(b"\x00\x01 garbage\r\n\r\n"),
    "garbage in the body": lambda b, c: c.send(post(b"no XML")),
    "a path nobody serves": lambda b, c: c.send(post(discovery(b), path="/nowhere")),
    "the endpoint of another transaction": lambda b, c: c.send(post(discovery(b), path="/xca")),
    "a call that ends before our answer": lambda b, c: c.send(post(discovery(b)), wait=False),
    "two payloads": lambda b, c: c.send(post(twice_the_payload(discovery(b)))),
    "one identity assertion twice": lambda b, c: c.send(post(discovery(b, alter=lambda a: a * 2))),
    "a wrapped assertion": lambda b, c: c.send(post(discovery(b, alter=lambda a: [b"<w>" + a[0] + b"</w>"]))),
    "a changed assertion": lambda b, c: c.send(post(discovery(b, alter=lambda a: [a[0].replace(b"221", b"2221")]))),
}


@pytest.mark.parametrize("name", FAILING)
def test_hostile_request_fails_the_row(bench: Bench, tmp_path: Path, name: str) -> None:
    row = one(bench, tmp_path, lambda c: FAILING[name](bench, c))
    assert (row.verdict, row.cause) == (Verdict.FAIL, Cause.SUT), row.reason


def test_hanging_trigger_ends_with_its_limit(bench: Bench, tmp_path: Path) -> None:
    started = time.monotonic()
    row = one(bench, tmp_path, lambda c: None, delay_s=15)
    assert row.verdict is Verdict.FAIL
    assert time.monotonic() - started < 10


def test_late_request_is_not_taken_for_that_of_the_next_row(bench: Bench, tmp_path: Path) -> None:
    pulled: list[float] = []

    def late_once(caller: Caller) -> None:
        pulled.append(time.monotonic())
        if len(pulled) == 1:
            time.sleep(1.4)
            caller.send(post(discovery(bench)))

    with HostileB(bench, late_once, (0.0, SHOWN)) as system:
        rows = bench.run(system.sut(), scenario(tmp_path, "B-ONE"), scenario(tmp_path, "B-TWO"))

    assert {row.verdict for row in rows.values()} == {Verdict.FAIL}
    assert len(rows["B-ONE"].exchanges) == 1
    assert not rows["B-TWO"].exchanges


def test_request_once_more_after_a_row_that_passed_stays_with_it(bench: Bench, tmp_path: Path) -> None:
    pulled: list[float] = []

    def twice_at_first(caller: Caller) -> None:
        pulled.append(time.monotonic())
        if len(pulled) == 1:
            caller.send(post(discovery(bench)))
            time.sleep(0.3)
            caller.send(post(discovery(bench)))

    with HostileB(bench, twice_at_first, (0.0, SHOWN)) as system:
        rows = bench.run(system.sut(), scenario(tmp_path, "B-ONE"), scenario(tmp_path, "B-TWO"))

    assert len(rows["B-ONE"].exchanges) == 2
    assert rows["B-TWO"].verdict is Verdict.FAIL
    assert not rows["B-TWO"].exchanges


@pytest.mark.parametrize(("temperament", "refused"), [("strict", True), ("lenient", False)])
def test_temperament_that_a_scenario_names_is_that_of_our_country_a(
    bench: Bench, tmp_path: Path, temperament: str, refused: bool
) -> None:
    file = Path(scenario(tmp_path, "B-ONE"))
    file.write_text(file.read_text("utf-8").replace("given: {", f"given: {{temperament: {temperament}, "), "utf-8")
    changed = post(discovery(bench, alter=lambda a: [a[0].replace(b"221", b"2221")]))

    with HostileB(bench, lambda c: void(c.send(changed)), (0.0, SHOWN)) as system:
        row = bench.run(system.sut(), str(file))["B-ONE"]

    (exchange,) = row.exchanges
    assert exchange.response is not None
    assert (b"Demanded here" in exchange.response.body) is refused
    assert row.verdict is Verdict.FAIL  # the signature is broken, whatever our peer makes of it


def test_bytes_of_a_refused_request_are_in_the_run_directory(bench: Bench, tmp_path: Path) -> None:
    row = one(bench, tmp_path, lambda c: c.send(b"GARBAGE of the system\r\n\r\n"))

    refused = [event for event in read_events(bench.last) if event["event"] == "connection-refused"]
    assert [(event["row"], event["kind"]) for event in refused] == [(row.id, "http")]
    raw = refused[0]["raw"]
    assert isinstance(raw, dict)
    assert fetch_blob(bench.last, str(raw["blob"])) == b"GARBAGE of the system\r\n\r\n"
