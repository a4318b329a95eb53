"""Which publisher's folder is this? Layouts of official artefacts, told by their file names and a few bytes inside.

Sources: the Schematron releases that ART-DECOR publishes for eHDSI; the schema sets of HL7 (CDA R2 and its pharmacy and
epSOS extensions, HL7v3 interactions), OASIS (ebRIM, SAML, SOAP security) and W3C (SOAP, WS-Addressing).
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

_TEMPLATE = "1.3.6.1.4.1.12559.11.10.1.3.1.1."
_EHDSI_ENTRIES: Mapping[str, tuple[str, str, bool]] = {
    # file stem: (kind, last arc of the document template, also for documents that carry no template we know).
    # The publisher swapped two names: the file of the encounter report checks the medication related overview.
    "epsos-PatientSummary": ("patient-summary", "3", True),
    "epsos-PatientSummary_L1": ("patient-summary", "7", False),
    "epsos-ePrescription": ("eprescription", "1", True),
    "epsos-ePrescriptionL1": ("eprescription", "6", False),
    "epsos-eDispensation": ("edispensation", "2", True),
    "epsos-HealthCareEncounterReport": ("mro", "5", True),
    "epsos-MedicationRelatedOverview": ("hcer", "4", True),
    "epsos-OrCD_Laboratory_Result": ("orcd-laboratory", "8", True),
    "epsos-OrCD_Hospital_Discharge_Report": ("orcd-discharge", "9", True),
    "epsos-OrCD_Medical_Imaging_Report": ("orcd-imaging-report", "10", True),
    "epsos-OrCD_Medical_Images": ("orcd-image", "11", True),
}
_EHDSI_VERSIONS = {"20240422": "8.0.0"}
_RELEASE = re.compile(rb"epsos-html-(\d{8})T")

_REGISTRY = ("message:AdhocQueryRequest", "message:AdhocQueryResponse")
_REPOSITORY = (
    "message:RetrieveDocumentSetRequest",
    "message:RetrieveDocumentSetResponse",
    "message:ProvideAndRegisterDocumentSetRequest",
)
_ADDRESSING = tuple(
    f"message:{name}" for name in ("MessageID", "RelatesTo", "To", "From", "ReplyTo", "FaultTo", "Action")
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One artefact of a recognised folder, before its digest is taken."""

    id: str
    layer: str
    path: Path
    root: Path
    coordinate: str
    applies: tuple[str, ...]
    when: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    sources: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Recognised:
    """A publisher's folder: coordinate, where it is from, and its entry files."""

    coordinate: str
    title: str
    origin: str
    licence: str
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _XsdSet:
    coordinate: str
    title: str
    marker: str
    entries: Callable[[Path], Iterable[tuple[str, Path, tuple[str, ...]]]]
    when: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def _cda(name: str, file: str) -> Callable[[Path], Iterable[tuple[str, Path, tuple[str, ...]]]]:
    return lambda folder: [(name, folder / file, ("cda:*",))]


def _interactions(folder: Path) -> Iterable[tuple[str, Path, tuple[str, ...]]]:
    for path in sorted((folder / "multicacheschemas").glob("*.xsd")):
        if re.fullmatch(r"[A-Z]{4}_IN\d{6}UV\d\d", path.stem):
            yield f"hl7v3-{path.stem}", path, (f"message:{path.stem}",)


def _ebrs(folder: Path) -> Iterable[tuple[str, Path, tuple[str, ...]]]:
    yield "ebrs-query", folder / "ebRS30" / "query.xsd", _REGISTRY
    yield "ebrs-rs", folder / "ebRS30" / "rs.xsd", ("message:RegistryResponse",)
    yield "ebrs-lcm", folder / "ebRS30" / "lcm.xsd", ("message:SubmitObjectsRequest",)


def _one(name: str, file: str, *applies: str) -> Callable[[Path], Iterable[tuple[str, Path, tuple[str, ...]]]]:
    return lambda folder: [(name, folder / file, applies)]


def _saml(folder: Path) -> Iterable[tuple[str, Path, tuple[str, ...]]]:
    yield "saml-assertion", folder / "sstc-saml-schema-assertion-2.0.xsd", ("message:Assertion",)
    yield "saml-protocol", folder / "sstc-saml-schema-protocol-2.0.xsd", ("message:Response",)


