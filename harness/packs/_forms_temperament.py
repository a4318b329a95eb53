"""What a temperament file may look like, and the temperament it says."""

import hashlib
from collections.abc import Iterator, Mapping
from typing import Annotated

from pydantic import AfterValidator, Field

from harness.errors import Problem
from harness.model import DEMANDS, ORDINARY, TRANSACTIONS, Temperament
from harness.packs._catalogue import Alteration, Catalogue
from harness.packs._fields import Duration, Form, LocalizedText, Name, Names, Text, form_of, nearest
from harness.packs._nodes import Fields, Node
from harness.packs._shape import read_form
from harness.packs._walk import field, texts
from harness.packs._words import alteration_problems

HeaderName = Annotated[Text, AfterValidator(form_of(r"X-[A-Za-z0-9-]+", "E209", "X-Name, letters, digits and hyphens"))]
HeaderValue = Annotated[Text, AfterValidator(form_of(r"[\x20-\x7e]+", "E209", "printable ASCII"))]


class CountryAForm(Form):
    demands: Names = ()
    delay: Duration = 0.0
    headers: dict[HeaderName, HeaderValue] = Field(default_factory=dict)
    answers: dict[Text, Names] = Field(default_factory=dict)


class CountryBForm(Form):
    requests: dict[Text, Names] = Field(default_factory=dict)


class TemperamentForm(Form):
    """How our peers behave when a scenario says nothing else."""

    temperament: Name
    title: LocalizedText
    explains: LocalizedText
    country_a: CountryAForm = Field(default_factory=CountryAForm)
    country_b: CountryBForm = Field(default_factory=CountryBForm)


def temperament_of(tree: Fields, source: bytes, known: Catalogue) -> tuple[Temperament | None, tuple[Problem, ...]]:
    """The temperament in a file of bytes `source`, None when something is wrong; the alterations are looked up in `known`."""
    form, problems = read_form(tree, TemperamentForm)
    wrong = (*problems, *_unknown(tree, known))
    if form is None or wrong:
        return None, wrong
    temperament = Temperament(
        name=form.temperament,
        digest=hashlib.sha256(source).hexdigest(),
        title=form.title.localized(),
        explains=form.explains.localized(),
        demands=form.country_a.demands,
        delay_s=form.country_a.delay,
        headers=form.country_a.headers,
        answers=form.country_a.answers,
        requests=form.country_b.requests,
    )
    return temperament, ()


def _unknown(tree: Fields, known: Catalogue) -> Iterator[Problem]:
    for leaf in texts(field(tree, "country_a"), "demands"):
        if leaf.text not in DEMANDS:
            hint = nearest(leaf.text, tuple(DEMANDS))
            yield Problem(
                code="E305", at=leaf.at, problem="unknown demand", expected=tuple(DEMANDS), found=leaf.text, hint=hint
            )
    yield from _habits(field(field(tree, "country_a"), "answers"), known.faults, "fault", "E503")
    yield from _habits(field(field(tree, "country_b"), "requests"), known.mutations, "mutation", "E502")


def _habits(habits: Node | None, known: Mapping[str, Alteration], what: str, code: str) -> Iterator[Problem]:
    for entry in habits.entries if isinstance(habits, Fields) else ():
        transaction = TRANSACTIONS.get(entry.key)
        if transaction is None:
            expected = tuple(TRANSACTIONS)
            yield Problem(code="E302", at=entry.at, problem="unknown transaction", expected=expected, found=entry.key)
            continue
        named = [leaf for leaf in texts(habits, entry.key) if leaf.text != ORDINARY]
        yield from alteration_problems(named, known, transaction, what, code)
