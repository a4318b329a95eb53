"""Small tools to run a peer on loopback, and a small world to run it in."""

import asyncio
import ssl
from collections.abc import Callable, Coroutine, Mapping
from datetime import UTC, date, datetime

from harness.model import (
    Datum,
    Exchange,
    HttpRecord,
    OurSide,
    Patient,
    PatientId,
    Population,
    PopulationDocument,
    Practitioner,
    SutActor,
)
from harness.peers import Caller, InitiatingGateway, OutgoingRequest, Pki, PreparedRequest, RespondingGateway, SeededIds

NOW = datetime.now(UTC).replace(microsecond=0)


def clock() -> datetime:
    return NOW


def run[T](work: Coroutine[object, object, T]) -> T:
    """Run `work` to its end, for 20 s at most."""

    async def bounded() -> T:
        async with asyncio.timeout(20):
            return await work

    return asyncio.run(bounded())


async def call(
    url: str,
    context: ssl.SSLContext | None,
    *,
    body: bytes = b"<a/>",
    within_s: float = 5.0,
    connect_timeout_s: float = 2.0,
    chunked: bool = False,
    settle_s: float = 0.0,
    caller: Caller | None = None,
) -> Exchange:
    """One call of its own, unless `caller` is given."""
    request = OutgoingRequest(
        url=url,
        headers=(("Content-Type", "application/soap+xml; charset=UTF-8"),),
        body=body,
        chunked=chunked,
        settle_s=settle_s,
    )
    used = caller or Caller(clock)
    try:
        return await used.exchange(
            request,
            id="x0001",
            transaction="ITI-55",
            context=context,
            within_s=within_s,
            connect_timeout_s=connect_timeout_s,
        )
    finally:
        if caller is None:
            await used.aclose()


type Misbehaviour = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Coroutine[object, object, None]]


async def raw_server(behave: Misbehaviour, context: ssl.SSLContext | None) -> tuple[asyncio.Server, int]:
    """A server that does with each connection what `behave` does."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await behave(reader, writer)
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.transport.abort()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    return server, server.sockets[0].getsockname()[1]


def cda(unique_id: str, patient: str, template: str) -> bytes:
    """As much of a clinical document as the peers look at."""
    return (
        '<ClinicalDocument xmlns="urn:hl7-org:v3"><typeId root="2.16.840.1.113883.1.3" extension="POCD_HD000040"/>'
        f'<templateId root="1.3.6.1.4.1.12559.11.10.1.3.1.1.{template}"/><id root="{unique_id}"/>'
        '<code code="60591-5" codeSystem="2.16.840.1.113883.6.1"/><title>Patient Summary</title>'
        '<effectiveTime value="20240301101500+0100"/><confidentialityCode code="N"/><languageCode code="fr-FR"/>'
        f'<recordTarget><patientRole><id root="2.999.1" extension="{patient}"/></patientRole></recordTarget>'
        "</ClinicalDocument>"
    ).encode()


def _document(key: str, patient: str, level: int, unique_id: str) -> PopulationDocument:
    return PopulationDocument(
        key=key,
        patient=patient,
        kind="patient-summary",
        level=level,
        unique_id=unique_id,
        content=cda(unique_id, patient, "3" if level == 3 else "7"),
        pair=patient,
        title="Patient Summary",
    )


def _patient(key: str, number: int, **others: object) -> Patient:
    traits: dict[str, object] = {"family": "Exemple", "given": key, "birth": date(1979, 3, 14), "gender": "F", **others}
    return Patient(key=key, ids=(PatientId(root="2.999.1", extension=f"P-{number}"),), **traits)  # type: ignore[arg-type]


POPULATION = Population(
    patients={
        "nominal": _patient("nominal", 1, street="rue Une", city="Ville", postal_code="1", country="FR"),
        "second": _patient("second", 2),
        "silent": _patient("silent", 3, consent=False),
        "bare": _patient("bare", 4),
        "twin-1": _patient("twin-1", 5, given="Dominique"),
        "twin-2": _patient("twin-2", 6, given="Dominique"),
    },
    practitioners={
        "physician": Practitioner(
            key="physician",
            name="Dr Essai",
            name_id="essai@hospital.example",
            role_code="221",
            role_display="Medical Doctors",
            facility_type="Hospital",
            organization="Hospital",
            organization_id="urn:oid:2.999.7",
            locality="Ville",
            permissions=("PRD-003", "PRD-006", "PRD-010", "PPD-046"),
        )
    },
    documents=(
        _document("n3", "nominal", 3, "2.999.9.1"),
        _document("n1", "nominal", 1, "2.999.9.2"),
        _document("s3", "second", 3, "2.999.9.3"),
        _document("s1", "second", 1, "2.999.9.4"),
        _document("silent", "silent", 3, "2.999.9.5"),
    ),
)
OURS = OurSide()
HCID = OURS.home_community.removeprefix("urn:oid:")
TARGET = SutActor(
    actor="ncpeh-a",
    country="FR",
    home_community="urn:oid:2.999.250",
    endpoints={key: f"https://127.0.0.1:1/{key}" for key in ("xcpd", "xca", "xdr", "sts", "sts_nok")},
)
NOMINAL: dict[str, dict[str, Datum]] = {
    "ITI-55": {"patient": "nominal"},
    "ITI-38": {"patient": "nominal"},
    "ITI-39": {
        "patient": "nominal",
        "documents": (
            {"home": OURS.home_community, "repository": HCID, "id": "2.999.9.1"},
            {"home": OURS.home_community, "repository": HCID, "id": "2.999.9.2"},
        ),
    },
    "ITI-41": {
        "patient": "nominal",
        "practitioner": "physician",
        "prescription": {"root": "2.999.11", "extension": "RX-1"},
    },
    "STS-TRC": {"patient": "nominal"},
    "STS-NOK": {"patient": "nominal"},
}


def prepared(
    pki: Pki,
    anchors: bytes,
    transaction: str,
    *mutate: str,
    target: SutActor = TARGET,
    arguments: Mapping[str, Datum] | None = None,
) -> PreparedRequest:
    """The request of a gateway that always draws the same identifiers, in a session of its own."""
    gateway = InitiatingGateway(pki, OURS, anchors, clock, SeededIds(7))
    return gateway.prepare(
        transaction,
        {**NOMINAL[transaction], **(arguments or {})},
        mutate,
        target=target,
        patients=POPULATION.patients,
        practitioners=POPULATION.practitioners,
        session=gateway.new_session(),
    )


def record(request: OutgoingRequest) -> HttpRecord:
    """`request` as it would arrive."""
    return HttpRecord(raw=b"", body=request.body, start_line="POST / HTTP/1.1", headers=request.headers)


def responder(population: Population = POPULATION) -> RespondingGateway:
    return RespondingGateway(OURS, population, clock, SeededIds(11), slow_s=1.5)
