"""Bytes of a hostile system: shown, never obeyed, and never a reason to stop."""

import time
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.model import HttpRecord, Localized, Location, RequirementResult, Run, TriggerOutcome, Verdict, visible
from harness.report import _body, _shown, render_html, render_junit
from tests.report.pages import pages, tree, values
from tests.report.sample_run import SHALL_FINDING, asked, exchange, http, make_run, row, step

ATTACK = (
    "<script>alert(1)</script><img src=x onerror=alert(2)>\"'><svg onload=alert(3)>"
    "{{ 7*7 }}{% raw %}\x00\x1b[31m\u202eevil\ud800"
)


def attacked() -> Run:
    """A run in which every text and every byte is the attack."""
    body = ATTACK.encode("utf-8", "replace")
    record = HttpRecord(
        raw=body,
        body=body,
        start_line=f"HTTP/1.1 200 {ATTACK}",
        headers=(("Content-Type", f"text/xml{ATTACK}"), (ATTACK, ATTACK)),
    )
    x = replace(exchange(1, "ITI-38", asked(body), record), id=ATTACK, transaction=ATTACK, altered=(ATTACK,))
    finding = replace(
        SHALL_FINDING,
        at=Location(message="response", xpath=ATTACK, line=1, column=5),
        expected=ATTACK,
        found=ATTACK,
        message=ATTACK,
        requirement=ATTACK,
        rule=ATTACK,
        source=ATTACK,
        next=ATTACK,
        excerpt=ATTACK,
        test=ATTACK,
        deviation=ATTACK,
    )
    said = Localized(en=ATTACK, fr=ATTACK)
    bad = step(
        ATTACK, ATTACK, said, Verdict.FAIL, findings=(finding,), exchanges=(ATTACK,), reason=ATTACK, expected=ATTACK
    )
    whole = row(
        1,
        said,
        Verdict.FAIL,
        id=ATTACK,
        scenario=ATTACK,
        row=ATTACK,
        profile=ATTACK,
        reason=ATTACK,
        tags=(ATTACK,),
        covers=(ATTACK,),
        source=ATTACK,
        exchanges=(x,),
        steps=(bad,),
        requirements=(RequirementResult(id=ATTACK, verdict=Verdict.FAIL, findings=(finding,)),),
        triggers=(TriggerOutcome(kind=ATTACK, ok=False, shown=ATTACK, detail=ATTACK),),
    )
    return make_run(id=ATTACK, kind=ATTACK, rows=(whole,), sut_actors=(ATTACK,), faults=(ATTACK,), bundled_system=True)


def test_no_page_contains_markup_from_the_system(reports: Path, tmp_path: Path) -> None:
    render_html(attacked(), tmp_path, templates=reports, lang="en")
    for page in pages(tmp_path):
        source = page.read_text(encoding="utf-8")
        root = tree(page)
        assert values(root, "//script/@src") == [f"{'../' if page.parent != tmp_path else ''}assets/report.js"]
        assert not values(root, "//img/@src")
        assert not values(root, "//@*[starts-with(name(), 'on')]")
        assert "<script>alert" not in source
        assert "{{ 7*7 }}" in source or "7*7" not in source
        assert not any(c in source for c in "\x00\x1b\u202e")
        assert "harness · script-alert" in source.partition("@page")[2].partition("</style>")[0]


def test_control_characters_appear_as_pictures() -> None:
    assert visible("a\x00b\u202ec\td\n") == "a\u2400b\u27e8U+202E\u27e9c\td\n"


def test_junit_of_an_attacked_run_is_well_formed() -> None:
    assert b"<script>" not in render_junit(attacked())


def _timed(data: bytes) -> float:
    before = time.perf_counter()
    _shown.listing(_shown.decoded(data))
    return time.perf_counter() - before


@pytest.mark.parametrize(
    "unit",
    ["<!--", "<a", "<a>", "<![CDATA[", "<?", 'a="', "a='b\"", "a = ", "<a b='", "]]>", "--><!--", "\u00e9", "A"],
    ids=[
        "comments",
        "names",
        "tags",
        "cdata",
        "pi",
        "quotes",
        "mixed",
        "spaces",
        "open",
        "ends",
        "turns",
        "accents",
        "base64",
    ],
)
def test_a_huge_line_of_half_open_markup_is_shown_in_linear_time(unit: str) -> None:
    data = unit.encode() * (200_000 // len(unit))
    assert _timed(data) < 3
    assert len(_shown.listing(data.decode()).lines) <= _shown.MAX_LINES


def test_a_huge_message_stays_a_small_page(run: Run, reports: Path, tmp_path: Path) -> None:
    body = b"<list>\n" + b"<item>x</item>\n" * 60_000 + b"</list>"
    late = replace(SHALL_FINDING, at=Location(message="response", line=30_000, column=1))
    big = row(
        1,
        Localized(en="Big"),
        Verdict.FAIL,
        exchanges=(exchange(1, "ITI-38", asked(b"<a/>"), http(body)),),
        steps=(step("s", "send", Localized(en="Big"), Verdict.FAIL, exchanges=("x0001",), findings=(late,)),),
    )
    render_html(replace(run, rows=(big,)), tmp_path, templates=reports, lang="en")
    page = tmp_path / "exchanges" / "x0001.html"
    assert page.stat().st_size < 120_000
    assert values(tree(page), "//*[@id='R30000']/@data-n") == ["30000"]


@settings(max_examples=60, deadline=None)
@given(
    st.binary(max_size=400),
    st.sampled_from(["text/xml", "multipart/related; boundary=b", "multipart/x; boundary=", ""]),
)
def test_any_bytes_can_be_opened_and_listed(data: bytes, kind: str) -> None:
    record = HttpRecord(raw=data, body=data, start_line="HTTP/1.1 200 OK", headers=(("Content-Type", kind),))
    parts = _body.parts(record)
    _body.documents(parts)
    _body.gist(_body.parsed(_body.root_part(parts).content))
    lines = _shown.listing(_shown.decoded(data)).lines
    shown = "".join(p.text for line in lines for p in line.pieces)
    assert shown == "".join(_shown.decoded(data).replace("\r\n", "\n").split("\n"))


@pytest.mark.parametrize(
    "body", [b"", b"\xff\xfe<", b"<a>" * 500, b"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", b"%PDF-1.7\x00"]
)
def test_a_body_that_cannot_be_read_is_still_a_page(body: bytes, run: Run, reports: Path, tmp_path: Path) -> None:
    odd = row(1, Localized(en="Odd"), Verdict.PASS, exchanges=(exchange(1, "ITI-39", asked(body), http(body)),))
    render_html(replace(run, rows=(odd,)), tmp_path, templates=reports, lang="en")
    assert (tmp_path / "exchanges" / "x0001.html").is_file()
