"""SUT files: values, references to secrets, problems."""

import hashlib
from datetime import date
from pathlib import Path

import pytest

from harness.errors import ScenarioError
from harness.packs import load_sut

ENVIRONMENT = {"SUT_XCA": "https://127.0.0.1:9443/xca"}


def test_a_sut_file_is_read_with_its_references_resolved(files: Path) -> None:
    path = files / "ok" / "sut.yaml"
    sut = load_sut(path, ENVIRONMENT)
    assert (sut.system.name, sut.system.version) == ("Exemple NCPeH", "4.10")
    assert sut.actors["ncpeh-a"].endpoints["xca"] == "https://127.0.0.1:9443/xca"
    trigger = sut.actors["ncpeh-b"].trigger
    assert trigger is not None
    assert trigger.url == "https://127.0.0.1:9443/trigger"
    assert sut.trust_authorities == (files / "ok" / "ca.pem").read_bytes()
    assert sut.ours.pki == str(files / "ok" / "pki")
    assert dict(sut.ours.ports) == {"xcpd": 8443}
    assert sut.patients["pt-nominal"].birth == date(1979, 3, 14)
    assert (sut.clock_skew_s, sut.answer_within_s) == (90.0, 120.0)
    assert sut.digest == hashlib.sha256(path.read_bytes()).hexdigest()


def test_the_free_part_stays_as_it_is_written(files: Path) -> None:
    sut = load_sut(files / "ok" / "sut.yaml", ENVIRONMENT)
    assert sut.data["documents"] == ({"row": "one", "path": "one.xml"},)
    assert sut.data["anything"] == {"goes": 1}


def test_a_variable_that_is_not_set_is_located(files: Path) -> None:
    with pytest.raises(ScenarioError) as caught:
        load_sut(files / "ok" / "sut.yaml", {})
    (problem,) = caught.value.problems
    assert (problem.code, problem.found) == ("E213", "SUT_XCA")
    assert problem.at is not None
    assert problem.at.line == 6


def test_all_problems_of_a_sut_file_are_reported_at_once(tmp_path: Path) -> None:
    path = tmp_path / "sut.yaml"
    path.write_text(
        "system: {name: X, version: 1}\n"
        "actors:\n"
        "  ncpeh-a: {country: fr, endpoint: {}}\n"
        "limits: {answer_within: 30}\n"
        "ours: {listen: {xcpd: 70000}}\n",
        encoding="utf-8",
    )
    with pytest.raises(ScenarioError) as caught:
        load_sut(path)
    assert [(p.code, p.at.line) for p in caught.value.problems if p.at] == [
        ("E209", 3),
        ("E201", 3),
        ("E204", 4),
        ("E210", 5),
    ]


@pytest.mark.parametrize(
    ("authorities", "problem"),
    [("nowhere.pem", "file cannot be read"), ("sut.yaml", "holds no certificate")],
    ids=["absent file", "file without a certificate"],
)
def test_unusable_authorities_are_a_problem(tmp_path: Path, authorities: str, problem: str) -> None:
    path = tmp_path / "sut.yaml"
    path.write_text(
        f"system: {{name: X, version: 1}}\nactors: {{ncpeh-a: {{country: FR}}}}\ntrust: {{authorities: {authorities}}}\n",
        encoding="utf-8",
    )
    with pytest.raises(ScenarioError) as caught:
        load_sut(path)
    (found,) = caught.value.problems
    assert found.problem.startswith(problem)
    assert found.at is not None
    assert found.at.line == 3


def with_revocations(folder: Path, files: Path, content: bytes) -> Path:
    (folder / "ca.pem").write_bytes((files / "ok" / "ca.pem").read_bytes())
    (folder / "crl.pem").write_bytes(content)
    path = folder / "sut.yaml"
    path.write_text(
        "system: {name: X, version: 1}\n"
        "actors: {ncpeh-b: {country: FR, endpoints: {sts: https://sut.example/sts}}}\n"
        "trust: {authorities: ca.pem, revocations: crl.pem}\n"
        "ours: {listen: {sts: 9443, sts_nok: 9444}}\n",
        encoding="utf-8",
    )
    return path


