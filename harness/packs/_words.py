"""Are the words of a scenario known: transactions, arguments, outcomes, requirements, mutations, faults (E3xx, E5xx)."""

import re
from collections.abc import Iterator, Mapping, Sequence

from harness.errors import Problem
from harness.model import (
    GRADES,
    METADATA_SERVICES,
    OUTCOMES,
    REPOSITORY_STATES,
    SEARCH_FIELDS,
    TRANSACTIONS,
    TRIGGER_ARGUMENTS,
    TRIGGER_OPERATIONS,
    OutcomeWord,
    Transaction,
)
from harness.packs._catalogue import Alteration, Catalogue
from harness.packs._fields import REFERENCE, nearest
from harness.packs._nodes import Entry, Fields, Items, Node, Scalar
from harness.packs._walk import StepNode, all_steps, covers_of, field, replies_of, text, texts

_STATUS = re.compile(r"[1-5](xx|[0-9][0-9])")


def word_problems(tree: Node, known: Catalogue) -> Iterator[Problem]:
    """Every unknown or misplaced word of a scenario or fragment file, in document order."""
    sut = text(field(tree, "applies"), "sut")
    yield from _covers(texts(tree, "covers"), known)
    yield from _one_of("audit_repository", texts(field(tree, "given"), "audit_repository"), REPOSITORY_STATES)
    yield from _temperament(text(field(tree, "given"), "temperament"), known)
    published = texts(field(tree, "given"), "smp")
    yield from alteration_problems(published, known.faults, TRANSACTIONS["SMP"], "fault", "E503")
    for step in all_steps(field(tree, "steps")):
        yield from _covers(covers_of(step), known)
        match step.verb:
            case "send":
                yield from _send(step, sut, known)
            case "receive":
                yield from _receive(step, sut, known)
            case "expect":
                yield from _expect(step)
            case "trigger":
                yield from _trigger(step, sut)
            case "check":
                yield from _audit(step, sut)


def _covers(ids: Sequence[Scalar], known: Catalogue) -> Iterator[Problem]:
    for leaf in ids:
        if leaf.text not in known.requirements:
            yield Problem(
                code="E501",
                at=leaf.at,
                problem="unknown requirement",
                found=leaf.text,
                hint=nearest(leaf.text, tuple(known.requirements)),
            )


def _one_of(key: str, leaves: Sequence[Scalar], known: tuple[str, ...]) -> Iterator[Problem]:
    for leaf in leaves:
        later = key != "audit_repository" and REFERENCE.search(
            leaf.text
        )  # what `given` says counts before the first step
        if leaf.text not in known and not later:
            hint = nearest(leaf.text, known)
            yield Problem(
                code="E305", at=leaf.at, problem=f"value of {key!r}", expected=known, found=leaf.text, hint=hint
            )


def _temperament(leaf: Scalar | None, known: Catalogue) -> Iterator[Problem]:
    if leaf is not None and leaf.text not in known.temperaments:
        names = tuple(sorted(known.temperaments))
        hint = nearest(leaf.text, names)
        yield Problem(
            code="E305", at=leaf.at, problem="unknown temperament", expected=names, found=leaf.text, hint=hint
        )


def _audit(step: StepNode, sut: Scalar | None) -> Iterator[Problem]:
    of = text(step.body, "of") if field(step.body, "audit") is not None else None
    # practitioner software stands behind a country B gateway, which keeps its audit trail
    role = "ncpeh-b" if sut and sut.text == "practitioner-software" else sut.text if sut else None
    if of is not None and role in ("ncpeh-a", "ncpeh-b") and of.text in ("ncpeh-a", "ncpeh-b") and of.text != role:
        yield Problem(
            code="E307",
            at=of.at,
            problem="only the system under test sends us audit records",
            expected=(role,),
            found=of.text,
        )


