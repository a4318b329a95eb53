"""A run made by hand with every verdict a page can show. All people and hosts are fictitious."""

import base64
import hashlib
from dataclasses import replace
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

START = datetime(2026, 11, 21, 9, 14, 2, tzinfo=UTC)

SOAP = "http://www.w3.org/2003/05/soap-envelope"
CDA = """<?xml version="1.0" encoding="UTF-8"?>
<ClinicalDocument xmlns="urn:hl7-org:v3">
  <id root="2.999.1.7" extension="D-1"/>
  <code code="60591-5" codeSystem="2.16.840.1.113883.6.1" displayName="Patient summary"/>
  <title>Résumé patient</title>
  <effectiveTime value="20261101083000+0100"/>
  <languageCode code="fr-FR"/>
  <recordTarget><patientRole><id root="2.999.1" extension="P-1"/><patient>
    <name><given>Camille</given><family>Exemplaire</family></name>
    <administrativeGenderCode code="F"/><birthTime value="19790314"/></patient></patientRole></recordTarget>
  <component><structuredBody>
    <component><section>
      <code code="48765-2" displayName="Allergies"/>
      <title>Allergies et intolérances</title>
      <text>Une allergie connue.<table><thead><tr><th>Agent</th><th>Réaction</th></tr></thead>
        <tbody><tr><td><content ID="a1">Pénicilline</content></td><td>Éruption</td></tr></tbody></table>
        <list><item>À confirmer</item></list></text>
      <entry><act classCode="ACT" moodCode="EVN"><code code="NOT-IN-VALUE-SET"/></act></entry>
    </section></component>
  </structuredBody></component>
</ClinicalDocument>
"""


def http(
    body: bytes, *, start: str = "HTTP/1.1 200 OK", kind: str = "application/soap+xml; charset=UTF-8"
) -> HttpRecord:
    """An HTTP message with `body`."""
    headers = (("Content-Type", kind), ("Content-Length", str(len(body))))
    head = "\r\n".join([start, *(f"{k}: {v}" for k, v in headers)]) + "\r\n\r\n"
    return HttpRecord(raw=head.encode() + body, body=body, start_line=start, headers=headers)


def asked(body: bytes) -> HttpRecord:
    return http(body, start="POST /xca HTTP/1.1")


def query_request() -> bytes:
    """A document query whose header carries one SAML assertion, on one line as products send it."""
    assertion = (
        '<saml:Assertion xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="_hcp-1" Version="2.0">'
        "<saml:Issuer>urn:example:idp</saml:Issuer><saml:Subject><saml:NameID>dr.ada.fictive</saml:NameID></saml:Subject>"
        '<saml:Conditions NotBefore="2026-11-21T05:10:00Z" NotOnOrAfter="2026-11-21T09:10:00Z"/>'
        '<saml:AttributeStatement><saml:Attribute FriendlyName="XSPA Subject" Name="urn:example:subject">'
        "<saml:AttributeValue>Dr Ada Fictive</saml:AttributeValue></saml:Attribute></saml:AttributeStatement></saml:Assertion>"
    )
    return (
        f'<soap:Envelope xmlns:soap="{SOAP}"><soap:Header><wsa:Action xmlns:wsa="http://www.w3.org/2005/08/addressing">'
        f"urn:ihe:iti:2007:CrossGatewayQuery</wsa:Action>{assertion}</soap:Header><soap:Body>"
        '<query:AdhocQueryRequest xmlns:query="urn:oasis:names:tc:ebxml-regrep:xsd:query:3.0"/></soap:Body></soap:Envelope>'
    ).encode()


def query_response() -> bytes:
    """A document list where a refusal was due; the status stands at line 3, column 5."""
    return f"""<soap:Envelope xmlns:soap="{SOAP}">
  <soap:Body>
    <query:AdhocQueryResponse xmlns:query="urn:oasis:names:tc:ebxml-regrep:xsd:query:3.0"
        status="urn:oasis:names:tc:ebxml-regrep:ResponseStatusType:Success">
      <rim:RegistryObjectList xmlns:rim="urn:oasis:names:tc:ebxml-regrep:xsd:rim:3.0">
        <rim:ExtrinsicObject id="urn:uuid:6b86b273-0000-4000-8000-000000000001" mimeType="text/xml"/>
        <rim:ExtrinsicObject id="urn:uuid:d4735e3a-0000-4000-8000-000000000002" mimeType="application/pdf"/>
      </rim:RegistryObjectList>
    </query:AdhocQueryResponse>
  </soap:Body>
</soap:Envelope>
""".encode()


