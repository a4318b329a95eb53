"""XDS metadata against the document they describe: bytes (hash, size, mimeType) and header.

Metadata come as plain values, because whoever reads registry messages is another room. A level 1 document may be listed as
PDF, and an on-demand entry has size 0 and the hash of nothing: both are in use, and no finding.

Sources: IHE ITI TF-3, 4.2.3.2 (attributes of DocumentEntry); IHE PCC TF-2, 4.1.1 (what they are made from); conformance
requirements on query and retrieve, which name what differs in the field.
"""

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from harness.model import Finding, Layer, Location, Severity, say
from harness.validators._cross_documents import PATIENT_ROLE, NamedDocument, ReadDocument
from harness.validators._kinds import DOCUMENT_CODES

_SOURCE = "IHE ITI TF-3, 4.2.3.2; IHE PCC TF-2, 4.1.1"
_HASHES: Mapping[int, tuple[str, str]] = {32: ("MD5", "md5"), 64: ("SHA-256", "sha256"), 128: ("SHA-512", "sha512")}
"""Length in hexadecimal digits of the digests that stand where a SHA-1 belongs."""
_HASH_OF_NOTHING = hashlib.sha1(b"", usedforsecurity=False).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryMetadata:
    """Attributes of the XDS DocumentEntry that describes the document called `document`, as plain text; None: not stated.

    `patient_id` in CX form (`id^^^&oid&ISO`), codes as bare codes, `creation_time` as YYYYMMDDhhmmss in UTC, `hash` in
    hexadecimal, `size` in bytes.
    """

    document: str
    unique_id: str | None = None
    patient_id: str | None = None
    class_code: str | None = None
    type_code: str | None = None
    confidentiality: tuple[str, ...] = ()
    language: str | None = None
    creation_time: str | None = None
    hash: str | None = None
    size: int | None = None
    mime_type: str | None = None


_GRAVE = ("patientId", "classCode", "languageCode")
"""Attributes that SHALL be those of the document; the others differ in the field without harm, and warn."""


def entry_findings(entry: EntryMetadata, document: NamedDocument, read: ReadDocument | None) -> Iterator[Finding]:
    """Where `entry` differs from `document`; `read` is None when that is no CDA. Paths are those of `path()`."""
    yield from _bytes(entry, document, read)
    if read is not None:
        for field, stated, path, told in _stated(entry, read):
            if told is None:
                yield _metadata(read, field, path, stated, "nothing", Severity.UNDECIDABLE, "metadata-undecided")
            elif not _agree(field, stated, told):
                severity = Severity.ERROR if field in _GRAVE else Severity.WARNING
                yield _metadata(read, field, path, ", ".join(told), stated, severity)


def _stated(entry: EntryMetadata, read: ReadDocument) -> Iterator[tuple[str, str, str, tuple[str, ...] | None]]:
    """Attribute, what the entry says, where the document says it, and what it says there (None: nothing)."""
    code = (read.value("code", of="code"),)
    fields: Sequence[tuple[str, str | None, str, tuple[str, ...]]] = (
        ("uniqueId", entry.unique_id, "id", read.ids("id")),
        ("patientId", entry.patient_id, "recordTarget", read.ids(*PATIENT_ROLE, "id")),
        ("classCode", entry.class_code, "code", code),
        ("typeCode", entry.type_code, "code", code),
        ("languageCode", entry.language, "languageCode", (read.value("languageCode", of="code"),)),
        ("creationTime", entry.creation_time, "effectiveTime", (read.value("effectiveTime", of="value"),)),
        *(
            ("confidentialityCode", c, "confidentialityCode", (read.value("confidentialityCode", of="code"),))
            for c in entry.confidentiality[:1]
        ),
    )
    for name, stated, path, told in fields:
        if stated is not None:
            yield name, stated, path, tuple(t for t in told if t) or None


