"""Looking around in the tree of a scenario or fragment file, tolerant of whatever shape it has."""

from collections.abc import Iterator
from dataclasses import dataclass

from harness.packs._forms import verbs_in
from harness.packs._nodes import Fields, Items, Node, Scalar


@dataclass(frozen=True, slots=True, kw_only=True)
class StepNode:
    """A step of a file whose verb is known; `body` is what stands after the verb."""

    verb: str
    node: Fields
    body: Node


def steps_of(node: Node | None) -> Iterator[StepNode]:
    """The steps that stand directly in `node` (a list), leaving out those that are no step at all."""
    for item in node.nodes if isinstance(node, Items) else ():
        if isinstance(item, Fields):
            verbs = verbs_in(tuple(e.key for e in item.entries))
            body = item.get(verbs[0]) if len(verbs) == 1 else None
            if body is not None:
                yield StepNode(verb=verbs[0], node=item, body=body)


def all_steps(node: Node | None) -> Iterator[StepNode]:
    """Like `steps_of`, groups entered."""
    for step in steps_of(node):
        yield step
        if step.verb == "group":
            yield from all_steps(field(step.body, "steps"))


def field(node: Node | None, key: str) -> Node | None:
    """The value of `key` when `node` is a mapping that has it."""
    return node.get(key) if isinstance(node, Fields) else None


def text(node: Node | None, key: str) -> Scalar | None:
    """The leaf under `key`, when there is one that is not null."""
    found = field(node, key)
    return found if isinstance(found, Scalar) and found.value is not None else None


def texts(node: Node | None, key: str) -> tuple[Scalar, ...]:
    """The leaf, or the leaves of the list, under `key`."""
    found = field(node, key)
    if isinstance(found, Scalar):
        return (found,) if found.value is not None else ()
    return tuple(n for n in found.nodes if isinstance(n, Scalar)) if isinstance(found, Items) else ()


def covers_of(step: StepNode) -> tuple[Scalar, ...]:
    """The requirement ids a step names, beside its verb or inside `check` and `expect`."""
    inner = texts(step.body, "covers") if step.verb in ("check", "expect") else ()
    return (*texts(step.node, "covers"), *inner)


def replies_of(step: StepNode) -> tuple[Node, ...]:
    """What a `receive` step answers, wherever it is written."""
    found = (field(step.body, "reply"), field(step.node, "reply")) if step.verb == "receive" else ()
    return tuple(r for r in found if r is not None)
