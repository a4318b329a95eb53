"""WS-Trust: what is built is read back, both spellings of the field are read, arbitrary bytes give a value or a WireError."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from harness import safexml
from harness.errors import WireError
from harness.wire import ns, saml, soap, wstrust
from harness.wire.wstrust import IssuedToken, NokParameters, TokenRequest, TokenResponse, TrcParameters

AT = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
ASSERTION = etree.tostring(
    safexml.parse(saml.build_assertion(saml.SamlAssertion(id="_1", version="2.0", issuer="urn:a"))),
    method="c14n",
    exclusive=True,
)
plain = st.none() | st.text(st.characters(min_codepoint=33, max_codepoint=0x2FF), max_size=12)
trc_parameters = st.builds(TrcParameters, **dict.fromkeys(TrcParameters.__dataclass_fields__, plain))
nok_parameters = st.builds(NokParameters, **dict.fromkeys(NokParameters.__dataclass_fields__, plain))
requests = st.builds(
    TokenRequest,
    request_type=plain,
    token_type=plain,
    parameters=st.none() | trc_parameters | nok_parameters,
    context=plain,
)
instants = st.none() | st.builds(saml.parse_instant, st.sampled_from(["2026-03-02T10:00:00Z", "yesterday"]))
tokens = st.builds(
    IssuedToken,
    assertions=st.lists(st.just(ASSERTION), max_size=2).map(tuple),
    token_type=plain,
    created=instants,
    expires=instants,
    context=plain,
)


@given(requests)
@settings(max_examples=80, deadline=None)
def test_a_request_that_is_built_is_read_back(request: TokenRequest) -> None:
    assert wstrust.parse_request(safexml.parse(wstrust.build_request(request))) == request


@given(st.lists(tokens, max_size=3).map(tuple))
@settings(max_examples=60, deadline=None)
def test_an_answer_that_is_built_is_read_back(responses: tuple[IssuedToken, ...]) -> None:
    answer = TokenResponse(responses=responses)
    assert wstrust.parse_response(safexml.parse(wstrust.build_response(answer))) == answer


@pytest.mark.parametrize("name", ["Lifetime", "LifeTime"])
def test_both_spellings_of_the_lifetime_are_read(name: str) -> None:
    token = IssuedToken(
        assertions=(ASSERTION,),
        created=saml.instant(AT),
        expires=saml.instant(AT + timedelta(hours=2)),
        lifetime_name=name,
    )
    answer = TokenResponse(responses=(token,), collection=False)
    assert wstrust.parse_response(safexml.parse(wstrust.build_response(answer))) == answer


def test_the_postal_code_is_read_by_both_names() -> None:
    for name in ("AddressPostalCode", "NextOfKinPostalCode"):
        xml = (
            f'<wst:RequestSecurityToken xmlns:wst="{ns.WST}"><n:NoKParameters xmlns:n="{ns.NOK}">'
            f"<n:{name}>99001</n:{name}></n:NoKParameters></wst:RequestSecurityToken>"
        )
        read = wstrust.parse_request(safexml.parse(xml.encode()))
        assert read.kind == "nok"
        assert read.parameters == NokParameters(postal_code="99001")


def test_tokens_are_found_where_they_stand_and_nowhere_else() -> None:
    smuggled = b"<x>" + ASSERTION + b"</x>"
    answer = wstrust.build_response(TokenResponse(responses=(IssuedToken(assertions=(ASSERTION,)),)))
    root = safexml.parse(answer.replace(b"<wst:TokenType>", smuggled + b"<wst:TokenType>"))
    assert [a.get("ID") for a in wstrust.issued_assertions(root)] == ["_1"]
    assert len(list(root.iter(ns.clark(ns.SAML, "Assertion")))) == 2


def test_an_answer_of_several_that_is_no_collection_cannot_be_built() -> None:
    with pytest.raises(ValueError, match="one response"):
        wstrust.build_response(TokenResponse(collection=False))


@pytest.mark.parametrize("parse", [wstrust.parse_request, wstrust.parse_response], ids=["request", "answer"])
def test_another_message_is_refused_with_its_place(parse: object) -> None:
    with pytest.raises(WireError) as caught:
        parse(safexml.parse(b"<other/>"))  # type: ignore[operator]
    assert caught.value.kind == "wrong-root"
    assert caught.value.xpath == "/other"


@given(st.binary(max_size=60), st.binary(max_size=60))
@settings(max_examples=150, deadline=None)
def test_arbitrary_bytes_give_a_value_or_a_wire_error(head: bytes, tail: bytes) -> None:
    whole = wstrust.build_request(TokenRequest(parameters=TrcParameters(patient_id="1^^^&2.999&ISO")))
    for content in (head, whole[: len(head) + 40] + tail, whole.replace(b"Issue", head, 1)):
        try:
            root = safexml.parse(content)
            assert isinstance(wstrust.parse_request(root), TokenRequest)
        except WireError:
            continue


@pytest.mark.parametrize("name", sorted(wstrust.REASONS))
def test_every_fault_code_is_read_back_as_a_subcode(name: str) -> None:
    code = ns.clark(ns.WST, name)
    body = soap.build_fault("Sender", wstrust.REASONS[name], addressing=soap.Addressing(), subcode=code)
    read = soap.parse_message(soap.CONTENT_TYPE, body)
    assert read.fault is not None
    assert read.fault.subcodes == (code,)
    assert code in wstrust.FAULTS


def test_the_security_header_of_an_answer_holds_a_time_stamp() -> None:
    body = soap.build_envelope(addressing=soap.Addressing(), payload=b"<a/>", timestamp=("2026-01-01Z", "2026-01-02Z"))
    message = soap.parse_message(soap.CONTENT_TYPE, body)
    stamp = message.root.find(f".//{ns.clark(ns.WSU, 'Timestamp')}")
    assert stamp is not None
    assert [child.text for child in stamp] == ["2026-01-01Z", "2026-01-02Z"]
