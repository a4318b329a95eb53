"""SAML 2.0 assertions of MyHealth@EU as types: reading, building (unsigned), and the identity and TRC assertions we issue.

Reading is tolerant, since what is missing or wrong is for checks to judge. It looks only at the places the schema gives
each thing, never by search, so that content smuggled in elsewhere (inside a signature, say) is not read.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from xml.sax.saxutils import escape, quoteattr

from lxml import etree

from harness.errors import WireError
from harness.model import Practitioner
from harness.wire import ns

# Issuer/@NameQualifier tells the assertions of one Security header apart. Source: eHDSI SAML profile; OpenNCP validator.
HCP_QUALIFIER = "urn:ehdsi:assertions:hcp"
TRC_QUALIFIER = "urn:ehdsi:assertions:trc"
NOK_QUALIFIER = "urn:ehdsi:assertions:nok"
AUDIENCE = "urn:ehdsi:assertions.audience:x-border"  # eHDSI SAML profile, Conditions
SENDER_VOUCHES = "urn:oasis:names:tc:SAML:2.0:cm:sender-vouches"  # SAML 2.0 Profiles, 3.2
UNSPECIFIED_NAME = "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified"  # SAML 2.0 Core, 8.3.1
EMAIL_NAME = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"  # SAML 2.0 Core, 8.3.2
X509_NAME = "urn:oasis:names:tc:SAML:1.1:nameid-format:X509SubjectName"  # SAML 2.0 Core, 8.3.3
NAME_ID_FORMATS = (UNSPECIFIED_NAME, EMAIL_NAME, X509_NAME)
URI_NAME = "urn:oasis:names:tc:SAML:2.0:attrname-format:uri"  # SAML 2.0 Core, 8.2.2

_CLASSES = "urn:oasis:names:tc:SAML:2.0:ac:classes:"  # SAML 2.0 Authentication Context, 3.4
SMARTCARD_PKI = _CLASSES + "SmartcardPKI"
PREVIOUS_SESSION = _CLASSES + "PreviousSession"
TWO_FACTOR_CLASSES = (
    _CLASSES + "MobileTwoFactorUnregistered",
    _CLASSES + "MobileTwoFactorContract",
    _CLASSES + "X509",
    _CLASSES + "SPKI",
    SMARTCARD_PKI,
    _CLASSES + "SoftwarePKI",
    _CLASSES + "TLSClient",
)
"""Classes an identity assertion may name. Source: eHDSI SAML profile (two-factor authentication)."""

# Attribute names. Source: OASIS XSPA profile of SAML 1.0, 2.11; IHE ITI TF-2, 3.40 and 3.43 (home community).
SUBJECT_ID = "urn:oasis:names:tc:xspa:1.0:subject:subject-id"
ROLE = "urn:oasis:names:tc:xacml:2.0:subject:role"
ORGANIZATION = "urn:oasis:names:tc:xspa:1.0:subject:organization"
ORGANIZATION_ID = "urn:oasis:names:tc:xspa:1.0:subject:organization-id"
PURPOSE_OF_USE = "urn:oasis:names:tc:xspa:1.0:subject:purposeofuse"
LOCALITY = "urn:oasis:names:tc:xspa:1.0:environment:locality"
PERMISSION = "urn:oasis:names:tc:xspa:1.0:subject:hl7:permission"
NPI = "urn:oasis:names:tc:xspa:1.0:subject:npi"
HOME_COMMUNITY = "urn:ihe:iti:xca:2010:homeCommunityId"
# Attribute names of this network. Source: eHDSI SAML profile.
FACILITY_TYPE = "urn:ehdsi:names:subject:healthcare-facility-type"
ON_BEHALF_OF = "urn:ehdsi:names:subject:on-behalf-of"
CLINICAL_SPECIALITY = "urn:ehdsi:names:subject:clinical-speciality"
DISPENSATION_PIN = "urn:ehdsi:names:document:document-id:dispensationPinCode"
PRESCRIPTION_ID = "urn:ehdsi:names:document:document-id:prescriptionId"

PERMISSION_PREFIX = PERMISSION + ":"
ROLE_SYSTEM = "2.16.840.1.113883.2.9.6.2.7"  # ISCO
PURPOSE_SYSTEM = "3bc18518-d305-46c2-a8d6-94bd59856e9e"  # eHDSI XSPA PurposeOfUse
HCP_MAX_S = 4 * 3600.0  # eHDSI SAML profile: identity assertions live 4 h at most
TRC_MAX_S = 2 * 3600.0  # eHDSI SAML profile: TRC assertions live 2 h at most

_DATE_TIME = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d+))?(Z|[+-]\d\d:\d\d)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Instant:
    """A time value: the text as written, and the aware UTC instant it means (None when it is no xs:dateTime).

    A text without a time zone is taken for UTC, as SAML says of all its times.
    """

    text: str
    at: datetime | None

    @property
    def is_utc(self) -> bool:
        """Whether the text says UTC by a final Z, the one form SAML allows. Source: SAML 2.0 Core, 1.3.3."""
        return self.at is not None and self.text.endswith("Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class CodedValue:
    """An HL7 v3 coded value (CE) inside an attribute value.

    `element` is the local name of the element, in Clark form when it is not in urn:hl7-org:v3; `prefix` is the prefix it
    was written with, empty for a default namespace (some receivers find the element only then).
    """

    code: str
    code_system: str = ""
    code_system_name: str = ""
    display: str = ""
    element: str = "Role"
    prefix: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SamlAttribute:
    """One attribute with its values in order; texts are read across comments and stripped."""

    name: str
    values: tuple[str | CodedValue, ...] = ()
    friendly_name: str | None = None
    name_format: str | None = None

    @property
    def text(self) -> str:
        """The first value as text (the code of a coded value), empty when there is none."""
        first = self.values[0] if self.values else ""
        return first.code if isinstance(first, CodedValue) else first


@dataclass(frozen=True, slots=True, kw_only=True)
class SamlAssertion:
    """What one assertion says. Missing parts are None or empty: whether they may be missing is for checks to judge."""

    id: str = ""
    version: str = ""
    issue_instant: Instant | None = None
    issuer: str = ""
    issuer_qualifier: str | None = None
    issuer_format: str | None = None
    name_id: str | None = None
    name_id_format: str | None = None
    name_id_sp_provided: str | None = None
    confirmation_method: str | None = None
    not_before: Instant | None = None
    not_on_or_after: Instant | None = None
    audiences: tuple[str, ...] = ()
    authn_instant: Instant | None = None
    session_index: str | None = None
    authn_context_class: str | None = None
    advice_ids: tuple[str, ...] = ()
    attributes: tuple[SamlAttribute, ...] = ()

    @property
    def kind(self) -> str:
        """`hcp`, `trc`, `nok` by the issuer's NameQualifier, else `other`."""
        kinds = {HCP_QUALIFIER: "hcp", TRC_QUALIFIER: "trc", NOK_QUALIFIER: "nok"}
        return kinds.get(self.issuer_qualifier or "", "other")

    def attribute(self, name: str) -> SamlAttribute | None:
        """The first attribute of that Name, or None; friendly names differ between builders and do not count."""
        return next((a for a in self.attributes if a.name == name), None)


