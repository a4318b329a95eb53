"""Which publisher's folder is this? Layouts of official artefacts, told by their file names and a few bytes inside."""

from collections.abc import Sequence
from pathlib import Path

from harness.model import Localized, say
from harness.packs._layout_ans import ans
from harness.packs._layout_ehdsi import ehdsi, ehdsi_release
from harness.packs._layout_plain import plain
from harness.packs._layout_xsd import xsd_set
from harness.packs._layouts import Entry, Recognised


def recognise(folder: Path) -> Recognised | None:
    """What `folder` is: one set of artefacts, a collection of sets below it, or plain files; None when there are none.

    Of several eHDSI Schematron releases in a collection only the newest is taken, and of several XSD sets for the same
    messages the first that fits.

    Raises:
        PackError: plain files that do not tell what they judge.
    """
    return _known(folder) or _collection(folder) or plain(folder)


def pack_folder(folder: Path) -> Path:
    """The folder below `folder` that is meant: publishers often put all they distribute into one folder of its own."""
    here = folder
    while not (here / "pack.yaml").is_file() and _known(here) is None:
        inside = [p for p in here.iterdir() if not p.name.startswith(".")]
        if len(inside) != 1 or not inside[0].is_dir():
            return here if here != folder and _recognisable(here) else folder
        here = inside[0]
    return here


def _recognisable(folder: Path) -> bool:
    return recognise(folder) is not None


def _known(folder: Path) -> Recognised | None:
    return ehdsi(folder) or ans(folder) or xsd_set(folder)


def _collection(folder: Path) -> Recognised | None:
    parts: dict[str, Recognised] = {}
    releases: list[tuple[str, Recognised]] = []
    for below in sorted(p for depth in ("*", "*/*") for p in folder.glob(depth) if p.is_dir()):
        part = _known(below)
        if part is None:
            continue
        release = ehdsi_release(below)
        if release:
            releases.append((release, part))
        else:
            parts.setdefault(part.coordinate, part)
    if releases:
        newest = max(releases, key=lambda pair: pair[0])[1]
        parts[newest.coordinate] = newest
    if not parts:
        return None
    version = next((p.coordinate.rsplit(":", 1)[1] for p in parts.values() if "cda-schematron" in p.coordinate), "1")
    return Recognised(
        coordinate=f"eu.ehdsi:artefacts:{version}",
        title=Localized(en="Official artefacts of several publishers", fr="Artefacts officiels de plusieurs éditeurs"),
        origin="; ".join(sorted({p.origin for p in parts.values()})),
        licence=say("licence.publishers"),
        entries=_without_doubles([entry for part in parts.values() for entry in part.entries]),
    )


def _without_doubles(entries: Sequence[Entry]) -> tuple[Entry, ...]:
    """An entry whose file is missing gives way to one of the same id that is there."""
    there = {e.id for e in entries if e.path.exists()}
    return tuple(e for e in entries if e.path.exists() or e.id not in there)
