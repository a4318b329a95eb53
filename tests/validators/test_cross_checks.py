"""Documents of one event against each other, and metadata against the document they describe."""

import hashlib
from dataclasses import replace

import pytest

from harness.model import in_language
from harness.validators import EntryMetadata, NamedDocument, cross_check
from tests.validators.cda_support import carrying, document, pdf, rules

HEAD = """<id root="1.2" extension="{id}"/><code code="{code}" codeSystem="2.16.840.1.113883.6.1"/>
<confidentialityCode code="N"/><setId root="1.2.9" extension="{set}"/>
<recordTarget><patientRole><id root="1.7" extension="{patient}"/><patient><name><given>{given}</given>
<family>Example</family></name><administrativeGenderCode code="F"/><birthTime value="{birth}"/></patient></patientRole>
</recordTarget><author><assignedAuthor><id root="1.8" extension="{author}"/><assignedPerson/></assignedAuthor></author>
<relatedDocument typeCode="{relation}"><parentDocument><id root="1.2" extension="{parent}"/></parentDocument>
</relatedDocument>"""
FIELDS = {
    "id": "L3",
    "code": "60591-5",
    "set": "S3",
    "patient": "P1",
    "given": "Anna",
    "birth": "19800101",
    "author": "D1",
    "relation": "XFRM",
    "parent": "O1",
}


def level_3(**fields: str) -> NamedDocument:
    return NamedDocument(name="l3.xml", content=document(HEAD.format(**{**FIELDS, **fields})))


def level_1(**fields: str) -> NamedDocument:
    head = HEAD.format(**{**FIELDS, "id": "L1", "set": "S3", **fields})
    return NamedDocument(name="l1.xml", content=document(head, carrying(pdf()), template=7))


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, []),
        ({"patient": "P2"}, ["cross/pair error"]),
        ({"given": "Berta"}, ["cross/pair error"]),
        ({"given": "ANNA"}, []),
        ({"birth": "19800102"}, ["cross/pair error"]),
        ({"birth": "19800101101500"}, []),
        ({"code": "57833-6"}, ["cross/pair error"]),
        ({"author": "D2"}, ["cross/pair warning"]),
        ({"set": "S4"}, ["cross/pair warning"]),
        ({"id": "L3"}, ["cross/same-id error"]),
        ({"parent": "O2"}, ["cross/pair-parents warning"]),
        ({"parent": "L3"}, []),
        ({"parent": "O2", "set": "S4", "patient": "P2"}, []),
    ],
    ids=[
        "same",
        "other-patient",
        "other-name",
        "name-in-capitals",
        "other-birth",
        "birth-with-time",
        "other-code",
        "other-author",
        "other-set",
        "same-id",
        "other-parent",
        "made-from-level-3",
        "another-event",
    ],
)
def test_level_1_and_level_3_of_one_event_say_the_same(fields: dict[str, str], expected: list[str]) -> None:
    assert rules(cross_check([level_3(), level_1(**fields)])) == expected


def test_pair_without_relation_is_named() -> None:
    both = [level_3(relation="APND"), level_1(relation="APND")]
    assert rules(cross_check(both)) == ["cross/pair-unlinked warning"]


def test_two_prescriptions_of_one_patient_are_two_events() -> None:
    prescription = {"code": "57833-6"}
    one = replace(level_3(**prescription), content=level_3(**prescription).content.replace(b'1.1.3"', b'1.1.1"'))
    other = level_1(**prescription, parent="O2", set="S4", author="D2")
    other = replace(other, content=other.content.replace(b'1.1.7"', b'1.1.6"'))
    assert cross_check([one, other]) == ()


def test_same_id_is_told_once_for_each_later_document() -> None:
    many = [replace(level_3(author=f"D{n}"), name=f"{n}.xml") for n in range(5)]
    found = cross_check(many)
    assert [f.at.message for f in found] == ["1.xml", "2.xml", "3.xml", "4.xml"]
    assert {f.expected for f in found} == {"another id than that of 0.xml"}


def test_finding_is_placed_in_the_later_document() -> None:
    (finding,) = cross_check([level_3(), level_1(patient="P2")])
    assert (finding.at.message, finding.at.line) == ("l1.xml", 3)
    assert (finding.expected, finding.found) == ("1.7^P1", "1.7^P2")
    assert in_language(finding.message, "fr").startswith("les documents d'un même événement diffèrent")


def test_what_is_no_document_takes_no_part() -> None:
    others = [NamedDocument(name=str(n), content=c) for n, c in enumerate((b"", b"<a/>", b"%PDF-1.4", b"<a>"))]
    assert cross_check([*others, level_3()]) == ()


