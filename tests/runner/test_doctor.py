"""What `doctor` says of servers that are right, wrong in one thing, or not there; over real sockets of loopback."""

import asyncio
import contextlib
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest

from harness.model import OurSide, Sut, SutActor, TriggerMeans, Verdict, in_language
from harness.peers import Pki, client_context, make_pki, pki_to_files, server_context
from harness.runner import OPERATOR, PASSED, UNDECIDED, Diagnosis, DoctorLimits, diagnose, doctor_status
from harness.runner._diagnosis import STEPS
from harness.runner._doctor_certificates import certificate_steps
from harness.store import write_folder
from harness.wire import x509
from harness.wire.x509 import Credentials
from tests.runner.runner_bench import SUT

LIMITS = DoctorLimits(connect_s=2, handshake_s=0.6, settle_s=0.08, answer_s=0.6)
PATIENT = replace(LIMITS, settle_s=1.0)
"""For servers that refuse right after the handshake, on a machine that may be busy."""
CERTIFICATE_STEPS = {"server-chain", "server-name", "server-validity", "server-country"}

type Behaviour = Callable[[socket.socket], None]


def now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture(scope="module")
def ours() -> Pki:
    return make_pki("BE", "127.0.0.1", now())


@pytest.fixture(scope="module")
def theirs() -> Pki:
    return make_pki("FR", "127.0.0.1", now())


@pytest.fixture
def pki_dir(ours: Pki, tmp_path: Path) -> Path:
    write_folder(tmp_path / "pki", pki_to_files(ours))
    return tmp_path / "pki"


def leaf(
    theirs: Pki, *, start: float = -1, end: float = 400, host: str = "127.0.0.1", country: str = "FR"
) -> Credentials:
    """A TLS certificate of their authority; `start` and `end` are days from now."""
    return x509.build_certificate(
        common_name="leaf", country=country, organization="Exemple SA", usage="tls", issuer=theirs.authority,
        key=theirs.tls.key, serial=77, not_before=now() + timedelta(days=start), not_after=now() + timedelta(days=end),
        dns_names=() if host[0].isdigit() else (host,), ip_addresses=(host,) if host[0].isdigit() else (),
    )  # fmt: skip


def answering(status: str = "405 Method Not Allowed", ahead: timedelta | None = timedelta(0)) -> Behaviour:
    """Answers one request, with a Date that is `ahead` of now, or without."""

    def behave(connection: socket.socket) -> None:
        while connection.recv(65536):
            date = "" if ahead is None else f"Date: {format_datetime(now() + ahead, usegmt=True)}\r\n"
            connection.sendall(f"HTTP/1.1 {status}\r\n{date}Content-Length: 0\r\n\r\n".encode())

    return behave


def silent(connection: socket.socket) -> None:
    time.sleep(1.5)


@contextmanager
def listening(behave: Behaviour, context: ssl.SSLContext | None = None) -> Iterator[int]:
    """The port of a server that does `behave` with each connection, on TLS when there is a `context`."""

    def one(raw: socket.socket) -> None:
        with contextlib.suppress(OSError), raw:
            raw.settimeout(3)
            if context is None:
                behave(raw)
            else:
                with context.wrap_socket(raw, server_side=True) as secure:
                    behave(secure)

    def accept() -> None:
        with contextlib.suppress(OSError):
            while True:
                threading.Thread(target=one, args=(server.accept()[0],), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=accept, daemon=True).start()
        yield int(server.getsockname()[1])
        server.shutdown(socket.SHUT_RDWR)


def sut_at(
    port: int, trust: bytes, *, host: str = "127.0.0.1", country: str = "FR", ours: OurSide | None = None
) -> Sut:
    actor = SutActor(
        actor="ncpeh-a",
        country=country,
        home_community="urn:oid:2.999.250",
        endpoints={key: f"https://{host}:{port}/{key}" for key in ("xcpd", "xca")},
    )
    return replace(SUT, actors={"ncpeh-a": actor}, trust_authorities=trust, ours=ours or OurSide(), clock_skew_s=60.0)


