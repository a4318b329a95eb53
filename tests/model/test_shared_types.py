"""The shape of the shared types and of the rooms' front doors, held by tests because a rule of structure decays."""

import ast
import dataclasses
import importlib
import pkgutil
from pathlib import Path

import pytest

from harness import model
from harness.model import Localized, PatientId

PACKAGE = Path(model.__file__).resolve().parent.parent
TOP = {"cli"}
"""Rooms that nobody imports from: their door holds code of its own."""
DOORS = sorted(p for p in PACKAGE.glob("*/__init__.py") if "_data" not in p.parts)


def records() -> list[type]:
    """Every dataclass that a module of `harness.model` defines."""
    modules = [importlib.import_module(f"harness.model.{m.name}") for m in pkgutil.iter_modules(model.__path__)]
    found = (value for module in modules for value in vars(module).values() if isinstance(value, type))
    return sorted(
        {c for c in found if dataclasses.is_dataclass(c) and c.__module__.startswith("harness.model.")},
        key=lambda c: c.__name__,
    )


@pytest.mark.parametrize("record", records(), ids=lambda c: c.__name__)
def test_record_is_frozen_has_slots_and_takes_names_only(record: type) -> None:
    parameters = record.__dataclass_params__  # type: ignore[attr-defined]
    assert parameters.frozen
    assert "__slots__" in vars(record)
    # a reference is one value, and reads better without its name
    assert record.__name__ == "Reference" or all(f.kw_only for f in dataclasses.fields(record))


@pytest.mark.parametrize("record", records(), ids=lambda c: c.__name__)
def test_record_holds_no_field_that_can_be_changed_in_place(record: type) -> None:
    for field in dataclasses.fields(record):
        assert not str(field.type).startswith(("list", "dict", "set", "bytearray")), field.name


def test_evidence_cannot_be_changed() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        PatientId(root="2.999.1", extension="P-1").root = "2.999.2"  # type: ignore[misc]


def test_text_falls_back_to_english_where_there_is_no_french() -> None:
    assert Localized(en="yes", fr="oui").in_("fr") == "oui"
    assert Localized(en="yes").in_("fr") == "yes"
    assert Localized(en="yes", fr="oui").in_("en") == "yes"


@pytest.mark.parametrize("door", DOORS, ids=lambda p: p.parent.name)
def test_front_door_lists_what_it_imports_sorted(door: Path) -> None:
    tree = ast.parse(door.read_bytes())
    names: list[str] = next(
        (
            ast.literal_eval(node.value)
            for node in tree.body
            if isinstance(node, ast.Assign) and any(getattr(t, "id", "") == "__all__" for t in node.targets)
        ),
        [],
    )
    imported = {
        alias.asname or alias.name
        for node in tree.body
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(f"harness.{door.parent.name}")
        for alias in node.names
        if not (door.parent / f"{alias.name}.py").exists()  # imported for what it registers, not for its name
    }
    assert len(names) == len(set(names))
    assert names == sorted(names, key=_order)
    if names and door.parent.name not in TOP:
        assert imported <= set(names)


def _order(name: str) -> tuple[int, str]:
    """Constants, then classes, then functions, each by name."""
    return (0 if name.isupper() else 1 if name[:1].isupper() else 2, name)
