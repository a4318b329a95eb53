"""ITI-41, the submission of country B (XDR-B): submission set, entries, associations, documents.

Sources: IHE ITI TF-2, 3.41; IHE ITI TF-3, 4.2; eHDSI XDR profile. The documents themselves are judged by the packs.
"""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta

from harness.checks._places import accepted, one_of, place, said, unless_in, warning
from harness.checks._registry import Context, check
from harness.checks._submitted import member_ids, sent
from harness.checks._view import View
from harness.errors import WireError
from harness.model import Finding, Location
from harness.wire import cda, codes, xdr, xds

_OID = r"[0-2](?:\.(?:0|[1-9]\d*))+"
_XON = re.compile(rf"[^^]+(?:\^[^^]*){{4}}\^(?:&{_OID}&ISO)?\^[^^]*\^[^^]*\^[^^]*\^[^^]+|[^^]+")
_XCN = re.compile(rf"[^^]*\^[^^]+(?:\^[^^]*){{0,6}}|[^^]*(?:\^[^^]*){{7}}\^&{_OID}&ISO")
_XCN_COMPONENT_4 = re.compile(r"[^^]+\^\^\^&[^&]+&ISO")
_DTM = re.compile(r"\d{14}")
_NOON = 12
_HALF_DAY, _SLACK = timedelta(hours=12), timedelta(minutes=15)
_INFO = "rim:Slot[@name='sourcePatientInfo']"
_DISCARD = "edispensation-discard"


def _submitted(view: View, _: Context) -> bool:
    return view.submission is not None


def _submission(view: View) -> xdr.Submission:
    submission = view.submission
    assert submission is not None, "applies to readable submissions only"
    return submission


def _has_entries(view: View, _: Context) -> bool:
    return bool(sent(view))


def _at(view: View, number: int, path: str = "") -> Location:
    return place(view, f"{xdr.X_ENTRY}[{number}]/{path}")


def _class(scheme: str) -> str:
    return f"rim:Classification[@classificationScheme='{scheme}']"


@check("XDR-B-001", actor="ncpeh-b", on="ITI-41", when=_submitted)
def entries_are_members_of_a_submission_set(view: View, _: Context) -> Iterator[Finding]:
    """One submission set, an entry for each document, HasMember with Original. Source: IHE ITI TF-3, 4.2.1 and 4.2.2.1."""
    submission = _submission(view)
    if len(submission.sets) != 1:
        found = f"{len(submission.sets)} submission sets"
        yield Finding(at=place(view, xdr.X_OBJECTS), expected="1 submission set", found=found)
    if not submission.entries:
        yield Finding(at=place(view, xdr.X_ENTRY), expected="an ExtrinsicObject", found="nothing")
    for package in submission.sets:
        if package.id not in submission.nodes:
            expected = "a Classification by the node of submission sets"
            yield Finding(at=place(view, xdr.X_SET), expected=expected, found="nothing")
    members = member_ids(submission)
    for number, entry in enumerate(submission.entries, start=1):
        if entry.id not in members:
            yield Finding(at=_at(view, number, "@id"), expected="HasMember from the submission set", found="nothing")
    for number, association in enumerate(submission.associations, start=1):
        status = [v for s in association.slots if s.name == codes.SLOT_SET_STATUS for v in s.values]
        if association.type == codes.ASSOCIATION_HAS_MEMBER and status != [codes.SET_STATUS_ORIGINAL]:
            at = place(view, f"{xdr.X_ASSOCIATION}[{number}]/rim:Slot[@name='{codes.SLOT_SET_STATUS}']")
            yield Finding(at=at, expected=codes.SET_STATUS_ORIGINAL, found=said(", ".join(status)))


@check("XDR-B-002", actor="ncpeh-b", on="ITI-41", when=_submitted)
def documents_are_attached_to_their_entries(view: View, _: Context) -> Iterator[Finding]:
    """Document/@id is the id of an entry, and its content is attached by MTOM. Source: IHE ITI TF-2, 3.41.4.1.2."""
    submission = _submission(view)
    ids = tuple(e.id for e in submission.entries if e.id)
    for number, document in enumerate(submission.documents, start=1):
        at = place(view, f"{xdr.X_DOCUMENT}[{number}]/@id")
        if document.id not in ids:
            expected = one_of(ids) if ids else "the id of an ExtrinsicObject"
            yield Finding(at=at, expected=expected, found=said(document.id))
        if document.form != "xop":
            at = place(view, f"{xdr.X_DOCUMENT}[{number}]")
            yield Finding(at=at, expected="xop:Include", found="base64 inside the message")
    for number, entry in enumerate(submission.entries, start=1):
        if submission.document(entry) is None:
            yield Finding(at=_at(view, number, "@id"), expected="a Document with this id", found="nothing")


