"""The XML Schema half of the differential run: our verdicts beside those of libxml2 alone, of xmlschema, and of expat.

libxml2 alone means: the schema compiled from its file and the document parsed from its bytes, without anything of ours
between. expat is asked whether the bytes are well-formed with namespaces.
"""

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from xml.parsers import expat

import xmlschema
from lxml import etree

from benchmarks.comparison import serialised
from benchmarks.corpus import BUILTIN, Corpus
from benchmarks.mutants import Codes, byte_mutant, tree_mutant
from benchmarks.records import Record, Records
from harness import safexml
from harness.errors import WireError
from harness.model import Layer
from harness.packs import packs_with_builtin
from harness.packs.artefacts import Artefact, pack_of_files
from harness.validators import MemoryCache
from harness.validators._kinds import Part, parts_of
from harness.validators._xsd import XsdLayer

POLICY = ("doctype", "too-deep", "too-wide", "too-large")
"""Kinds of refusal that are ours by choice: other parsers may accept the same bytes."""
SAMPLE_EVERY = 20
_XOP_INCLUDE = "{http://www.w3.org/2004/08/xop/include}Include"
_SLOW_BYTES = 200_000


@dataclass(frozen=True, slots=True, kw_only=True)
class XsdCase:
    """One input: a corpus file, a mutant of its tree or one of its bytes; `sampled` ones go to xmlschema, too."""

    document: str
    kind: str = "whole"
    number: int = 0
    sampled: bool = False

    @property
    def key(self) -> str:
        """What names this case among all of one run."""
        return f"xsd {self.document} {self.kind} {self.number}"


