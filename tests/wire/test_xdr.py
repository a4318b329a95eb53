"""ITI-41: what is built is read back, also what other implementations wrote; prescriptions and dispensations name each other."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from harness import safexml
from harness.errors import WireError
from harness.wire import codes, dispensing, mtom, ns, xdr, xds
from harness.wire.xdr import Submission, SubmissionSet, SubmittedDocument

DOCUMENTS = Path(__file__).resolve().parents[2] / "scenarios" / "populations" / "documents"
ENTRY, SET = "urn:uuid:0b6a2d1e-5f0c-4c52-9d0e-8a1f5e2b7c01", "urn:uuid:0b6a2d1e-5f0c-4c52-9d0e-8a1f5e2b7c02"


def submission(kind: str = "edispensation", form: str = "xop") -> Submission:
    known = codes.KINDS[kind]
    coded = xds.Coded(code=known.class_code, scheme=codes.LOINC, display=known.display)
    entry = xds.DocumentEntry(
        id=ENTRY,
        unique_id="2.999.9^1",
        patient_id="P-1^^^&2.999.1&ISO",
        source_patient_id="P-1^^^&2.999.1&ISO",
        creation_time="20260302140500",
        language="nl-BE",
        slots=(xds.Slot(name="sourcePatientInfo", values=("PID-3|P-1^^^&2.999.1&ISO", "PID-5|A^B")),),
        class_code=coded,
        type_code=coded,
        format_code=xds.Coded(code=known.formats[3][0], scheme="eHDSI formatCodes"),
        confidentiality_codes=(xds.Coded(code="N", scheme=codes.HL7_CONFIDENTIALITY),),
        event_codes=(xds.Coded(code=codes.CONSENT_OPT_IN, scheme=codes.CONSENT_SCHEME),),
    )
    package = SubmissionSet(
        id=SET,
        unique_id="2.999.5.1",
        patient_id="P-1^^^&2.999.1&ISO",
        source_id="2.999.5",
        submission_time="20260302140500",
        title="eDispensation",
        description="what was given",
        content_type=coded,
        authors=(xds.Author(slots=(xds.Slot(name="authorPerson", values=("1^A^B",)),)),),
        slots=(xds.Slot(name="intendedRecipient", values=("X",)),),
    )
    return Submission(
        sets=(package,),
        nodes=(SET,),
        entries=(entry,),
        associations=(xdr.has_member(SET, ENTRY, "urn:uuid:3"),),
        documents=(SubmittedDocument(id=ENTRY, content=b"<a/>", form=form),),
    )


def read(sent: Submission) -> Submission:
    payload, parts = xdr.build_submission(sent)
    known = {p.content_id: p for p in parts}
    return xdr.parse_submission(safexml.parse(payload), lambda node: mtom.resolve_xop(node, known))


@pytest.mark.parametrize("form", ["xop", "inline"])
@pytest.mark.parametrize("kind", ["edispensation", "edispensation-discard", "consent"])
def test_what_is_built_is_read_back(kind: str, form: str) -> None:
    sent = submission(kind, form)

    assert read(sent) == sent
    assert read(sent).kinds == (kind,)
    assert read(sent).document(sent.entries[0]) == sent.documents[0]


def test_an_empty_submission_is_read_back() -> None:
    nothing = Submission(sets=(), entries=())

    assert read(nothing) == nothing


@given(
    title=st.text(
        st.characters(codec="utf-8", exclude_categories=("Cc", "Cs"), exclude_characters="\ufffe\uffff"), max_size=20
    )
)
@settings(max_examples=50, deadline=None)
def test_any_title_is_read_back(title: str) -> None:
    sent = submission()
    sent = replace(sent, sets=(replace(sent.sets[0], title=title),))

    assert read(sent) == sent


def test_another_message_is_refused() -> None:
    with pytest.raises(WireError) as caught:
        xdr.parse_submission(etree.Element(ns.clark(ns.RS, "RegistryResponse")))

    assert caught.value.kind == "wrong-root"


def test_a_missing_attachment_is_refused_with_its_place() -> None:
    payload, _ = xdr.build_submission(submission())

    with pytest.raises(WireError) as caught:
        xdr.parse_submission(safexml.parse(payload))

    assert caught.value.kind == "xop"
    assert "Document" in (caught.value.xpath or "")


@pytest.mark.corpus
def test_submissions_of_other_implementations_are_read_and_read_back(corpus: Path) -> None:
    samples = sorted((corpus / "messages" / "xdr-submit-request").rglob("*.xml"))
    assert len(samples) == 8
    for sample in samples:
        root = safexml.parse(sample.read_bytes())
        tag = ns.clark(ns.XDSB, "ProvideAndRegisterDocumentSetRequest")
        element = root if root.tag == tag else root.find(f".//{tag}")
        assert element is not None
        sent = xdr.parse_submission(element)
        assert (len(sent.sets), len(sent.entries), len(sent.documents)) == (1, 1, 1), sample.name
        assert sent.kinds in (("edispensation",), ("hcer",)), sample.name
        assert read(sent) == sent, sample.name


@pytest.mark.corpus
def test_answers_of_other_implementations_are_read(corpus: Path) -> None:
    for sample in sorted((corpus / "messages" / "xdr-submit-response").rglob("*.xml")):
        root = safexml.parse(sample.read_bytes())
        tag = ns.clark(ns.RS, "RegistryResponse")
        element = root if root.tag == tag else root.find(f".//{tag}")
        assert element is not None
        assert xds.parse_registry_response(element).status == codes.STATUS_SUCCESS


def test_a_prescription_says_what_a_dispensation_names() -> None:
    prescription = dispensing.parse_prescription((DOCUMENTS / "ep-strict-3.xml").read_bytes())

    assert prescription.id is not None
    assert prescription.product.atc == "A10BA02"
    assert prescription.product.form
    assert prescription.substitution == "N"


def test_a_dispensation_says_which_prescription_it_fulfils() -> None:
    said = dispensing.parse_dispensation((DOCUMENTS / "ed-nominal-1-3.xml").read_bytes())

    assert said.order is not None
    assert said.order.root == "2.999.250.9.41"
    assert said.substituted


def test_a_document_of_another_kind_says_nothing_of_prescriptions() -> None:
    content = (DOCUMENTS / "ps-nominal-3.xml").read_bytes()

    assert dispensing.parse_prescription(content).substitution is None
    assert dispensing.parse_dispensation(content).orders == ()


@pytest.mark.corpus
def test_prescriptions_and_dispensations_of_other_implementations_are_read(corpus: Path) -> None:
    prescription = corpus / "documents" / "ep" / "gematik-tiger" / "Prescription_CDA3.xml"
    dispensation = corpus / "documents" / "ed" / "denmark" / "GrRequest1.xml"
    said, given_out = (
        dispensing.parse_prescription(prescription.read_bytes()),
        dispensing.parse_dispensation(dispensation.read_bytes()),
    )

    assert (said.product.atc, said.substitution) == ("C07AB02", "G")
    assert given_out.order is not None
    assert (given_out.order.extension, given_out.substituted) == ("465668632384101", True)
