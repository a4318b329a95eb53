"""One mini schema for each feature of Schematron the engine promises; each with something that passes and that fails."""

from collections.abc import Callable

import pytest

from harness.errors import UnsupportedError
from harness.validators.schematron import SchOutcome

Judge = Callable[..., SchOutcome]


def failed(outcome: SchOutcome) -> list[str]:
    assert not outcome.failure
    assert not outcome.problems
    return [r.message for r in outcome.results]


def rule(context: str, test: str, message: str) -> str:
    return f'<rule context="{context}"><assert test="{test}">{message}</assert></rule>'


def test_assert_fails_and_report_fires_with_role_test_see_and_place(judge: Judge) -> None:
    body = """<pattern><rule context="a">
      <assert id="A1" role="warning" see="urn:see" test="@x">no x</assert>
      <report test="@y">y is there</report></rule></pattern>"""
    outcome = judge(body, "<r><a y='1'/><a x='1'/></r>")
    first, second = outcome.results
    assert (first.rule_id, first.kind, first.role, first.test, first.see) == (
        "A1",
        "assert",
        "warning",
        "@x",
        "urn:see",
    )
    assert first.path == "/Q{}r[1]/Q{}a[1]"
    assert (second.kind, second.role, second.message) == ("report", "", "y is there")
    assert (outcome.rules_loaded, len(outcome.fired), outcome.fired_events) == (1, 1, 2)


def test_document_that_keeps_the_rules_has_no_result_and_the_rule_counts_as_fired(judge: Judge) -> None:
    outcome = judge(f"<pattern>{rule('a', '@x', 'no x')}</pattern>", "<r><a x='1'/></r>")
    assert failed(outcome) == []
    assert outcome.fired_events == 1


def test_abstract_rule_of_another_pattern_is_found(judge: Judge) -> None:
    body = """<pattern><rule context="a"><extends rule="X"/></rule></pattern>
      <pattern><rule abstract="true" id="X"><let name="n" value="name()"/>
      <assert test="@x">no x on <value-of select="$n"/></assert></rule></pattern>"""
    assert failed(judge(body, "<r><a/></r>")) == ["no x on a"]
    assert failed(judge(body, "<r><a x='1'/></r>")) == []


def test_rule_may_use_a_variable_of_the_abstract_rule_it_extends(judge: Judge) -> None:
    body = """<pattern><rule abstract="true" id="X"><let name="n" value="@x"/><assert test="$n">no x</assert></rule>
      <rule context="a"><extends rule="X"/><assert test="$n = '1'">x is <value-of select="$n"/></assert></rule></pattern>"""
    assert failed(judge(body, "<r><a x='2'/></r>")) == ["x is 2"]
    assert failed(judge(body, "<r><a x='1'/></r>")) == []


def test_same_variable_through_a_chain_of_abstract_rules_is_no_conflict(judge: Judge) -> None:
    body = """<pattern><rule abstract="true" id="X"><let name="n" value="1"/><assert test="@x = $n">x</assert></rule>
      <rule abstract="true" id="Y"><extends rule="X"/><let name="n" value="2"/><assert test="@y = $n">y</assert></rule>
      <rule context="a"><extends rule="Y"/><let name="n" value="3"/><assert test="@z = $n">z</assert></rule></pattern>"""
    assert failed(judge(body, "<r><a x='1' y='2' z='3'/></r>")) == []
    assert failed(judge(body, "<r><a x='3' y='3' z='1'/></r>")) == ["x", "y", "z"]


def test_variables_of_schema_pattern_and_rule_are_seen(judge: Judge) -> None:
    body = """<let name="s" value="'S'"/>
      <pattern><let name="p" value="/r/@p"/><rule context="a"><let name="l" value="@l"/>
      <assert test="concat($s, $p, $l) = 'SPL'"><value-of select="concat($s, $p, $l)"/></assert></rule></pattern>"""
    assert failed(judge(body, "<r p='P'><a l='L'/></r>")) == []
    assert failed(judge(body, "<r p='P'><a l='M'/></r>")) == ["SPM"]


def test_variable_of_one_pattern_is_seen_in_another(judge: Judge) -> None:
    body = f"<pattern><let name='p' value='1'/></pattern><pattern>{rule('a', '@x = $p', 'no')}</pattern>"
    assert failed(judge(body, "<r><a x='1'/></r>")) == []
    assert failed(judge(body, "<r><a x='2'/></r>")) == ["no"]


def test_two_patterns_may_give_one_variable_two_values(judge: Judge) -> None:
    body = f"""<pattern><let name='p' value='1'/>{rule("a", "@x = $p", "a")}</pattern>
      <pattern><let name='p' value='2'/>{rule("b", "@x = $p", "b")}</pattern>"""
    assert failed(judge(body, "<r><a x='1'/><b x='2'/></r>")) == []
    assert failed(judge(body, "<r><a x='2'/><b x='1'/></r>")) == ["a", "b"]


