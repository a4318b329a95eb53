"""The five obligatory sections of a patient summary.

Source: eHDSI section templates 2.3, 2.4, 2.9, 2.11 and 2.12, release 8.0.0. A section that holds nothing says so with a
code: known to be empty, or nothing known.
"""

from collections.abc import Callable, Iterator, Sequence

from harness.packs import AllergyForm, DeviceForm, ProcedureForm, RecordForm
from harness.synthesis._coding import CCD, EHDSI, PCC, Pen, pointer, templates
from harness.synthesis._medicine import absent_medication, medication
from harness.synthesis._section import (
    Entry,
    Section,
    absent_problem,
    day,
    period,
    problem,
    section_of,
    span,
)
from harness.synthesis._words import WORDS

_ABSENT = {
    "medication": ("no-known-medications", "no-medication-info"),
    "allergy": ("no-known-allergies", "no-allergy-info"),
    "procedure": ("no-known-procedures", "no-procedure-info"),
    "problem": ("no-known-problems", "no-problem-info"),
    "device": ("no-known-devices", "no-device-info"),
}


def obligatory(pen: Pen, record: RecordForm) -> Iterator[Section]:
    """The five sections, in the order in which they are printed."""
    products = pen.clinical.products

    def stated[F](prefix: str, kind: str, held: Sequence[F] | str, one: Callable[[str, F], Entry]) -> Iterator[Entry]:
        if isinstance(held, str) or not held:
            term = _ABSENT[kind][held == "no-information"]
            yield _absences[kind](pen, f"{prefix}-1", term)
        else:
            yield from (one(f"{prefix}-{n}", form) for n, form in enumerate(held, start=1))

    yield section_of(
        "sec-medications",
        (f"{EHDSI}.2.3", f"{PCC}.3.19", f"{CCD}.8"),
        stated("med", "medication", record.medications, lambda k, f: medication(pen, k, f, products)),
    )
    yield section_of(
        "sec-allergies",
        (f"{EHDSI}.2.12", f"{PCC}.3.13", f"{CCD}.2"),
        stated("all", "allergy", record.allergies, lambda k, f: allergy(pen, k, f)),
    )
    yield section_of(
        "sec-procedures",
        (f"{EHDSI}.2.11", f"{PCC}.3.12", f"{PCC}.3.11"),
        stated("pro", "procedure", record.procedures, lambda k, f: procedure(pen, k, f)),
    )
    yield section_of(
        "sec-problems",
        (f"{EHDSI}.2.9", f"{PCC}.3.6", f"{CCD}.11"),
        stated("pbl", "problem", record.problems, lambda k, f: problem(pen, k, f, active=True)),
    )
    yield section_of(
        "sec-devices",
        (f"{EHDSI}.2.4", f"{PCC}.1.5.3.5", f"{CCD}.7"),
        stated("dev", "device", record.devices, lambda k, f: device(pen, k, f)),
    )


def allergy(pen: Pen, key: str, form: AllergyForm) -> Entry:
    """An allergy with its reaction. Source: eHDSI templates 3.16, 3.17, 3.44, 3.8, 3.33 and 3.34."""
    agent = pen.code("code", form.agent)
    reaction = _reaction(pen, key, form) if form.reaction else ""
    xml = _allergy_concern(
        pen,
        key,
        span(form.since, None),
        f"{pen.code('code', form.kind)}{pointer(key)}"
        f'<statusCode code="completed"/>{span(form.since, None)}'
        '<participant typeCode="CSM"><participantRole classCode="MANU"><playingEntity classCode="MMAT">'
        f"{agent}<name>{pen.title(form.agent)}</name></playingEntity></participantRole></participant>{reaction}"
        f"{_qualifier(pen, key, 'SUBJ', 'true', f'{EHDSI}.3.33', 'criticality', form.criticality)}"
        f"{_qualifier(pen, key, 'REFR', 'false', f'{EHDSI}.3.34', 'status', 'allergy-active')}",
    )
    lines = {key: f"{pen.said(form.agent)}, {period(pen, form.since, None)}"}
    if form.reaction:
        said = f"{WORDS[pen.own]['reaction']}: {pen.said(form.reaction)} ({pen.said(form.severity)})"
        lines[f"{key}-reaction"] = said
    return Entry(lines=lines, xml=xml)


def _allergy_concern(pen: Pen, key: str, began: str, observed: str) -> str:
    return (
        '<act classCode="ACT" moodCode="EVN">'
        f"{templates(f'{EHDSI}.3.16', f'{PCC}.4.5.1', f'{PCC}.4.5.3', f'{CCD}.27')}{pen.id(key + '-concern')}"
        f'{pen.code("code", "concern")}<statusCode code="active"/>{began}'
        '<entryRelationship typeCode="SUBJ" inversionInd="false"><observation classCode="OBS" moodCode="EVN">'
        f"{templates(f'{EHDSI}.3.17', f'{PCC}.4.5', f'{PCC}.4.6', f'{CCD}.18', f'{CCD}.28')}{pen.id(key)}"
        f"{observed}</observation></entryRelationship></act>"
    )


