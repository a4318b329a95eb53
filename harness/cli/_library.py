"""The bundled scenarios, which every command that names one needs."""

from functools import cache

from harness.packs import Library, bundled_data, load_library


@cache
def bundled_library() -> Library:
    """The scenarios, requirements and populations that are shipped; read once in a process."""
    return load_library(bundled_data() / "scenarios")