@check("XDR-B-003", actor="ncpeh-b", on="ITI-41", when=_has_entries)
def codes_fit_the_operation(view: View, _: Context) -> Iterator[Finding]:
    """Format, class and type code are those of one operation. Source: eHDSI XDR profile, class and format codes."""
    formats = tuple(f for k in codes.SUBMITTED_KINDS for all_ in codes.KINDS[k].formats.values() for f in all_)
    for one in sent(view):
        found = one.entry.format_code.code if one.entry.format_code else None
        if one.kind is None:
            at = _at(view, one.number, _class(codes.SCHEME_FORMAT_CODE))
            yield Finding(at=at, expected=one_of(formats), found=said(found))
            continue
        kind = codes.KINDS[one.kind]
        own = (kind.class_code,)
        class_code = one.entry.class_code.code if one.entry.class_code else None
        yield from unless_in(_at(view, one.number, _class(codes.SCHEME_CLASS_CODE)), class_code, own)
        types = (*own, codes.KINDS["edispensation"].class_code) if one.kind == _DISCARD else own
        type_code = one.entry.type_code.code if one.entry.type_code else None
        yield from unless_in(_at(view, one.number, _class(codes.SCHEME_TYPE_CODE)), type_code, types)


def _headers(view: View) -> Iterator[tuple[int, xds.DocumentEntry, cda.CdaHeader]]:
    """Each entry whose document is a readable CDA: position from 1, entry, header."""
    submission = view.submission
    if submission is None:
        return
    roots = {d.id: root for d, root in zip(submission.documents, view.submitted, strict=True)}
    for number, entry in enumerate(submission.entries, start=1):
        root = roots.get(entry.id)
        if root is None or isinstance(root, WireError):
            continue
        try:
            yield number, entry, cda.header_of(root)
        except WireError:
            continue


def _has_headers(view: View, _: Context) -> bool:
    return next(_headers(view), None) is not None


@check("XDR-B-004", actor="ncpeh-b", on="ITI-41", when=_has_headers)
def unique_id_is_that_of_the_document(view: View, _: Context) -> Iterator[Finding]:
    """uniqueId is the id of the CDA as root^extension. Source: IHE PCC TF-2, 4.1.1."""
    for number, entry, header in _headers(view):
        if entry.unique_id != header.unique_id:
            at = _at(view, number, f"rim:ExternalIdentifier[@identificationScheme='{codes.SCHEME_UNIQUE_ID}']/@value")
            yield Finding(at=at, expected=said(header.unique_id), found=said(entry.unique_id), deviation="DEV-32")


@check("XDR-B-005", actor="ncpeh-b", on="ITI-41", when=_has_entries)
def source_patient_is_described(view: View, _: Context) -> Iterator[Finding]:
    """sourcePatientInfo has PID-3, PID-5 and PID-7, and PID-8 when the gender is known. Source: IHE ITI TF-3, 4.2.3.2.23."""
    for one in sent(view):
        values = [v for s in one.entry.slots if s.name == "sourcePatientInfo" for v in s.values]
        given = {v.partition("|")[0] for v in values if v.partition("|")[2].strip()}
        at = _at(view, one.number, _INFO)
        for part in ("PID-3", "PID-5", "PID-7"):
            if part not in given:
                yield Finding(at=at, expected=f"{part}|…", found=", ".join(sorted(given)) or "nothing")
        if "PID-8" not in given:
            yield accepted(at, "PID-8|…", "nothing", "DEV-33")


@check("XDR-B-006", actor="ncpeh-b", on="ITI-41", when=_has_entries)
def creation_time_is_in_24_hours(view: View, _: Context) -> Iterator[Finding]:
    """creationTime is yyyyMMddHHmmss with hours from 0 to 23. Source: IHE ITI TF-3, 4.2.3.1.7 (DTM)."""
    written = {number: header.effective_time for number, _, header in _headers(view)}
    for one in sent(view):
        created = one.entry.creation_time
        at = _at(view, one.number, "rim:Slot[@name='creationTime']")
        if not _DTM.fullmatch(created or "") or _time(created) is None:
            yield Finding(at=at, expected="a time yyyyMMddHHmmss", found=said(created))
        elif _half_a_day_early(created, written.get(one.number)):
            expected = f"the time of the document, {said(written[one.number])}"
            yield Finding(at=at, expected=expected, found=said(created), deviation="DEV-34")


def _time(text: str | None) -> datetime | None:
    try:
        return datetime.strptime((text or "")[:14], "%Y%m%d%H%M%S")  # noqa: DTZ007  local times are compared as such
    except ValueError:
        return None


