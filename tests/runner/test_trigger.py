"""Making the system act: by HTTP over real TLS, by a command, by a person; and whom it accuses when that goes wrong."""

import asyncio
import contextlib
import json
import os
import socket
import ssl
import stat
import sys
import threading
import time
from collections.abc import Coroutine, Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest

from harness.errors import InputError
from harness.model import Datum, FailureKind, Practitioner, Trigger, TriggerMeans, TriggerOutcome
from harness.peers import Pki, client_context, make_pki, server_context
from harness.runner._trigger import AskPerson, pull_trigger, trigger_content
from tests.runner.runner_bench import AT, PATIENT, SUT

PRACTITIONER = Practitioner(
    key="physician",
    name="Dr Essai",
    name_id="essai",
    role_code="221",
    role_display="Medical Doctors",
    facility_type="Hospital",
    organization="Hospital",
    organization_id="urn:oid:2.999.7",
    locality="Ville",
    permissions=("PRD-003",),
)
STEP = Trigger(path="0", at=AT, operation="list", with_={})


@pytest.fixture(scope="module")
def ours() -> Pki:
    return make_pki("BE", "127.0.0.1", datetime.now(UTC).replace(microsecond=0))


@pytest.fixture(scope="module")
def stranger() -> Pki:
    return make_pki("FR", "127.0.0.1", datetime.now(UTC).replace(microsecond=0))


def run[T](work: Coroutine[object, object, T]) -> T:
    async def bounded() -> T:
        async with asyncio.timeout(10):
            return await work

    return asyncio.run(bounded())


def pull(
    means: TriggerMeans | None,
    context: ssl.SSLContext | None = None,
    *,
    within_s: float = 5.0,
    ask_person: AskPerson | None = None,
    content: Mapping[str, object] | None = None,
) -> TriggerOutcome:
    return run(
        pull_trigger(
            means,
            content or {"operation": "list"},
            within_s=within_s,
            context=context or ssl.create_default_context(),
            ask_person=ask_person,
        )
    )


# --- what is handed over


def test_content_names_operation_country_patient_and_practitioner() -> None:
    content = trigger_content(STEP, {"kind": "eprescription", "level": 1}, SUT.ours, PATIENT, PRACTITIONER)
    assert json.loads(json.dumps(content)) == content
    assert (content["operation"], content["country"], content["kind"], content["level"]) == (
        "list",
        "BE",
        "eprescription",
        1,
    )
    patient, practitioner = content["patient"], content["practitioner"]
    assert isinstance(patient, dict)
    assert isinstance(practitioner, dict)
    assert patient["ids"] == [{"root": "2.999.1", "extension": "P-1"}]
    assert practitioner["permissions"] == ["PRD-003"]


def test_next_of_kin_access_code_and_token_service_are_handed_over_only_when_a_scenario_says_so() -> None:
    more: dict[str, Datum] = {"next_of_kin": {"id": "N-1"}, "access_code": "AB12", "token_service": "peer"}
    plain = trigger_content(STEP, {}, SUT.ours, PATIENT, PRACTITIONER)
    content = trigger_content(STEP, more, SUT.ours, PATIENT, PRACTITIONER)
    assert set(content) - set(plain) == set(more)
    assert {name: content[name] for name in more} == more


def test_kind_and_level_have_defaults() -> None:
    content = trigger_content(STEP, {}, SUT.ours, PATIENT, PRACTITIONER)
    assert (content["kind"], content["level"]) == ("patient-summary", 3)


# --- by HTTP


def over_http(
    ours: Pki,
    answer: bytes | None,
    *,
    anchors: bytes | None = None,
    trusted: bytes | None = None,
    within_s: float = 5.0,
) -> tuple[TriggerOutcome, list[bytes]]:
    """Pull a trigger whose server answers `answer` (None: nothing), with the requests it got."""
    requests: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            length = next(
                int(li.split(b":")[1]) for li in head.split(b"\r\n") if li.lower().startswith(b"content-length")
            )
            requests.append(head + await reader.readexactly(length))
            if answer is None:
                await asyncio.sleep(within_s + 1)
            else:
                writer.write(answer)
                await writer.drain()
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.transport.abort()

    async def work() -> TriggerOutcome:
        server = await asyncio.start_server(
            serve, "127.0.0.1", 0, ssl=server_context(ours.tls, anchors if anchors is not None else ours.anchors)
        )
        port = server.sockets[0].getsockname()[1]
        try:
            return await pull_trigger(
                TriggerMeans(url=f"https://127.0.0.1:{port}/trigger"),
                {"operation": "list"},
                within_s=within_s,
                context=client_context(ours.tls, trusted if trusted is not None else ours.anchors),
                ask_person=None,
            )
        finally:
            server.close()

    return run(work()), requests


