"""`harness reference-system` and `harness peer`: processes that serve until they are interrupted."""

import json
import shlex
import shutil
import signal
import socket
import subprocess
from pathlib import Path

import httpx
import pytest
from ruamel.yaml import YAML

from harness.peers import client_context, pki_from_files
from harness.reference import FAULTS
from harness.runner import utc_now
from harness.store import read_events, read_folder
from tests.cli.cli_support import Invoke, await_, command, environment

RUNS = "runs"


@pytest.mark.parametrize("option", ["--list-faults", "--list-departures"])
def test_faults_and_departures_are_listed_in_both_languages(invoke: Invoke, option: str) -> None:
    english, french = (invoke("reference-system", option, "--lang", lang).stdout.splitlines() for lang in ("en", "fr"))
    wanted = [name for name, fault in FAULTS.items() if fault.advisory is (option == "--list-departures")]
    assert [line.split()[0] for line in english] == wanted
    assert [line.split()[0] for line in french] == wanted
    assert english != french


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--fault", "xcpd.target-message.wrnog"), "did you mean 'xcpd.target-message.wrong'?"),
        (("--actor", "ncpeh-c"), "'ncpeh-a' or 'ncpeh-b'"),
        (("--documents", "nowhere"), "no such folder"),
    ],
    ids=["fault", "actor", "documents"],
)
def test_reference_system_refuses_what_it_does_not_know(invoke: Invoke, arguments: tuple[str, ...], said: str) -> None:
    result = invoke("reference-system", *arguments)
    assert result.exit_code == 2
    assert said in result.stderr


def test_peer_of_country_b_is_refused_with_the_way_to_go(invoke: Invoke, system: Path) -> None:
    result = invoke("peer", "--sut", system, "--actor", "ncpeh-b")
    assert result.exit_code == 2
    assert "harness run" in result.stderr


def test_peer_answers_the_reference_system_prints_the_exchange_and_keeps_it(system: Path, tmp_path: Path) -> None:
    sut = YAML(typ="safe").load(system)
    url = sut["actors"]["ncpeh-b"]["trigger"]["http"]["url"]
    pki = pki_from_files(read_folder(system.parent / "pki"), at=utc_now(), host="127.0.0.1")
    context = client_context(pki.tls, (system.parent / sut["trust"]["authorities"]).read_bytes())
    child = subprocess.Popen(
        command("peer", "--sut", system),
        cwd=tmp_path,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    try:
        await_(lambda: _listens(int(sut["ours"]["listen"]["xcpd"])), "the peer")
        content = {
            "operation": "identify",
            "country": "BE",
            "patient": {"ids": [{"root": "2.999.250.1", "extension": "nobody"}]},
            "practitioner": {"key": "physician", "name": "Dr Essai", "name_id": "essai", "role_code": "221"},
        }
        # the system, which other tests use too, may remember where we were
        httpx.post(url, json={**content, "operation": "discover"}, verify=context, timeout=20)
        httpx.post(url, json=content, verify=context, timeout=20)
        child.send_signal(signal.SIGINT)
        out, err = (data.decode() for data in child.communicate(timeout=20))
    finally:
        child.kill()
    assert child.returncode == 0, err
    assert "x0001" in out
    assert "audit record EHDSI-91 (dicom) over tls" in out
    assert "xcpd" in err
    assert f"syslog-tls://127.0.0.1:{sut['ours']['listen']['audit']}" in err
    (folder,) = (tmp_path / RUNS).iterdir()
    exchanges = [e["exchange"] for e in read_events(folder) if e["event"] == "exchange"]
    transactions = [json.loads(json.dumps(x))["transaction"] for x in exchanges]
    assert [t for t in transactions if t != "SMP"] == ["ITI-55"]
    assert transactions.count("SMP") >= 2, "the endpoint and the search mask were looked up"
    assert "SMP request for search-mask" in out
    assert "urn:ehealth:be:ncp-idp" in err


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_printed_curl_line_gets_an_answer_and_each_exchange_appears_with_its_verdict(tmp_path: Path) -> None:
    with (tmp_path / "out").open("wb") as out, (tmp_path / "err").open("wb") as err:
        child = subprocess.Popen(
            command("peer", "--temperament", "lenient", "--lang", "fr"),
            cwd=tmp_path,
            env=environment(),
            stdout=out,
            stderr=err,
        )
    try:
        await_(lambda: "curl " in (tmp_path / "err").read_text("utf-8"), "the printed command")
        said = (tmp_path / "err").read_text("utf-8")
        line = "curl " + next(x for x in said.splitlines() if "curl " in x).partition("curl ")[2]
        answers = [_output(shlex.split(line)) for _ in range(2)]
        without = [word for word in shlex.split(line) if word not in ("--cert", "--key")]
        without = [word for word in without if not word.endswith(("vendor.pem", "vendor.key.pem"))]
        refused = subprocess.run(without, capture_output=True, timeout=20, check=False)
        await_(lambda: "refusé" in (tmp_path / "out").read_text("utf-8"), "the refusal")
        child.send_signal(signal.SIGINT)
        assert child.wait(timeout=30) == 0
    finally:
        child.kill()
    shown = (tmp_path / "out").read_text("utf-8")
    (folder,) = (tmp_path / RUNS).iterdir()
    events = list(read_events(folder))

    assert "authority.pem" in line
    assert "humeur" in said
    assert all(b"PRPA_IN201306UV02" in answer for answer in answers)
    assert answers[0] != answers[1]  # the second is in chunks, and each has ids of its own
    assert (refused.returncode != 0, b"Exemplaire" in refused.stdout) == (True, False)
    assert "x0001 ✔ réussi  ITI-55 request" in shown
    assert "x0002 ✘ échec  ITI-55 request" in shown
    assert "TRN-B-002: attendu" in shown
    assert "[answer.chunked]" in shown
    assert [e["verdict"] for e in events if e["event"] == "judged"] == ["pass", "fail"]
    assert len([e for e in events if e["event"] == "connection-refused"]) == 1
    assert (folder / "vendor" / "vendor.key.pem").stat().st_mode & 0o077 == 0


def test_peer_refuses_a_temperament_that_nobody_has(invoke: Invoke) -> None:
    result = invoke("peer", "--temperament", "choleric")
    assert result.exit_code == 2
    assert "'hostile', 'lenient' or 'strict'" in result.stderr


def _output(words: list[str]) -> bytes:
    return subprocess.run(words, capture_output=True, timeout=20, check=True).stdout


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True
