"""CDA header facts from small documents written for the purpose."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from harness.errors import WireError
from harness.wire import cda, codes, ns
from tests.wire import wire_strategies as some

STRUCTURED = "<component><structuredBody/></component>"
PHARM = f'<component><structuredBody><p:asContent xmlns:p="{ns.PHARM}"/></structuredBody></component>'
EPSOS = f'<component><structuredBody><e:asContent xmlns:e="{ns.EPSOS_MEDICATION}"/></structuredBody></component>'


def document(code: str = "60591-5", template: str | None = codes.TEMPLATE_ROOT + ".3", body: str = STRUCTURED) -> bytes:
    claimed = f'<templateId root="{template}"/>' if template else ""
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<ClinicalDocument xmlns="urn:hl7-org:v3">{claimed}
  <id root="2.999.250.3" extension="L3"/><code code="{code}" codeSystem="2.16.840.1.113883.6.1"/>
  <title> Synthèse </title><effectiveTime value="20260301100000+0100"/><confidentialityCode code="N"/>
  <languageCode code="fr-FR"/><setId root="2.999.250.4"/>
  <recordTarget><patientRole><id root="2.999.1" extension="P-1"/><patient>
    <name><given>Camille</given><given>Alix</given><family>Exemplaire</family></name>
    <administrativeGenderCode code="F"/><birthTime value="19790314"/></patient></patientRole></recordTarget>
  <author><assignedAuthor><representedOrganization><addr><country>FR</country></addr></representedOrganization>
  </assignedAuthor></author>
  <custodian><assignedCustodian><representedCustodianOrganization><addr><country>BE</country></addr>
  </representedCustodianOrganization></assignedCustodian></custodian>
  <relatedDocument typeCode="XFRM"><parentDocument><id root="2.999.250.3" extension="SRC"/></parentDocument>
  </relatedDocument>{body}</ClinicalDocument>""".encode()


def non_xml(text: str, representation: str = 'representation="B64"') -> str:
    return (
        '<component><nonXMLBody classCode="DOCBODY" moodCode="EVN">'
        f'<text mediaType="application/pdf" {representation}>{text}</text></nonXMLBody></component>'
    )


def test_the_header_is_read_field_by_field() -> None:
    header = cda.parse_header(document())
    assert header.id == cda.Ii(root="2.999.250.3", extension="L3")
    assert (header.unique_id, header.code, header.code_system) == ("2.999.250.3^L3", "60591-5", codes.LOINC)
    assert (header.title, header.language, header.effective_time) == ("Synthèse", "fr-FR", "20260301100000+0100")
    assert (header.confidentiality, header.set_id) == ("N", cda.Ii(root="2.999.250.4"))
    assert header.patient_ids == (cda.Ii(root="2.999.1", extension="P-1"),)
    assert (header.patient_family, header.patient_given) == ("Exemplaire", "Camille Alix")
    assert (header.patient_birth, header.patient_gender) == ("19790314", "F")
    assert (header.author_country, header.custodian_country, header.country) == ("FR", "BE", "BE")
    assert [(r.type, r.id) for r in header.related_documents] == [("XFRM", cda.Ii(root="2.999.250.3", extension="SRC"))]


@pytest.mark.parametrize(
    ("code", "template", "kind"),
    [
        ("60591-5", ".3", "patient-summary"),
        ("60591-5", ".7", "patient-summary"),
        ("57833-6", ".1", "eprescription"),
        ("60593-1", ".2", "edispensation"),
        ("11502-2", ".8", "orcd-laboratory"),
        ("x-clinical-image", ".11", "orcd-image"),
        ("34133-9", ".3", "hcer"),
        ("10160-0", ".2", "edispensation"),
        ("10160-0", ".99", None),
    ],
)
def test_the_kind_follows_the_code_and_else_the_template(code: str, template: str, kind: str | None) -> None:
    assert cda.parse_header(document(code=code, template=codes.TEMPLATE_ROOT + template)).kind == kind


