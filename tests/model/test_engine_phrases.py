"""Every sentence that an engine or a schema reader can say has its French form."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.model import in_language

ROOM = Path(__file__).resolve().parents[2] / "harness" / "validators"
SAYING = {"problem", "warning", "append", "setdefault", "told", "WorkerDied", "UnsupportedError"}
KEYWORDS = {"failure", "reason", "undecided"}
NOT_SENTENCES = ("head(", "key(", "string", "boolean(", "map:", "exists(", "select=", "not(")
"""How expressions begin that are written by the compiler."""


def shown(node: ast.expr | None) -> str | None:
    """The text of a literal, its places filled."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(str(v.value) if isinstance(v, ast.Constant) else "'x1'" for v in node.values)
    return None


def said_in(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_bytes())):
        found: list[ast.expr | None] = []
        if isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            found = list(node.args[:1]) if name in SAYING else []
            found += [k.value for k in node.keywords if k.arg in KEYWORDS]
        elif isinstance(node, ast.Return | ast.Yield):
            found = [node.value]
        for text in map(shown, found):
            if text and " " in text and text[0].isalpha() and not text.startswith(NOT_SENTENCES):
                yield text


SENTENCES = sorted({text for path in sorted(ROOM.rglob("*.py")) for text in said_in(path) if "xsl:value" not in text})


def test_sentences_are_found() -> None:
    assert len(SENTENCES) > 40
    assert "include 'x1' leaves the pack" in SENTENCES


@pytest.mark.parametrize("sentence", SENTENCES)
def test_sentence_has_a_french_form(sentence: str) -> None:
    assert in_language(sentence, "fr") != sentence


def test_name_of_the_artefact_stays_in_front() -> None:
    assert (
        in_language("ps-l3: schema incomplete: 'a.sch' is missing", "fr") == "ps-l3 : schéma incomplet : 'a.sch' manque"
    )
    assert in_language("pair: something else", "fr") == "pair: something else"