def instant(at: datetime) -> Instant:
    """`at` as SAML writes it: UTC, milliseconds, Z. A finer fraction is cut off.

    Raises:
        ValueError: `at` has no time zone.
    """
    if at.tzinfo is None:
        raise ValueError("an instant needs a time zone")
    return parse_instant(at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"))


def parse_instant(text: str) -> Instant:
    """`text` with the instant it means; offsets are computed, digits beyond microseconds cut off.

    Source: XML Schema part 2, 3.2.7; SAML 2.0 Core, 1.3.3.
    """
    found = _DATE_TIME.fullmatch(text)
    if found is None:
        return Instant(text=text, at=None)
    seconds, fraction, zone = found.groups()
    try:
        at = datetime.fromisoformat(f"{seconds}.{(fraction or '0')[:6]:0<6}{zone or 'Z'}").astimezone(UTC)
    except (ValueError, OverflowError):
        at = None
    return Instant(text=text, at=at)


def parse_assertion(element: etree._Element) -> SamlAssertion:
    """What the saml:Assertion `element` says; its signature is not looked at (see `xmldsig.verify`).

    Raises:
        WireError: kind `wrong-root`, when `element` is not a saml:Assertion.

    Source: SAML 2.0 Core, 2.3 to 2.7.
    """
    if element.tag != _tag("Assertion"):
        raise WireError(
            "not a SAML assertion",
            kind="wrong-root",
            xpath=ns.xpath_of(element),
            expected="saml:Assertion",
            found=ns.qname(str(element.tag)),
        )
    issuer = element.find(_tag("Issuer"))
    name_id = element.find(_path("Subject", "NameID"))
    confirmation = element.find(_path("Subject", "SubjectConfirmation"))
    conditions = element.find(_tag("Conditions"))
    authn = element.find(_tag("AuthnStatement"))
    context_class = element.find(_path("AuthnStatement", "AuthnContext", "AuthnContextClassRef"))
    return SamlAssertion(
        id=element.get("ID") or "",
        version=element.get("Version") or "",
        issue_instant=_instant_of(element, "IssueInstant"),
        issuer=_text(issuer) if issuer is not None else "",
        issuer_qualifier=_get(issuer, "NameQualifier"),
        issuer_format=_get(issuer, "Format"),
        name_id=_text(name_id) if name_id is not None else None,
        name_id_format=_get(name_id, "Format"),
        name_id_sp_provided=_get(name_id, "SPProvidedID"),
        confirmation_method=_get(confirmation, "Method"),
        not_before=_instant_of(conditions, "NotBefore"),
        not_on_or_after=_instant_of(conditions, "NotOnOrAfter"),
        audiences=_texts(element, "Conditions", "AudienceRestriction", "Audience"),
        authn_instant=_instant_of(authn, "AuthnInstant"),
        session_index=_get(authn, "SessionIndex"),
        authn_context_class=_text(context_class) if context_class is not None else None,
        advice_ids=_texts(element, "Advice", "AssertionIDRef"),
        attributes=tuple(_attribute(node) for node in element.iterfind(_path("AttributeStatement", "Attribute"))),
    )


def build_assertion(assertion: SamlAssertion) -> bytes:
    """`assertion` as unsigned XML in UTF-8 without declaration, parts in the order of the schema.

    What is None or empty is left out, so `parse_assertion` gives back an equal value. Coded values are written with a
    default namespace unless they name a prefix.

    Source: SAML 2.0 Core, 2.3 to 2.7; schema saml-schema-assertion-2.0.
    """
    head = _attributes_xml(
        ID=assertion.id or None, IssueInstant=_text_of(assertion.issue_instant), Version=assertion.version or None
    )
    parts = (
        f'<saml:Assertion xmlns:saml="{ns.SAML}"{head}>',
        _issuer_xml(assertion),
        _subject_xml(assertion),
        _conditions_xml(assertion),
        _wrapped("Advice", "".join(_element("AssertionIDRef", ref) for ref in assertion.advice_ids)),
        _authn_xml(assertion),
        _wrapped("AttributeStatement", "".join(_attribute_xml(attribute) for attribute in assertion.attributes)),
        "</saml:Assertion>",
    )
    return "".join(parts).encode()


def new_hcp_assertion(
    practitioner: Practitioner,
    *,
    id: str,
    country: str,
    home_community: str,
    at: datetime,
    lifetime_s: float = HCP_MAX_S,
    authn_context_class: str = SMARTCARD_PKI,
) -> SamlAssertion:
    """The identity assertion a country-B identity provider issues for `practitioner` at the aware instant `at`.

    `id` is an NCName (`_` and a UUID); `country` the ISO code of country B; `home_community` its OID, with or without
    `urn:oid:`; permissions may be short (`PRD-006`) or whole URNs. Attributes the practitioner has no value for are left
    out.

    Source: eHDSI SAML profile, HCP identity assertion.
    """
    home = home_community if home_community.startswith("urn:") else f"urn:oid:{home_community}"
    role = CodedValue(
        code=practitioner.role_code,
        code_system=ROLE_SYSTEM,
        code_system_name="ISCO",
        display=practitioner.role_display,
        element="Role",
    )
    acted_for = CodedValue(
        code=practitioner.on_behalf_of, code_system=ROLE_SYSTEM, code_system_name="ISCO", element="Role"
    )
    permissions = tuple(p if p.startswith("urn:") else PERMISSION_PREFIX + p for p in practitioner.permissions)
    given: tuple[tuple[str, str, tuple[str | CodedValue, ...]], ...] = (
        (SUBJECT_ID, "XSPA Subject", (practitioner.name,)),
        (ROLE, "XSPA Role", (role,) if practitioner.role_code else ()),
        (ORGANIZATION, "XSPA Organization", (practitioner.organization,)),
        (ORGANIZATION_ID, "XSPA Organization ID", (practitioner.organization_id,)),
        (FACILITY_TYPE, "eHealth DSI Healthcare Facility Type", (practitioner.facility_type,)),
        (PURPOSE_OF_USE, "XSPA Purpose Of Use", (purpose(practitioner.purpose_of_use),)),
        (LOCALITY, "XSPA Locality", (practitioner.locality,)),
        (HOME_COMMUNITY, "HCI Identifier", (home,)),
        (PERMISSION, "Hl7 Permissions", permissions),
        (ON_BEHALF_OF, "EHDSI OnBehalfOf", (acted_for,) if practitioner.on_behalf_of else ()),
        (CLINICAL_SPECIALITY, "HITSP Clinical Speciality", (practitioner.clinical_speciality,)),
        (NPI, "NPI", (practitioner.npi,)),
    )
    return SamlAssertion(
        id=id,
        version="2.0",
        issue_instant=instant(at),
        issuer=f"urn:idp:{country}:countryB",
        issuer_qualifier=HCP_QUALIFIER,
        name_id=practitioner.name_id,
        name_id_format=UNSPECIFIED_NAME,
        confirmation_method=SENDER_VOUCHES,
        not_before=instant(at),
        not_on_or_after=instant(at + timedelta(seconds=lifetime_s)),
        audiences=(AUDIENCE,),
        authn_instant=instant(at),
        authn_context_class=authn_context_class,
        attributes=tuple(
            SamlAttribute(name=name, friendly_name=friendly, name_format=URI_NAME, values=values)
            for name, friendly, values in given
            if any(values)
        ),
    )


def new_trc_assertion(
    hcp: SamlAssertion,
    patient_cx: str,
    *,
    id: str,
    country: str,
    at: datetime,
    lifetime_s: float = TRC_MAX_S,
    purpose_of_use: str | None = None,
) -> SamlAssertion:
    """The treatment relationship confirmation a country-B token service issues at the aware instant `at`.

    It names the identity assertion `hcp` in its Advice and repeats its NameID; `patient_cx` is the patient in CX form
    (`ext^^^&root&ISO`); the purpose of use is that of `hcp` unless given.

    Source: eHDSI SAML profile, TRC assertion.
    """
    stated = hcp.attribute(PURPOSE_OF_USE)
    code = purpose_of_use or (stated.text if stated is not None else "TREATMENT")
    return SamlAssertion(
        id=id,
        version="2.0",
        issue_instant=instant(at),
        issuer=f"urn:initgw:{country}:countryB",
        issuer_qualifier=TRC_QUALIFIER,
        name_id=hcp.name_id,
        name_id_format=hcp.name_id_format,
        name_id_sp_provided=hcp.name_id_sp_provided,
        confirmation_method=SENDER_VOUCHES,
        not_before=instant(at),
        not_on_or_after=instant(at + timedelta(seconds=lifetime_s)),
        audiences=(AUDIENCE,),
        authn_instant=instant(at),
        authn_context_class=PREVIOUS_SESSION,
        advice_ids=(hcp.id,),
        attributes=(
            SamlAttribute(name=SUBJECT_ID, friendly_name="XSPA Subject", name_format=URI_NAME, values=(patient_cx,)),
            SamlAttribute(
                name=PURPOSE_OF_USE, friendly_name="XSPA Purpose Of Use", name_format=URI_NAME, values=(purpose(code),)
            ),
        ),
    )


def purpose(code: str) -> CodedValue:
    """The purpose-of-use value for `code` (TREATMENT, EMERGENCY). Source: eHDSI SAML profile, PurposeOfUse."""
    return CodedValue(
        code=code,
        code_system=PURPOSE_SYSTEM,
        code_system_name="eHDSI XSPA PurposeOfUse",
        display=code,
        element="PurposeOfUse",
    )


def _tag(local: str) -> str:
    return ns.clark(ns.SAML, local)


def _path(*steps: str) -> str:
    return "/".join(_tag(step) for step in steps)


def _get(node: etree._Element | None, name: str) -> str | None:
    return node.get(name) if node is not None else None


def _instant_of(node: etree._Element | None, name: str) -> Instant | None:
    text = _get(node, name)
    return parse_instant(text) if text is not None else None


def _texts(element: etree._Element, *steps: str) -> tuple[str, ...]:
    return tuple(_text(node) for node in element.iterfind(_path(*steps)))


def _text(node: etree._Element) -> str:
    """The whole text of `node`, across comments and child elements, stripped.

    A reader that stops at the first comment reads another name than the one that was signed.
    """
    return "".join(_pieces(node)).strip()


def _pieces(node: etree._Element) -> list[str]:
    pieces = [node.text or ""]
    for child in node:
        if isinstance(child.tag, str):
            pieces += _pieces(child)
        pieces.append(child.tail or "")
    return pieces


def _attribute(node: etree._Element) -> SamlAttribute:
    return SamlAttribute(
        name=node.get("Name") or "",
        friendly_name=node.get("FriendlyName"),
        name_format=node.get("NameFormat"),
        values=tuple(_value(value) for value in node.iterfind(_tag("AttributeValue"))),
    )


def _value(node: etree._Element) -> str | CodedValue:
    inner = next(node.iterchildren("*"), None)
    if inner is None:
        return _text(node)
    name = etree.QName(inner)
    if name.namespace != ns.HL7 and inner.get("code") is None:
        return _text(node)
    return CodedValue(
        code=inner.get("code") or "",
        code_system=inner.get("codeSystem") or "",
        code_system_name=inner.get("codeSystemName") or "",
        display=inner.get("displayName") or "",
        element=name.localname if name.namespace == ns.HL7 else ns.clark(name.namespace or "", name.localname),
        prefix=inner.prefix or "",
    )


def _text_of(value: Instant | None) -> str | None:
    return value.text if value is not None else None


def _attributes_xml(**values: str | None) -> str:
    return "".join(f" {name}={quoteattr(value)}" for name, value in values.items() if value is not None)


def _escaped(text: str) -> str:
    """`text` as element content; a carriage return would be read back as a line feed if it stood for itself."""
    return escape(text, {"\r": "&#13;"})


def _element(local: str, text: str, **values: str | None) -> str:
    return f"<saml:{local}{_attributes_xml(**values)}>{_escaped(text)}</saml:{local}>"


def _wrapped(local: str, inside: str, **values: str | None) -> str:
    head = _attributes_xml(**values)
    return f"<saml:{local}{head}>{inside}</saml:{local}>" if inside or head else ""


def _issuer_xml(assertion: SamlAssertion) -> str:
    if not assertion.issuer and assertion.issuer_qualifier is None and assertion.issuer_format is None:
        return ""
    return _element(
        "Issuer", assertion.issuer, NameQualifier=assertion.issuer_qualifier, Format=assertion.issuer_format
    )


def _subject_xml(assertion: SamlAssertion) -> str:
    inside = ""
    if assertion.name_id is not None:
        inside = _element(
            "NameID",
            assertion.name_id,
            Format=assertion.name_id_format,
            SPProvidedID=assertion.name_id_sp_provided,
        )
    if assertion.confirmation_method is not None:
        inside += f"<saml:SubjectConfirmation{_attributes_xml(Method=assertion.confirmation_method)}/>"
    return _wrapped("Subject", inside)


def _conditions_xml(assertion: SamlAssertion) -> str:
    audiences = "".join(_element("Audience", audience) for audience in assertion.audiences)
    return _wrapped(
        "Conditions",
        _wrapped("AudienceRestriction", audiences),
        NotBefore=_text_of(assertion.not_before),
        NotOnOrAfter=_text_of(assertion.not_on_or_after),
    )


def _authn_xml(assertion: SamlAssertion) -> str:
    inside = ""
    if assertion.authn_context_class is not None:
        inside = _wrapped("AuthnContext", _element("AuthnContextClassRef", assertion.authn_context_class))
    return _wrapped(
        "AuthnStatement",
        inside,
        AuthnInstant=_text_of(assertion.authn_instant),
        SessionIndex=assertion.session_index,
    )


def _attribute_xml(attribute: SamlAttribute) -> str:
    head = _attributes_xml(
        FriendlyName=attribute.friendly_name, Name=attribute.name or None, NameFormat=attribute.name_format
    )
    values = "".join(f"<saml:AttributeValue>{_value_xml(value)}</saml:AttributeValue>" for value in attribute.values)
    return f"<saml:Attribute{head}>{values}</saml:Attribute>"


def _value_xml(value: str | CodedValue) -> str:
    if isinstance(value, str):
        return _escaped(value)
    uri, local = ns.HL7, value.element
    if local.startswith("{"):
        uri, _, local = local[1:].partition("}")
    name = f"{value.prefix}:{local}" if value.prefix else local
    declared = f" xmlns:{value.prefix}={quoteattr(uri)}" if value.prefix else f" xmlns={quoteattr(uri)}"
    head = _attributes_xml(
        code=value.code,
        codeSystem=value.code_system or None,
        codeSystemName=value.code_system_name or None,
        displayName=value.display or None,
    )
    return f"<{name}{declared}{head}/>"
