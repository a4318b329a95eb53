"""Our counts beside those that the corpus's manifest records for the official artefacts, document by document."""

from collections.abc import Mapping
from typing import Any

from benchmarks.corpus import Subject
from benchmarks.records import Record, Records
from benchmarks.schematron_cases import Case


def differences(subject: Subject, records: Records) -> dict[str, Any]:
    """How many documents come out as measured, and each one that does not with the reason, empty where none is known."""
    differing = []
    for path, expected in subject.expected.items():
        record = records.get(Case(subject=subject, document=path).key)
        if record is None:
            raise RuntimeError(f"no record of {path} by {subject.key}")
        found = _found(record)
        if found != _measured(expected):
            why = _reason(expected, found)
            differing.append({"document": path, "measured": _measured(expected), "found": found, "why": why})
    return {
        "documents": len(subject.expected),
        "equal": len(subject.expected) - len(differing),
        "differing": differing,
    }


def _measured(expected: Mapping[str, Any]) -> dict[str, object]:
    if "error" in expected:
        return {"error": " ".join(str(expected["error"]).split())}
    return {
        "asserts": dict(sorted(expected["failed_asserts"].items())),
        "reports": dict(sorted(expected["reports"].items())),
        "fired": expected["fired_rules"],
        "undecided": 0,
        "failure": "",
    }


def _found(record: Record) -> dict[str, object]:
    (figures,) = record.figures  # an official schema judges a document as a whole
    asserts, reports, fired, undecided, failure = figures
    return {"asserts": asserts, "reports": reports, "fired": fired, "undecided": undecided, "failure": failure}


def _reason(expected: Mapping[str, Any], found: Mapping[str, object]) -> str:
    if "error" in expected and found["undecided"] and not found["failure"]:
        return (
            "both are right: the reference stops at the rule it cannot decide; "
            "we leave that rule undecided and judge the others, and pass the document no more than it does"
        )
    return ""
