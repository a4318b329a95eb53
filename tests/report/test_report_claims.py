"""The summary shows what was claimed and what came of it."""

from dataclasses import replace
from pathlib import Path

import pytest
from lxml import etree

from harness.model import Claim, Run, Statement, Verdict
from harness.report import render_html, render_junit
from tests.report.pages import find, text, tree
from tests.report.sample_run import make_run


@pytest.fixture(scope="module")
def claimed() -> Statement:
    claims = (
        Claim(profile="patient-summary", actor="ncpeh-a", wave=8, options=("level-1",)),
        Claim(profile="orcd-image", actor="ncpeh-a", wave=8),
    )
    return Statement(system=make_run().system, claims=claims, digest="d" * 64)


def lines(folder: Path, name: str) -> list[str]:
    return [text(row) for row in find(tree(folder / name), "//*[@aria-labelledby='claims']//tbody/tr")]


def test_each_claim_stands_with_the_verdict_of_its_rows(
    run: Run, claimed: Statement, reports: Path, tmp_path: Path
) -> None:
    mine = [r for r in run.rows if r.profile == "patient-summary" and r.sut_actor == "ncpeh-a"]
    assert any(r.verdict is Verdict.FAIL for r in mine)
    render_html(replace(run, statement=claimed), tmp_path, templates=reports, lang="en")
    first, second, *_ = lines(tmp_path, "index.html")
    assert first.startswith("fail")
    assert "level-1" in first
    assert "not tested" in second
    assert "pass" not in second
    assert "non testé" in lines(tmp_path, "index.fr.html")[1]


def test_a_run_without_statement_shows_none(rendered: Path) -> None:
    assert not lines(rendered, "index.html")


def test_junit_names_the_claims(run: Run, claimed: Statement) -> None:
    root = etree.fromstring(render_junit(replace(run, statement=claimed)))
    properties = {p.get("name"): p.get("value") for p in root.iter("property")}
    assert properties["claim:ncpeh-a:patient-summary"] == "8 level-1"
    assert properties["statement"] == "d" * 64
