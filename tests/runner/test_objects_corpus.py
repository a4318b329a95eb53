"""Which validator the messages of other people are given to, and that none of them is too much for it."""

import json
from collections import Counter
from pathlib import Path

import pytest

from harness.checks.alone import Known, LoneAssertion, LoneAudit, LoneView, judge_audit_alone, judge_message
from harness.checks.choosing import choose_assertion, choose_audit, choose_message
from harness.checks.opening import open_object
from harness.errors import WireError
from harness.model import Choice

pytestmark = pytest.mark.corpus
CHOSEN = {
    "saml-hcpa": {"saml-hcp": 4},
    "saml-trc": {"saml-trc": 1},
    "xcpd-request": {"xcpd-request": 9},
    "xcpd-response": {"xcpd-response": 13},
    "xca-query-request": {
        "xca-ep-list-request": 3,
        "xca-fetch-query-request": 1,
        "xca-ps-list-request": 2,
        "several": 1,
    },
    "xca-query-response": {"xca-ps-list-response": 3, "several": 3},
    "xca-retrieve-request": {"several": 9},
    "xca-retrieve-response": {"xca-ps-retrieve-response": 2, "several": 3},
    "xdr-submit-request": {"xdr-ed-init-request": 6, "xdr-provide-request": 2},
    "xdr-submit-response": {"several": 2},
    "audit": {"audit-smp-query": 1, "audit-translate": 1, "several": 2, "none": 15},
}
"""By folder of the corpus: how many messages each validator is chosen for."""


def chosen(content: bytes) -> Choice:
    """The choice for an object, after everything that can be judged on it was."""
    opened = open_object(content)
    if opened.audit:
        record = LoneAudit(opened.stored)
        for actor in ("ncpeh-a", "ncpeh-b"):
            judge_audit_alone(record, actor)
        return choose_audit(record)
    if opened.assertion is not None:
        view = LoneAssertion(*opened.assertion, opened.stored, Known())
        judge_message(view, Known(), ())
        return choose_assertion(view)
    assert opened.message is not None
    message = LoneView(opened.message, Known())
    judge_message(message, Known(), ())
    return choose_message(message, opened.root)


def word(choice: Choice) -> str:
    return choice.coordinate.removeprefix("eu.ehdsi:") or ("several" if choice.candidates else "none")


@pytest.mark.parametrize("folder", CHOSEN)
def test_messages_are_given_to_their_validator(corpus: Path, folder: str) -> None:
    lines = (corpus / "manifest.yaml").read_text("utf-8").splitlines()
    rows = [json.loads(line[2:]) for line in lines if line.startswith("- {")]
    paths = [corpus / row["path"] for row in rows if row["path"].startswith(f"messages/{folder}/")]

    assert Counter(word(chosen(path.read_bytes())) for path in paths) == CHOSEN[folder]


def test_what_cannot_be_read_is_said_to_be_so(corpus: Path) -> None:
    (torn,) = (corpus / "messages" / "not-well-formed").rglob("*.xml")
    with pytest.raises(WireError):
        open_object(torn.read_bytes())
