"""Codes, URNs and OIDs of MyHealth@EU messages as named constants and small tables.

Sources, named at each block: eHDSI NCPeH Components Specification and OpenNCP constants for what is ours; IHE ITI TF-2
(3.18, 3.38, 3.39, 3.43, 3.55) and TF-3 (4.2) for what is IHE's; HL7 V3 and OASIS ebRS 3.0 for what is theirs.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

# --- Transactions: SOAP actions. Source: IHE ITI TF-2, 3.55.4.1, 3.38.4.1, 3.39.4.1, 3.41.4.1 and their WSDL.
ACTION_XCPD_REQUEST = "urn:hl7-org:v3:PRPA_IN201305UV02:CrossGatewayPatientDiscovery"
ACTION_XCPD_RESPONSE = "urn:hl7-org:v3:PRPA_IN201306UV02:CrossGatewayPatientDiscovery"
ACTION_XCPD_DEFERRED_REQUEST = "urn:hl7-org:v3:PRPA_IN201305UV02:Deferred:CrossGatewayPatientDiscovery"
ACTION_XCA_QUERY_REQUEST = "urn:ihe:iti:2007:CrossGatewayQuery"
ACTION_XCA_QUERY_RESPONSE = "urn:ihe:iti:2007:CrossGatewayQueryResponse"
ACTION_XCA_RETRIEVE_REQUEST = "urn:ihe:iti:2007:CrossGatewayRetrieve"
ACTION_XCA_RETRIEVE_RESPONSE = "urn:ihe:iti:2007:CrossGatewayRetrieveResponse"
ACTION_XDR_REQUEST = "urn:ihe:iti:2007:ProvideAndRegisterDocumentSet-b"
ACTION_XDR_RESPONSE = "urn:ihe:iti:2007:ProvideAndRegisterDocumentSet-bResponse"
# Token service of country B: the actions of the service in the field. Source: its WSDL; WS-Trust 1.3, 4.1 and 4.2.
ACTION_STS_REQUEST = "http://schemas.xmlsoap.org/ws/2005/02/trust/RST/Issue"
ACTION_STS_RESPONSE = "urn:IssueTokenResponse"
ACTIONS_STS_STANDARD = (
    "http://docs.oasis-open.org/ws-sx/ws-trust/200512/RST/Issue",
    "http://docs.oasis-open.org/ws-sx/ws-trust/200512/RSTRC/IssueFinal",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Actions:
    """The SOAP actions of one transaction."""

    request: str
    response: str


ITI_55 = "ITI-55"
ITI_38 = "ITI-38"
ITI_39 = "ITI-39"
ITI_41 = "ITI-41"
STS_TRC = "STS-TRC"
STS_NOK = "STS-NOK"
CROSS_BORDER = (ITI_55, ITI_38, ITI_39, ITI_41)
"""The transactions between two countries."""
TOKEN_SERVICE = (STS_TRC, STS_NOK)
"""The transactions with the token service, inside country B; their names are ours, they have no IHE number."""
SMP = "SMP"  # the lookup of service metadata, which has no IHE number (EHDSI-193)
ACTIONS: Mapping[str, Actions] = {
    ITI_55: Actions(request=ACTION_XCPD_REQUEST, response=ACTION_XCPD_RESPONSE),
    ITI_38: Actions(request=ACTION_XCA_QUERY_REQUEST, response=ACTION_XCA_QUERY_RESPONSE),
    ITI_39: Actions(request=ACTION_XCA_RETRIEVE_REQUEST, response=ACTION_XCA_RETRIEVE_RESPONSE),
    ITI_41: Actions(request=ACTION_XDR_REQUEST, response=ACTION_XDR_RESPONSE),
    STS_TRC: Actions(request=ACTION_STS_REQUEST, response=ACTION_STS_RESPONSE),
    STS_NOK: Actions(request=ACTION_STS_REQUEST, response=ACTION_STS_RESPONSE),
}

# --- Access codes that a patient gives together with an identifier. Source: gematik, NCPeH product type (patient summary and
# prescription).
ACCESS_CODE_ROOTS = ("1.2.276.0.76.4.298", "1.2.276.0.76.4.299")

# --- Code systems. Source: HL7 OID registry; eHDSI master value sets catalogue.
LOINC = "2.16.840.1.113883.6.1"
HL7_INTERACTIONS = "2.16.840.1.113883.1.6"
HL7_ACT_CODE = "2.16.840.1.113883.5.4"
HL7_CONFIDENTIALITY = "2.16.840.1.113883.5.25"
HL7_QUERY_RESPONSE = "2.16.840.1.113883.5.1067"
HL7_SUBSTITUTION = "2.16.840.1.113883.5.1070"
ATC = "2.16.840.1.113883.6.73"
EDQM = "0.4.0.127.0.16.1.1.2.1"
STRENGTH = "eHDSI_Strength_CodeSystem"
ISO_COUNTRIES = "1.0.3166.1"
XDW_EVENT = "1.3.6.1.4.1.19376.1.2.3"
PRACTICE_SETTING_NOT_USED = "Not Used"
PRACTICE_SETTING_SCHEME = "eHDSI Practice Setting Codes-Not Used"

# --- Permissions. Source: eHDSI SAML Profile, permission table; HL7 RBAC permission catalogue.
PERMISSION_PREFIX = "urn:oasis:names:tc:xspa:1.0:subject:hl7:permission:"
PERMISSIONS_XCPD = (PERMISSION_PREFIX + "PRD-006",)
PERMISSIONS_PATIENT_SUMMARY = tuple(PERMISSION_PREFIX + p for p in ("PRD-003", "PRD-005", "PRD-010", "PRD-016"))
PERMISSIONS_EPRESCRIPTION = tuple(PERMISSION_PREFIX + p for p in ("PRD-004", "PRD-010"))
PERMISSIONS_EDISPENSATION = (PERMISSION_PREFIX + "PPD-046",)
PERMISSIONS_CONSENT = (PERMISSION_PREFIX + "PPD-032",)


# --- Document kinds. Source: eHDSI XCA Profile, class and format codes; eHDSI CDA Implementation Guide, document templates.
@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentKind:
    """One kind of document: its codes, and by CDA level (1: file embedded, 3: structured) format codes and template.

    `formats[level]` lists every format code met for the level, the one we send first; compare with `level_of_format`,
    which ignores case because the two generations of the eP code differ in nothing else. `legacy` kinds are read, never
    listed by us.
    """

    kind: str
    class_code: str
    display: str
    class_scheme: str = LOINC
    formats: Mapping[int, tuple[str, ...]] = field(default_factory=dict)
    format_scheme: Mapping[int, str] = field(default_factory=dict)
    templates: Mapping[int, str] = field(default_factory=dict)
    permissions: tuple[str, ...] = ()
    legacy: bool = False


FORMAT_PDF = "urn:ihe:iti:xds-sd:pdf:2008"
FORMAT_ORCD_PDF = "urn:eHDSI:orcd:pdf:2021"
FORMAT_ORCD_PNG = "urn:eHDSI:orcd:png:2021"
FORMAT_ORCD_JPEG = "urn:eHDSI:orcd:jpeg:2021"
FORMAT_SCHEME_EHDSI = "eHDSI formatCodes"
FORMAT_SCHEME_IHE = "IHE PCC"
TEMPLATE_ROOT = "1.3.6.1.4.1.12559.11.10.1.3.1.1"
_SCHEMES = {1: FORMAT_SCHEME_IHE, 3: FORMAT_SCHEME_EHDSI}
_ORCD_SCHEMES = {1: FORMAT_SCHEME_EHDSI}

KINDS: Mapping[str, DocumentKind] = {
    k.kind: k
    for k in (
        DocumentKind(
            kind="patient-summary",
            class_code="60591-5",
            display="Patient Summary",
            formats={1: (FORMAT_PDF,), 3: ("urn:epSOS:ps:ps:2010",)},
            format_scheme=_SCHEMES,
            templates={1: TEMPLATE_ROOT + ".7", 3: TEMPLATE_ROOT + ".3"},
            permissions=PERMISSIONS_PATIENT_SUMMARY,
        ),
        DocumentKind(
            kind="eprescription",
            class_code="57833-6",
            display="Prescription for medication",
            formats={1: (FORMAT_PDF,), 3: ("urn:epsos:ep:pre:2010", "urn:epSOS:ep:pre:2010")},
            format_scheme=_SCHEMES,
            templates={1: TEMPLATE_ROOT + ".6", 3: TEMPLATE_ROOT + ".1"},
            permissions=PERMISSIONS_EPRESCRIPTION,
        ),
        DocumentKind(
            kind="edispensation",
            class_code="60593-1",
            display="Medication dispensed",
            formats={3: ("urn:epSOS:ep:dis:2010", "urn:epsos:ep:dis:2010")},
            format_scheme=_SCHEMES,
            templates={3: TEMPLATE_ROOT + ".2"},
            permissions=PERMISSIONS_EDISPENSATION,
        ),
        DocumentKind(
            kind="edispensation-discard",
            class_code="DISCARD-60593-1",
            display="Discard Medication dispensed",
            formats={3: ("urn:eHDSI:ed:discard:2020",)},
            format_scheme=_SCHEMES,
            templates={3: TEMPLATE_ROOT + ".2"},
            permissions=PERMISSIONS_EDISPENSATION,
        ),
        DocumentKind(
            kind="orcd-laboratory",
            class_code="11502-2",
            display="Laboratory report",
            formats={1: (FORMAT_ORCD_PDF,)},
            format_scheme=_ORCD_SCHEMES,
            templates={1: TEMPLATE_ROOT + ".8"},
            permissions=PERMISSIONS_PATIENT_SUMMARY,
        ),
        DocumentKind(
            kind="orcd-discharge",
            class_code="34105-7",
            display="Hospital discharge summary",
            formats={1: (FORMAT_ORCD_PDF,)},
            format_scheme=_ORCD_SCHEMES,
            templates={1: TEMPLATE_ROOT + ".9"},
            permissions=PERMISSIONS_PATIENT_SUMMARY,
        ),
        DocumentKind(
            kind="orcd-imaging-report",
            class_code="18748-4",
            display="Diagnostic imaging study",
            formats={1: (FORMAT_ORCD_PDF,)},
            format_scheme=_ORCD_SCHEMES,
            templates={1: TEMPLATE_ROOT + ".10"},
            permissions=PERMISSIONS_PATIENT_SUMMARY,
        ),
        DocumentKind(
            kind="orcd-image",
            class_code="x-clinical-image",
            display="Medical images",
            formats={1: (FORMAT_ORCD_PNG, FORMAT_ORCD_JPEG)},
            format_scheme=_ORCD_SCHEMES,
            templates={1: TEMPLATE_ROOT + ".11"},
            permissions=PERMISSIONS_PATIENT_SUMMARY,
        ),
        DocumentKind(
            kind="consent",
            class_code="57016-8",
            display="Privacy policy acknowledgement",
            formats={1: ("urn:ihe:iti:bppc-sd:2007",), 3: ("urn:ihe:iti:bppc:2007",)},
            permissions=PERMISSIONS_CONSENT,
        ),
        DocumentKind(
            kind="mro",
            class_code="56445-0",
            display="Medication related overview",
            formats={1: (FORMAT_PDF,), 3: ("urn:epSOS:mro:mro:2013",)},
            format_scheme=_SCHEMES,
            templates={3: TEMPLATE_ROOT + ".5"},
            permissions=PERMISSIONS_EPRESCRIPTION,
            legacy=True,
        ),
        DocumentKind(
            kind="hcer",
            class_code="34133-9",
            display="Health care encounter report",
            formats={3: ("urn:epSOS:hcer:hcer:2013",)},
            format_scheme=_SCHEMES,
            templates={3: TEMPLATE_ROOT + ".4"},
            permissions=PERMISSIONS_EDISPENSATION,
            legacy=True,
        ),
    )
}
# Consents. Source: eHDSI consent codes, value set of OID 1.3.6.1.4.1.12559.11.10.1.3.2.4.1.
CONSENT_SCHEME = "1.3.6.1.4.1.12559.11.10.1.3.2.4.1"
CONSENT_OPT_IN = CONSENT_SCHEME + ".1"
CONSENT_OPT_OUT = CONSENT_SCHEME + ".2"
SUBMITTED_KINDS = ("edispensation", "edispensation-discard", "consent", "hcer")
"""Kinds that travel by ITI-41, from country B to country A."""
ORCD_KINDS = tuple(k for k in KINDS if k.startswith("orcd-"))


def kind_of_class_code(code: str) -> DocumentKind | None:
    """The document kind whose LOINC class code is `code`, None when none is."""
    return next((k for k in KINDS.values() if k.class_code == code), None)


def kind_of_template(root: str) -> tuple[DocumentKind, int] | None:
    """The document kind and CDA level that template `root` stands for; eD for the template that eD and discard share."""
    return next(((k, level) for k in KINDS.values() for level, t in k.templates.items() if t == root), None)


def level_of_format(kind: str, format_code: str) -> int | None:
    """The CDA level, 1 or 3, that `format_code` means for `kind`, whatever its case; None when it is not one of its codes."""
    wanted = format_code.casefold()
    known = KINDS.get(kind)
    formats = known.formats if known else {}
    return next((level for level, codes in formats.items() if wanted in (c.casefold() for c in codes)), None)


# --- Registry status, severity, associations. Source: OASIS ebRS 3.0, section 2.1; IHE ITI TF-3, 4.2.4.
STATUS_SUCCESS = "urn:oasis:names:tc:ebxml-regrep:ResponseStatusType:Success"
STATUS_FAILURE = "urn:oasis:names:tc:ebxml-regrep:ResponseStatusType:Failure"
STATUS_PARTIAL_SUCCESS = "urn:ihe:iti:2007:ResponseStatusType:PartialSuccess"
RESPONSE_STATUSES: Mapping[str, str] = {
    "success": STATUS_SUCCESS,
    "failure": STATUS_FAILURE,
    "partial-success": STATUS_PARTIAL_SUCCESS,
}
"""Scenario word to URI."""
SEVERITY_ERROR = "urn:oasis:names:tc:ebxml-regrep:ErrorSeverityType:Error"
SEVERITY_WARNING = "urn:oasis:names:tc:ebxml-regrep:ErrorSeverityType:Warning"
SEVERITIES = (SEVERITY_ERROR, SEVERITY_WARNING)
ENTRY_APPROVED = "urn:oasis:names:tc:ebxml-regrep:StatusType:Approved"
ENTRY_DEPRECATED = "urn:oasis:names:tc:ebxml-regrep:StatusType:Deprecated"
ASSOCIATION_XFRM = "urn:ihe:iti:2007:AssociationType:XFRM"
ASSOCIATION_RPLC = "urn:ihe:iti:2007:AssociationType:RPLC"
ASSOCIATION_HAS_MEMBER = "urn:oasis:names:tc:ebxml-regrep:AssociationType:HasMember"

# --- Document entry metadata. Source: IHE ITI TF-3, 4.2.5.2 (UUIDs) and TF-2, 3.18.4.1.2.3.7 (stored queries).
QUERY_FIND_DOCUMENTS = "urn:uuid:14d4debf-8f97-4251-9a74-a90016b0af0d"
OBJECT_STABLE_DOCUMENT = "urn:uuid:7edca82f-054d-47f2-a032-9b2a5b5186c1"
OBJECT_ON_DEMAND_DOCUMENT = "urn:uuid:34268e47-fdf5-41a6-ba33-82133c465248"
OBJECT_EXTERNAL_IDENTIFIER = "urn:oasis:names:tc:ebxml-regrep:ObjectType:RegistryObject:ExternalIdentifier"
OBJECT_CLASSIFICATION = "urn:oasis:names:tc:ebxml-regrep:ObjectType:RegistryObject:Classification"
SCHEME_CLASS_CODE = "urn:uuid:41a5887f-8865-4c09-adf7-e362475b143a"
SCHEME_TYPE_CODE = "urn:uuid:f0306f51-975f-434e-a61c-c59651d33983"
SCHEME_FORMAT_CODE = "urn:uuid:a09d5840-386c-46f2-b5ad-9c3699a4309d"
SCHEME_CONFIDENTIALITY = "urn:uuid:f4f85eac-e6cb-4883-b524-f2705394840f"
SCHEME_FACILITY_TYPE = "urn:uuid:f33fb8ac-18af-42cc-ae0e-ed0b0bdb91e1"
SCHEME_PRACTICE_SETTING = "urn:uuid:cccf5598-8b07-4b77-a05e-ae952c785ead"
SCHEME_AUTHOR = "urn:uuid:93606bcf-9494-43ec-9b4e-a7748d1a838d"
SCHEME_EVENT_CODES = "urn:uuid:2c6b8cb7-8b2a-4051-b291-b1ae6a575ef4"
SCHEME_PATIENT_ID = "urn:uuid:58a6f841-87b3-4a3e-92fd-a8ffeff98427"
SCHEME_UNIQUE_ID = "urn:uuid:2e82c1f6-a085-4c72-9da3-8640a32e42ab"
CONFIDENTIALITY_CODES = ("N", "R", "V")
OBJECT_SUBMISSION_SET = "urn:uuid:a54d6aa5-d40d-43f9-88c5-b4633d873bdd"
"""Object type of a submission set, and the classification node that marks one."""
SCHEME_SET_AUTHOR = "urn:uuid:a7058bb9-b4e4-4307-ba5b-e3f0ab85e12d"
SCHEME_SET_CONTENT_TYPE = "urn:uuid:aa543740-bdda-424e-8c96-df4873be8500"
SCHEME_SET_UNIQUE_ID = "urn:uuid:96fdda7c-d067-4183-912e-bf5ee74998a8"
SCHEME_SET_PATIENT_ID = "urn:uuid:6b5aea1a-874d-4603-a4bc-96a0a7b38446"
SCHEME_SET_SOURCE_ID = "urn:uuid:554ac39e-e3fe-47fe-b233-965d2a147832"
SLOT_SET_STATUS = "SubmissionSetStatus"
SET_STATUS_ORIGINAL = "Original"
EVENT_DISPENSABLE = "urn:ihe:iti:xdw:2011:eventCode:open"
EVENT_NOT_DISPENSABLE = "urn:ihe:iti:xdw:2011:eventCode:closed"
EMPTY_SHA1 = "da39a3ee5e6b4b0d3255bfef95601890afd80709"
"""Hash of nothing: with size 0 the sign of an entry whose document is made on demand."""

# --- XCPD. Source: IHE ITI TF-2, 3.55; eHDSI XCPD Profile; HL7 V3 PRPA_IN201305UV02 and PRPA_IN201306UV02.
INTERACTION_QUERY = "PRPA_IN201305UV02"
INTERACTION_ANSWER = "PRPA_IN201306UV02"
TRIGGER_QUERY = "PRPA_TE201305UV02"
TRIGGER_ANSWER = "PRPA_TE201306UV02"
ACK_ACCEPT = "AA"
ACK_ERROR = "AE"
ACK_REJECT = "AR"
QUERY_OK = "OK"
QUERY_NO_MATCH = "NF"
QUERY_APPLICATION_ERROR = "AE"
QUERY_PARAMETER_ERROR = "QE"
MATCH_CODE = "IHE_PDQ"
MATCH_CODE_SYSTEM = "2.16.840.1.113883.1.11.19914"
LOCATOR_CODE_SYSTEM = "1.3.6.1.4.1.19376.1.2.27.2"
LOCATOR_NO = "NotHealthDataLocator"
LOCATOR_YES = "SupportsHealthDataLocator"
ISSUE_EVENT = "ActAdministrativeDetectedIssueCode"
ISSUE_EVENT_GEMATIK = "_ActAdministrativeDetectedIssueManagementCode"
ISSUE_EVENTS = (ISSUE_EVENT, ISSUE_EVENT_GEMATIK)
REASONS_EHDSI = "1.3.6.1.4.1.12559.11.10.1.3.2.2.1"
REASONS_IHE_TRAITS = "1.3.6.1.4.1.19376.1.2.27.1"
REASONS_IHE_ERRORS = "1.3.6.1.4.1.19376.1.2.27.3"
REASON_SYSTEMS = (REASONS_EHDSI, REASONS_IHE_TRAITS, REASONS_IHE_ERRORS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """A reason code under reasonOf; `element` is triggerFor (send more) or mitigatedBy (cannot or may not answer)."""

    code: str
    code_system: str
    element: str


REASONS: Mapping[str, Reason] = {
    code: Reason(code=code, code_system=system, element=element)
    for system, element, codes in (
        (
            REASONS_EHDSI,
            "triggerFor",
            (
                "AdditionalDemographicsRequested",
                "DemographicsQueryNotAllowed",
                "EHICDataRequested",
                "PatientAuthenticationRequired",
            ),
        ),
        (REASONS_EHDSI, "mitigatedBy", ("PrivacyViolation", "InsufficientRights", "PolicyViolation")),
        (REASONS_IHE_ERRORS, "mitigatedBy", ("AnswerNotAvailable", "ResponderBusy", "InternalError")),
        (
            REASONS_IHE_TRAITS,
            "triggerFor",
            (
                "LivingSubjectAdministrativeGenderRequested",
                "PatientAddressRequested",
                "PatientTelecomRequested",
                "LivingSubjectBirthPlaceNameRequested",
                "LivingSubjectBirthPlaceAddressRequested",
                "MothersMaidenNameRequested",
            ),
        ),
    )
    for code in codes
}
REASON_ANSWER_NOT_AVAILABLE = "AnswerNotAvailable"
REASON_DEMOGRAPHICS_NOT_ALLOWED = "DemographicsQueryNotAllowed"
REASON_ADDITIONAL_DEMOGRAPHICS = "AdditionalDemographicsRequested"
REASON_PATIENT_AUTHENTICATION = "PatientAuthenticationRequired"
REASON_INSUFFICIENT_RIGHTS = "InsufficientRights"
REASON_PRIVACY_VIOLATION = "PrivacyViolation"
REASON_POLICY_VIOLATION = "PolicyViolation"
REASON_INTERNAL_ERROR = "InternalError"

# --- Error codes as sent. Source: eHDSI NCPeH Components Specification, error codes; OpenNCPErrorCode, OpenNCP 7.1 and 9.0.
ERROR_PI_NO_MATCH = "ERROR_PI_NO_MATCH"
ERROR_PI_GENERIC = "ERROR_PI_GENERIC"
ERROR_PI_MULTIPLE_MATCHES = "ERROR_PI_MULTIPLE_MATCHES"
ERROR_PI_MISSING_REQUIRED_FIELDS = "ERROR_PI_MISSING_REQUIRED_FIELDS"
ERROR_PI_INCORRECT_FORMATTING = "ERROR_PI_INCORRECT_FORMATTING"
WARNING_PI_NO_CONSENT = "WARNING_PI_NO_CONSENT"
ERROR_HPI_GENERIC = "ERROR_HPI_GENERIC"
ERROR_HPI_AUTHENTICATION_NOT_RECEIVED = "ERROR_HPI_AUTHENTICATION_NOT_RECEIVED"
ERROR_SEC_GENERIC = "ERROR_SEC_GENERIC"
ERROR_SEC_DATA_INTEGRITY_NOT_ENSURED = "ERROR_SEC_DATA_INTEGRITY_NOT_ENSURED"
DETAIL_UNSUPPORTED_PROCESSING_MODE = "NS250"
"""HL7 AcknowledgementDetailCode: processing mode not supported, as answered to a deferred query."""
ERROR_NOT_VALID_ASSERTION = "1001"
ERROR_NOT_VALID_TRC_ASSERTION = "1002"
ERROR_DOCUMENT_NOT_FOUND = "1100"
ERROR_EP_NOT_FOUND = "1101"
ERROR_PS_NOT_FOUND = "1102"
ERROR_MRO_NO_DATA = "1103"
ERROR_ORCD_NOT_FOUND = "1104"
ERROR_EP_REGISTRY_NOT_ACCESSIBLE = "4103"
ERROR_TRANSCODING = "4203"
ERROR_UNKNOWN_PATIENT_IDENTIFIER = "4206"
ERROR_TRC_PARAMETERS_DIFFER = "4207"
ERROR_NO_CONSENT = "4701"
ERROR_WEAK_AUTHENTICATION = "4702"
ERROR_INSUFFICIENT_RIGHTS = "4703"
ERROR_GENERIC_SERVICE_SIGNIFIER_UNKNOWN = "ERROR_GENERIC_SERVICE_SIGNIFIER_UNKNOWN"
ERROR_GENERIC_DOCUMENT_MISSING = "ERROR_GENERIC_DOCUMENT_MISSING"
ERROR_GENERIC_CONNECTION_NOT_POSSIBLE = "ERROR_GENERIC_CONNECTION_NOT_POSSIBLE"
ERROR_PS_GENERIC = "ERROR_PS_GENERIC"
ERROR_EP_GENERIC = "ERROR_EP_GENERIC"
ERROR_ORCD_GENERIC = "ERROR_ORCD_GENERIC"
# Provide and register. Source: eHDSI NCPeH Components Specification, error codes; IHE ITI TF-3, table 4.2.4.1-2.
ERROR_EP_ALREADY_DISPENSED = "4106"
ERROR_UNKNOWN_SIGNIFIER = "4202"
ERROR_ED_GENERIC = "ERROR_ED_GENERIC"
ERROR_ED_NOT_DISPENSABLE = "ERROR_ED_NOT_DISPENSABLE_EPRESCRIPTION"
ERROR_ED_SUBSTITUTION = "ERROR_ED_SUBSTITUTION_INFORMATION_NOT_ALLOWED"
ERROR_ED_NOT_IDENTIFIABLE = "ERROR_ED_EPRESCRIPTION_NOT_IDENTIFIABLE"
ERROR_ED_ACK_NOT_RECEIVED = "ERROR_ED_EDISPENSATION_ACK_NOT_RECEIVED"
ERROR_ED_NOT_UPDATED = "ERROR_ED_EPRESCRIPTION_NOT_UPDATED"
ERROR_ED_NOT_STORED = "ERROR_ED_EDISPENSATION_NOT_STORED"
ERROR_ED_MISSING_MAPPING = "ERROR_ED_MISSING_EXPECTED_MAPPING"
ERROR_ED_DISCARD_FAILED = "ERROR_ED_DISCARD_FAILED"
WARNING_ED_BASIC_DATA = "WARNING_ED_MISSING_BASIC_DATA"
XDS_MISSING_DOCUMENT_METADATA = "XDSMissingDocumentMetadata"
XDS_PATIENT_ID_DOES_NOT_MATCH = "XDSPatientIdDoesNotMatch"
XDS_DUPLICATE_IN_REPOSITORY = "XDSRepositoryDuplicateUniqueIdInMessage"
XDS_DUPLICATE_IN_REGISTRY = "XDSRegistryDuplicateUniqueIdInMessage"
XDS_REPOSITORY_METADATA_ERROR = "XDSRepositoryMetadataError"
XDS_REGISTRY_METADATA_ERROR = "XDSRegistryMetadataError"
UNRESOLVED_REFERENCE = "UnresolvedReferenceException"
NOT_FOUND_BY_KIND: Mapping[str, str] = {
    "patient-summary": ERROR_PS_NOT_FOUND,
    "eprescription": ERROR_EP_NOT_FOUND,
    **dict.fromkeys(ORCD_KINDS, ERROR_ORCD_NOT_FOUND),
    "mro": ERROR_MRO_NO_DATA,
}
"""Code of `no such document` in an ITI-38 answer; kinds not listed use ERROR_DOCUMENT_NOT_FOUND."""
ERROR_NAMES: Mapping[str, tuple[str, ...]] = {
    ERROR_NOT_VALID_ASSERTION: ("ERROR_NOT_VALID_ASSERTION",),
    ERROR_NOT_VALID_TRC_ASSERTION: ("ERROR_NOT_VALID_TRC_ASSERTION",),
    ERROR_DOCUMENT_NOT_FOUND: ("ERROR_DOCUMENT_NOT_FOUND",),
    ERROR_EP_NOT_FOUND: ("ERROR_EP_NOT_FOUND",),
    ERROR_PS_NOT_FOUND: ("ERROR_PS_NOT_FOUND",),
    ERROR_MRO_NO_DATA: ("ERROR_MRO_NO_DATA",),
    ERROR_ORCD_NOT_FOUND: ("ERROR_ORCD_NOT_FOUND",),
    ERROR_EP_REGISTRY_NOT_ACCESSIBLE: ("ERROR_EP_REGISTRY_NOT_ACCESSIBLE",),
    ERROR_TRANSCODING: ("ERROR_TRANSCODING_ERROR",),
    ERROR_UNKNOWN_PATIENT_IDENTIFIER: ("ERROR_UNKNOWN_PATIENT_IDENTIFIER",),
    ERROR_NO_CONSENT: ("ERROR_NO_CONSENT", "ERROR_PS_NO_CONSENT", "ERROR_EP_NO_CONSENT", "ERROR_ED_NO_CONSENT"),
    ERROR_EP_ALREADY_DISPENSED: ("ERROR_EP_ALREADY_DISPENSED",),
    ERROR_UNKNOWN_SIGNIFIER: ("ERROR_UNKNOWN_SIGNIFIER",),
    ERROR_WEAK_AUTHENTICATION: ("ERROR_WEAK_AUTHENTICATION",),
    ERROR_INSUFFICIENT_RIGHTS: ("ERROR_INSUFFICIENT_RIGHTS",),
}
"""Numeric code to the names that other implementations or OpenNCP 9.0 send in its place."""
XDS_MISSING_DOCUMENT = "XDSMissingDocument"
XDS_MISSING_HOME_COMMUNITY_ID = "XDSMissingHomeCommunityId"
XDS_UNKNOWN_STORED_QUERY = "XDSUnknownStoredQuery"
XDS_STORED_QUERY_MISSING_PARAM = "XDSStoredQueryMissingParam"
XDS_STORED_QUERY_PARAM_NUMBER = "XDSStoredQueryParamNumber"
XDS_RESULT_NOT_SINGLE_PATIENT = "XDSResultNotSinglePatient"
XDS_DOCUMENT_UNIQUE_ID_ERROR = "XDSDocumentUniqueIdError"
XDS_UNKNOWN_REPOSITORY_ID = "XDSUnknownRepositoryId"
