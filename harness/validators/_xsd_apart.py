"""A schema verdict in a process of its own, which can be ended: for documents with so many siblings that it may take hours.

libxml2 looks for the place of each error among all siblings, so that the time grows with their square once each of them is
wrong, and nothing inside a process can stop it.
"""

import json
import pickle
import subprocess
import sys
from dataclasses import dataclass
from itertools import islice

from lxml import etree

from harness import safexml
from harness.packs.artefacts import Artefact
from harness.validators._xsd_catalog import compiled

MAX_SIBLINGS = 3000
"""With fewer, a verdict takes some seconds at the very most."""
MAX_ENTRIES = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One entry of libxml2's error log: the name of its kind, the path as libxml2 writes it, and its words."""

    type_name: str
    path: str | None
    message: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Apart:
    """What libxml2 said of a document."""

    valid: bool
    entries: tuple[Entry, ...]


def is_wide(element: etree._Element) -> bool:
    """Whether some element at or below `element` has more children than are judged in this process."""
    return bool(_WIDE(element))


_WIDE = etree.XPath(f"boolean(descendant-or-self::*/*[{MAX_SIBLINGS + 1}])")


def entries_of(log: "etree._ListErrorLog") -> tuple[Entry, ...]:
    """The first entries of an error log."""
    return tuple(
        Entry(type_name=entry.type_name or "xsd", path=entry.path, message=entry.message)
        for entry in islice(log, MAX_ENTRIES)
    )


def judged_apart(artefact: Artefact, element: etree._Element, timeout_s: float) -> Apart | None:
    """The verdict of the schema, which compiles, on `element`; None when the time was up or the process ended."""
    asked = pickle.dumps((artefact, etree.tostring(element, with_tail=False)))
    command = [sys.executable, "-c", f"import sys; sys.path[:] = {sys.path!r}; from {__name__} import main; main()"]
    try:
        done = subprocess.run(command, input=asked, capture_output=True, timeout=timeout_s, check=False)
    except subprocess.TimeoutExpired:
        return None
    if done.returncode:
        return None
    valid, rows = json.loads(done.stdout)
    return Apart(valid=valid, entries=tuple(Entry(type_name=t, path=p, message=m) for t, p, m in rows))


def main() -> None:
    """Judges what standard input holds, in the process of its own."""
    artefact, data = pickle.load(sys.stdin.buffer)
    schema = compiled(artefact)
    if isinstance(schema, str):
        raise SystemExit(schema)
    # the limits were kept before; what comes here is a part of a tree that was accepted
    limits = safexml.XmlLimits(max_bytes=1 << 31, max_nodes=1 << 31, max_depth=2000, max_markup_bytes=1 << 31)
    valid = schema.validate(safexml.parse(data, limits=limits))
    rows = [(e.type_name, e.path, e.message) for e in entries_of(schema.error_log)]
    sys.stdout.write(json.dumps([valid, rows]))
