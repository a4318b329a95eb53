"""Line and column of findings that know their element only by path."""

import re
from collections.abc import Callable, Iterable
from dataclasses import replace

from harness.model import Finding, Location
from harness.validators import PositionIndex
from harness.wire import ns

_STEP = re.compile(r"(?:(?P<prefix>[\w.-]+):)?(?P<local>[\w.-]+)(?P<position>\[\d+\])?")


def with_positions(findings: Iterable[Finding], bytes_of: Callable[[str], bytes | None]) -> tuple[Finding, ...]:
    """`findings` with line and column in the bytes that `bytes_of` gives for their message.

    A path whose last steps are not in the document (something is missing there) leads to the nearest ancestor that is.
    """
    indexes: dict[str, PositionIndex | None] = {}
    return tuple(_placed(finding, bytes_of, indexes) for finding in findings)


def _placed(
    finding: Finding, bytes_of: Callable[[str], bytes | None], indexes: dict[str, PositionIndex | None]
) -> Finding:
    at = finding.at
    if not at.xpath or at.column is not None:
        return finding
    if at.message not in indexes:
        content = bytes_of(at.message)
        indexes[at.message] = PositionIndex(content) if content else None
    index = indexes[at.message]
    path = full_path(at.xpath)
    while index is not None and path:
        position = index.find(path)
        if position is not None:
            place = Location(
                message=at.message, xpath=at.xpath, line=position.line, column=position.column, offset=position.offset
            )
            return replace(finding, at=place, excerpt=finding.excerpt or position.excerpt)
        path = path.rpartition("/")[0]
    return finding


def full_path(xpath: str) -> str:
    """`/hl7:a/hl7:b[2]/@c` as `/Q{urn:hl7-org:v3}a[1]/Q{urn:hl7-org:v3}b[2]/@c`; empty when a step is of another form.

    Source: XPath functions 3.1, 14.1 (`path`).
    """
    steps: list[str] = []
    for step in xpath.strip("/").split("/"):
        if step.startswith("@"):
            steps.append(step)
            continue
        found = _STEP.fullmatch(step)
        if found is None or (found["prefix"] and found["prefix"] not in ns.PREFIXES):
            break
        uri = ns.PREFIXES[found["prefix"]] if found["prefix"] else ""
        steps.append(f"Q{{{uri}}}{found['local']}{found['position'] or '[1]'}")
    return "".join(f"/{step}" for step in steps)
