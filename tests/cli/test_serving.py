"""`harness reference-system` and `harness peer`: processes that serve until they are interrupted."""

import json
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
    assert transactions.count("SMP") == 2, "the endpoint and the search mask were looked up"
    assert "SMP request for search-mask" in out
    assert "urn:ehealth:be:ncp-idp" in err


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True
