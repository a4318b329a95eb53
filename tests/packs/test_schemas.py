"""The JSON Schemas describe what the loader accepts."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from harness.model import OUTCOMES
from harness.packs import SCHEMAS, json_schema
from harness.packs._nodes import parse_yaml, plain

GOOD = {
    "scenario": ("ok/every-verb.yaml", "ok/country-b.yaml", "bundled/expired.yaml"),
    "fragment": ("ok/fragment.yaml", "library/fragments/identify.yaml"),
    "population": ("library/population.yaml",),
    "terms": ("library/terms.yaml",),
    "statement": ("ok/statement.yaml",),
    "sut": ("ok/sut.yaml",),
}


def _data(path: Path) -> Any:
    tree, problems = parse_yaml(path.read_bytes(), path.name)
    assert tree is not None
    assert not problems
    return json.loads(json.dumps(plain(tree)))


@pytest.mark.parametrize("kind", sorted(SCHEMAS))
def test_the_schema_is_plain_json_and_closed(kind: str) -> None:
    schema = json.loads(json.dumps(json_schema(kind)))
    assert schema["$schema"].endswith("2020-12/schema")
    assert schema["additionalProperties"] is False


@pytest.mark.parametrize("kind", sorted(SCHEMAS))
def test_good_files_use_only_keys_of_the_schema(kind: str, files: Path) -> None:
    schema: Mapping[str, Any] = json_schema(kind)
    for name in GOOD[kind]:
        data = _data(files / name)
        assert set(data) <= set(schema["properties"])
        assert set(schema["required"]) <= set(data)


@pytest.mark.parametrize("kind", sorted(SCHEMAS))
def test_good_files_are_valid_against_the_schema(kind: str, files: Path) -> None:
    schema = Draft202012Validator(json_schema(kind))
    for name in GOOD[kind]:
        data = _data(files / name)
        assert list(schema.iter_errors(data)) == []
        assert not schema.is_valid({**data, "unknown_key": 1})


def test_the_schema_knows_every_outcome_word() -> None:
    schema: Mapping[str, Any] = json_schema("scenario")
    assert set(OUTCOMES) <= set(schema["$defs"]["ExpectForm"]["properties"])


def test_there_is_no_schema_of_something_else() -> None:
    with pytest.raises(ValueError, match="no schema for 'bundle'"):
        json_schema("bundle")