@dataclass(frozen=True)
class Found:
    """The diagnoses of one call; `[step]` is the last of a step."""

    all: tuple[Diagnosis, ...]

    def __getitem__(self, step: str) -> Diagnosis:
        return self.steps[step]

    @property
    def steps(self) -> Mapping[str, Diagnosis]:
        return {d.step: d for d in self.all}

    @property
    def errors(self) -> set[str]:
        return {d.step for d in self.all if d.verdict is Verdict.ERROR}

    @property
    def status(self) -> int:
        return doctor_status(self.all)


def diagnosed(sut: Sut, pki_dir: Path | None, limits: DoctorLimits = LIMITS) -> Found:
    return Found(asyncio.run(diagnose(sut, pki_dir=pki_dir, limits=limits)))


def test_right_server_passes_every_step_and_is_asked_once_for_each_url(ours: Pki, theirs: Pki, pki_dir: Path) -> None:
    with listening(answering(), server_context(theirs.tls, ours.anchors)) as port:
        found = diagnosed(sut_at(port, theirs.anchors), pki_dir)

    assert {d.verdict for d in found.all} == {Verdict.PASS}
    assert [d.step for d in found.all].count("tcp") == 1
    assert [d.target for d in found.all if d.step == "http"] == [
        f"https://127.0.0.1:{port}/{k}" for k in ("xcpd", "xca")
    ]
    assert set(found.steps) == set(STEPS) - {"address", "discovery"}
    assert found.status == PASSED


def test_closed_port_is_refused_and_the_rest_skipped(theirs: Pki, pki_dir: Path, unused_port: int) -> None:
    found = diagnosed(sut_at(unused_port, theirs.anchors), pki_dir)

    assert found.errors == {"tcp"}
    assert found["tcp"].found == "connection refused"
    assert {found[s].verdict for s in ("tls", "http", "clock", *CERTIFICATE_STEPS)} == {Verdict.SKIPPED}
    assert found.status == UNDECIDED


def test_host_that_does_not_resolve_is_named(theirs: Pki, pki_dir: Path) -> None:
    found = diagnosed(sut_at(443, theirs.anchors, host="a" * 70), pki_dir)

    assert found.errors == {"name"}
    assert found["tcp"].verdict is Verdict.SKIPPED
    assert found.status == UNDECIDED


def test_server_of_another_authority_is_named_with_the_issuer_that_is_missing(
    ours: Pki, theirs: Pki, pki_dir: Path
) -> None:
    other = make_pki("DE", "127.0.0.1", now())
    with listening(answering(), server_context(theirs.tls, ours.anchors)) as port:
        found = diagnosed(sut_at(port, other.anchors), pki_dir)

    assert found.errors == {"server-chain"}
    assert "Harness test authority FR" in found["server-chain"].expected
    assert found["server-chain"].found.startswith("certificate 2, 'CN=Harness test authority FR")
    assert found["client-certificate"].verdict is Verdict.PASS
    assert found["http"].verdict is Verdict.SKIPPED
    assert found.status == UNDECIDED


def test_expired_server_certificate_is_told_from_an_untrusted_one(ours: Pki, theirs: Pki, pki_dir: Path) -> None:
    with listening(answering(), server_context(leaf(theirs, start=-40, end=-3), ours.anchors)) as port:
        found = diagnosed(sut_at(port, theirs.anchors), pki_dir)

    assert found.errors == {"server-validity"}
    assert "3 days ago" in found["server-validity"].found
    assert found["http"].found == "not asked, because of an earlier step: server certificate: validity"
    assert found.status == UNDECIDED


def test_server_certificate_that_ends_soon_is_a_warning(ours: Pki, theirs: Pki, pki_dir: Path) -> None:
    with listening(answering(), server_context(leaf(theirs, end=12.5), ours.anchors)) as port:
        found = diagnosed(sut_at(port, theirs.anchors), pki_dir)

    assert found["server-validity"].verdict is Verdict.WARNING
    assert "12 days left" in found["server-validity"].found
    assert found.status == PASSED


