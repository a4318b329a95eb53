"""A scenario as the runner reads it: steps, references, rows. Positions are kept for messages."""

from collections.abc import Mapping
from dataclasses import dataclass

from harness.errors import Mark
from harness.model.temperament import Temperament
from harness.model.text import Localized


@dataclass(frozen=True, slots=True)
class Reference:
    """`${dotted.path}`, resolved when the step runs; segments are keys or list indexes."""

    path: tuple[str, ...]

    def __str__(self) -> str:
        return "${" + ".".join(self.path) + "}"


type Value = str | int | float | bool | None | Reference | tuple["Value", ...] | Mapping[str, "Value"]
"""A node of a scenario file; resolved, it holds no Reference (then it is a Datum)."""

type Datum = str | int | float | bool | None | tuple["Datum", ...] | Mapping[str, "Datum"]


@dataclass(frozen=True, slots=True, kw_only=True)
class StepBase:
    """What every step has. `path` is stable within a row: `0`, `2`, `3.1` (second step of group 3)."""

    path: str
    at: Mark
    title: Localized | None = None
    covers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Send(StepBase):
    """Our peer asks the SUT. `with_` are the arguments of the transaction, `mutate` names alterations."""

    transaction: str
    with_: Mapping[str, Value]
    mutate: tuple[str, ...] = ()
    within_s: float = 30.0
    save: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What our peer answers to a received request: its ordinary answer, worsened by `faults` (named, catalogued)."""

    with_: Mapping[str, Value]
    faults: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Receive(StepBase):
    """The SUT asks our peer; its request may have come before the step starts.

    `none` demands that none comes; `optional` is content either way (a repetition that is allowed, not required).
    `service` narrows a metadata lookup to one of METADATA_SERVICES; our SMP answers by itself, as the row's `given` says.
    """

    transaction: str
    within_s: float = 30.0
    save: str | None = None
    reply: Reply | None = None
    none: bool = False
    optional: bool = False
    service: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Alternative:
    """One acceptable outcome: all `outcomes` (word of the closed table -> wanted value) must hold."""

    outcomes: Mapping[str, Value]
    grade: str = "strict"


@dataclass(frozen=True, slots=True, kw_only=True)
class Expect(StepBase):
    """The exchange saved as `of` ended in one of `any`; met by a tolerated one = warning, by none = fail."""

    of: str
    any: tuple[Alternative, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class That:
    """A comparison: `operator` is one of equals, in, matches, exists, count, before, after, contains."""

    value: Value
    operator: str
    operand: Value


@dataclass(frozen=True, slots=True, kw_only=True)
class SameAs:
    """Two values are the same; a difference shows both."""

    value: Value
    other: Value


@dataclass(frozen=True, slots=True, kw_only=True)
class Validate:
    """What lies in saved exchange `of` is valid: its documents (`document` = index, all when None) or its `message`
    (request or response), against the artefacts of the packs (`as_` coordinate, or `auto`)."""

    of: str
    what: str = "documents"
    document: Value = None
    as_: str = "auto"


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """The system sent an audit record of `event` (a word of AUDIT_EVENTS) as `of`, about the saved exchange `about` or,
    when None, the latest one that the event belongs to; it is waited for up to `within_s`."""

    event: str
    of: str
    within_s: float = 60.0
    about: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Check(StepBase):
    """A judgement that is not the outcome of an exchange."""

    test: That | SameAs | Validate | Audit
    level: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Trigger(StepBase):
    """Make the SUT act: `with_` is what its user would enter; how is said in the SUT file."""

    operation: str
    with_: Mapping[str, Value]
    within_s: float = 30.0
    save: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SetValues(StepBase):
    values: Mapping[str, Value]


@dataclass(frozen=True, slots=True, kw_only=True)
class Note(StepBase):
    text: Localized


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop(StepBase):
    """End the row here, as it stands, giving `reason`."""

    reason: Localized


@dataclass(frozen=True, slots=True, kw_only=True)
class Group(StepBase):
    """Steps under one heading. A `use` becomes a Group with `fragment`, `inputs` (bound on entry, visible only inside)
    and `outputs` (name outside -> reference inside, bound on leaving under `save`). With `at_once` its steps are requests
    that go out together; they are judged in their order."""

    steps: tuple["Step", ...]
    at_once: bool = False
    fragment: str | None = None
    inputs: Mapping[str, Value] | None = None
    outputs: Mapping[str, Value] | None = None
    save: str | None = None


type Step = Send | Receive | Expect | Check | Trigger | SetValues | Note | Stop | Group


@dataclass(frozen=True, slots=True, kw_only=True)
class Matrix:
    """Rows that multiply a scenario: written out (`rows`), or taken from a reference into the SUT file (`source`)."""

    rows: tuple[Mapping[str, Value], ...] = ()
    source: Reference | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Applies:
    """Where a scenario makes sense; `sut` is ncpeh-a, ncpeh-b or practitioner-software."""

    profile: str
    sut: str
    wave: tuple[int, ...] = ()
    options: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """One YAML file. `covers` are the requirement ids it speaks about as a whole; `digest` is the sha-256 of its file
    and of every fragment and temperament it uses, in hexadecimal. `temperament` is the one that `given` names."""

    id: str
    title: Localized
    at: Mark
    digest: str
    applies: Applies
    covers: tuple[str, ...]
    steps: tuple[Step, ...]
    description: Localized | None = None
    given: Mapping[str, Value] | None = None
    matrix: Matrix | None = None
    priority: int = 2
    tags: tuple[str, ...] = ()
    temperament: Temperament | None = None


def walk(steps: tuple[Step, ...]) -> tuple[Step, ...]:
    """All steps in document order, groups before what is in them."""
    out: list[Step] = []
    for step in steps:
        out.append(step)
        if isinstance(step, Group):
            out.extend(walk(step.steps))
    return tuple(out)
