"""A country A that means ill is never taken for a good one, never hangs a run, and leaves its bytes behind."""

import gzip
import re
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.errors import InputError
from harness.model import Cause, Verdict
from harness.packs import load_sut
from tests.hostile.hostile_bench import Asked, Behaviour, Bench, honest, on

X, Q, R = "XCPD-A-POS-001", "XCAQ-A-POS-001", "XCAR-A-POS-001"
BODY = re.compile(rb"<env:Body>(.*)</env:Body>", re.DOTALL)


def changed(change: Callable[[bytes], bytes]) -> Behaviour:
    def behave(asked: Asked) -> None:
        body = change(asked.reply.body)
        assert body != asked.reply.body
        asked.send(body)

    return behave


def in_header(insert: bytes) -> Behaviour:
    return changed(lambda x: x.replace(b"</env:Header>", insert + b"</env:Header>", 1))


def two_payloads(body: bytes) -> bytes:
    return BODY.sub(lambda m: m[0].replace(m[1], m[1] * 2), body)


def payload_in_header(body: bytes) -> bytes:
    found = BODY.search(body)
    assert found
    return body.replace(found[1], b"").replace(b"</env:Header>", found[1] + b"</env:Header>")


def before_echo(*pairs: tuple[bytes, bytes]) -> Callable[[bytes], bytes]:
    """Replacements in all that stands before the echoed query."""

    def change(body: bytes) -> bytes:
        head, mark, tail = body.partition(b"<queryByParameter")
        for old, new in pairs:
            head = head.replace(old, new)
        return head + mark + tail

    return change


def doctype(body: bytes, declaration: bytes) -> bytes:
    return declaration + re.sub(rb"^<\?xml.*?\?>", b"", body)


def trickling(asked: Asked) -> None:
    asked.send(length=60_000_000)
    for _ in range(100):
        asked.connection.sendall(b" " * 100)
        time.sleep(0.1)


BOMB = gzip.compress(gzip.compress(b" " * 100_000_000))  # half a kilobyte on the wire
FAILING: dict[str, tuple[Behaviour, str]] = {
    "two payloads in the body": (changed(two_payloads), X),
    "two soap bodies": (changed(lambda x: BODY.sub(rb"\g<0>\g<0>", x)), X),
    "the payload in the header": (changed(payload_in_header), X),
    "HTTP 500 with a good payload": (lambda a: a.send(status="500 Error"), X),
    "HTTP 500 where only a fragment looks": (on("ITI-55", lambda a: a.send(status="500 Error")), Q),
    "HTTP 202": (lambda a: a.send(status="202 Accepted"), X),
    "HTTP 204": (lambda a: a.send(b"", status="204 No Content"), X),
    "a redirection": (lambda a: a.send(status="302 Found", headers=["Location: /xcpd"]), X),
    "a coding that the bytes do not have": (lambda a: a.send(headers=["Content-Encoding: gzip"]), X),
    "gzip cut in the middle": (
        lambda a: a.send(gzip.compress(a.reply.body)[:-20], headers=["Content-Encoding: gzip"]),
        X,
    ),
    "a gzip bomb": (lambda a: a.send(BOMB, headers=["Content-Encoding: gzip, gzip"]), X),
    "another version of HTTP": (lambda a: a.send(version="HTTP/2.0"), X),
    "another media type": (lambda a: a.send(content_type="text/html"), X),
    "our own request": (lambda a: a.send(a.raw.partition(b"\r\n\r\n")[2]), X),
    "nothing after the header fields": (lambda a: a.send(b"", length=5000), X),
    "nothing at all": (lambda a: None, X),
    "two lengths": (lambda a: a.send(headers=["Content-Length: 5"]), X),
    "an entity bomb": (changed(lambda x: doctype(x, b'<!DOCTYPE a [<!ENTITY b "b"><!ENTITY c "&b;&b;">]>')), X),
    "an external entity": (changed(lambda x: doctype(x, b'<!DOCTYPE a [<!ENTITY b SYSTEM "file:///dev/null">]>')), X),
    "deep nesting": (in_header(b"<a>" * 3000 + b"</a>" * 3000), X),
    "a flood of namespaces": (
        changed(
            lambda x: x.replace(b"<env:Body", b"<env:Body" + b"".join(b' xmlns:n%d="u"' % i for i in range(50_000)))
        ),
        X,
    ),
    "a flood of attributes": (
        changed(lambda x: x.replace(b"<env:Body", b"<env:Body" + b"".join(b' a%d=""' % i for i in range(50_000)))),
        X,
    ),
    "a flood of unknown elements": (
        changed(lambda x: x.replace(b"<acknowledgement>", b"<x/>" * 50_000 + b"<acknowledgement>")),
        X,
    ),
    "a flood of patients": (
        changed(lambda x: re.sub(rb"<subject typeCode.*?</subject>", lambda m: m[0] * 400, x, count=1)),
        X,
    ),
    "an answer that trickles": (trickling, X),
    "the identifier of another patient": (on("ITI-55", changed(before_echo((b"P-0001", b"P-0004")))), X),
    "a patient nobody knows, born on another day": (
        on("ITI-55", changed(before_echo((b"P-0001", b"Z-77"), (b"19790314", b"19500101")))),
        X,
    ),
    "a list for another patient": (on("ITI-38", changed(lambda x: x.replace(b"P-0001", b"P-0004"))), Q),
    "each entry twice": (
        on(
            "ITI-38",
            changed(lambda x: re.sub(rb"<(\w+:)?ExtrinsicObject .*ExtrinsicObject>", rb"\g<0>\g<0>", x, flags=re.S)),
        ),
        Q,
    ),
    "the document of another patient": (on("ITI-39", changed(lambda x: x.replace(b"P-0001", b"P-0004"))), R),
    "a document twice": (
        on(
            "ITI-39",
            changed(lambda x: re.sub(rb"<(\w+:)?DocumentResponse>.*DocumentResponse>", rb"\g<0>\g<0>", x, flags=re.S)),
        ),
        R,
    ),
    "a response without a document": (
        on("ITI-39", changed(lambda x: re.sub(rb"<(\w+:)?Document>.*?</(\w+:)?Document>", b"", x, flags=re.S))),
        R,
    ),
}


