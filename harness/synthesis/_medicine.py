"""Medicinal products and how they are taken, as summaries, prescriptions and dispensations say it.

Source: eHDSI templates 3.4 (medication), 3.29 to 3.32 (product and material), release 8.0.0.
"""

from collections.abc import Mapping
from xml.sax.saxutils import escape

from harness.packs import MedicationForm, ProductForm
from harness.synthesis._coding import CCD, EHDSI, PCC, Pen, plain, pointer, quantity, templates
from harness.synthesis._section import Entry, day, period
from harness.synthesis._words import WORDS


def product(pen: Pen, form: ProductForm, *, packed: bool) -> str:
    """manufacturedProduct; `packed` gives it the package, as prescriptions and dispensations want it."""
    roots = (f"{EHDSI}.3.29",) if packed else (f"{EHDSI}.3.31", f"{PCC}.4.7.2", f"{CCD}.53")
    material = f"{EHDSI}.3.30" if packed else f"{EHDSI}.3.32"
    substance = pen.code("pharm:code", form.substance)
    number, per = form.strength, form.per
    strength = quantity("numerator", number, kind="PQ") + quantity("denominator", per, kind="PQ")
    return (
        f'<manufacturedProduct classCode="MANU">{templates(*roots)}'
        f'<manufacturedMaterial classCode="MMAT" determinerCode="KIND">{templates(material)}'
        f"<name>{escape(form.name)}</name>{pen.code('pharm:formCode', form.form)}{_package(pen, form) if packed else ''}"
        '<pharm:asSpecializedKind classCode="GRIC"><pharm:generalizedMaterialKind classCode="MMAT" determinerCode="KIND">'
        f"{substance}</pharm:generalizedMaterialKind></pharm:asSpecializedKind>"
        f'<pharm:ingredient classCode="ACTI"><pharm:quantity>{strength}</pharm:quantity>'
        f'<pharm:ingredientSubstance classCode="MMAT" determinerCode="KIND">{substance}</pharm:ingredientSubstance>'
        "</pharm:ingredient></manufacturedMaterial></manufacturedProduct>"
    )


def _package(pen: Pen, form: ProductForm) -> str:
    return (
        f'<pharm:asContent classCode="CONT">{quantity("pharm:quantity", form.package_size, kind="PQ")}'
        '<pharm:containerPackagedProduct classCode="CONT" determinerCode="KIND">'
        f"{pen.code('pharm:formCode', form.package)}</pharm:containerPackagedProduct></pharm:asContent>"
    )


def every(value: str) -> str:
    """The period between two doses."""
    inner = quantity("period", value)
    return f'<effectiveTime xsi:type="PIVL_TS" operator="A">{inner}</effectiveTime>'


def dose(value: str) -> str:
    """One dose, as an interval of one point."""
    return f"<doseQuantity>{quantity('low', value)}{quantity('high', value)}</doseQuantity>"


def intake(pen: Pen, form: ProductForm, amount: str, each: str) -> str:
    """Product, route, dose and period, for readers."""
    words = WORDS[pen.own]
    return (
        f"{form.name} ({pen.said(form.substance)} {plain(form.strength)}), {pen.said(form.route)}, "
        f"{plain(amount)} {words['each']} {plain(each)}"
    )


def medication(pen: Pen, key: str, form: MedicationForm, products: Mapping[str, ProductForm]) -> Entry:
    """A drug in use."""
    drug = products[form.product]
    high = f'<high value="{day(form.until)}"/>' if form.until else '<high nullFlavor="UNK"/>'
    xml = (
        '<substanceAdministration classCode="SBADM" moodCode="INT">'
        f'{_templates()}{pen.id(key)}{pointer(key)}<statusCode code="active"/>'
        f'<effectiveTime xsi:type="IVL_TS"><low value="{day(form.since)}"/>{high}</effectiveTime>{every(form.every)}'
        f"{pen.code('routeCode', drug.route)}{dose(form.dose)}"
        f'<consumable typeCode="CSM">{product(pen, drug, packed=False)}</consumable></substanceAdministration>'
    )
    text = f"{intake(pen, drug, form.dose, form.every)}, {period(pen, form.since, form.until)}"
    return Entry(lines={key: text}, xml=xml)


def absent_medication(pen: Pen, key: str, term: str) -> Entry:
    """The statement that no drug is known, or that nothing is known about drugs."""
    xml = (
        '<substanceAdministration classCode="SBADM" moodCode="EVN">'
        f'{_templates()}{pen.id(key)}{pen.code("code", term)}{pointer(key)}<statusCode code="completed"/>'
        '<effectiveTime xsi:type="IVL_TS" nullFlavor="UNK"/><effectiveTime nullFlavor="NI"/>'
        f'<consumable typeCode="CSM"><manufacturedProduct classCode="MANU">'
        f"{templates(f'{EHDSI}.3.31', f'{PCC}.4.7.2', f'{CCD}.53')}"
        f'<manufacturedMaterial classCode="MMAT" determinerCode="KIND">{templates(f"{EHDSI}.3.32")}'
        "</manufacturedMaterial></manufacturedProduct></consumable></substanceAdministration>"
    )
    return Entry(lines={key: pen.said(term)}, xml=xml)


def _templates() -> str:
    return templates(f"{EHDSI}.3.4", f"{PCC}.4.7", f"{PCC}.4.7.1", f"{CCD}.24")