def test_certificate_for_another_host_is_named_with_what_it_names(ours: Pki, theirs: Pki, pki_dir: Path) -> None:
    with listening(answering(), server_context(leaf(theirs, host="gateway.example"), ours.anchors)) as port:
        found = diagnosed(sut_at(port, theirs.anchors), pki_dir)

    assert found.errors == {"server-name"}
    assert found["server-name"].found == "it names DNS:gateway.example"
    assert found["server-name"].expected == "a certificate that names 127.0.0.1"


def test_certificate_of_another_country_is_a_warning(ours: Pki, theirs: Pki, pki_dir: Path) -> None:
    with listening(answering(), server_context(leaf(theirs, country="PT"), ours.anchors)) as port:
        found = diagnosed(sut_at(port, theirs.anchors), pki_dir)

    assert found["server-country"].verdict is Verdict.WARNING
    assert found["server-country"].found.startswith("C=PT in ")
    assert found.status == PASSED


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3], ids=["tls-1.2", "tls-1.3"])
def test_server_that_does_not_trust_our_certificate_says_so(
    version: ssl.TLSVersion, theirs: Pki, pki_dir: Path
) -> None:
    context = server_context(theirs.tls, theirs.anchors)
    context.maximum_version = version
    with listening(answering(), context) as port:
        found = diagnosed(sut_at(port, theirs.anchors), pki_dir, PATIENT)

    assert found.errors == {"client-certificate"}
    assert "unknown ca" in found["client-certificate"].found
    assert found["server-chain"].verdict is Verdict.PASS
    assert found["http"].verdict is Verdict.SKIPPED
    assert found.status == UNDECIDED


def test_key_of_another_certificate_is_our_file_to_change_and_shows_the_servers_chain_still(
    ours: Pki, theirs: Pki, pki_dir: Path
) -> None:
    (pki_dir / "tls.key.pem").write_bytes(x509.key_pem(ours.seal.key))
    with listening(answering(), server_context(theirs.tls, ours.anchors)) as port:
        found = diagnosed(sut_at(port, theirs.anchors), pki_dir)

    wrong = next(d for d in found.all if d.step == "own-key" and d.verdict is Verdict.ERROR)
    assert wrong.target == "ours.pki tls.pem"
    assert in_language(wrong.found, "fr") == "clé privée : elle n'appartient pas au certificat"
    assert found["client-certificate"].verdict is Verdict.SKIPPED
    assert found["server-chain"].verdict is Verdict.PASS
    assert found.status == OPERATOR


def test_plain_http_on_the_port_is_no_tls(theirs: Pki, pki_dir: Path) -> None:
    with listening(answering("400 Bad Request")) as port:
        found = diagnosed(sut_at(port, theirs.anchors), pki_dir)

    assert found.errors == {"tls"}
    assert found["tls"].found == "what answers on this port does not speak TLS"
    assert found.status == UNDECIDED


def test_server_that_stays_silent_is_late_in_the_handshake(theirs: Pki, pki_dir: Path) -> None:
    with listening(silent) as port:
        found = diagnosed(sut_at(port, theirs.anchors), pki_dir)

    assert found.errors == {"tls"}
    assert found["tls"].found == "connected, and then no answer to the handshake"


def test_server_that_closes_at_once_is_said_to(theirs: Pki, pki_dir: Path) -> None:
    with listening(lambda connection: None) as port:
        found = diagnosed(sut_at(port, theirs.anchors), pki_dir)

    assert found.errors == {"tls"}
    assert found["tls"].found == "the server closed the connection during the handshake"


def test_server_of_old_tls_only_is_no_handshake(theirs: Pki, pki_dir: Path) -> None:
    def refuse(connection: socket.socket) -> None:
        connection.recv(4096)
        connection.sendall(b"\x15\x03\x01\x00\x02\x02\x46")  # alert: fatal, protocol_version
        connection.recv(4096)

    with listening(refuse) as port:
        found = diagnosed(sut_at(port, theirs.anchors), pki_dir)

    assert found.errors == {"tls"}
    assert "protocol version" in found["tls"].found