def _send(step: StepNode, sut: Scalar | None, known: Catalogue) -> Iterator[Problem]:
    leaf = text(step.body, "transaction")
    if leaf is None:
        return
    transaction = TRANSACTIONS.get(leaf.text)
    if transaction is None:
        yield _unknown_transaction(leaf)
    else:
        yield from _direction(leaf, sut, asked=transaction.responder, verb="send", other="receive")
        yield from _arguments(field(step.body, "with"), transaction.send_arguments, f"{transaction.id} request")
    if transaction is not None and transaction.id == "SMP":
        services = texts(field(step.body, "with"), "service")
        yield from _one_of("service", services, (*METADATA_SERVICES, "all"))
    yield from alteration_problems(texts(step.body, "mutate"), known.mutations, transaction, "mutation", "E502")


def _receive(step: StepNode, sut: Scalar | None, known: Catalogue) -> Iterator[Problem]:
    leaf = text(step.body, "transaction")
    transaction = TRANSACTIONS.get(leaf.text) if leaf else None
    if leaf is not None and transaction is None:
        yield _unknown_transaction(leaf)
    if leaf is not None and transaction is not None:
        yield from _direction(leaf, sut, asked=transaction.initiator, verb="receive", other="send")
    service = text(step.body, "service")
    if service is not None and transaction is not None and transaction.id != "SMP":
        yield Problem(
            code="E212", at=service.at, problem="'service' belongs to a lookup of metadata", hint="leave it out"
        )
    for reply in replies_of(step):
        if transaction is not None and transaction.id == "SMP":
            yield Problem(
                code="E212",
                at=leaf.at if leaf else reply.at,
                problem="our metadata publisher answers by itself",
                hint="say under `given: {smp: [...]}` what it publishes in this row",
            )
        if transaction is not None:
            yield from _arguments(field(reply, "with"), transaction.reply_arguments, f"{transaction.id} reply")
        yield from alteration_problems(texts(reply, "faults"), known.faults, transaction, "fault", "E503")


def _unknown_transaction(leaf: Scalar) -> Problem:
    known = tuple(TRANSACTIONS)
    return Problem(code="E302", at=leaf.at, problem="unknown transaction", expected=known, found=leaf.text)


def _direction(leaf: Scalar, sut: Scalar | None, *, asked: str, verb: str, other: str) -> Iterator[Problem]:
    # practitioner software stands behind a country B gateway: it asks, and is never asked
    role = "ncpeh-b" if sut and sut.text == "practitioner-software" else sut.text if sut else None
    if role in ("ncpeh-a", "ncpeh-b") and role != asked:
        yield Problem(
            code="E307",
            at=leaf.at,
            problem=f"`{verb}` of {leaf.text} does not fit the role of the system under test",
            expected=(asked,),
            found=sut.text if sut else None,
            hint=f"use `{other}`",
        )


def _arguments(node: Node | None, known: Mapping[str, str], what: str) -> Iterator[Problem]:
    for entry in node.entries if isinstance(node, Fields) else ():
        if entry.key not in known:
            yield Problem(
                code="E303",
                at=entry.at,
                problem=f"unknown argument of {what}",
                expected=tuple(known) or ("no argument",),
                found=entry.key,
                hint=nearest(entry.key, tuple(known)),
            )


def alteration_problems(
    names: Sequence[Scalar], known: Mapping[str, Alteration], transaction: Transaction | None, what: str, code: str
) -> Iterator[Problem]:
    """Every name that is none of `known` (problem `code`), or is not made for `transaction`."""
    for leaf in names:
        entry = known.get(leaf.text)
        if entry is None:
            hint = nearest(leaf.text, tuple(known))
            yield Problem(code=code, at=leaf.at, problem=f"unknown {what}", found=leaf.text, hint=hint)
        elif transaction is not None and transaction.id not in entry.transactions:
            yield Problem(
                code="E504",
                at=leaf.at,
                problem=f"{what} {leaf.text!r} is not made for this transaction",
                expected=entry.transactions,
                found=transaction.id,
            )


