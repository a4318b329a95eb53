"""The keys of value sets: read by libxml2, the same as the rules would compare."""

import pytest
from lxml import etree

from harness.validators.schematron import MemoryCache, Pool, Rewrite, SaxonEngine
from harness.validators.schematron._worker import key_of
from tests.validators.conftest import SCHEMA, PackFactory

NODE = etree.fromstring('<concept code="A" codeSystem="1">t<b>u</b><!-- c --></concept>')


@pytest.mark.parametrize(
    ("parts", "key"),
    [
        (["@code"], "A"),
        (["@code", "@codeSystem"], "A1"),
        (["@code", "\n", "@codeSystem"], "A\n1"),
        (["@absent", "@codeSystem"], "1"),
        (["."], "tu"),
    ],
    ids=["an attribute", "two joined", "two apart", "one that is absent", "text"],
)
def test_key_is_what_the_parts_say_of_an_element(parts: list[str], key: str) -> None:
    assert key_of(NODE, parts) == key


def test_attribute_has_a_text_and_no_attributes() -> None:
    assert key_of("x", ["."]) == "x"
    assert key_of("x", ["@code", "\n"]) == "\n"


VALUES = '<v><valueSet><concept code=""/><concept code="a&#xE000;b"/><concept code="é"/><word>w<i>x</i></word></valueSet></v>'
BODY = """<pattern><rule context="t:code"><report test="@code = doc('values.xml')//concept/@code">in</report>
<report test="@code = doc('values.xml')/*/valueSet/word">word</report>
<report test="@code = doc('values.xml')//nothing/@code">none</report></rule></pattern>"""


@pytest.mark.parametrize(
    ("code", "said"),
    [("", ["in"]), ("a&#xE000;b", ["in"]), ("a", []), ("é", ["in"]), ("wx", ["word"]), ("w", [])],
    ids=["empty", "with a separator of ours", "half of it", "accented", "the text of an element", "a part of it"],
)
def test_look_up_in_a_map_is_the_comparison_as_written(
    pack_of: PackFactory, pool: Pool, code: str, said: list[str]
) -> None:
    artefact = pack_of({"schema.sch": SCHEMA.format(attributes="", body=BODY), "values.xml": VALUES}).artefacts[0]
    document = f'<r xmlns="urn:test"><code code="{code}"/></r>'
    for rewrites in (frozenset(Rewrite), frozenset[Rewrite]()):
        outcome = SaxonEngine(pool, MemoryCache(), rewrites=rewrites).judge(artefact, document)
        assert [r.message for r in outcome.results] == said
