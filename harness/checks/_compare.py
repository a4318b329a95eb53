"""Comparisons of resolved values: the operators of `check: {that: ...}` and `same_as`."""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

import re2

from harness.errors import Problem, ScenarioError, cut
from harness.model import Datum, Finding

_RE2 = re2.Options()
_RE2.log_errors = False  # they are told in our own words
_HL7_TIME = re.compile(
    r"(?P<year>\d{4})(?P<month>\d{2})?(?P<day>\d{2})?(?P<hour>\d{2})?(?P<minute>\d{2})?(?P<second>\d{2})?"
    r"(?:\.\d+)?(?P<zone>[+-]\d{4})?"
)


def compare(operator: str, value: Datum, operand: Datum) -> Finding | None:
    """None when `value operator operand` holds, else a finding with both.

    Texts and numbers compare by what they say (`1` equals `"1"`); `matches` is a whole match of a regular expression
    of RE2, whose matching takes linear time whatever the expression;
    `before` and `after` read ISO 8601 and HL7 times; `count` takes a number or {min, max}.

    Raises:
        ScenarioError: the operand does not fit the operator (a broken expression, a time that is none).
    """
    if _OPERATORS[operator](value, operand):
        return None
    return Finding(expected=f"{_WORDS[operator]} {show(operand)}".strip(), found=show(value))


def same_as(value: Datum, other: Datum) -> Finding | None:
    """None when the two values are the same, else a finding with both."""
    if _equals(value, other):
        return None
    return Finding(expected=f"the same as {show(other)}", found=show(value))


def show(value: Datum) -> str:
    """`value` on one line, cut when long."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Mapping):
        return cut("{" + ", ".join(f"{k}: {show(v)}" for k, v in value.items()) + "}", 200)
    if isinstance(value, tuple):
        return cut("[" + ", ".join(show(v) for v in value) + "]", 200)
    return cut(str(value), 200)


def _plain(value: Datum) -> Datum:
    if isinstance(value, (bool, int, float)):
        return show(value)
    if isinstance(value, tuple):
        return tuple(_plain(v) for v in value)
    if isinstance(value, Mapping):
        return {k: _plain(v) for k, v in value.items()}
    return value


def _equals(value: Datum, operand: Datum) -> bool:
    return _plain(value) == _plain(operand)


def _in(value: Datum, operand: Datum) -> bool:
    if not isinstance(operand, tuple):
        raise _unfit("in", "a list", operand)
    return any(_equals(value, item) for item in operand)


def _matches(value: Datum, operand: Datum) -> bool:
    try:
        pattern = re2.compile(str(operand), _RE2)
    except re2.error as exc:
        said = exc.args[0].decode("utf-8", "replace") if exc.args and isinstance(exc.args[0], bytes) else str(exc)
        raise _unfit(
            "matches", f"a regular expression without look-around and back references ({said})", operand
        ) from exc
    text = value if isinstance(value, str) else show(value)
    return value is not None and pattern.fullmatch(text) is not None


def _exists(value: Datum, operand: Datum) -> bool:
    there = value is not None and value != "" and value != ()
    return there is (operand is not False)


def _count(value: Datum, operand: Datum) -> bool:
    number = len(value) if isinstance(value, (tuple, Mapping)) else int(value is not None)
    return within(number, operand)


def within(number: int, wanted: Datum) -> bool:
    """Whether `number` is the wanted one, or lies in {min, max}."""
    if isinstance(wanted, Mapping):
        low, high = wanted.get("min"), wanted.get("max")
        return (not isinstance(low, int) or number >= low) and (not isinstance(high, int) or number <= high)
    return show(wanted) == str(number)


def _before(value: Datum, operand: Datum) -> bool:
    return _instant("before", value) < _instant("before", operand)


def _after(value: Datum, operand: Datum) -> bool:
    return _instant("after", value) > _instant("after", operand)


def _contains(value: Datum, operand: Datum) -> bool:
    if isinstance(value, tuple):
        return any(_equals(item, operand) for item in value)
    return value is not None and (operand if isinstance(operand, str) else show(operand)) in str(value)


def _instant(operator: str, value: Datum) -> datetime:
    text = show(value)
    hl7 = _HL7_TIME.fullmatch(text)
    try:
        if hl7:
            digits = "".join(hl7[name] or default for name, default in _PARTS)
            return datetime.strptime(digits + (hl7["zone"] or "+0000"), "%Y%m%d%H%M%S%z")
        read = datetime.fromisoformat(text)
    except ValueError as exc:
        raise _unfit(operator, "a time (ISO 8601 or HL7)", value) from exc
    return read if read.tzinfo else read.replace(tzinfo=UTC)


_PARTS = (("year", ""), ("month", "01"), ("day", "01"), ("hour", "00"), ("minute", "00"), ("second", "00"))


def _unfit(operator: str, expected: str, found: Datum) -> ScenarioError:
    return ScenarioError(
        Problem(code="E310", option=operator, problem="operand does not fit", expected=(expected,), found=show(found))
    )


_OPERATORS: Mapping[str, Callable[[Datum, Datum], bool]] = {
    "equals": _equals,
    "in": _in,
    "matches": _matches,
    "exists": _exists,
    "count": _count,
    "before": _before,
    "after": _after,
    "contains": _contains,
}
_WORDS = {
    "equals": "",
    "in": "one of",
    "matches": "a match of",
    "exists": "exists:",
    "count": "count",
    "before": "before",
    "after": "after",
    "contains": "contains",
}
