"""Cross Gateway Query and Retrieve, ITI-38 and ITI-39: ebRIM queries, document entries, registry answers, documents.

Values are kept as they stand on the wire, so that a check can judge them: absent is None, sizes and times are text.
`parse_` functions raise WireError only when the element is no such message (or a document's bytes cannot be decoded);
`build_` functions write what the value says, right or wrong, and return the payload in UTF-8 without XML declaration.

Sources: IHE ITI TF-2, 3.18, 3.38, 3.39, 3.43; IHE ITI TF-3, 4.2; OASIS ebRS and ebRIM 3.0; eHDSI XCA Profile.
"""

import base64
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from lxml import etree

from harness.errors import WireError
from harness.model import PatientId
from harness.wire import codes, mtom, ns

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
_CX = re.compile(r"(?P<extension>[^^]*)\^\^\^[^&^]*&(?P<root>[^&^]*)&ISO", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """A named list of values."""

    name: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Coded:
    """A code with its scheme (codingScheme slot, or what follows `^^`) and display name."""

    code: str | None
    scheme: str | None = None
    display: str | None = None


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
class RegistryError:
    """One rs:RegistryError; `severity` is a URI (codes.SEVERITY_ERROR, codes.SEVERITY_WARNING)."""

    code: str | None
    context: str | None = None
    severity: str | None = codes.SEVERITY_ERROR
    location: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistryResponse:
    """rs:RegistryResponse: a status URI and its errors. `has_error_list` tells an empty list from none."""

    status: str | None
    errors: tuple[RegistryError, ...] = ()
    has_error_list: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "has_error_list", self.has_error_list or bool(self.errors))


@dataclass(frozen=True, slots=True, kw_only=True)
class Author:
    """An author classification: its slots (authorPerson, authorInstitution, authorSpecialty, authorRole)."""

    slots: tuple[Slot, ...]

    def values(self, name: str) -> tuple[str, ...]:
        """The values of slot `name`."""
        return tuple(v for s in self.slots if s.name == name for v in s.values)


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentEntry:
    """rim:ExtrinsicObject of a document.

    Of classifications that IHE allows once the first is kept; `classifications` and `identifiers` (filled by the parser,
    left out when two values are compared) name the scheme of every one present, in order, so that they can be counted.
    `slots` holds the slots that have no field of their own. `lid` None is written as absent.
    """

    id: str | None
    unique_id: str | None
    patient_id: str | None
    home: str | None = None
    lid: str | None = None
    mime_type: str | None = "text/xml"
    status: str | None = codes.ENTRY_APPROVED
    object_type: str | None = codes.OBJECT_STABLE_DOCUMENT
    creation_time: str | None = None
    language: str | None = None
    source_patient_id: str | None = None
    repository_id: str | None = None
    size: str | None = None
    hash: str | None = None
    slots: tuple[Slot, ...] = ()
    title: str | None = None
    description: str | None = None
    version: str | None = None
    class_code: Coded | None = None
    type_code: Coded | None = None
    format_code: Coded | None = None
    confidentiality_codes: tuple[Coded, ...] = ()
    facility_type_code: Coded | None = None
    practice_setting_code: Coded | None = None
    event_codes: tuple[Coded, ...] = ()
    authors: tuple[Author, ...] = ()
    classifications: tuple[str, ...] = field(default=(), compare=False)
    identifiers: tuple[str, ...] = field(default=(), compare=False)

    @property
    def patient(self) -> PatientId | None:
        """The patient id read as CX; None when it is absent or not of that form."""
        return parse_cx(self.patient_id or "")

    @property
    def level(self) -> int | None:
        """CDA level by class and format code, None when they are no known pair."""
        if self.class_code is None or self.class_code.code is None or self.format_code is None:
            return None
        kind = codes.kind_of_class_code(self.class_code.code)
        return codes.level_of_format(kind.kind, self.format_code.code or "") if kind else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Association:
    """rim:Association: `source` and `target` are ids of entries."""

    type: str | None
    source: str | None
    target: str | None
    id: str | None = None
    slots: tuple[Slot, ...] = ()


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


