"""The value sets of packs: read in the layouts their publishers use, looked up by OID and version, by code system and code.

A code system is *whole* when one of its value sets is the system itself (same OID), so that a code that is not in it does
not exist. Of other systems a code that is in no value set is unknown to us, which says nothing about it.

Sources: ART-DECOR Schematron releases (`valueSets`, no namespace); IHE ITI TF-2, 3.48 and 3.60 (RetrieveValueSetResponse,
RetrieveMultipleValueSetsResponse), which ANS uses too, with `dateFin` on retired codes.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path

from lxml import etree

from harness import safexml
from harness.errors import WireError
from harness.packs.artefacts import Pack
from harness.validators.schematron import CompileCache

_ROOTS = re.compile(rb"<(?:[\w.-]+:)?(?:valueSets|RetrieveValueSetResponse|RetrieveMultipleValueSetsResponse)[\s>]")
_HEAD = 4096
_LANGUAGE = "{http://www.w3.org/XML/1998/namespace}lang"
_ANS_NAME, _FRENCH = "JDV_", "fr"
"""How ANS names its value sets; their labels are French, for documents of CI-SIS, and do not say so."""
_NATIONAL = "!"
"""Mark behind the language of a label that is kept, where it is a national one."""
_RETIRED_TYPE = "D"
"""Type of a concept that ART-DECOR marks as deprecated. Source: ART-DECOR, DECOR.xsd, VocabType."""
_FORMAT = "value-sets-1"
"""Changes whenever the kept form does, so that no older one is taken from the cache."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Designation:
    """One label of a code.

    `language` as in xml:lang, empty where neither the value set nor its neighbours name one. `national`: published for the
    documents of one country, so that it says nothing about cross-border ones.
    """

    text: str
    language: str = ""
    national: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueSet:
    """One version of a value set: its codes by code system."""

    oid: str
    version: str
    name: str
    codes: Mapping[str, frozenset[str]]

    def holds(self, system: str, code: str) -> bool:
        return code in self.codes.get(system, frozenset())


@dataclass(slots=True)
class _Kept:
    """What is read of one pack, in the form that the cache keeps as JSON."""

    labels: dict[str, dict[str, list[str]]] = field(default_factory=dict)  # system -> code -> "language\ttext"
    retired: dict[str, dict[str, str]] = field(default_factory=dict)  # system -> code -> date or ""
    versions: dict[str, list[str]] = field(default_factory=dict)  # system -> published versions
    sets: list[tuple[str, str, str, str, dict[str, list[str]]]] = field(default_factory=list)
    language: str = ""  # of labels that name none

    def to_bytes(self) -> bytes:
        kept = {f.name: getattr(self, f.name) for f in fields(self)}
        return json.dumps(kept, ensure_ascii=False, separators=(",", ":")).encode()

    @classmethod
    def from_bytes(cls, data: bytes) -> "_Kept":
        return cls(**json.loads(data))


class ValueSets:
    """All value sets of some packs; of the same value set in the same version that of the first pack counts."""

    def __init__(self, kept: Iterable[_Kept]) -> None:
        self._labels: dict[str, list[tuple[str, dict[str, list[str]]]]] = {}
        self._retired: dict[str, dict[str, str]] = {}
        self._versions: dict[str, set[str]] = {}
        self._sets: dict[str, dict[str, tuple[str, str, dict[str, list[str]]]]] = {}
        self._made: dict[tuple[str, str], ValueSet] = {}
        for one in kept:
            for system, codes in one.labels.items():
                self._labels.setdefault(system, []).append((one.language, codes))
            for system, gone in one.retired.items():
                self._retired.setdefault(system, {}).update(gone)
            for system, versions in one.versions.items():
                self._versions.setdefault(system, set()).update(versions)
            for oid, version, since, name, members in one.sets:
                self._sets.setdefault(oid, {}).setdefault(version, (since, name, members))

    @property
    def keys(self) -> tuple[tuple[str, str], ...]:
        """OID and version of every value set, sorted."""
        return tuple(sorted((oid, version) for oid, versions in self._sets.items() for version in versions))

    def value_set(self, oid: str, version: str | None = None) -> ValueSet | None:
        """The value set in that version; without one (DYNAMIC) in the newest; None where the packs lack it."""
        versions = self._sets.get(oid, {})
        wanted = version or max(versions, key=lambda v: (versions[v][0], v), default=None)
        if wanted is None or wanted not in versions:
            return None
        if (oid, wanted) not in self._made:
            _, name, members = versions[wanted]
            codes = {system: frozenset(listed) for system, listed in members.items()}
            self._made[oid, wanted] = ValueSet(oid=oid, version=wanted, name=name, codes=codes)
        return self._made[oid, wanted]

    def holds(self, system: str, code: str) -> bool:
        """Whether any value set holds the code."""
        return any(code in codes for _, codes in self._labels.get(system, ()))

    def is_whole(self, system: str) -> bool:
        """Whether the packs hold every code of the system: a value set that is the system itself, with codes in it."""
        return any(members.get(system) for _, _, members in self._sets.get(system, {}).values())

    def designations(self, system: str, code: str) -> tuple[Designation, ...]:
        """The published labels of the code, in order of appearance, without repetition."""
        found: dict[Designation, None] = {}
        for default, codes in self._labels.get(system, ()):
            for raw in codes.get(code, ()):
                language, _, text = raw.partition("\t")
                national = language.endswith(_NATIONAL)
                spoken = language.removesuffix(_NATIONAL) or default
                found[Designation(text=text, language=spoken, national=national)] = None
        return tuple(found)

    def is_label(self, system: str, code: str, text: str) -> bool | None:
        """Whether `text` is a published label of cross-border documents, case and blanks apart; None without any."""
        known = {plain(d.text) for d in self.designations(system, code) if not d.national}
        return plain(text) in known if known else None

    def retired(self, system: str, code: str) -> str | None:
        """The date (YYYYMMDD, or empty) since which the publisher has the code retired; None when it has not."""
        return self._retired.get(system, {}).get(code)

    def published_versions(self, system: str) -> frozenset[str]:
        """Versions of the code system that the value sets state for it."""
        return frozenset(self._versions.get(system, ()))


