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

    def stop(self, names: Sequence[str]) -> "Stop | None":
        """Where the children `names` stop fitting; None when all fit and nothing lacks."""

    def elements(self) -> Sequence[str]:
        """The names of the elements it names."""


@dataclass(frozen=True, slots=True)
class Stop:
    """The number of the first child that does not fit (the count of all: at the end), and what is obligatory there."""

    place: int
    lacking: tuple[str, ...] = ()


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
        best = _best(model, now, stop, len(children), deadline)
        if best is None:
            return
        yield best.fault
        now = best.after


def _best(model: Model, now: _Sequence, stop: Stop, count: int, deadline: float) -> _Attempt | None:
    """The change that mends most, with all that would do as well as what lacks, or all that may stand in its place."""
    child = next((number for _, number in now[stop.place :] if number >= 0), count)
    if stop.place == len(now):
        return _ended(model, now, stop, child)
    fitting, attempts = _with_others(model, now, stop.place, child, deadline)
    attempts += [*_moves(model, now, stop.place), _without(model, now, stop.place, child)]
    attempts += _with_lacking(model, now, stop, child)
    best = min(attempts, key=lambda a: (-a.reach, a.cost))
    names = fitting
    if best.fault.change in (Change.MISSING, Change.INSTEAD):
        equal = [a.fault for a in attempts if (a.reach, a.cost) == (best.reach, best.cost)]
        names = [name for fault in equal if fault.change is best.fault.change for name in fault.names]
    return replace(best, fault=replace(best.fault, names=tuple(dict.fromkeys(names))))


def _stop(model: Model, now: _Sequence) -> Stop | None:
    return model.stop([name for name, _ in now])


def _reach(model: Model, changed: _Sequence) -> float:
    found = _stop(model, changed)
    return float("inf") if found is None else found.place


def _ended(model: Model, now: _Sequence, stop: Stop, child: int) -> _Attempt | None:
    """What lacks after the last child."""
    names = _obligatory(model, now, stop) or tuple(n for n in model.elements() if _stop(model, [*now, (n, -1)]) is None)
    if not names:
        return None
    put = [*now, (names[0], -1)]
    return _Attempt(_reach(model, put), 2, Fault(change=Change.MISSING, child=child, names=names), put)


def _with_others(
    model: Model, now: _Sequence, place: int, child: int, deadline: float
) -> tuple[list[str], list[_Attempt]]:
    """The elements that fit at `place`, and what comes of each there, before the child or instead of it."""
    fitting, attempts = [], []
    for name in model.elements():
        if time.monotonic() > deadline:
            break
        changed = [*now[:place], (name, -1), *now[place + 1 :]]
        reach = _reach(model, changed)
        if reach <= place:
            continue
        fitting.append(name)
        cost = 1 if _local(name) == _local(now[place][0]) else 4
        attempts.append(_Attempt(reach, cost, Fault(change=Change.INSTEAD, child=child, names=(name,)), changed))
        put = [*now[:place], (name, -1), *now[place:]]
        reach = _reach(model, put)
        if reach > place + 1:  # the child itself fits now
            fault = Fault(change=Change.MISSING, child=child, names=(name,))
            attempts.append(_Attempt(reach - 1, 2, fault, put))
    return fitting, attempts


def _obligatory(model: Model, now: _Sequence, stop: Stop) -> tuple[str, ...]:
    """Of what is obligatory at `stop`, the alternatives for the next place."""
    place = stop.place
    return tuple(n for n in stop.lacking if _reach(model, [*now[:place], (n, -1), *now[place:]]) > place)


def _with_lacking(model: Model, now: _Sequence, stop: Stop, child: int) -> list[_Attempt]:
    """Several obligatory ones that lack before the child: the first is told now, the next in its turn."""
    put, here, chain = now, stop, 0
    first = _obligatory(model, now, stop)
    while (names := _obligatory(model, put, here)) and here.place == stop.place + chain and chain < _MAX_CHANGES:
        put = [*put[: here.place], (names[0], -1), *put[here.place :]]
        chain += 1
        found = _stop(model, put)
        if found is None or found.place > stop.place + chain:
            reach = float("inf") if found is None else found.place - chain
            after = [*now[: stop.place], (first[0], -1), *now[stop.place :]]
            return [_Attempt(reach, 2, Fault(change=Change.MISSING, child=child, names=first), after)]
        here = found
    return []


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
    least = _reach(model, rest)
    for place in range(stop - 1, -1, -1):
        reach = _reach(model, [*rest[:place], taken, *rest[place:]])
        if reach > least or reach == float("inf"):
            return place if rest[place][1] >= 0 else None
    return None


def _local(name: str) -> str:
    return name.rpartition("}")[2]
