"""The optional sections of a patient summary: what was observed, given and lived.

Source: eHDSI section templates 2.5 to 2.7, 2.10, 2.13 and 2.15, release 8.0.0.
"""

from collections.abc import Iterator

from harness.packs import ImmunizationForm, PregnancyForm, RecordForm, ResultForm, SocialForm, VitalSignsForm
from harness.synthesis._coding import CCD, EHDSI, PCC, Pen, plain, pointer, quantity, templates
from harness.synthesis._section import Entry, Section, day, period, problem, section_of
from harness.synthesis._words import WORDS

_SIMPLE = (f"{EHDSI}.3.20", f"{PCC}.4.13")


def optional(pen: Pen, record: RecordForm) -> Iterator[Section]:
    """The sections that the record has something for."""
    if record.history:
        entries = (problem(pen, f"his-{n}", f, active=False) for n, f in enumerate(record.history, start=1))
        yield section_of("sec-history", (f"{EHDSI}.2.10", f"{PCC}.3.8"), entries)
    if record.immunizations:
        given = (immunization(pen, f"imm-{n}", f) for n, f in enumerate(record.immunizations, start=1))
        yield section_of("sec-immunizations", (f"{EHDSI}.2.15", f"{PCC}.3.23", f"{CCD}.6"), given)
    if record.social:
        habits = (habit(pen, f"soc-{n}", f) for n, f in enumerate(record.social, start=1))
        yield section_of("sec-social", (f"{EHDSI}.2.13", f"{PCC}.3.16.1", f"{PCC}.3.16", f"{CCD}.15"), habits)
    if record.pregnancy is not None:
        yield section_of(
            "sec-pregnancy", (f"{EHDSI}.2.7", f"{PCC}.1.5.3.4"), (pregnancy(pen, "prg-1", record.pregnancy),)
        )
    if record.vital_signs:
        signs = (vital_signs(pen, f"vit-{n}", f) for n, f in enumerate(record.vital_signs, start=1))
        yield section_of("sec-vital-signs", (f"{EHDSI}.2.6", f"{PCC}.1.5.3.2", f"{PCC}.3.25", f"{CCD}.16"), signs)
    found = tuple(_results(pen, record))
    if found:
        yield section_of("sec-results", (f"{EHDSI}.2.5",), found)


def _results(pen: Pen, record: RecordForm) -> Iterator[Entry]:
    if record.blood_group is not None:
        yield blood_group(pen, "res-0", record.blood_group)
    yield from (result(pen, f"res-{n}", f) for n, f in enumerate(record.results, start=1))


def immunization(pen: Pen, key: str, form: ImmunizationForm) -> Entry:
    """A vaccination that was given. Source: eHDSI templates 3.19 and 3.18."""
    lot = f"<lotNumberText>{form.lot}</lotNumberText>" if form.lot else ""
    vaccine = pen.code("code", form.vaccine, original=f'<originalText><reference value="#{key}"/></originalText>')
    xml = (
        '<substanceAdministration classCode="SBADM" moodCode="EVN" negationInd="false">'
        f"{templates(f'{EHDSI}.3.19', f'{PCC}.4.12', f'{CCD}.24')}{pen.id(key)}{pen.code('code', 'immunization')}"
        f'{pointer(key)}<statusCode code="completed"/><effectiveTime value="{day(form.at)}"/>'
        '<consumable typeCode="CSM"><manufacturedProduct classCode="MANU">'
        f"{templates(f'{EHDSI}.3.18', f'{PCC}.4.7.2', f'{CCD}.53')}"
        f'<manufacturedMaterial classCode="MMAT" determinerCode="KIND">{vaccine}<name>{form.name}</name>{lot}'
        "</manufacturedMaterial></manufacturedProduct></consumable></substanceAdministration>"
    )
    text = f"{form.name} ({pen.said(form.vaccine)}), {form.at}"
    return Entry(lines={key: f"{text}, {WORDS[pen.own]['lot']} {form.lot}" if form.lot else text}, xml=xml)


def habit(pen: Pen, key: str, form: SocialForm) -> Entry:
    """A habit with its amount. Source: eHDSI template 3.23."""
    xml = (
        '<observation classCode="OBS" moodCode="EVN">'
        f"{templates(f'{EHDSI}.3.23', *_SIMPLE, f'{PCC}.4.13.4', f'{CCD}.33')}{pen.id(key)}"
        f'{pen.code("code", form.what)}{pointer(key)}<statusCode code="completed"/>'
        f'<effectiveTime><low value="{day(form.since)}"/></effectiveTime>{quantity("value", form.amount, kind="PQ")}'
        "</observation>"
    )
    text = f"{pen.said(form.what)}: {plain(form.amount)}, {period(pen, form.since, None)}"
    return Entry(lines={key: text}, xml=xml)


