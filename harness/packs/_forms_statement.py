"""What a statement file may look like."""

from typing import Annotated

from pydantic import AfterValidator, Field

from harness.model import CLAIM_OPTIONS, CLAIMABLE, COMMON_PROFILES
from harness.packs._fields import Form, Text, nearest, problem, word_of
from harness.packs._forms import SutActorName
from harness.packs._forms_sut import SystemForm


def _claimable(value: str) -> str:
    if value in COMMON_PROFILES:
        raise problem("E301", f"{value!r} is part of every claim", expected=CLAIMABLE, hint="leave this claim out")
    if value not in CLAIMABLE:
        raise problem("E301", "unknown profile", expected=CLAIMABLE, hint=nearest(value, CLAIMABLE))
    return value


Profile = Annotated[Text, AfterValidator(_claimable), Field(json_schema_extra={"enum": list(CLAIMABLE)})]
Option = Annotated[
    Text, AfterValidator(word_of(CLAIM_OPTIONS, "option")), Field(json_schema_extra={"enum": list(CLAIM_OPTIONS)})
]


class ClaimForm(Form):
    profile: Profile
    actor: SutActorName
    wave: Annotated[int, Field(ge=1, le=99)]
    options: tuple[Option, ...] = ()


class StatementForm(Form):
    """A statement file."""

    system: SystemForm
    claims: tuple[ClaimForm, ...] = Field(min_length=1)
