"""`harness doctor`: what it prints, in which form, and how it ends."""

import json
from pathlib import Path

import pytest

from tests.cli.cli_support import Invoke
from tests.cli.tiny_sut import TinySut, fault


def test_reference_system_is_well(invoke: Invoke, system: Path) -> None:
    result = invoke("doctor", "--sut", system, "--format", "json")

    rows = json.loads(result.stdout)
    assert result.exit_code == 0, result.stdout
    assert {row["verdict"] for row in rows} == {"pass"}
    assert {row["step"] for row in rows} >= {
        "name",
        "tcp",
        "tls",
        "server-chain",
        "client-certificate",
        "http",
        "clock",
    }
    assert rows[0].keys() == {"step", "target", "verdict", "expected", "found", "next", "option"}


def test_text_shows_each_step_and_ends_with_the_counts(invoke: Invoke, system: Path) -> None:
    result = invoke("doctor", "--sut", system)

    assert result.exit_code == 0
    assert "TLS handshake" in result.stdout
    assert "HTTP status 405" in result.stdout
    assert "pass" in result.stderr


def test_system_that_is_down_ends_with_3_and_the_way_out_in_french(invoke: Invoke, tmp_path: Path) -> None:
    with TinySut(fault) as tiny:
        sut = tiny.write_sut(tmp_path)
    result = invoke("doctor", "--sut", sut, "--lang", "fr")

    assert result.exit_code == 3
    assert "obtenu\u00a0: connexion refusée" in result.stdout
    assert "à faire\u00a0: démarrer le système" in result.stdout
    assert "négociation TLS, certificat du serveur : chaîne" in result.stdout
    assert "erreur 1" in result.stderr


def test_file_of_the_operator_that_is_wrong_ends_with_2(invoke: Invoke, tmp_path: Path) -> None:
    with TinySut(fault) as tiny:
        sut = tiny.write_sut(tmp_path)
        (tmp_path / "pki").mkdir()
        (tmp_path / "pki" / "tls.pem").write_text("x", encoding="utf-8")
        result = invoke("doctor", "--sut", sut, "--lang", "en")
        (tmp_path / "ca.pem").unlink()
        unread = invoke("doctor", "--sut", sut)

    assert result.exit_code == 2
    assert "not there: tls.key.pem" in result.stdout
    assert unread.exit_code == 2
    assert "E213" in unread.stderr


@pytest.mark.parametrize("arguments", [("--format", "xml"), ("--lang", "de")], ids=["format", "language"])
def test_unknown_choice_is_refused(invoke: Invoke, system: Path, arguments: tuple[str, str]) -> None:
    assert invoke("doctor", "--sut", system, *arguments).exit_code == 2
