"""What a token service of country B makes of a request: the TRC or next-of-kin assertion, unsigned.

Source: eHDSI SAML profile, TRC assertion and next-of-kin assertion.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from types import MappingProxyType

from harness.wire import saml
from harness.wire.saml import SamlAssertion, SamlAttribute
from harness.wire.wstrust import LIFETIME_S, NokParameters, Parameters, TrcParameters

NOK_PREFIX = "urn:ehdsi:names:subject:nextofkin:"
NOK_ATTRIBUTES: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
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
)
"""Field of `NokParameters` -> end of the attribute's name, friendly name. Source: eHDSI SAML profile, next of kin."""


def new_assertion(
    parameters: Parameters,
    hcp: SamlAssertion,
    *,
    id: str,
    country: str,
    at: datetime,
    lifetime_s: float = LIFETIME_S,
) -> SamlAssertion:
    """The assertion that `parameters` ask for, issued at the aware instant `at` to whom `hcp` identifies.

    `id` is an NCName, `country` the ISO code of country B. What is None or empty is left out.
    """
    if isinstance(parameters, TrcParameters):
        return _trc(parameters, hcp, id, country, at, lifetime_s)
    return _nok(parameters, hcp, id, country, at, lifetime_s)


def _trc(
    wanted: TrcParameters, hcp: SamlAssertion, id: str, country: str, at: datetime, lifetime_s: float
) -> SamlAssertion:
    made = saml.new_trc_assertion(
        hcp,
        wanted.patient_id or "",
        id=id,
        country=country,
        at=at,
        lifetime_s=lifetime_s,
        purpose_of_use=wanted.purpose_of_use,
    )
    more = (
        (saml.DISPENSATION_PIN, "Dispensation Pin Code", wanted.dispensation_pin),
        (saml.PRESCRIPTION_ID, "Prescription ID", wanted.prescription_id),
    )
    return replace(made, attributes=(*made.attributes, *(_attribute(n, f, v) for n, f, v in more if v)))


def _nok(
    wanted: NokParameters, hcp: SamlAssertion, id: str, country: str, at: datetime, lifetime_s: float
) -> SamlAssertion:
    base = saml.new_trc_assertion(hcp, "", id=id, country=country, at=at, lifetime_s=lifetime_s)
    given = ((end, friendly, getattr(wanted, name)) for name, (end, friendly) in NOK_ATTRIBUTES.items())
    attributes = tuple(_attribute(NOK_PREFIX + end, friendly, value) for end, friendly, value in given if value)
    return replace(base, issuer_qualifier=saml.NOK_QUALIFIER, attributes=attributes)


def _attribute(name: str, friendly: str, value: str) -> SamlAttribute:
    return SamlAttribute(name=name, friendly_name=friendly, name_format=saml.URI_NAME, values=(value,))
