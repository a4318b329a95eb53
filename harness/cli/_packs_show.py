"""What `harness packs` prints of a pack: as data for --format json, as lines for people."""

from collections.abc import Iterator, Mapping
from datetime import date

from harness.cli._packs_words import phrase
from harness.model import in_language
from harness.packs import Artefact, Pack
from harness.packs.artefacts import ArtefactContent
from harness.store import StoredPack

_SHOWN = 3
"""How many references that differ in case are told when a pack is used; `packs show` tells all."""


def warnings_of(pack: Pack, lang: str) -> Iterator[str]:
    """What to know before a verdict of `pack` is believed: its status, and references that differ in case."""
    if pack.status != "valid":
        since = pack.valid_from if pack.status == "not-yet-active" else pack.valid_until
        days = f" ({since})" if since else ""
        yield phrase("unusual", lang, pack=pack.coordinate, status=phrase(pack.status, lang) + days)
    differing = _differing(pack)
    for text in differing[:_SHOWN]:
        yield phrase("capitals", lang, pack=pack.coordinate, text=text)
    if len(differing) > _SHOWN:
        yield phrase("more-capitals", lang, pack=pack.coordinate, n=len(differing) - _SHOWN)


def _differing(pack: Pack) -> list[str]:
    return sorted({text for artefact in pack.artefacts for text in artefact.differs_in_case})


def missing_lines(pack: Pack, lang: str) -> Iterator[str]:
    """The files that are missing, each with the artefacts that want it."""
    wanting: dict[str, list[str]] = {}
    for artefact in pack.artefacts:
        for name in artefact.missing:
            wanting.setdefault(name, []).append(artefact.id)
    if wanting:
        yield phrase("missing-files", lang, n=len(wanting))
    for name, ids in sorted(wanting.items()):
        yield f"  {name}  ({', '.join(ids)})"


def entry_row(entry: StoredPack, pack: Pack | None, today: date) -> dict[str, object]:
    """A row of `packs list --format json`; `pack` is None where the copy is damaged."""
    return {
        "coordinate": entry.coordinate,
        "title": {"en": entry.title.en, "fr": entry.title.fr},
        "status": pack.status_on(today) if pack else "damaged",
        "from": _day(pack.valid_from if pack else None),
        "until": _day(pack.valid_until if pack else None),
        "origin": pack.origin if pack else "",
        "licence": pack.licence if pack else "",
        "sha256": entry.sha256,
        "complete": pack.complete if pack else False,
        "source": entry.source,
        "added_at": entry.added_at.isoformat().replace("+00:00", "Z"),
        "completed": [{"file": c.file, "from": c.source, "sha256": c.sha256} for c in entry.completed],
    }


def shown(pack: Pack, entry: StoredPack | None, contents: Mapping[str, ArtefactContent]) -> dict[str, object]:
    """The data of `packs show --format json`."""
    return {
        "coordinate": pack.coordinate,
        "title": {"en": pack.title.en, "fr": pack.title.fr},
        "status": pack.status,
        "from": _day(pack.valid_from),
        "until": _day(pack.valid_until),
        "origin": pack.origin,
        "licence": pack.licence,
        "sha256": pack.sha256,
        "complete": pack.complete,
        "source": entry.source if entry else None,
        "completed": [c.file for c in entry.completed] if entry else [],
        "artefacts": [_artefact_row(a, contents[a.id]) for a in pack.artefacts],
    }


def _artefact_row(artefact: Artefact, content: ArtefactContent) -> dict[str, object]:
    return {
        "id": artefact.id,
        "coordinate": artefact.coordinate,
        "layer": artefact.layer.value,
        "title": {"en": artefact.title.en, "fr": artefact.title.fr},
        "applies": list(artefact.applies),
        "when": {name: list(values) for name, values in artefact.when.items()},
        "sha256": artefact.sha256,
        "files": len(content.files),
        "rules": content.rules,
        "value_sets": content.value_sets,
        "missing_includes": list(artefact.missing_includes),
        "missing_vocabularies": list(artefact.missing_vocabularies),
        "differs_in_case": list(artefact.differs_in_case),
        "lacking": artefact.lacking,
    }


def lines(pack: Pack, entry: StoredPack | None, contents: Mapping[str, ArtefactContent], lang: str) -> Iterator[str]:
    """The lines of `packs show`."""
    yield f"{pack.coordinate}  {pack.title.in_(lang)}"
    span = f" ({pack.valid_from or '…'} – {pack.valid_until or '…'})" if pack.valid_from or pack.valid_until else ""
    words = [
        ("status", phrase(pack.status, lang) + span),
        ("origin", pack.origin),
        ("licence", in_language(pack.licence, lang)),
        ("digest", pack.sha256),
    ]
    if entry:
        words.append(("added", f"{entry.added_at:%Y-%m-%d %H:%M} UTC, {entry.source}"))
    for key, text in words:
        yield f"  {phrase(key, lang):<12} {text}"
    for artefact in pack.artefacts:
        yield from _artefact_lines(artefact, contents[artefact.id], lang)
    for completed in entry.completed if entry else ():
        yield phrase("rebuilt", lang, file=completed.file, source=completed.source)
    for text in _differing(pack):
        yield phrase("capitals", lang, pack=pack.coordinate, text=text)
    yield from missing_lines(pack, lang)


def _artefact_lines(artefact: Artefact, content: ArtefactContent, lang: str) -> Iterator[str]:
    state = phrase("incomplete", lang) if artefact.missing else ""
    yield f"  {artefact.layer.value:<12} {artefact.id:<34} {artefact.title.in_(lang)}  {state}".rstrip()
    limits = [f"{name}={'|'.join(values)}" for name, values in artefact.when.items() if not artefact.lacking]
    yield f"  {'':<12} {phrase('judges', lang)} {', '.join((*artefact.applies, *limits)) or '-'}"
    if artefact.lacking:
        yield f"  {'':<12} {in_language(artefact.lacking, lang)}"
        return
    figures = phrase("figures", lang, files=len(content.files), rules=content.rules, value_sets=content.value_sets)
    yield f"  {'':<12} {figures}  {artefact.sha256}"


def _day(day: date | None) -> str | None:
    return day.isoformat() if day else None
