"""Every built-in rule has an input that passes it and one that fails it, in both engines; its texts are complete."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from lxml import etree

from harness import safexml
from harness.model import Layer, Severity, Verdict
from harness.packs.artefacts import Pack
from harness.validators import Engine, Validator
from tests.schemas.alterations import DOCUMENTS, GOLDEN, Alteration, add, altered, double, drop, put, write

PROJECT = Path(__file__).resolve().parent.parent.parent
SCHEMATRON = PROJECT / "schemas" / "schematron"
SCH = "{http://purl.oclc.org/dsdl/schematron}"
INPUTS = sorted(p.name for p in (*GOLDEN.glob("*.xml"), *DOCUMENTS.glob("*.xml")))
EHDSI = "1.3.6.1.4.1.12559.11.10.1.3.1"

PS, PDF = "ps-nominal-3.xml", "ps-nominal-1.xml"
REQUEST, MATCH, NOBODY = "xcpd-request.xml", "xcpd-answer-match.xml", "xcpd-answer-nobody.xml"
QUERY, ANSWER = "xca-query.xml", "xca-answer.xml"
RX, RX_PDF, ED = "ep-open-3.xml", "ep-open-1.xml", "edispensation.xml"
SUBMISSION, STORED = "xdr-submission.xml", "registry-response.xml"
PATIENT = "h:recordTarget/h:patientRole"
XML_ENTRY = "//rim:ExtrinsicObject"


def of_kind(template: str, code: str) -> tuple[Alteration, Alteration]:
    """Turns the PDF document into one of another kind."""
    return put("h:templateId", "root", f"{EHDSI}.1.{template}"), put("h:code", "code", code)


def section(template: str, path: str = "") -> str:
    return f"//h:section[h:templateId/@root = '{EHDSI}.{template}']{path}"


def entry(element: str, template: str, path: str = "") -> str:
    return f"//h:{element}[h:templateId/@root = '{EHDSI}.{template}']{path}"


def slot(name: str, path: str = "") -> str:
    return f"//rim:Slot[@name = '{name}']{path}"


def scheme(uuid: str) -> str:
    return f"//*[@classificationScheme = 'urn:uuid:{uuid}']"


BROKEN: dict[str, tuple[str, tuple[Alteration, ...]]] = {
    "cda-template-ps": (PDF, (put("h:templateId", "root", f"{EHDSI}.1.3"),)),
    "cda-template-ep": (PDF, of_kind("7", "57833-6")),
    "cda-template-ed": (PDF, of_kind("2", "60593-1")),
    "cda-template-lab": (PDF, of_kind("9", "11502-2")),
    "cda-template-discharge": (PDF, of_kind("8", "34105-7")),
    "cda-template-imaging": (PDF, of_kind("8", "18748-4")),
    "cda-template-image": (PDF, of_kind("8", "x-clinical-image")),
    "cda-schema-location": (PS, (put(".", "xsi:schemaLocation", "urn:hl7-org:v3 CDA.xsd"),)),
    "cda-code": (PS, (put("h:code", "codeSystem", "2.16.840.1.113883.6.96"),)),
    "cda-code-display": (PS, (put("h:code", "displayName", None),)),
    "cda-confidentiality": (PS, (put("h:confidentialityCode", "code", "L"),)),
    "cda-language": (PS, (put("h:languageCode", "code", "fr"),)),
    "cda-record-target": (PS, (double("h:recordTarget"),)),
    "cda-custodian-country": (PS, (drop("h:custodian//h:country"),)),
    "cda-authenticators-lab": (PDF, (*of_kind("8", "11502-2"), double("h:legalAuthenticator"))),
    "cda-legal-authenticator": (PS, (drop("h:legalAuthenticator"),)),
    "cda-related-document": (PS, (put("h:relatedDocument", "typeCode", "RPLC"),)),
    "cda-patient-id": (PS, (drop(f"{PATIENT}/h:id"),)),
    "cda-patient-addr": (PS, (drop(f"{PATIENT}/h:addr"),)),
    "cda-patient-telecom": (PS, (drop(f"{PATIENT}/h:telecom"),)),
    "cda-patient-family": (PS, (write(f"{PATIENT}//h:family", " "),)),
    "cda-patient-given": (PS, (drop(f"{PATIENT}//h:given"),)),
    "cda-patient-gender": (PS, (put(f"{PATIENT}//h:administrativeGenderCode", "code", "X"),)),
    "cda-patient-birth": (PS, (put(f"{PATIENT}//h:birthTime", "value", "79"),)),
    "ps-medications": (PS, (drop(f"//h:component[h:section/h:templateId/@root = '{EHDSI}.2.3']"),)),
    "ps-allergies": (PS, (drop(f"//h:component[h:section/h:templateId/@root = '{EHDSI}.2.12']"),)),
    "ps-procedures": (PS, (drop(f"//h:component[h:section/h:templateId/@root = '{EHDSI}.2.11']"),)),
    "ps-problems": (PS, (double(f"//h:component[h:section/h:templateId/@root = '{EHDSI}.2.9']"),)),
    "ps-devices": (PS, (drop(f"//h:component[h:section/h:templateId/@root = '{EHDSI}.2.4']"),)),
    "ps-medications-code": (PS, (put(section("2.3", "/h:code"), "code", "1-8"),)),
    "ps-allergies-code": (PS, (put(section("2.12", "/h:code"), "code", "1-8"),)),
    "ps-procedures-code": (PS, (put(section("2.11", "/h:code"), "code", "1-8"),)),
    "ps-problems-code": (PS, (put(section("2.9", "/h:code"), "code", "1-8"),)),
    "ps-devices-code": (PS, (put(section("2.4", "/h:code"), "codeSystem", "2.16.840.1.113883.6.96"),)),
    "ps-medications-entry": (PS, (drop(section("2.3", "/h:entry")), drop(section("2.3", "/h:entry")))),
    "ps-allergies-entry": (PS, (drop(section("2.12", "/h:entry")), drop(section("2.12", "/h:entry")))),
    "ps-procedures-entry": (PS, (drop(section("2.11", "/h:entry")), drop(section("2.11", "/h:entry")))),
    "ps-problems-entry": (PS, (drop(section("2.9", "/h:entry")), drop(section("2.9", "/h:entry")))),
    "ps-devices-entry": (PS, (drop(section("2.4", "/h:entry")),)),
    "ps-title": (PS, (drop(section("2.3", "/h:title")),)),
    "ps-text": (PS, (drop(section("2.4", "/h:text")),)),
    "ps-reference": (PS, (put(entry("supply", "3.5", "/h:text/h:reference"), "value", "#nowhere"),)),
    "ps-medication-id": (PS, (drop(entry("substanceAdministration", "3.4", "/h:id")),)),
    "ps-medication-status": (PS, (put(entry("substanceAdministration", "3.4", "/h:statusCode"), "code", "new"),)),
    "ps-medication-time": (
        PS,
        (
            drop(entry("substanceAdministration", "3.4", "/h:effectiveTime")),
            drop(entry("substanceAdministration", "3.4", "/h:effectiveTime")),
        ),
    ),
    "ps-medication-product": (PS, (drop("//h:manufacturedMaterial/h:templateId"),)),
    "ps-allergy-observation": (PS, (drop(entry("act", "3.16", "/h:entryRelationship/h:observation/h:templateId")),)),
    "ps-problem-observation": (PS, (drop(entry("observation", "3.7", "/h:value")),)),
    "ps-procedure-code": (PS, (drop(entry("procedure", "3.26", "/h:code")),)),
    "ps-procedure-time": (PS, (drop(entry("procedure", "3.26", "/h:effectiveTime")),)),
    "ps-device-code": (PS, (drop("//h:playingDevice/h:code"),)),
    "ps-l1-body": (PDF, (drop("//h:nonXMLBody/h:text"),)),
    "ps-l1-media-type": (PDF, (put("//h:nonXMLBody/h:text", "mediaType", "text/plain"),)),
    "ps-l1-representation": (PDF, (put("//h:nonXMLBody/h:text", "representation", "TXT"),)),
    "ps-l1-no-reference": (PDF, (add("//h:nonXMLBody/h:text", "<reference value='a.pdf'/>"),)),
    "ps-l1-pdf-marker": (PDF, (write("//h:nonXMLBody/h:text", "aGVsbG8="),)),
    "orcd-body": (PDF, (*of_kind("8", "11502-2"), drop("//h:nonXMLBody/h:text"))),
    "orcd-media-type": (PDF, (*of_kind("8", "11502-2"), put("//h:nonXMLBody/h:text", "mediaType", "text/plain"))),
    "orcd-representation": (PDF, (*of_kind("8", "11502-2"), put("//h:nonXMLBody/h:text", "representation", "TXT"))),
    "xcpd-request-interaction": (REQUEST, (put("h:interactionId", "extension", "PRPA_IN201306UV02"),)),
    "xcpd-request-trigger": (REQUEST, (put("h:controlActProcess/h:code", "code", "PRPA_TE201306UV02"),)),
    "xcpd-request-mode": (REQUEST, (put("h:processingModeCode", "code", "R"),)),
    "xcpd-request-accept": (REQUEST, (put("h:acceptAckCode", "code", "NE"),)),
    "xcpd-request-sender": (REQUEST, (put("//h:representedOrganization/h:id", "extension", "1"),)),
    "xcpd-request-modality": (REQUEST, (put("//h:responseModalityCode", "code", "B"),)),
    "xcpd-request-priority": (REQUEST, (put("//h:responsePriorityCode", "code", "D"),)),
    "xcpd-request-status": (REQUEST, (put("//h:queryByParameter/h:statusCode", "code", "active"),)),
    "xcpd-request-controls": (REQUEST, (add("//h:queryByParameter", "<initialQuantity value='1'/>", 4),)),
    "xcpd-request-single": (REQUEST, (double("//h:livingSubjectAdministrativeGender"),)),
    "xcpd-request-criteria": (REQUEST, (drop("//h:livingSubjectId"), drop("//h:livingSubjectName"))),
    "xcpd-request-id": (REQUEST, (put("//h:livingSubjectId/h:value", "extension", None),)),
    "xcpd-request-birth": (REQUEST, (put("//h:livingSubjectBirthTime/h:value", "value", "1979"),)),
    "xcpd-answer-interaction": (MATCH, (put("h:interactionId", "root", "2.999.1"),)),
    "xcpd-answer-created": (MATCH, (put("h:creationTime", "value", "20260302"),)),
    "xcpd-answer-created-zone": (MATCH, (put("h:creationTime", "value", "20260302101501"),)),
    "xcpd-answer-mode": (MATCH, (put("h:processingModeCode", "code", None),)),
    "xcpd-answer-processing": (MATCH, (put("h:processingCode", "code", "D"),)),
    "xcpd-answer-accept": (MATCH, (put("h:acceptAckCode", "code", "AL"),)),
    "xcpd-answer-acknowledgement": (MATCH, (double("h:acknowledgement"),)),
    "xcpd-answer-echo": (MATCH, (drop("//h:queryByParameter"),)),
    "xcpd-answer-type": (MATCH, (put("h:acknowledgement/h:typeCode", "code", "CA"),)),
    "xcpd-answer-detail": (NOBODY, (drop("//h:acknowledgementDetail/h:text"),)),
    "xcpd-answer-response": (MATCH, (put("//h:queryResponseCode", "code", "YES"),)),
    "xcpd-answer-no-subject": (MATCH, (put("//h:queryResponseCode", "code", "NF"),)),
    "xcpd-answer-registration": (MATCH, (put("//h:registrationEvent/h:statusCode", "code", "obsolete"),)),
    "xcpd-answer-custodian": (MATCH, (put("//h:custodian//h:id", "extension", "1"),)),
    "xcpd-answer-locator": (MATCH, (put("//h:custodian//h:code", "code", "Locator"),)),
    "xcpd-answer-patient": (MATCH, (double("//h:patient/h:id"),)),
    "xcpd-answer-patient-id": (MATCH, (put("//h:patient/h:id", "root", None),)),
    "xcpd-answer-unused": (MATCH, (add("//h:patient", "<subjectOf2 typeCode='SBJ'/>"),)),
    "xcpd-answer-person": (MATCH, (drop("//h:patientPerson/h:name"),)),
    "xcpd-answer-name": (MATCH, (drop("//h:patientPerson/h:name/h:given"),)),
    "xcpd-answer-match": (MATCH, (put("//h:queryMatchObservation/h:code", "code", "MATCH"),)),
    "xcpd-answer-reason": (NOBODY, (drop("//h:mitigatedBy"),)),
    "xca-query-id": (QUERY, (put("rim:AdhocQuery", "id", "urn:uuid:2b0d0000-0000-4000-8000-000000000001"),)),
    "xca-query-option": (QUERY, (put("query:ResponseOption", "returnType", "ObjectRef"),)),
    "xca-query-patient": (QUERY, (write(slot("$XDSDocumentEntryPatientId", "//rim:Value"), "P-0001"),)),
    "xca-query-status": (QUERY, (drop(slot("$XDSDocumentEntryStatus")),)),
    "xca-query-class": (QUERY, (write(slot("$XDSDocumentEntryClassCode", "//rim:Value"), " "),)),
    "xca-answer-status": (ANSWER, (put(".", "status", "Success"),)),
    "xca-answer-one-patient": (
        ANSWER,
        (
            put(
                "//rim:ExternalIdentifier[@identificationScheme = 'urn:uuid:58a6f841-87b3-4a3e-92fd-a8ffeff98427']",
                "value",
                "P-0002^^^&2.999.250.1&ISO",
            ),
        ),
    ),
    "xca-answer-error": (ANSWER, (put("//rs:RegistryError", "errorCode", ""),)),
    "xca-answer-severity": (ANSWER, (put("//rs:RegistryError", "severity", "Warning"),)),
    "xca-answer-approved": (ANSWER, (put(XML_ENTRY, "status", None),)),
    "xca-answer-home": (ANSWER, (put(XML_ENTRY, "home", "2.999.250.1"),)),
    "xca-answer-repository": (ANSWER, (drop(slot("repositoryUniqueId")),)),
    "xca-answer-ids": (ANSWER, (drop("//rim:ExternalIdentifier"),)),
    "xca-answer-created": (ANSWER, (write(slot("creationTime", "//rim:Value"), "2026-03-02"),)),
    "xca-answer-source": (ANSWER, (drop(slot("sourcePatientId")),)),
    "xca-answer-language": (ANSWER, (write(slot("languageCode", "//rim:Value"), "fr"),)),
    "xca-answer-class": (ANSWER, (drop(scheme("41a5887f-8865-4c09-adf7-e362475b143a")),)),
    "xca-answer-format": (ANSWER, (drop(scheme("a09d5840-386c-46f2-b5ad-9c3699a4309d")),)),
    "xca-answer-confidentiality": (
        ANSWER,
        (put(scheme("f4f85eac-e6cb-4883-b524-f2705394840f"), "nodeRepresentation", "U"),),
    ),
    "xca-answer-practice": (ANSWER, (drop(scheme("cccf5598-8b07-4b77-a05e-ae952c785ead")),)),
    "xca-answer-mime": (ANSWER, (put(XML_ENTRY, "mimeType", "application/xml"),)),
    "ep-l3-section": (RX, (put(section("2.1", "/h:templateId"), "root", f"{EHDSI}.2.2"),)),
    "ep-l3-number": (RX, (put(section("2.1", "/h:id"), "root", None),)),
    "ep-l3-code": (RX, (put(section("2.1", "/h:code"), "code", "60590-7"),)),
    "ep-l3-line": (RX, (put(entry("substanceAdministration", "3.2"), "moodCode", "EVN"),)),
    "ep-l3-line-id": (RX, (drop(entry("substanceAdministration", "3.2", "/h:id")),)),
    "ep-l3-product": (RX, (drop(entry("substanceAdministration", "3.2", "//h:manufacturedMaterial/h:name")),)),
    "ep-l3-form": (RX, (drop(entry("substanceAdministration", "3.2", "//h:manufacturedMaterial/pharm:formCode")),)),
    "ep-l3-quantity": (RX, (drop(entry("substanceAdministration", "3.2", "//h:supply/h:quantity")),)),
    "ep-l1-body": (RX_PDF, (drop("//h:nonXMLBody/h:text"),)),
    "ep-l1-media-type": (RX_PDF, (put("//h:nonXMLBody/h:text", "mediaType", "text/plain"),)),
    "ep-l1-representation": (RX_PDF, (put("//h:nonXMLBody/h:text", "representation", "TXT"),)),
    "ep-l1-pdf-marker": (RX_PDF, (write("//h:nonXMLBody/h:text", "AAAA"),)),
    "ed-l3-kind": (ED, (put("h:code", "codeSystem", "2.999.1"),)),
    "ed-l3-order": (ED, (double("h:inFulfillmentOf"),)),
    "ed-l3-section": (ED, (put(section("2.2", "/h:templateId"), "root", f"{EHDSI}.2.1"),)),
    "ed-l3-order-id": (ED, (put("h:inFulfillmentOf/h:order/h:id", "root", None),)),
    "ed-l3-order-mood": (ED, (put("h:inFulfillmentOf/h:order", "moodCode", "EVN"),)),
    "ed-l3-code": (ED, (put(section("2.2", "/h:code"), "code", "57828-6"),)),
    "ed-l3-supply": (ED, (put(entry("supply", "3.3"), "moodCode", "RQO"),)),
    "ed-l3-quantity": (ED, (drop(entry("supply", "3.3", "/h:quantity")),)),
    "ed-l3-product": (ED, (drop(entry("supply", "3.3", "/h:product")),)),
    "ed-l3-performer": (ED, (drop(entry("supply", "3.3", "/h:performer")),)),
    "ed-l3-prescribed": (ED, (put(entry("supply", "3.3", "/h:entryRelationship"), "typeCode", "COMP"),)),
    "xdr-one-set": (SUBMISSION, (double("//rim:RegistryPackage"),)),
    "xdr-set-node": (SUBMISSION, (drop("//rim:RegistryObjectList/rim:Classification"),)),
    "xdr-entry": (SUBMISSION, (drop(XML_ENTRY),)),
    "xdr-set-ids": (SUBMISSION, (drop("//rim:RegistryPackage/rim:ExternalIdentifier"),)),
    "xdr-set-time": (SUBMISSION, (write(slot("submissionTime", "//rim:Value"), "2026-03-02"),)),
    "xdr-set-content": (SUBMISSION, (drop(scheme("aa543740-bdda-424e-8c96-df4873be8500")),)),
    "xdr-set-author": (SUBMISSION, (drop(scheme("a7058bb9-b4e4-4307-ba5b-e3f0ab85e12d")),)),
    "xdr-member": (SUBMISSION, (put("//rim:Association", "targetObject", "urn:uuid:0"),)),
    "xdr-document": (SUBMISSION, (put("xds:Document", "id", "urn:uuid:0"),)),
    "xdr-format": (
        SUBMISSION,
        (put(scheme("a09d5840-386c-46f2-b5ad-9c3699a4309d"), "nodeRepresentation", "urn:epSOS:ps:ps:2010"),),
    ),
    "xdr-class": (
        SUBMISSION,
        (put(scheme("41a5887f-8865-4c09-adf7-e362475b143a"), "nodeRepresentation", "60591-5"),),
    ),
    "xdr-type": (SUBMISSION, (drop(scheme("f0306f51-975f-434e-a61c-c59651d33983")),)),
    "xdr-entry-ids": (SUBMISSION, (drop(XML_ENTRY + "/rim:ExternalIdentifier"),)),
    "xdr-one-patient": (
        SUBMISSION,
        (put(XML_ENTRY + "/rim:ExternalIdentifier", "value", "P-0002^^^&2.999.250.1&ISO"),),
    ),
    "xdr-created": (SUBMISSION, (write(slot("creationTime", "//rim:Value"), "20260302"),)),
    "xdr-language": (SUBMISSION, (drop(slot("languageCode")),)),
    "xdr-source-patient": (SUBMISSION, (write(slot("sourcePatientInfo", "//rim:Value[1]"), "P-0001"),)),
    "xdr-original": (SUBMISSION, (write(slot("SubmissionSetStatus", "//rim:Value"), "Reference"),)),
    "xdr-answer-status": (STORED, (put(".", "status", "Success"),)),
    "xdr-answer-success": (
        STORED,
        (put(".", "status", "urn:oasis:names:tc:ebxml-regrep:ResponseStatusType:Success"),),
    ),
}


def sch_asserts() -> Iterator[tuple[Path, etree._Element]]:
    for path in sorted(SCHEMATRON.glob("*.sch")):
        for element in safexml.parse(path.read_bytes()).iter(f"{SCH}assert", f"{SCH}report"):
            yield path, element


def fired(validator: Validator, name: str, content: bytes) -> dict[str, Severity | None]:
    """Rule and severity of each Schematron finding."""
    findings = validator.validate(name, content).findings
    return {f.rule.rpartition("/")[2]: f.severity for f in findings if f.layer is Layer.SCHEMATRON}


@pytest.fixture(scope="module")
def second_opinion(builtin_pack: Pack) -> Iterator[Validator]:
    validator = Validator([builtin_pack], engine=Engine.PYSCHEMATRON)
    yield validator
    validator.close()


def test_every_rule_has_a_failing_input() -> None:
    ids = [e.get("id", "") for _, e in sch_asserts()]

    assert len(ids) == len(set(ids))
    assert sorted(ids) == sorted(BROKEN)


def test_every_rule_names_a_requirement_of_the_catalogue() -> None:
    catalogue = "\n".join(
        p.read_text(encoding="utf-8") for p in (PROJECT / "scenarios" / "requirements").glob("*.yaml")
    )

    assert [e.get("id") for _, e in sch_asserts() if not re.search(rf"\b{e.get('see')}\b", catalogue)] == []


@pytest.mark.parametrize("path", sorted(SCHEMATRON.glob("*.sch")), ids=lambda p: p.stem)
def test_every_rule_speaks_english_and_french(path: Path) -> None:
    root = safexml.parse(path.read_bytes())
    french = {d.get("id"): " ".join("".join(map(str, d.itertext())).split()) for d in root.iter(f"{SCH}diagnostic")}

    assert root.get("{http://www.w3.org/XML/1998/namespace}lang") == "en"
    for element in root.iter(f"{SCH}assert"):
        assert element.get("role") in ("error", "warning")
        assert "".join(map(str, element.itertext())).strip().endswith(".")
        assert french[element.get("diagnostics")].endswith(".")


@pytest.mark.parametrize("path", sorted(SCHEMATRON.glob("*.sch")), ids=lambda p: p.stem)
def test_nothing_precedes_the_schema_element_so_that_no_engine_loses_rules(path: Path) -> None:
    assert safexml.parse(path.read_bytes()).getprevious() is None


@pytest.mark.parametrize("file", INPUTS)
def test_good_input_gives_no_finding(builtin_validator: Validator, file: str) -> None:
    path = GOLDEN / file
    report = builtin_validator.validate(file, (path if path.is_file() else DOCUMENTS / file).read_bytes())

    assert [(f.rule, f.message) for f in report.findings] == []
    assert report.verdict is Verdict.PASS


@pytest.mark.parametrize("rule", BROKEN)
def test_broken_input_is_found_by_its_rule(builtin_validator: Validator, rule: str) -> None:
    file, alterations = BROKEN[rule]
    role = next(e.get("role") for _, e in sch_asserts() if e.get("id") == rule)

    assert fired(builtin_validator, file, altered(file, *alterations)).get(rule) == role


@pytest.mark.parametrize(
    "rule", ["xcpd-request-id", "xcpd-answer-name", "xcpd-answer-reason", "xca-query-patient", "xca-answer-home"]
)
def test_second_engine_finds_the_same_rules(builtin_validator: Validator, second_opinion: Validator, rule: str) -> None:
    file, alterations = BROKEN[rule]
    content = altered(file, *alterations)

    assert set(fired(second_opinion, file, content)) == set(fired(builtin_validator, file, content)) == {rule}