def retrieve_response() -> HttpRecord:
    """A multipart answer: SOAP part, a structured document by XOP, and a PDF document inside a CDA of level 1."""
    pdf = base64.b64encode(b"%PDF-1.7 fictitious\n%%EOF\n").decode()
    level1 = (
        '<ClinicalDocument xmlns="urn:hl7-org:v3"><title>Summary (PDF)</title><component><nonXMLBody>'
        f'<text mediaType="application/pdf" representation="B64">{pdf}</text></nonXMLBody></component></ClinicalDocument>'
    )
    soap = f"""<soap:Envelope xmlns:soap="{SOAP}"><soap:Body>
<xds:RetrieveDocumentSetResponse xmlns:xds="urn:ihe:iti:xds-b:2007">
<rs:RegistryResponse xmlns:rs="urn:oasis:names:tc:ebxml-regrep:xsd:rs:3.0"
 status="urn:oasis:names:tc:ebxml-regrep:ResponseStatusType:Success"/>
<xds:DocumentResponse><xds:DocumentUniqueId>2.999.1.7^D-1</xds:DocumentUniqueId><xds:mimeType>text/xml</xds:mimeType>
<xds:Document><xop:Include xmlns:xop="http://www.w3.org/2004/08/xop/include"
 href="cid:doc1@sut.example"/></xds:Document></xds:DocumentResponse>
<xds:DocumentResponse><xds:DocumentUniqueId>2.999.1.7^D-2</xds:DocumentUniqueId><xds:mimeType>text/xml</xds:mimeType>
<xds:Document>{base64.b64encode(level1.encode()).decode()}</xds:Document></xds:DocumentResponse>
</xds:RetrieveDocumentSetResponse></soap:Body></soap:Envelope>"""
    body = (
        "--b1\r\nContent-Type: application/xop+xml\r\nContent-ID: <root@sut.example>\r\n\r\n"
        f"{soap}\r\n--b1\r\nContent-Type: text/xml\r\nContent-ID: <doc1@sut.example>\r\n\r\n{CDA}\r\n--b1--\r\n"
    ).encode()
    return http(body, kind='multipart/related; boundary="b1"; type="application/xop+xml"; start="<root@sut.example>"')


def fault() -> bytes:
    return (
        f'<soap:Envelope xmlns:soap="{SOAP}"><soap:Body><soap:Fault><soap:Code><soap:Value>soap:Sender</soap:Value></soap:Code>'
        "</soap:Fault></soap:Body></soap:Envelope>"
    ).encode()


TLS = TlsFacts(
    version="TLSv1.3",
    cipher="TLS_AES_256_GCM_SHA384",
    peer_certificate=b"not a real certificate",
    peer_subject="CN=ncp-a.sut.example,C=FR",
    peer_issuer="CN=Example CA,C=FR",
    peer_country="FR",
    peer_not_before=START - timedelta(days=30),
    peer_not_after=START + timedelta(days=300),
    client_certificate_sent=True,
)


def exchange(
    number: int, transaction: str, request: HttpRecord, response: HttpRecord | None, **more: object
) -> Exchange:
    made = Exchange(
        id=f"x{number:04}",
        transaction=transaction,
        initiator=Party.PEER,
        url="https://ncp-a.sut.example/xca",
        started_at=START + timedelta(seconds=number),
        duration_s=0.72,
        request=request,
        response=response,
        tls=TLS,
    )
    return replace(made, **more)  # type: ignore[arg-type]


