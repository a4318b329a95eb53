"""What the country behind the gateway holds: patients and documents, read from files when the system starts.

CDA headers are read here with own code, so that the listing does not depend on the harness's reader of documents.
"""

import base64
import hashlib
import re
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TextIO

import yaml
from lxml import etree

from harness import safexml
from harness.errors import InputError, Problem, WireError
from harness.model import Patient, PatientId
from harness.reference import _facts

_HL7 = {"h": "urn:hl7-org:v3"}
# Source: eHDSI document templates, release 8.0.0: last arc -> kind and level.
_TEMPLATES = "1.3.6.1.4.1.12559.11.10.1.3.1.1."
_BY_TEMPLATE: Mapping[str, tuple[str, int]] = {
    "1": ("eprescription", 3),
    "3": ("patient-summary", 3),
    "6": ("eprescription", 1),
    "7": ("patient-summary", 1),
    "8": ("orcd-laboratory", 1),
    "9": ("orcd-discharge", 1),
    "10": ("orcd-imaging-report", 1),
    "11": ("orcd-image", 1),
}


def templates_of(kind: str) -> frozenset[str]:
    """The templates that documents of `kind` claim, at whatever level; empty where the kind has none."""
    return frozenset(_TEMPLATES + arc for arc, (known, _) in _BY_TEMPLATE.items() if known == kind)