def test_server_that_never_answers_http_is_late(ours: Pki, theirs: Pki, pki_dir: Path) -> None:
    with listening(silent, server_context(theirs.tls, ours.anchors)) as port:
        found = diagnosed(sut_at(port, theirs.anchors), pki_dir)

    assert found.errors == {"http"}
    assert found["http"].found == "no answer within 0.6 s"
    assert found["clock"].verdict is Verdict.SKIPPED


def test_answer_that_is_no_http_is_said_to_be_none(ours: Pki, theirs: Pki, pki_dir: Path) -> None:
    def babble(connection: socket.socket) -> None:
        connection.recv(4096)
        connection.sendall(b"220 mail.example ready\r\n\r\n")

    with listening(babble, server_context(theirs.tls, ours.anchors)) as port:
        found = diagnosed(sut_at(port, theirs.anchors), pki_dir)

    assert found["http"].found == "an answer that does not begin with an HTTP status line"


@pytest.mark.parametrize(
    ("status", "word"), [("403 Forbidden", "in front of the service"), ("404 Not Found", "path of the URL")]
)
def test_front_gateway_and_wrong_path_are_warnings(
    status: str, word: str, ours: Pki, theirs: Pki, pki_dir: Path
) -> None:
    with listening(answering(status), server_context(theirs.tls, ours.anchors)) as port:
        found = diagnosed(sut_at(port, theirs.anchors), pki_dir)

    assert found["http"].verdict is Verdict.WARNING
    assert word in found["http"].next
    assert found.status == PASSED


@pytest.mark.parametrize(
    ("ahead", "said", "advice"),
    [
        (timedelta(seconds=300), "300 s: the system's clock is ahead of ours", "time server"),
        (timedelta(hours=-2), "7200 s: the system's clock is behind ours", "time zone"),
    ],
    ids=["five-minutes", "two-hours"],
)
def test_wrong_clock_is_an_error_with_its_distance(
    ahead: timedelta, said: str, advice: str, ours: Pki, theirs: Pki, pki_dir: Path
) -> None:
    with listening(answering(ahead=ahead), server_context(theirs.tls, ours.anchors)) as port:
        found = diagnosed(sut_at(port, theirs.anchors), pki_dir)

    assert found.errors == {"clock"}
    seconds, _, rest = found["clock"].found.partition(" ")
    assert abs(int(seconds) - int(said.split()[0])) <= 1
    assert rest == said.partition(" ")[2]
    assert advice in found["clock"].next
    assert found.status == UNDECIDED


def test_answer_without_a_date_is_a_warning(ours: Pki, theirs: Pki, pki_dir: Path) -> None:
    with listening(answering(ahead=None), server_context(theirs.tls, ours.anchors)) as port:
        found = diagnosed(sut_at(port, theirs.anchors), pki_dir)

    assert found["clock"].verdict is Verdict.WARNING
    assert found.status == PASSED


def test_clear_text_trigger_is_asked_without_tls_and_a_clear_text_endpoint_is_refused(
    theirs: Pki, pki_dir: Path
) -> None:
    with listening(answering()) as port:
        url = f"http://127.0.0.1:{port}/xcpd"
        actor = SutActor(
            actor="ncpeh-b", country="FR", home_community="", endpoints={"xcpd": url, "xca": "ftp://user:word@x"},
            trigger=TriggerMeans(url=f"http://127.0.0.1:{port}/trigger?token=word"),
        )  # fmt: skip
        found = diagnosed(replace(sut_at(1, theirs.anchors), actors={"ncpeh-b": actor}), pki_dir)

    assert {d.target for d in found.all if d.step == "address"} == {
        "actors.ncpeh-b.endpoints.xcpd",
        "actors.ncpeh-b.endpoints.xca",
    }
    assert "tls" not in found.steps
    assert {d.verdict for d in found.all if d.step == "http"} == {Verdict.PASS}
    assert "word" not in str(found.all)
    assert found.status == OPERATOR


