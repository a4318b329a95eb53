"""The roll-up of verdicts: a small algebra that every count and exit status rests on."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.model import ROLL_UP_ORDER, Verdict, roll_up

VERDICTS = st.sampled_from(Verdict)
SOME = st.lists(VERDICTS, min_size=1, max_size=8)


def test_every_verdict_has_one_place_in_the_order() -> None:
    assert sorted(ROLL_UP_ORDER) == sorted(Verdict)


def test_nothing_judged_is_not_run() -> None:
    assert roll_up([]) is Verdict.NOT_RUN


@pytest.mark.parametrize("verdict", Verdict)
def test_one_verdict_stands_as_it_is(verdict: Verdict) -> None:
    assert roll_up([verdict]) is verdict
    assert roll_up([verdict, verdict]) is verdict


@pytest.mark.parametrize(
    ("verdicts", "expected"),
    [
        ([Verdict.ERROR, Verdict.FAIL, Verdict.INCONCLUSIVE], Verdict.FAIL),
        ([Verdict.INCONCLUSIVE, Verdict.ERROR], Verdict.ERROR),
        ([Verdict.REVIEW, Verdict.INCONCLUSIVE], Verdict.INCONCLUSIVE),
        ([Verdict.NOT_RUN, Verdict.REVIEW], Verdict.REVIEW),
        ([Verdict.SKIPPED, Verdict.NOT_RUN], Verdict.NOT_RUN),
        ([Verdict.WARNING, Verdict.SKIPPED], Verdict.SKIPPED),
        ([Verdict.PASS, Verdict.WARNING], Verdict.WARNING),
        ([Verdict.NOT_APPLICABLE, Verdict.PASS], Verdict.PASS),
    ],
    ids=lambda value: value.value if isinstance(value, Verdict) else "",
)
def test_the_more_decisive_verdict_wins(verdicts: list[Verdict], expected: Verdict) -> None:
    assert roll_up(verdicts) is expected


@given(SOME)
def test_the_result_is_one_of_the_verdicts_and_none_is_more_decisive(verdicts: list[Verdict]) -> None:
    result = roll_up(verdicts)
    assert result in verdicts
    assert all(ROLL_UP_ORDER.index(result) <= ROLL_UP_ORDER.index(v) for v in verdicts)


@given(SOME, st.randoms(use_true_random=False))
def test_order_does_not_matter(verdicts: list[Verdict], shuffler: Random) -> None:
    shuffled = verdicts[:]
    shuffler.shuffle(shuffled)
    assert roll_up(shuffled) is roll_up(verdicts)


@given(st.lists(SOME, min_size=1, max_size=4))
def test_rolling_up_parts_first_gives_the_same(parts: list[list[Verdict]]) -> None:
    assert roll_up(roll_up(part) for part in parts) is roll_up(v for part in parts for v in part)


@given(SOME)
def test_pass_only_where_something_passed_and_nothing_speaks_against_it(verdicts: list[Verdict]) -> None:
    passed = Verdict.PASS in verdicts and set(verdicts) <= {Verdict.PASS, Verdict.NOT_APPLICABLE}
    assert (roll_up(verdicts) is Verdict.PASS) is passed