def http(body: bytes, status: str = "200 OK") -> bytes:
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode() + body


def test_answer_of_an_http_trigger_is_what_was_shown(ours: Pki) -> None:
    outcome, (request,) = over_http(ours, http(b'{"shown": "patient"}'))
    assert (outcome.kind, outcome.ok, outcome.shown, outcome.failure) == ("http", True, '{"shown": "patient"}', None)
    assert request.startswith(b"POST /trigger HTTP/1.1\r\n")
    assert json.loads(request.partition(b"\r\n\r\n")[2]) == {"operation": "list"}
    assert outcome.duration_s > 0


def test_http_trigger_may_show_nothing(ours: Pki) -> None:
    outcome, _ = over_http(ours, http(b"", "204 No Content"))
    assert (outcome.ok, outcome.shown) == (True, "")


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (http(b"oops", "500 Internal Server Error"), "HTTP 500"),
        (http(b"", "302 Found"), "HTTP 302"),
        (http(b"<html/>"), "not JSON"),
        (http(b'"\xff"'), "not JSON"),
        (http(b'"' + b"x" * 1_000_000 + b'"'), "larger than 1 MB"),
    ],
    ids=["500", "redirect", "HTML", "not UTF-8", "too large"],
)
def test_trigger_that_answers_badly_is_not_ok_but_no_transport_failure(ours: Pki, answer: bytes, said: str) -> None:
    outcome, _ = over_http(ours, answer)
    assert (outcome.ok, outcome.shown, outcome.failure) == (False, "", None)
    assert said in outcome.detail


def test_trigger_that_is_late_timed_out(ours: Pki) -> None:
    started = time.monotonic()
    outcome, requests = over_http(ours, None, within_s=0.4)
    assert outcome.failure is not None
    assert outcome.failure.kind is FailureKind.TIMED_OUT
    assert time.monotonic() - started < 1.4
    assert len(requests) == 1


