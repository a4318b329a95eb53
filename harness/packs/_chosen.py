"""Which packs judge when some are named and one is built in."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from harness.packs._library import bundled_data
from harness.packs.artefacts import Pack, load_pack


def packs_with_builtin(packs: Sequence[Path | Pack]) -> tuple[Pack, ...]:
    """The packs given, or in the folders given, in order, then the built-in one.

    The order is one of precedence: a layer of a kind is judged by the first pack that has an artefact for it, so an
    official pack replaces the built-in artefacts for what it covers and leaves them the rest. An artefact that is
    missing from one pack gives way to the one of the same id that another pack holds.

    Raises:
        PackError: a path holds no pack, or a wrong one.
    """
    given = [pack if isinstance(pack, Pack) else load_pack(pack) for pack in packs]
    there = {a.id for pack in given for a in pack.artefacts if a.path.exists()}
    return (*(_without_doubles(pack, there) for pack in given), load_pack(bundled_data() / "schemas"))


def _without_doubles(pack: Pack, there: set[str]) -> Pack:
    kept = tuple(a for a in pack.artefacts if a.path.exists() or a.id not in there)
    return pack if len(kept) == len(pack.artefacts) else replace(pack, artefacts=kept)
