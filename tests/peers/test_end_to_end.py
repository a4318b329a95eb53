"""Our country B asks our country A over real mutual TLS: the three transactions, good and bad."""

import asyncio
from dataclasses import replace

import pytest

from harness.model import Exchange, FailureKind
from harness.peers import Caller, InitiatingGateway, PeerServer, Pki, SeededIds, server_context
from harness.wire import codes, mtom, soap, xds
from tests.peers.peer_bench import NOMINAL, OURS, POPULATION, TARGET, clock, responder, run


def chain(
    ours: Pki, theirs: Pki, transaction: str, mutate: tuple[str, ...] = (), faults: tuple[str, ...] = ()
) -> tuple[Exchange, Exchange | None]:
    """What the caller and the listener recorded of one request; the listener is country A of `theirs`."""

    async def work() -> tuple[Exchange, Exchange | None]:
        server = PeerServer(server_context(theirs.tls, ours.anchors), clock)
        await server.start("127.0.0.1", {})
        gateway = InitiatingGateway(ours, OURS, theirs.anchors, clock, SeededIds(3))
        request = gateway.prepare(
            transaction,
            NOMINAL[transaction],
            mutate,
            target=replace(TARGET, endpoints=server.endpoints),
            patients=POPULATION.patients,
            practitioners=POPULATION.practitioners,
            session=gateway.new_session(),
        )
        caller = Caller(clock)
        asking = asyncio.create_task(
            caller.exchange(
                request.request,
                id="x0001",
                transaction=transaction,
                context=request.context,
                client_certificate=request.client_certificate,
                within_s=5,
                altered=request.altered,
            )
        )
        try:
            incoming = await server.next_request(transaction, 0.8 if any(m.startswith("tls") for m in mutate) else 5)
            recorded = None
            if incoming is not None:
                answer = responder().answer(incoming.request, transaction, {}, faults)
                recorded = await server.reply(incoming, answer, id="x0002", altered=faults)
            return await asking, recorded
        finally:
            await caller.aclose()
            await server.aclose()

    return run(work())


@pytest.mark.parametrize("transaction", codes.CROSS_BORDER)
def test_transaction_runs_over_mutual_tls(transaction: str, ours: Pki, theirs: Pki) -> None:
    asked, answered = chain(ours, theirs, transaction)
    assert asked.failure is None
    assert answered is not None
    assert asked.response == answered.response
    assert asked.response is not None
    assert asked.response.status == 200
    message = soap.parse_message(asked.response.header("content-type"), asked.response.body)
    assert message.addressing.action == codes.ACTIONS[transaction].response


def test_retrieved_documents_survive_the_wire(ours: Pki, theirs: Pki) -> None:
    asked, _ = chain(ours, theirs, "ITI-39")
    assert asked.response is not None
    message = soap.parse_message(asked.response.header("content-type"), asked.response.body)
    assert message.payload is not None
    answer = xds.parse_retrieve_answer(message.payload, lambda d: mtom.resolve_xop(d, message.parts))
    assert [d.content for d in answer.documents] == [d.content for d in POPULATION.documents[:2]]


@pytest.mark.parametrize(
    "mutation",
    [
        "http.body.chunked",
        "soap.version.1-1",
        "soap.body.truncated-xml",
        "soap.body.doctype",
        "http.content-type.wrong",
    ],
)
def test_altered_request_still_reaches_whoever_waits_for_it(mutation: str, ours: Pki, theirs: Pki) -> None:
    asked, answered = chain(ours, theirs, "ITI-55", (mutation,))
    assert answered is not None
    assert asked.altered == (mutation,)
    assert asked.response is not None


@pytest.mark.parametrize("mutation", ["tls.client-certificate.missing", "tls.client-certificate.untrusted"])
def test_client_certificate_that_is_bad_on_purpose_is_refused(mutation: str, ours: Pki, theirs: Pki) -> None:
    asked, answered = chain(ours, theirs, "ITI-38", (mutation,))
    assert answered is None
    assert asked.failure is not None
    assert asked.failure.kind is FailureKind.TLS_REFUSED


@pytest.mark.parametrize(
    ("fault", "kind"), [("answer.reset", FailureKind.RESET), ("answer.truncated", FailureKind.CUT)]
)
def test_fault_of_transport_is_seen_by_the_caller(fault: str, kind: FailureKind, ours: Pki, theirs: Pki) -> None:
    asked, answered = chain(ours, theirs, "ITI-39", faults=(fault,))
    assert asked.failure is not None
    assert asked.failure.kind is kind
    assert answered is not None
    assert answered.altered == (fault,)