def plain(text: str) -> str:
    """`text` as labels are compared: case folded, runs of blanks one blank."""
    return " ".join(text.casefold().split())


def load_value_sets(packs: Sequence[Pack], cache: CompileCache) -> ValueSets:
    """The value sets of `packs`, each pack read once and kept in `cache` under the digest of its files."""
    return ValueSets(_of(pack, cache) for pack in packs)


def _of(pack: Pack, cache: CompileCache) -> _Kept:
    files = [f for root in _roots(pack) for f in _value_set_files(root)]
    if not files:
        return _Kept()
    key = f"{_FORMAT} {_digest(files)}"
    data = cache.get(key)
    if data is not None:
        return _Kept.from_bytes(data)
    kept = read_value_sets(files)
    cache.put(key, kept.to_bytes())
    return kept


def _digest(files: Sequence[Path]) -> str:
    """Over names and content: the digest of a pack leaves out value sets that no rule reaches."""
    digest = hashlib.sha256()
    for file in files:
        content = file.read_bytes()
        digest.update(f"{file.name} {len(content)}\n".encode() + content)
    return digest.hexdigest()


def _roots(pack: Pack) -> list[Path]:
    """Folders and files of `pack` that may hold value sets, those inside another left out."""
    wanted = sorted({a.path if a.layer == "terminology" else a.root for a in pack.artefacts if a.layer != "xsd"})
    return [p for p in wanted if not any(p != q and p.is_relative_to(q) for q in wanted)]


def _value_set_files(root: Path) -> Iterator[Path]:
    for file in sorted(root.rglob("*.xml")) if root.is_dir() else [root]:
        try:
            with file.open("rb") as stream:
                head = stream.read(_HEAD)
        except OSError:
            continue  # a file that cannot be read vouches for nothing
        if _ROOTS.search(head):
            yield file


def read_value_sets(files: Iterable[Path]) -> _Kept:
    """What `files` hold; one that is no XML vouches for nothing (the layer whose rules need it names it)."""
    kept = _Kept()
    stated: set[str] = set()
    for file in files:
        try:
            root = safexml.parse(file.read_bytes())
        except (OSError, WireError):
            continue
        for value_set in root.iter("{*}valueSet", "{*}ValueSet", "{*}DescribedValueSet"):
            _add(kept, value_set)
            stated.update(text.get("language", "") for text in value_set.iterchildren("{*}desc", "{*}copyright"))
    spoken = {s.partition("-")[0] for s in stated - {""}}
    # a project publishes in one language, and only some of its value sets say which
    kept.language = spoken.pop() if len(spoken) == 1 else ""
    return kept


def _add(kept: _Kept, value_set: etree._Element) -> None:
    members: dict[str, list[str]] = {}
    name = value_set.get("displayName") or value_set.get("name") or ""
    default = _FRENCH + _NATIONAL if name.startswith(_ANS_NAME) else ""
    for concepts in value_set.iterchildren("{*}conceptList", "{*}ConceptList"):
        language = concepts.get(_LANGUAGE, default)
        for concept in concepts.iterchildren("{*}concept", "{*}Concept"):
            code, system = concept.get("code"), concept.get("codeSystem")
            if code and system:
                members.setdefault(system, []).append(code)
                _add_concept(kept, concept, system, code, language)
    for source in value_set.iterchildren("{*}sourceCodeSystem"):
        if source.get("version"):
            _note_version(kept, source.get("id", ""), source.get("version", ""))
    since = value_set.get("effectiveDate", "")
    version = value_set.get("versionLabel") or value_set.get("version") or since
    oid = value_set.get("id") or value_set.get("ID") or ""
    if oid:
        kept.sets.append((oid, version, since, name, members))


def _add_concept(kept: _Kept, concept: etree._Element, system: str, code: str, language: str) -> None:
    known = code in kept.labels.setdefault(system, {})
    labels = kept.labels[system].setdefault(code, [])
    first = concept.get("displayName")
    if first:
        _append(labels, f"{concept.get(_LANGUAGE, language)}\t{first}")
    for designation in concept.iterchildren("{*}designation"):
        if designation.get("displayName"):
            _append(labels, f"{designation.get('language', '')}\t{designation.get('displayName')}")
    _note_retired(kept.retired.setdefault(system, {}), concept, code, known=known)
    if concept.get("codeSystemVersion"):
        _note_version(kept, system, concept.get("codeSystemVersion", ""))


def _note_retired(retired: dict[str, str], concept: etree._Element, code: str, *, known: bool) -> None:
    """A code is retired only where every value set that lists it says so."""
    ended = concept.get("dateFin")
    if not ended and concept.get("type") != _RETIRED_TYPE:
        retired.pop(code, None)
    elif not known or code in retired:
        retired[code] = ended[:8] if ended else ""


def _append(labels: list[str], text: str) -> None:
    if text not in labels:
        labels.append(text)


def _note_version(kept: _Kept, system: str, version: str) -> None:
    versions = kept.versions.setdefault(system, [])
    if version not in versions:
        versions.append(version)