def _expect(step: StepNode) -> Iterator[Problem]:
    if not isinstance(step.body, Fields):
        return
    listed = step.body.get("any")
    if listed is None:
        yield from _alternative(step.body, ("of", "covers", "any"))
        return
    for entry in step.body.entries:
        if entry.key not in ("of", "any", "covers"):
            yield Problem(
                code="E201",
                at=entry.at,
                problem=f"{entry.key!r} beside `any`",
                expected=("of", "any", "covers"),
                hint="write it inside an alternative of `any`",
            )
    for item in listed.nodes if isinstance(listed, Items) else ():
        if isinstance(item, Fields):
            yield from _alternative(item, ())


def _alternative(node: Fields, others: tuple[str, ...]) -> Iterator[Problem]:
    words = [e for e in node.entries if e.key not in (*others, "grade")]
    if not words:
        yield Problem(code="E202", at=node.at, problem="no outcome is expected", expected=tuple(OUTCOMES))
    grade = node.get("grade")
    if grade is not None and not (isinstance(grade, Scalar) and grade.text in GRADES):
        found = grade.text if isinstance(grade, Scalar) else None
        yield Problem(code="E301", at=grade.at, problem="unknown grade", expected=GRADES, found=found)
    for entry in words:
        word = OUTCOMES.get(entry.key)
        if word is None:
            yield Problem(
                code="E304",
                at=entry.at,
                problem="unknown outcome word",
                expected=tuple(OUTCOMES),
                found=entry.key,
                hint=nearest(entry.key, tuple(OUTCOMES)),
            )
        else:
            yield from _outcome_value(entry, word)


def _outcome_value(entry: Entry, word: OutcomeWord) -> Iterator[Problem]:
    node = entry.node
    if isinstance(node, Scalar) and REFERENCE.fullmatch(node.text):
        return
    if word.kind == "number":
        if not _is_number(node):
            number = ("a whole number", "a mapping with min and max")
            yield Problem(code="E305", at=node.at, problem=f"value of {word.word!r}", expected=number)
        return
    if word.kind == "flag":
        if not (isinstance(node, Scalar) and isinstance(node.value, bool)):
            yield Problem(code="E305", at=node.at, problem=f"value of {word.word!r}", expected=("true", "false"))
        return
    leaves = node.nodes if isinstance(node, Items) else (node,)
    for leaf in leaves:
        if not isinstance(leaf, Scalar) or leaf.value is None:
            yield Problem(
                code="E305", at=leaf.at, problem=f"value of {word.word!r}", expected=("a word or a list of words",)
            )
        elif word.kind == "status" and not _STATUS.fullmatch(leaf.text):
            wanted = ("a status like 200", "2xx", "4xx", "5xx")
            yield Problem(code="E305", at=leaf.at, problem="value of 'http_status'", expected=wanted, found=leaf.text)
        elif word.values and leaf.text not in word.values:
            yield Problem(
                code="E305",
                at=leaf.at,
                problem=f"value of {word.word!r}",
                expected=word.values,
                found=leaf.text,
                hint=nearest(leaf.text, word.values),
            )


def _is_number(node: Node) -> bool:
    if isinstance(node, Scalar):
        return isinstance(node.value, int) and not isinstance(node.value, bool) and node.value >= 0
    if not isinstance(node, Fields) or not node.entries:
        return False
    return all(e.key in ("min", "max") and isinstance(e.node, Scalar) and _is_number(e.node) for e in node.entries)


def _trigger(step: StepNode, sut: Scalar | None) -> Iterator[Problem]:
    leaf = text(step.body, "operation")
    if sut is not None and sut.text == "ncpeh-a":
        yield Problem(
            code="E307",
            at=step.body.at,
            problem="`trigger` does not fit the role of the system under test",
            expected=("ncpeh-b", "practitioner-software"),
            found=sut.text,
            hint="use `send`",
        )
    if leaf is not None and leaf.text not in TRIGGER_OPERATIONS:
        known = tuple(TRIGGER_OPERATIONS)
        yield Problem(
            code="E308",
            at=leaf.at,
            problem="unknown operation",
            expected=known,
            found=leaf.text,
            hint=nearest(leaf.text, known),
        )
    arguments = field(step.body, "with")
    yield from _arguments(arguments, TRIGGER_ARGUMENTS, "a trigger")
    yield from _one_of("without", texts(arguments, "without"), SEARCH_FIELDS)