def test_port_of_ours_that_is_taken_is_not_the_operators_file(theirs: Pki, pki_dir: Path, unused_port: int) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        sut = sut_at(unused_port, theirs.anchors, ours=OurSide(ports={"xcpd": int(taken.getsockname()[1])}))
        found = diagnosed(sut, pki_dir)

    assert found["listen"].found == "taken by another program"
    assert found["listen"].option == ""


def test_host_of_ours_that_is_not_here_is_the_operators_file(theirs: Pki, pki_dir: Path, unused_port: int) -> None:
    sut = sut_at(unused_port, theirs.anchors, ours=OurSide(host="192.0.2.1"))
    found = diagnosed(sut, pki_dir)

    assert found["listen"].verdict is Verdict.ERROR
    assert found.status == OPERATOR


def test_trust_without_any_authority_is_the_operators_file(ours: Pki, theirs: Pki, pki_dir: Path) -> None:
    with listening(answering(), server_context(theirs.tls, ours.anchors)) as port:
        found = diagnosed(sut_at(port, b""), pki_dir)
        by_leaf = diagnosed(sut_at(port, x509.certificate_pem(theirs.tls.certificate)), pki_dir)
        both = diagnosed(sut_at(port, x509.certificate_pem(theirs.tls.certificate) + theirs.anchors), pki_dir)

    assert found.errors == {"trust"}
    assert found["server-chain"].verdict is Verdict.SKIPPED
    assert found.status == OPERATOR
    assert "trust" in by_leaf.errors
    assert [d.verdict for d in both.all if d.step == "trust"] == [Verdict.WARNING, Verdict.PASS]
    assert both.status == PASSED


def test_key_material_is_made_once_and_then_found(theirs: Pki, tmp_path: Path, unused_port: int) -> None:
    sut = sut_at(unused_port, theirs.anchors)
    first, second = (diagnosed(sut, tmp_path / "new") for _ in range(2))

    assert first["own-key"].verdict is Verdict.WARNING
    assert first["own-key"].found == "made now, for the first time"
    assert second["own-key"].verdict is Verdict.PASS
    assert diagnosed(sut, None)["own-key"].next.startswith("name a folder in ours.pki")


def test_missing_and_unreadable_files_of_ours_are_named(theirs: Pki, pki_dir: Path, unused_port: int) -> None:
    (pki_dir / "seal.key.pem").unlink()
    (pki_dir / "ca.pem").write_bytes(b"nothing")
    found = diagnosed(sut_at(unused_port, theirs.anchors), pki_dir)

    wrong = {d.target: d.found for d in found.all if d.step == "own-key" and d.verdict is Verdict.ERROR}
    assert wrong == {
        "ours.pki ca.pem": "the certificate cannot be read",
        "ours.pki seal.pem": "not there: seal.key.pem",
    }
    assert found.status == OPERATOR


def test_certificate_of_ours_without_a_country_is_named(
    ours: Pki, theirs: Pki, pki_dir: Path, unused_port: int
) -> None:
    nowhere = x509.build_certificate(
        common_name="x", country=None, organization="x", usage="tls", issuer=ours.authority, key=ours.tls.key, serial=9,
        not_before=now(), not_after=now() + timedelta(days=9),
    )  # fmt: skip
    (pki_dir / "tls.pem").write_bytes(x509.certificate_pem(nowhere.certificate))
    found = diagnosed(sut_at(unused_port, theirs.anchors), pki_dir)

    assert found["own-key"].verdict is Verdict.ERROR
    assert in_language(found["own-key"].found, "fr").endswith("attendu un attribut C")
    assert found.status == OPERATOR


def intermediate(theirs: Pki) -> tuple[Credentials, Credentials]:
    """A leaf whose issuer is itself issued by their authority, which allows none below it, and that issuer."""
    below = x509.build_authority(
        common_name="Issuing", country="FR", not_before=now(), not_after=now() + timedelta(days=9), key=theirs.seal.key,
        serial=5,
    )  # fmt: skip
    made = x509.build_certificate(
        common_name="x", country="FR", organization="x", usage="tls", issuer=below, key=theirs.tls.key, serial=6,
        not_before=now(), not_after=now() + timedelta(days=9), dns_names=["*.sut.example"],
    )  # fmt: skip
    return made, below


