"""Rows about discovery, run for real against the bundled system: found, not found, not told where to listen, judged again."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from harness.model import Cause, Discovery, RowResult, Sut, Verdict
from harness.runner import diagnose, doctor_status, plan_rows, rejudge
from harness.runner._judge import Judge
from tests.test_declared_faults import Bench


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    made = Bench(tmp_path_factory.mktemp("discovery"))
    yield made
    made.validator.close()


@pytest.fixture(scope="module")
def sut(bench: Bench) -> Iterator[Sut]:
    described, stop, thread = bench.system(frozenset())
    yield described
    stop.set()
    thread.join(10)


def run(bench: Bench, sut: Sut, name: str, *ids: str) -> list[RowResult]:
    rows = plan_rows([s for s in bench.library.scenarios if s.id in ids], sut)
    return asyncio.run(bench.run_rows(sut, rows, name, lambda _: False))


def test_without_a_port_for_our_publisher_lookups_are_not_decided(bench: Bench, sut: Sut) -> None:
    ports = {key: port for key, port in sut.ours.ports.items() if key != "smp"}
    mute = replace(sut, ours=replace(sut.ours, ports=ports))
    [row] = run(bench, mute, "no-port", "DSC-B-NEG-001")
    assert (row.verdict, row.cause) == (Verdict.INCONCLUSIVE, Cause.CONFIGURATION)
    assert "ours.listen.smp" in row.reason
    assert not row.steps, "a system that looks nothing up is not asked to"


def test_lookups_that_no_step_took_are_judged_at_the_end_of_the_row(bench: Bench, sut: Sut) -> None:
    [row] = run(bench, sut, "leftover", "DSC-B-POS-001")
    assert row.verdict is Verdict.PASS
    taken = [x for x in row.exchanges if x.transaction == "SMP"]
    assert len(taken) >= 5
    after = [s for s in row.steps if s.path.startswith("after") and s.expected.startswith("SMP")]
    assert len(after) == len(taken) - 2
    assert all(any(r.id == "DSC-001" for r in s.requirements) for s in after)


def test_a_row_about_discovery_is_judged_again_as_it_was(bench: Bench, sut: Sut) -> None:
    [row] = run(bench, sut, "again", "DSC-B-NEG-005")
    judge = Judge(
        sut=sut,
        catalogue=bench.library.requirements,
        population=bench.library.populations["default"],
        validator=bench.validator,
        our_anchors=bench.pki.anchors,
    )
    rows = plan_rows([s for s in bench.library.scenarios if s.id == row.id], sut)
    [again] = rejudge(bench.folder / "again", rows, judge)
    assert [(s.path, s.verdict) for s in again.steps] == [(s.path, s.verdict) for s in row.steps]
    assert again.verdict is row.verdict is Verdict.PASS


def undescribed(sut: Sut, **changes: object) -> Sut:
    """`sut` without written endpoints of country A, to be found at its publisher."""
    actor = sut.actors["ncpeh-a"]
    discovery = Discovery(smp=actor.endpoints["smp"], authorities=sut.trust_authorities)
    bare = replace(actor, endpoints={})
    return replace(
        sut,
        actors={**sut.actors, "ncpeh-a": bare},
        discovery=replace(discovery, **changes),  # type: ignore[arg-type]
    )


def test_endpoints_that_the_file_does_not_write_are_found_at_the_publisher(bench: Bench, sut: Sut) -> None:
    [row] = run(bench, undescribed(sut), "found", "XCPD-A-POS-001")
    assert row.verdict is Verdict.PASS
    assert row.exchanges[0].url == sut.actors["ncpeh-a"].endpoints["xcpd"]
    assert '"discovered"' in (Path(bench.folder) / "found" / "events.jsonl").read_text(encoding="utf-8")


def test_metadata_that_nobody_vouches_for_leave_the_rows_of_country_a_undone(bench: Bench, sut: Sut) -> None:
    [row] = run(bench, undescribed(sut, authorities=bench.pki.anchors), "strangers", "XCPD-A-POS-001")
    assert row.verdict is Verdict.ERROR
    assert "no endpoint was found by discovery for ITI-55" in row.reason
    assert "vouches" in row.reason
    assert not row.exchanges


def test_doctor_looks_at_the_addresses_that_metadata_name(bench: Bench, sut: Sut) -> None:
    found = asyncio.run(diagnose(undescribed(sut), pki_dir=bench.folder / "pki"))
    [looked_up] = [d for d in found if d.step == "discovery"]
    assert looked_up.verdict is Verdict.PASS
    assert sut.actors["ncpeh-a"].endpoints["xca"] in looked_up.found
    assert any(d.step == "http" and d.target == sut.actors["ncpeh-a"].endpoints["xcpd"] for d in found)


def test_doctor_says_what_is_wrong_with_metadata_and_the_names_in_the_sml(bench: Bench, sut: Sut) -> None:
    nameless = undescribed(sut, smp="", zone="zone.example")
    found = asyncio.run(diagnose(nameless, pki_dir=bench.folder / "pki"))
    wrong = [d for d in found if d.step == "discovery"]
    assert {d.verdict for d in wrong} == {Verdict.ERROR}
    assert all("ehealth-participantid-qns.zone.example" in d.expected for d in wrong)
    assert doctor_status(found) != 0
