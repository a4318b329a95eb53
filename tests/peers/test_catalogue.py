"""What the catalogue promises to scenario authors is what the peers do."""

from collections.abc import Mapping
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from harness.peers import FAULTS, MUTATIONS, Fault, Mutation

CATALOGUE = Path(__file__).resolve().parents[2] / "scenarios" / "catalogue"


@pytest.mark.parametrize(
    ("file", "made"), [("mutations.yaml", MUTATIONS), ("reply-faults.yaml", FAULTS)], ids=["mutations", "faults"]
)
def test_catalogue_and_code_name_the_same(file: str, made: Mapping[str, Mutation | Fault]) -> None:
    read = YAML(typ="safe").load(CATALOGUE / file)
    entries = next(value for value in read.values() if isinstance(value, list)) if isinstance(read, dict) else read
    promised = {entry["name"]: set(entry["transactions"]) for entry in entries}
    assert promised == {name: set(one.transactions) for name, one in made.items()}
