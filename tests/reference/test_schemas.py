"""Both sides' messages under the official schemas of the corpus: what honest systems write is valid."""

from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
from lxml import etree

from harness import safexml
from harness.model import PatientId
from harness.reference import Identity, _asking, _assertions
from harness.reference._server import HttpReply
from tests.reference import reference_support as rs
from tests.reference.reference_support import AT, HOME, REPOSITORY, Ask, Country

pytestmark = pytest.mark.corpus
XSD = Path("artefacts") / "xsd"
HL7 = XSD / "hl7v3" / "multicacheschemas"
QUERY = XSD / "ihe-xds-b" / "ebRS" / "query.xsd"
RETRIEVE = XSD / "ihe-xds-b" / "IHE" / "XDS.b_DocumentRepository.xsd"


@cache
def schema(path: Path) -> etree.XMLSchema:
    return etree.XMLSchema(etree.parse(path))


def problems(corpus: Path, schema_path: Path, element: etree._Element) -> list[str]:
    judge = schema(corpus / schema_path)
    # lxml validates a tree, not an element inside its envelope
    judge.validate(etree.ElementTree(safexml.parse(etree.tostring(element))))
    return [str(e.message) for e in judge.error_log]


def payload(reply: HttpReply) -> etree._Element:
    found = rs.message_of(reply).payload
    assert found is not None
    return found


@pytest.mark.parametrize(
    "ask",
    [
        pytest.param(Ask(), id="a match"),
        pytest.param(Ask(patient=rs.UNKNOWN), id="no match"),
        pytest.param(Ask(hcp_signer="nobody"), id="a refusal"),
        pytest.param(Ask(query=lambda q: replace(q, ids=())), id="more wanted"),
    ],
)
def test_discovery_answers_are_valid(corpus: Path, fr: Identity, be: Country, ask: Ask) -> None:
    answer = payload(rs.discover(rs.system(fr, be), be, ask))
    assert problems(corpus, HL7 / "PRPA_IN201306UV02.xsd", answer) == []


@pytest.mark.parametrize("patient", [rs.NOMINAL, rs.NO_DOCUMENT, rs.NO_CONSENT])
def test_lists_of_documents_are_valid(corpus: Path, fr: Identity, be: Country, patient: PatientId) -> None:
    answer = payload(rs.list_documents(rs.system(fr, be), be, Ask(patient=patient)))
    assert problems(corpus, QUERY, answer) == []


@pytest.mark.parametrize("unique_id", [rs.PS_3, "2.999.250.9.77"])
def test_retrieved_documents_are_in_a_valid_answer(corpus: Path, fr: Identity, be: Country, unique_id: str) -> None:
    reply = rs.retrieve(rs.system(fr, be), be, Ask(retrieve=((HOME, REPOSITORY, unique_id),)))
    answer = payload(reply)
    for document in answer.iter("{urn:ihe:iti:xds-b:2007}Document"):
        # what xop:Include stands for; the schema knows base64 alone
        for child in list(document):
            document.remove(child)
        document.text = "AAAA"
    assert problems(corpus, RETRIEVE, answer) == []


def test_discovery_queries_are_valid(corpus: Path) -> None:
    criteria = _asking.Criteria(ids=(rs.NOMINAL,), family="Exemplaire", given="Camille", birth="19790314", gender="F")
    query = _asking.discovery(
        criteria,
        message_id=("7d0f3a9e-0000-4000-8000-000000000001", "0123456789"),
        query_id="7d0f3a9e-0000-4000-8000-000000000002",
        sender="2.999.56.1",
        receiver="2.999.250",
        at=AT,
        faults=frozenset(),
    )
    assert problems(corpus, HL7 / "PRPA_IN201305UV02.xsd", safexml.parse(query.encode())) == []


def test_document_queries_and_retrievals_are_valid(corpus: Path) -> None:
    query = _asking.document_query(rs.NOMINAL.cx, "60591-5", frozenset())
    assert problems(corpus, QUERY, safexml.parse(query.encode())) == []
    key = _asking.DocumentKey(home=HOME, repository=REPOSITORY, id=rs.PS_3)
    assert problems(corpus, RETRIEVE, safexml.parse(_asking.retrieval(key, frozenset()).encode())) == []


def test_assertions_are_valid(corpus: Path, be: Country) -> None:
    issuing = _assertions.Issuing(
        practitioner=rs.PHYSICIAN,
        country="BE",
        home_community="urn:oid:2.999.56.1",
        at=AT,
        seal=be.identity.seal,
        faults=frozenset(),
    )
    path = next((corpus / XSD / "saml-2.0").rglob("*assertion*.xsd")).relative_to(corpus)
    for xml in (
        _assertions.identity_assertion(issuing, "_a"),
        _assertions.treatment_assertion(issuing, "_b", "_a", rs.NOMINAL.cx),
    ):
        assert problems(corpus, path, safexml.parse(xml)) == []
