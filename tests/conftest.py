"""Fixtures every room's tests share."""

import os
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def corpus() -> Path:
    """Folder of the third-party corpus: HARNESS_CORPUS, else the sibling folder shared/corpus; skips where absent."""
    given = os.environ.get("HARNESS_CORPUS")
    folder = Path(given) if given else PROJECT.parent / "shared" / "corpus"
    if not (folder / "manifest.yaml").is_file():
        if given:
            pytest.fail(f"HARNESS_CORPUS names {folder.name!r}, which holds no manifest.yaml")
        pytest.skip("third-party corpus not found: set HARNESS_CORPUS to its folder")
    return folder
