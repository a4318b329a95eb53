"""Reading a library and choosing from it."""

import hashlib
from datetime import date
from pathlib import Path

import pytest

from harness.errors import InputError, ScenarioError
from harness.model import (
    Alternative,
    Check,
    Expect,
    Group,
    Level,
    Receive,
    Reference,
    Reply,
    SameAs,
    Send,
    SetValues,
    Stop,
    That,
    Trigger,
    Validate,
    walk,
)
from harness.packs import Library, bundled_data, lint, load_library, load_population, load_scenarios, select


def test_scenarios_stand_in_the_order_of_their_paths(library: Library) -> None:
    assert [s.id for s in library.scenarios] == ["XCPD-A-ONE", "XCPD-A-TWO"]
    assert str(library.scenarios[0].at) == "library/xcpd/one.yaml:1:1"
    assert set(library.sources) == {
        "library/fragments/identify.yaml",
        "library/xcpd/one.yaml",
        "library/xcpd/two.yaml",
    }


def test_catalogue_carries_levels_sources_and_deviations(library: Library) -> None:
    requirement = library.requirements["XCPD-A-002"]
    assert requirement.level is Level.SHOULD
    assert requirement.inferred
    assert requirement.group == "XCPD-A"
    assert requirement.sources == ("Example handbook: chapter 1",)
    assert library.catalogue.deviations["DEV-01"].requirements == ("XCPD-A-001",)
    assert library.catalogue.mutations["http.body.chunked"].conformant
    assert not library.catalogue.mutations["saml.hcp.expired"].conformant


def test_population_keeps_identifiers_as_they_are_written(library: Library, files: Path) -> None:
    population = library.populations["small"]
    assert population.patients["pt-nominal"].ids[0].extension == "0012"
    assert population.patients["pt-second"].ids[0].extension == "2.10"
    assert population.patients["pt-nominal"].birth == date(1979, 3, 14)
    assert population.practitioners["physician"].role_code == "221"
    assert population.documents[0].content == (files / "library" / "document.xml").read_bytes()
    assert load_population(files / "library" / "population.yaml") == population


def test_used_fragment_becomes_a_group_with_inputs_and_outputs(library: Library) -> None:
    group = library.scenarios[0].steps[0]
    assert isinstance(group, Group)
    assert group.fragment == "identify"
    assert group.inputs == {"patient": Reference(("given", "patient"))}
    assert group.outputs == {"answer": Reference(("found",)), "id": Reference(("found", "patient_id"))}
    assert group.save == "done"
    assert [s.path for s in group.steps] == ["0.0", "0.1"]
    assert group.steps[0].at.file == "library/fragments/identify.yaml"


def test_digest_covers_the_file_and_every_fragment_behind_it(library: Library) -> None:
    one, two = library.scenarios
    source = library.sources["library/xcpd/one.yaml"] + library.sources["library/fragments/identify.yaml"]
    assert one.digest == hashlib.sha256(source).hexdigest()
    assert two.digest == hashlib.sha256(library.sources["library/xcpd/two.yaml"]).hexdigest()


def test_every_verb_arrives_in_the_model(library: Library, files: Path) -> None:
    (scenario,) = load_scenarios([files / "ok" / "every-verb.yaml"], library)
    steps = {s.path: s for s in walk(scenario.steps)}
    assert scenario.applies.wave == (8,)
    assert scenario.matrix is not None
    assert scenario.matrix.rows[0] == {"row": "by-id", "by": "id"}
    assert steps["1"] == SetValues(
        path="1", at=steps["1"].at, values={"who": Reference(("given", "patient")), "limit": 500}
    )
    send = steps["2"]
    assert isinstance(send, Send)
    assert (send.within_s, send.mutate, send.covers) == (0.5, ("saml.hcp.expired",), ("XCPD-A-002",))
    assert send.title is not None
    assert send.title.fr == "Demander"
    shorthand, listed = steps["3"], steps["4"]
    assert isinstance(shorthand, Expect)
    assert shorthand.any == (
        Alternative(outcomes={"http_status": ("2xx", 400), "patients": {"min": 0, "max": 2}}, grade="tolerated"),
    )
    assert isinstance(listed, Expect)
    assert [a.grade for a in listed.any] == ["strict", "tolerated"]
    assert listed.covers == ("SAML-HCP-001",)
    that, same, valid, null = (steps[f"6.{i}"] for i in range(4))
    assert isinstance(that, Check)
    assert that.test == That(value=Reference(("done", "id", "extension")), operator="in", operand=("a", "b"))
    assert that.level == "warning"
    assert isinstance(same, Check)
    assert isinstance(same.test, SameAs)
    assert isinstance(valid, Check)
    assert valid.test == Validate(of="answer", what="message")
    assert isinstance(null, Check)
    assert null.test == That(value=Reference(("limit",)), operator="equals", operand=None)
    assert isinstance(steps["7"], Stop)


def test_waiting_steps_arrive_in_the_model(library: Library, files: Path) -> None:
    (scenario,) = load_scenarios([files / "ok" / "country-b.yaml"], library)
    trigger, inside, beside, none = scenario.steps[:4]
    assert scenario.matrix is not None
    assert scenario.matrix.source == Reference(("sut", "data", "documents"))
    assert isinstance(trigger, Trigger)
    assert (trigger.operation, trigger.within_s) == ("retrieve", 120.0)
    assert isinstance(inside, Receive)
    assert inside.reply == Reply(with_={}, faults=("answer.slow",))
    assert isinstance(beside, Receive)
    assert beside.reply == Reply(with_={"patient": Reference(("given", "patient"))})
    assert isinstance(none, Receive)
    assert none.none
    assert none.reply is None