REQUIREMENTS = {
    r.id: r
    for r in (
        Requirement(
            id="SAML-HCP-016",
            text=Localized(
                en="An identity assertion outside its validity is refused",
                fr="Une assertion d’identité hors de sa validité est refusée",
            ),
            level=Level.SHALL,
            actor="ncpeh-a",
            group="SAML-HCP",
            transaction="ITI-38",
            sources=("SAML 2.0 Core, 2.5.1.2",),
            remedy=Localized(
                en="Check NotBefore and NotOnOrAfter before answering",
                fr="Contrôler NotBefore et NotOnOrAfter avant de répondre",
            ),
        ),
        Requirement(
            id="CDA-011",
            text=Localized(en="Codes come from the value set named", fr="Les codes viennent du jeu de valeurs désigné"),
            level=Level.SHALL,
            actor="both",
            group="CDA",
            sources=("Example implementation guide, 7.2",),
            inferred=True,
        ),
        Requirement(
            id="TRN-A-013",
            text=Localized(en="An answer comes within 30 seconds", fr="Une réponse arrive en moins de 30 secondes"),
            level=Level.SHOULD,
            actor="ncpeh-a",
            group="TRN-A",
        ),
        Requirement(id="AUD-001", text=Localized(en="Only in English"), level=Level.MAY, actor="ncpeh-a", group="AUD"),
    )
}


def row(number: int, title: Localized, verdict: Verdict, **more: object) -> RowResult:
    made = RowResult(
        id=f"XCAQ-A-{number:03}",
        scenario=f"XCAQ-A-{number:03}",
        row=None,
        title=title,
        profile="patient-summary",
        sut_actor="ncpeh-a",
        state=State.DONE,
        verdict=verdict,
        started_at=START,
        duration_s=3.6,
        tags=("security", "negative"),
        source=f"scenarios/patient-summary/xcaq-a-{number:03}.yaml",
        source_line=1,
        digest="ab" * 32,
    )
    return replace(made, **more)  # type: ignore[arg-type]


def step(path: str, verb: str, title: Localized, verdict: Verdict, **more: object) -> StepResult:
    made = StepResult(
        path=path,
        verb=verb,
        title=title,
        state=State.DONE,
        verdict=verdict,
        started_at=START + timedelta(seconds=1),
        duration_s=0.7,
    )
    return replace(made, **more)  # type: ignore[arg-type]


SHALL_FINDING = Finding(
    at=Location(
        message="response", xpath="/soap:Envelope/soap:Body/query:AdhocQueryResponse/@status", line=3, column=5
    ),
    expected="SOAP fault, or status Failure without ExtrinsicObject",
    found="status Success, 2 ExtrinsicObject",
    requirement="SAML-HCP-016",
    rule="SAML-HCP-016/validity",
    severity=Severity.ERROR,
    source="SAML 2.0 Core, 2.5.1.2",
    next="Apply to ITI-38 the validity check that ITI-55 already applies",
)
ONE_LINE_FINDING = Finding(
    at=Location(message="request", xpath="//saml:Conditions/@NotOnOrAfter", line=1, column=400),
    expected="an instant after the sending",
    found="2026-11-21T09:10:00Z",
    requirement="SAML-HCP-016",
    severity=Severity.INFORMATION,
)
CODE_FINDING = Finding(
    at=Location(message="response/document:0", xpath="//hl7:act/hl7:code/@code", line=18, column=49),
    expected="a code of the value set",
    found="NOT-IN-VALUE-SET",
    message="the code is not in its value set",
    requirement="CDA-011",
    severity=Severity.ERROR,
    layer=Layer.TERMINOLOGY,
    test="@code = $codes",
)
LATE_FINDING = Finding(
    expected="at most 30 s", found="34.1 s", requirement="TRN-A-013", severity=Severity.WARNING, layer=Layer.TRANSPORT
)
BLIND_FINDING = Finding(
    at=Location(message="response/document:0"),
    expected="a value set to look the code up in",
    found="no pack holds it",
    requirement="CDA-011",
    severity=Severity.UNDECIDABLE,
    layer=Layer.TERMINOLOGY,
)


def validation(sha256: str) -> ValidationReport:
    uses = tuple(
        ArtefactUse(
            coordinate="org.example:rules:1.0.0",
            artefact=f"rules/{layer.value}",
            layer=layer,
            sha256="cd" * 32,
            verdict=verdict,
            rules_loaded=120,
            rules_fired=64,
            codes_checked=12,
            codes_unverifiable=blind,
            engine="saxon",
        )
        for layer, verdict, blind in (
            (Layer.XSD, Verdict.PASS, 0),
            (Layer.SCHEMATRON, Verdict.PASS, 0),
            (Layer.TERMINOLOGY, Verdict.FAIL, 3),
        )
    )
    return ValidationReport(
        name="response/document:0",
        kind="cda:patient-summary:3",
        sha256=sha256,
        size=len(CDA.encode()),
        verdict=Verdict.FAIL,
        uses=uses,
        findings=(CODE_FINDING,),
    )


