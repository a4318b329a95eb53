"""Entries of registry messages as the cross-checks of documents take them."""

from harness.checks.opening import Opened
from harness.errors import WireError
from harness.validators import EntryMetadata
from harness.wire import ns, xdr, xds
from harness.wire.mtom import resolve_xop

_LIST = ns.clark(ns.QUERY, "AdhocQueryResponse")
_SUBMISSION = ns.clark(ns.XDSB, "ProvideAndRegisterDocumentSetRequest")


def entries_of(opened: Opened) -> tuple[xds.DocumentEntry, ...]:
    """The entries that a list or a submission holds; none when it is another message or cannot be read."""
    message = opened.message.message if opened.message is not None else None
    if message is None or message.payload is None:
        return ()
    try:
        if message.payload.tag == _LIST:
            return xds.parse_query_answer(message.payload).entries
        if message.payload.tag == _SUBMISSION:
            return xdr.parse_submission(message.payload, lambda node: resolve_xop(node, message.parts)).entries
    except WireError:
        return ()
    return ()


def metadata_of(entry: xds.DocumentEntry, document: str) -> EntryMetadata:
    """What `entry` says of the document called `document`."""
    size = entry.size or ""
    return EntryMetadata(
        document=document,
        unique_id=entry.unique_id,
        patient_id=entry.patient_id,
        class_code=entry.class_code.code if entry.class_code is not None else None,
        type_code=entry.type_code.code if entry.type_code is not None else None,
        confidentiality=tuple(c.code for c in entry.confidentiality_codes if c.code),
        language=entry.language,
        creation_time=entry.creation_time,
        hash=entry.hash,
        size=int(size) if size.isdigit() else None,
        mime_type=entry.mime_type,
    )
