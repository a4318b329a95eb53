"""Each rewrite of the compiler alone, and all but it, against the rules as they are written."""

import random
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from lxml import etree

from harness import safexml
from harness.packs.artefacts import Pack, load_pack
from harness.validators import MemoryCache
from harness.validators.schematron import ALL_REWRITES, NO_REWRITES, Pool, Rewrite, SaxonEngine, SchOutcome
from harness.validators.schematron._context import paths_of
from tests.validators.conftest import SCHEMA, PackFactory

VALUES = """<valueSets><valueSet id="v"><conceptList><concept code="A" codeSystem="1"/><concept code="B" codeSystem="2"/>
<concept code="A" codeSystem="1"/></conceptList></valueSet></valueSets>"""
BODY = """<let name="limit" value="2"/>
<pattern id="codes">
  <rule context="t:e[t:templateId[@root='1.1']]/t:code[concat(@code, @codeSystem) =
      doc('values.xml')//valueSet[1]/conceptList/concept/concat(@code, @codeSystem)]"><report test="true()">in</report></rule>
  <rule context="t:e[t:templateId[@root='1.1']]/t:code"><report test="true()">out <value-of select="@code"/></report></rule>
  <rule context="*[t:templateId[@root='1.2'] or @any]/t:code[2]"><report test="true()">second</report></rule>
  <rule context="t:code"><assert test="@code = doc('values.xml')//valueSet[1]/conceptList/concept/@code">any</assert></rule>
  <rule context="*"><assert test="count(*) &lt;= $limit">few</assert></rule></pattern>
<pattern id="nested">
  <rule abstract="true" id="named"><let name="n" value="local-name()"/>
    <assert test="$n != 'bad'">named <value-of select="$n"/></assert><let name="p" value="'^[AB]$'"/>
    <assert test="not(@code) or matches(@code, $p)">matched</assert>
    <report test="matches(@y, '^$')">blank</report>
    <report test="*[@codeSystem][matches(@codeSystem, $p) or not(matches(@codeSystem, '1'))]">system</report></rule>
  <rule context="/t:r"><report test="@x">root</report><extends rule="named"/></rule>
  <rule context="t:e[t:e[t:templateId/@root='1.1']]"><report test="true()">holds one</report></rule>
  <rule context="t:e | t:bad"><extends rule="named"/><report test="@y = 'y'">y</report></rule>
  <rule context="@y"><report test=". = ''">empty y</report></rule>
  <rule context="text()"><report test="contains(., 'no')">says no</report></rule></pattern>"""


def variants() -> Iterator[tuple[str, frozenset[Rewrite]]]:
    for rewrite in Rewrite:
        yield f"only {rewrite}", frozenset({rewrite})
        yield f"all but {rewrite}", ALL_REWRITES - {rewrite}
    yield "all", ALL_REWRITES


def made_up(seed: int) -> str:
    """A document of the small vocabulary that the rules above speak of."""
    dice = random.Random(seed)

    def element(depth: int) -> str:
        name = dice.choice(["e", "e", "e", "bad", "code", "templateId"])
        attributes = "".join(
            f' {n}="{dice.choice(v)}"'
            for n, v in (
                ("root", ["1.1", "1.2", "9"]),
                ("code", "ABC"),
                ("codeSystem", "12"),
                ("y", ["y", ""]),
                ("any", "a"),
            )
            if dice.random() < 0.5
        )
        inside = "".join(element(depth + 1) for _ in range(dice.randrange(4))) if depth < 4 else ""
        return f"<{name}{attributes}>{dice.choice(['', 'no', 'yes'])}{inside}</{name}>"

    return f'<r xmlns="urn:test" x="1">{"".join(element(0) for _ in range(6))}</r>'


def facts(outcome: SchOutcome) -> tuple[object, ...]:
    assert outcome.failure == ""
    results = sorted((r.kind, r.path, r.rule_id, r.message, r.role, r.undecided) for r in outcome.results)
    return results, outcome.fired, outcome.fired_events, outcome.problems


@pytest.fixture
def small(pack_of: PackFactory) -> Pack:
    return pack_of({"schema.sch": SCHEMA.format(attributes="", body=BODY), "values.xml": VALUES})


