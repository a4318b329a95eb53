"""Unpacks archives that somebody else made: nothing outside the folder, no links, bounded in count, size and ratio."""

import lzma
import shutil
import stat
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from harness.errors import PackError, Problem


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveLimits:
    """What an archive may hold. The biggest package known (ANS content tests) has 3,000 files and 200 MB."""

    max_files: int = 20_000
    max_file_bytes: int = 512 * 1024 * 1024
    max_total_bytes: int = 2 * 1024 * 1024 * 1024
    max_ratio: int = 200
    """Bytes unpacked for one byte packed, once `ratio_from_bytes` have come out; value sets of real packages reach 40."""
    ratio_from_bytes: int = 16 * 1024 * 1024


_STEP = 1024 * 1024


def unpack(archive: Path, into: Path, limits: ArchiveLimits | None = None) -> None:
    """Write the files of the zip `archive` below the empty folder `into`.

    Sizes are those that come out, not those the archive states.

    Raises:
        PackError: no zip, a damaged or encrypted one, an entry that leaves the folder, is a link or stands twice, or a
            limit that is passed (the problem prints it). `into` may hold part of the files then.
    """
    limits = limits or ArchiveLimits()
    try:
        with zipfile.ZipFile(archive) as zipped:
            members = [m for m in zipped.infolist() if not m.is_dir()]
            problems = list(_refused(archive, members, limits))
            if problems:
                raise PackError(problems)
            budget = _Budget(archive, limits)
            for member in members:
                _write(zipped, member, into / _safe_name(member.filename), budget)
    except (zipfile.BadZipFile, zlib.error, lzma.LZMAError, NotImplementedError, EOFError, OSError, ValueError) as exc:
        problem = f"cannot be unpacked: {' '.join(str(exc).split())[:200]}"
        raise PackError(Problem(problem=problem, option=str(archive), expected=("a zip archive",))) from exc


def _refused(archive: Path, members: list[zipfile.ZipInfo], limits: ArchiveLimits) -> Iterator[Problem]:
    def refused(problem: str, name: str | None = None) -> Problem:
        return Problem(problem=problem, option=str(archive), found=name)

    if len(members) > limits.max_files:
        yield refused(f"more than {limits.max_files} files", str(len(members)))
        return
    seen: set[str] = set()
    for member in members:
        name = member.filename
        kind = stat.S_IFMT(member.external_attr >> 16)
        if _safe_name(name) == "":
            yield refused("an entry leaves the folder", name)
        elif kind not in (0, stat.S_IFREG):
            yield refused("an entry is a link or a device", name)
        elif member.flag_bits & 0x1:
            yield refused("an entry is encrypted", name)
        elif name in seen:
            yield refused("an entry stands twice", name)
        seen.add(name)


def _safe_name(name: str) -> str:
    """`name` as a relative path without detours, empty when it is none."""
    path = PurePosixPath(name)
    if not path.parts or path.is_absolute() or ".." in path.parts:
        return ""
    return "" if "\\" in name or "\0" in name or ":" in path.parts[0] else str(path)


class _Budget:
    def __init__(self, archive: Path, limits: ArchiveLimits) -> None:
        self._archive = archive
        self._limits = limits
        self._total = 0
        self._packed = 0

    def begin(self, member: zipfile.ZipInfo) -> None:
        self._packed += member.compress_size

    def take(self, name: str, size: int, in_file: int) -> None:
        self._total += size
        limits = self._limits
        if in_file > limits.max_file_bytes:
            self._passed(f"a file is bigger than {limits.max_file_bytes} bytes", name)
        if self._total > limits.max_total_bytes:
            self._passed(f"more than {limits.max_total_bytes} bytes in all", name)
        if self._total > limits.ratio_from_bytes and self._total > limits.max_ratio * max(self._packed, 1):
            self._passed(f"unpacks to more than {limits.max_ratio} times its size", name)

    def _passed(self, problem: str, name: str) -> None:
        hint = "unpack it yourself, and add the folder, if you trust it"
        raise PackError(Problem(problem=problem, option=str(self._archive), found=name, hint=hint))


def _write(zipped: zipfile.ZipFile, member: zipfile.ZipInfo, target: Path, budget: _Budget) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    budget.begin(member)
    written = 0
    with zipped.open(member) as source, target.open("xb") as out:
        while block := source.read(_STEP):
            written += len(block)
            budget.take(member.filename, len(block), written)
            out.write(block)


def copy_within(files: dict[str, Path], root: Path, into: Path, limits: ArchiveLimits | None = None) -> None:
    """Copy `files` (name below `into` -> source) that lie in folder `root`.

    Raises:
        PackError: a file is a link that leads out of `root`, cannot be read, or a limit is passed.
    """
    limits = limits or ArchiveLimits()
    problems = [
        Problem(problem="a link leads out of the pack", option=name)
        for name, path in files.items()
        if not path.resolve().is_relative_to(root.resolve())
    ]
    total = sum(path.stat().st_size for path in files.values() if not problems)
    if len(files) > limits.max_files:
        problems.append(Problem(problem=f"more than {limits.max_files} files", option=str(root)))
    if total > limits.max_total_bytes:
        problems.append(Problem(problem=f"more than {limits.max_total_bytes} bytes in all", option=str(root)))
    if problems:
        raise PackError(problems)
    for name, path in files.items():
        target = into / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
