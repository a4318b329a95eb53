"""Foreign messages and documents of the corpus: each is read, or refused for a reason that stands here."""

import json
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from harness import safexml
from harness.errors import WireError
from harness.wire import cda, codes, mtom, ns, xcpd, xds

pytestmark = pytest.mark.corpus

READERS: Mapping[str, Any] = {
    "xcpd-request": xcpd.parse_query,
    "xcpd-response": xcpd.parse_answer,
    "xca-query-request": xds.parse_query,
    "xca-query-response": xds.parse_query_answer,
    "xca-retrieve-request": xds.parse_retrieve_request,
    "xca-retrieve-response": partial(xds.parse_retrieve_answer, resolve=lambda e: _resolve(e)),
}
REFUSED = {
    "messages/xcpd-location-query/ipf/iti56-sample-request.xml": "ITI-56, a transaction MyHealth@EU does not use",
    "messages/xcpd-location-query/ipf/iti56-sample-response.xml": "ITI-56, a transaction MyHealth@EU does not use",
}
KIND_OF_MANIFEST = {"ps": "patient-summary", "ep": "eprescription", "ed": "edispensation", "mro": "mro", "hcer": "hcer"}
IHE_PHARMACY = "urn:ihe:pharm:medication"
"""Namespace of the French documents that the manifest counts as `pharm`; the eHDSI extension is urn:hl7-org:pharm."""
LEVEL_DIFFERS = {
    "documents/ed/openncp-older/eDispensation-friendly.xml": "structured body without entries: the manifest says level 2",
}


def rows(corpus: Path, prefix: str) -> list[dict[str, Any]]:
    lines = (corpus / "manifest.yaml").read_text("utf-8").splitlines()
    found = [json.loads(line[2:]) for line in lines if line.startswith("- {")]
    return [row for row in found if row["path"].startswith(prefix)]


def payload(path: Path, row: Mapping[str, Any]) -> etree._Element:
    root = safexml.parse(path.read_bytes())
    if "soap" not in row:
        return root
    uri = {"1.1": ns.SOAP11, "1.2": ns.SOAP}[row["soap"]]
    body = root.find(ns.clark(uri, "Body"))
    assert body is not None
    return next(body.iterchildren(etree.Element))


def _resolve(element: etree._Element) -> mtom.BinaryContent:
    return mtom.resolve_xop(element, {})


def test_every_xcpd_and_xca_message_is_read_or_refused_for_a_known_reason(corpus: Path) -> None:
    found = [row for row in rows(corpus, "messages/") if row["kind"].startswith(("xcpd-", "xca-"))]
    assert len(found) >= 50
    for row in found:
        element = payload(corpus / row["path"], row)
        if row["path"] in REFUSED:
            for read in (xcpd.parse_query, xcpd.parse_answer):
                with pytest.raises(WireError, match="not the HL7v3 message"):
                    read(element)
        else:
            assert READERS[row["kind"]](element) is not None, row["path"]


def test_messages_of_other_kinds_are_refused(corpus: Path) -> None:
    for row in rows(corpus, "messages/"):
        if row["kind"] not in ("pdqv3-request", "hl7v3-other", "search-mask", "saml-hcpa") or "soap" in row:
            continue
        element = safexml.parse((corpus / row["path"]).read_bytes())
        if etree.QName(element).localname in (codes.INTERACTION_QUERY, codes.INTERACTION_ANSWER):
            continue
        for read in READERS.values():
            with pytest.raises(WireError) as caught:
                read(element)
            assert caught.value.kind == "wrong-root"


def test_read_messages_survive_being_written_and_read_again(corpus: Path) -> None:
    writers: Mapping[str, Any] = {
        "xcpd-request": xcpd.build_query,
        "xcpd-response": xcpd.build_answer,
        "xca-query-request": xds.build_query,
        "xca-query-response": xds.build_query_answer,
        "xca-retrieve-request": xds.build_retrieve_request,
        "xca-retrieve-response": lambda answer: xds.build_retrieve_answer(answer)[0],
    }
    for row in rows(corpus, "messages/"):
        if row["kind"] in writers:
            value = READERS[row["kind"]](payload(corpus / row["path"], row))
            assert READERS[row["kind"]](safexml.parse(writers[row["kind"]](value))) == value, row["path"]


def sample(corpus: Path, path: str) -> etree._Element:
    return payload(corpus / path, next(row for row in rows(corpus, path)))


def test_the_ihe_sample_query_gives_its_traits_and_controls(corpus: Path) -> None:
    query = xcpd.parse_query(sample(corpus, "messages/xcpd-request/ipf/iti55-sample-request.xml"))
    assert (query.sender_hcid, query.receiver_hcid) == ("1.2.3.928.955", "1.2.840.114350.1.13.999.234")
    assert [i.extension for i in query.ids] == ["1234", "58910"]
    assert (query.birth, query.gender, query.minimum_degree_match) == ("19630805", "M", "100")
    assert query.parameters.count("livingSubjectId") == 2
    assert query.query_parts[4:7] == (
        "matchCriterionList",
        "matchCriterionList/matchAlgorithm",
        "matchCriterionList/minimumDegreeMatch",
    )


