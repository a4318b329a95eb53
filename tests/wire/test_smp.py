"""Service metadata: what is built is read back, foreign publishers verify, altered documents do not, bytes never surprise."""

import subprocess
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from shutil import which

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from harness import safexml
from harness.errors import WireError
from harness.wire import ns, searchmask, smp, x509, xmldsig
from harness.wire.smp import Endpoint, Identifier, Process, Redirect, ServiceGroup, ServiceMetadata
from harness.wire.x509 import Credentials
from tests.wire.wire_strategies import MAYBE, VALUES

AT = datetime(2026, 1, 15, 12, tzinfo=UTC)
DAY = timedelta(days=1)
MASK = searchmask.build_mask(searchmask.SearchMask(country="BE", patient=searchmask.Search(scope="ALL")))


def credentials(name: str, issuer: Credentials | None, serial: int, usage: str = "seal") -> Credentials:
    if issuer is None:
        return x509.build_authority(
            common_name=name, country="BE", not_before=AT - DAY, not_after=AT + DAY, key=x509.new_key(), serial=serial
        )
    return x509.build_certificate(
        common_name=name,
        country="BE",
        organization="Example",
        usage=usage,
        issuer=issuer,
        key=x509.new_key(),
        serial=serial,
        not_before=AT - DAY,
        not_after=AT + DAY,
    )


@pytest.fixture(scope="module")
def authority() -> Credentials:
    return credentials("CA", None, 1)


@pytest.fixture(scope="module")
def publisher(authority: Credentials) -> Credentials:
    return credentials("SMP", authority, 2)


@pytest.fixture(scope="module")
def country(authority: Credentials) -> Credentials:
    return credentials("NCP", authority, 3)


def metadata(service: str = "ITI-55") -> ServiceMetadata:
    found = smp.SERVICES[service]
    endpoint = Endpoint(
        transport=found.transport,
        uri="https://ncp.example/xcpd?a=1&b=2",
        business_signature=False,
        minimum_authentication="urn:epSOS:loa:1",
        activation=AT,
        expiration=AT + DAY,
        certificate=b"\x30\x82",
        description="Identification é",
        extension=MASK,
    )
    process = Process(
        identifier=Identifier(scheme=smp.PROCESS_SCHEME, value=found.process), endpoints=(endpoint, Endpoint())
    )
    return ServiceMetadata(
        participant=smp.participant_of("BE"), document=smp.document_of(service), processes=(process,)
    )


TIMES = st.datetimes(timezones=st.just(UTC), min_value=datetime(1900, 1, 1))  # noqa: DTZ001  hypothesis wants it naive
TIMES = TIMES.map(lambda t: t.replace(microsecond=0))
IDENTIFIERS = st.builds(Identifier, scheme=MAYBE, value=VALUES)
ENDPOINTS = st.builds(
    Endpoint,
    transport=MAYBE,
    uri=VALUES,
    business_signature=st.none() | st.booleans(),
    minimum_authentication=MAYBE,
    activation=st.none() | TIMES,
    expiration=st.none() | TIMES,
    certificate=st.binary(max_size=9),
    description=VALUES,
    contact=VALUES,
    information=VALUES,
    extension=st.sampled_from((b"", MASK)),
)
PROCESSES = st.builds(Process, identifier=IDENTIFIERS, endpoints=st.lists(ENDPOINTS, max_size=3).map(tuple))
METADATA = st.builds(
    ServiceMetadata,
    participant=IDENTIFIERS,
    document=IDENTIFIERS,
    processes=st.lists(PROCESSES, max_size=2).map(tuple),
) | st.builds(Redirect, href=VALUES, certificate_uid=VALUES).map(lambda r: ServiceMetadata(redirect=r))


@given(value=METADATA)
def test_metadata_come_back_as_they_were_built(value: ServiceMetadata) -> None:
    assert smp.parse_metadata(smp.build_metadata(value)) == value


@given(participant=IDENTIFIERS, references=st.lists(VALUES, max_size=3))
def test_a_service_group_comes_back_as_it_was_built(participant: Identifier, references: list[str]) -> None:
    group = ServiceGroup(participant=participant, references=tuple(references))
    assert smp.parse_group(smp.build_group(group)) == group


@pytest.fixture(scope="module")
def signed(publisher: Credentials, country: Credentials) -> bytes:
    return smp.sign_metadata(smp.build_metadata(metadata()), publisher, country=country)


def said(signed: smp.Signed) -> ServiceMetadata:
    """The metadata with extensions in canonical form: there comments say nothing, as a signature sees it."""

    def canonical(extension: bytes) -> bytes:
        return etree.tostring(etree.fromstring(extension), method="c14n", with_comments=False) if extension else b""

    processes = tuple(
        replace(p, endpoints=tuple(replace(e, extension=canonical(e.extension)) for e in p.endpoints))
        for p in signed.metadata.processes
    )
    return replace(signed.metadata, processes=processes)


def read_or_refused(data: bytes) -> set[str]:
    """The types of what the readers make of `data`; those that refuse it add none."""
    seen = set()
    for parse in (smp.parse_metadata, smp.parse_group, smp.verify_metadata):
        with suppress(WireError):
            seen.add(type(parse(data)).__name__)
    return seen