CONTENT = level_3().content
GOOD = EntryMetadata(
    document="l3.xml",
    unique_id="1.2^L3",
    patient_id="P1^^^&1.7&ISO",
    class_code="60591-5",
    type_code="60591-5",
    confidentiality=("N",),
    language="en-GB",
    creation_time="20240315",
    hash=hashlib.sha1(CONTENT).hexdigest(),
    size=len(CONTENT),
    mime_type="text/xml",
)


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        (GOOD, []),
        (EntryMetadata(document="l3.xml"), []),
        (replace(GOOD, document="elsewhere.xml", size=1), []),
        (replace(GOOD, unique_id="1.2.L3"), ["cross/metadata-uniqueId warning"]),
        (replace(GOOD, patient_id="P2^^^&1.7&ISO"), ["cross/metadata-patientId error"]),
        (replace(GOOD, patient_id="P1^^^&1.9&ISO"), ["cross/metadata-patientId error"]),
        (replace(GOOD, patient_id="P1|secret^^^&1.7&ISO"), []),
        (replace(GOOD, class_code="57833-6"), ["cross/metadata-classCode error"]),
        (replace(GOOD, type_code="57833-6"), ["cross/metadata-typeCode warning"]),
        (replace(GOOD, confidentiality=("R",)), ["cross/metadata-confidentialityCode warning"]),
        (replace(GOOD, language="EN-gb"), []),
        (replace(GOOD, language="en"), ["cross/metadata-languageCode error"]),
        (replace(GOOD, creation_time="20240315093000"), []),
        (replace(GOOD, creation_time="20240316"), ["cross/metadata-creationTime warning"]),
        (replace(GOOD, hash=GOOD.hash.upper() if GOOD.hash else ""), []),
        (replace(GOOD, hash="0" * 40), ["cross/metadata-hash warning"]),
        (replace(GOOD, hash=hashlib.sha256(CONTENT).hexdigest()), ["cross/metadata-hash warning"]),
        (replace(GOOD, size=1), ["cross/metadata-size warning"]),
        (replace(GOOD, size=0, hash=hashlib.sha1(b"").hexdigest()), []),
        (replace(GOOD, size=0), ["cross/metadata-size warning"]),
        (replace(GOOD, mime_type="text/xml; charset=utf-8"), []),
        (replace(GOOD, mime_type="application/pdf"), ["cross/metadata-mimeType warning"]),
    ],
    ids=[
        "good",
        "nothing-stated",
        "of-another-document",
        "unique-id",
        "patient",
        "authority",
        "access-code",
        "class",
        "type",
        "confidentiality",
        "language-in-other-case",
        "language",
        "time-more-exact",
        "time",
        "hash-in-capitals",
        "hash",
        "sha-256",
        "size",
        "on-demand",
        "size-nothing",
        "mime-with-parameter",
        "mime",
    ],
)
def test_metadata_say_what_the_document_says(entry: EntryMetadata, expected: list[str]) -> None:
    assert rules(cross_check([level_3()], [entry])) == expected


def test_digest_that_was_taken_instead_is_named() -> None:
    (finding,) = cross_check([level_3()], [replace(GOOD, hash=hashlib.sha256(CONTENT).hexdigest())])
    assert finding.message == "metadata hash is the SHA-256 of the document, not its SHA-1"


def test_value_that_the_document_does_not_state_is_undecidable() -> None:
    bare = NamedDocument(name="l3.xml", content=document(template=3))
    assert rules(cross_check([bare], [EntryMetadata(document="l3.xml", unique_id="1.2^L3")])) == [
        "cross/metadata-uniqueId undecidable"
    ]


@pytest.mark.parametrize(
    ("stated", "told", "agree"),
    [
        ("20240314230500", "20240315000500+0100", True),
        ("20240315000500", "20240315000500+0100", False),
        ("20240315050500", "202403150005-0500", True),
        ("20240315", "20240315120000.123+0000", True),
        ("20240315120000", "99999999999999+0100", False),
        ("yesterday", "20240315", False),
    ],
    ids=["zone", "zone-ignored", "minutes", "fraction", "no-instant", "no-time"],
)
def test_times_are_compared_as_instants(stated: str, told: str, agree: bool) -> None:
    content = document().replace(b'value="20240315"', f'value="{told}"'.encode())
    entry = EntryMetadata(document="d", creation_time=stated)
    found = cross_check([NamedDocument(name="d", content=content)], [entry])
    assert (rules(found) == []) is agree


@pytest.mark.parametrize(
    ("media", "expected"),
    [("application/pdf", []), ("text/xml", []), ("text/plain", ["cross/metadata-mimeType warning"])],
)
def test_level_1_may_be_listed_as_pdf(media: str, expected: list[str]) -> None:
    assert rules(cross_check([level_1()], [EntryMetadata(document="l1.xml", mime_type=media)])) == expected


def test_orcd_code_of_its_kind_agrees_with_its_class() -> None:
    content = document('<code code="34105-7"/>', carrying(pdf()), template=9)
    entry = EntryMetadata(document="d", class_code="34105-7", type_code="34105-7")
    assert cross_check([NamedDocument(name="d", content=content)], [entry]) == ()
