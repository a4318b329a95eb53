"""What ISO/IEC 19757-3 lets a schema say, case by case: what is found in a document, or that the schema is refused.

The cases are our own. `conformance.py` beside this file runs those of the public suites.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from harness.packs.artefacts import pack_of_files
from harness.validators.schematron import ALL_REWRITES, NO_REWRITES, MemoryCache, Pool, Rewrite, SaxonEngine, SchOutcome

XSL = 'xmlns:xsl="http://www.w3.org/1999/XSL/Transform"'
ERROR = ("error",)


@dataclass(frozen=True, kw_only=True)
class Case:
    """A schema body, a document, and the messages of what is found in it in order, or ERROR."""

    body: str
    document: str = "<r><a x='1'/><b/></r>"
    found: tuple[str, ...]
    files: Mapping[str, str] = field(default_factory=dict)
    attributes: str = 'queryBinding="xslt3"'
    phase: str = "#DEFAULT"


CASES: Mapping[str, Case] = {
    "rules match below a node that an earlier rule took": Case(
        body="""<pattern><rule context="a"><assert test="@x">a</assert></rule>
            <rule context="b"><assert test="@x">b</assert></rule></pattern>""",
        document="<r><a x='1'><b/></a></r>",
        found=("b",),
    ),
    "the first of two rules takes a node": Case(
        body="""<pattern><rule context="*[@x]"><report test="true()">first</report></rule>
            <rule context="a"><report test="true()">second</report></rule></pattern>""",
        found=("first",),
    ),
    "two patterns both take it": Case(
        body="""<pattern><rule context="a"><report test="true()">one</report></rule></pattern>
            <pattern><rule context="a"><report test="true()">two</report></rule></pattern>""",
        found=("one", "two"),
    ),
    "attributes, texts, comments and instructions are contexts": Case(
        body="""<pattern><rule context="@x"><report test=". = '1'">attribute</report></rule>
            <rule context="text()"><report test="true()">text</report></rule>
            <rule context="comment()"><report test="true()">comment</report></rule>
            <rule context="processing-instruction('p')"><report test="true()">instruction</report></rule></pattern>""",
        document="<r x='1'>t<!--c--><?p q?></r>",
        found=("attribute", "comment", "instruction", "text"),
    ),
    "the document node is a context": Case(
        body='<pattern><rule context="/"><report test="r">document</report></rule></pattern>', found=("document",)
    ),
    "variables of schema, phase, pattern and rule": Case(
        body="""<let name="s" value="'s'"/><phase id="p"><let name="h" value="'h'"/><active pattern="q"/></phase>
            <pattern id="q"><let name="l" value="'l'"/><rule context="a"><let name="m" value="concat($s, $h, $l)"/>
            <report test="true()"><value-of select="concat($m, '!')"/></report></rule></pattern>""",
        phase="p",
        found=("shl!",),
    ),
    "a variable in a context": Case(
        body="""<let name="n" value="'b'"/><pattern><rule context="*[name() = $n]"><report test="true()">b</report></rule>
            </pattern>""",
        found=("b",),
    ),
    "a variable of a pattern is seen in another": Case(
        body="""<pattern><let name="v" value="1"/><rule context="never"><assert test="true()">x</assert></rule></pattern>
            <pattern><rule context="a"><report test="$v = 1">seen</report></rule></pattern>""",
        found=("seen",),
    ),
    "a variable of a pattern goes before the schema's": Case(
        body="""<let name="v" value="0"/><pattern><let name="v" value="1"/><rule context="a"><report test="$v = 1">own</report>
            </rule></pattern><pattern><rule context="a"><report test="$v = 0">schema's</report></rule></pattern>""",
        found=("own", "schema's"),
    ),
    "element content of a variable": Case(
        body="""<let name="v"><i xmlns="">one</i><i xmlns="">two</i></let>
            <pattern><rule context="a"><report test="count($v) = 2"><value-of select="$v"/></report></rule></pattern>""",
        found=("one two",),
    ),
    "a variable defined twice": Case(
        body="""<pattern><rule context="a"><let name="v" value="1"/><let name="v" value="1"/><assert test="$v">x</assert></rule>
            </pattern>""",
        found=ERROR,
    ),
    "an undefined variable in a test": Case(
        body='<pattern><rule context="never"><assert test="$v">x</assert></rule></pattern>', found=ERROR
    ),
    "an undefined variable in a message": Case(
        body="""<pattern><rule context="never"><assert test="true()"><value-of select="$v"/></assert></rule></pattern>""",
        found=ERROR,
    ),
    "an undefined variable in a context": Case(
        body='<pattern><rule context="a[$v]"><assert test="true()">x</assert></rule></pattern>', found=ERROR
    ),
    "the default phase": Case(
        body="""<phase id="p"><active pattern="q"/></phase>
            <pattern id="q"><rule context="a"><report test="true()">chosen</report></rule></pattern>
            <pattern id="z"><rule context="a"><report test="true()">not chosen</report></rule></pattern>""",
        attributes='queryBinding="xslt3" defaultPhase="p"',
        found=("chosen",),
    ),
    "all phases where a default stands": Case(
        body="""<phase id="p"><active pattern="q"/></phase>
            <pattern id="q"><rule context="a"><report test="true()">one</report></rule></pattern>
            <pattern id="z"><rule context="a"><report test="true()">two</report></rule></pattern>""",
        attributes='queryBinding="xslt3" defaultPhase="p"',
        phase="#ALL",
        found=("one", "two"),
    ),
    "a phase that names a pattern that is not there": Case(
        body="""<phase id="p"><active pattern="gone"/></phase>
            <pattern id="q"><rule context="a"><assert test="true()">x</assert></rule></pattern>""",
        found=ERROR,
    ),
    "a phase that starts below the root": Case(
        body="""<phase id="p" from="b"><active pattern="q"/></phase>
            <pattern id="q"><rule context="a"><report test="true()">a</report></rule></pattern>""",
        phase="p",
        document="<r><a/><b><a/></b></r>",
        found=("a",),
    ),
    "each item visited": Case(
        body="""<pattern><rule context="@x" visit-each="tokenize(.)"><report test=". = '2'">two</report></rule></pattern>""",
        document="<a x='1 2 3 2'/>",
        found=("two", "two"),
    ),
    "an abstract rule of the same pattern": Case(
        body="""<pattern><rule abstract="true" id="t"><report test="@x">x</report></rule>
            <rule context="a"><extends rule="t"/></rule></pattern>""",
        found=("x",),
    ),
    "abstract rules of one name, each of its own pattern": Case(
        body="""<pattern><rule abstract="true" id="t"><report test="true()">one</report></rule>
            <rule context="a"><extends rule="t"/></rule></pattern>
            <pattern><rule abstract="true" id="t"><report test="true()">two</report></rule>
            <rule context="a"><extends rule="t"/></rule></pattern>""",
        found=("one", "two"),
    ),
    "an abstract rule that extends itself": Case(
        body="""<pattern><rule abstract="true" id="t"><extends rule="t"/></rule><rule context="a"><extends rule="t"/></rule>
            </pattern>""",
        found=ERROR,
    ),
    "parameters reach rules, variables, messages and diagnostics": Case(
        body="""<pattern abstract="true" id="q"><let name="v" value="//$p/@x"/><rule abstract="true" id="t">
            <report test="$p" diagnostics="d">extended <name path="$p/name()"/></report></rule>
            <rule context="r"><extends rule="t"/><report test="$v = '1'"><value-of select="$p/@x"/></report></rule></pattern>
            <pattern is-a="q"><param name="p" value="a"/></pattern>
            <diagnostics><diagnostic id="d">of <value-of select="count($p)"/></diagnostic></diagnostics>""",
        found=("extended a of 1", "1"),
    ),
    "parameters have defaults": Case(
        body="""<pattern abstract="true" id="q"><param name="p" value="b"/><rule context="$p">
            <report test="true()">found</report></rule></pattern><pattern is-a="q"/>""",
        found=("found",),
    ),
    "included rules keep the bindings of their schema": Case(
        body="""<ns prefix="o" uri="urn:main"/><pattern><rule context="/"><extends href="inc.sch#t"/>
            <report test="o:r">main</report></rule></pattern>""",
        files={
            "inc.sch": """<schema xmlns="http://purl.oclc.org/dsdl/schematron"><ns prefix="o" uri="urn:other"/>
                <pattern><rule abstract="true" id="t"><report test="o:r">other</report></rule></pattern></schema>"""
        },
        document="<r xmlns='urn:other'/>",
        found=("other",),
    ),
    "includes are found beside the file that includes": Case(
        body='<pattern><rule context="a"><include href="sub/one.sch"/></rule></pattern>',
        files={
            "sub/one.sch": '<include xmlns="http://purl.oclc.org/dsdl/schematron" href="two.sch"/>',
            "sub/two.sch": """<report xmlns="http://purl.oclc.org/dsdl/schematron" test="true()">two</report>""",
        },
        found=("two",),
    ),
    "rules extended from a file that extends another": Case(
        body='<pattern><rule context="a"><extends href="sub/one.sch"/></rule></pattern>',
        files={
            "sub/one.sch": """<rule xmlns="http://purl.oclc.org/dsdl/schematron"><extends href="two.sch"/></rule>""",
            "sub/two.sch": """<rule xmlns="http://purl.oclc.org/dsdl/schematron"><report test="true()">two</report></rule>""",
        },
        found=("two",),
    ),
    "keys": Case(
        body=f"""<xsl:key {XSL} name="k" match="a" use="@x"/>
            <pattern><rule context="b"><report test="key('k', '1')">key</report></rule></pattern>""",
        found=("key",),
    ),
    "functions": Case(
        body=f"""<ns prefix="f" uri="urn:f"/><xsl:function {XSL} name="f:two"><xsl:param name="n"/>
            <xsl:sequence select="$n * 2"/></xsl:function>
            <pattern><rule context="a"><report test="f:two(@x) = 2">two</report></rule></pattern>""",
        found=("two",),
    ),
    "a declaration that would write a file": Case(
        body=f"""<ns prefix="f" uri="urn:f"/><xsl:function {XSL} name="f:w"><xsl:result-document href="out.xml"/></xsl:function>
            <pattern><rule context="a"><assert test="true()">x</assert></rule></pattern>""",
        found=ERROR,
    ),
    "a declaration that would include a style sheet": Case(
        body=f"""<xsl:include {XSL} href="other.xsl"/>
            <pattern><rule context="a"><assert test="true()">x</assert></rule></pattern>""",
        found=ERROR,
    ),
    "an assert that stands outside a rule": Case(
        body='<pattern><assert test="false()">lost</assert><rule context="a"><assert test="true()">x</assert></rule></pattern>',
        found=ERROR,
    ),
    "a misspelt element": Case(
        body='<pattern><rule context="a"><asert test="false()">lost</asert></rule></pattern>', found=ERROR
    ),
    "an included file of another language": Case(
        body='<pattern><rule context="a"><include href="page.xml"/></rule></pattern>',
        files={"page.xml": "<html/>"},
        found=ERROR,
    ),
    "current() is the node of the rule": Case(
        body="""<pattern><rule context="b"><report test="../a[@x = count(current()/preceding-sibling::*)]">current</report></rule>
            </pattern>""",
        found=("current",),
    ),
    "subordinate documents": Case(
        body="""<pattern documents="/r/@more"><rule context="s"><report test="true()">subordinate</report></rule></pattern>""",
        document="<r more='sub.xml'/>",
        files={"sub.xml": "<s/>"},
        found=("subordinate",),
    ),
    "a subordinate document outside the folder": Case(
        body="""<pattern documents="/r/@more"><rule context="s"><report test="true()">x</report></rule></pattern>""",
        document="<r more='../../etc/sub.xml'/>",
        found=ERROR,
    ),
    "XPath 1: numbers are compared as numbers": Case(
        body="""<pattern><rule context="a"><report test="@x &lt; '10'">less</report></rule></pattern>""",
        document="<a x='9'/>",
        attributes='queryBinding="xslt"',
        found=("less",),
    ),
    "XPath 2: texts are compared as texts": Case(
        body="""<pattern><rule context="a"><report test="@x &lt; '10'">less</report></rule></pattern>""",
        document="<a x='9'/>",
        attributes='queryBinding="xslt2"',
        found=(),
    ),
    "XPath 1: a message takes the first of several nodes": Case(
        body="""<pattern><rule context="r"><report test="true()"><value-of select="i"/></report></rule></pattern>""",
        document="<r><i>1</i><i>2</i></r>",
        attributes="",
        found=("1",),
    ),
    "a binding nobody knows": Case(
        body='<pattern><rule context="a"><assert test="true()">x</assert></rule></pattern>',
        attributes='queryBinding="stx"',
        found=ERROR,
    ),
    "emphasis, spans and directions are text": Case(
        body="""<pattern><rule context="a"><report test="true()">an <emph>a</emph> <span class="c">is</span> <dir value="ltr">here
            </dir></report></rule></pattern>""",
        found=("an a is here",),
    ),
}


