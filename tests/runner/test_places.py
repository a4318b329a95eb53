"""A finding that knows its element by path gets line and column of the bytes it speaks of."""

import pytest

from harness.model import Finding, Location
from harness.runner._places import full_path, with_positions

MESSAGE = b"""<soap:Envelope xmlns:soap='http://www.w3.org/2003/05/soap-envelope'>
  <soap:Body><a xmlns='urn:hl7-org:v3'><b c='1'/>
    <b c='2'/></a></soap:Body></soap:Envelope>"""
BODY = "/soap:Envelope/soap:Body"


def placed(xpath: str, message: str = "response") -> tuple[int | None, int | None]:
    finding = Finding(at=Location(message=message, xpath=xpath), found="x")
    (out,) = with_positions([finding], {"response": MESSAGE}.get)
    return out.at.line, out.at.column


@pytest.mark.parametrize(
    ("xpath", "place"),
    [
        (f"{BODY}/hl7:a", (2, 14)),
        (f"{BODY}/hl7:a/hl7:b[2]", (3, 5)),
        (f"{BODY}/hl7:a/hl7:b[2]/@c", (3, 8)),
        (f"{BODY}/hl7:a/hl7:missing/@code", (2, 14)),
        ("/soap:Envelope", (1, 1)),
    ],
)
def test_place_of_a_path(xpath: str, place: tuple[int, int]) -> None:
    assert placed(xpath) == place


def test_path_or_message_that_is_not_known_stays_without_a_place() -> None:
    assert placed("//hl7:a") == (None, None)
    assert placed(f"{BODY}/hl7:a", "response/document:7") == (None, None)


def test_place_that_is_known_stays() -> None:
    finding = Finding(at=Location(message="response", xpath=BODY, line=9, column=9))
    assert with_positions([finding], {"response": MESSAGE}.get) == (finding,)


def test_path_in_full_ends_where_a_step_is_of_another_form() -> None:
    assert full_path("/soap:Envelope/nobody:x") == "/Q{http://www.w3.org/2003/05/soap-envelope}Envelope[1]"