def pregnancy(pen: Pen, key: str, form: PregnancyForm) -> Entry:
    """The state of pregnancy, with the expected delivery. Source: eHDSI templates 3.45 and 3.24."""
    delivery = ""
    lines = {key: f"{pen.said(form.status)}, {form.at}"}
    if form.delivery is not None:
        lines[f"{key}-due"] = f"{pen.said('delivery-estimated')}: {form.delivery}"
        delivery = (
            '<entryRelationship typeCode="COMP"><observation classCode="OBS" moodCode="EVN">'
            f"{templates(f'{EHDSI}.3.24', *_SIMPLE, f'{PCC}.4.13.5')}{pen.id(key + '-due')}"
            f'{pen.code("code", "delivery-estimated")}{pointer(f"{key}-due")}<statusCode code="completed"/>'
            f'<effectiveTime value="{day(form.at)}"/><value xsi:type="TS" value="{day(form.delivery)}"/>'
            "</observation></entryRelationship>"
        )
    xml = (
        f'<observation classCode="OBS" moodCode="EVN">{templates(f"{EHDSI}.3.45")}{pen.id(key)}'
        f'{pen.code("code", "pregnancy-status")}{pointer(key)}<statusCode code="completed"/>'
        f'<effectiveTime value="{day(form.at)}"/>{pen.code("value", form.status, kind="CE")}{delivery}</observation>'
    )
    return Entry(lines=lines, xml=xml)


def vital_signs(pen: Pen, key: str, form: VitalSignsForm) -> Entry:
    """Blood pressure at one time. Source: eHDSI templates 3.21 and 3.22."""
    measured = "".join(
        '<component typeCode="COMP"><observation classCode="OBS" moodCode="EVN">'
        f"{templates(f'{EHDSI}.3.22', *_SIMPLE, f'{PCC}.4.13.2', f'{CCD}.31')}{pen.id(f'{key}-{term}')}"
        f'{pen.code("code", term)}{pointer(key)}<statusCode code="completed"/>'
        f'<effectiveTime value="{day(form.at)}"/>{quantity("value", value, kind="PQ")}</observation></component>'
        for term, value in (("systolic", form.systolic), ("diastolic", form.diastolic))
    )
    xml = (
        '<organizer classCode="CLUSTER" moodCode="EVN">'
        f"{templates(f'{EHDSI}.3.21', f'{PCC}.4.13.1', f'{CCD}.32', f'{CCD}.35')}{pen.id(key)}"
        f'{pen.code("code", "vital-signs")}<statusCode code="completed"/>'
        f'<effectiveTime value="{day(form.at)}"/>{measured}</organizer>'
    )
    shown = ", ".join(
        f"{pen.said(t)} {plain(v)}" for t, v in (("systolic", form.systolic), ("diastolic", form.diastolic))
    )
    return Entry(lines={key: f"{form.at}: {shown}"}, xml=xml)


def blood_group(pen: Pen, key: str, term: str) -> Entry:
    """The blood group. Source: eHDSI template 3.25."""
    xml = (
        f'<observation classCode="OBS" moodCode="EVN">{templates(f"{EHDSI}.3.25", *_SIMPLE, f"{PCC}.4.13.6")}{pen.id(key)}'
        f'{pen.code("code", "blood-group")}{pointer(key)}<statusCode code="completed"/>'
        f'<effectiveTime nullFlavor="UNK"/>{pen.code("value", term, kind="CE")}</observation>'
    )
    return Entry(lines={key: pen.said(term)}, xml=xml)


def result(pen: Pen, key: str, form: ResultForm) -> Entry:
    """The values of one examination. Source: eHDSI templates 3.42 and 3.43."""
    lines = {}
    components = []
    for n, one in enumerate(form.values, start=1):
        place = f"{key}-{n}"
        usual, said = "", ""
        if one.low and one.high:
            bounds = quantity("low", one.low) + quantity("high", one.high)
            usual = f'<observationRange><value xsi:type="IVL_PQ">{bounds}</value></observationRange>'
            usual = f"<referenceRange>{usual}</referenceRange>"
            said = f" ({WORDS[pen.own]['normal-range']} {plain(one.low)} - {plain(one.high)})"
        lines[place] = f"{form.at}: {pen.said(one.what)} {plain(one.value)}{said}"
        components.append(
            '<component typeCode="COMP"><observation classCode="OBS" moodCode="EVN">'
            f"{templates(f'{EHDSI}.3.43', f'{PCC}.4.13')}{pen.id(place)}"
            f'{pen.code("code", one.what)}{pointer(place)}<statusCode code="completed"/>'
            f'<effectiveTime value="{day(form.at)}"/>{quantity("value", one.value, kind="PQ")}{usual}'
            "</observation></component>"
        )
    xml = (
        f'<organizer classCode="BATTERY" moodCode="EVN">{templates(f"{EHDSI}.3.42")}{pen.id(key)}'
        f'{pen.code("code", form.panel)}<statusCode code="completed"/>'
        f'<effectiveTime value="{day(form.at)}"/>{"".join(components)}</organizer>'
    )
    return Entry(lines=lines, xml=xml)
