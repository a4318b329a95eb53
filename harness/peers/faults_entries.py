"""Ways in which our peer lists documents badly (ITI-38): refusals, and entries that are wrong in one thing."""

from collections.abc import Callable
from dataclasses import replace

from harness.peers.arguments import refuse
from harness.peers.cda_changes import OTHER_LANGUAGE, UNKNOWN_CONFIDENTIALITY
from harness.peers.changes import of_other_patient
from harness.peers.fault import Q38, Fault, Scene
from harness.peers.faults_documents import NO_CONSENT
from harness.wire import codes
from harness.wire.xds import Coded, DocumentEntry, QueryAnswer, RegistryError

UNKNOWN_FORMAT = "urn:example:unknown:2099"
UNKNOWN_COMMUNITY = "urn:oid:2.999.404"
TRANSFORMATION_WARNING = "2502"  # a code could not be translated; the documents are there (XCAQ-B-010)
OTHER_ENTRY = "urn:uuid:00000000-0000-4000-8000-000000000404"
OTHER_HASH = "0" * 40

type Listing = Callable[[QueryAnswer, Scene], QueryAnswer]
type EntryChange = Callable[[DocumentEntry], DocumentEntry]


def no_documents(kinds: tuple[str, ...]) -> QueryAnswer:
    """The good answer when there is nothing of `kinds`: Success with a warning. Source: protocol facts 5.6."""
    code = codes.NOT_FOUND_BY_KIND.get(kinds[0] if kinds else "", codes.ERROR_DOCUMENT_NOT_FOUND)
    return QueryAnswer(
        status=codes.STATUS_SUCCESS,
        errors=(RegistryError(code=code, context="No document was found", severity=codes.SEVERITY_WARNING),),
    )


def _nothing_listed(answer: QueryAnswer, _: Scene) -> QueryAnswer:
    codes_listed = tuple(e.class_code.code for e in answer.entries if e.class_code and e.class_code.code)
    kinds = tuple(k.kind for k in map(codes.kind_of_class_code, codes_listed) if k)
    return no_documents(kinds or ("patient-summary",))


def _refused(answer: QueryAnswer, _: Scene) -> QueryAnswer:
    return QueryAnswer(status=codes.STATUS_FAILURE, errors=(NO_CONSENT,))


def _with_warning(answer: QueryAnswer, _: Scene) -> QueryAnswer:
    warning = RegistryError(
        code=TRANSFORMATION_WARNING, context="A code could not be translated", severity=codes.SEVERITY_WARNING
    )
    return replace(answer, errors=(*answer.errors, warning))


def _something(answer: QueryAnswer) -> DocumentEntry:
    if not answer.entries:
        refuse("faults", "nothing is listed, so there is no entry to alter")
    return answer.entries[0]


def _odd_format(answer: QueryAnswer, _: Scene) -> QueryAnswer:
    """One more entry, of a document that does not exist, in a format nobody knows."""
    first = _something(answer)
    odd = replace(
        first,
        id=OTHER_ENTRY,
        lid=OTHER_ENTRY,
        unique_id=f"{first.unique_id}.404",
        format_code=Coded(code=UNKNOWN_FORMAT, scheme=codes.FORMAT_SCHEME_EHDSI, display="Unknown format"),
    )
    return replace(answer, entries=(*answer.entries, odd))


def _each(change: EntryChange) -> Listing:
    def apply(answer: QueryAnswer, _: Scene) -> QueryAnswer:
        _something(answer)
        return replace(answer, entries=tuple(map(change, answer.entries)))

    return apply


def _first(change: EntryChange) -> Listing:
    def apply(answer: QueryAnswer, _: Scene) -> QueryAnswer:
        return replace(answer, entries=(change(_something(answer)), *answer.entries[1:]))

    return apply


def _twice(answer: QueryAnswer, _: Scene) -> QueryAnswer:
    """The first document has two entries."""
    again = replace(_something(answer), id=OTHER_ENTRY, lid=OTHER_ENTRY)
    return replace(answer, entries=(*answer.entries, again))


def _one_level(answer: QueryAnswer, _: Scene) -> QueryAnswer:
    """Level 1 is not listed, nor the association that leads to it."""
    kept = tuple(e for e in answer.entries if e.level != 1)
    if len(kept) in (0, len(answer.entries)):
        refuse("faults", "the documents are not listed in two levels")
    return replace(answer, entries=kept, associations=())


