"""The codes this system writes and asks for, noted down from the specifications a second time on purpose.

The harness has its own tables in `wire.codes`; a slip in one of the two shows as a disagreement in a run.
"""

from collections.abc import Mapping
from dataclasses import dataclass

# SOAP actions. Source: IHE ITI TF-2, 3.55, 3.38 and 3.39.
ACTION_55 = "urn:hl7-org:v3:PRPA_IN201305UV02:CrossGatewayPatientDiscovery"
ACTION_55_ANSWER = "urn:hl7-org:v3:PRPA_IN201306UV02:CrossGatewayPatientDiscovery"
ACTION_38 = "urn:ihe:iti:2007:CrossGatewayQuery"
ACTION_38_ANSWER = "urn:ihe:iti:2007:CrossGatewayQueryResponse"
ACTION_39 = "urn:ihe:iti:2007:CrossGatewayRetrieve"
ACTION_39_ANSWER = "urn:ihe:iti:2007:CrossGatewayRetrieveResponse"
ACTION_41 = "urn:ihe:iti:2007:ProvideAndRegisterDocumentSet-b"
ACTION_41_ANSWER = "urn:ihe:iti:2007:ProvideAndRegisterDocumentSet-bResponse"
# Token service of country B. Source: WS-Trust 1.3, 4; WSDL of the service in the field.
ACTION_ISSUE = "http://schemas.xmlsoap.org/ws/2005/02/trust/RST/Issue"
ACTION_ISSUE_ANSWER = "urn:IssueTokenResponse"
REQUEST_ISSUE = "http://docs.oasis-open.org/ws-sx/ws-trust/200512/Issue"
TOKEN_TYPE = "urn:oasis:names:tc:SAML:2.0:assertion"
TRUST = "http://docs.oasis-open.org/ws-sx/ws-trust/200512"
TRC_PARAMETERS = "https://ehdsi.eu/assertion/trc"
NOK_PARAMETERS = "https://ehdsi.eu/assertion/nok"
# Source: WS-Addressing 1.0 SOAP Binding, 6.
ACTION_SOAP_FAULT = "http://www.w3.org/2005/08/addressing/soap/fault"
ACTION_ADDRESSING_FAULT = "http://www.w3.org/2005/08/addressing/fault"

# Registry words. Source: OASIS ebRIM and ebRS 3.0; IHE ITI TF-3, 4.2.
STATUS = "urn:oasis:names:tc:ebxml-regrep:ResponseStatusType:"
SUCCESS = STATUS + "Success"
FAILURE = STATUS + "Failure"
PARTIAL = "urn:ihe:iti:2007:ResponseStatusType:PartialSuccess"
SEVERITY = "urn:oasis:names:tc:ebxml-regrep:ErrorSeverityType:"
ERROR = SEVERITY + "Error"
WARNING = SEVERITY + "Warning"
APPROVED = "urn:oasis:names:tc:ebxml-regrep:StatusType:Approved"
DEPRECATED = "urn:oasis:names:tc:ebxml-regrep:StatusType:Deprecated"
FIND_DOCUMENTS = "urn:uuid:14d4debf-8f97-4251-9a74-a90016b0af0d"
HAS_MEMBER = "urn:oasis:names:tc:ebxml-regrep:AssociationType:HasMember"
LOINC = "2.16.840.1.113883.6.1"

# SAML. Source: eHDSI SAML Profile; OASIS SAML 2.0 core.
HCP = "urn:ehdsi:assertions:hcp"
TRC = "urn:ehdsi:assertions:trc"
NOK = "urn:ehdsi:assertions:nok"
AUDIENCE = "urn:ehdsi:assertions.audience:x-border"
DISPENSATION_PIN = "urn:ehdsi:names:document:document-id:dispensationPinCode"
PRESCRIPTION_ID = "urn:ehdsi:names:document:document-id:prescriptionId"
NEXT_OF_KIN_PREFIX = "urn:ehdsi:names:subject:nextofkin:"
NEXT_OF_KIN: Mapping[str, tuple[str, str]] = {
    "id": ("id", "NextOfKinId"),
    "first_name": ("firstname", "NextOfKinFirstName"),
    "family_name": ("familyname", "NextOfKinFamilyName"),
    "gender": ("gender", "NextOfKinGender"),
    "birth_date": ("birthdate", "NextOfKinBirthDate"),
    "street": ("address:street", "NextOfKinAddressStreet"),
    "city": ("address:city", "NextOfKinAddressCity"),
    "postal_code": ("address:postalcode", "NextOfKinPostalCode"),
    "country": ("address:country", "NextOfKinAddressCountry"),
}
# Field of a next of kin -> end of the attribute's name, friendly name.
SENDER_VOUCHES = "urn:oasis:names:tc:SAML:2.0:cm:sender-vouches"
PREVIOUS_SESSION = "urn:oasis:names:tc:SAML:2.0:ac:classes:PreviousSession"
_CLASSES = "urn:oasis:names:tc:SAML:2.0:ac:classes:"
TWO_FACTOR_CLASSES = frozenset(
    _CLASSES + name
    for name in (
        "MobileTwoFactorUnregistered",
        "MobileTwoFactorContract",
        "X509",
        "SPKI",
        "Smartcard",
        "SmartcardPKI",
        "SoftwarePKI",
        "TLSClient",
    )
)
SUBJECT_ID = "urn:oasis:names:tc:xspa:1.0:subject:subject-id"
ROLE = "urn:oasis:names:tc:xacml:2.0:subject:role"
ORGANIZATION = "urn:oasis:names:tc:xspa:1.0:subject:organization"
ORGANIZATION_ID = "urn:oasis:names:tc:xspa:1.0:subject:organization-id"
FACILITY_TYPE = "urn:ehdsi:names:subject:healthcare-facility-type"
PURPOSE_OF_USE = "urn:oasis:names:tc:xspa:1.0:subject:purposeofuse"
LOCALITY = "urn:oasis:names:tc:xspa:1.0:environment:locality"
PERMISSION = "urn:oasis:names:tc:xspa:1.0:subject:hl7:permission"
HOME_COMMUNITY = "urn:ihe:iti:xca:2010:homeCommunityId"
HCP_ATTRIBUTES_ONCE = (SUBJECT_ID, ROLE, PURPOSE_OF_USE, LOCALITY, FACILITY_TYPE)
FACILITY_TYPES = frozenset({"hospital", "resident physician", "pharmacy", "other"})
PURPOSES = frozenset({"TREATMENT", "EMERGENCY"})
ROLES: Mapping[str, str] = {
    "221": "Medical Doctors",
    "2221": "Nursing professionals",
    "2222": "Midwifery professionals",
    "2261": "Dentists",
    "2262": "Pharmacists",
    "2264": "Physiotherapists",
    "2265": "Dieticians and nutritionists",
    "2266": "Audiologists and speech therapists",
    "2267": "Optometrists and ophthalmic opticians",
    "2269": "Health professionals not elsewhere classified",
    "3211": "Medical imaging and therapeutic equipment technicians",
    "3213": "Pharmaceutical technicians and assistants",
    "44": "Other Clerical Support Workers",
}
# With whom we exchange: the Union and its economic area. Source: eHealth Network, members of MyHealth@EU.
_UNION = "AT BE BG CY CZ DE DK EE EL ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK"
AGREED_COUNTRIES = frozenset({*_UNION.split(), "IS", "LI", "NO"})
XCPD_PERMISSIONS = frozenset({"PRD-006"})

