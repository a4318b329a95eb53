"""ITI-55, the matches in the answer of country A (XCPD-A-015 to 025).

Sources: IHE ITI TF-2, 3.55.4.2.2; HL7 V3 PRPA_MT201310UV02.
"""

import re
from collections.abc import Iterator

from harness.checks._earlier import own_home
from harness.checks._places import accepted, place, said, unless_in
from harness.checks._registry import Context, check
from harness.checks._view import View
from harness.model import Finding, Patient
from harness.wire import codes, xcpd

_MOST_SUBJECTS = 200
_PLACEHOLDER_HOME = "HOME_COMM_ID"
_REGISTRATION = "hl7:registrationEvent"
_PATIENT = _REGISTRATION + "/hl7:subject1/hl7:patient"
_PERSON = _PATIENT + "/hl7:patientPerson"
_MATCH = _PATIENT + "/hl7:subjectOf1/hl7:queryMatchObservation"
_CUSTODIAN = _REGISTRATION + "/hl7:custodian/hl7:assignedEntity"


def _matched(view: View, _: Context) -> bool:
    return view.discovery_answer is not None and bool(view.discovery_answer.subjects)


def _subjects(view: View) -> Iterator[tuple[str, xcpd.Subject]]:
    """Each subject with its path; of a flood of them the first, because XCPD-A-015 fails the answer then."""
    subjects = view.discovery_answer.subjects if view.discovery_answer is not None else ()
    for number, subject in enumerate(subjects[:_MOST_SUBJECTS], start=1):
        yield f"{xcpd.X_SUBJECT}[{number}]/", subject


@check("XCPD-A-015", actor="ncpeh-a", on="ITI-55", when=_matched)
def each_patient_is_one_subject(view: View, context: Context) -> Iterator[Finding]:
    """No two subjects are the same patient, and none is somebody else. Source: IHE ITI TF-2, 3.55.4.2.2."""
    count = len(view.discovery_answer.subjects) if view.discovery_answer is not None else 0
    if count > _MOST_SUBJECTS:
        expected = f"at most {_MOST_SUBJECTS} subjects in answer to one query"
        yield Finding(at=place(view, xcpd.X_SUBJECT), expected=expected, found=str(count))
    seen: set[tuple[str | None, str | None]] = set()
    for path, subject in _subjects(view):
        if _is_somebody_else(subject, view, context):
            at = place(view, path + _PATIENT)
            yield Finding(at=at, expected="the patient whose identifier was asked for", found="another patient")
        ids = {(i.root, i.extension) for i in subject.ids if i.root or i.extension}
        if ids & seen:
            yield Finding(at=place(view, path + _PATIENT), expected="a patient once", found="the same id again")
        seen |= ids


@check("XCPD-A-016", actor="ncpeh-a", on="ITI-55", when=_matched)
def registration_is_active(view: View, _: Context) -> Iterator[Finding]:
    """registrationEvent has classCode REG and statusCode active. Source: HL7 V3 PRPA_IN201306UV02."""
    for path, subject in _subjects(view):
        at = place(view, path + _REGISTRATION + "/@classCode")
        yield from unless_in(at, subject.registration_class_code, ("REG",))
        at = place(view, path + _REGISTRATION + "/hl7:statusCode/@code")
        yield from unless_in(at, subject.registration_status_code, ("active",))


@check("XCPD-A-017", actor="ncpeh-a", on="ITI-55", when=_matched)
def patient_has_one_id_and_is_active(view: View, _: Context) -> Iterator[Finding]:
    """patient has classCode PAT, one id and statusCode active. Source: IHE ITI TF-2, 3.55.4.2.2."""
    for path, subject in _subjects(view):
        yield from unless_in(place(view, path + _PATIENT + "/@classCode"), subject.patient_class_code, ("PAT",))
        if len(subject.ids) != 1:
            yield Finding(at=place(view, path + _PATIENT + "/hl7:id"), expected="1 id", found=str(len(subject.ids)))
        at = place(view, path + _PATIENT + "/hl7:statusCode/@code")
        yield from unless_in(at, subject.patient_status_code, ("active",))