@pytest.mark.parametrize("template", [None, "1.2.250.1.213.1.1.1.13", codes.TEMPLATE_ROOT])
def test_a_document_without_an_ehdsi_template_is_of_no_kind(template: str | None) -> None:
    assert cda.parse_header(document(template=template)).kind is None


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (STRUCTURED, ("structured", 3, None, None)),
        (non_xml("QQ=="), ("nonXML", 1, "application/pdf", "B64")),
        ("", ("none", None, None, None)),
    ],
    ids=["structured", "embedded file", "no body"],
)
def test_body_and_level_are_told_apart(body: str, expected: tuple[object, ...]) -> None:
    header = cda.parse_header(document(body=body))
    assert (header.body, header.level, header.media_type, header.representation) == expected


@pytest.mark.parametrize(("body", "extension"), [(PHARM, "pharm"), (EPSOS, "epsos"), (STRUCTURED, None)])
def test_the_medication_extension_is_the_one_in_use(body: str, extension: str | None) -> None:
    assert cda.parse_header(document(body=body)).medication_extension == extension


def test_a_bare_document_has_none_where_nothing_stands() -> None:
    header = cda.parse_header(b'<ClinicalDocument xmlns="urn:hl7-org:v3"/>')
    assert (header.id, header.unique_id, header.code, header.kind, header.country) == (None,) * 5
    assert (header.patient_ids, header.template_ids, header.related_documents) == ((), (), ())


def test_an_id_without_extension_is_the_unique_id_by_its_root() -> None:
    assert cda.parse_header(document().replace(b' extension="L3"', b"")).unique_id == "2.999.250.3"


@given(st.binary(max_size=300))
def test_an_embedded_file_is_decoded_whatever_lines_it_is_broken_into(content: bytes) -> None:
    broken = base64.encodebytes(content).decode()
    assert cda.embedded(document(body=non_xml(broken))) == content


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (STRUCTURED, "missing-element"),
        ("", "missing-element"),
        (non_xml("QQ==", 'representation="TXT"'), "bad-value"),
        (non_xml("QQ==", ""), "bad-value"),
        (non_xml("Q!Q="), "bad-value"),
        (non_xml("QQ"), "bad-value"),
    ],
    ids=["structured", "no body", "text", "unmarked", "foreign character", "cut"],
)
def test_an_embedded_file_that_cannot_be_had_is_a_wire_error(body: str, kind: str) -> None:
    with pytest.raises(WireError) as caught:
        cda.embedded(document(body=body))
    assert caught.value.kind == kind
    assert caught.value.xpath is not None


@pytest.mark.parametrize("content", [b"", b"%PDF-1.4", b"<a/>", b"<ClinicalDocument/>"])
def test_what_is_no_cda_is_a_wire_error(content: bytes) -> None:
    with pytest.raises(WireError):
        cda.parse_header(content)
    with pytest.raises(WireError):
        cda.embedded(content)


@given(st.binary(max_size=200) | st.tuples(st.integers(0, 1900), st.binary(max_size=4)))
def test_any_bytes_are_a_header_or_a_wire_error(given_bytes: bytes | tuple[int, bytes]) -> None:
    if isinstance(given_bytes, tuple):
        at, noise = given_bytes
        whole = document(body=non_xml("QQ=="))
        given_bytes = whole[:at] + noise + whole[at + len(noise) :]
    assert isinstance(some.outcome(cda.parse_header, given_bytes), cda.CdaHeader | str)
    assert isinstance(some.outcome(cda.embedded, given_bytes), bytes | str)


@given(some.tree_of(ns.clark(ns.HL7, "ClinicalDocument"), some.HL7_NAMES, some.HL7_ATTRIBUTES))
def test_any_tree_below_the_right_root_is_a_header(element: etree._Element) -> None:
    assert isinstance(cda.header_of(element), cda.CdaHeader)