# What is submitted, by format code in small letters. Source: eHDSI XDR Profile; IHE ITI TF-3, 5.1 (consents).
FORMAT_DISPENSATION = "urn:epsos:ep:dis:2010"
FORMAT_DISCARD = "urn:ehdsi:ed:discard:2020"
FORMATS_CONSENT = frozenset({"urn:ihe:iti:bppc:2007", "urn:ihe:iti:bppc-sd:2007"})
CONSENT_CODES = "1.3.6.1.4.1.12559.11.10.1.3.2.4.1"
OPT_IN = CONSENT_CODES + ".1"
OPT_OUT = CONSENT_CODES + ".2"
DISPENSING_RIGHTS = frozenset({"PPD-046"})
CONSENT_RIGHTS = frozenset({"PPD-032"})
DISPENSING_ROLES = frozenset({"2262", "3213"})
XDW_EVENTS = "1.3.6.1.4.1.19376.1.2.3"
EVENT_OPEN = "urn:ihe:iti:xdw:2011:eventCode:open"
EVENT_CLOSED = "urn:ihe:iti:xdw:2011:eventCode:closed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A kind of document: LOINC class code, format code per level, and what happens when there is none."""

    name: str
    class_code: str
    display: str
    formats: Mapping[int, tuple[str, str]]
    permissions: frozenset[str]
    none_code: str
    none_fails: bool
    generic_code: str


_PS_RIGHTS = frozenset({"PRD-003", "PRD-005", "PRD-010", "PRD-016"})
_PDF = ("urn:ihe:iti:xds-sd:pdf:2008", "IHE PCC")
_ORCD_PDF = {1: ("urn:eHDSI:orcd:pdf:2021", "eHDSI formatCodes")}
ORCD_PNG = ("urn:eHDSI:orcd:png:2021", "eHDSI formatCodes")
_ORCD_IMAGE = {1: ("urn:eHDSI:orcd:jpeg:2021", "eHDSI formatCodes")}
# Source: eHDSI class and format codes; error codes of the NCPeH Components Specification.
KINDS: Mapping[str, Kind] = {
    "patient-summary": Kind(
        name="patient-summary",
        class_code="60591-5",
        display="Patient Summary",
        formats={3: ("urn:epSOS:ps:ps:2010", "eHDSI formatCodes"), 1: _PDF},
        permissions=_PS_RIGHTS,
        none_code="1102",
        none_fails=False,
        generic_code="ERROR_PS_GENERIC",
    ),
    "eprescription": Kind(
        name="eprescription",
        class_code="57833-6",
        display="ePrescription",
        formats={3: ("urn:epSOS:ep:pre:2010", "eHDSI formatCodes"), 1: _PDF},
        permissions=frozenset({"PRD-004", "PRD-010"}),
        none_code="1101",
        none_fails=True,
        generic_code="ERROR_EP_GENERIC",
    ),
    **{
        name: Kind(
            name=name,
            class_code=code,
            display=display,
            formats=formats,
            permissions=_PS_RIGHTS,
            none_code="1104",
            none_fails=False,
            generic_code="ERROR_ORCD_GENERIC",
        )
        for name, code, display, formats in (
            ("orcd-discharge", "34105-7", "Hospital Discharge Report", _ORCD_PDF),
            ("orcd-laboratory", "11502-2", "Laboratory Report", _ORCD_PDF),
            ("orcd-imaging-report", "18748-4", "Medical Imaging Report", _ORCD_PDF),
            ("orcd-image", "x-clinical-image", "Medical Images", _ORCD_IMAGE),
        )
    },
}
OTHER_RIGHTS = _PS_RIGHTS


def kind_of_code(class_code: str) -> Kind | None:
    """The kind served under `class_code`, None when it is not."""
    return next((k for k in KINDS.values() if k.class_code == class_code), None)
