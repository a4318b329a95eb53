"""One country on each side, without a network: requests and answers, altered or not, and what a judge says of them.

The default population lives in country A (FR); country B (BE) asks. A request is judged as if the system under test had
written it as country B, an answer as if it had as country A.
"""

import functools
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from harness import checks
from harness.model import Datum, Exchange, HttpRecord, OurSide, Party, Sut, SutActor, SystemIdentity, TlsFacts, Verdict
from harness.packs import Library, bundled_data, load_library, packs_with_builtin
from harness.peers import (
    FAULTS,
    InitiatingGateway,
    Pki,
    PlannedAnswer,
    PreparedRequest,
    RespondingGateway,
    SeededIds,
    make_pki,
)
from harness.runner._judge import Judge, Judged
from harness.validators import Validator
from harness.wire import x509

AT = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
SIDE_A = OurSide(country="FR", home_community="urn:oid:2.999.250")
SIDE_B = OurSide(country="BE", home_community="urn:oid:2.999.56.1")
URLS = {key: f"https://ncp.example/{key}" for key in ("xcpd", "xca", "xdr", "sts", "sts_nok")}
ORDER = ("ITI-55", "ITI-38", "ITI-39", "ITI-41")
TOKEN_SERVICE = ("STS-TRC", "STS-NOK")
PS_3, PS_1 = "2.999.250.9.1", "2.999.250.9.2"
NOMINAL: Mapping[str, Mapping[str, Datum]] = {
    "ITI-55": {"patient": "pt-nominal"},
    "ITI-38": {"patient": "pt-nominal"},
    "ITI-39": {
        "patient": "pt-nominal",
        "documents": tuple(
            {"home": SIDE_A.home_community, "repository": "2.999.250", "id": name} for name in (PS_3, PS_1)
        ),
    },
    "ITI-41": {
        "patient": "pt-prescribed",
        "practitioner": "pharmacist",
        "prescription": {"root": "2.999.250.9.59"},
    },
    **{name: {"patient": "pt-nominal"} for name in TOKEN_SERVICE},
}


@functools.cache
def pki() -> Pki:
    return make_pki("BE", "127.0.0.1", AT)


@functools.cache
def library() -> Library:
    return load_library(bundled_data())


@functools.cache
def validator() -> Validator:
    return Validator(packs_with_builtin([]), explain=False)


def _sut() -> Sut:
    return Sut(
        system=SystemIdentity(name="Exemple", version="1"),
        actors={
            "ncpeh-a": SutActor(actor="ncpeh-a", country="FR", home_community=SIDE_A.home_community, endpoints=URLS),
            "ncpeh-b": SutActor(actor="ncpeh-b", country="BE", home_community=SIDE_B.home_community),
        },
        trust_authorities=pki().anchors,
        ours=SIDE_B,
        patients={},
        data={},
    )


@functools.cache
def judge(actor: str) -> Judge:
    """A judge of what the system under test writes in the role `actor`."""
    return Judge(
        sut=replace(_sut(), ours=SIDE_B if actor == "ncpeh-a" else SIDE_A),
        catalogue=library().requirements,
        population=library().populations["default"],
        validator=validator(),
        our_anchors=pki().anchors,
    )


def needs(name: str) -> Mapping[str, Datum]:
    """What a request has to be asked for with, so that there is what the mutation `name` alters."""
    return {"next_of_kin": True} if name.startswith("saml.nok.") else {}


def asked(transaction: str, *mutate: str, arguments: Mapping[str, Datum] | None = None) -> PreparedRequest:
    """The request of country B, altered by `mutate`; the same identifiers each time."""
    gateway = InitiatingGateway(pki(), SIDE_B, pki().anchors, lambda: AT, SeededIds(7 + [*NOMINAL].index(transaction)))
    population = library().populations["default"]
    return gateway.prepare(
        transaction,
        {**NOMINAL[transaction], **(arguments or {})},
        mutate,
        target=_sut().actors["ncpeh-a"],
        patients=population.patients,
        practitioners=population.practitioners,
        session=gateway.new_session(),
    )


def arrived(request: PreparedRequest) -> HttpRecord:
    """`request` as country A gets it."""
    sent = request.request
    return HttpRecord(raw=sent.body, body=sent.body, start_line="POST / HTTP/1.1", headers=sent.headers)


