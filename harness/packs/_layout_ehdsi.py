"""The Schematron releases that ART-DECOR publishes for MyHealth@EU (eHDSI): entry schemas beside `include/`."""

import re
from collections.abc import Mapping
from pathlib import Path

from harness.model import Layer, Localized
from harness.packs._layouts import BY_PUBLISHER, NOT_CI_SIS, Entry, Recognised

_TEMPLATE = "1.3.6.1.4.1.12559.11.10.1.3.1.1."
_ENTRIES: Mapping[str, tuple[str, str, bool]] = {
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
_VERSIONS = {"20240422": "8.0.0"}
_RELEASE = re.compile(rb"epsos-html-(\d{8})T")
_L3_RULES = "XCAR-A-006"
"""The requirement that official template rules of a structured document decide."""


def ehdsi_release(folder: Path) -> str:
    """Publication date `YYYYMMDD` of the release in `folder`, empty when it holds none."""
    for stem in _ENTRIES:
        path = folder / f"{stem}.sch"
        if path.is_file():
            found = _RELEASE.search(path.read_bytes())
            return found.group(1).decode() if found else "00000000"
    return ""


def ehdsi(folder: Path) -> Recognised | None:
    """The release in `folder`, None when there is none."""
    release = ehdsi_release(folder)
    if not release:
        return None
    version = _VERSIONS.get(release, release)
    coordinate = f"eu.ehdsi:cda-schematron:{version}"
    entries = tuple(
        _entry(folder, coordinate, release, stem) for stem in _ENTRIES if (folder / f"{stem}.sch").is_file()
    )
    return Recognised(
        coordinate=coordinate,
        title=Localized(
            en=f"MyHealth@EU CDA Schematron {version}", fr=f"Schematron CDA de MyHealth@EU, version {version}"
        ),
        origin="ART-DECOR publication for eHDSI",
        licence=BY_PUBLISHER,
        entries=entries,
    )


def _entry(folder: Path, coordinate: str, release: str, stem: str) -> Entry:
    kind, arc, fallback = _ENTRIES[stem]
    when: Mapping[str, tuple[str, ...]] = {"template": (_TEMPLATE + arc,)}
    if fallback:
        when = {"template": (_TEMPLATE + arc, "none"), **NOT_CI_SIS}
    structured = not re.search(r"L1|OrCD", stem)
    return Entry(
        id=stem,
        layer=Layer.SCHEMATRON,
        path=folder / f"{stem}.sch",
        root=folder,
        coordinate=coordinate,
        applies=(f"cda:{kind}:*",),
        when=when,
        requirement=_L3_RULES if structured else None,
        sources=(f"MyHealth@EU CDA Schematron, ART-DECOR publication {release}",),
        title=Localized(en=f"template rules: {kind}", fr=f"règles de modèles : {kind}"),
    )
