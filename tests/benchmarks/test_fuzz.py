"""Mutants of messages: the same each time, each judged without a crash; and what was found once stays mended."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks import fuzz
from benchmarks.samples import Bench, Sample, load_samples

SAMPLE = Sample(path="messages/x/y/z.xml", kind="xcpd-request", content=b"<a><b c='1'>text</b></a>")
COUNT = 500


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    made = Bench()
    yield made
    made.close()


def test_a_mutant_is_a_function_of_seed_and_number() -> None:
    again = [fuzz.mutant_of([SAMPLE], n, 3)[1].content for n in range(8)]
    assert again == [fuzz.mutant_of([SAMPLE], n, 3)[1].content for n in range(8)]
    assert again != [fuzz.mutant_of([SAMPLE], n, 4)[1].content for n in range(8)]


def test_a_crash_is_told_with_its_place(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(kind: str, content: bytes) -> None:
        raise KeyError("lost")

    monkeypatch.setattr(bench, "judge", broken)
    fate = fuzz.fate_of(bench, [SAMPLE], 0, 1)
    assert fate.is_defect
    assert fate.outcome == "crash"
    assert "KeyError: 'lost'" in fate.detail


@pytest.mark.corpus
def test_some_mutants_of_every_message_are_judged_without_a_crash(corpus: Path, bench: Bench) -> None:
    samples = load_samples(corpus)
    # one in 21 of the full run, which has no factor in common with the number of samples, so that each is met
    numbers = range(0, 21 * COUNT, 21)
    found = [fuzz.fate_of(bench, samples, n, 1) for n in numbers]
    assert [f for f in found if f.is_defect] == []
    assert {f.outcome for f in found} == {"none", "findings", "unreadable"}


@pytest.mark.corpus
def test_a_full_run_writes_what_it_found_and_goes_on_where_it_was(corpus: Path, tmp_path: Path) -> None:
    def run(count: int) -> str:
        options = ["--count", str(count), "--jobs", "1", "--corpus", str(corpus)]
        options += ["--output", str(tmp_path / "r.json"), "--state", str(tmp_path / "s.jsonl")]
        assert fuzz.main(options) == 0
        return (tmp_path / "s.jsonl").read_text("utf-8")

    first = run(5)
    assert run(8).startswith(first)
    assert '"defects": []' in (tmp_path / "r.json").read_text("utf-8")


def test_a_folder_without_a_corpus_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SystemExit) as caught:
        fuzz.main(["--corpus", str(tmp_path)])
    assert caught.value.code == 2


# What a full run found once, made small: kind of message, its bytes, and what comes of them now.
MENDED = {
    "an encoding that nobody knows": ("search-mask", b"<?xml version='1.0' encoding='UT-8'?><a/>", "unreadable"),
    "an encoding of several bytes": ("smp", b"<?xml version='1.0' encoding='EUC-JP'?><a/>", "none"),
}


@pytest.mark.parametrize(("kind", "content", "outcome"), MENDED.values(), ids=MENDED)
def test_what_crashed_once_is_judged(bench: Bench, kind: str, content: bytes, outcome: str) -> None:
    assert bench.judge(kind, content).outcome == outcome
