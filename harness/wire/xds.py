"""Cross Gateway Query and Retrieve, ITI-38 and ITI-39: ebRIM queries, document entries, registry answers, documents.

Values are kept as they stand on the wire, so that a check can judge them: absent is None, sizes and times are text.
`parse_` functions raise WireError only when the element is no such message (or a document's bytes cannot be decoded);
`build_` functions write what the value says, right or wrong, and return the payload in UTF-8 without XML declaration.

Sources: IHE ITI TF-2, 3.18, 3.38, 3.39, 3.43; IHE ITI TF-3, 4.2; OASIS ebRS and ebRIM 3.0; eHDSI XCA Profile.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from lxml import etree

from harness.errors import WireError
from harness.model import PatientId
from harness.wire import codes, mtom, ns
from harness.wire._rim import (
    Association,
    Author,
    Coded,
    DocumentEntry,
    RegistryError,
    Slot,
    add,
    add_association,
    add_entry,
    add_errors,
    add_slots,
    association_of,
    entry_of,
    errors_of,
    find,
    get,
    own_text,
    parse_cx,
    set_present,
    slots_of,
    to_bytes,
)

__all__ = [
    "SLOT_CLASS_CODE",
    "SLOT_CREATED_AFTER",
    "SLOT_CREATED_BEFORE",
    "SLOT_MAXIMUM_SIZE",
    "SLOT_PATIENT_ID",
    "SLOT_STATUS",
    "X_ASSOCIATION",
    "X_DOCUMENT",
    "X_ENTRY",
    "X_ERROR",
    "X_OBJECTS",
    "X_QUERY_ID",
    "X_QUERY_SLOT",
    "X_REGISTRY_RESPONSE",
    "X_REQUEST",
    "X_RESPONSE_OPTION",
    "X_RETRIEVE_ERROR",
    "X_RETRIEVE_STATUS",
    "X_STATUS",
    "Association",
    "Author",
    "ClassCodes",
    "Coded",
    "DocumentEntry",
    "DocumentQuery",
    "DocumentRequest",
    "QueryAnswer",
    "RegistryError",
    "RegistryResponse",
    "RetrieveAnswer",
    "RetrieveRequest",
    "RetrievedDocument",
    "Slot",
    "build_query",
    "build_query_answer",
    "build_registry_response",
    "build_retrieve_answer",
    "build_retrieve_request",
    "find_documents",
    "inline_only",
    "parse_cx",
    "parse_query",
    "parse_query_answer",
    "parse_registry_response",
    "parse_retrieve_answer",
    "parse_retrieve_request",
    "stored_query_list",
    "stored_query_values",
]

SLOT_PATIENT_ID = "$XDSDocumentEntryPatientId"
SLOT_STATUS = "$XDSDocumentEntryStatus"
SLOT_CLASS_CODE = "$XDSDocumentEntryClassCode"
SLOT_MAXIMUM_SIZE = "$XDSDocumentEntryFilterMaximumSize"
SLOT_CREATED_BEFORE = "$XDSDocumentEntryFilterCreatedBefore"
SLOT_CREATED_AFTER = "$XDSDocumentEntryFilterCreatedAfter"

# --- where checks find a field, from the message's root element (prefixes of `ns.PREFIXES`)
X_QUERY_ID = "rim:AdhocQuery/@id"
X_RESPONSE_OPTION = "query:ResponseOption"
X_QUERY_SLOT = "rim:AdhocQuery/rim:Slot"
X_STATUS = "@status"
X_ERROR = "rs:RegistryErrorList/rs:RegistryError"
X_OBJECTS = "rim:RegistryObjectList"
X_ENTRY = "rim:RegistryObjectList/rim:ExtrinsicObject"
X_ASSOCIATION = "rim:RegistryObjectList/rim:Association"
X_REQUEST = "xds:DocumentRequest"
X_REGISTRY_RESPONSE = "rs:RegistryResponse"
X_RETRIEVE_STATUS = "rs:RegistryResponse/@status"
X_RETRIEVE_ERROR = "rs:RegistryResponse/rs:RegistryErrorList/rs:RegistryError"
X_DOCUMENT = "xds:DocumentResponse"

_QUOTED = re.compile(r"'((?:[^']|'')*)'")


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassCodes:
    """The class codes of a query. `form` says how they were written: `ihe` (one quoted string a code), `joined` (several
    in one quoted string, as OpenNCP does), `bare` (not quoted), `none` (no such slot or an empty one)."""

    values: tuple[Coded, ...]
    form: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentQuery:
    """query:AdhocQueryRequest. Make a valid one with `find_documents`."""

    query_id: str | None
    slots: tuple[Slot, ...]
    home: str | None = None
    return_type: str | None = "LeafClass"
    return_composed_objects: str | None = "true"

    def values(self, name: str) -> tuple[str, ...]:
        """The values of all slots called `name`, parentheses and quotes taken off."""
        return tuple(v for s in self.slots if s.name == name for raw in s.values for v in stored_query_values(raw))

    def raw(self, name: str) -> tuple[str, ...]:
        """The values of all slots called `name` as they stand on the wire."""
        return tuple(raw for s in self.slots if s.name == name for raw in s.values)

    @property
    def patient_id(self) -> str | None:
        """The patient id as text, quotes taken off; None when the slot is absent or empty."""
        return next((v for v in self.values(SLOT_PATIENT_ID) if v), None)

    @property
    def patient(self) -> PatientId | None:
        """The patient id read as CX; None when it is absent or not of that form."""
        return parse_cx(self.patient_id or "")

    @property
    def statuses(self) -> tuple[str, ...]:
        """The entry statuses asked for."""
        return self.values(SLOT_STATUS)

    @property
    def class_codes(self) -> ClassCodes:
        """The class codes asked for, in IHE's form and in OpenNCP's joined one."""
        raws = [r.strip() for r in self.raw(SLOT_CLASS_CODE) if r.strip()]
        found: list[Coded] = []
        form = "ihe" if raws else "none"
        for raw in raws:
            if not _QUOTED.search(raw):
                form = "bare"
            for value in stored_query_values(raw):
                parts = [p.strip() for p in value.split(",")] if value.count("^^") > 1 else [value]
                if len(parts) > 1:
                    form = "joined"
                found += [_coded(p) for p in parts if p]
        return ClassCodes(values=tuple(found), form=form)


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistryResponse:
    """rs:RegistryResponse: a status URI and its errors. `has_error_list` tells an empty list from none."""

    status: str | None
    errors: tuple[RegistryError, ...] = ()
    has_error_list: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "has_error_list", self.has_error_list or bool(self.errors))


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryAnswer:
    """query:AdhocQueryResponse. `other_objects` are the Clark names of further children of the object list (filled by the
    parser, never built, left out when two values are compared)."""

    status: str | None
    errors: tuple[RegistryError, ...] = ()
    has_error_list: bool = False
    entries: tuple[DocumentEntry, ...] = ()
    associations: tuple[Association, ...] = ()
    has_object_list: bool = True
    other_objects: tuple[str, ...] = field(default=(), compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "has_error_list", self.has_error_list or bool(self.errors))
        object.__setattr__(
            self, "has_object_list", self.has_object_list or bool(self.entries) or bool(self.associations)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentRequest:
    """Which document to fetch: home community (`urn:oid:`), repository (OID) and document unique id."""

    home: str | None
    repository: str | None
    id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RetrieveRequest:
    """xds:RetrieveDocumentSetRequest."""

    documents: tuple[DocumentRequest, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RetrievedDocument:
    """xds:DocumentResponse. `form` is `xop`, `inline` (base64) or `absent` (no Document element; content empty)."""

    home: str | None
    repository: str | None
    id: str | None
    mime_type: str | None
    content: bytes = field(repr=False)
    form: str = "xop"


@dataclass(frozen=True, slots=True, kw_only=True)
class RetrieveAnswer:
    """xds:RetrieveDocumentSetResponse; `status` is None too when it holds no rs:RegistryResponse."""

    status: str | None
    errors: tuple[RegistryError, ...] = ()
    has_error_list: bool = False
    documents: tuple[RetrievedDocument, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "has_error_list", self.has_error_list or bool(self.errors))


def stored_query_values(raw: str) -> tuple[str, ...]:
    """The values that one slot value of a stored query stands for: `'a'`, `('a','b')` or a bare value, `''` being a quote.

    Source: IHE ITI TF-2, 3.18.4.1.2.3.5.
    """
    quoted = _QUOTED.findall(raw)
    if quoted:
        return tuple(q.replace("''", "'") for q in quoted)
    bare = raw.strip()
    if bare.startswith("(") and bare.endswith(")"):
        bare = bare[1:-1].strip()
    return (bare,) if bare else ()


def stored_query_list(values: Iterable[str]) -> str:
    """`values` as one list value of a stored query: `('a','b')`."""
    return "(" + ",".join("'" + v.replace("'", "''") + "'" for v in values) + ")"


def find_documents(
    patient_cx: str,
    class_codes: Iterable[str],
    *,
    statuses: Iterable[str] = (codes.ENTRY_APPROVED,),
    extra: tuple[Slot, ...] = (),
) -> DocumentQuery:
    """A FindDocuments query for LOINC `class_codes`, in the form that IHE defines.

    Source: IHE ITI TF-2, 3.18.4.1.2.3.7.1; eHDSI XCA Profile.
    """
    coded = [f"{code}^^{codes.LOINC}" for code in class_codes]
    quoted = "'" + patient_cx.replace("'", "''") + "'"
    slots = [Slot(name=SLOT_PATIENT_ID, values=(quoted,))]
    slots.append(Slot(name=SLOT_STATUS, values=(stored_query_list(statuses),)))
    if coded:
        slots.append(Slot(name=SLOT_CLASS_CODE, values=(stored_query_list(coded),)))
    return DocumentQuery(query_id=codes.QUERY_FIND_DOCUMENTS, slots=(*slots, *extra))


def parse_query(element: etree._Element) -> DocumentQuery:
    """The query that `element` (query:AdhocQueryRequest) is.

    Raises:
        WireError: `wrong-root`.
    """
    _expect(element, ns.QUERY, "AdhocQueryRequest")
    option = find(element, "query:ResponseOption")
    query = find(element, "rim:AdhocQuery")
    return DocumentQuery(
        query_id=get(query, "id"),
        home=get(query, "home"),
        return_type=get(option, "returnType"),
        return_composed_objects=get(option, "returnComposedObjects"),
        slots=slots_of(query),
    )


def build_query(query: DocumentQuery) -> bytes:
    """query:AdhocQueryRequest."""
    root = etree.Element(ns.clark(ns.QUERY, "AdhocQueryRequest"), nsmap={"query": ns.QUERY, "rim": ns.RIM})
    if query.return_type is not None or query.return_composed_objects is not None:
        option = etree.SubElement(root, ns.clark(ns.QUERY, "ResponseOption"))
        set_present(option, returnComposedObjects=query.return_composed_objects, returnType=query.return_type)
    body = add(root, "AdhocQuery", id=query.query_id, home=query.home)
    add_slots(body, query.slots)
    return to_bytes(root)


def parse_registry_response(element: etree._Element) -> RegistryResponse:
    """The status and errors of `element` (rs:RegistryResponse).

    Raises:
        WireError: `wrong-root`.
    """
    _expect(element, ns.RS, "RegistryResponse")
    errors, present = errors_of(element)
    return RegistryResponse(status=element.get("status"), errors=errors, has_error_list=present)


def build_registry_response(response: RegistryResponse) -> bytes:
    """rs:RegistryResponse."""
    root = etree.Element(ns.clark(ns.RS, "RegistryResponse"), nsmap={"rs": ns.RS})
    set_present(root, status=response.status)
    add_errors(root, response.errors, response.has_error_list)
    return to_bytes(root)


def parse_query_answer(element: etree._Element) -> QueryAnswer:
    """The answer that `element` (query:AdhocQueryResponse) is.

    Raises:
        WireError: `wrong-root`.
    """
    _expect(element, ns.QUERY, "AdhocQueryResponse")
    errors, present = errors_of(element)
    objects = find(element, "rim:RegistryObjectList")
    listed = [] if objects is None else list(objects.iterchildren(etree.Element))
    entry_tag, association_tag = ns.clark(ns.RIM, "ExtrinsicObject"), ns.clark(ns.RIM, "Association")
    return QueryAnswer(
        status=element.get("status"),
        errors=errors,
        has_error_list=present,
        entries=tuple(entry_of(e) for e in listed if e.tag == entry_tag),
        associations=tuple(association_of(e) for e in listed if e.tag == association_tag),
        has_object_list=objects is not None,
        other_objects=tuple(str(e.tag) for e in listed if e.tag not in (entry_tag, association_tag)),
    )


def build_query_answer(answer: QueryAnswer) -> bytes:
    """query:AdhocQueryResponse: error list, then object list with entries before associations."""
    prefixes: dict[str | None, str] = {"query": ns.QUERY, "rim": ns.RIM, "rs": ns.RS}
    root = etree.Element(ns.clark(ns.QUERY, "AdhocQueryResponse"), nsmap=prefixes)
    set_present(root, status=answer.status)
    add_errors(root, answer.errors, answer.has_error_list)
    if answer.has_object_list:
        objects = add(root, "RegistryObjectList")
        for entry in answer.entries:
            add_entry(objects, entry)
        for association in answer.associations:
            add_association(objects, association)
    return to_bytes(root)


def parse_retrieve_request(element: etree._Element) -> RetrieveRequest:
    """The request that `element` (xds:RetrieveDocumentSetRequest) is.

    Raises:
        WireError: `wrong-root`.
    """
    _expect(element, ns.XDSB, "RetrieveDocumentSetRequest")
    return RetrieveRequest(
        documents=tuple(
            DocumentRequest(
                home=_text(r, "xds:HomeCommunityId"),
                repository=_text(r, "xds:RepositoryUniqueId"),
                id=_text(r, "xds:DocumentUniqueId"),
            )
            for r in element.findall("xds:DocumentRequest", ns.PREFIXES)
        )
    )


def build_retrieve_request(request: RetrieveRequest) -> bytes:
    """xds:RetrieveDocumentSetRequest."""
    root = etree.Element(ns.clark(ns.XDSB, "RetrieveDocumentSetRequest"), nsmap={"xds": ns.XDSB})
    for document in request.documents:
        box = etree.SubElement(root, ns.clark(ns.XDSB, "DocumentRequest"))
        _add_identity(box, document.home, document.repository, document.id)
    return to_bytes(root)


def inline_only(element: etree._Element) -> mtom.BinaryContent:
    """The bytes of an element that holds base64; the resolver for a message that came without attachments.

    Raises:
        WireError: `bad-value`, no base64; `missing-element` when the content is an xop:Include.
    """
    return mtom.resolve_xop(element, {})


def parse_retrieve_answer(
    element: etree._Element, resolve: Callable[[etree._Element], mtom.BinaryContent] = inline_only
) -> RetrieveAnswer:
    """The answer that `element` (xds:RetrieveDocumentSetResponse) is.

    `resolve` gives the bytes that a Document element stands for; with attachments it is
    `lambda document: mtom.resolve_xop(document, message.parts)`.

    Raises:
        WireError: `wrong-root`, or what `resolve` raises when the bytes cannot be had.
    """
    _expect(element, ns.XDSB, "RetrieveDocumentSetResponse")
    response = find(element, "rs:RegistryResponse")
    errors, present = errors_of(response)
    return RetrieveAnswer(
        status=get(response, "status"),
        errors=errors,
        has_error_list=present,
        documents=tuple(_document(d, resolve) for d in element.findall("xds:DocumentResponse", ns.PREFIXES)),
    )


def build_retrieve_answer(
    answer: RetrieveAnswer, *, content_id: Callable[[int], str] = "document-{}@xds".format
) -> tuple[bytes, tuple[mtom.Part, ...]]:
    """xds:RetrieveDocumentSetResponse, and the attachments its `xop` documents refer to (none when all are inline).

    `content_id` names the attachment of the n-th document, counted from 1.
    """
    prefixes: dict[str | None, str] = {"xds": ns.XDSB, "rs": ns.RS}
    root = etree.Element(ns.clark(ns.XDSB, "RetrieveDocumentSetResponse"), nsmap=prefixes)
    response = etree.SubElement(root, ns.clark(ns.RS, "RegistryResponse"))
    set_present(response, status=answer.status)
    add_errors(response, answer.errors, answer.has_error_list)
    parts: list[mtom.Part] = []
    for number, document in enumerate(answer.documents, start=1):
        box = etree.SubElement(root, ns.clark(ns.XDSB, "DocumentResponse"))
        _add_identity(box, document.home, document.repository, document.id)
        if document.mime_type is not None:
            etree.SubElement(box, ns.clark(ns.XDSB, "mimeType")).text = document.mime_type
        if document.form == "absent":
            continue
        holder = etree.SubElement(box, ns.clark(ns.XDSB, "Document"))
        mime_type = document.mime_type or "application/octet-stream"
        part = mtom.put_content(holder, document.content, document.form, content_id(number), mime_type)
        parts += [part] if part is not None else []
    return to_bytes(root), tuple(parts)


def _expect(element: etree._Element, namespace: str, local: str) -> None:
    if element.tag != ns.clark(namespace, local):
        raise WireError(
            "not the message that is due here",
            kind="wrong-root",
            expected=ns.qname(ns.clark(namespace, local)),
            found=ns.qname(element.tag) if isinstance(element.tag, str) else "no element",
            xpath="/*",
        )


def _text(parent: etree._Element, path: str) -> str | None:
    element = find(parent, path)
    return None if element is None else own_text(element).strip() or None


def _coded(value: str) -> Coded:
    code, separator, scheme = value.partition("^^")
    return Coded(code=code, scheme=scheme if separator else None)


def _document(element: etree._Element, resolve: Callable[[etree._Element], mtom.BinaryContent]) -> RetrievedDocument:
    holder = find(element, "xds:Document")
    binary = mtom.BinaryContent(content=b"", form="absent") if holder is None else resolve(holder)
    return RetrievedDocument(
        home=_text(element, "xds:HomeCommunityId"),
        repository=_text(element, "xds:RepositoryUniqueId"),
        id=_text(element, "xds:DocumentUniqueId"),
        mime_type=_text(element, "xds:mimeType"),
        content=binary.content,
        form=binary.form,
    )


def _add_identity(box: etree._Element, home: str | None, repository: str | None, identifier: str | None) -> None:
    for name, value in (
        ("HomeCommunityId", home),
        ("RepositoryUniqueId", repository),
        ("DocumentUniqueId", identifier),
    ):
        if value is not None:
            etree.SubElement(box, ns.clark(ns.XDSB, name)).text = value
