"""`harness validate` beyond artefacts: the checks on messages, assertions, audit records and certificates, by coordinate."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from harness.errors import InputError, Problem, WireError
from harness.model import (
    OBJECT_VALIDATORS,
    Company,
    Requirement,
    ValidationReport,
    in_language,
    old_label,
    say,
    visible,
)
from harness.packs import load_requirements
from harness.safexml import XmlLimits

AUTO = "auto"
_XML = (b"<", b"\xef\xbb\xbf<")
_ROOTS = frozenset(v.root for v in OBJECT_VALIDATORS.values()) - {"ClinicalDocument"} | {"Envelope"}


def read_beside(
    *,
    request: Path | None,
    earlier: Sequence[Path],
    trust: Sequence[Path],
    crl: Sequence[Path],
    at: str | None,
) -> Company:
    """The files that the options name.

    Raises:
        InputError: one cannot be read or is not what its option is for, or `at` is no instant; with every problem.
    """
    problems: list[Problem] = []

    def read(option: str, path: Path) -> bytes:
        try:
            return path.read_bytes()
        except OSError as exc:
            why = (exc.strerror or type(exc).__name__).lower()
            problems.append(
                Problem(code="E909", option=option, problem=f"cannot be read: {why}", found=visible(str(path)))
            )
            return b""

    beside = Company(
        now=datetime.now(UTC),
        request=read("--request", request) if request is not None else b"",
        earlier=tuple(read("--earlier", path) for path in earlier),
        authorities=b"\n".join(read("--trust", path) for path in trust),
        revocation_lists=tuple(read("--crl", path) for path in crl),
        at=_instant(at, problems),
    )
    if not problems:
        problems += _unfit(beside)
    if problems:
        raise InputError(problems)
    return beside


def _instant(text: str | None, problems: list[Problem]) -> datetime | None:
    if text is None:
        return None
    try:
        read = datetime.fromisoformat(text)
    except ValueError:
        problems.append(
            Problem(
                code="E930", option="--at", problem="not an instant", expected=("2026-03-02T10:00:00Z",), found=text
            )
        )
        return None
    return read if read.tzinfo is not None else read.replace(tzinfo=UTC)


def _unfit(beside: Company) -> list[Problem]:
    """A problem for each file that is not what its option is for."""
    if not (beside.request or beside.earlier or beside.authorities or beside.revocation_lists):
        return []
    from harness.checks.certificates import read_revocation_lists
    from harness.checks.opening import open_object
    from harness.wire import x509

    def message(content: bytes) -> object:
        opened = open_object(content)
        if opened.message is None:
            raise WireError("not a message of a transaction", kind="wrong-root")
        return opened

    tries: list[tuple[str, Callable[[bytes], object], bytes]] = [
        *(("--request", message, content) for content in (beside.request,) if content),
        *(("--earlier", message, content) for content in beside.earlier),
        *(("--trust", x509.parse_certificates, content) for content in (beside.authorities,) if content),
        *(("--crl", read_revocation_lists, content) for content in beside.revocation_lists),
    ]
    problems = []
    for option, reader, content in tries:
        try:
            reader(content)
        except WireError as exc:
            problems.append(Problem(code="E931", option=option, problem=exc.problem))
    return problems


def coordinate_of(as_: str, lang: str) -> tuple[str, str]:
    """What `--as` means, with labels of other tools replaced, and the sentence about that (empty without one).

    Raises:
        InputError: it is an old label that nothing stands for any more.
    """
    old = old_label(as_)
    if old is None or as_ in OBJECT_VALIDATORS:
        return as_, ""
    if not old.coordinate:
        raise InputError(
            Problem(
                code="E915",
                option="--as",
                problem="an old label without successor",
                found=as_,
                hint="`--as help` lists what there is",
            )
        )
    return old.coordinate, in_language(say("choice.old-label", label=as_, coordinate=old.coordinate), lang)


def is_object(as_: str) -> bool:
    """Whether `as_` is a coordinate of the table."""
    return as_ in OBJECT_VALIDATORS


type Artefacts = Callable[[str, bytes], ValidationReport]


def judge_object(
    name: str, content: bytes, as_: str, beside: Company, limits: XmlLimits, scenarios: Path, artefacts: Artefacts
) -> tuple[ValidationReport, bytes]:
    """The report on one object, and the bytes in which its lines are counted.

    A clinical document that nobody asked to be judged by coordinate needs artefacts only; what they say of an object is
    asked for once.
    """
    if as_ == AUTO and content.lstrip()[:4].startswith(_XML):
        report = artefacts(name, content)
        if report.kind.removeprefix("message:") not in _ROOTS:
            return report, content

        def known(label: str, xml: bytes) -> ValidationReport:
            return report if (label, xml) == (name, content) else artefacts(label, xml)

        return _judged(name, content, "", beside, limits, scenarios, known)
    return _judged(name, content, "" if as_ == AUTO else as_, beside, limits, scenarios, artefacts)


def _judged(
    name: str, content: bytes, asked: str, beside: Company, limits: XmlLimits, scenarios: Path, artefacts: Artefacts
) -> tuple[ValidationReport, bytes]:
    from harness.runner.objects import ObjectJudge  # brings in all rooms that judge messages

    judge = ObjectJudge(catalogue=lambda: _catalogue(scenarios), validate=artefacts, limits=limits)
    return judge.judge(name, content, beside, asked)


@cache
def _catalogue(scenarios: Path) -> Mapping[str, Requirement]:
    return load_requirements(scenarios)
