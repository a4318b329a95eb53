"""Rebuilds vocabulary files that a publisher left out from the value sets the same publisher distributes elsewhere.

A generated Schematron looks its codes up in `voc-OID-DYNAMIC.xml` (ART-DECOR); the value set of that OID is published as
an IHE SVS response, too. The one follows from the other: same OID, same codes, other element names.
"""

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.sax.saxutils import quoteattr

from lxml import etree

from harness import safexml
from harness.errors import PackError, Problem, WireError

SVS = "urn:ihe:iti:svs:2008"
_VOCABULARY = re.compile(r"voc-([0-9.]+)-DYNAMIC\.xml")


@dataclass(frozen=True, slots=True, kw_only=True)
class Completed:
    """A vocabulary file that was rebuilt: where it stands in the pack, from which file, and that file's SHA-256."""

    file: str
    source: str
    sha256: str


def complete(folder: Path, missing: Sequence[str], sources: Sequence[Path]) -> tuple[Completed, ...]:
    """Write those `missing` files (paths below `folder`) whose value set is among `sources` (files and folders of SVS
    responses); the others stay missing.

    Raises:
        PackError: a source is not there, or the value set wanted has no code in it.
    """
    wanted = {found[1]: name for name in missing if (found := _VOCABULARY.fullmatch(name.rsplit("/", 1)[-1]))}
    done = []
    for path in _files(sources):
        for value_set in _value_sets(path):
            name = wanted.pop(value_set.get("id", ""), None)
            if name is None:
                continue
            target = folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(_as_vocabulary(value_set, path), encoding="utf-8")
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
            done.append(Completed(file=name, source=path.name, sha256=digest))
    return tuple(sorted(done, key=lambda c: c.file))


def _files(sources: Sequence[Path]) -> Iterator[Path]:
    for source in sources:
        if source.is_dir():
            yield from sorted(p for p in source.glob("*.xml") if p.is_file())
        elif source.is_file():
            yield source
        else:
            raise PackError(Problem(problem="no such file or folder", option="--complete-from", found=str(source)))


def _value_sets(path: Path) -> Iterator[etree._Element]:
    try:
        root = safexml.parse(path.read_bytes())
    except WireError:
        return  # a folder of value sets may hold other files; one that is wanted and broken stays missing
    yield from root.iter(f"{{{SVS}}}ValueSet", f"{{{SVS}}}DescribedValueSet")


def _as_vocabulary(value_set: etree._Element, path: Path) -> str:
    concepts = [c for c in value_set.iter(f"{{{SVS}}}Concept") if c.get("code") and c.get("codeSystem")]
    if not concepts:
        raise PackError(Problem(problem="the value set holds no code", option="--complete-from", found=path.name))
    lines = [
        f"<concept code={quoteattr(c.get('code', ''))} codeSystem={quoteattr(c.get('codeSystem', ''))} "
        f'displayName={quoteattr(c.get("displayName", ""))} level="0" type="L"/>'
        for c in concepts
    ]
    name = quoteattr(value_set.get("displayName", ""))
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<valueSets xmlns="urn:hl7-org:v3">\n'
        f'<valueSet xmlns="" id={quoteattr(value_set.get("id", ""))} name={name} displayName={name}'
        f" effectiveDate={quoteattr(value_set.get('effectiveDate', ''))}><conceptList>\n"
        + "\n".join(lines)
        + "\n</conceptList></valueSet>\n</valueSets>\n"
    )
