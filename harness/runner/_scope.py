"""Names that steps may refer to, and how `${dotted.path}` is looked up."""

from collections.abc import Mapping

from harness.errors import HarnessError
from harness.model import Datum, Reference, Value, say


class UnresolvedError(HarnessError):
    """A reference that has no value now; `reference` is its text, `missing` the segment that is not there."""

    def __init__(self, reference: Reference, missing: str) -> None:
        self.reference = reference
        self.missing = missing
        super().__init__(say("no-value", reference=reference, missing=repr(missing)))


def scope_key(place: str, name: str) -> str:
    """The key of `name` in the scope of the fragment at step path `place`; outside of fragments `place` is empty."""
    return f"{place}:{name}"


class Scope:
    """Saved values of one row; a fragment sees only its inputs and what every row has (given, row, sut)."""

    def __init__(self, values: Mapping[str, Datum], place: str = "") -> None:
        self._values: dict[str, Datum] = dict(values)
        self._place = place

    def inner(self, inputs: Mapping[str, Datum], place: str) -> "Scope":
        """The scope inside the fragment at step path `place`: given, row and sut of here, plus `inputs`."""
        shared = {k: v for k, v in self._values.items() if k in ("given", "row", "sut")}
        return Scope({**shared, **inputs}, place)

    def key(self, name: str) -> str:
        """What `name` is called in this scope, different from the same name in any other scope of the row."""
        return scope_key(self._place, name)

    def set(self, name: str, value: Datum) -> None:
        self._values[name] = value

    def look_up(self, reference: Reference) -> Datum:
        """The value behind `reference`.

        Raises:
            UnresolvedError: a segment of its path is not there.
        """
        value: Datum = self._values
        for segment in reference.path:
            if isinstance(value, Mapping) and segment in value:
                value = value[segment]
            elif isinstance(value, tuple) and segment.isdigit() and int(segment) < len(value):
                value = value[int(segment)]
            else:
                raise UnresolvedError(reference, segment)
        return value

    def resolve(self, value: Value) -> Datum:
        """`value` with every reference in it replaced; UnresolvedError when one has no value."""
        if isinstance(value, Reference):
            return self.look_up(value)
        if isinstance(value, Mapping):
            return {k: self.resolve(v) for k, v in value.items()}
        if isinstance(value, tuple):
            return tuple(self.resolve(v) for v in value)
        return value

    def resolve_mapping(self, values: Mapping[str, Value]) -> dict[str, Datum]:
        """As `resolve`, for the arguments of a step."""
        return {k: self.resolve(v) for k, v in values.items()}
