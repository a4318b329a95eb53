"""A worker of the Schematron engine lets go of the documents it has judged."""

from pathlib import Path

import pytest

from benchmarks.corpus import Corpus
from benchmarks.memory import Curve, measured


def curve_of(*mib: float) -> Curve:
    return Curve(points=tuple(enumerate(mib, start=1)))


@pytest.mark.corpus
def test_two_hundred_documents_leave_no_trace_in_a_worker(corpus: Path) -> None:
    curve = measured(Corpus(corpus), 200, schemas=("ans/CI-SIS_BIO-CR-BIO_2024.01", "builtin/xcpd-answer"))
    assert len(curve.points) == 40
    assert not curve.grows, curve.points


def test_steady_growth_is_told_from_noise() -> None:
    assert curve_of(*(100 + 2 * n for n in range(40))).grows
    assert not curve_of(*(100 + (n * 7) % 5 for n in range(40))).grows


def test_growth_of_the_warm_up_does_not_count() -> None:
    assert not curve_of(*(10 * n for n in range(10)), *(100 + n % 3 for n in range(30))).grows
