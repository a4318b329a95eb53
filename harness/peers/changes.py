"""Alterations of our otherwise valid submissions (ITI-41), for `mutations`: in the metadata, or in the documents they carry."""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace

from lxml import etree

from harness import safexml
from harness.peers.arguments import refuse
from harness.peers.draft import Draft
from harness.peers.mutation import submissions
from harness.wire import dispensing, ns, xdr, xds

LARGE_BYTES = 10_000_000
UNKNOWN_ORDER = "404404404"
OTHER_ENTRY = "urn:uuid:00000000-0000-4000-8000-000000000404"
OTHER_SET = "urn:uuid:00000000-0000-4000-8000-000000000405"


def entries(change: Callable[[xds.DocumentEntry], xds.DocumentEntry]) -> Callable[[Draft], Draft]:
    return submissions(lambda s: replace(s, entries=tuple(map(change, s.entries))))


def with_format(code: str) -> Callable[[xds.DocumentEntry], xds.DocumentEntry]:
    def change(entry: xds.DocumentEntry) -> xds.DocumentEntry:
        assert entry.format_code is not None, "our entries have a format"
        return replace(entry, format_code=replace(entry.format_code, code=code))

    return change


def of_other_patient(cx: str | None) -> str:
    extension, _, rest = (cx or "").partition("^")
    return f"{extension}9^{rest}"


def without_entries(submission: xdr.Submission) -> xdr.Submission:
    return replace(submission, entries=(), associations=())


def _repeated(submission: xdr.Submission, identifier: str | None) -> xdr.Submission:
    """One more document like the first, under an entry of its own; its id is `identifier`, also inside the document."""
    first = submission.entries[0]
    document = submission.documents[0]
    content = _identified(document.content, identifier or "") if identifier != first.unique_id else document.content
    return replace(
        submission,
        entries=(*submission.entries, replace(first, id=OTHER_ENTRY, unique_id=identifier)),
        documents=(*submission.documents, replace(document, id=OTHER_ENTRY, content=content)),
        associations=(
            *submission.associations,
            replace(submission.associations[0], id=f"{OTHER_ENTRY}-member", target=OTHER_ENTRY),
        ),
    )


def same_prescription_twice(submission: xdr.Submission) -> xdr.Submission:
    return _repeated(submission, f"{submission.entries[0].unique_id}9")


def same_id_twice(submission: xdr.Submission) -> xdr.Submission:
    return _repeated(submission, submission.entries[0].unique_id)


def two_sets(submission: xdr.Submission) -> xdr.Submission:
    first = submission.sets[0]
    second = replace(first, id=OTHER_SET, unique_id=f"{first.unique_id}.404")
    return replace(submission, sets=(first, second), nodes=(*submission.nodes, OTHER_SET))


def made_large(root: etree._Element) -> None:
    """The document grows to more than 10 MB by comments, which say nothing; it stays what it was otherwise."""
    line = f" {'no content ' * 90}"
    for _ in range(LARGE_BYTES // len(line) + 1):
        root.append(etree.Comment(line))


def _identified(content: bytes, identifier: str) -> bytes:
    root = safexml.parse(content)
    own = root.find(ns.clark(ns.HL7, "id"))
    assert own is not None, "our documents have an id"
    authority, _, extension = identifier.partition("^")
    own.set("root", authority)
    own.set("extension", extension)
    return etree.tostring(root.getroottree(), encoding="UTF-8", xml_declaration=True)


def _order_ids(root: etree._Element) -> list[etree._Element]:
    found = root.findall(dispensing.X_ORDER_ID, ns.PREFIXES)
    if not found:
        refuse("mutate", "only a dispensation names a prescription")
    return found


def order_removed(root: etree._Element) -> None:
    _order_ids(root)
    for fulfilment in root.findall("hl7:inFulfillmentOf", ns.PREFIXES):
        root.remove(fulfilment)


def order_added(root: etree._Element) -> None:
    _order_ids(root)
    first = root.find("hl7:inFulfillmentOf", ns.PREFIXES)
    assert first is not None, "the ids lie in it"
    second = deepcopy(first)
    for identifier in second.iter(ns.clark(ns.HL7, "id")):
        identifier.set("extension", UNKNOWN_ORDER)
    first.addnext(second)


def order_unknown(root: etree._Element) -> None:
    for identifier in _order_ids(root):
        identifier.set("extension", UNKNOWN_ORDER)
