"""Documents of one call held against each other, and against the entries of messages among them, before they are judged.

Which belong together, their content tells: ids, parents, sets, patients of summaries; an entry names a document by its id,
an answer its request.
Only what ties documents together is kept of all of them; those that are compared are read a second time.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from harness.cli._validate_judge import Task, read_file
from harness.errors import InputError, UnsupportedError, WireError
from harness.model import Finding, Severity
from harness.safexml import XmlLimits
from harness.validators import DocumentKeys, EntryMetadata, NamedDocument, cross_check, keys_of, related

_MESSAGES = (b"AdhocQueryResponse", b"ProvideAndRegisterDocumentSetRequest", b"Envelope")
"""What the bytes of a message hold that has entries or an address; others need not be opened."""


def crossed(tasks: Sequence[Task], limits: XmlLimits) -> tuple[Task, ...]:
    """`tasks` with what comparing their documents found (None: compared with none), and the request of each answer."""
    if len(tasks) < 2:
        return tuple(tasks)
    by_name = {task.name: task for task in tasks}
    keys: list[DocumentKeys] = []
    entries: list[tuple[str, EntryMetadata]] = []
    letters = _Letters()
    for task in by_name.values():
        content = _content(task, limits)
        if content is None:
            continue
        found = keys_of(NamedDocument(name=task.name, content=content))
        if found is not None:
            keys.append(found)
        elif any(word in content for word in _MESSAGES):
            entries += _read(task, content, limits, letters)
    described = _described(keys, entries)
    groups = list(related(keys))
    grouped = {name for group in groups for name in group}
    groups += [(name,) for name in described if name not in grouped]
    findings: dict[str, list[Finding]] = {name: [] for group in groups for name in group}
    for group in groups:
        for finding in _compared([by_name[name] for name in group], described, limits):
            findings[finding.at.message].append(finding)
    answered = letters.answered()
    return tuple(
        replace(
            task,
            cross=tuple(findings[task.name]) if task.name in findings else None,
            request=answered.get(task.name, b""),
        )
        for task in tasks
    )


@dataclass(slots=True)
class _Letters:
    """The addresses of the messages that were opened: requests by message id, answers by the id they relate to."""

    requests: dict[str, bytes] = field(default_factory=dict)
    answers: dict[str, str] = field(default_factory=dict)

    def answered(self) -> Mapping[str, bytes]:
        """The request of each answer that has one among the messages."""
        return {name: self.requests[to] for name, to in self.answers.items() if to in self.requests}


def _content(task: Task, limits: XmlLimits) -> bytes | None:
    """The bytes of a document; None when it is larger than allowed, or cannot be read, which judging it will say."""
    try:
        source = task.held or read_file(task.path, limits.max_bytes)
    except InputError:
        return None
    return source.content


def _read(task: Task, content: bytes, limits: XmlLimits, letters: _Letters) -> Iterable[tuple[str, EntryMetadata]]:
    """The entries of a message by the id of their document; its address goes to `letters`."""
    from harness.checks.entries import entries_of, metadata_of  # brings in the parsers of messages
    from harness.checks.opening import open_object

    try:
        opened = open_object(content, limits=limits)
    except (WireError, UnsupportedError):
        return ()
    if opened.message is not None and opened.message.enveloped:
        address = opened.message.message.addressing
        if opened.message.side == "request" and address.message_id:
            letters.requests.setdefault(address.message_id, content)
        elif opened.message.side == "response" and address.relates_to:
            letters.answers[task.name] = address.relates_to
    return [(entry.unique_id, metadata_of(entry, "")) for entry in entries_of(opened) if entry.unique_id]


def _described(
    keys: Sequence[DocumentKeys], entries: Iterable[tuple[str, EntryMetadata]]
) -> Mapping[str, tuple[EntryMetadata, ...]]:
    """The entries about each document that is there."""
    holders = {one: document.name for document in keys for one in document.ids}
    described: dict[str, tuple[EntryMetadata, ...]] = {}
    for unique_id, entry in entries:
        name = holders.get(unique_id)
        if name is not None:
            described[name] = (*described.get(name, ()), replace(entry, document=name))
    return described


def _compared(
    tasks: Sequence[Task], described: Mapping[str, tuple[EntryMetadata, ...]], limits: XmlLimits
) -> tuple[Finding, ...]:
    documents = [
        NamedDocument(name=task.name, content=content)
        for task in tasks
        if (content := _content(task, limits)) is not None
    ]
    found = cross_check(documents, [entry for task in tasks for entry in described.get(task.name, ())])
    # a folder may hold copies and variants on purpose, which is no fault of a document
    return tuple(replace(f, severity=Severity.WARNING) if f.rule == "cross/same-id" else f for f in found)