def parse_cx(value: str) -> PatientId | None:
    """The identifier that a CX text `ext^^^&root&ISO` stands for, None when it has another form.

    Source: IHE ITI TF-3, 4.2.3.1.7.
    """
    match = _CX.fullmatch(value)
    return PatientId(root=match["root"], extension=match["extension"]) if match else None


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
    option = _find(element, "query:ResponseOption")
    query = _find(element, "rim:AdhocQuery")
    return DocumentQuery(
        query_id=_get(query, "id"),
        home=_get(query, "home"),
        return_type=_get(option, "returnType"),
        return_composed_objects=_get(option, "returnComposedObjects"),
        slots=_slots(query),
    )


def build_query(query: DocumentQuery) -> bytes:
    """query:AdhocQueryRequest."""
    root = etree.Element(ns.clark(ns.QUERY, "AdhocQueryRequest"), nsmap={"query": ns.QUERY, "rim": ns.RIM})
    if query.return_type is not None or query.return_composed_objects is not None:
        option = etree.SubElement(root, ns.clark(ns.QUERY, "ResponseOption"))
        _set(option, returnComposedObjects=query.return_composed_objects, returnType=query.return_type)
    body = _add(root, "AdhocQuery", id=query.query_id, home=query.home)
    _add_slots(body, query.slots)
    return _bytes(root)


def parse_registry_response(element: etree._Element) -> RegistryResponse:
    """The status and errors of `element` (rs:RegistryResponse).

    Raises:
        WireError: `wrong-root`.
    """
    _expect(element, ns.RS, "RegistryResponse")
    errors, present = _errors(element)
    return RegistryResponse(status=element.get("status"), errors=errors, has_error_list=present)


def build_registry_response(response: RegistryResponse) -> bytes:
    """rs:RegistryResponse."""
    root = etree.Element(ns.clark(ns.RS, "RegistryResponse"), nsmap={"rs": ns.RS})
    _set(root, status=response.status)
    _add_errors(root, response.errors, response.has_error_list)
    return _bytes(root)


def parse_query_answer(element: etree._Element) -> QueryAnswer:
    """The answer that `element` (query:AdhocQueryResponse) is.

    Raises:
        WireError: `wrong-root`.
    """
    _expect(element, ns.QUERY, "AdhocQueryResponse")
    errors, present = _errors(element)
    objects = _find(element, "rim:RegistryObjectList")
    listed = [] if objects is None else list(objects.iterchildren(etree.Element))
    entry_tag, association_tag = ns.clark(ns.RIM, "ExtrinsicObject"), ns.clark(ns.RIM, "Association")
    return QueryAnswer(
        status=element.get("status"),
        errors=errors,
        has_error_list=present,
        entries=tuple(_entry(e) for e in listed if e.tag == entry_tag),
        associations=tuple(_association(e) for e in listed if e.tag == association_tag),
        has_object_list=objects is not None,
        other_objects=tuple(str(e.tag) for e in listed if e.tag not in (entry_tag, association_tag)),
    )


