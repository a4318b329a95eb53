"""Every message of third parties in the corpus is read and judged, and what is found wrong in it is known, with the reason.

What is found is in the golden file, a line a sample; why it is so stands here, once for each finding.
"""

import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from benchmarks.samples import ASSERTIONS, AUDIT, HEADER, TRANSACTIONS, Bench, load_samples

pytestmark = pytest.mark.corpus

GOLDEN = Path(__file__).parent / "golden" / "corpus-messages.txt"

# Samples without a transaction of the network. They are read as XML (as SOAP where they are that), and no more.
FORM_ONLY: Mapping[str, str] = {
    "hl7v3-other": "patient identity feeds and queries of other IHE transactions",
    "ncp-client-api": "calls between a portal and its own gateway, an interface of one product",
    "rem-evidence": "evidence of delivery, written to a store and sent to nobody",
    "saml-response": "answers of policy repositories, outside the network",
    "search-mask": "international search masks; their reader judges them",
    "smp": "service metadata; their reader judges them",
    "tsl": "lists of trusted services of the old pilot",
    "xacml-policy": "consent policies inside a country",
    "xacml-query": "questions to a policy repository inside a country",
    "xcpd-location-query": "ITI-56, which the network does not use",
    "xds-registry-submit": "submissions to a registry inside a country",
}

# What is found -> why it is right to find it. Requirements and rules first, deviations of fielded products after them.
WHY: Mapping[str, str] = {
    "AUD-001": "records in the spelling of RFC 3881 (code, typeCode), which the DICOM schema does not know",
    "AUD-005": "event types of other transactions (PIX, PDQ, registries), and one without the name of its transaction",
    "AUD-007": "rows of participants that are not called ServiceConsumer and ServiceProvider",
    "AUD-011": "audit sources that are names or OIDs, no site identifiers",
    "CDA-010": "the prescription that was dispensed is named without its mood",
    "CDA-014": "the prescription that was dispensed is of one patient in the metadata and of another in the document",
    "SAML-HCP-001": "templates: the identifier and the times are placeholders still to be filled",
    "SAML-HCP-002": "no issuer, issuers without a name qualifier, or with the one of the old pilot",
    "SAML-HCP-004": "subjects confirmed as bearer",
    "SAML-HCP-005": "times that are placeholders or not in UTC, or a window of two years",
    "SAML-HCP-006": "authentication by Kerberos or a password; times that are placeholders or not in UTC",
    "SAML-HCP-007": "obligatory attributes left out or empty",
    "SAML-HCP-008": "roles as text, from before they were coded",
    "SAML-HCP-009": "a placeholder instead of a facility type",
    "SAML-HCP-011": "permissions without their prefix, some of them missing",
    "SAML-HCP-012": "organisations identified by a word or an OID without urn:oid:",
    "SAML-HCP-013": "not signed, signed with SHA-1, or changed after signing (xmlsec1 says the same)",
    "SAML-TRC-001": "the issuer is named after a product",
    "SAML-TRC-002": "the identity assertion it belongs to is a placeholder, or another than the one beside it",
    "SAML-TRC-003": "the two assertions name the practitioner differently",
    "SAML-TRC-007": "times that are placeholders, or a window longer than two hours",
    "SAML-TRC-008": "not signed, or changed after signing (xmlsec1 says the same)",
    "TRN-A-001": "SOAP 1.1, where the network uses 1.2",
    "TRN-A-005": "envelopes of a simulator without any header",
    "TRN-A-006": "envelopes of a simulator without any header",
    "TRN-A-007": "envelopes of a simulator without any header",
    "TRN-B-001": "envelopes without header blocks, or without the address of the receiver",
    "TRN-B-003": "message ids that are placeholders or no urn:uuid",
    "TRN-B-006": "envelopes without a security header",
    "XCAQ-A-021": "a level 1 document listed as application/pdf",
    "XCAQ-B-001": "a stored query of another transaction, for documents by their ids",
    "XCAQ-B-003": "no patient, because the query asks by ids",
    "XCAQ-B-004": "the status is cut off after its prefix",
    "XCAQ-B-005": "no class code, because the query asks by ids; or one that stands without quotes",
    "XCAQ-B-006": "envelopes without assertions",
    "XCAQ-B-007": "times that are placeholders or longer than they may be; a treatment relation of another assertion",
    "XCAR-A-003": "a level 1 document delivered as application/pdf",
    "XCAR-A-005": "documents asked for by a file name, not by the id inside",
    "XCAR-A-007": "a bare PDF where a CDA with the PDF is due",
    "XCAR-B-001": "no home community, or a repository that is no OID",
    "XCPD-A-001": "elements out of the order that HL7 wants",
    "XCPD-A-002": "the interaction is identified under a truncated OID",
    "XCPD-A-003": "times without a zone",
    "XCPD-A-004": "the processing mode is left out",
    "XCPD-A-005": "a code for debugging or training instead of P, or none",
    "XCPD-A-006": "whether an acknowledgement is wanted is not said",
    "XCPD-A-009": "the acknowledgement has no code",
    "XCPD-A-011": "no response code although there is a patient",
    "XCPD-A-012": "the query is not repeated",
    "XCPD-A-013": "devices with ids of their own beside the community's",
    "XCPD-A-014": "no sender, or a device with an id of its own",
    "XCPD-A-017": "patients with several identifiers",
    "XCPD-A-018": "an identifier without root, joined with the access code",
    "XCPD-A-020": "second names without a given name",
    "XCPD-A-023": "the degree of match in another type than INT",
    "XCPD-A-024": "the custodian is not the community that answers",
    "XCPD-A-025": "no code whether there is a locator, which other transactions need not say",
    "XCPD-B-005": "senders without a represented organisation",
    "XCPD-B-006": "a device with an id of its own, beside the organisation's",
    "XCPD-B-007": "the identifier of the query is a constant of the product",
    "XCPD-B-008": "an identifier without value",
    "XCPD-B-010": "neither an identifier nor name and birth date",
    "XCPD-B-011": "controls of the query that the network leaves out: number of answers, algorithm, sorting",
    "XCPD-B-014": "envelopes without assertions",
    "XDR-B-002": "documents inside the message, not as attachments",
    "XDR-B-004": "unique ids made anew, not the document's",
    "XDR-B-007": "authors in the form of an older profile",
    "XDR-B-008": "dispensations with the templates and sections of the old pilot",
    "XDR-B-009": "a language without country that is not the document's",
    "schematron:xca-query-class": "as XCAQ-B-005",
    "schematron:xca-query-id": "as XCAQ-B-001",
    "schematron:xca-query-patient": "as XCAQ-B-003",
    "schematron:xca-query-status": "as XCAQ-B-004",
    "schematron:xcpd-answer-accept": "as XCPD-A-006",
    "schematron:xcpd-answer-created-zone": "as XCPD-A-003",
    "schematron:xcpd-answer-echo": "as XCPD-A-012",
    "schematron:xcpd-answer-interaction": "as XCPD-A-002",
    "schematron:xcpd-answer-locator": "as XCPD-A-025",
    "schematron:xcpd-answer-mode": "as XCPD-A-004",
    "schematron:xcpd-answer-patient": "as XCPD-A-017",
    "schematron:xcpd-answer-patient-id": "as XCPD-A-018",
    "schematron:xcpd-answer-processing": "as XCPD-A-005",
    "schematron:xcpd-answer-response": "as XCPD-A-011",
    "schematron:xcpd-answer-type": "as XCPD-A-009",
    "schematron:xcpd-request-controls": "as XCPD-B-011",
    "schematron:xcpd-request-criteria": "as XCPD-B-010",
    "schematron:xcpd-request-id": "as XCPD-B-008",
    "schematron:xcpd-request-sender": "as XCPD-B-005",
    "xsd:cda-xsd/SCHEMAV_ELEMENT_CONTENT": "an encounter report of the old pilot with elements out of order",
    "xsd:saml-xsd/SCHEMAV_CVC_DATATYPE_VALID_1_2_1": "ids that begin with a digit or are placeholders are no xs:ID",
    "xsd:soap-xsd/SCHEMAV_CVC_COMPLEX_TYPE_2_3": "text between the elements of the envelope",
    "xsd:soap-xsd/SCHEMAV_CVC_ELT_1": "SOAP 1.1, where the network uses 1.2",
    "xsd:search-mask-xsd/SCHEMAV_ELEMENT_CONTENT": "an identifier that stands outside any country",
    "xsd:token-service-xsd/SCHEMAV_CVC_ELT_1": "a token asked for in the WS-Trust of 2005",
    "xsd:xcpd-request-xsd/SCHEMAV_CVC_DATATYPE_VALID_1_2_3": "identifiers whose root is a plain number",
    "wire/not-well-formed": "a file of the corpus that is broken on purpose",
    "xml/not-well-formed": "that file",
    "xml/not-xml": "a bare PDF that is delivered as a document",
    **dict.fromkeys(
        [
            *(
                "DEV-01",
                "DEV-03",
                "DEV-04",
                "DEV-06",
                "DEV-07",
                "DEV-08",
                "DEV-10",
                "DEV-11",
                "DEV-12",
                "DEV-15",
                "DEV-17",
            ),
            *("DEV-18", "DEV-21", "DEV-26", "DEV-29", "DEV-30", "DEV-31", "DEV-32", "DEV-33", "DEV-35", "DEV-36"),
            *("DEV-37", "DEV-39", "DEV-41", "DEV-42"),
        ],
        "named in the list of known deviations",
    ),
}


