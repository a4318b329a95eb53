"""`harness run`: exit status, the last line, what is written, and what is said when something is wrong."""

import json
import socket
import time
from pathlib import Path

import pytest

from harness.peers import make_pki
from harness.runner import utc_now
from tests.cli.cli_support import PASSING, Finished, Invoke
from tests.cli.tiny_sut import Behaviour, TinySut, cut, fault, garbage, late, reset, write_scenario, write_sut

BROKEN = """scenario: MY-BROKEN-001
title: {en: Three mistakes, fr: Trois fautes}
applies: {profile: patient-summary, sut: ncpeh-a, wave: [8]}
given: {patient: pt-nominal}
stepps: []
steps:
  - send: {transaction: ITI-99, with: {patient: "${given.patient}"}, save: answer}
  - expect: {of: answer, any: [{soap_fualt: any, grade: strict}]}
"""


@pytest.fixture(scope="session")
def authority() -> bytes:
    return make_pki("FR", "127.0.0.1", utc_now()).anchors


def test_run_that_passes_ends_with_0(finished: Finished) -> None:
    assert finished.result.exit_code == 0, finished.result.stderr


def test_last_line_of_stdout_is_the_absolute_path_of_the_report(finished: Finished) -> None:
    lines = finished.result.stdout.splitlines()
    assert Path(lines[-1]) == finished.out / "report" / "index.html"
    assert Path(lines[-1]).is_file()


def test_run_directory_holds_record_events_blobs_and_junit(finished: Finished) -> None:
    assert {p.name for p in finished.out.iterdir()} >= {
        "run.json",
        "events.jsonl",
        "blobs",
        "junit.xml",
        "report",
        "sut.yaml",
    }


def test_progress_and_summary_go_to_stderr_alone(finished: Finished) -> None:
    assert len(finished.result.stdout.splitlines()) == 1
    assert PASSING in finished.result.stderr
    assert "Verdict: ✔ pass" in finished.result.stderr


def test_run_into_a_folder_that_holds_a_run_is_refused(invoke: Invoke, finished: Finished, system: Path) -> None:
    before = (finished.out / "events.jsonl").read_bytes()
    result = invoke("run", "--sut", system, PASSING, "--out", finished.out)
    assert result.exit_code == 2
    assert "holds a run already" in result.stderr
    assert (finished.out / "events.jsonl").read_bytes() == before


