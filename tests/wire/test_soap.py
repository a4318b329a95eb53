"""SOAP envelopes: what is read, what is tolerated and exposed, what is refused, and building by bytes."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.errors import WireError
from harness.wire import mtom, ns, soap
from harness.wire.mtom import Part
from harness.wire.soap import Addressing, HeaderBlock, SoapFault

ADDRESSING = Addressing(
    action="urn:ihe:iti:2007:CrossGatewayQuery",
    message_id="urn:uuid:1",
    to="https://a.example/xca?a=1&b=2",
    reply_to=soap.ANONYMOUS,
    relates_to="urn:uuid:0",
    to_must_understand=True,
)
PAYLOAD = b"<q xmlns=\"urn:q\"><a  b='1'/></q>"
ASSERTION = f"<saml:Assertion  xmlns:saml='{ns.SAML}' ID='_1' ><!-- x --></saml:Assertion >".encode()
TYPE = soap.CONTENT_TYPE


def envelope(header: str = "", body: str = "<q xmlns='urn:q'/>", uri: str = ns.SOAP) -> bytes:
    declared = f'xmlns:s="{uri}" xmlns:wsa="{ns.WSA}" xmlns:wsse="{ns.WSSE}"'
    return f"<s:Envelope {declared}><s:Header>{header}</s:Header><s:Body>{body}</s:Body></s:Envelope>".encode()


def refused(content_type: str | None, body: bytes) -> WireError:
    with pytest.raises(WireError) as caught:
        soap.parse_message(content_type, body)
    return caught.value


def test_message_survives_building_and_parsing() -> None:
    built = soap.build_envelope(addressing=ADDRESSING, payload=PAYLOAD, assertions=[ASSERTION, ASSERTION])

    message = soap.parse_message(TYPE, built)

    assert message.addressing == ADDRESSING
    assert (message.version, message.security_count, message.body_count) == ("1.2", 1, 1)
    assert [assertion.get("ID") for assertion in message.assertions] == ["_1", "_1"]
    assert message.payload is not None
    assert message.payload.tag == "{urn:q}q"
    assert message.fault is None
    assert message.envelope == built


def test_payload_and_assertions_are_inserted_byte_for_byte() -> None:
    declared = b'<?xml version="1.0" encoding="UTF-8"?>\n'

    built = soap.build_envelope(
        addressing=ADDRESSING, payload=declared + PAYLOAD, assertions=[declared + ASSERTION], extra_header=b"<x/>"
    )

    assert PAYLOAD in built
    assert ASSERTION in built
    assert b"<x/>" in built
    assert b"<?xml" not in built


TEXT = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs"), exclude_characters="￾￿")).map(str.strip)


@settings(deadline=None)
@given(st.builds(Addressing, action=TEXT, message_id=TEXT | st.none(), relates_to=TEXT | st.none(), to=TEXT))
def test_any_addressing_survives_building_and_parsing(addressing: Addressing) -> None:
    assert (
        soap.parse_message(TYPE, soap.build_envelope(addressing=addressing, payload=b"<a/>")).addressing == addressing
    )


@pytest.mark.parametrize("version", ["1.2", "1.1"])
def test_fault_survives_building_and_parsing(version: str) -> None:
    subcode = soap.SECURITY_FAULTS[2]
    built = soap.build_fault(
        "Sender", "a < b", addressing=Addressing(action="x"), subcode=subcode, detail="more & more", version=version
    )

    message = soap.parse_message(TYPE, built)

    assert message.version == version
    assert message.fault == SoapFault(
        code=ns.clark(soap.VERSIONS[version], "Sender"),
        subcodes=(subcode,) if version == "1.2" else (),
        reason="a < b",
        detail="more & more",
    )


def test_nested_subcodes_and_node_of_a_fault_are_read() -> None:
    fault = (
        "<s:Fault><s:Code><s:Value>s:Sender</s:Value><s:Subcode><s:Value>wsse:FailedCheck</s:Value><s:Subcode>"
        "<s:Value>undeclared:x</s:Value></s:Subcode></s:Subcode></s:Code><s:Reason><s:Text>no</s:Text></s:Reason>"
        "<s:Node>urn:n</s:Node><s:Detail><a>one<b>two</b></a></s:Detail></s:Fault>"
    )

    read = soap.parse_message(TYPE, envelope(body=fault)).fault

    assert read == SoapFault(
        code=ns.clark(ns.SOAP, "Sender"),
        subcodes=(ns.clark(ns.WSSE, "FailedCheck"), "undeclared:x"),
        reason="no",
        detail="one two",
        node="urn:n",
    )


def test_fault_without_a_code_is_refused() -> None:
    error = refused(TYPE, envelope(body="<s:Fault/>"))

    assert error.kind == "bad-value"
    assert error.xpath == "/soap:Envelope/soap:Body/soap:Fault"


def test_header_blocks_are_listed_with_their_flags() -> None:
    header = '<a xmlns="urn:a" s:mustUnderstand="true" s:role="urn:r"/><wsse:Security s:mustUnderstand="0"/>'

    blocks = soap.parse_message(TYPE, envelope(header)).header_blocks

    assert blocks == (
        HeaderBlock(name="{urn:a}a", must_understand=True, role="urn:r"),
        HeaderBlock(name=ns.clark(ns.WSSE, "Security")),
    )


def test_addressing_in_a_wrong_namespace_is_exposed_and_not_used() -> None:
    header = f'<Action xmlns="{soap.ANONYMOUS}">urn:wrong</Action><wsa:Action>urn:right</wsa:Action>'

    addressing = soap.parse_message(TYPE, envelope(header)).addressing

    assert addressing.action == "urn:right"
    assert addressing.foreign_blocks == (ns.clark(soap.ANONYMOUS, "Action"),)
    assert not addressing.action_must_understand


def test_repeated_addressing_block_is_exposed_and_the_first_counts() -> None:
    header = "<wsa:MessageID>1</wsa:MessageID><wsa:MessageID>2</wsa:MessageID><wsa:MessageID>3</wsa:MessageID>"

    addressing = soap.parse_message(TYPE, envelope(header)).addressing

    assert (addressing.message_id, addressing.repeated) == ("1", ("MessageID",))


def test_several_security_headers_are_counted_and_their_assertions_kept_in_order() -> None:
    security = f'<wsse:Security><Assertion xmlns="{ns.SAML}" ID="{{}}"/></wsse:Security>'
    header = security.format("_a") + security.format("_b") + f'<box><Assertion xmlns="{ns.SAML}" ID="_c"/></box>'

    message = soap.parse_message(TYPE, envelope(header))

    assert message.security_count == 2
    assert [assertion.get("ID") for assertion in message.assertions] == ["_a", "_b"]


def test_soap_1_1_is_read_and_exposed() -> None:
    message = soap.parse_message("text/xml", envelope(uri=ns.SOAP11))

    assert message.version == "1.1"
    assert message.payload is not None


def test_message_without_header_has_no_addressing() -> None:
    message = soap.parse_message(TYPE, f'<s:Envelope xmlns:s="{ns.SOAP}"><s:Body/></s:Envelope>'.encode())

    assert message.addressing == Addressing(action_must_understand=False)
    assert (message.body_count, message.payload, message.header_blocks) == (0, None, ())


def test_second_element_in_the_body_is_counted() -> None:
    message = soap.parse_message(TYPE, envelope(body="<!-- x --><a/><b/>"))

    assert message.body_count == 2
    assert message.payload is not None
    assert message.payload.tag == "a"


def test_missing_content_type_is_exposed() -> None:
    assert soap.parse_message(None, envelope()).content_type is None


def test_package_gives_the_exact_envelope_and_its_parts() -> None:
    built = soap.build_envelope(addressing=ADDRESSING, payload=PAYLOAD)
    part = Part(content_id="d@x", content_type="text/xml", content=b"\xff\r\n")

    message = soap.parse_message(*mtom.build_multipart(built, [part], "b0"))

    assert message.envelope == built
    assert message.parts["d@x"].content == b"\xff\r\n"
    assert message.addressing == ADDRESSING


@pytest.mark.parametrize(
    ("content_type", "body", "kind"),
    [
        pytest.param(TYPE, b"", "empty", id="nothing"),
        pytest.param("text/html", b"<html/>", "content-type", id="web page"),
        pytest.param("soap", envelope(), "content-type", id="unreadable type"),
        pytest.param("multipart/related", envelope(), "multipart", id="package without boundary"),
        pytest.param(TYPE, b"<a>", "not-well-formed", id="not well-formed"),
        pytest.param(TYPE, b"<!DOCTYPE a><a/>", "doctype", id="document type"),
        pytest.param(TYPE, b"<a/>", "not-soap", id="other XML"),
        pytest.param(TYPE, envelope(uri="urn:other"), "not-soap", id="another namespace"),
        pytest.param(TYPE, f'<s:Envelope xmlns:s="{ns.SOAP}"/>'.encode(), "no-body", id="no body"),
    ],
)
def test_what_holds_no_message_is_refused(content_type: str, body: bytes, kind: str) -> None:
    error = refused(content_type, body)

    assert error.kind == kind
    assert error.offset is not None or error.xpath or error.line


@settings(deadline=None)
@given(st.binary(max_size=120), st.integers(0, 3))
def test_arbitrary_bytes_give_a_message_or_a_wire_error(body: bytes, which: int) -> None:
    content_type = (None, TYPE, "text/xml", 'multipart/related; type="application/xop+xml"; boundary=b')[which]
    try:
        soap.parse_message(content_type, body)
    except WireError:
        return
    pytest.fail("random bytes are no SOAP message")


@settings(deadline=None)
@given(st.binary(max_size=30), st.integers(0, 2000), st.integers(0, 200))
def test_damaged_message_gives_a_message_or_a_wire_error(noise: bytes, at: int, length: int) -> None:
    good = soap.build_fault("Sender", "no", addressing=ADDRESSING, subcode="{urn:x}y", detail="z")
    at %= len(good)
    try:
        message = soap.parse_message(TYPE, good[:at] + noise + good[at + length :])
    except WireError:
        return
    assert message.version in soap.VERSIONS


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("s:Body/c:q/c:a[2]", "/soap:Envelope/soap:Body/Q{urn:q}q/Q{urn:q}a[2]"),
        ("s:Body/c:q/h:id", "/soap:Envelope/soap:Body/Q{urn:q}q/hl7:id"),
        ("s:Body/c:q/comment()", "/soap:Envelope/soap:Body/Q{urn:q}q/comment()"),
        ("s:Body/c:q/none", "/soap:Envelope/soap:Body/Q{urn:q}q/none"),
    ],
)
def test_path_of_an_element_uses_customary_prefixes(path: str, expected: str) -> None:
    body = "<q xmlns='urn:q'><a/><a/><!-- x --><id xmlns='urn:hl7-org:v3'/><none xmlns=''/></q>"
    root = soap.parse_message(TYPE, envelope(body=body)).root
    found = root.xpath(path, namespaces={"s": ns.SOAP, "c": "urn:q", "h": ns.HL7})

    assert isinstance(found, list)
    (node,) = found

    assert ns.xpath_of(node) == expected


@pytest.mark.corpus
def test_every_envelope_of_the_corpus_is_read(corpus: Path) -> None:
    read, kinds = [], set()
    for path in sorted((corpus / "messages").rglob("*.xml")):
        try:
            read.append(soap.parse_message(None, path.read_bytes()))
        except WireError as error:
            kinds.add(error.kind)

    assert kinds <= {"not-soap", "not-well-formed", "doctype"}
    assert len(read) >= 20
    assert {message.version for message in read} == {"1.1", "1.2"}
    assert sum(bool(message.assertions) for message in read) >= 3
    assert sum(message.addressing.action is not None for message in read) >= 5
