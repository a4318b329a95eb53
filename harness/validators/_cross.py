"""Cross-checks: the documents of one event against each other, and XDS metadata against the document they describe.

Documents are of one event when they are of one kind, one of level 1 and one of level 3, and name the same parent
(relatedDocument XFRM) or the same set, or one names the other; summaries also when they are of the same patient.

Sources: MyHealth@EU, XCA profile (level 1 and level 3 of one event); HL7 CDA R2, 4.2.3.1 (relatedDocument).
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from lxml import etree

from harness.model import Finding, Layer, Severity, say
from harness.validators._cross_documents import (
    ONE_A_PATIENT,
    PATIENT_ROLE,
    NamedDocument,
    ReadDocument,
    id_text,
    read_document,
)
from harness.validators._cross_metadata import EntryMetadata, entry_findings
from harness.validators._findings import placed
from harness.validators._kinds import HL7, OTHER

_SOURCE = "MyHealth@EU XCA profile, level 1 and level 3 documents"


def cross_check(documents: Sequence[NamedDocument], metadata: Sequence[EntryMetadata] = ()) -> tuple[Finding, ...]:
    """Where the documents of one event differ from each other, and entries from the documents they describe.

    A document that is no CDA takes part in nothing but hash and size of its entry; that it is none, validation says. An entry
    whose document is not among `documents` is not judged.
    """
    read = [r for d in documents if (r := read_document(d)) is not None]
    findings: dict[str, list[Finding]] = {}
    for finding, name in (*_same_ids(read), *_pairs(read)):
        findings.setdefault(name, []).append(finding)
    by_name = {r.document.name: r for r in read}
    contents = {d.name: d for d in documents}
    for entry in metadata:
        if entry.document in contents:
            found = entry_findings(entry, contents[entry.document], by_name.get(entry.document))
            findings.setdefault(entry.document, []).extend(found)
    return tuple(f for d in documents for f in placed(findings.get(d.name, []), d.name, d.content))


def _same_ids(read: Sequence[ReadDocument]) -> Iterator[tuple[Finding, str]]:
    """Documents that bear the id of an earlier one and are not that one, each once."""
    first: dict[tuple[str, ...], ReadDocument] = {}
    for one in read:
        ids = one.ids("id")
        earlier = first.setdefault(ids, one)
        if ids and one.document.content != earlier.document.content:
            expected = f"another id than that of {earlier.document.name}"
            yield _difference(one, "same-id", "id", expected, ", ".join(ids)), one.document.name


def _pairs(read: Sequence[ReadDocument]) -> Iterator[tuple[Finding, str]]:
    """Where a level 1 and a level 3 document of one event differ, at the later of the two."""
    for one, other in _candidates(read):
        if _of_one_event(one, other):
            for finding in _compared(one, other):
                yield finding, other.document.name


def _candidates(read: Sequence[ReadDocument]) -> Iterator[tuple[ReadDocument, ReadDocument]]:
    """Pairs of one kind and both levels that share an id of document, parent, set or patient, each once."""
    sharing: dict[tuple[str, str], list[int]] = {}
    seen: set[tuple[int, int]] = set()
    for here, one in enumerate(read):
        if one.kind == OTHER:
            continue
        shared = {*one.ids("id"), *one.parents, *one.ids("setId")}
        if one.kind == ONE_A_PATIENT:
            shared |= {*one.ids(*PATIENT_ROLE, "id")}
        for key in shared:
            for there in sharing.setdefault((one.kind, key), []):
                if (there, here) not in seen and {one.level, read[there].level} == {1, 3}:
                    seen.add((there, here))
                    yield read[there], one
            sharing[one.kind, key].append(here)


def _compared(one: ReadDocument, other: ReadDocument) -> Iterator[Finding]:
    yield from _parents(one, other)
    for compared in _COMPARED:
        expected, found = compared.told(one), compared.told(other)
        if expected != found and not (compared.optional and not (expected and found)):
            expected, found = expected or "nothing", found or "nothing"
            yield _difference(
                other, "pair", compared.path, expected, found, severity=compared.severity, field=compared.name
            )


def _of_one_event(one: ReadDocument, other: ReadDocument) -> bool:
    """Whether both tell of one event: linked by parent or set; a summary, of which a patient has one, also by patient."""
    if _linked(one, other) or set(one.ids("setId")) & set(other.ids("setId")):
        return True
    same_patient = set(one.ids(*PATIENT_ROLE, "id")) & set(other.ids(*PATIENT_ROLE, "id"))
    return one.kind == ONE_A_PATIENT and bool(same_patient)


def _linked(one: ReadDocument, other: ReadDocument) -> bool:
    """Whether they were made from one document, or one from the other."""
    return bool(set(one.parents) & {*other.parents, *other.ids("id")} or set(other.parents) & set(one.ids("id")))


def _parents(one: ReadDocument, other: ReadDocument) -> Iterator[Finding]:
    if not one.parents and not other.parents:
        yield _difference(other, "pair-unlinked", "relatedDocument", "XFRM", "nothing", severity=Severity.WARNING)
    elif one.parents and other.parents and not _linked(one, other):
        expected, found = ", ".join(one.parents), ", ".join(other.parents)
        yield _difference(other, "pair-parents", "relatedDocument", expected, found, severity=Severity.WARNING)


def _name(read: ReadDocument) -> str:
    name = read.element(*PATIENT_ROLE, "patient", "name")
    parts = [] if name is None else [t for e in name.iter(f"{{{HL7}}}family", f"{{{HL7}}}given") if (t := _text(e))]
    return " ".join(sorted(" ".join(parts).casefold().split()))


def _text(element: etree._Element) -> str:
    return "".join(element.itertext()).strip()


def _author(read: ReadDocument) -> str:
    """Ids of the persons that wrote it; a device that made a document is not compared."""
    authors = read.root.iterfind(f"{{{HL7}}}author/{{{HL7}}}assignedAuthor")
    people = [a for a in authors if a.find(f"{{{HL7}}}assignedPerson") is not None]
    return ", ".join(sorted({id_text(i) for a in people for i in a.iterchildren(f"{{{HL7}}}id") if i.get("root")}))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Compared:
    """A header value that both documents of an event state alike; a warning where makers of the file may differ."""

    name: str
    path: str
    told: Callable[[ReadDocument], str]
    severity: Severity = Severity.ERROR
    optional: bool = False


_COMPARED = (
    _Compared(name="patientRole/id", path="recordTarget", told=lambda r: ", ".join(r.ids(*PATIENT_ROLE, "id"))),
    _Compared(name="patient/name", path="recordTarget", told=_name),
    _Compared(
        name="patient/birthTime",
        path="recordTarget",
        told=lambda r: r.value(*PATIENT_ROLE, "patient", "birthTime", of="value")[:8],
    ),
    _Compared(
        name="patient/administrativeGenderCode",
        path="recordTarget",
        told=lambda r: r.value(*PATIENT_ROLE, "patient", "administrativeGenderCode", of="code"),
    ),
    _Compared(name="code", path="code", told=lambda r: r.value("code", of="code")),
    _Compared(name="author", path="author", told=_author, severity=Severity.WARNING, optional=True),
    _Compared(
        name="effectiveTime",
        path="effectiveTime",
        told=lambda r: r.value("effectiveTime", of="value")[:8],
        severity=Severity.WARNING,
    ),
    _Compared(
        name="setId",
        path="setId",
        told=lambda r: ", ".join(r.ids("setId")),
        severity=Severity.WARNING,
        optional=True,
    ),
)


def _difference(
    read: ReadDocument,
    key: str,
    path: str,
    expected: str,
    found: str,
    *,
    severity: Severity = Severity.ERROR,
    **values: object,
) -> Finding:
    return Finding(
        at=read.at(path),
        message=say(f"cross.{key}", **values),
        expected=expected,
        found=found,
        rule=f"cross/{key}",
        severity=severity,
        layer=Layer.CROSS,
        source=_SOURCE,
        next=say("cross.next-pair"),
    )
