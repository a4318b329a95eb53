"""Kinds of values that all file forms share, with the validators that give their problems a stable code."""

import difflib
import re
from collections.abc import Callable, Sequence
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from harness.errors import cut
from harness.model import Localized
from harness.packs._nodes import Decimal, Whole

REFERENCE = re.compile(r"\$\{([A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*)\}")
DURATION = re.compile(r"([0-9]{1,6})(ms|s|m)")
_UNIT_S = {"ms": 0.001, "s": 1.0, "m": 60.0}


class Form(BaseModel):
    """A mapping of a file, as written; unknown keys are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def problem(code: str, text: str, *, expected: Sequence[str] = (), hint: str | None = None) -> PydanticCustomError:
    """An error that `_shape` turns into a Problem with this code."""
    return PydanticCustomError("harness", text, {"code": code, "expected": tuple(expected), "hint": hint})


def nearest(word: str, known: Sequence[str]) -> str | None:
    """A hint that names the known word most like `word`, or None when nothing is near."""
    near = difflib.get_close_matches(cut(word, 120), known, n=1, cutoff=0.55)
    return f"did you mean {near[0]!r}?" if near else None


def duration_s(text: str) -> float | None:
    """Seconds of `30s`, `500ms`, `2m`; None when `text` is not written like that."""
    match = DURATION.fullmatch(text)
    return int(match[1]) * _UNIT_S[match[2]] if match else None


def _as_written(value: object) -> object:
    return value.written if isinstance(value, Whole | Decimal) else value


def _duration(value: object) -> object:
    seconds = duration_s(value) if isinstance(value, str) else None
    if seconds is None:
        raise problem("E204", "not a duration", expected=("a number with ms, s or m, like 30s",))
    return seconds


def _localized(value: object) -> object:
    text = _as_written(value)
    return {"en": text} if isinstance(text, str) else text


def _one_or_many(value: object) -> object:
    return [value] if isinstance(value, str | Whole | Decimal) else value


def form_of(pattern: str, code: str, what: str) -> Callable[[str], str]:
    """A validator for texts that must match `pattern`; `what` describes it to the author of the file."""
    compiled = re.compile(pattern)

    def check(value: str) -> str:
        if not compiled.fullmatch(value):
            raise problem(code, "badly formed name", expected=(what,))
        return value

    return check


def word_of(words: Sequence[str], what: str) -> Callable[[str], str]:
    """A validator for a closed word list."""

    def check(value: str) -> str:
        if value not in words:
            raise problem("E301", f"unknown {what}", expected=words, hint=nearest(value, words))
        return value

    return check


# a number is a text where a text is wanted: version 4.10, role 221
_WRITTEN = {"type": ["string", "number"]}
Text = Annotated[str, BeforeValidator(_as_written), WithJsonSchema(_WRITTEN)]
Duration = Annotated[
    float,
    BeforeValidator(_duration),
    WithJsonSchema({"type": "string", "pattern": "^[0-9]{1,6}(ms|s|m)$", "examples": ["30s"]}),
]
Free = Annotated[Any, WithJsonSchema({"description": "any value; a text `${a.b}` is a reference"})]
_NAME = r"[a-z][a-z0-9]*(?:[-_][a-z0-9]+)*"
Name = Annotated[
    Text,
    AfterValidator(form_of(_NAME, "E209", "lower-case words joined by - or _")),
    Field(json_schema_extra={"pattern": f"^{_NAME}$"}),
]
_ID = r"[A-Z][A-Z0-9]*(?:-[A-Z0-9]+)*"
Id = Annotated[
    Text,
    AfterValidator(form_of(_ID, "E209", "upper-case words and digits joined by -, like XCPD-A-014")),
    Field(json_schema_extra={"pattern": f"^{_ID}$"}),
]
Oid = Annotated[
    Text,
    AfterValidator(form_of(r"[0-2](?:\.(?:0|[1-9][0-9]*))+", "E209", "an OID like 2.999.1")),
]
HomeCommunity = Annotated[
    Text,
    AfterValidator(form_of(r"urn:oid:[0-2](?:\.(?:0|[1-9][0-9]*))+", "E209", "urn:oid: and an OID")),
]
Country = Annotated[Text, AfterValidator(form_of(r"[A-Z]{2}", "E209", "two capital letters like FR"))]


class TextForm(Form):
    """A text for readers, in English and French."""

    en: Text = Field(min_length=1)
    fr: Text = ""

    def localized(self) -> Localized:
        """The text as the model has it."""
        return Localized(en=self.en, fr=self.fr)


_TEXT_SCHEMA = {
    "oneOf": [
        {"type": "string"},
        {
            "type": "object",
            "properties": {"en": {"type": "string"}, "fr": {"type": "string"}},
            "required": ["en"],
            "additionalProperties": False,
        },
    ]
}
LocalizedText = Annotated[TextForm, BeforeValidator(_localized), WithJsonSchema(_TEXT_SCHEMA)]
Names = Annotated[
    tuple[Text, ...],
    BeforeValidator(_one_or_many),
    WithJsonSchema({"oneOf": [_WRITTEN, {"type": "array", "items": _WRITTEN}]}),
]
