"""Checks judged once for each value, and the regular expressions that are the platform's: the same verdicts, sooner."""

import random
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.packs.artefacts import Pack
from harness.validators import MemoryCache
from harness.validators.schematron import ALL_REWRITES, NO_REWRITES, Pool, Rewrite, SaxonEngine, SchOutcome
from harness.validators.schematron._once import seen_by
from harness.validators.schematron._patterns import MOST_CHARACTERS, on_platform, platform_pattern
from tests.validators.conftest import SCHEMA, PackFactory

BODY = r"""<pattern>
  <rule abstract="true" id="identifier"><let name="oid" value="'^[0-2](\.(0|[1-9]\d*))*$'"/>
    <assert test="string-length(@root) &lt;= 9">short</assert>
    <assert test="not(@root) or matches(@root, $oid)">oid <value-of select="@root"/></assert>
    <let name="others" value="../*[@root] except ."/>
    <assert test="not($others[@root = current()/@root])">alone</assert>
    <report test="matches(@root, '^a.b$') or matches(@root, '\s$')">ends <value-of select="$oid"/></report></rule>
  <rule abstract="true" id="interval"><let name="low" value="t:low/@value"/><let name="high" value="t:high/@value"/>
    <let name="zone" value="replace($low, '^-?[^+-]+([+-]\d{1,4})?$', '$1')"/>
    <let name="year" value="if (substring($low, 1, 4) castable as xs:integer) then substring($low, 1, 4) else ()"/>
    <assert test="empty($low) or exists($year)">year <value-of select="$zone"/></assert>
    <assert test="$zone = ('', '+01') or empty($low)">zone</assert>
    <assert test="empty($low) or empty($high) or not(matches($high, '^\d+$')) or $low le $high">order</assert></rule>
  <rule context="t:id"><extends rule="identifier"/></rule>
  <rule context="t:time"><extends rule="interval"/></rule></pattern>"""
VALUES = (
    "1.2.3",
    "1.2.3.4.5.6",
    "1.2.03",
    "2020",
    "2020+01",
    "2021-05",
    "x",
    "",
    "a\nb",
    "a&#10;b",
    "a&#13;b",
    "axb",
    "1.2&#10;",
    "1.2 ",
    "\u0661",
)


@pytest.fixture
def both(pack_of: PackFactory, pool: Pool) -> tuple[Pack, SaxonEngine, SaxonEngine]:
    pack = pack_of({"schema.sch": SCHEMA.format(attributes="", body=BODY)})
    return pack, SaxonEngine(pool, MemoryCache(), rewrites=NO_REWRITES), SaxonEngine(pool, MemoryCache())


def facts(outcome: SchOutcome) -> object:
    return outcome.failure, sorted((r.path, r.rule_id, r.message, r.undecided) for r in outcome.results)


def made_up(seed: int) -> str:
    dice = random.Random(seed)

    def attribute(name: str) -> str:
        return f' {name}="{dice.choice(VALUES)}"' if dice.random() < 0.9 else ""

    def elements() -> Iterator[str]:
        for _ in range(12):
            yield f"<id{attribute('root')}/>"
            yield f"<time>{f'<low{attribute("value")}/>' * dice.choice([0, 1, 1, 1])}<high{attribute('value')}/></time>"

    return f'<r xmlns="urn:test">{"".join(elements())}</r>'


def test_values_judged_once_give_the_findings_of_each_node(both: tuple[Pack, SaxonEngine, SaxonEngine]) -> None:
    pack, plain, fast = both
    said: set[str] = set()
    for seed in range(12):
        expected = plain.judge(pack.artefacts[0], made_up(seed))
        assert facts(fast.judge(pack.artefacts[0], made_up(seed))) == facts(expected), seed
        said |= {r.message.split()[0] for r in expected.results}
    assert said == {"short", "oid", "alone", "ends", "year", "zone", "order"}, "the documents reach the checks"


def test_checks_of_the_rule_are_guarded_by_functions(both: tuple[Pack, SaxonEngine, SaxonEngine]) -> None:
    pack, _, fast = both
    sheet = fast.compiled(pack.artefacts[0]).stylesheet()[0]
    assert sheet.count('cache="yes"') == 3  # of @root, of low, of low and high
    assert "';j'" in sheet
    without = SaxonEngine(Pool(1), MemoryCache(), rewrites=ALL_REWRITES - {Rewrite.JUDGED_ONCE})
    assert 'cache="yes"' not in without.compiled(pack.artefacts[0]).stylesheet()[0]


def test_rule_that_stops_on_several_values_is_undecided_as_without_rewrites(
    both: tuple[Pack, SaxonEngine, SaxonEngine],
) -> None:
    pack, plain, fast = both
    document = '<r xmlns="urn:test"><time><low value="1"/><low value="2"/></time><id root="x"/></r>'
    expected = plain.judge(pack.artefacts[0], document)
    assert [r.undecided for r in expected.results if r.message == ""]
    assert facts(fast.judge(pack.artefacts[0], document)) == facts(expected)


def test_value_too_long_for_the_platform_is_judged_by_saxon(both: tuple[Pack, SaxonEngine, SaxonEngine]) -> None:
    pack, plain, fast = both
    for root in ("1" + ".2" * MOST_CHARACTERS, "1" + ".2" * MOST_CHARACTERS + "x"):
        document = f'<r xmlns="urn:test"><id root="{root}"/></r>'
        assert facts(fast.judge(pack.artefacts[0], document)) == facts(plain.judge(pack.artefacts[0], document))


