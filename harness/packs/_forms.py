"""What a scenario or fragment file may look like; only the shape, words and references are judged elsewhere."""

from typing import Annotated, Any, Self

from pydantic import (
    AfterValidator,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    WithJsonSchema,
    model_validator,
)

from harness.model import (
    AUDIT_EVENTS,
    LATER_VERBS,
    METADATA_SERVICES,
    OPERATORS,
    PROFILES,
    SUT_ACTORS,
    TRANSACTIONS,
    TRIGGER_OPERATIONS,
    VERBS,
)
from harness.packs._fields import Duration, Form, Free, Id, LocalizedText, Name, Names, Text, nearest, problem, word_of

CHECK_WORDS = ("that", "same_as", "validate", "audit")
AUDIT_KEYS = ("of", "within", "about")
"""Keys of a check that belong to its `audit`."""
LEVELS = ("error", "warning", "information")
RESERVED_NAMES = ("given", "row", "sut")

Profile = Annotated[
    Text, AfterValidator(word_of(PROFILES, "profile")), Field(json_schema_extra={"enum": list(PROFILES)})
]
SutActorName = Annotated[
    Text, AfterValidator(word_of(SUT_ACTORS, "actor")), Field(json_schema_extra={"enum": list(SUT_ACTORS)})
]
TransactionId = Annotated[Text, Field(json_schema_extra={"enum": sorted(TRANSACTIONS)})]
Level = Annotated[Text, AfterValidator(word_of(LEVELS, "level")), Field(json_schema_extra={"enum": list(LEVELS)})]
AuditEventName = Annotated[
    Text,
    AfterValidator(word_of(tuple(AUDIT_EVENTS), "audit event")),
    Field(json_schema_extra={"enum": list(AUDIT_EVENTS)}),
]
Waves = Annotated[
    tuple[Annotated[int, Field(ge=1, le=99)], ...],
    BeforeValidator(lambda v: [v] if isinstance(v, int) else v),
    WithJsonSchema({"oneOf": [{"type": "integer"}, {"type": "array", "items": {"type": "integer"}}]}),
]


class AppliesForm(Form):
    profile: Profile
    sut: SutActorName
    wave: Waves = ()
    options: Names = ()


class SendForm(Form):
    transaction: TransactionId
    with_: dict[str, Free] = Field(default={}, alias="with")
    mutate: Names = ()
    within: Duration = 30.0
    save: Name | None = None


class ReplyForm(Form):
    with_: dict[str, Free] = Field(default={}, alias="with")
    faults: Names = ()


class ReceiveForm(Form):
    transaction: TransactionId
    within: Duration = 30.0
    save: Name | None = None
    reply: ReplyForm | None = None
    none: bool = False
    optional: bool = False
    service: (
        Annotated[
            Text,
            AfterValidator(word_of(METADATA_SERVICES, "service")),
            Field(json_schema_extra={"enum": list(METADATA_SERVICES)}),
        ]
        | None
    ) = None


class ExpectForm(Form):
    """`any` with alternatives, or the outcome words of the only alternative written directly."""

    model_config = ConfigDict(extra="allow", frozen=True)

    of: Name
    any: Annotated[tuple[dict[str, Any], ...], Field(min_length=1)] | None = None
    covers: Names = ()


class ThatForm(Form):
    value: Free
    equals: Free = None
    in_: list[Free] | Text | None = Field(default=None, alias="in")
    matches: Text | None = None
    exists: bool | None = None
    count: Annotated[int, Field(ge=0)] | Text | None = None
    before: Text | None = None
    after: Text | None = None
    contains: Free = None

    @model_validator(mode="after")
    def _one_operator(self) -> Self:
        if len(self.model_fields_set - {"value"}) != 1:
            raise problem("E208", "a comparison has exactly one operator", expected=OPERATORS)
        return self


class SameAsForm(Form):
    value: Free
    other: Free


class ValidateForm(Form):
    of: Name
    what: Annotated[
        Text,
        AfterValidator(word_of(("documents", "message"), "thing to validate")),
        Field(json_schema_extra={"enum": ["documents", "message"]}),
    ] = "documents"
    document: Annotated[int, Field(ge=0)] | Text | None = None
    as_: Text = Field(default="auto", alias="as")


class CheckForm(Form):
    that: ThatForm | None = None
    same_as: SameAsForm | None = None
    validate_: ValidateForm | None = Field(default=None, alias="validate")
    audit: AuditEventName | None = None
    of: SutActorName | None = None
    within: Duration = 60.0
    about: Name | None = None
    covers: Names = ()
    level: Level | None = None

    @model_validator(mode="before")
    @classmethod
    def _one_test(cls, data: object) -> object:
        if isinstance(data, dict):
            known = {*CHECK_WORDS, *AUDIT_KEYS, "covers", "level"}
            if sum(w in data for w in CHECK_WORDS) != 1 and not set(data) - known:
                raise problem("E207", "a check has exactly one test", expected=CHECK_WORDS)
            beside = [w for w in AUDIT_KEYS if w in data]
            if beside and "audit" not in data and not set(data) - known:
                raise problem("E212", f"{beside[0]!r} belongs to a check of `audit`", hint="leave it out")
            if "audit" in data and "of" not in data:
                raise problem(
                    "E202", "a check of `audit` says whose record it is", expected=("of: ncpeh-a", "of: ncpeh-b")
                )
        return data


