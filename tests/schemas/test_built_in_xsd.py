"""The built-in schemas accept what is right and what the official schemas accept, and refuse what is wrong."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from lxml import etree

from harness import safexml
from harness.packs.artefacts import Pack
from harness.validators import kind_of
from harness.validators._kinds import facts_of
from tests.schemas.alterations import (
    DOCUMENTS,
    GOLDEN,
    Alteration,
    add,
    altered,
    double,
    drop,
    drop_all,
    first,
    put,
    write,
)

INPUTS = sorted(p.name for p in (*GOLDEN.glob("*.xml"), *DOCUMENTS.glob("*.xml")))
PS = "ps-nominal-3.xml"
SECTION = "//h:section"
MEDICATION = "//h:substanceAdministration"
DOCUMENT_KINDS = ("ps", "ep", "ed", "mro", "hcer", "orcd-", "ans-", "other-cda", "dk-")
MESSAGE_KINDS = ("xcpd-re", "pdqv3-", "xca-", "xdr-", "saml-hcpa", "saml-trc")
PLACEHOLDER = "{{"
"""Two Danish SOAP templates hold text in wsse:Security where assertions belong; WS-Security 1.0, section 5, forbids it."""


class Schemas:
    """The XSD artefacts of the pack, each loaded once."""

    def __init__(self, pack: Pack) -> None:
        self._artefacts = [a for a in pack.artefacts if a.layer == "xsd"]
        self._loaded: dict[Path, etree.XMLSchema] = {}

    def accept(self, root: etree._Element) -> bool | None:
        """Whether the schema for `root` accepts it; None where the pack has none."""
        kind = kind_of(root)
        artefact = next((a for a in self._artefacts if a.fits(kind, facts_of(root))), None)
        if artefact is None:
            return None
        if artefact.path not in self._loaded:
            self._loaded[artefact.path] = etree.XMLSchema(file=str(artefact.path))
        return self._loaded[artefact.path].validate(etree.fromstring(etree.tostring(root)))


@pytest.fixture(scope="module")
def schemas(builtin_pack: Pack) -> Schemas:
    return Schemas(builtin_pack)


@pytest.mark.parametrize("file", INPUTS)
def test_good_input_is_accepted(schemas: Schemas, file: str) -> None:
    path = GOLDEN / file
    root = safexml.parse((path if path.is_file() else DOCUMENTS / file).read_bytes())

    assert schemas.accept(root) is True


WRONG: dict[str, tuple[str, Alteration]] = {
    "document without type id": (PS, drop("h:typeId")),
    "document of another hierarchical description": (PS, put("h:typeId", "root", "2.16.840.1.113883.1.4")),
    "document without author": (PS, drop("h:author")),
    "document without custodian": (PS, drop("h:custodian")),
    "document with two custodians": (PS, double("h:custodian")),
    "header in another order": (PS, first("h:effectiveTime")),
    "title before code in a section": (PS, first(f"{SECTION}/h:title")),
    "unknown element in the header": (PS, add(".", "<remark>x</remark>", 3)),
    "element of another namespace in the header": (PS, add(".", "<rim:Slot/>", 3)),
    "unknown attribute in the header": (PS, put("h:code", "kode", "1")),
    "unknown attribute in an entry": (PS, put(MEDICATION, "mood", "EVN")),
    "entry without mood": (PS, put(MEDICATION, "moodCode", None)),
    "entry of an unknown mood": (PS, put(MEDICATION, "moodCode", "MAYBE")),
    "observation without code": (PS, drop("//h:observation/h:code")),
    "relation of an unknown type": (PS, put("//h:entryRelationship", "typeCode", "SAME")),
    "time with letters": (PS, put("h:effectiveTime", "value", "yesterday")),
    "root that is no OID": (PS, put("h:id", "root", "2.0999.1.")),
    "empty extension": (PS, put("h:recordTarget/h:patientRole/h:id", "extension", "")),
    "code with a blank": (PS, put("h:code", "code", "60591 5")),
    "unknown null flavour": (PS, put("h:id", "nullFlavor", "NONE")),
    "value of an unknown type": (PS, put("//h:observation/h:value", "xsi:type", "CODE")),
    "value without a type": (PS, put("//h:observation/h:value", "xsi:type", None)),
    "quantity that is no number": (PS, put("//h:doseQuantity/h:low", "value", "one")),
    "negation that is no boolean": (PS, put("//h:procedure", "negationInd", "no")),
    "consumable without product": (PS, drop("//h:consumable/h:manufacturedProduct")),
    "pharmacy element of an unknown name": (PS, add("//h:manufacturedMaterial", "<pharm:shape/>")),
    "pharmacy package without class": (PS, put("//pharm:generalizedMaterialKind", "classCode", None)),
    "ingredient without substance": (PS, drop("//pharm:ingredientSubstance")),
    "narrative with an unknown element": (PS, add(f"{SECTION}/h:text", "<div/>")),
    "narrative list without items": (PS, drop(f"{SECTION}[h:text/h:list[count(h:item) = 1]]//h:item")),
    "two narrative lines of one ID": (PS, double(f"{SECTION}//h:item")),
    "body without content": ("ps-nominal-1.xml", drop("//h:nonXMLBody/h:text")),
    "body of both kinds": ("ps-nominal-1.xml", add("h:component", "<structuredBody/>")),
    "discovery query without ITS version": ("xcpd-request.xml", put(".", "ITSVersion", None)),
    "discovery query without receiver": ("xcpd-request.xml", drop("h:receiver")),
    "discovery query without sender": ("xcpd-request.xml", drop("h:sender")),
    "discovery query without parameters": ("xcpd-request.xml", drop("//h:parameterList")),
    "discovery query with parameters in another order": ("xcpd-request.xml", first("//h:livingSubjectName")),
    "discovery query with an unknown parameter": ("xcpd-request.xml", add("//h:parameterList", "<shoeSize/>")),
    "discovery query with a bad birth time": (
        "xcpd-request.xml",
        put("//h:livingSubjectBirthTime/h:value", "value", "?"),
    ),
    "discovery answer without query acknowledgement": ("xcpd-answer-match.xml", drop("//h:queryAck")),
    "discovery answer with acknowledgement first": ("xcpd-answer-match.xml", first("h:acknowledgement")),
    "discovery answer without custodian": ("xcpd-answer-match.xml", drop("//h:custodian")),
    "discovery answer without patient status": ("xcpd-answer-match.xml", drop("//h:patient/h:statusCode")),
    "discovery answer without match observation": ("xcpd-answer-match.xml", drop("//h:subjectOf1")),
    "discovery answer with another class of subject": ("xcpd-answer-match.xml", put("//h:patient", "classCode", "EMP")),
    "discovery answer with an issue without code": ("xcpd-answer-nobody.xml", drop("//h:detectedIssueEvent/h:code")),
    "query without response option": ("xca-query.xml", drop("query:ResponseOption")),
    "query with an unknown return type": ("xca-query.xml", put("query:ResponseOption", "returnType", "Everything")),
    "query without id": ("xca-query.xml", put("rim:AdhocQuery", "id", None)),
    "slot without name": ("xca-query.xml", put("//rim:Slot", "name", None)),
    "slot without list": ("xca-query.xml", drop("//rim:ValueList")),
    "query answer without status": ("xca-answer.xml", put(".", "status", None)),
    "query answer without object list": ("xca-answer.xml", drop("rim:RegistryObjectList")),
    "query answer with errors last": ("xca-answer.xml", first("rim:RegistryObjectList")),
    "error without code": ("xca-answer.xml", put("//rs:RegistryError", "errorCode", None)),
    "association without target": ("xca-answer.xml", put("//rim:Association", "targetObject", None)),
    "classification without object": ("xca-answer.xml", put("//rim:Classification", "classifiedObject", None)),
    "retrieve request without document": ("retrieve-request.xml", drop("xds:DocumentRequest")),
    "retrieve request without document id": ("retrieve-request.xml", drop("//xds:DocumentUniqueId")),
    "retrieve request in another order": ("retrieve-request.xml", first("//xds:DocumentUniqueId")),
    "retrieve answer without status": ("retrieve-answer.xml", drop("rs:RegistryResponse")),
    "retrieve answer without media type": ("retrieve-answer.xml", drop("//xds:mimeType")),
    "registry answer without status": ("registry-response.xml", put(".", "status", None)),
    "assertion without id": ("assertion.xml", put(".", "ID", None)),
    "assertion with an id that is no name": ("assertion.xml", put(".", "ID", "urn:uuid:1")),
    "assertion without issuer": ("assertion.xml", drop("saml:Issuer")),
    "assertion issued at no time": ("assertion.xml", put(".", "IssueInstant", "now")),
    "assertion with an unknown element": ("assertion.xml", add(".", "<saml:Remark/>")),
    "assertion with conditions before the subject": ("assertion.xml", first("saml:Conditions")),
    "subject confirmation without method": ("assertion.xml", put("//saml:SubjectConfirmation", "Method", None)),
    "attribute without name": ("assertion.xml", put("//saml:Attribute", "Name", None)),
    "role of a bad data type": ("assertion.xml", put("//h:Role", "codeSystem", "ISCO 08")),
    "envelope without body": ("envelope.xml", drop("soap:Body")),
    "envelope with body first": ("envelope.xml", first("soap:Body")),
    "envelope with a third part": ("envelope.xml", add(".", "<soap:Trailer/>")),
    "bad mustUnderstand": ("envelope.xml", put("//wsa:Action", "soap:mustUnderstand", "yes")),
    "reply address without address": ("envelope.xml", drop("//wsa:Address")),
    "time stamp with unknown content": ("envelope.xml", add("//wsu:Timestamp", "<wsu:Renewed/>")),
    "fault without reason": ("fault.xml", drop("//soap:Reason")),
    "fault of an unknown code": ("fault.xml", write("//soap:Code/soap:Value", "soap:Whatever")),
    "audit record without event": ("audit.xml", drop("EventIdentification")),
    "audit record without participant": ("audit.xml", drop_all("ActiveParticipant")),
    "audit record without source": ("audit.xml", drop("AuditSourceIdentification")),
    "audit record of two sources": ("audit.xml", double("AuditSourceIdentification")),
    "audit record at no time": ("audit.xml", put("EventIdentification", "EventDateTime", "today")),
    "audit record of an unknown outcome": ("audit.xml", put("EventIdentification", "EventOutcomeIndicator", "1")),
    "audit record of an unknown action": ("audit.xml", put("EventIdentification", "EventActionCode", "X")),
    "audit participant without id": ("audit.xml", put("ActiveParticipant", "UserID", None)),
    "audit participant who does not say whether it asks": (
        "audit.xml",
        put("ActiveParticipant", "UserIsRequestor", None),
    ),
    "audit object without id type": ("audit.xml", drop("//ParticipantObjectIDTypeCode")),
    "audit object of role 27": (
        "audit.xml",
        put("//ParticipantObjectIdentification", "ParticipantObjectTypeCodeRole", "27"),
    ),
    "audit query that is no base64": ("audit.xml", write("//ParticipantObjectQuery", "abc")),
    "audit code of both spellings": ("audit.xml", put("//EventID", "code", "110112")),
    "audit record with objects first": ("audit.xml", first("ParticipantObjectIdentification")),
    "older audit record without event id": ("audit-rfc3881.xml", drop("//EventID")),
    "older audit record of two times": ("audit-rfc3881.xml", double("EventIdentification")),
    "older audit object without id": (
        "audit-rfc3881.xml",
        put("//ParticipantObjectIdentification", "ParticipantObjectID", None),
    ),
    "service group without participant": ("service-group.xml", drop("smp:ParticipantIdentifier")),
    "service group with a reference to nowhere": (
        "service-group.xml",
        put("//smp:ServiceMetadataReference", "href", None),
    ),
    "signed metadata without signature": ("service-metadata.xml", drop("*[last()]")),
    "signed metadata with the signature first": ("service-metadata.xml", first("*[last()]")),
    "metadata without document": ("service-metadata.xml", drop("//smp:DocumentIdentifier")),
    "metadata without process": ("service-metadata.xml", drop("//smp:Process")),
    "process without endpoint": ("service-metadata.xml", drop("//smp:Endpoint")),
    "endpoint without address": ("service-metadata.xml", drop("//smp:EndpointURI")),
    "endpoint without certificate element": ("service-metadata.xml", drop("//smp:Certificate")),
    "endpoint with a certificate that is no base64": ("service-metadata.xml", write("//smp:Certificate", "abc")),
    "endpoint that expires at no time": ("service-metadata.xml", write("//smp:ServiceExpirationDate", "2027")),
    "endpoint of no transport": ("service-metadata.xml", put("//smp:Endpoint", "transportProfile", None)),
    "redirect without target": ("service-redirect.xml", put("//smp:Redirect", "href", None)),
    "mask without country": ("search-mask.xml", drop("ism:country")),
    "mask of an unknown country code": ("search-mask.xml", put("ism:country", "code", "Belgium")),
    "mask with an identifier without domain": ("search-mask.xml", put("//ism:id", "domain", None)),
    "mask with an identifier without format": ("search-mask.xml", put("//ism:id", "format", None)),
    "mask with an identifier without label": ("search-mask.xml", put("//ism:id", "label", None)),
    "mask with a domain that is no OID": ("search-mask.xml", put("//ism:id", "domain", "BE")),
    "mask with identifiers of an unknown type": ("search-mask.xml", put("//ism:identifier", "type", "ALL")),
    "mask with an unknown field": ("search-mask.xml", add("//ism:patientSearch", "<ism:shoeSize label='x'/>")),
    "older mask with an identifier without domain": ("search-mask-older.xml", put("//id", "domain", None)),
    "older mask with a length that is none": ("search-mask-older.xml", put("//id", "min", "few")),
    "fault text without language": ("fault.xml", put("//soap:Text", "xml:lang", None)),
}


@pytest.mark.parametrize("what", WRONG)
def test_wrong_input_is_refused(schemas: Schemas, what: str) -> None:
    file, alteration = WRONG[what]

    assert schemas.accept(safexml.parse(altered(file, alteration))) is False


def corpus_rows(corpus: Path, kinds: tuple[str, ...]) -> Iterator[tuple[str, dict[str, str]]]:
    """Path and official XSD verdicts of the corpus files of `kinds` that have any."""
    for line in (corpus / "manifest.yaml").read_text(encoding="utf-8").splitlines():
        if line.startswith("- {"):
            row = json.loads(line[2:])
            verdicts = row.get("expected", {}).get("xsd", {})
            if row["kind"].startswith(kinds) and verdicts:
                yield row["path"], verdicts


def parsed(path: Path) -> etree._Element:
    """The root of a corpus file; some declare entities, which the product's parser refuses before any schema."""
    return etree.parse(path, etree.XMLParser(resolve_entities=False, huge_tree=True)).getroot()