_XSD_SETS = (
    _XsdSet(
        coordinate="eu.ehdsi:cda-xsd-pharma:1",
        title="CDA R2 with the HL7 pharmacy extension (wave 6 and later)",
        marker="CDA_Pharma.xsd",
        entries=_cda("cda-pharma-xsd", "CDA_Pharma.xsd"),
        when={"medication_extension": ("pharm", "none")},
    ),
    _XsdSet(
        coordinate="eu.ehdsi:cda-xsd-epsos:1",
        title="CDA R2 with the epSOS medication extension (waves 1 to 5)",
        marker="extendedschemas",
        entries=_cda("cda-epsos-xsd", "CDA_extended.xsd"),
        when={"medication_extension": ("epsos",)},
    ),
    _XsdSet(
        coordinate="org.hl7:v3-interactions:2008",
        title="HL7v3 interactions, normative edition 2008",
        marker="multicacheschemas/PRPA_IN201305UV02.xsd",
        entries=_interactions,
    ),
    _XsdSet(
        coordinate="org.oasis:ebxml-regrep:3.0",
        title="ebXML RegRep 3.0",
        marker="ebRS30/query.xsd",
        entries=_ebrs,
    ),
    _XsdSet(
        coordinate="net.ihe:xds-b-xsd:1",
        title="IHE XDS.b document repository",
        marker="IHE/XDS.b_DocumentRepository.xsd",
        entries=_one("xds-b-repository", "IHE/XDS.b_DocumentRepository.xsd", *_REPOSITORY),
    ),
    _XsdSet(
        coordinate="org.w3:soap-envelope:1.2",
        title="SOAP 1.2 envelope",
        marker="soap-1.2-envelope.xsd",
        entries=_one("soap-envelope", "soap-1.2-envelope.xsd", "message:Envelope"),
    ),
    _XsdSet(
        coordinate="org.oasis:saml:2.0",
        title="SAML 2.0",
        marker="sstc-saml-schema-assertion-2.0.xsd",
        entries=_saml,
    ),
    _XsdSet(
        coordinate="org.w3:ws-addressing:1.0",
        title="WS-Addressing 1.0",
        marker="2005/08/addressing/ws-addr.xsd",
        entries=_one("ws-addressing", "2005/08/addressing/ws-addr.xsd", *_ADDRESSING),
    ),
)


def recognise(folder: Path) -> Recognised | None:
    """What `folder` is: one set of artefacts, or a collection of sets below it; None when nothing is known there.

    Of several eHDSI Schematron releases in a collection only the newest is taken, and of several XSD sets for the same
    messages the first that fits.
    """
    found = _recognise_set(folder)
    if found:
        return found
    parts: dict[str, Recognised] = {}
    releases: list[tuple[str, Recognised]] = []
    for below in sorted(p for depth in ("*", "*/*") for p in folder.glob(depth) if p.is_dir()):
        part = _recognise_set(below)
        if part is None:
            continue
        release = ehdsi_release(below)
        if release:
            releases.append((release, part))
        else:
            parts.setdefault(part.coordinate, part)
    if releases:
        newest = max(releases, key=lambda pair: pair[0])[1]
        parts[newest.coordinate] = newest
    if not parts:
        return None
    version = next((p.coordinate.rsplit(":", 1)[1] for p in parts.values() if "cda-schematron" in p.coordinate), "1")
    return Recognised(
        coordinate=f"eu.ehdsi:artefacts:{version}",
        title="Official artefacts of several publishers",
        origin="; ".join(sorted({p.origin for p in parts.values()})),
        licence="as stated by each publisher",
        entries=tuple(entry for part in parts.values() for entry in part.entries),
    )


def ehdsi_release(folder: Path) -> str:
    """Publication date `YYYYMMDD` of the eHDSI Schematron release in `folder`, empty when it holds none."""
    for stem in _EHDSI_ENTRIES:
        path = folder / f"{stem}.sch"
        if path.is_file():
            found = _RELEASE.search(path.read_bytes())
            return found.group(1).decode() if found else "00000000"
    return ""


def _recognise_set(folder: Path) -> Recognised | None:
    release = ehdsi_release(folder)
    if release:
        return _ehdsi(folder, release)
    for known in _XSD_SETS:
        marker = folder / known.marker
        if marker.exists():
            entries = tuple(
                Entry(
                    id=name,
                    layer="xsd",
                    path=path,
                    root=folder,
                    coordinate=known.coordinate,
                    applies=applies,
                    when=known.when,
                    sources=(known.title,),
                )
                for name, path, applies in known.entries(folder)
                if path.is_file()
            )
            return Recognised(
                coordinate=known.coordinate,
                title=known.title,
                origin=known.coordinate.split(":")[0],
                licence="as stated by its publisher",
                entries=entries,
            )
    return None


def _ehdsi(folder: Path, release: str) -> Recognised:
    version = _EHDSI_VERSIONS.get(release, release)
    coordinate = f"eu.ehdsi:cda-schematron:{version}"
    entries = []
    for stem, (kind, arc, fallback) in _EHDSI_ENTRIES.items():
        path = folder / f"{stem}.sch"
        if path.is_file():
            entries.append(
                Entry(
                    id=stem,
                    layer="schematron",
                    path=path,
                    root=folder,
                    coordinate=coordinate,
                    applies=(f"cda:{kind}:*",),
                    when={"template": (_TEMPLATE + arc, "none") if fallback else (_TEMPLATE + arc,)},
                    sources=(f"MyHealth@EU CDA Schematron, ART-DECOR publication {release}",),
                )
            )
    return Recognised(
        coordinate=coordinate,
        title=f"MyHealth@EU CDA Schematron {version}",
        origin="ART-DECOR publication for eHDSI",
        licence="as stated by its publisher",
        entries=tuple(entries),
    )
