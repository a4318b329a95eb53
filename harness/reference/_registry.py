"""AdhocQueryResponse and RetrieveDocumentSetResponse as this system writes them.

Source: IHE ITI TF-2, 3.38 and 3.39; TF-3, 4.2 (entry metadata); eHDSI XCA Profile.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from harness.reference import _facts
from harness.reference._holdings import Held
from harness.reference._messages import element, text
from harness.reference._store import Event

_RIM = "urn:oasis:names:tc:ebxml-regrep:xsd:rim:3.0"
_RS = "urn:oasis:names:tc:ebxml-regrep:xsd:rs:3.0"
_QUERY = "urn:oasis:names:tc:ebxml-regrep:xsd:query:3.0"
_STABLE = "urn:uuid:7edca82f-054d-47f2-a032-9b2a5b5186c1"
_OBJECT = "urn:oasis:names:tc:ebxml-regrep:ObjectType:RegistryObject:"
_XFRM = "urn:ihe:iti:2007:AssociationType:XFRM"
_RPLC = "urn:ihe:iti:2007:AssociationType:RPLC"
_SCHEMES = {
    "class": "urn:uuid:41a5887f-8865-4c09-adf7-e362475b143a",
    "type": "urn:uuid:f0306f51-975f-434e-a61c-c59651d33983",
    "format": "urn:uuid:a09d5840-386c-46f2-b5ad-9c3699a4309d",
    "confidentiality": "urn:uuid:f4f85eac-e6cb-4883-b524-f2705394840f",
    "facility": "urn:uuid:f33fb8ac-18af-42cc-ae0e-ed0b0bdb91e1",
    "practice": "urn:uuid:cccf5598-8b07-4b77-a05e-ae952c785ead",
    "event": "urn:uuid:2c6b8cb7-8b2a-4051-b291-b1ae6a575ef4",
}
_PATIENT_SCHEME = "urn:uuid:58a6f841-87b3-4a3e-92fd-a8ffeff98427"
_UNIQUE_SCHEME = "urn:uuid:2e82c1f6-a085-4c72-9da3-8640a32e42ab"
_CONFIDENTIALITY = {"N": "Normal", "R": "Restricted", "V": "Very Restricted"}


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistryError:
    """One entry of the error list; `severity` is the URI."""

    code: str
    context: str
    severity: str = _facts.ERROR


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """What the entries of one answer share: whose they are and where they lie; `events` gives the event codes of one."""

    home: str
    repository: str
    country: str
    patient_cx: str
    events: Callable[[Held], Sequence[Event]] = lambda held: ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Retrieved:
    """One document of an answer; `content_id` points at the attachment that carries it."""

    home: str
    repository: str
    unique_id: str
    content_id: str


def query_answer(
    status: str,
    errors: Sequence[RegistryError],
    documents: Sequence[Held],
    listed: Listed,
    faults: frozenset[str],
) -> str:
    """query:AdhocQueryResponse with the entries of `documents` and the links between their two forms."""
    if "xcaq.l1-entry.missing" in faults:
        documents = [d for d in documents if d.level != 1 or not d.pair]
    entries = [_entry(d, listed, faults, index) for index, d in enumerate(documents)]
    links = [] if "xcaq.association.missing" in faults else _associations(documents, faults)
    content = _errors(errors, faults) + element("rim:RegistryObjectList", "".join((*entries, *links)))
    return element(
        "query:AdhocQueryResponse",
        content,
        **{"xmlns:query": _QUERY, "xmlns:rs": _RS, "xmlns:rim": _RIM},
        status="urn:oid:2.999.250.80" if "xcaq.status.unknown" in faults else status,
    )


def retrieve_answer(
    status: str, errors: Sequence[RegistryError], documents: Sequence[Retrieved], faults: frozenset[str]
) -> str:
    """xdsb:RetrieveDocumentSetResponse whose documents are XOP references."""
    registry = element("rs:RegistryResponse", _errors(errors, frozenset()), status=status)
    return element(
        "xdsb:RetrieveDocumentSetResponse",
        registry + "".join(_retrieved(d, faults) for d in documents),
        **{"xmlns:xdsb": "urn:ihe:iti:xds-b:2007", "xmlns:rs": _RS, "xmlns:rim": _RIM},
    )


def registry_response(status: str, errors: Sequence[RegistryError]) -> str:
    """rs:RegistryResponse, the answer to a submission."""
    return element("rs:RegistryResponse", _errors(errors, frozenset()), status=status, **{"xmlns:rs": _RS})


def _errors(errors: Sequence[RegistryError], faults: frozenset[str]) -> str:
    if not errors:
        return ""
    listed = []
    for error in errors:
        severity: str | None = error.severity
        if "xcaq.error.no-severity" in faults:
            severity = None
        elif "xcaq.error.severity-unknown" in faults:
            severity = "urn:oid:2.999.250.81"
        listed.append(
            element("rs:RegistryError", errorCode=error.code, codeContext=error.context, location="", severity=severity)
        )
    return element("rs:RegistryErrorList", "".join(listed))


def _entry(held: Held, listed: Listed, faults: frozenset[str], index: int) -> str:
    patient = listed.patient_cx
    if "xcaq.patient-id.other" in faults or ("xcaq.patient-id.mixed" in faults and index % 2):
        patient = "X-9999^^^&2.999.250.1&ISO"
    form = held.format
    if "xcaq.format-code.unknown" in faults:
        form = ("urn:oid:2.999.250.82", form[1])
    created = f"{held.created[:4]}-{held.created[4:6]}-{held.created[6:8]}"
    slots = (
        _slot("creationTime", created if "xcaq.creation-time.malformed" in faults else held.created),
        _slot("hash", "0" * 40 if "xcaq.hash.wrong" in faults else held.sha1),
        _slot(
            "languageCode", held.language.partition("-")[0] if "xcaq.language.malformed" in faults else held.language
        ),
        _slot("repositoryUniqueId", "repository-1" if "xcaq.repository-id.not-oid" in faults else listed.repository),
        _slot("size", str(len(held.content) + (7 if "xcaq.size.wrong" in faults else 0))),
        _slot("sourcePatientId", listed.patient_cx),
    )
    codes = _codes(held, listed, form, faults)
    unique = "" if "xcaq.unique-id.missing" in faults else _external(held, _UNIQUE_SCHEME, held.unique_id, "uniqueId")
    body = (
        *slots,
        _name("rim:Name", held.title),
        _name(
            "rim:Description",
            f"{held.display}, {'PDF in CDA (level 1)' if held.level == 1 else 'structured (level 3)'}",
        ),
        element("rim:VersionInfo", versionName="1.1"),
        *(_classification(held, *code) for code in codes),
        *(_event(held, n, e) for n, e in enumerate(listed.events(held), start=1)),
        _external(held, _PATIENT_SCHEME, patient, "patientId"),
        unique,
    )
    return element(
        "rim:ExtrinsicObject",
        "".join(body),
        id=held.uuid,
        lid=held.uuid,
        home=None if "xcaq.home.missing" in faults else listed.home,
        objectType=_STABLE,
        status=_status(held, faults),
        mimeType="text/xml",
    )


def _status(held: Held, faults: frozenset[str]) -> str:
    if "xcaq.entry.deprecated" in faults:
        return _facts.DEPRECATED
    return (None if "xcaq.old-version.listed" in faults else held.listed_as) or _facts.APPROVED


def _codes(
    held: Held, listed: Listed, form: tuple[str, str], faults: frozenset[str]
) -> list[tuple[str, str, str, str]]:
    level = "X" if "xcaq.confidentiality.unknown" in faults else held.confidentiality
    country = "ZZ" if "xcaq.facility.missing" in faults else listed.country
    kind_type = "34133-9" if "xcaq.type-code.other" in faults else held.class_code
    codes = [
        ("class", held.class_code, _facts.LOINC, held.display),
        ("confidentiality", level, "2.16.840.1.113883.5.25", _CONFIDENTIALITY.get(level, level)),
        ("format", form[0], form[1], held.display),
        ("facility", country, "1.0.3166.1", country),
        ("type", kind_type, _facts.LOINC, held.display),
    ]
    if "xcaq.practice-setting.missing" not in faults:
        codes.append(("practice", "Not Used", "eHDSI Practice Setting Codes-Not Used", "Not Used"))
    return codes


def _associations(documents: Sequence[Held], faults: frozenset[str]) -> list[str]:
    links = []
    for pdf in documents:
        twin = next((d for d in documents if pdf.pair and d.pair == pdf.pair and d.level == 3), None)
        if pdf.level != 1 or twin is None:
            continue
        source, target = pdf.uuid, twin.uuid
        if "xcaq.association.reversed" in faults:
            source, target = target, source
        links.append(_association(pdf.part_uuid("association"), _XFRM, source, target))
    for new in documents:
        old = next((d for d in documents if new.replaces and d.key == new.replaces), None)
        if old is not None:
            links.append(_association(new.part_uuid("replacement"), _RPLC, new.uuid, old.uuid))
    return links


def _association(identifier: str, kind: str, source: str, target: str) -> str:
    return element(
        "rim:Association",
        associationType=kind,
        id=identifier,
        lid=identifier,
        objectType=_OBJECT + "Association",
        sourceObject=source,
        targetObject=target,
    )


def _slot(name: str, value: str) -> str:
    return element("rim:Slot", element("rim:ValueList", element("rim:Value", text(value))), name=name)


def _name(tag: str, value: str) -> str:
    return element(tag, element("rim:LocalizedString", charset="UTF-8", value=value[:128], **{"xml:lang": "en"}))


def _classification(held: Held, scheme: str, code: str, system: str, display: str) -> str:
    return element(
        "rim:Classification",
        _slot("codingScheme", system) + _name("rim:Name", display),
        id=held.part_uuid(scheme),
        objectType=_OBJECT + "Classification",
        classificationScheme=_SCHEMES[scheme],
        classifiedObject=held.uuid,
        nodeRepresentation=code,
    )


def _event(held: Held, number: int, event: Event) -> str:
    return element(
        "rim:Classification",
        _slot("codingScheme", event.scheme) + _name("rim:Name", event.name),
        id=held.part_uuid(f"event-{number}"),
        objectType=_OBJECT + "Classification",
        classificationScheme=_SCHEMES["event"],
        classifiedObject=held.uuid,
        nodeRepresentation=event.code,
    )


def _external(held: Held, scheme: str, value: str, name: str) -> str:
    return element(
        "rim:ExternalIdentifier",
        _name("rim:Name", f"XDSDocumentEntry.{name}"),
        id=held.part_uuid(name),
        objectType=_OBJECT + "ExternalIdentifier",
        registryObject=held.uuid,
        identificationScheme=scheme,
        value=value,
    )


def _retrieved(document: Retrieved, faults: frozenset[str]) -> str:
    unique_id = "2.999.250.83" if "xcar.unique-id.other" in faults else document.unique_id
    reference = element(
        "xop:Include", href=f"cid:{document.content_id}", **{"xmlns:xop": "http://www.w3.org/2004/08/xop/include"}
    )
    return element(
        "xdsb:DocumentResponse",
        element("xdsb:HomeCommunityId", text(document.home))
        + element("xdsb:RepositoryUniqueId", text(document.repository))
        + element("xdsb:DocumentUniqueId", text(unique_id))
        + ("" if "xcar.mime-type.missing" in faults else element("xdsb:mimeType", "text/xml"))
        + element("xdsb:Document", reference),
    )
