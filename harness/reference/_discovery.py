"""PRPA_IN201306UV02 as this system writes it. Source: IHE ITI TF-2, 3.55; eHDSI XCPD Profile."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from harness.model import Patient
from harness.reference._messages import element, text

EHDSI_REASONS = "1.3.6.1.4.1.12559.11.10.1.3.2.2.1"
IHE_REASONS = "1.3.6.1.4.1.19376.1.2.27.3"
INTERACTIONS = "2.16.840.1.113883.1.6"
FOREIGN_COMMUNITY = "2.999.249"
_TRIGGERS = frozenset(
    {"DemographicsQueryNotAllowed", "AdditionalDemographicsRequested", "PatientAuthenticationRequired"}
)
_IHE_CODES = frozenset({"AnswerNotAvailable", "InternalError"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Why there is no patient: `reason` is a code under reasonOf, `detail` the code of acknowledgementDetail."""

    reason: str
    detail: str
    explanation: str
    ack: str = "AE"
    response: str = "AE"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What an answer has to repeat of the query: ids as (root, extension), `parameters` the exact queryByParameter."""

    message_id: tuple[str | None, str | None]
    query_id: tuple[str | None, str | None]
    sender: str
    version_code: str | None
    parameters: bytes


def hl7_time(at: datetime) -> str:
    """`at` (UTC) to the millisecond in HL7 TS form."""
    return f"{at:%Y%m%d%H%M%S}.{at.microsecond // 1000:03d}+0000"


def answer(
    asked: Asked,
    *,
    community: str,
    message_id: tuple[str, str],
    at: datetime,
    patients: Sequence[Patient] = (),
    refusal: Refusal | None = None,
    faults: frozenset[str] = frozenset(),
) -> bytes:
    """The answer message: `patients` found, or the `refusal`; `community` is our bare OID."""
    found = not refusal
    interaction = "PRPA_IN201305UV02" if "xcpd.answer-interaction.wrong" in faults else "PRPA_IN201306UV02"
    created = f"{at:%Y%m%d}" if "xcpd.creation-time.truncated" in faults else hl7_time(at)
    receiver = FOREIGN_COMMUNITY if "xcpd.receiver.wrong" in faults else asked.sender
    sender = FOREIGN_COMMUNITY if "xcpd.sender.wrong" in faults else community
    acknowledgement = _acknowledgement(asked, refusal, faults)
    head = (
        _ii("id", message_id),
        element("creationTime", value=created),
        element("versionCode", code=asked.version_code) if asked.version_code else "",
        _ii("interactionId", (INTERACTIONS, interaction)),
        element("processingCode", code="P"),
        element("processingModeCode", code="A" if "xcpd.answer-mode.wrong" in faults else "T"),
        element("acceptAckCode", code="AL" if "xcpd.accept-ack.wrong" in faults else "NE"),
        _device("receiver", "RCV", receiver),
        _device("sender", "SND", sender),
        acknowledgement * (2 if "xcpd.acknowledgement.twice" in faults else 1),
    )
    subjects = "".join(_subject(p, community, faults) for p in patients)
    if "xcpd.subject.twice" in faults:
        subjects *= 2
    code = "OK" if found else (refusal.response if refusal else "")
    if found and "xcpd.response-code.ae-on-match" in faults:
        code = "AE"
    query_id = ("2.999.250.7", "changed") if "xcpd.query-id.changed" in faults else asked.query_id
    act = (
        element("code", code="PRPA_TE201306UV02", codeSystem=INTERACTIONS),
        subjects,
        _reason(refusal, faults) if refusal else "",
        element(
            "queryAck",
            _ii("queryId", query_id) + element("statusCode", code="deliveredResponse") + _response_code(code),
        ),
    )
    echo = b"" if "xcpd.query-echo.missing" in faults else asked.parameters
    version = {} if "xcpd.version.missing" in faults else {"ITSVersion": "XML_1.0"}
    opening = element("PRPA_IN201306UV02", "", **version, xmlns="urn:hl7-org:v3").removesuffix("</PRPA_IN201306UV02>")
    return (
        (opening + "".join(head) + '<controlActProcess classCode="CACT" moodCode="EVN">' + "".join(act)).encode()
        + echo
        + b"</controlActProcess></PRPA_IN201306UV02>"
    )


def _response_code(code: str) -> str:
    return element("queryResponseCode", code=code)


def _ii(name: str, value: tuple[str | None, str | None]) -> str:
    return element(name, root=value[0], extension=value[1])


def _device(name: str, type_code: str, community: str) -> str:
    own = element("id", root=community)
    organization = element("representedOrganization", own, classCode="ORG", determinerCode="INSTANCE")
    agent = element("asAgent", organization, classCode="AGNT")
    return element(name, element("device", own + agent, classCode="DEV", determinerCode="INSTANCE"), typeCode=type_code)


def _acknowledgement(asked: Asked, refusal: Refusal | None, faults: frozenset[str]) -> str:
    code = refusal.ack if refusal else "AA"
    if "xcpd.ack-code.unknown" in faults:
        code = "CA"
    target = ("2.999.250.7", "0") if "xcpd.target-message.wrong" in faults else asked.message_id
    detail = ""
    if refusal:
        named = "" if "xcpd.detail.code-missing" in faults else element("code", code=refusal.detail)
        detail = element("acknowledgementDetail", named + element("text", text(refusal.explanation)), typeCode="E")
    return element(
        "acknowledgement",
        element("typeCode", code=code) + element("targetMessage", _ii("id", target)) + detail,
    )


def _reason(refusal: Refusal, faults: frozenset[str]) -> str:
    if refusal.response == "NF" and "xcpd.no-match.reason-missing" in faults:
        return ""
    system = IHE_REASONS if refusal.reason in _IHE_CODES else EHDSI_REASONS
    if "xcpd.reason.code-system-wrong" in faults:
        system = "2.999.250.8"
    code = element("code", code=refusal.reason, codeSystem=system)
    wrong_type = "xcpd.reason.type-wrong" in faults
    if refusal.reason in _TRIGGERS:
        act = element("actOrderRequired", code, classCode="ACT", moodCode="RQO")
        child = element("triggerFor", act, typeCode="RSON" if wrong_type else "TRIG")
    else:
        act = element("detectedIssueManagement", code, classCode="ACT", moodCode="EVN")
        child = element("mitigatedBy", act, typeCode="RSON" if wrong_type else "MITGT")
    event = element("code", code="ActAdministrativeDetectedIssueCode", codeSystem="2.16.840.1.113883.5.4")
    issue = element("detectedIssueEvent", event + child, classCode="ALRT", moodCode="EVN")
    return element("reasonOf", issue, typeCode="RSON")


def _subject(patient: Patient, community: str, faults: frozenset[str]) -> str:
    own = patient.ids[0]
    root = None if "xcpd.patient-id.no-root" in faults else own.root
    ids = _ii("id", (root, own.extension))
    if "xcpd.subject.two-ids" in faults:
        ids += _ii("id", ("2.999.250.1.99", own.extension))
    observed = element(
        "queryMatchObservation",
        element(
            "code",
            code="MATCH" if "xcpd.match-observation.wrong-code" in faults else "IHE_PDQ",
            codeSystem="2.16.840.1.113883.1.11.19914",
        )
        + element(
            "value", **{"xmlns:xsi": "http://www.w3.org/2001/XMLSchema-instance", "xsi:type": "INT", "value": "100"}
        ),
        classCode="OBS",
        moodCode="EVN",
    )
    registered = element(
        "patient",
        ids
        + element("statusCode", code="active")
        + _person(patient, faults)
        + element("subjectOf1", observed, typeCode="SBJ"),
        classCode="PAT",
    )
    custodian = element(
        "assignedEntity",
        element("id", root=FOREIGN_COMMUNITY if "xcpd.custodian.foreign" in faults else community)
        + element(
            "code",
            code="HealthDataLocator" if "xcpd.custodian.code-unknown" in faults else "NotHealthDataLocator",
            codeSystem="1.3.6.1.4.1.19376.1.2.27.2",
        ),
        classCode="ASSIGNED",
    )
    status = "" if "xcpd.registration.status-missing" in faults else element("statusCode", code="active")
    event = element(
        "registrationEvent",
        element("id", nullFlavor="NA")
        + status
        + element("subject1", registered, typeCode="SBJ")
        + element("custodian", custodian, typeCode="CST"),
        classCode="REG",
        moodCode="EVN",
    )
    return element("subject", event, typeCode="SUBJ")


def _person(patient: Patient, faults: frozenset[str]) -> str:
    family = "" if "xcpd.name.family-missing" in faults else element("family", text(patient.family))
    name = element("name", family + element("given", text(patient.given)))
    parts = ["" if "xcpd.name.missing" in faults else name]
    if patient.gender:
        parts.append(element("administrativeGenderCode", code=patient.gender, codeSystem="2.16.840.1.113883.5.1"))
    if patient.birth and "xcpd.birth-time.missing" not in faults:
        parts.append(element("birthTime", value=f"{patient.birth:%Y%m%d}"))
    address = "".join(
        element(tag, text(value))
        for tag, value in (
            ("streetAddressLine", patient.street),
            ("city", patient.city),
            ("postalCode", patient.postal_code),
            ("country", patient.country),
        )
        if value
    )
    if address:
        parts.append(element("addr", address))
    return element("patientPerson", "".join(parts), classCode="PSN", determinerCode="INSTANCE")
