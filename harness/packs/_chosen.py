"""Which packs judge when some are named and one is built in."""

from collections.abc import Sequence
from pathlib import Path

from harness.packs._library import bundled_data
from harness.packs.artefacts import Pack, load_pack


def packs_with_builtin(paths: Sequence[Path]) -> tuple[Pack, ...]:
    """The packs at `paths`, in order, then the built-in one.

    The order is one of precedence: a layer of a kind is judged by the first pack that has an artefact for it, so an
    official pack replaces the built-in artefacts for what it covers and leaves them the rest.

    Raises:
        PackError: a path holds no pack, or a wrong one.
    """
    return (*(load_pack(path) for path in paths), load_pack(bundled_data() / "schemas"))