def test_nothing_asked_selects_everything(library: Library) -> None:
    assert select(library, ()) == library.scenarios


@pytest.mark.parametrize(
    ("argument", "ids"),
    [("XCPD-A-TWO", ["XCPD-A-TWO"]), ("identification", ["XCPD-A-ONE"]), ("negative", ["XCPD-A-TWO"])],
    ids=["by id", "by tag", "by another tag"],
)
def test_arguments_select_by_id_then_by_tag(library: Library, argument: str, ids: list[str]) -> None:
    assert [s.id for s in select(library, [argument])] == ids


def test_a_scenario_named_several_times_is_selected_once(library: Library, files: Path) -> None:
    path = str(files / "library" / "xcpd" / "two.yaml")
    assert [s.id for s in select(library, ["negative", "XCPD-A-TWO", path])] == ["XCPD-A-TWO"]


def test_a_folder_selects_what_is_below_it(library: Library, files: Path) -> None:
    assert [s.id for s in select(library, [str(files / "library")])] == ["XCPD-A-ONE", "XCPD-A-TWO"]


def test_a_file_from_outside_is_read_with_the_fragments_of_the_library(library: Library, files: Path) -> None:
    found = select(library, ["positive", str(files / "ok" / "every-verb.yaml")])
    assert [s.id for s in found] == ["XCPD-A-ONE", "XCPD-A-EVERY-VERB"]


def test_a_path_comes_before_an_id(
    library: Library, files: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "XCPD-A-ONE").write_bytes((files / "ok" / "country-b.yaml").read_bytes())
    monkeypatch.chdir(tmp_path)
    assert [s.id for s in select(library, ["XCPD-A-ONE"])] == ["XCPD-B-ASKS"]


def test_an_argument_that_names_nothing_is_an_input_error_with_the_nearest_name(library: Library) -> None:
    with pytest.raises(InputError) as caught:
        select(library, ["XCPD-A-TOW", "zzz"])
    first, second = sorted(caught.value.problems, key=lambda p: p.option or "")
    assert (first.option, first.hint) == ("XCPD-A-TOW", "did you mean 'XCPD-A-TWO'?")
    assert (second.option, second.hint) == ("zzz", None)


def test_a_library_with_mistakes_reports_all_files_at_once(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("scenario: A\n", encoding="utf-8")
    (tmp_path / "b.yaml").write_text("", encoding="utf-8")
    with pytest.raises(ScenarioError) as caught:
        load_library(tmp_path)
    assert {p.at.file for p in caught.value.problems if p.at} == {f"{tmp_path.name}/a.yaml", f"{tmp_path.name}/b.yaml"}


def test_an_id_given_twice_is_located(tmp_path: Path) -> None:
    text = (
        "scenario: SAME\ntitle: {en: Same, fr: Même}\napplies: {profile: audit, sut: ncpeh-a}\n"
        "steps: [{note: {en: Nothing, fr: Rien}}]\n"
    )
    (tmp_path / "a.yaml").write_text(text, encoding="utf-8")
    (tmp_path / "b.yaml").write_text("# comment\n" + text, encoding="utf-8")
    with pytest.raises(ScenarioError) as caught:
        load_library(tmp_path)
    (problem,) = caught.value.problems
    assert problem.code == "E211"
    assert str(problem.at) == f"{tmp_path.name}/b.yaml:2:11"
    assert problem.hint == f"first given in {tmp_path.name}/a.yaml, line 1"


def test_fragments_beside_a_file_from_outside_are_found(library: Library, tmp_path: Path) -> None:
    (tmp_path / "fragments").mkdir()
    (tmp_path / "fragments" / "mine.yaml").write_text(
        "fragment: mine\ntitle: {en: Mine, fr: Le mien}\nsteps: [{note: {en: Nothing, fr: Rien}}]\n", encoding="utf-8"
    )
    path = tmp_path / "a.yaml"
    path.write_text(
        "scenario: OUTSIDE\ntitle: {en: Outside, fr: Dehors}\napplies: {profile: audit, sut: ncpeh-a}\n"
        "steps: [{use: {fragment: mine}}]\n",
        encoding="utf-8",
    )
    (scenario,) = select(library, [str(path)])
    assert isinstance(scenario.steps[0], Group)
    assert [p.code for p in lint([path], library)] == ["W606"]


def test_a_file_that_is_no_scenario_cannot_be_selected(library: Library, files: Path) -> None:
    with pytest.raises(ScenarioError) as caught:
        select(library, [str(files / "ok" / "sut.yaml")])
    assert [p.code for p in caught.value.problems] == ["E112"]


def test_a_name_too_long_for_a_path_names_nothing(library: Library) -> None:
    with pytest.raises(InputError):
        select(library, ["x" * 5000])


def test_bundled_data_holds_the_three_folders() -> None:
    assert {"scenarios", "schemas", "reports"} <= {p.name for p in bundled_data().iterdir()}
