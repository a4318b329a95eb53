"""Names that steps refer to, and the rows that come of a scenario and a SUT."""

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.model import Applies, Datum, Matrix, Scenario
from harness.runner import Row, plan_rows
from harness.runner._plan import sut_datum
from harness.runner._scope import Scope, UnresolvedError
from tests.runner.runner_bench import SUT, ref, scenario

LEAVES = st.none() | st.booleans() | st.integers() | st.text(max_size=5)
DATA = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=3).map(tuple)
        | st.dictionaries(st.text("abc", min_size=1, max_size=2), inner, max_size=3)
    ),
    max_leaves=8,
)


# --- references


def test_reference_walks_through_keys_and_indexes() -> None:
    scope = Scope({"a": {"list": ("x", {"b": 1})}})
    assert scope.look_up(ref("a.list.0")) == "x"
    assert scope.look_up(ref("a.list.1.b")) == 1


@pytest.mark.parametrize(
    ("dotted", "missing"),
    [("b", "b"), ("a.c", "c"), ("a.list.2", "2"), ("a.list.-1", "-1"), ("a.list.x", "x"), ("a.text.0", "0")],
)
def test_reference_without_value_names_the_segment_that_is_missing(dotted: str, missing: str) -> None:
    with pytest.raises(UnresolvedError) as caught:
        Scope({"a": {"list": ("x",), "text": "y"}}).look_up(ref(dotted))
    assert caught.value.missing == missing
    assert str(caught.value.reference) == f"${{{dotted}}}"


@given(DATA)
def test_data_without_references_resolve_to_themselves(data: Datum) -> None:
    assert Scope({}).resolve(data) == data


@given(DATA)
def test_reference_is_replaced_wherever_it_stands(data: Datum) -> None:
    scope = Scope({"x": data})
    assert scope.resolve({"k": (ref("x"), {"deep": ref("x")})}) == {"k": (data, {"deep": data})}


def test_fragment_sees_what_every_row_has_and_its_inputs_only() -> None:
    outer = Scope({"given": {"patient": "p"}, "row": {}, "sut": {}})
    outer.set("secret", 1)
    inner = outer.inner({"input": 2}, "3")
    assert inner.look_up(ref("given.patient")) == "p"
    assert inner.look_up(ref("input")) == 2
    with pytest.raises(UnresolvedError):
        inner.look_up(ref("secret"))
    inner.set("own", 3)
    with pytest.raises(UnresolvedError):
        outer.look_up(ref("own"))
    assert inner.key("a") != outer.key("a")


# --- rows


def fit(**more: object) -> Scenario:
    return scenario(applies=Applies(profile="discovery", sut="ncpeh-a"), **more)


def planned(*scenarios: Scenario) -> list[tuple[str, str | None, bool]]:
    return [(row.id, row.row, bool(row.blocked)) for row in plan_rows(scenarios, SUT)]


def test_scenario_without_matrix_is_one_row() -> None:
    assert planned(fit()) == [("T-SCENARIO", None, False)]


def test_scenario_for_a_role_that_the_system_does_not_play_keeps_a_row_that_says_so() -> None:
    (row,) = plan_rows([scenario(applies=Applies(profile="discovery", sut="ncpeh-b"))], SUT)
    assert "ncpeh-b" in row.blocked


def test_written_matrix_gives_a_row_each_with_its_name() -> None:
    rows = plan_rows([fit(matrix=Matrix(rows=({"row": "one", "x": 1}, {"x": 2})))], SUT)
    assert [(r.id, r.row, r.values["x"]) for r in rows] == [("T-SCENARIO[one]", "one", 1), ("T-SCENARIO[2]", "2", 2)]


def test_matrix_takes_its_rows_from_the_sut_file() -> None:
    rows = plan_rows([fit(matrix=Matrix(source=ref("sut.data.documents")))], SUT)
    assert [(r.id, r.values["id"]) for r in rows] == [("T-SCENARIO[first]", "1"), ("T-SCENARIO[second]", "2")]


def test_matrix_of_plain_values_is_called_value() -> None:
    sut = replace(SUT, data={"codes": ("a", "b")})
    rows = plan_rows([fit(matrix=Matrix(source=ref("sut.data.codes")))], sut)
    assert [r.values for r in rows] == [{"value": "a"}, {"value": "b"}]


@pytest.mark.parametrize("name", ["sut.data.empty", "sut.data.absent", "sut.system.name"])
def test_matrix_without_rows_is_blocked_and_says_where_they_were_looked_for(name: str) -> None:
    (row,) = plan_rows([fit(matrix=Matrix(source=ref(name)))], SUT)
    assert row.id == "T-SCENARIO"
    assert f"${{{name}}}" in row.blocked


def test_written_matrix_may_refer_to_the_sut_file() -> None:
    (row,) = plan_rows([fit(matrix=Matrix(rows=({"system": ref("sut.system.name")},)))], SUT)
    assert row.values == {"system": "Exemple NCPeH"}
    (blocked,) = plan_rows([fit(matrix=Matrix(rows=({"x": ref("sut.data.absent")},)))], SUT)
    assert "${sut.data.absent}" in blocked.blocked


def test_rows_of_one_name_stay_apart() -> None:
    sut = replace(SUT, data={"documents": ({"row": "same"}, {"row": "same"}, {"row": "other"})})
    rows = plan_rows([fit(matrix=Matrix(source=ref("sut.data.documents")))], sut)
    assert len({r.id for r in rows}) == 3


def test_order_of_scenarios_is_kept() -> None:
    assert [r[0] for r in planned(fit(id="B"), fit(id="A"))] == ["B", "A"]


def test_sut_offers_identity_actors_and_patients() -> None:
    patient = replace(SUT.patients["pt-nominal"], birth=date(1979, 3, 14))
    scope = Scope({"sut": sut_datum(replace(SUT, patients={"pt-nominal": patient}))})
    assert scope.look_up(ref("sut.patients.pt-nominal.ids.0.cx")) == "P-1^^^&2.999.1&ISO"
    assert scope.look_up(ref("sut.patients.pt-nominal.birth")) == "1979-03-14"
    assert scope.look_up(ref("sut.actors.ncpeh-a.home_community")) == "urn:oid:2.999.250"


def test_row_is_a_value() -> None:
    one, other = plan_rows([fit()], SUT), plan_rows([fit()], SUT)
    assert one == other
    assert isinstance(one[0], Row)
