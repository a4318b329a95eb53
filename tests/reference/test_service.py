"""The bundled system as a whole: sockets, TLS, keep-alive, start and stop, its SUT file, and documents from a folder."""

import http.client
import io
import queue
import re
import shutil
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from harness import peers
from harness.errors import InputError, PeerError
from harness.model import OurSide
from harness.reference import (
    FAULTS,
    NCPEH_A,
    NCPEH_B,
    Endpoints,
    Identity,
    PeerSide,
    ReferenceConfig,
    describe_sut,
    make_identity,
    serve,
)
from harness.reference._holdings import load_holdings
from harness.reference._server import client_context
from harness.wire import xds
from tests.reference import reference_support as rs


@pytest.fixture(scope="module")
def own() -> Identity:
    return make_identity(country="FR", host="127.0.0.1", at=datetime.now(UTC), serial=600)


@pytest.fixture(scope="module")
def other() -> Identity:
    return make_identity(country="BE", host="127.0.0.1", at=datetime.now(UTC), serial=700)


def config(own: Identity, other: Identity, *faults: str, actors: frozenset[str] | None = None) -> ReferenceConfig:
    return ReferenceConfig(
        actors=actors or frozenset({NCPEH_A}),
        identity=own,
        trust_anchors=other.authority,
        population_path=rs.POPULATION,
        clock=lambda: datetime.now(UTC),
        peer=PeerSide(home_community="urn:oid:2.999.56.1", xcpd="https://127.0.0.1:1/x", xca="https://127.0.0.1:1/y"),
        faults=frozenset(faults),
    )


@contextmanager
def serving(settings: ReferenceConfig) -> Iterator[Endpoints]:
    started: queue.Queue[Endpoints] = queue.Queue()
    stop = threading.Event()
    thread = threading.Thread(target=serve, args=(settings,), kwargs={"ready": started.put, "stop": stop})
    thread.start()
    try:
        yield started.get(timeout=20)
    finally:
        stop.set()
        thread.join(timeout=20)
        assert not thread.is_alive()


def port_of(url: str | None) -> int:
    assert url is not None
    return int(url.split(":")[2].split("/")[0])


def connect(context: ssl.SSLContext, endpoints: Endpoints) -> http.client.HTTPSConnection:
    return http.client.HTTPSConnection("127.0.0.1", port_of(endpoints.xcpd), context=context, timeout=5)


def certificateless(authority: bytes) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cadata=authority.decode())
    return context


@pytest.fixture(scope="module")
def honest(own: Identity, other: Identity) -> Iterator[Endpoints]:
    with serving(config(own, other, actors=frozenset({NCPEH_A, NCPEH_B}))) as endpoints:
        yield endpoints


HEADERS = {"Content-Type": "application/soap+xml; charset=UTF-8"}
BROKEN = b"<soap:Envelope"


def test_one_connection_serves_several_requests_whole_or_chunked(
    honest: Endpoints, own: Identity, other: Identity
) -> None:
    connection = connect(client_context(other.tls, own.authority), honest)
    statuses = []
    for body, chunked in ((BROKEN, False), (iter([b"<soap:", b"Envelope"]), True), (BROKEN, False)):
        headers = {**HEADERS, "Transfer-Encoding": "chunked"} if chunked else HEADERS
        connection.request("POST", "/xcpd", body=body, headers=headers, encode_chunked=chunked)
        response = connection.getresponse()
        response.read()
        statuses.append((response.status, response.will_close))
    connection.close()
    assert statuses == [(400, False)] * 3


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/xcpd", 405), ("POST", "/none", 404), ("GET", "/xcpd?wsdl", 200), ("GET", "/none?wsdl", 405)],
)
def test_paths_and_methods_that_are_not_served_are_refused(
    honest: Endpoints, own: Identity, other: Identity, method: str, path: str, status: int
) -> None:
    connection = connect(client_context(other.tls, own.authority), honest)
    connection.request(method, path)
    assert connection.getresponse().status == status
    connection.close()


@pytest.mark.parametrize(
    "head", [b"Transfer-Encoding: gzip", b"Content-Length: x", b"Transfer-Encoding: chunked\r\n\r\nzz"]
)
def test_bad_framing_is_answered_with_400(honest: Endpoints, own: Identity, other: Identity, head: bytes) -> None:
    context = client_context(other.tls, own.authority)
    with (
        socket.create_connection(("127.0.0.1", port_of(honest.xcpd)), timeout=5) as plain,
        context.wrap_socket(plain, server_hostname="127.0.0.1") as secured,
    ):
        secured.sendall(b"POST /xcpd HTTP/1.1\r\nHost: a\r\n" + head + b"\r\n\r\n")
        assert secured.recv(100).startswith(b"HTTP/1.1 400")


