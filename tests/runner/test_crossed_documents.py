"""Documents that come back in one row are held against each other: the levels of one document tell of one patient."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from harness import checks
from harness.model import Finding, Party, Population
from harness.packs import packs_with_builtin
from harness.runner import Judge
from harness.validators import Validator
from harness.wire import xds
from tests.checks import checks_support as cs
from tests.checks.checks_support import Made


@pytest.fixture(scope="module")
def validator() -> Iterator[Validator]:
    with Validator(packs_with_builtin(()), explain=False) as made:
        yield made


def crossed(validator: Validator, made: Made, *earlier: Made) -> list[Finding]:
    context = replace(
        cs.context("ncpeh-a"),
        earlier=tuple(checks.view(m.view(Party.PEER).exchange) for m in (*made.earlier, *earlier)),
    )
    judge = Judge(
        sut=context.sut,
        catalogue={},
        population=Population(patients={}, practitioners={}),
        validator=validator,
        our_anchors=context.our_anchors,
    )
    judged = judge.exchange(made.view(Party.PEER).exchange, context)
    return [f for f in judged.findings if f.rule.startswith("cross/")]


def of_another_year(made: Made) -> Made:
    """`made` with documents of a patient born a thousand years later."""
    assert isinstance(made.answer, xds.RetrieveAnswer)
    return made.answered(
        documents=tuple(
            replace(d, content=d.content.replace(b'birthTime value="1', b'birthTime value="2', 1))
            for d in made.answer.documents
        )
    )


def test_levels_of_one_document_agree(validator: Validator) -> None:
    assert crossed(validator, cs.fetch(3, 1)) == []


def test_levels_that_came_one_by_one_are_compared(validator: Validator) -> None:
    (found,) = crossed(validator, of_another_year(cs.fetch(3)), cs.fetch(1))

    assert (found.rule, found.at.message) == ("cross/pair", "response/document:0")
    assert "birthTime" in found.message
