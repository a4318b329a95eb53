"""The first draft of a scenario file, from a few answers: complete enough to run, short enough to be changed by hand."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

_PROFILES = {
    "ITI-55": "patient-summary",
    "ITI-38": "patient-summary",
    "ITI-39": "patient-summary",
    "ITI-41": "edispensation",
}
_OPERATIONS = {"ITI-55": "identify", "ITI-38": "list", "ITI-39": "retrieve", "ITI-41": "dispense"}
_TAGS = {"ITI-55": "xcpd", "ITI-38": "xca", "ITI-39": "xca, document", "ITI-41": "xdr"}
_ORDER = ("ITI-55", "ITI-38", "ITI-39", "ITI-41")

_BEFORE = {
    "ITI-55": "",
    "ITI-38": """\
  - use:
      fragment: identify
      with: {patient: "${given.patient}", practitioner: "${given.practitioner}"}
      save: person
""",
    "ITI-39": """\
  - use:
      fragment: identify-and-list
      with: {patient: "${given.patient}", practitioner: "${given.practitioner}"}
      save: chart
""",
    "ITI-41": """\
  - use:
      fragment: prescription
      with: {patient: "${given.patient}", practitioner: "${given.practitioner}"}
      save: rx
""",
}
_WITH = {
    "ITI-55": "",
    "ITI-38": '      with: {patient_id: "${person.patient_id}"}\n',
    "ITI-39": '      with: {patient_id: "${chart.patient_id}", documents: "${chart.entries.0}"}\n',
    "ITI-41": (
        '      with: {operation: dispense, patient: "${given.patient}", patient_id: "${rx.patient_id}", '
        'prescription: "${rx.prescription}"}\n'
    ),
}
_SERVED = {
    "ITI-55": "{acknowledgement: AA, patients: 1, grade: strict}",
    "ITI-38": "{registry_status: success, entries: {min: 1}, grade: strict}",
    "ITI-39": "{registry_status: success, documents: {min: 1}, grade: strict}",
    "ITI-41": "{registry_status: success, grade: strict}",
}
_REFUSED = {
    "ITI-55": "{acknowledgement: AE, patients: 0, grade: strict}",
    "ITI-38": "{registry_status: failure, entries: 0, grade: strict}",
    "ITI-39": "{registry_status: failure, documents: 0, grade: strict}",
    "ITI-41": "{registry_status: failure, grade: strict}",
}
_SHOWN = {"ITI-55": "patient", "ITI-38": "documents", "ITI-39": "document", "ITI-41": "stored"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """What a draft is made from. `alteration` is a mutation of what we ask (country A is tested) or a fault of what we answer
    (country B is tested), empty for an ordinary exchange; `conformant` says that a good system accepts what we ask."""

    id: str
    title_en: str
    title_fr: str
    sut: str
    transaction: str
    alteration: str = ""
    conformant: bool = True
    covers: tuple[str, ...] = ()


def draft(answers: Answers) -> str:
    """The text of the scenario file."""
    steps = _asking(answers) if answers.sut == "ncpeh-a" else _answering(answers)
    person = "pharmacist" if answers.transaction == "ITI-41" else "physician"
    patient = "pt-prescribed" if answers.transaction == "ITI-41" else "pt-nominal"
    polarity = "positive" if answers.conformant else "negative"
    return (
        f"scenario: {answers.id}\n"
        f"title:\n  en: {_quoted(answers.title_en)}\n  fr: {_quoted(answers.title_fr)}\n"
        f"applies: {{profile: {_PROFILES[answers.transaction]}, sut: {answers.sut}, wave: [7, 8]}}\n"
        f"priority: 2\ntags: [{_TAGS[answers.transaction]}, {polarity}]\n"
        f"given: {{patient: {patient}, practitioner: {person}}}\nsteps:\n{steps}"
    )


def _asking(answers: Answers) -> str:
    transaction = answers.transaction
    mutate = f"      mutate: [{answers.alteration}]\n" if answers.alteration else ""
    wanted = (
        [_SERVED[transaction]] if answers.conformant else [_REFUSED[transaction], "{soap_fault: any, grade: strict}"]
    )
    return (
        f"{_BEFORE[transaction]}  - send:\n      transaction: {transaction}\n{_WITH[transaction]}{mutate}      save: answer\n"
        f"{_expect('answer', wanted, answers.covers)}"
    )


def _answering(answers: Answers) -> str:
    before = _ORDER[: _ORDER.index(answers.transaction)]
    received = "".join(f"  - receive:\n      transaction: {t}\n" for t in (*before, answers.transaction))
    reply = f"      reply: {{faults: [{answers.alteration}]}}\n" if answers.alteration else ""
    shown = "[no-patient, no-document, refusal, error]" if answers.alteration else _SHOWN[answers.transaction]
    return (
        f"  - trigger:\n      operation: {_OPERATIONS[answers.transaction]}\n      save: shown\n{received}{reply}"
        f"{_expect('shown', [f'{{shown: {shown}, grade: strict}}'], answers.covers)}"
    )


def _expect(of: str, wanted: Sequence[str], covers: Sequence[str]) -> str:
    lines = "".join(f"        - {w}\n" for w in wanted)
    covered = f"    covers: [{', '.join(covers)}]\n" if covers else ""
    return f"  - expect:\n      of: {of}\n      any:\n{lines}{covered}"


def _quoted(text: str) -> str:
    """A YAML text in double quotes; JSON strings are such."""
    return json.dumps(text, ensure_ascii=False)
