"""The one section of an ePrescription and of an eDispensation.

Source: eHDSI templates 2.1 and 3.2 (prescription item), 2.2 and 3.3 (dispensed item), release 8.0.0. A document holds one
item: a prescription of several lines is several documents.
"""

from datetime import timedelta

from harness.packs import LineForm
from harness.synthesis._coding import CCD, EHDSI, PCC, Pen, pointer, templates
from harness.synthesis._header import Frame, assigned, function_code, instance
from harness.synthesis._medicine import dose, every, intake, product
from harness.synthesis._section import Section, day
from harness.synthesis._words import WORDS


def prescription(pen: Pen, frame: Frame, line: LineForm) -> Section:
    """The item as it was prescribed."""
    drug = pen.clinical.products[line.product]
    until = frame.at + timedelta(days=line.days)
    item = (
        '<entry typeCode="COMP"><substanceAdministration classCode="SBADM" moodCode="INT">'
        f"{templates(f'{EHDSI}.3.2', f'{PCC}.4.7', f'{CCD}.24', f'{PCC}.4.7.1')}{_item_id(pen, frame)}"
        f'{pointer("pre-1")}<statusCode code="active"/>'
        f'<effectiveTime xsi:type="IVL_TS"><low value="{day(frame.at)}"/><high value="{day(until)}"/></effectiveTime>'
        f"{every(line.every)}{pen.code('routeCode', drug.route)}{dose(line.dose)}"
        f'<consumable typeCode="CSM">{product(pen, drug, packed=True)}</consumable>{_author(pen, frame)}'
        '<entryRelationship typeCode="COMP"><supply classCode="SPLY" moodCode="RQO"><independentInd value="false"/>'
        f'<quantity value="{line.packages}" unit="1"/></supply></entryRelationship>{_exchange(pen, line)}'
        "</substanceAdministration></entry>\n"
    )
    # the template wants this title, whatever the language
    return Section(
        term="sec-prescription",
        roots=(f"{EHDSI}.2.1",),
        lines={"pre-1": _said(pen, line)},
        entries=item,
        title="Prescriptions",
    )


def _said(pen: Pen, line: LineForm) -> str:
    words = WORDS[pen.own]
    drug = pen.clinical.products[line.product]
    taken = intake(pen, drug, line.dose, line.every)
    exchange = f"; {pen.said('substitution')}: {pen.said(line.substitution)}" if line.substitution else ""
    return f"{taken}, {words['for']} {line.days} {words['days']}; {line.packages} {words['packages']}{exchange}"


def _item_id(pen: Pen, frame: Frame) -> str:
    return instance("id", f"{pen.root}.11", frame.document.unique_id.replace("^", "-"))


def _author(pen: Pen, frame: Frame) -> str:
    return (
        f'<author typeCode="AUT" contextControlCode="OP">{function_code(frame.author, pen)}'
        f'<time value="{frame.instant}"/>{assigned(frame, "assignedAuthor")}</author>'
    )


def _exchange(pen: Pen, line: LineForm) -> str:
    """Whether another product may be given instead."""
    if line.substitution is None:
        return ""
    return (
        '<entryRelationship typeCode="SUBJ" inversionInd="true"><observation classCode="OBS" moodCode="EVN">'
        f"{pen.code('code', 'substitution')}{pen.code('value', line.substitution, kind='CE')}"
        "</observation></entryRelationship>"
    )


def dispensation(pen: Pen, frame: Frame, line: LineForm, given: str | None) -> Section:
    """The item as it was handed out, with the item it answers; `given` names another product that was given instead."""
    wanted = pen.clinical.products[line.product]
    drug = pen.clinical.products[given] if given else wanted
    root, extension = frame.fulfils or ("", "")
    prescribed = instance("id", f"{pen.root}.11", f"{root}-{extension}".strip("-"))
    supply = (
        '<entry typeCode="COMP"><supply classCode="SPLY" moodCode="EVN">'
        f"{templates(f'{EHDSI}.3.3', f'{PCC}.4.7.3', f'{CCD}.34')}{pen.id('dis-1')}{pointer('dis-1')}"
        f'<quantity value="{line.packages}" unit="1"/>'
        f'<product typeCode="PRD">{product(pen, drug, packed=True)}</product>'
        f'<performer typeCode="PRF"><time value="{frame.instant}"/>{assigned(frame, "assignedEntity")}</performer>'
        '<entryRelationship typeCode="REFR"><substanceAdministration classCode="SBADM" moodCode="INT">'
        f'{prescribed}<consumable typeCode="CSM">{product(pen, wanted, packed=True)}</consumable>'
        f"</substanceAdministration></entryRelationship>{_exchanged(pen) if given else ''}</supply></entry>\n"
    )
    words = WORDS[pen.own]
    text = f"{drug.name} ({pen.said(drug.substance)}), {line.packages} {words['packages']}, {frame.at}"
    return Section(term="sec-dispensation", roots=(f"{EHDSI}.2.2", f"{CCD}.8"), lines={"dis-1": text}, entries=supply)


def _exchanged(pen: Pen) -> str:
    return (
        '<entryRelationship typeCode="COMP"><act classCode="ACT" moodCode="EVN">'
        f"{pen.code('code', 'substitution')}</act></entryRelationship>"
    )