def test_only_the_first_matching_rule_of_a_pattern_fires_for_a_node(judge: Judge) -> None:
    body = f"<pattern>{rule('a[@x]', '@y', 'first')}{rule('a', '@z', 'second')}</pattern>"
    assert failed(judge(body, "<r><a x='1'/></r>")) == ["first"]
    assert failed(judge(body, "<r><a/></r>")) == ["second"]


def test_node_below_a_matched_node_of_the_same_pattern_is_judged_too(judge: Judge) -> None:
    body = f"<pattern>{rule('a', 'true()', 'a')}{rule('b', 'false()', 'b must fail')}</pattern>"
    assert failed(judge(body, "<r><a><b/></a></r>")) == ["b must fail"]
    assert failed(judge(body, "<r><a/></r>")) == []


def test_each_pattern_judges_a_node_on_its_own(judge: Judge) -> None:
    body = f"<pattern>{rule('a', 'false()', '1')}</pattern><pattern>{rule('a', 'false()', '2')}</pattern>"
    assert failed(judge(body, "<r><a/></r>")) == ["1", "2"]


def test_attribute_context_fires(judge: Judge) -> None:
    outcome = judge(f"<pattern>{rule('a/@x', '. = 1', 'not one')}</pattern>", "<r><a x='2'/><a x='1'/></r>")
    assert failed(outcome) == ["not one"]
    assert outcome.results[0].path == "/Q{}r[1]/Q{}a[1]/@x"


def test_text_context_fires(judge: Judge) -> None:
    assert failed(judge(f"<pattern>{rule('a/text()', '. = 1', 'no')}</pattern>", "<r><a>2</a><a>1</a></r>")) == ["no"]


def test_document_node_is_a_context_beside_elements(judge: Judge) -> None:
    body = f"<pattern>{rule('/', 'r/@x', 'root')}{rule('r', '@y', 'r')}</pattern>"
    outcome = judge(body, "<r/>")
    assert failed(outcome) == ["root", "r"]
    assert outcome.results[0].path == "/"
    assert failed(judge(body, "<r x='1' y='1'/>")) == []


def test_value_of_and_name_are_resolved_in_the_message(judge: Judge) -> None:
    body = """<pattern><rule context="a"><assert test="@x"><name/> has <value-of select="@*"/>, <emph>é</emph>!
      </assert></rule></pattern>"""
    assert failed(judge(body, "<r><a y='&#x10d;' z='2'/></r>")) == ["a has č 2, é!"]


def test_namespace_prefix_of_the_schema_is_used(judge: Judge) -> None:
    body = f"<pattern>{rule('t:a', '@x', 'no')}</pattern>"
    assert failed(judge(body, "<a xmlns='urn:test'/>")) == ["no"]
    assert failed(judge(body, "<a xmlns='urn:other'/>")) == []


PHASES = f"""<phase id="one"><let name="limit" value="1"/><active pattern="p1"/></phase>
  <phase id="two"><let name="limit" value="2"/><active pattern="p2"/></phase>
  <let name="limit" value="0"/>
  <pattern id="p1">{rule("a", "@x > $limit", "p1")}</pattern><pattern id="p2">{rule("a", "@x > $limit", "p2")}</pattern>"""


@pytest.mark.parametrize(
    ("phase", "expected"), [("one", []), ("two", ["p2"]), ("#ALL", []), ("#DEFAULT", ["p2"])], ids=str
)
def test_phase_selects_patterns_and_variables(judge: Judge, phase: str, expected: list[str]) -> None:
    assert failed(judge(PHASES, "<r><a x='2'/></r>", attributes='defaultPhase="two"', phase=phase)) == expected


def test_unknown_phase_is_refused(judge: Judge) -> None:
    with pytest.raises(UnsupportedError, match="three"):
        judge(PHASES, "<r/>", phase="three")


def test_pattern_inside_a_phase_is_run(judge: Judge) -> None:
    body = f"<phase id='one'><pattern id='p'>{rule('a', '@x', 'no')}</pattern></phase>"
    assert failed(judge(body, "<r><a/></r>", phase="one")) == ["no"]


def test_abstract_pattern_is_instantiated(judge: Judge) -> None:
    body = """<pattern abstract="true" id="P"><rule context="$where"><assert test="@x = $what">$what</assert></rule></pattern>
      <pattern is-a="P" id="i"><param name="where" value="a"/><param name="what" value="1"/></pattern>
      <pattern is-a="P" id="j"><param name="where" value="b"/><param name="what" value="2"/></pattern>"""
    assert failed(judge(body, "<r><a x='2'/><b x='1'/></r>")) == ["1", "2"]
    assert failed(judge(body, "<r><a x='1'/><b x='2'/></r>")) == []


