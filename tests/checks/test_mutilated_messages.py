"""Whatever part of a message is missing or empty: the checks say something or nothing, and never break."""

from dataclasses import replace

import pytest
from lxml import etree

from harness import checks, safexml
from harness.model import Party
from harness.wire import soap
from tests.checks import checks_support as cs
from tests.checks.checks_support import Made

GOOD = {"identify": cs.with_kin(cs.identify()), "refused": cs.refused(), "list": cs.find("eprescription")}
GOOD |= {"submit": cs.submit(), "discard": cs.discard()}
GOOD |= {"failed": cs.failed(), "retrieve": cs.fetch(3), "fault": cs.faulted(cs.identify())}


def mutilations(envelope: bytes) -> list[bytes]:
    """The envelope with the attributes of each element emptied in turn, and without that element; a third of them all."""
    found = []
    for position in range(1, sum(1 for _ in safexml.parse(envelope).iter("*"))):
        root = safexml.parse(envelope)
        victim = list(root.iter("*"))[position]
        for name in victim.attrib:
            victim.set(name, "")
        found.append(etree.tostring(root))
        parent = victim.getparent()
        assert parent is not None
        parent.remove(victim)
        found.append(etree.tostring(root))
    return found[::3]


@pytest.mark.parametrize("made", GOOD.values(), ids=GOOD)
def test_an_answer_with_any_part_missing_is_judged(made: Made) -> None:
    view = made.view(Party.PEER)
    answer = view.response
    assert isinstance(answer, soap.SoapMessage)
    exchange, context = view.exchange, made.context("ncpeh-a")
    noticed = 0
    for envelope in mutilations(answer.envelope):
        response = cs.http("HTTP/1.1 200 OK", soap.CONTENT_TYPE, envelope)
        results = checks.automatic(checks.view(replace(exchange, response=response)), context)
        noticed += any(r.findings for r in results)
    assert noticed


@pytest.mark.parametrize("made", GOOD.values(), ids=GOOD)
def test_a_request_with_any_part_missing_is_judged(made: Made) -> None:
    view = made.view(Party.SUT)
    request = view.request
    assert isinstance(request, soap.SoapMessage)
    exchange, context = view.exchange, made.context("ncpeh-b")
    noticed = 0
    for envelope in mutilations(request.envelope):
        changed = cs.http("POST / HTTP/1.1", soap.CONTENT_TYPE, envelope)
        results = checks.automatic(checks.view(replace(exchange, request=changed)), context)
        noticed += any(r.findings for r in results)
    assert noticed


def test_a_document_with_any_part_of_its_header_missing_is_judged() -> None:
    made = cs.fetch(1)
    (document,) = made.answer.documents  # type: ignore[union-attr]
    noticed = 0
    for content in mutilations(cs.content(1)):
        changed = made.answered(documents=(replace(document, content=content),))
        noticed += any(r.findings for r in changed.judged("ncpeh-a"))
    assert noticed