@pytest.mark.corpus
def test_every_document_an_official_schema_accepts_is_accepted(corpus: Path, schemas: Schemas) -> None:
    judged = {
        path: schemas.accept(parsed(corpus / path))
        for path, verdicts in corpus_rows(corpus, DOCUMENT_KINDS)
        if "valid" in verdicts.values()
    }

    assert len(judged) > 150
    assert [path for path, accepted in judged.items() if not accepted] == []


@pytest.mark.corpus
def test_documents_every_official_schema_refuses_are_refused_unless_old_medication_details_are_wrong(
    corpus: Path, schemas: Schemas
) -> None:
    missed = []
    refused = 0
    for path, verdicts in corpus_rows(corpus, DOCUMENT_KINDS):
        if "valid" in verdicts.values():
            continue
        root = parsed(corpus / path)
        if not schemas.accept(root):
            refused += 1
        elif next(root.iter("{urn:epsos-org:ep:medication}*"), None) is None:
            missed.append(path)

    assert refused > 20
    assert missed == []


@pytest.mark.corpus
def test_every_message_an_official_schema_accepts_is_accepted(corpus: Path, schemas: Schemas) -> None:
    wrong = []
    judged = 0
    for path, verdicts in corpus_rows(corpus, MESSAGE_KINDS):
        root = parsed(corpus / path)
        template = PLACEHOLDER in (corpus / path).read_text(encoding="utf-8")
        if not template and any(v == "valid" for k, v in verdicts.items() if not k.startswith("payload:")):
            judged += 1
            wrong += [] if schemas.accept(root) else [path]
        for payload in root.iterfind("{*}Body/*") if "payload" in str(verdicts) else ():
            if any(v == "valid" for k, v in verdicts.items() if k.startswith("payload:")):
                judged += 1
                wrong += [] if schemas.accept(payload) else [path]

    assert judged > 40
    assert wrong == []