@pytest.mark.parametrize("name", FAILING)
def test_hostile_answer_fails_the_row_in_time_and_is_kept(bench: Bench, name: str) -> None:
    behave, target = FAILING[name]
    started = time.monotonic()

    row = bench.against(behave, target)[target]

    assert (row.verdict, row.cause) == (Verdict.FAIL, Cause.SUT), row.reason
    assert time.monotonic() - started < 15
    assert row.exchanges
    assert all(x.response is None or x.response.raw for x in row.exchanges)
    assert name == "nothing at all" or any(x.response for x in row.exchanges)


@pytest.mark.parametrize("content_type", [None, "text/xml; charset=UTF-8"], ids=["no media type", "that of SOAP 1.1"])
def test_unusual_media_type_is_a_warning(bench: Bench, content_type: str | None) -> None:
    row = bench.against(lambda a: a.send(content_type=content_type), X)[X]
    assert row.verdict is Verdict.WARNING
    assert row.reason.startswith("TRN-A-001")


def chunked(asked: Asked) -> None:
    head = f"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Type: {asked.reply.content_type}\r\n\r\n"
    body = asked.reply.body
    asked.connection.sendall(head.encode() + b"%x\r\n" % len(body) + body + b"\r\n0\r\nX-Trailer: 1\r\n\r\n")


LEGAL: dict[str, Behaviour] = {
    "the honest answer": honest,
    "chunks with a trailer": chunked,
    "gzip that was not asked for": lambda a: a.send(gzip.compress(a.reply.body), headers=["Content-Encoding: gzip"]),
    "HTTP/1.0": lambda a: a.send(version="HTTP/1.0"),
    "a byte order mark": lambda a: a.send(b"\xef\xbb\xbf" + a.reply.body),
    "an unknown header block": in_header(b'<q xmlns="urn:q"/>'),
}


@pytest.mark.parametrize("name", LEGAL)
def test_legal_variant_passes(bench: Bench, name: str) -> None:
    row = bench.against(LEGAL[name], X)[X]
    assert row.verdict is Verdict.PASS, row.reason


def test_what_an_unreadable_answer_does_not_hold_is_not_judged(bench: Bench, tmp_path: Path) -> None:
    file = tmp_path / "s.yaml"
    file.write_text(
        """scenario: T-UNREADABLE
title: {en: Nothing is disclosed, fr: Rien n'est divulgué}
covers: [XCPD-A-035]
applies: {profile: patient-summary, sut: ncpeh-a}
given: {patient: pt-nominal, practitioner: physician}
steps:
  - send: {transaction: ITI-55, save: answer}
  - check: {that: {value: "${answer.patients}", count: 0}, covers: [XCPD-A-035]}
""",
        encoding="utf-8",
    )
    row = bench.against(lambda a: a.send(b"<html>a patient</html>"), str(file))["T-UNREADABLE"]
    assert row.verdict is Verdict.FAIL
    assert next(r.verdict for r in row.requirements if r.id == "XCPD-A-035") is not Verdict.PASS


@pytest.mark.parametrize("url", ["https://127.0.0.1:99999/x", "https://h:abc/x", "https:///x", "ftp://h/x"])
def test_address_that_cannot_be_called_is_the_operators_mistake(bench: Bench, tmp_path: Path, url: str) -> None:
    file = tmp_path / "sut.yaml"
    file.write_text(
        f'system: {{name: T, version: "1"}}\nactors:\n  ncpeh-a: {{country: FR, endpoints: {{xcpd: "{url}"}}}}\n',
        encoding="utf-8",
    )
    with pytest.raises(InputError) as caught:
        load_sut(file)
    assert caught.value.problems[0].code == "E204"