def test_a_gematik_refusal_gives_its_reason_and_detail(corpus: Path) -> None:
    folder = corpus / "messages/xcpd-response/gematik-simulation"
    answers = [
        xcpd.parse_answer(payload(corpus / row["path"], row))
        for row in rows(corpus, f"messages/xcpd-response/{folder.name}/")
    ]
    refusals = [a for a in answers if not a.subjects and a.issues]
    assert refusals
    for answer in refusals:
        assert answer.issues[0].kind in ("triggerFor", "mitigatedBy")
        assert answer.issues[0].code_system in codes.REASON_SYSTEMS
        assert answer.issues[0].detected_code in codes.ISSUE_EVENTS
        assert answer.details[0].code
    matches = [a for a in answers if a.subjects]
    assert matches
    assert all("|" in (a.subjects[0].ids[0].extension or "") for a in matches)
    assert all(a.subjects[0].match_type == "INT" for a in matches)


def test_openncp_queries_without_quotes_are_read_as_bare(corpus: Path) -> None:
    query = xds.parse_query(sample(corpus, "messages/xca-query-request/openncp/AdhocQueryRequest.xml"))
    assert query.class_codes == xds.ClassCodes(values=(xds.Coded(code="57833-6"),), form="bare")
    assert query.patient is not None
    assert query.statuses == ("urn:oasis:names:tc:ebxml-regrep:StatusType:",)


def test_the_gematik_list_pairs_the_pdf_with_the_xml(corpus: Path) -> None:
    path = "messages/xca-query-response/gematik-simulation/AdhocQueryResponsePSA.xml"
    answer = xds.parse_query_answer(sample(corpus, path))
    levels = {entry.id: entry.level for entry in answer.entries}
    pair = next(a for a in answer.associations if a.type == codes.ASSOCIATION_XFRM)
    assert answer.status == codes.STATUS_SUCCESS
    assert (levels[pair.source], levels[pair.target]) == (1, 3)
    assert all(e.practice_setting_code and e.confidentiality_codes and e.unique_id for e in answer.entries)


def test_gematik_documents_are_inline(corpus: Path) -> None:
    answers = [
        READERS[row["kind"]](payload(corpus / row["path"], row))
        for row in rows(corpus, "messages/xca-retrieve-response/")
    ]
    documents = [d for a in answers for d in a.documents]
    assert documents
    assert {d.form for d in documents} == {"inline"}


def test_every_cda_document_gives_a_header_that_agrees_with_the_manifest(corpus: Path) -> None:
    found = [row for row in rows(corpus, "documents/") if row["kind"] != "dasta"]
    assert len(found) >= 200
    for row in found:
        content = (corpus / row["path"]).read_bytes()
        header = cda.parse_header(content)
        kind = row["kind"]
        expected = KIND_OF_MANIFEST.get(kind) or (kind if kind.startswith("orcd-") else None)
        assert header.kind == expected, row["path"]
        assert (header.code, header.language) == (row["code"], row["language"]), row["path"]
        if IHE_PHARMACY.encode() not in content:
            assert header.medication_extension == row["medication_extension"], row["path"]
        assert header.level == row["cda_level"] or row["path"] in LEVEL_DIFFERS, row["path"]
        if header.body == "nonXML":
            assert cda.embedded(content)[:4] in (b"%PDF", b"\x89PNG", b""), row["path"]


def test_national_formats_that_are_no_cda_are_refused(corpus: Path) -> None:
    found = [row for row in rows(corpus, "documents/") if row["kind"] == "dasta"]
    assert found
    for row in found:
        with pytest.raises(WireError) as caught:
            cda.parse_header((corpus / row["path"]).read_bytes())
        assert caught.value.kind == "wrong-root"


def full_answer() -> xcpd.DiscoveryAnswer:
    ours, theirs = xcpd.device("2.999.250"), xcpd.device("2.999.56")
    detail = xcpd.AckDetail(code=codes.ERROR_PI_GENERIC, text="context", location="place")
    subject = xcpd.Subject(
        ids=(xcpd.Ii(root="2.999.1", extension="P-1"),),
        names=(xcpd.PersonName(family="Exemplaire", given="Camille"),),
        gender="F",
        birth="19790314",
        street="1 rue de l'Exemple",
        city="Exempleville",
        postal_code="00000",
        country="FR",
        custodian_ids=(xcpd.Ii(root="2.999.250"),),
    )
    ack = xcpd.Acknowledgement(type_code="AE", target_message_id=xcpd.Ii(root="2.999.7"), details=(detail,))
    return xcpd.DiscoveryAnswer(
        message_id=xcpd.Ii(root="2.999.8", extension="1"),
        creation_time="20260301100000.000+0000",
        sender=ours,
        receivers=(theirs,),
        acknowledgements=(ack,),
        query_ack_id=xcpd.Ii(root="2.999.9"),
        query_response_code="AE",
        subjects=(subject,),
        issues=tuple(xcpd.reason(code) for code in codes.REASONS),
        query_echo=xcpd.canonical_query(full_query()),
    )