class TriggerForm(Form):
    operation: Annotated[Text, Field(json_schema_extra={"enum": sorted(TRIGGER_OPERATIONS)})]
    with_: dict[str, Free] = Field(default={}, alias="with")
    within: Duration = 30.0
    save: Name | None = None


class UseForm(Form):
    fragment: Name
    with_: dict[str, Free] = Field(default={}, alias="with")
    save: Name | None = None


class GroupForm(Form):
    """Steps under one heading; with `at_once` they are requests that go out together."""

    steps: tuple["StepForm", ...] = Field(min_length=1)
    at_once: bool = False

    @model_validator(mode="after")
    def _only_requests_at_once(self) -> Self:
        if self.at_once and not all(isinstance(step, SendStep) for step in self.steps):
            raise problem("E212", "only `send` steps can go out at once", hint="put the other steps behind the group")
        return self


class _Step(Form):
    title: LocalizedText | None = None
    covers: Names = ()


class SendStep(_Step):
    send: SendForm


class ReceiveStep(_Step):
    receive: ReceiveForm
    reply: ReplyForm | None = None

    @model_validator(mode="after")
    def _one_reply(self) -> Self:
        if self.reply is not None and self.receive.reply is not None:
            raise problem("E212", "`reply` is given twice", hint="keep it in `receive` or beside it")
        if self.receive.none and self.receive.optional:
            raise problem("E212", "`none` and `optional` exclude each other", hint="say what is wanted")
        if self.receive.none and (self.reply or self.receive.reply):
            raise problem("E212", "`none` and `reply` exclude each other", hint="what must not come is not answered")
        return self


class ExpectStep(_Step):
    expect: ExpectForm


class CheckStep(_Step):
    check: CheckForm
    level: Level | None = None


class TriggerStep(_Step):
    trigger: TriggerForm


class SetStep(_Step):
    set: dict[Name, Free] = Field(min_length=1)


class UseStep(_Step):
    use: UseForm


class GroupStep(_Step):
    group: GroupForm


class NoteStep(_Step):
    note: LocalizedText


class StopStep(_Step):
    stop: LocalizedText


def verbs_in(keys: tuple[str, ...]) -> tuple[str, ...]:
    """The verbs among the keys of a step; `reply` beside `receive` belongs to it and does not count."""
    found = tuple(k for k in keys if k in VERBS)
    return tuple(k for k in found if k != "reply") if "receive" in found else found


def _verb(step: object) -> str | None:
    if not isinstance(step, dict):
        return f"<{step.__class__.__name__}>"
    found = verbs_in(tuple(step))
    return f"<{found[0]}>" if len(found) == 1 else None


def _known_step(step: object) -> object:
    if not isinstance(step, dict):
        raise problem("E203", "a step is a mapping with one verb", expected=VERBS)
    keys = tuple(str(k) for k in step)
    found = verbs_in(keys)
    if len(found) == 1 and found != ("reply",):
        return step
    if found == ("reply",):
        raise problem("E205", "`reply` without `receive`", hint="write it beside or inside a `receive`")
    if found:
        text = "a step has one verb, not " + " and ".join(repr(v) for v in found)
        raise problem("E206", text, hint="make it several steps")
    later = [k for k in keys if k in LATER_VERBS]
    if later:
        raise problem("E306", f"verb {later[0]!r} is not available in this version", expected=VERBS)
    hint = next((h for k in keys if (h := nearest(k, VERBS))), None)
    raise problem("E205", "step without a known verb", expected=VERBS, hint=hint)


StepForm = Annotated[
    Annotated[SendStep, Tag("<send>")]
    | Annotated[ReceiveStep, Tag("<receive>")]
    | Annotated[ExpectStep, Tag("<expect>")]
    | Annotated[CheckStep, Tag("<check>")]
    | Annotated[TriggerStep, Tag("<trigger>")]
    | Annotated[SetStep, Tag("<set>")]
    | Annotated[UseStep, Tag("<use>")]
    | Annotated[GroupStep, Tag("<group>")]
    | Annotated[NoteStep, Tag("<note>")]
    | Annotated[StopStep, Tag("<stop>")],
    Discriminator(_verb),
    BeforeValidator(_known_step),
]


class MatrixFrom(Form):
    from_: Text = Field(alias="from")


class Row(Form):
    """One written row: its id and whatever values it names."""

    model_config = ConfigDict(extra="allow", frozen=True)

    row: Name


class ScenarioForm(Form):
    """A scenario file."""

    scenario: Id
    title: LocalizedText
    description: LocalizedText | None = None
    covers: Names = ()
    applies: AppliesForm
    priority: Annotated[int, Field(ge=1, le=3)] = 2
    tags: tuple[Name, ...] = ()
    given: dict[Name, Free] = Field(default_factory=dict)
    matrix: (
        Annotated[
            Annotated[MatrixFrom, Tag("<from>")]
            | Annotated[Annotated[tuple[Row, ...], Field(min_length=1)], Tag("<rows>")],
            Discriminator(lambda v: "<from>" if isinstance(v, dict) else "<rows>"),
        ]
        | None
    ) = None
    steps: tuple[StepForm, ...] = Field(min_length=1)


class FragmentForm(Form):
    """A fragment file: steps that scenarios share, with declared inputs and outputs."""

    fragment: Name
    title: LocalizedText
    inputs: tuple[Name, ...] = ()
    outputs: dict[Name, Text] = Field(default_factory=dict)
    steps: tuple[StepForm, ...] = Field(min_length=1)
