"""The direction of imports between rooms, held by a test because a drawing decays."""

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parent.parent / "harness"
OPEN = {"errors", "safexml"}
MAY_IMPORT = {
    "errors": set(),
    "safexml": {"errors"},
    "model": set(),
    "packs": {"model"},
    "synthesis": {"packs"},
    "store": {"model", "packs"},
    "validators": {"model", "packs"},
    "wire": {"model"},
    "checks": {"model", "packs", "validators", "wire"},
    "peers": {"model", "wire"},
    "reference": {"model", "wire"},
    "runner": {"model", "packs", "store", "checks", "peers", "validators", "wire"},
    "report": {"model", "store", "wire"},
    "bundle": {"model", "packs", "store", "runner", "report"},
    "cli": {
        "model",
        "packs",
        "store",
        "validators",
        "checks",
        "peers",
        "reference",
        "runner",
        "report",
        "bundle",
        "synthesis",
        "wire",
    },
    "__main__": {"cli"},
    "pytest_plugin": {
        "model",
        "packs",
        "store",
        "validators",
        "checks",
        "peers",
        "reference",
        "runner",
        "report",
        "wire",
    },
}
FILES = sorted(p for p in PACKAGE.rglob("*.py") if "_data" not in p.parts)
NETWORK = {"socket", "ssl", "httpx", "httpcore", "asyncio", "http"}
SANS_IO = {"model", "wire", "checks", "packs", "store", "synthesis", "validators", "report"}
"""Rooms that must not open connections. `validators` starts worker processes, never sockets."""


def room_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def rooms_imported_by(path: Path) -> set[str]:
    nodes = list(ast.walk(ast.parse(path.read_bytes())))
    names = [a.name for n in nodes if isinstance(n, ast.Import) for a in n.names]
    names += [f"{n.module}.{a.name}" for n in nodes if isinstance(n, ast.ImportFrom) and n.module for a in n.names]
    return {p[1] for name in names if len(p := name.split(".")) > 1 and p[0] == "harness" and p[1] != "__version__"}


def modules_imported_by(path: Path) -> set[str]:
    nodes = list(ast.walk(ast.parse(path.read_bytes())))
    names = {a.name for n in nodes if isinstance(n, ast.Import) for a in n.names}
    return {
        name.split(".")[0] for name in names | {n.module for n in nodes if isinstance(n, ast.ImportFrom) and n.module}
    }


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_room_imports_only_what_the_table_allows(path: Path) -> None:
    room = room_of(path)
    if room == "__init__":
        assert not rooms_imported_by(path)
        return
    extra = rooms_imported_by(path) - {room} - OPEN - MAY_IMPORT[room]
    assert not extra, f"{room} must not import {sorted(extra)}"


@pytest.mark.parametrize("path", [p for p in FILES if room_of(p) in SANS_IO], ids=lambda p: str(p.relative_to(PACKAGE)))
def test_core_room_opens_no_connection(path: Path) -> None:
    assert not modules_imported_by(path) & NETWORK


@pytest.mark.parametrize(
    "path", [p for p in FILES if room_of(p) not in ("cli", "pytest_plugin")], ids=lambda p: str(p.name)
)
def test_environment_is_read_by_the_command_line_and_pytest_only(path: Path) -> None:
    source = path.read_text(encoding="utf-8")
    assert "os.environ" not in source
    assert "getenv" not in source


def test_every_room_has_a_front_door_with_a_docstring() -> None:
    for room in MAY_IMPORT:
        door = PACKAGE / room / "__init__.py" if (PACKAGE / room).is_dir() else PACKAGE / f"{room}.py"
        if not door.exists():
            assert room == "bundle", f"{room} is missing"  # a later floor
            continue
        if room == "__main__":
            continue
        assert len(ast.get_docstring(ast.parse(door.read_bytes())) or "") > 60, room


def test_package_root_imports_no_room() -> None:
    assert not rooms_imported_by(PACKAGE / "__init__.py")


def test_a_forbidden_import_would_be_seen(tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.py"
    wrong.write_text("def f():\n    from harness.runner import session\n    import harness.cli\n", encoding="utf-8")
    assert rooms_imported_by(wrong) == {"runner", "cli"}
