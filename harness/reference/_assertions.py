"""The assertions of country B as this system issues them: text built here, signed with the seal certificate.

Source: eHDSI SAML Profile, 2 and 3; OASIS SAML 2.0 core.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from harness.model import Practitioner
from harness.reference import _facts
from harness.reference._messages import element, text
from harness.wire import xmldsig
from harness.wire.x509 import Credentials

_NAME_FORMAT = "urn:oasis:names:tc:SAML:1.1:nameid-format:"
_ATTRIBUTE_FORMAT = "urn:oasis:names:tc:SAML:2.0:attrname-format:uri"
_CLASSES = "urn:oasis:names:tc:SAML:2.0:ac:classes:"
_AUDIENCE = "urn:ehdsi:assertions.audience:x-border"
_PURPOSE_SYSTEM = "3bc18518-d305-46c2-a8d6-94bd59856e9e"
_ROLE_SYSTEM = "2.16.840.1.113883.2.9.6.2.7"


@dataclass(frozen=True, slots=True, kw_only=True)
class Issuing:
    """What both assertions of one call share."""

    practitioner: Practitioner
    country: str
    home_community: str
    at: datetime
    seal: Credentials
    faults: frozenset[str]


def identity_assertion(issuing: Issuing, assertion_id: str) -> bytes:
    """The HCP identity assertion, signed; valid for four hours less a minute."""
    faults, who = issuing.faults, issuing.practitioner
    hours = timedelta(hours=5) if "saml.hcp.lifetime-too-long" in faults else timedelta(hours=3, minutes=59)
    context = "Password" if "saml.hcp.password-context" in faults else "SmartcardPKI"
    qualifier = None if "saml.hcp.no-name-qualifier" in faults else _facts.HCP
    form = None if "saml.hcp.no-name-format" in faults else _name_format(who)
    method = "urn:oasis:names:tc:SAML:2.0:cm:bearer" if "saml.hcp.bearer" in faults else _facts.SENDER_VOUCHES
    xml = _assertion(
        issuing,
        assertion_id,
        issuer=element("saml:Issuer", text(f"urn:idp:{issuing.country}:countryB"), NameQualifier=qualifier),
        name_id=element("saml:NameID", text(who.name_id), Format=form),
        method=method,
        lifetime=hours,
        advice="",
        context=_CLASSES + context,
        attributes=tuple(_identity_attributes(issuing)),
    )
    return xml if "saml.hcp.unsigned" in faults else xmldsig.sign(xml, issuing.seal)


def treatment_assertion(
    issuing: Issuing,
    assertion_id: str,
    hcp_id: str,
    patient_cx: str,
    *,
    name_format: str | None = None,
    access_code: str = "",
    prescription: str = "",
) -> bytes:
    """The TRC assertion that ties `hcp_id` to the patient, signed; valid for two hours less a minute."""
    faults, who = issuing.faults, issuing.practitioner
    hours = timedelta(hours=3) if "saml.trc.lifetime-too-long" in faults else timedelta(hours=1, minutes=59)
    patient = "X-9999^^^&2.999.250.1&ISO" if "saml.trc.patient-other" in faults else patient_cx
    pin = f"{access_code}0" if access_code and "saml.trc.access-code-other" in faults else access_code
    attributes = [
        _attribute(_facts.SUBJECT_ID, "XSPA Subject", text(patient)),
        _attribute(_facts.PURPOSE_OF_USE, "XSPA Purpose Of Use", _purpose(who.purpose_of_use)),
    ]
    if pin:
        attributes.append(_attribute(_facts.DISPENSATION_PIN, "Dispensation Pin Code", text(pin)))
    if prescription:
        attributes.append(_attribute(_facts.PRESCRIPTION_ID, "Prescription ID", text(prescription)))
    xml = _session(issuing, assertion_id, _facts.TRC, hcp_id, attributes, hours, name_format)
    return xml if "saml.trc.unsigned" in faults else xmldsig.sign(xml, issuing.seal)


def next_of_kin_assertion(
    issuing: Issuing,
    assertion_id: str,
    hcp_id: str,
    person: Mapping[str, str],
    *,
    name_format: str | None = None,
) -> bytes:
    """The assertion about who accompanies the patient, signed; `person` maps fields of `_facts.NEXT_OF_KIN` to values."""
    faults = issuing.faults
    prefix = "urn:epsos:names:nok:" if "saml.nok.attribute-prefix" in faults else _facts.NEXT_OF_KIN_PREFIX
    qualifier = _facts.TRC if "saml.nok.qualifier-wrong" in faults else _facts.NOK
    hcp_id = "_00000000-0000-4000-8000-000000000000" if "saml.nok.advice-wrong" in faults else hcp_id
    attributes = [
        _attribute(prefix + end, friendly, text(person[name]))
        for name, (end, friendly) in _facts.NEXT_OF_KIN.items()
        if person.get(name)
    ]
    xml = _session(issuing, assertion_id, qualifier, hcp_id, attributes, timedelta(hours=1, minutes=59), name_format)
    return xmldsig.sign(xml, issuing.seal)


def _session(
    issuing: Issuing,
    assertion_id: str,
    qualifier: str,
    hcp_id: str,
    attributes: Sequence[str],
    lifetime: timedelta,
    name_format: str | None,
) -> bytes:
    """An assertion that rests on the identity assertion `hcp_id`, unsigned."""
    faults, who = issuing.faults, issuing.practitioner
    name = "somebody.else@hospital.example" if "saml.trc.name-other" in faults else who.name_id
    advice = "_00000000-0000-4000-8000-000000000000" if "saml.trc.advice-wrong" in faults else hcp_id
    context = _CLASSES + ("SmartcardPKI" if "saml.trc.context-wrong" in faults else "PreviousSession")
    return _assertion(
        issuing,
        assertion_id,
        issuer=element("saml:Issuer", text(f"urn:initgw:{issuing.country}:countryB"), NameQualifier=qualifier),
        name_id=element("saml:NameID", text(name), Format=name_format or _name_format(who)),
        method=_facts.SENDER_VOUCHES,
        lifetime=lifetime,
        advice=element("saml:Advice", element("saml:AssertionIDRef", text(advice))),
        context=context,
        attributes=attributes,
    )


def _identity_attributes(issuing: Issuing) -> Iterator[str]:
    faults, who = issuing.faults, issuing.practitioner
    role = ("9999", "Nobody in particular") if "saml.hcp.role-unknown" in faults else (who.role_code, who.role_display)
    yield _attribute(_facts.SUBJECT_ID, "XSPA Subject", text(who.name))
    yield _attribute(
        _facts.ROLE,
        "XSPA Role",
        element(
            "Role",
            xmlns="urn:hl7-org:v3",
            code=role[0],
            codeSystem=_ROLE_SYSTEM,
            codeSystemName="ISCO",
            displayName=role[1],
        ),
    )
    yield _attribute(_facts.ORGANIZATION, "XSPA Organization", text(who.organization))
    yield _attribute(_facts.ORGANIZATION_ID, "XSPA Organization ID", text(who.organization_id))
    facility = "Laboratory on wheels" if "saml.hcp.facility-unknown" in faults else who.facility_type
    yield _attribute(_facts.FACILITY_TYPE, "eHealth DSI Healthcare Facility Type", text(facility))
    purpose = "RESEARCH" if "saml.hcp.purpose-unknown" in faults else who.purpose_of_use
    yield _attribute(_facts.PURPOSE_OF_USE, "XSPA Purpose of Use", _purpose(purpose))
    if "saml.hcp.no-locality" not in faults:
        yield _attribute(_facts.LOCALITY, "XSPA Locality", text(who.locality))
    permissions = () if "saml.hcp.no-permissions" in faults else who.permissions
    if permissions:
        yield _attribute(_facts.PERMISSION, "Hl7 Permissions", *(text(f"{_facts.PERMISSION}:{p}") for p in permissions))
    yield _attribute(_facts.HOME_COMMUNITY, "HCI Identifier", text(issuing.home_community))


def _assertion(
    issuing: Issuing,
    assertion_id: str,
    *,
    issuer: str,
    name_id: str,
    method: str,
    lifetime: timedelta,
    advice: str,
    context: str,
    attributes: Sequence[str],
) -> bytes:
    at = issuing.at
    audience = element("saml:AudienceRestriction", element("saml:Audience", _AUDIENCE))
    body = (
        issuer,
        element("saml:Subject", name_id + element("saml:SubjectConfirmation", Method=method)),
        element("saml:Conditions", audience, NotBefore=_instant(at), NotOnOrAfter=_instant(at + lifetime)),
        advice,
        element(
            "saml:AuthnStatement",
            element("saml:AuthnContext", element("saml:AuthnContextClassRef", context)),
            AuthnInstant=_instant(at),
        ),
        element("saml:AttributeStatement", "".join(attributes)),
    )
    whole = element(
        "saml:Assertion",
        "".join(body),
        **{"xmlns:saml": "urn:oasis:names:tc:SAML:2.0:assertion"},
        ID=assertion_id,
        IssueInstant=_instant(at),
        Version="2.0",
    )
    return whole.encode()


def _attribute(name: str, friendly: str, *values: str) -> str:
    inside = "".join(element("saml:AttributeValue", value) for value in values)
    return element("saml:Attribute", inside, Name=name, FriendlyName=friendly, NameFormat=_ATTRIBUTE_FORMAT)


def _purpose(code: str) -> str:
    return element(
        "PurposeOfUse",
        xmlns="urn:hl7-org:v3",
        code=code,
        codeSystem=_PURPOSE_SYSTEM,
        codeSystemName="eHDSI XSPA PurposeOfUse",
        displayName=code.capitalize(),
    )


def _name_format(who: Practitioner) -> str:
    return _NAME_FORMAT + ("emailAddress" if "@" in who.name_id else "unspecified")


def _instant(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03d}Z"
