"""Whatever comes in, country A answers with a message: every part of a request left out, and plain garbage."""

from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from harness import safexml
from harness.reference import Identity
from harness.reference._responding import RespondingSystem
from harness.reference._server import HttpQuestion
from tests.reference import reference_support as rs
from tests.reference.reference_support import Ask, Country

SENDS = {
    "ITI-55": (rs.discover, rs.discovery_outcome),
    "ITI-38": (rs.list_documents, rs.list_outcome),
    "ITI-39": (rs.retrieve, rs.retrieve_outcome),
}
# parts of the assertions that are obligatory, or that the signature covers: without one of them nothing may be given out
SIGNED = ("{urn:oasis:names:tc:SAML:2.0:assertion}", "{http://www.w3.org/2000/09/xmldsig#}")


@pytest.fixture(scope="module")
def honest(fr: Identity, be: Country) -> RespondingSystem:
    return rs.system(fr, be)


def _without_each_element(envelope: bytes) -> Iterator[tuple[str, bytes]]:
    count = sum(1 for _ in safexml.parse(envelope).iter("*"))
    for number in range(1, count):
        root = safexml.parse(envelope)
        element = list(root.iter("*"))[number]
        parent = element.getparent()
        assert parent is not None
        tag = str(element.tag)
        parent.remove(element)
        yield tag, etree.tostring(root)


@pytest.mark.parametrize("transaction", SENDS)
def test_a_request_without_one_of_its_parts_is_answered(
    honest: RespondingSystem, be: Country, transaction: str
) -> None:
    send, outcome = SENDS[transaction]
    kept: list[bytes] = []
    good = outcome(send(honest, be, Ask(envelope=lambda e: kept.append(e) or e)))  # type: ignore[func-returns-value]
    for tag, envelope in _without_each_element(kept[0]):
        given_out = outcome(send(honest, be, Ask(envelope=lambda _, changed=envelope: changed)))  # type: ignore[misc]
        assert not (tag.startswith(SIGNED) and given_out == good), tag


@settings(max_examples=60, deadline=None)
@given(
    body=st.binary(max_size=200), content_type=st.sampled_from([None, "", "text/xml", "application/soap+xml", "a/b;c"])
)
def test_garbage_is_answered_with_a_fault(fr: Identity, be: Country, body: bytes, content_type: str | None) -> None:
    system = rs.system(fr, be)
    reply = system.answer(HttpQuestion(path="/xca", content_type=content_type, body=body, certificate=be.certificate))
    assert reply.status in (400, 415, 500)
    assert rs.message_of(reply).fault is not None
