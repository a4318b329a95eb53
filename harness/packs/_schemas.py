"""JSON Schemas of the files that operators write, made from the same forms that read them."""

from collections.abc import Mapping
from typing import Any

from harness.model import GRADES, OUTCOMES, Datum, OutcomeWord
from harness.packs._fields import Form
from harness.packs._forms import FragmentForm, ScenarioForm
from harness.packs._forms_clinical import TermsForm
from harness.packs._forms_population import PopulationForm
from harness.packs._forms_statement import StatementForm
from harness.packs._forms_sut import SutForm

SCHEMAS: Mapping[str, type[Form]] = {
    "scenario": ScenarioForm,
    "fragment": FragmentForm,
    "population": PopulationForm,
    "terms": TermsForm,
    "sut": SutForm,
    "statement": StatementForm,
}
_DIALECT = "https://json-schema.org/draft/2020-12/schema"


def json_schema(kind: str) -> Mapping[str, Datum]:
    """The JSON Schema (2020-12) of `scenario`, `fragment`, `population`, `terms`, `sut` or `statement` files.

    It describes shape and words; references and catalogue ids are judged by `lint` alone.

    Raises:
        ValueError: `kind` is none of these.
    """
    if kind not in SCHEMAS:
        raise ValueError(f"no schema for {kind!r}; expected one of {', '.join(SCHEMAS)}")
    schema: dict[str, Any] = SCHEMAS[kind].model_json_schema(by_alias=True, mode="validation")
    definitions = schema.get("$defs", {})
    if "ExpectForm" in definitions:
        expect = definitions["ExpectForm"]
        words: dict[str, Any] = {name: _outcome(word) for name, word in OUTCOMES.items()}
        words["grade"] = {"enum": list(GRADES)}
        expect["properties"]["any"] = {
            "type": "array",
            "minItems": 1,
            "items": {"type": "object", "properties": words, "additionalProperties": False},
        }
        expect["properties"].update(words)
        expect["additionalProperties"] = False
    frozen: Mapping[str, Datum] = {"$schema": _DIALECT, **schema}
    return frozen


def _outcome(word: OutcomeWord) -> Mapping[str, Any]:
    reference = {"type": "string", "pattern": r"^\$\{.*\}$"}
    described = {"description": word.text.en}
    if word.kind == "flag":
        return {**described, "anyOf": [{"type": "boolean"}, reference]}
    if word.kind == "number":
        whole = {"type": "integer", "minimum": 0}
        span = {"type": "object", "properties": {"min": whole, "max": whole}, "additionalProperties": False}
        return {**described, "anyOf": [whole, span, reference]}
    one: dict[str, Any] = {"enum": list(word.values)} if word.values else {"type": ["string", "integer"]}
    return {**described, "anyOf": [one, {"type": "array", "items": one}, reference]}
