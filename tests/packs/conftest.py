"""A small library of our own, so that the catalogue of the product can grow without touching these tests."""

from pathlib import Path

import pytest

from harness.packs import Library, load_library

collect_ignore = ["files"]  # scenario files here are material, not tests

FILES = Path(__file__).parent / "files"


@pytest.fixture(scope="session")
def files() -> Path:
    """Folder of the test files of this room."""
    return FILES


@pytest.fixture(scope="session")
def library() -> Library:
    """The small library of the test files."""
    return load_library(FILES / "library")
