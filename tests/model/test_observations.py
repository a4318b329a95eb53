"""The short wordings of findings have a French form, and checks use no wording without one."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.model import in_language
from harness.model.observations import OBSERVATIONS, observed

CHECKS = Path(__file__).resolve().parents[2] / "harness" / "checks"
VALUES = {"n": "3", "w": "W-1", "w2": "W-2", "t": "<T>", "ref": "${a.b}"}
PROTOCOL = {"%PDF", "2.0", "nn-CC", "yyyyMMdd", "/", ", ", ""}
"""Not prose: the values themselves."""


@pytest.mark.parametrize("english", sorted(OBSERVATIONS))
def test_wording_is_found_again_with_its_values(english: str) -> None:
    french = OBSERVATIONS[english]
    assert sorted(re.findall(r"\{(\w+)\}", french)) in (sorted(re.findall(r"\{(\w+)\}", english)), ["n"])
    assert observed(english.format(**VALUES)) == french.format(**VALUES)


@pytest.mark.parametrize(
    ("english", "french"),
    [
        ("HTTP 200, success, 2 entries", "HTTP 200, success, 2 entrées"),
        ("HTTP 500, fault soap:Sender / wsse:X", "HTTP 500, faute soap:Sender / wsse:X"),
        ("soap_fault: any or http_status: [4xx] (tolerated)", "soap_fault: any ou http_status: [4xx] (toléré)"),
        ("CDA-008: expected a document, found nothing", "CDA-008 : attendu un document, obtenu rien"),
    ],
    ids=["counts", "fault", "alternatives", "inside a sentence"],
)
def test_wordings_are_translated_inside_others(english: str, french: str) -> None:
    assert in_language(english, "fr") == french


@pytest.mark.parametrize("text", ["Log in failed", "urn:oid:2.999", "AnswerNotAvailable", "a, b or c", ""])
def test_evidence_stays_as_it_is(text: str) -> None:
    assert observed(text) == text


def texts(node: ast.expr) -> Iterator[str]:
    """The fixed texts an expression can give."""
    match node:
        case ast.Constant(value=str(text)):
            yield text
        case ast.IfExp(body=left, orelse=right):
            yield from (*texts(left), *texts(right))
        case ast.BoolOp(values=values):
            for value in values:
                yield from texts(value)


def wordings() -> Iterator[tuple[str, str]]:
    for path in sorted(CHECKS.glob("*.py")):
        for node in ast.walk(ast.parse(path.read_bytes())):
            if isinstance(node, ast.keyword) and node.arg in ("expected", "found"):
                for text in texts(node.value):
                    yield path.name, text


def test_every_fixed_wording_of_the_checks_has_a_french_form() -> None:
    prose = {(name, text) for name, text in wordings() if text not in PROTOCOL and re.search(r"[a-z] [a-z]", text)}
    assert len(prose) > 40
    missing = sorted(p for p in prose if observed(p[1]) == p[1])
    assert not missing, f"add these to harness/model/observations.py: {missing}"