def full_query() -> xcpd.DiscoveryQuery:
    return xcpd.DiscoveryQuery(
        message_id=xcpd.Ii(root="2.999.7"),
        creation_time="20260301100000.000+0000",
        sender=xcpd.device("2.999.56"),
        receivers=(xcpd.device("2.999.250"),),
        query_id=xcpd.Ii(root="2.999.9"),
        response_priority_codes=("D",),
        respond_to="https://ncp-b.example/xcpd",
        minimum_degree_match="75",
        ids=(xcpd.Ii(root="2.999.1", extension="P-1"), xcpd.Ii(null_flavor="NI")),
        family="Exemplaire",
        given="Camille",
        birth="19790314",
        gender="F",
        street="1 rue de l'Exemple",
        city="Exempleville",
        postal_code="00000",
        country="FR",
    )


def full_listing() -> xds.QueryAnswer:
    code = xds.Coded(code="60591-5", scheme=codes.LOINC, display="Patient Summary")
    entry = xds.DocumentEntry(
        id="urn:uuid:00000000-0000-4000-8000-000000000001",
        lid="urn:uuid:00000000-0000-4000-8000-000000000001",
        unique_id="2.999.250.3^L3",
        patient_id="P-1^^^&2.999.1&ISO",
        home="urn:oid:2.999.250",
        creation_time="20260301100000",
        language="fr-FR",
        repository_id="2.999.250.9",
        size="1234",
        slots=(xds.Slot(name="serviceStartTime", values=("20260301",)),),
        title="Patient Summary",
        description="structured",
        version="1.1",
        class_code=code,
        type_code=code,
        format_code=code,
        confidentiality_codes=(code,),
        facility_type_code=code,
        practice_setting_code=code,
        event_codes=(code,),
        authors=(xds.Author(slots=(xds.Slot(name="authorPerson", values=("x",)),)),),
    )
    pair = xds.Association(type=codes.ASSOCIATION_XFRM, source=entry.id, target=entry.id, id="urn:uuid:1")
    error = xds.RegistryError(code=codes.ERROR_PS_NOT_FOUND, context="none", severity=codes.SEVERITY_WARNING)
    return xds.QueryAnswer(status=codes.STATUS_SUCCESS, errors=(error,), entries=(entry,), associations=(pair,))


def retrieve_answer(form: str) -> bytes:
    document = xds.RetrievedDocument(
        home="urn:oid:2.999.250", repository="2.999.250.9", id="1", mime_type="text/xml", content=b"<a/>", form=form
    )
    return xds.build_retrieve_answer(xds.RetrieveAnswer(status=codes.STATUS_SUCCESS, documents=(document,)))[0]


MESSAGES = [
    ("hl7v3/multicacheschemas/PRPA_IN201305UV02.xsd", lambda: xcpd.build_query(full_query())),
    ("hl7v3/multicacheschemas/PRPA_IN201306UV02.xsd", lambda: xcpd.build_answer(full_answer())),
    (
        "ebxml-regrep-3/ebRS30/query.xsd",
        lambda: xds.build_query(xds.find_documents("P-1^^^&2.999.1&ISO", ["11502-2", "34105-7"])),
    ),
    ("ebxml-regrep-3/ebRS30/query.xsd", lambda: xds.build_query_answer(full_listing())),
    (
        "ihe-xds-b/IHE/XDS.b_DocumentRepository.xsd",
        lambda: xds.build_retrieve_request(
            xds.RetrieveRequest(documents=(xds.DocumentRequest(home="urn:oid:2.999", repository="2.999", id="1"),))
        ),
    ),
    ("ihe-xds-b/IHE/XDS.b_DocumentRepository.xsd", lambda: retrieve_answer("inline")),
]


@pytest.mark.parametrize(
    ("schema", "build"),
    MESSAGES,
    ids=["xcpd query", "xcpd answer", "find documents", "document list", "retrieve request", "retrieve answer"],
)
def test_full_messages_of_ours_satisfy_the_published_schema(corpus: Path, schema: str, build: Any) -> None:
    judge = etree.XMLSchema(etree.parse(corpus / "artefacts/xsd" / schema))
    judge.assertValid(safexml.parse(build()))


def test_the_published_schema_would_notice_a_missing_part(corpus: Path) -> None:
    judge = etree.XMLSchema(etree.parse(corpus / "artefacts/xsd" / MESSAGES[0][0]))
    broken = xcpd.build_query(full_query()).replace(b'<statusCode code="new"/>', b"")
    assert not judge.validate(safexml.parse(broken))
