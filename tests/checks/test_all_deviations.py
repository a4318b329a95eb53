"""The 48 known field deviations: an exchange or record that has one gives the finding that names it, as severe as listed.

What the list says about each (accept, warn, fail) stands here a second time, by hand, so that a slip in one of the two shows.
"""

from dataclasses import dataclass, replace

import pytest

from harness import checks
from harness.model import Finding, Level, Party, Severity
from harness.packs import Library, bundled_data, load_library
from harness.wire import atna
from harness.wire.atna import Coded
from tests.checks import checks_support as cs
from tests.checks.audit_support import Logged, logged
from tests.checks.checks_support import Defect, Made
from tests.checks.test_audit_checks import IDENTIFIED, TRANSLATED
from tests.checks.test_defects import actor_of
from tests.checks.test_deviations import TABLE

FAIL, WARN, ACCEPT = Severity.ERROR, Severity.WARNING, Severity.INFORMATION
LISTED = {
    FAIL: "01 07 09 11 16 18 19 21 25 26 36",
    WARN: "02 03 04 05 06 17 20 21 22 27 29 30 31 32 34 35 37 41 42 43 46",
    ACCEPT: "08 10 12 13 14 15 22 23 24 28 33 39 40 44 47 48",
}
"""Severity -> deviations that are to have it; 21 fails at the document and warns elsewhere, 22 is accepted of one country."""
UNNAMED = {
    "DEV-38": "the code system is the one of the profile, our own peers write it, and the requirement keys on the code",
    "DEV-45": "the requirement itself takes the common name alone, so that there is nothing to depart from",
}
"""Deviation -> why no finding names it."""


@dataclass(frozen=True, kw_only=True)
class Shown:
    """A deviation as it is seen: in an exchange that is spoiled, in a record, or in the frame of an answer."""

    deviation: str
    requirement: str
    good: Made | None = None
    spoil: Defect | None = None
    record: Logged | None = None

    def findings(self) -> list[Finding]:
        """The findings that name it."""
        if self.record is not None:
            found = [f for r in self.record.judged() if r.requirement == self.requirement for f in r.findings]
        elif self.good is not None and self.spoil is not None:
            results = self.spoil(self.good).judged(actor_of(self.requirement))
            found = [f for r in results if r.requirement == self.requirement for f in r.findings]
        else:
            found = list(checks.frame_problems(in_soap_11()))
        return [f for f in found if f.deviation == self.deviation]


def in_soap_11() -> checks.View:
    """A good answer in the envelope of SOAP 1.1."""
    view = cs.identify().view(Party.PEER)
    assert view.exchange.response is not None
    old, new = b"http://www.w3.org/2003/05/soap-envelope", b"http://schemas.xmlsoap.org/soap/envelope/"
    answer = cs.http("HTTP/1.1 200 OK", "text/xml; charset=UTF-8", view.exchange.response.body.replace(old, new))
    return checks.view(replace(view.exchange, response=answer))


def with_provided_id() -> Logged:
    made = cs.identify().with_token("hcp", name_id_sp_provided="P-77")
    return logged(made, "ncpeh-a", "EHDSI-11").participant("HumanRequestor", user_id="P-77")


CONSUMER = tuple(p for p in IDENTIFIED.message.participants if p.row == "ServiceConsumer")
OLD_SPELLING = replace(IDENTIFIED, message=atna.in_spelling(IDENTIFIED.message, atna.RFC3881))
FAILED_CALL = logged(cs.identify(), "ncpeh-b", "EHDSI-CF").changed(action="R")
OTHER_SYSTEM = IDENTIFIED.objects("2", id_type=Coded(code="2", system_name="DCM"))
SHOWN = [
    Shown(deviation="DEV-01", requirement="TRN-A-001"),
    *(Shown(deviation=d, requirement=r, good=good, spoil=spoil) for d, r, good, spoil, _ in TABLE),
    Shown(deviation="DEV-42", requirement="AUD-001", record=OLD_SPELLING),
    Shown(deviation="DEV-43", requirement="AUD-003", record=replace(IDENTIFIED, header={"pri": 132})),
    Shown(deviation="DEV-44", requirement="AUD-006", record=FAILED_CALL),
    Shown(deviation="DEV-46", requirement="AUD-008", record=with_provided_id()),
    Shown(deviation="DEV-47", requirement="AUD-009", record=TRANSLATED.changed(participants=CONSUMER)),
    Shown(deviation="DEV-48", requirement="AUD-010", record=OTHER_SYSTEM),
]


@pytest.fixture(scope="module")
def library() -> Library:
    return load_library(bundled_data())


@pytest.mark.parametrize("deviation", [f"DEV-{n:02d}" for n in range(1, 49)])
def test_a_deviation_is_named_and_as_severe_as_the_list_says(deviation: str, library: Library) -> None:
    by_level = {Level.SHALL: FAIL, Level.SHOULD: WARN, Level.MAY: ACCEPT}
    wanted = {s for s, numbers in LISTED.items() if deviation.removeprefix("DEV-") in numbers.split()}
    seen = {
        f.severity or by_level[library.requirements[shown.requirement].level]
        for shown in SHOWN
        if shown.deviation == deviation
        for f in shown.findings()
    }
    assert seen == wanted
    assert bool(seen) != (deviation in UNNAMED)


@pytest.mark.parametrize("shown", SHOWN, ids=lambda s: f"{s.deviation} at {s.requirement}")
def test_each_form_of_a_deviation_is_named(shown: Shown) -> None:
    assert shown.findings()


def test_the_code_system_that_is_accepted_without_a_word_gives_no_finding() -> None:
    results = cs.identify().judged("ncpeh-b")
    assert [f for r in results if r.requirement == "SAML-HCP-010" for f in r.findings] == []


def test_a_common_name_alone_gives_no_finding() -> None:
    results = {r.requirement: r.findings for r in IDENTIFIED.judged()}
    assert results["AUD-007"] == ()