@pytest.mark.parametrize(
    ("expression", "attributes"),
    [
        ("not(@root) or matches(@root, $p)", {"root"}),
        ("if (starts-with(@value, '-')) then '-' else ()", {"value"}),
        ("@a castable as xs:integer and count(@b) = 1", {"a", "b"}),
    ],
    ids=["a match", "a condition", "a cast and a count"],
)
def test_expression_on_attributes_alone_is_recognised(expression: str, attributes: set[str]) -> None:
    seen = seen_by(expression)
    assert seen is not None
    assert seen.attributes == attributes


@pytest.mark.parametrize(
    "expression",
    [
        "string-length() > 3",
        "matches(., 'a')",
        "t:low/@value = '1'",
        "@root = ../@root",
        "@xsi:type = 'x'",
        "position() = 1",
        "doc('a')/@root",
        "some $x in @root satisfies $x = '1'",
        "@root[. = '1']",
        "@root << @extension",
        "local-name() = @root",
        "current()/@root = @root",
        "count(*) = @n",
        "@root (: or .. :)",
    ],
)
def test_expression_that_looks_at_more_is_not(expression: str) -> None:
    assert seen_by(expression) is None


@pytest.mark.parametrize(
    ("pattern", "written"),
    [
        (r"^[0-2](\.(0|[1-9]\d*))*$", r"^[0-2](\.(0|[1-9][\p{Nd}]*))*\z"),
        (r"[\r\n\t]", r"[\r\n\t]"),
        (r"\s", r"[ \t\n\r]"),
        (r"a.b", r"a[^\n\r]b"),
        (r"[^+-]{1,4}", r"[^+-]{1,4}"),
    ],
)
def test_pattern_of_the_small_language_is_written_for_the_platform(pattern: str, written: str) -> None:
    assert platform_pattern(pattern) == written


@pytest.mark.parametrize(
    "pattern",
    [
        r"\w",
        r"\p{L}",
        r"[a-z-[aeiou]]",
        r"[a&&b]",
        r"(?:a)",
        r"a*?",
        r"a++",
        r"(a)\1",
        r"\i\c*",
        r"[\D]",
        "é",
        "[",
        "(a",
        r"[a[b]]",
    ],
)
def test_pattern_that_might_mean_something_else_is_left_to_saxon(pattern: str) -> None:
    assert platform_pattern(pattern) is None


@pytest.mark.parametrize(
    ("expression", "written"),
    [
        ("matches($v, '^a$')", r"matches($v, '^a\z', ';j')"),
        ("not(matches(concat($v, ','), $p))", r"not(matches(concat($v, ','), '[\p{Nd}]', ';j'))"),
        ("matches($v, '^a$', 'i')", "matches($v, '^a$', 'i')"),
        ("matches($v, $other)", "matches($v, $other)"),
        ("replace($v, 'a*', 'b')", "replace($v, 'a*', 'b')"),
        ("replace($v, '(a)', '$1')", "replace($v, '(a)', '$1', ';j')"),
        (r"replace($v, 'a', '\$')", r"replace($v, 'a', '\$')"),
        ("$v = 'matches(1, ''a'')'", "$v = 'matches(1, ''a'')'"),
    ],
)
def test_calls_go_to_the_platform_where_both_say_the_same(expression: str, written: str) -> None:
    assert on_platform(expression, {"p": r"'\d'"}.get) == written


PATTERNS = (
    r"^[0-2](\.(0|[1-9]\d*))*$",
    r"a.b",
    r"\s$",
    r"^-?([^+-]+)([+-].*)?",
    r"^(a|b)*$",
    r"[^a]$",
    r"^\d{2,3}$",
    r"a{2}|^$",
)


@given(text=st.text(st.sampled_from("ab012.+-\t\n\r \u0661\u2028\x85\U0001f600é"), max_size=8))
def test_platform_and_saxon_agree_on_any_text(pattern_judge: "PatternJudge", text: str) -> None:
    assert pattern_judge.saxon(text) == pattern_judge.platform(text)


class PatternJudge:
    """Both kinds of every pattern, in Saxon itself."""

    def __init__(self) -> None:
        import saxonche

        self._processor = saxonche.PySaxonProcessor(license=False)
        self._calls = {}
        for name, written, flag in (("saxon", str, ""), ("platform", platform_pattern, ", ';j'")):
            xpath = self._processor.new_xpath_processor()
            tests = [f"matches(., '{written(p)}'{flag})" for p in PATTERNS]
            tests.append(f"replace(., '{written(PATTERNS[3])}', '[$1|$2]'{flag})".replace("^-?", "^-?b"))
            self._calls[name] = (xpath, f"({', '.join(tests)})")

    def _said(self, name: str, text: str) -> str:
        xpath, expression = self._calls[name]
        xpath.set_context(xdm_item=self._processor.make_string_value(text))
        return str(xpath.evaluate(expression))

    def saxon(self, text: str) -> str:
        """What Saxon's own expressions say."""
        return self._said("saxon", text)

    def platform(self, text: str) -> str:
        """What the platform's say."""
        return self._said("platform", text)


@pytest.fixture(scope="module")
def pattern_judge() -> PatternJudge:
    return PatternJudge()
