"""XML Schema verdicts on real documents and messages equal the reference measurements."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from harness.model import Layer, Verdict
from harness.packs.artefacts import load_pack
from harness.validators import Validator

pytestmark = pytest.mark.corpus


@pytest.fixture(scope="module")
def validator(corpus: Path) -> Iterator[Validator]:
    names = ("cda-ehdsi-pharma", "cda-epsos-extended", "hl7v3", "ebxml-regrep-3", "ihe-xds-b", "saml-2.0", "soap-1.2")
    with Validator([load_pack(corpus / "artefacts/xsd" / n) for n in names], explain=False) as validator:
        yield validator


def rows(corpus: Path) -> list[dict[str, Any]]:
    lines = (corpus / "manifest.yaml").read_text(encoding="utf-8").splitlines()
    return [json.loads(line[2:]) for line in lines if line.startswith("- {")]


def verdict(validator: Validator, path: Path, artefact: str) -> Verdict:
    report = validator.validate(path.name, path.read_bytes())
    return next(u.verdict for u in report.uses if u.layer is Layer.XSD and u.artefact == artefact)


def test_patient_summaries_are_judged_by_the_schema_of_their_medication_extension(
    corpus: Path, validator: Validator
) -> None:
    judged = 0
    for row in rows(corpus):
        if row["kind"] == "ps" and row["path"].startswith("documents/"):
            old = row["medication_extension"] == "epsos"
            name, artefact = ("cda-epsos-extended", "cda-epsos-xsd") if old else ("cda-ehdsi-pharma", "cda-pharma-xsd")
            expected = "pass" if row["expected"]["xsd"][name] == "valid" else "fail"
            assert verdict(validator, corpus / row["path"], artefact) == expected, row["path"]
            judged += 1
    assert judged > 70


ARTEFACTS = {
    "ebxml-regrep-3/query": "ebrs-query",
    "ebxml-regrep-3/rs": "ebrs-rs",
    "ebxml-regrep-3/lcm": "ebrs-lcm",
    "ihe-xds-b/XDS.b_DocumentRepository": "xds-b-repository",
    "saml-2.0/assertion": "saml-assertion",
    "saml-2.0/protocol": "saml-protocol",
    "soap-1.2/envelope": "soap-envelope",
}


def test_messages_and_their_payloads_are_judged_by_the_schema_of_their_root(corpus: Path, validator: Validator) -> None:
    judged = 0
    for row in rows(corpus):
        for key, expected in row.get("expected", {}).get("xsd", {}).items():
            name = key.removeprefix("payload:")
            artefact = ARTEFACTS.get(name) or (f"hl7v3-{name[6:]}" if name.startswith("hl7v3/") else "")
            if artefact and row["path"].startswith("messages/"):
                found = verdict(validator, corpus / row["path"], artefact)
                assert found == ("pass" if expected == "valid" else "fail"), (row["path"], key)
                judged += 1
    assert judged > 70