def test_revocation_lists_and_a_token_service_are_read(tmp_path: Path, files: Path) -> None:
    content = b"-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n"
    sut = load_sut(with_revocations(tmp_path, files, content))
    assert sut.trust_revocations == content
    assert sut.actors["ncpeh-b"].endpoints == {"sts": "https://sut.example/sts"}
    assert sut.ours.ports == {"sts": 9443, "sts_nok": 9444}
    assert sut.home_of_b == "FR"


def test_a_file_without_a_revocation_list_is_a_problem(tmp_path: Path, files: Path) -> None:
    with pytest.raises(ScenarioError) as caught:
        load_sut(with_revocations(tmp_path, files, b"nothing"))
    (found,) = caught.value.problems
    assert found.problem == "holds no revocation list"
    assert found.at is not None
    assert found.at.line == 3


def test_a_scenario_is_no_sut_file(files: Path) -> None:
    with pytest.raises(ScenarioError) as caught:
        load_sut(files / "ok" / "every-verb.yaml")
    assert caught.value.problems[0].code == "E112"


def test_an_actor_has_one_means_of_being_triggered(tmp_path: Path) -> None:
    path = tmp_path / "sut.yaml"
    path.write_text(
        "system: {name: X, version: 1}\nactors: {ncpeh-b: {country: FR, trigger: {person: Ask, command: [run, it]}}}\n",
        encoding="utf-8",
    )
    with pytest.raises(ScenarioError) as caught:
        load_sut(path)
    assert [p.code for p in caught.value.problems] == ["E207"]


DISCOVERY = {
    "publisher": ("smp: https://smp.example/root", ("https://smp.example/root", "", "")),
    "files": ("files: ./metadata", ("", "metadata", "")),
    "sml": (
        'sml: {zone: zone.example, names: {"b-0.x.zone.example": "https://smp.example"}}',
        ("", "", "zone.example"),
    ),
}


def written(tmp_path: Path, discovery: str) -> Path:
    path = tmp_path / "sut.yaml"
    path.write_text(
        f"system: {{name: X, version: '1'}}\nactors:\n  ncpeh-a: {{country: FR}}\ndiscovery: {{{discovery}}}\n",
        encoding="utf-8",
    )
    return path


@pytest.mark.parametrize("what", DISCOVERY)
def test_discovery_says_where_metadata_lie(what: str, tmp_path: Path) -> None:
    text, (smp, files, zone) = DISCOVERY[what]
    found = load_sut(written(tmp_path, text)).discovery
    assert found is not None
    assert (found.smp, found.zone) == (smp, zone)
    assert found.files == (str(tmp_path / files) if files else "")
    assert dict(found.names) == ({"b-0.x.zone.example": "https://smp.example"} if zone else {})


def test_who_vouches_for_metadata_is_named_or_else_who_vouches_for_the_system(tmp_path: Path, files: Path) -> None:
    authorities = (files / "ok" / "ca.pem").read_bytes()
    (tmp_path / "smp.pem").write_bytes(authorities)
    named = load_sut(written(tmp_path, "smp: https://smp.example, authorities: smp.pem")).discovery
    assert named is not None
    assert named.authorities == authorities
    plain = load_sut(written(tmp_path, "smp: https://smp.example")).discovery
    assert plain is not None
    assert plain.authorities == b""


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("smp: https://smp.example, files: ./metadata", "E207"),
        ("authorities: smp.pem", "E207"),
        ("smp: smp.example", "E204"),
        ("sml: {names: {}}", "E202"),
        ("folder: ./metadata", "E201"),
        ("smp: https://smp.example, authorities: missing.pem", "E213"),
    ],
    ids=["two places", "no place", "no address", "no zone", "unknown key", "absent authorities"],
)
def test_a_wrong_discovery_is_located(text: str, code: str, tmp_path: Path) -> None:
    with pytest.raises(ScenarioError) as caught:
        load_sut(written(tmp_path, text))
    assert (caught.value.problems[0].code, caught.value.problems[0].at is not None) == (code, True)
