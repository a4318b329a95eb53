"""Ways in which our peer delivers documents badly (ITI-39): other content, another patient, another form."""

from collections.abc import Callable
from dataclasses import replace

from harness.errors import WireError
from harness.model import Population, PopulationDocument
from harness.peers import cda_changes
from harness.peers.arguments import refuse
from harness.peers.fault import Q39, Fault, Scene
from harness.wire import codes
from harness.wire.codes import KINDS
from harness.wire.xds import RegistryError, RetrieveAnswer, RetrievedDocument

OTHER_REPOSITORY = "2.999.404"
OCTETS = "application/octet-stream"
NO_CONSENT = RegistryError(code=codes.ERROR_NO_CONSENT, context="The patient has given no consent")

type Delivery = Callable[[RetrieveAnswer, Scene], RetrieveAnswer]


def missing(identifier: str | None) -> RegistryError:
    """The error for a document that is not there. Source: protocol facts 6.3, row document not found."""
    context = f"{codes.ERROR_GENERIC_DOCUMENT_MISSING} : no document {identifier or ''}".rstrip()
    return RegistryError(code=codes.XDS_MISSING_DOCUMENT, context=context)


def _missing(answer: RetrieveAnswer, _: Scene) -> RetrieveAnswer:
    errors = (RegistryError(code=codes.ERROR_GENERIC_DOCUMENT_MISSING, context="The document is not available"),)
    return RetrieveAnswer(status=codes.STATUS_FAILURE, errors=errors)


def _partial(answer: RetrieveAnswer, _: Scene) -> RetrieveAnswer:
    """The last of several documents is missing; a single one stays, and an error speaks of another."""
    kept = answer.documents[:-1] if len(answer.documents) > 1 else answer.documents
    lost = answer.documents[-1].id if len(answer.documents) > 1 else None
    return RetrieveAnswer(status=codes.STATUS_PARTIAL_SUCCESS, errors=(*answer.errors, missing(lost)), documents=kept)


def _refused(answer: RetrieveAnswer, _: Scene) -> RetrieveAnswer:
    return RetrieveAnswer(status=codes.STATUS_FAILURE, errors=(NO_CONSENT,))


def _each(change: Callable[[RetrievedDocument, Scene], RetrievedDocument]) -> Delivery:
    return lambda answer, scene: replace(answer, documents=tuple(change(d, scene) for d in answer.documents))


def _as_other_patient(document: RetrievedDocument, scene: Scene) -> RetrievedDocument:
    held = {d.unique_id: d for d in scene.population.documents}
    asked = held.get(document.id or "")
    return replace(document, content=_of_somebody_else(asked, scene.population).content) if asked else document


def _of_somebody_else(asked: PopulationDocument, population: Population) -> PopulationDocument:
    others = (
        other
        for other in population.documents
        if (other.kind, other.level) == (asked.kind, asked.level) and other.patient != asked.patient
    )
    found = next(others, None)
    if found is None:
        refuse("faults", f"the population holds no {asked.kind} of level {asked.level} of another patient")
    return found


def _level_1_of_other(answer: RetrieveAnswer, scene: Scene) -> RetrieveAnswer:
    """Of the two levels of a document, level 1 alone is somebody else's."""
    held = {d.unique_id: d.level for d in scene.population.documents}
    if not any(held.get(d.id or "") == 1 for d in answer.documents):
        refuse("faults", "no document of level 1 is delivered")
    return _each(lambda d, s: _as_other_patient(d, s) if held.get(d.id or "") == 1 else d)(answer, scene)


def _other_template(document: RetrievedDocument, _: Scene) -> RetrievedDocument:
    """It claims to be of another kind: an eDispensation, or a patient summary where it was one."""
    return replace(document, content=_relabelled(document.content))