_NAMESPACE = uuid.UUID("5d7c3d5e-3b0c-5f6e-9c56-2f0d3d3a9f10")
_ROOT_KINDS = ("access-code", "modulo-97")
_ALLERGIES = "1.3.6.1.4.1.12559.11.10.1.3.1.2.12"


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """One document as it is listed and handed out. `pair` joins the two forms of one document, empty when it has none.

    A prescription that is `used_up` was dispensed or stopped before.
    `created` is yyyyMMddHHmmss in UTC; `patient` a key of `Holdings.patients`; `kind` None when we do not serve its kind.
    `status` is shared, deprecated, hidden or withdrawn; `replaces` the `key` of the earlier version. `transcoding` is complete,
    partial or impossible; `signed` says whether the author signed the original.
    """

    name: str
    patient: str
    kind: str | None
    class_code: str
    display: str
    level: int
    unique_id: str
    title: str
    language: str
    created: str
    confidentiality: str
    content: bytes = field(repr=False)
    pair: str = ""
    key: str = ""
    status: str = "shared"
    replaces: str = ""
    from_folder: bool = False
    used_up: bool = False
    transcoding: str = "complete"
    signed: bool = True

    @property
    def listed_as(self) -> str | None:
        """The entry status under which the document is listed, None when it is not shown to anybody."""
        return {"shared": _facts.APPROVED, "withdrawn": _facts.APPROVED, "deprecated": _facts.DEPRECATED}.get(
            self.status
        )

    @property
    def retrievable(self) -> bool:
        """Whether it is handed out. A withdrawn one has gone since it was listed."""
        return self.status in ("shared", "deprecated")

    @property
    def sha1(self) -> str:
        """Hash of the content as XDS wants it. Source: IHE ITI TF-3, 4.2.3.2.10."""
        return hashlib.sha1(self.content, usedforsecurity=False).hexdigest()

    @property
    def uuid(self) -> str:
        """Entry id, the same for every answer that lists this document."""
        return self.part_uuid("entry")

    def part_uuid(self, part: str) -> str:
        """Id of one registry object that belongs to the entry."""
        return f"urn:uuid:{uuid.uuid5(_NAMESPACE, f'{self.unique_id}/{self.level}/{part}')}"

    @property
    def format(self) -> tuple[str, str]:
        """Format code and its scheme; where a kind has none for the level, that of its other level."""
        kind = _facts.KINDS.get(self.kind or "")
        known = kind.formats if kind else {}
        if self.kind == "orcd-image" and b'"application/png"' in self.content:
            return _facts.ORCD_PNG
        return known.get(self.level) or next(iter(known.values()), ("urn:ihe:iti:xds-sd:pdf:2008", "IHE PCC"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Holdings:
    """Patients by key, all documents, the key behind each patient identifier, and the roots of identifiers of a special kind.

    Below `code_roots` lie access codes, which identify nobody; the last two digits of numbers below `keyed_roots` are a key.
    """

    patients: Mapping[str, Patient]
    documents: tuple[Held, ...]
    by_id: Mapping[tuple[str, str], str]
    code_roots: frozenset[str] = frozenset()
    keyed_roots: frozenset[str] = frozenset()

    def patient(self, root: str | None, extension: str | None) -> Patient | None:
        """Whose identifier this is, None when nobody's."""
        key = self.by_id.get((root or "", extension or ""))
        return self.patients[key] if key else None

    def codes_of(self, patient: Patient) -> frozenset[tuple[str, str]]:
        """The access codes that have to be asked beside the patient's number, none for most."""
        return frozenset((i.root, i.extension) for i in patient.ids if i.root in self.code_roots)

    def of(self, patient: Patient) -> tuple[Held, ...]:
        """The patient's documents."""
        return tuple(d for d in self.documents if d.patient == patient.key)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Header:
    """What is taken from a CDA header."""

    unique_id: str
    patient_ids: tuple[PatientId, ...]
    family: str
    given: str
    birth: date | None
    gender: str
    class_code: str
    display: str
    kind: str | None
    level: int
    title: str
    language: str
    created: str
    confidentiality: str
    relatives: frozenset[str]


def load_holdings(
    population_path: Path,
    documents_dir: Path | None,
    *,
    faults: frozenset[str] = frozenset(),
    complaints: TextIO | None = None,
) -> Holdings:
    """All patients and documents; what cannot be read in `documents_dir` is said on `complaints` and skipped.

    Raises:
        InputError: the population file or one of its documents cannot be used.
    """
    patients, documents, roots = _population(population_path)
    if documents_dir is not None:
        patients, documents = _with_folder(patients, documents, documents_dir, complaints)
    code_roots, keyed_roots = (frozenset(r for r, k in roots.items() if k == kind) for kind in _ROOT_KINDS)
    by_id = {(i.root, i.extension): p.key for p in patients.values() for i in p.ids if i.root not in code_roots}
    altered = tuple(replace(d, content=_altered(d, faults)) for d in documents)
    return Holdings(patients=patients, documents=altered, by_id=by_id, code_roots=code_roots, keyed_roots=keyed_roots)


def _population(path: Path) -> tuple[dict[str, Patient], list[Held], Mapping[str, str]]:
    try:
        # the C loader: this file is read at every start
        data = yaml.load(path.read_bytes(), Loader=yaml.CSafeLoader)
        patients = {key: _patient(key, value) for key, value in data["patients"].items()}
        rows = [row for row in data.get("documents") or () if row.get("status") != "outside"]
        documents = [_populated(path.parent, row) for row in rows]
        roots = {str(root): str(kind) for root, kind in (data.get("identifiers") or {}).items()}
    except (
        OSError,
        UnicodeDecodeError,
        yaml.YAMLError,
        WireError,
        KeyError,
        TypeError,
        ValueError,
        AttributeError,
    ) as exc:
        problem = f"{path.name}: the population cannot be read: {type(exc).__name__} {exc}"
        raise InputError(Problem(problem=problem, option="population")) from exc
    return patients, documents, roots


def _populated(folder: Path, row: Mapping[str, object]) -> Held:
    file = folder / str(row["path"])
    content = file.read_bytes()
    held = _held(file.name, str(row["patient"]), _header(content), content)
    return replace(
        held,
        key=str(row["key"]),
        pair=str(row.get("pair", "")),
        title=str(row.get("title", "")) or held.title,
        status=str(row.get("status", "shared")),
        replaces=str(row.get("replaces", "")),
        used_up=not row.get("dispensable", True),
        transcoding=str(row.get("transcoding", "complete")),
        signed=bool(row.get("signed", True)),
    )


def _patient(key: str, value: Mapping[str, object]) -> Patient:
    ids = value["ids"]
    if not isinstance(ids, list):
        raise TypeError("ids: expected a list")
    birth = value.get("birth")
    texts = {
        n: str(value.get(n, "")) for n in ("family", "given", "gender", "street", "city", "postal_code", "country")
    }
    return Patient(
        key=key,
        ids=tuple(PatientId(root=str(i["root"]), extension=str(i["extension"])) for i in ids),
        birth=birth if isinstance(birth, date) else date.fromisoformat(str(birth)) if birth else None,
        consent=value.get("consent", True) in (True, "granted"),
        consent_awaited=value.get("consent") == "pending",
        family=texts["family"],
        given=texts["given"],
        gender=texts["gender"],
        street=texts["street"],
        city=texts["city"],
        postal_code=texts["postal_code"],
        country=texts["country"],
    )


def _with_folder(
    patients: Mapping[str, Patient], documents: list[Held], folder: Path, complaints: TextIO | None
) -> tuple[dict[str, Patient], list[Held]]:
    people = dict(patients)
    known = {(i.root, i.extension): p.key for p in people.values() for i in p.ids}
    taken = {d.unique_id for d in documents}
    read: list[tuple[Held, _Header]] = []
    for file in sorted(p for p in folder.rglob("*.xml") if p.is_file()):
        name = file.relative_to(folder).as_posix()
        try:
            content = file.read_bytes()
            header = _header(content)
        except (OSError, WireError, ValueError) as exc:
            if complaints is not None:
                complaints.write(f"{name}: skipped: {exc}\n")
            continue
        key = next((known[(i.root, i.extension)] for i in header.patient_ids if (i.root, i.extension) in known), None)
        if key is None:
            key = f"doc-patient-{1 + sum(k.startswith('doc-patient-') for k in people)}"
            people[key] = Patient(
                key=key,
                ids=header.patient_ids,
                family=header.family,
                given=header.given,
                birth=header.birth,
                gender=header.gender,
            )
            known.update({(i.root, i.extension): key for i in header.patient_ids})
        held = replace(_held(name, key, header, content), from_folder=True)
        if held.unique_id in taken:
            # two files may carry one id; both stay retrievable, the second under an id of ours
            held = replace(held, unique_id=f"2.999.250.9.900.{len(read) + 1}")
        taken.add(held.unique_id)
        read.append((held, header))
    return people, documents + list(_paired(read))


def _paired(read: list[tuple[Held, _Header]]) -> Iterator[Held]:
    """The documents, with `pair` set where a level 1 form and a level 3 form name each other or one common parent."""
    twins: dict[str, str] = {}
    for one, one_header in read:
        for other, other_header in read:
            if (one.patient, one.kind, one.level, other.level) != (other.patient, other.kind, 1, 3):
                continue
            mine = one_header.relatives | {one_header.unique_id}
            theirs = other_header.relatives | {other_header.unique_id}
            if one.name not in twins and other.name not in twins and mine & theirs:
                twins[one.name] = twins[other.name] = f"pair-{other.unique_id}"
    for held, _ in read:
        yield replace(held, pair=twins.get(held.name, ""))


def _held(name: str, patient: str, header: _Header, content: bytes) -> Held:
    return Held(
        name=name,
        patient=patient,
        kind=header.kind,
        class_code=header.class_code,
        display=header.display,
        level=header.level,
        unique_id=header.unique_id,
        title=header.title,
        language=header.language,
        created=header.created,
        confidentiality=header.confidentiality,
        content=content,
    )


def _header(content: bytes) -> _Header:
    root = safexml.parse(content)
    if root.tag != "{urn:hl7-org:v3}ClinicalDocument":
        raise WireError("not a CDA document", kind="wrong-root", expected="ClinicalDocument", found=str(root.tag))
    own = _uid(root.find("h:id", _HL7))
    ids = tuple(
        PatientId(root=i.get("root", ""), extension=i.get("extension", ""))
        for i in root.iterfind("h:recordTarget/h:patientRole/h:id", _HL7)
        if i.get("root") and i.get("extension")
    )
    if own is None or not ids:
        what = "document id" if own is None else "usable patient id"
        raise WireError(f"the header has no {what}", kind="missing-element")
    templates = [t.get("root", "") for t in root.iterfind("h:templateId", _HL7)]
    level = 1 if root.find("h:component/h:nonXMLBody", _HL7) is not None else 3
    code = _attribute(root, "h:code", "code")
    kind = next((_BY_TEMPLATE.get(t.removeprefix(_TEMPLATES)) for t in templates if t.startswith(_TEMPLATES)), None)
    served = _facts.kind_of_code(code)
    patient = "h:recordTarget/h:patientRole/h:patient/"
    secrecy = _attribute(root, "h:confidentialityCode", "code")
    birth = _attribute(root, patient + "h:birthTime", "value")[:8]
    related = root.iterfind("h:relatedDocument/h:parentDocument/h:id", _HL7)
    return _Header(
        unique_id=own,
        patient_ids=ids,
        family=_text(root.find(patient + "h:name/h:family", _HL7)),
        given=" ".join(_text(e) for e in root.iterfind(patient + "h:name/h:given", _HL7)),
        birth=_day(birth),
        gender=_attribute(root, patient + "h:administrativeGenderCode", "code"),
        class_code=code,
        display=_attribute(root, "h:code", "displayName") or (served.display if served else code),
        kind=served.name if served else kind[0] if kind else None,
        level=level,
        title=_text(root.find("h:title", _HL7)) or "Document",
        language=_language(_attribute(root, "h:languageCode", "code")),
        created=_created(_attribute(root, "h:effectiveTime", "value")),
        confidentiality=secrecy if secrecy in ("N", "R", "V") else "N",
        relatives=frozenset(uid for e in related if (uid := _uid(e)) is not None),
    )


def _uid(element: etree._Element | None) -> str | None:
    """XDS unique id of a CDA id: `root^extension` or the root. Source: IHE PCC TF-2, 4.1.1."""
    if element is None or not element.get("root"):
        return None
    extension = element.get("extension")
    return f"{element.get('root')}^{extension}" if extension else element.get("root")


def _attribute(root: etree._Element, path: str, name: str) -> str:
    found = root.find(path, _HL7)
    return "" if found is None else found.get(name, "")


def _text(element: etree._Element | None) -> str:
    return "" if element is None else " ".join("".join(element.itertext("*")).split())


def _language(value: str) -> str:
    """`value` in the form nn-CC that entries need; documents of other origins leave the country out."""
    if re.fullmatch(r"[a-z]{2}-[A-Z]{2}", value):
        return value
    language = value[:2].lower()
    return f"{language}-{language.upper()}" if re.fullmatch("[a-z]{2}", language) and language != "en" else "en-GB"


def _day(value: str) -> date | None:
    try:
        return datetime.strptime(value, "%Y%m%d").replace(tzinfo=UTC).date()
    except ValueError:
        return None


def _created(value: str) -> str:
    """An HL7 TS as a DTM of 14 digits in UTC; parts that are not given are the earliest ones."""
    zone_at = max(value.rfind("+"), value.rfind("-"))
    digits = (value[:zone_at] if zone_at > 0 else value).partition(".")[0]
    padded = digits + "00000101000000"[len(digits) :]
    try:
        at = datetime.strptime(padded + (value[zone_at:] if zone_at > 0 else "+0000"), "%Y%m%d%H%M%S%z")
        return f"{at.astimezone(UTC):%Y%m%d%H%M%S}"
    except (ValueError, OverflowError):
        return "20000101000000"


def _altered(held: Held, faults: frozenset[str]) -> bytes:
    """The content that the document has under `faults`; hash and size are of what is handed out, whatever it is."""
    if not any(name.startswith(("xcar.document.", "xcar.pdf.")) for name in faults):
        return held.content
    root = safexml.parse(held.content)
    if "xcar.document.invalid-xsd" in faults and held.level == 3:
        etree.SubElement(root, "{urn:hl7-org:v3}undeclared")
    if "xcar.document.template-wrong" in faults:
        for template in root.findall("h:templateId", _HL7):
            template.set("root", "2.999.250.84")
    _alter_codes(root, faults)
    if "xcar.document.schema-location" in faults:
        root.set("{http://www.w3.org/2001/XMLSchema-instance}schemaLocation", "urn:hl7-org:v3 CDA.xsd")
    if "xcar.document.patient-other" in faults:
        for identifier in root.findall("h:recordTarget/h:patientRole/h:id", _HL7):
            identifier.set("extension", "X-9999")
    if "xcar.document.missing-section" in faults and held.kind == "patient-summary" and held.level == 3:
        _drop_section(root)
    if "xcar.document.no-product" in faults and held.kind == "eprescription":
        for material in root.findall(".//h:manufacturedProduct/h:manufacturedMaterial", _HL7):
            material.tag = "{urn:hl7-org:v3}manufacturedLabeledDrug"
    _alter_pdf(root, faults)
    return etree.tostring(root.getroottree(), encoding="UTF-8", xml_declaration=True)


def _alter_codes(root: etree._Element, faults: frozenset[str]) -> None:
    code = root.find("h:code", _HL7)
    if "xcar.document.display-missing" in faults and code is not None:
        code.attrib.pop("displayName", None)
    secrecy = root.find("h:confidentialityCode", _HL7)
    if "xcar.document.confidentiality-unknown" in faults and secrecy is not None:
        secrecy.set("code", "X")
    language = root.find("h:languageCode", _HL7)
    if "xcar.document.language-malformed" in faults and language is not None:
        language.set("code", language.get("code", "fr").partition("-")[0])


def _drop_section(root: etree._Element) -> None:
    for component in root.findall("h:component/h:structuredBody/h:component", _HL7):
        templates = component.findall("h:section/h:templateId", _HL7)
        body = component.getparent()
        if body is not None and any(t.get("root") == _ALLERGIES for t in templates):
            body.remove(component)


def _alter_pdf(root: etree._Element, faults: frozenset[str]) -> None:
    text = root.find("h:component/h:nonXMLBody/h:text", _HL7)
    if text is None:
        return
    if "xcar.document.media-type-other" in faults:
        text.set("mediaType", "text/plain")
    if "xcar.pdf.not-base64" in faults:
        text.attrib.pop("representation", None)
    if "xcar.pdf.broken" in faults:
        text.text = base64.b64encode(b"no header here: " + base64.b64decode(text.text or "")[5:]).decode("ascii")
