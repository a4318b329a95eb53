"""The differential run names what it depends on."""

from pathlib import Path

import pytest

from benchmarks.corpus import Corpus
from benchmarks.differential import _identity


@pytest.mark.corpus
def test_what_was_run_is_named_by_its_code_its_seed_and_its_artefacts(corpus: Path) -> None:
    known = Corpus(corpus)
    subjects = list(known.schematron())
    one, other = _identity(subjects, known, 1), _identity(subjects, known, 2)
    assert one["code"] == other["code"]
    assert (one["seed"], other["seed"]) == (1, 2)
    assert len(one["artefacts"]) == len(subjects)  # type: ignore[arg-type]