def _reaction(pen: Pen, key: str, form: AllergyForm) -> str:
    said = pointer(f"{key}-reaction")
    severity = (
        '<entryRelationship typeCode="SUBJ" inversionInd="true"><observation classCode="OBS" moodCode="EVN">'
        f"{templates(f'{EHDSI}.3.8', f'{PCC}.4.1', f'{CCD}.55')}{pen.id(key + '-severity')}"
        f'{pen.code("code", "severity")}{said}<statusCode code="completed"/>'
        f"{pen.code('value', form.severity, kind='CD')}</observation></entryRelationship>"
    )
    return (
        '<entryRelationship typeCode="MFST" inversionInd="true"><observation classCode="OBS" moodCode="EVN">'
        f"{templates(f'{EHDSI}.3.44', f'{PCC}.4.5', f'{CCD}.54')}{pen.id(key + '-reaction')}"
        f'{pen.code("code", "finding")}{said}<statusCode code="completed"/>{span(form.since, None)}'
        f"{pen.code('value', form.reaction or '', kind='CD')}{severity}</observation></entryRelationship>"
    )


def _qualifier(pen: Pen, key: str, relation: str, inverted: str, root: str, code: str, value: str) -> str:
    return (
        f'<entryRelationship typeCode="{relation}" inversionInd="{inverted}">'
        f'<observation classCode="OBS" moodCode="EVN">{templates(root)}{pen.code("code", code)}{pointer(key)}'
        f'<statusCode code="completed"/>{pen.code("value", value, kind="CE")}</observation></entryRelationship>'
    )


def absent_allergy(pen: Pen, key: str, term: str) -> Entry:
    """The statement that no allergy is known, or that nothing is known about allergies."""
    xml = _allergy_concern(
        pen,
        key,
        '<effectiveTime><low nullFlavor="UNK"/></effectiveTime>',
        f'{pen.code("code", "propensity")}{pointer(key)}<statusCode code="completed"/>'
        f'<effectiveTime nullFlavor="UNK"/>{pen.code("value", term, kind="CD")}',
    )
    return Entry(lines={key: pen.said(term)}, xml=xml)


def procedure(pen: Pen, key: str, form: ProcedureForm) -> Entry:
    """A past procedure. Source: eHDSI template 3.26."""
    xml = _procedure(pen, key, form.what, f'<effectiveTime value="{day(form.at)}"/>')
    return Entry(lines={key: f"{pen.said(form.what)}, {form.at}"}, xml=xml)


def absent_procedure(pen: Pen, key: str, term: str) -> Entry:
    """The statement that there was no procedure, or none known of."""
    return Entry(lines={key: pen.said(term)}, xml=_procedure(pen, key, term, '<effectiveTime nullFlavor="UNK"/>'))


def _procedure(pen: Pen, key: str, term: str, when: str) -> str:
    return (
        '<procedure classCode="PROC" moodCode="EVN">'
        f"{templates(f'{EHDSI}.3.26', f'{PCC}.4.19', f'{CCD}.29')}{pen.id(key)}"
        f'{pen.code("code", term)}{pointer(key)}<statusCode code="completed"/>{when}</procedure>'
    )


def device(pen: Pen, key: str, form: DeviceForm) -> Entry:
    """A device in or on the patient. Source: eHDSI template 3.5."""
    xml = _device(pen, key, form.what, f'<low value="{day(form.since)}"/>')
    return Entry(lines={key: f"{pen.said(form.what)}, {period(pen, form.since, None)}"}, xml=xml)


def absent_device(pen: Pen, key: str, term: str) -> Entry:
    """The statement that there is no device, or none known of."""
    return Entry(lines={key: pen.said(term)}, xml=_device(pen, key, term, '<low nullFlavor="UNK"/>'))


def _device(pen: Pen, key: str, term: str, low: str) -> str:
    return (
        f'<supply classCode="SPLY" moodCode="EVN">{templates(f"{EHDSI}.3.5", f"{CCD}.34")}{pen.id(key)}{pointer(key)}'
        f'<effectiveTime xsi:type="IVL_TS">{low}</effectiveTime>'
        '<participant typeCode="DEV"><participantRole classCode="MANU">'
        f'<playingDevice classCode="DEV" determinerCode="INSTANCE">{pen.code("code", term)}</playingDevice>'
        "</participantRole></participant></supply>"
    )


_absences: dict[str, Callable[[Pen, str, str], Entry]] = {
    "medication": absent_medication,
    "allergy": absent_allergy,
    "procedure": absent_procedure,
    "problem": absent_problem,
    "device": absent_device,
}