def _unlinked(answer: QueryAnswer, _: Scene) -> QueryAnswer:
    if not answer.associations:
        refuse("faults", "no association is listed that could be left out")
    return replace(answer, associations=())


def _turned(answer: QueryAnswer, scene: Scene) -> QueryAnswer:
    """Associations lead from the structured document to the PDF."""
    _unlinked(answer, scene)
    turned = tuple(replace(a, source=a.target, target=a.source) for a in answer.associations)
    return replace(answer, associations=turned)


def _recoded(known: Coded | None, code: str) -> Coded:
    return replace(known, code=code) if known else Coded(code=code, scheme=None)


def _other_size(entry: DocumentEntry) -> DocumentEntry:
    return replace(entry, size=str(int(entry.size or "0") + 1))


def _unknown_confidentiality(entry: DocumentEntry) -> DocumentEntry:
    return replace(
        entry,
        confidentiality_codes=(Coded(code=UNKNOWN_CONFIDENTIALITY, scheme=codes.HL7_CONFIDENTIALITY),),
    )


def table() -> tuple[Fault, ...]:
    """The faults of this family."""

    def one(name: str, change: Listing) -> Fault:
        return Fault(name=name, transactions=Q38, listing=change)

    other_class = codes.KINDS["edispensation"].class_code
    return (
        one("xcaq.no-documents", _nothing_listed),
        one("xcaq.no-consent", _refused),
        one("xcaq.warning-with-entries", _with_warning),
        one("xcaq.unknown-format", _odd_format),
        one("xcaq.entry.home-other", _each(lambda e: replace(e, home=UNKNOWN_COMMUNITY))),
        one("xcaq.entry.repository-no-oid", _each(lambda e: replace(e, repository_id="repository-1"))),
        one("xcaq.entry.unique-id-other", _each(lambda e: replace(e, unique_id=f"{e.unique_id}.404"))),
        one("xcaq.entry.unique-id-missing", _first(lambda e: replace(e, unique_id=None))),
        one("xcaq.entry.twice", _twice),
        one("xcaq.entry.patient-differs", _first(lambda e: replace(e, patient_id=of_other_patient(e.patient_id)))),
        one("xcaq.entry.patient-other", _each(lambda e: replace(e, patient_id=of_other_patient(e.patient_id)))),
        one("xcaq.entry.status-deprecated", _first(lambda e: replace(e, status=codes.ENTRY_DEPRECATED))),
        one("xcaq.entry.creation-time-malformed", _each(lambda e: replace(e, creation_time="2026-03-02"))),
        one("xcaq.entry.language-missing", _each(lambda e: replace(e, language=None))),
        one("xcaq.entry.language-without-country", _each(lambda e: replace(e, language="fr"))),
        one("xcaq.entry.language-other", _each(lambda e: replace(e, language=OTHER_LANGUAGE))),
        one("xcaq.entry.title-missing", _each(lambda e: replace(e, title=None))),
        one("xcaq.entry.hash-wrong", _each(lambda e: replace(e, hash=OTHER_HASH))),
        one("xcaq.entry.size-wrong", _each(_other_size)),
        one("xcaq.entry.mime-type-octets", _each(lambda e: replace(e, mime_type="application/octet-stream"))),
        one("xcaq.entry.class-code-other", _each(lambda e: replace(e, class_code=_recoded(e.class_code, other_class)))),
        one("xcaq.entry.type-code-other", _each(lambda e: replace(e, type_code=_recoded(e.type_code, other_class)))),
        one(
            "xcaq.entry.format-code-unknown",
            _first(lambda e: replace(e, format_code=_recoded(e.format_code, UNKNOWN_FORMAT))),
        ),
        one("xcaq.entry.confidentiality-unknown", _each(_unknown_confidentiality)),
        one(
            "xcaq.entry.facility-other-country",
            _each(lambda e: replace(e, facility_type_code=_recoded(e.facility_type_code, "AQ"))),
        ),
        one("xcaq.entry.practice-setting-missing", _each(lambda e: replace(e, practice_setting_code=None))),
        one("xcaq.level-1.missing", _one_level),
        one("xcaq.association.missing", _unlinked),
        one("xcaq.association.turned", _turned),
    )
