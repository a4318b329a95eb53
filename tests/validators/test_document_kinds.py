"""What a document is taken for, told from templates, code and body; and the parts of a SOAP message."""

import pytest

from harness import safexml
from harness.validators import facts_of, kind_of
from harness.validators._kinds import parts_of

CDA = """<ClinicalDocument xmlns="urn:hl7-org:v3">{head}<component>{body}</component></ClinicalDocument>"""
T = '<templateId root="1.3.6.1.4.1.12559.11.10.1.3.1.1.{}"/>'
CODE = '<code code="{}"/>'
L3, L1 = "<structuredBody/>", "<nonXMLBody/>"


@pytest.mark.parametrize(
    ("head", "body", "kind"),
    [
        (T.format(3), L3, "cda:patient-summary:3"),
        (T.format(7), L1, "cda:patient-summary:1"),
        (T.format(1), L3, "cda:eprescription:3"),
        (T.format(2) + CODE.format("10160-0"), L3, "cda:edispensation:3"),
        (T.format(4), L3, "cda:hcer:3"),
        (T.format(5), L3, "cda:mro:3"),
        (T.format(8), L1, "cda:orcd-laboratory:1"),
        (T.format(9), L1, "cda:orcd-discharge:1"),
        (T.format(10), L1, "cda:orcd-imaging-report:1"),
        (CODE.format("x-clinical-image"), L1, "cda:orcd-image:1"),
        (CODE.format("60591-5"), L3, "cda:patient-summary:3"),
        (CODE.format("1-1"), L3, "cda:other"),
        ("", L3, "cda:other"),
    ],
)
def test_cda_document_is_recognised(head: str, body: str, kind: str) -> None:
    assert kind_of(safexml.parse(CDA.format(head=head, body=body).encode())) == kind


def test_message_is_named_by_its_root() -> None:
    assert kind_of(safexml.parse(b"<PRPA_IN201306UV02 xmlns='urn:hl7-org:v3'/>")) == "message:PRPA_IN201306UV02"


@pytest.mark.parametrize(
    ("namespace", "extension"),
    [("urn:hl7-org:pharm", "pharm"), ("urn:epsos-org:ep:medication", "epsos"), ("urn:other", "none")],
)
def test_medication_extension_is_a_fact_of_the_document(namespace: str, extension: str) -> None:
    document = CDA.format(head=T.format(3), body=f"<x:a xmlns:x='{namespace}'/>")
    facts = facts_of(safexml.parse(document.encode()))
    assert facts["medication_extension"] == extension
    assert facts["template"] == "1.3.6.1.4.1.12559.11.10.1.3.1.1.3"


def test_envelope_comes_in_parts_with_their_places() -> None:
    envelope = b"""<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope">
      <s:Header><Action xmlns="http://www.w3.org/2005/08/addressing">urn:a</Action>
      <w:Security xmlns:w="http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd">
      <a:Assertion xmlns:a="urn:oasis:names:tc:SAML:2.0:assertion"/><a:Assertion
       xmlns:a="urn:oasis:names:tc:SAML:2.0:assertion"/></w:Security></s:Header>
      <s:Body><m xmlns="urn:m"/></s:Body></s:Envelope>"""
    parts = parts_of(safexml.parse(envelope))
    kinds = ["message:Envelope", "message:Action", "message:Assertion", "message:Assertion", "message:m"]
    assert [p.kind for p in parts] == kinds
    assert [p.needed for p in parts] == [True, False, True, True, True]
    soap = "Q{http://www.w3.org/2003/05/soap-envelope}"
    assert parts[-1].path == f"/{soap}Envelope[1]/{soap}Body[1]/Q{{urn:m}}m[1]"


def test_fault_is_judged_with_its_envelope() -> None:
    soap = "http://www.w3.org/2003/05/soap-envelope"
    assert len(parts_of(safexml.parse(f"<Envelope xmlns='{soap}'><Body><Fault/></Body></Envelope>".encode()))) == 1
