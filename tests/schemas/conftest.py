"""What the tests of the built-in pack share: its folder, a validator over it, and well-formed inputs to alter."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.packs.artefacts import Pack, load_pack
from harness.validators import Validator

PROJECT = Path(__file__).resolve().parent.parent.parent


@pytest.fixture(scope="session")
def builtin_pack() -> Pack:
    return load_pack(PROJECT / "schemas")


@pytest.fixture(scope="session")
def builtin_validator(builtin_pack: Pack) -> Iterator[Validator]:
    validator = Validator([builtin_pack])
    yield validator
    validator.close()
