"""What the catalogue promises to scenario authors is what the peers do."""

from collections.abc import Mapping
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from harness.peers import FAULTS, MUTATIONS, Fault, Mutation

CATALOGUE = Path(__file__).resolve().parents[2] / "scenarios" / "catalogue"


@pytest.mark.parametrize(("key", "made"), [("mutations", MUTATIONS), ("faults", FAULTS)], ids=["mutations", "faults"])
def test_catalogue_and_code_name_the_same(key: str, made: Mapping[str, Mutation | Fault]) -> None:
    files = [YAML(typ="safe").load(file) for file in sorted(CATALOGUE.glob("*.yaml"))]
    entries = [entry for read in files for entry in read.get(key, ())]
    promised = {entry["name"]: set(entry["transactions"]) for entry in entries}
    assert promised == {name: set(one.transactions) for name, one in made.items()}
