"""The content tests that ANS publishes for French clinical documents (TestContenuCDA): seven layers in one folder.

Order and files as in the tool of the publisher: schema, IHE profiles, terminologies, French content models, header
(structuration minimale), models of ANS, document model. Layers whose file is not there are kept and named missing.
Sources: ANS, TestContenuCDA 3.0, README and drive script; CI-SIS, document models of each volet.
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from harness.model import Layer, Localized, say
from harness.packs._layouts import BY_PUBLISHER, CI_SIS, Entry, Recognised

_MARKER = "schematrons/profils/IHE.sch"
_LAYERS = (
    (
        "ans-xsd",
        Layer.XSD,
        "infrastructure/cda/CDA_extended.xsd",
        Localized(en="XML Schema", fr="schéma XML"),
    ),
    ("ans-ihe", Layer.SCHEMATRON, _MARKER, Localized(en="IHE profiles, body", fr="profils IHE, corps")),
    (
        "ans-terminology",
        Layer.SCHEMATRON,
        "schematrons/profils/terminologies/schematron/terminologie.sch",
        Localized(en="terminologies", fr="terminologies"),
    ),
    (
        "ans-models-fr",
        Layer.SCHEMATRON,
        "schematrons/profils/CI-SIS_ModelesDeContenusCDA.sch",
        Localized(en="French content models, body", fr="modèles de contenus français, corps"),
    ),
    (
        "ans-header",
        Layer.SCHEMATRON,
        "schematrons/profils/structurationMinimale/ASIP-STRUCT-MIN-StrucMin.sch",
        Localized(en="header (structuration minimale)", fr="en-tête (structuration minimale)"),
    ),
    (
        "ans-models",
        Layer.SCHEMATRON,
        "schematrons/profils/CI-SIS_Modeles_ANS.sch",
        Localized(en="models of ANS", fr="modèles de l'ANS"),
    ),
)
_ARC = "1.2.250.1.213.1.1.1."
_MODELS: Mapping[str, str] = {
    # volet: last arcs of its document template below the arc of CI-SIS document models
    "ANEST-CR-ANEST": "40",
    "ANEST-CR-CPA": "41",
    "AVC-AUNV": "15",
    "AVC-EUNV": "16",
    "AVC-PAVC": "25",
    "AVC-SUNV": "17",
    "BIO-CR-BIO": "55",
    "BIO-TROD": "59",
    "CANCER-CR-GM": "32",
    "CANCER-D2LM-FIDD": "28",
    "CANCER-D2LM-FIN": "27",
    "CANCER-FRCP": "8",
    "CANCER-PPS": "26",
    "CARD-F-PRC-AVK": "2.1.1",
    "CARD-F-PRC-DCI": "2.1.3",
    "CARD-F-PRC-PPV": "2.1.5",
    "CARD-F-PRC-PSC": "2.1.4",
    "CARD-F-PRC-TAP": "2.1.2",
    "CNAM-HR": "36",
    "CSE-CS24": "5.3",
    "CSE-CS8": "5.1",
    "CSE-CS9": "5.2",
    "CSE-MDE": "5.4",
    "DLU-EHPAD-DLU": "22",
    "DLU-EHPAD-FLUDR": "24",
    "DLU-EHPAD-FLUDT": "23",
    "EP-MED-DM": "39",
    "IMG-CR-IMG": "45",
    "IMG-DA-IMG": "47",
    "IPS-FR": "51",
    "LDL-EES": "21",
    "LDL-SES": "29",
    "OBP-SAP": "12.1",
    "OBP-SCM": "12.4",
    "OBP-SEM": "12.5",
    "OBP-SNE": "12.3",
    "OBP-SNM": "12.2",
    "OPH-BRE": "42",
    "OPH-CR-RTN": "18",
    "SDM-MR": "30",
    "TLM-DA": "38",
    "VAC": "37",
    "VAC-NOTE": "46",
    "VSM": "13",
    "VSM_1.4": "13",
    "eDISP-MED": "54",
}
_EXTENSIONS = {"VSM_1.4": "201310"}
"""Volets whose documents carry another word for their version than the name of the schema has."""
_DOCUMENT_MODEL = re.compile(r"CI-SIS_(?P<volet>.+)_(?P<version>\d{4}\.\d{2})")


def ans(folder: Path) -> Recognised | None:
    """The content tests in `folder`, None when it holds none."""
    if not (folder / _MARKER).is_file():
        return None
    models = list(_document_models(folder / "schematrons"))
    version = max((version for _, _, version in models), default="0")
    coordinate = f"fr.ans:cda-content-tests:{version}"
    entries = [
        _entry(folder, coordinate, name, layer, folder / path, title, CI_SIS) for name, layer, path, title in _LAYERS
    ]
    known: list[str] = []
    for path, volet, model_version in models:
        accepted = _accepted(volet, model_version, [v for _, other, v in models if other == volet])
        known += accepted
        name = f"ans-document-{volet}-{model_version}"
        title = Localized(
            en=f"document model {volet} {model_version}", fr=f"modèle de document {volet} {model_version}"
        )
        when = {"ci_sis_model": tuple(accepted)}
        entries.append(_entry(folder, coordinate, name, Layer.SCHEMATRON, path, title, when))
    entries.append(_no_model(folder, coordinate, known))
    return Recognised(
        coordinate=coordinate,
        title=Localized(en="ANS content tests for CDA documents", fr="Tests de contenu CDA de l'ANS"),
        origin="Agence du Numérique en Santé (ANS)",
        licence=BY_PUBLISHER,
        entries=tuple(entries),
    )


def _document_models(folder: Path) -> Iterator[tuple[Path, str, str]]:
    for path in sorted(folder.glob("CI-SIS_*.sch")):
        found = _DOCUMENT_MODEL.fullmatch(path.stem)
        if found and found["volet"] in _MODELS:
            yield path, found["volet"], found["version"]


def _accepted(volet: str, version: str, versions: list[str]) -> list[str]:
    """Values of `ci_sis_model` that a model judges; a document that states no version is judged by the newest one."""
    template = _ARC + _MODELS[volet]
    if volet in _EXTENSIONS:
        return [f"{template}^{_EXTENSIONS[volet]}"]
    return [f"{template}^{version}", *([template] if version == max(versions) else [])]


def _entry(
    folder: Path,
    coordinate: str,
    name: str,
    layer: Layer,
    path: Path,
    title: Localized,
    when: Mapping[str, tuple[str, ...]],
) -> Entry:
    return Entry(
        id=name,
        layer=layer,
        path=path,
        root=folder,
        coordinate=coordinate,
        applies=("cda:*",),
        when=when,
        sources=(f"ANS content tests, {path.relative_to(folder).as_posix()}",),
        title=title,
    )


def _no_model(folder: Path, coordinate: str, known: list[str]) -> Entry:
    """Stands for the last layer of structured documents whose model is not in the pack: they are not passed by silence."""
    return Entry(
        id="ans-document",
        layer=Layer.SCHEMATRON,
        path=folder / "schematrons",
        root=folder,
        coordinate=coordinate,
        applies=("cda:*",),
        when={"ci_sis_model": ("!none", "!unstructured", *(f"!{model}" for model in known))},
        title=Localized(en="document model of any other kind", fr="modèle de document de tout autre type"),
        lacking=say("no-document-model"),
    )