def test_target_that_names_nothing_is_answered_with_the_nearest(invoke: Invoke, tmp_path: Path) -> None:
    result = invoke("run", "XCPD-A-POS-01")
    assert result.exit_code == 2
    assert "did you mean 'XCPD-A-POS-0" in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_broken_scenario_file_ends_with_2_and_every_mistake_with_its_place(invoke: Invoke, tmp_path: Path) -> None:
    path = tmp_path / "broken.yaml"
    path.write_text(BROKEN, encoding="utf-8")
    result = invoke("run", path)
    assert result.exit_code == 2
    lines = [line for line in result.stderr.splitlines() if line]
    places = [line.split(": ")[0].rpartition("broken.yaml:")[2] for line in lines]
    assert len(places) == 3, result.stderr
    assert [place.split(":")[0] for place in places] == ["5", "7", "8"]
    assert all(int(place.split(":")[1]) > 0 for place in places)
    assert "'steps'" in lines[0]
    assert "'soap_fault'" in lines[2]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--nonsense",), "--nonsense"),
        (("--fault", "xcpd.target-message.wrongg"), "did you mean 'xcpd.target-message.wrong'?"),
        (("--sut", "sut.yaml", "--fault", "xcpd.target-message.wrong"), "only the bundled reference system"),
        (("--sut", "sut.yaml", "--documents", "."), "only the bundled reference system"),
        (("--sut", "nowhere.yaml"), "nowhere.yaml:1:1"),
        (("--documents", "nowhere"), "no such folder"),
        (("--kind", "certification"), "unknown kind of run"),
        (("--lang", "de"), "unknown language"),
        (("--resume", "nowhere"), "no run in this folder"),
        (("--resume", "here", "--out", "there"), "goes on in its own folder"),
        (("--pack", "nowhere"), "not a folder"),
        (("--seed", "many"), "--seed"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_option_that_cannot_be_used_ends_with_2_and_leaves_nothing_behind(
    invoke: Invoke, tmp_path: Path, arguments: tuple[str, ...], said: str
) -> None:
    result = invoke("run", *arguments)
    assert result.exit_code == 2
    assert said in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_endpoint_where_nobody_listens_is_the_environments_within_ten_seconds(
    invoke: Invoke, tmp_path: Path, authority: bytes
) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    (tmp_path / "ca.pem").write_bytes(authority)
    started = time.monotonic()
    result = invoke(
        "run", "--sut", write_sut(tmp_path, port, "ca.pem"), write_scenario(tmp_path, "MY-A-001"), "--out", "run"
    )
    assert result.exit_code == 3
    assert time.monotonic() - started < 10
    row = json.loads((tmp_path / "run" / "run.json").read_bytes())["scenarios"][0]
    assert (row["verdict"], row["cause"]) == ("error", "environment")
    assert f"127.0.0.1:{port}" in result.stderr


@pytest.mark.parametrize(
    ("behave", "kind"),
    [(reset, "reset"), (cut, "cut"), (late, "timed-out"), (garbage, "not-http")],
    ids=["reset", "cut", "late", "garbage"],
)
def test_sut_that_accepts_and_then_misbehaves_fails(
    invoke: Invoke, tmp_path: Path, behave: Behaviour, kind: str
) -> None:
    with TinySut(behave) as sut:
        scenario = write_scenario(tmp_path, "MY-A-001")
        result = invoke("run", "--sut", sut.write_sut(tmp_path), scenario, "--out", "run")
    assert result.exit_code == 1, result.stderr
    row = json.loads((tmp_path / "run" / "run.json").read_bytes())["scenarios"][0]
    assert (row["verdict"], row["cause"]) == ("fail", "sut")
    assert f"transport/{kind}" in {f["rule"] for step in row["steps"] for f in step["findings"]}
    assert kind in result.stderr


def test_fault_of_the_bundled_system_fails_at_the_requirement_it_breaks(invoke: Invoke, tmp_path: Path) -> None:
    result = invoke("run", "--fault", "xcpd.target-message.wrong", "XCPD-A-POS-001", "--out", "run")
    assert result.exit_code == 1, result.stderr
    for part in ("XCPD-A-POS-001", "requirement: XCPD-A-008", "step 0", "expected: ", "found: ", "where: response"):
        assert part in result.stderr
    record = json.loads((tmp_path / "run" / "run.json").read_bytes())
    assert record["faults"] == ["xcpd.target-message.wrong"]
    assert record["bundled_system"] is True
    assert [r["verdict"] for r in record["requirements"] if r["id"] == "XCPD-A-008"] == ["fail"]


def test_summary_in_french_holds_no_english(invoke: Invoke, tmp_path: Path) -> None:
    with TinySut(fault) as sut:
        scenario = write_scenario(tmp_path, "MY-A-001", expect="query_response: OK")
        result = invoke("run", "--sut", sut.write_sut(tmp_path), scenario, "--out", "run", "--lang", "fr")
    assert result.exit_code == 1
    for word in ("échec", "Verdict", "scénarios", "exigences", "échanges", "attendu", "obtenu", "règles", "étape"):
        assert word in result.stderr
    for word in ("fail", "expected", "found", "where", "requirement", "next", "step", "in_", "rules", "self-run"):
        assert word not in result.stderr.replace("XCPD", "")
    assert '<html lang="fr"' in (tmp_path / "run" / "report" / "index.fr.html").read_text(encoding="utf-8")
