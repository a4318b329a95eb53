"""Provide and Register Document Set-b, ITI-41: a submission set, document entries, their associations and the documents.

Values are kept as they stand on the wire, as in `xds`; the answer is `xds.RegistryResponse`.

Sources: IHE ITI TF-2, 3.41; IHE ITI TF-3, 4.2; eHDSI XDR Profile (dispensation, discard, consent).
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from lxml import etree

from harness.errors import WireError
from harness.wire import codes, mtom, ns
from harness.wire._rim import (
    Association,
    DocumentEntry,
    Slot,
    add,
    add_association,
    add_entry,
    association_of,
    entry_of,
    to_bytes,
)
from harness.wire._submission import SubmissionSet, add_node, add_set, nodes_of, objects_of, set_of
from harness.wire.xds import inline_only

__all__ = [
    "X_ASSOCIATION",
    "X_DOCUMENT",
    "X_ENTRY",
    "X_OBJECTS",
    "X_SET",
    "Submission",
    "SubmissionSet",
    "SubmittedDocument",
    "build_submission",
    "has_member",
    "kind_of",
    "parse_submission",
]

# --- where checks find a field, from the message's root element (prefixes of `ns.PREFIXES`)
X_OBJECTS = "lcm:SubmitObjectsRequest/rim:RegistryObjectList"
X_ENTRY = X_OBJECTS + "/rim:ExtrinsicObject"
X_SET = X_OBJECTS + "/rim:RegistryPackage"
X_ASSOCIATION = X_OBJECTS + "/rim:Association"
X_DOCUMENT = "xds:Document"


@dataclass(frozen=True, slots=True, kw_only=True)
class SubmittedDocument:
    """xds:Document. `id` is that of its entry; `form` is `xop` or `inline` (base64)."""

    id: str | None
    content: bytes = field(repr=False)
    form: str = "xop"


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """xds:ProvideAndRegisterDocumentSetRequest. `nodes` are the ids of what is classified as a submission set."""

    sets: tuple[SubmissionSet, ...]
    entries: tuple[DocumentEntry, ...]
    associations: tuple[Association, ...] = ()
    documents: tuple[SubmittedDocument, ...] = ()
    nodes: tuple[str, ...] = ()

    def document(self, entry: DocumentEntry) -> SubmittedDocument | None:
        """The document of `entry`, None when it did not come."""
        return next((d for d in self.documents if d.id and d.id == entry.id), None)

    @property
    def kinds(self) -> tuple[str | None, ...]:
        """The kind of each entry. Source: eHDSI XDR Profile (the format code tells dispensation from discard)."""
        return tuple(kind_of(entry) for entry in self.entries)


def kind_of(entry: DocumentEntry) -> str | None:
    """The kind of a submitted entry by its format code, None where that is of no kind that travels by ITI-41."""
    code = entry.format_code.code if entry.format_code else None
    return next((k for k in codes.SUBMITTED_KINDS if code and codes.level_of_format(k, code) is not None), None)


def has_member(package: str | None, entry: str | None, identifier: str | None = None) -> Association:
    """The association that puts `entry` into submission set `package`. Source: IHE ITI TF-3, 4.2.2.1."""
    status = Slot(name=codes.SLOT_SET_STATUS, values=(codes.SET_STATUS_ORIGINAL,))
    return Association(type=codes.ASSOCIATION_HAS_MEMBER, source=package, target=entry, id=identifier, slots=(status,))


def parse_submission(
    element: etree._Element, resolve: Callable[[etree._Element], mtom.BinaryContent] = inline_only
) -> Submission:
    """The submission that `element` (xds:ProvideAndRegisterDocumentSetRequest) is.

    `resolve` gives the bytes that a Document element stands for, as in `xds.parse_retrieve_answer`.

    Raises:
        WireError: `wrong-root`, or what `resolve` raises when the bytes cannot be had.
    """
    if element.tag != ns.clark(ns.XDSB, "ProvideAndRegisterDocumentSetRequest"):
        found = ns.qname(element.tag) if isinstance(element.tag, str) else "no element"
        expected = "xds:ProvideAndRegisterDocumentSetRequest"
        raise WireError("not the message expected", kind="wrong-root", expected=expected, found=found)
    objects = objects_of(element)
    listed = [] if objects is None else list(objects.iterchildren(etree.Element))

    def of(local: str) -> list[etree._Element]:
        return [e for e in listed if e.tag == ns.clark(ns.RIM, local)]

    return Submission(
        sets=tuple(set_of(e) for e in of("RegistryPackage")),
        entries=tuple(entry_of(e) for e in of("ExtrinsicObject")),
        associations=tuple(association_of(e) for e in of("Association")),
        documents=tuple(_document(e, resolve) for e in element.findall(X_DOCUMENT, ns.PREFIXES)),
        nodes=nodes_of(objects),
    )


def _document(element: etree._Element, resolve: Callable[[etree._Element], mtom.BinaryContent]) -> SubmittedDocument:
    binary = resolve(element)
    return SubmittedDocument(id=element.get("id"), content=binary.content, form=binary.form)


def build_submission(submission: Submission) -> tuple[bytes, tuple[mtom.Part, ...]]:
    """xds:ProvideAndRegisterDocumentSetRequest, and the parts its documents of form `xop` refer to."""
    prefixes: dict[str | None, str] = {"xds": ns.XDSB, "lcm": ns.LCM, "rim": ns.RIM}
    root = etree.Element(ns.clark(ns.XDSB, "ProvideAndRegisterDocumentSetRequest"), nsmap=prefixes)
    objects = add(etree.SubElement(root, ns.clark(ns.LCM, "SubmitObjectsRequest")), "RegistryObjectList")
    for entry in submission.entries:
        add_entry(objects, entry)
    for package in submission.sets:
        add_set(objects, package)
    for number, node in enumerate(submission.nodes, start=1):
        add_node(objects, number, node)
    for association in submission.associations:
        add_association(objects, association)
    parts = []
    for number, document in enumerate(submission.documents, start=1):
        box = etree.SubElement(root, ns.clark(ns.XDSB, "Document"))
        if document.id is not None:
            box.set("id", document.id)
        part = mtom.put_content(box, document.content, document.form, f"document-{number}@harness.invalid")
        parts += [part] if part is not None else []
    return to_bytes(root), tuple(parts)