def test_include_brings_patterns_and_rules_although_a_comment_precedes_the_root(judge: Judge) -> None:
    name = 'xmlns="http://purl.oclc.org/dsdl/schematron"'
    files = {
        "i/pattern.sch": f'<!-- c --><pattern {name}><include href="deep/rule.sch"/></pattern>',
        "i/deep/rule.sch": f'<!-- c --><rule {name} context="a"><assert test="@x">no</assert></rule>',
    }
    assert failed(judge('<include href="i/pattern.sch"/>', "<r><a/></r>", files=files)) == ["no"]
    assert failed(judge('<include href="i/pattern.sch"/>', "<r><a x='1'/></r>", files=files)) == []


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ('<include href="gone.sch"/>', "include 'gone.sch': no such file"),
        ("<pattern><rule context='a'><extends rule='gone'/></rule></pattern>", "unknown abstract rule 'gone'"),
        (
            """<pattern><rule abstract='true' id='X'><extends rule='X'/></rule>
            <rule context='r'><extends rule='X'/></rule></pattern>""",
            "abstract rule 'X' extends itself",
        ),
        ("<pattern is-a='gone'/>", "unknown abstract pattern 'gone'"),
        ("<pattern><rule context='a'><assert test='@x' diagnostics='d'/></rule></pattern>", "unknown diagnostic 'd'"),
        ('<include href="../gone.sch"/>', "include '../gone.sch' leaves the pack"),
        (
            "<pattern><rule context='a'><assert test=\"unparsed-text('x')\"/></rule></pattern>",
            "function unparsed-text() is not allowed in a rule",
        ),
    ],
    ids=[
        "include",
        "abstract rule",
        "circle",
        "abstract pattern",
        "diagnostic",
        "include outside",
        "function that reads",
    ],
)
def test_schema_that_is_not_whole_says_so(judge: Judge, body: str, problem: str) -> None:
    assert [p for p in judge(body, "<r/>").problems if p.startswith(problem)]


def test_undefined_variable_fails_the_schema_and_never_passes(judge: Judge) -> None:
    outcome = judge(f"<pattern>{rule('a', '$gone', 'no')}</pattern>", "<r><a/></r>")
    assert "gone" in outcome.failure


def test_rule_that_stops_with_an_error_is_undecided_and_the_others_are_judged(judge: Judge) -> None:
    body = f"""<pattern>{rule("a", "resolve-QName(@t, .) = QName('', 'x')", "t")}</pattern>
      <pattern>{rule("b", "@x", "no")}</pattern>"""
    outcome = judge(body, "<r><a t='undeclared:x'/><b/></r>")
    assert [(r.message, bool(r.undecided)) for r in outcome.results] == [("", True), ("no", False)]


SETS = """<valueSets><valueSet><conceptList><concept code="A" codeSystem="1"/><concept code="B" codeSystem="2"/>
</conceptList></valueSet></valueSets>"""
LOOK_UPS = {
    "pair in a context": """<pattern><rule context="c[concat(@code, @codeSystem) =
        doc('voc.xml')//valueSet[1]/conceptList/concept/concat(@code, @codeSystem) or @nullFlavor]">
        <report test="true()">in</report></rule></pattern>""",
    "code": """<pattern><rule context="c[@code = doc('voc.xml')//valueSet[1]/conceptList/*/@code]">
        <report test="true()">in</report></rule></pattern>""",
    "pair of variables": """<pattern><rule context="c"><let name="x" value="@code"/><let name="y" value="@codeSystem"/>
        <report test="exists(doc('voc.xml')//valueSet[1][conceptList/concept[@code = $x][@codeSystem = $y]])">in</report>
        </rule></pattern>""",
    "sequence": """<pattern><rule context="c"><let name="x" value="@code"/>
        <report test="not(empty($x[. = (doc('voc.xml')/*/valueSet/conceptList/concept/@code)]))">in</report></rule></pattern>""",
    "other form": """<pattern><rule context="c">
        <report test="doc('voc.xml')//concept[@code = current()/@code][@codeSystem]">in</report></rule></pattern>""",
}


@pytest.mark.parametrize("optimise", [True, False], ids=["optimised", "plain"])
@pytest.mark.parametrize("body", LOOK_UPS.values(), ids=list(LOOK_UPS))
def test_value_set_look_up_answers_alike_in_both_modes(judge: Judge, body: str, optimise: bool) -> None:
    document = "<r><c code='A' codeSystem='1'/><c code='Z' codeSystem='1'/><c/></r>"
    outcome = judge(body, document, files={"voc.xml": SETS}, optimise=optimise)
    assert [r.path for r in outcome.results] == ["/Q{}r[1]/Q{}c[1]"]
    assert not outcome.problems


