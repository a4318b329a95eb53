"""`harness packs`: official artefacts by coordinate. And the packs that --pack means, with what has to be said of them."""

import json
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from harness.cli._packs_show import entry_row, lines, missing_lines, shown, warnings_of
from harness.cli._packs_words import phrase
from harness.cli._shared import ERR, FAILED, PASSED, UNDECIDED, cache_folder, utc_now
from harness.errors import InputError, Problem
from harness.packs import Pack, load_pack, packs_with_builtin
from harness.packs.artefacts import contents_of
from harness.store import (
    Difference,
    PackLock,
    PackStore,
    PackWords,
    StoredPack,
    differences,
    is_coordinate,
    lock_of,
    lock_text,
    read_lock,
    write_lock,
)

FORMATS = ("text", "json")


@dataclass(frozen=True, slots=True, kw_only=True)
class AddOptions:
    path: Path
    words: PackWords
    complete_from: tuple[Path, ...]
    replace_other: bool
    lang: str


def pack_store() -> PackStore:
    """The packs this user has added."""
    return PackStore(cache_folder() / "packs")


def chosen_packs(names: Sequence[Path], lang: str) -> tuple[Pack, ...]:
    """The packs that --pack names (folders or coordinates), then the built-in one; what to know of them is on stderr.

    Raises:
        PackError: a name means no usable pack.
    """
    packs = pack_store().chosen(names, utc_now().date())
    for pack in packs:
        for line in warnings_of(pack, lang):
            ERR.print(line, style="yellow", markup=False)
    return packs_with_builtin(packs)


def list_packs(format_: str, lang: str) -> int:
    """Print the added packs, one a line."""
    _known_format(format_)
    store, today = pack_store(), utc_now().date()
    rows = [(entry, _loaded(store, entry)) for entry in store.entries()]
    if format_ == "json":
        _write_json([entry_row(entry, pack, today) for entry, pack in rows])
        return PASSED
    for entry, pack in rows:
        state = phrase(pack.status_on(today), lang) if pack else phrase("damaged", lang)
        whole = "" if pack is None or pack.complete else f"  {phrase('incomplete', lang)}"
        sys.stdout.write(f"{entry.coordinate:<46} {state:<16} {entry.title.in_(lang)}{whole}\n")
    ERR.print(phrase("packs", lang, n=len(rows)))
    return PASSED


def _loaded(store: PackStore, entry: StoredPack) -> Pack | None:
    try:
        return store.load(entry.coordinate)
    except InputError:
        return None  # listed as damaged; `verify` names what is wrong with it


def add_pack(options: AddOptions) -> int:
    """Import a folder or zip, and print what became of it; the coordinate is on stdout."""
    store = pack_store()
    entry = store.add(
        options.path,
        now=utc_now(),
        words=options.words,
        complete_from=options.complete_from,
        replace_other=options.replace_other,
    )
    pack = store.load(entry.coordinate)
    sys.stdout.write(f"{entry.coordinate}\n")
    for line in (*missing_lines(pack, options.lang), *warnings_of(_today(pack), options.lang)):
        ERR.print(line, markup=False)
    for completed in entry.completed:
        ERR.print(phrase("rebuilt", options.lang, file=completed.file, source=completed.source), markup=False)
    return PASSED


def _today(pack: Pack) -> Pack:
    return replace(pack, status=pack.status_on(utc_now().date()))


def show_pack(name: str, format_: str, lang: str) -> int:
    """Print what is in a pack: its words, its artefacts with what they judge, and every file it lacks."""
    _known_format(format_)
    pack, entry = _named(name)
    contents = contents_of(pack)
    if format_ == "json":
        _write_json(shown(pack, entry, contents))
    else:
        sys.stdout.write("".join(f"{line}\n" for line in lines(pack, entry, contents, lang)))
    return PASSED


def _named(name: str) -> tuple[Pack, StoredPack | None]:
    if is_coordinate(name):
        store = pack_store()
        return _today(store.load(name)), store.entry(name)
    return _today(load_pack(Path(name))), None


def lock_packs(names: Sequence[str], output: Path | None, lang: str) -> int:
    """Write the lock of the packs named, of all added ones without any."""
    packs = [_named(name)[0] for name in names or [e.coordinate for e in pack_store().entries()]]
    if not packs:
        problem = Problem(code="P113", option="PACK", problem="nothing to lock", hint="name a pack, or add one first")
        raise InputError(problem)
    lock = lock_of(packs)
    if output is None:
        sys.stdout.write(lock_text(lock))
    else:
        write_lock(output, lock)
        ERR.print(phrase("locked", lang, n=len(packs), path=output), markup=False)
    return PASSED


def verify_packs(names: Sequence[str], folders: Sequence[Path], lang: str) -> int:
    """Print what is not as it was locked or added: 1 with a difference, 3 where a pack is incomplete and nobody locked
    it so, else 0."""
    worst = PASSED
    for name in names:
        locked = Path(name).is_file()
        differing, incomplete = _verify_lock(Path(name), folders, lang) if locked else _verify_pack(name, lang)
        worst = FAILED if differing or worst == FAILED else max(worst, UNDECIDED if incomplete else PASSED)
    return worst


def _verify_lock(path: Path, folders: Sequence[Path], lang: str) -> tuple[bool, bool]:
    given = {pack.coordinate: pack for pack in (load_pack(folder) for folder in folders)}
    store = pack_store()
    found = False
    for locked in read_lock(path).packs:
        pack = given.get(locked.coordinate) or store.load(locked.coordinate)
        found |= _report(locked.coordinate, differences(locked, pack), pack, lang, locked=locked)
    return found, False


def _verify_pack(name: str, lang: str) -> tuple[bool, bool]:
    store = pack_store()
    changes: Iterable[Difference] = ()
    if is_coordinate(name):
        changes = list(store.changes(name))
        if changes:
            return _report(name, changes, None, lang), False
    pack, _ = _named(name)
    return _report(name, changes, pack, lang), not pack.complete


def _report(
    name: str, found: Iterable[Difference], pack: Pack | None, lang: str, *, locked: PackLock | None = None
) -> bool:
    told = [
        phrase(d.what, lang, kind=phrase(d.kind, lang), name=d.name, locked=_cut(d.locked), found=_cut(d.found))
        for d in found
    ]
    sys.stdout.write(phrase("differs" if told else "same", lang, pack=name, n=len(told)) + "\n")
    sys.stdout.write("".join(f"  {line}\n" for line in told))
    if pack is not None:
        sys.stdout.write("".join(f"  {line}\n" for line in missing_lines(pack, lang)))
    return bool(told)


def _cut(text: str) -> str:
    return text[:12] if len(text) == 64 else text or "-"


def _write_json(data: object) -> None:
    sys.stdout.write(json.dumps(data, ensure_ascii=False, indent=1) + "\n")


def _known_format(given: str) -> None:
    if given not in FORMATS:
        raise InputError(
            Problem(code="E907", option="--format", problem="unknown format", expected=FORMATS, found=given)
        )


def day_of(option: str, text: str | None) -> date | None:
    """The date an option holds.

    Raises:
        InputError: it is none.
    """
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError as exc:
        problem = Problem(
            code="E915", option=option, problem="not a date", expected=("a date like 2026-01-31",), found=text
        )
        raise InputError(problem) from exc