@pytest.mark.parametrize(
    "answer", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{", b"nonsense\r\n\r\n"], ids=repr
)
def test_trigger_that_breaks_off_was_reset(ours: Pki, answer: bytes) -> None:
    outcome, _ = over_http(ours, answer)
    assert outcome.failure is not None
    assert outcome.failure.kind is FailureKind.RESET


def test_trigger_whose_certificate_we_do_not_trust_refused_tls(ours: Pki, stranger: Pki) -> None:
    outcome, requests = over_http(ours, http(b""), trusted=stranger.anchors)
    assert outcome.failure is not None
    assert outcome.failure.kind is FailureKind.TLS_REFUSED
    assert requests == []


def test_trigger_that_does_not_trust_our_certificate_refused_tls(ours: Pki, stranger: Pki) -> None:
    listener = socket.create_server(("127.0.0.1", 0))

    def refuse() -> None:
        # reads on after its alert, so that the alert is not overtaken by a reset
        connection, _ = listener.accept()
        kept = connection.dup()
        tls = server_context(ours.tls, stranger.anchors).wrap_socket(
            connection, server_side=True, do_handshake_on_connect=False
        )
        with tls, contextlib.suppress(ssl.SSLError):
            tls.do_handshake()
        with kept:
            kept.shutdown(socket.SHUT_WR)
            kept.settimeout(2)
            while kept.recv(4096):
                pass

    thread = threading.Thread(target=refuse)
    thread.start()
    url = f"https://127.0.0.1:{listener.getsockname()[1]}/"
    with listener:
        outcome = pull(TriggerMeans(url=url), client_context(ours.tls, ours.anchors))
        thread.join()
    assert outcome.failure is not None
    assert outcome.failure.kind is FailureKind.TLS_REFUSED


def test_trigger_where_nobody_listens_is_not_reachable(ours: Pki, unused_port: int) -> None:
    outcome = pull(TriggerMeans(url=f"https://127.0.0.1:{unused_port}/"), client_context(ours.tls, ours.anchors))
    assert outcome.failure is not None
    assert outcome.failure.kind is FailureKind.NOT_REACHABLE


def test_proxy_of_the_environment_is_not_used(ours: Pki, unused_port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{unused_port}")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    outcome, _ = over_http(ours, http(b"{}"))
    assert outcome.ok


# --- by a command


def python(code: str) -> TriggerMeans:
    return TriggerMeans(command=(sys.executable, "-c", code))


def test_command_gets_the_content_and_says_what_was_shown() -> None:
    outcome = pull(python("import sys; print(sys.stdin.read())"), content={"operation": "é"})
    assert (outcome.kind, outcome.ok) == ("command", True)
    assert json.loads(outcome.shown) == {"operation": "é"}


def test_command_may_ignore_its_input_and_show_nothing() -> None:
    outcome = pull(python(""), content={"operation": "x" * 200_000})
    assert (outcome.ok, outcome.shown) == (True, "")


@pytest.mark.parametrize(
    ("code", "said"), [("raise SystemExit(1)", "status 1"), ("print('done')", "not JSON")], ids=["status", "text"]
)
def test_command_that_fails_is_not_ok(code: str, said: str) -> None:
    outcome = pull(python(code))
    assert (outcome.ok, outcome.failure) == (False, None)
    assert said in outcome.detail


def waiting_command(tmp_path: Path) -> TriggerMeans:
    """A command that waits for a child of its own, whose process id it writes down."""
    script = tmp_path / "trigger.sh"
    script.write_text(f"#!/bin/sh\nsleep 60 &\necho $! > {tmp_path}/part && mv {tmp_path}/part {tmp_path}/pid\nwait\n")
    script.chmod(script.stat().st_mode | stat.S_IXUSR)
    return TriggerMeans(command=(str(script),))


def test_command_that_is_late_is_ended_with_its_children(tmp_path: Path) -> None:
    started = time.monotonic()
    outcome = pull(waiting_command(tmp_path), within_s=0.5)
    assert outcome.failure is not None
    assert outcome.failure.kind is FailureKind.TIMED_OUT
    assert time.monotonic() - started < 5
    assert ended(int((tmp_path / "pid").read_text()))


def test_command_does_not_outlive_an_interrupted_run(tmp_path: Path) -> None:
    async def interrupted() -> None:
        work = pull_trigger(
            waiting_command(tmp_path), {}, within_s=60, context=ssl.create_default_context(), ask_person=None
        )
        task = asyncio.ensure_future(work)
        while not (tmp_path / "pid").exists():
            await asyncio.sleep(0.01)
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task

    run(interrupted())
    assert ended(int((tmp_path / "pid").read_text()))


def ended(pid: int) -> bool:
    """Whether process `pid` is gone or waits to be collected, within 2 s."""
    for _ in range(100):
        try:
            os.kill(pid, 0)
            if "Z" in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]:
                return True
        except OSError:
            return True
        time.sleep(0.02)
    return False


def test_command_that_is_not_there_is_the_operators_to_change() -> None:
    with pytest.raises(InputError) as caught:
        pull(TriggerMeans(command=("/nowhere/trigger",)))
    assert caught.value.problems[0].code == "E703"


# --- by a person


def test_person_is_shown_the_instruction_and_the_content() -> None:
    shown: list[str] = []

    async def ask(text: str) -> str:
        shown.append(text)
        return '{"shown": "patient"}'

    outcome = pull(TriggerMeans(person="Open the portal"), ask_person=ask)
    assert (outcome.kind, outcome.ok, outcome.shown) == ("person", True, '{"shown": "patient"}')
    assert shown[0].startswith("Open the portal\n")
    assert '"operation": "list"' in shown[0]


@pytest.mark.parametrize(
    ("means", "code"), [(None, "E701"), (TriggerMeans(person="Open the portal"), "E702")], ids=["no way", "no terminal"]
)
def test_system_that_cannot_be_made_to_act_here_is_the_operators_to_change(
    means: TriggerMeans | None, code: str
) -> None:
    with pytest.raises(InputError) as caught:
        pull(means)
    assert caught.value.problems[0].code == code