@check("XCPD-A-018", actor="ncpeh-a", on="ITI-55", when=_matched)
def patient_id_has_root_and_extension(view: View, _: Context) -> Iterator[Finding]:
    """patient/id carries root and extension. Source: IHE ITI TF-2, 3.55.4.2.2."""
    for path, subject in _subjects(view):
        for identifier in subject.ids:
            at = place(view, path + _PATIENT + "/hl7:id")
            if not identifier.root:
                yield Finding(at=at, expected="a root", found="nothing", deviation="DEV-07")
            if not identifier.extension:
                yield Finding(at=at, expected="an extension", found="nothing")
            elif "|" in identifier.extension:
                yield accepted(at, "the identifier alone", "identifier and access code joined by |", "DEV-12")


@check("XCPD-A-019", actor="ncpeh-a", on="ITI-55", when=_matched)
def person_is_an_instance_with_a_name(view: View, _: Context) -> Iterator[Finding]:
    """patientPerson is PSN, INSTANCE, and has a name. Source: HL7 V3 PRPA_MT201310UV02."""
    for path, subject in _subjects(view):
        yield from unless_in(place(view, path + _PERSON + "/@classCode"), subject.person_class_code, ("PSN",))
        at = place(view, path + _PERSON + "/@determinerCode")
        yield from unless_in(at, subject.person_determiner_code, ("INSTANCE",))
        if not subject.names:
            yield Finding(at=place(view, path + _PERSON + "/hl7:name"), expected="a name", found="nothing")


@check("XCPD-A-020", actor="ncpeh-a", on="ITI-55", when=lambda v, _: any(s.names for _, s in _subjects(v)))
def name_has_family_and_given(view: View, _: Context) -> Iterator[Finding]:
    """Each name has a family and a given part. Source: eHDSI XCPD profile."""
    for path, subject in _subjects(view):
        for number, name in enumerate(subject.names, start=1):
            for part, value in (("family", name.family), ("given", name.given)):
                if not value:
                    at = place(view, f"{path}{_PERSON}/hl7:name[{number}]/hl7:{part}")
                    yield Finding(at=at, expected=f"a {part} name", found="nothing")


def _is_known(subject: xcpd.Subject, patient: Patient) -> bool:
    known = {(i.root, i.extension) for i in patient.ids}
    return any((i.root, (i.extension or "").partition("|")[0]) in known for i in subject.ids)


def _is_somebody_else(subject: xcpd.Subject, view: View, context: Context) -> bool:
    """Whether a query by the identifier of the test patient was answered with a person who is certainly another one.

    An identifier that nobody knows proves nothing: country A may answer with another one than it was asked.
    """
    patient, query = context.patient, view.discovery_query
    if patient is None or query is None or view.exchange.altered or _is_known(subject, patient):
        return False
    own = {(i.root, i.extension) for i in patient.ids}
    if not query.ids or not {(i.root, i.extension) for i in query.ids} <= own:
        return False
    born = f"{patient.birth:%Y%m%d}" if patient.birth else ""
    other_birth = bool(born and subject.birth and not subject.birth.startswith(born[: len(subject.birth)]))
    return other_birth or any(_is_known(subject, p) for p in context.sut.patients.values())


def _known_traits(view: View, context: Context) -> bool:
    patient = context.patient
    return (
        patient is not None
        and bool(patient.birth or patient.gender)
        and any(_is_known(s, patient) for _, s in _subjects(view))
    )