def answered(transaction: str, *faults: str, request: PreparedRequest | None = None) -> PlannedAnswer:
    """The answer of our country A to `request` (the good one when none is given), worsened by `faults`."""
    gateway = RespondingGateway(
        SIDE_A, library().populations["default"], lambda: AT, SeededIds(31 + ORDER.index(transaction))
    )
    return gateway.answer(arrived(request or asked(transaction)), transaction, {}, faults)


def returned(answer: PlannedAnswer) -> HttpRecord:
    """`answer` as country B gets it."""
    start = f"HTTP/1.1 {answer.status} X"
    return HttpRecord(raw=answer.body, body=answer.body, start_line=start, headers=answer.headers)


@dataclass(frozen=True, kw_only=True)
class Side:
    """What a judge says: requirements that are not met, and rules of artefacts that fired."""

    judged: Judged

    @property
    def missed(self) -> frozenset[str]:
        """Requirements with a verdict of fail or warning."""
        bad = (Verdict.FAIL, Verdict.WARNING)
        return frozenset(r.id for r in self.judged.requirements if r.verdict in bad)

    @property
    def rules(self) -> frozenset[str]:
        """Rules of artefacts and of structure that fired, by layer and name."""
        return frozenset(f"{f.layer}:{f.rule}" for f in self.judged.findings if not f.requirement)


def _exchange(
    transaction: str, by: Party, request: HttpRecord, response: HttpRecord, altered: tuple[str, ...] = ()
) -> Exchange:
    tls = TlsFacts(
        version="TLSv1.3",
        cipher="TLS_AES_256_GCM_SHA384",
        peer_certificate=x509.certificate_der(pki().tls.certificate),
        peer_country="BE",
    )
    return Exchange(
        id=f"x000{ORDER.index(transaction) + 1}",
        transaction=transaction,
        initiator=by,
        url=URLS["xca"],
        started_at=AT,
        duration_s=0.1,
        request=request,
        response=response,
        tls=tls,
        altered=altered,
    )


@functools.cache
def _good(transaction: str, by: Party) -> Exchange:
    return _exchange(transaction, by, arrived(asked(transaction)), returned(answered(transaction)))


def _earlier(transaction: str, by: Party) -> list[checks.View]:
    before = ORDER[: ORDER.index(transaction)] if transaction != "ITI-41" else ()
    return [checks.view(_good(name, by)) for name in before]


def request_judged(transaction: str, *mutate: str) -> Side:
    """What is said of the request, as of one that the system under test wrote."""
    wanted = {key: value for name in mutate for key, value in needs(name).items()}
    request = asked(transaction, *mutate, arguments=wanted)
    exchange = _exchange(transaction, Party.SUT, arrived(request), returned(answered(transaction)))
    person = str(NOMINAL[transaction]["patient"])
    context = judge("ncpeh-b").context("ncpeh-b", _earlier(transaction, Party.SUT), person)
    return Side(judged=judge("ncpeh-b").exchange(exchange, context))


def answer_judged(transaction: str, *faults: str) -> Side:
    """What is said of the answer, as of one that the system under test wrote; a listing also by what is retrieved after it."""
    exchange = _exchange(transaction, Party.PEER, arrived(asked(transaction)), returned(answered(transaction, *faults)))
    return Side(judged=judge("ncpeh-a").exchange(exchange, _context_of_answer(transaction)))


def retrieval_judged(*faults: str) -> Side:
    """What is said of a good retrieve after a listing with `faults`."""
    listing = _exchange("ITI-38", Party.PEER, arrived(asked("ITI-38")), returned(answered("ITI-38", *faults)))
    earlier = [*_earlier("ITI-38", Party.PEER), checks.view(listing)]
    context = judge("ncpeh-a").context("ncpeh-a", earlier, "pt-nominal")
    return Side(judged=judge("ncpeh-a").exchange(_good("ITI-39", Party.PEER), context))


def _context_of_answer(transaction: str) -> checks.Context:
    return judge("ncpeh-a").context("ncpeh-a", _earlier(transaction, Party.PEER), str(NOMINAL[transaction]["patient"]))


def is_of_transport(name: str) -> bool:
    """Whether the fault is in how the answer travels: late, cut, never."""
    fault = FAULTS[name]
    return fault.http is not None