def xsd_cases(corpus: Corpus, tree: Sequence[tuple[str, int]], bytes_count: int) -> list[XsdCase]:
    """All corpus inputs, the mutants of `tree` (document and number), and `bytes_count` mutants of bytes spread over all."""
    paths = corpus.by_size(corpus.inputs)
    chosen = [XsdCase(document=path) for path in paths]
    chosen += [XsdCase(document=path, kind="tree", number=number) for path, number in sorted(set(tree))]
    turns = [(paths[number % len(paths)], number // len(paths)) for number in range(bytes_count)]
    chosen += [XsdCase(document=path, kind="bytes", number=number) for path, number in turns]
    return [
        XsdCase(document=c.document, kind=c.kind, number=c.number, sampled=at % SAMPLE_EVERY == 0)
        for at, c in enumerate(chosen)
    ]


@dataclass(slots=True)
class Judges:
    """The schemas of one process, compiled when first needed. Not for two threads."""

    corpus: Corpus
    layer: XsdLayer = field(default_factory=lambda: XsdLayer(MemoryCache()))
    artefacts: dict[str, Artefact] = field(default_factory=dict)
    direct: dict[str, etree.XMLSchema] = field(default_factory=dict)
    second: dict[str, xmlschema.XMLSchema10 | None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        entries = dict(self.corpus.entries(".xsd"))
        for name in sorted({n for row in self.corpus.rows for n in row.get("expected", {}).get("xsd", {})}):
            name = name.removeprefix("payload:")
            self.artefacts[name] = pack_of_files([_entry(entries, name)]).artefacts[0]
        for artefact in (a for p in packs_with_builtin(()) for a in p.artefacts if a.layer is Layer.XSD):
            self.artefacts[f"{BUILTIN}/{artefact.id}"] = artefact

    def pairs(self, document: str, parts: Sequence[Part]) -> Iterator[tuple[str, Part]]:
        """Which schema judges which part: by the manifest for the corpus's sets, by our packs for ours."""
        for name in self.corpus.inputs[document].get("expected", {}).get("xsd", {}):
            if name.startswith("payload:"):
                yield from ((name.removeprefix("payload:"), part) for part in parts[-1:] if len(parts) > 1)
            else:
                yield name, parts[0]
        for name, artefact in self.artefacts.items():
            if name.startswith(BUILTIN):
                yield from ((name, part) for part in parts if artefact.fits(part.kind, part.facts))

    def ours(self, name: str, part: Part) -> bool | None:
        """Our verdict, None where the schema could not be used."""
        return self.layer.judge(self.artefacts[name], part.element, explain=False).valid

    def libxml2(self, name: str, data: bytes) -> bool | None:
        """libxml2's verdict on bytes."""
        if name not in self.direct:
            self.direct[name] = etree.XMLSchema(file=str(self.artefacts[name].path))
        return self.direct[name].validate(plain_tree(data))

    def xmlschema(self, name: str, data: bytes) -> bool | None:
        """xmlschema's verdict on bytes, None where it has none."""
        if name not in self.second:
            self.second[name] = _loaded(self.artefacts[name].path)
        schema = self.second[name]
        # without comments, which it takes for children at some places
        parser = etree.XMLParser(huge_tree=True, no_network=True, remove_comments=True, remove_pis=True)
        try:
            return None if schema is None else bool(schema.is_valid(etree.fromstring(data, parser)))  # type: ignore[arg-type]
        except xmlschema.XMLSchemaException:
            return None  # it stops at some documents, such as one with an empty xsi:type


def _entry(entries: Mapping[str, Path], name: str) -> Path:
    """The entry schema the manifest means by `name`: `SET`, `SET/ENTRY`, or `SET/` and a word of the entry's name."""
    folder, _, word = name.partition("/")
    of_set = {key: path for key, path in entries.items() if key.startswith(folder + "/")}
    (path,) = [of_set[name]] if name in of_set else [p for p in of_set.values() if f"-{word}" in f"-{p.stem}-"]
    return path


def _loaded(path: Path) -> xmlschema.XMLSchema10 | None:
    try:
        return xmlschema.XMLSchema10(str(path), allow="local")
    except (xmlschema.XMLSchemaException, OSError):
        return None


def plain_tree(data: bytes) -> "etree._ElementTree[etree._Element]":
    """`data` as libxml2 reads it without our limits.

    Raises:
        etree.XMLSyntaxError, ValueError: not well-formed.
    """
    parser = etree.XMLParser(huge_tree=True, no_network=True, resolve_entities=False, load_dtd=False)
    return etree.fromstring(data, parser).getroottree()


def well_formed(data: bytes) -> Mapping[str, bool]:
    """Whether libxml2 and expat read `data` to its end."""
    try:
        plain_tree(data)
        libxml2 = True
    except (etree.XMLSyntaxError, ValueError):
        libxml2 = False
    parser = expat.ParserCreate(namespace_separator="}")
    try:
        parser.Parse(data, True)
        return {"libxml2": libxml2, "expat": True}
    except (expat.ExpatError, LookupError, ValueError):
        return {"libxml2": libxml2, "expat": False}


def _encoding_contradicts(data: bytes) -> bool:
    """Whether the encoding a document declares cannot be the one it is written in.

    A fatal error by XML 1.0, 4.3.3, which expat reports and libxml2 does not; what follows from it is counted apart.
    """
    wide = data[:2] in (b"\xff\xfe", b"\xfe\xff", b"<\0", b"\0<")
    declared = re.match(
        rb"(?:\xff\xfe|\xfe\xff)?<\?xml[^>]*?encoding\s*=\s*['\"]([A-Za-z0-9._-]+)", _narrow(data[:400])
    )
    return declared is not None and wide is not declared.group(1).upper().startswith(b"UTF-16")


def _narrow(data: bytes) -> bytes:
    return data.removeprefix(b"\xef\xbb\xbf").replace(b"\0", b"")


def run_case(case: XsdCase, judges: Judges, *, seed: int, codes: Codes) -> Record:
    """What all judges say of one input, and where they differ."""
    content = judges.corpus.read(case.document)
    operations: tuple[str, ...] = ()
    if case.kind != "whole":
        make = tree_mutant if case.kind == "tree" else byte_mutant
        arguments = {"codes": codes} if case.kind == "tree" else {}
        mutant = make(content, seed=seed, number=case.number, **arguments)
        content = mutant.content
        operations = tuple(f"{o.name} at {o.at}: {o.detail}" for o in mutant.operations)
    said: list[tuple[str, str]] = []
    wrong: list[Mapping[str, object]] = []
    counts = {"inputs": 1, "refused": 0, "verdicts": 0, "valid": 0, "sampled": 0, "misdeclared": 0}
    others = well_formed(content)
    try:
        parts = parts_of(safexml.parse(content))
    except WireError as exc:
        counts["refused"] = 1
        said.append(("refused", exc.kind))
        if exc.kind not in POLICY and others["libxml2"]:
            wrong.append({"about": "well-formed", "ours": exc.kind, **others})
        parts = ()
    else:
        counts["misdeclared"] = int(not others["expat"] and _encoding_contradicts(content))
        if not others["libxml2"] or not (others["expat"] or counts["misdeclared"]):
            wrong.append({"about": "well-formed", "ours": "accepted", **others})
    for name, part in judges.pairs(case.document, parts) if parts else ():
        whole = part.element.getparent() is None
        data = content if whole else serialised(part).encode()
        verdicts = {"ours": judges.ours(name, part), "libxml2": judges.libxml2(name, data)}
        if case.sampled and len(data) < _SLOW_BYTES and (second := judges.xmlschema(name, data)) is not None:
            verdicts["xmlschema"] = second
            counts["sampled"] += 1
        counts["verdicts"] += 1
        counts["valid"] += bool(verdicts["ours"])
        said.append((name, str(verdicts["ours"])))
        if len(set(verdicts.values())) > 1:
            inlined = next(part.element.iter(_XOP_INCLUDE), None) is not None
            wrong.append({"about": name, "part": part.path, "xop": inlined, **verdicts})
    return Record(
        key=case.key,
        digest=hashlib.sha256(repr(said).encode()).hexdigest(),
        counts=counts,
        operations=operations,
        disagreements=tuple(wrong),
    )


_judges: Judges | None = None
_codes = Codes()


def _start(folder: Path, codes: Codes) -> None:
    global _judges, _codes
    _judges, _codes = Judges(corpus=Corpus(folder)), codes


def _run(seed: int, cases: Sequence[XsdCase]) -> list[Record]:
    assert _judges is not None
    return [run_case(case, _judges, seed=seed, codes=_codes) for case in cases]


def run_all(
    cases: Sequence[XsdCase], corpus: Corpus, records: Records, *, seed: int, codes: Codes, jobs: int
) -> Iterator[int]:
    """Judges the cases that are not yet in `records`, in `jobs` processes; yields how many are left, now and then."""
    waiting = [case for case in cases if case.key not in records]
    slices = [waiting[at : at + 25] for at in range(0, len(waiting), 25)]
    left = len(waiting)
    with ProcessPoolExecutor(jobs, initializer=_start, initargs=(corpus.folder, codes)) as processes:
        futures = [processes.submit(_run, seed, piece) for piece in slices]
        try:
            for future in futures:
                found = future.result()
                for record in found:
                    records.add(record)
                left -= len(found)
                yield left
        finally:
            for future in futures:
                future.cancel()