def of_certificates(sent: Sequence[Credentials], anchors: Sequence[Credentials], host: str) -> Found:
    ders = [x509.certificate_der(c.certificate) for c in sent]
    trusted = tuple(c.certificate for c in anchors)
    return Found(tuple(certificate_steps("t", ders, trusted, host=host, countries=["FR"], at=now())))


def test_intermediate_that_is_not_sent_is_named_as_the_issuer_of_certificate_1(theirs: Pki) -> None:
    made, below = intermediate(theirs)
    alone = of_certificates([made], [theirs.authority], "a.sut.example")
    whole = of_certificates([made], [below], "a.sut.example")

    assert alone["server-chain"].expected == "'CN=Issuing,C=FR' in the chain sent or in trust.authorities"
    assert alone["server-chain"].found.startswith("certificate 1, 'CN=x")
    assert whole["server-chain"].verdict is Verdict.PASS


def test_authority_that_was_made_anew_is_told_from_a_missing_one(theirs: Pki) -> None:
    again = make_pki("FR", "127.0.0.1", now())
    found = of_certificates([theirs.tls], [again.authority], "127.0.0.1")

    assert "with another key" in found["server-chain"].found


def test_chain_through_a_certificate_that_may_not_sign_is_an_error(theirs: Pki) -> None:
    no_authority = leaf(theirs)
    made = x509.build_certificate(
        common_name="x", country="FR", organization="x", usage="tls", issuer=no_authority, key=theirs.seal.key, serial=6,
        not_before=now() - timedelta(hours=1), not_after=now() + timedelta(days=99), ip_addresses=["127.0.0.1"],
    )  # fmt: skip
    found = of_certificates([made, no_authority], [theirs.authority], "127.0.0.1")

    assert found["server-chain"].verdict is Verdict.ERROR
    assert in_language(found["server-chain"].found, "fr").endswith("n'est pas une autorité")


@pytest.mark.parametrize(
    ("host", "good"),
    [("a.sut.example", True), ("A.SUT.example", True), ("sut.example", False), ("a.b.sut.example", False)],
)
def test_wildcard_stands_for_one_label(host: str, good: bool, theirs: Pki) -> None:
    made, below = intermediate(theirs)
    assert (of_certificates([made], [below], host)["server-name"].verdict is Verdict.PASS) is good


def test_no_certificate_at_all_is_said() -> None:
    found = Found(tuple(certificate_steps("t", [], (), host="x", countries=["FR"], at=now())))
    assert found["server-chain"].verdict is Verdict.ERROR
    garbled = Found(tuple(certificate_steps("t", [b"0garbage"], (), host="x", countries=["FR"], at=now())))
    assert garbled.errors == {"server-chain"}


def test_host_is_judged_as_the_tls_library_does(ours: Pki, theirs: Pki, pki_dir: Path) -> None:
    """Where every certificate step passes, the verified connection is made, too."""
    with listening(answering(), server_context(leaf(theirs, host="localhost"), ours.anchors)) as port:
        found = diagnosed(sut_at(port, theirs.anchors, host="localhost"), pki_dir)
        context = client_context(ours.tls, theirs.anchors)
        with (
            socket.create_connection(("127.0.0.1", port)) as raw,
            context.wrap_socket(raw, server_hostname="localhost"),
        ):
            pass

    assert found["server-name"].verdict is Verdict.PASS
    assert found["http"].verdict is Verdict.PASS


def test_every_sentence_has_a_french_one(ours: Pki, theirs: Pki, pki_dir: Path, unused_port: int) -> None:
    with listening(answering(ahead=timedelta(days=1)), server_context(theirs.tls, ours.anchors)) as port:
        found = diagnosed(sut_at(port, theirs.anchors), pki_dir).all + diagnosed(sut_at(unused_port, b""), None).all
    texts = {text for d in found for text in (d.expected, d.found, d.next) if text}
    protocol = {"127.0.0.1", *(t for t in texts if t.startswith("TLSv1"))}

    assert [t for t in sorted(texts - protocol) if in_language(t, "fr") == t] == []
