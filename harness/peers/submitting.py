"""ITI-41 from our country B: the documents it writes and the metadata it gives them, from the arguments of a step.

Source: eHDSI XDR Profile, metadata of dispensation, discard and consent; IHE ITI TF-3, 4.2.3.
"""

from collections.abc import MutableMapping
from dataclasses import dataclass
from datetime import UTC, datetime

from harness.model import SUBMISSIONS, OurSide, Patient, PatientId, Practitioner
from harness.peers import arguments as given
from harness.peers.arguments import Arguments, refuse
from harness.peers.clock import Ids
from harness.peers.papers import Scene, write_consent, write_dispensation
from harness.wire import codes, xdr
from harness.wire.dispensing import Product
from harness.wire.xcpd import Ii
from harness.wire.xds import Author, Coded, DocumentEntry, Slot

DISPENSE, DISCARD, PUT_CONSENT, DISCARD_CONSENT = tuple(SUBMISSIONS)
_TITLES = {
    "edispensation": "eDispensation",
    "edispensation-discard": "Medication Dispensation Discard",
    "consent": "Privacy policy acknowledgement",
}
_CONSENT_FORMAT = codes.KINDS["consent"].formats[3][0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """Where submissions are written: our side, the time, ids, and what this session dispensed (unique id -> document)."""

    ours: OurSide
    at: datetime
    ids: Ids
    dispensed: MutableMapping[str, bytes]

    @property
    def home(self) -> str:
        """Our home community as a bare OID."""
        return self.ours.home_community.removeprefix("urn:oid:")

    def uuid(self) -> str:
        """A new id of a registry object."""
        return f"urn:uuid:{self.ids.uuid()}"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Paper:
    """One document to submit: kind, id of the CDA, content, and codes of the event it documents."""

    kind: str
    id: Ii
    content: bytes
    events: tuple[Coded, ...] = ()

    @property
    def unique_id(self) -> str:
        return f"{self.id.root}^{self.id.extension}" if self.id.extension else self.id.root or ""


def submission(
    arguments: Arguments, desk: Desk, *, patient: Patient, patient_id: PatientId, practitioner: Practitioner
) -> xdr.Submission:
    """The submission that `arguments` describe (see `TRANSACTIONS["ITI-41"].send_arguments`).

    Raises:
        ScenarioError: an argument names nothing known, or has not the form expected; says which.
    """
    operation = given.text(arguments, "operation", DISPENSE) or DISPENSE
    if operation not in SUBMISSIONS:
        refuse("with.operation", "unknown operation", expected=tuple(SUBMISSIONS), found=operation)
    scene = Scene(
        patient=patient,
        patient_id=patient_id,
        practitioner=practitioner,
        country=desk.ours.country,
        home=desk.home,
        at=desk.at,
    )
    if operation == DISPENSE:
        papers = tuple(_dispensation(p, arguments, scene, desk) for p in _prescriptions(arguments, desk))
        desk.dispensed.update({p.unique_id: p.content for p in papers})
    elif operation == DISCARD:
        papers = (_discard(arguments, scene, desk),)
    else:
        papers = (_consent(scene, desk, opt_out=operation == DISCARD_CONSENT),)
    return _registered(papers, scene, desk)


def _prescriptions(arguments: Arguments, desk: Desk) -> tuple[Arguments, ...]:
    """The prescriptions to dispense, as facts of a retrieved document give them; an invented one when none is named."""
    value = arguments.get("prescription")
    if value is None:
        return ({"root": f"{desk.home}.404", "extension": desk.ids.digits(8)},)
    listed = value if isinstance(value, tuple | list) else (value,)
    return tuple(given.mapping({"prescription": item}, "prescription") for item in listed)


def _order(prescription: Arguments) -> Ii:
    root = given.text(prescription, "root")
    if not root:
        refuse("with.prescription", "not a prescription", expected=("{root, extension}",))
    return Ii(root=root, extension=given.text(prescription, "extension"))


def _dispensation(prescription: Arguments, arguments: Arguments, scene: Scene, desk: Desk) -> _Paper:
    id = Ii(root=f"{desk.home}.9", extension=f"ED-{desk.ids.digits(10)}")
    named = {k: given.text(prescription, k) for k in ("name", "atc", "atc_display", "form", "form_display", "strength")}
    content = write_dispensation(
        scene,
        id=id,
        orders=(_order(prescription),),
        product=Product(**named),
        substituted=arguments.get("substitute") is True,
    )
    return _Paper(kind="edispensation", id=id, content=content)


def _discard(arguments: Arguments, scene: Scene, desk: Desk) -> _Paper:
    """The dispensation named, sent once more to be discarded; one that was never submitted when none of ours is named."""
    wanted = given.text(arguments, "dispensation") or ""
    root, _, extension = (wanted or f"{desk.home}.9^ED-{desk.ids.digits(10)}").partition("^")
    id = Ii(root=root, extension=extension or None)
    content = desk.dispensed.get(wanted)
    if content is None:
        order = _order(_prescriptions(arguments, desk)[0])
        content = write_dispensation(scene, id=id, orders=(order,), product=Product())
    return _Paper(kind="edispensation-discard", id=id, content=content)


def _consent(scene: Scene, desk: Desk, *, opt_out: bool) -> _Paper:
    id = Ii(root=f"{desk.home}.6", extension=f"C-{desk.ids.digits(10)}")
    code = codes.CONSENT_OPT_OUT if opt_out else codes.CONSENT_OPT_IN
    event = Coded(code=code, scheme=codes.CONSENT_SCHEME, display="Opt-out" if opt_out else "Opt-in")
    return _Paper(kind="consent", id=id, content=write_consent(scene, id=id, opt_out=opt_out), events=(event,))


def _registered(papers: tuple[_Paper, ...], scene: Scene, desk: Desk) -> xdr.Submission:
    entries = tuple(_entry(paper, scene, desk) for paper in papers)
    package = _package(papers[0].kind, scene, desk)
    return xdr.Submission(
        sets=(package,),
        nodes=(package.id or "",),
        entries=entries,
        associations=tuple(xdr.has_member(package.id, entry.id, desk.uuid()) for entry in entries),
        documents=tuple(
            xdr.SubmittedDocument(id=entry.id, content=paper.content)
            for entry, paper in zip(entries, papers, strict=True)
        ),
    )


def _entry(paper: _Paper, scene: Scene, desk: Desk) -> DocumentEntry:
    kind = codes.KINDS[paper.kind]
    coded = Coded(code=kind.class_code, scheme=kind.class_scheme, display=kind.display)
    format_code = _CONSENT_FORMAT if paper.kind == "consent" else kind.formats[3][0]
    return DocumentEntry(
        id=desk.uuid(),
        unique_id=paper.unique_id,
        patient_id=scene.patient_id.cx,
        creation_time=_dtm(scene.at),
        language=scene.language,
        source_patient_id=scene.patient_id.cx,
        slots=(Slot(name="sourcePatientInfo", values=tuple(_patient_info(scene))),),
        title=_TITLES[paper.kind],
        class_code=coded,
        type_code=coded,
        format_code=Coded(
            code=format_code, scheme=kind.format_scheme.get(3, codes.FORMAT_SCHEME_IHE), display=kind.display
        ),
        confidentiality_codes=(Coded(code="N", scheme=codes.HL7_CONFIDENTIALITY, display="Normal"),),
        facility_type_code=Coded(code=scene.country, scheme=codes.ISO_COUNTRIES, display=scene.country),
        practice_setting_code=Coded(
            code=codes.PRACTICE_SETTING_NOT_USED,
            scheme=codes.PRACTICE_SETTING_SCHEME,
            display=codes.PRACTICE_SETTING_NOT_USED,
        ),
        event_codes=paper.events,
    )


def _patient_info(scene: Scene) -> list[str]:
    """Values of sourcePatientInfo. Source: IHE ITI TF-3, 4.2.3.2.23; eHDSI XDR Profile (PID-3, 5, 7, 8)."""
    patient = scene.patient
    found = [f"PID-3|{scene.patient_id.cx}", f"PID-5|{patient.family}^{patient.given}"]
    if patient.birth:
        found.append(f"PID-7|{patient.birth:%Y%m%d}")
    if patient.gender:
        found.append(f"PID-8|{patient.gender}")
    return found


def _package(kind: str, scene: Scene, desk: Desk) -> xdr.SubmissionSet:
    known = codes.KINDS[kind]
    return xdr.SubmissionSet(
        id=desk.uuid(),
        unique_id=f"{desk.home}.5.{int(desk.ids.digits(12))}",
        patient_id=scene.patient_id.cx,
        source_id=desk.home,
        submission_time=_dtm(scene.at),
        title=_TITLES[kind],
        content_type=Coded(code=known.class_code, scheme=known.class_scheme, display=known.display),
        authors=(_author(scene.practitioner, desk.home),),
    )


def _author(practitioner: Practitioner, home: str) -> Author:
    """The author in XON and XCN form. Source: IHE ITI TF-3, 4.2.3.1.7."""
    given_name, _, family = practitioner.name.rpartition(" ")
    organization = practitioner.organization_id.removeprefix("urn:oid:")
    return Author(
        slots=(
            Slot(name="authorInstitution", values=(f"{practitioner.organization}^^^^^^^^^{organization}",)),
            Slot(name="authorPerson", values=(f"{practitioner.key}^{family}^{given_name}^^^^^^&{home}.4&ISO",)),
        )
    )


def _dtm(at: datetime) -> str:
    """A time as XDS writes it, in UTC. Source: IHE ITI TF-3, 4.2.3.1.7 (DTM)."""
    return f"{at.astimezone(UTC):%Y%m%d%H%M%S}"