def judged(corpus: Path) -> str:
    """A line for each sample: its path, and what was found."""
    bench = Bench()
    try:
        return "".join(f"{s.path}: {bench.judge(s.kind, s.content)}\n" for s in load_samples(corpus))
    finally:
        bench.close()


@pytest.fixture(scope="module")
def lines(corpus: Path) -> Mapping[str, str]:
    found = judged(corpus)
    if os.environ.get("HARNESS_UPDATE_GOLDEN") == "1":
        GOLDEN.write_text(found, encoding="utf-8")
    return dict(line.split(": ", 1) for line in found.splitlines())


def test_every_sample_is_judged_as_it_is_known_to_be(lines: Mapping[str, str]) -> None:
    known = dict(line.split(": ", 1) for line in GOLDEN.read_text("utf-8").splitlines())
    assert lines == known
    assert len(lines) >= 200


def test_for_everything_found_there_is_a_reason_and_every_reason_is_needed(lines: Mapping[str, str]) -> None:
    found = {word for line in lines.values() for word in line.replace(";", "").split()}
    assert found - {"form", "only", "nothing"} == set(WHY)


def test_a_sample_is_judged_by_its_form_only_where_no_transaction_carries_it(lines: Mapping[str, str]) -> None:
    unjudged = {path.split("/")[1] for path, found in lines.items() if found == "form only"}
    assert unjudged <= set(FORM_ONLY)
    assert not unjudged & {*TRANSACTIONS, *ASSERTIONS, HEADER, AUDIT}
