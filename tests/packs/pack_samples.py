"""Small packs of our own in publishers' layouts."""

from pathlib import Path

SCH = "http://purl.oclc.org/dsdl/schematron"
SCHEMA = f'<schema xmlns="{SCH}" queryBinding="xslt2"><ns prefix="c" uri="urn:hl7-org:v3"/>{{}}</schema>'
PATTERN = (
    f'<pattern xmlns="{SCH}" id="p"><rule context="c:ClinicalDocument"><assert test="{{}}">no</assert></rule></pattern>'
)
VOCABULARY = (
    '<valueSets><valueSet xmlns="" id="1.2.3"><conceptList><concept code="A"/></conceptList></valueSet></valueSets>'
)
SVS = """<RetrieveValueSetResponse xmlns="urn:ihe:iti:svs:2008"><ValueSet id="{}" displayName="D&amp;E">
<ConceptList><Concept code="A" codeSystem="1.2" displayName="un &lt; deux"/><Concept code="B" codeSystem="1.2"/></ConceptList>
</ValueSet></RetrieveValueSetResponse>"""
ANS_LAYERS = {
    "ans-xsd": "infrastructure/cda/CDA_extended.xsd",
    "ans-ihe": "schematrons/profils/IHE.sch",
    "ans-terminology": "schematrons/profils/terminologies/schematron/terminologie.sch",
    "ans-models-fr": "schematrons/profils/CI-SIS_ModelesDeContenusCDA.sch",
    "ans-header": "schematrons/profils/structurationMinimale/ASIP-STRUCT-MIN-StrucMin.sch",
    "ans-models": "schematrons/profils/CI-SIS_Modeles_ANS.sch",
}
XSD = '<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="{}">{}</xs:schema>'


def put(folder: Path, files: dict[str, str]) -> Path:
    """Write `files` (name -> text) below `folder`; gives `folder`."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


def ans_folder(folder: Path, *models: str, without: tuple[str, ...] = ()) -> Path:
    """The layout of the ANS content tests with one rule a layer, and the document models named."""
    files = {path: SCHEMA.format(PATTERN.format("true()")) for id, path in ANS_LAYERS.items() if id not in without}
    files |= {f"schematrons/CI-SIS_{m}.sch": SCHEMA.format(PATTERN.format("c:code")) for m in models}
    return put(folder, files)


def declared(folder: Path, coordinate: str = "org.example:rules:1", more: str = "") -> Path:
    """A pack with a `pack.yaml` and one Schematron that looks a code up in a vocabulary."""
    test = "@code = doc('include/voc-1.2.3-DYNAMIC.xml')//concept/@code"
    text = f"pack: {coordinate}\ntitle: {{en: Rules, fr: Règles}}\norigin: us\nlicence: none\n{more}artefacts:\n"
    text += '  - {id: a, layer: schematron, path: a.sch, applies: ["cda:*"]}\n'
    files = {"a.sch": SCHEMA.format(PATTERN.format(test)), "include/voc-1.2.3-DYNAMIC.xml": VOCABULARY}
    return put(folder, {"pack.yaml": text, **files})
