"""Submission sets (rim:RegistryPackage) as ITI-41 carries them; `xdr` is the front door.

Sources: IHE ITI TF-3, 4.2.1.1 and 4.2.3.3 (submission set attributes); OASIS ebRIM 3.0.
"""

from dataclasses import dataclass, field

from lxml import etree

from harness.wire import codes, ns
from harness.wire._rim import (
    Author,
    Coded,
    Slot,
    add,
    add_localized,
    add_slots,
    classification_of,
    find,
    localized,
    slots_of,
)

_IDENTIFIERS = (
    (codes.SCHEME_SET_UNIQUE_ID, "XDSSubmissionSet.uniqueId", "unique_id"),
    (codes.SCHEME_SET_PATIENT_ID, "XDSSubmissionSet.patientId", "patient_id"),
    (codes.SCHEME_SET_SOURCE_ID, "XDSSubmissionSet.sourceId", "source_id"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SubmissionSet:
    """One rim:RegistryPackage.

    `slots` holds the slots other than submissionTime. `identifiers` (filled by the parser, left out when two values are
    compared) names the scheme of each external identifier present.
    """

    id: str | None
    unique_id: str | None
    patient_id: str | None
    source_id: str | None
    submission_time: str | None = None
    title: str | None = None
    description: str | None = None
    object_type: str | None = codes.OBJECT_SUBMISSION_SET
    content_type: Coded | None = None
    authors: tuple[Author, ...] = ()
    slots: tuple[Slot, ...] = ()
    identifiers: tuple[str, ...] = field(default=(), compare=False)


def set_of(element: etree._Element) -> SubmissionSet:
    """The submission set that a rim:RegistryPackage is."""
    slots = slots_of(element)
    classes = element.findall("rim:Classification", ns.PREFIXES)
    identifiers = element.findall("rim:ExternalIdentifier", ns.PREFIXES)
    content = next((c for c in classes if c.get("classificationScheme") == codes.SCHEME_SET_CONTENT_TYPE), None)

    def identifier(scheme: str) -> str | None:
        return next((i.get("value") for i in identifiers if i.get("identificationScheme") == scheme), None)

    return SubmissionSet(
        id=element.get("id"),
        unique_id=identifier(codes.SCHEME_SET_UNIQUE_ID),
        patient_id=identifier(codes.SCHEME_SET_PATIENT_ID),
        source_id=identifier(codes.SCHEME_SET_SOURCE_ID),
        submission_time=next((s.values[0] for s in slots if s.name == "submissionTime" and s.values), None),
        title=localized(element, "Name"),
        description=localized(element, "Description"),
        object_type=element.get("objectType"),
        content_type=classification_of(content) if content is not None else None,
        authors=tuple(
            Author(slots=slots_of(c)) for c in classes if c.get("classificationScheme") == codes.SCHEME_SET_AUTHOR
        ),
        slots=tuple(s for s in slots if s.name != "submissionTime"),
        identifiers=tuple(i.get("identificationScheme") or "" for i in identifiers),
    )


def nodes_of(objects: etree._Element | None) -> tuple[str, ...]:
    """Ids of the objects of `objects` that are classified as submission sets, beside the packages or inside them.

    Source: IHE ITI TF-3, 4.2.1.3 (the classification node marks a package as a submission set).
    """
    found = [] if objects is None else objects.iter(ns.clark(ns.RIM, "Classification"))
    return tuple(
        c.get("classifiedObject") or "" for c in found if c.get("classificationNode") == codes.OBJECT_SUBMISSION_SET
    )


def add_set(objects: etree._Element, package: SubmissionSet) -> None:
    """A rim:RegistryPackage as last child of the object list, parts in the order of the ebRIM schema."""
    box = add(objects, "RegistryPackage", id=package.id, objectType=package.object_type)
    if package.submission_time is not None:
        add_slots(box, (Slot(name="submissionTime", values=(package.submission_time,)),))
    add_slots(box, package.slots)
    add_localized(box, "Name", package.title)
    add_localized(box, "Description", package.description)
    for author in package.authors:
        add_slots(_classification(box, package, codes.SCHEME_SET_AUTHOR, ""), author.slots)
    if package.content_type is not None:
        held = _classification(box, package, codes.SCHEME_SET_CONTENT_TYPE, package.content_type.code)
        if package.content_type.scheme is not None:
            add_slots(held, (Slot(name="codingScheme", values=(package.content_type.scheme,)),))
        add_localized(held, "Name", package.content_type.display)
    for scheme, name, attribute in _IDENTIFIERS:
        value: str | None = getattr(package, attribute)
        if value is not None:
            held = add(
                box,
                "ExternalIdentifier",
                id=_part_id(box, package),
                objectType=codes.OBJECT_EXTERNAL_IDENTIFIER,
                identificationScheme=scheme,
                registryObject=package.id,
                value=value,
            )
            add_localized(held, "Name", name)


def add_node(objects: etree._Element, number: int, classified: str) -> None:
    """The classification that marks object `classified` as a submission set, as last child of the object list."""
    add(
        objects,
        "Classification",
        id=f"{classified or 'set'}.node.{number}",
        objectType=codes.OBJECT_CLASSIFICATION,
        classificationNode=codes.OBJECT_SUBMISSION_SET,
        classifiedObject=classified,
    )


def objects_of(request: etree._Element) -> etree._Element | None:
    """The object list of an xds:ProvideAndRegisterDocumentSetRequest, None when it has none."""
    return find(request, "lcm:SubmitObjectsRequest/rim:RegistryObjectList")


def _classification(box: etree._Element, package: SubmissionSet, scheme: str, code: str | None) -> etree._Element:
    return add(
        box,
        "Classification",
        id=_part_id(box, package),
        objectType=codes.OBJECT_CLASSIFICATION,
        classificationScheme=scheme,
        classifiedObject=package.id,
        nodeRepresentation=code,
    )


def _part_id(box: etree._Element, package: SubmissionSet) -> str:
    return f"{package.id or 'set'}.{len(box) + 1}"
