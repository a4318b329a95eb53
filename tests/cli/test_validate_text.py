"""The text of `harness validate`: caret under the column, colours on demand, nothing that a terminal would obey."""

import pytest

from harness.cli._validate_text import Text
from harness.model import Finding, Layer, Location, Severity, ValidationReport, Verdict
from harness.packs import packs_with_builtin
from harness.validators import EXCERPT_LENGTH, Validator


def report_on(content: bytes) -> ValidationReport:
    with Validator(packs_with_builtin(()), explain=False) as validator:
        return validator.validate("x.xml", content)


def text(report: ValidationReport, content: bytes = b"", *, colour: bool = False, lang: str = "en") -> str:
    return Text(report, content, lang=lang, colour=colour, quiet=False).render()


def caret(shown: str) -> str:
    """What stands at the caret, and the six characters after it."""
    lines = shown.splitlines()
    at = next(n for n, line in enumerate(lines) if line.strip().endswith("^"))
    column = lines[at].index("^")
    return lines[at - 1][column : column + 7]


@pytest.mark.parametrize("before", ["", "\t\t", "x" * 100, "<p/>" * 2000], ids=["start", "tabs", "text", "long line"])
def test_caret_stands_under_the_column(before: str) -> None:
    content = (
        f'<Assertion xmlns="urn:oasis:names:tc:SAML:2.0:assertion">{before}<Wrong/>{"<q/>" * 90}</Assertion>'.encode()
    )
    report = report_on(content)
    at = content.index(b"<Wrong") if b"<p/>" not in content else content.index(b"<p/>")
    finding = next(f for f in report.findings if f.at.column == at + 1)
    single = ValidationReport(name="x", kind="k", sha256="", size=0, verdict=Verdict.FAIL, uses=(), findings=(finding,))
    assert content[at : at + 7].decode() == caret(text(single, content))


def test_caret_of_a_place_far_into_a_long_line_is_found_again() -> None:
    content = b"<a>" + b"<b/>" * 200 + b"<here/>" + b"<b/>" * 200 + b"</a>"
    column = content.index(b"<here/>") + 1
    start = column - 1 - EXCERPT_LENGTH // 4
    finding = Finding(
        at=Location(line=1, column=column),
        message="m",
        severity=Severity.ERROR,
        layer=Layer.XSD,
        excerpt=content[start : start + EXCERPT_LENGTH].decode(),
    )
    report = ValidationReport(name="x", kind="k", sha256="", size=0, verdict=Verdict.FAIL, uses=(), findings=(finding,))
    assert caret(text(report, content)) == "<here/>"


def test_colours_are_there_only_on_demand() -> None:
    report = report_on(b"<a")
    assert "\x1b[" not in text(report)
    assert "\x1b[1;31m" in text(report, colour=True)


def test_control_characters_of_a_document_are_made_visible() -> None:
    report = report_on(b"<a>\x1b[2J\x07</a>")
    assert report.verdict is Verdict.FAIL
    assert "\x1b" not in text(report)
    assert "\x07" not in text(report)
