"""Where something lies in what the SUT wrote, and the few findings that every family of checks makes."""

import re
from collections.abc import Iterator

from lxml import etree

from harness.checks._view import View
from harness.errors import WireError, cut
from harness.model import Finding, Location, Severity
from harness.wire import ns, soap

_COUNTED = re.compile(r"([^\[\]]+)\[(\d+)\]")
ABSENT = "nothing"
"""How a finding says that a value is not there."""


def place(view: View, path: str = "") -> Location:
    """Where `path`, counted from the payload of the SUT's message, lies; see `under`."""
    message = view.own
    if message is None:
        return Location(message=view.side)
    start = message.payload if message.payload is not None else message.root
    return under(start, path, view.side, view.siblings)


def header_place(view: View, path: str = "") -> Location:
    """Where `path`, counted from the SOAP header of the SUT's message, lies; see `under`."""
    message = view.own
    if message is None:
        return Location(message=view.side)
    header = message.root.find(ns.clark(soap.VERSIONS[message.version], "Header"))
    return under(message.root if header is None else header, path, view.side, view.siblings)


def under(start: etree._Element, path: str, message: str, siblings: ns.Siblings | None = None) -> Location:
    """Where `path` (steps with the customary prefixes, an attribute last) lies below `start`.

    The line is that of the deepest element of the path that is there, so that a missing one still has a place. `siblings`
    keeps what is counted from one place to the next: with many entries, counting anew for each takes quadratic time.
    """
    known = siblings or ns.Siblings()
    element, steps = start, [step for step in path.split("/") if step]
    while steps and not steps[0].startswith("@"):
        found = _child(element, steps[0], known)
        if found is None:
            break
        element = found
        del steps[0]
    return Location(message=message, xpath="/".join((ns.xpath_of(element, known), *steps)), line=element.sourceline)


def _child(element: etree._Element, step: str, siblings: ns.Siblings) -> etree._Element | None:
    """What `step` selects below `element`."""
    counted = _COUNTED.fullmatch(step)
    if counted is None:
        return element.find(step, ns.PREFIXES)
    prefix, _, local = counted[1].rpartition(":")
    same = siblings.named(element, ns.clark(ns.PREFIXES[prefix], local) if prefix else local)
    number = int(counted[2])
    return same[number - 1] if 0 < number <= len(same) else None


def said(value: str | None) -> str:
    """`value` for the reader of a finding: on one line, cut when long, a missing or empty one in a word."""
    return cut(" ".join(value.split()), 200) if value and value.strip() else ABSENT


def one_of(values: tuple[str, ...]) -> str:
    """`values` as what was expected."""
    return values[0] if len(values) == 1 else "one of " + ", ".join(values)


def unless_in(
    at: Location, value: str | None, allowed: tuple[str, ...], *, absent: str | None = None
) -> Iterator[Finding]:
    """A finding when `value` is none of `allowed`; `absent` names the known deviation of having no value."""
    if value not in allowed:
        yield Finding(at=at, expected=one_of(allowed), found=said(value), deviation=None if value else absent)


def of_error(problem: WireError, at: Location, expected: str) -> Finding:
    """A finding for something the SUT wrote that cannot be read or does not verify."""
    where = Location(message=at.message, xpath=problem.xpath or at.xpath, line=problem.line or at.line)
    return Finding(
        at=where,
        expected=problem.expected or expected,
        found=problem.found or problem.problem,
        message=problem.problem,
    )


def warning(
    at: Location, expected: str, found: str, deviation: str | None = None, severity: Severity = Severity.WARNING
) -> Finding:
    """A finding about a documented variant, below the severity of its requirement."""
    return Finding(at=at, expected=expected, found=found, severity=severity, deviation=deviation)


def accepted(at: Location, expected: str, found: str, deviation: str) -> Finding:
    """A known deviation that is accepted and only named."""
    return warning(at, expected, found, deviation, Severity.INFORMATION)
