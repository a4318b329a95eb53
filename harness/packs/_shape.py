"""Judges a tree against a form and places every problem at the node it is about."""

from collections.abc import Iterator
from typing import Any, get_args

from pydantic import BaseModel, Tag, ValidationError
from pydantic_core import ErrorDetails

from harness.errors import Mark, Problem
from harness.packs._fields import Form, nearest
from harness.packs._nodes import Fields, Items, Node, Scalar, plain

type _Member = tuple[str | None, type[BaseModel]]

_WANTED = {
    "string_type": "a text",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "list_type": "a list",
    "tuple_type": "a list",
    "dict_type": "a mapping",
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
    "date_type": "a date like 1979-03-14",
    "date_from_datetime_parsing": "a date like 1979-03-14",
    "date_parsing": "a date like 1979-03-14",
}


def read_form[F: Form](node: Node, form: type[F]) -> tuple[F | None, tuple[Problem, ...]]:
    """`node` as `form`, or None and every problem of its shape, in document order."""
    try:
        return form.model_validate(plain(node)), ()
    except ValidationError as exc:
        problems: dict[tuple[Mark, str], Problem] = {}
        errors = exc.errors(include_url=False)
        for error in errors:
            if error["type"] == "too_short" and _has_errors_below(error, errors):
                continue  # items that are wrong are left out before the rest is counted
            found = _problem(node, form, error)
            problems.setdefault((found.at or node.at, found.problem), found)
        return None, tuple(problems.values())


def mark_of(node: Node, *path: str | int) -> Mark:
    """Where the value at `path` stands; the nearest enclosing node when the path ends earlier."""
    return _follow(node, path)[0].at


def _follow(node: Node, path: tuple[str | int, ...]) -> tuple[Node, tuple[str, ...]]:
    """The deepest node on `path`, and the keys that are left over; tags of unions (`<...>`) are passed over."""
    left: list[str] = []
    for step in path:
        if isinstance(step, str) and step.startswith("<"):
            continue
        below: Node | None = None
        if isinstance(step, int) and isinstance(node, Items) and 0 <= step < len(node.nodes):
            below = node.nodes[step]
        elif isinstance(node, Fields):
            below = node.get(str(step))
        if below is None:
            left.append(str(step))
        else:
            node = below
    return node, tuple(left)


def _has_errors_below(error: ErrorDetails, errors: list[ErrorDetails]) -> bool:
    place = error["loc"]
    return any(len(e["loc"]) > len(place) and e["loc"][: len(place)] == place for e in errors)


def _problem(node: Node, form: type[BaseModel], error: ErrorDetails) -> Problem:
    place: tuple[str | int, ...] = tuple(error["loc"])
    found, left = _follow(node, place)
    kind = error["type"]
    context: dict[str, Any] = error.get("ctx", {})
    if kind == "harness":
        return Problem(
            code=context["code"],
            at=found.at,
            problem=error["msg"],
            expected=tuple(context["expected"]),
            found=None if context["code"] == "E309" else _shown(found),
            hint=context["hint"],
        )
    if kind == "extra_forbidden":
        parent, _ = _follow(node, place[:-1])
        key = str(place[-1])
        entry = parent.entry(key) if isinstance(parent, Fields) else None
        known = sorted(_keys(form, place[:-1]))
        return Problem(
            code="E201",
            at=entry.at if entry else found.at,
            problem=f"unknown key {key!r}",
            expected=tuple(known),
            hint=nearest(key, known),
        )
    if kind == "missing":
        return Problem(code="E202", at=found.at, problem=f"key {left[-1] if left else place[-1]!r} is missing")
    if kind == "too_short":
        return Problem(code="E210", at=found.at, problem="nothing is listed", expected=("at least one entry",))
    if kind in _WANTED:
        return Problem(
            code="E203", at=found.at, problem="wrong kind of value", expected=(_WANTED[kind],), found=_shown(found)
        )
    return Problem(code="E210", at=found.at, problem=_lower(error["msg"]), found=_shown(found))


def _shown(node: Node) -> str | None:
    return node.text if isinstance(node, Scalar) else None


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]


def _keys(form: type[BaseModel], place: tuple[str | int, ...]) -> set[str]:
    """The keys that the form knows at `place`; a union tag `<x>` narrows to its members."""
    here: list[_Member] = [(None, form)]
    for step in place:
        if isinstance(step, int):
            continue
        if step.startswith("<"):
            here = [m for m in here if m[0] == step] or here
        else:
            here = [m for _, model in here for m in _members_at(model, step)] or here
    return {f.alias or name for _, model in here for name, f in model.model_fields.items()}


def _members_at(model: type[BaseModel], key: str) -> Iterator[_Member]:
    for name, field in model.model_fields.items():
        if (field.alias or name) == key:
            yield from _members_in(field.annotation, None)


def _members_in(annotation: object, tag: str | None) -> Iterator[_Member]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield tag, annotation
        return
    arguments = get_args(annotation)
    tag = next((a.tag for a in arguments if isinstance(a, Tag)), tag)
    for argument in arguments:
        yield from _members_in(argument, tag)