@pytest.mark.corpus
def test_every_message_the_official_schema_refuses_is_refused(corpus: Path, schemas: Schemas) -> None:
    refused = [
        (path, schemas.accept(parsed(corpus / path)))
        for path, verdicts in corpus_rows(corpus, MESSAGE_KINDS)
        if not any(k.startswith("payload:") for k in verdicts) and "valid" not in verdicts.values()
    ]

    assert len(refused) > 10
    assert [path for path, accepted in refused if accepted] == []


MASK_WITHOUT_COUNTRY = "messages/search-mask/cyprus/InternationalSearch_FR.xml"
"""Its fields stand directly under the root."""


@pytest.mark.corpus
def test_every_foreign_metadata_and_mask_is_accepted_but_the_mask_without_country(
    corpus: Path, schemas: Schemas
) -> None:
    judged = {}
    for kind in ("smp", "search-mask"):
        for path in sorted((corpus / "messages" / kind).glob("*/*.xml")):
            root = parsed(path)
            judged[str(path.relative_to(corpus))] = schemas.accept(root)
            for mask in root.iterfind(".//{*}Endpoint/{*}Extension/*"):
                assert schemas.accept(mask) is True, path.name

    assert len(judged) == 47
    assert [path for path, accepted in judged.items() if not accepted] == [MASK_WITHOUT_COUNTRY]


@pytest.mark.corpus
def test_audit_records_come_to_the_verdicts_of_the_official_schemas(corpus: Path, builtin_pack: Pack) -> None:
    artefacts = {a.id: etree.XMLSchema(file=str(a.path)) for a in builtin_pack.artefacts if a.id.startswith("audit-")}
    official = {"audit-dicom-xsd": "audit-dicom-2017c", "audit-rfc3881-xsd": "audit-rfc3881/RFC3881"}
    differing, judged = [], 0
    for path, verdicts in corpus_rows(corpus, ("audit",)):
        for ours, theirs in official.items():
            judged += 1
            if artefacts[ours].validate(parsed(corpus / path)) != (verdicts[theirs] == "valid"):
                differing.append((path, ours))

    assert judged == 38
    assert differing == []
