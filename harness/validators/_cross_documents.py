"""Documents as cross-checks read them: label, bytes, and the header values that are compared."""

from collections.abc import Sequence
from dataclasses import dataclass

from lxml import etree

from harness import safexml
from harness.errors import WireError
from harness.model import Location
from harness.validators._kinds import HL7, NON_XML_BODY, kind_and_sign, path_of

PATIENT_ROLE = ("recordTarget", "patientRole")
ONE_A_PATIENT = "patient-summary"
"""The kind of document of which a patient has one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedDocument:
    """The bytes of a document, and the label they have in findings."""

    name: str
    content: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadDocument:
    """A document that could be read."""

    document: NamedDocument
    root: etree._Element
    kind: str
    level: int

    def element(self, *path: str) -> etree._Element | None:
        """The first element at `path`, local names of HL7 below the document element."""
        return self.root.find("/".join(f"{{{HL7}}}{step}" for step in path))

    def value(self, *path: str, of: str) -> str:
        """Attribute `of` of the first element at `path`, empty without one."""
        element = self.element(*path)
        return "" if element is None else element.get(of, "")

    def ids(self, *path: str) -> tuple[str, ...]:
        """`root^extension` of all elements at `path`, sorted."""
        found = self.root.iterfind("/".join(f"{{{HL7}}}{step}" for step in path))
        return tuple(sorted({id_text(element) for element in found if element.get("root")}))

    @property
    def parents(self) -> tuple[str, ...]:
        """Ids of the documents it was made from."""
        ids = [
            id_text(i)
            for related in self.root.iterchildren(f"{{{HL7}}}relatedDocument")
            if related.get("typeCode") == "XFRM"
            for i in related.iterfind(f"{{{HL7}}}parentDocument/{{{HL7}}}id")
        ]
        return tuple(sorted(set(ids)))

    def at(self, *path: str) -> Location:
        """The place of the first element at `path`, of the document element without one."""
        element = self.element(*path)
        return Location(xpath=path_of(self.root if element is None else element))


def read_document(document: NamedDocument) -> ReadDocument | None:
    """`document` read; None when it is no CDA document."""
    try:
        root = safexml.parse(document.content)
    except WireError:
        return None
    if root.tag != f"{{{HL7}}}ClinicalDocument":
        return None
    kind, _ = kind_and_sign(root)
    return ReadDocument(document=document, root=root, kind=kind, level=3 if root.find(NON_XML_BODY) is None else 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentKeys:
    """What ties a document to others, without its content: `keys` it may share with one, `ids` it bears itself."""

    name: str
    keys: frozenset[tuple[str, str]]
    ids: tuple[str, ...]


def keys_of(document: NamedDocument) -> DocumentKeys | None:
    """The ties of `document`; None when it is no CDA document."""
    read = read_document(document)
    if read is None:
        return None
    ids = read.ids("id")
    shared = {*ids, *read.parents, *read.ids("setId")}
    if read.kind == ONE_A_PATIENT:
        shared |= {*read.ids(*PATIENT_ROLE, "id")}
    keys = {(read.kind, key) for key in shared} | {("", i) for i in ids}
    return DocumentKeys(name=document.name, keys=frozenset(keys), ids=ids)


def related(documents: Sequence[DocumentKeys]) -> tuple[tuple[str, ...], ...]:
    """The names of documents that are worth comparing, in groups that share no key with each other; none stands alone."""
    leader = list(range(len(documents)))
    first: dict[tuple[str, str], int] = {}
    for number, document in enumerate(documents):
        for key in document.keys:
            leader[_head(leader, number)] = _head(leader, first.setdefault(key, number))
    groups: dict[int, list[str]] = {}
    for number, document in enumerate(documents):
        groups.setdefault(_head(leader, number), []).append(document.name)
    return tuple(tuple(names) for names in groups.values() if len(names) > 1)


def _head(leader: list[int], number: int) -> int:
    while leader[number] != number:
        leader[number] = leader[leader[number]]
        number = leader[number]
    return number


def id_text(element: etree._Element) -> str:
    """`root^extension`, or the root alone."""
    root, extension = element.get("root", ""), element.get("extension")
    return f"{root}^{extension}" if extension else root
