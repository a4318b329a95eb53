"""ITI-38 and ITI-39 messages: round trips, tolerance, query values and document bytes."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from lxml import etree

from harness import safexml
from harness.errors import WireError
from harness.model import PatientId
from harness.wire import codes, mtom, ns, soap, xds
from tests.wire import wire_strategies as some

CX = "P-1^^^&2.999.1&ISO"
ENTRY = xds.DocumentEntry(
    id="urn:uuid:00000000-0000-4000-8000-000000000001",
    unique_id="2.999.250.3^L3",
    patient_id=CX,
    home="urn:oid:2.999.250",
    creation_time="20260301100000",
    language="fr-FR",
    source_patient_id=CX,
    repository_id="2.999.250.9",
    size="1234",
    hash="0" * 40,
    title="Patient Summary",
    class_code=xds.Coded(code="60591-5", scheme=codes.LOINC, display="Patient Summary"),
    format_code=xds.Coded(code="urn:epSOS:ps:ps:2010", scheme="eHDSI formatCodes"),
    confidentiality_codes=(xds.Coded(code="N", scheme=codes.HL7_CONFIDENTIALITY),),
    event_codes=(xds.Coded(code=codes.EVENT_DISPENSABLE, scheme=codes.XDW_EVENT),),
    authors=(xds.Author(slots=(xds.Slot(name="authorPerson", values=("Médecin Exemple",)),)),),
)


def resolver(parts: tuple[mtom.Part, ...]):  # type: ignore[no-untyped-def]
    known = {part.content_id: part for part in parts}
    return lambda element: mtom.resolve_xop(element, known)


@given(some.DOCUMENT_QUERIES)
def test_every_query_survives_the_round_trip(query: xds.DocumentQuery) -> None:
    assert xds.parse_query(safexml.parse(xds.build_query(query))) == query


@given(some.QUERY_ANSWERS)
@settings(max_examples=60)
def test_every_query_answer_survives_the_round_trip(answer: xds.QueryAnswer) -> None:
    assert xds.parse_query_answer(safexml.parse(xds.build_query_answer(answer))) == answer


@given(some.RETRIEVE_REQUESTS)
def test_every_retrieve_request_survives_the_round_trip(request: xds.RetrieveRequest) -> None:
    assert xds.parse_retrieve_request(safexml.parse(xds.build_retrieve_request(request))) == request


@given(some.RETRIEVE_ANSWERS)
def test_every_retrieve_answer_survives_the_round_trip(answer: xds.RetrieveAnswer) -> None:
    xml, parts = xds.build_retrieve_answer(answer)
    assert xds.parse_retrieve_answer(safexml.parse(xml), resolver(parts)) == answer
    assert len(parts) == sum(d.form == "xop" for d in answer.documents)


@given(some.MAYBE, some.RESULT["errors"])
def test_every_registry_response_survives_the_round_trip(
    status: str | None, errors: tuple[xds.RegistryError, ...]
) -> None:
    response = xds.RegistryResponse(status=status, errors=errors)
    assert xds.parse_registry_response(safexml.parse(xds.build_registry_response(response))) == response


@given(some.tree_of(ns.clark(ns.QUERY, "AdhocQueryRequest"), some.EBXML_NAMES, some.EBXML_ATTRIBUTES))
def test_any_tree_is_a_query(element: etree._Element) -> None:
    query = xds.parse_query(element)
    assert (query.patient is None) or query.patient_id
    assert query.class_codes.form in ("ihe", "joined", "bare", "none")


@given(some.tree_of(ns.clark(ns.QUERY, "AdhocQueryResponse"), some.EBXML_NAMES, some.EBXML_ATTRIBUTES))
def test_any_tree_is_a_query_answer(element: etree._Element) -> None:
    answer = xds.parse_query_answer(element)
    assert all(entry.level in (None, 1, 3) for entry in answer.entries)


@given(some.tree_of(ns.clark(ns.XDSB, "RetrieveDocumentSetResponse"), some.EBXML_NAMES, some.EBXML_ATTRIBUTES))
def test_any_tree_is_a_retrieve_answer_or_a_wire_error(element: etree._Element) -> None:
    found = some.outcome(xds.parse_retrieve_answer, element)
    assert isinstance(found, xds.RetrieveAnswer) or found in ("bad-value", "xop")


@pytest.mark.parametrize(
    "parse",
    [
        xds.parse_query,
        xds.parse_query_answer,
        xds.parse_retrieve_request,
        xds.parse_retrieve_answer,
        xds.parse_registry_response,
    ],
)
def test_a_wrong_root_is_a_wire_error(parse) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(WireError) as caught:
        parse(safexml.parse(b"<a/>"))
    assert caught.value.kind == "wrong-root"


def test_find_documents_is_the_query_that_ihe_defines() -> None:
    query = xds.find_documents(CX, ["60591-5"])
    assert query.query_id == codes.QUERY_FIND_DOCUMENTS
    assert query.raw(xds.SLOT_PATIENT_ID) == (f"'{CX}'",)
    assert query.raw(xds.SLOT_STATUS) == ("('urn:oasis:names:tc:ebxml-regrep:StatusType:Approved')",)
    assert query.raw(xds.SLOT_CLASS_CODE) == ("('60591-5^^2.16.840.1.113883.6.1')",)
    assert query.patient == PatientId(root="2.999.1", extension="P-1")
    assert query.statuses == (codes.ENTRY_APPROVED,)


@pytest.mark.parametrize(
    ("raws", "form", "found"),
    [
        (("('11502-2^^1.2','34105-7^^1.2')",), "ihe", ["11502-2", "34105-7"]),
        (("('11502-2^^1.2')", "('34105-7^^1.2')"), "ihe", ["11502-2", "34105-7"]),
        (("('11502-2^^1.2,34105-7^^1.2')",), "joined", ["11502-2", "34105-7"]),
        (("57833-6",), "bare", ["57833-6"]),
        (("(57833-6^^1.2)",), "bare", ["57833-6"]),
        (("('a,b^^1.2')",), "ihe", ["a,b"]),
        (("",), "none", []),
        ((), "none", []),
    ],
)
def test_class_codes_are_read_however_they_are_written(raws: tuple[str, ...], form: str, found: list[str]) -> None:
    query = xds.DocumentQuery(query_id=None, slots=(xds.Slot(name=xds.SLOT_CLASS_CODE, values=raws),))
    assert query.class_codes.form == form
    assert [c.code for c in query.class_codes.values] == found


@pytest.mark.parametrize(
    ("raw", "values"),
    [
        ("'a'", ("a",)),
        ("('a','b')", ("a", "b")),
        ("( 'a' , 'b' )", ("a", "b")),
        ("'it''s'", ("it's",)),
        ("a", ("a",)),
        ("''", ("",)),
        ("  ", ()),
        ("()", ()),
    ],
)
def test_stored_query_values_lose_quotes_and_parentheses(raw: str, values: tuple[str, ...]) -> None:
    assert xds.stored_query_values(raw) == values


def test_quotes_in_a_value_survive_the_list_form() -> None:
    assert xds.stored_query_values(xds.stored_query_list(["it's", "b"])) == ("it's", "b")


@pytest.mark.parametrize("text", ["P-1", "P-1^^^2.999.1", "P-1^^^&2.999.1", "P-1^^^&2.999.1&ISO^x", ""])
def test_a_text_that_is_no_cx_gives_no_patient(text: str) -> None:
    assert xds.parse_cx(text) is None


def test_a_cx_keeps_a_bar_in_the_extension() -> None:
    assert xds.parse_cx("X1|ABC^^^&2.999.1&ISO") == PatientId(root="2.999.1", extension="X1|ABC")


def test_an_entry_counts_its_classifications_and_keeps_the_first() -> None:
    xml = xds.build_query_answer(xds.QueryAnswer(status=codes.STATUS_SUCCESS, entries=(ENTRY,)))
    second = f'<rim:Classification classificationScheme="{codes.SCHEME_CLASS_CODE}" nodeRepresentation="x"/>'
    entry = xds.parse_query_answer(
        safexml.parse(xml.replace(b"</rim:ExtrinsicObject>", second.encode() + b"</rim:ExtrinsicObject>"))
    ).entries[0]
    assert entry == ENTRY
    assert entry.classifications.count(codes.SCHEME_CLASS_CODE) == 2
    assert entry.identifiers == (codes.SCHEME_PATIENT_ID, codes.SCHEME_UNIQUE_ID)
    assert (entry.level, entry.patient) == (3, PatientId(root="2.999.1", extension="P-1"))


@pytest.mark.parametrize("name", sorted(n for n in vars(xds) if n.startswith("X_")))
def test_each_location_points_at_something_in_a_full_message(name: str) -> None:
    errors = (xds.RegistryError(code="1102"),)
    association = xds.Association(type=codes.ASSOCIATION_XFRM, source="a", target="b")
    document = xds.RetrievedDocument(home="h", repository="r", id="i", mime_type="text/xml", content=b"x")
    listing = xds.QueryAnswer(status="s", errors=errors, entries=(ENTRY,), associations=(association,))
    messages = (
        xds.build_query(xds.find_documents(CX, ["60591-5"])),
        xds.build_query_answer(listing),
        xds.build_retrieve_request(
            xds.RetrieveRequest(documents=(xds.DocumentRequest(home="h", repository="r", id="i"),))
        ),
        xds.build_retrieve_answer(xds.RetrieveAnswer(status="s", errors=errors, documents=(document,)))[0],
    )
    path = getattr(xds, name)
    assert any(safexml.parse(m).xpath(path, namespaces=dict(ns.PREFIXES)) for m in messages)


def test_the_level_of_an_eprescription_is_read_whatever_the_case_of_its_format() -> None:
    for code, level in (
        ("urn:epsos:ep:pre:2010", 3),
        ("urn:epSOS:ep:pre:2010", 3),
        (codes.FORMAT_PDF, 1),
        ("urn:x", None),
    ):
        entry = replace(ENTRY, class_code=xds.Coded(code="57833-6"), format_code=xds.Coded(code=code))
        assert entry.level == level
    assert replace(ENTRY, format_code=None).level is None
    assert replace(ENTRY, class_code=xds.Coded(code="0")).level is None


def test_an_empty_error_list_is_told_from_none_and_other_objects_are_named() -> None:
    plain = f'<AdhocQueryResponse xmlns="{ns.QUERY}"/>'.encode()
    answer = xds.parse_query_answer(safexml.parse(plain))
    assert (answer.status, answer.has_error_list, answer.has_object_list) == (None, False, False)
    full = (
        f'<AdhocQueryResponse xmlns="{ns.QUERY}" xmlns:rim="{ns.RIM}"><RegistryErrorList xmlns="{ns.RS}"/>'
        '<rim:RegistryObjectList><rim:ObjectRef id="a"/></rim:RegistryObjectList></AdhocQueryResponse>'
    )
    answer = xds.parse_query_answer(safexml.parse(full.encode()))
    assert (answer.errors, answer.has_error_list, answer.has_object_list) == ((), True, True)
    assert answer.other_objects == (ns.clark(ns.RIM, "ObjectRef"),)


def test_a_document_by_reference_without_its_attachment_is_a_wire_error() -> None:
    document = xds.RetrievedDocument(home="h", repository="r", id="i", mime_type="text/xml", content=b"<a/>")
    xml, parts = xds.build_retrieve_answer(xds.RetrieveAnswer(status="s", documents=(document,)))
    assert [(p.content_type, p.content) for p in parts] == [("text/xml", b"<a/>")]
    with pytest.raises(WireError) as caught:
        xds.parse_retrieve_answer(safexml.parse(xml))
    assert caught.value.kind == "xop"


def test_a_document_travels_through_a_whole_mtom_package() -> None:
    documents = tuple(
        xds.RetrievedDocument(
            home="h", repository="r", id=str(n), mime_type="text/xml", content=bytes([n]) * 9, form=form
        )
        for n, form in enumerate(("xop", "inline", "xop"))
    )
    answer = xds.RetrieveAnswer(status=codes.STATUS_SUCCESS, documents=documents)
    payload, parts = xds.build_retrieve_answer(answer)
    addressing = soap.Addressing(action=codes.ACTION_XCA_RETRIEVE_RESPONSE, message_id="urn:uuid:1")
    envelope = soap.build_envelope(addressing=addressing, payload=payload)
    message = soap.parse_message(*mtom.build_multipart(envelope, parts, "boundary"))
    assert message.payload is not None
    assert xds.parse_retrieve_answer(message.payload, lambda d: mtom.resolve_xop(d, message.parts)) == answer


def test_a_document_that_is_no_base64_is_a_wire_error_with_its_place() -> None:
    document = xds.RetrievedDocument(home="h", repository="r", id="i", mime_type="t", content=b"abc", form="inline")
    xml, _ = xds.build_retrieve_answer(xds.RetrieveAnswer(status="s", documents=(document,)))
    with pytest.raises(WireError) as caught:
        xds.parse_retrieve_answer(safexml.parse(xml.replace(b"YWJj", b"Y!Jj")))
    assert caught.value.kind == "bad-value"
    assert caught.value.xpath is not None
    assert "xds:Document" in caught.value.xpath


def test_a_retrieve_answer_without_registry_response_has_no_status() -> None:
    answer = xds.parse_retrieve_answer(safexml.parse(f'<RetrieveDocumentSetResponse xmlns="{ns.XDSB}"/>'.encode()))
    assert (answer.status, answer.documents, answer.errors) == (None, (), ())


@pytest.mark.parametrize("kind", some.KNOWN_KINDS)
def test_a_document_kind_is_found_by_class_code_and_template(kind: str) -> None:
    row = codes.KINDS[kind]
    assert codes.kind_of_class_code(row.class_code) is row
    for level, template in row.templates.items():
        found = codes.kind_of_template(template)
        assert found is not None
        assert found[1] == level
        assert found[0].kind.removesuffix("-discard") == kind.removesuffix("-discard")
    for level, formats in row.formats.items():
        assert all(codes.level_of_format(kind, f.upper()) == level for f in formats)


def test_what_is_no_kind_is_none() -> None:
    assert codes.kind_of_class_code("0-0") is None
    assert codes.kind_of_template("2.999") is None
    assert codes.level_of_format("patient-summary", "urn:x") is None
    assert codes.level_of_format("nothing", codes.FORMAT_PDF) is None
