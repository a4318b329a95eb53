"""One bench for all hostile systems."""

from collections.abc import Iterator

import pytest

from tests.hostile.hostile_bench import Bench


@pytest.fixture(scope="session")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    made = Bench(tmp_path_factory.mktemp("hostile"))
    yield made
    made.validator.close()
