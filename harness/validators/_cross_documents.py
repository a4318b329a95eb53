"""Documents as cross-checks read them: label, bytes, and the header values that are compared."""

from dataclasses import dataclass

from lxml import etree

from harness import safexml
from harness.errors import WireError
from harness.model import Location
from harness.validators._kinds import HL7, NON_XML_BODY, kind_and_sign, path_of

PATIENT_ROLE = ("recordTarget", "patientRole")


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


def id_text(element: etree._Element) -> str:
    """`root^extension`, or the root alone."""
    root, extension = element.get("root", ""), element.get("extension")
    return f"{root}^{extension}" if extension else root
