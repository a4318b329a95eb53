"""Small facts about steps and rows: names of verbs, titles where a scenario gives none, references inside a step."""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from datetime import datetime

from harness.model import (
    TRANSACTIONS,
    Check,
    Expect,
    Finding,
    Group,
    Localized,
    Note,
    Receive,
    Reference,
    Requirement,
    RowResult,
    SameAs,
    Send,
    SetValues,
    State,
    Step,
    Stop,
    That,
    Trigger,
    Value,
    Verdict,
)
from harness.runner._plan import Row
from harness.runner._verdicts import graded

VERB_OF: Mapping[type[object], str] = {
    Send: "send",
    Receive: "receive",
    Expect: "expect",
    Check: "check",
    Trigger: "trigger",
    SetValues: "set",
    Note: "note",
    Stop: "stop",
    Group: "group",
}


def empty_result(row: Row, started: datetime | None) -> RowResult:
    """The result of `row` before anything was done: planned, not_run."""
    scenario = row.scenario
    return RowResult(
        id=row.id,
        scenario=scenario.id,
        row=row.row,
        title=scenario.title,
        profile=scenario.applies.profile,
        sut_actor=scenario.applies.sut,
        state=State.PLANNED,
        verdict=Verdict.NOT_RUN,
        tags=scenario.tags,
        priority=scenario.priority,
        covers=scenario.covers,
        started_at=started,
        source=scenario.at.file,
        source_line=scenario.at.line,
        digest=scenario.digest,
    )


def default_title(step: Step) -> Localized:
    """What a step is called when its author gave no title."""
    match step:
        case Send():
            name = f"{step.transaction} {TRANSACTIONS[step.transaction].name}"
            return Localized(en=f"Ask the system: {name}", fr=f"Interroger le système : {name}")
        case Receive(none=True):
            return Localized(
                en=f"No {step.transaction} request may come", fr=f"Aucune requête {step.transaction} ne doit arriver"
            )
        case Receive():
            return Localized(en=f"Receive {step.transaction} and answer", fr=f"Recevoir {step.transaction} et répondre")
        case Expect():
            return Localized(en=f"Outcome of “{step.of}”", fr=f"Issue de « {step.of} »")
        case Trigger():
            return Localized(
                en=f"Make the system act: {step.operation}", fr=f"Faire agir le système : {step.operation}"
            )
        case Check(test=That() as that):
            return Localized(en=f"Check {text_of(that.value)}", fr=f"Vérifier {text_of(that.value)}")
        case Check(test=SameAs()):
            return Localized(en="Compare two values", fr="Comparer deux valeurs")
        case Check():
            return Localized(en="Validate against the packs", fr="Valider avec les paquets de règles")
        case SetValues():
            names = ", ".join(step.values)
            return Localized(en=f"Set {names}", fr=f"Poser {names}")
        case Note():
            return step.text
        case Stop():
            return step.reason
        case Group():
            return Localized(en="Group", fr="Groupe")


def reference(dotted: str) -> Reference:
    """The reference `${dotted}`."""
    return Reference(tuple(dotted.split(".")))


def text_of(value: Value) -> str:
    """`value` on one line, as a scenario author would write it."""
    if isinstance(value, tuple):
        return "[" + ", ".join(text_of(v) for v in value) + "]"
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{k}: {text_of(v)}" for k, v in value.items()) + "}"
    if isinstance(value, bool):
        return "true" if value else "false"
    return "nothing" if value is None else str(value)


def names_in(node: object) -> frozenset[str]:
    """First segments of all references inside a step or value."""
    if isinstance(node, Reference):
        return frozenset({node.path[0]})
    if isinstance(node, Mapping):
        return frozenset().union(*(names_in(v) for v in node.values()))
    if isinstance(node, tuple):
        return frozenset().union(*(names_in(v) for v in node))
    if is_dataclass(node) and not isinstance(node, type):
        return frozenset().union(*(names_in(getattr(node, f.name)) for f in fields(node)))
    return frozenset()


def under(finding: Finding, requirement: str, catalogue: Mapping[str, Requirement]) -> Finding:
    """`finding` attributed to the one requirement its step covers; severity stays as it is."""
    return graded(replace(finding, requirement=requirement), catalogue)
