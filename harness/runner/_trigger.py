"""Making a country-B system act: by an HTTP call, a command, or a person at the terminal.

What is handed over is one JSON object (docs/trigger.md): operation, country, patient, practitioner, kind, level. What
comes back, when anything does, is JSON that says what the system showed its user.
"""

import asyncio
import contextlib
import json
import os
import signal
import ssl
import time
from collections.abc import Awaitable, Callable, Mapping

import httpx

from harness.errors import InputError, Problem
from harness.model import (
    Datum,
    FailureKind,
    OurSide,
    Patient,
    Practitioner,
    TransportFailure,
    Trigger,
    TriggerMeans,
    TriggerOutcome,
)

MAX_SHOWN_BYTES = 1_000_000
_OPTIONAL = ("on_behalf_of", "clinical_speciality", "npi")
"""What is told of a practitioner only when there is something to tell."""

type AskPerson = Callable[[str], Awaitable[str]]
"""Shows an instruction to the operator and returns what they typed."""


def trigger_content(
    step: Trigger, arguments: Mapping[str, Datum], ours: OurSide, patient: Patient, practitioner: Practitioner
) -> dict[str, object]:
    """The JSON object handed to the system's trigger."""
    optional = {name: arguments[name] for name in ("next_of_kin", "access_code", "token_service") if name in arguments}
    without = arguments.get("without", ())
    empty = set(without if isinstance(without, tuple) else (without,))
    return {
        "operation": step.operation,
        "country": ours.country,
        "home_community": ours.home_community,
        "patient": {
            "ids": [{"root": i.root, "extension": i.extension} for i in patient.ids if "ids" not in empty],
            "family": "" if "family" in empty else patient.family,
            "given": "" if "given" in empty else patient.given,
            "birth": patient.birth.isoformat() if patient.birth and "birth" not in empty else None,
            "gender": "" if "gender" in empty else patient.gender,
        },
        "practitioner": {
            "name": practitioner.name,
            "name_id": practitioner.name_id,
            "role_code": practitioner.role_code,
            "role_display": practitioner.role_display,
            "facility_type": practitioner.facility_type,
            "organization": practitioner.organization,
            "organization_id": practitioner.organization_id,
            "locality": practitioner.locality,
            "purpose_of_use": practitioner.purpose_of_use,
            "permissions": list(practitioner.permissions),
            **{name: value for name in _OPTIONAL if (value := getattr(practitioner, name))},
        },
        "kind": str(arguments.get("kind", "eprescription" if step.operation == "dispense" else "patient-summary")),
        "level": arguments.get("level", 3),
        **optional,
    }


async def pull_trigger(
    means: TriggerMeans | None,
    content: Mapping[str, object],
    *,
    within_s: float,
    context: ssl.SSLContext,
    ask_person: AskPerson | None,
) -> TriggerOutcome:
    """What came of making the system act, after `within_s` at the latest.

    Raises:
        InputError: the SUT file names no trigger, or a person is needed and nobody can be asked.
    """
    if means is None:
        raise InputError(
            Problem(
                code="E701", option="actors.ncpeh-b.trigger", problem="the SUT file says no way to make the system act"
            )
        )
    if means.url:
        return await _by_http(means, content, within_s, context)
    if means.command:
        return await _by_command(means, content, within_s)
    if ask_person is None:
        raise InputError(
            Problem(code="E702", option="actors.ncpeh-b.trigger", problem="a person is needed and this is no terminal")
        )
    started = time.monotonic()
    said = await ask_person(f"{means.person}\n{json.dumps(content, ensure_ascii=False, indent=2)}")
    return TriggerOutcome(kind="person", ok=True, shown=said, duration_s=time.monotonic() - started)


