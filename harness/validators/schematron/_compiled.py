"""What compiling a schema gives: the style sheet for a worker, and the table that turns its answer back into texts."""

import json
from dataclasses import asdict, dataclass

from harness.validators.schematron._rewrite import Parameter

FORMAT = 2
"""Raised whenever compiled schemas of an older version may no longer be used."""


RECORD_END, UNIT_END = "\ue001", "\ue002"
"""Separators of the compact result; taken out of every value that comes from a document."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckInfo:
    """What is fixed about one assert or report; `message` holds texts and numbers of dynamic parts."""

    rule_id: str
    kind: str
    role: str
    test: str
    see: str
    context: str
    message: tuple[str | int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CompiledSchema:
    """A schema ready for a worker. `problems` make every verdict of it inconclusive."""

    key: str
    xslt: str
    base: str
    parameters: tuple[Parameter, ...]
    checks: tuple[CheckInfo, ...]
    rules: tuple[str, ...]
    problems: tuple[str, ...] = ()
    missing_vocabularies: tuple[str, ...] = ()

    def to_bytes(self) -> bytes:
        """The compiled schema as JSON, for a cache."""
        return json.dumps({"format": FORMAT, **asdict(self)}, ensure_ascii=False).encode()

    @classmethod
    def from_bytes(cls, data: bytes) -> "CompiledSchema | None":
        """The schema `to_bytes` wrote, None when it was written in another format or is damaged."""
        try:
            raw = json.loads(data)
        except ValueError:
            return None
        if raw.pop("format", None) != FORMAT:
            return None
        raw["parameters"] = tuple(Parameter(**p) for p in raw["parameters"])
        raw["checks"] = tuple(CheckInfo(**{**c, "message": tuple(c["message"])}) for c in raw["checks"])
        for name in ("rules", "problems", "missing_vocabularies"):
            raw[name] = tuple(raw[name])
        return cls(**raw)
