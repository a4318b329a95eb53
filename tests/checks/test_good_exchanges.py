"""A good exchange gives no finding, and each is judged by the requirements listed here."""

import time
from dataclasses import replace
from pathlib import Path

import pytest

from harness import checks
from harness.model import Party
from harness.wire import xds
from tests.checks import checks_support as cs
from tests.checks import tokens
from tests.checks.checks_support import Made
from tests.checks.submissions import REFUSED_SUBMISSIONS
from tests.checks.test_discovery import DISCOVERY_REQUIREMENTS

GOLDEN = Path(__file__).parent / "golden" / "applicable.txt"
GOOD = {
    "identify": cs.identify(),
    "identify, no match": cs.no_match(),
    "identify, refused": cs.refused(),
    "identify, fault": cs.faulted(cs.identify()),
    "describe the service": cs.described(),
    "identify, next of kin": cs.with_kin(cs.identify()),
    "list": cs.find(),
    "list prescriptions": cs.find("eprescription"),
    "list, refused": cs.failed(),
    "list, fault": cs.faulted(cs.find()),
    "retrieve": cs.fetch(),
    "retrieve a prescription": cs.fetch_prescription(),
    "list with filters": cs.find("orcd-laboratory", xds.Slot(name=xds.SLOT_MAXIMUM_SIZE, values=("1000000",))),
    "submit": cs.submit(),
    "submit, fault": cs.faulted(cs.submit()),
    "discard": cs.discard(),
}
ACTORS = ("ncpeh-a", "ncpeh-b")


@pytest.mark.parametrize("actor", ACTORS)
@pytest.mark.parametrize("made", GOOD.values(), ids=GOOD)
def test_a_good_exchange_gives_no_finding(made: Made, actor: str) -> None:
    found = {r.requirement: r.findings for r in made.judged(actor) if r.findings}

    assert found == {}


def applicable() -> str:
    lines = []
    for name, made in GOOD.items():
        for actor in ACTORS:
            lines.append(f"{name}; {actor}: {' '.join(r.requirement for r in made.judged(actor))}")
    return "\n".join(lines) + "\n"


def test_the_requirements_that_apply_to_a_good_exchange_are_listed() -> None:
    assert applicable() == GOLDEN.read_text("utf-8")


def test_every_check_applies_to_one_of_the_good_exchanges() -> None:
    judged = {r.requirement for made in GOOD.values() for actor in ACTORS for r in made.judged(actor)}
    judged |= {r.requirement for made in REFUSED_SUBMISSIONS.values() for r in made.judged("ncpeh-a")}
    judged |= DISCOVERY_REQUIREMENTS  # their exchanges are made in tests/checks/test_discovery.py

    judged |= tokens.GOOD.applied(Party.PEER) | tokens.GOOD.applied(Party.SUT)

    assert set(checks.AUTOMATIC) - judged == set()


def test_what_the_other_side_wrote_is_not_judged() -> None:
    made = cs.identify()

    assert checks.automatic(made.view(Party.SUT), made.context("ncpeh-a")) == ()
    assert checks.automatic(made.view(Party.PEER), made.context("ncpeh-b")) == ()


if __name__ == "__main__":
    GOLDEN.parent.mkdir(exist_ok=True)
    GOLDEN.write_text(applicable(), "utf-8")


def test_an_answer_with_thousands_of_entries_is_judged_in_time() -> None:
    made = cs.find()
    assert isinstance(made.answer, xds.QueryAnswer)
    entries = tuple(
        replace(entry, id=f"urn:uuid:{n:08d}", unique_id=f"{entry.unique_id}.{n}", language=None)
        for n in range(1500)
        for entry in made.answer.entries
    )
    started = time.monotonic()

    judged = made.answered(entries=entries).judged("ncpeh-a")

    assert sum(len(r.findings) for r in judged) > 3000
    assert time.monotonic() - started < 15  # with quadratic work in the number of entries: minutes
