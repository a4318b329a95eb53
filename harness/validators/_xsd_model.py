"""What is wrong with the children of an element: the fewest changes that would make them fit their content model.

Engines say where they stopped, which is often at an innocent child: the one after the missing, before the misplaced one.
Here every change that could mend the sequence at the place where it stops fitting is tried, and the one that lets most of
the children after it fit is taken for the cause.

Source: XML Schema 1.0 part 1, 3.8.4 (an element sequence is valid with respect to a model group).
"""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Protocol

MAX_CHILDREN = 300
"""More are not tried: each change is tried from the first child on."""
_MAX_CHANGES = 20


class Change(StrEnum):
    """What is wrong with a child, by what would mend it."""

    MISPLACED = "misplaced"  # it belongs further up
    MISSING = "missing"
    REPEATED = "repeated"  # it is there already
    UNKNOWN = "unknown"  # no child of that name here
    UNEXPECTED = "unexpected"  # allowed, but not beside what is there
    INSTEAD = "instead"  # another one should stand here


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """`child` is the number of the child at fault, or of the one before which one is missing (their count: at the end).

    `names` are the expanded names of what is missing, or of what may stand here; `before` is the number of the child
    before which a misplaced one belongs.
    """

    change: Change
    child: int
    names: tuple[str, ...] = ()
    before: int | None = None


class Model(Protocol):
    """What a content model can be asked."""

    def fits(self, names: Sequence[str]) -> int | None:
        """How many of the children `names` fit before the first that does not; None when all do and nothing lacks."""

    def elements(self) -> Sequence[str]:
        """The names of the elements it names."""


_Sequence = list[tuple[str, int]]
"""Name and number of each child; what is put in has the number -1."""


@dataclass(frozen=True, slots=True)
class _Attempt:
    """One change: how far the children fit after it, how much it assumes, and what it says."""

    reach: float
    cost: int
    fault: Fault
    after: _Sequence


def faults(model: Model, children: Sequence[str], deadline: float) -> Iterator[Fault]:
    """The faults of `children` in the order of their places; none when they fit, fewer when the time is up.

    `deadline` is an instant of `time.monotonic`.
    """
    if len(children) > MAX_CHILDREN:
        return
    now: _Sequence = [(name, number) for number, name in enumerate(children)]
    for _ in range(_MAX_CHANGES):
        stop = _stop(model, now)
        if stop is None or time.monotonic() > deadline:
            return
        attempts = list(_attempts(model, now, stop, deadline))
        best = min(attempts, key=lambda a: (-a.reach, a.cost), default=None)
        if best is None:
            return
        yield _named(best, attempts)
        now = best.after


def _named(best: _Attempt, attempts: Sequence[_Attempt]) -> Fault:
    """The fault of `best`, with all that would do as well as what lacks, or with all that may stand in its place."""
    equal = [a for a in attempts if (a.reach, a.cost) == (best.reach, best.cost)]
    fault = best.fault
    if fault.change in (Change.MISSING, Change.INSTEAD):
        same = [a.fault for a in equal if a.fault.change is fault.change]
    else:
        same = [a.fault for a in attempts if a.fault.change is Change.MISSING]
    return replace(fault, names=tuple(dict.fromkeys(name for f in same for name in f.names)))


def _stop(model: Model, now: _Sequence) -> int | None:
    return model.fits([name for name, _ in now])


def _attempts(model: Model, now: _Sequence, stop: int, deadline: float) -> Iterator[_Attempt]:
    end = len([1 for _, number in now if number >= 0])
    child = next((number for _, number in now[stop:] if number >= 0), end)
    if stop < len(now):
        yield from _moves(model, now, stop)
        yield _without(model, now, stop, child)
    for name in model.elements():
        if time.monotonic() > deadline:
            return
        put = [*now[:stop], (name, -1), *now[stop:]]
        reach = _reach(model, put)
        if reach > stop:  # what was put in fits, so that the next child is reached
            fault = Fault(change=Change.MISSING, child=child, names=(name,))
            yield _Attempt(reach - (0.5 if reach == stop + 1 and stop < len(now) else 1), 2, fault, put)
        if stop < len(now):
            changed = [*now[:stop], (name, -1), *now[stop + 1 :]]
            fault = Fault(change=Change.INSTEAD, child=child, names=(name,))
            reach = _reach(model, changed)
            if reach > stop:
                yield _Attempt(reach, 4 if _local(name) != _local(now[stop][0]) else 1, fault, changed)


def _reach(model: Model, changed: _Sequence) -> float:
    found = _stop(model, changed)
    return float("inf") if found is None else found


def _moves(model: Model, now: _Sequence, stop: int) -> Iterator[_Attempt]:
    """A later child that belongs here: the one here is innocent."""
    seen = set()
    for place in range(stop + 1, len(now)):
        name, number = now[place]
        if name in seen or number < 0:
            continue
        seen.add(name)
        moved = [*now[:stop], now[place], *now[stop:place], *now[place + 1 :]]
        reach = _reach(model, moved)
        if reach > stop + 1:
            fault = Fault(change=Change.MISPLACED, child=number, before=now[stop][1])
            yield _Attempt(reach, 0, fault, moved)


def _without(model: Model, now: _Sequence, stop: int, child: int) -> _Attempt:
    """The child here is one too many; why is told by where else it would fit."""
    name, _ = now[stop]
    rest = [*now[:stop], *now[stop + 1 :]]
    reach = _reach(model, rest)
    fault = Fault(change=Change.UNKNOWN, child=child)
    if name in model.elements():
        earlier = _earlier(model, rest, (name, now[stop][1]), stop)
        if earlier is not None:
            fault = Fault(change=Change.MISPLACED, child=child, before=rest[earlier][1])
        else:
            repeated = any(other == name for other, _ in now[:stop])
            fault = Fault(change=Change.REPEATED if repeated else Change.UNEXPECTED, child=child)
    return _Attempt(reach + 1, 3, fault, rest)


def _earlier(model: Model, rest: _Sequence, taken: tuple[str, int], stop: int) -> int | None:
    """The last place further up where `taken` would fit without hindering those after it."""
    least = _stop(model, rest)
    for place in range(stop - 1, -1, -1):
        found = _stop(model, [*rest[:place], taken, *rest[place:]])
        if found is None or (least is not None and found > least):
            return place if rest[place][1] >= 0 else None
    return None


def _local(name: str) -> str:
    return name.rpartition("}")[2]
