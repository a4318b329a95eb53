"""The tree of everything this package raises.

HarnessError                    base of all we raise
├── InputError                  the operator must change a file or an option; carries every problem found, sorted
│   ├── ScenarioError
│   └── PackError
├── WireError                   bytes are not what they claim to be; the only one that can accuse the SUT
├── UnsupportedError            legal, but we cannot read it yet; accuses nobody
└── PeerError                   our own listener, TLS or key material failed

Open to all rooms; imports nothing of ours. Texts never carry key material or patient data.
"""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Mark:
    """A place in a text file; `line` and `column` count from 1."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing the operator has to change.

    `code` is stable (E101, W204, ...); `at` is None only when an option, not a file, is at fault, and then `option`
    names it. `expected` is a closed list or a description in words; `hint` says what to do.
    """

    problem: str
    code: str = ""
    at: Mark | None = None
    option: str | None = None
    expected: tuple[str, ...] = ()
    found: str | None = None
    hint: str | None = None
    severity: str = "error"

    def __str__(self) -> str:
        where = str(self.at) if self.at else (self.option or "")
        code = f" {self.code}" if self.code else ""
        text = f"{where}:{code} {self.problem}" if where else f"{code} {self.problem}".strip()
        parts = []
        if self.expected:
            parts.append("expected " + _one_of(self.expected))
        if self.found is not None:
            parts.append(f"got {cut(self.found)!r}")
        if parts:
            text += "; " + ", ".join(parts)
        if self.hint:
            text += f"; {self.hint}"
        return text


class HarnessError(Exception):
    """Base of all errors of this package."""


class InputError(HarnessError):
    """The operator must change a file or an option; `problems` holds all that was found, sorted by position."""

    def __init__(self, problems: Iterable[Problem] | Problem) -> None:
        given = (problems,) if isinstance(problems, Problem) else tuple(problems)
        if not given:
            raise ValueError("an InputError needs at least one problem")
        self.problems = tuple(sorted(given, key=_position))
        super().__init__("\n".join(str(p) for p in self.problems))


class ScenarioError(InputError):
    """A scenario, fragment, population, requirement, SUT or statement file is wrong."""


class PackError(InputError):
    """A pack or one of its artefacts cannot be used as it is."""


class WireError(HarnessError):
    """Bytes are not what they claim to be.

    `kind` is a stable word (not-well-formed, doctype, too-deep, too-large, not-soap, wrong-root, missing-element,
    bad-value, multipart, signature, ...). One of `offset` (bytes from the start), `xpath` or `line`/`column` says where.
    """

    def __init__(
        self,
        problem: str,
        *,
        kind: str,
        expected: str | None = None,
        found: str | None = None,
        offset: int | None = None,
        xpath: str | None = None,
        line: int | None = None,
        column: int | None = None,
    ) -> None:
        self.problem = problem
        self.kind = kind
        self.expected = expected
        self.found = found
        self.offset = offset
        self.xpath = xpath
        self.line = line
        self.column = column
        where = xpath or (f"line {line}, column {column}" if line else f"offset {offset}" if offset is not None else "")
        text = f"{where}: {problem}" if where else problem
        if expected is not None:
            text += f"; expected {expected}"
        if found is not None:
            text += f", got {cut(found)!r}" if expected is not None else f"; got {cut(found)!r}"
        super().__init__(text)


class UnsupportedError(HarnessError):
    """Legal on the wire, but not readable by this version; accuses nobody."""


class PeerError(HarnessError):
    """Our own listener, TLS set-up or key material failed."""


def cut(text: str, length: int = 80) -> str:
    """`text` in at most `length` characters, the middle replaced by an ellipsis."""
    if len(text) <= length:
        return text
    head = length * 2 // 3
    return f"{text[:head]}…{text[-(length - head - 1) :]}"


def _one_of(values: tuple[str, ...]) -> str:
    shown = [repr(v) for v in values[:12]]
    if len(values) > 12:
        shown.append(f"… ({len(values)} in all)")
    return shown[0] if len(shown) == 1 else ", ".join(shown[:-1]) + " or " + shown[-1]


def _position(problem: Problem) -> tuple[str, int, int, str]:
    at = problem.at
    return (at.file, at.line, at.column, problem.code) if at else ("", 0, 0, problem.code)
