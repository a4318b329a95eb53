"""A whole run written by hand, small but with every kind of record in it. All people and hosts are fictitious."""

from datetime import UTC, datetime, timedelta

from harness.model import (
    ArtefactUse,
    Cause,
    Environment,
    Exchange,
    FailureKind,
    Finding,
    HttpRecord,
    Layer,
    Level,
    Localized,
    Location,
    PackUse,
    Party,
    Requirement,
    RequirementResult,
    RowResult,
    Run,
    Severity,
    State,
    StepResult,
    SystemIdentity,
    TlsFacts,
    TransportFailure,
    TriggerOutcome,
    ValidationReport,
    Verdict,
)

NOW = datetime(2026, 3, 14, 9, 26, 53, 589793, tzinfo=UTC)
REQUIREMENT = Requirement(
    id="XCPD-A-001",
    text=Localized(en="It answers", fr="Il répond"),
    level=Level.SHALL,
    actor="ncpeh-a",
    group="xcpd",
    sources=("a document, 1.2",),
    remedy=Localized(en="answer"),
)


def http(start_line: str, body: bytes) -> HttpRecord:
    """An HTTP message whose body holds exactly `body`."""
    head = f"{start_line}\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    return HttpRecord(raw=head + body, body=body, start_line=start_line, headers=(("Content-Length", str(len(body))),))


def exchange(id: str = "x0001", body: bytes = b"<a>\xc3\xa9\x00\xff</a>") -> Exchange:
    """A complete exchange over TLS, answered with `body`."""
    return Exchange(
        id=id,
        transaction="ITI-55",
        initiator=Party.PEER,
        url="https://sut.example/xcpd",
        started_at=NOW,
        duration_s=0.25,
        request=http("POST /xcpd HTTP/1.1", b"<q/>"),
        response=http("HTTP/1.1 200 OK", body),
        tls=TlsFacts(
            version="TLSv1.3", cipher="X", peer_certificate=b"\x30\x82", peer_not_after=NOW, peer_country="FR"
        ),
        altered=("saml.hcp.expired",),
    )


def broken_exchange(id: str = "x0002") -> Exchange:
    """An exchange that was cut."""
    return Exchange(
        id=id,
        transaction="ITI-38",
        initiator=Party.SUT,
        url="https://127.0.0.1/xca",
        started_at=NOW,
        duration_s=1,
        request=HttpRecord(raw=b"", body=b"", start_line="", headers=(), complete=False),
        failure=TransportFailure(kind=FailureKind.CUT, detail="ended early", after_s=0.5),
    )


def finding() -> Finding:
    return Finding(
        at=Location(message="response", xpath="/soap:Envelope", line=3, column=5, offset=17),
        expected="AA",
        found="AE",
        rule="XCPD-A-001",
        requirement="XCPD-A-001",
        severity=Severity.ERROR,
        layer=Layer.XSD,
        source="a document, 1.2",
        deviation="DEV-01",
        excerpt="<a/>\n",
    )


def row(id: str = "XCPD-A-POS-001", exchanges: tuple[Exchange, ...] = ()) -> RowResult:
    """A failed row with one step of everything."""
    exchanges = exchanges or (exchange(), broken_exchange())
    use = ArtefactUse(
        coordinate="g:a:1",
        artefact="xsd/a",
        layer=Layer.XSD,
        sha256="0" * 64,
        verdict=Verdict.FAIL,
        rules_loaded=3,
        requirement="XCPD-A-001",
    )
    report = ValidationReport(
        name="response",
        kind="message:X",
        sha256="1" * 64,
        size=4,
        verdict=Verdict.FAIL,
        uses=(use,),
        findings=(finding(),),
    )
    result = RequirementResult(id="XCPD-A-001", verdict=Verdict.FAIL, findings=(finding(),), reason="because")
    step = StepResult(
        path="3.1",
        verb="send",
        title=Localized(en="Ask", fr="Interroger"),
        state=State.DONE,
        verdict=Verdict.FAIL,
        cause=Cause.SUT,
        reason="expected AA, found AE",
        started_at=NOW,
        duration_s=0.25,
        expected="AA",
        found="AE",
        covers=("XCPD-A-001",),
        exchanges=tuple(x.id for x in exchanges),
        findings=(finding(),),
        requirements=(result,),
        validations=(report,),
        line=12,
    )
    return RowResult(
        id=id,
        scenario="XCPD-A-POS-001",
        row=None,
        title=Localized(en="A patient is found", fr="Un patient est trouvé"),
        profile="patient-summary",
        sut_actor="ncpeh-a",
        state=State.DONE,
        verdict=Verdict.FAIL,
        cause=Cause.SUT,
        tags=("smoke",),
        covers=("XCPD-A-001",),
        started_at=NOW,
        duration_s=1.5,
        steps=(step,),
        requirements=(result,),
        exchanges=exchanges,
        triggers=(TriggerOutcome(kind="http", ok=True, shown='{"shown": "patient"}', duration_s=0.1),),
        source="scenarios/x.yaml",
        source_line=1,
        digest="2" * 64,
    )


def run(*rows: RowResult) -> Run:
    """A finished run of `rows`, of one row when none are given."""
    return Run(
        id="20260314-092653-ab12",
        kind="trial",
        started_at=NOW,
        ended_at=NOW + timedelta(seconds=2),
        state=State.DONE,
        verdict=Verdict.FAIL,
        system=SystemIdentity(name="Exemple NCPeH", version="1.0"),
        sut_actors=("ncpeh-a",),
        rows=rows or (row(),),
        requirements=(RequirementResult(id="XCPD-A-001", verdict=Verdict.FAIL, findings=(finding(),)),),
        catalogue={"XCPD-A-001": REQUIREMENT},
        packs=(
            PackUse(
                coordinate="g:a:1",
                title="A pack",
                origin="built-in",
                status="valid",
                digest="3" * 64,
                complete=False,
                artefacts={"xsd/a": "4" * 64},
                problems=("one file is missing",),
            ),
        ),
        environment=Environment(harness="0.1.0", python="3.13.0", platform="Linux x86_64", libraries={"lxml": "5"}),
        faults=("xcpd.answer.wrong",),
        seed=7,
    )
