"""The values that ITI-55 messages are read into and written from; `xcpd` is their front door."""

from dataclasses import dataclass, field

from harness.wire import codes
from harness.wire._hl7 import Ii

_QUERY_INTERACTION = Ii(root=codes.HL7_INTERACTIONS, extension=codes.INTERACTION_QUERY)
_ANSWER_INTERACTION = Ii(root=codes.HL7_INTERACTIONS, extension=codes.INTERACTION_ANSWER)
ACT_OF = {"triggerFor": "actOrderRequired", "mitigatedBy": "detectedIssueManagement"}
"""Child of a detectedIssueEvent to the act it holds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """Sender or receiver: identifiers of the device and of the organization it stands for."""

    ids: tuple[Ii, ...] = ()
    organization_ids: tuple[Ii, ...] = ()

    @property
    def hcid(self) -> str | None:
        """Home community id, a bare OID: the root of the organization's id, else of the device's."""
        return next((i.root for i in (*self.organization_ids, *self.ids) if i.root), None)


def device(hcid: str) -> Device:
    """A device that stands for home community `hcid` (bare or `urn:oid:` form), as eHDSI wants it: both ids, root only."""
    root = Ii(root=hcid.removeprefix("urn:oid:"))
    return Device(ids=(root,), organization_ids=(root,))


@dataclass(frozen=True, slots=True, kw_only=True)
class Criteria:
    """What a query asks for, for comparing a request with its echo."""

    query_id: Ii | None = None
    ids: tuple[Ii, ...] = ()
    family: str | None = None
    given: str | None = None
    birth: str | None = None
    gender: str | None = None
    street: str | None = None
    city: str | None = None
    postal_code: str | None = None
    country: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DiscoveryQuery:
    """PRPA_IN201305UV02. Defaults are those of a valid eHDSI query; `birth` is yyyyMMdd, `creation_time` HL7 TS.

    Several given names are joined by a blank. `respond_to` is the telecom of a deferred query's respondTo. Filled by the
    parser only, and left out when two values are compared: `parameters` (names of all children of parameterList, in
    order), `query_parts` (names of all children of queryByParameter and, as `matchCriterionList/x`, of its criteria) and
    `canonical_query` (queryByParameter for an echo).
    """

    message_id: Ii | None
    creation_time: str | None
    sender: Device | None
    receivers: tuple[Device, ...]
    query_id: Ii | None
    its_version: str | None = "XML_1.0"
    version_code: str | None = "V3PR1"
    interaction_id: Ii | None = _QUERY_INTERACTION
    processing_code: str | None = "P"
    processing_mode_code: str | None = "T"
    accept_ack_code: str | None = "AL"
    respond_to: str | None = None
    control_act_code: str | None = codes.TRIGGER_QUERY
    control_act_code_system: str | None = codes.HL7_INTERACTIONS
    query_status_code: str | None = "new"
    response_modality_codes: tuple[str, ...] = ("R",)
    response_priority_codes: tuple[str, ...] = ("I",)
    minimum_degree_match: str | None = None
    ids: tuple[Ii, ...] = ()
    family: str | None = None
    given: str | None = None
    birth: str | None = None
    gender: str | None = None
    street: str | None = None
    city: str | None = None
    postal_code: str | None = None
    country: str | None = None
    parameters: tuple[str, ...] = field(default=(), compare=False)
    query_parts: tuple[str, ...] = field(default=(), compare=False)
    canonical_query: bytes = field(default=b"", compare=False, repr=False)

    @property
    def sender_hcid(self) -> str | None:
        """Home community id of country B, a bare OID."""
        return self.sender.hcid if self.sender else None

    @property
    def receiver_hcid(self) -> str | None:
        """Home community id of country A that the query addresses, a bare OID."""
        return self.receivers[0].hcid if self.receivers else None

    @property
    def criteria(self) -> Criteria:
        """What is asked for."""
        return Criteria(
            query_id=self.query_id,
            ids=self.ids,
            family=self.family,
            given=self.given,
            birth=self.birth,
            gender=self.gender,
            street=self.street,
            city=self.city,
            postal_code=self.postal_code,
            country=self.country,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class AckDetail:
    """One acknowledgementDetail: what went wrong, as code, text (context) and location (technical detail)."""

    code: str | None
    text: str | None = None
    location: str | None = None
    code_system: str | None = None
    type_code: str | None = "E"


@dataclass(frozen=True, slots=True, kw_only=True)
class Acknowledgement:
    """One acknowledgement; a valid answer has exactly one."""

    type_code: str | None
    target_message_id: Ii | None
    details: tuple[AckDetail, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Issue:
    """One detectedIssueEvent and what hangs under it; make one with `trigger_for` or `mitigated_by`.

    `kind` is None when the event has no child. `type_code`, `class_code` and `mood_code` are those of the child and its act.
    """

    detected_code: str | None = codes.ISSUE_EVENT
    detected_code_system: str | None = codes.HL7_ACT_CODE
    kind: str | None = None
    code: str | None = None
    code_system: str | None = None
    type_code: str | None = None
    class_code: str | None = None
    mood_code: str | None = None


def trigger_for(code: str, code_system: str = codes.REASONS_EHDSI) -> Issue:
    """An issue that asks for more or other traits: triggerFor/actOrderRequired with `code`."""
    return Issue(
        kind="triggerFor", code=code, code_system=code_system, type_code="TRIG", class_code="ACT", mood_code="RQO"
    )


def mitigated_by(code: str, code_system: str = codes.REASONS_EHDSI) -> Issue:
    """An issue that says why there is no answer: mitigatedBy/detectedIssueManagement with `code`."""
    return Issue(
        kind="mitigatedBy", code=code, code_system=code_system, type_code="MITGT", class_code="ACT", mood_code="EVN"
    )


def reason(code: str) -> Issue:
    """The issue for a reason code of `codes.REASONS`, with the child and code system that belong to it.

    Raises:
        KeyError: no such reason code.
    """
    known = codes.REASONS[code]
    return (trigger_for if known.element == "triggerFor" else mitigated_by)(known.code, known.code_system)


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonName:
    """One name; several given names are joined by a blank."""

    family: str | None = None
    given: str | None = None
    prefix: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """One match of an answer. `forbidden_parts` is filled by the parser (names out of FORBIDDEN_PATIENT_PARTS)."""

    ids: tuple[Ii, ...]
    names: tuple[PersonName, ...]
    gender: str | None = None
    birth: str | None = None
    street: str | None = None
    city: str | None = None
    postal_code: str | None = None
    country: str | None = None
    match_degree: str | None = "100"
    match_type: str | None = "INT"
    match_code: str | None = codes.MATCH_CODE
    match_code_system: str | None = codes.MATCH_CODE_SYSTEM
    custodian_ids: tuple[Ii, ...] = ()
    custodian_code: str | None = codes.LOCATOR_NO
    custodian_code_system: str | None = codes.LOCATOR_CODE_SYSTEM
    registration_class_code: str | None = "REG"
    registration_status_code: str | None = "active"
    patient_class_code: str | None = "PAT"
    patient_status_code: str | None = "active"
    person_class_code: str | None = "PSN"
    person_determiner_code: str | None = "INSTANCE"
    forbidden_parts: tuple[str, ...] = field(default=(), compare=False)

    @property
    def family(self) -> str | None:
        """Family name of the first name."""
        return self.names[0].family if self.names else None

    @property
    def given(self) -> str | None:
        """Given names of the first name."""
        return self.names[0].given if self.names else None


@dataclass(frozen=True, slots=True, kw_only=True)
class DiscoveryAnswer:
    """PRPA_IN201306UV02. Defaults are those of a valid eHDSI answer.

    `query_echo` is queryByParameter in the form of `canonical_query`, None when the answer holds none;
    `echo_criteria` is the same, read (filled by the parser, left out when two values are compared).
    """

    message_id: Ii | None
    creation_time: str | None
    sender: Device | None
    receivers: tuple[Device, ...]
    acknowledgements: tuple[Acknowledgement, ...]
    query_ack_id: Ii | None
    query_response_code: str | None
    subjects: tuple[Subject, ...] = ()
    issues: tuple[Issue, ...] = ()
    query_echo: bytes | None = field(default=None, repr=False)
    its_version: str | None = "XML_1.0"
    version_code: str | None = "V3PR1"
    interaction_id: Ii | None = _ANSWER_INTERACTION
    processing_code: str | None = "P"
    processing_mode_code: str | None = "T"
    accept_ack_code: str | None = "NE"
    control_act_code: str | None = codes.TRIGGER_ANSWER
    control_act_code_system: str | None = codes.HL7_INTERACTIONS
    query_ack_status: str | None = "completed"
    echo_criteria: Criteria | None = field(default=None, compare=False)

    @property
    def ack_code(self) -> str | None:
        """Type code of the first acknowledgement."""
        return self.acknowledgements[0].type_code if self.acknowledgements else None

    @property
    def target_message_id(self) -> Ii | None:
        """Id of the message that the first acknowledgement answers."""
        return self.acknowledgements[0].target_message_id if self.acknowledgements else None

    @property
    def details(self) -> tuple[AckDetail, ...]:
        """The details of all acknowledgements."""
        return tuple(d for a in self.acknowledgements for d in a.details)

    @property
    def reason_codes(self) -> tuple[str, ...]:
        """The reason codes under reasonOf, those of triggerFor and mitigatedBy alike."""
        return tuple(i.code for i in self.issues if i.code)

    @property
    def sender_hcid(self) -> str | None:
        """Home community id of country A, a bare OID."""
        return self.sender.hcid if self.sender else None

    @property
    def receiver_hcid(self) -> str | None:
        """Home community id of country B that the answer addresses, a bare OID."""
        return self.receivers[0].hcid if self.receivers else None
