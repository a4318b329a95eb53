"""Alterations of submissions (ITI-41): their metadata, their associations, and the documents they carry."""

from collections.abc import Callable
from dataclasses import replace

from harness.peers import cda_changes, changes
from harness.peers.draft import Stage
from harness.peers.mutation import Q41, Change, Mutation, one, submissions
from harness.wire import codes, xdr, xds
from harness.wire.xds import DocumentEntry

UNKNOWN_FORMAT = "urn:example:unknown:2099"
OTHER_CLASS = codes.KINDS["patient-summary"].class_code
OTHER_DOCUMENT = "urn:uuid:00000000-0000-4000-8000-000000000406"


def _of_other(read: Callable[[DocumentEntry], str | None]) -> Callable[[DocumentEntry], str]:
    return lambda entry: changes.of_other_patient(read(entry))


_other_patient = _of_other(lambda e: e.patient_id)
_other_source = _of_other(lambda e: e.source_patient_id)


def _other_class(entry: DocumentEntry) -> DocumentEntry:
    assert entry.class_code is not None, "our entries have a class"
    return replace(entry, class_code=replace(entry.class_code, code=OTHER_CLASS))


def _without_birth(entry: DocumentEntry) -> DocumentEntry:
    kept = tuple(
        replace(s, values=tuple(v for v in s.values if not v.startswith("PID-7")))
        if s.name == "sourcePatientInfo"
        else s
        for s in entry.slots
    )
    return replace(entry, slots=kept)


def _plain_author(submission: xdr.Submission) -> xdr.Submission:
    """The author is a bare name, without the form of an XCN."""
    slot = xds.Slot(name="authorPerson", values=("Artsenij Elise",))
    return replace(submission, sets=tuple(replace(s, authors=(xds.Author(slots=(slot,)),)) for s in submission.sets))


def _astray(submission: xdr.Submission) -> xdr.Submission:
    """The document is attached to an entry that is not in the submission."""
    return replace(submission, documents=tuple(replace(d, id=OTHER_DOCUMENT) for d in submission.documents))


def _in_line(submission: xdr.Submission) -> xdr.Submission:
    return replace(submission, documents=tuple(replace(d, form="inline") for d in submission.documents))


def _entry(name: str, change: Callable[[DocumentEntry], DocumentEntry]) -> Mutation:
    return one(name, Q41, Stage.QUERY, changes.entries(change))


def _whole(name: str, change: Callable[[xdr.Submission], xdr.Submission], *, positive: bool = False) -> Mutation:
    return one(name, Q41, Stage.QUERY, submissions(change), positive=positive)


def _paper(name: str, change: cda_changes.DocumentChange) -> Mutation:
    return one(name, Q41, Stage.QUERY, _documents(change))


def _documents(change: cda_changes.DocumentChange) -> Change:
    """The submitted CDA documents changed; metadata stay as they are."""
    return submissions(
        lambda s: replace(
            s, documents=tuple(replace(d, content=cda_changes.changed(d.content, change)) for d in s.documents)
        )
    )


def table() -> tuple[Mutation, ...]:
    """The alterations of this family."""
    return (
        _entry("xdr.format-code.unknown", changes.with_format(UNKNOWN_FORMAT)),
        _whole("xdr.document.missing", lambda s: replace(s, documents=())),
        _whole("xdr.metadata.missing", changes.without_entries),
        _entry("xdr.patient-id.differs", lambda e: replace(e, patient_id=_other_patient(e))),
        _entry("xdr.source-patient-id.other", lambda e: replace(e, source_patient_id=_other_source(e))),
        _entry("xdr.source-patient-info.incomplete", _without_birth),
        _entry("xdr.class-code.other", _other_class),
        _entry("xdr.language.other", lambda e: replace(e, language=cda_changes.OTHER_LANGUAGE)),
        _entry("xdr.creation-time.malformed", lambda e: replace(e, creation_time="2026-03-02T10:00:00Z")),
        _whole("xdr.author.malformed", _plain_author),
        _whole("xdr.unique-id.twice", changes.same_id_twice),
        _entry("xdr.unique-id.other", lambda e: replace(e, unique_id=f"{e.unique_id}9")),
        _whole("xdr.submission-set.twice", changes.two_sets),
        _whole("xdr.submission-set.missing", lambda s: replace(s, sets=(), nodes=())),
        _whole("xdr.association.missing", lambda s: replace(s, associations=())),
        _whole("xdr.prescription.twice", changes.same_prescription_twice),
        _paper("xdr.document.large", changes.made_large),
        _paper("xdr.order.missing", changes.order_removed),
        _paper("xdr.order.two", changes.order_added),
        _paper("xdr.order.unknown", changes.order_unknown),
        _whole("xdr.document-id.astray", _astray),
        one("xdr.attachment.missing", Q41, Stage.PAYLOAD, lambda d: replace(d, parts=())),
        _whole("xdr.document.inline", _in_line, positive=True),
        _paper("xdr.cda.section-missing", cda_changes.section_missing),
        _paper("xdr.cda.template-unknown", cda_changes.template_unknown),
        _paper("xdr.cda.code-wrong", cda_changes.code_wrong),
        _paper("xdr.cda.patient-other", cda_changes.patient_other),
        _paper("xdr.cda.language-other", cda_changes.language_other),
    )