INSERTED = st.binary(max_size=60) | st.sampled_from([b"<!---->", b"<!--x-->", b"<?x?>", b" ", b"\n", b"<a/>", b"&#32;"])


@given(data=INSERTED, at=st.floats(0, 1), cut=st.integers(0, 60) | st.just(0))
def test_arbitrary_bytes_give_metadata_or_a_wire_error(signed: bytes, data: bytes, at: float, cut: int) -> None:
    start = int(at * len(signed))
    assert read_or_refused(data) == set()
    assert read_or_refused(signed[:start] + data + signed[start + cut :]) <= {"ServiceMetadata", "Signed"}


@given(data=INSERTED, at=st.floats(0, 1))
def test_what_still_verifies_says_what_was_signed(signed: bytes, data: bytes, at: float) -> None:
    start = int(at * len(signed))
    try:
        found = smp.verify_metadata(signed[:start] + data + signed[start:])
    except WireError:
        return
    assert said(found) == said(smp.verify_metadata(signed))


def test_a_comment_cannot_cut_a_signed_value_short(signed: bytes) -> None:
    whole = said(smp.verify_metadata(signed))
    for start in range(len(signed)):
        try:
            found = smp.verify_metadata(signed[:start] + b"<!---->" + signed[start:])
        except WireError:
            continue
        assert said(found) == whole, start


@pytest.mark.parametrize("service", smp.SERVICES)
def test_a_path_names_the_service_it_was_made_of_whatever_its_case(service: str) -> None:
    participant, document = smp.participant_of("BE"), smp.document_of(service)
    for path in (smp.service_path(participant, document), smp.service_path(participant, document).lower()):
        found, asked = smp.parse_path(path)
        assert asked is not None
        assert found.is_same_as(participant)
        assert smp.service_of(asked) == service
    assert smp.parse_path(smp.group_path(participant)) == (participant, None)


@pytest.mark.parametrize("path", ["", "/", "/a/b", "/a/other/c", "/a/services/b/c"])
def test_another_path_is_no_path_of_metadata(path: str) -> None:
    with pytest.raises(WireError):
        smp.parse_path(path)


def test_the_names_in_dns_are_those_that_the_field_computes() -> None:
    # a participant for which both names are published
    known = Identifier(scheme=smp.PARTICIPANT_SCHEME, value="urn:Poland:ncpb")
    naptr, cname = smp.sml_names(known, smp.ACCEPTANCE_ZONE)
    assert naptr.split(".")[0] == "DALXFO3CDYE5ZSLF5WAVCYQ3XGERI6ONUBJU5WAH3T77THFWCGEQ"
    assert cname == "b-adb4c6d3821d142c684b13ed269fad65.ehealth-participantid-qns.ehealth.testa.eu"


def test_what_was_signed_verifies_and_names_both_signers(
    authority: Credentials, publisher: Credentials, country: Credentials
) -> None:
    data = smp.sign_metadata(smp.build_metadata(metadata()), publisher, country=country)
    found = smp.verify_metadata(data, anchors=(authority.certificate,), at=AT)
    assert found.metadata == metadata()
    assert found.facts.certificate == x509.certificate_der(publisher.certificate)
    assert found.country is not None
    assert found.country.certificate == x509.certificate_der(country.certificate)
    assert (found.facts.chain_problem, found.country.chain_problem) == (None, None)


def test_a_publisher_nobody_vouches_for_is_told(publisher: Credentials) -> None:
    other = credentials("Other CA", None, 9)
    data = smp.sign_metadata(smp.build_metadata(metadata()), publisher)
    assert smp.verify_metadata(data, anchors=(other.certificate,), at=AT).facts.chain_problem
    assert smp.verify_metadata(data, anchors=(), at=AT).facts.chain_problem


ALTERATIONS = {
    "endpoint moved": (b"https://ncp.example/", b"https://evil.example/", "signature-digest"),
    "participant changed": (b"urn:ehealth:be:", b"urn:ehealth:fr:", "signature-digest"),
    "signature value changed": (b"<SignatureValue>", b"<SignatureValue>AA", "signature-"),
    "reference elsewhere": (b'URI=""', b'URI="#x"', "signature-reference"),
    "weak canonicalisation": (b"REC-xml-c14n-20010315", b"REC-unknown", "signature-"),
}


@pytest.mark.parametrize("what", ALTERATIONS)
def test_altered_metadata_do_not_verify(what: str, publisher: Credentials) -> None:
    old, new, kind = ALTERATIONS[what]
    data = smp.sign_metadata(smp.build_metadata(metadata()), publisher)
    assert old in data
    with pytest.raises(WireError) as caught:
        smp.verify_metadata(data.replace(old, new))
    assert caught.value.kind.startswith(kind)