@pytest.mark.parametrize("rewrites", [ALL_REWRITES, NO_REWRITES], ids=["optimised", "plain"])
@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_schema_says_what_the_standard_says(
    case: Case, rewrites: frozenset[Rewrite], pool: Pool, tmp_path: Path
) -> None:
    outcome = _judged(case, rewrites, pool, tmp_path)
    broken = bool(outcome.failure or outcome.problems or any(r.undecided for r in outcome.results))
    if case.found == ERROR:
        assert broken
        return
    assert not broken, (outcome.failure, outcome.problems)
    assert [r.message for r in outcome.results] == list(case.found)


def test_what_goes_beyond_the_standard_is_followed_with_a_warning(pool: Pool, tmp_path: Path) -> None:
    case = Case(
        body="""<let name="v" value="0"/><phase id="p"><pattern id="inside"><rule context="a"><report test="true()">in</report>
            </rule></pattern></phase><pattern><let name="v" value="1"/><rule abstract="true" id="t"><report test="@x">x</report>
            </rule></pattern><pattern><rule context="a"><extends rule="t"/></rule></pattern>""",
        found=("in", "x"),
    )
    outcome = _judged(case, ALL_REWRITES, pool, tmp_path)
    assert [r.message for r in outcome.results] == ["in", "x"]
    assert [w for w in outcome.warnings if "inside a phase" in w]
    assert [w for w in outcome.warnings if "hides" in w]
    assert [w for w in outcome.warnings if "other than their own" in w]


def _judged(case: Case, rewrites: frozenset[Rewrite], pool: Pool, folder: Path) -> SchOutcome:
    text = f'<schema xmlns="http://purl.oclc.org/dsdl/schematron" {case.attributes}>{case.body}</schema>'
    for name, content in {"schema.sch": text, **case.files}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content, encoding="utf-8")
    artefact = pack_of_files([folder / "schema.sch"]).artefacts[0]
    return SaxonEngine(pool, MemoryCache(), rewrites=rewrites).judge(
        artefact, case.document, phase=case.phase, folder=folder
    )
