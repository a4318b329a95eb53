"""Which third-party messages the built-in pack knows: each of these families is recognised and judged by its XSD."""

from pathlib import Path

import pytest

from harness.model import Layer, ValidationReport, Verdict
from harness.packs import packs_with_builtin
from harness.validators import Validator

pytestmark = pytest.mark.corpus

JUDGED = {
    "pdqv3-request": "message:PRPA_IN201305UV02",
    "pdqv3-response": "message:PRPA_IN201306UV02",
    "saml-hcpa": "message:Assertion",
    "saml-other": "message:Assertion",
    "saml-trc": "message:Assertion",
    "soap-other": "message:Envelope",
    "wst-trc-request": "message:Envelope",
    "xca-query-request": "",
    "xca-query-response": "",
    "xca-retrieve-request": "",
    "xca-retrieve-response": "",
    "audit": "message:AuditMessage",
    "xcpd-request": "",
    "xcpd-response": "",
    "xdr-submit-request": "",
    "xds-registry-submit": "message:SubmitObjectsRequest",
    "xdr-submit-response": "",
    "search-mask": "",
    "smp": "",
}
"""Folder of the corpus to the kind of its files; empty where they come with and without an envelope."""
UNKNOWN = {
    "hl7v3-other": "",
    "ncp-client-api": "",
    "rem-evidence": "message:AcceptanceRejectionByRecipient",
    "saml-response": "message:Response",
    "soap-security-header": "message:Header",
    "tsl": "message:TrustServiceStatusList",
    "xacml-policy": "",
    "xacml-query": "message:XACMLAuthzDecisionQuery",
    "xcpd-location-query": "",
}
"""Families for which the built-in pack holds no schema, so that they stay undecided."""


@pytest.fixture(scope="module")
def reports(corpus: Path) -> dict[str, list[ValidationReport]]:
    found: dict[str, list[ValidationReport]] = {}
    with Validator(packs_with_builtin(()), workers=1, explain=False) as validator:
        for path in sorted((corpus / "messages").rglob("*.xml")):
            family = path.relative_to(corpus / "messages").parts[0]
            found.setdefault(family, []).append(validator.validate(path.name, path.read_bytes()))
    return found


@pytest.mark.parametrize("family", JUDGED)
def test_every_message_of_the_family_is_judged_by_an_xsd(
    reports: dict[str, list[ValidationReport]], family: str
) -> None:
    assert reports[family]
    for report in reports[family]:
        assert report.kind == (JUDGED[family] or report.kind)
        judged = [use for use in report.uses if use.layer is Layer.XSD]
        assert judged, report.name
        assert {use.verdict for use in judged} <= {Verdict.PASS, Verdict.FAIL}, report.name


@pytest.mark.parametrize("family", UNKNOWN)
def test_message_without_a_schema_is_never_valid(reports: dict[str, list[ValidationReport]], family: str) -> None:
    assert reports[family]
    for report in reports[family]:
        assert report.kind == (UNKNOWN[family] or report.kind)
        assert report.verdict is Verdict.INCONCLUSIVE, report.name
        assert f"no artefact of the packs applies to {report.kind}" in report.reason


def test_every_family_of_the_corpus_is_in_one_list(reports: dict[str, list[ValidationReport]]) -> None:
    assert set(reports) == {*JUDGED, *UNKNOWN, "not-well-formed"}
