"""Alterations of the identifier of the patient, made wherever a request names it, so that its layers agree with each other.

In ITI-55 that is the search criterion; in ITI-38 the query and the TRC assertion; in ITI-39 the TRC assertion; in ITI-41 also
the metadata and the documents.
"""

import re
from collections.abc import Callable
from dataclasses import replace

from lxml import etree

from harness.model import PatientId
from harness.peers.arguments import refuse
from harness.peers.cda_changes import changed
from harness.peers.draft import Draft, Query, Stage
from harness.peers.mutation import ALL, Mutation, one
from harness.wire import cda, ns, saml, xcpd, xdr, xds
from harness.wire.saml import SamlAssertion, SamlAttribute

UNKNOWN_AUTHORITY = "2.999.404"

type Renaming = Callable[[PatientId], PatientId]


def _extension(change: Callable[[str], str]) -> Renaming:
    return lambda identifier: replace(identifier, extension=change(identifier.extension))


def _unknown(extension: str) -> str:
    """The same form, but every digit a nine."""
    return re.sub(r"\d", "9", extension)


def _swapped(extension: str) -> str:
    """The last two neighbouring digits that differ, in the other order."""
    pairs = [
        i for i in range(len(extension) - 1) if extension[i : i + 2].isdigit() and extension[i] != extension[i + 1]
    ]
    if not pairs:
        return extension
    at = pairs[-1]
    return extension[:at] + extension[at + 1] + extension[at] + extension[at + 2 :]


def _other_check_digit(extension: str) -> str:
    """The last digit one higher, as a check digit at the end would be wrong by it."""
    places = [i for i, c in enumerate(extension) if c.isdigit()]
    if not places:
        return extension
    at = places[-1]
    return extension[:at] + str((int(extension[at]) + 1) % 10) + extension[at + 1 :]


def _digits_only(extension: str) -> str:
    return re.sub(r"\D", "", extension)


def _renamed(change: Renaming) -> Callable[[Draft], Draft]:
    def new(identifier: PatientId) -> PatientId:
        found = change(identifier)
        if found == identifier or not found.extension:
            refuse("mutate", "the identifier of this patient has not the characters that this alters")
        return found

    def apply(draft: Draft) -> Draft:
        trc = replace(draft.trc, claims=_in_assertion(draft.trc.claims, new)) if draft.trc else None
        return replace(draft, query=_in_query(draft, new), trc=trc)

    return apply


def _in_query(draft: Draft, new: Renaming) -> Query:
    query = draft.query
    if isinstance(query, xcpd.DiscoveryQuery):
        if not query.ids:
            refuse("mutate", "the query has no identifier to alter", expected=("by: id", "by: both"))
        return replace(query, ids=tuple(_in_ii(i, new) for i in query.ids))
    if isinstance(query, xds.DocumentQuery):
        return replace(
            query, slots=tuple(_in_slot(s, new) if s.name == xds.SLOT_PATIENT_ID else s for s in query.slots)
        )
    if isinstance(query, xdr.Submission):
        return _in_submission(query, new)
    return query


def _in_ii(identifier: xcpd.Ii, new: Renaming) -> xcpd.Ii:
    found = new(PatientId(root=identifier.root or "", extension=identifier.extension or ""))
    return replace(identifier, root=found.root, extension=found.extension)


def _in_cx(cx: str | None, new: Renaming) -> str | None:
    read = xds.parse_cx(cx or "")
    return new(read).cx if read is not None else cx


def _in_slot(slot: xds.Slot, new: Renaming) -> xds.Slot:
    values = tuple(v for raw in slot.values for v in xds.stored_query_values(raw))
    return replace(slot, values=tuple(f"'{_in_cx(v, new)}'" for v in values))


def _in_assertion(claims: SamlAssertion, new: Renaming) -> SamlAssertion:
    def changed_one(attribute: SamlAttribute) -> SamlAttribute:
        if attribute.name != saml.SUBJECT_ID:
            return attribute
        return replace(attribute, values=tuple(_in_cx(str(v), new) or "" for v in attribute.values))

    return replace(claims, attributes=tuple(map(changed_one, claims.attributes)))


def _in_submission(submission: xdr.Submission, new: Renaming) -> xdr.Submission:
    return replace(
        submission,
        sets=tuple(replace(s, patient_id=_in_cx(s.patient_id, new)) for s in submission.sets),
        entries=tuple(_in_entry(e, new) for e in submission.entries),
        documents=tuple(
            replace(d, content=changed(d.content, lambda root: _in_document(root, new))) for d in submission.documents
        ),
    )


def _in_entry(entry: xds.DocumentEntry, new: Renaming) -> xds.DocumentEntry:
    def in_info(value: str) -> str:
        field, _, cx = value.partition("|")
        return f"{field}|{_in_cx(cx, new)}" if field == "PID-3" else value

    return replace(
        entry,
        patient_id=_in_cx(entry.patient_id, new),
        source_patient_id=_in_cx(entry.source_patient_id, new),
        slots=tuple(
            replace(s, values=tuple(map(in_info, s.values))) if s.name == "sourcePatientInfo" else s
            for s in entry.slots
        ),
    )


def _in_document(root: etree._Element, new: Renaming) -> None:
    for element in root.findall(cda.X_PATIENT_ID, ns.PREFIXES):
        found = new(PatientId(root=element.get("root", ""), extension=element.get("extension", "")))
        element.set("root", found.root)
        element.set("extension", found.extension)


def table() -> tuple[Mutation, ...]:
    """The alterations of this family."""
    renamings: tuple[tuple[str, Renaming], ...] = (
        ("unknown", _extension(_unknown)),
        ("swapped-digits", _extension(_swapped)),
        ("digits-only", _extension(_digits_only)),
        ("too-long", _extension(lambda extension: extension * 8)),
        ("wrong-check-digit", _extension(_other_check_digit)),
        ("other-authority", lambda identifier: replace(identifier, root=UNKNOWN_AUTHORITY)),
    )
    # before anything is written, because several layers name the patient
    return tuple(one(f"patient-id.{what}", ALL, Stage.CLAIMS, _renamed(change)) for what, change in renamings)