def make_rows() -> tuple[RowResult, ...]:
    """One row for each verdict that can be, the failing ones with exchanges and findings."""
    listed = exchange(1, "ITI-38", asked(query_request()), http(query_response()), altered=("saml.hcp.expired",))
    fetched = exchange(2, "ITI-39", asked(query_request()), retrieve_response())
    refused = exchange(3, "ITI-38", asked(query_request()), http(fault(), start="HTTP/1.1 500 Internal Server Error"))
    lost = exchange(
        4,
        "ITI-55",
        asked(b"<a/>"),
        None,
        tls=None,
        failure=TransportFailure(kind=FailureKind.NOT_REACHABLE, detail="connection refused", after_s=0.1),
    )
    late = exchange(5, "ITI-55", asked(b"<a/>"), http(b"\x00\x01binary\xff" * 40, kind="application/octet-stream"))
    return (
        row(
            1,
            Localized(en="A refusal is well formed", fr="Un refus est bien formé"),
            Verdict.PASS,
            covers=("SAML-HCP-016",),
            exchanges=(refused,),
            steps=(
                step(
                    "steps.0",
                    "send",
                    Localized(en="Ask the list", fr="Demander la liste"),
                    Verdict.PASS,
                    exchanges=("x0003",),
                ),
                step(
                    "steps.1",
                    "expect",
                    Localized(en="A fault", fr="Une faute"),
                    Verdict.PASS,
                    expected="soap_fault: any",
                ),
            ),
            requirements=(RequirementResult(id="SAML-HCP-016", verdict=Verdict.PASS),),
        ),
        row(
            2,
            Localized(
                en="A list asked with an expired identity assertion is refused",
                fr="Une liste demandée avec une assertion d’identité expirée est refusée",
            ),
            Verdict.FAIL,
            cause=Cause.SUT,
            covers=("SAML-HCP-016",),
            exchanges=(listed,),
            steps=(
                step(
                    "steps.0",
                    "send",
                    Localized(en="Ask the list with an expired assertion", fr="Demander la liste, assertion expirée"),
                    Verdict.PASS,
                    exchanges=("x0001",),
                ),
                step(
                    "steps.1",
                    "expect",
                    Localized(en="A refusal", fr="Un refus"),
                    Verdict.FAIL,
                    cause=Cause.SUT,
                    reason="the system answered where a refusal was expected",
                    expected="soap_fault: security, or registry_status: failure",
                    found="registry_status: success, entries: 2",
                    exchanges=("x0001",),
                    findings=(SHALL_FINDING, ONE_LINE_FINDING),
                ),
            ),
            requirements=(RequirementResult(id="SAML-HCP-016", verdict=Verdict.FAIL, findings=(SHALL_FINDING,)),),
        ),
        row(
            3,
            Localized(
                en="The structured summary is retrieved and valid", fr="Le résumé structuré est récupéré et valide"
            ),
            Verdict.FAIL,
            id="XCAR-A-001[fr]",
            scenario="XCAR-A-001",
            row="fr",
            cause=Cause.SUT,
            covers=("CDA-011",),
            exchanges=(fetched,),
            steps=(
                step(
                    "steps.0",
                    "check",
                    Localized(en="Validate the documents", fr="Valider les documents"),
                    Verdict.FAIL,
                    exchanges=("x0002",),
                    validations=(validation(hashlib.sha256(CDA.encode()).hexdigest()),),
                ),
            ),
            requirements=(RequirementResult(id="CDA-011", verdict=Verdict.FAIL, findings=(CODE_FINDING,)),),
        ),
        row(
            4,
            Localized(en="Answers come in time", fr="Les réponses arrivent à temps"),
            Verdict.WARNING,
            cause=Cause.SUT,
            covers=("TRN-A-013",),
            exchanges=(late,),
            steps=(
                step(
                    "steps.0",
                    "send",
                    Localized(en="Identify", fr="Identifier"),
                    Verdict.WARNING,
                    exchanges=("x0005",),
                    findings=(LATE_FINDING,),
                ),
            ),
            requirements=(RequirementResult(id="TRN-A-013", verdict=Verdict.WARNING, findings=(LATE_FINDING,)),),
        ),
        row(
            5,
            Localized(en="A known patient is identified", fr="Un patient connu est identifié"),
            Verdict.ERROR,
            profile="discovery",
            cause=Cause.ENVIRONMENT,
            reason="the port of the system could not be reached",
            exchanges=(lost,),
            steps=(
                step("steps.0", "send", Localized(en="Identify", fr="Identifier"), Verdict.ERROR, exchanges=("x0004",)),
            ),
        ),
        row(
            6,
            Localized(en="Vaccination codes come from their value set", fr="Les codes de vaccination sont contrôlés"),
            Verdict.INCONCLUSIVE,
            cause=Cause.CONFIGURATION,
            covers=("CDA-011",),
            reason="a value set is missing in the packs of this run",
            steps=(
                step(
                    "steps.0",
                    "check",
                    Localized(en="Look codes up", fr="Contrôler les codes"),
                    Verdict.INCONCLUSIVE,
                    findings=(BLIND_FINDING,),
                ),
            ),
        ),
        row(
            7,
            Localized(en="The other country shows the patient", fr="L’autre pays montre le patient"),
            Verdict.REVIEW,
            sut_actor="ncpeh-b",
            triggers=(TriggerOutcome(kind="http", ok=True, shown='{"patient": "Camille"}', duration_s=0.2),),
            steps=(
                step("steps.0", "trigger", Localized(en="Look up", fr="Rechercher"), Verdict.PASS),
                step("steps.1.0", "note", Localized(en="Only in English"), Verdict.REVIEW, state=State.WAITING),
            ),
        ),
        row(8, Localized(en="Not reached", fr="Non atteint"), Verdict.NOT_RUN, started_at=None, state=State.ABORTED),
        row(
            9,
            Localized(en="Left out", fr="Écarté"),
            Verdict.SKIPPED,
            started_at=None,
            cause=Cause.CONFIGURATION,
            reason="left out on request",
        ),
        row(10, Localized(en="Does not apply", fr="Sans objet ici"), Verdict.NOT_APPLICABLE, started_at=None),
    )