def test_missing_value_set_leaves_only_documents_that_reach_the_rule_undecided(judge: Judge) -> None:
    body = """<pattern><rule context="c"><assert test="@nullFlavor
        or exists(doc('gone.xml')//valueSet[1][conceptList/concept[@code = 'A'][@codeSystem = '1']])">no</assert>
        </rule></pattern>"""
    reached = judge(body, "<r><c code='A'/></r>")
    assert ["gone.xml" in r.undecided for r in reached.results] == [True]
    assert judge(body, "<r><c nullFlavor='UNK'/></r>").results == ()


def test_missing_value_set_in_a_context_leaves_the_rule_undecided_and_later_rules_their_turn(judge: Judge) -> None:
    body = """<pattern><rule context="c[concat(@code, @codeSystem) =
        doc('gone.xml')//valueSet[1]/conceptList/concept/concat(@code, @codeSystem) or @nullFlavor]">
        <assert test="@x">first</assert></rule><rule context="c"><assert test="@x">second</assert></rule></pattern>"""
    told = [(r.kind, r.message, bool(r.undecided)) for r in judge(body, "<r><c/><c nullFlavor='UNK'/></r>").results]
    assert told == [("rule", "", True), ("assert", "second", False), ("assert", "first", False)]


@pytest.mark.parametrize("name", ["/etc/hostname", "https://example.org/x.xml", "../outside.xml"], ids=str)
def test_rule_cannot_read_what_the_document_names_outside_the_pack(judge: Judge, name: str) -> None:
    outcome = judge(f"<pattern>{rule('a', 'doc(@href)', 'no')}</pattern>", f"<r><a href='{name}'/></r>")
    assert [bool(r.undecided) for r in outcome.results] == [True]


@pytest.mark.parametrize("name", ["file:///etc/hostname", "/etc/hostname", "../outside.xml"], ids=str)
def test_rule_cannot_read_outside_the_pack_by_a_literal_name(judge: Judge, name: str) -> None:
    outcome = judge(f"<pattern>{rule('a', f"doc('{name}')", 'no')}</pattern>", "<r><a/></r>")
    assert outcome.problems == (f"value set {name!r} leaves the pack",)
    assert [bool(r.undecided) for r in outcome.results] == [True]


def test_rule_may_read_a_computed_file_of_the_pack(judge: Judge) -> None:
    body = f"<pattern>{rule('a', 'doc(@href)//concept', 'no')}</pattern>"
    assert failed(judge(body, "<r><a href='voc.xml'/></r>", files={"voc.xml": SETS})) == []


def test_pattern_is_skipped_only_when_its_template_is_absent(judge: Judge) -> None:
    body = f"""<pattern>{rule("*[t:a[t:templateId[@root = 'T']]]/t:a[t:templateId[@root = 'T']]/t:b", "@x", "no")}</pattern>
      <pattern>{rule("t:a[not(t:templateId[@root = 'T'])]", "false()", "not T")}</pattern>"""
    document = "<r xmlns='urn:test'><a><templateId root='{}'/><b/></a></r>"
    assert failed(judge(body, document.format("T"))) == ["no"]
    assert failed(judge(body, document.format("U"))) == ["not T"]


def test_rule_ids_survive_a_new_release_of_the_pattern(judge: Judge) -> None:
    one = judge(f"<pattern id='t-2024-01-02T030405'>{rule('a', '@x', 'no')}</pattern>", "<a/>").results[0].rule_id
    two = judge(f"<pattern id='t-2025-01-02T030405'>{rule('a', '@x', 'never')}</pattern>", "<a/>").results[0].rule_id
    assert one == two


@pytest.mark.parametrize(
    "context",
    ["b", "t:r/b | c", "*[b]", "*[b[@x]]/b", "*[b or c]", "*[@x]", "*[*]", "b[1]", "//b", "/", "node()", "*[b][c]"],
    ids=str,
)
def test_nodes_are_chosen_for_a_pattern_without_losing_one(judge: Judge, context: str) -> None:
    document = "<r><b x='1'/><c><b/></c><d x='2'><b x='3'/><c/></d></r>"
    body = f"<pattern><rule context=\"{context}\"><report test='true()'>hit</report></rule></pattern>"
    alone = [r.path for r in judge(body, document).results]
    # a second rule that matches every node of any kind makes the engine try all of them
    everything = "<rule context=\"node() | @*\"><assert test='true()'/></rule></pattern>"
    assert alone == [r.path for r in judge(body.replace("</pattern>", everything), document).results]
    assert alone
