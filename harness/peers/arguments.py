"""Arguments of a step as typed values; what is wrong with one is the scenario author's to change."""

import difflib
from collections.abc import Mapping
from typing import NoReturn

from harness.errors import Problem, ScenarioError
from harness.model import Datum, PatientId
from harness.wire.xds import DocumentRequest

type Arguments = Mapping[str, Datum]


def refuse(option: str, problem: str, *, expected: tuple[str, ...] = (), found: str | None = None) -> NoReturn:
    """Raise the ScenarioError that names argument `option`, with the nearest expected word as a hint."""
    near = difflib.get_close_matches(found or "", expected, n=1)
    hint = f"did you mean {near[0]!r}?" if near else None
    raise ScenarioError(Problem(problem=problem, option=option, expected=expected, found=found, hint=hint))


def text(arguments: Arguments, name: str, default: str | None = None) -> str | None:
    """Argument `name` as text, `default` when it is absent."""
    value = arguments.get(name)
    if value is None:
        return default
    if not isinstance(value, str | int) or isinstance(value, bool):
        refuse(f"with.{name}", "not a text", found=type(value).__name__)
    return str(value)


def chosen[T](table: Mapping[str, T], key: str, name: str, what: str) -> T:
    """The entry of `table` that `key` names."""
    if key not in table:
        refuse(f"with.{name}", f"unknown {what}", expected=tuple(sorted(table)), found=key)
    return table[key]


def mapping(arguments: Arguments, name: str) -> Arguments:
    """Argument `name` as a mapping, empty when it is absent."""
    value = arguments.get(name)
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        refuse(f"with.{name}", "not a mapping", found=type(value).__name__)
    return value


def patient_id(arguments: Arguments, name: str) -> PatientId | None:
    """Argument `name` as an identifier {root, extension}, None when it is absent."""
    if arguments.get(name) is None:
        return None
    given = mapping(arguments, name)
    root, extension = text(given, "root"), text(given, "extension")
    if not root or not extension:
        refuse(f"with.{name}", "not an identifier", expected=("{root, extension}",))
    return PatientId(root=root, extension=extension)


def texts(arguments: Arguments, name: str, default: str) -> tuple[str, ...]:
    """Argument `name` as one text or a list of texts."""
    value = arguments.get(name)
    if not isinstance(value, tuple | list):
        return (text(arguments, name, default) or default,)
    items = [text({name: item}, name) for item in value]
    return tuple(item for item in items if item)


def documents(arguments: Arguments, name: str) -> tuple[DocumentRequest, ...]:
    """Argument `name` as one entry or a list of entries {home, repository, id}; further keys are ignored."""
    value = arguments.get(name)
    entries = value if isinstance(value, tuple | list) else (value,) if value is not None else ()
    if not entries:
        refuse(f"with.{name}", "no document to ask for", expected=("one or more {home, repository, id}",))
    return tuple(_document(entry, name) for entry in entries)


def _document(entry: Datum, name: str) -> DocumentRequest:
    given = mapping({name: entry}, name)
    identifier = text(given, "id")
    if not identifier:
        refuse(f"with.{name}", "an entry without an id", expected=("{home, repository, id}",))
    return DocumentRequest(home=text(given, "home"), repository=text(given, "repository"), id=identifier)
