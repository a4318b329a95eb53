"""ebRIM metadata: slots, codes, document entries, associations and registry errors; `xds` is the front door.

Sources: OASIS ebRIM and ebRS 3.0; IHE ITI TF-3, 4.2.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from lxml import etree

from harness.model import PatientId
from harness.wire import codes, ns

_CX = re.compile(r"(?P<extension>[^^]*)\^\^\^[^&^]*&(?P<root>[^&^]*)&ISO", re.DOTALL)
_OWN_SLOTS = {
    "creationTime": "creation_time",
    "languageCode": "language",
    "sourcePatientId": "source_patient_id",
    "repositoryUniqueId": "repository_id",
    "size": "size",
    "hash": "hash",
}


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
class RegistryError:
    """One rs:RegistryError; `severity` is a URI (codes.SEVERITY_ERROR, codes.SEVERITY_WARNING)."""

    code: str | None
    context: str | None = None
    severity: str | None = codes.SEVERITY_ERROR
    location: str | None = None


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


def parse_cx(value: str) -> PatientId | None:
    """The identifier that a CX text `ext^^^&root&ISO` stands for, None when it has another form.

    Source: IHE ITI TF-3, 4.2.3.1.7.
    """
    match = _CX.fullmatch(value)
    return PatientId(root=match["root"], extension=match["extension"]) if match else None


def find(parent: etree._Element | None, path: str) -> etree._Element | None:
    """The first element at `path` (prefixes of `ns.PREFIXES`), None where there is none."""
    return None if parent is None else parent.find(path, ns.PREFIXES)


def get(element: etree._Element | None, name: str) -> str | None:
    """Attribute `name`, None where it or the element is absent."""
    return None if element is None else element.get(name)


def own_text(element: etree._Element) -> str:
    """The text directly in `element`, whatever comments stand between."""
    return "".join([element.text or "", *(child.tail or "" for child in element)])


def slots_of(parent: etree._Element | None) -> tuple[Slot, ...]:
    """The slots of `parent`, values trimmed."""
    found = [] if parent is None else parent.findall("rim:Slot", ns.PREFIXES)
    return tuple(
        Slot(
            name=slot.get("name") or "",
            values=tuple(own_text(v).strip() for v in slot.findall("rim:ValueList/rim:Value", ns.PREFIXES)),
        )
        for slot in found
    )


def errors_of(parent: etree._Element | None) -> tuple[tuple[RegistryError, ...], bool]:
    """The registry errors of `parent`, and whether it holds an error list at all."""
    box = find(parent, "rs:RegistryErrorList")
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


def localized(parent: etree._Element, name: str) -> str | None:
    """The text of the first rim:LocalizedString of `name` (Name or Description)."""
    return get(find(parent, f"rim:{name}/rim:LocalizedString"), "value")


def classification_of(element: etree._Element) -> Coded:
    """The code that a rim:Classification of an external scheme gives."""
    scheme = next((s.values[0] for s in slots_of(element) if s.name == "codingScheme" and s.values), None)
    return Coded(code=element.get("nodeRepresentation"), scheme=scheme, display=localized(element, "Name"))


def entry_of(element: etree._Element) -> DocumentEntry:
    """The document entry that a rim:ExtrinsicObject is."""
    slots = slots_of(element)
    first = {s.name: s.values[0] for s in reversed(slots) if s.values}
    classes = element.findall("rim:Classification", ns.PREFIXES)
    identifiers = element.findall("rim:ExternalIdentifier", ns.PREFIXES)

    def coded(scheme: str) -> tuple[Coded, ...]:
        return tuple(classification_of(c) for c in classes if c.get("classificationScheme") == scheme)

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
        title=localized(element, "Name"),
        description=localized(element, "Description"),
        version=get(find(element, "rim:VersionInfo"), "versionName"),
        class_code=one(codes.SCHEME_CLASS_CODE),
        type_code=one(codes.SCHEME_TYPE_CODE),
        format_code=one(codes.SCHEME_FORMAT_CODE),
        confidentiality_codes=coded(codes.SCHEME_CONFIDENTIALITY),
        facility_type_code=one(codes.SCHEME_FACILITY_TYPE),
        practice_setting_code=one(codes.SCHEME_PRACTICE_SETTING),
        event_codes=coded(codes.SCHEME_EVENT_CODES),
        authors=tuple(
            Author(slots=slots_of(c)) for c in classes if c.get("classificationScheme") == codes.SCHEME_AUTHOR
        ),
        classifications=tuple(c.get("classificationScheme") or "" for c in classes),
        identifiers=tuple(i.get("identificationScheme") or "" for i in identifiers),
    )


def association_of(element: etree._Element) -> Association:
    """The association that a rim:Association is."""
    return Association(
        type=element.get("associationType"),
        source=element.get("sourceObject"),
        target=element.get("targetObject"),
        id=element.get("id"),
        slots=slots_of(element),
    )


def to_bytes(root: etree._Element) -> bytes:
    """`root` in UTF-8 without XML declaration."""
    return etree.tostring(root, encoding="UTF-8", xml_declaration=False)


def set_present(element: etree._Element, **attributes: str | None) -> None:
    """Sets the attributes that are not None."""
    for name, value in attributes.items():
        if value is not None:
            element.set(name, value)


def add(parent: etree._Element, local: str, /, **attributes: str | None) -> etree._Element:
    """A new last child `local` in the rim namespace; attributes that are None are left out."""
    child: etree._Element = etree.SubElement(parent, ns.clark(ns.RIM, local))
    set_present(child, **attributes)
    return child


def add_slots(parent: etree._Element, slots: Iterable[Slot]) -> None:
    """The slots as last children of `parent`."""
    for slot in slots:
        values = add(add(parent, "Slot", name=slot.name), "ValueList")
        for value in slot.values:
            add(values, "Value").text = value


def add_errors(parent: etree._Element, errors: tuple[RegistryError, ...], present: bool) -> None:
    """An error list as last child of `parent` when `present`."""
    if not present:
        return
    box = etree.SubElement(parent, ns.clark(ns.RS, "RegistryErrorList"), nsmap={"rs": ns.RS})
    for error in errors:
        set_present(
            etree.SubElement(box, ns.clark(ns.RS, "RegistryError")),
            codeContext=error.context,
            errorCode=error.code,
            severity=error.severity,
            location=error.location,
        )


def add_localized(parent: etree._Element, name: str, value: str | None) -> None:
    """Name or Description as last child of `parent`, nothing when there is no value."""
    if value is not None:
        add(add(parent, name), "LocalizedString", value=value)


def add_entry(objects: etree._Element, entry: DocumentEntry) -> None:
    """A rim:ExtrinsicObject as last child of the object list, parts in the order of the ebRIM schema."""
    box = add(
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
    add_slots(box, (*(Slot(name=n, values=(v,)) for n, v in own if v is not None), *entry.slots))
    add_localized(box, "Name", entry.title)
    add_localized(box, "Description", entry.description)
    if entry.version is not None:
        add(box, "VersionInfo", versionName=entry.version)
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
        add_slots(_classification_box(box, entry, codes.SCHEME_AUTHOR, ""), author.slots)
    for scheme, name, value in (
        (codes.SCHEME_PATIENT_ID, "XDSDocumentEntry.patientId", entry.patient_id),
        (codes.SCHEME_UNIQUE_ID, "XDSDocumentEntry.uniqueId", entry.unique_id),
    ):
        if value is not None:
            _add_identifier(box, entry, scheme, name, value)


def _part_id(box: etree._Element, entry: DocumentEntry) -> str:
    return f"{entry.id or 'entry'}.{len(box) + 1}"


def _classification_box(box: etree._Element, entry: DocumentEntry, scheme: str, code: str | None) -> etree._Element:
    return add(
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
        add_slots(classification, (Slot(name="codingScheme", values=(value.scheme,)),))
    add_localized(classification, "Name", value.display)


def _add_identifier(box: etree._Element, entry: DocumentEntry, scheme: str, name: str, value: str) -> None:
    identifier = add(
        box,
        "ExternalIdentifier",
        id=_part_id(box, entry),
        objectType=codes.OBJECT_EXTERNAL_IDENTIFIER,
        identificationScheme=scheme,
        registryObject=entry.id,
        value=value,
    )
    add_localized(identifier, "Name", name)


def add_association(objects: etree._Element, association: Association) -> None:
    """A last child of the object list."""
    box = add(
        objects,
        "Association",
        associationType=association.type,
        id=association.id,
        sourceObject=association.source,
        targetObject=association.target,
    )
    add_slots(box, association.slots)