def _answers(context: ssl.SSLContext, endpoints: Endpoints) -> bool:
    connection = connect(context, endpoints)
    try:
        connection.request("POST", "/xcpd", body=BROKEN, headers=HEADERS)
        return connection.getresponse().status == 400
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def test_clients_need_a_certificate_of_a_known_authority(honest: Endpoints, own: Identity, other: Identity) -> None:
    assert _answers(client_context(other.tls, own.authority), honest)
    assert not _answers(client_context(own.tls, own.authority), honest)
    assert not _answers(certificateless(own.authority), honest)


def test_a_fault_lets_clients_without_certificate_in(own: Identity, other: Identity) -> None:
    with serving(config(own, other, "tls.client-certificate.not-required")) as endpoints:
        assert _answers(certificateless(own.authority), endpoints)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_tls_older_than_1_2_is_refused(honest: Endpoints, own: Identity, other: Identity) -> None:
    context = client_context(other.tls, own.authority)
    context.minimum_version = ssl.TLSVersion.TLSv1_1
    context.maximum_version = ssl.TLSVersion.TLSv1_1
    assert not _answers(context, honest)


@pytest.mark.parametrize(
    ("fault", "certificate", "speaking"),
    [
        ("tls.client-certificate.dates-ignored", "expired", "modern"),
        ("tls.client-certificate.dates-ignored", "not-yet-valid", "modern"),
        ("tls.client-certificate.untrusted-accepted", "untrusted", "modern"),
        ("tls.version.old", "ours", "1.0"),
        ("tls.version.old", "ours", "1.1"),
        ("tls.cipher.weak-accepted", "ours", "weak"),
    ],
)
def test_a_fault_lets_in_who_is_to_be_refused(own: Identity, fault: str, certificate: str, speaking: str) -> None:
    pki = peers.make_pki("BE", "127.0.0.1", datetime.now(UTC))
    caller = Identity(authority=pki.anchors, tls=pki.tls, seal=pki.seal)
    context = peers.client_context(pki.shown(certificate), own.authority, speaking=speaking)
    with serving(config(own, caller)) as endpoints:
        assert not _answers(context, endpoints)
    with serving(config(own, caller, fault)) as endpoints:
        assert _answers(context, endpoints)


@pytest.mark.parametrize("fault", ["http.body.truncated", "http.connection.reset"])
def test_a_transport_fault_leaves_no_complete_answer(own: Identity, other: Identity, fault: str) -> None:
    with serving(config(own, other, fault)) as endpoints:
        connection = connect(client_context(other.tls, own.authority), endpoints)
        connection.request("POST", "/xcpd", body=BROKEN, headers=HEADERS)
        with pytest.raises((OSError, http.client.HTTPException)):
            connection.getresponse().read()
        connection.close()


def test_stopping_does_not_wait_for_a_slow_answer(own: Identity, other: Identity) -> None:
    with serving(config(own, other, "http.answer.slow")) as endpoints:
        connection = connect(client_context(other.tls, own.authority), endpoints)
        connection.request("POST", "/xcpd", body=BROKEN, headers=HEADERS)
        time.sleep(0.1)
        began = time.monotonic()
    assert time.monotonic() - began < 5
    connection.close()


def test_the_trigger_answers_over_tls(honest: Endpoints, own: Identity, other: Identity) -> None:
    context = client_context(other.tls, own.authority)
    connection = http.client.HTTPSConnection("127.0.0.1", port_of(honest.trigger), context=context, timeout=5)
    connection.request("POST", "/trigger", body=b"{}")
    assert (response := connection.getresponse()).status == 400
    assert b'"shown": "error"' in response.read()
    connection.close()


def test_a_port_in_use_is_a_peer_error(honest: Endpoints, own: Identity, other: Identity) -> None:
    taken = replace(config(own, other), port_a=port_of(honest.xcpd))
    with pytest.raises(PeerError):
        serve(taken, ready=lambda _: None, stop=threading.Event())


def test_an_unknown_fault_and_a_missing_population_are_input_errors(own: Identity, other: Identity) -> None:
    for wrong in (
        config(own, other, "no.such.fault"),
        replace(config(own, other), population_path=rs.POPULATION.with_name("none.yaml")),
    ):
        with pytest.raises(InputError):
            serve(wrong, ready=lambda _: None, stop=threading.Event())


def test_an_unknown_actor_is_refused(own: Identity, other: Identity) -> None:
    with pytest.raises(ValueError, match="unknown actor"):
        config(own, other, actors=frozenset({"ncpeh-c"}))


def test_every_fault_says_what_it_is_in_both_languages() -> None:
    for fault in FAULTS.values():
        assert fault.title.en
        assert fault.title.fr
        assert fault.breaks
        assert fault.actor in (NCPEH_A, NCPEH_B)
        assert fault.name.count(".") in (1, 2)


# --- the SUT file and documents from a folder