def _half_a_day_early(created: str | None, written: str | None) -> bool:
    """Whether `created` is the afternoon time `written`, as it stands or in UTC, on a clock of twelve hours."""
    stated, document = _time(created), _time(written)
    if stated is None or document is None:
        return False
    zone = re.fullmatch(r"\d{14}(?:\.\d+)?([+-])(\d\d)(\d\d)", written or "")
    offset = timedelta(hours=int(zone[2]), minutes=int(zone[3])) if zone else timedelta()
    utc = document - offset if zone is not None and zone[1] == "+" else document + offset
    return any(t.hour > _NOON and abs(t - _HALF_DAY - stated) <= _SLACK for t in (document, utc))


@check(
    "XDR-B-007", actor="ncpeh-b", on="ITI-41", when=lambda v, _: v.submission is not None and bool(v.submission.sets)
)
def author_is_written_as_xon_and_xcn(view: View, _: Context) -> Iterator[Finding]:
    """authorInstitution is an XON, authorPerson an XCN with its authority last. Source: IHE ITI TF-3, 4.2.3.1.7."""
    submission = _submission(view)
    groups = [
        (f"{xdr.X_SET}[{n}]/{_class(codes.SCHEME_SET_AUTHOR)}", s.authors) for n, s in enumerate(submission.sets, 1)
    ]
    groups += [
        (f"{xdr.X_ENTRY}[{n}]/{_class(codes.SCHEME_AUTHOR)}", e.authors) for n, e in enumerate(submission.entries, 1)
    ]
    for path, authors in groups:
        for author in authors:
            for name, form in (("authorInstitution", _XON), ("authorPerson", _XCN)):
                at = place(view, f"{path}/rim:Slot[@name='{name}']")
                for value in author.values(name):
                    yield from _author(at, name, value, form)
    package = submission.sets[0]
    if not any(a.values("authorPerson") or a.values("authorInstitution") for a in package.authors):
        at = place(view, f"{xdr.X_SET}/{_class(codes.SCHEME_SET_AUTHOR)}")
        yield Finding(at=at, expected="an author with authorPerson or authorInstitution", found="nothing")


def _author(at: Location, name: str, value: str, form: re.Pattern[str]) -> Iterator[Finding]:
    expected = "XON" if name == "authorInstitution" else "XCN"
    if name == "authorPerson" and ("&amp;" in value or _XCN_COMPONENT_4.fullmatch(value)):
        yield warning(at, expected, value, "DEV-35")
    elif not form.fullmatch(value):
        yield Finding(at=at, expected=expected, found=value)


@check("XDR-B-009", actor="ncpeh-b", on="ITI-41", when=_has_headers)
def language_is_that_of_the_document(view: View, _: Context) -> Iterator[Finding]:
    """languageCode is that of the CDA. Source: eHDSI XDR profile; IHE PCC TF-2, 4.1.1."""
    for number, entry, header in _headers(view):
        if entry.language != header.language:
            at = _at(view, number, "rim:Slot[@name='languageCode']")
            if (
                entry.language
                and (header.language or "").partition("-")[0] != entry.language
                and entry.language == "en"
            ):
                yield warning(at, said(header.language), entry.language, "DEV-32")
            else:
                yield Finding(at=at, expected=said(header.language), found=said(entry.language))


def _discards(view: View) -> list[int]:
    discard = codes.KINDS[_DISCARD]
    return [
        s.number
        for s in sent(view)
        if s.kind == _DISCARD or (s.entry.class_code is not None and s.entry.class_code.code == discard.class_code)
    ]


@check("XDR-B-012", actor="ncpeh-b", on="ITI-41", when=lambda v, _: bool(_discards(v)))
def discard_is_marked_and_numbered(view: View, _: Context) -> Iterator[Finding]:
    """A discard has its format code, and an id in the uniqueId of the submission set. Source: eHDSI XDR profile, discard."""
    submission = _submission(view)
    for number in _discards(view):
        entry = submission.entries[number - 1]
        at = _at(view, number, _class(codes.SCHEME_FORMAT_CODE))
        found = entry.format_code.code if entry.format_code else None
        yield from unless_in(at, found, codes.KINDS[_DISCARD].formats[3])
    taken = {e.unique_id for e in submission.entries}
    for number, package in enumerate(submission.sets, start=1):
        at = place(
            view, f"{xdr.X_SET}[{number}]/rim:ExternalIdentifier[@identificationScheme='{codes.SCHEME_SET_UNIQUE_ID}']"
        )
        if not package.unique_id or package.unique_id in taken:
            yield Finding(at=at, expected="an id of the discard", found=said(package.unique_id))