def build_query_answer(answer: QueryAnswer) -> bytes:
    """query:AdhocQueryResponse: error list, then object list with entries before associations."""
    prefixes: dict[str | None, str] = {"query": ns.QUERY, "rim": ns.RIM, "rs": ns.RS}
    root = etree.Element(ns.clark(ns.QUERY, "AdhocQueryResponse"), nsmap=prefixes)
    _set(root, status=answer.status)
    _add_errors(root, answer.errors, answer.has_error_list)
    if answer.has_object_list:
        objects = _add(root, "RegistryObjectList")
        for entry in answer.entries:
            _add_entry(objects, entry)
        for association in answer.associations:
            box = _add(
                objects,
                "Association",
                associationType=association.type,
                id=association.id,
                sourceObject=association.source,
                targetObject=association.target,
            )
            _add_slots(box, association.slots)
    return _bytes(root)


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
    return _bytes(root)


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
    response = _find(element, "rs:RegistryResponse")
    errors, present = _errors(response)
    return RetrieveAnswer(
        status=_get(response, "status"),
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
    _set(response, status=answer.status)
    _add_errors(response, answer.errors, answer.has_error_list)
    parts: list[mtom.Part] = []
    for number, document in enumerate(answer.documents, start=1):
        box = etree.SubElement(root, ns.clark(ns.XDSB, "DocumentResponse"))
        _add_identity(box, document.home, document.repository, document.id)
        if document.mime_type is not None:
            etree.SubElement(box, ns.clark(ns.XDSB, "mimeType")).text = document.mime_type
        if document.form == "absent":
            continue
        holder = etree.SubElement(box, ns.clark(ns.XDSB, "Document"))
        if document.form == "inline":
            holder.text = base64.b64encode(document.content).decode("ascii")
            continue
        cid = content_id(number)
        include = etree.SubElement(holder, ns.clark(ns.XOP, "Include"), nsmap={"xop": ns.XOP})
        include.set("href", "cid:" + cid)
        mime_type = document.mime_type or "application/octet-stream"
        parts.append(mtom.Part(content_id=cid, content_type=mime_type, content=document.content))
    return _bytes(root), tuple(parts)


def _expect(element: etree._Element, namespace: str, local: str) -> None:
    if element.tag != ns.clark(namespace, local):
        raise WireError(
            "not the message that is due here",
            kind="wrong-root",
            expected=ns.qname(ns.clark(namespace, local)),
            found=ns.qname(element.tag) if isinstance(element.tag, str) else "no element",
            xpath="/*",
        )


def _find(parent: etree._Element | None, path: str) -> etree._Element | None:
    return None if parent is None else parent.find(path, ns.PREFIXES)


def _get(element: etree._Element | None, name: str) -> str | None:
    return None if element is None else element.get(name)


def _own_text(element: etree._Element) -> str:
    return "".join([element.text or "", *(child.tail or "" for child in element)])


def _text(parent: etree._Element, path: str) -> str | None:
    element = _find(parent, path)
    return None if element is None else _own_text(element).strip() or None


def _slots(parent: etree._Element | None) -> tuple[Slot, ...]:
    found = [] if parent is None else parent.findall("rim:Slot", ns.PREFIXES)
    return tuple(
        Slot(
            name=slot.get("name") or "",
            values=tuple(_own_text(v).strip() for v in slot.findall("rim:ValueList/rim:Value", ns.PREFIXES)),
        )
        for slot in found
    )


def _coded(value: str) -> Coded:
    code, separator, scheme = value.partition("^^")
    return Coded(code=code, scheme=scheme if separator else None)


def _errors(parent: etree._Element | None) -> tuple[tuple[RegistryError, ...], bool]:
    box = _find(parent, "rs:RegistryErrorList")
    if box is None:
        return (), False
    return tuple(
        RegistryError(
            code=e.get("errorCode"),
            context=e.get("codeContext"),
            severity=e.get("severity"),
            location=e.get("location"),
        )
        for e in box.findall("rs:RegistryError", ns.PREFIXES)
    ), True


def _localized(parent: etree._Element, name: str) -> str | None:
    return _get(_find(parent, f"rim:{name}/rim:LocalizedString"), "value")


def _classification(element: etree._Element) -> Coded:
    scheme = next((s.values[0] for s in _slots(element) if s.name == "codingScheme" and s.values), None)
    return Coded(code=element.get("nodeRepresentation"), scheme=scheme, display=_localized(element, "Name"))


_OWN_SLOTS = {
    "creationTime": "creation_time",
    "languageCode": "language",
    "sourcePatientId": "source_patient_id",
    "repositoryUniqueId": "repository_id",
    "size": "size",
    "hash": "hash",
}


def _entry(element: etree._Element) -> DocumentEntry:
    slots = _slots(element)
    first = {s.name: s.values[0] for s in reversed(slots) if s.values}
    classes = element.findall("rim:Classification", ns.PREFIXES)
    identifiers = element.findall("rim:ExternalIdentifier", ns.PREFIXES)

    def coded(scheme: str) -> tuple[Coded, ...]:
        return tuple(_classification(c) for c in classes if c.get("classificationScheme") == scheme)

    def one(scheme: str) -> Coded | None:
        return next(iter(coded(scheme)), None)

    def identifier(scheme: str) -> str | None:
        return next((i.get("value") for i in identifiers if i.get("identificationScheme") == scheme), None)

    return DocumentEntry(
        id=element.get("id"),
        unique_id=identifier(codes.SCHEME_UNIQUE_ID),
        patient_id=identifier(codes.SCHEME_PATIENT_ID),
        home=element.get("home"),
        lid=element.get("lid"),
        mime_type=element.get("mimeType"),
        status=element.get("status"),
        object_type=element.get("objectType"),
        creation_time=first.get("creationTime"),
        language=first.get("languageCode"),
        source_patient_id=first.get("sourcePatientId"),
        repository_id=first.get("repositoryUniqueId"),
        size=first.get("size"),
        hash=first.get("hash"),
        slots=tuple(s for s in slots if s.name not in _OWN_SLOTS),
        title=_localized(element, "Name"),
        description=_localized(element, "Description"),
        version=_get(_find(element, "rim:VersionInfo"), "versionName"),
        class_code=one(codes.SCHEME_CLASS_CODE),
        type_code=one(codes.SCHEME_TYPE_CODE),
        format_code=one(codes.SCHEME_FORMAT_CODE),
        confidentiality_codes=coded(codes.SCHEME_CONFIDENTIALITY),
        facility_type_code=one(codes.SCHEME_FACILITY_TYPE),
        practice_setting_code=one(codes.SCHEME_PRACTICE_SETTING),
        event_codes=coded(codes.SCHEME_EVENT_CODES),
        authors=tuple(Author(slots=_slots(c)) for c in classes if c.get("classificationScheme") == codes.SCHEME_AUTHOR),
        classifications=tuple(c.get("classificationScheme") or "" for c in classes),
        identifiers=tuple(i.get("identificationScheme") or "" for i in identifiers),
    )


def _association(element: etree._Element) -> Association:
    return Association(
        type=element.get("associationType"),
        source=element.get("sourceObject"),
        target=element.get("targetObject"),
        id=element.get("id"),
        slots=_slots(element),
    )


def _document(element: etree._Element, resolve: Callable[[etree._Element], mtom.BinaryContent]) -> RetrievedDocument:
    holder = _find(element, "xds:Document")
    binary = mtom.BinaryContent(content=b"", form="absent") if holder is None else resolve(holder)
    return RetrievedDocument(
        home=_text(element, "xds:HomeCommunityId"),
        repository=_text(element, "xds:RepositoryUniqueId"),
        id=_text(element, "xds:DocumentUniqueId"),
        mime_type=_text(element, "xds:mimeType"),
        content=binary.content,
        form=binary.form,
    )


def _bytes(root: etree._Element) -> bytes:
    return etree.tostring(root, encoding="UTF-8", xml_declaration=False)


def _set(element: etree._Element, **attributes: str | None) -> None:
    for name, value in attributes.items():
        if value is not None:
            element.set(name, value)


def _add(parent: etree._Element, local: str, /, **attributes: str | None) -> etree._Element:
    child: etree._Element = etree.SubElement(parent, ns.clark(ns.RIM, local))
    _set(child, **attributes)
    return child


def _add_slots(parent: etree._Element, slots: Iterable[Slot]) -> None:
    for slot in slots:
        values = _add(_add(parent, "Slot", name=slot.name), "ValueList")
        for value in slot.values:
            _add(values, "Value").text = value


def _add_errors(parent: etree._Element, errors: tuple[RegistryError, ...], present: bool) -> None:
    if not present:
        return
    box = etree.SubElement(parent, ns.clark(ns.RS, "RegistryErrorList"), nsmap={"rs": ns.RS})
    for error in errors:
        _set(
            etree.SubElement(box, ns.clark(ns.RS, "RegistryError")),
            codeContext=error.context,
            errorCode=error.code,
            severity=error.severity,
            location=error.location,
        )


def _add_identity(box: etree._Element, home: str | None, repository: str | None, identifier: str | None) -> None:
    for name, value in (
        ("HomeCommunityId", home),
        ("RepositoryUniqueId", repository),
        ("DocumentUniqueId", identifier),
    ):
        if value is not None:
            etree.SubElement(box, ns.clark(ns.XDSB, name)).text = value


def _add_localized(parent: etree._Element, name: str, value: str | None) -> None:
    if value is not None:
        _add(_add(parent, name), "LocalizedString", value=value)


def _add_entry(objects: etree._Element, entry: DocumentEntry) -> None:
    box = _add(
        objects,
        "ExtrinsicObject",
        id=entry.id,
        lid=entry.lid,
        home=entry.home,
        mimeType=entry.mime_type,
        objectType=entry.object_type,
        status=entry.status,
    )
    own = (
        ("creationTime", entry.creation_time),
        ("languageCode", entry.language),
        ("sourcePatientId", entry.source_patient_id),
        ("repositoryUniqueId", entry.repository_id),
        ("size", entry.size),
        ("hash", entry.hash),
    )
    _add_slots(box, (*(Slot(name=n, values=(v,)) for n, v in own if v is not None), *entry.slots))
    _add_localized(box, "Name", entry.title)
    _add_localized(box, "Description", entry.description)
    if entry.version is not None:
        _add(box, "VersionInfo", versionName=entry.version)
    coded = [
        (codes.SCHEME_CLASS_CODE, entry.class_code),
        (codes.SCHEME_TYPE_CODE, entry.type_code),
        (codes.SCHEME_FORMAT_CODE, entry.format_code),
        *((codes.SCHEME_CONFIDENTIALITY, c) for c in entry.confidentiality_codes),
        (codes.SCHEME_FACILITY_TYPE, entry.facility_type_code),
        (codes.SCHEME_PRACTICE_SETTING, entry.practice_setting_code),
        *((codes.SCHEME_EVENT_CODES, c) for c in entry.event_codes),
    ]
    for scheme, code in coded:
        if code is not None:
            _add_classification(box, entry, scheme, code)
    for author in entry.authors:
        _add_slots(_classification_box(box, entry, codes.SCHEME_AUTHOR, ""), author.slots)
    for scheme, name, value in (
        (codes.SCHEME_PATIENT_ID, "XDSDocumentEntry.patientId", entry.patient_id),
        (codes.SCHEME_UNIQUE_ID, "XDSDocumentEntry.uniqueId", entry.unique_id),
    ):
        if value is not None:
            _add_identifier(box, entry, scheme, name, value)


def _part_id(box: etree._Element, entry: DocumentEntry) -> str:
    return f"{entry.id or 'entry'}.{len(box) + 1}"


def _classification_box(box: etree._Element, entry: DocumentEntry, scheme: str, code: str | None) -> etree._Element:
    return _add(
        box,
        "Classification",
        id=_part_id(box, entry),
        objectType=codes.OBJECT_CLASSIFICATION,
        classificationScheme=scheme,
        classifiedObject=entry.id,
        nodeRepresentation=code,
    )


def _add_classification(box: etree._Element, entry: DocumentEntry, scheme: str, value: Coded) -> None:
    classification = _classification_box(box, entry, scheme, value.code)
    if value.scheme is not None:
        _add_slots(classification, (Slot(name="codingScheme", values=(value.scheme,)),))
    _add_localized(classification, "Name", value.display)


def _add_identifier(box: etree._Element, entry: DocumentEntry, scheme: str, name: str, value: str) -> None:
    identifier = _add(
        box,
        "ExternalIdentifier",
        id=_part_id(box, entry),
        objectType=codes.OBJECT_EXTERNAL_IDENTIFIER,
        identificationScheme=scheme,
        registryObject=entry.id,
        value=value,
    )
    _add_localized(identifier, "Name", name)