def _described(settings: ReferenceConfig) -> dict[str, object]:
    endpoints = Endpoints(
        xcpd="https://127.0.0.1:1/xcpd", xca="https://127.0.0.1:1/xca", trigger="https://127.0.0.1:2/t"
    )
    text = describe_sut(settings, endpoints, authorities_path="ca.pem", ours=OurSide(pki="./pki", ports={"xcpd": 8443}))
    loaded: dict[str, object] = YAML(typ="safe").load(text)
    return loaded


def test_the_sut_file_names_roles_trust_and_patients(own: Identity, other: Identity) -> None:
    described = _described(config(own, other))
    assert list(described) == ["system", "actors", "trust", "ours", "data"]
    assert described["trust"] == {"authorities": "ca.pem"}
    data = described["data"]
    assert isinstance(data, dict)
    assert data["patients"]["pt-nominal"]["ids"] == [{"root": "2.999.250.1", "extension": "P-0001"}]
    assert data["documents"] == []


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    documents = rs.POPULATION.parent / "documents"
    (tmp_path / "nested").mkdir()
    shutil.copy(documents / "ps-nominal-3.xml", tmp_path / "nested" / "one.xml")
    foreign = (documents / "ps-second-3.xml").read_bytes().replace(b"P-0004", b"Q-1").replace(b"PS-0004-3", b"PS-Q1-3")
    (tmp_path / "foreign.xml").write_bytes(foreign.replace(b"2.999.250.4", b"2.999.251.4"))
    (tmp_path / "broken.xml").write_bytes(b"<ClinicalDocument")
    (tmp_path / "other.xml").write_bytes(b"<other/>")
    return tmp_path


def test_documents_of_a_folder_are_held_and_unreadable_ones_reported(folder: Path) -> None:
    complaints = io.StringIO()
    holdings = load_holdings(rs.POPULATION, folder, complaints=complaints)
    held = [d for d in holdings.documents if d.from_folder]
    assert [(d.name, d.patient, d.kind, d.level) for d in held] == [
        ("foreign.xml", "doc-patient-1", "patient-summary", 3),
        ("nested/one.xml", "pt-nominal", "patient-summary", 3),
    ]
    assert len({d.unique_id for d in holdings.documents}) == len(holdings.documents)
    reported = complaints.getvalue().splitlines()
    assert [line.split(":")[0] for line in reported] == ["broken.xml", "other.xml"]


def test_documents_of_a_folder_are_rows_of_the_sut_file(folder: Path, own: Identity, other: Identity) -> None:
    described = _described(replace(config(own, other), documents_dir=folder))
    data = described["data"]
    assert isinstance(data, dict)
    assert [(r["row"], r["path"], r["kind"], r["level"]) for r in data["documents"]] == [
        ("doc-001", "foreign.xml", "patient-summary", 3),
        ("doc-002", "nested/one.xml", "patient-summary", 3),
    ]
    assert "doc-patient-1" in data["patients"]


def test_a_document_of_a_folder_can_be_listed_and_fetched(fr: Identity, be: rs.Country, folder: Path) -> None:
    system = rs.system(fr, be, documents=folder)
    held = next(d for d in load_holdings(rs.POPULATION, folder).documents if d.name == "foreign.xml")
    patient = load_holdings(rs.POPULATION, folder).patients[held.patient].ids[0]
    listed: xds.QueryAnswer = rs.query_answer(rs.list_documents(system, be, rs.Ask(patient=patient)))
    assert [e.unique_id for e in listed.entries] == [held.unique_id]
    wanted = rs.Ask(patient=patient, retrieve=((rs.HOME, rs.REPOSITORY, held.unique_id),))
    answer = rs.retrieve_answer(rs.retrieve(system, be, wanted))
    assert answer.documents[0].content == (folder / "foreign.xml").read_bytes()


def test_listings_are_well_formed_even_where_documents_are_not(tmp_path: Path) -> None:
    content = (rs.POPULATION.parent / "documents" / "ps-nominal-3.xml").read_bytes()
    altered = re.sub(rb'<languageCode code="[^"]*"', b'<languageCode code="FR"', content, count=1)
    altered = re.sub(rb'<confidentialityCode code="N"', b'<confidentialityCode code="X"', altered, count=1)
    assert altered != content
    (tmp_path / "odd.xml").write_bytes(altered)
    held = next(d for d in load_holdings(rs.POPULATION, tmp_path).documents if d.from_folder)
    assert (held.language, held.confidentiality, held.content) == ("fr-FR", "N", altered)


@pytest.mark.corpus
def test_documents_of_other_implementations_are_held_or_reported(corpus: Path) -> None:
    complaints = io.StringIO()
    holdings = load_holdings(rs.POPULATION, corpus / "documents" / "ps", complaints=complaints)
    held = [d for d in holdings.documents if d.from_folder]
    files = len(list((corpus / "documents" / "ps").rglob("*.xml")))
    assert len(held) + len(complaints.getvalue().splitlines()) == files
    assert len(held) > files * 0.8