async def _by_http(
    means: TriggerMeans, content: Mapping[str, object], within_s: float, context: ssl.SSLContext
) -> TriggerOutcome:
    started = time.monotonic()
    assert means.url is not None
    try:
        async with httpx.AsyncClient(
            # half of the time for connecting, so that "not reachable" is told from "late" whatever the limit
            verify=context,
            timeout=httpx.Timeout(within_s, connect=min(5.0, within_s / 2)),
            trust_env=False,
        ) as client:
            async with asyncio.timeout(within_s):
                answer = await client.request(means.method, means.url, json=dict(content))
    except (httpx.TimeoutException, TimeoutError) as exc:
        early = isinstance(exc, httpx.ConnectTimeout)
        return _failed(
            "http", FailureKind.NOT_REACHABLE if early else FailureKind.TIMED_OUT, "no answer in time", started
        )
    except (httpx.HTTPError, httpx.InvalidURL, ssl.SSLError) as exc:  # the last: httpx lets it through when reading
        refused = _tls_error(exc)
        if refused is not None and (isinstance(exc, httpx.ConnectError) or "ALERT" in (refused.reason or "")):
            # under TLS 1.3 the alert about our certificate comes only when the answer is read
            kind = FailureKind.TLS_REFUSED
        else:
            kind = FailureKind.NOT_REACHABLE if isinstance(exc, httpx.ConnectError) else FailureKind.RESET
        return _failed("http", kind, str(exc) or type(exc).__name__, started)
    duration_s = time.monotonic() - started
    if not answer.is_success:
        return TriggerOutcome(
            kind="http", ok=False, detail=f"the trigger answered HTTP {answer.status_code}", duration_s=duration_s
        )
    return _shown("http", answer.content, duration_s)


def _tls_error(exc: BaseException) -> ssl.SSLError | None:
    """The TLS error behind `exc`, or None."""
    seen: BaseException | None = exc
    while seen is not None and not isinstance(seen, ssl.SSLError):
        seen = seen.__cause__ or seen.__context__
    return seen


async def _by_command(means: TriggerMeans, content: Mapping[str, object], within_s: float) -> TriggerOutcome:
    started = time.monotonic()
    try:
        process = await asyncio.create_subprocess_exec(
            *means.command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            start_new_session=True,
        )
    except OSError as exc:
        raise InputError(
            Problem(
                code="E703",
                option="actors.ncpeh-b.trigger.command",
                problem=f"cannot start the command: {exc.strerror}",
                found=means.command[0],
            )
        ) from exc
    try:
        async with asyncio.timeout(within_s):
            out, _ = await process.communicate(json.dumps(content).encode())
    except TimeoutError:
        return _failed("command", FailureKind.TIMED_OUT, f"the command was stopped after {within_s:g} s", started)
    finally:
        if process.returncode is None:
            # late, or the run was interrupted; the whole group, because a child would keep the output open
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            await process.wait()
    duration_s = time.monotonic() - started
    if process.returncode:
        return TriggerOutcome(
            kind="command",
            ok=False,
            detail=f"the command ended with status {process.returncode}",
            duration_s=duration_s,
        )
    return _shown("command", out, duration_s)


def _shown(kind: str, content: bytes, duration_s: float) -> TriggerOutcome:
    if not content.strip():
        return TriggerOutcome(kind=kind, ok=True, duration_s=duration_s)
    if len(content) > MAX_SHOWN_BYTES:
        return TriggerOutcome(
            kind=kind, ok=False, detail="the trigger's answer is larger than 1 MB", duration_s=duration_s
        )
    try:
        text = content.decode("utf-8")
        json.loads(text)
    except ValueError:
        return TriggerOutcome(kind=kind, ok=False, detail="the trigger's answer is not JSON", duration_s=duration_s)
    return TriggerOutcome(kind=kind, ok=True, shown=text, duration_s=duration_s)


def _failed(kind: str, failure: FailureKind, detail: str, started: float) -> TriggerOutcome:
    after_s = time.monotonic() - started
    return TriggerOutcome(
        kind=kind,
        ok=False,
        detail=detail,
        duration_s=after_s,
        failure=TransportFailure(kind=failure, detail=detail, after_s=after_s),
    )