def _agree(field: str, stated: str, told: Sequence[str]) -> bool:
    if field == "patientId":
        return _cx(stated) in [_split(t) for t in told]
    if field in ("classCode", "typeCode"):
        return stated in told or any(DOCUMENT_CODES.get(stated) == k for k in map(DOCUMENT_CODES.get, told) if k)
    if field == "creationTime":
        return any(_same_time(stated, t) for t in told)
    if field == "languageCode":
        return stated.lower() in [t.lower() for t in told]
    return stated in told


def _cx(value: str) -> tuple[str, str]:
    """Authority and identifier of a CX value. Source: IHE ITI TF-3, table 4.2.3.1.7-2 (CX)."""
    parts = value.split("^")
    authority = parts[3].split("&")[1] if len(parts) > 3 and parts[3].count("&") >= 1 else ""
    return authority, parts[0].partition("|")[0]  # an access code may follow the bar


def _split(value: str) -> tuple[str, str]:
    root, _, extension = value.partition("^")
    return root, extension


def _same_time(stated: str, told: str) -> bool:
    """Whether both name one instant, as far as the less exact one tells; a time without zone is not shifted."""
    found = re.fullmatch(r"(\d{4,14})(?:\.\d+)?([+-]\d{4})?", told)
    if found is None or not stated.isdigit():
        return stated == told
    digits, zone = found.groups()
    if zone and len(digits) in (12, 14):
        digits = _in_utc(digits, zone)
    length = min(len(digits), len(stated))
    return digits[:length] == stated[:length]


def _in_utc(digits: str, zone: str) -> str:
    """`digits` (YYYYMMDDhhmm, perhaps with seconds) of `zone` (+hhmm) in UTC; as they are when they name no instant."""
    try:
        local = datetime.fromisoformat(f"{digits[:8]}T{digits[8:12]}{digits[12:14] or '00'}{zone}")
        return local.astimezone(UTC).strftime("%Y%m%d%H%M%S")[: len(digits)]
    except (ValueError, OverflowError):
        return digits


def _bytes(entry: EntryMetadata, document: NamedDocument, read: ReadDocument | None) -> Iterator[Finding]:
    on_demand = entry.size == 0 and (entry.hash or _HASH_OF_NOTHING).lower() == _HASH_OF_NOTHING
    if entry.hash and not on_demand:
        yield from _hash(entry.hash, document.content)
    if entry.size is not None and not on_demand and entry.size != len(document.content):
        yield _of_bytes("metadata", "size", str(len(document.content)), str(entry.size), field="size")
    if entry.mime_type is not None:
        accepted = ("text/xml", "application/xml") if read is not None else ("application/pdf",)
        if read is not None and read.level == 1:
            accepted = (*accepted, "application/pdf")
        if entry.mime_type.partition(";")[0].strip().lower() not in accepted:
            yield _of_bytes("metadata", "mimeType", accepted[0], entry.mime_type, field="mimeType")


def _hash(stated: str, content: bytes) -> Iterator[Finding]:
    sha1 = hashlib.sha1(content, usedforsecurity=False).hexdigest()
    if stated.lower() == sha1:
        return
    title, name = _HASHES.get(len(stated), ("", ""))
    if name and hashlib.new(name, content, usedforsecurity=False).hexdigest() == stated.lower():
        yield _of_bytes("hash-other", "hash", sha1, stated, algorithm=title)
    else:
        yield _of_bytes("metadata", "hash", sha1, stated, field="hash")


def _of_bytes(key: str, name: str, expected: str, found: str, **values: object) -> Finding:
    return Finding(
        at=Location(xpath="/"),
        message=say(f"cross.{key}", **values),
        expected=expected,
        found=found,
        rule=f"cross/metadata-{name}",
        severity=Severity.WARNING,
        layer=Layer.CROSS,
        source=_SOURCE,
        next=say("cross.next-metadata"),
    )


def _metadata(
    read: ReadDocument, field: str, path: str, expected: str, found: str, severity: Severity, key: str = "metadata"
) -> Finding:
    return Finding(
        at=read.at(path),
        message=say(f"cross.{key}", field=field),
        expected=expected,
        found=found,
        rule=f"cross/metadata-{field}",
        severity=severity,
        layer=Layer.CROSS,
        source=_SOURCE,
        next=say("cross.next-metadata"),
    )