def _relabelled(content: bytes) -> bytes:
    dispensation, summary = KINDS["edispensation"], KINDS["patient-summary"]
    for kind in KINDS.values():
        other = summary if kind.class_code == dispensation.class_code else dispensation
        for template in kind.templates.values():
            if f'"{template}"'.encode() in content:
                content = content.replace(f'"{template}"'.encode(), f'"{other.templates[3]}"'.encode())
                return content.replace(f'"{kind.class_code}"'.encode(), f'"{other.class_code}"'.encode(), 1)
    return content


def _altered(change: cda_changes.DocumentChange, level: int | None = None) -> Delivery:
    """`change` made in each document delivered, of that CDA level when one is named."""

    def apply(answer: RetrieveAnswer, _: Scene) -> RetrieveAnswer:
        found = [level is None or _level(d.content) == level for d in answer.documents]
        if not any(found):
            refuse("faults", f"no document of level {level} is delivered" if level else "no document is delivered")
        documents = tuple(
            replace(d, content=cda_changes.changed(d.content, change)) if it else d
            for d, it in zip(answer.documents, found, strict=True)
        )
        return replace(answer, documents=documents)

    return apply


def _level(content: bytes) -> int | None:
    try:
        return cda_changes.level_of(content)
    except WireError:
        return None


def table() -> tuple[Fault, ...]:
    """The faults of this family."""

    def one(name: str, change: Delivery) -> Fault:
        return Fault(name=name, transactions=Q39, retrieval=change)

    changes: tuple[tuple[str, cda_changes.DocumentChange, int | None], ...] = (
        ("xcar.cda.section-missing", cda_changes.section_missing, 3),
        ("xcar.cda.template-unknown", cda_changes.template_unknown, None),
        ("xcar.cda.code-wrong", cda_changes.code_wrong, None),
        ("xcar.cda.code-outside-value-set", cda_changes.code_outside_value_set, 3),
        ("xcar.cda.translations-missing", cda_changes.translations_missing, 3),
        ("xcar.cda.confidentiality-unknown", cda_changes.confidentiality_unknown, None),
        ("xcar.cda.language-without-country", cda_changes.language_without_country, None),
        ("xcar.cda.language-other", cda_changes.language_other, None),
        ("xcar.cda.custodian-country-missing", cda_changes.custodian_country_missing, None),
        ("xcar.cda.authenticator-missing", cda_changes.authenticator_missing, None),
        ("xcar.cda.parent-missing", cda_changes.parent_missing, None),
        ("xcar.cda.family-name-missing", cda_changes.family_missing, None),
        ("xcar.cda.birth-time-missing", cda_changes.birth_missing, None),
        ("xcar.cda.schema-location", cda_changes.schema_location_added, None),
        ("xcar.cda.patient-id-other", cda_changes.patient_other, None),
        ("xcar.cda.id-other", cda_changes.id_other, None),
        ("xcar.pdf.missing", cda_changes.text_missing, 1),
        ("xcar.pdf.not-base64", cda_changes.representation_missing, 1),
        ("xcar.pdf.not-a-pdf", cda_changes.not_a_pdf, 1),
        ("xcar.pdf.not-archival", cda_changes.pdf_not_archival, 1),
        ("xcar.pdf.encrypted", cda_changes.pdf_encrypted, 1),
    )
    return (
        one("xcar.document-missing", _missing),
        one("xcar.partial", _partial),
        one("xcar.no-consent", _refused),
        one("xcar.inline", _each(lambda d, s: replace(d, form="inline"))),
        one("xcar.other-patient", _each(_as_other_patient)),
        one("xcar.other-template", _each(_other_template)),
        one("xcar.level-1-of-other-patient", _level_1_of_other),
        one("xcar.mime-type.octets", _each(lambda d, s: replace(d, mime_type=OCTETS))),
        one("xcar.repository.other", _each(lambda d, s: replace(d, repository=OTHER_REPOSITORY))),
        *(one(name, _altered(change, level)) for name, change, level in changes),
    )
