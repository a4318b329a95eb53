"""File names of the pages and the links between them: stable, safe on every file system, never from raw input."""

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from harness.model import Run


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """Where each page of one run lies, as paths without language suffix from the report folder.

    `rows` is by index in `run.rows`; `exchanges` by row index and exchange id, `records` by row index and id of the audit
    record.
    """

    rows: tuple[str, ...]
    exchanges: Mapping[tuple[int, str], str]
    records: Mapping[tuple[int, str], str]


def plan_site(run: Run) -> Site:
    """The page names of `run`; the same run gives the same names."""
    rows = _unique("scenarios", (row.id for row in run.rows))
    keys = [(index, exchange.id) for index, row in enumerate(run.rows) for exchange in row.exchanges]
    pages = _unique("exchanges", (exchange_id for _, exchange_id in keys))
    kept = [(index, record.id) for index, row in enumerate(run.rows) for record in row.audits]
    records = _unique("records", (record_id for _, record_id in kept))
    return Site(rows=rows, exchanges=dict(zip(keys, pages, strict=True)), records=dict(zip(kept, records, strict=True)))


def _unique(folder: str, ids: Iterable[str]) -> tuple[str, ...]:
    names: list[str] = []
    taken: set[str] = set()
    for given in ids:
        stem = slug(given)
        name, n = stem, 1
        while name.lower() in taken:
            n += 1
            name = f"{stem}-{n}"
        taken.add(name.lower())
        names.append(f"{folder}/{name}")
    return tuple(names)


def slug(text: str) -> str:
    """`text` as a file name and anchor: letters, digits, `-`, `_`; a digest where something else had to go.

    A dot is replaced too: `x.fr` would collide with the French sibling of `x`.
    """
    plain = re.sub(r"[^A-Za-z0-9_-]+", "-", text).strip("-")[:80]
    if plain and re.sub(r"[\[\]]+", "-", text).strip("-") == plain:
        return plain
    return f"{plain or 'x'}-{hashlib.sha256(text.encode('utf-8', 'surrogatepass')).hexdigest()[:8]}"


def page_file(name: str, lang: str) -> str:
    """File of page `name` in `lang`: `x.html` and `x.fr.html`, whichever language the run was asked for."""
    return f"{name}.html" if lang == "en" else f"{name}.{lang}.html"