def test_what_the_country_signed_cannot_be_changed_by_the_publisher(
    publisher: Credentials, country: Credentials
) -> None:
    data = smp.sign_metadata(smp.build_metadata(metadata()), publisher, country=country)
    root = safexml.parse(data.replace(b"https://ncp.example/", b"https://evil.example/"))
    root.remove(root.findall(ns.clark(ns.DS, "Signature"))[0])
    xmldsig.sign_document(root, root, publisher)
    with pytest.raises(WireError) as caught:
        smp.verify_metadata(etree.tostring(root))
    assert caught.value.kind == "signature-digest"


def test_unsigned_and_twice_signed_metadata_do_not_verify(publisher: Credentials) -> None:
    root = safexml.parse(smp.sign_metadata(smp.build_metadata(metadata()), publisher))
    xmldsig.sign_document(root, root, publisher)
    with pytest.raises(WireError, match="signs once"):
        smp.verify_metadata(etree.tostring(root))
    for signature in root.findall(ns.clark(ns.DS, "Signature")):
        root.remove(signature)
    with pytest.raises(WireError) as caught:
        smp.verify_metadata(etree.tostring(root))
    assert caught.value.kind == "signature-missing"


def test_metadata_hidden_in_the_signature_are_not_read(publisher: Credentials) -> None:
    root = safexml.parse(smp.sign_metadata(smp.build_metadata(metadata()), publisher))
    hidden = etree.SubElement(root.findall(ns.clark(ns.DS, "Signature"))[0], ns.clark(ns.DS, "Object"))
    hidden.append(safexml.parse(smp.build_metadata(metadata("ITI-41"))))
    found = smp.verify_metadata(etree.tostring(root))
    assert smp.service_of(found.metadata.document) == "ITI-55"


@pytest.mark.skipif(which("xmlsec1") is None, reason="xmlsec1 is not installed")
@pytest.mark.parametrize("beside", [False, True], ids=["alone", "with a style sheet beside it"])
@pytest.mark.parametrize("altered", [False, True], ids=["as signed", "altered"])
def test_xmlsec_agrees_about_the_publishers_signature(
    altered: bool, beside: bool, tmp_path: Path, authority: Credentials, publisher: Credentials
) -> None:
    data = smp.sign_metadata(smp.build_metadata(metadata()), publisher)
    if beside:
        data = with_style_sheet(data, publisher)
    (tmp_path / "ca.pem").write_bytes(x509.certificate_pem(authority.certificate))
    (tmp_path / "m.xml").write_bytes(data.replace(b"/xcpd?", b"/other?") if altered else data)
    command = ["xmlsec1", "--verify", "--verification-time", "2026-01-15 12:00:00"]
    command += ["--trusted-pem", str(tmp_path / "ca.pem"), str(tmp_path / "m.xml")]
    done = subprocess.run(command, capture_output=True, check=False)
    assert (done.returncode == 0) is not altered, done.stderr.decode()
    if not altered:
        assert smp.verify_metadata(data, anchors=(authority.certificate,), at=AT).facts.chain_problem is None


def with_style_sheet(data: bytes, publisher: Credentials) -> bytes:
    """`data` signed anew with a processing instruction before the document element, which the signature covers."""
    root = safexml.parse(data)
    root.remove(root.findall(ns.clark(ns.DS, "Signature"))[0])
    root.addprevious(etree.ProcessingInstruction("xml-stylesheet", "href='a.xsl'"))
    xmldsig.sign_document(root, root, publisher)
    return etree.tostring(root.getroottree(), encoding="UTF-8", xml_declaration=True)


def test_an_instruction_put_beside_signed_metadata_breaks_the_signature(publisher: Credentials) -> None:
    data = smp.sign_metadata(smp.build_metadata(metadata()), publisher)
    with pytest.raises(WireError, match="changed after signing"):
        smp.verify_metadata(data.replace(b"<SignedService", b"<?xml-stylesheet href='a'?><SignedService", 1))


@pytest.mark.corpus
def test_every_foreign_document_is_read_and_both_its_signatures_verify(corpus: Path) -> None:
    services: dict[str, int] = {}
    for path in sorted((corpus / "messages" / "smp").glob("*/*.xml")):
        data = path.read_bytes()
        if b"<ServiceGroup" in data[:200]:
            group = smp.parse_group(data)
            asked = [smp.parse_path(href.partition(".testa.eu")[2])[1] for href in group.references]
            assert all(document and smp.service_of(document) for document in asked), path.name
            continue
        found = smp.verify_metadata(data, anchors=(), at=datetime(2026, 1, 1, tzinfo=UTC))
        service = smp.service_of(found.metadata.document)
        services[service] = services.get(service, 0) + 1
        assert found.country is not None
        assert not found.facts.weak
        assert found.facts.chain_problem, "nobody vouches for the publisher here"
        assert found.metadata.participant.scheme == smp.PARTICIPANT_SCHEME
        assert len(found.metadata.endpoints) == 1
        assert bool(found.metadata.endpoints[0].certificate) is (service != "search-mask")
        with pytest.raises(WireError, match="changed after signing"):
            smp.verify_metadata(data.replace(b"ServiceActivationDate>20", b"ServiceActivationDate>30"))
    assert services == {"ITI-55": 1, "ITI-38": 1, "ITI-39": 1, "ITI-41": 1, "search-mask": 10}