@pytest.mark.parametrize("rewrites", [v for _, v in variants()], ids=[name for name, _ in variants()])
def test_rewrite_gives_what_the_rules_give_as_written(small: Pack, pool: Pool, rewrites: frozenset[Rewrite]) -> None:
    plain = SaxonEngine(pool, MemoryCache(), rewrites=NO_REWRITES)
    fast = SaxonEngine(pool, MemoryCache(), rewrites=rewrites)
    seen: set[str] = set()
    for seed in range(12):
        document = made_up(seed)
        expected = plain.judge(small.artefacts[0], document)
        assert facts(fast.judge(small.artefacts[0], document)) == facts(expected), seed
        seen |= {r.message.split()[0] for r in expected.results}
    assert seen >= {"in", "out", "second", "few", "holds", "named", "y", "says", "matched", "blank", "system"}, (
        "the documents reach the rules"
    )


def test_sparing_style_sheets_give_what_the_whole_gives(small: Pack, pool: Pool) -> None:
    whole = SaxonEngine(pool, MemoryCache())
    for seed in range(8):
        sparing = SaxonEngine(pool, MemoryCache(), sparing=True)
        for document in (made_up(seed), made_up(seed + 100), '<r xmlns="urn:test"/>', made_up(seed + 200)):
            expected = whole.judge(small.artefacts[0], document)
            assert facts(sparing.judge(small.artefacts[0], document)) == facts(expected)


def test_template_with_characters_that_are_escaped_is_found_in_a_sparing_style_sheet(
    pack_of: PackFactory, pool: Pool
) -> None:
    body = '<pattern><rule context="*[t:templateId[@root=\'a&amp;b\']]"><report test="true()">there</report></rule></pattern>'
    artefact = pack_of({"schema.sch": SCHEMA.format(attributes="", body=body)}).artefacts[0]
    document = '<r xmlns="urn:test"><templateId root="a&amp;b"/></r>'
    assert len(SaxonEngine(pool, MemoryCache(), sparing=True).judge(artefact, document).results) == 1


@pytest.mark.corpus
@pytest.mark.parametrize("rewrite", list(Rewrite), ids=str)
def test_each_rewrite_left_out_changes_nothing_on_a_real_document(corpus: Path, pool: Pool, rewrite: Rewrite) -> None:
    pack = load_pack(corpus / "artefacts" / "schematron" / "ehdsi-20240422")
    artefact = next(a for a in pack.artefacts if a.id == "epsos-OrCD_Laboratory_Result")
    path = next((corpus / "documents" / "orcd-laboratory").rglob("*.xml"))
    text = etree.tostring(safexml.parse(path.read_bytes()).getroottree(), encoding="unicode")
    all_on = SaxonEngine(pool, MemoryCache()).judge(artefact, text)
    without = SaxonEngine(pool, MemoryCache(), rewrites=ALL_REWRITES - {rewrite}).judge(artefact, text)
    assert facts(without) == facts(all_on)
    assert all_on.fired


PATHS: Mapping[str, tuple[str, bool]] = {
    "a name": ("t:a", True),
    "a path": ("t:a/t:b[@c]", True),
    "from the root": ("/t:a/t:b", True),
    "from anywhere": ("//t:a", True),
    "an attribute": ("t:a/@b", True),
    "alternatives": ("t:a | t:b[@c = '|']", True),
    "brackets in a string": ("t:a[@b = '] or [']", True),
    "a position among siblings": ("t:a/t:b[2]", True),
    "a position anywhere": ("t:a[2]", False),
    "a number in a variable anywhere": ("t:a[$n]", False),
    "the node itself": ("t:a[current()/@b]", False),
    "descendants in the middle": ("t:a//t:b", False),
    "text": ("t:a/text()", False),
    "a comment": ("t:a[(: [ :) @b]", False),
    "a choice that may be a number": ("t:a[if (@b) then 1 else 2]", False),
}


@pytest.mark.parametrize(("context", "plain"), PATHS.values(), ids=PATHS)
def test_only_plain_paths_are_selected(context: str, plain: bool) -> None:
    assert (paths_of(context) is not None) == plain
