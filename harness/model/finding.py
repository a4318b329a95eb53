"""One observation about the system under test, and where it was made."""

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """What a finding does to the verdict: error -> fail, warning -> warning, information -> none,
    undecidable -> inconclusive."""

    ERROR = "error"
    WARNING = "warning"
    INFORMATION = "information"
    UNDECIDABLE = "undecidable"


class Layer(StrEnum):
    """Which kind of judgement made the finding, from the bytes up."""

    TRANSPORT = "transport"
    WELL_FORMED = "well-formed"
    XSD = "xsd"
    SCHEMATRON = "schematron"
    TERMINOLOGY = "terminology"
    EMBEDDED = "embedded"
    CROSS = "cross-check"
    REQUIREMENT = "requirement"
    SCENARIO = "scenario"


@dataclass(frozen=True, slots=True, kw_only=True)
class Location:
    """A place in a message or document.

    `message` names the bytes: `request`, `response`, `request/part:CID`, `response/document:INDEX`, a file name.
    `line` and `column` count from 1 in exactly those bytes (of the SOAP body part for a message); `offset` counts bytes
    from 0. `xpath` uses the customary prefixes of harness.wire.ns.
    """

    message: str = ""
    xpath: str | None = None
    line: int | None = None
    column: int | None = None
    offset: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One observation: what was expected, what was found, where, and under which requirement.

    A check yields it without `rule`, `requirement`, `severity` and `source`; the runner fills them from the requirement
    catalogue (SHALL -> error, SHOULD -> warning, MAY -> information) unless the check lowers the severity itself, as it
    does for a documented variant. `deviation` is the id (DEV-nn) of a known field deviation. `expected` and `found` are
    short texts in the protocol's own words. `message` is a sentence in English when expected/found do not say it all
    (the text of a Schematron assert). `next` is a message key or English sentence: what to do. `excerpt` are the
    source lines around the place.
    """

    at: Location = Location()
    expected: str = ""
    found: str = ""
    message: str = ""
    rule: str = ""
    requirement: str | None = None
    severity: Severity | None = None
    layer: Layer = Layer.REQUIREMENT
    source: str = ""
    next: str = ""
    deviation: str | None = None
    test: str = ""
    see: str = ""
    excerpt: str = ""