def make_run(**more: object) -> Run:
    """The whole run; keyword arguments replace fields of it."""
    made = Run(
        id="2026-11-21-0914-7f3c",
        kind="trial",
        started_at=START,
        ended_at=START + timedelta(minutes=4, seconds=31),
        state=State.DONE,
        verdict=Verdict.FAIL,
        system=SystemIdentity(name="Atlas Gateway", version="3.2.1", vendor="Boréalis Santé"),
        sut_actors=("ncpeh-a",),
        rows=make_rows(),
        requirements=(
            RequirementResult(id="SAML-HCP-016", verdict=Verdict.FAIL, findings=(SHALL_FINDING,)),
            RequirementResult(id="CDA-011", verdict=Verdict.FAIL, findings=(CODE_FINDING,)),
            RequirementResult(id="TRN-A-013", verdict=Verdict.WARNING, findings=(LATE_FINDING,)),
        ),
        catalogue=REQUIREMENTS,
        packs=(
            PackUse(
                coordinate="org.example:rules:1.0.0",
                title="Rules written for this example",
                origin="built-in",
                status="valid",
                digest="1d86a9a75e7c54f39f36598a97cffa9ed8a6a1909e651076b4b9af759114cfb7",
                complete=False,
                artefacts={"rules/xsd": "cd" * 32, "rules/schematron": "ef" * 32},
                rules_loaded=1480,
                rules_fired=512,
                codes_checked=91,
                codes_unverifiable=3,
                problems=("value set 2.999.42 is missing",),
            ),
        ),
        environment=Environment(
            harness="0.1.0", python="3.13.1", platform="Linux", libraries={"lxml": "5.3.0", "saxonche": "12.5.0"}
        ),
        seed=20261121,
    )
    return replace(made, **more)  # type: ignore[arg-type]