@check("XCPD-A-021", actor="ncpeh-a", on="ITI-55", when=_known_traits)
def birth_and_gender_are_returned(view: View, context: Context) -> Iterator[Finding]:
    """Birth time and gender are those of the test patient, where known. Source: eHDSI XCPD profile."""
    patient = context.patient
    for path, subject in _subjects(view):
        if patient is None or not _is_known(subject, patient):
            continue
        birth = f"{patient.birth:%Y%m%d}" if patient.birth else None
        if birth and not (subject.birth or "").startswith(birth):
            at = place(view, path + _PERSON + "/hl7:birthTime/@value")
            yield Finding(at=at, expected=birth, found=said(subject.birth))
        if patient.gender:
            at = place(view, path + _PERSON + "/hl7:administrativeGenderCode/@code")
            yield from unless_in(at, subject.gender, (patient.gender,))


@check("XCPD-A-022", actor="ncpeh-a", on="ITI-55", when=_matched)
def answer_holds_no_forbidden_part(view: View, _: Context) -> Iterator[Finding]:
    """Parts that ITI-55 leaves out of the patient model are absent. Source: IHE ITI TF-2, 3.55.4.2.2.2."""
    for path, subject in _subjects(view):
        for part in subject.forbidden_parts:
            yield Finding(at=place(view, f"{path}{_PATIENT}/hl7:{part}"), expected=f"no {part}", found=part)


def _has_match(subject: xcpd.Subject) -> bool:
    return (subject.match_code, subject.match_degree, subject.match_type) != (None, None, None)


@check("XCPD-A-023", actor="ncpeh-a", on="ITI-55", when=lambda v, _: any(_has_match(s) for _, s in _subjects(v)))
def match_degree_is_an_integer(view: View, _: Context) -> Iterator[Finding]:
    """queryMatchObservation has the code IHE_PDQ and an INT value. Source: IHE ITI TF-2, 3.55.4.2.2.2."""
    for path, subject in _subjects(view):
        if not _has_match(subject):
            continue
        yield from unless_in(place(view, path + _MATCH + "/hl7:code/@code"), subject.match_code, (codes.MATCH_CODE,))
        at = place(view, path + _MATCH + "/hl7:value")
        yield from unless_in(at, subject.match_type, ("INT",))
        if not re.fullmatch(r"-?\d+", subject.match_degree or ""):
            yield Finding(at=at, expected="an integer", found=said(subject.match_degree))


@check("XCPD-A-024", actor="ncpeh-a", on="ITI-55", when=lambda v, c: _matched(v, c) and own_home(c) is not None)
def custodian_is_country_a(view: View, context: Context) -> Iterator[Finding]:
    """custodian/assignedEntity has one id, a root alone: the home community of A. Source: IHE ITI TF-2, 3.55.4.2.2.3."""
    home = own_home(context) or ""
    for path, subject in _subjects(view):
        at = place(view, path + _CUSTODIAN + "/hl7:id")
        if len(subject.custodian_ids) != 1:
            yield Finding(at=at, expected="1 id", found=str(len(subject.custodian_ids)))
            continue
        found = subject.custodian_ids[0]
        if found.root != home:
            deviation = "DEV-07" if _PLACEHOLDER_HOME in (found.root, found.extension) else None
            yield Finding(at=at, expected=home, found=said(found.root), deviation=deviation)
        elif found.extension:
            yield Finding(at=at, expected="a root alone", found="root and extension")


@check("XCPD-A-025", actor="ncpeh-a", on="ITI-55", when=_matched)
def custodian_says_whether_it_locates_data(view: View, _: Context) -> Iterator[Finding]:
    """custodian code is one of the two locator codes. Source: IHE ITI TF-2, 3.55.4.2.2.3."""
    for path, subject in _subjects(view):
        at = place(view, path + _CUSTODIAN + "/hl7:code/@code")
        yield from unless_in(at, subject.custodian_code, (codes.LOCATOR_NO, codes.LOCATOR_YES))
        at = place(view, path + _CUSTODIAN + "/hl7:code/@codeSystem")
        yield from unless_in(at, subject.custodian_code_system, (codes.LOCATOR_CODE_SYSTEM,))
